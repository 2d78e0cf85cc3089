"""Which activities run beside each other: the heuristic concurrency oracle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog

Ints = npt.NDArray[np.int64]

THRESHOLD = 0.9


def directly_following(log: EventLog) -> tuple[Ints, Ints]:
    """Return the rows (earlier, later) of neighbours in one case, in the log's order."""
    follows = np.ones(len(log.events), np.bool_)
    follows[log.case_ptr[:-1]] = False
    later = np.flatnonzero(follows).astype(np.int64, copy=False)
    return later - 1, later


def concurrency(log: EventLog, threshold: float = THRESHOLD) -> set[frozenset[str]]:
    """Return the pairs of activities that run beside each other.

    Two activities are concurrent when they follow each other in both orders, about equally often
    (|dependency| < ``threshold``), without looping into each other (length-two loop measure < ``threshold``).

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
    return found
