"""Extents and failed formulas of binary workbooks: ``.xls`` (BIFF8 in a compound file) and ``.xlsb`` (BIFF12)."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from flowaudit.errors import InputError
from flowaudit.eventlog.spreadsheet import Survey, Workbook, chunks, locked, part, targets
from flowaudit.messages import translate as _

ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip
# [MS-XLS] 2.3: records that place a cell; [MS-XLSB] 2.3.
_XLS_CELLS = frozenset({0x0006, 0x00BD, 0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E})
_BOF, _EOF, _FILEPASS, _DATEMODE, _BOUNDSHEET, _BOOLERR, _FORMULA = 0x0809, 0x0A, 0x2F, 0x22, 0x85, 0x0205, 0x0006
_END_OF_CHAIN = 0xFFFFFFFA
_DIMENSIONS, _SHEET_ENDS, _STRINGS = 148, 130, 159
_ROWS, _COLUMNS = 1 << 20, 1 << 14


def survey_xls(path: Path) -> Workbook:
    """Look over an ``.xls``; see :func:`flowaudit.eventlog.spreadsheet.survey`."""
    content = path.read_bytes()
    try:
        streams = _streams(content)
        if "EncryptedPackage" in streams:
            raise locked(path.name)
        stream = streams.get("Workbook") or streams.get("Book")
        if stream is None:
            raise InputError(
                _("'{file}' is not a workbook, or is damaged.", file=path.name), hint=_("export it again.")
            )
        return _xls_sheets(stream, path.name)
    except (struct.error, IndexError) as error:
        raise InputError(
            _("'{file}' is not a workbook, or is damaged.", file=path.name), hint=_("export it again.")
        ) from error


def _streams(content: bytes) -> dict[str, bytes]:
    """Return the streams of a compound file ([MS-CFB]) by name, those of the root storage only being of interest."""
    shift, mini_shift = struct.unpack_from("<HH", content, 0x1E)
    if shift not in (9, 12) or mini_shift != 6:
        raise struct.error
    size = 1 << shift
    directory, _sign, cutoff, mini_fat, _n_mini, difat_sector, _n_difat = struct.unpack_from("<7I", content, 0x30)
    table: list[int] = list(struct.unpack_from("<109I", content, 0x4C))
    seen: set[int] = set()
    while difat_sector < _END_OF_CHAIN and difat_sector not in seen:
        seen.add(difat_sector)
        more = struct.unpack_from(f"<{size // 4}I", content, (difat_sector + 1) * size)
        table.extend(more[:-1])
        difat_sector = more[-1]
    fat: list[int] = []
    for sector in table:
        if sector < _END_OF_CHAIN:
            block = content[(sector + 1) * size : (sector + 2) * size]
            fat.extend(struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4]))

    def chain(first: int, links: list[int], source: bytes, unit: int, begin: int) -> bytes:
        pieces, sector, visited = [], first, 0
        while sector < _END_OF_CHAIN:
            visited += 1
            if visited > len(links):
                raise struct.error
            pieces.append(source[begin + sector * unit : begin + (sector + 1) * unit])
            sector = links[sector]
        return b"".join(pieces)

    entries = chain(directory, fat, content, size, size)
    raw = chain(mini_fat, fat, content, size, size)
    mini_links = list(struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4]))
    mini = b""
    found: dict[str, bytes] = {}
    for at in range(0, len(entries) - 127, 128):
        entry = entries[at : at + 128]
        length, kind = struct.unpack_from("<HB", entry, 64)
        first, stream_size = struct.unpack_from("<II", entry, 116)
        if kind == 5:
            mini = chain(first, fat, content, size, size)
        elif kind == 2 and 2 <= length <= 64:
            name = entry[: length - 2].decode("utf-16-le", "replace")
            small = stream_size < cutoff
            stream = chain(first, mini_links, mini, 64, 0) if small else chain(first, fat, content, size, size)
            found.setdefault(name, stream[:stream_size])
    return found


def _xls_sheets(stream: bytes, file: str) -> Workbook:
    begins: dict[int, str] = {}
    found: dict[str, Survey] = {}
    sheet: Survey | None = None
    from_1904 = False
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        body = at + 4
        if kind == _FILEPASS:
            raise locked(file)
        if kind == _BOUNDSHEET and size >= 8:
            offset, _state, _type, letters, wide = struct.unpack_from("<IBBBB", stream, body)
            raw = stream[body + 8 : body + 8 + letters * (2 if wide & 1 else 1)]
            name = raw.decode("utf-16-le" if wide & 1 else "latin-1", "replace")
            begins[offset] = name
            found[name] = Survey(size=len(stream))
        elif kind == _DATEMODE and size >= 2:
            from_1904 = stream[body] == 1
        elif kind == _BOF and at in begins:
            sheet = found[begins[at]]
        elif kind in _XLS_CELLS and sheet is not None and size >= 6:
            row, column = struct.unpack_from("<HH", stream, body)
            last = struct.unpack_from("<H", stream, body + size - 2)[0] if kind in (0xBD, 0xBE) else column
            sheet.reach(row, max(column, last))
            if kind == _BOOLERR and size >= 8 and stream[body + 7]:
                sheet.fault(row, column, ERRORS.get(stream[body + 6], "#ERROR"))
            elif (
                kind == _FORMULA
                and size >= 14
                and stream[body + 12 : body + 14] == b"\xff\xff"
                and stream[body + 6] == 2
            ):
                sheet.fault(row, column, ERRORS.get(stream[body + 8], "#ERROR"))
        at = body + size
    return Workbook(found, from_1904, at_once=True)


def survey_xlsb(archive: zipfile.ZipFile, file: str) -> Workbook:
    """Look over an ``.xlsb``; see :func:`flowaudit.eventlog.spreadsheet.survey`."""
    where = targets(archive, "xl/_rels/workbook.bin.rels", file)
    found: dict[str, Survey] = {}
    from_1904 = False
    names = set(archive.namelist())
    try:
        for kind, body in _records(iter([part(archive, "xl/workbook.bin", file)])):
            if kind == 153 and body:
                from_1904 = bool(body[0] & 1)
            elif kind == 156:
                relation, after = _wide(body, 8)
                name, _after = _wide(body, after)
                target = where.get(relation, "")
                found[name] = _xlsb_sheet(archive, target, file) if target in names else Survey()
        if "xl/sharedStrings.bin" in names:
            size = archive.getinfo("xl/sharedStrings.bin").file_size
            kind, body = next(_records(chunks(archive, "xl/sharedStrings.bin", file)))
            _demand(kind == _STRINGS and max(struct.unpack_from("<2I", body)) <= size + (1 << 20))
    except (struct.error, IndexError, StopIteration) as error:
        raise InputError(
            _("'{file}' is not a workbook, or is damaged.", file=file), hint=_("export it again.")
        ) from error
    return Workbook(found, from_1904)


def _xlsb_sheet(archive: zipfile.ZipFile, name: str, file: str) -> Survey:
    found = Survey()
    row = column = -1
    kind = 0
    for kind, body in _records(_weighed(chunks(archive, name, file), found)):
        # The reader of cells takes what a damaged record says for the memory it needs: nothing odd may reach it.
        if kind == 0:
            before, row, column = row, struct.unpack_from("<I13x", body)[0], -1
            _demand(before < row < _ROWS)
        elif 1 <= kind <= 11:
            before, column = column, struct.unpack_from("<I4x", body)[0]
            _demand(row >= 0 and before < column < _COLUMNS)
            found.reach(row, column)
            if kind in (3, 11):
                found.fault(row, column, ERRORS.get(body[8], "#ERROR"))
            elif kind in (6, 8):
                _demand(12 + 2 * struct.unpack_from("<I", body, 8)[0] <= len(body))
        elif kind == _DIMENSIONS:
            first, last, left, right = struct.unpack_from("<4I", body)
            _demand(first <= last < _ROWS and left <= right < _COLUMNS)
    _demand(kind == _SHEET_ENDS)
    return found


def _demand(sound: bool) -> None:
    if not sound:
        raise struct.error


def _weighed(pieces: Iterator[bytes], found: Survey) -> Iterator[bytes]:
    """Yield the same bytes and count them."""
    found.size = 0
    for piece in pieces:
        found.size += len(piece)
        yield piece


def _records(pieces: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a part: kind and size are written seven bits to a byte."""
    data, at = b"", 0
    for piece in pieces:
        data, at = data[at:] + piece, 0
        while True:
            kind, after = _seven(data, at, 2)
            size, body = _seven(data, after, 4) if after else (0, 0)
            if not body or body + size > len(data):
                break
            yield kind, data[body : body + size]
            at = body + size
    _demand(at == len(data))


def _seven(data: bytes, at: int, most: int) -> tuple[int, int]:
    """Return a number and the position behind it (0 where the data ends first); kinds keep their high bits."""
    number = 0
    for i in range(most):
        if at + i >= len(data):
            return 0, 0
        byte = data[at + i]
        number |= (byte & 0x7F) << (7 * i)
        if not byte & 0x80:
            return number, at + i + 1
    return number, at + most


def _wide(body: bytes, at: int) -> tuple[str, int]:
    letters = struct.unpack_from("<I", body, at)[0]
    end = at + 4 + 2 * min(letters, 1 << 16)
    return body[at + 4 : end].decode("utf-16-le", "replace"), end
