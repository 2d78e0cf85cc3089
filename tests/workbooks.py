"""Workbooks of the kinds that no library here writes, made byte by byte: .ods, .xls (BIFF8), .xlsb (BIFF12)."""

import struct
import zipfile
from datetime import datetime
from xml.sax.saxutils import escape

_ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><office:body><office:spreadsheet>
<table:table table:name="{sheet}">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"""
_MANIFEST = """<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
{more}</manifest:manifest>"""


class Failed(str):
    """A cell whose formula failed, such as Failed("#REF!")."""


CODES = {"#DIV/0!": 0x07, "#REF!": 0x17, "#N/A": 0x2A}


def ods(path, rows, *, sheet="Sheet1", raw=None, encrypted=False):
    """Write text, numbers, dates and failed formulas; ``raw`` is XML of rows given as it is."""

    def cell(value):
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, Failed):
            return f'<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>{value}</text:p></table:table-cell>'
        if isinstance(value, datetime):
            written = value.isoformat()
            return f'<table:table-cell office:value-type="date" office:date-value="{written}"><text:p>{written}</text:p></table:table-cell>'
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'

    body = raw or "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        more = "<manifest:encryption-data/>" if encrypted else ""
        archive.writestr("META-INF/manifest.xml", _MANIFEST.format(more=more))
        archive.writestr("content.xml", _ODS.format(sheet=sheet, rows=body))


def xls(path, rows, *, sheet="Sheet1", stray=None, password=False):
    """Write text, numbers and failed formulas; ``stray`` is one more cell (row, column)."""

    def record(kind, body=b""):
        return struct.pack("<HH", kind, len(body)) + body

    def cell(r, c, value):
        at = struct.pack("<HHH", r, c, 0)
        if isinstance(value, Failed):
            return record(0x0205, at + bytes([CODES[value], 1]))
        if isinstance(value, str):
            return record(0x0204, at + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
        return record(0x0203, at + struct.pack("<d", value))

    cells = [cell(r, c, v) for r, row in enumerate(rows) for c, v in enumerate(row) if v is not None]
    if stray:
        cells.append(cell(*stray, 1.0))
    begin = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    locked = record(0x2F, bytes(6)) if password else b""
    name = struct.pack("<BB", len(sheet), 1) + sheet.encode("utf-16-le")
    length = len(begin) + len(locked) + 4 + 6 + len(name) + 4
    bound = record(0x85, struct.pack("<IBB", length, 0, 0) + name)
    stream = begin + locked + bound + record(0x0A)
    stream += record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + b"".join(cells) + record(0x0A)
    path.write_bytes(compound({"Workbook": stream}))


def compound(streams):
    """Return a compound file ([MS-CFB]) with streams of at least 4096 bytes."""
    entries, sectors, fat = [_entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)], [], [0xFFFFFFFD, 0xFFFFFFFE]
    for number, (name, content) in enumerate(streams.items()):
        content = content.ljust(4096, b"\0")
        n = -(-len(content) // 512)
        first = len(fat)
        fat += [*range(first + 1, first + n), 0xFFFFFFFE]
        sectors.append(content.ljust(n * 512, b"\0"))
        right = number + 2 if number + 1 < len(streams) else 0xFFFFFFFF
        entries.append(_entry(name, 2, first, len(content), right=right))
    directory = b"".join(entries).ljust(512, b"\0")
    assert len(fat) <= 128
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<I", 0) + b"\xff" * (4 * 108)
    return head + table + directory + b"".join(sectors)


def _entry(name, kind, first, size, *, child=0xFFFFFFFF, right=0xFFFFFFFF):
    raw = name.encode("utf-16-le") + b"\0\0"
    body = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, 0xFFFFFFFF, right, child)
    return body + bytes(36) + struct.pack("<II", first, size) + bytes(4)


def xlsb(path, rows, *, sheet="Sheet1", stray=None):
    """Write text, numbers and failed formulas; ``stray`` is one more row and cell (row, column)."""

    def record(kind, body=b""):
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size, length = len(body), b""
        while True:
            byte, size = size & 0x7F, size >> 7
            length += bytes([byte | (0x80 if size else 0)])
            if not size:
                return head + length + body

    def wide(text):
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    def cell(c, value):
        at = struct.pack("<II", c, 0)
        if isinstance(value, Failed):
            return record(3, at + bytes([CODES[value]]))
        if isinstance(value, str):
            return record(6, at + wide(value))
        return record(5, at + struct.pack("<d", value))

    def line(r, cells):
        return record(0, struct.pack("<I", r) + bytes(13)) + b"".join(cell(c, v) for c, v in cells if v is not None)

    body = b"".join(line(r, enumerate(row)) for r, row in enumerate(rows))
    if stray:
        body += line(stray[0], [(stray[1], 1.0)])
    width = max(map(len, rows)) - 1
    content = record(129) + record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, width)) + record(145)
    content += body + record(146) + record(130)
    book = record(131) + record(153, bytes(12)) + record(143)
    book += record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide(sheet)) + record(144) + record(132)
    rels = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        )
        archive.writestr(
            "_rels/.rels",
            rels.format(f'<Relationship Id="rId1" Type="{kind}officeDocument" Target="xl/workbook.bin"/>'),
        )
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            rels.format(f'<Relationship Id="rId1" Type="{kind}worksheet" Target="worksheets/sheet1.bin"/>'),
        )
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/sheet1.bin", content)
