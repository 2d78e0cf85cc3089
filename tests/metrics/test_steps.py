"""Four ways to count steps: worked examples on paper, and laws on random cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import APPLICANT, from_frame
from flowaudit.metrics import case_measures, four_reductions, recorded_policies
from flowaudit.worktime import Calendar

ALL = ("A_applicant", "B_milestone", "C_node", "D_exec")
COLUMNS = ("item_code", "department", "activity", "stage", "visit_id", "is_auto")
TWO_ITEMS = [
    ("A", APPLICANT, "提交食品许可申请", "apply", "V1", False),
    ("A", "市场监管局", "食品许可受理", "accept", "V1", False),
    ("B", APPLICANT, "提交消防检查申请", "apply", "V2", False),
    ("B", "消防救援支队", "消防检查受理", "accept", "V2", False),
    ("A", "市场监管局", "食品现场核查", "inspect", None, False),
    ("B", "消防救援支队", "消防现场检查", "inspect", None, False),
    ("A", "市场监管局", "食品许可审查", "review", None, False),
    ("A", "市场监管局", "食品许可审核", "check", None, False),
    ("B", "消防救援支队", "消防检查审查", "review", None, False),
    ("A", "市场监管局", "食品许可决定", "decide", None, False),
    ("B", "消防救援支队", "消防检查决定", "decide", None, False),
    ("A", "市场监管局", "食品许可制证", "produce", None, True),
    ("A", APPLICANT, "领取食品许可证", "deliver", "V3", False),
    ("A", "市场监管局", "食品许可发证", "deliver", "V3", False),
    ("B", "消防救援支队", "消防意见书送达", "deliver", "V4", False),
    ("A", "市场监管局", "食品许可归档", "archive", None, False),
]


def build(rows, case="1"):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    stamps = pd.date_range("2024-01-02 09:00", periods=len(frame), freq="h")
    return from_frame(frame.assign(case_id=case, end=stamps), unit="bundle")


def count(rows, policy):
    return case_measures(build(rows), policy=policy, calendar=Calendar.weekdays())["steps"].iloc[0]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        # two submissions, two inspections, two collections (one booked by the applicant, one only by the office)
        ("A_applicant", 6),
        # A: apply accept review decide produce deliver; B: apply accept review decide deliver
        ("B_milestone", 11),
        # A: accept inspect review check decide deliver; B: accept inspect review decide deliver
        ("C_node", 11),
        ("D_exec", 11),
    ],
)
def test_two_items_on_paper(policy, expected):
    assert count(TWO_ITEMS, policy) == expected


def replaced(**visits):
    """The same rows with other visit ids for some activities."""
    return [(*row[:4], visits.get(row[2], row[4]), row[5]) for row in TWO_ITEMS]


def test_one_visit_for_both_submissions_is_one_interaction():
    rows = replaced(提交消防检查申请="V1")
    assert count(rows, "A_applicant") == 5


def test_collecting_both_at_one_visit_is_one_interaction():
    assert count(replaced(消防意见书送达="V3"), "A_applicant") == 5


def test_a_joint_inspection_is_one_interaction():
    rows = [r for r in TWO_ITEMS if r[3] != "inspect"] + [(None, "市场监管局", "联合踏勘", "inspect", None, False)]
    assert count(rows, "A_applicant") == 5
    assert count(rows, "C_node") == 10


def test_an_inspection_the_applicant_booked_is_not_counted_twice():
    rows = [*TWO_ITEMS, ("A", APPLICANT, "配合食品现场核查", "inspect", None, False)]
    assert count(rows, "A_applicant") == 6


def test_delivery_by_courier_is_no_interaction():
    rows = [r for r in TWO_ITEMS if r[2] != "领取食品许可证"]
    rows = [(*r[:4], None if r[3] == "deliver" else r[4], r[5]) for r in rows]
    assert count(rows, "A_applicant") == 4


CORRECTION = [
    ("A", "市场监管局", "食品许可补正告知", "correction", None, False),
    ("A", APPLICANT, "补交食品材料", "correction", "V9", False),
    ("A", "市场监管局", "食品许可受理", "accept", None, False),
]


@pytest.mark.parametrize("policy", ["A_applicant", "B_milestone", "C_node"])
def test_a_correction_loop_changes_executions_only(policy):
    assert count(TWO_ITEMS + CORRECTION, policy) == count(TWO_ITEMS, policy)
    assert count(TWO_ITEMS + CORRECTION, "D_exec") == count(TWO_ITEMS, "D_exec") + 2


@pytest.mark.parametrize("policy", ["A_applicant", "B_milestone"])
def test_renaming_nodes_within_a_stage_changes_nothing(policy):
    rows = [(r[0], r[1], f"节点{i}", *r[3:]) for i, r in enumerate(TWO_ITEMS)]
    assert count(rows, policy) == count(TWO_ITEMS, policy)


def test_which_policies_are_recorded():
    assert recorded_policies(build(TWO_ITEMS)) == ALL
    assert recorded_policies(build([r for r in TWO_ITEMS if r[1] != APPLICANT])) == ALL[1:]
    bare = build([(*r[:3], None, *r[4:]) for r in TWO_ITEMS])
    assert recorded_policies(bare) == ALL[2:]
    found = four_reductions(bare, calendar=Calendar.weekdays())
    assert found.steps.rule.policy == "C_node"
    assert not found.clock.recorded
    with pytest.raises(MissingColumnError, match="stage"):
        four_reductions(bare, policy="A")
    with pytest.raises(UsageError, match="E_other"):
        four_reductions(bare, policy="E_other")


stages = st.sampled_from(
    [
        "apply",
        "accept",
        "review",
        "check",
        "decide",
        "special",
        "produce",
        "deliver",
        "inspect",
        "correction",
        "notify",
        None,
    ]
)
random_rows = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["A", "B", None]),
        st.sampled_from([APPLICANT, "甲局", "乙局", None]),
        st.sampled_from(["x", "y", "z"]),
        stages,
        st.sampled_from(["V1", "V2", None]),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


def random_log(rows):
    frame = pd.DataFrame(rows, columns=["case_id", *COLUMNS]).astype({"case_id": str})
    anchor = {
        "item_code": "A",
        "department": APPLICANT,
        "activity": "x",
        "stage": "apply",
        "visit_id": "V1",
        "is_auto": False,
    }
    closing = anchor | {"department": "甲局", "activity": "z", "stage": "decide", "visit_id": None}
    every = pd.DataFrame([{"case_id": c} | row for c in frame["case_id"].unique() for row in (anchor, closing)])
    frame = pd.concat([every, frame], ignore_index=True)
    return from_frame(frame.assign(end=pd.date_range("2024-01-02", periods=len(frame), freq="h")), unit="bundle")


def slow_steps(events, policy):
    """The counting rules once more, event by event in plain Python."""
    rows = [{k: (None if pd.isna(v) else v) for k, v in row.items()} for row in events.to_dict("records")]
    if policy == "B_milestone":
        same = {"review": "审查", "check": "审查"}
        legal = ("apply", "accept", "review", "check", "special", "decide", "produce", "deliver")
        return len({(r["item_code"], same.get(r["stage"], r["stage"])) for r in rows if r["stage"] in legal})
    person = [r for r in rows if not r["is_auto"]]
    office = [r for r in person if r["department"] != APPLICANT and r["stage"] not in ("notify", "archive")]
    if policy == "D_exec":
        return len(office)
    if policy == "C_node":
        return len({(r["item_code"], r["department"], r["activity"]) for r in office if r["stage"] != "correction"})
    own = [
        r for r in person
        if r["department"] == APPLICANT and r["stage"] not in ("correction", "consult", "notify", "archive")
    ]  # fmt: skip

    def booked(r):
        return any(
            o["stage"] == r["stage"]
            and (
                o["item_code"] == r["item_code"] or None in (o["item_code"], r["item_code"])
                or (r["visit_id"] is not None and o["visit_id"] == r["visit_id"])
            )
            for o in own
        )  # fmt: skip

    met = []
    for r in person:
        if r["department"] == APPLICANT:
            met += [r] if r in own else []
        elif (r["stage"] == "inspect" or (r["stage"] in ("pay", "deliver") and r["visit_id"])) and not booked(r):
            met.append(r)
    seen, interactions = set(), set()
    for i, r in enumerate(met):
        node = (r["item_code"], r["department"], r["activity"])
        if node not in seen:
            seen.add(node)
            interactions.add((r["visit_id"], r["stage"]) if r["visit_id"] else i)
    return len(interactions)


@given(random_rows, st.sampled_from(ALL))
def test_equals_plain_python(rows, policy):
    log = random_log(rows)
    events = log.to_pandas().astype({"case_id": str})
    for column in ("item_code", "department", "activity", "stage"):
        events[column] = events[column].astype("object")
    expected = [slow_steps(events[events["case_id"] == case], policy) for case in log.case_ids]
    found = case_measures(log, policy=policy, calendar=Calendar.weekdays())["steps"]
    assert found.tolist() == expected


@given(random_rows)
def test_nodes_never_exceed_executions_and_milestones_are_at_most_seven_per_item(rows):
    log = random_log(rows)
    weekdays = Calendar.weekdays()
    nodes, runs, legal = (
        case_measures(log, policy=p, calendar=weekdays)["steps"].to_numpy() for p in ("C_node", "D_exec", "B_milestone")
    )
    assert (nodes <= runs).all()
    assert (legal <= 7 * 3).all(), "two items and the whole bundle"


@given(random_rows, st.randoms(use_true_random=False))
def test_the_order_of_cases_changes_nothing(rows, random):
    log = random_log(rows)
    frame = log.to_pandas()
    cases = list(log.case_ids)
    random.shuffle(cases)
    moved = pd.concat([frame[frame["case_id"] == c] for c in cases], ignore_index=True)
    other = from_frame(moved, unit="bundle")
    for policy in ALL:
        a, b = (
            case_measures(x, policy=policy, calendar=Calendar.weekdays()).set_index("case_id")["steps"]
            for x in (log, other)
        )
        np.testing.assert_array_equal(a.sort_index(), b.sort_index())
