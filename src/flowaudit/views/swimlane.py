"""The swim-lane diagram (泳道图): who does what in which order, on the path most cases take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from flowaudit.eventlog import APPLICANT
from flowaudit.flow import AsIs
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.views import _style, _text
from flowaudit.views._graph import Node, Status
from flowaudit.views._paint import box
from flowaudit.views.picture import Box, Line, Picture, Point, Shape, Text, arrow_head
from flowaudit.views.process_map import SMALL, count_words, usual_order

MAX_STEPS = 26
MIN_SHARE = 0.35
LANE_WIDTH, STEP_GAP, HEAD = 108.0, 15.0, 30.0
Direction = Literal["auto", "rows", "columns"]


@dataclass(frozen=True)
class _Step:
    activity: str
    department: str
    count: str
    status: Status


def swimlane(
    as_is: AsIs,
    *,
    lang: Language | None = None,
    title: str | None = None,
    status: Mapping[str, Status] | None = None,
    direction: Direction = "auto",
    small: int = SMALL,
) -> Picture:
    """Draw the usual path with one lane per department.

    Parameters
    ----------
    as_is : AsIs
    lang, title, small
        See :func:`process_map`.
    status : mapping of str to {"kept", "gone", "new", "merged"}, optional
        How an activity is marked.
    direction : {"auto", "rows", "columns"}
        Lanes as rows (time runs right) or columns (time runs down); ``auto`` takes rows for short flows, columns for
        flows that would not fit the width of a page.

    Returns
    -------
    Picture

    Notes
    -----
    Steps are the activities that at least 35 % of cases pass, at most 26, in the order in which they usually come (see
    ``usual_order``). Arrows join each step with the later step that follows it directly most often.
    """
    lang = lang or current_language()
    steps = _steps(as_is, lang, status or {}, small)
    links = _links(as_is, [s.activity for s in steps])
    lanes = sorted(dict.fromkeys(s.department for s in steps), key=lambda d: d != APPLICANT)
    down = direction == "columns" or (direction == "auto" and len(steps) > 8)
    draw = _columns if down else _rows
    shapes, width, height = draw(steps, lanes, links)
    shown, total = len(steps), len(as_is.nodes)
    notes = []
    if shown < total:
        notes.append(
            _("Shown are {shown} of {total} activities: those most cases pass.", lang=lang, shown=shown, total=total)
        )
    return Picture(
        width,
        height,
        tuple(shapes),
        title or _("Swim-lane diagram", lang=lang),
        tuple(notes),
        HEAD + 5 if down else 0.0,
    )


def _steps(as_is: AsIs, lang: Language, status: Mapping[str, Status], small: int) -> list[_Step]:
    nodes = as_is.nodes
    positions = usual_order(as_is.variants)
    cases = float(as_is.cases) or 1.0
    usual = list(dict.fromkeys(max(zip(as_is.variants["cases"], as_is.variants["variant"], strict=True))[1]))
    share = {str(r["activity"]): float(r["cases"]) / cases for r in nodes.to_dict("records")}
    chosen = [a for a in share if share[a] >= MIN_SHARE] or usual
    chosen = sorted(chosen, key=lambda a: (-share.get(a, 0.0), positions.get(a, 1.0)))[:MAX_STEPS]
    rows = {str(r["activity"]): r for r in nodes.to_dict("records")}
    nobody = _("(department not recorded)", lang=lang)
    out = []
    for activity in sorted(chosen, key=lambda a: positions.get(a, 1.0)):
        department = rows[activity].get("department")
        out.append(
            _Step(
                activity,
                department if isinstance(department, str) else nobody,
                _("{n} times", lang=lang, n=count_words(rows[activity]["events"], small)),
                status.get(activity, "kept"),
            )
        )
    return out


def _links(as_is: AsIs, steps: Sequence[str]) -> list[tuple[int, int]]:
    """Join every step with its most frequent later successor, and every step but the first with a predecessor."""
    place = {a: i for i, a in enumerate(steps)}
    weights: dict[tuple[int, int], float] = {}
    for row in as_is.edges.to_dict("records"):
        i, j = place.get(row["source"]), place.get(row["target"])
        if i is not None and j is not None and i < j:
            weights[i, j] = float(row["frequency"])
    links: set[tuple[int, int]] = set()
    for i in range(len(steps) - 1):
        out = [pair for pair in weights if pair[0] == i]
        links.add(max(out, key=lambda p: (weights[p], -p[1]), default=(i, i + 1)))
    for j in range(1, len(steps)):
        if not any(target == j for _source, target in links):
            into = [pair for pair in weights if pair[1] == j]
            links.add(max(into, key=lambda p: (weights[p], p[0]), default=(j - 1, j)))
    return sorted(links)


def _columns(
    steps: Sequence[_Step], lanes: Sequence[str], links: Sequence[tuple[int, int]]
) -> tuple[list[Shape], float, float]:
    top = HEAD + 10
    centres: list[Point] = []
    nodes: list[Node] = []
    y = top
    for step in steps:
        lane = lanes.index(step.department)
        node = Node(step.activity, step.count, lane, status=step.status)
        nodes.append(node)
        centres.append((8 + LANE_WIDTH * (lane + 0.5), y + node.size[1] / 2))
        y += node.size[1] + STEP_GAP
    width, height = 16 + LANE_WIDTH * len(lanes), y + 2
    shapes: list[Shape] = []
    for k, name in enumerate(lanes):
        x = 8 + LANE_WIDTH * k
        shapes.append(
            Box(x, 4, LANE_WIDTH, height - 8, fill=_style.LANE if k % 2 else "#ffffff", stroke=_style.LANE_EDGE)
        )
        shapes.append(Box(x, 4, LANE_WIDTH, HEAD, fill=_style.BAND, stroke=_style.LANE_EDGE))
        lines = _text.wrap(name, 9, LANE_WIDTH - 8, 2)
        for i, line in enumerate(lines):
            shapes.append(Text(x + LANE_WIDTH / 2, 4 + HEAD / 2 + 11 * (i - (len(lines) - 1) / 2), line, 9))
    for i, j in links:
        shapes += _elbow_down(i, j, centres, nodes)
    for node, (x, y) in zip(nodes, centres, strict=True):
        shapes += box(node, x, y)
    return shapes, width, height


def _elbow_down(i: int, j: int, centres: Sequence[Point], nodes: Sequence[Node]) -> list[Shape]:
    (x0, y0), (x1, y1) = centres[i], centres[j]
    w0, h0 = nodes[i].size
    w1, h1 = nodes[j].size
    # a lane has room beside its boxes: arrows run there when a box lies between
    between = [k for k in range(i + 1, j) if abs(centres[k][0] - x1) < 1]
    if x0 == x1 and not between:
        points = [(x0, y0 + h0 / 2), (x1, y1 - h1 / 2)]
    elif x0 == x1:
        side = x0 + w0 / 2 + 4.5
        points = [(x0 + w0 / 2, y0 + 4), (side, y0 + 4), (side, y1 - 4), (x1 + w1 / 2, y1 - 4)]
    elif not between:
        start = x0 + (w0 / 2 if x1 > x0 else -w0 / 2)
        points = [(start, y0), (x1, y0), (x1, y1 - h1 / 2)]
    else:
        start = x0 + (w0 / 2 if x1 > x0 else -w0 / 2)
        side = x1 + (-w1 / 2 - 4.5 if x1 > x0 else w1 / 2 + 4.5)
        points = [(start, y0), (side, y0), (side, y1), (x1 + (-w1 / 2 if x1 > x0 else w1 / 2), y1)]
    return _arrow(points)


def _arrow(points: Sequence[Point]) -> list[Shape]:
    colour = "#40576f"
    return [Line(tuple(points), stroke=colour, width=0.9), arrow_head(points[-1], points[-2], colour, 5)]


def _rows(
    steps: Sequence[_Step], lanes: Sequence[str], links: Sequence[tuple[int, int]]
) -> tuple[list[Shape], float, float]:
    head, pitch, lane_height = 26.0, 116.0, 62.0
    nodes = [Node(s.activity, s.count, lanes.index(s.department), status=s.status) for s in steps]
    centres = [(head + 14 + pitch * (i + 0.5), 6 + lane_height * (n.lane + 0.5)) for i, n in enumerate(nodes)]
    width, height = head + 28 + pitch * len(steps), 12 + lane_height * len(lanes)
    shapes: list[Shape] = []
    for k, name in enumerate(lanes):
        y = 6 + lane_height * k
        shapes.append(
            Box(6, y, width - 12, lane_height, fill=_style.LANE if k % 2 else "#ffffff", stroke=_style.LANE_EDGE)
        )
        shapes.append(Box(6, y, head + 10, lane_height, fill=_style.BAND, stroke=_style.LANE_EDGE))
        lines = _text.wrap(name, 8.5, head + 8, 5)
        for i, line in enumerate(lines):
            shapes.append(Text(6 + (head + 10) / 2, y + lane_height / 2 + 10 * (i - (len(lines) - 1) / 2), line, 8.5))
    for i, j in links:
        (x0, y0), (x1, y1) = centres[i], centres[j]
        h0, (w1, h1) = nodes[i].size[1], nodes[j].size
        blocked = any(abs(centres[k][1] - y0) < 1 for k in range(i + 1, j))
        if y0 == y1 and not blocked:
            points = [(x0 + nodes[i].size[0] / 2, y0), (x1 - w1 / 2, y1)]
        elif y0 == y1:
            side = y0 + max(h0, h1) / 2 + 5
            points = [(x0 + 8, y0 + h0 / 2), (x0 + 8, side), (x1 - 8, side), (x1 - 8, y1 + h1 / 2)]
        elif not blocked:
            points = [(x0 + nodes[i].size[0] / 2, y0), (x1, y0), (x1, y1 + (-h1 / 2 if y1 > y0 else h1 / 2))]
        else:
            gap = x0 + pitch / 2
            points = [(x0 + nodes[i].size[0] / 2, y0), (gap, y0), (gap, y1), (x1 - w1 / 2, y1)]
        shapes += _arrow(points)
    for node, (x, y) in zip(nodes, centres, strict=True):
        shapes += box(node, x, y)
    return shapes, width, height
