"""The hours in which an office is open, on working days and on weekends."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError, UsageError
from flowaudit.messages import translate as _
from flowaudit.worktime.days import OFF, SATURDAY, SUNDAY, WORKDAY, decoded

MICROSECONDS_PER_HOUR = 3_600_000_000
Span = tuple[str, str]
Ints = npt.NDArray[np.int64]

_HEADERS = {
    "office": ("office", "窗口", "处室", "部门", "单位", "办公地点"),
    "days": ("days", "日期类型", "开放日"),
    "open": ("open", "开始时间", "上班时间"),
    "close": ("close", "结束时间", "下班时间"),
}
_DAYS = {
    "spans": ("workdays", "工作日", "周一至周五"), "saturday": ("saturday", "周六", "星期六"), "sunday": ("sunday", "周日", "星期日")
}  # fmt: skip


def _minute(text: str) -> int:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    if not found or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 24 * 60:
        raise UsageError(
            _("'{text}' is not a time of day.", text=text), hint='spans=(("09:00", "12:00"), ("13:00", "17:00"))'
        )
    return int(found[1]) * 60 + int(found[2])


@dataclass(frozen=True)
class OfficeHours:
    """The spans of a day in which an office is open; the gap between two spans is the lunch break.

    Attributes
    ----------
    spans : tuple of (str, str)
        Opening and closing times ``"HH:MM"`` of a working day in order, not overlapping. Default 09:00-12:00 and
        13:00-17:00.
    saturday, sunday : tuple of (str, str)
        Of Saturdays and Sundays that are neither a public holiday nor a make-up working day; closed by default.

    Raises
    ------
    UsageError
        If a time cannot be read, or spans overlap or are out of order.

    Examples
    --------
    >>> OfficeHours().hours_per_day
    7.0
    >>> OfficeHours((("09:00", "17:00"),), saturday=(("09:00", "12:00"),)).hours_per_day
    8.0
    """

    spans: tuple[Span, ...] = (("09:00", "12:00"), ("13:00", "17:00"))
    saturday: tuple[Span, ...] = ()
    sunday: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        for spans in (self.spans, self.saturday, self.sunday):
            edges = [_minute(text) for span in spans for text in span]
            if (spans is self.spans and not edges) or any(second <= first for first, second in pairwise(edges)):
                raise UsageError(
                    _("office hours must be spans in order that do not overlap; got {spans}.", spans=spans),
                    hint='spans=(("09:00", "12:00"), ("13:00", "17:00"))',
                )

    @cached_property
    def _edges(self) -> dict[int, list[tuple[int, int]]]:
        """Opening and closing microseconds of each kind of day."""
        minute = MICROSECONDS_PER_HOUR // 60
        return {
            kind: [(_minute(a) * minute, _minute(b) * minute) for a, b in spans]
            for kind, spans in ((OFF, ()), (WORKDAY, self.spans), (SATURDAY, self.saturday), (SUNDAY, self.sunday))
        }

    @cached_property
    def daily(self) -> Ints:
        """Microseconds of office time of a day off, a working day, a Saturday and a Sunday."""
        return np.array([sum(b - a for a, b in self._edges[kind]) for kind in sorted(self._edges)], np.int64)

    @property
    def hours_per_day(self) -> float:
        """Office hours of one working day."""
        return float(self.daily[WORKDAY]) / MICROSECONDS_PER_HOUR

    def opened(self, kind: int, microsecond_of_day: Ints) -> Ints:
        """Return the microseconds of office time between midnight and each moment of a day of one kind."""
        total = np.zeros(np.shape(microsecond_of_day), np.int64)
        for a, b in self._edges[kind]:
            total += np.clip(microsecond_of_day, a, b) - a
        return total

    def closed(self, kind: int, worked: Ints) -> Ints:
        """Return the first moment (microsecond of the day) at which so much office time of a day has passed."""
        moment, left = np.zeros(np.shape(worked), np.int64), np.asarray(worked, np.int64)
        done = left <= 0
        for a, b in self._edges[kind]:
            here = ~done & (left <= b - a)
            moment = np.where(here, a + left, moment)
            done |= here
            left = left - (b - a)
        return moment

    def elapsed(self, microsecond_of_day: Ints) -> npt.NDArray[np.float64]:
        """Return the office hours between midnight and each moment of a working day."""
        return self.opened(WORKDAY, np.asarray(microsecond_of_day, np.int64)) / MICROSECONDS_PER_HOUR


def read_office_hours(path: str | Path) -> dict[str, OfficeHours]:
    """Read the opening hours of several offices from CSV (UTF-8 or GB18030), one row per span.

    Parameters
    ----------
    path : str or Path
        Columns ``office, days, open, close`` (or 处室, 日期类型, 开始时间, 结束时间); ``days`` is ``workdays`` (工作日),
        ``saturday`` (周六) or ``sunday`` (周日). The office ``*`` stands for all that are not named.

    Returns
    -------
    dict of str to OfficeHours

    Raises
    ------
    InputError
        If the file, its columns or a row cannot be used (the row is named), or an office has no hours on working days.
    """
    path = Path(path)
    rows = csv.DictReader(decoded(path).splitlines())
    found = {
        name: next((h for h in rows.fieldnames or () if h.strip() in words), None) for name, words in _HEADERS.items()
    }
    missing = [name for name, header in found.items() if header is None]
    if missing:
        raise InputError(
            _("'{file}' lacks the column {column}.", file=path.name, column=", ".join(missing)),
            hint=_("office hours need the columns office, days, open and close."),
        )
    spans: dict[str, dict[str, list[tuple[Span, int]]]] = {}
    for row in rows:
        office, days, opens, closes = ((row[str(header)] or "").strip() for header in found.values())
        kind = next((name for name, words in _DAYS.items() if days.casefold() in words), None)
        try:
            if not office or kind is None or _minute(opens) >= _minute(closes):
                raise UsageError("")
        except UsageError:
            raise InputError(
                _(
                    "'{file}', row {row}: '{office}', '{days}', '{open}' to '{close}' is not an opening of an office.",
                    file=path.name, row=rows.line_num, office=office, days=days, open=opens, close=closes,
                ),
                hint=_("write for instance 综合窗口,工作日,09:00,12:00"),
            ) from None  # fmt: skip
        spans.setdefault(office, {}).setdefault(kind, []).append(((opens, closes), rows.line_num))
    return {office: _office(path.name, office, given) for office, given in spans.items()}


def _office(file: str, office: str, given: dict[str, list[tuple[Span, int]]]) -> OfficeHours:
    hours = OfficeHours()
    if "spans" not in given:
        raise InputError(
            _("'{file}': the office '{office}' has no hours on working days.", file=file, office=office),
            hint=_("write for instance 综合窗口,工作日,09:00,12:00"),
        )
    for kind, listed in given.items():
        ordered = sorted(listed, key=lambda entry: _minute(entry[0][0]))
        try:
            hours = replace(hours, **{kind: tuple(span for span, _row in ordered)})
        except UsageError as error:
            raise InputError(
                _(
                    "'{file}': the hours of '{office}' overlap (rows {rows}).",
                    file=file,
                    office=office,
                    rows=_rows(ordered),
                ),
                hint=_("list each span once."),
            ) from error
    return hours


def _rows(listed: Iterable[tuple[Span, int]]) -> str:
    return ", ".join(str(row) for _span, row in listed)
