"""A branch of a template, opened for changes: drop, rewire, contract; closed again into an immutable one."""

from __future__ import annotations

import gc
import heapq
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from flowaudit.process import Branch, Episode, MaterialUse, Process, Step, Template, Trip

NEW_ORIGIN = 1 << 19
"""From here on lie the origins of steps that no observed trace has; a simulation takes origins below 2 ** 20."""


class Draft:
    """Steps of a branch as lists that may be edited; step numbers stay valid until :meth:`close`.

    Parameters
    ----------
    branch : Branch
    """

    def __init__(self, branch: Branch) -> None:
        self._branch = branch
        self.steps: list[Step] = list(branch.steps)
        self.after: list[set[int]] = [set(s.after) for s in branch.steps]
        self.materials: list[MaterialUse] = list(branch.materials)
        self.episodes: list[Episode] = list(branch.episodes)
        self.trips: list[Trip] = list(branch.trips)
        self._into: dict[int, int | None] = {}
        self._place: list[float] = [float(i) for i in range(len(self.steps))]

    def change(self, i: int, **fields: object) -> None:
        """Replace fields of step ``i`` (not ``after``: edit ``self.after``)."""
        self.steps[i] = replace(self.steps[i], **fields)  # type: ignore[arg-type]

    def drop(self, i: int, into: int | None = None) -> list[int]:
        """Remove step ``i``; what followed it follows what it followed, and is returned. Its materials and episodes go to ``into``."""
        followers = []
        for k, after in enumerate(self.after):
            if i in after:
                after.discard(i)
                after |= self.after[i]
                if k not in self._into:
                    followers.append(k)
        self._into[i] = into
        return followers

    def drop_all(self, gone: Collection[int]) -> None:
        """Remove several steps that nothing takes over: as :meth:`drop` of each, in one go."""
        gone = set(gone)
        before: dict[int, set[int]] = {}
        for k, after in enumerate(self.after):
            if not after.isdisjoint(gone):
                self._past(k, gone, before)
        for k, after in before.items():
            self.after[k] = after
        self._into.update(dict.fromkeys(gone))

    def _past(self, i: int, gone: set[int], before: dict[int, set[int]]) -> set[int]:
        """What ``i`` follows when some steps are gone; put into ``before``, which holds what is known."""
        if i not in before:
            before[i] = {j for j in self.after[i] if j not in gone}
            for j in gone.intersection(self.after[i]):
                before[i] |= self._past(j, gone, before)
        return before[i]

    def move(self, i: int, after: Iterable[int]) -> None:
        """Let step ``i`` follow ``after`` instead; what followed it follows what it followed."""
        for follows in self.after:
            if i in follows:
                follows.discard(i)
                follows |= self.after[i]
        self.after[i] = set(after)
        self._place[i] = max((self._place[j] for j in self.after[i]), default=-1.0) + 0.25

    def add(self, step: Step, after: Iterable[int], *, key: str, place: float | None = None) -> int:
        """Add a step that follows ``after`` (``step.after`` is not read); return its number.

        ``key`` names what is added; with the first step it follows it makes the origin, so that the new step has the same
        luck in every scenario that adds it there. ``place`` is where it stands among the steps that may run at any time:
        default at the end.
        """
        follows = set(after)
        anchor = min((self.steps[j].origin for j in follows), default=-1)
        origin = NEW_ORIGIN + zlib.crc32(f"{key}|{anchor}".encode()) % NEW_ORIGIN
        taken = {s.origin for s in self.steps}
        while origin in taken:
            origin = NEW_ORIGIN + (origin + 1) % NEW_ORIGIN
        self.steps.append(replace(step, origin=origin, after=()))
        self.after.append(follows)
        self._place.append(float(len(self._place)) if place is None else place)
        return len(self.steps) - 1

    def insert_before(self, i: int, step: Step, *, key: str) -> int:
        """Add a step that follows what ``i`` followed, and that ``i`` follows; return its number."""
        k = self.add(step, self.after[i], key=key, place=self._place[i] - 0.5)
        self.after[i] = {k}
        return k

    def insert_after(self, i: int, step: Step, *, key: str) -> int:
        """Add a step that follows ``i``, and that all that followed ``i`` follows; return its number."""
        followers = self.followers(i)
        k = self.add(step, (i,), key=key, place=self._place[i] + 0.5)
        for j in followers:
            self.after[j].discard(i)
            self.after[j].add(k)
        return k

    def followers(self, i: int) -> list[int]:
        """Steps that directly follow ``i``."""
        return [j for j, after in enumerate(self.after) if i in after and j not in self._into]

    def dropped(self, i: int) -> bool:
        return i in self._into

    def ancestors(self, i: int) -> set[int]:
        """All steps that must have ended before ``i`` may begin."""
        found: set[int] = set()
        front = list(self.after[i])
        while front:
            j = front.pop()
            if j not in found:
                found.add(j)
                front.extend(self.after[j])
        return found

    def follow(self, i: int, j: int) -> bool:
        """Let ``i`` also wait for ``j``; refuse (False) where that would close a circle."""
        if i == j or i in self.ancestors(j):
            return False
        self.after[i].add(j)
        return True

    def close(self) -> Branch:
        """Return the changed branch."""
        kept = self._in_order()
        number = {i: k for k, i in enumerate(kept)}

        def home(i: int) -> int | None:
            if i in number:
                return number[i]
            while i in self._into:
                into = self._into[i]
                if into is None:
                    return None
                i = into
            return number[i]

        steps = tuple([_follows(self.steps[i], self.after[i], number) for i in kept])
        if kept == list(range(len(self.steps))):
            return replace(
                self._branch,
                steps=steps,
                materials=tuple(self.materials),
                episodes=tuple(self.episodes),
                trips=tuple(self.trips),
            )
        materials = [_moved(use, home(use.step)) for use in self.materials]
        episodes = []
        for episode in self.episodes:
            first, last = home(episode.first), home(episode.last)
            if first is not None and last is not None and first != last:
                episodes.append(replace(episode, first=first, last=last))
        kept_materials = tuple(use for use in materials if use is not None)
        trips = [replace(trip, step=at) for trip in self.trips if (at := home(trip.step)) is not None]
        return Branch(
            self._branch.probability, steps, kept_materials, tuple(episodes), tuple(trips), self._merged(home, kept)
        )

    def _merged(self, home: Callable[[int], int | None], kept: list[int]) -> tuple[tuple[int, int], ...]:
        """Which steps live on in which, those merged before included, however often what took them over is merged itself."""
        pairs = list(self._branch.merged)
        pairs += [(self.steps[i].origin, self.steps[j].origin) for i, j in self._into.items() if j is not None]
        if not pairs:
            return ()
        number = {step.origin: i for i, step in enumerate(self.steps)}
        homes = [(gone, home(number[into])) for gone, into in pairs if into in number]
        return tuple((gone, self.steps[kept[at]].origin) for gone, at in homes if at is not None)

    def _in_order(self) -> list[int]:
        """The steps that stay, none before one it follows, else in the order in which they stood."""
        kept = [i for i in range(len(self.steps)) if i not in self._into]
        at_the_end = all(self._place[i] == i for i in range(len(self._branch.steps), len(self.steps)))
        if at_the_end and all(j < i for i in kept for j in self.after[i]):
            return kept
        # Mostly the places are an order already, and then the one that the search below would find.
        order = sorted(kept, key=lambda i: (self._place[i], i))
        rank = {i: k for k, i in enumerate(order)}
        if all(rank[j] < rank[i] for i in kept for j in self.after[i]):
            return order
        left = {i: len(self.after[i]) for i in kept}
        followers: dict[int, list[int]] = defaultdict(list)
        for i in kept:
            for j in self.after[i]:
                followers[j].append(i)
        front = [(self._place[i], i) for i in kept if not left[i]]
        heapq.heapify(front)
        order = []
        while front:
            _place, i = heapq.heappop(front)
            order.append(i)
            for j in followers[i]:
                left[j] -= 1
                if not left[j]:
                    heapq.heappush(front, (self._place[j], j))
        return order


