"""What was counted in the replications of a simulation, or in one log, so that it is counted once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, as_unit
from flowaudit.messages import translate as _
from flowaudit.metrics import (
    COLUMN_OF,
    Figure,
    FourReductions,
    Materials,
    NotRecorded,
    Visits,
    case_measures,
    choose_policy,
    clocks,
    corrected,
    fields_of_cases,
    four_reductions,
    materials,
    steps,
    still_running,
    visits,
)
from flowaudit.targets.population import cases_of
from flowaudit.targets.target import Population
from flowaudit.worktime import Calendar, load_calendar

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Clock = Literal["e2e_working_days", "clock_days"]
Kept = TypeVar("Kept")
_CLOCKS: dict[str, Clock] = {"time": "e2e_working_days", "clock": "clock_days"}
Source = Literal["simulated", "observed"]


@runtime_checkable
class Pooling(Protocol):
    """Replications that can also be had as one log, to be measured at once."""

    @property
    def pooled(self) -> EventLog | None:
        """All replications, one after the other; None where they are better gone through one by one."""

    @property
    def replication_of_case(self) -> Ints:
        """The number of the replication, from 0, of every case of ``pooled``."""

    @property
    def catalogue(self) -> Catalogue | None:
        """What the rules say of the office that was simulated: a redesign may have changed its forms."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The replications of a simulation, or one log, measured case by case. Made by :func:`measure_runs`.

    Attributes
    ----------
    logs : tuple of EventLog
        What was measured: all replications as one log, or one log for each.
    replication : array of int64
        The replication of each case, in the order of the logs and their cases.
    replications : int
        1 for a single log.
    one_log : bool
        A single recorded log: what chance does to it shows in its cases, not in replications.
    reductions : FourReductions
        Of all cases together (of the first replication, where they were measured one by one): says what is recorded,
        and by which rules.
    per_case : pd.DataFrame
        As :func:`flowaudit.metrics.case_measures` gives it.
    """

    logs: tuple[EventLog, ...]
    replication: Ints
    replications: int
    one_log: bool
    reductions: FourReductions
    per_case: pd.DataFrame
    catalogue: Catalogue | None
    calendar: Calendar
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def source(self) -> Source:
        return "simulated" if self.logs[0].provenance.source == "simulated" else "observed"

    @property
    def unit(self) -> str:
        return self.logs[0].unit

    @property
    def policy(self) -> str | None:
        """Step policy that was counted by; None where no case has come to its end."""
        figure = self.reductions.steps
        return figure.rule.policy if isinstance(figure, Figure) else None

    @property
    def complete(self) -> Bools:
        """Which cases have come to their end."""
        return self.per_case["complete"].to_numpy(np.bool_)

    def values(self, metric: str, rule: str | None = None) -> Floats | NotRecorded:
        """Return a metric of every case, NaN where unknown.

        Parameters
        ----------
        metric : str
            One of a :class:`Target`, or ``visits_in_vain``.
        rule : str, optional
            Counting rule of steps or materials; default: the one the log was measured by.
        """
        own = None if rule in (self.policy, "submitted") else rule
        return self.remember((metric, own), lambda: self._values(metric, own))

    def remember(self, what: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what ``make`` returns, made once: what was measured never changes."""
        if what not in self._kept:
            self._kept[what] = make()
        found: Kept = self._kept[what]
        return found

    def _values(self, metric: str, rule: str | None) -> Floats | NotRecorded:
        if metric in COLUMN_OF:
            figure = self.reductions.primary[metric]
            if isinstance(figure, NotRecorded):
                return figure
            if rule is None:
                return self.per_case[COLUMN_OF[metric]].to_numpy(float)
        return self._together(_COUNTS[metric](self, rule))

    def _together(self, count: Callable[[EventLog], Floats | NotRecorded]) -> Floats | NotRecorded:
        parts: list[Floats] = []
        for log in self.logs:
            found = count(log)
            if isinstance(found, NotRecorded):
                return found
            parts.append(np.asarray(found, float))
        return np.concatenate(parts)

    def samples(self, values: Floats, mask: Bools | None = None) -> list[Floats]:
        """Return the known values of the complete cases (of those of a mask), a list for each replication."""
        keep = self.complete & ~np.isnan(values)
        if mask is not None:
            keep &= mask
        edges = np.searchsorted(self.replication[keep], np.arange(1, self.replications))
        return np.split(values[keep], edges)

    def running_longer(self, metric: str, days: float, mask: Bools | None = None) -> list[Floats]:
        """Return how long the open cases have run that have run longer than so many working days, by replication.

        Of ``time`` and ``clock``; of other metrics an open case says nothing yet.
        """
        if metric not in _CLOCKS or self.complete.all():
            return [np.zeros(0) for _run in range(self.replications)]
        run = self.remember(("running", metric), lambda: self._running(_CLOCKS[metric]))
        long = ~self.complete & (run > days)
        if mask is not None:
            long &= mask
        return np.split(run[long], np.searchsorted(self.replication[long], np.arange(1, self.replications)))

    def _running(self, clock: Clock) -> Floats:
        parts: list[Floats] = []
        for log in self.logs:
            frame = clocks(log, self.catalogue, unit=self.logs[0].unit, calendar=self.calendar)
            frame = frame[still_running(frame, clock)]
            longest = frame.groupby("case_id")[clock].max()
            parts.append(longest.reindex(log.case_axis).fillna(-1.0).to_numpy(float))
        return np.concatenate(parts)

    def mask(self, population: Population) -> Bools | None:
        """Mark the cases of a population; None for all."""
        if not population:
            return None
        return self.remember(
            population, lambda: np.concatenate([cases_of(log, population, self.catalogue) for log in self.logs])
        )


