"""The task file of flowaudit: ``python dev.py COMMAND``; needs nothing but Python 3.11, 3.12 or 3.13.

The first command of any kind makes ``.venv`` and installs the pinned packages into it. Later commands compare one hash
and start the work at once, without asking pip.
"""

# ruff: noqa: E402

import sys

OLDEST, NEWEST = (3, 11), (3, 13)


def python_problem(version: tuple) -> str:  # type: ignore[type-arg]
    """Return what is wrong with this Python, in Chinese and English, or an empty string.

    An old Python must be able to read this far: no newer annotation above, no newer syntax in the whole file.
    """
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return ""
    found = "{}.{}".format(*version[:2])
    return (
        f"需要 Python 3.11、3.12 或 3.13，当前为 {found}。\n"
        f"flowaudit needs Python 3.11, 3.12 or 3.13; this is {found}.\n"
        "Hint: Windows: py -3.12 dev.py setup    Linux: python3.12 dev.py setup"
    )


if python_problem(sys.version_info):
    sys.exit(python_problem(sys.version_info))

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
INTERRUPTED = 130
NO_TESTS = 5  # pytest's exit code when nothing was collected

# What `demo` leaves behind, in the order in which a person would open it.
DEMO_LOG, DEMO_OUT = Path("sample_logs", "restaurant"), Path("demo_output")
DEMO_CONFIG = Path("docs", "examples", "restaurant", "config.toml")
DOCUMENTS = (
    "plan.docx", "plan.html", "as_is.svg", "to_be.svg", "tables.xlsx", "summary.json", "verdict.json", "findings.json",
    "quality.csv", "mapping.toml", "scenario.toml", "duties.toml", "process.json", "log.arrow", "manifest.json",
)  # fmt: skip


class StopError(Exception):
    """The command cannot go on; the message says why, in Chinese and English."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def say(chinese: str, english: str) -> None:
    """Print one message in both languages."""
    print(f"{chinese} / {english}", flush=True)


# Running other programs


def child_environment() -> dict[str, str]:
    """Return the environment for children: UTF-8 everywhere, and nothing that leads out of ``.venv``."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    return kept | {"PYTHONUTF8": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(command: Sequence[str | Path], *, folder: Path | None = None) -> int:
    """Run a program in the foreground and return its exit code, as a shell would report it.

    Ctrl-C reaches the child by itself (same console); it gets ten seconds to clean up.
    """
    words = [str(word) for word in command]
    with subprocess.Popen(words, cwd=folder or ROOT, env=child_environment()) as child:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            try:
                child.wait(timeout=10)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                child.kill()
            raise
    return code if code >= 0 else 128 - code


def succeeds(command: Sequence[str | Path]) -> bool:
    """Run a program without showing it; return whether it ended with 0."""
    words = [str(word) for word in command]
    quiet = subprocess.DEVNULL
    try:
        return subprocess.run(words, env=child_environment(), stdout=quiet, stderr=quiet, check=False).returncode == 0
    except OSError:
        return False


# The environment


def venv_python(venv: Path, *, windows: bool = os.name == "nt") -> Path:
    """Return the interpreter of a virtual environment."""
    return venv / "Scripts" / "python.exe" if windows else venv / "bin" / "python"


