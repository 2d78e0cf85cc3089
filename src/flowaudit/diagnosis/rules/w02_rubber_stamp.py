"""W02 橡皮图章: signatures that practically never object and take minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowaudit.diagnosis.context import SIGNING, Bools, Context, Floats, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.outcomes import consents, objected_by, reversed_later
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

BURST = np.timedelta64(10, "m")
SOLE = 0.05
PHRASES = 3


def name(lang: Language | None = None) -> str:
    return _("signatures without visible examination", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "A step of the stages check or decide of one department (without stages: from the second level on) with at least 400 "
        "recorded results, of which Wilson's upper bound for anything but consent is below 1 %, and whose work takes less than 5 "
        "minutes in the median, or less than 10 % of that of the level before; where opinions are recorded, at least 95 % are the "
        "three commonest. Returned, withdrawn, refused later on, or objected to by the same officer in the same case is no "
        "consent. Work whose end equals its start is of unknown length and not looked at; automatic steps and those the law "
        "demands neither. Lost time: waiting for it and its work.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    activity, names = context.column("activity")
    department, departments = context.column("department")
    rows = np.flatnonzero(_signatures(context) & (context.column("result")[0] >= 0))
    negative = _negative(context)
    minutes, working = _minutes(context)
    before = _level_before(context, working)
    alone = _alone(context)
    node = activity[rows] * (len(departments) + 1) + department[rows] + 1
    order = np.argsort(node, kind="stable")
    kinds, first = np.unique(node[order], return_index=True)
    found, lengths_unknown = [], False
    bounds = np.r_[first, len(rows)]
    for place in np.flatnonzero(np.diff(bounds) >= t["n"]).tolist():
        own = rows[order[bounds[place] : bounds[place + 1]]]
        n, k = len(own), int(negative[own].sum())
        cases = np.unique(context.case[own[~negative[own]]])
        if wilson(k, n)[1] >= t["negative"] or len(cases) < context.min_cases:
            continue
        speed = _Speed.of(minutes[own], before[own])
        if speed.known < context.min_cases:
            lengths_unknown = True
            continue
        if not (speed.median < t["minutes"] or speed.median < t["of_previous"] * speed.previous):
            continue
        stock = _stock(context, own)
        if not np.isnan(stock) and stock < t["phrases"]:
            continue
        a, d = divmod(int(kinds[place]), len(departments) + 1)
        labels = str(names[a]), str(departments[d - 1]) if d else ""
        sole = bool(alone[own].mean() > 1 - SOLE)
        found.append(_finding(context, t, labels, own, cases, k, speed, stock, sole))
    if not found and lengths_unknown:
        return NotCheckable(
            "W02", *both("how long the signatures took is not recorded: their ends equal their starts"), ("start",)
        )
    return found


def _signatures(context: Context) -> Bools:
    """Rows of a second or later sign-off that a person gave and the law does not demand."""
    stage = context.column("stage")[0]
    later = context.among("stage", "check", "decide")
    with np.errstate(invalid="ignore"):
        later |= (stage < 0) & (context.level >= 2)
    return later & context.human & ~context.legally_required


def _negative(context: Context) -> Bools:
    """Rows that are no consent, were reversed later, or whose officer objected elsewhere in the case."""
    return ~consents(context) | reversed_later(context) | objected_by(context, "resource")


def _minutes(context: Context) -> tuple[Floats, Floats]:
    """Return how long every row took in minutes, by the clock and in office hours; NaN where it is not known."""
    end = context.end
    begin = np.full(len(end), np.datetime64("NaT", "us"))
    for column in ("claim", "start"):
        if context.log.has(column):
            stamps = context.log.stamps(column)
            begin = np.where(np.isnat(stamps), begin, stamps)
    with np.errstate(invalid="ignore"):
        known = begin < end
    elapsed = np.where(known, (end - begin) / np.timedelta64(60, "s"), np.nan)
    one_day = known & (begin.astype("datetime64[D]") == end.astype("datetime64[D]"))
    working = np.full(len(end), np.nan)
    working[one_day] = context.days(begin[one_day], end[one_day]) * context.office.hours_per_day * 60
    return elapsed, working


def _level_before(context: Context, working: Floats) -> Floats:
    """Return for every row what the sign-off before it in the same case and item took, by another activity."""
    activity, item = context.column("activity")[0], context.column("item_code")[0]
    rows = np.flatnonzero(context.human & context.among("stage", *SIGNING))
    if not len(rows):
        with np.errstate(invalid="ignore"):
            rows = np.flatnonzero(context.human & (context.level >= 1))
    rows = rows[np.lexsort((rows, item[rows], context.case[rows]))]
    found = np.full(len(working), np.nan)
    a, b = rows[:-1], rows[1:]
    same = (context.case[a] == context.case[b]) & (item[a] == item[b]) & (activity[a] != activity[b])
    found[b[same]] = working[a[same]]
    return found


def _alone(context: Context) -> Bools:
    """Mark the rows of the stage decide whose case and item has no other deciding activity."""
    rows = np.flatnonzero(context.among("stage", "decide") & context.human)
    item, items = context.column("item_code")
    activity, names = context.column("activity")
    owner = context.case[rows] * (len(items) + 1) + item[rows] + 1
    pairs = np.unique(owner * len(names) + activity[rows])
    owners, counts = np.unique(pairs // max(len(names), 1), return_counts=True)
    alone = np.zeros(len(item), np.bool_)
    alone[rows] = np.isin(owner, owners[counts == 1])
    return alone


@dataclass(frozen=True)
class _Speed:
    """Minutes a step takes in the median, those of the level before it, and of how many executions that is known."""

    median: float
    previous: float
    known: int

    @classmethod
    def of(cls, own: Floats, before: Floats) -> _Speed:
        own, before = own[~np.isnan(own)], before[~np.isnan(before)]
        return cls(_median(own), _median(before), len(own))


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _stock(context: Context, rows: Ints) -> float:
    """Return the share of the three commonest opinions; NaN where fewer than half were recorded."""
    opinion = context.column("opinion")[0][rows]
    told = opinion[opinion >= 0]
    if len(told) < len(rows) / 2:
        return float("nan")
    counts = np.sort(np.bincount(told))[::-1]
    return float(counts[:PHRASES].sum() / len(told))


def _bursts(context: Context, rows: Ints) -> float:
    """Return the share of executions that follow one of the same officer within ten minutes; NaN without officers."""
    officer = context.column("resource")[0][rows]
    rows, officer = rows[officer >= 0], officer[officer >= 0]
    if not len(rows):
        return float("nan")
    order = np.lexsort((context.end[rows], officer))
    end, who = context.end[rows[order]], officer[order]
    close = (who[1:] == who[:-1]) & (end[1:] - end[:-1] <= BURST)
    return float(close.sum() / len(rows))


def _finding(
    context: Context,
    t: Thresholds,
    node: tuple[str, str],
    rows: Ints,
    cases: Ints,
    negative: int,
    speed: _Speed,
    stock: float,
    sole: bool,
) -> Finding:
    activity, department = node
    values = {
        "activity": activity, "n": len(rows), "negative": negative, "high": wilson(negative, len(rows))[1],
        "minutes": speed.median,
    }  # fmt: skip
    statement = both(
        "“{activity}”: {negative:,} of {n:,} executions ended in anything but consent (at most {high:.2%} by Wilson's interval), and "
        "one takes {minutes:.1f} minutes in the median, so that little seems to be examined; to be checked.",
        **values,
    )
    caveat = (
        both(
            "Somebody has to decide: this is the only decision of its cases, so it can be examined or combined, not left out. "
            "Consent without exception may also mean that the levels before it are thorough."
        )
        if sole
        else both(
            "Consent without exception may also mean that the levels before it are thorough; whether the law demands the "
            "signature is for the legal office to say. A review is proposed, not its removal."
        )
    )
    high = not np.isnan(stock) and context.log.has("department")
    claimed = rows[np.isin(context.case[rows], cases)]
    return context.finding(
        RULE,
        f"{department}-{activity}" if department else activity,
        title=both("little substantive review at a step"),
        statement=statement,
        caveat=caveat,
        scope={
            "activities": [activity],
            "departments": [department] if department else [],
            "items": context.labels_of("item_code", rows),
        },
        cases=cases,
        population=context.population(rows),
        thresholds=t,
        rows=claimed,
        row_days=context.node_days[claimed],
        confidence="low" if sole else "high" if high else "medium",
        details={
            "executions": len(rows), "negative": negative, "negative_high": values["high"],
            "median_minutes": speed.median, "previous_minutes": _or_none(speed.previous), "only_decision": sole,
            "stock_opinions": _or_none(stock), "in_bursts": _or_none(_bursts(context, rows)),
        },
    )  # fmt: skip


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


RULE = Rule(
    "W02", name, definition, ("result", "stage (check, decide) | level", "start | claim"), find,
    group="堵点", reengineering="U", reductions=("steps", "time"), measures=("M02", "M01"),
    parameters={
        "n": Parameter(400, 30, 1e6), "negative": Parameter(0.01, 0.0, 1.0), "minutes": Parameter(5, 0, 480),
        "of_previous": Parameter(0.10, 0.0, 1.0), "phrases": Parameter(0.95, 0.0, 1.0),
    },
)  # fmt: skip
