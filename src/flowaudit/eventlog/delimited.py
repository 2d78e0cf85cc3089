"""A delimited text file as a table of text, strictly: encoding, delimiter, header and the width of every row are verified."""

from __future__ import annotations

import csv
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from flowaudit.errors import InputError
from flowaudit.eventlog.coded import frame_of
from flowaudit.eventlog.dates import harmless
from flowaudit.eventlog.formulas import APOSTROPHE, bare_name, bared
from flowaudit.eventlog.headers import demand_names
from flowaudit.eventlog.log import Note
from flowaudit.eventlog.source import existing, utf8
from flowaudit.messages import both
from flowaudit.messages import translate as _

DELIMITERS = (",", "\t", ";", "|")
_QUOTE = '"'
_NULLS = ["", "NULL", "null", "\\N"]
_SNIFFED = 50
_TITLES = 30
_SAMPLE = 1 << 18
_BLOCK, _LONGEST, _LONGEST_HEADER, _LONGEST_CELL = 1 << 21, 1 << 26, 1 << 24, 1 << 25
# Shapes that Arrow reads as :mod:`flowaudit.eventlog.dates` does; all others are left to it.
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?")
_MANY = 0.8
_CODES = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    Attributes
    ----------
    delimiter, quote : str
    header : tuple of str
        Names of the columns, trimmed.
    line : int
        Line of the file on which they stand.
    above : int
        Rows above them that are not part of the table (titles); empty lines are not counted.
    height : int
        Lines that the header takes.
    begin : int
        Byte of the text after the header.
    sample : tuple of tuple of str
        The first rows.
    """

    delimiter: str
    quote: str
    header: tuple[str, ...]
    line: int
    above: int
    height: int
    begin: int
    sample: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Delimited:
    """A parsed file.

    Attributes
    ----------
    table : pa.Table
        Text, or times where that was asked for and no cell says otherwise; headers stripped; rows without any value
        left out.
    file : str
        Name of the file.
    encoding : str
    layout : Layout
    blank : int
        Rows left out because all their cells are empty.
    """

    table: pa.Table
    file: str
    encoding: str
    layout: Layout
    blank: int
    path: Path
    record: npt.NDArray[np.int64] | None

    @property
    def delimiter(self) -> str:
        return self.layout.delimiter

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The table as pandas; meant for small tables."""
        return frame_of(dict(zip(self.table.column_names, self.table.columns, strict=True)))

    def lines(self, rows: list[int]) -> list[int]:
        """Return the line of the file on which each row of the table begins (1 is the first).

        The file is gone through again: lines are wanted only where something is wrong.
        """
        number = {row: row if self.record is None else int(self.record[row]) for row in rows}
        wanted, found = set(number.values()), {}
        with utf8(self.path, self.encoding) as (text, _encoding):
            for record, (line, _cells) in enumerate(_records(_after(text, self.layout), self.layout, self.file)):
                if record in wanted:
                    found[record] = line
                    if len(found) == len(wanted):
                        break
        return [found[number[row]] for row in rows]

    def notes(self) -> list[Note]:
        """Return what is unusual about the file."""
        notes = []
        if self.encoding != "utf-8":
            notes.append(
                both("read as {encoding}", encoding=self.encoding.upper().removesuffix("-LE").removesuffix("-BE"))
            )
        if self.delimiter != ",":
            shown = {"\t": "TAB"}.get(self.delimiter, self.delimiter)
            notes.append(both("columns are separated by '{delimiter}'", delimiter=shown))
        if self.layout.quote != _QUOTE:
            notes.append(both("text is quoted by {quote}", quote=self.layout.quote))
        if self.layout.above:
            notes.append(
                both("the header stands on line {line}; what stands above it was not read", line=self.layout.line)
            )
        if self.blank:
            notes.append(both("{n} empty rows left out", n=self.blank))
        return notes


