"""Read the one log inside a ``.zip``, unpacked beside its place and never trusted."""

from __future__ import annotations

import errno
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from flowaudit.errors import InputError
from flowaudit.eventlog.mapping import quoted
from flowaudit.eventlog.source import existing
from flowaudit.messages import translate as _

RATIO = 200
"""A member that grows more than this many times, and beyond ``SMALL`` bytes, is taken for a bomb."""
SMALL = 100 << 20
HUGE = 20 << 30
"""No member may become larger than this, however it is packed."""
_CHUNK = 1 << 20
_NOT_IN_NAMES = re.compile(r'[<>:"|?*\x00-\x1f]')
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1


def refuse_bomb(size: int, packed: int, *, file: str, member: str) -> None:
    """Raise InputError where unpacked bytes are implausibly many for the packed ones.

    Notes
    -----
    Text of an office packs 5 to 50 times. Deflate itself ends at 1032 times, so the ratio alone tells a bomb from a
    log; small files are let through, since they do no harm.
    """
    if size > HUGE or (size > SMALL and size > RATIO * max(packed, 1)):
        raise InputError(
            _(
                "'{file}': '{member}' would unpack from {packed} to {size} bytes, which no log does.",
                file=file, member=member, packed=f"{packed:,}", size=f"{size:,}",
            ),
            hint=_("if the file is to be trusted, unpack it yourself and read what is inside."),
        )  # fmt: skip


def member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; names not flagged as UTF-8 are GB18030 where that decodes them, else code page 437."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


@contextmanager
def packed_log(path: str | Path, readable: Callable[[str], bool]) -> Iterator[Path]:
    """Unpack the one readable member of a ``.zip`` for the time of the block.

    Parameters
    ----------
    path : str or Path
    readable : callable
        Says of a name whether a reader takes its ending. Folders and what macOS adds (``__MACOSX``, ``.DS_Store``)
        are passed over.

    Yields
    ------
    Path
        The member under its own name in a temporary folder, which is removed afterwards.

    Raises
    ------
    InputError
        If the file is no zip or damaged, holds no log or several, or the member is encrypted, is packed in a way that
        Python cannot unpack, or is larger than a log can be.
    """
    path = existing(path)
    with tempfile.TemporaryDirectory(prefix="flowaudit-", ignore_cleanup_errors=True) as folder:
        yield _unpacked(path, Path(folder), readable)


def _unpacked(path: Path, folder: Path, readable: Callable[[str], bool]) -> Path:
    """Unpack the one readable member into a folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            info, name = _only(archive, path.name, readable)
            refuse_bomb(info.file_size, info.compress_size, file=path.name, member=name)
            free = shutil.disk_usage(folder).free
            if info.file_size > free:
                raise InputError(
                    _(
                        "'{file}': '{member}' needs {size} bytes to unpack; {free} are free.",
                        file=path.name, member=name, size=f"{info.file_size:,}", free=f"{free:,}",
                    ),
                    hint=_("make room on the disk of temporary files."),
                )  # fmt: skip
            # Only the last part of the name, without what some systems do not allow there.
            target = folder / _NOT_IN_NAMES.sub("_", PurePosixPath(name.replace("\\", "/")).name)[-60:]
            with archive.open(info) as packed, target.open("wb") as out:
                _copy(packed, out, info, path.name, name)
            return target
    except NotImplementedError as error:
        raise InputError(
            _("'{file}' is packed in a way that cannot be unpacked here: {reason}.", file=path.name, reason=error),
            hint=_("unpack it yourself and read what is inside."),
        ) from error
    # What a damaged table of contents makes Python's reader say is of many kinds; a full disk or a file that may not
    # be opened is another matter.
    except (
        zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, struct.error, OverflowError, LookupError,
    ) as error:  # fmt: skip
        raise _damaged(path) from error
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise _damaged(path) from error
        raise InputError(
            _("'{file}' cannot be read: {reason}.", file=path.name, reason=error.strerror or error),
            hint=_("make room on the disk of temporary files, or see who may read the file."),
        ) from error


def _damaged(path: Path) -> InputError:
    return InputError(
        _("'{file}' is not a zip file, or is damaged.", file=path.name), hint=_("copy or download the file again.")
    )


def _only(archive: zipfile.ZipFile, file: str, readable: Callable[[str], bool]) -> tuple[zipfile.ZipInfo, str]:
    """Return the one member that can be read, and its name."""
    if not all(archive.namelist()):
        raise zipfile.BadZipFile
    members = [
        (info, name)
        for info in archive.infolist()
        if not info.is_dir() and not _aside(name := member_name(info)) and not name.endswith("/")
    ]
    if not members:
        raise InputError(_("'{file}' holds no file.", file=file), hint=_("export it again."))
    logs = [(info, name) for info, name in members if readable(name)]
    if len(logs) != 1:
        if logs:
            message = _("'{file}' holds {n} logs: {names}.", file=file, n=len(logs), names=quoted(n for _i, n in logs))
        else:
            message = _("'{file}' holds no log; found {names}.", file=file, names=quoted(n for _i, n in members))
        raise InputError(message, hint=_("unpack it and read one of the files, or a folder of tables."))
    info, name = logs[0]
    if info.flag_bits & _ENCRYPTED:
        raise InputError(
            _("'{file}': '{member}' is protected by a password.", file=file, member=name),
            hint=_("unpack it with the password first."),
        )
    return info, name


def _aside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or (bool(parts) and parts[-1] in (".DS_Store", "Thumbs.db"))


def _copy(packed: IO[bytes], out: IO[bytes], info: zipfile.ZipInfo, file: str, member: str) -> None:
    """Unpack by chunks; what the table of contents said of the size is not believed."""
    size = 0
    while chunk := packed.read(_CHUNK):
        size += len(chunk)
        refuse_bomb(size, info.compress_size, file=file, member=member)
        out.write(chunk)
