"""Read an event log from a CSV file."""

from __future__ import annotations

from pathlib import Path

from flowaudit.eventlog.assemble import Raw, Reading, to_log
from flowaudit.eventlog.delimited import read_delimited
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, resolve_columns
from flowaudit.eventlog.options import options
from flowaudit.eventlog.source import sha256
from flowaudit.messages import both


def read_csv(
    path: str | Path,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> EventLog:
    """Read a table with one row per event: UTF-8 or GB18030, separated by comma, semicolon or tab, plain or ``.gz``.

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
    table = read_delimited(path)
    reading = Reading(table.file, opts, {table.file: sha256(Path(path))})
    if table.encoding != "utf-8-sig":
        reading.notes.append(both("read as {encoding}", encoding=table.encoding.upper()))
    if table.blank:
        reading.notes.append(both("{n} empty rows left out", n=table.blank))
    raw = Raw(table.frame, table.file, table.lines)
    return to_log(raw, resolve_columns(table.frame.columns, opts.mapping, file=table.file), reading)
