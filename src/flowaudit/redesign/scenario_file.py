"""The scenario file: TOML that people edit, read strictly, its comments kept."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit
from pydantic import ValidationError

from flowaudit.errors import InputError, UsageError, nearest
from flowaudit.messages import translate as _
from flowaudit.redesign.measure import Measure
from flowaudit.redesign.measures import MEASURES
from flowaudit.toml import problems_of, read_toml

if TYPE_CHECKING:
    from flowaudit.redesign.scenario import Scenario

TERMS = ("name", "owner", "cost_yuan", "start")
"""Keys of a measure that every measure has."""


def written(scenario: Scenario) -> str:
    """Return a scenario as the text of a file."""
    document = tomlkit.document()
    document.add(tomlkit.comment("改革方案 / scenario: flowaudit list measures"))
    document.add("name", tomlkit.item(scenario.name))
    tables = tomlkit.aot()
    for entry in scenario.entries:
        tables.append(_table(entry))
    if scenario.entries:
        document.add("measure", tables)
    return tomlkit.dumps(document)


def _table(entry: Any) -> Any:
    measure = entry.measure
    table = tomlkit.table()
    table.add("verb", measure.verb)
    table["verb"].comment(f"{measure.id} {measure.name('zh')} / {measure.name('en')}")
    for key, value in measure.model_dump(exclude_none=True).items():
        table.add(key, list(value) if isinstance(value, tuple) else value)
    for key in TERMS:
        value = getattr(entry, key)
        if value not in (None, ""):
            table.add(key, value)
    return table


def save(scenario: Scenario, path: Path) -> None:
    """Write a scenario file."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(written(scenario), encoding="utf-8", newline="\n")
    temporary.replace(path)


def load(source: Path) -> Scenario:
    """Read a scenario file."""
    from flowaudit.redesign.scenario import Scenario

    text, data = read_toml(source)
    lines = [i for i, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*measure\s*\]\]", line)]
    unknown = set(data) - {"name", "measure"}
    if unknown:
        raise complaint(source, 1, _("unknown key '{key}'", key=min(unknown)), min(unknown), ("name", "measure"))
    rows = data.get("measure", [])
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise complaint(source, 1, _("'measure' must be written as [[measure]] tables"), "", ())
    scenario = Scenario(str(data.get("name", source.stem)))
    for row, line in zip(rows, lines, strict=False):
        terms = {key: row.pop(key) for key in TERMS if key in row}
        try:
            scenario = scenario.add(measure_of(source, line, row)).terms(**_terms(source, line, terms))
        except UsageError as error:
            raise complaint(source, line, error.message.rstrip("."), "", ()) from None
    return scenario


def _terms(source: Path, line: int, given: dict[str, Any]) -> dict[str, Any]:
    kinds: dict[str, Any] = {"name": str, "owner": str, "cost_yuan": (int, float), "start": dt.date}
    for key, value in given.items():
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise complaint(
                source, line, _("{key}: {value} is not what belongs there", key=key, value=repr(value)), "", ()
            )
    return given


def complaint(source: Path, line: int, problem: str, word: str, choices: tuple[str, ...]) -> InputError:
    """Return the error for a line of a file, with the nearest of ``choices`` to ``word``."""
    near = nearest(word, choices, n=1)
    hint = (
        _("did you mean '{near}'?", near=near[0])
        if near
        else _("flowaudit list measures shows every parameter and its range.")
    )
    return InputError(_("{file}, line {line}: {problem}.", file=source.name, line=line, problem=problem), hint=hint)


def measure_of(source: Path, line: int, row: dict[str, Any]) -> Measure:
    """Return the measure a table of a file is about.

    Raises
    ------
    InputError
        Naming the line and the nearest valid word.
    """
    row = dict(row)
    verbs = {m.verb: m for m in MEASURES.values()} | MEASURES
    verb = str(row.pop("verb", row.pop("id", "")))
    if verb not in verbs:
        raise complaint(source, line, _("unknown measure '{verb}'", verb=verb), verb, tuple(verbs))
    kind = verbs[verb]
    fields = (*kind.model_fields, *TERMS)
    for key in row:
        if key not in kind.model_fields:
            raise complaint(source, line, _("{verb} has no parameter '{key}'", verb=kind.verb, key=key), key, fields)
    try:
        return kind(**row)
    except ValidationError as error:
        raise complaint(source, line, f"{kind.verb}: {problems_of(error)}", "", ()) from None
