"""Edges of the flow: who directly follows whom, and how long a case passes between enabler and enabled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog
from flowaudit.flow._groups import group_by
from flowaudit.flow.concurrency import directly_following
from flowaudit.flow.enablement import Enablement, enablement
from flowaudit.worktime import Calendar, load_calendar

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

HOUR_US = 3_600_000_000


def directly_follows(log: EventLog, *, calendar: Calendar | None = None) -> pd.DataFrame:
    """Count how often one activity directly follows another, and the time between the two.

    Parameters
    ----------
    log : EventLog
    calendar : Calendar, optional
        Adds ``median_working_h``, the median in office hours; without it the column is absent.

    Returns
    -------
    pd.DataFrame
        ``source, target, frequency, cases, median_h`` (and ``median_working_h``), most frequent first. The time runs
        from the source's end to the target's start where starts are recorded, else to its end.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("ABA"),
    ...                                "end": pd.date_range("2024-01-02", periods=3)}))
    >>> directly_follows(log)[["source", "target", "frequency", "median_h"]].values.tolist()
    [['A', 'B', 1, 24.0], ['B', 'A', 1, 24.0]]
    """
    before, after = directly_following(log)
    return _edges(log, before, after, log.stamps("end")[before], _begun(log)[after], calendar, totals=False)


def handover(
    log: EventLog, found: Enablement | None = None
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]]:
    """Return for every row the window between its enabling and its start (with starts) or its end (without)."""
    found = found or enablement(log)
    return found.enabled, np.maximum(_begun(log), found.enabled)


def _begun(log: EventLog) -> npt.NDArray[np.datetime64]:
    """When every instance began; its end where that was not recorded."""
    end = log.stamps("end")
    if not log.has("start"):
        return end
    start = log.stamps("start")
    return np.where(np.isnat(start), end, start)


def enabler_edges(log: EventLog, *, calendar: Calendar | None = None, found: Enablement | None = None) -> pd.DataFrame:
    """Measure waiting (with start times) or handover time (without) on every enabler edge.

    Returns
    -------
    pd.DataFrame
        ``source, target, frequency, cases, median_h, p90_h, median_working_h, p90_working_h, total_working_h, kind``,
        largest total first. ``kind`` is ``waiting`` (enabled to start) or ``handover`` (enabled to end: waiting and
        work together, which end times alone cannot tell apart).
    """
    found = found or enablement(log)
    opened, closed = handover(log, found)
    rows = np.flatnonzero(found.enabler >= 0)
    frame = _edges(
        log, found.enabler[rows], rows, opened[rows], closed[rows], calendar or load_calendar("china"), totals=True
    )
    frame["kind"] = "waiting" if log.has("start") else "handover"
    return frame.sort_values("total_working_h", ascending=False, kind="stable", ignore_index=True)


def _edges(
    log: EventLog,
    before: Ints,
    after: Ints,
    opened: npt.NDArray[np.datetime64],
    closed: npt.NDArray[np.datetime64],
    calendar: Calendar | None,
    *,
    totals: bool,
) -> pd.DataFrame:
    codes, labels = log.codes("activity")
    n = len(labels)
    groups = group_by(codes[before].astype(np.int64) * n + codes[after], n * n)
    span = (closed - opened).astype(np.int64)
    median, *p90 = (found / HOUR_US for found in groups.quantiles(span, *((0.5, 0.9) if totals else (0.5,))))
    columns: dict[str, object] = {
        "source": [labels[k // n] for k in groups.keys.tolist()],
        "target": [labels[k % n] for k in groups.keys.tolist()],
        "frequency": groups.counts,
        "cases": groups.distinct(log.case_index[after]),
        "median_h": median,
    }
    if totals:
        columns["p90_h"] = p90[0]
    if calendar is not None:
        working = calendar.working_time(opened, closed) if len(after) else np.zeros(0)
        working = np.maximum(np.atleast_1d(working), 0.0)
        middle, high = groups.quantiles(working, 0.5, 0.9)
        columns["median_working_h"] = middle
        if totals:
            columns["p90_working_h"] = high
            columns["total_working_h"] = groups.totals(working)
    frame = pd.DataFrame(columns)
    return frame.sort_values("frequency", ascending=False, kind="stable", ignore_index=True)


def tied_share(log: EventLog) -> float:
    """Return the share of events that bear the same end as their predecessor in the case.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("AB"), "end": pd.Timestamp("2024-01-02")}))
    >>> tied_share(log)
    0.5
    """
    before, after = directly_following(log)
    end = log.stamps("end")
    return float((end[before] == end[after]).sum() / max(len(end), 1))
