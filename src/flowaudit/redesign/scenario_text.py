"""A scenario file written again: the tables of measures that stay keep their comments and their form."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomlkit

from flowaudit.redesign.toml_lines import sections

if TYPE_CHECKING:
    from flowaudit.redesign.scenario import Entry, Scenario

TERMS: dict[str, Any] = {"name": "", "owner": "", "cost_yuan": None, "start": None}
"""Keys every measure has, and what they are where nothing is said."""


@dataclass
class _Block:
    """The lines of one measure: the comments right above its head, its head and keys; and what follows up to the next."""

    own: str
    rest: str
    row: dict[str, Any]


def fresh(scenario: Scenario) -> str:
    """Return a scenario as the text of a new file, every parameter written down."""
    document = tomlkit.document()
    document.add(tomlkit.comment("改革方案 / scenario: flowaudit list measures"))
    document.add("name", tomlkit.item(scenario.name))
    return "\n".join([tomlkit.dumps(document), *(_new(entry) for entry in scenario.entries)])


def _new(entry: Entry) -> str:
    measure = entry.measure
    table = tomlkit.table()
    table.add("verb", measure.verb)
    table["verb"].comment(f"{measure.id} {measure.name('zh')} / {measure.name('en')}")
    for key, value in _values(entry).items():
        if value is not None and not (key in TERMS and value == ""):
            table.add(key, value)
    tables = tomlkit.aot()
    tables.append(table)
    return tomlkit.dumps({"measure": tables})


def revised(text: str, scenario: Scenario) -> str:
    """Return the text of a scenario file with other measures.

    Tables are matched to the measures of the scenario: the same measure, else one of the same kind about the same things,
    else the next of the same kind. Their comments, order of keys and spelling stay; only values that differ are replaced. What
    stands between the tables stays, too.
    """
    head, blocks = _apart(text)
    matched = _match([b.row for b in blocks], scenario.entries)
    before = _named(head, scenario)
    # What stood after a measure that is gone is not about it: examples, remarks of their own.
    for k, block in enumerate(blocks):
        if k not in matched and block.rest.strip():
            earlier = [j for j in range(k) if j in matched]
            if earlier:
                blocks[earlier[-1]].rest += block.rest
            else:
                before += block.rest
    out = before
    last: int | None = -1
    for entry, at in zip(scenario.entries, matched, strict=True):
        part = _new(entry) if at is None else _changed(blocks[at], entry) + blocks[at].rest
        out = _joined(out, part, apart=at is None or last is None or at != last + 1)
        last = at
    return out if _says(out, scenario) else fresh(scenario)


def _joined(text: str, part: str, *, apart: bool) -> str:
    """Two parts of a file, each on lines of its own; with ``apart`` a blank line between them."""
    if text and not text.endswith("\n"):
        text += "\n"
    return text + ("\n" if apart and text and not text.endswith("\n\n") else "") + part


def _says(text: str, scenario: Scenario) -> bool:
    """Whether a file says what the scenario does."""
    data = tomlkit.parse(text).unwrap()
    rows = data.get("measure", [])
    return (
        data.get("name") == scenario.name
        and len(rows) == len(scenario.entries)
        and all(_same(row, entry) for row, entry in zip(rows, scenario.entries, strict=True))
    )


def _apart(text: str) -> tuple[str, list[_Block]]:
    """What stands before the first measure, and the measures."""
    # Not splitlines: what TOML takes for the end of a line is less than what Python does.
    lines = re.split(r"(?<=\n)", text)
    rows = tomlkit.parse(text).unwrap().get("measure", [])
    heads = [s for s in sections(text) if s.name == "measure" and s.array]
    first = [_first_line(lines, s.line) for s in heads]
    ends = [*first[1:], *([len(lines) + 1] if first else [])]
    blocks = [
        _Block("".join(lines[a - 1 : s.last]), "".join(lines[s.last : b - 1]), row)
        for a, s, b, row in zip(first, heads, ends, rows, strict=True)
    ]
    return "".join(lines[: first[0] - 1] if first else lines), blocks


def _first_line(lines: Sequence[str], head: int) -> int:
    """The first of the comments that stand right above a head, else the head."""
    while head > 1 and lines[head - 2].lstrip().startswith("#") and not lines[head - 2].startswith("#:"):
        head -= 1
    return head


def _named(head: str, scenario: Scenario) -> str:
    document = tomlkit.parse(head)
    if document.get("name") == scenario.name:
        return head
    if "name" in document:
        document["name"] = scenario.name
        return tomlkit.dumps(document)
    return f"{head.rstrip()}\n\n".lstrip("\n") + f"name = {tomlkit.item(scenario.name).as_string()}\n\n"


def _match(rows: Sequence[dict[str, Any]], entries: Sequence[Entry]) -> list[int | None]:
    """For every measure the table that is its own, None where it is new."""
    found: list[int | None] = [None] * len(entries)
    free = set(range(len(rows)))
    for alike in (_same, _about_the_same, _of_a_kind):
        for i, entry in enumerate(entries):
            if found[i] is None:
                k = next((k for k in sorted(free) if alike(rows[k], entry)), None)
                found[i] = k
                free -= {k}
    return found


def _of_a_kind(row: dict[str, Any], entry: Entry) -> bool:
    return row.get("verb") in (entry.measure.verb, entry.measure.id)


def _about_the_same(row: dict[str, Any], entry: Entry) -> bool:
    measure = entry.measure
    names: set[str] = set()
    for value in (row.get(key) for key in measure.subject):
        names |= (
            {value}
            if isinstance(value, str)
            else {v for v in value if isinstance(v, str)}
            if isinstance(value, list)
            else set()
        )
    return _of_a_kind(row, entry) and (bool(names & measure.subjects()) or names == measure.subjects())


def _same(row: dict[str, Any], entry: Entry) -> bool:
    return _of_a_kind(row, entry) and all(
        _is(row.get(key, _unsaid(entry, key)), value) for key, value in _values(entry).items()
    )


def _is(said: Any, value: Any) -> bool:
    """Whether a value of a file means the value wanted; a date may stand in quotes."""
    if isinstance(value, dt.date) and isinstance(said, str):
        return said == value.isoformat()
    return bool((list(said) if isinstance(said, tuple) else said) == value)


def _values(entry: Entry) -> dict[str, Any]:
    """Parameters and terms as a file holds them."""
    parameters = {k: list(v) if isinstance(v, tuple) else v for k, v in entry.measure.model_dump().items()}
    return parameters | {key: getattr(entry, key) for key in TERMS}


def _unsaid(entry: Entry, key: str) -> Any:
    """What a key means that a file leaves out; itself where it must be written."""
    if key in TERMS:
        return TERMS[key]
    field = type(entry.measure).model_fields[key]
    return _REQUIRED if field.is_required() else field.default


_REQUIRED = object()


def _changed(block: _Block, entry: Entry) -> str:
    """The lines of a measure with its values of now."""
    document = tomlkit.parse(block.own)
    table: Any = document["measure"][0]
    changed = False
    for key, value in _values(entry).items():
        if key in table:
            if _is(block.row[key], value):
                continue
            if value is None or (key in TERMS and value == ""):
                table.remove(key)
            else:
                table[key] = value
            changed = True
        elif not _is(_unsaid(entry, key), value):
            table.add(key, value)
            changed = True
    for key in [k for k in table if k != "verb" and k not in _values(entry)]:
        table.remove(key)
        changed = True
    return tomlkit.dumps(document) if changed else block.own
