"""Quantiles of durations some of which are not over yet: open cases are censored, never dropped."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowaudit.metrics import _arrays as arrays

RESAMPLES = 400


@dataclass(frozen=True)
class TimeSummary:
    """Median and 90th percentile of durations, each with its 95 % interval.

    Attributes
    ----------
    n, open : int
        All durations, and those of them that were not over.
    median, low, high, p90, p90_low, p90_high : float
        NaN where too few durations came to their end to say (the quantile lies beyond what was observed).
    method : {"sample", "kaplan_meier"}
        ``sample``: the plain quantiles, with bootstrap intervals; ``kaplan_meier`` where at least one was not over.
    """

    n: int
    open: int
    median: float
    low: float
    high: float
    p90: float
    p90_low: float
    p90_high: float
    method: str


def time_summary(values: npt.ArrayLike, open: npt.ArrayLike | None = None, *, seed: int = 0) -> TimeSummary:
    """Sum up durations, those that were not over being lower bounds (right-censored).

    Parameters
    ----------
    values : array_like of float
        Durations; NaN are left out.
    open : array_like of bool, optional
        Which of them were not over. Without any, the figures are the plain quantiles of the sample.
    seed : int
        Of the bootstrap.

    Returns
    -------
    TimeSummary

    Notes
    -----
    Dropping what is open makes an office look faster the more it leaves lying. Kaplan and Meier's estimate assumes that
    being open at the cut-off has nothing to do with how long a case still takes; intervals are those of Brookmeyer and
    Crowley on Greenwood's variance of log(-log S). Where the curve is level at exactly 1 - q, the quantile is the middle
    of the level part, as the median of an even number of values is.

    References
    ----------
    Kaplan, Meier. Nonparametric estimation from incomplete observations. *JASA* 53 (1958) 457-481.
    Brookmeyer, Crowley. A confidence interval for the median survival time. *Biometrics* 38 (1982) 29-41.

    Examples
    --------
    >>> time_summary([1, 2, 3, 4]).median
    2.5
    >>> time_summary([1, 2, 3, 4], [False, True, False, False]).median  # S falls to 3/4, then 3/8
    3.0
    """
    x = np.asarray(values, float)
    censored = np.zeros(len(x), np.bool_) if open is None else np.asarray(open, np.bool_)
    censored, x = censored[~np.isnan(x)], x[~np.isnan(x)]
    n, still = len(x), int(censored.sum())
    if not n or still == n:
        return TimeSummary(n, still, *(np.nan,) * 6, method="kaplan_meier" if still else "sample")
    if not still:
        quantiles = [(float(np.quantile(x, q)), *quantile_interval(x, q, seed=seed)) for q in (0.5, 0.9)]
        return TimeSummary(n, 0, *quantiles[0], *quantiles[1], "sample")
    curve = _kaplan_meier(x, censored)
    (median, low, high), (p90, p90_low, p90_high) = (_quantile(curve, q) for q in (0.5, 0.9))
    return TimeSummary(n, still, median, low, high, p90, p90_low, p90_high, "kaplan_meier")


def quantile_interval(
    values: arrays.Floats, q: float = 0.5, *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:  # fmt: skip
    """Return the bootstrap 95 % percentile interval of a quantile.

    Notes
    -----
    A resample's quantile lies between two order statistics of n draws with replacement, that is, between the values at
    two order statistics of n uniform draws; those are beta variates. Drawing them directly gives exactly the bootstrap
    distribution in time independent of n.

    Examples
    --------
    >>> quantile_interval(np.array([4.0, 4.0, 4.0]), 0.9)
    (4.0, 4.0)
    """
    x = np.sort(values)
    n = len(x)
    rng = np.random.default_rng(seed)
    position = (n - 1) * q
    k = min(int(position), n - 2) if n > 1 else 0
    weight = position - k
    # Of n uniform draws the (k + 2)-th smallest, and below it the (k + 1)-th.
    upper = rng.beta(k + 2, n - k - 1, resamples) if n > 1 else rng.random(resamples)
    lower = upper * rng.random(resamples) ** (1 / (k + 1))
    at = np.minimum((np.stack([lower, upper]) * n).astype(np.int64), n - 1)
    drawn = x[at[0]] * (1 - weight) + x[at[1]] * weight
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


Curve = tuple[arrays.Floats, arrays.Floats, arrays.Floats, arrays.Floats]


def _kaplan_meier(x: arrays.Floats, censored: arrays.Bools) -> Curve:
    """Return the moments at which durations end, and there the share still going on with its interval."""
    from scipy.stats import CensoredData, ecdf

    found = ecdf(CensoredData(uncensored=x[~censored], right=x[censored])).sf
    with warnings.catch_warnings():
        # The variance of log(-log S) is undefined where S is 1 or 0; there the interval is the point itself.
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = found.confidence_interval(0.95, method="log-log")
    at = np.isin(found.quantiles, x[~censored])
    share, low, high = (p[at] for p in (found.probabilities, interval.low.probabilities, interval.high.probabilities))
    undefined = np.isnan(low) | np.isnan(high)
    return found.quantiles[at], share, np.where(undefined, share, low), np.where(undefined, share, high)


def _quantile(curve: Curve, q: float) -> tuple[float, float, float]:
    moments, share, low, high = curve
    return _first(moments, share, 1 - q, middle=True), _first(moments, low, 1 - q), _first(moments, high, 1 - q)


def _first(moments: arrays.Floats, share: arrays.Floats, level: float, *, middle: bool = False) -> float:
    below = np.flatnonzero(share <= level + 1e-12)
    if not len(below):
        return float("nan")
    k = below[0]
    if middle and abs(share[k] - level) <= 1e-12 and k + 1 < len(moments):
        return float((moments[k] + moments[k + 1]) / 2)
    return float(moments[k])
