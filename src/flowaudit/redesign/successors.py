"""Which step of a redesigned process is which of the one before: what became of it, and where the work of others went."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from flowaudit.process import Branch, Process, Step, Template
from flowaudit.redesign.expected import by_band

Pair = tuple[str, str]

STEPWISE = ("automatic", "visits", "materials", "work_h", "delay_h")
"""Facts of an activity that are means over its steps: they also move where only the mix of the steps does."""


@dataclass
class Successors:
    """What links the steps of two processes that stand for the same cases.

    Attributes
    ----------
    went : dict of (str, str) to float
        Times per case that the work of one activity is done as part of another one, by (activity before, activity after).
    altered : dict of str to dict of str to float
        By activity and fact of ``STEPWISE``: times per case that a step which stays has changed in it.
    """

    went: dict[Pair, float] = field(default_factory=lambda: defaultdict(float))
    altered: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))


def successors(before: Process, after: Process) -> Successors | None:
    """Return what links the steps of two processes.

    Parameters
    ----------
    before, after : Process
        A process, and what measures have made of it: the same ways in the same order.

    Returns
    -------
    Successors or None
        None where the two do not stand for the same cases: then nobody can say which activity took over which.

    Notes
    -----
    Read from the origins of the steps, which measures keep, and from ``Branch.merged``. A step that measures have taken
    away with its papers handed on to another one counts as merged only where that one was changed for it, in its name,
    work or delay: a correction that falls away leaves its papers behind, but nobody does its work.
    """
    parts = _parts(before, after)
    if parts is None:
        return None
    link = _Link(before, after)
    whole = sum(t.cases for t in before.templates)
    for old, of_old in zip(before.templates, parts, strict=True):
        for new in of_old:
            if not link.same_parts or (old.branches is not new.branches and old.branches != new.branches):
                link.way(old, new, new.cases / whole)
    return link.found


def _parts(before: Process, after: Process) -> list[list[Template]] | None:
    """For every way the one, or those, it has become: a measure may divide the cases of a way over several."""
    left = iter(after.templates)
    found: list[list[Template]] = []
    for old in before.templates:
        parts: list[Template] = []
        slack = 1e-9 * max(old.cases, 1.0)
        while sum(t.cases for t in parts) < old.cases - slack:
            new = next(left, None)
            if new is None:
                return None
            parts.append(new)
        if sum(t.cases for t in parts) > old.cases + slack:
            return None
        found.append(parts)
    return None if any(t.cases > 0 for t in left) else found


class _Link:
    """Links one way after the other."""

    def __init__(self, before: Process, after: Process) -> None:
        self.found = Successors()
        self.names = [[n.activity for n in p.nodes] for p in (before, after)]
        self.automatic = [[n.automatic for n in p.nodes] for p in (before, after)]
        self.works = [by_band(p.works)[:, -1] for p in (before, after)]
        self.waits = [by_band(p.waits) for p in (before, after)]
        # What a measure changes in place is changed on ways that look the same.
        parts = (self.names, self.automatic, self.works, self.waits)
        self.same_parts = all(len(a) <= len(b) and np.array_equal(a, b[: len(a)]) for a, b in parts)

    def way(self, old: Template, new: Template, weight: float) -> None:
        """Link the steps of one way; where it had several branches before, the likeliest with such a step is meant."""
        was: dict[int, tuple[Step, int]] = {}
        for branch in sorted(old.branches, key=lambda b: -b.probability):
            handed = _handed(branch)
            for i, step in enumerate(branch.steps):
                was.setdefault(step.origin, (step, handed[i]))
        for branch in new.branches:
            share = weight * branch.probability
            handed = _handed(branch)
            now = {step.origin: (step, handed[i]) for i, step in enumerate(branch.steps)}
            for origin in now:
                if origin in was:
                    self._stayed(was[origin], now[origin], share)
            for gone, into in branch.merged:
                if gone in was and into in now and self._changed(was[into][0] if into in was else None, now[into][0]):
                    self._moved(was[gone][0], now[into][0], share)

    def _stayed(self, was: tuple[Step, int], now: tuple[Step, int], share: float) -> None:
        (old, handed), (new, hands) = was, now
        if self.same_parts and old == new and handed == hands:
            return
        self._moved(old, new, share)
        if self.names[0][old.node] != self.names[1][new.node]:
            return
        altered = self.found.altered[self.names[1][new.node]]
        for fact, same in (
            ("automatic", self.automatic[0][old.node] == self.automatic[1][new.node]),
            ("visits", (old.site is None) == (new.site is None)),
            ("materials", handed == hands),
            ("work_h", _near(_mean(self.works[0], old.work), _mean(self.works[1], new.work))),
            ("delay_h", _near(_mean(self.waits[0], old.wait, old.band), _mean(self.waits[1], new.wait, new.band))),
        ):
            if not same:
                altered[fact] += share

    def _moved(self, old: Step, new: Step, share: float) -> None:
        a, b = self.names[0][old.node], self.names[1][new.node]
        if a != b:
            self.found.went[a, b] += share

    def _changed(self, old: Step | None, new: Step) -> bool:
        """Whether a step is no longer the one it was; a new one never was."""
        if old is None:
            return True
        return self.names[0][old.node] != self.names[1][new.node] or (old.work, old.wait) != (new.work, new.wait)


def _handed(branch: Branch) -> Counter[int]:
    return Counter(use.step for use in branch.materials if use.source == "applicant")


def _mean(tables: npt.NDArray[np.float64], number: int, *band: int) -> float:
    return float(tables[(number, *band)]) if number >= 0 else 0.0


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1.0)
