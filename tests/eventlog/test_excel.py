"""Workbooks: which sheet, which header, what a cell means, and what must not be lost or loaded."""

import contextlib
import datetime as dt
import os
import struct
import zipfile

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbooks import Failed, compound, ods, xls, xlsb

from flowaudit.errors import InputError
from flowaudit.eventlog import ColumnMapping, check, read_excel, read_frame, read_log

HEAD = ["办件编号", "环节名称", "开始时间", "结束时间", "经办人", "金额"]
ROWS = [
    ["A1", "受理", "2024-01-05 09:00", "2024-01-05 09:30", "张三", 1.5],
    ["A1", "审核", "2024-01-05 10:00", "2024-01-05 11:30", "李四", 2.0],
    ["A2", "受理", "2024-01-06 09:00", "2024-01-06 09:10", "张三", 3.0],
]


def book(path, sheets):
    """Write an .xlsx; a sheet is a function that is given the worksheet and the formats."""
    with xlsxwriter.Workbook(path) as made:
        formats = {
            "moment": made.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "day": made.add_format({"num_format": "yyyy-mm-dd"}),
            "clock": made.add_format({"num_format": "hh:mm"}),
            "span": made.add_format({"num_format": "[h]:mm:ss"}),
        }
        for name, fill in sheets.items():
            fill(made.add_worksheet(name), formats)
    return path


def plain(rows):
    def fill(sheet, _formats):
        for r, row in enumerate(rows):
            sheet.write_row(r, 0, row)

    return fill


@pytest.mark.parametrize(("write", "name"), [(None, "a.xlsx"), (xls, "a.xls"), (xlsb, "a.xlsb"), (ods, "a.ods")])
def test_every_kind_of_workbook_holds_the_same_log(tmp_path, write, name):
    path = tmp_path / name
    if write is None:
        book(path, {"Sheet1": plain([HEAD, *ROWS])})
    else:
        write(path, [HEAD, *ROWS])
    log = read_log(path)
    expected = read_frame(pd.DataFrame(ROWS, columns=HEAD))
    assert log.to_pandas().astype("object").equals(expected.to_pandas().astype("object"))
    assert "张三" not in log.to_pandas()["resource"].tolist()


def test_dates_serials_and_text_in_one_column(tmp_path):
    def fill(sheet, formats):
        sheet.write_row(0, 0, ["办件编号", "环节名称", "结束时间"])
        for r in range(1, 6):
            sheet.write_row(r, 0, [1000 + r, "受理"])
        sheet.write_datetime(1, 2, dt.datetime(2024, 1, 5, 9, 30, 15, 123000), formats["moment"])
        sheet.write_datetime(2, 2, dt.datetime(2024, 1, 6), formats["day"])
        sheet.write_number(3, 2, 45298.395833333336)
        sheet.write(4, 2, "2024年1月8日 9时30分")
        sheet.write_number(5, 2, 20240109093000)

    log = read_excel(book(tmp_path / "a.xlsx", {"S": fill}))
    assert log.to_pandas()["end"].tolist() == [
        pd.Timestamp("2024-01-05 09:30:15.123"), pd.Timestamp("2024-01-06"), pd.Timestamp("2024-01-07 09:30"),
        pd.Timestamp("2024-01-08 09:30"), pd.Timestamp("2024-01-09 09:30"),
    ]  # fmt: skip
    assert log.case_ids[0] == "1001"
    assert any("1 serial numbers" in en for _zh, en in log.provenance.notes)


def test_days_counted_from_1904(tmp_path):
    path = book(tmp_path / "a.xlsx", {"S": plain([["case", "activity", "end"], ["1", "a", 43836.5]])})
    first, later = (read_excel(p).to_pandas()["end"][0] for p in (path, as_1904(path)))
    assert (first, later - first) == (pd.Timestamp("2020-01-06 12:00"), pd.Timedelta(days=1462))


def as_1904(path):
    """Return a copy whose days count from 1904, as those of old Macintosh workbooks."""
    moved = path.with_name("1904_" + path.name)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<workbookPr ", b'<workbookPr date1904="1" '))
    return moved


