"""The clean background: departments that work well, with every side table and the guides, in SimPy.

The office lives in working minutes (Monday to Friday, 09:00-12:00 and 13:00-17:00); what it did is told in calendar time
afterwards. Nothing in it should make a waste rule speak: one application, one intake and one issuing for a whole bundle, items
side by side, three levels of sign-off with refusals and opinions in words, promises that the slowest cases just keep, and
enough officers that nobody waits long.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import simpy

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog, from_frame

APPLICANT = "申请人"
CENTRE = "政务服务中心"
MONDAY = pd.Timestamp("2023-01-02")
DAY = 420.0
"""Working minutes of a day."""
MORNING = 180.0
BUSY = 0.45
"""Load for which the number of officers is chosen."""
Kind = Literal["bundle", "single"]
Lost = Literal["node", "wait"]


# Working minutes and the calendar.


def worked(stamp: pd.Timestamp) -> float:
    """Return the working minutes from the first Monday to a moment."""
    days, rest = divmod((stamp - MONDAY).total_seconds() / 60, 1440)
    week, weekday = divmod(int(days), 7)
    before = (5 * week + min(weekday, 5)) * DAY
    if weekday > 4:
        return before
    return before + min(max(rest - 540, 0), 180) + min(max(rest - 780, 0), 240)


def begins(minutes: float) -> pd.Timestamp:
    """Return the calendar time of work that begins then: at an edge, when the office opens."""
    day, rest = divmod(round(minutes * 60) / 60, DAY)
    return _moment(int(day), rest + (540 if rest < MORNING else 600))


def ends(minutes: float) -> pd.Timestamp:
    """Return the calendar time of work that ends then: at an edge, when the office closes."""
    day, rest = divmod(round(minutes * 60) / 60, DAY)
    if rest == 0 and day > 0:
        day, rest = day - 1, DAY
    return _moment(int(day), rest + (540 if rest <= MORNING else 600))


def _moment(day: int, minute: float) -> pd.Timestamp:
    week, weekday = divmod(day, 5)
    return MONDAY + pd.Timedelta(days=7 * week + weekday, seconds=round(minute * 60))


def day_of(minutes: float) -> int:
    """Return the working day on which work ends."""
    return max(0, math.ceil(round(minutes * 60) / 60 / DAY) - 1)


@dataclass
class Step:
    """One step of the way of a case.

    Attributes
    ----------
    pool : str, optional
        Who does it; None for the applicant.
    hours : (float, float)
        Least and most work, office hours; in between by a symmetrical beta distribution.
    hold : callable(case, now) -> float, optional
        The working minute at which it may stand in the queue.
    delay_days : (float, float), optional
        Working days until the applicant acts.
    counts : list of (Truth, Lost)
        Whose planted loss it is: from enabled to ended, or from enabled to started.
    """

    activity: str
    stage: str
    department: str
    office: str | None = None
    pool: str | None = None
    hours: tuple[float, float] = (0.3, 0.8)
    level: int | None = None
    result: str | None = None
    opinion: str | None = None
    system: str | None = None
    location: str | None = None
    role: str | None = None
    authority_level: str | None = "市级"
    legally_required: bool = False
    hold: Callable[[Case, float], float] | None = None
    delay_days: tuple[float, float] | None = None
    counts: list[tuple[Any, Lost]] = field(default_factory=list)
    slower: float = 0.0

    def but(self, **changes: Any) -> Step:
        """Return a step that differs; its losses are its own."""
        return replace(self, **{"counts": [], **changes})


@dataclass(frozen=True)
class Paper:
    """A material an item asks for: the applicant's own, or an e-licence that is called."""

    code: str
    name: str
    source: str
    issuer: str
    scope: str
    elicence: str | None = None


@dataclass
class Item:
    """An item, its department, its steps and its guide."""

    code: str
    name: str
    short: str
    department: str
    review_days: tuple[float, float]
    steps: list[Step]
    papers: list[Paper]
    fields: list[tuple[str, str, str, str | None]]
    promised: int | None = None
    more_promise: int = 0
    denial: str = "不予许可"


@dataclass(eq=False)
class Case:
    """One application for one item."""

    id: str
    bundle: Bundle
    item: Item
    refused: bool
    experts: bool = False
    route: list[Step] = field(default_factory=list)
    accepted: float = math.nan
    decided: float = math.nan
    finished: float = math.nan
    suspended: list[tuple[float, float, str | None, str]] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    done: simpy.Event | None = None

    @property
    def ids(self) -> set[str]:
        """Return the ids by which evidence may name it."""
        return {self.id, self.bundle.id}


