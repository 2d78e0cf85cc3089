"""The working-day calendar: worked examples, laws, and a day-by-day comparison with an independent source."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import InputError, InsufficientDataError, UsageError
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

CHINA = Calendar.china()
WEEKDAYS = Calendar.weekdays()
dates = st.dates(dt.date(2004, 1, 1), dt.date(2026, 6, 30))
calendars = st.sampled_from([CHINA, WEEKDAYS])


@pytest.mark.parametrize(
    ("accepted", "n", "official", "naive"),
    [
        ("2024-09-30", 5, "2024-10-12", "2024-10-07"),
        ("2025-01-24", 5, "2025-02-07", "2025-01-31"),
        ("2020-01-21", 20, "2020-02-26", "2020-02-18"),
    ],
)
def test_due_dates_on_paper(accepted, n, official, naive):
    """Around 国庆 2024 (works on a Saturday), 春节 2025 and the extended 春节 2020."""
    assert str(CHINA.due(accepted, n)) == official
    assert str(WEEKDAYS.due(accepted, n)) == naive


@pytest.mark.parametrize(
    ("year", "official", "naive"),
    list(
        zip(
            range(2018, 2027),
            [250, 250, 249, 250, 249, 249, 251, 248, 248],
            [261, 261, 262, 261, 260, 260, 262, 261, 261],
            strict=True,
        )
    ),
)
def test_year_totals(year, official, naive):
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    assert CHINA.is_workday(days).sum() == official
    assert WEEKDAYS.is_workday(days).sum() == naive


def test_agrees_with_holidays_on_every_day_but_one():
    """`holidays` counts Saturday 2005-12-31 as a make-up working day, chinesecalendar does not."""
    holidays = pytest.importorskip("holidays")
    oracle = holidays.country_holidays("CN", years=range(2004, 2027))
    days = np.arange("2004-01-01", "2027-01-01", dtype="datetime64[D]")
    expected = np.array([oracle.is_working_day(day) for day in days.tolist()])
    assert list(days[CHINA.is_workday(days) != expected].astype(str)) == ["2005-12-31"]


def test_files_are_what_the_generator_writes():
    pytest.importorskip("chinese_calendar")
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        import generate_calendar
    finally:
        sys.path.pop(0)
    shipped = {f"{p.parent.name}/{p.name}": p.read_text("utf-8") for p in generate_calendar.DATA.rglob("*.csv")}
    assert shipped == generate_calendar.tables()


def test_the_notice_for_2026():
    work = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
    days = np.arange("2026-01-01", "2027-01-01", dtype="datetime64[D]")
    weekend_work = days[CHINA.is_workday(days) & ~WEEKDAYS.is_workday(days)]
    assert list(weekend_work.astype(str)) == work


@given(calendars, dates)
def test_the_same_day_is_zero(calendar, a):
    assert calendar.working_days(a, a) == 0


@given(calendars, dates, dates, dates)
def test_differences_add_up(calendar, a, b, c):
    assert calendar.working_days(a, c) == calendar.working_days(a, b) + calendar.working_days(b, c)


@given(calendars, dates, st.integers(1, 100))
def test_due_is_a_workday_n_days_on(calendar, a, n):
    due = calendar.due(a, n)
    assert calendar.is_workday(due)
    assert calendar.working_days(a, due) == n


@given(calendars, dates, dates)
def test_equals_counting_day_by_day(calendar, a, b):
    low, high = min(a, b), max(a, b)
    days = np.arange(low, high, dtype="datetime64[D]") + np.timedelta64(1, "D")
    counted = float(calendar.is_workday(days).sum()) if len(days) else 0.0
    assert calendar.working_days(low, high) == counted
    assert calendar.working_days(high, low) == -counted


@given(st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)), st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)))
def test_weekdays_have_no_bound_and_match_numpy(a, b):
    a, b, day = min(a, b), max(a, b), np.timedelta64(1, "D")
    expected = np.busday_count(np.datetime64(a) + day, np.datetime64(b) + day) if a < b else 0
    assert WEEKDAYS.working_days(a, b) == expected


def test_missing_stamps_stay_missing():
    a = pd.Series(pd.to_datetime(["2024-01-02", None]))
    np.testing.assert_array_equal(CHINA.working_days(a, pd.Timestamp("2024-01-03")), [1.0, np.nan])
    np.testing.assert_array_equal(CHINA.working_time(a, pd.Timestamp("2024-01-02 10:00")), [1.0, np.nan])
    np.testing.assert_array_equal(np.isnat(CHINA.due(a, 1)), [False, True])
    np.testing.assert_array_equal(CHINA.is_workday(a), [True, False])


@pytest.mark.parametrize(
    ("call", "year"),
    [
        (lambda: CHINA.working_days("2026-12-01", "2027-01-05"), "2027"),
        (lambda: CHINA.working_days("2003-12-31", "2004-01-05"), "2003"),
        (lambda: CHINA.due("2026-12-30", 5), "2027"),
        (lambda: CHINA.is_workday("1999-01-01"), "1999"),
        (lambda: CHINA.working_time("2026-12-01", "2031-01-05"), "2031"),
    ],
)
def test_a_year_without_data_is_an_error_not_a_guess(call, year):
    with pytest.raises(InsufficientDataError, match=year) as caught:
        call()
    assert "weekdays" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("a", "b", "hours"),
    [
        ("2024-09-30 16:00", "2024-10-08 10:30", 2.5),  # the whole of 国庆 in between
        ("2024-10-12 09:00", "2024-10-12 17:00", 7.0),  # a make-up Saturday
        ("2024-10-12 12:10", "2024-10-12 12:50", 0.0),  # lunch
        ("2024-10-13 09:00", "2024-10-13 17:00", 0.0),  # Sunday
        ("2024-10-08 18:00", "2024-10-09 08:00", 0.0),  # night
        ("2024-10-08 18:00", "2024-10-10 09:30", 7.5),
        ("2024-10-08 11:30", "2024-10-08 13:15", 0.75),
    ],
)
def test_office_hours_on_paper(a, b, hours):
    assert CHINA.working_time(a, b) == pytest.approx(hours)
    assert CHINA.working_time(b, a) == pytest.approx(-hours)


def test_office_hours_of_ones_own():
    assert WEEKDAYS.working_time("2024-10-08 11:00", "2024-10-08 14:00", OfficeHours((("08:30", "17:30"),))) == 3.0


@given(
    calendars,
    st.lists(st.datetimes(dt.datetime(2019, 1, 1), dt.datetime(2025, 12, 31)), min_size=3, max_size=3).map(sorted),
)
def test_working_time_adds_up_and_never_exceeds_the_clock(calendar, moments):
    a, b, c = moments
    whole = calendar.working_time(a, c)
    assert whole == pytest.approx(calendar.working_time(a, b) + calendar.working_time(b, c), abs=1e-6)
    assert -1e-9 <= whole <= (c - a).total_seconds() / 3600 + 1e-6


@given(calendars, st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 20)), st.integers(0, 20 * 24 * 60))
def test_working_time_equals_minute_by_minute(calendar, a, minutes):
    a = a.replace(second=0, microsecond=0)
    stamps = np.datetime64(a) + np.arange(minutes).astype("timedelta64[m]")
    minute = (stamps - stamps.astype("datetime64[D]")).astype("timedelta64[m]").astype(int)
    is_open = ((minute >= 540) & (minute < 720)) | ((minute >= 780) & (minute < 1020))
    slow = (is_open & calendar.is_workday(stamps)).sum() / 60 if minutes else 0.0
    assert calendar.working_time(a, a + dt.timedelta(minutes=minutes)) == pytest.approx(slow)


@pytest.mark.parametrize("spans", [(), (("12:00", "09:00"),), (("09:00", "13:00"), ("12:00", "17:00")), (("9", "17"),)])
def test_office_hours_that_make_no_sense(spans):
    with pytest.raises(UsageError):
        OfficeHours(spans)


def test_local_changes_to_the_official_calendar(tmp_path):
    path = tmp_path / "local.csv"
    path.write_text("date,is_workday,name\n2024-10-09,否,停电\n2024/10/13,true,\n", "gb18030")
    changed = load_calendar(f"china+{path}")
    assert not changed.is_workday("2024-10-09")
    assert changed.is_workday("2024-10-13")
    assert changed.working_days("2024-10-07", "2024-10-12") == 4
    assert changed.first == dt.date(2004, 1, 1)
    alone = load_calendar(path)
    assert (alone.first, alone.last) == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    assert alone.is_workday("2024-10-01")
    assert not CHINA.is_workday("2024-10-13"), "the official calendar must not change"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("day,is_workday\n2024-01-01,0\n", "date"),
        ("date,is_workday\n2024-01-01,maybe\n", "row 2"),
        ("date,is_workday\n2024-13-01,0\n", "row 2"),
        ("date,is_workday\n2022-01-03,0\n2024-01-01,0\n", "2023"),
        ("date,is_workday\n", "no day"),
        ("date,is_workday\n2024-01-02,1\n2024-01-03,0\n2024-01-02,0\n", "rows 2 and 4"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, monkeypatch, text, part):
    monkeypatch.setenv("FLOWAUDIT_LANG", "en")
    (tmp_path / "c.csv").write_text(text, "utf-8")
    with pytest.raises(InputError, match=part):
        load_calendar(tmp_path / "c.csv")


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError):
        load_calendar(tmp_path / "none.csv")


def test_load_calendar_by_name():
    assert load_calendar() is CHINA
    assert load_calendar("China").name == "china"
    assert load_calendar(WEEKDAYS) is WEEKDAYS
