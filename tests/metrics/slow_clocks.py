"""The clocks once more, day by day and hour by hour: slow, and plain enough to be checked by reading."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from flowaudit.eventlog import APPLICANT

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
OPEN_HOURS = (9, 10, 11, 13, 14, 15, 16)
STOPPING = {"hearing", "expert_review", "correction"}


def days_between(a, b):
    """The days of (a, b]."""
    day, found = a.date() + DAY, []
    while day <= b.date():
        found.append(day)
        day += DAY
    return found


def hours_between(a, b, calendar):
    """The open hours from a to b; stamps are whole hours."""
    found = set()
    while a < b:
        if a.hour in OPEN_HOURS and calendar.is_workday(a.date()):
            found.add(a)
        a += HOUR
    return found


def slow_clocks(frame, episodes, limits, calendar):
    """Measure every item of every case.

    Parameters
    ----------
    frame : pd.DataFrame
        Events: ``case_id, item_code, stage, department, result, start, end``; an item that is missing concerns the case.
    episodes : pd.DataFrame
        ``case_id, item_code, type, start, end, counts_in_clock, extension_days``.
    limits : dict
        Amount and unit (``working_days`` or ``days``) of the promise, by case.
    """
    cut = frame["end"].max()
    out = {}
    for case, events in frame.groupby("case_id"):
        rows = events.to_dict("records")
        opening = ("apply", "accept", "decide", "deliver")
        items = {r["item_code"] for r in rows if r["stage"] in opening and pd.notna(r["item_code"])}
        for item in sorted(items):
            own = [r for r in rows if r["item_code"] == item]
            shared = [r for r in rows if pd.isna(r["item_code"])]
            mine = [e for e in episodes if e["case_id"] == case and e["item_code"] in (None, item)]
            if not any(useful(r) for r in own):
                continue  # nothing but refusals and non-decisions: no application either
            out[case, item] = one(own, shared, mine, limits.get(case), cut, calendar)
    return out


def useful(row):
    if row["stage"] == "accept":
        return row["result"] != "补正"
    return row["stage"] in ("apply", "deliver") or (row["stage"] == "decide" and row["result"] != "退回")


def one(own, shared, episodes, limit, cut, calendar):
    def pick(best, when, wanted):
        for rows in (own, shared):
            found = [r[when] for r in rows if wanted(r)]
            if found:
                return best(found)
        return None

    begun = pick(min, "start", lambda r: r["department"] == APPLICANT)
    applied = pick(min, "start", lambda r: r["stage"] == "apply")
    accepted = pick(min, "end", lambda r: r["stage"] == "accept" and r["result"] != "补正")
    decided = pick(max, "end", lambda r: r["stage"] == "decide" and r["result"] != "退回")
    delivered = pick(max, "end", lambda r: r["stage"] == "deliver")
    found = {"accepted": accepted, "decided": decided}
    if applied is not None and (begun is None or applied < begun):
        begun = applied
    running = accepted is not None and decided is None and delivered is None
    until = cut if running else decided
    stops, extended, broken, standing = [], 0, False, False
    for e in episodes:
        if e["type"] == "extension":
            extended += e["extension_days"]
            continue
        counts = e["counts_in_clock"] if e["counts_in_clock"] is not None else e["type"] not in STOPPING
        if counts:
            continue
        if e["end"] is None:
            broken |= decided is not None and e["start"] < decided
        elif e["end"] < e["start"]:
            broken = True
        standing |= running and (e["end"] is None or e["end"] > cut)
        stops.append((e["start"], e["end"] or cut))
    broken |= accepted is None or until is None or (decided is not None and before(decided, accepted))
    if begun is not None and delivered is not None and not wrong(begun, applied, accepted, decided, delivered):
        days = days_between(begun, delivered)
        found["e2e_days"], found["e2e_working_days"] = len(days), workdays(days, calendar)
    if broken:
        return found
    day_off = {day for a, b in stops if b > a for day in days_between(max(a, accepted), min(b, until))}
    clock = [day for day in days_between(accepted, until) if calendar.is_workday(day)]
    found["suspended_days"] = sum(day in day_off for day in clock)
    found["clock_days"] = len(clock) - found["suspended_days"]
    hour_off = {h for a, b in stops for h in hours_between(max(a, accepted), min(b, until), calendar)}
    hours = hours_between(accepted, until, calendar) - hour_off
    work = [r for r in [*own, *shared] if r["department"] != APPLICANT and r["stage"] != "notify"]
    served = [hours_between(r["start"], r["end"], calendar) for r in work]
    found["clock_h"] = len(hours)
    found["touch_h"] = sum(map(len, served))
    found["wait_h"] = len(hours - set().union(*served))
    if limit is not None:
        amount, unit = limit
        due = deadline(accepted.date(), amount + extended, unit, day_off, calendar)
        found["due"] = None if standing and not until.date() > due else due
        found["on_time"] = False if until.date() > due else True if decided is not None else None
        if decided is not None and found["due"] is not None:
            run = [
                day for day in days_between(accepted, dt.datetime.combine(due, dt.time())) if calendar.is_workday(day)
            ]
            found["slack"] = sum(day not in day_off for day in run) - found["clock_days"]
    return found


def wrong(begun, applied, accepted, decided, delivered):
    later = ((accepted, applied), (delivered, decided), (delivered, begun))
    return any(a is not None and b is not None and before(a, b) for a, b in later)


def before(later, earlier):
    """Whether what should come later lies before; a date without a time may be any moment of its day."""
    return later < earlier and not (later.date() == earlier.date() and later.time() == dt.time())


def workdays(days, calendar):
    return sum(bool(calendar.is_workday(day)) for day in days)


def deadline(accepted, amount, unit, day_off, calendar):
    """The day on which so many days have passed that are not suspended; natural days end on a working day."""
    day, passed = accepted, 0
    while passed < amount:
        day += DAY
        passed += day not in day_off and (unit == "days" or bool(calendar.is_workday(day)))
    while unit == "days" and not calendar.is_workday(day):
        day += DAY
    return day
