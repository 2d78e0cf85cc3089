"""Read an event log from a Parquet, Feather or bare Arrow file of another program."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import InputError
from flowaudit.eventlog.assemble import Raw, Reading, to_log
from flowaudit.eventlog.coded import Gathered, is_text, one_chunk, with_distinct_labels
from flowaudit.eventlog.dates import micros
from flowaudit.eventlog.log import EventLog
from flowaudit.eventlog.mapping import ColumnMapping, resolve_columns
from flowaudit.eventlog.options import Options, options
from flowaudit.eventlog.source import digest, existing
from flowaudit.messages import translate as _

# A log has at least a time of its own for nearly every row; a file of so many rows to a byte has none, and would fill
# the memory when it is unpacked.
_MANY, _PER_BYTE = 20_000_000, 20


def read_parquet(
    path: str | Path,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> EventLog:
    """Read a Parquet, Feather or Arrow file with one row per event; columns as in :func:`flowaudit.eventlog.read_csv`.

    Times may be timestamps or text; a number is never taken for a time. Text is read as dictionaries, column by
    column, so that little more than the log itself stands in memory.

    Raises
    ------
    InputError
        As :func:`flowaudit.eventlog.read_csv`; rows count from 1, the header not counted.
    """
    return read_narrow(path, options(mapping, salt, keep_text, columns))


def read_narrow(path: str | Path, opts: Options, *, narrow: bool = False) -> EventLog:
    """Read as :func:`read_parquet`; with ``narrow`` codes of few labels stay as short as they are."""
    path = existing(path)
    with digest(path) as told:
        raws = [Raw(read_table(path, narrow=narrow), path.name, lambda rows: [r + 1 for r in rows], distinct=True)]
    reading = Reading(path.name, opts, {path.name: told.result()})
    found = resolve_columns(raws[0].table.column_names, opts.mapping, file=path.name)
    # No name is kept for the table: it goes as soon as its columns have become those of the log.
    return to_log(raws.pop(), found, reading, narrow=narrow)


def read_table(path: Path, *, narrow: bool = False) -> pa.Table:
    """Return the columns of a Parquet, Feather or Arrow file, text as dictionaries, each in one piece.

    With ``narrow`` the codes of few labels in a Parquet file are int8 or int16.

    Raises
    ------
    InputError
        If the file is damaged, or has no rows, or two columns of one name.
    """
    try:
        table = _parquet(path, narrow) if path.suffix.casefold() == ".parquet" else _arrow(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(
            _(
                "'{file}' cannot be read as {kind}: {reason}.",
                file=path.name,
                kind=path.suffix[1:].capitalize(),
                reason=reason,
            ),
            hint=_("the file is damaged, or is of another kind: export or copy it again."),
        ) from error
    if not len(table):
        raise InputError(_("'{file}' has a header but no rows.", file=path.name), hint=_("export it again."))
    return table


def _parquet(path: Path, narrow: bool) -> pa.Table:
    import pyarrow.parquet

    schema = pyarrow.parquet.read_schema(path)
    _refuse_twins(schema, path)
    text = [f.name for f in schema if is_text(f.type)]
    with pyarrow.parquet.ParquetFile(path, read_dictionary=text, page_checksum_verification=True) as file:
        groups, rows = range(file.num_row_groups), file.metadata.num_rows
        if rows > _MANY and rows > _PER_BYTE * path.stat().st_size:
            raise InputError(
                _("'{file}' says that it holds {rows} rows in {size} bytes, which no log does.",
                  file=path.name, rows=f"{rows:,}", size=f"{path.stat().st_size:,}"),
                hint=_("the file is damaged, or is of another kind: export or copy it again."),
            )  # fmt: skip
        heights = [file.metadata.row_group(group).num_rows for group in groups]
        if sum(heights) != rows:
            raise pa.ArrowInvalid(f"{rows} rows, but {sum(heights)} in the groups of rows")

        def piece(group: int, name: str) -> pa.Table:
            found = file.read_row_group(group, [name])
            # Of a damaged column fewer values may come than it says; places without one would hold anything.
            if len(found) != heights[group]:
                raise pa.ArrowInvalid(f"{len(found)} of {heights[group]} rows in a column")
            return found

        # Column after column, and of each one group of rows after the other: what was decoded goes at once into its
        # place. The next group is decoded meanwhile.
        # Closed here and not when it is collected: that may happen in any thread, which would then wait for itself.
        with closing(_ahead(piece, ((group, name) for name in schema.names for group in groups))) as pieces:
            columns: dict[str, pa.Array] = {}
            for field in schema:
                parts = (next(pieces).column(0) for _group in groups)
                if field.name in text:
                    gathered = Gathered(rows, narrow=narrow)
                    for part in parts:
                        for chunk in part.chunks:
                            _demand_labels(chunk)
                            gathered.add(chunk)
                    columns[field.name] = gathered.array()
                    # Whether text is UTF-8 is not looked at while it is read.
                    columns[field.name].dictionary.validate(full=True)
                elif pa.types.is_timestamp(field.type) and field.type.tz is None:
                    columns[field.name] = _moments(parts, rows)
                else:
                    columns[field.name] = _plain(
                        pa.chunked_array([c for part in parts for c in part.chunks], field.type)
                    )
                pa.default_memory_pool().release_unused()
    return pa.table(columns)


def _demand_labels(piece: pa.DictionaryArray) -> None:
    """Raise ArrowInvalid where a code of a damaged file leads outside its dictionary; the reader does not look."""
    low, high = (bound.as_py() for bound in pc.min_max(piece.indices).values())
    if low is not None and (low < 0 or high >= len(piece.dictionary)):
        raise pa.ArrowInvalid(f"code {high if low >= 0 else low} of {len(piece.dictionary)} labels")


def _ahead(work: Callable[..., Any], wanted: Iterable[tuple[Any, ...]]) -> Generator[Any]:
    """Yield what ``work`` returns for each of its arguments, one of them always under way."""
    with ThreadPoolExecutor(1) as pool:
        coming: deque[Future[Any]] = deque()
        for arguments in wanted:
            coming.append(pool.submit(work, *arguments))
            if len(coming) > 1:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _moments(parts: Iterable[pa.ChunkedArray], rows: int) -> pa.Array:
    """Return stamps of pieces in one, as microseconds."""
    stamps = np.empty(rows, "datetime64[us]")
    missing: list[npt.NDArray[np.int64]] = []
    row = 0
    for part in parts:
        for chunk in part.chunks:
            stamps[row : row + len(chunk)] = micros(chunk).to_numpy(zero_copy_only=False)
            if chunk.null_count:
                missing.append(np.flatnonzero(chunk.is_null().to_numpy(zero_copy_only=False)) + row)
            row += len(chunk)
    if missing:
        return pa.array(stamps, from_pandas=True)
    return pa.Array.from_buffers(pa.timestamp("us"), rows, [None, pa.py_buffer(stamps)])


def _arrow(path: Path) -> pa.Table:
    # Feather's first version is no Arrow file; pyarrow still reads it.
    with pa.memory_map(str(path)) as source:
        if source.read(4) == b"FEA1":
            import pyarrow.feather

            table = pyarrow.feather.read_table(path)
        else:
            source.seek(0)
            table = pa.ipc.open_file(source).read_all()
        _refuse_twins(table.schema, path)
        # Damage is not told while the file is read; lengths and codes that lead outside would crash whoever follows.
        table.validate(full=True)
        return _table(zip(table.column_names, table.columns, strict=True))


def _refuse_twins(schema: pa.Schema, path: Path) -> None:
    doubled = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if doubled:
        raise InputError(
            _("'{file}' has two columns named '{column}'.", file=path.name, column=doubled[0]),
            hint=_("rename one of them."),
        )


def _table(columns: Iterable[tuple[str, pa.ChunkedArray]]) -> pa.Table:
    return pa.table({name: _plain(values) for name, values in columns})


def _plain(values: pa.ChunkedArray) -> pa.Array:
    """Return a column as the door takes it: text, whole or broken numbers, times, truth values."""
    kind = values.type
    if pa.types.is_decimal(kind):
        # Whole decimals are identifiers as a rule, and longer than a float holds.
        values = values.cast(pa.string() if kind.scale <= 0 else pa.float64())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        values = values.cast(pa.binary()).cast(pa.string())
    elif pa.types.is_nested(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        values = pa.chunked_array([pa.array([None if c is None else str(c) for c in values.to_pylist()], pa.string())])
    array = one_chunk(values)
    # Dictionaries that were joined are distinct already.
    alone = pa.types.is_dictionary(array.type) and values.num_chunks == 1
    return with_distinct_labels(array) if alone else array
