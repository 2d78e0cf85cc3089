"""A folder of tables: events related to cases, every reference checked."""

import pandas as pd
import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import as_unit, load_sample, natural_unit, read_folder, read_log, write_ocel

TABLES = {
    "events": "event_id,activity,stage,department,level,start,end,is_auto,opinion,visit_id\n"
    "e1,窗口收件,apply,窗口,,2024-01-02 09:00:00,2024-01-02 09:10:00,false,好,v1\n"
    "e2,食品审批,decide,市监局,3,2024-01-03 09:00:00,2024-01-03 09:10:00,true,,\n"
    "e3,消防审批,decide,消防,3,2024-01-04 09:00:00,2024-01-04 09:10:00,false,,\n",
    "cases": "case_id,bundle_id,item_code,applicant_id,accept_time,promised_days\nc1,b1,F,张三,2024-01-02 10:00:00,20\nc2,b1,X,张三,,\n",
    "bundles": "bundle_id,applicant_id\nb1,张三\n",
    "e2o": "event_id,object_type,object_id,qualifier\ne1,case,c1,main\ne1,case,c2,joint\ne2,case,c1,main\ne3,case,c2,main\ne3,site,s9,at\n",
    "visits": "visit_id,applicant_id,bundle_id,site,date\nv1,张三,b1,大厅,2024-01-02\n",
    "material_instances": "inst_id,case_id,event_id,copies,accepted,submit_time\nm1,c1,e1,2,true,2024-01-02 09:00:00\n",
}


@pytest.fixture
def folder(tmp_path):
    def make(**changed):
        for name, text in {**TABLES, **changed}.items():
            if text is not None:
                (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return make


def test_people_related_to_events_are_replaced(tmp_path):
    """Objects of a table e2o may be people, and their ids names."""
    (tmp_path / "events.csv").write_text("event_id,case_id,activity,end\ne1,1,a,2024-01-05\n", encoding="utf-8")
    (tmp_path / "e2o.csv").write_text(
        "event_id,object_type,object_id,qualifier\ne1,case,1,main\ne1,employee,张三,by\ne1,申请人,李四,by\ne1,site,东门,at\n",
        encoding="utf-8",
    )
    log = read_log(tmp_path)
    ids = log.tables["e2o"]["object_id"].tolist()
    assert (ids[0], ids[3]) == ("1", "东门")
    assert ids[1].startswith("R")
    assert not {"张三", "李四"} & set(ids)
    assert "object_id" in log.provenance.pseudonymised
    write_ocel(log, tmp_path / "a.json")
    assert "张三" not in (tmp_path / "a.json").read_text(encoding="utf-8")
    back = read_log(tmp_path / "a.json", object_type="case", salt=b"1" * 32)
    assert sorted(back.tables["e2o"]["object_id"]) == sorted(ids)


def test_a_shared_event_is_one_row_per_case(folder):
    log = read_folder(folder())
    assert log.to_pandas()[["case_id", "event_id"]].astype(str).values.tolist() == [
        ["c1", "e1"],
        ["c1", "e2"],
        ["c2", "e1"],
        ["c2", "e3"],
    ]
    assert log.n_events == 3
    assert natural_unit(log) == "bundle"
    assert len(as_unit(log, "bundle").events) == 3
    assert log.tables["cases"]["promised_days"].tolist()[0] == 20
    assert log.tables["cases"]["accept_time"].dtype == "datetime64[us]"
    assert log.tables["material_instances"]["accepted"].tolist() == [True]
    assert set(log.provenance.sha256) == {f"{n}.csv" for n in TABLES}


def test_one_applicant_has_one_pseudonym_in_all_tables(folder):
    log = read_folder(folder())
    told = pd.concat([log.tables[n]["applicant_id"] for n in ("cases", "bundles", "visits")])
    assert told.nunique() == 1
    assert "张三" not in set(told)


def test_events_with_a_case_of_their_own_need_no_link(folder):
    events = "event_id,case_id,activity,end\ne1,,收件,2024-01-02\ne2,c1,审批,2024-01-03\ne3,c2,审批,2024-01-03\n"
    log = read_folder(folder(events=events, e2o="event_id,object_id\ne1,c1\n", visits=None))
    assert log.to_pandas()["case_id"].astype(str).tolist() == ["c1", "c1", "c2"]


def test_events_alone_are_a_log(tmp_path):
    (tmp_path / "events.csv").write_text("case_id,activity,end\n1,a,2024-01-02\n", encoding="utf-8")
    log = read_log(tmp_path)
    assert log.n_cases == 1
    assert log.tables == {}


def test_other_files_and_empty_tables_are_noted(folder):
    log = read_folder(folder(ratings="case_id,score\n", other="a,b\n1,2\n"))
    assert any("other.csv" in en for _zh, en in log.provenance.notes)
    assert any("ratings.csv" in en for _zh, en in log.provenance.notes)
    assert log.table("ratings") is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"e2o": TABLES["e2o"].replace("e2,case,c1", "e2,case,c9")},
            r"'e2o.csv', line 4: object_id 'c9' is not in 'cases.csv'",
        ),
        ({"e2o": TABLES["e2o"].replace("e2,case", "e9,case")}, r"'e2o.csv', line 4: event_id 'e9'"),
        (
            {"e2o": TABLES["e2o"].replace("e2,case,c1,main\n", "")},
            r"'events.csv', line 3: event 'e2' belongs to no case",
        ),
        ({"cases": TABLES["cases"].replace("c2,b1", "c2,b7")}, r"'cases.csv', line 3: bundle_id 'b7'"),
        ({"cases": TABLES["cases"].replace("c2,b1", "c1,b1")}, r"'(cases|e2o).csv'"),
        (
            {"material_instances": TABLES["material_instances"].replace("c1,e1", "c8,e1")},
            r"'material_instances.csv', line 2: case_id 'c8'",
        ),
        ({"events": TABLES["events"].replace("v1", "v5")}, r"'events.csv', line 2: visit_id 'v5'"),
        (
            {"events": TABLES["events"].replace("2024-01-03 09:10:00", "soon")},
            r"'events.csv', column 'end'.*line 3: 'xxxx'",
        ),
        ({"events": TABLES["events"].replace(",3,2024-01-03", ",高,2024-01-03")}, r"column 'level'.*line 3: '某'"),
        ({"cases": TABLES["cases"].replace("case_id", "case_nr_")}, r"'cases.csv' has no column 'case_id'"),
        ({"visits": TABLES["visits"].replace("2024-01-02", "yesterday")}, r"'visits.csv', column 'date'"),
    ],
)
def test_bad_tables_are_told_with_file_and_line(folder, changed, message):
    with pytest.raises(InputError, match=message):
        read_folder(folder(**changed))


def test_folder_without_events(tmp_path):
    (tmp_path / "event.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no events.csv(.|\n)*did you mean 'event.csv'"):
        read_folder(tmp_path)


def test_sample():
    log = load_sample("restaurant")
    assert natural_unit(log) == "bundle"
    assert len(log.departments) >= 5
    assert log.has("start", "end", "stage", "department", "resource")
    assert 1000 <= as_unit(log).n_cases <= 2000
    assert not log.provenance.problems
