"""Sentences without which the figures of a reform would mislead."""

from __future__ import annotations

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import metric_label, shown, statistic_name
from flowaudit.targets.effects import Effects, names_of
from flowaudit.targets.estimate import Estimate
from flowaudit.targets.follow_up import HIDDEN
from flowaudit.targets.interrupted import Interrupted
from flowaudit.targets.ratings import difference_of_shares
from flowaudit.targets.sides import Note, Which, side_name

OPEN_APART = 0.02
"""Difference of the shares of open cases that is told."""


def cautions(found: Effects) -> tuple[Note, ...]:
    """Return what has to be said beside the figures, in Chinese and English."""
    return (*_clock_alone(found), *_risen(found), *_mix(found), *_age(found), *_trend(found), *_nature(found))


def _directions(found: Effects, metric: str) -> set[str]:
    careful = (found.estimate(metric, statistic=statistic) for statistic in ("median", "mean"))
    return {e.direction for e in careful if e is not None}


def _clock_alone(found: Effects) -> list[Note]:
    """Time that only moved off the clock is not saved."""
    clock, time = _directions(found, "clock"), _directions(found, "time")
    if "falls" not in clock or "falls" in time:
        return []
    if not time:
        return [both("The official clock gets shorter; whether the end-to-end time does is not known.")]
    return [both("The official clock gets shorter, the end-to-end time does not.")]


def _risen(found: Effects) -> list[Note]:
    notes = []
    for metric in found.metrics:
        careful = [found.estimate(metric, statistic=s) for s in (found.statistic, "median", "mean")]
        risen = next((e for e in careful if e is not None and e.direction == "rises"), None)
        if risen is not None:
            notes.append((_rise(risen, "zh"), _rise(risen, "en")))
    return notes


def _rise(e: Estimate, lang: Language) -> str:
    return _("this figure rose: {metric} ({statistic}) from {before} to {after} {unit}.", lang=lang, metric=metric_label(e.metric, lang),
             statistic=statistic_name(e.statistic, lang), before=shown(e.before.value), after=shown(e.after.value), unit=e.after.rule.unit(lang))  # fmt: skip


def _mix(found: Effects) -> list[Note]:
    """Who came, and what that makes of the figures."""
    shifted = [s for s in found.shifts if s.matters]
    notes = [s.note for s in shifted]
    untold = tuple(s.name for s in shifted if s.name not in found.strata)
    if untold:
        notes.append((_untold(untold, "zh"), _untold(untold, "en")))
    for metric in found.metrics:
        for statistic in ("median", "mean"):
            raw = found.estimate(metric, "followed", statistic) or found.estimate(metric, "crude", statistic)
            level = found.estimate(metric, "standardised", statistic)
            if raw and level and raw.direction != level.direction:
                notes.append((_turned(raw, level, "zh"), _turned(raw, level, "en")))
                break
    return notes


def _untold(names: tuple[str, ...], lang: Language) -> str:
    return _("the figures do not take this shift out: {names}.", lang=lang, names=names_of(names, lang))


def _turned(raw: Estimate, level: Estimate, lang: Language) -> str:
    words = {
        "falls": _("falls", lang=lang),
        "rises": _("rises", lang=lang),
        "unsure": _("no change that can be told from chance", lang=lang),
    }
    return _("{metric} ({statistic}): as the cases came: {raw}; at one mix of cases: {level}. What differs is who came.", lang=lang,
             metric=metric_label(raw.metric, lang), statistic=statistic_name(raw.statistic, lang), raw=words[raw.direction], level=words[level.direction])  # fmt: skip


def _age(found: Effects) -> list[Note]:
    """Young logs have only their quick cases finished."""
    follow, notes = found.follow_up, []
    apart, low, high = difference_of_shares(follow.open, follow.cases)
    if abs(apart) >= OPEN_APART and not low <= 0 <= high:
        notes.append(both("{before:.1%} of the cases before are open at the log's end, {after:.1%} of those after: the finished cases alone make the log with more open ones look quicker.", before=follow.open[0] / follow.cases[0], after=follow.open[1] / follow.cases[1]))  # fmt: skip
    if not follow.usable:
        notes.append(follow.reasons)
    elif follow.days is not None and all(follow.early):
        apart, low, high = difference_of_shares(follow.in_time, follow.early)
        if not low <= 0 <= high:
            notes.append(both("ended within {days} working days: {before:.1%} before, {after:.1%} after.", days=follow.days, before=follow.in_time[0] / follow.early[0], after=follow.in_time[1] / follow.early[1]))  # fmt: skip
    sides: tuple[Which, Which] = ("before", "after")
    if not all(follow.told):
        notes.append(
            both("the logs do not both say which cases have ended: all count as ended, and with their last event.")
        )
    for which, share in zip(sides, follow.hidden, strict=True):
        if share > HIDDEN:
            notes.append((_unseen(which, share, "zh"), _unseen(which, share, "en")))
    crude, careful = (found.estimate("time", kind) for kind in ("crude", "followed"))
    if crude and careful and crude.direction != careful.direction:
        notes.append(both("end-to-end time: the finished cases as they stand and the cases looked at for the same time say different things; the latter count."))  # fmt: skip
    return notes


def _unseen(which: Which, share: float, lang: Language) -> str:
    return _("the log {side} shows no open case, yet cases arrive up to its end: some {share:.0%} of them, not ended then, seem to have been left out of the export.", lang=lang, side=side_name(which, lang), share=share)  # fmt: skip


def _trend(found: Effects) -> list[Note]:
    series = [s for s in found.series.values() if isinstance(s, Interrupted) and s.finding == "trend"]
    return [(_trended(s.metric, "zh"), _trended(s.metric, "en")) for s in series]


def _trended(metric: str, lang: Language) -> str:
    return _("{metric}: changing before go-live already; the trend alone explains the difference.", lang=lang, metric=metric_label(metric, lang))  # fmt: skip


def _nature(found: Effects) -> list[Note]:
    """What the figures are of."""
    notes = []
    if found.unit == "bundle" and "item" in found.groups:
        notes.append(both("by item single applications are counted; where results are handed over together, each takes as long as the last of them."))  # fmt: skip
    if found.synthetic:
        notes.append(both("synthetic data: no real cases."))
    return notes
