"""The candidates file: ``[[candidate]]`` tables, each a measure with a key, a cost, a risk, and what it goes with."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.redesign.candidates import Candidate, Candidates
from flowaudit.redesign.scenario import Entry
from flowaudit.redesign.scenario_file import complaint, measure_of
from flowaudit.toml import read_toml

KINDS: dict[str, Any] = {
    "key": str, "name": str, "owner": str, "cost_yuan": (int, float), "start": dt.date, "risk": (int, float),
    "requires": list, "excludes": list,
}  # fmt: skip
"""Keys every candidate may have besides the parameters of its measure."""


def load(source: Path) -> Candidates:
    """Read a candidates file.

    Raises
    ------
    InputError
        Naming the file, the line and the nearest valid word.
    """
    text, data = read_toml(source)
    lines = [i for i, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*candidate\s*\]\]", line)]
    unknown = set(data) - {"name", "candidate"}
    if unknown:
        raise complaint(source, 1, _("unknown key '{key}'", key=min(unknown)), min(unknown), ("name", "candidate"))
    rows = data.get("candidate", [])
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows) or not rows:
        raise complaint(source, 1, _("there are no [[candidate]] tables"), "", ())
    found: list[Candidate] = []
    for number, (row, line) in enumerate(zip(rows, lines, strict=False), 1):
        found.append(_candidate(source, line, number, dict(row)))
    try:
        return Candidates(str(data.get("name", source.stem)), tuple(found))
    except UsageError as error:
        raise complaint(source, lines[0], error.message.rstrip("."), "", ()) from None


def _candidate(source: Path, line: int, number: int, row: dict[str, Any]) -> Candidate:
    own = {key: row.pop(key) for key in KINDS if key in row}
    for key, value in own.items():
        wrong = isinstance(value, bool) or not isinstance(value, KINDS[key])
        if wrong or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
            raise complaint(
                source, line, _("{key}: {value} is not what belongs there", key=key, value=repr(value)), "", ()
            )
    measure = measure_of(source, line, row)
    terms = {key: own[key] for key in ("name", "owner", "cost_yuan", "start") if key in own}
    try:
        entry = Entry(measure, **terms)
    except UsageError as error:
        raise complaint(source, line, error.message.rstrip("."), "", ()) from None
    return Candidate(
        str(own.get("key", number)), entry, own.get("risk"), tuple(own.get("requires", ())), tuple(own.get("excludes", ())),
    )  # fmt: skip
