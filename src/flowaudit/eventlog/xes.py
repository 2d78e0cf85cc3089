"""Read an event log from XES (IEEE 1849), plain or ``.gz``, in one pass and without trusting the document."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

import numpy as np
import pandas as pd

from flowaudit.errors import InputError
from flowaudit.eventlog.assemble import Raw, Reading, side_table, to_log
from flowaudit.eventlog.dates import demand_good, parse_stamps
from flowaudit.eventlog.headers import CASE_COLUMNS, recognise
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, resolve_columns
from flowaudit.eventlog.options import options
from flowaudit.eventlog.source import existing, sha256, unpacked
from flowaudit.messages import both
from flowaudit.messages import translate as _

_CHUNK = 1 << 20
_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})
_NESTED = frozenset({"list", "container", "values"})


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
        If the file is missing, cut off, not XES, declares a document type or an entity, or lacks what a log needs.

    Notes
    -----
    Nested attributes, lists, globals and classifiers are not read; the first two are counted in the provenance.
    """
    path = existing(path)
    opts = options(mapping, salt, keep_text, columns)
    found = _Document(path.name)
    found.read(path)
    reading = Reading(path.name, opts, {path.name: sha256(path)})
    if found.nested:
        reading.notes.append(both("{n} nested attributes not read", n=found.nested))
    if found.loose:
        reading.problem("events_outside_traces", found.loose)
    events = found.events.frame()
    traces = found.traces.frame()
    at_event = Raw(events, path.name, lambda rows: [found.events.line[r] for r in rows])
    at_trace = Raw(traces, path.name, lambda rows: [found.traces.line[r] for r in rows])
    found.events.type_columns(at_event, reading)
    found.traces.type_columns(at_trace, reading)
    if events.empty:
        raise InputError(
            _("'{file}' holds no event inside a trace.", file=path.name), hint=_("check that the export is complete.")
        )

    trace = np.frombuffer(found.trace_of, np.int64)
    names = (
        traces["concept:name"].astype("object")
        if "concept:name" in traces
        else pd.Series(None, index=traces.index, dtype="object")
    )
    unnamed = names.isna()
    if unnamed.any():
        # A trace is a case even when nobody gave it a name.
        names = names.where(~unnamed, pd.Series([f"trace {i + 1}" for i in range(len(names))], dtype="object"))
        reading.problem("unnamed_traces", int(unnamed.sum()), len(names), names[unnamed])
    twice = names[names.duplicated()]
    if len(twice):
        reading.problem("traces_of_one_name", len(twice), len(names), twice)
    empty = np.setdiff1d(np.arange(len(names)), trace)
    if len(empty):
        reading.problem("cases_without_events", len(empty), len(names), names.iloc[empty])

    traces = traces.drop(columns="concept:name", errors="ignore")
    events.insert(0, "case:concept:name", names.to_numpy()[trace])
    # What the mapping says of trace attributes concerns the table of cases only.
    of_case = {
        column: header.removeprefix("case:")
        for column, header in opts.mapping.columns.items()
        if column in CASE_COLUMNS and header.removeprefix("case:") in traces
    }
    said = {column: header for column, header in opts.mapping.columns.items() if column not in of_case}
    for header in traces.columns:
        if f"case:{header}" in (*said.values(), *opts.mapping.department_from):
            events[f"case:{header}"] = traces[header].to_numpy()[trace]
    own = opts.mapping.model_copy(update={"columns": said})
    raw = Raw(events, path.name, at_event.lines)
    resolved = resolve_columns(events.columns, own, file=path.name, wanted=_EVENT_WANTED)
    of_case |= recognise(traces.columns, wanted=[c for c in CASE_COLUMNS if c not in of_case], taken=of_case.values())
    cases = traces.assign(**{"\0case": names.to_numpy()})[~names.duplicated().to_numpy()]
    raw_cases = Raw(
        cases.rename(columns={"case_id": "case_id_raw"}).rename(columns={"\0case": "case_id"}).reset_index(drop=True),
        path.name,
        at_trace.lines,
    )
    officers = events[resolved["resource"]] if "resource" in resolved else None
    tables = {}
    if len(traces.columns):
        table = side_table(raw_cases, reading, of_case, officers)
        tables["cases"] = table[["case_id", *table.columns.drop("case_id")]]
    return to_log(raw, resolved, reading, tables=tables)


_EVENT_WANTED = (
    "case_id", "activity", "department", "resource", "role", "end", "lifecycle", "event_id", "stage", "office", "level",
    "item_code", "arrive", "start", "result", "opinion", "visit_id", "is_auto",
)  # fmt: skip


