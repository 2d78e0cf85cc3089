"""W08 重复踏勘: the same premises inspected again by another department, or for another item."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.one_things import items_of_rows
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

MOST_AT_ONE_PLACE = 20
"""A place where more cases are inspected is no premises but a hall or a district."""


def name(lang: Language | None = None) -> str:
    return _("repeated inspections", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Events of the stage inspect at one site at most 30 working days after one by another department, or by the same one for "
        "another item; a department that comes again for the same item is none. Site: the bundle, else the applicant, each with "
        "the recorded location, else a location of at most 20 cases, else the case. A joint inspection (one event, the same "
        "start, or at the same time) is one; what the law demands is no repetition. Two departments (or one) speak when "
        "Wilson's lower bound of the share of cases is at least 5 %. Lost time: waiting for the repeated ones and their work.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    department, departments = context.column("department")
    rows = np.flatnonzero(context.among("stage", "inspect") & context.human & (department >= 0))
    if not len(rows):
        return []
    first, again = _repeated(context, rows, t["within_days"])
    found = []
    for pair, of, visited in _pairs(context, rows, first, again):
        repeated = np.unique(again[of])
        cases, population = np.unique(context.case[repeated]), len(np.unique(context.case[visited]))
        if len(cases) < context.min_cases or wilson(len(cases), population)[0] < t["share"]:
            continue
        a, b = sorted(str(departments[code]) for code in pair)
        involved = np.union1d(first[of], repeated)
        items = context.labels_of("item_code", involved)
        values = {"a": a, "b": b, "cases": len(cases), "share": len(cases) / population, "days": int(t["within_days"])}
        statement = (
            both(
                "{cases:,} cases ({share:.0%}) are inspected by {a} and by {b} separately, at most {days} working days apart; to be checked.",
                **values,
            )
            if a != b
            else both(
                "{cases:,} cases ({share:.0%}) are inspected by {a} more than once for different items, at most {days} working days "
                "apart; to be checked.",
                **values,
            )
        )
        found.append(
            context.finding(
                RULE,
                f"{a}-{b}",
                title=both("repeated inspections of the same premises"),
                statement=statement,
                caveat=both(
                    "Inspections that need different stages of the work, or a second look after a failed one, cannot be joined."
                ),
                scope={"departments": [a, b], "activities": context.labels_of("activity", involved), "items": items},
                cases=cases,
                population=population,
                thresholds=t,
                rows=repeated,
                row_days=context.node_days[repeated],
                look=involved,
                confidence="high" if context.log.has("location") or context.log.unit == "bundle" else "medium",
                details={"pair": [a, b], "repeated": len(repeated)},
            )
        )
    return found


def _repeated(context: Context, rows: Ints, within: float) -> tuple[Ints, Ints]:
    """Return the inspections that repeat one of another department or item, and which one each repeats."""
    site = _site(context, rows)
    department, item = context.column("department")[0][rows], items_of_rows(context)[0][rows]
    order = np.lexsort((rows, context.end[rows], context.start[rows], site))
    rows, site, department, item = rows[order], site[order], department[order], item[order]
    # Coming again for the same item is a second look, and one event in several cases of a site is one inspection.
    kind = _combined(site, department, item)
    last = np.lexsort((np.arange(len(rows)), kind))
    second = np.zeros(len(rows), np.bool_)
    a, b = last[:-1], last[1:]
    near = context.days(context.start[rows[a]], context.start[rows[b]]) <= within
    second[b] = (kind[a] == kind[b]) & near
    event = context.column("event_id")[0][rows]
    second |= (event >= 0) & pd.Series(_combined(site, event)).duplicated().to_numpy(bool)
    rows, site, department, item = (x[~second] for x in (rows, site, department, item))
    a, b = np.arange(len(rows) - 1), np.arange(1, len(rows))
    with np.errstate(invalid="ignore"):
        apart = context.start[rows[b]] >= context.end[rows[a]]
        apart &= context.start[rows[b]] > context.start[rows[a]]
    other = (department[a] != department[b]) | ((item[a] != item[b]) & (item[a] >= 0) & (item[b] >= 0))
    fits = (site[a] == site[b]) & apart & other & ~context.legally_required[rows[b]]
    fits &= context.days(context.start[rows[a]], context.start[rows[b]]) <= within
    return rows[a[fits]], rows[b[fits]]


def _pairs(context: Context, rows: Ints, first: Ints, again: Ints) -> Iterator[tuple[tuple[int, int], Bools, Ints]]:
    """Two departments, in whichever order they come: their repetitions, and all inspections by either of them."""
    department = context.column("department")[0]
    ends = np.sort(np.stack([department[first], department[again]], axis=1), axis=1)
    distinct, which = np.unique(ends, axis=0, return_inverse=True)
    for place, (a, b) in enumerate(distinct.tolist()):
        yield (a, b), which.ravel() == place, rows[np.isin(department[rows], (a, b))]


def _site(context: Context, rows: Ints) -> Ints:
    """Return a number for the premises that each row looks at."""
    place = context.column("location")[0][rows]
    case = context.case[rows]
    owner, told = case.copy(), np.full(len(rows), context.log.unit == "bundle")
    table = context.table("cases")
    for column in ("applicant_id", "bundle_id"):
        if context.log.unit == "case" and table is not None and column in table:
            known = table.dropna(subset=[column])
            number = np.full(context.log.n_cases, -1, np.int64)
            number[known["case"]] = pd.factorize(known[column])[0] + context.log.n_cases * (1 + (column == "bundle_id"))
            own = number[case] >= 0
            owner, told = np.where(own, number[case], owner), told | own
    # Without an owner a location stands for the premises, if it is one.
    pairs = np.unique(np.stack([place, case], axis=1), axis=0)
    cases_at = np.bincount(pairs[pairs[:, 0] >= 0, 0], minlength=place.max(initial=0) + 1)
    alone = ~told & (place >= 0) & (cases_at[np.maximum(place, 0)] <= MOST_AT_ONE_PLACE)
    owner = np.where(alone, -1, owner)
    place = np.where(told | alone, place, -1)
    return _combined(owner, place)


def _combined(*codes: Ints) -> Ints:
    """Return one number for every combination of codes, each at least -1."""
    key = np.zeros(len(codes[0]), np.int64)
    for own in codes:
        key = pd.factorize(key)[0] * (own.max(initial=-1) + 2) + own + 1
    return np.asarray(key, np.int64)


RULE = Rule(
    "W08", name, definition, ("stage (inspect)", "department"), find,
    group="痛点", reengineering="④", reductions=("steps", "time"), measures=("M14",),
    parameters={"within_days": Parameter(30, 0, 365), "share": Parameter(0.05, 0.0, 1.0)},
)  # fmt: skip
