"""XES: real logs, lifecycles, and documents that must not be trusted."""

import gzip

import numpy as np
import pytest

from flowaudit.errors import InputError
from flowaudit.eventlog import ColumnMapping, read_xes


def event(name, when, **more):
    kinds = {int: "int", float: "float", bool: "boolean", str: "string"}
    attributes = "".join(
        f'<{kinds[type(v)]} key="{k.replace("__", ":")}" value="{str(v).lower() if isinstance(v, bool) else v}"/>\n'
        for k, v in more.items()
    )
    return f'<event>\n<string key="concept:name" value="{name}"/>\n<date key="time:timestamp" value="{when}"/>\n{attributes}</event>\n'


def trace(name, *events, attributes=""):
    return f'<trace>\n<string key="concept:name" value="{name}"/>\n{attributes}{"".join(events)}</trace>\n'


@pytest.fixture
def write(tmp_path):
    def to(
        body,
        name="a.xes",
        head='<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n',
    ):
        path = tmp_path / name
        text = f"{head}{body}</log>".encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    return to


@pytest.mark.parametrize(
    ("file", "cases", "events", "activities"),
    [("receipt", 1434, 8577, 27), ("DomesticDeclarations", 10500, 56437, 17), ("BPIC15_1", 1199, 52217, 398)],
)
def test_real_logs(real_log, file, cases, events, activities):
    log = read_xes(real_log(f"{file}.xes.gz"))
    assert (log.n_cases, log.n_events, len(log.activities)) == (cases, events, activities)
    assert log.provenance.offsets == ("+01:00", "+02:00")
    assert not log.has("start")
    assert (np.diff(log.stamps("end").astype("int64"))[log.case_index[1:] == log.case_index[:-1]] >= 0).all()


def test_receipt_in_detail(real_log):
    log = read_xes(real_log("receipt.xes.gz"))
    assert len(log.departments) == 10
    cases = log.tables["cases"].set_index("case_id")
    assert len(cases) == 1434
    # The wall clock of the file, whatever its offset.
    assert cases.loc["case-10011", "enddate_planned"] == np.datetime64("2011-12-06T13:41:31.788", "us")
    assert cases.loc["case-10011", ["channel", "department"]].tolist() == ["Internet", "General"]
    first = log.to_pandas().query("case_id == 'case-10011'").iloc[0]
    assert first["end"] == np.datetime64("2011-10-11T13:45:40.276", "us")
    assert first["department"] == "Group 1"
    # Who is responsible for a case is an officer too.
    assert set(cases["responsible"].dropna()) <= set(log.to_pandas()["resource"].dropna()) | set(cases["responsible"])
    assert not cases["responsible"].str.contains("Resource").any()


def test_types_departments_and_nesting(write):
    body = trace(
        "1",
        event("a", "2024-01-05T09:00:00+08:00", org__role="clerk", n=3, x=1.5, ok=True),
        '<event><string key="concept:name" value="b"><string key="inside" value="1"/></string>'
        '<date key="time:timestamp" value="2024-01-06T09:00:00+08:00"/><list key="l"><values><string key="z" value="1"/></values></list></event>',
        attributes='<float key="fee" value="2.5"/><string key="channel" value="web"/>',
    )
    log = read_xes(write(body))
    frame = log.to_pandas()
    assert frame["department"].astype("object").tolist()[0] == "clerk"
    assert frame[["n", "x", "ok"]].iloc[0].tolist() == [3, 1.5, True]
    assert log.tables["cases"].to_dict("records") == [{"case_id": "1", "channel": "web", "fee": 2.5}]
    assert "3 nested attributes not read" in {en for _zh, en in log.provenance.notes}


def test_group_before_role(write):
    log = read_xes(write(trace("1", event("a", "2024-01-05T09:00:00", org__role="clerk", org__group="G"))))
    assert log.departments == ["G"]
    assert log.to_pandas()["role"].tolist() == ["clerk"]


def test_start_and_complete_are_paired_first_in_first_out(write):
    def step(name, hour, transition):
        return event(name, f"2024-01-05T{hour:02d}:00:00", lifecycle__transition=transition)

    body = trace(
        "1",
        step("a", 9, "start"),
        step("a", 10, "start"),
        step("a", 11, "complete"),
        step("a", 13, "complete"),
        step("b", 14, "complete"),
    )
    log = read_xes(write(body))
    hours = log.to_pandas().assign(s=lambda f: f["start"].dt.hour, e=lambda f: f["end"].dt.hour)[["activity", "s", "e"]]
    assert hours.iloc[:2].values.tolist() == [["a", 9, 11], ["a", 10, 13]]
    assert {p["check"]: p["rows"] for p in log.provenance.problems} == {"complete_without_start": 1}
    assert len(read_xes(write(body), mapping=ColumnMapping(lifecycle="ignore")).events) == 5
    only = read_xes(write(body), mapping=ColumnMapping(lifecycle="complete"))
    assert len(only.events) == 3
    assert not only.has("start")


