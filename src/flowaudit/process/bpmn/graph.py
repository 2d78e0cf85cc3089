"""The ways of a process as one graph with gateways: what runs side by side in parallel blocks, all else by choices.

A way is a partial order. Where all of it before a point has to end before all of it behind, it is a sequence; where parts
do not wait for each other, these run side by side. Ways that share such blocks share them in the graph, and what follows
what becomes choices with the shares seen: expected visits stay what they were, memory does not.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from flowaudit.process.model import Process, Step


@dataclass(frozen=True, slots=True)
class Parallel:
    """Sequences that run side by side."""

    branches: tuple[tuple[int | Parallel, ...], ...]


Sequence_ = tuple[int | Parallel, ...]
"""Nodes, and what runs side by side, one after the other."""

Weighted = list[tuple[float, Sequence_]]


@dataclass
class Vertex:
    """An element of the graph; ``node`` of a task, and the node whose lane a gateway or event lies in."""

    kind: Literal["start", "end", "task", "xor", "and"]
    node: int


@dataclass
class Edge:
    """A flow; its probability where an exclusive gateway splits."""

    source: int
    target: int
    weight: float
    probability: float | None = None


@dataclass
class Graph:
    """The first vertex is the start, the second the end.

    Attributes
    ----------
    kept : float
        Share of the cases whose ways it shows.
    """

    vertices: list[Vertex] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    kept: float = 1.0

    def put(self, kind: Literal["start", "end", "task", "xor", "and"], node: int) -> int:
        self.vertices.append(Vertex(kind, node))
        return len(self.vertices) - 1


def flat(sequence: Sequence_) -> list[int]:
    """Return the nodes of a sequence, one after the other."""
    out: list[int] = []
    for item in sequence:
        if isinstance(item, int):
            out.append(item)
        else:
            for branch in item.branches:
                out.extend(flat(branch))
    return out


def process_graph(process: Process, coverage: float) -> tuple[Graph, list[tuple[float, Step]]]:
    """Return the graph of a process, and the steps it shows with their weights.

    Parameters
    ----------
    process : Process
    coverage : float
        Share of the cases whose ways must be shown; those with the rarest transitions are left out first.
    """
    weight: dict[Sequence_, float] = defaultdict(float)
    steps: dict[Sequence_, list[tuple[float, tuple[Step, ...]]]] = defaultdict(list)
    for template in process.templates:
        for branch in template.branches:
            w = template.cases * branch.probability
            if w > 0 and branch.steps:
                way = composed(branch.steps)
                weight[way] += w
                steps[way].append((w, branch.steps))
    kept, share = _common(weight, coverage)
    graph = Graph(kept=share)
    start, end = graph.put("start", -1), graph.put("end", -1)
    _chain(graph, [(w, way) for way, w in kept.items()], start, end)
    for e in graph.edges:
        # Of either there is one.
        if e.source == start:
            graph.vertices[start].node = graph.vertices[e.target].node
        if e.target == end:
            graph.vertices[end].node = graph.vertices[e.source].node
    return graph, [(w, s) for way in kept for w, own in steps[way] for s in own]


def _common(weight: dict[Sequence_, float], coverage: float) -> tuple[dict[Sequence_, float], float]:
    """The ways without the rarest transitions, as many as hold the coverage, and the share they hold."""
    total = sum(weight.values())
    if coverage >= 1.0 or len(weight) < 2:
        return weight, 1.0
    pairs: dict[tuple[int, int], float] = defaultdict(float)
    of: dict[Sequence_, set[tuple[int, int]]] = {}
    for way, w in weight.items():
        nodes = [-1, *flat(way), -1]
        of[way] = set(itertools.pairwise(nodes))
        for pair in of[way]:
            pairs[pair] += w
    ranked = sorted(weight, key=lambda way: (-min(pairs[p] for p in of[way]), -weight[way]))
    kept: dict[Sequence_, float] = {}
    held = 0.0
    for way in ranked:
        if held >= coverage * total - 1e-9 * total:
            break
        kept[way] = weight[way]
        held += weight[way]
    return kept, held / total


def composed(steps: Sequence[Step]) -> Sequence_:
    """Return a partial order as sequences and what runs side by side in them.

    What is neither (a step waits for one of two branches that otherwise run side by side) becomes a sequence.

    Examples
    --------
    >>> a, b, c, d = (Step(n, after, -1, -1, n) for n, after in enumerate([(), (0,), (0,), (1, 2)]))
    >>> composed([a, b, c, d])
    (0, Parallel(branches=((1,), (2,))), 3)
    """
    order = _topological(steps)
    past = [0] * len(steps)
    for i in order:
        for j in steps[i].after:
            past[i] |= past[j] | (1 << j)
    return _sequence(steps, order, past)


def _topological(steps: Sequence[Step]) -> list[int]:
    if all(j < i for i, s in enumerate(steps) for j in s.after):
        return list(range(len(steps)))
    left = [len(s.after) for s in steps]
    out: list[int] = []
    front = [i for i, n in enumerate(left) if not n]
    while front:
        i = front.pop(0)
        out.append(i)
        for k, s in enumerate(steps):
            if i in s.after:
                left[k] -= s.after.count(i)
                if not left[k]:
                    front.append(k)
    return out


def _sequence(steps: Sequence[Step], order: list[int], past: list[int]) -> Sequence_:
    """Series decomposition: cut where everything before has to end before everything behind."""
    common = [0] * (len(order) + 1)
    common[-1] = -1
    for k in range(len(order) - 1, -1, -1):
        common[k] = common[k + 1] & past[order[k]]
    out: list[int | Parallel] = []
    block: list[int] = []
    before = 0
    for k, i in enumerate(order):
        block.append(i)
        before |= 1 << i
        if k + 1 == len(order) or before & ~common[k + 1] == 0:
            out.extend(_side_by_side(steps, block, past) if len(block) > 1 else (steps[i].node,))
            block = []
    return tuple(out)


def _side_by_side(steps: Sequence[Step], block: list[int], past: list[int]) -> Sequence_:
    """Parallel decomposition: parts of which no step waits for one of another part."""
    parts: list[tuple[int, list[int]]] = []
    for i in block:
        mask, members = 1 << i, [i]
        rest = []
        for other, own in parts:
            if other & past[i]:
                mask |= other
                members = own + members
            else:
                rest.append((other, own))
        parts = [*rest, (mask, members)]
    if len(parts) == 1:
        return tuple(steps[i].node for i in block)
    place = {i: k for k, i in enumerate(block)}
    branches = [_sequence(steps, sorted(own, key=place.__getitem__), past) for _mask, own in parts]
    return (Parallel(tuple(sorted(branches, key=flat))),)


@dataclass
class _Block:
    """Branches that run side by side in the graph: nodes of each, and the sequences that pass it."""

    ways: dict[int, Weighted] = field(default_factory=lambda: defaultdict(list))
    total: float = 0.0


class _Blocks:
    """Which nodes form one branch, and which branches one block: read off what runs side by side, the most frequent first."""

    def __init__(self, ways: Weighted) -> None:
        self.blocks: list[list[set[int]]] = []
        weight: dict[Parallel, float] = defaultdict(float)
        for w, way in ways:
            for item in way:
                if isinstance(item, Parallel):
                    weight[item] += w
        for item in sorted(weight, key=lambda item: (-weight[item], repr(item))):
            self._take(item)
        self.place = {n: (k, j) for k, block in enumerate(self.blocks) for j, nodes in enumerate(block) for n in nodes}

    def _take(self, item: Parallel) -> None:
        """Let what runs side by side do so in the graph, unless a more frequent way says otherwise."""
        groups = [set(flat(branch)) for branch in item.branches]
        touched = [
            [(k, j) for k, block in enumerate(self.blocks) for j, nodes in enumerate(block) if nodes & group]
            for group in groups
        ]
        every = [place for places in touched for place in places]
        if sum(map(len, groups)) > len(set().union(*groups)) or len(every) > len(set(every)):
            return
        if any(len(places) > len({k for k, _j in places}) for places in touched):
            return
        involved = {k for k, _j in every}
        merged = [
            group.union(*(self.blocks[k][j] for k, j in places)) for group, places in zip(groups, touched, strict=True)
        ]
        rest = [
            nodes for k in sorted(involved) for j, nodes in enumerate(self.blocks[k]) if (k, j) not in every
        ]  # fmt: skip
        self.blocks = [block for k, block in enumerate(self.blocks) if k not in involved] + [merged + rest]

    def placed(self, way: Sequence_) -> list[int | tuple[int, dict[int, Sequence_]]]:
        """Return a way as nodes and visits to blocks (the block, and what is done in each of its branches).

        What belongs to one branch and comes alone here passes its block, too, whose other branches are then skipped.
        """
        out: list[int | tuple[int, dict[int, Sequence_]]] = []
        alone = [self.place.get(item) if isinstance(item, int) else None for item in way]
        block_at = [self.place.get(flat((item,))[0], (-1, -1))[0] for item in way]
        k = 0
        while k < len(way):
            item, first = way[k], k
            k += 1
            if isinstance(item, int):
                place = alone[first]
                while place is not None and k < len(way) and alone[k] == place:
                    k += 1
                near = {block_at[i] for i in (first - 1, k) if 0 <= i < len(way)}
                if place is None or place[0] in near:
                    out.extend(flat(way[first:k]))
                else:
                    out.append((place[0], {place[1]: way[first:k]}))
                continue
            nodes = flat((item,))
            blocks = {self.place[n][0] if n in self.place else -1 for n in nodes}
            inside: dict[int, list[int | Parallel]] = defaultdict(list)
            if len(blocks) == 1 and -1 not in blocks:
                for branch in item.branches:
                    own = flat(branch)
                    whole = len({self.place[n] for n in own}) == 1
                    for part in branch if whole else own:
                        inside[self.place[own[0] if whole else flat((part,))[0]][1]].append(part)
            if len(inside) > 1:
                out.append((blocks.pop(), {name: tuple(sequence) for name, sequence in inside.items()}))
            else:
                out.extend(nodes)
        return out


State = tuple[str, int]


def _chain(graph: Graph, ways: Weighted, entry: int, leave: int) -> None:
    """Put the tasks of some ways between two vertices, with choices where what follows differs."""
    blocks = _Blocks(ways)
    flow: dict[tuple[State, State], float] = defaultdict(float)
    inner: dict[int, _Block] = defaultdict(_Block)
    begin, end = ("begin", 0), ("end", 0)
    for w, way in ways:
        at: State = begin
        for item in blocks.placed(way):
            if isinstance(item, int):
                to: State = ("task", item)
            else:
                to = ("block", item[0])
                block = inner[item[0]]
                block.total += w
                for name, sequence in item[1].items():
                    block.ways[name].append((w, sequence))
            flow[at, to] += w
            at = to
        flow[at, end] += w
    states = dict.fromkeys(s for pair in flow for s in pair if s[0] in ("task", "block"))
    first, last = {begin: entry, end: leave}, {begin: entry, end: leave}
    for s in states:
        if s[0] == "task":
            first[s] = last[s] = graph.put("task", s[1])
        else:
            branches = inner[s[1]].ways
            heaviest = max(branches.values(), key=lambda own: sum(w for w, _seq in own))
            lane = flat(heaviest[0][1])[0]
            first[s], last[s] = graph.put("and", lane), graph.put("and", lane)
    out, into, total = (defaultdict[State, float](float) for _count in range(3))
    for (a, b), w in flow.items():
        out[a] += 1
        into[b] += 1
        total[a] += w
    split, join = dict(last), dict(first)
    for s in [begin, *states]:
        if out[s] > 1:
            own = graph.vertices[last[s]].node
            heir = max((pair for pair in flow if pair[0] == s), key=lambda pair: flow[pair])[1]
            split[s] = graph.put("xor", own if own >= 0 else graph.vertices[first[heir]].node)
            graph.edges.append(Edge(last[s], split[s], total[s]))
    for s in [*states, end]:
        if into[s] > 1:
            own = graph.vertices[first[s]].node
            heir = max((pair for pair in flow if pair[1] == s), key=lambda pair: flow[pair])[0]
            join[s] = graph.put("xor", own if own >= 0 else graph.vertices[last[heir]].node)
            graph.edges.append(Edge(join[s], first[s], sum(w for (_a, b), w in flow.items() if b == s)))
    for (a, b), w in flow.items():
        graph.edges.append(Edge(split[a], join[b], w, w / total[a] if out[a] > 1 else None))
    for s in states:
        if s[0] == "block":
            for branch in inner[s[1]].ways.values():
                rest = inner[s[1]].total - sum(w for w, _seq in branch)
                passing: Weighted = [(rest, ())] if rest > 1e-9 * inner[s[1]].total else []
                _chain(graph, branch + passing, first[s], last[s])
