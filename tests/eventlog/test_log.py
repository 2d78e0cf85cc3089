"""The log itself: sorted once, ties in file order, nothing lost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.errors import MissingColumnError, UsageError
from flowaudit.eventlog import from_frame, load_sample, select_cases

ROWS = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from(["受理", "审查", "决定"]), st.integers(0, 5), st.integers(0, 3)),
    min_size=1,
    max_size=40,
)


def frame_of(rows):
    end = pd.Timestamp("2024-01-01") + pd.to_timedelta([end + length for _c, _a, end, length in rows], unit="h")
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta([end for _c, _a, end, _length in rows], unit="h")
    return pd.DataFrame({
        "case_id": [r[0] for r in rows], "activity": [r[1] for r in rows], "start": start, "end": end, "row": range(len(rows)),
    })  # fmt: skip


@given(ROWS)
def test_sorted_by_case_time_and_file_order_and_nothing_lost(rows):
    frame = frame_of(rows)
    log = from_frame(frame)
    got = log.to_pandas()
    assert sorted(got["row"]) == list(range(len(rows)))
    assert log.case_ids == list(dict.fromkeys(frame["case_id"]))
    assert log.case_ptr[-1] == len(rows)
    assert np.diff(log.case_ptr).sum() == len(rows)
    for i, case in enumerate(log.case_ids):
        part = got.iloc[log.case_ptr[i] : log.case_ptr[i + 1]]
        assert (part["case_id"] == case).all()
        keys = list(zip(part["start"], part["end"], part["row"], strict=True))
        assert keys == sorted(keys)


@given(ROWS, st.randoms())
def test_order_of_rows_with_distinct_stamps_does_not_matter(rows, luck):
    frame = frame_of(rows).assign(end=lambda f: f["end"] + pd.to_timedelta(f["row"], unit="s"))
    order = list(range(len(frame)))
    luck.shuffle(order)

    def rows_by_case(log):
        events = log.to_pandas()
        return {case: part["row"].tolist() for case, part in events.groupby(events["case_id"].astype(str))}

    assert rows_by_case(from_frame(frame.iloc[order])) == rows_by_case(from_frame(frame))


def test_missing_column():
    with pytest.raises(MissingColumnError, match="'end'"):
        from_frame(pd.DataFrame({"case_id": ["1"], "activity": ["a"]}))


def test_selection_keeps_side_tables_in_step():
    log = load_sample()
    keep = np.zeros(log.n_cases, bool)
    keep[:5] = True
    part = select_cases(log, keep, "first five")
    assert part.case_ids == log.case_ids[:5]
    assert set(part.tables["cases"]["case_id"]) == set(part.case_ids)
    assert part.provenance.notes[-1] == ("first five", "first five")


def test_unknown_sample_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'restaurant'"):
        load_sample("restarant")
