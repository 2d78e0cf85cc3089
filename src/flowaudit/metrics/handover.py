"""Handovers: from whom to whom the work goes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from flowaudit.errors import InputError
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays

_DENSE = 2**22
"""Largest table of everyone by everyone that is counted directly."""


def handovers(
    log: EventLog, *, between: Literal["resource", "department", "office"] = "resource", unit: Unit | None = None
) -> pd.DataFrame:
    """Count how often the work goes from one to another: neighbouring events of a case handled by two different ones.

    Parameters
    ----------
    log : EventLog
    between : {"resource", "department", "office"}
        Resources are persons or posts. The applicant's lane counts as a department: the work lies with it.
    unit : {"case", "bundle"}, optional

    Returns
    -------
    pd.DataFrame
        ``source, target, frequency, cases``, most frequent first. Where either of two neighbours is unknown nothing
        is counted.

    Raises
    ------
    MissingColumnError
        If the log does not name them.

    Notes
    -----
    pm4py's ``discover_handover_of_work_network`` counts the same pairs but those of one resource with itself as well,
    and counts events without a resource as one more resource; it gives shares of that total.

    References
    ----------
    van der Aalst, Reijers, Song. Discovering social networks from event logs. *CSCW* 14 (2005) 549-593.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("abcd"), "resource": list("xxyx"),
    ...                                "end": pd.date_range("2024-01-02", periods=4)}))
    >>> handovers(log).values.tolist()
    [['x', 'y', 1, 1], ['y', 'x', 1, 1]]
    """
    log = as_unit(log, unit)
    log.require("handovers", between)
    labels = log.labels(between)
    n = len(labels)
    keys, frequency, cases = _dense(log, between, n) if n * n <= _DENSE else _sparse(log, between, n)
    order = np.lexsort((keys, -frequency))
    return pd.DataFrame(
        {
            "source": [labels[k // n] for k in keys[order].tolist()],
            "target": [labels[k % n] for k in keys[order].tolist()],
            "frequency": frequency[order],
            "cases": cases[order],
        }
    )


def _dense(log: EventLog, between: str, n: int) -> tuple[arrays.Ints, arrays.Ints, arrays.Ints]:
    from flowaudit.metrics import _kernels as kernels

    counts, cases, last = np.zeros(n * n, np.int64), np.zeros(n * n, np.int64), np.full(n * n, -1, np.int64)
    for tile in log.tiles(between):
        most = kernels.handovers(tile.ptr, tile.columns[between], n, tile.first_case, counts, cases, last)
        if most >= n:
            raise InputError(
                _(
                    "the log '{source}' is damaged: a value of '{column}' is not there.",
                    source=log.provenance.source,
                    column=between,
                ),
                hint=_("read the original again."),
            )
    keys = np.flatnonzero(counts).astype(np.int64)
    return keys, counts[keys], cases[keys]


def _sparse(log: EventLog, between: str, n: int) -> tuple[arrays.Ints, arrays.Ints, arrays.Ints]:
    """Count by sorting: for more of them than a table of everyone by everyone can hold."""
    keys, frequency, cases = (np.zeros(0, np.int64) for _i in range(3))
    for tile in log.tiles(between):
        codes = tile.columns[between].astype(np.int64)
        case = np.repeat(np.arange(len(tile.ptr) - 1), np.diff(tile.ptr))
        rows = np.flatnonzero(
            (case[1:] == case[:-1]) & (codes[1:] != codes[:-1]) & (codes[1:] >= 0) & (codes[:-1] >= 0)
        )
        own, number, counts = np.unique(codes[rows] * n + codes[rows + 1], return_inverse=True, return_counts=True)
        once = np.unique(case[rows] * max(len(own), 1) + number)
        own_cases = np.bincount(once % max(len(own), 1), minlength=len(own)).astype(np.int64)
        merged, place = np.unique(np.r_[keys, own], return_inverse=True)
        # Tiles hold whole cases, so that cases of one tile are none of another.
        frequency = _added(place, len(merged), np.r_[frequency, counts])
        cases = _added(place, len(merged), np.r_[cases, own_cases])
        keys = merged
    return keys, frequency, cases


def _added(place: arrays.Ints, n: int, values: arrays.Ints) -> arrays.Ints:
    found = np.zeros(n, np.int64)
    np.add.at(found, place, values)
    return found
