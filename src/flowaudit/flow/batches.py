"""Work that is done in batches: several instances of one activity that one resource takes up together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog
from flowaudit.flow.accounts import PERSON, Accounts, accounts
from flowaudit.flow.enablement import Enablement, enablement
from flowaudit.worktime import DutyTables

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.datetime64]
Kind = Literal["simultaneous", "concurrent", "sequential"]
Trigger = Literal["schedule", "size", "unknown"]

KINDS: tuple[Kind, ...] = ("simultaneous", "concurrent", "sequential")
TRIGGERS: tuple[Trigger, ...] = ("schedule", "size", "unknown")
SIMULTANEOUS, CONCURRENT, SEQUENTIAL = range(3)
SCHEDULE, SIZE, UNKNOWN = range(3)

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
AT_ONCE = 2 * MINUTE
"""A batch that begins so soon after its last member was enabled was waiting for it."""
IDLE = 15 * MINUTE
"""On duty and idle for so long, a resource could have begun earlier: it was the batch that made the first ones wait."""
FEW = 3
"""Fewer batches of one resource and activity are chance."""
SAME_SLOT = 0.75
SLOT_H = 1
_EPOCH_TO_MONDAY = 3


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of a log.

    Attributes
    ----------
    number : array of int64
        Batch of every row, -1 for none.
    released : array of datetime64
        By row: the moment the batch waited for, NaT for none. The last enablement of its members; where batches begin at
        a fixed time, that beginning.
    kind, trigger : array of int8
        By batch: place in ``KINDS`` and ``TRIGGERS``.
    size : array of int64
        By batch: instances in it.
    """

    number: Ints
    released: Stamps
    kind: npt.NDArray[np.int8]
    trigger: npt.NDArray[np.int8]
    size: Ints

    def __len__(self) -> int:
        return len(self.size)


def find_batches(log: EventLog, duty: DutyTables, calendar_of_row: Ints, *, found: Enablement | None = None) -> Batches:
    """Find the batches of a log.

    A candidate is a run of at least two instances of one activity by one resource, sorted by start, that were all
    enabled by the first one's start and of which each begins before or when those before it end (gap <= 0). A candidate
    is a batch when the work is taken up at once (all start together and take time), or when the resource, a person, was
    on duty and idle for at least 15 minutes since the first of them was enabled *and* the run began when its last
    member arrived (**size**) or at the hour at which at least 75 % of the runs of that resource and activity begin (**schedule**).

    Parameters
    ----------
    log : EventLog
        With start times and resources; else there are no batches.
    duty : DutyTables
        When resources are on duty.
    calendar_of_row : array of int
        The calendar of the resource of each row.
    found : Enablement, optional

    Returns
    -------
    Batches

    Notes
    -----
    The candidates are the batches of the references. The conditions beyond are our own: a busy officer who takes the next
    from a queue forms such runs, too, and so does everybody who finds at nine what arrived over night.

    References
    ----------
    Martin, Pufahl, Mannhardt. Detection of batch activities from event logs. *Information Systems* 95 (2021).
    Lashkevich, Milani, Chapela-Campa, Dumas. Data-driven analysis of batch processing inefficiencies. RCIS 2022.
    """
    n = len(log.events)
    if not n or not log.has("start", "resource"):
        return _none(n)
    found = found or enablement(log)
    kinds = accounts(log)
    start, end = log.stamps("start"), log.stamps("end")
    usable = ~np.isnat(start) & ~np.isnat(end) & (end >= start)
    begun, ended, enabled = (s.astype(np.int64) for s in (start, end, found.enabled))
    resource = log.codes("resource")[0].astype(np.int64)
    activity = log.codes("activity")[0].astype(np.int64)
    rows = np.flatnonzero(usable & (resource >= 0))
    rows = rows[np.lexsort((ended[rows], begun[rows], activity[rows], resource[rows]))]
    if not len(rows):
        return _none(n)
    pair = resource[rows] * (int(activity.max()) + 1) + activity[rows]
    ptr = np.r_[np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]]), len(pair)].astype(np.int64)
    number = _runs(ptr, enabled[rows], begun[rows], ended[rows])
    runs = _describe(number, rows, begun, ended, enabled)
    idle = _idle(runs, rows, kinds, resource, begun, ended, usable, duty, calendar_of_row)
    pair_of_run = pair[runs.first]
    scheduled = _scheduled(pair_of_run, runs.begun, duty, calendar_of_row[rows[runs.first]])
    on_size = (runs.begun - runs.last_enabled <= AT_ONCE) & (runs.last_enabled > runs.first_enabled)
    together = (runs.kind == SIMULTANEOUS) & (runs.ended > runs.begun) & (runs.begun % DAY != 0)
    person = kinds.kind[resource[rows[runs.first]]] == PERSON
    kept = person & (together | (idle & (on_size | scheduled)))
    # One run may be chance; a habit shows itself again.
    habit = np.bincount(np.unique(pair_of_run, return_inverse=True)[1], weights=kept)
    kept &= habit[np.unique(pair_of_run, return_inverse=True)[1]] >= FEW
    return _collected(n, number, rows, runs, kept, scheduled, on_size)


