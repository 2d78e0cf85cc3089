"""One applicant on the way through all offices, as a SimPy process."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

from restaurant_model import settings as s
from restaurant_model.catalogue import DEMANDS, MATERIALS, material_code
from restaurant_model.clock import Clock, clocks, seconds
from restaurant_model.plans import Correction, Plan, Rng, draw_plans, pick
from restaurant_model.records import Case, Episode, Event, Rating, Records, Submission, Visit

Process = Generator[simpy.Event, Any, Any]

MINUTE, HOUR, DAY = 60, 3600, 86_400
OPINIONS = {"同意": 0.6, "材料齐全，同意": 0.25, "情况属实，拟同意": 0.15}


class City:
    """The offices: one queue of officers for each pool, served first come, first served."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self.clocks: Mapping[str, Clock] = clocks()
        self.records = Records()
        self.desks: dict[str, simpy.FilterStore] = {}
        for key, rule in s.POOLS.items():
            self.desks[key] = simpy.FilterStore(self.env)
            self.desks[key].items.extend(rule.officers)

    def until(self, second: int) -> simpy.Event:
        """Return the event that the clock has reached this second."""
        return self.env.timeout(max(0, second - self.now))

    @property
    def now(self) -> int:
        return int(self.env.now)


def simulate(bundles: int, seed: int) -> tuple[list[Plan], Records]:
    """Run all bundles to their end and return what happened."""
    city = City()
    plans = draw_plans(bundles, seed)
    for n, plan in enumerate(plans, 1):
        city.env.process(BundleRun(city, plan, np.random.default_rng([seed, 2, n])).run())
    city.env.run()
    return plans, city.records


