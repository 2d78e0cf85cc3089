"""Paint a laid-out graph: lanes, arrows, boxes, labels, legend."""

from __future__ import annotations

from collections.abc import Sequence

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.views import _style, _text
from flowaudit.views._graph import COUNT_SIZE, EDGE_SIZE, LANE_SIZE, LINE, NODE_SIZE, Edge, Graph, Node, Status
from flowaudit.views._place import HEAD, Layout
from flowaudit.views.picture import Box, Line, Picture, Shape, Text, arrow_head, shifted

MARGIN = 8.0
BAR = 4.0


def paint(
    graph: Graph,
    layout: Layout,
    *,
    lang: Language,
    title: str,
    notes: Sequence[str],
    compare: bool = False,
    rates: bool = False,
) -> Picture:
    """Return the picture of a graph at its places, with the legend below.

    With ``compare`` the legend tells the marks of before and after; with ``rates`` numbers are times per 100 cases, not times
    passed and working times.
    """
    shapes: list[Shape] = []
    for x, y, w, h in layout.lanes:
        if w <= 0:
            continue
        shapes.append(Box(x, y, w, h, fill=_style.LANE, stroke=_style.LANE_EDGE, width=0.7))
    heaviest = max((e.weight for e in graph.edges), default=1.0) or 1.0
    order = sorted(range(len(graph.edges)), key=lambda k: graph.edges[k].weight)
    for k in order:
        shapes += _arrow(graph.edges[k], layout, k, heaviest, 1.8 if rates else 2.8)
    for lane, (x, y, w, _h) in enumerate(layout.lanes):
        if w > 0:
            name = _text.clip(_text.one_line(graph.lanes[lane]), LANE_SIZE, w - 8)
            shapes.append(Box(x, y, w, HEAD - 2, fill=_style.BAND, stroke=_style.LANE_EDGE, width=0.7))
            shapes.append(Text(x + w / 2, y + HEAD / 2 - 1, name, LANE_SIZE, _style.INK))
    for node, (x, y) in zip(graph.nodes, layout.nodes, strict=True):
        shapes += box(node, x, y)
    for edge, route in zip(graph.edges, layout.routes, strict=True):
        if route.label is not None and edge.label:
            w, h = edge.label_size
            x, y = route.label
            shapes.append(Box(x - w / 2, y - h / 2, w, h, fill="#ffffff", radius=2))
            colour = _style.GONE if edge.status == "gone" else _style.INK
            shapes.append(Text(x, y, edge.label, EDGE_SIZE, colour))
    moved = [shifted(s, MARGIN, MARGIN) for s in shapes]
    width = max(layout.width + 2 * MARGIN, 360.0)
    legend, height = _legend(width, layout.height + 2 * MARGIN + 4, lang, compare, rates)
    return Picture(width, height, (*moved, *legend), title, tuple(notes), MARGIN + HEAD - 1)


def box(node: Node, x: float, y: float) -> list[Shape]:
    """Return the shapes of one node whose middle is (x, y)."""
    w, h = node.size
    left, top = x - w / 2, y - h / 2
    if node.mark:
        fill = _style.INK if node.mark == "end" else "#ffffff"
        ink = _style.PALE_INK if node.mark == "end" else _style.INK
        return [
            Box(left, top, w, h, fill=fill, stroke=_style.INK, width=1.0, radius=h / 2),
            Text(x, y, node.label, NODE_SIZE - 0.5, ink),
        ]
    shade = node.shade or 0
    fill, stroke, width, dash = _style.FILLS[shade] if node.shade is not None else "#ffffff", "#3c4650", 0.9, False
    ink = _style.PALE_INK if shade == 4 else _style.INK
    if node.status == "gone":
        fill, stroke, dash, ink = "#ffffff", _style.GONE, True, _style.GONE
    elif node.status == "new":
        stroke, width = _style.NEW, 2.2
    elif node.status == "merged":
        fill, stroke, width, ink = _style.MERGED, "#7a5a17", 1.6, _style.INK
    elif node.status == "changed":
        stroke, width = _style.CHANGED, 1.4
    shapes: list[Shape] = [Box(left, top, w, h, fill=fill, stroke=stroke, width=width, dash=dash, radius=2.5)]
    if node.status == "changed":
        shapes.append(Box(left, top, BAR, h, fill=_style.CHANGED))
    lines = node.lines
    block = LINE * len(lines) + (COUNT_SIZE + 2 if node.count else 0)
    line_y = y - block / 2 + LINE / 2
    for text in lines:
        shapes.append(Text(x, line_y, text, NODE_SIZE, ink))
        line_y += LINE
    if node.count:
        grey = ink if ink != _style.INK else _style.MUTED
        shapes.append(Text(x, line_y - LINE / 2 + (COUNT_SIZE + 2) / 2, node.count, COUNT_SIZE, grey))
    return shapes


