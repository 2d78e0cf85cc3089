"""Who stands behind a resource: a person, a shared account or somebody with several things in hand, or a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["person", "pool", "instant"]

KINDS: tuple[Kind, ...] = ("person", "pool", "instant")
PERSON, POOL, INSTANT = range(3)

ENOUGH = 30
"""Instances below which an account is taken for a person."""
OVERLAPPED = 0.10
"""From this share of its instances on that overlap another one, an account is a pool."""
AT_ONCE = 0.95
"""From this share of instances without length on, an account is a machine, or its durations were not recorded."""
SELDOM = 0.005
"""A level reached in less than this share of the busy time is an accident of the stamps, not a further pair of hands."""
MOST = 64


@dataclass(frozen=True, eq=False)
class Accounts:
    """What kind of account each resource is.

    Attributes
    ----------
    kind : array of int8
        By code of the resource: place in ``KINDS``.
    capacity : array of int32
        How many pieces of work it has in hand at most: 1 for a person, 0 (no limit) for machines.
    overlapped : array of float
        Share of its instances that overlap another one; NaN without start times.
    instances : array of int64
    """

    kind: npt.NDArray[np.int8]
    capacity: npt.NDArray[np.int32]
    overlapped: npt.NDArray[np.float64]
    instances: Ints

    def table(self, labels: list[str]) -> pd.DataFrame:
        """Return one row for each resource: ``resource, kind, capacity, overlapped, instances``."""
        return pd.DataFrame(
            {
                "resource": labels,
                "kind": [KINDS[k] for k in self.kind],
                "capacity": self.capacity,
                "overlapped": self.overlapped,
                "instances": self.instances,
            }
        )


def accounts(log: EventLog) -> Accounts:
    """Tell persons, shared accounts and machines apart by how their work overlaps.

    A resource with at least 30 instances is a **pool** when at least 10 % of them overlap another one of its own for more
    than a minute (instances of one activity that start together are one piece of work, a batch): a shared window account,
    or a person with several things in hand. Its capacity is the highest level that fills at least 0.5 % of its busy
    time. It is **instant** when at least 95 % of its instances have no length or are marked automatic: nobody queues for it. Everybody else is a **person** with capacity 1.

    Returns
    -------
    Accounts
        Without start times or resources everybody is a person.

    Notes
    -----
    Our own rule: a shared account taken for one person would turn every wait into contention.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> start = pd.date_range("2024-01-02 09:00", periods=40, freq="10min")
    >>> log = from_frame(pd.DataFrame({"case_id": range(40), "activity": "a", "resource": "window",
    ...                                "start": start, "end": start + pd.Timedelta("25min")}).astype({"case_id": str}))
    >>> found = accounts(log)
    >>> KINDS[found.kind[0]], int(found.capacity[0])
    ('pool', 3)
    """
    return log.remember("accounts", lambda: _accounts(log))


def by_resource(resource: Ints, n: int, start: Ints, end: Ints, usable: Bools) -> tuple[Ints, Ints]:
    """Return the usable rows sorted by resource, start and end, and where each resource begins among them."""
    rows = np.flatnonzero(usable & (resource >= 0))
    rows = rows[np.lexsort((end[rows], start[rows], resource[rows]))]
    ptr = np.searchsorted(resource[rows], np.arange(n + 1))
    return rows, ptr.astype(np.int64)


def _accounts(log: EventLog) -> Accounts:
    labels = log.labels("resource") if log.has("resource") else []
    n = len(labels)
    kind, capacity = np.zeros(n, np.int8), np.ones(n, np.int32)
    overlapped = np.full(n, np.nan)
    if not n:
        return Accounts(kind, capacity, overlapped, np.zeros(0, np.int64))
    resource = log.codes("resource")[0].astype(np.int64)
    instances = np.bincount(resource[resource >= 0], minlength=n)
    machine = np.zeros(len(resource), np.bool_)
    if log.has("is_auto"):
        words = log.events["is_auto"].to_pandas().astype(str).str.casefold()
        machine = words.isin(["true", "1", "1.0", "是", "yes", "y"]).to_numpy(np.bool_)
    if log.has("start"):
        start, end = log.stamps("start"), log.stamps("end")
        usable = ~np.isnat(start) & ~np.isnat(end) & (end >= start)
        begun, ended = start.astype(np.int64), end.astype(np.int64)
        rows, ptr = by_resource(resource, n, begun, ended, usable)
        known = np.diff(ptr)
        marks, time_at = _levels(log, rows, ptr, begun, ended)
        share = np.add.reduceat(np.r_[marks, 0.0], ptr[:-1])
        overlapped = np.divide(np.where(known, share, 0.0), known, out=np.full(n, np.nan), where=known > 0)
        machine = machine | (usable & (begun == ended))
        pool = (known >= ENOUGH) & (np.nan_to_num(overlapped) >= OVERLAPPED)
        kind[pool] = POOL
        capacity[pool] = _capacity(time_at[pool])
    at_once = np.bincount(resource[(resource >= 0) & machine], minlength=n)
    instant = (instances >= ENOUGH) & (at_once >= AT_ONCE * instances)
    kind[instant], capacity[instant] = INSTANT, 0
    return Accounts(kind, capacity, overlapped, instances)


def _levels(
    log: EventLog, rows: Ints, ptr: Ints, begun: Ints, ended: Ints
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    from flowaudit.flow import _kernels_batches as kernels

    marks = np.zeros(len(rows), np.bool_)
    time_at = np.zeros((len(ptr) - 1, MOST + 1), np.int64)
    activity = log.codes("activity")[0].astype(np.int64)
    kernels.levels(ptr, begun[rows], ended[rows], activity[rows], marks, time_at, MOST)
    return marks.astype(float), time_at


def _capacity(time_at: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """The highest level that fills a share of the busy time worth speaking of."""
    time_at = time_at.copy()
    time_at[:, 0] = 0
    at_least = time_at[:, ::-1].cumsum(axis=1)[:, ::-1]
    busy = np.maximum(at_least[:, :1], 1)
    reached = at_least >= SELDOM * busy
    levels = np.where(reached, np.arange(time_at.shape[1]), 0).max(axis=1)
    return np.asarray(np.maximum(levels, 1), np.int32)
