"""Waiting whose causes are known: a SimPy office with calendars, queues, batches, urgent cases and outside delays.

All times are seconds since a Monday at midnight. Who did what and when is written down while the office runs; the causes are
counted afterwards from these notes, with the true calendars, the true batches and the true number of people behind an
account.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import simpy

CAUSES = ("applicant", "batching", "contention", "prioritisation", "unavailability", "extraneous")
APPLICANT = "申请人"
MONDAY = pd.Timestamp("2024-01-01")
HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400
FULL_DAY = ((9, 12), (13, 17))
Span = tuple[float, float]
Spans = list[Span]


# Spans: sorted, disjoint, none empty.


def union(spans: Spans) -> Spans:
    joined: Spans = []
    for a, b in sorted(s for s in spans if s[0] < s[1]):
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return joined


def common(one: Spans, other: Spans) -> Spans:
    found, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        a, b = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if a < b:
            found.append((a, b))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(spans: Spans, taken: Spans) -> Spans:
    left = []
    for a, b in spans:
        for c, d in common([(a, b)], taken):
            if a < c:
                left.append((a, c))
            a = d
        if a < b:
            left.append((a, b))
    return left


def hours(spans: Spans) -> float:
    return sum(b - a for a, b in spans) / HOUR


@dataclass(frozen=True)
class Duty:
    """Hours of the day in which somebody is on duty, for each day of the week."""

    days: tuple[tuple[tuple[float, float], ...], ...]

    @staticmethod
    def of(weekdays: str = "12345", spans: tuple[tuple[float, float], ...] = FULL_DAY) -> Duty:
        return Duty(tuple(spans if str(day + 1) in weekdays else () for day in range(7)))

    def spans(self, since: float, until: float) -> Iterator[Span]:
        """Yield the spans on duty that reach into [since, until)."""
        for day in range(int(since // DAY), int(until // DAY) + 1):
            for a, b in self.days[day % 7]:
                begin, end = day * DAY + a * HOUR, day * DAY + b * HOUR
                if end > since and begin < until:
                    yield begin, end

    def next(self, now: float) -> Span:
        """Return the current span on duty, or else the next one."""
        return next(self.spans(now, now + 2 * WEEK))

    @property
    def weekly_hours(self) -> float:
        return sum(b - a for spans in self.days for a, b in spans)


FULL_TIME = Duty.of()
OFFICE_HOURS = FULL_TIME


@dataclass(frozen=True)
class Step:
    """A step of the office: who does it, how long it takes, and what keeps it from being begun.

    Attributes
    ----------
    minutes : float
        Mean work; gamma with a coefficient of variation of one half.
    batch : ("weekly", weekday, hour), ("daily", hour) or ("size", k), optional
        Weekly: all that wait begin and end together. Daily, size: what waits is released together and done one after
        the other.
    outside : (share, median hours), optional
        Delay in calendar time after the step is enabled, before it stands in the queue.
    """

    name: str
    stage: str
    department: str
    officers: tuple[str, ...]
    minutes: float
    batch: tuple[str | float, ...] | None = None
    outside: tuple[float, float] | None = None


@dataclass(frozen=True)
class Office:
    """What is planted.

    Attributes
    ----------
    duty : mapping of account to Duty
        Everybody else is there from Monday to Friday.
    staff : mapping of account to int
        How many people work behind it; one by default.
    load : float
        Utilisation of those who do the examination.
    correction : (share, median days)
        Of examinations that end in a request for corrections.
    urgent : float
        Share of cases that are always taken first.
    """

    steps: tuple[Step, ...]
    weeks: int = 26
    load: float = 0.5
    duty: dict[str, Duty] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)
    correction: tuple[float, float] = (0.0, 4.0)
    urgent: float = 0.0
    rounded: bool = False
    missing: float = 0.0


@dataclass(eq=False)
class Instance:
    """An activity instance as it happened."""

    case: int
    step: Step
    enabled: float
    urgent: bool
    entered: float = 0.0
    start: float = 0.0
    end: float = 0.0
    officer: str | None = None
    batch: int | None = None
    result: str | None = None


@dataclass(eq=False)
class Notes:
    """The log of an office, and the hours each cause planted.

    Attributes
    ----------
    frame : pd.DataFrame
        One row per activity instance, in the columns of an event log.
    parts : pd.DataFrame
        Hours of each cause, one row per row of ``frame``; they add up to ``window``.
    planted, working : pd.Series
        Hours of each cause in the whole log, by the calendar and in office hours (Monday to Friday, 9-12 and 13-17).
    unnamed : float
        Share of the hours that were waited for an officer whose name is struck out.
    """

    frame: pd.DataFrame
    parts: pd.DataFrame
    planted: pd.Series
    working: pd.Series
    unnamed: float


class _Run:
    """The office at work."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office = office
        self.env = simpy.Environment()
        streams = np.random.SeedSequence(seed).spawn(3)
        self.arrivals, self.work, self.luck = (np.random.default_rng(s) for s in streams)
        self.done: list[Instance] = []
        self.batches = 0
        self.waiting: dict[str, list[Instance]] = {step.name: [] for step in office.steps}
        self.ready: dict[str, list[tuple[bool, float, int, Instance, simpy.Event]]] = {s.name: [] for s in office.steps}
        self.finished: dict[Instance, simpy.Event] = {}
        self.bell = self.env.event()
        self.ticket = 0
        duties: dict[str, list[Step]] = defaultdict(list)
        for step in office.steps:
            for officer in step.officers:
                duties[officer].append(step)
            if step.batch is not None and step.batch[0] != "size":
                self.env.process(self.releases(step))
        for officer, own in duties.items():
            if any(s.batch is not None and s.batch[0] == "weekly" for s in own):
                continue
            for _person in range(office.staff.get(officer, 1)):
                self.env.process(self.officer(officer, own))
        self.env.process(self.applicants())

    def duty(self, officer: str) -> Duty:
        return self.office.duty.get(officer, FULL_TIME)

    def applicants(self):
        office = self.office
        examination = next(s for s in office.steps if s.stage == "review")
        weekly = sum(self.duty(o).weekly_hours * office.staff.get(o, 1) for o in examination.officers)
        per_week = office.load * weekly / (examination.minutes / 60) * (1 - office.correction[0])
        # Most apply while offices are open, some in the evening and at the weekend.
        opening = [w for day in range(7) for w in self._openings(day)]
        share = np.array([w[2] for w in opening])
        for case in range(round(per_week * office.weeks)):
            week = int(self.arrivals.integers(office.weeks))
            day, a, _weight, b = opening[self.arrivals.choice(len(opening), p=share / share.sum())]
            moment = week * WEEK + day * DAY + self.arrivals.uniform(a, b) * HOUR
            self.env.process(self.case(case, round(moment), bool(self.arrivals.random() < office.urgent)))
        yield self.env.timeout(0)

    @staticmethod
    def _openings(day: int) -> list[tuple[int, float, float, float]]:
        if day < 5:
            return [(day, 9, 7.0, 17), (day, 17, 1.0, 22)]
        return [(day, 10, 0.5, 22)]

    def case(self, number: int, arrival: float, urgent: bool):
        yield self.env.timeout(arrival)
        yield from self.applicant(number, "申请", "apply", 0, urgent)
        for step in self.office.steps:
            if step.stage == "correction":
                continue
            yield from self.step(number, step, urgent)
            while step.stage == "review" and self.luck.random() < self.office.correction[0]:
                notice = next(s for s in self.office.steps if s.stage == "correction")
                yield from self.step(number, notice, urgent, "补正")
                days = self.office.correction[1] * np.exp(0.6 * self.luck.standard_normal())
                yield from self.applicant(number, "补正提交", "correction", round(days * DAY), urgent)
                yield from self.step(number, step, urgent)

    def applicant(self, case: int, name: str, stage: str, delay: float, urgent: bool):
        own = Instance(case, Step(name, stage, APPLICANT, (), 10), self.env.now, urgent)
        yield self.env.timeout(delay)
        own.start = self.env.now
        yield self.env.timeout(round(60 * self.work.uniform(5, 15)))
        own.end = self.env.now
        self.done.append(own)

    def step(self, case: int, step: Step, urgent: bool, result: str = "通过"):
        own = Instance(case, step, self.env.now, urgent, result=result)
        if step.outside is not None and self.luck.random() < step.outside[0]:
            yield self.env.timeout(round(HOUR * step.outside[1] * np.exp(0.7 * self.luck.standard_normal())))
        own.entered = self.env.now
        self.finished[own] = self.env.event()
        if step.batch is None:
            self.offer(own)
        else:
            self.waiting[step.name].append(own)
            if step.batch[0] == "size" and len(self.waiting[step.name]) >= int(step.batch[1]):
                self.release(step)
        yield self.finished[own]
        del self.finished[own]

    def offer(self, own: Instance) -> None:
        self.ticket += 1
        heapq.heappush(self.ready[own.step.name], (not own.urgent, own.entered, self.ticket, own, self.finished[own]))
        self.bell.succeed()
        self.bell = self.env.event()

    def release(self, step: Step) -> None:
        group, self.waiting[step.name] = self.waiting[step.name], []
        self._as_batch(group)
        for own in group:
            self.offer(own)

    def _as_batch(self, group: list[Instance]) -> None:
        if len(group) > 1:
            self.batches += 1
            for own in group:
                own.batch = self.batches

    def releases(self, step: Step):
        """Let go what waits at its hour: every day, or all together once a week."""
        assert step.batch is not None
        kind, *when = step.batch
        # After the last week daily and weekly hours go on until everything is done.
        for day in range(7 * (self.office.weeks + 40)):
            if (kind == "daily" and day % 7 > 4) or (kind == "weekly" and day % 7 != when[0]):
                continue
            hour = float(when[-1])
            yield self.env.timeout(day * DAY + hour * HOUR - self.env.now)
            if kind == "daily":
                if self.waiting[step.name]:
                    self.release(step)
            else:
                group, self.waiting[step.name] = self.waiting[step.name], []
                self._as_batch(group)
                length = round(60 * self.work.uniform(40, 100))
                for own in group:
                    own.start, own.officer = self.env.now, step.officers[0]
                yield self.env.timeout(length)
                for own in group:
                    self.close(own)

    def close(self, own: Instance) -> None:
        own.end = self.env.now
        self.done.append(own)
        self.finished[own].succeed()

    def officer(self, name: str, steps: list[Step]):
        duty = self.duty(name)
        while True:
            begin, end = duty.next(self.env.now)
            if begin > self.env.now:
                yield self.env.timeout(begin - self.env.now)
            queues = [self.ready[s.name] for s in steps if self.ready[s.name]]
            if not queues:
                yield self.bell | self.env.timeout(end - self.env.now)
                continue
            own = heapq.heappop(min(queues, key=lambda q: q[0][:3]))[3]
            own.start, own.officer = self.env.now, name
            # What is begun is finished, though the office closes meanwhile.
            yield self.env.timeout(max(60, round(60 * self.work.gamma(4, own.step.minutes / 4))))
            self.close(own)


