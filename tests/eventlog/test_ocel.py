"""Object-centric logs: three writings of one log, pm4py's reading of the same file, and flattening that multiplies nothing."""

import copy
import gzip
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from object_logs import ORDERS, START, Objects

from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog import ColumnMapping, check, flatten, from_frame, read_log, read_ocel, write_ocel
from flowaudit.flow import discover
from flowaudit.metrics import four_reductions
from flowaudit.worktime import load_calendar

ENDINGS = [".json", ".jsonocel", ".xmlocel", ".sqlite"]


def tables(log):
    """The parts of an object-centric log as sorted rows: no writing says in which order objects and relations stand."""
    found = {}
    for name in ("events", "objects", "relations", "object_relations", "changes"):
        table = getattr(log, name)
        order = sorted(table.column_names)
        rows = zip(*(table[c].to_pylist() for c in order), strict=True)
        found[name] = (order, sorted(rows, key=repr))
    return found


@pytest.fixture(scope="session")
def pm4py():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py
    return pm4py


def peer(pm4py, path):
    """Read a file with pm4py."""
    read = {".json": pm4py.read_ocel2_json, ".sqlite": pm4py.read_ocel2_sqlite, ".xmlocel": pm4py.read_ocel2_xml}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read[path.suffix](str(path))


def naive(stamps):
    return pd.to_datetime(stamps, utc=True).dt.tz_localize(None).astype("datetime64[us]")


def test_the_three_writings_are_one_log(tmp_path):
    logs = [read_ocel(ORDERS.write(tmp_path / f"a{ending}")) for ending in ENDINGS]
    for log in logs[1:]:
        assert tables(log) == tables(logs[0])
    plain = (tmp_path / "a.xmlocel").read_bytes()
    (tmp_path / "b.xmlocel.gz").write_bytes(gzip.compress(plain))
    assert tables(read_ocel(tmp_path / "b.xmlocel.gz")) == tables(logs[0])


@pytest.mark.parametrize("ending", ENDINGS)
def test_everything_is_kept_and_typed(tmp_path, ending):
    log = read_ocel(ORDERS.write(tmp_path / f"a{ending}"))
    assert (log.n_events, log.n_objects, log.object_types) == (5, 5, {"item": 3, "order": 2})
    events = {row["event_id"]: row for row in log.events.to_pylist()}
    assert events["e1"]["amount"] == 12.5
    assert events["e1"]["urgent"] is True
    assert [events[e]["pieces"] for e in ("e1", "e2", "e4")] == [3, None, 1]
    assert events["e3"]["note_x"] == 'a <b> & "c" 甲'
    assert events["e3"]["end"] == pd.Timestamp("2024-03-05 11:00:00.250")
    assert set(zip(*(log.relations[c].to_pylist() for c in log.relations.column_names), strict=True)) == set(
        ORDERS.relations
    )
    assert sorted(zip(*(log.object_relations[c].to_pylist() for c in log.object_relations.column_names), strict=True)) == sorted(ORDERS.links)  # fmt: skip
    objects = {row["object_id"]: row for row in log.objects.to_pylist()}
    assert (objects["o1"]["price"], objects["o2"]["state"], objects["i1"]["weight"]) == (10.5, "open", 5)
    assert [str(log.objects[c].type) for c in ("weight", "fragile", "price", "made")] == [
        "int64",
        "bool",
        "double",
        "timestamp[us]",
    ]
    assert (objects["i1"]["fragile"], objects["i3"]["made"]) == (False, pd.Timestamp("2024-01-02 03:04:05"))
    changes = log.changes.to_pandas().sort_values(["field", "object_id", "time"])
    assert changes.to_numpy().tolist() == [
        ["o1", "price", pd.Timestamp("1970-01-01"), "10.5"], ["o1", "price", pd.Timestamp("2024-03-05"), "12.0"],
        ["o2", "state", pd.Timestamp("1970-01-01"), "open"], ["o2", "state", pd.Timestamp("2024-03-06"), "closed"],
    ]  # fmt: skip


