"""W24 应归未归、应免未免: materials that the rules exempt are handed in all the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Context, Ints, quoted
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.papers import Papers, papers_of, shown_rows
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, exemptions, wilson


def name(lang: Language | None = None) -> str:
    return _("exempt materials handed in", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Materials that an authority of the city issues and that can be retrieved, or of which there is an e-licence, need "
        "not be handed in (两个免于提交). A material of an item speaks when the lower Wilson bound of the share of its cases "
        "in which the applicant hands it in is at least 10 %. Issued by the city but not yet retrievable: listed, not "
        "counted.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    papers = papers_of(context)
    assert context.catalogue is not None  # the needs name a table of it
    rules = exemptions(context.catalogue)
    if papers is None or isinstance(rules, NotRecorded):
        return []
    usable = np.flatnonzero((papers.kind >= 0) & (papers.item >= 0))
    if not len(usable):
        reason = both("the log does not say for which item a material was handed in")
        return NotCheckable(RULE.id, *reason, ("item_code | material_instances.item_code",))
    entries = _ruled(papers, usable, rules)
    once = entries.groupby(["item", "kind", "case"], as_index=False).agg(
        handed=("handed", "max"), covered=("covered", "first"), status=("status", "first")
    )
    counted = once.groupby(["item", "kind"], as_index=False).agg(
        n=("handed", "size"), k=("handed", "sum"), covered=("covered", "first"), status=("status", "first")
    )
    low = [wilson(int(k), int(n))[0] for k, n in zip(counted["k"], counted["n"], strict=True)]
    speaks = counted["covered"].to_numpy(bool) & (np.array(low) >= t["share"])
    found = []
    for i, own in counted[speaks].groupby("item", sort=True):
        mine = once[(once["item"] == i) & once["kind"].isin(own["kind"])]
        number = mine[mine["handed"]].groupby("case").size().sort_values(ascending=False, kind="stable")
        if len(number) < context.min_cases:
            continue
        own = own.sort_values(["k", "kind"], ascending=[False, True], kind="stable")
        waiting = counted[(counted["item"] == i) & (counted["status"] == "to_be_collected") & (counted["k"] > 0)]
        handed = entries[(entries["item"] == i) & entries["kind"].isin(own["kind"]) & entries["handed"].astype(bool)]
        group = _Group(
            papers.items[int(str(i))],
            own,
            waiting,
            handed["entry"].to_numpy(np.int64),
            number,
            int(mine["case"].nunique()),
        )
        found.append(_finding(context, t, papers, group))
    return found


def _ruled(papers: Papers, usable: Ints, rules: pd.DataFrame) -> pd.DataFrame:
    """Return the entries that the guides ask for, with what the rules say of each: exempt or not, and why not yet."""
    items = {label: i for i, label in enumerate(papers.items)}
    kinds = {label: i for i, label in enumerate(papers.kinds)}
    ruled = pd.DataFrame(
        {
            "item": rules["item_code"].astype(str).map(items),
            "kind": rules["canonical_id"].astype("string").map(kinds),
            "covered": rules["by_issuer"].fillna(False).astype(bool) | rules["by_elicence"].fillna(False).astype(bool),
            "status": rules["status"],
        }
    ).dropna(subset=["item", "kind"])
    entries = pd.DataFrame(
        {
            "entry": usable, "item": papers.item[usable], "kind": papers.kind[usable], "case": papers.case[usable],
            "handed": papers.handed[usable],
        }
    )  # fmt: skip
    return entries.merge(ruled.astype({"item": np.int64, "kind": np.int64}), on=["item", "kind"])


@dataclass(frozen=True, eq=False)
class _Group:
    """An item: its exempt materials that are handed in, those still to be collected, the entries, their number a case."""

    item: str
    exempt: pd.DataFrame
    waiting: pd.DataFrame
    entries: Ints
    number: pd.Series
    population: int


def _finding(context: Context, t: Thresholds, papers: Papers, group: _Group) -> Finding:
    own, waiting = group.exempt, group.waiting
    cases = group.number.index.to_numpy(np.int64)
    called = papers.of(own["kind"].to_numpy(np.int64))
    values = {
        "item": context.item_name(group.item),
        "cases": len(cases),
        "share": len(cases) / group.population,
    }
    texts = [
        both(
            "“{item}”: what the rules exempt ({materials}) is handed in by the applicant in {cases:,} cases ({share:.0%}); to be "
            "checked.",
            materials=shown, **values,
        )
        for shown in quoted(called)
    ]  # fmt: skip
    # What the guide itself exempts is asked for against the guide; else the guide does not know the rule yet.
    by_guide = (own["status"] == "exempt").to_numpy(bool)
    return context.finding(
        RULE,
        group.item,
        title=both("exemption from handing in materials not yet carried through"),
        statement=(texts[0][0], texts[1][1]),
        caveat=both(
            "The e-licence of a single applicant may be missing or out of date, and applicants may hand in a paper unasked."
        ),
        scope={"items": [group.item], "materials": called},
        cases=cases,
        population=group.population,
        thresholds=t,
        rows=shown_rows(context, papers, group.entries, cases),
        confidence="high",
        details={
            "materials": [
                {
                    "canonical_id": papers.kinds[int(kind)], "handed_in": int(k), "cases": int(n), "share": int(k) / int(n),
                    "exempt_by_guide": bool(guide),
                }
                for kind, k, n, guide in zip(own["kind"], own["k"], own["n"], by_guide, strict=True)
            ],
            "handed_in_per_case": float(group.number.sum() / group.population),
            "to_be_collected": [
                {"canonical_id": papers.kinds[int(kind)], "handed_in": int(k), "cases": int(n)}
                for kind, k, n in zip(waiting["kind"], waiting["k"], waiting["n"], strict=True)
            ],
        },
    )  # fmt: skip


RULE = Rule(
    "W24", name, definition,
    ("catalogue.item_materials.issuer_scope | catalogue.item_materials.elicence_type", "material_instances.source",
     "material_instances.canonical_id | material_instances.material_code | material_instances.material_name"),
    find,
    group="痛点", reengineering="②", reductions=("materials",), measures=("M07",),
    parameters={"share": Parameter(0.10, 0.0, 1.0)},
)  # fmt: skip
