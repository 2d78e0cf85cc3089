"""Read an event log from XES (IEEE 1849), plain or ``.gz``: quickly where it is written in the plain way, else strictly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from flowaudit.errors import InputError
from flowaudit.eventlog.assemble import Raw, Reading, side_table, to_log
from flowaudit.eventlog.coded import Coded, coded
from flowaudit.eventlog.flat import marked
from flowaudit.eventlog.headers import CASE_COLUMNS, recognise
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, resolve_columns
from flowaudit.eventlog.options import options
from flowaudit.eventlog.source import existing, sha256
from flowaudit.eventlog.xes_content import Content
from flowaudit.eventlog.xes_document import XES_KEYS, lines_of, read_document
from flowaudit.eventlog.xes_scan import scan_xes
from flowaudit.messages import both
from flowaudit.messages import translate as _

_EVENT_WANTED = (
    "case_id", "activity", "department", "resource", "role", "end", "lifecycle", "event_id", "stage", "office", "level",
    "item_code", "arrive", "start", "result", "opinion", "visit_id", "is_auto",
)  # fmt: skip
# Starting the quick way (and compiling it, the first time) takes longer than parsing a file of so many bytes.
_SMALL, _SMALL_PACKED = 1 << 22, 1 << 18
_NAME, _CASE = "concept:name", "case:concept:name"


def read_xes(
    path: str | Path,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> EventLog:
    """Read an XES log.

    The case is the trace's ``concept:name``, the activity the event's, the department ``org:group`` or else
    ``org:role``. Attributes of traces become the table ``cases``. If there are both ``start`` and ``complete``
    transitions they are paired, first in, first out; else the stamp is the end and there is no start.

    Parameters
    ----------
    path, mapping, salt, keep_text, **columns
        As in :func:`flowaudit.eventlog.read_csv`; a header is an attribute's key, ``case:KEY`` a trace's.

    Raises
    ------
    InputError
        If the file is missing, cut off, not XES, declares a document type or an entity, holds a value that has not
        the type it was declared with, or lacks what a log needs.

    Notes
    -----
    Nested attributes, lists, globals and classifiers are not read; the first two are counted in the provenance.
    A document written in the plain way is read byte by byte (:mod:`flowaudit.eventlog.xes_scan`), any other by a
    parser; both give the same.
    """
    path = existing(path)
    opts = options(mapping, salt, keep_text, columns)
    found, digest = _content(path, opts.mapping.timezone)
    reading = Reading(path.name, opts, {path.name: digest}, offsets=set(found.offsets))
    _tell(found, reading)
    events, traces, trace = found.events, found.traces, found.trace_of
    if found.pseudonymous:
        # A header that the mapping names is left to it.
        hidden = [c for c in found.pseudonymous if c not in opts.mapping.columns]
        events = _marked(events, {XES_KEYS.get(c, c): c for c in hidden} | {c: c for c in hidden})
        traces = _marked(traces, {c: c for c in hidden})
    del found
    if not len(trace):
        raise InputError(
            _("'{file}' holds no event inside a trace.", file=path.name), hint=_("check that the export is complete.")
        )
    names = _case_names(traces, trace, reading)
    if _NAME in traces.column_names:
        traces = traces.drop_columns([_NAME])
    attributes = list(traces.column_names)
    # An event may carry such a key too; its namesake steps aside.
    events = events.rename_columns(_aside(events.column_names, _CASE))
    events = events.add_column(0, _CASE, Coded(names.codes[trace], names.labels).array())
    # What the mapping says of trace attributes concerns the table of cases only.
    of_case = {
        column: header.removeprefix("case:")
        for column, header in opts.mapping.columns.items()
        if column in CASE_COLUMNS and header.removeprefix("case:") in attributes
    }
    said = {column: header for column, header in opts.mapping.columns.items() if column not in of_case}
    events = _with_attributes(events, traces, trace, (*said.values(), *opts.mapping.department_from))
    own = opts.mapping.model_copy(update={"columns": said})
    resolved = resolve_columns(events.column_names, own, file=path.name, wanted=_EVENT_WANTED)
    of_case |= recognise(attributes, wanted=[c for c in CASE_COLUMNS if c not in of_case], taken=of_case.values())
    tables = {}
    if attributes:
        officers = events[resolved["resource"]] if "resource" in resolved else None
        table = side_table(_raw_cases(path, traces, names), reading, of_case, officers)
        tables["cases"] = table[["case_id", *table.columns.drop("case_id")]]
    del traces
    raw = Raw(events, path.name, lambda rows: lines_of(path, "event", rows))
    del events
    return to_log(raw, resolved, reading, tables=tables)


def _content(path: Path, timezone: str | None) -> tuple[Content, str]:
    """Return what a file holds, and its digest."""
    size = path.stat().st_size if path.is_file() else 0
    if size >= (_SMALL_PACKED if path.name.casefold().endswith(".gz") else _SMALL):
        digest: list[str] = []
        found = scan_xes(path, timezone=timezone, digest=digest)
        if found is not None:
            return found, digest[0]
    return read_document(path, timezone=timezone), sha256(path)


def _tell(found: Content, reading: Reading) -> None:
    """Note what of a file is not read, and what is odd about its times."""
    if found.nested:
        reading.notes.append(both("{n} nested attributes not read", n=found.nested))
    if found.loose:
        reading.problem("events_outside_traces", found.loose)
    for where, (local, dates) in found.local.items():
        reading.problem("mixed_zones", local, dates, sorted(found.offsets), column=where.split(" ", 1)[1])


def _case_names(traces: pa.Table, trace: object, reading: Reading) -> Coded:
    """Return the name of every trace; a trace is a case even when nobody gave it a name."""
    n = len(traces)
    nobody = Coded(np.full(n, -1, np.int32), pa.array([], pa.string()))
    names = coded(traces[_NAME]) if _NAME in traces.column_names else nobody
    unnamed = np.flatnonzero(names.codes < 0)
    if len(unnamed):
        given = Coded(np.full(n, -1, np.int32), pa.array([f"trace {i + 1}" for i in unnamed], pa.string()))
        given.codes[unnamed] = np.arange(len(unnamed), dtype=np.int32)
        reading.problem("unnamed_traces", len(unnamed), n, given.labels.slice(0, 5).to_pylist())
        names = names.where(names.codes >= 0, given)
    first = names.first_rows()
    again = np.flatnonzero(first[names.codes] != np.arange(n))
    if len(again):
        reading.problem("traces_of_one_name", len(again), n, names.cells(again[:1_000]))
    empty = np.flatnonzero(np.bincount(np.asarray(trace), minlength=n) == 0)
    if len(empty):
        reading.problem("cases_without_events", len(empty), n, names.cells(empty[:5]))
    return names


def _with_attributes(events: pa.Table, traces: pa.Table, trace: object, wanted: Collection[str]) -> pa.Table:
    """Return the events with those attributes of their trace that are wanted of them, as ``case:KEY``."""
    for key in traces.column_names:
        header = f"case:{key}"
        if header in wanted:
            values = traces[key].take(pa.array(trace))
            at = events.column_names.index(header) if header in events.column_names else None
            events = events.append_column(header, values) if at is None else events.set_column(at, header, values)
    return events


def _raw_cases(path: Path, traces: pa.Table, names: Coded) -> Raw:
    """Return the table of cases as the file writes it; of traces with one name the first counts."""
    first = names.first_rows()
    first = np.sort(first[first < len(names)])
    cases = traces.rename_columns(_aside(traces.column_names, "case_id"))
    cases = cases.add_column(0, "case_id", names.array()).take(pa.array(first))
    return Raw(cases, path.name, lambda rows: lines_of(path, "trace", [int(first[r]) for r in rows]))


def _aside(headers: list[str], name: str) -> list[str]:
    """Return headers of which none is the given name."""
    free = name
    while free in headers:
        free += "_raw"
    return [free if header == name else header for header in headers]


def _marked(table: pa.Table, column_of: Mapping[str, str]) -> pa.Table:
    """Return a table of our own writer whose columns of pseudonyms say so in their headers."""
    headers = [marked(column_of[key], column_of.values()) if key in column_of else key for key in table.column_names]
    return table.rename_columns(headers) if len(set(headers)) == len(headers) else table
