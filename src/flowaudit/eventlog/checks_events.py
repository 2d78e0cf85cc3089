"""Checks of single rows: their stamps, their repetition, and who is named on them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog.checks import SHOWN, Findings
from flowaudit.eventlog.log import APPLICANT, EventLog
from flowaudit.worktime import Calendar

Booleans = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]

# From here on a share is no longer a slip of single rows and says something about the whole log.
_NOTABLE = 0.05
_MOSTLY = 0.5
_BACKFILL_SECONDS = 5
_QUARTER = np.timedelta64(15, "m")
_PLACEHOLDERS = frozenset({"EMPTY", "UNKNOWN", "UNDEFINED", "MISSING", "N/A", "NONE", "未知", "不详", "无"})
# Names that end like an office, or are none of a person's. A person may be called 科 or 处: three characters are doubt.
_ACCOUNT = re.compile(
    r"..+(局|委员会|管委会|办公室|室|厅|中心|窗口|大厅|支队|大队|系统|平台)$|...+(处|科)$|管理员|账号|帐号|账户|测试|窗口\d+|\d+号窗"
    r"|^(admin|administrator|system|root|test|guest|public)\d*$",
    re.IGNORECASE,
)
_PSEUDONYM = re.compile(r"R[0-9a-f]{6}([0-9a-f]{4})?")


def check_events(log: EventLog, found: Findings, now: datetime, calendar: Calendar | None) -> None:
    """Check every row of a log."""
    _stamps(log, found, now)
    _zones(log, found)
    _starts(log, found)
    _duplicates(log, found)
    _versions(log, found)
    _departments(log, found)
    _resources(log, found)
    _days_off(log, found, calendar)


def cases_of(log: EventLog, rows: Booleans) -> list[str]:
    """Return the first cases in which a row is marked."""
    marked = np.flatnonzero(rows)
    positions = np.unique(log.case_index[marked])[:SHOWN] if len(marked) else marked
    return [log.case_ids[p] for p in positions]


def automatic(log: EventLog) -> Booleans:
    """Return which rows a system made."""
    if not log.has("is_auto"):
        return np.zeros(len(log.events), bool)
    marked: Booleans = pc.fill_null(log.events["is_auto"].cast("bool"), False).to_numpy().astype(bool)
    return marked


def at_midnight(stamps: Times) -> Booleans:
    """Return which stamps are dates without a time."""
    at: Booleans = stamps == stamps.astype("datetime64[D]").astype("datetime64[us]")
    return at


def instant(log: EventLog) -> Times:
    """Return when a row happened: its end, or its start where no end is recorded."""
    end = log.stamps("end")
    return np.where(np.isnat(end), log.stamps("start"), end) if log.has("start") else end


def office_accounts(resources: Sequence[str], departments: Collection[str] = ()) -> list[bool]:
    """Say which resources are accounts of an office or a system and not a person, by their names.

    Examples
    --------
    >>> office_accounts(["王科", "市场监管局", "综合窗口3", "审批一科", "admin", "R2b1f00"])
    [False, True, True, True, True, False]
    """
    offices = set(departments)
    return [
        not _PSEUDONYM.fullmatch(name) and (name in offices or bool(_ACCOUNT.search(name.strip())))
        for name in resources
    ]


def _stamps(log: EventLog, found: Findings, now: datetime) -> None:
    n = len(log.events)
    when, end = instant(log), log.stamps("end")
    midnight = at_midnight(when)
    share = midnight.mean()
    found.add(
        "midnight", int(midnight.sum()), n, cases_of(log, midnight), severity=None if share >= _NOTABLE else "info"
    )
    tied = np.zeros(n, bool)
    tied[1:] = (log.case_index[1:] == log.case_index[:-1]) & (when[1:] == when[:-1])
    found.add("ties", int(tied.sum()), n, cases_of(log, tied), severity=None if tied.mean() >= _NOTABLE else "info")
    late = when > np.datetime64(now, "us")
    found.add("future", int(late.sum()), n, cases_of(log, late))
    missing = np.isnat(end)
    found.add("missing_end", int(missing.sum()), n, cases_of(log, missing))


def _zones(log: EventLog, found: Findings) -> None:
    """Check offsets against each other, and wall clocks against the hours that a zone skipped."""
    minutes = [
        (-1 if offset[0] == "-" else 1) * (int(offset[1:3]) * 60 + int(offset[4:6]))
        for offset in log.provenance.offsets
    ]
    zone = log.provenance.timezone
    # Summer time is one hour; a wall clock that is kept compares only within it.
    if not zone and minutes and max(minutes) - min(minutes) > 60:
        found.add("mixed_offsets", len(log.events), len(log.events), log.provenance.offsets)
    if not zone:
        return
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return
    for column in ("start", "end"):
        if log.has(column):
            skipped = _skipped(log.stamps(column), zone)
            found.add("dst_gap", int(skipped.sum()), len(skipped), cases_of(log, skipped), column=column, zone=zone)


def _skipped(stamps: Times, zone: str) -> Booleans:
    """Return which wall clocks a zone never showed; zones move by quarters of an hour."""
    hit = np.zeros(len(stamps), bool)
    known = stamps[~np.isnat(stamps)]
    if not len(known):
        return hit
    first, last = known.min().astype("datetime64[D]"), known.max().astype("datetime64[D]") + np.timedelta64(1, "D")
    if last - first > np.timedelta64(150 * 366, "D"):
        return hit
    # Half a day is looked at first: years of quarters are many.
    days = pd.DatetimeIndex(np.arange(first, last + np.timedelta64(1, "D"))).tz_localize(
        zone, nonexistent="shift_forward", ambiguous=np.ones(int((last - first).astype(np.int64)) + 1, bool)
    )
    short = np.diff(days.asi8) < np.diff(days.tz_localize(None).asi8)
    for day in np.arange(first, last)[short]:
        quarters = np.arange(
            day.astype("datetime64[m]"), (day + np.timedelta64(1, "D")).astype("datetime64[m]"), _QUARTER
        )
        there = pd.DatetimeIndex(quarters.astype("datetime64[us]")).tz_localize(
            zone, nonexistent="NaT", ambiguous="NaT"
        )
        gone = quarters[np.asarray(there.isna())]
        again = pd.DatetimeIndex(gone.astype("datetime64[us]")).tz_localize(
            zone, nonexistent="NaT", ambiguous=np.ones(len(gone), bool)
        )
        gone = gone[np.asarray(again.isna())]
        if len(gone):
            hit |= (stamps >= gone[0]) & (stamps < gone[-1] + _QUARTER)
    return hit


def _starts(log: EventLog, found: Findings) -> None:
    n = len(log.events)
    if not log.has("start"):
        if not any(p["check"] == "single_time" for p in log.provenance.problems):
            found.add("no_start", n, n, log.case_ids[:SHOWN])
        return
    start, end = log.stamps("start"), log.stamps("end")
    before = end < start
    found.add("end_before_start", int(before.sum()), n, cases_of(log, before))
    missing = np.isnat(start)
    found.add("missing_start", int(missing.sum()), n, cases_of(log, missing))
    same = (end == start) & ~automatic(log)
    codes, labels = log.codes("activity")
    total = np.bincount(codes, minlength=len(labels))
    filled = np.bincount(codes[same], minlength=len(labels))
    rates = filled / np.maximum(total, 1)
    often = [i for i in np.argsort(-rates, kind="stable") if filled[i]]
    shown = [f"{labels[i]} {rates[i]:.0%} ({_first_case(log, same & (codes == i))})" for i in often[:SHOWN]]
    found.add("filled_end", int(same.sum()), n, shown, severity=None if rates.max() >= _MOSTLY else "info")


def _first_case(log: EventLog, rows: Booleans) -> str:
    return str(log.case_ids[log.case_index[int(np.argmax(rows))]])


def _same_moment(log: EventLog) -> npt.NDArray[np.int64]:
    """Return the rows whose case, begin and end another row shares: repetitions can only be among them."""
    end = log.stamps("end").view(np.int64)
    same = (log.case_index[1:] == log.case_index[:-1]) & (end[1:] == end[:-1])
    if log.has("start"):
        # As a log is sorted: a row without a start begins where it ends.
        start = log.stamps("start")
        begin = np.where(np.isnat(start), log.stamps("end"), start).view(np.int64)
        same &= begin[1:] == begin[:-1]
    beside = np.zeros(len(end), bool)
    beside[1:] |= same
    beside[:-1] |= same
    return np.flatnonzero(beside)


def repeated(log: EventLog) -> Booleans:
    """Return which rows say again what an earlier row says: case, activity, stamps, resource, department, item, result."""
    twice = np.zeros(len(log.events), bool)
    rows = _same_moment(log)
    columns = [c for c in ("activity", "resource", "department", "item_code", "result") if log.has(c)]
    keys = {"case": log.case_index[rows], "end": log.stamps("end")[rows], **{c: log.codes(c)[0][rows] for c in columns}}
    if log.has("start"):
        keys["start"] = log.stamps("start")[rows]
    # One of two events with ids of their own may still be real; a version sent again has a check of its own.
    if log.has("event_id"):
        keys["event"] = log.codes("event_id")[0][rows]
    twice[rows[pd.DataFrame(keys).duplicated().to_numpy()]] = True
    return twice & ~outdated(log)


def outdated(log: EventLog) -> Booleans:
    """Return which rows were sent again with a higher data version (数据版本号).

    A record is one ``event_id`` of a case, or else one activity, node number and start of it.
    """
    n = len(log.events)
    if not log.has("data_version"):
        return np.zeros(n, bool)
    version = pd.to_numeric(log.to_pandas(["data_version"])["data_version"].astype("object"), errors="coerce").to_numpy(
        float
    )
    version = np.nan_to_num(version, nan=-np.inf)
    if log.has("event_id"):
        record = log.codes("event_id")[0]
        # A row without an id is a record of its own.
        group = pd.DataFrame({"case": log.case_index, "record": np.where(record < 0, -1 - np.arange(n), record)})
    else:
        begin = log.stamps("start") if log.has("start") else log.stamps("end")
        group = pd.DataFrame({"case": log.case_index, "activity": log.codes("activity")[0], "begin": begin})
        if log.has("node_seq"):
            group["seq"] = log.to_pandas(["node_seq"])["node_seq"]
    number = group.groupby(list(group.columns), sort=False, dropna=False).ngroup().to_numpy()
    best = np.full(number.max() + 1, -np.inf)
    np.maximum.at(best, number, version)
    older: Booleans = version < best[number]
    return older


def _duplicates(log: EventLog, found: Findings) -> None:
    twice = repeated(log)
    found.add("duplicates", int(twice.sum()), len(twice), cases_of(log, twice))


def _versions(log: EventLog, found: Findings) -> None:
    older = outdated(log)
    found.add("resent_versions", int(older.sum()), len(older), cases_of(log, older))


def _official(log: EventLog) -> Booleans:
    """Return which rows are not the applicant's."""
    if not log.has("department"):
        return np.ones(len(log.events), bool)
    codes, labels = log.codes("department")
    official: Booleans = codes != (labels.index(APPLICANT) if APPLICANT in labels else -2)
    return official


