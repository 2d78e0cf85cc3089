"""Keep a log on disk as Arrow: events memory-mapped, side tables and provenance beside them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from flowaudit.errors import InputError
from flowaudit.eventlog.log import SIDE_TABLES, EventLog, Provenance, Unit
from flowaudit.eventlog.source import existing
from flowaudit.messages import translate as _

FORMAT = 3
CASE_PTR, EVENTS = "case_ptr", "events"
TILE_EVENTS = 2**24
"""Longest record batch that :func:`write_log` makes; a longer log is stored in tiles of whole cases."""
_SAMPLED = 64
_BLOCK, _PIECE = 1 << 16, 1 << 22


def sidecar(path: Path) -> Path:
    """Return the file beside a stored log that says where it came from."""
    return path.with_name(path.name + ".json")


def side_folder(path: Path) -> Path:
    """Return the folder beside a stored log that holds its side tables and the starts of its cases."""
    return path.with_suffix(".tables")


def write_log(log: EventLog, path: str | Path, *, tile_events: int = TILE_EVENTS) -> None:
    """Store a log: events, side tables, starts of the cases, unit and provenance.

    ``NAME.arrow`` holds the events, ``NAME.tables/*.arrow`` the side tables and ``case_ptr`` (the row where each case
    starts), ``NAME.arrow.json`` unit and provenance. Arrow IPC, uncompressed, so that it can be memory-mapped; one
    dictionary for each text column. Everything is written beside its place first and moved when complete, the sidecar
    last: a broken run leaves no half log behind. The sidecar says how to know the files again, so that damage is told
    when the log is opened; files that were copied are gone through for it, others by size and moment of change.

    Parameters
    ----------
    log : EventLog
    path : str or Path
    tile_events : int
        A longer log becomes several record batches of whole cases, each of about this many events.

    Raises
    ------
    InputError
        If the place cannot be written, or a file there is open in another program.
    """
    events = log.events.unify_dictionaries()
    with StoreWriter(path, events.schema) as store:
        for low, high in _cuts(log.case_ptr, tile_events):
            for batch in _batches(events, log.case_ptr, low, high):
                store.write(batch, log.case_ptr)
        store.close(tables=log.tables, provenance=log.provenance, unit=log.unit)


def _cuts(ptr: npt.NDArray[np.int64], tile_events: int) -> Iterable[tuple[int, int]]:
    """Cut the rows of a log into tiles of whole cases."""
    rows = int(ptr[-1])
    wanted = np.arange(1, max(1, -(-rows // tile_events))) * tile_events
    cuts = np.unique(np.r_[0, ptr[np.searchsorted(ptr, wanted)], rows])
    return itertools.pairwise(cuts.tolist()) if rows else [(0, 0)]


def _batches(events: pa.Table, ptr: npt.NDArray[np.int64], low: int, high: int) -> Iterable[pa.RecordBatch]:
    """Return the rows of whole cases as one record batch; as several where Arrow's text columns would overflow."""
    found: list[pa.RecordBatch] = events.slice(low, high - low).combine_chunks().to_batches()
    middle = int(ptr[np.searchsorted(ptr, (low + high) // 2)])
    if len(found) > 1 and low < middle < high:
        return [*_batches(events, ptr, low, middle), *_batches(events, ptr, middle, high)]
    return found


class StoreWriter:
    """Writes a stored log tile by tile, for logs that do not fit in memory. A context: what is not closed leaves nothing.

    Parameters
    ----------
    path : str or Path
        Where the log shall lie.
    schema : pa.Schema
        Of the events; see :class:`EventLog` for the columns.

    Raises
    ------
    InputError
        If the place cannot be written, or a file there is open in another program.

    Examples
    --------
    >>> import tempfile
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": ["1"], "activity": "受理", "end": pd.Timestamp("2024-01-02")}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with StoreWriter(Path(folder) / "log.arrow", log.events.schema) as store:
    ...         store.write(log.events.to_batches()[0])
    ...         store.close(provenance=log.provenance)
    ...     open_log(Path(folder) / "log.arrow").n_cases
    1
    """

    def __init__(self, path: str | Path, schema: pa.Schema) -> None:
        self.path = Path(path)
        self._rows = 0
        self._starts: list[npt.NDArray[np.int64]] = []
        try:
            self._stage = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.", dir=self.path.parent))
            self._summed = _Summed((self._stage / self.path.name).open("wb", buffering=0))
            self._sink = pa.PythonFile(self._summed, "w")
            self._writer = pa.ipc.new_file(self._sink, schema)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # Closed for certain before the folder goes: Windows removes no open file.
        with contextlib.suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._sink.close()
        shutil.rmtree(self._stage, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unwritable(self.path, error) from error

    def write(self, batch: pa.RecordBatch, case_ptr: npt.NDArray[np.int64] | None = None) -> None:
        """Append whole cases, sorted as a log is; every batch must be coded by the same dictionaries.

        Parameters
        ----------
        batch : pa.RecordBatch
        case_ptr : array of int64, optional
            Where the cases of the whole log start, if known; else the starts are found in the batch, whose first row
            must start a case.
        """
        if case_ptr is None:
            codes = batch.column("case_id").indices.to_numpy()
            starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]][: len(codes)]) + self._rows
        else:
            low, high = np.searchsorted(case_ptr[:-1], (self._rows, self._rows + len(batch)))
            starts = case_ptr[low:high]
        self._starts.append(starts.astype(np.int64))
        self._rows += len(batch)
        self._writer.write_batch(batch)

    def close(
        self,
        *,
        tables: Mapping[str, pd.DataFrame] | None = None,
        provenance: Provenance | None = None,
        unit: Unit = "case",
    ) -> None:
        """Write side tables, starts of the cases and sidecar, and move everything to its place."""
        self._writer.close()
        self._sink.close()
        ptr = np.concatenate([*self._starts, [self._rows]]).astype(np.int64)
        beside: dict[str, pa.Table] = {
            name: _arrow(tables[name]) for name in SIDE_TABLES if tables is not None and name in tables
        }
        content = {
            "format": FORMAT,
            "unit": unit,
            "cases": len(ptr) - 1,
            "rows": self._rows,
            "bytes": (self._stage / self.path.name).stat().st_size,
            "case_ptr": hashlib.sha256(ptr.tobytes()).hexdigest(),
            "tables": list(beside),
            "provenance": asdict(provenance or Provenance()),
        }
        beside[CASE_PTR] = pa.table({CASE_PTR: ptr}).replace_schema_metadata({"sha256": content["case_ptr"]})
        target = side_folder(self.path)
        inside = self._stage / target.name
        inside.mkdir()
        for name, table in beside.items():
            _write(table, inside / f"{name}.arrow")
        content["sealed"] = {EVENTS: _seal(self._stage / self.path.name, self._summed.checksum)} | {
            name: _seal(file, _checksum(file)) for name in beside if (file := inside / f"{name}.arrow")
        }
        content = json.loads(json.dumps(content, default=str))
        content["digest"] = _digest(content)
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        (self._stage / sidecar(self.path).name).write_text(text, encoding="utf-8", newline="\n")
        target.mkdir(exist_ok=True)
        for name in beside:
            os.replace(inside / f"{name}.arrow", target / f"{name}.arrow")  # noqa: PTH105 - replaces on Windows too
        for name in SIDE_TABLES:
            if name not in beside:
                (target / f"{name}.arrow").unlink(missing_ok=True)
        os.replace(self._stage / self.path.name, self.path)  # noqa: PTH105
        os.replace(self._stage / sidecar(self.path).name, sidecar(self.path))  # noqa: PTH105


def open_log(path: str | Path) -> EventLog:
    """Open a stored log; its events are mapped into memory, not read.

    Raises
    ------
    InputError
        If the file or its sidecar is missing, or is not what :func:`write_log` wrote.
    """
    path = existing(path)
    beside = existing(sidecar(path))
    try:
        content: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(_("another version of flowaudit stored it"))
        _demand_whole(path, content)
        events = _map(path)
        if content["rows"] != len(events):
            raise _strangers()
        tables = {name: _frame(_map(side_folder(path) / f"{name}.arrow")) for name in content["tables"]}
        unit = content["unit"]
        told: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content["provenance"].items()}
        told["notes"] = tuple((zh, en) for zh, en in told["notes"])
        return EventLog(events, tables, Provenance(**told), unit).with_case_ptr(_case_ptr(path, content, events))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(
            _("'{file}' is not a stored log: {reason}.", file=path.name, reason=reason),
            hint=_("read the original again, or keep the .arrow, .arrow.json and .tables together."),
        ) from error


def _demand_whole(path: Path, content: dict[str, Any]) -> None:
    """Raise ValueError unless sidecar and files are as they were written."""
    if content.get("digest") != _digest(content):
        raise ValueError(_("the sidecar was changed or damaged"))
    for name, (size, when, checksum) in content["sealed"].items():
        file = path if name == EVENTS else side_folder(path) / f"{name}.arrow"
        now = file.stat()
        if now.st_size != size:
            raise _strangers()
        # A log of ten million events opens in milliseconds where nobody has touched it since it was written.
        if now.st_mtime_ns != when and _checksum(file) != checksum:
            raise _strangers()


def _seal(file: Path, checksum: int) -> tuple[int, int, int]:
    """Return by what a file is known again: its size, the moment of its last change, and a checksum of its bytes."""
    told = file.stat()
    return told.st_size, told.st_mtime_ns, checksum


def _checksum(file: Path) -> int:
    """Return the checksum of a file: it tells damage, not a forger."""
    summed = _Summed(io.BytesIO())
    with file.open("rb") as stream:
        while block := stream.read(_PIECE):
            summed.add(block)
    return summed.checksum


class _Summed:
    """A file that is being written, and a checksum of what was: the CRC-32 of the sums of its blocks.

    A CRC of every byte would take longer than the rest of the writing.
    """

    def __init__(self, file: io.RawIOBase | BinaryIO) -> None:
        self._file = file
        self._found = 0
        self._rest = bytearray()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview) -> int:
        self.add(data)
        left = memoryview(data).cast("B")
        while len(left):
            left = left[self._file.write(left) :]
        return memoryview(data).nbytes

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        self._file.close()

    def add(self, data: bytes | memoryview) -> None:
        """Take some more bytes into the sum."""
        left = memoryview(data).cast("B")
        if self._rest:
            taken = min(len(left), _BLOCK - len(self._rest))
            self._rest += left[:taken]
            left = left[taken:]
            if len(self._rest) == _BLOCK:
                self._sum(self._rest)
                self._rest = bytearray()
        whole = len(left) // _BLOCK * _BLOCK
        if whole:
            self._sum(left[:whole])
        self._rest += left[whole:]

    def _sum(self, blocks: bytearray | memoryview) -> None:
        sums = np.add.reduce(np.frombuffer(blocks, np.uint64).reshape(-1, _BLOCK // 8), axis=1)
        self._found = zlib.crc32(sums.tobytes(), self._found)

    @property
    def checksum(self) -> int:
        return zlib.crc32(bytes(self._rest), self._found)


def _digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a sidecar says."""
    told = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")).hexdigest()


def _case_ptr(path: Path, content: Mapping[str, Any], events: pa.Table) -> npt.NDArray[np.int64]:
    """Return the stored starts of the cases, after a check that they belong to these events."""
    stored = _map(side_folder(path) / f"{CASE_PTR}.arrow")
    ptr: npt.NDArray[np.int64] = stored[CASE_PTR].chunk(0).to_numpy()
    same = (stored.schema.metadata or {}).get(b"sha256", b"").decode() == content["case_ptr"]
    if not same or ptr.dtype != np.int64 or path.stat().st_size != content["bytes"] or len(ptr) != content["cases"] + 1:
        raise _strangers()
    # Kernels trust these rows: they must rise from 0 to the number of rows.
    if ptr[0] != 0 or ptr[-1] != len(events) or not bool((ptr[1:] > ptr[:-1]).all()):
        raise _strangers()
    case = events["case_id"]
    for i in np.linspace(0, len(ptr) - 2, min(_SAMPLED, len(ptr) - 1)).astype(np.int64).tolist():
        a, b = int(ptr[i]), int(ptr[i + 1])
        if case[a] != case[b - 1] or (i and case[a] == case[a - 1]):
            raise _strangers()
    return ptr


def _strangers() -> ValueError:
    return ValueError(_("the file and its sidecar do not belong together"))


def _write(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def _map(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _arrow(table: pd.DataFrame) -> pa.Table:
    """Return a side table as Arrow; a column of mixed Python values becomes text."""
    fields: Mapping[str, Any] = {
        str(c): pa.array([None if pd.isna(v) else str(v) for v in s], pa.string())
        if s.dtype == object
        else pa.Array.from_pandas(s)
        for c, s in table.items()
    }
    return pa.table(dict(fields))


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return a side table with the types it had; booleans with gaps keep their gaps."""
    frame: pd.DataFrame = table.to_pandas()
    for name in table.column_names:
        if table.schema.field(name).type == pa.bool_() and table[name].null_count:
            frame[name] = pd.array(table[name].to_pylist(), dtype="boolean")
    return frame


def _unwritable(path: Path, error: OSError) -> InputError:
    locked = Path(error.filename).name if error.filename else path.name
    return InputError(
        _("'{file}' cannot be written: {reason}.", file=locked, reason=error.strerror or error),
        hint=_("close it in other programs, or choose another folder."),
    )
