"""When each resource is on duty, read from the stamps it left: weekly hours, holidays and absences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.worktime.calendar import Calendar
from flowaudit.worktime.days import OFF, SATURDAY, SUNDAY, WORKDAY, weekday
from flowaudit.worktime.office import MICROSECONDS_PER_HOUR, OfficeHours

MAKE_UP, HOLIDAY = 7, 8
"""Day classes after the seven weekdays: a weekend day that is worked, and a public holiday."""
CLASSES = 9

_MINUTE = 60_000_000
_DAY = 1440 * _MINUTE
_KIND = np.array([WORKDAY] * 5 + [SATURDAY, SUNDAY, WORKDAY, OFF])
"""What the official calendar calls the days of each class."""
_SHARE_OF_DATES = 0.1
"""A class is duty from this share of the dates there could be, or of the busiest weekday's."""
_MAKE_UP_DATES = 5
_ABSENT_DATES = 3
_CHANCE = 0.001
_MOST_GROUPS = 1000
"""Groups with a joint calendar of their own, so that the tables of many small groups stay bounded."""

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class DutyTables:
    """Cumulated on-duty time for compiled loops, and the same within office hours.

    The on-duty time from ``first_day`` to a moment of calendar c is ``day_open[c, d] + minute_open[c, k, m] * 60e6``, plus
    what is past the minute if ``minute_open[c, k, m + 1] > minute_open[c, k, m]``; d counts days from ``first_day``, k is
    ``class_of_day[d]`` and m the minute of the day.

    Attributes
    ----------
    day_open, day_both : ndarray of int64 (n_calendars, n_days + 1)
        Microseconds on duty (and within office hours) before each day. Absences are not taken off: they belong to
        resources, not to calendars.
    minute_open, minute_both : ndarray of int16 (n_calendars, 9, 1441)
        Minutes on duty (and within office hours) before each minute of a day of each class.
    class_of_day : ndarray of int8 (n_days,)
    first_day : int
        Days since 1970-01-01.
    """

    day_open: Ints
    minute_open: npt.NDArray[np.int16]
    day_both: Ints
    minute_both: npt.NDArray[np.int16]
    class_of_day: npt.NDArray[np.int8]
    first_day: int


