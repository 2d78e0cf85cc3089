"""Write object-centric logs as OCEL 2.0: JSON and SQLite."""

from __future__ import annotations

import graphlib
import itertools
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog.flat import marked
from flowaudit.eventlog.log import EventLog, Provenance
from flowaudit.eventlog.ocel import BEFORE_TIME, END_MISSING, PSEUDONYMOUS, TABLE_OF, ObjectLog
from flowaudit.eventlog.ocel_people import people_of
from flowaudit.eventlog.staging import staged
from flowaudit.messages import both
from flowaudit.messages import translate as _

_OWN = ("case_id", "event_id", "activity", "end", "qualifier", "shared")
# How each side table's objects are related: whether to their case or from it, and in what part.
_LINKS: Mapping[str, tuple[str, bool]] = {
    "bundle": ("part_of", True),
    "material": ("requires", True),
    "visit": ("for", False),
    "special_episode": ("of", False),
    "rating": ("of", False),
}
_KEYS: Mapping[str, str] = {"bundle": "bundle_id", "visit": "visit_id", "material": "inst_id"}


def write_ocel(log: EventLog | ObjectLog, path: str | Path) -> tuple[str, ...]:
    """Write a log as OCEL 2.0: SQLite where the file ends in ``.sqlite``, JSON where it ends in ``.jsonocel`` or ``.json``.

    A case-centric log becomes object-centric as :func:`as_objects` says. Attributes that are pseudonyms end in
    ``_pseudonym``, objects whose id is one have the attribute ``pseudonymous``; a reader then leaves them as they are.
    Stamps carry the offset of the log where it has one. The file appears whole or not at all.

    Returns
    -------
    tuple of str
        What the format could not hold of this log, in words. Reading the file back otherwise gives the same log.

    Raises
    ------
    UsageError
        If the ending is another one.
    InputError
        If the file cannot be written, or two attributes differ by case only (SQLite).

    Notes
    -----
    Lost: the provenance; an attribute of an event that differs between the cases sharing it (the first is kept); a
    second row of one event in one case.
    """
    path = Path(path)
    kind = path.suffix.casefold()
    writer: Callable[[ObjectLog, Path], None]
    if kind in (".sqlite", ".sqlite3", ".db"):
        writer = _write_sqlite
    elif kind in (".jsonocel", ".json"):
        writer = _write_json
    else:
        raise UsageError(
            _("OCEL is not written to the ending '{ending}'.", ending=path.suffix),
            hint=_("known: {endings}.", endings=".jsonocel .json .sqlite"),
        )
    objects, lost = (log, ()) if isinstance(log, ObjectLog) else as_objects(log)
    with staged(path) as place:
        writer(objects, place)
    return lost


