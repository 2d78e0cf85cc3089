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
        "a distinct activity of the stages review, check, decide; counted from the acceptance to the decision where these are recorded. What the law demands is one level together, and never one too many. Lost time: what the levels too many take.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    department, departments = context.column("department")
    item, _items = context.column("item_code")
    human = context.human & (department >= 0) & _inside(context)
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
        key = np.stack([context.case[rows], item[rows], level[rows], context.legally_required[rows]], axis=1)
        distinct, first, of = np.unique(key, axis=0, return_index=True, return_inverse=True)
        demanded = distinct[:, 3] > 0
        _pairs, group = np.unique(distinct[:, :2], axis=0, return_inverse=True)
        group = group.ravel()
        # Signatures the law demands are one level together: the decision, and what it wants beside it.
        lawful = np.bincount(group, weights=demanded) > 0
        counts = (np.bincount(group, weights=~demanded) + lawful).astype(np.int64)
        rank = _rank(distinct[:, 2] if by_level else first, group, demanded)
        beyond = rows[((rank >= t["levels"] - lawful[group]) & ~demanded)[of.ravel()]]
        population = len(np.unique(context.case[rows]))
        cases = np.unique(context.case[beyond])
        if len(cases) < context.min_cases or len(cases) < t["share"] * population:
            continue
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


def _inside(context: Context) -> Bools:
    """Mark the rows after the acceptance of their item and up to its decision, as far as these are recorded."""
    item, items = context.column("item_code")
    frame, width = context.clocks, len(items) + 1
    place = {str(label): code for code, label in enumerate(items)}
    codes = np.array([-1 if label is None else place.get(str(label), -1) for label in frame["item_code"]], np.int64)
    key = frame["case"].to_numpy(np.int64) * width + codes + 1
    order = np.argsort(key, kind="stable")
    wanted = context.case * width + item + 1
    at = np.minimum(np.searchsorted(key[order], wanted), max(len(key) - 1, 0))
    inside = np.ones(len(item), np.bool_)
    if len(key):
        known = key[order][at] == wanted
        accepted, decided = (frame[c].to_numpy("datetime64[us]")[order][at] for c in ("accepted", "decided"))
        inside = ~known | (~(context.end < accepted) & ~(context.end > decided))
    return inside


def _rank(order_by: Ints, group: Ints, demanded: Bools) -> Ints:
    """Rank the levels of each group from 0: recorded levels by themselves, activities by when they are first passed.

    Those the law demands come last.
    """
    order = np.lexsort((order_by, demanded, group))
    ordered = group[order]
    begins = np.r_[0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1]
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(begins, np.diff(np.r_[begins, len(order)]))
    return rank


RULE = Rule(
    "W01", name, definition, ("department", "level | stage"), find,
    group="堵点", reengineering="U", reductions=("steps", "time"), measures=("M02",),
    parameters={"levels": Parameter(3, 1, 9), "share": Parameter(0.10, 0.0, 1.0)},
)  # fmt: skip
