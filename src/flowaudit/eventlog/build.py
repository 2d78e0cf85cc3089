"""From a table with canonical names to an event log: every case together, its events in the order of time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from flowaudit.errors import MissingColumnError
from flowaudit.eventlog.coded import COMPILED, Coded, coded, is_text, looked_up, one_chunk, read_only
from flowaudit.eventlog.log import CODED, EventLog, Provenance, Unit
from flowaudit.messages import translate as _

if TYPE_CHECKING:
    from flowaudit.eventlog.mapping import ColumnMapping

TILE_EVENTS = 2**24
"""Events of a tile, about: a longer log is stored in several."""
Times = npt.NDArray[np.datetime64]
Rows = npt.NDArray[Any]
Ptr = npt.NDArray[np.int64]
_LATEST, _UNKNOWN = np.iinfo(np.int64).max, np.iinfo(np.int64).min


def from_table(
    table: pa.Table | dict[str, pa.Array],
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
    provenance: Provenance | None = None,
    unit: Unit = "case",
    narrow: bool = False,
) -> EventLog:
    """Build a log from a table whose columns already carry their canonical names and types.

    Parameters
    ----------
    table : pa.Table or dict of str to pa.Array
        At least ``case_id, activity, end``; ``start`` and ``end`` naive timestamps. A dictionary is emptied: a column
        is let go as soon as its sorted twin is there.
    tables, provenance, unit
        See :class:`EventLog`.
    narrow : bool
        Leave the codes of few labels as short as they are, for a log that is written tile by tile.

    Returns
    -------
    EventLog
        Sorted by case (order of first row), then time (``start`` if recorded, else ``end``), then ``end``,
        then file order: equal stamps keep the order of the file.

    Raises
    ------
    MissingColumnError
        If a mandatory column is missing.
    """
    work = dict(zip(table.column_names, table.columns, strict=True)) if isinstance(table, pa.Table) else table
    for column in ("case_id", "activity", "end"):
        if column not in work:
            raise MissingColumnError(
                _(
                    "an event log needs the column '{column}'; found {columns}.",
                    column=column,
                    columns=", ".join(map(str, work)),
                )
            )
    del table
    names = list(work)
    case = coded(work.pop("case_id")).by_first_row()
    for column in ("start", "end"):
        if column in work:
            work[column] = _naive(work[column])
    start = _stamps(work["start"]) if "start" in work else None
    order, ptr = time_order(case.codes, start, _stamps(work["end"]))
    ids = case.labels
    del start, case
    done: dict[str, pa.Array] = {}
    for column in names:
        if column == "case_id":
            # In order of their first rows, cases stand one after the other.
            codes = np.repeat(np.arange(len(ptr) - 1, dtype=np.int32), np.diff(ptr))
            done[column] = Coded(codes, ids).array()
            del codes
            continue
        values = one_chunk(work.pop(column))
        if column in CODED:
            text = _sorted(coded(values), order).by_first_row(in_place=order is not None)
            done[column] = (text if narrow else text.wide()).array()
            continue
        if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
            values = _naive(values)
        elif is_text(values.type) and not pa.types.is_large_string(values.type):
            values = values.cast(pa.large_string())
        done[column] = values if order is None else values.take(pa.array(order))
    return EventLog(pa.table(done), dict(tables or {}), provenance or Provenance(), unit).with_case_ptr(ptr)


def build_store(
    source: str | Path,
    path: str | Path,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> None:
    """Read a log of any kind and store it, as ``write_log(read_log(source), path)`` does, in less memory.

    A long Parquet file is held as short codes (one byte a row for up to 127 labels) and written in tiles of whole
    cases; one hundred million events with ten million cases take some 3 GB, ten million less than 1 GB.

    Parameters
    ----------
    source : str or Path
    path : str or Path
        Where the stored log shall lie; ends in ``.arrow``.
    mapping, salt, keep_text, **columns
        As in :func:`flowaudit.eventlog.read_csv`.

    Raises
    ------
    InputError
        If ``source`` is refused by its reader, or ``path`` cannot be written.
    """
    from flowaudit.eventlog.options import options
    from flowaudit.eventlog.parquet import read_narrow
    from flowaudit.eventlog.read import read_log
    from flowaudit.eventlog.store import write_log

    if Path(source).suffix.casefold() != ".parquet":
        log = read_log(source, mapping, salt=salt, keep_text=keep_text, **columns)
        write_log(log, path)
        return
    write_tiles(read_narrow(source, options(mapping, salt, keep_text, columns), narrow=True), path)


def write_tiles(log: EventLog, path: str | Path, *, tile_events: int = TILE_EVENTS) -> None:
    """Store a log tile by tile, its codes widened to int32 on the way."""
    from flowaudit.eventlog.store import StoreWriter

    ptr = log.case_ptr
    wide = pa.schema([
        pa.field(f.name, pa.dictionary(pa.int32(), f.type.value_type) if pa.types.is_dictionary(f.type) else f.type)
        for f in log.events.schema
    ])  # fmt: skip
    wanted = np.arange(1, max(1, -(-len(log.events) // tile_events))) * tile_events
    cuts = np.unique(np.r_[0, ptr[np.searchsorted(ptr, wanted)], len(log.events)])
    with StoreWriter(path, wide) as store:
        for low, high in itertools.pairwise(cuts.tolist()):
            tile = log.events.slice(low, high - low)
            arrays = [_widened(values.chunk(0)) for values in tile.columns]
            store.write(pa.RecordBatch.from_arrays(arrays, schema=wide), ptr)
        store.close(tables=log.tables, provenance=log.provenance, unit=log.unit)


def _widened(values: pa.Array) -> pa.Array:
    if not pa.types.is_dictionary(values.type) or values.type.index_type == pa.int32():
        return values
    return pa.DictionaryArray.from_arrays(values.indices.cast(pa.int32()), values.dictionary, safe=False)


def time_order(case: npt.NDArray[Any], start: Times | None, end: Times) -> tuple[Rows | None, Ptr]:
    """Return the rows by case, then start (end where unknown), then end, then place; None where they are so already.

    Parameters
    ----------
    case : array of int32
        Cases numbered by their first row.
    start : array of datetime64[us] or None
    end : array of datetime64[us]
        Rows without an end stand after those of the same start.

    Returns
    -------
    order : array of int32 or int64, or None
    case_ptr : array of int64
        Where each case begins in that order, and the number of rows last.
    """
    last = end.view(np.int64)
    if last.min(initial=0) == _UNKNOWN:
        last = np.where(last == _UNKNOWN, _LATEST, last)
    first = last
    if start is not None:
        first = start.view(np.int64)
        if first.min(initial=0) == _UNKNOWN:
            first = np.where(first == _UNKNOWN, last, first)
    if len(case) >= COMPILED:
        return _compiled_order(case, first, last)
    ptr = np.append(0, np.cumsum(np.bincount(case))).astype(np.int64)
    if (case[1:] >= case[:-1]).all():
        order = None
    else:
        order = np.argsort(case, kind="stable")
        case, first, last = (case[order], first[order], first[order] if last is first else last[order])
    # Exports are in the order of time as a rule: then it is enough to bring the rows of each case together.
    again = case[1:] == case[:-1]
    again &= (first[1:] < first[:-1]) | ((first[1:] == first[:-1]) & (last[1:] < last[:-1]))
    if again.any():
        inside = np.lexsort((last, first, case))
        order = inside if order is None else order[inside]
    return order, ptr


def _compiled_order(case: npt.NDArray[Any], first: npt.NDArray[Any], last: npt.NDArray[Any]) -> tuple[Rows | None, Ptr]:
    from flowaudit.eventlog import _kernels_build as kernels

    # One kind of array only: read-only arrays would be another compilation.
    case, first, last = (read_only(array) for array in (case, first, last))
    ptr = np.zeros(int(case.max()) + 2, np.int64)
    order = np.empty(len(case), np.int32 if len(case) < 2**31 else np.int64)
    kernels.rows_by_case(case, ptr, order)
    if kernels.in_order(case, first, last):
        return None, ptr
    kernels.sort_cases(ptr, order, first, last)
    return order, ptr


def _sorted(text: Coded, order: Rows | None) -> Coded:
    if order is None:
        return text
    return Coded(looked_up(text.codes, order), text.labels)


def _naive(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return one_chunk(values).cast(pa.timestamp("us"), safe=False)


def _stamps(values: pa.Array) -> Times:
    stamps: Times = values.to_numpy(zero_copy_only=False).astype("datetime64[us]", copy=False)
    return stamps
