"""M11 智能批."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process, Step
from flowaudit.redesign import legal, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.draft import Draft, Outcome, change_branches
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.ways import between, later

BY_MACHINE = (None, "accept", "review", "check", "consult_dept", "decide", "produce")
"""Stages a machine may do; the others need somebody on the spot, or are the applicant's."""

USUAL = 0.5
"""Where something of the item follows in at least this share of its cases, a case in which nothing does was ended there."""

LOW_VOLUME = 30
"""Fewer observed cases are too few to say how many of them rules could decide."""


class DecideAutomatically(Measure):
    """Let rules and shared data decide a share of the cases, without an officer."""

    id: ClassVar[str] = "M11"
    verb: ClassVar[str] = "decide_automatically"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "-"}
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S52"
    # No log of officers' decisions can tell how often rules would decide wrongly.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"error": (0.0, 0.05)}

    activities: tuple[str, ...] = Field(
        min_length=1, description="自动办理的环节（同一事项内先后相接） / activities of one item that follow each other"
    )
    share: float = Field(
        ge=0.0, le=1.0,
        description="自动办理占比（占经过这些环节的办件） / share of the cases passing them that no officer decides",
    )  # fmt: skip
    audited: float = Field(
        default=0.1, ge=0.0, le=1.0,
        description="事后抽查比例（占自动办理的办件） / share of the automatic cases officers look at afterwards",
    )  # fmt: skip
    error: float = Field(
        default=0.0, ge=0.0, le=1.0,
        description="自动决定差错率（假定） / share of the automatic decisions that are wrong (assumed)",
    )  # fmt: skip

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("automatic decision", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "A share of the cases passes the activities at once, by day and night, with nobody's work. These are taken from the "
            "cases that went straight through: whatever was returned, corrected, sent elsewhere, put off or refused stays with the "
            "officers, as does the rest. Of the automatic cases a sample is looked at after the decision, which takes the work of "
            "the first of the activities; a wrong decision found is put right with the work of the last one.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether the decision is bound by rules and leaves no discretion is to be checked, as are the record of the rules in "
            "force and the right to have a person look at it. The guidance itself demands a manual review where the automatic check "
            "fails or warns of a risk.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _(
            "{share:.0%} decided automatically, {audited:.0%} of these audited: {names}",
            lang=lang, share=self.share, audited=self.audited, names=_(", ", lang=lang).join(self.activities),
        )  # fmt: skip

    def assumed(self, lang: Language | None = None) -> str:
        return _(
            "rules can decide {share:.0%} of the cases, and {error:.0%} of these decisions are wrong",
            lang=lang, share=self.share, error=self.error,
        )  # fmt: skip

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        nodes = self._nodes(process)
        ways = _Ways.of(process, nodes)
        found = []
        if 0 < ways.passing * self.share < LOW_VOLUME:
            found.append(
                both(
                    "Only {n:.0f} observed cases would be decided automatically: too few to judge what it would save.",
                    n=ways.passing * self.share,
                )
            )
        if ways.passing > ways.straight:
            found.append(
                both(
                    "{share:.0%} of the cases were returned, corrected, sent elsewhere, put off or refused on the way. They stay with "
                    "the officers, whose cases then are the slower ones.",
                    share=1.0 - ways.straight / ways.passing,
                )
            )
        if ways.ended > 0:
            found.append(
                both(
                    "{share:.1%} of the cases end at these activities; no refusal is simulated as automatic.",
                    share=ways.ended / ways.passing,
                )
            )
        undetected = ways.passing * self.share * (1.0 - self.audited) * self.error
        if undetected > 0:
            found.append(
                both(
                    "At {error:.1%} of wrong decisions about {n:.0f} of {total:.0f} observed cases would be decided wrongly without anybody "
                    "looking at them.",
                    error=self.error, n=undetected, total=ways.passing,
                )
            )  # fmt: skip
        if self.audited > 0 and not any(n.stage == "deliver" for n in process.nodes):
            found.append(
                both(
                    "No delivery is recorded: the end-to-end time runs to the last event and so includes the later audits."
                )
            )
        return (*found, *legal.against_changing(process, nodes), *legal.risky_items(process, nodes))

    def transform(self, process: Process) -> tuple[Process, float]:
        ways = _Ways.of(process, self._nodes(process))
        if self.share == 0 or ways.passing == 0:
            return process, 0.0
        wanted = self.share * ways.passing
        if wanted > ways.straight * (1 + 1e-9):
            raise MeasureRefusedError(
                _(
                    "{measure}: only {share:.1%} of the cases go straight through; what was returned, corrected, sent elsewhere or "
                    "refused stays with people.",
                    measure=self.label(), share=ways.straight / ways.passing,
                ),
                hint=_("share is at most {share:.2f}.", share=int(100 * ways.straight / ways.passing) / 100),
            )  # fmt: skip
        machine = _Machine(process, self.audited, self.error)

        def change(branch: Branch) -> Sequence[tuple[float, Outcome]] | None:
            blocks = ways.blocks.get(id(branch))
            return machine.outcomes(branch, blocks, min(wanted / ways.straight, 1.0)) if blocks else None

        after, _touched = change_branches(process, change, key=f"M11|{'|'.join(self.activities)}")
        return machine.parts.finish(after), wanted

    def _nodes(self, process: Process) -> set[int]:
        """Nodes of the activities that somebody works at."""
        found: set[int] = set()
        for activity in self.activities:
            nodes = process.nodes_of(names.activity(process, activity))
            unfit = next(
                (n for i in sorted(nodes) if (n := process.nodes[i]).applicant or n.stage not in BY_MACHINE), None
            )
            if unfit is not None:
                raise MeasureRefusedError(
                    _("{measure}: “{activity}” needs a person on the spot.", measure=self.label(), activity=activity),
                    hint=_("name reviews, checks and decisions of the office."),
                )
            found |= {i for i in nodes if not process.nodes[i].automatic}
        return found


