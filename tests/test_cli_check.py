"""``flowaudit check``: what was recognised as what, the table for people and for programs, and the mapping written."""

import json
import os
import re

import pytest

from flowaudit.cli.entry import main
from flowaudit.eventlog import read_mapping

LOG = (
    "办件编号,环节名称,环节开始时间,环节结束时间,办理人员,处理单位名称,业务动作,办理意见,申请时间\n"
    "A1,受理,2020/1/6 9:30,2020年1月6日 9时40分,张三,市场监管局,4,同意李四,2020-01-05\n"
    "A1,火星,20200107093000,20200107093000,李四,市场监管局,1,,2020-01-05\n"
    "A2,受理,2020/1/6 9:30,2020年1月6日 9时40分,张三,市场监管局,4,,2020-01-05\n"
)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "办件.csv"
    path.write_bytes(LOG.encode("gb18030"))
    return path


def check(capsys, *words):
    code = main(["check", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_people_see_columns_notes_and_problems(log, capsys):
    code, out, _err = check(capsys, log)
    assert code == 0
    for words in (
        "2 cases",
        "环节开始时间",
        "pseudonymised",
        "read as GB18030",
        "activities without a",
        "province_a.node_result",
    ):
        assert words in out
    assert "张三" not in out
    assert "李四" not in out


def test_programs_get_keys_that_no_language_changes(log, capsys, monkeypatch):
    content = {}
    for lang in ("en", "zh"):
        monkeypatch.setenv("FLOWAUDIT_LANG", lang)
        code, out, _err = check(capsys, log, "--json")
        assert code == 0
        content[lang] = json.loads(out)
    english, chinese = content["en"], content["zh"]
    assert english["columns"] == chinese["columns"]
    assert [p["key"] for p in english["problems"]] == [p["key"] for p in chinese["problems"]]
    assert english["problems"] != chinese["problems"]
    problem = next(p for p in english["problems"] if p["key"] == "unknown_stages")
    assert (problem["rows"], problem["severity"], problem["examples"]) == (1, "warning", ["火星"])
    told = {(c["column"], c["table"]): c for c in english["columns"]}
    assert told["resource", "events"] == {
        "column": "resource", "header": "办理人员", "table": "events", "filled": 1.0, "pseudonymised": True,
    }  # fmt: skip
    assert told["stage", "events"]["header"] is None
    assert told["stage", "events"]["filled"] == pytest.approx(2 / 3)
    assert told["apply_time", "cases"]["header"] == "申请时间"


def test_the_mapping_written_can_be_edited_and_given_back(log, tmp_path, capsys):
    path = tmp_path / "mapping.toml"
    code, out, _err = check(capsys, log, "--write-mapping", path)
    assert code == 0
    assert f"written: {path}" in out
    text = path.read_text(encoding="utf-8")
    assert 'activity = "环节名称"' in text
    assert '# "火星" = ""' in text
    _code, before, _err = check(capsys, log, "--json")
    assert check(capsys, log, "--mapping", path, "--json")[1] == before
    path.write_text(text.replace('# "火星" = ""', '"火星" = "decide"'), encoding="utf-8")
    after = json.loads(check(capsys, log, "--mapping", path, "--json")[1])
    assert "unknown_stages" not in [p["key"] for p in after["problems"]]


def test_a_mapping_is_never_replaced(log, tmp_path, capsys):
    path = tmp_path / "mapping.toml"
    path.write_text("# mine", encoding="utf-8")
    code, _out, err = check(capsys, log, "--write-mapping", path)
    assert code == 2
    assert "is not replaced" in err
    assert path.read_text(encoding="utf-8") == "# mine"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("a,b\n1,2\n", 3, "no case column"),
        ("case_id,activity,end\n1,a,03/04/2020\n", 3, "could mean two days"),
        ("case_id,event_name,end\n1,a,2020-01-05\n", 3, "could be 'activity' or 'result'"),
        ("case_id,activity,result_type,end\n1,a,5,2020-01-05\n", 3, "could mean '退件'"),
    ],
)
def test_what_is_asked_ends_with_the_code_of_an_unusable_file(tmp_path, capsys, text, code, message):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    found, out, err = check(capsys, tmp_path / "a.csv")
    assert (found, out) == (code, "")
    assert message in err
    assert "Hint:" in err


def test_names_of_officers_are_written_only_when_asked_for(log, tmp_path, capsys):
    target = tmp_path / "officers.csv"
    code, out, _err = check(capsys, log, "--officers", target)
    assert code == 0
    assert "张三" not in out
    rows = target.read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 3
    assert {row.split(",")[1] for row in rows[1:]} == {"张三", "李四"}
    assert all(re.fullmatch(r"R[0-9a-f]{6}", row.split(",")[0]) for row in rows[1:])
    if os.name == "posix":
        assert target.stat().st_mode & 0o077 == 0
    code, _out, err = check(capsys, log, "--officers", target)
    assert code == 2
    assert "is not replaced" in err


def test_an_object_centric_log_is_told_its_cases(log, tmp_path, capsys):
    objects = tmp_path / "objects.json"
    assert main(["convert", str(log), str(objects)]) == 0
    code, _out, err = check(capsys, objects)
    assert code == 2
    assert "--object-type" in err
    written = tmp_path / "mapping.toml"
    code, out, _err = check(capsys, objects, "--object-type", "case", "--write-mapping", written)
    assert code == 0
    assert "2 cases" in out
    assert read_mapping(written).file.object_type == "case"
    again, same, _err = check(capsys, objects, "--mapping", written)
    assert (again, same.splitlines()[0]) == (0, out.splitlines()[0])
    assert check(capsys, log, "--object-type", "case")[0] == 2