class Environment:
    """The virtual environment of one checkout, and the stamp that says what was installed into it.

    The stamp is a small JSON file inside the environment. It says ``"busy"`` while packages are being installed, so an
    interrupted installation is never mistaken for a finished one.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or ROOT
        self.folder = self.root / ".venv"
        self.python = venv_python(self.folder)
        self.stamp = self.folder / "flowaudit-stamp.json"

    def wanted(self) -> str:
        """Return the hash of all that decides what belongs into the environment.

        The checkout's own place counts: a copied or moved environment would run the source of the old place.
        """
        digest = hashlib.sha256()
        version = "{}.{}".format(*sys.version_info[:2])
        for part in (sys.implementation.name, version, sys.platform, str(self.root)):
            digest.update(part.encode() + b"\0")
        for name in ("constraints.txt", "pyproject.toml"):
            digest.update((self.root / name).read_bytes().replace(b"\r\n", b"\n") + b"\0")
        return digest.hexdigest()

    def recorded(self) -> dict[str, str]:
        """Return the stamp's content; empty without a readable one."""
        try:
            content = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def record(self, **content: str) -> None:
        """Write the stamp in one move."""
        draft = self.stamp.with_suffix(".draft")
        draft.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        draft.replace(self.stamp)

    def ready(self) -> bool:
        """Return whether the environment holds what is wanted."""
        return self.python.exists() and self.recorded().get("installed") == self.wanted()

    def usable(self) -> bool:
        """Return whether packages can be added to the environment that is there."""
        if not self.python.exists() or self.recorded().get("state") == "busy":
            return False
        version = "import sys; raise SystemExit(sys.version_info[:2] != ({}, {}))".format(*sys.version_info[:2])
        if not succeeds([self.python, "-c", version]):
            return False
        # An environment made by another tool may lack pip.
        return succeeds([self.python, "-c", "import pip"]) or succeeds([self.python, "-m", "ensurepip"])

    def create(self) -> None:
        """Make the environment anew."""
        if self.folder.exists() or self.folder.is_symlink():
            if Path(sys.prefix).resolve() == self.folder.resolve():
                raise StopError(
                    ".venv 需要重建，但当前正在使用它。请先退出（deactivate）后重试。\n"
                    ".venv has to be rebuilt, but is running this program. Leave it (deactivate) and try again."
                )
            say("清除未完成或版本不符的 .venv", "removing an unfinished or unfitting .venv")
            try:
                self.folder.unlink() if self.folder.is_symlink() else shutil.rmtree(self.folder)
            except OSError as error:
                raise StopError(
                    f"无法删除 .venv（{error.filename}）：请关闭正在使用它的程序后重试。\n"
                    f".venv cannot be removed ({error.filename}): close the programs that use it and try again."
                ) from error
        say("创建 .venv", "making .venv")
        self.folder.mkdir(parents=True)
        self.record(state="busy")
        if run([sys.executable, "-m", "venv", self.folder], folder=self.root):
            raise StopError(
                "无法创建虚拟环境。\nThe virtual environment cannot be made.\n"
                "Hint: Debian, Ubuntu: apt install python3-venv"
            )

    def install(self, wheelhouse: Path | None = None) -> None:
        """Bring the environment to what is wanted; ``wheelhouse`` replaces the network."""
        wanted, before = self.wanted(), self.recorded()
        if self.usable():
            before = before or {"state": "adopted"}
        else:
            self.create()
            before = {"state": "busy"}
        self.record(state="busy")
        say("安装依赖（首次需要几分钟）", "installing packages (a few minutes the first time)")
        for command in install_commands(self.python, wheelhouse):
            code = run(command, folder=self.root)
            if code:
                # pip downloads everything before it touches anything: what was there is still whole.
                self.record(**before)
                raise StopError(
                    f"安装失败（pip 退出码 {code}）。\nThe installation failed (pip ended with {code}).\n"
                    "Hint: 无网络时 / without a network: python dev.py setup --wheelhouse DIR",
                    code,
                )
        self.record(state="ready", installed=wanted, wheelhouse=str(wheelhouse or ""))

    def ensure(self) -> Path:
        """Return the interpreter of an environment that is ready, installing first if it is not."""
        if not self.ready():
            known = self.recorded().get("wheelhouse", "")
            self.install(Path(known) if known and Path(known).is_dir() else None)
        return self.python


def install_commands(python: Path, wheelhouse: Path | None = None) -> list[list[str | Path]]:
    """Return pip's two calls: the pinned packages, then this project as it stands."""
    source: list[str | Path] = ["--no-index", "--find-links", wheelhouse] if wheelhouse else []
    pip: list[str | Path] = [python, "-m", "pip", "install", *source]
    return [[*pip, "-r", "constraints.txt"], [*pip, "--no-deps", "--no-build-isolation", "-e", "."]]


def wheelhouse_commands(python: Path, folder: Path) -> list[list[str | Path]]:
    """Return pip's two calls that collect every wheel, the project's own included."""
    pip: list[str | Path] = [python, "-m", "pip", "wheel", "--wheel-dir", folder]
    return [[*pip, "-r", "constraints.txt"], [*pip, "--no-deps", "--no-build-isolation", "."]]


