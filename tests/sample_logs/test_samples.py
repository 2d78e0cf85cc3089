"""All samples: they load by name, are written again byte by byte, say that they are synthetic, and stay small."""

import doctest
import gzip
import json
import subprocess
import sys
import zipfile

import pytest
from sample_tables import ROOT

import flowaudit as fa
from flowaudit.errors import UsageError
from flowaudit.eventlog import sample_folder

NAMES = ("licence_export", "newborn/after", "newborn/before", "restaurant", "retirement")
PAGE = ROOT.parent / "docs" / "sample-logs.md"


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_by_its_name(name):
    log = fa.load_sample(name)
    assert log.n_cases >= 165
    assert log.provenance.synthetic


@pytest.mark.parametrize("name", ["newborn", "catalogue", "export", "restaurant/catalogue", "../tests", ""])
def test_another_name_is_told_the_names(name):
    with pytest.raises(UsageError) as caught:
        fa.load_sample(name)
    assert all(known in str(caught.value) for known in NAMES)


def contents(path):
    """Return a file's bytes, unpacked where it is packed: compressors differ, what they hold does not.

    A checkout may have given text files other line ends.
    """
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return {name: book.read(name) for name in book.namelist()}
    return path.read_bytes().replace(b"\r\n", b"\n")


@pytest.mark.parametrize("name", ["restaurant", "newborn", "retirement", "licence_export"])
def test_the_generator_writes_what_is_here(name, tmp_path):
    command = [sys.executable, str(ROOT / "generate.py"), name, "--out", str(tmp_path)]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=120)
    written = {p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()}
    by_hand = {"README.md", "mapping.toml"} - {p.name for p in written}
    here = {p.relative_to(ROOT / name) for p in (ROOT / name).rglob("*") if p.is_file() and p.name not in by_hand}
    assert written == here
    different = [str(p) for p in sorted(written) if contents(tmp_path / p) != contents(ROOT / name / p)]
    assert not different


def test_another_seed_writes_another_log(tmp_path):
    for seed in ("1", "2"):
        command = [sys.executable, str(ROOT / "generate.py"), "retirement", "--size", "20", "--seed", seed]
        subprocess.run([*command, "--out", str(tmp_path / seed)], check=True, timeout=60)
    one, other = (contents(tmp_path / seed / "events.csv.gz") for seed in ("1", "2"))
    assert one != other


def test_a_seed_needs_a_name():
    done = subprocess.run(
        [sys.executable, str(ROOT / "generate.py"), "--seed", "3"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "need a NAME" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_everything_says_that_it_is_synthetic_and_under_which_licence(name):
    folder = sample_folder(name)
    readme = folder / "README.md" if (folder / "README.md").exists() else folder.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert "合成数据" in text
    assert "ynthetic" in text
    assert "AGPL-3.0-or-later" in text
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert truth["synthetic"] is True
    assert "合成数据" in truth["notice"]


def test_all_together_stay_small():
    sizes = [p.stat().st_size for p in ROOT.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sum(sizes) < 15_000_000


def test_restaurant_guides_ask_for_17_materials_before_and_2_after():
    from sample_tables import read

    before, after = (read(ROOT / "restaurant" / f) for f in ("catalogue", "catalogue_after"))
    assert len(before["item_materials"]) == len(after["item_materials"]) == 17
    assert (after["item_materials"]["source"] == "申请人自备").sum() == 2
    assert set(after["item_materials"].query("source != '申请人自备'")["source"]) == {"电子证照"}
    for name in set(before) - {"item_materials"}:
        assert before[name].equals(after[name]), name


def test_restaurant_guide_figures_are_17_and_2():
    from flowaudit.metrics import guide_figures

    folder = sample_folder("restaurant")
    found = [guide_figures(fa.read_catalogue(folder / f))["materials"].value for f in ("catalogue", "catalogue_after")]
    assert found == [17, 2]


def test_the_page_runs():
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    test = doctest.DocTestParser().get_doctest(PAGE.read_text(encoding="utf-8"), {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 10
    failed = []
    runner.run(test, out=failed.append)
    assert not runner.summarize(verbose=False).failed, "".join(failed)
