"""W03 部门往返: a case goes from A to B and back to A with nothing from the applicant in between."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Rule
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

SHARE = 0.05
Ints = npt.NDArray[np.int64]


def name(lang: Language | None = None) -> str:
    return _("to and fro between departments", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Runs of departments D1, D2, ... of one case (and one item where recorded), broken by every act of the applicant; "
        "a return is D(i) = D(i-2) other than D(i-1). A pair speaks when at least 5 % of the cases in which the first "
        "department works have one. Lost time: from the first department's last act to its next one.",
        lang=lang,
    )


def find(context: Context) -> list[Finding] | NotCheckable:
    if not context.log.has("department"):
        return NotCheckable("W03", *both("departments are not recorded"), ("department",))
    department, labels = context.column("department")
    left, away, returned = bounces(context)
    found = []
    pairs = np.stack([department[left], department[away]], axis=1)
    for a, b in np.unique(pairs, axis=0):
        own = (pairs[:, 0] == a) & (pairs[:, 1] == b)
        rows = left[own]
        lost = context.days(context.end[rows], context.start[returned[own]])
        cases, total = context.by_case(rows, lost)
        population = len(np.unique(context.case[department == a]))
        if len(cases) < context.min_cases or len(cases) < SHARE * population:
            continue
        values = {
            "a": str(labels[a]), "b": str(labels[b]), "cases": len(cases), "share": len(cases) / population, "times": int(own.sum()),
        }  # fmt: skip
        found.append(
            context.finding(
                "W03",
                f"{labels[a]}-{labels[b]}",
                texts=(
                    *both("rather frequent returns between departments"),
                    *both(
                        "{cases} cases ({share:.0%}) go from {a} to {b} and back without an act of the applicant, {times} times; to be checked.",
                        **values,
                    ),
                    *both("A consultation the law prescribes also looks like a return."),
                ),
                scope={"departments": [str(labels[a]), str(labels[b])]},
                cases=cases,
                lost=total,
                population=population,
                confidence="high" if context.log.has("stage") else "medium",
                reengineering="④",
                reductions=("steps", "time"),
                measures=("M03", "M04"),
                group="堵点",
                details={"pair": [str(labels[a]), str(labels[b])], "returns": int(own.sum())},
            )
        )
    return found


def bounces(context: Context) -> tuple[Ints, Ints, Ints]:
    """Return for every return A, B, A the last row of the first A, the first of B, and the first of the second A."""
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
    own = department[rows]
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


RULE = Rule("W03", name, definition, ("department",), find, {"share": SHARE})
