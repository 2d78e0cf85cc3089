"""When work began, where only its end was recorded: an estimate from enablement, the officer's last end and office hours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog
from flowaudit.flow.enablement import enablement
from flowaudit.messages import both
from flowaudit.messages import translate as _
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.datetime64]

FLAG = "start_estimated"
ENOUGH = 30
"""Recorded durations from which their median speaks for an activity."""
_TRUE = ("true", "1")
_US = np.timedelta64(1, "us")
_MICROSECOND_H = 1 / 3_600_000_000


def estimate_starts(
    log: EventLog, *, calendar: Calendar | None = None, office: OfficeHours | None = None, cap: float = 5.0
) -> EventLog:
    """Estimate when an activity instance began, where that was not recorded.

    The estimate is the later of the moment the instance was enabled and the last earlier end of the same resource, moved
    to the next moment at which the office is open. An instance with neither bound began its activity's median duration
    before its end. No estimate lies after the end, or more than ``cap`` times that median before it.

    Parameters
    ----------
    log : EventLog
    calendar : Calendar, optional
        Default: China's official one.
    office : OfficeHours, optional
        Default 09:00-12:00 and 13:00-17:00.
    cap : float
        Longest estimate, in median durations of the activity.

    Returns
    -------
    EventLog
        With ``start`` wherever an end is recorded, and ``start_estimated`` (bool). Recorded starts are kept, also those
        equal to the end. Sorted anew; a note in the provenance says how many starts are estimated.

    Raises
    ------
    UsageError
        If ``cap`` is not above 0.
    InsufficientDataError
        If a stamp lies in a year the calendar does not know.

    Notes
    -----
    All durations here are calendar time. The median is that of the recorded durations of the activity where at least 30
    are recorded, else that of the estimates above zero (an end tied with its bound says nothing about the work), else of
    the few recorded ones. Without any, the start is the end: unknown, not instant.

    The case's first stamp enables its first instance only where that stamp is a recorded start. Among equal ends of a
    resource the log's order counts. The rows of an event shared by several cases begin together, when the last of them
    could. Where the office does not open before the end, work was done out of hours and the bound is not moved.

    What is estimated says nothing of how waiting splits from work: a person who did other things, or nothing,
    between two ends seems to have worked on the second.

    References
    ----------
    Chapela-Campa, Dumas. Repairing activity start times, arXiv 2208.12224.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": list("1122"), "activity": list("ABAB"), "resource": list("xyxy"),
    ...     "end": pd.to_datetime(["2024-01-02 09:30", "2024-01-02 10:00", "2024-01-02 09:50", "2024-01-02 10:45"])}))
    >>> estimate_starts(log).to_pandas()["start"].dt.strftime("%H:%M").tolist()
    ['09:10', '09:30', '09:30', '10:00']
    """
    if not cap > 0:
        raise UsageError(
            _("cap must be above 0; got {cap}.", cap=cap), hint=_("it is a multiple of the activity's median duration: cap=5")
        )  # fmt: skip
    end = log.stamps("end")
    recorded = log.stamps("start") if log.has("start") else np.full(len(end), np.datetime64("NaT", "us"))
    missing = np.isnat(recorded) & ~np.isnat(end)
    if not missing.any():
        return log if FLAG in log.columns else _told(log, recorded, missing, None)
    leader = _leaders(log)
    bound = np.fmax(_enabled(log, recorded, end), _last_ends(log, end)[leader])
    bound[~missing] = np.datetime64("NaT", "us")
    plan = calendar or load_calendar()
    start = _opened(bound, end, plan, office)
    start = _capped(log, start, recorded, end, missing, cap)
    start = np.where(missing, _together(start, end, leader, missing), recorded)
    return _told(log, start, missing, plan)


def _leaders(log: EventLog) -> Ints:
    """Return for every row the first row of the same event: an event shared by several cases has several rows."""
    rows = np.arange(len(log.events))
    if not log.has("event_id"):
        return rows
    number = pd.factorize(log.to_pandas(["event_id"])["event_id"])[0]
    first = np.full(int(number.max(initial=-1)) + 1, len(rows))
    np.minimum.at(first, number[number >= 0], rows[number >= 0])
    return np.where(number >= 0, first[np.maximum(number, 0)], rows) if len(first) else rows


def _enabled(log: EventLog, start: Stamps, end: Stamps) -> Stamps:
    """Return when every row was enabled, NaT where neither an enabler nor a recorded start of the case says so."""
    found = enablement(log)
    begun = np.fmin.reduceat(start, log.case_ptr[:-1])[log.case_index]
    known = (found.enabler >= 0) | (found.enabled == begun)
    return np.where(known, found.enabled, np.datetime64("NaT", "us"))


def _last_ends(log: EventLog, end: Stamps) -> Stamps:
    """Return the last earlier end of the same resource, NaT where there is none; among equal ends the log's order counts."""
    found = np.full(len(end), np.datetime64("NaT", "us"))
    if not log.has("resource"):
        return found
    resource = log.codes("resource")[0]
    rows = np.flatnonzero((resource >= 0) & ~np.isnat(end))
    rows = rows[np.lexsort((end[rows].view(np.int64), resource[rows]))]
    same = np.flatnonzero(resource[rows[1:]] == resource[rows[:-1]])
    found[rows[same + 1]] = end[rows[same]]
    return found


