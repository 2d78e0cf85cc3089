"""Compare two simulations that share their luck, and hold the result against the targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import EventLog
from flowaudit.messages import both
from flowaudit.messages import translate as _
from flowaudit.metrics import (
    Fidelity,
    Figure,
    FourReductions,
    NotRecorded,
    case_measures,
    four_reductions,
    metric_label,
)
from flowaudit.targets.target import Target
from flowaudit.targets.verdict import Comparison, Status, TargetResult, Verdict
from flowaudit.worktime import Calendar

Array = npt.NDArray[np.float64]
COLUMNS = {"steps": "steps", "time": "e2e_days", "clock": "clock_days", "materials": "materials", "trips": "trips"}
STATISTICS: dict[str, Callable[[Array], float]] = {
    "median": lambda x: float(np.median(x)),
    "mean": lambda x: float(np.mean(x)),
    "p90": lambda x: float(np.quantile(x, 0.9)),
}


def evaluate(
    after: Sequence[EventLog],
    targets: Iterable[Target] = (),
    *,
    baseline: Sequence[EventLog],
    catalogue: Catalogue | None = None,
    policy: str | None = None,
    calendar: Calendar | None = None,
    fidelity: Fidelity | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Say what a redesign saves, with intervals, and whether that meets the targets.

    Parameters
    ----------
    after, baseline : sequences of EventLog
        Replications of the redesigned office and of the office as it is, simulated with the same seed: replication
        ``i`` of one is compared with replication ``i`` of the other.
    targets : iterable of Target
        None: the verdict is ``not_asked``.
    policy : str, optional
        Step policy; default: the one the baseline records.
    fidelity : Fidelity
        From :func:`flowaudit.fidelity`; a target on a metric whose model is not usable is never called met.

    Returns
    -------
    Verdict

    Raises
    ------
    UsageError
        If the two do not have the same number of replications.
    InsufficientDataError
        If a target asks for a metric the log does not record.

    Notes
    -----
    The value of a metric is the mean over replications of its median over cases; intervals are Student's over
    replications, of the paired differences. They hold the luck of the simulation, not the error of the model:
    that is what ``fidelity`` is for.
    """
    if len(after) != len(baseline):
        raise UsageError(
            _(
                "the two simulations have {a} and {b} replications; they must have the same.",
                a=len(after),
                b=len(baseline),
            )
        )
    first = four_reductions(baseline[0], catalogue, policy=policy, calendar=calendar, interval=False)
    policy = first.steps.rule.policy if isinstance(first.steps, Figure) else policy
    total, done = len(after) + len(baseline), 0
    cases: list[list[pd.DataFrame]] = [[], []]
    for which, runs in enumerate((baseline, after)):
        for run in runs:
            cases[which].append(case_measures(run, catalogue, policy=policy, calendar=calendar))
            done += 1
            if progress:
                progress(done, total)
    comparisons = tuple(c for metric in COLUMNS if (c := _compare(metric, first, cases)) is not None)
    known = fidelity or Fidelity()
    results = tuple(_judge(target, comparisons, cases, known) for target in targets)
    return Verdict(_overall(results), comparisons, results, known, _notes(comparisons))


def _values(frames: list[pd.DataFrame], metric: str, statistic: str) -> Array:
    values = []
    for frame in frames:
        data = frame.loc[frame["complete"], COLUMNS[metric]].dropna().to_numpy(float)
        values.append(STATISTICS[statistic](data) if len(data) else math.nan)
    return np.array(values)


def interval(values: Array) -> tuple[float, float, float]:
    """Return the mean of replications and its 95 % Student interval (the mean itself for one replication)."""
    from scipy import stats

    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, math.nan, math.nan
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half


def _compare(metric: str, first: FourReductions, cases: list[list[pd.DataFrame]]) -> Comparison | None:
    figure: Figure | NotRecorded = getattr(first, metric)
    if isinstance(figure, NotRecorded):
        return None
    before, after = (_values(frames, metric, "median") for frames in cases)
    if np.isnan(before).any() or np.isnan(after).any():
        return None
    # The period of one replication is not that of the others: the cases arrive as in the log, and end when they end.
    rule = replace(figure.rule, baseline="simulated", period="")
    figures = []
    for frames, values in zip(cases, (before, after), strict=True):
        mean, low, high = interval(values)
        extra: dict[str, Any] = {
            "mean": float(np.mean(_values(frames, metric, "mean"))),
            "p90": float(np.mean(_values(frames, metric, "p90"))),
            "replications": len(values),
        }
        figures.append(Figure(mean, rule, len(frames[0]), low, high, extra))
    difference, low, high = interval(after - before)
    return Comparison(metric, figures[0], figures[1], difference, low, high)


def _judge(
    target: Target,
    comparisons: tuple[Comparison, ...],
    cases: list[list[pd.DataFrame]],
    fidelity: Fidelity,
) -> TargetResult:
    if not any(c.metric == target.metric for c in comparisons):
        raise InsufficientDataError(
            _("the target '{label}' asks for a metric this log does not record.", label=target.label or target.asked()),
            hint=_("recorded: {names}", names=", ".join(c.metric for c in comparisons)),
        )
    before, after = (_values(frames, target.metric, target.statistic) for frames in cases)
    if target.at_most is not None:
        value, low, high = interval(after)
        bound, less_is_met = target.at_most, True
    else:
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.where(before > 0, (before - after) / before, np.nan)
        if np.isnan(rate).any():
            return TargetResult(target, None, None, None, "unsure", both("nothing to reduce: it is 0 before."))
        value, low, high = interval(rate)
        bound, less_is_met = float(target.reduction or 0.0), False
    if math.isnan(low):
        return TargetResult(target, value, None, None, "unsure", both("one replication has no interval."))
    met = high <= bound if less_is_met else low >= bound
    missed = low > bound if less_is_met else high < bound
    status: Status = "met" if met else "not_met" if missed else "unsure"
    reasons = ("", "")
    if any(row.metric == target.metric and row.check == "in_sample" and row.trust == "not_usable" for row in fidelity):
        status, reasons = "unsure", both("the model does not reproduce this metric well enough to decide.")
    return TargetResult(target, value, low, high, status, reasons)


def _overall(results: tuple[TargetResult, ...]) -> Status:
    if not results:
        return "not_asked"
    found = {r.status for r in results}
    return "not_met" if "not_met" in found else "unsure" if "unsure" in found else "met"


def _notes(comparisons: tuple[Comparison, ...]) -> tuple[tuple[str, str], ...]:
    by = {c.metric: c for c in comparisons}
    notes: list[tuple[str, str]] = []
    if "clock" in by and "time" in by and by["clock"].high < 0 <= by["time"].high:
        notes.append(both("The official clock gets shorter, the end-to-end time does not."))
    if "clock" in by and "time" in by and by["clock"].low > 0 > by["time"].high:
        notes.append(
            both("End-to-end time gets shorter while the official clock gets longer: items accepted early wait longer on the clock.")
        )  # fmt: skip
    for metric in ("steps", "materials", "trips"):
        if metric in by and by[metric].low > 0:
            notes.append(
                (
                    _("The measures increase this figure: {metric}.", lang="zh", metric=metric_label(metric, "zh")),
                    _("The measures increase this figure: {metric}.", lang="en", metric=metric_label(metric, "en")),
                )
            )
    return tuple(notes)
