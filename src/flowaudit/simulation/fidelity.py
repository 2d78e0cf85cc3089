"""Does the simulated office behave like the observed one? In the fitted period, and in a later one it has not seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog, Unit, as_unit, select_cases
from flowaudit.messages import both
from flowaudit.metrics import FidelityRow, case_measures, complete_cases, trust_of
from flowaudit.process import fit_process
from flowaudit.simulation.runs import Runs
from flowaudit.simulation.simulate import simulate
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]

CLOCKS = {"time": "e2e_days", "clock": "clock_days"}
TRAIN_SHARE = 0.7


def fidelity(
    log: EventLog,
    before: Runs,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    held_out: bool = True,
    min_cases: int = 30,
) -> tuple[FidelityRow, ...]:
    """Compare the simulated as-is office with the observed one.

    Parameters
    ----------
    log : EventLog
        The log ``before`` was fitted to.
    before : Runs
        The as-is office, simulated.
    held_out : bool
        Also fit on the first 70 % of the cases and compare the later ones.

    Returns
    -------
    tuple of FidelityRow
        Median and 90th percentile of end-to-end time and official clock, in working days; metrics the log does not
        record are absent, and so is the held-out check where fewer than ``min_cases`` cases would be left.

    Notes
    -----
    Held out: the office fitted to the first 70 % of the cases runs with all observed arrivals, so that the later cases
    meet those before and after them. Compared are the cases that arrive after the split, but not later than the 95th
    percentile of case durations before the log's end, and that end before it. A slow case that the log's end cuts off is
    thus missing on both sides; were it missing among the observed ones only, an office that never changed would seem to
    have become faster. A held-out error next to a good in-sample one says that the office changed, or that the later
    cases are too few to tell: the 90th percentile of some 90 cases is easily 15 % off by chance.
    """
    log = as_unit(log, unit)
    calendar = calendar or load_calendar(before.process.calendar)
    complete = complete_cases(log)
    per_case = case_measures(log, catalogue, unit=log.unit, calendar=calendar)
    simulated = [case_measures(run, catalogue, calendar=calendar)[complete_cases(run)] for run in before]
    rows = _rows("in_sample", per_case[complete], simulated)
    return rows + (_held_out(log, catalogue, calendar, per_case, complete, before, min_cases) if held_out else ())


def _rows(check: str, observed: pd.DataFrame, simulated: list[pd.DataFrame]) -> tuple[FidelityRow, ...]:
    rows: list[FidelityRow] = []
    for metric, column in CLOCKS.items():
        real = observed[column].dropna().to_numpy(float)
        runs = [run[column].dropna().to_numpy(float) for run in simulated]
        if not len(real) or not all(len(run) for run in runs):
            continue
        for statistic, q in (("median", 0.5), ("p90", 0.9)):
            seen = float(np.quantile(real, q))
            made = float(np.mean([np.quantile(run, q) for run in runs]))
            error = made / seen - 1.0 if seen > 0 else None
            rows.append(FidelityRow(metric, check, statistic, seen, made, error, trust_of(seen, made)))
    return tuple(rows)


def _held_out(
    log: EventLog,
    catalogue: Catalogue | None,
    calendar: Calendar,
    per_case: pd.DataFrame,
    complete: npt.NDArray[np.bool_],
    before: Runs,
    min_cases: int,
) -> tuple[FidelityRow, ...]:
    ends = log.stamps("end")
    starts = log.stamps("start") if log.has("start") else ends
    first = np.fmin(starts, ends)[log.case_ptr[:-1]]
    last = np.fmax.reduceat(ends, log.case_ptr[:-1])
    split = np.sort(first)[int(TRAIN_SHARE * len(first))]
    log_end = np.nanmax(ends)
    safe = log_end - np.quantile((last - first)[complete].astype(np.int64), 0.95).astype("timedelta64[us]")
    train = first < split
    test = (first >= split) & (first <= safe) & complete
    if (train & complete).sum() < min_cases or test.sum() < min_cases:
        return ()
    trained = fit_process(
        select_cases(log, train, both("first 70 % of the cases, for the held-out check")),
        catalogue,
        unit=log.unit,
        calendar=calendar,
        min_cases=min_cases,
    )
    runs = simulate(
        trained,
        arrivals=np.sort(first),
        replications=min(len(before), 10),
        seed=before.seed,
        calendar=calendar,
    )
    simulated = []
    for run in runs:
        began = run.stamps("start" if run.has("start") else "end")[run.case_ptr[:-1]]
        ended = np.fmax.reduceat(run.stamps("end"), run.case_ptr[:-1])
        compared = (began >= split) & (began <= safe) & (ended <= log_end) & complete_cases(run)
        simulated.append(case_measures(run, catalogue, calendar=calendar)[compared])
    return _rows("held_out", per_case[test], simulated)
