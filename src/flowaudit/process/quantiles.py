"""Quantile tables: what a duration may be, read off the data, with its atoms (many zeros stay many zeros)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

GRID: Array = np.r_[np.linspace(0.0, 0.9, 19), 0.925, 0.95, 0.975, 0.99, 0.995, 1.0]
"""Probabilities of the knots; denser in the tail, where promises are broken."""

PRIOR_CASES = 10.0
"""Weight of the coarser table: a table of n values counts ``n / (n + PRIOR_CASES)``."""


def table(values: Array) -> Array:
    """Return the knots of a sample, its mean kept.

    Linear interpolation between knots moves the mean of a skewed sample; the knots above the median are scaled so
    that drawing from the table has the sample's mean again.

    Examples
    --------
    >>> float(round(mean(table(np.array([0.0, 0.0, 3.0, 9.0]))), 6))
    3.0
    """
    knots = np.quantile(values, GRID, method="inverted_cdf").astype(float)
    wanted, got = float(np.mean(values)), mean(knots)
    if got > 0 and wanted > 0:
        upper = np.where(GRID > 0.5, knots, 0.0)
        share = mean(upper)
        if share > 0:
            factor = 1.0 + (wanted - got) / share
            scaled = np.where(GRID > 0.5, knots * factor, knots)
            knots = np.maximum.accumulate(scaled) if factor > 0 else knots * (wanted / got)
            knots *= wanted / mean(knots)
    return knots


def mean(knots: Array) -> float:
    """Return the mean of the distribution a table stands for (its quantile function integrated)."""
    return float(np.trapezoid(knots, GRID))


def blend(fine: Array, coarse: Array, n: int) -> Array:
    """Return ``fine`` shrunk towards ``coarse`` by ``n / (n + 10)``."""
    weight = n / (n + PRIOR_CASES)
    return weight * fine + (1.0 - weight) * coarse


def draw(tables: Array, key: npt.NDArray[np.int64], u: Array) -> Array:
    """Return the value at probability ``u`` of table ``key``, element by element; 0 where ``key`` is -1."""
    position = np.clip(np.searchsorted(GRID, u, side="right") - 1, 0, len(GRID) - 2)
    fraction = (u - GRID[position]) / (GRID[position + 1] - GRID[position])
    if not len(tables):
        return np.zeros(len(u))
    low, high = tables[key, position], tables[key, position + 1]
    value: Array = np.where(key >= 0, low + fraction * (high - low), 0.0)
    return value