@pytest.mark.parametrize("ending", [".json", ".xmlocel", ".sqlite"])
def test_pm4py_reads_the_same(tmp_path, pm4py, ending):
    path = ORDERS.write(tmp_path / f"a{ending}")
    ours, theirs = read_ocel(path), peer(pm4py, path)
    events = theirs.events.assign(end=naive(theirs.events["ocel:timestamp"]))
    # pm4py's importer of databases leaves out events and objects without any relation.
    linked = set(ours.relations["event_id"].to_pylist())
    mine, events = ours.events.to_pandas(), events[events["ocel:eid"].isin(linked)]
    mine = mine[mine["event_id"].isin(linked)]
    columns = [("event_id", "ocel:eid"), ("activity", "ocel:activity"), ("end", "end"), ("amount", "amount")]
    one = mine[[a for a, _b in columns]].astype({"amount": float}).sort_values("event_id").to_numpy()
    other = events[[b for _a, b in columns]].astype({"amount": float}).sort_values("ocel:eid").to_numpy()
    same = (one == other) | (pd.isna(one) & pd.isna(other))
    assert same.all()
    relations = theirs.relations[["ocel:eid", "ocel:oid", "ocel:qualifier"]]
    expected = set(relations.fillna({"ocel:qualifier": ""}).itertuples(index=False, name=None))
    told = ours.relations.to_pandas()
    # pm4py's importers keep one relation between an event and an object, or all: never one that we do not have.
    assert expected <= set(told.itertuples(index=False, name=None))
    assert set(told[["event_id", "object_id"]].itertuples(index=False, name=None)) == {pair[:2] for pair in expected}
    links = theirs.o2o.fillna({"ocel:qualifier": ""})[["ocel:oid", "ocel:oid_2", "ocel:qualifier"]]
    assert set(links.itertuples(index=False, name=None)) == set(
        ours.object_relations.to_pandas().itertuples(index=False, name=None)
    )
    changed = theirs.object_changes
    later = ours.changes.to_pandas().query("time > '1970-01-01'")
    assert set(zip(changed["ocel:oid"], changed["ocel:field"], naive(changed["ocel:timestamp"]), strict=True)) == set(
        zip(later["object_id"], later["field"], later["time"], strict=True)
    )


WORDS = st.sampled_from(["受理", "审查", "踏勘", "决定"])


@st.composite
def object_logs(draw):
    """A log of few objects of three types and events that touch any of them, in several parts."""
    objects = [(f"{kind}{n}", kind, []) for kind in ("case", "permit", "site") for n in range(draw(st.integers(0, 4)))]
    n = draw(st.integers(1, 10))
    events, relations = [], []
    for number in range(n):
        stamp = pd.Timestamp("2024-03-04") + pd.Timedelta(minutes=draw(st.integers(0, 3)))
        events.append((f"e{number}", draw(WORDS), f"{stamp.isoformat()}Z", {}))
        if objects:
            for name, _kind, _held in draw(st.lists(st.sampled_from(objects), max_size=5)):
                relations.append((f"e{number}", name, draw(st.sampled_from(["", "main", "joint"]))))
    return Objects(
        events, objects, sorted(relations), [], {kind: {} for _i, kind, _w, _h in events},
        {kind: {} for _i, kind, _h in objects},
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=object_logs(), ending=st.sampled_from([".json", ".xmlocel", ".sqlite"]))
def test_flattening_multiplies_nothing(tmp_path, told, ending):
    """Law: rows are pairs of event and case; counts go by events; shared is exactly what stands on several rows."""
    log = read_ocel(told.write(tmp_path / f"a{ending}"))
    for kind in log.object_types:
        mine = {name for name, its, _h in told.objects if its == kind}
        pairs = {(e, o) for e, o, _q in told.relations if o in mine}
        if not pairs:
            continue
        flat = flatten(log, kind)
        frame = flat.to_pandas()
        assert set(zip(frame["event_id"], frame["case_id"], strict=True)) == pairs
        assert len(frame) == len(pairs)
        touched = {e for e, _o in pairs}
        assert flat.n_events == len(touched) == frame["event_id"].nunique()
        owners = frame.groupby("event_id")["case_id"].transform("nunique")
        assert (frame["shared"] == (owners > 1)).all()
        # Every event weighs one, whatever the number of cases that share it.
        assert (1 / owners).sum() == pytest.approx(len(touched))
        parts = {(e, o): {q for a, b, q in told.relations if (a, b) == (e, o) and q} for e, o in pairs}
        for event, case, part in zip(frame["event_id"], frame["case_id"], frame["qualifier"], strict=True):
            assert sorted([] if pd.isna(part) else part.split("|")) == sorted(parts[event, case])
        left_out = len(told.events) - len(touched)
        notes = " ".join(en for _zh, en in flat.provenance.notes)
        assert (f"{left_out} events that touch no object" in notes) == (left_out > 0)
        lonely = len(mine) - len({o for _e, o in pairs})
        assert sum(p["rows"] for p in flat.provenance.problems if p["check"] == "cases_without_events") == lonely


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=object_logs())
def test_pm4py_flattens_to_the_same_rows(tmp_path, pm4py, told):
    path = told.write(tmp_path / "a.json")
    log = read_ocel(path)
    if not told.relations:
        return
    theirs = peer(pm4py, path)
    for kind in log.object_types:
        if not any(o.startswith(kind) for _e, o, _q in told.relations):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flat = pm4py.ocel_flattening(theirs, kind)
        expected = sorted(set(zip(flat["case:concept:name"], flat["concept:name"], naive(flat["time:timestamp"]), flat["ocel:eid"], strict=True)))  # fmt: skip
        frame = flatten(log, kind).to_pandas()
        ours = sorted(zip(frame["case_id"], frame["activity"], frame["end"], frame["event_id"], strict=True))
        assert ours == expected


