"""Cycle time, work in progress and rework."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import MissingColumnError
from flowaudit.eventlog import from_frame
from flowaudit.metrics import cycle_time, rework, work_in_progress, working_cycle_time
from flowaudit.worktime import Calendar

moment = st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2024, 2, 1))


@st.composite
def logs(draw):
    rows = draw(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("ab"), moment, moment), min_size=1, max_size=20))
    frame = pd.DataFrame(
        [(str(c), a, min(s, e), max(s, e)) for c, a, s, e in rows], columns=["case_id", "activity", "start", "end"]
    )
    return from_frame(frame.astype({"start": "datetime64[us]", "end": "datetime64[us]"}))


@given(logs())
def test_area_under_wip_is_total_cycle_time(log):
    """Little's law on a finite log is an identity, not an approximation (Little 1961)."""
    wip = work_in_progress(log)
    assert wip.iloc[-1] == 0
    assert (wip >= 0).all()
    hours_open = np.diff(wip.index) / np.timedelta64(1, "h")
    total = cycle_time(log).sum() / pd.Timedelta(hours=1)
    assert (wip.to_numpy()[:-1] * hours_open).sum() == pytest.approx(total, abs=1e-6)


@given(logs())
def test_office_hours_never_exceed_the_clock(log):
    worked = working_cycle_time(log, calendar=Calendar.china())
    assert (worked <= cycle_time(log) / pd.Timedelta(hours=1) + 1e-6).all()


@pytest.mark.parametrize("measure", [cycle_time, working_cycle_time, work_in_progress])
def test_without_starts_there_is_no_cycle_time(measure):
    log = from_frame(pd.DataFrame({"case_id": ["1"], "activity": ["a"], "end": pd.to_datetime(["2024-01-02"])}))
    with pytest.raises(MissingColumnError, match="start"):
        measure(log)


def trace(activities, resources=None):
    frame = pd.DataFrame({"case_id": "1", "activity": list(activities)})
    frame["end"] = pd.date_range("2024-01-02", periods=len(frame))
    if resources:
        frame["resource"] = list(resources)
    return from_frame(frame)


@pytest.mark.parametrize(
    ("activities", "resources", "expected"),
    [
        ("abc", "xyz", (0, 0, 0, 0)),
        ("aab", "xxy", (1, 0, 0, 0)),
        ("aab", "xyy", (0, 1, 0, 0)),
        ("aba", "xyx", (0, 0, 1, 0)),
        ("aba", "xyz", (0, 0, 0, 1)),
        ("aaabba", "xxyzzx", (2, 1, 0, 1)),
    ],
)
def test_rework_two_by_two(activities, resources, expected):
    row = rework(trace(activities, resources)).loc["1"]
    split = ["self_loop_repeat", "self_loop_redo", "repetition_repeat", "repetition_redo"]
    assert tuple(row[split]) == expected
    assert row["self_loop"] + row["repetition"] == sum(expected)


def test_rework_without_resources_does_not_guess_who():
    row = rework(trace("aab")).loc["1"]
    assert row["self_loop"] == 1
    assert row[["self_loop_repeat", "self_loop_redo"]].isna().all()