def test_the_day_that_never_was(tmp_path):
    """Excel counts a 29 February 1900 (day 60), its reader takes it for day 59: neither is told from the other."""
    days = {}
    for serial in (58, 59, 60, 60.5, 61, 62):

        def fill(sheet, formats, serial=serial):
            sheet.write_row(0, 0, ["case", "activity", "end"])
            sheet.write_row(1, 0, ["1", "a"])
            sheet.write_number(1, 2, serial, formats["moment"])

        path = book(tmp_path / f"{serial}.xlsx", {"S": fill})
        if int(serial) in (59, 60):
            with pytest.raises(InputError, match=r"'S'!C2 \(column 'end'\): day 59 or 60"):
                read_excel(path)
        else:
            days[serial] = read_excel(path).to_pandas()["end"][0]
        later = read_excel(as_1904(path)).to_pandas()["end"][0]
        assert later == pd.Timestamp("1904-01-01") + pd.Timedelta(days=serial)
    assert days == {58: pd.Timestamp("1900-02-27"), 61: pd.Timestamp("1900-03-01"), 62: pd.Timestamp("1900-03-02")}
    # A bare number of that size is no date at all.
    with pytest.raises(InputError, match="line 2: '60'"):
        read_excel(book(tmp_path / "n.xlsx", {"S": plain([["case", "activity", "end"], ["1", "a", 60]])}))
    ods(tmp_path / "a.ods", [["case", "activity", "end"], ["1", "a", dt.datetime(1900, 2, 28, 9, 30)]])
    assert read_excel(tmp_path / "a.ods").to_pandas()["end"].tolist() == [pd.Timestamp("1900-02-28 09:30")]


def test_case_ids_keep_their_zeros(tmp_path):
    def fill(sheet, _formats):
        sheet.write_row(0, 0, ["办件编号", "环节名称", "结束时间"])
        for r, case in enumerate(["00123", "0123", "123", "44010620240105000123"], 1):
            sheet.write_string(r, 0, case)
            sheet.write_row(r, 1, ["受理", "2024-01-05"])

    path = book(tmp_path / "a.xlsx", {"S": fill})
    assert read_excel(path).case_ids == ["00123", "0123", "123", "44010620240105000123"]
    ods(tmp_path / "a.ods", [["case", "activity", "end"], ["00123", "a", "2024-01-05"], [123, "a", "2024-01-05"]])
    assert read_excel(tmp_path / "a.ods").case_ids == ["00123", "123"]


def test_the_saved_value_of_a_formula_is_read(tmp_path):
    def fill(sheet, formats):
        sheet.write_row(0, 0, ["case", "activity", "end", "x"])
        sheet.write_formula(1, 0, '="A"&1', None, "A1")
        sheet.write_string(1, 1, "a")
        sheet.write_formula(1, 2, "=NOW()", formats["moment"], 45300.5)
        sheet.write_formula(1, 3, "=1+2", None, 3)

    frame = read_excel(book(tmp_path / "a.xlsx", {"S": fill})).to_pandas()
    assert frame[["case_id", "end", "x"]].to_numpy().tolist() == [["A1", pd.Timestamp("2024-01-09 12:00"), 3]]


def test_empty_rows_at_the_end_say_nothing(tmp_path):
    def fill(sheet, formats):
        plain([HEAD, *ROWS])(sheet, formats)
        for r in range(4, 300):
            sheet.write_blank(r, 0, None, formats["moment"])
            sheet.write_string(r, 3, " ")

    log = read_excel(book(tmp_path / "a.xlsx", {"S": fill}))
    assert (log.n_events, len(check(log))) == (
        3,
        len(check(read_excel(book(tmp_path / "b.xlsx", {"S": plain([HEAD, *ROWS])})))),
    )
    assert not any("empty rows" in en for _zh, en in log.provenance.notes)


def test_only_hidden_sheets_hold_something(tmp_path):
    def hidden(sheet, formats):
        plain([HEAD, *ROWS])(sheet, formats)
        sheet.hide()

    path = book(tmp_path / "a.xlsx", {"封面": plain([]), "数据": hidden})
    with pytest.raises(InputError, match="on hidden sheets only: '数据'") as told:
        read_log(path)
    assert "sheet='数据'" in told.value.hint
    assert read_log(path, sheet="数据").n_events == 3


