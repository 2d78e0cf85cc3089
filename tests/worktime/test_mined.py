"""Mined calendars: planted weeks are found again, overtime and chance are not, and what is looked up is what is shown."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.errors import UsageError
from flowaudit.worktime import Calendar, MinedCalendars, OfficeHours, mine_calendars

CHINA, WEEKDAYS = Calendar.china(), Calendar.weekdays()
MONDAY = np.datetime64("2024-03-04")
MAKE_UP, HOLIDAY = 7, 8
MORNING, AFTERNOON = range(9 * 60, 12 * 60), range(13 * 60, 17 * 60)


def on_weekdays(wanted, *, weeks=40, first=MONDAY):
    """The dates of so many weeks whose weekday (0 is Monday) is wanted."""
    days = first + np.arange(7 * weeks)
    return days[np.isin(np.arange(7 * weeks) % 7, wanted)]


def stamps(days, *hours):
    """A stamp at half past each hour of each day."""
    minutes = np.array([60 * hour + 30 for hour in hours], "timedelta64[m]")
    return (np.asarray(days, "datetime64[m]")[:, None] + minutes).ravel()


def mine(*ends, group=None, calendar=WEEKDAYS, **options) -> MinedCalendars:
    """Of resources 0, 1, ... by their ends alone; all in one group unless said otherwise."""
    resource = np.repeat(np.arange(len(ends)), [len(e) for e in ends])
    group = np.zeros(len(ends), int) if group is None else np.asarray(group)
    none = np.full(len(resource), np.datetime64("NaT", "us"))
    end = np.concatenate([np.asarray(e, "datetime64[us]") for e in ends])
    return mine_calendars(resource, group[resource], none, end, calendar=calendar, **options)


def hours_on(found, code, day_class):
    """The full hours of a class of days in which a resource is on duty."""
    duty = found.on_duty[found.of_resource[code], day_class].reshape(24, 60)
    assert (duty.all(axis=1) == duty.any(axis=1)).all()
    return np.flatnonzero(duty.all(axis=1)).tolist()


DESK = (9, 10, 11, 13, 14, 15, 16)


def test_planted_weeks_are_found_again():
    """A desk with a lunch break, a part-timer on Mondays and Wednesdays, a hall that opens on Saturday mornings."""
    desk = stamps(on_weekdays(range(5)), *DESK)
    part = stamps(on_weekdays([0, 2]), *DESK)
    hall = np.r_[stamps(on_weekdays([1, 2, 3, 4]), *DESK), stamps(on_weekdays([5]), 9, 10, 11)]
    found = mine(desk, part, hall)
    assert found.own.all()
    assert [hours_on(found, 0, day) for day in range(7)] == [list(DESK)] * 5 + [[], []]
    assert [hours_on(found, 1, day) for day in range(7)] == [list(DESK), [], list(DESK), [], [], [], []]
    assert [hours_on(found, 2, day) for day in range(7)] == [[], *[list(DESK)] * 4, [9, 10, 11], []]

    shown = found.table(["desk", "part", "hall"]).set_index("resource")
    assert shown["hours_per_week"].to_list() == [35, 14, 31]
    assert shown["days"].to_list() == ["1111100", "1010000", "0111110"]
    assert shown["first_hour"].to_list() == ["09:00"] * 3
    assert shown["last_hour"].to_list() == ["17:00"] * 3
    assert shown["absences"].to_list() == [0, 0, 0]


@pytest.mark.parametrize("weeks", [8, 60])
def test_one_saturday_of_overtime_is_no_duty(weeks):
    desk = stamps(on_weekdays(range(5), weeks=weeks), *DESK)
    once = stamps(on_weekdays([5], weeks=weeks)[3:4], *DESK)
    often = stamps(on_weekdays([5], weeks=weeks)[::2], *DESK)
    assert hours_on(mine(np.r_[desk, once]), 0, 5) == []
    assert hours_on(mine(np.r_[desk, often]), 0, 5) == list(DESK)


@pytest.mark.parametrize(("times", "hours"), [(5, []), (6, [9])])
def test_a_weekday_is_duty_from_a_tenth_of_the_busiest(times, hours):
    """60 Mondays, and 5 or 6 Thursdays."""
    ends = np.r_[stamps(on_weekdays([0], weeks=60), 9), stamps(on_weekdays([3], weeks=60)[:times], 9)]
    assert hours_on(mine(ends), 0, 3) == hours


def test_confidence_and_support_on_paper():
    """20 Mondays with a stamp at 09:30; at 10:30 on two of them (0.10, kept), at 20:30 on one (0.05, discarded)."""
    mondays = on_weekdays([0], weeks=20)
    ends = np.r_[stamps(mondays, 9), stamps(mondays[:2], 10), stamps(mondays[:1], 20)]
    assert hours_on(mine(ends, participation=20), 0, 0) == [9, 10]
    # 22 of 23 stamps are covered: 95.7 %
    assert hours_on(mine(ends, participation=20, support=0.95), 0, 0) == [9, 10]
    assert hours_on(mine(ends, participation=20, support=0.96), 0, 0) == [9, 10, 20]
    # 20 of 23 are covered without the second granule: 87 %
    assert hours_on(mine(ends, participation=20, confidence=0.11, support=0.87), 0, 0) == [9, 10]
    assert hours_on(mine(ends, participation=20, confidence=0.11, support=0.86), 0, 0) == [9]


def test_discarded_granules_come_back_by_falling_number_of_stamps():
    """Ten Mondays, one hour each, 09 four times, 10 three times, 11 twice, 12 once: nothing reaches confidence 0.5."""
    mondays = on_weekdays([0], weeks=10)
    ends = np.r_[stamps(mondays[:4], 9), stamps(mondays[4:7], 10), stamps(mondays[7:9], 11), stamps(mondays[9:], 12)]
    options = {"participation": 10, "confidence": 0.5}
    assert hours_on(mine(ends, **options, support=0.4), 0, 0) == [9]
    assert hours_on(mine(ends, **options, support=0.7), 0, 0) == [9, 10]
    assert hours_on(mine(ends, **options, support=0.71), 0, 0) == [9, 10, 11]
    assert hours_on(mine(ends, **options, support=1), 0, 0) == [9, 10, 11, 12]


def test_a_stamp_on_an_edge():
    """Started at 09:00 and ended at 10:00 is nine to ten, and nothing more."""
    days = on_weekdays([0])
    zero = np.zeros(len(days), int)
    found = mine_calendars(zero, zero, days + np.timedelta64(9, "h"), days + np.timedelta64(10, "h"), calendar=WEEKDAYS)
    assert hours_on(found, 0, 0) == [9]


def test_shorter_granules_see_the_half_hour():
    ends = (on_weekdays(range(5))[:, None] + np.array([510, 690, 750], "timedelta64[m]")).ravel() - np.timedelta64(
        1, "s"
    )
    found = mine(ends, granule_minutes=30)
    assert np.flatnonzero(found.on_duty[found.of_resource[0], 0]).tolist() == [
        *range(480, 510), *range(660, 690), *range(720, 750)
    ]  # fmt: skip


def test_make_up_saturdays_and_holidays_of_china():
    """Who works as the official calendar says is on duty as the official calendar says."""
    days = np.arange("2022-01-01", "2025-01-01", dtype="datetime64[D]")
    desk = stamps(days[CHINA.is_workday(days)], *DESK)
    found = mine(desk, calendar=CHINA)
    assert (found.classes == MAKE_UP).sum() == (CHINA.is_workday(days) & ~WEEKDAYS.is_workday(days)).sum()
    assert hours_on(found, 0, MAKE_UP) == list(DESK)
    assert hours_on(found, 0, HOLIDAY) == hours_on(found, 0, 5) == []
    rng = np.random.default_rng(5)
    a, b = np.datetime64("2022-01-03", "us") + rng.integers(0, 1080 * 86_400, (2, 500)).astype("timedelta64[s]")
    assert found.available(0, a, b) == pytest.approx(CHINA.working_time(a, b))
    assert found.absences.empty


def test_make_up_days_follow_the_week_until_there_are_five():
    """On the first make-up Saturdays of 2023 somebody came for an hour only."""
    days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    ordinary = stamps(days[CHINA.is_workday(days) & WEEKDAYS.is_workday(days)], 9, 10)
    extra = days[CHINA.is_workday(days) & ~WEEKDAYS.is_workday(days)]
    assert hours_on(mine(np.r_[ordinary, stamps(extra[:4], 14)], calendar=CHINA), 0, MAKE_UP) == [9, 10]
    assert hours_on(mine(np.r_[ordinary, stamps(extra[:5], 14)], calendar=CHINA), 0, MAKE_UP) == [14]


def test_duty_on_holidays():
    """One holiday of overtime is no duty, nor are two of 24; every third is."""
    days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    desk = stamps(days[CHINA.is_workday(days)], *DESK)
    off = days[~CHINA.is_workday(days) & WEEKDAYS.is_workday(days)]
    assert hours_on(mine(np.r_[desk, stamps(off[8:9], 9)], calendar=CHINA), 0, HOLIDAY) == []
    assert hours_on(mine(np.r_[desk, stamps(off[::3], 9)], calendar=CHINA), 0, HOLIDAY) == [9]
    assert hours_on(mine(np.r_[desk, stamps(off[5:7], 9)], calendar=CHINA), 0, HOLIDAY) == []


def test_a_holiday_at_the_weekend_is_no_saturday():
    """国庆 2024: Saturday 5 October belongs to the holiday, 29 September is a worked Sunday."""
    found = mine(stamps(on_weekdays(range(6), weeks=45), *DESK), calendar=CHINA)
    place = np.array(["2024-10-05", "2024-09-29", "2024-10-19"], "datetime64[D]").astype(int) - found.first_day
    assert found.classes[place].tolist() == [HOLIDAY, MAKE_UP, 5]


def test_weekdays_know_neither_holidays_nor_make_up_days():
    found = mine(stamps(on_weekdays(range(7), weeks=60), 9))
    assert set(found.classes.tolist()) == set(range(7))


def test_dates_beyond_the_calendar_are_ordinary():
    found = mine(stamps(on_weekdays(range(5), first=np.datetime64("2001-04-30")), *DESK), calendar=CHINA)
    assert set(found.classes.tolist()) == set(range(7))
    assert found.available(0, np.datetime64("2099-01-05"), np.datetime64("2099-01-12")) == 35


def test_a_vacation_is_an_absence():
    """Ten working days off, from Monday to Friday of the week after; the public holiday before is none."""
    days = np.arange("2023-01-03", "2023-12-30", dtype="datetime64[D]")
    works = days[CHINA.is_workday(days)]
    away = (works >= np.datetime64("2023-07-10")) & (works <= np.datetime64("2023-07-21"))
    found = mine(stamps(works[~away], 9, 14), stamps(works, 9, 14), calendar=CHINA)
    rows = found.absences.astype("int64")
    assert rows["resource"].to_list() == [0]
    assert rows["from_day"].to_numpy().astype("datetime64[D]").astype(str).tolist() == ["2023-07-10"]
    assert rows["to_day"].to_numpy().astype("datetime64[D]").astype(str).tolist() == ["2023-07-21"]
    assert found.table(["a", "b"])["absences"].to_list() == [1, 0]


def test_a_week_off_is_an_absence_of_who_never_misses_a_day():
    """195 of 200 dates have stamps: five empty ones in a row are expected 195 x 0.025^5 = 2e-6 times."""
    days = on_weekdays(range(5))
    found = mine(stamps(np.r_[days[:100], days[105:]], 9))
    assert found.absences.to_numpy().tolist() == [[0, days[100].astype(int), days[104].astype(int)]]


def test_an_instance_in_progress_is_no_absence():
    days = on_weekdays(range(5))
    away = (days >= days[100]) & (days < days[110])
    end = stamps(days[~away], 9, 14)
    start = end.copy()
    start[np.searchsorted(end, days[110])] = end[np.searchsorted(end, days[100]) - 1]
    zero = np.zeros(len(end), int)
    assert len(mine_calendars(zero, zero, end, end, calendar=WEEKDAYS).absences) == 1
    assert mine_calendars(zero, zero, start, end, calendar=WEEKDAYS).absences.empty
    # Begun long before, while others came and went.
    start = end.copy()
    start[np.searchsorted(end, days[110])] = end[0]
    assert mine_calendars(zero, zero, start, end, calendar=WEEKDAYS).absences.empty


def test_an_absence_begins_and_ends_on_duty():
    """A part-timer on Mondays and Wednesdays misses ten of them, a Wednesday first."""
    days = on_weekdays([0, 2], weeks=60)
    kept = np.r_[days[:41], days[51:]]
    found = mine(stamps(kept, *DESK))
    assert found.absences.to_numpy().tolist() == [[0, days[41].astype(int), days[50].astype(int)]]


def test_sparse_officers_at_random_are_not_absent():
    """200 officers with stamps on 10 % to 95 % of two years' dates: one of 4000 over seeds 0 to 19."""
    rng = np.random.default_rng(0)
    days = np.arange("2022-01-01", "2024-01-01", dtype="datetime64[D]")
    days = days[CHINA.is_workday(days)]
    ends = [np.repeat(days[rng.random(len(days)) < share], 3) for share in rng.uniform(0.1, 0.95, 200)]
    ends = [e.astype("datetime64[m]") + rng.integers(540, 1020, len(e)).astype("timedelta64[m]") for e in ends]
    found = mine(*ends, calendar=CHINA)
    assert found.own.all()
    assert found.absences["resource"].nunique() <= 2


