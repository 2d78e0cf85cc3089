"""One map of what a redesign changes: the two processes laid over each other, drawn from the model, not from a log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from flowaudit.eventlog import APPLICANT
from flowaudit.flow import END, START
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.process import Process
from flowaudit.redesign import Diff, fact_name
from flowaudit.views import _text
from flowaudit.views._graph import COUNT_SIZE, NODE_WIDTH, Edge, Graph, Node, Status
from flowaudit.views._paint import BAR, paint
from flowaudit.views._place import TIMEOUT_S, place
from flowaudit.views.picture import Picture
from flowaudit.views.process_map import usual_order

MOST_CHANGED, MOST_KEPT, MOST_EDGES, MOST_GONE = 60, 40, 70, 24
"""Boxes that change and boxes that stay, arrows afterwards and arrows that fall away; beyond, a map is not readable on a page."""

RARE = 0.02
"""What happens fewer times per case is left out where it stays as it is: boxes, and arrows that are not a box's only ones."""

_STATUS: Mapping[str, Status] = {
    "kept": "kept", "changed": "changed", "removed": "gone", "merged": "gone", "renamed": "gone", "result": "merged", "new": "new",
}  # fmt: skip


def diff_map(
    diff: Diff, *, lang: Language | None = None, title: str | None = None, timeout_s: float = TIMEOUT_S
) -> Picture:
    """Draw what a redesign changes as one process map.

    Parameters
    ----------
    diff : Diff
        Result of :func:`flowaudit.diff`.
    lang : {"zh", "en"}, optional
        Default: the current language.
    title : str, optional
    timeout_s : float
        Time Graphviz gets; then arrows are drawn straight.

    Returns
    -------
    Picture
        What falls away is dashed and grey, what measures have made of several is coloured, what is new is outlined, what is
        done otherwise has a bar on its left. Numbers are expectations per 100 cases.
    """
    lang = lang or current_language()
    graph, left_out = _graph(diff, lang)
    return paint(
        graph,
        place(graph, timeout_s=timeout_s),
        lang=lang,
        title=title or _("What the redesign changes", lang=lang),
        notes=_notes(diff, left_out, lang),
        compare=True,
        rates=True,
    )


def _notes(diff: Diff, left_out: pd.DataFrame, lang: Language) -> list[str]:
    notes = [
        _("Expectations of the process model, not counts: {n} observed cases.", lang=lang, n=f"{diff.as_is.cases:,}")
    ]
    if diff.empty:
        notes += diff.sentences(lang)
    if left_out["change"].eq("kept").any():
        n = int(left_out["change"].eq("kept").sum())
        notes.append(_("{n} less frequent activities that stay as they are are not drawn.", lang=lang, n=n))
    if left_out["change"].ne("kept").any():
        n = int(left_out["change"].ne("kept").sum())
        notes.append(
            _("{n} less frequent activities that change are not drawn either: they are in the table.", lang=lang, n=n)
        )
    return notes


def _graph(diff: Diff, lang: Language) -> tuple[Graph, pd.DataFrame]:
    """Return what is drawn, and the activities that are not."""
    order = usual_order(_variants(diff.as_is, diff.to_be))
    table = diff.table.assign(
        position=[order[a] for a in diff.table["activity"]],
        most=diff.table[["times_before", "times_after"]].max(axis=1),
    )
    ranked = table.sort_values("most", ascending=False, kind="stable")
    same = ranked["change"].eq("kept")
    kept = ranked[same & (ranked["most"] >= RARE)].head(MOST_KEPT)
    chosen = pd.concat([ranked[~same].head(MOST_CHANGED), kept])
    rows = chosen.sort_values("position", kind="stable").to_dict("records")
    lanes = _lanes(rows)
    nodes = [_node(row, lanes, lang) for row in rows]
    index = {node.label: i for i, node in enumerate(nodes)}
    gone = {node.label for node in nodes if node.status == "gone"}
    frame = diff.edges[diff.edges["source"].isin([*index, START]) & diff.edges["target"].isin([*index, END])]
    ends = frame["source"].eq(START) | frame["target"].eq(END)
    edges = [*_after(frame[~(ends & (frame["after"] < RARE))]), *_fallen(frame[~ends], gone)]
    for name, mark, label in ((START, "start", _("start", lang=lang)), (END, "end", _("end", lang=lang))):
        if any(name in (row["source"], row["target"]) for row in edges):
            index[name] = len(nodes)
            nodes.append(Node(label, "", -1, mark=mark, position=-0.1 if mark == "start" else 1.1))
    return Graph(nodes, [_edge(row, index) for row in edges], lanes), table.drop(chosen.index)


