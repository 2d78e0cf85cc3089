"""Zip files: one log inside, names read right, and nothing trusted that the file says of itself."""

import contextlib
import io
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import read_log
from flowaudit.eventlog import zip as zips

CSV = "case,activity,end\n1,a,2024-01-05\n1,b,2024-01-06\n"


def packed(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_the_one_log_is_read_and_told(tmp_path):
    path = packed(
        tmp_path / "a.zip", {"导出/办件.csv": CSV, "说明.docx": b"x", "__MACOSX/._办件.csv": b"y", "导出/": b""}
    )
    log = read_log(path)
    assert (log.n_events, log.provenance.source) == (2, "a.zip")
    assert list(log.provenance.sha256) == ["a.zip", "办件.csv"]
    assert any("'办件.csv' inside 'a.zip'" in en for _zh, en in log.provenance.notes)


def test_names_of_chinese_windows(tmp_path):
    """Windows writes names in GBK without the flag of UTF-8; Python then shows them in code page 437."""
    path = packed(tmp_path / "a.zip", {"PLACEHOLD.csv": CSV})
    path.write_bytes(path.read_bytes().replace(b"PLACEHOLD", "办件a明细".encode("gbk")))
    assert [zips.member_name(i) for i in zipfile.ZipFile(path).infolist()] == ["办件a明细.csv"]
    assert "办件a明细.csv" in read_log(path).provenance.sha256


def test_the_unpacked_file_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    read_log(packed(tmp_path / "a.zip", {"a.csv": CSV}))
    with pytest.raises(InputError):
        read_log(packed(tmp_path / "b.zip", {"a.csv": "not a log"}))
    assert not list((tmp_path / "t").iterdir())


def test_a_member_cannot_leave_its_folder(tmp_path):
    assert read_log(packed(tmp_path / "a.zip", {"../../evil.csv": CSV})).n_events == 2
    assert not list(Path(tmp_path).parent.glob("evil.csv"))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a.csv": CSV, "b.csv": CSV}, "holds 2 logs: 'a.csv', 'b.csv'"),
        ({"a.docx": "x"}, "holds no log; found 'a.docx'"),
        ({}, "holds no file"),
        ({"a.zip": "x"}, "holds no log"),
    ],
)
def test_not_exactly_one(tmp_path, members, words):
    with pytest.raises(InputError, match=words):
        read_log(packed(tmp_path / "a.zip", members))


def test_a_bomb_is_refused_before_and_while_unpacking(tmp_path):
    path = packed(tmp_path / "a.zip", {"a.csv": bytes(zips.SMALL + 1)})
    with pytest.raises(InputError, match="would unpack from"):
        read_log(path)
    # The same bomb, whose table of contents says it is small.
    raw = bytearray(path.read_bytes())
    directory = raw.index(b"PK\x01\x02")
    for at in (22, directory + 24):
        raw[at : at + 4] = struct.pack("<I", 100)
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError):
        read_log(path)
    small = packed(tmp_path / "b.zip", {"a.csv": CSV + "1,c,2024-01-07\n" * 50_000})
    assert read_log(small).n_events == 50_002


def test_encrypted_and_damaged(tmp_path):
    path = packed(tmp_path / "a.zip", {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    locked = bytearray(raw)
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(locked))
    with pytest.raises(InputError, match="protected by a password"):
        read_log(path)
    for content in (raw[: len(raw) // 2], b"", b"case,activity\n", bytes(raw[:40]) + b"xxxx" + bytes(raw[44:])):
        path.write_bytes(bytes(content))
        with pytest.raises(InputError, match="not a zip file, or is damaged"):
            read_log(path)


def test_a_method_that_python_cannot_unpack(tmp_path):
    path = packed(tmp_path / "a.zip", {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    for at in (8, raw.index(b"PK\x01\x02") + 10):
        raw[at : at + 2] = struct.pack("<H", 97)
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError, match="cannot be unpacked here"):
        read_log(path)


def test_a_damaged_table_of_contents_is_one_error(tmp_path):
    """Python's reader then raises OSError, UnicodeDecodeError and others."""
    path = packed(tmp_path / "a.zip", {"a.csv": CSV})
    raw = path.read_bytes()
    directory, end = raw.index(b"PK\x01\x02"), raw.index(b"PK\x05\x06")
    flagged = bytearray(raw.replace(b"a.csv", b"\xff.csv"))
    flagged[directory + 9] |= 8
    flagged[7] |= 8
    far, before = bytearray(raw), bytearray(raw)
    far[directory + 42 : directory + 46] = struct.pack("<I", 0x7FFFFFFF)
    before[end + 16 : end + 20] = struct.pack("<I", directory + 40)
    nameless = bytearray(raw[:directory] + raw[directory : directory + 46] + raw[directory + 51 : end] + raw[end:])
    nameless[directory + 28 : directory + 30] = bytes(2)
    nameless[end - 5 + 12 : end - 5 + 16] = struct.pack("<I", end - 5 - directory)
    for content in (flagged, far, before, nameless):
        path.write_bytes(bytes(content))
        with pytest.raises(InputError, match="not a zip file, or is damaged") as told:
            read_log(path)
        assert told.value.hint


def test_names_that_no_folder_takes(tmp_path):
    path = packed(tmp_path / "a.zip", {"导出 10:30?.csv": CSV})
    assert list(read_log(path).provenance.sha256) == ["a.zip", "导出 10_30_.csv"]
    long = packed(tmp_path / "b.zip", {"办" * 300 + ".csv": CSV})
    assert read_log(long).n_events == 2


def test_every_wrong_byte_is_an_error_or_a_log(tmp_path):
    path = packed(tmp_path / "a.zip", {"a.csv": CSV})
    raw = path.read_bytes()
    for place in range(len(raw)):
        for flip in (0x01, 0x80, 0xFF):
            path.write_bytes(raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :])
            with contextlib.suppress(InputError):
                assert read_log(path).n_events == 2


def test_a_workbook_inside(tmp_path):
    import xlsxwriter

    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        for name in ("x", "y"):
            sheet = book.add_worksheet(name)
            for r, line in enumerate(CSV.splitlines()):
                sheet.write_row(r, 0, line.split(","))
    path = packed(tmp_path / "a.zip", {"a.xlsx": held.getvalue()})
    assert read_log(path, sheet="y").n_events == 2
