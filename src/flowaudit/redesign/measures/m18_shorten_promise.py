"""M18 压缩承诺时限."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import Pool, Process, Template
from flowaudit.redesign import legal, names
from flowaudit.redesign.hours import wall_h
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.needs import missing

WORKING_DAYS_A_MONTH = 23
"""No month has more working days, but for one with make-up days."""


class ShortenPromise(Measure):
    """Promise a decision within fewer working days; on request, serve the case that is due first."""

    id: ClassVar[str] = "M18"
    verb: ClassVar[str] = "shorten_promise"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "±"}
    subject: ClassVar[tuple[str, ...]] = ("items",)
    seed: ClassVar[str] = "S34"

    days: float = Field(gt=0.0, le=366.0, description="承诺时限（工作日） / promised limit (working days)")
    items: tuple[str, ...] = Field(default=(), description="事项，空为全部 / items; empty: all of them")
    by_due_date: bool = Field(default=False, description="按到期先后办理 / the case that is due first is served first")

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("shorter promise", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "A promise by itself changes no work and no waiting: the simulated cases are those of before. Where the officers also "
            "serve by due date, the pools that work on these items inside the official clock take the case that is due first, the "
            "promise being counted from the case's arrival; other cases are due by the promises of the catalogue, and without one "
            "come last.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "A promise must not exceed the statutory limit; one below what the simulation keeps in 95 % of the cases will be broken.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        chosen = _(", ", lang=lang).join(self.items) or _("all items", lang=lang)
        if self.by_due_date:
            return _(
                "{items}: promised within {days:g} working days, served by due date",
                lang=lang,
                items=chosen,
                days=self.days,
            )
        return _("{items}: promised within {days:g} working days", lang=lang, items=chosen, days=self.days)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        found = [
            both(
                "A promise below the 95th percentile of the simulated official clock is a risk of breach: compare it with the promise "
                "that the simulation supports."
            )
        ]
        for item in self._items(process):
            limit = _limit(process, item, "promised")
            if limit is not None and limit[1] == "working_days" and limit[0] <= self.days:
                found.append(
                    both(
                        "“{item}” is promised within {now} working days already.",
                        item=legal.name(process, item), now=limit[0],
                    )
                )  # fmt: skip
            statutory = _limit(process, item, "statutory")
            if statutory is not None and _longer(self.days, statutory) is None:
                found.append(
                    both(
                        "The statutory limit of “{item}” is not stated in working days; whether the promise stays below it depends on the calendar.",
                        item=legal.name(process, item),
                    )
                )
        if self.by_due_date and process.unit == "bundle":
            found.append(
                both("All items of a bundle are due together: the promise counts from the arrival of the bundle.")
            )
        return tuple(found)

    def _items(self, process: Process) -> list[str]:
        return [names.item(process, n) for n in self.items] or list(process.item_names)

    def transform(self, process: Process) -> tuple[Process, float]:
        items = self._items(process)
        self._lawful(process, items)
        nodes = {i for i, n in enumerate(process.nodes) if not self.items or n.item in items}
        passing = [t.cases * _passes(t, nodes) for t in process.templates]
        if not self.by_due_date:
            return process, sum(passing)
        for reason, hint in missing(process, ("officers",)):
            raise MeasureRefusedError(f"{self.label()}: {reason}", hint=hint)
        serving = {process.nodes[i].pool for i in nodes if process.nodes[i].counts_in_clock is not False} - {-1}
        if not serving:
            raise MeasureRefusedError(
                _("{measure}: nobody works on these items inside the official clock.", measure=self.label()),
                hint=_("leave by_due_date out, or name other items."),
            )
        pools = tuple(_by_deadline(p) if i in serving else p for i, p in enumerate(process.pools))
        due = wall_h(self.days)
        templates = tuple(
            replace(t, due_h=min(t.due_h, due if cases > 0 else self._other_due(process, t)))
            for t, cases in zip(process.templates, passing, strict=True)
        )
        return replace(process, pools=pools, templates=templates), sum(passing)

    def _lawful(self, process: Process, items: list[str]) -> None:
        for item in items:
            statutory = _limit(process, item, "statutory")
            if statutory is not None and _longer(self.days, statutory):
                raise MeasureRefusedError(
                    _(
                        "{measure}: the statutory limit of “{item}” is {amount} {unit}.",
                        measure=self.label(), item=legal.name(process, item), amount=statutory[0], unit=_unit_name(statutory[1]),
                    ),
                    hint=_("a promise must not exceed the statutory limit."),
                )  # fmt: skip

    def _other_due(self, process: Process, template: Template) -> float:
        """Wall-clock hours after which a case without these items is due: the longest promise of its items."""
        items = {process.nodes[s.node].item for b in template.branches for s in b.steps} - {None}
        limits = [_limit(process, i, "promised") for i in items if i is not None]
        hours = [wall_h(limit[0]) for limit in limits if limit is not None and limit[1] == "working_days"]
        return max(hours) if hours and len(hours) == len(items) else math.inf


def _limit(process: Process, item: str, which: str) -> tuple[int, str] | None:
    catalogue = process.catalogue
    if catalogue is None or item not in catalogue.item_codes:
        return None
    limit = catalogue.limit(item, "statutory" if which == "statutory" else "promised")
    return None if limit is None else (limit.amount, limit.unit)


def _longer(days: float, limit: tuple[int, str]) -> bool | None:
    """Whether so many working days are certainly longer than a limit; None where that depends on the calendar."""
    amount, unit = limit
    if unit == "working_days":
        return days > amount
    most = {"days": amount, "months": amount * WORKING_DAYS_A_MONTH, "hours": amount / 24 + 1}.get(unit)
    return True if most is not None and days > most else None


def _unit_name(unit: str) -> str:
    names_of = {
        "working_days": _("working days"),
        "days": _("calendar days"),
        "months": _("months"),
        "hours": _("hours"),
    }
    return names_of.get(unit, unit)


def _passes(template: Template, nodes: set[int]) -> float:
    """Share of a template's cases that pass one of the nodes."""
    return sum(b.probability for b in template.branches if any(s.node in nodes for s in b.steps))


def _by_deadline(pool: Pool) -> Pool:
    return replace(pool, discipline="deadline")
