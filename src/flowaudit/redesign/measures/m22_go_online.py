"""M22 全程网办."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Branch, Process
from flowaudit.redesign import legal, names
from flowaudit.redesign.chance import Chance, change_by_chance
from flowaudit.redesign.expected import weighted
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError


class GoOnline(Measure):
    """Let a share of the applicants do online what they came for."""

    id: ClassVar[str] = "M22"
    verb: ClassVar[str] = "go_online"
    category: ClassVar[str] = "②"
    expected: ClassVar[Mapping[str, Direction]] = {"trips": "-"}
    needs: ClassVar[tuple[str, ...]] = ("visits",)
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S35"

    activities: tuple[str, ...] = Field(
        default=(),
        description="改为网上办理的环节，空为全部需到场环节 / activities done online; empty: all that need a visit",
    )
    share: float = Field(
        ge=0.0, le=1.0,
        description="改为网上办理的办件占比（占原到场办件） / share of the cases with such visits that need none any more",
    )  # fmt: skip

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("wholly online", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "In a share of the cases with visits for these activities all of them are done without coming, and the visits in vain "
            "made for them fall away. Delays, work and materials stay as they were: no log of visits can tell how much sooner "
            "people would act online.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether the law admits an electronic signature for these matters, and how identity is proved from afar, is to be "
            "checked; whoever wants to come must still be able to.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        chosen = _(", ", lang=lang).join(self.activities) or _("all activities with visits", lang=lang)
        return _("{share:.0%} online: {names}", lang=lang, share=self.share, names=chosen)

    def assumed(self, lang: Language | None = None) -> str:
        return _("{share:.0%} of the applicants who came do it online instead", lang=lang, share=self.share)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        nodes = self._nodes(process)
        visited: dict[int, float] = defaultdict(float)
        for share, branch in weighted(process):
            for step in branch.steps:
                if step.node in nodes and step.site is not None:
                    visited[step.node] += share
        found = []
        for activity in dict.fromkeys(
            process.nodes[i].activity for i in sorted(visited) if process.nodes[i].stage == "deliver"
        ):
            found.append(
                both(
                    "What is collected at “{activity}” must still reach the applicant: add issue_together with a courier share.",
                    activity=activity,
                )
            )
        for activity in dict.fromkeys(
            process.nodes[i].activity for i in sorted(visited) if process.nodes[i].stage == "inspect"
        ):
            found.append(both("“{activity}” is an inspection on the spot.", activity=activity))
        return (*found, *_reasons(process, legal.items_of(process, visited)))

    def transform(self, process: Process) -> tuple[Process, float]:
        nodes = self._nodes(process)

        def chances(branch: Branch) -> Sequence[Chance[str]]:
            came = any(s.site is not None and s.node in nodes for s in branch.steps)
            came = came or any(branch.steps[t.step].node in nodes for t in branch.trips)
            return [Chance("online", self.share, "online")] if came else []

        def outcome(branch: Branch, happens: list[str]) -> Branch:
            return _online(branch, nodes) if happens else branch

        after, touched = change_by_chance(process, chances, outcome, key=f"M22|{'|'.join(self.activities)}")
        if touched <= 0:
            raise MeasureRefusedError(
                _("{measure}: nobody comes for it.", measure=self.label()),
                hint=_("activities with visits: {names}", names=", ".join(_visited(process)) or "-"),
            )
        return after, touched

    def _nodes(self, process: Process) -> set[int]:
        found: set[int] = set()
        for activity in self.activities:
            found |= process.nodes_of(names.activity(process, activity))
        return found if self.activities else set(range(len(process.nodes)))


def _online(branch: Branch, nodes: set[int]) -> Branch:
    """The branch in which nobody comes for what the nodes do."""
    steps = tuple([replace(s, site=None) if s.site is not None and s.node in nodes else s for s in branch.steps])
    trips = tuple([t for t in branch.trips if branch.steps[t.step].node not in nodes])
    return replace(branch, steps=steps, trips=trips)


def _reasons(process: Process, items: list[str]) -> list[Caution]:
    """Why, by their guides, applicants must come for these items."""
    table = None if process.catalogue is None else process.catalogue.items
    if table is None or "visit_reason" not in table:
        return []
    rows = table[table["item_code"].isin(items) & table["visit_reason"].notna()]
    if "fully_online" in rows:
        rows = rows[~rows["fully_online"].eq(True)]
    return [
        both("The guide of “{item}” says why the applicant must come: {reason}.", item=legal.name(process, str(code)), reason=str(why))
        for code, why in zip(rows["item_code"], rows["visit_reason"], strict=True)
    ]  # fmt: skip


def _visited(process: Process) -> list[str]:
    """Activities with visits."""
    nodes = {s.node for t in process.templates for b in t.branches for s in b.steps if s.site is not None}
    return list(dict.fromkeys(process.nodes[i].activity for i in sorted(nodes)))
