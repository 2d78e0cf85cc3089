"""Whether an activity is dealt with at set times of the week only: a weekly meeting, a daily release."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowaudit.process.clock import SLOTS, Profile
from flowaudit.worktime import CLASSES, MAKE_UP

LEAST = 40
"""Fewer starts than this tell no rule."""

DATES = 8
"""Nor do fewer dates."""

AT_SLOTS = 0.95
"""Share of the starts that must lie at the set times."""

TOGETHER = 0.6
"""Share of the starts that must coincide, to the minute, with another one of the activity."""

MOST_SLOTS_A_DAY = 1
MOST_WEEKDAYS = 5


def find_gate(starts: npt.NDArray[np.datetime64]) -> Profile | None:
    """Return the half hours of the week in which an activity starts, if these are few and cases start together in them.

    Parameters
    ----------
    starts : array of datetime64 (n,)

    Returns
    -------
    Profile or None
        Rate 1 in the half hours in which cases are let go, else 0. A meeting that falls on a holiday is left out.

    Notes
    -----
    [own] A rule is seen where nearly all starts (``AT_SLOTS``) lie in one half hour of the day, most of them (``TOGETHER``)
    at the same minute as another. Stamps at midnight are dates without an hour and say nothing.
    """
    starts = starts[~np.isnat(starts)]
    day = starts.astype("datetime64[D]")
    minute = (starts.astype("datetime64[m]") - day).astype(np.int64)
    if len(starts) < LEAST or len(np.unique(day)) < DATES or (minute == 0).mean() > 1 - AT_SLOTS:
        return None
    _stamp, times = np.unique(starts.astype("datetime64[m]"), return_counts=True)
    if times[times > 1].sum() < TOGETHER * len(starts):
        return None
    weekday = (day.astype(np.int64) + 3) % 7
    cells = np.zeros((7, SLOTS), np.int64)
    np.add.at(cells, (weekday, minute * SLOTS // 1440), 1)
    kept = np.zeros((7, SLOTS), bool)
    for d in range(7):
        best = np.argsort(-cells[d], kind="stable")[:MOST_SLOTS_A_DAY]
        kept[d, best] = cells[d, best] >= 0.02 * len(starts)
    if cells[kept].sum() < AT_SLOTS * len(starts) or kept.any(axis=1).sum() > MOST_WEEKDAYS:
        return None
    rates = np.zeros((CLASSES, SLOTS))
    rates[:7] = kept
    if kept[:5].any(axis=1).sum() >= 4:
        rates[MAKE_UP] = kept[:5].any(axis=0)
    return Profile(rates)
