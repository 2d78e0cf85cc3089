"""What kind of day each day is, from dated tables."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

OFF, WORKDAY, SATURDAY, SUNDAY = range(4)
"""A public holiday (or a weekend day that belongs to one), a working day, and weekend days that are neither."""

Kinds = npt.NDArray[np.int8]

_EPOCH_TO_MONDAY = 3
"""1970-01-01 was a Thursday: three days after a Monday."""
_TRUE = frozenset({"1", "true", "yes", "y", "是", "上班", "工作日"})
_FALSE = frozenset({"0", "false", "no", "n", "否", "休", "休息", "放假", "休息日", "节假日"})


def day_number(day: dt.date) -> int:
    """Return the days since 1970-01-01."""
    return day.toordinal() - dt.date(1970, 1, 1).toordinal()


def weekday(days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the day of the week of each day number: 0 is Monday."""
    return (days + _EPOCH_TO_MONDAY) % 7


def usual_kinds(days: npt.NDArray[np.int64]) -> Kinds:
    """Return the kinds of days in weeks without holidays."""
    of_week = np.array([WORKDAY] * 5 + [SATURDAY, SUNDAY], np.int8)
    return of_week[weekday(days)]


def kinds_of(
    name: str, changes: Mapping[dt.date, bool], base: tuple[dt.date, Kinds] | None = None
) -> tuple[dt.date, dt.date, Kinds]:
    """Return the first and last day covered and the kind of every day from one to the other.

    Parameters
    ----------
    name : str
        Of the file, for errors.
    changes : mapping of date to bool
        Days listed, and whether they are working days; a weekend day listed as none belongs to a holiday.
    base : (date, kinds), optional
        What is changed; else weeks without holidays, over the years named.

    Raises
    ------
    InputError
        If nothing is listed, or a year in between is left out.
    """
    years = {day.year for day in changes}
    if base is not None:
        years |= set(range(base[0].year, base[0].year + round(len(base[1]) / 365.25)))
    if not years:
        raise InputError(
            _("'{file}' lists no day.", file=name), hint=_("a calendar needs the columns date and is_workday.")
        )
    gap = sorted(set(range(min(years), max(years) + 1)) - years)
    if gap:
        raise InputError(
            _("'{file}' says nothing about {year}.", file=name, year=gap[0]),
            hint=_("list at least one day of every year it is to cover."),
        )
    first, last = dt.date(min(years), 1, 1), dt.date(max(years), 12, 31)
    offset = day_number(first)
    kinds = usual_kinds(np.arange(offset, day_number(last) + 1))
    if base is not None:
        at = day_number(base[0]) - offset
        kinds[at : at + len(base[1])] = base[1]
    for day, works in changes.items():
        kinds[day_number(day) - offset] = WORKDAY if works else OFF
    kinds.setflags(write=False)
    return first, last, kinds


@cache
def official_days(*, statutory: bool) -> Mapping[dt.date, bool]:
    """Return the days of the Chinese mainland that differ from Monday to Friday, and the weekends of its holidays.

    With ``statutory`` the years that are not announced yet have their statutory holidays, without make-up days.
    """
    changes: dict[dt.date, bool] = {}
    for folder in ("cn", "cn_statutory") if statutory else ("cn",):
        for file in files(__package__).joinpath("data", folder).iterdir():
            if file.name.endswith(".csv"):
                for row in csv.DictReader(file.read_text("utf-8").splitlines()):
                    changes[dt.date.fromisoformat(row["date"])] = row["is_workday"] == "true"
    return changes


def decoded(path: Path) -> str:
    """Return the text of a file in UTF-8 (with or without signature) or GB18030."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            _("the calendar '{path}' cannot be read: {reason}.", path=path, reason=error.strerror or error),
            hint=_('calendar = "china", "weekdays", or the path of a CSV file with the columns date and is_workday.'),
        ) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(_("'{file}' is neither UTF-8 nor GB18030 text.", file=path.name), hint=_("save it as UTF-8."))


def read_changes(path: Path) -> dict[dt.date, bool]:
    """Read the days of a calendar file; a day listed twice with different words is an error."""
    found: dict[dt.date, tuple[bool, int]] = {}
    for date, works, row in _changes(path):
        before = found.setdefault(date, (works, row))
        if before[0] != works:
            raise InputError(
                _(
                    "'{file}', rows {first} and {row}: {date} is called a working day and a day off.",
                    file=path.name, first=before[1], row=row, date=date,
                ),
                hint=_("keep one of the two."),
            )  # fmt: skip
    return {date: works for date, (works, _row) in found.items()}


def _changes(path: Path) -> Iterator[tuple[dt.date, bool, int]]:
    rows = csv.DictReader(decoded(path).splitlines())
    missing = [c for c in ("date", "is_workday") if c not in (rows.fieldnames or ())]
    if missing:
        raise InputError(
            _("'{file}' lacks the column {column}.", file=path.name, column=", ".join(missing)),
            hint=_("a calendar needs the columns date and is_workday."),
        )
    for row in rows:
        try:
            year, month, day = (int(part) for part in row["date"].strip().replace("/", "-").split("-"))
            date = dt.date(year, month, day)
            word = row["is_workday"].strip().casefold()
            if word not in _TRUE | _FALSE:
                raise ValueError(word)
        except (ValueError, AttributeError) as error:
            raise InputError(
                _(
                    "'{file}', row {row}: '{date}', '{value}' is not a date and true or false.",
                    file=path.name, row=rows.line_num, date=row["date"], value=row["is_workday"],
                ),
                hint=_("write for instance 2024-10-01,false"),
            ) from error  # fmt: skip
        yield date, word in _TRUE, rows.line_num
