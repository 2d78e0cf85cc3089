"""Find a place for every node and arrow: Graphviz in a child process, a plain layered order where that fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowaudit.views import _text
from flowaudit.views._graph import LANE_SIZE, Graph
from flowaudit.views.picture import Point

TIMEOUT_S = 20.0
PAGE = (442.0, 600.0)
"""Type area of an A4 page less a caption, in points: of two layouts the one that fits it at the larger scale is taken."""


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
    """Return the places of a graph's parts.

    Graphviz lays the graph out from top to bottom and from left to right; the one that can be printed larger is taken.
    When the child process does not answer in time, or fails, a layered layout of our own is used.
    """
    try:
        answers = _ask([_dot(graph, "TB"), _dot(graph, "LR")], timeout_s)
        layouts = [_read(graph, answer) for answer in answers]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return layered(graph)
    return max(layouts, key=_scale)


def _scale(layout: Layout) -> float:
    return min(PAGE[0] / layout.width, PAGE[1] / layout.height, 1.0)


def _ask(sources: list[str], timeout_s: float) -> list[dict[str, Any]]:
    # run as a file, not as a module of the package: the child needs Graphviz only and starts at once
    done = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name("_layout.py"))],
        input=json.dumps(sources).encode(),
        capture_output=True,
        timeout=timeout_s,
        check=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def _box_label(size: tuple[float, float]) -> str:
    # an empty table of fixed size: Graphviz keeps room for the label without measuring any font
    w, h = (max(1, round(x)) for x in size)
    return f'<<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{w}" HEIGHT="{h}"><TR><TD></TD></TR></TABLE>>'


def _dot(graph: Graph, direction: str) -> str:
    out = [
        f"digraph {{ rankdir={direction}; nodesep=0.22; ranksep=0.34; pad=0; remincross=true; newrank=true;",
        'node [shape=box, fixedsize=true, label=""]; edge [arrowsize=0.6];',
    ]
    for lane, name in enumerate(graph.lanes):
        members = [f"n{i};" for i, node in enumerate(graph.nodes) if node.lane == lane]
        label = _box_label((_text.width(name, LANE_SIZE) + 8, LANE_SIZE + 4))
        out.append(f"subgraph cluster_{lane} {{ margin=9; label={label}; {' '.join(members)} }}")
    for i, node in enumerate(graph.nodes):
        w, h = node.size
        out.append(f"n{i} [width={w / 72:.4f}, height={h / 72:.4f}];")
    heaviest = max((e.weight for e in graph.edges), default=1.0) or 1.0
    for k, edge in enumerate(graph.edges):
        label = f", label={_box_label(edge.label_size)}" if edge.label else ""
        weight = 1 + round(8 * edge.weight / heaviest)
        # an arrow back in time must not turn the map upside down
        back = graph.nodes[edge.target].position < graph.nodes[edge.source].position
        free = ", constraint=false" if back else ""
        out.append(f'n{edge.source} -> n{edge.target} [id="e{k}", weight={weight}{free}{label}];')
    return "\n".join([*out, "}"])


def _point(text: str, height: float) -> Point:
    x, y = text.split(",")
    return float(x), height - float(y)


def _read(graph: Graph, data: Mapping[str, Any]) -> Layout:
    left, bottom, width, height = map(float, data["bb"].split(","))
    if width - left <= 0 or height - bottom <= 0:
        raise ValueError("empty layout")
    nodes: list[Point] = [(0.0, 0.0)] * len(graph.nodes)
    lanes: list[tuple[float, float, float, float]] = [(0.0, 0.0, 0.0, 0.0)] * len(graph.lanes)
    for thing in data["objects"]:
        name = thing["name"]
        if name.startswith("cluster_"):
            x0, y0, x1, y1 = map(float, thing["bb"].split(","))
            lanes[int(name[8:])] = (x0, height - y1, x1 - x0, y1 - y0)
        else:
            nodes[int(name[1:])] = _point(thing["pos"], height)
    routes: list[Route] = [Route((), (0.0, 0.0), None)] * len(graph.edges)
    for thing in data.get("edges", ()):
        points: list[Point] = []
        tip: Point | None = None
        for part in thing["pos"].split():
            if part.startswith("e,"):
                tip = _point(part[2:], height)
            elif not part.startswith("s,"):
                points.append(_point(part, height))
        label = _point(thing["lp"], height) if "lp" in thing else None
        routes[int(thing["id"][1:])] = Route(tuple(points), tip or points[-1], label)
    return Layout(width, height, tuple(nodes), tuple(routes), tuple(lanes))


def layered(graph: Graph) -> Layout:
    """Place nodes without Graphviz: one column per lane, one row per step in order of position.

    Needs no other program and always ends; arrows may cross boxes.
    """
    order = sorted(range(len(graph.nodes)), key=lambda i: graph.nodes[i].position)
    pitch, left, top = 128.0, 12.0, 30.0
    nodes: list[Point] = [(0.0, 0.0)] * len(graph.nodes)
    y, last_lane, row_height = top, None, 0.0
    for i in order:
        node = graph.nodes[i]
        lane = max(node.lane, 0)
        if last_lane is None or lane == last_lane or node.mark:
            y += row_height + 22.0 if last_lane is not None else 0.0
            row_height = 0.0
        else:
            y += 0.62 * row_height + 14.0
            row_height = 0.0
        nodes[i] = (left + pitch * (lane + 0.5), y + node.size[1] / 2)
        row_height, last_lane = max(row_height, node.size[1]), lane
    height = y + row_height + 16.0
    width = left * 2 + pitch * max(len(graph.lanes), 1)
    lanes = tuple((left + pitch * k + 3, 4.0, pitch - 6, height - 8) for k in range(len(graph.lanes)))
    routes = tuple(_straight(graph, nodes, edge.source, edge.target, k) for k, edge in enumerate(graph.edges))
    return Layout(width, height, tuple(nodes), routes, lanes)


def _straight(graph: Graph, nodes: list[Point], source: int, target: int, k: int) -> Route:
    (x0, y0), (x1, y1) = nodes[source], nodes[target]
    h0, h1 = graph.nodes[source].size[1] / 2, graph.nodes[target].size[1] / 2
    w0, w1 = graph.nodes[source].size[0] / 2, graph.nodes[target].size[0] / 2
    if source == target or y1 <= y0:
        start, tip = (x0 + w0, y0), (x1 + w1, y1 + (6 if source == target else 0))
        bow = 18.0 + 5.0 * (k % 3)
        points = (start, (start[0] + bow, start[1]), (tip[0] + bow, tip[1]), (tip[0] + 4, tip[1]))
        return Route(points, tip, (max(x0, x1) + w0 + bow * 0.5, (y0 + y1) / 2))
    start, tip = (x0, y0 + h0), (x1, y1 - h1)
    end = (tip[0], tip[1] - 4)
    reach = max(8.0, (end[1] - start[1]) / 2)
    points = (start, (start[0], start[1] + reach), (end[0], end[1] - reach), end)
    share = 0.35 + 0.15 * (k % 3)
    return Route(points, tip, (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
