"""The house's import table (docs/architecture.md): changing it means changing it here, in review."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "flowaudit"

OPEN_TO_ALL = {"errors", "messages", "toml"}
GROUND = {"worktime", "catalogue"}
MINE = {"eventlog", "worktime", "catalogue", "flow", "metrics"}
CHAIN = MINE | {"diagnosis", "process", "redesign", "simulation", "targets", "planning"}
ALLOWED = {
    "errors": set(),
    "messages": set(),
    "toml": set(),
    "worktime": set(),
    # a limit is worktime's word for so many working days
    "catalogue": {"worktime"},
    "eventlog": GROUND,
    "flow": {"eventlog", "worktime"},
    "metrics": {"eventlog", "worktime", "catalogue", "flow"},
    "diagnosis": MINE,
    "process": MINE,
    "redesign": {"process", "catalogue", "eventlog", "metrics", "diagnosis"},
    # never diagnosis, redesign, targets: a run knows nothing of what people want of it
    "simulation": MINE | {"process"},
    # never simulation: observed and simulated logs are judged alike
    "targets": {"metrics", "eventlog", "catalogue", "worktime"},
    "planning": {"redesign", "simulation", "targets", "process", "metrics", "diagnosis", "eventlog", "worktime", "catalogue"},
    "study": CHAIN,
    "views": CHAIN | {"study"},
    "documents": CHAIN | {"study", "views"},
    "delivery": CHAIN | {"study", "views", "documents"},
    "cli": CHAIN | {"study", "views", "documents", "delivery", "root"},
    "__main__": {"cli"},
    "root": CHAIN | {"study", "views", "documents", "delivery"},
}  # fmt: skip

HEAVY = {
    "pm4py", "scipy", "matplotlib", "numba", "networkx", "great_tables", "holidays", "pygraphviz", "docx", "xlsxwriter",
    "typst", "ibis", "chinese_calendar", "ipywidgets", "SALib",
}  # fmt: skip


def room_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return "root" if parts == ("__init__",) else parts[0]


def rooms() -> set[str]:
    return {room_of(path) for path in SOURCE.rglob("*.py")}


def imports(path: Path):
    """Every import of flowaudit in a file, as (line, module, name or None); relative ones made absolute."""
    package = ["flowaudit", *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "flowaudit":
                    yield node.lineno, alias.name, None
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module.split(".")[0] == "flowaudit":
                for alias in node.names:
                    yield node.lineno, module, alias.name


def public_face(room: str) -> set[str] | None:
    """``__all__`` of a room, or None where a single file has none (then every name without underscore is public)."""
    path = SOURCE / room / "__init__.py"
    tree = ast.parse((path if path.exists() else SOURCE / f"{room}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return set(ast.literal_eval(node.value))
    return None


def complaints(path: Path, room: str):
    for line, module, name in imports(path):
        parts = module.split(".")
        if len(parts) == 1 and name is not None and ((SOURCE / name).is_dir() or (SOURCE / f"{name}.py").exists()):
            parts, name = [*parts, name], None
        target = parts[1] if len(parts) > 1 else "root"
        where = f"{path.relative_to(SOURCE).as_posix()}:{line}"
        if target == room:
            continue
        if target not in OPEN_TO_ALL | ALLOWED[room]:
            yield f"{where}: {room} may not import {target}"
        elif len(parts) > 2:
            yield f"{where}: imports {module}, not the public face of {target}"
        elif name is not None and target != "root":
            face = public_face(target)
            if name.startswith("_") or (face is not None and name not in face):
                yield f"{where}: {target} does not offer {name!r} in __all__"


def documented() -> dict[str, set[str]]:
    """The table of docs/architecture.md, read."""
    text = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for line in text.split("Who may import whom")[1].split("```")[1].strip().splitlines():
        names, words = re.split(r"  +", line.strip(), maxsplit=2)[:2]
        above = set(found)
        for name in names.split(", "):
            parts = set(words.split(", "))
            if "all of the above" in parts:
                parts = parts - {"all of the above"} | above
            found[name] = set() if words.startswith("nothing") else parts
    return found


def test_the_table_is_the_one_people_read():
    told = documented()
    assert len(told) > 10
    for room, allowed in told.items():
        if allowed != {"everything"}:
            assert ALLOWED[room] == allowed, room


def test_every_room_is_in_the_table():
    assert rooms() <= set(ALLOWED)


def test_the_table_has_no_circle():
    """Rooms stand on one another: there is an order in which each only needs those before it."""
    done: set[str] = set(OPEN_TO_ALL)
    waiting = set(ALLOWED) - done
    while waiting:
        ready = {room for room in waiting if ALLOWED[room] <= done}
        assert ready, f"these rooms need each other: {sorted(waiting)}"
        done |= ready
        waiting -= ready


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_imports_follow_the_table(room):
    wrong = [c for path in SOURCE.rglob("*.py") if room_of(path) == room for c in complaints(path, room)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from flowaudit.redesign import Scenario", "may not import redesign"),
        ("import flowaudit.redesign", "may not import redesign"),
        ("from flowaudit import redesign", "may not import redesign"),
        ("from ..redesign import Scenario", "may not import redesign"),
        ("from flowaudit.process.model import Node", "public face"),
        ("from flowaudit.process import _secret", "__all__"),
        ("from flowaudit import read_csv", "may not import root"),
        ("def late():\n    from flowaudit.diagnosis import diagnose", "may not import diagnosis"),
    ],
)
def test_a_wrong_import_is_seen(tmp_path, monkeypatch, text, said):
    """Break the rule once and watch it fail."""
    import sys

    (tmp_path / "simulation").mkdir()
    for name in ("redesign", "diagnosis", "process"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("__all__ = ['Node']", encoding="utf-8")
    bad = tmp_path / "simulation" / "runs.py"
    bad.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    found = list(complaints(bad, "simulation"))
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_heavy_packages_are_imported_inside_functions(path):
    """``import flowaudit`` stays under half a second; kernel files are themselves imported inside functions."""
    if path.name.startswith("_kernels"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test))
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in guarded:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            if (isinstance(node, ast.ImportFrom) and not node.level) or isinstance(node, ast.Import):
                heavy = {n.split(".")[0] for n in names} & HEAVY
                assert not heavy, f"line {node.lineno}: {sorted(heavy)} at the top of the file"
            assert not any("_kernels" in a.name for a in node.names), (
                f"line {node.lineno}: kernels at the top of the file"
            )


def test_rooms_have_a_public_face():
    for folder in SOURCE.iterdir():
        if folder.is_dir() and list(folder.glob("*.py")) and folder.name != "cli":
            face = public_face(folder.name)
            assert face, f"{folder.name}/__init__.py has no __all__"
            assert not {name for name in face if name.startswith("_")}
