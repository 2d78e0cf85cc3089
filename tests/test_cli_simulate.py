"""``flowaudit simulate``: a log, a saved process or a diagram; words, JSON and a folder; what does not fit together."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import flowaudit as fa
from flowaudit.cli.entry import main
from flowaudit.eventlog import sample_folder
from flowaudit.process import Performer, Pool, Process

DAY0 = pd.Timestamp("2024-03-04 09:00")


def run(capsys, *words):
    code = main(["simulate", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture(scope="module")
def licence():
    folder = sample_folder("licence_export")
    return folder / "办件环节导出.csv", "--mapping", folder / "mapping.toml"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A small log with open cases: accepted at any hour, decided some days later; cut at its end."""
    rng = np.random.default_rng(8)
    rows = []
    for i, begun in enumerate(np.cumsum(rng.exponential(6.0, 160))):
        rows.append((f"c{i}", "受理", "accept", "甲", begun, begun + 0.5))
        start = begun + 0.5 + rng.gamma(3.0, 24.0)
        rows.append((f"c{i}", "决定", "decide", "乙", start, start + 1.0))
    frame = pd.DataFrame(rows, columns=["case_id", "activity", "stage", "resource", "start", "end"])
    frame = frame[frame["end"] <= 900]
    for column in ("start", "end"):
        frame[column] = DAY0 + pd.to_timedelta((frame[column] * 3600).round(), unit="s")
    path = tmp_path_factory.mktemp("office") / "office.csv"
    frame.to_csv(path, index=False)
    return path


def test_for_people(licence, capsys):
    code, out, err = run(capsys, *licence, "--replications", "3")
    assert code == 0
    assert "Process fitted to 165 cases" in out
    assert "The simulated office beside the observed one:" in out
    assert "3 replications of 165 cases" in out
    assert "end-to-end time" in out
    assert "Busy share of working hours" in out
    assert "市场监管局·审批一科" in out
    assert "materials" not in out
    assert "simulating" in err


