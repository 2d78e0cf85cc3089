"""The raw tables of a catalogue: a folder of CSV files, or a workbook with a sheet per table."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MOST_CELLS = 5_000_000
_DELIMITERS = (",", "\t", ";", "，")
# A spreadsheet keeps 15 digits of a number: longer codes were rounded before we saw them.
_EXACT = 10**15


@dataclass(frozen=True)
class RawTable:
    """Rows of text as the file holds them.

    Attributes
    ----------
    name : str
        Of the sheet, or of the file without its ending.
    file : str
        As people know it: ``items.csv``, or ``目录.xlsx/申请材料``.
    rows : sequence of (int, list)
        Number of the row as a spreadsheet shows it, and its cells, None where empty.
    numeric : frozenset of (int, int)
        Row and column of cells that the workbook keeps as numbers.
    rounded : frozenset of (int, int)
        Those of them whose digits the workbook has rounded.
    hidden : bool
        A sheet that the workbook hides; its rows are not read.
    """

    name: str
    file: str
    rows: Sequence[tuple[int, list[str | None]]]
    numeric: frozenset[tuple[int, int]] = frozenset()
    rounded: frozenset[tuple[int, int]] = frozenset()
    hidden: bool = False


def raw_tables(place: Path) -> list[RawTable]:
    """Return every CSV file of a folder, or every sheet of a workbook.

    Raises
    ------
    InputError
        If the place does not exist, or a file cannot be read as what it is called.
    """
    if place.is_dir():
        return [_csv(path) for path in sorted(place.iterdir()) if path.suffix.casefold() == ".csv" and path.is_file()]
    if not place.exists():
        raise InputError(
            _("the catalogue folder '{folder}' does not exist.", folder=place),
            hint=_("give the folder that holds items.csv, or a workbook with a sheet per table."),
        )
    if place.suffix.casefold() in WORKBOOKS:
        return _workbook(place)
    raise InputError(
        _("'{file}' is neither a folder nor a workbook ({endings}).", file=place.name, endings=", ".join(WORKBOOKS)),
        hint=_("give the folder that holds items.csv, or a workbook with a sheet per table."),
    )


def _csv(path: Path) -> RawTable:
    text = _decoded(path)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows: list[tuple[int, list[str | None]]] = []
    try:
        for number, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True), start=1
        ):
            row = [cell.strip() or None for cell in cells]
            if any(row):
                rows.append((number, row))
    except csv.Error as error:
        raise InputError(
            _("'{file}' is not a table: {reason}.", file=path.name, reason=str(error).strip().rstrip(".")),
            hint=_("save it as CSV with a header row."),
        ) from error
    return RawTable(path.stem, path.name, rows)


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            _("'{file}' cannot be read: {reason}.", file=path.name, reason=error.strerror or error)
        ) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(_("'{file}' is neither UTF-8 nor GB18030 text.", file=path.name), hint=_("save it as UTF-8."))


def _workbook(path: Path) -> list[RawTable]:
    import python_calamine as calamine

    try:
        with path.open("rb") as stream:
            book = calamine.CalamineWorkbook.from_filelike(stream)
        found = [
            _sheet(book.get_sheet_by_name(about.name), about.name, path.name)
            if about.visible == calamine.SheetVisibleEnum.Visible
            else RawTable(about.name, f"{path.name}/{about.name}", (), hidden=True)
            for about in book.sheets_metadata
            if about.typ == calamine.SheetTypeEnum.WorkSheet
        ]
    except calamine.PasswordError as error:
        raise InputError(
            _("'{file}' is protected by a password.", file=path.name), hint=_("save it without the password.")
        ) from error
    except OSError as error:
        raise InputError(
            _("'{file}' cannot be read: {reason}.", file=path.name, reason=error.strerror or error)
        ) from error
    except InputError:
        raise
    except BaseException as error:
        # A panic of the Rust reader is not an Exception; nothing else is caught here.
        if not isinstance(error, calamine.CalamineError) and type(error).__name__ != "PanicException":
            raise
        raise InputError(
            _("'{file}' is not a workbook, or is damaged.", file=path.name),
            hint=_("open it in a spreadsheet program and save it again."),
        ) from error
    return [table for table in found if table.rows or table.hidden]


def _sheet(sheet: Any, name: str, book: str) -> RawTable:
    if sheet.total_height * sheet.total_width > MOST_CELLS:
        raise InputError(
            _("'{file}': sheet '{sheet}' is too large for a catalogue.", file=book, sheet=name),
            hint=_("delete the stray cells far below or far right of the table."),
        )
    cells = sheet.to_python(skip_empty_area=False) if sheet.start is not None else []
    # A merged cell counts for every row it covers: guides merge the item over the rows of its materials.
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ():
        for below in range(top + 1, min(bottom, len(cells) - 1) + 1):
            cells[below][left] = cells[top][left]
    rows: list[tuple[int, list[str | None]]] = []
    numeric: set[tuple[int, int]] = set()
    rounded: set[tuple[int, int]] = set()
    for number, values in enumerate(cells, start=1):
        row = [_text(value) for value in values]
        if any(cell is not None for cell in row):
            rows.append((number, row))
            for column, value in enumerate(values):
                if isinstance(value, int | float) and not isinstance(value, bool):
                    numeric.add((number, column))
                    if abs(value) >= _EXACT:
                        rounded.add((number, column))
    return RawTable(name, f"{book}/{name}", rows, frozenset(numeric), frozenset(rounded))


def _text(value: object) -> str | None:
    """Return a cell as people see it: whole numbers without decimals, dates in ISO form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()
    return str(value).strip() or None