def as_objects(log: EventLog) -> tuple[ObjectLog, tuple[str, ...]]:
    """Return a case-centric log as an object-centric one, and what is lost by it in words.

    Every case (or bundle) is an object, with its row of ``cases`` as attributes; its type is ``case`` (or ``bundle``),
    or that of the objects on which the log was flattened. Rows of the other side tables are objects of the types
    ``bundle, material, visit, special_episode, rating``, related to their cases. What ``e2o`` says of other objects
    becomes relations. An event that several cases share is one event related to all of them.
    """
    unit = _case_type(log)
    ids = _event_ids(log)
    first = ~pd.Series(ids).duplicated().to_numpy()
    end = log.stamps("end")
    start = log.stamps("start") if "start" in log.columns else end
    fields: dict[str, Any] = {
        "event_id": pa.array(ids[first], pa.string()),
        "activity": _text(log.events["activity"]).filter(pa.array(first)),
        "end": pa.array(np.where(np.isnat(end), start, end)[first], pa.timestamp("us"), from_pandas=True),
    }
    differs: list[str] = []
    row_of = pd.Series(np.flatnonzero(first), index=ids[first])
    same = row_of[ids].to_numpy()
    order, agreed = (None, True) if first.all() else _one_order(ids, log.case_ptr)
    for name in (c for c in log.columns if c not in ("case_id", "event_id", "qualifier", "shared")):
        values = _text(log.events[name])
        if not first.all():
            alone = values.take(pa.array(same))
            equal = pc.or_(pc.fill_null(pc.equal(values, alone), False), pc.and_(pc.is_null(values), pc.is_null(alone)))
            if not pc.all(equal).as_py():
                differs.append(name)
        if name not in _OWN:
            fields[name] = values.filter(pa.array(first))
    if np.isnat(end).any():
        fields[END_MISSING] = pa.array(np.isnat(end)[first])
    objects = _Objects(log, unit)
    cases = [log.case_ids[i] for i in log.case_index]
    said = _parts(log, ids, cases, unit)
    relations = [(event, case, part) for event, case, parts in zip(ids, cases, said, strict=True) for part in parts]
    relations += objects.others(log.table("e2o"), unit, set(ids))
    lost = (
        [_("what differs between cases that share an event: {columns}", columns=", ".join(differs))] if differs else []
    )
    if not agreed:
        lost.append(_("the order of events at the same time, which differs between cases that share them"))
    again = int(pd.DataFrame({"event": ids, "case": cases}).duplicated().sum())
    if again:
        lost.append(_("{n} rows that repeat an event of their case", n=again))
    generated = "event_id" not in log.columns
    note = both("events numbered, since they had no ids") if generated else None
    provenance = log.provenance
    told = Provenance(
        provenance.source, provenance.sha256, provenance.mapping, provenance.timezone, provenance.offsets,
        (*provenance.pseudonymised, *objects.pseudonymous), (*provenance.notes, *((note,) if note else ())),
    )  # fmt: skip
    table = pa.table(fields)
    if order is not None:
        place = pd.Series(np.arange(len(table)), index=ids[first])
        table = table.take(pa.array(place[order].to_numpy()))
    return (
        ObjectLog(table, objects.table(), _triples(relations, "event_id", "object_id"),
                  _triples(objects.links, "source_id", "target_id"), _no_changes(), told),
        tuple(lost),
    )  # fmt: skip


def _case_type(log: EventLog) -> str:
    """Return the type of object the cases are: that whose relations in ``e2o`` are those of the events themselves."""
    links = log.table("e2o")
    if links is None or "object_type" not in links or "event_id" not in log.columns:
        return log.unit
    cases, n_rows = set(log.case_ids), len(log.events)
    for kind, found in links.groupby("object_type", sort=False):
        pairs = found[["event_id", "object_id"]].drop_duplicates()
        if len(pairs) == n_rows and set(pairs["object_id"]) == cases:
            return str(kind)
    return log.unit


def _one_order(ids: Any, ptr: npt.NDArray[np.int64]) -> tuple[list[str] | None, bool]:
    """Return the events in one order that is that of every case, if there is one.

    Events of the same time keep the order of their file; where cases share events, that of the first case alone would
    not be that of the others.
    """
    after: dict[str, list[str]] = {name: [] for name in ids}
    for low, high in itertools.pairwise(ptr.tolist()):
        for one, next_one in itertools.pairwise(ids[low:high]):
            after[next_one].append(one)
    try:
        return list(graphlib.TopologicalSorter(after).static_order()), True
    except graphlib.CycleError:
        return None, False


def _parts(log: EventLog, ids: Any, cases: list[str], unit: str) -> list[list[str]]:
    """Return for every row in what parts its case took part: as ``e2o`` says, or else the events' own column."""
    written: list[str | None] = [None] * len(cases)
    if "qualifier" in log.columns:
        written = _text(log.events["qualifier"]).to_pylist()
    told: dict[tuple[str, str], list[str]] = {}
    links = log.table("e2o")
    if links is not None and {"object_type", "qualifier"} <= set(links.columns):
        mine = links[links["object_type"].astype("str").str.casefold() == unit.casefold()]
        for event, name, part in zip(
            mine["event_id"], mine["object_id"], mine["qualifier"].astype("object").fillna(""), strict=True
        ):
            told.setdefault((str(event), str(name)), []).append(str(part))
    return [
        told.get(pair) or (own or "").split("|")
        for pair, own in zip(zip(ids, cases, strict=True), written, strict=True)
    ]


def _event_ids(log: EventLog) -> Any:
    """Return an id for every row; rows without one get a number that no other has."""
    n = len(log.events)
    if "event_id" not in log.columns:
        return np.array([f"e{i + 1}" for i in range(n)], object)
    ids = np.array(_text(log.events["event_id"]).cast(pa.string()).to_pylist(), object)
    taken, number = set(ids), 0
    for row in np.flatnonzero(pd.isna(ids)):
        number += 1
        while f"e{number}" in taken:
            number += 1
        ids[row] = f"e{number}"
    return ids


