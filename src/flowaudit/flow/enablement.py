"""What enabled each activity instance, and when: the basis of waiting and handover times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog, Tile
from flowaudit.flow.concurrency import concurrent_codes

Ints = npt.NDArray[np.int64]
Stamps = npt.NDArray[np.datetime64]

_NOTHING = np.zeros(0, np.int32)


@dataclass(frozen=True)
class Enablement:
    """The enabler of every row of a log.

    Attributes
    ----------
    enabler : array of int
        Row of the instance that enabled this one; -1 where the case itself did.
    enabled : array of datetime64
        The enabler's end, else the case's first stamp.
    """

    enabler: Ints
    enabled: Stamps


def enablement(log: EventLog, *, within: str | None = None) -> Enablement:
    """Find the enabler of every activity instance.

    The enabler is the instance of the same case, earlier in the log's order and of an activity not concurrent with
    this one, that ended last but not after this one started. Among equal ends the one nearest in the order counts.

    Parameters
    ----------
    log : EventLog
    within : str, optional
        A column whose values run side by side in a case, such as ``item_code`` in a bundle: the enabler then bears the same
        value or none, where there is such a one; else, as for the first step of an item, it is any. Ignored where the log does not have it.

    Returns
    -------
    Enablement

    Notes
    -----
    Tie order: the log is sorted by start, end and file order; an earlier instance may enable a later one that bears
    the same stamp. Date-only logs would otherwise enable nothing. Without starts, the end stands for "started".

    References
    ----------
    Chapela-Campa, Dumas. Repairing activity start times, arXiv 2208.12224.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("ABC"),
    ...                                "end": pd.date_range("2024-01-02", periods=3)}))
    >>> enablement(log).enabler.tolist()
    [-1, 0, 1]
    """
    inside = within if within is not None and log.has(within) else None
    return log.remember(f"enablement {inside}", lambda: _enablement(log, inside))


def _enablement(log: EventLog, inside: str | None) -> Enablement:
    end = log.stamps("end")
    start = log.stamps("start") if log.has("start") else end
    enabler = np.empty(len(end), np.int64)
    first = np.empty(log.n_cases, np.int64)
    for tile in log.tiles("activity", *_times(log), *((inside,) if inside else ())):
        row0, rows = int(tile.ptr[0]), len(tile.columns["activity"])
        found = enablers_of(log, tile, within=inside)
        enabler[row0 : row0 + rows] = np.where(found >= 0, found + row0, -1)
    if len(end):
        first = np.fmin.reduceat(np.fmin(start, end), log.case_ptr[:-1])
    enabled = np.where(enabler >= 0, end[np.maximum(enabler, 0)], first[log.case_index] if len(end) else end)
    return Enablement(enabler, enabled)


def enablers_of(log: EventLog, tile: Tile, *, within: str | None = None) -> Ints:
    """Return the enabler of every row of a tile as a row of the tile, -1 where there is none.

    Parameters
    ----------
    log : EventLog
    tile : Tile
        With the columns ``activity, end`` and, where recorded, ``start``, and that of ``within``.
    within : str, optional
        See :func:`enablement`.
    """
    from flowaudit.flow import _kernels as kernels

    beside, concurrent = concurrency_table(log)
    end = tile.columns["end"]
    found: Ints = kernels.enablers(
        tile.ptr, tile.columns["activity"], tile.columns.get("start", end), end, beside, concurrent,
        _NOTHING if within is None else tile.columns[within],
    )  # fmt: skip
    return found


def _times(log: EventLog) -> tuple[str, ...]:
    return ("start", "end") if log.has("start") else ("end",)


def concurrency_table(log: EventLog) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return which activities run beside each other, for compiled passes; kept with the log.

    Returns
    -------
    array of int32
        A small number for every activity code; 0 for all that run beside none.
    array of bool
        Square: whether the activities of two such numbers are concurrent.
    """
    return log.remember("concurrent", lambda: _concurrent(log))


def _concurrent(log: EventLog) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    pairs = concurrent_codes(log)
    used = sorted({code for pair in pairs for code in pair})
    beside = np.zeros(len(log.labels("activity")), np.int32)
    beside[used] = np.arange(1, len(used) + 1)
    concurrent = np.zeros((len(used) + 1, len(used) + 1), np.bool_)
    for a, b in pairs:
        concurrent[beside[a], beside[b]] = concurrent[beside[b], beside[a]] = True
    return beside, concurrent
