"""Does the simulated office behave like the observed one? In the fitted period, and in a later one it has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.eventlog import EventLog, Unit, as_unit, select_cases
from flowaudit.flow import enablement
from flowaudit.messages import both
from flowaudit.messages import translate as _
from flowaudit.metrics import (
    A_TENTH,
    AN_HOUR,
    FAR_FROM_CONTROL,
    NEAR_CONTROL,
    WAIT,
    DistanceRow,
    Fidelity,
    FidelityRow,
    Trust,
    WaitRow,
    case_measures,
    complete_cases,
    trust_of,
)
from flowaudit.process import Process, fit_process
from flowaudit.simulation.distances import distances
from flowaudit.simulation.resample import resample
from flowaudit.simulation.runs import Runs
from flowaudit.simulation.simulate import simulate
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CLOCKS = {"time": "e2e_days", "clock": "clock_days"}
HOURS = {"cycle_h": "cycle_h"}
COUNTS = {"steps": "steps", "materials": "materials", "trips": "trips"}
DISTANCES = ("ngd", "ced", "red", "ctd")
TRAIN_SHARE = 0.7

QUARTER_H = 0.25
"""Mean hours per case that are as good as equal."""

LEAST_WAITS = 50
"""The wait before an activity is compared from so many observed instances."""

SLACK = {"ngd": 0.01, "ced": 0.1, "red": 0.5, "ctd": 0.5}
"""Distances that differ from the control's by no more than this are as good as equal (hours, but for the first)."""


def fidelity(
    process: Process,
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    before: Runs | None = None,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    held_out: bool = True,
    replications: int = 10,
    seed: int = 7,
    min_cases: int = 30,
) -> Fidelity:
    """Compare the simulated as-is office with the observed one.

    Parameters
    ----------
    process : Process
        As fitted to ``log``.
    log : EventLog
    before : Runs, optional
        The process, simulated with the observed arrivals; made here where not given.
    held_out : bool
        Also fit on the first 70 % of the cases and compare the later ones.
    replications, seed
        Of the simulations made here.

    Returns
    -------
    Fidelity
        Median and 90th percentile of end-to-end time and official clock (working days), mean hours from first to last stamp,
        means of steps, materials and trips, mean waits before activities, and distances to the later cases beside those of the control. Metrics the log
        does not record are absent, and so is the held-out check where fewer than ``min_cases`` cases would be left.

    Raises
    ------
    InputError
        If the process has activities the log does not know: it was fitted to another one.

    Notes
    -----
    Held out: the office fitted to the first 70 % of the cases runs with all observed arrivals, so that the later cases
    meet those before and after them. Compared are the cases that arrive after the split, but not later than the 95th
    percentile of case durations before the log's end, and that end before it. A slow case that the log's end cuts off is
    thus missing on both sides; were it missing among the observed ones only, an office that never changed would seem to
    have become faster. A held-out error next to a good in-sample one says that the office changed, or that the later
    cases are too few to tell: the 90th percentile of some 90 cases is easily 15 % off by chance.

    The control (:func:`~flowaudit.simulation.resample.resample`) draws whole cases of the first part again. Where it is far
    from the later cases too, the office has changed, and no model of its past will tell its future.

    References
    ----------
    Chapela-Campa, Benchekroun, Baron, Dumas, Krass, Senderovich. *Can I Trust My Simulation Model?* BPM 2023,
    doi 10.1007/978-3-031-41620-0_2.
    """
    log = as_unit(log, unit)
    calendar = calendar or load_calendar(process.calendar)
    foreign = sorted(set(process.activities) - set(log.activities))
    if foreign and not process.changes:
        raise InputError(
            _("the process was fitted to another log: this one has no '{name}'.", name=foreign[0]),
            hint=_("give the log the process was fitted to."),
        )
    complete = complete_cases(log)
    if before is None:
        before = simulate(process, replications=replications, seed=seed, calendar=calendar)
    per_case = measured(log, catalogue, calendar)
    runs = list(before)
    simulated = [measured(run, catalogue, calendar)[complete_cases(run)] for run in runs]
    rows = _rows("in_sample", per_case[complete], simulated)
    waits = _waits(log, complete, runs[: min(len(runs), replications)])
    later: tuple[FidelityRow, ...] = ()
    apart: tuple[DistanceRow, ...] = ()
    if held_out:
        later, apart = _held_out(
            process,
            log,
            catalogue,
            calendar,
            per_case,
            complete,
            replications,
            before.seed,
            min_cases,
        )
    whole = select_cases(log, complete, both("complete cases"))
    return Fidelity(rows + later, waits, apart, backlog_growth(whole, runs[: min(len(runs), replications)]))