@dataclass(eq=False)
class Bundle:
    """One applicant's one-thing; in a world of single items, one application."""

    id: str
    applicant: str
    district: str
    channel: str
    applied: pd.Timestamp
    cases: list[Case] = field(default_factory=list)
    visits: list[dict[str, Any]] = field(default_factory=list)
    own_intake: bool = False
    own_issue: bool = False
    serial: bool = False
    advised: bool = False
    incomplete: bool = False


_ITEMS = (
    ("SP", "食品经营许可", "食品", "市场监管局"),
    ("HB", "环境影响登记备案", "环保", "生态环境局"),
    ("XF", "公众聚集场所消防安全检查", "消防", "消防救援支队"),
    ("ZP", "户外招牌设置审批", "招牌", "城市管理局"),
    ("PS", "排水许可", "排水", "水务局"),
    ("WS", "公共场所卫生许可", "卫生", "卫生健康委"),
)
_OWN_PAPERS = {
    "SP": ("经营场所平面图", "食品安全管理制度"), "HB": ("环境影响登记表", "废气处理方案"), "XF": ("消防疏散示意图", "灭火应急预案"),
    "ZP": ("招牌效果图", "招牌结构图"), "PS": ("排水管线图", "水质承诺书"), "WS": ("卫生设施布局图", "卫生管理制度"),
}  # fmt: skip
_LICENCES = (("YYZZ", "营业执照", "市场监管局"), ("SFZ", "居民身份证", "公安局"))
_ASPECTS = ("场所布局", "设施设备", "人员配备", "管理制度", "技术方案", "周边条件", "工艺流程", "安全距离")
_SAYS = ("符合", "满足", "达到", "基本符合")
_RULES = ("技术规范", "行业标准", "管理办法", "审查细则")
_ENDS = ("可以准予", "建议准予", "拟予通过", "请予审定")
SITES = ("行政服务中心", "东区分中心", "西区分中心")


@dataclass(eq=False)
class World:
    """A background, and whatever a planted waste changes in it.

    Attributes
    ----------
    edits : list of callable(case)
        Change the way of a case before it begins.
    before, after : list of callable(world)
        Run before the simulation (with all cases known), and after it (with the frames made).
    """

    seed: int
    kind: Kind
    weeks: int
    items: list[Item]
    rng: np.random.Generator
    bundles: list[Bundle] = field(default_factory=list)
    edits: list[Callable[[Case], None]] = field(default_factory=list)
    before: list[Callable[[World], None]] = field(default_factory=list)
    after: list[Callable[[World], None]] = field(default_factory=list)
    favourite: dict[str, float] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    guides: dict[str, pd.DataFrame] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @property
    def cases(self) -> list[Case]:
        return [case for bundle in self.bundles for case in bundle.cases]

    def target(self) -> Item:
        """Return an item for a waste, another one each time as far as there are."""
        free = [item for item in self.items if item.code not in self.taken] or self.items
        item = max(free, key=lambda i: sum(c.item is i for c in self.cases))
        self.taken.add(item.code)
        return item

    def other(self, item: Item) -> Item:
        """Return another item, of another department."""
        free = [i for i in self.items if i is not item and i.code not in self.taken] or [
            i for i in self.items if i is not item
        ]
        self.taken.add(free[0].code)
        return free[0]

    def of(self, item: Item) -> list[Case]:
        return [case for case in self.cases if case.item is item]

    def some(self, cases: list[Case], share: float) -> list[Case]:
        """Return a share of cases, drawn at random but of exactly that size."""
        chosen = self.rng.permutation(len(cases))[: round(share * len(cases))]
        return [cases[i] for i in sorted(chosen)]

    def log(self) -> EventLog:
        return from_frame(self.frames["events"], tables={n: t for n, t in self.frames.items() if n != "events"})

    def catalogue(self) -> Catalogue:
        return Catalogue(**self.guides)


def opinion(rng: np.random.Generator, refused: bool) -> str:
    """Return what an officer writes who looked: hardly ever the same twice."""
    what, rule = _ASPECTS[rng.integers(len(_ASPECTS))], _RULES[rng.integers(len(_RULES))]
    number = int(rng.integers(1, 60))
    if refused:
        return f"{what}达不到{rule}第{number}条要求，不建议准予"
    return f"{what}{_SAYS[rng.integers(4)]}{rule}第{number}条要求，{_ENDS[rng.integers(4)]}"


