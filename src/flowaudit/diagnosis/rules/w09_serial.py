"""W09 串联可并联: what is done strictly one after the other though nothing recorded demands it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Rule
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

SHARE = 0.80
STAGES = ("consult_dept", "inspect")
Ints = npt.NDArray[np.int64]
Stamps = npt.NDArray[np.datetime64]


def name(lang: Language | None = None) -> str:
    return _("serial though it could be parallel", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Two items of one bundle that usually follow each other, or two inspections or consultations of one case, of which "
        "one ends before the other begins in at least 80 % of the cases that have both; no prerequisite in the catalogue; "
        "no common officer. Saving: sum less maximum of the two spans.",
        lang=lang,
    )


@dataclass(frozen=True)
class _Spans:
    """First start and last end of one thing in every case, and when it was first enabled; NaT where a case lacks it."""

    label: str
    item: str | None
    enabled: Stamps
    start: Stamps
    end: Stamps
    officers: frozenset[int]


def find(context: Context) -> list[Finding] | NotCheckable:
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
        spans = [_spans(context, item == c, str(labels[c]), str(labels[c])) for c in np.unique(item[item >= 0])]
        spans.sort(key=lambda s: _typical(context, s))
        found += [f for a, b in pairwise(spans) if (f := _pair(context, a, b, whole=True))]
    if log.has("stage"):
        activity, names = context.column("activity")
        item, labels = context.column("item_code")
        parts = []
        for code in np.unique(activity[context.among("stage", *STAGES)]):
            rows = (activity == code) & context.among("stage", *STAGES)
            of = np.unique(item[rows])
            own = str(labels[of[0]]) if len(of) == 1 and of[0] >= 0 else None
            parts.append(_spans(context, rows, str(names[code]), own))
        whole = {span.item: span for span in spans}
        for a, b in combinations(parts, 2):
            one, other = whole.get(a.item), whole.get(b.item)
            if one is not None and other is not None and one is not other and _serial_share(one, other) >= SHARE:
                continue  # their items follow each other already; that is the finding above
            if finding := _pair(context, a, b, whole=False):
                found.append(finding)
    return found


def _spans(context: Context, rows: npt.NDArray[np.bool_], label: str, item: str | None) -> _Spans:
    n = context.log.n_cases
    enabled, start, end = (np.full(n, np.datetime64("NaT", "us")) for _ in range(3))
    at = np.flatnonzero(rows)
    cases = context.case[at]
    first = np.r_[True, cases[1:] != cases[:-1]] if len(at) else np.zeros(0, bool)
    if len(at):
        begins = np.flatnonzero(first)
        enabled[cases[first]] = np.fmin.reduceat(context.enablement.enabled[at], begins)
        start[cases[first]] = np.fmin.reduceat(context.start[at], begins)
        end[cases[first]] = np.fmax.reduceat(context.end[at], begins)
    officer = context.column("resource")[0][at]
    return _Spans(label, item, enabled, start, end, frozenset(int(o) for o in np.unique(officer[officer >= 0])))


def _typical(context: Context, spans: _Spans) -> float:
    """Median of the days from the case's first stamp to this thing's start."""
    opened = np.fmin.reduceat(context.start, context.log.case_ptr[:-1])
    here = ~np.isnat(spans.start)
    return float(np.median((spans.start - opened)[here].astype(np.int64))) if here.any() else np.inf


def _serial_share(a: _Spans, b: _Spans) -> float:
    """Share of the cases with both in which one ends before the other begins."""
    both_there = ~np.isnat(a.start) & ~np.isnat(b.start)
    apart = (a.end <= b.start) | (b.end <= a.start)
    return float((apart & both_there).sum() / max(both_there.sum(), 1))


def _pair(context: Context, a: _Spans, b: _Spans, *, whole: bool) -> Finding | None:
    have = np.flatnonzero(~np.isnat(a.start) & ~np.isnat(b.start))
    if len(have) < context.min_cases:
        return None
    if np.median((b.start - a.start)[have].astype(np.int64)) < 0:
        a, b = b, a
    after = have[(a.end <= b.start)[have]]
    catalogue = context.catalogue
    if len(after) < context.min_cases or _serial_share(a, b) < SHARE or (not whole and a.officers & b.officers):
        return None
    if (
        catalogue is not None
        and a.item
        and b.item
        and (catalogue.precedes(a.item, b.item) or catalogue.precedes(b.item, a.item))
    ):
        return None
    # An item's own span; of an activity also the wait before it, which would run beside the other one, too.
    opened = (a.start, b.start) if whole else (a.enabled, b.enabled)
    shorter = np.minimum(context.days(opened[0], a.end)[after], context.days(opened[1], b.end)[after])
    names = tuple(catalogue.item_name(s.item) if whole and catalogue and s.item else s.label for s in (a, b))
    values: Mapping[str, object] = {
        "a": names[0], "b": names[1], "cases": len(after), "share": len(after) / len(have), "days": float(np.median(shorter)),
    }  # fmt: skip
    statement = both(
        "“{a}” and “{b}” run one after the other in {cases} cases ({share:.0%}) though no prerequisite is recorded; running "
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
        "W09",
        f"{a.label}-{b.label}",
        texts=(*both("serial handling that could run in parallel"), *statement, *caveat),
        scope={
            "items": sorted({s.item for s in (a, b) if s.item}),
            "activities": [] if whole else [a.label, b.label],
        },
        cases=after,
        lost=shorter,
        population=len(have),
        confidence="medium" if catalogue is not None else "low",
        reengineering="④",
        reductions=("time",),
        measures=("M04",),
        group="难点",
        details={"pair": [a.label, b.label], "kind": "item" if whole else "activity"},
    )


RULE = Rule("W09", name, definition, ("stage | item_code", "start"), find, {"share": SHARE})
