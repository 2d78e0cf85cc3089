"""The program as people meet it: real processes, exit codes, one clear message, and a folder left as it was."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from flowaudit.delivery import DUTIES, FILES

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_logs" / "restaurant"
FAST = '[study]\nreplications = 2\ncases = 60\ncalendar = "china"\n'

LOG = "办件编号,环节名称,结束时间\n" + "".join(
    f"{case},{activity},2024-03-{day:02d} 10:00:00\n"
    for case in range(1, 41)
    for activity, day in (("受理", 4 + case % 10), ("审查", 8 + case % 10), ("决定", 12 + case % 10))
)
"""A small log of 40 cases as one system writes it."""


@pytest.fixture(scope="module", autouse=True)
def _config_dir(tmp_path_factory):
    """The salt of the child processes lies here, also for the fixtures of the module."""
    before = os.environ.get("FLOWAUDIT_CONFIG_DIR")
    os.environ["FLOWAUDIT_CONFIG_DIR"] = str(tmp_path_factory.mktemp("config"))
    yield
    if before is None:
        del os.environ["FLOWAUDIT_CONFIG_DIR"]
    else:
        os.environ["FLOWAUDIT_CONFIG_DIR"] = before


def environment(**changes: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in {"PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LANG"}}
    return kept | {"FLOWAUDIT_LANG": "en", "PYTHONIOENCODING": "utf-8"} | changes


def flowaudit(*words, **changes: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "flowaudit", *map(str, words)]
    return subprocess.run(command, capture_output=True, env=environment(**changes), timeout=300)


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None
        for p in sorted(folder.rglob("*"))
        if not p.is_relative_to(folder / "in")
    }


def cut(source: Path, target: Path, bundles: int) -> None:
    """Copy the first bundles of the sample with everything that belongs to them."""
    target.mkdir()
    shutil.copytree(source / "catalogue", target / "catalogue")
    tables = {p.name.split(".")[0]: pd.read_csv(p, dtype=str, keep_default_na=False) for p in source.glob("*.csv*")}
    keep = set(tables["bundles"]["bundle_id"][:bundles])
    cases = set(tables["cases"].loc[tables["cases"]["bundle_id"].isin(keep), "case_id"])
    events = set(tables["e2o"].loc[tables["e2o"]["object_id"].isin(cases), "event_id"])
    for name, table in tables.items():
        for column, wanted in (("bundle_id", keep), ("case_id", cases), ("object_id", cases), ("event_id", events)):
            if column in table and not (name == "material_instances" and column == "event_id"):
                table = table[table[column].isin(wanted)]
                break
        table.to_csv(target / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log") / "restaurant"
    cut(SAMPLE, folder, 150)
    return folder


@pytest.fixture(scope="module")
def done(sample, tmp_path_factory):
    """One run on the sample: the folder written and what was said."""
    base = tmp_path_factory.mktemp("run")
    (base / "config.toml").write_text(FAST, encoding="utf-8")
    result = flowaudit("run", sample, "--out", base / "out", "--config", base / "config.toml")
    assert result.returncode == 0, result.stderr.decode()
    return base / "out", result


def read(path: Path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_run_writes_everything_and_says_where(done):
    out, result = done
    assert sorted(p.name for p in out.iterdir()) == sorted([*FILES, DUTIES, "log.tables"])
    assert [p.name for p in out.parent.iterdir() if p.name.startswith(".")] == []
    said = result.stdout.decode()
    assert str(out) in said
    for word in ("steps", "end-to-end time", "materials", "trips", "Verdict: no target was given"):
        assert word in said


def test_stages_go_to_stderr_one_line_each(done):
    lines = [line for line in done[1].stderr.decode().splitlines() if line.strip()]
    numbers = [int(m[1]) for line in lines if (m := re.match(r"\[ ?(\d+)/\d+\] ", line))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == len(lines) > 10


def test_summary_holds_the_figures_with_unit_and_rule(done):
    found = read(done[0] / "summary.json")
    assert (found["unit"], found["cases"], found["verdict"]) == ("bundle", 150, "not_asked")
    assert found["scenario"]["proposed"] is True
    for key in ("events", "activities", "departments", "variants"):
        assert found[key] > 0
    for metric in ("steps", "time", "materials", "trips"):
        row = found["four_reductions"][metric]
        assert row["recorded"] is True
        for which in ("observed", "before", "after"):
            assert row[which]["value"] > 0
            assert row[which]["unit"]
            assert row[which]["rule"]
        assert row["difference"] == pytest.approx(row["after"]["value"] - row["before"]["value"])


def test_manifest_names_every_file_by_its_hash(done):
    import hashlib

    found = read(done[0] / "manifest.json")
    everything = {p.relative_to(done[0]).as_posix() for p in done[0].rglob("*") if p.is_file()}
    assert set(found["files"]) == everything - {"manifest.json", DUTIES}
    for name, row in found["files"].items():
        data = (done[0] / name).read_bytes()
        assert row == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert found["seed"] == 7
    assert any(name.startswith("events.csv") for name in found["inputs"])
    assert "config.toml" in found["inputs"]
    assert "catalogue/items.csv" in found["inputs"]


def test_what_is_written_can_be_read_back(done):
    import flowaudit as fa

    out = done[0]
    scenario = fa.Scenario.load(out / "scenario.toml")
    assert [m.id for m in scenario] == [m["id"] for m in read(out / "summary.json")["scenario"]["measures"]]
    assert fa.open_log(out / "log.arrow").n_events > 0
    assert fa.Process.load(out / "process.json").nodes
    assert read(out / "findings.json")
    assert read(out / "verdict.json")["status"] == "not_asked"
    assert (out / "as_is.svg").read_text(encoding="utf-8").startswith("<")


def test_no_name_of_a_person_in_the_folder(sample, done):
    """Applicants are keyed hashes from the first reading on; the salt is not among the documents."""
    applicants = pd.read_csv(sample / "cases.csv", dtype=str)["applicant_id"].dropna().unique()[:20]
    for path in done[0].rglob("*"):
        assert path.name != "salt"
        assert path.is_dir() or not [a for a in applicants if a.encode() in path.read_bytes()], path.name


def test_a_rerun_keeps_duties_and_gives_the_same_figures(sample, done, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    typed = '[[duties]]\ntask = "编制清单"\nunit = "市场监管局"\n'
    (out / DUTIES).write_text(typed, encoding="utf-8")
    (tmp_path / "config.toml").write_text(FAST, encoding="utf-8")
    result = flowaudit("run", sample, "--out", out, "--config", tmp_path / "config.toml")
    assert result.returncode == 0, result.stderr.decode()
    assert (out / DUTIES).read_text(encoding="utf-8") == typed
    assert "编制清单" in (out / "plan.html").read_text(encoding="utf-8")
    first, second = read(done[0] / "summary.json"), read(out / "summary.json")
    assert {**first, "created": ""} == {**second, "created": ""}


def test_scenario_and_targets_given_are_used_and_kept_as_written(sample, done, tmp_path):
    text = "# 我的注释\n" + (done[0] / "scenario.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    (tmp_path / "targets.toml").write_text('[[target]]\nmetric = "time"\nat_most = 10000\n', encoding="utf-8")
    (tmp_path / "config.toml").write_text(FAST, encoding="utf-8")
    result = flowaudit(
        "run", sample, "--out", tmp_path / "out", "--config", tmp_path / "config.toml", "--lang", "en", "--seed", 11,
        "--scenario", tmp_path / "mine.toml", "--targets", tmp_path / "targets.toml",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr.decode()
    assert (tmp_path / "out" / "scenario.toml").read_text(encoding="utf-8") == text
    found = read(tmp_path / "out" / "summary.json")
    assert found["scenario"]["proposed"] is False
    assert found["verdict"] in ("met", "unsure")
    assert found["seed"] == 11
    assert found["four_reductions"]["time"]["before"]["unit"] == "working days"


# Bad input: an exit code, one clear message, and DIR as it was


def truncated(folder: Path) -> Path:
    path = folder / "log.csv.gz"
    path.write_bytes(gzip.compress(LOG.encode())[:-20])
    return path


def xes_with_entity(folder: Path) -> Path:
    path = folder / "log.xes"
    secret = folder / "secret.txt"
    secret.write_text("SECRET", encoding="utf-8")
    path.write_text(
        f'<?xml version="1.0"?>\n<!DOCTYPE log [<!ENTITY x SYSTEM "{secret.as_uri()}">]>\n'
        '<log><trace><string key="concept:name" value="1"/><event><string key="concept:name" value="&x;"/>'
        '<date key="time:timestamp" value="2024-01-02T09:00:00"/></event></trace></log>',
        encoding="utf-8",
    )
    return path


def text_file(name: str, text: str):
    def write(folder: Path) -> Path:
        (folder / name).write_text(text, encoding="utf-8")
        return folder / name

    return write


BAD_LOGS = {
    "missing": (lambda folder: folder / "nothing.csv", 3, "nothing.csv"),
    "empty": (text_file("log.csv", ""), 3, "empty"),
    "not a log": (text_file("log.csv", "%PDF-1.7\nnot a log at all\n"), 3, r"log\.csv"),
    "a picture": (text_file("log.png", "\x89PNG"), 3, r"log\.png"),
    "no case column": (text_file("log.csv", LOG.replace("办件编号", "甲")), 3, "甲.*环节名称.*结束时间"),
    "no activity column": (text_file("log.csv", LOG.replace("环节名称", "乙")), 3, "办件编号.*乙.*结束时间"),
    "no time column": (text_file("log.csv", LOG.replace("结束时间", "丙")), 3, "办件编号.*环节名称.*丙"),
    "unparseable times": (text_file("log.csv", LOG.replace("2024-03-05 10:00:00", "下周二")), 3, r"下周二|line"),
    "truncated": (truncated, 3, r"log\.csv\.gz"),
    "external entity": (xes_with_entity, 3, r"log\.xes"),
    "too few cases": (text_file("log.csv", "\n".join(LOG.splitlines()[:20])), 4, "6 complete cases|at least 30"),
}  # fmt: skip


def assert_one_clear_error(result, code: int, pattern: str) -> None:
    said = result.stderr.decode()
    assert result.returncode == code, said
    assert len(re.findall(r"^Error: ", said, re.MULTILINE)) == 1, said
    assert re.search(pattern, said, re.DOTALL), said
    assert "Traceback" not in said
    assert not result.stdout


@pytest.mark.parametrize("name", BAD_LOGS)
def test_a_bad_log_gets_one_clear_error_and_leaves_the_folder(name, tmp_path):
    make, code, pattern = BAD_LOGS[name]
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.docx").write_bytes(b"the last one")
    log = make(tmp_path / "in")
    before = snapshot(tmp_path)
    result = flowaudit("run", log, "--out", tmp_path / "out")
    assert_one_clear_error(result, code, pattern)
    assert "SECRET" not in result.stderr.decode()
    assert snapshot(tmp_path) == before


def test_unparseable_times_name_their_lines(tmp_path):
    log = text_file("log.csv", LOG.replace("2024-03-05 10:00:00", "下周二"))(tmp_path)
    said = flowaudit("run", log, "--out", tmp_path / "out").stderr.decode()
    first = next(i for i, line in enumerate(LOG.splitlines(), 1) if "2024-03-05" in line)
    assert re.search(rf"\b{first}\b", said), said


BAD_WORDS = {
    "scenario": ('[[measure]]\nverb = "merge_steps"\nfirst = "审察"\nsecond = "决定"\n', "审察.*审查"),
    "targets": ('[[target]]\nmetric = "tims"\nat_most = 3\n', "target 1.*'time'"),
    "config": ("[study]\nreplication = 3\n", "replication"),
    "mapping": ('[columns]\nend = "结朿时间"\n', "结束时间"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_WORDS)
def test_a_bad_file_beside_the_log_is_named_with_the_nearest_word(kind, tmp_path):
    text, pattern = BAD_WORDS[kind]
    (tmp_path / "in").mkdir()
    log = text_file("log.csv", LOG)(tmp_path / "in")
    given = text_file(f"{kind}.toml", text)(tmp_path / "in")
    result = flowaudit("run", log, "--out", tmp_path / "out", f"--{kind}", given)
    assert_one_clear_error(result, 3, pattern)
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_an_unwritable_folder_is_refused_before_the_work(below, tmp_path):
    (tmp_path / "in").mkdir()
    log = text_file("log.csv", "not even read")(tmp_path / "in")
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    before = snapshot(tmp_path)
    result = flowaudit("run", log, "--out", tmp_path / "out" / below if below else tmp_path / "out")
    assert_one_clear_error(result, 3, "out is a file, not a folder")
    assert snapshot(tmp_path) == before


def test_documents_are_not_written_among_the_tables_of_the_log(sample):
    before = snapshot(sample)
    assert_one_clear_error(flowaudit("run", sample, "--out", sample), 2, "among the tables")
    assert snapshot(sample) == before


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupted_leaves_the_folder_and_says_130(sample, tmp_path):
    command = [sys.executable, "-m", "flowaudit", "run", str(sample), "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment()) as child:
        assert child.stderr is not None
        while b"[ 3/" not in child.stderr.readline():
            assert child.poll() is None
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        said = child.stderr.read().decode()
    assert child.returncode == 130, said
    assert "Error: interrupted" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


# Words


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (["rum"], "no command rum.*'run'"),
        (["run", "--outt", "x"], "no option --outt.*'--out'"),
        (["run"], "is missing"),
        (["run", "x", "--out", "y", "--unit", "cases"], "cases.*'case'"),
        (["run", "x", "--out", "y", "--seed", "-3"], "-3"),
        (["run", "x", "y", "--out", "z"], "more words.*y"),
        (["run", "x", "--out"], "--out needs a value"),
        (["list", "rule"], "rule.*'rules'"),
    ],
)
def test_wrong_words_are_exit_2_with_a_hint(words, pattern):
    assert_one_clear_error(flowaudit(*words), 2, pattern)


def test_errors_and_help_speak_chinese():
    said = flowaudit("rum", FLOWAUDIT_LANG="zh").stderr.decode()
    assert "错误：没有命令 rum。" in said
    assert "提示：是否指“run”？" in said
    told = flowaudit("run", "--help", FLOWAUDIT_LANG="zh").stdout.decode()
    assert "分析办件日志" in told
    assert "Show this message" not in told


def test_version():
    import flowaudit as fa

    assert flowaudit("--version").stdout.decode().strip() == f"flowaudit {fa.__version__}"


@pytest.mark.parametrize("topic", ["measures", "rules"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_list_explains_each(topic, lang):
    import flowaudit as fa

    result = flowaudit("list", topic, FLOWAUDIT_LANG=lang)
    said = result.stdout.decode()
    assert result.returncode == 0, result.stderr.decode()
    for number in fa.MEASURES if topic == "measures" else fa.RULES:
        assert re.search(rf"^{number} ", said, re.MULTILINE)
    if topic == "measures":
        assert "levels" in said
        assert ("法制机构" in said) == (lang == "zh")


def test_check_prints_the_quality_table_or_json(tmp_path):
    log = text_file("log.csv", LOG)(tmp_path)
    table = flowaudit("check", log)
    assert table.returncode == 0, table.stderr.decode()
    assert "40 cases" in table.stdout.decode()
    rows = json.loads(flowaudit("check", log, "--json").stdout.decode())["problems"]
    assert rows
    assert {"check", "severity", "rows", "action"} <= set(rows[0])


def test_doctor_finds_this_computer_well():
    result = flowaudit("doctor")
    assert result.returncode == 0, result.stdout.decode()
    for word in ("Python", "Chinese font", "Graphviz", "memory", "everything needed is there"):
        assert word in result.stdout.decode()


def test_doctor_says_what_cannot_be_written(tmp_path):
    (tmp_path / "config").write_text("a file", encoding="utf-8")
    result = flowaudit("doctor", FLOWAUDIT_CONFIG_DIR=str(tmp_path / "config"))
    assert result.returncode == 3
    assert "[FAULT] configuration folder" in result.stdout.decode()


# Consoles


@pytest.mark.parametrize(("encoding", "lang"), [("gbk", "zh"), ("gbk", ""), ("ascii", "zh"), ("cp437", "")])
def test_output_survives_a_console_without_utf8(encoding, lang, tmp_path):
    changes = {"PYTHONIOENCODING": encoding, "FLOWAUDIT_LANG": lang, "LC_ALL": "zh_CN.UTF-8"}
    log = text_file("日志.csv", LOG)(tmp_path)
    for words, code in ((("list", "rules"), 0), (("check", log), 0), (("run", "没有.csv", "--out", tmp_path / "o"), 3)):
        result = flowaudit(*words, **changes)
        assert result.returncode == code, result.stderr
        said = (result.stdout + result.stderr).decode(encoding)
        assert said.strip()
        assert "Traceback" not in said
        assert "flowaudit itself failed" not in said


def test_a_console_without_chinese_is_spoken_to_in_english():
    changes = {"PYTHONIOENCODING": "ascii", "FLOWAUDIT_LANG": "", "LC_ALL": "zh_CN.UTF-8"}
    assert "Error: there is no command" in flowaudit("rum", **changes).stderr.decode("ascii")


# flowaudit init


def test_init_writes_files_that_change_nothing(tmp_path):
    result = flowaudit("init", tmp_path / "start")
    assert result.returncode == 0, result.stderr.decode()
    from flowaudit.catalogue import read_catalogue
    from flowaudit.eventlog import ColumnMapping, read_mapping
    from flowaudit.redesign import Scenario
    from flowaudit.study import StudySettings, read_settings
    from flowaudit.targets import read_targets

    start = tmp_path / "start"
    assert read_settings(start / "config.toml") == StudySettings()
    assert len(Scenario.load(start / "scenario.toml")) == 0
    assert read_targets(start / "targets.toml") == ()
    assert read_mapping(start / "mapping.toml") == ColumnMapping()
    assert read_catalogue(start / "catalogue.xlsx").item_codes == []


def uncommented(name: str) -> str:
    """A template with its example lines made active, and the empty places of targets filled in."""
    from flowaudit.cli.templates import template

    lines = []
    for line in template(name).splitlines():
        example = re.match(r'# (\[\[?\w+\]\]?$|"?[\w一-鿿]+"? =(?: ["\[\d]|  | true| false).*)', line)
        lines.append(re.sub(r"=\s{2,}#", "= 0.5 #", example[1]) if example else line)
    return "\n".join(lines)


def test_every_example_in_the_files_is_valid(tmp_path):
    from flowaudit.eventlog import read_mapping
    from flowaudit.redesign import MEASURES, Candidates, Scenario
    from flowaudit.study import StudySettings, read_settings
    from flowaudit.targets import read_targets

    for name in ("config.toml", "scenario.toml", "candidates.toml", "targets.toml", "mapping.toml"):
        (tmp_path / name).write_text(uncommented(name), encoding="utf-8")
    settings = read_settings(tmp_path / "config.toml")
    assert settings.model_fields_set == set(StudySettings.model_fields)
    changed = {k for k, v in settings.model_dump().items() if v != StudySettings().model_dump()[k]}
    assert changed <= {"unit", "policy", "cases"}, "inactive lines show the defaults"
    assert {m.id for m in Scenario.load(tmp_path / "scenario.toml")} == set(MEASURES)
    assert [(c.key, c.cost_yuan, c.risk) for c in Candidates.load(tmp_path / "candidates.toml")] == [
        ("综窗", 0.5, 0.5), ("并联", 0.5, 0.5),
    ]  # fmt: skip
    assert [t.metric for t in read_targets(tmp_path / "targets.toml")] == ["time", "materials"]
    mapping = read_mapping(tmp_path / "mapping.toml")
    assert mapping.model_fields_set == set(type(mapping).model_fields)


def test_init_leaves_files_that_are_there(tmp_path):
    (tmp_path / "targets.toml").write_text("# mine\n", encoding="utf-8")
    said = flowaudit("init", tmp_path).stdout.decode()
    assert (tmp_path / "targets.toml").read_text(encoding="utf-8") == "# mine\n"
    assert "left as it is" in said


def test_our_own_error_is_exit_1_with_a_file_to_send(monkeypatch, capsys, tmp_path):
    from flowaudit.cli import entry

    monkeypatch.setattr(entry, "_run", lambda words: 1 / 0)
    monkeypatch.setattr(entry.tempfile, "tempdir", str(tmp_path))
    assert entry.main(["list", "rules"]) == 1
    said = capsys.readouterr().err
    assert "flowaudit itself failed: ZeroDivisionError" in said
    assert "Traceback" not in said
    (record,) = tmp_path.iterdir()
    assert record.name in said
    assert "ZeroDivisionError" in record.read_text(encoding="utf-8")
    assert entry.main(["--debug", "list", "rules"]) == 1
    assert "Traceback" in capsys.readouterr().err
