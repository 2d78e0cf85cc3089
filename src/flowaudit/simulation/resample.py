"""The control of every fidelity figure: whole recorded traces, drawn again and moved to the arrivals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from flowaudit.eventlog import EventLog

NEAREST = 20
"""Recorded cases that arrived on the same weekday at the nearest hours, among which one is drawn for an arrival."""


def resample(log: EventLog, arrivals: npt.NDArray[np.datetime64], seed: int) -> EventLog:
    """Draw a recorded case for every arrival, and move it there as a whole.

    No model of an office that knows nothing but the log can be expected to come nearer to later cases than the log's own
    cases do; a model that may be asked "what if" pays for that with some distance.

    Parameters
    ----------
    log : EventLog
        What the model was fitted to.
    arrivals : array of datetime64
        First starts of the new cases.
    seed : int

    Returns
    -------
    EventLog
        Activity, resource, start and end; one case for every arrival.

    Notes
    -----
    The case is drawn among the twenty that arrived on the same weekday at the nearest hours, or its events would move into
    nights and weekends; where no case arrived on that weekday, among those of the day before it, and so on.
    """
    ptr = log.case_ptr
    ends = log.stamps("end")
    starts = log.stamps("start") if log.has("start") else ends
    starts = np.where(np.isnat(starts), ends, starts)
    first = np.minimum.reduceat(starts, ptr[:-1])
    weekday, hour = _phase(first)
    wanted_day, wanted_hour = _phase(arrivals)
    rng = np.random.default_rng(seed)
    u = rng.random(len(arrivals))
    chosen = np.zeros(len(arrivals), np.int64)
    for day in range(7):
        rows = np.flatnonzero(wanted_day == day)
        own = next(
            np.flatnonzero(weekday == (day - back) % 7) for back in range(7) if (weekday == (day - back) % 7).any()
        )
        own = own[np.argsort(hour[own], kind="stable")]
        k = min(NEAREST, len(own))
        low = np.clip(np.searchsorted(hour[own], wanted_hour[rows]) - k // 2, 0, len(own) - k)
        chosen[rows] = own[low + (u[rows] * k).astype(np.int64)]
    lengths = np.diff(ptr)[chosen]
    case = np.repeat(np.arange(len(chosen)), lengths)
    inside = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    row = np.repeat(ptr[chosen], lengths) + inside
    shift = (arrivals - first[chosen])[case]
    names = pa.array([f"B{i + 1:06d}" for i in range(len(chosen))])
    columns = {
        "case_id": pa.DictionaryArray.from_arrays(pa.array(case.astype(np.int32)), names),
        "activity": log.events["activity"].take(pa.array(row)),
        "end": pa.array(ends[row] + shift),
    }
    if log.has("start"):
        columns["start"] = pa.array(starts[row] + shift)
    if log.has("resource"):
        columns["resource"] = log.events["resource"].take(pa.array(row))
    made = EventLog(pa.table(columns), {}, replace(log.provenance, source="resampled"), log.unit)
    return made.with_case_ptr(np.r_[0, np.cumsum(lengths)].astype(np.int64))


def _phase(stamps: npt.NDArray[np.datetime64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Weekday (0 is Monday) and hour of the day."""
    day = stamps.astype("datetime64[D]")
    return (day.astype(np.int64) + 3) % 7, np.asarray((stamps - day) / np.timedelta64(1, "h"), float)
