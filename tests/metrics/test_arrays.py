"""The short cuts of this room lead where the long way does."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.eventlog import from_frame
from flowaudit.metrics import _arrays as arrays
from flowaudit.metrics import clocks
from flowaudit.worktime import load_calendar


def log(*cases):
    return from_frame(
        pd.DataFrame({"case_id": cases, "activity": "a", "end": pd.date_range("2024-03-04", periods=len(cases))})
    )


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_positions_of_cases(dtype):
    asked = pd.Series(["b", "a", None, "x", "b"], dtype=dtype)
    assert arrays.positions(log("a", "b", "c"), asked).tolist() == [1, 0, -1, -1, 1]


def test_positions_of_numbers_are_no_cases():
    assert arrays.positions(log("1", "2"), pd.Series([1, 2])).tolist() == [-1, -1]


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20), st.sampled_from([1, 10**9]))
def test_like_marks_what_isin_does(rows, stretch):
    key = np.array([k * stretch for k, _m in rows], np.int64)
    mask = np.array([m for _k, m in rows], np.bool_)
    assert arrays.like(key, mask).tolist() == np.isin(key, key[mask]).tolist()


def test_a_column_by_its_words():
    column = pd.Series(["是", None, " 否 ", "是"], index=[4, 5, 9, 1])
    found = arrays.by_word(column, lambda words: words.str.strip().eq("是"))
    assert found.to_dict() == {4: True, 5: False, 9: False, 1: True}
    assert arrays.by_word(column.iloc[:0], lambda words: words.eq("是")).empty


def test_among_marks_no_missing_value():
    frame = pd.DataFrame(
        {
            "case_id": "1",
            "activity": "a",
            "stage": ["accept", None, "decide"],
            "end": pd.date_range("2024-03-04", periods=3),
        }
    )
    made = from_frame(frame)
    assert arrays.among(made, "stage", "decide", "nothing").tolist() == [False, False, True]
    assert arrays.among(made, "stage", "decide", None).tolist() == [False, False, True]
    assert arrays.codes(made, "stage", np.array([2, 1])).tolist() == [1, -1]
    assert arrays.codes(made, "result", np.array([2, 1])).tolist() == [-1, -1]


def test_clocks_of_many_items_are_those_of_few():
    """600 items, one a case: case k takes k mod 4 working days; the table of case and item would be far larger than the log."""
    rows = []
    for k in range(600):
        start = pd.Timestamp("2024-03-04 09:00")
        rows += [
            (f"c{k:03}", stage, f"i{k:03}", start + pd.Timedelta(days=days))
            for stage, days in (("apply", 0), ("accept", 0), ("decide", k % 4))
        ]
    made = from_frame(pd.DataFrame(rows, columns=["case_id", "stage", "item_code", "end"]).assign(activity="a"))
    found = clocks(made, calendar=load_calendar("weekdays"))
    assert found["clock_days"].tolist() == [float(k % 4) for k in range(600)]
    assert found["item_code"].tolist() == [f"i{k:03}" for k in range(600)]
