"""When an office takes up work, as its log shows."""

from __future__ import annotations

import numpy as np

from flowaudit.eventlog import EventLog
from flowaudit.metrics import _arrays as arrays
from flowaudit.worktime import OfficeHours

SLOT_MIN = 30
OPEN = 0.1
"""A half hour is open in which work begins at least this often, compared with the busiest one."""

FEWEST = 200
"""Starts below which a log does not show the hours of its office."""

LEAST_H = 3.0
"""Hours a day in which work must begin: less is a schedule (work begun at nine and at one), not the hours of an office."""


def open_hours(*logs: EventLog) -> OfficeHours | None:
    """Return the hours of the day in which people begin work; None where the log does not show them.

    Parameters
    ----------
    *logs : EventLog
        One log, or replications of one office: they are looked at together. Starts of the steps that an office's people
        do count.

    Returns
    -------
    OfficeHours or None
        The same for every working day, in half hours; weekends are closed.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> begun = pd.date_range("2024-01-02 09:00", periods=5, freq="30min").append(pd.DatetimeIndex(["2024-01-02 14:00"])).repeat(50)
    >>> open_hours(from_frame(pd.DataFrame({"case_id": "1", "activity": "审查", "start": begun, "end": begun}))).spans
    (('09:00', '11:30'), ('14:00', '14:30'))
    """
    slots = 24 * 60 // SLOT_MIN
    counts = np.zeros(slots, np.int64)
    for log in logs:
        if log.has("start"):
            start = log.stamps("start")[np.flatnonzero(arrays.office_work(log))]
            start = start[~np.isnat(start)]
            minute = ((start - start.astype("datetime64[D]")) / np.timedelta64(1, "m")).astype(np.int64)
            counts += np.bincount(minute // SLOT_MIN, minlength=slots)
    if counts.sum() < FEWEST:
        return None
    opened = counts >= OPEN * counts.max()
    if opened.sum() * SLOT_MIN < LEAST_H * 60:
        return None
    edges = np.flatnonzero(np.diff(np.r_[False, opened, False].astype(np.int8)))
    return OfficeHours(tuple((_clock(a), _clock(b)) for a, b in edges.reshape(-1, 2).tolist()))


def _clock(slot: int) -> str:
    minutes = slot * SLOT_MIN
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
