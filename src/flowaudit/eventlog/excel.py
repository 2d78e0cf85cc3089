"""Read an event log from a sheet of a workbook: ``.xlsx``, ``.xlsm``, ``.xlsb``, ``.xls``, ``.ods``."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from flowaudit.errors import InputError, nearest
from flowaudit.eventlog.assemble import EVENT_TIMES, Raw, Reading, to_log
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, quoted, resolve_columns
from flowaudit.eventlog.options import options
from flowaudit.eventlog.source import existing, sha256
from flowaudit.eventlog.spreadsheet import UNCALCULATED, Survey, Workbook, column_letters, survey
from flowaudit.messages import both
from flowaudit.messages import translate as _

Cell = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta

MOST_CELLS = 50_000_000
"""Extent (rows times columns) up to which a sheet is loaded; Excel allows 17 thousand million."""
_SPARSE, _PER_BYTE = 5_000_000, 4
_SEARCHED = 30
_BATCH = 50_000
_EXACT = 10**15
# Days of a serial number that are taken for a date: 1954 to 2119. Larger numbers are identifiers or written stamps.
_SERIALS = (20_000, 80_000)
_FALSE_DAY = (1900, 2, 28)
_IDENTIFIERS = ("case_id", "bundle_id", "event_id")


def read_excel(
    path: str | Path,
    *,
    sheet: str | int | None = None,
    header_row: int | None = None,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> EventLog:
    """Read a sheet with one row per event; columns as in :func:`flowaudit.eventlog.read_csv`.

    Parameters
    ----------
    path : str or Path
    sheet : str or int, optional
        Name of the sheet, or its number (1 is the first); needed where several visible sheets hold something. Also
        ``sheet`` under ``[file]`` of a mapping.
    header_row : int, optional
        Row of the sheet (from 1) that names the columns. By default the first row, among the first 30, whose cells
        are distinct texts over at least half of the columns used, none of them merged across columns. Also
        ``header_row`` under ``[file]`` of a mapping.
    mapping, salt, keep_text, **columns
        As in :func:`flowaudit.eventlog.read_csv`.

    Returns
    -------
    EventLog

    Raises
    ------
    InputError
        If the file is no workbook, is damaged, protected by a password or implausibly large; if it is not clear
        which sheet or which row of headers is meant; if a needed column holds a failed or never calculated formula,
        a time of day without its date, or an identifier whose digits the program has rounded: with sheet and cell.

    Notes
    -----
    Numbers in a column of times are days since 1899-12-30 (or 1904-01-01 where the workbook says so), rounded to the
    millisecond. A column of mixed cells becomes text as people see it: whole numbers without decimals, dates in ISO
    form. A merged cell counts for every row it covers. Of a formula its value when the workbook was saved is read.
    Zeros before a number that only its format shows are not in the file, and do not come.
    """
    path = existing(path)
    opts = options(mapping, salt, keep_text, columns)
    reading = Reading(path.name, opts, {path.name: sha256(path)})
    layout = opts.mapping.file
    grid = _load(path, layout.sheet if sheet is None else sheet, reading)
    header = _header(grid, layout.header_row if header_row is None else header_row, path.name, reading)
    resolved = resolve_columns(header.names.values(), opts.mapping, file=path.name)
    _refuse_faults(grid, header, resolved, path.name, reading)
    table, rows = _table(grid, header, resolved, path.name, reading)
    if not table.num_rows:
        raise InputError(_("'{file}' has a header but no rows.", file=path.name), hint=_("export it again."))
    # Empty rows at the end of a sheet are formats without content and say nothing.
    blank = rows[-1] - (header.row + 1) - len(rows)
    if blank:
        reading.notes.append(both("{n} empty rows left out", n=blank))
    raw = Raw(table, path.name, lambda wanted: [rows[r] for r in wanted])
    return to_log(raw, resolved, reading)


@dataclass
class _Grid:
    """A loaded sheet: its cells from the first row and column of the sheet on."""

    name: str
    sheet: Any
    survey: Survey
    merges: Sequence[tuple[tuple[int, int], tuple[int, int]]]
    from_1904: bool
    from_1900: bool

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Yield the row's position (from 0) and its cells; merged cells below the first repeat its value."""
        # calamine yields rows from the first of the sheet on, but cells from the first column in use.
        pad = [""] * (self.sheet.start or (0, 0))[1]
        down: dict[int, list[tuple[int, int]]] = {}
        for (top, left), (bottom, _right) in self.merges:
            for row in range(top + 1, min(bottom, self.survey.rows) + 1):
                down.setdefault(row, []).append((top, left))
        kept: dict[tuple[int, int], Cell] = {}
        tops = {(top, left) for (top, left), (bottom, _right) in self.merges if bottom > top}
        lefts: dict[int, list[int]] = {}
        for top, left in tops:
            lefts.setdefault(top, []).append(left)
        for number, cells in enumerate(self.sheet.iter_rows()):
            if pad:
                cells = pad + cells
            for left in lefts.get(number, ()):
                if left < len(cells):
                    kept[number, left] = cells[left]
            for top, left in down.get(number, ()):
                if left < len(cells) and cells[left] == "":
                    cells[left] = kept.get((top, left), "")
            yield number, cells

    def cell(self, row: int, column: int) -> str:
        """Return a cell's address."""
        return f"'{self.name}'!{column_letters(column)}{row + 1}"


