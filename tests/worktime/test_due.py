"""When a time limit ends: worked examples, laws, and a slow reference."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.worktime import Calendar, OfficeHours

CHINA, WEEKDAYS = Calendar.china(), Calendar.weekdays()
SATURDAYS = OfficeHours(saturday=(("09:00", "12:00"),), sunday=(("10:00", "11:30"),))
calendars = st.sampled_from([CHINA, WEEKDAYS])
offices = st.sampled_from([OfficeHours(), SATURDAYS, OfficeHours((("00:00", "24:00"),))])
dates = st.dates(dt.date(2004, 1, 1), dt.date(2025, 6, 30))
moments = st.datetimes(dt.datetime(2019, 1, 1), dt.datetime(2025, 6, 30)).map(lambda m: m.replace(microsecond=0))


@pytest.mark.parametrize(
    ("begins", "n", "unit", "roll", "ends"),
    [
        ("2024-09-30", 5, "working_days", True, "2024-10-12"),
        ("2025-01-24", 5, "working_days", True, "2025-02-07"),
        ("2020-01-21", 20, "working_days", True, "2020-02-26"),
        ("2024-09-20", 15, "days", True, "2024-10-08"),  # 5 October lies in the holiday
        ("2024-09-20", 15, "days", False, "2024-10-05"),
        ("2024-09-20", 9, "days", True, "2024-09-29"),  # a Sunday that is worked
        ("2024-01-31", 1, "months", True, "2024-02-29"),
        ("2023-01-31", 1, "months", True, "2023-02-28"),
        ("2024-05-31", 1, "months", True, "2024-07-01"),  # 30 June is a Sunday
        ("2024-05-31", 1, "months", False, "2024-06-30"),
        ("2024-12-31", 2, "months", False, "2025-02-28"),
        ("2024-09-30 16:00", 2, "hours", True, "2024-10-08 10:00"),
        ("2024-09-30 16:00", 1, "hours", True, "2024-09-30 17:00"),  # the end of a day, not the next morning
        ("2024-09-30 20:00", 3, "hours", True, "2024-10-08 12:00"),
        ("2024-09-29 11:30", 1, "hours", True, "2024-09-29 13:30"),
    ],
)
def test_limits_on_paper(begins, n, unit, roll, ends):
    assert CHINA.due(begins, n, unit, roll=roll) == np.datetime64(ends)


@given(calendars, dates, st.integers(0, 400), st.sampled_from(["working_days", "days", "months"]))
def test_nothing_asked_is_the_day_itself_and_limits_end_on_working_days(calendar, begins, n, unit):
    n = n % 13 if unit == "months" else n
    ends = calendar.due(begins, n, unit)
    assert ends >= np.datetime64(begins)
    assert (ends == np.datetime64(begins)) if n == 0 else calendar.is_workday(ends)
    if unit == "days" and n:
        last = begins + dt.timedelta(n)
        while not calendar.is_workday(last):
            last += dt.timedelta(1)
        assert ends == np.datetime64(last)


@given(calendars, moments, st.integers(0, 300), offices)
def test_so_many_hours_have_passed_then_and_not_before(calendar, begins, n, office):
    ends = calendar.due(begins, n, "hours", office=office)
    assert calendar.working_time(begins, ends, office) == pytest.approx(n)
    if n:
        just_before = ends - np.timedelta64(1, "s")
        assert calendar.working_time(begins, just_before, office) < n


@given(calendars, moments, st.integers(0, 20 * 24 * 60))
def test_weekend_hours_equal_counting_minute_by_minute(calendar, a, minutes):
    a = a.replace(second=0)
    stamps = np.datetime64(a) + np.arange(minutes).astype("timedelta64[m]")
    minute = (stamps - stamps.astype("datetime64[D]")).astype("timedelta64[m]").astype(int)
    day = (stamps.astype("datetime64[D]").astype(int) + 3) % 7
    works = calendar.is_workday(stamps) if minutes else np.zeros(0, bool)
    holiday = ~works & np.isin(stamps.astype("datetime64[D]"), HOLIDAYS) & (calendar is CHINA)
    open_ = works & (((minute >= 540) & (minute < 720)) | ((minute >= 780) & (minute < 1020)))
    open_ |= ~works & ~holiday & (day == 5) & (minute >= 540) & (minute < 720)
    open_ |= ~works & ~holiday & (day == 6) & (minute >= 600) & (minute < 690)
    found = calendar.working_time(a, a + dt.timedelta(minutes=minutes), SATURDAYS)
    assert found == pytest.approx(open_.sum() / 60)


def holidays_of_china():
    import chinese_calendar

    days = np.arange("2018-12-01", "2025-12-31", dtype="datetime64[D]")
    return days[[chinese_calendar.get_holiday_detail(day)[1] is not None for day in days.tolist()]]


HOLIDAYS = holidays_of_china()


def test_a_hall_open_on_saturdays_is_closed_on_holidays():
    assert CHINA.working_time("2024-06-15 08:00", "2024-06-15 20:00", SATURDAYS) == 3.0
    assert CHINA.working_time("2024-10-05 08:00", "2024-10-05 20:00", SATURDAYS) == 0.0
    assert CHINA.working_time("2024-10-12 08:00", "2024-10-12 20:00", SATURDAYS) == 7.0


def test_long_columns_equal_short_ones():
    """Columns are taken in blocks; a missing stamp may lie in any of them."""
    rng = np.random.default_rng(7)
    a = np.datetime64("2019-01-01T00:00:00", "us") + rng.integers(0, 10**8, 300_000).astype("timedelta64[s]")
    b = a + rng.integers(-(10**6), 10**7, len(a)).astype("timedelta64[s]")
    a[[0, 140_000, 299_999]] = np.datetime64("NaT")
    for calendar in (CHINA, WEEKDAYS):
        for measure in (calendar.working_days, calendar.working_time):
            parts = [measure(a[i : i + 1000], b[i : i + 1000]) for i in range(0, len(a), 1000)]
            np.testing.assert_array_equal(measure(a, b), np.concatenate(parts))


def test_each_span_by_its_own_office():
    offices = [OfficeHours(), OfficeHours((("08:00", "18:00"),))]
    found = CHINA.working_time(["2024-06-14 00:00"] * 3, "2024-06-15 00:00", offices, which=[0, 1, 0])
    assert found.tolist() == [7.0, 10.0, 7.0]


def test_what_no_limit_can_be():
    with pytest.raises(UsageError, match="negative"):
        CHINA.due("2024-01-02", [1, -1])
    with pytest.raises(UsageError, match="weeks"):
        CHINA.due("2024-01-02", 1, "weeks")
    for unit, n in (("days", 400), ("months", 9), ("hours", 1100), ("working_days", 200)):
        with pytest.raises(InsufficientDataError, match="2027") as told:
            CHINA.due("2026-06-01", n, unit)
        assert "china+statutory" in told.value.hint


def test_statutory_holidays_only_where_asked():
    assumed = Calendar.china(assume="statutory")
    assert assumed.name == "china+statutory"
    assert assumed.due("2026-12-30", 2) == np.datetime64("2027-01-04")
    days = np.arange("2004-01-01", "2027-01-01", dtype="datetime64[D]")
    np.testing.assert_array_equal(assumed.is_workday(days), CHINA.is_workday(days))
    with pytest.raises(UsageError, match="assume"):
        Calendar.china(assume="guess")
    with pytest.raises(InsufficientDataError, match="2036"):
        assumed.is_workday("2036-01-02")
