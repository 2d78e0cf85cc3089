"""The event log: frozen, sorted by case and time, dictionary-coded, with its side tables and its provenance."""

from __future__ import annotations

import html
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import MissingColumnError, nearest
from flowaudit.messages import translate as _

Unit = Literal["case", "bundle"]
Kept = TypeVar("Kept")
NAT = int(np.iinfo(np.int64).min)
"""A missing stamp among int64 microseconds."""
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


@dataclass(frozen=True)
class Tile:
    """Some whole cases of a log that lie side by side.

    Attributes
    ----------
    first_case : int
        Position of the first of them in the log.
    ptr : array of int64
        Their part of :attr:`EventLog.case_ptr`: rows of the log, not of the tile. ``ptr[0]`` is the tile's first row.
    columns : dict of str to array
        One value for each row of the tile, read-only.
    """

    first_case: int
    ptr: npt.NDArray[np.int64]
    columns: Mapping[str, npt.NDArray[Any]]


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
        """Return a text column as codes (-1 where missing) and the labels they stand for.

        Without missing values the codes are a read-only view of the events, mapped from disk for a stored log.
        """
        array = self._dictionary(column)
        return _indices(array), array.dictionary.to_pylist()

    def labels(self, column: str) -> list[Any]:
        """Return the labels of a text column, in the order of their codes."""
        chunked = self.events[column]
        if _shares_dictionary(chunked):
            found: list[Any] = chunked.chunk(0).dictionary.to_pylist()
            return found
        return self.codes(column)[1]

    def _dictionary(self, column: str) -> pa.DictionaryArray:
        chunked = self.events[column]
        if not pa.types.is_dictionary(chunked.type):
            chunked = pc.dictionary_encode(chunked)
        if chunked.num_chunks == 1:
            return chunked.chunk(0)
        array = chunked.unify_dictionaries().combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks else pa.DictionaryArray.from_arrays([], [])
        return array

    def stamps(self, column: str) -> npt.NDArray[np.datetime64]:
        """Return a time column as ``datetime64[us]`` (NaT where missing).

        Without missing values a read-only view of the events, mapped from disk for a stored log.
        """
        chunked = self.events[column]
        if chunked.num_chunks == 1:
            return _moments(chunked.chunk(0))
        found: npt.NDArray[np.datetime64] = chunked.to_numpy().astype("datetime64[us]", copy=False)
        return found

    def tiles(self, *columns: str) -> Iterator[Tile]:
        """Go through the log in tiles of whole cases, without putting the tiles together.

        A log that was stored in several record batches has one tile for each; any other log is one tile. A measure
        that keeps sums instead of rows needs no more memory than one tile, however long the log is.

        Parameters
        ----------
        *columns : str
            Columns wanted in :attr:`Tile.columns`: codes (int32, -1 where missing) of a text column, else stamps as
            int64 microseconds (``NAT`` where missing). Read-only.
        """
        ptr = self.case_ptr
        edges = self._tile_rows(columns)
        if edges is None:
            yield Tile(0, ptr, {c: self._plain(c, None) for c in columns})
            return
        for number, (low, high) in enumerate(itertools.pairwise(edges.tolist())):
            if low < high:
                first, last = np.searchsorted(ptr, (low, high))
                yield Tile(int(first), ptr[first : last + 1], {c: self._plain(c, number) for c in columns})

    def _tile_rows(self, columns: tuple[str, ...]) -> npt.NDArray[np.int64] | None:
        """Return the rows at which tiles begin, and the number of rows; None where the log is not laid out in tiles."""
        if not len(self.events):
            return None
        layouts = [[len(chunk) for chunk in self.events[c].chunks] for c in columns or ("case_id",)]
        if len(layouts[0]) < 2 or any(layout != layouts[0] for layout in layouts):
            return None
        edges: npt.NDArray[np.int64] = np.r_[0, np.cumsum(layouts[0])].astype(np.int64)
        if not np.isin(edges, self.case_ptr).all():
            return None
        coded = [c for c in columns if pa.types.is_dictionary(self.events[c].type)]
        return edges if all(_shares_dictionary(self.events[c]) for c in coded) else None

    def _plain(self, column: str, tile: int | None) -> npt.NDArray[Any]:
        if pa.types.is_timestamp(self.events[column].type):
            stamps = self.stamps(column) if tile is None else _moments(self.events[column].chunk(tile))
            found: npt.NDArray[Any] = stamps.view(np.int64)
        else:
            found = self.codes(column)[0] if tile is None else _indices(self.events[column].chunk(tile))
        return _fixed(found)

    def remember(self, what: str, make: Callable[[], Kept]) -> Kept:
        """Return what ``make`` returns, made once: a log never changes, so what follows from it may be kept with it."""
        kept: dict[str, Any] = self.__dict__.setdefault("_kept", {})
        if what not in kept:
            kept[what] = make()
        found: Kept = kept[what]
        return found

    @cached_property
    def case_ptr(self) -> npt.NDArray[np.int64]:
        """Row where each case starts, and the number of rows last: case i is ``ptr[i]:ptr[i + 1]``."""
        chunked = self.events["case_id"]
        starts, row, before = [], 0, -1
        chunks = chunked.chunks if _shares_dictionary(chunked) else [self._dictionary("case_id")]
        for chunk in chunks:
            codes = _indices(chunk)
            if len(codes):
                new = np.flatnonzero(codes[1:] != codes[:-1]) + (row + 1)
                starts.append(np.r_[row, new] if row == 0 or codes[0] != before else new)
                row, before = row + len(codes), int(codes[-1])
        return _fixed(np.concatenate([*starts, [row]]).astype(np.int64))

    @cached_property
    def case_index(self) -> npt.NDArray[np.int64]:
        """Position (0..n_cases-1) of the case of every row."""
        return np.repeat(np.arange(self.n_cases), np.diff(self.case_ptr))

    @cached_property
    def case_ids(self) -> list[str]:
        found: list[str] = self._case_labels().to_pylist()
        return found

    @cached_property
    def case_axis(self) -> pd.Index:
        """The case ids as an index named ``case_id``, without a Python object for every case."""
        found: pd.Index = pd.Index(pd.array(self._case_labels(), dtype="str"), name="case_id")
        return found

    def _case_labels(self) -> pa.Array:
        """Return the id of every case; of a log written in order of its cases that is the dictionary itself."""
        chunked = self.events["case_id"]
        if not _shares_dictionary(chunked):
            chunked = pa.chunked_array([self._dictionary("case_id")])
        dictionary = chunked.chunk(0).dictionary if chunked.num_chunks else pa.array([], pa.string())
        starts = self.case_ptr[:-1]
        bounds = np.cumsum([0, *(len(chunk) for chunk in chunked.chunks)]).tolist()
        cuts = np.searchsorted(starts, bounds).tolist()
        used = [
            _indices(chunk)[starts[a:b] - row]
            for chunk, row, (a, b) in zip(chunked.chunks, bounds, itertools.pairwise(cuts), strict=False)
        ]
        codes = np.concatenate([np.zeros(0, np.int32), *used])
        if len(codes) == len(dictionary) and np.array_equal(codes, np.arange(len(codes), dtype=np.int32)):
            return dictionary
        return dictionary.take(pa.array(codes, mask=codes < 0))

    @property
    def n_cases(self) -> int:
        return len(self.case_ptr) - 1

    @property
    def n_events(self) -> int:
        """Distinct events: one shared by several cases counts once."""
        if self.has("event_id"):
            ids = self.events["event_id"]
            return int(pc.count_distinct(ids).as_py()) + int(ids.null_count)
        return len(self.events)

    @cached_property
    def activities(self) -> list[str]:
        return self._used("activity")

    def _used(self, column: str) -> list[str]:
        """Return the labels of a column that occur, in the order of their codes."""
        labels = self.labels(column)
        seen = np.zeros(len(labels) + 1, np.int64)
        for tile in self.tiles(column):
            seen += np.bincount(tile.columns[column] + np.int32(1), minlength=len(labels) + 1)
        return [label for label, n in zip(labels, seen[1:], strict=True) if n]

    @cached_property
    def departments(self) -> list[str]:
        """Departments that handle something, in order of first code; the applicant's lane is not one."""
        if not self.has("department"):
            return []
        return [label for label in self._used("department") if label != APPLICANT]

    @cached_property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last stamp of the log."""
        low = pc.min(self.events["start" if self.has("start") else "end"])
        high = pc.max(self.events["end"])
        first, last = (np.datetime64("NaT" if s.value is None else s.value, "us") for s in (low, high))
        return pd.Timestamp(first), pd.Timestamp(last)

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
        return replace(self, tables={**self.tables, **tables}).with_case_ptr(self.case_ptr)

    def with_case_ptr(self, case_ptr: npt.NDArray[np.int64]) -> EventLog:
        """Tell the log where its cases start, where that is already known; returns the log itself."""
        self.__dict__["case_ptr"] = _fixed(case_ptr)
        return self

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


def _fixed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a read-only view: one kind of array only, since every kind is one more compilation of each kernel."""
    found = array.view()
    found.flags.writeable = False
    return found


