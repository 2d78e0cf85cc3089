"""Which days are working days, and how many lie between two dates."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError, InsufficientDataError
from flowaudit.messages import translate as _
from flowaudit.worktime.office import OfficeHours

_EPOCH_TO_MONDAY = 3
"""1970-01-01 was a Thursday: three days after a Monday."""
_MICROSECONDS_PER_DAY = 86_400_000_000
_TRUE = frozenset({"1", "true", "yes", "y", "是", "上班", "工作日"})
_FALSE = frozenset({"0", "false", "no", "n", "否", "休", "休息", "放假", "休息日", "节假日"})

Days = npt.NDArray[np.int64]


def _day_number(day: dt.date) -> int:
    return day.toordinal() - dt.date(1970, 1, 1).toordinal()


def _weekdays_up_to(days: Days) -> Days:
    """Count Mondays to Fridays from Monday 1969-12-29 up to and including each day (negative before)."""
    whole, rest = np.divmod(days + _EPOCH_TO_MONDAY + 1, 7)
    return whole * 5 + np.minimum(rest, 5)


def _split(stamps: Any) -> tuple[Days, Days, npt.NDArray[np.bool_]]:
    """Return the day numbers, the microseconds of the day, and where a stamp is missing."""
    array = np.asarray(stamps, dtype="datetime64[us]")
    missing = np.isnat(array)
    microseconds = np.where(missing, 0, array.astype(np.int64))
    days, rest = np.divmod(microseconds, _MICROSECONDS_PER_DAY)
    return days, rest, missing


@dataclass(frozen=True, eq=False)
class Calendar:
    """Which days are working days: an official table, a file of one's own, or Monday to Friday.

    Build one with :meth:`china`, :meth:`weekdays` or :meth:`from_csv`.

    Attributes
    ----------
    name : str
        ``"china"``, ``"weekdays"`` or the name of the file.
    first, last : datetime.date or None
        First and last day it knows; None where it has no bound.

    Notes
    -----
    Differences follow the usual reading of 自受理之日起: the first day is not counted, the last one is.
    """

    name: str
    first: dt.date | None = None
    last: dt.date | None = None
    _workday: npt.NDArray[np.bool_] | None = field(default=None, repr=False)

    @staticmethod
    def china() -> Calendar:
        """Return the official calendar of the Chinese mainland, 2004-2026, with make-up working days.

        Examples
        --------
        >>> print(Calendar.china().due("2024-09-30", 5))  # works on Saturday 12 October
        2024-10-12
        """
        return _china()

    @staticmethod
    def weekdays() -> Calendar:
        """Return Monday to Friday for any year, without public holidays.

        Examples
        --------
        >>> print(Calendar.weekdays().due("2024-09-30", 5))
        2024-10-07
        """
        return Calendar("weekdays")

    @staticmethod
    def from_csv(path: str | Path, *, base: Calendar | None = None) -> Calendar:
        """Read a calendar of one's own: the listed days, and ``base`` (default Monday to Friday) for all others.

        Parameters
        ----------
        path : str or Path
            CSV (UTF-8 or GB18030) with the columns ``date`` (2024-10-01 or 2024/10/1) and ``is_workday``; further
            columns are ignored. List only what differs.
        base : Calendar, optional
            Calendar to change; its years are kept. Without it, every year named in the file is covered.

        Raises
        ------
        InputError
            If the file, its columns or values cannot be used, naming the row, or if it leaves out a year in between.
        """
        path = Path(path)
        changes = dict(_read_changes(path))
        if base is not None and base._workday is None:
            base = None
        return _build(path.name, changes, base, InputError)

    def is_workday(self, dates: Any) -> npt.NDArray[np.bool_]:
        """Say which dates are working days (a missing date is not one)."""
        days, _rest, missing = _split(dates)
        self._check(days[~missing])
        answer: npt.NDArray[np.bool_] = self._flag(days) & ~missing
        return answer[()]

    def working_days(self, a: Any, b: Any) -> npt.NDArray[np.float64]:
        """Count the working days in (date of a, date of b]: the first day is not counted, the last one is.

        Parameters
        ----------
        a, b : array_like of datetime64
            Local wall time. Broadcast together.

        Returns
        -------
        ndarray of float64
            Whole days; NaN where a stamp is missing; negative where b lies before a.

        Raises
        ------
        InsufficientDataError
            If a stamp lies in a year the calendar does not know.

        Examples
        --------
        >>> float(Calendar.china().working_days("2025-01-24 16:00", "2025-02-07 09:00"))
        5.0
        """
        start, _r1, no_start = _split(a)
        stop, _r2, no_stop = _split(b)
        start, stop = np.broadcast_arrays(start, stop)
        missing = no_start | no_stop
        self._check(start[~missing])
        self._check(stop[~missing])
        count = np.where(missing, np.nan, self._up_to(stop) - self._up_to(start))
        return count[()]

    def due(self, date: Any, n: Any) -> npt.NDArray[np.datetime64]:
        """Return the n-th working day after a date (the date itself for n = 0).

        Parameters
        ----------
        date : array_like of datetime64
        n : array_like of int
            Not negative.

        Returns
        -------
        ndarray of datetime64[D]
            NaT where the date is missing.

        Raises
        ------
        InsufficientDataError
            If the answer lies in a year the calendar does not know.
        """
        days, _rest, missing = _split(date)
        n = np.asarray(n, np.int64)
        days, missing, n = np.broadcast_arrays(days, missing, n)
        self._check(days[~missing])
        rank = self._up_to(days) + n
        if self._workday is None:
            whole, rest = np.divmod(rank - 1, 5)
            found = whole * 7 + rest - _EPOCH_TO_MONDAY
        else:
            workdays = np.flatnonzero(self._workday)
            if (rank[~missing] > len(workdays)).any():
                self._refuse(self._last_year + 1)
            found = workdays[np.clip(rank - 1, 0, len(workdays) - 1)] + self._offset
        found = np.where(n == 0, days, found)
        answer = np.where(missing, np.datetime64("NaT", "D"), found.astype("datetime64[D]"))
        return answer[()]

    def working_time(self, a: Any, b: Any, office: OfficeHours | None = None) -> npt.NDArray[np.float64]:
        """Measure the office hours between two moments: only open hours of working days count.

        Parameters
        ----------
        a, b : array_like of datetime64
            Local wall time. Broadcast together.
        office : OfficeHours, optional
            Default 09:00-12:00 and 13:00-17:00.

        Returns
        -------
        ndarray of float64
            Hours; NaN where a stamp is missing; 0 for a span outside office hours; negative where b lies before a.

        Examples
        --------
        >>> float(Calendar.china().working_time("2024-09-30 16:00", "2024-10-08 10:30"))
        2.5
        """
        office = office or OfficeHours()
        start, start_rest, no_start = _split(a)
        stop, stop_rest, no_stop = _split(b)
        missing = no_start | no_stop
        start, stop = np.broadcast_arrays(start, stop)
        self._check(start[~missing])
        self._check(stop[~missing])
        # Whole days are subtracted as integers, so that no rounding of long spans reaches the hours.
        days = self._up_to(stop - 1) - self._up_to(start - 1)
        partial = self._flag(stop) * office.elapsed(stop_rest) - self._flag(start) * office.elapsed(start_rest)
        return np.where(missing, np.nan, days * office.hours_per_day + partial)[()]

    @property
    def _offset(self) -> int:
        return 0 if self.first is None else _day_number(self.first)

    @property
    def _last_year(self) -> int:
        return 0 if self.last is None else self.last.year

    def _refuse(self, year: int) -> None:
        raise InsufficientDataError(
            _(
                "the calendar '{name}' knows no working days of {year}; it covers {first} to {last}.",
                name=self.name, year=year, first=self.first and self.first.year, last=self.last and self.last.year,
            ),
            hint=_('set calendar = "weekdays", or give a CSV file with the columns date and is_workday.'),
        )  # fmt: skip

    def _check(self, days: Days) -> None:
        if self._workday is None or not days.size:
            return
        for day in (int(days.min()), int(days.max())):
            if not self._offset <= day < self._offset + len(self._workday):
                self._refuse(int(np.datetime64(day, "D").astype("datetime64[Y]").astype(int)) + 1970)

    def _flag(self, days: Days) -> npt.NDArray[np.bool_]:
        if self._workday is None:
            return (days + _EPOCH_TO_MONDAY) % 7 < 5
        return self._workday[np.clip(days - self._offset, 0, len(self._workday) - 1)]

    def _up_to(self, days: Days) -> Days:
        if self._workday is None:
            return _weekdays_up_to(days)
        total: Days = np.r_[0, np.cumsum(self._workday)].astype(np.int64)
        return total[np.clip(days - self._offset + 1, 0, len(self._workday))]


def load_calendar(spec: str | Path | Calendar | None = None) -> Calendar:
    """Return the calendar a setting names.

    Parameters
    ----------
    spec : str, Path or Calendar, optional
        ``"china"`` (default), ``"weekdays"``, the path of a CSV file (its years, Monday to Friday where it says
        nothing), or ``"china+FILE"`` for local changes to the official calendar.

    Raises
    ------
    InputError
        If the file is missing or cannot be used.

    Examples
    --------
    >>> load_calendar("weekdays").name
    'weekdays'
    """
    if isinstance(spec, Calendar):
        return spec
    name = "china" if spec is None else str(spec)
    if name.casefold() == "china":
        return Calendar.china()
    if name.casefold() == "weekdays":
        return Calendar.weekdays()
    if name.casefold().startswith("china+"):
        return Calendar.from_csv(name[len("china+") :], base=Calendar.china())
    return Calendar.from_csv(name)


def _read_changes(path: Path) -> Iterable[tuple[dt.date, bool]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            _("the calendar '{path}' cannot be read: {reason}.", path=path, reason=error.strerror or error),
            hint=_('calendar = "china", "weekdays", or the path of a CSV file with the columns date and is_workday.'),
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InputError(
                _("'{file}' is neither UTF-8 nor GB18030 text.", file=path.name), hint=_("save it as UTF-8.")
            ) from error
    rows = csv.DictReader(text.splitlines())
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
        yield date, word in _TRUE


def _build(name: str, changes: dict[dt.date, bool], base: Calendar | None, error: type[InputError]) -> Calendar:
    years = {day.year for day in changes}
    if base is not None and base.first and base.last:
        years |= set(range(base.first.year, base.last.year + 1))
    if not years:
        raise error(_("'{file}' lists no day.", file=name), hint=_("a calendar needs the columns date and is_workday."))
    gap = sorted(set(range(min(years), max(years) + 1)) - years)
    if gap:
        raise error(
            _("'{file}' says nothing about {year}.", file=name, year=gap[0]),
            hint=_("list at least one day of every year it is to cover."),
        )
    first, last = dt.date(min(years), 1, 1), dt.date(max(years), 12, 31)
    offset = _day_number(first)
    days = np.arange(offset, _day_number(last) + 1)
    workday = (days + _EPOCH_TO_MONDAY) % 7 < 5
    if base is not None and base._workday is not None:
        at = base._offset - offset
        workday[at : at + len(base._workday)] = base._workday
    for day, works in changes.items():
        workday[_day_number(day) - offset] = works
    workday.setflags(write=False)
    return Calendar(name, first, last, workday)


@cache
def _china() -> Calendar:
    changes: dict[dt.date, bool] = {}
    for file in files(__package__).joinpath("data", "cn").iterdir():
        if file.name.endswith(".csv"):
            for row in csv.DictReader(file.read_text("utf-8").splitlines()):
                changes[dt.date.fromisoformat(row["date"])] = row["is_workday"] == "true"
    return _build("china", changes, None, InputError)
