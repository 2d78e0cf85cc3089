"""Repairs: only those asked for, each told with its number, and none changes what it was not asked about."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_logs import logs

from flowaudit.errors import InsufficientDataError, MissingColumnError, UsageError
from flowaudit.eventlog import check, clean, from_frame
from flowaudit.eventlog.checks_events import repeated

DAY = pd.Timestamp("2024-03-04 09:00")


def hours(*numbers):
    return [DAY + pd.Timedelta(hours=h) for h in numbers]


def log_of(start, end, *, cases=None, **columns):
    frame = pd.DataFrame({
        "case_id": columns.pop("case_id", ["1"] * len(end)), "activity": columns.pop("activity", ["a"] * len(end)),
        "start": hours(*start), "end": hours(*end), **columns,
    })  # fmt: skip
    return from_frame(frame, tables=None if cases is None else {"cases": cases})


def told(log):
    assert all(zh and en for zh, en in log.provenance.notes)
    return [en for _zh, en in log.provenance.notes]


def test_nothing_asked_nothing_done():
    log = log_of([0, 5], [1, 2])
    assert clean(log) is log


def test_repeated_rows():
    log = log_of([0, 0, 2], [1, 1, 3])
    cleaned = clean(log, drop_duplicates=True)
    assert len(cleaned.events) == 2
    assert told(cleaned) == ["cleaned on request: 1 repeated rows left out"]
    assert len(log.events) == 3, "the log given is untouched"
    assert "duplicates" not in check(cleaned)


def test_the_latest_version_of_a_record():
    log = log_of([0, 0, 2, 2], [1, 4, 3, 3], data_version=["1", "2", "1", "1"], event_id=["e1", "e1", "e2", "e3"])
    cleaned = clean(log, keep_latest=True)
    assert cleaned.to_pandas()["data_version"].tolist() == ["2", "1", "1"]
    assert check(log).find("resent_versions")["rows"] == 1
    with pytest.raises(MissingColumnError, match="data_version"):
        clean(log_of([0], [1]), keep_latest=True)


def test_versions_without_ids_are_of_one_step_and_start():
    log = log_of([0, 0, 0], [1, 2, 1], data_version=[1, 10, 9], activity=["a", "a", "b"])
    assert clean(log, keep_latest=True).to_pandas()["data_version"].tolist() == [9, 10]


def test_zero_durations_filled_by_the_exporter():
    log = log_of([0, 2, 4], [0, 2, 5], activity=["a", "b", "a"])
    start = clean(log, zero_durations=True).to_pandas()["start"]
    assert start.isna().tolist() == [True, True, False]
    one = clean(log, zero_durations=["b"])
    assert one.to_pandas()["start"].isna().tolist() == [False, True, False]
    assert told(one) == ["cleaned on request: 1 starts equal to their end made unknown"]
    with pytest.raises(UsageError, match="no activity 'c'"):
        clean(log, zero_durations=["c"])


def test_systems_may_be_instant():
    log = log_of([0, 2], [0, 2], is_auto=[True, False])
    assert clean(log, zero_durations=True).to_pandas()["start"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("how", "start", "end"),
    [("swap", [0, 1, 4], [1, 3, 5]), ("drop", [0, 4], [1, 5]), ("unknown", [0, None, 4], [1, 1, 5])],
)
def test_ends_before_their_start(how, start, end):
    cleaned = clean(log_of([0, 3, 4], [1, 1, 5]), negative=how)
    frame = cleaned.to_pandas()
    assert [None if pd.isna(t) else (t - DAY) / pd.Timedelta(hours=1) for t in frame["start"]] == start
    assert ((frame["end"] - DAY) / pd.Timedelta(hours=1)).tolist() == end
    assert "end_before_start" not in check(cleaned)


def test_a_period_holds_its_last_day():
    log = log_of([0, 20, 40], [1, 21, 41])
    assert len(clean(log, period=("2024-03-04", "2024-03-05")).events) == 2
    assert len(clean(log, period=(None, date(2024, 3, 4))).events) == 1
    assert len(clean(log, period=("2024-03-04 12:00", None)).events) == 2
    assert "2 events outside 2024-03-06 - … left out" in told(clean(log, period=("2024-03-06", None)))[0]
    with pytest.raises(InsufficientDataError, match="leave nothing"):
        clean(log, period=("2030-01-01", None))


CASES = pd.DataFrame({
    "case_id": ["1", "2", "3"], "apply_time": hours(0, 0, 0), "finish_time": [DAY + pd.Timedelta(hours=9), DAY + pd.Timedelta(hours=9), pd.NaT],
    "result": ["出证办结", "作废办结", None],
})  # fmt: skip


def test_cases_left_out():
    log = log_of([0, 1, 2], [1, 2, 3], case_id=["1", "2", "3"], cases=CASES)
    assert clean(log, drop_void=True).case_ids == ["1", "3"]
    assert clean(log, drop_open=True).case_ids == ["1", "2"]
    both = clean(log, drop_void=True, drop_open=True)
    assert both.case_ids == both.table("cases")["case_id"].tolist() == ["1"]
    assert told(both) == [
        "cleaned on request: 1 void or deleted cases left out",
        "cleaned on request: 1 unfinished cases left out",
    ]
    with pytest.raises(InsufficientDataError, match="no 'result'"):
        clean(log_of([0], [1]), drop_void=True)


def test_events_outside_their_case():
    log = log_of([-2, 1, 12], [-1, 2, 13], case_id=["1", "1", "1"], cases=CASES)
    assert check(log).find("outside_case")["rows"] == 2
    assert len(clean(log, drop_outside_case=True).events) == 1


def test_what_was_typed_in_afterwards():
    quick = [0, 0.05, 0.1]
    log = log_of([*quick, 1], [0.01, 0.06, 0.11, 2], case_id=["1", "1", "1", "2"])
    assert clean(log, drop_backfilled=True).case_ids == ["2"]


@given(logs(starts=True), st.sampled_from(["swap", "drop", "unknown"]))
def test_a_repaired_log_has_the_order_of_a_log_read_anew(log, how):
    shifted = log.to_pandas()
    shifted["start"] = shifted["start"] + pd.Timedelta(hours=3)
    log = from_frame(shifted.astype({"case_id": str, "activity": str}))
    try:
        cleaned = clean(log, negative=how)
    except InsufficientDataError:
        assert how == "drop" or not log.has("start")
        return
    frame = cleaned.to_pandas().astype({"case_id": str, "activity": str})
    pd.testing.assert_frame_equal(from_frame(frame).to_pandas().astype(frame.dtypes), frame)


@given(logs())
def test_repeated_rows_are_those_of_pandas(log):
    """The peer: pandas compares whole rows; we look only among rows of one moment."""
    np.testing.assert_array_equal(repeated(log), log.to_pandas().duplicated().to_numpy())
    if not repeated(log).all():
        assert not repeated(clean(log, drop_duplicates=True)).any()
