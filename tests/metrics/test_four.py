"""Materials and trips on paper, the four figures together, the interval, and real logs."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import APPLICANT, Provenance, from_frame
from flowaudit.metrics import (
    METRICS,
    Figure,
    Reduction,
    case_measures,
    complete_cases,
    four_reductions,
    median_interval,
)
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()


def two_cases(**tables):
    frame = pd.DataFrame(
        {
            "case_id": ["1", "1", "2", "2"],
            "activity": ["受理", "决定"] * 2,
            "stage": ["accept", "decide"] * 2,
            "end": pd.to_datetime(["2024-01-02", "2024-01-05", "2024-01-03", "2024-01-12"]),
        }
    )
    return from_frame(frame, tables=tables, unit="bundle")


MATERIALS = pd.DataFrame(
    [
        # the licence copy three items ask for is 3; handed in again after a correction it is still 3
        ("1", "A", "M1", "applicant", 1, True), ("1", "B", "M1", "applicant", 2, False), ("1", "B", "M1", "applicant", 2, True),
        ("1", "C", "M1", "applicant", 1, True), ("1", "C", "M2", "elicence", 1, True), ("1", "A", "M3", "reuse", 1, True),
        ("1", "A", "M2", "applicant", 1, True), ("9", "A", "M2", "applicant", 1, True),
    ],
    columns=["case_id", "item_code", "canonical_id", "source", "copies", "accepted"],
)  # fmt: skip
VISITS = pd.DataFrame(
    [
        ("V1", "1", "区中心", "2024-01-02"),
        ("V2", "1", "区中心", "2024-01-02"),
        ("V3", "1", "消防大厅", "2024-01-02"),
        ("V4", "1", "区中心", "2024-01-05"),
    ],
    columns=["visit_id", "case_id", "site", "date"],
)


def test_materials_on_paper():
    found = four_reductions(two_cases(material_instances=MATERIALS), calendar=WEEKDAYS)
    assert found.per_case["materials"].tolist() == [4, 0]
    extra = found.materials.extra
    assert (extra["copies"], extra["kinds"]) == (2.5, 1.0), "1 + 2 + 1 + 1 copies and 2 kinds in the first of two cases"
    assert extra["split"] == {
        "submit": 2.0, "exempt_issuer": 0.0, "exempt_elicence": 0.5, "data_check": 0.0, "commit": 0.0, "merged": 0.5,
    }  # fmt: skip


@given(st.permutations(range(len(MATERIALS))))
def test_the_order_of_materials_changes_nothing(order):
    found = case_measures(two_cases(material_instances=MATERIALS.iloc[list(order)]), calendar=WEEKDAYS)
    assert found["materials"].tolist() == [4, 0]


def test_trips_on_paper():
    """Two counters of one hall on one day are one trip; another hall, or another day, is another."""
    found = four_reductions(two_cases(visits=VISITS), calendar=WEEKDAYS)
    assert found.per_case["trips"].tolist() == [3, 0]
    assert found.trips.extra["share_0"] == found.trips.extra["share_2_or_more"] == 0.5


def test_a_courier_removes_only_the_visit_to_collect():
    found = case_measures(two_cases(visits=VISITS.iloc[:3]), calendar=WEEKDAYS)
    assert found["trips"].tolist() == [2, 0]


def test_what_is_not_recorded_is_unknown_not_zero():
    found = four_reductions(two_cases(), calendar=WEEKDAYS)
    for metric in ("materials", "trips"):
        assert not found.primary[metric].recorded
        assert found.per_case[metric].isna().all()
        data = found.to_dict("en")[metric]
        assert data["recorded"] is False
        assert data["reason"]
        assert data["needs"]
    without_source = two_cases(material_instances=MATERIALS.drop(columns="source"))
    assert not four_reductions(without_source, calendar=WEEKDAYS).materials.recorded


def test_figures_carry_rule_interval_and_count():
    found = four_reductions(two_cases(visits=VISITS), calendar=WEEKDAYS)
    assert list(found.primary) == list(METRICS)
    data = json.loads(json.dumps(found.to_dict("en")))
    assert list(data) == list(METRICS)
    assert data["time"]["value"] == 5.0
    assert data["time"]["unit"] == "working days"
    assert data["time"]["low"] <= 5.0 <= data["time"]["high"]
    assert data["time"]["extra"] == {"mean": 5.0, "p90": pytest.approx(6.6), "open": 0, "withheld": 0}
    for metric in ("steps", "time", "clock", "trips"):
        assert data[metric]["rule"].count(".") >= 3
    assert four_reductions(two_cases(), calendar=WEEKDAYS, interval=False).time.low is None
    assert "<table>" in found._repr_html_()


def test_a_simulated_log_says_so_and_is_not_set_against_an_observed_one():
    observed = two_cases()
    simulated = replace(observed, provenance=Provenance(source="simulated"))
    a, b = (four_reductions(log, calendar=WEEKDAYS).time for log in (observed, simulated))
    assert (a.rule.baseline, b.rule.baseline) == ("log_before", "simulated")
    assert a.rule.comparable(b.rule)
    with pytest.raises(UsageError):
        Reduction(a, b)
    assert Reduction(b, b).difference == 0


def test_the_guides_are_figures_of_their_own():
    catalogue = Catalogue(
        items=pd.DataFrame({"item_code": ["A", "B"], "name": ["甲", "乙"], "visits_min": [1, 2]}),
        item_materials=pd.DataFrame({
            "item_code": ["A", "A", "B"], "canonical_id": ["M1", "M2", "M1"], "name": "x", "necessity": ["required", "optional", "required"],
        }),
    )  # fmt: skip
    found = four_reductions(two_cases(material_instances=MATERIALS, visits=VISITS), catalogue, calendar=WEEKDAYS)
    assert (found.guide["materials"].value, found.guide["trips"].value) == (2, 3)
    assert found.guide["materials"].rule.baseline == "guide_before"
    with pytest.raises(UsageError):
        Reduction(found.guide["materials"], found.materials)


def test_open_cases_are_left_out_unless_asked_for():
    frame = two_cases(visits=VISITS).to_pandas()
    log = from_frame(frame.drop(index=3), tables={"visits": VISITS}, unit="bundle")
    assert complete_cases(log).tolist() == [True, False]
    assert four_reductions(log, calendar=WEEKDAYS).trips.n == 1
    assert four_reductions(log, calendar=WEEKDAYS, complete_only=False).trips.n == 2
    none = from_frame(frame.iloc[[0, 2]], unit="bundle")
    assert complete_cases(none).all(), "no decision anywhere: nothing says that a case is open"


def test_complete_by_the_case_table_and_by_refusal():
    frame = pd.DataFrame({"case_id": ["1", "2"], "activity": "a", "end": pd.Timestamp("2024-01-02")})
    cases = pd.DataFrame({"case_id": ["1", "2"], "finish_time": pd.to_datetime(["2024-01-05", None])})
    assert complete_cases(from_frame(frame, tables={"cases": cases})).tolist() == [True, False]
    refused = two_cases().to_pandas().astype({"stage": str}).assign(result=["受理", "", "不予受理", ""]).drop(index=3)
    assert complete_cases(from_frame(refused, unit="bundle")).tolist() == [True, True]


def test_no_case_is_an_error():
    with pytest.raises(InsufficientDataError):
        four_reductions(from_frame(two_cases().to_pandas().iloc[:0]))


@pytest.mark.parametrize("n", [1, 2, 5, 6, 31])
def test_the_interval_is_that_of_resampling(n):
    """Against resampling in the plain way, within the noise of 4 000 resamples."""
    rng = np.random.default_rng(3)
    x = np.sort(rng.gamma(2.0, 5.0, n))
    plain = np.median(rng.choice(x, (4000, n)), axis=1)
    low, high = median_interval(x, resamples=4000)
    for found, q in ((low, 0.025), (high, 0.975)):
        assert np.quantile(plain, max(q - 0.012, 0)) - 1e-9 <= found <= np.quantile(plain, min(q + 0.012, 1)) + 1e-9


def test_permuting_cases_changes_no_figure():
    log = two_cases(visits=VISITS, material_instances=MATERIALS)
    frame = log.to_pandas()
    moved = from_frame(pd.concat([frame.iloc[2:], frame.iloc[:2]]), tables=log.tables, unit="bundle")
    a, b = (four_reductions(x, calendar=WEEKDAYS) for x in (log, moved))
    assert {m: f.to_dict("en") for m, f in a.primary.items()} == {m: f.to_dict("en") for m, f in b.primary.items()}


def test_splitting_a_log_and_pooling_gives_the_same_totals():
    log = two_cases(visits=VISITS, material_instances=MATERIALS)
    frame = log.to_pandas()
    halves = [from_frame(frame[frame["case_id"] == c], tables=log.tables, unit="bundle") for c in ("1", "2")]
    columns = ["steps", "e2e_days", "clock_days", "materials", "trips"]
    whole = case_measures(log, calendar=WEEKDAYS)[columns].sum()
    parts = sum(case_measures(h, calendar=WEEKDAYS)[columns].sum() for h in halves)
    pd.testing.assert_series_equal(whole, parts)


def big_log(cases=1500, events=40):
    rng = np.random.default_rng(1)
    n = cases * events
    stage = np.array(["apply", "accept", "review", "check", "decide", "deliver", "inspect", "notify"])[
        rng.integers(0, 8, n)
    ]
    frame = pd.DataFrame(
        {
            "case_id": np.repeat(np.arange(cases), events).astype(str),
            "item_code": np.array(["A", "B", "C", "D"])[rng.integers(0, 4, n)],
            "activity": np.char.add(stage, rng.integers(0, 4, n).astype(str)),
            "stage": stage,
            "department": np.where(stage == "apply", APPLICANT, "甲局"),
            "end": np.datetime64("2024-01-02T09:00") + rng.integers(0, 60 * 24 * 200, n).astype("timedelta64[m]"),
        }
    )
    return from_frame(frame, unit="bundle")


def test_measures_a_log_of_simulation_size():
    log = big_log()
    began = time.perf_counter()
    found = case_measures(log, calendar=Calendar.china())
    print(f"case_measures of {len(log.events)} events: {time.perf_counter() - began:.3f} s")
    assert len(found) == 1500
    assert isinstance(four_reductions(log).steps, Figure)


LOGS = Path(__file__).parents[2].parent / "shared" / "logs"


@pytest.mark.skipif(not (LOGS / "LoanApp_test.csv.gz").exists(), reason="real logs are not here")
def test_a_foreign_log_counts_nodes_and_time_only():
    frame = pd.read_csv(LOGS / "LoanApp_test.csv.gz")
    frame.columns = [c.lower() for c in frame.columns]
    stamps = {
        c: pd.to_datetime(frame[c], utc=True, format="mixed").dt.tz_localize(None) for c in ("start_time", "end_time")
    }
    log = from_frame(
        pd.DataFrame({
            "case_id": frame["case_id"].astype(str), "activity": frame["activity"], "resource": frame["resource"],
            "start": stamps["start_time"], "end": stamps["end_time"],
        })
    )  # fmt: skip
    found = four_reductions(log, calendar=WEEKDAYS)
    assert found.steps.rule.policy == "C_node"
    assert found.time.recorded
    assert found.time.value >= 0
    assert [m for m in METRICS if not found.primary[m].recorded] == ["clock", "materials", "trips"]