def clean_world(seed: int, *, kind: Kind | None = None, cases: int | None = None, items: int | None = None) -> World:
    """Return a background that has not run yet.

    Parameters
    ----------
    seed : int
    kind : {"bundle", "single"}, optional
        Bundles of two or three items of several departments, or applications for one item each. Drawn where not given.
    cases : int, optional
        About how many applications; 300 to 1500, drawn where not given.
    items : int, optional
        How many different items; 2 or 3 for bundles, 2 to 4 for single ones.
    """
    rng = np.random.default_rng([seed, 1])
    kind = kind or ("single" if rng.random() < 0.35 else "bundle")
    total = cases or int(rng.integers(300, 1500))
    number = items or int(rng.integers(2, 4 if kind == "bundle" else 5))
    chosen = rng.permutation(len(_ITEMS))[:number]
    world = World(seed, kind, int(rng.integers(26, 53)), [], rng)
    inspected = int(chosen[0]) if rng.random() < 0.7 else -1
    world.items = [_item(int(i), int(i) == inspected, kind, rng) for i in chosen]
    per_bundle = 1.0 if kind == "single" else 2 + 0.6 * (number - 2)
    weights = rng.dirichlet(np.full(number, 8.0))
    for n in range(round(total / per_bundle)):
        bundle = _bundle(n, world.weeks, rng)
        if kind == "single":
            # The first of each kind is certain, so that no item stands in the guides alone.
            wanted = [world.items[n] if n < number else world.items[int(rng.choice(number, p=weights))]]
        else:
            wanted = [i for j, i in enumerate(world.items) if j < 2 or rng.random() < 0.6]
        for item in wanted:
            refused, experts = (bool(rng.random() < share) for share in (0.05, 0.03))
            bundle.cases.append(Case(f"{bundle.id}-{item.code}", bundle, item, refused, experts))
        world.bundles.append(bundle)
    return world


def _item(which: int, inspected: bool, kind: Kind, rng: np.random.Generator) -> Item:
    code, name, short, department = _ITEMS[which]
    own = _OWN_PAPERS[code]
    papers = [Paper(f"{code}0{i + 1}", own[i], "applicant", "申请人", "self") for i in range(2)]
    if rng.random() < 0.4:
        # Issued by a central authority: neither rule of exemption covers it.
        papers.append(Paper(f"{code}ZY", f"{short}国家资质证书", "applicant", "国家主管部门", "central"))
    papers += [
        Paper(c, n, "elicence", issuer, "city", n) for c, n, issuer in _LICENCES if c == "YYZZ" or rng.random() < 0.6
    ]
    low, high = float(rng.uniform(0.4, 1.2)), float(rng.uniform(6.5, 9.5))

    def step(activity: str, stage: str, office: str, pool: str, **more: Any) -> Step:
        return Step(
            f"{short}{activity}", stage, department, office, f"{department}{pool}", system=f"{short}系统", **more
        )

    steps = [
        step("审查", "review", "审批科", "审查岗", hours=(7 * low, 7 * high), level=1, role="科员"),
        *(
            [step("现场核查", "inspect", "监管科", "核查岗", hours=(1.0, 2.5), role="科员", location="场所")]
            if inspected
            else []
        ),
        step("审核", "check", "法规科", "审核岗", hours=(0.5, 1.2), level=2, role="科长"),
        step("决定", "decide", "局领导", "决定岗", hours=(0.3, 0.7), level=3, role="局领导", legally_required=True),
        step("制证", "produce", "证照室", "制证岗", hours=(0.3, 0.6), role="科员"),
    ]
    if rng.random() < 0.2:
        board = step(
            "集体讨论",
            "decide",
            "局领导",
            "集体讨论岗",
            hours=(0.3, 0.7),
            level=4,
            role="局领导",
            legally_required=True,
        )
        steps.insert(-1, board)
    if kind == "single":
        steps.insert(0, step("受理", "accept", "受理窗口", "窗口", hours=(0.2, 0.4), role="科员", result="受理"))
        steps.append(step("寄送", "deliver", "受理窗口", "窗口", hours=(0.1, 0.3), role="科员"))
    fields = [
        ("单位名称", "org_name", "auto", "市场主体登记库"),
        ("统一社会信用代码", "uscc", "auto", "市场主体登记库"),
        (f"{short}特征", f"{code.lower()}_own", "type", None),
        (f"{short}类别", f"{code.lower()}_class", "select", None),
    ]
    denial = "退件" if rng.random() < 0.3 else "不予许可"
    return Item(code, name, short, department, (low, high), steps, papers, fields, denial=denial)


