"""The same models in SimPy and Ciw give the same distributions.

A replication begins with an empty office and ends with its last case; it gives one value of each statistic, so that the
values are independent. They are compared by two-sample Kolmogorov-Smirnov tests, each at the level 0.001, seeds fixed:
``REPLICATIONS`` on each side tell apart distribution functions that are 0.1 from each other somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from types import SimpleNamespace

import ciw
import numpy as np
import pytest
import simpy
from processes import (
    CALENDAR,
    HOUR,
    MONDAY,
    OFFICE,
    Path,
    Station,
    constant,
    exponential,
    family,
    fork_join,
    line,
    network,
)
from scipy import stats

from flowaudit.process import Batch, Performer, Process, weekly
from flowaudit.simulation import simulate

LEVEL = 0.001
REPLICATIONS = 500
CASES = 40
WEEKS_APART = 8
OFFICE_SPANS = [(24 * day + a, 24 * day + b) for day in range(5) for a, b in ((9, 12), (13, 17))]


@dataclass(frozen=True)
class Sample:
    """One replication a row, one case a column: hours from its arrival to its end, and in queues."""

    cycle: np.ndarray
    wait: np.ndarray

    def statistics(self) -> dict[str, np.ndarray]:
        return {
            "last case": self.cycle[:, -1],
            "mean cycle": self.cycle.mean(axis=1),
            "mean wait": self.wait.mean(axis=1),
            "longest wait": self.wait.max(axis=1),
        }


def gaps(seed: int, rate: float) -> np.ndarray:
    """Arrivals of every replication, in hours since a Monday."""
    return np.cumsum(np.random.default_rng(seed).exponential(1.0 / rate, (REPLICATIONS, CASES)), axis=1)


def ours(process: Process, rate: float, kinds: np.ndarray | None = None) -> Sample:
    """All replications in one run, eight weeks apart: each finds the office empty."""
    arrivals = gaps(1, rate)
    begin = 168.0 * WEEKS_APART * np.arange(REPLICATIONS)[:, None]
    stamps = MONDAY + np.rint((arrivals + begin) * 3.6e9).astype("timedelta64[us]").ravel()
    run = simulate(process, arrivals=stamps, replications=1, seed=5, calendar=CALENDAR).runs[0]
    arrived = (stamps - run.origin.astype("datetime64[us]")) / HOUR
    end = np.maximum.reduceat(run.end, run.case_ptr[:-1])
    assert (end.reshape(REPLICATIONS, CASES).max(axis=1) - 24.0 < begin.ravel() + 168.0 * WEEKS_APART).all()
    wait = np.add.reduceat(run.start - run.ready, run.case_ptr[:-1])
    return Sample((end - arrived).reshape(REPLICATIONS, CASES), wait.reshape(REPLICATIONS, CASES))


def p_values(a: Sample, b: Sample) -> dict[str, float]:
    other = b.statistics()
    return {name: stats.ks_2samp(values, other[name]).pvalue for name, values in a.statistics().items()}


def assert_alike(a: Sample, b: Sample) -> None:
    found = p_values(a, b)
    assert min(found.values()) > LEVEL, found


Case = Callable[["Shop", int], Iterator[simpy.Event]]


class Shop:
    """One replication in SimPy: what its cases do is up to ``case``."""

    def __init__(self, arrivals: np.ndarray, seed: int, case: Case) -> None:
        self.env = simpy.Environment()
        self.rng = np.random.default_rng([99, seed])
        self.arrivals = arrivals
        self.end, self.waited = np.zeros(CASES), np.zeros(CASES)
        self.things: dict[str, object] = {}
        for k in range(CASES):
            self.env.process(self._follow(k, case))

    def _follow(self, k: int, case: Case) -> Iterator[simpy.Event]:
        yield self.env.timeout(self.arrivals[k])
        yield from case(self, k)
        self.end[k] = self.env.now

    def thing(self, name: str, make: Callable[[], object]) -> object:
        """A resource of this shop, made when first asked for."""
        if name not in self.things:
            self.things[name] = make()
        return self.things[name]

    def work(self, k: int, name: str, hours: float, servers: int = 1, priority: float | None = None):
        """Queue for one of the servers of a station, work, leave."""
        if priority is None:
            desk = self.thing(name, lambda: simpy.Resource(self.env, servers))
            request = desk.request()
        else:
            desk = self.thing(name, lambda: simpy.PriorityResource(self.env, servers))
            request = desk.request(priority=priority)
        asked = self.env.now
        with request:
            yield request
            self.waited[k] += self.env.now - asked
            yield self.env.timeout(hours)

    def work_in_hours(self, k: int, name: str, hours: float, spans: list[tuple[float, float]]):
        """The same at a desk with one person who works in these spans of the week, and is interrupted by their ends."""
        desk = self.thing(name, lambda: simpy.Resource(self.env, 1))
        asked = self.env.now
        with desk.request() as request:
            yield request
            yield from self.until_open(spans)
            self.waited[k] += self.env.now - asked
            while hours > 0:
                yield from self.until_open(spans)
                step = min(hours, self.left_open(spans))
                hours = hours - step if step < hours else 0.0
                yield self.env.timeout(step)

    def left_open(self, spans: list[tuple[float, float]]) -> float:
        week = self.env.now % 168.0
        return next((e - week for b, e in spans if b - 1e-9 <= week < e - 1e-9), 0.0)

    def until_open(self, spans: list[tuple[float, float]]):
        if not self.left_open(spans):
            week = self.env.now % 168.0
            begin = next((b for b, _e in spans if b > week), spans[0][0] + 168.0)
            yield self.env.timeout(begin - week)


def in_simpy(rate: float, case: Case) -> Sample:
    cycle, wait = [], []
    for k, arrivals in enumerate(gaps(2, rate)):
        shop = Shop(arrivals, k, case)
        shop.env.run()
        cycle.append(shop.end - arrivals)
        wait.append(shop.waited)
    return Sample(np.array(cycle), np.array(wait))


def in_ciw(rate: float, shares: dict[str, float] | None = None, **options: object) -> Sample:
    """A network of Ciw whose cases arrive at its first node; ``shares`` says how many are of which class."""
    classes = shares or {"Customer": 1.0}
    nodes = len(options["number_of_servers"])
    chosen = np.random.default_rng(3).choice(len(classes), size=(REPLICATIONS, CASES), p=list(classes.values()))
    cycle, wait = np.zeros((REPLICATIONS, CASES)), np.zeros((REPLICATIONS, CASES))
    for k, arrivals in enumerate(gaps(2, rate)):
        sources = {}
        for c, name in enumerate(classes):
            own = np.diff(arrivals[chosen[k] == c], prepend=0.0)
            sources[name] = [ciw.dists.Sequential([*own.tolist(), float("inf")])] + [None] * (nodes - 1)
        ciw.seed(k)
        simulation = ciw.Simulation(
            ciw.create_network(arrival_distributions=sources if shares else sources["Customer"], **options)
        )
        simulation.simulate_until_max_time(168.0 * WEEKS_APART)
        records = [r for r in simulation.get_all_records() if r.record_type == "service"]
        first, last, queued = {}, {}, {}
        for r in records:
            first[r.id_number] = min(first.get(r.id_number, np.inf), r.arrival_date)
            last[r.id_number] = max(last.get(r.id_number, 0.0), r.exit_date)
            queued[r.id_number] = queued.get(r.id_number, 0.0) + r.waiting_time
        ids = sorted(first, key=first.__getitem__)
        assert len(ids) == CASES
        cycle[k] = [last[i] - first[i] for i in ids]
        wait[k] = [queued[i] for i in ids]
    return Sample(cycle, wait)


def lognormal(rng: np.random.Generator, mean: float, cv: float) -> float:
    variance = np.log1p(cv**2)
    return float(rng.lognormal(np.log(mean) - variance / 2, np.sqrt(variance)))


def ciw_lognormal(mean: float, cv: float) -> ciw.dists.Lognormal:
    variance = np.log1p(cv**2)
    return ciw.dists.Lognormal(np.log(mean) - variance / 2, np.sqrt(variance))


def test_a_line_of_two_desks():
    """Lognormal work of one clerk, then exponential work of three."""
    process = line(Station("a", family("lognormal", mean=0.4, cv=0.8)), Station("b", exponential(1.3), servers=3))

    def case(shop, k):
        yield from shop.work(k, "a", lognormal(shop.rng, 0.4, 0.8))
        yield from shop.work(k, "b", shop.rng.exponential(1.3), servers=3)

    mine = ours(process, 2.0)
    assert_alike(mine, in_simpy(2.0, case))
    assert_alike(
        mine,
        in_ciw(
            2.0, number_of_servers=[1, 3], service_distributions=[ciw_lognormal(0.4, 0.8), ciw.dists.Exponential(1 / 1.3)],
            routing=[[0.0, 1.0], [0.0, 0.0]],
        ),
    )  # fmt: skip


KINDS = {"easy": (0.6, 0.2), "hard": (0.4, 0.9)}
"""Share and mean work."""


def kinds_process(**by_kind: tuple[float, float]) -> Process:
    works = {name: exponential(mean) for name, (_share, mean) in KINDS.items()}
    discipline = "priority" if "priority" in by_kind else "deadline" if "due_h" in by_kind else "fifo"
    paths = [
        Path(("desk",), share, name, **{key: values[k] for key, values in by_kind.items()})
        for k, (name, (share, _mean)) in enumerate(KINDS.items())
    ]
    return network([Station("desk", works, discipline=discipline)], paths)


def kinds_case(rank: Callable[[str, float], float | None]) -> Case:
    def case(shop, k):
        kind = "easy" if shop.rng.random() < KINDS["easy"][0] else "hard"
        hours = shop.rng.exponential(KINDS[kind][1])
        yield from shop.work(k, "desk", hours, priority=rank(kind, shop.env.now))

    return case


def kinds_in_ciw(**options: object) -> Sample:
    return in_ciw(
        1.6,
        {name: share for name, (share, _mean) in KINDS.items()},
        number_of_servers=[1],
        service_distributions={name: [ciw.dists.Exponential(1 / mean)] for name, (_share, mean) in KINDS.items()},
        routing={name: [[0.0]] for name in KINDS},
        **options,
    )


def test_two_classes_of_cases():
    mine = ours(kinds_process(), 1.6)
    assert_alike(mine, in_simpy(1.6, kinds_case(lambda _kind, _now: None)))
    assert_alike(mine, kinds_in_ciw())


def test_priorities():
    """The hard ones first; nobody is interrupted."""
    mine = ours(kinds_process(priority=(1.0, 0.0)), 1.6)
    assert_alike(mine, in_simpy(1.6, kinds_case(lambda kind, _now: float(kind == "easy"))))
    assert_alike(mine, kinds_in_ciw(priority_classes={"easy": 1, "hard": 0}))


def test_deadlines():
    """Hard ones are due after 6 hours, easy ones after one."""
    due = {"easy": 1.0, "hard": 6.0}
    mine = ours(kinds_process(due_h=tuple(due.values())), 1.6)
    assert_alike(mine, in_simpy(1.6, kinds_case(lambda kind, now: now + due[kind])))


def test_differences_are_seen():
    """The same comparison tells apart what is served by priority, by deadline, and as it comes."""
    plain = in_simpy(1.6, kinds_case(lambda _kind, _now: None))
    for process in (kinds_process(priority=(1.0, 0.0)), kinds_process(priority=(0.0, 1.0))):
        assert min(p_values(ours(process, 1.6), plain).values()) < LEVEL


def test_work_pauses_off_duty():
    """9-12 and 13-17 from Monday to Friday; cases come day and night."""
    process = line(Station("desk", exponential(2.0), calendar=OFFICE))

    def case(shop, k):
        yield from shop.work_in_hours(k, "desk", shop.rng.exponential(2.0), OFFICE_SPANS)

    mine = ours(process, 0.18)
    assert_alike(mine, in_simpy(0.18, case))
    ends = [t for span in OFFICE_SPANS for t in span] + [168.0]
    staff = ciw.Schedule(
        numbers_of_servers=[0, 1] * len(OFFICE_SPANS) + [0], shift_end_dates=ends, preemption="resume"
    )  # fmt: skip
    theirs = in_ciw(
        0.18, number_of_servers=[staff], service_distributions=[ciw.dists.Exponential(0.5)], routing=[[0.0]]
    )  # fmt: skip
    # Ciw's waiting time includes what is waited within the work.
    assert_alike(replace(mine, wait=mine.cycle), replace(theirs, wait=theirs.cycle))


def test_all_branches_are_waited_for():
    """Three desks at once, then one for the decision."""
    means = {"a": 0.5, "b": 0.6, "c": 0.7}
    process = network(
        [*[Station(n, exponential(m)) for n, m in means.items()], Station("join", constant(0.3))],
        [Path((("a", ()), ("b", ()), ("c", ()), ("join", (0, 1, 2))))],
    )

    def case(shop, k):
        work = [shop.env.process(shop.work(k, n, shop.rng.exponential(m))) for n, m in means.items()]
        yield simpy.AllOf(shop.env, work)
        yield from shop.work(k, "join", 0.3)

    assert_alike(ours(process, 1.0), in_simpy(1.0, case))


def test_a_fork_of_shared_people():
    """Both branches queue for the same two clerks."""
    join = Station("join", constant(0.5), servers=0)
    both = fork_join(Station("desk", exponential(0.7), servers=2), Station("other", exponential(0.3)), join=join)
    process = replace(
        both, nodes=(both.nodes[0], replace(both.nodes[1], performers=both.nodes[0].performers), both.nodes[2])
    )

    def case(shop, k):
        work = [shop.env.process(shop.work(k, "desk", shop.rng.exponential(m), servers=2)) for m in (0.7, 0.3)]
        yield simpy.AllOf(shop.env, work)
        yield shop.env.timeout(0.5)

    assert_alike(ours(process, 1.7), in_simpy(1.7, case))


def test_branches_and_loops():
    """a, then b or c, and from either back to a with probability 0.3."""
    means, servers = {"a": 0.25, "b": 0.8, "c": 1.1}, {"a": 1, "b": 1, "c": 2}
    paths, ways = [], [((), 1.0)]
    for _round in range(9):
        ways = [((*way, "a", d), p * share) for way, p in ways for d, share in (("b", 0.4), ("c", 0.6))]
        paths += [Path(way, 0.7 * p) for way, p in ways]
        ways = [(way, 0.3 * p) for way, p in ways]
    process = network([Station(n, exponential(m), servers=servers[n]) for n, m in means.items()], paths)

    def case(shop, k):
        while True:
            yield from shop.work(k, "a", shop.rng.exponential(means["a"]))
            to = "b" if shop.rng.random() < 0.4 else "c"
            yield from shop.work(k, to, shop.rng.exponential(means[to]), servers=servers[to])
            if shop.rng.random() >= 0.3:
                break

    mine = ours(process, 1.6)
    assert_alike(mine, in_simpy(1.6, case))
    assert_alike(
        mine,
        in_ciw(
            1.6, number_of_servers=list(servers.values()), service_distributions=[ciw.dists.Exponential(1 / m) for m in means.values()],
            routing=[[0.0, 0.4, 0.6], [0.3, 0.0, 0.0], [0.3, 0.0, 0.0]],
        ),
    )  # fmt: skip


@pytest.mark.parametrize("patience", [np.inf, 1.5])
def test_batches_of_a_size(patience):
    """Four files are taken to the board together (or as many as there are after 1.5 h), which decides one by one."""
    process = line(
        Station("board", exponential(0.4), batch=Batch("size", size=4, patience_h=patience)),
        Station("post", exponential(0.3)),
    )  # fmt: skip

    def case(shop, k):
        pile = shop.thing("pile", lambda: {"files": 0, "go": shop.env.event()})

        def release(go):
            pile.update(files=0, go=shop.env.event())
            go.succeed()

        def release_later(go):
            yield shop.env.timeout(patience)
            if not go.triggered:
                release(go)

        pile["files"] += 1
        go = pile["go"]
        if pile["files"] == 4:
            release(go)
        elif pile["files"] == 1 and patience < np.inf:
            shop.env.process(release_later(go))
        yield go
        yield from shop.work(k, "board", shop.rng.exponential(0.4))
        yield from shop.work(k, "post", shop.rng.exponential(0.3))

    assert_alike(ours(process, 1.5), in_simpy(1.5, case))


def test_a_weekly_meeting():
    """Wednesday at 14:00, then one clerk in office hours."""
    process = line(
        Station("meeting", None, servers=0, gate=weekly({2: [(14, 14.5)]})),
        Station("clerk", exponential(1.2), calendar=OFFICE),
    )

    def case(shop, k):
        yield shop.env.timeout((62.0 - shop.env.now) % 168.0)
        yield from shop.work_in_hours(k, "clerk", shop.rng.exponential(1.2), OFFICE_SPANS)

    assert_alike(ours(process, 0.15), in_simpy(0.15, case))


def test_delays_pass_in_their_own_hours():
    """Ten office hours on average before the work, which anybody of two does at any time."""
    process = line(Station("desk", exponential(3.0), servers=2, delay=exponential(10.0), clock=OFFICE))

    def case(shop, k):
        # Somebody for each case who does nothing but let office hours pass.
        hours, waited = shop.rng.exponential(10.0), shop.waited[k]
        yield from shop.work_in_hours(k, f"delay {k}", hours, OFFICE_SPANS)
        shop.waited[k] = waited
        yield from shop.work(k, "desk", shop.rng.exponential(3.0), servers=2)

    assert_alike(ours(process, 0.2), in_simpy(0.2, case))


def test_people_who_work_at_different_speeds():
    """Who is free takes it, each with the same chance; one needs three times as long as the other."""
    process = line(Station("desk", exponential(0.5), servers=2))
    slow = (replace(process.nodes[0].performers[0], work=0), Performer(1, 1.0, 1))
    process = replace(
        process, works=np.stack([exponential(0.5), exponential(1.5)]), nodes=(replace(process.nodes[0], performers=slow),)
    )  # fmt: skip

    def case(shop, k):
        people = shop.thing("people", lambda: {0, 1})
        desk = shop.thing("desk", lambda: simpy.Resource(shop.env, 2))
        asked = shop.env.now
        with desk.request() as request:
            yield request
            shop.waited[k] = shop.env.now - asked
            person = shop.rng.choice(sorted(people))
            people.remove(person)
            yield shop.env.timeout(shop.rng.exponential((0.5, 1.5)[person]))
            people.add(person)

    assert_alike(ours(process, 0.6), in_simpy(0.6, case))


@pytest.fixture(scope="module")
def loan():
    """The model of ``bench/loan``, in flowaudit and in SimPy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FilePath(__file__).resolve().parents[2] / "bench"))
        from loan import flowaudit_peer, model, simpy_peer
    return SimpleNamespace(
        model=model.loan_model, start=np.datetime64(model.START.replace(tzinfo=None), "us"),
        process=flowaudit_peer.loan_process, in_simpy=simpy_peer.simulate,
    )  # fmt: skip


