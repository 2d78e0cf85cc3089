"""Read an event log from a CSV file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flowaudit.eventlog.assemble import EVENT_TIMES, Raw, Reading, to_log
from flowaudit.eventlog.delimited import read_delimited
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, resolve_columns
from flowaudit.eventlog.options import options
from flowaudit.eventlog.source import digest, existing


def read_csv(
    path: str | Path,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_row: int | None = None,
    **columns: str,
) -> EventLog:
    """Read a table with one row per event: UTF-8, GB18030 or UTF-16, separated by comma, semicolon, tab or ``|``.

    The file may be packed (``.gz``). Encoding, delimiter and header are found and told in the provenance.

    Columns are recognised by their headers, Chinese or English. Applicants and officers are pseudonymised, free text
    is left out, before anything is stored.

    Parameters
    ----------
    path : str or Path
    mapping : ColumnMapping, str or Path, optional
        A mapping, or the mapping file to read.
    salt : bytes, optional
        Key of the pseudonyms; the user's own by default.
    keep_text : bool
        Keep opinions and other free text.
    encoding, delimiter : str, optional
        Such as ``"gb18030"`` and ``";"``, where they are not found by themselves; win over ``[file]`` of the mapping.
    header_row : int, optional
        Line of the file that names the columns (1 is the first), if it is not the first row of several values.
    **columns : str
        Column by column what the file calls it, such as ``end="办结日期"``. Wins over the mapping.

    Returns
    -------
    EventLog
        Columns that describe the case (application time, channel, ``case:`` attributes) stand in its table ``cases``.

    Raises
    ------
    InputError
        If the file is missing, empty, cut off, not a table, has rows of different width, lacks a column for case,
        activity or time, or has cells that are not times: with file, line and a hint.
    """
    opts = options(mapping, salt, keep_text, columns)
    said = opts.mapping
    path = Path(path)

    def times(headers: Iterable[str]) -> list[str]:
        # A file that lacks what a log needs is told of when it has been read: its rows may say more.
        plain = said.date_format is None and not said.missing_times
        found = resolve_columns(headers, said, file=path.name) if plain else {}
        return [header for column, header in found.items() if column in EVENT_TIMES]

    with digest(existing(path)) as told:
        table = read_delimited(
            path,
            encoding=encoding or said.file.encoding,
            delimiter=delimiter or said.file.delimiter,
            header_row=header_row or said.file.header_row,
            times=times,
        )
    reading = Reading(table.file, opts, {table.file: told.result()})
    reading.notes.extend(table.notes())
    raw = Raw(table.table, table.file, table.lines, distinct=True)
    return to_log(raw, resolve_columns(table.table.column_names, said, file=table.file), reading)
