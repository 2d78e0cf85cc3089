"""Materials: the split, copies, what is deferred or conditional; against a slow reference, and by the guides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import from_frame
from flowaudit.metrics import SPLIT, NotRecorded, conditional_shares, guide_figures, materials

CASES = ("1", "2", "3")
SOURCES = ("applicant", "issuer", "elicence", "data", "commit", "reuse", "merged", "", "unheard of")
PLACE = dict(zip(SOURCES, (*SPLIT, "merged", "unknown", "unknown"), strict=True))


def log_with(table=None, cases=CASES, items=("A",)):
    rows = [(case, "受理", item) for case in cases for item in items]
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "item_code"])
    frame = frame.assign(end=pd.date_range("2024-01-02", periods=len(frame), freq="h"), stage="accept")
    return from_frame(frame, tables={} if table is None else {"material_instances": table}, unit="bundle")


ROW = st.tuples(
    st.sampled_from((*CASES, "elsewhere")), st.sampled_from("AB"), st.sampled_from(("营业执照", "身份证", "合同")),
    st.sampled_from(SOURCES), st.integers(1, 3), st.sampled_from(("纸质收取", "容缺后补", "附件上传")),
)  # fmt: skip
TABLES = st.lists(ROW, min_size=1, max_size=25).map(
    lambda rows: pd.DataFrame(
        rows, columns=["case_id", "item_code", "canonical_id", "source", "copies", "collect_mode"]
    ).astype({"source": "object"})
)


def slow(table, case):
    """The same by dictionaries: first what became of every (item, kind), then counting."""
    places, copies, late = {}, {}, set()
    for row in table[table["case_id"] == case].itertuples():
        key, place = (row.item_code, row.canonical_id), PLACE[row.source]
        order = (*SPLIT, "unknown")
        if key not in places or order.index(place) < order.index(places[key]):
            places[key] = place
        if place == "submit":
            copies.setdefault(key, row.copies)
            if row.collect_mode == "容缺后补":
                late.add(key)
    count = {place: sum(p == place for p in places.values()) for place in (*SPLIT, "unknown")}
    kinds = {key[1] for key, place in places.items() if place == "submit"}
    return count, sum(copies.values()), len(late), len(kinds)


@given(TABLES)
def test_the_split_is_what_a_slow_reference_counts(table):
    found = materials(log_with(table))
    for i, case in enumerate(CASES):
        count, copies, late, kinds = slow(table, case)
        assert {place: found.split[place][i] for place in SPLIT} == {place: count[place] for place in SPLIT}
        assert (found.copies[i], found.deferred[i], found.kinds[i]) == (copies, late, kinds)
        assert found.unknown[i] == count["unknown"]
    np.testing.assert_array_equal(found.required, np.sum([found.split[p] for p in SPLIT], axis=0))
    np.testing.assert_array_equal(found.submitted, found.split["submit"])


@given(TABLES)
def test_deferring_a_material_does_not_make_it_fewer(table):
    later = materials(log_with(table.assign(collect_mode="容缺后补")))
    now = materials(log_with(table.assign(collect_mode="纸质收取")))
    np.testing.assert_array_equal(later.submitted, now.submitted)
    np.testing.assert_array_equal(later.deferred, now.submitted)
    assert not now.deferred.any()


@given(TABLES)
def test_two_halves_of_a_log_add_up_to_the_whole(table):
    whole = materials(log_with(table))
    for name in SPLIT:
        halves = sum(materials(log_with(table, cases=part)).split[name].sum() for part in (CASES[:1], CASES[1:]))
        assert halves == whole.split[name].sum()


def test_a_material_that_came_both_ways_was_handed_in():
    table = pd.DataFrame({"case_id": "1", "canonical_id": "营业执照", "source": ["elicence", "applicant"]})
    found = materials(log_with(table))
    assert (found.split["submit"][0], found.split["exempt_elicence"][0]) == (1, 0)


def test_kinds_without_a_code_are_told_apart_by_their_name():
    table = pd.DataFrame({"case_id": "1", "material_name": ["营业执照", "合同", "合同"], "source": "applicant"})
    assert materials(log_with(table)).submitted.tolist() == [2, 0, 0]


@pytest.mark.parametrize("lacking", ["canonical_id", "source", "case_id"])
def test_what_the_log_does_not_say_is_not_zero(lacking):
    table = pd.DataFrame({"case_id": ["1"], "canonical_id": ["x"], "source": ["applicant"]}).drop(columns=lacking)
    found = materials(log_with(table))
    assert isinstance(found, NotRecorded)
    assert "canonical_id" in found.needs[0]


ITEMS = pd.DataFrame({"item_code": ["A", "B"], "name": ["甲", "乙"]})
PAPERS = pd.DataFrame(
    [
        ("A", "执照", "required", "applicant", 1, 2), ("A", "证明", "deferrable", "applicant", 1, 0),
        ("A", "图纸", "conditional", "applicant", 1, 0), ("A", "意见", "optional", "applicant", 1, 0),
        ("B", "执照", "required", "reuse", 0, 0), ("B", "合同", "required", "elicence", 0, 0),
        ("B", "公证", "required", "issuer", 1, 0), ("B", "社保", "required", "data", 0, 0),
        ("B", "声明", "required", "commit", 0, 0),
    ],
    columns=["item_code", "canonical_id", "necessity", "source", "originals", "copies"],
).assign(name=lambda t: t["canonical_id"])  # fmt: skip


def guide(papers=PAPERS, log=None):
    return guide_figures(Catalogue(items=ITEMS, item_materials=papers), log=log)["materials"]


def test_a_guide_on_paper():
    found = guide()
    # handed in: A's licence, A's deferrable certificate, and what an authority issues but nobody exempts
    assert found.value == 3
    assert found.extra["split"] == {
        "submit": 3, "exempt_issuer": 0, "exempt_elicence": 1, "data_check": 1, "commit": 1, "merged": 1,
    }  # fmt: skip
    assert (found.extra["required"], found.extra["deferrable"], found.extra["maximum"]) == (7, 1, 4)
    assert found.extra["copies"] == 1 + 2 + 1 + 1


def test_the_split_after_adds_up_to_the_count_before():
    before = PAPERS.assign(source="applicant")
    after = guide().extra["split"]
    assert sum(after.values()) == guide(before).value
    assert guide(before).value - after["merged"] == sum(n for place, n in after.items() if place != "merged")


def test_what_the_guide_marks_as_exempt_is_not_handed_in():
    told = PAPERS.assign(source_note=[None] * 6 + ["本市核发，免于提交"] + [None] * 2)
    assert guide(told).extra["split"]["exempt_issuer"] == 1
    assert guide(told).value == guide().value - 1


def test_a_conditional_material_counts_by_the_share_that_needed_it():
    table = pd.DataFrame({"case_id": ["1", "1", "2"], "item_code": "A", "canonical_id": ["图纸", "图纸", "执照"],
                          "source": "applicant"})  # fmt: skip
    log = log_with(table)
    shares = conditional_shares(log, Catalogue(items=ITEMS, item_materials=PAPERS))
    assert shares.values.tolist() == [["A", "图纸", 3, 1, 1 / 3]]
    assert guide(log=log).extra["expected"] == pytest.approx(3 + 1 / 3)
    assert guide(log=log_with()).extra["expected"] is None, "without materials in the log nobody knows"


@given(st.permutations(range(len(PAPERS))))
def test_the_order_of_a_guide_changes_nothing(order):
    assert guide(PAPERS.iloc[list(order)].reset_index(drop=True)).extra == guide().extra