def _rows(check: str, observed: pd.DataFrame, simulated: Sequence[pd.DataFrame]) -> tuple[FidelityRow, ...]:
    rows: list[FidelityRow] = []

    def add(metric: str, statistic: str, seen: float, made: float, trust: Trust) -> None:
        rows.append(FidelityRow(metric, check, statistic, seen, made, made / seen - 1.0 if seen > 0 else None, trust))

    for metric, column in (CLOCKS | HOURS | COUNTS).items():
        real = observed[column].dropna().to_numpy(float)
        runs = [run[column].dropna().to_numpy(float) for run in simulated]
        if not len(real) or not all(len(run) for run in runs):
            continue
        if metric not in CLOCKS:
            seen, made = float(real.mean()), float(np.mean([run.mean() for run in runs]))
            add(metric, "mean", seen, made, trust_of(seen, made, as_good_as=A_TENTH if metric in COUNTS else QUARTER_H))
            continue
        for statistic, q in (("median", 0.5), ("p90", 0.9)):
            seen = float(np.quantile(real, q))
            made = float(np.mean([np.quantile(run, q) for run in runs]))
            add(metric, statistic, seen, made, trust_of(seen, made))
    return tuple(rows)


def measured(log: EventLog, catalogue: Catalogue | None, calendar: Calendar) -> pd.DataFrame:
    """Measure every case: its part in the four reductions, and ``cycle_h``, hours from its first to its last stamp."""
    first, last = spans(log)
    hours = (last - first) / np.timedelta64(1, "h")
    return case_measures(log, catalogue, unit=log.unit, calendar=calendar).assign(cycle_h=hours)


def _waits(log: EventLog, complete: Bools, runs: Sequence[EventLog]) -> tuple[WaitRow, ...]:
    """Mean waits before the activities, observed and over all runs."""
    seen = _wait_sums(log, complete)
    made = [_wait_sums(run, np.ones(run.n_cases, bool)) for run in runs]
    rows = []
    for activity, (total, n) in seen.items():
        hours = sum(m.get(activity, (0.0, 0))[0] for m in made)
        times = sum(m.get(activity, (0.0, 0))[1] for m in made)
        if n < LEAST_WAITS or not times:
            continue
        observed, simulated = total / n, hours / times
        rows.append(
            WaitRow(activity, n, observed, simulated, abs(simulated - observed) <= max(WAIT * observed, AN_HOUR))
        )
    return tuple(rows)


def _wait_sums(log: EventLog, keep: Bools) -> dict[str, tuple[float, int]]:
    """Hours waited before each activity, and how often; a case's first step waits for nothing."""
    begun = log.stamps("start" if log.has("start") else "end")
    waited = (begun - enablement(log).enabled) / np.timedelta64(1, "h")
    counted = keep[log.case_index] & ~np.isnan(waited)
    counted[log.case_ptr[:-1]] = False
    codes, names = log.codes("activity")
    hours = np.bincount(codes[counted], weights=np.maximum(waited[counted], 0.0), minlength=len(names))
    times = np.bincount(codes[counted], minlength=len(names))
    return {str(name): (float(h), int(n)) for name, h, n in zip(names, hours, times, strict=True) if n}


def backlog_growth(log: EventLog, runs: Sequence[EventLog]) -> float | None:
    """Return how much more cases in progress become over the observed period than they would without any queue.

    The number in progress is compared between the second and the last quarter of the period and divided by its mean; the
    same number for recorded cases drawn again at the same arrivals is taken off. A model whose queues run full exceeds it.

    Parameters
    ----------
    log : EventLog
        The complete cases the model was fitted to.
    runs : sequence of EventLog
        Simulated with the observed arrivals.

    Returns
    -------
    float or None
        None for periods under four weeks.
    """
    first, _last = spans(log)
    arrivals = np.sort(first)
    end = arrivals[-1]
    control = [_grown(*spans(resample(log, arrivals, k)), end) for k in range(len(runs))]
    made = [_grown(*spans(run), end) for run in runs]
    if not made or any(g is None for g in (*control, *made)):
        return None
    return float(np.mean([g for g in made if g is not None]) - np.mean([g for g in control if g is not None]))


