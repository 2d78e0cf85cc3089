"""A catalogue as the rules look at it, and what they say about it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from flowaudit.catalogue.catalogue import Catalogue

Severity = Literal["wrong", "doubtful", "advice"]
Statement = tuple[str, str]

_NOTHING = frozenset({"", "无", "-", "—", "/", "不涉及", "暂无"})
_YES = frozenset({"true", "1", "yes", "y", "是", "收费", "有"})
_NO = frozenset({"false", "0", "no", "n", "否", "不收费", "无", "免费"})


@dataclass(frozen=True)
class Found:
    """One thing a rule found: the item, the row it stands in, what is said in Chinese and English."""

    item_code: str
    table: str
    place: int
    severity: Severity
    said: Statement


@dataclass(frozen=True)
class GuideRule:
    """A rule of the linter.

    Attributes
    ----------
    id : str
    title : callable
        What it asks for, in Chinese and English.
    needs : tuple of tuple of str
        Columns as ``table.column``; of each inner tuple one must be there.
    check : callable
    """

    id: str
    title: Callable[[], Statement]
    needs: tuple[tuple[str, ...], ...]
    check: Callable[[Guide], Iterator[Found]]


@dataclass(frozen=True, eq=False)
class Guide:
    """A catalogue row by row.

    Attributes
    ----------
    catalogue : Catalogue
    as_of : date, optional
        Day on which the guides should be in force.
    longest_sentence : int
        Characters.
    """

    catalogue: Catalogue
    as_of: dt.date | None
    longest_sentence: int

    def has(self, column: str) -> bool:
        """Say whether a column ``table.name`` is there."""
        table, name = column.split(".")
        frame = getattr(self.catalogue, table)
        return frame is not None and name in frame

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table, missing cells as None; empty where the table is not there."""
        return self._rows.get(table, [])

    def of(self, table: str, item_code: str) -> list[tuple[int, dict[str, Any]]]:
        """Return place and row of what a table says about an item."""
        return self._by_item.get((table, item_code), [])

    def file_and_row(self, table: str, place: int) -> tuple[str, int | None]:
        """Return where a row stands; the table's name and no row where it comes from no file."""
        origin = self.catalogue.origins.get(table)
        return (table, None) if origin is None else (origin.file, origin.rows[place])

    @cached_property
    def _rows(self) -> dict[str, list[dict[str, Any]]]:
        from flowaudit.catalogue.tables import TABLES

        found = {}
        for name in TABLES:
            frame: pd.DataFrame | None = getattr(self.catalogue, name)
            if frame is not None:
                plain = frame.astype("object").where(frame.notna(), None)
                found[name] = [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]
        return found

    @cached_property
    def _by_item(self) -> dict[tuple[str, str], list[tuple[int, dict[str, Any]]]]:
        found: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}
        for table, rows in self._rows.items():
            for place, row in enumerate(rows):
                if "item_code" in row:
                    found.setdefault((table, str(row["item_code"])), []).append((place, row))
        return found


def says(cell: object) -> bool:
    """Say whether a cell says something (无 and a dash say nothing)."""
    return cell is not None and str(cell).strip() not in _NOTHING


def yes_or_no(cell: object) -> bool | None:
    """Return what a cell of yes and no says, None where it says neither."""
    word = "" if cell is None else str(cell).strip().casefold()
    return True if word in _YES else False if word in _NO else None


def number(cell: object) -> float | None:
    """Return a cell's number, None where it holds none."""
    try:
        return None if cell is None else float(str(cell))
    except ValueError:
        return None


def digits(cell: object) -> str:
    """Return the digits of a telephone number."""
    return re.sub(r"\D", "", str(cell))
