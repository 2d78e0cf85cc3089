"""The split of every waiting window into its causes, compiled. Stamps are int64 microseconds, ``NAT`` where missing."""

from __future__ import annotations

import numpy as np
from numba import njit

NAT = np.iinfo(np.int64).min
DAY = 86_400_000_000
MINUTE = 60_000_000
SHIFT = 6
"""Rows of a resource are passed over by blocks of 2**SHIFT where none of them reaches into a window."""
WHOLE = (1 << SHIFT) - 1

APPLICANT, BATCHING, CONTENTION, PRIORITISATION, UNAVAILABILITY, EXTRANEOUS, UNKNOWN = range(7)


@njit(inline="always")
def _passed(day_table, minute_table, class_of_day, first_day, calendar, stamp):  # type: ignore[no-untyped-def]
    """Open microseconds of a calendar from the first day up to a moment."""
    # Unsigned: Numba's signed floor division is a dozen times slower.
    since = np.uint64(stamp - first_day * DAY)
    day = np.int64(since // np.uint64(DAY))
    rest = np.int64(since - np.uint64(day) * np.uint64(DAY))
    minute = np.int64(np.uint64(rest) // np.uint64(MINUTE))
    kind = class_of_day[day]
    before = np.int64(minute_table[calendar, kind, minute])
    after = np.int64(minute_table[calendar, kind, minute + 1])
    return day_table[calendar, day] + before * MINUTE + (after - before) * (rest - minute * MINUTE)


@njit(inline="always")
def _put(out, work, row, cause, a, b, office, tables):  # type: ignore[no-untyped-def]
    """Book [a, b) to one cause."""
    _day_open, _minute_open, day_both, minute_both, class_of_day, first_day = tables
    out[row, cause] += b - a
    work[row, cause] += _passed(day_both, minute_both, class_of_day, first_day, office, b) - _passed(
        day_both, minute_both, class_of_day, first_day, office, a
    )


@njit(inline="always")
def _duty(a, b, calendar, gaps_low, gaps_high, g0, g1, tables, both):  # type: ignore[no-untyped-def]
    """On-duty microseconds (``both``: within office hours) of [a, b) without the resource's absences."""
    day_open, minute_open, day_both, minute_both, class_of_day, first_day = tables
    day = day_both if both else day_open
    minute = minute_both if both else minute_open
    total = _passed(day, minute, class_of_day, first_day, calendar, b) - _passed(
        day, minute, class_of_day, first_day, calendar, a
    )
    for g in range(g0, g1):
        x, y = max(a, gaps_low[g]), min(b, gaps_high[g])
        if y > x:
            total -= _passed(day, minute, class_of_day, first_day, calendar, y) - _passed(
                day, minute, class_of_day, first_day, calendar, x
            )
    return total


@njit(inline="always")
def _rest(out, work, row, a, b, calendar, office, gaps_low, gaps_high, g0, g1, identified, tables):  # type: ignore[no-untyped-def]
    """Book [a, b), in which the resource was not seen at work: off duty, or for a reason outside."""
    _day_open, _minute_open, day_both, minute_both, class_of_day, first_day = tables
    there = _duty(a, b, calendar, gaps_low, gaps_high, g0, g1, tables, False)
    there_work = _duty(a, b, calendar, gaps_low, gaps_high, g0, g1, tables, True)
    all_work = _passed(day_both, minute_both, class_of_day, first_day, office, b) - _passed(
        day_both, minute_both, class_of_day, first_day, office, a
    )
    cause = EXTRANEOUS if identified else UNKNOWN
    out[row, cause] += there
    work[row, cause] += there_work
    out[row, UNAVAILABILITY] += b - a - there
    work[row, UNAVAILABILITY] += all_work - there_work


@njit(cache=True, nogil=True)
def _overlapping(  # type: ignore[no-untyped-def]
    x, free, st, enabled, begun, end, released, batch, order, reach, block, a, b, times, kinds
):  # fmt: skip
    """Write down what the same hands had begun before and that reaches into [free, st); return how many stamps that gives.

    Kind 1 was enabled no later than row ``x`` (or its batch was released), kind 2 later; the end of each is its negative.
    """
    en = enabled[x]
    ref = min(released[x], st) if batch[x] >= 0 else en
    m = 0
    i = _last_before(order, begun, a, b, st)
    while i >= a and reach[i] > free:
        if i & WHOLE == WHOLE and i - WHOLE >= a and block[i >> SHIFT] <= free:
            i -= WHOLE + 1
            continue
        y = order[i]
        if y != x and end[y] > free:
            limit = en if batch[x] >= 0 and batch[y] == batch[x] else ref
            early = enabled[y] <= limit
            low, high = max(begun[y], free), min(end[y], st)
            if high > low:
                times[m], kinds[m] = low, 1 if early else 2
                times[m + 1], kinds[m + 1] = high, -1 if early else -2
                m += 2
        i -= 1
    return m


@njit(cache=True, nogil=True)
def decompose(  # type: ignore[no-untyped-def]
    group, enabled, begun, end, resource, applicant_row, released, batch,
    stop_ptr, stop_low, stop_high,
    rptr, order, reach, block, capacity, calendar_of, calendar_unknown, gap_ptr, gap_low, gap_high,
    day_open, minute_open, day_both, minute_both, class_of_day, first_day, office, most,
    out, work,
):  # fmt: skip
    """Split [enabled, begun) of every row; add microseconds per cause to ``out`` and those in office hours to ``work``.

    ``begun`` is NAT where the start was not recorded: [enabled, end) is then the applicant's or not identifiable.
    ``stop_*`` are the applicant's spans of each group (case and item), merged; ``order[rptr[r]:rptr[r + 1]]`` the rows of a resource by start,
    ``reach`` the latest end so far among them, ``block`` the latest end in every 2**SHIFT entries of ``order``; ``capacity`` 0 says that nobody queues for the resource. ``most`` bounds
    how many rows one window can overlap.
    """
    tables = (day_open, minute_open, day_both, minute_both, class_of_day, first_day)
    times, kinds = np.empty(2 * most + 2, np.int64), np.empty(2 * most + 2, np.int8)
    seg_low, seg_high = np.empty(2 * most + 4, np.int64), np.empty(2 * most + 4, np.int64)
    seg_cause = np.empty(2 * most + 4, np.int8)
    for x in range(len(enabled)):
        en = enabled[x]
        known = begun[x] != NAT
        st = begun[x] if known else end[x]
        if en == NAT or st == NAT or st <= en:
            continue
        if applicant_row[x]:
            _put(out, work, x, APPLICANT, en, st, office, tables)
            continue
        r = resource[x]
        calendar = calendar_of[r] if r >= 0 else calendar_unknown
        g0, g1 = (gap_ptr[r], gap_ptr[r + 1]) if r >= 0 else (0, 0)
        n = 0
        free = en
        if known and batch[x] >= 0 and released[x] > en:
            free = min(released[x], st)
            seg_low[n], seg_high[n], seg_cause[n] = en, free, BATCHING
            n += 1
        if known and r >= 0 and capacity[r] > 0 and free < st:
            m = _overlapping(
                x, free, st, enabled, begun, end, released, batch,
                order, reach, block, rptr[r], rptr[r + 1], times, kinds,
            )  # fmt: skip
            if m:
                n = _sweep(times, kinds, m, capacity[r], seg_low, seg_high, seg_cause, n)
        # Walk through the window: the applicant's spans come first, then what was found, then the rest.
        at, s, k = en, stop_ptr[group[x]], 0
        s1 = stop_ptr[group[x] + 1]
        while s < s1 and stop_high[s] <= en:
            s += 1
        while at < st:
            if s < s1 and stop_low[s] <= at:
                to = min(stop_high[s], st)
                _put(out, work, x, APPLICANT, at, to, office, tables)
                at = to
                s += 1
                continue
            until = st
            if s < s1 and stop_low[s] < until:
                until = stop_low[s]
            while k < n and seg_high[k] <= at:
                k += 1
            if k < n and seg_low[k] <= at:
                to = min(seg_high[k], until)
                _put(out, work, x, seg_cause[k], at, to, office, tables)
                at = to
                continue
            if k < n and seg_low[k] < until:
                until = seg_low[k]
            if known:
                _rest(out, work, x, at, until, calendar, office, gap_low, gap_high, g0, g1, r >= 0, tables)
            else:
                _put(out, work, x, UNKNOWN, at, until, office, tables)
            at = until


@njit(inline="always")
def _last_before(order, begun, a, b, stamp):  # type: ignore[no-untyped-def]
    """Place of the last row of a resource that began before a moment; a - 1 where none did."""
    low, high = a, b
    while low < high:
        middle = (low + high) // 2
        if begun[order[middle]] < stamp:
            low = middle + 1
        else:
            high = middle
    return low - 1


@njit(inline="always")
def _sweep(times, kinds, m, capacity, seg_low, seg_high, seg_cause, n):  # type: ignore[no-untyped-def]
    """Find where the hands were full: of work enabled earlier (contention), else with later work (prioritisation)."""
    by_time = np.argsort(times[:m])
    early, late, at = 0, 0, times[by_time[0]]
    for e in range(m):
        i = by_time[e]
        t = times[i]
        if t > at:
            cause = -1
            if early >= capacity:
                cause = CONTENTION
            elif early + late >= capacity:
                cause = PRIORITISATION
            if cause >= 0:
                if n and seg_high[n - 1] == at and seg_cause[n - 1] == cause:
                    seg_high[n - 1] = t
                else:
                    seg_low[n], seg_high[n], seg_cause[n] = at, t, cause
                    n += 1
            at = t
        k = kinds[i]
        if k == 1:
            early += 1
        elif k == -1:
            early -= 1
        elif k == 2:
            late += 1
        else:
            late -= 1
    return n


@njit(cache=True, nogil=True)
def most_overlapping(enabled, begun, resource, rptr, order, reach):  # type: ignore[no-untyped-def]
    """The most rows of one resource that may reach into one window: how much room ``decompose`` needs."""
    most = np.int64(1)
    for x in range(len(enabled)):
        r = resource[x]
        if r < 0 or begun[x] == NAT or enabled[x] == NAT or begun[x] <= enabled[x]:
            continue
        last = _last_before(order, begun, rptr[r], rptr[r + 1], begun[x])
        # reach never falls: the first row that reaches into the window is found by halving
        low, high = rptr[r], last + 1
        while low < high:
            middle = (low + high) // 2
            if reach[middle] > enabled[x]:
                high = middle
            else:
                low = middle + 1
        most = max(most, last + 1 - low)
    return most
