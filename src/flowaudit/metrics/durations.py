"""减时间: end-to-end working days, and the official clock of a case: the union of its items' clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from flowaudit.eventlog import APPLICANT, EventLog, Unit, as_unit
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.axes import axes_of
from flowaudit.metrics.cases import complete_cases
from flowaudit.metrics.clocks import clocks, measured, running_pieces
from flowaudit.metrics.spells import NOT_ACCEPTED
from flowaudit.metrics.steps import RECORDED_SHARE
from flowaudit.worktime import Calendar, load_calendar

__all__ = ["NOT_ACCEPTED", "EndToEnd", "clock_days", "end_to_end", "end_to_end_days", "official_clock"]


@dataclass(frozen=True)
class EndToEnd:
    """End-to-end working days of each case, and from what to what they were measured."""

    days: arrays.Floats
    begins: Literal["applicant", "first_event"]
    ends: Literal["delivery", "last_event"]


def end_to_end(log: EventLog, calendar: Calendar, complete: arrays.Bools) -> EndToEnd:
    """Measure the working days from a case's first action to its result in hand.

    NaN for open cases, for those whose result lies before their first action, and for those with a date in a year the
    calendar does not know (:func:`measure_problems` names them).

    Raises
    ------
    InsufficientDataError
        If the calendar knows the years of no case.
    """
    start, end = arrays.begin(log), log.stamps("end")
    everything = np.ones(len(end), np.bool_)
    first = arrays.earliest(log, start, everything)
    applicant = arrays.among(log, "department", APPLICANT)
    acted = arrays.any_by_case(log, applicant)
    begins: Literal["applicant", "first_event"] = "first_event"
    if acted.mean() >= RECORDED_SHARE:
        begins = "applicant"
        first = np.where(acted, arrays.earliest(log, start, applicant), first)
    # Archiving and notices come after the result is in the applicant's hand.
    last = arrays.latest(log, end, ~arrays.among(log, "stage", "archive", "notify"))
    handed = arrays.any_by_case(log, arrays.among(log, "stage", "deliver"))
    ends: Literal["delivery", "last_event"] = "last_event"
    if handed[complete].any() and handed[complete].mean() >= RECORDED_SHARE / 2:
        ends = "delivery"
        result = arrays.latest(log, end, arrays.among(log, "stage", "deliver", "decide"))
        last = np.where(np.isnat(result), last, result)
    last = np.where(complete, last, np.datetime64("NaT", "us"))
    first, last = _inside(calendar, first, last)
    with np.errstate(invalid="ignore"):
        turned = last.astype("datetime64[D]") < first.astype("datetime64[D]")
    return EndToEnd(calendar.working_days(first, np.where(turned, np.datetime64("NaT", "us"), last)), begins, ends)


def _inside(calendar: Calendar, a: arrays.Stamps, b: arrays.Stamps) -> tuple[arrays.Stamps, arrays.Stamps]:
    """Leave out the pairs with a day the calendar does not know, unless that is all of them: then it refuses them by name."""
    axes = axes_of(calendar, None)
    far = axes.unknown(a) | axes.unknown(b)
    if (~far & ~np.isnat(a) & ~np.isnat(b)).any():
        a, b = (np.where(far, np.datetime64("NaT", "us"), s) for s in (a, b))
    return a, b


def clock_days(log: EventLog, calendar: Calendar) -> arrays.Floats | None:
    """Measure the official clock of each case: working days in the union of its items' clocks.

    Returns
    -------
    ndarray of float or None
        NaN where no item was accepted, where one is not decided, or where its clock contradicts itself
        (:func:`clock_problems`); None where the log records neither acceptance and decision stages nor their times.

    Raises
    ------
    InsufficientDataError
        If the calendar knows the years of no clock.
    """
    found = measured(log, None, calendar)
    accepted = ~np.isnat(found.spells.accepted)
    if not (accepted & found.run.decided).any():
        return None
    calendar.working_days(*_inside(calendar, found.spells.accepted, found.spells.decided))
    days = arrays.covered(log.n_cases, *running_pieces(found, found.axes.working))
    known = np.zeros(log.n_cases, np.bool_)
    known[found.spells.case[accepted]] = True
    known[found.spells.case[accepted & ~(found.known & found.run.decided)]] = False
    return np.where(known, days, np.nan)


def official_clock(log: EventLog, *, unit: Unit | None = None, calendar: Calendar | None = None) -> pd.DataFrame:
    """Measure the official clock of every accepted item (计时办理时间): the decided part of :func:`clocks`.

    Parameters
    ----------
    log : EventLog
    unit : {"case", "bundle"}, optional
    calendar : Calendar, optional
        Default: China's official one.

    Returns
    -------
    pd.DataFrame
        One row per case and accepted item: ``case_id, item_code, accepted, decided`` (dates), ``clock_days`` (working
        days in (accepted, decided] without suspensions), ``suspended_days``, ``open`` (not decided, or the clock
        contradicts itself; the days are then NaN). Empty where the log does not record it.

    Notes
    -----
    The clock starts with the first acceptance that is not a refusal or a request for corrections, and stops in
    the union of the item's episodes whose ``counts_in_clock`` is false. Where that is unknown, the list of
    行政许可法 Art 45 and corrections after acceptance stop it. Extensions never do.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "决定"], "stage": ["accept", "decide"],
    ...                                "end": pd.to_datetime(["2024-09-30 10:00", "2024-10-12 09:00"])}))
    >>> official_clock(log)["clock_days"].tolist()
    [5.0]
    """
    columns = ["case_id", "item_code", "accepted", "decided", "clock_days", "suspended_days", "open"]
    frame = clocks(log, unit=unit, calendar=calendar)
    frame = frame[frame["accepted"].notna()]
    if not frame["decided"].notna().any():
        return pd.DataFrame(columns=columns)
    still = (frame["open"] | frame["clock_days"].isna()).to_numpy()
    frame = frame.assign(
        accepted=frame["accepted"].dt.normalize(),
        decided=frame["decided"].dt.normalize().mask(still),
        clock_days=frame["clock_days"].mask(still),
        suspended_days=frame["suspended_days"].mask(still),
        open=still,
    )
    return frame[columns].reset_index(drop=True)


def end_to_end_days(log: EventLog, *, unit: Unit | None = None, calendar: Calendar | None = None) -> pd.Series:
    """Measure the working days from the first action of a case to its result in hand (全程工作日).

    Returns
    -------
    pd.Series
        Whole working days, index ``case_id``; NaN for open cases.

    Notes
    -----
    From the applicant's first action where the applicant's lane is recorded, else from the first event; to the last
    delivery (or decision) where deliveries are recorded, else to the last event. Notices and archiving never count.
    """
    log = as_unit(log, unit)
    days = end_to_end(log, calendar or load_calendar(), complete_cases(log)).days
    return pd.Series(days, log.case_axis, name="e2e_days")
