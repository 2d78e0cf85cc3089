"""Working days of the official Chinese calendar, by rank."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import chinese_calendar


class Days:
    """The working days from a first day on; rank 0 is the first of them.

    Two ranks differ by the working days between their dates (first day not counted, last one counted), so a plan in
    ranks has the end-to-end time it is meant to have.
    """

    def __init__(self, first: date, last: date) -> None:
        every = (first + timedelta(n) for n in range((last - first).days + 1))
        self.working = [day for day in every if chinese_calendar.is_workday(day)]

    def at(self, rank: int, minute: int) -> datetime:
        """Return a minute of the day (from midnight) of a working day."""
        return datetime.combine(self.working[rank], time()) + timedelta(minutes=minute)

    def rest_after(self, rank: int, minute: int) -> datetime | None:
        """Return that minute of the first day off after a working day, None where the next day is worked, too.

        No working day lies between the two: a plan may begin there without growing longer or shorter.
        """
        day = self.working[rank] + timedelta(1)
        return None if day == self.working[rank + 1] else datetime.combine(day, time()) + timedelta(minutes=minute)

    def until(self, last: date) -> int:
        """Return how many working days lie before or on a date."""
        return sum(day <= last for day in self.working)
