"""Who has how much to do: the work of each department in each case, so that work moved elsewhere is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowaudit.eventlog import APPLICANT, EventLog
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.rule import NotRecorded
from flowaudit.worktime import Calendar, OfficeHours, load_calendar


@dataclass(frozen=True)
class Workload:
    """The work of departments, one entry for each case and department that handled it.

    Attributes
    ----------
    departments : tuple of str
    case, department : ndarray of int64
        Position in ``log.case_ids``; place in ``departments``. Each pair is there once.
    instances : ndarray of float
        Activity instances handled by people. What several cases share counts in each by its part.
    lasting : ndarray of float
        Of these, the ones of which it is known how long they took.
    hours : ndarray of float
        Office hours of ``lasting``.
    """

    departments: tuple[str, ...]
    case: arrays.Ints
    department: arrays.Ints
    instances: arrays.Floats
    lasting: arrays.Floats
    hours: arrays.Floats


def workload(
    log: EventLog, *, calendar: Calendar | None = None, office: OfficeHours | None = None
) -> Workload | NotRecorded:
    """Sum up the work of each department in each case: activity instances, and hours where starts are recorded.

    Parameters
    ----------
    log : EventLog
    calendar : Calendar, optional
        Default: China's official one.
    office : OfficeHours, optional

    Returns
    -------
    Workload or NotRecorded

    Notes
    -----
    Hours are office hours between start and end; an instance that lies wholly outside office hours, or in a year the
    calendar does not know, counts by the clock. An end that equals its start was filled in: how long that took is not
    known. The applicant's steps, automatic steps and suspensions are nobody's work, nor are notices and archiving, unless
    the log names who did them: they are no steps of a case, but they take his time. An event that several cases share (a
    joint inspection) is work done once: each of them has its part.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "审查"], "department": ["窗口", "甲局"],
    ...     "start": pd.to_datetime(["2024-01-02 09:00", "2024-01-02 16:00"]),
    ...     "end": pd.to_datetime(["2024-01-02 09:30", "2024-01-03 10:00"])}))
    >>> found = workload(log)
    >>> found.departments, found.hours
    (('窗口', '甲局'), array([0.5, 2. ]))
    """
    if not log.has("department"):
        return NotRecorded("workload", "日志未记录办理部门。", "the log does not record departments.", ("department",))
    code, labels = log.codes("department")
    rows = np.flatnonzero((arrays.office_work(log) | _named_notices(log)) & (code >= 0))
    department = code[rows].astype(np.int64)
    part = _parts(log, rows)
    lasting, hours = np.zeros(len(rows), np.bool_), np.zeros(len(rows))
    if log.has("start"):
        start, end = log.stamps("start")[rows], log.stamps("end")[rows]
        with np.errstate(invalid="ignore"):
            lasting = start < end
        hours[lasting] = _hours(calendar or load_calendar(), office, start[lasting], end[lasting])
    width = len(labels)
    key = log.case_index[rows] * width + department
    size = log.n_cases * width
    if size <= 8 * len(rows) + 100_000:
        there = np.zeros(size, np.bool_)
        there[key] = True
        found = np.flatnonzero(there)
        place = (np.cumsum(there) - 1)[key]
    else:
        found, place = np.unique(key, return_inverse=True)

    def total(values: arrays.Floats) -> arrays.Floats:
        return np.bincount(place, weights=values, minlength=len(found)).astype(float)

    case, who = np.divmod(found, max(width, 1))
    return Workload(
        tuple(str(label) for label in labels), case, who, total(part), total(part * lasting), total(part * hours)
    )


def _named_notices(log: EventLog) -> arrays.Bools:
    """Mark notices and filings of an office that somebody is recorded for."""
    own = arrays.among(log, "stage", "notify", "archive") & ~arrays.among(log, "department", APPLICANT)
    return own & ~arrays.automatic(log) & (arrays.codes(log, "resource") >= 0)


def _parts(log: EventLog, rows: arrays.Ints) -> arrays.Floats:
    """Return the part of each row in its event: 1 but for what several cases share."""
    if log.unit == "bundle" or not log.has("event_id"):
        return np.ones(len(rows))
    event = arrays.codes(log, "event_id", rows)
    shared = np.bincount(event[event >= 0], minlength=1)
    return np.where(event >= 0, 1.0 / np.maximum(shared[event], 1), 1.0)


def _hours(calendar: Calendar, office: OfficeHours | None, start: arrays.Stamps, end: arrays.Stamps) -> arrays.Floats:
    from flowaudit.metrics.axes import axes_of

    by_clock = (end - start) / np.timedelta64(1, "h")
    axes = axes_of(calendar, office)
    known = ~(axes.unknown(start) | axes.unknown(end))
    worked = np.zeros(len(start))
    worked[known] = calendar.working_time(start[known], end[known], office)
    return np.where(worked > 0, worked, by_clock)
