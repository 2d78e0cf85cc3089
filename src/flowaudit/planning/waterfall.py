"""The waterfall: simulate the measures one after the other and see what each adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog
from flowaudit.metrics import end_to_end_days
from flowaudit.planning.attribution import Attribution, Bar
from flowaudit.process import Process
from flowaudit.redesign import Scenario
from flowaudit.simulation import Runs, simulate
from flowaudit.targets import interval
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]


def waterfall(
    process: Process,
    scenario: Scenario,
    *,
    before: Runs,
    after: Runs,
    stages: Sequence[Process] | None = None,
    cases: int | None = None,
    calendar: Calendar | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Attribution:
    """Share the saved end-to-end days out over the measures, in the scenario's order.

    Parameters
    ----------
    process : Process
        As fitted.
    scenario : Scenario
    before, after : Runs
        The process without and with the whole scenario, simulated with one seed and the same arrivals.
    stages : sequence of Process, optional
        ``scenario.stages(process)``, where it is at hand.
    cases : int, optional
        The number of cases they were simulated with.

    Returns
    -------
    Attribution
        Median end-to-end working days; bar k is what measure k saves when the measures before it are in force. The
        bars sum to the total exactly, since every stage is simulated with the luck of the first.
    """
    calendar = calendar or load_calendar(process.calendar)
    medians = [_medians(before, calendar)]
    between = (stages or scenario.stages(process))[1:-1]
    for k, part in enumerate(between, 1):
        runs = simulate(part, cases=cases, replications=len(before), seed=before.seed, calendar=calendar)
        medians.append(_medians(runs, calendar))
        if progress:
            progress(k, len(scenario))
    medians.append(_medians(after, calendar))
    if progress:
        progress(len(scenario), len(scenario))
    bars = []
    for measure, a, b in zip(scenario, medians[:-1], medians[1:], strict=True):
        saved, low, high = interval(a - b)
        bars.append(Bar(measure.id, measure.label("zh"), measure.label("en"), saved, low, high))
    return Attribution(float(medians[0].mean()), float(medians[-1].mean()), tuple(bars))


def _medians(runs: Sequence[EventLog], calendar: Calendar) -> Array:
    return np.array([float(np.nanmedian(end_to_end_days(run, calendar=calendar).to_numpy(float))) for run in runs])
