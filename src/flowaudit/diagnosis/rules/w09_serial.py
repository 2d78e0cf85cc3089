"""W09 串联可并联: what is done strictly one after the other though nothing recorded demands it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from flowaudit.diagnosis.context import Context, Floats, Ints, Stamps, Texts
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

STAGES = ("consult_dept", "inspect")
REACH = 12
"""Things of one case that may lie between the two of a pair: further apart nothing follows anything."""
SHARED = 0.2
"""How far the same officers may do both, so that one odd deputy does not matter."""
SHOWN = 0.05
"""Working days below which one decimal shows nothing."""
_NEGATIVE = re.compile(
    "不予|不准予|不同意|不通过|未通过|不批准|不核准|不合格|不符合|不许可|退件|撤回|驳回|拒绝|否决"
    r"|\b(?:reject(?:ed|ion)?|den(?:y|ied|ial)|declined?|refus(?:e|ed|al)|disapproved?|not approved|failed|withdrawn)\b",
    re.IGNORECASE,
)


def name(lang: Language | None = None) -> str:
    return _("serial though it could be parallel", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Two items of one bundle that usually follow each other, or two inspections or consultations of one case with usually "
        "nothing but automatic steps in between, of which one ends before the other begins in so many of the cases that have "
        "both that the lower Wilson bound is at least 80 %; no prerequisite in the catalogue; no common officers (inspections "
        "and consultations); the first ends the case in at most 10 % of its cases. Saving: sum less maximum of the two "
        "spans.",
        lang=lang,
    )


@dataclass(frozen=True)
class _Spans:
    """First start and last end of every thing in every case that has it, in order of case and start.

    An item starts with its first event. An activity starts when it is enabled: the wait before it would run beside the
    other one, too, and two that are enabled together are no series, whichever is done first.
    """

    case: Ints
    thing: Ints
    start: Stamps
    end: Stamps


@dataclass(frozen=True)
class _Pair:
    """Two things, and where one of them ends before the other begins: entries of the spans, in the order of time."""

    a: int
    b: int
    have: int
    first: Ints
    second: Ints


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
    rows_of_items: dict[tuple[int, int], _Pair] = {}
    if by_item:
        item, _labels = context.column("item_code")
        spans = _spans(context, np.flatnonzero(item >= 0), item, context.start)
        rows_of_items = {(min(p.a, p.b), max(p.a, p.b)): p for p in _serial(context, t, spans)}
        for pair in _neighbours(list(rows_of_items.values())):
            found += _items(context, t, spans, pair)
    if log.has("stage"):
        activity, _names = context.column("activity")
        rows = np.flatnonzero(context.among("stage", *STAGES))
        spans = _spans(context, rows, activity, context.plain_enablement.enabled)
        owner = _owners(context, rows)
        for pair in _serial(context, t, spans):
            one, other = owner[pair.a], owner[pair.b]
            if one >= 0 and other >= 0 and (min(one, other), max(one, other)) in rows_of_items:
                continue  # their items follow each other already; that is the finding above
            found += _activities(context, t, spans, pair, (int(one), int(other)), rows)
    return found


# Who follows whom.


def _spans(context: Context, rows: Ints, thing: Ints, opened: Stamps) -> _Spans:
    order = rows[np.lexsort((rows, thing[rows], context.case[rows]))]
    if not len(order):
        return _Spans(order, order, opened[:0], opened[:0])
    case, what = context.case[order], thing[order]
    begins = np.flatnonzero(np.r_[True, (case[1:] != case[:-1]) | (what[1:] != what[:-1])])
    start, end = np.fmin.reduceat(opened[order], begins), np.fmax.reduceat(context.end[order], begins)
    case, what = case[begins], what[begins]
    by_time = np.lexsort((what, end, start, case))
    return _Spans(case[by_time], what[by_time], start[by_time], end[by_time])


def _serial(context: Context, t: Thresholds, spans: _Spans) -> list[_Pair]:
    """Pairs of which one ends before the other begins in enough of the cases that have both."""
    n = int(spans.thing.max(initial=0)) + 1
    often = np.bincount(spans.thing, minlength=n) >= context.min_cases
    at = np.flatnonzero(often[spans.thing]) if len(spans.thing) else np.zeros(0, np.int64)
    firsts, seconds = [], []
    for lag in range(1, REACH + 1):
        one, other = at[:-lag], at[lag:]
        same = spans.case[one] == spans.case[other]
        if not same.any():
            break
        firsts.append(one[same])
        seconds.append(other[same])
    if not firsts:
        return []
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    low, high = (f(spans.thing[first], spans.thing[second]) for f in (np.minimum, np.maximum))
    keys, of, have = np.unique(low * n + high, return_inverse=True, return_counts=True)
    serial = spans.end[first] <= spans.start[second]
    number = np.bincount(of[serial], minlength=len(keys))
    found = []
    for k in np.flatnonzero(number >= context.min_cases).tolist():
        if wilson(int(number[k]), int(have[k]))[0] < t["share"]:
            continue
        own = np.flatnonzero(serial & (of == k))
        one, other = first[own], second[own]
        # The order most cases have names the pair; on a tie that of the codes.
        a, b = divmod(int(keys[k]), n)
        if 2 * int((spans.thing[one] == a).sum()) < len(own):
            a, b = b, a
        found.append(_Pair(a, b, int(have[k]), one, other))
    return found


def _neighbours(pairs: list[_Pair]) -> list[_Pair]:
    """Pairs that follow each other, without those between which a third one usually comes."""
    after: dict[int, set[int]] = {}
    before: dict[int, set[int]] = {}
    for pair in pairs:
        after.setdefault(pair.a, set()).add(pair.b)
        before.setdefault(pair.b, set()).add(pair.a)
    return [pair for pair in pairs if not after[pair.a] & before[pair.b]]


# What speaks against running them side by side.


def _ordered_by_law(context: Context, one: str | None, other: str | None) -> bool:
    catalogue = context.catalogue
    if catalogue is None or one is None or other is None or one == other:
        return False
    return catalogue.precedes(one, other) or catalogue.precedes(other, one)


def _knocks_out(context: Context, spans: _Spans, pair: _Pair, thing: Ints) -> float:
    """Share of the first one's cases that it ends with a no, so that the second never begins; 0 where results are silent."""
    result, results = context.column("result")
    bad = np.array([*(_NEGATIVE.search(str(word)) is not None for word in results), False], np.bool_)[result]
    with_first = np.unique(spans.case[spans.thing == pair.a])
    with_second = spans.case[spans.thing == pair.b]
    ended = np.unique(context.case[bad & (thing == pair.a)])
    return len(np.setdiff1d(np.intersect1d(ended, with_first), with_second)) / max(len(with_first), 1)