def _causes(
    own: Instance, of_officer: list[Instance], run: _Run, last_of: dict[int, float], full: Spans
) -> list[Spans]:
    """Split the window of an instance: applicant, batching, contention, prioritisation, unavailability, extraneous."""
    window = [(own.enabled, own.start)] if own.enabled < own.start else []
    if own.officer is None:
        return [window, [], [], [], [], []]
    closes = last_of[own.batch] if own.batch is not None else own.enabled
    batching = common(window, [(own.enabled, closes)]) if closes > own.enabled else []
    left = without(window, batching)
    # Nothing lasts longer than two days, so that what began before cannot reach into the window.
    first = bisect_left(of_officer, own.enabled - 2 * DAY, key=lambda y: y.start)
    last = bisect_left(of_officer, own.start, key=lambda y: y.start)
    earlier, busy = [], []
    for y in of_officer[first:last]:
        if y.end <= own.enabled:
            continue
        busy.append((y.start, y.end))
        same = own.batch is not None and y.batch == own.batch
        if y.enabled <= (own.enabled if same else min(closes, own.start)):
            earlier.append((y.start, y.end))
    blocked = common(common(left, union(busy)), full)
    contention = common(blocked, union(earlier))
    prioritisation = without(blocked, contention)
    left = without(left, blocked)
    duty = list(run.duty(own.officer).spans(own.enabled, own.start))
    unavailability = without(left, duty)
    return [[], batching, contention, prioritisation, unavailability, common(left, duty)]