def test_mapping_reaches_attributes_of_the_trace(write):
    body = trace(
        "1",
        event("a", "2024-01-05T09:00:00"),
        attributes='<date key="endDate" value="2024-02-01T00:00:00"/><string key="unit" value="X"/>',
    )
    log = read_xes(
        write(body), mapping=ColumnMapping(columns={"finish_time": "case:endDate"}, department_from=("case:unit",))
    )
    assert log.tables["cases"]["finish_time"].tolist() == [np.datetime64("2024-02-01", "us")]
    assert log.departments == ["X"]


def test_traces_without_name_or_events(write):
    body = "<trace>" + event("a", "2024-01-05T09:00:00") + "</trace>" + trace("2") + event("b", "2024-01-05T09:00:00")
    log = read_xes(write(body))
    assert log.case_ids == ["trace 1"]
    assert {p["check"] for p in log.provenance.problems} == {
        "unnamed_traces",
        "cases_without_events",
        "events_outside_traces",
    }


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE log SYSTEM "http://example.org/x.dtd">',
        '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
    ],
)
def test_entities_and_document_types_are_refused(write, doctype):
    path = write(trace("1", event("a", "2024-01-05T09:00:00")), head=f'<?xml version="1.0"?>\n{doctype}\n<log>')
    with pytest.raises(InputError, match=r"line 2: a document type or an \(external\) entity"):
        read_xes(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello", "not well-formed"),
        (b"<html></html>", "its root is <html>"),
        (b"<log></log>", "no event inside a trace"),
        (b"<log>\n<trace>\n", r"line 3: not well-formed XML \(no element found\)"),
    ],
)
def test_what_is_not_xes(tmp_path, content, message):
    path = tmp_path / "a.xes"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_xes(path)


def test_bad_stamp_is_told_with_the_line_of_its_event(write):
    with pytest.raises(InputError, match=r"line 9: '2024-13-01T00:00:00'"):
        read_xes(
            write(
                trace("1", event("a", "2024-01-05T09:00:00"), event("b", "2024-13-01T00:00:00")).replace(
                    "</trace>", "</trace>"
                )
            )
        )


def test_truncated_gz(tmp_path, write):
    whole = write(trace("1", *[event(f"a{i}", "2024-01-05T09:00:00") for i in range(999)]), "a.xes.gz").read_bytes()
    (tmp_path / "cut.xes.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"'cut.xes.gz' is cut off"):
        read_xes(tmp_path / "cut.xes.gz")


@pytest.mark.parametrize("encoding", ["GB2312", "gbk", "GB18030"])
def test_documents_in_the_national_encoding(tmp_path, encoding):
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<log>{trace("一号", event("受理", "2024-01-05T09:00:00"))}</log>'
    )
    path = tmp_path / "a.xes"
    path.write_bytes(text.encode("gb18030"))
    log = read_xes(path)
    assert (log.case_ids, log.activities) == (["一号"], ["受理"])
    path.write_bytes(text.encode("gb18030").replace("受理".encode("gb18030"), b"\xff"))
    with pytest.raises(InputError, match=r"line 5: bytes that are not"):
        read_xes(path)


@pytest.mark.parametrize("encoding", ["UF-8", "big5", "utf-7"])
def test_unknown_encodings_are_told(tmp_path, encoding):
    (tmp_path / "a.xes").write_text(f'<?xml version="1.0" encoding="{encoding}"?><log></log>')
    with pytest.raises(InputError, match=r"an encoding that cannot be read|not well-formed"):
        read_xes(tmp_path / "a.xes")


def test_a_tag_without_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    from flowaudit.eventlog import xes_document

    monkeypatch.setattr(xes_document, "_LONGEST", 1 << 20)
    (tmp_path / "a.xes").write_bytes(b'<log>\n<trace><string key="a" value="' + b"x" * (4 << 20))
    with pytest.raises(InputError, match=r"line 2: a tag or a text is longer than 1 MB"):
        read_xes(tmp_path / "a.xes")


def test_whole_numbers_lose_no_digit(write):
    big = "".join(event("a", "2024-01-05T09:00:00").replace("</event>", f"{more}</event>") for more in (
        '<int key="n" value="9007199254740993"/><int key="m" value="92233720368547758080"/>', '<int key="m" value="1"/>', "",
    ))  # fmt: skip
    frame = read_xes(write(trace("1", big))).events
    assert frame["n"].to_pylist() == [9007199254740993, None, None]
    assert frame["m"].to_pylist() == ["92233720368547758080", "1", None]


def test_an_event_may_carry_the_name_of_a_case(write):
    body = trace(
        "1",
        event("a", "2024-01-05T09:00:00", case__concept__name="other"),
        attributes='<string key="case_id" value="x"/>',
    )
    log = read_xes(write(body))
    assert log.case_ids == ["1"]
    assert log.tables["cases"]["case_id_raw"].tolist() == ["x"]


def test_dates_with_and_without_offset_in_one_column_are_counted(write):
    body = trace("1", event("a", "2024-01-05T09:00:00+08:00"), event("b", "2024-01-05T10:00:00"))
    problems = {p["check"]: p for p in read_xes(write(body)).provenance.problems}
    assert (problems["mixed_zones"]["rows"], problems["mixed_zones"]["examples"]) == (1, ["+08:00"])
