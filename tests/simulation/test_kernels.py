"""What the compiled loop looks up, and what holds of every run of it."""

import heapq
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import (
    CALENDAR,
    HOUR,
    MONDAY,
    OFFICE,
    Path,
    Station,
    at,
    constant,
    exponential,
    fork_join,
    line,
    network,
    poisson,
)
from scipy import stats

from flowaudit.process import GRID, MaterialUse, OpenCase, Performer, Profile, Timeline, family, weekly
from flowaudit.redesign import Scenario
from flowaudit.simulation import _kernels, simulate
from tests.simulation import reference

DAYS = Timeline.spanning(MONDAY, MONDAY + np.timedelta64(60, "D"), CALENDAR)


def clock_of(profile):
    """The tables of one clock: within the day, before the day, classes."""
    return profile.within()[None], DAYS.before_day([profile]), DAYS.classes


@st.composite
def profiles(draw):
    """Half hours of different speeds, about half of them closed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rates = rng.uniform(0.01, 5.0, (9, 48)) * (rng.random((9, 48)) < draw(st.sampled_from((0.05, 0.5, 1.0))))
    rates[1, 20] = 1.0
    return Profile(rates)


class TestClocks:
    @given(profiles(), st.floats(0.0, 1500.0))
    @settings(max_examples=200, deadline=None)
    def test_inverse_undoes_forward(self, profile, t):
        """The first instant with as much elapsed: ``t`` itself, or, where the clock rests, the beginning of the rest."""
        tables = clock_of(profile)
        elapsed = _kernels.forward(*tables, 0, t)
        found = _kernels.inverse(*tables, 0, elapsed, 0.0)
        assert found <= t + 1e-6
        assert _kernels.forward(*tables, 0, found) == pytest.approx(elapsed, abs=1e-7)
        if all(_kernels.on_duty(tables[0], DAYS.classes, 0, max(t - before, 0.0)) for before in (0.0, 1e-4)):
            assert found == pytest.approx(t, abs=1e-6)

    @given(profiles(), st.floats(0.0, 1500.0), st.floats(0.0, 800.0))
    @settings(max_examples=200, deadline=None)
    def test_what_is_waited_for_is_what_passes(self, profile, t, hours):
        tables = clock_of(profile)
        begun = _kernels.forward(*tables, 0, t)
        done = _kernels.inverse(*tables, 0, begun + hours, t)
        assert done >= t
        assert _kernels.forward(*tables, 0, done) - begun == pytest.approx(hours, abs=1e-6)

    @given(profiles(), st.floats(0.0, 1500.0))
    @settings(max_examples=100, deadline=None)
    def test_forward_is_the_operational_time_of_the_timeline(self, profile, t):
        expected = DAYS.operational(profile, np.array([t]))[0]
        assert _kernels.forward(*clock_of(profile), 0, t) == pytest.approx(expected, rel=1e-12)

    @given(profiles(), st.integers(0, 2 * 1400), st.booleans())
    @settings(max_examples=200, deadline=None)
    def test_next_open_is_the_first_open_moment(self, profile, half_hour, inside):
        """Found again by walking from half hour to half hour."""
        t = half_hour / 2.0 + (0.2 if inside else 0.0)
        h = half_hour
        while h < 48 * len(DAYS.classes) and profile.rates[DAYS.classes[h // 48], h % 48] == 0:
            h += 1
        assert _kernels.next_open(*clock_of(profile), 0, t) == max(t, h / 2.0)

    def test_work_that_ends_at_closing_time_ends_neither_before_nor_after_it(self):
        tables = clock_of(OFFICE)
        for hours in np.arange(0.1, 40.0, 0.1):
            end = _kernels.inverse(*tables, 0, _kernels.forward(*tables, 0, 33.0) + hours, 33.0)
            nearest = round(end * 2) / 2
            assert end == nearest or abs(end - nearest) > 1e-6

    def test_round_hours_stay_round(self):
        """So that what is meant to happen at once does."""
        t = 33.0
        tables = clock_of(OFFICE)
        for _step in range(100):
            t = _kernels.inverse(*tables, 0, _kernels.forward(*tables, 0, t) + 1.0, t)
            assert t == round(t)


class TestDraws:
    @given(st.lists(st.floats(0.0, 1e4), min_size=len(GRID), max_size=len(GRID)), st.floats(1e-9, 1.0 - 1e-9))
    @settings(max_examples=300, deadline=None)
    def test_draw_is_linear_between_the_knots(self, values, u):
        table = np.sort(np.array(values))
        assert _kernels.draw(table[None], GRID, 0, u) == pytest.approx(np.interp(u, GRID, table), rel=1e-9, abs=1e-9)

    @pytest.mark.parametrize("u", GRID[:-1])
    def test_draw_at_the_knots(self, u):
        assert _kernels.draw(GRID[None] * 7.0, GRID, 0, u) == pytest.approx(7.0 * u, abs=1e-12)

    @given(st.floats(0.001, 0.999))
    @settings(max_examples=100, deadline=None)
    def test_probability_undoes_draw(self, u):
        tables = family("gamma", mean=3.0, cv=0.7)[None]
        assert _kernels.probability(tables, GRID, 0, _kernels.draw(tables, GRID, 0, u)) == pytest.approx(u, abs=1e-9)

    def test_probability_counts_atoms(self):
        tables = np.where(GRID < 0.4, 0.0, 5.0)[None]
        assert _kernels.probability(tables, GRID, 0, 0.0) == pytest.approx(0.35)
        assert _kernels.probability(tables, GRID, 0, -1.0) == 0.0
        assert _kernels.probability(tables, GRID, 0, 9.0) < 1.0


def uniforms(seed, cases, origins, purposes):
    seed = np.uint64(seed)
    return np.array([_kernels.uniform(seed, c, o, p) for c in cases for o in origins for p in purposes])


class TestUniform:
    """Fixed seeds; each bound is met by true randomness in 999 of 1000 tries."""

    def test_is_what_the_plain_simulator_draws(self):
        for key in [(0, 0, 0, 0), (2**64 - 1, 5, 7, 3), (12345, _kernels.READY + 2**36, 99, 5)]:
            assert _kernels.uniform(np.uint64(key[0]), *key[1:]) == reference.uniform(*key)

    @pytest.mark.parametrize("seed", [0, 1, 2**63 + 11])
    @pytest.mark.parametrize(
        "key",
        [(range(20_000), [0], [3]), ([0], range(20_000), [2]), (range(500), range(8), range(5))],
        ids=["cases", "steps", "all"],
    )
    def test_is_uniform_and_not_serially_correlated(self, seed, key):
        u = uniforms(seed, *key)
        assert stats.kstest(u, "uniform").pvalue > 0.001
        for lag in (1, 2, 5, 8, 40):
            assert abs(np.corrcoef(u[:-lag], u[lag:])[0, 1]) < 3.3 / np.sqrt(len(u) - lag)
        pairs = np.histogram2d(u[:-1], u[1:], bins=10, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(pairs.ravel()).pvalue > 0.0005

    def test_streams_know_nothing_of_each_other(self):
        """Purposes, steps, seeds (also neighbours): no correlation between any two."""
        cases = range(5_000)
        streams = [uniforms(seed, cases, [o], [p]) for seed in (7, 8, 7 + 2**32) for o in (0, 1, 16) for p in (0, 2, 3)]
        found = np.corrcoef(streams)
        apart = np.abs(found[np.triu_indices(len(streams), 1)])
        assert apart.max() < stats.norm.isf(0.0005 / len(apart)) / np.sqrt(len(cases))

    @given(st.integers(0, 2**64 - 1), st.integers(0, 2**37), st.integers(0, 2**19), st.integers(0, 5))
    @settings(max_examples=200, deadline=None)
    def test_is_never_0_or_1(self, seed, case, origin, purpose):
        assert 0.0 < _kernels.uniform(np.uint64(seed), case, origin, purpose) < 1.0


class TestHeaps:
    @given(st.lists(st.one_of(st.integers(0, 4), st.none()), min_size=1, max_size=80))
    @settings(max_examples=200, deadline=None)
    def test_the_waiting_come_by_key_then_by_turn(self, script):
        """Numbers join with this key, ``None`` takes the first off; beside a list that is sorted."""
        n = len(script)
        left, right = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
        key, turn = np.zeros(n), np.arange(n, dtype=np.int32)[::-1].copy()
        root, plain = -1, []
        for s, value in enumerate(script):
            if value is not None:
                key[s], turn[s] = value, s // 2 * 2 - s % 2
                root = _kernels.merge(root, s, left, right, key, turn)
                heapq.heappush(plain, (value, turn[s], s))
            elif plain:
                assert root == heapq.heappop(plain)[2]
                root = _kernels.merge(left[root], right[root], left, right, key, turn)
        while plain:
            assert root == heapq.heappop(plain)[2]
            root = _kernels.merge(left[root], right[root], left, right, key, turn)
        assert root == -1

    @given(st.lists(st.one_of(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.none()), min_size=1, max_size=80))
    @settings(max_examples=200, deadline=None)
    def test_events_come_by_time_then_by_order(self, script):
        times, order, item = np.empty(100), np.empty(100, np.int64), np.empty(100, np.int64)
        size, plain = 0, []
        for k, event in enumerate([*script, *[None] * len(script)]):
            if event is not None:
                t, kind = event
                size = _kernels.push(times, order, item, size, float(t), kind * 1000 + k, k)
                heapq.heappush(plain, (t, kind * 1000 + k, k))
            elif plain:
                assert (times[0], order[0], item[0]) == heapq.heappop(plain)
                size = _kernels.pop(times, order, item, size)
            assert size == len(plain)


def shop(**changes):
    """Reception, then two checks at once, then a decision in a priority pool; a third of the cases comes back once."""
    stations = [
        Station("receive", exponential(0.3), servers=1, calendar=OFFICE),
        Station("check", exponential(1.0), servers=2, calendar=OFFICE, delay=exponential(2.0), clock=OFFICE),
        Station("visit", family("lognormal", mean=2.0, cv=0.8), servers=2),
        Station("decide", constant(0.5), servers=1, calendar=OFFICE, discipline="priority"),
    ]
    first = ("receive", ("check", (0,)), ("visit", (0,)), ("decide", (1, 2)))
    paths = [Path(first, 2.0), Path((*first, ("receive", (3,)), ("decide", (4,))), 1.0, priority=-1.0)]
    return network(stations, paths, **changes)


SHOP_ARRIVALS = poisson(0.35, 400, 3)


def columns(run):
    return [run.case_ptr, run.node, run.ready, run.start, run.end, run.who, run.row, run.template]


def assert_same(a, b):
    for x, y in zip(columns(a), columns(b), strict=True):
        np.testing.assert_array_equal(x, y)


class TestConservation:
    def test_every_case_ends_with_every_step_it_has(self):
        process = shop()
        run = simulate(process, arrivals=SHOP_ARRIVALS, replications=1, calendar=CALENDAR).runs[0]
        lengths = np.array([len(t.branches[0].steps) for t in process.templates])
        np.testing.assert_array_equal(np.diff(run.case_ptr), lengths[run.template])
        assert len(run.template) == len(SHOP_ARRIVALS)
        assert (run.ready <= run.start).all()
        assert (run.start <= run.end).all()

    def test_until_a_moment_the_past_is_the_same_and_the_rest_is_open(self):
        """Nothing known only later changes what happened before."""
        process = shop()
        until = MONDAY + np.timedelta64(500, "h")
        whole, part = (
            simulate(process, arrivals=SHOP_ARRIVALS, replications=1, calendar=CALENDAR, until=u).runs[0]
            for u in (None, until)
        )
        limit = (until - whole.origin.astype("datetime64[us]")) / HOUR
        ended = whole.end <= limit
        assert 0 < ended.sum() < len(ended)
        for name in ("node", "ready", "start", "end", "who"):
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[ended])

    def test_nobody_has_more_in_hand_than_places_nor_starts_off_duty(self):
        run = simulate(shop(), arrivals=SHOP_ARRIVALS, replications=1, calendar=CALENDAR).runs[0]
        days = Timeline(run.origin, Timeline.spanning(MONDAY, MONDAY + 20_000 * HOUR, CALENDAR).classes)
        for who in np.unique(run.who):
            own = np.flatnonzero(run.who == who)
            own = own[np.lexsort((run.end[own], run.start[own]))]
            assert (run.start[own][1:] >= run.end[own][:-1]).all()
        closed = [
            t
            for t, node in zip(run.start, run.node, strict=True)
            if node != 2 and not _kernels.on_duty(OFFICE.within()[None], days.classes, 0, t)
        ]
        assert closed == []

    def test_area_under_work_in_progress_is_total_time_in_system(self):
        """Little's law on a finite run is an identity (Little 1961)."""
        run = simulate(shop(), arrivals=SHOP_ARRIVALS, replications=1, calendar=CALENDAR).runs[0]
        arrived = np.minimum.reduceat(run.ready, run.case_ptr[:-1])
        left = np.maximum.reduceat(run.end, run.case_ptr[:-1])
        moments = np.sort(np.r_[arrived, left])
        inside = np.searchsorted(np.sort(arrived), moments[:-1], "right") - np.searchsorted(
            np.sort(left), moments[:-1], "right"
        )
        assert inside.min() >= 0
        assert (inside * np.diff(moments)).sum() == pytest.approx((left - arrived).sum())

    def test_what_belongs_to_a_step_that_has_not_ended_is_left_out(self):
        """Work from hour 0 to 10, seen at hour 5: the step is not in the log, so its material is not either."""
        process = line(Station("a", constant(1.0)), Station("b", constant(10.0)), has_materials=True)
        branch = process.templates[0].branches[0]
        uses = tuple(MaterialUse(k, None, f"M{k}", "applicant", True) for k in range(2))
        process = replaced_branch(process, branch, materials=uses)
        seen = simulate(process, arrivals=at(0.0), replications=1, calendar=CALENDAR, until=MONDAY + 5 * HOUR).runs[0]
        assert seen.node.tolist() == [0]
        assert seen.materials["canonical_id"].tolist() == ["M0"]


