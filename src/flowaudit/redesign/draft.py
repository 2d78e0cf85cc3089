"""A branch of a template, opened for changes: drop, rewire, contract; closed again into an immutable one."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from flowaudit.process import Branch, Episode, MaterialUse, Process, Step, Template, Trip


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

    def change(self, i: int, **fields: object) -> None:
        """Replace fields of step ``i`` (not ``after``: edit ``self.after``)."""
        self.steps[i] = replace(self.steps[i], **fields)  # type: ignore[arg-type]

    def drop(self, i: int, into: int | None = None) -> None:
        """Remove step ``i``; what followed it follows what it followed. Its materials and episodes go to ``into``."""
        for after in self.after:
            if i in after:
                after.discard(i)
                after |= self.after[i]
        self._into[i] = into

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
        kept = [i for i in range(len(self.steps)) if i not in self._into]
        number = {i: k for k, i in enumerate(kept)}

        def home(i: int) -> int | None:
            while i in self._into:
                into = self._into[i]
                if into is None:
                    return None
                i = into
            return number[i]

        steps = tuple(_follows(self.steps[i], tuple(sorted([number[j] for j in self.after[i]]))) for i in kept)
        if not self._into:
            return Branch(
                self._branch.probability, steps, tuple(self.materials), tuple(self.episodes), tuple(self.trips)
            )
        materials = [_moved(use, home(use.step)) for use in self.materials]
        episodes = []
        for episode in self.episodes:
            first, last = home(episode.first), home(episode.last)
            if first is not None and last is not None and first != last:
                episodes.append(replace(episode, first=first, last=last))
        kept_materials = tuple(use for use in materials if use is not None)
        trips = [replace(trip, step=at) for trip in self.trips if (at := home(trip.step)) is not None]
        return Branch(self._branch.probability, steps, kept_materials, tuple(episodes), tuple(trips))


def _follows(step: Step, after: tuple[int, ...]) -> Step:
    """The step with other predecessors; most steps keep theirs."""
    return step if step.after == after else replace(step, after=after)


def _moved(use: MaterialUse, step: int | None) -> MaterialUse | None:
    return None if step is None else use if use.step == step else replace(use, step=step)


Change = Callable[[Branch], "Sequence[tuple[float, Branch]] | None"]

SPLIT_CASES = 40
"""A branch followed by at least so many observed cases is split in its outcomes; a rarer one takes one of them."""


def change_branches(process: Process, change: Change, *, key: str = "") -> tuple[Process, float]:
    """Apply ``change`` to every branch; return the process and how many observed cases it touches.

    ``change`` returns None for a branch it leaves alone, else the branches it becomes, with the share of each. Rare
    branches are not split, or seven measures with two outcomes would make 128 of each: they are dealt out to the
    outcomes in an order drawn from ``key``, so that over all cases each outcome gets its share.
    """
    outcomes = [[change(branch) for branch in template.branches] for template in process.templates]
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
                branches.extend(
                    replace(new, probability=branch.probability * share) for share, new in outcome if share > 0
                )
                continue
            for k, (share, _new) in enumerate(outcome):
                due[k] += weight * share
            chosen = max(range(len(outcome)), key=lambda k: due[k])
            due[chosen] -= weight
            branches.append(replace(outcome[chosen][1], probability=branch.probability))
        templates[t] = Template(template.cases, tuple(branches))
    return replace(process, templates=tuple(templates)), touched
