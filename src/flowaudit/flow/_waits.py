"""Times between two events, summed up by edge: means and exact quantiles in two passes, without a copy of the times.

An edge of few events keeps its times. Of any other the first pass fills a histogram (floating-point bins, at most 3 %
wide), which says in which bin a quantile lies; the second pass keeps the times of those bins alone. Memory thus depends
on the number of edges, not of events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import NAT, EventLog, Tile
from flowaudit.worktime import Calendar, OfficeHours

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEW = 4096
"""An edge of more events gets a histogram."""
_NONE = np.zeros(0, np.int64)
_MINUTES = 24 * 60
_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Pairs:
    """Which times belong to which edge, tile by tile.

    Attributes
    ----------
    counts : array of int
        Events of every edge, an upper bound of its known times.
    of_case, starts, edge_of_place
        By variants: variant of every case, place of every variant, edge of every place (-1 for none).
    by_row : callable, optional
        By rows: earlier row of every row of a tile and edge of every row (-1 for none).
    within : bool
        Measure from a row's start to its end instead: the work itself. ``by_row`` names each row as its own earlier one.
    """

    counts: Ints
    of_case: npt.NDArray[np.int32]
    starts: Ints
    edge_of_place: npt.NDArray[np.int32]
    by_row: Callable[[int, Tile], tuple[Ints, npt.NDArray[np.int32]]] | None = None
    within: bool = False


@dataclass(frozen=True)
class Waits:
    """Times of every edge in microseconds.

    Attributes
    ----------
    known : array of int
        Times that are known.
    total : array of float
    quantiles : list of array of float
        NaN for an edge without any known time.
    """

    known: Ints
    total: Floats
    quantiles: list[Floats]

    @property
    def mean(self) -> Floats:
        """NaN for an edge without any known time."""
        found: Floats = np.divide(self.total, self.known, out=np.full(len(self.total), np.nan), where=self.known > 0)
        return found


def waits(log: EventLog, pairs: Pairs, *qs: float, calendar: Calendar | None = None) -> Waits:
    """Sum up the times between two events by edge.

    The time runs from the earlier event's end to the later one's start where that is recorded, else to its end. With a
    calendar only office hours count and no time is negative; enabler edges (``by_row``) know no negative times either.

    Parameters
    ----------
    log : EventLog
    pairs : Pairs
    *qs : float
        Quantiles wanted (linear, as NumPy's).
    calendar : Calendar, optional

    Returns
    -------
    Waits
    """
    return _Passes(log, pairs, calendar).run(qs)


class _Passes:
    def __init__(self, log: EventLog, pairs: Pairs, calendar: Calendar | None) -> None:
        self.log, self.pairs = log, pairs
        self.columns = ("start", "end") if log.has("start") else ("end",)
        self.calendar = _closed() if calendar is None else self._table(calendar)

    def run(self, qs: tuple[float, ...]) -> Waits:
        from flowaudit.flow import _kernels as kernels

        counts = self.pairs.counts
        many = counts > FEW
        ptr = np.r_[0, np.cumsum(np.where(many, 0, counts))].astype(np.int64)
        values, cursor = np.empty(ptr[-1], np.int64), ptr[:-1].copy()
        base = np.where(many, (np.cumsum(many) - 1) * kernels.BINS, -1)
        wide = np.int64 if len(self.log.events) > np.iinfo(np.int32).max else np.int32
        bins = np.zeros(int(many.sum()) * kernels.BINS, wide)
        known, total = np.zeros(len(counts), np.int64), np.zeros(len(counts))
        self._pass(False, base, cursor, bins, values, known, total)
        found = [np.full(len(counts), np.nan) for _q in qs]
        few = np.flatnonzero(~many & (known > 0))
        for a, n in zip(ptr[few].tolist(), known[few].tolist(), strict=True):
            if n > 1:
                values[a : a + n].sort()
        for q, quantile in zip(qs, found, strict=True):
            low, high, part = _ranks(q, known[few])
            quantile[few] = _between(values[ptr[few] + low], values[ptr[few] + high], part)
        large = np.flatnonzero(many & (known > 0))
        if len(large) and qs:
            self._large(qs, base, bins, known, large, found)
        return Waits(known, total, found)

    def _large(
        self, qs: tuple[float, ...], base: Ints, bins: npt.NDArray[Any], known: Ints, large: Ints, found: list[Floats]
    ) -> None:
        """Find the quantiles of the edges with a histogram."""
        from flowaudit.flow import _kernels as kernels

        table = bins.reshape(-1, kernels.BINS)
        row = base[large] // kernels.BINS
        reached = np.cumsum(table[row], axis=1, dtype=np.int64)
        # One entry for each edge, quantile and end of the interval between two ranks.
        ranks = np.array([_ranks(q, known[large])[:2] for q in qs])
        edge = np.broadcast_to(np.arange(len(large)), ranks.shape)
        place = np.array([np.searchsorted(reached[e], ranks[..., e], side="right") for e in range(len(large))])
        place = np.moveaxis(place, 0, -1)
        within = ranks - (reached[edge, place] - table[row][edge, place])
        target = row[edge] * kernels.BINS + place
        wanted = np.unique(target[place != kernels.ZERO])
        sizes = bins[wanted].astype(np.int64)
        ends = np.cumsum(sizes)
        values, cursor = np.empty(int(sizes.sum()), np.int64), ends - sizes
        marks = np.full(len(bins), -1, np.int32)
        marks[wanted] = np.arange(len(wanted), dtype=np.int32)
        if len(wanted):
            self._pass(True, base, cursor, marks, values, _NONE.copy(), np.zeros(0))
        number = marks[target]
        at = np.where(number >= 0, (ends - sizes)[np.maximum(number, 0)] + within, -1) if len(wanted) else number
        for k in range(len(wanted)):
            here = np.unique(within[number == k])
            values[ends[k] - sizes[k] : ends[k]].partition(here)
        chosen = np.where(at >= 0, values[at], 0) if len(wanted) else np.zeros(at.shape, np.int64)
        for i, q in enumerate(qs):
            found[i][large] = _between(chosen[i, 0], chosen[i, 1], _ranks(q, known[large])[2])

    def _pass(
        self,
        collecting: bool,
        base: Ints,
        cursor: Ints,
        bins: npt.NDArray[Any],
        values: Ints,
        known: Ints,
        total: Floats,
    ) -> None:
        from flowaudit.flow import _kernels as kernels

        by_row = self.pairs.by_row is not None
        for number, tile, begun, end in self._tiles():
            before, edge = self.pairs.by_row(number, tile) if self.pairs.by_row else (_NONE, _NONE.astype(np.int32))
            # Of one kind wherever they come from: every kind is one more compilation.
            before, edge = before.view(), edge.view()
            before.flags.writeable = edge.flags.writeable = False
            kernels.gather(
                tile.ptr, begun, end, before, edge,
                self.pairs.of_case[tile.first_case : tile.first_case + len(tile.ptr) - 1], self.pairs.starts,
                self.pairs.edge_of_place, not self.pairs.within, by_row, *self.calendar, collecting, base, cursor, bins, values, known, total,
            )  # fmt: skip

    def _tiles(self) -> Iterable[tuple[int, Tile, Ints, Ints]]:
        for number, tile in enumerate(self.log.tiles("activity", *self.columns)):
            begun, end = tile.columns[self.columns[0]], tile.columns["end"]
            yield (number, tile, end, begun) if self.pairs.within else (number, tile, begun, end)

    def _table(self, calendar: Calendar) -> tuple[int, Ints, npt.NDArray[np.bool_], Ints, npt.NDArray[np.bool_]]:
        """Return a calendar as arrays over the days of these times; raises where it does not know one."""
        from flowaudit.flow import _kernels as kernels

        low, high = np.iinfo(np.int64).max, NAT
        for number, tile, begun, end in self._tiles():
            before = self.pairs.by_row(number, tile)[0] if self.pairs.by_row else _NONE
            first, last = kernels.extent(
                tile.ptr, begun, end, not self.pairs.within, self.pairs.by_row is not None, before
            )
            if last != NAT:
                low, high = min(low, first), max(high, last)
        if high == NAT:
            return _closed()
        day0, day1 = low // _DAY_US, high // _DAY_US
        workday = np.atleast_1d(calendar.is_workday(np.arange(day0, day1 + 1).astype("datetime64[D]")))
        elapsed = OfficeHours().elapsed(np.arange(_MINUTES + 1) * (_DAY_US // _MINUTES)) * _HOUR_US
        minute = np.rint(elapsed).astype(np.int64)
        opened = np.r_[0, np.cumsum(workday[:-1] * minute[-1])].astype(np.int64)
        return int(day0), opened, workday, minute[:-1], np.diff(minute) > 0


def _closed() -> tuple[int, Ints, npt.NDArray[np.bool_], Ints, npt.NDArray[np.bool_]]:
    """Stand for "no calendar"."""
    nothing = np.zeros(0, np.bool_)
    return 0, _NONE.copy(), nothing, _NONE.copy(), nothing.copy()


def _ranks(q: float, counts: Ints) -> tuple[Ints, Ints, Floats]:
    """Return the ranks around a quantile of sorted values, and how far it lies between them."""
    position = q * (counts - 1)
    low = np.floor(position).astype(np.int64)
    return low, np.minimum(low + 1, counts - 1), position - low


def _between(low: Ints, high: Ints, part: Floats) -> Floats:
    return low + part * (high - low).astype(np.float64)


def edge_order(keys: Ints, frequency: Ints) -> Ints:
    """Return the order in which edges are shown: most frequent first, then by the codes of source and target."""
    found: Ints = np.lexsort((keys, -frequency))
    return found


def sums_by(edge: npt.NDArray[Any], n: int, weight: Ints) -> Ints:
    """Add up whole weights by edge, exactly."""
    found = np.zeros(n, np.int64)
    np.add.at(found, edge, weight)
    return found