def test_date_only_stamps_have_office_hours_on_their_days():
    days = on_weekdays([0, 1, 3, 5])
    bare = days.astype("datetime64[m]")
    found = mine(np.r_[bare, stamps(days[:60], 20)], stamps(on_weekdays(range(5)), 8))
    assert found.date_only.tolist() == [True, False]
    duty = found.on_duty[found.of_resource[0]]
    assert duty.any(axis=1).tolist() == [True, True, False, True, False, True, False, True, False]
    assert np.flatnonzero(duty[0]).tolist() == [*MORNING, *AFTERNOON] == np.flatnonzero(duty[5]).tolist()
    early = mine(bare, office=OfficeHours((("08:15", "12:00"),), saturday=(("09:00", "11:00"),)))
    assert np.flatnonzero(early.on_duty[1, 0]).tolist() == list(range(495, 720))
    assert np.flatnonzero(early.on_duty[1, 5]).tolist() == list(range(540, 660))


def test_a_few_date_only_stamps_say_nothing_about_hours():
    days = on_weekdays(range(5))
    found = mine(np.r_[stamps(days, *DESK), days.astype("datetime64[m]")])
    assert not found.date_only[0]
    assert hours_on(found, 0, 0) == list(DESK)


def test_dates_without_an_hour_do_not_lower_the_confidence():
    """20 Mondays with an hour, two of them at ten too (0.10, kept), and 15 more that are dates only."""
    mondays = on_weekdays([0])
    ends = np.r_[stamps(mondays[:20], 9), stamps(mondays[:2], 10), mondays[20:35].astype("datetime64[m]")]
    assert hours_on(mine(ends, participation=20, support=0), 0, 0) == [9, 10]


