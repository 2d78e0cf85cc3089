"""Bytes of a given file: opened, unpacked, decoded and digested, every failure told by the file's name."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa

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

_BYTE_ORDER = {
    codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be",
    b"\x84\x31\x95\x33": "gb18030",
}  # fmt: skip
_HEAD, _CHUNK = 4096, 1 << 22


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
def digest(path: Path) -> Iterator[Future[str]]:
    """Work out the SHA-256 of a file while it is being read; the result is there at the end of the block."""
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(sha256, path)


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, unpacking ``.gz``; truncated or damaged files raise InputError."""
    with _told(path):
        if path.stat().st_size == 0:
            raise InputError(_("'{file}' is empty.", file=path.name), hint=_("export it again."))
        if path.name.casefold().endswith(".gz"):
            with gzip.open(path, "rb") as stream:
                yield cast(BinaryIO, _Plausible(stream, path))
        else:
            with path.open("rb") as plain:
                yield plain


class _Plausible:
    """An unpacking stream that ends in an error where more comes out of it than any log becomes."""

    def __init__(self, stream: gzip.GzipFile, path: Path) -> None:
        self._stream, self._path = stream, path
        self._size, self._packed = 0, path.stat().st_size

    def read(self, size: int = -1) -> bytes:
        from flowaudit.eventlog.zip import refuse_bomb

        found = self._stream.read(size)
        self._size += len(found)
        refuse_bomb(self._size, self._packed, file=self._path.name, member=self._path.stem)
        return found


@contextmanager
def utf8(path: Path, encoding: str | None = None) -> Iterator[tuple[pa.Buffer, str]]:
    """Open a text file as UTF-8 without signature, strictly, and tell the encoding it is written in.

    Tried are what a signature says, else UTF-16 where every other byte is empty, else UTF-8, else GB18030. Guessing is
    not tried: libraries that guess take small GB files for Korean. A file that is UTF-8 already is mapped into memory;
    any other is rewritten beside, a few megabytes at a time.

    Raises
    ------
    InputError
        If it is empty, not text (told by its signature), cut off, holds a NUL, or a byte that its encoding does not
        know (told with its line).
    """
    with unpacked(path) as stream:
        head = stream.read(_HEAD)
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            raise InputError(
                _("'{file}' is not text but {kind}.", file=path.name, kind=kind),
                hint=_("save it as CSV UTF-8, or give it its own ending."),
            )
    marked, skip = _marked(head)
    if encoding is not None:
        # Python has many names for one encoding; a signature is no part of the text.
        encoding = {"utf-8-sig": "utf-8"}.get(name := codecs.lookup(encoding).name, name)
        encoding = marked if encoding == "utf-16" and marked else encoding
    candidates = [encoding] if encoding is not None else [marked] if marked is not None else ["utf-8", "gb18030"]
    failures: list[_UndecodableError] = []
    with tempfile.TemporaryDirectory(prefix="flowaudit-", ignore_cleanup_errors=True) as folder:
        for candidate in candidates:
            as_it_is = candidate in ("utf-8", "ascii") and not path.name.casefold().endswith(".gz")
            copy = None if as_it_is else Path(folder) / f"{len(failures)}.txt"
            try:
                filled = _transcode(path, candidate, skip, copy)
            except _UndecodableError as failure:
                failures.append(failure)
                if candidate == "utf-8" and _mostly_utf8(path, failure.at):
                    break
                continue
            if not filled:
                raise InputError(_("'{file}' is empty.", file=path.name), hint=_("export it again."))
            # Mapped memory is given back before the folder goes: Windows removes no mapped file.
            with pa.memory_map(str(copy or path)) as mapped:
                buffer = mapped.read_buffer()
                yield (buffer if copy else buffer.slice(skip)), candidate
                del buffer
            return
        raise _undecodable(path, failures, guessed=len(failures) > 1)


def _mostly_utf8(path: Path, at: int) -> bool:
    """Say whether a file is UTF-8 but for some damage: read as GB18030, every character of it would be another one.

    Of the characters of a GB18030 text one in seven happens to be UTF-8; of a damaged UTF-8 text nearly all are.
    """
    with unpacked(path) as stream:
        for _passed in range(at // _CHUNK):
            stream.read(_CHUNK)
        text = stream.read(_CHUNK).decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) - wrong > max(8, 2 * wrong)


