"""Who works, when and on how much at once is read off the stamps, and so is how much of the waiting is a queue."""

import heapq

import numpy as np
import pandas as pd
import pytest
from processes import OFFICE

from flowaudit.eventlog import from_frame
from flowaudit.process import Node, Timeline, fit_process
from flowaudit.process.people import _in_turn, find_staff
from flowaudit.process.quantiles import mean
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
DAY0 = pd.Timestamp("2024-03-04")
"""A Monday."""


def log_of(rows):
    """Rows (case, activity, resource, start, end), in hours since the first Monday."""
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])
    for column in ("start", "end"):
        frame[column] = DAY0 + pd.to_timedelta((frame[column].astype(float) * 3600).round(), unit="s")
    return from_frame(frame.assign(case_id=frame["case_id"].astype(str)))


def fit(rows, **options):
    return fit_process(log_of(rows), calendar=CALENDAR, **options)


def node(process, activity):
    (found,) = (n for n in process.nodes if n.activity == activity)
    return found


def working_hours(process, performer):
    """Half hours of the week: {weekday: [first, last + 1)} of one performer."""
    rates = process.calendars[process.resources[performer.resource].calendar].rates[:7]
    return {
        int(d): (int(np.flatnonzero(r)[0]) / 2, int(np.flatnonzero(r)[-1] + 1) / 2)
        for d, r in enumerate(rates)
        if r.any()
    }


def office_days(weeks):
    """The first hour of every working day."""
    return [168.0 * w + 24.0 * d for w in range(weeks) for d in range(5)]


def jobs(who, activity, n, *, first=0, work=0.5, every=1.0, at=9.0, weeks=40):
    """Somebody's instances, one case each, ``every`` so many hours from nine on, seven hours a day."""
    starts = [day + at + k * every for day in office_days(weeks) for k in range(int(7 / every))]
    return [(first + i, activity, who, t, t + work) for i, t in enumerate(starts[:n])]


def desk(n=1500, servers=2, work_h=1.0, load=0.85, seed=2, post=lambda rng: 0.0):
    """First come, first served, around the clock: one step, then a second one after ``post`` hours."""
    rng = np.random.default_rng(seed)
    free = [(0.0, f"O{k}") for k in range(servers)]
    arrivals = np.cumsum(rng.exponential(2 * work_h / (servers * load), n))
    todo = [(t, i, 0) for i, t in enumerate(arrivals)]
    heapq.heapify(todo)
    rows = [(i, "apply", None, t, t) for i, t in enumerate(arrivals)]
    while todo:
        ready, i, step = heapq.heappop(todo)
        at, who = heapq.heappop(free)
        start = max(ready, at)
        end = start + rng.exponential(work_h)
        heapq.heappush(free, (end, who))
        rows.append((i, ("review", "decide")[step], who, start, end))
        if step == 0:
            heapq.heappush(todo, (end + post(rng), i, 1))
    return rows


def mean_sojourn(log):
    """From first start to last end, hours."""
    ptr = log.case_ptr[:-1]
    spans = np.maximum.reduceat(log.stamps("end"), ptr) - np.minimum.reduceat(log.stamps("start"), ptr)
    return (spans / np.timedelta64(1, "h")).mean()


def test_somebody_with_two_files_open_at_once_has_two_places():
    """One hour each, begun every half hour: two in hand all day long."""
    process = fit(jobs("O1", "review", 400, work=0.999, every=0.5))
    assert [(p.capacity, p.resources) for p in process.pools] == [(2, 1)]
    assert [r.capacity for r in process.resources] == [2]


def test_one_file_after_the_other_is_one_place():
    process = fit(jobs("O1", "review", 400, work=0.5, every=0.5))
    assert [(p.capacity, p.resources) for p in process.pools] == [(1, 1)]


def test_a_handover_of_a_minute_is_no_second_place():
    """The next file is opened a minute before the last is closed: 1 of 60 minutes, but below a percent counts."""
    assert fit(jobs("O1", "review", 400, work=0.504, every=0.5)).pools[0].capacity == 1


