"""What the quality table finds, planted one by one in a clean log."""

from datetime import datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from flowaudit.eventlog import check, from_frame, load_sample, read_xes
from flowaudit.eventlog.checks import SEVERITIES, wording
from flowaudit.worktime import Calendar

NOW = datetime(2025, 1, 1)
CLEAN = pd.DataFrame({
    "case_id": ["1", "1", "1", "2", "2"],
    "activity": ["a", "b", "c", "a", "b"],
    "resource": ["r1", "r2", "r3", "r1", "r2"],
    "department": ["甲", "甲", "乙", "甲", "乙"],
    "start": pd.to_datetime(["2024-03-04 09:00", "2024-03-05 09:00", "2024-03-06 09:00", "2024-03-04 10:00", "2024-03-07 09:00"]),
    "end": pd.to_datetime(["2024-03-04 09:10", "2024-03-05 09:30", "2024-03-06 11:00", "2024-03-04 10:20", "2024-03-07 09:30"]),
})  # fmt: skip


def found(frame, tables=None, catalogue=None):
    return check(from_frame(frame, tables=tables), catalogue, now=NOW)


def test_a_clean_log_has_no_problem():
    assert len(found(CLEAN)) == 0
    assert found(CLEAN).table.empty


def changed(row, **values):
    frame = CLEAN.copy()
    for column, value in values.items():
        frame[column] = frame[column].astype("object") if value is None else frame[column]
        frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("key", "frame", "rows"),
    [
        ("end_before_start", changed(2, end=pd.Timestamp("2024-03-06 08:00")), 1),
        ("future", changed(4, start=pd.Timestamp("2025-03-06 08:00"), end=pd.Timestamp("2025-03-06 09:00")), 1),
        ("midnight", changed(4, end=pd.Timestamp("2024-03-08")), 1),
        ("filled_end", changed(0, end=pd.Timestamp("2024-03-04 09:00")), 1),
        ("missing_end", changed(2, end=pd.NaT), 1),
        ("missing_start", changed(2, start=pd.NaT), 1),
        ("ties", changed(1, start=pd.Timestamp("2024-03-04 09:05"), end=pd.Timestamp("2024-03-04 09:10")), 1),
        ("duplicates", pd.concat([CLEAN, CLEAN.iloc[[0]]]), 1),
        ("no_start", CLEAN.drop(columns="start"), 5),
        ("no_resource", CLEAN.drop(columns="resource"), 5),
        ("no_department", CLEAN.drop(columns="department"), 5),
        ("missing_resource", changed(1, resource=None), 1),
        ("missing_department", changed(1, department=None), 1),
        ("placeholders", changed(1, department="UNKNOWN"), 1),
        ("nonworking", changed(2, start=pd.Timestamp("2024-03-09 09:00"), end=pd.Timestamp("2024-03-09 11:00")), 1),
        ("single_event", CLEAN.iloc[:4], 1),
        ("after_the_fact", CLEAN.assign(
            start=pd.Timestamp("2024-03-04 09:00"), end=pd.date_range("2024-03-04 09:01", periods=5, freq="min")), 1),
        ("same_officer", changed(1, resource="r1", start=pd.Timestamp("2024-03-04 09:01"), end=pd.Timestamp("2024-03-04 09:10:03")), 1),
    ],
)  # fmt: skip
def test_each_planted_problem_is_found(key, frame, rows):
    quality = found(frame)
    assert quality.find(key)["rows"] == rows, quality.table
    assert key not in found(CLEAN)


def test_the_table_of_cases():
    day = pd.Timestamp("2024-03-04")
    cases = pd.DataFrame({
        "case_id": ["1", "2"], "apply_time": [day, day], "accept_time": [day - pd.Timedelta(days=1), day],
        "decide_time": [day, day - pd.Timedelta(days=1)], "finish_time": [day, pd.NaT], "result": ["作废办结", "出证办结"],
        "promised_unit": ["工作日", "自然日"], "item_code": ["X", "Y"],
    })  # fmt: skip
    quality = found(CLEAN, {"cases": cases}, SimpleNamespace(item_codes=["Y", "Z"]))
    assert {p["check"]: tuple(p["examples"]) for p in quality.problems} == {
        "accept_before_apply": ("1",), "decide_before_accept": ("2",), "open_cases": ("2",), "void_cases": ("1",),
        "mixed_units": ("工作日", "自然日"), "unknown_items": ("X",), "unused_items": ("Z",),
    }  # fmt: skip


def test_dates_without_time_are_not_called_after_the_fact():
    day = pd.Timestamp("2024-03-04")
    quality = found(CLEAN.assign(start=day, end=day, resource="r1"))
    assert "midnight" in quality
    assert "after_the_fact" not in quality
    assert "same_officer" not in quality


def test_worst_first_and_columns():
    quality = found(changed(2, end=pd.Timestamp("2024-03-06 08:00")).drop(columns="department"))
    table = quality.table
    assert table.columns.tolist() == ["check", "severity", "rows", "share", "examples", "distorts", "action"]
    assert table["severity"].tolist() == sorted(table["severity"], key=["error", "warning", "info"].index)
    assert "<table>" in quality._repr_html_()


def test_csv_opens_in_a_spreadsheet(tmp_path):
    found(changed(1, department="未知")).to_csv(tmp_path / "quality.csv")
    raw = (tmp_path / "quality.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert "未知" in raw.decode("utf-8-sig")


@pytest.mark.parametrize("key", SEVERITIES)
def test_every_check_has_its_wording(key):
    words = wording({"check": key, "column": "c", "calendar": "k"}, "en")
    assert all(words)
    assert "{" not in "".join(words)


def test_what_reading_found_is_in_the_table(tmp_path):
    from flowaudit.eventlog import read_csv

    (tmp_path / "a.csv").write_text("case_id,activity,end\n1,受理,2024-01-05\n1,火星,2024-01-08\n", encoding="utf-8")
    quality = check(read_csv(tmp_path / "a.csv"), now=NOW)
    assert quality.find("unknown_stages")["examples"] == ["火星"]


def test_bpic15_is_half_dates(real_log):
    quality = check(read_xes(real_log("BPIC15_1.xes.gz")), calendar=Calendar.weekdays())
    assert quality.find("midnight")["share"] == pytest.approx(0.459, abs=0.001)
    assert quality.find("ties")["share"] == pytest.approx(0.451, abs=0.002)
    assert quality.find("midnight")["severity"] == "warning"


def test_sample_has_no_error():
    assert not [p for p in check(load_sample(), now=NOW).problems if p["severity"] != "info"]
