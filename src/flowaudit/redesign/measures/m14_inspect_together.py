"""M14 联合踏勘."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import BANDS, GRID, WHOLE, Branch, Node, Process, Step, band_means, utilisation
from flowaudit.redesign import names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.evidence import knocked_out
from flowaudit.redesign.expected import weighted
from flowaudit.redesign.hours import delay_h
from flowaudit.redesign.latest import latest, part
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.ways import earlier, later

OFTEN = 0.05
"""An inspection that ends at least this share of its cases is a knock-out."""

BUSY = 0.8
"""A pool asked for more than this share of its hours has a queue to speak of."""

Delays = tuple[tuple[int, int], ...]
"""Delays of several steps: table and band of each."""


class InspectTogether(Measure):
    """Let several departments inspect at one time what each inspected for itself."""

    id: ClassVar[str] = "M14"
    verb: ClassVar[str] = "inspect_together"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "±"}
    needs: ClassVar[tuple[str, ...]] = ("department",)
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S15"
    # No log of separate inspections can tell how long it takes to agree on a common date.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"coordination_h": (0.0, 14.0)}

    activities: tuple[str, ...] = Field(min_length=1, description="现场核查环节 / inspections of all departments")
    lead: str | None = Field(
        default=None, description="牵头部门，空为首个环节的部门 / lead department; none: that of the first activity"
    )
    coordination_h: float = Field(
        ge=0.0, le=400.0, description="协调时间（工作小时） / time to agree on a common date (office hours)"
    )
    joint: str = Field(default="联合踏勘", min_length=1, description="联合环节名称 / name of the joint inspection")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("joint inspection", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The first inspection of every department becomes one, entered by the lead department: it begins when the last "
            "department could have come, plus the time to agree on a date, and lasts as long as the longest (as their sum, where "
            "the same officers do several). What waited for any of the inspections waits for the joint one; a later inspection of "
            "the same kind stays. The officers of the other departments attend: their own work stays theirs, on a step that nothing "
            "waits for and that no counting policy counts (stage “notify”); queues for them do not put the inspection off. Where an "
            "item's own earlier steps, or those of an item that the catalogue wants before it, stand between two inspections, these "
            "stay apart.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether enough officers of every department attend, and whether each department may rest its decision on the joint "
            "record, is to be checked.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        listed = _(", ", lang=lang).join(self.activities)
        return _("“{joint}” instead of {names}", lang=lang, joint=self.joint, names=listed)

    def assumed(self, lang: Language | None = None) -> str:
        return _(
            "the departments agree on a common date within {hours:g} office hours", lang=lang, hours=self.coordination_h
        )

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        nodes = self._nodes(process)
        return (
            *_other_stages(process, nodes), *_knock_outs(process, self.activities),
            *_Joint(process, self, nodes).cautions(),
        )  # fmt: skip

    def transform(self, process: Process) -> tuple[Process, float]:
        joint = _Joint(process, self, self._nodes(process))
        after, touched = change_branches(process, joint.change)
        if touched <= 0:
            raise MeasureRefusedError(
                _("{measure}: in no case can two of the inspections be held together.", measure=self.label()),
                hint=_(
                    "the items are handled one after the other: use parallelise or one_window first; or name inspections of several departments."
                ),
            )
        return joint.parts.finish(after), touched

    def _nodes(self, process: Process) -> set[int]:
        found: set[int] = set()
        for activity in self.activities:
            nodes = process.nodes_of(names.activity(process, activity))
            if any(process.nodes[i].applicant or process.nodes[i].automatic for i in nodes):
                raise MeasureRefusedError(
                    _("{measure}: “{activity}” is no work of an officer.", measure=self.label(), activity=activity),
                    hint=_("name the inspections of the departments."),
                )
            found |= nodes
        return found


@dataclass(frozen=True)
class _Meeting:
    """The inspections of a branch that become one.

    Attributes
    ----------
    lead : int
        The step that becomes the joint one.
    others : tuple of int
    after : set of int
        What the joint one follows.
    freed : set of int
        What the lead's step followed and that now comes after it, since it waited for another inspection.
    """

    lead: int
    others: tuple[int, ...]
    after: set[int]
    freed: set[int]

    @property
    def steps(self) -> tuple[int, ...]:
        return (self.lead, *self.others)


class _Joint:
    """The joint inspection: what it adds to the process, and how a branch goes through it."""

    def __init__(self, process: Process, measure: InspectTogether, nodes: set[int]) -> None:
        self.process, self.measure, self.nodes = process, measure, nodes
        self.parts = Additions(process)
        self.lead = self._lead()
        self._waits: dict[tuple[Delays, int], int] = {}
        self._works: dict[tuple[tuple[int, ...], ...], int] = {}
        self._joint_nodes: dict[tuple[int, ...], int] = {}
        self._attending: dict[tuple[tuple[int, ...], int], int] = {}
        self._same_people: dict[tuple[int, ...], list[list[int]]] = {}

    def _lead(self) -> str | None:
        inspecting = dict.fromkeys(
            node.department
            for activity in self.measure.activities
            for node in self.process.nodes
            if node.activity == activity
        )
        if self.measure.lead is None:
            return next(iter(inspecting))
        return names.resolve(self.measure.lead, [d for d in inspecting if d], _("department that inspects"))

    def change(self, branch: Branch) -> Sequence[tuple[float, Branch]] | None:
        meeting = self._meeting(branch)
        if meeting is None:
            return None
        draft = Draft(branch)
        # What followed an inspection keeps following what that inspection followed, too.
        for k in draft.followers(meeting.lead):
            draft.after[k] |= meeting.freed
        for m in meeting.others:
            for k in draft.drop(m, into=meeting.lead):
                draft.after[k].add(meeting.lead)
        for k in draft.followers(meeting.lead):
            draft.after[k] -= meeting.after
        draft.after[meeting.lead] = set(meeting.after)
        self._hold(draft, branch, meeting)
        return [(1.0, draft.close())]

    def _meeting(self, branch: Branch) -> _Meeting | None:
        """The first inspection of each department (of each item and kind), as far as they can be held together."""
        first: dict[tuple[str, str | None, str | None], int] = {}
        for i, step in enumerate(branch.steps):
            if step.node in self.nodes:
                node = self.process.nodes[step.node]
                first.setdefault((node.activity, node.department, node.item), i)
        if len(first) < 2:
            return None
        together: list[int] = []
        for i in first.values():
            if not any(self._must_wait(branch, i, m, together) for m in together):
                together.append(i)
        if len(together) < 2:
            return None
        lead = next((i for i in together if self._node(branch, i).department == self.lead), together[0])
        behind = later(branch, together) - set(together)
        return _Meeting(
            lead, tuple(i for i in together if i != lead), _what_comes_before(branch, together, behind),
            behind.intersection(branch.steps[lead].after),
        )  # fmt: skip

    def _node(self, branch: Branch, i: int) -> Node:
        return self.process.nodes[branch.steps[i].node]

    def _must_wait(self, branch: Branch, i: int, m: int, together: list[int]) -> bool:
        """Whether ``i`` waits for ``m`` through steps that its own item needs: its own, or those of an item to come before it."""
        if branch.steps[i].after == (m,):
            return False
        own = self._node(branch, i).item
        passed = (later(branch, [m]) & earlier(branch, [i])).difference(together)
        return any(self._needs(own, self._node(branch, k).item) for k in passed)

    def _needs(self, item: str | None, other: str | None) -> bool:
        if item is None or other is None or item == other:
            return True
        return self.process.catalogue is not None and self.process.catalogue.precedes(other, item)

    def _hold(self, draft: Draft, branch: Branch, meeting: _Meeting) -> None:
        """Make the lead's step the joint one, and let the other departments attend."""
        steps = [branch.steps[i] for i in meeting.steps]
        groups = self._groups(steps)
        lead = steps[0]
        wait = self._wait(steps, self.process.nodes[lead.node].clock)
        work = self._work(groups)
        draft.change(
            meeting.lead, node=self._joint_node(groups, steps), wait=wait, work=work, band=WHOLE,
            site=next((s.site for s in steps if s.site), None), cause=tuple(dict.fromkeys(c for s in steps for c in s.cause)),
        )  # fmt: skip
        for group in groups[1:]:
            own = self._sum(tuple(s.work for s in group))
            node = self._attendance(group, lead.node)
            key = f"M14|{self.parts.nodes()[node].activity}"
            draft.add(Step(node, (), wait, own, 0, band=WHOLE), meeting.after, key=key)

    def _groups(self, steps: list[Step]) -> list[list[Step]]:
        """The inspections by the people who do them, the lead's first."""
        nodes = tuple(s.node for s in steps)
        if nodes not in self._same_people:
            groups: list[tuple[set[int], list[int]]] = []
            for k, node in enumerate(nodes):
                people = {p.resource for p in self.process.nodes[node].performers}
                same = next((g for g in groups if g[0] & people), None)
                if same is None:
                    groups.append((people, [k]))
                else:
                    same[0].update(people)
                    same[1].append(k)
            self._same_people[nodes] = [group for _people, group in groups]
        return [[steps[k] for k in group] for group in self._same_people[nodes]]

    def _wait(self, steps: list[Step], clock: int) -> int:
        delays = tuple(sorted((s.wait, s.band) for s in steps if s.wait >= 0))
        if (delays, clock) not in self._waits:
            extra = delay_h(self.process, clock, self.measure.coordination_h)
            tables = [part(self.process.waits[wait], band) for wait, band in delays]
            table = (latest(tables) if tables else np.zeros(len(GRID))) + extra
            self._waits[delays, clock] = self.parts.wait(table, f"→ {self.measure.joint}") if table[-1] > 0 else -1
        return self._waits[delays, clock]

    def _work(self, groups: list[list[Step]]) -> int:
        """The longest of the works; those of the same people add up."""
        key = tuple(tuple(sorted(s.work for s in group)) for group in groups)
        if key not in self._works:
            sums = [self._sum(works) for works in key]
            tables = [t for k in sums if (t := self.parts.work_table(k)) is not None]
            self._works[key] = self.parts.work(np.max(tables, axis=0)) if tables else -1
        return self._works[key]

    def _sum(self, works: tuple[int, ...]) -> int:
        real = [w for w in works if w >= 0]
        if len(real) < 2:
            return real[0] if real else -1
        return self.parts.work(np.sum([self.process.works[w] for w in real], axis=0))

    def _joint_node(self, groups: list[list[Step]], steps: list[Step]) -> int:
        key = tuple(s.node for s in steps)
        if key not in self._joint_nodes:
            items = {self.process.nodes[s.node].item for s in steps}
            self._joint_nodes[key] = self.parts.node(
                replace(
                    self.process.nodes[steps[0].node], activity=self.measure.joint, batch=None,
                    item=next(iter(items)) if len(items) == 1 else None,
                    performers=self.process.nodes[steps[0].node].with_step_work(),
                )
            )  # fmt: skip
        return self._joint_nodes[key]

    def _attendance(self, group: list[Step], lead: int) -> int:
        key = tuple(s.node for s in group), lead
        if key not in self._attending:
            node = self.process.nodes[group[0].node]
            self._attending[key] = self.parts.node(
                replace(
                    node, activity=f"{self.measure.joint}（{node.department or node.activity}参加）", stage="notify", item=None,
                    level=None, batch=None, clock=self.process.nodes[lead].clock,
                    performers=node.performers if len(group) == 1 else node.with_step_work(),
                )
            )  # fmt: skip
        return self._attending[key]

    def cautions(self) -> list[Caution]:
        """Return what the routing says against it: how often it works, what it costs in time, who is busy."""
        means = np.array([band_means(t, BANDS) for t in self.process.waits]).reshape(-1, BANDS + 1)
        several = joined = saved = lasting = 0.0
        attending: set[int] = set()
        for share, branch in weighted(self.process):
            present = {self._node(branch, i).department for i, s in enumerate(branch.steps) if s.node in self.nodes}
            several += share * (len(present) > 1)
            meeting = self._meeting(branch)
            if meeting is None:
                continue
            joined += share
            steps = [branch.steps[i] for i in meeting.steps]
            attending |= {self.process.nodes[g[0].node].pool for g in self._groups(steps)[1:]}
            table = self.parts.wait_table(self._wait(steps, self.process.nodes[steps[0].node].clock))
            serial = bool(set(meeting.others) & (earlier(branch, [meeting.lead]) | later(branch, [meeting.lead])))
            each = [float(means[s.wait, s.band]) if s.wait >= 0 else 0.0 for s in steps]
            saved += share * (sum(each) if serial else max(each))
            lasting += share * (0.0 if table is None else float(np.trapezoid(table, GRID)))
        found = []
        if several > joined + 1e-9:
            found.append(
                both(
                    "In {share:.0%} of the cases inspected by several departments one inspection has to wait for steps that come after "
                    "another: these stay apart.",
                    share=1.0 - joined / several,
                )
            )
        if joined and lasting >= saved:
            found.append(
                both(
                    "On average the last department and the agreement on a date take longer than the separate inspections took one after "
                    "the other: steps fall, time does not."
                )
            )
        return found + self._busy(attending)

    def _busy(self, pools: set[int]) -> list[Caution]:
        if not self.process.identifiable.staffing:
            return []
        table = utilisation(self.process)
        busy = [p for p in sorted(pools) if p >= 0 and table["utilisation"].iloc[p] > BUSY]
        return [
            both(
                "{pool} would be asked for {busy:.0%} of its hours: it may not be able to come on the common date.",
                pool=self.process.pools[p].name, busy=float(table["utilisation"].iloc[p]),
            )
            for p in busy
        ]  # fmt: skip


def _what_comes_before(branch: Branch, together: list[int], behind: set[int]) -> set[int]:
    """What a joint step follows: all that one of its parts followed; instead of what lies ``behind`` one, what that followed."""
    inside = behind.union(together)
    found: set[int] = set()
    front = list(together)
    seen = set(front)
    while front:
        for j in branch.steps[front.pop()].after:
            if j not in inside:
                found.add(j)
            elif j not in seen:
                seen.add(j)
                front.append(j)
    return found


def _other_stages(process: Process, nodes: set[int]) -> list[Caution]:
    odd = {process.nodes[i].activity for i in nodes if process.nodes[i].stage not in ("inspect", None)}
    return [
        both("By its stage, “{activity}” is no inspection on the spot.", activity=activity) for activity in sorted(odd)
    ]


def _knock_outs(process: Process, activities: Sequence[str]) -> list[Caution]:
    found = []
    for activity in activities:
        share = knocked_out(process, process.nodes_of(activity))
        if share >= OFTEN:
            found.append(
                both(
                    "“{activity}” ends {share:.0%} of its cases: the other departments would then have come for nothing.",
                    activity=activity, share=share,
                )
            )  # fmt: skip
    return found
