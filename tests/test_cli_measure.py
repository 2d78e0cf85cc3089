"""``flowaudit measure``: the four figures with their rules for people and for programs, apart by group, and problems with rows."""

import json

import pytest
from test_cli_check import LOG

from flowaudit.cli.entry import main
from flowaudit.eventlog import sample_folder
from flowaudit.metrics import METRICS


def run(capsys, *words):
    code = main(["measure", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


def measured(capsys, *words):
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.fixture(scope="module")
def newborn():
    return sample_folder("newborn/before")


def test_every_figure_has_value_unit_and_rule(newborn, capsys):
    found = measured(capsys, newborn)
    assert [found[m]["value"] for m in ("steps", "time", "materials", "trips")] == [16, 32, 9, 4]
    for metric in METRICS:
        assert found[metric]["recorded"]
        assert found[metric]["unit"]
        assert found[metric]["rule"].startswith(("steps", "end-to-end", "official", "materials", "trips"))
    assert [found["guide"][m]["value"] for m in ("steps", "time", "materials", "trips")] == [16, 32, 9, 4]
    assert found["unit"] == "bundle"
    assert {row["department"] for row in found["levels"]} >= {"公安局"}
    assert {row["status"] for row in found["exemptions"]} <= {
        "exempt",
        "should_be_exempt",
        "to_be_collected",
        "not_covered",
    }


def test_people_read_the_same_in_two_languages(newborn, capsys, monkeypatch):
    _code, english, _err = run(capsys, newborn)
    monkeypatch.setenv("FLOWAUDIT_LANG", "zh")
    _code, chinese, _err = run(capsys, newborn)
    for words, out in (
        ("Counting rules", english),
        ("By the service guides", english),
        ("口径：", chinese),
        ("办事指南口径", chinese),
    ):
        assert words in out
    assert "not recorded" not in chinese
    assert "沪府办〔2020〕6号" in english


def test_what_is_not_recorded_says_so(tmp_path, capsys):
    path = tmp_path / "办件.csv"
    path.write_text(LOG, encoding="utf-8")
    found = measured(capsys, path)
    assert found["steps"]["recorded"]
    for metric in ("materials", "trips"):
        assert found[metric]["recorded"] is False
        assert found[metric]["reason"]
        assert "value" not in found[metric]
    assert "guide" not in found
    _code, out, _err = run(capsys, path)
    assert "not recorded" in out


def test_groups_below_ten_are_not_shown(newborn, capsys):
    found = measured(capsys, newborn, "--by", "month")
    small = [row for row in found["by"] if row["suppressed"]]
    large = [row for row in found["by"] if not row["suppressed"] and row["n"]]
    assert small
    assert all(row["value"] is None and row["p90"] is None for row in small)
    assert all(row["value"] is not None for row in large)
    _code, out, _err = run(capsys, newborn, "--by", "month")
    assert "n < 10" in out


@pytest.mark.parametrize("by", ["item", "department", "district", "channel"])
def test_by(newborn, capsys, by):
    found = measured(capsys, newborn, "--by", by)
    assert {row["metric"] for row in found["by"]} == set(METRICS)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--by", "chanel"), 2, "channel"), (("--policy", "E"), 2, "none of"), (("--unit", "bundel"), 2, "bundle"),
        (("--calendar", "nowhere.csv"), 3, "nowhere.csv"), (("--catalogue", "nowhere"), 3, "nowhere"), (("--policy", "D"), 0, ""),
        (("--unit", "case", "--calendar", "weekdays"), 0, ""),
    ],
    ids=["by", "policy", "unit", "calendar", "catalogue", "D", "case"],
)  # fmt: skip
def test_options(newborn, capsys, words, code, told):
    found, _out, err = run(capsys, newborn, *words)
    assert (found, told in err) == (code, True)
    assert "Traceback" not in err


def test_problems_stand_with_file_and_row(tmp_path, capsys):
    path = tmp_path / "办件.csv"
    path.write_text(
        "办件编号,环节名称,标准环节,完成时间\n1,受理,accept,2024-01-03\n1,决定,decide,2024-01-05\n2,受理,accept,2024-01-05\n2,决定,decide,2024-01-04\n",
        encoding="gb18030",
    )
    (tmp_path / "m.toml").write_text('[columns]\nstage = "标准环节"\n', encoding="utf-8")
    found = measured(capsys, path, "--mapping", tmp_path / "m.toml")
    (problem,) = found["problems"]
    assert (problem["file"], problem["row"], problem["case_id"]) == ("办件.csv", 4, "2")
    assert problem["withheld"] == "official clock; on time or late"
    assert (found["clock"]["value"], found["clock"]["n"], found["clock"]["extra"]["withheld"]) == (2, 1, 1)
    _code, out, _err = run(capsys, path, "--mapping", tmp_path / "m.toml")
    assert "the decision lies before the acceptance" in out.replace("\n", " ")


def test_what_an_application_costs_at_the_tariffs_given(newborn, tmp_path, capsys):
    path = tmp_path / "tariffs.toml"
    path.write_text(
        'source_note = "示例"\nwage_yuan_per_h = 30\ntravel_h = 1\nqueue_h = 0.5\nfare_yuan = 4\n', encoding="utf-8"
    )
    found = measured(capsys, newborn, "--tariffs", path)["burden"]
    assert found["components"]["travel"]["value"] == pytest.approx(49 * found["components"]["travel"]["extra"]["trips"])
    assert not found["total"]["recorded"]
    code, out, _err = run(capsys, newborn, "--tariffs", path)
    assert code == 0
    assert "not recorded: no tariff is given: preparation_h" in " ".join(out.split()).replace("wage_yuan_per_h, ", "")
    path.write_text('source_note = "示例"\nwage = 30\n', encoding="utf-8")
    code, _out, err = run(capsys, newborn, "--tariffs", path)
    assert code == 3
    assert "wage" in err
