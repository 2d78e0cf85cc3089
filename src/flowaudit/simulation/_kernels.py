"""The event loop and what it looks up, compiled once and cached.

Time is in wall-clock hours since midnight of the origin day. A *clock* (delay profile, working hours) is two tables:
``within[p, day class, half hour]``, operational hours since midnight, and ``before[p, day]``, those before the day.

Random numbers are a function of (seed, case, place in the observed trace, purpose), not of the order of events
(SplitMix64, Steele, Lea, Flood, OOPSLA 2014, applied twice). So two scenarios share their luck case by case and step by
step, and a run does not depend on threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

DONE, RELEASE, WAKE, READY = 0, 1, 2, 3
"""Kinds of events, in the order in which simultaneous ones are served; arrivals come between WAKE and READY."""

ROUTE, BRANCH, WAIT, WORK, PICK, GAP, DEAL, FINISH = 0, 1, 2, 3, 4, 5, 6, 7
"""Purposes of random numbers."""

PRIORITY, DEADLINE = 1, 2

_SHIFT = 58
_NONE = -1
_TINY = 1e-9
"""Hours by which rounding may miss a boundary; less than a hundredth of a second."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_U30, _U27, _U31, _U11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0


@njit(cache=True, nogil=True, inline="always")
def _mixed(z):  # type: ignore[no-untyped-def]
    z = (z ^ (z >> _U30)) * _MIX_A
    z = (z ^ (z >> _U27)) * _MIX_B
    return z ^ (z >> _U31)


@njit(cache=True, nogil=True, inline="always")
def uniform(seed, case, origin, purpose):  # type: ignore[no-untyped-def]
    """Random number in (0, 1) for one purpose at one place of one case."""
    key = np.uint64((np.int64(case) << 24) | (np.int64(origin) << 4) | np.int64(purpose))
    z = _mixed(_mixed(key * _STEP + seed) + seed)
    return (np.float64(z >> _U11) + 0.5) * _UNIT


@njit(cache=True, nogil=True)
def forward(within, before, classes, p, t):  # type: ignore[no-untyped-def]
    """Operational hours of clock ``p`` elapsed at ``t``; at the mean rate past the last day, none before the first."""
    n = len(classes)
    if t <= 0.0:
        return 0.0
    day = int(t / 24.0)
    if day >= n:
        return before[p, n] + (t - 24.0 * n) * before[p, n] / (24.0 * n)
    place = (t - 24.0 * day) * 2.0
    slot = min(int(place), 47)
    k = classes[day]
    low = within[p, k, slot]
    return before[p, day] + low + (place - slot) * (within[p, k, slot + 1] - low)


@njit(cache=True, nogil=True)
def inverse(within, before, classes, p, u, t):  # type: ignore[no-untyped-def]
    """First instant, not before ``t``, at which ``u`` operational hours of clock ``p`` have elapsed."""
    n = len(classes)
    # Rounding must carry nobody over a boundary: an end at closing time is neither before it nor after the next opening.
    least = u - _TINY
    day = min(max(int(t / 24.0), 0), n)
    if day < n and before[p, day + 1] < least:
        # Gallop, then halve: most delays are short, some are months.
        step = 1
        low = day + 1
        while low + step <= n and before[p, low + step] < least:
            low += step
            step *= 2
        high = min(low + step, n)
        while low < high:
            middle = (low + high) // 2
            if before[p, middle] < least:
                low = middle + 1
            else:
                high = middle
        day = low - 1 if before[p, low] >= least else n
    if day >= n:
        mean = before[p, n] / (24.0 * n)
        if mean <= 0.0:
            return np.inf
        return max(t, 24.0 * n + (u - before[p, n]) / mean)
    k = classes[day]
    rest = u - before[p, day]
    low, high = 0, 47
    while low < high:
        middle = (low + high) // 2
        if within[p, k, middle + 1] < rest - _TINY:
            low = middle + 1
        else:
            high = middle
    a, b = within[p, k, low], within[p, k, low + 1]
    part = 0.0
    if b > a:
        part = 1.0 if rest > b - _TINY else (rest - a) / (b - a)
    return max(t, 24.0 * day + 0.5 * (low + max(part, 0.0)))


