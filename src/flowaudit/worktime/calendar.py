"""Which days are working days, how many lie between two dates, and when a time limit ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.messages import translate as _
from flowaudit.worktime.days import (
    WORKDAY,
    Kinds,
    day_number,
    kinds_of,
    official_days,
    read_changes,
    usual_kinds,
)
from flowaudit.worktime.limit import LimitUnit
from flowaudit.worktime.office import MICROSECONDS_PER_HOUR, OfficeHours

_DAY = 86_400_000_000
_BLOCK = 1 << 17
"""Stamps taken at once: so many stay in the processor's cache, which halves the time of long columns."""

Days = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Calendar:
    """Which days are working days: an official table, a file of one's own, or Monday to Friday.

    Build one with :meth:`china`, :meth:`weekdays` or :meth:`from_csv`.

    Attributes
    ----------
    name : str
        ``"china"``, ``"china+statutory"``, ``"weekdays"`` or the name of the file.
    first, last : datetime.date or None
        First and last day it knows; None where it has no bound.

    Notes
    -----
    Differences follow the usual reading of 自受理之日起: the first day is not counted, the last one is.
    """

    name: str
    first: dt.date | None = None
    last: dt.date | None = None
    _kinds: Kinds | None = field(default=None, repr=False)

    @staticmethod
    def china(*, assume: Literal["statutory"] | None = None) -> Calendar:
        """Return the official calendar of the Chinese mainland, 2004-2026, with make-up working days.

        Parameters
        ----------
        assume : "statutory", optional
            Also cover 2027-2035 by the statutory holidays alone: which weekends will be worked is announced a year
            ahead at most. The name of the calendar says so, and with it every counting rule.

        Examples
        --------
        >>> print(Calendar.china().due("2024-09-30", 5))  # works on Saturday 12 October
        2024-10-12
        """
        if assume not in (None, "statutory"):
            raise UsageError(_("assume is 'statutory' or nothing; got '{word}'.", word=assume))
        return _china(statutory=assume is not None)

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
            columns are ignored. List only what differs; a weekend day listed as no working day belongs to a holiday.
        base : Calendar, optional
            Calendar to change; its years are kept. Without it, every year named in the file is covered.

        Raises
        ------
        InputError
            If the file, its columns or values cannot be used, naming the row, if a day is called a working day and a day
            off, or if the file leaves out a year in between.
        """
        path = Path(path)
        kept = None if base is None or base._kinds is None or base.first is None else (base.first, base._kinds)
        return Calendar(path.name, *kinds_of(path.name, read_changes(path), kept))

    def is_workday(self, dates: Any) -> Bools:
        """Say which dates are working days (a missing date is not one)."""
        days, missing = self._days(dates)
        answer: Bools = (self._kind(days) == WORKDAY) & ~missing
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
        first, second = np.broadcast_arrays(np.asarray(a, "datetime64[us]"), np.asarray(b, "datetime64[us]"))
        found = np.empty(first.shape)
        for part in _blocks(first):
            (start, no_start), (stop, no_stop) = self._days(first[part]), self._days(second[part])
            count = (self._up_to(stop) - self._up_to(start)).astype(np.float64)
            missing = no_start | no_stop
            found[part] = np.where(missing, np.nan, count) if missing.any() else count
        return found[()]

    def due(
        self,
        date: Any,
        n: Any,
        unit: LimitUnit = "working_days",
        *,
        roll: bool = True,
        office: OfficeHours | None = None,
    ) -> npt.NDArray[np.datetime64]:
        """Return when a time limit that begins on a date ends; the first day is not counted.

        Parameters
        ----------
        date : array_like of datetime64
        n : array_like of int
            Not negative. With 0 the limit ends where it begins.
        unit : {"working_days", "days", "months", "hours"}
            ``days`` are natural days; ``months`` end on the day of the same number, or on the last of a shorter month;
            ``hours`` are office hours.
        roll : bool
            Natural days and months that end on a day off end on the next working day. It is the usual reading of
            limits; a rule that says otherwise asks for ``roll=False``.
        office : OfficeHours, optional
            For ``hours``; default 09:00-12:00 and 13:00-17:00.

        Returns
        -------
        ndarray of datetime64
            Days (``datetime64[D]``), for ``hours`` moments (``datetime64[us]``); NaT where the date is missing.

        Raises
        ------
        InsufficientDataError
            If the answer lies in a year the calendar does not know.
        UsageError
            If there is no such unit, or n is negative.

        Examples
        --------
        >>> china = Calendar.china()
        >>> print(china.due("2024-09-20", 15, "days"), china.due("2024-09-20", 15, "days", roll=False))
        2024-10-08 2024-10-05
        >>> print(china.due("2024-01-31", 1, "months"), china.due("2024-09-30 16:00", 2, "hours"))
        2024-02-29 2024-10-08T10:00:00.000000
        """
        if unit not in ("working_days", "days", "months", "hours"):
            raise UsageError(
                _("there is no unit '{unit}' of time limits.", unit=unit),
                hint=_("choose one of: {names}", names="working_days, days, months, hours"),
            )
        if np.size(n) and np.min(n) < 0:
            raise UsageError(_("a time limit cannot be negative; got {n}.", n=np.min(n)))
        if unit == "hours":
            return self._hours_on(date, n, office or OfficeHours())
        days, missing = self._days(date)
        days, missing, count = np.broadcast_arrays(days, missing, np.asarray(n, np.int64))
        if unit == "working_days":
            found = np.where(count == 0, days, self._workday_of_rank(self._up_to(days) + count, missing | (count == 0)))
        else:
            found = days + count if unit == "days" else _months_on(days, count)
            if roll:
                self._demand(found[~missing])
                found = np.where(count == 0, days, self._workday_of_rank(self._up_to(found - 1) + 1, missing))
        answer = np.where(missing, np.datetime64("NaT", "D"), found.astype("datetime64[D]"))
        return answer[()]

    def working_time(
        self, a: Any, b: Any, office: OfficeHours | Sequence[OfficeHours] | None = None, *, which: Any = None
    ) -> npt.NDArray[np.float64]:
        """Measure the office hours between two moments: only open hours count.

        Parameters
        ----------
        a, b : array_like of datetime64
            Local wall time. Broadcast together.
        office : OfficeHours or sequence of OfficeHours, optional
            Default 09:00-12:00 and 13:00-17:00.
        which : array_like of int, optional
            With several offices: the office of every span, as its place in ``office``.

        Returns
        -------
        ndarray of float64
            Hours; NaN where a stamp is missing; 0 for a span outside office hours; negative where b lies before a.

        Examples
        --------
        >>> float(Calendar.china().working_time("2024-09-30 16:00", "2024-10-08 10:30"))
        2.5
        >>> halls = [OfficeHours(), OfficeHours(saturday=(("09:00", "12:00"),))]
        >>> Calendar.china().working_time("2024-06-14 17:00", "2024-06-17 09:00", halls, which=[0, 1]).tolist()
        [0.0, 3.0]
        """
        first, second = np.broadcast_arrays(np.asarray(a, "datetime64[us]"), np.asarray(b, "datetime64[us]"))
        if office is not None and not isinstance(office, OfficeHours):
            chosen = np.asarray(which, np.int64)
            first, second, chosen = np.broadcast_arrays(first, second, chosen)
            found = np.full(first.shape, np.nan)
            for place, hours in enumerate(office):
                rows = chosen == place
                found[rows] = self.working_time(first[rows], second[rows], hours)
            return found[()]
        hours = office or OfficeHours()
        found = np.empty(first.shape)
        for part in _blocks(first):
            (start, no_start), (stop, no_stop) = (self._office_time(x[part], hours) for x in (first, second))
            span = (stop - start) / MICROSECONDS_PER_HOUR
            missing = no_start | no_stop
            found[part] = np.where(missing, np.nan, span) if missing.any() else span
        return found[()]

    @property
    def _offset(self) -> int:
        return 0 if self.first is None else day_number(self.first)

    @cached_property
    def _ranks(self) -> Days:
        """Working days before each day the calendar knows, and in all of it."""
        kinds = np.zeros(0, np.int8) if self._kinds is None else self._kinds
        total: Days = np.r_[0, np.cumsum(kinds == WORKDAY)].astype(np.int64)
        return total

    def _days(self, stamps: Any) -> tuple[Days, Bools]:
        """Return day numbers and where a stamp is missing (its day is the calendar's first)."""
        array = np.asarray(stamps, "datetime64[us]")
        missing = np.isnat(array)
        days = array.astype("datetime64[D]").astype(np.int64)
        if missing.any():
            self._demand(days[~missing])
            days = np.where(missing, self._offset, days)
        else:
            self._demand(days)
        return days, missing

    def _demand(self, days: Days) -> None:
        if self._kinds is None or not days.size:
            return
        for day in (int(days.min()), int(days.max())):
            if not self._offset <= day < self._offset + len(self._kinds):
                self._refuse(int(np.datetime64(day, "D").astype("datetime64[Y]").astype(int)) + 1970)

    def _refuse(self, year: int) -> None:
        raise InsufficientDataError(
            _(
                "the calendar '{name}' knows no working days of {year}; it covers {first} to {last}.",
                name=self.name, year=year, first=self.first and self.first.year, last=self.last and self.last.year,
            ),
            hint=_('set calendar = "weekdays", or "china+statutory" for statutory holidays without make-up days, or give a CSV file with the columns date and is_workday.'),
        )  # fmt: skip

    def _kind(self, days: Days) -> Kinds:
        return usual_kinds(days) if self._kinds is None else self._kinds[days - self._offset]

    def _up_to(self, days: Days) -> Days:
        """Count the working days up to and including each day."""
        if self._kinds is None:
            whole, rest = np.divmod(days + 4, 7)
            return whole * 5 + np.minimum(rest, 5)
        return self._ranks[np.clip(days - self._offset + 1, 0, len(self._kinds))]

    def _workday_of_rank(self, rank: Days, unasked: Bools) -> Days:
        """Return the working day of each rank; what is not asked for may be any day."""
        if self._kinds is None:
            whole, rest = np.divmod(rank - 1, 5)
            return whole * 7 + rest - 3
        workdays = np.flatnonzero(self._kinds == WORKDAY)
        if (rank[~unasked] > len(workdays)).any():
            self._refuse(0 if self.last is None else self.last.year + 1)
        return workdays[np.clip(rank - 1, 0, len(workdays) - 1)] + self._offset

    def _office_time(self, stamps: npt.NDArray[np.datetime64], office: OfficeHours) -> tuple[Days, Bools]:
        """Return the microseconds of office time from a fixed day to each moment, and where a stamp is missing."""
        days, missing = self._days(stamps)
        rest = np.where(missing, 0, stamps.astype(np.int64) - days * _DAY)
        total = self._before(days, office)
        kinds = self._kind(days)
        for kind in range(WORKDAY, len(office.daily)):
            if office.daily[kind]:
                total = total + np.where(kinds == kind, office.opened(kind, rest), 0)
        return total, missing

    def _before(self, days: Days, office: OfficeHours) -> Days:
        """Return the microseconds of office time of all days before each day."""
        if self._kinds is None:
            whole, rest = np.divmod(days + 3, 7)
            week = _week(office)
            total: Days = whole * week[-1] + week[rest]
            return total
        return self._time_table(office)[days - self._offset]

    def _time_table(self, office: OfficeHours) -> Days:
        assert self._kinds is not None
        total: Days = np.r_[0, np.cumsum(office.daily[self._kinds])].astype(np.int64)
        return total

    def _hours_on(self, date: Any, n: Any, office: OfficeHours) -> npt.NDArray[np.datetime64]:
        """Return the first moment at which so many office hours have passed since each moment."""
        stamps = np.asarray(date, "datetime64[us]")
        passed, missing = self._office_time(stamps, office)
        asked = np.rint(np.asarray(n, np.float64) * MICROSECONDS_PER_HOUR).astype(np.int64)
        stamps, passed, missing, asked = np.broadcast_arrays(stamps, passed, missing, asked)
        target = passed + asked
        if self._kinds is None:
            week = _week(office)
            whole = (target - 1) // week[-1]
            place = np.searchsorted(week, target - whole * week[-1], "left") - 1
            days, left = whole * 7 + place - 3, target - whole * week[-1] - week[place]
        else:
            table = self._time_table(office)
            if (target[~missing & (asked > 0)] > table[-1]).any():
                self._refuse(0 if self.last is None else self.last.year + 1)
            place = np.clip(np.searchsorted(table, target, "left") - 1, 0, len(table) - 2)
            days, left = place + self._offset, target - table[place]
        kinds = self._kind(days)
        moment = np.zeros(days.shape, np.int64)
        for kind in range(WORKDAY, len(office.daily)):
            moment = np.where(kinds == kind, office.closed(kind, left), moment)
        found = np.where(asked == 0, stamps, (days * _DAY + moment).astype("datetime64[us]"))
        answer: npt.NDArray[np.datetime64] = np.where(missing, np.datetime64("NaT", "us"), found)
        return answer[()]


def _blocks(array: npt.NDArray[Any]) -> list[Any]:
    if array.ndim != 1 or len(array) <= _BLOCK:
        return [...]
    return [slice(at, at + _BLOCK) for at in range(0, len(array), _BLOCK)]


def _week(office: OfficeHours) -> Days:
    """Return the office time before each day of a week without holidays, and of the whole week."""
    total: Days = np.r_[0, np.cumsum(office.daily[usual_kinds(np.arange(7) - 3)])].astype(np.int64)
    return total


def _months_on(days: Days, n: Days) -> Days:
    """Return the day of the same number so many months on, or the last of a shorter month."""
    dates = days.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    past = dates - month.astype("datetime64[D]")
    later = month + n.astype("timedelta64[M]")
    last = (later + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    found: Days = np.minimum(later.astype("datetime64[D]") + past, last).astype(np.int64)
    return found


def load_calendar(spec: str | Path | Calendar | None = None) -> Calendar:
    """Return the calendar a setting names.

    Parameters
    ----------
    spec : str, Path or Calendar, optional
        ``"china"`` (default), ``"china+statutory"`` (see :meth:`Calendar.china`), ``"weekdays"``, the path of a CSV file
        (its years, Monday to Friday where it says nothing), or ``"china+FILE"`` for local changes to the official
        calendar.

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
    match name.casefold():
        case "china":
            return Calendar.china()
        case "china+statutory":
            return Calendar.china(assume="statutory")
        case "weekdays":
            return Calendar.weekdays()
    if name.casefold().startswith("china+"):
        return Calendar.from_csv(name[len("china+") :], base=Calendar.china())
    return Calendar.from_csv(name)


@cache
def _china(*, statutory: bool) -> Calendar:
    name = "china+statutory" if statutory else "china"
    return Calendar(name, *kinds_of(name, official_days(statutory=statutory)))