def _follows(s: Step, steps: set[int], number: dict[int, int]) -> Step:
    """The step with other predecessors. Spelt out, as it is done for every step of every branch: ``replace`` takes far longer."""
    if len(steps) == 1:
        (only,) = steps
        after: tuple[int, ...] = (number[only],)
    else:
        after = tuple(sorted([number[j] for j in steps]))
    return s if s.after == after else Step(s.node, after, s.wait, s.work, s.origin, s.site, s.cause, s.band)


def _moved(use: MaterialUse, step: int | None) -> MaterialUse | None:
    if step is None or use.step == step:
        return None if step is None else use
    return MaterialUse(step, use.item, use.canonical_id, use.source, use.accepted)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Put off the search for circular garbage: branches hold none, and it takes longer than making them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


Outcome = Branch | Callable[[], Branch]
"""A branch, or how to make it: of a rare branch only one of the outcomes is wanted."""

Change = Callable[[Branch], "Sequence[tuple[float, Outcome]] | None"]

SPLIT_CASES = 40
"""A branch followed by at least so many observed cases is split in its outcomes; a rarer one takes one of them."""


def change_branches(process: Process, change: Change, *, key: str = "") -> tuple[Process, float]:
    """Apply ``change`` to every branch; return the process and how many observed cases it touches.

    ``change`` returns None for a branch it leaves alone, else the branches it becomes, with the share of each. Rare
    branches are not split, or seven measures with two outcomes would make 128 of each: they are dealt out to the
    outcomes in an order drawn from ``key``, so that over all cases each outcome gets its share.
    """
    with _no_collection():
        return _dealt(process, [[change(b) for b in template.branches] for template in process.templates], key)


def _dealt(
    process: Process, outcomes: list[list[Sequence[tuple[float, Outcome]] | None]], key: str
) -> tuple[Process, float]:
    """The process with the outcomes of its branches in their place, and how many observed cases these are."""
    touched = 0.0
    due: dict[int, float] = defaultdict(float)
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    templates: list[Template] = list(process.templates)
    for t in rng.permutation(len(templates)):
        template = process.templates[t]
        branches: list[Branch] = []
        for branch, outcome in zip(template.branches, outcomes[t], strict=True):
            if outcome is None:
                branches.append(branch)
                continue
            weight = template.cases * branch.probability
            touched += weight
            if len(outcome) == 1 or weight >= SPLIT_CASES:
                branches.extend(_with(new, branch.probability * share) for share, new in outcome if share > 0)
                continue
            for k, (share, _new) in enumerate(outcome):
                due[k] += weight * share
            chosen = max(range(len(outcome)), key=lambda k: due[k])
            due[chosen] -= weight
            branches.append(_with(outcome[chosen][1], branch.probability))
        templates[t] = replace(template, branches=tuple(branches))
    return replace(process, templates=tuple(templates)), touched


def _with(outcome: Outcome, probability: float) -> Branch:
    branch = outcome if isinstance(outcome, Branch) else outcome()
    return branch if branch.probability == probability else replace(branch, probability=probability)
