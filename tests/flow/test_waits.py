"""Exact quantiles without sorting everything: against NumPy, edge by edge."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flowaudit.flow._waits as module
from flowaudit.eventlog import from_frame
from flowaudit.flow import directly_follows, enabler_edges
from flowaudit.worktime import Calendar

MONDAY = np.datetime64("2024-03-04T09:00", "us")
WEEKDAYS = Calendar.weekdays()
HOUR = 3_600_000_000


def log_with_waits(waits, starts=False):
    """Cases of two events with these times between them, in microseconds; negative ones need starts."""
    n = len(waits)
    waits = np.asarray(waits, np.int64)
    first = MONDAY + np.timedelta64(1, "h") * (np.arange(n) % 50)
    second = first + waits * np.timedelta64(1, "us")
    frame = pd.DataFrame({"case_id": np.repeat(np.arange(n).astype(str), 2), "activity": ["A", "B"] * n})
    frame["end"] = np.stack([first, second], 1).ravel()
    if starts:
        frame["start"] = np.stack([first - np.timedelta64(30, "D"), second], 1).ravel()
        frame["end"] = np.maximum(frame["end"], frame["start"])
    return from_frame(frame)


values = st.one_of(
    st.integers(0, 3), st.integers(0, 100), st.integers(0, 10**7), st.integers(0, 4 * 10**14), st.just(86_400_000_000)
)


@settings(max_examples=60)
@given(st.lists(values, min_size=1, max_size=60), st.sampled_from([0, 10, 4096]))
def test_equals_numpy(waits, few):
    """With ``FEW`` at 0 every edge has a histogram; at 4096 none has."""
    before, module.FEW = module.FEW, few
    try:
        row = directly_follows(log_with_waits(waits), percentiles=(10, 90, 100)).iloc[0]
    finally:
        module.FEW = before
    for name, q in (("p10_h", 10), ("median_h", 50), ("p90_h", 90), ("p100_h", 100)):
        assert row[name] == pytest.approx(np.percentile(np.array(waits) / HOUR, q), rel=1e-12, abs=1e-15)
    assert row["mean_h"] == pytest.approx(np.mean(waits) / HOUR, rel=1e-12)


@pytest.mark.parametrize("kind", ["skewed", "ties", "zeros", "negative"])
def test_large_edges(kind):
    rng = np.random.default_rng(11)
    n = 3 * module.FEW
    waits = {
        "skewed": np.exp(rng.normal(22, 4, n)).astype(np.int64),
        "ties": rng.choice([0, HOUR, 24 * HOUR], n),
        "zeros": np.where(rng.random(n) < 0.9, 0, rng.integers(1, 10**12, n)),
        "negative": rng.integers(-(10**12), 10**12, n),
    }[kind]
    row = directly_follows(log_with_waits(waits, starts=kind == "negative"), percentiles=(5, 90)).iloc[0]
    assert row["frequency"] == n
    for name, q in (("p5_h", 5), ("median_h", 50), ("p90_h", 90)):
        assert row[name] == pytest.approx(np.percentile(waits / HOUR, q), rel=1e-12)


def test_working_time_equals_the_calendars(monkeypatch):
    """Every time between two events, measured one by one by the calendar."""
    monkeypatch.setattr(module, "FEW", 100)
    rng = np.random.default_rng(2)
    waits = np.r_[rng.integers(0, 40 * 24 * HOUR, 500), rng.integers(0, 10**7, 100)]
    log = log_with_waits(waits)
    end = log.stamps("end")
    hours = WEEKDAYS.working_time(end[0::2], end[1::2])
    row = directly_follows(log, calendar=WEEKDAYS, percentiles=(90,)).iloc[0]
    assert row["mean_working_h"] == pytest.approx(hours.mean(), rel=1e-12)
    assert row["median_working_h"] == pytest.approx(np.median(hours), rel=1e-12)
    assert row["p90_working_h"] == pytest.approx(np.percentile(hours, 90), rel=1e-12)
    enabled = enabler_edges(log, calendar=WEEKDAYS).iloc[0]
    assert enabled["total_working_h"] == pytest.approx(hours.sum(), rel=1e-12)
    assert enabled["p90_working_h"] == pytest.approx(np.percentile(hours, 90), rel=1e-12)


def test_unknown_times_are_not_counted():
    frame = pd.DataFrame({"case_id": list("1122"), "activity": list("ABAB")})
    frame["end"] = pd.to_datetime(["2024-03-04 09:00", "2024-03-04 11:00", "2024-03-04 09:00", None])
    row = directly_follows(from_frame(frame), calendar=WEEKDAYS).iloc[0]
    assert (row["frequency"], row["median_h"], row["mean_h"], row["median_working_h"]) == (2, 2.0, 2.0, 2.0)
    frame.loc[1, "end"] = pd.NaT
    row = directly_follows(from_frame(frame), calendar=WEEKDAYS).iloc[0]
    assert row["frequency"] == 2
    assert row[["mean_h", "median_h", "mean_working_h", "median_working_h"]].isna().all()


def test_a_calendar_is_asked_only_for_the_days_it_needs():
    """A lone event in a year the calendar does not know is no reason to refuse the rest."""
    frame = pd.DataFrame({"case_id": list("112"), "activity": list("ABA")})
    frame["end"] = pd.to_datetime(["2024-03-04 09:00", "2024-03-04 11:00", "1950-01-01 00:00"])
    assert directly_follows(from_frame(frame), calendar=Calendar.china())["median_working_h"].tolist() == [2.0]


def test_many_edges_and_enablers_outgrow_their_first_room():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"case_id": "1", "activity": [f"a{i}" for i in rng.permutation(5000)]})
    frame["end"] = MONDAY + np.arange(5000) * np.timedelta64(1, "m")
    found = enabler_edges(from_frame(frame), calendar=WEEKDAYS)
    assert len(found) == 4999
    assert found["frequency"].eq(1).all()
