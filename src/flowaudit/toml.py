"""TOML files that people write: read strictly, and what is wrong with them said in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit
from pydantic import ValidationError
from tomlkit.exceptions import ParseError, TOMLKitError

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def read_toml(path: str | os.PathLike[str]) -> tuple[str, dict[str, Any]]:
    """Return a TOML file as its text, for line numbers, and as plain values.

    Raises
    ------
    InputError
        If the file cannot be read or is not TOML; says where.
    """
    source = Path(path)
    try:
        # utf-8-sig: Windows editors put a signature in front of what they save.
        text = source.read_text(encoding="utf-8-sig")
        return text, tomlkit.parse(text).unwrap()
    except OSError as error:
        raise InputError(
            _("{file} cannot be read ({error}).", file=path, error=error.strerror or error),
            hint=_("check that it is a file, that you may read it, and that no other program has it open."),
        ) from None
    except (UnicodeDecodeError, TOMLKitError) as error:
        raise InputError(
            _("{file} is not readable TOML: {error}", file=source.name, error=_where(error)),
            hint=_(
                "text stands in quotes, a Windows path in single ones (calendar = 'C:\\data\\days.csv'); save as UTF-8, also in Notepad."
            ),
        ) from None


def _where(error: UnicodeDecodeError | TOMLKitError) -> str:
    """Say where a file stops being TOML, counting from 1 as editors do."""
    if isinstance(error, ParseError):
        problem = str(error).removesuffix(f" at line {error.line} col {error.col}").rstrip(".")
        return _("line {line}, column {column}: {problem}", line=error.line, column=error.col + 1, problem=problem)
    if isinstance(error, UnicodeDecodeError):
        return _("line {line} is not UTF-8 text", line=error.object.count(b"\n", 0, error.start) + 1)
    return str(error)


def problems_of(error: ValidationError) -> str:
    """Say which values a model refuses, and why, in the user's language.

    Examples
    --------
    >>> from pydantic import BaseModel, Field
    >>> class Share(BaseModel):
    ...     success: float = Field(gt=0, le=1)
    >>> try:
    ...     Share(success=2)
    ... except ValidationError as error:
    ...     print(problems_of(error))
    success: at most 1.0, found 2
    """
    said = []
    for found in error.errors(include_url=False):
        place = ".".join(str(part) for part in found["loc"])
        said.append(f"{place}: {reason_of(found)}" if place else reason_of(found))
    return "; ".join(said)


def reason_of(found: ErrorDetails) -> str:
    """Return one refusal in words; what no table holds stays in pydantic's own."""
    given, limits = found["input"], found.get("ctx", {})
    match found["type"]:
        case "missing":
            return _("is missing")
        case "extra_forbidden":
            return _("there is no such key")
        case "greater_than":
            return _("more than {bound}, found {given}", bound=limits["gt"], given=given)
        case "greater_than_equal":
            return _("at least {bound}, found {given}", bound=limits["ge"], given=given)
        case "less_than":
            return _("less than {bound}, found {given}", bound=limits["lt"], given=given)
        case "less_than_equal":
            return _("at most {bound}, found {given}", bound=limits["le"], given=given)
        case "literal_error":
            return _(
                "one of {choices}, found {given}", choices=limits["expected"].replace(" or ", ", "), given=repr(given)
            )
        case "int_type" | "int_parsing" | "int_from_float":
            return _("a whole number is needed, found {given}", given=repr(given))
        case "float_type" | "float_parsing" | "finite_number":
            return _("a number is needed, found {given}", given=repr(given))
        case "string_type":
            return _("a text in quotes is needed, found {given}", given=repr(given))
        case "bool_type" | "bool_parsing":
            return _("true or false is needed, found {given}", given=repr(given))
        case "tuple_type" | "list_type":
            return _('a list is needed ["...", "..."], found {given}', given=repr(given))
        case "dict_type" | "model_type" | "model_attributes_type" | "mapping_type":
            return _("a table is needed, found {given}", given=repr(given))
        case "too_short" | "string_too_short":
            return _("is too short, found {given}", given=repr(given))
    return found["msg"].removeprefix("Value error, ")
