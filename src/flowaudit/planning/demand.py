"""More or fewer arrivals: the observed ones, drawn closer together or further apart."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.messages import translate as _
from flowaudit.process import Process, Profile, Timeline, always
from flowaudit.worktime import Calendar

Stamps = npt.NDArray[np.datetime64]

HALF_HOUR = 0.5


def arrivals_at(process: Process, demand: float, calendar: Calendar) -> Stamps:
    """Return the observed arrivals as if there were ``demand`` times as many a week.

    Parameters
    ----------
    process : Process
        With the arrivals that were observed.
    demand : float
        1: as they are; 1.2: 20 % more in the same time.
    calendar : Calendar

    Returns
    -------
    array of datetime64[us]
        In order, from the first arrival to no later than the last: with less demand, fewer cases.

    Raises
    ------
    UsageError
        If ``demand`` is not above 0.
    InsufficientDataError
        If there are no arrivals to be moved.

    Notes
    -----
    The gaps between arrivals are divided by ``demand`` on the clock of the arrivals, which stands still at night, on
    weekends and on holidays: the rhythm of the week stays, bursts stay bursts, and case number k stays case number k. Since all luck of a
    simulation is tied to that number, a case has the same way and the same draws at every level of demand (common
    random numbers). Thinning or doubling single arrivals would number the cases anew, and arrivals drawn from a model
    would lose the bursts that fill the queues. What moves are the seasons: a peak comes earlier when more arrive.
    """
    if not (math.isfinite(demand) and demand > 0):
        raise UsageError(
            _("demand is a factor above 0; got {value}.", value=demand), hint=_("1.2 means 20 % more arrivals.")
        )
    observed = np.sort(process.arrivals)
    if len(observed) < 2:
        raise InsufficientDataError(
            _("the process has {n} arrivals; a change of demand needs at least 2.", n=len(observed)),
            hint=_("fit it to a log, or give a diagram with a number of cases."),
        )
    if demand == 1.0:
        return observed
    clock = process.arriving.clock if process.arriving is not None else always()
    timeline = Timeline.spanning(observed[0], observed[-1], calendar)
    hours = timeline.hours(observed)
    passed = timeline.operational(clock, hours)
    moved = _wall_clock(timeline, clock, passed[0] + (passed - passed[0]) / demand)
    moved[0] = hours[0]
    moved = moved[moved <= hours[-1]]
    origin = timeline.origin.astype("datetime64[us]")
    return np.asarray(origin + np.rint(moved * 3.6e9).astype("timedelta64[us]"))


def _wall_clock(timeline: Timeline, clock: Profile, operational: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the hours since the origin at which so much of a clock has passed; infinite beyond its last day."""
    edges = np.arange(0.0, 24.0 * len(timeline.classes) + HALF_HOUR / 2, HALF_HOUR)
    passed = timeline.operational(clock, edges)
    hours = np.interp(operational, passed, edges)
    return np.where(operational > passed[-1], np.inf, hours)
