"""Read an event log from a table in memory: pandas, polars, or anything that speaks Arrow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog.assemble import Raw, Reading, to_log
from flowaudit.eventlog.coded import is_text
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, resolve_columns
from flowaudit.eventlog.options import options
from flowaudit.messages import translate as _


def read_frame(
    frame: Any,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> EventLog:
    """Read a frame with one row per event, through the same door as a file.

    Parameters
    ----------
    frame : DataFrame or Arrow table
        pandas, polars, or any object with ``__arrow_c_stream__``. It is not changed.
    mapping, salt, keep_text, **columns
        As in :func:`flowaudit.eventlog.read_csv`.

    Returns
    -------
    EventLog
        Headers recognised, people's names replaced; :func:`flowaudit.eventlog.from_frame` does neither.

    Raises
    ------
    UsageError
        If it is no frame.
    InputError
        As :func:`flowaudit.eventlog.read_csv`; rows are named by the index of a pandas frame where that counts, else
        by their position from 0.

    Examples
    --------
    >>> log = read_frame(pd.DataFrame({"办件编号": ["1", "1"], "环节名称": ["受理", "决定"],
    ...                                "办理人": ["张三", "李四"], "完成时间": ["2024-01-02 09:00", "2024-01-03 10:00"]}),
    ...                  salt=b"0" * 32)
    >>> log.n_cases, log.to_pandas()["resource"].tolist()
    (1, ['Rb2efda', 'R6323fd'])
    """
    opts = options(mapping, salt, keep_text, columns)
    name = f"{type(frame).__module__.partition('.')[0]} frame"
    table, lines = _table(frame, name)
    again = sorted({c for c in table.column_names if table.column_names.count(c) > 1})
    if again:
        raise InputError(
            _("'{file}' has two columns named '{column}'.", file=name, column=again[0]), hint=_("rename one of them.")
        )
    if not len(table):
        raise InputError(_("'{file}' has a header but no rows.", file=name), hint=_("look at what made the frame."))
    raw = Raw(table, name, lines)
    return to_log(raw, resolve_columns(table.column_names, opts.mapping, file=name), Reading(name, opts))


def _table(frame: Any, name: str) -> tuple[pa.Table, Callable[[list[int]], list[int]]]:
    if isinstance(frame, pd.DataFrame):
        labels = frame.index
        counted = pd.api.types.is_integer_dtype(labels.dtype)

        def lines(rows: list[int]) -> list[int]:
            return [int(labels[r]) for r in rows] if counted else rows

        # By position: two columns may have one name, which is refused later.
        arrays = [_from_pandas(frame.iloc[:, i]) for i in range(frame.shape[1])]
        return pa.Table.from_arrays(arrays, names=[str(c) for c in frame.columns]), lines
    if not hasattr(frame, "__arrow_c_stream__"):
        lazy = hasattr(frame, "collect")
        raise UsageError(
            _("read_frame needs a frame; this is '{type}'.", type=type(frame).__name__),
            hint=_("collect it first: read_frame(frame.collect())") if lazy else _("read_log reads files."),
        )
    try:
        table = pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(
            _("'{file}' cannot be read as a table: {reason}.", file=name, reason=str(error).splitlines()[0].rstrip("."))
        ) from error
    arrays = [_readable(table.column(i)) for i in range(table.num_columns)]
    return pa.Table.from_arrays(arrays, names=table.column_names), lambda rows: rows


def _from_pandas(values: pd.Series) -> pa.ChunkedArray:
    several = values.dtype == object and len({_clock(v) for v in values if isinstance(v, dt.date | dt.time)}) > 1
    if several or isinstance(values.dtype, pd.PeriodDtype | pd.IntervalDtype):
        # Arrow would bring all to the zone of the first, and count the days of a period.
        return _readable(pa.chunked_array([_texts(None if pd.isna(v) else v for v in values)]))
    try:
        found = pa.Array.from_pandas(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # Cells of several types: as text, the way a person would write them.
        found = _texts(None if pd.isna(v) else v for v in values)
    return _readable(found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found]))


def _clock(moment: dt.date | dt.time) -> tuple[type, object]:
    """Return what must be one for all moments of a column: their type and their zone."""
    return (dt.datetime if isinstance(moment, dt.datetime) else type(moment), getattr(moment, "tzinfo", None))


def _readable(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column in one of the types that the door knows; others become text."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return values if is_text(kind.value_type) else _readable(values.cast(kind.value_type))
    if str(kind) == "string_view":
        return values.cast(pa.large_string())
    plain = (
        is_text(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_date(kind)
    )
    return values if plain else pa.chunked_array([_texts(values.to_pylist())])


def _texts(cells: Any) -> pa.Array:
    return pa.array([None if c is None else str(c) for c in cells], pa.string())
