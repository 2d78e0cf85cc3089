"""``flowaudit convert``: every kind of input to every kind of output, and what is refused."""

import gzip
import os
import sys
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
import xlsxwriter
from object_logs import ORDERS
from workbooks import ods, xls, xlsb

from flowaudit.cli.entry import main
from flowaudit.eventlog import read_log, read_ocel, write_log, write_parquet, write_xes

HEAD = ["办件编号", "环节名称", "环节开始时间", "环节结束时间", "办理人员", "处理单位名称", "备注码"]
ROWS = [
    ["A1", "受理", "2020-01-06 09:30:00", "2020-01-06 09:40:00", "张三", "市场监管局", "=1+1"],
    ["A1", "审查", "2020-01-07 09:30:00", "2020-01-07 11:00:00", "李四", "市场监管局", ""],
    ["A2", "受理", "2020-01-06 10:30:00", "2020-01-06 10:35:00", "张三", "发展改革委", "x"],
    ["A2", "决定", "2020-01-09 10:30:00", "2020-01-09 10:45:00", "李四", "发展改革委", "x"],
]
OUTPUTS = ["csv", "csv.gz", "tsv", "tsv.gz", "xes", "xes.gz", "parquet", "arrow", "jsonocel", "json", "sqlite"]
SAME = ["case_id", "activity", "start", "end", "department", "resource"]


def text(rows, sign=","):
    return "".join(sign.join(row) + "\r\n" for row in rows)


def make(kind, folder):
    """Write the log in a format of which it is read; return its file and the words that say how."""
    path = folder / f"in.{kind}"
    if kind == "csv":
        path.write_bytes(text([HEAD, *ROWS]).encode("gb18030"))
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(text([HEAD, *ROWS]).encode()))
    elif kind == "tsv":
        path.write_bytes(text([HEAD, *ROWS], "\t").encode("utf-16"))
    elif kind == "xlsx":
        with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
            sheet = book.add_worksheet("办件")
            for r, row in enumerate([HEAD, *ROWS]):
                sheet.write_row(r, 0, row)
            book.add_worksheet("说明").write(0, 0, "本表由系统导出")
        return path, ["--sheet", "办件"]
    elif kind in ("xls", "xlsb", "ods"):
        {"xls": xls, "xlsb": xlsb, "ods": ods}[kind](path, [HEAD, *ROWS])
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("办件.csv", text([HEAD, *ROWS]))
    elif kind == "feather":
        pyarrow.feather.write_feather(pa.Table.from_pandas(pd.DataFrame(ROWS, columns=HEAD)), path)
    elif kind == "folder":
        path.mkdir()
        (path / "events.csv").write_text(text([HEAD, *ROWS]), encoding="utf-8")
    elif kind in ("json", "sqlite", "xmlocel"):
        return ORDERS.write(path), ["--object-type", "order"]
    else:
        log = read_log(make("csv", folder)[0])
        {"xes": write_xes, "xes.gz": write_xes, "parquet": write_parquet, "arrow": write_log}[kind](log, path)
    return path, []