def replaced_branch(process, branch, **changes):
    return replace(process, templates=(replace(process.templates[0], branches=(replace(branch, **changes),)),))


class TestWorkedExamples:
    def test_work_stops_when_the_office_closes(self):
        """9-12 and 13-17: three hours of work begun at 16:00 end at 11:00 the next day; what comes at night starts at 9."""
        process = line(Station("desk", constant(3.0), servers=5, calendar=OFFICE))
        run = simulate(process, arrivals=at(16.0, 44.0), replications=1, calendar=CALENDAR).runs[0]
        assert (run.start - 24.0).tolist() == [16.0, 57.0]
        assert (run.end - 24.0).tolist() == [35.0, 60.0]

    def test_who_ends_at_closing_time_begins_nothing_more(self):
        """Two files of 3 h at 9:00: the first ends at 12:00, the second waits for 13:00."""
        process = line(Station("desk", constant(3.0), calendar=OFFICE))
        run = simulate(process, arrivals=at(9.0, 9.0), replications=1, calendar=CALENDAR).runs[0]
        assert (run.start - 24.0).tolist() == [9.0, 13.0]
        assert (run.end - 24.0).tolist() == [12.0, 16.0]

    def test_a_step_waits_for_all_it_follows(self):
        """Split into 2 h and 5 h, join: ready at 5; the delay of 1 h follows."""
        join = Station("join", None, servers=0, delay=constant(1.0))
        process = network(
            [Station("a", constant(2.0)), Station("b", constant(5.0)), join], [Path((("a", ()), ("b", ()), ("join", (0, 1))))]
        )  # fmt: skip
        run = simulate(process, arrivals=at(10.0), replications=1, calendar=CALENDAR).runs[0]
        assert (run.start[run.node == 2] - 24.0).tolist() == [16.0]

    @pytest.mark.parametrize("rule", ["fifo", "priority", "deadline"])
    def test_ties_are_served_as_they_became_ready_whatever_the_rule_of_others(self, rule):
        """The desk is busy to 5:00; ``late`` has been due at 4:00 since 0:00, and the second file only becomes ready then."""
        stations = [
            Station("desk", constant(5.0)),
            Station("before", constant(4.0), servers=0),
            Station("late", constant(5.0), delay=constant(4.0)),
            Station("elsewhere", constant(1.0), discipline=rule),
        ]
        process = network(stations, [Path((("desk", ()), ("before", ()), ("desk", (1,)), ("late", ())))])
        nodes = list(process.nodes)
        nodes[2] = replace(nodes[2], performers=nodes[0].performers)
        process = replace(process, nodes=tuple(nodes))
        run = simulate(process, arrivals=at(0.0), replications=1, calendar=CALENDAR).runs[0]
        served = [(int(n), s - 24.0) for n, s in zip(run.node, run.start, strict=True) if n != 1]
        assert served == [(0, 0.0), (2, 5.0), (0, 10.0)]

    def test_who_arrives_comes_before_what_only_then_becomes_ready(self):
        """At 1:00 the desk is free: the case that arrives now is served before the paper of the other, complete now."""
        stations = [Station("desk", constant(1.0)), Station("paper", None, servers=0, delay=constant(1.0))]
        process = network(stations, [Path((("paper", ()), ("desk", (0,)), ("desk", ())))])
        run = simulate(process, arrivals=at(0.0, 1.0), replications=1, calendar=CALENDAR).runs[0]
        desk = (run.start - 24.0).reshape(2, 3), run.node.reshape(2, 3) == 0
        assert [row[own].tolist() for row, own in zip(*desk, strict=True)] == [[0.0, 2.0], [1.0, 3.0]]

    def test_one_who_gets_free_serves_first_what_waited_first_in_any_of_his_queues(self):
        """One clerk, two queues: the first case's paper is complete at 2:00, the second case is there at 1:00."""
        stations = [
            Station("desk", constant(5.0)),
            Station("paper", None, servers=0, delay=constant(2.0)),
            Station("other", constant(5.0)),
        ]
        process = network(stations, [Path((("paper", ()), ("other", (0,)), ("desk", ())))])
        nodes = list(process.nodes)
        nodes[2] = replace(nodes[2], performers=(replace(nodes[0].performers[0], weight=2.0),))
        process = replace(process, nodes=tuple(nodes))
        run = simulate(process, arrivals=at(0.0, 1.0), replications=1, calendar=CALENDAR).runs[0]
        case = np.repeat([0, 1], 3)
        served = [
            (int(c), int(n), s - 24.0) for c, n, s in zip(case, run.node, run.start, strict=True) if n != 1
        ]  # fmt: skip
        assert sorted(served, key=lambda row: row[2]) == [(0, 0, 0.0), (1, 0, 5.0), (0, 2, 10.0), (1, 2, 15.0)]

    def test_coming_on_duty_one_serves_first_what_came_first_in_any_of_his_queues(self):
        """One clerk has two queues. X waits in the first from 20:00, behind B; Y in the second from 21:00.

        A colleague, who serves only the first, comes at 8:00 and takes B. At 9:00 the clerk takes X.
        """
        early = weekly({day: [(8, 17)] for day in range(5)})
        stations = [Station("one", constant(5.0), calendar=OFFICE), Station("two", constant(5.0), calendar=early)]
        process = network(stations, [Path(("one",))])
        both = replace(process.nodes[0], performers=(Performer(0, 1.0), Performer(1, 1.0)))
        mine = replace(process.nodes[0], activity="mine")
        step = process.templates[0].branches[0].steps[0]
        template = process.templates[0]
        templates = tuple(
            replace(template, branches=(replace(template.branches[0], steps=(replace(step, node=node),)),))
            for node in (0, 1)
        )
        process = replace(process, nodes=(both, mine), templates=templates)
        seen = set()
        for seed in range(40):
            run = simulate(process, arrivals=at(19, 20, 21), replications=1, seed=seed, calendar=CALENDAR).runs[0]
            ways = tuple(run.template.tolist())
            seen.add(ways)
            if ways == (0, 0, 1):
                assert (run.start - 48.0).tolist() == [8.0, 9.0, 15.0]
                assert run.who.tolist() == [1, 0, 0]
        assert (0, 0, 1) in seen