def test_a_shared_event_counts_once_in_every_measure(tmp_path):
    """One inspection for two cases: two cases of two steps, but three events done."""
    told = copy.deepcopy(ORDERS)
    told.events = [
        ("a", "受理", "2024-03-04T09:00:00+08:00", {}), ("b", "受理", "2024-03-04T10:00:00+08:00", {}),
        ("c", "踏勘", "2024-03-05T10:00:00+08:00", {}),
    ]  # fmt: skip
    told.relations = [("a", "o1", ""), ("b", "o2", ""), ("c", "o1", "main"), ("c", "o2", "joint")]
    told.event_types = {"受理": {}, "踏勘": {}}
    log = read_log(told.write(tmp_path / "a.json"), object_type="order")
    assert (log.n_cases, log.n_events, len(log.events)) == (2, 3, 4)
    assert any("1 events are shared by several cases and count once" in en for _zh, en in log.provenance.notes)
    picture = discover(log)
    nodes = picture.nodes.set_index("activity")
    assert nodes["events"].to_dict() == {"受理": 2, "踏勘": 1}
    assert nodes["cases"].to_dict() == {"受理": 2, "踏勘": 2}
    # Each case went from intake to inspection.
    assert picture.edges.query("source == '受理'")["frequency"].tolist() == [2]
    assert "duplicate_events" not in check(log)
    assert log.provenance.offsets == ("+08:00",)


@pytest.mark.parametrize("ending", ENDINGS)
def test_flattened_logs_go_through_every_measure(tmp_path, ending):
    log = read_log(ORDERS.write(tmp_path / f"a{ending}"), object_type="order")
    assert log.to_pandas()[["case_id", "activity", "qualifier", "shared"]].to_numpy().tolist() == [
        ["o1", "place", "order", False], ["o1", "pack", "of", False], ["o1", "inspect", "first", True],
        ["o2", "inspect", "second|again", True], ["o2", "ship", "order", False],
    ]  # fmt: skip
    cases = log.table("cases").set_index("case_id")
    assert (cases.loc["o1", "price"], cases.loc["o2", "state"]) == (10.5, "open")
    links = log.table("e2o")
    assert set(links["object_type"]) == {"order", "item"}
    assert set(links["event_id"]) == {"e1", "e2", "e3", "e4"}
    quality = check(log)
    assert not [p for p in quality.to_frame()["check"] if "duplicate" in p]
    picture = discover(log)
    assert picture.events == picture.nodes["events"].sum() == 4
    assert picture.cases == 2
    # Three steps of one case and two of the other.
    assert four_reductions(log, calendar=load_calendar("weekdays")).steps.value == 2.5


def test_people_are_replaced_in_every_table(tmp_path):
    told = copy.deepcopy(ORDERS)
    told.objects += [("张三", "customer", [("mail", START, "zs@x.cn"), ("rank", START, 1)]), ("李四", "employees", [])]
    told.objects += [("王五", "申请人", [("name", START, "王五"), ("name", "2024-03-05T00:00:00Z", "王六")])]
    told.relations += [("e1", "张三", "by"), ("e2", "李四", "done by")]
    told.links += [("o1", "张三", "of"), ("王五", "o1", "wants")]
    told.object_types |= {
        "customer": {"mail": "string", "rank": "integer"},
        "employees": {},
        "申请人": {"name": "string"},
    }
    for ending in ENDINGS:
        path = told.write(tmp_path / f"a{ending}")
        log = read_ocel(path, salt=b"0" * 32)
        said = str(tables(log)) + repr(log.provenance)
        assert not [n for n in ("张三", "李四", "王五", "王六", "zs@") if n in said]
        kinds = dict(zip(log.objects["object_id"].to_pylist(), log.objects["object_type"].to_pylist(), strict=True))
        linked = {kinds[o] for o in log.relations["object_id"].to_pylist()}
        assert {"customer", "employees"} <= linked
        assert {kinds[t] for t in log.object_relations["target_id"].to_pylist()} == {"item", "customer", "order"}
        flat = flatten(log, "customer")
        assert "张三" not in str(flat.to_pandas().to_dict()) + str(flat.tables)


