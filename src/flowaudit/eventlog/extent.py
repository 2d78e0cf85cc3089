"""When the cases of a log begin and end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog.log import EventLog

Stamps = npt.NDArray[np.datetime64]


def case_extent(log: EventLog, *, instead: bool = True) -> tuple[Stamps, Stamps]:
    """Return the first start and the last end of every case, in one pass.

    Parameters
    ----------
    log : EventLog
    instead : bool
        Where no start is recorded (of an event, or at all), the event's end stands for it.

    Returns
    -------
    tuple of array of datetime64[us]
        One entry per case; NaT where none is recorded.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("AB"), "end": pd.date_range("2024-01-02", periods=2)}))
    >>> [str(stamp[0])[:10] for stamp in case_extent(log)]
    ['2024-01-02', '2024-01-03']
    """
    from flowaudit.eventlog import _kernels as kernels

    first, last = np.empty(log.n_cases, np.int64), np.empty(log.n_cases, np.int64)
    started = log.has("start")
    for tile in log.tiles(*(("start", "end") if started else ("end",))):
        own = slice(tile.first_case, tile.first_case + len(tile.ptr) - 1)
        begun = tile.columns["start" if started else "end"]
        kernels.first_last(tile.ptr, begun, tile.columns["end"], instead, first[own], last[own])
    return first.view("datetime64[us]"), last.view("datetime64[us]")