@dataclass(frozen=True, eq=False)
class _Runs:
    """Candidates: place of the first member among the sorted rows, size, stamps."""

    first: Ints
    size: Ints
    begun: Ints
    ended: Ints
    first_enabled: Ints
    last_enabled: Ints
    kind: npt.NDArray[np.int8]


def _none(n: int) -> Batches:
    nothing = np.zeros(0, np.int8)
    return Batches(
        np.full(n, -1, np.int64), np.full(n, np.datetime64("NaT", "us")), nothing, nothing, np.zeros(0, np.int64)
    )


def _runs(ptr: Ints, enabled: Ints, begun: Ints, ended: Ints) -> Ints:
    from flowaudit.flow import _kernels_batches as kernels

    number = np.full(len(enabled), -1, np.int64)
    kernels.batches(ptr, enabled, begun, ended, number)
    return number


def _describe(number: Ints, rows: Ints, begun: Ints, ended: Ints, enabled: Ints) -> _Runs:
    inside = np.flatnonzero(number >= 0)
    of = number[inside]
    # members of a run lie side by side
    first = inside[np.r_[True, of[1:] != of[:-1]]] if len(of) else inside
    size = np.bincount(of).astype(np.int64) if len(of) else np.zeros(0, np.int64)
    at = np.r_[0, np.cumsum(size)][:-1]
    own = rows[inside]
    if not len(first):
        nothing = np.zeros(0, np.int64)
        return _Runs(nothing, nothing, nothing, nothing, nothing, nothing, np.zeros(0, np.int8))
    b, e, en = begun[own], ended[own], enabled[own]
    later = np.r_[False, b[1:] < e[:-1]]
    later[at] = False
    overlap = np.logical_or.reduceat(later, at)
    same = np.maximum.reduceat(b, at) == np.minimum.reduceat(b, at)
    kind = np.where(same, SIMULTANEOUS, np.where(overlap, CONCURRENT, SEQUENTIAL)).astype(np.int8)
    return _Runs(
        first, size, b[at], np.maximum.reduceat(e, at), np.minimum.reduceat(en, at), np.maximum.reduceat(en, at), kind
    )


def _idle(
    runs: _Runs, rows: Ints, kinds: Accounts, resource: Ints, begun: Ints, ended: Ints, usable: Bools,
    duty: DutyTables, calendar_of_row: Ints,
) -> Bools:  # fmt: skip
    """Say before which runs the resource was on duty and idle for a while since the first member was enabled."""
    calendar = np.zeros(len(kinds.kind), np.int64)
    calendar[resource[rows]] = calendar_of_row[rows]
    who, low, high = busy_spans(resource, begun, ended, usable, len(kinds.kind))
    worked = on_duty(duty, calendar[who], high) - on_duty(duty, calendar[who], low)
    total = np.r_[0, np.cumsum(worked)]
    ptr = np.searchsorted(who, np.arange(len(kinds.kind) + 1))
    asked = resource[rows[runs.first]]

    def busy(until: Ints) -> Ints:
        """On-duty time of the spans of each asked resource before a moment, plus what all resources before it worked."""
        key = asked.astype(np.float64)
        place = np.empty(len(until), np.int64)
        order = np.lexsort((until, key))
        for r in np.unique(asked):
            own = order[asked[order] == r]
            place[own] = ptr[r] + np.searchsorted(low[ptr[r] : ptr[r + 1]], until[own], side="right")
        before = np.maximum(place - 1, 0)
        inside = (place > ptr[asked]) & (high[before] > until) if len(low) else np.zeros(len(until), np.bool_)
        extra = np.zeros(len(until), np.int64)
        at = np.flatnonzero(inside)
        extra[at] = on_duty(duty, calendar[asked[at]], until[at]) - on_duty(
            duty, calendar[asked[at]], high[before[at]]
        )
        return np.asarray(total[place] + extra, np.int64)

    available = on_duty(duty, calendar[asked], runs.begun) - on_duty(duty, calendar[asked], runs.first_enabled)
    return available - (busy(runs.begun) - busy(runs.first_enabled)) >= IDLE


