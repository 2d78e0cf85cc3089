"""Batches: worked examples on paper, habits counted one by one, and none where an officer only serves a queue."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from small_logs import logs

from flowaudit.eventlog import from_frame
from flowaudit.flow import enablement, find_batches, habits
from flowaudit.flow.batches import KINDS, TRIGGERS, busy_spans, on_duty
from flowaudit.worktime import Calendar, OfficeHours, mine_calendars

WEEKDAYS = Calendar.weekdays()
MONDAY = pd.Timestamp("2024-03-04")
HOUR = 3_600_000_000


def office_hours(first, last):
    """Duty in office hours for everybody: what is mined from dates without a time of day."""
    days = np.array([MONDAY], "datetime64[us]") + np.arange(5) * np.timedelta64(1, "D")
    nobody = np.zeros(5, np.int64)
    mined = mine_calendars(nobody, nobody, days, days, calendar=WEEKDAYS).spanning(first, last, WEEKDAYS)
    return mined.tables(OfficeHours(), WEEKDAYS)


def batches(log):
    stamps = np.concatenate([log.stamps("start"), log.stamps("end")])
    duty = office_hours(np.nanmin(stamps), np.nanmax(stamps))
    return find_batches(log, duty, np.zeros(len(log.events), np.int64))


def moment(day, clock):
    """A working day counted from a Monday, and the time of day."""
    return MONDAY + pd.Timedelta(days=day // 5 * 7 + day % 5) + pd.Timedelta(f"{clock}:00")


def log_of(*work):
    """Each: case, when it was handed over (day, clock), officer, start, end; ``check`` follows ``in``, by somebody else."""
    rows = []
    for case, ready, who, start, end in work:
        ready, start, end = (m if isinstance(m, pd.Timestamp) else moment(*m) for m in (ready, start, end))
        rows.append((case, "in", f"z{case}", ready, ready))
        rows.append((case, "check", who, start, end))
    return from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"]))


def members(log, found):
    """Cases of each batch."""
    ids = np.array(log.case_ids)[log.case_index]
    return [sorted(ids[found.number == b].tolist()) for b in range(len(found))]


def told(found):
    return {(KINDS[k], TRIGGERS[t]) for k, t in zip(found.kind, found.trigger, strict=True)}


def together(days=4):
    """Three cases of a day, handed over at 9, 10 and 11, decided together on working day 1, 2, ... at 14:00 for an hour."""
    return [
        (f"d{day}-{k}", (day, f"{9 + k:02}:00"), "boss", (day, "14:00"), (day, "15:00"))
        for day in range(days)
        for k in range(3)
    ]


def test_taken_up_at_once():
    log = log_of(*together(6))
    found = batches(log)
    assert members(log, found) == [[f"d{day}-{k}" for k in range(3)] for day in range(6)]
    assert told(found) == {("simultaneous", "schedule")}
    assert found.size.tolist() == [3] * 6
    checks = found.number >= 0
    assert checks.sum() == 18
    # released when the last one came in
    assert set(found.released[checks].tolist()) == {moment(day, "11:00").to_pydatetime() for day in range(6)}
    assert np.isnat(found.released[~checks]).all()


def test_two_times_may_be_chance():
    assert len(batches(log_of(*together(2)))) == 0
    assert len(batches(log_of(*together(3)))) == 3


def by_size(runs=6):
    """Four cases come in over a morning; with the fourth the officer begins and works them off, ten minutes each."""
    work = []
    for day in range(runs):
        hours = ["09:00", "09:40", "10:20", f"{10 + day % 2:02}:50"]
        begin = moment(day, hours[-1])
        for k, clock in enumerate(hours):
            at = begin + pd.Timedelta(minutes=10 * k)
            work.append((f"d{day}-{k}", (day, clock), "x", at, at + pd.Timedelta(minutes=10)))
    return work


def test_begun_when_the_last_one_came_in():
    log = log_of(*by_size())
    found = batches(log)
    assert members(log, found) == [[f"d{day}-{k}" for k in range(4)] for day in range(6)]
    assert told(found) == {("sequential", "size")}


def test_something_else_made_them_wait():
    """Begun at some time after the last came in, each day another: a delay from outside, not a batch of a size or an hour."""
    work = []
    for day, minutes in enumerate([35, 100, 250, 60, 150, 300]):
        for k, clock in enumerate(["09:00", "09:20", "09:40", "10:00"]):
            at = moment(day, "10:00") + pd.Timedelta(minutes=minutes + 10 * k)
            work.append((f"d{day}-{k}", (day, clock), "x", at, at + pd.Timedelta(minutes=10)))
    assert len(batches(log_of(*work))) == 0


@pytest.mark.parametrize(("at_two", "expected"), [(6, 0), (8, 10)])
def test_from_three_quarters_of_the_runs_on_it_is_a_schedule(at_two, expected):
    """Ten days; on so many of them the three of the morning are taken up at 14:00, on the others at some other hour.

    Where at least half of the runs are batches, so are the others, before which the officer was idle as well.
    """
    work = []
    for day in range(10):
        begin = moment(day, "14:00" if day < at_two else ["11:30", "15:10", "16:05", "10:45"][day - 6])
        for k in range(3):
            at = begin + pd.Timedelta(minutes=10 * k)
            work.append((f"d{day}-{k}", (day, f"09:{20 * k:02}"), "x", at, at + pd.Timedelta(minutes=10)))
    found = batches(log_of(*work))
    assert len(found) == expected
    assert [TRIGGERS[t] for t in found.trigger] == ["schedule"] * min(at_two, expected) + ["unknown"] * (expected and 2)


def test_the_first_one_taken_up_cannot_have_been_waited_for():
    """Last in, first out: the case that came last is served at once, and then the older ones."""
    work = []
    for day in range(6):
        clocks = ["10:50", "09:00", "09:40", "10:20"]
        for k, clock in enumerate(clocks):
            at = moment(day, f"{10 + day % 2:02}:50") + pd.Timedelta(minutes=10 * k)
            ready = at if k == 0 else moment(day, clock)
            work.append((f"d{day}-{k}", ready, "x", at, at + pd.Timedelta(minutes=10)))
    assert len(batches(log_of(*work))) == 0


@pytest.mark.parametrize("pause", [0, 3])
def test_a_busy_officer_who_takes_the_next_from_the_queue(pause):
    """The four of each morning come while the officer is busy, until the last is there or minutes before: a queue."""
    busy = []
    for day in range(6):
        until = moment(day, f"{10 + day % 2:02}:50") - pd.Timedelta(minutes=pause)
        busy.append((f"b{day}", (day, "09:00"), "x", (day, "09:00"), until))
    other = log_of(*busy).to_pandas().astype(object)
    other["activity"] = other["activity"].replace("check", "other")
    frame = pd.concat([log_of(*by_size()).to_pandas().astype(object), other]).astype(
        {"start": "datetime64[us]", "end": "datetime64[us]"}
    )
    assert len(batches(from_frame(frame))) == 0


def test_ones_own_work_as_the_trigger():
    """The officer drafts four papers, with half an hour of rest after two, and then signs all four: no size was waited for."""
    rows = []
    for day in range(8):
        begin = moment(day, f"{9 + day % 3:02}:00")
        for k in range(4):
            at = begin + pd.Timedelta(minutes=15 * k + 30 * (k > 1))
            rows.append((f"d{day}-{k}", "draft", "x", at, at + pd.Timedelta(minutes=15)))
        for k in range(4):
            at = begin + pd.Timedelta(minutes=90 + 5 * k)
            rows.append((f"d{day}-{k}", "sign", "x", at, at + pd.Timedelta(minutes=5)))
    log = from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"]))
    assert len(batches(log)) == 0


def test_what_came_over_night_is_no_batch():
    """Handed over at 20, 21 and 22 o'clock, worked off from nine on, when the office opens."""
    work = []
    for day in range(8):
        for k in range(3):
            at = moment(day + 1, "09:00") + pd.Timedelta(minutes=10 * k)
            work.append((f"d{day}-{k}", (day, f"{20 + k}:00"), "x", at, at + pd.Timedelta(minutes=10)))
    assert len(batches(log_of(*work))) == 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("load", [0.6, 0.9])