def _indices(array: pa.DictionaryArray) -> npt.NDArray[np.int32]:
    """Return the codes of a dictionary array, -1 where missing; a view where none is."""
    indices = array.indices
    if indices.null_count:
        indices = pc.fill_null(indices.cast(pa.int32()), -1)
    found: npt.NDArray[np.int32] = indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return found


def _moments(array: pa.Array) -> npt.NDArray[np.datetime64]:
    """Return stamps of microseconds, NaT where missing; a view where none is."""
    if array.type != pa.timestamp("us"):
        array = array.cast(pa.timestamp("us"))
    found: npt.NDArray[np.datetime64] = array.to_numpy(zero_copy_only=False)
    return found


def _shares_dictionary(chunked: pa.ChunkedArray) -> bool:
    """Say whether all chunks of a column are coded by one and the same dictionary."""
    if not pa.types.is_dictionary(chunked.type) or not chunked.num_chunks:
        return False
    first = chunked.chunk(0).dictionary
    return all(_same(chunk.dictionary, first) for chunk in chunked.chunks[1:])


def _same(a: pa.Array, b: pa.Array) -> bool:
    # Batches of one file share the memory of their dictionary: millions of labels need not be compared.
    where = [[None if buffer is None else buffer.address for buffer in array.buffers()] for array in (a, b)]
    return (where[0] == where[1] and (a.offset, len(a)) == (b.offset, len(b))) or bool(a.equals(b))


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
    from flowaudit.eventlog.build import from_table

    columns = {str(column): _as_array(str(column), frame[column]) for column in frame.columns}
    return from_table(columns, tables=tables, provenance=provenance, unit=unit)


def _as_array(column: str, series: pd.Series) -> pa.Array:
    """Return a column of a frame as Arrow; numbers that name something (a case, an item) become text."""
    if pd.api.types.is_datetime64_any_dtype(series):
        return pa.array(series.to_numpy("datetime64[us]"), pa.timestamp("us"), from_pandas=True)
    text = pd.api.types.is_string_dtype(series.dtype) or isinstance(series.dtype, pd.CategoricalDtype)
    if series.dtype == object or (column in CODED and not text):
        return pa.array([None if pd.isna(v) else str(v) for v in series.astype("object")], pa.string())
    return pa.Array.from_pandas(series)