@njit(cache=True, nogil=True, inline="always")
def on_duty(within, classes, p, t):  # type: ignore[no-untyped-def]
    """Whether clock ``p`` moves at ``t``; past the last day it always does."""
    day = int(t / 24.0)
    if day >= len(classes):
        return True
    slot = min(int((t - 24.0 * day) * 2.0), 47)
    k = classes[day]
    return within[p, k, slot + 1] > within[p, k, slot]


@njit(cache=True, nogil=True)
def _slot_on(gates, classes, g, t):  # type: ignore[no-untyped-def]
    """Whether ``t`` lies in a half hour of gate ``g``."""
    day = int(t / 24.0)
    if day >= len(classes):
        return False
    return gates[g, classes[day], min(int((t - 24.0 * day) * 2.0), 47)] > 0.0


@njit(cache=True, nogil=True)
def next_open(within, before, classes, p, t):  # type: ignore[no-untyped-def]
    """First instant not before ``t`` at which clock ``p`` moves."""
    n = len(classes)
    day = int(t / 24.0)
    if day >= n:
        return t
    slot = min(int((t - 24.0 * day) * 2.0), 47)
    k = classes[day]
    if within[p, k, slot + 1] > within[p, k, slot]:
        return t
    while True:
        for s in range(slot + 1, 48):
            if within[p, k, s + 1] > within[p, k, s]:
                return 24.0 * day + 0.5 * s
        slot = -1
        day += 1
        while day < n and before[p, day + 1] == before[p, day]:
            day += 1
        if day >= n:
            return 24.0 * n
        k = classes[day]


@njit(cache=True, nogil=True)
def next_closed(within, classes, p, t):  # type: ignore[no-untyped-def]
    """First half hour, not before ``t``, in which clock ``p`` stands still; infinity if there is none within two weeks."""
    day = int(t / 24.0)
    slot = min(int((t - 24.0 * day) * 2.0), 47)
    for _day in range(14):
        if day >= len(classes):
            break
        k = classes[day]
        for s in range(slot, 48):
            if within[p, k, s + 1] <= within[p, k, s]:
                return 24.0 * day + 0.5 * s
        day += 1
        slot = 0
    return np.inf


@njit(cache=True, nogil=True)
def next_slot(gates, classes, g, t):  # type: ignore[no-untyped-def]
    """First beginning of a half hour, not before ``t``, in which gate ``g`` lets cases go."""
    day = int(t / 24.0)
    first = int(np.ceil((t - 24.0 * day) * 2.0 - _TINY))
    while day < len(classes):
        for s in range(first, 48):
            if gates[g, classes[day], s] > 0.0:
                return max(t, 24.0 * day + 0.5 * s)
        first = 0
        day += 1
    return t


@njit(cache=True, nogil=True)
def draw(tables, grid, k, u):  # type: ignore[no-untyped-def]
    """Value of table ``k`` at probability ``u``."""
    if u < 0.9:
        low = int(u * 20.0)
        if grid[low] > u:
            low -= 1
    else:
        low, high = 18, len(grid) - 2
        while low < high:
            middle = (low + high + 1) // 2
            if grid[middle] <= u:
                low = middle
            else:
                high = middle - 1
    a = tables[k, low]
    return a + (u - grid[low]) / (grid[low + 1] - grid[low]) * (tables[k, low + 1] - a)


@njit(cache=True, nogil=True)
def probability(tables, grid, k, x):  # type: ignore[no-untyped-def]
    """Probability of at most ``x`` in table ``k``; less than 1."""
    last = len(grid) - 1
    if x < tables[k, 0]:
        return 0.0
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        if tables[k, middle] <= x:
            low = middle
        else:
            high = middle - 1
    if low == last:
        return grid[last - 1]
    a, b = tables[k, low], tables[k, low + 1]
    part = (x - a) / (b - a) if b > a else 0.0
    return min(grid[low] + part * (grid[low + 1] - grid[low]), grid[last - 1])


