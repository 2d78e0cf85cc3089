"""``flowaudit search``: candidates in a file or suggested; words, JSON and a folder that a second run goes on from."""

import json

import numpy as np
import pandas as pd
import pytest
from bundle_log import bundle_log

from flowaudit.cli.entry import main
from flowaudit.eventlog import write_csv
from flowaudit.redesign import Scenario

CANDIDATES = """
name = "候选"
[[candidate]]
key = "合并"
verb = "merge_steps"
first = "受理"
second = "初审"
cost_yuan = 1000
risk = 0
[[candidate]]
key = "并联"
verb = "parallelise"
names = ["会签甲", "会签乙"]
owner = "审批办"
cost_yuan = 5000
risk = 1
"""


def run(capsys, *words):
    code = main(["search", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A line of five activities without queues: what each candidate saves is known on paper."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(120):
        at = 24.0 * i + float(rng.integers(0, 8))
        for activity, days in (("受理", 0), ("初审", 2), ("会签甲", 6), ("会签乙", 6), ("决定", 1)):
            at += 24.0 * days + 0.5
            rows.append((f"c{i}", activity, "审批办", at, at + 0.25))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "department", "start", "end"])
    for column in ("start", "end"):
        frame[column] = pd.Timestamp("2024-01-01 09:00") + pd.to_timedelta((frame[column] * 3600).round(), unit="s")
    folder = tmp_path_factory.mktemp("office")
    frame.to_csv(folder / "office.csv", index=False)
    (folder / "candidates.toml").write_text(CANDIDATES, encoding="utf-8")
    return folder


def options(office, **more):
    words = [
        office / "office.csv",
        "--candidates",
        office / "candidates.toml",
        "--calendar",
        "weekdays",
        "--workers",
        "1",
        "--replications",
        "3",
    ]
    for name, value in more.items():
        words += [f"--{name}", value]
    return words


def test_for_people(office, capsys):
    code, out, err = run(capsys, *options(office))
    assert code == 0, err
    assert "All 4 portfolios that keep the rules and the budget were simulated" in out
    assert "合并+并联" in out
    assert "Without [" in out


def test_the_files_of_a_folder_and_going_on_from_it(office, capsys, tmp_path):
    targets = tmp_path / "targets.toml"
    targets.write_text('[[target]]\nmetric = "time"\nreduction = 0.2\n', encoding="utf-8")
    code, first, err = run(capsys, *options(office, out=tmp_path / "out", targets=targets), "--json")
    assert code == 0, err
    found = json.loads(first)
    assert found["schema"] == "flowaudit.search/1"
    assert found["recommended"][0]["portfolio"] == ["并联"]
    assert found["recommended"][0]["roles"][0]["role"] == "targets"
    assert found["recommended"][0]["verdict"]["status"] == "met"
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names >= {"front.csv", "front.png", "front.svg", "search.json", "search.jsonl", "scenario_targets.toml"}
    scenario = Scenario.load(tmp_path / "out" / "scenario_targets.toml")
    assert scenario.entries[0].owner == "审批办"
    assert scenario.entries[0].cost_yuan == 5000
    assert pd.read_csv(tmp_path / "out" / "front.csv", encoding="utf-8-sig")["cost_yuan"].max() <= 6000
    code, again, _err = run(capsys, *options(office, out=tmp_path / "out", targets=targets), "--json")
    assert code == 0
    assert json.loads(again) == found
    code, out, _err = run(capsys, *options(office, out=tmp_path / "out", targets=targets))
    assert "were taken from an earlier run" in out


def test_a_budget_leaves_out_what_is_too_dear(office, capsys):
    code, out, _err = run(capsys, *options(office, budget=1000), "--json")
    assert code == 0
    assert {row["portfolio"] for row in json.loads(out)["front"]} == {"-", "合并"}
    code, _out, err = run(capsys, *options(office, budget=10))
    assert code == 4
    assert "admits no candidate" in err


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ("", "there are no [[candidate]] tables", ""),
        ('[[candidate]]\nverb = "merge_step"\nfirst = "a"\nsecond = "b"', "line 1: unknown measure 'merge_step'", "merge_steps"),
        ('[[candidate]]\nkey="a"\nverb = "reuse_material"\nmaterial = "m"\nexcludes = ["b"]', "names 'b', which is no other candidate", ""),
        ('[[candidate]]\nverb = "reuse_material"\nmaterial = "m"\ncost_yuan = -1', "the cost is -1", ""),
        ('[[candidate]]\nverb = "reuse_material"\nmaterial = "m"\nrisk = "high"', "risk: 'high' is not what belongs there", ""),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named(office, capsys, tmp_path, text, found, hint):
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    code, _out, err = run(capsys, office / "office.csv", "--candidates", path)
    assert code == 3
    assert found in err
    assert hint in err


def test_an_activity_the_log_lacks_is_named_with_its_nearest(office, capsys, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('[[candidate]]\nverb = "merge_steps"\nfirst = "受理"\nsecond = "初申"', encoding="utf-8")
    code, _out, err = run(
        capsys, office / "office.csv", "--candidates", path, "--calendar", "weekdays", "--workers", "1"
    )
    assert code == 4
    assert "no activity '初申'" in err


def test_without_candidates_the_findings_suggest_them(capsys, tmp_path):
    write_csv(bundle_log(), tmp_path / "log.csv")
    code, out, err = run(capsys, tmp_path / "log.csv", "--calendar", "weekdays", "--workers", "1", "--json")
    if code == 0:
        assert json.loads(out)["suggested"]
    else:
        assert "suggest no measure" in err
