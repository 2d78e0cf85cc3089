"""A process made ready to be run: what all replications share, and one replication after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.process import BANDS, GRID, Process, Timeline, always
from flowaudit.simulation.flat import People, Routes
from flowaudit.simulation.opened import FIRST_OPEN, Opened
from flowaudit.simulation.plan import Plan
from flowaudit.simulation.runs import Run
from flowaudit.worktime import Calendar

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HORIZON_DAYS = 3 * 366
"""How long after the last arrival the clocks are laid out day by day; later they go on at their mean rate."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every replication of one process shares."""

    process: Process
    plan: Plan
    routes: Routes
    opened: Opened | None
    opened_h: float
    people: People
    timeline: Timeline
    tables: tuple[Any, ...]
    nodes: tuple[Array | Ints, ...]
    arrival: Array | None
    arriving: tuple[Any, ...] | None
    begin_h: float
    until_h: float
    last_h: float

    @property
    def expected_cases(self) -> int:
        return self.plan.cases + (len(self.process.open_cases) if self.plan.work_in_progress else 0)

    @classmethod
    def of(cls, process: Process, plan: Plan, calendar: Calendar) -> Prepared:
        earliest = plan.start
        if plan.work_in_progress:
            earliest = min([earliest, *(c.last for c in process.open_cases)])
        timeline = Timeline.spanning(earliest, plan.last + np.timedelta64(HORIZON_DAYS, "D"), calendar)
        routes = Routes.of(process)
        work_clocks = (*process.calendars, process.open_profile, always())
        end_of_calendar = np.inf
        if calendar.last is not None:
            end_of_calendar = float(
                timeline.hours(np.array([np.datetime64(calendar.last) + np.timedelta64(1, "D")], "datetime64[us]"))[0]
            )
        gates = np.stack([g.rates for g in process.gates]) if process.gates else np.zeros((1, 9, 48))
        tables = (
            np.stack([p.within() for p in process.profiles]), timeline.before_day(process.profiles),
            np.stack([p.within() for p in work_clocks]), timeline.before_day(work_clocks), gates, timeline.classes,
        )  # fmt: skip
        batch = [n.batch for n in process.nodes]
        nodes = (
            np.array([n.clock for n in process.nodes], np.int64),
            np.array([b.gate if b is not None and b.kind == "slots" else -1 for b in batch], np.int64),
            np.array([n.overtime for n in process.nodes], np.int64),
            np.array([b.size if b is not None and b.kind == "size" else 0 for b in batch], np.int64),
            np.array([b.patience_h if b is not None else np.inf for b in batch], float),
            np.array([len(work_clocks) - (1 if n.automatic or n.applicant else 2) for n in process.nodes], np.int64),
            np.array([n.runs_on for n in process.nodes], float),
        )
        arriving = None
        if plan.arrivals is None and process.arriving is not None:
            arriving = _arriving(process, timeline)
        begin_h = float(timeline.hours(np.array([plan.start]))[0])
        # The log ended here; what was open then had waited until then.
        opened_h = begin_h if process.arriving is None else float(timeline.hours(np.array([process.arriving.last]))[0])
        opened = Opened.of(process, routes, timeline, opened_h) if plan.work_in_progress else None
        return cls(
            process, plan, routes, opened, opened_h, People.of(process), timeline, tables, nodes,
            None if plan.arrivals is None else timeline.hours(plan.arrivals), arriving, begin_h,
            np.inf if plan.until is None else float(timeline.hours(np.array([plan.until]))[0]), end_of_calendar,
        )  # fmt: skip

    def _arrivals(self, seed: np.uint64) -> Array:
        from flowaudit.simulation import _kernels

        if self.arrival is not None:
            return self.arrival
        assert self.arriving is not None
        out = np.empty(self.plan.cases)
        n = _kernels.renewals(seed, *self.arriving, self.begin_h, self.until_h, out)  # type: ignore[call-arg]
        while n == len(out) and self.plan.by_date:
            # There are more than the mean rate lets expect; the draws are tied to their number and stay the same.
            out = np.empty(2 * len(out))
            n = _kernels.renewals(seed, *self.arriving, self.begin_h, self.until_h, out)  # type: ignore[call-arg]
        return out[:n]

    def arrivals_per_day(self, seed: int) -> float | None:
        """Cases that arrive a day, calendar days, in the first replication; None where they are too few to tell."""
        stamps = self._arrivals(np.uint64(seed))
        span = (stamps[-1] - stamps[0]) / 24.0 if len(stamps) > 1 else 0.0
        return float((len(stamps) - 1) / span) if span > 0 else None

    def run(self, index: int, seed: int, control: Ints) -> Run:
        """Run one replication."""
        from flowaudit.simulation import _kernels

        key = np.uint64(seed)
        new = self._arrivals(key)
        routes, process = self.routes, self.process
        branch = np.zeros(len(new), np.int64)
        numbers = np.arange(len(new))
        _kernels.route(
            key,
            numbers,
            np.cumsum(routes.weights) / routes.weights.sum(),
            routes.first_branch,
            routes.cumulated,
            branch,
        )
        template = routes.template_of[branch]
        priority, due = routes.priority[template], new + routes.due_h[template]
        arrival, known_until, n_open = new, -np.inf, 0
        if self.opened is not None:
            opened, n_open, known_until = self.opened, len(process.open_cases), self.opened_h
            own = FIRST_OPEN + opened.case
            u = np.array([_kernels.uniform(key, int(number), 0, _kernels.ROUTE) for number in own])
            routes = opened.routes
            branch = np.r_[opened.choose(u), branch]
            numbers = np.r_[own, numbers]
            arrival = np.r_[opened.last, new]
            priority = np.r_[opened.priority, priority]
            due = np.r_[opened.due, due]
        lengths = routes.step_ptr[branch + 1] - routes.step_ptr[branch]
        case_ptr = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        n_steps = int(case_ptr[-1])
        steps: dict[str, Any] = {
            "row": np.zeros(n_steps, np.int32),
            **{name: np.full(n_steps, np.nan) for name in ("ready", "start", "end")},
            "who": np.full(n_steps, -1, np.int32),
        }
        people = self.people
        clock, gate, overtime, size, patience, duty, runs_on = self.nodes
        delay_within, delay_before, work_within, work_before, gates, classes = self.tables
        _kernels.run(
            key, numbers, arrival, known_until, branch, case_ptr, priority, due,
            routes.step_ptr, routes.node, routes.wait, routes.work, routes.origin, routes.band, routes.pending, routes.succ_ptr, routes.succ,
            clock, people.node_group, gate, overtime, size, patience, duty, runs_on,
            process.waits, process.works, GRID, float(BANDS), people.own_ptr, people.own_work,
            delay_within, delay_before, work_within, work_before, gates, classes,
            people.discipline, people.member_ptr, people.members, people.weights, people.queue_ptr, people.queues,
            people.calendar, people.capacity, process.contention == "resource", process.habit,
            self.until_h, control,
            np.zeros(n_steps, np.int32), *steps.values(),
        )  # fmt: skip
        if control[0]:
            raise KeyboardInterrupt
        return self._collected(index, routes, branch, arrival, case_ptr, steps, n_open, numbers)

    def _collected(
        self, index: int, routes: Routes, branch: Ints, arrival: Array, case_ptr: Ints, steps: dict[str, Any], n_open: int, numbers: Ints
    ) -> Run:  # fmt: skip
        """Put what ended in order, without the warm-up and the cases the calendar does not reach; empties ``steps``."""
        from flowaudit.simulation import _kernels

        end = steps["end"]

        first_kept = 0
        if self.plan.warm_up_days > 0 and len(arrival) > n_open:
            first_kept = int(np.searchsorted(arrival, arrival[n_open] + 24.0 * self.plan.warm_up_days))
        limit = min(self.until_h, self.last_h)
        order = np.empty(len(end), np.int32)
        ptr = np.empty(len(case_ptr), np.int64)
        n = _kernels.arrange(case_ptr, steps["start"], end, self.until_h, order, ptr)
        beyond = 0
        ended = np.diff(ptr) == np.diff(case_ptr)
        keep = np.diff(ptr) > 0
        keep[:first_kept] = False
        if limit < np.inf and limit == self.last_h:
            whole = np.flatnonzero(keep)
            last = np.fmax.reduceat(end, case_ptr[:-1][whole]) if len(whole) else np.zeros(0)
            late = whole[last > limit]
            keep[late] = False
            beyond = len(late)
        if not keep.all():
            rows = np.repeat(keep, np.diff(ptr))
            order = order[:n][rows]
            ptr = np.r_[0, np.cumsum(np.diff(ptr)[keep])].astype(np.int64)
        else:
            order = order[:n]
        chosen = np.flatnonzero(keep)
        side: dict[str, Any] = {
            "materials": _side(routes.materials, branch, case_ptr, end, chosen, (("step", "submit_time"),)),
            "episodes": _side(routes.episodes, branch, case_ptr, end, chosen, (("first", "start"), ("last", "end"))),
            "trips": _side(routes.trips, branch, case_ptr, end, chosen, (("step", "date"),)),
        }
        # One by one, so that of a long run only one array is there twice.
        del end
        ordered = {name: steps.pop(name)[order] for name in list(steps)}
        return Run(
            index=index,
            process=self.process,
            origin=self.timeline.origin,
            case_ptr=ptr,
            node=routes.node.astype(np.int32)[ordered["row"]],
            template=routes.template_of[branch[chosen]],
            ended=ended[chosen],
            open_case=np.where(chosen < n_open, numbers[chosen] - FIRST_OPEN, -1),
            routes=routes,
            beyond_calendar=beyond,
            **ordered,
            **side,
        )