@dataclass(frozen=True, eq=False)
class MinedCalendars:
    """Working calendars mined from stamps; see :func:`mine_calendars`.

    Attributes
    ----------
    of_resource : ndarray of int32 (n_resources,)
        Number of the calendar of each resource code. Number 0 is the joint calendar of everybody.
    of_unknown : int
        Number of the calendar of who is not known.
    own : ndarray of bool (n_resources,)
        Whether the calendar is the resource's own, not shared.
    on_duty : ndarray of bool (n_calendars, 9, 1440)
        Minutes of the day on duty, for each class of days: 0-6 are Monday to Sunday, 7 is a make-up working day, 8 a
        public holiday.
    first_day : int
        Days since 1970-01-01.
    classes : ndarray of int8 (n_days,)
        Class of every date from ``first_day``: all dates with stamps, what lies between, and a day on either side.
    absences : pd.DataFrame
        Columns ``resource`` (code), ``from_day``, ``to_day`` (days since 1970-01-01, both absent).
    date_only : ndarray of bool (n_resources,)
        More than half of the resource's stamps say nothing about the hour.
    """

    of_resource: npt.NDArray[np.int32]
    of_unknown: int
    own: Bools
    on_duty: Bools
    first_day: int
    classes: npt.NDArray[np.int8]
    absences: pd.DataFrame
    date_only: Bools

    def tables(self, office: OfficeHours, calendar: Calendar) -> DutyTables:
        """Return what compiled loops look up: on-duty time, alone and within office hours.

        Parameters
        ----------
        office : OfficeHours
            Of working days; on Saturdays and Sundays its own hours for them, on public holidays none.
        calendar : Calendar
            The one the calendars were mined with.

        Raises
        ------
        UsageError
            If the days off of ``calendar`` are not those the calendars were mined with.
        """
        if not np.array_equal(day_classes(calendar, self.first_day, len(self.classes)), self.classes):
            raise UsageError(
                _("the duty hours were mined with other days off than those of '{name}'.", name=calendar.name),
                hint=_("give the calendar that mine_calendars was given."),
            )
        opened = _office_minutes(office)
        minutes, days = _cumulated(self.on_duty, self.classes)
        minutes_both, days_both = _cumulated(self.on_duty & opened, self.classes)
        return DutyTables(days, minutes, days_both, minutes_both, self.classes, self.first_day)

    def spanning(self, first: Any, last: Any, calendar: Calendar) -> MinedCalendars:
        """Return the same calendars over all dates from ``first`` to ``last``, besides those they cover already.

        Parameters
        ----------
        first, last : datetime64
        calendar : Calendar
            The one the calendars were mined with.
        """
        days = np.array([first, last], "datetime64[D]").astype(np.int64)
        begin = min(int(days[0]) - 1, self.first_day)
        end = max(int(days[1]) + 2, self.first_day + len(self.classes))
        return replace(self, first_day=begin, classes=day_classes(calendar, begin, end - begin))

    def available(self, calendar_number: Any, a: Any, b: Any) -> npt.NDArray[np.float64]:
        """Measure the on-duty hours between two moments; absences are not taken off.

        Parameters
        ----------
        calendar_number : array_like of int
        a, b : array_like of datetime64
            Local wall time. Broadcast together with the calendar.

        Returns
        -------
        ndarray of float64
            Hours; NaN where a stamp is missing; negative where b lies before a.

        Notes
        -----
        Dates beyond ``classes`` count as ordinary dates.
        """
        number, first, second = np.broadcast_arrays(
            np.asarray(calendar_number, np.int64), np.asarray(a, "datetime64[us]"), np.asarray(b, "datetime64[us]")
        )
        missing = np.isnat(first) | np.isnat(second)
        hours = np.full(first.shape, np.nan)
        known = ~missing
        if known.any():
            stamps = np.stack([first[known], second[known]]).astype(np.int64)
            days, rest = np.divmod(stamps, _DAY)
            begin = min(int(days.min()), self.first_day)
            classes = self._classes_over(begin, max(int(days.max()) + 1, self.first_day + len(self.classes)))
            passed = np.empty(stamps.shape, np.int64)
            for one in np.unique(number[known]):
                rows = number[known] == one
                minutes, before = _cumulated(self.on_duty[one][None], classes)
                day, (minute, beyond) = days[:, rows] - begin, np.divmod(rest[:, rows], _MINUTE)
                kind = classes[day]
                passed[:, rows] = (
                    before[0, day] + minutes[0, kind, minute] * np.int64(_MINUTE)
                    + beyond * self.on_duty[one, kind, minute]
                )  # fmt: skip
            hours[known] = (passed[1] - passed[0]) / MICROSECONDS_PER_HOUR
        return hours[()]

    def table(self, labels: Sequence[Any]) -> pd.DataFrame:
        """Return the calendars for people, one row for each resource.

        Parameters
        ----------
        labels : sequence
            Name of every resource code.

        Returns
        -------
        pd.DataFrame
            Columns ``resource, own, hours_per_week, first_hour, last_hour`` (``"09:00"``; empty if never on duty in an
            ordinary week), ``days`` (``"1111100"`` is Monday to Friday) and ``absences`` (how many).
        """
        week = self.on_duty[:, :7]
        ever: Bools = np.any(week, axis=1)
        days = ["".join("01"[day] for day in row) for row in np.any(week, axis=2).astype(int).tolist()]
        some: list[bool] = np.any(ever, axis=1).tolist()
        first, last = ever.argmax(axis=1).tolist(), (1440 - ever[:, ::-1].argmax(axis=1)).tolist()
        of = self.of_resource
        found = np.bincount(self.absences["resource"].to_numpy(np.int64), minlength=len(of))
        return pd.DataFrame(
            {
                "resource": pd.Series([labels[code] for code in range(len(of))], dtype=object),
                "own": self.own,
                "hours_per_week": week.sum(axis=(1, 2))[of] / 60,
                "first_hour": pd.Series([_clock(first[c]) if some[c] else "" for c in of], dtype=str),
                "last_hour": pd.Series([_clock(last[c]) if some[c] else "" for c in of], dtype=str),
                "days": pd.Series([days[c] for c in of], dtype=str),
                "absences": found[: len(of)],
            }
        )

    def _classes_over(self, begin: int, end: int) -> npt.NDArray[np.int8]:
        classes = weekday(np.arange(begin, end)).astype(np.int8)
        at = self.first_day - begin
        classes[at : at + len(self.classes)] = self.classes
        return classes


