"""Write an event log as Parquet."""

from __future__ import annotations

from pathlib import Path

from flowaudit.eventlog.flat import flat_table, lost_tables
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.staging import staged


def write_parquet(log: EventLog, path: str | Path) -> tuple[str, ...]:
    """Write the events, and the attributes of their cases as columns ``case:NAME``, with their types.

    The file appears whole or not at all.

    Returns
    -------
    tuple of str
        What one table could not hold of this log, in words. Reading the file back otherwise gives the same log.

    Raises
    ------
    InputError
        If the file cannot be written.

    Notes
    -----
    Lost: side tables other than ``cases``, and the provenance. :func:`flowaudit.eventlog.write_log` keeps everything.
    """
    import pyarrow.parquet

    table = flat_table(log)
    with staged(path) as place:
        pyarrow.parquet.write_table(table, place, compression="zstd", write_page_checksum=True)
    return tuple(lost_tables(log))