def read_delimited(
    path: str | Path,
    *,
    one_column: bool = False,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_row: int | None = None,
    times: Callable[[tuple[str, ...]], Collection[str]] | None = None,
) -> Delimited:
    """Read a file of comma-, tab- or semicolon-separated values, plain or ``.gz``.

    A file of a single column is a table only where ``one_column`` allows it; else it is taken for something else.

    Parameters
    ----------
    path : str or Path
    one_column : bool
    encoding, delimiter : str, optional
        Found by themselves if not given.
    header_row : int, optional
        Line of the file that names the columns (1 is the first). By default the first row that holds more than one
        value: above it stand titles.
    times : callable, optional
        Which of the headers are times: these columns are read as times at once where they look like
        ``2020-01-05 09:30:00`` throughout.

    Raises
    ------
    InputError
        If it is empty, is not text, is not a table, has two columns of one name, or has a row of another width than
        its header (told with its line).
    """
    path = existing(path)
    file = path.name
    with utf8(path, encoding) as (text, found):
        layout = _layout(text, file, one_column, delimiter, header_row)
        demand_names(layout.header, file, layout.line)
        bare = [bare_name(n) for n in layout.header]
        doubled = sorted({n for n in bare if n and bare.count(n) > 1})
        if doubled:
            raise InputError(
                _("'{file}' has two columns named '{column}'.", file=file, column=doubled[0]),
                hint=_("rename one of them."),
            )
        names = [name or f"\0{place}" for place, name in enumerate(layout.header)]
        stamps = set(times(layout.header)) if times is not None else set()
        table = _parsed(text, layout, names, stamps, file)
    if any(name.endswith(APOSTROPHE) for name in names):
        table = pa.table(dict(bared(name, table[name]) for name in names))
        names = table.column_names
    for column in [c for c in names if c.startswith("\0")]:
        # A delimiter at the end of every line makes a nameless, empty column.
        if table[column].null_count < len(table):
            raise InputError(
                _("'{file}': column {n} holds values but has no name.", file=file, n=int(column[1:]) + 1),
                hint=_("give it a name in the header row."),
            )
        table = table.drop_columns(column)
    if not len(table):
        raise InputError(_("'{file}' has a header but no rows.", file=file), hint=_("export it again."))
    if any(not values.null_count for values in table.columns):
        return Delimited(table, file, found, layout, 0, path, None)
    filled = np.zeros(len(table), bool)
    for values in table.columns:
        filled |= values.is_valid().to_numpy()
    blank = int((~filled).sum())
    return Delimited(
        table.filter(pa.array(filled)) if blank else table, file, found, layout, blank, path,
        np.flatnonzero(filled) if blank else None,
    )  # fmt: skip


def _parsed(text: pa.Buffer, layout: Layout, names: list[str], stamps: set[str], file: str) -> pa.Table:
    """Parse what follows the header."""
    rest = text.slice(layout.begin)
    # A tab may be the delimiter: a row of tabs is a row.
    if len(rest) <= _SAMPLE and not rest.to_pybytes().strip(b"\r\n "):
        return pa.table({name: pa.array([], pa.string()) for name in names})
    types = dict(zip(names, (_kind(place, layout) for place in range(len(names))), strict=True))
    timed = {
        name: pa.timestamp("us")
        for place, name in enumerate(names)
        if name in stamps and all(_STAMP.fullmatch(row[place]) for row in layout.sample if row[place:] and row[place])
    }
    wrong: list[object] = []

    def note_wrong(row: object) -> str:
        wrong.append(row)
        return "error"

    block = _BLOCK
    while True:
        try:
            return pacsv.read_csv(
                pa.PythonFile(_Blocks(rest), mode="r"),
                read_options=pacsv.ReadOptions(
                    use_threads=pa.cpu_count() > 1, block_size=block, column_names=names
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=layout.delimiter, quote_char=layout.quote, newlines_in_values=True,
                    invalid_row_handler=note_wrong,
                ),
                convert_options=pacsv.ConvertOptions(
                    # That it is UTF-8 is known.
                    column_types={**types, **timed}, null_values=_NULLS, strings_can_be_null=True, check_utf8=False,
                ),
            )  # fmt: skip
        except pa.ArrowInvalid as error:
            reason = str(error)
            if wrong:
                _refuse_widths(text, layout, file)
            elif timed and "conversion error" in reason:
                # One cell at least is written otherwise: the column is read as text, and each cell looked at.
                timed = {}
                continue
            elif block < min(len(rest), _LONGEST) and "straddling" in reason:
                block = min(8 * block, _LONGEST)
                continue
            _refuse_widths(text, layout, file)
            raise InputError(
                _("'{file}' is not a table: {reason}.", file=file, reason=reason.splitlines()[0].rstrip(".")),
                hint=_("save it as CSV UTF-8 with a header row."),
            ) from error


