"""Three rulers for time: natural days, working days, office hours.

A stamp becomes its position on a ruler: how many days, working days or office seconds lie between the log's first day
and it. Positions never fall as time goes on, so the length of any union of intervals is a difference of positions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flowaudit.metrics import _arrays as arrays
from flowaudit.worktime import Calendar, OfficeHours

Ruler = Callable[[arrays.Stamps], arrays.Floats]

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Axes:
    """The rulers of one calendar, from one day on."""

    calendar: Calendar
    origin: np.datetime64
    office: OfficeHours | None = None

    @property
    def _bounds(self) -> tuple[np.datetime64, np.datetime64]:
        first, last = self.calendar.first, self.calendar.last
        low = np.datetime64("1678-01-01" if first is None else first, "us")
        high = np.datetime64("2262-01-01" if last is None else last, "us") + _DAY
        return low, high

    @property
    def last_day(self) -> np.datetime64:
        """The last day the calendar knows."""
        day: np.datetime64 = (self._bounds[1] - _DAY).astype("datetime64[D]")
        return day

    def unknown(self, stamps: arrays.Stamps) -> arrays.Bools:
        """Mark the stamps in a year of which the calendar knows nothing."""
        low, high = self._bounds
        with np.errstate(invalid="ignore"):
            return (stamps < low) | (stamps >= high)

    def _inside(self, stamps: arrays.Stamps) -> arrays.Stamps:
        return np.where(self.unknown(stamps), np.datetime64("NaT", "us"), stamps)

    def natural(self, stamps: arrays.Stamps) -> arrays.Floats:
        """Return the number of the day, NaN where a stamp is missing."""
        days = (stamps.astype("datetime64[D]") - self.origin) / _DAY
        return np.asarray(days, np.float64)

    def working(self, stamps: arrays.Stamps) -> arrays.Floats:
        """Return the working days up to and with the day, NaN where a stamp is missing or its year unknown."""
        return np.asarray(self.calendar.working_days(self.origin, self._inside(stamps)), np.float64)

    def office_seconds(self, stamps: arrays.Stamps) -> arrays.Floats:
        """Return the seconds of office hours before the moment, NaN where a stamp is missing or its year unknown."""
        hours = self.calendar.working_time(self.origin, self._inside(stamps), self.office)
        return np.asarray(np.rint(hours * 3600), np.float64)


def axes_of(calendar: Calendar, office: OfficeHours | None, *stamps: arrays.Stamps) -> Axes:
    """Return rulers that begin on the first day of the stamps (the first one the calendar knows)."""
    axes = Axes(calendar, np.datetime64("1970-01-01", "D"), office)
    known = [s[~np.isnat(s) & ~axes.unknown(s)] for s in stamps]
    first = min((s.min() for s in known if len(s)), default=axes._bounds[0])
    return Axes(calendar, first.astype("datetime64[D]"), office)


def midnight(stamps: arrays.Stamps) -> arrays.Bools:
    """Mark the stamps that are a date without a time of day."""
    return np.asarray(stamps == stamps.astype("datetime64[D]"))
