"""How long cases take, and how many are under way at once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.eventlog import EventLog, Unit, as_unit, case_extent
from flowaudit.metrics import _arrays as arrays
from flowaudit.worktime import Calendar, OfficeHours, load_calendar


def _first_last(log: EventLog, who: str) -> tuple[arrays.Stamps, arrays.Stamps]:
    log.require(who, "start", "end")
    return case_extent(log, instead=False)


def case_durations(log: EventLog, *, unit: Unit | None = None) -> pd.Series:
    """Calendar time from a case's first recorded stamp to its last end.

    Returns
    -------
    pd.Series
        Timedelta per case, index ``case_id``. NaT where a case has no stamp.

    Notes
    -----
    With start times this is :func:`cycle_time`, but for cases some of whose starts are missing. Without them it is the
    time between the first and the last end: the work on the first event is not in it. pm4py's
    ``get_all_case_durations`` is the latter for every log, sorted.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "决定"],
    ...     "end": pd.to_datetime(["2024-01-02 10:00", "2024-01-02 13:30"])}))
    >>> case_durations(log)["1"]
    Timedelta('0 days 03:30:00')
    """
    log = as_unit(log, unit)
    first, last = case_extent(log)
    return pd.Series(last - first, log.case_axis, name="duration", copy=False)


def cycle_time(log: EventLog, *, unit: Unit | None = None) -> pd.Series:
    """Calendar time from a case's first start to its last end.

    Returns
    -------
    pd.Series
        Timedelta per case, index ``case_id``.

    Raises
    ------
    MissingColumnError
        If the log has no ``start``: without it a case's first activity would last zero.

    Notes
    -----
    Called *throughput time* in bupaR. pm4py's ``get_cycle_time`` is another quantity.

    References
    ----------
    Dumas, La Rosa, Mendling, Reijers. *Fundamentals of Business Process Management*, 2nd ed., 2018.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "决定"],
    ...     "start": pd.to_datetime(["2024-01-02 09:00", "2024-01-02 11:00"]),
    ...     "end": pd.to_datetime(["2024-01-02 10:00", "2024-01-02 13:30"])}))
    >>> cycle_time(log)["1"]
    Timedelta('0 days 04:30:00')
    """
    log = as_unit(log, unit)
    first, last = _first_last(log, "cycle_time")
    return pd.Series(last - first, log.case_axis, name="cycle_time")


def working_cycle_time(
    log: EventLog, *, unit: Unit | None = None, calendar: Calendar | None = None, office: OfficeHours | None = None
) -> pd.Series:
    """Office hours from a case's first start to its last end.

    Returns
    -------
    pd.Series
        Hours per case, index ``case_id``.

    Raises
    ------
    MissingColumnError
        If the log has no ``start``.
    """
    log = as_unit(log, unit)
    first, last = _first_last(log, "working_cycle_time")
    hours = (calendar or load_calendar()).working_time(first, last, office)
    return pd.Series(hours, log.case_axis, name="working_cycle_time_h")


def work_in_progress(log: EventLog, *, unit: Unit | None = None) -> pd.Series:
    """Number of cases under way from each moment on, between a case's first start and its last end.

    Returns
    -------
    pd.Series
        Count valid from its index (moments at which it changes, ascending) to the next; the last one is 0.

    Raises
    ------
    MissingColumnError
        If the log has no ``start``.

    Notes
    -----
    The area under it is the sum of all cycle times: Little's law on a finite log is an identity.

    References
    ----------
    Little. A proof for the queuing formula L = λW. *Operations Research* 9 (1961) 383-387.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "2"], "activity": "受理",
    ...     "start": pd.to_datetime(["2024-01-02 09:00", "2024-01-02 09:30"]),
    ...     "end": pd.to_datetime(["2024-01-02 10:00", "2024-01-02 11:00"])}))
    >>> work_in_progress(log).tolist()
    [1, 2, 1, 0]
    """
    log = as_unit(log, unit)
    first, last = _first_last(log, "work_in_progress")
    known = ~np.isnat(first) & ~np.isnat(last)
    first, last = first[known], last[known]
    moments, number = np.unique(np.r_[first, last], return_inverse=True)
    change = np.bincount(number[: len(first)], minlength=len(moments))
    change -= np.bincount(number[len(first) :], minlength=len(moments))
    return pd.Series(np.cumsum(change), pd.DatetimeIndex(moments, name="time"), name="work_in_progress")


def arrivals(log: EventLog, *, unit: Unit | None = None) -> pd.Series:
    """Number of cases that arrive on each calendar day: a case arrives with its first recorded stamp.

    Returns
    -------
    pd.Series
        Count per day, index ``date``: every day from the first to the last arrival, days without one included.
        Cases without any stamp are in none.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1", "2", "2"], "activity": "受理",
    ...     "end": pd.to_datetime(["2024-01-02 09:00", "2024-01-04 08:00", "2024-01-05 08:00"])}))
    >>> arrivals(log).tolist()
    [1, 0, 1]
    """
    log = as_unit(log, unit)
    first = case_extent(log)[0]
    days = arrays.days_of(first[~np.isnat(first)])
    low = int(days.min()) if len(days) else 0
    counts = np.bincount(days - low)
    index = pd.DatetimeIndex((low + np.arange(len(counts))).astype("datetime64[D]"), name="date")
    return pd.Series(counts.astype(np.int64), index, name="arrivals")