def test_low_participation_shares_the_calendar_of_the_group():
    """Two colleagues with 40 stamps each are enough for the evening group; 10 of another group look at the whole of it."""
    days = on_weekdays(range(5))
    found = mine(
        stamps(days, *DESK),  # own, group 0
        stamps(days[:40], 18), stamps(days[40:80], 19),  # group 0 together
        stamps(days[:10], 20),  # group 1: with the next one's only
        stamps(days, 6),  # own, group 1
        stamps(days[:10], 3),  # group 2 is too small: everybody
        group=[0, 0, 0, 1, 1, 2],
    )  # fmt: skip
    assert found.own.tolist() == [True, False, False, False, True, False]
    assert hours_on(found, 1, 0) == hours_on(found, 2, 0) == [18, 19]
    assert found.of_resource[1] == found.of_resource[2]
    assert hours_on(found, 3, 0) == [6]
    assert found.of_resource[5] == found.of_unknown == 0
    assert len(found.on_duty) == 5
    assert [hours_on(found, 0, 0), hours_on(found, 4, 0)] == [list(DESK), [6]]


def test_a_joint_calendar_is_an_average_colleague():
    """One of twelve works at night: eleven dates of twelve say day, so the night does not reach confidence 0.1."""
    days = on_weekdays([0], weeks=12)
    found = mine(*[stamps(days, 9)] * 11, stamps(days, 2))
    assert not found.own.any()
    assert hours_on(found, 11, 0) == [9]


