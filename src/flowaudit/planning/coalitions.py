"""Every combination of a scenario's measures, simulated when it is asked for, all with the same luck."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError, UsageError
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, CountingRule, Figure, NotRecorded
from flowaudit.planning.attribution import Statistic
from flowaudit.planning.outcome import Outcome
from flowaudit.process import Process
from flowaudit.redesign import MeasureRefusedError, Scenario
from flowaudit.simulation import Runs, simulate
from flowaudit.targets import Measured, measure_runs, reshuffled
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Outcomes = Mapping[tuple[str, str], Outcome]
"""By metric and statistic."""

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
    few : int, optional
        Replications of the combinations that are no stage of the scenario; default: all. See :func:`shapley`.
    calendar : Calendar, optional
        Default: the one the process was fitted with.

    Raises
    ------
    InputError, MeasureRefusedError
        If the scenario as a whole cannot be applied.
    UsageError
        If ``before`` and ``after`` do not share their luck, or ``few`` is below 2.

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
        few: int | None = None,
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
        if few is not None and few < 2:
            raise UsageError(_("few replications are at least 2; got {n}.", n=few))
        self.process, self.scenario = process, scenario
        self.replications, self.seed = len(before), before.seed
        # What is left beside the few must have a spread, too.
        self.few = self.replications if few is None or few > self.replications - 2 else few
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
        self._outcomes: dict[tuple[int, bool], Outcomes] = {}
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
            if (in_force, True) not in self._outcomes:
                measured = self._measured(in_force, process)
                for few in (True, False) if measured.replications > self.few else (True,):
                    self._outcomes[in_force, few] = self._summed_up(measured, self.few if few else self.replications)
            self._same_as[combination], self._refused[combination] = in_force, refused
            done += 1
            if progress:
                progress(done, len(wanted))

    def outcome(self, combination: int, metric: str, statistic: Statistic, *, few: bool = False) -> Outcome:
        """Return what a combination that has been simulated comes to: in the few replications, or in all it was simulated with."""
        in_force = self._same_as[combination]
        found = self._outcomes.get((in_force, few)) or self._outcomes[in_force, True]
        return found[metric, statistic]

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
        # Its bits are those of the first measures, none left out: 0, 1, 3, 7 ...
        stage = in_force & (in_force + 1) == 0
        return self._measure(
            simulate(
                process, cases=self._cases, replications=self.replications if stage else self.few, seed=self.seed,
                calendar=self._calendar,
            )
        )  # fmt: skip

    def _measure(self, runs: Runs) -> Measured:
        return measure_runs(runs, runs.process.catalogue, policy=self._policy, calendar=self._calendar)

    def _summed_up(self, measured: Measured, replications: int) -> Outcomes:
        """The statistics of the first replications; NaN where nothing is counted, or it is counted by another rule."""
        found: dict[tuple[str, str], Outcome] = {}
        for metric, rule in self.rules.items():
            figure = measured.reductions.primary[metric]
            values = measured.values(metric, self._policy if metric == "steps" else None)
            alike = metric == "steps" or (isinstance(figure, Figure) and figure.rule.comparable(rule))
            if isinstance(values, NotRecorded) or not alike:
                found |= {(metric, s): Outcome.of(np.full(replications, np.nan)) for s in STATISTICS}
                continue
            samples = measured.samples(values)[:replications]
            anew = reshuffled(measured, values, tuple(STATISTICS), first=replications)
            for statistic, of in STATISTICS.items():
                each = np.array([of(x) if len(x) else np.nan for x in samples])
                found[metric, statistic] = Outcome.of(each, anew.get(statistic))
        return found
