"""W20 线上线下重复: applied for online, and then the same on paper."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Ints, Stamps
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.papers import among, coded, pair_keys, papers_of, shown_rows
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson

_ONLINE = "线上|网上|网办|在线|电脑|移动|互联网|手机|app|小程序|online|web|mobile|pc"
_OFFLINE = "线下|窗口|大厅|现场|offline|counter|window"
_TO_SHOW = "纸质|纸件|原件|核验|验证材料|paper|original|verify"


def name(lang: Language | None = None) -> str:
    return _("paper after an online application", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Cases whose channel is online. A material of an item counts when the applicant hands it in on paper after it was "
        "handed in electronically in the same case (paper that answers a rejection does not count); a visit counts when its "
        "purpose is to hand in paper or to show originals. An item, or the visits, speak when the lower Wilson bound of the "
        "share of online cases concerned is at least 5 %.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    online, channels = _online(context)
    if online is None:
        reason = both("the log does not say through which channel a case came in")
        return NotCheckable(RULE.id, *reason, ("cases.channel | bundles.channel",))
    return _on_paper(context, t, online, channels) + _visits(context, t, online, channels)


def _online(context: Context) -> tuple[Bools | None, list[str]]:
    """Mark the cases that came in online (those of a bundle all did), and the words for it; None where no channel is known."""
    places = ("bundles", "cases") if context.log.unit == "bundle" else ("cases",)
    for place in places:
        table = _channels(context, place)
        if table is None:
            continue
        codes, labels = coded(table, "channel")
        words = pd.Series(labels, dtype="string")
        yes = words.str.contains(_ONLINE, case=False) & ~words.str.contains(_OFFLINE, case=False)
        marked = np.r_[yes.to_numpy(bool), False][codes]
        case = table["case"].to_numpy(np.int64)
        n = context.log.n_cases
        known, not_online = (np.bincount(case[m], minlength=n) > 0 for m in (codes >= 0, (codes >= 0) & ~marked))
        return known & ~not_online, sorted(words[yes])
    return None, []


def _channels(context: Context, name: str) -> pd.DataFrame | None:
    table = context.table(name)
    return table if table is not None and "channel" in table and bool(table["channel"].notna().any()) else None


def _on_paper(context: Context, t: Thresholds, online: Bools, channels: list[str]) -> list[Finding]:
    papers = papers_of(context)
    if papers is None:
        return []
    own = online[papers.case] & (papers.kind >= 0) & (papers.handed | ~papers.sourced)
    group = pair_keys(papers.case, papers.kind)
    first = _first(group, papers.submitted, own & papers.electronic)
    refused = _first(group, papers.submitted, own & papers.rejected)
    # Corrections on paper are corrections, not a second round for all.
    again = own & papers.paper & (papers.submitted > first) & ~(papers.submitted > refused)
    entries = np.flatnonzero(again)
    item, _items = context.column("item_code")
    population_of = np.unique(pair_keys(np.r_[item, papers.item], np.r_[context.case, papers.case]))
    span = context.log.n_cases + 1
    own_item, own_case = population_of // span - 1, population_of % span - 1
    found = []
    for i in np.unique(papers.item[entries]).tolist():
        mine = entries[papers.item[entries] == i]
        cases = np.unique(papers.case[mine])
        population = int(online[own_case[own_item == i]].sum()) if i >= 0 else int(online.sum())
        if len(cases) < context.min_cases or wilson(len(cases), population)[0] < t["share"]:
            continue
        code = papers.items[i] if i >= 0 else ""
        kinds, often = np.unique(papers.kind[mine], return_counts=True)
        ranked = sorted(zip(papers.of(kinds), often.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
        values = {
            "item": context.item_name(code), "cases": len(cases), "share": len(cases) / population, "material": ranked[0][0],
        }  # fmt: skip
        found.append(
            context.finding(
                RULE,
                f"paper-{code or 'all'}",
                title=both("paper handed in after an online application"),
                statement=both(
                    "“{item}”: in {cases:,} cases ({share:.0%}) that applied online, materials such as “{material}” are handed in again on "
                    "paper; to be checked.",
                    **values,
                )
                if code
                else both(
                    "In {cases:,} cases ({share:.0%}) that applied online, materials such as “{material}” are handed in again on paper; to be checked.",
                    **values,
                ),
                caveat=both("The law may still want the original; applicants may bring paper unasked."),
                scope={
                    "channels": channels, "items": [code] if code else [], "materials": [called for called, _n in ranked],
                },
                cases=cases,
                population=population,
                thresholds=t,
                rows=shown_rows(context, papers, mine, cases),
                confidence="high",
                details={"handed_in_again": len(mine), "materials": [list(pair) for pair in ranked]},
            )
        )  # fmt: skip
    return found


def _first(group: Ints, moment: Stamps, marked: Bools) -> Stamps:
    """Return for every entry when the first marked one of its group was submitted; NaT where none was."""
    at = np.flatnonzero(marked & ~np.isnat(moment))
    at = at[np.lexsort((moment[at], group[at]))]
    keys, begins = np.unique(group[at], return_index=True)
    found = np.full(len(group), np.datetime64("NaT", "us"))
    if len(keys):
        place = np.minimum(np.searchsorted(keys, group), len(keys) - 1)
        there = keys[place] == group
        found[there] = moment[at][begins][place[there]]
    return found


def _visits(context: Context, t: Thresholds, online: Bools, channels: list[str]) -> list[Finding]:
    table = context.table("visits")
    if table is None or "purpose" not in table:
        return []
    codes, purposes = coded(table, "purpose")
    words = pd.Series(purposes, dtype="string")
    meant = set(words[words.str.contains(_TO_SHOW, case=False)])
    case = table["case"].to_numpy(np.int64)
    visits = np.flatnonzero(among(codes, purposes, lambda word: word in meant) & online[case])
    cases, population = np.unique(case[visits]), int(online.sum())
    if len(cases) < context.min_cases or wilson(len(cases), population)[0] < t["share"]:
        return []
    sites = sorted(set(table["site"].iloc[visits].dropna().astype(str))) if "site" in table else []
    return [
        context.finding(
            RULE,
            "visits",
            title=both("visits with paper after an online application"),
            statement=both(
                "In {cases:,} cases ({share:.0%}) that applied online, applicants come to hand in paper or to show originals, {visits:,} "
                "visits; to be checked.",
                cases=len(cases), share=len(cases) / population, visits=len(visits),
            ),
            caveat=both("The law may still want the original; applicants may bring paper unasked."),
            scope={"channels": channels},
            cases=cases,
            population=population,
            thresholds=t,
            confidence="high",
            reductions=("trips",),
            details={
                "visits": len(visits), "purposes": sorted({purposes[c] for c in codes[visits].tolist()}), "sites": sites,
            },
        )
    ]  # fmt: skip


RULE = Rule(
    "W20", name, definition,
    ("cases.channel | bundles.channel", "material_instances.collect_mode | material_instances.form | visits.purpose",
     "material_instances.submit_time | visits.purpose"),
    find,
    group="痛点", reengineering="②", reductions=("materials", "trips"), measures=("M22", "M07"),
    parameters={"share": Parameter(0.05, 0.0, 1.0)},
)  # fmt: skip
