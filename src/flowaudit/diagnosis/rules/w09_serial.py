"""W09 串联可并联: what is done strictly one after the other though nothing recorded demands it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

STAGES = ("consult_dept", "inspect")
Ints = npt.NDArray[np.int64]
Stamps = npt.NDArray[np.datetime64]


def name(lang: Language | None = None) -> str:
    return _("serial though it could be parallel", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Two items of one bundle that usually follow each other, or two inspections or consultations of one case, of which "
        "one ends before the other begins in at least 80 % of the cases that have both; no prerequisite in the catalogue; "
        "no common officer (inspections and consultations). Saving: sum less maximum of the two spans.",
        lang=lang,
    )


@dataclass(frozen=True)
class _Spans:
    """First start and last end of one thing in every case; NaT where a case lacks it.

    An item starts with its first event. An activity starts when it is enabled: the wait before it would run beside the
    other one, too, and two that are enabled together are no series, whichever is done first.
    """

    label: str
    item: str | None
    start: Stamps
    end: Stamps
    officers: frozenset[int]


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    log = context.log
    by_item = log.unit == "bundle" and log.has("item_code")
    if not by_item and not log.has("stage"):
        return NotCheckable(
            "W09",
            *both("without stages or items the log cannot say whether the later work reads the earlier one's result"),
            ("stage (inspect, consult_dept) | item_code with bundles", "catalogue: item_relations"),
        )
    found: list[Finding] = []
    spans: list[_Spans] = []
    if by_item:
        item, labels = context.column("item_code")
        spans = [
            _spans(context, item == c, str(labels[c]), str(labels[c]), whole=True) for c in np.unique(item[item >= 0])
        ]
        found += [f for a, b in _neighbours(context, t, spans) if (f := _pair(context, t, a, b, whole=True))]
    if log.has("stage"):
        activity, names = context.column("activity")
        item, labels = context.column("item_code")
        parts = []
        for code in np.unique(activity[context.among("stage", *STAGES)]):
            rows = (activity == code) & context.among("stage", *STAGES)
            of = np.unique(item[rows])
            own = str(labels[of[0]]) if len(of) == 1 and of[0] >= 0 else None
            parts.append(_spans(context, rows, str(names[code]), own, whole=False))
        whole = {span.item: span for span in spans}
        for a, b in combinations(parts, 2):
            one, other = whole.get(a.item), whole.get(b.item)
            if one is not None and other is not None and one is not other and _serial_share(one, other) >= t["share"]:
                continue  # their items follow each other already; that is the finding above
            if finding := _pair(context, t, a, b, whole=False):
                found.append(finding)
    return found


def _spans(context: Context, rows: npt.NDArray[np.bool_], label: str, item: str | None, *, whole: bool) -> _Spans:
    n = context.log.n_cases
    start, end = (np.full(n, np.datetime64("NaT", "us")) for _ in range(2))
    at = np.flatnonzero(rows)
    cases = context.case[at]
    if len(at):
        first = np.r_[True, cases[1:] != cases[:-1]]
        begins = np.flatnonzero(first)
        opened = context.start if whole else context.enablement.enabled
        start[cases[first]] = np.fmin.reduceat(opened[at], begins)
        end[cases[first]] = np.fmax.reduceat(context.end[at], begins)
    officer = context.column("resource")[0][at]
    return _Spans(label, item, start, end, frozenset(int(o) for o in np.unique(officer[officer >= 0])))


def _neighbours(context: Context, t: Thresholds, spans: list[_Spans]) -> list[tuple[_Spans, _Spans]]:
    """Pairs that usually follow each other, without those between which a third one usually comes."""
    n = len(spans)
    follows = np.zeros((n, n), np.bool_)
    for i, j in combinations(range(n), 2):
        a, b = spans[i], spans[j]
        have = np.flatnonzero(~np.isnat(a.start) & ~np.isnat(b.start))
        if len(have) >= context.min_cases and _serial_share(a, b) >= t["share"]:
            later = np.median((b.start - a.start)[have].astype(np.int64)) >= 0
            follows[(i, j) if later else (j, i)] = True
    between = (follows.astype(np.int64) @ follows.astype(np.int64)) > 0
    return [(spans[i], spans[j]) for i, j in np.argwhere(follows & ~between)]


def _serial_share(a: _Spans, b: _Spans) -> float:
    """Share of the cases with both in which one ends before the other begins."""
    both_there = ~np.isnat(a.start) & ~np.isnat(b.start)
    apart = (a.end <= b.start) | (b.end <= a.start)
    return float((apart & both_there).sum() / max(both_there.sum(), 1))


def _pair(context: Context, t: Thresholds, a: _Spans, b: _Spans, *, whole: bool) -> Finding | None:
    have = np.flatnonzero(~np.isnat(a.start) & ~np.isnat(b.start))
    if len(have) < context.min_cases:
        return None
    if np.median((b.start - a.start)[have].astype(np.int64)) < 0:
        a, b = b, a
    after = have[(a.end <= b.start)[have]]
    catalogue = context.catalogue
    if len(after) < context.min_cases or _serial_share(a, b) < t["share"] or (not whole and a.officers & b.officers):
        return None
    if (
        catalogue is not None
        and a.item
        and b.item
        and (catalogue.precedes(a.item, b.item) or catalogue.precedes(b.item, a.item))
    ):
        return None
    shorter = np.minimum(context.days(a.start, a.end)[after], context.days(b.start, b.end)[after])
    names = tuple(catalogue.item_name(s.item) if whole and catalogue and s.item else s.label for s in (a, b))
    values: Mapping[str, object] = {
        "a": names[0], "b": names[1], "cases": len(after), "share": len(after) / len(have), "days": float(np.median(shorter)),
    }  # fmt: skip
    statement = both(
        "“{a}” and “{b}” run one after the other in {cases:,} cases ({share:.0%}) though no prerequisite is recorded; running "
        "side by side could save up to {days:.1f} working days (median); to be checked.",
        **values,
    )
    caveat = (
        both(
            "Prerequisites stated by law but missing from the catalogue cannot be seen here; what is saved is an upper bound."
        )
        if catalogue is not None
        else both("No catalogue was given: whether one must come before the other could not be checked at all.")
    )
    return context.finding(
        RULE,
        f"{a.label}-{b.label}",
        title=both("serial handling that could run in parallel"),
        statement=statement,
        caveat=caveat,
        scope={
            "items": sorted({s.item for s in (a, b) if s.item}),
            "activities": [] if whole else [a.label, b.label],
        },
        cases=after,
        population=len(have),
        thresholds=t,
        lost=shorter,
        confidence="medium" if catalogue is not None else "low",
        details={"pair": [a.label, b.label], "kind": "item" if whole else "activity"},
    )


RULE = Rule(
    "W09", name, definition, ("stage (inspect, consult_dept) | item_code (with bundles)",), find,
    group="难点", reengineering="④", reductions=("time",), measures=("M04",),
    parameters={"share": Parameter(0.80, 0.0, 1.0)},
)  # fmt: skip
