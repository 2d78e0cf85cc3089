"""W06 重复提交材料: a material that the applicant hands in for several items, or that is another item's result."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Ints, Texts
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.papers import Papers, first_of, pair_keys, papers_of, shown_rows
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, exemptions, wilson


def name(lang: Language | None = None) -> str:
    return _("materials handed in again", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "A canonical material that the applicant hands in for k items of one bundle is handed in k - 1 times too often, and "
        "every time where it is the result of another item of the bundle; handing in again after a correction of the same "
        "item does not count. Without bundles: again for another item of the same applicant within 30 working days. A "
        "material speaks when the lower Wilson bound of the share of cases concerned, among those in which it is handed "
        "in, is at least 5 %.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    papers = papers_of(context)
    if papers is None:
        return []
    usable = np.flatnonzero(papers.handed & (papers.kind >= 0) & (papers.item >= 0))
    if not len(usable) and bool((papers.handed & (papers.kind >= 0)).any()):
        reason = both("the log does not say for which item a material was handed in")
        return NotCheckable(RULE.id, *reason, ("item_code | material_instances.item_code",))
    # A material handed in again for the same item was corrected, not asked for twice: what came first counts.
    usable = usable[np.argsort(papers.submitted[usable], kind="stable")]
    once = np.sort(usable[first_of(papers.case[usable], papers.kind[usable], papers.item[usable])])
    by_bundle = context.log.unit == "bundle"
    if by_bundle:
        result = _results(context, papers, once)
        too_often = _spare(papers, once, result)
    else:
        result = np.zeros(len(once), np.bool_)
        too_often = _again(context, papers, once, t["days"])
    exempt = _exempt(context)
    times, resulting = too_often.astype(np.int64), (too_often & result).astype(np.int64)
    kind, case = papers.kind[once], papers.case[once]
    n = max(len(papers.kinds), 1)
    every, place = np.unique(case * n + kind, return_inverse=True)
    spare = np.bincount(place, weights=times).astype(np.int64)
    as_result = np.bincount(place, weights=resulting).astype(np.int64)
    found = []
    for k in np.unique(kind):
        own = np.flatnonzero(every % n == k)
        concerned = own[spare[own] > 0]
        if len(concerned) < context.min_cases or wilson(len(concerned), len(own))[0] < t["share"]:
            continue
        concerned = concerned[np.argsort(-spare[concerned], kind="stable")]
        cases = every[concerned] // n
        entries = once[(kind == k) & np.isin(case, cases)]
        items = sorted(papers.items[i] for i in np.unique(papers.item[entries]))
        number, of_results = int(spare[own].sum()), int(as_result[own].sum())
        material = papers.kinds[k]
        found.append(
            context.finding(
                RULE,
                material,
                title=both("materials handed in repeatedly"),
                statement=_statement(papers.names[k], len(cases), len(own), number, of_results, t, by_bundle=by_bundle),
                caveat=both(
                    "The law may want an original for every item, and a name may cover different papers; what is exempt by rule "
                    "is counted by the rule on exemptions, too."
                ),
                scope={"materials": [papers.names[k]], "items": items},
                cases=cases,
                population=len(own),
                thresholds=t,
                rows=shown_rows(context, papers, entries, cases),
                confidence="high" if by_bundle and material not in _uncertain(papers) else "medium",
                details={
                    "canonical_id": material, "handed_in_too_often": number, "of_these_results_of_another_item": of_results,
                    "items_per_case": float(np.isin(case * n + kind, every[own]).sum() / len(own)),
                    "all_materials_too_often": int(times.sum()), "exempt_by_rule": material in exempt,
                },
            )
        )  # fmt: skip
    return found


def _statement(
    material: str, cases: int, population: int, times: int, results: int, t: Thresholds, *, by_bundle: bool
) -> Texts:
    values = {"material": material, "cases": cases, "share": cases / population, "times": times}
    if not by_bundle:
        return both(
            "“{material}”: in {cases:,} cases ({share:.0%}) applicants hand in what they handed in for another item within the "
            "last {days:g} working days; to be checked.",
            days=t["days"], **values,
        )  # fmt: skip
    if results == times:
        return both(
            "“{material}” is the result of another item of the same bundle, but in {cases:,} bundles ({share:.0%}) the applicant "
            "hands it in, {times:,} times; to be checked.",
            **values,
        )
    return both(
        "“{material}”: in {cases:,} bundles ({share:.0%}) the applicant hands it in for more items than needed, {times:,} times "
        "too often; to be checked.",
        **values,
    )


def _uncertain(papers: Papers) -> set[str]:
    """Kinds that nothing but their name tells apart."""
    return {kind for kind, called in zip(papers.kinds, papers.names, strict=True) if kind == called}


def _results(context: Context, papers: Papers, once: Ints) -> Bools:
    """Mark what is the result of another item of the same bundle."""
    found = np.zeros(len(once), np.bool_)
    table = None if context.catalogue is None else context.catalogue.item_materials
    if table is None or not {"produced_by_item", "canonical_id"} <= set(table.columns):
        return found
    made = table.dropna(subset=["produced_by_item", "canonical_id"])[["item_code", "canonical_id", "produced_by_item"]]
    made = made.astype(str).drop_duplicates()
    made = made[made["item_code"] != made["produced_by_item"]]
    items = {label: i for i, label in enumerate(papers.items)}
    kinds = {label: i for i, label in enumerate(papers.kinds)}
    known = pd.DataFrame(
        {
            "item": made["item_code"].map(items), "kind": made["canonical_id"].map(kinds),
            "maker": made["produced_by_item"].map(items),
        }
    ).dropna().astype(np.int64)  # fmt: skip
    entries = pd.DataFrame({"at": np.arange(len(once)), "item": papers.item[once], "kind": papers.kind[once]})
    joined = entries.merge(known, on=["item", "kind"])
    item, _labels = context.column("item_code")
    here = np.unique(pair_keys(np.r_[context.case, papers.case], np.r_[item, papers.item]))
    span = max(int(item.max(initial=-1)), int(papers.item.max(initial=-1))) + 2
    wanted = (papers.case[once[joined["at"].to_numpy()]] + 1) * span + joined["maker"].to_numpy() + 1
    found[joined["at"].to_numpy()[np.isin(wanted, here)]] = True
    return found


def _spare(papers: Papers, once: Ints, result: Bools) -> Bools:
    """Mark what need not be handed in: results of other items, and all but one of the others."""
    group = pair_keys(papers.case[once], papers.kind[once])
    # One copy is enough for the bundle: the first that is no result.
    first = np.zeros(len(once), np.bool_)
    others = np.flatnonzero(~result)
    first[others[first_of(group[others])]] = True
    return ~first


def _again(context: Context, papers: Papers, once: Ints, days: float) -> Bools:
    """Mark what the same applicant handed in for another item within so many working days before."""
    found = np.zeros(len(once), np.bool_)
    table = context.table("cases")
    if table is None or "applicant_id" not in table:
        return found
    applicant = np.full(context.log.n_cases, -1, np.int64)
    applicant[table["case"].to_numpy(np.int64)] = pd.factorize(table["applicant_id"])[0]
    began = context.start[np.asarray(context.log.case_ptr[:-1], np.int64)]
    moment = np.where(np.isnat(papers.submitted[once]), began[papers.case[once]], papers.submitted[once])
    known = np.flatnonzero(applicant[papers.case[once]] >= 0)
    who, kind, item = applicant[papers.case[once]][known], papers.kind[once][known], papers.item[once][known]
    order = np.lexsort((item, moment[known], kind, who))
    at = known[order]
    group, item = pair_keys(who, kind)[order], item[order]
    # The last one for another item is the one before the present run of equal items.
    new_group = np.r_[True, group[1:] != group[:-1]]
    new_run = new_group | np.r_[True, item[1:] != item[:-1]]
    run = np.flatnonzero(new_run)
    before = np.repeat(np.where(new_group[run], -1, run - 1), np.diff(np.r_[run, len(at)]))
    there = np.flatnonzero(before >= 0)
    apart = context.days(moment[at[before[there]]], moment[at[there]])
    found[at[there[apart <= days]]] = True
    return found


def _exempt(context: Context) -> set[str]:
    """Kinds that a rule exempts from being handed in."""
    table = None if context.catalogue is None else exemptions(context.catalogue)
    if table is None or isinstance(table, NotRecorded):
        return set()
    covered = table["by_issuer"].fillna(False).astype(bool) | table["by_elicence"].fillna(False).astype(bool)
    return set(table.loc[covered, "canonical_id"].astype(str))


RULE = Rule(
    "W06", name, definition,
    ("bundles | cases.applicant_id", "material_instances.source",
     "material_instances.canonical_id | material_instances.material_code | material_instances.material_name"),
    find,
    group="痛点", reengineering="②", reductions=("materials", "trips"), measures=("M08", "M07"),
    parameters={"share": Parameter(0.05, 0.0, 1.0), "days": Parameter(30, 1, 1000)},
)  # fmt: skip
