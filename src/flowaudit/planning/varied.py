"""A redesign simulated with other values of its uncertain inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import EventLog
from flowaudit.messages import translate as _
from flowaudit.metrics import COLUMN_OF, NotRecorded, case_measures, four_reductions
from flowaudit.planning.demand import arrivals_at
from flowaudit.planning.inputs import Input, changed
from flowaudit.planning.thinning import thinned
from flowaudit.process import Process
from flowaudit.redesign import MeasureRefusedError, Scenario
from flowaudit.simulation import Runs, simulate
from flowaudit.targets import Target, evaluate
from flowaudit.worktime import Calendar

Array = npt.NDArray[np.float64]

QUANTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95}


@dataclass(eq=False)
class Varied:
    """Simulates the office before and after with some values of the inputs."""

    process: Process
    scenario: Scenario
    inputs: tuple[Input, ...]
    metric: str
    statistic: str
    target: Target | None
    cases: int
    policy: str | None
    seed: int
    calendar: Calendar
    unit: tuple[str, str] = ("", "")
    _before: dict[tuple[Any, ...], Runs] = field(default_factory=dict)

    @classmethod
    def of(
        cls, process: Process, scenario: Scenario, inputs: tuple[Input, ...], metric: str, statistic: str,
        target: Target | None, ways: int, cases: int, policy: str | None, seed: int, calendar: Calendar,
    ) -> Varied:  # fmt: skip
        few = thinned(process, ways)
        try:
            scenario.apply(few)
        except MeasureRefusedError:
            # A measure for rare cases finds none among the few ways.
            few = process
        count = min(cases, len(process.arrivals)) or cases
        return cls(few, scenario, inputs, metric, statistic, target, count, policy, seed, calendar)

    def result(self, values: Mapping[str, float], replications: int) -> Array:
        """Return the result of every replication (of a target: one value for all)."""
        before, after = changed(self.process, self.scenario, self.inputs, values)
        demand = values.get("demand", 1.0)
        as_is = self._as_is(before, (demand, values.get("delay", 1.0), values.get("work", 1.0), replications), demand)
        runs = self._simulated(after, demand, replications)
        if self.target is not None:
            verdict = evaluate(
                runs, [self.target], baseline=as_is, catalogue=self.process.catalogue, policy=self.policy,
                calendar=self.calendar,
            )  # fmt: skip
            value = verdict.targets[0].value
            if value is None:
                raise InsufficientDataError(verdict.targets[0].reason(), hint=_("choose another target."))
            return np.array([value])
        return self._figures(as_is) - self._figures(runs)

    def _as_is(self, before: Process, key: tuple[Any, ...], demand: float) -> Runs:
        if key not in self._before:
            # Many combinations differ in the measures only.
            if len(self._before) > 2:
                self._before.pop(next(iter(self._before)))
            self._before[key] = self._simulated(before, demand, key[-1])
        return self._before[key]

    def _simulated(self, process: Process, demand: float, replications: int) -> Runs:
        arrivals = arrivals_at(process, demand, self.calendar)[: self.cases] if len(process.arrivals) > 1 else None
        return simulate(
            process, arrivals=arrivals, cases=None if arrivals is not None else self.cases, replications=replications,
            seed=self.seed, calendar=self.calendar,
        )  # fmt: skip

    def _figures(self, runs: Runs) -> Array:
        out = []
        for run in runs:
            if not self.unit[0]:
                self._recorded(run)
            frame = case_measures(run, policy=self.policy, calendar=self.calendar)
            values = frame.loc[frame["complete"], COLUMN_OF[self.metric]].dropna().to_numpy(float)
            out.append(float(values.mean() if self.statistic == "mean" else np.quantile(values, QUANTILES[self.statistic])))  # fmt: skip
        return np.array(out)

    def _recorded(self, run: EventLog) -> None:
        """Learn the unit of the metric; refuse what is not recorded."""
        figure = four_reductions(run, policy=self.policy, calendar=self.calendar, interval=False).primary[self.metric]
        if isinstance(figure, NotRecorded):
            raise InsufficientDataError(
                figure.text(), hint=_("choose another measure; steps and time are always recorded.")
            )
        self.unit = (figure.rule.unit_zh, figure.rule.unit_en)
