"""What the result would be if an assumption were another: one assumption at a time, the others as they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flowaudit.messages import Language
from flowaudit.process import Process
from flowaudit.redesign import Scenario
from flowaudit.simulation import Runs, simulate
from flowaudit.targets import Comparison, evaluate, measure_runs
from flowaudit.worktime import Calendar, load_calendar


@dataclass(frozen=True)
class Variation:
    """The scenario with one assumption changed.

    Attributes
    ----------
    measure : str
        Catalogue number.
    assumed_zh, assumed_en : str
        The assumption as changed.
    comparisons : tuple of Comparison
        Paired with the office as it is, over ``replications`` replications.
    """

    measure: str
    assumed_zh: str
    assumed_en: str
    comparisons: tuple[Comparison, ...]
    replications: int

    def assumed(self, lang: Language) -> str:
        return self.assumed_zh if lang == "zh" else self.assumed_en

    def comparison(self, metric: str) -> Comparison | None:
        return next((c for c in self.comparisons if c.metric == metric), None)

    def to_dict(self, lang: Language) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "assumed": self.assumed(lang),
            "replications": self.replications,
            "comparisons": [c.to_dict(lang) for c in self.comparisons],
        }


def sensitivity(
    process: Process,
    scenario: Scenario,
    *,
    before: Runs,
    stages: Sequence[Process] | None = None,
    policy: str | None = None,
    cases: int | None = None,
    calendar: Calendar | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Variation, ...]:
    """Simulate the scenario again with every assumption of its measures at other values.

    Parameters
    ----------
    process : Process
        As fitted.
    scenario : Scenario
    before : Runs
        The office as it is; the variations share its luck (same seed, same arrivals).
    stages : sequence of Process, optional
        ``scenario.stages(process)``, where it is at hand.
    policy, calendar
        As in :func:`flowaudit.evaluate`.
    cases : int, optional
        The number of cases ``before`` was simulated with.

    Returns
    -------
    tuple of Variation
        In the order of the measures, values ascending; empty where no measure rests on an assumption of its own
        (:attr:`Measure.varied`). The value the scenario itself has is not repeated.
    """
    calendar = calendar or load_calendar(process.calendar)
    changed = [
        (k, measure.model_copy(update={name: value}))
        for k, measure in enumerate(scenario)
        for name, values in measure.varied.items()
        for value in values
        if getattr(measure, name) != value
    ]
    whole = stages or scenario.stages(process)
    n = len(before)
    office = measure_runs(before, process.catalogue, policy=policy, calendar=calendar)
    found = []
    for done, (k, measure) in enumerate(changed, 1):
        rest = Scenario.of(scenario.name, (measure, *scenario.measures[k + 1 :]))
        runs = simulate(rest.apply(whole[k]), cases=cases, replications=n, seed=before.seed, calendar=calendar)
        compared = evaluate(runs, baseline=office, policy=policy, calendar=calendar, guards=False)
        found.append(Variation(measure.id, measure.assumed("zh"), measure.assumed("en"), compared.comparisons, n))
        if progress:
            progress(done, len(changed))
    return tuple(found)
