"""What people read is complete in both languages: every id of the source, every placeholder, nothing left over."""

import ast
import gettext
import io
import re
import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from flowaudit.messages import current_language, speaking, translate

SOURCE = Path(__file__).parents[1] / "src" / "flowaudit"
FOLDER = SOURCE / "messages" / "locale" / "zh" / "LC_MESSAGES"


def calls(tree: ast.Module):
    """Every call of ``translate`` or ``both`` in a file, under whatever name it was imported."""
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "flowaudit.messages"
        for alias in node.names
        if alias.name in ("translate", "both")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def ids() -> dict[str, tuple[str, ast.Call]]:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if node.args and isinstance(node.args[0], ast.Constant):
                found[node.args[0].value] = (f"{path.relative_to(SOURCE).as_posix()}:{node.lineno}", node)
    return found


def names(text: str) -> set[str]:
    """Placeholders with their conversions and formats, ``share:.0%`` for ``{share:.0%}``."""
    return {
        field + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
        for _literal, field, spec, conversion in Formatter().parse(text)
        if field is not None
    }


IDS = ids()
with (FOLDER / "flowaudit.po").open("rb") as _stream:
    CATALOGUE = read_po(_stream)
TRANSLATED = {m.id: m.string for m in CATALOGUE if m.id}


def test_every_id_is_written_out_at_the_call():
    """What is put together at run time is found by no extractor, and never translated."""
    wrong = []
    for path in SOURCE.rglob("*.py"):
        for node in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if not (
                len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
            ):
                wrong.append(f"{path.relative_to(SOURCE).as_posix()}:{node.lineno}: {ast.unparse(node)[:80]}")
    assert not wrong, "\n".join(wrong)


def test_every_id_has_a_translation():
    missing = [f"{where}: {text!r}" for text, (where, _) in IDS.items() if not TRANSLATED.get(text)]
    assert not missing, "\n".join(missing)


def test_the_catalogue_holds_nothing_else():
    assert set(TRANSLATED) <= set(IDS)
    assert not CATALOGUE.obsolete
    assert not [m.id for m in CATALOGUE if m.id and m.fuzzy]


def test_translations_have_the_same_placeholders():
    wrong = [text for text, chinese in TRANSLATED.items() if names(text) != names(chinese)]
    assert not wrong, "\n".join(wrong)


def test_calls_fill_exactly_the_placeholders():
    wrong = []
    for text, (where, node) in IDS.items():
        given = {keyword.arg for keyword in node.keywords} - {"lang"}
        if None in given:
            continue
        wanted = {re.split(r"[:!.\[]", name)[0] for name in names(text)}
        # Without values nothing is filled: braces are then text.
        if given != wanted and (given or wanted != {""}):
            wrong.append(f"{where}: {text!r} is given {sorted(given)}")
    assert not wrong, "\n".join(wrong)


def test_chinese_is_chinese():
    """An id copied unchanged is a translation forgotten, unless it is a name or a formula."""
    same = [text for text, chinese in TRANSLATED.items() if text == chinese and re.search(r"[a-z]{4,}", text)]
    assert not same, "\n".join(same)


def test_compiled_catalogue_is_the_written_one():
    compiled = io.BytesIO()
    write_mo(compiled, CATALOGUE)
    compiled.seek(0)
    with (FOLDER / "flowaudit.mo").open("rb") as stream:
        shipped = gettext.GNUTranslations(stream)._catalog
    fresh = gettext.GNUTranslations(compiled)._catalog
    assert {k: v for k, v in shipped.items() if k} == {k: v for k, v in fresh.items() if k}


def test_babel_finds_what_we_find():
    """``python dev.py messages`` uses Babel: it must see the same ids."""
    from babel.messages.extract import extract_from_dir

    found = {
        row[2]
        for row in extract_from_dir(
            str(SOURCE), [("**.py", "python")], keywords=dict.fromkeys(("_", "translate", "both"))
        )
    }
    assert {text for text in found if isinstance(text, str)} == set(IDS)


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"FLOWAUDIT_LANG": "zh"}, "zh"),
        ({"FLOWAUDIT_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en_US"}, "zh"),
        ({"LANG": "Chinese (Simplified)_China.936"}, "zh"),
        ({"LANG": "C"}, "en"),
    ],
)
def test_language_is_chosen_by_environment(monkeypatch, variables, language):
    for name in ("FLOWAUDIT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert current_language() == language


def test_speaking_lasts_as_long_as_its_block():
    with speaking("zh"):
        assert translate("Unit") == "单位"
        assert translate("Unit", lang="en") == "Unit"
        with speaking("en"):
            assert translate("Unit") == "Unit"
        assert current_language() == "zh"


def test_an_unknown_id_is_said_as_it_is():
    assert translate("no such words {n}", lang="zh", n=2) == "no such words 2"


def test_the_catalogue_is_read_without_the_development_packages():
    code = "import sys; from flowaudit.messages import translate; assert translate('Unit', lang='zh') == '单位'; print('babel' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