@njit(cache=True, nogil=True)
def route(seed, numbers, cumulated, first_branch, within_template, branch):  # type: ignore[no-untyped-def]
    """Draw for every case its template by weight, and the branch of it by probability."""
    for c in range(len(branch)):
        u = uniform(seed, numbers[c], 0, ROUTE)
        t = np.searchsorted(cumulated, u, side="right")
        t = min(t, len(cumulated) - 1)
        b = first_branch[t]
        if first_branch[t + 1] - b > 1:
            v = uniform(seed, numbers[c], 0, BRANCH)
            while b + 1 < first_branch[t + 1] and v >= within_template[b]:
                b += 1
        branch[c] = b


@njit(cache=True, nogil=True)
def renewals(seed, table, grid, within, before, classes, factor, first, until, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with arrivals from ``first`` on: gaps of a table in hours of clock 0, times ``factor`` of the day."""
    t = first
    u = forward(within, before, classes, 0, t)
    n = 0
    while n < len(out):
        day = min(max(int(t / 24.0), 0), len(factor) - 1)
        u += draw(table, grid, 0, uniform(seed, n, 0, GAP)) / factor[day]
        t = inverse(within, before, classes, 0, u, t)
        if t > until:
            break
        out[n] = t
        n += 1
    return n


@njit(cache=True, nogil=True)
def push(time, order, item, size, t, o, what):  # type: ignore[no-untyped-def]
    """Add an event to the heap (four children a place); return its size."""
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if time[parent] < t or (time[parent] == t and order[parent] < o):
            break
        time[i], order[i], item[i] = time[parent], order[parent], item[parent]
        i = parent
    time[i], order[i], item[i] = t, o, what
    return size + 1


@njit(cache=True, nogil=True)
def pop(time, order, item, size):  # type: ignore[no-untyped-def]
    """Take the first event off the heap; return its size."""
    size -= 1
    t, o, what = time[size], order[size], item[size]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        best = child
        for k in range(child + 1, min(child + 4, size)):
            if time[k] < time[best] or (time[k] == time[best] and order[k] < order[best]):
                best = k
        if t < time[best] or (t == time[best] and o < order[best]):
            break
        time[i], order[i], item[i] = time[best], order[best], item[best]
        i = best
    time[i], order[i], item[i] = t, o, what
    return size


@njit(cache=True, nogil=True)
def merge(a, b, left, right, key, turn):  # type: ignore[no-untyped-def]
    """Merge two skew heaps of waiting steps, linked by ``left`` and ``right``; return the root."""
    root, parent = _NONE, _NONE
    while a >= 0 and b >= 0:
        if key[b] < key[a] or (key[b] == key[a] and turn[b] < turn[a]):
            a, b = b, a
        if parent < 0:
            root = a
        else:
            left[parent] = a
        # Sisley's skew: the right child is merged on, the left one takes its place.
        parent = a
        follow = right[a]
        right[a] = left[a]
        left[a] = _NONE
        a = follow
    rest = a if a >= 0 else b
    if parent < 0:
        return rest
    left[parent] = rest
    return root


@njit(cache=True, nogil=True)
def pick(g, fixed, step_u, members, member_ptr, weights, cal, capacity, busy, duty):  # type: ignore[no-untyped-def]
    """Place in group ``g`` of a member on duty with a free place, by weight; -1 if there is none."""
    if fixed >= 0:
        r = members[fixed]
        return fixed if busy[r] < capacity[r] and duty[cal[r]] else _NONE
    total = 0.0
    for m in range(member_ptr[g], member_ptr[g + 1]):
        r = members[m]
        if busy[r] < capacity[r] and duty[cal[r]]:
            total += weights[m]
    if total <= 0.0:
        return _NONE
    left = step_u * total
    found = _NONE
    for m in range(member_ptr[g], member_ptr[g + 1]):
        r = members[m]
        if busy[r] < capacity[r] and duty[cal[r]]:
            found = m
            left -= weights[m]
            if left < 0.0:
                break
    return found


@njit(cache=True, nogil=True)
def deal(g, by_habit, u, members, member_ptr, weights, capacity, busy, queued):  # type: ignore[no-untyped-def]
    """Place in group ``g`` of the member a step is dealt out to: by weight, or, not by habit, among those with least in hand."""
    least = np.inf
    for m in range(member_ptr[g], member_ptr[g + 1]):
        r = members[m]
        if capacity[r] > 0:
            least = min(least, (busy[r] + queued[r]) / capacity[r])
    total = 0.0
    for m in range(member_ptr[g], member_ptr[g + 1]):
        r = members[m]
        if capacity[r] > 0 and (by_habit or (busy[r] + queued[r]) / capacity[r] <= least):
            total += weights[m]
    found = member_ptr[g]
    total *= u
    for m in range(member_ptr[g], member_ptr[g + 1]):
        r = members[m]
        if capacity[r] > 0 and (by_habit or (busy[r] + queued[r]) / capacity[r] <= least):
            found = m
            total -= weights[m]
            if total < 0.0:
                break
    return found


@njit(cache=True, nogil=True)
def pick_off_duty(g, fixed, step_u, t, members, member_ptr, weights, cal, capacity, busy, within, classes):  # type: ignore[no-untyped-def]
    """Place in group ``g`` of a member with a free place, by weight, if nobody is on duty within an hour; else -1."""
    total = 0.0
    for m in range(member_ptr[g], member_ptr[g + 1]):
        r = members[m]
        if capacity[r] > 0:
            for around in (-1.0, -0.5, 0.0, 0.5, 1.0):
                if on_duty(within, classes, cal[r], max(t + around, 0.0)):
                    return _NONE
        if busy[r] < capacity[r]:
            total += weights[m]
    if fixed >= 0:
        return fixed if busy[members[fixed]] < capacity[members[fixed]] else _NONE
    if total <= 0.0:
        return _NONE
    left = step_u * total
    found = _NONE
    for m in range(member_ptr[g], member_ptr[g + 1]):
        r = members[m]
        if busy[r] < capacity[r]:
            found = m
            left -= weights[m]
            if left < 0.0:
                break
    return found


@njit(cache=True, nogil=True)
def opening(g, fixed, t, members, member_ptr, cal, capacity, busy, within, before, classes):  # type: ignore[no-untyped-def]
    """When the first member of group ``g`` who has a free place comes on duty; infinity if nobody has one."""
    first = np.inf
    begin, end = (fixed, fixed + 1) if fixed >= 0 else (member_ptr[g], member_ptr[g + 1])
    for m in range(begin, end):
        r = members[m]
        if busy[r] < capacity[r]:
            first = min(first, next_open(within, before, classes, cal[r], t))
    return first


@njit(cache=True, nogil=True)
def run(  # type: ignore[no-untyped-def]
    seed, numbers, arrival, known_until, branch, case_ptr, priority, due,
    step_ptr, step_node, step_wait, step_work, step_origin, step_band, step_pending, succ_ptr, succ,
    node_clock, node_group, node_gate, node_overtime, node_size, node_patience, node_duty, node_runs_on,
    waits, works, grid, bands, own_ptr, own_work,
    delay_within, delay_before, work_within, work_before, gates, classes,
    group_discipline, member_ptr, members, weights, queue_ptr, queues, cal, capacity, deal_out, habit,
    until, control,
    case_of, row_of, ready, start, end, who,
):  # fmt: skip
    """Run every case through the steps of its branch.

    A step is *enabled* when the last step it follows ends (or its case arrives). Its delay then passes in the clock of its
    node; if its node works in batches it waits for the next one; then it is *ready* and takes one of the people who do
    such work, drawn by weight among those on duty who have a free place. If there is none it waits, and is served in the
    order of its pool's discipline (first ready first; by priority; by deadline; ties in the order in which they became ready).
    Where cases are dealt out (``deal_out``) it waits for the one person it falls to when it becomes ready: by weight with
    probability ``habit``, else by weight among those with least in hand and waiting, for their places. Where nobody waits
    before it and nobody who does it is on duty within an hour, but it is one of its hours of overtime, somebody who has a
    free place takes it up in overtime, and its work passes in wall-clock time. It
    starts at once when it is given somebody, its work passes in this person's hours (or, when these end before it is done,
    goes on in wall-clock time with the probability ``runs_on`` of its node), and he keeps it until it ends.
    Whoever gets free or comes on duty serves, of the queues he serves, the case that comes first. Steps without people start
    when ready.

    Simultaneous events: ends, then releases of batches, then comings on duty, then arrivals, then steps becoming ready;
    within a kind in the order in which they were scheduled.

    ``numbers`` are what draws are tied to, one for each case. Parameters not named here are tables of the process; see ``simulate``.

    control : array of int64 (3,)
        [0] is read: not 0 stops the run. [1] is written: cases arrived so far; [2]: events handled.
    case_of, row_of, ready, start, end, who : arrays, one value a step
        Written. Times are NaN for what has not come to pass by ``until``; ``who`` is -1 where nobody is needed.
    """
    n, n_groups, n_queues = len(arrival), len(member_ptr) - 1, len(member_ptr) - 1 + len(cal)
    n_steps = len(case_of)
    left_before = np.zeros(n_steps, np.int16)
    left = np.full(n_steps, _NONE, np.int32)
    right = np.full(n_steps, _NONE, np.int32)
    ordered = group_discipline.sum() > 0
    key = np.zeros(n_steps if ordered else 1)
    turn = np.zeros(n_steps, np.int32)
    turns = 0
    dealt = np.full(n_steps if deal_out else 1, _NONE, np.int32)
    root = np.full(n_queues, _NONE, np.int32)
    wake_at = np.full(n_queues, np.inf)
    busy = np.zeros(len(cal), np.int64)
    queued = np.zeros(len(cal), np.int64)
    batch_head = np.full(len(node_size), _NONE, np.int64)
    batch_count = np.zeros(len(node_size), np.int64)
    batch_number = np.zeros(len(node_size), np.int64)
    widest = 1
    for b in range(len(step_ptr) - 1):
        widest = max(widest, step_ptr[b + 1] - step_ptr[b])
    fresh = np.empty(widest, np.int64)
    # The most events that handling one event can schedule.
    room = widest + n_queues + capacity.sum() + node_size.sum() + 4
    time, order, item = np.empty(2 * room), np.empty(2 * room, np.int64), np.empty(2 * room, np.int64)
    # Who is on duty changes on the half hour only.
    half_hour = _NONE
    duty = np.zeros(len(work_within), np.bool_)
    size = 0
    seq = 0
    c = 0
    handled = 0
    while True:
        handled += 1
        if handled & 4095 == 0:
            control[1], control[2] = c, handled
            if control[0] != 0:
                break
        if size + room > len(time):
            time, order, item = _grown(time), _grown_i(order), _grown_i(item)
        n_fresh = 0
        # What begins now, and with whom (a place in the list of members; -1: nobody needed).
        begin, with_whom, overtime = _NONE, _NONE, False
        serving = _NONE
        kind = order[0] >> _SHIFT if size > 0 else READY
        if c < n and (size == 0 or arrival[c] < time[0] or (arrival[c] == time[0] and kind == READY)):
            t = arrival[c]
            if t > until:
                c = n
                continue
            first, b = case_ptr[c], step_ptr[branch[c]]
            for k in range(case_ptr[c + 1] - first):
                s, row = first + k, b + k
                case_of[s], row_of[s] = c, row
                left_before[s] = step_pending[row]
                if left_before[s] == 0:
                    fresh[n_fresh] = s
                    n_fresh += 1
            c += 1
        elif size == 0:
            break
        else:
            t = time[0]
            if t > until:
                break
            day = int(t / 24.0)
            now = 48 * day + min(int((t - 24.0 * day) * 2.0), 47)
            if now != half_hour:
                half_hour = now
                for p in range(len(duty)):
                    duty[p] = on_duty(work_within, classes, p, t)
            s = item[0]
            size = pop(time, order, item, size)
            if kind == READY:
                node = step_node[row_of[s]]
                g = node_group[node]
                if node_size[node] > 0 and np.isnan(ready[s]):
                    # It joins a batch; who completes it calls all of them, else the first one's patience does.
                    batch_head[node] = _first_come(batch_head[node], s, left, right)
                    batch_count[node] += 1
                    full = batch_count[node] >= node_size[node]
                    if full or (batch_count[node] == 1 and node_patience[node] < np.inf):
                        what = batch_number[node] * len(node_size) + node
                        at = t if full else t + node_patience[node]
                        size = push(time, order, item, size, at, (np.int64(RELEASE) << _SHIFT) | seq, what)
                        seq += 1
                elif g < 0:
                    begin = s
                else:
                    queue, fixed = g, _NONE
                    u = uniform(seed, numbers[case_of[s]], step_origin[row_of[s]], PICK)
                    if deal_out:
                        by_habit = uniform(seed, numbers[case_of[s]], step_origin[row_of[s]], DEAL) < habit
                        fixed = deal(g, by_habit, u, members, member_ptr, weights, capacity, busy, queued)
                        dealt[s] = fixed
                        queue = n_groups + members[fixed]
                    found = _NONE
                    if root[queue] < 0:
                        found = pick(g, fixed, u, members, member_ptr, weights, cal, capacity, busy, duty)
                        if found < 0 and node_overtime[node] >= 0 and _slot_on(gates, classes, node_overtime[node], t):
                            found = pick_off_duty(
                                g, fixed, u, t, members, member_ptr, weights, cal, capacity, busy, work_within, classes
                            )
                            overtime = found >= 0
                    if found >= 0:
                        busy[members[found]] += 1
                        begin, with_whom = s, found
                    else:
                        turn[s] = turns
                        turns += 1
                        if ordered:
                            d = group_discipline[g]
                            key[s] = (
                                priority[case_of[s]] if d == PRIORITY else due[case_of[s]] if d == DEADLINE else 0.0
                            )
                        if ordered:
                            left[s], right[s] = _NONE, _NONE
                            root[queue] = merge(root[queue], s, left, right, key, turn)
                        else:
                            root[queue] = _first_come(root[queue], s, left, right)
                        if queue >= n_groups:
                            queued[queue - n_groups] += 1
                        at = opening(
                            g, fixed, t, members, member_ptr, cal, capacity, busy, work_within, work_before, classes
                        )
                        if at < wake_at[queue]:
                            wake_at[queue] = at
                            size = push(time, order, item, size, at, (np.int64(WAKE) << _SHIFT) | seq, queue)
                            seq += 1
            elif kind == WAKE:
                if wake_at[s] == t:
                    serving = s
            elif kind == RELEASE:
                # The item is the node and the number of the batch its patience belongs to.
                node, number = s % len(node_size), s // len(node_size)
                if batch_number[node] == number and batch_head[node] >= 0:
                    w = batch_head[node]
                    batch_head[node], batch_count[node] = _NONE, 0
                    batch_number[node] += 1
                    while w >= 0:
                        ready[w] = t
                        size = push(time, order, item, size, t, (np.int64(READY) << _SHIFT) | seq, w)
                        seq += 1
                        w = left[w]
            else:
                row = row_of[s]
                first = case_ptr[case_of[s]]
                for k in range(succ_ptr[row], succ_ptr[row + 1]):
                    f = first + succ[k]
                    left_before[f] -= 1
                    if left_before[f] == 0:
                        fresh[n_fresh] = f
                        n_fresh += 1
                r = who[s]
                if r >= 0:
                    busy[r] -= 1
                    if busy[r] < capacity[r]:
                        best = _NONE
                        for k in range(queue_ptr[r], queue_ptr[r + 1]):
                            q = queues[k]
                            if root[q] >= 0 and (best < 0 or _before(root[q], root[best], key, turn, ordered)):
                                best = q
                        if best >= 0:
                            if duty[cal[r]]:
                                begin = root[best]
                                if ordered:
                                    root[best] = merge(left[begin], right[begin], left, right, key, turn)
                                else:
                                    root[best] = _next_come(begin, left, right)
                                if best >= n_groups:
                                    queued[best - n_groups] -= 1
                                busy[r] += 1
                                g = node_group[step_node[row_of[begin]]]
                                for m in range(member_ptr[g], member_ptr[g + 1]):
                                    if members[m] == r:
                                        with_whom = m
                            else:
                                at = next_open(work_within, work_before, classes, cal[r], t)
                                for k in range(queue_ptr[r], queue_ptr[r + 1]):
                                    q = queues[k]
                                    if root[q] >= 0 and at < wake_at[q]:
                                        wake_at[q] = at
                                        size = push(time, order, item, size, at, (np.int64(WAKE) << _SHIFT) | seq, q)
                                        seq += 1
        for k in range(n_fresh):
            s = fresh[k]
            row = row_of[s]
            node = step_node[row]
            case = case_of[s]
            at = t
            if step_wait[row] >= 0:
                u = uniform(seed, numbers[case], step_origin[row], WAIT)
                clock = node_clock[node]
                passed = forward(delay_within, delay_before, classes, clock, t)
                if t < known_until:
                    # It has waited until now: what is drawn is longer than that.
                    waited = forward(delay_within, delay_before, classes, clock, known_until) - passed
                    p = probability(waits, grid, step_wait[row], waited)
                    delay = max(draw(waits, grid, step_wait[row], p + u * (1.0 - p)), waited)
                else:
                    band = step_band[row]
                    delay = draw(waits, grid, step_wait[row], (band + u) / bands if band >= 0 else u)
                if delay > 0.0:
                    at = inverse(delay_within, delay_before, classes, clock, passed + delay, t)
                    # Where its clock stands still it never begins: what ends then waits until it moves again.
                    at = next_open(delay_within, delay_before, classes, clock, at)
            at = max(at, known_until)
            if node_gate[node] >= 0:
                at = next_slot(gates, classes, node_gate[node], at)
            if node_size[node] == 0:
                ready[s] = at
            size = push(time, order, item, size, at, (np.int64(READY) << _SHIFT) | seq, s)
            seq += 1
        while True:
            if serving >= 0:
                # Somebody has come on duty: as many waiting steps begin as there are free places, in one order over all
                # queues that wait for this moment, since people may serve several.
                for q in range(n_groups, n_queues) if deal_out else range(n_groups):
                    if wake_at[q] != t or q == serving:
                        continue
                    if root[q] < 0:
                        wake_at[q] = np.inf
                    elif (
                        wake_at[serving] != t
                        or root[serving] < 0
                        or _before(root[q], root[serving], key, turn, ordered)
                    ):
                        if root[serving] < 0 and wake_at[serving] == t:
                            wake_at[serving] = np.inf
                        serving = q
                if wake_at[serving] != t:
                    break
                s = root[serving]
                if s < 0:
                    wake_at[serving] = np.inf
                    break
                row = row_of[s]
                g = node_group[step_node[row]]
                fixed = dealt[s] if deal_out else _NONE
                u = uniform(seed, numbers[case_of[s]], step_origin[row], PICK)
                found = pick(g, fixed, u, members, member_ptr, weights, cal, capacity, busy, duty)
                if found < 0:
                    at = opening(
                        g, fixed, t, members, member_ptr, cal, capacity, busy, work_within, work_before, classes
                    )
                    wake_at[serving] = at
                    if at < np.inf:
                        size = push(time, order, item, size, at, (np.int64(WAKE) << _SHIFT) | seq, serving)
                        seq += 1
                    continue
                if ordered:
                    root[serving] = merge(left[s], right[s], left, right, key, turn)
                else:
                    root[serving] = _next_come(s, left, right)
                if serving >= n_groups:
                    queued[serving - n_groups] -= 1
                busy[members[found]] += 1
                begin, with_whom = s, found
            if begin < 0:
                break
            s = begin
            row = row_of[s]
            node = step_node[row]
            table = step_work[row]
            hours = node_duty[node]
            if with_whom >= 0:
                who[s] = members[with_whom]
                hours = len(work_within) - 1 if overtime else cal[who[s]]
                own = own_work[own_ptr[node] + with_whom - member_ptr[node_group[node]]]
                if own >= 0:
                    table = own
            start[s] = t
            finish = t
            if table >= 0:
                u = uniform(seed, numbers[case_of[s]], step_origin[row], WORK)
                work = draw(works, grid, table, u)
                if work > 0.0:
                    if with_whom < 0:
                        start[s] = next_open(work_within, work_before, classes, hours, t)
                    done = forward(work_within, work_before, classes, hours, start[s]) + work
                    finish = inverse(work_within, work_before, classes, hours, done, start[s])
                    if with_whom >= 0 and not overtime and node_runs_on[node] > 0.0:
                        late = finish > next_closed(work_within, classes, hours, start[s]) + 1e-6
                        if late and uniform(seed, numbers[case_of[s]], step_origin[row], FINISH) < node_runs_on[node]:
                            finish = start[s] + work
            if finish <= until:
                end[s] = finish
            size = push(time, order, item, size, finish, (np.int64(DONE) << _SHIFT) | seq, s)
            seq += 1
            begin = _NONE
            if serving < 0:
                break
    control[1], control[2] = c, handled


@njit(cache=True, nogil=True)
def _grown(old):  # type: ignore[no-untyped-def]
    # Not a slice: its check of the shapes takes more than a second to compile.
    new = np.empty(2 * len(old))
    for i in range(len(old)):
        new[i] = old[i]
    return new


@njit(cache=True, nogil=True)
def _grown_i(old):  # type: ignore[no-untyped-def]
    new = np.empty(2 * len(old), np.int64)
    for i in range(len(old)):
        new[i] = old[i]
    return new


@njit(cache=True, nogil=True)
def _before(a, b, key, turn, ordered):  # type: ignore[no-untyped-def]
    """Whether waiting step ``a`` is served before ``b``."""
    if ordered and key[a] != key[b]:
        return key[a] < key[b]
    return turn[a] < turn[b]


@njit(cache=True, nogil=True)
def _first_come(head, s, left, right):  # type: ignore[no-untyped-def]
    """Put ``s`` last in a first-come-first-served list: ``left`` is the next, ``right`` of the head is the last."""
    left[s] = _NONE
    if head < 0:
        right[s] = s
        return s
    last = right[head]
    left[last] = s
    right[head] = s
    return head


@njit(cache=True, nogil=True)
def _next_come(head, left, right):  # type: ignore[no-untyped-def]
    """Take the head off a first-come-first-served list; return the new one."""
    follow = left[head]
    if follow >= 0:
        right[follow] = right[head]
    return follow


@njit(cache=True, nogil=True)
def arrange(case_ptr, start, end, until, order, kept_ptr):  # type: ignore[no-untyped-def]
    """Order the steps of every case that ended by ``until`` by start, end and number; return how many there are."""
    n = 0
    for c in range(len(case_ptr) - 1):
        kept_ptr[c] = n
        first = n
        for s in range(case_ptr[c], case_ptr[c + 1]):
            if not end[s] <= until:
                continue
            k = n
            while k > first:
                o = order[k - 1]
                if start[o] < start[s] or (start[o] == start[s] and end[o] <= end[s]):
                    break
                order[k] = o
                k -= 1
            order[k] = s
            n += 1
    kept_ptr[len(case_ptr) - 1] = n
    return n
