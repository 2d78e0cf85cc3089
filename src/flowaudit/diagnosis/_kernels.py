"""The passes of the diagnosis over all events, compiled. Stamps are int64 microseconds; rows of a case lie together."""

from __future__ import annotations

import numpy as np
from numba import njit

SHORT = 64
"""Cases of fewer rows are gone through row by row."""
CELLS = 4_000_000
"""Cells of the table of a long case at most."""


@njit(cache=True, nogil=True)
def saved(ptr, activity, part, beside, concurrent, enabled, ended, begin, end, removed, cases):  # type: ignore[no-untyped-def]
    """Working days by which each of some cases would end earlier; see ``Flow.saved``.

    ``begin, end`` are the recorded stamps: they say who could have enabled whom. ``part`` is the item each row belongs to
    (-1: all of them): its rows wait for each other, its first one for any. ``enabled, ended, removed`` are working days, NaN
    where a stamp is missing.
    """
    out = np.zeros(len(cases), np.float64)
    longest = 0
    for c in cases:
        longest = max(longest, ptr[c + 1] - ptr[c])
    shift = np.empty(longest, np.float64)
    for k in range(len(cases)):
        a, b = ptr[cases[k]], ptr[cases[k] + 1]
        if b - a < SHORT or not _long_case(
            a, b, activity, part, beside, concurrent, enabled, ended, begin, end, removed, shift
        ):
            _short_case(a, b, activity, part, beside, concurrent, enabled, ended, begin, end, removed, shift)
        last, new_last = -np.inf, -np.inf
        for i in range(a, b):
            if ended[i] > last:
                last = ended[i]
            if ended[i] - shift[i - a] > new_last:
                new_last = ended[i] - shift[i - a]
        if last > new_last > -np.inf:
            out[k] = last - new_last
    return out


@njit(inline="always")
def _moved(enabled, any_, own, first):  # type: ignore[no-untyped-def]
    """How much earlier a row is enabled, by the new ends of those that could have enabled it."""
    new = any_ if first or own == -np.inf else own
    moved = enabled - new if new > -np.inf else 0.0
    return moved if moved > 0 else 0.0


@njit(cache=True, nogil=True)
def _short_case(a, b, activity, part, beside, concurrent, enabled, ended, begin, end, removed, shift):  # type: ignore[no-untyped-def]
    """Say how much earlier each row of a case ends, every two rows looked at."""
    for i in range(a, b):
        own = beside[activity[i]]
        new_any, new_own, first = -np.inf, -np.inf, True
        for j in range(i - 1, a - 1, -1):
            mine = part[i] >= 0 and part[j] == part[i]
            if mine:
                first = False
            if end[j] <= begin[i] and not concurrent[beside[activity[j]], own]:
                at = ended[j] - shift[j - a]
                if at > new_any:
                    new_any = at
                if (mine or part[i] < 0 or part[j] < 0) and at > new_own:
                    new_own = at
        shift[i - a] = _moved(enabled[i], new_any, new_own, first) + removed[i]


@njit(cache=True, nogil=True)
def _long_case(a, b, activity, part, beside, concurrent, enabled, ended, begin, end, removed, shift):  # type: ignore[no-untyped-def]
    """Do the same with the latest new end of each item and activity in a table, which grows along the case.

    Returns
    -------
    bool
        False where the rows do not lie in the order of their beginnings, or the table would be too large.
    """
    top = np.int64(-1)
    for i in range(a, b):
        if i > a and begin[i] < begin[i - 1]:
            return False
        top = max(top, np.int64(part[i]))
    kind, item = np.full(len(concurrent), -1, np.int64), np.full(top + 2, -1, np.int64)
    kinds, items = 0, 1
    kind_name = np.empty(min(len(concurrent), b - a), np.int64)
    item[0] = 0
    for i in range(a, b):
        k = beside[activity[i]]
        if kind[k] < 0:
            kind[k], kind_name[kinds] = kinds, k
            kinds += 1
        if item[part[i] + 1] < 0:
            item[part[i] + 1] = items
            items += 1
    if kinds * items > CELLS:
        return False
    latest = np.full((items, kinds), -np.inf)
    of_any = np.full(kinds, -np.inf)
    begun = np.zeros(items, np.bool_)
    # every row waits in a list of the row from which on it may enable others
    head, following = np.full(b - a, -1, np.int64), np.empty(b - a, np.int64)
    for i in range(a, b):
        j = head[i - a]
        while j >= 0:
            at = ended[j] - shift[j - a]
            k, p = kind[beside[activity[j]]], item[part[j] + 1]
            if at > latest[p, k]:
                latest[p, k] = at
            if at > of_any[k]:
                of_any[k] = at
            j = following[j - a]
        own, p = beside[activity[i]], item[part[i] + 1]
        new_any, new_own = -np.inf, -np.inf
        for k in range(kinds):
            if of_any[k] > new_any or (part[i] >= 0 and max(latest[p, k], latest[0, k]) > new_own):
                if concurrent[kind_name[k], own]:
                    continue
                new_any = max(new_any, of_any[k])
                new_own = max(new_own, latest[p, k], latest[0, k])
        if part[i] < 0:
            new_own = new_any
        shift[i - a] = _moved(enabled[i], new_any, new_own, not begun[p]) + removed[i]
        begun[p] = part[i] >= 0
        low, high = i + 1, b
        while low < high:
            middle = (low + high) // 2
            if begin[middle] >= end[i]:
                high = middle
            else:
                low = middle + 1
        if low < b:
            following[i - a] = head[low - a]
            head[low - a] = i
    return True
