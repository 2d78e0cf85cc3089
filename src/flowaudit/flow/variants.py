"""Variants: the distinct sequences of activities and how many cases follow each."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog, variant_table

Ints = npt.NDArray[np.int64]


def variant_codes(log: EventLog) -> tuple[Ints, Ints]:
    """Return the variant of every case (0 the most frequent) and one representative case of each variant."""
    found = variant_table(log)
    return found.of_case.astype(np.int64), found.first


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
    found = variant_table(log)
    labels = log.labels("activity") if log.n_cases else []
    names = [labels[code] for code in found.activity.tolist()]
    sequences = [tuple(names[a:b]) for a, b in itertools.pairwise(found.ptr.tolist())]
    return pd.DataFrame(
        {
            "variant": pd.Series(sequences, dtype=object),
            "cases": found.cases,
            "share": found.cases / max(log.n_cases, 1),
        }
    )
