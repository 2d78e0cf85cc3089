"""M17 统一发证."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import GRID, WHOLE, Branch, Performer, Process
from flowaudit.redesign import legal, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.chance import Chance, change_by_chance
from flowaudit.redesign.draft import Draft
from flowaudit.redesign.expected import weighted
from flowaudit.redesign.hours import office_h_per_day
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError
from flowaudit.redesign.ways import earlier, later

Results = dict[str | None, list[int]]
"""By item, the steps at which its result is handed over."""


class IssueTogether(Measure):
    """Hand over the results of several items at once, and send a share of them instead of having them collected."""

    id: ClassVar[str] = "M17"
    verb: ClassVar[str] = "issue_together"
    category: ClassVar[str] = "⑤"
    expected: ClassVar[Mapping[str, Direction]] = {"steps": "-", "time": "±", "trips": "-"}
    needs: ClassVar[tuple[str, ...]] = ("stage",)
    subject: ClassVar[tuple[str, ...]] = ("items",)
    seed: ClassVar[str] = "S16"

    items: tuple[str, ...] = Field(default=(), description="事项，空为全部 / items; empty: all of them")
    courier: float = Field(
        default=0.0, ge=0.0, le=1.0,
        description="原到窗口领取的办件中改为寄递或电子送达的占比 / share of what was collected at a counter that is sent instead",
    )  # fmt: skip
    courier_days: float | None = Field(
        default=None, ge=0.0, le=30.0,
        description="寄递时间（工作日），电子送达为0 / time it is on its way (working days); 0: sent electronically",
    )  # fmt: skip
    window: str = Field(
        default="发证窗口", min_length=1, description="统一发证窗口名称 / name of the window that issues"
    )

    @model_validator(mode="after")
    def _how_long(self) -> Self:
        if self.courier > 0 and self.courier_days is None:
            raise ValueError(_("courier_days says how many working days it takes (0: sent electronically)"))
        return self

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("one issuance", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "The results of all items are handed over in one act, when the last of them is ready and in the way the last one was; "
            "what followed the single hand-overs follows what these followed, and the trips made for them fall away. The work of "
            "the offices on it adds up, but for sending what is then collected. Of what was collected at a counter a share is sent instead: no trip, and the days on the way take "
            "the place of the days until it was collected.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether results that wait for the last one stay within the period for issuing and delivering, whether a paper "
            "certificate is given on request, and how delivery is proved, is to be checked.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        chosen = _(", ", lang=lang).join(self.items) or _("all items", lang=lang)
        if not self.courier:
            return _("one issuance at “{window}” for {items}", lang=lang, window=self.window, items=chosen)
        return _(
            "one issuance at “{window}” for {items}, {share:.0%} of what was collected sent within {days:g} working days",
            lang=lang, window=self.window, items=chosen, share=self.courier, days=self.courier_days or 0.0,
        )  # fmt: skip

    def assumed(self, lang: Language | None = None) -> str:
        if not self.courier:
            return ""
        return _(
            "{share:.0%} of those who collected their result have it sent, which takes {days:g} working days and no more office work",
            lang=lang, share=self.courier, days=self.courier_days or 0.0,
        )  # fmt: skip

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        items = self._items(process)
        issue = _Issue(process, self, items)
        found = []
        late = several = 0.0
        for share, branch in weighted(process):
            late += share * issue.delays_the_first(branch)
            several += share * (len(issue.deliveries(branch)) > 1)
        if late:
            found.append(
                both(
                    "In {share:.0%} of the cases with several results an item is begun only after another's result was handed over: the first "
                    "result would wait for the last item. Handle the items in parallel as well.",
                    share=late / several,
                )
            )
        catalogue = process.catalogue
        if catalogue is None:
            return tuple(found)
        made = {(e.before, e.after) for e in catalogue.prerequisites.edges if e.table == "item_materials"}
        for a, b in sorted(e for e in made if set(e) <= items and e[0] != e[1]):
            found.append(
                both(
                    "“{after}” asks for the result of “{before}”, which would be handed over only with its own: share it inside.",
                    before=legal.name(process, a), after=legal.name(process, b),
                )
            )  # fmt: skip
        if self.courier > 0 and catalogue.items is not None and "supports_express" in catalogue.items:
            table = catalogue.items
            for code in table.loc[table["supports_express"].eq(False), "item_code"]:
                if code in items:
                    found.append(
                        both("The guide of “{item}” does not offer delivery by courier.", item=legal.name(process, str(code)))
                    )  # fmt: skip
        return tuple(found)

    def _items(self, process: Process) -> set[str | None]:
        return {names.item(process, n) for n in self.items} or {*process.item_names, None}

    def transform(self, process: Process) -> tuple[Process, float]:
        issue = _Issue(process, self, self._items(process))

        def chances(branch: Branch) -> Sequence[Chance[Results]]:
            results = issue.deliveries(branch)
            several = [Chance(results, 1.0, "together")] if len(results) > 1 else []
            collected = any(branch.steps[i].site is not None for steps in results.values() for i in steps)
            return [*several, Chance(results, self.courier, "sent")] if self.courier > 0 and collected else several

        def outcome(branch: Branch, happens: list[Results]) -> Branch:
            sent = len(happens) > 1 or any(len(results) < 2 for results in happens)
            return issue.handed_over(branch, happens[0], sent=sent) if happens else branch

        after, touched = change_by_chance(process, chances, outcome, key=f"M17|{'|'.join(self.items)}")
        if touched <= 0:
            raise MeasureRefusedError(
                _(
                    "{measure}: no case has several results to hand over, or one that is collected.",
                    measure=self.label(),
                ),
                hint=_("name several items that end in a delivery, or a share to be sent by courier."),
            )
        return issue.parts.finish(after), touched


class _Issue:
    """The one issuance: what it adds to the process, and how a branch ends in it."""

    def __init__(self, process: Process, measure: IssueTogether, items: set[str | None]) -> None:
        self.process, self.measure = process, measure
        self.parts = Additions(process)
        self.delivering = {i for i, n in enumerate(process.nodes) if n.stage == "deliver" and n.item in items}
        offices = [i for i in sorted(self.delivering) if not process.nodes[i].applicant]
        weights: dict[int, float] = {}
        for p in (p for i in offices for p in process.nodes[i].performers):
            weights[p.resource] = weights.get(p.resource, 0.0) + p.weight
        self.performers = tuple(Performer(r, w) for r, w in sorted(weights.items()))
        self._together: dict[tuple[int, bool], int] = {}
        self._sent: dict[int, int] = {}
        self._works: dict[tuple[int, ...], int] = {}
        self._on_the_way: tuple[int, int] | None = None

    def deliveries(self, branch: Branch) -> Results:
        """The steps at which the result of each item is handed over."""
        found: Results = {}
        for i, step in enumerate(branch.steps):
            if step.node in self.delivering:
                found.setdefault(self.process.nodes[step.node].item, []).append(i)
        return found

    def delays_the_first(self, branch: Branch) -> bool:
        """Whether something of an item begins only after the result of another was handed over."""
        groups = self.deliveries(branch)
        if len(groups) < 2:
            return False
        own = max(groups.values(), key=lambda g: g[0])
        item = self.process.nodes[branch.steps[own[0]].node].item
        before = earlier(branch, [i for i, s in enumerate(branch.steps) if self.process.nodes[s.node].item == item][:1])
        return any(before.intersection(g) for g in groups.values() if g is not own)

    def handed_over(self, branch: Branch, results: Results, *, sent: bool) -> Branch:
        """The branch with one issuance; ``sent``: and nothing is collected."""
        merged = self._merged(branch, results) if len(results) > 1 else branch
        return self._by_courier(merged) if sent else merged

    def _merged(self, branch: Branch, groups: Results) -> Branch:
        draft = Draft(branch)
        kept = max(groups.values(), key=lambda g: g[0])
        others = [i for g in groups.values() if g is not kept for i in g]
        inside = {*kept, *others}
        ready = {j for i in inside for j in branch.steps[i].after} - inside - later(branch, kept)
        draft.trips = [t for t in draft.trips if t.step not in others]
        for i in sorted(others, reverse=True):
            draft.drop(i, into=self._like(branch, kept, i))
        for i in kept:
            if not draft.after[i].intersection(kept):
                draft.after[i] |= ready
        self._hand_over(draft, branch, kept, others)
        return draft.close()

    def _like(self, branch: Branch, kept: list[int], i: int) -> int:
        """The step of the one issuance that takes the place of a single one: the office's or the applicant's."""
        applicant = self.process.nodes[branch.steps[i].node].applicant
        return next((k for k in kept if self.process.nodes[branch.steps[k].node].applicant == applicant), kept[0])

    def _hand_over(self, draft: Draft, branch: Branch, kept: list[int], others: list[int]) -> None:
        """Make the kept steps those of all items; the offices' work adds up."""
        offices = [i for i in (*kept, *others) if not self.process.nodes[branch.steps[i].node].applicant]
        work = self._sum(tuple(sorted(branch.steps[i].work for i in offices)))
        for i in kept:
            step = draft.steps[i]
            first = i == next((k for k in kept if k in offices), None)
            draft.change(i, node=self._node(step.node, step.site is not None), work=work if first else step.work)

    def _node(self, old: int, at_counter: bool) -> int:
        if (old, at_counter) not in self._together:
            node, window = self.process.nodes[old], self.measure.window
            if node.applicant:
                new = replace(node, activity=f"{window}统一领取" if at_counter else f"{window}统一签收", item=None)
            else:
                new = replace(
                    node, activity=f"{window}统一发证", department=window, office=None, item=None, performers=self.performers
                )  # fmt: skip
            self._together[old, at_counter] = self.parts.node(new)
        return self._together[old, at_counter]

    def _sum(self, works: tuple[int, ...]) -> int:
        real = [w for w in works if w >= 0]
        if len(real) < 2:
            return real[0] if real else -1
        if works not in self._works:
            self._works[works] = self.parts.work(np.sum([self.process.works[w] for w in real], axis=0))
        return self._works[works]

    def _by_courier(self, branch: Branch) -> Branch:
        """The branch in which nothing is collected; the same where nothing was."""
        issued = {*self.delivering, *self._together.values()}
        collected = [i for i, s in enumerate(branch.steps) if s.node in issued and s.site is not None]
        if not collected:
            return branch
        draft = Draft(branch)
        for i in collected:
            clock, wait = self._way()
            step = branch.steps[i]
            work = -1 if self.parts.nodes()[step.node].applicant else step.work
            draft.change(i, node=self._sent_node(step.node, clock), wait=wait, work=work, site=None, band=WHOLE)
        draft.trips = [t for t in draft.trips if t.step not in collected]
        return draft.close()

    def _way(self) -> tuple[int, int]:
        """Clock and table of the days it is on its way."""
        if self._on_the_way is None:
            hours = (self.measure.courier_days or 0.0) * office_h_per_day(self.process)
            wait = self.parts.wait(np.full(len(GRID), hours), f"→ {self.measure.window}") if hours > 0 else -1
            self._on_the_way = self.parts.clock(self.process.open_profile), wait
        return self._on_the_way

    def _sent_node(self, old: int, clock: int) -> int:
        if old not in self._sent:
            node = self.parts.nodes()[old]
            how = "寄递" if self.measure.courier_days else "电子送达"
            self._sent[old] = self.parts.node(replace(node, activity=f"{node.activity}（{how}）", clock=clock))
        return self._sent[old]
