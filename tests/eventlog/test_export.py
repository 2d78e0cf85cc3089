"""The sample export 办件环节导出 (合成数据): ugly as real ones are, read without a loss, its planted faults found."""

import csv
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import check, mapping_of, read_csv, read_mapping, write_mapping

ROOT = Path(__file__).parents[2] / "sample_logs"
FILE, MAPPING = ROOT / "export" / "办件环节导出.csv", ROOT / "export" / "mapping.toml"


@pytest.fixture(scope="module")
def rows():
    """What Python's own csv module reads."""
    text = FILE.read_bytes().decode("gb18030")
    return [row for row in csv.DictReader(text.splitlines()) if any(row.values())]


@pytest.fixture
def log():
    return read_csv(FILE, mapping=MAPPING)


def test_it_is_what_it_says(rows):
    raw = FILE.read_bytes()
    assert len(raw) < 300_000
    assert not raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe"))
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert {row["数据来源"] for row in rows} == {"合成数据"}


def test_the_program_writes_the_same_bytes(tmp_path):
    command = [sys.executable, str(ROOT / "generate_export.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, timeout=60)
    assert (tmp_path / FILE.name).read_bytes() == FILE.read_bytes()


def test_nothing_is_lost(log, rows):
    assert len(log.events) == len(rows)
    assert log.case_ids == list(dict.fromkeys(row["办件编号"].strip() for row in rows))
    frame = log.to_pandas()
    written = pd.Series([row["环节名称"] for row in rows]).value_counts().to_dict()
    assert frame["activity"].value_counts().to_dict() == written
    assert frame["start"].notna().all()
    assert frame["end"].notna().all()


def test_six_ways_to_write_a_stamp_are_read_right(log):
    """The restaurant sample knows the true stamps of every step that no fault was planted in."""
    from flowaudit.eventlog import load_sample

    true = (
        load_sample()
        .to_pandas(["case_id", "activity", "start", "end", "office"])
        .astype({"case_id": str, "activity": str, "office": str})
    )
    found = log.to_pandas(["case_id", "activity", "start", "end", "office", "data_version"]).astype(
        {"case_id": str, "activity": str, "office": str}
    )
    both = found.merge(true, on=["case_id", "activity", "start"], suffixes=("", "_true"))
    offices = set(both["office"])
    assert offices >= {"审批一科", "审核科", "审批办", "局领导", "证照室"}
    # Where the start is the true one the end is, too, unless it was filled with the start, sent again or ends at 24:00.
    planted = (both["end"] == both["start"]) | (both["end"] == both["end"].dt.normalize())
    planted |= both["data_version"] == "2"
    rest = both[~planted]
    assert len(rest) > 900
    assert (rest["end"] == rest["end_true"]).all()


def test_planted_faults_are_found(log):
    quality = check(log, now=pd.Timestamp("2026-01-01").to_pydatetime())
    found = {problem["check"]: problem["rows"] for problem in quality.problems}
    for key in (
        "end_before_start", "filled_end", "office_accounts", "after_the_fact", "outside_case", "missing_department",
        "duplicates", "resent_versions", "item_version_change", "midnight", "mixed_units", "void_cases",
    ):  # fmt: skip
        assert found.get(key), key
    assert found["void_cases"] == 2
    assert found["after_the_fact"] == 2
    assert found["end_before_start"] == 3


def test_codes_are_words(log):
    cases = log.table("cases")
    assert set(cases["result"]) == {"出证办结", "不予许可", "作废办结", "退件"}
    assert set(cases["channel"]) <= {"窗口办理", "电脑端网上办理", "移动端网上申请"}
    assert set(log.codes("result")[1]) <= {"受理", "同意", "补齐补正", "退回", "不同意"}


def test_without_a_mapping_it_asks():
    with pytest.raises(InputError, match=r"could mean '不予许可' \(province_a\.case_result\), '退回办结'"):
        read_csv(FILE)


def test_nobody_is_named(log, rows):
    text = log.events.to_pandas().to_csv() + log.table("cases").to_csv()
    for name in {row["环节处理人"] for row in rows}:
        assert name not in text


def test_the_mapping_used_reads_the_same_log(log, tmp_path):
    used = mapping_of(log, read_mapping(MAPPING))
    write_mapping(used, tmp_path / "m.toml")
    assert read_mapping(tmp_path / "m.toml") == used
    assert used.columns["activity"] == "环节名称"
    assert used.stages["食品许可受理"] == "accept"
    again = read_csv(FILE, mapping=tmp_path / "m.toml")
    assert again.events.equals(log.events)
    pd.testing.assert_frame_equal(again.table("cases"), log.table("cases"))
    assert again.provenance.problems == log.provenance.problems
