"""``flowaudit diagnose``: findings for people and programs, a folder of files, and what may be asked for."""

import json
import zipfile

import pytest

from flowaudit.cli.entry import main
from flowaudit.diagnosis import CAUSES, RULES
from flowaudit.eventlog import sample_folder


def run(capsys, *words):
    code = main(["diagnose", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture(scope="module")
def restaurant():
    return sample_folder("restaurant")


def test_for_programs(restaurant, capsys):
    code, out, _err = run(capsys, restaurant, "--only", "W01,w03", "--json")
    assert code == 0
    found = json.loads(out)
    assert {f["rule"] for f in found["findings"]} == {"W01", "W03"}
    assert found["unit"] == "bundle"
    one = found["findings"][0]
    assert one["counting_zh"]
    assert set(one["why"]) == set(one["measures"])
    assert all(reason["zh"] and reason["en"] for reason in one["why"].values())
    assert set(one["events"]) <= set(one["evidence"])
    assert [row["cause"] for row in found["waiting"]["causes"]] == list(CAUSES)
    assert found["bottlenecks"][0]["saving_days"] >= found["bottlenecks"][1]["saving_days"]
    assert 0 < found["joint_saving_days"] <= sum(f["saving_days_total"] for f in found["findings"]) + 1e-6


def test_for_people_in_two_languages(restaurant, capsys, monkeypatch):
    _code, english, _err = run(capsys, restaurant, "--only", "W01,W18")
    monkeypatch.setenv("FLOWAUDIT_LANG", "zh")
    _code, chinese, _err = run(capsys, restaurant, "--only", "W01,W18")
    assert "市场监管局" in english
    assert "to be checked" in english
    assert "Not checkable" in english
    assert "建议核查" in chinese
    assert "W18" in chinese


def test_a_folder_is_written_whole(restaurant, tmp_path, capsys):
    out = tmp_path / "diagnosis"
    code, told, _err = run(capsys, restaurant, "--only", "W01", "--out", out)
    assert code == 0
    names = {path.name for path in out.iterdir()}
    assert names == {
        "findings.json",
        "waiting.json",
        "diagnosis.xlsx",
        "findings.svg",
        "waiting.svg",
        "queues.svg",
        "spectrum.svg",
        "evidence_1.svg",
    }
    assert all(name in told for name in names)
    written = json.loads((out / "findings.json").read_text("utf-8"))
    assert {f["rule"] for f in written["findings"]} == {"W01"}
    with zipfile.ZipFile(out / "diagnosis.xlsx") as book:
        assert not [n for n in book.namelist() if b"<f>" in book.read(n)]
    # a second run with another finding leaves nothing of the first behind
    code, _told, _err = run(capsys, restaurant, "--only", "W18", "--out", out)
    assert code == 0
    assert "evidence_1.svg" not in {path.name for path in out.iterdir()}


def test_what_does_not_exist_is_refused_before_anything_is_read(tmp_path, capsys):
    code, _out, err = run(capsys, tmp_path / "nothing.csv", "--only", "W99")
    assert code == 2
    assert "there is no rule 'W99'" in err
    assert "Hint:" in err


def test_a_log_without_starts_may_have_them_estimated(tmp_path, capsys):
    rows = ["case_id,activity,resource,end"]
    for n in range(40):
        rows += [f"c{n},受理,甲,2024-03-{n % 20 + 4:02} 09:30:00", f"c{n},决定,乙,2024-03-{n % 20 + 5:02} 11:00:00"]
    path = tmp_path / "ends.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    for words, kind in (((), "handover"), (("--estimate-starts",), "estimated")):
        code, out, _err = run(capsys, path, "--json", "--only", "W10", *words)
        assert code == 0
        assert json.loads(out)["waiting"]["kind"] == kind


def test_every_rule_may_be_asked_for_alone(restaurant, capsys):
    code, out, _err = run(capsys, restaurant, "--only", ",".join(RULES), "--json")
    assert code == 0
    found = json.loads(out)
    assert {f["rule"] for f in found["findings"]} | {n["rule"] for n in found["not_checkable"]} <= set(RULES)


def test_other_thresholds(restaurant, capsys):
    code, out, _err = run(capsys, restaurant, "--only", "W01", "--threshold", "w01.levels=2", "--json")
    assert code == 0
    found = json.loads(out)["findings"]
    assert len(found) > 1
    assert all("levels = 2" in f["counting_en"] for f in found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--threshold", "W01.level=2"), "did you mean 'levels'?"),
        (("--threshold", "W01.share=7"), "must be a number from 0 to 1"),
        (("--threshold", "many levels"), "'many levels' is no threshold"),
        (("--threshold", "W77.share=0.1"), "there is no rule 'W77'"),
    ],
)
def test_thresholds_that_make_no_sense(tmp_path, capsys, words, said):
    code, _out, err = run(capsys, tmp_path / "nothing.csv", *words)
    assert code == 2
    assert said in err
