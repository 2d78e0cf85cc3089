"""Tables of edges that grow while a log is gone through."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import Tile

Ints = npt.NDArray[np.int64]

_ROOM = 2**10


class EdgeTable:
    """Edges numbered in order of appearance, found by hash: no square of the number of activities is ever held.

    Attributes
    ----------
    keys : array of int64
        ``source * n + target``; the first ``used`` entries count.
    counts, cases : array of int64
    used : int
    """

    def __init__(self) -> None:
        self.used = 0
        self.keys, self.counts, self.cases = (np.zeros(_ROOM, np.int64) for _i in range(3))
        self._last_case = np.full(_ROOM, -1, np.int64)
        self._table, self._number = np.full(2 * _ROOM, -1, np.int64), np.zeros(2 * _ROOM, np.int32)
        self._seen = 0

    def number(self, tile: Tile, before: Ints, n: int) -> npt.NDArray[np.int32]:
        """Return the edge from ``before`` to every row of a tile (-1 for none).

        The first time a tile is numbered its rows and cases are counted; tiles come in order.
        """
        from flowaudit.flow import _kernels as kernels

        edge = np.empty(len(before), np.int32)
        again = tile.first_case < self._seen
        counts, cases, last = (a.copy() if again else a for a in (self.counts, self.cases, self._last_case))

        def go(begin: int) -> tuple[int, int]:
            nonlocal counts, cases, last
            if not again:
                counts, cases, last = self.counts, self.cases, self._last_case
            done, used = kernels.edges_of_rows(
                tile.ptr, tile.columns["activity"], before, n, begin, tile.first_case, self._table, self._number,
                self.keys, counts, cases, last, self.used, edge,
            )  # fmt: skip
            return int(done), int(used)

        self._through(len(tile.ptr) - 1, go)
        self._seen = max(self._seen, tile.first_case + len(tile.ptr) - 1)
        return edge

    def overlaps(self, tile: Tile, begun: Ints, end: Ints, n: int) -> None:
        """Count the pairs of activity instances of one case that overlap in time."""
        from flowaudit.flow import _kernels as kernels

        def go(begin: int) -> tuple[int, int]:
            done, used = kernels.overlaps(
                tile.ptr, tile.columns["activity"], begun, end, n, begin, self._table, self._number, self.keys,
                self.counts, self.used,
            )  # fmt: skip
            return int(done), int(used)

        self._through(len(tile.ptr) - 1, go)

    def _through(self, cases: int, go: Callable[[int], tuple[int, int]]) -> None:
        done = 0
        while True:
            done, self.used = go(done)
            if done == cases:
                return
            self._grow()

    def _grow(self) -> None:
        from flowaudit.flow import _kernels as kernels

        self.keys, self.counts, self.cases, self._last_case = (
            np.concatenate([a, np.full(len(a), fill, np.int64)])
            for a, fill in ((self.keys, 0), (self.counts, 0), (self.cases, 0), (self._last_case, -1))
        )
        self._table = np.full(2 * len(self.keys), -1, np.int64)
        self._number = np.zeros(2 * len(self.keys), np.int32)
        kernels.place_keys(self._table, self._number, self.keys, self.used)
