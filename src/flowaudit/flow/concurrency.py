"""Which activities run beside each other: the heuristic concurrency oracle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog, VariantTable, variant_table
from flowaudit.flow._tables import EdgeTable
from flowaudit.flow._waits import sums_by

Ints = npt.NDArray[np.int64]

THRESHOLD = 0.9
_BLOCK = 2**22
"""Cells of the table of variants by activities that are held at a time."""
_DENSE = 50
"""So many cells of a whole product take as long as one of a sparse one."""


def concurrency(log: EventLog, threshold: float = THRESHOLD) -> set[frozenset[str]]:
    """Return the pairs of activities that run beside each other.

    Two activities are concurrent when they follow each other in both orders, about equally often
    (|dependency| < ``threshold``), without looping into each other (length-two loop measure < ``threshold``). Where
    start times are recorded, also when at least ``threshold`` of the pairs of their instances that a case holds
    overlap in time, whatever the order in which they usually begin.

    Returns
    -------
    set of frozenset
        Unordered pairs of activity labels.

    References
    ----------
    Chapela-Campa, Dumas. Repairing activity start times, arXiv 2208.12224, after the Heuristics Miner.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> rows = [(c, a) for c, trace in enumerate(["ABCD", "ACBD"] * 10) for a in trace]
    >>> frame = pd.DataFrame(rows, columns=["case_id", "activity"]).assign(end=pd.Timestamp("2024-01-02"))
    >>> concurrency(from_frame(frame)) == {frozenset("BC")}
    True
    """
    labels = log.labels("activity")
    return {frozenset((labels[a], labels[b])) for a, b in concurrent_codes(log, threshold)}


def concurrent_codes(log: EventLog, threshold: float = THRESHOLD) -> list[tuple[int, int]]:
    """Return the concurrent pairs as activity codes, smaller first."""
    if not log.n_cases:
        return []
    table = variant_table(log)
    n = len(log.labels("activity"))
    activity, weight, variant = table.activity.astype(np.int64), table.weight, table.variant
    later = np.flatnonzero(variant[1:] == variant[:-1]) + 1
    follows = _weighted(activity[later - 1] * n + activity[later], weight[later])
    triple = np.flatnonzero(
        (variant[2:] == variant[:-2]) & (activity[2:] == activity[:-2]) & (activity[1:-1] != activity[:-2])
    )
    loops = _weighted(activity[triple] * n + activity[triple + 1], weight[triple])

    def self_loop(a: int) -> float:
        return float(follows.get(a * n + a, 0) / (follows.get(a * n + a, 0) + 1))

    found = []
    for key, forth in follows.items():
        a, b = divmod(key, n)
        back = follows.get(b * n + a, 0)
        if a >= b or not back:
            continue
        dependency = (forth - back) / (forth + back + 1)
        looping = loops.get(a * n + b, 0) + loops.get(b * n + a, 0)
        l2l = 0.0 if max(self_loop(a), self_loop(b)) >= threshold else looping / (looping + 1)
        if l2l < threshold and abs(dependency) < threshold:
            found.append((a, b))
    return sorted({*found, *_overlapping(log, table, n, threshold)})


def _weighted(keys: Ints, weight: Ints) -> dict[int, int]:
    """Add up the weights of equal keys."""
    distinct, number = np.unique(keys, return_inverse=True)
    return dict(zip(distinct.tolist(), sums_by(number, len(distinct), weight).tolist(), strict=True))


def _overlapping(log: EventLog, table: VariantTable, n: int, threshold: float) -> list[tuple[int, int]]:
    """Return the pairs of activities whose instances of one case usually overlap; none without start times."""
    if not log.has("start"):
        return []
    edges = EdgeTable()
    for tile in log.tiles("activity", "start", "end"):
        edges.overlaps(tile, tile.columns["start"], tile.columns["end"], n)
    if not edges.used:
        return []
    first, second = np.divmod(edges.keys[: edges.used], n)
    together = _pairs_of_instances(table, first, second)
    often = edges.counts[: edges.used] / together >= threshold
    return list(zip(first[often].tolist(), second[often].tolist(), strict=True))


def _pairs_of_instances(table: VariantTable, first: Ints, second: Ints) -> npt.NDArray[np.float64]:
    """Count for pairs of activities the pairs of their instances that lie in one case."""
    used = np.unique(np.r_[first, second])
    m, variants = len(used), len(table.cases)
    column = np.full(int(table.activity.max()) + 1, -1, np.int64)
    column[used] = np.arange(m)
    rows = np.flatnonzero(column[table.activity] >= 0)
    variant, where = table.variant[rows], column[table.activity[rows]]
    length = np.bincount(variant, minlength=variants).astype(np.float64)
    # The product of whole tables is fast, but with thousands of activities nearly all of it is zeros.
    if _DENSE * (length**2).sum() < variants * float(m) ** 2:
        from scipy.sparse import csr_array

        held = csr_array((np.ones(len(rows)), (variant, where)), shape=(variants, m))
        weighted = csr_array((table.cases[variant].astype(np.float64), (variant, where)), shape=(variants, m))
        both = (held.T @ weighted).tocsr()
        found: npt.NDArray[np.float64] = np.asarray(both[column[first], column[second]]).ravel()
        return found
    together = np.zeros((m, m))
    step = max(1, _BLOCK // m)
    for begin in range(0, variants, step):
        low, high = np.searchsorted(variant, (begin, begin + step))
        size = min(step, variants - begin)
        cells = np.bincount((variant[low:high] - begin) * m + where[low:high], minlength=size * m)
        counts = cells.reshape(size, m).astype(np.float64)
        together += counts.T @ (counts * table.cases[begin : begin + size, None])
    return together[column[first], column[second]]
