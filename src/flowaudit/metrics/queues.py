"""How many pieces of work lie waiting and how many are in hand, from period to period."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.flow import handover
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays

EVERY = ("h", "D", "W", "M", "Q", "Y")
_MOST = 2**23
"""Rows of a table that still fits into memory with ease."""


def queue_curves(
    log: EventLog,
    *,
    by: Literal["activity", "department"] = "activity",
    every: Literal["h", "D", "W", "M", "Q", "Y"] = "D",
    unit: Unit | None = None,
) -> pd.DataFrame:
    """Count the activity instances that wait and those in progress, at the begin of each period and on average over it.

    An instance waits from the moment it is enabled until it starts, and is in progress until it ends. Both are exact step
    functions of time; an instance that starts at a period's begin no longer waits there.

    Parameters
    ----------
    log : EventLog
    by : {"activity", "department"}
    every : {"h", "D", "W", "M", "Q", "Y"}
        Hour, day, week (from Monday), month, quarter or year of the calendar.
    unit : {"case", "bundle"}, optional
        An event shared by several cases counts once, enabled when the last of them is.

    Returns
    -------
    pd.DataFrame
        One row for each group and period, every group with every period of the log: ``time`` (begin of the period), the
        group (categorical; missing, and last, where it is not recorded), ``waiting, in_progress`` (numbers at that
        moment), ``waiting_mean, in_progress_mean`` (time-weighted over the whole period) and ``kind``. Without start times
        ``kind`` is ``handover``: what waits cannot be told from what is worked on, ``waiting`` is NaN and
        ``in_progress`` counts from enabled to ended. Else it is ``waiting``.

    Raises
    ------
    UsageError
        If there is no such group or period, or the table would be too long.
    MissingColumnError
        If the log does not name departments.

    Notes
    -----
    The mean times the length of the period, summed over periods, is the time all instances waited: Little's law on a
    finite log is an identity. A single missing start counts as its end, one without an end is in progress until the last
    stamp of the log. The first and last period are averaged over their whole length.

    References
    ----------
    Little. A proof for the queuing formula L = λW. *Operations Research* 9 (1961) 383-387.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["受理", "决定"],
    ...     "start": pd.to_datetime(["2024-01-02 12:00", "2024-01-03 18:00"]),
    ...     "end": pd.to_datetime(["2024-01-02 18:00", "2024-01-03 21:00"])}))
    >>> curves = queue_curves(log)
    >>> curves[["activity", "waiting", "waiting_mean"]].values.tolist()
    [['受理', 0, 0.0], ['受理', 0, 0.0], ['决定', 0, 0.25], ['决定', 1, 0.75]]
    """
    if by not in ("activity", "department"):
        raise UsageError(
            _("queues are counted by activity or department, not by '{by}'.", by=by),
            hint=_("choose one of: {names}", names="activity, department"),
        )
    if every not in EVERY:
        raise UsageError(
            _("there is no period '{every}'.", every=every), hint=_("choose one of: {names}", names=", ".join(EVERY))
        )
    log = as_unit(log, unit)
    log.require("queue_curves", by)
    started = log.has("start")
    code, enabled, begun, end = _instances(log, by)
    used, group = np.unique(np.where(code < 0, len(log.labels(by)), code), return_inverse=True)
    edges = _edges(enabled, end, every)
    n, periods = len(used), len(edges) - 1
    if n * periods > _MOST:
        raise UsageError(
            _("{groups:,} curves of {periods:,} periods are too many.", groups=n, periods=periods),
            hint=_("take a longer period: every='M'"),
        )
    waits, waits_mean = _curve(group, enabled, begun, edges, n)
    runs, runs_mean = _curve(group, begun if started else enabled, end, edges, n)
    place = np.where(used < len(log.labels(by)), used, -1)
    return pd.DataFrame(
        {
            "time": np.tile(edges[:-1], n),
            by: pd.Categorical.from_codes(np.repeat(place, periods), pd.Index(log.labels(by), dtype="str")),
            "waiting": waits if started else np.nan,
            "in_progress": runs,
            "waiting_mean": waits_mean if started else np.nan,
            "in_progress_mean": runs_mean,
            "kind": "waiting" if started else "handover",
        }
    )


def _instances(log: EventLog, by: str) -> tuple[arrays.Ints, arrays.Stamps, arrays.Stamps, arrays.Stamps]:
    """Return the group of every activity instance, and when it was enabled, began and ended."""
    code = arrays.codes(log, by)
    enabled, begun = handover(log)
    end = log.stamps("end")
    if np.isnat(end).any():
        end = np.where(np.isnat(end), log.span[1].to_datetime64().astype("datetime64[us]"), end)
    end = np.maximum(end, begun)
    rows = np.flatnonzero(~np.isnat(enabled) & ~np.isnat(end))
    if log.has("event_id"):
        event = pd.factorize(log.to_pandas(["event_id"])["event_id"])[0]
        event = np.where(event >= 0, event, event.max(initial=-1) + 1 + np.arange(len(event)))
        # Of the rows of one event the one enabled last stands for it: it could not begin before.
        rows = rows[np.argsort(enabled[rows], kind="stable")[::-1]]
        rows = rows[arrays.first_of(event[rows])]
    return code[rows], enabled[rows], begun[rows], end[rows]


def _edges(first: arrays.Stamps, last: arrays.Stamps, every: str) -> arrays.Stamps:
    """Return the begin of every period from the first stamp to the last, and the end of the last one."""
    if not len(first):
        return np.zeros(1, "datetime64[us]")
    low, high = (pd.Period(pd.Timestamp(stamp), freq=every) for stamp in (first.min(), last.max()))
    periods = pd.period_range(low, high + 1, freq=every)
    found: arrays.Stamps = periods.start_time.to_numpy("datetime64[us]")
    return found


def _curve(
    group: arrays.Ints, begins: arrays.Stamps, ends: arrays.Stamps, edges: arrays.Stamps, n: int
) -> tuple[arrays.Ints, arrays.Floats]:
    """Return, group by group and period by period, the spans open at a period's begin and their mean number over it."""
    grid = edges.view(np.int64)
    periods = len(grid) - 1
    length = np.diff(grid).astype(np.float64)
    # One place more than periods: what ends after the last begin is counted off there.
    change = np.zeros(n * len(grid), np.int64)
    part = np.zeros(n * len(grid))
    for sign, stamps in ((1, begins), (-1, ends)):
        moment = stamps.view(np.int64)
        edge = np.searchsorted(grid, moment, "left")
        change += sign * np.bincount(group * len(grid) + edge, minlength=len(change))
        # The period before that edge has it for the rest of its length only.
        inside = np.maximum(edge, 1) - 1
        rest = (grid[edge] - moment) / length[inside] if periods else np.zeros(0)
        part += sign * np.bincount(group * len(grid) + inside, weights=rest, minlength=len(part))
    open_at = np.cumsum(change.reshape(n, len(grid)), axis=1)[:, :periods]
    mean = open_at + part.reshape(n, len(grid))[:, :periods]
    return open_at.ravel(), np.maximum(mean, 0.0).ravel()