def _arrow(edge: Edge, layout: Layout, k: int, heaviest: float, thickest: float) -> list[Shape]:
    route = layout.routes[k]
    if not route.points:
        return []
    colour = _style.STROKES[edge.shade] if edge.shade is not None else "#8e9aa6"
    width = 0.6 + thickest * (edge.weight / heaviest) ** 0.5
    dash = edge.status == "gone"
    if dash:
        colour, width = _style.GONE, 0.9
    elif edge.status == "new":
        colour = _style.NEW
    last = route.points[-1]
    origin = last if last != route.tip else route.points[-2]
    return [
        Line(route.points, stroke=colour, width=width, dash=dash, curve=route.curve),
        arrow_head(route.tip, origin, colour, 4.5 + width),
    ]


def shift(picture: Picture, dx: float, dy: float) -> list[Shape]:
    """Return the shapes of a picture moved by (dx, dy)."""
    return [shifted(s, dx, dy) for s in picture.shapes]


def _legend(width: float, top: float, lang: Language, compare: bool, rates: bool) -> tuple[list[Shape], float]:
    size, y = 7.5, top + 6
    shapes: list[Shape] = [Line(((MARGIN, top - 2), (width - MARGIN, top - 2)), _style.GRID, 0.6)]
    if rates:
        words = (
            _("Number in a box: times per 100 cases, before → after.", lang=lang),
            _("Number on an arrow: times per 100 cases afterwards; width: the same.", lang=lang),
        )
        for line in words:
            shapes.append(Text(MARGIN, y, line, size, _style.MUTED, "start"))
            y += 12
        y -= 12
    else:
        times, y = _times_legend(width, y, lang, size)
        shapes += times
    if compare:
        marks, y = _marks(width, y + 14, lang, size, rates)
        shapes += marks
    return shapes, y + 10


def _times_legend(width: float, y: float, lang: Language, size: float) -> tuple[list[Shape], float]:
    x = MARGIN
    words = _("Arrow: times passed · median working time; colour (working days):", lang=lang)
    shapes: list[Shape] = [Text(x, y, words, size, _style.MUTED, "start")]
    needed = _text.width(words, size) + 8
    if x + needed + 5 * 44 > width:
        y += 12
    else:
        x += needed
    for colour, label in zip(_style.STROKES, _style.class_words(lang), strict=True):
        shapes.append(Line(((x, y), (x + 16, y)), colour, 3))
        shapes.append(Text(x + 19, y, label, size, _style.MUTED, "start"))
        x += 44
    y += 12
    note = _("Width of an arrow: how often it is passed. 1 working day = 7 office hours.", lang=lang)
    shapes.append(Text(MARGIN, y, note, size, _style.MUTED, "start"))
    return shapes, y


def _marks(width: float, y: float, lang: Language, size: float, rates: bool) -> tuple[list[Shape], float]:
    """How boxes and arrows are marked that differ before and after."""
    names: dict[Status, str] = {
        "gone": _("removed", lang=lang),
        "merged": _("merged", lang=lang),
        "new": _("new", lang=lang),
    }
    if rates:
        names["merged"] = _("made by merging", lang=lang)
        names["gone"] = _("removed or merged away", lang=lang)
        names["changed"] = _("changed", lang=lang)
    shapes: list[Shape] = []
    x = MARGIN
    for status, label in names.items():
        needed = 34 + _text.width(label, size)
        if x + needed > width:
            x, y = MARGIN, y + 14
        shapes += _swatch(status, x, y)
        shapes.append(Text(x + 24, y, label, size, _style.MUTED, "start"))
        x += needed
    return shapes, y


def _swatch(status: Status, x: float, y: float) -> list[Shape]:
    fill = _style.MERGED if status == "merged" else "#ffffff"
    stroke = {"gone": _style.GONE, "merged": "#7a5a17", "new": _style.NEW, "changed": _style.CHANGED}.get(status)
    box_ = Box(x, y - 5, 20, 10, fill, stroke, 2.0 if status == "new" else 1.0, dash=status == "gone", radius=2)
    return [box_, Box(x, y - 5, BAR, 10, _style.CHANGED)] if status == "changed" else [box_]
