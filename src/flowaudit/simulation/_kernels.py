"""The event loop, compiled. Called through ``.py_func`` it is the plain-Python reference of the same semantics."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numba import njit

READY, DONE = 0, 1


@njit(cache=True, nogil=True)
def forward(cumulative, t):  # type: ignore[no-untyped-def]
    """Operational hours elapsed at wall-clock hour ``t``; linear past the horizon."""
    last = len(cumulative) - 1
    if t >= last:
        return cumulative[last] + (t - last) * cumulative[last] / last
    i = int(t)
    return cumulative[i] + (t - i) * (cumulative[i + 1] - cumulative[i])


@njit(cache=True, nogil=True)
def inverse(cumulative, u):  # type: ignore[no-untyped-def]
    """First wall-clock hour at which ``u`` operational hours have elapsed."""
    last = len(cumulative) - 1
    if u >= cumulative[last]:
        return last + (u - cumulative[last]) * last / cumulative[last]
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] < u:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return 0.0
    before = cumulative[low - 1]
    return low - 1 + (u - before) / (cumulative[low] - before)


@njit(cache=True, nogil=True)
def next_open(cumulative, t):  # type: ignore[no-untyped-def]
    """First instant not before ``t`` at which the office works."""
    last = len(cumulative) - 1
    i = int(t)
    if i >= last or cumulative[i + 1] > cumulative[i]:
        return t
    while i < last and cumulative[i + 1] == cumulative[i]:
        i += 1
    return float(i)


@njit(cache=True, nogil=True)
def run(case_ptr, arrival, pending, succ_ptr, succ, pool, wait, work, clock, delays, open_hours, capacity):  # type: ignore[no-untyped-def]
    """Run every case through its steps.

    A step is *enabled* when the last step it follows ends (or its case arrives). Its delay then passes in the clock
    of its node; then it queues, first come first served, for one place of its pool (-1: none needed), starts in the
    first open instant, and ends after its work has passed in open hours. Simultaneous events are served in the order
    in which they were scheduled; completions free their place before anything scheduled later is looked at.

    Returns
    -------
    enabled, start, end : arrays of hours
    place : array of int
        Which place of the pool did the work, -1 without a pool.
    """
    n_steps = len(pool)
    enabled = np.zeros(n_steps)
    start = np.full(n_steps, np.nan)
    end = np.full(n_steps, np.nan)
    place = np.full(n_steps, -1)
    left = pending.copy()
    n_pools = len(capacity)
    head = np.full(n_pools, -1)
    tail = np.full(n_pools, -1)
    after_me = np.full(n_steps, -1)
    total = capacity.sum()
    free = np.empty(total, np.int64)
    free_at = np.zeros(n_pools + 1, np.int64)
    n_free = capacity.copy()
    for p in range(n_pools):
        free_at[p + 1] = free_at[p] + capacity[p]
        for k in range(capacity[p]):
            free[free_at[p] + k] = capacity[p] - 1 - k
    heap = [(0.0, 0, 0, 0)]
    heap.pop()
    order = 0
    for c in range(len(arrival)):
        for s in range(case_ptr[c], case_ptr[c + 1]):
            if left[s] == 0:
                enabled[s] = arrival[c]
                t = arrival[c]
                if wait[s] > 0:
                    t = max(t, inverse(delays[clock[s]], forward(delays[clock[s]], t) + wait[s]))
                heappush(heap, (t, order, READY, s))
                order += 1
    while len(heap) > 0:
        t, _order, kind, s = heappop(heap)
        begin = -1
        if kind == READY:
            p = pool[s]
            if p < 0:
                begin = s
            elif n_free[p] > 0:
                n_free[p] -= 1
                place[s] = free[free_at[p] + n_free[p]]
                begin = s
            elif tail[p] < 0:
                head[p] = s
                tail[p] = s
            else:
                after_me[tail[p]] = s
                tail[p] = s
        else:
            for k in range(succ_ptr[s], succ_ptr[s + 1]):
                f = succ[k]
                left[f] -= 1
                if left[f] == 0:
                    enabled[f] = t
                    ready = t
                    if wait[f] > 0:
                        ready = max(t, inverse(delays[clock[f]], forward(delays[clock[f]], t) + wait[f]))
                    heappush(heap, (ready, order, READY, f))
                    order += 1
            p = pool[s]
            if p >= 0:
                if head[p] >= 0:
                    begin = head[p]
                    head[p] = after_me[begin]
                    if head[p] < 0:
                        tail[p] = -1
                    place[begin] = place[s]
                else:
                    free[free_at[p] + n_free[p]] = place[s]
                    n_free[p] += 1
        if begin >= 0:
            first = t
            finish = t
            if work[begin] > 0:
                first = next_open(open_hours, t)
                finish = max(first, inverse(open_hours, forward(open_hours, first) + work[begin]))
            start[begin] = first
            end[begin] = finish
            heappush(heap, (finish, order, DONE, begin))
            order += 1
    return enabled, start, end, place
