"""Operational time: when things move in this office, hour by hour.

A delay of "two working days" must not be drawn in wall-clock hours: it would end at night or on a holiday. An
operational clock counts only the time in which the office, or one activity, is seen to move. Its rate is read off
the log by day class and hour; cumulated, it turns wall time into operational hours and back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowaudit.worktime import Calendar

Array = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.datetime64]

DAY_CLASSES = 7
"""Monday to Friday on working days (0-4), made-up working weekends (5), days off (6)."""

PSEUDO_STAMPS = 20.0
"""How many stamps of the whole log's profile are mixed into one activity's own profile."""

FLOOR = 0.01
"""Least rate of a delay clock, as a share of the mean: nothing is quite impossible, and the clock can be inverted."""


@dataclass(frozen=True)
class Profile:
    """Rate of movement by day class and hour; mean 1 over an ordinary week.

    Attributes
    ----------
    rates : array, shape (7, 24)
        See ``DAY_CLASSES``.
    """

    rates: Array

    def cumulative(self, classes: npt.NDArray[np.int64]) -> Array:
        """Return operational hours elapsed at every full hour since the first of the days given by class."""
        elapsed: Array = np.r_[0.0, np.cumsum(self.rates[classes].ravel())]
        return elapsed


def day_classes(first: np.datetime64, n_days: int, calendar: Calendar) -> npt.NDArray[np.int64]:
    """Return the day class of ``n_days`` days from ``first``.

    Days outside the calendar's data are taken as Monday to Friday working: the simulation may run past the last
    published notice, but nothing it says about such days reaches a figure (see ``Runs.beyond_calendar``).
    """
    days = first.astype("datetime64[D]") + np.arange(n_days).astype("timedelta64[D]")
    weekday = (days.astype(np.int64) + 3) % 7
    working = weekday < 5
    known = np.ones(n_days, bool)
    if calendar.first is not None:
        known &= days >= np.datetime64(calendar.first)
    if calendar.last is not None:
        known &= days <= np.datetime64(calendar.last)
    if known.any():
        working[known] = calendar.is_workday(days[known])
    return np.where(working, np.where(weekday < 5, weekday, 5), 6)


def mine_profile(stamps: Stamps, calendar: Calendar, *, prior: Profile | None = None, floor: float = FLOOR) -> Profile:
    """Read the profile of a set of stamps, shrunk to ``prior`` by ``PSEUDO_STAMPS``."""
    stamps = stamps[~np.isnat(stamps)]
    counts = np.zeros((DAY_CLASSES, 24))
    days_seen = np.ones(DAY_CLASSES)
    if len(stamps):
        first = stamps.min().astype("datetime64[D]")
        day = (stamps.astype("datetime64[D]") - first).astype(np.int64)
        classes = day_classes(first, int(day.max()) + 1, calendar)
        hour = (stamps.astype("datetime64[h]") - stamps.astype("datetime64[D]")).astype(np.int64)
        np.add.at(counts, (classes[day], hour), 1.0)
        days_seen = np.maximum(np.bincount(classes, minlength=DAY_CLASSES).astype(float), 1.0)
    rates = counts / days_seen[:, None]
    # Made-up working weekends are too rare to have a profile of their own: an average working day.
    rates[5] = rates[:5].mean(axis=0)
    week = rates[:5].sum() + 2 * rates[6].sum()
    rates = rates * (168.0 / week) if week > 0 else np.ones_like(rates)
    if prior is not None:
        weight = len(stamps) / (len(stamps) + PSEUDO_STAMPS)
        rates = weight * rates + (1 - weight) * prior.rates
    return Profile(np.maximum(rates, floor))


def open_hours(profile: Profile, *, share: float = 0.05) -> Profile:
    """Return the hours in which the office works: 1 where the rate is at least ``share`` of the busiest, else 0."""
    rates = (profile.rates >= share * profile.rates.max()).astype(float)
    return Profile(rates)


def hours_since(stamps: Stamps, origin: np.datetime64) -> Array:
    """Return wall-clock hours since ``origin`` (NaN for NaT)."""
    delta = (stamps - origin.astype("datetime64[us]")) / np.timedelta64(1, "h")
    return np.asarray(delta, float)


def forward(cumulative: Array, hours: Array) -> Array:
    """Return operational hours at wall-clock ``hours``; linear past the horizon at the mean rate."""
    last = len(cumulative) - 1
    mean_rate = cumulative[-1] / last
    inside = np.interp(np.clip(hours, 0, last), np.arange(last + 1), cumulative)
    value: Array = inside + np.maximum(hours - last, 0) * mean_rate
    return value
