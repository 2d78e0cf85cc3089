"""The process map: activities in lanes by department, arrows with frequency and median working time."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.eventlog import APPLICANT
from flowaudit.flow import END, START, AsIs
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views._graph import Edge, Graph, Node, Status
from flowaudit.views._paint import paint
from flowaudit.views._place import TIMEOUT_S, place
from flowaudit.views._style import time_class, time_words
from flowaudit.views.picture import Picture

SMALL = 10
"""Counts below this are shown as "<10": a picture leaves the office."""

RARE_END = 0.02
"""Fewer cases than this share beginning or ending at an activity get no arrow from the start or to the end."""


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
    Drawn are the nodes and arrows ``as_is.shown()`` marks; how much that leaves out stands in the notes. Repetitions of
    an activity at once are not drawn.
    """
    lang = lang or current_language()
    graph = graph_of(as_is, lang, small)
    notes = map_notes(as_is, lang)
    return paint(
        graph, place(graph, timeout_s=timeout_s), lang=lang, title=title or _("Process map", lang=lang), notes=notes
    )


def map_notes(as_is: AsIs, lang: Language) -> list[str]:
    """Return what a reader needs beside a map: how many cases, which period, what the times are, what is left out."""
    first, last = as_is.span
    nodes, _edges = as_is.shown()
    texts = {
        "bundle": _("{n} bundles, {first} to {last}.", lang=lang, n=f"{as_is.cases:,}", first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}"),
        "case": _("{n} cases, {first} to {last}.", lang=lang, n=f"{as_is.cases:,}", first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}"),
    }  # fmt: skip
    notes = [
        texts[as_is.unit],
        _("Times on arrows: median working time from the end of one activity to the start of the next.", lang=lang)
        if as_is.has_starts
        else _("Times on arrows: median working time from the end of one activity to the end of the next (starts are not recorded).", lang=lang),
        _("Shown are {shown} of {all} activities; the arrows carry {share:.0%} of all steps from one activity to the next.",
          lang=lang, shown=len(nodes), all=len(as_is.nodes), share=as_is.coverage),
    ]  # fmt: skip
    return notes


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
    positions = {**usual_order(as_is.variants), START: -0.1, END: 1.1}
    table, arrows = as_is.shown()
    table = table.assign(position=[positions.get(a, 1.0) for a in table["activity"]])
    table = table.sort_values("position", kind="stable")
    lanes = lanes_of(table)
    nodes: list[Node] = []
    index: dict[str, int] = {}
    for row in table.to_dict("records"):
        department = row["department"]
        index[row["activity"]] = len(nodes)
        nodes.append(
            Node(
                str(row["activity"]),
                _("{n} times", lang=lang, n=count_words(row["events"], small)),
                lanes.index(department) if isinstance(department, str) else -1,
                status=status.get(row["activity"], "kept"),
                position=row["position"],
            )
        )
    rare = RARE_END * as_is.cases
    edges = [
        row
        for row in arrows.to_dict("records")
        if row["source"] != row["target"]
        and (row["frequency"] >= rare or not (row["source"] == START or row["target"] == END))
    ]
    for name, mark, label in ((START, "start", _("start", lang=lang)), (END, "end", _("end", lang=lang))):
        if any(name in (row["source"], row["target"]) for row in edges):
            index[name] = len(nodes)
            nodes.append(Node(label, "", -1, mark=mark, position=positions[name]))
    return Graph(
        nodes, [_edge(row, index, lang, small) for row in edges if {row["source"], row["target"]} <= set(index)], lanes
    )


def _edge(row: Mapping[Hashable, Any], index: Mapping[str, int], lang: Language, small: int) -> Edge:
    end = row["source"] == START or row["target"] == END
    hours = None if end else row["median_working_h"]
    label = " · ".join(x for x in (count_words(row["frequency"], small), time_words(hours, lang)) if x)
    return Edge(index[row["source"]], index[row["target"]], label, float(row["frequency"]), time_class(hours))


def usual_order(variants: pd.DataFrame) -> dict[str, float]:
    """Return how late an activity usually comes: 0 before all others, 1 after all others.

    The value is the mean, over the activities it occurs with, of the share of cases in which the other one comes first,
    weighted by the square root of the cases with both. A mean position within the case would put a rare detour of long
    cases before the steps it follows.

    Examples
    --------
    >>> usual_order(pd.DataFrame({"variant": [("a", "c"), ("a", "b", "c")], "cases": [9, 1]}))
    {'a': 0.0, 'c': 1.0, 'b': 0.5}
    """
    index: dict[str, int] = {}
    for trace in variants["variant"]:
        for activity in trace:
            index.setdefault(activity, len(index))
    first = np.zeros((len(index), len(index)))
    for trace, cases in zip(variants["variant"], variants["cases"], strict=True):
        order = np.array([index[a] for a in dict.fromkeys(trace)])
        earlier, later = np.triu_indices(len(order), 1)
        first[order[earlier], order[later]] += cases
    together = first + first.T
    share = np.divide(first, together, out=np.zeros_like(first), where=together > 0)
    weight = np.sqrt(together)
    late = (share * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
    return {activity: float(late[i]) for activity, i in index.items()}


def merge_pairs(measures: Sequence[object]) -> dict[str, tuple[str, str]]:
    """Return the activities that merge measures create, each with the two it replaces."""
    out: dict[str, tuple[str, str]] = {}
    for measure in measures:
        first, second = getattr(measure, "first", None), getattr(measure, "second", None)
        if isinstance(first, str) and isinstance(second, str):
            out[getattr(measure, "merged", None) or f"{first}＋{second}"] = (first, second)
    return out