class _Blocks:
    """A text as a file of blocks, none of which ends between a carriage return and its line feed.

    Arrow's reader takes such a line feed for the rest of a row's end, in quoted text as well, and drops it.
    """

    closed = False

    def __init__(self, text: pa.Buffer) -> None:
        self._text = text
        self._at = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def read(self, size: int) -> memoryview:
        end = min(self._at + size, len(self._text))
        block = memoryview(self._text)[self._at : end]
        if len(block) > 1 and end < len(self._text) and block[-1] == 13:
            block = block[:-1]
        self._at += len(block)
        return block


def _kind(place: int, layout: Layout) -> pa.DataType:
    """Return text as a dictionary, but for columns in which nearly every value stands once."""
    cells = [row[place] for row in layout.sample if len(row) > place]
    return pa.string() if len(cells) > _SNIFFED and len(set(cells)) > _MANY * len(cells) else _CODES


def _layout(text: pa.Buffer, file: str, one_column: bool, delimiter: str | None, header_row: int | None) -> Layout:
    """Find the delimiter that cuts the first records into the most cells of equal number, and the header."""
    size = _SAMPLE
    while True:
        cut = len(text) > size
        sample = text.slice(0, min(len(text), size)).to_pybytes().decode("utf-8", "ignore")
        best: tuple[tuple[float, int], Layout] | None = None
        for candidate in (delimiter,) if delimiter is not None else DELIMITERS:
            found = _try(sample, cut, candidate, header_row)
            if found is not None and found[0][1] > 1 and (best is None or found[0] > best[0]):
                best = found
        # A header longer than the sample would be taken for shorter than it is.
        if not cut or size >= _LONGEST_HEADER or (best is not None and best[1].begin < len(sample.encode())):
            break
        size *= 8
    if best is None and (one_column or delimiter is not None):
        best = _try(sample, cut, delimiter or DELIMITERS[0], header_row or _first_line(sample))
    if best is not None:
        return best[1]
    if header_row is not None and header_row > sample.count("\n") + 1:
        raise InputError(_("'{file}' has no line {line}.", file=file, line=header_row), hint=_("check header_row."))
    first = next((line for line in sample.splitlines() if line.strip()), "")
    # Of a document the first words are shown; a row of values may name people.
    shown = first[:60] if first.lstrip().startswith(("<", "{", "[", "%")) else harmless(first)
    raise InputError(
        _("'{file}' is not a log: its first line '{line}' is not a row of columns.", file=file, line=shown),
        hint=_("give a CSV with a header row and columns for case, activity and time."),
    )


def _first_line(sample: str) -> int:
    return next((n for n, line in enumerate(sample.splitlines(), 1) if line.strip()), 1)


