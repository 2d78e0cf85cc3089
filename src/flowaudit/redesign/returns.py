"""What sign-off levels sent back and refused: what a case has only because of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cached_property
from itertools import takewhile

from flowaudit.process import WHOLE, Branch, Process, Step
from flowaudit.redesign.draft import Draft
from flowaudit.redesign.ways import earlier, later

USUAL = 0.5
"""Where something follows an item's last sign-off in at least this share of its cases, one in which nothing does was refused."""


class Returns:
    """Finds what some sign-offs returned or refused, and how a case would have gone without that.

    Parameters
    ----------
    process : Process
    signing : collection of int
        Nodes of one department at which somebody signs.
    dropped : collection of int
        Those of them whose returns and refusals are looked for.
    """

    def __init__(self, process: Process, signing: Collection[int], dropped: Collection[int]) -> None:
        self._nodes = process.nodes
        self._signing, self._dropped = frozenset(signing), frozenset(dropped)
        self._process = process

    def again(self, branch: Branch) -> frozenset[int]:
        """Return the steps that followed a return: sign-offs done a second time, and what was asked for in between.

        They lie between the sign-off that returned the case and the next of the dropped ones.
        """
        steps = branch.steps
        signed = [s.node for s in steps if s.node in self._signing]
        if len(set(signed)) == len(signed):
            return frozenset()
        found: set[int] = set()
        for i, step in enumerate(steps):
            if step.node in self._dropped:
                after = self._rest(branch, i, later(branch, [i]))
                region = list(takewhile(lambda j: steps[j].node not in self._dropped, after))
                before = {steps[j].node for j in earlier(branch, [i])} & self._signing
                repeats = [k for k, j in enumerate(region) if steps[j].node in before]
                found.update(region[: repeats[-1] + 1] if repeats else ())
        return frozenset(found)

    def refused(self, branch: Branch) -> tuple[int, ...]:
        """Return the sign-offs with which an item ended although its cases usually go on."""
        return tuple(
            i
            for item, i in self._last_sign_offs(branch).items()
            if branch.steps[i].node in self._dropped
            and item in self._tails
            and not self._rest(branch, i, range(i + 1, len(branch.steps)))
        )

    def without(self, branch: Branch, again: Iterable[int] = (), refused: Iterable[int] = ()) -> Branch:
        """Return the branch without the dropped sign-offs, and without these of their returns and refusals."""
        draft = Draft(branch)
        gone = {i for i, step in enumerate(branch.steps) if step.node in self._dropped} | set(again)
        granted = set(refused)
        for i in sorted(gone - granted):
            draft.drop(i)
        for i in sorted(granted):
            last = set(draft.after[i])
            draft.drop(i)
            for step in self._tails[self._nodes[branch.steps[i].node].item]:
                last = {draft.add(step, last, key=f"M02|{step.node}")}
        return draft.close()

    def _rest(self, branch: Branch, i: int, among: Iterable[int]) -> list[int]:
        """Steps of the same item as ``i``, in their order."""
        item = self._nodes[branch.steps[i].node].item
        return [j for j in sorted(among) if self._nodes[branch.steps[j].node].item == item]

    def _last_sign_offs(self, branch: Branch) -> dict[str | None, int]:
        return {self._nodes[s.node].item: i for i, s in enumerate(branch.steps) if s.node in self._signing}

    @cached_property
    def _tails(self) -> dict[str | None, tuple[Step, ...]]:
        """By item, how its cases mostly go on after the last sign-off; nothing where they mostly do not."""
        ways: dict[str | None, dict[tuple[Step, ...], float]] = defaultdict(lambda: defaultdict(float))
        for template in self._process.templates:
            for branch in template.branches:
                for item, i in self._last_sign_offs(branch).items():
                    steps = (branch.steps[j] for j in self._rest(branch, i, range(i + 1, len(branch.steps))))
                    tail = tuple(Step(s.node, (), s.wait, s.work, 0, s.site, (), WHOLE) for s in steps)
                    ways[item][tail] += template.cases * branch.probability
        tails = {}
        for item, found in ways.items():
            ended = found.pop((), 0.0)
            if found and sum(found.values()) >= USUAL * (ended + sum(found.values())):
                tails[item] = max(found, key=lambda tail: found[tail])
        return tails
