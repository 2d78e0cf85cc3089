"""A branch of a template, opened for changes: drop, rewire, contract; closed again into an immutable one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from flowaudit.process import Branch, Episode, MaterialUse, Process, Step, Template


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

        steps = tuple(replace(self.steps[i], after=tuple(sorted(number[j] for j in self.after[i]))) for i in kept)
        materials = []
        for use in self.materials:
            step = home(use.step)
            if step is not None:
                materials.append(replace(use, step=step))
        episodes = []
        for episode in self.episodes:
            first, last = home(episode.first), home(episode.last)
            if first is not None and last is not None and first != last:
                episodes.append(replace(episode, first=first, last=last))
        return Branch(self._branch.probability, steps, tuple(materials), tuple(episodes))


Change = Callable[[Branch], "Iterable[tuple[float, Branch]] | None"]


def change_branches(process: Process, change: Change) -> tuple[Process, float]:
    """Apply ``change`` to every branch; return the process and how many observed cases it touches.

    ``change`` returns None for a branch it leaves alone, else the branches it becomes, with the share of each.
    """
    templates: list[Template] = []
    touched = 0.0
    for template in process.templates:
        branches: list[Branch] = []
        for branch in template.branches:
            outcome = change(branch)
            if outcome is None:
                branches.append(branch)
                continue
            touched += template.cases * branch.probability
            branches.extend(replace(new, probability=branch.probability * share) for share, new in outcome if share > 0)
        templates.append(Template(template.cases, tuple(branches)))
    return replace(process, templates=tuple(templates)), touched