def spans(log: EventLog) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]]:
    """Return the first and the last stamp of every case; missing ones do not count."""
    ends = log.stamps("end")
    starts = log.stamps("start") if log.has("start") else ends
    ptr = log.case_ptr[:-1]
    return np.fmin.reduceat(np.fmin(starts, ends), ptr), np.fmax.reduceat(ends, ptr)


def _grown(first: npt.NDArray[np.datetime64], last: npt.NDArray[np.datetime64], end: np.datetime64) -> float | None:
    """Change of the number in progress from the second to the last quarter of the period, by daily averages, over its mean."""
    days = np.arange(first.min().astype("datetime64[D]"), end.astype("datetime64[D]")).astype("datetime64[us]")
    if len(days) < 28:
        return None
    inside = np.searchsorted(np.sort(first), days) - np.searchsorted(np.sort(last), days)
    quarter = len(days) // 4
    mean = inside[quarter:].mean()
    return float((inside[3 * quarter :].mean() - inside[quarter : 2 * quarter].mean()) / mean) if mean > 0 else None


def _held_out(
    process: Process, log: EventLog, catalogue: Catalogue | None, calendar: Calendar, per_case: pd.DataFrame, complete: Bools,
    replications: int, seed: int, min_cases: int,
) -> tuple[tuple[FidelityRow, ...], tuple[DistanceRow, ...]]:  # fmt: skip
    first, last = spans(log)
    split = np.sort(first)[int(TRAIN_SHARE * len(first))]
    log_end = np.nanmax(log.stamps("end"))
    safe = log_end - np.quantile((last - first)[complete].astype(np.int64), 0.95).astype("timedelta64[us]")
    train = first < split
    test = (first >= split) & (first <= safe) & complete
    if (train & complete).sum() < min_cases or test.sum() < min_cases:
        return (), ()
    early = select_cases(log, train, both("first 70 % of the cases, for the held-out check"))
    trained = fit_process(
        early, catalogue, unit=log.unit, calendar=calendar, contention=process.contention, min_cases=min_cases
    )
    runs = simulate(trained, arrivals=np.sort(first), replications=replications, seed=seed, calendar=calendar)
    unseen = select_cases(log, test, both("later cases, for the held-out check"))
    whole = select_cases(early, complete[train], both("complete cases of the first 70 %"))
    arrivals = np.sort(first[test])
    simulated, ours, control = [], [], []
    for k, run in enumerate(runs):
        began, ended = spans(run)
        compared = (began >= split) & (began <= safe) & (ended <= log_end) & complete_cases(run)
        simulated.append(measured(run, catalogue, calendar)[compared])
        if compared.any():
            ours.append(distances(select_cases(run, compared, ""), unseen, only=DISTANCES))
        control.append(distances(resample(whole, arrivals, k), unseen, only=DISTANCES))
    rows = [
        _distance(name, [getattr(d, name) for d in ours], [getattr(d, name) for d in control]) for name in DISTANCES
    ]
    return _rows("held_out", per_case[test], simulated), tuple(r for r in rows if r is not None)


def _distance(name: str, ours: Sequence[float], control: Sequence[float]) -> DistanceRow | None:
    if len(ours) < 2 or np.isnan(ours).any() or np.isnan(control).any():
        return None
    model, floor = float(np.mean(ours)), float(np.mean(control))
    # Delta method for a ratio of two independent means.
    parts = [float(np.var(x, ddof=1)) / len(x) / m**2 if m > 0 else 0.0 for x, m in ((ours, model), (control, floor))]
    ratio = model / floor if floor > 0 else 1.0
    trust: Trust = "not_usable"
    if ratio <= NEAR_CONTROL or model - floor <= SLACK[name]:
        trust = "usable"
    elif ratio <= FAR_FROM_CONTROL:
        trust = "with_care"
    return DistanceRow(name, model, floor, 2.0 * ratio * float(np.sqrt(sum(parts))), trust)
