"""The hours of a working day in which an office is open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _

MICROSECONDS_PER_HOUR = 3_600_000_000


def _hour(text: str) -> float:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    if not found or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 24 * 60:
        raise UsageError(
            _("'{text}' is not a time of day.", text=text), hint='spans=(("09:00", "12:00"), ("13:00", "17:00"))'
        )
    return int(found[1]) + int(found[2]) / 60


@dataclass(frozen=True)
class OfficeHours:
    """The spans of a working day in which an office is open; the gap between two spans is the lunch break.

    Attributes
    ----------
    spans : tuple of (str, str)
        Opening and closing times ``"HH:MM"`` in order, not overlapping. Default 09:00-12:00 and 13:00-17:00.

    Raises
    ------
    UsageError
        If a time cannot be read, or spans overlap or are out of order.

    Examples
    --------
    >>> OfficeHours().hours_per_day
    7.0
    >>> OfficeHours((("09:00", "17:00"),)).hours_per_day
    8.0
    """

    spans: tuple[tuple[str, str], ...] = (("09:00", "12:00"), ("13:00", "17:00"))

    def __post_init__(self) -> None:
        hours = self._hours
        if not hours or any(second <= first for first, second in pairwise(hours)):
            raise UsageError(
                _("office hours must be spans in order that do not overlap; got {spans}.", spans=self.spans),
                hint='spans=(("09:00", "12:00"), ("13:00", "17:00"))',
            )

    @property
    def _hours(self) -> list[float]:
        return [_hour(text) for span in self.spans for text in span]

    @property
    def hours_per_day(self) -> float:
        """Office hours of one working day."""
        hours = self._hours
        return sum(close - opening for opening, close in zip(hours[::2], hours[1::2], strict=True))

    def elapsed(self, microsecond_of_day: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the office hours between midnight and each moment of a working day (piecewise linear)."""
        knots = self._hours
        steps = np.diff(np.asarray(knots))
        steps[1::2] = 0.0
        return np.interp(microsecond_of_day / MICROSECONDS_PER_HOUR, knots, np.r_[0.0, np.cumsum(steps)])
