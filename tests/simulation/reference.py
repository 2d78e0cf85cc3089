"""The simulator once more, in plain Python: slow, and simple enough to be checked by reading.

Written from the description of ``_kernels.run``, with other means: half hours are walked one by one, people and cases are
objects, every coming on duty is an event, a queue is a list that is searched.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from flowaudit.process import BANDS, GRID, Batch, Branch, Node, Process, Profile, Step, Template, always

ENDED, RELEASED, ON_DUTY, ARRIVED, READY = range(5)
ROUTE, BRANCH, WAIT, WORK, PICK, _GAP, DEAL = range(7)
NEAR = 1e-9
WORD = 2**64 - 1


def uniform(seed: int, case: int, origin: int, purpose: int) -> float:
    """SplitMix64 twice over (seed, case, origin, purpose), as a number in (0, 1)."""

    def mixed(z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
        return z ^ (z >> 31)

    key = case * 2**24 + origin * 2**4 + purpose
    z = mixed((mixed((key * 0x9E3779B97F4A7C15 + seed) & WORD) + seed) & WORD)
    return ((z >> 11) + 0.5) / 2**53


def drawn(table: np.ndarray, u: float) -> float:
    return float(np.interp(u, GRID, table))


def seed_of(seed: int) -> int:
    """Return what the only replication of a simulation is seeded with."""
    return int(np.random.SeedSequence(seed).spawn(1)[0].generate_state(1, np.uint64)[0])


class Clock:
    """A weekly rhythm without holidays, walked half hour by half hour."""

    def __init__(self, profile: Profile, weekday: int) -> None:
        self.rates = profile.rates
        self.weekday = weekday

    def rate(self, half_hour: int) -> float:
        return float(self.rates[(self.weekday + half_hour // 48) % 7, half_hour % 48])

    def moves(self, t: float) -> bool:
        return self.rate(math.floor(2 * t)) > 0

    def moves_within(self, begin: float, end: float) -> bool:
        """Whether it moves at any moment from ``begin`` to ``end``, both included."""
        return any(self.rate(h) > 0 for h in range(max(math.floor(2 * begin), 0), math.floor(2 * end) + 1))

    def next_opening(self, t: float) -> float:
        """First moment after ``t`` at which it begins to move after a rest; infinity if it never rests."""
        here = math.floor(2 * t)
        for h in range(here + 1, here + 2 * 336):
            if self.rate(h) > 0 and self.rate(h - 1) == 0:
                return h / 2
        return math.inf

    def moving(self, t: float) -> float:
        """``t``, or the next moment at which it moves."""
        return t if self.moves(t) else self.next_opening(t)

    def after(self, t: float, hours: float) -> float:
        """When ``hours`` have passed on it since ``t``."""
        half_hour = math.floor(2 * t)
        while True:
            end, rate = (half_hour + 1) / 2, self.rate(half_hour)
            here = rate * (end - t)
            if abs(here - hours) <= NEAR:
                return end
            if here > hours:
                return t + hours / rate
            hours -= here
            half_hour += 1
            t = end


@dataclass(eq=False)
class Person:
    number: int
    clock: Clock
    places: int
    in_hand: int = 0

    @property
    def free(self) -> bool:
        return self.in_hand < self.places


@dataclass(eq=False)
class Case:
    number: int
    arrival: float
    template: Template
    branch: Branch
    instances: list[Instance] = field(default_factory=list)


@dataclass(eq=False)
class Instance:
    case: Case
    place: int
    step: Step
    node: Node
    missing: int
    ready: float = math.nan
    start: float = math.nan
    end: float = math.nan
    person: Person | None = None
    dealt: Person | None = None
    rank: tuple[float, int] = (0.0, 0)


class Office:
    """One run."""

    def __init__(self, process: Process, arrivals: np.ndarray, seed: int, until: float = math.inf) -> None:
        self.process, self.seed, self.until = process, seed_of(seed), until
        self.origin = (arrivals.min() - np.timedelta64(1, "D")).astype("datetime64[D]")
        weekday = (int(self.origin.astype(int)) + 3) % 7
        self.people = [
            Person(k, Clock(process.calendars[r.calendar], weekday), r.capacity)
            for k, r in enumerate(process.resources)
        ]
        self.delay_clocks = [Clock(p, weekday) for p in process.profiles]
        self.gates = [Clock(p, weekday) for p in process.gates]
        self.unstaffed, self.always = Clock(process.open_profile, weekday), Clock(always(), weekday)
        self.events: list[tuple[float, int, int, object]] = []
        self.scheduled = 0
        self.to_come = 0
        self.queue: list[Instance] = []
        self.joined = 0
        self.batches: dict[int, list[Instance]] = defaultdict(list)
        self.sent: dict[int, int] = defaultdict(int)
        hours = (np.sort(arrivals) - self.origin.astype("datetime64[us]")) / np.timedelta64(1, "h")
        self.cases = [self.case(k, float(t)) for k, t in enumerate(hours)]

    def luck(self, instance: Instance, purpose: int) -> float:
        return uniform(self.seed, instance.case.number, instance.step.origin, purpose)

    def case(self, number: int, arrival: float) -> Case:
        weights = np.array([t.cases for t in self.process.templates])
        chosen = int(
            np.searchsorted(np.cumsum(weights) / weights.sum(), uniform(self.seed, number, 0, ROUTE), side="right")
        )
        template = self.process.templates[chosen]
        u, branch = uniform(self.seed, number, 0, BRANCH), template.branches[0]
        for candidate in template.branches:
            branch = candidate
            if u < candidate.probability:
                break
            u -= candidate.probability
        case = Case(number, arrival, template, branch)
        case.instances = [
            Instance(case, k, s, self.process.nodes[s.node], len(s.after)) for k, s in enumerate(branch.steps)
        ]
        return case

    def schedule(self, t: float, kind: int, what: object) -> None:
        heapq.heappush(self.events, (t, kind, self.scheduled, what))
        self.scheduled += 1
        self.to_come += kind != ON_DUTY

    def run(self) -> list[Case]:
        for case in self.cases:
            self.schedule(case.arrival, ARRIVED, case)
        for person in self.people:
            self.schedule(person.clock.next_opening(0.0), ON_DUTY, person)
        while self.events and (self.to_come or self.queue):
            t, kind, _number, what = heapq.heappop(self.events)
            if t > self.until or t == math.inf:
                break
            self.to_come -= kind != ON_DUTY
            if kind == ENDED:
                self.ended(t, what)
            elif kind == RELEASED:
                self.released(t, *what)
            elif kind == ON_DUTY:
                self.serve_waiting(t)
                self.schedule(what.clock.next_opening(t), ON_DUTY, what)
            elif kind == ARRIVED:
                for instance in what.instances:
                    if not instance.missing:
                        self.enabled(t, instance)
            else:
                self.due(t, what)
        return self.cases

    def enabled(self, t: float, instance: Instance) -> None:
        step, node = instance.step, instance.node
        if step.wait >= 0:
            u = self.luck(instance, WAIT)
            delay = drawn(self.process.waits[step.wait], (step.band + u) / BANDS if step.band >= 0 else u)
            if delay > 0:
                clock = self.delay_clocks[node.clock]
                t = clock.moving(clock.after(t, delay))
        if node.batch is not None and node.batch.kind == "slots":
            half_hour = math.ceil(2 * t - NEAR)
            while self.gates[node.batch.gate].rate(half_hour) == 0:
                half_hour += 1
            t = max(t, half_hour / 2)
        self.schedule(t, READY, instance)

    def due(self, t: float, instance: Instance) -> None:
        """Its delay is over: it joins a batch, or is ready."""
        batch = instance.node.batch
        if batch is None or batch.kind == "slots" or not math.isnan(instance.ready):
            self.ready(t, instance)
        else:
            self.collect(t, instance, batch)

    def collect(self, t: float, instance: Instance, batch: Batch) -> None:
        node = instance.step.node
        self.batches[node].append(instance)
        if len(self.batches[node]) == batch.size:
            self.schedule(t, RELEASED, (node, self.sent[node]))
        elif len(self.batches[node]) == 1 and batch.patience_h < math.inf:
            self.schedule(t + batch.patience_h, RELEASED, (node, self.sent[node]))

    def released(self, t: float, node: int, number: int) -> None:
        if number == self.sent[node]:
            self.sent[node] += 1
            for instance in self.batches.pop(node):
                instance.ready = t
                self.schedule(t, READY, instance)

    def ready(self, t: float, instance: Instance) -> None:
        instance.ready = t
        performers = instance.node.performers
        if instance.node.automatic or not performers:
            self.begin(t, instance, None)
            return
        if self.process.contention == "resource":
            instance.dealt = self.dealt(instance)
        if not any(self.same_queue(instance, other) for other in self.queue):
            person = self.on_duty_and_free(t, instance) or self.in_overtime(t, instance)
            if person is not None:
                self.begin(t, instance, person, overtime=not person.clock.moves(t))
                return
        pool = self.process.pools[instance.node.pool]
        case = instance.case
        first = {"fifo": 0.0, "priority": case.template.priority, "deadline": case.arrival + case.template.due_h}
        instance.rank = (first[pool.discipline], self.joined)
        self.joined += 1
        self.queue.append(instance)

    def dealt(self, instance: Instance) -> Person | None:
        """Whom it is dealt out to: who usually does it, or whoever has least in hand and waiting for him, for his places."""
        staff = [(self.people[p.resource], p.weight) for p in instance.node.performers]
        able = [(person, weight) for person, weight in staff if person.places]
        if self.luck(instance, DEAL) >= self.process.habit:
            burden = {p: (p.in_hand + sum(i.dealt is p for i in self.queue)) / p.places for p, _weight in able}
            able = [(person, weight) for person, weight in able if burden[person] == min(burden.values())]
        return self.chosen(instance, able)

    def same_queue(self, a: Instance, b: Instance) -> bool:
        if a.dealt is not None:
            return a.dealt is b.dealt
        who = [[(p.resource, p.weight) for p in i.node.performers] for i in (a, b)]
        rules = [self.process.pools[i.node.pool].discipline for i in (a, b)]
        return who[0] == who[1] and rules[0] == rules[1]

    def candidates(self, instance: Instance) -> list[tuple[Person, float]]:
        """Who may do it and has a free place."""
        if instance.dealt is not None:
            return [(instance.dealt, 1.0)] if instance.dealt.free else []
        people = [(self.people[p.resource], p.weight) for p in instance.node.performers]
        return [(person, weight) for person, weight in people if person.free]

    def chosen(self, instance: Instance, able: list[tuple[Person, float]]) -> Person | None:
        left = self.luck(instance, PICK) * sum(weight for _person, weight in able)
        for person, weight in able:
            left -= weight
            if left < 0:
                return person
        return able[-1][0] if able else None

    def on_duty_and_free(self, t: float, instance: Instance) -> Person | None:
        return self.chosen(instance, [(p, w) for p, w in self.candidates(instance) if p.clock.moves(t)])

    def in_overtime(self, t: float, instance: Instance) -> Person | None:
        staff = [self.people[p.resource] for p in instance.node.performers]
        around = any(p.places and p.clock.moves_within(t - 1.0, t + 1.0) for p in staff)
        allowed = instance.node.overtime >= 0 and self.gates[instance.node.overtime].moves(t)
        if around or not allowed:
            return None
        return self.chosen(instance, self.candidates(instance))

    def serve_waiting(self, t: float) -> None:
        """Somebody has come on duty: what waits begins, in its order, as long as somebody for it is free."""
        for instance in sorted(self.queue, key=lambda i: i.rank):
            person = self.on_duty_and_free(t, instance)
            if person is not None:
                self.queue.remove(instance)
                self.begin(t, instance, person)

    def begin(self, t: float, instance: Instance, person: Person | None, overtime: bool = False) -> None:
        table = instance.step.work
        if person is None:
            clock = self.always if instance.node.automatic else self.unstaffed
        else:
            person.in_hand += 1
            instance.person = person
            clock = self.always if overtime else person.clock
            own = next(p.work for p in instance.node.performers if p.resource == person.number)
            table = own if own >= 0 else table
        work = drawn(self.process.works[table], self.luck(instance, WORK)) if table >= 0 else 0.0
        instance.start = instance.end = t
        if work > 0:
            instance.start = clock.moving(t) if person is None else t
            instance.end = clock.after(instance.start, work)
        self.schedule(instance.end, ENDED, instance)

    def ended(self, t: float, instance: Instance) -> None:
        for other in instance.case.instances:
            if instance.place in other.step.after:
                other.missing -= 1
                if not other.missing:
                    self.enabled(t, other)
        person = instance.person
        if person is None:
            return
        person.in_hand -= 1
        his = [i for i in self.queue if person in [p for p, _w in self.candidates(i)]]
        if his and person.clock.moves(t):
            first = min(his, key=lambda i: i.rank)
            self.queue.remove(first)
            self.begin(t, first, person)


def simulate_plainly(
    process: Process, arrivals: np.ndarray, *, seed: int = 7, until: np.datetime64 | None = None
) -> list[list[tuple[int, float, float, float, int]]]:
    """Return for every case, in order of arrival, its instances that ended by ``until``.

    Each is (node, ready, start, end, resource), in hours since the day before the first arrival; resource -1: nobody.
    """
    office = Office(process, arrivals, seed)
    if until is not None:
        office.until = float((until - office.origin.astype("datetime64[us]")) / np.timedelta64(1, "h"))
    return [
        [
            (i.step.node, i.ready, i.start, i.end, -1 if i.person is None else i.person.number)
            for i in case.instances
            if i.end <= office.until
        ]
        for case in office.run()
    ]
