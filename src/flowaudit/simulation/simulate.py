"""Run a process many times, reproducibly."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.process import BANDS, Process, day_classes, draw
from flowaudit.simulation.runs import Run, Runs
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HORIZON_DAYS = 3 * 366
"""How long after the last arrival the clocks are laid out day by day; later they go on at their mean rate."""


def simulate(
    process: Process,
    *,
    cases: int | None = None,
    arrivals: npt.NDArray[np.datetime64] | None = None,
    replications: int = 30,
    seed: int = 7,
    calendar: Calendar | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Runs:
    """Simulate a process; every replication is an event log.

    Parameters
    ----------
    process : Process
        As fitted, or as a scenario would have it.
    cases : int, optional
        Only the first so many arrivals; default all.
    arrivals : array of datetime64, optional
        Other arrivals than the observed ones, which are replayed by default.
    replications : int
        How many times, each with its own luck.
    seed : int
        The same seed gives the same runs, bit for bit, on every machine of one NumPy version.
    calendar : Calendar, optional
        Default: the one the process was fitted with.
    progress : callable(done, total), optional

    Returns
    -------
    Runs

    Notes
    -----
    One random stream per source of variation (which trace, which branch of it, delays, work), and every draw is
    tied to a case and to a step's place in the observed trace. Two scenarios simulated with one seed therefore share
    their luck: common random numbers (Law, *Simulation Modeling and Analysis*, 5th ed., 11.2).
    """
    if replications < 1:
        raise UsageError(_("replications must be at least 1; got {n}.", n=replications))
    stamps = np.sort(process.arrivals if arrivals is None else arrivals)
    stamps = stamps if cases is None else stamps[:cases]
    if not len(stamps):
        raise UsageError(_("there is no case to simulate."))
    calendar = calendar or load_calendar(process.calendar)
    prepared = _Prepared.of(process, stamps, calendar)
    seeds = np.random.SeedSequence(seed).spawn(replications)
    done = 0
    runs: list[Run] = []
    beyond = 0
    with ThreadPoolExecutor(max_workers=min(replications, os.cpu_count() or 1)) as executor:
        for run, dropped in executor.map(prepared.run, range(replications), seeds):
            runs.append(run)
            beyond += dropped
            done += 1
            if progress:
                progress(done, replications)
    return Runs(tuple(runs), process, seed, beyond)


@dataclass(frozen=True, eq=False)
class _Library:
    """All branches of all templates, flattened."""

    template_of: Ints
    cumulated: Array
    first_branch: Ints
    step_ptr: Ints
    node: Ints
    wait: Ints
    work: Ints
    origin: Ints
    band: Ints
    pending: Ints
    succ_ptr: Ints
    succ: Ints
    site: npt.NDArray[np.object_]
    weights: Array
    materials: pd.DataFrame | None
    episodes: pd.DataFrame | None

    @classmethod
    def of(cls, process: Process) -> _Library:
        branches = [(t, b) for t, template in enumerate(process.templates) for b in template.branches]
        steps = [s for _t, b in branches for s in b.steps]
        step_ptr = np.r_[0, np.cumsum([len(b.steps) for _t, b in branches])].astype(np.int64)
        followers: list[list[int]] = []
        for _t, branch in branches:
            own: list[list[int]] = [[] for _ in branch.steps]
            for i, step in enumerate(branch.steps):
                for j in step.after:
                    own[j].append(i)
            followers.extend(own)
        template_of = np.array([t for t, _b in branches], np.int64)
        probability = np.array([b.probability for _t, b in branches])
        first = np.searchsorted(template_of, np.arange(len(process.templates) + 1))
        total = np.r_[0.0, np.cumsum(probability)]
        cumulated = total[1:] - total[first[template_of]]
        materials = [(k, _slots(m)) for k, (_t, b) in enumerate(branches) for m in b.materials]
        episodes = [(k, _slots(e)) for k, (_t, b) in enumerate(branches) for e in b.episodes]
        sites = np.empty(len(steps), object)
        sites[:] = [s.site for s in steps]
        return cls(
            template_of, cumulated, first.astype(np.int64), step_ptr,
            np.array([s.node for s in steps], np.int64), np.array([s.wait for s in steps], np.int64),
            np.array([s.work for s in steps], np.int64), np.array([s.origin for s in steps], np.int64),
            np.array([s.band for s in steps], np.int64),
            np.array([len(s.after) for s in steps], np.int64),
            np.r_[0, np.cumsum([len(f) for f in followers])].astype(np.int64),
            np.array([f for own in followers for f in own], np.int64),
            sites,
            np.array([t.cases for t in process.templates], float),
            _frame(materials, ("step", "item_code", "canonical_id", "source", "accepted")) if process.has_materials else None,
            _frame(episodes, ("first", "last", "item_code", "type", "counts_in_clock")) if process.has_special else None,
        )  # fmt: skip


def _slots(thing: Any) -> tuple[Any, ...]:
    """Return the slots of a record in order."""
    return tuple(getattr(thing, name) for name in thing.__slots__)


def _frame(rows: list[tuple[int, tuple[Any, ...]]], columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame([r for _k, r in rows], columns=list(columns))
    return frame.assign(branch=np.array([k for k, _r in rows], np.int64))


@dataclass(frozen=True, eq=False)
class _Prepared:
    """What every replication of one process shares."""

    process: Process
    flat: _Library
    arrival: Array
    origin: np.datetime64
    delays: Array
    open_hours: Array
    capacity: Ints
    last_hour: float

    @classmethod
    def of(cls, process: Process, stamps: npt.NDArray[np.datetime64], calendar: Calendar) -> _Prepared:
        origin = (stamps[0] - np.timedelta64(1, "D")).astype("datetime64[D]")
        n_days = int((stamps[-1].astype("datetime64[D]") - origin).astype(np.int64)) + HORIZON_DAYS
        classes = day_classes(origin, n_days, calendar)
        last = np.inf
        if calendar.last is not None:
            last = float(
                (np.datetime64(calendar.last) + np.timedelta64(1, "D") - origin)
                .astype("timedelta64[h]")
                .astype(np.int64)
            )
        return cls(
            process,
            _Library.of(process),
            np.asarray((stamps - origin.astype("datetime64[us]")) / np.timedelta64(1, "h"), float),
            origin,
            np.stack([p.cumulative(classes) for p in process.profiles]),
            process.open_profile.cumulative(classes),
            np.array([p.capacity for p in process.pools], np.int64),
            last,
        )

    def run(self, index: int, seed: np.random.SeedSequence) -> tuple[Run, int]:
        """Run one replication; return it and the number of cases that would end beyond the calendar."""
        from flowaudit.simulation import _kernels

        lib, n = self.flat, len(self.arrival)
        routing, branching, waiting, working = (np.random.default_rng(s) for s in seed.spawn(4))
        cumulated = np.cumsum(lib.weights) / lib.weights.sum()
        template = np.minimum(np.searchsorted(cumulated, routing.random(n), side="right"), len(lib.weights) - 1)
        u_branch = branching.random(n)
        # Within one template the branches follow each other and their cumulated probabilities rise to 1.
        branch = lib.first_branch[template]
        while True:
            more = (u_branch >= lib.cumulated[branch]) & (branch + 1 < lib.first_branch[template + 1])
            if not more.any():
                break
            branch = branch + more
        lengths = lib.step_ptr[branch + 1] - lib.step_ptr[branch]
        case_ptr = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        shift = np.repeat(lib.step_ptr[branch] - case_ptr[:-1], lengths)
        row = np.arange(case_ptr[-1]) + shift
        case = np.repeat(np.arange(n), lengths)
        width = int(lib.origin.max()) + 1
        u_wait = waiting.random((n, width))[case, lib.origin[row]]
        u_work = working.random((n, width))[case, lib.origin[row]]
        wait = draw(self.process.waits, lib.wait[row], (lib.band[row] + u_wait) / BANDS)
        work = draw(self.process.works, lib.work[row], u_work)
        counts = lib.succ_ptr[row + 1] - lib.succ_ptr[row]
        succ_ptr = np.r_[0, np.cumsum(counts)].astype(np.int64)
        inside = np.arange(succ_ptr[-1]) - np.repeat(succ_ptr[:-1], counts)
        succ = lib.succ[np.repeat(lib.succ_ptr[row], counts) + inside] + np.repeat(case_ptr[:-1][case], counts)
        node = lib.node[row]
        pool = np.array([v.pool for v in self.process.nodes], np.int64)[node]
        clock = np.array([v.clock for v in self.process.nodes], np.int64)[node]
        _enabled, start, end, place = _kernels.run(
            case_ptr, self.arrival, lib.pending[row], succ_ptr, succ, pool, wait, work, clock,
            self.delays, self.open_hours, self.capacity,
        )  # fmt: skip
        keep = np.maximum.reduceat(end, case_ptr[:-1]) < self.last_hour
        rows = keep[case]
        new_case = np.cumsum(keep) - 1
        ptr = np.r_[0, np.cumsum(lengths[keep])].astype(np.int64)
        run = Run(
            index, self.process, self.origin, ptr, node[rows], start[rows], end[rows], place[rows], lib.site[row][rows],
            self._side(lib.materials, branch, case_ptr, end, keep, new_case, (("step", "submit_time"),)),
            self._side(lib.episodes, branch, case_ptr, end, keep, new_case, (("first", "start"), ("last", "end"))),
        )  # fmt: skip
        return run, int((~keep).sum())

    def _side(
        self,
        table: pd.DataFrame | None,
        branch: Ints,
        case_ptr: Ints,
        end: Array,
        keep: npt.NDArray[np.bool_],
        new_case: Ints,
        times: tuple[tuple[str, str], ...],
    ) -> pd.DataFrame | None:
        """Side-table rows of the drawn branches; step columns become hours."""
        if table is None:
            return None
        n_branches = len(self.flat.step_ptr) - 1
        ptr = np.searchsorted(table["branch"].to_numpy(), np.arange(n_branches + 1))
        cases = np.flatnonzero(keep)
        counts = (ptr[branch + 1] - ptr[branch])[cases]
        inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        owner = np.repeat(cases, counts)
        picked = table.iloc[np.repeat(ptr[branch][cases], counts) + inside].drop(columns="branch")
        columns: dict[str, Any] = {"case": new_case[owner]}
        for source, target in times:
            columns[target] = end[case_ptr[owner] + picked[source].to_numpy(np.int64)]
        rest = picked.drop(columns=[source for source, _target in times]).reset_index(drop=True)
        side: pd.DataFrame = pd.concat([pd.DataFrame(columns), rest], axis=1)
        return side