def _departments(log: EventLog, found: Findings) -> None:
    n = len(log.events)
    if not log.has("department"):
        found.add("no_department", n, n, log.case_ids[:SHOWN])
        return
    codes, labels = log.codes("department")
    found.add("missing_department", int((codes < 0).sum()), n, cases_of(log, codes < 0))
    empty = [i for i, label in enumerate(labels) if label.upper() in _PLACEHOLDERS and (codes == i).any()]
    shown = [f"{labels[i]} ({_first_case(log, codes == i)})" for i in empty]
    found.add("placeholders", int(np.isin(codes, empty).sum()), n, shown, column="department")


def _resources(log: EventLog, found: Findings) -> None:
    n = len(log.events)
    if not log.has("resource"):
        found.add("no_resource", n, n, log.case_ids[:SHOWN])
        return
    codes, labels = log.codes("resource")
    official, made = _official(log), automatic(log)
    wanting = (codes < 0) & official & ~made
    found.add("missing_resource", int(wanting.sum()), int(official.sum()), cases_of(log, wanting))
    offices = [name for lane in ("department", "office") if log.has(lane) for name in log.codes(lane)[1]]
    account = np.array([*office_accounts([str(label) for label in labels], offices), False])
    held = account[codes] & ~made
    found.add("office_accounts", int(held.sum()), n, cases_of(log, held))
    when = instant(log)
    activity, _labels = log.codes("activity")
    close = np.diff(when) <= np.timedelta64(_BACKFILL_SECONDS, "s")
    # Two dates without a time are equal whatever happened between them.
    midnight = at_midnight(when)
    close &= ~(midnight[1:] & midnight[:-1])
    pair = (log.case_index[1:] == log.case_index[:-1]) & (codes[1:] == codes[:-1]) & (codes[1:] >= 0)
    pair &= (activity[1:] != activity[:-1]) & close & ~made[1:] & official[1:]
    both = np.r_[False, pair]
    found.add("same_officer", int(both.sum()), n, cases_of(log, both))


def _days_off(log: EventLog, found: Findings, calendar: Calendar | None) -> None:
    when = instant(log)
    known = ~np.isnat(when)
    if not known.any():
        return
    days = when[known].astype("datetime64[D]")
    first = days.min()
    position = (days - first).astype(np.int64)
    met = np.bincount(position) > 0 if position.max() < 100_000 else None
    if met is None:
        distinct, position = np.unique(days, return_inverse=True)
    else:
        distinct, position = first + np.flatnonzero(met).astype("timedelta64[D]"), (np.cumsum(met) - 1)[position]
    used = calendar or Calendar.china()
    try:
        working = used.is_workday(distinct)
    except InsufficientDataError:
        used = Calendar.weekdays()
        working = used.is_workday(distinct)
    off = np.zeros(len(when), bool)
    off[known] = ~working[position]
    found.add("nonworking", int(off.sum()), len(when), cases_of(log, off), calendar=used.name)
