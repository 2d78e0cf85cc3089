"""Edges of the flow: who directly follows whom, and how long a case passes between enabler and enabled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.eventlog import EventLog, Tile, variant_table
from flowaudit.flow._tables import EdgeTable
from flowaudit.flow._waits import Pairs, Waits, edge_order, sums_by, waits
from flowaudit.flow.enablement import Enablement, enablement, enablers_of
from flowaudit.worktime import Calendar, load_calendar

Ints = npt.NDArray[np.int64]

HOUR_US = 3_600_000_000
_RADIX = 2**16


def directly_follows(
    log: EventLog, *, calendar: Calendar | None = None, percentiles: Iterable[float] = ()
) -> pd.DataFrame:
    """Count how often one activity directly follows another, and the time between the two.

    Parameters
    ----------
    log : EventLog
    calendar : Calendar, optional
        Adds ``mean_working_h, median_working_h``, in office hours; without it the columns are absent.
    percentiles : iterable of float
        Further percentiles of the times: 90 adds ``p90_h`` (and ``p90_working_h``).

    Returns
    -------
    pd.DataFrame
        ``source, target, frequency, cases, mean_h, median_h`` (and those asked for), most frequent first. The time
        runs from the source's end to the target's start where starts are recorded (waiting), else to its end
        (handover time: waiting and work together). A time of which one stamp is missing is not counted.

    Notes
    -----
    Frequencies and cases are those of the variants, weighted; the times are read in two passes over the events. Equal
    to pm4py's ``discover_dfg`` and ``discover_performance_dfg`` on logs without starts.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("ABA"),
    ...                                "end": pd.date_range("2024-01-02", periods=3)}))
    >>> directly_follows(log)[["source", "target", "frequency", "median_h"]].values.tolist()
    [['A', 'B', 1, 24.0], ['B', 'A', 1, 24.0]]
    """
    follows = follows_table(log)
    table = variant_table(log)
    pairs = Pairs(follows.frequency, table.of_case, table.ptr[:-1], follows.edge_of_place)
    percents = tuple(percentiles)
    qs = (0.5, *(p / 100 for p in percents))
    frame = _frame(log, follows.keys, follows.frequency, follows.cases)
    _add_times(frame, waits(log, pairs, *qs), percents, "_h")
    if calendar is not None:
        _add_times(frame, waits(log, pairs, *qs, calendar=calendar), percents, "_working_h")
    order = edge_order(follows.keys, follows.frequency)
    return frame.iloc[order].reset_index(drop=True)


@dataclass(frozen=True)
class FollowsTable:
    """The directly-follows edges of a log as arrays.

    Attributes
    ----------
    keys : array of int
        ``source * n + target`` for the ``n`` activity codes, ascending.
    frequency, cases : array of int
    edge_of_place : array of int32
        Edge that ends at every entry of ``VariantTable.activity``; -1 at the first of a variant.
    """

    keys: Ints
    frequency: Ints
    cases: Ints
    edge_of_place: npt.NDArray[np.int32]


def follows_table(log: EventLog) -> FollowsTable:
    """Count the directly-follows edges on the variants; kept with the log."""
    return log.remember("follows_table", lambda: _follows_table(log))


def _follows_table(log: EventLog) -> FollowsTable:
    table = variant_table(log)
    n = len(log.labels("activity")) if log.n_cases else 0
    inner = np.ones(len(table.activity), np.bool_)
    inner[table.ptr[:-1]] = False
    places = np.flatnonzero(inner)
    key = table.activity[places - 1].astype(np.int64) * n + table.activity[places]
    if n * n <= max(len(key), _RADIX):
        seen = np.zeros(n * n, np.bool_)
        seen[key] = True
        keys = np.flatnonzero(seen).astype(np.int64)
        number = np.zeros(n * n, np.int32)
        number[keys] = np.arange(len(keys), dtype=np.int32)
        edge = number[key]
    else:
        keys, edge = np.unique(key, return_inverse=True)
    variant = table.variant[places]
    # A case counts once for an edge, however often it takes it.
    once = np.unique(variant * max(len(keys), 1) + edge)
    edge_of_place = np.full(len(table.activity), -1, np.int32)
    edge_of_place[places] = edge
    return FollowsTable(
        keys,
        sums_by(edge, len(keys), table.cases[variant]),
        sums_by(once % max(len(keys), 1), len(keys), table.cases[once // max(len(keys), 1)]),
        edge_of_place,
    )


def start_activities(log: EventLog) -> pd.Series:
    """Count the cases that begin with each activity.

    Returns
    -------
    pd.Series
        Cases, index ``activity``, most frequent first.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": list("112"), "activity": list("ABA"),
    ...                                "end": pd.date_range("2024-01-02", periods=3)}))
    >>> start_activities(log).to_dict(), end_activities(log).to_dict()
    ({'A': 2}, {'A': 1, 'B': 1})
    """
    return _at(log, variant_table(log).ptr[:-1])


def end_activities(log: EventLog) -> pd.Series:
    """Count the cases that end with each activity.

    Returns
    -------
    pd.Series
        Cases, index ``activity``, most frequent first.
    """
    return _at(log, variant_table(log).ptr[1:] - 1)


def _at(log: EventLog, places: Ints) -> pd.Series:
    """Count the cases by the activity at one place of every variant."""
    table = variant_table(log)
    labels = log.labels("activity") if log.n_cases else []
    cases = sums_by(table.activity[places], len(labels), table.cases)
    order = [int(code) for code in np.argsort(-cases, kind="stable") if cases[code]]
    index = pd.Index([labels[code] for code in order], name="activity", dtype="str")
    return pd.Series(cases[order], index, name="cases")


def handover(
    log: EventLog, found: Enablement | None = None
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]]:
    """Return for every row the window between its enabling and its start (with starts) or its end (without)."""
    found = found or enablement(log)
    return found.enabled, np.maximum(_begun(log), found.enabled)


def _begun(log: EventLog) -> npt.NDArray[np.datetime64]:
    """When every instance began; its end where that was not recorded."""
    end = log.stamps("end")
    if not log.has("start"):
        return end
    start = log.stamps("start")
    return np.where(np.isnat(start), end, start)


def enabler_edges(log: EventLog, *, calendar: Calendar | None = None, found: Enablement | None = None) -> pd.DataFrame:
    """Measure waiting (with start times) or handover time (without) on every enabler edge.

    Returns
    -------
    pd.DataFrame
        ``source, target, frequency, cases, median_h, p90_h, median_working_h, p90_working_h, total_working_h, kind``,
        largest total first. ``kind`` is ``waiting`` (enabled to start) or ``handover`` (enabled to end: waiting and
        work together, which end times alone cannot tell apart).
    """
    edges = _EnablerEdges(log, found)
    keys, frequency, cases = edges.count()
    pairs = Pairs(frequency, np.zeros(log.n_cases, np.int32), _NOTHING, _NOTHING.astype(np.int32), edges.by_row)
    times = waits(log, pairs, 0.5, 0.9)
    working = waits(log, pairs, 0.5, 0.9, calendar=calendar or load_calendar("china"))
    frame = _frame(log, keys, frequency, cases)
    frame["median_h"], frame["p90_h"] = (q / HOUR_US for q in times.quantiles)
    frame["median_working_h"], frame["p90_working_h"] = (q / HOUR_US for q in working.quantiles)
    frame["total_working_h"] = working.total / HOUR_US
    frame["kind"] = "waiting" if log.has("start") else "handover"
    frame = frame.iloc[edge_order(keys, frequency)]
    return frame.sort_values("total_working_h", ascending=False, kind="stable", ignore_index=True)


_NOTHING = np.zeros(0, np.int64)


@dataclass
class _EnablerEdges:
    """The enabler edge of every row, tile by tile; kept only where the log is one tile."""

    log: EventLog
    found: Enablement | None
    table: EdgeTable = field(default_factory=EdgeTable)
    _last: tuple[int, Ints, npt.NDArray[np.int32]] | None = None

    def count(self) -> tuple[Ints, Ints, Ints]:
        """Return keys, frequencies and cases of the edges."""
        for number, tile in enumerate(self.log.tiles("activity", *self._times)):
            self.by_row(number, tile)
        n = self.table.used
        return self.table.keys[:n], self.table.counts[:n].copy(), self.table.cases[:n].copy()

    @property
    def _times(self) -> tuple[str, ...]:
        return ("start", "end") if self.log.has("start") else ("end",)

    def by_row(self, number: int, tile: Tile) -> tuple[Ints, npt.NDArray[np.int32]]:
        if self._last is None or self._last[0] != number:
            self._last = None
            row0, rows = int(tile.ptr[0]), len(tile.columns["activity"])
            if self.found is None:
                before = enablers_of(self.log, tile)
            else:
                own = self.found.enabler[row0 : row0 + rows]
                before = np.where(own >= 0, own - row0, -1)
            n = len(self.log.labels("activity"))
            self._last = number, before, self.table.number(tile, before, n)
        return self._last[1], self._last[2]


def _frame(log: EventLog, keys: Ints, frequency: Ints, cases: Ints) -> pd.DataFrame:
    labels = log.labels("activity") if log.n_cases else []
    n = len(labels)
    return pd.DataFrame(
        {
            "source": [labels[k // n] for k in keys.tolist()],
            "target": [labels[k % n] for k in keys.tolist()],
            "frequency": frequency,
            "cases": cases,
        }
    )


def _add_times(frame: pd.DataFrame, times: Waits, percents: tuple[float, ...], unit: str) -> None:
    frame[f"mean{unit}"] = times.mean / HOUR_US
    for name, found in zip(("median", *(f"p{p:g}" for p in percents)), times.quantiles, strict=True):
        frame[name + unit] = found / HOUR_US


def tied_share(log: EventLog) -> float:
    """Return the share of events that bear the same end as their predecessor in the case.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": list("AB"), "end": pd.Timestamp("2024-01-02")}))
    >>> tied_share(log)
    0.5
    """
    tied = 0
    for tile in log.tiles("end"):
        end = tile.columns["end"]
        same = end[1:] == end[:-1]
        same[tile.ptr[1:-1] - tile.ptr[0] - 1] = False
        tied += int(same.sum())
    return tied / max(len(log.events), 1)
