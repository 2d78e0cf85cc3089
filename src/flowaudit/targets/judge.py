"""Is a target met? Met and not met only where the whole interval says so."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import EventLog
from flowaudit.messages import both
from flowaudit.messages import translate as _
from flowaudit.metrics import Fidelity, Figure, FourReductions, NotRecorded
from flowaudit.targets.measured import Measured
from flowaudit.targets.population import demand_known
from flowaudit.targets.reshuffled import reshuffled
from flowaudit.targets.statistics import (
    Interval,
    change_of_cases,
    interval,
    interval_of_cases,
    reduction,
    statistic_of,
)
from flowaudit.targets.target import Target
from flowaudit.targets.verdict import Status, TargetResult
from flowaudit.targets.words import TARGET_METRICS
from flowaudit.worktime import Calendar, load_calendar

Floats = npt.NDArray[np.float64]

LEAST_CASES = 30
"""Fewer cases decide nothing."""
_CHECKED_AS = {"visits": "trips"}
"""Metrics whose model is checked under another name."""


def judge(
    target: Target, after: Measured, before: Measured | None, fidelity: Fidelity, *, policy: str | None, seed: int = 0
) -> TargetResult:
    """Hold what was measured against one target.

    Parameters
    ----------
    policy : str or None
        How steps are counted where the target does not say.

    Raises
    ------
    UsageError
        If a reduction is asked for without a baseline, or no case can belong to the population.
    InsufficientDataError
        If the metric is not recorded, or not what the target's counting rule needs.

    Notes
    -----
    An open case that has run longer than the bound already is one that does not keep it: leaving it out would make an
    office look faster the more it leaves lying.
    """
    rule = target.rule or (policy if target.metric == "steps" else None)
    sides = [after] if target.reduction is None else [after, _demanded(before, target)]
    values = [_recorded(side, target, rule) for side in sides]
    everybody = [after] if before is None else [after, before]
    demand_known([log for side in everybody for log in side.logs], target.population, after.catalogue)
    masks = [side.mask(target.population) for side in sides]
    samples = [side.samples(x, mask) for side, x, mask in zip(sides, values, masks, strict=True)]
    anew = [reshuffled(side, x, (target.statistic,), mask) for side, x, mask in zip(sides, values, masks, strict=True)]
    if target.at_most is not None and target.statistic != "mean":
        late = after.running_longer(target.metric, target.at_most, masks[0])
        samples[0] = [np.r_[some, more] for some, more in zip(samples[0], late, strict=True)]
        if any(len(more) for more in late):
            anew[0] = {}
    n = min(len(x) for some in samples for x in some)
    said = rule or ("submitted" if target.metric == "materials" else "")
    if n < LEAST_CASES:
        reasons = both("it rests on {n} cases; fewer than {least} decide nothing.", n=n, least=LEAST_CASES)
        return TargetResult(target, None, None, None, "unsure", reasons, rule=said, cases=n)
    if before is not None and target.reduction is not None and not counted_alike(target.metric, before, after):
        reasons = both("before and after are counted from other events, so that they cannot be compared.")
        return TargetResult(target, None, None, None, "unsure", reasons, rule=said, cases=n)
    if target.at_most is not None:
        value, low, high = _bound(target, samples[0], after, anew[0].get(target.statistic), seed)
    else:
        value, low, high = _reduction(target, samples, after, [x.get(target.statistic) for x in anew], seed)
    if math.isnan(value):
        reasons = both("nothing to reduce: it is 0 before.")
        return TargetResult(target, None, None, None, "unsure", reasons, rule=said, cases=n)
    if math.isnan(low):
        reasons = both("one replication has no interval.")
        return TargetResult(target, value, None, None, "unsure", reasons, rule=said, cases=n)
    status, reasons = _status(target, low, high), ("", "")
    if not _usable(target, fidelity):
        status, reasons = "unsure", both("the model does not reproduce this metric well enough to decide.")
    return TargetResult(target, value, low, high, status, reasons, rule=said, cases=n)


def require_recorded(
    targets: Iterable[Target],
    log: EventLog,
    observed: FourReductions,
    *,
    catalogue: Catalogue | None = None,
    calendar: Calendar | None = None,
) -> None:
    """Refuse targets that a log cannot speak of, before anything long is begun for them.

    Parameters
    ----------
    log : EventLog
        By the unit that was counted.
    observed : FourReductions
        Of the log.

    Raises
    ------
    UsageError, InsufficientDataError
        As :func:`flowaudit.evaluate` does.
    """
    replication = np.zeros(log.n_cases, np.int64)
    calendar = calendar or load_calendar()
    side = Measured((log,), replication, 1, True, observed, observed.per_case, catalogue, calendar)
    for target in targets:
        _recorded(side, target, target.rule)
        demand_known([log], target.population, catalogue)


def counted_alike(metric: str, before: Measured, after: Measured) -> bool:
    """Say whether a metric is counted by one rule before and after; steps always are, by the policy asked for."""
    sides = [side.reductions.primary.get(metric) for side in (before, after)]
    rules = [side.rule for side in sides if isinstance(side, Figure)]
    return metric == "steps" or len(rules) < 2 or rules[0].comparable(rules[1])


def _demanded(before: Measured | None, target: Target) -> Measured:
    if before is None:
        raise UsageError(
            _(
                "the target '{label}' asks for a reduction, and there is no baseline.",
                label=target.label or target.asked(),
            ),
            hint=_("give what it was before (baseline=...), or a target of its own: at_most."),
        )
    return before


def _recorded(side: Measured, target: Target, rule: str | None) -> Floats:
    values = side.values(target.metric, rule)
    if not isinstance(values, NotRecorded):
        return values
    known = [m for m in TARGET_METRICS if not isinstance(side.values(m), NotRecorded)]
    raise InsufficientDataError(
        _("the target '{label}' asks for a metric this log does not record.", label=target.label or target.asked()),
        hint=f"{values.reason()} " + _("recorded: {names}", names=", ".join(known)),
    )


def _bound(target: Target, samples: list[Floats], after: Measured, anew: Floats | None, seed: int) -> Interval:
    within = float(target.at_most or 0.0)
    if after.one_log:
        return interval_of_cases(samples[0], target.statistic, within, seed=seed)
    value, low, high = interval(np.array([statistic_of(x, target.statistic, within) for x in samples]), anew)
    if target.share is not None or target.metric == "correction_rate":
        low, high = max(low, 0.0), min(high, 1.0)
    return value, low, high


def _reduction(
    target: Target, samples: list[list[Floats]], after: Measured, anew: list[Floats | None], seed: int
) -> Interval:
    if after.one_log:
        return change_of_cases(samples[1][0], samples[0][0], target.statistic, relative=True, seed=seed)
    second, first = (np.array([statistic_of(x, target.statistic) for x in some]) for some in samples)
    other, one = anew
    return reduction(first, second, None if one is None or other is None else (one, other))


def _status(target: Target, low: float, high: float) -> Status:
    """Met where the whole interval is on the right side of what was asked, not met where it is all on the other."""
    if target.reduction is not None or target.share is not None:
        wanted = float(target.reduction or target.share or 0.0)
        return "met" if low >= wanted else "not_met" if high < wanted else "unsure"
    bound = float(target.at_most or 0.0)
    return "met" if high <= bound else "not_met" if low > bound else "unsure"


def _usable(target: Target, fidelity: Fidelity) -> bool:
    metric = _CHECKED_AS.get(target.metric, target.metric)
    return not any(
        row.metric == metric and row.check == "in_sample" and row.trust == "not_usable" for row in fidelity
    )  # fmt: skip