def test_title_rows_are_passed_over_and_told(tmp_path):
    def fill(sheet, _formats):
        sheet.merge_range(0, 0, 0, 5, "2024年办件明细（制表人：张三）")
        sheet.write_row(1, 0, ["导出时间：", "2024-02-01"])
        for r, row in enumerate([HEAD, *ROWS], 3):
            sheet.write_row(r, 0, row)

    log = read_excel(book(tmp_path / "a.xlsx", {"S": fill}))
    assert (log.n_cases, log.n_events) == (2, 3)
    found = check(log).find("title_rows")
    assert found["rows"] == 2
    # What stands in a title may name people.
    assert "张三" not in str(log.provenance)


def test_two_rows_of_headers_and_merged_cases(tmp_path):
    def fill(sheet, _formats):
        sheet.merge_range("A1:A2", "办件编号")
        sheet.merge_range("B1:B2", "环节名称")
        sheet.merge_range("C1:D1", "办理")
        sheet.merge_range("E1:F1", "备案")
        sheet.write_row("C2", ["开始时间", "结束时间", "文号", "份号"])
        sheet.merge_range("A3:A4", "A1")
        sheet.write_row("B3", ["受理", "2024-01-05 09:00", "2024-01-05 09:30", "x", "y"])
        sheet.write_row("B4", ["审核", "2024-01-05 10:00", "2024-01-05 11:30", "x", "y"])
        sheet.write_row("A5", ["A2", "受理", "2024-01-06 09:00", "2024-01-06 09:10", "x", "y"])

    log = read_excel(book(tmp_path / "a.xlsx", {"S": fill}))
    assert log.to_pandas()["case_id"].tolist() == ["A1", "A1", "A2"]
    assert {"文号", "份号"} <= set(log.columns)
    assert "merged_cells" in check(log)
    assert check(log).find("title_rows")["examples"] == ["1"]
    assert any("columns named in row 2" in en for _zh, en in log.provenance.notes)


def test_a_header_row_merged_across_is_no_header(tmp_path):
    def fill(sheet, _formats):
        sheet.merge_range("A1:B1", "办件")
        sheet.merge_range("C1:D1", "时间")
        sheet.write_row("A2", ["A1", 5, "2024-01-05 09:00", "2024-01-05 09:30"])
        sheet.write_row("A3", ["A1", 6, "2024-01-05 10:00", "2024-01-05 11:30"])

    with pytest.raises(InputError, match="no row among the first 30 of sheet 'S' names the columns") as told:
        read_excel(book(tmp_path / "a.xlsx", {"S": fill}))
    assert "header_row" in told.value.hint


def test_merged_groups_tell_apart_columns_of_one_name(tmp_path):
    def fill(sheet, _formats):
        sheet.write_row("A2", ["case", "activity", "开始", "结束", "开始", "结束"])
        sheet.merge_range("C1:D1", "受理")
        sheet.merge_range("E1:F1", "审核")
        sheet.write_row("A3", ["1", "a", "x", "2024-01-05", "y", "2024-01-06"])

    log = read_excel(book(tmp_path / "a.xlsx", {"S": fill}), end="受理/结束")
    assert log.to_pandas()["end"].tolist() == [pd.Timestamp("2024-01-05")]
    assert "审核/开始" in log.columns


def test_the_header_row_can_be_said(tmp_path):
    path = book(tmp_path / "a.xlsx", {"S": plain([["x", "y", "z", "u", "v", "w"], HEAD, *ROWS])})
    with pytest.raises(InputError, match="no case column"):
        read_excel(path)
    assert read_excel(path, header_row=2).n_events == 3
    assert read_log(path, ColumnMapping(file={"header_row": 2})).n_events == 3
    with pytest.raises(InputError, match="row 9 of sheet 'S' is empty"):
        read_excel(path, header_row=9)


def test_which_sheet(tmp_path):
    path = book(tmp_path / "a.xlsx", {"空": plain([]), "办件": plain([HEAD, *ROWS]), "说明": plain([["本表说明"]])})
    with pytest.raises(InputError, match=r"2 sheets that hold something: '办件', '说明'") as told:
        read_log(path)
    assert "sheet='办件'" in told.value.hint
    for said in ("办件", 2, "2"):
        assert read_log(path, sheet=said).n_events == 3
    assert read_log(path, ColumnMapping(file={"sheet": "办件"})).n_events == 3
    with pytest.raises(InputError, match="no sheet '办件表'") as told:
        read_log(path, sheet="办件表")
    assert "did you mean '办件'" in told.value.hint
    with pytest.raises(InputError, match="sheet '空' is empty"):
        read_log(path, sheet="空")


