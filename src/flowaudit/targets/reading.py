"""Targets from a TOML file: phrases, tables, or both."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flowaudit.errors import FlowAuditError, InputError, nearest
from flowaudit.messages import translate as _
from flowaudit.targets.phrases import parse_phrase
from flowaudit.targets.target import Target
from flowaudit.targets.words import METRICS_BY_WORD, TARGET_METRICS, metric_of
from flowaudit.toml import problems_of, read_toml

PHRASE = "target"
"""Key of a phrase in a table of its own."""


def read_targets(path: str | os.PathLike[str]) -> tuple[Target, ...]:
    """Read a targets file: ``target = "减环节 30%"``, a list of such phrases, or ``[[target]]`` tables.

    A table holds the fields of :class:`Target`; in place of ``metric`` and the bound it may hold a phrase under ``target``.

    Raises
    ------
    InputError
        Naming the file, the target's number and line, and what is wrong with it.
    """
    source = Path(path)
    text, data = read_toml(source)
    unknown = sorted(set(data) - {"target"})
    if unknown:
        raise InputError(
            _("{file}: unknown key '{key}'.", file=source.name, key=unknown[0]), hint=_("write [[target]] tables.")
        )
    rows = data.get("target", [])
    rows = rows if isinstance(rows, list) else [rows]
    if not all(isinstance(row, dict | str) for row in rows):
        raise InputError(
            _("{file}: 'target' is neither a phrase nor a list of tables.", file=source.name),
            hint=_('write target = "减环节 30%", or [[target]] tables.'),
        )
    return tuple(_target(source.name, text, number, row) for number, row in enumerate(rows, 1))


def _target(file: str, text: str, number: int, row: Mapping[str, Any] | str) -> Target:
    said = {PHRASE: row} if isinstance(row, str) else dict(row)
    try:
        return Target(**_fields(said))
    except ValidationError as error:
        problem, hint = problems_of(error), _hint(said)
    except FlowAuditError as error:
        problem, hint = error.message, error.hint or ""
    line = _line(text, number, said)
    where = _("target {number}", number=number)
    if line is not None:
        where = _("target {number} (line {line})", number=number, line=line)
    raise InputError(f"{file}, {where}: {problem}", hint=hint)


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a table; a phrase in it says some of them, the rest of the table the others."""
    phrase = row.get(PHRASE)
    rest = {key: value for key, value in row.items() if key != PHRASE}
    if phrase is None:
        return rest
    if not isinstance(phrase, str):
        raise InputError(_("a phrase is a text in quotes, found {given}", given=repr(phrase)))
    said = parse_phrase(phrase)
    twice = sorted(set(said) & set(rest))
    if twice:
        raise InputError(
            _("'{key}' is said twice, in the phrase '{text}' and beside it", key=twice[0], text=phrase),
            hint=_("leave one of them out."),
        )
    return said | rest


def _hint(row: Mapping[str, Any]) -> str:
    fields = (PHRASE, *Target.model_fields)
    for key in row:
        if key not in fields and (near := nearest(key, fields, n=1)):
            return _("did you mean '{near}'?", near=near[0])
    word = row.get("metric")
    if isinstance(word, str) and metric_of(word) is None and (near := nearest(word, sorted(METRICS_BY_WORD), n=1)):
        return _("did you mean '{near}'?", near=near[0])
    for key in ("reduction", "share"):
        if isinstance(row.get(key), int | float) and 2 <= row[key] <= 100:
            return _("{percent:g} % is written {share:g}.", percent=row[key], share=row[key] / 100)
    if word is not None and not isinstance(word, str):
        return _("choose one of: {names}", names=", ".join(TARGET_METRICS))
    return _("a target has metric, statistic, and either at_most or reduction.")


def _line(text: str, number: int, row: Mapping[str, Any]) -> int | None:
    """Return the line on which a target begins, as a person would look for it."""
    lines = text.splitlines()
    tables = [k for k, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*target\s*\]\]", line)]
    if number <= len(tables):
        return tables[number - 1]
    phrase = row.get(PHRASE)
    return next(
        (k for k, line in enumerate(lines, 1) if isinstance(phrase, str) and phrase in line.partition("#")[0]), None
    )