def _full(instances: list[Instance], staff: int) -> Spans:
    """Return when everybody behind an account was at work."""
    edges = sorted([(y.start, 1) for y in instances] + [(y.end, -1) for y in instances])
    spans, at_work, since = [], 0, 0.0
    for moment, change in edges:
        if at_work >= staff:
            spans.append((since, moment))
        at_work += change
        since = moment
    return union(spans)


def simulate(office: Office, seed: int) -> Notes:
    """Run an office until its last case is done, and count what kept its steps waiting."""
    run = _Run(office, seed)
    target = (office.weeks + 40) * WEEK
    run.env.run(until=target)
    # A group that never becomes large enough stays open.
    left = sum(len(waiting) for waiting in run.waiting.values())
    assert len(run.finished) == left, "the office does not keep up"
    done = sorted(run.done, key=lambda x: (x.case, x.start, x.end))
    by_officer: dict[str, list[Instance]] = defaultdict(list)
    last_of: dict[int, float] = {}
    for own in sorted(done, key=lambda x: x.start):
        if own.officer is not None:
            by_officer[own.officer].append(own)
        if own.batch is not None:
            last_of[own.batch] = max(last_of.get(own.batch, 0.0), own.enabled)
    full = {name: _full(instances, office.staff.get(name, 1)) for name, instances in by_officer.items()}
    parts, working = [], []
    for own in done:
        spans = _causes(own, by_officer.get(own.officer or "", []), run, last_of, full.get(own.officer or "", []))
        parts.append([hours(s) for s in spans])
        open_hours = list(OFFICE_HOURS.spans(own.enabled, own.start))
        working.append([hours(common(s, open_hours)) for s in spans])
    rng = np.random.default_rng([seed, 7])
    frame = _frame(done, office, rng)
    table = pd.DataFrame(parts, columns=list(CAUSES))
    table["window"] = [(x.start - x.enabled) / HOUR for x in done]
    struck = (frame["resource"].isna() & (frame["department"] != APPLICANT)).to_numpy()
    unnamed = float(table.loc[struck, "window"].sum() / table["window"].sum())
    totals = table[list(CAUSES)].sum()
    return Notes(frame, table, totals, pd.DataFrame(working, columns=list(CAUSES)).sum(), unnamed)