def in_turn(commands: Sequence[Sequence[str | Path]]) -> int:
    """Run every command, also after a failure; return the first exit code that is not 0."""
    codes = [run(command) for command in commands]
    return next((code for code in codes if code), 0)


# The commands


def setup(arguments: argparse.Namespace) -> int:
    """Make .venv and install the pinned packages."""
    environment = Environment()
    wheelhouse = arguments.wheelhouse and arguments.wheelhouse.expanduser().resolve()
    if wheelhouse and not wheelhouse.is_dir():
        raise StopError(f"找不到文件夹：{wheelhouse}\nThere is no such folder: {wheelhouse}", 2)
    if environment.ready():
        say("环境已就绪", "the environment is ready")
    else:
        environment.install(wheelhouse)
        say("完成。下一步：python dev.py demo", "done. Next: python dev.py demo")
    return 0


def demo(_arguments: argparse.Namespace) -> int:
    """Run the whole chain on the sample log and say where the documents are."""
    python, started = Environment().ensure(), time.time()
    given = ["--out", DEMO_OUT.as_posix(), "--config", DEMO_CONFIG.as_posix()]
    code = run([python, "-m", "flowaudit", "run", DEMO_LOG.as_posix(), *given])
    # Two seconds of slack: some file systems keep time that coarsely.
    found = [ROOT / DEMO_OUT / name for name in DOCUMENTS]
    written = [path for path in found if path.is_file() and path.stat().st_mtime > started - 2]
    if code:
        say(f"演示未成功，退出码 {code}", f"the demo ended with exit code {code}")
    if written:
        say("生成的文件", "files written")
        for path in written:
            print(f"  {path}")
    return code


def test(arguments: argparse.Namespace) -> int:
    """Run the tests and the doctests of src, several at a time."""
    return run([Environment().ensure(), "-m", "pytest", *pytest_options(arguments.rest)])


def pytest_options(given: Sequence[str]) -> list[str]:
    """Return pytest's options: spread over the cores by file, unless the caller debugs or chose otherwise.

    Examples
    --------
    >>> pytest_options(["-k", "stamp"])
    ['-n', 'auto', '--dist', 'loadfile', '-k', 'stamp']
    >>> pytest_options(["-n0"])
    ['-n0']
    """
    alone = any(word in {"--pdb", "--trace", "no:xdist"} or word.startswith(("-n", "--numproc")) for word in given)
    return [*([] if alone else ["-n", "auto", "--dist", "loadfile"]), *given]


def lint(_arguments: argparse.Namespace) -> int:
    """Check style, format and types."""
    python = Environment().ensure()
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    return in_turn([[python, "-m", *check] for check in checks])


def benches() -> list[str]:
    """Return the names of the benches."""
    return sorted(path.stem for path in (ROOT / "bench").glob("*.py") if not path.stem.startswith("_"))


def bench(arguments: argparse.Namespace) -> int:
    """Run one bench; without a name, list them."""
    names = benches()
    if not arguments.rest:
        say("可用的测速", "benches")
        for name in names:
            print(f"  {name}")
        return 0
    name, *rest = arguments.rest
    if name not in names:
        known = ", ".join(names) or "-"
        raise StopError(f"没有名为 {name} 的测速；现有：{known}\nThere is no bench {name}; there are: {known}", 2)
    return run([Environment().ensure(), Path("bench") / f"{name}.py", *rest])


def lab(arguments: argparse.Namespace) -> int:
    """Open JupyterLab in notebooks/."""
    folder = ROOT / "notebooks"
    if not folder.is_dir():
        raise StopError("没有 notebooks 文件夹。\nThere is no folder notebooks.", 2)
    return run([Environment().ensure(), "-m", "jupyterlab", "-y", *arguments.rest], folder=folder)


