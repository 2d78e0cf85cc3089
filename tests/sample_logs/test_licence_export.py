"""The raw export as CSV and as workbook; tests/eventlog/test_export.py reads the CSV in depth."""

import csv
import json
from collections import Counter

import pandas as pd
import pytest
from sample_tables import ROOT

from flowaudit.eventlog import load_sample, read_csv, read_excel

FOLDER = ROOT / "licence_export"
NAME = "办件环节导出"


@pytest.fixture(scope="module")
def rows():
    text = (FOLDER / f"{NAME}.csv").read_bytes().decode("gb18030")
    return [row for row in csv.DictReader(text.splitlines()) if any(row.values())]


@pytest.fixture(scope="module")
def truth():
    return json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))


def test_the_truth_counts_what_is_in_the_file(rows, truth):
    def cases(column, value):
        return sorted({row["办件编号"].strip() for row in rows if row[column] == value})

    assert truth["rows"] == len(rows)
    assert truth["steps"] == Counter(row["环节名称"] for row in rows)
    assert truth["void_cases"] == cases("办结结果", "2")
    assert truth["returned_cases"] == cases("办结结果", "5")
    assert truth["start_equals_end"] == sum(row["环节开始时间"] == row["环节结束时间"] for row in rows) > 100
    for kind in ("专家评审", "延长审批"):
        assert truth["special_procedures"][kind] == cases("特别程序种类", kind)
        assert len(truth["special_procedures"][kind]) >= 4
    signed = [row["环节名称"] for row in rows if row["办件编号"].strip() == "B0010-SP"]
    assert set(truth["sign_off_levels"]) <= set(signed)
    assert len(truth["sign_off_levels"]) == 4


def test_suspensions_are_the_episodes_of_the_restaurants(rows):
    with (ROOT / "restaurant" / "special_episodes.csv").open(encoding="utf-8") as file:
        episodes = {(e["case_id"], e["end"]): e for e in csv.DictReader(file) if e["type"] == "expert_review"}
    log = load_sample("licence_export").to_pandas()
    stopped = log[log["special_type"] == "专家评审"]
    assert len(stopped) == 13
    for case, start, end in zip(stopped["case_id"], stopped["start"], stopped["end"], strict=True):
        assert episodes[case, f"{end:%Y-%m-%d %H:%M:%S}"]["start"] == f"{start:%Y-%m-%d %H:%M:%S}"


def test_the_workbook_reads_as_the_same_log():
    text, book = (
        reader(FOLDER / f"{NAME}{ending}", mapping=FOLDER / "mapping.toml", salt=b"one")
        for reader, ending in ((read_csv, ".csv"), (read_excel, ".xlsx"))
    )
    pd.testing.assert_frame_equal(text.to_pandas(), book.to_pandas())
    pd.testing.assert_frame_equal(text.table("cases"), book.table("cases"))


def test_dates_of_the_workbook_are_a_spreadsheets_own():
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(FOLDER / f"{NAME}.xlsx")).get_sheet_by_index(0).to_python()
    kinds = Counter(type(row[sheet[0].index("环节开始时间")]).__name__ for row in sheet[1:])
    assert kinds["datetime"] > 400
    assert kinds["str"] > 400
    assert {type(row[sheet[0].index("申请时间")]).__name__ for row in sheet[1:]} == {"datetime"}