def test_pools_are_the_people_who_share_work():
    """A: O1, O2; B: O2, O3; C: O4; O1 helps out with C once in a hundred."""
    rows = jobs("O1", "A", 200) + jobs("O2", "A", 200, first=1000) + jobs("O2", "B", 200, first=2000, work=0.25, at=9.5)
    rows += (
        jobs("O3", "B", 200, first=3000)
        + jobs("O4", "C", 396, first=4000)
        + jobs("O1", "C", 4, first=5000, work=0.25, at=9.5)
    )
    process = fit(rows)
    assert node(process, "A").pool == node(process, "B").pool != node(process, "C").pool
    assert sorted((p.resources, p.capacity) for p in process.pools) == [(1, 1), (3, 3)]
    assert len({process.resources[p.resource].name for n in process.nodes for p in n.performers}) == 4


def test_names_of_people_are_not_kept():
    process = fit(jobs("王小明", "review", 200) + jobs("李", "review", 200, first=1000))
    assert [r.name for r in process.resources] == [f"{process.pools[0].name}#{k}" for k in (1, 2)]


def test_part_timers_have_their_own_hours():
    rows = jobs("full", "review", 600)
    mornings = [168.0 * w + 24.0 * d + 9 + k * 0.5 for w in range(40) for d in (0, 2) for k in range(6)]
    rows += [(5000 + i, "review", "part", t, t + 0.4) for i, t in enumerate(mornings)]
    process = fit(rows)
    hours = sorted((working_hours(process, p) for p in node(process, "review").performers), key=len)
    assert hours[0] == {0: (9.0, 12.0), 2: (9.0, 12.0)}
    assert set(hours[1]) == {0, 1, 2, 3, 4}
    assert hours[1][0] == (9.0, 15.5), "seven starts an hour apart, the last of half an hour"


def test_the_few_who_helped_out_do_not_count_as_performers():
    rows = jobs("O1", "review", 195) + jobs("O2", "review", 195, first=1000)
    rows += jobs("O8", "review", 5, first=2000) + jobs("O9", "review", 5, first=3000)
    process = fit(rows)
    weights = [p.weight for p in node(process, "review").performers]
    assert weights == [195.0, 195.0], "97.5 % of 400"


def test_whoever_is_needed_to_cover_the_work_counts():
    rows = jobs("O1", "review", 180) + jobs("O2", "review", 180, first=1000) + jobs("O3", "review", 40, first=2000)
    assert [p.weight for p in node(fit(rows), "review").performers] == [180.0, 180.0, 40.0]


@pytest.fixture(scope="module")
def unequal():
    """A slow and a fast officer: 60 and 24 minutes on average."""
    rng = np.random.default_rng(5)
    rows = []
    for who, work in (("slow", 1.0), ("fast", 0.4)):
        n, first = 300, 1000 * (who == "fast")
        starts = [day + 9 + k * 2.5 for day in office_days(60) for k in range(3)][:n]
        rows += [
            (first + i, "review", who, t, t + w)
            for i, (t, w) in enumerate(zip(starts, work * rng.uniform(0.5, 1.5, n), strict=True))
        ]
    return fit(rows)


def test_a_slow_and_a_fast_officer_have_their_own_work(unequal):
    found = sorted(mean(unequal.works[p.work]) for p in node(unequal, "review").performers)
    assert found[1] / found[0] == pytest.approx(2.5, rel=0.15)
    assert found == pytest.approx([0.4, 1.0], rel=0.1)


def test_the_simulated_officers_are_as_slow_and_as_fast(unequal):
    (run,) = simulate(unequal, replications=1, calendar=CALENDAR).runs
    took = sorted((run.end - run.start)[run.who == k].mean() for k in range(2))
    assert took[1] / took[0] == pytest.approx(2.5, rel=0.2)


