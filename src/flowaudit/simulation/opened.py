"""The cases that are open when a simulation begins: what is left to do in each, and which way it takes from here."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.process import GRID, Branch, Episode, MaterialUse, Process, Profile, Step, Template, Timeline, Trip
from flowaudit.simulation.flat import Routes

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FIRST_OPEN = 1 << 36
"""Number of the first case that was open at the start; draws are tied to numbers, and new cases keep theirs."""


@dataclass(frozen=True, eq=False)
class Opened:
    """Work in progress, flattened; one template for each open case, in the order of their latest stamps.

    Attributes
    ----------
    routes : Routes
        The process's own branches, then those of the open cases.
    first_branch : array of int (n_open + 1,)
        Where each case's branches begin in ``routes``.
    cumulated : array
        Cumulated probability of the branches within their case.
    case : array of int (n_open,)
        Index into ``Process.open_cases``.
    last, due, priority : array (n_open,)
        Hours since the origin of the timeline; as for the other cases.
    """

    routes: Routes
    first_branch: Ints
    cumulated: Array
    case: Ints
    last: Array
    due: Array
    priority: Array

    @classmethod
    def of(cls, process: Process, routes: Routes, timeline: Timeline, begin_h: float) -> Opened:
        """Flatten what is left to do.

        A case goes on one of its ways with the weight the way has, times the probability that it has not yet gone on: that
        the delays before what comes next are longer than it has been waiting already.
        """
        last = np.minimum(timeline.hours(np.array([c.last for c in process.open_cases])), begin_h)
        order = np.argsort(last, kind="stable")
        rest = _remaining(process)
        own = Routes.of(replace(rest, templates=tuple(rest.templates[i] for i in order.tolist())))
        chance = np.diff(np.r_[0.0, own.cumulated])
        chance[own.first_branch[:-1]] = own.cumulated[own.first_branch[:-1]]
        alive = chance * _still_waiting(process, own, last[order], timeline, begin_h)
        # Where every way says that it should have gone on long ago, the weights alone count.
        stuck = np.add.reduceat(alive, own.first_branch[:-1]) <= 1e-12
        chance = np.where(np.repeat(stuck, np.diff(own.first_branch)), chance, alive)
        total = np.add.reduceat(chance, own.first_branch[:-1])
        running = np.r_[0.0, np.cumsum(chance)]
        before = np.repeat(running[own.first_branch[:-1]], np.diff(own.first_branch))
        began = timeline.hours(np.array([c.arrival for c in process.open_cases]))[order]
        return cls(
            routes=_joined(routes, own),
            first_branch=own.first_branch + len(routes.template_of),
            cumulated=(running[1:] - before) / np.repeat(total, np.diff(own.first_branch)),
            case=order,
            last=last[order],
            due=began + own.due_h,
            priority=own.priority,
        )

    def choose(self, u: Array) -> Ints:
        """Return the branch of each case at probability ``u``."""
        offset = self.first_branch[0]
        chosen = []
        for k, x in enumerate(u.tolist()):
            low, high = int(self.first_branch[k]), int(self.first_branch[k + 1])
            found = int(np.searchsorted(self.cumulated[low - offset : high - offset], x, side="right"))
            chosen.append(min(low + found, high - 1))
        return np.array(chosen, np.int64)


def _remaining(process: Process) -> Process:
    """The process whose templates are what is left to do in each open case."""
    templates = []
    for case in process.open_cases:
        source = process.templates[case.ways[0][0]]
        total = sum(process.templates[number].cases for number, _cut in case.ways)
        branches = [
            _rest(branch, cut, branch.probability * process.templates[number].cases / total)
            for number, cut in case.ways
            for branch in process.templates[number].branches
        ]
        templates.append(Template(1.0, tuple(branches), case.attributes, source.priority, source.due_h))
    return replace(process, templates=tuple(templates))


def _rest(branch: Branch, cut: int, probability: float) -> Branch:
    """What follows the step at place ``cut`` of the observed trace."""
    kept = [(i, s) for i, s in enumerate(branch.steps) if s.origin > cut]
    number = {i: k for k, (i, _s) in enumerate(kept)}
    steps = tuple(
        Step(
            s.node, tuple(number[j] for j in s.after if j in number), s.wait, s.work, s.origin, s.site, s.cause, s.band
        )
        for _i, s in kept
    )
    return Branch(
        probability,
        steps,
        tuple(MaterialUse(number[m.step], m.item, m.canonical_id, m.source, m.accepted) for m in branch.materials if m.step in number),
        tuple(
            Episode(number[e.first], number[e.last], e.item, e.kind, e.counts_in_clock)
            for e in branch.episodes
            if e.first in number and e.last in number
        ),
        tuple(Trip(number[v.step], v.site, v.days_before, v.purpose, v.outcome) for v in branch.trips if v.step in number),
    )  # fmt: skip


def _still_waiting(process: Process, own: Routes, last: Array, timeline: Timeline, begin_h: float) -> Array:
    """For every branch, the probability that none of its first steps has become ready since the case's latest stamp."""
    lengths = np.diff(own.step_ptr)
    branch = np.repeat(np.arange(len(lengths)), lengths)
    first = np.flatnonzero((own.pending == 0) & (own.wait >= 0))
    begun = last[own.template_of[branch[first]]]
    clock = np.array([n.clock for n in process.nodes], np.int64)[own.node[first]]
    longer = np.ones(len(first))
    for k, profile in enumerate(process.profiles):
        rows = np.flatnonzero(clock == k)
        longer[rows] = _survival(process.waits, own, first[rows], _passed(profile, timeline, begun[rows], begin_h))
    alive = np.ones(len(lengths))
    np.multiply.at(alive, branch[first], longer)
    return alive


def _passed(profile: Profile, timeline: Timeline, begun: Array, begin_h: float) -> Array:
    now = timeline.operational(profile, np.full(len(begun), begin_h))
    return now - timeline.operational(profile, begun)


def _survival(waits: Array, own: Routes, step: Ints, waited: Array) -> Array:
    """Probability that the delay of each step, drawn from the whole table, is longer than what has passed."""
    out = np.ones(len(step))
    for table in np.unique(own.wait[step]):
        rows = own.wait[step] == table
        out[rows] = 1.0 - np.interp(waited[rows], np.maximum.accumulate(waits[table]), GRID)
    return out


def _joined(a: Routes, b: Routes) -> Routes:
    """Both, the branches of ``b`` after those of ``a``."""
    n_branches = len(a.step_ptr) - 1
    shifted = {"first_branch": a.first_branch[-1], "step_ptr": a.step_ptr[-1], "succ_ptr": a.succ_ptr[-1]}

    def both(name: str) -> object:
        first, second = getattr(a, name), getattr(b, name)
        if name in shifted:
            return np.r_[first, shifted[name] + second[1:]]
        if name == "template_of":
            return np.r_[first, len(a.weights) + second]
        if isinstance(first, pd.DataFrame):
            return pd.concat([first, second.assign(branch=second["branch"] + n_branches)], ignore_index=True)
        return None if first is None else np.concatenate([first, second])

    return Routes(**{f.name: both(f.name) for f in fields(Routes)})  # type: ignore[arg-type]
