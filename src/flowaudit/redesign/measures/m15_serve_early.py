"""M15 提前服务."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Node, Process
from flowaudit.redesign import legal, names
from flowaudit.redesign.draft import Draft, change_branches
from flowaudit.redesign.expected import weighted
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.ways import earlier, later

OFTEN = 0.05
"""What happens in a smaller share of the cases is not worth a caution."""


class ServeEarly(Measure):
    """Do before the acceptance what was done after it."""

    id: ClassVar[str] = "M15"
    verb: ClassVar[str] = "serve_early"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"clock": "-", "time": "±"}
    needs: ClassVar[tuple[str, ...]] = ("stage",)
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S54"

    activities: tuple[str, ...] = Field(min_length=1, description="提前服务的环节 / activities done early")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("service in advance", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The activities, the first time a case comes to them, are done just before the acceptance of their item, with the delay "
            "and work they had; what is done early keeps its order. Everything else keeps its order without them. The official "
            "clock shortens; where all was done one after the other the end-to-end time stays as it was: time is moved, not saved.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether the service stays voluntary and free, and does not become a hidden condition of acceptance, is to be checked.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _("before acceptance: {names}", lang=lang, names=_(", ", lang=lang).join(self.activities))

    def assumed(self, lang: Language | None = None) -> str:
        return _("the activities need nothing of what comes between the acceptance and them", lang=lang)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        ways = _Early(process, self._nodes(process))
        overtaken: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        passing = beside = 0.0
        for share, branch in weighted(process):
            moves = ways.moves(branch)
            passing += share * bool(moves)
            for move in moves:
                name = process.nodes[branch.steps[move.step].node].activity
                for other in {n.activity for n in _own(process, branch, move)}:
                    overtaken[name][other] += share
            beside += share * any(_beside(branch, move) for move in moves)
        found = [
            both(
                "“{activity}” came after {others}; done early it has to do without them.",
                activity=activity, others=", ".join(f"{name} ({share / passing:.0%})" for name, share in often),
            )
            for activity, others in sorted(overtaken.items())
            if (often := [x for x in sorted(others.items(), key=lambda x: -x[1]) if x[1] >= OFTEN * passing])
        ]  # fmt: skip
        if beside >= OFTEN * passing > 0:
            found.append(
                both(
                    "In {share:.0%} of these cases other work went on beside it; that work now waits for it, and the end-to-end time may grow.",
                    share=beside / passing,
                )
            )
        refused = ways.never_accepted()
        if refused >= OFTEN:
            found.append(
                both(
                    "{share:.0%} of the applications are never accepted; early work on them is lost, and is not in the simulation.",
                    share=refused,
                )
            )
        for activity in legal.required_by_law(process, ways.nodes):
            found.append(both("The catalogue marks “{activity}” as required by law.", activity=activity))
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        ways = _Early(process, self._nodes(process))

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            moves = ways.moves(branch)
            return [(1.0, _moved(branch, moves))] if moves else None

        after, touched = change_branches(process, change)
        if touched <= 0 and ways.bound:
            activity, other = sorted(ways.bound)[0]
            raise MeasureRefusedError(
                _("{measure}: “{activity}” needs “{other}”, which comes only after the acceptance.",
                  measure=self.label(), activity=activity, other=other),
                hint=_("name activities that follow the acceptance and need no decision."),
            )  # fmt: skip
        if touched <= 0:
            raise MeasureRefusedError(
                _("{measure}: in no case do they follow an acceptance of their item.", measure=self.label()),
                hint=_("name activities that follow the acceptance and need no decision."),
            )
        return after, touched

    def _nodes(self, process: Process) -> set[int]:
        found: set[int] = set()
        for activity in self.activities:
            found |= process.nodes_of(names.activity(process, activity))
        return found


@dataclass(frozen=True)
class _Move:
    """A step that moves before an acceptance.

    Attributes
    ----------
    step, accepted : int
    overtaken : frozenset of int
        Steps that stood between the two, and do not move.
    """

    step: int
    accepted: int
    overtaken: frozenset[int]


class _Early:
    """Finds what can be done early.

    Attributes
    ----------
    bound : set of (str, str)
        Activities that could not move, and what they need.
    """

    def __init__(self, process: Process, nodes: set[int]) -> None:
        self.process, self.nodes = process, nodes
        self.accepting = {i for i, n in enumerate(process.nodes) if n.stage == "accept" and not n.automatic}
        self.bound: set[tuple[str, str]] = set()

    def moves(self, branch: Branch) -> list[_Move]:
        """Steps that move, in their order."""
        found: list[_Move] = []
        seen: set[tuple[str, str | None]] = set()
        steps: set[int] = set()
        for i, step in enumerate(branch.steps):
            node = self.process.nodes[step.node]
            if step.node not in self.nodes or (node.activity, node.item) in seen:
                continue
            seen.add((node.activity, node.item))
            before = sorted(earlier(branch, [i]))
            accepted = self._acceptance(branch, before, node)
            if accepted is None:
                continue
            between = _between(branch, accepted, before) - steps
            needed = next((k for k in sorted(between) if self._needed(node, branch.steps[k].node)), None)
            if needed is not None:
                self.bound.add((node.activity, self.process.nodes[branch.steps[needed].node].activity))
                continue
            steps.add(i)
            found.append(_Move(i, accepted, between))
        return found

    def _acceptance(self, branch: Branch, before: list[int], node: Node) -> int | None:
        """The first acceptance of the step's item before it; None where there is none."""
        own = [j for j in before if branch.steps[j].node in self.accepting]
        own = [j for j in own if self.process.nodes[branch.steps[j].node].item in (node.item, None)]
        return own[0] if own else None

    def _needed(self, node: Node, other: int) -> bool:
        """Whether an activity needs what another one decides: its own item's decision, or one that must come first."""
        earlier_node, catalogue = self.process.nodes[other], self.process.catalogue
        item = earlier_node.item
        if item is None or node.item is None or item == node.item:
            return earlier_node.stage == "decide"
        return catalogue is not None and catalogue.precedes(item, node.item)

    def never_accepted(self) -> float:
        """Share of the applications for the items concerned that end before their acceptance."""
        items: set[str | None] = {*legal.items_of(self.process, self.nodes)} or {None}
        applied = accepted = 0.0
        for share, branch in weighted(self.process):
            found = {(n.item, n.stage) for n in (self.process.nodes[s.node] for s in branch.steps)}
            for item in items:
                if (item, "apply") in found:
                    applied += share
                    accepted += share * bool({(item, "accept"), (None, "accept")} & found)
        return 1.0 - accepted / applied if applied else 0.0