def test_the_home_group_is_the_one_of_most_instances():
    days = on_weekdays(range(5))
    end = np.r_[stamps(days, 9), stamps(days, 20), stamps(days[:11], 9)]
    resource = np.r_[np.zeros(200, int), np.ones(200, int), np.full(11, 2)]
    group = np.r_[np.zeros(200, int), np.ones(200, int), [0] * 4 + [1] * 6 + [-1]]
    none = np.full(len(end), np.datetime64("NaT"))
    found = mine_calendars(resource, group, none, end, calendar=WEEKDAYS)
    assert hours_on(found, 2, 0) == [20]


def test_only_the_busiest_have_their_own():
    days = on_weekdays(range(5))
    found = mine(stamps(days[:60], 8), stamps(days, 9), stamps(days[:90], 10), most=2)
    assert found.own.tolist() == [False, True, True]
    assert hours_on(found, 0, 0) == [8]
    nobody = mine(stamps(days[:60], 8), stamps(days, 9), most=0)
    assert not nobody.own.any()
    assert nobody.of_resource[0] == nobody.of_resource[1]


def test_a_gap_of_one_granule_is_filled_unless_the_group_has_it_too():
    """The officer was never seen from ten to eleven, his colleagues were; nobody was seen at noon."""
    days = on_weekdays(range(5))
    found = mine(stamps(days, 9, 11, 13, 14), *[stamps(days, *DESK)] * 3)
    assert hours_on(found, 0, 0) == [9, 10, 11, 13, 14]
    assert hours_on(mine(stamps(days, 9, 11, 13, 14)), 0, 0) == [9, 11, 13, 14]


