"""One map of before and after: what falls away is dashed and grey, what is merged is coloured, what is new is outlined."""

from __future__ import annotations

from collections.abc import Mapping

from flowaudit.flow import AsIs
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views._graph import Edge, Graph, Node, Status
from flowaudit.views._paint import paint, shift
from flowaudit.views._place import TIMEOUT_S, place
from flowaudit.views.picture import Picture, Shape, Text
from flowaudit.views.process_map import SMALL, graph_of, map_notes


def compare_map(
    before: AsIs,
    after: AsIs,
    *,
    merged: Mapping[str, tuple[str, ...]] | None = None,
    lang: Language | None = None,
    title: str | None = None,
    small: int = SMALL,
    timeout_s: float = TIMEOUT_S,
) -> Picture:
    """Draw two flows as one map.

    Parameters
    ----------
    before, after : AsIs
    merged : mapping, optional
        Activity of ``after`` to the activities of ``before`` it replaces.
    lang, title, small, timeout_s
        See :func:`process_map`.

    Returns
    -------
    Picture
        Arrows and counts are those of ``after``; dashed ones are arrows of ``before`` that touch a removed activity.
    """
    lang = lang or current_language()
    merged = merged or {}
    known = set(before.nodes["activity"])
    remaining = set(after.nodes["activity"])
    status: dict[str, Status] = {
        a: "merged" if a in merged else "new" for a in remaining if a in merged or a not in known
    }
    now = graph_of(after, lang, small, status)
    then = graph_of(before, lang, small)
    graph = _overlay(now, then, remaining)
    return paint(
        graph,
        place(graph, timeout_s=timeout_s),
        lang=lang,
        title=title or _("Before and after in one map", lang=lang),
        notes=map_notes(after, lang),
        compare=True,
    )


def _overlay(now: Graph, then: Graph, remaining: set[str]) -> Graph:
    lanes = [*now.lanes, *(name for name in then.lanes if name not in now.lanes)]
    nodes: list[Node] = list(now.nodes)
    index = {node.mark or node.label: i for i, node in enumerate(nodes)}
    gone: set[int] = set()
    for i, node in enumerate(then.nodes):
        if node.mark is None and node.label not in remaining and node.label not in index:
            lane = lanes.index(then.lanes[node.lane]) if node.lane >= 0 else -1
            index[node.label] = len(nodes)
            gone.add(i)
            nodes.append(Node(node.label, node.count, lane, None, "gone", None, node.position))
    edges: list[Edge] = list(now.edges)
    for edge in then.edges:
        if edge.source not in gone and edge.target not in gone:
            continue
        ends = [then.nodes[k].mark or then.nodes[k].label for k in (edge.source, edge.target)]
        if all(name in index for name in ends):
            edges.append(Edge(index[ends[0]], index[ends[1]], "", edge.weight, None, "gone"))
    return Graph(nodes, edges, lanes)


def side_by_side(left: Picture, right: Picture, *, titles: tuple[str, str], title: str = "") -> Picture:
    """Return two pictures beside each other, each under its own heading."""
    gap, head = 18.0, 20.0
    shapes: list[Shape] = [
        Text(6, 10, titles[0], 11, anchor="start"),
        Text(left.width + gap + 6, 10, titles[1], 11, anchor="start"),
        *shift(left, 0, head),
        *shift(right, left.width + gap, head),
    ]
    height = head + max(left.height, right.height)
    return Picture(left.width + gap + right.width, height, tuple(shapes), title, (*left.notes, *right.notes))
