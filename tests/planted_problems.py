"""Search problems whose answer is known: flows without queues and luck, solved by listing everything."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from processes import CALENDAR, MONDAY, constant, exponential, hand_made

from flowaudit.process import Branch, Node, Process, Step, Template
from flowaudit.redesign import Candidate, Candidates, Entry, MeasureRefusedError, MergeSteps, Parallelise, Portfolio

DAY = 24.0


@dataclass(frozen=True)
class Problem:
    """A process, candidates, a budget, and the improvement of every portfolio that fits."""

    process: Process
    candidates: Candidates
    budget: float
    improvement: dict[Portfolio, float]

    @property
    def best(self) -> float:
        return max(self.improvement.values())

    def greedy(self) -> float:
        """What an analyst gets who takes, one after the other, what saves most for the money by itself."""
        alone = {k: self.improvement.get((k,), -1.0) for k in range(len(self.candidates))}
        order = sorted(alone, key=lambda k: -alone[k] / (self.candidates[k].cost_yuan or 1.0))
        taken: Portfolio = ()
        for k in order:
            more = tuple(sorted((*taken, k)))
            if alone[k] > 0 and more in self.improvement:
                taken = more
        return self.improvement[taken]

    def random(self, tries: int, seed: int) -> float:
        """The best of ``tries`` portfolios drawn at random."""
        fitting = list(self.improvement)
        picked = np.random.default_rng(seed).choice(len(fitting), min(tries, len(fitting)), replace=False)
        return max(self.improvement[fitting[i]] for i in picked)


def planted(seed: int, *, sections: int = 4, luck: bool = False) -> Problem:
    """A line of sections of three activities; candidates merge two of a section, or let two or three of them run side by side.

    Merging saves a delay and a step; running side by side saves what the shorter one takes, and nothing more where the
    other candidate for the same pair is taken, or the third activity is the longest. So what each is worth depends on the others.
    """
    rng = np.random.default_rng(seed)
    names = [f"{chr(65 + s)}{k}" for s in range(sections) for k in range(3)]
    delays = {name: float(rng.integers(1, 9)) * DAY for name in names}
    nodes = tuple(Node(name, "科室", automatic=False) for name in names)
    steps = tuple(Step(i, (i - 1,) if i else (), i, -1, origin=i, band=-1) for i in range(len(names)))
    tables = [(exponential if luck else constant)(delays[name]) for name in names]
    process = hand_made(
        nodes=nodes, templates=(Template(100.0, (Branch(1.0, steps),)),), waits=tables,
        arrivals=MONDAY + np.arange(100) * np.timedelta64(1, "D"),
    )  # fmt: skip
    candidates = []
    for s in range(sections):
        a, b, c = names[3 * s : 3 * s + 3]
        pool = [
            Parallelise(names=(a, b)),
            Parallelise(names=(b, c)),
            MergeSteps(first=a, second=b),
            MergeSteps(first=b, second=c),
        ]
        candidates += [pool[i] for i in rng.permutation(4)[:2]]
    found = Candidates(
        "planted",
        tuple(
            Candidate(str(k), Entry(m, cost_yuan=float(rng.integers(1, 10)))) for k, m in enumerate(candidates)
        ),
    )  # fmt: skip
    budget = round(0.5 * sum(c.cost_yuan for c in found))
    return Problem(process, found, budget, _listed(process, found, budget))


def _listed(process: Process, candidates: Candidates, budget: float) -> dict[Portfolio, float]:
    base = exact(process)
    out: dict[Portfolio, float] = {}
    for n in range(len(candidates) + 1):
        for portfolio in itertools.combinations(range(len(candidates)), n):
            if sum(candidates[k].cost_yuan for k in portfolio) > budget or any(
                pair in candidates.clashes for pair in itertools.combinations(portfolio, 2)
            ):
                continue
            try:
                after = candidates.scenario(portfolio).apply(process)
            except MeasureRefusedError:
                continue
            out[portfolio] = float(np.mean([(b - a) / b for a, b in zip(exact(after), base, strict=True)]))
    return out


def exact(process: Process) -> tuple[float, float]:
    """Steps (nodes) and working days of the one way a case can go, by hand: constant delays, clocks that never stop."""
    (branch,) = process.templates[0].branches
    ends: list[float] = []
    for step in branch.steps:
        begin = max((ends[j] for j in step.after), default=0.0)
        ends.append(begin + float(np.mean(process.waits[step.wait])) if step.wait >= 0 else begin)
    first = min(ends)
    arrivals = process.arrivals.astype("datetime64[h]")
    days = [
        np.busday_count((t + np.timedelta64(round(first), "h")).astype("datetime64[D]") + 1, (t + np.timedelta64(round(max(ends)), "h")).astype("datetime64[D]") + 1)
        for t in arrivals
    ]  # fmt: skip
    return float(len(branch.steps)), float(np.mean(days))


__all__ = ["CALENDAR", "Problem", "exact", "planted"]
