"""Corrections (补正) in a way: the notice, the reply, what is done again; and the way without some of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from flowaudit.messages import translate as _
from flowaudit.process import Branch, Episode, MaterialUse, Process, Step, Trip
from flowaudit.redesign.draft import Draft
from flowaudit.redesign.measure import MeasureRefusedError

CORRECTION_KINDS = ("correction", "补正", "补齐补正")
"""What a suspension is called that lasts from a notice to its reply."""


@dataclass(frozen=True, slots=True)
class Loop:
    """One correction of a branch.

    Attributes
    ----------
    steps : tuple of int
        Its notice and the replies to it; one of the two where the log holds only that.
    again : int or None
        The step that does once more what the notice interrupted.
    item : str or None
    cause : tuple of str
        Materials it was about; empty: the log does not say.
    accepted_at : int or None
        The acceptance that had to wait for it; None after acceptance, or where none follows.
    answered : bool
        The case went on after it; else the notice was the last that happened.
    """

    steps: tuple[int, ...]
    again: int | None
    item: str | None
    cause: tuple[str, ...]
    accepted_at: int | None
    answered: bool

    @property
    def all_steps(self) -> tuple[int, ...]:
        return self.steps if self.again is None else (*self.steps, self.again)


class Corrections:
    """Finds the corrections of the branches of a process, and takes some of them away.

    Parameters
    ----------
    process : Process
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._nodes = process.nodes
        self._own = frozenset(i for i, n in enumerate(process.nodes) if n.stage == "correction")
        # By identity: branches are large, and asked for twice or more.
        self._found: dict[int, tuple[Branch, tuple[Loop, ...]]] = {}

    @property
    def recorded(self) -> bool:
        """Whether the log holds any correction."""
        return bool(self._own)

    def loops(self, branch: Branch) -> tuple[Loop, ...]:
        """Return the corrections of a branch, in their order.

        A notice of an office and the applicant's replies that follow it are one; so is what stands alone. Where the step
        before the notice comes again after the reply, it belongs to the correction: without it, once was enough.
        """
        if not self._own:
            return ()
        known = self._found.get(id(branch))
        if known is None or known[0] is not branch:
            known = self._found[id(branch)] = (branch, self._search(branch.steps))
        return known[1]

    def _search(self, steps: tuple[Step, ...]) -> tuple[Loop, ...]:
        own = [i for i, s in enumerate(steps) if s.node in self._own]
        if not own:
            return ()
        followers = _followers(steps)
        found: list[Loop] = []
        taken: set[int] = set()
        for i in own:
            if i not in taken:
                loop = self._loop(steps, i, followers)
                taken.update(loop.steps)
                found.append(loop)
        return tuple(found)

    def all_loops(self) -> Iterator[tuple[float, Branch, Loop]]:
        """Yield every correction with the observed cases that have it, and its branch."""
        for template in self._process.templates:
            for branch in template.branches:
                for loop in self.loops(branch):
                    yield template.cases * branch.probability, branch, loop

    def causes(self) -> dict[str, float]:
        """Return how many observed corrections are about each material."""
        counts: dict[str, float] = {}
        for weight, _branch, loop in self.all_loops():
            for material in loop.cause:
                counts[material] = counts.get(material, 0.0) + weight
        return counts

    def without(self, branch: Branch, gone: Mapping[Loop, Loop | None]) -> Branch:
        """Return a branch without some of its corrections.

        Their steps fall away with the trips made for them and the suspensions they were. What was handed in again was
        right the first time; what was handed in only then is handed in with the application.

        Parameters
        ----------
        gone : mapping of Loop to Loop or None
            Those that fall away, each with the one that takes its material (None: the application does). That one is
            then about its materials, too.
        """
        draft = Draft(branch)
        self.take_out(draft, branch, gone)
        return draft.close()

    def take_out(self, draft: Draft, branch: Branch, gone: Mapping[Loop, Loop | None]) -> None:
        """Take corrections out of a fresh draft of the branch, as :meth:`without` does."""
        falling = self._falling(branch, gone)
        owner = {i: loop for loop in gone for i in loop.all_steps if i in falling}
        draft.materials = self._materials(branch, gone, owner)
        if branch.trips:
            draft.trips = [trip for t in branch.trips if (trip := _trip(t, branch, owner)) is not None]
        if branch.episodes:
            draft.episodes = [left for e in branch.episodes if (left := _episode(e, branch, owner)) is not None]
        for loop, heir in gone.items():
            for k in () if heir is None else heir.steps:
                draft.change(k, cause=tuple(dict.fromkeys((*draft.steps[k].cause, *loop.cause))))
        draft.drop_all(falling)

    def _falling(self, branch: Branch, gone: Collection[Loop]) -> set[int]:
        """The steps that fall away; what is done again only where nothing that stays lies between the two."""
        falling = {i for loop in gone for i in loop.steps}
        for loop in sorted(gone, key=lambda loop: loop.steps):
            if loop.again is not None:
                before = _nearest(branch, loop.again, falling)
                if before is not None and branch.steps[before].node == branch.steps[loop.again].node:
                    falling.add(loop.again)
        return falling

    def _loop(self, steps: tuple[Step, ...], i: int, followers: list[list[int]]) -> Loop:
        node = self._nodes[steps[i].node]
        own = [i]
        if not node.applicant:
            own += [j for j in followers[i] if steps[j].node in self._own and self._answers(steps[j], node.item)]
        after = [j for k in own for j in followers[k] if j not in own]
        interrupted = self._interrupted(steps, i)
        again = next((j for j in after if steps[j].node in interrupted and set(steps[j].after) <= set(own)), None)
        cause = next((steps[k].cause for k in own if steps[k].cause), ())
        return Loop(tuple(own), again, node.item, cause, self._acceptance(steps, own, node.item), bool(after))

    def _interrupted(self, steps: tuple[Step, ...], i: int) -> set[int]:
        """Nodes of what came before a correction, earlier corrections passed over."""
        front, found = list(steps[i].after), set()
        while front:
            step = steps[front.pop()]
            if step.node in self._own:
                front.extend(step.after)
            else:
                found.add(step.node)
        return found

    def _answers(self, step: Step, item: str | None) -> bool:
        node = self._nodes[step.node]
        return node.applicant and node.item in (item, None)

    def _acceptance(self, steps: tuple[Step, ...], own: list[int], item: str | None) -> int | None:
        for i, step in enumerate(steps):
            node = self._nodes[step.node]
            if node.stage == "accept" and (item is None or node.item in (item, None)):
                return i if i > own[-1] else None
        return None

    def _materials(
        self, branch: Branch, gone: Mapping[Loop, Loop | None], owner: Mapping[int, Loop]
    ) -> list[MaterialUse]:
        """What is handed in without these corrections: what they were about is right at once, or comes with what stays."""
        still = {(loop.item, c) for loop in self.loops(branch) if loop not in gone for c in loop.cause}
        cured = {(loop.item, c) for loop, heir in gone.items() if heir is None for c in loop.cause} - still
        kept = {(m.item, m.canonical_id) for m in branch.materials if m.step not in owner}
        materials: list[MaterialUse] = []
        for use in branch.materials:
            what = (use.item, use.canonical_id)
            loop = owner.get(use.step)
            if loop is not None:
                heir = gone[loop]
                step = heir.steps[-1] if heir is not None else self._application(branch, loop, owner)
                if step is None or (heir is None and what in kept):
                    continue
                kept.add(what)
                use = replace(use, step=step)
            materials.append(replace(use, accepted=True) if not use.accepted and what in cured else use)
        return materials

    def _application(self, branch: Branch, loop: Loop, falling: Collection[int]) -> int | None:
        """The step at which the item is applied for, else the one before the correction."""
        for i, step in enumerate(branch.steps):
            node = self._nodes[step.node]
            if i not in falling and node.stage == "apply" and (loop.item is None or node.item in (loop.item, None)):
                return i
        return _nearest(branch, loop.steps[0], falling)