def test_for_programs(office, capsys):
    code, out, _err = run(
        capsys, office, "--calendar", "weekdays", "--replications", "8", "--seed", "3", "--forecast", "--until", "2024-04-20",
        "--contention", "resource", "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert found["schema"] == "flowaudit.simulation/1"
    assert (found["seed"], found["replications"]) == (3, 8)
    assert found["options"]["contention"] == "resource"
    assert {r["metric"] for r in found["summary"]} == {"steps", "time", "clock", "queue", "cases", "utilisation"}
    assert found["fidelity"]["figures"]
    assert found["overloaded"] == []
    forecast = found["forecast"]
    frame = pd.read_csv(office)
    assert forecast["cases"] == (frame.groupby("case_id").size() == 1).sum() > 0
    assert forecast["replications"] == 8
    assert len(forecast["each"]) == forecast["cases"]
    assert forecast["done_by"]["number"] == pytest.approx(sum(c["probability"] for c in forecast["each"]))
    assert forecast["dates"][0]["date"] <= forecast["dates"][-1]["date"]


def test_a_folder_is_written_whole_and_a_saved_process_gives_the_same_runs(office, tmp_path, capsys):
    out = tmp_path / "simulated"
    words = ("--calendar", "weekdays", "--replications", "4")
    code, told, _err = run(capsys, office, *words, "--forecast", "--out", out)
    assert code == 0
    names = {
        "process.json", "summary.csv", "fidelity.json", "simulated.csv", "forecast.csv", "open_over_time.csv", "summary.json",
    }  # fmt: skip
    assert {path.name for path in out.iterdir()} == names
    assert all(name in told for name in names)
    assert (out / "summary.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    summary = pd.read_csv(out / "summary.csv", encoding="utf-8-sig")
    assert list(summary.columns[:4]) == ["metric", "statistic", "unit", "mean"]
    assert not summary.isna().any().any()
    log = fa.read_csv(out / "simulated.csv")
    assert (log.n_cases, set(log.activities)) == (summary["mean"][summary["metric"] == "cases"].sum(), {"受理", "决定"})
    assert json.loads((out / "fidelity.json").read_text("utf-8"))["figures"]
    first = json.loads((out / "summary.json").read_text("utf-8"))
    assert list(pd.read_csv(out / "forecast.csv").columns) == ["case_id", "open_days", "p50", "p80", "p95"]

    # The saved process, run again; what only a log can tell is gone from the folder.
    again = tmp_path / "again"
    again.mkdir()
    (again / "fidelity.json").write_text("old", encoding="utf-8")
    code, told, _err = run(capsys, "--process", out / "process.json", *words, "--out", again)
    assert code == 0
    assert "beside the observed one" not in told
    assert {path.name for path in again.iterdir()} == {"process.json", "summary.csv", "simulated.csv", "summary.json"}
    second = json.loads((again / "summary.json").read_text("utf-8"))
    assert second["summary"] == first["summary"]
    assert (again / "simulated.csv").read_bytes() == (out / "simulated.csv").read_bytes()


@pytest.fixture(scope="module")
def saved(office, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "process.json"
    fa.fit_process(fa.read_log(office), calendar=fa.load_calendar("weekdays")).save(path)
    return path


def test_other_periods(office, saved, capsys):
    code, out, _err = run(
        capsys, "--process", saved, "--start", "2025-03-03", "--cases", "40", "--warm-up", "2.5", "--replications", "3", "--json"
    )  # fmt: skip
    assert code == 0
    ended = next(r for r in json.loads(out)["summary"] if r["statistic"] == "ended")
    assert 20 <= ended["mean"] < 40
    code, out, _err = run(
        capsys, "--process", saved, "--until", "2024-03-10", "--arrivals", "observed", "--replications", "2", "--json"
    )
    assert code == 0
    counts = {r["statistic"]: r["mean"] for r in json.loads(out)["summary"] if r["metric"] == "cases"}
    frame = pd.read_csv(office, parse_dates=["end"])
    # Accepted by Sunday's evening: in the log, and about as many in its simulation.
    accepted = ((frame["activity"] == "受理") & (frame["end"] < pd.Timestamp("2024-03-11"))).sum()
    assert counts["ended"] + counts["open"] == pytest.approx(accepted, abs=3)
    assert counts["open"] > 0


def test_a_diagram_with_its_parameters(capsys):
    folder = Path(__file__).parents[1] / "bench" / "loan"
    code, out, _err = run(
        capsys, "--bpmn", folder / "loan.bpmn", "--parameters", folder / "loan.json", "--start", "2025-03-03", "--cases", "200",
        "--replications", "2", "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert "fidelity" not in found
    assert {r["statistic"]: r["mean"] for r in found["summary"] if r["metric"] == "cases"}["ended"] == 200


def test_precision_in_words(saved, capsys):
    code, out, _err = run(capsys, "--process", saved, "--precision", "0.1")
    assert code == 0
    assert "replications are enough for ± 10.0% of the mean" in out


def test_an_overloaded_pool_is_told(saved, tmp_path, capsys):
    process = Process.load(saved)
    slow = replace(
        process,
        works=process.works * 8.0,
        nodes=tuple(replace(n, pool=0, performers=(Performer(0, 1.0),)) for n in process.nodes),
        pools=(Pool("窗口", None, 1, 1, 0.5),),
        resources=(replace(process.resources[0], pool=0, capacity=1),),
    )
    slow.save(tmp_path / "slow.json")
    code, out, _err = run(capsys, "--process", tmp_path / "slow.json", "--replications", "2")
    assert code == 0
    assert "Warning: pool 窗口 is asked for" in out
    assert "without bound" in out


def test_cells_are_no_formulas(tmp_path):
    from flowaudit.cli.files import write_table

    write_table(pd.DataFrame({"statistic": ["=1+1", "窗口", "-x"], "mean": [-1.0, 2.0, 3.0]}), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text("utf-8-sig").splitlines() == [
        "statistic,mean",
        "'=1+1,-1.0",
        "窗口,2.0",
        "'-x,3.0",
    ]


def test_chinese(saved, capsys, monkeypatch):
    monkeypatch.setenv("FLOWAUDIT_LANG", "zh")
    code, out, _err = run(capsys, "--process", saved, "--replications", "2")
    assert code == 0
    assert "环节" in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "needs one of LOG, --process and --bpmn; got none"),
        (("a.csv", "--process", "b.json"), 2, "got LOG, --process"),
        (("--bpmn", "a.bpmn"), 2, "--bpmn and --parameters go together"),
        (("--process", "a.json", "--sheet", "x", "--contention", "pool"), 2, "--sheet, --contention is about a log"),
        (("a.csv", "--contention", "pol"), 2, "did you mean 'pool'?"),
        (("a.csv", "--arrivals", "new"), 2, "'new' is none of observed, simulated"),
        (("a.csv", "--cases", "many"), 2, "--cases needs a whole number"),
        (("a.csv", "--cases", "0"), 2, "at least 1"),
        (("a.csv", "--precision", "5"), 2, "--precision is a share of the mean"),
        (("a.csv", "--warm-up", "-3"), 2, "--warm-up needs a number"),
        (("a.csv", "--until", "soon"), 2, "--until: 'soon' is no date"),
        (("--process", "nothing.json"), 3, "nothing.json"),
        (("nothing.csv",), 3, "nothing.csv"),
    ],
)
def test_what_does_not_fit_together(words, code, said, capsys):
    got, _out, err = run(capsys, *words)
    assert got == code, err
    assert said in err


def test_a_log_without_open_cases_has_nothing_to_forecast(capsys, tmp_path):
    path = tmp_path / "process.json"
    fa.fit_process(fa.load_sample("licence_export")).save(path)
    code, _out, err = run(capsys, "--process", path, "--replications", "2", "--forecast")
    assert code == 4
    assert "no case" in err
    assert "Hint:" in err