def _shared_officers(context: Context, rows: Ints, pair: _Pair) -> float:
    """How far the same officers do both: over officers, the smaller of their shares of either one's work, added up."""
    officer, names = context.column("resource")
    activity, _labels = context.column("activity")
    shares = []
    for thing in (pair.a, pair.b):
        own = officer[rows[activity[rows] == thing]]
        counts = np.bincount(own[own >= 0], minlength=len(names))
        shares.append(counts / max(counts.sum(), 1))
    return float(np.minimum(*shares).sum())


def _directly(context: Context, spans: _Spans, pair: _Pair) -> float:
    """Share of the serial cases in which nothing but automatic steps lies between the two."""
    case = spans.case[pair.first]
    opens, closes = (np.full(context.log.n_cases, np.datetime64("NaT", "us")) for _n in range(2))
    opens[case], closes[case] = spans.end[pair.first], spans.start[pair.second]
    activity, _names = context.column("activity")
    ptr = np.asarray(context.log.case_ptr, np.int64)
    lengths = np.diff(ptr)[case]
    rows = np.repeat(ptr[case] - np.r_[0, np.cumsum(lengths)[:-1]], lengths) + np.arange(lengths.sum())
    where = context.case[rows]
    between = (context.start[rows] >= opens[where]) & (context.end[rows] <= closes[where])
    # What takes no time at the very edge lies on either side, not in between.
    between &= (context.end[rows] > opens[where]) & (context.start[rows] < closes[where])
    between &= ~context.automatic[rows] & (activity[rows] != pair.a) & (activity[rows] != pair.b)
    return 1 - len(np.unique(where[between])) / max(len(case), 1)


