"""Round dates for an axis of time."""

from __future__ import annotations

import pandas as pd

_STEPS = (
    ("h", (1, 3, 6, 12), "%m-%d %H:%M"),
    ("D", (1, 2, 7, 14), "%Y-%m-%d"),
    ("MS", (1, 3, 6), "%Y-%m"),
    ("YS", (1, 2, 5, 10, 20, 50, 100), "%Y"),
)


def date_ticks(first: pd.Timestamp, last: pd.Timestamp, wanted: int = 7) -> list[tuple[pd.Timestamp, str]]:
    """Return at most ``wanted`` round moments within ``first .. last``, as dense as that allows, with their labels.

    Examples
    --------
    >>> [label for _moment, label in date_ticks(pd.Timestamp("2024-01-20"), pd.Timestamp("2024-09-02"), 4)]
    ['2024-04', '2024-07']
    """
    for unit, steps, label in _STEPS:
        # A year is some 8766 hours: of long spans hours are not even listed.
        rough = {"h": 3600, "D": 86_400, "MS": 2_600_000, "YS": 31_500_000}[unit]
        every = (last - first).total_seconds() / rough
        for step in steps:
            if every / step > wanted + 1:
                continue
            moments = _moments(first, last, unit, step)
            if len(moments) <= wanted:
                return [(moment, moment.strftime(label)) for moment in moments]
    return []


def _moments(first: pd.Timestamp, last: pd.Timestamp, unit: str, step: int) -> list[pd.Timestamp]:
    """Return the multiples of a step: hours of the day, weeks from Monday, months of the year, round years."""
    grid = pd.date_range(first.normalize() if unit in "hD" else first.normalize().replace(day=1), last, freq=unit)
    kept = []
    for moment in grid:
        place = {
            "h": moment.hour,
            "D": moment.toordinal() - 1,
            "MS": moment.month - 1,
            "YS": moment.year,
        }[unit]
        if place % step == 0 and moment >= first:
            kept.append(moment)
    return kept
