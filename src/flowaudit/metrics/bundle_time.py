"""Time of a one-thing (一件事): observed with the applicant's idle gaps, or along the guides' longest path."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog, as_unit
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.clocks import Measured, clocks, measured, running_pieces, services, still_running
from flowaudit.metrics.rule import CountingRule, Figure, NotRecorded
from flowaudit.metrics.survival import time_summary
from flowaudit.worktime import Calendar, OfficeHours, load_calendar

_NAT = np.datetime64("NaT", "us")
_UNITS = {
    "working_days": ("工作日", "working days"),
    "days": ("自然日", "natural days"),
    "months": ("个月", "months"),
    "hours": ("小时", "hours"),
}


def bundle_clocks(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    calendar: Calendar | None = None,
    cut_off: Any = None,
    office: OfficeHours | None = None,
) -> pd.DataFrame:
    """Measure the clocks of whole bundles (of cases, where the log has no bundles): what items share counts once.

    Parameters
    ----------
    log, catalogue, calendar, cut_off, office
        See :func:`flowaudit.metrics.clocks`.

    Returns
    -------
    pd.DataFrame
        One row per bundle, in the order of the log. Days are working days but for the first column of them; NaN where
        one of the items is unknown or withheld.

        - ``case_id, items, open`` (an item has no result yet: the days go up to the cut-off); items that were refused at
          the door, withdrawn or void have no result and are left out of the days;
        - ``e2e_days`` (natural), ``e2e_working_days``: first action to last result;
        - ``items_days``: the items' own end-to-end days added up; more than the end-to-end days where items ran side
          by side;
        - ``idle_days``: end-to-end days on which no item was under way, from its application to its delivery: the
          applicant's gaps between items (申请人空档);
        - ``pre_days``: first application to first acceptance; ``clock_days``: days on which at least one item's clock
          ran; ``suspended_days``: days on which items were between acceptance and decision, but every clock stood still;
          ``between_days``: days after the first acceptance and before the last decision on which no item was in
          between; ``deliver_days``: last decision to last delivery. These five add up to the end-to-end days where the
          bundle begins with its application;
        - ``touch_h``: office hours of service, shared work once; ``clock_h``; ``wait_h`` (office hours of the clock in
          which nobody worked); ``flow_efficiency`` (the share of ``clock_h`` in which somebody worked).
    """
    log = as_unit(log)
    calendar = calendar or load_calendar()
    frame = clocks(log, catalogue, calendar=calendar, cut_off=cut_off, office=office)
    m = measured(log, catalogue, calendar, cut_off, office)
    spells, axes, run, n = m.spells, m.axes, m.run, log.n_cases
    case = spells.case
    open_items = still_running(frame, "e2e_working_days")
    gone = spells.ended
    sure = frame["e2e_working_days"].notna().to_numpy() | gone
    count = np.bincount(case, minlength=n)
    whole = (np.bincount(case[~gone], minlength=n) > 0) & (np.bincount(case[~sure], minlength=n) == 0)
    is_open = np.bincount(case[open_items], minlength=n) > 0

    def first(stamps: arrays.Stamps) -> arrays.Stamps:
        return _per_case(stamps, case, n, np.fmin)

    def last(stamps: arrays.Stamps) -> arrays.Stamps:
        return _per_case(stamps, case, n, np.fmax)

    day = axes.working
    result = np.where(open_items, m.cut, np.where(gone, _NAT, spells.result))
    begun, delivered = first(spells.begun), last(result)
    e2e = np.where(whole, day(delivered) - day(begun), np.nan)
    under_way = arrays.covered(n, case, day(spells.begun), day(result))
    settled = whole & ~is_open & (np.bincount(case[~gone & ~(m.known & run.decided)], minlength=n) == 0)
    accepted, decided = first(run.accepted), last(run.until)
    running = arrays.covered(n, *running_pieces(m, day))
    between = arrays.covered(n, case, day(run.accepted), day(run.until))
    parts = {
        "pre_days": day(accepted) - day(first(spells.applied)),
        "clock_days": running,
        "suspended_days": between - running,
        "between_days": day(decided) - day(accepted) - between,
        "deliver_days": day(delivered) - day(decided),
    }
    return pd.DataFrame(
        {
            "case_id": np.asarray(log.case_axis),
            "items": count,
            "open": is_open,
            "e2e_days": np.where(whole, axes.natural(delivered) - axes.natural(begun), np.nan),
            "e2e_working_days": e2e,
            "items_days": np.where(whole, _sum(frame["e2e_working_days"], case, n), np.nan),
            "idle_days": e2e - under_way,
            **{name: np.where(settled, values, np.nan) for name, values in parts.items()},
            **{name: np.where(settled, values, np.nan) for name, values in _work(m).items()},
        }
    )


def _sum(values: pd.Series, case: arrays.Ints, n: int) -> arrays.Floats:
    return np.bincount(case, weights=values.fillna(0).to_numpy(float), minlength=n).astype(float)


def _per_case(stamps: arrays.Stamps, case: arrays.Ints, n: int, better: np.ufunc) -> arrays.Stamps:
    found = np.full(n, np.datetime64("NaT", "us"))
    better.at(found, case, stamps)
    return found


def _work(m: Measured) -> dict[str, arrays.Floats]:
    """Return service, clock and waiting of a bundle in office hours: a shared event is one row and counts once."""
    n, run, seconds = m.log.n_cases, m.run, m.axes.office_seconds
    clock = arrays.covered(n, *running_pieces(m, seconds))
    unknown = np.full(n, np.nan)
    if not m.log.has("start"):
        return {"touch_h": unknown, "clock_h": clock / 3600, "wait_h": unknown, "flow_efficiency": unknown}
    row, spell, low, high = services(m)
    once = arrays.first_of(row)
    case = m.spells.case[spell]
    touch = np.bincount(case[once], weights=(high - low)[once], minlength=n)
    span_low, span_high = np.maximum(low, seconds(run.accepted)[spell]), np.minimum(high, seconds(run.until)[spell])
    owner, piece_low, piece_high = running_pieces(m, seconds)
    # What two sets have in common: both lengths less the length of their union.
    both = arrays.covered(n, np.r_[case, owner], np.r_[span_low, piece_low], np.r_[span_high, piece_high])
    inside = arrays.covered(n, case, span_low, span_high) + clock - both
    known = np.bincount(case, weights=np.isnan(low), minlength=n) == 0
    wait = np.where(known, clock - inside, np.nan)
    efficiency = 1 - np.divide(wait, clock, out=np.full(n, np.nan), where=clock > 0)
    return {"touch_h": touch / 3600, "clock_h": clock / 3600, "wait_h": wait / 3600, "flow_efficiency": efficiency}


def bundle_time(
    log: EventLog, *, calendar: Calendar | None = None, cut_off: Any = None, seed: int = 0
) -> Figure | NotRecorded:  # fmt: skip
    """Sum up how long whole bundles took: from the first action to the last result, the applicant's idle gaps included.

    Returns
    -------
    Figure or NotRecorded
        Median working days with its interval; ``extra`` holds ``p90``, the number ``open``, the ``method`` (Kaplan-Meier
        where a bundle is open), and of closed bundles the mean ``idle`` and ``items`` days (the items' own added up).
    """
    log = as_unit(log)
    frame = bundle_clocks(log, calendar=calendar, cut_off=cut_off)
    found = time_summary(frame["e2e_working_days"], frame["open"], seed=seed)
    if not found.n or np.isnan(found.median):
        return NotRecorded(
            "time",
            "日志未记录申请、决定和送达，或已送达的办件过少，无法计算一件事全程时间。",
            "the log does not record applications, decisions and deliveries, or too few are delivered to say.",
            ("stage (apply, decide, deliver)",),
        )
    first, last = log.span
    rule = CountingRule(
        "bundle_time_log", "time", "一件事全程时间（日志）", "time of the whole bundle (log)", "工作日", "working days",
        population_zh="全部一件事办件（未办结的按截至日截尾）" if log.unit == "bundle" else "全部办件（未办结的按截至日截尾）",
        population_en=("all bundles" if log.unit == "bundle" else "all cases") + " (open ones censored at the cut-off)",
        period=f"{first:%Y-%m-%d} – {last:%Y-%m-%d}",
        baseline="simulated" if log.provenance.source == "simulated" else "log_before",
        policy="log",
        definition_zh="自首次申请动作至最后一个结果送达的工作日数，含申请人在各事项之间的空档；共用环节只计一次。",
        definition_en="working days from the first action to the delivery of the last result, the applicant's gaps between "
        "items included; what items share counts once.",
    )  # fmt: skip
    done = frame[~frame["open"] & frame["e2e_working_days"].notna()]
    extra = {
        "p90": found.p90, "open": found.open, "method": found.method,
        "idle": float(done["idle_days"].mean()), "items": float(done["items_days"].mean()),
    }  # fmt: skip
    low, high = (None if np.isnan(x) else x for x in (found.low, found.high))
    return Figure(found.median, rule, found.n, low, high, extra)


def guide_time(
    catalogue: Catalogue, *, baseline: Literal["guide_before", "guide_after"] = "guide_before"
) -> Figure | NotRecorded:  # fmt: skip
    """Add up the promised limits along the longest path of prerequisites: the time the guides leave a whole one-thing.

    Parameters
    ----------
    catalogue : Catalogue
    baseline : {"guide_before", "guide_after"}

    Returns
    -------
    Figure or NotRecorded
        ``extra["path"]`` holds the codes of the items on the path. Not recorded where an item has no usable promised
        limit, where limits have different units (a working day is no natural day), or where items are prerequisites of
        each other: the reason says which.

    Notes
    -----
    Items without a prerequisite between them run side by side. Deliveries and what the applicant does in between are
    not in the limits.

    Examples
    --------
    >>> items = pd.DataFrame({"item_code": ["a", "b", "c"], "name": ["A", "B", "C"], "promised_days": [3, 5, 7],
    ...                       "promised_unit": "工作日"})
    >>> relations = pd.DataFrame({"src_item": ["a"], "dst_item": ["b"], "relation": ["precedes"]})
    >>> found = guide_time(Catalogue(items=items, item_relations=relations))
    >>> found.value, found.extra["path"]
    (8.0, ('a', 'b'))
    """
    codes = catalogue.item_codes
    limits = {code: catalogue.limit(code, "promised") for code in codes}
    lacking = [code for code, limit in limits.items() if limit is None]
    cycles = catalogue.prerequisites.cycles
    if lacking or not codes:
        names = "、".join(lacking[:5])
        return _withheld(
            f"以下事项没有可用的承诺办结时限（含单位）：{names}。" if lacking else "目录中没有事项。",
            f"these items have no promised limit with a unit that can be used: {', '.join(lacking[:5])}."
            if lacking
            else "the catalogue has no items.",
        )
    units = sorted({limit.unit for limit in limits.values() if limit is not None})
    if len(units) > 1:
        return _withheld(
            f"承诺办结时限的单位不一致（{'、'.join(_UNITS[u][0] for u in units)}），不能相加。",
            f"the promised limits have different units ({', '.join(_UNITS[u][1] for u in units)}) and cannot be added up.",
        )
    if any(len(cycle) > 1 for cycle in cycles):
        cycle = next(c for c in cycles if len(c) > 1)
        way = " → ".join((*cycle, cycle[0]))
        return _withheld(f"事项互为前置：{way}。", f"items are prerequisites of each other: {way}.")
    path = catalogue.longest_path()
    zh, en = _UNITS[units[0]]
    rule = CountingRule(
        "guide_time", "time", "指南承诺时限（一件事）", "promised time of the guides (one-thing)", zh, en,
        population_zh="目录所列全部事项", population_en="all items of the catalogue", baseline=baseline, statistic="total",
        policy="longest_path",
        definition_zh="各事项承诺办结时限沿前置关系最长路径相加；相互无前置关系的事项视为并行，不含送达和申请人空档。",
        definition_en="promised limits added along the longest path of prerequisites; items without a prerequisite between "
        "them run side by side; deliveries and the applicant's gaps are not included.",
    )  # fmt: skip
    return Figure(float(path.limit.amount), rule, len(codes), extra={"path": path.items})


def _withheld(zh: str, en: str) -> NotRecorded:
    return NotRecorded("time", zh, en, ("items: promised_days, promised_unit",))
