"""CSV: what offices export, and one clear error for what cannot be read."""

import gzip

import numpy as np
import pytest

from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog import read_csv, read_log

HEAD = "case_id,activity,end\n"
CHINESE = (
    "办件编号,环节名称,办理人,开始时间,结束时间,办理部门,申请人,受理时间,办理意见,承诺时限,备用\n"
    "沪1,收件,张三,2024/1/5 9:30,2024年1月5日 9时40分,市监局,李四,2024/1/5 9:30,同意,20个工作日,电话13800138000\n"
    "沪1,审批,王五,,2024年1月6日 24:00,市监局,李四,2024/1/5 9:30,同意,20个工作日,\n"
)


@pytest.fixture
def write(tmp_path):
    def to(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_export(write, encoding):
    log = read_csv(write("办件.csv", CHINESE.encode(encoding)))
    frame = log.to_pandas()
    assert log.case_ids == ["沪1"]
    assert log.activities == ["收件", "审批"]
    assert frame["end"].tolist()[1] == np.datetime64("2024-01-07T00:00", "us")
    assert frame["start"].isna().tolist() == [False, True]
    assert frame["stage"].tolist() == ["apply", "decide"]
    cases = log.tables["cases"]
    assert cases["promised_days"].tolist() == [20]
    assert cases["promised_unit"].tolist() == ["工作日"]
    assert cases["accept_time"].tolist() == [np.datetime64("2024-01-05T09:30", "us")]


def test_nobody_is_named(write):
    log = read_csv(write("a.csv", CHINESE))
    said = log.to_pandas().to_csv() + "".join(t.to_csv() for t in log.tables.values())
    for secret in ("张三", "王五", "李四", "13800138000", "同意"):
        assert secret not in said
    assert "电话***" in said
    assert "opinion" in " ".join(en for _zh, en in log.provenance.notes)
    assert set(log.provenance.pseudonymised) == {"resource", "applicant_id"}
    assert [p["check"] for p in log.provenance.problems] == ["personal_numbers_masked"]


def test_free_text_stays_when_asked(write):
    assert "同意" in read_csv(write("a.csv", CHINESE), keep_text=True).to_pandas()["opinion"].tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(write, delimiter):
    text = (
        (HEAD + '1,"受理, 一","2024-01-05"\n2,受理,2024-01-06\n')
        .replace(",", delimiter)
        .replace(f'"受理{delimiter} 一"', '"受理, 一"')
    )
    log = read_csv(write("a.txt", text))
    assert log.activities == ["受理, 一", "受理"]


def test_packed_and_with_line_breaks_in_text(write):
    text = HEAD + '1,"受\n理",2024-01-05\n\n2,决定,2024-01-06\n,,\n'
    log = read_csv(write("a.csv.gz", gzip.compress(text.encode())))
    assert log.activities == ["受\n理", "决定"]
    assert ("1 个空行未纳入", "1 empty rows left out") in log.provenance.notes


def test_columns_named_by_hand_win(write):
    path = write("a.csv", "nr,what,begun,done\n1,a,2024-01-05 09:00,2024-01-05 10:00\n")
    log = read_csv(path, case_id="nr", activity="what", start="begun", end="done")
    assert log.has("start", "end")
    assert log.provenance.mapping == {"nr": "case_id", "what": "activity", "begun": "start", "done": "end"}


def test_provenance_holds_the_digest(write):
    path = write("a.csv", HEAD + "1,a,2024-01-05\n")
    import hashlib

    assert read_csv(path).provenance.sha256 == {"a.csv": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_case_prefix_and_attributes_that_vary(write):
    text = (
        "case:concept:name,concept:name,time:timestamp,case:budget,渠道\n"
        "1,a,2024-01-05,7,线上\n1,b,2024-01-06,7,窗口\n2,a,2024-01-05,8,线上\n"
    )
    log = read_csv(write("a.csv", text))
    cases = log.tables["cases"].set_index("case_id")
    assert cases["budget"].to_dict() == {"1": "7", "2": "8"}
    assert cases["channel"].to_dict() == {"1": "线上", "2": "线上"}
    assert [(p["check"], p["column"], p["rows"]) for p in log.provenance.problems] == [
        ("case_attribute_varies", "channel", 1)
    ]


def test_lifecycle_column_is_paired(write):
    text = (
        "case,task,timestamp,lifecycle:transition\n1,a,2024-01-05 09:00,start\n1,a,2024-01-05 10:00,complete\n"
        "1,b,2024-01-05 11:00,complete\n1,c,2024-01-05 12:00,start\n1,c,2024-01-05 12:30,suspend\n"
    )
    log = read_csv(write("a.csv", text))
    frame = log.to_pandas()
    assert frame["activity"].tolist() == ["a", "b", "c"]
    assert frame["start"].isna().tolist() == [False, True, False]
    assert frame["end"].isna().tolist() == [False, False, True]
    assert {p["check"]: p["rows"] for p in log.provenance.problems} == {
        "suspensions_unclear": 1, "complete_without_start": 1, "start_without_complete": 1,
    }  # fmt: skip


def test_only_a_start_is_taken_as_the_time_and_said(write):
    log = read_csv(write("a.csv", "case_id,activity,start_time\n1,a,2024-01-05\n"))
    assert not log.has("start")
    assert "single_time" in [p["check"] for p in log.provenance.problems]


def test_rows_without_time_are_left_out_and_counted(write):
    log = read_csv(write("a.csv", HEAD + "1,a,2024-01-05\n1,b,\n"))
    assert len(log.events) == 1
    assert log.provenance.problems[0] == {"check": "no_time", "rows": 1, "share": 0.5, "examples": ["1"]}


BAD = {
    "empty.csv": ("", "is empty"),
    "blank.csv": ("\n\n", "is empty"),
    "text.csv": ("hello\nworld\n", "is not a log: its first line 'xxxxx'"),
    "png.csv": (b"\x89PNG\r\n\x1a\n\0\0", "not text but PNG"),
    "sheet.csv": (b"PK\x03\x04....", "Excel"),
    "bytes.csv": (bytes(range(128, 256)) * 9, "neither UTF-8 nor GB18030"),
    "header.csv": (HEAD, "has a header but no rows"),
    "nocase.csv": (
        "办件编码,环节名称,结束时间\n1,a,2024-01-05\n",
        r"no case column.*found '办件编码'(.|\n)*did you mean '办件编码'",
    ),
    "noactivity.csv": ("case_id,foo,end\n1,a,2024-01-05\n", r"no activity column.*'foo'"),
    "notime.csv": ("case_id,activity,strat_time\n1,a,2024-01-05\n", r"no time column(.|\n)*did you mean 'strat_time'"),
    "times.csv": (HEAD + '1,"a\nb",2024-01-05\n\n1,c,soon\n', "line 5: 'xxxx'"),
    "epoch.csv": (HEAD + "1,a,1577836800\n", r"1577836800(.|\n)*bare number"),
    "short.csv": (HEAD + "1,a,2024-01-05\n1,b\n", "line 3: 2 cells where the header has 3"),
    "long.csv": (HEAD + "1,a,2024-01-05\n\n1,b,2024-01-05,x\n", "line 4: 4 cells"),
    "quote.csv": (HEAD + '1,a,2024-01-05\n1,"b,2024-01-05\n', "quote"),
    "twins.csv": ("case_id,activity,end,end\n1,a,2024-01-05,2024-01-05\n", "two columns named 'end'"),
    "ambiguous.csv": ("办件编号,办件号,环节名称,结束时间\n1,1,a,2024-01-05\n", "could each be 'case_id'"),
    "nameless.csv": ("case_id,activity,end,\n1,a,2024-01-05,x\n", "column 4 holds values but has no name"),
    "orphan.csv": (HEAD + "1,a,2024-01-05\n,合计,2024-01-05\n", "first on line 3"),
    "cut.csv.gz": (gzip.compress((HEAD + "1,a,2024-01-05\n" * 999).encode())[:-20], "cut off"),
    "plain.csv.gz": (HEAD, "not a gzip file"),
    "a.xlsx": (b"PK\x03\x04", "not a workbook"),
    "a.foo": ("x", "ending '.foo' is unknown"),
    "a.parquet": ("x", "cannot be read as Parquet"),
    "a.arrow": ("x", "cannot be read as Arrow"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_has_one_clear_error(write, name):
    content, message = BAD[name]
    with pytest.raises(InputError, match=message) as caught:
        read_log(write(name, content))
    assert caught.value.exit_code == 3
    assert name in str(caught.value)


def test_missing_file_names_the_nearest(write):
    path = write("办件数据.csv", HEAD)
    with pytest.raises(InputError, match=r"did you mean '办件数据\.csv'"):
        read_log(path.with_name("办件数居.csv"))


def test_override_of_an_unknown_column_or_header(write):
    path = write("a.csv", HEAD + "1,a,2024-01-05\n")
    with pytest.raises(UsageError, match="did you mean 'end'"):
        read_csv(path, edn="end")
    with pytest.raises(InputError, match="has no column 'endd'"):
        read_csv(path, end="endd")


def test_loan_application_log(real_log):
    log = read_log(real_log("LoanApp_train.csv.gz"))
    assert (log.n_cases, log.n_events, len(log.activities)) == (797, 5976, 12)
    assert log.has("start", "end", "resource")
    assert log.provenance.offsets == ("+00:00",)
    assert (log.stamps("start") <= log.stamps("end")).all()


def test_start_and_complete_of_one_stamp_belong_together_in_whatever_order(write):
    text = "case,task,timestamp,lifecycle:transition\n1,a,2024-01-05 09:00,complete\n1,a,2024-01-05 09:00,start\n"
    log = read_csv(write("a.csv", text))
    assert (log.stamps("start") == log.stamps("end")).tolist() == [True]
    assert not log.provenance.problems
