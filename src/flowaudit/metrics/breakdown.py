"""Time by stage, department, item, channel, district and month, with what is on time."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.messages import translate as _
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.clocks import Clock, clocks, cut_off_of, still_running
from flowaudit.metrics.deadlines import Baseline
from flowaudit.metrics.spells import spells_of
from flowaudit.metrics.survival import time_summary
from flowaudit.metrics.wilson import wilson
from flowaudit.worktime import Calendar, load_calendar

SMALL = 10
"""Cells of fewer cases are marked: outside the department they are not to be shown."""

BY = ("item_code", "department", "channel", "district", "month")


def time_by(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    by: str,
    clock: Clock = "clock_days",
    baseline: Baseline = "promised",
    month_of: Literal["accepted", "applied"] = "accepted",
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    cut_off: Any = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Sum up one clock of the items by a property of theirs.

    Parameters
    ----------
    log : EventLog
    catalogue : Catalogue, optional
        See :func:`flowaudit.metrics.clocks`.
    by : str
        ``item_code``; ``department`` (that decided, or accepted where nothing is decided yet); ``month`` of acceptance
        or application (``month_of``); ``channel, district`` or another column of the table of cases (or bundles).
    clock : str
        A column of :func:`clocks` in days.
    baseline : {"promised", "statutory"}
        Deadline of the on-time share. The two are never mixed.
    month_of : {"accepted", "applied"}
    unit : {"case", "bundle"}, optional
        Default: as the log is seen.
    calendar, cut_off
        See :func:`flowaudit.metrics.clocks`.
    seed : int
        Of the bootstrap intervals.

    Returns
    -------
    pd.DataFrame
        One row per group, in order of the groups; the first column bears the name of the property (``accepted_month``
        or ``applied_month``). Then ``n`` items, ``open`` of them still running, ``median, low, high, p90, p90_low,
        p90_high`` (days; Kaplan-Meier where any is open), ``due`` items of which it is known whether they were on time,
        ``on_time`` of these, ``on_time_share`` with Wilson's interval ``on_time_low, on_time_high``, ``suppressed`` where
        ``n`` is below 10: not for outward use. Items without the property stand in a last row.

    Raises
    ------
    UsageError
        If the log has no such property.
    """
    log = as_unit(log, unit or log.unit)
    frame = clocks(log, catalogue, unit=log.unit, calendar=calendar, cut_off=cut_off)
    name, values = _property(log, frame, by, month_of, cut_off)
    rows, present = [], set(values.dropna())
    running = still_running(frame, clock)
    for label, place in frame.groupby(values.to_numpy(), sort=True, dropna=False, observed=True).indices.items():
        part = frame.iloc[place]
        measured = part[clock].notna().to_numpy()
        if label not in present and not measured.any():
            continue
        found = time_summary(part[clock].to_numpy(float), running[place], seed=seed)
        judged = part.loc[measured, f"{baseline}_on_time"].dropna()
        rows.append({name: label, **_summary(found), **_on_time(judged)})
    return _table(rows, name, on_time=True)