def test_few_instances_take_the_work_of_the_activity():
    """Nine are too few for a table of one's own."""
    rows = jobs("O1", "review", 60) + jobs("O2", "review", 9, first=1000, work=0.9)
    assert sorted(p.work >= 0 for p in node(fit(rows), "review").performers) == [False, True]


@pytest.fixture(scope="module")
def all_queue():
    return fit(desk())


def test_waiting_that_is_all_queue(all_queue):
    low, high = all_queue.identifiable.queue_share
    assert 0.95 < low <= high <= 1.0


def test_waiting_that_is_no_queue():
    """Eight people for little work, and a day of post in between."""
    low, high = fit(desk(servers=8, load=0.15, post=lambda rng: rng.uniform(12, 36))).identifiable.queue_share
    assert 0.0 <= low <= high < 0.25
    assert low < 0.02


def test_waiting_that_is_half_queue():
    """The post takes as long as the two queues together (Erlang: 2.6 h each at 0.85 of two)."""
    rows = desk(n=3000, post=lambda rng: rng.exponential(5.2))
    waited = frame_waits(rows)
    low, high = fit(rows).identifiable.queue_share
    assert low <= high
    # What was planted: of all the waiting, the part that is not post.
    assert low == pytest.approx(1 - 5.2 * 3000 / waited, abs=0.12)


def frame_waits(rows):
    """Hours all cases waited, post included."""
    by_case = {}
    for case, activity, _who, start, end in rows:
        by_case.setdefault(case, {})[activity] = (start, end)
    return sum(c["review"][0] - c["apply"][1] + c["decide"][0] - c["review"][1] for c in by_case.values())


def dealt_out(n=2000, servers=4, load=0.8, seed=7):
    """Every case belongs to one officer from the beginning: the others may be idle while it waits."""
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(1.0 / (servers * load), n))
    free = np.zeros(servers)
    rows = []
    for i, t in enumerate(arrivals):
        k = int(rng.integers(servers))
        start = max(t, free[k])
        free[k] = start + rng.exponential(1.0)
        rows += [(i, "apply", None, t, t), (i, "review", f"O{k}", start, free[k])]
    return rows


@pytest.fixture(scope="module")
def dealt():
    rows = dealt_out()
    return log_of(rows), {c: fit(rows, contention=c) for c in ("pool", "resource")}


def test_work_dealt_out_is_no_queue_of_the_pool_but_of_the_officer(dealt):
    _log, fitted = dealt
    for process in fitted.values():
        low, high = process.identifiable.queue_share
        assert low < 0.5
        assert high > 0.95


def test_contention_of_each_officer_reproduces_the_queue_of_each(dealt):
    """Nothing is left for the delays: the queues of the simulation make all the waiting."""
    log, fitted = dealt
    process = fitted["resource"]
    waits = [mean(t) for t in process.waits]
    assert max(waits) < 0.1
    found = np.mean([mean_sojourn(run) for run in simulate(process, replications=10, calendar=CALENDAR)])
    assert found == pytest.approx(mean_sojourn(log), rel=0.15)


def test_contention_of_the_pool_reproduces_it_by_delays(dealt):
    log, fitted = dealt
    process = fitted["pool"]
    assert max(mean(t) for t in process.waits) > 1.0
    found = np.mean([mean_sojourn(run) for run in simulate(process, replications=10, calendar=CALENDAR)])
    assert found == pytest.approx(mean_sojourn(log), rel=0.15)


def sundays(n):
    """Some Sundays at ten, though the office is closed; from a tenth of the weeks on they would be working days."""
    return [
        (9000 + i, "review", "O1", 168.0 * (3 * i + 1) + 6 * 24 + 10, 168.0 * (3 * i + 1) + 6 * 24 + 10.5)
        for i in range(n)
    ]


def test_starts_on_a_sunday_are_overtime():
    process = fit(jobs("O1", "review", 900) + sundays(2))
    gate = process.gates[node(process, "review").overtime]
    assert set(np.flatnonzero(gate.rates.any(axis=1))) == {6}
    assert (gate.rates[6, 20:22] > 0).all(), "at ten"
    assert set(working_hours(process, node(process, "review").performers[0])) == {0, 1, 2, 3, 4}