def _owners(context: Context, rows: Ints) -> Ints:
    """The item of every activity that has only one; -1 for the others."""
    activity, names = context.column("activity")
    item, _items = context.column("item_code")
    low, high = np.full(len(names), np.iinfo(np.int64).max), np.full(len(names), -2)
    np.minimum.at(low, activity[rows], item[rows])
    np.maximum.at(high, activity[rows], item[rows])
    return np.where(low == high, low, -1)


# What it could save.


def _items(context: Context, t: Thresholds, spans: _Spans, pair: _Pair) -> list[Finding]:
    item, labels = context.column("item_code")
    codes = [str(labels[pair.a]), str(labels[pair.b])]
    knocked = _knocks_out(context, spans, pair, item)
    if _ordered_by_law(context, codes[0], codes[1]) or knocked > t["knock_out"]:
        return []
    rows = np.flatnonzero((item == pair.a) | (item == pair.b))
    names = [context.item_name(code) for code in codes]
    details = {"pair": codes, "kind": "item", "knocked_out": knocked}
    scope = {"items": sorted(codes), "activities": []}
    return _finding(context, t, spans, pair, codes, names, scope, details, rows, item, context.catalogue is not None)


def _activities(
    context: Context, t: Thresholds, spans: _Spans, pair: _Pair, owners: tuple[int, int], rows: Ints
) -> list[Finding]:
    activity, labels = context.column("activity")
    _item, items = context.column("item_code")
    one, other = (str(items[code]) if code >= 0 else None for code in owners)
    if _ordered_by_law(context, one, other) or _shared_officers(context, rows, pair) >= SHARED:
        return []
    knocked, direct = _knocks_out(context, spans, pair, activity), _directly(context, spans, pair)
    if knocked > t["knock_out"] or direct < t["direct"]:
        return []
    names = [str(labels[pair.a]), str(labels[pair.b])]
    own = rows[(activity[rows] == pair.a) | (activity[rows] == pair.b)]
    ordered = _in_guide(context, one, names) if one == other else False
    details = {
        "pair": names, "kind": "activity", "knocked_out": knocked, "direct": direct, "ordered_in_guide": ordered,
        "officers_known": context.log.has("resource"),
    }  # fmt: skip
    scope = {"items": sorted({code for code in (one, other) if code}), "activities": names}
    sure = context.catalogue is not None and not ordered
    return _finding(context, t, spans, pair, names, names, scope, details, own, activity, sure)


def _in_guide(context: Context, item: str | None, names: list[str]) -> bool:
    """Say whether the guide's table of steps puts both in an order: no proof of dependence, but a reason to doubt."""
    steps = None if context.catalogue is None else context.catalogue.item_steps
    if steps is None:
        return False
    rows = steps if item is None else steps[steps["item_code"].astype(str) == item]
    called = rows["name"].astype(str)
    plain = {name if item is None else name.removeprefix(f"{item}·") for name in names}
    return len(plain) == 2 and plain <= set(called)


