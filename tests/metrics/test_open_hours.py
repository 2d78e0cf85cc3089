"""The hours of an office, from the starts in its log."""

import numpy as np
import pandas as pd

import flowaudit as fa
from flowaudit.eventlog import from_frame
from flowaudit.metrics import open_hours, workload


def office(spans, n=2000, seed=1, **columns):
    """``n`` starts, evenly over the spans of working days."""
    rng = np.random.default_rng(seed)
    minutes = np.concatenate([np.arange(a * 60, b * 60) for a, b in spans])
    days = pd.bdate_range("2024-03-04", periods=60)
    start = pd.DatetimeIndex(rng.choice(days, n)) + pd.to_timedelta(rng.choice(minutes, n), unit="min")
    frame = pd.DataFrame(
        {
            "case_id": np.arange(n).astype(str),
            "activity": "审查",
            "department": "甲局",
            "start": start,
            "end": start + pd.Timedelta(minutes=10),
        }
    )
    return from_frame(frame.assign(**columns))


def test_the_lunch_break_is_found():
    assert open_hours(office([(9, 11.5), (13.5, 17)])).spans == (("09:00", "11:30"), ("13:30", "17:00"))


def test_a_few_odd_starts_do_not_open_the_night():
    frame = office([(9, 12), (13, 17)]).to_pandas()
    odd = frame.head(5).assign(
        case_id=["x1", "x2", "x3", "x4", "x5"],
        start=pd.Timestamp("2024-03-05 22:10"),
        end=pd.Timestamp("2024-03-05 22:20"),
    )
    both = from_frame(pd.concat([frame, odd])[["case_id", "activity", "department", "start", "end"]])
    assert open_hours(both).spans == (("09:00", "12:00"), ("13:00", "17:00"))


def test_few_starts_or_none_show_nothing():
    assert open_hours(office([(9, 12)], n=199)) is None
    assert open_hours(from_frame(office([(9, 12)]).to_pandas()[["case_id", "activity", "end"]])) is None


def test_a_schedule_is_not_the_hours_of_an_office():
    """Work of two hours that always begins at nine or at one: the office is not closed at ten."""
    day = pd.bdate_range("2024-03-04", periods=200)
    start = (day + pd.Timedelta(hours=9)).append(day + pd.Timedelta(hours=13))
    frame = pd.DataFrame({"case_id": "1", "activity": "审查", "start": start, "end": start + pd.Timedelta(hours=2)})
    assert open_hours(from_frame(frame)) is None


def test_replications_are_looked_at_together():
    halves = [office([(9, 11.5), (13.5, 17)], n=150, seed=seed) for seed in (1, 2)]
    assert open_hours(halves[0]) is None
    assert open_hours(*halves).spans == (("09:00", "11:30"), ("13:30", "17:00"))


def test_the_samples_are_open_as_they_were_made():
    assert open_hours(fa.load_sample("restaurant")).spans == (("09:00", "11:30"), ("13:30", "17:00"))


def test_work_that_runs_over_the_break_does_not_count_the_break():
    frame = pd.DataFrame({
        "case_id": ["1"], "activity": "审查", "department": "甲局", "start": pd.to_datetime(["2024-03-05 11:20"]),
        "end": pd.to_datetime(["2024-03-05 13:40"]),
    })  # fmt: skip
    hours = open_hours(office([(9, 11.5), (13.5, 17)]))
    assert workload(from_frame(frame), office=hours).hours.tolist() == [20 / 60]