def _bundle(number: int, weeks: int, rng: np.random.Generator) -> Bundle:
    online = rng.random() < 0.6
    day = int(rng.integers(5 * weeks))
    # Online applications come in the evening, too.
    hour = float(rng.uniform(9, 16.5)) if not online or rng.random() < 0.8 else float(rng.uniform(18, 22))
    applied = _moment(day, hour * 60)
    district = f"{'甲乙丙'[int(rng.integers(3))]}区"
    bundle = Bundle(f"B{number:05}", f"A{number:05}", district, "线上" if online else "窗口", applied)
    bundle.advised = not online and day > 5 and bool(rng.random() < 0.15)
    bundle.incomplete = bool(rng.random() < 0.015)
    return bundle


class _Pool:
    """Officers of one role: whoever has been idle longest takes the next; or one of them takes nearly all."""

    def __init__(self, env: simpy.Environment, name: str, officers: int, favourite: float | None) -> None:
        self.names = [f"{name}{i + 1}" for i in range(officers)]
        self.favourite = favourite
        self.stores = [simpy.Store(env) for _n in (self.names if favourite is not None else [name])]
        for i, officer in enumerate(self.names):
            self.stores[i if favourite is not None else 0].put(officer)

    def store(self, rng: np.random.Generator) -> simpy.Store:
        if self.favourite is None:
            return self.stores[0]
        first = rng.random() < self.favourite
        return self.stores[0 if first else int(rng.integers(1, len(self.stores)))]


def run(world: World) -> World:
    """Let the office work, and make the tables; returns the same world."""
    for prepare in world.before:
        prepare(world)
    for case in world.cases:
        case.route = [s.but() for s in case.item.steps]
        if case.experts:
            before = position(case.route, "check")
            case.route.insert(before, _experts(case.route[position(case.route, "review")], case.item))
        for edit in world.edits:
            edit(case)
    _Office(world).work()
    _tables(world)
    for finish in world.after:
        finish(world)
    world.frames["events"] = _sorted(world.frames["events"])
    return world


def position(route: list[Step], stage: str) -> int:
    """Return where the first step of a stage stands on a way."""
    return next(i for i, step in enumerate(route) if step.stage == stage)


def _experts(review: Step, item: Item) -> Step:
    """A special procedure as it should be: with its reason, well before the last day."""
    return review.but(
        activity=f"{item.short}专家评审", stage="special", level=None, hours=(7.0, 20.0), result="完成",
        opinion="依法组织专家评审",
    )  # fmt: skip


def _sorted(events: pd.DataFrame) -> pd.DataFrame:
    return events.sort_values(["case_id", "start", "end"], kind="stable", ignore_index=True)