def test_unknown_resources_count_for_everybody_only():
    days = on_weekdays(range(5))
    end = np.r_[stamps(days, 9), stamps(days, 22)]
    who = np.r_[np.zeros(200, int), np.full(200, -1)]
    found = mine_calendars(who, who, np.full(400, np.datetime64("NaT")), end, calendar=WEEKDAYS)
    assert hours_on(found, 0, 0) == [9]
    assert np.flatnonzero(found.on_duty[found.of_unknown, 0]).size == 120
    assert len(found.of_resource) == len(found.own) == len(found.date_only) == 1


@pytest.mark.parametrize("n", [0, 3])
def test_logs_without_a_stamp_have_office_hours(n):
    none, code = np.full(n, np.datetime64("NaT", "us")), np.arange(n)
    found = mine_calendars(code, np.full(n, -1), none, none, calendar=CHINA)
    assert found.of_resource.tolist() == [0] * n
    assert found.absences.empty
    assert not found.own.any()
    assert not found.date_only.any()
    assert np.flatnonzero(found.on_duty[0, 0]).tolist() == [*MORNING, *AFTERNOON]
    assert found.available(0, "2024-03-04", "2024-03-11") == 35
    assert len(found.table(list("abc"))) == n
    assert found.tables(OfficeHours(), CHINA).day_open.shape == (1, len(found.classes) + 1)


def test_all_stamps_tied():
    found = mine(np.full(80, np.datetime64("2024-03-05T10:20")))
    assert hours_on(found, 0, 1) == [10]
    assert found.absences.empty


