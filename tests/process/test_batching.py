"""Meetings and releases at set times of the week are seen, and come back in the simulation; chance is not taken for one."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.eventlog import from_frame
from flowaudit.process import fit_process
from flowaudit.process.batching import find_gate
from flowaudit.simulation import simulate
from flowaudit.worktime import MAKE_UP, load_calendar

CALENDAR = load_calendar("weekdays")
MONDAY = np.datetime64("2024-03-04T00:00", "us")
HOUR = np.timedelta64(3_600_000_000, "us")
MINUTE = np.timedelta64(60_000_000, "us")
THURSDAY, HALF_PAST_TWO = 3, 29


def at(week, weekday, hour, minutes=0.0):
    return MONDAY + (week * 7 + weekday) * 24 * HOUR + int(hour * 60) * MINUTE + int(minutes * 60) * MINUTE // 60


def meetings(weeks=30, together=6, seed=1):
    """Thursdays at half past two: so many cases at the same minute, one after the other."""
    rng = np.random.default_rng(seed)
    return np.array([at(w, THURSDAY, 14.5, rng.integers(0, 3) * 5) for w in range(weeks) for _k in range(together)])


def cells(gate):
    return {(int(d), int(s)) for d, s in np.argwhere(gate.rates > 0)}


def test_a_weekly_meeting():
    assert cells(find_gate(meetings())) == {(THURSDAY, HALF_PAST_TWO)}


def test_a_daily_release_also_on_make_up_days():
    starts = np.array([at(w, d, 16) for w in range(10) for d in range(5) for _k in range(4)])
    assert cells(find_gate(starts)) == {(d, 32) for d in (*range(5), MAKE_UP)}


def test_a_meeting_that_was_moved_now_and_then_is_still_one():
    """Once to a Monday, at ten; 2 of 182 starts."""
    moved = [at(4, 0, 10) for _k in range(2)]
    assert cells(find_gate(np.r_[meetings(), np.array(moved)])) == {(THURSDAY, HALF_PAST_TWO)}


def office_hours(n=600, seed=2):
    """Starts anywhere between nine and five."""
    rng = np.random.default_rng(seed)
    return np.array([at(rng.integers(0, 30), rng.integers(0, 5), 9 + 8 * rng.random()) for _k in range(n)])


NO_RULE = {
    "random starts": office_hours(),
    "one officer who works on Thursday afternoons": np.array(
        [at(w, THURSDAY, 14.5, k * 3.7 + 0.1 * w) for w in range(30) for k in range(6)]
    ),
    "dates only": np.array([at(w, d, 0) for w in range(20) for d in range(5) for _k in range(5)]),
    "a meeting among other work": np.r_[meetings(), office_hours(60)],
    "two times a day": np.array(
        [at(w, d, h) for w in range(10) for d in range(5) for h in (10, 16) for _k in range(4)]
    ),
    "every day of the week": np.array([at(w, d, 16) for w in range(10) for d in range(7) for _k in range(4)]),
    "too few starts": np.array([at(w, THURSDAY, 14.5) for w in range(13) for _k in range(3)]),
    "too few dates": meetings(weeks=7, together=10),
    "none": np.zeros(0, "datetime64[us]"),
}


@pytest.mark.parametrize("name", NO_RULE)
def test_no_rule(name):
    assert find_gate(NO_RULE[name]) is None


def test_missing_starts_say_nothing():
    assert find_gate(np.r_[meetings(), np.full(40, np.datetime64("NaT", "us"))]) == find_gate(meetings())


@pytest.mark.parametrize("seed", range(5))
def test_chance_is_no_rule_at_any_size(seed):
    rng = np.random.default_rng(seed)
    assert find_gate(office_hours(int(rng.integers(40, 4000)), seed)) is None


def released(next_release, seed=3, n=600, weeks=40):
    """Applications at any hour of the office, let go together, posted within two hours."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        applied = at(rng.integers(0, weeks), rng.integers(0, 5), 9 + 8 * rng.random())
        met = next_release(applied)
        posted = met + int(rng.uniform(15, 120)) * MINUTE
        rows += [
            (str(i), "apply", applied, applied + 10 * MINUTE),
            (str(i), "meet", met, met + 10 * MINUTE),
            (str(i), "post", posted, posted),
        ]
    return from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "start", "end"]))


def weekly(applied):
    ready = applied + 10 * MINUTE
    week = (ready - MONDAY) // (7 * 24 * HOUR)
    return next(m for m in (at(w, THURSDAY, 14.5) for w in (week, week + 1)) if m >= ready)


def daily(applied):
    ready = applied + 10 * MINUTE
    day = (ready - MONDAY) // (24 * HOUR)
    slots = (at(0, d, 16) for d in range(day, day + 5) if d % 7 < 5)
    return next(m for m in slots if m >= ready)


@pytest.mark.parametrize(
    ("rule", "slots"), [(weekly, {(THURSDAY, HALF_PAST_TWO)}), (daily, {(d, 32) for d in range(5)})]
)
def test_batches_come_back_in_the_simulation(rule, slots):
    """Starts at the slots only, and the wait for them is the observed one."""
    log = released(rule)
    process = fit_process(log, calendar=CALENDAR)
    (node,) = (n for n in process.nodes if n.batch is not None)
    assert (node.activity, node.batch.kind) == ("meet", "slots")
    assert {(d, s) for d, s in cells(process.gates[node.batch.gate]) if d < 7} == slots
    assert "handled in batches: meet" in str(process)
    (run,) = simulate(process, replications=1, calendar=CALENDAR).runs
    meet = run.node == process.nodes.index(node)
    start = run.stamps(run.start[meet])
    day = start.astype("datetime64[D]")
    weekday = (day.astype(np.int64) + 3) % 7
    half_hour = ((start - day.astype("datetime64[us]")) // (30 * MINUTE)).astype(int)
    assert set(zip(weekday.tolist(), half_hour.tolist(), strict=True)) == slots
    assert (start == day + half_hour * 30 * MINUTE).all(), "let go at the beginning of the half hour"

    def waited(of):
        frame = of.to_pandas().sort_values(["case_id", "start"])
        ready = frame.groupby("case_id", observed=True)["end"].shift()
        return ((frame["start"] - ready)[frame["activity"] == "meet"] / pd.Timedelta("1h")).mean()

    assert waited(run.log) == pytest.approx(waited(log), rel=0.1)


def test_without_a_rule_nothing_is_collected():
    process = fit_process(released(lambda applied: applied + 20 * MINUTE), calendar=CALENDAR)
    assert all(n.batch is None for n in process.nodes)
    assert process.gates == ()