def convert(capsys, *words):
    code = main(["convert", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


KINDS = [
    "csv", "csv.gz", "tsv", "xlsx", "xls", "xlsb", "ods", "zip", "feather", "folder", "xes", "xes.gz", "parquet", "arrow",
    "json", "sqlite", "xmlocel",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_input_becomes_every_output(tmp_path, capsys, kind):
    source, words = make(kind, tmp_path)
    told = {words[0].removeprefix("--").replace("-", "_"): words[1]} if words else {}
    log = read_log(source, **told)
    columns = [c for c in SAME if c in log.columns]
    expected = log.to_pandas(columns).astype("object").to_numpy().tolist()
    for output in OUTPUTS:
        target = tmp_path / f"out.{output}"
        code, out, err = convert(capsys, source, target, *words)
        assert (code, err) == (0, ""), output
        assert f"{source.name} -> {target.name}: {log.n_events} events of {log.n_cases} cases." in out
        centric = {"object_type": told.get("object_type", "case")} if output in ("jsonocel", "json", "sqlite") else {}
        back = read_log(target, **centric)
        assert back.to_pandas(columns).astype("object").to_numpy().tolist() == expected, output
        if "备注码" in log.columns and kind != "xlsb":
            assert back.to_pandas()["备注码"].astype("object").fillna("").tolist() == [r[6] for r in ROWS], output
        raw = gzip.decompress(target.read_bytes()) if output.endswith("gz") else target.read_bytes()
        assert "张三".encode() not in raw
    assert {p.name for p in tmp_path.iterdir()} <= {
        "in.csv", source.name, "in.arrow.json", "in.tables", "out.arrow.json", "out.tables",
        *(f"out.{o}" for o in OUTPUTS),
    }  # fmt: skip


def test_an_object_log_stays_one(tmp_path, capsys):
    source = ORDERS.write(tmp_path / "a.xmlocel")
    for name in ("b.json", "b.sqlite", "b.jsonocel"):
        code, out, _err = convert(capsys, source, tmp_path / name)
        assert code == 0
        assert "a.xmlocel -> " in out
        assert "5 events and 5 objects" in out
        assert "lost: nothing but the record" in out
        again = read_ocel(tmp_path / name)
        assert (again.n_events, again.object_types, len(again.changes)) == (5, {"item": 3, "order": 2}, 4)
    code, _out, err = convert(capsys, source, tmp_path / "b.csv")
    assert code == 2
    assert "say which objects are the cases: 'item' (3), 'order' (2)" in err
    mapping = tmp_path / "m.toml"
    mapping.write_text('[file]\nobject_type = "order"\n', encoding="utf-8")
    code, out, _err = convert(capsys, source, tmp_path / "b.csv", "--mapping", mapping)
    assert (code, "4 events of 2 cases" in out) == (0, True)
    assert "lost: the side tables e2o." in out


def test_the_mapping_says_what_the_columns_are(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("k,w,t\n1,a,2024-01-05\n1,b,2024-01-06\n", encoding="utf-8")
    code, _out, err = convert(capsys, tmp_path / "a.csv", tmp_path / "a.xes")
    assert code == 3
    assert "has no case column" in err
    mapping = tmp_path / "m.toml"
    mapping.write_text('[columns]\ncase_id = "k"\nactivity = "w"\nend = "t"\n', encoding="utf-8")
    code, out, _err = convert(capsys, tmp_path / "a.csv", tmp_path / "a.xes", "--mapping", mapping)
    assert (code, "2 events of 1 cases" in out) == (0, True)
    code, _out, err = convert(capsys, tmp_path / "a.csv", tmp_path / "b.xes", "--mapping", tmp_path / "none.toml")
    assert (code, "none.toml" in err) == (3, True)


def test_what_is_refused(tmp_path, capsys, monkeypatch):
    source, _words = make("csv", tmp_path)
    kept = source.read_bytes()
    link = tmp_path / "link.csv"
    if sys.platform != "win32":
        link.symlink_to(source)
        assert convert(capsys, source, link, "--force")[0] == 2
    for words, code, said in (
        ((source, source), 2, "would replace itself"),
        ((source, source, "--force"), 2, "would replace itself"),
        ((source, tmp_path / "x" / ".." / source.name, "--force"), 2, "would replace itself"),
        ((source, tmp_path / "out.xlsx"), 2, "nothing is written to the ending '.xlsx'"),
        ((source, tmp_path / "2024.6.docx"), 2, "ending '.docx'"),
        ((source, tmp_path / "out"), 2, "ending 'out'"),
        ((source,), 2, "OUT is missing"),
        ((source, tmp_path / "o.csv", "--sheet", "x"), 2, "has no sheets"),
        ((source, tmp_path / "o.csv", "--object-type", "x"), 2, "not object-centric"),
        ((tmp_path / "none.csv", tmp_path / "o.csv"), 3, "none.csv"),
        ((source, tmp_path / "no" / "o.csv"), 3, "there is no folder 'no'"),
        ((source, source / "o.csv"), 3, "there is no folder 'in.csv'"),
    ):
        (tmp_path / "x").mkdir(exist_ok=True)
        got, out, err = convert(capsys, *words)
        assert (got, out) == (code, ""), words
        assert said in err
        assert "Traceback" not in err
    assert source.read_bytes() == kept
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"case,activity,end\n1,a,soon\n")
    code, _out, err = convert(capsys, bad, tmp_path / "o.csv")
    assert (code, "line 2" in err) == (3, True)
    assert not (tmp_path / "o.csv").exists()

    folder, _words = make("folder", tmp_path)
    for words in ((folder, folder / "all.csv"), (folder, folder / "events.csv", "--force")):
        code, _out, err = convert(capsys, *words)
        assert (code, "would stand among the tables" in err) == (2, True)
    assert [p.name for p in folder.iterdir()] == ["events.csv"]

    def deny(*_told, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", deny)
    code, _out, err = convert(capsys, source, tmp_path / "o.csv")
    assert (code, "'o.csv' cannot be written: Permission denied" in err) == (3, True)


def test_what_is_there_is_replaced_only_when_told(tmp_path, capsys):
    source, _words = make("csv", tmp_path)
    target = tmp_path / "o.parquet"
    target.write_bytes(b"precious")
    code, _out, err = convert(capsys, source, target)
    assert (code, "'o.parquet' is there already" in err, "--force" in err) == (3, True, True)
    assert target.read_bytes() == b"precious"
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"case,activity,end\n1,a,soon\n")
    assert convert(capsys, bad, target, "--force")[0] == 3
    assert target.read_bytes() == b"precious"
    assert convert(capsys, source, target, "--force")[0] == 0
    assert read_log(target).n_events == 4


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path, capsys):
    source, _words = make("csv", tmp_path)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    code, _out, err = convert(capsys, source, closed / "o.csv")
    assert (code, "cannot be written" in err) == (3, True)


def test_chinese(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FLOWAUDIT_LANG", "zh")
    source, _words = make("csv", tmp_path)
    code, out, _err = convert(capsys, source, tmp_path / "o.xes")
    assert (code, out) == (0, "in.csv -> o.xes：办件 2 件、环节记录 4 条。\n除日志来源记录外，内容全部保留。\n")
    code, _out, err = convert(capsys, source, source)
    assert (code, "结果将覆盖原日志" in err) == (2, True)
    code, _out, err = convert(capsys, source, tmp_path / "no" / "o.xes")
    assert (code, "文件夹“no”不存在" in err) == (3, True)
