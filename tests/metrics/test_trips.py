"""Trips: sites and days, what corrections cause, what the guides state, online share against capability."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog, Provenance, from_frame
from flowaudit.metrics import (
    NotRecorded,
    four_reductions,
    guide_trips,
    online_capability,
    online_share,
    repeat_trips,
    trips,
)

CASES = ("1", "2", "3")
ITEMS = pd.DataFrame(
    {"item_code": ["A", "B"], "name": ["甲", "乙"], "visits_min": [2, 1], "fully_online": [False, True]}
)


def log_with(visits=None, cases=CASES, **tables):
    rows = [
        (case, name, item, stage)
        for case in cases
        for name, item, stage in (("申请", "A", "apply"), ("决定", "B", "decide"))
    ]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "item_code", "stage"])
    frame["end"] = pd.date_range("2024-01-02", periods=len(frame), freq="h")
    if visits is not None:
        tables["visits"] = visits
    return from_frame(frame, tables=tables, unit="bundle")


def visits(*rows):
    return pd.DataFrame(rows, columns=["case_id", "site", "date", "purpose"])


VISIT = st.tuples(
    st.sampled_from(CASES), st.sampled_from(("区中心", "消防大厅")), st.sampled_from(("2024-01-02", "2024-01-05 14:00", "2024-01-05")),
    st.sampled_from(("submit", "correct", "collect", None)),
)  # fmt: skip


@given(st.lists(VISIT, min_size=1, max_size=15))
def test_journeys_are_what_sets_of_site_and_day_say(rows):
    log = log_with(visits(*rows))
    again = repeat_trips(log)
    for i, case in enumerate(CASES):
        journeys = {}
        for owner, site, date, purpose in rows:
            if owner == case:
                journeys.setdefault((site, date[:10]), set()).add(purpose)
        assert trips(log)[i] == len(journeys)
        if any(row[3] is not None for row in rows):
            assert again[i] == sum(purposes == {"correct"} for purposes in journeys.values())
    if not isinstance(again, NotRecorded):
        assert (again <= trips(log)).all()


def test_several_counters_of_one_hall_on_one_day_are_one_trip():
    rows = [("1", "区中心", "2024-01-02 09:00", "submit"), ("1", "区中心", "2024-01-02 11:00", "submit")]
    assert trips(log_with(visits(*rows))).tolist() == [1, 0, 0]
    assert trips(log_with(visits(*rows, ("1", "消防大厅", "2024-01-02", "submit")))).tolist() == [2, 0, 0]


def test_a_courier_removes_the_visit_to_collect_and_nothing_else():
    rows = [("1", "区中心", "2024-01-02", "submit"), ("1", "区中心", "2024-01-09", "collect")]
    assert trips(log_with(visits(*rows)))[0] - trips(log_with(visits(*rows[:1])))[0] == 1


def test_two_halves_of_a_log_add_up_to_the_whole():
    rows = [(case, "区中心", f"2024-01-0{day}", "submit") for case in CASES for day in (2, 3, 4)]
    parts = [trips(log_with(visits(*rows), cases=part)).sum() for part in (CASES[:1], CASES[1:])]
    assert sum(parts) == trips(log_with(visits(*rows))).sum() == 9


def test_the_purpose_is_read_from_the_events_where_the_visits_do_not_tell_it():
    frame = pd.DataFrame({"case_id": "1", "activity": ["申请", "补正提交"], "stage": ["apply", "correction"], "visit_id": ["V1", "V2"],
                          "end": pd.date_range("2024-01-02", periods=2)})  # fmt: skip
    came = pd.DataFrame({"visit_id": ["V1", "V2"], "case_id": "1", "date": ["2024-01-02", "2024-01-03"]})
    assert repeat_trips(from_frame(frame, tables={"visits": came})).tolist() == [1]
    bare = repeat_trips(from_frame(frame.drop(columns="visit_id"), tables={"visits": came}))
    assert isinstance(bare, NotRecorded)


def test_minimum_and_expected_stand_beside_what_was_observed():
    rows = [
        ("1", "区中心", "2024-01-02", "submit"),
        ("1", "区中心", "2024-01-05", "correct"),
        ("2", "区中心", "2024-01-02", "submit"),
    ]
    catalogue = Catalogue(items=ITEMS)
    log = log_with(visits(*rows))
    assert guide_trips(log, catalogue).tolist() == [3, 3, 3]
    extra = four_reductions(log, catalogue, complete_only=False).trips.extra
    assert (extra["minimum"], extra["repeats"], extra["expected"]) == (
        3.0,
        pytest.approx(1 / 3),
        pytest.approx(3 + 1 / 3),
    )
    assert four_reductions(log, complete_only=False).trips.extra["expected"] is None


def test_a_guide_that_is_silent_on_one_item_has_no_minimum():
    silent = ITEMS.assign(visits_min=[2, None])
    assert np.isnan(guide_trips(log_with(), Catalogue(items=silent))).all()


def test_online_share_is_not_online_capability():
    bundles = pd.DataFrame({"bundle_id": CASES, "channel": ["线上", "窗口", None]})
    found = online_share(log_with(bundles=bundles))
    assert (found["n"], found["online"], found["unknown"]) == (2, 1, 1)
    assert found["low"] < 0.5 < found["high"]
    able = online_capability(Catalogue(items=ITEMS))
    assert (able["n"], able["online"], able["share"]) == (2, 1, 0.5)
    assert isinstance(online_share(log_with()), NotRecorded)
    assert isinstance(online_capability(Catalogue(items=ITEMS.drop(columns="fully_online"))), NotRecorded)


@pytest.mark.parametrize("lacking", ["case_id", "date"])
def test_what_the_log_does_not_say_is_not_zero(lacking):
    table = visits(("1", "区中心", "2024-01-02", "submit")).drop(columns=lacking)
    for count in (trips, repeat_trips):
        assert isinstance(count(log_with(table)), NotRecorded)


def test_a_simulated_log_without_visits_had_none_a_recorded_one_may_not_have_noted_them():
    nobody = pd.DataFrame({"case_id": pd.Series(dtype="str"), "date": pd.Series(dtype="datetime64[us]")})
    frame = pd.DataFrame(
        {"case_id": ["1", "2"], "activity": "受理", "end": pd.to_datetime(["2024-01-02", "2024-01-03"])}
    )
    recorded = from_frame(frame, tables={"visits": nobody})
    assert isinstance(trips(recorded), NotRecorded)
    simulated = EventLog(recorded.events, recorded.tables, Provenance(source="simulated"), recorded.unit)
    assert trips(simulated).tolist() == [0.0, 0.0]