def test_a_calendar_that_would_be_never_on_duty_has_office_hours():
    """All stamps on one public holiday."""
    found = mine(np.full(80, np.datetime64("2024-10-02T10:20")), calendar=CHINA)
    assert found.on_duty[found.of_resource[0]].any(axis=1).tolist() == [True] * 5 + [False, False, True, False]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"granule_minutes": 50}, "must divide"),
        ({"granule_minutes": 0}, "must divide"),
        ({"confidence": 1.5}, "confidence must lie"),
        ({"support": -0.1}, "support must lie"),
        ({"participation": 0}, "participation must be at least 1"),
        ({"most": -1}, "most must be at least 0"),
    ],
)
def test_options_out_of_range(options, words):
    with pytest.raises(UsageError, match=words):
        mine(stamps(on_weekdays([0]), 9), **options)


def test_columns_of_different_lengths():
    with pytest.raises(UsageError, match="columns of one length"):
        mine_calendars([0], [0, 0], ["2024-03-04"], ["2024-03-04"], calendar=WEEKDAYS)


def test_tables_need_the_calendar_of_the_mining():
    found = mine(stamps(on_weekdays(range(5), weeks=45), 9), calendar=CHINA)
    with pytest.raises(UsageError, match="days off"):
        found.tables(OfficeHours(), WEEKDAYS)


moments = st.integers(0, 60 * 24 * 20).map(lambda minute: np.datetime64("2024-09-23T00:00") + minute)
rows = st.lists(
    st.tuples(st.integers(-1, 3), st.integers(-1, 1), moments, st.integers(-3000, 3000)), min_size=1, max_size=40
)


@st.composite
def calendars(draw):
    """Calendars of a few officers around 国庆 2024, which has holidays, weekends of holidays and make-up days."""
    who, group, end, length = [np.array(x) for x in zip(*draw(rows), strict=True)]
    end = end.astype("datetime64[m]")
    start = np.where(length < -1000, np.datetime64("NaT"), end - length.astype("timedelta64[m]"))
    official = draw(st.sampled_from([CHINA, WEEKDAYS]))
    options = {"participation": draw(st.integers(1, 12)), "granule_minutes": draw(st.sampled_from([20, 60, 360]))}
    return mine_calendars(who, group, start, end, calendar=official, **options), official


@settings(max_examples=30)
@given(calendars(), moments, moments, st.integers(0, 3))
def test_available_counts_the_minutes_on_duty(mined, a, b, number):
    found, official = mined
    number %= len(found.on_duty)
    a, b = min(a, b), max(a, b)
    opened = 0
    for day in np.arange(a.astype("datetime64[D]"), b.astype("datetime64[D]") + 1):
        weekday = (day.astype(int) + 3) % 7
        works = bool(official.is_workday(day))
        joined = official is CHINA and np.datetime64("2024-10-01") <= day <= np.datetime64("2024-10-07")
        day_class = HOLIDAY if joined else MAKE_UP if works and weekday > 4 else weekday
        if not 0 <= day.astype(int) - found.first_day < len(found.classes):
            day_class = weekday  # nobody left a stamp near it
        minutes = day.astype("datetime64[m]") + np.arange(1440)
        opened += found.on_duty[number, day_class][(minutes >= a) & (minutes < b)].sum()
    assert found.available(number, a, b) == pytest.approx(opened / 60)
    assert found.available(number, b, a) == pytest.approx(-opened / 60)


@settings(max_examples=40)
@given(calendars(), st.data())
def test_tables_say_what_on_duty_says(mined, data):
    """Day by day, also within office hours that open on Saturdays."""
    found, official = mined
    office = OfficeHours((("08:30", "12:00"), ("13:30", "17:10")), saturday=(("09:00", "10:30"),))
    tables = found.tables(office, official)
    assert tables.class_of_day.tolist() == found.classes.tolist()
    assert (np.diff(tables.minute_open, axis=2) == found.on_duty).all()
    assert (tables.minute_both <= tables.minute_open).all()
    daily = found.on_duty[:, found.classes].sum(axis=2) * 60_000_000
    assert (np.diff(tables.day_open, axis=1) == daily).all()
    assert (np.diff(tables.day_both, axis=1) == tables.minute_both[:, found.classes, -1] * np.int64(60_000_000)).all()
    assert (tables.day_open[:, 0] == 0).all()
    assert (tables.day_both[:, 0] == 0).all()

    # The official calendar itself, cut to the minutes on duty.
    day = data.draw(st.integers(0, len(found.classes) - 1))
    number = data.draw(st.integers(0, len(found.on_duty) - 1))
    minutes = (tables.first_day + day) * 1440 + np.arange(1440)
    at = minutes.astype("datetime64[m]")
    opened = official.working_time(at, at + 1, office) > 0
    both = np.diff(tables.minute_both[number, found.classes[day]]).astype(bool)
    assert (both == (opened & found.on_duty[number, found.classes[day]])).all()


