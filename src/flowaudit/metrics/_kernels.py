"""Passes over all events, compiled. Rows are counted from the tile's first one."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def handovers(ptr, codes, n, first_case, counts, cases, last_case):  # type: ignore[no-untyped-def]
    """Count for ``from * n + to`` how often one follows another, different one, and in how many cases.

    Returns
    -------
    int
        The largest code met, so that a code beyond ``n`` (then nothing was counted for it) is seen.
    """
    row0 = ptr[0]
    most = -1
    for c in range(len(ptr) - 1):
        before = -1
        for i in range(ptr[c] - row0, ptr[c + 1] - row0):
            code = codes[i]
            most = max(most, code)
            if code != before and code >= 0 and before >= 0 and code < n and before < n:
                key = before * n + code
                counts[key] += 1
                if last_case[key] != first_case + c:
                    last_case[key] = first_case + c
                    cases[key] += 1
            before = code
    return most


@njit(cache=True, nogil=True)
def rework(ptr, activity, resource, last_row, out):  # type: ignore[no-untyped-def]
    """Count the repeated executions of every case: self-loops, repetitions, and each by the same or another resource.

    Parameters
    ----------
    last_row : array of int64
        Working space, one for each activity, all -1.
    out : float array, 6 by cases
    """
    row0 = ptr[0]
    for c in range(len(ptr) - 1):
        a, b = ptr[c] - row0, ptr[c + 1] - row0
        for k in range(6):
            out[k, c] = 0.0
        for i in range(a, b):
            j = last_row[activity[i]]
            last_row[activity[i]] = i
            if j < a:
                continue
            later = 0 if i - j == 1 else 1
            out[later, c] += 1.0
            if len(resource) > 0 and resource[i] >= 0 and resource[j] >= 0:
                out[2 + 2 * later + (resource[i] != resource[j]), c] += 1.0
    last_row[:] = -1
