"""Items of cases by item and deciding department: how their clocks stand against their limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowaudit.diagnosis.context import Bools, Context, Floats, Ints, Stamps, Texts


@dataclass(frozen=True)
class Judged:
    """Every spell of the clocks against its promised limit, or the statutory one where nothing was promised.

    Attributes
    ----------
    late, known : array of bool
        Beyond the last day; whether that is known.
    slack, beyond : array of float
        Working days from the decision to the last day (negative after it, NaN while open), and working days beyond it.
    length : array of float
        Working days of the limit as they ran, NaN where unknown.
    """

    late: Bools
    known: Bools
    slack: Floats
    beyond: Floats
    length: Floats


def judge(context: Context, frame: pd.DataFrame) -> Judged:
    """Hold every spell against its promised limit, else the statutory one."""
    promised = ((frame["promised_unit"].fillna("") != "") | frame["promised_due"].notna()).to_numpy(bool)

    def chosen(column: str) -> pd.Series:
        return frame[f"promised_{column}"].where(promised, frame[f"statutory_{column}"])

    on_time = chosen("on_time")
    slack = chosen("slack_days").to_numpy(float)
    unit = chosen("unit").fillna("").to_numpy(object)
    clock = frame["clock_days"].to_numpy(float)
    extended = np.nan_to_num(frame["extended_days"].to_numpy(float))
    stated = np.where(unit == "working_days", chosen("limit").to_numpy(float) + extended, np.nan)
    due = chosen("due").to_numpy("datetime64[us]")
    until = np.where(np.isnan(slack), np.datetime64(context.log.span[1], "us"), due)
    beyond = np.where(np.isnan(slack), known_days(context, due, until), -slack)
    return Judged(
        late=np.asarray(on_time.eq(False).fillna(False), np.bool_),
        known=on_time.notna().to_numpy(bool),
        slack=np.where(unit == "hours", np.nan, slack),
        beyond=np.maximum(np.nan_to_num(beyond), 0.0),
        length=np.where(np.isnan(stated), np.where(unit == "hours", np.nan, slack + clock), stated),
    )


def by_place(context: Context, frame: pd.DataFrame) -> Iterator[tuple[str, str, Ints]]:
    """Yield item, deciding department ("" where unknown) and the rows of the clocks, as far as they are enough."""
    if not len(frame):
        return
    item, items = pd.factorize(frame["item_code"])
    _codes, labels = context.column("department")
    key, group = np.unique(
        np.stack([item, departments_of(context, frame)], axis=1), axis=0, return_inverse=True
    )  # fmt: skip
    order = np.argsort(group.ravel(), kind="stable")
    for (i, d), rows in zip(key, np.split(order, np.cumsum(np.bincount(group.ravel()))[:-1]), strict=True):
        if len(rows) >= context.min_cases:
            yield str(items[i]) if i >= 0 else "", str(labels[d]) if d >= 0 else "", rows


def departments_of(context: Context, frame: pd.DataFrame) -> Ints:
    """Return the code of the department that decided each spell last, else of the one that accepted it; -1 unknown."""
    department, _labels = context.column("department")
    item, items = context.column("item_code")
    place = {str(label): i for i, label in enumerate(items)}
    own = frame["item_code"].map(place).fillna(-1).to_numpy(np.int64)
    case, width = frame["case"].to_numpy(np.int64), len(items) + 1
    found = np.full(len(frame), -1, np.int64)
    for stage in ("decide", "accept"):
        rows = np.flatnonzero(context.among("stage", stage) & (department >= 0) & ~context.applicant)
        if stage == "decide":
            rows = rows[::-1]
        keys, first = np.unique(context.case[rows] * width + item[rows] + 1, return_index=True)
        if not len(keys):
            continue
        for wanted in (case * width + own + 1, case * width):
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            hit = (keys[at] == wanted) & (found < 0)
            found[hit] = department[rows[first[at[hit]]]]
    return found


def known_days(context: Context, a: Stamps, b: Stamps) -> Floats:
    """Return whole working days in (a, b], NaN where a stamp is missing or in a year the calendar does not know."""
    low, high = context.calendar.first, context.calendar.last
    begin = np.datetime64("1678-01-01" if low is None else low, "us")
    end = np.datetime64("2262-01-01" if high is None else high, "us") + np.timedelta64(1, "D")
    sides = []
    for stamps in (a, b):
        with np.errstate(invalid="ignore"):
            inside = (stamps >= begin) & (stamps < end)
        sides.append(np.where(inside, stamps, np.datetime64("NaT", "us")))
    return np.atleast_1d(np.asarray(context.calendar.working_days(*sides), float))


def key_of(*parts: str) -> str:
    """Return the key of a finding from what it was found on; what is unknown is left out."""
    return "-".join(part for part in parts if part)


def scope_of(item: str, department: str) -> dict[str, list[str]]:
    """Return the scope of a finding on an item and a department."""
    return {"items": [item] if item else [], "departments": [department] if department else []}


def at_place(context: Context, item: str, department: str, texts: Texts) -> Texts:
    """Put the names of an item and a department in front of a text in both languages."""
    names = ([f"“{context.item_name(item)}”"] if item else []) + ([department] if department else [])
    if not names:
        return texts
    return f"{'，'.join(names)}：{texts[0]}", f"{', '.join(names)}: {texts[1]}"
