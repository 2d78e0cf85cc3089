"""How cases arrive: the rhythm of the week, the time between arrivals in it, and whether there are more from year to year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowaudit.process import quantiles
from flowaudit.process.clock import Timeline, mine_profile
from flowaudit.process.model import Arrivals
from flowaudit.worktime import Calendar

SIGNIFICANT = 3.0
"""A trend is one from so many standard errors on."""

WEEKS = 52
"""Fewer whole weeks than this tell no trend: it could as well be the season."""


def fit_arrivals(arrivals: npt.NDArray[np.datetime64], last: np.datetime64, calendar: Calendar) -> Arrivals:
    """Fit the model of arrivals to the first stamps of all cases, in order.

    Gaps are measured in hours of a clock that runs as cases usually arrive over the week, so that nights and holidays are
    in no gap; they are drawn from their table, regular arrivals stay regular and bursts stay bursts.

    Notes
    -----
    A renewal process in operational time; with exponential gaps it is a non-homogeneous Poisson process. The trend is
    log-linear in the weekly counts, its standard error widened by their overdispersion.
    """
    timeline = Timeline.spanning(arrivals[0], arrivals[-1], calendar)
    clock = mine_profile(arrivals, calendar)
    hours = timeline.hours(arrivals)
    trend = _trend(hours)
    middle = timeline.hours(np.array([arrivals[0] + (last - arrivals[0]) / 2]))[0]
    passed = timeline.operational(clock, hours)
    gaps = np.diff(passed) * (1.0 + trend) ** ((hours[1:] - middle) / (365.0 * 24.0))
    table = quantiles.table(np.maximum(gaps, 0.0)) if len(gaps) else np.full(len(quantiles.GRID), 24.0)
    return Arrivals(clock, table, trend, arrivals[0], last)


def _trend(hours: npt.NDArray[np.float64]) -> float:
    """Growth of the weekly number over 365 days; 0 where chance explains it."""
    weeks = int((hours[-1] - hours[0]) // 168.0)
    if weeks < WEEKS:
        return 0.0
    counts = np.bincount(((hours - hours[0]) // 168.0).astype(np.int64), minlength=weeks)[:weeks].astype(float)
    t = (np.arange(weeks) - (weeks - 1) / 2.0) / 52.14
    level, slope = counts.mean(), 0.0
    for _round in range(25):
        # Fisher scoring for a log-linear Poisson regression.
        expected = level * np.exp(np.clip(slope * t, -5.0, 5.0))
        slope += float((t * (counts - expected)).sum() / (t * t * expected).sum())
        level = float(counts.sum() / np.exp(np.clip(slope * t, -5.0, 5.0)).sum())
    expected = level * np.exp(slope * t)
    dispersion = max(float(((counts - expected) ** 2 / expected).sum() / max(weeks - 2, 1)), 1.0)
    error = np.sqrt(dispersion / (t * t * expected).sum())
    return float(np.expm1(slope)) if abs(slope) > SIGNIFICANT * error else 0.0