@pytest.mark.parametrize("name", ["a.json", "a.jsonocel", "a.sqlite"])
def test_written_again_it_is_the_same_log(tmp_path, pm4py, name):
    told = copy.deepcopy(ORDERS)
    told.objects += [("张三", "customer", [("rank", START, 1)])]
    told.object_types |= {"customer": {"rank": "integer"}}
    told.relations += [("e1", "张三", "by")]
    log = read_ocel(told.write(tmp_path / "in.xmlocel"), salt=b"0" * 32)
    assert write_ocel(log, tmp_path / name) == ()
    # Another salt: pseudonyms are not made twice.
    assert tables(read_ocel(tmp_path / name, salt=b"1" * 32)) == tables(log)
    if name != "a.jsonocel":
        theirs = peer(pm4py, tmp_path / name)
        linked = [set(log.relations[c].to_pylist()) for c in ("event_id", "object_id")]
        assert linked[0] <= set(theirs.events["ocel:eid"]) <= set(log.events["event_id"].to_pylist())
        assert linked[1] <= set(theirs.objects["ocel:oid"]) <= set(log.objects["object_id"].to_pylist())
        assert set(theirs.object_changes["ocel:field"].dropna()) == {"price", "state"}


def test_attributes_go_by_their_canonical_names(tmp_path):
    told = copy.deepcopy(ORDERS)
    for event in told.events:
        event[3]["办理人"] = "张三"
    for held in told.event_types.values():
        held["办理人"] = "string"
    log = read_log(told.write(tmp_path / "a.json"), object_type="order")
    assert log.to_pandas()["resource"].nunique() == 1
    assert "张三" not in str(log.to_pandas().to_dict())
    mapped = read_ocel(tmp_path / "a.json", mapping=ColumnMapping(columns={"department": "办理人"}))
    assert "department" in mapped.events.column_names


def test_the_type_of_the_cases_is_asked(tmp_path):
    path = ORDERS.write(tmp_path / "a.json")
    with pytest.raises(UsageError, match=r"say which objects are the cases: 'item' \(3\), 'order' \(2\)") as told:
        read_log(path)
    assert "object_type='item'" in told.value.hint
    with pytest.raises(UsageError, match="no objects of type 'orders'") as told:
        read_log(path, object_type="orders")
    assert told.value.hint == "did you mean 'order'?"
    assert read_log(path, ColumnMapping(file={"object_type": "order"})).n_cases == 2
    (tmp_path / "b.csv").write_text("case,activity,end\n1,a,2024-01-05\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not object-centric"):
        read_log(tmp_path / "b.csv", object_type="order")


def damaged(change):
    told = copy.deepcopy(ORDERS)
    change(told)
    return told


def without_type(told):
    told.events[2] = (told.events[2][0], "", *told.events[2][2:])


def without_time(told):
    told.events[2] = (*told.events[2][:2], "", told.events[2][3])


def bad_time(told):
    told.events[2] = (*told.events[2][:2], "yesterday", told.events[2][3])


def no_object_type(told):
    told.objects[2] = ("i1", "", told.objects[2][2])


def dangling(told):
    told.relations.append(("e4", "nowhere", "x"))


def dangling_link(told):
    told.links.append(("i2", "nowhere", "x"))


def same_event(told):
    told.events.append(told.events[1])


def same_object(told):
    told.objects.append(("o1", "item", []))


def same_person(told):
    told.objects += [("张三", "customer", [])] * 2
    told.object_types["customer"] = {}


def bad_value(told):
    told.events[0][3]["pieces"] = "three"


def bad_change(told):
    told.objects[0][2][1] = ("price", "soon", 12.0)


def no_events(told):
    told.events.clear()
    told.relations.clear()


