"""Read object-centric logs (OCEL 2.0: JSON, XML, SQLite), keep them object-centric, and flatten them on request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import InputError, UsageError, nearest
from flowaudit.eventlog.assemble import UNTOUCHED, Raw, Reading, side_table, to_log
from flowaudit.eventlog.build import from_table
from flowaudit.eventlog.coded import frame_of
from flowaudit.eventlog.dates import demand_good, harmless, parse_stamps
from flowaudit.eventlog.headers import CASE_COLUMNS, EVENT_COLUMNS, recognise
from flowaudit.eventlog.log import EventLog, Provenance
from flowaudit.eventlog.mapping import ColumnMapping, resolve_columns
from flowaudit.eventlog.ocel_parse import Document, Kind, Value, parse
from flowaudit.eventlog.ocel_people import people_of
from flowaudit.eventlog.options import options
from flowaudit.eventlog.privacy import PSEUDONYM, protect
from flowaudit.eventlog.source import existing, sha256
from flowaudit.messages import both
from flowaudit.messages import translate as _

EVENT, TYPE, TIME, OBJECT = "ocel:eid", "ocel:activity", "ocel:timestamp", "ocel:oid"
PSEUDONYMOUS = "pseudonymous"
"""Attribute by which a written log says that an object's id is a pseudonym."""
END_MISSING = "end_missing"
"""Attribute by which a written log says that the time of an event is its start and its end is not known."""
TABLE_OF = {
    "bundle": "bundles", "material": "material_instances", "visit": "visits", "special_episode": "special_episodes",
    "rating": "ratings",
}  # fmt: skip
"""Object types that come back as side tables (domain names of this project)."""
BEFORE_TIME = "1970-01-01T00:00:00"
"""Stamp of an object's attribute that holds from the beginning (OCEL 2.0)."""

