"""W01 层层把关: more sign-off levels in one department than the guidance allows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Rule
from flowaudit.eventlog import APPLICANT
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

LEVELS = 3
SHARE = 0.10
SIGNING = ("review", "check", "decide")
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def name(lang: Language | None = None) -> str:
    return _("many sign-off levels", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "A department in which at least 10 % of the cases pass more than 3 sign-off levels. Level: the recorded one, else "
        "a distinct activity of the stages review, check, decide. Lost time: what the levels above the third take.",
        lang=lang,
    )


def find(context: Context) -> list[Finding] | NotCheckable:
    log = context.log
    department, departments = context.column("department")
    item, items = context.column("item_code")
    human = ~context.automatic & (department >= 0)
    if log.has("department") and not np.isnan(context.level).all():
        signing = human & ~np.isnan(context.level)
        level = np.nan_to_num(context.level).astype(np.int64)
        by_level = True
    elif log.has("stage") and log.has("department"):
        signing = human & context.among("stage", *SIGNING)
        level = context.column("activity")[0]
        by_level = False
    else:
        return NotCheckable(
            "W01",
            *both("sign-off levels are not recorded"),
            ("level | stage", "department"),
        )
    found = []
    for d in np.unique(department[signing]):
        if departments[d] == APPLICANT:
            continue
        rows = np.flatnonzero(signing & (department == d))
        # One row for every level an item of a case passes; the order of first passing tells which one is beyond.
        key = np.stack([context.case[rows], item[rows], level[rows]], axis=1)
        distinct, first, of = np.unique(key, axis=0, return_index=True, return_inverse=True)
        _pairs, group, counts = np.unique(distinct[:, :2], axis=0, return_inverse=True, return_counts=True)
        over = counts > LEVELS
        population = len(np.unique(context.case[rows]))
        cases = np.unique(distinct[over[group.ravel()], 0])
        if len(cases) < context.min_cases or len(cases) < SHARE * population:
            continue
        beyond = rows[_beyond(distinct, first, group.ravel(), over, by_level)[of.ravel()]]
        lost_cases, lost = context.by_case(beyond, context.node_days[beyond])
        label = str(departments[d])
        most = int(counts.max())
        values = {"department": label, "n": most, "cases": len(cases), "share": len(cases) / population}
        found.append(
            context.finding(
                "W01",
                label,
                texts=(
                    *both("rather many sign-off levels"),
                    *both(
                        "In {department}, {cases:,} cases ({share:.0%}) pass more than 3 sign-off levels (up to {n}); to be checked.",
                        **values,
                    ),
                    *both("A second signature or a collective decision the law demands is not a level too many."),
                ),
                scope={
                    "departments": [label],
                    "activities": sorted(
                        {context.column("activity")[1][a] for a in context.column("activity")[0][beyond]}
                    ),
                    "items": sorted({str(items[i]) for i in item[beyond] if i >= 0}),
                },
                cases=lost_cases,
                lost=lost,
                population=population,
                confidence="high" if by_level else "medium",
                reengineering="U",
                reductions=("steps", "time"),
                measures=("M02",),
                group="堵点",
                details={
                    "levels": {"allowed": LEVELS, "most": most, "counted_by": "level" if by_level else "activity"}
                },
            )
        )
    return found


def _beyond(distinct: Ints, first: Ints, group: Ints, over: Bools, by_level: bool) -> Bools:
    """Mark the distinct (case, item, level) that lie beyond the allowed levels."""
    # Recorded levels rank by themselves, activities by when they are first passed.
    order = np.lexsort((distinct[:, 2] if by_level else first, group))
    ordered = group[order]
    begins = np.r_[0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1]
    rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.r_[begins, len(order)]))
    marked = np.zeros(len(order), np.bool_)
    marked[order] = (rank >= LEVELS) & over[ordered]
    return marked


RULE = Rule("W01", name, definition, ("department", "level | stage"), find, {"levels": LEVELS, "share": SHARE})
