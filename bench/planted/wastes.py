"""One function for each waste W01-W25: it changes a background so that exactly this waste is in it, and says where.

The strength is the share of the cases concerned (of one item or department, or of all bundles), unless the table says
otherwise. What is planted follows the table of the rules in words; no rule of flowaudit is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog
from planted.office import (
    APPLICANT,
    DAY,
    SITES,
    Case,
    Item,
    Kind,
    Paper,
    Step,
    World,
    clean_world,
    day_of,
    opinion,
    paper_row,
    position,
    run,
    visit_row,
    worked,
)

SUPPORT = 45
"""Cases that a planted waste has at least, where there are so many."""


@dataclass(eq=False)
class Truth:
    """What was planted.

    Attributes
    ----------
    rule, mode : str
    place : mapping of level to names
        Levels as in a finding's scope: ``departments, items, activities, offices, materials, channels, officers``.
    cases : set of str
        Ids of the cases concerned, and of their bundles; empty where the guides alone hold the waste.
    lost_days : float, optional
        Working days lost in all, where the rule's words define them.
    """

    rule: str
    mode: str
    place: dict[str, set[str]]
    cases: set[str] = field(default_factory=set)
    lost_days: float | None = None

    def mark(self, cases: Sequence[Case]) -> None:
        for case in cases:
            self.cases |= case.ids


@dataclass(frozen=True)
class Waste:
    """How a waste is planted.

    Attributes
    ----------
    plant : callable(world, strength, mode) -> Truth
    what : mapping of mode to text
        What each way of planting does; the seed chooses one.
    strength : float
    columns : tuple of str
        What carries it.
    kind : {"bundle", "single", None}
        The background it needs.
    cases : int, optional
        How many applications it needs.
    """

    plant: Callable[[World, float, str], Truth]
    what: Mapping[str, str]
    strength: float
    columns: tuple[str, ...]
    kind: Kind | None = None
    cases: int | None = None
    items: int | None = None


def _place(item: Item, *activities: str, **more: str) -> dict[str, set[str]]:
    where = {"departments": {item.department}, "items": {item.code}, "activities": set(activities)}
    return where | {level: {name} for level, name in more.items()}


def _activities(item: Item, *stages: str) -> list[str]:
    return [s.activity for s in item.steps if s.stage in stages]


def _enough(world: World, cases: list[Case], share: float) -> list[Case]:
    """Return a share of cases, and at least as many as a finding needs to be supported after some were cut off."""
    least = min(1.0, SUPPORT / max(len(cases), 1)) if share > 0 else 0.0
    return world.some(cases, max(share, least))


def _chosen(world: World, item: Item, share: float) -> set[Case]:
    return set(_enough(world, world.of(item), share))


def _pool(item: Item, name: str) -> str:
    return f"{item.department}{name}"


def _on(world: World, chosen: set[Case], change: Callable[[Case], None]) -> None:
    world.edits.append(lambda case: change(case) if case in chosen else None)


# Levels, stamps and returns.


def _w01(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    truth = Truth("W01", mode, _place(item, f"{item.short}分管审签"))

    def change(case: Case) -> None:
        after = position(case.route, "decide")
        decide = case.route[after]
        extra = decide.but(
            activity=f"{item.short}分管审签", office="分管领导", pool=_pool(item, "分管岗"), level=4, role="分管领导",
            hours=(0.4, 1.0), legally_required=False, hold=lambda _c, now: now + DAY * world.rng.uniform(1, 2.5),
        )  # fmt: skip
        extra.counts.append((truth, "node"))
        case.route.insert(after + 1, extra)

    _on(world, _chosen(world, item, strength), change)
    return truth


def _twice_a_day(_case: Case, now: float) -> float:
    """Return the next of 11:15 and 16:15, so that what came in is signed in one go."""
    day, rest = divmod(now, DAY)
    return day * DAY + (135 if rest <= 135 else 375 if rest <= 375 else DAY + 135)


def _w02(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    check = _activities(item, "check")[0]
    truth = Truth("W02", mode, _place(item, check))
    stock = _chosen(world, item, strength)
    for case in world.of(item):
        # A refusal would be a reversal of what the stamp said.
        case.refused = False

    def change(case: Case) -> None:
        at = position(case.route, "check")
        step = case.route[at].but(hours=(0.015, 0.06), result="通过", hold=_twice_a_day)
        if case in stock:
            step.opinion = "同意"
        step.counts.append((truth, "node"))
        case.route[at] = step

    _on(world, set(world.of(item)), change)
    return truth


def _w03(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    other = world.other(item)
    truth = Truth("W03", mode, {"departments": {item.department, other.department}, "items": {item.code}})
    if mode == "offices":
        truth.place = {"departments": {item.department}, "offices": {"审批科", "监管科"}, "items": {item.code}}

    def change(case: Case) -> None:
        at = position(case.route, "review")
        review = case.route[at]
        if mode == "offices":
            away = review.but(
                activity=f"{item.short}科室核实", stage="review", office="监管科", pool=_pool(item, "核实岗"), hours=(1, 4), level=None,
                hold=lambda _c, now: now + DAY * world.rng.uniform(0.5, 1.5),
            )  # fmt: skip
        else:
            away = review.but(
                activity=f"{item.short}部门协查", stage="consult_dept", department=other.department, office="监管科",
                pool=f"{other.department}协查岗", hours=(1, 4), level=None,
                hold=lambda _c, now: now + DAY * world.rng.uniform(0.5, 1.5),
            )  # fmt: skip
        back = review.but(activity=f"{item.short}复看", hours=(0.5, 1.5))
        away.counts.append((truth, "node"))
        back.counts.append((truth, "wait"))
        case.route[at + 1 : at + 1] = [away, back]

    _on(world, _chosen(world, item, strength), change)
    return truth


def _correction(world: World, item: Item, review: Step, days: tuple[float, float]) -> list[Step]:
    paper = item.papers[0]
    notice = review.but(
        activity=f"{item.short}补正通知", stage="correction", hours=(0.1, 0.3), level=None, result="补正",
        opinion=f"请补正：{paper.name}内容不完整",
    )  # fmt: skip
    answer = Step(f"{item.short}补正提交", "correction", APPLICANT, delay_days=days, authority_level=None)
    return [notice, answer, review.but(activity=f"{item.short}再审查", hours=(0.5, 2.0))]


def _w04(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    truth = Truth("W04", mode, _place(item, f"{item.short}补正通知", f"{item.short}补正提交"))

    def change(case: Case) -> None:
        at = position(case.route, "review")
        steps = _correction(world, item, case.route[at], (3, 8))
        if mode == "repeated" and world.rng.random() < 0.5:
            steps += _correction(world, item, case.route[at], (3, 8))
        for step in steps:
            if step.department == APPLICANT:
                step.counts.append((truth, "node"))
        case.rejected.append((item.papers[0].code, f"{item.papers[0].name}：内容不完整"))
        case.route[at + 1 : at + 1] = steps

    _on(world, _chosen(world, item, strength), change)
    return truth


def _w05(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    truth = Truth("W05", mode, _place(item))
    chosen = _chosen(world, item, strength)
    truth.mark(list(chosen))

    def change(case: Case) -> None:
        at = position(case.route, "accept")
        if mode == "slow":
            case.route[at].hold = lambda _c, now: now + DAY * world.rng.uniform(7, 15)
        elif mode == "before":
            review = case.route[position(case.route, "review")]
            early = review.but(activity=f"{item.short}预审查", hours=(1, 6), level=None)
            case.route.insert(at, early)

    def squeeze(world: World) -> None:
        """Enter what was done before in the last minutes before the decision."""
        events = world.frames["events"]
        signing = events["stage"].isin(["review", "inspect", "check", "decide"])
        own = events["case_id"].isin({case.id for case in chosen}) & signing
        rows = events[own].sort_values(["case_id", "start", "end"], kind="stable")
        last = rows.groupby("case_id")["end"].transform("max")
        rank = rows.groupby("case_id").cumcount(ascending=False)
        end = (last - pd.to_timedelta(90 * rank, unit="s")).astype("datetime64[us]")
        events.loc[rows.index, "end"] = end
        for column in ("arrive", "claim", "start"):
            events.loc[rows.index, column] = end - pd.Timedelta(minutes=1)

    def beyond(world: World) -> None:
        """Count the working days beyond the fifth."""
        cases = world.frames["cases"].set_index("case_id")
        ids = [case.id for case in chosen]
        days = [_working_days(cases.at[i, "apply_time"], cases.at[i, "accept_time"]) for i in ids]
        truth.lost_days = sum(max(0.0, d - 5) for d in days)

    def collect(world: World) -> None:
        """Take the materials in two to four weeks before the application is entered."""
        papers = world.frames["material_instances"]
        apart = {case.id: pd.Timedelta(days=int(world.rng.integers(14, 29))) for case in chosen}
        own = papers["case_id"].isin(apart) & (papers["source"] == "applicant")
        papers.loc[own, "submit_time"] -= papers.loc[own, "case_id"].map(apart)

    if mode in ("stamped", "handed"):
        world.after.append(squeeze if mode == "stamped" else collect)
        return truth
    _on(world, chosen, change)
    if mode == "slow":
        world.after.append(beyond)
    return truth


# Materials and forms.


def _hand_in(world: World, pairs: Iterable[tuple[Case, Paper]], **more: Any) -> None:
    """Let the applicants hand in papers with their applications."""
    events = world.frames["events"]
    acts = events[events["stage"] == "apply"].drop_duplicates("case_id")
    told = {case: (event, end) for case, event, end in zip(acts["case_id"], acts["event_id"], acts["end"], strict=True)}
    _add_papers(world, [paper_row(case, paper, *told[case.id], **more) for case, paper in pairs])


def _add_papers(world: World, rows: list[dict[str, object]]) -> None:
    table = world.frames["material_instances"]
    world.frames["material_instances"] = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)


def _add_to_guide(world: World, item: Item, paper: Paper, **more: object) -> None:
    rows = world.guides["item_materials"]
    like = rows[rows["item_code"] == item.code].iloc[:1]
    row = like.assign(
        material_code=f"{item.code}-{paper.code}", canonical_id=paper.code, name=paper.name, source=paper.source,
        issuer=paper.issuer, issuer_scope=paper.scope, elicence_type=paper.elicence, **more,
    )  # fmt: skip
    world.guides["item_materials"] = _stacked(rows, row)
    kinds = world.guides["materials"]
    if paper.code not in set(kinds["canonical_id"]):
        own = kinds.iloc[:1].assign(
            canonical_id=paper.code, name=paper.name, issuer=paper.issuer, elicence_type=paper.elicence,
            retrievable=paper.elicence is not None,
        )  # fmt: skip
        world.guides["materials"] = _stacked(kinds, own)


def _stacked(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([one.astype(object), other.astype(object)], ignore_index=True)


def _w06(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    other = world.other(item)
    paper = item.papers[0]
    truth = Truth("W06", mode, {"items": {item.code, other.code}, "materials": {paper.code, paper.name}})
    both = {c.bundle for c in world.of(item)} & {c.bundle for c in world.of(other)}
    second = world.some([c for c in world.of(other) if c.bundle in both], strength)
    truth.mark(second)

    def finish(world: World) -> None:
        _add_to_guide(world, other, paper)
        _hand_in(world, ((case, paper) for case in second))

    world.after.append(finish)
    return truth


def _w07(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    other = world.other(item)
    if mode == "fields":
        truth = Truth(
            "W07",
            mode,
            {"items": {item.code, other.code}, "fields": {"org_name", "legal_rep", "单位名称", "法定代表人"}},
        )

        def finish(world: World) -> None:
            fields = world.guides["form_fields"]
            fields.loc[fields["canonical_field"] == "org_name", "class"] = "type"
            more = fields[fields["canonical_field"] == "org_name"].assign(
                field_label="法定代表人", canonical_field="legal_rep", authoritative_source=None
            )
            world.guides["form_fields"] = _stacked(fields, more)

        world.after.append(finish)
        return truth
    name = f"{item.short}二次录入"
    truth = Truth("W07", mode, _place(item, name, systems="业务专网系统"))
    chosen = world.some(world.of(item), strength)
    truth.mark(chosen)

    def again(world: World) -> None:
        events = world.frames["events"]
        own = events[events["case_id"].isin({c.id for c in chosen}) & (events["stage"] == "check")]
        twin = own.assign(
            event_id=own["event_id"] + "x", system="业务专网系统",
            start=own["end"] + pd.Timedelta(seconds=30), end=own["end"] + pd.Timedelta(seconds=150),
        )  # fmt: skip
        twin["claim"] = twin["arrive"] = twin["start"]
        world.frames["events"] = pd.concat([events, twin], ignore_index=True)
        more = twin[["event_id", "case_id"]].rename(columns={"case_id": "object_id"})
        more = more.assign(object_type="case", qualifier="main")
        world.frames["e2o"] = pd.concat([world.frames["e2o"], more], ignore_index=True)

    truth.place["activities"] = set(_activities(item, "check"))
    world.after.append(again)
    return truth


# Inspections, order and waiting.


def _w08(world: World, strength: float, mode: str) -> Truth:
    item = next((i for i in world.items if _activities(i, "inspect")), world.items[0])
    world.taken.add(item.code)
    other = world.other(item)
    first, second = f"{item.short}现场核查", f"{other.short}现场核查"
    truth = Truth(
        "W08", mode, {"departments": {item.department, other.department}, "items": {item.code, other.code},
                      "activities": {first, second}},
    )  # fmt: skip
    both = {c.bundle for c in world.of(item)} & {c.bundle for c in world.of(other)}
    chosen = {c for c in world.some(world.of(other), strength) if c.bundle in both}

    def inspect(case: Case) -> Step:
        check = case.route[position(case.route, "check")]
        return check.but(
            activity=f"{case.item.short}现场核查", stage="inspect", office="监管科", pool=_pool(case.item, "核查岗"),
            hours=(1.0, 2.5), level=None, role="科员", location="场所",
        )  # fmt: skip

    partners = {c.bundle: c for c in world.of(item)}

    def change(case: Case) -> None:
        own = inspect(case)
        own.counts.append((truth, "node"))
        case.route.insert(position(case.route, "check"), own)

    def one(case: Case) -> None:
        if not any(step.stage == "inspect" for step in case.route):
            case.route.insert(position(case.route, "check"), inspect(case))

    _on(world, chosen, change)
    _on(world, {partners[c.bundle] for c in chosen}, one)
    return truth


def _w09(world: World, strength: float, mode: str) -> Truth:
    if mode == "items":
        # Every bundle handles its items one after the other, in one order that no rule asks for.
        first, second = world.items[:2]
        truth = Truth("W09", mode, {"items": {first.code, second.code}})
        chosen = {c.bundle for c in world.some(world.of(second), strength)}
        for bundle in chosen:
            bundle.serial = True

        def measure(world: World) -> None:
            spans = _spans(world)
            total = 0.0
            for bundle in chosen:
                a, b = (next(c for c in bundle.cases if c.item is i) for i in (first, second))
                total += min(spans[a.id], spans[b.id])
                truth.mark([a, b])
            truth.lost_days = total

        world.after.append(measure)
        return truth
    item = world.target()
    names = [f"{item.short}征求意见（规划）", f"{item.short}征求意见（住建）"]
    truth = Truth("W09", mode, _place(item, *names))
    spans_of: dict[str, list[float]] = {}
    chosen_cases = _chosen(world, item, strength)

    def change(case: Case) -> None:
        at = position(case.route, "check")
        for name, department in zip(names[::-1], ("住房城乡建设局", "自然资源局"), strict=True):
            consult = case.route[position(case.route, "review")].but(
                activity=name, stage="consult_dept", department=department, office="审批科", level=None,
                pool=f"{department}会签岗", hours=(3, 14), system="会签系统",
                hold=lambda _c, now: now + DAY * world.rng.uniform(0.5, 2),
            )  # fmt: skip
            case.route.insert(at, consult)

    def shorter(world: World) -> None:
        events = world.frames["events"]
        for case in chosen_cases:
            spans_of[case.id] = []
        own = events[events["case_id"].isin(spans_of) & events["activity"].isin(names)]
        reviews = events[events["case_id"].isin(spans_of)].sort_values(["case_id", "start", "end"], kind="stable")
        before = reviews.groupby("case_id")["end"].shift()
        for index, row in own.iterrows():
            spans_of[row["case_id"]].append(_working_days(before[index], row["end"]))
        truth.lost_days = sum(min(pair) for pair in spans_of.values())
        truth.mark(list(chosen_cases))

    _on(world, chosen_cases, change)
    world.after.append(shorter)
    return truth


def _working_days(a: pd.Timestamp, b: pd.Timestamp) -> float:
    return (worked(b) - worked(a)) / DAY


def _spans(world: World) -> dict[str, float]:
    """Return the working days from the first to the last event of each item."""
    events = world.frames["events"].dropna(subset=["item_code"])
    spans = events.groupby("case_id").agg(start=("start", "min"), end=("end", "max"))
    return {str(case): _working_days(row.start, row.end) for case, row in spans.iterrows()}


def _thursday(_case: Case, now: float) -> float:
    """Return the next Thursday, 14:00."""
    week, rest = divmod(now, 5 * DAY)
    hour = 3 * DAY + 240
    return 5 * DAY * (week + (rest > hour)) + hour


def _w10(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    stage = "decide" if mode == "weekly" else "check"
    truth = Truth("W10", mode, _place(item, *_activities(item, stage)))

    def change(case: Case) -> None:
        step = case.route[position(case.route, stage)]
        step.hold = _thursday if mode == "weekly" else lambda _c, now: now + DAY * world.rng.uniform(3, 6)
        step.counts.append((truth, "wait"))

    _on(world, _chosen(world, item, strength), change)
    return truth


def _w11(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    other = world.other(item)
    truth = Truth("W11", mode, {"items": {item.code, other.code}})

    def finish(world: World) -> None:
        for one, two in ((item, other), (other, item)):
            paper = Paper(f"{one.code}-DOC", f"{one.name}批复", "applicant", one.department, "city")
            _add_to_guide(world, two, paper, produced_by_item=one.code, necessity="required")

    world.after.append(finish)
    return truth


def _w12(world: World, strength: float, mode: str) -> Truth:
    truth = Truth(
        "W12", mode, {"departments": {i.department for i in world.items}, "items": {i.code for i in world.items}}
    )
    for case in world.some([b.cases[0] for b in world.bundles], strength):
        case.bundle.own_intake = True
        truth.mark(case.bundle.cases)
    return truth


def _w13(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    paper = item.papers[0]
    name = paper.name

    def says(case: Case, stage: str) -> None:
        step = case.route[position(case.route, stage)]
        words = ("已审查", "经核对", "经复核")[int(world.rng.integers(3))]
        step.opinion = f"{words}{name}，{opinion(world.rng, case.refused)}"

    if mode == "offices":
        chosen = _chosen(world, item, strength)
        second = f"{item.short}科室审查"
        truth = Truth("W13", mode, _place(item, *_activities(item, "review"), second, materials=name))
        truth.place["materials"].add(paper.code)
        truth.mark(list(chosen))

        def change(case: Case) -> None:
            says(case, "review")
            at = position(case.route, "review")
            again = case.route[at].but(
                activity=second, office="监管科", pool=_pool(item, "复看岗"), hours=(2, 6), level=None
            )
            again.counts.append((truth, "node"))
            case.route.insert(at + 1, again)

        _on(world, chosen, change)
    else:
        other = world.other(item)
        partners = {c.bundle: c for c in world.of(other)}
        both = [c for c in world.of(item) if c.bundle in partners]
        pairs = [(case, partners[case.bundle]) for case in world.some(both, strength)]
        truth = Truth(
            "W13", mode, {"departments": {item.department, other.department}, "items": {item.code, other.code},
                          "activities": {*_activities(item, "review"), *_activities(other, "review")}, "materials": {name}},
        )  # fmt: skip
        truth.place["materials"].add(paper.code)
        for pair in pairs:
            truth.mark(pair)
        for n in range(2):
            _on(world, {pair[n] for pair in pairs}, lambda case: says(case, "review"))
    return truth


def _w14(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    paper = item.papers[0] if mode == "rejected" else Paper(f"{item.code}QT", "企业简介", "applicant", "申请人", "self")
    truth = Truth(
        "W14", mode, {"items": {item.code}, "materials": {paper.code, paper.name}, "departments": {item.department}}
    )
    chosen = _enough(world, world.of(item), strength if mode == "rejected" else 0.8)
    truth.mark(chosen)

    def finish(world: World) -> None:
        if mode == "optional":
            _add_to_guide(world, item, paper, necessity="optional")
            _hand_in(world, ((case, paper) for case in chosen))
            return
        table = world.frames["material_instances"]
        bad = table["case_id"].isin({c.id for c in chosen}) & (table["canonical_id"] == paper.code)
        table.loc[bad, "accepted"] = False
        table.loc[bad, "reject_reason"] = f"{paper.name}：内容不清晰"

    world.after.append(finish)
    return truth


# Trips, limits and promises.


def _come(world: World, case: Case, moment: pd.Timestamp, purpose: str, outcome: str, number: int) -> dict[str, object]:
    hour = moment.normalize() + pd.Timedelta(hours=10, minutes=int(world.rng.integers(0, 90)))
    bundle = case.bundle
    row = visit_row(
        f"v{bundle.id}-x{number}", bundle, SITES[0], hour, hour + pd.Timedelta(minutes=12), purpose, outcome
    )
    if world.kind == "single":
        row["case_id"] = case.id
        del row["bundle_id"]
    return row


def _add_visits(world: World, rows: list[dict[str, object]]) -> None:
    world.frames["visits"] = pd.concat([world.frames["visits"], pd.DataFrame(rows)], ignore_index=True)


def _workday(moment: pd.Timestamp, days: int) -> pd.Timestamp:
    day = np.busday_offset(np.datetime64(moment.normalize(), "D"), days, roll="forward" if days >= 0 else "backward")
    return pd.Timestamp(day)


def _w15(world: World, strength: float, mode: str) -> Truth:
    truth = Truth("W15", mode, {"purposes": {"submit", "collect"}, "sites": {SITES[0]}})
    chosen = _enough(world, [b.cases[0] for b in world.bundles], 0.6 if mode == "collect" else strength)

    def finish(world: World) -> None:
        events = world.frames["events"]
        applied_at = events[events["stage"] == "apply"].drop_duplicates("case_id").set_index("case_id")
        acts = []
        delivered = world.frames["cases"].set_index("case_id")["deliver_time"]
        rows = []
        for case in chosen:
            applied = case.bundle.applied
            if mode == "wasted":
                for k in range(2):
                    rows.append(_come(world, case, _workday(applied, -1 - 2 * k), "submit", "wasted", k))
            elif mode == "collect":
                rows.append(_come(world, case, _workday(delivered[case.id], 2), "collect", "progress", 0))
            else:
                for k in range(2):
                    row = _come(world, case, _workday(applied, 2 + 3 * k), "submit", "progress", k)
                    rows.append(row)
                    acts.append(
                        applied_at.loc[case.id].to_dict()
                        | {
                            "case_id": case.id, "event_id": f"e{case.id}-{k}", "activity": f"{case.item.short}补交材料",
                            "item_code": case.item.code, "start": row["called_time"], "end": row["left_time"],
                            "visit_id": row["visit_id"], "location": row["site"],
                        }
                    )  # fmt: skip
        _add_visits(world, rows)
        if acts:
            world.frames["events"] = pd.concat([events, pd.DataFrame(acts)], ignore_index=True)
            more = pd.DataFrame(acts)[["event_id", "case_id"]].rename(columns={"case_id": "object_id"})
            more = more.assign(object_type="case", qualifier="main")
            world.frames["e2o"] = pd.concat([world.frames["e2o"], more], ignore_index=True)
        truth.mark([c for case in chosen for c in case.bundle.cases])

    world.after.append(finish)
    return truth


def _due(case: Case) -> int:
    assert case.item.promised is not None
    return day_of(case.accepted) + case.item.promised


def _w16(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    item.promised = math.ceil(item.review_days[1]) + 4
    truth = Truth("W16", mode, _place(item, *_activities(item, "decide")))

    def hold(case: Case, now: float) -> float:
        day = _due(case) + (int(world.rng.integers(1, 5)) if mode == "late" else -int(world.rng.integers(0, 2)))
        # In the course of that day, with time left to sign.
        return max(now, (day + world.rng.uniform(0.05, 0.7)) * DAY)

    def change(case: Case) -> None:
        case.route[position(case.route, "decide")].hold = hold
        truth.mark([case])

    chosen = _chosen(world, item, strength if mode == "late" else 2 * strength)
    _on(world, chosen, change)

    def beyond(_world: World) -> None:
        truth.lost_days = float(sum(day_of(case.decided) - _due(case) for case in chosen))

    if mode == "late":
        world.after.append(beyond)
    return truth


def _w17(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    item.more_promise = round(strength)
    truth = Truth("W17", mode, {"items": {item.code}, "departments": {item.department}})
    truth.mark(world.of(item))
    return truth


def _w18(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    lower = f"区{item.department}"
    name = f"{item.short}初审转报"
    truth = Truth("W18", mode, {"departments": {lower}, "activities": {name}, "items": {item.code}})

    def change(case: Case) -> None:
        at = position(case.route, "review")
        early = case.route[at].but(
            activity=name, department=lower, office="审批股", pool=f"{lower}初审岗", level=1, result="转报", opinion="同意转报",
            hours=(0.05, 0.2), authority_level="县级", hold=lambda _c, now: now + DAY * world.rng.uniform(0.8, 2),
        )  # fmt: skip
        early.counts.append((truth, "node"))
        case.route.insert(at, early)

    _on(world, _chosen(world, item, strength), change)
    return truth


def _w19(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    pool = _pool(item, "审核岗")
    cases = world.of(item)
    # The one who gets nearly all is busy `strength` of the office hours, the two others hardly.
    share = 0.8
    mean = strength * world.weeks * 35 / (share * len(cases))
    world.favourite[pool] = share
    world.staff[pool] = 3
    truth = Truth("W19", mode, _place(item, *_activities(item, "check"), officers=f"{pool}1"))

    def change(case: Case) -> None:
        step = case.route[position(case.route, "check")]
        step.hours = (0.6 * mean, 1.4 * mean)
        step.counts.append((truth, "wait"))

    _on(world, set(cases), change)
    return truth


def _w20(world: World, strength: float, mode: str) -> Truth:
    truth = Truth("W20", mode, {"channels": {"线上"}, "items": {i.code for i in world.items}, "materials": set()})
    online = [b.cases[0] for b in world.bundles if b.channel == "线上"]
    chosen = _enough(world, online, strength)
    for case in chosen:
        truth.mark([case])
    truth.place["materials"] = {p for i in world.items for q in i.papers[:1] for p in (q.code, q.name)}

    def finish(world: World) -> None:
        visits, papers = [], []
        for case in chosen:
            day = _workday(case.bundle.applied, int(world.rng.integers(2, 5)))
            row = _come(world, case, day, "核验原件" if mode == "visit" else "submit", "progress", 0)
            visits.append(row)
            if mode == "paper":
                paper = case.item.papers[0]
                papers.append(paper_row(case, paper, None, row["left_time"], number=5, form="paper"))  # type: ignore[arg-type]
        _add_visits(world, visits)
        if papers:
            _add_papers(world, papers)

    world.after.append(finish)
    return truth


def _w21(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    item.promised = math.ceil(item.review_days[1]) + 3
    truth = Truth("W21", mode, _place(item, f"{item.short}其他程序"))
    reasonless = mode != "share"

    def change(case: Case) -> None:
        def late(case: Case, now: float) -> float:
            day = _due(case) - int(world.rng.integers(0, 2))
            return max(now, (day + world.rng.uniform(0.1, 0.8)) * DAY)

        def early(_case: Case, now: float) -> float:
            return now

        pause = case.route[position(case.route, "review")].but(
            activity=f"{item.short}其他程序", stage="special", level=None, hours=(14, 42), result="完成", office="审批科",
            opinion=None if reasonless else "依法组织专家评审", hold=late if mode == "late" else early,
            pool=_pool(item, "程序岗"),
        )  # fmt: skip
        case.route.insert(position(case.route, "decide"), pause)

    chosen = _chosen(world, item, strength if mode == "late" else 0.5)
    truth.mark(list(chosen))
    _on(world, chosen, change)

    def measure(world: World) -> None:
        # Only what was planted; an expert review with its reason is the background's.
        truth.lost_days = sum((b - a) / DAY for c in chosen for a, b, *_rest in c.suspended[-1:])

    if mode == "late":
        world.after.append(measure)
    return truth


def _w22(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    truth = Truth("W22", mode, {"items": {item.code}, "channels": {"窗口", "线上"}, "departments": {item.department}})
    chosen = {c for c in world.of(item) if c.bundle.channel == "窗口"}
    # The comparison concerns both channels.
    truth.mark(world.of(item))
    low, high = item.review_days
    spread = 7 * (high - low) * 0.204  # Standard deviation of a symmetrical beta(2.5, 2.5) is 0.204 of its range.
    if mode == "time":

        def change(case: Case) -> None:
            case.route[position(case.route, "review")].slower = strength * spread

        _on(world, chosen, change)
        return truth
    papers = [Paper(f"{item.code}CK{n}", f"{item.short}窗口附加材料{n}", "applicant", "申请人", "self") for n in (1, 2)]

    def finish(world: World) -> None:
        for paper in papers:
            _add_to_guide(world, item, paper, necessity="conditional")
        _hand_in(world, ((case, paper) for case in sorted(chosen, key=lambda c: c.id) for paper in papers))

    world.after.append(finish)
    return truth


def _w23(world: World, strength: float, mode: str) -> Truth:
    truth = Truth(
        "W23", mode, {"departments": {i.department for i in world.items}, "items": {i.code for i in world.items}}
    )
    chosen = {case.bundle for case in world.some([b.cases[0] for b in world.bundles], strength)}
    for bundle in chosen:
        bundle.own_issue = True
        truth.mark(bundle.cases)
    truth.place["activities"] = {f"{i.short}发证" for i in world.items}

    def change(case: Case) -> None:
        if case.bundle in chosen:
            check = case.route[position(case.route, "check")]
            case.route.append(
                check.but(
                    activity=f"{case.item.short}发证", stage="deliver", office="证照室", level=None, role="科员",
                    pool=_pool(case.item, "制证岗"), hours=(0.1, 0.3), hold=None, location=f"{case.item.department}窗口",
                )
            )  # fmt: skip

    def collected(world: World) -> None:
        delivered = world.frames["cases"].set_index("case_id")["deliver_time"]
        rows = [
            {**_come(world, case, delivered[case.id], "collect", "progress", n), "site": f"{case.item.department}窗口"}
            for bundle in sorted(chosen, key=lambda b: b.id)
            for n, case in enumerate(bundle.cases)
        ]
        _add_visits(world, rows)

    world.edits.append(change)
    if mode == "visits":
        world.after.append(collected)
    return truth


def _w24(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    paper = next(p for p in item.papers if p.scope == "city")
    truth = Truth(
        "W24", mode, {"items": {item.code}, "materials": {paper.code, paper.name}, "departments": {item.department}}
    )
    chosen = world.some(world.of(item), strength)
    truth.mark(chosen)

    def finish(world: World) -> None:
        guide = world.guides["item_materials"]
        own = (guide["item_code"] == item.code) & (guide["canonical_id"] == paper.code)
        guide.loc[own, "source"] = "applicant"
        table = world.frames["material_instances"]
        handed = table["case_id"].isin({c.id for c in chosen}) & (table["canonical_id"] == paper.code)
        table.loc[handed, "source"] = "applicant"
        table.loc[handed, "collect_mode"] = "附件上传"

    world.after.append(finish)
    return truth


def _w25(world: World, strength: float, mode: str) -> Truth:
    item = world.target()
    check = _activities(item, "check")[0]
    truth = Truth("W25", mode, _place(item, check))
    paper = item.papers[0].name
    reasons = (f"申请材料不齐全：缺少{paper}", f"{paper}未加盖公章", f"{paper}不符合法定形式", "申请表填写不完整")

    def change(case: Case) -> None:
        at = position(case.route, "check")
        checking, reviewing = case.route[at], case.route[position(case.route, "review")]
        returned = checking.but(result="退回", opinion=reasons[int(world.rng.integers(len(reasons)))])
        again = reviewing.but(hours=(1.0, 5.0))
        once_more = checking.but()
        again.counts.append((truth, "node"))
        once_more.counts.append((truth, "node"))
        case.route[at : at + 1] = [returned, again, once_more]

    _on(world, _chosen(world, item, strength), change)
    return truth


WASTES: dict[str, Waste] = {
    "W01": Waste(_w01, {"level": "a fourth level of sign-off in one department, 1 to 2.5 working days after the third"}, 0.3,
                 ("level", "stage", "department", "resource", "start", "end")),
    "W02": Waste(_w02, {"stamp": "second level of one item, at least 450 cases: 1 to 4 minutes, twice a day in one go, always 通过, always 同意 (strength: share with that opinion)"}, 1.0,
                 ("result", "opinion", "claim", "start", "end", "legally_required"), cases=1100, items=2),
    "W03": Waste(_w03, {"departments": "after the review to another department and back", "offices": "after the review to another office of the department and back"}, 0.2,
                 ("department", "office", "start", "end")),
    "W04": Waste(_w04, {"once": "corrections after acceptance, 3 to 8 working days each", "repeated": "the same, half of them twice"}, 0.25,
                 ("stage", "result", "special_episodes", "material_instances.reject_reason")),
    "W05": Waste(_w05, {"slow": "acceptance 7 to 15 working days after the application, no correction", "before": "a review before the acceptance", "stamped": "review, check and decision entered within ten minutes", "handed": "materials taken in two to four weeks before the application is entered"}, 0.5,
                 ("cases.apply_time", "cases.accept_time", "stage", "end", "material_instances.submit_time"), kind="single", cases=900, items=3),
    "W06": Waste(_w06, {"again": "the applicant hands in one item's own paper for another item, too"}, 0.5,
                 ("material_instances.canonical_id", "material_instances.source"), kind="bundle"),
    "W07": Waste(_w07, {"fields": "the firm's name (known to a register) and the legal representative are typed in every form (guides only)", "systems": "the check keyed again into a second system by the same officer within three minutes"}, 0.8,
                 ("form_fields.class", "form_fields.canonical_field", "system", "resource", "end")),
    "W08": Waste(_w08, {"departments": "a second department inspects the same premises in the same weeks"}, 0.5,
                 ("stage", "location", "department"), kind="bundle"),
    "W09": Waste(_w09, {"items": "one item begins when the other one has ended", "consult": "two consultations of other departments, one after the other"}, 0.97,
                 ("start", "end", "item_code", "stage", "item_relations"), kind="bundle", items=2),
    "W10": Waste(_w10, {"lying": "3 to 6 working days before the second level", "weekly": "the decision on Thursdays at 14:00"}, 1.0,
                 ("start", "end", "arrive", "claim")),
    "W11": Waste(_w11, {"guides": "two items ask for each other's result (guides only)"}, 1.0, ("item_materials.produced_by_item",)),
    "W12": Waste(_w12, {"windows": "each item is applied for and accepted at its own department's counter or portal"}, 0.5,
                 ("visits.site", "stage", "department", "system"), kind="bundle"),
    "W13": Waste(_w13, {"departments": "the opinions of two departments' reviews name one and the same paper", "offices": "another office of the department reviews again, and both opinions name the same paper"}, 0.5,
                 ("opinion", "materials.name"), kind="bundle"),
    "W14": Waste(_w14, {"rejected": "one paper of one item is rejected", "optional": "a paper the guide calls optional is collected in 80 %"}, 0.25,
                 ("material_instances.accepted", "item_materials.necessity")),
    "W15": Waste(_w15, {"wasted": "two visits in vain before the application", "collect": "60 % come only to collect", "repeat": "two more visits for the same item and purpose within ten working days"}, 0.3,
                 ("visits.purpose", "visits.outcome", "visits.date")),
    "W16": Waste(_w16, {"late": "decided 1 to 4 working days after the promised day", "hugging": "twice the strength decided on the last two days"}, 0.2,
                 ("cases.accept_time", "cases.decide_time", "cases.promised_days")),
    "W17": Waste(_w17, {"promise": "the promise is `strength` working days longer than one day above the 95th percentile"}, 6.0,
                 ("cases.promised_days", "items.promised_days"), cases=700, items=2),
    "W18": Waste(_w18, {"forward": "a district office only passes on, 同意转报, 3 to 12 minutes after 0.8 to 2 working days (at least 450 cases)"}, 1.0,
                 ("level", "authority_level", "result", "opinion"), cases=1100, items=2),
    "W19": Waste(_w19, {"favourite": "one of three officers gets 80 % of the checks (strength: share of the office hours it takes)"}, 0.97,
                 ("resource", "role", "start", "end")),
    "W20": Waste(_w20, {"paper": "online applicants hand in a paper again at a counter", "visit": "online applicants come to show originals"}, 0.4,
                 ("channel", "material_instances.form", "visits.purpose")),
    "W21": Waste(_w21, {"late": "suspended without a reason for 2 to 6 working days, from the last day but one on", "reasonless": "half of the cases suspended without a reason", "share": "half of the cases suspended, with a reason"}, 0.25,
                 ("special_episodes.start", "special_episodes.reason", "cases.promised_days"), cases=900, items=3),
    "W22": Waste(_w22, {"time": "the review of window applications is slower by `strength` standard deviations", "materials": "two more papers asked for at the window"}, 1.0,
                 ("channel", "cases", "material_instances"), cases=800, items=2),
    "W23": Waste(_w23, {"visits": "each licence is collected at its own department", "courier": "each licence is sent by its own department"}, 0.5,
                 ("stage", "department", "visits.purpose"), kind="bundle"),
    "W24": Waste(_w24, {"licence": "an e-licence of the city is handed in by the applicant"}, 0.5,
                 ("item_materials.issuer_scope", "item_materials.elicence_type", "material_instances.source")),
    "W25": Waste(_w25, {"returned": "the second level sends back for what the intake could have seen"}, 0.2,
                 ("result", "opinion", "level")),
}  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """A log with its guides, and what was planted in it."""

    world: World
    truths: tuple[Truth, ...]

    @property
    def log(self) -> EventLog:
        return self.world.log()

    @property
    def catalogue(self) -> Catalogue:
        return self.world.catalogue()


def scaled(rule: str, scale: float) -> float:
    """Return the default strength of a waste times ``scale``; no share exceeds 1."""
    strength = WASTES[rule].strength
    return strength * scale if strength > 1 or rule == "W22" else min(1.0, strength * scale)


def background(rule: str, seed: int, cases: int | None = None) -> World:
    """Return the background into which a waste is planted, not yet run."""
    waste = WASTES[rule]
    number = [*WASTES].index(rule) * 1009 + seed
    return clean_world(number, kind=waste.kind, cases=cases or waste.cases, items=waste.items)


def plant(
    rule: str, seed: int, *, strength: float | None = None, mode: str | None = None, cases: int | None = None
) -> Planted:
    """Return a background with one waste in it; the seed draws the background and the way of planting."""
    waste = WASTES[rule]
    modes = tuple(waste.what)
    world = background(rule, seed, cases)
    truth = waste.plant(world, waste.strength if strength is None else strength, mode or modes[seed % len(modes)])
    return Planted(run(world), (truth,))


def combined(rules: Sequence[str], seed: int, *, scale: float = 1.0) -> Planted:
    """Return a large background with several wastes in it, at their default strengths times ``scale``."""
    kinds = {WASTES[rule].kind for rule in rules} - {None}
    if len(kinds) > 1:
        raise ValueError(f"{', '.join(rules)} need different backgrounds")
    world = clean_world(50_000 + seed, kind=kinds.pop() if kinds else "bundle", cases=1400, items=3)
    truths = []
    for rule in rules:
        modes = tuple(WASTES[rule].what)
        truths.append(WASTES[rule].plant(world, scaled(rule, scale), modes[seed % len(modes)]))
    return Planted(run(world), tuple(truths))
