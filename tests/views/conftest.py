"""Small flows to draw."""

import pandas as pd
import pytest

from flowaudit.eventlog import from_frame
from flowaudit.flow import discover
from flowaudit.worktime import load_calendar

LANES = {
    "提交": "申请人",
    "受理": "综合窗口",
    "审查": "市场监管局",
    "审核": "市场监管局",
    "核查": "消防救援支队",
    "决定": "市场监管局",
    "领取": "申请人",
}


def flow(*traces, cases=20):
    rows = []
    for case in range(cases):
        for k, activity in enumerate(traces[case % len(traces)]):
            stamp = pd.Timestamp("2024-03-04 09:00") + pd.Timedelta(days=case, hours=20 * k)
            rows.append((f"C{case}", activity, LANES.get(activity, "市场监管局"), stamp, stamp + pd.Timedelta("1h")))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "start", "end"])
    return from_frame(frame)


@pytest.fixture(scope="session")
def as_is():
    log = flow(
        ("提交", "受理", "审查", "审核", "决定", "领取"), ("提交", "受理", "审查", "核查", "审查", "决定", "领取")
    )
    return discover(log, calendar=load_calendar("weekdays"))


@pytest.fixture(scope="session")
def to_be():
    log = flow(("提交", "受理", "审查＋审核", "决定", "领取"), ("提交", "受理", "审查＋审核", "决定", "快递"))
    return discover(log, calendar=load_calendar("weekdays"))
