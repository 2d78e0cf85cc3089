"""Keep a log on disk as Arrow: events memory-mapped, side tables and provenance beside them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from flowaudit.errors import InputError
from flowaudit.eventlog.log import SIDE_TABLES, EventLog, Provenance
from flowaudit.eventlog.source import existing
from flowaudit.messages import translate as _

FORMAT = 2


def sidecar(path: Path) -> Path:
    """Return the file beside a stored log that says where it came from."""
    return path.with_name(path.name + ".json")


def side_folder(path: Path) -> Path:
    """Return the folder beside a stored log that holds its side tables."""
    return path.with_suffix(".tables")


def write_log(log: EventLog, path: str | Path) -> None:
    """Store a log as ``NAME.arrow`` (events), ``NAME.tables/*.arrow`` and ``NAME.arrow.json`` (unit and provenance).

    Arrow IPC, uncompressed, so that it can be memory-mapped. Everything is written beside its place first and moved
    when complete, the sidecar last: a broken run leaves no half log behind.

    Raises
    ------
    InputError
        If the place cannot be written, or a file there is open in another program.
    """
    path = Path(path)
    try:
        stage = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        _write(log.events, stage / path.name)
        tables = {name: log.tables[name] for name in SIDE_TABLES if name in log.tables}
        inside = stage / side_folder(path).name
        if tables:
            inside.mkdir()
        for name, table in tables.items():
            _write(_arrow(table), inside / f"{name}.arrow")
        content = {
            "format": FORMAT,
            "unit": log.unit,
            "cases": log.n_cases,
            "rows": len(log.events),
            "tables": list(tables),
            "provenance": asdict(log.provenance),
        }
        text = json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n"
        (stage / sidecar(path).name).write_text(text, encoding="utf-8", newline="\n")
        target = side_folder(path)
        if tables:
            target.mkdir(exist_ok=True)
        for name in tables:
            os.replace(inside / f"{name}.arrow", target / f"{name}.arrow")  # noqa: PTH105 - replaces on Windows too
        if target.is_dir():
            for name in SIDE_TABLES:
                if name not in tables:
                    (target / f"{name}.arrow").unlink(missing_ok=True)
        os.replace(stage / path.name, path)  # noqa: PTH105
        os.replace(stage / sidecar(path).name, sidecar(path))  # noqa: PTH105
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


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
        events = _map(path)
        tables = {name: _frame(_map(side_folder(path) / f"{name}.arrow")) for name in content["tables"]}
        unit = content["unit"]
        if content["format"] != FORMAT or content["rows"] != len(events):
            raise ValueError(_("the file and its sidecar do not belong together"))
        told: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content["provenance"].items()}
        told["notes"] = tuple((zh, en) for zh, en in told["notes"])
        provenance = Provenance(**told)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(
            _("'{file}' is not a stored log: {reason}.", file=path.name, reason=reason),
            hint=_("read the original again, or keep the .arrow, .arrow.json and .tables together."),
        ) from error
    return EventLog(events, tables, provenance, unit)


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
