"""M12 告知承诺."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import GRID, Branch, Process, Step
from flowaudit.redesign import legal, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.corrections import Corrections
from flowaudit.redesign.draft import Draft, Outcome, change_branches
from flowaudit.redesign.evidence import knocked_out
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.needs import missing
from flowaudit.redesign.ways import later

OFTEN_FAILED = 0.05
"""A check that ends the case at least this often is no formality."""

FOLLOWS = 0.5
"""A step that follows the checks at once in at least this share of their cases seems to belong to them."""


class Commit(Measure):
    """Decide on the applicant's written commitment, and check afterwards what was checked before."""

    id: ClassVar[str] = "M12"
    verb: ClassVar[str] = "commit"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "±", "time": "-", "materials": "-"}
    needs: ClassVar[tuple[str, ...]] = ("stage",)
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S53"
    # Nobody has broken a commitment yet where nobody has given one.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"breach": (0.0, 0.1)}

    activities: tuple[str, ...] = Field(
        min_length=1, description="决定后核查的环节 / checks made after the decision instead of before it"
    )
    coverage: float = Field(
        ge=0.0, le=1.0, description="告知承诺办理占比 / share of the cases whose applicants give the commitment"
    )
    breach: float = Field(
        ge=0.0, le=1.0, description="承诺不实占比（假定） / share of the commitments found broken (assumed)"
    )
    check_after_days: float = Field(
        default=0.0, ge=0.0, le=250.0,
        description="决定后多久开始核查（工作日） / when the checks begin after the decision (working days)",
    )  # fmt: skip
    materials: tuple[str, ...] = Field(
        default=(), description="以承诺替代的材料 / materials the commitment replaces"
    )  # fmt: skip

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("decision on commitment", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Where the commitment is given, the checks are made after the item's last decision, by the same officers, with the same "
            "work, as often as before: the work is moved, not saved, and still counts as steps. Materials the commitment replaces are "
            "not handed in, and corrections asked for because of them alone fall away. A share of the commitments is found broken; "
            "the authority then revokes its decision, which takes the time and work of deciding. Cases that ended at a check, before "
            "any decision, are handled as before.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "The guidance sets three tests: hard to verify beforehand, correctable afterwards, risk under control. Whether the item may be "
            "decided on commitment at all, and the rules for the written promise, its deadline, the verification and the sanctions, are "
            "to be checked, above all where public or national security, finance, ecology, life or health is at stake.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _(
            "commitment in {coverage:.0%} of the cases, checked afterwards: {names}",
            lang=lang, coverage=self.coverage, names=_(", ", lang=lang).join(self.activities),
        )  # fmt: skip

    def assumed(self, lang: Language | None = None) -> str:
        return _(
            "{coverage:.0%} of the applicants give the commitment, {breach:.0%} of the commitments are broken",
            lang=lang, coverage=self.coverage, breach=self.breach,
        )  # fmt: skip

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        nodes = self._nodes(process)
        found = []
        failed = knocked_out(process, nodes)
        if failed >= OFTEN_FAILED:
            found.append(
                both(
                    "{share:.0%} of the cases that pass these checks end there: they would be granted first and revoked later.",
                    share=failed,
                )
            )
        if failed > self.breach:
            found.append(
                both(
                    "{breach:.1%} of broken commitments is less than the {share:.1%} of cases that the checks end today.",
                    breach=self.breach, share=failed,
                )
            )  # fmt: skip
        for follower in _close_behind(process, nodes):
            found.append(
                both(
                    "“{activity}” mostly follows these checks at once, but stays before the decision; name it too if it belongs to them.",
                    activity=follower,
                )
            )
        if not any(n.stage == "deliver" for n in process.nodes):
            found.append(
                both(
                    "No delivery is recorded: the end-to-end time runs to the last event and so includes the later checks. Look at the "
                    "official clock."
                )
            )
        items = legal.items_of(process, nodes)
        asked = {
            m.canonical_id
            for t in process.templates
            for b in t.branches
            for m in b.materials
            if not items or m.item in items
        }
        for material in sorted(self._materials(process) - asked):
            found.append(
                both(
                    "“{material}” is not handed in for these items.",
                    material=process.material_names.get(material, material),
                )
            )
        for item in items:
            if process.catalogue is not None and legal.commitment(process, item) is None:
                found.append(
                    both(
                        "The catalogue does not say whether “{item}” may be decided on commitment.",
                        item=legal.name(process, item),
                    )
                )
        found += legal.risky_items(process, nodes)
        for activity in legal.required_by_law(process, nodes):
            found.append(
                both("The catalogue marks “{activity}” as required by law: whether it may follow the decision is to be checked.", activity=activity)
            )  # fmt: skip
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        nodes = self._nodes(process)
        wanted = self._materials(process)
        self._admitted(process, nodes)
        if not any(n.stage == "decide" for n in process.nodes):
            raise MeasureRefusedError(
                _("{measure}: the log does not say which activity decides.", measure=self.label()),
                hint=_("name them in the mapping file, table [stages]."),
            )
        if self.coverage == 0:
            return process, 0.0
        checks = _LaterChecks(process, nodes, self.check_after_days)
        promise = _Promise(process, wanted, {process.nodes[i].item for i in nodes})

        def change(branch: Branch) -> Sequence[tuple[float, Outcome]] | None:
            places = checks.places(branch)
            if not places:
                return None

            def committed(*, broken: bool) -> Branch:
                draft = Draft(branch)
                promise.give(draft, branch)
                checks.move(draft, branch, places, broken=broken)
                return draft.close()

            return [
                (self.coverage * (1.0 - self.breach), partial(committed, broken=False)),
                (self.coverage * self.breach, partial(committed, broken=True)),
                (1.0 - self.coverage, branch),
            ]

        after, touched = change_branches(process, change, key=f"M12|{'|'.join(self.activities)}")
        return checks.parts.finish(after), touched * self.coverage

    def _nodes(self, process: Process) -> set[int]:
        found: set[int] = set()
        for activity in self.activities:
            nodes = process.nodes_of(names.activity(process, activity))
            unfit = [i for i in nodes if process.nodes[i].stage in ("apply", "accept", "decide", "deliver", "produce")]
            if unfit:
                raise MeasureRefusedError(
                    _("{measure}: “{activity}” is no check.", measure=self.label(), activity=activity),
                    hint=_("name reviews, inspections or consultations that come before the decision."),
                )
            found |= nodes
        return found

    def _materials(self, process: Process) -> frozenset[str]:
        if self.materials:
            for reason, hint in missing(process, ("materials",)):
                raise MeasureRefusedError(f"{self.label()}: {reason}", hint=hint)
        return frozenset(names.material(process, m) for m in self.materials)

    def _admitted(self, process: Process, nodes: set[int]) -> None:
        """Refuse what the catalogue rules out."""
        for item in legal.items_of(process, nodes):
            if legal.commitment(process, item) is False:
                raise MeasureRefusedError(
                    _(
                        "{measure}: the catalogue does not allow “{item}” to be decided on commitment.",
                        measure=self.label(), item=legal.name(process, item),
                    ),
                    hint=_("if that is no longer so, change commitment_allowed in the catalogue first."),
                )  # fmt: skip


