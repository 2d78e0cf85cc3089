"""What the quality table finds, planted one by one in a clean log."""

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from small_logs import logs

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import Provenance, check, from_frame, load_sample, read_xes
from flowaudit.eventlog.checks import SEVERITIES, wording
from flowaudit.eventlog.checks_events import office_accounts
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
    quality = found(CLEAN, {"cases": cases}, Catalogue(items=pd.DataFrame({"item_code": ["Y", "Z"]})))
    assert {p["check"]: tuple(p["examples"]) for p in quality.problems} == {
        "accept_before_apply": ("1",), "decide_before_accept": ("2",), "open_cases": ("2",), "void_cases": ("1",),
        "mixed_units": ("工作日 (1)", "自然日 (2)"), "unknown_items": ("X",), "unused_items": ("Z",), "outside_case": ("1",),
    }  # fmt: skip


CASE = {"case_id": ["1", "2"], "apply_time": pd.to_datetime(["2024-03-04 09:00", "2024-03-04 10:00"])}


def cases_with(**columns):
    return {"cases": pd.DataFrame({**CASE, **columns})}


def test_events_before_the_application_and_after_the_end():
    late = cases_with(finish_time=pd.to_datetime(["2024-03-05 12:00", "2024-03-08 00:00"]))
    assert found(CLEAN, late).find("outside_case") | {} == {
        "check": "outside_case", "severity": "warning", "rows": 1, "share": 0.2, "examples": ["1"],
    }  # fmt: skip
    early = {"cases": late["cases"].assign(apply_time=pd.Timestamp("2024-03-04 10:00"), finish_time=pd.NaT)}
    assert found(CLEAN, early).find("outside_case")["rows"] == 1
    # A date without a time is the whole day, and delivery comes after the end.
    day = cases_with(finish_time=pd.to_datetime(["2024-03-06", "2024-03-07"]))
    assert "outside_case" not in found(CLEAN, day)
    assert "outside_case" not in found(CLEAN.assign(stage=["accept", "check", "deliver", "accept", "archive"]), late)


def test_stages_stand_for_the_times_that_no_table_tells():
    frame = CLEAN.assign(stage=["decide", "accept", "apply", "accept", "decide"])
    quality = found(frame)
    assert quality.find("decide_before_accept")["examples"] == ["1"]
    assert quality.find("accept_before_apply")["examples"] == ["1"]
    assert quality.find("decide_before_accept")["severity"] == "warning"


def test_a_record_sent_again():
    frame = pd.concat([CLEAN, CLEAN.iloc[[0]].assign(end=pd.Timestamp("2024-03-04 09:40"))], ignore_index=True)
    frame["data_version"] = ["1", "1", "1", "1", "1", "2"]
    quality = found(frame)
    assert quality.find("resent_versions")["rows"] == 1
    assert quality.find("resent_versions")["examples"] == ["1"]
    assert "duplicates" not in quality


def test_an_item_whose_version_changes():
    quality = found(CLEAN, cases_with(item_code=["X", "X"], item_version=["1", "2"]))
    assert quality.find("item_version_change")["examples"] == ["X (1)"]
    assert "item_version_change" not in found(CLEAN, cases_with(item_code=["X", "Y"], item_version=["1", "2"]))


def test_statutory_limits_in_several_units():
    quality = found(CLEAN, cases_with(statutory_unit=["工作日", "月"]))
    assert quality.find("statutory_units")["examples"] == ["工作日 (1)", "月 (2)"]


def test_accounts_of_offices():
    assert found(changed(1, resource="乙")).find("office_accounts")["examples"] == ["1"], "named like a department"
    assert found(changed(1, resource="综合窗口3")).find("office_accounts")["rows"] == 1
    assert "office_accounts" not in found(changed(1, resource="Rb2efda"))
    for name in ("王科", "李长科", "张三", "SJ-01", "Jansen"):
        assert office_accounts([name], ["市场监管局"]) == [False], name
    for name in ("市场监管局", "审批一科", "admin", "系统管理员", "3号窗口", "test01"):
        assert office_accounts([name], []) == [True], name


