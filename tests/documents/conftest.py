"""One small study for all tests of documents: hostile labels, two departments, four sign-offs, known dates."""

import numpy as np
import pandas as pd
import pytest

from flowaudit.eventlog import Provenance, from_frame
from flowaudit.redesign import Scenario
from flowaudit.study import StudySettings, study

SCRIPT, FORMULA = "<script>alert('x')</script>", "=1+1"
STEPS = (
    ("提交申请", "申请人", "apply", None),
    ("受理", "市场监管局", "accept", None),
    (SCRIPT, "市场监管局", "review", 1),
    (FORMULA, "市场监管局", "check", 2),
    ("消防核查", "消防救援支队", "inspect", None),
    ("决定", "市场监管局", "decide", 3),
    ("送达", "市场监管局", "deliver", None),
)


def hostile_log():
    rng = np.random.default_rng(5)
    rows = []
    for case in range(60):
        stamp = pd.Timestamp("2024-03-04 09:00") + pd.Timedelta(days=case // 2)
        for k, (activity, department, stage, level) in enumerate(STEPS):
            if stage == "inspect" and case % 9 == 0:
                continue
            start = stamp + pd.Timedelta(hours=float(rng.integers(4, 40)))
            stamp = start + pd.Timedelta(minutes=30)
            rows.append((f"C{case:03d}", activity, department, stage, level, f"O{k % 3}", start, stamp))
        if case < 3:
            rows.append(
                (f"C{case:03d}", "罕见环节", "市场监管局", "notify", None, "O1", stamp, stamp + pd.Timedelta("1h"))
            )
    names = ["case_id", "activity", "department", "stage", "level", "resource", "start", "end"]
    return from_frame(
        pd.DataFrame(rows, columns=names),
        provenance=Provenance(source="hostile.csv", sha256={"hostile.csv": "ab" * 32}),
    )


@pytest.fixture(scope="session")
def small_study():
    scenario = Scenario("方案一").merge_steps(SCRIPT, FORMULA)
    return study(
        hostile_log(),
        scenario=scenario,
        settings=StudySettings(title="开办餐饮店", lead_department="市场监管局", calendar="weekdays", replications=2),
    )