class TestReproducibility:
    def test_replications_and_threads_change_nothing(self, monkeypatch):
        process = shop()
        one = simulate(process, arrivals=SHOP_ARRIVALS, replications=1, seed=11, calendar=CALENDAR)
        many = simulate(process, arrivals=SHOP_ARRIVALS, replications=4, seed=11, calendar=CALENDAR)
        monkeypatch.setattr("os.cpu_count", lambda: 1)
        in_turn = simulate(process, arrivals=SHOP_ARRIVALS, replications=4, seed=11, calendar=CALENDAR)
        assert_same(one.runs[0], many.runs[0])
        for a, b in zip(many.runs, in_turn.runs, strict=True):
            assert_same(a, b)

    def test_replications_differ_and_so_do_seeds(self):
        process = shop()
        runs = simulate(process, arrivals=SHOP_ARRIVALS, replications=3, seed=1, calendar=CALENDAR).runs
        other = simulate(process, arrivals=SHOP_ARRIVALS, replications=1, seed=2, calendar=CALENDAR).runs
        ends = {r.end.tobytes() for r in (*runs, *other)}
        assert len(ends) == 4

    def test_a_scenario_without_measures_is_the_office_as_it_is(self):
        process = shop()
        assert Scenario("x").apply(process) is process

    def test_cases_that_do_not_pass_what_changes_stay_as_they_are(self):
        """Common random numbers, where nothing queues: only the changed step of the cases that have it differs."""

        def built(hours):
            stations = [
                Station("in", exponential(1.0), servers=0, delay=exponential(1.0)),
                Station("old", exponential(hours), servers=0),
                Station("new", exponential(2.0), servers=0),
                Station("out", exponential(1.0), servers=0, delay=exponential(3.0)),
            ]
            return network(stations, [Path(("in", "old", "out")), Path(("in", "new", "out"))])

        slow, quick = (
            simulate(built(h), arrivals=SHOP_ARRIVALS, replications=1, calendar=CALENDAR).runs[0] for h in (4.0, 1.0)
        )
        np.testing.assert_array_equal(slow.template, quick.template)
        passes = np.repeat(slow.template == 0, 3)
        assert 0 < passes.sum() < len(passes)
        for name in ("ready", "start", "end"):
            np.testing.assert_array_equal(getattr(slow, name)[~passes], getattr(quick, name)[~passes])
        old = slow.node == 1
        np.testing.assert_allclose(
            (slow.end - slow.start)[old], 4.0 * (quick.end - quick.start)[old], rtol=0.03, atol=1e-6
        )
        out = passes & (slow.node == 3)
        np.testing.assert_allclose((slow.end - slow.start)[out], (quick.end - quick.start)[out], atol=1e-6)