class _Promise:
    """What a commitment stands for: materials that are not handed in."""

    def __init__(self, process: Process, materials: frozenset[str], items: set[str | None]) -> None:
        self.materials, self.items = materials, items
        self.corrections = Corrections(process)

    def give(self, draft: Draft, branch: Branch) -> None:
        """Take the materials out of a draft of the branch, and the corrections that were about nothing else."""
        if not self.materials:
            return
        gone = {
            loop: None
            for loop in self.corrections.loops(branch)
            if loop.cause and self.materials.issuperset(loop.cause) and self._mine(loop.item)
        }
        if gone:
            self.corrections.take_out(draft, branch, gone)
        draft.materials = [
            replace(use, source="commit", accepted=True)
            if use.canonical_id in self.materials and use.source == "applicant" and self._mine(use.item)
            else use
            for use in draft.materials
        ]

    def _mine(self, item: str | None) -> bool:
        return item is None or None in self.items or item in self.items


@dataclass(frozen=True)
class _Place:
    """Where a check stands in a branch: the last decisions after it, and all that comes later."""

    decisions: list[int]
    later: set[int]


class _LaterChecks:
    """Checks moved behind the decision, and the revocation that may follow them."""

    def __init__(self, process: Process, checks: set[int], after_days: float) -> None:
        self.process, self.checks, self.after_days = process, checks, after_days
        self.parts = Additions(process)
        self._stage, self._item = [n.stage for n in process.nodes], [n.item for n in process.nodes]
        self._node_of: dict[int, int] = {}
        self._wait_of: dict[tuple[int, int], int] = {}
        self._revocation: dict[int, int] = {}

    def places(self, branch: Branch) -> dict[int, _Place]:
        """The checks of a branch that come before a decision, each with where it stands."""
        checks = [i for i, step in enumerate(branch.steps) if step.node in self.checks]
        found = {i: self._place(branch, i) for i in checks}
        return {i: place for i, place in found.items() if place.decisions}

    def move(self, draft: Draft, branch: Branch, places: Mapping[int, _Place], *, broken: bool) -> None:
        """Let the checks of a draft of the branch follow the decisions; ``broken``: and these be revoked."""
        # One that was done again because of a correction may have fallen away with it.
        left = {i: place for i, place in places.items() if not draft.dropped(i)}
        # The earlier of two checks first: it has more that comes later.
        for i in sorted(left, key=lambda i: -len(left[i].later)):
            before = {k for k, other in left.items() if i in other.later}
            draft.move(i, before.union(left[i].decisions))
            step = branch.steps[i]
            wait = step.wait if before else self._delayed(step)
            draft.change(i, node=self._later_node(step.node), wait=wait)
        # What was put off because of a check is not put off any more.
        draft.episodes = [e for e in draft.episodes if e.first not in left and e.last not in left]
        if broken:
            self._revoke(draft, branch, left)

    def _place(self, branch: Branch, check: int) -> _Place:
        """Where a check stands: the last decisions are one for each item it is about, its own, else those under way."""
        steps, own = branch.steps, self._item[branch.steps[check].node]
        after = later(branch, [check])
        last: dict[str | None, int] = {}
        begun: set[str | None] = set()
        for j in sorted(after):
            node = steps[j].node
            if self._stage[node] == "decide":
                last[self._item[node]] = j
            elif self._stage[node] in ("apply", "accept"):
                begun.add(self._item[node])
        if own is not None:
            return _Place([last[item] for item in (own, None) if item in last][:1], after)
        return _Place(sorted(j for item, j in last.items() if item is None or item not in begun), after)

    def _later_node(self, number: int) -> int:
        if number not in self._node_of:
            node = self.process.nodes[number]
            self._node_of[number] = self.parts.node(replace(node, activity=f"{node.activity}（事后）", level=None))
        return self._node_of[number]

    def _delayed(self, step: Step) -> int:
        """Its own delay and the working days until the checks begin."""
        clock = self.process.nodes[step.node].clock
        key = (step.wait, clock)
        if self.after_days > 0 and key not in self._wait_of:
            hours = self.after_days * self.process.profiles[clock].hours_per_week() / 5.0
            own = self.parts.wait_table(step.wait)
            table = np.full(len(GRID), hours) if own is None else own + hours
            self._wait_of[key] = self.parts.wait(table, f"→ {self.process.nodes[step.node].activity}（事后）")
        return self._wait_of.get(key, step.wait)

    def _revoke(self, draft: Draft, branch: Branch, places: Mapping[int, _Place]) -> None:
        """Let each decision be revoked by who made it, after all checks that follow it."""
        for decision in sorted({j for place in places.values() for j in place.decisions}):
            like = branch.steps[decision]
            if like.node not in self._revocation:
                node = self.process.nodes[like.node]
                self._revocation[like.node] = self.parts.node(
                    replace(node, activity=f"{node.activity}撤销", stage=None, level=None, batch=None)
                )
            checks = [i for i, place in places.items() if decision in place.decisions]
            draft.add(replace(like, node=self._revocation[like.node], site=None, cause=()), checks, key="M12|撤销")


def _close_behind(process: Process, checks: set[int]) -> list[str]:
    """Notices, and what else the applicant does about the checks, that mostly follow nothing but them."""
    items = {process.nodes[i].item for i in checks} | {None}
    passing = 0.0
    behind: dict[str, float] = {}
    for template in process.templates:
        for branch in template.branches:
            own = {i for i, step in enumerate(branch.steps) if step.node in checks}
            weight = template.cases * branch.probability * bool(own)
            passing += weight
            for step in branch.steps if own else ():
                node = process.nodes[step.node]
                about = node.item in items and (
                    node.stage == "notify" or (node.applicant and node.stage in (None, "inspect"))
                )
                if about and step.node not in checks and step.after and own.issuperset(step.after):
                    behind[node.activity] = behind.get(node.activity, 0.0) + weight
    return sorted(activity for activity, weight in behind.items() if weight >= FOLLOWS * passing)
