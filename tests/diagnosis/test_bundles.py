"""Items of a one-thing that wait for each other: on paper, as laws, and on the sample's planted order."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis.bundles import ARROW, END_OF_BUNDLE, critical_path, lagging, synchronisation
from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import as_unit, from_frame, load_sample
from flowaudit.metrics import wilson
from flowaudit.worktime import Calendar, OfficeHours

FOLDER = Path(__file__).parents[2] / "sample_logs" / "restaurant"
MONDAY = pd.Timestamp("2024-03-04")
# A day of 7 office hours: noon is 3/7 of it.
NINE, NOON, FIVE = 9, 12, 17


def moment(day, hour):
    return MONDAY + pd.Timedelta(days=day, hours=hour)


def bundle(rows, *, stages=False, item_in_events=False, event_ids=True):
    """Rows of (item or items, activity, department, start, end); an event of several items is one of each of their cases."""
    events, cases = [], {}
    for number, (items, activity, department, start, end) in enumerate(rows):
        for item in items.split("+"):
            cases[item] = {"case_id": f"b-{item}", "bundle_id": "b", "item_code": item}
            event = {"case_id": f"b-{item}", "activity": activity, "department": department, "start": start, "end": end}
            if event_ids:
                event["event_id"] = f"e{number}"
            if item_in_events and "+" not in items:
                event["item_code"] = item
            if stages:
                event["stage"] = {"申请": "apply", "受理": "accept", "决定": "decide", "送达": "deliver"}.get(
                    activity[-2:]
                )
            events.append(event)
    return from_frame(pd.DataFrame(events), tables={"cases": pd.DataFrame(cases.values())})


# Two items; both are needed for the joint inspection; the second ends later.
TWO = [
    ("A", "甲审查", "甲局", moment(0, NINE), moment(0, NOON)),
    ("B", "乙审查", "乙局", moment(0, NINE), moment(2, NOON)),
    ("A+B", "联合核查", "甲局", moment(3, NINE), moment(3, NOON)),
    ("A", "甲办结", "甲局", moment(4, NINE), moment(4, NOON)),
    ("B", "乙办结", "乙局", moment(4, NINE), moment(7, FIVE)),
]


def test_a_joint_event_waits_for_the_later_item():
    found = synchronisation(bundle(TWO))
    joint, end = found.to_dict("records")
    assert (joint["event"], joint["n_items"], joint["last_item"], joint["last_department"]) == (
        "联合核查",
        2,
        "B",
        "乙局",
    )
    # From Monday noon to Wednesday noon: two office days.
    assert joint["synchronisation_days"] == joint["lag_days"] == pytest.approx(2.0)
    assert (end["event"], end["last_item"], end["last_department"]) == (END_OF_BUNDLE, "B", "乙局")
    # From Friday noon to Monday at five: half of Friday (4/7) and Monday.
    assert end["lag_days"] == pytest.approx(4 / 7 + 1)


def test_lag_is_measured_to_the_last_but_one_and_synchronisation_to_the_first():
    rows = [
        (item, f"{item}办", f"{item}局", moment(0, NINE), moment(day, NOON))
        for item, day in zip("ABC", (0, 1, 4), strict=True)
    ]
    (point,) = synchronisation(bundle(rows)).to_dict("records")
    assert (point["synchronisation_days"], point["lag_days"]) == (pytest.approx(4.0), pytest.approx(3.0))


def test_nobody_is_last_of_two_that_arrive_together():
    rows = [(item, f"{item}办", f"{item}局", moment(0, NINE), moment(1, NOON)) for item in "AB"]
    (point,) = synchronisation(bundle(rows)).to_dict("records")
    assert point["lag_days"] == 0
    assert pd.isna(point["last_item"])
    assert lagging(bundle(rows))["last"].tolist() == [0, 0]


def test_departments_arrive_with_the_last_of_their_items():
    rows = [
        ("A", "A办", "甲局", moment(0, NINE), moment(1, NOON)),
        ("B", "B办", "乙局", moment(0, NINE), moment(2, NOON)),
        ("C", "C办", "乙局", moment(0, NINE), moment(4, NOON)),
    ]
    by_department = lagging(bundle(rows)).set_index("department")
    assert by_department.loc["乙局", ["points", "last", "mean_lag_days"]].tolist() == [1, 1, pytest.approx(3.0)]
    assert by_department.loc["甲局", "last"] == 0
    by_item = lagging(bundle(rows), by="item").set_index("item")
    assert by_item.loc["C", "mean_lag_days"] == pytest.approx(2.0)
    assert (by_item.loc["C", "low"], by_item.loc["C", "high"]) == wilson(1, 1)


def test_one_department_only_is_no_joining_of_departments():
    rows = [(item, f"{item}办", "甲局", moment(0, NINE), moment(day, NOON)) for item, day in (("A", 1), ("B", 2))]
    assert lagging(bundle(rows)).empty
    assert lagging(bundle(rows), by="item")["last"].sum() == 1


def test_an_item_not_yet_begun_keeps_no_joint_event_waiting():
    rows = [("A+B", "综合咨询", "中心", moment(0, NINE), moment(0, NOON)), *TWO[:2]]
    assert synchronisation(bundle(rows))["event"].tolist() == [END_OF_BUNDLE]


def test_unfinished_bundles_have_no_end():
    rows = [
        ("A", "甲申请", "申请人", moment(0, NINE), moment(0, NOON)),
        ("A", "甲受理", "甲局", moment(1, NINE), moment(1, NOON)),
        ("A", "甲决定", "甲局", moment(2, NINE), moment(2, NOON)),
        ("B", "乙申请", "申请人", moment(0, NINE), moment(0, NOON)),
        ("B", "乙受理", "乙局", moment(1, NINE), moment(1, NOON)),
    ]
    assert synchronisation(bundle(rows, stages=True)).empty
    assert critical_path(bundle(rows, stages=True)).left_out == 1
    whole = [*rows, ("B", "乙决定", "乙局", moment(4, NINE), moment(4, NOON))]
    (point,) = synchronisation(bundle(whole, stages=True)).to_dict("records")
    assert (point["last_item"], point["last_department"], point["lag_days"]) == ("B", "乙局", pytest.approx(2.0))
    items = pd.DataFrame({"item_code": ["A", "B"], "name": ["甲事", "乙事"], "department": ["甲局", "丙局"]})
    assert synchronisation(bundle(whole, stages=True), catalogue=Catalogue(items=items))[
        "last_department"
    ].tolist() == ["丙局"]


def test_the_critical_path_runs_back_over_what_had_ended():
    # A ends, B begins after it; C runs beside both and ends before B does.
    rows = [
        ("A", "A办", "甲局", moment(0, NINE), moment(1, NOON)),
        ("B", "B办", "乙局", moment(2, NINE), moment(4, NOON)),
        ("C", "C办", "丙局", moment(0, NINE), moment(3, NOON)),
    ]
    found = critical_path(bundle(rows))
    assert found.paths["path"].tolist() == ["A" + ARROW + "B"]
    own = found.per_bundle.loc["b"]
    # A: Monday 9 to Tuesday 12 (1 3/7), gap to Wednesday 9 (4/7), B: to Friday 12 (2 3/7).
    assert own[["items_days", "gap_days", "lead_days", "tail_days"]].tolist() == pytest.approx([27 / 7, 4 / 7, 0, 0])
    share = found.share.set_index("item")
    assert share["on_path"].to_dict() == {"B": 1, "A": 1, "C": 0}
    assert share.loc["B", "total_days"] == pytest.approx(17 / 7)
    assert "B" in found._repr_html_()


def test_a_shared_end_belongs_to_no_item_but_to_the_span():
    rows = [*TWO, ("A+B", "统一发证", "中心", moment(8, NINE), moment(8, NOON))]
    own = critical_path(bundle(rows)).per_bundle.loc["b"]
    assert own["tail_days"] == pytest.approx(3 / 7)
    assert own["span_days"] == pytest.approx(own[["lead_days", "items_days", "gap_days", "tail_days"]].sum())


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["A", "B", "C", "D", "A+B", "B+C+D"]),
            st.integers(0, 90),
            st.integers(0, 30),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_parts_and_gaps_add_up_to_the_span(rows):
    frame, cases = [], {}
    for number, (owner, items, begin, length) in enumerate(rows):
        for item in items.split("+"):
            case = f"{owner}-{item}"
            cases[case] = {"case_id": case, "bundle_id": str(owner), "item_code": item}
            start = MONDAY + pd.Timedelta(hours=3 * begin)
            frame.append({"case_id": case, "event_id": f"e{number}", "activity": items, "department": items[:1],
                          "start": start, "end": start + pd.Timedelta(hours=length)})  # fmt: skip
    log = from_frame(pd.DataFrame(frame), tables={"cases": pd.DataFrame(cases.values())})
    found = critical_path(log)
    parts = found.per_bundle[["lead_days", "items_days", "gap_days", "tail_days"]]
    assert (parts.to_numpy() >= -1e-9).all()
    np.testing.assert_allclose(parts.sum(axis=1), found.per_bundle["span_days"], atol=1e-9)
    for _bundle, own in found.parts.groupby("bundle_id"):
        assert own["item"].is_unique
        assert (own["start"].to_numpy()[1:] >= own["end"].to_numpy()[:-1]).all()
    points = synchronisation(log)
    assert (points["lag_days"] <= points["synchronisation_days"] + 1e-9).all()
    assert (points["lag_days"] >= 0).all()
    # The same log, seen by bundle already, tells the same where its events name their items by e2o.
    links = pd.DataFrame([{"event_id": r["event_id"], "object_type": "case", "object_id": r["case_id"]} for r in frame])
    seen = as_unit(log.with_tables(e2o=links), "bundle")
    pd.testing.assert_frame_equal(synchronisation(seen), points)


def test_logs_without_bundles_or_items_say_what_they_lack():
    frame = pd.DataFrame({"case_id": ["1"], "activity": ["A"], "end": [MONDAY]})
    for measure in (synchronisation, lagging, critical_path):
        with pytest.raises(MissingColumnError):
            measure(from_frame(frame))
        cases = pd.DataFrame({"case_id": ["1"], "bundle_id": ["b"]})
        with pytest.raises(MissingColumnError, match="item_code"):
            measure(from_frame(frame, tables={"cases": cases}))
    with pytest.raises(UsageError):
        lagging(bundle(TWO), by="officer")


def test_ends_only_and_no_departments_do():
    log = bundle(TWO)
    frame = log.to_pandas().drop(columns=["start", "department"])
    found = synchronisation(from_frame(frame, tables=log.tables))
    assert found["last_item"].tolist() == ["B", "B"]
    assert found["last_department"].isna().all()
    assert critical_path(from_frame(frame, tables=log.tables)).per_bundle["span_days"].iloc[0] > 0


@pytest.fixture(scope="module")
def sample():
    return load_sample("restaurant")


@pytest.fixture(scope="module")
def truth():
    return json.loads((FOLDER / "truth.json").read_text("utf-8"))


def test_sample_the_inspection_planted_second_is_always_last(sample, truth):
    """环保核查 is planted after 消防核查 in every bundle that has both: its department is last at 核查意见签收."""
    found = lagging(sample).set_index(["event", "department"])
    planted = truth["w09_serial"]["realised"]
    joint = found.loc["核查意见签收"]
    assert joint.loc["生态环境局", ["points", "last"]].tolist() == [planted["bundles_with_both"]] * 2
    assert joint.loc["消防救援支队", "last"] == 0
    # Recounted from the files, without flowaudit.eventlog.
    events = pd.read_csv(FOLDER / "events.csv.gz", parse_dates=["start", "end"])
    links = pd.read_csv(FOLDER / "e2o.csv.gz").query("qualifier == 'main'").rename(columns={"object_id": "case_id"})
    joined = events.merge(links, on="event_id").merge(
        pd.read_csv(FOLDER / "cases.csv")[["case_id", "bundle_id"]], on="case_id"
    )
    ends = (
        joined[joined["activity"].isin(truth["w09_serial"]["activity_pair"])]
        .pivot(index="bundle_id", columns="activity", values="end")
        .dropna()
    )
    office = OfficeHours()
    lag = (
        Calendar.china().working_time(ends["消防核查"].to_numpy(), ends["环保核查"].to_numpy(), office)
        / office.hours_per_day
    )
    assert joint.loc["生态环境局", "median_lag_days"] == pytest.approx(np.median(lag))


def test_sample_items_follow_each_other_as_planted(sample, truth):
    """Each item is planted to be applied for after the one before it was delivered: the path holds all but 消防检查."""
    found = critical_path(sample)
    assert found.left_out == len(truth["bundles"]["open"]) == 59
    share = found.share.set_index("item")
    assert share["bundles"].max() == truth["counts"]["closed_bundles"]
    for item in ("HB", "SP", "ZP", "PS"):
        assert share.loc[item, "on_path"] == share.loc[item, "bundles"]
    # 消防检查 runs beside 环保备案, which waits for the second inspection and ends later.
    assert share.loc["XF", "on_path"] == 0
    assert found.paths["path"][0] == ARROW.join(["HB", "SP", "ZP", "PS"])
    parts = found.per_bundle[["lead_days", "items_days", "gap_days", "tail_days"]].sum(axis=1)
    np.testing.assert_allclose(parts, found.per_bundle["span_days"], atol=1e-9)
    # Between items lies what the applicant takes (about 4 working days planted, of 6 office hours each), three times at most.
    gaps = found.parts[found.parts["place"] > 0]["gap_days"]
    assert 2.5 < gaps.mean() < 5.0
