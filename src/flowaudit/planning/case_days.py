"""The days a promise is about: the official clock, or the end-to-end time, of whole cases or of one item."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.eventlog import EventLog, as_unit
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, case_measures, clocks, four_reductions, still_running
from flowaudit.planning.kept import Days
from flowaudit.worktime import Calendar

PromisedMetric = Literal["clock", "time"]

OF_CASE = {"clock": "clock_days", "time": "e2e_days"}
OF_ITEM = {"clock": "clock_days", "time": "e2e_working_days"}
"""Columns of :func:`flowaudit.case_measures` and of :func:`flowaudit.clocks`, both in working days."""


def require_metric(metric: str) -> None:
    """Refuse what no promise is about.

    Raises
    ------
    UsageError
        Naming the nearest.
    """
    if metric not in OF_CASE:
        near = nearest(metric, OF_CASE, n=1)
        raise UsageError(
            _("a promise is about the official clock or the end-to-end time; got '{name}'.", name=metric),
            hint=_("did you mean '{near}'?", near=near[0]) if near else _("metric is clock or time."),
        )


def require_recorded(log: EventLog, metric: str, calendar: Calendar) -> None:
    """Refuse a log that does not record the days.

    Raises
    ------
    InsufficientDataError
        Saying why, and what to write.
    """
    figure = getattr(four_reductions(log, calendar=calendar, interval=False), metric)
    if isinstance(figure, NotRecorded):
        raise InsufficientDataError(
            _("no promise can be measured: {reason}", reason=figure.reason(current_language())),
            hint=_("metric='time' takes the end-to-end working days instead.") if metric == "clock" else None,
        )


def item_frame(log: EventLog, metric: str, catalogue: Catalogue | None, calendar: Calendar) -> pd.DataFrame:
    """Return the clocks of every item of every case with the columns ``days`` and ``running``; withdrawn ones left out."""
    frame = clocks(log, catalogue, calendar=calendar)
    clock = OF_ITEM[metric]
    frame = frame.assign(days=frame[clock], running=still_running(frame, clock))
    return frame[(frame["state"] != "ended").to_numpy()]


def whole_cases(log: EventLog, metric: str, calendar: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """Return the days of every case, NaN where unknown, and which of them are a lower bound.

    Notes
    -----
    The clock of a case is the union of its items' clocks. Of one that has not come to its end at least the longest
    clock of its items is known.
    """
    log = as_unit(log)
    measured = case_measures(log, calendar=calendar)
    days = measured[OF_CASE[metric]].to_numpy(float)
    running = ~measured["complete"].to_numpy(np.bool_)
    if not running.any():
        return days, running
    frame = item_frame(log, metric, None, calendar)
    longest = frame.groupby("case_id", sort=False)["days"].max()
    known = longest.reindex(pd.Index(np.asarray(log.case_axis))).to_numpy(float)
    return np.where(running, np.fmax(known, days), days), running


def of_whole(log: EventLog, metric: str, calendar: Calendar) -> Days:
    """Return the days of the cases that are known."""
    days, running = whole_cases(log, metric, calendar)
    known = ~np.isnan(days)
    return Days(days[known], running[known])


def of_rows(frame: pd.DataFrame) -> Days:
    """Return the days of rows of :func:`item_frame` that are known."""
    days = frame["days"].to_numpy(float)
    known = ~np.isnan(days)
    return Days(days[known], frame["running"].to_numpy(np.bool_)[known])


def days_of(log: EventLog, metric: str, item: str | None, catalogue: Catalogue | None, calendar: Calendar) -> Days:
    """Return the days of one item (by its code), or of whole cases."""
    if item is None:
        return of_whole(log, metric, calendar)
    frame = item_frame(log, metric, catalogue, calendar)
    return of_rows(frame[(frame["item_code"] == item).to_numpy()])