def stage_times(
    log: EventLog,
    *,
    by: Literal["stage", "department", "office"] = "stage",
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Sum up the working days an item spends in each stage (or department, or office).

    Parameters
    ----------
    log : EventLog
    by : {"stage", "department", "office"}
    unit, calendar
        See :func:`time_by`.
    seed : int
        Of the bootstrap intervals.

    Returns
    -------
    pd.DataFrame
        One row per stage in order of the stages: ``n`` items that passed it, ``median, low, high, p90, p90_low,
        p90_high`` in working days, ``share`` of all days of the log, ``suppressed`` where ``n`` is below 10.

    Notes
    -----
    The time of an event runs from the end of the item's event before it to its own end (handover time: waiting and
    work), so that the days of all stages of an item add up to those from its first event to its last. An event that
    serves several items of a bundle is a way of its own. The first event has no time. A stage that is still under way
    at the end of the log has no event yet and is not in it.

    Raises
    ------
    MissingColumnError
        If the log has no such column.
    """
    log = as_unit(log, unit or log.unit)
    log.require("stage_times", by)
    end = log.stamps("end")
    group, labels = log.codes(by)
    key = arrays.combine(log.case_index, arrays.codes(log, "item_code"))
    rows = np.flatnonzero(~np.isnat(end))
    rows = rows[np.argsort(key[rows], kind="stable")]
    follows = np.r_[False, key[rows][1:] == key[rows][:-1]]
    later, before = rows[follows], rows[:-1][follows[1:]]
    days = (calendar or load_calendar()).working_days(end[before], end[later])
    place = arrays.combine(key[later], group[later].astype(np.int64))
    per = pd.DataFrame({"place": place, "group": group[later], "days": days}).groupby("place", sort=False)
    spent = per.agg(group=("group", "first"), days=("days", "sum"))
    total = float(spent["days"].sum())
    out = []
    for code in np.unique(spent["group"]):
        values = spent.loc[spent["group"] == code, "days"]
        found = _summary(time_summary(values.to_numpy(float), seed=seed))
        del found["open"]
        share = float(values.sum()) / total if total else np.nan
        out.append({by: labels[code] if code >= 0 else None, **found, "share": share})
    return _table(out, by, on_time=False)


def _property(
    log: EventLog, frame: pd.DataFrame, by: str, month_of: Literal["accepted", "applied"], cut_off: Any
) -> tuple[str, pd.Series]:  # fmt: skip
    if by == "month":
        month = frame[month_of].to_numpy().astype("datetime64[M]")
        return f"{month_of}_month", pd.Series(month.astype(str), frame.index).where(frame[month_of].notna())
    if by == "item_code":
        return by, frame["item_code"]
    if by == "department":
        seen = np.datetime64("2262-01-01", "us") if cut_off is None else cut_off_of(log, cut_off)
        code = spells_of(log, seen).department
        labels = log.codes("department")[1] if log.has("department") else []
        return by, pd.Series(np.array([*labels, None], object)[code], frame.index)
    for table, key in (("cases", "case_id"), ("bundles", "bundle_id")):
        found = log.table(table)
        if found is not None and by in found and (key == "case_id") == (log.unit == "case"):
            return by, frame["case_id"].map(found.drop_duplicates(key).set_index(key)[by])
    if log.has(by):
        code, labels = arrays.codes(log, by), log.codes(by)[1]
        first = pd.Series(code[log.case_ptr[:-1]], log.case_axis)
        at = frame["case_id"].map(first).to_numpy(np.int64)
        return by, pd.Series(np.array([*labels, None], object)[at], frame.index)
    raise UsageError(
        _("the log says nothing of '{by}' by which times could be summed up.", by=by),
        hint=_("choose one of: {names}", names=", ".join(BY)),
    )


def _summary(found: Any) -> dict[str, Any]:
    names = ("n", "open", "median", "low", "high", "p90", "p90_low", "p90_high")
    return {name: getattr(found, name) for name in names}


def _on_time(judged: pd.Series) -> dict[str, Any]:
    due, kept = len(judged), int(judged.sum())
    low, high = wilson(kept, due) if due else (np.nan, np.nan)
    share = kept / due if due else np.nan
    return {"due": due, "on_time": kept, "on_time_share": share, "on_time_low": low, "on_time_high": high}


def _table(rows: list[dict[str, Any]], name: str, *, on_time: bool) -> pd.DataFrame:
    columns = [name, "n", "median", "low", "high", "p90", "p90_low", "p90_high"]
    columns += ["due", "on_time", "on_time_share", "on_time_low", "on_time_high"] if on_time else ["share"]
    if on_time:
        columns.insert(2, "open")
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(suppressed=frame["n"] < SMALL)