def mine_calendars(
    resource: Any,
    group: Any,
    start: Any,
    end: Any,
    *,
    calendar: Calendar,
    office: OfficeHours | None = None,
    granule_minutes: int = 60,
    confidence: float = 0.1,
    support: float = 0.9,
    participation: int = 50,
    most: int = 1000,
) -> MinedCalendars:
    """Mine from the stamps of activity instances at which hours of which days each resource is on duty.

    Parameters
    ----------
    resource, group : array_like of int (n,)
        Codes of who did each instance and of the department it was done in; -1 where not known.
    start, end : array_like of datetime64 (n,)
        Local wall time; NaT where not recorded.
    calendar : Calendar
        Official one: tells make-up working days and public holidays from ordinary dates.
    office : OfficeHours, optional
        Hours of those whose stamps are dates only. Default 09:00-12:00 and 13:00-17:00.
    granule_minutes : int
        Length of a granule; it divides a day.
    confidence : float
        A granule is kept from this share of the dates on which the resource was active.
    support : float
        Share of a resource's stamps that its calendar covers at least.
    participation : int
        Stamps a calendar needs; resources with fewer share one.
    most : int
        Calendars of their own at most; the busiest resources have them.

    Returns
    -------
    MinedCalendars

    Raises
    ------
    UsageError
        If the arrays are not equally long, or an option is out of its range.

    Notes
    -----
    Observations are starts and ends, not the time in between: a case can lie on a desk for days. For each resource,
    weekday and granule, the confidence is the number of dates with a stamp in the granule over the number of dates with a
    stamp on that weekday; granules below ``confidence`` are discarded. Those with most stamps come back, of kept weekdays
    first, until ``support`` is reached. A stamp on the edge of two granules belongs to the earlier one if it is an end.

    What follows is our own ([own]), not of the paper:

    - Make-up working days are a class of days: they follow the union of Monday to Friday unless the resource left stamps
      with an hour on 5 of them. Public holidays, with the weekend days that belong to them, are off duty unless it was
      active on two of them and on 10 % of those between its first and last stamp. Dates the calendar does not know are
      ordinary ones.
    - A weekday is duty only from 10 % of the active dates of the busiest weekday, and one Saturday or Sunday is not
      enough: overtime is no duty.
    - Stamps at 00:00:00.000000 are dates only: they make a date active but say nothing about hours. A resource with more
      than half such stamps has office hours on its weekdays (on weekend days without office hours those of working days).
      A class of days with such stamps only follows the union of Monday to Friday.
    - A discarded granule between two kept ones is filled if the joint calendar of the whole group has it: lunch breaks
      stay.
    - Who has fewer than ``participation`` stamps shares a calendar with the others of his group (the one most of his
      instances were done in) of whom that is true; if they have too few, with the whole group, else with everybody. In a
      joint calendar the dates of each person count, so that it is an average colleague's, not the union of all.
    - A resource with its own calendar was absent on a run of 3 or more on-duty dates without a stamp or an instance in
      progress, if chance hardly explains it: with stamps on a share p of its on-duty dates at random (a Poisson
      process), so long a run anywhere in its a active dates is expected ``a * (1 - p) ** length`` < 0.001 times.
    - A calendar that would be never on duty has office hours.

    References
    ----------
    Lopez-Pintado, Dumas. *Business Process Simulation with Differentiated Resources: Does it Make a Difference?*
    BPM 2022, doi 10.1007/978-3-031-16103-2_24.

    Examples
    --------
    Twelve Mondays, stamps at half past nine and half past ten:

    >>> mondays = np.datetime64("2024-03-04") + np.arange(12) * 7
    >>> ends = (mondays[:, None] + np.array([570, 630], "timedelta64[m]")).ravel()
    >>> none = np.full(24, np.datetime64("NaT", "us"))
    >>> found = mine_calendars(np.zeros(24, int), np.zeros(24, int), none, ends, calendar=Calendar.weekdays(), participation=20)
    >>> found.table(["王"]).loc[0, ["first_hour", "last_hour", "days"]].to_list()
    ['09:00', '11:00', '1000000']
    """
    who, where = np.asarray(resource, np.int64), np.asarray(group, np.int64)
    begun, ended = np.asarray(start, "datetime64[us]"), np.asarray(end, "datetime64[us]")
    _check(who, where, begun, ended, granule_minutes, confidence, support, participation, most)
    hours = office or OfficeHours()
    n_resources = int(who.max(initial=-1)) + 1
    # Who is not known counts as one person of each group, after the resources.
    person = np.where(who >= 0, who, n_resources + 1 + np.maximum(where, -1))
    home = np.r_[_homes(who, where, n_resources), np.arange(-1, int(where.max(initial=-1)) + 1)]
    seen = _observe(person, len(home), begun, ended, calendar, granule_minutes)

    busy = seen.stamps[:n_resources]
    ranked = np.argsort(-busy, kind="stable")[:most]
    chosen = np.sort(ranked[busy[ranked] >= participation])
    own = np.zeros(n_resources, np.bool_)
    own[chosen] = True
    low = np.zeros(len(home), np.bool_)
    low[:n_resources] = ~own
    units = _units(home, low, chosen, seen.stamps, participation)

    options = (1440 // granule_minutes, confidence, support, _office_granules(hours, granule_minutes))
    everybody = _mine(_count(seen, np.zeros(len(home), np.int64), 1, options[0]), *options[1:])
    whole = _mine(_count(seen, units.whole, units.n_whole, options[0]), *options[1:])
    single = _mine(_count(seen, units.single, units.n_single, options[0]), *options[1:])
    joint = _Mined(*(np.concatenate(parts) for parts in zip(everybody, whole, strict=True)))
    single = single._replace(on=_filled(single, joint.on[units.joint_of_single]))

    mined, of_resource = _in_use(joint, single, units, home[:n_resources], chosen)
    return MinedCalendars(
        of_resource=of_resource,
        of_unknown=0,
        own=own,
        on_duty=_minutes(mined, hours, granule_minutes),
        first_day=seen.first_day,
        classes=seen.classes,
        absences=_absences(seen, chosen, mined.kept[of_resource[chosen]], person, begun, ended),
        date_only=seen.bare[:n_resources] * 2 > busy,
    )


def _in_use(
    joint: _Mined, single: _Mined, units: _Units, home: Ints, chosen: Ints
) -> tuple[_Mined, npt.NDArray[np.int32]]:
    """Return everybody's calendar, the joint ones in use and the own ones, and which of them each resource has."""
    mined = _Mined(*(np.concatenate(parts) for parts in zip(joint, single, strict=True)))
    first_single = len(joint.on)
    of_group = np.where(units.single_of_group >= 0, first_single + units.single_of_group, units.joint_of_group)
    place = of_group[home]  # the last one is of no group
    place[chosen] = first_single + np.arange(len(chosen))
    used = np.unique(np.r_[0, place])
    used = np.r_[used[(used < first_single) | (used >= first_single + len(chosen))], place[chosen]]
    number = np.zeros(len(mined.on), np.int32)
    number[used] = np.arange(len(used))
    return _Mined(*(part[used] for part in mined)), number[place]


class _Seen(NamedTuple):
    """What the stamps say, of persons; ``cell`` rows are dates with a stamp in a granule, ``date`` rows active dates."""

    first_day: int
    classes: npt.NDArray[np.int8]
    stamps: Ints
    bare: Ints
    """Stamps of each person, and how many are dates only."""
    holidays: Ints
    """Holidays between the first and last stamp of each person."""
    cell_person: Ints
    cell_class: Ints
    cell_granule: Ints
    cell_stamps: Ints
    date_person: Ints
    date_day: Ints
    date_timed: Bools


class _Counts(NamedTuple):
    """What the stamps of units (a resource or several together) say."""

    dates: Ints
    stamps: Ints
    """Dates with a stamp, and stamps, in each granule (n, 9, n_granules)."""
    active: Ints
    timed: Ints
    """Dates with a stamp, and with one that has an hour, of each class (n, 9)."""
    all: Ints
    bare: Ints
    holidays: Ints


class _Mined(NamedTuple):
    on: Bools
    kept: Bools
    follows: Bools
    by_office: Bools
    """Granules on duty (n, 9, n_granules), classes on duty and those of them that follow Monday to Friday (n, 9), and whose
    hours are the office's (n,)."""


class _Units(NamedTuple):
    """Who shares a calendar: ``single`` units are own calendars, then low participation of a group; ``whole`` are groups."""

    single: Ints
    n_single: int
    whole: Ints
    n_whole: int
    joint_of_single: Ints
    """Of every single unit its whole group, as 1 + its number, or 0 for everybody."""
    single_of_group: Ints
    joint_of_group: Ints
    """Of every group, and of no group (the last): where those of low participation are, as a single unit or a joint one."""


def _check(
    who: Ints,
    where: Ints,
    begun: Any,
    ended: Any,
    granule: int,
    confidence: float,
    support: float,
    least: int,
    most: int,
) -> None:
    lengths = [np.shape(array) for array in (who, where, begun, ended)]
    if who.ndim != 1 or len(set(lengths)) > 1:
        raise UsageError(
            _("resource, group, start and end must be columns of one length; got {shapes}.", shapes=lengths)
        )
    if granule < 1 or 1440 % granule:
        raise UsageError(
            _("granule_minutes must divide the 1440 minutes of a day; got {n}.", n=granule),
            hint="granule_minutes=60",
        )
    for name, share in (("confidence", confidence), ("support", support)):
        if not 0 <= share <= 1:
            raise UsageError(_("{name} must lie between 0 and 1; got {value}.", name=name, value=share))
    for name, count, bound in (("participation", least, 1), ("most", most, 0)):
        if count < bound:
            raise UsageError(_("{name} must be at least {bound}; got {value}.", name=name, bound=bound, value=count))


def _homes(who: Ints, where: Ints, n_resources: int) -> Ints:
    """Return the group most instances of each resource were done in, the lowest code of equals; -1 without one."""
    home = np.full(n_resources, -1, np.int64)
    known = (who >= 0) & (where >= 0)
    width = int(where.max(initial=0)) + 1
    pairs, often = np.unique(who[known] * width + where[known], return_counts=True)
    one, at = np.divmod(pairs, width)
    order = np.lexsort((-at, often, one))
    home[one[order]] = at[order]  # the last one written stays
    return home


def day_classes(calendar: Calendar, first_day: int, n_days: int) -> npt.NDArray[np.int8]:
    """Return the class of ``n_days`` dates: 0-6 Monday to Sunday, 7 a make-up working day, 8 a public holiday.

    Parameters
    ----------
    first_day : int
        Days since 1970-01-01. Dates the calendar does not know are ordinary ones.
    """
    days = np.arange(first_day, first_day + n_days)
    classes = weekday(days)
    if calendar._kinds is not None:
        known = (days >= calendar._offset) & (days < calendar._offset + len(calendar._kinds))
        kinds = calendar._kind(days[known])
        usual = classes[known]
        usual = np.where((kinds == WORKDAY) & (usual >= 5), MAKE_UP, usual)
        classes[known] = np.where(kinds == OFF, HOLIDAY, usual)
    return classes.astype(np.int8)


def _observe(person: Ints, n_persons: int, begun: Any, ended: Any, calendar: Calendar, granule: int) -> _Seen:
    has_start, has_end = ~np.isnat(begun), ~np.isnat(ended)
    who = np.r_[person[has_start], person[has_end]]
    stamp = np.r_[begun[has_start], ended[has_end]].astype(np.int64)
    day, rest = np.divmod(stamp, _DAY)
    first_day = int(day.min()) - 1 if len(day) else -1
    n_days = int(day.max()) + 2 - first_day if len(day) else 3
    classes = day_classes(calendar, first_day, n_days)
    day -= first_day

    # An end on an edge belongs to the granule it ends; a stamp without an hour to none, which is the last number.
    n_granules = 1440 // granule
    bare = rest == 0
    rest[has_start.sum() :] -= 1
    at = np.where(bare, n_granules, rest // (granule * _MINUTE))
    cells, often = np.unique((who * n_days + day) * (n_granules + 1) + at, return_counts=True)
    dates, cell_granule = np.divmod(cells, n_granules + 1)
    timed = cell_granule < n_granules
    new = np.diff(dates, prepend=-1) != 0
    date_person, date_day = np.divmod(dates[new], n_days)
    cell_person, cell_day = np.divmod(dates[timed], n_days)

    stamps = np.bincount(who, minlength=n_persons)
    last_date = np.cumsum(np.bincount(date_person, minlength=n_persons)) - 1
    some = np.flatnonzero(stamps)
    begin = np.r_[0, last_date[:-1] + 1] if n_persons else last_date
    off = np.r_[0, np.cumsum(classes == HOLIDAY)]
    holidays = np.zeros(n_persons, np.int64)
    holidays[some] = off[date_day[last_date[some]] + 1] - off[date_day[begin[some]]]
    return _Seen(
        first_day=first_day,
        classes=classes,
        stamps=stamps,
        bare=np.bincount(who[bare], minlength=n_persons),
        holidays=holidays,
        cell_person=cell_person,
        cell_class=classes[cell_day].astype(np.int64),
        cell_granule=cell_granule[timed],
        cell_stamps=often[timed],
        date_person=date_person,
        date_day=date_day,
        date_timed=timed[new],  # stamps without an hour come last on their date
    )


def _units(home: Ints, low: Bools, chosen: Ints, stamps: Ints, participation: int) -> _Units:
    """Say who shares a calendar with whom; ``home`` is -1 for no group."""
    n_groups = int(home.max(initial=-1)) + 1
    member = home >= 0
    of_whole = np.bincount(home[member], stamps[member], n_groups)
    of_low = np.bincount(home[member & low], stamps[member & low], n_groups)
    big = np.argsort(-of_whole, kind="stable")[:_MOST_GROUPS]
    big = np.sort(big[of_whole[big] >= participation])
    joint_of_group = np.zeros(n_groups + 1, np.int64)
    joint_of_group[big] = 1 + np.arange(len(big))
    shared = big[of_low[big] >= participation]
    single_of_group = np.full(n_groups + 1, -1, np.int64)
    single_of_group[shared] = len(chosen) + np.arange(len(shared))
    single = np.where(low, single_of_group[home], -1)
    single[chosen] = np.arange(len(chosen))
    return _Units(
        single=single,
        n_single=len(chosen) + len(shared),
        whole=joint_of_group[home] - 1,
        n_whole=len(big),
        joint_of_single=joint_of_group[np.r_[home[chosen], shared]],
        single_of_group=single_of_group,
        joint_of_group=joint_of_group,
    )


def _count(seen: _Seen, unit_of: Ints, n: int, n_granules: int) -> _Counts:
    """Add up what persons left, for the unit of each (-1 for none)."""
    unit = unit_of[seen.cell_person]
    rows = unit >= 0
    place = ((unit * CLASSES + seen.cell_class) * n_granules + seen.cell_granule)[rows]
    size, shape = n * CLASSES * n_granules, (n, CLASSES, n_granules)
    dates = np.bincount(place, minlength=size).reshape(shape)
    stamps = np.bincount(place, seen.cell_stamps[rows], size).astype(np.int64).reshape(shape)

    unit = unit_of[seen.date_person]
    rows = unit >= 0
    place = (unit * CLASSES + seen.classes[seen.date_day])[rows]
    active = np.bincount(place, minlength=n * CLASSES).reshape(n, CLASSES)
    timed = np.bincount(place[seen.date_timed[rows]], minlength=n * CLASSES).reshape(n, CLASSES)

    rows = unit_of >= 0
    sums = [np.bincount(unit_of[rows], of[rows], n).astype(np.int64) for of in (seen.stamps, seen.bare, seen.holidays)]
    return _Counts(dates, stamps, active, timed, *sums)


def _mine(counts: _Counts, confidence: float, support: float, office: Bools) -> _Mined:
    """Return the duty of each unit; ``office`` (9, n_granules) is for those whose stamps say nothing about hours."""
    active, timed = counts.active, counts.timed
    busiest = active[:, :7].max(axis=1, keepdims=True)
    kept = (active > 0) & (active >= _SHARE_OF_DATES * busiest)
    kept[:, 5:7] &= active[:, 5:7] >= np.minimum(2, busiest)
    kept[:, HOLIDAY] = (active[:, HOLIDAY] >= 2) & (active[:, HOLIDAY] >= _SHARE_OF_DATES * counts.holidays)
    make_up = timed[:, MAKE_UP] >= _MAKE_UP_DATES
    kept[:, MAKE_UP] = make_up | kept[:, :5].any(axis=1)
    tells = timed > 0
    tells[:, MAKE_UP] = make_up
    tells[:, HOLIDAY] &= kept[:, HOLIDAY]

    on = (kept & tells)[:, :, None] & (counts.dates > 0) & (counts.dates >= confidence * timed[:, :, None])
    on = _supported(on, kept, np.where(tells[:, :, None], counts.stamps, 0), support)
    by_office = (counts.bare * 2 > counts.all) | ~on.any(axis=(1, 2))
    never = by_office & ~kept.any(axis=1)
    kept[never] = _KIND == WORKDAY
    follows = kept & ~tells & ~by_office[:, None]
    on = _following(on, follows)
    on[by_office] = kept[by_office][:, :, None] & office
    return _Mined(on, kept, follows, by_office)


def _following(on: Bools, follows: Bools) -> Bools:
    return np.where(follows[:, :, None], on[:, :5].any(axis=1, keepdims=True), on)


def _supported(on: Bools, kept: Bools, stamps: Ints, support: float) -> Bools:
    """Add granules by falling number of stamps, of kept classes first, until enough stamps are covered."""
    n = len(on)
    width = on.shape[1] * on.shape[2]
    flat, weight = on.reshape(n, width), stamps.reshape(n, width)
    rank = np.where(flat, 0, np.repeat(np.where(kept, 1, 2), on.shape[2], axis=1))
    order = np.lexsort((-weight, rank))
    falling = np.take_along_axis(weight, order, axis=1)
    before = np.cumsum(falling, axis=1) - falling
    needed = (falling > 0) & (before < support * weight.sum(axis=1, keepdims=True) - 1e-9)
    added = np.zeros(flat.shape, np.bool_)
    np.put_along_axis(added, order, needed, axis=1)
    return (flat | added).reshape(on.shape)


def _filled(mined: _Mined, joint: Bools) -> Bools:
    """Fill single granules between two kept ones where the joint calendar is on duty."""
    on = mined.on.copy()
    on[:, :, 1:-1] |= mined.on[:, :, :-2] & mined.on[:, :, 2:] & joint[:, :, 1:-1]
    return np.where(mined.by_office[:, None, None], mined.on, _following(on, mined.follows))


def _office_minutes(office: OfficeHours, *, weekends: bool = False) -> Bools:
    """Return the open minutes (9, 1440) of each class; with ``weekends`` weekend days without hours have those of others."""
    opened = np.zeros((CLASSES, 1440), np.bool_)
    for kind, spans in office._edges.items():
        minutes = np.zeros(1440, np.bool_)
        for a, b in spans:
            minutes[a // _MINUTE : b // _MINUTE] = True
        opened[kind == _KIND] = minutes
    if weekends:
        closed = ~opened.any(axis=1)
        opened[closed] = opened[MAKE_UP]
    return opened


def _office_granules(office: OfficeHours, granule: int) -> Bools:
    granules = _office_minutes(office, weekends=True).reshape(CLASSES, -1, granule)
    found: Bools = np.asarray(np.any(granules, axis=2))
    return found


def _minutes(mined: _Mined, office: OfficeHours, granule: int) -> Bools:
    on_duty = np.repeat(mined.on, granule, axis=2)
    on_duty[mined.by_office] = mined.kept[mined.by_office][:, :, None] & _office_minutes(office, weekends=True)
    return on_duty


def _cumulated(on_duty: Bools, classes: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.int16], Ints]:
    """Return the minutes open before each minute of each class, and the microseconds open before each day."""
    n = len(on_duty)
    minutes = np.zeros((n, CLASSES, 1441), np.int16)
    np.cumsum(on_duty, axis=2, dtype=np.int16, out=minutes[:, :, 1:])
    daily = minutes[:, :, -1].astype(np.int64) * _MINUTE
    days = np.zeros((n, len(classes) + 1), np.int64)
    np.take(daily, classes, axis=1, out=days[:, 1:])
    np.cumsum(days, axis=1, out=days)
    return minutes, days


def _absences(seen: _Seen, chosen: Ints, duty: Bools, person: Ints, begun: Any, ended: Any) -> pd.DataFrame:
    """Return the runs of on-duty dates without a trace that are too long for chance; ``duty`` (n, 9) is of ``chosen``."""
    rank = np.full(len(seen.stamps), -1, np.int64)
    rank[chosen] = np.arange(len(chosen))
    of, low, high = _spells(rank[person], begun, ended, seen.first_day)
    order = np.argsort(of * len(seen.classes) + low)
    of, low, high = of[order], low[order], high[order]
    # Ranks keep the resources apart, so that one maximum runs over all of them.
    reach = np.maximum.accumulate(of * len(seen.classes) + high)
    gap = np.flatnonzero((of[1:] == of[:-1]) & (low[1:] - (reach[:-1] - of[:-1] * len(seen.classes)) > _ABSENT_DATES))
    of, first, last = of[gap + 1], reach[gap] - of[gap] * len(seen.classes) + 1, low[gap + 1] - 1

    # Dates of each class before each day.
    before = np.zeros((CLASSES, len(seen.classes) + 1), np.int64)
    before[seen.classes, np.arange(1, len(seen.classes) + 1)] = 1
    np.cumsum(before, axis=1, out=before)
    length = ((before[:, last + 1] - before[:, first]).T * duty[of]).sum(axis=1)

    mine = rank[seen.date_person]
    rows = mine >= 0
    rows[rows] = duty[mine[rows], seen.classes[seen.date_day[rows]]]
    active = np.bincount(mine[rows], minlength=len(chosen))
    start, stop = _ends(mine, seen.date_day, len(chosen))
    due = ((before[:, stop + 1] - before[:, start]).T * duty).sum(axis=1)
    empty = 1 - active / np.maximum(due, 1)
    found = np.flatnonzero((length >= _ABSENT_DATES) & (active[of] * empty[of] ** length < _CHANCE))

    of, first, last = of[found], first[found], last[found]
    while (off := ~duty[of, seen.classes[first]]).any():
        first = first + off
    while (off := ~duty[of, seen.classes[last]]).any():
        last = last - off
    return pd.DataFrame(
        {"resource": chosen[of], "from_day": first + seen.first_day, "to_day": last + seen.first_day}, dtype=np.int64
    )


def _spells(of: Ints, begun: Any, ended: Any, first_day: int) -> tuple[Ints, Ints, Ints]:
    """Return whose instances are in progress from which day to which; a missing stamp makes it the day of the other."""
    rows = (of >= 0) & ~(np.isnat(begun) & np.isnat(ended))
    a, b = begun[rows], ended[rows]
    a, b = np.where(np.isnat(a), b, a).astype(np.int64), np.where(np.isnat(b), a, b).astype(np.int64)
    return of[rows], np.minimum(a, b) // _DAY - first_day, np.maximum(a, b) // _DAY - first_day


def _ends(mine: Ints, day: Ints, n: int) -> tuple[Ints, Ints]:
    """Return the first and last active day of each; rows are sorted by owner and day."""
    rows = np.flatnonzero(mine >= 0)
    many = np.bincount(mine[rows], minlength=n)
    last = np.cumsum(many) - 1
    return day[rows[last - many + 1]], day[rows[last]]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
