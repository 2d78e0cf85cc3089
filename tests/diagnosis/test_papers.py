"""Materials of the cases as arrays."""

import numpy as np
import pandas as pd
import pytest
from approvals import log_of, step

from flowaudit.catalogue import Catalogue
from flowaudit.diagnosis.context import Context
from flowaudit.diagnosis.papers import act_rows, pair_keys, papers_of
from flowaudit.eventlog import APPLICANT
from flowaudit.worktime import Calendar

WEEKDAYS = Calendar.weekdays()
CASE = [
    step("申请", APPLICANT, "apply", 0, item_code="X", event_id="a"),
    step("补正", APPLICANT, "correction", 2, item_code="X", event_id="b"),
]


def context_of(table, catalogue=None, *, n=2, bundles=False):
    log = log_of([CASE] * n, bundles=bundles).with_tables(material_instances=pd.DataFrame(table))
    return Context(log, catalogue, WEEKDAYS, 1)


def test_nothing_recorded():
    assert papers_of(Context(log_of([CASE]), None, WEEKDAYS, 1)) is None
    assert papers_of(context_of({"case_id": ["another log's"], "canonical_id": ["ID"]})) is None


def test_the_item_is_that_of_the_case_where_the_table_has_none():
    papers = papers_of(
        context_of({"case_id": ["c000", "c001", "c001"], "canonical_id": "ID", "item_code": [None, "Y", " "]})
    )
    assert [papers.items[i] for i in papers.item] == ["X", "Y", "X"]


def test_a_case_of_two_items_does_not_say_which():
    log = log_of([[*CASE, step("申请", APPLICANT, "apply", 3, item_code="Y", event_id="c")]])
    log = log.with_tables(material_instances=pd.DataFrame({"case_id": ["c000"], "canonical_id": ["ID"]}))
    assert papers_of(Context(log, None, WEEKDAYS, 1)).item.tolist() == [-1]


def test_what_is_not_recorded_is_neither_yes_nor_no():
    papers = papers_of(context_of({"case_id": ["c000", "c001"], "canonical_id": ["ID", " "]}))
    assert papers.kind.tolist() == [0, -1]
    for column in (papers.handed, papers.sourced, papers.judged, papers.rejected, papers.paper, papers.electronic):
        assert not column.any()
    assert np.isnat(papers.submitted).all()


def test_words_for_yes_and_no():
    table = {"case_id": ["c000"] * 6, "canonical_id": "ID", "accepted": ["true", "是", "false", "否", "?", None]}
    papers = papers_of(context_of(table))
    assert papers.judged.tolist() == [True, True, True, True, False, False]
    assert papers.rejected.tolist() == [False, False, True, True, False, False]


@pytest.mark.parametrize(
    ("form", "mode", "paper", "electronic"),
    [("paper", None, 1, 0), ("电子", "附件上传", 0, 1), ("纸质/电子化", None, 0, 0), ("纸质/电子化", "纸质收取", 1, 0), (None, "窗口收取", 1, 0),
     (None, "窗口扫描上传", 0, 0), ("paper", "附件上传", 0, 0)],
)  # fmt: skip
def test_paper_or_electronic(form, mode, paper, electronic):
    table = {"case_id": ["c000"], "canonical_id": ["ID"], "form": [form], "collect_mode": [mode]}
    papers = papers_of(context_of(table))
    assert (papers.paper.tolist(), papers.electronic.tolist()) == ([bool(paper)], [bool(electronic)])


def guide():
    asked = pd.DataFrame(
        {
            "item_code": ["X", "Y", "Y"], "material_code": ["01", "01", "02"], "canonical_id": ["ID", "PLAN", "ID"],
            "name": ["身份证", "平面图", "身份证"],
        }
    )  # fmt: skip
    return Catalogue(item_materials=asked)


def test_a_code_means_what_its_item_calls_by_it():
    table = {"case_id": "c000", "item_code": ["X", "Y", "Y", "Z", "Z"], "material_code": ["01", "01", "02", "02", "01"]}
    papers = papers_of(context_of(table, guide()))
    # Z says nothing of its codes: 02 is the same everywhere, 01 is not.
    assert [papers.kinds[k] for k in papers.kind] == ["ID", "PLAN", "ID", "ID", "01"]
    assert [papers.names[k] for k in papers.kind] == ["身份证", "平面图", "身份证", "身份证", "01"]


def test_a_name_finds_its_material_and_a_recorded_id_goes_first():
    table = {"case_id": "c000", "canonical_id": [None, "PLAN"], "material_name": ["身份证（复印件）", "身份证"]}
    papers = papers_of(context_of(table, guide()))
    assert [papers.kinds[k] for k in papers.kind] == ["ID", "PLAN"]


def test_events_are_found_in_their_own_case():
    context = context_of({"case_id": ["c000"], "canonical_id": ["ID"]})
    rows = act_rows(context, np.array([1, 0, 0, 1]), pd.Series(["a", "b", "elsewhere", None]))
    assert rows.tolist() == [2, 1, -1, -1]
    assert act_rows(context, np.zeros(0, np.int64), pd.Series(dtype="object")).tolist() == []


def test_pairs_are_told_apart_with_unknown_ones():
    one, other = np.array([-1, -1, 0, 0, 1]), np.array([-1, 2, -1, 2, -1])
    assert len(set(pair_keys(one, other).tolist())) == 5
