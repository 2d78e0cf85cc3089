"""Delimited files: the same cells as Python's csv module, or an error on both; layout found; bad bytes named."""

import csv
import io
import itertools

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowaudit.errors import InputError
from flowaudit.eventlog import ColumnMapping, read_csv
from flowaudit.eventlog.delimited import read_delimited
from flowaudit.eventlog.mapping import FileLayout

NULLS = {"", "NULL", "null", "\\N"}
CELLS = st.text(st.sampled_from("ab受,;\t|\"'\n\r 1"), max_size=6)
CALM = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def cells_of(table):
    return [list(row) for row in zip(*(c.cast(pa.string()).to_pylist() for c in table.table.columns), strict=True)]


def expected(text, delimiter):
    """Rows by Python's csv module after the header; missing for nothing, rows of nothing left out."""
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    rows = [row for row in rows if row][1:]
    cells = [[None if c in NULLS else c for c in row] for row in rows]
    return [row for row in cells if any(c is not None for c in row)]


@CALM
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]), st.booleans(),
)  # fmt: skip
def test_written_cells_come_back(tmp_path, rows, delimiter, end, everything):
    held = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if everything else csv.QUOTE_MINIMAL
    writer = csv.writer(held, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([["x", "y", "z"], *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(held.getvalue().encode())
    wanted = expected(held.getvalue(), delimiter)
    if not wanted and all(c in NULLS for row in rows for c in row):
        return
    # A carriage return that the writer leaves bare ends a row for every reader.
    if any(len(row) not in (0, 3) for row in csv.reader(io.StringIO(held.getvalue(), newline=""), delimiter=delimiter)):
        with pytest.raises(InputError, match="cells where the header has 3"):
            read_delimited(path, delimiter=delimiter)
        return
    found = read_delimited(path, delimiter=delimiter)
    assert found.layout.header == ("x", "y", "z")
    assert cells_of(found) == wanted


@CALM
@given(st.text(st.sampled_from('ab",\n\r'), max_size=24))
def test_any_text_gives_the_same_cells_or_an_error(tmp_path, body):
    text = "x,y\n" + body
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    try:
        wanted = expected(text, ",")
        if any(len(row) != 2 for row in csv.reader(io.StringIO(text, newline="")) if row):
            wanted = None
    except csv.Error:
        wanted = None
    try:
        found = cells_of(read_delimited(path, delimiter=",", header_row=1))
    except InputError as error:
        found = [] if "no rows" in str(error) else None
    assert wanted is None or found == wanted


def test_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('标题\r\n\r\nx,y\r\n1,"a\r\nb"\r\n\r\n,\r\n2,c\r\n'.encode("gb18030"))
    found = read_delimited(path)
    assert cells_of(found) == [["1", "a\r\nb"], ["2", "c"]]
    assert found.lines([1, 0]) == [8, 4]
    assert (found.layout.line, found.layout.above, found.blank, found.encoding) == (3, 1, 1, "gb18030")


def test_line_breaks_in_quotes_over_many_blocks(tmp_path, monkeypatch):
    from flowaudit.eventlog import delimited

    monkeypatch.setattr(delimited, "_BLOCK", 97)
    rows = [[str(i), "a\r\nb," * (i % 5), f'"{i}"\n'] for i in range(300)]
    held = io.StringIO(newline="")
    csv.writer(held).writerows([["x", "y", "z"], *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(held.getvalue().encode())
    found = read_delimited(path)
    assert cells_of(found) == [[c or None for c in row] for row in rows]
    reader = csv.reader(io.StringIO(held.getvalue(), newline=""))
    begins = [0]
    begins += [reader.line_num for _row in reader]
    assert found.lines([0, 150, 299]) == [begins[1] + 1, begins[151] + 1, begins[300] + 1]


def test_a_cell_of_a_million_characters(tmp_path):
    path = tmp_path / "a.csv"
    long = "长" * 3_000_000
    path.write_text(f'x,y\n1,"{long}"\n2,b\n', encoding="utf-8")
    found = read_delimited(path)
    assert found.table["y"][0].as_py() == long
    assert found.lines([1]) == [3]
    before = csv.field_size_limit()
    assert before < 1_000_000, "the limit of the csv module is as it was"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_over_many_pieces(tmp_path, encoding, monkeypatch):
    from flowaudit.eventlog import source

    # Pieces of seven bytes cut characters in the middle.
    monkeypatch.setattr(source, "_CHUNK", 7)
    path = tmp_path / "a.csv"
    path.write_bytes("编号,环节\n1,受理\n2,决定€😀\n".encode(encoding))
    assert cells_of(read_delimited(path)) == [["1", "受理"], ["2", "决定€😀"]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1,\xff\xfe\n", r"neither UTF-8 nor GB18030 text \(line 2, byte 3 of it: 0xFF\)"),
        ("a,b\n受理,1\n".encode() + b"\xff,2\n", r"line 3, byte 1 of it: 0xFF"),
        (b"\xef\xbb\xbfa,b\n1,2\n\xd6\xd0,3\n", r"line 3: byte 1 of it \(0xD6\) is not UTF-8 text"),
        ("﻿a,b\n1,2\n".encode("utf-16-le") + b"\x00\xd8,", r"line 3: byte 1 of it"),
        (b"a,b\n1,\x00\n", "line 2: a NUL"),
        ("a,b\n1,受\x00\n".encode("gb18030"), "line 2: a NUL"),
    ],
)
@pytest.mark.parametrize("piece", [5, 1 << 22])
def test_bytes_that_are_no_text_are_named(tmp_path, monkeypatch, content, told, piece):
    from flowaudit.eventlog import source

    monkeypatch.setattr(source, "_CHUNK", piece)
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=told):
        read_delimited(path)


def test_layout_can_be_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("甲;乙,丙\ncase_id;activity;end\n1;受理,一;2024-01-05\n".encode("gb18030"))
    log = read_csv(path, delimiter=";", header_row=2, encoding="gb18030")
    assert log.activities == ["受理,一"]
    notes = [en for _zh, en in log.provenance.notes]
    assert notes == [
        "read as GB18030", "columns are separated by ';'", "the header stands on line 2; what stands above it was not read",
    ]  # fmt: skip
    layout = FileLayout(delimiter=";", header_row=2, encoding="gb18030")
    assert read_csv(path, mapping=ColumnMapping(file=layout)).events.equals(log.events)
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_csv(path, encoding="utf-8")
    with pytest.raises(InputError, match="has no line 9"):
        read_csv(path, header_row=9)


def test_single_quotes_where_the_header_has_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("'x','y'\n'1','a,b'\n", encoding="utf-8")
    found = read_delimited(path)
    assert cells_of(found) == [["1", "a,b"]]
    assert ("text is quoted by '") in [en for _zh, en in found.notes()]


def test_times_are_read_at_once_only_where_all_look_alike(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{i},a,2024-01-05 09:{i:02d}:00" for i in range(60)]
    path.write_text("case_id,activity,end\n" + "\n".join(rows) + "\n", encoding="utf-8")
    at_once = read_csv(path)
    assert pa.types.is_timestamp(read_delimited(path, times=lambda h: ["end"]).table["end"].type)
    # One cell in another form, far below: the same stamps, cell by cell.
    path.write_text("case_id,activity,end\n" + "\n".join(rows) + "\n60,a,2024年1月5日 24:00\n", encoding="utf-8")
    mixed = read_csv(path)
    assert mixed.events["end"].to_pylist()[:60] == at_once.events["end"].to_pylist()
    path.write_text("case_id,activity,end\n" + "\n".join(rows) + "\n60,a,2024-02-30 09:00:00\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 62: '2024-02-30 09:00:00'"):
        read_csv(path)
    path.write_text("case_id,activity,end\n" + "\n".join(rows) + "\n60,a,1024-02-03 09:00:00\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 62"):
        read_csv(path)


def test_against_pandas_and_duckdb(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    import pandas as pd

    path = tmp_path / "a.csv"
    lines = [f'{i % 7},"step, {i % 3}",2024-01-{i % 28 + 1:02d} 10:00:00,"x""y{i}"' for i in range(500)]
    path.write_text("case_id,activity,end,extra\n" + "\n".join(lines) + "\n", encoding="utf-8")
    found = cells_of(read_delimited(path))
    assert found == pd.read_csv(path, dtype=str).to_numpy().tolist()
    said = duckdb.sql(f"select * from read_csv('{path.as_posix()}', all_varchar=true)").fetchall()
    assert found == [list(row) for row in said]


def test_header_and_titles_are_told_apart(tmp_path):
    path = tmp_path / "a.csv"
    for titles, empty in itertools.product((["办件明细表,,", ",,"], ["报表"]), ("", "\n")):
        path.write_text("\n".join(titles) + "\n" + empty + "a,b,c\n1,2,3\n", encoding="utf-8")
        found = read_delimited(path)
        assert found.layout.header == ("a", "b", "c")
        assert found.lines([0]) == [len(titles) + 2 + len(empty)]