@dataclass(frozen=True)
class _Header:
    """Where the columns are named, and how."""

    row: int
    names: Mapping[int, str]


def _load(path: Path, asked: str | int | None, reading: Reading) -> _Grid:
    """Open the workbook and load the sheet that is meant."""
    import python_calamine as calamine

    file = path.name
    try:
        book = survey(path)
        _refuse_far(book, asked, file)
        with path.open("rb") as stream, _without_panic():
            opened = calamine.CalamineWorkbook.from_filelike(stream)
        shown = {
            m.name: m.visible == calamine.SheetVisibleEnum.Visible
            for m in opened.sheets_metadata
            if m.typ == calamine.SheetTypeEnum.WorkSheet
        }
        wanted = _named(asked, list(shown), file)
        names = list(shown) if wanted is None else [wanted]
        with _without_panic():
            loaded = {name: opened.get_sheet_by_name(name) for name in names}
        filled = [name for name in names if loaded[name].start is not None]
        chosen = _choose(filled, shown, file) if wanted is None else wanted
        found = loaded[chosen]
        if found.start is None:
            raise InputError(
                _("'{file}': sheet '{sheet}' is empty.", file=file, sheet=chosen), hint=_("export it again.")
            )
        merges = found.merged_cell_ranges
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError) as error:
        raise _damaged(file) from error
    except calamine.PasswordError as error:
        from flowaudit.eventlog.spreadsheet import locked

        raise locked(file) from error
    except calamine.CalamineError as error:
        raise _damaged(file, str(error)) from error
    except OSError as error:
        raise InputError(
            _("'{file}' cannot be read: {reason}.", file=file, reason=error.strerror or error),
            hint=_("close it in other programs; if it is damaged, export it again."),
        ) from error
    except InputError:
        raise
    except BaseException as error:
        if not _is_panic(error):
            raise
        raise _damaged(file) from error
    others = [name for name in filled if name != chosen and not shown[name]]
    if others:
        reading.notes.append(both("hidden sheets not read: {sheets}", sheets=", ".join(others)))
    reading.notes.append(both("sheet '{sheet}'", sheet=chosen))
    seen = book.sheets.get(chosen, Survey())
    return _Grid(
        chosen,
        found,
        seen,
        merges if merges is not None else seen.merges,
        book.from_1904,
        book.counts_days and not book.from_1904,
    )


class _Console:
    lock = threading.Lock()


@contextmanager
def _without_panic() -> Iterator[None]:
    """Keep off the console what the Rust reader writes there when it gives up on a damaged file.

    It writes past Python, so the stream itself is turned aside for the time of the block. What else was written there
    meanwhile is written afterwards.
    """
    with _Console.lock, tempfile.TemporaryFile() as aside:
        try:
            console = os.dup(2)
        except OSError:
            # There is no console, as under pythonw.
            yield
            return
        panic = False
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except BaseException as error:
            panic = _is_panic(error)
            raise
        finally:
            os.dup2(console, 2)
            os.close(console)
            aside.seek(0)
            if not panic and (told := aside.read()):
                os.write(2, told)


