"""Transitions of one activity instance (start, suspend, complete ...) become one row with two stamps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from flowaudit.eventlog.coded import Booleans, Coded, coded, codes_of
from flowaudit.eventlog.mapping import Lifecycle

Rows = npt.NDArray[np.int64]
Columns = dict[str, pa.Array]

# What a transition does to an activity instance (XES standard lifecycle, IEEE 1849-2023, section 5.4, and everyday words).
_SCHEDULE, _START, _RESUME, _SUSPEND, _END, _BREAK, _REVOKE, _NONE, _OTHER = range(9)
TRANSITIONS: Mapping[str, int] = {
    "schedule": _SCHEDULE, "scheduled": _SCHEDULE,
    "start": _START, "started": _START, "begin": _START,
    "suspend": _SUSPEND, "suspended": _SUSPEND,
    "resume": _RESUME, "resumed": _RESUME,
    "complete": _END, "completed": _END, "end": _END,
    "ate_abort": _BREAK, "pi_abort": _BREAK,
    "withdraw": _REVOKE,
    "autoskip": _NONE, "manualskip": _NONE,
    "assign": _OTHER, "reassign": _OTHER, "unknown": _OTHER,
}  # fmt: skip
# Transitions with one stamp are taken to have happened in this order, whatever the file says; in its order where equal.
_RANK = np.array([0, 1, 2, 2, 3, 3, 3], np.int8)
_INSTANCE = ("concept:instance", "instance_id")
_HOUR_US = 3_600_000_000
_LATEST = np.iinfo(np.int64).max


def pair_transitions(work: Columns, how: Lifecycle) -> tuple[Columns, list[Mapping[str, Any]]]:
    """Return one row per activity instance, and what could not be paired.

    Parameters
    ----------
    work : dict of str to pa.Array
        ``case_id, activity, end, lifecycle`` (and ``concept:instance`` or ``instance_id``, which pairs exactly where
        every start and complete has one).
    how : {"pair", "complete", "ignore"}

    Returns
    -------
    work : dict of str to pa.Array
        Without ``lifecycle``; where starts were paired with ``start``, and, where such transitions stand in the file,
        with ``arrive`` (schedule), ``suspended_h`` (hours between suspend and resume) and ``aborted``.
    problems : list of dict
        Unmatched starts, completes and suspensions, and transitions left out.

    Notes
    -----
    ===========================  ==================================================================================
    transition                   what it does
    ===========================  ==================================================================================
    start                        opens an instance
    complete                     closes the instance of its case and activity that was opened first (first in, first
                                 out); without an open one it is a row with its end alone
    ate_abort, pi_abort          close it likewise; the row is marked ``aborted``
    withdraw                     closes and marks it likewise; without an open one nothing was done: no row
    autoskip, manualskip         nothing was done: no row
    schedule                     is the time of arrival of the instance that starts next (the n-th schedule belongs to
                                 the n-th start), unless the file has ``arrive``
    suspend, resume              do not split an instance. The time between counts as ``suspended_h`` where exactly one
                                 instance is open and the very next transition of the activity is resume, complete or
                                 abort; all others are counted as unclear, and add nothing
    assign, reassign, others     say who, not when: left out and counted
    ===========================  ==================================================================================

    An instance without an end is a row with its start alone. With ``"complete"``, or where no start stands in the
    file, only complete and abort are rows; with ``"ignore"``, or where nothing ends, every transition is one.
    """
    transition = coded(work["lifecycle"])
    folded = [label.strip().casefold() for label in transition.labels.to_pylist()]
    kind = np.array([*(TRANSITIONS.get(word, _OTHER) for word in folded), _OTHER], np.int8)[transition.codes]
    rest = {column: values for column, values in work.items() if column != "lifecycle"}
    ends, starts = (kind == _END) | (kind == _BREAK) | (kind == _REVOKE), kind == _START
    if how == "ignore" or not ends.any():
        return rest, []
    problems: list[Mapping[str, Any]] = []
    if how == "complete" or not starts.any():
        kept = (kind == _END) | (kind == _BREAK)
        _tell(problems, "withdrawn", _examples(rest, np.flatnonzero((kind == _REVOKE) | (kind == _NONE))))
        _tell_left_out(problems, transition, ~kept & (kind != _REVOKE) & (kind != _NONE))
        return _kept(rest, kept), problems
    return _paired(rest, kind, transition, problems)


def _paired(
    rest: Columns, kind: npt.NDArray[np.int8], transition: Coded, problems: list[Mapping[str, Any]]
) -> tuple[Columns, list[Mapping[str, Any]]]:
    stamp = rest["end"].to_numpy(zero_copy_only=False).astype("datetime64[us]", copy=False)
    # What neither opens, interrupts nor closes an instance takes no part in the pairing.
    of = np.flatnonzero(kind < _NONE)
    key = _keys(rest, of, (kind[of] == _START) | (kind[of] == _END))
    when = np.where(np.isnat(stamp[of]), _LATEST, stamp[of].view(np.int64))
    order = np.lexsort((_RANK[kind[of]], when, key))
    of, key = of[order], key[order]
    does = kind[of]
    fresh = np.append(True, key[1:] != key[:-1]) if len(key) else np.zeros(0, bool)
    group = np.cumsum(fresh) - 1
    head = np.flatnonzero(fresh)

    opens, closes = does == _START, (does >= _END) & (does <= _REVOKE)
    step = opens.astype(np.int64) - closes
    balance = _within(np.cumsum(step), step, head, group)
    # A close finds nothing open where the balance falls below all it was before in its group, and below nothing.
    drop = group * np.int64(2 * len(of) + 2)
    lowest = np.minimum.accumulate(np.minimum(balance, 0) - drop) + drop
    before = np.append(0, lowest[:-1])
    before[head] = 0
    lonely = closes & (lowest < before)
    matched = closes & ~lonely
    n_opened = _within(np.cumsum(opens), opens, head, group)
    n_closed = _within(np.cumsum(matched), matched, head, group)
    opened, closed = np.flatnonzero(opens), np.flatnonzero(matched)
    # The n-th close of a group that finds something open closes its n-th start.
    number = np.full(len(of), -1, np.int64)
    number[opened] = np.arange(len(opened))
    base = np.zeros(len(head) + 1, np.int64)
    np.cumsum(np.bincount(group[opened], minlength=len(head)), out=base[1:])
    of_start = base[group[closed]] + n_closed[closed] - 1
    finished = np.zeros(len(opened), bool)
    finished[of_start] = True

    start = np.full(len(stamp), np.datetime64("NaT", "us"))
    end = stamp.copy()
    start[of[closed]] = stamp[of[opened[of_start]]]
    unfinished = of[opened[~finished]]
    start[unfinished], end[unfinished] = stamp[unfinished], np.datetime64("NaT", "us")
    # Row that stands for each start: its close, or the start itself.
    row = of[opened].copy()
    row[of_start] = of[closed]

    keep = np.zeros(len(stamp), bool)
    keep[row] = True
    revoked = of[lonely & (does == _REVOKE)]
    alone = of[lonely & (does != _REVOKE)]
    keep[alone] = True
    rest = {**rest, "start": pa.array(start, from_pandas=True), "end": pa.array(end, from_pandas=True)}
    left = kind == _OTHER
    scheduled = does == _SCHEDULE
    if scheduled.any():
        n_scheduled = _within(np.cumsum(scheduled), scheduled, head, group)
        at = np.flatnonzero(scheduled)
        place = base[group[at]] + n_scheduled[at] - 1
        fits = place < base[group[at] + 1]
        # A start before its schedule is not the start of what was scheduled.
        fits[fits] = stamp[of[opened[place[fits]]]] >= stamp[of[at[fits]]]
        if "arrive" not in rest:
            arrive = np.full(len(stamp), np.datetime64("NaT", "us"))
            arrive[row[place[fits]]] = stamp[of[at[fits]]]
            rest["arrive"] = pa.array(arrive, from_pandas=True)
        left[of[at[~fits]]] = True
    unclear: Rows = np.zeros(0, np.int64)
    if (does == _SUSPEND).any() or (does == _RESUME).any():
        hours, unclear = _suspended(does, of, stamp, fresh, n_opened - n_closed, base, group, n_closed, row)
        rest["suspended_h"] = pa.array(hours)
    if ((does == _BREAK) | (does == _REVOKE))[closed].any() or (does[lonely] == _BREAK).any():
        rest["aborted"] = pa.array((kind == _BREAK) | (kind == _REVOKE))

    n = int(((kind == _START) | ((kind >= _END) & (kind <= _REVOKE))).sum())
    _tell_left_out(problems, transition, left)
    _tell(problems, "complete_without_start", _examples(rest, np.sort(alone)), n)
    _tell(problems, "start_without_complete", _examples(rest, np.sort(unfinished)), n)
    _tell(problems, "suspensions_unclear", _examples(rest, np.sort(unclear)))
    _tell(problems, "withdrawn", _examples(rest, np.sort(np.append(revoked, np.flatnonzero(kind == _NONE)))))
    return _kept(rest, keep), problems


def _suspended(
    does: npt.NDArray[np.int8], of: Rows, stamp: npt.NDArray[np.datetime64], fresh: Booleans, open_now: Rows, base: Rows,
    group: Rows, n_closed: Rows, row: Rows,
) -> tuple[npt.NDArray[np.float64], Rows]:  # fmt: skip
    """Return the hours suspended of every row of the file, and the rows of suspensions that are unclear."""
    following = np.append(does[1:], _NONE)
    following[np.append(fresh[1:], True)] = _NONE
    clear = (does == _SUSPEND) & (open_now == 1)
    clear &= (following == _RESUME) | ((following >= _END) & (following <= _REVOKE))
    at = np.flatnonzero(clear)
    micros = stamp[of[at + 1]].view(np.int64) - stamp[of[at]].view(np.int64)
    instance = row[base[group[at]] + n_closed[at]]
    hours = np.zeros(len(stamp))
    np.add.at(hours, instance, micros / _HOUR_US)
    ended = np.append(False, clear[:-1])
    unclear = ((does == _SUSPEND) & ~clear) | ((does == _RESUME) & ~ended)
    return hours, of[unclear]


def _keys(rest: Columns, of: Rows, both: Booleans) -> Rows:
    """Return a number per row that is equal for transitions that may belong to one instance."""
    case, activity = coded(rest["case_id"]), coded(rest["activity"])
    key = case.codes[of].astype(np.int64) * len(activity.labels) + activity.codes[of]
    for column in _INSTANCE:
        if column in rest:
            codes, labels = codes_of(rest[column])
            if (codes[of][both] >= 0).all():
                # Numbered afresh: the product of three numbers of labels may exceed 64 bits.
                _distinct, small = np.unique(key, return_inverse=True)
                found: Rows = small.astype(np.int64) * (len(labels) + 1) + codes[of] + 1
                return found
    return key


def _within(total: Rows, step: npt.NDArray[Any], head: Rows, group: Rows) -> Rows:
    """Return a running total that begins anew with every group."""
    found: Rows = total - (total[head] - step[head])[group] if len(head) else total
    return found


def _kept(rest: Columns, keep: Booleans) -> Columns:
    if keep.all():
        return rest
    mask = pa.array(keep)
    return {column: values.filter(mask) for column, values in rest.items()}


def _examples(rest: Columns, rows: Rows) -> tuple[int, list[str]]:
    """Return the number of rows and the first cases that hold them."""
    labels = coded(rest["case_id"].take(pa.array(rows[:200]))).distinct()
    return len(rows), labels[:5]


def _tell(problems: list[Mapping[str, Any]], check: str, found: tuple[int, list[str]], of: int | None = None) -> None:
    rows, examples = found
    if rows:
        share = {} if of is None else {"share": rows / of}
        problems.append({"check": check, "rows": rows, **share, "examples": examples})


def _tell_left_out(problems: list[Mapping[str, Any]], transition: Coded, left: Booleans) -> None:
    if left.any():
        part = Coded(transition.codes[left], transition.labels)
        words = sorted({label.strip().casefold() for label in part.distinct()} - {""}) or ["—"]
        problems.append({"check": "transitions_left_out", "rows": int(left.sum()), "examples": words[:5]})