def test_an_office_without_sundays_has_no_overtime():
    process = fit(jobs("O1", "review", 900))
    assert node(process, "review").overtime == -1
    assert process.gates == ()


def test_a_start_within_an_hour_of_the_office_is_no_overtime():
    """Half an hour before nine, now and then."""
    early = [(9000 + i, "review", "O1", 168.0 * i + 24 + 8.4, 168.0 * i + 24 + 8.9) for i in range(8)]
    process = fit(jobs("O1", "review", 900) + early)
    assert node(process, "review").overtime == -1


def test_overtime_is_not_taken_for_a_queue():
    """Nobody has been free since Friday evening; what is begun on Sunday was not queued for, what on Monday at nine was."""
    rows = jobs("O1", "review", 900) + sundays(2)
    start = np.array([r[3] for r in rows])
    end = np.array([r[4] for r in rows])
    monday = next(k for k, t in enumerate(start) if t == 168.0 + 9)
    ready = start.copy()
    ready[monday] = ready[-1] = 4 * 24 + 18.0
    stamps = [(np.datetime64("2024-03-04", "us") + np.rint(h * 3.6e9).astype("timedelta64[us]")) for h in (start, end)]
    timeline = Timeline.spanning(stamps[0].min(), stamps[1].max(), CALENDAR)
    hours = tuple(h + 24.0 for h in (ready, start, end))
    none = np.zeros(len(rows), np.int64)
    staff = find_staff((Node("review"),), none, none, 1, tuple(stamps), hours, timeline, OFFICE, CALENDAR, "pool")
    assert staff.overtime_of_row.nonzero()[0].tolist() == [900, 901]
    assert staff.queue_since[-1] == hours[1][-1]
    assert staff.queue_since[monday] < hours[1][monday] - 60


def test_who_is_never_idle_is_queued_for():
    """One officer busy through all his hours, five files a day behind: not a minute of it is anything but a queue."""
    rows = jobs("O1", "review", 900)
    rows += [(case, "apply", None, max(start - 24.0, 0.0), max(start - 24.0, 0.0)) for case, _a, _w, start, _e in rows]
    low, _high = fit(rows, contention="resource").identifiable.queue_share
    assert low > 0.95
    assert fit(rows).pools[0].utilisation > 0.95


class TestInTurn:
    """Whoever is ready first is served first: who was served earlier was ready earlier."""

    def queued_since(self, since, enabled, start):
        return _in_turn(*(np.array(a, float) for a in (since, enabled, start))).tolist()

    def test_the_first_is_left_alone(self):
        assert self.queued_since([0], [0], [5]) == [0]

    def test_not_before_those_served_before_it_were_enabled(self):
        """Nobody was free from 0 on; the case served at 4 came at 3, so the one served at 5 was not ready before 3."""
        assert self.queued_since([0, 0], [3, 1], [4, 5]) == [0, 3]

    def test_what_was_not_waiting_stays_so(self):
        assert self.queued_since([4, 5], [1, 2], [4, 5]) == [4, 5]

    def test_never_after_its_start(self):
        assert self.queued_since([0, 0], [7, 1], [4, 5]) == [0, 5]

    def test_the_latest_of_all_before_counts(self):
        assert self.queued_since([0, 0, 0], [2, 1, 0], [4, 5, 6]) == [0, 2, 2]

    def test_in_the_order_of_starts_whatever_the_rows(self):
        assert self.queued_since([0, 0, 0], [0, 1, 2], [6, 5, 4]) == [2, 2, 0]

    def test_first_come_first_served_is_all_queue(self):
        """In a log of one desk without idling everything is queued for since it was enabled."""
        enabled = np.arange(10.0)
        start = 3.0 * np.arange(10)
        since = _in_turn(np.zeros(10), enabled, start)
        assert (since <= enabled).all()
