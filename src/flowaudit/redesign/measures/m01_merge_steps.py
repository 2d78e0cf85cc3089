"""M01 合并环节."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Node, Process
from flowaudit.redesign import names
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.measure import Direction, Measure, MeasureRefusedError


class MergeSteps(Measure):
    """Contract two activities of one department that follow each other into one."""

    id: ClassVar[str] = "M01"
    verb: ClassVar[str] = "merge_steps"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "-"}
    subject: ClassVar[tuple[str, ...]] = ("first", "second")
    seed: ClassVar[str] = "S24"

    first: str = Field(description="前一环节 / the earlier activity")
    second: str = Field(description="后一环节 / the later activity")
    merged: str | None = Field(default=None, description="合并后名称 / name of the merged activity")
    overlap: float = Field(
        default=0.0, ge=0.0, le=1.0, description="后一环节中重复的工作占比 / share of the second's work saved"
    )

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("merge steps", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Two activities of one department that follow each other become one: the second's wait falls away, its work "
            "stays (less the overlap). Without start times the wait cannot be told from the work, and no time is saved.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _("Review and decision stay with different persons where the law wants it so.", lang=lang)

    def label(self, lang: Language | None = None) -> str:
        return _("merge “{first}” and “{second}”", lang=lang, first=self.first, second=self.second)

    def transform(self, process: Process) -> tuple[Process, float]:
        a, b = (process.nodes_of(names.activity(process, n)) for n in (self.first, self.second))
        state = _Merge(process, self.merged or f"{self.first}＋{self.second}", self.overlap)
        refused = set()

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            draft, done = Draft(branch), False
            for j, step in enumerate(branch.steps):
                if step.node not in b or len(draft.after[j]) != 1:
                    continue
                (i,) = draft.after[j]
                if branch.steps[i].node not in a or draft.dropped(i):
                    continue
                if process.nodes[branch.steps[i].node].department != process.nodes[step.node].department:
                    refused.add(process.nodes[step.node].department)
                    continue
                wait, work = state.durations(branch.steps[i].wait, step.wait, branch.steps[i].work, step.work)
                draft.change(i, node=state.node(branch.steps[i].node, step.node), wait=wait, work=work)
                draft.change(i, cause=branch.steps[i].cause + step.cause)
                draft.drop(j, into=i)
                done = True
            return [(1.0, draft.close())] if done else None

        after, touched = change_branches(process, change)
        if touched <= 0 and refused:
            raise MeasureRefusedError(
                _("{measure}: the two belong to different departments.", measure=self.label()),
                hint=_("use parallelise or one_window across departments."),
            )
        return state.finish(after), touched


class _Merge:
    """New nodes and tables that merged steps need."""

    def __init__(self, process: Process, label: str, overlap: float) -> None:
        self.process, self.label, self.overlap = process, label, overlap
        self.nodes: list[Node] = list(process.nodes)
        self.waits, self.works = list(process.waits), list(process.works)
        self.wait_names = list(process.wait_names)
        self._known: dict[tuple[str, int, int], int] = {}

    def node(self, first: int, second: int) -> int:
        a, b = self.process.nodes[first], self.process.nodes[second]
        level = max((v for v in (a.level, b.level) if v is not None), default=None)
        merged = replace(
            b,
            activity=self.label,
            level=level,
            pool=a.pool,
            clock=a.clock,
            item=a.item if a.item == b.item else None,
            performers=a.with_step_work(),
            batch=a.batch,
        )
        if merged not in self.nodes:
            self.nodes.append(merged)
        return self.nodes.index(merged)

    def durations(self, wait_a: int, wait_b: int, work_a: int, work_b: int) -> tuple[int, int]:
        if self.process.identifiable.work:
            return wait_a, self._sum("work", work_a, work_b, 1.0 - self.overlap)
        return self._sum("wait", wait_a, wait_b, 1.0), work_a

    def _sum(self, kind: str, a: int, b: int, share: float) -> int:
        """Index of the table of the two durations together (both high or both low: the mean is exact)."""
        if b < 0:
            return a
        key = (kind, a, b)
        if key not in self._known:
            tables = self.works if kind == "work" else self.waits
            zero = np.zeros(tables[b].shape)
            tables.append((tables[a] if a >= 0 else zero) + share * tables[b])
            if kind == "wait":
                self.wait_names.append(f"→ {self.label}")
            self._known[key] = len(tables) - 1
        return self._known[key]

    def finish(self, after: Process) -> Process:
        return replace(
            after,
            nodes=tuple(self.nodes),
            waits=np.array(self.waits).reshape(len(self.waits), -1) if self.waits else after.waits,
            works=np.array(self.works).reshape(len(self.works), -1) if self.works else after.works,
            wait_names=tuple(self.wait_names),
        )