def _own(process: Process, branch: Branch, move: _Move) -> list[Node]:
    """What was overtaken of the step's own item; that of others came before it by habit."""
    item = process.nodes[branch.steps[move.step].node].item
    nodes = [process.nodes[branch.steps[j].node] for j in sorted(move.overtaken)]
    return [n for n in nodes if item is None or n.item in (item, None)]


def _between(branch: Branch, first: int, before: list[int]) -> frozenset[int]:
    """Those of ``before``, in their order, that follow ``first``."""
    found = {first}
    for k in before:
        if not found.isdisjoint(branch.steps[k].after):
            found.add(k)
    return frozenset(found - {first})


def _beside(branch: Branch, move: _Move) -> bool:
    """Whether anything after the acceptance ran at the time of the step without waiting for it."""
    others = later(branch, [move.accepted]) - {move.step}
    return bool(others - earlier(branch, [move.step]) - later(branch, [move.step]))


def _moved(branch: Branch, moves: list[_Move]) -> Branch:
    """The branch with the steps done just before their acceptance."""
    draft = Draft(branch)
    before = {move.step: draft.ancestors(move.step) for move in moves}
    # What each acceptance followed, and what has been put before it.
    base: dict[int, set[int]] = {}
    put: dict[int, list[int]] = defaultdict(list)
    for move in moves:
        i, accepted = move.step, move.accepted
        left = set(draft.after[i])
        for k in draft.followers(i):
            draft.after[k].discard(i)
            draft.after[k] |= left
        base.setdefault(accepted, set(draft.after[accepted]))
        draft.after[i] = base[accepted] | {j for j in put[accepted] if j in before[i]}
        draft.after[accepted].add(i)
        put[accepted].append(i)
    moved = {move.step for move in moves}
    draft.episodes = [e for e in draft.episodes if not {e.first, e.last} & moved]
    return draft.close()