def docs(_arguments: argparse.Namespace) -> int:
    """Run the examples in docs/ and the READMEs, and draw the pictures anew."""
    python = Environment().ensure()
    pages = [name for name in ("docs", "README.md", "README.zh-CN.md") if (ROOT / name).exists()]
    code = run([python, "-m", "pytest", "--doctest-glob=*.md", "--ignore-glob=*.py", *pages])
    if code == NO_TESTS:
        say("文档中没有可运行的示例", "no page holds an example to run")
        code = 0
    pictures = Path("docs") / "make_pictures.py"
    drawn = run([python, pictures]) if (ROOT / pictures).is_file() else 0
    return code or drawn


def wheelhouse(arguments: argparse.Namespace) -> int:
    """Collect every wheel for computers without a network (same system, same Python)."""
    folder = arguments.folder.expanduser().resolve()
    python = Environment().ensure()
    folder.mkdir(parents=True, exist_ok=True)
    for command in wheelhouse_commands(python, folder):
        code = run(command)
        if code:
            return code
    say(f"已收集 {len(list(folder.glob('*.whl')))} 个文件：{folder}", f"wheels are in {folder}")
    say("在目标计算机上运行：python dev.py setup --wheelhouse DIR", "on the other computer run the same")
    return 0


def messages(arguments: argparse.Namespace) -> int:
    """Collect the messages of the source into the Chinese catalogue, and compile it."""
    environment = Environment()
    commands = message_commands(environment.ensure(), environment.folder / "flowaudit.pot")
    steps = ["extract", "compile"] if arguments.step == "all" else [arguments.step]
    for command in [command for step in steps for command in commands[step]]:
        code = run(command)
        if code:
            return code
    return 0


def message_commands(python: Path, template: Path) -> dict[str, list[list[str | Path]]]:
    """Return Babel's calls by step. The template lies outside the tree: it holds nothing the catalogue lacks."""
    babel: list[str | Path] = [python, "-m", "babel.messages.frontend"]
    locales = Path("src", "flowaudit", "messages", "locale")
    catalogue = locales / "zh" / "LC_MESSAGES" / "flowaudit.po"
    shared: list[str | Path] = ["--domain", "flowaudit", "--output-dir", locales, "--locale", "zh"]
    if (ROOT / catalogue).is_file():
        # Guessed ("fuzzy") translations would be wrong figures in the making; creation dates would be noise.
        merge: list[str | Path] = ["update", *shared, "--no-fuzzy-matching", "--ignore-obsolete"]
        merge.append("--ignore-pot-creation-date")
    else:
        merge = ["init", *shared]
    extract: list[str | Path] = ["extract", "--keywords", "translate", "--keywords", "both"]
    extract += ["--no-location", "--sort-output"]
    extract += ["--project", "flowaudit", "--output-file", template, Path("src", "flowaudit")]
    compile_: list[str | Path] = ["compile", "--domain", "flowaudit", "--directory", locales, "--statistics"]
    return {
        "extract": [[*babel, *extract], [*babel, *merge, "--input-file", template]],
        "compile": [[*babel, *compile_]],
    }


# The command line

Command = Callable[[argparse.Namespace], int]
COMMANDS: dict[str, Command] = {
    command.__name__: command for command in (setup, demo, test, lint, bench, lab, docs, wheelhouse, messages)
}
PASS_ON = {"test", "bench", "lab"}  # their words belong to another program


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="dev.py", description="The task file of flowaudit.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parsers = {
        name: commands.add_parser(name, help=command.__doc__, description=command.__doc__, allow_abbrev=False)
        for name, command in COMMANDS.items()
    }
    parsers["setup"].add_argument("--wheelhouse", type=Path, metavar="DIR", help="install from this folder, offline")
    parsers["wheelhouse"].add_argument("folder", type=Path, metavar="DIR")
    parsers["messages"].add_argument("step", nargs="?", choices=("all", "extract", "compile"), default="all")
    own, rest = (words[:1], words[1:]) if words and words[0] in PASS_ON else (words, [])
    arguments = parser.parse_args(own)
    arguments.rest = list(rest)
    return arguments


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A console in a legacy code page shows a question mark rather than ending the work.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    arguments = parse(sys.argv[1:] if words is None else words)
    try:
        return COMMANDS[arguments.command](arguments)
    except StopError as stop:
        print(stop, file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        print("已中断 / interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
