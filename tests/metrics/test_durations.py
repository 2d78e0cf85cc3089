"""End-to-end days and the official clock: worked examples, the laws of section 10, and a slow reference."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.metrics import case_measures, end_to_end_days, four_reductions, official_clock
from flowaudit.worktime import Calendar

CHINA = Calendar.china()


def stages(*rows, tables=None, case="1"):
    """A log of (item, stage, day[, department[, result]])."""
    full = [(*row, *([None] * (5 - len(row)))) for row in rows]
    frame = pd.DataFrame(full, columns=["item_code", "stage", "end", "department", "result"])
    frame["end"] = pd.to_datetime(frame["end"], format="ISO8601")
    frame = frame.assign(case_id=case, activity=frame["stage"], department=frame["department"].fillna("甲局"))
    if frame["result"].isna().all():
        frame = frame.drop(columns="result")
    return from_frame(frame, tables=tables, unit="bundle")


def episodes(*rows):
    frame = pd.DataFrame(rows, columns=["item_code", "type", "start", "end", "counts_in_clock"])
    return {"special_episodes": frame.assign(case_id="1")}


def clock(log):
    return case_measures(log, calendar=CHINA)["clock_days"].iloc[0]


ONE = (("A", "accept", "2024-09-30 10:00"), ("A", "decide", "2024-10-12 09:00"))


def test_the_clock_over_the_national_holiday():
    """8, 9, 10, 11 October and the make-up Saturday 12 October."""
    assert clock(stages(*ONE)) == 5


def test_a_suspension_stops_the_clock_and_overlaps_count_once():
    log = stages(*ONE, tables=episodes(
        ("A", "expert_review", "2024-10-08 15:00", "2024-10-10 11:00", "false"),
        ("A", "听证", "2024-10-09", "2024-10-11", False),
    ))  # fmt: skip
    assert clock(log) == 2, "9, 10 and 11 October are taken out once"
    row = official_clock(log, calendar=CHINA).iloc[0]
    assert (row["clock_days"], row["suspended_days"]) == (2, 3)


@pytest.mark.parametrize(
    ("kind", "flag", "expected"),
    [
        ("publicity", True, 5),
        ("publicity", None, 5),  # 公示 is not in the list of Art 45
        ("expert_review", None, 3),  # 专家评审 is
        ("correction", None, 3),  # after acceptance a correction suspends
        ("extension", None, 5),  # moves the deadline, never the clock
        ("extension", False, 5),
        ("延长审批", False, 5),
        ("现场核查", False, 3),  # the item's own rule says so
    ],
)
def test_which_episodes_stop_the_clock(kind, flag, expected):
    assert clock(stages(*ONE, tables=episodes(("A", kind, "2024-10-08", "2024-10-10", flag)))) == expected


def test_a_suspension_of_another_item_does_not_stop_this_one():
    log = stages(*ONE, ("B", "accept", "2024-10-08"), ("B", "decide", "2024-10-09"), tables=episodes(
        ("B", "expert_review", "2024-09-30", "2024-10-12", False),
    ))  # fmt: skip
    assert clock(log) == 5
    assert official_clock(log, calendar=CHINA)["clock_days"].tolist() == [5, 0]


def test_an_episode_without_an_item_concerns_all():
    log = stages(*ONE, tables=episodes((None, "expert_review", "2024-10-08", "2024-10-10", False)))
    assert clock(log) == 3


def test_several_items_count_the_union_of_their_days():
    parallel = stages(*ONE, ("B", "accept", "2024-10-08"), ("B", "decide", "2024-10-14"))
    assert clock(parallel) == 6
    apart = stages(*ONE, ("B", "accept", "2024-10-15"), ("B", "decide", "2024-10-17"))
    assert clock(apart) == 7, "the applicant's idle days between two items are not on the clock"


def test_acceptance_for_the_whole_bundle_serves_every_item():
    log = stages((None, "accept", "2024-10-08"), ("A", "decide", "2024-10-10"), ("B", "decide", "2024-10-11"))
    assert clock(log) == 3
    assert official_clock(log, calendar=CHINA)["clock_days"].tolist() == [2, 3]


def test_a_correction_before_acceptance_postpones_the_start():
    log = stages(
        ("A", "accept", "2024-10-08", None, "补正"), ("A", "accept", "2024-10-10", None, "受理"), ("A", "decide", "2024-10-12")
    )  # fmt: skip
    assert clock(log) == 2


def test_open_cases_have_no_clock():
    undecided = stages(*ONE, ("B", "accept", "2024-10-08"))
    other = stages(*ONE, ("B", "accept", "2024-10-08"), ("B", "decide", "2024-10-09"), case="2")
    both = from_frame(pd.concat([undecided.to_pandas(), other.to_pandas()]), unit="bundle")
    per_case = case_measures(both, calendar=CHINA)
    assert per_case["complete"].tolist() == [False, True]
    assert per_case["clock_days"].isna().tolist() == [True, False]
    assert per_case["e2e_days"].isna().tolist() == [True, False]
    found = four_reductions(both, calendar=CHINA)
    assert found.clock.n == found.time.n == found.steps.n == 1
    assert found.time.extra["open"] == 1
    endless = stages(*ONE, tables=episodes(("A", "expert_review", "2024-10-08", None, False)))
    assert np.isnan(clock(endless))
    assert official_clock(endless, calendar=CHINA)["open"].tolist() == [True]


def test_times_of_the_case_table_serve_where_stages_are_not_recorded():
    frame = pd.DataFrame(
        {"case_id": ["1", "1"], "activity": ["a", "b"], "end": pd.to_datetime(["2024-09-30", "2024-10-14"])}
    )
    cases = pd.DataFrame(
        {"case_id": ["1"], "accept_time": ["2024-09-30 10:00:00"], "decide_time": ["2024-10-12 09:00:00"]}
    )
    assert clock(from_frame(frame, tables={"cases": cases})) == 5
    assert not four_reductions(from_frame(frame), calendar=CHINA).clock.recorded


def test_end_to_end_from_the_applicants_first_action_to_delivery():
    log = stages(
        (None, "consult", "2024-09-27 10:00"),
        ("A", "apply", "2024-09-29 10:00", APPLICANT), *ONE, ("A", "deliver", "2024-10-14 10:00"), ("A", "archive", "2024-11-01"),
    )  # fmt: skip
    assert end_to_end_days(log, calendar=CHINA).tolist() == [7]
    rule = four_reductions(log, calendar=CHINA).time.rule
    assert rule.key == "time_applicant_delivery"
    assert end_to_end_days(stages(*ONE), calendar=CHINA).tolist() == [5]
    assert four_reductions(stages(*ONE), calendar=CHINA).time.rule.key == "time_first_event_last_event"


def test_an_unknown_year_is_refused_with_a_hint():
    log = stages(("A", "accept", "2031-01-02"), ("A", "decide", "2031-01-09"))
    with pytest.raises(InsufficientDataError, match="2031"):
        four_reductions(log)
    assert four_reductions(log, calendar=Calendar.weekdays()).clock.value == 5


day = st.dates(dt.date(2024, 1, 1), dt.date(2024, 3, 31))
span = st.tuples(day, day).map(sorted).map(tuple)
item_spans = st.dictionaries(st.sampled_from("ABC"), span, min_size=1)
stop_spans = st.lists(st.tuples(st.sampled_from(["A", "B", "C", None]), span), max_size=6)


def make(spans, stops):
    rows = [(i, s, str(d)) for i, (a, b) in spans.items() for s, d in (("accept", a), ("decide", b))]
    table = episodes(*((i, "hearing", str(a), str(b), False) for i, (a, b) in stops)) if stops else None
    return stages(*rows, tables=table)


def between(a, b):
    return {a + dt.timedelta(n) for n in range(1, (b - a).days + 1)}


@given(item_spans, stop_spans)
def test_the_clock_equals_counting_day_by_day(spans, stops):
    running = set()
    for item, (a, b) in spans.items():
        off = set().union(*(between(*stop) for i, stop in stops if i in (item, None)))
        running |= between(a, b) - off
    expected = sum(bool(CHINA.is_workday(d)) for d in running)
    assert clock(make(spans, stops)) == expected


@given(item_spans, stop_spans, st.tuples(st.sampled_from("ABC"), span))
def test_one_more_suspension_never_lengthens_the_clock(spans, stops, extra):
    before = clock(make(spans, stops))
    assert 0 <= clock(make(spans, [*stops, extra])) <= before
    first, last = min(a for a, _ in spans.values()), max(b for _, b in spans.values())
    assert before <= CHINA.working_days(first, last)


@given(st.lists(day, min_size=4, max_size=4).map(sorted), st.lists(span, max_size=3))
def test_end_to_end_is_before_plus_clock_plus_suspended_plus_delivery(days, stops):
    """Half-open day counting makes the parts add up (section 10)."""
    apply, accept, decide, deliver = days
    table = episodes(*(("A", "hearing", str(a), str(b), False) for a, b in stops)) if stops else None
    log = stages(
        ("A", "apply", str(apply), APPLICANT), ("A", "accept", str(accept)), ("A", "decide", str(decide)),
        ("A", "deliver", str(deliver)), tables=table,
    )  # fmt: skip
    row = official_clock(log, calendar=CHINA).iloc[0]
    parts = (
        CHINA.working_days(apply, accept)
        + row["clock_days"]
        + row["suspended_days"]
        + CHINA.working_days(decide, deliver)
    )
    assert end_to_end_days(log, calendar=CHINA).iloc[0] == parts