def _arriving(process: Process, timeline: Timeline) -> tuple[Any, ...]:
    model = process.arriving
    assert model is not None
    middle = timeline.hours(np.array([model.first + (model.last - model.first) / 2]))[0]
    low, high = timeline.hours(np.array([model.first, model.last]))
    day = np.clip(24.0 * np.arange(len(timeline.classes)), low, high)
    level = (1.0 + model.trend) ** ((day - middle) / (365.0 * 24.0))
    return (
        model.gaps[None, :], GRID, model.clock.within()[None], timeline.before_day([model.clock]), timeline.classes, level,
    )  # fmt: skip


def _side(
    table: pd.DataFrame | None,
    branch: Ints,
    case_ptr: Ints,
    end: Array,
    chosen: Ints,
    times: tuple[tuple[str, str], ...],
) -> pd.DataFrame | None:
    """Side-table rows of the drawn branches of the chosen cases; step columns become hours.

    What belongs to a step that has not ended is left out; an episode that has not ended has no end.
    """
    if table is None:
        return None
    owner_branch = table["branch"].to_numpy(np.int64)
    n_branches = int(max(owner_branch.max(initial=-1), branch.max(initial=-1))) + 1
    ptr = np.searchsorted(owner_branch, np.arange(n_branches + 1))
    counts = ptr[branch[chosen] + 1] - ptr[branch[chosen]]
    inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    owner = np.repeat(chosen, counts)
    picked = table.iloc[np.repeat(ptr[branch[chosen]], counts) + inside].drop(columns="branch")
    columns: dict[str, Any] = {"case": np.repeat(np.arange(len(chosen)), counts)}
    for source, target in times:
        columns[target] = end[case_ptr[owner] + picked[source].to_numpy(np.int64)]
    rest = picked.drop(columns=[source for source, _target in times]).reset_index(drop=True)
    side: pd.DataFrame = pd.concat([pd.DataFrame(columns), rest], axis=1)
    kept: pd.DataFrame = side[~np.isnan(side[times[0][1]].to_numpy(float))].reset_index(drop=True)
    return kept
