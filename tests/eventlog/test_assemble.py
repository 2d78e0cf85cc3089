"""The door: what is worked out by distinct values is what pandas finds row by row."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowaudit.errors import InputError
from flowaudit.eventlog import ColumnMapping
from flowaudit.eventlog.assemble import Raw, Reading, side_table, to_log
from flowaudit.eventlog.options import options

SALT = b"k" * 32
COLUMNS = {"case_id": "case_id", "activity": "activity", "end": "end"}
DAY = np.datetime64("2024-01-05T09:00", "us")


def reading(mapping=None):
    return Reading("a", options(mapping, SALT, False, {}))


def raw_of(table):
    n = len(next(iter(table.values())))
    base = {"activity": ["a"] * n, "end": DAY + np.arange(n) * np.timedelta64(1, "h")}
    return Raw(pa.table({**base, **table}), "a", lambda rows: [r + 1 for r in rows])


CELL = st.one_of(st.none(), st.sampled_from(["x", "y", " z"]))
ATTRIBUTES = st.lists(
    st.tuples(st.sampled_from("123"), CELL, st.one_of(st.none(), st.integers(0, 2))), min_size=1, max_size=30
)


@settings(deadline=None)
@given(ATTRIBUTES, st.booleans())
def test_case_attributes_are_those_of_groupby(rows, dictionary):
    case = pa.array([r[0] for r in rows])
    text = pa.array([r[1] for r in rows], pa.string())
    number = pa.array([r[2] for r in rows], pa.int64())
    if dictionary:
        case, text = case.dictionary_encode(), text.dictionary_encode()
    told = reading()
    log = to_log(raw_of({"case_id": case, "case:kind": text, "case:weight": number}), COLUMNS, told)
    frame = pd.DataFrame(
        {"case_id": [r[0] for r in rows], "kind": [r[1] for r in rows], "weight": [r[2] for r in rows]}
    )
    frame = frame.astype({"kind": "object", "weight": "Int64"})
    grouped = frame.groupby("case_id", sort=False)
    cases = log.tables["cases"]
    assert cases["case_id"].tolist() == list(grouped.groups)
    for column in ("kind", "weight"):
        wanted = grouped[column].first()
        got = cases[column]
        assert got.isna().tolist() == wanted.isna().tolist()
        assert got.dropna().tolist() == wanted.dropna().tolist()
        varies = grouped[column].nunique()
        varies = varies[varies > 1]
        found = [p for p in told.problems if p.get("column") == column]
        assert [(p["rows"], p["examples"]) for p in found] == (
            [(len(varies), list(varies.index)[:5])] if len(varies) else []
        )


def test_a_bad_cell_of_a_case_is_told_with_the_row_it_stands_in():
    table = {"case_id": ["1", "1", "2"], "promised_days": [None, "soon", "5"]}
    with pytest.raises(InputError, match="line 2: 'xxxx'"):
        to_log(raw_of(table), {**COLUMNS, "promised_days": "promised_days"}, reading())


def test_words_become_numbers_units_and_truth_values_once():
    raw = Raw(
        pa.table({
            "case_id": ["1", "2", "3", "4"], "promised_days": ["２０个工作日", "5 天", None, "20个工作日"],
            "is_tolerant": ["是", "FALSE", "", "1"], "score": ["1", "2.5", None, "2"],
        }),
        "a", lambda rows: rows,
    )  # fmt: skip
    frame = side_table(raw, reading(), {"promised_days": "promised_days"})
    assert frame["promised_days"].tolist()[:2] == [20, 5]
    assert frame["promised_unit"].tolist()[:2] == ["工作日", "天"]
    assert frame["is_tolerant"].tolist() == [True, False, pd.NA, True]
    assert frame["score"].tolist()[:2] == [1.0, 2.5]


def test_departments_stages_and_levels_by_name():
    mapping = ColumnMapping(
        departments={"甲局": "甲", "EMPTY": ""}, applicant_departments=("企业",), stages={"b": "decide"}, levels={"b": 4},
        automatic_resources=("SYS",),
    )  # fmt: skip
    raw = raw_of({
        "case_id": ["1"] * 4, "activity": ["审核", "b", "审核", "?"], "department": [" 甲局", "EMPTY", "企业", "乙"],
        "resource": ["SYS", "u", "u", None],
    })  # fmt: skip
    told = reading(mapping)
    log = to_log(raw, {**COLUMNS, "department": "department", "resource": "resource"}, told)
    frame = log.to_pandas()
    assert frame["department"].astype(object).where(frame["department"].notna(), None).tolist() == [
        "甲",
        None,
        "申请人",
        "乙",
    ]
    assert frame["stage"].tolist()[:3] == ["check", "decide", "check"]
    assert frame["level"].tolist()[:2] == [2, 4]
    assert frame["level"].isna().tolist() == [False, False, True, True], "the applicant signs nothing off"
    assert frame["is_auto"].tolist() == [True, False, False, False]
    assert frame["resource"].tolist()[0] == "SYS"
    assert [p["rows"] for p in told.problems if p["check"] == "unknown_stages"] == [1]


def test_a_header_that_serves_twice_and_a_namesake():
    raw = raw_of({"case_id": ["1"], "who": ["局"], "stage": ["?"]})
    log = to_log(raw, {**COLUMNS, "activity": "who", "department": "who"}, reading())
    frame = log.to_pandas()
    assert (frame["activity"].tolist(), frame["department"].tolist(), frame["activity_raw"].tolist()) == (
        ["局"],
        ["局"],
        ["a"],
    )
