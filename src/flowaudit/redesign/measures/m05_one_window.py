"""M05 综合窗口一口受理."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.eventlog import APPLICANT
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import GRID, WHOLE, Branch, Node, Performer, Process, Step
from flowaudit.redesign import names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.chance import Chance, change_by_chance
from flowaudit.redesign.draft import Draft
from flowaudit.redesign.measure import Caution, Direction, Measure

STAGES = ("apply", "accept")

Intakes = dict[str, list[int]]
"""By stage, the steps that become one."""


class OneWindow(Measure):
    """Apply once, be accepted once: the intakes of several items become one."""

    id: ClassVar[str] = "M05"
    verb: ClassVar[str] = "one_window"
    category: ClassVar[str] = "③"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "-", "trips": "-"}
    needs: ClassVar[tuple[str, ...]] = ("item_code", "stage")
    subject: ClassVar[tuple[str, ...]] = ("items",)
    seed: ClassVar[str] = "S14"
    # No log of separate windows can tell how long one window would take to pass the files on.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"dispatch_h": (0.0, 4.0)}

    items: tuple[str, ...] = Field(default=(), description="事项，空为全部 / items; empty: all of them")
    window: str = Field(default="综合窗口", min_length=1, description="窗口名称 / name of the window")
    dispatch_h: float = Field(
        default=0.0, ge=0.0, le=80.0,
        description="内部分派时间（工作小时） / time until the departments have the files (office hours)",
    )  # fmt: skip
    errors: float = Field(
        default=0.0, ge=0.0, le=1.0,
        description="收件差错率（部门退回窗口重新受理） / share of intakes sent back to the window and done again",
    )  # fmt: skip

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("one window", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The applications of all items are handed in with the first one, and accepted in one act whose work is the sum of "
            "the single acceptances; whoever took in one of the items takes in all. The files are then passed on inside, which "
            "takes the dispatch time; a share of intakes sent back is accepted and passed on a second time. Trips made only to "
            "hand in a later item fall away. The items keep their order.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Who answers for an acceptance made by another department's window must be agreed in writing.", lang=lang
        )

    def label(self, lang: Language | None = None) -> str:
        chosen = _(", ", lang=lang).join(self.items) or _("all items", lang=lang)
        return _("one intake at “{window}” for {items}", lang=lang, window=self.window, items=chosen)

    def assumed(self, lang: Language | None = None) -> str:
        return _(
            "the files reach the departments within {hours:g} office hours, and {share:.0%} of the intakes are done again",
            lang=lang, hours=self.dispatch_h, share=self.errors,
        )  # fmt: skip

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        items = self._items(process)
        found = []
        if process.catalogue is not None:
            made = {
                (e.before, e.after)
                for e in process.catalogue.prerequisites.edges
                if e.table == "item_materials" and {e.before, e.after} <= items and e.before != e.after
            }
            for before, after in sorted(made):
                a, b = process.item_names[before], process.item_names[after]
                found.append(
                    both(
                        "“{after}” asks for a material that “{before}” produces: it cannot be complete when both are handed in at once.",
                        before=a, after=b,
                    )
                )  # fmt: skip
        share = _late_starts(process, items)
        if share > 0:
            found.append(
                both(
                    "In {share:.0%} of the cases an item is begun only after work on another; its official clock now starts with the "
                    "one acceptance and also covers that work. Handle the items in parallel as well, or look at the official clock.",
                    share=share,
                )
            )
        return tuple(found)

    def _items(self, process: Process) -> set[str]:
        return {names.item(process, n) for n in self.items} or set(process.item_names)

    def transform(self, process: Process) -> tuple[Process, float]:
        window = _Window(process, self, self._items(process))

        def chances(branch: Branch) -> Sequence[Chance[Intakes]]:
            found = window.intakes_of(branch)
            if self.errors == 0 or "accept" not in found:
                return [Chance(found, 1.0, "joined")] if found else []
            return [Chance(found, 1.0, "joined"), Chance(found, self.errors, "sent back")]

        def outcome(branch: Branch, happens: list[Intakes]) -> Branch:
            return window.joined(branch, happens[0], sent_back=len(happens) > 1)

        after, touched = change_by_chance(process, chances, outcome, key=f"M05|{self.window}")
        return window.parts.finish(after), touched


class _Window:
    """The window: what it adds to the process, and how a branch goes through it."""

    def __init__(self, process: Process, measure: OneWindow, items: set[str]) -> None:
        self.process, self.name, self.dispatch_h = process, measure.window, measure.dispatch_h
        self.parts = Additions(process)
        self.intakes = {
            i: (node.stage, node.item)
            for i, node in enumerate(process.nodes)
            if node.stage in STAGES and node.stage is not None and node.item in items and node.item is not None
        }
        self.performers = {stage: _everybody(process, self.intakes, stage) for stage in STAGES}
        self._node_of: dict[int, int] = {}
        self._work_of: dict[tuple[int, ...], int] = {}
        self._passing_on = self._dispatch() if self.dispatch_h > 0 else None

    def intakes_of(self, branch: Branch) -> Intakes:
        """By stage, the first application or acceptance of every item, in order; only stages that several items have."""
        first: dict[str, dict[str, int]] = {stage: {} for stage in STAGES}
        for i, step in enumerate(branch.steps):
            if step.node in self.intakes:
                stage, item = self.intakes[step.node]
                first[stage].setdefault(item, i)
        return {stage: sorted(found.values()) for stage, found in first.items() if len(found) > 1}

    def joined(self, branch: Branch, intakes: Intakes, *, sent_back: bool) -> Branch:
        """The branch with one intake; ``sent_back``: with one that the departments send back."""
        draft = Draft(branch)
        for stage, (kept, *others) in intakes.items():
            self._move(draft, kept, others, stage)
            if stage == "accept":
                self._pass_on(draft, kept, sent_back)
        return draft.close()

    def _move(self, draft: Draft, kept: int, others: list[int], stage: str) -> None:
        works = tuple(sorted(draft.steps[i].work for i in (kept, *others)))
        earlier = draft.ancestors(kept) | {kept}
        for j in others:
            for k in draft.drop(j, into=kept):
                if k not in earlier:
                    draft.after[k].add(kept)
        step = draft.steps[kept]
        if step.node not in self._node_of:
            self._node_of[step.node] = self._node(step.node, stage)
        work = self._together(works) if stage == "accept" else step.work
        draft.change(kept, node=self._node_of[step.node], work=work)

    def _pass_on(self, draft: Draft, accepted: int, sent_back: bool) -> None:
        """What follows the acceptance waits until the files have been passed on; twice, where they come back."""
        last = accepted
        for again in range(1 + sent_back):
            if again:
                step = replace(draft.steps[accepted], wait=-1, band=WHOLE)
                last = draft.insert_after(last, step, key="M05 accepted again")
            if self._passing_on is not None:
                last = draft.insert_after(last, self._passing_on, key="M05 passed on")

    def _dispatch(self) -> Step:
        clock = self.parts.clock(self.process.open_profile)
        # Nobody's step: no counting policy counts an automatic notice.
        node = self.parts.node(
            Node(f"{self.name}内部分派", department=self.name, stage="notify", automatic=True, clock=clock)
        )
        wait = self.parts.wait(np.full(len(GRID), self.dispatch_h), f"→ {self.name}内部分派")
        return Step(node, (), wait, -1, origin=0, band=WHOLE)

    def _node(self, old: int, stage: str) -> int:
        if stage == "apply":
            label, department = f"{self.name}一次申请", APPLICANT
        else:
            label, department = f"{self.name}受理", self.name
        return self.parts.node(
            replace(
                self.process.nodes[old], activity=label, department=department, office=None, item=None,
                performers=self.performers[stage],
            )
        )  # fmt: skip

    def _together(self, works: tuple[int, ...]) -> int:
        if works not in self._work_of:
            real = [self.process.works[w] for w in works if w >= 0]
            self._work_of[works] = self.parts.work(np.sum(real, axis=0)) if real else -1
        return self._work_of[works]


def _everybody(process: Process, intakes: Mapping[int, tuple[str, str]], stage: str) -> tuple[Performer, ...]:
    """All who take in applications for these items: at one window they stand in for each other."""
    weights: dict[int, float] = {}
    for i, (of, _item) in intakes.items():
        if of == stage:
            for p in process.nodes[i].performers:
                weights[p.resource] = weights.get(p.resource, 0.0) + p.weight
    return tuple(Performer(r, w) for r, w in sorted(weights.items()))


def _late_starts(process: Process, items: set[str]) -> float:
    """Share of cases in which an item is accepted only after work on another one that counts in that one's clock."""
    late = 0.0
    for template in process.templates:
        for branch in template.branches:
            late += template.cases * branch.probability * _starts_late(process, branch, items)
    return late / max(sum(t.cases for t in process.templates), 1e-9)


def _starts_late(process: Process, branch: Branch, items: set[str]) -> bool:
    draft = Draft(branch)
    for i, step in enumerate(branch.steps):
        node = process.nodes[step.node]
        if node.stage == "accept" and node.item in items:
            before = (process.nodes[branch.steps[j].node] for j in draft.ancestors(i))
            if any(b.item in items and b.item != node.item and b.counts_in_clock for b in before):
                return True
    return False
