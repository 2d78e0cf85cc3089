"""Read a folder of tables: events and cases related by ``e2o``, with what else was recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from flowaudit.errors import InputError, nearest
from flowaudit.eventlog.assemble import Raw, Reading, demand_columns, side_table, to_log
from flowaudit.eventlog.delimited import read_delimited
from flowaudit.eventlog.headers import CASE_COLUMNS, EVENT_COLUMNS, recognise, recognise_side
from flowaudit.eventlog.log import SIDE_TABLES, EventLog
from flowaudit.eventlog.mapping import ColumnMapping, quoted, resolve_columns
from flowaudit.eventlog.ocel_people import people_of
from flowaudit.eventlog.options import options
from flowaudit.eventlog.rows import note_rows
from flowaudit.eventlog.source import existing, sha256, utf8
from flowaudit.messages import both
from flowaudit.messages import translate as _

# What the provenance calls the case of events that are related to their cases by e2o.
_LINKED = "e2o.object_id"
_ENDINGS = (".csv", ".csv.gz")
# Column that a side table cannot do without, and where its foreign keys lead.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "bundles": ("bundle_id",),
    "cases": ("case_id",),
    "material_instances": ("case_id",),
    "visits": ("visit_id",),
    "special_episodes": ("case_id", "start"),
    "ratings": ("case_id",),
    "e2o": ("event_id", "object_id"),
}
_REFERENCES = (
    ("cases", "bundle_id", "bundles", "bundle_id"),
    ("visits", "bundle_id", "bundles", "bundle_id"),
    ("material_instances", "case_id", "cases", "case_id"),
    ("material_instances", "event_id", "events", "event_id"),
    ("special_episodes", "case_id", "cases", "case_id"),
    ("ratings", "case_id", "cases", "case_id"),
    ("e2o", "event_id", "events", "event_id"),
    ("e2o", "object_id", "cases", "case_id"),
    ("events", "case_id", "cases", "case_id"),
    ("events", "visit_id", "visits", "visit_id"),
)


def read_folder(
    path: str | Path,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    salt: bytes | None = None,
    keep_text: bool = False,
    **columns: str,
) -> EventLog:
    """Read ``events.csv`` and whichever of the side tables the folder holds (``.csv`` or ``.csv.gz``).

    An event that serves several cases (rows of ``e2o`` with object_type ``case``) becomes one row per case with the
    same ``event_id``. An event without a row there belongs to its own ``case_id``. A folder ``catalogue/`` inside is
    not read here. A ``truth.json`` that says ``"synthetic": true`` marks the log as synthetic.

    Parameters
    ----------
    path, mapping, salt, keep_text, **columns
        As in :func:`flowaudit.eventlog.read_csv`; the mapping concerns the events.

    Raises
    ------
    InputError
        If a table cannot be read, lacks a column it needs, or refers to a row that is not there (file and line told).
    """
    folder = existing(path)
    opts = options(mapping, salt, keep_text, columns)
    files = {
        p.name.casefold().split(".csv")[0]: p for p in sorted(folder.iterdir()) if p.name.casefold().endswith(_ENDINGS)
    }
    if "events" not in files:
        near = nearest("events", files, n=1)
        raise InputError(
            _(
                "the folder '{folder}' has no events.csv; found {files}.",
                folder=folder.name,
                files=quoted(p.name for p in files.values()) or "—",
            ),
            hint=_("did you mean '{near}'?", near=files[near[0]].name)
            if near
            else _("give the folder that holds events.csv."),
        )
    reading = Reading(folder.name or folder.resolve().name, opts, synthetic=_synthetic(folder))
    raws: dict[str, Raw] = {}
    found: dict[str, dict[str, str]] = {}
    for name, file in files.items():
        if name not in ("events", *SIDE_TABLES):
            reading.notes.append(both("'{file}' is not one of the tables and was not read", file=file.name))
            continue
        try:
            table = read_delimited(file, one_column=name != "events")
        except InputError as error:
            if name != "events" and _only_header(file):
                # A side table without rows says nothing; the log is as if it were not there.
                reading.notes.append(both("'{file}' has no rows", file=file.name))
                continue
            raise InputError(error.message, hint=error.hint) from error
        reading.sha256[file.name] = sha256(file)
        if table.encoding != "utf-8":
            reading.notes.append(both("'{file}' read as {encoding}", file=file.name, encoding=table.encoding.upper()))
        raws[name] = Raw(table.table, file.name, table.lines)
        found[name] = _columns(name, raws[name], opts.mapping)
    ids = {(n, c): raws[n].frame[h].str.strip() for n in raws for c, h in _as_is(raws[n], found[n]).items()}
    _check_references(raws, ids)
    raws["events"], found["events"] = _by_case(raws, found, ids)
    officers = raws["events"].table[found["events"]["resource"]] if "resource" in found["events"] else None
    tables = {n: side_table(raws[n], reading, found[n], officers) for n in SIDE_TABLES if n in raws}
    for name in tables:
        if "case_id" in tables[name]:
            note_rows(name, raws[name].file, tables[name]["case_id"], raws[name].lines)
    if "e2o" in tables:
        _hide_people(tables["e2o"], reading)
    return to_log(raws["events"], found["events"], reading, tables=tables)


def _hide_people(links: pd.DataFrame, reading: Reading) -> None:
    """Replace the ids of related objects that are people, in place: they may be names."""
    if "object_type" not in links:
        return
    kinds = links["object_type"].map(lambda kind: people_of(str(kind)), na_action="ignore")
    hidden = reading.options.hidden
    for who, rename in (("applicant", hidden.applicants), ("officer", hidden.officers)):
        here = (kinds == who).to_numpy(bool)
        if here.any():
            ids = links["object_id"].astype("object")
            ids[here] = rename(ids[here].astype("str")).astype("object")
            links["object_id"] = ids.astype("str")
            reading.pseudonymised.append("object_id")


def _synthetic(folder: Path) -> bool:
    """Say whether the folder holds the truth behind generated tables: nobody knows that of real ones."""
    try:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return False
    return isinstance(truth, dict) and truth.get("synthetic") is True


def _columns(name: str, raw: Raw, mapping: ColumnMapping) -> dict[str, str]:
    """Return canonical column to header of one table, demanding its keys."""
    headers = raw.table.column_names
    if name == "events":
        # `item_code` of an event is its own; everything else about the case stands in cases.csv.
        if mapping.columns.get("case_id") == _LINKED:
            mapping = mapping.model_copy(
                update={"columns": {c: h for c, h in mapping.columns.items() if c != "case_id"}}
            )
        return resolve_columns(headers, mapping, file=raw.file, wanted=(*EVENT_COLUMNS, "item_code"))
    said = recognise_side(name, headers)
    wanted = {
        "cases": ("case_id", *CASE_COLUMNS),
        "bundles": ("bundle_id", "applicant_id", "applicant_type", "district", "channel"),
    }
    columns = {
        **recognise(headers, wanted=wanted.get(name, ("case_id", "bundle_id", "applicant_id")), taken=said.values()),
        **said,
    }
    for key in _KEYS[name]:
        if key not in columns and key not in headers:
            near = nearest(key, headers, n=1)
            raise InputError(
                _(
                    "'{file}' has no column '{column}'; found {columns}.",
                    file=raw.file,
                    column=key,
                    columns=quoted(headers),
                ),
                hint=_("did you mean '{near}'?", near=near[0])
                if near
                else _("give the column this name in the header row."),
            )
    return columns


def _as_is(raw: Raw, columns: Mapping[str, str]) -> dict[str, str]:
    """Return every column's header, under its canonical name where it has one."""
    return {**{h: h for h in raw.table.column_names if h not in columns.values()}, **columns}


