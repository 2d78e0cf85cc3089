"""The event log: frozen, sorted by case and time, dictionary-coded, with its side tables and its provenance."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import MissingColumnError, nearest
from flowaudit.messages import translate as _

Unit = Literal["case", "bundle"]
Note = tuple[str, str]
"""One remark in Chinese and in English."""

APPLICANT = "申请人"
"""The lane of what the applicant does; mapped to it at the door (``applicant_departments`` of a mapping)."""

CODED = ("case_id", "activity", "resource", "department", "office", "stage", "item_code", "result")
SIDE_TABLES = ("cases", "bundles", "material_instances", "visits", "special_episodes", "ratings", "e2o")
STAGES = (
    "consult", "apply", "accept", "review", "check", "decide", "consult_dept", "inspect", "special", "correction",
    "pay", "produce", "deliver", "archive", "notify",
)  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """Where a log came from and what was done to it since; travels with it into every document.

    Attributes
    ----------
    source : str
        Name of the file or folder (no path), or ``"simulated"``.
    sha256 : dict of str to str
        Digest of every input file, by its name.
    mapping : dict of str to str
        Source header to canonical column.
    timezone : str
        Zone of the naive stamps.
    offsets : tuple of str
        UTC offsets met in the file; the wall clock written there is what is kept.
    pseudonymised : tuple of str
        Columns replaced by keyed hashes or codes at reading.
    notes : tuple of (str, str)
        What was read unusually, and every filter since, in order; each in Chinese and in English.
    problems : tuple of dict
        Rows for the quality table found while reading.
    synthetic : bool
        The source says that it was generated; every document says so too.
    """

    source: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "Asia/Shanghai"
    offsets: tuple[str, ...] = ()
    pseudonymised: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    problems: tuple[Mapping[str, Any], ...] = ()
    synthetic: bool = False


@dataclass(frozen=True, eq=False)
class EventLog:
    """What happened: one row per activity instance and case, sorted by case, then time, then file order.

    Build one with :func:`from_frame` or a reader; the constructor trusts its arguments.

    Attributes
    ----------
    events : pa.Table
        Columns ``case_id, activity, end`` and, where recorded, ``start, event_id, resource, department, office,
        level, stage, item_code, arrive, result, visit_id, is_auto`` and whatever else the file held.
        Text columns of ``CODED`` are dictionaries; stamps are naive microseconds, local wall time.
    tables : mapping of str to pd.DataFrame
        Side tables (``SIDE_TABLES``). A table that is absent was not recorded: unknown, not zero.
    provenance : Provenance
    unit : {"case", "bundle"}
        What ``case_id`` identifies. See :func:`flowaudit.eventlog.as_unit`.
    """

    events: pa.Table
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    unit: Unit = "case"

    @property
    def columns(self) -> list[str]:
        return list(self.events.column_names)

    def has(self, *columns: str) -> bool:
        """Say whether every column is there and holds at least one value."""
        return all(c in self.events.column_names and self.events[c].null_count < len(self.events) for c in columns)

    def require(self, who: str, *columns: str) -> None:
        """Raise :class:`MissingColumnError` unless the log has every column."""
        for column in columns:
            if not self.has(column):
                near = nearest(column, self.columns, n=1)
                raise MissingColumnError(
                    _(
                        "{who} needs the column '{column}'; this log has {columns}.",
                        who=who, column=column, columns=", ".join(f"'{c}'" for c in self.columns),
                    ),
                    hint=_("did you mean '{near}'? Name it in a mapping file.", near=near[0]) if near else None,
                )  # fmt: skip

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a side table, or None where it was not recorded (absent or without rows)."""
        found = self.tables.get(name)
        return None if found is None or found.empty else found

    def codes(self, column: str) -> tuple[npt.NDArray[np.int32], list[Any]]:
        """Return a text column as codes (-1 where missing) and the labels they stand for."""
        array = self._dictionary(column)
        return _indices(array), array.dictionary.to_pylist()

    def _dictionary(self, column: str) -> pa.DictionaryArray:
        chunked = self.events[column]
        if not pa.types.is_dictionary(chunked.type):
            chunked = pc.dictionary_encode(chunked)
        array = chunked.unify_dictionaries().combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks else pa.DictionaryArray.from_arrays([], [])
        return array

    def stamps(self, column: str) -> npt.NDArray[np.datetime64]:
        """Return a time column as ``datetime64[us]`` (NaT where missing)."""
        found: npt.NDArray[np.datetime64] = self.events[column].to_numpy().astype("datetime64[us]", copy=False)
        return found

    @cached_property
    def case_ptr(self) -> npt.NDArray[np.int64]:
        """Row where each case starts, and the number of rows last: case i is ``ptr[i]:ptr[i + 1]``."""
        codes = _indices(self._dictionary("case_id"))
        if not len(codes):
            return np.zeros(1, np.int64)
        starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
        ptr: npt.NDArray[np.int64] = np.r_[starts, len(codes)].astype(np.int64)
        return ptr

    @cached_property
    def case_index(self) -> npt.NDArray[np.int64]:
        """Position (0..n_cases-1) of the case of every row."""
        return np.repeat(np.arange(self.n_cases), np.diff(self.case_ptr))

    @cached_property
    def case_ids(self) -> list[str]:
        codes, labels = self.codes("case_id")
        return [labels[c] for c in codes[self.case_ptr[:-1]]]

    @property
    def n_cases(self) -> int:
        return len(self.case_ptr) - 1

    @property
    def n_events(self) -> int:
        """Distinct events: one shared by several cases counts once."""
        if self.has("event_id"):
            return int(pc.count_distinct(self.events["event_id"]).as_py())
        return len(self.events)

    @cached_property
    def activities(self) -> list[str]:
        codes, labels = self.codes("activity")
        used = np.unique(codes[codes >= 0])
        return [labels[c] for c in used]

    @cached_property
    def departments(self) -> list[str]:
        """Departments that handle something, in order of first code; the applicant's lane is not one."""
        if not self.has("department"):
            return []
        codes, labels = self.codes("department")
        used = np.unique(codes[codes >= 0])
        return [labels[c] for c in used if labels[c] != APPLICANT]

    @cached_property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last stamp of the log."""
        low = self.stamps("start" if self.has("start") else "end")
        high = self.stamps("end")
        return pd.Timestamp(np.nanmin(low)), pd.Timestamp(np.nanmax(high))

    def to_pandas(self, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Return the events as a DataFrame (dictionary columns become categoricals)."""
        table = self.events if columns is None else self.events.select(list(columns))
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def with_events(self, events: pa.Table, *, note: Note | str | None = None) -> EventLog:
        """Return a log with other events, the note (both languages, or one text for both) appended to its provenance."""
        told = (note, note) if isinstance(note, str) else note
        notes = self.provenance.notes + ((told,) if told else ())
        return replace(self, events=events, provenance=replace(self.provenance, notes=notes))

    def with_tables(self, **tables: pd.DataFrame) -> EventLog:
        """Return a log with side tables added or replaced."""
        return replace(self, tables={**self.tables, **tables})

    def __repr__(self) -> str:
        first, last = self.span if len(self.events) else (None, None)
        return (
            f"EventLog({self.provenance.source!r}, {self.n_cases} {self.unit}s, {self.n_events} events, "
            f"{len(self.activities)} activities, {first} .. {last})"
        )

    def _repr_html_(self) -> str:
        first, last = self.span
        rows = [
            (_("Source"), self.provenance.source),
            (_("Bundles") if self.unit == "bundle" else _("Cases"), f"{self.n_cases:,}"),
            (_("Events"), f"{self.n_events:,}"),
            (_("Activities"), f"{len(self.activities):,}"),
            (_("Departments"), f"{len(self.departments):,}"),
            (_("Period"), f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"),
            (_("Start times"), _("recorded") if self.has("start") else _("not recorded")),
            (_("Side tables"), ", ".join(n for n in SIDE_TABLES if self.table(n) is not None) or "—"),
        ]
        body = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(str(v))}</td></tr>" for k, v in rows)
        return f"<table>{body}</table>"


