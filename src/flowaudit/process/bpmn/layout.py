"""Where the elements of a BPMN diagram lie: from left to right, lanes as bands, flows at right angles past the shapes."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Bounds = tuple[float, float, float, float]

MARGIN, HEADER = 30.0, 30.0
TRACK, LABEL = 14.0, (46.0, 14.0)
CLEAR = 34.0
"""Height a row has beyond its highest shape."""

EDGE_ROW = 26.0


@dataclass(frozen=True)
class Arrow:
    """A flow to be drawn: places of its ends among the shapes, how heavy it is, and whether it carries a label."""

    source: int
    target: int
    weight: float
    labelled: bool = False


@dataclass(frozen=True)
class Layout:
    """Bounds (x, y, width, height) of shapes, lanes, labels and of the whole; corners of the arrows."""

    shapes: list[Bounds]
    arrows: list[list[Point]]
    labels: list[Bounds | None]
    lanes: list[Bounds]
    whole: Bounds


@dataclass
class _Course:
    """How an arrow runs: the row it takes past other layers, and the layers passed; it may run backwards."""

    row: tuple[int, int] | None
    first: int
    last: int
    back: bool


def lay_out(sizes: Sequence[tuple[int, int]], lane: Sequence[int], n_lanes: int, arrows: Sequence[Arrow]) -> Layout:
    """Lay a diagram out.

    Parameters
    ----------
    sizes : sequence of (int, int)
        Width and height of each shape; the first shape is the start.
    lane : sequence of int
        Lane of each shape.
    n_lanes : int
    arrows : sequence of Arrow

    Returns
    -------
    Layout
        No two shapes overlap, and no arrow crosses a shape: in every layer each row holds one shape, or arrows that pass.
        Arrows turn in the gaps between layers.

    Notes
    -----
    Layers are longest paths once the arrows that close a loop are turned round (Sugiyama, Tagawa, Toda, IEEE Trans. SMC 11,
    1981); the heaviest arrow into a shape keeps its row, so that the usual way runs straight.
    """
    back = _back(len(sizes), arrows)
    layer = _layers(len(sizes), arrows, back)
    row, taken = _rows(lane, layer, arrows, back)
    courses = _courses(lane, layer, row, arrows, back, taken)
    rows = sorted({*zip(lane, row, strict=True), *(c.row for c in courses if c.row is not None)})
    top, lane_bounds_y = _heights(rows, sizes, list(zip(lane, row, strict=True)), n_lanes)
    return _drawn(sizes, lane, layer, row, arrows, courses, top, lane_bounds_y)


def _back(n: int, arrows: Sequence[Arrow]) -> set[int]:
    """Arrows that close a loop, the heaviest way followed first."""
    out: dict[int, list[int]] = defaultdict(list)
    for k in sorted(range(len(arrows)), key=lambda k: (-arrows[k].weight, k)):
        out[arrows[k].source].append(k)
    state = [0] * n
    back: set[int] = set()
    for root in range(n):
        if state[root]:
            continue
        stack = [(root, iter(out[root]))]
        state[root] = 1
        while stack:
            at, rest = stack[-1]
            k = next(rest, -1)
            if k < 0:
                state[at] = 2
                stack.pop()
                continue
            to = arrows[k].target
            if state[to] == 1:
                back.add(k)
            elif state[to] == 0:
                state[to] = 1
                stack.append((to, iter(out[to])))
    return back


def _layers(n: int, arrows: Sequence[Arrow], back: set[int]) -> list[int]:
    left = [0] * n
    follow: dict[int, list[int]] = defaultdict(list)
    for k, a in enumerate(arrows):
        if k not in back:
            left[a.target] += 1
            follow[a.source].append(a.target)
    layer = [0] * n
    front = [i for i in range(n) if not left[i]]
    while front:
        at = front.pop()
        for to in follow[at]:
            layer[to] = max(layer[to], layer[at] + 1)
            left[to] -= 1
            if not left[to]:
                front.append(to)
    return layer


def _rows(
    lane: Sequence[int], layer: Sequence[int], arrows: Sequence[Arrow], back: set[int]
) -> tuple[list[int], dict[tuple[int, int, int], set[object]]]:
    """Row of each shape within its lane, and what takes each (lane, row, layer)."""
    into: dict[int, list[Arrow]] = defaultdict(list)
    for k, a in enumerate(arrows):
        if k not in back:
            into[a.target].append(a)
    heavy = [max((a.weight for a in into[i]), default=0.0) for i in range(len(lane))]
    row = [0] * len(lane)
    taken: dict[tuple[int, int, int], set[object]] = {}
    for i in sorted(range(len(lane)), key=lambda i: (layer[i], -heavy[i], i)):
        before = sorted(into[i], key=lambda a: -a.weight)
        wish = next((row[a.source] for a in before if lane[a.source] == lane[i]), 0)
        at = next(
            wish + step for step in _around(2 * len(lane) + 2) if (lane[i], wish + step, layer[i]) not in taken
        )  # fmt: skip
        row[i] = at
        taken[lane[i], at, layer[i]] = {("shape", i)}
    return row, taken


def _around(n: int) -> Iterable[int]:
    yield 0
    for k in range(1, n):
        yield k
        yield -k


def _courses(
    lane: Sequence[int], layer: Sequence[int], row: Sequence[int], arrows: Sequence[Arrow], back: set[int],
    taken: dict[tuple[int, int, int], set[object]],
) -> list[_Course]:  # fmt: skip
    """Give every arrow that passes layers a row free all along, as near as may be; arrows into one shape may share it."""
    courses: list[_Course | None] = [None] * len(arrows)
    rows = {(lane[i], row[i]) for i in range(len(lane))}
    for k in sorted(range(len(arrows)), key=lambda k: (k in back, -arrows[k].weight, k)):
        a = arrows[k]
        if k in back:
            passed = range(layer[a.target], layer[a.source] + 1)
        else:
            passed = range(layer[a.source] + 1, layer[a.target])
        course = _Course(None, passed.start, passed.stop - 1, k in back)
        courses[k] = course
        if not len(passed):
            continue
        mine: object = ("into", a.target, k in back)
        ends = (lane[a.source], row[a.source]), (lane[a.target], row[a.target])
        ordered = sorted(rows)
        place = {r: float(p) for p, r in enumerate(ordered)}
        choices = dict(place)
        for one in {ends[0][0], ends[1][0]}:
            own = [r for r in ordered if r[0] == one]
            choices[one, own[-1][1] + 1] = place[own[-1]] + 0.5
            choices[one, own[0][1] - 1] = place[own[0]] - 0.5

        def cost(r: tuple[int, int]) -> tuple[float, float]:
            at = choices[r]  # noqa: B023
            new = 0.75 if r not in place else 0.0  # noqa: B023
            return abs(at - place[ends[0]]) + abs(at - place[ends[1]]) + new, at  # noqa: B023

        free = [r for r in choices if all(taken.get((*r, at), {mine}) == {mine} for at in passed)]
        best = min(free, key=cost)
        course.row = best
        rows.add(best)
        for at in passed:
            taken[(*best, at)] = {mine}
    return [c for c in courses if c is not None]


def _heights(
    rows: list[tuple[int, int]], sizes: Sequence[tuple[int, int]], of_shape: list[tuple[int, int]], n_lanes: int
) -> tuple[dict[tuple[int, int], float], list[tuple[float, float]]]:
    """Middle of every row; top and height of every lane."""
    highest: dict[tuple[int, int], int] = defaultdict(int)
    for r, (_w, h) in zip(of_shape, sizes, strict=True):
        highest[r] = max(highest[r], h)
    middle: dict[tuple[int, int], float] = {}
    lanes = []
    y = MARGIN
    for one in range(n_lanes):
        begun = y
        y += CLEAR / 2
        for r in rows:
            if r[0] == one:
                height = highest[r] + CLEAR if highest[r] else EDGE_ROW
                middle[r] = y + height / 2
                y += height
        y += CLEAR / 2
        lanes.append((begun, y - begun))
    return middle, lanes


@dataclass
class _Turn:
    """What turns on one track of a gap: heights at which it is joined from the left and from the right."""

    left: set[float]
    right: set[float]


def _drawn(
    sizes: Sequence[tuple[int, int]], lane: Sequence[int], layer: Sequence[int], row: Sequence[int], arrows: Sequence[Arrow],
    courses: list[_Course], middle: dict[tuple[int, int], float], lanes: list[tuple[float, float]],
) -> Layout:  # fmt: skip
    n_layers = max(layer) + 1
    y = [middle[lane[i], row[i]] for i in range(len(sizes))]
    several: dict[int, int] = defaultdict(int)
    for a in arrows:
        several[a.source] += 1
    # Each arrow turns in the gap behind its source and in the gap before its target; neighbours share one.
    turns: list[dict[tuple[str, int], _Turn]] = [{} for _gap in range(n_layers + 1)]
    used: list[list[tuple[int, tuple[str, int]]]] = []
    for a, c in zip(arrows, courses, strict=True):
        first, last = layer[a.source] + 1, layer[a.target]
        mine: list[tuple[int, tuple[str, int]]] = []
        if c.row is None:
            key = ("s", a.source) if several[a.source] > 1 else ("t", a.target)
            mine.append((first, key))
            turn = turns[first].setdefault(key, _Turn(set(), set()))
            turn.left.add(y[a.source])
            turn.right.add(y[a.target])
        else:
            out, into = ("b" if c.back else "s", a.source), ("c" if c.back else "t", a.target)
            mine += [(first, out), (last, into)]
            at = middle[c.row]
            turn = turns[first].setdefault(out, _Turn(set(), set()))
            turn.left.add(y[a.source])
            (turn.left if c.back else turn.right).add(at)
            turn = turns[last].setdefault(into, _Turn(set(), set()))
            turn.right.add(y[a.target])
            (turn.right if c.back else turn.left).add(at)
        used.append(mine)
    tracks = [_ordered(t) for t in turns]
    labelled = {layer[a.source] + 1 for a in arrows if a.labelled}
    left = MARGIN + 2 * HEADER
    x_layer, x_track = [], [dict[tuple[str, int], float]() for _gap in turns]
    x = left
    for gap in range(n_layers + 1):
        x += 16.0
        for key in tracks[gap]:
            x_track[gap][key] = x
            x += TRACK
        x += LABEL[0] if gap in labelled else 10.0
        if gap < n_layers:
            width = max(sizes[i][0] for i in range(len(sizes)) if layer[i] == gap)
            x_layer.append(x + width / 2)
            x += width
    shapes = [
        (x_layer[layer[i]] - w / 2, y[i] - h / 2, float(w), float(h)) for i, (w, h) in enumerate(sizes)
    ]  # fmt: skip
    lines: list[list[Point]] = []
    labels: list[Bounds | None] = []
    for a, c, mine in zip(arrows, courses, used, strict=True):
        begin = (shapes[a.source][0] + shapes[a.source][2], y[a.source])
        end = (shapes[a.target][0], y[a.target])
        xs = [x_track[gap][key] for gap, key in mine]
        levels = [y[a.source], *([middle[c.row]] if c.row is not None else []), y[a.target]]
        points = [begin]
        for at, (low, high) in zip(xs, itertools.pairwise(levels), strict=True):
            points += [(at, low), (at, high)]
        lines.append(_straight([*points, end]))
        if a.labelled:
            rest = xs[0] if levels[0] != levels[1] else begin[0]
            beside = rest - LABEL[0] - 2 if c.back else max(rest, begin[0]) + 3
            labels.append((beside, levels[1] - LABEL[1] - 3, *LABEL))
        else:
            labels.append(None)
    right = x + 10.0
    bands = [(MARGIN + HEADER, top, right - MARGIN - HEADER, height) for top, height in lanes]
    bottom = lanes[-1][0] + lanes[-1][1]
    return Layout(shapes, lines, labels, bands, (MARGIN, MARGIN, right - MARGIN, bottom - MARGIN))


def _ordered(turns: dict[tuple[str, int], _Turn]) -> list[tuple[str, int]]:
    """Tracks from left to right: what is joined from the left at some height before what is joined from the right there."""
    left = sorted(turns)
    out = []
    while left:
        free = [k for k in left if not any(turns[o].left & turns[k].right for o in left if o != k)]
        chosen = (free or left)[0]
        out.append(chosen)
        left.remove(chosen)
    return out


def _straight(points: list[Point]) -> list[Point]:
    """Without repeated points and corners that are none."""
    out: list[Point] = []
    for p in points:
        if out and abs(p[0] - out[-1][0]) < 1e-6 and abs(p[1] - out[-1][1]) < 1e-6:
            continue
        if len(out) > 1 and (out[-2][0] == out[-1][0] == p[0] or out[-2][1] == out[-1][1] == p[1]):
            out.pop()
        out.append(p)
    return out
