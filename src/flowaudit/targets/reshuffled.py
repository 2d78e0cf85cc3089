"""Replications that might have been as well: every case with the luck it had in one replication or another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flowaudit.targets.measured import Bools, Floats, Measured
from flowaudit.targets.statistics import QUANTILES

DRAWS = 200
MOST = 4_000_000
"""Values held at once."""


def reshuffled(
    measured: Measured,
    values: Floats,
    statistics: Sequence[str],
    mask: Bools | None = None,
    *,
    first: int | None = None,
) -> dict[str, Floats]:
    """Return quantiles of replications put together from the cases of all of them.

    Parameters
    ----------
    measured : Measured
    values : array of float
        A metric of every case, NaN where unknown.
    statistics : sequence of str
        Those that are not quantiles are left out: a mean hardly ever has the same value twice.
    mask : array of bool, optional
        Of the cases that count.
    first : int, optional
        Of the first so many replications only.

    Returns
    -------
    dict of str to array of float
        200 values for each; empty where the replications have different numbers of cases. The k-th value of one simulation
        goes with the k-th of another that has the same cases and the same luck.

    Notes
    -----
    Case ``i`` of one such replication is case ``i`` of a replication drawn for it. Where cases depend on each other, as in a
    queue, their statistics vary less than those of real ones.
    """
    asked = [s for s in statistics if s in QUANTILES]
    replications = measured.replications if first is None else min(first, measured.replications)
    cases = np.bincount(measured.replication, minlength=measured.replications)
    if not asked or replications < 2 or cases.min() != cases.max() or not cases.min():
        return {}
    keep = measured.complete if mask is None else measured.complete & mask
    table = np.where(keep, values, np.nan).reshape(measured.replications, -1)[:replications]
    n = table.shape[1]
    rng, every, found = np.random.default_rng(0), np.arange(n), {s: np.empty(DRAWS) for s in asked}
    at_once = max(MOST // n, 1)
    for begin in range(0, DRAWS, at_once):
        rows = slice(begin, min(begin + at_once, DRAWS))
        drawn = rng.integers(0, replications, (rows.stop - rows.start, n))
        # What is not known comes last.
        sorted_ = np.sort(table[drawn, every], axis=1)
        known = n - np.isnan(sorted_).sum(axis=1)
        for statistic in asked:
            found[statistic][rows] = _quantile(sorted_, known, QUANTILES[statistic])
    return found if all(np.isfinite(x).all() for x in found.values()) else {}


def _quantile(sorted_: Floats, known: np.ndarray[tuple[int, ...], np.dtype[np.int64]], q: float) -> Floats:
    """Quantile of the first ``known`` values of each row, linear between them."""
    place = q * np.maximum(known - 1, 0)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(known - 1, 0))
    row = np.arange(len(sorted_))
    part = place - low
    out: Floats = sorted_[row, low] * (1 - part) + sorted_[row, high] * part
    return out
