"""The ways through a BPMN graph, each a partial order of tasks, with their probabilities."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from flowaudit.messages import translate as _
from flowaudit.process.bpmn.diagram import Diagram, Element

MOST_WAYS = 20_000
"""Ways are followed one by one until there are so many,"""

MASS = 1e-6
"""or until the others together are rarer than this,"""

MOST_STEPS = 500_000
"""or until they hold so many steps, or as soon as the next one is rarer than a drawn one would be."""

DRAWN_WAYS = 5_000
"""So many ways, drawn, stand for the rest."""

LONGEST = 10_000
"""A case with more steps than this is taken to run for ever."""

SEED = 20_110_103
"""Of the drawn ways: the same file always gives the same process."""

MOST_LOST = 0.05
"""Share of the cases that may be lost in ways that are too long."""

Defect = tuple[str, str, str]
"""Element, problem, hint."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way through the graph.

    Attributes
    ----------
    probability : float
    steps : tuple of (str, tuple of int)
        Identifier of a task or timer, and the steps that must have ended before it.
    """

    probability: float
    steps: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Ways:
    """All ways of a graph.

    Attributes
    ----------
    ways : tuple of Way
        The most frequent first; probabilities sum to 1.
    drawn : float
        Share of the cases whose ways were too many to follow one by one, and are stood for by a drawn sample of them.
    lost : float
        Share of the cases whose ways are too long or too rare to follow; the ways kept stand for them in proportion.
    """

    ways: tuple[Way, ...]
    drawn: float
    lost: float


Token = tuple[str, frozenset[int]]
"""Where it is (a flow), and the steps that had ended when it came there."""


@dataclass(slots=True)
class _Run:
    """A case under way."""

    probability: float
    steps: list[tuple[str, tuple[int, ...]]]
    moving: list[Token]
    waiting: dict[str, frozenset[int]] = field(default_factory=dict)


def structure(diagram: Diagram, chance: Mapping[str, float]) -> list[Defect]:
    """Find what is wrong with a graph before anything runs in it.

    Parameters
    ----------
    diagram : Diagram
    chance : mapping of flow identifier to probability
        Of the flows out of exclusive gateways that split; others need none.
    """
    found: list[Defect] = []
    elements = diagram.elements
    starts = [e for e in elements.values() if e.kind == "start"]
    if not starts:
        found.append((diagram.name or _("process"), _("there is no start event"), _("draw one start event.")))
    elif len(starts) > 1:
        names = ", ".join(e.label for e in starts)
        found.append(
            (names, _("there are {n} start events", n=len(starts)), _("keep one start event; let a gateway split after it."))
        )  # fmt: skip
    for e in elements.values():
        before, behind = diagram.incoming(e.id), diagram.outgoing(e.id)
        if e.kind == "start" and before:
            found.append((e.label, _("a flow leads into the start event"), _("let it lead into a gateway behind it.")))
        if e.kind == "end" and behind:
            found.append((e.label, _("a flow leaves the end event"), _("delete it.")))
    follow: dict[str, list[str]] = {}
    back: dict[str, list[str]] = {}
    for flow in diagram.flows.values():
        follow.setdefault(flow.source, []).append(flow.target)
        if chance.get(flow.id, 1.0) > 0:
            back.setdefault(flow.target, []).append(flow.source)
    reached = _reach([e.id for e in starts], follow)
    ending = _reach([e.id for e in elements.values() if e.kind == "end"], back)
    for e in elements.values():
        if starts and e.id not in reached:
            found.append(
                (e.label, _("no case ever comes here"), _("connect it with what comes before it, or delete it."))
            )
        elif e.kind != "end" and not diagram.outgoing(e.id):
            found.append((e.label, _("no flow leaves it, and it is no end event"), _("draw a flow to an end event.")))
        elif e.id in reached and e.id not in ending:
            circle = e.id in _reach(follow.get(e.id, []), follow)
            found.append(
                (e.label, _("a loop that no case ever leaves"), _("give the way out of the loop a probability above 0."))
                if circle
                else (e.label, _("no case that comes here ever ends"), _("draw a flow to an end event."))
            )  # fmt: skip
    return found


def _reach(first: Iterable[str], follow: Mapping[str, list[str]]) -> set[str]:
    seen, front = set(first), list(first)
    while front:
        for other in follow.get(front.pop(), []):
            if other not in seen:
                seen.add(other)
                front.append(other)
    return seen


def find_ways(diagram: Diagram, chance: Mapping[str, float]) -> tuple[Ways, list[Defect]]:
    """Follow a case through the graph, whichever way it may take.

    Parameters
    ----------
    diagram : Diagram
        Without defects of :func:`structure`.
    chance : mapping of flow identifier to probability

    Returns
    -------
    Ways
    list of Defect
        Joins that wait for ever, branches that are not joined, cases that never end or never begin.

    Notes
    -----
    The token game of BPMN: an exclusive gateway passes each token on along one flow, drawn anew each time; a parallel
    gateway takes one token from each flow into it and gives one to each flow out of it; a task with several flows out of
    it begins several branches; an end event takes a token away. Which token moves first makes no difference, because no
    token ever takes what another one needs. Branches side by side are multiplied out only where there are choices in them.

    The most probable case under way is always followed next. Where ways are too many, or all of them are rare, the rest is
    drawn: a systematic sample of the cases under way (each by its probability) goes on at random. Expected numbers of
    visits stay exact but for the luck of that draw.
    """
    return _Search(diagram, chance).ways()


class _Search:
    def __init__(self, diagram: Diagram, chance: Mapping[str, float]) -> None:
        self.elements = diagram.elements
        self.target = {f.id: f.target for f in diagram.flows.values()}
        self.out: dict[str, list[str]] = {e: [] for e in diagram.elements}
        self.into: dict[str, list[str]] = {e: [] for e in diagram.elements}
        for flow in diagram.flows.values():
            self.out[flow.source].append(flow.id)
            self.into[flow.target].append(flow.id)
        self.chance = chance
        self.defects: dict[tuple[str, str], list[float]] = {}
        self.hints: dict[tuple[str, str], str] = {}
        self.found: dict[tuple[tuple[str, tuple[int, ...]], ...], float] = {}
        self.kept_steps = 0

    def ways(self) -> tuple[Ways, list[Defect]]:
        start = next(e for e in self.elements.values() if e.kind == "start")
        first = _Run(1.0, [], [(f, frozenset()) for f in self.out[start.id]])
        number = 0
        heap: list[tuple[float, int, _Run]] = [(-1.0, 0, first)]
        left = 1.0
        while heap and left > MASS and len(self.found) < MOST_WAYS and self.kept_steps < MOST_STEPS:
            if -heap[0][0] * DRAWN_WAYS < left:
                break
            run = heapq.heappop(heap)[2]
            split = self._on(run)
            if split is None:
                left -= run.probability
                continue
            for flow in self._choices(split[0]):
                number += 1
                other = _Run(run.probability * self.chance[flow], list(run.steps), list(run.moving), dict(run.waiting))
                other.moving.append((flow, split[1]))
                heapq.heappush(heap, (-other.probability, number, other))
        drawn = 0.0
        if heap and left > MASS:
            drawn = self._draw([run for _p, _n, run in heap])
        kept = sum(self.found.values())
        refused = sum(self._lost_in(key) for key in self.defects)
        lost = max(1.0 - kept - refused, 0.0)
        if lost > MOST_LOST and not self.defects:
            self._defect(
                start, _("{share:.0%} of the cases run on for more steps than can be followed", share=lost),
                _("make the ways out of its loops more probable."), lost,
            )  # fmt: skip
        ways = [Way(p / kept, steps) for steps, p in self.found.items()]
        ways.sort(key=lambda w: -w.probability)
        return Ways(tuple(ways), drawn, lost), self._listed()

    def _choices(self, element: str) -> list[str]:
        return [flow for flow in self.out[element] if self.chance[flow] > 0]

    def _on(self, run: _Run) -> tuple[str, frozenset[int]] | None:
        """Move the tokens of a case until it ends (None; it is put down) or comes to a choice (the gateway and its past)."""
        quiet = 0
        while run.moving:
            flow, past = run.moving.pop()
            element = self.elements[self.target[flow]]
            quiet += 1
            if len(run.steps) > LONGEST and quiet < LONGEST:
                return None
            if quiet >= LONGEST:
                self._defect(
                    element, _("a loop that no case ever leaves"), _("give the way out of the loop a probability above 0."),
                    run.probability,
                )  # fmt: skip
                return None
            if element.kind in ("task", "timer"):
                run.steps.append((element.id, self._needed(run, past)))
                past = frozenset([len(run.steps) - 1])
            elif element.kind == "end":
                continue
            elif element.kind == "and" and len(self.into[element.id]) > 1:
                if flow in run.waiting:
                    self._defect(
                        element, _("a second case token comes here by the same flow before the other branches have come"),
                        _("join the branches that run side by side with a parallel gateway, not with an exclusive one."),
                        run.probability,
                    )  # fmt: skip
                    return None
                run.waiting[flow] = past
                into = self.into[element.id]
                if not all(f in run.waiting for f in into):
                    continue
                past = frozenset().union(*(run.waiting.pop(f) for f in into))
            behind = self.out[element.id]
            if element.kind == "xor" and len(behind) > 1:
                choices = self._choices(element.id)
                if len(choices) > 1:
                    return element.id, past
                run.moving.append((choices[0], past))
            else:
                run.moving.extend((f, past) for f in reversed(behind))
        self._end(run)
        return None

    def _needed(self, run: _Run, past: frozenset[int]) -> tuple[int, ...]:
        """The steps waited for, without those that another of them had itself waited for."""
        if len(past) < 2:
            return tuple(past)
        old: set[int] = set()
        front = [j for i in past for j in run.steps[i][1]]
        least = min(past)
        while front:
            j = front.pop()
            if j >= least and j not in old:
                old.add(j)
                front.extend(run.steps[j][1])
        return tuple(sorted(past - old))

    def _end(self, run: _Run) -> None:
        if run.waiting:
            for name in sorted({self.target[flow] for flow in run.waiting}):
                missing = [f for f in self.into[name] if f not in run.waiting]
                self._defect(
                    self.elements[name],
                    _("waits for ever: nothing comes by {flows}", flows=", ".join(missing)),
                    _("a parallel gateway joins branches that a parallel gateway split; join those of an exclusive gateway with an exclusive one."),
                    run.probability,
                )  # fmt: skip
        elif not run.steps:
            start = next(e for e in self.elements.values() if e.kind == "start")
            self._defect(
                start, _("a case can end without any task"), _("put a task on every way from the start to the end."),
                run.probability,
            )  # fmt: skip
        else:
            steps = tuple(run.steps)
            if steps not in self.found:
                self.kept_steps += len(steps)
            self.found[steps] = self.found.get(steps, 0.0) + run.probability

    def _draw(self, under_way: list[_Run]) -> float:
        """Let a systematic sample of the cases under way go on at random; return the probability they stand for."""
        rng = np.random.default_rng(SEED)
        cumulated = np.cumsum([r.probability for r in under_way])
        weight = float(cumulated[-1]) / DRAWN_WAYS
        points = (np.arange(DRAWN_WAYS) + rng.random()) * weight
        chosen = np.minimum(np.searchsorted(cumulated, points, side="right"), len(under_way) - 1)
        limit = self.kept_steps + MOST_STEPS
        # In random order, so that a budget that ends early has no favourites.
        for i in rng.permutation(chosen).tolist():
            source = under_way[i]
            run = _Run(weight, list(source.steps), list(source.moving), dict(source.waiting))
            while (split := self._on(run)) is not None:
                choices = self._choices(split[0])
                chance = np.cumsum([self.chance[flow] for flow in choices])
                picked = min(int(np.searchsorted(chance, rng.random() * chance[-1], side="right")), len(choices) - 1)
                run.moving.append((choices[picked], split[1]))
            if self.kept_steps > limit:
                break
        return float(cumulated[-1])

    def _defect(self, element: Element, problem: str, hint: str, probability: float) -> None:
        key = (element.label, problem)
        self.defects.setdefault(key, []).append(probability)
        self.hints[key] = hint

    def _lost_in(self, key: tuple[str, str]) -> float:
        return sum(self.defects[key])

    def _listed(self) -> list[Defect]:
        return [
            (where, _("{problem} (in {share:.3g} of the cases)", problem=problem, share=self._lost_in((where, problem))), self.hints[where, problem])
            for where, problem in self.defects
        ]  # fmt: skip