@pytest.mark.parametrize(
    ("change", "words", "lines"),
    [
        (without_type, "the event '.*' has no type", {".json": "line 3", ".xmlocel": "line 24", ".sqlite": "type"}),
        (without_time, "the event '.*' has no time", {".json": "line 3", ".xmlocel": "line 24", ".sqlite": "line 3"}),
        (bad_time, "1 cells are not times", {".json": "line 3", ".xmlocel": "line 24", ".sqlite": "line 3"}),
        (no_object_type, "the object '.*' has no type", {".json": "line 3", ".xmlocel": "line 17", ".sqlite": "type"}),
        (dangling, r"refers to the object '.*', which is not there \(1 such", {".json": "line 4", ".xmlocel": "line 25", ".sqlite": "line 4"}),
        (dangling_link, r"refers to the object '.*', which is not there", {".json": "line 4", ".xmlocel": "line 18", ".sqlite": "line 4"}),
        (same_event, "the id 'e2' is used by two of kind event", {".json": "line 6", ".xmlocel": "line 27", ".sqlite": "line 6"}),
        (same_object, "the id 'o1' is used by two of kind object", {".json": "line 6", ".xmlocel": "line 20", ".sqlite": "line 6"}),
        (same_person, "the id '某某' is used by two", {".json": "line 7", ".xmlocel": "line 22", ".sqlite": "line 7"}),
        (bad_value, "attribute 'pieces': '.*' is not of its declared type, integer", {".json": "line 1", ".xmlocel": "line 22", ".sqlite": "line 1"}),
        (bad_change, "1 cells are not times", {".json": "line 1", ".xmlocel": "line 15", ".sqlite": "line 1"}),
        (no_events, "holds no event", {}),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)  # fmt: skip
@pytest.mark.parametrize("ending", [".json", ".xmlocel", ".sqlite"])
def test_a_bad_log_is_one_clear_error(tmp_path, change, words, lines, ending):
    path = damaged(change).write(tmp_path / f"a{ending}")
    with pytest.raises(InputError, match=words if (change, ending) not in SQLITE else None) as told:
        read_ocel(path)
    assert f"a{ending}" in told.value.message
    assert lines.get(ending, "") in told.value.message
    assert told.value.hint
    assert "张三" not in str(told.value)


# A SQLite log has a table for every type: what has no type is in none of them.
SQLITE = {(without_type, ".sqlite"), (no_object_type, ".sqlite")}


def test_what_is_no_ocel(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&b;">]>'
    whole = json.dumps(ORDERS.document())
    for name, content, words in (
        ("a.json", '{"ocel:events": {}, "ocel:objects": {}}', "OCEL 1.0"),
        ("a.json", "[1, 2]", "no 'events' and 'objects'"),
        ("a.json", whole[: len(whole) // 2], r"line 1: not JSON"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", whole.replace("12.5", "NaN"), "NaN is not a JSON value"),
        ("a.json", whole.replace("12.5", "[1]"), "the value of 'amount' is not a single one"),
        ("a.json", whole.replace('"o1"', "null", 1), "'id' is missing or no text"),
        ("a.json", whole.replace('"relationships": [{', '"relationships": [1, {', 1), "'relationships' is not a list"),
        ("a.xmlocel", f"<?xml version='1.0'?>{bomb}<log>&b;</log>", "declares a document type"),
        ("a.xmlocel", "<html><body/></html>", "begins with <html>"),
        ("a.xmlocel", "<log><events>", r"line 1: not XML"),
        ("a.xmlocel", "<log>" + "<a>" * 1000, "nested too deeply"),
        ("a.xmlocel", "", "is empty"),
        ("a.sqlite", "", "not a SQLite database"),
        ("a.sqlite", "SQLite format 3\0" + "x" * 200, "is cut off"),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=words) as told:
            read_ocel(tmp_path / name)
        assert name in told.value.message
        assert told.value.hint
    (tmp_path / "a.json").write_bytes('{"x": "订单"}'.encode("gb18030"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_ocel(tmp_path / "a.json")


def test_a_database_that_is_cut_off_or_damaged(tmp_path):
    """SQLite itself takes a missing end for zeros, and reads on."""
    path = ORDERS.write(tmp_path / "a.sqlite")
    whole = path.read_bytes()
    for cut in (1, 100, 4096, len(whole) // 2):
        path.write_bytes(whole[:-cut])
        with pytest.raises(InputError, match="is cut off"):
            read_ocel(path)
    path.write_bytes(whole[:4096] + bytes(4096) + whole[8192:])
    with pytest.raises(InputError, match=r"cannot be read as OCEL 2\.0"):
        read_ocel(path)
    path.write_bytes(whole.replace("甲".encode(), b"\xff\xfe\xff"))
    with pytest.raises(InputError, match=r"UTF-8|cannot be read"):
        read_ocel(path)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=object_logs(), name=st.sampled_from(["b.json", "b.sqlite"]))
def test_a_flattened_log_is_written_and_flattened_again(tmp_path, told, name):
    """Law: its cases keep their type, shared events are one event again, ties keep their order."""
    log = read_ocel(told.write(tmp_path / "a.json"))
    for kind in log.object_types:
        if not {o for _e, o, _q in told.relations} & {o for o, its, _h in told.objects if its == kind}:
            continue
        flat = flatten(log, kind)
        lost = write_ocel(flat, tmp_path / name)
        back = read_ocel(tmp_path / name)
        own = kind if "e2o" in flat.tables else "case"
        assert back.n_events == flat.n_events
        assert back.object_types[own] >= flat.n_cases
        again = flatten(back, own)
        columns = ["case_id", "event_id", "activity", "end", "qualifier", "shared"]
        one, other = (f.to_pandas(columns).astype("object").fillna("") for f in (flat, again))
        assert one.to_numpy().tolist() == other.to_numpy().tolist()
        assert lost == ()
        links = [set() if "e2o" not in f.tables else set(f.tables["e2o"].fillna("").itertuples(index=False, name=None)) for f in (flat, again)]  # fmt: skip
        assert links[0] == links[1]


def test_what_cases_that_share_an_event_say_differently_is_told(tmp_path):
    frame = pd.DataFrame({
        "case_id": ["1", "1", "2", "2", "2"], "event_id": ["x", "y", "y", "x", "x"], "activity": ["a", "b", "c", "a", "a"],
        "end": pd.to_datetime(["2024-03-04", "2024-03-04", "2024-03-04", "2024-03-04", "2024-03-05"]),
    })  # fmt: skip
    lost = write_ocel(from_frame(frame), tmp_path / "a.json")
    assert lost == (
        "what differs between cases that share an event: activity, end",
        "the order of events at the same time, which differs between cases that share them",
        "1 rows that repeat an event of their case",
    )


def test_a_database_without_its_tables(tmp_path):
    import sqlite3
    from contextlib import closing

    path = ORDERS.write(tmp_path / "a.sqlite")
    for statement, words in (
        ("ALTER TABLE event_object RENAME COLUMN ocel_qualifier TO q", "'event_object' has no column 'ocel_qualifier'"),
        ("DROP TABLE object_T0", "the table of the type 'order' is missing"),
        ("DROP TABLE object_object", "the table 'object_object' is missing"),
    ):
        with closing(sqlite3.connect(path)) as out, out:
            out.execute(statement)
        with pytest.raises(InputError, match=words):
            read_ocel(path)


@pytest.mark.real_logs
def test_a_real_object_log(real_log, tmp_path, pm4py):
    """Order handling (Zenodo 8428112): as pm4py reads it, by every type, and again after writing."""
    path = real_log("order-management.json.gz")
    log = read_ocel(path)
    assert (log.n_events, log.n_objects) == (21_008, 10_840)
    plain = tmp_path / "a.json"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    theirs = peer(pm4py, plain)
    assert len(theirs.relations.drop_duplicates(["ocel:eid", "ocel:oid"])) == len(
        log.relations.to_pandas().drop_duplicates(["event_id", "object_id"])
    )
    for kind in ("orders", "items", "packages", "products"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flat = pm4py.ocel_flattening(theirs, kind)
        ours = flatten(log, kind)
        expected = flat.drop_duplicates(["case:concept:name", "ocel:eid"])
        frame = ours.to_pandas()
        assert len(frame) == len(expected)
        assert ours.n_events == expected["ocel:eid"].nunique()
        assert np.array_equal(
            np.sort((frame["case_id"].astype("str") + frame["event_id"]).to_numpy(str)),
            np.sort((expected["case:concept:name"] + expected["ocel:eid"]).to_numpy(str)),
        )
    for name in ("b.json", "b.sqlite"):
        assert write_ocel(log, tmp_path / name) == ()
        assert tables(read_ocel(tmp_path / name)) == tables(log)
