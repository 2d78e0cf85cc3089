"""Read a log of any kind: the kind is told by the ending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from flowaudit.errors import InputError
from flowaudit.eventlog.csv import read_csv
from flowaudit.eventlog.folder import read_folder
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping
from flowaudit.eventlog.parquet import read_parquet
from flowaudit.eventlog.source import existing
from flowaudit.eventlog.store import open_log, sidecar
from flowaudit.eventlog.xes import read_xes
from flowaudit.messages import translate as _


class _Reader(Protocol):
    def __call__(
        self,
        path: Path,
        *,
        mapping: ColumnMapping | str | Path | None,
        salt: bytes | None,
        keep_text: bool,
        **columns: str,
    ) -> EventLog: ...


_READERS: dict[str, _Reader] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".xes": read_xes,
    ".parquet": read_parquet,
    ".arrow": read_parquet,
}
_ELSEWHERE: dict[str, Callable[[], str]] = {
    ".xlsx": lambda: _("save the sheet as CSV UTF-8."),
    ".xls": lambda: _("save the sheet as CSV UTF-8."),
    ".zip": lambda: _("unpack it first."),
    ".json": lambda: _("export the log as XES or CSV."),
}


def read_log(
    path: str | Path,
    mapping: ColumnMapping | str | Path | None = None,
    *,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> EventLog:
    """Read a log: a folder of tables, ``.csv``, ``.tsv``, ``.txt``, ``.xes`` (each also ``.gz``), ``.parquet``, ``.arrow``.

    A log stored by :func:`flowaudit.eventlog.write_log` is opened as it is; everything else is read anew.

    Parameters
    ----------
    path, mapping, salt, keep_text, **columns
        As in :func:`flowaudit.eventlog.read_csv`.

    Raises
    ------
    InputError
        If there is nothing at ``path``, its kind is unknown, or its reader refuses it.
    """
    path = existing(path)
    if path.is_dir():
        return read_folder(path, mapping=mapping, salt=salt, keep_text=keep_text, **columns)
    suffixes = [s.casefold() for s in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    kind = suffixes[-2] if packed and len(suffixes) > 1 else (suffixes[-1] if suffixes else "")
    if kind == ".arrow" and not packed and sidecar(path).is_file():
        return open_log(path)
    reader = None if packed and kind in (".parquet", ".arrow") else _READERS.get(kind)
    if reader is None:
        tell = _ELSEWHERE.get(kind)
        raise InputError(
            _(
                "'{file}' is not a log that can be read: its ending '{ending}' is unknown.",
                file=path.name,
                ending="".join(suffixes[-2:] if packed else suffixes[-1:]),
            ),
            hint=tell()
            if tell
            else _("known: a folder of tables, {endings}.", endings=" ".join([*_READERS, ".csv.gz", ".xes.gz"])),
        )
    return reader(path, mapping=mapping, salt=salt, keep_text=keep_text, **columns)
