"""Passes over the instances of each resource in order of their starts, compiled. Stamps are int64 microseconds."""

from __future__ import annotations

import numpy as np
from numba import njit

MINUTE = 60_000_000


@njit(cache=True, nogil=True)
def levels(ptr, start, end, batch_key, overlapped, time_at, most):  # type: ignore[no-untyped-def]
    """For each resource (rows ``ptr[r]:ptr[r + 1]`` sorted by start): who overlaps whom, and how long at which level.

    Instances of one activity that start together (equal ``batch_key``) are one piece of work. ``overlapped`` marks the
    instances that another one overlaps for more than a minute; ``time_at[r, k]`` is the time with k pieces in progress
    (at most ``most``).
    """
    for r in range(len(ptr) - 1):
        a, b = ptr[r], ptr[r + 1]
        if b - a == 0:
            continue
        # one interval for each piece of work
        m = 0
        low, high, of = np.empty(b - a, np.int64), np.empty(b - a, np.int64), np.empty(b - a, np.int64)
        piece, marked = np.empty(b - a, np.int64), np.zeros(b - a, np.bool_)
        for i in range(a, b):
            joined = False
            k = m - 1
            while k >= 0 and low[k] == start[i]:
                if batch_key[of[k]] == batch_key[i]:
                    high[k] = max(high[k], end[i])
                    piece[i - a] = k
                    joined = True
                    break
                k -= 1
            if not joined:
                low[m], high[m], of[m] = start[i], end[i], i
                piece[i - a] = m
                m += 1
        reach, holder = low[0], -1
        for k in range(m):
            if holder >= 0 and reach - low[k] > MINUTE and high[k] - low[k] > MINUTE:
                marked[k] = True
                marked[holder] = True
            if high[k] > reach:
                reach, holder = high[k], k
        for i in range(a, b):
            overlapped[i] = marked[piece[i - a]]
        ends = np.sort(high[:m])
        at, done, open_ = low[0], 0, 0
        for k in range(m):
            while done < m and ends[done] <= low[k]:
                time_at[r, min(open_, most)] += ends[done] - at
                at = ends[done]
                open_ -= 1
                done += 1
            time_at[r, min(open_, most)] += low[k] - at
            at = low[k]
            open_ += 1
        while done < m:
            time_at[r, min(open_, most)] += ends[done] - at
            at = ends[done]
            open_ -= 1
            done += 1


@njit(cache=True, nogil=True)
def batches(ptr, enabled, start, end, duty_start, duty_end, office_start, office_end, slack, number):  # type: ignore[no-untyped-def]
    """Number the runs of instances of one resource and activity that could all have been started when the first one was.

    Rows ``ptr[p]:ptr[p + 1]`` belong to one pair, sorted by start. A run goes on while the next one was enabled by the
    first one's start and begins before or when the work so far ends. A night or a lunch break in between does not end it:
    no office hours (``office_*`` are the stamps on that axis) and at most ``slack`` of on-duty time (``duty_*``). Rows of
    runs of one keep -1.

    Returns
    -------
    int
        How many runs.
    """
    count = 0
    for p in range(len(ptr) - 1):
        i, b = ptr[p], ptr[p + 1]
        while i < b:
            reach, on_duty, office, j = end[i], duty_end[i], office_end[i], i + 1
            while j < b and enabled[j] <= start[i]:
                if start[j] > reach and (office_start[j] > office or duty_start[j] > on_duty + slack):
                    break
                reach, on_duty, office = max(reach, end[j]), max(on_duty, duty_end[j]), max(office, office_end[j])
                j += 1
            if j - i > 1:
                for k in range(i, j):
                    number[k] = count
                count += 1
            i = j
    return count
