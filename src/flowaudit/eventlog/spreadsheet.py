"""What lies in a workbook before its cells are loaded: extents, merged cells, and cells whose formula failed.

The reader of cells (calamine) lays a sheet out as a full rectangle and turns a failed formula into an empty cell. A
stray cell in the last row and column would so take all memory, and an error would vanish; both are looked for here.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from flowaudit.errors import InputError
from flowaudit.eventlog.zip import refuse_bomb
from flowaudit.messages import translate as _

UNCALCULATED = "="
"""Stands for the value of a formula that the exporting program never calculated."""
_CHUNK = 1 << 22
_SMALL_PART = 16 << 20


@dataclass
class Fault:
    """Failed formulas of one column."""

    count: int
    row: int
    text: str


@dataclass
class Survey:
    """One sheet; rows and columns count from 0.

    Attributes
    ----------
    rows, columns : int
        Upper bounds of its extent.
    size : int, optional
        Bytes in which its cells are written, where the extent was counted cell by cell.
    faults : dict of int to Fault
        Failed formulas by column: how many, and the first.
    failed : set of (int, int)
        Up to a thousand cells with failed formulas.
    merges : list of ((int, int), (int, int))
        First and last cell of merged ranges; empty where calamine tells them itself.
    """

    rows: int = 0
    columns: int = 0
    size: int | None = None
    faults: dict[int, Fault] = field(default_factory=dict)
    failed: set[tuple[int, int]] = field(default_factory=set)
    merges: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)

    def reach(self, row: int, column: int) -> None:
        self.rows = max(self.rows, row + 1)
        self.columns = max(self.columns, column + 1)

    def fault(self, row: int, column: int, text: str) -> None:
        self.reach(row, column)
        known = self.faults.get(column)
        if known is None:
            self.faults[column] = Fault(1, row, text)
        else:
            known.count += 1
            if row < known.row:
                known.row, known.text = row, text
        if len(self.failed) < 1000:
            self.failed.add((row, column))


@dataclass(frozen=True)
class Workbook:
    """A workbook's sheets by name.

    Attributes
    ----------
    sheets : dict of str to Survey
    from_1904 : bool
        Whether its days are counted from 1904.
    at_once : bool
        Whether opening it loads every sheet, wanted or not.
    counts_days : bool
        Whether a date is kept as a number of days; OpenDocument writes it out.
    """

    sheets: dict[str, Survey]
    from_1904: bool = False
    at_once: bool = False
    counts_days: bool = True


def column_letters(column: int) -> str:
    """Return a column's letters.

    Examples
    --------
    >>> column_letters(0), column_letters(25), column_letters(26), column_letters(16383)
    ('A', 'Z', 'AA', 'XFD')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """Return the position of a column from 0.

    Examples
    --------
    >>> column_number("XFD")
    16383
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def survey(path: Path) -> Workbook:
    """Look over a workbook of any kind, told by its content.

    Raises
    ------
    InputError
        If it is protected by a password, is no workbook, would unpack beyond measure, or declares a document type.
    """
    with path.open("rb") as stream:
        head = stream.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        from flowaudit.eventlog.biff import survey_xls

        return survey_xls(path)
    if not head.startswith(b"PK"):
        raise _no_workbook(path.name, head)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            refuse_bomb(info.file_size, info.compress_size, file=path.name, member=info.filename)
        names = set(archive.namelist())
        if "content.xml" in names:
            return _survey_ods(archive, path.name)
        if "xl/workbook.bin" in names:
            from flowaudit.eventlog.biff import survey_xlsb

            return survey_xlsb(archive, path.name)
        if "xl/workbook.xml" in names:
            return _survey_xlsx(archive, path.name)
    raise _no_workbook(path.name, head)


def _no_workbook(file: str, head: bytes) -> InputError:
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return InputError(
            _("'{file}' is not a workbook but a web page or XML under the ending of one.", file=file),
            hint=_("open it in a spreadsheet program and save it as .xlsx."),
        )
    if head and b"\x00" not in head:
        return InputError(
            _("'{file}' is not a workbook but text under the ending of one.", file=file),
            hint=_("give it the ending .csv, or open it in a spreadsheet program and save it as .xlsx."),
        )
    return InputError(_("'{file}' is not a workbook, or is damaged.", file=file), hint=_("export it again."))


def parse_xml(content: bytes, file: str, **handlers: Any) -> None:
    """Run expat over a part of a package; a document type is refused, and so are the entities it could declare."""
    parser = _parser(file, **handlers)
    _feed(parser, content, file, last=True)


def _parser(file: str, **handlers: Any) -> Any:
    def refuse(*_told: object) -> None:
        raise InputError(
            _("'{file}' declares a document type, which no workbook does.", file=file),
            hint=_("export it again; do not open it otherwise."),
        )

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse
    for name, handler in handlers.items():
        setattr(parser, name, handler)
    return parser


def _feed(parser: Any, content: bytes, file: str, *, last: bool) -> None:
    try:
        parser.Parse(content, last)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # An encoding that nobody knows is a LookupError.
        raise InputError(
            _("'{file}' is damaged: {reason}.", file=file, reason=error), hint=_("export it again.")
        ) from error


def part(archive: zipfile.ZipFile, name: str, file: str) -> bytes:
    """Return a small part of a package."""
    info = archive.getinfo(name)
    if info.file_size > _SMALL_PART:
        raise InputError(_("'{file}' is not a workbook, or is damaged.", file=file), hint=_("export it again."))
    return archive.read(info)


def targets(archive: zipfile.ZipFile, name: str, file: str) -> dict[str, str]:
    """Return the parts a package's workbook refers to, by their ids."""
    found: dict[str, str] = {}

    def start(tag: str, told: dict[str, str]) -> None:
        if tag.endswith("Relationship") and "Id" in told:
            target = told.get("Target", "")
            found[told["Id"]] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    parse_xml(part(archive, name, file), file, StartElementHandler=start)
    return found