def _indices(array: pa.DictionaryArray) -> npt.NDArray[np.int32]:
    found: npt.NDArray[np.int32] = (
        pc.fill_null(array.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    )
    return found


def from_frame(
    frame: pd.DataFrame,
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
    provenance: Provenance | None = None,
    unit: Unit = "case",
) -> EventLog:
    """Build a log from a frame whose columns already carry their canonical names and types.

    Parameters
    ----------
    frame : pd.DataFrame
        At least ``case_id, activity, end``; ``start`` and ``end`` naive datetimes.
    tables, provenance, unit
        See :class:`EventLog`.

    Returns
    -------
    EventLog
        Sorted by case (order of first row), then time (``start`` if recorded, else ``end``), then ``end``,
        then file order: equal stamps keep the order of the file.

    Raises
    ------
    MissingColumnError
        If a mandatory column is missing.

    Examples
    --------
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "1"], "activity": ["受理", "决定"],
    ...                                "end": pd.to_datetime(["2024-01-02 09:00", "2024-01-03 10:00"])}))
    >>> log.n_cases, log.activities
    (1, ['受理', '决定'])
    """
    for column in ("case_id", "activity", "end"):
        if column not in frame.columns:
            raise MissingColumnError(
                _(
                    "an event log needs the column '{column}'; found {columns}.",
                    column=column,
                    columns=", ".join(map(str, frame.columns)),
                )
            )
    frame = frame.reset_index(drop=True)
    case_codes = pd.factorize(frame["case_id"])[0]
    end = frame["end"].to_numpy("datetime64[us]")
    begin = frame["start"].to_numpy("datetime64[us]") if "start" in frame else end
    begin = np.where(np.isnat(begin), end, begin)
    order = np.lexsort((np.arange(len(frame)), end, begin, case_codes))
    frame = frame.iloc[order].reset_index(drop=True)
    fields: dict[str, Any] = {}
    for column in frame.columns:
        series = frame[column]
        if column in CODED:
            text = series.astype("object").where(series.notna(), None)
            fields[column] = pc.dictionary_encode(pa.array([None if v is None else str(v) for v in text], pa.string()))
        elif pd.api.types.is_datetime64_any_dtype(series):
            fields[column] = pa.array(series.to_numpy("datetime64[us]"), pa.timestamp("us"), from_pandas=True)
        elif series.dtype == object:
            fields[column] = pa.array([None if pd.isna(v) else str(v) for v in series], pa.string())
        else:
            fields[column] = pa.Array.from_pandas(series)
    return EventLog(pa.table(fields), dict(tables or {}), provenance or Provenance(), unit)
