"""Write an event log as CSV."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from flowaudit.eventlog.assemble import _BOOLEANS, _NUMBERS, _TIMES, EVENT_TIMES
from flowaudit.eventlog.coded import is_text
from flowaudit.eventlog.flat import flat_table, lost_tables
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.staging import staged
from flowaudit.messages import translate as _

_BOM = b"\xef\xbb\xbf"
# What a spreadsheet program takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = "^[=+\\-@\t\r]"


def write_csv(log: EventLog, path: str | Path, *, for_spreadsheet: bool = False) -> tuple[str, ...]:
    """Write the events, and the attributes of their cases as columns ``case:NAME``.

    UTF-8 with a byte order mark, so that spreadsheet programs show Chinese; stamps in ISO form; missing values are
    empty cells. ``.tsv`` is separated by tabs; ``.gz`` is packed. The file appears whole or not at all.

    Parameters
    ----------
    log : EventLog
    path : str or Path
    for_spreadsheet : bool
        Put an apostrophe before texts that a spreadsheet program would run as a formula (those that begin with
        ``=``, ``+``, ``-``, ``@``, tab or carriage return). For files that leave the office; reading such a file back
        gives other texts.

    Returns
    -------
    tuple of str
        What CSV could not hold of this log, in words. Reading the file back otherwise gives the same log: cases,
        events, their order, stamps to the microsecond, pseudonyms.

    Raises
    ------
    InputError
        If the file cannot be written.

    Notes
    -----
    Lost: side tables other than ``cases``; the types of columns without a canonical name (they come back as text); the
    difference between empty and missing text; the provenance.
    """
    path = Path(path)
    table = flat_table(log)
    names = path.name.casefold().split(".")
    lost = lost_tables(log)
    typed = [
        name
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
        if not is_text(kind.value_type if pa.types.is_dictionary(kind) else kind) and not _keeps_type(name)
    ]
    if typed:
        lost.append(_("the types of the columns {columns} (they are read as text)", columns=", ".join(typed)))
    columns = [_plain(table[name], safe=for_spreadsheet) for name in table.column_names]
    options = pacsv.WriteOptions(delimiter="\t" if "tsv" in names[-2:] else ",")
    with staged(path) as place, place.open("wb") as plain:
        out = gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) if names[-1] == "gz" else plain
        out.write(_BOM)
        pacsv.write_csv(pa.table(columns, names=table.column_names), pa.PythonFile(out, mode="w"), options)
        if out is not plain:
            out.close()
    return tuple(lost)


def _plain(values: pa.ChunkedArray, *, safe: bool) -> pa.ChunkedArray:
    """Return a column as it is written."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if safe and is_text(values.type):
        risky = pc.match_substring_regex(values, _FORMULA)
        values = pc.if_else(risky, pc.binary_join_element_wise("'", values, ""), values)
    return values


def _keeps_type(name: str) -> bool:
    """Say whether a reader of text gives a column its type again."""
    if name.startswith("case:"):
        return name.removeprefix("case:") in {*_TIMES, *_NUMBERS, *_BOOLEANS}
    return name in {*EVENT_TIMES, "level", "is_auto", "node_seq"}
