"""The passes of building a log that NumPy has no word for, compiled: rows by case, then time, in linear time."""

from __future__ import annotations

import numpy as np
from numba import njit

_RUN = 24


@njit(cache=True, nogil=True)
def look_up(lut, codes, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with ``lut[codes]``; its last value where a code is negative."""
    for i in range(len(codes)):
        c = codes[i]
        out[i] = lut[c] if c >= 0 else lut[-1]


@njit(cache=True, nogil=True)
def first_rows(codes, first):  # type: ignore[no-untyped-def]
    """Lower ``first`` to the first row of every code; it comes filled with the number of rows, one place too long."""
    n = len(codes)
    unseen = len(first) - 1
    for i in range(n):
        c = codes[i]
        if c >= 0 and first[c] == n:
            first[c] = i
            unseen -= 1
            if unseen == 0:
                return


@njit(cache=True, nogil=True)
def in_order(case, first, last):  # type: ignore[no-untyped-def]
    """Whether rows stand by case, then first stamp, then last stamp already."""
    for i in range(1, len(case)):
        if case[i] < case[i - 1]:
            return False
        if case[i] == case[i - 1] and (first[i] < first[i - 1] or (first[i] == first[i - 1] and last[i] < last[i - 1])):
            return False
    return True


@njit(cache=True, nogil=True)
def rows_by_case(case, ptr, order):  # type: ignore[no-untyped-def]
    """Fill ``order`` with the rows of every case in the order of the file; ``ptr`` is where each case begins there."""
    for i in range(len(case)):
        ptr[case[i] + 1] += 1
    for c in range(1, len(ptr)):
        ptr[c] += ptr[c - 1]
    place = ptr[:-1].copy()
    for i in range(len(case)):
        c = case[i]
        order[place[c]] = i
        place[c] += 1


@njit(cache=True, nogil=True)
def sort_cases(ptr, order, first, last):  # type: ignore[no-untyped-def]
    """Sort the rows of every case by first stamp, then last stamp, then place; ``order`` holds them by place.

    Runs of a few rows by insertion, then runs merged: nearly sorted cases, the rule, take linear time.
    """
    longest = 0
    for c in range(len(ptr) - 1):
        longest = max(longest, ptr[c + 1] - ptr[c])
    spare = np.empty(longest if longest > _RUN else 0, order.dtype)
    for c in range(len(ptr) - 1):
        low, high = ptr[c], ptr[c + 1]
        for begin in range(low, high, _RUN):
            for i in range(begin + 1, min(begin + _RUN, high)):
                row = order[i]
                a, b = first[row], last[row]
                j = i
                while j > begin:
                    other = order[j - 1]
                    if first[other] < a or (first[other] == a and last[other] <= b):
                        break
                    order[j] = other
                    j -= 1
                order[j] = row
        width = _RUN
        while width < high - low:
            for begin in range(low, high - width, 2 * width):
                middle, end = begin + width, min(begin + 2 * width, high)
                x, y = order[middle - 1], order[middle]
                if first[x] < first[y] or (first[x] == first[y] and last[x] <= last[y]):
                    continue
                spare[: middle - begin] = order[begin:middle]
                i, j, k, left = 0, middle, begin, middle - begin
                while i < left:
                    if j < end:
                        x, y = spare[i], order[j]
                        if first[y] < first[x] or (first[y] == first[x] and last[y] < last[x]):
                            order[k] = y
                            j += 1
                            k += 1
                            continue
                    order[k] = spare[i]
                    i += 1
                    k += 1
            width *= 2