class _Columns:
    """Attributes of events or traces, column by column: most rows have most keys."""

    def __init__(self) -> None:
        self.rows: dict[str, array[int]] = {}
        self.values: dict[str, list[str]] = {}
        self.kinds: dict[str, set[str]] = {}
        self.line: array[int] = array("q")

    def add(self, kind: str, key: str, value: str) -> None:
        row = len(self.line) - 1
        try:
            self.rows[key].append(row)
        except KeyError:
            self.rows[key], self.values[key], self.kinds[key] = array("q", [row]), [value], {kind}
        else:
            self.values[key].append(value)
            self.kinds[key].add(kind)

    def frame(self) -> pd.DataFrame:
        """Return the attributes as text, missing where a row has no such key (the last one wins where it has two)."""
        out: dict[str, pd.Series] = {}
        for key, values in self.values.items():
            column = np.full(len(self.line), None, dtype=object)
            column[np.frombuffer(self.rows[key], np.int64)] = values
            out[key] = pd.Series(column, dtype="str")
        return pd.DataFrame(out, index=pd.RangeIndex(len(self.line)))

    def type_columns(self, raw: Raw, reading: Reading) -> None:
        """Give columns the type that all their values were declared with; text stays text."""
        for key, kinds in self.kinds.items():
            if kinds == {"date"}:
                stamps = parse_stamps(raw.frame[key], timezone=reading.options.mapping.timezone)
                demand_good(stamps, raw.frame[key], file=raw.file, column=key, lines=raw.lines)
                reading.offsets |= set(stamps.offsets)
                raw.frame[key] = stamps.values
            elif kinds <= {"int", "float"}:
                numbers = pd.to_numeric(raw.frame[key], errors="coerce")
                bad = np.flatnonzero(
                    (
                        numbers.isna() & raw.frame[key].notna() & ~raw.frame[key].str.casefold().isin(["nan", ""])
                    ).to_numpy()
                )
                if len(bad):
                    raise InputError(
                        _(
                            "'{file}', line {line}: '{cell}' is not a number.",
                            file=raw.file, line=raw.lines([int(bad[0])])[0], cell=raw.frame[key].iloc[int(bad[0])],
                        )
                    )  # fmt: skip
                raw.frame[key] = (
                    numbers.astype("Int64")
                    if kinds == {"int"} and not (numbers % 1 > 0).any()
                    else numbers.astype("float64")
                )
            elif kinds == {"boolean"}:
                raw.frame[key] = raw.frame[key].str.casefold().map({"true": True, "false": False}).astype("boolean")


class _Document:
    """One pass over the document; depth says where an attribute belongs."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.events, self.traces = _Columns(), _Columns()
        self.trace_of: array[int] = array("q")
        self.nested = 0
        self.loose = 0
        self._depth = 0
        self._level = 0  # 1 log, 2 trace, 3 event: where attributes one step deeper belong
        self._skip = 0  # depth of the element being passed over; 0 when none is
        self._counting = False  # whether attributes inside it are counted

    def read(self, path: Path) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        # No document type is needed by XES, and every known attack on parsers needs one.
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        parser.ExternalEntityRefHandler = self._refuse_doctype
        self._parser = parser
        try:
            with unpacked(path) as stream:
                while chunk := stream.read(_CHUNK):
                    parser.Parse(chunk, False)
                parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise InputError(
                _(
                    "'{file}', line {line}: not well-formed XML ({reason}).",
                    file=self.file, line=error.lineno, reason=expat.ErrorString(error.code),
                ),
                hint=_("the file is cut off or damaged: export or copy it again.")
                if self._level
                else _("give an XES file; it begins with <log>."),
            ) from error  # fmt: skip

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth = depth = self._depth + 1
        if self._skip:
            if self._counting and tag in _VALUES:
                self.nested += 1
            return
        level = self._level
        if ":" in tag:
            tag = tag.rpartition(":")[2]
        if depth == level + 1 and tag in _VALUES and level > 1:
            key = attributes.get("key")
            if key is not None:
                (self.events if level == 3 else self.traces).add(tag, key, attributes.get("value", ""))
            self._pass_over(counting=True)
        elif tag == "event" and level == 2:
            self._level = 3
            self.events.line.append(self._parser.CurrentLineNumber)
            self.trace_of.append(len(self.traces.line) - 1)
        elif tag == "trace" and level == 1:
            self._level = 2
            self.traces.line.append(self._parser.CurrentLineNumber)
        elif depth == 1:
            if tag != "log":
                raise InputError(
                    _("'{file}' is not XES: its root is <{tag}>, not <log>.", file=self.file, tag=tag),
                    hint=_("give an XES file; it begins with <log>."),
                )
            self._level = 1
        else:
            if tag == "event":
                self.loose += 1
            if level > 1 and tag in _NESTED:
                self.nested += 1
            self._pass_over(counting=level > 1)

    def _pass_over(self, *, counting: bool) -> None:
        """Skip what is inside this element; inside events and traces the attributes there are counted."""
        self._skip = self._depth
        self._counting = counting

    def _end(self, _tag: str) -> None:
        depth = self._depth
        if self._skip:
            if self._skip == depth:
                self._skip = 0
        elif depth == self._level:
            self._level -= 1
        self._depth = depth - 1

    def _refuse_doctype(self, *_declaration: Any) -> NoReturn:
        raise InputError(
            _(
                "'{file}', line {line}: a document type or an (external) entity is declared; this is not allowed.",
                file=self.file, line=self._parser.CurrentLineNumber,
            ),
            hint=_("XES needs none: export the log again, or remove the <!DOCTYPE ...> part if you trust the file."),
        )  # fmt: skip
