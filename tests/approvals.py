"""Approval logs written down step by step, for tests that plant a waste and count it on paper.

A day is a working day of the case, counted from a Monday: day 5 is the next Monday. A step runs from 09:00 to 10:00, so
that from end to end lie whole days, and from the end of one to the start of the next an hour less.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.eventlog import APPLICANT, EventLog, from_frame

MONDAY = pd.Timestamp("2024-03-04 09:00")
HOUR = 1 / 7
"""Of an office day."""


@dataclass(frozen=True)
class Step:
    activity: str
    department: str
    stage: str | None
    day: float
    more: dict[str, Any] = field(default_factory=dict)


def step(activity: str, department: str, stage: str | None, day: float, **more: Any) -> Step:
    return Step(activity, department, stage, day, more)


def at(day: float) -> pd.Timestamp:
    whole, part = divmod(day, 1)
    week, weekday = divmod(int(whole), 5)
    return MONDAY + pd.Timedelta(days=7 * week + weekday, hours=part * 7)


def log_of(cases: list[list[Step]], *, starts: bool = True, bundles: bool = False) -> EventLog:
    """One case for each list, the next one a week later; with ``bundles`` every case and item is a case of its own."""
    rows = []
    for number, steps in enumerate(cases):
        for s in steps:
            begin = at(s.day + 5 * number)
            own = {"case_id": f"c{number:03}", "activity": s.activity, "department": s.department, "stage": s.stage}
            rows.append({**own, "start": begin, "end": begin + pd.Timedelta(hours=1), **s.more})
    frame = pd.DataFrame(rows)
    if not starts:
        frame = frame.drop(columns="start")
    if not bundles:
        return from_frame(frame)
    frame["bundle_id"] = frame["case_id"]
    frame["case_id"] = frame["bundle_id"] + "-" + frame["item_code"]
    table = frame[["case_id", "bundle_id", "item_code"]].drop_duplicates(ignore_index=True)
    return from_frame(frame.drop(columns="bundle_id"), tables={"cases": table})


def clean_case(*, levels: int = 3, office: str = "甲局") -> list[Step]:
    """Application, acceptance, sign-off by at most four levels on one day each, delivery."""
    signing = [("承办", "review"), ("审核", "check"), ("决定", "decide"), ("会签", "decide")][:levels]
    return [
        step("申请", APPLICANT, "apply", 0),
        step("受理", "窗口", "accept", 1),
        *(step(name, office, stage, 2 + i, level=i + 1) for i, (name, stage) in enumerate(signing)),
        step("送达", "窗口", "deliver", 2 + levels),
    ]


def random_clean_log(seed: int, n: int = 120, *, starts: bool = True) -> EventLog:
    """A sound process: three levels, 1 % corrections, two inspections side by side in either order, random delays."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        now = MONDAY + pd.Timedelta(hours=float(rng.uniform(0, 24 * 200)))

        def add(activity, department, stage, begin, hours, level=np.nan, *, case=number):
            finish = begin + pd.Timedelta(hours=hours)
            rows.append((f"c{case}", activity, department, stage, level, f"{department}{case % 5}", begin, finish))
            return finish

        def wait(mean):
            return pd.Timedelta(hours=float(rng.exponential(mean)))

        now = add("申请", APPLICANT, "apply", now, 0.2)
        now = add("受理", "窗口", "accept", now + wait(10), 0.5)
        if rng.random() < 0.01:
            now = add("补正通知", "窗口", "correction", now + wait(5), 0.2)
            now = add("补正提交", APPLICANT, "correction", now + wait(30), 0.2)
        now = add("承办", "甲局", "review", now + wait(20), 1, 1)
        now = max(
            add("消防核查", "消防", "inspect", now + wait(40), 2), add("环保核查", "环保", "inspect", now + wait(40), 2)
        )
        now = add("审核", "甲局", "check", now + wait(20), 1, 2)
        now = add("决定", "甲局", "decide", now + wait(20), 1, 3)
        add("送达", "窗口", "deliver", now + wait(20), 0.2)
    columns = ["case_id", "activity", "department", "stage", "level", "resource", "start", "end"]
    frame = pd.DataFrame(rows, columns=columns)
    frame[["start", "end"]] = frame[["start", "end"]].astype("datetime64[us]")
    return from_frame(frame if starts else frame.drop(columns="start"))
