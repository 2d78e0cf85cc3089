"""When people are on duty, as far as their stamps can say: planted hours and what is made of them."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.diagnosis import waiting_causes
from flowaudit.eventlog import from_frame
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()
MONDAY = pd.Timestamp("2024-03-04")
OFFICE = [*range(9 * 60, 12 * 60), *range(13 * 60, 17 * 60)]


def work(resource, hours, *, weeks=12, weekdays=range(5), minutes=20, cases="c", lag=60):
    """Work of so many minutes that begins at each of these hours (9.5 is half past) of each of these weekdays.

    What it is done on was handed over ``lag`` minutes before.
    """
    rows = []
    for week in range(weeks):
        for day in weekdays:
            for hour in hours:
                start = MONDAY + pd.Timedelta(days=7 * week + day, hours=hour)
                case = f"{cases}{resource}{week}-{day}-{hour}"
                ready = start - pd.Timedelta(minutes=lag)
                rows.append((case, "in", None, ready, ready))
                rows.append((case, "check", resource, start, start + pd.Timedelta(minutes=minutes)))
    return rows


def log_of(*rows):
    return from_frame(pd.DataFrame(rows, columns=["case_id", "activity", "resource", "start", "end"]))


def duty_of(log, resource):
    """Minutes on duty of Monday to Friday, as (5, 1440)."""
    found = waiting_causes(log, calendar=WEEKDAYS)
    return found.calendars.on_duty[found.calendars.of_resource[log.labels("resource").index(resource)], :5]


def hours_of(log, resource):
    """Hours of each weekday that are fully on duty, and that none are partly."""
    cells = duty_of(log, resource).reshape(5, 24, 60)
    assert (cells.all(axis=2) == cells.any(axis=2)).all()
    return [np.flatnonzero(day).tolist() for day in cells.all(axis=2)]


ALL = [9.5, 10.5, 11.5, 13.5, 14.5, 15.5, 16.5]
DAY = [9, 10, 11, 13, 14, 15, 16]


def test_a_full_week():
    assert hours_of(log_of(*work("x", ALL)), "x") == [DAY] * 5


def test_part_timers_are_off_on_their_days():
    """Mondays to Wednesdays: Thursday and Friday are no duty, though the office is open."""
    log = log_of(*work("x", ALL, weekdays=range(3)), *work("y", ALL))
    assert hours_of(log, "x") == [DAY] * 3 + [[]] * 2
    assert hours_of(log, "y") == [DAY] * 5


def test_mornings_only():
    """Nine to twelve on every day: the afternoons have no stamp where dozens would be expected."""
    log = log_of(*work("x", [9.2, 9.6, 10.2, 10.6, 11.2, 11.6]), *work("y", ALL))
    assert hours_of(log, "x") == [[9, 10, 11]] * 5


def test_an_hour_without_a_stamp_may_be_chance():
    """Three weeks of six stamps in every hour of the week but its last on Wednesday: exp(-6), too much for chance to be ruled out."""
    kept = [row for row in work("x", ALL, weeks=3) if not (row[3].weekday() == 2 and row[0].endswith("16.5"))]  # fmt: skip
    log = log_of(*kept)
    assert len(log.events) == 2 * (3 * 35 - 3)
    assert hours_of(log, "x") == [DAY] * 5
    # after thirty weeks it no longer is
    kept = [row for row in work("x", ALL, weeks=30) if not (row[3].weekday() == 2 and row[0].endswith("16.5"))]
    assert hours_of(log_of(*kept), "x") == [DAY, DAY, [h for h in DAY if h != 16], DAY, DAY]


def test_what_is_finished_after_closing_time_is_no_duty():
    """Work begun at 16:30 lasts until 17:40 every day: the hour from 17:00 on sees ends only."""
    log = log_of(*work("x", ALL[:-1]), *work("x", [16.5], minutes=70, cases="late"))
    assert hours_of(log, "x") == [DAY] * 5
    # who begins work in that hour is there
    log = log_of(*work("x", ALL), *work("x", [17.2], minutes=10, cases="evening"))
    assert hours_of(log, "x") == [[*DAY, 17]] * 5


def test_few_stamps_mean_office_hours():
    """Ten pieces of work, all on Mondays at ten: too few to say anything but that the office is open."""
    log = log_of(*work("rare", [10.5], weeks=5, weekdays=[0]), *work("x", ALL))
    found = duty_of(log, "rare")
    assert found[:, OFFICE].all()
    mined = waiting_causes(log, calendar=WEEKDAYS).calendars
    assert not mined.own[log.labels("resource").index("rare")]


def test_one_row_means_office_hours():
    log = log_of(*work("x", [10.5], weeks=1, weekdays=[2]))
    found = duty_of(log, "x")
    assert found[:, OFFICE].all()
    assert found.sum() == 5 * len(OFFICE)


def meeting(weeks=30, *, leave=True):
    """The board: every Friday at 14:00 five cases of the week together; what comes during the meeting waits a week."""
    rows = []
    for week in range(weeks):
        friday = MONDAY + pd.Timedelta(days=7 * week + 4, hours=14)
        for k in range(5):
            ready = friday - pd.Timedelta(days=k, hours=3)
            case = f"m{week}-{k}"
            rows.append((case, "in", None, ready, ready))
            rows.append((case, "decide", "board", friday, friday + pd.Timedelta(hours=1)))
        if leave:
            ready, later = friday + pd.Timedelta(minutes=20), friday + pd.Timedelta(days=7)
            rows.append((f"l{week}", "in", None, ready, ready))
            rows.append((f"l{week}", "decide", "board", later, later + pd.Timedelta(hours=1)))
    return rows


@pytest.mark.parametrize("leave", [True, False])
def test_a_weekly_meeting_is_a_habit_not_an_hour_of_duty(leave):
    """The account acts on Fridays from 14 to 15 only. It has the hours of everybody, and the wait is for the batch."""
    log = log_of(*meeting(leave=leave), *work("x", ALL, weeks=30))
    mined = waiting_causes(log, calendar=WEEKDAYS).calendars
    board = log.labels("resource").index("board")
    assert not mined.own[board]
    assert duty_of(log, "board")[:, OFFICE].all()
    total = waiting_causes(log, calendar=WEEKDAYS).by("activity", working=False).set_index("activity").loc["decide"]
    assert total["batching_h"] > 0.5 * total["waiting_h"]


def test_one_hour_of_duty_without_the_habit_stays():
    """One by one from 14:00 on, what comes meanwhile next: this officer is there on Friday afternoons only."""
    rows = []
    for week in range(40):
        friday = MONDAY + pd.Timedelta(days=7 * week + 4, hours=14)
        for k in range(6):
            start = friday + pd.Timedelta(minutes=20 * k)
            ready = start - pd.Timedelta(minutes=15) if k else friday - pd.Timedelta(days=1)
            rows.append((f"f{week}-{k}", "in", None, ready, ready))
            rows.append((f"f{week}-{k}", "check", "x", start, start + pd.Timedelta(minutes=20)))
    log = log_of(*rows, *work("y", ALL, weeks=40))
    found = hours_of(log, "x")
    assert found[:4] == [[]] * 4
    assert found[4][:2] == [14, 15]
    assert waiting_causes(log, calendar=WEEKDAYS).calendars.own[log.labels("resource").index("x")]


def test_a_start_after_every_end_lies_within_the_tables():
    """An absurd start, of the applicant even: its window is measured, not read from beyond the tables."""
    rows = work("x", ALL)
    log = log_of(*rows)
    frame = log.to_pandas().astype({"activity": object})
    frame["department"] = "局"
    odd = frame.index[-1]
    frame.loc[odd, "start"] = frame.loc[odd, "end"] + pd.Timedelta(days=3000)
    for department in ("局", "申请人"):
        frame.loc[odd, "department"] = department
        found = waiting_causes(from_frame(frame), calendar=WEEKDAYS)
        assert (found.working_parts >= 0).all()
        assert (found.working_parts <= found.parts).all()
        days = pd.Timedelta(microseconds=int(found.window.max())) / pd.Timedelta(days=1)
        assert days == pytest.approx(3000, abs=1)
        # seven hours on five days of seven
        assert found.working_parts.sum(axis=1).max() / 3.6e9 == pytest.approx(3000 * 7 * 5 / 7, rel=0.01)