def test_a_hidden_sheet_is_named_and_not_read(tmp_path):
    def hidden(sheet, _formats):
        sheet.write_row(0, 0, HEAD)
        sheet.hide()

    log = read_log(book(tmp_path / "a.xlsx", {"办件": plain([HEAD, *ROWS]), "字典": hidden}))
    assert ("hidden sheets not read: 字典") in {en for _zh, en in log.provenance.notes}


@pytest.mark.parametrize(("write", "name"), [(xls, "a.xls"), (xlsb, "a.xlsb"), (ods, "a.ods"), (None, "a.xlsx")])
def test_failed_formulas_are_never_empty_cells(tmp_path, write, name):
    path = tmp_path / name
    rows = [HEAD, *(list(r) for r in ROWS)]
    for row, column, told in ((3, 3, "needed"), (2, 5, "elsewhere")):
        cells = [list(r) for r in rows]
        cells[row][column] = Failed("#REF!")
        if write is None:

            def fill(sheet, _formats, cells=cells):
                for r, line in enumerate(cells):
                    for c, v in enumerate(line):
                        sheet.write_formula(r, c, "=A1", None, v) if isinstance(v, Failed) else sheet.write(r, c, v)

            book(path, {"Sheet1": fill})
        else:
            write(path, cells)
        if told == "needed":
            with pytest.raises(
                InputError, match=r"'Sheet1'!D4 \(column '结束时间'\): a failed formula, #REF! \(1 such"
            ):
                read_excel(path)
        else:
            found = check(read_excel(path)).find("failed_formulas")
            assert (found["rows"], found["examples"]) == (1, ["'Sheet1'!F3"])


@pytest.mark.parametrize(
    "cell", ["<f>NOW()</f>", "<f>NOW()</f><v></v>", "<f>NOW()</f><v/>", '<f t="shared" si="0"/>', "<f>NOW()</f><v />"]
)
def test_a_formula_that_was_never_calculated_is_no_empty_cell(tmp_path, cell):
    path = book(tmp_path / "a.xlsx", {"S": plain([HEAD, *ROWS])})
    bare = tmp_path / "b.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bare, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                begin = text.index(b'<c r="D3"')
                end = text.index(b"</c>", begin)
                text = text[:begin] + b'<c r="D3">' + cell.encode() + text[end:]
            new.writestr(name, text)
    with pytest.raises(InputError, match=r"'S'!D3 .*never calculated"):
        read_excel(bare)


def test_a_formula_whose_result_is_empty_text_is_an_empty_cell(tmp_path):
    path = book(tmp_path / "a.xlsx", {"S": plain([HEAD, *ROWS])})
    empty = b'<c r="F3" t="str"><f>IF(1,"","x")</f><v></v></c>'

    def change(text):
        begin = text.index(b'<c r="F3"')
        return text[:begin] + empty + text[text.index(b"</c>", begin) + 4 :]

    log = read_excel(repacked(path, tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", change))
    assert log.to_pandas()["金额"].isna().tolist() == [False, True, False]
    assert "failed_formulas" not in check(log)


def test_an_ods_formula_without_a_value(tmp_path):
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{t}</text:p></table:table-cell>' for t in ("1", "a")
    )
    head = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{t}</text:p></table:table-cell>'
        for t in ("case", "activity", "end")
    )
    row = f'<table:table-row>{head}</table:table-row><table:table-row>{cells}<table:table-cell table:formula="of:=NOW()"/></table:table-row>'
    ods(tmp_path / "a.ods", [], sheet="S", raw=row)
    with pytest.raises(InputError, match=r"'S'!C2 .*never calculated"):
        read_excel(tmp_path / "a.ods")


def test_identifiers_rounded_by_the_spreadsheet(tmp_path):
    rows = [["case", "activity", "end", "task_x"], [110105199001011234567, "a", "2024-01-05", 1]]
    with pytest.raises(InputError, match=r"'S'!A2 .*more than 15 digits"):
        read_excel(book(tmp_path / "a.xlsx", {"S": plain(rows)}))
    rows = [["case", "activity", "end", "x"], ["1", "a", "2024-01-05", 12345678901234567]]
    log = read_excel(book(tmp_path / "b.xlsx", {"S": plain(rows)}))
    assert check(log).find("rounded_numbers")["column"] == "x"