class _Objects:
    """The objects of a log: cases, rows of side tables, and what e2o names besides."""

    def __init__(self, log: EventLog, unit: str) -> None:
        self._unit = unit
        self.links: list[tuple[str, str, str]] = []
        self.pseudonymous: tuple[str, ...] = ()
        self._ids: list[str] = []
        self._types: list[str] = []
        self._known: dict[str, str] = {}
        self._place: dict[tuple[str, str], str] = {}
        self._parts: list[pd.DataFrame] = []
        cases = log.table("cases")
        about = None if cases is None else cases.drop_duplicates("case_id").set_index("case_id")
        names = list(log.case_ids)
        if about is not None and log.unit == "case":
            seen = set(names)
            names += [str(c) for c in about.index if c not in seen]
        for name in names:
            self._add(name, unit)
        rows = pd.DataFrame(index=names) if about is None or log.unit != "case" else about.reindex(names)
        self._parts.append(rows.reset_index(drop=True))
        if log.unit == "case":
            for kind, table in TABLE_OF.items():
                found = log.table(table)
                if found is not None:
                    self._rows(kind, found)
            if about is not None and "bundle_id" in about:
                self._link_bundles(about["bundle_id"])

    def _add(self, name: str, kind: str) -> str:
        """Name an object; ids are unique over all types in OCEL."""
        told = name
        while told in self._known:
            told = f"{kind}:{told}"
        self._known[told] = kind
        self._ids.append(told)
        self._types.append(kind)
        self._place.setdefault((kind, name), told)
        return told

    def _rows(self, kind: str, table: pd.DataFrame) -> None:
        key = _KEYS.get(kind)
        qualifier, from_case = _LINKS[kind]
        for number, row in enumerate(table.to_dict("records"), 1):
            written = row.get(key) if key else None
            told = self._add(f"{kind}:{number}" if written is None or pd.isna(written) else str(written), kind)
            owner = row.get("case_id")
            if kind == "bundle" or owner is None or pd.isna(owner) or (self._unit, str(owner)) not in self._place:
                continue
            case = self._place[self._unit, str(owner)]
            self.links.append((case, told, qualifier) if from_case else (told, case, qualifier))
        self._parts.append(table.reset_index(drop=True))

    def _link_bundles(self, bundles: pd.Series) -> None:
        for case, bundle in bundles.dropna().items():
            there = self._place.get(("bundle", str(bundle)))
            if there is not None:
                self.links.append((self._place[self._unit, str(case)], there, _LINKS["bundle"][0]))

    def others(self, links: pd.DataFrame | None, unit: str, events: set[str]) -> list[tuple[str, str, str]]:
        """Return the relations of events to objects that are no cases; objects not known yet are added."""
        if links is None or "object_type" not in links:
            return []
        found = links[(links["object_type"] != unit) & links["event_id"].isin(events)]
        if unit == "case":
            found = found[found["object_type"].str.casefold() != "case"]
        said = found["qualifier"] if "qualifier" in found else pd.Series("", index=found.index)
        relations, fresh = [], 0
        for event, kind, name, qualifier in zip(
            found["event_id"], found["object_type"], found["object_id"], said, strict=True
        ):
            told = self._place.get((kind, str(name)))
            if told is None:
                told = self._add(str(name), str(kind))
                fresh += 1
            relations.append((str(event), told, "" if pd.isna(qualifier) else str(qualifier)))
        self._parts.append(pd.DataFrame(index=range(fresh)))
        if any(people_of(kind) for kind in set(self._types)):
            self.pseudonymous = ("object_id",)
        return relations

    def table(self) -> pa.Table:
        """Return the objects with the attributes of all types side by side."""
        fields: dict[str, Any] = {
            "object_id": pa.array(self._ids, pa.string()),
            "object_type": pa.array(self._types, pa.string()),
        }
        names = dict.fromkeys(str(c) for part in self._parts for c in part.columns)
        for name in names:
            pieces = [pa.Array.from_pandas(part[name]) if name in part else pa.nulls(len(part)) for part in self._parts]
            kinds = {p.type for p in pieces if not pa.types.is_null(p.type)}
            kind = kinds.pop() if len(kinds) == 1 else _common(kinds)
            fields[name] = pa.chunked_array([p.cast(kind) for p in pieces], kind)
        return pa.table(fields)


