"""Repeated experiments on known processes: how often do the intervals that people read contain the truth?

One experiment is what a user does: simulate before and after with some replications, and compare. Many are simulated and
measured at once (the replications of one simulation are independent), and then evaluated one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.planning import Coalitions, shapley, waterfall
from flowaudit.process import Process, family, mean
from flowaudit.redesign import Scenario
from flowaudit.simulation import Runs, simulate, summarise
from flowaudit.targets import Measured, Target, evaluate, measure_runs

from . import truth
from .processes import CALENDAR, HOUR, MONDAY, Quicker, Task, Way, lognormal, office

Array = npt.NDArray[np.float64]
AT_ONCE = 600
"""Replications simulated together."""
LONG = 4000
"""Replications of the long run that stands in for theory where there is none."""
STATISTICS = ("mean", "median", "p90")
Found = Iterator[tuple[str, float, float]]
"""Name of a quantity, and the interval found for it."""


@dataclass
class Tally:
    """One quantity: its true value, and on which side of it the intervals lay."""

    truth: float
    source: str
    error: float = 0.0
    held: int = 0
    below: int = 0
    above: int = 0
    lengths: list[float] = field(default_factory=list)

    def add(self, low: float, high: float) -> None:
        # What no luck can change is a point; it is right if it is the truth but for rounding.
        slack = 1e-9 * max(1.0, abs(self.truth))
        self.below += high < self.truth - slack
        self.above += low > self.truth + slack
        self.held += low - slack <= self.truth <= high + slack
        self.lengths.append(high - low)

    @property
    def n(self) -> int:
        return len(self.lengths)

    @property
    def coverage(self) -> float:
        return self.held / self.n


@dataclass(frozen=True)
class Experiment:
    """A kind of experiment on one process.

    Attributes
    ----------
    name : str
    truths : mapping of str to (float, str, float)
        True value, where it comes from, and its standard error (0 by theory).
    run : callable(repetitions, replications, seed) -> iterator
        Yields the intervals of each quantity, experiment by experiment.
    """

    name: str
    truths: Mapping[str, tuple[float, str, float]]
    run: Callable[[int, int, int], Found]

    def repeated(self, repetitions: int, replications: int, seed: int) -> dict[str, Tally]:
        tallies = {name: Tally(*known) for name, known in self.truths.items()}
        for name, low, high in self.run(repetitions, replications, seed):
            tallies[name].add(low, high)
        return tallies


def cut(measured: Measured, first: int, last: int, skip: int = 0) -> Measured:
    """Some of the replications, each without its first cases."""
    replication = measured.replication
    keep = (replication >= first) & (replication < last)
    keep &= np.arange(len(replication)) - np.searchsorted(replication, replication) >= skip
    return replace(
        measured, replication=replication[keep] - first, replications=last - first,
        per_case=measured.per_case[keep].reset_index(drop=True), _kept={},
    )  # fmt: skip


def chunks(repetitions: int, replications: int, seed: int) -> Iterator[tuple[int, int]]:
    """Seed and number of experiments of each simulation."""
    at_once = max(AT_ONCE // replications, 1)
    for k, first in enumerate(range(0, repetitions, at_once)):
        yield 1000 * seed + k, min(at_once, repetitions - first)


# Before and after, as evaluate compares them.


def compared(
    before: Process, after: Process, options: Mapping[str, Any] = MappingProxyType({}), skip: int = 0
) -> Callable[[int, int, int], Found]:
    """Intervals of :func:`flowaudit.evaluate`: the paired difference, bounds and reductions by statistic."""
    bounds = [Target(metric="time", statistic=s, at_most=1.0) for s in STATISTICS]
    reductions = [Target(metric="time", statistic=s, reduction=0.5) for s in STATISTICS]

    def run(repetitions: int, replications: int, seed: int) -> Found:
        for own_seed, experiments in chunks(repetitions, replications, seed):
            sides = [
                measure_runs(
                    simulate(p, replications=experiments * replications, seed=own_seed, calendar=CALENDAR, **options), calendar=CALENDAR
                )
                for p in (before, after)
            ]  # fmt: skip
            for k in range(experiments):
                first, second = (cut(side, k * replications, (k + 1) * replications, skip) for side in sides)
                verdict = evaluate(second, [*bounds, *reductions], baseline=first, calendar=CALENDAR, guards=False)
                difference = verdict.comparison("time")
                assert difference is not None
                yield "difference median", difference.low, difference.high
                for result in verdict.targets:
                    kind = "after" if result.target.reduction is None else "reduction"
                    assert result.low is not None
                    assert result.high is not None
                    yield f"{kind} {result.target.statistic}", result.low, result.high

    return run


def truths_of(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What ``compared`` estimates, from the expected statistics before and after."""
    return (
        {"difference median": after["median"] - before["median"]}
        | {f"after {s}": after[s] for s in STATISTICS}
        | {f"reduction {s}": 1 - after[s] / before[s] for s in STATISTICS}
    )


