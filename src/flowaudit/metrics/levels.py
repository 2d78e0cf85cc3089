"""层层把关: how many people sign an item off inside one department, against 一审一核 and 三级审批制."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowaudit.eventlog import APPLICANT, EventLog, as_unit
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics.rule import NotRecorded
from flowaudit.metrics.spells import spells_of
from flowaudit.metrics.wilson import wilson

SIGNING = ("review", "check", "decide")
"""Stages in which somebody signs an item off."""
TWO, THREE = 2, 3
"""一审一核 (review and approval) and 三级审批 (承办、审核、决定), the two models of the guidance."""
SMALL = 10


def sign_offs(log: EventLog) -> pd.DataFrame | NotRecorded:
    """Count the sign-offs of each item in each department.

    Returns
    -------
    pd.DataFrame or NotRecorded
        One row per case, item and department with at least one: ``case_id, item_code, department``, ``levels`` (distinct
        sign-offs), ``alone`` (one and the same officer signed at two levels or more; missing where officers are not
        recorded for all of them).

    Notes
    -----
    A sign-off is an event of the stages review, check or decide that a person handled, after the item's acceptance and
    up to its decision, where these are recorded. Sign-offs are distinct by their recorded level, else by the name of
    the activity: signing twice at one level (again after a return) is one level. Levels are counted inside a
    department: what a higher authority decides after a lower one has looked first is another department's level.
    """
    if not (log.has("department") and (log.has("stage") or log.has("level"))):
        return NotRecorded(
            "steps",
            "日志未记录办理部门以及标准环节（或审批层级），无法统计审批层级。",
            "the log records no departments with stages or levels, so sign-off levels are not known.",
            ("department", "stage | level"),
        )
    department, names = log.codes("department")
    by_level = log.has("level")
    signing = ~arrays.automatic(log) & ~arrays.among(log, "department", APPLICANT) & (department >= 0)
    if log.has("stage"):
        signing &= arrays.among(log, "stage", *SIGNING)
    if by_level:
        mark = pd.to_numeric(log.events["level"].to_pandas(), errors="coerce").to_numpy(float)
        # A sign-off without its level is told apart by its name, beyond every level.
        activity = arrays.codes(log, "activity")
        level = np.where(np.isnan(mark), activity + 1_000_000, np.nan_to_num(mark)).astype(np.int64)
        if not log.has("stage"):
            signing &= ~np.isnan(mark)
    else:
        level = arrays.codes(log, "activity")
    signing &= _inside(log)
    rows = np.flatnonzero(signing)
    item = arrays.codes(log, "item_code")
    labels = log.codes("item_code")[1] if log.has("item_code") else []
    officer = arrays.codes(log, "resource")
    frame = pd.DataFrame(
        {
            "case": log.case_index[rows],
            "item": item[rows],
            "department": department[rows],
            "level": level[rows],
            "officer": officer[rows],
        }
    )
    keys = ["case", "item", "department"]
    counted = frame.groupby(keys)["level"].nunique().rename("levels")
    twice = frame[frame["officer"] >= 0].groupby([*keys, "officer"])["level"].nunique().groupby(level=[0, 1, 2]).max()
    unknown = (frame["officer"] < 0).groupby([frame[k] for k in keys]).any()
    alone = (twice.reindex(counted.index) > 1).astype("boolean")
    alone = alone.mask((unknown.reindex(counted.index) | (counted < TWO)).to_numpy(np.bool_) & ~alone.fillna(False))
    table = pd.DataFrame({"levels": counted, "alone": alone}).reset_index()
    case_ids = np.asarray(log.case_ids, object)
    return pd.DataFrame(
        {
            "case_id": case_ids[table["case"]],
            "item_code": np.array([*labels, None], object)[table["item"]],
            "department": np.array([*names, None], object)[table["department"]],
            "levels": table["levels"],
            "alone": table["alone"],
        }
    )


def approval_levels(log: EventLog) -> pd.DataFrame | NotRecorded:
    """Sum up the sign-off levels of each department (审批层级).

    Returns
    -------
    pd.DataFrame or NotRecorded
        One row per department: ``department``, ``n`` items signed off there, ``median`` and ``most`` levels, ``two`` of
        the items with at most 2 levels (一审一核) and ``two_share`` with Wilson's 95 % interval ``two_low, two_high``,
        ``three...`` likewise with at most 3 (三级审批), ``alone`` (items in which one officer signed at two levels;
        -1 where officers are not recorded), ``suppressed`` where ``n`` is below 10: not for outward use.

    Examples
    --------
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": "1", "activity": ["承办", "审核", "决定"], "department": "城管局",
    ...     "stage": ["review", "check", "decide"], "end": pd.date_range("2024-01-02", periods=3)}))
    >>> approval_levels(log)[["department", "n", "median", "two", "three"]].values.tolist()
    [['城管局', 1, 3.0, 0, 1]]
    """
    found = sign_offs(as_unit(log, log.unit))
    if isinstance(found, NotRecorded):
        return found
    rows = []
    officers = log.has("resource")
    for department, part in found.groupby("department", sort=True):
        levels, n = part["levels"], len(part)
        row = {"department": department, "n": n, "median": float(levels.median()), "most": int(levels.max())}
        for name, limit in (("two", TWO), ("three", THREE)):
            k = int((levels <= limit).sum())
            low, high = wilson(k, n)
            row |= {name: k, f"{name}_share": k / n, f"{name}_low": low, f"{name}_high": high}
        row |= {"alone": int(part["alone"].fillna(False).sum()) if officers else -1, "suppressed": n < SMALL}
        rows.append(row)
    columns = ["department", "n", "median", "most"]
    columns += [f"{name}{part}" for name in ("two", "three") for part in ("", "_share", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*columns, "alone", "suppressed"])


def _inside(log: EventLog) -> arrays.Bools:
    """Mark the events after their item's acceptance and up to its decision, as far as these are recorded."""
    spells = spells_of(log, np.datetime64("2262-01-01", "us"))
    place, spell = spells.serving(log.case_index, spells.row_item)
    end = log.stamps("end")[place]
    accepted, decided = spells.accepted[spell], spells.decided[spell]
    with np.errstate(invalid="ignore"):
        inside = ~(end < accepted) & ~(end > decided)
    marked = np.ones(len(log.events), np.bool_)
    marked[place] = False
    # An event that serves several items is inside if it is so for one of them.
    marked[place[inside]] = True
    return marked
