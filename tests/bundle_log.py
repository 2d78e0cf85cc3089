"""A small bundle log with a known flow: two items, one after the other, for the tests of the measures."""

import numpy as np
import pandas as pd

from flowaudit.eventlog import from_frame

HOURS = {"食品申请": 0.2, "食品受理": 1, "食品承办": 2, "食品审核": 3, "食品决定": 2, "食品会签": 4, "食品送达": 1,
         "消防申请": 0.2, "消防受理": 1, "消防承办": 6, "消防决定": 2, "消防送达": 1}  # fmt: skip
STAGES = {
    "申请": "apply",
    "受理": "accept",
    "承办": "review",
    "审核": "check",
    "决定": "decide",
    "会签": "decide",
    "送达": "deliver",
}
LEVELS = {"承办": 1, "审核": 2, "决定": 3, "会签": 4}


def bundle_log(n=60, *, starts=True, seed=1, correct_every=3):
    """Bundles of 食品 (市场监管局, four sign-off levels) and then 消防; a 补正 about the licence in every third."""
    rng = np.random.default_rng(seed)
    rows, materials, visits = [], [], []
    for i in range(n):
        case = f"B{i:03d}"
        t = (
            pd.Timestamp("2024-03-04 09:00")
            + pd.Timedelta(days=int(i) // 2)
            + pd.Timedelta(hours=float(rng.uniform(0, 3)))
        )
        order = list(HOURS)
        if i % correct_every == 0:
            order.insert(2, "食品补正通知")
            order.insert(3, "食品补正提交")
        for name in order:
            item = "SP" if name.startswith("食品") else "XF"
            tail = name[2:]
            applicant = tail in ("申请", "补正提交")
            work = pd.Timedelta(hours=HOURS.get(name, 0.5))
            start = t + pd.Timedelta(hours=20 if name == "消防申请" else 1)
            start = _open(start)
            stage = "correction" if tail.startswith("补正") else STAGES[tail]
            event = f"{case}-{len(rows)}"
            visit = f"V{event}" if tail in ("申请", "送达", "补正提交") else None
            rows.append((case, name, "申请人" if applicant else "市场监管局" if item == "SP" else "消防救援支队", stage, item,
                         LEVELS.get(tail), None if applicant else f"{item}{tail}", start, start + work, event, visit))  # fmt: skip
            t = start + work
            if visit:
                site = "行政服务中心" if item == "SP" else "消防窗口"
                visits.append((visit, case, site, t.normalize()))
            if tail == "申请":
                first_bad = item == "SP" and i % correct_every == 0
                materials += [
                    (case, item, "LIC", t, not first_bad, "applicant", event),
                    (case, item, "PLAN", t, True, "applicant", event),
                ]
            if tail == "补正提交":
                materials.append((case, item, "LIC", t, True, "applicant", event))
    columns = [
        "case_id",
        "activity",
        "department",
        "stage",
        "item_code",
        "level",
        "resource",
        "start",
        "end",
        "event_id",
        "visit_id",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    if not starts:
        frame = frame.drop(columns="start")
    tables = {
        "material_instances": pd.DataFrame(
            materials, columns=["case_id", "item_code", "canonical_id", "submit_time", "accepted", "source", "event_id"]
        ),
        "visits": pd.DataFrame(visits, columns=["visit_id", "case_id", "site", "date"]),
    }
    return from_frame(frame, tables=tables, unit="bundle")


def _open(t):
    """The next instant between 9 and 17 on a weekday."""
    while t.hour < 9 or t.hour >= 17 or t.weekday() > 4:
        t = (t + pd.Timedelta(hours=1)).floor("h")
    return t