def _common(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """Return the type that holds several: a number for numbers, else text."""
    kinds = list(kinds)
    if kinds and all(pa.types.is_integer(k) or pa.types.is_floating(k) for k in kinds):
        return pa.float64()
    return pa.string()


def _text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _triples(rows: list[tuple[str, str, str]], one: str, other: str) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    names = (one, other, "qualifier")
    return pa.table({n: pa.array([v or "" for v in c], pa.string()) for n, c in zip(names, columns, strict=True)})


def _no_changes() -> pa.Table:
    text = pa.array([], pa.string())
    return pa.table({"object_id": text, "field": text, "time": pa.array([], pa.timestamp("us")), "value": text})


def _kind(kind: pa.DataType) -> str:
    """Return the declared type of a column."""
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "float"
    return "time" if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else "string"


class _Clock:
    """Writes stamps with the offset that the log has, if it has one for all of them."""

    def __init__(self, provenance: Provenance) -> None:
        self._suffix = ""
        if len(provenance.offsets) == 1:
            self._suffix = provenance.offsets[0].replace("+00:00", "Z")
        elif not provenance.offsets and provenance.timezone:
            zone = ZoneInfo(provenance.timezone)
            # A zone whose offset never changed in these years needs no look at every stamp.
            shifts = {
                pd.Timestamp(year=y, month=m, day=1, tz=zone).utcoffset() for y in range(1992, 2100) for m in (1, 7)
            }
            if len(shifts) == 1:
                self._suffix = pd.Timestamp("2020-01-01", tz=zone).isoformat()[19:]

    def written(self, values: pa.ChunkedArray) -> list[str | None]:
        """Return stamps as text; microseconds only where there are any."""
        stamps = values.cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
        whole = (stamps.view("i8") % 1_000_000 == 0) | np.isnat(stamps)
        text = np.datetime_as_string(stamps, unit="s" if whole.all() else "us")
        return [
            None if missing else t + self._suffix for t, missing in zip(text.tolist(), np.isnat(stamps), strict=True)
        ]


class _Attributes:
    """Columns of a table as named values of every row, and the types they are declared with."""

    def __init__(self, table: pa.Table, own: tuple[str, ...], kind_column: str, log: ObjectLog, clock: _Clock) -> None:
        hidden = set(log.provenance.pseudonymised)
        self.names = {c: marked(c, hidden) for c in table.column_names if c not in own}
        self.kinds = {c: _kind(table.schema.field(c).type) for c in self.names}
        self._values = {
            c: clock.written(table[c]) if self.kinds[c] == "time" else _text(table[c]).to_pylist() for c in self.names
        }
        types = np.array(table[kind_column].to_pylist(), object)
        self.declared: dict[str, list[str]] = {kind: [] for kind in dict.fromkeys(types.tolist())}
        for c in self.names:
            known = pc.is_valid(table[c]).to_numpy() if len(table) else np.zeros(0, bool)
            for kind in dict.fromkeys(types[known].tolist()):
                self.declared[kind].append(c)

    def of(self, row: int, kind: str) -> Iterator[tuple[str, Any]]:
        for c in self.declared[kind]:
            value = self._values[c][row]
            if value is not None and not (isinstance(value, float) and np.isnan(value)):
                yield c, value


def _written_value(value: str | None, kind: str) -> Any:
    """Return a changed value, kept as text, as its declared type."""
    if value is None or kind not in ("integer", "float", "boolean"):
        return value
    if kind == "boolean":
        return value == "true"
    return int(value) if kind == "integer" else float(value)


def _history(log: ObjectLog, clock: _Clock) -> dict[str, list[tuple[str, str, str | None]]]:
    """Return by object the values that have a time: (attribute, time, value)."""
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    times = [
        f"{BEFORE_TIME}Z" if t is not None and t.startswith(BEFORE_TIME) else t or f"{BEFORE_TIME}Z"
        for t in clock.written(log.changes["time"])
    ]
    rows = zip(
        log.changes["object_id"].to_pylist(), log.changes["field"].to_pylist(), times,
        log.changes["value"].to_pylist(), strict=True,
    )  # fmt: skip
    for name, column, time, value in rows:
        found.setdefault(name, []).append((column, time, value))
    return found


def _coded(log: ObjectLog) -> set[str]:
    """Return the types of objects whose ids are pseudonyms."""
    if "object_id" not in log.provenance.pseudonymised:
        return set()
    return {kind for kind in log.object_types if people_of(kind)}


def _write_json(log: ObjectLog, path: Path) -> None:
    clock = _Clock(log.provenance)
    events = _Attributes(log.events, ("event_id", "activity", "end"), "activity", log, clock)
    objects = _Attributes(log.objects, ("object_id", "object_type"), "object_type", log, clock)
    coded = _coded(log)
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write("{\n")
        _list(out, "eventTypes", ({"name": k, "attributes": _declared(events, k)} for k in events.declared))
        _list(out, "objectTypes", (
            {"name": k, "attributes": _declared(objects, k)
             + ([{"name": PSEUDONYMOUS, "type": "boolean"}] if k in coded else [])}
            for k in objects.declared
        ))  # fmt: skip
        _list(out, "objects", _json_objects(log, objects, coded, clock))
        _list(out, "events", _json_events(log, events, clock), last=True)
        out.write("}\n")


def _list(out: TextIO, key: str, items: Iterable[Mapping[str, Any]], *, last: bool = False) -> None:
    """Write a list item by item: the whole is never held as one text."""
    out.write(f'"{key}": [')
    for number, item in enumerate(items):
        out.write(",\n" if number else "\n")
        out.write(json.dumps(item, ensure_ascii=False, allow_nan=False))
    out.write("\n]\n" if last else "\n],\n")


def _declared(attributes: _Attributes, kind: str) -> list[dict[str, str]]:
    return [{"name": attributes.names[c], "type": attributes.kinds[c]} for c in attributes.declared[kind]]


def _grouped(table: pa.Table, key: str, other: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    rows = zip(table[key].to_pylist(), table[other].to_pylist(), table["qualifier"].to_pylist(), strict=True)
    for one, target, qualifier in rows:
        found.setdefault(one, []).append({"objectId": target, "qualifier": qualifier or ""})
    return found


def _json_objects(log: ObjectLog, attributes: _Attributes, coded: set[str], clock: _Clock) -> Iterator[dict[str, Any]]:
    history = _history(log, clock)
    links = _grouped(log.object_relations, "source_id", "target_id")
    always = f"{BEFORE_TIME}Z"
    names, types = log.objects["object_id"].to_pylist(), log.objects["object_type"].to_pylist()
    for row, (name, kind) in enumerate(zip(names, types, strict=True)):
        past = history.get(name, [])
        timed = {column for column, _time, _value in past}
        values = [
            {"name": attributes.names[c], "time": always, "value": v}
            for c, v in attributes.of(row, kind)
            if c not in timed
        ]
        values += [
            {"name": attributes.names[c], "time": time, "value": _written_value(value, attributes.kinds[c])}
            for c, time, value in past
        ]
        if kind in coded:
            values.append({"name": PSEUDONYMOUS, "time": always, "value": True})
        yield {"id": name, "type": kind, "attributes": values, "relationships": links.get(name, [])}


def _json_events(log: ObjectLog, attributes: _Attributes, clock: _Clock) -> Iterator[dict[str, Any]]:
    links = _grouped(log.relations, "event_id", "object_id")
    rows = zip(
        log.events["event_id"].to_pylist(), _text(log.events["activity"]).to_pylist(),
        clock.written(log.events["end"]), strict=True,
    )  # fmt: skip
    for row, (name, kind, time) in enumerate(rows):
        values = [{"name": attributes.names[c], "value": v} for c, v in attributes.of(row, kind)]
        yield {"id": name, "type": kind, "time": time, "attributes": values, "relationships": links.get(name, [])}


_COLUMN = {"string": "TEXT", "integer": "INTEGER", "float": "REAL", "boolean": "BOOLEAN", "time": "TIMESTAMP"}


def _write_sqlite(log: ObjectLog, path: Path) -> None:
    clock = _Clock(log.provenance)
    events = _Attributes(log.events, ("event_id", "activity", "end"), "activity", log, clock)
    objects = _Attributes(log.objects, ("object_id", "object_type"), "object_type", log, clock)
    try:
        with closing(sqlite3.connect(path)) as out, out:
            _tables(out, log)
            _event_tables(out, log, events, clock)
            _object_tables(out, log, objects, clock)
    except sqlite3.Error as error:
        raise InputError(_("'{file}' cannot be written: {reason}.", file=path.name, reason=error)) from error


def _tables(out: sqlite3.Connection, log: ObjectLog) -> None:
    """Make and fill the tables that every OCEL database has (specification, section 4)."""
    for statement in (
        "CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT)",
        "CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT)",
        "CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT)",
        "CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT)",
        "CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT)",
        "CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT)",
    ):
        out.execute(statement)
    for table, source, columns in (
        ("event", log.events, ("event_id", "activity")),
        ("object", log.objects, ("object_id", "object_type")),
        ("event_object", log.relations, ("event_id", "object_id", "qualifier")),
        ("object_object", log.object_relations, ("source_id", "target_id", "qualifier")),
    ):
        marks = ", ".join("?" * len(columns))
        out.executemany(
            f"INSERT INTO {table} VALUES ({marks})",
            zip(*(_text(source[c]).to_pylist() for c in columns), strict=True),
        )


def _type_table(
    out: sqlite3.Connection, what: str, kind: str, attributes: _Attributes, taken: set[str], extra: tuple[str, ...]
) -> tuple[str, list[str]]:
    """Make the table of a type of events or objects; return its quoted name and its attributes."""
    short = re.sub(r"\W+", "", kind) or "type"
    name, number = short, 1
    while name.casefold() in taken:
        number += 1
        name = f"{short}_{number}"
    taken.add(name.casefold())
    out.execute(f"INSERT INTO {what}_map_type VALUES (?, ?)", (kind, name))
    columns = attributes.declared[kind]
    headers = [attributes.names[c] for c in columns]
    folded = [h.casefold() for h in headers]
    again = next((h for h in headers if folded.count(h.casefold()) > 1), None)
    if again is not None:
        raise InputError(
            _("two attributes of '{type}' are called '{name}', which SQLite cannot tell apart.", type=kind, name=again),
            hint=_("write JSON instead."),
        )
    quoted = f'"{what}_{name}"'
    parts = [f"{_quoted(h)} {_COLUMN[attributes.kinds[c]]}" for h, c in zip(headers, columns, strict=True)]
    out.execute(f"CREATE TABLE {quoted} ({', '.join(['ocel_id TEXT', 'ocel_time TIMESTAMP', *extra, *parts])})")
    return quoted, columns


def _event_tables(out: sqlite3.Connection, log: ObjectLog, attributes: _Attributes, clock: _Clock) -> None:
    taken: set[str] = set()
    tables = {kind: _type_table(out, "event", kind, attributes, taken, ()) for kind in attributes.declared}
    rows = zip(
        log.events["event_id"].to_pylist(), _text(log.events["activity"]).to_pylist(),
        clock.written(log.events["end"]), strict=True,
    )  # fmt: skip
    for row, (name, kind, time) in enumerate(rows):
        table, columns = tables[kind]
        held = dict(attributes.of(row, kind))
        marks = ", ".join("?" * (2 + len(columns)))
        out.execute(f"INSERT INTO {table} VALUES ({marks})", (name, time, *(held.get(c) for c in columns)))


def _object_tables(out: sqlite3.Connection, log: ObjectLog, attributes: _Attributes, clock: _Clock) -> None:
    taken: set[str] = set()
    coded = _coded(log)
    always = BEFORE_TIME.replace("T", " ")
    extra = {
        k: ("ocel_changed_field TEXT", *([f"{PSEUDONYMOUS} BOOLEAN"] if k in coded else []))
        for k in attributes.declared
    }
    tables = {k: _type_table(out, "object", k, attributes, taken, extra[k]) for k in attributes.declared}
    history = _history(log, clock)
    names, types = log.objects["object_id"].to_pylist(), log.objects["object_type"].to_pylist()
    for row, (name, kind) in enumerate(zip(names, types, strict=True)):
        table, columns = tables[kind]
        flag = (True,) if kind in coded else ()
        past = history.get(name, [])
        timed = {column for column, _time, _value in past}
        held = {c: v for c, v in attributes.of(row, kind) if c not in timed}
        marks = ", ".join("?" * (3 + len(flag) + len(columns)))
        insert = f"INSERT INTO {table} VALUES ({marks})"
        out.execute(insert, (name, always, None, *flag, *(held.get(c) for c in columns)))
        for column, time, value in past:
            changed = _written_value(value, attributes.kinds[column])
            out.execute(
                insert,
                (
                    name,
                    time,
                    attributes.names[column],
                    *(None for _flag in flag),
                    *(changed if c == column else None for c in columns),
                ),
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
