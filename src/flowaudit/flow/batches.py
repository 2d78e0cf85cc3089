"""Work that is done in batches: several instances of one activity that one resource takes up together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from flowaudit.eventlog import EventLog
from flowaudit.flow.accounts import PERSON, accounts
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
        By row: the last enablement of the members of its batch, NaT for none.
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
    enabled by the first one's start and of which each begins before or when those before it end (gap <= 0; a night or
    a break in which the resource is off duty is no gap). A candidate is a batch when a person takes the work up at once
    (all start together and take time), or when that person was on duty and idle for at least 15 minutes since the first of
    them was enabled *and* the run began when its last member arrived (**size**) or at the hour at which at least 75 %
    of the runs of that resource and activity begin (**schedule**). Where at least half of the runs of a resource and
    activity are batches, so are its others before which it was idle.

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
    seen = _sorted(log, found)
    if seen is None:
        return _none(n)
    kinds, rows = accounts(log), seen.rows
    calendar = calendar_of_row[rows]
    number = _runs(seen, duty, calendar)
    runs = _describe(seen, number)
    if not len(runs.first):
        return _none(n)
    who = seen.resource[runs.first]
    idle, from_work = _idle(runs, who, seen, len(kinds.kind), duty, calendar)
    pair, of_pair = np.unique(seen.pair[runs.first], return_inverse=True)
    scheduled = _scheduled(seen.pair[runs.first], runs.begun, duty, calendar[runs.first])
    # The one that a batch of a size was waiting for is not the first to be taken up, and came from somebody else's desk.
    on_size = (runs.begun - runs.last_enabled <= AT_ONCE) & (runs.last_enabled > seen.enabled[runs.first]) & ~from_work
    together = (runs.kind == SIMULTANEOUS) & (runs.ended > runs.begun) & (runs.begun % DAY != 0)
    person = kinds.kind[who] == PERSON
    kept = person & (together | (idle & (on_size | scheduled)))
    count, total = np.bincount(of_pair, weights=kept), np.bincount(of_pair, minlength=len(pair))
    # One run may be chance; a habit shows itself again.
    habit = count >= FEW
    kept = (kept | (person & idle & (count >= total / 2)[of_pair])) & habit[of_pair]
    return _collected(n, number, rows, runs, kept, scheduled, on_size)


def habits(log: EventLog, *, found: Enablement | None = None) -> tuple[Ints, Ints, Ints]:
    """Count what arrives while a resource works through a run, how much of it is left for another time, and what begins together.

    Who serves a queue goes on with what arrived in the meantime. Who holds a meeting, or signs at four o'clock what came
    in by then, leaves it, although nothing else is to be done: this habit shows when nothing else tells a batch from
    short hours of duty.

    Returns
    -------
    arrived, left, together : array of int64
        By code of the resource: instances enabled while a run of their resource and activity was going on; those of
        them that were begun more than 15 minutes after its end; instances in runs that begin together and take time.
    """
    resources = len(log.labels("resource")) if log.has("resource") else 0
    seen = _sorted(log, found)
    nothing = np.zeros(resources, np.int64)
    if seen is None:
        return nothing, nothing.copy(), nothing.copy()
    number = _runs(seen)
    runs = _describe(seen, number)
    if not len(runs.first):
        return nothing, nothing.copy(), nothing.copy()
    order = np.lexsort((runs.begun, seen.pair[runs.first]))
    run_pair, run_begun, run_ended = seen.pair[runs.first][order], runs.begun[order], runs.ended[order]
    # runs of one pair in order of their beginning: the last one that began before each instance was enabled
    merged = np.lexsort(
        (
            np.r_[np.zeros(len(order)), np.ones(len(seen.rows))],
            np.r_[run_begun, seen.enabled],
            np.r_[run_pair, seen.pair],
        )
    )
    place = np.maximum.accumulate(np.where(merged < len(order), merged, -1))
    last = np.empty(len(seen.rows), np.int64)
    asked = merged >= len(order)
    last[merged[asked] - len(order)] = place[asked]
    inside = (last >= 0) & (run_pair[last] == seen.pair)
    inside &= (seen.enabled > run_begun[last]) & (seen.enabled < run_ended[last]) & (order[last] != number)
    left = inside & (seen.begun > run_ended[last] + IDLE)
    at_once = (runs.kind == SIMULTANEOUS) & (runs.ended > runs.begun)
    together = np.append(at_once, False)[number]

    def counted(marked: Bools) -> Ints:
        return np.bincount(seen.resource[marked], minlength=resources).astype(np.int64)

    return counted(inside), counted(left), counted(together)


@dataclass(frozen=True, eq=False)
class _Sorted:
    """The usable rows by resource, activity and start, and where each such pair begins among them."""

    rows: Ints
    ptr: Ints
    pair: Ints
    resource: Ints
    begun: Ints
    ended: Ints
    enabled: Ints


def _sorted(log: EventLog, found: Enablement | None) -> _Sorted | None:
    if not len(log.events) or not log.has("start", "resource"):
        return None
    found = found or enablement(log)
    start, end = log.stamps("start"), log.stamps("end")
    begun, ended, enabled = (s.astype(np.int64) for s in (start, end, found.enabled))
    resource = log.codes("resource")[0].astype(np.int64)
    activity = log.codes("activity")[0].astype(np.int64)
    rows = np.flatnonzero(~np.isnat(start) & ~np.isnat(end) & (end >= start) & (resource >= 0))
    if not len(rows):
        return None
    rows = rows[np.lexsort((ended[rows], begun[rows], activity[rows], resource[rows]))]
    pair = resource[rows] * (int(activity.max()) + 1) + activity[rows]
    ptr = np.r_[np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]]), len(pair)].astype(np.int64)
    return _Sorted(rows, ptr, pair, resource[rows], begun[rows], ended[rows], enabled[rows])


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


def _runs(seen: _Sorted, duty: DutyTables | None = None, calendar: Ints | None = None) -> Ints:
    """Number the runs; without hours of duty every pause ends one."""
    from flowaudit.flow import _kernels_batches as kernels

    if duty is None or calendar is None:
        axes = [np.arange(len(seen.rows)), np.full(len(seen.rows), -1, np.int64)] * 2
    else:
        axes = [
            on_duty(duty, calendar, stamps, within_office=office)
            for office in (False, True)
            for stamps in (seen.begun, seen.ended)
        ]
    number = np.full(len(seen.rows), -1, np.int64)
    kernels.batches(seen.ptr, seen.enabled, seen.begun, seen.ended, *axes, np.int64(2 * HOUR), number)  # type: ignore[call-arg]
    return number


def _describe(seen: _Sorted, number: Ints) -> _Runs:
    inside = np.flatnonzero(number >= 0)
    of = number[inside]
    if not len(of):
        nothing = np.zeros(0, np.int64)
        return _Runs(nothing, nothing, nothing, nothing, nothing, nothing, np.zeros(0, np.int8))
    # members of a run lie side by side
    first = inside[np.r_[True, of[1:] != of[:-1]]]
    size = np.bincount(of).astype(np.int64)
    at = np.r_[0, np.cumsum(size)][:-1]
    b, e, en = seen.begun[inside], seen.ended[inside], seen.enabled[inside]
    later = np.r_[False, b[1:] < e[:-1]]
    later[at] = False
    overlap = np.logical_or.reduceat(later, at)
    same = np.maximum.reduceat(b, at) == np.minimum.reduceat(b, at)
    kind = np.where(same, SIMULTANEOUS, np.where(overlap, CONCURRENT, SEQUENTIAL)).astype(np.int8)
    return _Runs(
        first, size, b[at], np.maximum.reduceat(e, at), np.minimum.reduceat(en, at), np.maximum.reduceat(en, at), kind
    )


def _idle(
    runs: _Runs, who: Ints, seen: _Sorted, resources: int, duty: DutyTables, calendar_of_row: Ints
) -> tuple[Bools, Bools]:
    """Say before which runs the resource was on duty and idle for a while since the first member was enabled, and which
    it began straight from other work."""
    calendar = np.zeros(resources, np.int64)
    calendar[seen.resource] = calendar_of_row
    owner, low, high = busy_spans(seen.resource, seen.begun, seen.ended, resources)
    if not len(low):
        return on_duty(duty, calendar[who], runs.begun) - on_duty(
            duty, calendar[who], runs.first_enabled
        ) >= IDLE, who < 0
    worked = on_duty(duty, calendar[owner], high) - on_duty(duty, calendar[owner], low)
    total = np.r_[0, np.cumsum(worked)]
    ptr = np.searchsorted(owner, np.arange(resources + 1))

    def busy(until: Ints) -> Ints:
        """On-duty time of the spans of each asked resource before a moment, plus what all resources before it worked."""
        place = np.empty(len(until), np.int64)
        order = np.lexsort((until, who))
        cuts = np.flatnonzero(np.r_[True, who[order][1:] != who[order][:-1], True])
        for a, b in itertools.pairwise(cuts.tolist()):
            own, r = order[a:b], who[order[a]]
            place[own] = ptr[r] + np.searchsorted(low[ptr[r] : ptr[r + 1]], until[own], side="right")
        before = np.maximum(place - 1, 0)
        extra = np.zeros(len(until), np.int64)
        # the last span may still be going on: what of it lies beyond is taken off
        at = np.flatnonzero((place > ptr[who]) & (high[before] > until))
        extra[at] = on_duty(duty, calendar[who[at]], until[at]) - on_duty(duty, calendar[who[at]], high[before[at]])
        return np.asarray(total[place] + extra, np.int64)

    available = on_duty(duty, calendar[who], runs.begun) - on_duty(duty, calendar[who], runs.first_enabled)
    at_once = busy(runs.begun) > busy(runs.begun - AT_ONCE)
    return available - (busy(runs.begun) - busy(runs.first_enabled)) >= IDLE, at_once


def busy_spans(resource: Ints, begun: Ints, ended: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    """Return the spans in which each resource had something in hand, merged: resource, from, to; in that order."""
    rows = np.flatnonzero(ended > begun)
    rows = rows[np.lexsort((begun[rows], resource[rows]))]
    who, low, high = resource[rows], begun[rows], ended[rows]
    if not len(rows):
        return who, low, high
    # One running maximum serves all: a later resource's stamps are lifted above every stamp of an earlier one.
    zero, width = int(low.min()), int(high.max() - low.min()) + 1
    if n * width < 2**62:
        lift = who * width - zero
        reach = np.maximum.accumulate(high + lift)
    else:
        lift = np.zeros(len(who), np.int64)
        reach = np.concatenate([np.maximum.accumulate(high[who == r]) for r in np.unique(who)])
    opens = np.r_[True, (who[1:] != who[:-1]) | (low[1:] + lift[1:] > reach[:-1])]
    last = np.r_[np.flatnonzero(opens)[1:] - 1, len(rows) - 1]
    return who[opens], low[opens], reach[last] - lift[last]


def on_duty(duty: DutyTables, calendar: Ints, stamps: Ints, *, within_office: bool = False) -> Ints:
    """Return the microseconds on duty (and within office hours) from the first day of the tables up to each moment."""
    days, minutes = (duty.day_both, duty.minute_both) if within_office else (duty.day_open, duty.minute_open)
    since = stamps - duty.first_day * DAY
    day = since // DAY
    rest = since - day * DAY
    minute = rest // MINUTE
    kind = duty.class_of_day[day]
    before = minutes[calendar, kind, minute].astype(np.int64)
    after = minutes[calendar, kind, minute + 1].astype(np.int64)
    found: Ints = days[calendar, day] + before * MINUTE + (after - before) * (rest - minute * MINUTE)
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


def _collected(n: int, number: Ints, rows: Ints, runs: _Runs, kept: Bools, scheduled: Bools, on_size: Bools) -> Batches:
    fresh = np.full(len(kept) + 1, -1, np.int64)
    fresh[:-1][kept] = np.arange(int(kept.sum()))
    own = np.full(n, -1, np.int64)
    own[rows] = fresh[number]
    trigger = np.where(scheduled, SCHEDULE, np.where(on_size, SIZE, UNKNOWN)).astype(np.int8)[kept]
    moment = runs.last_enabled[kept].astype("datetime64[us]")
    released = np.full(n, np.datetime64("NaT", "us"))
    inside = own >= 0
    released[inside] = moment[own[inside]]
    return Batches(own, released, runs.kind[kept], trigger, runs.size[kept])
