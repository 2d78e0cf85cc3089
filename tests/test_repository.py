"""What the repository promises as a whole: licence, pins, twin texts, and nothing of one person's machine."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README, TWIN = ROOT / "README.md", ROOT / "README.zh-CN.md"
SKIPPED = {
    ".git", ".venv", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__", ".ipynb_checkpoints",
    "demo_output", "dist",
}  # fmt: skip
TEXTS = {
    "", ".bib", ".cfg", ".css", ".csv", ".html", ".ini", ".ipynb", ".js", ".json", ".md", ".po", ".py", ".svg", ".toml",
    ".txt", ".yaml", ".yml",
}  # fmt: skip


def texts() -> list[Path]:
    """Return every text file of the tree that is not made by a tool."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.endswith(".egg-info"))
        found += [Path(folder, name) for name in sorted(names) if Path(name).suffix in TEXTS]
    return found


def blocks(text: str) -> list[str]:
    """Return the fenced code blocks, with the language of each."""
    return re.findall(r"^```(.*?)^```$", text, flags=re.M | re.S)


def headings(text: str) -> list[str]:
    """Return the marks of the headings outside code, in order."""
    return re.findall(r"^(#+) ", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), flags=re.M)


def test_licence_is_whole() -> None:
    """The text published by the Free Software Foundation, to the byte."""
    text = (ROOT / "LICENSE").read_bytes().replace(b"\r\n", b"\n")
    assert text.lstrip().startswith(b"GNU AFFERO GENERAL PUBLIC LICENSE")
    assert text.count(b"\n") == 661
    assert hashlib.sha256(text).hexdigest() == "8486a10c4393cee1c25392769ddd3b2d6c242d6ec7928e1414efff7dfb2f07ef"


def test_every_pin_is_exact_and_names_no_place() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9][\w.]*( ; [^#:/@]+)?", line), line


def test_every_wanted_package_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += project["build-system"]["requires"]
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    assert {re.split(r"[<>=!~ ;\[]", name)[0].lower() for name in wanted} <= pinned


def test_readmes_are_twins() -> None:
    english, chinese = (page.read_text(encoding="utf-8") for page in (README, TWIN))
    assert headings(english) == headings(chinese)
    assert len(headings(english)) > 10
    assert blocks(english) == blocks(chinese)
    assert len(blocks(english)) > 5
    assert README.name in chinese
    assert TWIN.name in english


def test_readme_tables_are_twins() -> None:
    """The same files in the same order, and as many rows in all tables together."""
    pages = [page.read_text(encoding="utf-8") for page in (README, TWIN)]
    cells = [re.findall(r"^\| (`[a-z_]+\.[^|]*) \|", page, flags=re.M) for page in pages]
    english, chinese = (re.findall(r"`(.*?)`", " ".join(found)) for found in cells)
    assert english == chinese
    assert {"plan.docx", "manifest.json"} <= set(english)
    assert pages[0].count("\n| ") == pages[1].count("\n| ")


def test_readmes_measured_figures_agree() -> None:
    """The numbers of the two tables are the same, in the same order."""
    rows = []
    for page in (README, TWIN):
        part = re.search(
            r"<!-- measured: begin -->\n(.*?)<!-- measured: end -->", page.read_text(encoding="utf-8"), flags=re.S
        )
        assert part is not None, page.name
        values = [line.split("|")[2] for line in part[1].splitlines()[2:]]
        rows.append([re.findall(r"[\d.]+|—", value) for value in values])
    assert rows[0] == rows[1]
    assert all(rows[0])


@pytest.mark.parametrize("page", [README, TWIN, *sorted((ROOT / "docs").glob("*.md")), ROOT / "CHANGELOG.md"])
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    for link in links:
        if not link.startswith("https://"):
            assert (page.parent / link).exists(), link


def test_no_path_of_one_machine() -> None:
    """Home folders, temporary folders of a person and this checkout's own place have no business in a repository."""
    home = re.compile(r"(?<![\w.])(/home/\w|/root/|/Users/\w|/workspace/|[A-Za-z]:\\Users\\)")
    here = str(ROOT) if len(ROOT.parts) > 2 else "\0"
    for path in texts():
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert here not in text, path
        found = home.search(text)
        assert not found, f"{path}: {text[found.start() : found.end() + 30]!r}" if found else ""


def test_rooms_of_the_architecture_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    house = next(block for block in blocks(page) if "errors.py" in block)
    rooms = re.findall(r"^([a-z]+(?:/|\.py)) ", house, flags=re.M)
    assert len(rooms) > 15
    for room in rooms:
        assert (ROOT / "src" / "flowaudit" / room).exists(), room
    packages = {path.parent.name for path in (ROOT / "src" / "flowaudit").glob("*/__init__.py")}
    assert packages == {room[:-1] for room in rooms if room.endswith("/")}


def test_import_table_of_the_architecture_names_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = next(block for block in blocks(page) if block.strip().startswith("worktime "))
    named = set(re.findall(r"[a-z]+", " ".join(line.split("  ")[0] for line in table.splitlines())))
    packages = {path.parent.name for path in (ROOT / "src" / "flowaudit").glob("*/__init__.py")}
    assert packages - {"messages"} <= named


def test_ci_runs_lint_and_tests() -> None:
    script = ROOT / ".ci" / "run"
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    calls = re.findall(r'^"\$python" dev\.py (\w+)', text, flags=re.M)
    assert calls == ["lint", "test"]
    assert os.name == "nt" or os.access(script, os.X_OK)


def test_readmes_name_the_test_command() -> None:
    for page in (README, TWIN):
        assert "python dev.py test" in page.read_text(encoding="utf-8")


def test_changelog_fragments_are_well_named() -> None:
    fragments = sorted(path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md")
    for name in fragments:
        assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md", name), name


def test_glossary_has_one_english_name_per_concept() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.M)
    rows = [row for row in rows if row[0] != "中文"]
    chinese = [word for row in rows for word in row[0].split("、")]
    english = [row[1] for row in rows]
    assert len(rows) > 60
    assert len(set(chinese)) == len(chinese)
    assert len(set(english)) == len(english)


def test_pins_are_sorted() -> None:
    """So that two people who add packages do not write two files."""
    names = [line.split("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()]
    assert all(first <= second for first, second in pairwise(names))
