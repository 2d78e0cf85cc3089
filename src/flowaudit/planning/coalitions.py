"""Every combination of a scenario's measures, simulated when it is asked for, all with the same luck."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError, UsageError
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, CountingRule, Figure, NotRecorded
from flowaudit.planning.attribution import Statistic
from flowaudit.process import Process
from flowaudit.redesign import MeasureRefusedError, Scenario
from flowaudit.simulation import Runs, simulate
from flowaudit.targets import Measured, measure_runs, reshuffled
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Values = Mapping[tuple[str, str], Array]
"""(metric, statistic) to one value for each replication."""

STATISTICS: Mapping[Statistic, Callable[[Array], float]] = {
    "median": lambda x: float(np.median(x)),
    "mean": lambda x: float(np.mean(x)),
    "p90": lambda x: float(np.quantile(x, 0.9)),
}


class Coalitions:
    """The combinations of a scenario's measures, and what each comes to in the simulation.

    A combination is a number: bit ``k`` is set where measure ``k`` of the scenario is in force. Its measures are applied in
    the scenario's order. What is simulated once is kept, so that :func:`waterfall` and :func:`shapley` share it.

    Parameters
    ----------
    process : Process
        As fitted.
    scenario : Scenario
    before : Runs
        The process without any measure. Every combination is simulated with its seed and its number of replications.
    after : Runs, optional
        The process with the whole scenario, simulated with the same seed; else it is simulated here.
    measured : mapping of int to Measured, optional
        Combinations that have been measured already (0: no measure): :func:`~flowaudit.targets.measure_runs` of their runs,
        simulated with that seed.
    stages : sequence of Process, optional
        ``scenario.stages(process)``, where it is at hand.
    policy : str, optional
        Step policy; default: the one the office as it is records.
    cases : int, optional
        The number of cases ``before`` was simulated with.
    calendar : Calendar, optional
        Default: the one the process was fitted with.

    Raises
    ------
    InputError, MeasureRefusedError
        If the scenario as a whole cannot be applied.
    UsageError
        If ``before`` and ``after`` do not share their luck.

    Notes
    -----
    A measure may presuppose another: without it, it is refused, and the combination is that of the others. How often that
    is so is kept (:meth:`refused`).
    """

    def __init__(
        self,
        process: Process,
        scenario: Scenario,
        *,
        before: Runs,
        after: Runs | None = None,
        measured: Mapping[int, Measured] | None = None,
        stages: Sequence[Process] | None = None,
        policy: str | None = None,
        cases: int | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        if after is not None and (len(after), after.seed) != (len(before), before.seed):
            raise UsageError(
                _(
                    "the two simulations differ: {a} replications with seed {s} before, {b} with seed {t} after.",
                    a=len(before), s=before.seed, b=len(after), t=after.seed,
                ),
                hint=_("simulate both with the same seed and the same number of replications."),
            )  # fmt: skip
        self.process, self.scenario = process, scenario
        self.replications, self.seed = len(before), before.seed
        self._cases, self._calendar = cases, calendar or load_calendar(process.calendar)
        self._stages = tuple(stages) if stages is not None else scenario.stages(process)
        self._policy = policy
        self._given = dict(measured or {})
        office = self._given.get(0) or self._measure(before)
        self._policy = office.policy
        self._given[0] = office
        if after is not None and self.whole not in self._given:
            self._given[self.whole] = self._measure(after)
        recorded = {m: f for m, f in office.reductions.primary.items() if isinstance(f, Figure)}
        # The period of one replication is not that of the others.
        self.rules: Mapping[str, CountingRule] = {
            m: replace(recorded[m].rule, baseline="simulated", period="") for m in METRICS if m in recorded
        }
        self._values: dict[int, Values] = {}
        self._anew: dict[int, Values] = {}
        self._means: dict[tuple[int, str, Statistic], Fraction] = {}
        self._same_as: dict[int, int] = {}
        self._refused: dict[int, frozenset[int]] = {}

    @property
    def whole(self) -> int:
        """All measures."""
        return (1 << len(self.scenario)) - 1

    def simulate(self, combinations: Iterable[int], progress: Callable[[int, int], None] | None = None) -> None:
        """Simulate the combinations that have not been."""
        wanted = set(combinations)
        missing = wanted - set(self._same_as)
        # Those that begin alike share what they begin with: each measure is applied once for all that go on from there.
        ways = {c & ((1 << k) - 1) for c in missing for k in range(len(self.scenario) + 1)}
        done = len(wanted) - len(missing)
        for combination, in_force, process, refused in self._walk(ways, 0, 0, self.process, frozenset(), 0):
            if combination not in missing:
                continue
            if in_force not in self._values:
                self._values[in_force], self._anew[in_force] = self._summed_up(self._measured(in_force, process))
            self._same_as[combination], self._refused[combination] = in_force, refused
            done += 1
            if progress:
                progress(done, len(wanted))

    def values(self, combination: int, metric: str, statistic: Statistic) -> Array:
        """Return one value for each replication; the combination must have been simulated."""
        return self._values[self._same_as[combination]][metric, statistic]

    def reshuffled(self, combination: int, metric: str, statistic: Statistic) -> Array | None:
        """Return values for replications that might have been as well; None where there are none."""
        return self._anew[self._same_as[combination]].get((metric, statistic))

    def mean(self, combination: int, metric: str, statistic: Statistic) -> Fraction:
        """Return the mean over replications, without any rounding: shares of it can then sum to it exactly."""
        key = (self._same_as[combination], metric, statistic)
        if key not in self._means:
            values = self._values[key[0]][metric, statistic]
            self._means[key] = sum(map(Fraction, values.tolist()), Fraction()) / len(values)
        return self._means[key]

    def known(self, combination: int, metric: str, statistic: Statistic) -> bool:
        """Say whether the metric has a value in every replication."""
        return bool(np.isfinite(self.values(combination, metric, statistic)).all())

    def refused(self, combination: int) -> frozenset[int]:
        """Return the measures that change nothing in this combination, since they presuppose one that is not in it."""
        return self._refused[combination]

    def different(self, combinations: Iterable[int]) -> int:
        """Return how many of these differ in what is in force."""
        return len({self._same_as[c] for c in combinations})

    def _walk(
        self, ways: set[int], combination: int, in_force: int, process: Process, refused: frozenset[int], first: int
    ) -> Iterator[tuple[int, int, Process, frozenset[int]]]:
        """Go through the combinations that begin alike, one after the other; as many processes are kept as there are measures."""
        yield combination, in_force, process, refused
        for k in range(first, len(self.scenario)):
            more = combination | 1 << k
            if more not in ways:
                continue
            after = self._with(k, in_force, process)
            if after is None:
                yield from self._walk(ways, more, in_force, process, refused | {k}, k + 1)
            else:
                yield from self._walk(ways, more, in_force | 1 << k, after, refused, k + 1)

    def _with(self, k: int, in_force: int, process: Process) -> Process | None:
        """The process with measure ``k`` too; None where it is refused."""
        if in_force == (1 << k) - 1:
            return self._stages[k + 1]
        try:
            return self.scenario.measures[k].apply(process)
        except (InputError, MeasureRefusedError):
            return None

    def _measured(self, in_force: int, process: Process) -> Measured:
        given = self._given.get(in_force)
        if given is not None:
            return given
        return self._measure(
            simulate(
                process, cases=self._cases, replications=self.replications, seed=self.seed, calendar=self._calendar
            )
        )

    def _measure(self, runs: Runs) -> Measured:
        return measure_runs(runs, runs.process.catalogue, policy=self._policy, calendar=self._calendar)

    def _summed_up(self, measured: Measured) -> tuple[Values, Values]:
        """The statistics of each replication, and of replications put together anew (see :func:`reshuffled`).

        The former are NaN where nothing is counted, or it is counted by another rule; the latter are left out where there is
        none.
        """
        found: dict[tuple[str, str], Array] = {}
        anew: dict[tuple[str, str], Array] = {}
        for metric, rule in self.rules.items():
            figure = measured.reductions.primary[metric]
            values = measured.values(metric, self._policy if metric == "steps" else None)
            alike = metric == "steps" or (isinstance(figure, Figure) and figure.rule.comparable(rule))
            if isinstance(values, NotRecorded) or not alike:
                found |= {(metric, s): np.full(self.replications, np.nan) for s in STATISTICS}
                continue
            samples = measured.samples(values)
            for statistic, of in STATISTICS.items():
                found[metric, statistic] = np.array([of(x) if len(x) else np.nan for x in samples])
            anew |= {(metric, s): x for s, x in reshuffled(measured, values, tuple(STATISTICS)).items()}
        return found, anew