def _frame(done: list[Instance], office: Office, rng: np.random.Generator) -> pd.DataFrame:
    struck = rng.random(len(done)) < office.missing
    frame = pd.DataFrame(
        {
            "case_id": [f"c{x.case:05}" for x in done],
            "activity": [x.step.name for x in done],
            "stage": [x.step.stage for x in done],
            "department": [x.step.department for x in done],
            "resource": [None if x.officer is None or s else x.officer for x, s in zip(done, struck, strict=True)],
            "start": [MONDAY + pd.Timedelta(seconds=x.start) for x in done],
            "end": [MONDAY + pd.Timedelta(seconds=x.end) for x in done],
            "result": [x.result for x in done],
        }
    )
    frame[["start", "end"]] = frame[["start", "end"]].astype("datetime64[us]")
    if office.rounded:
        frame[["start", "end"]] = frame[["start", "end"]].apply(lambda s: s.dt.floor("min"))
    return frame


# What is planted in each scenario.

EXAMINERS = ("审查员甲", "审查员乙", "审查员丙")
STEPS = (
    Step("受理", "accept", "政务服务中心", ("窗口甲", "窗口乙"), 15),
    Step("审查", "review", "审批局", EXAMINERS, 120),
    Step("补正通知", "correction", "审批局", EXAMINERS, 15),
    Step("审核", "check", "审批局", ("科长甲", "科长乙"), 30),
    Step("决定", "decide", "审批局", ("局长",), 15),
    Step("制证", "produce", "证照室", ("制证员",), 15),
)
PART_TIME = {"审查员丙": Duty.of("135"), "科长乙": Duty.of("24", ((9, 12),)), "局长": Duty.of("245")}