def _variants(*processes: Process) -> pd.DataFrame:
    """The ways of the processes as activities in their order, with their weight."""
    cases: dict[tuple[str, ...], float] = defaultdict(float)
    for process in processes:
        names = [n.activity for n in process.nodes]
        for template in process.templates:
            for branch in template.branches:
                cases[tuple(dict.fromkeys(names[s.node] for s in branch.steps))] += template.cases * branch.probability
    return pd.DataFrame({"variant": list(cases), "cases": list(cases.values())})


def _department(row: Mapping[Any, Any]) -> str | None:
    found = row["department_after"] or row["department_before"]
    return str(found[0]) if found else None


def _lanes(rows: Iterable[Mapping[Any, Any]]) -> list[str]:
    """Departments, the applicant first, then by how early they come in."""
    found = dict.fromkeys(d for row in rows if (d := _department(row)) is not None)
    return sorted(found, key=lambda d: d != APPLICANT)


def _node(row: Mapping[Any, Any], lanes: Sequence[str], lang: Language) -> Node:
    department = _department(row)
    before, after = (_rate(row[f"times_{side}"]) for side in ("before", "after"))
    rate = after if before == after else before if row["times_after"] == 0 else f"{before} → {after}"
    status = _STATUS[row["change"]]
    words = rate
    if row["into"] and status == "gone":
        words = _("into {names}", lang=lang, names=_(", ", lang=lang).join(row["into"]))
    elif status == "changed":
        words = " · ".join([rate, *(fact_name(fact, lang) for fact in row["what"] if fact not in ("times", "cases"))])
    return Node(
        row["activity"],
        _text.clip(words, COUNT_SIZE, NODE_WIDTH - 2 * BAR),
        lanes.index(department) if department is not None else -1,
        status=status,
        position=row["position"],
    )


def _rate(times: float) -> str:
    """Times per 100 cases; never a zero for what does happen."""
    return "<1" if 0 < times < 0.005 else f"{100 * times:.0f}"


def _after(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    """Arrows of the process afterwards: the strongest way into and out of every box, then the most frequent ones."""
    rows = frame[frame["after"] > 0].sort_values("after", ascending=False, kind="stable").to_dict("records")
    return _capped(rows, "after", MOST_EDGES)


def _fallen(frame: pd.DataFrame, gone: set[str]) -> list[dict[Any, Any]]:
    """Arrows that fall away: those of boxes that do, then the most frequent ones between boxes that stay."""
    rows = frame[(frame["change"] == "removed") & (frame["before"] >= RARE)]
    rows = rows.sort_values("before", ascending=False, kind="stable")
    touching = rows["source"].isin(gone) | rows["target"].isin(gone)
    first = _capped(rows[touching].to_dict("records"), "before", MOST_GONE)
    return [*first, *rows[~touching].head(max(MOST_GONE - len(first), 0)).to_dict("records")]


def _capped(rows: list[dict[Any, Any]], by: str, most: int) -> list[dict[Any, Any]]:
    """At most so many of rows that are sorted, but the first into and out of everything they touch."""
    into: set[str] = set()
    out: set[str] = set()
    needed: list[dict[Any, Any]] = []
    rest: list[dict[Any, Any]] = []
    for row in rows:
        if row["source"] == row["target"]:
            continue
        (needed if row["source"] not in out or row["target"] not in into else rest).append(row)
        out.add(row["source"])
        into.add(row["target"])
    return [*needed, *[row for row in rest if row[by] >= RARE][: max(most - len(needed), 0)]]


def _edge(row: Mapping[Any, Any], index: Mapping[str, int]) -> Edge:
    ends = index[row["source"]], index[row["target"]]
    if row["change"] == "removed":
        return Edge(*ends, "", float(row["before"]), None, "gone")
    return Edge(*ends, _rate(row["after"]), float(row["after"]), None, "new" if row["change"] == "new" else "kept")
