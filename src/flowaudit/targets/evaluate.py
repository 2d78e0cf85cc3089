"""Hold a redesign, or a log, against its targets: two simulations that share their luck, or recorded cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog
from flowaudit.messages import both
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, Fidelity, Figure, NotRecorded, metric_label
from flowaudit.targets.guards import Guard, guards_of
from flowaudit.targets.judge import counted_alike, judge
from flowaudit.targets.measured import Measured, Pooling, demand_replications, measure_runs
from flowaudit.targets.reshuffled import reshuffled
from flowaudit.targets.statistics import change_of_cases, interval, interval_of_cases, statistic_of
from flowaudit.targets.target import Target
from flowaudit.targets.verdict import Comparison, Status, TargetResult, Verdict
from flowaudit.worktime import Calendar

Floats = npt.NDArray[np.float64]
Office = Sequence[EventLog] | EventLog | Measured
"""Replications of a simulation, one recorded log, or what was measured of either."""
Note = tuple[str, str]

__all__ = ["Office", "evaluate", "interval"]


def evaluate(
    after: Office,
    targets: Iterable[Target] = (),
    *,
    baseline: Office | None = None,
    catalogue: Catalogue | None = None,
    after_catalogue: Catalogue | None = None,
    policy: str | None = None,
    calendar: Calendar | None = None,
    fidelity: Fidelity | None = None,
    guards: bool = True,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Say what a redesign saves, with intervals, whether that meets the targets, and what gets worse meanwhile.

    Parameters
    ----------
    after, baseline : sequences of EventLog, one EventLog each, or what :func:`measure_runs` made of them
        Replications of the redesigned office and of the office as it is, simulated with the same seed: replication
        ``i`` of one is compared with replication ``i`` of the other. Or one recorded log each. Without a baseline only
        bounds can be asked for, and nothing is compared.
    targets : iterable of Target
        None: the verdict is ``not_asked``.
    catalogue, after_catalogue : Catalogue, optional
        For the fields applicants fill in, and the names of items. Default: those of the simulated offices; where a
        measure changed the forms, the redesigned office has its own.
    policy : str, optional
        Step policy of the comparison; default: the one the baseline records. A target with a rule of its own is counted
        by that.
    fidelity : Fidelity
        From :func:`flowaudit.fidelity`; a target on a metric whose model is not usable is never called met.
    guards : bool
        Also compare what must not get worse: the slowest cases, fields to fill in, visits, corrections, the workload of
        each department.
    seed : int
        Of the bootstrap, for recorded logs.

    Returns
    -------
    Verdict

    Raises
    ------
    UsageError
        If the two do not have the same number of replications, if one is simulated and the other recorded, or if a target
        asks for a reduction without a baseline or for a population without cases.
    InsufficientDataError
        If a target asks for a metric the log does not record.

    Notes
    -----
    Of simulations the value of a metric is the mean over replications of its statistic over cases; intervals are those of
    the mean of the paired differences (:func:`~flowaudit.metrics.mean_interval`). They hold the luck of the simulation, not the error of the
    model: that is what ``fidelity`` is for. Of a recorded log it is the statistic of its cases, with the bootstrap
    interval. Two recorded logs are compared as they stand; :func:`flowaudit.targets.compare` does so at one mix of cases.
    """
    if baseline is not None:
        _refuse_mixed(baseline, after)
    total = (_replications(after) or 1) + (0 if baseline is None else _replications(baseline) or 1)

    def within(begun: int) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, _all: progress(begun + done, total)

    forms = _catalogues(baseline, after, catalogue, after_catalogue)
    before = None if baseline is None else _measured(baseline, forms[0], policy, calendar, within(0))
    policy = before.policy if before is not None else policy
    second = _measured(after, forms[1], policy, calendar, within(0 if before is None else total // 2))
    known = fidelity or Fidelity()
    if before is not None and before.unit != second.unit:
        raise UsageError(
            _("one log counts by {a}, the other by {b}.", a=before.unit, b=second.unit),
            hint=_("look at both by one unit: as_unit(log, 'case')."),
        )
    policy = policy or second.policy
    results = tuple(judge(target, second, before, known, policy=policy, seed=seed) for target in targets)
    if before is None:
        return Verdict(_overall(results), (), results, known)
    found = [_compare(metric, before, second, policy, seed) for metric in METRICS]
    comparisons = tuple(c for c in found if c is not None)
    watched = guards_of(before, second, seed=seed) if guards else ()
    rising = _rising(comparisons, before)
    worse = tuple((g.note("zh"), g.note("en")) for g in watched if g.worse)
    notes = (*(r.note for r in rising), *worse, *_beside(before, second))
    results = tuple(_with_cautions(result, watched, rising) for result in results)
    return Verdict(_overall(results), comparisons, results, known, notes, watched)


def _replications(office: Office) -> int:
    """Return how many replications there are; 0 for a single recorded log."""
    if isinstance(office, Measured):
        return 0 if office.one_log else office.replications
    if isinstance(office, EventLog):
        return 1 if office.provenance.source == "simulated" else 0
    return len(office)


def _catalogues(
    baseline: Office | None, after: Office, before_given: Catalogue | None, after_given: Catalogue | None
) -> tuple[Catalogue | None, Catalogue | None]:
    """Return the catalogues before and after: those given, else the one of the office, which a redesign may have changed."""
    first, second = (o.catalogue if isinstance(o, Measured | Pooling) else None for o in (baseline, after))
    if after_given is not None:
        return before_given or first, after_given
    if first is not None and second is not None and first is not second:
        return first, second
    both_sides = before_given or first or second
    return both_sides, both_sides


def _measured(
    office: Office, catalogue: Catalogue | None, policy: str | None, calendar: Calendar | None,
    progress: Callable[[int, int], None] | None,
) -> Measured:  # fmt: skip
    if isinstance(office, Measured):
        if progress:
            progress(office.replications, office.replications)
        return office
    return measure_runs(office, catalogue, policy=policy, calendar=calendar, progress=progress)


def _refuse_mixed(before: Office, after: Office) -> None:
    if _source(before) != _source(after):
        raise UsageError(
            _("a simulated figure is compared with one that is not: the error of the model would pass for a saving."),
            hint=_("simulate the office as it is, too, and compare the two simulations."),
        )
    n = (_replications(after), _replications(before))
    if n[0] != n[1] and 0 in n:
        raise UsageError(
            _("one side is a single recorded log, the other has {n} replications.", n=max(n)),
            hint=_("a recorded log is compared with a recorded log: evaluate(after_log, baseline=before_log)."),
        )
    if n[0] != n[1]:
        raise UsageError(
            _("the two simulations have {a} and {b} replications; they must have the same.", a=n[0], b=n[1])
        )


def _source(office: Office) -> str:
    if isinstance(office, Measured):
        return office.source
    if not isinstance(office, EventLog):
        demand_replications(office)
    log = office if isinstance(office, EventLog) else office[0]
    return "simulated" if log.provenance.source == "simulated" else "observed"


def _compare(metric: str, before: Measured, after: Measured, policy: str | None, seed: int) -> Comparison | None:
    figure, other = (side.reductions.primary[metric] for side in (before, after))
    if isinstance(figure, NotRecorded) or isinstance(other, NotRecorded) or not counted_alike(metric, before, after):
        return None
    rule = policy if metric == "steps" else None
    samples: list[list[Floats]] = []
    anew: list[Floats | None] = []
    for side in (before, after):
        values = side.values(metric, rule)
        if isinstance(values, NotRecorded):
            return None
        samples.append(side.samples(values))
        anew.append(reshuffled(side, values, ("median",)).get("median"))
    if not all(len(x) for some in samples for x in some):
        return None
    if before.one_log:
        return _of_logs(metric, figure, other, samples, seed)
    # The period of one replication is not that of the others: the cases arrive as in the log, and end when they end.
    rules = replace(figure.rule, baseline="simulated", period="")
    medians = [np.array([statistic_of(x, "median") for x in some]) for some in samples]
    figures = []
    for side, some, values, might in zip((before, after), samples, medians, anew, strict=True):
        mean, low, high = interval(values, might)
        extra: dict[str, Any] = {
            name: float(np.mean([statistic_of(x, name) for x in some])) for name in ("mean", "p90")
        } | {"replications": side.replications}  # fmt: skip
        figures.append(Figure(mean, rules, int((side.replication == 0).sum()), low, high, extra))
    apart = None if anew[0] is None or anew[1] is None else anew[1] - anew[0]
    return Comparison(metric, figures[0], figures[1], *interval(medians[1] - medians[0], apart))


def _of_logs(metric: str, first: Figure, second: Figure, samples: list[list[Floats]], seed: int) -> Comparison:
    figures = []
    for figure, (x,), baseline in zip((first, second), samples, ("log_before", "log_after"), strict=True):
        value, low, high = interval_of_cases(x, "median", seed=seed)
        extra = {"mean": statistic_of(x, "mean"), "p90": statistic_of(x, "p90")}
        figures.append(Figure(value, replace(figure.rule, baseline=baseline), len(x), low, high, extra))
    change = change_of_cases(samples[0][0], samples[1][0], "median", relative=False, seed=seed)
    return Comparison(metric, figures[0], figures[1], *change)


def _overall(results: tuple[TargetResult, ...]) -> Status:
    if not results:
        return "not_asked"
    found = {r.status for r in results}
    return "not_met" if "not_met" in found else "unsure" if "unsure" in found else "met"


def _with_cautions(result: TargetResult, guards: tuple[Guard, ...], rising: tuple[_Rising, ...]) -> TargetResult:
    """Say beside a target that is met what gets worse: it may have been met by moving the work elsewhere."""
    if result.status != "met":
        return result
    worse = [r.note for r in rising if r.metric != result.metric and r.beside in ("", result.metric)]
    worse += [(g.note("zh"), g.note("en")) for g in guards if g.worse and g.metric != result.metric]
    return replace(result, cautions=tuple(worse))


@dataclass(frozen=True)
class _Rising:
    """A metric that gets worse, or not better, and the metric beside which that must be said (empty: any)."""

    metric: str
    beside: str
    note: Note


def _rising(comparisons: tuple[Comparison, ...], before: Measured) -> tuple[_Rising, ...]:
    by = {c.metric: c for c in comparisons}
    found: list[_Rising] = []
    if "clock" in by and "time" in by:
        if by["clock"].high < 0 <= by["time"].high:
            words = both("The official clock gets shorter, the end-to-end time does not.")
            found.append(_Rising("time", "clock", words))
        if by["clock"].low > 0 > by["time"].high:
            words = both("End-to-end time gets shorter while the official clock gets longer: items accepted early wait longer on the clock.")  # fmt: skip
            found.append(_Rising("clock", "time", words))
    for metric in ("steps", "time", "materials", "trips"):
        if metric in by and by[metric].low > 0:
            found.append(_Rising(metric, "", _increased(metric, before.one_log)))
    return tuple(found)


def _increased(metric: str, recorded: bool) -> Note:
    zh, en = metric_label(metric, "zh"), metric_label(metric, "en")
    if recorded:
        return (
            _("This figure is higher after than before: {metric}.", lang="zh", metric=zh),
            _("This figure is higher after than before: {metric}.", lang="en", metric=en),
        )
    return (
        _("The measures increase this figure: {metric}.", lang="zh", metric=zh),
        _("The measures increase this figure: {metric}.", lang="en", metric=en),
    )


def _beside(before: Measured, after: Measured) -> tuple[Note, ...]:
    """Return what a reader must know of how the two were compared."""
    notes: list[Note] = []
    for metric in METRICS:
        if counted_alike(metric, before, after):
            continue
        rules = [f.rule for f in (s.reductions.primary[metric] for s in (before, after)) if isinstance(f, Figure)]
        notes.append(
            (
                _("{metric} is not compared, since it is counted otherwise after than before: {a} {b}",
                  lang="zh", metric=metric_label(metric, "zh"), a=rules[0].definition_zh, b=rules[1].definition_zh),
                _("{metric} is not compared, since it is counted otherwise after than before: {a} {b}",
                  lang="en", metric=metric_label(metric, "en"), a=rules[0].definition_en, b=rules[1].definition_en),
            )
        )  # fmt: skip
    if before.one_log:
        notes.append(
            both("Two recorded logs are compared as they stand, though other cases may have come; compare() looks at them at one mix of cases.")
        )  # fmt: skip
    return tuple(notes)