@pytest.mark.parametrize("shared_hours", [False, True])
def test_the_loan_process(loan, shared_hours):
    """Calendars, AND, XOR, loops, people of different speeds: the model of ``bench/loan``, 60 cases a replication."""
    model, cases, replications = loan.model(shared_hours=shared_hours), 60, 150
    begin = loan.start
    runs = simulate(
        loan.process(model), cases=cases, start=begin, arrivals="simulated", replications=replications, calendar=CALENDAR
    )  # fmt: skip
    mine: dict[str, list[float]] = {"cycle": [], "wait": [], "last": [], "instances": []}
    theirs: dict[str, list[float]] = {"cycle": [], "wait": [], "last": [], "instances": []}
    for run in runs.runs:
        cycle = np.maximum.reduceat(run.end, run.case_ptr[:-1]) - np.minimum.reduceat(run.ready, run.case_ptr[:-1])
        mine["cycle"].append(cycle.mean())
        mine["last"].append(run.end.max() - (begin - run.origin.astype("datetime64[us]")) / HOUR)
        mine["wait"].append((run.start - run.ready).mean())
        mine["instances"].append(len(run.end))
    for seed in range(replications):
        rows, _seconds = loan.in_simpy(model, cases, seed=1000 + seed)
        case, enabled, start, end = (np.array([row[c] for row in rows]) for c in (0, 3, 4, 5))
        arrived, ended = np.full(cases, np.inf), np.zeros(cases)
        np.minimum.at(arrived, case, enabled)
        np.maximum.at(ended, case, end)
        theirs["cycle"].append((ended - arrived).mean() / 3600.0)
        theirs["last"].append(end.max() / 3600.0)
        theirs["wait"].append((start - enabled).mean() / 3600.0)
        theirs["instances"].append(len(rows))
    found = {name: stats.ks_2samp(mine[name], theirs[name]).pvalue for name in mine}
    assert min(found.values()) > LEVEL, found
