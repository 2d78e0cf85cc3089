"""Whose work: hours and instances of each department on paper."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.metrics import NotRecorded, workload
from flowaudit.worktime import OfficeHours, load_calendar

CALENDAR = load_calendar("weekdays")


def log(*rows, **columns):
    """Rows of case, department, start, end on the days after Monday 2024-03-04."""
    frame = pd.DataFrame(
        [(c, d, _at(a), _at(b)) for c, d, a, b in rows], columns=["case_id", "department", "start", "end"]
    ).assign(activity=[f"{k}" for k in range(len(rows))], **columns)
    return from_frame(frame)


def _at(text):
    day, clock = text.split()
    return pd.Timestamp(f"2024-03-{4 + int(day):02d} {clock}")


def of(found, department):
    at = found.department == found.departments.index(department)
    return dict(
        zip(
            found.case[at].tolist(),
            zip(found.instances[at], found.lasting[at], found.hours[at], strict=True),
            strict=True,
        )
    )


def test_hours_are_office_hours():
    """16:00 to 10:00 on the next day: 1 + 1 hours; Friday 16:00 to Monday 10:00 the same; over lunch 11:30 to 13:30 one."""
    found = workload(
        log(("a", "甲", "0 16:00", "1 10:00"), ("a", "甲", "1 11:30", "1 13:30"), ("b", "甲", "4 16:00", "7 10:00")),
        calendar=CALENDAR,
    )
    assert of(found, "甲") == {0: (2, 2, 3.0), 1: (1, 1, 2.0)}


def test_work_outside_office_hours_counts_by_the_clock():
    """Saturday 10:00 to 12:00, and an hour late on a Monday; with an office open on Saturdays it is office time."""
    rows = (("a", "甲", "5 10:00", "5 12:30"), ("b", "甲", "0 20:00", "0 21:00"))
    assert workload(log(*rows), calendar=CALENDAR).hours.tolist() == [2.5, 1.0]
    office = OfficeHours(saturday=(("11:00", "12:00"),))
    assert workload(log(*rows), calendar=CALENDAR, office=office).hours.tolist() == [1.0, 1.0]


def test_years_the_calendar_does_not_know_count_by_the_clock():
    frame = log(("a", "甲", "0 10:00", "0 11:00")).to_pandas()
    frame[["start", "end"]] += pd.Timedelta(days=365 * 20)
    assert workload(from_frame(frame)).hours.tolist() == [1.0]


def test_a_length_that_was_filled_in_is_not_known():
    found = workload(log(("a", "甲", "0 10:00", "0 10:00"), ("a", "甲", "0 11:00", "0 12:00")), calendar=CALENDAR)
    assert of(found, "甲") == {0: (2, 1, 1.0)}


def test_departments_are_counted_apart():
    found = workload(
        log(("a", "甲", "0 09:00", "0 10:00"), ("b", "乙", "0 09:00", "0 11:00"), ("a", "乙", "0 10:00", "0 10:30")),
        calendar=CALENDAR,
    )
    assert of(found, "甲") == {0: (1, 1, 1.0)}
    assert of(found, "乙") == {0: (1, 1, 0.5), 1: (1, 1, 2.0)}


def test_what_is_nobodys_work_is_not_counted():
    rows = [("a", d, "0 09:00", "0 10:00") for d in (APPLICANT, "甲", "甲", "甲", "甲", None)]
    made = log(
        *rows,
        stage=["apply", "review", "notify", "archive", "review", "review"],
        is_auto=[False, False, False, False, True, False],
    )
    assert of(workload(made, calendar=CALENDAR), "甲") == {0: (1, 1, 1.0)}


def test_a_notice_somebody_is_named_for_is_his_work():
    """An officer attends a joint inspection that another department enters: no step of the case, but an hour of his."""
    rows = [("a", d, "0 09:00", "0 10:00") for d in ("甲", "乙", "乙", APPLICANT)]
    made = log(*rows, stage=["inspect", "notify", "notify", "notify"], resource=["p1", "p2", None, "p3"])
    found = workload(made, calendar=CALENDAR)
    assert of(found, "乙") == {0: (1, 1, 1.0)}
    assert of(found, APPLICANT) == {}


def test_an_event_that_cases_share_is_work_done_once():
    """A joint inspection of two hours in two cases: one each."""
    rows = [("a", "甲", "0 09:00", "0 11:00"), ("b", "甲", "0 09:00", "0 11:00"), ("b", "甲", "1 09:00", "1 10:00")]
    found = workload(log(*rows, event_id=["e1", "e1", "e2"]), calendar=CALENDAR)
    assert of(found, "甲") == {0: (0.5, 0.5, 1.0), 1: (1.5, 1.5, 2.0)}


def test_without_starts_there_are_instances_only():
    frame = log(("a", "甲", "0 09:00", "0 10:00"), ("a", "甲", "0 11:00", "0 12:00")).to_pandas().drop(columns="start")
    found = workload(from_frame(frame), calendar=CALENDAR)
    assert (found.instances.tolist(), found.lasting.tolist(), found.hours.tolist()) == ([2.0], [0.0], [0.0])


def test_without_departments_nothing_is_known():
    frame = log(("a", "甲", "0 09:00", "0 10:00")).to_pandas().drop(columns="department")
    assert isinstance(workload(from_frame(frame)), NotRecorded)


@pytest.mark.parametrize("cases", [3, 400])
def test_many_departments_are_added_up_like_few(cases):
    """Few rows in a wide table, and many: the same sums."""
    rng = np.random.default_rng(1)
    rows = [(f"c{k:03}", f"d{d}", "0 09:00", "0 10:00") for k in range(cases) for d in rng.choice(500, 2)]
    found = workload(log(*rows), calendar=CALENDAR)
    expected = pd.DataFrame(rows).groupby([0, 1]).size()
    got = {
        (f"c{c:03}", found.departments[d]): n for c, d, n in zip(found.case, found.department, found.hours, strict=True)
    }
    assert got == expected.to_dict()
