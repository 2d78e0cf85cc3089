"""Read a log of any kind: the kind is told by the ending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flowaudit.errors import InputError, UsageError
from flowaudit.eventlog.csv import read_csv
from flowaudit.eventlog.excel import read_excel
from flowaudit.eventlog.folder import read_folder
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, as_mapping
from flowaudit.eventlog.ocel import demand_type, flatten, read_ocel
from flowaudit.eventlog.parquet import read_parquet
from flowaudit.eventlog.source import existing, sha256
from flowaudit.eventlog.store import open_log, sidecar
from flowaudit.eventlog.xes import read_xes
from flowaudit.eventlog.zip import packed_log
from flowaudit.messages import both
from flowaudit.messages import translate as _

_READERS: dict[str, Callable[..., EventLog]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".xes": read_xes,
    ".parquet": read_parquet,
    ".arrow": read_parquet,
    ".feather": read_parquet,
}
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
OBJECT_CENTRIC = (".jsonocel", ".json", ".xmlocel", ".sqlite")
_GZIPPED = (".csv", ".tsv", ".txt", ".xes", ".jsonocel", ".json", ".xmlocel")
# A log in one of these is mapped into memory and would keep the unpacked file open.
_NOT_ZIPPED = (".arrow", ".feather")
KNOWN = (*_READERS, *WORKBOOKS, *OBJECT_CENTRIC, ".zip")

_ELSEWHERE: dict[str, Callable[[], str]] = {
    ".7z": lambda: _("unpack it first."),
    ".rar": lambda: _("unpack it first."),
    ".tar": lambda: _("unpack it first."),
    ".et": lambda: _("save it as .xlsx."),
    ".numbers": lambda: _("save it as .xlsx."),
    ".mdb": lambda: _("export the table as CSV UTF-8."),
    ".accdb": lambda: _("export the table as CSV UTF-8."),
    ".dbf": lambda: _("export the table as CSV UTF-8."),
    ".xml": lambda: _("give it the ending .xes if it is XES, .xmlocel if it is OCEL."),
    ".mxml": lambda: _("export the log as XES or CSV."),
}


def ending(path: Path) -> tuple[str, bool]:
    """Return the ending that tells a file's kind, and whether ``.gz`` follows it.

    Examples
    --------
    >>> ending(Path("办件.2024.CSV.gz"))
    ('.csv', True)
    """
    suffixes = [s.casefold() for s in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    return (suffixes[-2] if packed and len(suffixes) > 1 else suffixes[-1] if suffixes else ""), packed


def read_log(
    path: str | Path,
    mapping: ColumnMapping | str | Path | None = None,
    *,
    salt: bytes | None = None,
    keep_text: bool = False,
    sheet: str | int | None = None,
    object_type: str | None = None,
    **columns: str,
) -> EventLog:
    """Read a log of any kind.

    A folder of tables; ``.csv``, ``.tsv``, ``.txt``, ``.xes`` (each also ``.gz``); ``.parquet``, ``.arrow``,
    ``.feather``; workbooks ``.xlsx``, ``.xlsm``, ``.xlsb``, ``.xls``, ``.ods``; object-centric ``.jsonocel``, ``.json``,
    ``.xmlocel`` (each also ``.gz``), ``.sqlite``; and a ``.zip`` that holds one of these. A log stored by
    :func:`flowaudit.eventlog.write_log` is opened as it is; everything else is read anew.

    Parameters
    ----------
    path, mapping, salt, keep_text, **columns
        As in :func:`flowaudit.eventlog.read_csv`.
    sheet : str or int, optional
        Of a workbook; see :func:`flowaudit.eventlog.read_excel`.
    object_type : str, optional
        Which objects of an object-centric log are the cases; see :func:`flowaudit.eventlog.flatten`. Also
        ``object_type`` under ``[file]`` of a mapping.

    Raises
    ------
    InputError
        If there is nothing at ``path``, its kind is unknown, or its reader refuses it.
    UsageError
        If an object-centric log is given without the type of its cases (they are listed), or ``sheet`` or
        ``object_type`` for a file that has none.
    """
    path = existing(path)
    if path.is_dir():
        _refuse_words(path, sheet=sheet, object_type=object_type)
        return read_folder(path, mapping=mapping, salt=salt, keep_text=keep_text, **columns)
    kind, packed = ending(path)
    if kind == ".zip" and not packed:
        return _from_zip(
            path, mapping, salt=salt, keep_text=keep_text, sheet=sheet, object_type=object_type, columns=columns
        )
    if kind in OBJECT_CENTRIC and (not packed or kind in _GZIPPED):
        _refuse_words(path, sheet=sheet)
        found = as_mapping(mapping)
        log = read_ocel(path, mapping=found, salt=salt, keep_text=keep_text, **columns)
        wanted = object_type if object_type is not None else found.file.object_type
        demand_type(log.object_types, wanted, path.name)
        return flatten(log, str(wanted))
    _refuse_words(path, object_type=object_type)
    if kind in WORKBOOKS and not packed:
        return read_excel(
            path, sheet=sheet, header_row=None, mapping=mapping, salt=salt, keep_text=keep_text, **columns
        )
    _refuse_words(path, sheet=sheet)
    if kind == ".arrow" and not packed and sidecar(path).is_file():
        return open_log(path)
    reader = None if packed and kind not in _GZIPPED else _READERS.get(kind)
    if reader is None:
        raise _unknown(path, kind, packed)
    return reader(path, mapping=mapping, salt=salt, keep_text=keep_text, **columns)


def _from_zip(
    path: Path,
    mapping: ColumnMapping | str | Path | None,
    *,
    salt: bytes | None,
    keep_text: bool,
    sheet: str | int | None,
    object_type: str | None,
    columns: dict[str, str],
) -> EventLog:
    digest = sha256(path)
    with packed_log(path, _in_zip) as inside:
        log = read_log(inside, mapping, salt=salt, keep_text=keep_text, sheet=sheet, object_type=object_type, **columns)
        told = log.provenance
        notes = (both("'{member}' inside '{file}'", member=inside.name, file=path.name), *told.notes)
        provenance = replace(told, source=path.name, sha256={path.name: digest, **told.sha256}, notes=notes)
        return replace(log, provenance=provenance)


def _in_zip(name: str) -> bool:
    kind, packed = ending(Path(name))
    return kind in KNOWN and kind != ".zip" and kind not in _NOT_ZIPPED and (not packed or kind in _GZIPPED)


def _refuse_words(path: Path, *, sheet: str | int | None = None, object_type: str | None = None) -> None:
    """Raise UsageError for words that say nothing about this file: they were meant for another."""
    if sheet is not None:
        raise UsageError(_("'{file}' has no sheets; sheet='{sheet}' means nothing.", file=path.name, sheet=sheet))
    if object_type is not None:
        raise UsageError(
            _("'{file}' is not object-centric; object_type='{type}' means nothing.", file=path.name, type=object_type)
        )


def _unknown(path: Path, kind: str, packed: bool) -> InputError:
    tell = _ELSEWHERE.get(kind)
    if tell is None and packed and kind in KNOWN:
        tell = _ELSEWHERE[".tar"]
    return InputError(
        _(
            "'{file}' is not a log that can be read: its ending '{ending}' is unknown.",
            file=path.name,
            ending="".join([kind, ".gz"] if packed and kind != ".gz" else [kind]),
        ),
        hint=tell()
        if tell
        else _("known: a folder of tables, {endings}.", endings=" ".join([*KNOWN, *(f"{k}.gz" for k in _GZIPPED)])),
    )