def delays(days: float = 20.0, factor: float = 0.6, cases: int = 60) -> Experiment:
    """One delay, shortened; nobody waits for anybody. Everything is exact."""
    table, arrivals = lognormal(days, 0.8), MONDAY + 9 * HOUR + np.arange(cases) * 31 * HOUR
    before = office(Way((Task("apply"), Task("a", delay=table, after=(0,)))), arrivals=arrivals)
    known = []
    for share in (1.0, factor):
        at_most = truth.working_days(arrivals, truth.distribution(share * table))
        known.append({s: truth.expected(at_most, s) for s in STATISTICS})
    exact = {name: (value, "theory", 0.0) for name, value in truths_of(*known).items()}
    return Experiment("delays", exact, compared(before, Quicker(activity="a", factor=factor).apply(before)))


WORK_H = 240.0


def queue(load: float = 0.5, factor: float = 0.8, cases: int = 400, skip: int = 100, long: int = LONG) -> Experiment:
    """One officer, Poisson arrivals, exponential work that becomes shorter (M/M/1), in the steady state.

    Means by theory: a stay passes as many midnights as it has days, five of seven of them before a working day. Quantiles by a
    long run.
    """
    gap, work = family("exponential", mean=WORK_H / load), family("exponential", mean=WORK_H)
    before = desk(gap, work)
    after = Quicker(activity="desk", factor=factor).apply(before)
    options = {"start": MONDAY, "cases": cases + skip}
    known = long_run(before, after, options, skip, long)
    stays = [truth.queue_hours(gap, f * work) + mean(f * work) for f in (1.0, factor)]
    known["after mean"] = (stays[1] / 24 * 5 / 7, "theory", 0.0)
    known["reduction mean"] = (1 - stays[1] / stays[0], "theory", 0.0)
    return Experiment("queue", known, compared(before, after, options, skip))


def desk(gap: Array, work: Array) -> Process:
    return office(Way((Task("apply"), Task("desk", work=work, after=(0,)))), arrivals=np.array([MONDAY]), gap=gap)


def long_run(
    before: Process, after: Process, options: Mapping[str, Any], skip: int = 0, replications: int = LONG
) -> dict[str, tuple[float, str, float]]:
    """The expected statistics of a replication, from very many others, and their standard errors."""
    values = []
    for process in (before, after):
        samples: list[Array] = []
        for seed, n in chunks(replications, 1, LONG):
            runs = simulate(process, replications=n, seed=seed, calendar=CALENDAR, **options)
            measured = cut(measure_runs(runs, calendar=CALENDAR), 0, n, skip)
            per_case = measured.values("time")
            assert isinstance(per_case, np.ndarray)
            samples += measured.samples(per_case)
        values.append({s: np.array([STATISTIC[s](x) for x in samples]) for s in STATISTICS})
    first, second = values
    known = truths_of(*({s: float(v[s].mean()) for s in STATISTICS} for v in values))
    errors = {"difference median": second["median"] - first["median"]} | {f"after {s}": second[s] for s in STATISTICS}
    for s in STATISTICS:
        errors[f"reduction {s}"] = (second[s] - first[s] * second[s].mean() / first[s].mean()) / first[s].mean()
    return {n: (v, "long run", float(errors[n].std() / replications**0.5)) for n, v in known.items()}


STATISTIC: Mapping[str, Callable[[Array], float]] = {
    "mean": lambda x: float(x.mean()), "median": lambda x: float(np.median(x)), "p90": lambda x: float(np.quantile(x, 0.9)),
}  # fmt: skip


# One simulation, as summarise sums it up.