def _check_references(raws: Mapping[str, Raw], ids: Mapping[tuple[str, str], pd.Series]) -> None:
    """Raise for the first row that refers to something that is not there."""
    for table, column, target, key in _REFERENCES:
        if (table, column) not in ids or (target, key) not in ids:
            continue
        values = ids[table, column]
        bad = values.notna() & ~values.isin(ids[target, key])
        if table == "e2o" and column == "object_id" and (table, "object_type") in ids:
            bad &= ids[table, "object_type"].str.casefold() == "case"
        rows = np.flatnonzero(bad.to_numpy())
        if len(rows):
            raise InputError(
                _(
                    "'{file}', line {line}: {column} '{value}' is not in '{target}' ({n} such rows).",
                    file=raws[table].file, line=raws[table].lines([int(rows[0])])[0], column=column,
                    value=values.iloc[int(rows[0])], target=raws[target].file, n=len(rows),
                ),
                hint=_("export both tables at the same time, or remove these rows."),
            )  # fmt: skip
    for table, key in (("cases", "case_id"), ("bundles", "bundle_id"), ("visits", "visit_id"), ("events", "event_id")):
        # An event may stand on several rows when the file itself repeats it for each case.
        if (table, key) not in ids or (table == "events" and (table, "case_id") in ids):
            continue
        rows = np.flatnonzero((ids[table, key].duplicated() & ids[table, key].notna()).to_numpy())
        if len(rows):
            raise InputError(
                _(
                    "'{file}', line {line}: {column} '{value}' is used twice.",
                    file=raws[table].file, line=raws[table].lines([int(rows[0])])[0], column=key,
                    value=ids[table, key].iloc[int(rows[0])],
                ),
                hint=_("keep the row of the latest version."),
            )  # fmt: skip


