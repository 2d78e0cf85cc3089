"""A folder that is written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

ATTEMPTS = 5
"""Virus scanners hold a fresh file for a moment on Windows."""


class Place:
    """Where documents go: checked before the work, filled after it.

    Parameters
    ----------
    folder : path
        Need not exist; it is made only when there is something to put into it.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).expanduser().absolute()

    def require(self, names: Sequence[str]) -> None:
        """Check that the folder can be written to and that every file of these names can be replaced.

        Raises
        ------
        InputError
            Naming the folder or the file.
        """
        existing = self._nearest()
        if existing == self.folder:
            for name in names:
                self._replaceable(self.folder / name)
        try:
            shutil.rmtree(tempfile.mkdtemp(prefix=".flowaudit-", dir=existing))
        except OSError as error:
            raise InputError(
                _("nothing can be written in {folder} ({error}).", folder=existing, error=error.strerror or error),
                hint=_("choose another folder with --out."),
            ) from None

    def _nearest(self) -> Path:
        """The folder itself or the nearest folder above it that exists."""
        for path in (self.folder, *self.folder.parents):
            if path.is_dir():
                return path
            if os.path.lexists(path):
                raise InputError(
                    _("{path} is a file, not a folder; documents cannot be written there.", path=path),
                    hint=_("choose another folder with --out."),
                )
        raise InputError(
            _("there is no such place: {folder}.", folder=self.folder), hint=_("choose another folder with --out.")
        )

    @staticmethod
    def _replaceable(target: Path) -> None:
        if target.is_dir():
            raise InputError(
                _("{file} is a folder; a file of that name is to be written.", file=target),
                hint=_("move it away, or choose another folder with --out."),
            )
        if not target.exists():
            return
        try:
            with target.open("r+b"):
                pass
        except OSError as error:
            raise _locked(target, error) from None

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """Give a temporary folder on the same disk as the place; it is gone afterwards, whatever happens."""
        existing = self._nearest()
        beside = existing.parent if existing == self.folder else existing
        try:
            if beside.stat().st_dev != existing.stat().st_dev:
                raise OSError
            staged = tempfile.mkdtemp(prefix=".flowaudit-", dir=beside)
        except OSError:
            # The folder above may be closed to us, or another disk.
            staged = tempfile.mkdtemp(prefix=".flowaudit-", dir=existing)
        try:
            yield Path(staged)
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def fill(self, staged: Path, names: Sequence[str], *, drop: Sequence[str] = ()) -> None:
        """Move the staged files into the folder, the last name last; on any failure put everything back.

        Parameters
        ----------
        staged : path
        names : sequence of str
            Relative to the folder, ``/`` between the parts.
        drop : sequence of str
            Files of an earlier time that have no successor.

        Raises
        ------
        InputError
            Naming the file that could not be replaced.
        """
        made: list[Path] = []
        out: list[str] = []
        into: list[str] = []
        aside, current = staged / ".replaced", self.folder
        try:
            for folder in dict.fromkeys((self.folder / name).parent for name in names):
                made += [path for path in (folder, *folder.parents) if not path.exists()]
                folder.mkdir(parents=True, exist_ok=True)
            for name in (*reversed(names), *drop):
                current = self.folder / name
                if current.exists():
                    (aside / name).parent.mkdir(parents=True, exist_ok=True)
                    _move(current, aside / name)
                    out.append(name)
            for name in names:
                current = self.folder / name
                _move(staged / name, current)
                into.append(name)
        except BaseException as error:
            for name in into:
                with contextlib.suppress(OSError):
                    (self.folder / name).unlink()
            for name in out:
                with contextlib.suppress(OSError):
                    _move(aside / name, self.folder / name)
            for path in sorted(made, reverse=True):
                with contextlib.suppress(OSError):
                    path.rmdir()
            if isinstance(error, OSError):
                raise _locked(current, error) from None
            raise


def _locked(target: Path, error: OSError) -> InputError:
    return InputError(
        _("{file} cannot be written ({error}).", file=target, error=error.strerror or error),
        hint=_("close the file if another program has it open, and check that the folder may be written to."),
    )


def _move(source: Path, target: Path) -> None:
    for attempt in range(ATTEMPTS):
        try:
            source.replace(target)
            return
        except PermissionError:
            if os.name != "nt" or attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.1 * (attempt + 1))
