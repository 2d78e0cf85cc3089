"""Colours and the classes of working time, alike in every picture. Darker is longer, also in grey print."""

from __future__ import annotations

import math
from itertools import pairwise

from flowaudit.messages import Language
from flowaudit.messages import translate as _

HOURS_PER_DAY = 7.0
"""Office hours of one working day (09:00-12:00, 13:00-17:00), to speak of long times in days."""

BOUNDS_DAYS = (0.5, 1.0, 3.0, 5.0)
"""Fixed, so that a map before and one after can be laid side by side."""

FILLS = ("#f5f7f9", "#dde6ee", "#bccfdf", "#8fb0ca", "#4d7ca3")
STROKES = ("#b3bbc3", "#8e9aa6", "#68798a", "#40576f", "#14304d")
INK, PALE_INK = "#1a1a1a", "#ffffff"
MUTED, GRID, LANE, LANE_EDGE, BAND = "#5b6570", "#d5dade", "#f7f8f9", "#c3c9cf", "#e9edf1"
GONE, NEW, MERGED, CHANGED = "#9aa1a8", "#1d5f3a", "#f0d9a8", "#9a4a12"
BEFORE, AFTER, ADDED = "#a9b4bf", "#2f5f8a", "#8a5a2f"


def time_class(hours: float | None) -> int | None:
    """Return the class 0..4 of a working time in hours, None where it is unknown."""
    if hours is None or math.isnan(hours):
        return None
    days = hours / HOURS_PER_DAY
    return sum(days > bound for bound in BOUNDS_DAYS)


def time_words(hours: float | None, lang: Language) -> str:
    """Return a working time for a label: hours below one day, else days of seven hours; empty where unknown.

    Examples
    --------
    >>> time_words(3.5, "en"), time_words(14.0, "en")
    ('3.5 h', '2.0 d')
    """
    if hours is None or math.isnan(hours):
        return ""
    if hours < 0.05:
        return _("<0.1 h", lang=lang)
    if hours < HOURS_PER_DAY:
        return _("{hours:.1f} h", lang=lang, hours=hours)
    return _("{days:.1f} d", lang=lang, days=hours / HOURS_PER_DAY)


def class_words(lang: Language) -> list[str]:
    """Return the legend of the five classes."""
    bounds = [f"{b:g}" for b in BOUNDS_DAYS]
    inner = [f"{a}–{b}" for a, b in pairwise(bounds)]
    return [f"≤{bounds[0]}", *inner, f">{bounds[-1]}"]