_NAME_OF_PERSON = re.compile(r"name|mail|address|birth|phone|姓名|名称|地址|邮箱|电话|生日", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class ObjectLog:
    """What happened, to several objects at once: nothing is multiplied by being shared.

    Attributes
    ----------
    events : pa.Table
        One row per event in the order of the file: ``event_id, activity, end`` and attributes under their canonical
        names where they have one (``resource``, ``department``, ``start`` ...).
    objects : pa.Table
        One row per object: ``object_id, object_type`` and attributes; of one that changes, the first value.
    relations : pa.Table
        ``event_id, object_id, qualifier``: which event touched which object, and in what part.
    object_relations : pa.Table
        ``source_id, target_id, qualifier``.
    changes : pa.Table
        ``object_id, field, time, value`` (value as text): every value of those attributes that have a time.
    provenance : Provenance
    """

    events: pa.Table
    objects: pa.Table
    relations: pa.Table
    object_relations: pa.Table
    changes: pa.Table
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def n_events(self) -> int:
        return len(self.events)

    @property
    def n_objects(self) -> int:
        return len(self.objects)

    @property
    def object_types(self) -> dict[str, int]:
        """Types of objects and how many there are of each, the most frequent first."""
        return dict(Counter(self.objects["object_type"].to_pylist()).most_common())

    def __repr__(self) -> str:
        types = ", ".join(f"{name}: {n}" for name, n in self.object_types.items())
        return f"ObjectLog({self.provenance.source!r}, {self.n_events} events, {self.n_objects} objects ({types}))"


def read_ocel(
    path: str | Path,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> ObjectLog:
    """Read an OCEL 2.0 log: ``.jsonocel`` or ``.json`` (also ``.gz``), ``.xmlocel`` or ``.xml`` (also ``.gz``), ``.sqlite``.

    Parameters
    ----------
    path, mapping, salt, keep_text, **columns
        As in :func:`flowaudit.eventlog.read_csv`; a header is the name of an event's attribute.

    Returns
    -------
    ObjectLog
        Pseudonymised: ids of objects whose type names people (applicants, customers; officers, employees) are keyed
        hashes and codes, in every table.

    Raises
    ------
    InputError
        If the file is missing or damaged, is OCEL 1.0 or nothing of the kind, declares a document type (XML), has
        two events or objects of one id, an event without type or time, a relation to an object that is not there,
        or a value that is not of its declared type.

    References
    ----------
    Berti, Koren, Adams, Park, Knopp, Graves, Rafiei, Liß, Unterberg, Zhang, Schwanen, Pegoraro, van der Aalst.
    *OCEL (Object-Centric Event Log) 2.0 Specification*, 2024, arXiv:2403.01975.
    """
    path = existing(path)
    opts = options(mapping, salt, keep_text, columns)
    document = parse(path)
    reading = Reading(path.name, opts, {path.name: sha256(path)})
    people = {kind: people_of(kind) for kind in set(document.object_types)}
    ids = pd.Series(document.object_ids, dtype="object")
    # Objects whose id is a pseudonym already, as our own writer says.
    coded = document.object_values.pop(PSEUDONYMOUS, {})
    of_people = pd.Series(
        [None if row in coded else people[k] for row, k in enumerate(document.object_types)], dtype="object"
    )
    for who, rename in (("applicant", opts.hidden.applicants), ("officer", opts.hidden.officers)):
        here = of_people == who
        if here.any():
            ids[here] = rename(ids[here].astype("str")).astype("object")
            reading.pseudonymised.append("object_id")
    if coded:
        reading.pseudonymised.append("object_id")
    again = ids[ids.duplicated()]
    if len(again):
        raise InputError(
            _("'{file}': two people get the same pseudonym.", file=path.name), hint=_("read it with another salt.")
        )
    new_id = ids.to_numpy()
    zone = _zone_of_events(document, reading)
    objects, renamed = _objects(document, new_id, of_people, reading, zone)
    changes = _changes(document, new_id, of_people, renamed, reading, zone)
    # The events come last: with them the reading is over and its provenance is written.
    events, provenance = _events(document, reading)
    event_ids = np.asarray(document.event_ids, object)
    return ObjectLog(
        events=events,
        objects=objects,
        relations=pa.table({
            "event_id": pa.array(event_ids[document.relation_event], pa.string()),
            "object_id": pa.array(new_id[document.relation_object], pa.string()),
            "qualifier": pa.array(document.relation_qualifier, pa.string()),
        }),
        object_relations=pa.table({
            "source_id": pa.array(new_id[document.link_source], pa.string()),
            "target_id": pa.array(new_id[document.link_target], pa.string()),
            "qualifier": pa.array(document.link_qualifier, pa.string()),
        }),
        changes=changes,
        provenance=provenance,
    )  # fmt: skip


def flatten(ocel: ObjectLog, object_type: str) -> EventLog:
    """Return the log as the objects of one type saw it: each of them a case.

    Parameters
    ----------
    ocel : ObjectLog
    object_type : str

    Returns
    -------
    EventLog
        One row per event and object of the type. An event of several such objects stands on several rows with the
        same ``event_id`` and ``shared`` true: counts go by ``event_id``, so it counts once. Column ``qualifier`` says
        in what part the object took part (several parts joined by ``|``). Attributes of the objects are the table
        ``cases``; all relations of the events kept are the table ``e2o``, where they
        say more than which events a case has; objects of the types ``bundle``,
        ``material``, ``visit``, ``special_episode`` and ``rating`` become their side tables.

    Raises
    ------
    UsageError
        If there is no object of this type; the types are listed with their counts.

    Notes
    -----
    Events that touch no object of the type are left out; how many is noted.
    """
    demand_type(ocel.object_types, object_type, ocel.provenance.source)
    kinds = dict(zip(ocel.objects["object_id"].to_pylist(), ocel.objects["object_type"].to_pylist(), strict=True))
    links = ocel.relations.to_pandas()
    links["object_type"] = links["object_id"].map(kinds)
    mine = links[links["object_type"] == object_type]
    parts = _parts(mine)
    owners = parts["event_id"].map(parts["event_id"].value_counts())
    place = pd.Series(np.arange(ocel.n_events), index=ocel.events["event_id"].to_pylist())
    rows = place.reindex(parts["event_id"]).to_numpy()
    # Cases in the order of the objects: a case-centric log that was written as OCEL comes back in its own order.
    position = pd.Series(np.arange(ocel.n_objects), index=ocel.objects["object_id"].to_pylist())
    order = np.lexsort((rows, position.reindex(parts["object_id"]).to_numpy()))
    parts, owners, rows = parts.iloc[order], owners.iloc[order], rows[order]
    taken = ocel.events.take(pa.array(rows, pa.int64()))
    is_shared = owners.to_numpy() > 1
    work: dict[str, Any] = {"case_id": pa.array(parts["object_id"], pa.string())}
    work |= dict(zip(taken.column_names, taken.columns, strict=True))
    work["qualifier"] = pa.array(parts["qualifier"], pa.string(), from_pandas=True)
    work["shared"] = pa.array(is_shared)
    _take_back_end(work)
    tables = _side_tables(ocel, object_type, kinds)
    kept = links[links["event_id"].isin(set(parts["event_id"]))]
    # Where events touch nothing but the cases, and in no particular part, the events themselves say it all.
    if (kept["object_type"] != object_type).any() or kept["qualifier"].fillna("").ne("").any():
        tables["e2o"] = kept[["event_id", "object_type", "object_id", "qualifier"]].reset_index(drop=True)
    problems = list(ocel.provenance.problems)
    notes = [*ocel.provenance.notes, both("flattened on the object type '{type}'", type=object_type)]
    left_out = ocel.n_events - parts["event_id"].nunique()
    if left_out:
        notes.append(both("{n} events that touch no object of this type left out", n=left_out))
    shared = int(parts.loc[is_shared, "event_id"].nunique())
    if shared:
        notes.append(both("{n} events are shared by several cases and count once", n=shared))
    present = set(parts["object_id"])
    without = [o for o, kind in kinds.items() if kind == object_type and o not in present]
    if without:
        n_cases = ocel.object_types[object_type]
        problems.append({
            "check": "cases_without_events", "rows": len(without), "share": len(without) / n_cases,
            "examples": without[:5],
        })  # fmt: skip
    provenance = replace(ocel.provenance, notes=tuple(notes), problems=tuple(problems))
    return from_table(work, tables=tables, provenance=provenance)


def _parts(links: pd.DataFrame) -> pd.DataFrame:
    """Return every pair of event and object once, the qualifiers of several relations joined (missing where none)."""
    pair = ["event_id", "object_id"]
    links = links[[*pair, "qualifier"]].fillna({"qualifier": ""}).drop_duplicates()
    several = links.duplicated(pair, keep=False)
    joined = links[several].groupby(pair, sort=False)["qualifier"].agg(lambda q: "|".join(filter(None, q)))
    found = pd.concat([links[~several], joined.reset_index()], ignore_index=True)
    found.loc[found["qualifier"] == "", "qualifier"] = None
    return found


def demand_type(types: Mapping[str, int], wanted: str | None, file: str) -> None:
    """Raise UsageError unless a type of objects is named and exists."""
    if wanted in types:
        return
    listed = ", ".join(f"'{name}' ({n})" for name, n in types.items())
    if wanted is None:
        first = next(iter(types), "")
        raise UsageError(
            _("'{file}' is object-centric; say which objects are the cases: {types}.", file=file, types=listed),
            hint=_("read_log(path, object_type='{type}'), or --object-type.", type=first),
        )
    near = nearest(wanted, types, n=1)
    raise UsageError(
        _("'{file}' has no objects of type '{type}'; found {types}.", file=file, type=wanted, types=listed),
        hint=_("did you mean '{near}'?", near=near[0]) if near else None,
    )


def _zone_of_events(document: Document, reading: Reading) -> str | None:
    """Return the zone in which the events' wall clock is read; stamps of objects are brought to it.

    Without a zone every stamp keeps the wall clock written; but a file that writes events in one offset and its
    objects in another means the same moments, and they must stay comparable.
    """
    given = reading.options.mapping.timezone
    if given is not None:
        return given
    offsets = parse_stamps(pa.array(document.event_times, pa.string())).offsets
    if len(offsets) != 1 or not offsets[0].endswith(":00"):
        return None
    hours = int(offsets[0][:3])
    # POSIX counts westwards.
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def _moments(
    text: list[str | None], file: str, name: str, lines: list[int], reading: Reading, zone: str | None
) -> npt.NDArray[np.datetime64]:
    """Return stamps of a file as wall clock of a zone."""
    mapping = reading.options.mapping
    stamps = parse_stamps(
        pa.array(text, pa.string()), timezone=zone, date_format=mapping.date_format, missing=mapping.missing_times
    )
    demand_good(stamps, text, file=file, column=name, lines=lambda bad: [lines[b] for b in bad])
    if zone is None or zone == mapping.timezone:
        reading.offsets.update(stamps.offsets)
    return stamps.values


def _typed(
    values: Mapping[int, Value],
    n: int,
    kinds: set[Kind],
    name: str,
    file: str,
    lines: list[int],
    reading: Reading,
    zone: str | None,
) -> pa.Array:
    """Return an attribute as a column of its declared type; a value of another type stops the reading."""
    kind: Kind = kinds.copy().pop() if len(kinds) == 1 else "float" if kinds == {"integer", "float"} else "string"
    cells: list[Any] = [None] * n
    # Nothing between quotes is a text, but no number and no time.
    rows = [r for r, v in values.items() if kind == "string" or not isinstance(v, str) or v.strip()]
    if kind == "time":
        text = [None if values[r] is None else str(values[r]) for r in rows]
        out = np.full(n, np.datetime64("NaT", "us"))
        out[rows] = _moments(text, file, name, [lines[r] for r in rows], reading, zone)
        return pa.array(out, pa.timestamp("us"), from_pandas=True)
    for row in rows:
        try:
            cells[row] = _cell(values[row], kind)
        except (ValueError, OverflowError) as error:
            raise InputError(
                _(
                    "'{file}', line {line}, attribute '{name}': '{value}' is not of its declared type, {type}.",
                    file=file, line=lines[row], name=name, value=harmless(str(values[row])), type=kind,
                ),
                hint=_("correct the value, or declare the attribute as a string."),
            ) from error  # fmt: skip
    return pa.array(
        cells, {"string": pa.string(), "integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_()}[kind]
    )


def _cell(value: Value, kind: Kind) -> Value:
    if value is None:
        return None
    if kind == "string":
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)
    if kind == "boolean":
        found = {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().casefold())
        if found is None:
            raise ValueError
        return found
    if isinstance(value, bool):
        raise ValueError
    if kind == "integer":
        number = int(value) if not isinstance(value, float) else int(value) if value.is_integer() else None
        if number is None or not -(2**63) <= number < 2**63:
            raise ValueError
        return number
    return float(value)


def _events(document: Document, reading: Reading) -> tuple[pa.Table, Provenance]:
    """Return the events: each goes through the door of every log, as a case of its own."""
    n = len(document.event_ids)
    if not n:
        raise InputError(
            _("'{file}' holds no event.", file=document.file), hint=_("check that the export is complete.")
        )
    fields: dict[str, Any] = {
        EVENT: pa.array(document.event_ids, pa.string()),
        TYPE: pa.array(document.event_types, pa.string()),
        TIME: pa.array(document.event_times, pa.string()),
    }
    for name, values in document.event_values.items():
        kinds = document.event_kinds.get(name, {"string"})
        fields[name] = _typed(
            values, n, kinds, name, document.file, document.event_lines, reading, reading.options.mapping.timezone
        )
    raw = Raw(pa.table(fields), document.file, lambda rows: [document.event_lines[r] for r in rows])
    given = {"case_id": EVENT, "activity": TYPE, "end": TIME}
    own = reading.options.mapping.model_copy(
        update={"columns": {**reading.options.mapping.columns, **given}, "lifecycle": "ignore"}
    )
    inner = replace(reading, options=replace(reading.options, mapping=own))
    wanted = [c for c in EVENT_COLUMNS if c not in (*given, "event_id")]
    log = to_log(raw, resolve_columns(fields, own, file=document.file, wanted=wanted), inner)
    others = [c for c in log.events.column_names if c != "case_id"]
    table = log.events.select(others).add_column(0, "event_id", log.events["case_id"].cast(pa.string()))
    about = log.table("cases")
    if about is not None:
        # What describes an item stands with the event as well.
        for column in about.columns.difference([*table.column_names, "case_id"], sort=False):
            table = table.append_column(str(column), pa.Array.from_pandas(about[column]))
    mapping = {header: column for header, column in log.provenance.mapping.items() if header not in given.values()}
    return table, replace(log.provenance, mapping=mapping)


def _objects(
    document: Document, ids: Any, of_people: pd.Series, reading: Reading, zone: str | None
) -> tuple[pa.Table, dict[str, str]]:
    """Return the objects with their first values, and how attributes are called there."""
    n = len(ids)
    fields: dict[str, Any] = {
        "object_id": pa.array(ids, pa.string()),
        "object_type": pa.array(document.object_types, pa.string()),
    }
    clash = {"object_id", "object_type", OBJECT}
    names = {name: f"{name}_raw" if name in clash else name for name in document.object_values}
    for name, listed in document.object_values.items():
        first = {row: entries[0][0] for row, entries in listed.items()}
        kinds = document.object_kinds.get(name, {"string"})
        fields[names[name]] = _typed(first, n, kinds, name, document.file, document.object_lines, reading, zone)
    columns = recognise([names[c] for c in document.object_values], wanted=CASE_COLUMNS)
    raw = Raw(pa.table(fields), document.file, lambda rows: [document.object_lines[r] for r in rows])
    frame = side_table(raw, reading, columns)
    renamed = {name: next((c for c, h in columns.items() if h == names[name]), names[name]) for name in names}
    renamed = {name: column for name, column in renamed.items() if column in frame}
    person = of_people.notna().to_numpy(bool)
    marked = {name.removesuffix(PSEUDONYM) for name in names.values() if name.endswith(PSEUDONYM)}
    renamed |= {name: name.removesuffix(PSEUDONYM) for name in names if name.removesuffix(PSEUDONYM) in marked}
    for column in [c for c in frame.columns if person.any() and _NAME_OF_PERSON.search(str(c))]:
        if column == "object_id" or column in marked:
            continue
        values = frame[column].astype("object")
        values[person] = reading.options.hidden.applicants(values[person].astype("string")).astype("object")
        frame[column] = values.astype("str")
        reading.pseudonymised.append(str(column))
    table = pa.table({str(c): _whole(pa.Array.from_pandas(frame[c]), fields.get(str(c))) for c in frame.columns})
    order = ["object_id", "object_type", *(c for c in table.column_names if c not in ("object_id", "object_type"))]
    return table.select(order), renamed


def _whole(values: pa.Array, written: pa.Array | None) -> pa.Array:
    """Return whole numbers again where gaps have made others of them (pandas)."""
    whole = written is not None and pa.types.is_integer(written.type) and pa.types.is_floating(values.type)
    return values.cast(pa.int64()) if whole else values


def _changes(
    document: Document,
    ids: Any,
    of_people: pd.Series,
    renamed: Mapping[str, str],
    reading: Reading,
    zone: str | None,
) -> pa.Table:
    """Return every value of the attributes that have a time, guarded as the attributes are."""
    rows: list[int] = []
    times: list[str] = []
    pieces: list[pd.DataFrame] = []
    for name, listed in document.object_values.items():
        column = renamed.get(name)
        if column is None:
            continue
        timed = [
            (row, when or BEFORE_TIME, value)
            for row, entries in listed.items()
            if len(entries) > 1 or not _from_the_start(entries[0][1])
            for value, when in entries
        ]
        if not timed:
            continue
        at = [r for r, _w, _v in timed]
        hidden = reading.options.hidden
        safe: dict[str, pa.Array] = {column: pa.array([_cell(v, "string") for _r, _w, v in timed], pa.string())}
        done = name.endswith(PSEUDONYM)
        if not done:
            protect(safe, hidden, keep_text=reading.options.keep_text, untouched=UNTOUCHED)
        if column not in safe:
            continue
        values = pd.Series(safe[column].to_pylist(), dtype="object")
        person = of_people.iloc[at].notna().to_numpy(bool)
        if person.any() and _NAME_OF_PERSON.search(column) and not done:
            values[person] = hidden.applicants(values[person]).astype("object")
        pieces.append(pd.DataFrame({"object_id": ids[at], "field": column, "value": values.to_numpy()}))
        rows.extend(at)
        times.extend(w for _r, w, _v in timed)
    if not pieces:
        return pa.table({
            "object_id": pa.array([], pa.string()), "field": pa.array([], pa.string()),
            "time": pa.array([], pa.timestamp("us")), "value": pa.array([], pa.string()),
        })  # fmt: skip
    frame = pd.concat(pieces, ignore_index=True)
    # The beginning of time has no wall clock of its own: its offset is not one of the log's.
    text: list[str | None] = [BEFORE_TIME if _from_the_start(t) else t for t in times]
    stamps = _moments(text, document.file, "time", [document.object_lines[r] for r in rows], reading, zone)
    return pa.table({
        "object_id": pa.array(frame["object_id"], pa.string()),
        "field": pa.array(frame["field"], pa.string()),
        "time": pa.array(stamps, pa.timestamp("us"), from_pandas=True),
        "value": pa.array(frame["value"].where(frame["value"].notna(), None), pa.string()),
    })  # fmt: skip


def _from_the_start(when: str | None) -> bool:
    return when is None or when[:19].replace(" ", "T") == BEFORE_TIME


def _take_back_end(work: dict[str, Any]) -> None:
    """Take back the stamp that stood for a missing end (see ``write_ocel``), in place."""
    if END_MISSING in work and pa.types.is_boolean(work[END_MISSING].type):
        missing = pc.fill_null(work.pop(END_MISSING), False)
        work["end"] = pc.if_else(missing, pa.scalar(None, work["end"].type), work["end"])


def _side_tables(ocel: ObjectLog, object_type: str, kinds: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Return the attributes of the cases and of other domain objects as side tables."""
    tables: dict[str, pd.DataFrame] = {}
    links = ocel.object_relations.to_pandas()
    if object_type == "case":
        for kind, name in TABLE_OF.items():
            found = _attributes(ocel.objects, kind)
            if found is not None:
                tables[name] = found.drop(columns="object_id") if len(found.columns) > 1 else found
    cases = _attributes(ocel.objects, object_type)
    if cases is not None:
        cases = cases.rename(columns={"object_id": "case_id"})
        links["kind"] = links["target_id"].map(kinds)
        owner = links[links["kind"] == "bundle"].drop_duplicates("source_id").set_index("source_id")["target_id"]
        if "bundle_id" not in cases and len(owner) and object_type != "bundle":
            cases["bundle_id"] = cases["case_id"].map(owner)
        if len(cases.columns) > 1:
            tables["cases"] = cases
    return tables


def _attributes(objects: pa.Table, kind: str) -> pd.DataFrame | None:
    """Return the objects of a type with the attributes that any of them has."""
    found = objects.filter(pc.equal(objects["object_type"], kind)).drop_columns("object_type")
    if not len(found):
        return None
    return frame_of({c: found[c] for c in found.column_names if found[c].null_count < len(found)})
