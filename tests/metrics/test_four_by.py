"""The four apart for each value of a property: groups add up, small ones are marked, unknown properties are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log

from flowaudit.errors import UsageError
from flowaudit.eventlog import from_frame, load_sample
from flowaudit.metrics import METRICS, case_measures, four_by


def flat(n=12):
    rows = [(f"{i}", name, stage) for i in range(n) for name, stage in (("受理", "accept"), ("决定", "decide"))]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "stage"])
    day = pd.to_datetime(["2024-01-02", "2024-01-04"] * n) + pd.to_timedelta(np.repeat(np.arange(n), 2) * 7, unit="D")
    cases = pd.DataFrame(
        {"case_id": [f"{i}" for i in range(n)], "channel": ["线上", "窗口", None] * (n // 3), "area": "甲区"}
    )
    return from_frame(frame.assign(end=day, department="城管局", item_code="A"), tables={"cases": cases})


def test_groups_are_the_cases_told_apart():
    log = flat(36)
    found = four_by(log, by="channel")
    clock = found[found["metric"] == "clock"]
    assert clock["channel"].tolist()[:2] == ["窗口", "线上"]
    assert clock["channel"].isna().tolist() == [False, False, True]
    assert clock["n"].tolist() == [12, 12, 12]
    measured = case_measures(log)
    own = measured[measured["case_id"].isin([str(i) for i in range(0, 36, 3)])]
    assert clock["value"].tolist()[1] == own["clock_days"].median()
    assert not found["suppressed"].any()


def test_small_groups_are_marked_and_unrecorded_metrics_are_not_small():
    found = four_by(flat(12), by="channel").set_index(["channel", "metric"])
    assert found.loc[("线上", "time"), "suppressed"]
    assert not found.loc[("线上", "trips"), "suppressed"]
    assert np.isnan(found.loc[("线上", "trips"), "value"])


@pytest.mark.parametrize("by", ["item", "department", "month", "area"])
def test_every_case_is_in_one_group(by):
    found = four_by(flat(12), by=by)
    assert (found.groupby("metric")["cases"].sum() == 12).all()
    assert set(found["metric"]) == set(METRICS)


def test_months_are_those_of_the_first_event():
    found = four_by(flat(12), by="month")
    assert found["month"].unique().tolist() == ["2024-01", "2024-02", "2024-03"]


def test_items_and_departments_are_counted_by_single_applications():
    log = load_sample("newborn/before")
    cases = log.table("cases")
    found = four_by(log, by="item")
    assert found.loc[found["metric"] == "steps", "cases"].sum() <= len(cases)
    with pytest.raises(UsageError, match="single applications"):
        four_by(log, by="department", unit="bundle")


@pytest.mark.parametrize(("by", "hint"), [("chanel", "channel"), ("district", "choose one of")])
def test_an_unknown_property_is_named(by, hint):
    with pytest.raises(UsageError) as caught:
        four_by(flat(12), by=by)
    assert hint in str(caught.value.hint)
    assert by in caught.value.message


def test_a_bundle_log_without_a_table_of_bundles():
    with pytest.raises(UsageError):
        four_by(bundle_log(10), by="channel")
