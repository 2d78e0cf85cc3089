"""One table of what contradicts itself: where it stands, and which figures are withheld for it."""

from __future__ import annotations

import pandas as pd
import pytest

from flowaudit.catalogue import Catalogue, read_catalogue
from flowaudit.eventlog import from_frame, load_sample, read_log, source_rows
from flowaudit.metrics import clocks, four_reductions, guide_figures, measure_problems

EVENTS = """event_id,case_id,activity,stage,item_code,end
1,a,受理,accept,A,2024-09-30 10:00
2,a,决定,decide,A,2024-09-27 10:00
3,b,受理,accept,A,2024-03-04 10:00
4,b,决定,decide,A,2024-03-11 10:00
5,c,受理,accept,Z,2024-03-04 10:00
6,c,决定,decide,Z,2024-03-08 10:00
7,d,受理,accept,A,2031-03-04 10:00
8,d,决定,decide,A,2031-03-08 10:00
9,e,受理,accept,A,2024-03-04 10:00
10,e,决定,decide,A,2024-03-06 10:00
"""
CASES = """case_id,item_code,promised_days,promised_unit
e,A,5,工作日
d,A,5,工作日
c,Z,5,
b,A,5,工作日
a,A,5,工作日
"""
EPISODES = """case_id,type,start,end
b,听证,2024-03-05 10:00,
"""
CATALOGUE = {
    "items.csv": "item_code,name,visits_min,visit_reason,statutory_days,statutory_unit,promised_days,promised_unit\n"
    "A,甲,0,递交材料,5,工作日,10,工作日\n"
    "B,乙,1,领证,20,工作日,10,工作日\n",
    "item_relations.csv": "src_item,dst_item,relation,basis\nA,B,precedes,catalogue\nB,A,precedes,catalogue\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in {"events.csv": EVENTS, "cases.csv": CASES, "special_episodes.csv": EPISODES}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "catalogue").mkdir()
    for name, text in CATALOGUE.items():
        (tmp_path / "catalogue" / name).write_text(text, encoding="utf-8")
    return tmp_path


def found_in(folder):
    with source_rows() as rows:
        log = read_log(folder)
    catalogue = read_catalogue(folder / "catalogue")
    return log, catalogue, measure_problems(log, catalogue, rows=rows, lang="en")


def test_everything_is_named_with_file_and_row_in_one_table(folder):
    _log, _catalogue, found = found_in(folder)
    where = {(p["check"], p["file"], p["row"]) for p in found.to_dict("records")}
    assert {
        ("decided_before_accepted", "cases.csv", 6),
        ("suspension_without_end", "special_episodes.csv", 2),
        ("item_not_in_catalogue", "cases.csv", 4),
        ("promised_limit_without_unit", "cases.csv", 4),
        ("calendar_year_unknown", "cases.csv", 3),
        ("G20", "items.csv", 2),
        ("G11", "items.csv", 2),
    } <= where
    cycle = found[found["check"] == "G70"]
    assert cycle["file"].tolist() == ["item_relations.csv"]
    assert "promised time of the guides" in cycle["withheld"].iloc[0]
    assert not found["case_id"].eq("e").any(), "nothing is wrong with e"


def test_what_depends_on_it_is_withheld_not_guessed(folder):
    log, catalogue, found = found_in(folder)
    clock = clocks(log, catalogue).set_index("case_id")
    assert clock.loc[["a", "b", "d"], "clock_days"].isna().all()
    assert clock.loc[["c"], "promised_on_time"].isna().all()
    assert clock.loc["e", "clock_days"] == 2
    assert {"official clock; on time or late", "on time or late"} <= set(found["withheld"])
    guide = guide_figures(catalogue)
    assert not guide["trips"].recorded
    assert not guide["time"].recorded
    assert "A" in guide["trips"].reason("en")
    assert "contradict" in guide["trips"].reason("en")


def test_the_headline_figures_leave_the_same_cases_out(folder):
    log = read_log(folder)
    four = four_reductions(log, complete_only=False)
    per_case = four.per_case.set_index("case_id")["clock_days"]
    assert per_case[["a", "b", "d"]].isna().all()
    assert four.clock.n == 2


def test_a_cycle_alone_withholds_the_longest_path():
    items = pd.DataFrame(
        {"item_code": ["A", "B"], "name": ["甲", "乙"], "promised_days": [5, 5], "promised_unit": "工作日"}
    )
    relations = pd.DataFrame(
        {"src_item": ["A", "B"], "dst_item": ["B", "A"], "relation": "precedes", "basis": "catalogue"}
    )
    figures = guide_figures(Catalogue(items=items, item_relations=relations))
    assert not figures["time"].recorded
    assert "A → B" in figures["time"].reason("en")


def test_a_flat_export_has_rows_too(tmp_path):
    path = tmp_path / "办件.csv"
    path.write_text(
        "办件编号,环节名称,标准环节,完成时间\n1,受理,accept,2024-01-03\n2,受理,accept,2024-01-05\n2,决定,decide,2024-01-04\n",
        encoding="gb18030",
    )
    with source_rows() as rows:
        log = read_log(path, stage="标准环节")
    found = measure_problems(log, rows=rows, lang="zh")
    assert found[["file", "row", "case_id", "withheld"]].values.tolist() == [
        ["办件.csv", 3, "2", "计时办理时间、是否按时"]
    ]


def test_without_rows_the_problem_is_named_all_the_same(folder):
    found = measure_problems(read_log(folder), lang="en")
    assert {"a", "b", "d", "c"} == set(found["case_id"])
    assert found["row"].isna().all()


def test_guides_that_state_no_trip_though_people_came():
    visit = pd.DataFrame(
        {"visit_id": ["V1"], "case_id": "1", "site": "区中心", "date": "2024-01-02", "purpose": "submit"}
    )
    events = pd.DataFrame({"case_id": "1", "activity": ["申请", "决定"], "stage": ["apply", "decide"], "item_code": "A",
                           "visit_id": ["V1", None], "end": pd.date_range("2024-01-02", periods=2)})  # fmt: skip
    catalogue = Catalogue(items=pd.DataFrame({"item_code": ["A"], "name": ["甲"], "visits_min": [0]}))
    found = measure_problems(from_frame(events, tables={"visits": visit}), catalogue, lang="en")
    assert found["check"].tolist() == ["came_though_0_trips"]
    later = from_frame(events, tables={"visits": visit.assign(purpose="correct")})
    assert measure_problems(later, catalogue).empty, "corrections are in no guide"


def test_the_sample_has_nothing_of_the_kind():
    assert measure_problems(load_sample("restaurant")).empty
