"""Several quantile tables as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from flowaudit.process import quantiles

Array = npt.NDArray[np.float64]

CUTS = 8
"""Pieces each interval between two knots is cut into."""


def mixture(tables: Sequence[Array], weights: Sequence[float], parts: Sequence[tuple[float, float]] = ()) -> Array:
    """Return the table of a draw from one of several tables, its mean exact.

    Parameters
    ----------
    tables : sequence of array (len(GRID),)
    weights : sequence of float
        How often, relative to each other, a draw is from each.
    parts : sequence of (float, float), optional
        Probabilities between which each table is drawn from; default all of it.

    Examples
    --------
    >>> two = [np.full(len(quantiles.GRID), hours) for hours in (1.0, 3.0)]
    >>> round(quantiles.mean(mixture(two, [3.0, 1.0])), 9)
    1.5
    """
    parts = parts or [(0.0, 1.0)] * len(tables)
    if len(tables) == 1 and parts[0] == (0.0, 1.0):
        return tables[0]
    inner = np.linspace(0.0, 1.0, CUTS, endpoint=False)
    edges = np.r_[(quantiles.GRID[:-1, None] + np.diff(quantiles.GRID)[:, None] * inner).ravel(), 1.0]
    values, mass = [], []
    for table, weight, (low, high) in zip(tables, weights, parts, strict=True):
        own = np.unique(np.r_[low, edges[(edges > low) & (edges < high)], high])
        at = np.interp(own, quantiles.GRID, table)
        values.append((at[1:] + at[:-1]) / 2)
        mass.append(np.diff(own) * (weight / (high - low)))
    value, weight_of = np.concatenate(values), np.concatenate(mass)
    order = np.argsort(value, kind="stable")
    value, weight_of = value[order], weight_of[order]
    total = weight_of.sum()
    knots: Array = np.interp(quantiles.GRID, (np.cumsum(weight_of) - weight_of / 2) / total, value)
    wanted, got = float(value @ weight_of / total), quantiles.mean(knots)
    if got > 0:
        knots *= wanted / got
    return knots
