"""W01 层层把关: more sign-off levels in one department than the guidance allows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import SIGNING, Context
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def name(lang: Language | None = None) -> str:
    return _("many sign-off levels", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "A department in which at least 10 % of the cases pass more than 3 sign-off levels. Level: the recorded one, else "
        "a distinct activity of the stages review, check, decide. Steps the law demands are levels, too, but never called the ones too many. Lost time: what the levels too many take.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    department, departments = context.column("department")
    item, _items = context.column("item_code")
    human = context.human & (department >= 0)
    by_level = not np.isnan(context.level).all()
    if by_level:
        signing = human & ~np.isnan(context.level)
        level = np.nan_to_num(context.level).astype(np.int64)
    else:
        signing = human & context.among("stage", *SIGNING)
        level = context.column("activity")[0]
    found = []
    for d in np.unique(department[signing]):
        rows = np.flatnonzero(signing & (department == d))
        # One row for every level an item of a case passes; the order of first passing tells which one is beyond.
        key = np.stack([context.case[rows], item[rows], level[rows]], axis=1)
        distinct, first, of = np.unique(key, axis=0, return_index=True, return_inverse=True)
        _pairs, group, counts = np.unique(distinct[:, :2], axis=0, return_inverse=True, return_counts=True)
        over = counts > t["levels"]
        population = len(np.unique(context.case[rows]))
        cases = np.unique(distinct[over[group.ravel()], 0])
        if len(cases) < context.min_cases or len(cases) < t["share"] * population:
            continue
        demanded = np.bincount(of.ravel(), weights=context.legally_required[rows]) > 0
        marked = _beyond(distinct, first, group.ravel(), over, demanded, by_level, int(t["levels"]))
        beyond = rows[marked[of.ravel()]]
        cases = np.unique(context.case[beyond])
        if len(cases) < context.min_cases or len(cases) < t["share"] * population:
            continue  # the law wants them all
        label, most = str(departments[d]), int(counts.max())
        found.append(
            context.finding(
                RULE,
                label,
                title=both("rather many sign-off levels"),
                statement=both(
                    "In {department}, {cases:,} cases ({share:.0%}) pass more than {levels} sign-off levels (up to {n}); to be checked.",
                    department=label, n=most, cases=len(cases), share=len(cases) / population, levels=int(t["levels"]),
                ),
                caveat=both("A second signature or a collective decision the law demands is not a level too many."),
                scope={
                    "departments": [label],
                    "activities": context.labels_of("activity", beyond),
                    "items": context.labels_of("item_code", beyond),
                },
                cases=cases,
                population=population,
                thresholds=t,
                rows=beyond,
                row_days=context.node_days[beyond],
                confidence="high" if by_level else "medium",
                details={
                    "levels": {
                        "allowed": int(t["levels"]), "most": most, "counted_by": "level" if by_level else "activity",
                    }
                },
            )
        )  # fmt: skip
    return found


def _beyond(
    distinct: Ints, first: Ints, group: Ints, over: Bools, demanded: Bools, by_level: bool, allowed: int
) -> Bools:
    """Mark the distinct (case, item, level) that lie beyond the allowed levels, none of which the law demands."""
    # Recorded levels rank by themselves, activities by when they are first passed; what the law demands comes first.
    order = np.lexsort((distinct[:, 2] if by_level else first, ~demanded, group))
    ordered = group[order]
    begins = np.r_[0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1]
    rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.r_[begins, len(order)]))
    marked = np.zeros(len(order), np.bool_)
    marked[order] = (rank >= allowed) & over[ordered] & ~demanded[order]
    return marked


RULE = Rule(
    "W01", name, definition, ("department", "level | stage"), find,
    group="堵点", reengineering="U", reductions=("steps", "time"), measures=("M02",),
    parameters={"levels": Parameter(3, 1, 9), "share": Parameter(0.10, 0.0, 1.0)},
)  # fmt: skip
