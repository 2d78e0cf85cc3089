"""What enabled each activity instance, and when: the basis of waiting and handover times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog
from flowaudit.flow.concurrency import concurrent_codes

Ints = npt.NDArray[np.int64]
Stamps = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Enablement:
    """The enabler of every row of a log.

    Attributes
    ----------
    enabler : array of int
        Row of the instance that enabled this one; -1 where the case itself did.
    enabled : array of datetime64
        The enabler's end, else the case's first stamp.
    """

    enabler: Ints
    enabled: Stamps


def enablement(log: EventLog) -> Enablement:
    """Find the enabler of every activity instance.

    The enabler is the instance of the same case, earlier in the log's order and of an activity not concurrent with
    this one, that ended last but not after this one started. Among equal ends the one nearest in the order counts.

    Returns
    -------
    Enablement

    Notes
    -----
    Tie order: the log is sorted by start, end and file order; an earlier instance may enable a later one that bears
    the same stamp. Date-only logs would otherwise enable nothing. Without starts, the end stands for "started".

    References
    ----------
    Chapela-Campa, Dumas. Repairing activity start times, arXiv 2208.12224.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("ABC"),
    ...                                "end": pd.date_range("2024-01-02", periods=3)}))
    >>> enablement(log).enabler.tolist()
    [-1, 0, 1]
    """
    end = log.stamps("end")
    start = log.stamps("start") if log.has("start") else end
    start = np.where(np.isnat(start), end, start)
    n_rows = len(end)
    codes, labels = log.codes("activity")
    n = len(labels)
    activity = codes.astype(np.int64)
    pairs = concurrent_codes(log, codes, n)
    concurrent = np.array(sorted({a * n + b for a, b in pairs} | {b * n + a for a, b in pairs}), np.int64)
    position = np.arange(n_rows) - log.case_ptr[:-1][log.case_index] if n_rows else np.zeros(0, np.int64)
    began, ended = start.astype(np.int64), end.astype(np.int64)
    enabler = np.full(n_rows, -1, np.int64)
    best = np.full(n_rows, np.iinfo(np.int64).min)
    in_order = (
        bool(np.all(ended[:-1][np.diff(log.case_index) == 0] <= ended[1:][np.diff(log.case_index) == 0]))
        if n_rows
        else True
    )
    rows = np.flatnonzero(position >= 1)
    lag = 1
    while len(rows):
        candidate = rows - lag
        fits = ended[candidate] <= began[rows]
        if len(concurrent):
            fits &= ~np.isin(activity[candidate] * n + activity[rows], concurrent)
        better = fits & (ended[candidate] > best[rows])
        enabler[rows[better]] = candidate[better]
        best[rows[better]] = ended[candidate[better]]
        lag += 1
        rows = rows[position[rows] >= lag]
        if in_order:
            # Ends never fall along a case, so the nearest fitting instance is the last to have ended.
            rows = rows[enabler[rows] < 0]
    first = np.fmin.reduceat(np.fmin(start, end), log.case_ptr[:-1])[log.case_index] if n_rows else end
    enabled = np.where(enabler >= 0, end[np.maximum(enabler, 0)], first)
    return Enablement(enabler, enabled)
