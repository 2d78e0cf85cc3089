"""The passes over all events, compiled: times between events by edge, enablers, overlaps.

All stamps are int64 microseconds, ``NAT`` where missing. Rows are counted from the tile's first one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NAT = np.iinfo(np.int64).min
DAY = 86_400_000_000
MINUTE = 60_000_000

SUB = 5
"""Each octave of a histogram is cut in 2**SUB bins: a bin is at most 3 % wide."""
ZERO = 64 << SUB
BINS = 2 * ZERO + 1
"""Bins of a histogram: negative values mirrored below ``ZERO``, positive ones above."""


@njit(inline="always")
def _bin(value):  # type: ignore[no-untyped-def]
    """The histogram's bin of a value: exponent and first digits of it as a floating-point number."""
    if value == 0:
        return ZERO
    bits = np.float64(abs(value)).view(np.int64)
    place = (bits >> (52 - SUB)) - (1023 << SUB)
    return ZERO + 1 + place if value > 0 else ZERO - 1 - place


@njit(inline="always")
def _open_until(stamp, day0, opened, workday, minute, working):  # type: ignore[no-untyped-def]
    """Open microseconds from the calendar's first day to a stamp not before it."""
    # Unsigned: Numba's signed floor division is a dozen times slower.
    since = np.uint64(stamp - day0 * DAY)
    day = since // np.uint64(DAY)
    rest = since - day * np.uint64(DAY)
    m = rest // np.uint64(MINUTE)
    return opened[day] + workday[day] * (minute[m] + working[m] * np.int64(rest - m * np.uint64(MINUTE)))


@njit(cache=True, nogil=True)
def extent(ptr, begun, end, instead, by_row, before):  # type: ignore[no-untyped-def]
    """First and last stamp at either end of a time between two events; ``NAT`` twice where there is none."""
    low, high = np.iinfo(np.int64).max, NAT
    row0 = ptr[0]
    for c in range(len(ptr) - 1):
        for i in range(ptr[c] + (not by_row) - row0, ptr[c + 1] - row0):
            j = np.int64(i - 1)
            if by_row:
                j = np.int64(before[i])
                if j < 0:
                    continue
            closed = end[i] if instead and begun[i] == NAT else begun[i]
            if closed == NAT or end[j] == NAT:
                continue
            if by_row and closed < end[j]:
                closed = end[j]
            low = min(low, closed, end[j])
            high = max(high, closed, end[j])
    if high == NAT:
        low = NAT
    return low, high


@njit(cache=True, nogil=True)
def gather(  # type: ignore[no-untyped-def]
    ptr, begun, end, before, edge_of_row, of_case, starts, edge_of_place, instead, by_row,
    day0, opened, workday, minute, working,
    collecting, base, cursor, bins, values, known, total,
):  # fmt: skip
    """One pass over the times between two events, by edge.

    The time runs from the earlier event's ``end`` to the later one's ``begun`` (with ``instead`` its ``end`` where that is
    missing). Which edge it
    belongs to is said by the place in the variant (``of_case, starts, edge_of_place``) or, where ``before`` names the
    earlier row of each row (-1: none), by ``edge_of_row``; ``not_before`` then lets no time be negative.

    Parameters
    ----------
    day0, opened, workday, minute, working
        Working calendar: open microseconds up to each day from ``day0`` on, which days are open, open microseconds up
        to each minute of an open day, which minutes are open. Without days the time is the calendar's.
    collecting : bool
        First pass (False): an edge with ``base`` -1 puts its values at ``cursor``, any other counts them in ``bins``;
        ``known`` and ``total`` grow. Second pass: of an edge with ``base`` >= 0 the values whose bin is marked (its
        number in ``bins``, not -1) go to the ``cursor`` of that number.
    """
    row0 = ptr[0]
    by_office = len(workday) > 0
    for c in range(len(ptr) - 1):
        a, b = ptr[c] - row0, ptr[c + 1] - row0
        away = 0
        if not by_row:
            away = starts[of_case[c]] - a
        for i in range(a + (not by_row), b):
            j = np.int64(i - 1)
            if by_row:
                e = np.int64(edge_of_row[i])
                if e < 0:
                    continue
                j = np.int64(before[i])
            else:
                e = np.int64(edge_of_place[i + away])
            if collecting and base[e] < 0:
                continue
            closed = begun[i]
            if instead and closed == NAT:
                closed = end[i]
            since = end[j]
            if closed == NAT or since == NAT:
                continue
            if by_row and closed < since:
                closed = since
            if by_office:
                value = _open_until(closed, day0, opened, workday, minute, working)
                value -= _open_until(since, day0, opened, workday, minute, working)
                if value < 0:
                    value = 0
            else:
                value = closed - since
            if collecting:
                k = np.int64(bins[base[e] + _bin(value)])
                if k >= 0:
                    values[cursor[k]] = value
                    cursor[k] += 1
            else:
                known[e] += 1
                total[e] += value
                if base[e] >= 0:
                    bins[base[e] + _bin(value)] += 1
                else:
                    values[cursor[e]] = value
                    cursor[e] += 1


