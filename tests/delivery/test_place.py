"""A folder is written whole or not at all."""

import os
from pathlib import Path

import pytest

from flowaudit.delivery import Place
from flowaudit.errors import InputError

NAMES = ["a.txt", "b.txt", "manifest.json"]


def contents(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") if p.is_file() else "-" for p in folder.iterdir()}


def fill(place: Place, text: str = "new", names=NAMES) -> None:
    with place.staging() as staged:
        for name in names:
            (staged / name).write_text(text, encoding="utf-8")
        place.fill(staged, names)


def test_a_new_folder_is_made_with_its_parents(tmp_path):
    place = Place(tmp_path / "a" / "b")
    place.require(NAMES)
    assert not (tmp_path / "a").exists()
    fill(place)
    assert contents(tmp_path / "a" / "b") == dict.fromkeys(NAMES, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_other_files_are_left_alone(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    (out / "a.txt").write_text("old", encoding="utf-8")
    fill(Place(out))
    assert contents(out) == {"notes.txt": "mine", **dict.fromkeys(NAMES, "new")}


def test_a_file_that_cannot_be_moved_puts_everything_back(tmp_path, monkeypatch):
    """As on Windows, where a document open in Word can be neither replaced nor moved."""
    out = tmp_path / "out"
    fill(Place(out), "old", ["a.txt", "b.txt"])
    real = Path.replace

    def locked(self, target):
        if self == out / "a.txt" or Path(target) == out / "a.txt":
            raise PermissionError(13, "in use")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(InputError, match=r"a\.txt.*in use"):
        fill(Place(out))
    assert contents(out) == {"a.txt": "old", "b.txt": "old"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("failing", NAMES)
@pytest.mark.parametrize("error", [OSError(28, "disk full"), KeyboardInterrupt()])
def test_a_failure_half_way_leaves_the_folder_as_it_was(tmp_path, monkeypatch, failing, error):
    out = tmp_path / "out"
    fill(Place(out), "old", ["a.txt", "manifest.json"])
    real = Path.replace

    def full(self, target):
        if self.name == failing and self.parent.name.startswith(".flowaudit-"):
            raise error
        return real(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError if isinstance(error, OSError) else KeyboardInterrupt):
        fill(Place(out))
    assert contents(out) == {"a.txt": "old", "manifest.json": "old"}


def test_a_failure_in_a_new_folder_leaves_no_folder(tmp_path, monkeypatch):
    def full(self, target):
        raise OSError(28, "disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="disk full"):
        fill(Place(tmp_path / "a" / "b"))
    assert list(tmp_path.iterdir()) == []


def test_the_last_name_is_moved_last(tmp_path, monkeypatch):
    """Whoever finds a manifest finds everything it names; the old one goes first."""
    out = tmp_path / "out"
    fill(Place(out), "old")
    moves = []
    real = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, target: (moves.append(self), real(self, target))[1])
    fill(Place(out))
    assert moves[0] == out / "manifest.json"
    assert moves[-1].name == "manifest.json"
    assert moves[-1].parent != out


@pytest.mark.parametrize("below", [".", "deeper", "deeper/still"])
def test_a_file_in_place_of_the_folder_is_named(tmp_path, below):
    file = tmp_path / "out"
    file.write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="is a file, not a folder"):
        Place(file / below if below != "." else file).require(NAMES)


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(InputError, match=r"a\.txt is a folder"):
        Place(tmp_path).require(NAMES)


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_closed_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="nothing can be written"):
        Place(tmp_path).require(NAMES)


def test_require_leaves_nothing_behind(tmp_path):
    Place(tmp_path).require(NAMES)
    assert list(tmp_path.iterdir()) == []