def _steps(_measured: Measured, rule: str | None) -> Callable[[EventLog], Floats | NotRecorded]:
    return lambda log: steps(log, choose_policy(log, rule).key)


def _materials(_measured: Measured, rule: str | None) -> Callable[[EventLog], Floats | NotRecorded]:
    def count(log: EventLog) -> Floats | NotRecorded:
        found = materials(log)
        if not isinstance(found, Materials):
            return found
        return found.copies if rule == "copies" else found.kinds

    return count


def _fields(measured: Measured, _rule: str | None) -> Callable[[EventLog], Floats | NotRecorded]:
    return lambda log: fields_of_cases(log, measured.catalogue)


def _corrections(measured: Measured, _rule: str | None) -> Callable[[EventLog], Floats | NotRecorded]:
    # One replication without any correction is no log that does not record them.
    any_there = any(not isinstance(corrected(log), NotRecorded) for log in measured.logs)

    def count(log: EventLog) -> Floats | NotRecorded:
        found = corrected(log, recorded=any_there)
        return found if isinstance(found, NotRecorded) else found.astype(float)

    return count


def _visits(in_vain: bool) -> Callable[[Measured, str | None], Callable[[EventLog], Floats | NotRecorded]]:
    def count(log: EventLog) -> Floats | NotRecorded:
        found = visits(log)
        if not isinstance(found, Visits) or not in_vain:
            return found.all if isinstance(found, Visits) else found
        if found.in_vain is None:
            return NotRecorded(
                "visits", "日志未记录到访是否办成。", "the log does not record what visits brought.", ("visits: outcome",)
            )  # fmt: skip
        return found.in_vain

    return lambda _measured, _rule: count


_COUNTS: dict[str, Callable[[Measured, str | None], Callable[[EventLog], Floats | NotRecorded]]] = {
    "steps": _steps, "materials": _materials, "typed_fields": _fields, "correction_rate": _corrections,
    "visits": _visits(False), "visits_in_vain": _visits(True),
}  # fmt: skip


def measure_runs(
    runs: Sequence[EventLog] | EventLog,
    catalogue: Catalogue | None = None,
    *,
    policy: str | None = None,
    calendar: Calendar | None = None,
    clock: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Measure the replications of a simulation, or one log, case by case: for an office that is compared many times.

    Parameters
    ----------
    runs : sequence of EventLog, or EventLog
        Replications; those of :func:`flowaudit.simulate` (see :class:`Pooling`) are measured at once. A single log is one
        recorded office, or one replication where it is simulated.
    catalogue : Catalogue, optional
        For the fields applicants fill in, and the names of items; default: that of the simulated office.
    policy : str, optional
        Step policy; default: the one the log records.
    calendar : Calendar, optional
        Default: China's official one.
    clock : bool
        Also measure the official clock (half of the time this takes).
    progress : callable(done, total), optional
        Replications measured.

    Returns
    -------
    Measured
        To be given to :func:`evaluate` in place of the runs.

    Raises
    ------
    UsageError
        If there is no replication.

    Notes
    -----
    Measured at once or one by one, every case has the same figures, to the last bit: where each replication by itself
    would be counted from the same event to the same event. That choice (the applicant's first action, or the first
    event; the delivery, or the last event) is made for all replications together.
    """
    calendar = calendar or load_calendar()
    if isinstance(runs, EventLog):
        log = as_unit(runs)
        one_log = log.provenance.source != "simulated"
        return _measured(
            (log,), np.zeros(log.n_cases, np.int64), 1, one_log, catalogue, policy, calendar, clock, progress
        )
    demand_replications(runs)
    if isinstance(runs, Pooling) and (pooled := runs.pooled) is not None:
        which = runs.replication_of_case
        catalogue = catalogue or runs.catalogue
        return _measured((as_unit(pooled),), which, len(runs), False, catalogue, policy, calendar, clock, progress)
    logs = tuple(as_unit(log) for log in runs)
    which = np.repeat(np.arange(len(logs)), [log.n_cases for log in logs])
    return _measured(logs, which, len(logs), False, catalogue, policy, calendar, clock, progress)


def demand_replications(runs: Sequence[EventLog]) -> None:
    """Refuse no replication at all."""
    if not len(runs):
        raise UsageError(_("there is no replication to be measured."), hint="simulate(process, replications=30)")


def _measured(
    logs: tuple[EventLog, ...], replication: Ints, replications: int, one_log: bool, catalogue: Catalogue | None,
    policy: str | None, calendar: Calendar, clock: bool, progress: Callable[[int, int], None] | None,
) -> Measured:  # fmt: skip
    # Without the catalogue: what guides say is no figure of a log.
    reductions = four_reductions(
        logs[0], unit=logs[0].unit, policy=policy, calendar=calendar, interval=False, beside=False, clock=clock
    )
    if isinstance(reductions.steps, Figure):
        policy = reductions.steps.rule.policy
    frames = [reductions.per_case]
    for log in logs[1:]:
        if progress:
            progress(len(frames), replications)
        frames.append(case_measures(log, unit=log.unit, policy=policy, calendar=calendar, clock=clock))
    if progress:
        progress(replications, replications)
    per_case = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return Measured(logs, replication, replications, one_log, reductions, per_case, catalogue, calendar)