def _try(sample: str, cut: bool, delimiter: str, header_row: int | None) -> tuple[tuple[float, int], Layout] | None:
    """Return how well a delimiter cuts the sample (share of rows as wide as the header, width), and the layout."""
    quote = _QUOTE
    first = next((line.strip() for line in sample.splitlines() if line.strip()), "")
    if _QUOTE not in sample and re.fullmatch(r"'[^']*'", first.split(delimiter)[0].strip()):
        quote = "'"
    ends: list[int] = []

    def pieces() -> Iterator[str]:
        at = 0
        for piece in _pieces(sample):
            at += len(piece)
            ends.append(at)
            yield piece

    with _long_cells():
        reader = csv.reader(pieces(), delimiter=delimiter, quotechar=quote)
        header: tuple[str, ...] | None = None
        line = above = height = begin = before = 0
        rows: list[tuple[str, ...]] = []
        for cells in reader:
            start, before = before + 1, reader.line_num
            if header is None:
                chosen = start == header_row if header_row else sum(bool(c.strip()) for c in cells) > 1
                if chosen:
                    header, line, begin = tuple(cells), start, ends[reader.line_num - 1]
                    height = reader.line_num - start + 1
                elif cells and any(c.strip() for c in cells):
                    above += 1
                    if header_row is None and above > _TITLES:
                        return None
            elif cells:
                rows.append(tuple(cells))
                if len(rows) == 40 * _SNIFFED:
                    break
        else:
            # The sample may end in the middle of a record.
            if cut and rows:
                rows.pop()
    if header is None:
        return None
    width = len(header)
    near = [len(row) == width for row in rows[:_SNIFFED]]
    share = (1 + sum(near)) / (1 + len(near))
    names = tuple(name.strip().strip("\ufeff") for name in header)
    layout = Layout(delimiter, quote, names, line, above, height, len(sample[:begin].encode()), tuple(rows))
    return (share, width), layout


def _pieces(text: str) -> Iterator[str]:
    """Yield lines with their ends, as :mod:`csv` counts them: ended by a line feed, a carriage return, or both."""
    for found in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text):
        yield found[0]


def _after(text: pa.Buffer, layout: Layout) -> Iterator[str]:
    """Yield the lines that follow the header, decoded a few megabytes at a time."""
    at, rest = layout.begin, b""
    while at < len(text):
        chunk = rest + text.slice(at, min(_BLOCK, len(text) - at)).to_pybytes()
        at += _BLOCK
        # A line end may be cut in two: what follows the last whole line waits.
        last = max(chunk.rfind(b"\n"), chunk[:-1].rfind(b"\r")) + 1 if at < len(text) else len(chunk)
        rest = chunk[last:]
        yield from _pieces(chunk[:last].decode())


def _records(
    pieces: Iterable[str], layout: Layout, file: str, *, strict: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which a record begins, and its cells; empty lines are no records."""
    with _long_cells():
        reader = csv.reader(pieces, delimiter=layout.delimiter, quotechar=layout.quote, strict=strict)
        before = layout.line - 1 + layout.height
        first = before
        try:
            for cells in reader:
                if cells:
                    yield before + 1, cells
                before = first + reader.line_num
        except csv.Error as error:
            raise InputError(
                _("'{file}', line {line}: {reason}.", file=file, line=before + 1, reason=error),
                hint=_("look for a double quote that is not closed."),
            ) from error


class _Limit:
    """The longest cell that :mod:`csv` reads: one for the whole process, raised while anybody here reads."""

    lock = threading.Lock()
    readers = 0
    before = 0


@contextmanager
def _long_cells() -> Iterator[None]:
    with _Limit.lock:
        if not _Limit.readers:
            _Limit.before = csv.field_size_limit(_LONGEST_CELL)
        _Limit.readers += 1
    try:
        yield
    finally:
        with _Limit.lock:
            _Limit.readers -= 1
            if not _Limit.readers:
                csv.field_size_limit(_Limit.before)


def _refuse_widths(text: pa.Buffer, layout: Layout, file: str) -> None:
    """Raise for the first record of another width; walk the file again, as only csv knows the lines."""
    width = len(layout.header)
    for line, cells in _records(_after(text, layout), layout, file, strict=True):
        if len(cells) != width:
            raise InputError(
                _(
                    "'{file}', line {line}: {found} cells where the header has {expected}.",
                    file=file, line=line, found=len(cells), expected=width,
                ),
                hint=_("text with a comma or line break in it must stand in double quotes."),
            )  # fmt: skip
