"""Logs that say less than they seem to: what is missing stays missing, and what comes out is as long as what went in."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.eventlog import from_frame
from flowaudit.process import fit_process
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")


def mean_h(log):
    ends, ptr = log.stamps("end"), log.case_ptr[:-1]
    starts = log.stamps("start") if log.has("start") else ends
    starts = np.where(np.isnat(starts), ends, starts)
    return float(((np.maximum.reduceat(ends, ptr) - np.minimum.reduceat(starts, ptr)) / np.timedelta64(1, "h")).mean())


def fitted(log):
    return fit_process(log, calendar=CALENDAR)


def simulated(log, **options):
    runs = simulate(fitted(log), replications=5, calendar=CALENDAR, **options)
    return float(np.mean([mean_h(run) for run in runs]))


def office(n=600, officers=5, *, work_h=0.5, opens=9, closes=13, seed=1):
    """Two steps by whoever is free; half an hour of work, which is finished whatever the clock says."""
    rng = np.random.default_rng(seed)
    days = pd.bdate_range("2024-03-04", periods=60)
    rows = []
    for i in range(n):
        t = days[int(rng.integers(len(days)))] + pd.Timedelta(hours=opens + rng.uniform(0, closes - opens - 0.01))
        for name in ("A", "B"):
            end = t + pd.Timedelta(hours=work_h)
            rows.append((str(i), name, f"O{rng.integers(officers)}", t, end))
            t = end + pd.Timedelta(hours=0.5)
            if t.hour + t.minute / 60 >= closes:
                t = t.normalize() + pd.offsets.BDay(1) + pd.Timedelta(hours=opens)
    return pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"])


def test_work_that_is_finished_after_closing_time_is_not_put_off_to_the_next_day():
    log = from_frame(office())
    process = fitted(log)
    assert min(n.runs_on for n in process.nodes) > 0.8
    assert simulated(log) == pytest.approx(mean_h(log), rel=0.2)
    run = simulate(process, replications=1, calendar=CALENDAR)[0]
    worked = (run.stamps("end") - run.stamps("start")) / np.timedelta64(1, "h")
    assert worked.mean() == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("with_start", [False, True])
def test_dates_without_hours_are_as_many_days_apart_as_in_the_log(with_start):
    days = pd.bdate_range("2024-01-01", periods=120)
    rows = [(str(i), a, days[i % 100 + k]) for i in range(200) for k, a in enumerate("ABC")]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "end"])
    if with_start:
        frame["start"] = frame["end"] - pd.offsets.BDay(1)
    process = fitted(from_frame(frame))
    assert process.date_only
    assert not process.identifiable.staffing
    run = simulate(process, replications=1, calendar=CALENDAR)[0]
    ends, ptr = run.stamps("end").astype("datetime64[D]"), run.case_ptr[:-1]
    apart = np.busday_count(np.minimum.reduceat(ends, ptr), np.maximum.reduceat(ends, ptr))
    assert apart.mean() == pytest.approx(2.0, abs=0.1)
    assert (run.stamps("end") == run.stamps("end").astype("datetime64[D]")).all()


def test_rows_without_a_start_are_not_rows_without_work():
    frame = office()
    known = fitted(from_frame(frame)).activity_table().set_index("activity")["work_h"]
    frame.loc[np.random.default_rng(3).random(len(frame)) < 0.5, "start"] = pd.NaT
    process = fitted(from_frame(frame))
    assert process.activity_table().set_index("activity")["work_h"]["A"] == pytest.approx(known["A"], rel=0.15)
    assert not process.identifiable.staffing
    assert "%" in process.identifiable.reason_en


def test_starts_that_mostly_repeat_the_end_say_nothing_and_lose_no_time():
    frame = office(work_h=40.0)
    repeat = np.random.default_rng(4).random(len(frame)) < 0.9
    frame.loc[repeat, "start"] = frame.loc[repeat, "end"]
    log = from_frame(frame)
    process = fitted(log)
    assert not process.identifiable.work
    assert "differ from the end" in process.identifiable.reason_en
    ends_only = from_frame(frame.drop(columns="start"))
    assert simulated(log) == pytest.approx(simulated(ends_only), rel=0.1)


def test_many_officers_who_share_alike_are_one_pool():
    assert [p.resources for p in fitted(from_frame(office(n=1500, officers=25))).pools] == [25]


def test_overload_is_told_from_what_arrives():
    log = from_frame(office())
    process = fitted(log)
    assert simulate(process, start="2024-07-01", until="2024-07-20", replications=1, calendar=CALENDAR).overloaded.empty
    crowd = np.sort(
        np.datetime64("2024-07-01T09:00")
        + np.random.default_rng(5).integers(0, 14 * 1440, 6000).astype("timedelta64[m]")
    )
    assert len(simulate(process, arrivals=crowd, replications=1, calendar=CALENDAR).overloaded)


def test_arrivals_go_on_until_the_last_day():
    """More cases than the mean rate lets expect: a log that grows."""
    rng = np.random.default_rng(6)
    at = 700 * np.sqrt(rng.uniform(0, 1, 1500))
    rows = [(str(i), "A", pd.Timestamp("2022-01-03") + pd.Timedelta(days=t)) for i, t in enumerate(np.sort(at))]
    process = fitted(from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "end"])))
    run = simulate(process, start="2024-01-02", until="2026-01-01", replications=1, calendar=CALENDAR)[0]
    assert run.stamps("end").max() > np.datetime64("2025-12-20")


def test_what_has_no_end_teaches_nothing():
    frame = office()
    frame.loc[::7, "end"] = pd.NaT
    assert simulated(from_frame(frame)) > 0
