"""M19 人员与排班."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Performer, Process, Profile, utilisation
from flowaudit.redesign import names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.evidence import share_of_cases
from flowaudit.redesign.hours import WEEKDAYS
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

IDLE, BUSY = 0.5, 0.85
"""Shares of the working hours below which hardly anybody waits for a pool, and above which its queue soon grows long."""

MOSTLY_QUEUE = 0.5
"""Where queueing surely explains less of the waiting than this, staff can save only a part of it."""


class Staff(Measure):
    """Change how many officers a pool has, when they work, and who helps them."""

    id: ClassVar[str] = "M19"
    verb: ClassVar[str] = "staff"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    needs: ClassVar[tuple[str, ...]] = ("officers",)
    subject: ClassVar[tuple[str, ...]] = ("pool",)
    seed: ClassVar[str] = "S57"

    pool: str = Field(description="人员组或部门 / pool of officers, or department with one pool")
    add: int = Field(default=0, ge=-50, le=50, description="增减人数 / officers added (negative: taken away)")
    evening_h: float = Field(
        default=0.0,
        ge=0.0,
        le=6.0,
        description="延时服务（每个工作日延长小时数） / longer in the evening (hours on each day of work)",
    )
    weekend_days: int = Field(
        default=0,
        ge=0,
        le=2,
        description="周末开放天数：1为周六，2为周六和周日 / weekend days: 1 Saturday, 2 Sunday as well",
    )
    helpers: str | None = Field(
        default=None,
        description="可顶岗的人员组或部门（交叉培训） / pool whose officers may do this work as well (cross-training)",
    )

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("staffing", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The pool can work on more (or fewer) cases at once; new officers do the same work in the same hours. Longer hours and "
            "weekends apply to all its officers; on weekends they work as on their longest weekday. Officers of a helping pool take "
            "this work as readily as their own, in their own hours. Only the waiting in which nobody was free shrinks. A log cannot "
            "tell queueing from lying still for certain: the effect shown is the lower end of a bracket, whose upper end counts all "
            "the time in which the officer was busy.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Posts, overtime and budget need approval; whether helpers have the qualification and the authority is to be checked. The "
            "time saved lies in a bracket, not at one figure.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        if not (self.evening_h or self.weekend_days or self.helpers):
            return _("{pool}: {add:+d} officers", lang=lang, pool=self.pool, add=self.add)
        parts = [_("{add:+d} officers", lang=lang, add=self.add)] if self.add else []
        if self.evening_h:
            parts.append(_("{hours:g} h longer in the evening", lang=lang, hours=self.evening_h))
        if self.weekend_days:
            parts.append(
                _("open on Saturdays", lang=lang) if self.weekend_days == 1 else _("open on weekends", lang=lang)
            )
        if self.helpers:
            parts.append(_("helped by {helpers}", lang=lang, helpers=self.helpers))
        joined = _(", ", lang=lang).join(parts)
        return _("{pool}: {changes}", lang=lang, pool=self.pool, changes=joined)

    def assumed(self, lang: Language | None = None) -> str:
        return (
            ""
            if self.helpers is None
            else _("helpers need no more time for the work than the pool's own officers", lang=lang)
        )

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        index = names.pool(process, self.pool)
        before = utilisation(process)["utilisation"]
        after = utilisation(self.transform(process)[0])["utilisation"]
        found = []
        if self._more() and before.iloc[index] < IDLE:
            found.append(
                both(
                    "{pool} is asked for {busy:.0%} of its working hours: there is hardly a queue that more staff could shorten.",
                    pool=process.pools[index].name, busy=float(before.iloc[index]),
                )
            )  # fmt: skip
        if self.add < 0 and after.iloc[index] > BUSY:
            found.append(
                both(
                    "{pool} would be asked for {busy:.0%} of its working hours: its queue grows long, above 100 % without end.",
                    pool=process.pools[index].name, busy=float(after.iloc[index]),
                )
            )  # fmt: skip
        share = process.identifiable.queue_share
        if self._more() and share is not None and share[0] < MOSTLY_QUEUE:
            found.append(
                both(
                    "Queueing explains {low:.0%} to {high:.0%} of the waiting: staff can save no more than that part of it.",
                    low=share[0], high=share[1],
                )
            )  # fmt: skip
        if self.helpers is not None:
            other = names.pool(process, self.helpers)
            if before.iloc[other] > BUSY:
                found.append(
                    both(
                        "{pool} is asked for {busy:.0%} of its working hours itself: its own cases would wait longer.",
                        pool=process.pools[other].name, busy=float(before.iloc[other]),
                    )
                )  # fmt: skip
        return tuple(found)

    def _more(self) -> bool:
        return self.add > 0 or self.evening_h > 0 or self.weekend_days > 0 or self.helpers is not None

    def transform(self, process: Process) -> tuple[Process, float]:
        index = names.pool(process, self.pool)
        old = process.pools[index]
        if old.capacity + self.add < 1 or not (self.add or self._more()):
            raise MeasureRefusedError(
                _("{measure}: the pool has {n} places.", measure=self.label(), n=old.capacity),
                hint=_("leave at least one place, and change at least one."),
            )
        doing = {i for i, n in enumerate(process.nodes) if n.pool == index}
        touched = share_of_cases(process, doing) * sum(t.cases for t in process.templates)
        after = process.with_staff(index, self.add) if self.add else process
        if not (self.evening_h or self.weekend_days or self.helpers):
            return after, touched
        parts = Additions(after)
        if (self.evening_h or self.weekend_days) and not self._lengthen(parts, index):
            raise MeasureRefusedError(
                _("{measure}: they work at these hours already.", measure=self.label()),
                hint=_("leave evening_h and weekend_days out."),
            )
        if self.helpers is not None:
            self._help(parts, index)
        return parts.finish(after), touched

    def _lengthen(self, parts: Additions, index: int) -> bool:
        """Let all officers of the pool work longer, and on weekends; say whether anybody does."""
        longer = False
        for r, resource in enumerate(parts.resources):
            if resource.pool == index:
                old = parts.process.calendars[resource.calendar]
                hours = longer_hours(old, self.evening_h, self.weekend_days)
                parts.resources[r] = replace(resource, calendar=parts.calendar(hours))
                longer |= hours != old
        return longer

    def _help(self, parts: Additions, index: int) -> None:
        """Let the officers of another pool do this one's work, too."""
        assert self.helpers is not None
        other = names.pool(parts.process, self.helpers)
        people = [r for r, resource in enumerate(parts.resources) if resource.pool == other and resource.capacity > 0]
        helped = False
        for i, node in enumerate(parts.nodes()):
            new = [r for r in people if r not in {p.resource for p in node.performers}]
            if node.pool == index and node.performers and new:
                weight = sum(p.weight for p in node.performers) / len(node.performers)
                parts.change_node(i, performers=(*node.performers, *(Performer(r, weight) for r in new)))
                helped = True
        if not helped:
            raise MeasureRefusedError(
                _("{measure}: they do this work already, or there is nobody who could.", measure=self.label()),
                hint=_("name another pool of officers."),
            )


def longer_hours(profile: Profile, evening_h: float, weekend_days: int) -> Profile:
    """Return working hours that go on longer in the evening, and on weekends.

    Parameters
    ----------
    profile : Profile
    evening_h : float
        Hours after the last one of every day on which there are some; until midnight at most.
    weekend_days : int
        1: Saturday, 2: Sunday as well; as on the longest weekday. Weekend days that have hours keep them.
    """
    rates = profile.rates.copy()
    longest = int(rates[:WEEKDAYS].sum(axis=1).argmax())
    for day in range(WEEKDAYS, WEEKDAYS + weekend_days):
        if not rates[day].any():
            rates[day] = rates[longest]
    slots = rates.shape[1]
    for row in rates:
        if row.any():
            end = int(np.flatnonzero(row)[-1]) + 1
            row[end:] = np.clip(evening_h * slots / 24.0 - np.arange(slots - end), 0.0, 1.0)
    return Profile(rates)
