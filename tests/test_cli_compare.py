"""``flowaudit compare``: two logs in, figures, tables and a picture out, all of them or none."""

import csv
import json

import pandas as pd
import pytest
from reform_logs import office

from flowaudit.cli.entry import main
from flowaudit.eventlog import sample_folder
from flowaudit.targets import compare
from flowaudit.worktime import load_calendar

BEFORE, AFTER = (sample_folder(f"newborn/{side}") for side in ("before", "after"))


def run(capsys, *words):
    code = main(["compare", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two logs as CSV files, with a channel that a spreadsheet would run."""
    folder = tmp_path_factory.mktemp("logs")
    paths = []
    for name, seed, factor, start in (("改革前", 1, 1.0, 0), ("改革后", 2, 0.6, 260)):
        log = office(seed, n=150, factor=factor, start=start)
        frame = log.to_pandas()
        case = frame["case_id"].astype(str)
        frame["channel"] = case.str[-1].map(lambda digit: "=cmd()" if digit in "02468" else "窗口")
        frame["case_id"] = case
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False, encoding="utf-8")
        paths.append(path)
    return paths


def test_the_sample_as_json(capsys):
    code, out, err = run(capsys, BEFORE, AFTER, "--json", "--by", "district")
    found = json.loads(out)
    assert (code, found["schema"], found["unit"]) == (0, "flowaudit.effects/1", "bundle")
    assert found["headlines"]["time"]["reduction_rate"] == pytest.approx(27 / 32)
    assert found["guides"]["trips"]["reduction_rate"] == pytest.approx(3 / 4)
    assert [*found["groups"]] == ["district"]
    assert "comparing" in err


def test_people_read_it_in_both_languages(capsys, files, monkeypatch):
    words = (*files, "--calendar", "weekdays", "--by", "channel")
    code, english, _err = run(capsys, *words)
    assert code == 0
    assert "Counting rules:" in english
    assert "Rate as it" in english
    monkeypatch.setenv("FLOWAUDIT_LANG", "zh")
    code, chinese, _err = run(capsys, *words)
    assert code == 0
    assert "口径：" in chinese
    assert "Counting rules" not in chinese


def test_everything_is_written_and_agrees_with_the_function(capsys, files, tmp_path):
    out = tmp_path / "成效"
    code, told, _err = run(
        capsys, *files, "--calendar", "weekdays", "--out", out, "--strata", "none", "--by", "channel"
    )
    assert code == 0, told
    names = {path.name for path in out.iterdir()}
    assert {
        "effects.csv",
        "groups.csv",
        "mix.csv",
        "series.csv",
        "effects.xlsx",
        "effects.svg",
        "effects.png",
        "effects.json",
    } <= names
    table = pd.read_csv(out / "effects.csv")
    logs = [office(1, n=150), office(2, n=150, factor=0.6, start=260)]
    ours = compare(*logs, calendar=load_calendar("weekdays"), strata=(), by=())
    row = table.query("metric == 'time' and statistic == 'median' and kind == 'crude'").iloc[0]
    assert (row["before"], row["after"]) == (
        ours.estimate("time", "crude").before.value,
        ours.estimate("time", "crude").after.value,
    )
    with (out / "groups.csv").open(encoding="utf-8-sig") as stream:
        values = {r["value"] for r in csv.DictReader(stream)}
    assert values == {"'=cmd()", "窗口"}, "no cell begins a formula"
    content = json.loads((out / "effects.json").read_text(encoding="utf-8"))
    assert content["statistic"] == "median"
    assert (out / "effects.png").read_bytes().startswith(b"\x89PNG")
    again = run(capsys, *files, "--calendar", "weekdays", "--out", out, "--by", "channel")
    assert again[0] == 0, "files of an earlier time are replaced"


def test_nothing_is_written_when_the_logs_cannot_be_compared(capsys, files, tmp_path):
    out = tmp_path / "none"
    code, _out, err = run(capsys, files[0], files[0], "--calendar", "weekdays", "--out", out)
    assert code == 4
    assert "150 cases stand in both logs" in err
    assert not out.exists()
    code, _out, err = run(capsys, files[1], files[0], "--calendar", "weekdays")
    assert code == 2
    assert "swapped" in err


def test_what_was_promised_comes_from_a_targets_file(capsys, files, tmp_path):
    promised = tmp_path / "承诺.toml"
    promised.write_text('[[target]]\nmetric = "全程时间"\nreduction = 0.2\nlabel = "减时间两成"\n', encoding="utf-8")
    code, out, _err = run(capsys, *files, "--calendar", "weekdays", "--promised", promised, "--by", "channel")
    assert code == 0
    assert "减时间两成: met" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mix", "befor"], "did you mean 'before'"), (["--statistic", "mode"], "none of median, mean"),
        (["--follow-up", "-3"], "whole number"), (["--go-live", "soon"], "no date"), (["--unit", "cases"], "case"),
        (["--by", "chanel"], "do not both record 'chanel'"), (["--policy", "X"], "none of"),
    ],
)  # fmt: skip
def test_wrong_words(capsys, files, words, said):
    code, _out, err = run(capsys, *files, "--calendar", "weekdays", *words)
    assert code == 2
    assert said in err


def test_the_folder_of_a_log_is_not_written_into(capsys):
    code, _out, err = run(capsys, BEFORE, AFTER, "--out", AFTER)
    assert code == 2
    assert "among the tables of the log" in err
