"""M24 取消批量会审（改日清）."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Process, Profile
from flowaudit.redesign import legal, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.evidence import share_of_cases
from flowaudit.redesign.hours import WEEKDAYS
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

FEW_DAYS = 2
"""Who works, or what moves, on so many weekdays at most is bound to these days."""

ON_THEM = 0.9
"""Share of the weekdays' movement that lies on these days where something is bound to them."""

IN_ITS_WAKE = 0.6
"""Share from which what follows such activities moves in their rhythm; without one, two of five days have 0.4."""

FEW_HOURS = 10.0
"""Who is seen in so few hours a week is there for the batch."""

FOLLOWS = 0.5
"""What comes directly after the activities in at least this share of its cases goes on in their rhythm."""


class HandleDaily(Measure):
    """Do the activities as the cases come instead of collecting them for set days."""

    id: ClassVar[str] = "M24"
    verb: ClassVar[str] = "handle_daily"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S24"

    activities: tuple[str, ...] = Field(min_length=1, description="改为随到随办的环节 / activities done as cases come")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("daily handling instead of batches", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Cases are no longer collected for a set time or number. Where the officers themselves are seen on one or two days of the "
            "week only, or in at most ten hours a week, they get the office hours most common among the other officers of their "
            "department, for all they do. Where the activities move on such days only, or what directly follows them mostly does, they "
            "take the department's usual rhythm. Delays keep the office time they took while things moved; work stays.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether the matters must be decided together in a meeting is to be checked: such matters keep it.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _("as cases come: {names}", lang=lang, names=_(", ", lang=lang).join(self.activities))

    def assumed(self, lang: Language | None = None) -> str:
        return _("the officers can be reached for it on every working day", lang=lang)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        nodes = self._nodes(process)
        found = [
            both("“{activity}” looks like a collective decision, which stays one.", activity=activity)
            for activity in legal.decided_together(process, nodes)
        ]
        freed = _Freed(process, nodes)
        people = freed.bound_officers()
        if people:
            hours = sum(process.calendars[process.resources[r].calendar].hours_per_week() for r in people) / len(people)
            found.append(
                both(
                    "{n} officers are seen only {hours:.1f} hours a week; nobody knows from the log whether they are there on other days.",
                    n=len(people), hours=hours,
                )
            )  # fmt: skip
        others = {
            n.activity
            for i, n in enumerate(process.nodes)
            if i not in nodes and any(p.resource in people for p in n.performers)
        }
        if others:
            found.append(both("They then also do daily: {names}.", names=", ".join(sorted(others))))
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        nodes = self._nodes(process)
        freed = _Freed(process, nodes)
        if not freed.is_bound():
            raise MeasureRefusedError(
                _("{measure}: it is done as cases come already.", measure=self.label()),
                hint=_("bound to set days or numbers: {names}", names=", ".join(_bound(process)) or "-"),
            )
        return freed.process_after(), share_of_cases(process, nodes) * sum(t.cases for t in process.templates)

    def _nodes(self, process: Process) -> set[int]:
        found: set[int] = set()
        for activity in self.activities:
            found |= process.nodes_of(names.activity(process, activity))
        return found


class _Freed:
    """What binds nodes to set times, and the process in which nothing does."""

    def __init__(self, process: Process, nodes: set[int]) -> None:
        self.process, self.nodes = process, nodes

    def is_bound(self) -> bool:
        return bool(self.bound_officers()) or any(self._bound(i) for i in self.nodes)

    def bound_officers(self) -> list[int]:
        """Those who do the activities and are there on few days only."""
        people = {p.resource for i in self.nodes for p in self.process.nodes[i].performers}
        return [r for r in sorted(people) if self._rarely_there(self.process.resources[r].calendar)]

    def _rarely_there(self, calendar: int) -> bool:
        hours = self.process.calendars[calendar]
        return on_few_days(hours) or hours.hours_per_week() <= FEW_HOURS

    def _bound(self, i: int) -> bool:
        node = self.process.nodes[i]
        return node.batch is not None or on_few_days(self.process.profiles[node.clock])

    def process_after(self) -> Process:
        parts = Additions(self.process)
        followers = self._followers()
        for i in sorted(self.nodes):
            fields: dict[str, object] = {"batch": None}
            if on_few_days(self.process.profiles[self.process.nodes[i].clock]):
                fields["clock"] = self._usual_clock(parts, i)
            parts.change_node(i, **fields)
        for i in sorted(followers):
            parts.change_node(i, clock=self._usual_clock(parts, i))
        for r in self.bound_officers():
            resource = parts.resources[r]
            parts.resources[r] = replace(resource, calendar=parts.calendar(self._usual_hours(resource.pool)))
        return parts.finish(self.process)

    def _followers(self) -> set[int]:
        """Nodes that mostly come directly after the activities and move when the batch is out."""
        times: dict[int, float] = defaultdict(float)
        directly: dict[int, float] = defaultdict(float)
        for template in self.process.templates:
            for branch in template.branches:
                weight = template.cases * branch.probability
                for step in branch.steps:
                    times[step.node] += weight
                    directly[step.node] += weight * any(branch.steps[j].node in self.nodes for j in step.after)
        nodes = self.process.nodes
        return {
            i
            for i, n in directly.items()
            if i not in self.nodes
            and not nodes[i].applicant
            and nodes[i].batch is None
            and n >= FOLLOWS * times[i] > 0
            and on_few_days(self.process.profiles[nodes[i].clock], IN_ITS_WAKE)
        }

    def _usual_clock(self, parts: Additions, i: int) -> int:
        """The clock in which most of the department's other work moves, at the pace at which this node moved when it did."""
        process, own = self.process, self.process.nodes[i]
        moving: dict[int, float] = defaultdict(float)
        for k, (node, cases) in enumerate(zip(process.nodes, process.node_cases(), strict=True)):
            if k in self.nodes or k == i or node.applicant or node.automatic or node.batch is not None:
                continue
            if node.department == own.department and not on_few_days(process.profiles[node.clock]):
                moving[node.clock] += cases
        usual = process.open_profile
        if moving:
            usual = process.profiles[max(moving, key=lambda c: (moving[c], -c))]
        return parts.clock(Profile(usual.rates * (_pace(process.profiles[own.clock]) / _pace(usual))))

    def _usual_hours(self, pool: int) -> Profile:
        """The working hours most common among the department's other officers; without any, those of the office."""
        process = self.process
        department = process.pools[pool].department
        seen: dict[int, int] = defaultdict(int)
        for r in process.resources:
            same = r.pool == pool or (department is not None and process.pools[r.pool].department == department)
            if same and r.capacity > 0 and not self._rarely_there(r.calendar):
                seen[r.calendar] += r.capacity
        if not seen:
            return process.open_profile
        return process.calendars[max(seen, key=lambda c: (seen[c], process.calendars[c].hours_per_week(), -c))]


def on_few_days(profile: Profile, share: float = ON_THEM) -> bool:
    """Say whether at least ``share`` of the movement on weekdays lies on one or two of them."""
    days = np.sort(profile.rates[:WEEKDAYS].sum(axis=1))
    return bool(days.sum() > 0 and days[-FEW_DAYS:].sum() >= share * days.sum())


def _pace(profile: Profile) -> float:
    """Mean rate of a clock on weekdays, over the moments at which it moves: a day's delay on a clock that moves on
    Thursdays only is done within hours once it is Thursday."""
    rates = profile.rates[:WEEKDAYS]
    return float((rates**2).sum() / rates.sum())


def _bound(process: Process) -> list[str]:
    """Activities that something binds to set times."""
    found = [n.activity for i, n in enumerate(process.nodes) if not n.applicant and _Freed(process, {i}).is_bound()]
    return list(dict.fromkeys(found))
