"""Statutory and promised deadlines of every item: when due, what was granted, on time or late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue, limit_from
from flowaudit.eventlog import EventLog, items_of
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.axes import Axes, Ruler, midnight
from flowaudit.metrics.spells import Spells
from flowaudit.worktime import Limit

Baseline = Literal["statutory", "promised"]

Answers = npt.NDArray[np.object_]

_HOUR = 3600.0
_NAT = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class Run:
    """The clock of each spell on the three rulers: from ``start`` to ``stop``, without the stops that lie inside.

    Attributes
    ----------
    accepted, until : array of datetime64[us]
        ``until`` is the decision, the cut-off for a spell still open, NaT where the clock is unknown.
    decided : array of bool
    spell : array of int64
        The spell of each stop.
    begin, end : array of datetime64[us]
        The stops, clipped to the clock.
    standing : array of bool
        The clock stands still at the cut-off.
    """

    accepted: arrays.Stamps
    until: arrays.Stamps
    decided: arrays.Bools
    spell: arrays.Ints
    begin: arrays.Stamps
    end: arrays.Stamps
    standing: arrays.Bools


@dataclass(frozen=True)
class Deadlines:
    """One baseline's deadlines, an entry per spell.

    Attributes
    ----------
    amount : array of float
    unit : array of str
        ``working_days, days, months, hours``, "" where there is no limit, ``date`` where the log gives the day itself.
    due : array of datetime64[us]
        Last day (midnight), or last moment where the limit is in hours; NaT where unknown.
    slack : array of float
        Working days from the decision to the due day without suspended ones, negative after it; NaN while open.
    on_time : array of object
        True, False, or None where it is not known (yet).
    unit_missing, unknown_item, unit_of_extension : array of bool
    """

    amount: arrays.Floats
    unit: Answers
    due: arrays.Stamps
    slack: arrays.Floats
    on_time: Answers
    unit_missing: arrays.Bools
    unknown_item: arrays.Bools
    unit_of_extension: arrays.Bools


def deadlines_of(
    log: EventLog, spells: Spells, catalogue: Catalogue | None, which: Baseline, run: Run, axes: Axes,
    extended: arrays.Floats,
) -> Deadlines:  # fmt: skip
    """Return the deadlines of one baseline: the case's own limit, else the guide's of its item, and what was granted.

    A limit in hours or months takes no extension in days: which day that gives nobody has said.
    """
    n = len(spells)
    amount, unit, missing, day, unknown_item = _limits(log, spells, catalogue, which)
    mixed = np.isin(unit, ("hours", "months")) & ~(extended == 0)
    due = np.full(n, np.datetime64("NaT", "us"))
    on_time = np.full(n, None, object)
    total = np.where(mixed, np.nan, amount + extended)
    for name in ("working_days", "days", "months", "hours"):
        rows = np.flatnonzero((unit == name) & ~np.isnan(total) & ~np.isnat(run.until) & ~axes.unknown(run.accepted))
        if len(rows):
            due[rows], on_time[rows] = _due(rows, total[rows].astype(np.int64), name, run, axes)
    given = np.flatnonzero((unit == "date") & ~np.isnat(run.until))
    due[given] = day[given].astype("datetime64[D]")
    on_time[given] = _judge(due[given], run, given)
    slack = np.where(run.decided, _slack(due, run, axes), np.nan)
    return Deadlines(amount, unit, due, slack, on_time, missing, unknown_item, mixed)


def _limits(
    log: EventLog, spells: Spells, catalogue: Catalogue | None, which: Baseline
) -> tuple[arrays.Floats, Answers, arrays.Bools, arrays.Stamps, arrays.Bools]:  # fmt: skip
    n = len(spells)
    amount, unit = np.full(n, np.nan), np.full(n, "", object)
    missing, day = np.zeros(n, np.bool_), np.full(n, np.datetime64("NaT", "us"))
    told = _told(log, spells, which)
    if told is not None:
        number = pd.to_numeric(told["days"], errors="coerce")
        words = told["unit"].astype("object").where(told["unit"].notna(), None)
        pairs = pd.DataFrame({"days": number, "unit": words}).loc[number.notna()]
        limits = {key: limit_from(*key) for key in pairs.drop_duplicates().itertuples(index=False, name=None)}
        found = pd.Series(
            [limits[key] for key in zip(pairs["days"], pairs["unit"], strict=True)], pairs.index, dtype=object
        )
        at = pairs.index.to_numpy(np.int64)
        missing[at] = [limit is None for limit in found]
        amount[at] = [np.nan if limit is None else limit.amount for limit in found]
        unit[at] = ["" if limit is None else limit.unit for limit in found]
        day = told["day"].to_numpy("datetime64[us]")
        unit[(unit == "") & ~missing & ~np.isnat(day)] = "date"
    unknown = np.zeros(n, np.bool_)
    if catalogue is not None and catalogue.item_codes:
        known = set(catalogue.item_codes)
        stated: list[Limit | None] = [catalogue.limit(c, which) if c in known else None for c in spells.labels]
        strange = np.array([*(c not in known for c in spells.labels), False], np.bool_)
        unknown = strange[spells.item]
        blank = np.array(
            [*(_unusable(catalogue, c, which) if c in known else False for c in spells.labels), False], np.bool_
        )
        rows = np.flatnonzero((unit == "") & ~missing)
        missing[rows] |= blank[spells.item[rows]]
        amount[rows] = np.array([*(np.nan if x is None else x.amount for x in stated), np.nan])[spells.item[rows]]
        unit[rows] = np.array([*("" if x is None else x.unit for x in stated), ""], object)[spells.item[rows]]
    return amount, unit, missing, day, unknown


def _unusable(catalogue: Catalogue, item_code: str, which: Baseline) -> bool:
    """Say whether a guide states an amount that is no limit, for want of a unit that can be used."""
    column = f"{which}_days"
    if catalogue.items is None or column not in catalogue.items or catalogue.limit(item_code, which) is not None:
        return False
    return bool(catalogue.items.loc[catalogue.items["item_code"] == item_code, column].notna().any())


def _told(log: EventLog, spells: Spells, which: Baseline) -> pd.DataFrame | None:
    """Return the limit that the table of cases gives to each spell: ``days, unit, day``."""
    items = items_of(log)
    if items is None:
        return None
    column = f"{which}_days"
    by_day = which == "promised" and "promise_due" in items
    if column not in items and not by_day:
        return None
    case = arrays.positions(log, items["unit_id"])
    place = {label: i for i, label in enumerate(spells.labels)}
    item = (
        items["item_code"].map(place).fillna(-1).to_numpy(np.int64) if "item_code" in items else np.full(len(items), -1)
    )
    width = len(spells.labels) + 1
    table = pd.DataFrame(
        {
            "days": items[column].to_numpy() if column in items else np.nan,
            "unit": items[f"{which}_unit"].to_numpy(object) if f"{which}_unit" in items else None,
            "day": arrays.times(items["promise_due"]) if by_day else np.datetime64("NaT", "us"),
        },
        index=case * width + item + 1,
    )
    table = table[(case >= 0) & ~table.index.duplicated()]
    found = table.reindex(spells.case * width + spells.item + 1)
    if not (item >= 0).any():
        found = table.reindex(spells.case * width)
    return found.reset_index(drop=True)


def _due(rows: arrays.Ints, amount: arrays.Ints, unit: str, run: Run, axes: Axes) -> tuple[arrays.Stamps, Answers]:
    if unit == "hours":
        return _due_in_hours(rows, amount, run, axes)
    accepted, until = run.accepted[rows], run.until[rows]
    if unit == "months":
        # So many months are so many days; suspended days are then added to these.
        end = axes.calendar.due(accepted, amount, "months", roll=False)
        amount = (end - accepted.astype("datetime64[D]")).astype(np.int64)
    ruler = axes.working if unit == "working_days" else axes.natural
    length = amount + _standstill(rows, ruler(accepted), amount.astype(float), run, ruler).astype(np.int64)
    safe = _within(accepted, length, unit, axes)
    due = np.full(len(rows), _NAT)
    due[safe] = axes.calendar.due(accepted[safe], length[safe], "working_days" if unit == "working_days" else "days")
    # While the clock stands still the day it will end on is still moving.
    due[run.standing[rows] & ~(until.astype("datetime64[D]") > due)] = _NAT
    judged = _judge(due, run, rows)
    # What was decided on a day the calendar knows came before a deadline on one it does not know.
    judged[~safe & run.decided[rows] & ~axes.unknown(until)] = True
    return due, judged


def _due_in_hours(rows: arrays.Ints, amount: arrays.Ints, run: Run, axes: Axes) -> tuple[arrays.Stamps, Answers]:
    accepted, until, decided = run.accepted[rows], run.until[rows], run.decided[rows]
    begin, seconds = axes.office_seconds(accepted), np.asarray(amount * _HOUR, np.float64)
    added = _standstill(rows, begin, seconds, run, axes.office_seconds)
    # A day without a time of day says nothing about hours.
    clear = ~midnight(accepted) & ~(decided & midnight(until))
    used = axes.office_seconds(until) - begin - added
    judged = np.full(len(rows), None, object)
    judged[clear & decided & (used <= seconds)] = True
    judged[clear & (used > seconds)] = False
    end = axes.office_seconds(axes.last_day.astype("datetime64[us]")[None])
    safe = clear & (added == 0) & ~run.standing[rows] & (begin + seconds < end)
    due = np.full(len(rows), _NAT)
    due[safe] = axes.calendar.due(accepted[safe], amount[safe], "hours", office=axes.office)
    return due, judged


def _standstill(
    rows: arrays.Ints, begin: arrays.Floats, amount: arrays.Floats, run: Run, ruler: Ruler
) -> arrays.Floats:  # fmt: skip
    """Return how much of the stops lies before each deadline, which they themselves put off."""
    place = np.full(len(run.accepted), -1, np.int64)
    place[rows] = np.arange(len(rows))
    stops = np.flatnonzero(place[run.spell] >= 0)
    added = np.zeros(len(rows))
    if not len(stops):
        return added
    owner = place[run.spell[stops]]
    low, high = (ruler(edge[stops]) for edge in (run.begin, run.end))
    while True:
        # Each round reaches at least one more stop, or ends.
        edge = (begin + amount + added)[owner]
        more = arrays.covered(len(rows), owner, low, np.minimum(high, edge))
        if np.array_equal(more, added):
            return added
        added = more


def _within(accepted: arrays.Stamps, length: arrays.Ints, unit: str, axes: Axes) -> arrays.Bools:
    """Say which deadlines lie on days the calendar knows."""
    last = axes.last_day.astype("datetime64[us]")[None]
    if unit == "working_days":
        return np.asarray(axes.working(accepted) + length <= axes.working(last)[0])
    end = accepted.astype("datetime64[D]") + length.astype("timedelta64[D]")
    # A last day that is no working day moves on: one has to follow that the calendar still knows.
    before = axes.working((end - np.timedelta64(1, "D")).astype("datetime64[us]"))
    return np.asarray((end <= axes.last_day) & (axes.working(last)[0] > before))


def _judge(due: arrays.Stamps, run: Run, rows: arrays.Ints) -> Answers:
    until = run.until[rows].astype("datetime64[D]")
    out = np.full(len(rows), None, object)
    known = ~np.isnat(due)
    out[known & (until > due)] = False
    out[known & (until <= due) & run.decided[rows]] = True
    return out


def _slack(due: arrays.Stamps, run: Run, axes: Axes) -> arrays.Floats:
    """Return the running working days to the deadline less those to the decision."""
    limit, begin, low = axes.working(due), axes.working(run.accepted), axes.working(run.begin)
    used = axes.working(run.until) - begin - arrays.covered(len(due), run.spell, low, axes.working(run.end))
    end = np.fmin(axes.working(run.end), limit[run.spell])
    return limit - begin - arrays.covered(len(due), run.spell, low, end) - used
