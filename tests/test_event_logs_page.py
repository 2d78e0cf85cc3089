"""The page 从导出表到事件日志: every command it shows is run, and prints what the page says.

python tests/test_event_logs_page.py      writes what the commands print now into the page
"""

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "event-logs.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n\$ flowaudit ([^\n]*)\n((?:(?!```).*\n)*)```")


def run(words: str, folder: Path) -> str:
    """Run one command as the page shows it, in Chinese, and return what it prints."""
    environment = {
        **os.environ, "FLOWAUDIT_LANG": "zh", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT / "src"),
        "FLOWAUDIT_CONFIG_DIR": str(folder / "config"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "flowaudit", *words.split()],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=120,
    )
    said = (done.stdout + done.stderr).decode("utf-8").replace("\r\n", "\n")
    return "".join(f"{line.rstrip()}\n" for line in said.splitlines())


def place(folder: Path) -> Path:
    shutil.copytree(ROOT / "sample_logs" / "export", folder / "sample_logs" / "export")
    return folder


@pytest.mark.golden
def test_commands_print_what_the_page_says(tmp_path):
    blocks = BLOCK.findall(TEXT)
    assert len(blocks) == TEXT.count("\n$ flowaudit ") == 2
    folder = place(tmp_path)
    for words, said in blocks:
        assert run(words, folder) == said, words
    written = (folder / "映射.toml").read_text(encoding="utf-8")
    for lines in re.findall(r"```toml\n(.*?)```", TEXT, re.S)[1:]:
        assert lines in written
    given = (folder / "sample_logs" / "export" / "mapping.toml").read_text(encoding="utf-8")
    assert re.search(r"```toml\n(.*?)```", TEXT, re.S)[1] in given
    # The mapping written gives the same log: the same columns and the same table of problems.
    first, again = (
        run(f"check sample_logs/export/办件环节导出.csv --mapping {mapping} --json", folder)
        for mapping in ("sample_logs/export/mapping.toml", "映射.toml")
    )
    assert first == again
    assert '"key": "filled_end"' in first


def test_python_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(place(tmp_path))
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    test = parser.get_doctest(TEXT, {}, "event-logs.md", str(PAGE), 0)
    assert test.examples
    failed = []
    runner.run(test, out=failed.append)
    assert not runner.summarize(verbose=False).failed, "".join(failed)


def test_the_mapping_written_is_not_replaced(tmp_path):
    folder = place(tmp_path)
    (folder / "映射.toml").write_text("", encoding="utf-8")
    words = BLOCK.findall(TEXT)[1][0]
    assert "映射.toml" in run(words, folder)
    assert (folder / "映射.toml").read_text(encoding="utf-8") == ""


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        here = place(Path(name))
        PAGE.write_text(
            BLOCK.sub(lambda block: f"```console\n$ flowaudit {block[1]}\n{run(block[1], here)}```", TEXT),
            encoding="utf-8", newline="\n",
        )  # fmt: skip