def test_a_time_without_its_day_is_named(tmp_path):
    def fill(sheet, formats):
        sheet.write_row(0, 0, ["case", "activity", "end"])
        sheet.write_row(1, 0, ["1", "a"])
        sheet.write_datetime(1, 2, dt.time(9, 30), formats["clock"])

    with pytest.raises(InputError, match=r"'S'!C2 \(column 'end'\): '09:30:00' is not a date"):
        read_excel(book(tmp_path / "a.xlsx", {"S": fill}))


def test_numbers_are_no_times(tmp_path):
    rows = [["case", "activity", "end"], ["1", "a", 1704445200]]
    with pytest.raises(InputError, match=r"line 2: '1704445200'"):
        read_excel(book(tmp_path / "a.xlsx", {"S": plain(rows)}))


def test_empty_rows_are_counted_and_rows_named_by_the_sheet(tmp_path):
    rows = [[], ["case", "activity", "end"], ["1", "a", "2024-01-05"], [], ["", " "], ["1", "b", "yesterday"]]
    with pytest.raises(InputError, match="line 6: 'xxxxxxxxx'"):
        read_excel(book(tmp_path / "a.xlsx", {"S": plain(rows)}))
    rows[-1][-1] = "2024-01-06"
    log = read_excel(book(tmp_path / "b.xlsx", {"S": plain(rows)}))
    assert any(en == "2 empty rows left out" for _zh, en in log.provenance.notes)


def test_mixed_cells_become_text_as_people_see_it(tmp_path):
    def fill(sheet, formats):
        sheet.write_row(0, 0, ["case", "activity", "end", "mixed", "numbers", "flags", "days"])
        for r, value in enumerate((12, "x", True, 0.5), 1):
            sheet.write_row(r, 0, ["1", "a", "2024-01-05", value, r, r > 2])
            sheet.write_datetime(r, 6, dt.datetime(2024, 1, r), formats["day"])
        sheet.write_row(5, 0, ["1", "a", "2024-01-05"])
        sheet.write_datetime(5, 3, dt.datetime(2024, 1, 5, 9, 30), formats["moment"])
        sheet.write_row(6, 0, ["1", "a", "2024-01-05"])
        sheet.write_number(6, 3, 1.25, formats["span"])

    frame = read_excel(book(tmp_path / "a.xlsx", {"S": fill})).to_pandas()
    assert frame["mixed"].tolist() == ["12", "x", "TRUE", "0.5", "2024-01-05 09:30:00", "30:00:00"]
    assert frame["numbers"].dropna().tolist() == [1, 2, 3, 4]
    assert frame["flags"].dropna().tolist() == [False, False, True, True]
    assert frame["days"].dropna().tolist() == [pd.Timestamp(2024, 1, d) for d in range(1, 5)]


def test_values_beside_the_table_are_named(tmp_path):
    rows = [["case", "activity", "end"], ["1", "a", "2024-01-05", "", "note"]]
    with pytest.raises(InputError, match="'S'!E2: a value in a column that has no name"):
        read_excel(book(tmp_path / "a.xlsx", {"S": plain(rows)}))


def test_stray_cells_far_away_take_no_memory(tmp_path):
    """A single cell in the last corner would be laid out as 17 thousand million cells; the process would be killed."""

    def fill(sheet, _formats):
        plain([HEAD, *ROWS])(sheet, _formats)
        sheet.write(1_048_575, 16_383, "x")

    path = book(tmp_path / "a.xlsx", {"S": fill})
    xlsb(tmp_path / "a.xlsb", [HEAD, *ROWS], sheet="S", stray=(1_048_575, 16_383))
    xls(tmp_path / "a.xls", [HEAD, *ROWS], sheet="S", stray=(65_535, 40_000))
    repeated = '<table:table-row table:number-rows-repeated="1000000000"><table:table-cell office:value-type="string" table:number-columns-repeated="1000"><text:p>x</text:p></table:table-cell></table:table-row>'
    ods(tmp_path / "a.ods", [], sheet="S", raw=repeated)
    for file in (path, tmp_path / "a.xlsb", tmp_path / "a.xls", tmp_path / "a.ods"):
        with pytest.raises(InputError, match="sheet 'S' reaches to row"):
            read_excel(file)


