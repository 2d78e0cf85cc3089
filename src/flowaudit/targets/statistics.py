"""Statistics of cases, and how sure they are: over replications, or by drawing the cases of one log again."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from flowaudit.metrics import mean_interval, median_interval, quantile_interval, wilson

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float, float]
"""A value and its 95 % interval."""

DRAWS = 2000
"""Draws of the ratio of two statistics."""

QUANTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95}
STATISTICS: dict[str, Callable[[Floats], float]] = {
    "median": lambda x: float(np.median(x)),
    "mean": lambda x: float(np.mean(x)),
    "p90": lambda x: float(np.quantile(x, 0.9)),
    "p95": lambda x: float(np.quantile(x, 0.95)),
}


def statistic_of(x: Floats, statistic: str, within: float = math.nan) -> float:
    """Return a statistic of cases; ``share`` is the share of them that is at most ``within``. NaN of none."""
    if not len(x):
        return math.nan
    return float(np.mean(x <= within)) if statistic == "share" else STATISTICS[statistic](x)


def interval(values: Floats, reshuffled: Floats | None = None) -> Interval:
    """Return the mean of replications and its 95 % interval (NaN for one replication); see :func:`~flowaudit.metrics.mean_interval`.

    Examples
    --------
    >>> tuple(round(x, 3) for x in interval(np.array([1.0, 2.0, 3.0])))
    (2.0, -0.484, 4.484)
    """
    mean, low, high = mean_interval(values, reshuffled=reshuffled)
    return (mean, low, high) if len(values) > 1 else (mean, math.nan, math.nan)


def reduction(before: Floats, after: Floats, reshuffled: tuple[Floats, Floats] | None = None) -> Interval:
    """Return 1 - after / before of the means of paired replications, with its 95 % interval; NaN where it is 0 before.

    Notes
    -----
    The ratio of the means, as it stands beside the figures themselves. The mean of the ratios is another quantity: where
    times vary much from replication to replication it is several per cent away, and more replications do not bring it nearer.
    The interval is that of the ratio's linear part (delta method).

    Examples
    --------
    >>> reduction(np.array([1.0, 3.0]), np.array([1.0, 1.0]))[0]
    0.5
    """
    base = float(np.mean(before))
    if not base > 0:
        return math.nan, math.nan, math.nan
    rate = 1.0 - float(np.mean(after)) / base

    def linear(first: Floats, second: Floats) -> Floats:
        part: Floats = rate + ((1.0 - rate) * first - second) / base
        return part

    _mean, low, high = interval(linear(before, after), None if reshuffled is None else linear(*reshuffled))
    return rate, low, high


def interval_of_cases(x: Floats, statistic: str, within: float = math.nan, *, seed: int = 0) -> Interval:
    """Return a statistic of the cases of one log with its 95 % interval.

    Notes
    -----
    Medians and quantiles by the bootstrap, means by :func:`interval`, shares by Wilson. The cases count as independent.
    """
    value = statistic_of(x, statistic, within)
    if statistic == "share":
        return value, *wilson(int((x <= within).sum()), len(x))
    if statistic == "mean":
        return interval(x)
    if statistic == "median":
        return value, *median_interval(x, seed=seed)
    return value, *quantile_interval(x, QUANTILES[statistic], seed=seed)


def change_of_cases(before: Floats, after: Floats, statistic: str, *, relative: bool, seed: int = 0) -> Interval:
    """Return after - before, or (before - after) / before, of two logs that have no case in common, with its 95 % interval.

    NaN where there is nothing to divide by. The statistic of each log is drawn again ``DRAWS`` times.
    """
    first, second = (statistic_of(x, statistic) for x in (before, after))
    rng = np.random.default_rng(seed)
    a, b = (_draws(x, statistic, rng) for x in (before, after))
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (a - b) / a if relative else b - a
    if relative and (first <= 0 or not np.isfinite(drawn).all()):
        return math.nan, math.nan, math.nan
    low, high = (float(q) for q in np.quantile(drawn, [0.025, 0.975]))
    return (first - second) / first if relative else second - first, low, high


def _draws(x: Floats, statistic: str, rng: np.random.Generator) -> Floats:
    """Draw a statistic of the cases as resampling them would.

    Order statistics of n draws with replacement are the values at order statistics of n uniform draws, which are beta
    variates; a mean is nearly normal with the standard error of the sample.
    """
    n = len(x)
    if statistic == "mean":
        error = float(np.std(x, ddof=1)) / math.sqrt(n) if n > 1 else 0.0
        return float(np.mean(x)) + error * rng.standard_t(max(n - 1, 1), DRAWS)
    ordered = np.sort(x)
    position = (n - 1) * QUANTILES[statistic]
    k = min(int(position), n - 2) if n > 1 else 0
    weight = position - k
    upper = rng.beta(k + 2, n - k - 1, DRAWS) if n > 1 else rng.random(DRAWS)
    lower = upper * rng.random(DRAWS) ** (1 / (k + 1))
    at = np.minimum((np.stack([lower, upper]) * n).astype(np.int64), n - 1)
    drawn: Floats = ordered[at[0]] * (1 - weight) + ordered[at[1]] * weight
    return drawn