def _is_panic(error: BaseException) -> bool:
    """Say whether the Rust reader gave up: its exception is no Exception, and cannot be imported."""
    return type(error).__name__ == "PanicException"


def _refuse_far(book: Workbook, asked: str | int | None, file: str) -> None:
    """Raise InputError where a sheet that would be loaded is too large; before the workbook is opened."""
    for name, about in book.sheets.items():
        if not (book.at_once or asked not in book.sheets or asked == name):
            continue
        # Empty cells between cells cost as much memory as those: few bytes do not make many.
        most = MOST_CELLS if about.size is None else min(MOST_CELLS, _SPARSE + _PER_BYTE * about.size)
        if about.rows * about.columns > most:
            raise InputError(
                _(
                    "'{file}': sheet '{sheet}' reaches to row {rows} and column {column}, too far to be loaded.",
                    file=file, sheet=name, rows=about.rows, column=column_letters(min(about.columns, 1 << 20) - 1),
                ),
                hint=_("delete the stray cells far below or far right of the table, or save the sheet as CSV."),
            )  # fmt: skip


def _named(asked: str | int | None, sheets: Sequence[str], file: str) -> str | None:
    """Return the name of the sheet that is asked for."""
    if asked is None or asked in sheets:
        return None if asked is None else str(asked)
    # From the command line a number comes as text; a sheet of that name has gone before.
    number = int(asked) if isinstance(asked, int) or (asked.isascii() and asked.isdigit() and len(asked) < 4) else 0
    if 1 <= number <= len(sheets):
        return sheets[number - 1]
    near = nearest(str(asked), sheets, n=1)
    raise InputError(
        _("'{file}' has no sheet '{sheet}'; found {sheets}.", file=file, sheet=asked, sheets=quoted(sheets)),
        hint=_("did you mean '{near}'?", near=near[0]) if near else None,
    )


def _damaged(file: str, reason: str = "") -> InputError:
    hint = _("open it in a spreadsheet program and save it again.")
    if reason:
        return InputError(_("'{file}' is damaged: {reason}.", file=file, reason=reason.rstrip(".")), hint=hint)
    return InputError(_("'{file}' is not a workbook, or is damaged.", file=file), hint=hint)


def _choose(filled: Sequence[str], shown: Mapping[str, bool], file: str) -> str:
    """Return the one visible sheet that holds something."""
    visible = [name for name in filled if shown[name]]
    if len(visible) == 1:
        return visible[0]
    if visible:
        message = _(
            "'{file}' has {n} sheets that hold something: {sheets}.", file=file, n=len(visible), sheets=quoted(visible)
        )
    elif filled:
        message = _("'{file}' holds something on hidden sheets only: {sheets}.", file=file, sheets=quoted(filled))
    else:
        raise InputError(_("'{file}' is empty.", file=file), hint=_("export it again."))
    name = (visible or filled)[0]
    raise InputError(
        message,
        hint=_(
            "say which is meant: read_log(path, sheet='{sheet}'), --sheet, or sheet under [file] of a mapping.",
            sheet=name,
        ),
    )