@dataclass
class BundleRun:
    """The steps of one bundle, one item after the other."""

    city: City
    plan: Plan
    rng: Rng
    cases: dict[str, Case] = field(default_factory=dict)
    last_in: dict[tuple[str, str], Submission] = field(default_factory=dict)
    handler: dict[str, str] = field(default_factory=dict)
    """The officer who reviewed an item, who also gets it back."""

    def run(self) -> Process:
        yield self.city.until(self.plan.first)
        if self.plan.consult:
            yield from self.consult()
        yield from self.open_item(s.HB)
        yield from self.pause(1.0)
        yield from self.open_item(s.XF)
        yield from self.inspections()
        yield from self.close_item(s.XF)
        yield from self.close_item(s.HB)
        for item in self.plan.items[2:]:
            yield from self.pause(s.GAP_BETWEEN_ITEMS_WD)
            yield from self.open_item(item)
            if self.cases[item].result:
                return
            if item == s.SP:
                yield from self.food_extras()
            yield from self.close_item(item)
            if self.cases[item].result != "准予许可":
                return

    def consult(self) -> Process:
        """Ask at the service centre about all items at once: one event shared by all cases of the bundle."""
        arrived = self.city.now
        ids = [(self.case_id(item), "joint" if n else "main") for n, item in enumerate(self.plan.items)]
        event = yield from self.work("consult", "", tuple(ids), location=s.CENTRE)
        event.visit = self.add_visit(s.CENTRE, arrived, event.start, event.end, "consult")
        yield from self.pause(1.0)

    def open_item(self, item: str) -> Process:
        """Apply, correct, be accepted, be reviewed."""
        plan, rule = self.plan, s.ITEMS[item]
        event = yield from self.hand_in(item, f"{rule.short}申请", "apply", "submit", DEMANDS[item])
        case = Case(self.case_id(item), plan.bundle, item, "快递" if plan.courier[item] else "窗口", event.end)
        self.cases[item] = case
        self.city.records.cases.append(case)
        if plan.withdrawn and item == s.SP:
            yield from self.withdraw(case)
            return
        corrections = plan.corrections[item]
        for n, correction in enumerate(corrections):
            if not correction.after_acceptance:
                yield from self.correct(item, correction, corrections[n + 1 : n + 2])
        case.accept = (yield from self.work(f"{item}.accept", item, result="受理")).end
        late = [c for c in corrections if c.after_acceptance]
        yield from self.review(item, "补正" if late else "通过")
        for n, correction in enumerate(late):
            yield from self.correct(item, correction, late[n + 1 : n + 2])
            yield from self.review(item, "补正" if n + 1 < len(late) else "通过")
        if plan.extended == item:
            self.extend(case)

    def review(self, item: str, result: str) -> Process:
        event = yield from self.work(f"{item}.review", item, result=result, officer=self.handler.get(item, ""))
        self.handler[item] = event.resource

    def correct(self, item: str, correction: Correction, following: Sequence[Correction]) -> Process:
        """Send one notice and wait for the applicant; what the next notice will be about is handed in again, too."""
        case = self.cases[item]
        late = correction.after_acceptance
        # The reviewer writes the notice where the desk and the reviewers are one pool.
        reviewer = self.handler.get(item, "") if late else ""
        officer = reviewer if reviewer in s.POOLS[s.STEPS[f"{item}.notice"].pool].officers else ""
        notice = yield from self.work(f"{item}.notice", item, result="补正", officer=officer)
        rejected = self.last_in[item, correction.kind]
        rejected.rejected = notice.end
        defects = MATERIALS[correction.kind].defects
        rejected.reason = f"{MATERIALS[correction.kind].name}：{defects[int(self.rng.integers(len(defects)))]}"
        yield from self.pause(s.CORRECTION_REPLY_WD)
        kinds = tuple(dict.fromkeys([correction.kind, *(c.kind for c in following)]))
        back = yield from self.hand_in(item, f"{s.ITEMS[item].short}补正提交", "correction", "correct", kinds)
        if late:
            reason = f"补正：{MATERIALS[correction.kind].name}"
            self.city.records.episodes.append(Episode(case.case_id, "correction", notice.end, back.end, reason))

    def withdraw(self, case: Case) -> Process:
        yield from self.pause(2.0)
        event = yield from self.at_home(case.item, "撤回申请", "notify", 5, result="撤回")
        case.finish, case.result = event.end, "撤回"

    def extend(self, case: Case) -> None:
        days = 5
        end = self.city.clocks["office"].add(self.city.now, int(days * s.OFFICE_DAY_H * HOUR))
        self.city.records.episodes.append(
            Episode(case.case_id, "extension", self.city.now, end, "情况复杂，经批准延长", True, days)
        )

    def inspections(self) -> Process:
        """Inspect the premises: fire first and environment after it, by habit only; together in the pilot."""
        shared = ((self.case_id(s.XF), "main"), (self.case_id(s.HB), "joint"))
        if self.plan.joint_inspection:
            yield from self.work("joint.inspect", "", shared, result="通过", location="经营场所")
        else:
            yield from self.work("XF.inspect", s.XF, result="通过", location="经营场所")
            yield from self.work("HB.inspect", s.HB, result="通过", location="经营场所")
        yield from self.pause(s.SIGN_FOR_FINDINGS_WD)
        yield from self.at_home("", "核查意见签收", "notify", 6, cases=shared)

    def food_extras(self) -> Process:
        """Expert review and the ping-pong with the fire department inside the handling of the food licence."""
        officer = self.handler[s.SP]
        if self.plan.expert:
            begun = self.city.now
            days = int(self.rng.integers(s.EXPERT_WD[0], s.EXPERT_WD[1] + 1))
            yield self.city.until(self.city.clocks["office"].add(begun, int(days * s.OFFICE_DAY_H * HOUR)))
            event = yield from self.work("SP.expert", s.SP, result="通过", officer=officer)
            self.city.records.episodes.append(
                Episode(self.case_id(s.SP), "expert_review", begun, event.end, "组织专家评审")
            )
        for _round in range(self.plan.ping_pong_rounds):
            yield from self.work("SP.assist", s.SP, result="通过")
            yield from self.work("SP.reassess", s.SP, result="通过", officer=officer)

    def close_item(self, item: str) -> Process:
        """Sign off, produce, deliver, be rated."""
        plan, case = self.plan, self.cases[item]
        if item == s.SP and plan.returned_at_check:
            yield from self.work("SP.check", item, result="退回")
            yield from self.review(item, "通过")
        for step in s.ITEMS[item].checks:
            if step == "SP.level4" and not plan.level4:
                continue
            refused = plan.refused and step == "SP.decide"
            event = yield from self.work(step, item, result="不予许可" if refused else "通过")
            if refused:
                case.decide = case.finish = event.end
                case.result = "不予许可"
                return
        case.decide = case.finish = event.end
        if f"{item}.produce" in s.STEPS:
            case.finish = (yield from self.work(f"{item}.produce", item)).end
        case.result = "准予许可"
        yield from self.deliver(item)

    def deliver(self, item: str) -> Process:
        rule, case = s.ITEMS[item], self.cases[item]
        if self.plan.courier[item]:
            yield from self.work(f"{item}.send", item)
            days = int(self.rng.integers(s.COURIER_DAYS[0], s.COURIER_DAYS[1] + 1))
            hour = float(self.rng.uniform(9, 19))
            yield self.city.until(self.city.now // DAY * DAY + days * DAY + int(hour * HOUR))
            event = yield from self.at_home(item, f"{rule.document}签收", "deliver", 3, at_once=True)
        else:
            yield from self.pause(s.COLLECT_WD)
            visit = yield from self.visit(rule.site, "collect")
            event = self.applicant_event(item, f"{rule.document}领取", "deliver", visit.called, visit.left, visit=visit)
        case.deliver = event.end
        if self.rng.random() < s.RATING_SHARE:
            self.rate(case)

    def rate(self, case: Case) -> None:
        score = pick(self.rng, s.RATING_SCORES)
        text = {4: "等候时间偏长", 5: "多次往返"}.get(score, "")
        assert case.deliver is not None
        time = case.deliver + int(self.rng.uniform(0.2, 48) * HOUR)
        channel = "移动端" if self.plan.online else "大厅平板"
        self.city.records.ratings.append(Rating(case.case_id, channel, time, score, text, True if score > 3 else None))

    def work(
        self,
        key: str,
        item: str,
        cases: tuple[tuple[str, str], ...] = (),
        *,
        result: str = "",
        officer: str = "",
        location: str = "",
    ) -> Process:
        """Let an office do one step: handover, queue, work."""
        city, step = self.city, s.STEPS[key]
        pool = s.POOLS[step.pool]
        lying = int(self.rng.exponential(step.handover_h) * HOUR) if step.handover_h else 0
        length = self.work_seconds(step)
        opinion = pick(self.rng, OPINIONS) if step.level and result == "通过" else ""
        arrive = city.clocks["office"].add(city.now, lying)
        yield city.until(arrive)
        desk = city.desks[step.pool]
        taken: str = yield desk.get((lambda code: code == officer) if officer else (lambda code: True))
        start = city.clocks[pool.clock].fit(city.now, length)
        yield city.until(start + length)
        yield desk.put(taken)
        event = Event(
            step.activity, step.stage, cases or ((self.case_id(item), "main"),), item, pool.department, start,
            start + length, arrive, pool.office, step.level, taken, result, opinion, pool.system, location,
            pool=step.pool, step=key,
        )  # fmt: skip
        city.records.events.append(event)
        return event

    def work_seconds(self, step: s.StepRule) -> int:
        spread = float(np.sqrt(np.log1p(step.cv**2)))
        minutes = step.work_min * np.exp(spread * self.rng.standard_normal() - spread**2 / 2)
        return int(np.clip(minutes, *s.WORK_LIMITS_MIN) * MINUTE)

    def hand_in(self, item: str, activity: str, stage: str, purpose: str, kinds: tuple[str, ...]) -> Process:
        """Submit materials, at the counter or online."""
        if self.plan.online:
            event = yield from self.at_home(item, activity, stage, 18 if purpose == "submit" else 9)
        else:
            visit = yield from self.visit(s.ITEMS[item].site, purpose)
            event = self.applicant_event(item, activity, stage, visit.called, visit.left, visit=visit)
        form, mode = ("electronic", "附件上传") if self.plan.online else ("paper", "纸质收取")
        for kind in kinds:
            fetched = self.plan.elicence and kind == "YYZZ" and purpose == "submit"
            submission = Submission(
                self.case_id(item), event, kind, material_code(item, kind), "electronic" if fetched else form,
                "证照库" if fetched else mode, "elicence" if fetched else "applicant",
            )  # fmt: skip
            self.last_in[item, kind] = submission
            self.city.records.submissions.append(submission)
        return event

    def at_home(
        self,
        item: str,
        activity: str,
        stage: str,
        minutes: float,
        *,
        cases: tuple[tuple[str, str], ...] = (),
        result: str = "",
        at_once: bool = False,
    ) -> Process:
        """Let the applicant do something online or at the door: in the daytime or, as often happens, in the evening."""
        city = self.city
        start = city.now
        untouched = start == self.plan.first
        if not at_once and not untouched:
            day, hour = start // DAY * DAY, start % DAY / HOUR
            if (self.rng.random() < 0.3 and hour < 18) or hour >= 22:
                start = day + int(self.rng.uniform(max(18.0, min(hour, 22.0)), 22.5) * HOUR)
        length = int(minutes * MINUTE * self.rng.uniform(0.5, 1.5))
        yield city.until(start + length)
        return self.applicant_event(item, activity, stage, start, start + length, cases=cases, result=result)

    def applicant_event(
        self,
        item: str,
        activity: str,
        stage: str,
        start: int,
        end: int,
        *,
        cases: tuple[tuple[str, str], ...] = (),
        result: str = "",
        visit: Visit | None = None,
    ) -> Event:
        event = Event(
            activity, stage, cases or ((self.case_id(item), "main"),), item, s.APPLICANT, start, end, result=result,
            location=visit.site if visit else "", visit=visit, step=activity,
        )  # fmt: skip
        self.city.records.events.append(event)
        return event

    def visit(self, site: str, purpose: str) -> Process:
        """Go to a counter; now and then in vain, and again some days later."""
        city, office = self.city, self.city.clocks["office"]
        first = city.now == self.plan.first
        if not first and self.rng.random() < s.WASTED_VISIT_SHARE:
            ticket, called, left = self.counter_times()
            self.add_visit(site, ticket, called, left, purpose, "wasted")
            yield city.until(left)
            yield city.until(office.add(left, int(self.rng.uniform(1, 3) * s.OFFICE_DAY_H * HOUR)))
        ticket, called, left = self.counter_times()
        yield city.until(left)
        return self.add_visit(site, ticket, called, left, purpose)

    def counter_times(self) -> tuple[int, int, int]:
        office = self.city.clocks["office"]
        jitter = 0 if self.city.now == self.plan.first else int(self.rng.uniform(0, 2) * HOUR)
        waiting = int(min(self.rng.exponential(14), 60) * MINUTE)
        service = int(self.rng.uniform(6, 22) * MINUTE)
        ticket = office.fit(office.add(self.city.now, jitter), waiting + service)
        return ticket, ticket + waiting, ticket + waiting + service

    def add_visit(
        self, site: str, ticket: int, called: int, left: int, purpose: str, outcome: str = "progress"
    ) -> Visit:
        visit = Visit(self.plan.bundle, self.plan.applicant, site, ticket, called, left, purpose, outcome)
        self.city.records.visits.append(visit)
        return visit

    def pause(self, mean_wd: float) -> Process:
        """Let working time pass that is the applicant's own (lognormal, coefficient of variation 0.7)."""
        spread = float(np.sqrt(np.log1p(0.7**2)))
        days = mean_wd * float(np.exp(spread * self.rng.standard_normal() - spread**2 / 2))
        yield self.city.until(self.city.clocks["office"].add(self.city.now, int(days * s.OFFICE_DAY_H * HOUR)))

    def case_id(self, item: str) -> str:
        return f"{self.plan.bundle}-{item}"


def cut(plans: list[Plan], records: Records) -> Records:
    """Return what an export at the cut-off would hold: nothing that ended later."""
    limit = seconds(s.CUT_OFF)

    def kept(second: int | None) -> int | None:
        return None if second is None or second > limit else second

    events = [e for e in records.events if e.end <= limit]
    cases = [c for c in records.cases if c.apply <= limit]
    known = {c.case_id for c in cases}
    for event in events:
        event.cases = tuple((c, q) for c, q in event.cases if c in known)
    for case in cases:
        case.accept, case.decide, case.finish = kept(case.accept), kept(case.decide), kept(case.finish)
        case.deliver = kept(case.deliver)
        case.result = case.result if case.finish is not None else ""
    for submission in records.submissions:
        submission.rejected = kept(submission.rejected)
        submission.reason = submission.reason if submission.rejected is not None else ""
    return Records(
        events=sorted(events, key=lambda e: (e.start, e.end, e.cases)),
        visits=sorted((v for v in records.visits if v.left <= limit), key=lambda v: (v.ticket, v.bundle)),
        cases=sorted(cases, key=lambda c: (c.apply, c.case_id)),
        submissions=sorted(
            (m for m in records.submissions if m.event.end <= limit), key=lambda m: (m.event.end, m.case, m.code)
        ),
        episodes=sorted((e for e in records.episodes if e.end <= limit), key=lambda e: (e.start, e.case)),
        ratings=sorted((r for r in records.ratings if r.time <= limit), key=lambda r: (r.time, r.case)),
    )
