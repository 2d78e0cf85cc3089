"""M13 容缺受理."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from flowaudit.messages import Language, both
from flowaudit.messages import translate as _
from flowaudit.process import BANDS, GRID, WHOLE, Branch, Node, Process, Step, family
from flowaudit.redesign import guide_facts, hours, names
from flowaudit.redesign.additions import Additions
from flowaudit.redesign.chance import Chance, change_by_chance
from flowaudit.redesign.corrections import Corrections, Loop, no_corrections, none_about
from flowaudit.redesign.draft import Draft
from flowaudit.redesign.measure import Caution, Direction, Measure, MeasureRefusedError

LAPSED = "逾期未补退件"


class TolerateMissing(Measure):
    """Accept without some materials; they are handed in while the review runs, or the application lapses."""

    id: ClassVar[str] = "M13"
    verb: ClassVar[str] = "tolerate_missing"
    category: ClassVar[str] = "④"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-", "clock": "±"}
    needs: ClassVar[tuple[str, ...]] = ("stage", "materials")
    subject: ClassVar[tuple[str, ...]] = ("materials",)
    seed: ClassVar[str] = "S15"
    varied: ClassVar[Mapping[str, tuple[float, ...]]] = {"lapse": (0.0, 0.1)}

    materials: tuple[str, ...] = Field(min_length=1, description="可容缺的材料 / materials that may be handed in later")
    days: float = Field(
        gt=0.0, le=365.0, description="后补期限（工作日） / working days in which they must be handed in"
    )
    lapse: float | None = Field(
        default=None, ge=0.0, le=1.0,
        description="逾期未补占比，空为按日志中超过期限的答复估计 / share never handed in; empty: as many as the log's replies that took longer",
    )  # fmt: skip
    remote: bool = Field(
        default=False,
        description="后补材料可网上提交或邮寄 / what is handed in later may be uploaded or sent, without a trip",
    )

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return _("acceptance with materials missing", lang=lang)

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return _(
            "Corrections before acceptance that are about these materials alone no longer hold it up: the notice is given with "
            "the acceptance, and the reply comes, by its deadline, while the review runs; the decision waits for it. Where it "
            "does not come the application lapses: the item ends undecided, and the review was in vain. The material is "
            "handed in all the same, only later.",
            lang=lang,
        )

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return _(
            "Whether a material is a main one, without which nothing may be accepted, whether the applicant has to promise in "
            "writing what is missing, and what becomes of an application that lapses, is to be checked item by item.",
            lang=lang,
        )

    def label(self, lang: Language | None = None) -> str:
        listed = (", " if lang == "en" else "、").join(self.materials)
        return _(
            "accepted without, {days:g} working days to hand in: {materials}",
            lang=lang,
            days=self.days,
            materials=listed,
        )

    def assumed(self, lang: Language | None = None) -> str:
        if self.lapse is None:
            return _("what took longer than the deadline in the log never comes, the rest comes as it did", lang=lang)
        return _("{share:.0%} of what is missing never comes", lang=lang, share=self.lapse)

    def cautions(self, process: Process) -> tuple[Caution, ...]:
        return (*self._in_the_guides(process), *self._in_the_log(process))

    def transform(self, process: Process) -> tuple[Process, float]:
        corrections, wanted = Corrections(process), self._wanted(process)
        state = _Later(self, process, wanted)

        def chances(branch: Branch) -> list[Chance[_Tolerated]]:
            found = state.tolerated(branch, corrections.loops(branch))
            return [Chance(one, state.lapsing(branch, one), f"lapse {one.loop.item}") for one in found]

        def outcome(branch: Branch, lapsed: list[_Tolerated]) -> Branch:
            return state.changed(branch, state.tolerated(branch, corrections.loops(branch)), lapsed)

        after, touched = change_by_chance(process, chances, outcome, key="M13" + "".join(wanted))
        if touched <= 0:
            self._refuse(corrections, process, wanted)
        return state.additions.finish(after), touched

    def _wanted(self, process: Process) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names.material(process, m) for m in self.materials))

    def _refuse(self, corrections: Corrections, process: Process, wanted: tuple[str, ...]) -> None:
        if not corrections.recorded:
            raise no_corrections(self.label())
        if any(loop.cause and set(loop.cause) <= set(wanted) for _n, _b, loop in corrections.all_loops()):
            raise MeasureRefusedError(
                _("{measure}: no correction about these materials lies before an acceptance that a decision follows.", measure=self.label()),
                hint=_("corrections after acceptance are for notify_once or precheck."),
            )  # fmt: skip
        raise none_about(self.label(), corrections, process)

    def _in_the_guides(self, process: Process) -> Iterable[Caution]:
        if process.catalogue is None:
            return
        for material in self._wanted(process):
            facts = guide_facts.of_material(process.catalogue, material)
            name = process.material_names.get(material, material)
            if facts.necessities and "deferrable" not in facts.necessities:
                yield both("No guide lists “{name}” as a material that may be handed in later (容缺后补).", name=name)
            if facts.retrievable:
                yield both("By the catalogue “{name}” can be fetched: it need not be handed in at all.", name=name)
            if facts.form:
                yield both(
                    "“{name}” is an application form: whether an application without it is one is to be checked.",
                    name=name,
                )

    def _in_the_log(self, process: Process) -> Iterable[Caution]:
        corrections, wanted = Corrections(process), self._wanted(process)
        state = _Later(self, process, wanted)
        tolerated = lapsing = others = 0.0
        for template in process.templates:
            for branch in template.branches:
                weight = template.cases * branch.probability
                loops = corrections.loops(branch)
                found = state.tolerated(branch, loops)
                tolerated += weight * len(found)
                lapsing += weight * sum(state.lapsing(branch, one) for one in found)
                # Another correction of the same item holds its acceptance up all the same.
                own = {one.loop for one in found}
                other = {(loop.item, loop.accepted_at) for loop in loops if loop not in own}
                others += weight * len(other & {(one.loop.item, one.accepted) for one in found})
        if tolerated <= 0:
            return
        if lapsing >= 0.05 * tolerated:
            yield both(
                "About {share:.0%} of what is missing would not come in {days:g} working days: these applications lapse, and "
                "their review was in vain.", share=lapsing / tolerated, days=self.days,
            )  # fmt: skip
        yield both(
            "The official clock starts before all is there, and runs while the applicant is waited for: the time before "
            "acceptance shrinks, the time on the clock may grow."
        )
        if others >= 1:
            yield both("About {n:.0f} of these acceptances wait for another correction all the same.", n=others)


@dataclass(frozen=True)
class _Tolerated:
    """A correction that acceptance no longer waits for, and the two steps it lies between from now on."""

    loop: Loop
    accepted: int
    decision: int

    @property
    def reply(self) -> int:
        return self.loop.steps[-1]


class _Later:
    """The corrections that acceptance no longer waits for."""

    def __init__(self, measure: TolerateMissing, process: Process, wanted: Collection[str]) -> None:
        self.measure, self.process, self.wanted = measure, process, frozenset(wanted)
        self.additions = Additions(process)
        self._office_h = measure.days * hours.office_h_per_day(process)
        self._late: dict[tuple[int, int, int], float] = {}
        self._capped: dict[tuple[int, int], int] = {}

    def tolerated(self, branch: Branch, loops: Iterable[Loop]) -> list[_Tolerated]:
        """Return the corrections about the materials alone before an acceptance that a decision follows."""
        found = []
        for loop in loops:
            if loop.accepted_at is not None and loop.answered and loop.cause and self.wanted.issuperset(loop.cause):
                decision = self._decision(branch, loop.accepted_at, loop.item)
                if decision is not None:
                    found.append(_Tolerated(loop, loop.accepted_at, decision))
        return found

    def lapsing(self, branch: Branch, found: _Tolerated) -> float:
        """Return how likely what is missing does not come in time."""
        if self.measure.lapse is not None:
            return self.measure.lapse
        step = branch.steps[found.reply]
        if step.wait < 0:
            return 0.0
        key = (step.wait, step.band, self.process.nodes[step.node].clock)
        if key not in self._late:
            in_time = float(np.interp(self._deadline(step), self.process.waits[step.wait], GRID, left=0.0))
            late = 1.0 - in_time if step.band == WHOLE else step.band + 1 - BANDS * in_time
            self._late[key] = min(max(late, 0.0), 1.0)
        return self._late[key]

    def changed(self, branch: Branch, found: list[_Tolerated], lapsed: list[_Tolerated]) -> Branch:
        """Return the branch with these corrections beside the review, and the items ended in which one is never answered."""
        draft = Draft(branch)
        for one in found:
            self._beside(draft, one)
        for item in dict.fromkeys(one.loop.item for one in lapsed):
            self._end(draft, branch, item, [one for one in lapsed if one.loop.item == item])
        return draft.close()

    def _decision(self, branch: Branch, accepted: int, item: str | None) -> int | None:
        for i in range(accepted + 1, len(branch.steps)):
            node = self.process.nodes[branch.steps[i].node]
            if node.stage == "decide" and (item is None or node.item in (item, None)):
                return i
        return None

    def _deadline(self, step: Step) -> float:
        """The deadline in hours of the clock in which a reply's delay passes."""
        return hours.delay_h(self.process, self.process.nodes[step.node].clock, self._office_h)

    def _beside(self, draft: Draft, one: _Tolerated) -> None:
        """Let a correction follow the acceptance, and the decision wait for its reply."""
        own, first = set(one.loop.steps), one.loop.steps[0]
        before = set(draft.after[first])
        for k, after in enumerate(draft.after):
            if k not in own and after & own:
                draft.after[k] = (after - own) | before
        draft.after[first] = {one.accepted}
        draft.follow(one.decision, one.reply)
        reply = draft.steps[one.reply]
        draft.change(one.reply, wait=self._in_time(reply), site=None if self.measure.remote else reply.site)
        if first != one.reply:
            # The notice is given with the acceptance.
            draft.change(first, wait=-1)
        if self.measure.remote:
            draft.trips = [t for t in draft.trips if t.step not in own]
        again = one.loop.again
        if again is not None:
            # Nobody applies again for what is accepted; what was handed in then comes with the reply.
            draft.materials = [replace(m, step=one.reply) if m.step == again else m for m in draft.materials]
            draft.drop(again)

    def _in_time(self, reply: Step) -> int:
        """The table of a reply's delay, cut at the deadline."""
        table, most = self.additions.wait_table(reply.wait), self._deadline(reply)
        if table is None or table[-1] <= most:
            return reply.wait
        key = (reply.wait, self.process.nodes[reply.node].clock)
        if key not in self._capped:
            self._capped[key] = self.additions.wait(np.minimum(table, most), self.process.wait_names[reply.wait])
        return self._capped[key]

    def _end(self, draft: Draft, branch: Branch, item: str | None, lapsed: list[_Tolerated]) -> None:
        """End an item at the deadline: what is missing has not come."""
        accepted, decision = lapsed[0].accepted, lapsed[0].decision
        nodes = self.process.nodes
        source = nodes[branch.steps[accepted].node]
        clock = self.additions.clock(self.process.open_profile)
        node = Node(LAPSED, source.department, source.office, "notify", item, automatic=True, clock=clock)
        wait = self.additions.wait(family("constant", value=self._office_h), f"→ {LAPSED}")
        end = Step(self.additions.node(node), (), wait, -1, 0, band=WHOLE)
        draft.follow(decision, draft.add(end, (accepted,), key=f"M13|{item}", place=decision - 0.5))
        gone = {one.reply for one in lapsed if len(one.loop.steps) > 1} | {decision}
        for k, step in enumerate(branch.steps):
            if nodes[step.node].item == item and decision in draft.ancestors(k):
                gone.add(k)
        draft.drop_all(gone)