def summarised(load: float = 0.5, cv: float = 0.8, cases: int = 400) -> Experiment:
    """One officer, Poisson arrivals, lognormal work (M/G/1), from the first case on; mean stay and wait by theory."""
    gap, work = family("exponential", mean=WORK_H / load), family("lognormal", mean=WORK_H, cv=cv)
    process, options = desk(gap, work), {"start": MONDAY, "cases": cases}
    wait = float(truth.waits_from_the_first(gap, work, cases).mean())
    after = {n: v for n, v in long_run(process, process, options).items() if n.startswith("after ")}
    known = {n.replace("after", "time"): v for n, v in after.items()}
    known["time mean"] = ((wait + mean(work)) / 24 * 5 / 7, "theory", 0.0)
    known["queue per_case"] = (wait, "theory", 0.0)

    def run(repetitions: int, replications: int, seed: int) -> Found:
        for own_seed, experiments in chunks(repetitions, replications, seed):
            runs = simulate(
                process, replications=experiments * replications, seed=own_seed, calendar=CALENDAR, **options
            )
            for k in range(experiments):
                table = summarise(_some(runs, k * replications, (k + 1) * replications), calendar=CALENDAR)
                for row in table.itertuples():
                    if f"{row.metric} {row.statistic}" in known:
                        yield f"{row.metric} {row.statistic}", row.low, row.high

    return Experiment("summarise", known, run)


def _some(runs: Runs, first: int, last: int) -> Runs:
    return replace(runs, runs=runs.runs[first:last])


# Which measure saves how much.

MEASURES = {"a": 0.5, "b": 0.6, "c": 0.5}


def attributed(cases: int = 60) -> Experiment:
    """Two delays side by side, then a third; each can be shortened, and the first two get in each other's way. All exact."""
    arrivals = MONDAY + 9 * HOUR + np.arange(cases) * 31 * HOUR
    tables = {"a": lognormal(20.0, 0.8), "b": lognormal(16.0, 0.8), "c": family("constant", value=144.0)}
    tasks = [
        Task("apply"),
        *(Task(n, delay=tables[n], after=(0,)) for n in "ab"),
        Task("c", delay=tables["c"], after=(1, 2)),
    ]
    process = office(Way(tuple(tasks)), arrivals=arrivals)
    scenario = Scenario.of("known", [Quicker(activity=n, factor=f) for n, f in MEASURES.items()])
    stages = scenario.stages(process)
    every = [[n for k, n in enumerate(MEASURES) if c >> k & 1] for c in range(8)]
    offices = [
        Scenario.of("some", [Quicker(activity=n, factor=MEASURES[n]) for n in some]).apply(process) for some in every
    ]
    known: dict[str, tuple[float, str, float]] = {}
    at_most = []
    for some in every:
        a, b, c = (tables[n] * (MEASURES[n] if n in some else 1.0) for n in tables)
        whole = truth.later(truth.longest(truth.distribution(a), truth.distribution(b)), float(c[0]))
        at_most.append(truth.working_days(arrivals, whole))
    for statistic in ("mean", "median"):
        values = [truth.expected(p, statistic) for p in at_most]
        stated = [values[(1 << k) - 1] - values[(1 << k + 1) - 1] for k in range(3)]
        for method, shares in (("waterfall", stated), ("shapley", truth.shapley(values))):
            known |= {f"{method} {statistic} {n}": (v, "theory", 0.0) for n, v in zip(MEASURES, shares, strict=True)}

    def run(repetitions: int, replications: int, seed: int) -> Found:
        for own_seed, experiments in chunks(repetitions, replications, seed):
            runs = [
                simulate(p, replications=experiments * replications, seed=own_seed, calendar=CALENDAR) for p in offices
            ]
            measured = [measure_runs(r, calendar=CALENDAR) for r in runs]
            for k in range(experiments):
                at = k * replications, (k + 1) * replications
                game = Coalitions(
                    process, scenario, before=_some(runs[0], *at), measured={c: cut(m, *at) for c, m in enumerate(measured)},
                    stages=stages, calendar=CALENDAR,
                )  # fmt: skip
                for share in (waterfall, shapley):
                    for statistic in ("mean", "median"):
                        found = share(game, statistic=statistic)
                        for n, bar in zip(MEASURES, found.of("time").bars, strict=True):
                            yield f"{found.method} {statistic} {n}", bar.low, bar.high

    return Experiment("attribution", known, run)
