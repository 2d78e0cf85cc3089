"""Time of whole bundles: shared events once, idle gaps apart, the guides' longest path."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import APPLICANT, from_frame, load_sample
from flowaudit.metrics import bundle_clocks, bundle_time, clocks, guide_time
from flowaudit.worktime import Calendar

CHINA = Calendar.china()


def bundle(*rows, name="1"):
    """Events of one bundle: (item, stage, end[, start])."""
    frame = pd.DataFrame([(*r, *[None] * (4 - len(r))) for r in rows], columns=["item_code", "stage", "end", "start"])
    frame["end"] = pd.to_datetime(frame["end"])
    frame["start"] = pd.to_datetime(frame["start"])
    if frame["start"].isna().all():
        frame = frame.drop(columns="start")
    department = np.where(frame["stage"] == "apply", APPLICANT, "甲局")
    return from_frame(frame.assign(case_id=name, activity=frame["stage"], department=department), unit="bundle")


def way(item, *days):
    return [
        (item, stage, f"2024-03-{day:02}")
        for stage, day in zip(("apply", "accept", "decide", "deliver"), days, strict=True)
    ]


def test_two_items_one_after_the_other_with_a_gap_of_the_applicant():
    """A: 4 -> 5 -> 7 -> 8 March (4 days); idle 11 and 12 March; B: 12 -> 13 -> 14 -> 18 (4 days). In all 10."""
    found = bundle_clocks(bundle(*way("A", 4, 5, 7, 8), *way("B", 12, 13, 14, 18)), calendar=CHINA).iloc[0]
    assert found[["items", "e2e_working_days", "items_days", "idle_days"]].tolist() == [2, 10, 8, 2]
    parts = found[["pre_days", "clock_days", "suspended_days", "between_days", "deliver_days"]].tolist()
    assert parts == [1, 3, 0, 4, 2], "8, 11, 12, 13 March lie between the two items' clocks"


def test_two_items_side_by_side():
    """A: 4 -> 5 -> 7 -> 8, B: 4 -> 6 -> 12 -> 13 March: nothing idle, and the items' days add up to more."""
    found = bundle_clocks(bundle(*way("A", 4, 5, 7, 8), *way("B", 4, 6, 12, 13)), calendar=CHINA).iloc[0]
    assert found[["e2e_working_days", "items_days", "idle_days", "clock_days", "between_days"]].tolist() == [
        7,
        11,
        0,
        5,
        0,
    ]


def test_a_shared_event_counts_once():
    """One hour of joint inspection for two items is one hour of work; each item's clock saw it."""
    log = bundle(
        ("A", "accept", "2024-03-05 10:00", "2024-03-05 09:30"), ("B", "accept", "2024-03-05 10:00", "2024-03-05 09:30"),
        (None, "inspect", "2024-03-05 15:00", "2024-03-05 14:00"),
        ("A", "decide", "2024-03-05 16:00", "2024-03-05 15:30"), ("B", "decide", "2024-03-05 16:00", "2024-03-05 15:30"),
        (None, "apply", "2024-03-05 09:30", "2024-03-05 09:00"), (None, "deliver", "2024-03-05 17:00", "2024-03-05 16:30"),
    )  # fmt: skip
    found = bundle_clocks(log, calendar=CHINA).iloc[0]
    assert found["touch_h"] == 0.5 * 4 + 1 + 0.5
    assert clocks(log, calendar=CHINA)["touch_h"].tolist() == [2.5, 2.5]
    assert found[["clock_h", "wait_h"]].tolist() == [5, 3.5], "10-12 and 13-16, of which 14-15 and 15:30-16 were worked"


def test_an_undelivered_item_leaves_the_bundle_open():
    log = bundle(*way("A", 4, 5, 7, 8), *way("B", 4, 6, 12, 13)[:3])
    other = bundle(*way("A", 4, 5, 7, 8), *way("B", 4, 6, 12, 13), name="2")
    both = from_frame(pd.concat([log.to_pandas(), other.to_pandas()]), unit="bundle")
    found = bundle_clocks(both, calendar=CHINA)
    assert found["open"].tolist() == [True, False]
    assert found["e2e_working_days"].tolist() == [7, 7], "up to the cut-off"
    assert np.isnan(found["clock_days"].iloc[0])
    figure = bundle_time(both, calendar=CHINA)
    assert (figure.n, figure.extra["open"], figure.extra["method"]) == (2, 1, "kaplan_meier")


day = st.lists(st.integers(1, 30), min_size=4, max_size=4).map(sorted)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from("ABC"), day, min_size=1))
def test_the_five_parts_add_up_and_gaps_are_days_of_no_item(ways):
    log = bundle(*(row for item, days in ways.items() for row in way(item, *days)))
    found = bundle_clocks(log, calendar=CHINA).iloc[0]
    parts = found[["pre_days", "clock_days", "suspended_days", "between_days", "deliver_days"]]
    assert parts.sum() == found["e2e_working_days"]
    assert (parts >= 0).all()
    busy = {d for days in ways.values() for d in range(days[0] + 1, days[3] + 1)}
    span = range(min(d[0] for d in ways.values()) + 1, max(d[3] for d in ways.values()) + 1)
    idle = [d for d in span if d not in busy and CHINA.is_workday(np.datetime64(f"2024-03-{d:02}"))]
    assert found["idle_days"] == len(idle)


def test_the_restaurant_says_what_was_counted():
    figure = bundle_time(load_sample("restaurant"))
    assert figure.rule.baseline == "log_before"
    assert "gaps" in figure.rule.definition_en
    assert "空档" in figure.rule.definition_zh
    assert figure.low <= figure.value <= figure.high
    assert figure.extra["idle"] > 0


def guide(days, edges, unit="工作日"):
    items = pd.DataFrame(
        {"item_code": list(days), "name": list(days), "promised_days": list(days.values()), "promised_unit": unit}
    )
    relations = pd.DataFrame(edges, columns=["src_item", "dst_item"]).assign(relation="precedes")
    return Catalogue(items=items, item_relations=relations if edges else None)


def test_the_guides_longest_path():
    """E1 before: 3 + 5 + 7 + 7 + 10 on one chain of five, 4 and 6 beside it: 32 working days."""
    days = {"a": 3, "b": 5, "c": 7, "d": 7, "e": 10, "f": 4, "g": 6}
    found = guide_time(guide(days, [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "f")]))
    assert (found.value, found.unit, found.extra["path"]) == (32, "working days", ("a", "b", "c", "d", "e"))
    assert found.rule.policy == "longest_path"
    assert found.rule.baseline == "guide_before"
    after = guide_time(guide({"a": 1, "b": 2, "c": 2}, [("a", "b"), ("b", "c")]), baseline="guide_after")
    assert after.value == 5
    assert after.rule.comparable(found.rule)


@pytest.mark.parametrize(
    ("catalogue", "reason"),
    [
        (guide({"a": 3, "b": 5}, [], ["工作日", "自然日"]), "natural days, working days"),
        (guide({"a": 3, "b": 5}, [], ["工作日", None]), ": b."),
        (guide({"a": 3, "b": 5}, [("a", "b"), ("b", "a")]), "a → b → a"),
        (Catalogue(), "no items"),
    ],
)
def test_what_cannot_be_added_up_is_refused_with_the_reason(catalogue, reason):
    found = guide_time(catalogue)
    assert not found.recorded
    assert reason in found.reason("en")
    assert found.reason("zh").endswith("。")


def test_natural_days_are_another_unit():
    assert guide_time(guide({"a": 3, "b": 5}, [("a", "b")], "自然日")).unit == "natural days"
