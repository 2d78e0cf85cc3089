"""What the cells of a table hold: numbers, truth values, dates, codes; every cell that does not is told with its row."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from flowaudit.catalogue.codes import (
    SEVERAL,
    Said,
    code_lists,
    depth_list,
    fully_online,
    is_closed,
    key_of,
    meaning_of,
    read_codes,
    words_of,
)
from flowaudit.catalogue.limits import amount_of, measured, unit_of
from flowaudit.catalogue.tables import Row
from flowaudit.catalogue.text import values_of
from flowaudit.messages import translate as _

Severity = Literal["fatal", "doubtful", "note"]

UNITS = {"statutory_days": "statutory_unit", "promised_days": "promised_unit", "limit_days": "limit_unit"}
"""Columns of time limits, and where their unit stands."""

_TRUE = frozenset({"true", "1", "yes", "y", "是", "有", "支持", "√", "对", "需要"})
_FALSE = frozenset({"false", "0", "no", "n", "否", "无", "不支持", "×", "错", "不需要"})
_COUNTED = frozenset({"次", "份", "张", "件", "套"})
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?|(\d{4})(\d\d)(\d\d)(?:\d{6})?")
_NEVER = frozenset({"长期", "长期有效", "永久", "至今"})
_WITHHELD = frozenset({"source", "stage", "performed_by"})
_ALWAYS_RAW = frozenset({"necessity", "source"})


@dataclass
class Sheet:
    """A table on its way from text to values.

    Attributes
    ----------
    name, file : str
        Of the table, and of the file or sheet it came from.
    model : type of Row
    table : pd.DataFrame
        Cells as text, None where empty.
    rows : list of int
        Row of the file of each row of the table.
    headers : mapping of str to str
        Header in the file of each column that was recognised.
    problems : list of tuple
        ``file, row, column, severity, problem``.
    """

    name: str
    file: str
    model: type[Row]
    table: pd.DataFrame
    rows: list[int]
    headers: Mapping[str, str]
    problems: list[tuple[str, int, str, Severity, str]] = field(default_factory=list)

    def tell(self, place: int, column: str, severity: Severity, problem: str) -> None:
        """Note a problem of the row at ``place``, under the header that the file has."""
        self.problems.append((self.file, self.rows[place], self.headers.get(column, column), severity, problem))

    def filled(self, column: str) -> list[tuple[int, str]]:
        """Return place and text of the cells of a column that are not empty."""
        return [(place, cell) for place, cell in enumerate(self.table[column]) if cell is not None]

    def put(self, column: str, values: list[object]) -> None:
        """Replace or append a column."""
        self.table = self.table.assign(**{column: pd.Series(values, self.table.index, dtype="object")})


def read_cells(sheet: Sheet, codes: Mapping[str, Said]) -> None:
    """Turn the cells of a table into what its columns hold."""
    for column in sheet.model.columns():
        if column.name not in sheet.table:
            continue
        if column.kind == "number":
            _numbers(sheet, column.name)
        elif column.kind == "boolean":
            _booleans(sheet, column.name)
        elif column.kind == "date":
            _dates(sheet, column.name)
    listed = {c for found in code_lists() for c in found.columns} - {"depth_raw"}
    for column in sheet.model.columns():
        key = key_of(sheet.name, column.name)
        if column.name in sheet.table and (key in listed or is_closed(key)):
            _codes(sheet, column.name, key, codes.get(key))
    for amount, unit in UNITS.items():
        if amount in sheet.table:
            _limits(sheet, amount, unit)
    if sheet.name == "items" and "depth_raw" in sheet.table:
        _depth(sheet, codes.get("depth_raw"))


def _numbers(sheet: Sheet, column: str) -> None:
    values: list[object] = [None] * len(sheet.table)
    units = list(sheet.table[UNITS[column]]) if UNITS.get(column) in sheet.table else [None] * len(sheet.table)
    written, told = False, False
    for place, cell in sheet.filled(column):
        found = amount_of(cell)
        tail = found[1] if found else None
        if found is None or (tail and not (_is_unit(tail) if column in UNITS else tail in _COUNTED)):
            sheet.tell(place, column, "fatal", _("'{value}' is not a number", value=cell))
            continue
        if found[0].startswith("-"):
            sheet.tell(place, column, "fatal", _("'{value}' is negative", value=cell))
            continue
        values[place] = found[0]
        written |= found[0] != cell
        if column not in UNITS:
            continue
        if tail is None and not cell[:1].isdigit():
            # 即办: no time at all, in whatever unit.
            units[place], told = units[place] or "工作日", True
        elif tail is not None and units[place] is None:
            units[place], told = tail, True
        elif tail is not None and unit_of(tail) != unit_of(units[place]):
            sheet.tell(
                place,
                column,
                "doubtful",
                _("'{value}' contradicts the unit '{unit}' of the row; the limit is not used", value=cell, unit=units[place]),
            )  # fmt: skip
            units[place], told = None, True
    if written:
        sheet.put(f"{column}_raw", list(sheet.table[column]))
    if told:
        sheet.put(UNITS[column], units)
    sheet.table = sheet.table.assign(**{column: pd.to_numeric(pd.Series(values, sheet.table.index, dtype="object"))})


def _is_unit(tail: str) -> bool:
    return unit_of(tail) is not None or tail in ("日", "天", "个日", "个天")


def _booleans(sheet: Sheet, column: str) -> None:
    values: list[object] = [pd.NA] * len(sheet.table)
    for place, cell in sheet.filled(column):
        word = unicodedata.normalize("NFKC", cell).casefold()
        if word in _TRUE | _FALSE:
            values[place] = word in _TRUE
        else:
            sheet.tell(place, column, "fatal", _("'{value}' is neither true nor false", value=cell))
    sheet.table = sheet.table.assign(**{column: pd.Series(values, sheet.table.index, dtype="boolean")})


def _dates(sheet: Sheet, column: str) -> None:
    values: list[dt.datetime | None] = [None] * len(sheet.table)
    for place, cell in sheet.filled(column):
        text = unicodedata.normalize("NFKC", cell)
        if text in _NEVER:
            continue
        found = _DAY.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            year, month, day = (int(g) for g in found.groups() if g)
            values[place] = dt.datetime(year, month, day)
        except ValueError:
            sheet.tell(place, column, "fatal", _("'{value}' is not a date", value=cell))
    sheet.table = sheet.table.assign(**{column: pd.Series(values, sheet.table.index, dtype="datetime64[s]")})


def _codes(sheet: Sheet, column: str, key: str, said: Said) -> None:
    if sheet.table.empty:
        return
    cells = sheet.filled(column)
    split: Callable[[object], list[str]] = values_of if key in SEVERAL else lambda cell: [str(cell)]
    distinct = dict.fromkeys(value for _place, cell in cells for value in split(cell))
    reading = read_codes(key, distinct, said)
    raw = list(sheet.table[column])
    if reading.rivals:
        place = next(p for p, cell in cells if reading.disputed in split(cell))
        sheet.tell(place, column, "fatal", _asked(key, reading.disputed, [c.name for c in reading.rivals]))
        return
    if reading.applied and said is None:
        place = cells[0][0]
        sheet.tell(place, column, "note", _("the codes are read by the list {name}", name=reading.applied))
    values: list[object] = [None] * len(raw)
    for place, cell in cells:
        strange = [v for v in split(cell) if v in reading.unknown]
        for value in strange:
            sheet.tell(place, column, "doubtful", _strange(key, value))
        values[place] = _told(key, cell, [reading.meanings[v] for v in split(cell)], bool(strange))
    if column in _ALWAYS_RAW or values != raw:
        sheet.put(column, values)
        sheet.put(f"{column}_raw", raw)


def _told(column: str, cell: str, meanings: list[str], strange: bool) -> str | None:
    if strange and column == "necessity":
        # A material whose necessity nobody understands is asked for until someone says otherwise.
        return "required"
    if strange and column in _WITHHELD:
        return None
    return cell if strange or (len(meanings) > 1 and meanings == values_of(cell)) else "、".join(meanings)


def _strange(column: str, value: str) -> str:
    if column == "necessity":
        return _("'{value}' is not known; the material is taken for mandatory", value=value)
    if column in _WITHHELD:
        return _("'{value}' is not known; left unknown", value=value)
    if is_closed(column):
        return _("'{value}' is none of {words}", value=value, words=", ".join(words_of(column)))
    return _("the code '{value}' is in no list of this column; kept as it is", value=value)


def _asked(column: str, value: str, lists: list[str]) -> str:
    # A bare dot would open a table of TOML.
    key = f'"{column}"' if "." in column else column
    told = ", ".join(
        f"'{c.codes[value]}' ({c.name})" if value in c.codes else c.name for c in code_lists() if c.name in lists
    )
    return _(
        "the code '{value}' could mean {meanings}; write one of these lines under [codes] of catalogue.toml: {lines}",
        value=value, meanings=told, lines="; ".join(f'{key} = "{name}"' for name in lists),
    )  # fmt: skip


def _limits(sheet: Sheet, amount: str, unit: str) -> None:
    units = list(sheet.table[unit]) if unit in sheet.table else [None] * len(sheet.table)
    for place, (value, word) in enumerate(zip(sheet.table[amount], units, strict=True)):
        if value is None or pd.isna(value):
            continue
        if word is None:
            sheet.tell(place, amount, "doubtful", _("the unit of the limit is missing; the limit is not used"))
        elif unit_of(word) is None:
            sheet.tell(place, unit, "doubtful", _("'{value}' is no known unit (工作日, 自然日, 月, 小时); the limit is not used", value=word))  # fmt: skip
        elif measured(float(value), word) is None:
            sheet.tell(place, amount, "doubtful", _("'{value}' is no whole number of units; the limit is not used", value=value))  # fmt: skip


def _depth(sheet: Sheet, said: Said) -> None:
    """Derive ``fully_online`` from the depth and its scheme; what the file says itself is kept."""
    count = len(sheet.table)
    schemes: list[object] = list(sheet.table["depth_scheme"]) if "depth_scheme" in sheet.table else [None] * count
    cells = sheet.filled("depth_raw")
    for place, _cell in cells:
        if schemes[place] is not None and depth_list(str(schemes[place])) is None:
            known = ", ".join(c.name.removeprefix("depth.") for c in code_lists() if "depth_raw" in c.columns)
            sheet.tell(place, "depth_scheme", "doubtful", _("'{value}' is none of {words}", value=schemes[place], words=known))  # fmt: skip
    open_cells = [(place, cell) for place, cell in cells if schemes[place] is None]
    reading = read_codes("depth_raw", dict.fromkeys(v for _p, cell in open_cells for v in values_of(cell)), said)
    if reading.rivals:
        place = next(p for p, cell in open_cells if reading.disputed in values_of(cell))
        sheet.tell(place, "depth_raw", "fatal", _asked("depth_raw", reading.disputed, [c.name for c in reading.rivals]))
        return
    for place, _cell in open_cells:
        if reading.applied:
            schemes[place] = reading.applied.removeprefix("depth.")
    if reading.applied and said is None:
        sheet.tell(open_cells[0][0], "depth_raw", "note", _("the codes are read by the list {name}", name=reading.applied))  # fmt: skip
    given: list[Any] = list(sheet.table["fully_online"]) if "fully_online" in sheet.table else [pd.NA] * count
    online: list[Any] = list(given)
    for place, cell in cells:
        scheme = schemes[place]
        derived = fully_online(cell, None if scheme is None else str(scheme))
        if derived is None and pd.isna(given[place]):
            sheet.tell(place, "depth_raw", "doubtful", _("'{value}' does not say whether the item is fully online", value=cell))  # fmt: skip
        elif pd.isna(given[place]):
            online[place] = derived
        elif derived is not None and bool(given[place]) != derived:
            sheet.tell(place, "fully_online", "doubtful", _("contradicts the online depth '{value}'; kept as given", value=cell))  # fmt: skip
    if any(scheme is not None for scheme in schemes):
        sheet.put("depth_scheme", schemes)
    sheet.table = sheet.table.assign(fully_online=pd.Series(online, sheet.table.index, dtype="boolean"))


def kind_of(word: object) -> str:
    """Return the kind of a special procedure, as words of logs and guides are compared."""
    return meaning_of("kind", word) or str(word).strip()
