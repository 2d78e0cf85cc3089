"""M10 智能预审."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from flowaudit.eventlog import APPLICANT
from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import WHOLE, Branch, Node, Process, Step, always, family
from flowaudit.redesign import names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.chance import Chance, change_by_chance
from flowaudit.redesign.corrections import Corrections, Loop, no_corrections
from flowaudit.redesign.draft import Draft
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

CHECK, REPLY = "智能预审", "预审提示补充"
AT_THE_COUNTER = 0.2
"""From this share of applications handed in at a counter on it is said that the check must reach them there."""


class Precheck(Measure):
    """Let a machine check applications before they are taken in: defects are corrected at once."""

    id: ClassVar[str] = "M10"
    verb: ClassVar[str] = "precheck"
    category: ClassVar[str] = "②"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-", "trips": "-"}
    needs: ClassVar[tuple[str, ...]] = ("stage",)
    subject: ClassVar[tuple[str, ...]] = ("items",)
    seed: ClassVar[str] = "S51"
    # What rules would catch, and hold up wrongly, is known only when they run.
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"caught": (0.3, 0.8), "false_alarm": (0.0, 0.1)}

    items: tuple[str, ...] = Field(default=(), description="事项，空为全部 / items; empty: all of them")
    caught: float = Field(ge=0.0, le=1.0, description="材料问题当场发现率 / share of the defects found at once")
    false_alarm: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="误报率：无问题的申请被提示补充的占比 / share of faultless applications held up",
    )
    delay_h: float | None = Field(
        default=None, ge=0.0, le=2000.0,
        description="误报后申请人答复用时（小时），空为日志中补正答复的用时 / hours a false alarm costs the applicant; empty: as long as replies to corrections take",
    )  # fmt: skip

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("automatic check before acceptance", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Every application passes an automatic check before it is taken in. A share of the defects is found there and "
            "corrected online at once: their corrections fall away with their trips and what was reviewed once more. Of "
            "the faultless applications a share is held up, and waits for an answer of the applicant.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "A machine's hint is no refusal to accept: the applicant can always have an officer look at it. Whether the rules "
            "of the check need to be published is to be checked.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        chosen = (", " if lang == "en" else "、").join(self.items) or _("all items", lang=lang)
        return _(
            "automatic check finds {share:.0%} of the defects: {items}", lang=lang, share=self.caught, items=chosen
        )

    def assumed(self, lang: Language | None = None) -> str:
        return _(
            "the check finds {caught:.0%} of the defects and holds up {alarm:.0%} of the faultless applications",
            lang=lang, caught=self.caught, alarm=self.false_alarm,
        )  # fmt: skip

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        items = self._items(process)
        found: list[Caution] = []
        faulty, late, faultless, at_counter = _counted(process, items)
        if self.false_alarm > 0 and faultless * self.false_alarm >= faulty * self.caught:
            found.append(both(
                "About {n:.0f} faultless applications would be held up for {m:.0f} defects found: more is lost than gained.",
                n=faultless * self.false_alarm, m=faulty * self.caught,
            ))  # fmt: skip
        if late > 0:
            found.append(both(
                "{share:.0%} of the corrections were asked for after acceptance, in the review: whether a machine finds what it took "
                "a reviewer to find is open.", share=late / faulty,
            ))  # fmt: skip
        if at_counter >= AT_THE_COUNTER:
            found.append(both(
                "{share:.0%} of the applications are handed in at a counter: the check reaches them only if it is run there, too.",
                share=at_counter,
            ))  # fmt: skip
        return tuple(found)

    def transform(self, process: Process) -> tuple[Process, float]:
        corrections, items = Corrections(process), self._items(process)
        alarm = _Alarm(self, process, corrections, items)
        if not corrections.recorded and self.false_alarm <= 0:
            raise no_corrections(self.label())
        nothing = self.caught <= 0 and self.false_alarm <= 0

        def chances(branch: Branch) -> list[Chance[Loop | _Application]]:
            defects = _defects(corrections.loops(branch), items)
            found: list[Chance[Loop | _Application]] = [
                Chance(loop, self.caught, "/".join((loop.item or "", *loop.cause))) for loop in defects
            ]
            if self.false_alarm > 0:
                faulty = {loop.item for loop in defects}
                found += [
                    Chance(a, self.false_alarm, f"alarm {a.item}")
                    for a in alarm.applications(branch)
                    if a.item not in faulty
                ]
            # The check is passed by those, too, in which it finds nothing.
            return found or [Chance(a, 0.0) for a in alarm.applications(branch)[:1]]

        def outcome(branch: Branch, come: list[Loop | _Application]) -> Branch:
            if nothing:
                return branch
            draft = Draft(branch)
            gone: dict[Loop, Loop | None] = {what: None for what in come if isinstance(what, Loop)}
            if gone:
                corrections.take_out(draft, branch, gone)
            alarm.check(draft, branch, [what for what in come if isinstance(what, _Application)])
            return draft.close()

        after, touched = change_by_chance(process, chances, outcome, key="M10" + "".join(sorted(items)))
        return alarm.additions.finish(after), touched

    def _items(self, process: Process) -> frozenset[str]:
        """The items named; empty: whatever the log holds, items or not."""
        return frozenset(names.item(process, n) for n in self.items)


def _concerned(item: str | None, items: Collection[str]) -> bool:
    return not items or item in items


def _applying(process: Process, items: Collection[str]) -> dict[int, Node]:
    """Nodes at which applicants apply for the items."""
    return {
        i: n for i, n in enumerate(process.nodes) if n.stage == "apply" and n.applicant and _concerned(n.item, items)
    }


def _defects(loops: Collection[Loop], items: Collection[str]) -> list[Loop]:
    return [loop for loop in loops if loop.answered and _concerned(loop.item, items)]


@dataclass(frozen=True, slots=True)
class _Application:
    """The step at which an item is applied for."""

    item: str | None
    step: int


class _Alarm:
    """The automatic check as steps of the ways: for every application, and the answer to a false alarm."""

    def __init__(self, measure: Precheck, process: Process, corrections: Corrections, items: Collection[str]) -> None:
        self.measure, self.process = measure, process
        self.additions = Additions(process)
        self._applying = _applying(process, items)
        self._checks: dict[str | None, Step] = {}
        self._replies = _replies(process, corrections) if measure.false_alarm > 0 else {}
        if measure.false_alarm > 0 and measure.delay_h is None and not self._replies:
            raise MeasureRefusedError(
                _("{measure}: the log shows no replies to corrections that a false alarm could be like.", measure=measure.label()),
                hint=_("say how long the applicant takes: delay_h."),
            )  # fmt: skip

    def applications(self, branch: Branch) -> list[_Application]:
        """Where each item is applied for, in their order."""
        found: dict[str | None, int] = {}
        for i, step in enumerate(branch.steps):
            node = self._applying.get(step.node)
            if node is not None:
                found.setdefault(node.item, i)
        return [_Application(item, i) for item, i in found.items()]

    def check(self, draft: Draft, branch: Branch, held_up: Collection[_Application]) -> None:
        """Put a check after every application of a draft, and an answer after those that are held up."""
        for application in self.applications(branch):
            item = application.item
            if item not in self._checks:
                node = self.additions.node(Node(CHECK, stage="apply", item=item, automatic=True))
                self._checks[item] = Step(node, (), -1, -1, 0, band=WHOLE)
            k = draft.insert_after(application.step, self._checks[item], key=f"M10|{item}")
            if application in held_up:
                draft.insert_after(k, self._answer(item), key=f"M10 answer|{item}")

    def _answer(self, item: str | None) -> Step:
        known = self._replies.get(item) or self._replies.get(None)
        work, clock = (-1, 0) if known is None else (known.work, self.process.nodes[known.node].clock)
        wait = -1 if known is None else known.wait
        if self.measure.delay_h is not None:
            wait = self.additions.wait(family("constant", value=self.measure.delay_h), f"{CHECK} → {REPLY}")
            clock = self.additions.clock(always())
        node = Node(REPLY, department=APPLICANT, stage="correction", item=item, clock=clock)
        return Step(self.additions.node(node), (), wait, work, 0, band=WHOLE)


def _replies(process: Process, corrections: Corrections) -> dict[str | None, Step]:
    """The usual reply to a correction of each item, and (None) of all of them."""
    seen: dict[str | None, dict[tuple[int, int, int], float]] = defaultdict(lambda: defaultdict(float))
    example: dict[tuple[int, int, int], Step] = {}
    for weight, branch, loop in corrections.all_loops():
        for k in loop.steps:
            step = branch.steps[k]
            if process.nodes[step.node].applicant and step.wait >= 0:
                kind = (step.node, step.wait, step.work)
                example.setdefault(kind, step)
                for item in {loop.item, None}:
                    seen[item][kind] += weight
    return {item: example[max(kinds, key=lambda kind: (kinds[kind], kind))] for item, kinds in seen.items()}


def _counted(process: Process, items: Collection[str]) -> tuple[float, float, float, float]:
    """Count defects, those of them found after acceptance, and faultless applications; and the share of all handed in at a counter."""
    corrections, applying = Corrections(process), _applying(process, items)
    accepted = any(n.stage == "accept" for n in process.nodes)
    faulty = late = applied = at_counter = with_defect = 0.0
    for template in process.templates:
        for branch in template.branches:
            weight = template.cases * branch.probability
            defects = _defects(corrections.loops(branch), items)
            own = [s for s in branch.steps if s.node in applying]
            faulty += weight * len(defects)
            late += weight * sum(accepted and loop.accepted_at is None for loop in defects)
            applied += weight * len(own)
            at_counter += weight * sum(s.site is not None for s in own)
            with_defect += weight * len({loop.item for loop in defects})
    return faulty, late, max(applied - with_defect, 0.0), at_counter / applied if applied else 0.0
