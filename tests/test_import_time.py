"""``import flowaudit`` is cheap, and its names come on first use."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import flowaudit

ROOT = Path(__file__).parents[1]
HEAVY = (
    "pm4py", "scipy.stats", "matplotlib", "numba", "networkx", "great_tables", "holidays", "pygraphviz", "docx", "xlsxwriter",
)  # fmt: skip


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_import_loads_nothing_heavy():
    code = f"import sys, flowaudit; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run_python(code).strip() == "[]"


def test_reading_names_loads_nothing_heavy():
    """Every public name can be had without the heavy packages: they are for the work, not for the words."""
    code = (
        "import sys, flowaudit\n"
        "for name in flowaudit.__all__: getattr(flowaudit, name)\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    assert run_python(code).strip() == "[]"


def test_import_takes_less_than_half_a_second():
    """The best of three, so that a busy machine does not decide."""
    code = "import time; t = time.perf_counter(); import flowaudit; print(time.perf_counter() - t)"
    assert min(float(run_python(code)) for _ in range(3)) < 0.5


@pytest.mark.parametrize("name", flowaudit.__all__)
def test_every_name_is_there(name):
    assert getattr(flowaudit, name) is not None
    assert name in dir(flowaudit)


def test_study_is_the_function_whoever_imports_the_file_first():
    code = (
        "import flowaudit.study, flowaudit as fa\n"
        "from flowaudit.study import Study\n"
        "print(callable(fa.study), fa.Study is Study)"
    )
    assert run_python(code).strip() == "True True"
    assert run_python("import flowaudit as fa; fa.Study; print(callable(fa.study))").strip() == "True"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'read_pdf'"):
        _ = flowaudit.read_pdf


def test_the_lazy_table_agrees_with_what_type_checkers_see():
    tree = ast.parse((ROOT / "src" / "flowaudit" / "__init__.py").read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
    seen = {alias.name: node.module.split(".")[1] for node in block.body for alias in node.names}
    assert seen == flowaudit._HOME
    assert set(flowaudit.__all__) == {*seen, "__version__"}


def test_version_agrees_with_the_project_file():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert flowaudit.__version__ == project["version"]