def test_a_queue_served_in_order_gives_none(seed, load):
    """Exponential arrivals in office hours, exponential work, one officer, first come first served."""
    rng = np.random.default_rng([seed, int(100 * load)])
    n = 600
    arrival = np.cumsum(rng.exponential(30, n))
    length = rng.exponential(30 * load, n)
    free, rows = 0.0, []
    for k in range(n):
        start = max(arrival[k], free)
        free = start + length[k]
        rows.append((k, arrival[k], start, free))
    minutes = np.array(rows)[:, 1:]
    # minutes of work put on the clock: 180 before the break, 240 after it
    day, rest = np.divmod(minutes, 420)
    clock = np.where(rest < 180, 540 + rest, 600 + rest)
    stamps = MONDAY.to_datetime64() + ((day // 5 * 7 + day % 5) * 1440 + clock).astype("timedelta64[m]")
    work = [(f"c{k}", *(pd.Timestamp(s) for s in stamps[k, :1]), "x", *(pd.Timestamp(s) for s in stamps[k, 1:])) for k in range(n)]  # fmt: skip
    found = batches(log_of(*work))
    assert len(found) == 0


def test_no_starts_no_resources_no_batches():
    frame = log_of(*together()).to_pandas()
    for column in ("start", "resource"):
        log = from_frame(frame.drop(columns=column))
        n = len(log.events)
        found = find_batches(log, office_hours(MONDAY, MONDAY), np.zeros(n, np.int64))
        assert len(found) == 0
        assert (found.number == -1).all()
        assert np.isnat(found.released).all()
        assert [h.tolist() for h in habits(log)] == [
            [0] * (0 if column == "resource" else frame["resource"].nunique())
        ] * 3


def test_machines_make_no_batches():
    """Forty times four rows without length: a machine."""
    work = [
        (f"d{day}-{k}", (day, f"{9 + k:02}:00"), "robot", (day, "14:00"), (day, "14:00"))
        for day in range(10)
        for k in range(4)
    ]
    assert len(batches(log_of(*work))) == 0


# -- habits --------------------------------------------------------------------------------------------------------------


def test_habits_on_paper():
    """Each day three cases together from 14 to 15 o'clock; a fourth comes at 14:30 and is left for tomorrow's meeting."""
    work = together(6)
    work += [(f"l{day}", (day, "14:30"), "boss", (day + 1, "14:00"), (day + 1, "15:00")) for day in range(5)]
    log = log_of(*work)
    arrived, left, begun_together = habits(log)
    boss = log.labels("resource").index("boss")
    assert (arrived[boss], left[boss], begun_together[boss]) == (5, 5, 23)
    assert arrived.sum() == 5
    assert left.sum() == 5
    assert begun_together.sum() == 23


def test_who_goes_on_with_what_came_meanwhile_leaves_nothing():
    """Three cases one after the other from 14:00 to 14:30; a fourth comes at 14:10 and is begun ten minutes after them."""
    work = []
    for day in range(6):
        for k in range(4):
            at = moment(day, "14:00") + pd.Timedelta(minutes=10 * k + 10 * (k == 3))
            ready = (day, f"{9 + k:02}:00") if k < 3 else (day, "14:10")
            work.append((f"d{day}-{k}", ready, "x", at, at + pd.Timedelta(minutes=10)))
    log = log_of(*work)
    x = log.labels("resource").index("x")
    arrived, left, begun_together = (h[x] for h in habits(log))
    assert (arrived, left, begun_together) == (6, 0, 0)


def runs_by_definition(log):
    """Runs without duty hours, each as a list of rows: enabled by the first one's start, no gap in between."""
    found = enablement(log)
    start, end, enabled = log.stamps("start"), log.stamps("end"), found.enabled
    resource, activity = log.codes("resource")[0], log.codes("activity")[0]
    rows = [r for r in range(len(start)) if resource[r] >= 0 and not np.isnat(start[r]) and end[r] >= start[r]]
    rows.sort(key=lambda r: (resource[r], activity[r], start[r], end[r]))
    runs = []
    for _pair, own in itertools.groupby(rows, key=lambda r: (resource[r], activity[r])):
        run = []
        for r in own:
            if run and enabled[r] <= start[run[0]] and start[r] <= max(end[m] for m in run):
                run.append(r)
            else:
                runs.append(run)
                run = [r]
        runs.append(run)
    return [run for run in runs if len(run) > 1]


@given(logs(starts=True, activities="AB"))
def test_habits_are_those_of_the_definition(log):
    frame = log.to_pandas()
    frame["resource"] = ["x" if i % 3 else "y" for i in range(len(frame))]
    log = from_frame(frame)
    start, end, enabled = log.stamps("start"), log.stamps("end"), enablement(log).enabled
    resource, activity = log.codes("resource")[0], log.codes("activity")[0]
    runs = runs_by_definition(log)
    n = len(log.labels("resource"))
    arrived, left, together_ = (np.zeros(n, int) for _i in range(3))
    for r in range(len(start)):
        if np.isnat(start[r]) or end[r] < start[r]:
            continue
        own = [m for m in runs if (resource[m[0]], activity[m[0]]) == (resource[r], activity[r])]
        before = [m for m in own if start[m[0]] <= enabled[r]]
        if not before:
            continue
        last = max(before, key=lambda m: start[m[0]])
        close = max(end[m] for m in last)
        if start[last[0]] < enabled[r] < close and r not in last:
            arrived[resource[r]] += 1
            left[resource[r]] += bool(start[r] > close + np.timedelta64(15, "m"))
    for run in runs:
        if len({start[m] for m in run}) == 1 and max(end[m] for m in run) > start[run[0]]:
            together_[resource[run[0]]] += len(run)
    assert [h.tolist() for h in habits(log)] == [arrived.tolist(), left.tolist(), together_.tolist()]


# -- the axes ------------------------------------------------------------------------------------------------------------


def test_hours_on_duty_on_paper():
    """Monday 10:00 to Tuesday 14:00: 2 + 4 hours on Monday, 3 + 1 on Tuesday."""
    duty = office_hours(MONDAY, MONDAY + pd.Timedelta(days=4))
    a, b = (np.array([m], "datetime64[us]").astype(np.int64) for m in (moment(0, "10:00"), moment(1, "14:00")))
    none = np.zeros(1, np.int64)
    assert (on_duty(duty, none, b) - on_duty(duty, none, a)).tolist() == [10 * HOUR]


@given(logs(starts=True))
def test_busy_spans_cover_every_moment_of_work_and_no_other(log):
    start, end = log.stamps("start"), log.stamps("end")
    rows = np.flatnonzero(~np.isnat(start))
    resource = rows % 2
    begun, ended = start[rows].astype(np.int64), end[rows].astype(np.int64)
    who, low, high = busy_spans(resource, begun, ended, 2)
    assert (high > low).all()
    same = who[1:] == who[:-1]
    assert (low[1:][same] > high[:-1][same]).all()
    for r in (0, 1):
        own = resource == r
        hours = {h for s, e in zip(begun[own], ended[own], strict=True) for h in range(s // HOUR, e // HOUR)}
        spans = who == r
        assert hours == {h for s, e in zip(low[spans], high[spans], strict=True) for h in range(s // HOUR, e // HOUR)}
