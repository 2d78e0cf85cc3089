"""The process map: activities in lanes by department, arrows with frequency and median working time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from flowaudit.eventlog import APPLICANT
from flowaudit.flow import AsIs
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views._graph import Edge, Graph, Node, Status
from flowaudit.views._paint import paint
from flowaudit.views._place import TIMEOUT_S, place
from flowaudit.views._style import time_class, time_words
from flowaudit.views.picture import Picture

SMALL = 10
"""Counts below this are shown as "<10": a picture leaves the office."""

MAX_ENDS = 3


def process_map(
    as_is: AsIs,
    *,
    lang: Language | None = None,
    title: str | None = None,
    small: int = SMALL,
    timeout_s: float = TIMEOUT_S,
) -> Picture:
    """Draw how cases flow through the departments.

    Parameters
    ----------
    as_is : AsIs
        Result of :func:`flowaudit.discover`, observed or of a simulated log.
    lang : {"zh", "en"}, optional
        Default: the current language.
    title : str, optional
    small : int
        Counts below it are shown as "<10". 0 shows all.
    timeout_s : float
        Time Graphviz gets; then a plain layered layout is drawn.

    Returns
    -------
    Picture

    Notes
    -----
    Drawn are the arrows of ``as_is.edges`` and the activities they join; how many that leaves out stands in the notes.
    Start and end marks join the most frequent first and last activities of the variants.
    """
    lang = lang or current_language()
    graph = graph_of(as_is, lang, small)
    notes = map_notes(as_is, graph, lang)
    return paint(graph, place(graph, timeout_s=timeout_s), lang=lang, title=title or _("Process map", lang=lang), notes=notes)


def map_notes(as_is: AsIs, graph: Graph, lang: Language) -> list[str]:
    """Return what a reader needs beside a map: how many cases, which period, what is left out."""
    return []


def count_words(n: float, small: int) -> str:
    """Return a count as it may leave the office."""
    return f"<{small}" if 0 < n < small else f"{n:,.0f}"


def lanes_of(nodes: pd.DataFrame) -> list[str]:
    """Return departments in the order of lanes: the applicant first, then by how early they come in."""
    found = list(dict.fromkeys(str(d) for d in nodes["department"].dropna()))
    return sorted(found, key=lambda d: d != APPLICANT)


def graph_of(
    as_is: AsIs,
    lang: Language,
    small: int = SMALL,
    status: Mapping[str, Status] | None = None,
) -> Graph:
    """Return nodes and arrows of a map, before they have a place."""
    status = status or {}
    positions = mean_positions(as_is.variants)
    shown = set(as_is.edges["source"]) | set(as_is.edges["target"])
    table = as_is.nodes[as_is.nodes["activity"].isin(shown)] if shown else as_is.nodes
    table = table.assign(_position=[positions.get(a, 1.0) for a in table["activity"]]).sort_values("_position", kind="stable")
    lanes = lanes_of(table) if "department" in table else []
    nodes: list[Node] = []
    index: dict[str, int] = {}
    for row in table.to_dict("records"):
        department = row.get("department")
        lane = lanes.index(str(department)) if isinstance(department, str) and department in lanes else -1
        index[row["activity"]] = len(nodes)
        nodes.append(
            Node(
                str(row["activity"]),
                _("{n} times", lang=lang, n=count_words(row["events"], small)),
                lane,
                status=status.get(row["activity"], "kept"),
                position=float(row["_position"]),
            )
        )
    edges = [
        Edge(
            index[row["source"]],
            index[row["target"]],
            " · ".join(
                x for x in (count_words(row["frequency"], small), time_words(row.get("median_working_h"), lang)) if x
            ),
            float(row["frequency"]),
            time_class(row.get("median_working_h")),
        )
        for row in as_is.edges.to_dict("records")
        if row["source"] in index and row["target"] in index
    ]
    return _with_ends(Graph(nodes, edges, lanes), as_is.variants, index, lang, small)


def mean_positions(variants: pd.DataFrame) -> dict[str, float]:
    """Return where an activity stands on average in its case, 0 first to 1 last, weighted by cases."""
    total: Counter[str] = Counter()
    weight: Counter[str] = Counter()
    for trace, cases in zip(variants["variant"], variants["cases"], strict=True):
        last = max(len(trace) - 1, 1)
        for i, activity in enumerate(trace):
            total[activity] += i / last * cases
            weight[activity] += cases
    return {a: total[a] / weight[a] for a in total}


def _with_ends(graph: Graph, variants: pd.DataFrame, index: Mapping[str, int], lang: Language, small: int) -> Graph:
    firsts: Counter[str] = Counter()
    lasts: Counter[str] = Counter()
    for trace, cases in zip(variants["variant"], variants["cases"], strict=True):
        if len(trace):
            firsts[trace[0]] += int(cases)
            lasts[trace[-1]] += int(cases)
    nodes: list[Node] = list(graph.nodes)
    edges: list[Edge] = list(graph.edges)
    for counts, mark, position in ((firsts, "start", -0.1), (lasts, "end", 1.1)):
        found = [(index[a], n) for a, n in counts.most_common() if a in index][:MAX_ENDS]
        if not found:
            continue
        label = _("start", lang=lang) if mark == "start" else _("end", lang=lang)
        nodes.append(Node(label, "", -1, mark=mark, position=position))
        me = len(nodes) - 1
        for other, n in found:
            ends = (me, other) if mark == "start" else (other, me)
            edges.append(Edge(*ends, count_words(n, small), float(n)))
    return Graph(nodes, edges, graph.lanes)


def merge_pairs(measures: Sequence[object]) -> dict[str, tuple[str, str]]:
    """Return the activities that merge measures create, each with the two it replaces."""
    out: dict[str, tuple[str, str]] = {}
    for measure in measures:
        first, second = getattr(measure, "first", None), getattr(measure, "second", None)
        if isinstance(first, str) and isinstance(second, str):
            out[getattr(measure, "merged", None) or f"{first}＋{second}"] = (first, second)
    return out
