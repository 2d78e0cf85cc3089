"""Which activities run beside each other: the heuristic concurrency oracle."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog

Ints = npt.NDArray[np.int64]

THRESHOLD = 0.9
_BLOCK = 2**22
"""Cells of the table of cases by activities that are held at a time."""


def directly_following(log: EventLog) -> tuple[Ints, Ints]:
    """Return the rows (earlier, later) of neighbours in one case, in the log's order."""
    follows = np.ones(len(log.events), np.bool_)
    follows[log.case_ptr[:-1]] = False
    later = np.flatnonzero(follows).astype(np.int64, copy=False)
    return later - 1, later


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
    codes, labels = log.codes("activity")
    return {frozenset((labels[a], labels[b])) for a, b in concurrent_codes(log, codes, len(labels), threshold)}


def concurrent_codes(
    log: EventLog, codes: npt.NDArray[np.int32], n: int, threshold: float = THRESHOLD
) -> list[tuple[int, int]]:
    """Return the concurrent pairs as activity codes, smaller first."""
    activity = codes.astype(np.int64)
    before, after = directly_following(log)
    keys, counts = np.unique(activity[before] * n + activity[after], return_counts=True)
    follows = dict(zip(keys.tolist(), counts.tolist(), strict=True))
    case = log.case_index
    triple = np.flatnonzero(
        (case[2:] == case[:-2]) & (activity[2:] == activity[:-2]) & (activity[1:-1] != activity[:-2])
    )
    loop_keys, loop_counts = np.unique(activity[triple] * n + activity[triple + 1], return_counts=True)
    loops = dict(zip(loop_keys.tolist(), loop_counts.tolist(), strict=True))

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
    return sorted({*found, *_overlapping(log, activity, n, threshold)})


def _overlapping(log: EventLog, activity: Ints, n: int, threshold: float) -> list[tuple[int, int]]:
    """Return the pairs of activities whose instances of one case usually overlap; none without start times."""
    if not log.has("start"):
        return []
    end, start = log.stamps("end"), log.stamps("start")
    began, ended = np.where(np.isnat(start), end, start).astype(np.int64), end.astype(np.int64)
    after = np.repeat(log.case_ptr[1:], np.diff(log.case_ptr)) - 1 - np.arange(len(activity))
    overlaps: Counter[int] = Counter()
    rows = np.flatnonzero(after >= 1)
    lag = 1
    while len(rows):
        # A case is sorted by start: what begins after this one's end is followed by nothing that overlaps it.
        rows = rows[began[rows + lag] < ended[rows]]
        later = rows + lag
        other = activity[rows] != activity[later]
        a, b = activity[rows[other]], activity[later[other]]
        keys, counts = np.unique(np.minimum(a, b) * n + np.maximum(a, b), return_counts=True)
        overlaps.update(dict(zip(keys.tolist(), counts.tolist(), strict=True)))
        lag += 1
        rows = rows[after[rows] >= lag]
    if not overlaps:
        return []
    pairs = [divmod(key, n) for key in overlaps]
    used = np.unique(pairs)
    together = _pairs_of_instances(log, activity, used)
    place = {int(code): i for i, code in enumerate(used)}
    return [
        (a, b)
        for (a, b), count in zip(pairs, overlaps.values(), strict=True)
        if count / together[place[a], place[b]] >= threshold
    ]


def _pairs_of_instances(log: EventLog, activity: Ints, used: Ints) -> npt.NDArray[np.float64]:
    """Count for every two of the ``used`` activities the pairs of their instances that lie in one case."""
    m = len(used)
    column = np.full(int(activity.max()) + 1, -1, np.int64)
    column[used] = np.arange(m)
    rows = np.flatnonzero(column[activity] >= 0)
    case, where = log.case_index[rows], column[activity[rows]]
    together = np.zeros((m, m))
    step = max(1, _BLOCK // m)
    for first in range(0, log.n_cases, step):
        low, high = np.searchsorted(case, (first, first + step))
        size = min(step, log.n_cases - first)
        cells = np.bincount((case[low:high] - first) * m + where[low:high], minlength=size * m)
        table = cells.reshape(size, m).astype(np.float64)
        together += table.T @ table
    return together
