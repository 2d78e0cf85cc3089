"""Within how many whole days a share of the cases ends, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SLACK = 1e-9
"""Shares are ratios of counts: 95 of 100 keep 95 % whatever the last bit says."""


@dataclass(frozen=True, eq=False)
class Days:
    """Whole days of some cases; where ``running``, at least so many.

    Attributes
    ----------
    days : array of float (n,)
        No NaN.
    running : array of bool (n,)
    """

    days: Array
    running: Bools

    def __len__(self) -> int:
        return len(self.days)

    def kept(self, limit: float) -> float:
        """Return the share of the cases that end within ``limit`` days; NaN where there is no case."""
        if not len(self.days):
            return math.nan
        if not self.running.any():
            return float(np.mean(self.days <= limit))
        curve = ended(self)
        return float(curve[min(int(limit), len(curve) - 1)]) if limit >= 0 else 0.0


@dataclass(frozen=True)
class Within:
    """The fewest whole days within which a share of the cases ends.

    Attributes
    ----------
    days, low, high : int or None
        The estimate, and its bounds, each with the wished confidence; None where the cases do not tell.
    curve : tuple of float
        Share that ends within 0, 1, 2, ... days.
    """

    days: int | None
    low: int | None
    high: int | None
    curve: tuple[float, ...]


def least_cases(level: float, confidence: float) -> int:
    """Return how many cases it takes before even the slowest of them bounds a quantile from above.

    The slowest of n cases is at least the quantile with probability ``1 - level ** n``.

    Examples
    --------
    >>> least_cases(0.95, 0.95)
    59
    """
    return math.ceil(math.log(1.0 - confidence) / math.log(level) - SLACK)


def shown_share(share: float) -> float:
    """Round a share down for print: 94.96 % of the cases are not 95 %.

    Examples
    --------
    >>> shown_share(0.9496), shown_share(0.95)
    (0.949, 0.95)
    """
    return math.floor(share * 1000 + SLACK) / 1000


def ended(cases: Days) -> Array:
    """Return the share of the cases that end within 0, 1, 2, ... days, up to the most seen.

    With cases that still run, Kaplan and Meier's estimate: the share may then never come to 1.
    """
    return 1.0 - _going(cases)[0]


def of_cases(cases: Days, level: float, confidence: float) -> Within:
    """Return the days within which ``level`` of the cases ends, with bounds that assume no distribution.

    Notes
    -----
    A number of days is certain where the share of the cases that ends within it is at least ``level`` by its lower
    bound (Clopper and Pearson); where all cases have ended, this is the interval of order statistics. Where some still
    run, the share is Kaplan and Meier's, of as many cases as have its variance (Dorey and Korn, *Statistics in Medicine*
    6 (1987) 679-687). Fewer than :func:`least_cases` have no upper bound.
    """
    going, effective = _going(cases)
    # The quantile itself needs at least one case beyond it.
    enough = len(cases) * (1.0 - level) >= 1.0 - SLACK
    least, most = _clopper_pearson(1.0 - going, effective, confidence)
    return Within(
        _first(1.0 - going, level) if enough else None,
        _first(most, level), _first(least, level), tuple((1.0 - going).tolist()),
    )  # fmt: skip


def of_runs(runs: Sequence[Days], level: float, confidence: float) -> Within:
    """Return the days within which ``level`` of the simulated cases ends, on the mean of the replications.

    Notes
    -----
    ``high`` is the fewest days whose kept share is at least ``level`` with the wished confidence (Student over
    replications, one-sided); ``low`` the fewest whose share may still be. A single replication has no bounds.
    """
    from scipy.special import stdtrit

    longest = max(int(r.days.max(initial=0)) for r in runs)
    shares = np.stack([_padded(ended(r), longest + 1) for r in runs])
    mean = shares.mean(axis=0)
    curve = tuple(mean.tolist())
    estimate = _first(mean, level)
    if len(runs) < 2:
        return Within(estimate, None, None, curve)
    half = float(stdtrit(len(runs) - 1, confidence)) * shares.std(axis=0, ddof=1) / math.sqrt(len(runs))
    return Within(estimate, _first(mean + half, level), _first(mean - half, level), curve)


def _going(cases: Days) -> tuple[Array, Array]:
    """Share still going on after 0, 1, 2, ... days, and the number of cases it is known of."""
    day = np.rint(cases.days).astype(np.int64)
    n, size = len(day), int(day.max(initial=0)) + 1
    ends = np.bincount(day[~cases.running], minlength=size).astype(float)
    stops = np.bincount(day[cases.running], minlength=size).astype(float)
    stopped = np.r_[0.0, np.cumsum(stops)[:-1]]
    if not stops.any():
        return (n - np.cumsum(ends)) / max(n, 1), np.full(size, float(n))
    at_risk = n - stopped - np.r_[0.0, np.cumsum(ends)[:-1]]
    going = np.cumprod(1.0 - np.divide(ends, at_risk, out=np.zeros(size), where=at_risk > 0))
    left = at_risk * (at_risk - ends)
    greenwood = np.cumsum(np.divide(ends, left, out=np.zeros(size), where=left > 0))
    inner = (going > 0.0) & (going < 1.0) & (greenwood > 0.0)
    effective = np.divide(1.0 - going, going * greenwood, out=n - stopped, where=inner)
    return going, effective


def _clopper_pearson(share: Array, n: Array, confidence: float) -> tuple[Array, Array]:
    """One-sided bounds of shares of so many cases."""
    from scipy.special import betaincinv

    within = share * n
    least = np.where(within > SLACK, betaincinv(np.maximum(within, SLACK), n - within + 1.0, 1.0 - confidence), 0.0)
    beyond = n - within
    most = np.where(beyond > SLACK, betaincinv(within + 1.0, np.maximum(beyond, SLACK), confidence), 1.0)
    return least, most


def _first(shares: Array, level: float) -> int | None:
    found = np.flatnonzero(shares >= level - SLACK)
    return int(found[0]) if len(found) else None


def _padded(curve: Array, size: int) -> Array:
    return np.concatenate([curve, np.full(size - len(curve), curve[-1])])
