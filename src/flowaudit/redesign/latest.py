"""The latest of several independent durations, as a quantile table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from flowaudit.process import BANDS, GRID, WHOLE, mean

Array = npt.NDArray[np.float64]

BETWEEN = 16
"""Points between two knots: the product of two straight lines is none."""


def part(table: Array, band: int) -> Array:
    """Return the table of one of the ``BANDS`` equal parts of a table; ``WHOLE``: itself.

    Examples
    --------
    >>> part(100.0 * GRID, 3)[[0, -1]].round(9).tolist()
    [75.0, 100.0]
    """
    return table if band == WHOLE else np.asarray(np.interp((band + GRID) / BANDS, GRID, table))


def latest(tables: Sequence[Array]) -> Array:
    """Return the table of the longest of independent durations.

    Its distribution function is the product of theirs. The knots above the median are scaled so that the table has its
    exact mean.

    Examples
    --------
    >>> round(mean(latest([GRID, GRID])), 3)  # the larger of two uniform numbers
    0.667
    """
    if len(tables) == 1:
        return tables[0]
    knots = np.unique(np.concatenate(tables))
    inner = np.linspace(0.0, 1.0, BETWEEN, endpoint=False)
    x = np.r_[(knots[:-1, None] + np.diff(knots)[:, None] * inner).ravel(), knots[-1]]
    before, until = (np.prod([_chance(t, x, side) for t in tables], axis=0) for side in ("left", "right"))
    # An atom is a jump: the duration that many have is the quantile all the way up it.
    p = np.ravel(np.column_stack([before, until]))
    quantiles = np.interp(GRID, np.maximum.accumulate(p), np.repeat(x, 2))
    wanted = float(x[0] + np.sum(np.diff(x) * (1.0 - (until[:-1] + before[1:]) / 2.0)))
    return _with_mean(np.maximum.accumulate(quantiles), wanted)


def _chance(table: Array, x: Array, side: str) -> Array:
    """Probability of a duration below ``x`` (``left``), or of at most ``x`` (``right``)."""
    k = np.searchsorted(table, x, side="left" if side == "left" else "right")
    low = np.clip(k - 1, 0, len(table) - 2)
    rise = table[low + 1] - table[low]
    share = np.divide(x - table[low], rise, out=np.zeros_like(x), where=rise > 0)
    inside = GRID[low] + share * (GRID[low + 1] - GRID[low])
    return np.where(k == 0, 0.0, np.where(k == len(table), 1.0, inside))


def _with_mean(table: Array, wanted: float) -> Array:
    upper = np.where(GRID > 0.5, table, 0.0)
    share = mean(upper)
    if share <= 0:
        return table
    factor = 1.0 + (wanted - mean(table)) / share
    scaled = np.where(GRID > 0.5, table * factor, table)
    return np.asarray(np.maximum.accumulate(scaled))