class TestStopping:
    def test_progress_rises_to_the_total(self):
        said = []
        simulate(
            shop(), arrivals=SHOP_ARRIVALS, replications=2, calendar=CALENDAR, progress=lambda done, total: said.append((done, total))
        )  # fmt: skip
        assert said[-1] == (800, 800)
        assert said == sorted(said)

    def test_an_interrupt_in_progress_stops_all_replications(self):
        """60 replications of 200 000 cases would take many seconds."""
        process, arrivals = (
            fork_join(Station("a", exponential(0.5)), Station("b", exponential(0.5))),
            at(*range(200_000)),
        )

        def stop(done, total):
            raise KeyboardInterrupt

        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            simulate(process, arrivals=arrivals, replications=60, calendar=CALENDAR, progress=stop)
        assert time.monotonic() - begun < 3.0


class TestWorkInProgress:
    """One case has done the first of two steps from 5:00 to 6:00; the log ends at 10:00."""

    def process(self, delay, case_id="open"):
        stations = [Station("first", constant(1.0)), Station("second", constant(1.0), servers=9, delay=delay)]
        done = ((0, *at(5.0, 6.0)),)
        return line(*stations, open_cases=(OpenCase(at(5.0)[0], at(6.0)[0], done, ((0, 0),), case_id),))

    def runs(self, delay, **options):
        return simulate(
            self.process(delay), arrivals=at(10.0), work_in_progress=True, calendar=CALENDAR, **options
        )  # fmt: skip

    def test_only_what_is_left_is_done(self):
        run = self.runs(constant(6.0), replications=1).runs[0]
        assert run.open_case.tolist() == [0, -1]
        assert run.node.tolist() == [1, 0, 1]
        assert (run.start - 24.0).tolist() == [12.0, 10.0, 17.0]

    def test_what_should_have_come_to_pass_comes_now(self):
        run = self.runs(constant(2.0), replications=1).runs[0]
        assert run.start[0] - 24.0 == pytest.approx(10.0, abs=1e-6)

    def test_the_rest_of_a_delay_is_longer_than_has_been_waited(self):
        """Uniform from 0 to 8 h, 4 h of it gone by: what is left is uniform from 0 to 4 h."""
        runs = self.runs(family("uniform", low=0.0, high=8.0), replications=400).runs
        left = np.array([r.start[0] for r in runs]) - 24.0 - 10.0
        assert stats.kstest(left, "uniform", args=(0.0, 4.0)).pvalue > 0.001

    def test_the_log_knows_what_was_done_before(self):
        log = self.runs(constant(6.0), replications=1)[0]
        frame = log.to_pandas()
        own = frame[frame["case_id"] == "open"]
        assert own["activity"].tolist() == ["first", "second"]
        assert own["start"].to_numpy().tolist() == at(5.0, 12.0).tolist()
