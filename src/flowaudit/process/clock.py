"""Operational time: when things move in this office, half hour by half hour.

A delay of "two working days" must not be drawn in wall-clock hours: it would end at night or on a holiday. An
operational clock counts only the time in which the office, one activity, or one officer is seen to move. Its rate is
read off the log by day class and hour (an officer's hours by half hour); cumulated, it turns wall time into operational hours and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowaudit.worktime import CLASSES, HOLIDAY, MAKE_UP, Calendar, day_classes

Array = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.datetime64]

SLOTS = 48
"""Slots of a day: half hours."""

PSEUDO_STAMPS = 20.0
"""How many stamps of the whole log's profile are mixed into one activity's own, and of all days' into one day class's."""

RARE_DATES = 5
"""Make-up days and holidays have a profile of their own from so many dates on which something happened."""


@dataclass(frozen=True, eq=False)
class Profile:
    """Rate of movement by day class and half hour.

    Attributes
    ----------
    rates : array, shape (9, 48)
        Day classes 0-6 are Monday to Sunday, 7 a make-up working day, 8 a public holiday. Delay clocks have mean 1 over an
        ordinary week; working hours are 0 or 1 (or the open share of the half hour).
    """

    rates: Array

    def within(self) -> Array:
        """Return operational hours since midnight at every half hour, shape (9, 49)."""
        return np.concatenate([np.zeros((CLASSES, 1)), np.cumsum(self.rates, axis=1)], axis=1) * (24.0 / SLOTS)

    def hours_per_week(self) -> float:
        """Return the operational hours of an ordinary week."""
        return float(self.rates[:7].sum() * 24.0 / SLOTS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and np.array_equal(self.rates, other.rates)

    def __hash__(self) -> int:
        return hash(self.rates.tobytes())


@dataclass(frozen=True, eq=False)
class Timeline:
    """Days from an origin with their classes: what profiles are laid out over.

    Attributes
    ----------
    origin : datetime64[D]
    classes : array of int64 (n_days,)
    """

    origin: np.datetime64
    classes: npt.NDArray[np.int64]

    @classmethod
    def spanning(cls, first: np.datetime64, last: np.datetime64, calendar: Calendar) -> Timeline:
        """Lay out the days from the one before ``first`` to the one after ``last``."""
        origin = (first - np.timedelta64(1, "D")).astype("datetime64[D]")
        n_days = int((last.astype("datetime64[D]") - origin).astype(np.int64)) + 2
        classes = day_classes(calendar, int(origin.astype(np.int64)), n_days)
        return cls(origin, classes.astype(np.int64))

    def hours(self, stamps: Stamps) -> Array:
        """Return wall-clock hours since the origin (NaN for NaT)."""
        delta = (stamps - self.origin.astype("datetime64[us]")) / np.timedelta64(1, "h")
        return np.asarray(delta, float)

    def before_day(self, profiles: Sequence[Profile]) -> Array:
        """Return operational hours before each day, shape (n_profiles, n_days + 1)."""
        out = np.zeros((len(profiles), len(self.classes) + 1))
        for k, profile in enumerate(profiles):
            np.cumsum(profile.within()[self.classes, -1], out=out[k, 1:])
        return out

    def operational(self, profile: Profile, hours: Array) -> Array:
        """Return operational hours elapsed at wall-clock ``hours`` since the origin; NaN stays NaN.

        Before the origin nothing has elapsed; past the last day the clock goes on at its mean rate.
        """
        within, before = profile.within(), self.before_day([profile])[0]
        end = 24.0 * len(self.classes)
        known = np.nan_to_num(np.clip(hours, 0.0, end), nan=0.0)
        day = np.minimum((known // 24).astype(np.int64), len(self.classes) - 1)
        place = (known - 24.0 * day) * (SLOTS / 24.0)
        slot = np.minimum(place.astype(np.int64), SLOTS - 1)
        kind = self.classes[day]
        value = before[day] + within[kind, slot] + (place - slot) * (within[kind, slot + 1] - within[kind, slot])
        value += np.maximum(np.nan_to_num(hours) - end, 0.0) * (before[-1] / end)
        return np.asarray(np.where(np.isnan(hours), np.nan, value), float)


def mine_profile(stamps: Stamps, calendar: Calendar, *, prior: Profile | None = None) -> Profile:
    """Read the hourly profile of a set of stamps, shrunk to ``prior`` by ``PSEUDO_STAMPS``.

    Half hours in which nothing ever happened have rate 0: nothing will. Make-up working days take the average of Monday to Friday, and public holidays that of the weekend, unless something
    happened on ``RARE_DATES`` of them.
    """
    stamps = stamps[~np.isnat(stamps)]
    counts = np.zeros((CLASSES, 24))
    days_seen = np.ones(CLASSES)
    active = np.zeros(CLASSES)
    if len(stamps):
        first = stamps.min().astype("datetime64[D]")
        day = (stamps.astype("datetime64[D]") - first).astype(np.int64)
        classes = day_classes(calendar, int(first.astype(np.int64)), int(day.max()) + 1).astype(np.int64)
        hour = (stamps.astype("datetime64[h]") - stamps.astype("datetime64[D]")).astype(np.int64)
        np.add.at(counts, (classes[day], hour), 1.0)
        days_seen = np.maximum(np.bincount(classes, minlength=CLASSES).astype(float), 1.0)
        active = np.bincount(classes[np.unique(day)], minlength=CLASSES).astype(float)
    # Few stamps on a kind of day say how much happens on it, but hardly at which hours: these are shrunk to all days'.
    per_day, all_days = counts.sum(axis=1, keepdims=True), counts.sum(axis=0)
    usual = all_days / max(all_days.sum(), 1.0)
    counts = per_day * (counts + PSEUDO_STAMPS * usual) / (per_day + PSEUDO_STAMPS)
    rates = counts / days_seen[:, None]
    if active[MAKE_UP] < RARE_DATES:
        rates[MAKE_UP] = rates[:5].mean(axis=0)
    if active[HOLIDAY] < RARE_DATES:
        rates[HOLIDAY] = rates[5:7].mean(axis=0)
    week = rates[:7].sum()
    rates = rates * (168.0 / week) if week > 0 else np.ones_like(rates)
    rates = np.repeat(rates, SLOTS // 24, axis=1)
    if prior is not None:
        weight = len(stamps) / (len(stamps) + PSEUDO_STAMPS)
        rates = weight * rates + (1 - weight) * prior.rates
    return Profile(rates)


def open_hours(profile: Profile, *, share: float = 0.05) -> Profile:
    """Return the hours in which the office works: 1 where the rate is at least ``share`` of the busiest, else 0."""
    return Profile((profile.rates >= share * profile.rates.max()).astype(float))


def always() -> Profile:
    """Return the profile of an office that never closes: operational time is wall-clock time."""
    return Profile(np.ones((CLASSES, SLOTS)))


def weekly(hours: dict[int, Sequence[tuple[float, float]]]) -> Profile:
    """Return working hours stated by weekday (0 is Monday), as spans of hours of the day; holidays are off.

    Make-up working days follow Monday. Half hours are the finest grain; a part of one counts by its share.

    Examples
    --------
    >>> weekly({d: [(9, 12), (13, 17.5)] for d in range(5)}).hours_per_week()
    37.5
    """
    rates = np.zeros((CLASSES, SLOTS))
    edges = np.arange(SLOTS + 1) * (24.0 / SLOTS)
    for weekday, spans in hours.items():
        for begin, end in spans:
            covered = np.minimum(edges[1:], end) - np.maximum(edges[:-1], begin)
            rates[weekday] += np.maximum(covered, 0.0) * (SLOTS / 24.0)
    rates[MAKE_UP] = rates[0]
    return Profile(np.minimum(rates, 1.0))