def _followers(steps: tuple[Step, ...]) -> list[list[int]]:
    found: list[list[int]] = [[] for _step in steps]
    for i, step in enumerate(steps):
        for j in step.after:
            found[j].append(i)
    return found


def _nearest(branch: Branch, i: int, falling: Collection[int]) -> int | None:
    """The step nearest before ``i`` that stays."""
    front = branch.steps[i].after
    while front:
        last = max(front)
        if last not in falling:
            return last
        front = branch.steps[last].after
    return None


def _trip(trip: Trip, branch: Branch, owner: Mapping[int, Loop]) -> Trip | None:
    """What becomes of a visit in vain; one to what is done once instead of twice was made for the first time, too."""
    loop = owner.get(trip.step)
    if loop is None:
        return trip
    anchor = _nearest(branch, loop.steps[0], owner) if trip.step == loop.again else None
    return None if anchor is None else replace(trip, step=anchor)


def _episode(episode: Episode, branch: Branch, owner: Mapping[int, Loop]) -> Episode | None:
    """What becomes of a special procedure when corrections fall away; None: it was one of them, or nothing of it is left."""
    ends: list[int | None] = [episode.first, episode.last]
    for k, step in enumerate((episode.first, episode.last)):
        loop = owner.get(step)
        if loop is not None:
            if episode.kind in CORRECTION_KINDS and step in loop.steps:
                return None
            ends[k] = _nearest(branch, loop.steps[0], owner)
    first, last = ends
    if first is None or last is None or first == last:
        return None
    return episode if (first, last) == (episode.first, episode.last) else replace(episode, first=first, last=last)


def no_corrections(measure: str) -> MeasureRefusedError:
    """Return the refusal of a measure against corrections where the log holds none."""
    return MeasureRefusedError(
        _("{measure}: the log records no corrections.", measure=measure),
        hint=_("name them in the mapping file, table [stages], as correction."),
    )


def none_about(measure: str, corrections: Corrections, process: Process) -> MeasureRefusedError:
    """Return the refusal of a measure where no correction is about its materials; its hint says what they are about."""
    most = sorted(corrections.causes().items(), key=lambda found: -found[1])[:5]
    names = ", ".join(process.material_names.get(material, material) for material, _cases in most)
    return MeasureRefusedError(
        _("{measure}: no correction of the log is about these materials alone.", measure=measure),
        hint=_("corrections are about: {names}", names=names)
        if names
        else _("the log does not say what corrections are about."),
    )
