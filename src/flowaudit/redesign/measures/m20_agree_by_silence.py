"""M20 会办限时默认."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import BANDS, GRID, WHOLE, Branch, Process, Step, mean
from flowaudit.redesign import legal, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.draft import change_branches
from flowaudit.redesign.evidence import knocked_out
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

WORKING_DAYS = 5.0
"""A week has so many; a working day is this part of a clock's ordinary week."""

NO_REPLY = ("apply", "accept", "decide", "pay", "produce", "deliver", "correction", "notify", "archive")
"""Stages that are nobody's opinion."""

USUALLY_LATE = 0.5
"""Where more than this share of the replies takes longer, silence would be the rule."""

QUEUEING = 0.3
"""Where queueing may explain at least this share of the waiting, a limit on the delay is not the whole of it."""


class AgreeBySilence(Measure):
    """Take a department's silence for its agreement, once its time to reply is over."""

    id: ClassVar[str] = "M20"
    verb: ClassVar[str] = "agree_by_silence"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    subject: ClassVar[tuple[str, ...]] = ("activities",)
    seed: ClassVar[str] = "S15"

    activities: tuple[str, ...] = Field(
        min_length=1, description="限时答复的会办环节 / consultations whose reply is due in time"
    )
    days: float = Field(gt=0.0, le=250.0, description="答复期限（工作日） / time to reply (working days)")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("agreement by silence", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "A reply takes at most so many working days, from the moment it is asked for: a working day is a fifth of a week of the "
            "activity's own clock. Delays that would make delay and work longer than that are cut. The work itself stays, and so does the "
            "time in which all officers are busy with other cases: no rule can cap a queue in this model, so the time saved is the lower "
            "end where the consulted department is short of people.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether silence may count as agreement between departments, by what rule both have agreed on, and who stays liable for what "
            "was not said, is to be checked; so is whether the law asks for a written opinion.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        return _(
            "no reply in {days:g} working days means agreement: {names}",
            lang=lang, days=self.days, names=_(", ", lang=lang).join(self.activities),
        )  # fmt: skip

    def assumed(self, lang: Language | None = None) -> str:
        return _("a late reply is not waited for, and no objection is lost that matters", lang=lang)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        nodes = self._nodes(process)
        found = []
        late, queued = _late(process, nodes, self.days), _queued(process, nodes)
        if late > USUALLY_LATE:
            found.append(
                both(
                    "{share:.0%} of the replies take longer than {days:g} working days: silence would be the rule, and the consultation a "
                    "formality.",
                    share=late, days=self.days,
                )
            )  # fmt: skip
        objected = knocked_out(process, nodes)
        if objected > 0:
            found.append(
                both(
                    "{share:.1%} of the cases end after the consultation. An objection that comes late would no longer count; all of them "
                    "are simulated as if they came in time.",
                    share=objected,
                )
            )
        if queued >= QUEUEING:
            found.append(
                both(
                    "Up to {share:.0%} of the waiting may be queueing for busy officers, which the limit does not shorten here.",
                    share=queued,
                )
            )
        for activity in sorted({process.nodes[i].activity for i in nodes if process.nodes[i].batch is not None}):
            found.append(
                both("“{activity}” is done in batches; the wait for the next one is not cut.", activity=activity)
            )
        known = {process.nodes[i].activity for i in nodes if process.nodes[i].stage not in (None, "consult_dept")}
        for activity in sorted(known):
            found.append(
                both("By its stage “{activity}” is no consultation: whether silence may stand for it is to be checked.", activity=activity)
            )  # fmt: skip
        return (*found, *legal.against_changing(process, nodes))

    def transform(self, process: Process) -> tuple[Process, float]:
        limit = _Limit(process, self._nodes(process), self.days)

        def change(branch: Branch) -> Sequence[tuple[float, Branch]] | None:
            after = limit.kept(branch)
            return None if after is None else [(1.0, after)]

        after, touched = change_branches(process, change)
        return limit.parts.finish(after), touched

    def _nodes(self, process: Process) -> set[int]:
        found: set[int] = set()
        for activity in self.activities:
            nodes = process.nodes_of(names.activity(process, activity))
            if any(process.nodes[i].applicant or process.nodes[i].stage in NO_REPLY for i in nodes):
                raise MeasureRefusedError(
                    _("{measure}: “{activity}” is not the opinion of another department.", measure=self.label(), activity=activity),
                    hint=_("name consultations; nobody may be silent instead of accepting or deciding."),
                )  # fmt: skip
            found |= nodes
        return found


