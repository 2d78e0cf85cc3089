"""M01 合并环节."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import BANDS, GRID, WHOLE, Branch, Node, Process, Step, utilisation
from flowaudit.redesign import legal, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

SIGNING = ("review", "check")
FIRM = ("decide", "accept", "deliver")
"""Stages at which clocks start and stop: a step that takes one over stands for it."""
BUSY = 0.85
"""Officers asked for more of their working hours than this keep cases waiting (domain model, W19)."""


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
            "Two activities of one department that follow each other become one, done by those who do the first: the "
            "second's wait falls away, its work stays (less the overlap). Without start times the wait cannot be told from "
            "the work, and no time is saved.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _("Review and decision stay with different persons where the law wants it so.", lang=lang)

    def label(self, lang: Language | None = None) -> str:
        return _("merge “{first}” and “{second}”", lang=lang, first=self.first, second=self.second)

    def assumed(self, lang: Language | None = None) -> str:
        if self.overlap <= 0:
            return ""
        return _("{share:.0%} of the work of “{second}” is saved", lang=lang, share=self.overlap, second=self.second)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        a, b = self._nodes(process)
        return (*self._in_law(process, a, b), *self._in_the_log(process, a, b))

    def transform(self, process: Process) -> tuple[Process, float]:
        a, b = self._nodes(process)
        state = _Merge(process, self.merged or f"{self.first}＋{self.second}", self.overlap)
        refused: set[str] = set()

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            draft: Draft | None = None
            done: set[int] = set()
            for j, i in _pairs(branch, a, b):
                first, second = branch.steps[i], branch.steps[j]
                if _unseen(process, first):
                    refused.add("start")
                elif process.nodes[first.node].department != process.nodes[second.node].department:
                    refused.add("department")
                elif i not in done:
                    draft = draft or Draft(branch)
                    draft.steps[i] = state.step(first, second)
                    draft.drop(j, into=i)
                    done |= {i, j}
            return None if draft is None else [(1.0, draft.close())]

        after, touched = change_branches(process, change)
        if touched <= 0 and refused:
            raise self._refusal(refused)
        return state.additions.finish(after), touched

    def _refusal(self, refused: set[str]) -> MeasureRefusedError:
        if "department" in refused:
            return MeasureRefusedError(
                _("{measure}: the two belong to different departments.", measure=self.label()),
                hint=_("use parallelise or one_window across departments."),
            )
        return MeasureRefusedError(
            _("{measure}: the first begins the case, and without start times the log sees it only when it ends.", measure=self.label()),
            hint=_("give a column of start times."),
        )  # fmt: skip

    def _nodes(self, process: Process) -> tuple[set[int], set[int]]:
        first, second = (process.nodes_of(names.activity(process, n)) for n in (self.first, self.second))
        return first, second

    def _in_law(self, process: Process, a: set[int], b: set[int]) -> Iterable[Caution]:
        nodes = process.nodes
        if any(nodes[i].stage in SIGNING for i in a) and any(nodes[i].stage == "decide" for i in b):
            yield both(
                "“{first}” is a review and “{second}” the decision: whether one person may do both is to be checked.",
                first=self.first, second=self.second,
            )  # fmt: skip
        for activity in legal.required_by_law(process, a | b):
            yield both("The catalogue marks “{activity}” as required by law.", activity=activity)
        signed = {
            i for i in a | b if nodes[i].stage in (*SIGNING, "decide") or legal.COLLECTIVE.search(nodes[i].activity)
        }
        for activity in legal.decided_together(process, signed):
            yield both(
                "“{activity}” looks like a collective decision: whether one person may take it over is to be checked.",
                activity=activity,
            )

    def _in_the_log(self, process: Process, a: set[int], b: set[int]) -> Iterable[Caution]:
        nodes = process.nodes
        if not process.identifiable.work:
            yield both("The log does not tell work from waiting: a step is saved, but no time is seen to be.")
            if any(
                _unseen(process, way.steps[i])
                for t in process.templates
                for way in t.branches
                for _j, i in _pairs(way, a, b)
            ):
                yield both(
                    "Where “{first}” begins a case both stay: without its start, the time up to “{second}” would be lost from view.",
                    first=self.first, second=self.second,
                )  # fmt: skip
        stages = {nodes[i].stage for i in a | b}
        if "accept" in stages and len(stages) > 1:
            yield both("With the acceptance in it the official clock starts only when the merged step is done.")
        if process.identifiable.work and any(nodes[i].batch is not None for i in b):
            yield both(
                "“{second}” is handled at set times only; merged, it is taken to be done as the cases come.",
                second=self.second,
            )
        offices = {nodes[i].office for i in a}, {nodes[i].office for i in b}
        if None not in offices[0] | offices[1] and offices[0].isdisjoint(offices[1]):
            yield both(
                "The two belong to different offices: the work of “{second}” goes over to those who do “{first}”.",
                first=self.first, second=self.second,
            )  # fmt: skip
        apart = _apart(process, a, b)
        if apart >= 0.05:
            yield both(
                "In {share:.0%} of the cases that pass both, something else lies between them; there both stay.",
                share=apart,
            )
        yield from self._too_busy(process, a)

    def _too_busy(self, process: Process, a: set[int]) -> Iterable[Caution]:
        pools = {process.nodes[i].pool for i in a} - {-1}
        if not pools:
            return
        before, after = (utilisation(p)["utilisation"].to_numpy() for p in (process, self.transform(process)[0]))
        for pool in sorted(pools):
            if after[pool] > max(BUSY, before[pool]):
                yield both(
                    "“{pool}” would be busy {after:.0%} of its working hours instead of {before:.0%}: a queue grows there.",
                    pool=process.pools[pool].name, before=before[pool], after=after[pool],
                )  # fmt: skip


def _pairs(branch: Branch, a: set[int], b: set[int]) -> list[tuple[int, int]]:
    """The places where the second follows the first and nothing else: (second, first)."""
    steps = branch.steps
    return [
        (j, s.after[0])
        for j, s in enumerate(steps)
        if s.node in b and len(s.after) == 1 and steps[s.after[0]].node in a
    ]


def _unseen(process: Process, first: Step) -> bool:
    """Whether the log sees a step only when it ends, as the first sign of its case: what led up to a later end is then lost."""
    return not process.identifiable.work and not first.after


def _apart(process: Process, a: set[int], b: set[int]) -> float:
    """Share of the cases passing both in which they never follow each other."""
    with_both = apart = 0.0
    for template in process.templates:
        for branch in template.branches:
            used = {s.node for s in branch.steps}
            if used & a and used & b:
                weight = template.cases * branch.probability
                with_both += weight
                apart += weight * (not _pairs(branch, a, b))
    return apart / with_both if with_both else 0.0


class _Merge:
    """What merged steps are made of."""

    def __init__(self, process: Process, label: str, overlap: float) -> None:
        self.process, self.label, self.overlap = process, label, overlap
        self.additions = Additions(process)
        self._parts: dict[tuple[int, ...], tuple[int, int, int, int]] = {}

    def step(self, first: Step, second: Step) -> Step:
        """Return the step that two become: in the first's place, with both their work."""
        key = (first.node, second.node, first.wait, first.band, second.wait, second.band, first.work, second.work)
        if key not in self._parts:
            node = self.additions.node(self._node(first.node, second.node))
            self._parts[key] = (node, *self._durations(first, second))
        node, wait, band, work = self._parts[key]
        site = first.site if first.site is not None else second.site
        cause = first.cause + second.cause
        return replace(first, node=node, wait=wait, band=band, work=work, site=site, cause=cause)

    def _node(self, first: int, second: int) -> Node:
        a, b = self.process.nodes[first], self.process.nodes[second]
        return replace(
            a,
            activity=self.label,
            stage=next((s for s in FIRM if s in (a.stage, b.stage)), b.stage),
            level=max((v for v in (a.level, b.level) if v is not None), default=None),
            item=a.item if a.item == b.item else None,
            performers=a.with_step_work(),
            # In a log that does not tell work from waiting nothing of the second's time may fall away, its set times included.
            batch=a.batch if self.process.identifiable.work or a.batch is not None else b.batch,
            automatic=a.automatic and b.automatic,
        )

    def _durations(self, first: Step, second: Step) -> tuple[int, int, int]:
        """Table and band of the wait, and table of the work.

        Where the two cannot be told apart all of it is in the waits, and all of it stays.
        """
        if self.process.identifiable.work:
            return first.wait, first.band, self._work(first.work, second.work)
        if second.wait < 0:
            return first.wait, first.band, first.work
        table = self._within(second) if first.wait < 0 else self._within(first) + self._within(second)
        return self.additions.wait(table, f"→ {self.label}"), WHOLE, first.work

    def _work(self, first: int, second: int) -> int:
        """Table of both their work, long or short together: the mean is exact."""
        table, more = self.additions.work_table(first), self.additions.work_table(second)
        if more is None:
            return first
        more = (1.0 - self.overlap) * more
        return self.additions.work(more if table is None else table + more)

    def _within(self, step: Step) -> npt.NDArray[np.float64]:
        """The table of a step's wait within its band."""
        table = self.process.waits[step.wait]
        return table if step.band == WHOLE else np.asarray(np.interp((step.band + GRID) / BANDS, GRID, table))
