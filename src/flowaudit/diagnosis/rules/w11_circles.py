"""W11 互为前置: items that need each other's result, by the guides or by what corrections ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.corrections import correction_requests
from flowaudit.diagnosis.finding import Finding, NotCheckable
from flowaudit.diagnosis.papers import coded, papers_of
from flowaudit.diagnosis.rule import Rule, Thresholds
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _

ARROW = " → "
SHORTEST = 3
"""Letters of a name that may be looked for in a text."""


def name(lang: Language | None = None) -> str:
    return _("prerequisites in a circle", lang=lang)


def definition(lang: Language | None = None) -> str:
    return _(
        "Item i comes before item j where a mandatory material of j is the result of i or a relation of the catalogue says "
        "so, and, as observed, where enough reasons of corrections or rejections of j name i or its result. Items that "
        "come before each other, directly or through others, are a circle; one that the guides state needs no number of "
        "cases. Cases concerned have at least two of its items (without bundles: one).",
        lang=lang,
    )


def find(context: Context, t: Thresholds) -> list[Finding] | NotCheckable:
    stated = {tuple(circle) for circle in _stated(context) if len(circle) > 1}
    found = [_finding(context, t, circle, None) for circle in sorted(stated)]
    named = _named(context)
    told = [set(circle) for circle in stated]
    for circle in _knots(context, named):
        if not any(set(circle) <= knot for knot in told):
            found.append(_finding(context, t, circle, named))
    return [finding for finding in found if finding is not None]


def _stated(context: Context) -> tuple[tuple[str, ...], ...]:
    return () if context.catalogue is None else context.catalogue.prerequisites.cycles


def _knots(context: Context, named: Mapping[tuple[str, str], int]) -> list[tuple[str, ...]]:
    """Circles in which at least one step is only observed, each as a shortest round."""
    import networkx as nx

    if not named:
        return []
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from(named)
    if context.catalogue is not None:
        edges = context.catalogue.prerequisites.edges
        graph.add_edges_from((edge.before, edge.after) for edge in edges if edge.binding and edge.before != edge.after)
    found = []
    for knot in nx.strongly_connected_components(graph):
        if len(knot) < 2:
            continue
        inside = graph.subgraph(knot)
        rounds = [
            [before, *nx.shortest_path(inside, after, before)[:-1]]
            for before, after in sorted(named)
            if before in knot and after in knot
        ]
        if rounds:
            shortest = min(rounds, key=lambda items: (len(items), items))
            turn = shortest.index(min(shortest))
            found.append(tuple(shortest[turn:] + shortest[:turn]))
    return sorted(found)


def _finding(
    context: Context, t: Thresholds, circle: tuple[str, ...], named: Mapping[tuple[str, str], int] | None
) -> Finding | None:
    item, labels = context.column("item_code")
    codes = [i for i, label in enumerate(labels) if str(label) in circle]
    rows = np.flatnonzero(np.isin(item, codes))
    pairs = np.unique(np.stack([context.case[rows], item[rows]], axis=1), axis=0)
    with_one, number = np.unique(pairs[:, 0], return_counts=True)
    cases = with_one[number >= 2] if (number >= 2).any() else with_one
    if not len(cases):
        return None  # the log has nothing to do with these items
    names = [context.item_name(code) for code in circle]
    shown = ARROW.join([*names, names[0]])
    steps = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    observed = {} if named is None else {f"{a}{ARROW}{b}": named[a, b] for a, b in steps if (a, b) in named}
    statement = (
        both(
            "By the guides these items need each other's result: {circle}; {cases:,} cases are concerned; to be checked.",
            circle=shown, cases=len(cases),
        )
        if named is None
        else both(
            "Reasons given for corrections suggest that these items need each other's result: {circle}; {cases:,} cases are concerned; "
            "to be checked.",
            circle=shown, cases=len(cases),
        )
    )  # fmt: skip
    return context.finding(
        RULE,
        "-".join(circle),
        title=both("items that are prerequisites of each other"),
        statement=statement,
        caveat=both("A guide may mean another situation of the item; only the law can say which prerequisite may go.")
        if named is None
        else both("A reason may name another item without asking for its result; read the reasons first."),
        scope={"items": list(circle)},
        cases=cases,
        population=len(with_one),
        thresholds=t,
        confidence="high" if named is None else "low",
        details={"circle": list(circle), "basis": "catalogue" if named is None else "observed", "reasons": observed},
    )


# What reasons name.


def _named(context: Context) -> dict[tuple[str, str], int]:
    """How many cases have a reason of the second item that names the first, where they are enough."""
    texts = _texts(context)
    if texts.empty:
        return {}
    called = _called(context)
    owners_of: dict[str, list[str]] = {}
    for item, names in called.items():
        for one in names:
            owners_of.setdefault(one, []).append(item)
    by_length = sorted(owners_of.items(), key=lambda entry: (-len(entry[0]), entry[0]))
    counts: dict[tuple[str, str], int] = {}
    for code, own in texts.groupby("item", sort=True):
        if own["case"].nunique() < context.min_cases:
            continue
        words = own["text"].drop_duplicates()
        rest, hits = words, {other: np.zeros(len(words), np.bool_) for other in called}
        # The longest names first, each taken out once found: a short one may be a part of another item's name.
        for word, owners in by_length:
            hit = rest.str.contains(word, regex=False).to_numpy(bool)
            if hit.any():
                rest = rest.str.replace(word, " ", regex=False)
                for owner in owners:
                    hits[owner] |= hit
        for other, hit in hits.items():
            number = own.loc[own["text"].isin(set(words[hit])), "case"].nunique() if other != code else 0
            if number >= context.min_cases:
                counts[other, str(code)] = int(number)
    return counts


def _texts(context: Context) -> pd.DataFrame:
    """Reasons of corrections and rejections: ``case, item, text``."""
    parts: list[pd.DataFrame] = []
    item, labels = context.column("item_code")
    asked = correction_requests(context) if context.log.has("opinion") else None
    if asked is not None and len(asked):
        words, opinions = context.column("opinion")
        rows = asked[(item[asked] >= 0) & (words[asked] >= 0)]
        parts.append(_part(context.case[rows], [labels[i] for i in item[rows]], [opinions[w] for w in words[rows]]))
    papers = papers_of(context)
    if papers is not None:
        at = np.flatnonzero(papers.reason.notna().to_numpy(bool) & (papers.item >= 0))
        parts.append(_part(papers.case[at], [papers.items[i] for i in papers.item[at]], papers.reason.iloc[at]))
    episodes = context.table("special_episodes")
    if episodes is not None and {"reason", "item_code"} <= set(episodes.columns):
        known = episodes[episodes["reason"].notna() & episodes["item_code"].notna()]
        if "type" in known:
            known = known[known["type"].astype("string").str.contains("补正|correct", case=False).fillna(False)]
        parts.append(_part(known["case"], known["item_code"], known["reason"]))
    if not parts:
        return _part([], [], [])
    return pd.concat(parts, ignore_index=True).drop_duplicates()


def _part(case: Any, item: Iterable[Any], text: Iterable[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case": np.asarray(case, np.int64),
            "item": pd.Series([str(i) for i in item], dtype="string"),
            "text": pd.Series([str(w) for w in text], dtype="string"),
        }
    )


def _called(context: Context) -> dict[str, list[str]]:
    """Names of the items of enough cases and of their results, as a reason may mention them."""
    item, labels = context.column("item_code")
    known = item >= 0
    pairs = np.unique(item[known] * context.log.n_cases + context.case[known])
    often = np.bincount(pairs // max(context.log.n_cases, 1), minlength=len(labels)) >= context.min_cases
    found: dict[str, set[str]] = {str(labels[i]): set() for i in np.flatnonzero(often)}
    for code, words in found.items():
        words.add(context.item_name(code))
    _add_from_log(context, found)
    if context.catalogue is not None:
        tables = (
            (context.catalogue.items, "item_code", "result_name"),
            (context.catalogue.results, "item_code", "name"),
            (context.catalogue.item_materials, "produced_by_item", "name"),
        )
        for table, code, column in tables:
            if table is not None and {code, column} <= set(table.columns):
                rows = table[[code, column]].dropna().drop_duplicates()
                for own, word in zip(rows[code].astype(str), rows[column].astype(str), strict=True):
                    if own in found:
                        found[own].add(word)
    return {code: sorted(w for w in words if len(w) >= SHORTEST and w != code) for code, words in sorted(found.items())}


def _add_from_log(context: Context, found: dict[str, set[str]]) -> None:
    table = context.table("cases")
    if table is None or not {"item_code", "item_name"} <= set(table.columns):
        return
    item, items = coded(table, "item_code")
    words, names = coded(table, "item_name")
    for i, w in np.unique(np.stack([item, words], axis=1), axis=0).tolist():
        if i >= 0 and w >= 0 and items[i] in found:
            found[items[i]].add(names[w])


RULE = Rule(
    "W11", name, definition,
    ("item_code",
     "catalogue.item_materials.produced_by_item | catalogue.item_relations | material_instances.reject_reason"
     " | special_episodes.reason | opinion"),
    find,
    group="难点", reengineering="①④", reductions=("steps", "time", "trips"), measures=("M16",),
)  # fmt: skip
