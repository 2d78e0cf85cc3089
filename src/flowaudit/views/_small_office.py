"""A part of an office, small enough to be simulated while somebody waits; its figures say how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flowaudit.process import Process
from flowaudit.simulation import simulate
from flowaudit.targets import Measured, measure_runs
from flowaudit.worktime import Calendar


@dataclass(frozen=True, eq=False)
class SmallOffice:
    """Batches of an office: each has ways, a stretch of arrivals and luck of its own.

    The spread of the batches is therefore that of the cases and of chance together, as it would be over other years.

    Attributes
    ----------
    process : Process
        With at most ``ways`` of the ways of the whole one.
    batches, cases : int
        How many, and how many cases arrive in each.
    thinned : bool
        Whether ways were left out.
    """

    process: Process
    batches: int
    cases: int
    seed: int
    calendar: Calendar
    thinned: bool

    @classmethod
    def of(cls, process: Process, *, ways: int, batches: int, cases: int, seed: int, calendar: Calendar) -> SmallOffice:
        """Draw a small office.

        Ways are drawn systematically in proportion to their weight, in the order of their length, and dealt out to the
        batches in turn: each batch has short and long ones, as many as there are.
        """
        cases = min(cases, len(process.arrivals)) or cases
        whole = replace(process, open_cases=())
        if len(process.templates) <= ways:
            return cls(whole, batches, cases, seed, calendar, False)
        ways -= ways % batches
        weights = np.array([t.cases for t in process.templates], float)
        length = np.array([sum(len(b.steps) * b.probability for b in t.branches) for t in process.templates])
        order = np.lexsort((np.arange(len(weights)), length))
        edges = np.cumsum(weights[order])
        step = edges[-1] / ways
        at = (np.random.default_rng(seed).random() + np.arange(ways)) * step
        drawn = order[np.minimum(np.searchsorted(edges, at), len(order) - 1)]
        dealt = np.concatenate([drawn[b::batches] for b in range(batches)])
        templates = tuple(replace(process.templates[int(t)], cases=float(step)) for t in dealt)
        return cls(replace(whole, templates=templates), batches, cases, seed, calendar, True)

    def measured(self, process: Process, policy: str | None) -> Measured:
        """Simulate the small office, as it is or as measures have changed it, and measure it batch by batch."""
        seeds = np.random.SeedSequence(self.seed).generate_state(self.batches)
        logs = []
        for b, part in enumerate(self._parts(process)):
            arrivals = self._stretch(b)
            logs.append(
                simulate(
                    part, cases=None if arrivals is not None else self.cases, arrivals=arrivals, replications=1,
                    seed=int(seeds[b]), calendar=self.calendar,
                )[0]
            )  # fmt: skip
        return measure_runs(logs, process.catalogue, policy=policy, calendar=self.calendar)

    def _stretch(self, batch: int) -> npt.NDArray[np.datetime64] | None:
        """The arrivals of a batch: those of another time of the year than the other batches' as far as there are so many."""
        known = np.sort(self.process.arrivals)
        if not len(known):
            return None
        first = round(batch * (len(known) - self.cases) / max(self.batches - 1, 1))
        return known[first : first + self.cases]

    def _parts(self, process: Process) -> list[Process]:
        """The ways of each batch; measures keep their order and their weight."""
        if not self.thinned:
            return [process] * self.batches
        done = np.cumsum([t.cases for t in process.templates])
        share = done[-1] / self.batches
        batch = np.minimum((done - 1e-6 * share) // share, self.batches - 1).astype(int)
        return [
            replace(
                process,
                templates=tuple(process.templates[t] for t in np.flatnonzero(batch == b)),
                catalogue=process.catalogue,
            )
            for b in range(self.batches)
        ]
