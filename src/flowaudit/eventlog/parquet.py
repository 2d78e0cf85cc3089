"""Read an event log from a Parquet or a bare Arrow file of another program."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from flowaudit.errors import InputError
from flowaudit.eventlog.assemble import Raw, Reading, to_log
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, resolve_columns
from flowaudit.eventlog.options import options
from flowaudit.eventlog.source import existing, sha256
from flowaudit.messages import translate as _


def read_parquet(
    path: str | Path,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> EventLog:
    """Read a Parquet file with one row per event; columns as in :func:`flowaudit.eventlog.read_csv`.

    Times may be timestamps or text; a number is never taken for a time.

    Raises
    ------
    InputError
        As :func:`flowaudit.eventlog.read_csv`; rows count from 1, the header not counted.
    """
    path = existing(path)
    opts = options(mapping, salt, keep_text, columns)
    try:
        if path.suffix.casefold() == ".parquet":
            import pyarrow.parquet

            table = pyarrow.parquet.read_table(path)
        else:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(
            _(
                "'{file}' cannot be read as {kind}: {reason}.",
                file=path.name,
                kind=path.suffix[1:].capitalize(),
                reason=reason,
            ),
            hint=_("export it again."),
        ) from error
    frame: pd.DataFrame = table.to_pandas()
    frame.columns = [str(c) for c in frame.columns]
    frame = frame.reset_index(drop=True)
    for column in frame.columns:
        if isinstance(frame[column].dtype, pd.CategoricalDtype):
            frame[column] = frame[column].astype(frame[column].cat.categories.dtype)
    if frame.empty:
        raise InputError(_("'{file}' has a header but no rows.", file=path.name), hint=_("export it again."))
    reading = Reading(path.name, opts, {path.name: sha256(path)})
    raw = Raw(frame, path.name, lambda rows: [r + 1 for r in rows])
    return to_log(raw, resolve_columns(frame.columns, opts.mapping, file=path.name), reading)
