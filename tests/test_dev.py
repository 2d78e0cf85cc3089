"""The task file: which environment it trusts, what it passes on, and how it ends."""

from __future__ import annotations

import doctest
import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def load_dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("flowaudit_dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dev = load_dev()


class Recorder(list[list[str]]):
    """Stands for ``run``: keeps the commands, ends with the codes it was given, then with 0."""

    def __init__(self, *codes: int) -> None:
        super().__init__()
        self.codes = list(codes)

    def __call__(self, command: list[str | Path], *, folder: Path | None = None) -> int:
        self.append([str(word) for word in command])
        if "venv" in command:
            python = dev.venv_python(Path(command[-1]))
            python.parent.mkdir(parents=True)
            python.touch()
        return self.codes.pop(0) if self.codes else 0


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the two files that decide, whose environments pass for usable ones."""
    (tmp_path / "constraints.txt").write_text("a==1\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "succeeds", lambda _command: True)
    return tmp_path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(dev, "run", recorder)
    return recorder


def test_python_versions() -> None:
    assert [dev.python_problem(v) for v in ((3, 11, 0), (3, 12, 1), (3, 13, 0))] == ["", "", ""]
    for version in ((3, 10, 13), (3, 14, 0), (2, 7, 18)):
        problem = dev.python_problem(version)
        assert f"{version[0]}.{version[1]}" in problem
        assert "需要" in problem
        assert "needs Python" in problem


def test_interpreter_of_an_environment() -> None:
    assert dev.venv_python(Path(".venv"), windows=True) == Path(".venv/Scripts/python.exe")
    assert dev.venv_python(Path(".venv"), windows=False) == Path(".venv/bin/python")


def test_first_setup_makes_and_installs_then_trusts(checkout: Path, ran: Recorder) -> None:
    environment = dev.Environment(checkout)
    environment.ensure()
    assert [("venv" in words, "pip" in words) for words in ran] == [(True, False), (False, True), (False, True)]
    ran.clear()
    assert environment.ensure() == dev.venv_python(checkout / ".venv")
    assert ran == [], "the second call must not start anything"


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_changed_pins_install_again_without_rebuilding(checkout: Path, ran: Recorder, name: str) -> None:
    environment = dev.Environment(checkout)
    environment.ensure()
    with (checkout / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    ran.clear()
    environment.ensure()
    assert len(ran) == 2
    assert all("pip" in words for words in ran)


def test_line_endings_do_not_count(checkout: Path) -> None:
    before = dev.Environment(checkout).wanted()
    (checkout / "constraints.txt").write_bytes(b"a==1\r\n")
    assert dev.Environment(checkout).wanted() == before


def test_another_python_or_place_is_another_environment(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dev.Environment(checkout).wanted()
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("constraints.txt", "pyproject.toml"):
        (moved / name).write_bytes((checkout / name).read_bytes())
    assert dev.Environment(moved).wanted() != before
    monkeypatch.setattr(dev.sys, "version_info", (3, 99, 0))
    assert dev.Environment(checkout).wanted() != before


def test_interrupted_installation_is_rebuilt(checkout: Path, ran: Recorder) -> None:
    environment = dev.Environment(checkout)
    environment.ensure()
    environment.record(state="busy")
    leftover = checkout / ".venv" / "leftover"
    leftover.touch()
    ran.clear()
    environment.ensure()
    assert "venv" in ran[0]
    assert not leftover.exists()
    assert environment.ready()


@pytest.mark.parametrize("stamp", ["", "{", "[]", '{"installed": "other"}'])
def test_environment_without_interpreter_is_rebuilt(checkout: Path, ran: Recorder, stamp: str) -> None:
    environment = dev.Environment(checkout)
    environment.folder.mkdir()
    environment.stamp.write_text(stamp, encoding="utf-8")
    environment.ensure()
    assert "venv" in ran[0]
    assert environment.ready()


def test_environment_made_by_another_tool_is_kept(checkout: Path, ran: Recorder) -> None:
    environment = dev.Environment(checkout)
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    environment.ensure()
    assert not any("venv" in words for words in ran)
    assert environment.ready()


def test_failed_update_is_tried_again_but_not_from_scratch(
    checkout: Path, ran: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = dev.Environment(checkout)
    environment.ensure()
    (checkout / "constraints.txt").write_text("a==2\n", encoding="utf-8")
    failing = Recorder(7)
    monkeypatch.setattr(dev, "run", failing)
    with pytest.raises(dev.StopError, match="wheelhouse") as stop:
        environment.ensure()
    assert stop.value.code == 7
    assert not environment.ready()
    ran.clear()
    monkeypatch.setattr(dev, "run", ran)
    environment.ensure()
    assert not any("venv" in words for words in ran)


def test_wheelhouse_replaces_the_network_and_is_remembered(checkout: Path, ran: Recorder) -> None:
    wheels = checkout / "wheels"
    wheels.mkdir()
    assert dev.main(["setup", "--wheelhouse", str(wheels)]) == 0
    (checkout / "constraints.txt").write_text("a==2\n", encoding="utf-8")
    dev.Environment(checkout).ensure()
    installs = [words for words in ran if "install" in words]
    assert len(installs) == 4
    for words in installs:
        place = words.index("--find-links")
        assert words[place - 1] == "--no-index"
        assert words[place + 1] == str(wheels)


def test_install_takes_pins_first_then_the_project_alone() -> None:
    pins, project = dev.install_commands(Path("python"))
    assert pins[-2:] == ["-r", "constraints.txt"]
    assert project[-4:] == ["--no-deps", "--no-build-isolation", "-e", "."]
    assert "--no-index" not in pins + project
    assert "--upgrade" not in pins + project


def test_wheelhouse_collects_pins_and_the_project() -> None:
    pins, project = dev.wheelhouse_commands(Path("python"), Path("wheels"))
    for words in (pins, project):
        assert words[words.index("--wheel-dir") + 1] == Path("wheels")
    assert pins[-2:] == ["-r", "constraints.txt"]
    assert project[-1] == "."


def test_missing_wheelhouse_is_refused(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["setup", "--wheelhouse", str(checkout / "none")]) == 2
    assert "找不到文件夹" in capsys.readouterr().err
    assert not (checkout / ".venv").exists()


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev.Environment, "ensure", lambda _self: Path("python"))


@pytest.mark.usefixtures("ready")
class TestCommands:
    """What each command runs once the environment is ready."""

    def test_test_passes_everything_on_in_order(self, ran: Recorder) -> None:
        assert dev.main(["test", "tests/metrics", "-k", "steps", "-x", "--", "-h"]) == 0
        options = ["-n", "auto", "--dist", "loadfile"]
        assert ran == [["python", "-m", "pytest", *options, "tests/metrics", "-k", "steps", "-x", "--", "-h"]]

    @pytest.mark.parametrize("words", [["--pdb"], ["-n", "0"], ["-n0"], ["-p", "no:xdist"], ["--numprocesses=2"]])
    def test_test_does_not_spread_when_told_otherwise(self, ran: Recorder, words: list[str]) -> None:
        dev.main(["test", *words])
        assert ran == [["python", "-m", "pytest", *words]]

    def test_lint_runs_all_three_and_ends_with_the_first_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        recorder = Recorder(0, 3, 4)
        monkeypatch.setattr(dev, "run", recorder)
        assert dev.main(["lint"]) == 3
        assert [words[2:] for words in recorder] == [
            ["ruff", "check", "."],
            ["ruff", "format", "--check", "."],
            ["mypy"],
        ]

    @pytest.mark.parametrize("code", [0, 4])
    def test_demo_ends_with_its_childs_code_and_lists_new_files_only(
        self, checkout: Path, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = checkout / "demo_output"
        out.mkdir()
        (out / "verdict.json").touch()
        os.utime(out / "verdict.json", (0, 0))

        def work(command: list[str]) -> int:
            assert command[1:6] == ["-m", "flowaudit", "run", "sample_logs/restaurant", "--out"]
            assert command[6:] == ["demo_output", "--config", "docs/examples/restaurant/config.toml"]
            (out / "plan.docx").touch()
            return code

        monkeypatch.setattr(dev, "run", work)
        assert dev.main(["demo"]) == code
        printed = capsys.readouterr().out
        assert str(out / "plan.docx") in printed
        assert "verdict.json" not in printed

    def test_bench_lists_runs_and_refuses(
        self, checkout: Path, ran: Recorder, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (checkout / "bench").mkdir()
        (checkout / "bench" / "mining.py").touch()
        (checkout / "bench" / "_shared.py").touch()
        assert dev.main(["bench"]) == 0
        assert "mining" in (listed := capsys.readouterr().out)
        assert "_shared" not in listed
        assert dev.main(["bench", "mining", "--small"]) == 0
        assert ran == [["python", str(Path("bench/mining.py")), "--small"]]
        assert dev.main(["bench", "../dev"]) == 2

    def test_docs_without_examples_is_no_failure(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dev, "run", Recorder(dev.NO_TESTS))
        assert dev.main(["docs"]) == 0
        (checkout / "docs").mkdir()
        (checkout / "docs" / "make_pictures.py").touch()
        monkeypatch.setattr(dev, "run", Recorder(0, 9))
        assert dev.main(["docs"]) == 9

    def test_messages_starts_a_catalogue_once_and_updates_it_later(self, checkout: Path, ran: Recorder) -> None:
        dev.main(["messages"])
        assert [words[3] for words in ran] == ["extract", "init", "compile"]
        catalogue = checkout / "src" / "flowaudit" / "messages" / "locale" / "zh" / "LC_MESSAGES" / "flowaudit.po"
        catalogue.parent.mkdir(parents=True)
        catalogue.touch()
        ran.clear()
        dev.main(["messages", "extract"])
        assert [words[3] for words in ran] == ["extract", "update"]
        assert "--no-fuzzy-matching" in ran[1]

    def test_interruption_ends_with_130(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def interrupted(_command: list[str]) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr(dev, "run", interrupted)
        assert dev.main(["test"]) == 130
        assert "Traceback" not in capsys.readouterr().err


def test_children_speak_utf8_and_stay_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    environment = dev.child_environment()
    assert environment["PYTHONUTF8"] == "1"
    assert "PYTHONPATH" not in environment


def test_exit_code_of_a_child_is_passed_on() -> None:
    assert dev.run([sys.executable, "-c", "raise SystemExit(6)"]) == 6


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_killed_child_ends_as_in_a_shell() -> None:
    assert dev.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"]) == 128 + 15


def test_console_in_a_legacy_code_page_is_survived(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", write_through=True) as console:
        monkeypatch.setattr(sys, "stdout", console)
        monkeypatch.setattr(dev.Environment, "ready", lambda _self: True)
        assert dev.main(["setup"]) == 0
        assert b"the environment is ready" in raw.getvalue()
        monkeypatch.undo()


@pytest.mark.parametrize("words", [[], ["nope"], ["lint", "extra"], ["wheelhouse"]])
def test_wrong_words_end_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        dev.main(words)
    assert stop.value.code == 2
    assert "usage: dev.py" in capsys.readouterr().err


def test_help_names_every_command() -> None:
    shown = subprocess.run([sys.executable, ROOT / "dev.py", "--help"], capture_output=True, check=True).stdout
    first_words = {line.split()[0] for line in shown.decode().splitlines() if line.strip()}
    assert set(dev.COMMANDS) <= first_words


def test_examples_of_the_task_file() -> None:
    assert doctest.testmod(dev) == (0, 2)
