"""M21 审批权下放."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Node, Process, utilisation
from flowaudit.redesign import legal, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.draft import Draft, Outcome, change_branches
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

BUSY = 0.85
"""Asked for more than this share of their hours, officers have no room for what one more mishap costs (W19)."""


class Delegate(Measure):
    """Let another department, usually of a lower level, do what one department does today."""

    id: ClassVar[str] = "M21"
    verb: ClassVar[str] = "delegate"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "-"}
    needs: ClassVar[tuple[str, ...]] = ("department",)
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S26"

    activities: tuple[str, ...] = Field(min_length=1, description="下放或委托的环节 / activities handed over")
    to: str = Field(description="承接部门 / department that takes them over")
    office: str = Field(
        default="", description="承接处室，空为由程序按阶段选取 / its office; empty: chosen by the stage"
    )
    dropped: tuple[str, ...] = Field(
        default=(), description="随之取消的转报环节 / steps that only passed the case on and fall away"
    )  # fmt: skip

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("delegation", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The activities are done by the officers of the department that takes them over, in their hours, and queue for them. The "
            "work stays the same, and so does the delay before it, unless that department already does the same activity: then its own "
            "figures count. Steps that only passed the case on fall away where they are named. How much nearer the office is to the "
            "applicant is not simulated.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether the law lets the competent authority delegate or entrust the decision, to whom, and who answers for it, is to be "
            "checked. The department that takes it over needs the people and the training.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _(
            "delegated to {department}: {names}",
            lang=lang, department=self.to, names=_(", ", lang=lang).join(self.activities),
        )  # fmt: skip

    def assumed(self, lang: Language | None = None) -> str:
        return _("{department} does the work as quickly as it is done today", lang=lang, department=self.to)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        nodes = self._nodes(process)
        found = []
        after = self.transform(process)[0]
        before = utilisation(process).set_index("pool")["utilisation"]
        for pool, busy in utilisation(after).set_index("pool")["utilisation"].items():
            if busy > BUSY and busy > before.get(pool, 0.0) + 1e-9:
                found.append(
                    both(
                        "{pool} would be asked for {busy:.0%} of its working hours (today {before:.0%}).",
                        pool=pool, busy=busy, before=before.get(pool, 0.0),
                    )
                )  # fmt: skip
        for activity in sorted({process.nodes[i].activity for i in nodes if process.nodes[i].stage == "decide"}):
            found.append(
                both(
                    "“{activity}” is a decision: whether {department} may take it in its own name is to be checked.",
                    activity=activity, department=self.to,
                )
            )  # fmt: skip
        found += legal.same_officer(after, range(len(process.nodes), len(after.nodes)))
        found += legal.against_changing(process, nodes | self._dropped(process))
        return (*found, *legal.risky_items(process, nodes))

    def transform(self, process: Process) -> tuple[Process, float]:
        department = names.department(process, self.to)
        nodes, dropped = self._nodes(process), self._dropped(process)
        moving = {i for i in nodes if process.nodes[i].department != department}
        if not moving:
            raise MeasureRefusedError(
                _(
                    "{measure}: {department} does these activities already.",
                    measure=self.label(),
                    department=department,
                ),
                hint=_("name activities of another department."),
            )
        taker = _Taker(process, department, self._office(process, department))
        hands = {i: taker.node(i) for i in sorted(moving)}

        def change(branch: Branch) -> Sequence[tuple[float, Outcome]] | None:
            if not any(step.node in hands for step in branch.steps):
                return None
            return [(1.0, lambda: taker.handed(branch, hands, dropped))]

        after, touched = change_branches(process, change)
        return taker.parts.finish(after), touched

    def _nodes(self, process: Process) -> set[int]:
        found: set[int] = set()
        for activity in self.activities:
            nodes = process.nodes_of(names.activity(process, activity))
            if any(process.nodes[i].applicant for i in nodes):
                raise MeasureRefusedError(
                    _("{measure}: “{activity}” is the applicant's.", measure=self.label(), activity=activity),
                    hint=_("name activities of an office."),
                )
            found |= {i for i in nodes if not process.nodes[i].automatic}
        return found

    def _dropped(self, process: Process) -> set[int]:
        both_ways = sorted(set(self.dropped) & set(self.activities))
        if both_ways:
            raise MeasureRefusedError(
                _("{measure}: “{activity}” cannot be handed over and fall away.", measure=self.label(), activity=both_ways[0]),
                hint=_("name it in one of the two lists."),
            )  # fmt: skip
        return {i for activity in self.dropped for i in process.nodes_of(names.activity(process, activity))}

    def _office(self, process: Process, department: str) -> str | None:
        if not self.office:
            return None
        offices = {n.office for n in process.nodes if n.department == department and n.office is not None}
        return names.resolve(self.office, offices, _("office"))


class _Taker:
    """The department that takes work over: who of it does what."""

    def __init__(self, process: Process, department: str, office: str | None) -> None:
        self.process, self.department = process, department
        self.parts = Additions(process)
        self.own = [
            i
            for i, n in enumerate(process.nodes)
            if n.department == department and not n.automatic and office in (None, n.office)
        ]
        if process.identifiable.staffing and not any(process.nodes[i].performers for i in self.own):
            raise MeasureRefusedError(
                _(
                    "the log knows no officers of {department} who could take work over.",
                    department=office or department,
                ),
                hint=_("choose a department or office with officers, or say first who joins it."),
            )
        self._cases = process.node_cases()
        self._usual = _usual_tables(process, set(self.own))
        self._figures: dict[int, tuple[int, int] | None] = {}

    def node(self, number: int) -> int:
        """The node as the department does it."""
        node = self.process.nodes[number]
        like = self._like(node)
        model = self.process.nodes[like]
        same = model.activity == node.activity
        self._figures[number] = self._usual.get(like) if same else None
        return self.parts.node(
            replace(
                node, department=self.department, office=model.office, pool=model.pool, clock=model.clock,
                performers=model.performers if same else model.with_step_work(),
                batch=model.batch if model.stage == node.stage else None, overtime=model.overtime, runs_on=model.runs_on,
            )
        )  # fmt: skip

    def handed(self, branch: Branch, hands: Mapping[int, int], dropped: set[int]) -> Branch:
        """The branch with the activities in new hands, without the steps that only passed it on."""
        draft = Draft(branch)
        for i, step in enumerate(branch.steps):
            if step.node in hands:
                wait, work = self._figures[step.node] or (step.wait, step.work)
                draft.change(i, node=hands[step.node], wait=wait, work=work)
        taken = [i for i, step in enumerate(branch.steps) if step.node in hands]
        for i, step in enumerate(branch.steps):
            if step.node in dropped:
                # What was handed in or put off there belongs to who decides now.
                draft.drop(i, into=taken[0])
        return draft.close()

    def _like(self, node: Node) -> int:
        """The department's node that is most like one: same activity, then stage, item, level; then the most frequent."""
        queues = any(self.process.nodes[i].performers for i in self.own)

        def nearness(i: int) -> tuple[bool, bool, bool, bool, bool, float]:
            own = self.process.nodes[i]
            return (
                bool(own.performers) == queues, own.activity == node.activity, own.stage == node.stage,
                own.item == node.item, own.level == node.level, float(self._cases[i]),
            )  # fmt: skip

        return max(self.own, key=nearness)


def _usual_tables(process: Process, nodes: set[int]) -> dict[int, tuple[int, int]]:
    """The tables of delay and of work that most cases have at each of the nodes."""
    weights: dict[int, dict[tuple[int, int], float]] = defaultdict(lambda: defaultdict(float))
    for template in process.templates:
        for branch in template.branches:
            for step in branch.steps:
                if step.node in nodes:
                    weights[step.node][step.wait, step.work] += template.cases * branch.probability
    return {node: max(found, key=lambda tables: found[tables]) for node, found in weights.items()}
