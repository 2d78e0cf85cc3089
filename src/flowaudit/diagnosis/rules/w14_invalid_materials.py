"""W14 无效材料: materials that are rejected again and again, and optional ones that are collected but never looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Context, Floats, Ints
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.papers import Papers, act_rows, pair_keys, papers_of, shown_rows
from flowaudit.diagnosis.rule import Parameter, Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.metrics import wilson


def name(lang: Language | None = None) -> str:
    return _("materials that cannot be used or are not used", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Rejected: a material of an item, where the lower Wilson bound of the share of its cases in which it was rejected "
        "at least once is at least 10 %; lost time: from the rejected submission to the accepted one of the same material "
        "and case. Not used: a material the catalogue calls optional, handed in by the applicant in such a share of the "
        "item's cases, that no recorded opinion names.",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    papers = papers_of(context)
    if papers is None:
        return []
    optional = _optional(context, papers)
    if not papers.judged.any() and not (len(optional) and context.log.has("opinion")):
        reason = both("neither rejections nor opinions are recorded, so that nobody knows which materials were of use")
        return NotCheckable(RULE.id, *reason, ("material_instances.accepted | opinion",))
    return _rejected(context, t, papers) + _not_used(context, t, papers, optional)


# Rejected.


def _rejected(context: Context, t: Thresholds, papers: Papers) -> list[Finding]:
    judged = np.flatnonzero(papers.judged & (papers.kind >= 0))
    place = pair_keys(papers.item[judged], papers.kind[judged])
    places, of = np.unique(place, return_inverse=True)
    n = max(context.log.n_cases, 1)
    every = np.unique(of * n + papers.case[judged])
    bad = np.unique((of * n + papers.case[judged])[papers.rejected[judged]])
    population, concerned = (np.bincount(key // n, minlength=len(places)) for key in (every, bad))
    found = []
    for p in np.flatnonzero(concerned >= context.min_cases).tolist():
        if wilson(int(concerned[p]), int(population[p]))[0] < t["share"]:
            continue
        entries = judged[of == p]
        item, kind = int(papers.item[entries[0]]), int(papers.kind[entries[0]])
        refused = entries[papers.rejected[entries]]
        cases = np.unique(papers.case[refused])
        lost, rows, row_days = _loop(context, papers, entries, cases)
        code = papers.items[item] if item >= 0 else ""
        reasons = papers.reason.iloc[refused].dropna().astype(str).value_counts()
        ranked = sorted(reasons.items(), key=lambda pair: (-pair[1], str(pair[0])))
        values = {
            "item": context.item_name(code), "material": papers.names[kind], "cases": len(cases),
            "share": len(cases) / int(population[p]), "times": len(refused),
        }  # fmt: skip
        found.append(
            context.finding(
                RULE,
                "-".join(filter(None, ["rejected", code, papers.kinds[kind]])),
                title=both("materials rejected rather often"),
                statement=both(
                    "“{item}”: “{material}” was rejected in {cases:,} cases ({share:.0%}), {times:,} times in all; to be checked.",
                    **values,
                )
                if code
                else both(
                    "“{material}” was rejected in {cases:,} cases ({share:.0%}), {times:,} times in all; to be checked.", **values
                ),
                caveat=both("A rejection may be the applicant's slip, an unclear notice or a strict examiner; read the reasons first."),
                scope={"items": [code] if code else [], "materials": [papers.names[kind]]},
                cases=cases,
                population=int(population[p]),
                thresholds=t,
                lost=lost,
                rows=rows,
                row_days=row_days,
                confidence="high" if code else "medium",
                details={
                    "canonical_id": papers.kinds[kind], "rejections": len(refused),
                    "share_of_submissions": len(refused) / len(entries), "reasons": [[str(r), int(k)] for r, k in ranked],
                },
            )
        )  # fmt: skip
    return found


def _loop(
    context: Context, papers: Papers, entries: Ints, cases: Ints
) -> tuple[Floats | None, Ints | None, Floats | None]:
    """Working days from the first rejected to the next accepted submission, by case and by event; None without times."""
    moment = papers.submitted[entries]
    known = entries[~np.isnat(moment)]
    frame = pd.DataFrame({"case": papers.case[known], "at": papers.submitted[known], "entry": known})
    bad = frame[papers.rejected[known]]
    good = frame[papers.judged[known] & ~papers.rejected[known]]
    if bad.empty:
        return None, None, None
    began = bad.sort_values("at", kind="stable").drop_duplicates("case")
    pairs = good.merge(began[["case", "at"]], on="case", suffixes=("", "_bad"))
    pairs = pairs[pairs["at"] > pairs["at_bad"]].sort_values("at", kind="stable").drop_duplicates("case")
    if pairs.empty:
        return None, None, None
    days = context.days(pairs["at_bad"].to_numpy("M8[us]"), pairs["at"].to_numpy("M8[us]"))
    lost = np.zeros(len(cases))
    lost[np.searchsorted(cases, pairs["case"].to_numpy(np.int64))] = days
    rows = act_rows(context, pairs["case"].to_numpy(np.int64), papers.event_id.iloc[pairs["entry"].to_numpy()])
    there = rows >= 0
    if not there.any():
        return lost, None, None
    return lost, rows[there], days[there]


# Collected, but not used.


def _optional(context: Context, papers: Papers) -> pd.DataFrame:
    """Optional materials of the catalogue that the log knows: ``item, kind`` as codes and the ``names`` they go by."""
    columns = ["item", "kind", "names"]
    table = None if context.catalogue is None else context.catalogue.item_materials
    if table is None or not {"necessity", "canonical_id"} <= set(table.columns):
        return pd.DataFrame(columns=columns)
    items = {label: i for i, label in enumerate(papers.items)}
    kinds = {label: i for i, label in enumerate(papers.kinds)}
    rows = table[table["necessity"].isin(["optional", "非必要"]) & table["canonical_id"].notna()]
    found: dict[tuple[int, int], set[str]] = {}
    said = zip(rows["item_code"].astype(str), rows["canonical_id"].astype(str), rows["name"], strict=True)
    for code, canonical, called in said:
        if code in items and canonical in kinds:
            words = found.setdefault((items[code], kinds[canonical]), set())
            words |= {context.material_name(canonical), *_aliases(context, canonical)}
            words |= {str(called)} if pd.notna(called) else set()
    return pd.DataFrame([(item, kind, names) for (item, kind), names in sorted(found.items())], columns=columns)


def _aliases(context: Context, canonical: str) -> list[str]:
    table = None if context.catalogue is None else context.catalogue.materials
    if table is None or "aliases" not in table:
        return []
    cells = table.loc[table["canonical_id"].astype(str) == canonical, "aliases"].dropna().astype(str)
    return [word for cell in cells for word in cell.split("|") if word]


def _not_used(context: Context, t: Thresholds, papers: Papers, optional: pd.DataFrame) -> list[Finding]:
    if optional.empty or not context.log.has("opinion"):
        return []
    opinion, opinions = context.column("opinion")
    item, _items = context.column("item_code")
    texts = pd.Series([str(word) for word in opinions], dtype="string")
    spoken = context.human & (opinion >= 0)
    names_any = _names_materials(context, texts)
    found = []
    for i, kind, names in optional.itertuples(index=False, name=None):
        entries = np.flatnonzero((papers.item == i) & (papers.kind == kind) & (papers.handed | ~papers.sourced))
        cases = np.unique(papers.case[entries])
        if len(cases) < context.min_cases:
            continue
        # An event that serves several items bears none.
        of_item = np.flatnonzero((item == i) | (item < 0))
        every = np.unique(np.r_[context.case[item == i], papers.case[papers.item == i]])
        own = of_item[spoken[of_item] & np.isin(context.case[of_item], cases)]
        said = np.unique(opinion[own])
        if len(np.unique(context.case[own])) < context.min_cases or wilson(len(cases), len(every))[0] < t["share"]:
            continue
        mentioned = np.zeros(len(said), np.bool_)
        for word in names:
            mentioned |= texts.iloc[said].str.contains(word, regex=False).to_numpy(bool)
        if mentioned.any():
            continue
        code = papers.items[i]
        values = {
            "item": context.item_name(code), "material": papers.names[kind], "cases": len(cases),
            "share": len(cases) / len(every),
        }  # fmt: skip
        found.append(
            context.finding(
                RULE,
                f"optional-{code}-{papers.kinds[kind]}",
                title=both("optional materials that are collected but hardly used"),
                statement=both(
                    "“{item}”: the optional “{material}” is handed in in {cases:,} cases ({share:.0%}), and no recorded opinion names it; "
                    "to be checked.",
                    **values,
                ),
                caveat=both("A material may be read without being named in an opinion; applicants may hand it in unasked."),
                scope={"items": [code], "materials": [papers.names[kind]]},
                cases=cases,
                population=len(every),
                thresholds=t,
                rows=shown_rows(context, papers, entries, cases),
                confidence="medium" if names_any[said].any() else "low",
                reductions=("materials",),
                measures=("M09",),
                details={"canonical_id": papers.kinds[kind], "opinions": len(own)},
            )
        )  # fmt: skip
    return found


def _names_materials(context: Context, texts: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the opinions that name any material of the catalogue: where none does, silence says little."""
    table = None if context.catalogue is None else context.catalogue.item_materials
    found = np.zeros(len(texts), np.bool_)
    if table is not None and "name" in table and len(texts):
        for word in table["name"].dropna().astype(str).unique()[:200]:
            found |= texts.str.contains(word, regex=False).to_numpy(bool)
    return found


RULE = Rule(
    "W14", name, definition,
    ("material_instances.accepted | catalogue.item_materials.necessity",
     "material_instances.canonical_id | material_instances.material_code | material_instances.material_name"),
    find,
    group="痛点", reengineering="②", reductions=("materials", "time"), measures=("M10", "M09"),
    parameters={"share": Parameter(0.10, 0.0, 1.0)},
)  # fmt: skip
