"""W04 退回补正: applications sent back for corrections, and sent back again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.rule import Rule
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

SHARE = 0.05
RESULTS = ("补正", "补齐补正", "退回")
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


def find(context: Context) -> list[Finding] | NotCheckable:
    requests = correction_requests(context)
    if requests is None:
        return NotCheckable(
            "W04", *both("neither the stage of an event nor its result is recorded"), ("stage (correction) | result",)
        )
    item, items = context.column("item_code")
    answered = answers(context, requests)
    lost = context.days(context.end[requests], context.end[answered])
    found = []
    for code in np.unique(item):
        own = np.flatnonzero(item[requests] == code)
        population = len(np.unique(context.case[item == code]))
        cases, total = context.by_case(requests[own], lost[own])
        if len(cases) < context.min_cases or wilson(len(cases), population)[0] < SHARE:
            continue
        label = str(items[code]) if code >= 0 else ""
        known = context.catalogue is not None and bool(label)
        shown = context.catalogue.item_name(label) if known and context.catalogue is not None else label
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
        departments, labels = context.column("department")
        found.append(
            context.finding(
                "W04",
                label or "all",
                texts=(
                    *both("rather many corrections"),
                    *statement,
                    *both("A correction may be the applicant's slip as well as an unclear notice; read the reasons first."),
                ),
                scope={
                    "items": [label] if label else [],
                    "departments": sorted({str(labels[d]) for d in departments[requests[own]] if d >= 0}),
                    "materials": [material for material, _n in materials[:5]],
                },
                cases=cases,
                lost=total,
                population=population,
                confidence="high",
                reengineering="①②",
                reductions=("time", "trips", "materials"),
                measures=("M07", "M09", "M10"),
                group="痛点",
                details={
                    "requests": len(own), "repeated": repeated, "first_pass_yield": 1 - len(cases) / population,
                    "materials": [list(m) for m in materials], "reasons": [list(r) for r in _reasons(context, label or None)],
                },
            )
        )  # fmt: skip
    return found


def correction_requests(context: Context) -> Ints | None:
    """Return the rows in which an office asks for corrections; None where the log cannot say."""
    has_stage, has_result = context.log.has("stage"), context.log.has("result")
    if not has_stage and not has_result:
        return None
    asked = context.among("stage", "correction") & ~context.applicant
    if not asked.any():
        asked = context.among("result", *RESULTS) & ~context.applicant
    return np.flatnonzero(asked)


def answers(context: Context, requests: Ints) -> Ints:
    """Return for every request the row that answers it: the applicant's next act on the item, else its next event.

    Acts that bear no item may answer any request; one that nothing follows is its own answer and loses no time.
    """
    item, _items = context.column("item_code")
    answer = requests.copy()
    for code in np.unique(item[requests]):
        own = np.flatnonzero(item[requests] == code)
        fits = (item == code) | (item < 0) | (code < 0)
        for among in (fits, fits & context.applicant):
            rows = np.flatnonzero(among)
            at = np.searchsorted(rows, requests[own], side="right")
            there = np.flatnonzero(at < len(rows))
            found = rows[at[there]]
            same = context.case[found] == context.case[requests[own[there]]]
            answer[own[there[same]]] = found[same]
    return answer


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


RULE = Rule("W04", name, definition, ("stage (correction) | result",), find, {"share": SHARE})
