"""W04 退回补正: applications sent back for corrections, and sent back again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.corrections import answers, correction_requests
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

Ints = npt.NDArray[np.int64]


def name(lang: Language | None = None) -> str:
    return _("corrections", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Requests for corrections: events of the stage correction by an office, or with the result 补正 or 退回. An item "
        "(or the whole log) speaks when the lower Wilson bound of the share of cases with one is at least 5 %. Lost "
        "time: from the request to the applicant's next act, or the next event.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    requests = correction_requests(context)
    assert requests is not None  # stage or result is there, or nobody would ask
    item, items = context.column("item_code")
    answered = answers(context, requests)
    lost = context.days(context.end[requests], context.end[answered])
    found = []
    for code in np.unique(item):
        own = np.flatnonzero(item[requests] == code)
        population = len(np.unique(context.case[item == code]))
        cases = np.unique(context.case[requests[own]])
        if len(cases) < context.min_cases or wilson(len(cases), population)[0] < t["share"]:
            continue
        label = str(items[code]) if code >= 0 else ""
        shown = context.item_name(label)
        repeated = int((np.unique(context.case[requests[own]], return_counts=True)[1] > 1).sum())
        materials = _pareto(context, label or None)
        values = {
            "item": shown, "cases": len(cases), "share": len(cases) / population, "repeated": repeated,
            "yield": 1 - len(cases) / population,
        }  # fmt: skip
        statement = (
            both(
                "“{item}”: {cases:,} cases ({share:.0%}) were asked for corrections, {repeated:,} of them more than once; first-pass "
                "yield {yield:.0%}; to be checked.",
                **values,
            )
            if label
            else both(
                "{cases:,} cases ({share:.0%}) were asked for corrections, {repeated:,} of them more than once; first-pass yield "
                "{yield:.0%}; to be checked.",
                **values,
            )
        )
        found.append(
            context.finding(
                RULE,
                label or "all",
                title=both("rather many corrections"),
                statement=statement,
                caveat=both("A correction may be the applicant's slip as well as an unclear notice; read the reasons first."),
                scope={
                    "items": [label] if label else [],
                    "departments": context.labels_of("department", requests[own]),
                    "materials": [material for material, _n in materials[:5]],
                },
                cases=cases,
                population=population,
                thresholds=t,
                rows=answered[own],
                row_days=lost[own],
                confidence="high",
                details={
                    "requests": len(own), "repeated": repeated, "first_pass_yield": 1 - len(cases) / population,
                    "materials": [list(m) for m in materials], "reasons": [list(r) for r in _reasons(context, label or None)],
                },
            )
        )  # fmt: skip
    return found


def _pareto(context: Context, item: str | None) -> list[tuple[str, int]]:
    """Rejected materials, most frequent first, by their catalogue names."""
    names: dict[Any, Any] = {}
    materials = context.catalogue.materials if context.catalogue is not None else None
    if materials is not None and {"canonical_id", "name"} <= set(materials.columns):
        names = dict(zip(materials["canonical_id"], materials["name"], strict=True))
    counts = Counter(str(names.get(m, m)) for m in _rejected(context, item, "canonical_id"))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _reasons(context: Context, item: str | None) -> list[tuple[str, int]]:
    """Reasons of the rejections, most frequent first."""
    counts = Counter(str(reason) for reason in _rejected(context, item, "reject_reason"))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _rejected(context: Context, item: str | None, column: str) -> list[Any]:
    """What a column says of the rejected materials; nothing where it was not recorded."""
    table = context.log.table("material_instances")
    if table is None or not {"accepted", column} <= set(table.columns):
        return []
    rejected = table[table["accepted"].astype(str).str.casefold() == "false"]
    if item is not None and "item_code" in rejected:
        rejected = rejected[rejected["item_code"] == item]
    return list(rejected[column].dropna())


RULE = Rule(
    "W04", name, definition, ("stage (correction) | result",), find,
    group="痛点", reengineering="①②", reductions=("time", "trips", "materials"), measures=("M09", "M10", "M07"),
    parameters={"share": Parameter(0.05, 0.0, 1.0)},
)  # fmt: skip