def _opened(bound: Stamps, end: Stamps, calendar: Calendar, office: OfficeHours | None) -> Stamps:
    """Move every bound to the next moment at which the office is open, where that is before the end."""
    moved = bound.copy()
    # The calendar is asked only where it opens in time: it need not know what comes after the last end.
    rows = np.flatnonzero(calendar.working_time(bound, end, office) > 0)
    moved[rows] = calendar.due(bound[rows], _MICROSECOND_H, "hours", office=office) - _US
    return moved


def _capped(log: EventLog, start: Stamps, recorded: Stamps, end: Stamps, missing: Bools, cap: float) -> Stamps:
    """Fill in what has no bound and shorten what is too long, by the medians of the activities."""
    activity, labels = log.codes("activity")
    n = len(labels)
    known = ~np.isnat(recorded) & ~np.isnat(end) & (recorded <= end)
    own, seen = _medians(activity[known], _micros(end[known] - recorded[known]), n)
    some = missing & (start < end)
    guessed, _n = _medians(activity[some], _micros(end[some] - start[some]), n)
    usual = np.where(seen >= ENOUGH, own, np.where(np.isnan(guessed), own, guessed))
    rows = np.flatnonzero(missing)
    each = usual[activity[rows]]
    limit = np.where(np.isnan(each), np.inf, each * cap)
    bounded = ~np.isnat(start[rows])
    length = np.where(bounded, np.minimum(_micros(end[rows] - start[rows]), limit), np.nan_to_num(each))
    found = start.copy()
    found[rows] = end[rows] - np.floor(length).astype(np.int64) * _US
    return found


def _micros(span: npt.NDArray[np.timedelta64]) -> Floats:
    return span.astype("timedelta64[us]").astype(np.float64)


def _medians(code: npt.NDArray[np.int32], values: Floats, n: int) -> tuple[Floats, Ints]:
    """Return the median of the values of every code (NaN without any) and how many there are."""
    counts = np.bincount(code, minlength=n)
    ordered = values[np.lexsort((values, code))]
    found = np.full(n, np.nan)
    some = np.flatnonzero(counts)
    first = np.cumsum(counts)[some] - counts[some]
    low, high = first + (counts[some] - 1) // 2, first + counts[some] // 2
    found[some] = (ordered[low] + ordered[high]) / 2
    return found, counts


def _together(start: Stamps, end: Stamps, leader: Ints, missing: Bools) -> Stamps:
    """Let the rows of one event begin together, when the last of them could."""
    if (leader == np.arange(len(leader))).all():
        return start
    latest = np.full(len(start), np.iinfo(np.int64).min)
    np.maximum.at(latest, leader[missing], start[missing].view(np.int64))
    found: Stamps = np.minimum(latest[leader].view("datetime64[us]"), end)
    return found


def _told(log: EventLog, start: Stamps, missing: Bools, calendar: Calendar | None) -> EventLog:
    """Return the log with these starts, sorted by them, each marked as recorded or estimated."""
    flag = missing
    if FLAG in log.columns:
        flag = missing | log.events[FLAG].to_pandas().astype("string").str.casefold().isin(_TRUE).to_numpy(bool)
    events = log.events
    for name, values in (("start", pa.array(start, pa.timestamp("us"))), (FLAG, pa.array(flag))):
        if name in events.column_names:
            events = events.set_column(events.column_names.index(name), name, values)
        else:
            events = events.append_column(name, values)
    note = None
    if calendar is not None:
        note = both(
            "{n:,} of {total:,} start times were not recorded and are estimated (calendar '{calendar}'): processing and "
            "waiting times that use them are estimates.",
            n=int(missing.sum()), total=len(events), calendar=calendar.name,
        )  # fmt: skip
        order = _time_order(log, start)
        if order is not None:
            events = events.take(pa.array(order)).combine_chunks()
    return log.with_events(events, note=note).with_case_ptr(log.case_ptr)


def _time_order(log: EventLog, start: Stamps) -> Ints | None:
    """Return the rows of every case by start, then end, then place; None where they are so already."""
    latest = np.iinfo(np.int64).max
    end = log.stamps("end")
    last = np.where(np.isnat(end), latest, end.view(np.int64))
    first = np.where(np.isnat(start), last, start.view(np.int64))
    case = log.case_index
    again = case[1:] == case[:-1]
    again &= (first[1:] < first[:-1]) | ((first[1:] == first[:-1]) & (last[1:] < last[:-1]))
    return np.lexsort((last, first, case)) if again.any() else None