class _Office:
    def __init__(self, world: World) -> None:
        self.world = world
        self.env = simpy.Environment()
        streams = np.random.SeedSequence([world.seed, 2]).spawn(2)
        self.work_rng, self.rng = (np.random.default_rng(s) for s in streams)
        self.pools = {
            name: _Pool(self.env, name, officers, world.favourite.get(name))
            for name, officers in self._officers().items()
        }
        self.events = 0

    def _officers(self) -> dict[str, int]:
        """Return how many officers each role needs to be half busy; two at least."""
        load: dict[str, float] = defaultdict(float)
        for case in self.world.cases:
            for step in case.route:
                if step.pool is not None:
                    load[step.pool] += sum(step.hours) / 2 + step.slower
        load[f"{CENTRE}综合窗口"] += 0.7 * len(self.world.bundles)
        available = self.world.weeks * 35 * BUSY
        return {name: self.world.staff.get(name, max(2, math.ceil(hours / available))) for name, hours in load.items()}

    def work(self) -> None:
        for bundle in self.world.bundles:
            self.env.process(self.bundle(bundle))
        self.env.run()

    def bundle(self, bundle: Bundle):
        arrived = bundle.applied
        filled = arrived + pd.Timedelta(seconds=round(60 * self.rng.uniform(6, 20)))
        yield self.env.timeout(max(0.0, worked(filled) - self.env.now))
        shared = self.world.kind == "bundle" and not bundle.own_intake
        if bundle.advised:
            self._advise(bundle)
        if not bundle.own_intake:
            self._apply(
                bundle, bundle.cases, "申请" if shared else f"{bundle.cases[0].item.short}申请", arrived, filled
            )
        if shared:
            if bundle.incomplete:
                yield from self._missing(bundle)
            yield from self.step(bundle.cases, self._centre("综合受理", "accept", "受理", (0.2, 0.5)), bundle)
            for case in bundle.cases:
                case.accepted = self.env.now
        elif self.world.kind == "single" and bundle.incomplete:
            yield from self._missing(bundle)
        previous = None
        for case in bundle.cases:
            case.done = self.env.event()
        for case in bundle.cases:
            self.env.process(self.case(case, previous))
            previous = case.done if bundle.serial else None
        yield self.env.all_of([case.done for case in bundle.cases if case.done is not None])
        if self.world.kind == "bundle" and not bundle.own_issue:
            yield from self.step(bundle.cases, self._centre("统一寄送", "deliver", None, (0.1, 0.3)), bundle)

    def _centre(self, activity: str, stage: str, result: str | None, hours: tuple[float, float]) -> Step:
        return Step(
            activity, stage, CENTRE, "综合窗口", f"{CENTRE}综合窗口", hours, result=result, system="综窗系统", role="科员"
        )  # fmt: skip

    def _apply(
        self, bundle: Bundle, cases: list[Case], activity: str, start: pd.Timestamp, end: pd.Timestamp,
        site: str = SITES[0], system: str | None = None,
    ) -> None:  # fmt: skip
        visit = None
        if bundle.channel == "窗口":
            visit = f"v{bundle.id}-{len(bundle.visits)}"
            bundle.visits.append(visit_row(visit, bundle, site, start, end, "submit"))
        step = Step(activity, "apply", APPLICANT, authority_level=None)
        place = site if visit else "网上"
        self.record(cases, step, start, end, None, None, visit_id=visit, location=place, system=system)

    def _advise(self, bundle: Bundle) -> None:
        """Advise before the application (提前服务), which is encouraged and recorded."""
        day = pd.Timestamp(np.busday_offset(np.datetime64(bundle.applied, "D"), -2, roll="backward"))
        start = day + pd.Timedelta(hours=9.5, minutes=int(self.rng.integers(0, 120)))
        end = start + pd.Timedelta(minutes=int(self.rng.integers(10, 25)))
        visit = f"v{bundle.id}-0"
        bundle.visits.append(visit_row(visit, bundle, SITES[0], start, end, "consult"))
        step = Step("综合咨询", "consult", CENTRE, "咨询台", system="综窗系统", role="科员")
        self.record(
            bundle.cases, step, start, end, f"{CENTRE}咨询台{1 + int(self.rng.integers(2))}", start, start, visit
        )

    def _missing(self, bundle: Bundle):
        """Ask for a correction before acceptance, as happens now and then."""
        single = self.world.kind == "single"
        case = bundle.cases[0]
        short = case.item.short if single else ""
        notice = self._centre(f"{short}补正通知", "correction", "补正", (0.1, 0.3))
        if single:
            own = case.item.steps[0]
            notice = notice.but(department=own.department, office=own.office, pool=own.pool, system=own.system)
        paper = case.item.papers[0]
        notice.opinion = f"{paper.name}缺少签章"
        case.rejected.append((paper.code, f"{paper.name}：缺少签章"))
        yield from self.step(bundle.cases, notice, bundle)
        yield from self.step(
            bundle.cases,
            Step(f"{short}补正提交", "correction", APPLICANT, delay_days=(0.5, 2.0), authority_level=None),
            bundle,
        )

    def case(self, case: Case, previous: simpy.Event | None):
        if previous is not None:
            yield previous
        if case.bundle.own_intake:
            yield from self._own_intake(case)
        for step in case.route:
            if step.stage == "produce" and case.refused:
                continue
            started = yield from self.step([case], step, case.bundle)
            if step.stage == "special":
                case.suspended.append((started, self.env.now, step.opinion, "expert_review"))
            if step.stage == "accept":
                case.accepted = self.env.now
            if step.stage == "decide":
                case.decided = self.env.now
        case.finished = self.env.now
        assert case.done is not None
        case.done.succeed()

    def _own_intake(self, case: Case):
        """Apply at the item's own counter or portal, and have it accepted there."""
        bundle = case.bundle
        place = bundle.cases.index(case)
        later = float(self.rng.uniform(0.2, 0.8)) * DAY * place
        yield self.env.timeout(later)
        start = begins(self.env.now)
        yield self.env.timeout(float(self.rng.uniform(10, 20)))
        short, department = case.item.short, case.item.department
        site = f"{department}窗口"
        self._apply(bundle, [case], f"{short}申请", start, ends(self.env.now), site, f"{short}门户")
        accept = Step(
            f"{short}受理", "accept", department, "受理窗口", f"{department}审核岗", (0.2, 0.4), result="受理",
            system=f"{short}系统", role="科员", location=site,
        )  # fmt: skip
        yield from self.step([case], accept, bundle)
        case.accepted = self.env.now

    def step(self, cases: list[Case], step: Step, bundle: Bundle):
        enabled = self.env.now
        if step.pool is None:
            days = step.delay_days or (0.0, 0.0)
            yield self.env.timeout(DAY * float(self.rng.uniform(*days)))
            start = self.env.now
            yield self.env.timeout(float(self.rng.uniform(5, 15)))
            self.count(cases, step, enabled, start)
            self.record(cases, step, begins(start), ends(self.env.now), None, None)
            return start
        if step.hold is not None:
            # Work is queued when its hour comes, however long ago it was enabled.
            yield self.env.timeout(max(0.0, step.hold(cases[0], enabled) - enabled))
        arrive = self.env.now
        store = self.pools[step.pool].store(self.rng)
        officer = yield store.get()
        start = self.env.now
        low, high = step.hours
        minutes = 60 * (low + (high - low) * float(self.work_rng.beta(2.5, 2.5)) + step.slower)
        yield self.env.timeout(round(minutes * 60) / 60)
        store.put(officer)
        self.count(cases, step, enabled, start)
        self.record(
            cases, step, begins(start), ends(self.env.now), officer, begins(min(arrive, start)), claim=begins(start)
        )
        return start

    def count(self, cases: list[Case], step: Step, enabled: float, start: float) -> None:
        for truth, what in step.counts:
            truth.lost_days = (truth.lost_days or 0.0) + ((self.env.now if what == "node" else start) - enabled) / DAY
            for case in cases:
                truth.cases |= case.ids

    def record(
        self, cases: list[Case], step: Step, start: pd.Timestamp, end: pd.Timestamp, officer: str | None,
        arrive: pd.Timestamp | None, claim: pd.Timestamp | None = None, visit_id: str | None = None,
        location: str | None = None, system: str | None = None,
    ) -> None:  # fmt: skip
        self.events += 1
        refused = any(case.refused for case in cases) and len(cases) == 1
        result, words = step.result, step.opinion
        if step.stage in ("review", "check", "decide", "inspect") and officer is not None:
            item = cases[0].item
            # An office that fears refusals has them withdrawn: 退件 is a negative outcome, too.
            denied = item.denial if step.stage == "decide" or item.denial == "退件" else "不同意"
            result = result or (denied if refused else "通过")
            if words is None:
                words = opinion(self.rng, refused)
                if step.stage == "review" and self.rng.random() < 0.3:
                    words = f"已查阅{item.papers[1].name}，{words}"
        if step.location == "场所":
            location = f"{cases[0].bundle.applicant}经营场所"
        # Two officers inspect together where the law asks for two; that is one inspection.
        together = [officer]
        if step.stage == "inspect" and self.world.seed % 2 and officer is not None:
            together.append(f"{officer}同行")
        for n, (case, officer) in enumerate((case, officer) for officer in together for case in cases):
            self.world.records.append(
                {
                    "event_id": f"e{self.events:06}" + "b" * (n // len(cases)), "case_id": case.id, "activity": step.activity, "stage": step.stage,
                    "department": step.department, "office": step.office, "authority_level": step.authority_level,
                    "level": step.level, "resource": officer, "role": step.role, "arrive": arrive, "claim": claim,
                    "start": start, "end": max(start, end), "result": result, "opinion": words,
                    "item_code": case.item.code if len(cases) == 1 else None,
                    "system": system or step.system, "location": location or step.location, "visit_id": visit_id,
                    "is_auto": False, "legally_required": step.legally_required,
                }
            )  # fmt: skip


def visit_row(
    visit: str, bundle: Bundle, site: str, start: pd.Timestamp, end: pd.Timestamp, purpose: str, outcome: str = "progress"
) -> dict[str, Any]:  # fmt: skip
    return {
        "visit_id": visit, "applicant_id": bundle.applicant, "bundle_id": bundle.id, "site": site,
        "date": start.normalize(), "ticket_time": start - pd.Timedelta(minutes=8), "called_time": start,
        "left_time": end, "purpose": purpose, "outcome": outcome,
    }  # fmt: skip


# Tables.


def clock_days(case: Case) -> int:
    """Return the working days from acceptance to decision, without those suspended."""
    stopped = sum(day_of(b) - day_of(a) for a, b, _reason, _kind in case.suspended)
    return day_of(case.decided) - day_of(case.accepted) - stopped


def _tables(world: World) -> None:
    rng = np.random.default_rng([world.seed, 3])
    events = pd.DataFrame(world.records)
    for column in ("arrive", "claim", "start", "end"):
        events[column] = pd.to_datetime(events[column]).astype("datetime64[us]")
    for item in world.items:
        if item.promised is None:
            # One day more than nineteen in twenty cases need.
            usual = np.quantile([clock_days(case) for case in world.of(item)], 0.95)
            item.promised = math.ceil(usual) + 1 + item.more_promise
    world.frames["events"] = events
    world.frames["e2o"] = _relations(events)
    world.frames["cases"] = _cases(world, events)
    papers = _papers(world, rng)
    world.frames["material_instances"] = papers
    world.frames["special_episodes"] = _episodes(world)
    world.frames["ratings"] = _ratings(world, rng)
    visits = [row for bundle in world.bundles for row in bundle.visits]
    visit_table = pd.DataFrame(visits or [visit_row("", world.bundles[0], "", MONDAY, MONDAY, "")])
    visit_table = visit_table.iloc[: len(visits)]
    if world.kind == "bundle":
        world.frames["bundles"] = _bundles(world, events)
    else:
        case_of = {bundle.id: bundle.cases[0].id for bundle in world.bundles}
        visit_table = visit_table.assign(case_id=visit_table["bundle_id"].map(case_of)).drop(columns="bundle_id")
    world.frames["visits"] = visit_table
    world.guides = _guides(world)


def _relations(events: pd.DataFrame) -> pd.DataFrame:
    pairs = events[["event_id", "case_id"]].rename(columns={"case_id": "object_id"})
    joint = pairs["event_id"].duplicated()
    return pairs.assign(object_type="case", qualifier=np.where(joint, "joint", "main"))


def _cases(world: World, events: pd.DataFrame) -> pd.DataFrame:
    def last(stage: str) -> pd.Series:
        return events[events["stage"] == stage].groupby("case_id")["end"].max()

    applied = events[events["stage"] == "apply"].groupby("case_id")["end"].min()
    times = {"apply_time": applied, "accept_time": last("accept"), "decide_time": last("decide")}
    times |= {"finish_time": times["decide_time"], "deliver_time": last("deliver")}
    rows = []
    for case in world.cases:
        bundle, item = case.bundle, case.item
        rows.append(
            {
                "case_id": case.id, "bundle_id": bundle.id, "item_code": item.code, "variant_code": None,
                "applicant_id": bundle.applicant, "applicant_type": "企业法人", "district": bundle.district,
                "channel": bundle.channel, **{name: stamps.get(case.id, pd.NaT) for name, stamps in times.items()},
                "result": item.denial if case.refused else "准予许可", "promised_days": item.promised,
                "promised_unit": "工作日", "statutory_days": (item.promised or 0) + 10, "statutory_unit": "工作日",
                "is_commitment": False, "is_tolerant": False, "is_auto": False, "delivery_mode": "快递",
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    for name in times:
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    return frame.drop(columns="bundle_id") if world.kind == "single" else frame


def _bundles(world: World, events: pd.DataFrame) -> pd.DataFrame:
    owner = {case.id: case.bundle.id for case in world.cases}
    spans = events.groupby(events["case_id"].map(owner)).agg(first_time=("start", "min"), last_time=("end", "max"))
    rows = [
        {
            "bundle_id": b.id, "one_thing_code": "YJS", "applicant_id": b.applicant, "applicant_type": "企业法人",
            "district": b.district, "channel": b.channel,
        }
        for b in world.bundles
    ]  # fmt: skip
    return pd.DataFrame(rows).merge(spans, left_on="bundle_id", right_index=True)


def paper_row(
    case: Case, paper: Paper, event: str | None, moment: pd.Timestamp, source: str | None = None, number: int = 0,
    reason: str | None = None, form: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    source = source or paper.source
    paper_form = form or ("paper" if case.bundle.channel == "窗口" and source == "applicant" else "electronic")
    mode = "证照库" if source == "elicence" else "纸质收取" if paper_form == "paper" else "附件上传"
    return {
        "inst_id": f"{case.id}-{paper.code}-{number}", "case_id": case.id, "event_id": event,
        "material_code": f"{case.item.code}-{paper.code}", "canonical_id": paper.code, "copies": 1, "form": paper_form,
        "collect_mode": mode, "submit_time": moment, "accepted": reason is None, "reject_reason": reason,
        "source": source,
    }  # fmt: skip


def _papers(world: World, rng: np.random.Generator) -> pd.DataFrame:
    events = world.frames["events"]
    by_applicant = events[events["department"] == APPLICANT]
    first = by_applicant[by_applicant["stage"] == "apply"].drop_duplicates("case_id").set_index("case_id")
    again = by_applicant[by_applicant["stage"] == "correction"].drop_duplicates("case_id").set_index("case_id")
    rows = []
    for case in world.cases:
        applied, event = first.at[case.id, "end"], first.at[case.id, "event_id"]
        reasons = dict(case.rejected)
        for paper in case.item.papers:
            rows.append(paper_row(case, paper, event, applied, reason=reasons.get(paper.code)))
            if paper.code in reasons and case.id in again.index:
                act = again.loc[case.id]
                rows.append(paper_row(case, paper, act["event_id"], act["end"], number=1))
    return pd.DataFrame(rows)


def _episodes(world: World) -> pd.DataFrame:
    rows = [
        {
            "case_id": case.id, "type": kind, "start": begins(a), "end": ends(b), "reason": reason,
            "counts_in_clock": False, "extension_days": np.nan,
        }
        for case in world.cases
        for a, b, reason, kind in case.suspended
    ]  # fmt: skip
    columns = ["case_id", "type", "start", "end", "reason", "counts_in_clock", "extension_days"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"start": "datetime64[us]", "end": "datetime64[us]", "extension_days": float, "reason": object})


def _ratings(world: World, rng: np.random.Generator) -> pd.DataFrame:
    rows = [
        {
            "case_id": case.id, "channel": "移动端", "time": ends(case.finished) + pd.Timedelta(hours=3),
            "score": int(rng.choice([1, 2, 3, 4], p=[0.7, 0.2, 0.07, 0.03])), "text": None, "rectified": None,
        }
        for case in world.cases
        if rng.random() < 0.15
    ]  # fmt: skip
    columns = ["case_id", "channel", "time", "score", "text", "rectified"]
    return pd.DataFrame(rows, columns=columns)


def _guides(world: World) -> dict[str, pd.DataFrame]:
    items = [
        {
            "item_code": i.code, "name": i.name, "item_type": "行政许可", "department": i.department, "level": "市级",
            "service_object": "企业法人", "statutory_days": (i.promised or 0) + 10, "statutory_unit": "工作日",
            "promised_days": i.promised, "promised_unit": "工作日", "visits_min": 1, "visit_reason": "窗口申请递交材料", "fully_online": False, "fee": "否",
            "result_doc_code": f"{i.code}-DOC", "supports_express": True,
        }
        for i in world.items
    ]  # fmt: skip
    asked = [
        {
            "item_code": i.code, "variant_code": None, "material_code": f"{i.code}-{p.code}", "canonical_id": p.code,
            "name": p.name, "necessity": "required", "form": "纸质/电子化", "source": p.source, "issuer": p.issuer,
            "issuer_scope": p.scope, "originals": 1, "copies": 0, "elicence_type": p.elicence, "data_resource": None,
            "produced_by_item": None,
        }
        for i in world.items
        for p in i.papers
    ]  # fmt: skip
    kinds = {p.code: p for i in world.items for p in i.papers}
    materials = [
        {
            "canonical_id": p.code, "name": p.name, "aliases": None, "doc_class": "其他", "issuer": p.issuer,
            "elicence_type": p.elicence, "retrievable": p.elicence is not None,
        }
        for p in kinds.values()
    ]  # fmt: skip
    fields = [
        {
            "item_code": i.code, "form": f"{i.name}申请表", "field_label": label, "canonical_field": canonical,
            "data_type": "text", "class": how, "authoritative_source": source,
        }
        for i in world.items
        for label, canonical, how, source in i.fields
    ]  # fmt: skip
    codes = [i.code for i in world.items]
    relations = [
        {"src_item": a, "dst_item": b, "relation": "co_requested", "basis": "catalogue", "evidence": "同属一件事"}
        for n, a in enumerate(codes)
        for b in codes[n + 1 :]
    ]
    orgs = [
        {"department": i.department, "office": office, "parent": "市人民政府", "region": "本市"}
        for i in world.items
        for office in dict.fromkeys(s.office for s in i.steps if s.office)
    ] + [{"department": CENTRE, "office": "综合窗口", "parent": "市人民政府", "region": "本市"}]
    steps = [
        {
            "item_code": i.code, "seq": n, "name": s.activity, "stage": s.stage, "performed_by": "部门",
            "department": s.department, "office": s.office, "level": str(s.level) if s.level else None,
            "share_group": None, "needs_visit": False,
        }
        for i in world.items
        for n, s in enumerate(i.steps, 1)
    ]  # fmt: skip
    empty = pd.DataFrame(columns=["src_item", "dst_item", "relation", "basis", "evidence"])
    return {
        "items": pd.DataFrame(items), "item_materials": pd.DataFrame(asked), "materials": pd.DataFrame(materials),
        "form_fields": pd.DataFrame(fields), "item_relations": pd.DataFrame(relations) if relations else empty,
        "orgs": pd.DataFrame(orgs), "item_steps": pd.DataFrame(steps),
    }  # fmt: skip
