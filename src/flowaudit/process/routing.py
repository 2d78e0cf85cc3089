"""Which way a case takes: composed from what followed the same past in the log, with a memory as long as the log supports."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flowaudit.process.model import Branch, Episode, MaterialUse, Step, Template, Trip

SAMPLE = 2
"""Ways composed for each observed case, so that the sample stands for the router and not for its luck."""

LEAST, MOST = 2_000, 10_000
"""But at least, and at most, so many."""

LEVELS = 7
"""Kinds of contexts."""

LONGEST = 500
"""Cases of more steps than this on average are not composed anew: nearly every one is unlike all others."""

MOST_STEPS = 2_000_000
"""Steps composed in all; fewer ways are composed where they are long."""

LAST = 3
"""Activities that the longest memory short of the whole past reaches back."""

MOST_TILT = 6.0
"""Weights are not changed by more than a factor of e to this power against each other."""

MISSED = 0.002
"""Times per case by which an activity's frequency may still differ from the log's."""

DEAD_ENDS = 20
"""How often a way is begun again that comes to a dead end or to what no case has come to; then an observed one is taken."""

SEED = 20_200_406
"""Of the composition: a fit has no luck of its own."""

Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """An observed case: its steps as a partial order, its attributes, and in which class of elapsed time each step began."""

    branch: Branch
    attributes: Attributes = ()
    elapsed: tuple[int, ...] = ()


@dataclass
class _Past:
    """What has been composed so far, as far as the memory reaches."""

    whole: int | None
    nodes: list[int]
    visits: dict[int, int]


def generalise(
    traces: Sequence[Trace], outcome: Callable[[Branch], Hashable] | None = None
) -> tuple[Template, ...] | None:
    """Compose ways for cases from the observed ones.

    Parameters
    ----------
    traces : sequence of Trace
    outcome : callable, optional
        What a way has come to in its end; ways that come to what no observed case did are not kept.

    Returns
    -------
    tuple of Template or None
        Weights sum to the number of traces. None where no weights make the activities as frequent as in the log: in logs in
        which nearly every case is unlike all others, or many activities run beside each other. No way is longer than the observed ones allow: no activity comes more often
        than it did in some observed case.

    Notes
    -----
    A way grows step by step. The next step (or the end) is one that followed the same context in the log, drawn with the
    frequency it had there. Contexts, from the longest:

    1. the whole past, with the attributes of the case;
    2. what has been done and how often, and what last, with the attributes, the quarter of its delays in which the last step
       lay, and how much time had passed; 3. the same without attributes and times;
    4. the last three activities and how often the last one has come, with attributes and times; 5. the same without them;
    6. the last two activities; 7. the last one.

    A context with n occurrences and u different continuations is used with probability n / (n + u) (Witten and Bell 1991,
    escape method C), else the next shorter one; contexts seen in a single case are not used, so that no rare case is copied
    as a whole. A step brings along the quarter of its delay, its visit, its materials and what its correction was about,
    because these go together. At last the ways are weighted so that every activity is as frequent as in the log.

    References
    ----------
    Witten, Bell. The zero-frequency problem. IEEE Transactions on Information Theory 37 (1991), doi 10.1109/18.87000.
    """
    length = sum(len(t.branch.steps) for t in traces) / max(len(traces), 1)
    if length > LONGEST:
        return None
    memory = _Memory(traces, outcome or (lambda _branch: None))
    n = int(np.clip(SAMPLE * len(traces), LEAST, MOST))
    n = max(min(n, int(MOST_STEPS / max(length, 1.0))), len(traces))
    rng = np.random.default_rng(SEED)
    found: Counter[tuple[Branch, Attributes]] = Counter()
    # Stratified: every observed case begins equally many ways, up to rounding.
    begins = rng.permutation(np.arange(n) * len(traces) // n)
    for k in begins:
        attributes = traces[int(k)].attributes
        found[memory.compose(attributes, rng), attributes] += 1
    weights = _tilted(list(found), np.array(list(found.values()), float), traces)
    if weights is None:
        return None
    return tuple(
        Template(float(w), (branch,), attributes)
        for (branch, attributes), w in zip(found, weights, strict=True)
        if w > 0
    )


def _tilted(
    ways: Sequence[tuple[Branch, Attributes]], weight: npt.NDArray[np.float64], traces: Sequence[Trace]
) -> npt.NDArray[np.float64] | None:
    """Change the weights as little as can be, so that every activity is as frequent as in the log.

    The weights nearest in Kullback-Leibler divergence with given means are the exponentially tilted ones; the tilt is the
    minimum of a convex function, found by Newton's method. None where it has none, or where some weights would have to
    change beyond all measure: what was composed is then too unlike the log.
    """
    nodes = sorted({s.node for t in traces for s in t.branch.steps})
    column = {n: k for k, n in enumerate(nodes)}

    def counts(branches: Iterable[Branch], n: int) -> npt.NDArray[np.float64]:
        out = np.zeros((n, len(nodes)))
        for i, branch in enumerate(branches):
            for step in branch.steps:
                out[i, column[step.node]] += 1.0
        return out

    wanted = counts((t.branch for t in traces), len(traces)).mean(axis=0)
    excess = counts((b for b, _a in ways), len(ways)) - wanted
    base = weight / weight.sum()
    tilt = np.zeros(len(nodes))
    share = base
    for _round in range(50):
        miss = share @ excess
        if np.abs(miss).max() < 1e-10:
            break
        curvature = (excess * share[:, None]).T @ excess - np.outer(miss, miss)
        step = np.linalg.lstsq(curvature, miss, rcond=1e-9)[0]
        power = excess @ (tilt - step)
        if not np.isfinite(power).all() or np.ptp(power) > MOST_TILT:
            # An activity that no observed case leaves out, but a composed one does: its weight goes to nothing.
            break
        tilt = tilt - step
        share = base * np.exp(power - power.max())
        share /= share.sum()
    if np.abs(share @ excess).max() > MISSED:
        return None
    even: npt.NDArray[np.float64] = share * len(traces)
    return even


class _Memory:
    def __init__(self, traces: Sequence[Trace], outcome: Callable[[Branch], Hashable]) -> None:
        self.traces = traces
        self.outcome = outcome
        self.outcomes = {outcome(t.branch) for t in traces}
        self.levels: list[dict[Hashable, list[tuple[int, int]]]] = [defaultdict(list) for _level in range(LEVELS)]
        self.tree: dict[tuple[int, Hashable], int] = {}
        self.kind: dict[Hashable, int] = {}
        self.uses: list[dict[int, list[MaterialUse]]] = []
        self.closing: list[dict[int, list[Episode]]] = []
        self.trips: list[dict[int, list[Trip]]] = []
        self.most: Counter[int] = Counter()
        for t, trace in enumerate(traces):
            uses: dict[int, list[MaterialUse]] = defaultdict(list)
            for use in trace.branch.materials:
                uses[use.step].append(use)
            closing: dict[int, list[Episode]] = defaultdict(list)
            for episode in trace.branch.episodes:
                closing[max(episode.first, episode.last)].append(episode)
            trips: dict[int, list[Trip]] = defaultdict(list)
            for trip in trace.branch.trips:
                trips[trip.step].append(trip)
            self.trips.append(trips)
            self.uses.append(uses)
            self.closing.append(closing)
            past = _Past(self._root(trace.attributes), [], {})
            for position in range(len(trace.branch.steps) + 1):
                spot = (t, position)
                for level, key in enumerate(self._contexts(past, trace.attributes, self._state(t, position))):
                    self.levels[level][key].append(spot)
                if position < len(trace.branch.steps):
                    self._go(past, t, position, grow=True)
            for node, times in past.visits.items():
                self.most[node] = max(self.most[node], times)
        self.different = [{key: self._different(o) for key, o in level.items()} for level in self.levels]
        # Occurrences are in the order of the cases: it is one case's context where the first and the last are of the same.
        self.common = [{key: o[0][0] != o[-1][0] for key, o in level.items()} for level in self.levels]

    def _root(self, attributes: Attributes) -> int:
        return self.tree.setdefault((-1, attributes), len(self.tree))

    def _state(self, t: int, position: int) -> tuple[int, int]:
        """The quarter of the delay before the last step, and the class of the time elapsed when it began."""
        trace = self.traces[t]
        return (trace.branch.steps[position - 1].band, trace.elapsed[position - 1]) if position else (-1, -1)

    def _symbol(self, t: int, position: int) -> Hashable:
        """What a step is, apart from where it stands; None at the end."""
        steps = self.traces[t].branch.steps
        if position >= len(steps):
            return None
        step = steps[position]
        return step.node, step.band, tuple(position - j for j in step.after), step.site, step.cause

    def _different(self, occurrences: list[tuple[int, int]]) -> int:
        """How many different activities (or the end) come next."""
        steps = [self.traces[t].branch.steps for t, _p in occurrences]
        return len({own[p].node if p < len(own) else -1 for own, (_t, p) in zip(steps, occurrences, strict=True)})

    def _contexts(self, past: _Past, attributes: Attributes, state: tuple[int, int]) -> list[Hashable]:
        """Keys of the past, from the longest; a whole past that has not been seen has none."""
        nodes = past.nodes
        last = nodes[-1] if nodes else -1
        done = frozenset(past.visits.items())
        return [
            ("whole", past.whole),
            (last, done, state, attributes),
            (last, done),
            (tuple(nodes[-LAST:]), past.visits.get(last, 0), state, attributes),
            (tuple(nodes[-LAST:]), past.visits.get(last, 0)),
            tuple(nodes[-2:]),
            last,
        ]

    def _go(self, past: _Past, t: int, position: int, *, grow: bool = False) -> None:
        step = self.traces[t].branch.steps[position]
        if past.whole is not None:
            key = (past.whole, self._symbol(t, position))
            past.whole = self.tree.setdefault(key, len(self.tree)) if grow else self.tree.get(key)
        past.nodes.append(step.node)
        past.visits[step.node] = past.visits.get(step.node, 0) + 1

    def compose(self, attributes: Attributes, rng: np.random.Generator) -> Branch:
        """Compose one way; it ends where an observed one did."""
        for _try in range(DEAD_ENDS):
            way = self._way(attributes, rng)
            if way is not None and self.outcome(way) in self.outcomes:
                return way
        own = [trace.branch for trace in self.traces if trace.attributes == attributes]
        return own[int(rng.integers(len(own)))]

    def _way(self, attributes: Attributes, rng: np.random.Generator) -> Branch | None:
        """Compose one way; None where it could go on only with an activity that has come as often as it may."""
        past = _Past(self._root(attributes), [], {})
        steps: list[Step] = []
        uses: list[MaterialUse] = []
        episodes: list[Episode] = []
        trips: list[Trip] = []
        state = (-1, -1)
        while True:
            found = self._next(past, attributes, state, rng)
            if found is None:
                return None
            t, position = found
            if position >= len(self.traces[t].branch.steps):
                break
            step = self.traces[t].branch.steps[position]
            here = len(steps)
            place = self._places(t, position, steps)
            steps.append(
                replace(
                    step,
                    after=tuple(sorted({place[j] for j in step.after if j in place}))
                    or (((here - 1),) if here else ()),
                    origin=here,
                )
            )
            uses += [replace(use, step=here) for use in self.uses[t].get(position, ())]
            trips += [replace(trip, step=here) for trip in self.trips[t].get(position, ())]
            place[position] = here
            for episode in self.closing[t].get(position, ()):
                if episode.first in place and episode.last in place:
                    episodes.append(replace(episode, first=place[episode.first], last=place[episode.last]))
            self._go(past, t, position)
            state = self._state(t, position + 1)
        return Branch(1.0, tuple(steps), tuple(uses), tuple(episodes), tuple(trips))

    def _places(self, t: int, position: int, steps: list[Step]) -> dict[int, int]:
        """Where the earlier steps of trace ``t`` stand in what has been composed: the same distance back, else the latest such."""
        source = self.traces[t].branch.steps
        wanted = set(source[position].after)
        for episode in self.closing[t].get(position, ()):
            wanted |= {episode.first, episode.last}
        place: dict[int, int] = {}
        for j in wanted:
            near = len(steps) - (position - j)
            if j < position and 0 <= near < len(steps) and steps[near].node == source[j].node:
                place[j] = near
                continue
            same = next((k for k in range(len(steps) - 1, -1, -1) if steps[k].node == source[j].node), None)
            if same is not None and j < position:
                place[j] = same
        return place

    def _next(
        self, past: _Past, attributes: Attributes, state: tuple[int, int], rng: np.random.Generator
    ) -> tuple[int, int] | None:
        """An occurrence to go on from: (trace, position), which is past its last step to end; None if there is none."""
        contexts = self._contexts(past, attributes, state)
        for level, key in enumerate(contexts):
            occurrences = self.levels[level].get(key, [])
            last = level == len(contexts) - 1
            if not occurrences or (not self.common[level][key] and not last):
                continue
            n, u = len(occurrences), self.different[level][key]
            if not last and rng.random() >= n / (n + u):
                continue
            for _try in range(8):
                t, position = occurrences[int(rng.integers(n))]
                steps = self.traces[t].branch.steps
                if position >= len(steps) or past.visits.get(steps[position].node, 0) < self.most[steps[position].node]:
                    return t, position
        return None


def counted(traces: Sequence[Trace]) -> tuple[Template, ...]:
    """Return the observed ways, with how many cases took each."""
    weights = Counter((t.branch, t.attributes) for t in traces)
    return tuple(Template(float(n), (branch,), attributes) for (branch, attributes), n in weights.items())


def ways_on(
    templates: Sequence[Template], pasts: Sequence[tuple[int, ...]], most: int = 200
) -> list[tuple[tuple[int, int], ...]]:
    """Find, for cases that have come so far, templates they may go on with.

    Parameters
    ----------
    pasts : sequence of tuple of int
        Nodes each case has passed.
    most : int
        Ways returned for a case; the templates that share most of the past come first.

    Returns
    -------
    list of tuple of (int, int)
        Template, and the origin of the last step that counts as done. Those that share the whole past; if there are none,
        the last three nodes, two, one; else every template from its beginning.
    """
    by_whole: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    by_last: list[dict[tuple[int, ...], list[tuple[int, int]]]] = [defaultdict(list) for _k in range(LAST)]
    lengths = {len(p) for p in pasts}
    for t, template in enumerate(templates):
        nodes = tuple(s.node for s in template.branches[0].steps)
        for i in range(len(nodes) - 1):
            if i + 1 in lengths:
                by_whole[nodes[: i + 1]].append((t, i))
            for k in range(LAST):
                by_last[k][nodes[max(i - k, 0) : i + 1]].append((t, i))
    cumulated = np.cumsum([t.cases for t in templates]).tolist()
    out = []
    for past in pasts:
        found = by_whole.get(past, [])
        for k in range(LAST - 1, -1, -1):
            found = found or by_last[k].get(past[-k - 1 :], [])
        if not found:
            # Nothing like it has ever ended: any case there is, from where it began.
            step = cumulated[-1] / min(most, len(templates))
            found = [
                (min(bisect_right(cumulated, step * (j + 0.5)), len(templates) - 1), -1)
                for j in range(min(most, len(templates)))
            ]
        if len(found) > most:
            found = [found[len(found) * j // most] for j in range(most)]
        out.append(tuple((t, templates[t].branches[0].steps[i].origin if i >= 0 else -1) for t, i in found))
    return out
