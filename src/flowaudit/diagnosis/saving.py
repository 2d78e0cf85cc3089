"""What would have been saved: the cases replayed on the axis of working days without some of their time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog
from flowaudit.flow import concurrency_table, enablement
from flowaudit.worktime import Calendar, OfficeHours

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Flow:
    """Every case as work on the axis of working days: when each instance was enabled and ended, and after what.

    Attributes
    ----------
    ptr : array of int64
        First row of each case, and the number of rows.
    part : array of int64
        Item of each row, -1 for what serves all items of a bundle.
    enabled, begun, ended : array of float
        Working days since the log's first stamp. Without start times an instance begins when it ends.
    """

    ptr: Ints
    activity: Ints
    part: Ints
    beside: npt.NDArray[np.int32]
    concurrent: npt.NDArray[np.bool_]
    enabled: Floats
    begun: Floats
    ended: Floats
    stamps: tuple[Ints, Ints]

    @classmethod
    def of(cls, log: EventLog, calendar: Calendar, office: OfficeHours) -> Flow:
        """Put the cases of a log on the axis."""
        found = enablement(log, within="item_code")
        end = log.stamps("end")
        start = log.stamps("start") if log.has("start") else end
        start = np.where(np.isnat(start), end, start)
        zero = np.datetime64(log.span[0], "us") if len(end) else np.datetime64(0, "us")

        def axis(stamps: npt.NDArray[np.datetime64]) -> Floats:
            hours = calendar.working_time(np.full(len(stamps), zero), stamps, office)
            return np.asarray(np.atleast_1d(hours), float) / office.hours_per_day

        beside, concurrent = concurrency_table(log)
        codes = log.codes("activity")[0].astype(np.int64)
        ptr = np.asarray(log.case_ptr, np.int64)
        item = log.codes("item_code")[0] if log.has("item_code") else np.full(len(codes), -1)
        return cls(
            ptr, codes, item.astype(np.int64), beside, concurrent, axis(found.enabled), axis(start), axis(end),
            (start.astype(np.int64), end.astype(np.int64)),
        )  # fmt: skip

    def saved(self, rows: Ints, days: Floats) -> Floats:
        """Return by how many working days each case would have ended earlier without some days of some rows.

        Every instance begins when the last of those it had to wait for has ended, and then keeps its own waiting and work
        but for the days taken from it. What ran beside it is not hastened, so that of two parallel waits removing one
        saves only what it lasted longer.

        Parameters
        ----------
        rows : array of int
            Rows of the log; one that is named twice loses both.
        days : array of float
            Working days taken from each, at most its own waiting and work.

        Returns
        -------
        array of float
            One for each case of the log, never negative.
        """
        from flowaudit.diagnosis import _kernels as kernels

        rows = np.asarray(rows, np.int64)
        removed = np.bincount(rows, weights=days, minlength=len(self.ended)).astype(np.float64)
        removed = np.minimum(removed, np.fmax(self.ended - self.enabled, 0.0))
        cases = np.unique(np.searchsorted(self.ptr, rows, side="right") - 1)
        saved = np.zeros(len(self.ptr) - 1)
        saved[cases] = kernels.saved(
            self.ptr, self.activity, self.part, self.beside, self.concurrent, self.enabled, self.ended, *self.stamps, removed,
            cases,
        )  # fmt: skip
        return saved