def chunks(archive: zipfile.ZipFile, name: str, file: str) -> Iterator[bytes]:
    """Yield an unpacked part; its growth is watched, whatever its table of contents says."""
    info = archive.getinfo(name)
    size = 0
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            refuse_bomb(size, info.compress_size, file=file, member=name)
            yield chunk


_WIDE = re.compile(rb"""[ \t\r\n]r=["']([A-Z]{2,})[0-9]""")
_LONG = re.compile(rb"""[ \t\r\n]r=["'][A-Z]+([0-9]{7,})""")
_REFERENCE = re.compile(rb"""[ \t\r\n]r=["']([A-Z]+)([0-9]+)["']""")
_EMPTY_FORMULA = re.compile(rb"(?:</(?:\w+:)?f>|/>|<(?:\w+:)?v></(?:\w+:)?v>)\s*</(?:\w+:)?c>")
_HAS_VALUE = re.compile(rb"<(?:\w+:)?v[\s>/]")
_OF_TEXT = re.compile(rb"""^[^>]*\st=["']str["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)<")
_LIMIT_ROWS, _NARROW = 1 << 20, 26


def _survey_xlsx(archive: zipfile.ZipFile, file: str) -> Workbook:
    sheets: list[tuple[str, str]] = []
    from_1904 = False

    def start(tag: str, told: dict[str, str]) -> None:
        nonlocal from_1904
        if tag.endswith(" sheet"):
            relation = next((v for k, v in told.items() if k.endswith(" id")), "")
            sheets.append((told.get("name", ""), relation))
        elif tag.endswith(" workbookPr"):
            from_1904 = told.get("date1904", "0").casefold() in ("1", "true", "on")

    parse_xml(part(archive, "xl/workbook.xml", file), file, StartElementHandler=start)
    where = targets(archive, "xl/_rels/workbook.xml.rels", file)
    names = set(archive.namelist())
    found: dict[str, Survey] = {}
    for name, relation in sheets:
        target = where.get(relation, "")
        found[name] = _survey_part(archive, target, file) if target in names else Survey()
    return Workbook(found, from_1904)


def _survey_part(archive: zipfile.ZipFile, name: str, file: str) -> Survey:
    """Look over a sheet's XML as bytes: a parser would take longer than loading the cells does."""
    found = Survey()
    wide = False
    for text in _whole_cells(chunks(archive, name, file)):
        if b"<!DOCTYPE" in text:
            parse_xml(b"<!DOCTYPE x><x/>", file)
        wide = wide or _WIDE.search(text) is not None or _LONG.search(text) is not None
        for mark in (b't="e"', b"t='e'"):
            at = text.find(mark)
            while at >= 0:
                _note_fault(found, text, at, file)
                at = text.find(mark, at + 1)
        for match in _EMPTY_FORMULA.finditer(text):
            begin = _cell_start(text, match.start())
            inside = text[begin : match.end()]
            # A formula whose result is empty text has a value that is empty; no number is.
            calculated = _HAS_VALUE.search(inside) and _OF_TEXT.search(inside)
            if _FORMULA.search(inside) and not calculated:
                place = _REFERENCE.search(inside)
                if place is None:
                    raise _placeless(file)
                row, column = int(place[2][:9]) - 1, column_number(place[1][:4].decode())
                if (row, column) not in found.failed:
                    found.fault(row, column, UNCALCULATED)
    found.reach(_LIMIT_ROWS - 1, _NARROW - 1)
    if wide:
        # Rows and columns are counted one by one only where the sheet is wider than any that fits easily.
        found.rows = found.columns = 0
        found.size = archive.getinfo(name).file_size
        for text in _whole_cells(chunks(archive, name, file)):
            for letters, digits in set(_REFERENCE.findall(text)):
                found.reach(int(digits[:9]) - 1, column_number(letters[:4].decode()))
    return found


def _whole_cells(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes cut behind the end of a cell."""
    rest = b""
    for piece in pieces:
        text = rest + piece
        cut = text.rfind(b"c>") + 2
        if cut < 2:
            cut = max(0, len(text) - (1 << 16))
        yield text[:cut]
        rest = text[cut:]
    if rest:
        yield rest


def _cell_start(text: bytes, at: int) -> int:
    """Return where the cell begins in which a position lies."""
    while at > 0:
        at = text.rfind(b"c", 0, at)
        if at <= 0:
            return 0
        if text[at + 1 : at + 2] in (b" ", b">", b"\n", b"\r", b"\t") and text[at - 1 : at] in (b"<", b":"):
            return at
    return 0


def _placeless(file: str) -> InputError:
    return InputError(
        _("'{file}' holds failed formulas and does not say in which cells.", file=file),
        hint=_("open it in a spreadsheet program and save it as .xlsx."),
    )


def _note_fault(found: Survey, text: bytes, at: int, file: str) -> None:
    begin = _cell_start(text, at)
    if b">" in text[begin:at]:
        return
    place = _REFERENCE.search(text, begin, text.find(b">", at) + 1)
    if place is None:
        raise _placeless(file)
    end = text.find(b"c>", at)
    value = _VALUE.search(text, at, len(text) if end < 0 else end)
    shown = value[1].decode("utf-8", "replace") if value else "#ERROR"
    found.fault(int(place[2][:9]) - 1, column_number(place[1][:4].decode()), shown[:20])


class _Content:
    """Walks the content of an OpenDocument spreadsheet."""

    _TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
    _CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
    _OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"

    def __init__(self, size: int) -> None:
        self._size = size
        self.sheets: dict[str, Survey] = {}
        self._sheet: Survey | None = None
        self._row = self._column = 0
        self._rows = 1
        self._fault: tuple[int, int] | None = None
        self._text = ""

    def start(self, tag: str, told: dict[str, str]) -> None:
        space, _space, name = tag.rpartition(" ")
        if space != self._TABLE:
            return
        if name == "table":
            self._sheet = self.sheets.setdefault(told.get(f"{self._TABLE} name", ""), Survey(size=self._size))
            self._row = 0
        elif name == "table-row":
            self._column = 0
            self._rows = self._count(told, "number-rows-repeated")
        elif name in ("table-cell", "covered-table-cell") and self._sheet is not None:
            times = self._count(told, "number-columns-repeated")
            if f"{self._OFFICE} value-type" in told:
                self._sheet.reach(self._row + self._rows - 1, self._column + times - 1)
            if told.get(f"{self._CALC} value-type") == "error":
                self._fault, self._text = (self._row, self._column), ""
            elif f"{self._TABLE} formula" in told and f"{self._OFFICE} value-type" not in told:
                self._sheet.fault(self._row, self._column, UNCALCULATED)
            down, across = self._count(told, "number-rows-spanned"), self._count(told, "number-columns-spanned")
            if down * across > 1:
                last = (self._row + down - 1, self._column + across - 1)
                self._sheet.merges.append(((self._row, self._column), last))
            self._column += times

    def text(self, content: str) -> None:
        if self._fault is not None:
            self._text += content

    def end(self, tag: str) -> None:
        if tag == f"{self._TABLE} table-row":
            self._row += self._rows
        elif tag == f"{self._TABLE} table-cell" and self._fault is not None and self._sheet is not None:
            self._sheet.fault(*self._fault, self._text.strip()[:20])
            self._fault = None

    def _count(self, told: dict[str, str], name: str) -> int:
        written = told.get(f"{self._TABLE} {name}", "1")
        return min(int(written), 1 << 31) if written.isascii() and written.isdigit() else 1


def _survey_ods(archive: zipfile.ZipFile, file: str) -> Workbook:
    if "META-INF/manifest.xml" in archive.namelist() and b"encryption-data" in part(
        archive, "META-INF/manifest.xml", file
    ):
        raise locked(file)
    found = _Content(archive.getinfo("content.xml").file_size)
    parser = _parser(
        file, StartElementHandler=found.start, EndElementHandler=found.end, CharacterDataHandler=found.text
    )
    for chunk in chunks(archive, "content.xml", file):
        _feed(parser, chunk, file, last=False)
    _feed(parser, b"", file, last=True)
    return Workbook(found.sheets, at_once=True, counts_days=False)


def locked(file: str) -> InputError:
    """Return the error of a workbook protected by a password."""
    return InputError(
        _("'{file}' is protected by a password.", file=file),
        hint=_("open it, remove the password, and save it again."),
    )
