"""Sign-off levels inside a department: on paper, against a slow reference, and what they are not."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.metrics import NotRecorded, approval_levels, sign_offs

COLUMNS = ("case_id", "activity", "stage", "department", "level", "resource")
THREE = [
    ("1", "申请", "apply", APPLICANT, None, None),
    ("1", "受理", "accept", "城管局", None, "R1"),
    ("1", "承办", "review", "城管局", 1, "R1"),
    ("1", "审核", "check", "城管局", 2, "R2"),
    ("1", "决定", "decide", "城管局", 3, "R3"),
    ("1", "送达", "deliver", "城管局", None, "R1"),
]


def build(rows, drop=()):
    frame = pd.DataFrame(rows, columns=COLUMNS).drop(columns=list(drop))
    return from_frame(frame.assign(end=pd.date_range("2024-01-02", periods=len(frame), freq="h"), item_code="A"))


def levels(rows, drop=()):
    return sign_offs(build(rows, drop)).set_index("department")["levels"].to_dict()


def test_three_levels_on_paper():
    assert levels(THREE) == {"城管局": 3}
    row = approval_levels(build(THREE)).iloc[0]
    assert (row["n"], row["median"], row["two"], row["three"], row["alone"]) == (1, 3, 0, 1, 0)
    assert row["suppressed"], "one case is nobody's figure"


@pytest.mark.parametrize("drop", [(), ("level",)])
def test_signing_again_at_a_level_is_no_further_level(drop):
    again = [*THREE[:4], THREE[2], *THREE[3:]]
    assert levels(again, drop) == {"城管局": 3}


def test_before_acceptance_and_after_the_decision_nobody_signs_off():
    early = ("1", "预审", "review", "城管局", 4, "R4")
    late = ("1", "事后复核", "check", "城管局", 5, "R5")
    assert levels([THREE[0], early, *THREE[1:], late]) == {"城管局": 3}


def test_another_authority_has_levels_of_its_own():
    upper = [("1", "市级审批", "review", "市局", 1, "R8"), ("1", "市级决定", "decide", "市局", 2, "R9")]
    assert levels([*THREE[:4], *upper, *THREE[4:]]) == {"城管局": 3, "市局": 2}


def test_one_person_at_two_levels_is_told():
    same = [row if row[1] != "审核" else (*row[:5], "R1") for row in THREE]
    assert approval_levels(build(same))["alone"].tolist() == [1]
    unknown = [row if row[1] != "审核" else (*row[:5], None) for row in THREE]
    assert sign_offs(build(unknown))["alone"].isna().all(), (
        "two of three are known, and differ: nobody knows of the third"
    )
    assert approval_levels(build(THREE, drop=("resource",)))["alone"].tolist() == [-1]


def test_automatic_checks_sign_nothing_off():
    frame = pd.DataFrame(THREE, columns=COLUMNS).assign(is_auto=[False] * 3 + [True] + [False] * 2)
    frame["end"] = pd.date_range("2024-01-02", periods=len(frame), freq="h")
    assert sign_offs(from_frame(frame))["levels"].tolist() == [2]


@given(
    st.lists(
        st.tuples(st.sampled_from("12"), st.sampled_from(("甲局", "乙局")), st.integers(1, 4)), min_size=1, max_size=12
    )
)
def test_equals_sets_of_levels(rows):
    events = [(case, f"签{level}", "check", department, level, "R") for case, department, level in rows]
    wanted = {}
    for case, department, level in rows:
        wanted.setdefault((case, department), set()).add(level)
    found = sign_offs(build(events))
    assert found.set_index(["case_id", "department"])["levels"].to_dict() == {k: len(v) for k, v in wanted.items()}


def test_without_departments_nothing_is_said():
    assert isinstance(sign_offs(build(THREE, drop=("department",))), NotRecorded)
    assert isinstance(approval_levels(build(THREE, drop=("stage", "level"))), NotRecorded)