def repacked(path, target, member, change):
    """Write a package again with one of its parts changed, or added."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == member else old.read(name))
        if member not in old.namelist():
            new.writestr(member, change(b""))
    return target


def test_what_a_damaged_xlsb_says_of_itself_is_not_believed(tmp_path):
    """Its reader takes memory as a record says: 129 GB of it ended the process."""
    good = tmp_path / "good.xlsb"
    xlsb(good, [HEAD, *ROWS])
    sheet = "xl/worksheets/sheet1.bin"
    second = struct.pack("<I", 1) + bytes(13)
    for change in (
        lambda b: b.replace(second, struct.pack("<I", 0xF000_0000) + bytes(13)),
        lambda b: b.replace(second, struct.pack("<I", 0) + bytes(13)),
        lambda b: b.replace(struct.pack("<II", 5, 0), struct.pack("<II", 0x10_0005, 0)),
        lambda b: b.replace(struct.pack("<IIII", 0, 3, 0, 5), struct.pack("<IIII", 0, 0xFFFF_FFF0, 0, 5)),
        lambda b: b.replace(struct.pack("<I", 4) + "办件编号".encode("utf-16-le"), struct.pack("<I", 0x7FFF_FFFF) + "办件编号".encode("utf-16-le")),
        lambda b: b[:-3],
        lambda b: b + bytes([5, 200]),
        lambda b: b.replace(b"\x00\x11" + second, b"\x00\x00" + second),
    ):  # fmt: skip
        with zipfile.ZipFile(good) as archive:
            assert change(archive.read(sheet)) != archive.read(sheet)
        with pytest.raises(InputError, match="not a workbook, or is damaged"):
            read_excel(repacked(good, tmp_path / "bad.xlsb", sheet, change))
    strings = b"\x9f\x01\x08" + struct.pack("<II", 0xF0F0_F0F0, 0xF0F0_F0F0)
    with pytest.raises(InputError, match="not a workbook, or is damaged"):
        read_excel(repacked(good, tmp_path / "bad.xlsb", "xl/sharedStrings.bin", lambda _b: strings))


def test_few_cells_far_apart_are_not_laid_out(tmp_path):
    """40 million empty cells between two would be 1.3 GB."""
    rows = [HEAD, *ROWS]
    xls(tmp_path / "a.xls", rows, stray=(65_535, 600))
    xlsb(tmp_path / "a.xlsb", rows, stray=(1_000_000, 38))
    repeated = '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="string" table:number-columns-repeated="40"><text:p>x</text:p></table:table-cell></table:table-row>'
    ods(tmp_path / "a.ods", [], raw=repeated)
    for name in ("a.xls", "a.xlsb", "a.ods"):
        with pytest.raises(InputError, match="too far to be loaded"):
            read_excel(tmp_path / name)


def test_a_header_alone_is_told_as_such(tmp_path):
    with pytest.raises(InputError, match="has a header but no rows"):
        read_excel(book(tmp_path / "a.xlsx", {"S": plain([HEAD])}))
    with pytest.raises(InputError, match="has a header but no rows"):
        read_excel(book(tmp_path / "b.xlsx", {"S": plain([["2024年明细"], HEAD, ["", " "]])}))


def test_an_encoding_that_nobody_knows(tmp_path):
    path = book(tmp_path / "a.xlsx", {"S": plain([HEAD, *ROWS])})
    bad = repacked(path, tmp_path / "b.xlsx", "xl/workbook.xml", lambda b: b.replace(b"UTF-8", b"UTN-8", 1))
    with pytest.raises(InputError, match="is damaged: unknown encoding") as told:
        read_excel(bad)
    assert told.value.hint


def test_a_panic_of_the_reader_stays_off_the_console(tmp_path, capfd):
    path = book(tmp_path / "a.xlsx", {"S": plain([HEAD, *ROWS])})

    class PanicException(BaseException):
        """What the Rust reader raises."""

    from flowaudit.eventlog.excel import _without_panic

    def give_up():
        with _without_panic():
            os.write(2, b"thread panicked, stack backtrace")
            raise PanicException

    with pytest.raises(PanicException):
        give_up()
    with _without_panic():
        os.write(2, b"a warning")
    assert capfd.readouterr().err == "a warning"
    assert read_excel(path).n_events == 3


def test_a_sheet_wider_than_the_alphabet_is_measured_and_read(tmp_path):
    names = [*HEAD, *(f"x{i}" for i in range(40))]
    log = read_excel(book(tmp_path / "a.xlsx", {"S": plain([names, *([*r, *range(40)] for r in ROWS)])}))
    assert log.to_pandas()["x39"].tolist() == [39, 39, 39]


def test_protected_and_damaged_files(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(compound({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}))
    ods(tmp_path / "a.ods", [HEAD], encrypted=True)
    xls(tmp_path / "a.xls", [HEAD, *ROWS], password=True)
    for name in ("a.xlsx", "a.ods", "a.xls"):
        with pytest.raises(InputError, match="protected by a password"):
            read_excel(tmp_path / name)
    good = book(tmp_path / "b.xlsx", {"S": plain([HEAD, *ROWS])}).read_bytes()
    for content, words in (
        (good[: len(good) // 2], "not a workbook, or is damaged"),
        (b"", "not a workbook"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "web page"),
        ("办件编号\t环节\n".encode("gb18030"), "text under the ending"),
        (b"PK\x03\x04" + bytes(100), "not a workbook, or is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not a workbook, or is damaged"),
    ):
        for ending in (".xlsx", ".xls", ".ods", ".xlsb"):
            (tmp_path / f"c{ending}").write_bytes(content)
            with pytest.raises(InputError, match=words):
                read_log(tmp_path / f"c{ending}")


def test_a_document_type_is_refused(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("content.xml", f"{bomb}<x>&b;</x>")
    path = book(tmp_path / "b.xlsx", {"S": plain([HEAD, *ROWS])})
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, text.replace(b"<worksheet", bomb.encode() + b"<worksheet", 1))
    for name in ("a.ods", "a.xlsx"):
        with pytest.raises(InputError, match="declares a document type"):
            read_excel(tmp_path / name)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_is_an_error_or_a_log(tmp_path, data):
    """Whatever byte is changed: one InputError, or a log; never another exception."""
    kind = data.draw(st.sampled_from(["xlsx", "xls", "xlsb", "ods"]))
    path = tmp_path / f"good.{kind}"
    if not path.exists():
        {"xls": xls, "xlsb": xlsb, "ods": ods}.get(kind, lambda p, r: book(p, {"Sheet1": plain(r)}))(
            path, [HEAD, *ROWS]
        )
    content = bytearray(path.read_bytes())
    for _change in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    bad = tmp_path / f"bad.{kind}"
    bad.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content))
    with contextlib.suppress(InputError):
        assert read_excel(bad).n_events <= 3


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A1", "A2", "乙"]),
            st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1)),
            st.none() | st.floats(-1e9, 1e9).map(lambda v: round(v, 3)),
            st.none() | st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=9),
        ),
        min_size=2, max_size=20,
    )
)  # fmt: skip
def test_a_sheet_and_its_frame_are_one_log(tmp_path, rows):
    """Peer: the same cells through pandas; Excel keeps milliseconds."""
    rows = [(c, t.replace(microsecond=t.microsecond // 1000 * 1000), x, w) for c, t, x, w in rows]
    frame = pd.DataFrame(rows, columns=["case", "end", "x", "words"]).assign(activity="a")

    def fill(sheet, formats):
        sheet.write_row(0, 0, list(frame.columns))
        for r, (case, end, x, words, activity) in enumerate(frame.itertuples(index=False), 1):
            sheet.write_string(r, 0, case)
            sheet.write_datetime(r, 1, end, formats["moment"])
            if x is not None and not np.isnan(x):
                sheet.write_number(r, 2, x)
            if isinstance(words, str):
                sheet.write_string(r, 3, words)
            sheet.write_string(r, 4, activity)

    log, peer = read_excel(book(tmp_path / "a.xlsx", {"S": fill})), read_frame(frame)
    for column in peer.columns:
        one, other = log.to_pandas()[column], peer.to_pandas()[column]
        if column == "end":
            assert (abs(one - other) < pd.Timedelta(milliseconds=1)).all()
        else:
            same = (one.astype("object") == other.astype("object")) | (one.isna() & other.isna())
            assert same.all(), column
