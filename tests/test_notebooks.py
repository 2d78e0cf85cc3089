"""The notebooks run top to bottom, say what they mean in both languages, define nothing, and match their text."""

import ast
import re
from pathlib import Path

import jupytext
import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = ("01_as_is", "02_diagnosis", "03_redesign")


def test_these_are_all():
    assert sorted(p.stem for p in FOLDER.glob("*.ipynb")) == sorted(p.stem for p in FOLDER.glob("*.py")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_and_text_are_a_pair(name):
    text, book = jupytext.read(FOLDER / f"{name}.py"), jupytext.read(FOLDER / f"{name}.ipynb")
    assert [(c.cell_type, c.source) for c in text.cells] == [(c.cell_type, c.source) for c in book.cells]
    assert book.metadata["jupytext"]["formats"] == "ipynb,py:percent"


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_not_kept(name):
    """They are made by running; a diff shows what people wrote."""
    for cell in nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_defines_nothing(name):
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    assert not [
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_section_is_chinese_with_an_english_gloss(name):
    for cell in jupytext.read(FOLDER / f"{name}.py").cells:
        if cell.cell_type == "markdown":
            assert re.search(r"[一-鿿]", cell.source)
            assert re.search(r"^\*[A-Z][^*一-鿿]+\*$", cell.source, re.MULTILINE), cell.source


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_top_to_bottom(name, monkeypatch):
    from nbclient import NotebookClient

    monkeypatch.setenv("FLOWAUDIT_LANG", "zh")
    # Debuggers say on stderr that frozen modules hide from them.
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    book = jupytext.read(FOLDER / f"{name}.py")
    client = NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    client.execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o["text"] for o in outputs if o.get("name") == "stderr"], "a notebook shows no warnings"
    shown = {kind for o in outputs for kind in o.get("data", {})}
    assert "text/html" in shown
    large = [o for o in outputs if len(str(o.get("data", ""))) > 200_000]
    assert not large, "a notebook that shows megabytes opens slowly"
    assert "image/svg+xml" in shown