def test_accounts_of_offices_are_found_before_names_are_replaced(tmp_path):
    from flowaudit.eventlog import read_csv

    (tmp_path / "a.csv").write_text(
        "case_id,activity,end,officer\n1,受理,2024-01-05,综合窗口3\n1,决定,2024-01-08,张三\n", encoding="utf-8"
    )
    problem = check(read_csv(tmp_path / "a.csv"), now=NOW).find("office_accounts")
    assert (problem["rows"], problem["examples"]) == (1, ["1"])


@pytest.mark.parametrize(
    ("zone", "stamp", "gone"),
    [
        ("Europe/Amsterdam", "2024-03-31 02:30", True),
        ("Europe/Amsterdam", "2024-03-31 03:00", False),
        ("Europe/Amsterdam", "2024-10-27 02:30", False),
        ("Asia/Shanghai", "1986-05-04 02:30", True),
        ("Asia/Shanghai", "2024-03-31 02:30", False),
        ("Australia/Lord_Howe", "2024-10-06 02:15", True),
        ("Australia/Lord_Howe", "2024-10-06 02:45", False),
    ],
)
def test_hours_that_never_were(zone, stamp, gone):
    moment = pd.Timestamp(stamp)
    log = from_frame(
        pd.DataFrame({"case_id": ["1", "1"], "activity": "a", "end": [moment, moment + pd.Timedelta(days=2)]}),
        provenance=Provenance(timezone=zone),
    )
    assert ("dst_gap" in check(log, now=NOW)) == gone


def test_offsets_further_apart_than_summer_time():
    def quality(*offsets):
        return check(from_frame(CLEAN, provenance=Provenance(timezone="", offsets=offsets)), now=NOW)

    assert "mixed_offsets" in quality("+00:00", "+08:00")
    assert "mixed_offsets" not in quality("+01:00", "+02:00")


GUIDES = pd.DataFrame({
    "item_code": ["A", "B", "C", "D"], "name": "x", "legal_basis": ["法", "法", "", "法"], "promised_days": [5, 30, 5, 5],
    "statutory_days": [20, 20, 20, 20], "visits_min": [0, 1, 0, 1], "visit_reason": ["", "领证", "", "领证"],
    "fully_online": [True, False, False, True], "supports_express": [True, False, False, True], "fee": ["否", "是", "否", "是"],
    "fee_basis": ["", "", "", "价目"], "item_type": "行政许可", "result_sample": ["有", "有", "有", ""],
    "contact_phone": ["1", "2", "3", ""], "complaint_phone": ["9", "2", "8", ""],
})  # fmt: skip


def test_guides_that_contradict_themselves():
    quality = found(CLEAN, None, Catalogue(items=GUIDES))
    assert {p["check"]: list(p["examples"]) for p in quality.problems if p["check"].startswith("guide")} == {
        "guide_elements": ["C: legal_basis"], "guide_trips": ["C", "D"], "guide_fees": ["B"], "guide_limits": ["B"],
        "guide_samples": ["D"], "guide_phones": ["B"],
    }  # fmt: skip


def test_filled_ends_are_told_by_activity():
    frame = changed(0, end=pd.Timestamp("2024-03-04 09:00"))
    assert found(frame).find("filled_end")["examples"] == ["a 50% (1)"]


def test_every_problem_has_examples():
    """A row of the table that points nowhere cannot be looked at."""
    worst = CLEAN.drop(columns=["resource", "department", "start"]).assign(end=pd.Timestamp("2030-01-05"))
    for problem in found(worst).problems:
        assert problem["examples"], problem


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


@given(logs())
def test_any_log_is_checked(log):
    """Counts are rows of something that is there, and shares are shares."""
    before = log.to_pandas()
    for problem in check(log, now=NOW).problems:
        assert 0 < problem["rows"] <= len(log.events)
        assert problem["share"] is None or 0 < problem["share"] <= 1
        assert problem["examples"]
    pd.testing.assert_frame_equal(log.to_pandas(), before)


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