@dataclass
class _Ways:
    """How cases go through the activities.

    Attributes
    ----------
    blocks : dict of int to list of list of int
        By the id of a branch: the steps, item by item, that go straight through.
    passing, straight, ended : float
        Observed cases that pass, that go straight through for an item at least, and that end there.
    """

    blocks: dict[int, list[list[int]]] = field(default_factory=dict)
    passing: float = 0.0
    straight: float = 0.0
    ended: float = 0.0

    @classmethod
    def of(cls, process: Process, nodes: set[int]) -> _Ways:
        found: list[tuple[Branch, float, dict[str | None, list[int]], set[str | None]]] = []
        seen: dict[str | None, float] = {}
        gone_on: dict[str | None, float] = {}
        for template in process.templates:
            for branch in template.branches:
                by_item: dict[str | None, list[int]] = {}
                for i, step in enumerate(branch.steps):
                    if step.node in nodes:
                        by_item.setdefault(process.nodes[step.node].item, []).append(i)
                if by_item:
                    weight = template.cases * branch.probability
                    on = {item for item, block in by_item.items() if _goes_on(process, branch, item, block)}
                    found.append((branch, weight, by_item, on))
                    for item in by_item:
                        seen[item] = seen.get(item, 0.0) + weight
                        gone_on[item] = gone_on.get(item, 0.0) + weight * (item in on)
        ways = cls()
        for branch, weight, by_item, on in found:
            stopped = {i for i in by_item if i not in on and gone_on[i] >= USUAL * seen[i]}
            good = [
                block for item, block in by_item.items() if item not in stopped and _straight(process, branch, block)
            ]
            ways.passing += weight
            ways.straight += weight * bool(good)
            ways.ended += weight * bool(stopped)
            if good:
                ways.blocks[id(branch)] = good
        return ways


def _goes_on(process: Process, branch: Branch, item: str | None, block: list[int]) -> bool:
    """Whether anything of the item follows the activities."""
    return any(process.nodes[branch.steps[i].node].item in (item, None) for i in later(branch, block) - set(block))


def _straight(process: Process, branch: Branch, block: list[int]) -> bool:
    """Whether each of the activities is done once, with nothing in between and no special procedure in them."""
    if len({process.nodes[branch.steps[i].node].activity for i in block}) < len(block):
        return False
    inside = set(block)
    if any(e.first in inside or e.last in inside for e in branch.episodes):
        return False
    return not between(branch, block)


class _Machine:
    """What decides instead of officers, and what they still do afterwards."""

    def __init__(self, process: Process, audited: float, error: float) -> None:
        self.process, self.audited, self.error = process, audited, error
        self.parts = Additions(process)
        self._automatic: dict[int, int] = {}
        self._manual: dict[tuple[int, str], int] = {}

    def outcomes(self, branch: Branch, blocks: list[list[int]], share: float) -> list[tuple[float, Outcome]]:
        """The branch decided automatically: not looked at, found right, found wrong and put right; and as it was."""
        return [
            (share * (1.0 - self.audited), lambda: self._decided(branch, blocks, afterwards=0)),
            (share * self.audited * (1.0 - self.error), lambda: self._decided(branch, blocks, afterwards=1)),
            (share * self.audited * self.error, lambda: self._decided(branch, blocks, afterwards=2)),
            (1.0 - share, branch),
        ]

    def _decided(self, branch: Branch, blocks: list[list[int]], *, afterwards: int) -> Branch:
        """The branch with its activities done by the machine, and what officers do afterwards: nothing, an audit, and a correction."""
        draft = Draft(branch)
        for block in blocks:
            for i in block:
                draft.change(i, node=self._machine_node(branch.steps[i].node), wait=-1, work=-1)
            last = block[-1]
            for like, what in ((block[0], "抽查"), (block[-1], "更正"))[:afterwards]:
                last = self._by_hand(draft, last, branch.steps[like], what)
        return draft.close()

    def _machine_node(self, number: int) -> int:
        if number not in self._automatic:
            node = self.process.nodes[number]
            self._automatic[number] = self.parts.node(
                replace(node, automatic=True, pool=-1, performers=(), batch=None, overtime=-1, runs_on=0.0)
            )
        return self._automatic[number]

    def _by_hand(self, draft: Draft, after: int, like: Step, what: str) -> int:
        """Let officers do ``like`` once more after the decision; nothing waits for it, and it is no sign-off."""
        key = (like.node, what)
        if key not in self._manual:
            node = self.process.nodes[like.node]
            self._manual[key] = self.parts.node(
                replace(node, activity=f"{node.activity}{what}", stage=None, level=None, batch=None)
            )
        step = replace(like, node=self._manual[key], site=None, cause=())
        return draft.add(step, (after,), key=f"M11|{what}")
