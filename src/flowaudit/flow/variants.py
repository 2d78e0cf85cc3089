"""Variants: the distinct sequences of activities and how many cases follow each."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog

Ints = npt.NDArray[np.int64]


def variant_codes(log: EventLog) -> tuple[Ints, Ints]:
    """Return the variant of every case (0 the most frequent) and one representative case of each variant.

    Sequences are compared by a 64-bit polynomial hash, then checked event by event against their representative; a
    collision, should it ever happen, is resolved by comparing the sequences themselves.
    """
    if not log.n_cases:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    activity, labels = log.codes("activity")
    ptr = log.case_ptr
    lengths = np.diff(ptr)
    row = np.arange(len(activity))
    position = row - np.repeat(ptr[:-1], lengths)
    rng = np.random.default_rng(20200121)
    weight = rng.integers(1, 2**63, len(labels) + 1, dtype=np.uint64)
    place = np.ones(int(lengths.max()), np.uint64)
    np.multiply.accumulate(np.r_[np.uint64(1), np.full(len(place) - 1, 6364136223846793005, np.uint64)], out=place)
    with np.errstate(over="ignore"):
        hashes = np.add.reduceat(weight[activity] * place[position], ptr[:-1])
        # The length belongs to the key: a sequence of weights may sum to what a longer one does.
        keys = hashes ^ (lengths.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    variant, first = _numbered(keys)
    alike = np.array_equal(lengths[first][variant], lengths)
    if alike:
        away = np.repeat(ptr[first][variant] - ptr[:-1], lengths)
        alike = np.array_equal(activity[row + away], activity)
    if not alike:
        sequences = [activity[a:b].tobytes() for a, b in itertools.pairwise(ptr)]
        variant, first = _numbered(np.array(sequences, object))
    order = np.lexsort((first, -np.bincount(variant)))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[variant], first[order].astype(np.int64)


def _numbered(keys: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """Number the distinct keys in order of appearance; return every key's number and where each first appears."""
    number, distinct = pd.factorize(keys)
    first = np.empty(len(distinct), np.int64)
    first[number[::-1]] = np.arange(len(keys))[::-1]
    return number.astype(np.int64, copy=False), first


def variants(log: EventLog) -> pd.DataFrame:
    """Return the variants of a log, most frequent first.

    Returns
    -------
    pd.DataFrame
        ``variant`` (tuple of activities), ``cases``, ``share`` of all cases.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": list("112233"), "activity": list("ABABBA"),
    ...                                "end": pd.date_range("2024-01-02", periods=6)}))
    >>> variants(log)[["variant", "cases"]].values.tolist()
    [[('A', 'B'), 2], [('B', 'A'), 1]]
    """
    variant, first = variant_codes(log)
    codes, labels = log.codes("activity")
    ptr = log.case_ptr
    counts = np.bincount(variant, minlength=len(first))
    sequences = [tuple(labels[c] for c in codes[ptr[i] : ptr[i + 1]]) for i in first]
    return pd.DataFrame(
        {"variant": pd.Series(sequences, dtype=object), "cases": counts, "share": counts / max(log.n_cases, 1)}
    )
