"""Counting which pairs overtake each other, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def inversions(ptr, values, found):  # type: ignore[no-untyped-def]
    """Count for every part ``values[ptr[e]:ptr[e + 1]]`` the pairs of which the earlier is greater than the later.

    Merge sort from below; ``values`` is sorted part by part on the way.
    """
    longest = 0
    for e in range(len(ptr) - 1):
        longest = max(longest, ptr[e + 1] - ptr[e])
    space = np.empty(longest, np.int64)
    for e in range(len(ptr) - 1):
        low, n = ptr[e], ptr[e + 1] - ptr[e]
        total = 0
        width = 1
        while width < n:
            for a in range(0, n, 2 * width):
                b, c = min(a + width, n), min(a + 2 * width, n)
                i, j, k = low + a, low + b, 0
                while i < low + b and j < low + c:
                    if values[j] < values[i]:
                        # All that is left of the first half is greater than this one.
                        total += low + b - i
                        space[k] = values[j]
                        j += 1
                    else:
                        space[k] = values[i]
                        i += 1
                    k += 1
                while i < low + b:
                    space[k] = values[i]
                    i += 1
                    k += 1
                # What is left of the second half stands in its place already.
                for m in range(k):
                    values[low + a + m] = space[m]
            width *= 2
        found[e] = total
