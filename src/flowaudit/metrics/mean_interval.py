"""How sure a mean of replications is: an interval that holds for skewed values, and for values that are hardly ever different."""

from __future__ import annotations

import math

import numpy as np

from flowaudit.metrics import _arrays as arrays

FEW = 4
"""Values are few different ones where each stands for so many of them on average."""

NOTHING = 1e-9
"""Differences up to this are rounding."""


def mean_interval(
    values: arrays.Floats, confidence: float = 0.95, *, reshuffled: arrays.Floats | None = None
) -> tuple[float, float, float]:
    """Return the mean of independent values, one for each replication, and its interval.

    Parameters
    ----------
    values : array of float
    confidence : float
    reshuffled : array of float, optional
        The same quantity for replications that might have been as well, put together from the cases of all of them
        (:func:`flowaudit.targets.reshuffled`).

    Returns
    -------
    float, float, float
        Mean, low, high; infinite for a single value.

    Notes
    -----
    Times in a queue are skewed to the right, and so are their means over a replication: Student's t then misses the truth
    more often than it says, nearly always because it ends too low. Willink's interval corrects for the third moment; it is
    Student's for values that are not skewed.

    A median of whole days is 12 in most replications and 13 in some. If it happens to be 12 in all of them, their spread is
    nil, and Student's interval is a point that may well miss the expected value. Where the values are few different ones,
    the spread of ``reshuffled`` is the least that is believed.

    References
    ----------
    Willink. A confidence interval and test for the mean of an asymmetric distribution. *Communications in Statistics - Theory
    and Methods* 34 (2005) 753-766.

    Examples
    --------
    >>> tuple(round(x, 3) for x in mean_interval(np.array([1.0, 2.0, 3.0])))
    (2.0, -0.484, 4.484)
    >>> tuple(round(x, 2) for x in mean_interval(np.array([1.0, 1.2, 1.3, 1.5, 6.0])))
    (2.2, 0.66, 8.71)
    """
    from scipy.special import ndtri, stdtrit

    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return mean, -math.inf, math.inf
    apart = values - mean
    variance = float(apart @ apart) / (n - 1)
    error = math.sqrt(variance / n)
    t = float(stdtrit(n - 1, 0.5 + confidence / 2))
    if len(np.unique(np.round(values / NOTHING))) <= max(2, n // FEW):
        half = t * error
        if reshuffled is not None and np.ptp(reshuffled) > NOTHING:
            # Each case was drawn among n: their spread is that much too small.
            half = max(half, float(ndtri(0.5 + confidence / 2)) * math.sqrt(float(np.var(reshuffled)) / (n - 1)))
        return mean, mean - half, mean + half
    skew = n / ((n - 1) * (n - 2)) * float((apart**3).sum()) / (6 * math.sqrt(n) * variance**1.5)
    return mean, mean - _bent(t, skew) * error, mean - _bent(-t, skew) * error


def _bent(t: float, skew: float) -> float:
    if abs(skew) < 1e-9:
        return t
    return float(np.cbrt(1 + 6 * skew * (t - skew)) - 1) / (2 * skew)
