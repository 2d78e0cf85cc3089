"""From a system's codes to words: shipped code lists, applied where they are asked for or beyond doubt."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa

from flowaudit.errors import InputError
from flowaudit.eventlog.headers import STORED_AS
from flowaudit.eventlog.log import EventLog, Note
from flowaudit.messages import both
from flowaudit.messages import translate as _

_SHOWN = 5


@dataclass(frozen=True)
class CodeList:
    """One list of codes.

    Attributes
    ----------
    name : str
        Such as ``gb39046.channel``.
    columns : tuple of str
        Canonical columns it is for.
    title, source : str
    codes : mapping of str to str
        Code to meaning.
    """

    name: str
    columns: tuple[str, ...]
    title: str
    source: str
    codes: Mapping[str, str]


@cache
def code_lists() -> tuple[CodeList, ...]:
    """Return the shipped code lists (``codelists/``).

    Examples
    --------
    >>> next(c for c in code_lists() if c.name == "gb39046.channel").codes["9"]
    '其他'
    """
    codes: dict[str, dict[str, str]] = {}
    for row in _rows("codes.csv"):
        codes.setdefault(row["list"], {})[row["code"]] = row["meaning"]
    return tuple(
        CodeList(row["list"], tuple(row["columns"].split()), row["title"], row["source"], codes[row["list"]])
        for row in _rows("lists.csv")
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (files(__package__) / "codelists" / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def choose(
    column: str, values: list[str], said: str | Mapping[str, str] | None
) -> tuple[Mapping[str, str], str] | None:
    """Return what the codes of a column mean, and the list's name; None where the values are no codes.

    Parameters
    ----------
    column : str
        Canonical name.
    values : list of str
        Distinct values.
    said : str or mapping, optional
        Of a mapping file: the name of a list, or what every code means; ``""``: leave the values as they are.

    Raises
    ------
    InputError
        If two lists give one of the values different meanings.
    """
    if isinstance(said, str):
        named = next((found for found in code_lists() if found.name == said), None)
        return None if named is None else (named.codes, named.name)
    if said is not None:
        return said, f"[codes.{column}]"
    fitting = [
        found for found in code_lists() if column in found.columns and values and set(values) <= set(found.codes)
    ]
    meanings = {tuple(found.codes[value] for value in values) for found in fitting}
    if len(meanings) > 1:
        raise _conflict(column, values, fitting)
    return (fitting[0].codes, fitting[0].name) if fitting else None


def _conflict(column: str, values: list[str], fitting: list[CodeList]) -> InputError:
    value = next(v for v in values if len({found.codes[v] for found in fitting}) > 1)
    told = ", ".join(f"'{found.codes[value]}' ({found.name})" for found in fitting)
    lines = "; ".join(f'{column} = "{found.name}"' for found in fitting)
    return InputError(
        _("the code '{value}' of the column '{column}' could mean {meanings}.", value=value, column=column, meanings=told),
        hint=_(
            'write one of these lines under [codes] of a mapping file: {lines} (or {column} = "" to leave the codes as they are)',
            lines=lines, column=column,
        ),
    )  # fmt: skip


def apply_codes(log: EventLog, said: Mapping[str, str | Mapping[str, str]] | None = None) -> EventLog:
    """Return a log whose coded values are words; what was done stands in its provenance.

    Parameters
    ----------
    log : EventLog
    said : mapping, optional
        ``codes`` of a mapping file.

    Raises
    ------
    InputError
        If two shipped lists give a code of one column different meanings, and nothing says which one is meant.
    """
    said = said or {}
    columns = dict.fromkeys([*said, *(column for found in code_lists() for column in found.columns)])
    notes: list[Note] = []
    problems: list[Mapping[str, Any]] = []
    events, cases = log.events, log.tables.get("cases")
    for column in columns:
        if column in events.column_names and _is_text(events.schema.field(column).type):
            codes, labels = log.codes(column)
            used = [str(labels[i]) for i in sorted(set(codes[codes >= 0].tolist()))]
            if (found := choose(column, used, said.get(column))) is not None:
                meaning, name = found
                # Two codes may share a meaning: labels of a log are distinct.
                words = [meaning.get(str(label), str(label)) for label in labels]
                distinct = list(dict.fromkeys(words))
                place_of = np.array([*(distinct.index(word) for word in words), 0], np.int32)
                array = pa.DictionaryArray.from_arrays(
                    pa.array(place_of[codes], mask=codes < 0), pa.array(distinct, pa.string())
                )
                plain = not pa.types.is_dictionary(events.schema.field(column).type)
                place = events.column_names.index(column)
                events = events.set_column(place, column, array.cast(pa.string()) if plain else array)
                strange = _strange(used, meaning)
                rows = int(sum((codes == labels.index(label)).sum() for label in strange))
                _tell(notes, problems, column, name, strange, rows, len(events))
        stored = STORED_AS.get(column, column)
        # `result` of the table of cases is the case's, not the event's.
        if cases is not None and stored in cases and column not in STORED_AS.values():
            values = cases[stored].astype("object")
            written = values.map(_as_written, na_action="ignore")
            used = list(dict.fromkeys(written.dropna()))
            if (found := choose(column, used, said.get(column))) is not None:
                meaning, name = found
                cases = cases.assign(
                    **{stored: written.map(lambda v, m=meaning: m.get(v, v), na_action="ignore").astype("str")}
                )
                strange = _strange(used, meaning)
                _tell(notes, problems, column, name, strange, int(written.isin(strange).sum()), len(cases))
    if not notes:
        return log
    tables = dict(log.tables) if cases is None else {**log.tables, "cases": cases}
    told = replace(
        log.provenance, notes=log.provenance.notes + tuple(notes), problems=(*log.provenance.problems, *problems)
    )
    return replace(log, events=events, tables=tables, provenance=told)


def _tell(
    notes: list[Note], problems: list[Mapping[str, Any]], column: str, name: str, strange: list[str], rows: int, of: int
) -> None:  # fmt: skip
    notes.append(both("the codes of '{column}' are read by the list {name}", column=column, name=name))
    if strange:
        problems.append({
            "check": "unknown_codes", "rows": rows, "share": rows / of if of else None, "examples": strange[:_SHOWN],
            "column": column,
        })  # fmt: skip


def _strange(used: list[str], meaning: Mapping[str, str]) -> list[str]:
    """Return the values that a list does not know; words that stand there already are no codes."""
    words = set(meaning.values())
    return [value for value in used if value not in meaning and value not in words]


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _as_written(value: object) -> str:
    """Return a code as the file wrote it: a spreadsheet makes 1.0 of 1."""
    return re.sub(r"\.0$", "", str(value)) if isinstance(value, float) else str(value)
