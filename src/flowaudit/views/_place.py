"""Find a place for every node and arrow: boxes in columns by lane, arrows by Graphviz in a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowaudit.views._graph import Graph
from flowaudit.views.picture import Point

TIMEOUT_S = 20.0
HEAD, PITCH, NARROW_PITCH, ROW_GAP, MANY_LANES = 18.0, 112.0, 98.0, 20.0, 6
SHORT = 40.0


@dataclass(frozen=True)
class Route:
    """Where an arrow runs: Bezier points, its tip, the middle of its label."""

    points: tuple[Point, ...]
    tip: Point
    label: Point | None
    curve: bool = True


@dataclass(frozen=True)
class Layout:
    """Places in points, origin at the top left."""

    width: float
    height: float
    nodes: tuple[Point, ...]
    routes: tuple[Route, ...]
    lanes: tuple[tuple[float, float, float, float], ...]


def place(graph: Graph, *, timeout_s: float = TIMEOUT_S) -> Layout:
    """Return the places of a graph's parts: one column per lane, time running down.

    Graphviz leads the arrows around the boxes. When its process does not answer in time, or fails, arrows are drawn
    straight and may cross boxes.
    """
    grid = _grid(graph)
    try:
        routes = _routed(graph, grid, _ask(_dot(graph, grid), timeout_s))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        routes = tuple(_straight(graph, grid.nodes, edge.source, edge.target, k) for k, edge in enumerate(graph.edges))
    return _labelled(graph, _roomy(Layout(grid.width, grid.height, grid.nodes, routes, grid.lanes)))


def _roomy(layout: Layout) -> Layout:
    """Widen the drawing where an arrow swings out of it."""
    reach = [x for route in layout.routes for x, _y in (*route.points, route.tip)]
    left = max(0.0, -min(reach, default=0.0))
    right = max(layout.width, max(reach, default=0.0))

    def move(point: Point) -> Point:
        return point[0] + left, point[1]

    routes = tuple(Route(tuple(map(move, r.points)), move(r.tip), None, r.curve) for r in layout.routes)
    lanes = tuple((x + left, y, w, h) for x, y, w, h in layout.lanes)
    return Layout(right + left, layout.height, tuple(map(move, layout.nodes)), routes, lanes)


def _grid(graph: Graph) -> Layout:
    """Give every node a row after all it follows, and after its predecessor in the same column."""
    columns = max(len(graph.lanes), 1)
    pitch = PITCH if columns <= MANY_LANES else NARROW_PITCH
    after: dict[int, list[int]] = {}
    for edge in graph.edges:
        if graph.nodes[edge.source].position < graph.nodes[edge.target].position:
            after.setdefault(edge.target, []).append(edge.source)
    row: dict[int, int] = {}
    used: set[tuple[int, int]] = set()
    column: dict[int, int] = {}
    for i in sorted(range(len(graph.nodes)), key=lambda i: graph.nodes[i].position):
        node = graph.nodes[i]
        before = [j for j in after.get(i, ()) if j in row]
        if node.mark == "end":
            at, place_ = max(row.values(), default=-1) + 1, column[before[0]] if before else 0
        else:
            at = max((row[j] + 1 for j in before), default=0)
            place_ = max(node.lane, 0)
        while (at, place_) in used:
            at += 1
        row[i], column[i] = at, place_
        used.add((at, place_))
    return _measured(graph, row, column, columns, pitch)


def _measured(graph: Graph, row: Mapping[int, int], column: Mapping[int, int], columns: int, pitch: float) -> Layout:
    first = next((i for i, node in enumerate(graph.nodes) if node.mark == "start"), None)
    if first is not None:
        # the start mark stands above the first activity, wherever that is
        follower = next((e.target for e in graph.edges if e.source == first), None)
        column = {**column, first: column[follower] if follower is not None else 0}
    heights: dict[int, float] = {}
    for i, node in enumerate(graph.nodes):
        heights[row[i]] = max(heights.get(row[i], 0.0), node.size[1])
    tops: dict[int, float] = {}
    y = HEAD + 8.0
    for at in sorted(heights):
        tops[at] = y
        y += heights[at] + ROW_GAP
    nodes = tuple((pitch * (column[i] + 0.5), tops[row[i]] + heights[row[i]] / 2) for i in range(len(graph.nodes)))
    height = y - ROW_GAP + 10.0
    lanes = tuple((pitch * k + 1.5, 0.0, pitch - 3.0, height) for k in range(len(graph.lanes)))
    return Layout(pitch * columns, height, nodes, (), lanes)


def _ask(source: str, timeout_s: float) -> dict[str, Any]:
    # run as a file, not as a module of the package: the child needs Graphviz only and starts at once
    done = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name("_layout.py"))],
        input=source.encode(),
        capture_output=True,
        timeout=timeout_s,
        check=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _dot(graph: Graph, grid: Layout) -> str:
    """Return the graph as Graphviz reads it: numbers for names, fixed sizes, no text, hence no font to measure."""
    out = ['digraph { splines=true; esep="+3"; node [shape=box, fixedsize=true, label=""]; edge [arrowsize=0.6];']
    for i, (node, (x, y)) in enumerate(zip(graph.nodes, grid.nodes, strict=True)):
        w, h = node.size
        out.append(f'n{i} [width={w / 72:.4f}, height={h / 72:.4f}, pos="{x:.2f},{grid.height - y:.2f}"];')
    out.extend(f'n{edge.source} -> n{edge.target} [id="e{k}"];' for k, edge in enumerate(graph.edges))
    return "\n".join([*out, "}"])


def _point(text: str, height: float) -> Point:
    x, y = text.split(",")
    return float(x), height - float(y)


def _routed(graph: Graph, grid: Layout, data: Mapping[str, Any]) -> tuple[Route, ...]:
    # Graphviz may move the whole drawing: the first node tells by how much
    at = {thing["name"]: _point(thing["pos"], grid.height) for thing in data["objects"]}
    dx, dy = (grid.nodes[0][k] - at["n0"][k] for k in (0, 1))
    routes: dict[int, Route] = {}
    for thing in data.get("edges", ()):
        points: list[Point] = []
        tip: Point | None = None
        for part in thing["pos"].split():
            x, y = _point(part[2:] if part[:2] in ("e,", "s,") else part, grid.height)
            if part.startswith("e,"):
                tip = (x + dx, y + dy)
            elif not part.startswith("s,"):
                points.append((x + dx, y + dy))
        routes[int(thing["id"][1:])] = Route(tuple(points), tip or points[-1], None)
    pairs = {(e.source, e.target) for e in graph.edges}
    for k, edge in enumerate(graph.edges):
        if (edge.target, edge.source) in pairs and graph.nodes[edge.target].position < graph.nodes[
            edge.source
        ].position:
            # the way back would lie upon the way there
            routes[k] = _straight(graph, grid.nodes, edge.source, edge.target, k)
    return tuple(routes[k] for k in range(len(graph.edges)))


def _straight(graph: Graph, nodes: Sequence[Point], source: int, target: int, k: int) -> Route:
    (x0, y0), (x1, y1) = nodes[source], nodes[target]
    h0, h1 = graph.nodes[source].size[1] / 2, graph.nodes[target].size[1] / 2
    w0, w1 = graph.nodes[source].size[0] / 2, graph.nodes[target].size[0] / 2
    if source == target or y1 <= y0:
        start, tip = (x0 + w0, y0), (x1 + w1, y1 + (6 if source == target else 0))
        bow = 18.0 + 5.0 * (k % 3)
        points = (start, (start[0] + bow, start[1]), (tip[0] + bow, tip[1]), (tip[0] + 4, tip[1]))
        return Route(points, tip, None)
    start, tip = (x0, y0 + h0), (x1, y1 - h1)
    end = (tip[0], tip[1] - 4)
    reach = max(8.0, (end[1] - start[1]) / 2)
    points = (start, (start[0], start[1] + reach), (end[0], end[1] - reach), end)
    return Route(points, tip, None)


def _along(points: tuple[Point, ...]) -> list[Point]:
    """Return points along a chain of cubic Bezier pieces, evenly enough to hang a label on."""
    out: list[Point] = []
    for i in range(0, len(points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[i : i + 4]
        for step in range(8):
            t = step / 8
            u = 1 - t
            a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            out.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return [*out, points[-1]]


Rect = tuple[float, float, float, float]


def _overlap(a: Rect, b: Rect) -> float:
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w * h if w > 0 and h > 0 else 0.0


def _labelled(graph: Graph, layout: Layout) -> Layout:
    """Hang every label on its arrow where it covers no box and no other label; the most frequent arrows choose first."""
    taken: list[Rect] = []
    for node, (x, y) in zip(graph.nodes, layout.nodes, strict=True):
        w, h = node.size
        taken.append((x - w / 2, y - h / 2, w, h))
    routes = list(layout.routes)
    for k in sorted(range(len(routes)), key=lambda k: -graph.edges[k].weight):
        edge, route = graph.edges[k], routes[k]
        if not edge.label or len(route.points) < 4:
            continue
        w, h = edge.label_size
        spots = _along((*route.points,))
        middle = len(spots) / 2
        best, cost = spots[0], float("inf")
        beside, other = w / 2 + 4, -w / 2 - 4
        # on a short arrow the label would hide the arrow
        short = abs(spots[0][0] - spots[-1][0]) + abs(spots[0][1] - spots[-1][1]) < SHORT
        sides = (beside, other, 0.0) if short else (0.0, beside, other)
        for i, (x, y) in enumerate(spots):
            for dx in sides:
                left = min(max(x + dx - w / 2, 0.0), layout.width - w)
                rect = (left, y - h / 2, w, h)
                covered = sum(_overlap(rect, other) for other in taken)
                price = 50.0 * covered + abs(i - middle) / len(spots) + 0.4 * sides.index(dx)
                if price < cost:
                    best, cost = (left + w / 2, y), price
        taken.append((best[0] - w / 2, best[1] - h / 2, w, h))
        routes[k] = Route(route.points, route.tip, best, route.curve)
    return Layout(layout.width, layout.height, layout.nodes, tuple(routes), layout.lanes)
