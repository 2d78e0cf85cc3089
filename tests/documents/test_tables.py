"""The workbook: text stays text, numbers are the study's, the same study gives the same bytes."""

import zipfile

from lxml import etree

from flowaudit.documents import tables, write_tables

S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SHEETS = ["四减", "前后对比", "环节", "流转", "变体", "问题", "等待", "等待原因", "质量", "口径", "来源"]


def test_sheets_hold_no_formula_and_no_link(small_study, tmp_path):
    path = write_tables(small_study, tmp_path / "tables.xlsx", "zh")
    with zipfile.ZipFile(path) as archive:
        book = etree.fromstring(archive.read("xl/workbook.xml"))
        assert [s.get("name") for s in book.iter(S + "sheet")] == SHEETS
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                sheet = etree.fromstring(archive.read(name))
                assert not list(sheet.iter(S + "f"))
                assert not list(sheet.iter(S + "hyperlink"))
        strings = etree.fromstring(archive.read("xl/sharedStrings.xml"))
        assert "=1+1" in ["".join(t.text or "" for t in si.iter(S + "t")) for si in strings.iter(S + "si")]


def test_the_same_study_gives_the_same_bytes(small_study, tmp_path):
    one, two = (write_tables(small_study, tmp_path / f"{k}.xlsx", "zh").read_bytes() for k in "ab")
    assert one == two


def test_numbers_are_the_studys(small_study):
    sheets = tables(small_study, "en")
    compared = sheets["before and after"]
    assert compared["Before (simulated)"].tolist() == [c.before.value for c in small_study.verdict.comparisons]
    assert len(sheets["activities"]) == len(small_study.as_is.nodes)
