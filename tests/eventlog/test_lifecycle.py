"""Transitions become activity instances: first in, first out; nothing is paired twice, and what is unclear is counted."""

from collections import deque

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.eventlog.coded import frame_of
from flowaudit.eventlog.lifecycle import pair_transitions

HOUR = pd.Timedelta("1h")
DAY = pd.Timestamp("2024-03-04")
STEPS = st.tuples(
    st.sampled_from("12"), st.sampled_from("ab"), st.integers(0, 6), st.sampled_from(["start", "complete"]),
    st.sampled_from("xy"),
)  # fmt: skip


def work_of(rows, *, ids=False):
    table = {
        "case_id": pa.array([str(r[0]) for r in rows]),
        "activity": pa.array([r[1] for r in rows]),
        "end": pa.array([DAY + r[2] * HOUR for r in rows], pa.timestamp("us")),
        "lifecycle": pa.array([r[3] for r in rows]),
        "row": pa.array(range(len(rows))),
    }
    if ids:
        table["concept:instance"] = pa.array([r[4] for r in rows])
    return table


def instances(rows, how="pair", *, ids=False):
    found, problems = pair_transitions(work_of(rows, ids=ids), how)
    return frame_of(found), {p["check"]: p["rows"] for p in problems}


def by_queue(rows, ids):
    """The rule as a person would do it: a queue of open starts for each case and activity."""
    order = sorted(range(len(rows)), key=lambda i: (rows[i][2], rows[i][3] == "complete", i))
    waiting, found, lonely = {}, {}, 0
    for i in order:
        case, activity, hour, what, instance = rows[i]
        queue = waiting.setdefault((case, activity, instance if ids else None), deque())
        if what == "start":
            queue.append(i)
        elif queue:
            found[i] = (rows[queue.popleft()][2], hour)
        else:
            found[i] = (None, hour)
            lonely += 1
    unfinished = [i for queue in waiting.values() for i in queue]
    return {**found, **{i: (rows[i][2], None) for i in unfinished}}, lonely, len(unfinished)


@given(st.lists(STEPS, min_size=1, max_size=40), st.booleans())
def test_pairing_is_first_in_first_out(rows, ids):
    kinds = {r[3] for r in rows}
    if kinds != {"start", "complete"}:
        return
    frame, problems = instances(rows, ids=ids)
    wanted, lonely, unfinished = by_queue(rows, ids)
    got = {
        row: tuple(None if pd.isna(t) else (t - DAY) // HOUR for t in (start, end))
        for row, start, end in zip(frame["row"], frame["start"], frame["end"], strict=True)
    }
    assert got == wanted
    assert frame["row"].is_monotonic_increasing
    assert (problems.get("complete_without_start", 0), problems.get("start_without_complete", 0)) == (
        lonely,
        unfinished,
    )


def test_suspensions_do_not_split_an_instance():
    frame, problems = instances([
        (1, "a", 0, "start"), (1, "a", 1, "suspend"), (1, "a", 3, "resume"), (1, "a", 4, "suspend"), (1, "a", 6, "complete"),
        (2, "a", 0, "start"), (2, "a", 2, "complete"),
    ])  # fmt: skip
    assert frame["suspended_h"].tolist() == [4.0, 0.0]
    assert ((frame["end"] - frame["start"]) / HOUR).tolist() == [6, 2]
    assert not problems


@pytest.mark.parametrize(
    ("rows", "unclear"),
    [
        # Two instances are open: whose work rests?
        ([(1, "a", 0, "start"), (1, "a", 0, "start"), (1, "a", 1, "suspend"), (1, "a", 2, "resume")], 2),
        # Another instance starts before the work is resumed.
        ([(1, "a", 0, "start"), (1, "a", 1, "suspend"), (1, "a", 2, "start"), (1, "a", 3, "resume")], 2),
        ([(1, "a", 0, "start"), (1, "a", 1, "suspend"), (1, "a", 2, "suspend"), (1, "a", 3, "resume")], 1),
        ([(1, "a", 0, "start"), (1, "a", 1, "resume")], 1),
        ([(1, "a", 0, "start"), (1, "a", 9, "complete"), (1, "a", 9, "suspend")], 0),
    ],
)
def test_unclear_suspensions_are_counted_and_add_nothing_wrong(rows, unclear):
    frame, problems = instances([*rows, (1, "a", 9, "complete"), (1, "a", 9, "complete")])
    assert problems.get("suspensions_unclear", 0) == unclear
    assert frame["suspended_h"].sum() == (1.0 if unclear == 1 and len(rows) == 4 else 0.0)


def test_instance_ids_make_suspensions_clear():
    frame, problems = instances([
        (1, "a", 0, "start", "x"), (1, "a", 0, "start", "y"), (1, "a", 1, "suspend", "y"), (1, "a", 3, "resume", "y"),
        (1, "a", 4, "complete", "y"), (1, "a", 5, "complete", "x"),
    ], ids=True)  # fmt: skip
    assert not problems
    assert frame["suspended_h"].tolist() == [2.0, 0.0]
    assert ((frame["end"] - frame["start"]) / HOUR).tolist() == [4, 5]


def test_schedule_is_the_arrival_and_withdrawals_before_work_are_no_rows():
    frame, problems = instances([
        (1, "a", 0, "schedule"), (1, "a", 0, "assign"), (1, "a", 2, "start"), (1, "a", 3, "complete"),
        (1, "b", 3, "schedule"), (1, "b", 4, "withdraw"), (1, "c", 4, "autoskip"),
        (1, "d", 5, "start"), (1, "d", 6, "ate_abort"), (1, "e", 7, "complete"),
    ])  # fmt: skip
    assert frame["activity"].tolist() == ["a", "d", "e"]
    assert frame["arrive"].isna().tolist() == [False, True, True]
    assert frame["arrive"][0] == DAY
    assert frame["aborted"].tolist() == [False, True, False]
    assert problems == {"transitions_left_out": 2, "complete_without_start": 1, "withdrawn": 2}


def test_without_starts_only_ends_are_rows_and_a_file_without_ends_stays_as_it_is():
    frame, problems = instances([(1, "a", 0, "schedule"), (1, "a", 1, "Complete "), (1, "b", 2, "withdraw")])
    assert frame["activity"].tolist() == ["a"]
    assert "start" not in frame
    assert problems == {"withdrawn": 1, "transitions_left_out": 1}
    frame, problems = instances([(1, "a", 0, "start"), (1, "a", 1, "start")])
    assert (len(frame), problems) == (2, {})
    assert len(instances([(1, "a", 0, "start"), (1, "a", 1, "complete")], "ignore")[0]) == 2
    assert len(instances([(1, "a", 0, "start"), (1, "a", 1, "complete")], "complete")[0]) == 1


def test_missing_transitions_and_stamps_are_counted_not_lost():
    work = work_of([(1, "a", 0, "start"), (1, "a", 1, "complete"), (1, "b", 2, "complete")])
    work["lifecycle"] = pa.array(["start", "complete", None])
    found, problems = pair_transitions(work, "pair")
    assert len(found["end"]) == 1
    assert problems == [{"check": "transitions_left_out", "rows": 1, "examples": ["—"]}]
    work = work_of([(1, "a", 0, "start"), (1, "a", 1, "complete")])
    work["end"] = pa.array([None, DAY], pa.timestamp("us"))
    frame = frame_of(pair_transitions(work, "pair")[0])
    assert np.array(frame["end"].isna()).tolist() == [True, False]
