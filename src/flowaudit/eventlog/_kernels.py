"""Passes over all events, compiled: variants, and when cases begin and end.

Stamps are int64 microseconds, ``NAT`` where missing. Rows are counted from the tile's first one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NAT = np.iinfo(np.int64).min


@njit(cache=True, nogil=True)
def number_variants(ptr, activity, begin, table, hashes, starts, cases, first, sequences, state, of_case):  # type: ignore[no-untyped-def]
    """Number the variants of a tile's cases in order of appearance; exact, since equal hashes are compared.

    Parameters
    ----------
    begin : int
        Case of the tile to go on with.
    table : array of int32
        Open addressing, a power of two long: number of the variant, -1 where free.
    hashes, starts, cases, first, sequences
        Of every variant: hash, place of its activities in ``sequences``, cases, first case. ``starts`` is one longer.
    state : array of int64
        Variants so far; cases before this tile; smallest and largest code met; multiplier of the hash.
    of_case : array of int32
        Filled with the variant of every case.

    Returns
    -------
    int
        The case that no longer fitted in, or the number of cases.
    """
    found = state[0]
    least, most = state[2], state[3]
    multiplier = np.uint64(state[4])
    mask = len(table) - 1
    row0 = ptr[0]
    stop = len(ptr) - 1
    for c in range(begin, stop):
        a, b = ptr[c] - row0, ptr[c + 1] - row0
        h = np.uint64(b - a)
        for i in range(a, b):
            code = activity[i]
            least = min(least, code)
            most = max(most, code)
            h = (h ^ np.uint64(code)) * multiplier
        h ^= h >> np.uint64(29)
        place = np.int64(h & np.uint64(mask))
        v = np.int64(table[place])
        while v >= 0:
            if hashes[v] == h and starts[v + 1] - starts[v] == b - a:
                away = starts[v] - a
                same = True
                for i in range(a, b):
                    if sequences[i + away] != activity[i]:
                        same = False
                        break
                if same:
                    break
            place = (place + 1) & mask
            v = np.int64(table[place])
        if v < 0:
            if found == len(hashes) or starts[found] + b - a > len(sequences):
                stop = c
                break
            v = found
            table[place] = v
            hashes[v] = h
            cases[v] = 0
            first[v] = state[1] + c
            away = starts[v] - a
            for i in range(a, b):
                sequences[i + away] = activity[i]
            starts[v + 1] = starts[v] + b - a
            found += 1
        cases[v] += 1
        of_case[c] = v
    state[0] = found
    state[2] = least
    state[3] = most
    return stop


@njit(cache=True, nogil=True)
def place_hashes(table, hashes, n):  # type: ignore[no-untyped-def]
    """Fill an empty table with the first ``n`` variants."""
    mask = len(table) - 1
    for v in range(n):
        place = np.int64(hashes[v] & np.uint64(mask))
        while table[place] >= 0:
            place = (place + 1) & mask
        table[place] = v


@njit(cache=True, nogil=True)
def renumber(of_case, rank, out):  # type: ignore[no-untyped-def]
    for c in range(len(of_case)):
        out[c] = rank[of_case[c]]


@njit(cache=True, nogil=True)
def first_last(ptr, begun, end, instead, first, last):  # type: ignore[no-untyped-def]
    """Fill in the earliest ``begun`` and the latest ``end`` of every case, ``NAT`` where there is none.

    ``instead``: where ``begun`` is missing, the end stands for it.
    """
    row0 = ptr[0]
    for c in range(len(ptr) - 1):
        low, high = np.iinfo(np.int64).max, NAT
        for i in range(ptr[c] - row0, ptr[c + 1] - row0):
            t = begun[i]
            if instead and t == NAT:
                t = end[i]
            if t != NAT:
                low = min(low, t)
            high = max(high, end[i])
        first[c] = low if low != np.iinfo(np.int64).max else NAT
        last[c] = high