@njit(cache=True, nogil=True)
def enablers(ptr, activity, begun, end, beside, concurrent, part):  # type: ignore[no-untyped-def]
    """Row of the enabler of every row of a tile, -1 where there is none. See ``enablement``.

    ``concurrent[beside[a], beside[b]]`` says whether two activities are; 0 stands for all that are with none. ``part`` is
    the part of the case each row belongs to (-1: all of them), or empty; the first row of a part may be enabled by any.
    Where ends never fall along a case, the nearest row that fits is the one that ended last.
    """
    row0 = ptr[0]
    parted = len(part) > 0
    found = np.full(len(activity), -1, np.int64)
    for c in range(len(ptr) - 1):
        a, b = ptr[c] - row0, ptr[c + 1] - row0
        rising = True
        for i in range(a + 1, b):
            if end[i] < end[i - 1]:
                rising = False
        for i in range(a + 1, b):
            start = begun[i] if begun[i] != NAT else end[i]
            own = beside[activity[i]]
            best, best_own, any_row, own_row = NAT, NAT, -1, -1
            first = True
            for j in range(i - 1, a - 1, -1):
                if parted and part[i] >= 0 and part[j] == part[i]:
                    first = False
                if end[j] <= start and not concurrent[beside[activity[j]], own]:
                    if end[j] > best:
                        best, any_row = end[j], j
                    if parted and end[j] > best_own and (part[i] < 0 or part[j] < 0 or part[j] == part[i]):
                        best_own, own_row = end[j], j
                    if rising and (not parted or (own_row >= 0 and not first)):
                        break
            found[i] = any_row if first or own_row < 0 else own_row
    return found


@njit(inline="always")
def _place(table, key):  # type: ignore[no-untyped-def]
    """Where a key stands in a table of open addressing, or would."""
    mask = len(table) - 1
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    place = np.int64((h ^ (h >> np.uint64(32))) & np.uint64(mask))
    while table[place] >= 0 and table[place] != key:
        place = (place + 1) & mask
    return place


@njit(cache=True, nogil=True)
def place_keys(table, number, keys, n):  # type: ignore[no-untyped-def]
    """Fill an empty table with the first ``n`` keys."""
    for e in range(n):
        place = _place(table, keys[e])
        table[place] = keys[e]
        number[place] = e


@njit(cache=True, nogil=True)
def edges_of_rows(  # type: ignore[no-untyped-def]
    ptr, activity, before, n, begin, first_case, table, number, keys, counts, cases, last_case, used, edge,
):  # fmt: skip
    """Number the edge of every row (-1 without an earlier row) in order of appearance; count rows and cases of each.

    Returns
    -------
    int
        The case that no longer fitted in, or the number of cases.
    int
        Edges so far.
    """
    row0 = ptr[0]
    for c in range(begin, len(ptr) - 1):
        a, b = ptr[c] - row0, ptr[c + 1] - row0
        if used + b - a > len(keys):
            return c, used
        for i in range(a, b):
            j = before[i]
            edge[i] = -1
            if j < 0:
                continue
            key = np.int64(activity[j]) * n + activity[i]
            place = _place(table, key)
            if table[place] < 0:
                table[place] = key
                number[place] = used
                keys[used] = key
                counts[used] = 0
                cases[used] = 0
                last_case[used] = -1
                used += 1
            e = number[place]
            edge[i] = e
            counts[e] += 1
            if last_case[e] != first_case + c:
                last_case[e] = first_case + c
                cases[e] += 1
    return len(ptr) - 1, used


@njit(cache=True, nogil=True)
def overlaps(ptr, activity, begun, end, n, begin, table, number, keys, counts, used):  # type: ignore[no-untyped-def]
    """Count for every two activities, smaller code first, the pairs of their instances of one case that overlap.

    Returns
    -------
    int, int
        As :func:`edges_of_rows`; also stops within a case whose overlaps no longer fit in, before counting any of it.
    """
    row0 = ptr[0]
    for c in range(begin, len(ptr) - 1):
        a, b = ptr[c] - row0, ptr[c + 1] - row0
        # Pairs of activities are numbered before any of the case is counted: as often as it takes, without harm.
        for counting in range(2):
            any_ = False
            for i in range(a, b - 1):
                for j in range(i + 1, b):
                    # A case is sorted by start: what begins after this one's end is followed by nothing that overlaps.
                    start = begun[j] if begun[j] != NAT else end[j]
                    if start >= end[i]:
                        break
                    x, y = activity[i], activity[j]
                    if x == y:
                        continue
                    any_ = True
                    key = np.int64(min(x, y)) * n + max(x, y)
                    place = _place(table, key)
                    if counting:
                        counts[number[place]] += 1
                    elif table[place] < 0:
                        if used == len(keys):
                            return c, used
                        table[place] = key
                        number[place] = used
                        keys[used] = key
                        counts[used] = 0
                        used += 1
            if not any_:
                break
    return len(ptr) - 1, used
