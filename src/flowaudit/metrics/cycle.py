"""How long cases take, and how many are under way at once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.metrics import _arrays as arrays
from flowaudit.worktime import Calendar, OfficeHours, load_calendar


def _first_last(log: EventLog, who: str) -> tuple[arrays.Stamps, arrays.Stamps]:
    log.require(who, "start", "end")
    everything = np.ones(len(log.events), np.bool_)
    return arrays.earliest(log, log.stamps("start"), everything), arrays.latest(log, log.stamps("end"), everything)


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
    return pd.Series(last - first, pd.Index(log.case_ids, name="case_id"), name="cycle_time")


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
    return pd.Series(hours, pd.Index(log.case_ids, name="case_id"), name="working_cycle_time_h")


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
    change = pd.Series(np.r_[np.ones(len(first), np.int64), -np.ones(len(last), np.int64)], np.r_[first, last])
    wip = change.groupby(level=0).sum().cumsum().rename("work_in_progress")
    wip.index.name = "time"
    return wip
