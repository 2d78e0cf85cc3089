"""W03 部门往返: a case goes from A to B and back to A with nothing from the applicant in between; offices likewise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import Context, Texts
from flowaudit.diagnosis.corrections import correction_requests
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def name(lang: Language | None = None) -> str:
    return _("to and fro between departments", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Runs of departments D1, D2, ... of one case (and one item where recorded), broken by every act of the applicant; "
        "a return is D(i) = D(i-2) other than D(i-1). A pair speaks when at least 5 % of the cases in which the first "
        "department works have one. Lost time: from the first department's last act to its next one. Offices of one "
        "department likewise, but for returns with which a correction is asked for: those are W04's.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    department, labels = context.column("department")
    left, away, returned = bounces(context, department)
    found = []
    for pair in _pairs(context, t, department, left, away, returned):
        a, b = (str(labels[code]) for code in pair.codes)
        values = {
            "a": a, "b": b, "cases": len(pair.cases), "share": len(pair.cases) / pair.population, "times": pair.returns,
        }  # fmt: skip
        texts = (
            both("rather frequent returns between departments"),
            both(
                "{cases:,} cases ({share:.0%}) go from {a} to {b} and back without an act of the applicant, {times:,} times; to be checked.",
                **values,
            ),
            both("A consultation the law prescribes also looks like a return."),
        )
        found.append(_finding(context, t, pair, f"{a}-{b}", texts, {"departments": [a, b]}, [a, b]))
    return found + (_between_offices(context, t) if context.log.has("office") else [])


def _between_offices(context: Context, t: Thresholds) -> list[Finding]:
    """Returns between two offices of one department."""
    department, labels = context.column("department")
    office, names = context.column("office")
    # Offices of two departments may bear one name; what bears none stands for no office.
    place = department * (len(names) + 1) + office + 1
    rows = np.stack(bounces(context, place), axis=1)
    asked = correction_requests(context)
    inside = (department[rows] == department[rows[:, :1]]).all(axis=1) & (office[rows] >= 0).all(axis=1)
    rows = rows[inside & ~np.isin(rows[:, 2], () if asked is None else asked)]
    found = []
    for pair in _pairs(context, t, place, *rows.T):
        whole = str(labels[pair.codes[0] // (len(names) + 1)])
        a, b = (str(names[code % (len(names) + 1) - 1]) for code in pair.codes)
        values = {
            "department": whole, "a": a, "b": b, "cases": len(pair.cases), "share": len(pair.cases) / pair.population,
            "times": pair.returns,
        }  # fmt: skip
        texts = (
            both("rather frequent returns between offices of one department"),
            both(
                "In {department}, {cases:,} cases ({share:.0%}) go from {a} to {b} and back without an act of the applicant, {times:,} times; to be checked.",
                **values,
            ),
            both("A check that sends a draft back for good reason also looks like a return."),
        )
        scope = {"departments": [whole], "offices": [a, b]}
        found.append(_finding(context, t, pair, f"{whole}-{a}-{b}", texts, scope, [a, b]))
    return found


@dataclass(frozen=True)
class _Pair:
    """Where cases go and come back from, which ones, how often, and the working days until they are back."""

    codes: tuple[int, int]
    cases: Ints
    lost: Floats
    rows: Ints
    days: Floats
    returns: int
    population: int


def _pairs(context: Context, t: Thresholds, place: Ints, left: Ints, away: Ints, returned: Ints) -> Iterator[_Pair]:
    """Returns by where they begin and lead to, as far as there are enough of them."""
    ends = np.stack([place[left], place[away]], axis=1)
    for a, b in np.unique(ends, axis=0):
        own = (ends[:, 0] == a) & (ends[:, 1] == b)
        rows = left[own]
        cases, lost = context.by_case(rows, context.days(context.end[rows], context.start[returned[own]]))
        population = len(np.unique(context.case[place == a]))
        if len(cases) >= context.min_cases and len(cases) >= t["share"] * population:
            spent = _spent(context, rows, returned[own])
            yield _Pair((int(a), int(b)), cases, lost, *spent, int(own.sum()), population)


def _spent(context: Context, left: Ints, returned: Ints) -> tuple[Ints, Floats]:
    """The rows on which the time of a return is spent: all of those in between, the waiting of the one that comes back."""
    item, _items = context.column("item_code")
    length = returned - left
    of = np.repeat(np.arange(len(left)), length)
    rows = np.arange(len(of)) - np.repeat(np.cumsum(length) - length, length) + left[of] + 1
    own = (item[rows] == item[left[of]]) | (item[rows] < 0)
    rows, of = rows[own], of[own]
    days = np.where(rows == returned[of], context.wait_days[rows], context.node_days[rows])
    rows, where = np.unique(rows, return_inverse=True)
    most = np.zeros(len(rows))
    np.maximum.at(most, where, days)
    return rows, most


def _finding(
    context: Context,
    t: Thresholds,
    pair: _Pair,
    key: str,
    texts: tuple[Texts, Texts, Texts],
    scope: dict[str, list[str]],
    names: list[str],
) -> Finding:
    inside = "offices" in scope
    title, statement, caveat = texts
    return context.finding(
        RULE,
        key,
        title=title,
        statement=statement,
        caveat=caveat,
        scope=scope,
        cases=pair.cases,
        population=pair.population,
        thresholds=t,
        lost=pair.lost,
        rows=pair.rows,
        row_days=pair.days,
        confidence="high" if context.log.has("stage") else "medium",
        reengineering="U" if inside else None,
        measures=("M03",) if inside else None,
        details={"pair": names, "returns": pair.returns},
    )


def bounces(context: Context, place: Ints) -> tuple[Ints, Ints, Ints]:
    """Return for every return A, B, A the last row of the first A, the first of B, and the first of the second A.

    ``place`` says of every row where it was handled; rows without a department are passed over.
    """
    department, _labels = context.column("department")
    item, _items = context.column("item_code")
    rows = np.flatnonzero((department >= 0) & ~context.automatic)
    # Items of one bundle are looked at one by one: serial items are no returns.
    rows = rows[np.lexsort((rows, item[rows], context.case[rows]))]
    group = np.stack([context.case[rows], item[rows]], axis=1)
    breaks = context.applicant[rows]
    new = np.r_[True, (group[1:] != group[:-1]).any(axis=1)] | breaks | np.r_[False, breaks[:-1]]
    segment = np.cumsum(new)
    rows, segment = rows[~breaks], segment[~breaks]
    if not len(rows):
        return rows, rows, rows
    own = place[rows]
    change = np.r_[True, (own[1:] != own[:-1]) | (segment[1:] != segment[:-1])]
    first = np.flatnonzero(change)
    last = np.r_[first[1:] - 1, len(rows) - 1]
    d, s = own[first], segment[first]
    if len(d) < 3:
        return rows[:0], rows[:0], rows[:0]
    back = np.flatnonzero((d[2:] == d[:-2]) & (d[1:-1] != d[:-2]) & (s[2:] == s[:-2]) & (s[1:-1] == s[:-2]))
    left, away, returned = rows[last[back]], rows[first[back + 1]], rows[first[back + 2]]
    # An act of the applicant that serves several items bears no item and breaks the runs of all of them.
    acts = np.cumsum(context.applicant & (item < 0))
    unbroken = acts[returned] == acts[left]
    return left[unbroken], away[unbroken], returned[unbroken]


RULE = Rule(
    "W03", name, definition, ("department",), find,
    group="堵点", reengineering="④", reductions=("steps", "time"), measures=("M03", "M04"),
    parameters={"share": Parameter(0.05, 0.0, 1.0)},
)  # fmt: skip