class _UndecodableError(Exception):
    """A byte that an encoding does not know."""

    def __init__(self, encoding: str, at: int, line: int, place: int, byte: int) -> None:
        super().__init__(encoding)
        self.encoding, self.at, self.line, self.place, self.byte = encoding, at, line, place, byte


def _undecodable(path: Path, failures: list[_UndecodableError], *, guessed: bool) -> InputError:
    # Of several encodings the one that came furthest was most likely meant.
    far = max(failures, key=lambda failure: failure.at)
    where: dict[str, Any] = {"file": path.name, "line": far.line, "place": far.place, "byte": f"0x{far.byte:02X}"}
    if guessed:
        return InputError(
            _(
                "'{file}' is not a log: it is neither UTF-8 nor GB18030 text (line {line}, byte {place} of it: {byte}).",
                **where,
            ),
            hint=_("save it as CSV UTF-8."),
        )
    return InputError(
        _(
            "'{file}', line {line}: byte {place} of it ({byte}) is not {encoding} text.",
            **where,
            encoding=far.encoding.upper(),
        ),
        hint=_("save it as CSV UTF-8, or say its encoding."),
    )


def _marked(head: bytes) -> tuple[str | None, int]:
    """Return the encoding that the first bytes tell, and the length of their signature."""
    for signature, encoding in _BYTE_ORDER.items():
        if head.startswith(signature):
            return encoding, len(signature)
    even, odd = head[0::2].count(0), head[1::2].count(0)
    # Text in the first Unicode page has an empty byte in every character; a Chinese table has commas and digits.
    if odd > max(1, len(head) // 20, 3 * even):
        return "utf-16-le", 0
    if even > max(1, len(head) // 20, 3 * odd):
        return "utf-16-be", 0
    return None, 0


def _transcode(path: Path, encoding: str, skip: int, to: Path | None) -> bool:
    """Decode a file to its end, writing it as UTF-8 where a place is given; say whether it holds anything but blanks."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    same, extends_ascii = encoding == "utf-8", encoding in ("utf-8", "gb18030", "gbk", "ascii")
    filled = pending = False
    done = 0
    with unpacked(path) as stream, to.open("wb") if to else nullcontext() as out:
        stream.read(skip)
        done = skip
        while True:
            chunk = stream.read(_CHUNK)
            if extends_ascii and not pending and chunk.isascii():
                plain = chunk
            else:
                held = decoder.getstate()[0]
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    at = done - len(held) + error.start
                    raise _UndecodableError(
                        encoding, at, *_place(path, encoding, skip, at), error.object[error.start]
                    ) from error
                plain = chunk if same else text.encode()
                pending = bool(decoder.getstate()[0])
            if 0 in plain:
                at = done + (plain.index(0) if same or extends_ascii else chunk.index(b"\0\0"))
                line, _byte = _place(path, encoding, skip, at)
                raise InputError(
                    _("'{file}', line {line}: a NUL character stands there.", file=path.name, line=line),
                    hint=_("the file is damaged, or is not text: save it as CSV UTF-8."),
                )
            filled = filled or bool(plain.strip())
            if out is not None:
                out.write(plain)
            if not chunk:
                return filled
            done += len(chunk)


def _place(path: Path, encoding: str, skip: int, at: int) -> tuple[int, int]:
    """Return the line and the byte in it (both from 1) of a byte of the file; looked for only when something is wrong."""
    # A line feed is one byte in all encodings read here, and part of no other character, but for UTF-16.
    end = "\n".encode(encoding) if encoding.startswith("utf-16-") else b"\n"
    with unpacked(path) as stream:
        before = stream.read(at)[skip:]
    if len(end) == 1:
        return before.count(end) + 1, len(before) - before.rfind(end)
    units = np.frombuffer(before[: len(before) // 2 * 2], np.uint16) == np.frombuffer(end, np.uint16)[0]
    lines = np.flatnonzero(units)
    return len(lines) + 1, len(before) - (2 * int(lines[-1]) + 2 if len(lines) else 0) + 1


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
            _("'{file}' cannot be read: {reason}.", file=path.name, reason=error.strerror or error),
            hint=_("check that it is a file, that you may read it, and that no other program has it open."),
        ) from error
