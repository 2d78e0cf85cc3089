"""M19 人员与排班."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.process import Process
from flowaudit.redesign import names
from flowaudit.redesign.measure import Direction, Measure, MeasureRefusedError


class Staff(Measure):
    """Change the number of cases a pool of officers can work on at once."""

    id: ClassVar[str] = "M19"
    verb: ClassVar[str] = "staff"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    needs: ClassVar[tuple[str, ...]] = ("officers",)
    subject: ClassVar[tuple[str, ...]] = ("pool",)
    seed: ClassVar[str] = "S57"

    pool: str = Field(description="人员组或部门 / pool of officers, or department with one pool")
    add: int = Field(ge=-50, le=50, description="增减人数 / officers added (negative: taken away)")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("staffing", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The pool can work on more (or fewer) cases at once; new officers do the same work in the same hours. Only the waiting in "
            "which nobody was free shrinks. A log cannot tell queueing from lying still for certain: the effect shown is the lower "
            "end of a bracket, whose upper end counts all the time in which the officer was busy.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _("Posts and budget need approval; the time saved lies in a bracket, not at one figure.", lang=lang)

    def label(self, lang: Language | None = None) -> str:
        return _("{pool}: {add:+d} officers", lang=lang, pool=self.pool, add=self.add)

    def transform(self, process: Process) -> tuple[Process, float]:
        index = names.pool(process, self.pool)
        old = process.pools[index]
        if self.add == 0 or old.capacity + self.add < 1:
            raise MeasureRefusedError(
                _("{measure}: the pool has {n} places.", measure=self.label(), n=old.capacity),
                hint=_("leave at least one place, and change at least one."),
            )
        touched = float(sum(
            t.cases * b.probability
            for t in process.templates
            for b in t.branches
            if any(process.nodes[s.node].pool == index for s in b.steps)
        ))  # fmt: skip
        return process.with_staff(index, self.add), touched