Kept = tuple[int, int, int] | None
"""Node, delay table and table of work of a step whose reply is in time; None: it always was."""


class _Limit:
    """Steps whose delay and work are cut at the limit."""

    def __init__(self, process: Process, nodes: set[int], days: float) -> None:
        self.process, self.nodes, self.days = process, nodes, days
        self.parts = Additions(process)
        self._known: dict[tuple[int, int, int, int], Kept] = {}

    def kept(self, branch: Branch) -> Branch | None:
        """The branch with its replies in time; None where none of them can be late."""
        steps = list(branch.steps)
        for i, step in enumerate(branch.steps):
            if step.node in self.nodes:
                found = self._of(step)
                if found is not None:
                    node, wait, work = found
                    steps[i] = replace(step, node=node, wait=wait, work=work)
        return replace(branch, steps=tuple(steps)) if steps != list(branch.steps) else None

    def late(self, step: Step) -> float:
        """How often a reply takes longer than the limit."""
        delay, _work = self._left(step)
        table = self.parts.wait_table(step.wait)
        if table is None:
            return 0.0
        in_time = float(np.interp(delay, table, GRID))
        return 1.0 - in_time if step.band == WHOLE else float(np.clip(step.band + 1 - BANDS * in_time, 0.0, 1.0))

    def _of(self, step: Step) -> Kept:
        key = (step.node, step.wait, step.work, step.band)
        if key not in self._known:
            self._known[key] = self._cut(step)
        return self._known[key]

    def _cut(self, step: Step) -> Kept:
        delay, work = self._left(step)
        node = self.process.nodes[step.node]
        tables = [self.process.works[w] for w in {step.work, *(p.work for p in node.performers)} if w >= 0]
        too_long = any(t[-1] > work for t in tables)
        if self.late(step) == 0.0 and not too_long:
            return None
        number, worked, waited = step.node, step.work, step.wait
        if too_long:
            performers = tuple(replace(p, work=self._shorter(p.work, work)) for p in node.performers)
            number, worked = self.parts.node(replace(node, performers=performers)), self._shorter(step.work, work)
        table = self.parts.wait_table(step.wait)
        if table is not None:
            # Between the two knots around the limit the cut table is a straight line, and slightly below it.
            waited = self.parts.wait(np.minimum(table, delay), self.process.wait_names[step.wait])
        return number, waited, worked

    def _shorter(self, number: int, most: float) -> int:
        table = self.parts.work_table(number)
        return number if table is None else self.parts.work(np.minimum(table, most))

    def _left(self, step: Step) -> tuple[float, float]:
        """The longest delay, in hours of the step's clock, and the longest work, in working hours, that end in time.

        The work is known only when the delay is over: on average the two together take the limit where they would take
        longer, exactly so where the work always takes the same.
        """
        node, process = self.process.nodes[step.node], self.process
        clock = process.profiles[node.clock].hours_per_week() / WORKING_DAYS
        people = [
            (p.weight, p.work, process.calendars[process.resources[p.resource].calendar]) for p in node.performers
        ]
        day = process.open_profile.hours_per_week() / WORKING_DAYS
        work = 0.0 if step.work < 0 else mean(process.works[step.work])
        if people:
            total = sum(weight for weight, _table, _hours in people)
            day = sum(weight * hours.hours_per_week() for weight, _table, hours in people) / total / WORKING_DAYS
            work = sum(weight * (mean(process.works[t]) if t >= 0 else work) for weight, t, _hours in people) / total
        most = self.days * day
        return max(self.days - min(work, most) / day, 0.0) * clock, most


def _late(process: Process, nodes: set[int], days: float) -> float:
    """Share of the replies that take longer than the limit."""
    limit = _Limit(process, nodes, days)
    asked = late = 0.0
    for template in process.templates:
        for branch in template.branches:
            for step in branch.steps:
                if step.node in nodes:
                    weight = template.cases * branch.probability
                    asked += weight
                    late += weight * limit.late(step)
    return late / asked if asked > 0 else 0.0


def _queued(process: Process, nodes: set[int]) -> float:
    """The most of the waiting that queueing can explain, where somebody in particular replies."""
    share = process.identifiable.queue_share
    return 0.0 if share is None or not any(process.nodes[i].performers for i in nodes) else share[1]
