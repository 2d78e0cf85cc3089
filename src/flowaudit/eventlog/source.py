"""Bytes of a given file: opened, unpacked, decoded and digested, every failure told by the file's name."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from flowaudit.errors import InputError
from flowaudit.messages import translate as _

_SIGNATURES = {
    b"PK\x03\x04": "Excel (.xlsx)",
    b"\xd0\xcf\x11\xe0": "Excel (.xls)",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"PAR1": "Parquet (.parquet)",
    b"ARROW1": "Arrow (.arrow)",
    b"\x1f\x8b": "gzip (.gz)",
}


def existing(path: str | Path) -> Path:
    """Return the path, or raise InputError when nothing is there."""
    path = Path(path)
    if path.name in ("", ".."):
        # What is typed as `.` has no name of its own, and messages and documents call a log by its name.
        path = path.resolve()
    if not path.exists():
        beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        from flowaudit.errors import nearest

        near = nearest(path.name, beside, n=1)
        raise InputError(
            _("'{path}' does not exist.", path=path),
            hint=_("did you mean '{near}'?", near=near[0]) if near else _("check the folder and the spelling."),
        )
    return path


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as it lies on disk (packed when it is packed)."""
    with _told(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, unpacking ``.gz``; truncated or damaged files raise InputError."""
    with _told(path):
        if path.stat().st_size == 0:
            raise InputError(_("'{file}' is empty.", file=path.name), hint=_("export it again."))
        if path.name.casefold().endswith(".gz"):
            with gzip.open(path, "rb") as stream:
                yield cast(BinaryIO, stream)
        else:
            with path.open("rb") as plain:
                yield plain


def read_text(path: Path) -> tuple[str, str]:
    """Return a text file's content and the encoding it was read by: UTF-8, or else GB18030, strictly.

    Guessing is not tried: libraries that guess take small GB files for Korean.
    """
    with unpacked(path) as stream:
        raw = stream.read()
    if not raw.strip():
        raise InputError(_("'{file}' is empty.", file=path.name), hint=_("export it again."))
    for signature, kind in _SIGNATURES.items():
        if raw.startswith(signature):
            raise InputError(
                _("'{file}' is not text but {kind}.", file=path.name, kind=kind),
                hint=_("save it as CSV UTF-8, or give it its own ending."),
            )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text, encoding
    raise InputError(
        _("'{file}' is not a log: it is neither UTF-8 nor GB18030 text.", file=path.name),
        hint=_("save it as CSV UTF-8."),
    )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error) as error:
        raise InputError(
            _("'{file}' is cut off or damaged: its packed content does not end.", file=path.name),
            hint=_("copy or download the file again."),
        ) from error
    except gzip.BadGzipFile as error:
        raise InputError(
            _("'{file}' is not a gzip file, or is damaged.", file=path.name),
            hint=_("copy it again, or remove '.gz' from its name if it is not packed."),
        ) from error
    except OSError as error:
        raise InputError(
            _("'{file}' cannot be read: {reason}.", file=path.name, reason=error.strerror or error)
        ) from error