def busy_spans(resource: Ints, begun: Ints, ended: Ints, usable: Bools, n: int) -> tuple[Ints, Ints, Ints]:
    """Return the spans in which each resource had something in hand, merged: resource, from, to; in that order."""
    rows = np.flatnonzero(usable & (resource >= 0) & (ended > begun))
    rows = rows[np.lexsort((begun[rows], resource[rows]))]
    who, low, high = resource[rows], begun[rows], ended[rows]
    if not len(rows):
        return who, low, high
    # One running maximum serves all: a later resource's stamps are lifted above every stamp of an earlier one.
    zero, width = int(low.min()), int(high.max() - low.min()) + 1
    rank = np.unique(who, return_inverse=True)[1]
    if len(np.unique(rank)) * width < 2**62:
        lift = rank * width - zero
        reach = np.maximum.accumulate(high + lift)
    else:
        reach, lift = np.concatenate(
            [np.maximum.accumulate(high[who == r]) for r in np.unique(who)]
        ), np.zeros(len(who), np.int64)
    opens = np.r_[True, (who[1:] != who[:-1]) | (low[1:] + lift[1:] > reach[:-1])]
    last = np.r_[np.flatnonzero(opens)[1:] - 1, len(rows) - 1]
    return who[opens], low[opens], reach[last] - lift[last]


def on_duty(duty: DutyTables, calendar: Ints, stamps: Ints) -> Ints:
    """Return the microseconds on duty from the first day of the tables up to each moment."""
    since = stamps - duty.first_day * DAY
    day = since // DAY
    rest = since - day * DAY
    minute = rest // MINUTE
    kind = duty.class_of_day[day]
    before = duty.minute_open[calendar, kind, minute].astype(np.int64)
    after = duty.minute_open[calendar, kind, minute + 1].astype(np.int64)
    found: Ints = duty.day_open[calendar, day] + before * MINUTE + (after - before) * (rest - minute * MINUTE)
    return found


def _scheduled(pair: Ints, begun: Ints, duty: DutyTables, calendar: Ints) -> Bools:
    """Say which runs begin at the hour at which nearly all runs of their resource and activity begin.

    An hour of the week or of the day counts, but not the one in which the resource comes on duty.
    """
    scheduled = np.zeros(len(pair), np.bool_)
    if not len(pair):
        return scheduled
    hour = begun // HOUR
    opening = on_duty(duty, calendar, begun) - on_duty(duty, calendar, np.maximum(begun - HOUR, duty.first_day * DAY))
    comes = opening < HOUR // 4
    for slots, least in ((hour + 24 * _EPOCH_TO_MONDAY) % 168, 4), (hour % 24, 6):
        key = pair * 168 + slots
        _pairs, of_pair, runs = np.unique(pair, return_inverse=True, return_counts=True)
        _keys, of_slot, in_slot = np.unique(key, return_inverse=True, return_counts=True)
        scheduled |= (in_slot[of_slot] >= np.maximum(SAME_SLOT * runs[of_pair], least)) & ~comes
    return scheduled


def _collected(
    n: int, number: Ints, rows: Ints, runs: _Runs, kept: Bools, scheduled: Bools, on_size: Bools
) -> Batches:
    fresh = np.full(len(kept) + 1, -1, np.int64)
    fresh[:-1][kept] = np.arange(int(kept.sum()))
    own = np.full(n, -1, np.int64)
    own[rows] = fresh[number]
    trigger = np.where(scheduled, SCHEDULE, np.where(on_size, SIZE, UNKNOWN)).astype(np.int8)[kept]
    moment = np.where(scheduled, runs.begun, runs.last_enabled)[kept].astype("datetime64[us]")
    released = np.full(n, np.datetime64("NaT", "us"))
    inside = own >= 0
    released[inside] = moment[own[inside]]
    return Batches(own, released, runs.kind[kept], trigger, runs.size[kept])