def _finding(
    context: Context, t: Thresholds, spans: _Spans, pair: _Pair, key: list[str], names: list[str],
    scope: Mapping[str, list[str]], details: Mapping[str, object], rows: Ints, thing: Ints, sure: bool,
) -> list[Finding]:  # fmt: skip
    order = np.argsort(spans.case[pair.first], kind="stable")
    first, second = pair.first[order], pair.second[order]
    cases = spans.case[first]
    spent = [context.days(spans.start[at], spans.end[at]) for at in (first, second)]
    shorter = np.minimum(*spent)
    if float(shorter.mean()) < SHOWN:
        return []
    alone = shorter if details["kind"] != "item" else np.minimum(shorter, _freed(context, spans, first, second))
    later, row_days = _on_rows(context, cases, spans.thing[second], spans.start[second], alone, rows, thing)
    values: Mapping[str, object] = {
        "a": names[0], "b": names[1], "cases": len(cases), "share": len(cases) / pair.have, "days": float(np.median(shorter)),
    }  # fmt: skip
    statement = both(
        "“{a}” and “{b}” run one after the other in {cases:,} cases ({share:.0%}) though no prerequisite is recorded; running "
        "side by side could save up to {days:.1f} working days (median); to be checked.",
        **values,
    )
    return [
        context.finding(
            RULE,
            "-".join(key),
            title=both("serial handling that could run in parallel"),
            statement=statement,
            caveat=_caveat(context, details),
            scope=scope,
            cases=cases,
            population=pair.have,
            thresholds=t,
            lost=shorter,
            rows=later,
            row_days=row_days,
            look=rows,
            confidence="medium" if sure else "low",
            details=details,
        )
    ]


def _freed(context: Context, spans: _Spans, first: Ints, second: Ints) -> Floats:
    """How much earlier the later item could begin without the earlier one, working days: whatever else ended before it stays."""
    begun = np.full(context.log.n_cases, np.iinfo(np.int64).min)
    cases = spans.case[second]
    begun[cases] = spans.start[second].astype(np.int64)
    held = begun.copy()
    held[cases] = spans.start[first].astype(np.int64)
    skipped = np.zeros(len(spans.case), np.bool_)
    skipped[first] = skipped[second] = True
    end = spans.end.astype(np.int64)
    others = np.flatnonzero(~skipped & (end <= begun[spans.case]))
    np.maximum.at(held, spans.case[others], end[others])
    return context.days(held[cases].astype("datetime64[us]"), spans.start[second])


def _caveat(context: Context, details: Mapping[str, object]) -> Texts:
    if context.catalogue is None:
        return both("No catalogue was given: whether one must come before the other could not be checked at all.")
    if details.get("ordered_in_guide"):
        return both(
            "The guide puts one step before the other; whether the later one reads the earlier one's result is to be asked."
        )
    return both(
        "Prerequisites stated by law but missing from the catalogue cannot be seen here; what is saved is an upper bound."
    )


def _on_rows(
    context: Context, cases: Ints, later: Ints, start: Stamps, days: Floats, rows: Ints, thing: Ints
) -> tuple[Ints, Floats]:
    """Lay what each case would save on the events of the later one, in proportion to what each takes of its span."""
    of_case, opened = (
        np.full(context.log.n_cases, -1, np.int64),
        np.full(context.log.n_cases, np.datetime64("NaT", "us")),
    )
    saving = np.zeros(context.log.n_cases)
    of_case[cases], opened[cases], saving[cases] = later, start, days
    own = rows[(thing[rows] == of_case[context.case[rows]]) & (of_case[context.case[rows]] >= 0)]
    where = context.case[own]
    begun = np.maximum(context.plain_enablement.enabled[own], opened[where])
    share = context.days(begun, context.end[own])
    total = np.bincount(where, weights=share, minlength=context.log.n_cases)[where]
    number = np.bincount(where, minlength=context.log.n_cases)[where]
    part = np.divide(share, total, out=1.0 / number, where=total > 0)
    return own, saving[where] * part


RULE = Rule(
    "W09", name, definition, ("stage (inspect, consult_dept) | item_code (with bundles)",), find,
    group="难点", reengineering="④", reductions=("time",), measures=("M04",),
    parameters={"share": Parameter(0.80, 0.0, 1.0), "direct": Parameter(0.50, 0.0, 1.0), "knock_out": Parameter(0.10, 0.0, 1.0)},
)  # fmt: skip
