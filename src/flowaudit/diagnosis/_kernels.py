"""The passes of the diagnosis over all events, compiled. Stamps are int64 microseconds; rows of a case lie together."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def saved(ptr, activity, part, beside, concurrent, enabled, ended, begin, end, removed, cases):  # type: ignore[no-untyped-def]
    """Working days by which each of some cases would end earlier; see ``Flow.saved``.

    ``begin, end`` are the recorded stamps: they say who could have enabled whom. ``part`` is the item each row belongs to
    (-1: all of them): its rows wait for each other, its first one for any. ``enabled, ended, removed`` are working days.
    """
    out = np.zeros(len(cases), np.float64)
    longest = 0
    for c in cases:
        longest = max(longest, ptr[c + 1] - ptr[c])
    shift = np.empty(longest, np.float64)
    for k in range(len(cases)):
        a, b = ptr[cases[k]], ptr[cases[k] + 1]
        last, new_last = -np.inf, -np.inf
        for i in range(a, b):
            own = beside[activity[i]]
            new_any, new_own, first = -np.inf, -np.inf, True
            for j in range(i - 1, a - 1, -1):
                mine = part[i] >= 0 and part[j] == part[i]
                if mine:
                    first = False
                if end[j] <= begin[i] and not concurrent[beside[activity[j]], own]:
                    at = ended[j] - shift[j - a]
                    new_any = max(new_any, at)
                    if mine or part[i] < 0 or part[j] < 0:
                        new_own = max(new_own, at)
            new_enabled = new_any if first or new_own == -np.inf else new_own
            moved = enabled[i] - new_enabled if new_enabled > -np.inf else 0.0
            shift[i - a] = max(moved, 0.0) + removed[i]
            last = max(last, ended[i])
            new_last = max(new_last, ended[i] - shift[i - a])
        out[k] = max(last - new_last, 0.0)
    return out
