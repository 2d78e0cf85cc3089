"""Office hours on official Chinese working days, in whole seconds since the origin of the simulation."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta

import chinese_calendar

from restaurant_model.settings import CLOCKS, ORIGIN, ClockRule

LAST_PLANNED = date(2025, 12, 31)


def seconds(moment: datetime) -> int:
    """Return the seconds since the origin."""
    return int((moment - ORIGIN).total_seconds())


def moment(second: int) -> datetime:
    """Return the wall time of a second."""
    return ORIGIN + timedelta(seconds=second)


def is_workday(day: date) -> bool:
    """Say whether the State Council's calendar has this day as a working day."""
    return bool(chinese_calendar.is_workday(day))


class Clock:
    """The open spans of one pool.

    Work that would not end before the break or the closing hour is begun in a later span, so that the stamps of an
    event enclose nothing but work.
    """

    def __init__(self, rule: ClockRule) -> None:
        self.opens: list[int] = []
        self.closes: list[int] = []
        for day in _days(rule):
            for (h1, m1), (h2, m2) in rule.spans:
                self.opens.append(seconds(datetime(day.year, day.month, day.day, h1, m1)))
                self.closes.append(seconds(datetime(day.year, day.month, day.day, h2, m2)))

    def span_at(self, second: int) -> int:
        """Return the index of the span that is open, or else the next one."""
        return bisect_right(self.closes, second)

    def fit(self, second: int, length: int) -> int:
        """Return the earliest start at or after ``second`` from which ``length`` seconds lie in one span."""
        span = self.span_at(second)
        while max(second, self.opens[span]) + length > self.closes[span]:
            span += 1
        return max(second, self.opens[span])

    def add(self, second: int, open_seconds: int) -> int:
        """Return the moment that lies so many open seconds later."""
        span = self.span_at(second)
        at = max(second, self.opens[span])
        while open_seconds > self.closes[span] - at:
            open_seconds -= self.closes[span] - at
            span += 1
            at = self.opens[span]
        return at + open_seconds

    def open_between(self, first: date, last: date) -> int:
        """Return the open seconds from the morning of the first day to the evening of the last."""
        low = seconds(datetime(first.year, first.month, first.day))
        high = seconds(datetime(last.year, last.month, last.day)) + 86_400
        return sum(c - o for o, c in zip(self.opens, self.closes, strict=True) if low <= o and c <= high)


def clocks() -> dict[str, Clock]:
    """Return one clock for each rule."""
    return {name: Clock(rule) for name, rule in CLOCKS.items()}


def _days(rule: ClockRule) -> list[date]:
    start = ORIGIN.date()
    working = [d for d in (start + timedelta(n) for n in range((LAST_PLANNED - start).days + 1)) if is_workday(d)]
    if rule.weekly_on is not None:
        first = start + timedelta((rule.weekly_on - start.weekday()) % 7)
        wanted = [first + timedelta(7 * n) for n in range((LAST_PLANNED - first).days // 7)]
        return list(dict.fromkeys(next(d for d in working if d >= day) for day in wanted))
    if rule.weekdays is not None:
        return [d for d in working if d.weekday() in rule.weekdays]
    return working
