"""Answers to what the reader of a catalogue asks: which sheet, which header, which list of codes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from flowaudit.catalogue.codes import code_lists, key_of
from flowaudit.catalogue.tables import TABLES
from flowaudit.errors import InputError, nearest
from flowaudit.messages import translate as _
from flowaudit.toml import problems_of, read_toml

FILE = "catalogue.toml"


class CatalogueMapping(BaseModel):
    """What a file ``catalogue.toml`` beside the tables says.

    Attributes
    ----------
    tables : mapping of str to str
        Table to the name of its sheet or file.
    columns : mapping of str to mapping
        Table to its columns, each with its header in the file.
    ignore_columns : tuple of str
        Headers that are kept but taken for no column.
    codes : mapping of str to str or mapping
        Column to the name of a code list or to what every code means; ``""`` leaves the codes as they are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tables: Mapping[str, str] = {}
    columns: Mapping[str, Mapping[str, str]] = {}
    ignore_columns: tuple[str, ...] = ()
    codes: Mapping[str, str | Mapping[str, str]] = {}

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        known = {name: {c.name for c in model.columns()} for name, model in TABLES.items()}
        for table in (*self.tables, *self.columns):
            if table not in known:
                raise ValueError(_unknown(table, known))
        for table, columns in self.columns.items():
            for column in columns:
                if column not in known[table]:
                    raise ValueError(_unknown(column, known[table]))
        everywhere = {key_of(table, column) for table, columns in known.items() for column in columns}
        lists = {found.name for found in code_lists()}
        for column, said in self.codes.items():
            if column not in everywhere:
                raise ValueError(_unknown(column, everywhere))
            if isinstance(said, str) and said and said not in lists:
                raise ValueError(_unknown(said, lists))
        return self


def _unknown(name: str, choices: Mapping[str, object] | set[str]) -> str:
    near = nearest(name, choices, n=1)
    text = _("'{name}' is not known", name=name)
    return text + " " + _("(did you mean '{near}'?)", near=near[0]) if near else text


def read_mapping(path: Path) -> CatalogueMapping:
    """Read the answers from a TOML file.

    Raises
    ------
    InputError
        If the file is not TOML, or names a table, column or code list that does not exist.
    """
    _text, values = read_toml(path)
    try:
        return CatalogueMapping(**values)
    except ValidationError as error:
        raise InputError(
            _("{file} cannot be used: {problems}.", file=path.name, problems=problems_of(error)),
            hint=_("its parts are [tables], [columns.items], [codes] and ignore_columns."),
        ) from None


def mapping_beside(place: Path) -> Path | None:
    """Return the file of answers that lies with a catalogue, if there is one."""
    path = place / FILE if place.is_dir() else place.with_suffix(".toml")
    return path if path.is_file() else None