def _with(**changes: dict[str, object]) -> tuple[Step, ...]:
    return tuple(replace(step, **changes.get(step.name, {})) for step in STEPS)  # type: ignore[arg-type]


_LONG_QUEUE = {"审查": {"officers": ("审查员甲",)}, "补正通知": {"officers": ("审查员甲",)}}
_EXAMINER_FOR_ALL = _with(
    审查={"officers": ("审查员甲",)}, 补正通知={"officers": ("审查员甲",)}, 审核={"officers": ("审查员甲",)}
)
_MIX = Office(
    _with(
        审核={"outside": (0.5, 12.0)}, 决定={"batch": ("weekly", 3, 14.0)}, 制证={"batch": ("daily", 16.0)}
    ),
    load=0.75, duty={"审查员丙": Duty.of("135")}, correction=(0.12, 3.0), urgent=0.25,
)  # fmt: skip

SCENARIOS: dict[str, Office] = {
    "applicant": Office(STEPS, load=0.3, correction=(0.3, 5.0)),
    "batching, weekly": Office(_with(决定={"batch": ("weekly", 3, 14.0)}), load=0.4),
    "batching, by size": Office(_with(审核={"officers": ("科长甲",), "batch": ("size", 8)}), load=0.4),
    "batching, daily": Office(_with(审核={"officers": ("科长甲",), "minutes": 6, "batch": ("daily", 16.0)}), load=0.4),
    "contention": Office(_with(**_LONG_QUEUE), weeks=52, load=0.93),
    "prioritisation": Office(_with(**_LONG_QUEUE), weeks=52, load=0.92, urgent=0.55),
    "unavailability": Office(STEPS, load=0.2, duty=PART_TIME),
    "extraneous": Office(_with(审查={"outside": (0.6, 60.0)}, 审核={"outside": (0.9, 40.0)}), load=0.3),
    "mix": _MIX,
    "busy": Office(STEPS, load=0.85, duty={"审查员丙": Duty.of("135")}),
    "quiet": Office(STEPS, load=0.15),
    "shared account": Office(
        _with(受理={"officers": ("综合窗口",), "minutes": 45}, 制证={"officers": ("综合窗口",), "minutes": 30}),
        load=0.8, staff={"综合窗口": 3},
    ),
    "several steps of one officer": Office(_EXAMINER_FOR_ALL, weeks=52, load=0.7, correction=(0.05, 3.0)),
    "rounded to minutes": replace(_MIX, rounded=True),
    "officers missing": replace(_MIX, missing=0.05),
    "three months": replace(_MIX, weeks=13),
    "twelve months": replace(_MIX, weeks=52),
}  # fmt: skip
"""Each cause alone, all of them together, busy and quiet offices, and what recording does to it."""


def waiting_scenario(name: str, seed: int = 1) -> Notes:
    """Return the log and the planted hours of a scenario."""
    return simulate(SCENARIOS[name], seed)