@given(calendars())
def test_every_row_has_a_calendar(mined):
    found, _official = mined
    assert ((found.of_resource >= 0) & (found.of_resource < len(found.on_duty))).all()
    assert set(range(1, len(found.on_duty))) <= set(found.of_resource.tolist())
    own = found.of_resource[found.own]
    assert len(set(own.tolist())) == len(own)
    assert not set(own.tolist()) & set(found.of_resource[~found.own].tolist())
    assert found.on_duty.any(axis=(1, 2)).all()
    assert (found.absences["from_day"] < found.absences["to_day"]).all()


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 34), st.integers(0, 23)), min_size=1, max_size=60), st.sampled_from([0.5, 0.9])
)
def test_one_officer_against_plain_counting(seen, support):
    """The paper's rule for one officer, told in sets and loops."""
    ends = np.array([MONDAY.astype("datetime64[m]") + day * 1440 + hour * 60 + 5 for day, hour in seen])
    found = mine(ends, participation=1, confidence=0.4, support=support)

    dates, cell_dates, weight = defaultdict(set), defaultdict(set), Counter()
    for day, hour in seen:
        dates[day % 7].add(day)
        cell_dates[day % 7, hour].add(day)
        weight[day % 7, hour] += 1
    busiest = max(map(len, dates.values()))
    kept = {w for w, d in dates.items() if len(d) >= (0.1 * busiest if w < 5 else max(0.1 * busiest, min(2, busiest)))}
    on = {c for c, d in cell_dates.items() if c[0] in kept and len(d) >= 0.4 * len(dates[c[0]])}
    rest = sorted(set(weight) - on, key=lambda c: (c[0] not in kept, -weight[c], c))
    for cell in rest:
        if sum(weight[c] for c in on) >= support * len(seen) - 1e-9:
            break
        on.add(cell)
    assert {(w, h) for w in range(7) for h in hours_on(found, 0, w)} == on


@settings(max_examples=30)
@given(rows, st.randoms(use_true_random=False), st.integers(-5, 5))
def test_neither_order_nor_a_shift_of_weeks_matters(drawn, random, weeks):
    def mined(listed, shift):
        columns = [np.array(x) for x in zip(*listed, strict=True)]
        end = columns[2].astype("datetime64[m]") + shift * 7 * 1440
        return mine_calendars(columns[0], columns[1], end, end, calendar=WEEKDAYS, participation=5)

    shuffled = drawn.copy()
    random.shuffle(shuffled)
    first, second = mined(drawn, 0), mined(shuffled, weeks)
    assert (first.on_duty == second.on_duty).all()
    assert (first.of_resource == second.of_resource).all()
    later = second.absences - np.array([0, 7 * weeks, 7 * weeks])
    pd.testing.assert_frame_equal(first.absences, later)


def test_missing_moments_and_many_calendars_at_once():
    days = on_weekdays(range(5))
    found = mine(stamps(days, *DESK), stamps(days, 9))
    a = np.array(["2024-03-04T09:15:30", "NaT", "2024-03-08T09:00"], "datetime64[us]")
    b = np.array(["2024-03-04T10:30", "2024-03-05", "2024-03-11T09:30"], "datetime64[us]")
    got = found.available(found.of_resource[[0, 0, 1]], a, b)
    assert got[[0, 2]] == pytest.approx([74.5 / 60, 1.5])
    assert np.isnan(got[1])
