"""Write an event log as CSV."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from flowaudit.eventlog.assemble import _BOOLEANS, _NUMBERS, _TIMES, EVENT_TIMES
from flowaudit.eventlog.coded import is_text
from flowaudit.eventlog.delimited import _NULLS
from flowaudit.eventlog.flat import flat_table, lost_tables
from flowaudit.eventlog.formulas import guarded
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.staging import staged
from flowaudit.messages import translate as _

_BOM = b"\xef\xbb\xbf"
_REPLACEMENT = "\ufffd"


def write_csv(log: EventLog, path: str | Path) -> tuple[str, ...]:
    r"""Write the events, and the attributes of their cases as columns ``case:NAME``.

    UTF-8 with a byte order mark, so that spreadsheet programs show Chinese; stamps in ISO form; missing values are
    empty cells. ``.tsv`` is separated by tabs; ``.gz`` is packed. The file appears whole or not at all.

    No cell begins a formula: before text with ``=``, ``+``, ``-``, ``@``, a tab or a line end at its beginning stands
    an apostrophe, and the header of such a column ends in ``_apostrophe``; a reader takes both off again.

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
    difference between empty and missing text (``NULL`` and ``\N`` are missing too); the provenance.
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
    columns: dict[str, pa.ChunkedArray] = {}
    silent = unwritable = 0
    for name in table.column_names:
        values = _plain(table[name])
        if is_text(values.type):
            silent += _count(pc.is_in(values, pa.array(_NULLS, values.type)))
            bad = _count(pc.count_substring(values, "\0"))
            if bad:
                unwritable += bad
                values = pc.replace_substring(values, "\0", _REPLACEMENT)
        header, values = guarded(name, values)
        columns[header] = values
    if silent:
        lost.append(_("{n} texts that are empty or say NULL (they are read as missing)", n=silent))
    if unwritable:
        lost.append(
            _("{n} characters that no text file holds; each is written as '{sign}'", n=unwritable, sign=_REPLACEMENT)
        )
    options = pacsv.WriteOptions(delimiter="\t" if "tsv" in names[-2:] else ",")
    with staged(path) as place, place.open("wb") as plain:
        out = gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) if names[-1] == "gz" else plain
        out.write(_BOM)
        pacsv.write_csv(pa.table(columns), pa.PythonFile(out, mode="w"), options)
        if out is not plain:
            out.close()
    return tuple(lost)


def _count(values: pa.ChunkedArray) -> int:
    return int(pc.sum(values).as_py() or 0)


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without a dictionary, which CSV does not have."""
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _keeps_type(name: str) -> bool:
    """Say whether a reader of text gives a column its type again."""
    if name.startswith("case:"):
        return name.removeprefix("case:") in {*_TIMES, *_NUMBERS, *_BOOLEANS}
    return name in {*EVENT_TIMES, "level", "is_auto", "node_seq"}
