"""Write an event log as XES (IEEE 1849)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.eventlog.coded import is_text
from flowaudit.eventlog.log import SIDE_TABLES, EventLog
from flowaudit.eventlog.staging import staged
from flowaudit.eventlog.xes_document import PSEUDONYMOUS, XES_KEYS, offset_of
from flowaudit.messages import translate as _

_EXTENSIONS = (("Concept", "concept"), ("Time", "time"), ("Organizational", "org"))
_ROWS = 1 << 14
_MINUTE = np.timedelta64(60_000_000, "us")
_TEXT = pa.large_string()
# XML 1.0 cannot hold these characters in any way.
_UNWRITABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_ESCAPES = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&quot;"),
    ("\t", "&#9;"),
    ("\n", "&#10;"),
    ("\r", "&#13;"),
)


def write_xes(log: EventLog, path: str | Path) -> tuple[str, ...]:
    """Write a log as XES, ``.gz`` by its ending: a trace per case, an event per row.

    Text, whole numbers, numbers, truth values and dates have their types; dates carry the offset of the log's zone
    where it has one. The row of ``cases`` becomes attributes of the trace; cases without events become empty traces.
    Columns of pseudonyms are named in the document, so that reading it back leaves them as they are. The file appears
    whole or not at all; memory does not depend on the number of events.

    Returns
    -------
    tuple of str
        What XES could not hold of this log, in words. Reading the file back otherwise gives the same log.

    Raises
    ------
    InputError
        If the file cannot be written.

    Notes
    -----
    The activity is ``concept:name``, the resource ``org:resource``, the department ``org:group``, the role
    ``org:role`` (``role`` in a log without departments, where another program would take it for one), the end
    ``time:timestamp``, the start ``start_timestamp`` as in pm4py, the case the trace's ``concept:name``; every other
    column keeps its name. Lost: side tables other than ``cases``, the provenance, columns without any value.

    References
    ----------
    IEEE 1849-2023, Standard for eXtensible Event Stream (XES).
    """
    path = Path(path)
    lost = [_("the side tables {tables}", tables=", ".join(t))] if (t := _left(log)) else []
    if log.unit != "case":
        lost.append(_("that a case is a bundle"))
    if log.has("start") and log.events["end"].null_count == len(log.events):
        lost.append(_("that no end is known (the starts are read as the times of the events)"))
    writer = _Writer(log)
    with staged(path) as place, place.open("wb") as plain:
        packed = path.name.casefold().endswith(".gz")
        out = cast(BinaryIO, gzip.GzipFile("", "wb", 6, plain, mtime=0)) if packed else plain
        writer.write(out)
        if packed:
            out.close()
    if writer.unwritable:
        lost.append(
            _("{n} characters that XML cannot hold; each is written as '{sign}'", n=writer.unwritable, sign="\ufffd")
        )
    lost += [_("the name of the column '{column}' (written as '{key}')", column=c, key=k) for c, k in writer.renamed]
    return tuple(lost)


def _left(log: EventLog) -> list[str]:
    return [name for name in SIDE_TABLES if name != "cases" and log.table(name) is not None]


class _Writer:
    """Attributes are rendered column by column, distinct values once; rows are joined by blocks."""

    def __init__(self, log: EventLog) -> None:
        self.unwritable = 0
        self.renamed: list[tuple[str, str]] = []
        self._log = log
        self._offset, self._zone = _zone_of(log)
        columns = [c for c in log.columns if c != "case_id"]
        keys = {c: XES_KEYS[c] for c in columns if c in XES_KEYS and (c != "role" or "department" in columns)}
        # A column that has the key's name already keeps it.
        self._events = {c: self._prepared(log.events[c], c if keys.get(c, c) in columns else keys[c]) for c in columns}
        self._ids = log.case_ids
        cases = log.table("cases")
        self._cases: dict[str, _Column] = {}
        if cases is not None and "case_id" in cases:
            about = cases.drop_duplicates("case_id").set_index("case_id")
            there = set(self._ids)
            self._ids = [*self._ids, *(str(c) for c in about.index if c not in there)]
            about = about.reindex(self._ids)
            for name in about.columns:
                key = str(name)
                if key == "concept:name":
                    # A trace has one name only.
                    while key in about.columns:
                        key += "_raw"
                    self.renamed.append((str(name), key))
                self._cases[str(name)] = self._prepared(pa.chunked_array([pa.Array.from_pandas(about[name])]), key)

    def write(self, out: BinaryIO) -> None:
        out.write(self._head().encode())
        ptr = self._log.case_ptr
        n_cases, first = len(ptr) - 1, 0
        while first < len(self._ids):
            # As many whole cases as a block holds, one at least; then cases without events.
            last = first + _ROWS
            if first < n_cases:
                fits = int(np.searchsorted(ptr, ptr[first] + _ROWS, "right")) - 1
                last = min(max(fits, first + 1), n_cases)
            self._write_cases(out, first, min(last, len(self._ids)))
            first = last
        out.write(b"</log>\n")

    def _head(self) -> str:
        extensions = "".join(
            f'\t<extension name="{name}" prefix="{prefix}" uri="http://www.xes-standard.org/{prefix}.xesext"/>\n'
            for name, prefix in _EXTENSIONS
        )
        hidden = self._log.provenance.pseudonymised
        told = self._escaped(pa.array([json.dumps(list(hidden))], _TEXT))[0].as_py()
        marked = f'\t<string key="{PSEUDONYMOUS}" value="{told}"/>\n' if hidden else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<log xes.version="1849-2023" xes.features="" xmlns="http://www.xes-standard.org/">\n'
            f'{extensions}\t<classifier name="Activity" keys="concept:name"/>\n{marked}'
        )

    def _write_cases(self, out: BinaryIO, first: int, last: int) -> None:
        ptr = self._log.case_ptr
        n_cases = len(ptr) - 1
        names = self._escaped(pa.array(self._ids[first:last], _TEXT))
        heads = _joined(
            ['\t<trace>\n\t\t<string key="concept:name" value="', names, '"/>\n']
            + [column.rendered(self, first, last, "\t\t") for column in self._cases.values()]
        )
        low, high = int(ptr[min(first, n_cases)]), int(ptr[min(last, n_cases)])
        begins = ptr[first : min(last, n_cases)]
        if low == high:
            _put(out, _joined([heads, "\t</trace>\n"]))
            return
        begun = 0
        for at in range(low, high, _ROWS):
            to = min(at + _ROWS, high)
            # Before the first event of a case stands its head, and the end of the trace before.
            here = begins[(begins >= at) & (begins < to)] - at
            before = np.full(to - at, -1, np.int64)
            before[here] = np.arange(begun, begun + len(here))
            opening = heads.take(pa.array(before, mask=before < 0))
            closes = np.zeros(to - at, bool)
            closes[here] = True
            if at == low:
                closes[0] = False
            closing = pc.if_else(pa.array(closes), pa.scalar("\t</trace>\n", _TEXT), pa.scalar("", _TEXT))
            parts = [column.rendered(self, at, to, "\t\t\t") for column in self._events.values()]
            _put(out, _joined([closing, opening, "\t\t<event>\n", *parts, "\t\t</event>\n"]))
            begun += len(here)
        out.write(b"\t</trace>\n")

    def _prepared(self, values: pa.ChunkedArray, key: str) -> _Column:
        return _Column(values, self._escaped(pa.array([key], _TEXT))[0].as_py())

    def _escaped(self, text: pa.Array) -> pa.Array:
        """Return text as it stands between double quotes."""
        for sign, written in _ESCAPES:
            text = pc.replace_substring(text, sign, written)
        bad = pc.sum(pc.count_substring_regex(text, _UNWRITABLE)).as_py()
        if bad:
            self.unwritable += bad
            text = pc.replace_substring_regex(text, _UNWRITABLE, "\ufffd")
        return text

    def _dates(self, values: pa.Array) -> pa.Array:
        """Return stamps in ISO form, with the offset that holds there."""
        stamps = values.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        fine = (stamps.astype(np.int64)[~np.isnat(stamps)] % 1_000).any()
        text = pa.array(np.datetime_as_string(stamps, unit="us" if fine else "ms")).cast(_TEXT)
        text = pc.if_else(pc.is_valid(values), text, pa.scalar(None, _TEXT))
        return _joined([text, self._offsets(stamps)], empty=False)

    def _offsets(self, stamps: npt.NDArray[np.datetime64]) -> Any:
        if self._zone is None:
            return pa.scalar(self._offset, _TEXT)
        known = np.where(np.isnat(stamps), np.datetime64(0, "us"), stamps)
        # An hour that the clock passes over is given the offset behind it; of an hour that it repeats the first is meant.
        there = pd.DatetimeIndex(known).tz_localize(
            self._zone, ambiguous=np.ones(len(known), bool), nonexistent=pd.Timedelta(hours=1)
        )
        wall, utc = (t.to_numpy("datetime64[us]") for t in (there.tz_localize(None), there.tz_convert(None)))
        minutes, place = np.unique((wall - utc) // _MINUTE, return_inverse=True)
        return pa.array([offset_of(int(m)) for m in minutes], _TEXT).take(pa.array(place))


class _Column:
    """Values of one key, cases or events."""

    def __init__(self, values: pa.ChunkedArray, key: str) -> None:
        self._values, self._key = values, key
        self._labels: dict[int, pa.Array] = {}

    def rendered(self, writer: _Writer, first: int, last: int, indent: str) -> pa.Array:
        """Return the attribute of some rows as XML; missing where there is no value."""
        parts = []
        for chunk in self._values.slice(first, last - first).chunks:
            if pa.types.is_dictionary(chunk.type):
                parts.append(self._of_labels(writer, chunk.dictionary, indent).take(chunk.indices))
            else:
                parts.append(self._attributes(writer, chunk, indent))
        return pa.concat_arrays(parts) if len(parts) != 1 else parts[0]

    def _of_labels(self, writer: _Writer, labels: pa.Array, indent: str) -> pa.Array:
        place = labels.buffers()[-1]
        address = 0 if place is None else place.address
        if address not in self._labels:
            self._labels[address] = self._attributes(writer, labels, indent)
        return self._labels[address]

    def _attributes(self, writer: _Writer, values: pa.Array, indent: str) -> pa.Array:
        kind = values.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            tag, text = "date", writer._dates(values)
        elif pa.types.is_boolean(kind):
            tag, text = "boolean", values.cast(_TEXT)
        elif pa.types.is_integer(kind):
            tag, text = "int", values.cast(_TEXT)
        elif pa.types.is_floating(kind):
            tag, text = "float", _numbers(values)
        else:
            tag, text = (
                "string",
                writer._escaped(values.cast(_TEXT) if is_text(kind) else values.cast(pa.string()).cast(_TEXT)),
            )
        return _joined([f'{indent}<{tag} key="{self._key}" value="', text, '"/>\n'], empty=False)


def _numbers(values: pa.Array) -> pa.Array:
    """Return numbers as XML writes them; one that is none is missing."""
    text = pc.if_else(pc.is_nan(values), pa.scalar(None, _TEXT), values.cast(pa.float64()).cast(_TEXT))
    for ours, theirs in (("-inf", "-INF"), ("inf", "INF")):
        text = pc.if_else(pc.equal(text, ours), pa.scalar(theirs, _TEXT), text)
    return text


def _joined(parts: Iterable[Any], *, empty: bool = True) -> pa.Array:
    """Return rows put together of several pieces; where one is missing it is empty, or else the whole row is missing."""
    pieces = [pa.scalar(part, _TEXT) if isinstance(part, str) else part for part in parts]
    how = "replace" if empty else "emit_null"
    return pc.binary_join_element_wise(*pieces, pa.scalar("", _TEXT), null_handling=how, null_replacement="")


def _put(out: BinaryIO, rows: pa.Array) -> None:
    """Write rows one behind the other, straight from where Arrow keeps them."""
    _valid, places, data = rows.buffers()
    begin, end = np.frombuffer(places, np.int64)[[rows.offset, rows.offset + len(rows)]]
    if end > begin:
        out.write(memoryview(data)[begin:end])


def _zone_of(log: EventLog) -> tuple[str, ZoneInfo | None]:
    """Return the offset of all dates, or the zone that tells it; wall clocks of several offsets are written bare."""
    about = log.provenance
    if about.timezone:
        return "", ZoneInfo(about.timezone)
    return (about.offsets[0] if len(about.offsets) == 1 else ""), None
