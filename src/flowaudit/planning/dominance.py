"""Which portfolios are beaten: dominance with an indifference zone, on paired replications."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BLOCK = 256


def confident(differences: Array, confidence: float) -> tuple[Array, Array]:
    """Return lower and upper confidence bounds (one-sided each) of mean paired differences.

    Parameters
    ----------
    differences : array, shape (n, metrics, replications)

    Returns
    -------
    low, high : array, shape (n, metrics)
        Student; with one replication without bounds (minus and plus infinity) unless every replication agrees exactly.
    """
    from scipy.special import stdtrit

    n = differences.shape[2]
    mean = differences.mean(axis=2)
    if n < 2:
        wide = np.where(mean == 0.0, 0.0, np.inf)
        return mean - wide, mean + wide
    half = float(stdtrit(n - 1, confidence)) * differences.std(axis=2, ddof=1) / np.sqrt(n)
    return mean - half, mean + half


def beaten(values: Array, fixed: Array, zone: Array, *, confidence: float = 0.95) -> Bools:
    """Say which portfolios are beaten by another one that is not.

    Parameters
    ----------
    values : array, shape (n, metrics, replications)
        Simulated objectives, smaller is better; replication r of all portfolios shares its luck.
    fixed : array, shape (n, objectives)
        Objectives known without error, such as cost.
    zone : array, shape (metrics,)
        Indifference zone: by how much two portfolios may differ in a simulated objective without mattering.
    confidence : float
        Of every single bound; no correction is made for the number of comparisons.

    Returns
    -------
    array of bool, shape (n,)

    Notes
    -----
    q beats p when it is, with confidence, nowhere worse than p by more than the zone, and somewhere better by more than the zone
    (or better in a fixed objective while equal or better in the others). The relation is antisymmetric but, because of the
    zone, not transitive; a portfolio counts as beaten only by one that itself stays, so something always stays.
    """
    n = len(values)
    out = np.zeros(n, np.bool_)
    scale = np.where(np.ptp(values.mean(axis=2), axis=0) > 0, np.ptp(values.mean(axis=2), axis=0), 1.0)
    rank = (values.mean(axis=2) / scale).sum(axis=1)
    for p in np.argsort(rank, kind="stable")[::-1]:
        others = np.flatnonzero(~out)
        others = others[others != p]
        for start in range(0, len(others), BLOCK):
            some = others[start : start + BLOCK]
            if _beats(values[some], fixed[some], values[p], fixed[p], zone, confidence).any():
                out[p] = True
                break
    return out


def _beats(values: Array, fixed: Array, own: Array, own_fixed: Array, zone: Array, confidence: float) -> Bools:
    cheap = (fixed <= own_fixed).all(axis=1)
    found = np.zeros(len(values), np.bool_)
    rows = np.flatnonzero(cheap)
    if not len(rows):
        return found
    _low, high = confident(values[rows] - own, confidence)
    nowhere_worse = (high <= zone).all(axis=1)
    better = (high < -zone).any(axis=1) | (fixed[rows] < own_fixed).any(axis=1)
    found[rows] = nowhere_worse & better
    return found


def representatives(values: Array, fixed: Array, zone: Array, size: npt.NDArray[np.int64]) -> Bools:
    """Keep one of several portfolios that differ nowhere by more than the zone: the one with the fewest measures.

    Parameters
    ----------
    values : array, shape (n, metrics)
        Means.
    fixed : array, shape (n, objectives)
    size : array of int, shape (n,)
        Number of measures.
    """
    keep = np.zeros(len(values), np.bool_)
    for p in np.lexsort((*fixed.T[::-1], size)):
        kept = np.flatnonzero(keep)
        near = (np.abs(values[kept] - values[p]) <= zone).all(axis=1) & (fixed[kept] <= fixed[p]).all(axis=1)
        keep[p] = not near.any()
    return keep
