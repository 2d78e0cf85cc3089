"""The scenario file: TOML that people edit, read strictly, its comments kept."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from flowaudit.errors import InputError, UsageError, nearest
from flowaudit.messages import translate as _
from flowaudit.redesign.measure import Measure
from flowaudit.redesign.measures import MEASURES
from flowaudit.redesign.scenario_text import TERMS, fresh, revised
from flowaudit.redesign.toml_lines import Section, sections
from flowaudit.toml import read_toml, reason_of

if TYPE_CHECKING:
    from flowaudit.redesign.scenario import Scenario


@dataclass(frozen=True)
class Problem:
    """What is wrong in a line of a file; ``near`` is the valid word most like the one found."""

    line: int
    words: str
    near: str = ""


def written(scenario: Scenario) -> str:
    """Return a scenario as the text of a file; what it was read from is kept where its measures stay."""
    return revised(scenario.source, scenario) if scenario.source else fresh(scenario)


def save(scenario: Scenario, path: Path) -> None:
    """Write a scenario file; what a file that is already there says beside its measures is kept.

    Raises
    ------
    InputError
        If the file that is already there is no scenario file: it is not written over.
    """
    newline, text = "\n", None
    if path.exists():
        text, data = read_toml(path)
        wrong = _foreign(data, sections(text))
        if wrong:
            raise _refusal(path, wrong)
        newline = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
    temporary = path.with_name(path.name + ".part")
    content = written(scenario) if text is None else revised(text, scenario)
    temporary.write_text(content, encoding="utf-8", newline=newline)
    temporary.replace(path)


def load(source: Path) -> Scenario:
    """Read a scenario file.

    Raises
    ------
    InputError
        Naming everything that is wrong with its lines and the nearest valid words.
    """
    from flowaudit.redesign.scenario import Scenario

    text, data = read_toml(source)
    tables = sections(text)
    problems = _foreign(data, tables)
    rows = data.get("measure", [])
    heads = [t for t in tables if t.name == "measure" and t.array]
    name = data.get("name", source.stem)
    scenario = Scenario(str(name), source=text)
    if not problems:
        for row, head in zip(rows, heads, strict=True):
            measure, wrong = read_measure(row, head)
            terms, more = _terms(row, head)
            problems += [*wrong, *more]
            if measure is None or more:
                continue
            try:
                scenario = scenario.add(measure).terms(**terms)
            except UsageError as error:
                problems.append(Problem(head.line, error.message.rstrip(".。")))
    if problems:
        raise _refusal(source, problems)
    return scenario


def _foreign(data: dict[str, Any], tables: list[Section]) -> list[Problem]:
    """What does not belong into a scenario file at all."""
    lines = {t.name.split(".")[0]: t.line for t in reversed(tables) if t.name} | tables[0].keys
    known = ("name", "measure")
    found = [
        Problem(lines.get(key, 1), _("unknown key '{key}'", key=key), _near(key, known))
        for key in data
        if key not in known
    ]
    if not isinstance(data.get("name", ""), str):
        found.append(
            Problem(lines.get("name", 1), _("name: {value} is not what belongs there", value=repr(data["name"])))
        )
    rows = data.get("measure", [])
    heads = sum(t.name == "measure" and t.array for t in tables)
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows) or len(rows) != heads:
        found.append(Problem(lines.get("measure", 1), _("'measure' must be written as [[measure]] tables")))
    return found


def _near(word: str, choices: tuple[str, ...]) -> str:
    return next(iter(nearest(word, choices, n=1)), "")


def _terms(row: dict[str, Any], head: Section) -> tuple[dict[str, Any], list[Problem]]:
    """Name, unit in charge, cost and date of a measure, and what is wrong with them."""
    terms: dict[str, Any] = {}
    found: list[Problem] = []
    for key in TERMS:
        if key not in row:
            continue
        value, wrong = _term(key, row[key])
        if wrong:
            found.append(Problem(head.keys.get(key, head.line), f"{key}: {wrong}"))
        else:
            terms[key] = value
    return terms, found


def _term(key: str, value: Any) -> tuple[Any, str]:
    """One of the terms as it is kept, and what is wrong with it."""
    if key in ("name", "owner"):
        return (
            (value, "")
            if isinstance(value, str)
            else (None, _("a text in quotes is needed, found {given}", given=repr(value)))
        )
    if key == "cost_yuan":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None, _("a number is needed, found {given}", given=repr(value))
        if not (math.isfinite(value) and value >= 0):
            return None, _("at least {bound}, found {given}", bound=0, given=value)
        return value, ""
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            return None, _("a date is needed (2027-01-01), found {given}", given=repr(value))
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        return None, _("a date is needed (2027-01-01), found {given}", given=str(value))
    return value, ""


def read_measure(row: dict[str, Any], head: Section) -> tuple[Measure | None, list[Problem]]:
    """Return the measure a table of a file is about (its terms are not looked at), and everything that is wrong with it.

    Parameters
    ----------
    row : dict
        The table as plain values.
    head : Section
        Where it stands.
    """
    verbs = {m.verb: m for m in MEASURES.values()} | MEASURES
    if "verb" not in row:
        other = _near("verb", tuple(row))
        return None, [Problem(head.keys.get(other, head.line), _("a measure needs a verb"), "verb" if other else "")]
    verb = str(row["verb"])
    if verb not in verbs:
        near = _near(verb, tuple(verbs))
        return None, [Problem(head.keys.get("verb", head.line), _("unknown measure '{verb}'", verb=verb), near)]
    kind = verbs[verb]
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items() if key != "verb"}
    fields = tuple(kind.model_fields)
    found, meant = [], set()
    for key in given:
        if key not in (*fields, *TERMS):
            near = _near(key, tuple(f for f in (*fields, *TERMS) if f not in given))
            meant.add(near)
            words = _("{verb} has no parameter '{key}'", verb=kind.verb, key=key)
            found.append(Problem(head.keys.get(key, head.line), words, near))
    measure = None
    try:
        measure = kind.model_validate({k: v for k, v in given.items() if k in fields}, strict=True)
    except ValidationError as error:
        for wrong in error.errors(include_url=False):
            place = str(wrong["loc"][0]) if wrong["loc"] else ""
            # Under another name it is there: that has been said.
            if not (wrong["type"] == "missing" and place in meant):
                words = f"{kind.verb}: {place}: {reason_of(wrong)}" if place else f"{kind.verb}: {reason_of(wrong)}"
                found.append(Problem(head.keys.get(place, head.line), words))
    return (None if found else measure), found


def measure_of(source: Path, line: int, row: dict[str, Any]) -> Measure:
    """Return the measure a table of a file is about.

    Raises
    ------
    InputError
        Naming the line and the nearest valid word.
    """
    measure, problems = read_measure(row, Section("measure", True, line, line))
    if measure is None:
        raise _refusal(source, problems)
    return measure


def complaint(source: Path, line: int, problem: str, word: str, choices: tuple[str, ...]) -> InputError:
    """Return the error for a line of a file, with the nearest of ``choices`` to ``word``."""
    return _refusal(source, [Problem(line, problem, _near(word, choices))])


def _refusal(source: Path, problems: list[Problem]) -> InputError:
    """Return the error that names everything that is wrong in a file."""
    problems = sorted(problems, key=lambda p: p.line)
    if len(problems) == 1:
        (only,) = problems
        return InputError(
            _("{file}, line {line}: {problem}.", file=source.name, line=only.line, problem=only.words),
            hint=_("did you mean '{near}'?", near=only.near)
            if only.near
            else _("flowaudit list measures shows every parameter and its range."),
        )
    said = [
        _("line {line}: {problem}", line=p.line, problem=p.words)
        + (" " + _("(did you mean '{near}'?)", near=p.near) if p.near else "")
        for p in problems
    ]
    return InputError(
        _("{file}: {n} problems:", file=source.name, n=len(problems)) + "".join(f"\n  {words}" for words in said),
        hint=_("flowaudit list measures shows every parameter and its range."),
    )