def _empty(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _header(grid: _Grid, wanted: int | None, file: str, reading: Reading) -> _Header:
    """Find the row that names the columns."""
    head = list(islice(grid.rows(), max(_SEARCHED, wanted or 0) + 1))
    used = _used_columns(grid)
    if wanted is not None:
        if not 1 <= wanted <= len(head) or all(_empty(c) for c in head[wanted - 1][1]):
            raise InputError(
                _("'{file}': row {row} of sheet '{sheet}' is empty.", file=file, row=wanted, sheet=grid.name),
                hint=_("give the number of the row that names the columns, from 1."),
            )
        row = wanted - 1
    else:
        row = _find_header(grid, head, used, file)
    cells = head[row][1]
    above = _groups(grid, row, head)
    texts = {c: _as_text(v).strip() for c, v in enumerate(cells) if not _empty(v)}
    doubled = {name for name in texts.values() if list(texts.values()).count(name) > 1}
    names = {
        c: f"{above[c]}/{name}" if name in doubled and c in above and above[c] != name else name
        for c, name in texts.items()
    }
    again = sorted({n for n in names.values() if list(names.values()).count(n) > 1})
    if again:
        raise InputError(
            _("'{file}' has two columns named '{column}'.", file=file, column=again[0]), hint=_("rename one of them.")
        )
    titles = [number + 1 for number, cells in head[:row] if not all(_empty(c) for c in cells)]
    if titles:
        # Not what stands there: titles name people who made the table.
        reading.problem("title_rows", len(titles), None, titles)
        reading.notes.append(both("columns named in row {row}; rows above it left out", row=row + 1))
    return _Header(row, names)


def _find_header(grid: _Grid, head: Sequence[tuple[int, list[Cell]]], used: int, file: str) -> int:
    across = {
        r
        for (top, left), (bottom, right) in grid.merges
        if right > left
        for r in range(top, min(bottom, _SEARCHED) + 1)
    }
    for number, cells in head[:_SEARCHED]:
        filled = [c for c in cells if not _empty(c)]
        if len(filled) < 2 or number in across:
            continue
        texts = [c.strip() for c in filled if isinstance(c, str)]
        groups = _groups(grid, number, head)
        distinct = len(set(texts)) == len(texts) or bool(groups)
        if len(texts) == len(filled) and distinct and 2 * len(filled) >= used:
            if all(_empty(c) for _number, below in head[number + 1 :] for c in below) and len(head) <= _SEARCHED:
                raise InputError(_("'{file}' has a header but no rows.", file=file), hint=_("export it again."))
            return number
    raise InputError(
        _(
            "'{file}': no row among the first {n} of sheet '{sheet}' names the columns.",
            file=file,
            n=_SEARCHED,
            sheet=grid.name,
        ),
        hint=_("say which row does: read_excel(path, header_row=3), or header_row under [file] of a mapping."),
    )


def _used_columns(grid: _Grid) -> int:
    """Return how many columns hold something in the first rows; titles aside, since they stand in few."""
    counts: dict[int, int] = {}
    for _number, cells in islice(grid.rows(), 200):
        for column, cell in enumerate(cells):
            if not _empty(cell):
                counts[column] = counts.get(column, 0) + 1
    return sum(n > 1 for n in counts.values()) or len(counts)


def _groups(grid: _Grid, row: int, head: Sequence[tuple[int, list[Cell]]]) -> dict[int, str]:
    """Return the text merged across columns in the row above, by column."""
    found: dict[int, str] = {}
    for (top, left), (bottom, right) in grid.merges:
        if right > left and bottom == row - 1 and left < len(head[top][1]) and not _empty(head[top][1][left]):
            for column in range(left, right + 1):
                found[column] = _as_text(head[top][1][left]).strip()
    return found


def _refuse_faults(grid: _Grid, header: _Header, resolved: Mapping[str, str], file: str, reading: Reading) -> None:
    """Raise for failed formulas in columns that are needed; elsewhere they are unknown and counted."""
    needed = set(resolved.values())
    elsewhere, examples = 0, []
    for column, fault in sorted(grid.survey.faults.items()):
        name = header.names.get(column)
        if fault.row <= header.row or name is None:
            continue
        if name in needed:
            if fault.text == UNCALCULATED:
                message = _(
                    "'{file}', {cell} (column '{column}'): a formula that was never calculated ({n} such cells).",
                    file=file, cell=grid.cell(fault.row, column), column=name, n=fault.count,
                )  # fmt: skip
                hint = _("open it in a spreadsheet program and save it again.")
            else:
                message = _(
                    "'{file}', {cell} (column '{column}'): a failed formula, {text} ({n} such cells).",
                    file=file, cell=grid.cell(fault.row, column), column=name, text=fault.text, n=fault.count,
                )  # fmt: skip
                hint = _("correct the formula, or replace it by its value.")
            raise InputError(message, hint=hint)
        elsewhere += fault.count
        examples.append(grid.cell(fault.row, column))
    if elsewhere:
        reading.problem("failed_formulas", elsewhere, None, examples)


def _table(
    grid: _Grid, header: _Header, resolved: Mapping[str, str], file: str, reading: Reading
) -> tuple[pa.Table, list[int]]:
    """Return the rows below the header that hold something as a table, and their numbers in the sheet."""
    of = {name: column for column, name in header.names.items()}
    times = {of[h] for c, h in resolved.items() if c in EVENT_TIMES or c.endswith("_time") or c == "promise_due"}
    codes = {of[h]: c for c, h in resolved.items() if c in _IDENTIFIERS}
    columns = {column: _Column(grid, column, name, column in times) for column, name in header.names.items()}
    numbers: list[int] = []
    width = max(columns) + 1
    body = (row for row in grid.rows() if row[0] > header.row)
    while batch := list(islice(body, _BATCH)):
        kept: list[tuple[int, list[Cell]]] = []
        for number, cells in batch:
            if all(_empty(c) for c in cells):
                continue
            for column in range(width, len(cells)):
                if not _empty(cells[column]):
                    raise _nameless(grid, number, column, file)
            kept.append((number, cells))
        numbers.extend(number + 1 for number, _cells in kept)
        if not kept:
            continue
        turned = list(zip(*(cells for _number, cells in kept), strict=False))
        for column, values in enumerate(turned):
            if column in columns:
                columns[column].extend(values, [number for number, _cells in kept], file)
            elif (at := next((i for i, v in enumerate(values) if not _empty(v)), None)) is not None:
                raise _nameless(grid, kept[at][0], column, file)
    for column, found in columns.items():
        if found.rounded is not None:
            if column in codes:
                raise InputError(
                    _(
                        "'{file}', {cell} (column '{column}'): a number of more than 15 digits, of which the program keeps 15.",
                        file=file, cell=grid.cell(found.rounded, column), column=found.name,
                    ),
                    hint=_("export again with this column formatted as text before it is filled."),
                )  # fmt: skip
            reading.problem(
                "rounded_numbers", found.n_rounded, len(numbers), [grid.cell(found.rounded, column)], column=found.name
            )
        if found.serials:
            reading.notes.append(
                both("column '{column}': {n} serial numbers of days read as dates", column=found.name, n=found.serials)
            )
    table = pa.table({found.name: found.array() for found in columns.values()})
    merged = sum(bottom > top and bottom > header.row for (top, _l), (bottom, _r) in grid.merges)
    if merged:
        reading.problem("merged_cells", merged)
    return table, numbers


def _nameless(grid: _Grid, row: int, column: int, file: str) -> InputError:
    return InputError(
        _("'{file}', {cell}: a value in a column that has no name.", file=file, cell=grid.cell(row, column)),
        hint=_("give the column a name, or remove what stands beside the table."),
    )


class _Column:
    """One column, grown by batches; keeps its type while all cells agree."""

    def __init__(self, grid: _Grid, column: int, name: str, is_time: bool) -> None:
        self.name = name
        self.serials = 0
        self.rounded: int | None = None
        self.n_rounded = 0
        self._grid, self._column, self._is_time = grid, column, is_time
        self._parts: list[pa.Array] = []

    def extend(self, values: Sequence[Cell], rows: Sequence[int], file: str) -> None:
        cells: list[Any] = [None if v == "" else v for v in values]
        kinds = {type(v) for v in cells} - {type(None)}
        if float in kinds or int in kinds:
            self._watch_digits(cells, rows)
        if self._is_time and self._grid.from_1900 and kinds & {dt.date, dt.datetime}:
            self._refuse_false_day(cells, rows, file)
        if self._is_time and kinds - {str, dt.datetime}:
            cells = self._moments(cells, rows, file)
            kinds = {type(v) for v in cells} - {type(None)}
        self._parts.append(_array(cells, kinds))

    def array(self) -> pa.ChunkedArray:
        kinds = {p.type for p in self._parts if not pa.types.is_null(p.type)}
        if kinds <= {pa.int64(), pa.float64()} and len(kinds) == 2:
            return pa.chunked_array([p.cast(pa.float64()) for p in self._parts])
        if len(kinds) > 1:
            return pa.chunked_array([_texts(p.to_pylist()) for p in self._parts], pa.string())
        kind = kinds.pop() if kinds else pa.string()
        return pa.chunked_array([p.cast(kind) for p in self._parts], kind)

    def _watch_digits(self, cells: Sequence[Any], rows: Sequence[int]) -> None:
        for row, cell in zip(rows, cells, strict=True):
            if isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= _EXACT:
                self.n_rounded += 1
                if self.rounded is None:
                    self.rounded = row

    def _refuse_false_day(self, cells: Sequence[Any], rows: Sequence[int], file: str) -> None:
        """Raise for day 60, which Excel calls the 29 February 1900, a day that never was; its reader makes it day 59."""
        for row, cell in zip(rows, cells, strict=True):
            if isinstance(cell, dt.date) and (cell.year, cell.month, cell.day) == _FALSE_DAY:
                raise InputError(
                    _(
                        "'{file}', {cell} (column '{column}'): day 59 or 60 since 1900, the second of which never was (1900-02-29).",
                        file=file, cell=self._grid.cell(row, self._column), column=self.name,
                    ),
                    hint=_("write the date as text, such as 1900-02-28."),
                )  # fmt: skip

    def _moments(self, cells: Sequence[Any], rows: Sequence[int], file: str) -> list[Any]:
        """Return dates and serial numbers as moments; what cannot be one stops the reading."""
        out: list[Any] = []
        for row, cell in zip(rows, cells, strict=True):
            if isinstance(cell, dt.time | dt.timedelta | bool):
                raise InputError(
                    _(
                        "'{file}', {cell} (column '{column}'): '{value}' is not a date with its time.",
                        file=file, cell=self._grid.cell(row, self._column), column=self.name, value=_as_text(cell),
                    ),
                    hint=_("put date and time into one column, such as 2020-01-05 09:30:00."),
                )  # fmt: skip
            if isinstance(cell, float | int) and _SERIALS[0] <= cell <= _SERIALS[1]:
                self.serials += 1
                cell = _from_serial(cell, self._grid.from_1904)
            elif isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
                cell = dt.datetime(cell.year, cell.month, cell.day)
            out.append(cell)
        return out


def _from_serial(days: float, from_1904: bool) -> dt.datetime:
    """Return the moment of a serial number.

    Examples
    --------
    >>> _from_serial(45300.395833333336, False)
    datetime.datetime(2024, 1, 9, 9, 30)
    """
    epoch = dt.datetime(1904, 1, 1) if from_1904 else dt.datetime(1899, 12, 30)
    return epoch + dt.timedelta(milliseconds=round(days * 86_400_000))


def _array(cells: Sequence[Any], kinds: set[type]) -> pa.Array:
    if not kinds:
        return pa.nulls(len(cells))
    if kinds == {str}:
        return pa.array(cells, pa.string())
    if kinds == {bool}:
        return pa.array(cells, pa.bool_())
    if kinds <= {int, float}:
        if all(c is None or (float(c).is_integer() and abs(c) < 2**53) for c in cells):
            return pa.array([None if c is None else int(c) for c in cells], pa.int64())
        return pa.array([None if c is None else float(c) for c in cells], pa.float64())
    if kinds <= {dt.datetime, dt.date}:
        moments = [
            dt.datetime(c.year, c.month, c.day) if isinstance(c, dt.date) and not isinstance(c, dt.datetime) else c
            for c in cells
        ]
        return pa.array(moments, pa.timestamp("us"))
    return _texts(cells)


def _texts(cells: Iterable[Any]) -> pa.Array:
    return pa.array([None if c is None else _as_text(c) for c in cells], pa.string())


def _as_text(cell: Cell) -> str:
    """Return a cell as people see it.

    Examples
    --------
    >>> _as_text(12.0), _as_text(0.5), _as_text(dt.datetime(2024, 1, 5, 9, 30)), _as_text(dt.timedelta(hours=26))
    ('12', '0.5', '2024-01-05 09:30:00', '26:00:00')
    """
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e18 else repr(cell)
    if isinstance(cell, dt.timedelta):
        seconds = round(cell.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