def _by_case(
    raws: Mapping[str, Raw], found: Mapping[str, dict[str, str]], ids: Mapping[tuple[str, str], pd.Series]
) -> tuple[Raw, dict[str, str]]:
    """Return the events once per case they serve."""
    events, columns = raws["events"], dict(found["events"])
    if "e2o" not in raws or "event_id" not in columns:
        demand_columns(columns, events)
        return events, columns
    links = pd.DataFrame({"event": ids["e2o", "event_id"], "owner": ids["e2o", "object_id"]})
    if ("e2o", "object_type") in ids:
        links = links[ids["e2o", "object_type"].str.casefold() == "case"]
    links = links.drop_duplicates()
    frame = events.frame.copy(deep=False)
    frame["\0row"] = np.arange(len(frame))
    frame["\0event"] = ids["events", "event_id"]
    frame = frame.merge(links, left_on="\0event", right_on="event", how="left")
    owner = frame["owner"]
    if "case_id" in columns:
        owner = owner.where(owner.notna(), frame[columns["case_id"]])
    rows = frame["\0row"].to_numpy()
    orphan = np.flatnonzero(owner.isna().to_numpy())
    if len(orphan):
        raise InputError(
            _(
                "'{file}', line {line}: event '{event}' belongs to no case ({n} such rows).",
                file=events.file, line=events.lines([int(rows[orphan[0]])])[0], event=frame["\0event"].iloc[orphan[0]],
                n=len(orphan),
            ),
            hint=_("give it a row in '{file}', or a case_id of its own.", file=raws["e2o"].file),
        )  # fmt: skip
    header = columns.get("case_id", _LINKED)
    columns["case_id"] = header
    frame[header] = owner
    frame = frame.drop(columns=["\0row", "\0event", "event", "owner"])
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return Raw(table, events.file, lambda wanted: events.lines([int(rows[r]) for r in wanted])), columns


def _only_header(path: Path) -> bool:
    try:
        with utf8(path) as (text, _encoding):
            return len([line for line in text.to_pybytes().splitlines() if line.strip()]) == 1
    except InputError:
        return False
