"""Operational time: it passes when the office moves, and only then."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.process import day_classes, forward
from flowaudit.process.clock import hours_since, mine_profile, open_hours
from flowaudit.worktime import load_calendar


def stamps(days, hours):
    return np.array([np.datetime64(d) + np.timedelta64(h, "h") for d in days for h in hours], "datetime64[us]")


def test_make_up_saturdays_work_and_holidays_do_not():
    """2024: Saturday 12 October works, Tuesday 1 October does not."""
    classes = day_classes(np.datetime64("2024-09-30"), 13, load_calendar("china"))
    assert classes.tolist() == [0, 6, 6, 6, 6, 6, 6, 6, 1, 2, 3, 4, 5]


def test_days_after_the_last_notice_are_weekdays():
    classes = day_classes(np.datetime64("2026-12-31"), 4, load_calendar("china"))
    assert classes.tolist() == [3, 4, 6, 6]


def test_office_hours_are_found():
    days = pd.bdate_range("2024-03-04", periods=60).to_numpy()
    profile = open_hours(mine_profile(stamps(days, [9, 10, 11, 14, 15]), load_calendar("weekdays"), floor=0.0))
    assert np.flatnonzero(profile.rates[0]).tolist() == [9, 10, 11, 14, 15]
    assert not profile.rates[6].any()


def test_a_week_of_operational_time_is_a_week():
    days = pd.bdate_range("2024-03-04", periods=60).to_numpy()
    profile = mine_profile(stamps(days, [9, 15]), load_calendar("weekdays"), floor=0.0)
    cumulative = profile.cumulative(day_classes(np.datetime64("2024-03-04"), 7, load_calendar("weekdays")))
    assert cumulative[-1] == pytest.approx(168.0)


def test_forward_is_linear_inside_an_hour_and_past_the_horizon():
    cumulative = np.array([0.0, 0.0, 2.0, 4.0])
    assert forward(cumulative, np.array([0.5, 1.5, 3.0, 6.0])).tolist() == [0.0, 1.0, 4.0, 8.0]


def test_hours_since_keeps_fractions():
    found = hours_since(np.array(["2024-01-02T01:30"], "datetime64[us]"), np.datetime64("2024-01-02"))
    assert found.tolist() == [1.5]
