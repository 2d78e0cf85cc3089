"""M05 综合窗口一口受理."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.eventlog import APPLICANT
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Node, Performer, Process
from flowaudit.redesign import names
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.measure import Direction, Measure


class OneWindow(Measure):
    """Apply once, be accepted once: the intakes of several items become one."""

    id: ClassVar[str] = "M05"
    verb: ClassVar[str] = "one_window"
    category: ClassVar[str] = "③"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "-", "trips": "-"}
    needs: ClassVar[tuple[str, ...]] = ("item_code", "stage")
    subject: ClassVar[tuple[str, ...]] = ("items",)
    seed: ClassVar[str] = "S14"

    items: tuple[str, ...] = Field(default=(), description="事项，空为全部 / items; empty: all of them")
    window: str = Field(default="综合窗口", min_length=1, description="窗口名称 / name of the window")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("one window", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The applications of all items are handed in with the first one, and accepted in one act whose work is the "
            "sum of the single acceptances. Trips made only to hand in a later item fall away. The items keep their order.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Who answers for an acceptance made by another department's window must be agreed in writing.", lang=lang
        )

    def label(self, lang: Language | None = None) -> str:
        chosen = (", " if lang == "en" else "、").join(self.items) or _("all items", lang=lang)
        return _("one intake at “{window}” for {items}", lang=lang, window=self.window, items=chosen)

    def transform(self, process: Process) -> tuple[Process, float]:
        items = {names.item(process, n) for n in self.items} or set(process.item_names)
        state = _Window(process, self.window, items)

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            draft = Draft(branch)
            merged = False
            for stage in ("apply", "accept"):
                first_of: dict[str, int] = {}
                for i, step in enumerate(branch.steps):
                    node = process.nodes[step.node]
                    if node.stage == stage and node.item in items and node.item is not None:
                        first_of.setdefault(node.item, i)
                if len(first_of) < 2:
                    continue
                kept, *others = sorted(first_of.values())
                state.move(draft, kept, others, stage)
                merged = True
            return [(1.0, draft.close())] if merged else None

        after, touched = change_branches(process, change)
        return state.finish(after), touched


class _Window:
    def __init__(self, process: Process, window: str, items: set[str]) -> None:
        self.process, self.window = process, window
        self.performers = {stage: _everybody(process, stage, items) for stage in ("apply", "accept")}
        self.nodes: list[Node] = list(process.nodes)
        self.works = list(process.works)
        self._known: dict[tuple[int, ...], int] = {}

    def move(self, draft: Draft, kept: int, others: list[int], stage: str) -> None:
        works = tuple(sorted(draft.steps[i].work for i in (kept, *others)))
        for j in others:
            followers = [k for k in range(len(draft.steps)) if j in draft.after[k]]
            draft.drop(j, into=kept)
            for k in followers:
                draft.follow(k, kept)
        work = self._together(works) if stage == "accept" else draft.steps[kept].work
        draft.change(kept, node=self._node(draft.steps[kept].node, stage), work=work)

    def _node(self, old: int, stage: str) -> int:
        if stage == "apply":
            label, department = f"{self.window}一次申请", APPLICANT
        else:
            label, department = f"{self.window}受理", self.window
        source = self.process.nodes[old]
        node = replace(
            source, activity=label, department=department, office=None, item=None, performers=self.performers[stage]
        )
        if node not in self.nodes:
            self.nodes.append(node)
        return self.nodes.index(node)

    def _together(self, works: tuple[int, ...]) -> int:
        real = [w for w in works if w >= 0]
        if not real:
            return -1
        if works not in self._known:
            self.works.append(np.sum([self.works[w] for w in real], axis=0))
            self._known[works] = len(self.works) - 1
        return self._known[works]

    def finish(self, after: Process) -> Process:
        works = np.array(self.works).reshape(len(self.works), -1) if self.works else after.works
        return replace(after, nodes=tuple(self.nodes), works=works)


def _everybody(process: Process, stage: str, items: set[str]) -> tuple[Performer, ...]:
    """All who take in applications for these items: at one window they stand in for each other."""
    weights: dict[int, float] = {}
    for node in process.nodes:
        if node.stage == stage and node.item in items:
            for p in node.performers:
                weights[p.resource] = weights.get(p.resource, 0.0) + p.weight
    return tuple(Performer(r, w) for r, w in sorted(weights.items()))
