"""From a table as its file writes it to an event log: the one door through which every reader goes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.errors import InputError, nearest
from flowaudit.eventlog.dates import demand_good, parse_stamps
from flowaudit.eventlog.headers import _TIERS, CASE_COLUMNS, STORED_AS, fold
from flowaudit.eventlog.lifecycle import pair_transitions
from flowaudit.eventlog.log import APPLICANT, STAGES, EventLog, Note, Provenance, from_frame
from flowaudit.eventlog.mapping import quoted
from flowaudit.eventlog.options import Options
from flowaudit.eventlog.privacy import protect
from flowaudit.eventlog.stages import resolve_stages, stage_of
from flowaudit.messages import both
from flowaudit.messages import translate as _

Lines = Callable[[list[int]], list[int]]
Problem = Mapping[str, Any]

EVENT_TIMES = ("arrive", "claim", "start", "end")
_BOOLEANS = ("is_auto", "is_commitment", "is_tolerant", "accepted", "counts_in_clock", "rectified")
_NUMBERS = ("level", "copies", "score", "promised_days", "statutory_days", "extension_days", "node_seq")
_TIMES = (
    *EVENT_TIMES, "apply_time", "accept_time", "decide_time", "finish_time", "deliver_time", "promise_due", "first_time",
    "last_time", "submit_time", "ticket_time", "called_time", "left_time", "time", "date",
)  # fmt: skip
_TRUE = frozenset({"true", "1", "yes", "y", "t", "是", "合格", "通过"})
_FALSE = frozenset({"false", "0", "no", "n", "f", "否", "不合格", "不通过"})
_LIMIT = re.compile(r"^(\d+(?:\.\d+)?)\s*个?\s*(工作日|自然日|日历日|天|日|小时|分钟|月)?$")
# Columns whose meaning is known: neither people nor free text is looked for in them.
UNTOUCHED = frozenset({
    "case_id", "bundle_id", "event_id", "activity", "stage", "department", "office", "role", "level", "item_code",
    "item_name", "variant_code", "result", "lifecycle", "visit_id", "channel", "district", "applicant_type",
    "delivery_mode", "promised_unit", "statutory_unit", "one_thing_code", "purpose", "outcome", "object_type",
    "object_id", "qualifier", "source", "form", "collect_mode", "material_code", "canonical_id", "inst_id", "type",
})  # fmt: skip


@dataclass(frozen=True)
class Raw:
    """A table as its file writes it.

    Attributes
    ----------
    frame : pd.DataFrame
        The file's own headers; text, or typed where the format has types.
    file : str
    lines : callable
        Row numbers to line numbers of the file, for messages.
    """

    frame: pd.DataFrame
    file: str
    lines: Lines


@dataclass
class Reading:
    """What one reading learned; grows while the tables are read and ends in the provenance."""

    source: str
    options: Options
    sha256: dict[str, str] = field(default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)
    offsets: set[str] = field(default_factory=set)
    pseudonymised: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    synthetic: bool = False

    def provenance(self) -> Provenance:
        offsets = tuple(sorted(self.offsets))
        zone = self.options.mapping.timezone
        if self.dropped:
            self.notes.append(both("free text left out: {columns}", columns=", ".join(dict.fromkeys(self.dropped))))
        if offsets and zone is None:
            self.notes.append(
                both(
                    "stamps carry the UTC offsets {offsets}; the wall clock written there is kept",
                    offsets=", ".join(offsets),
                )
            )
        elif offsets:
            self.notes.append(
                both("stamps with the UTC offsets {offsets} converted to {zone}", offsets=", ".join(offsets), zone=zone)
            )
        return Provenance(
            source=self.source,
            sha256=self.sha256,
            mapping=self.mapping,
            # Stamps that say their own offset need no zone of ours; naming one would be wrong.
            timezone=zone or ("" if offsets else "Asia/Shanghai"),
            offsets=offsets,
            pseudonymised=tuple(dict.fromkeys(self.pseudonymised)),
            notes=tuple(self.notes),
            problems=tuple(self.problems),
            synthetic=self.synthetic,
        )

    def problem(
        self, check: str, rows: int, of: int | None = None, examples: Iterable[object] = (), **more: object
    ) -> None:
        """Keep a row for the quality table."""
        shown = [str(e) for e in dict.fromkeys(examples)][:5]
        self.problems.append(
            {"check": check, "rows": int(rows), "share": rows / of if of else None, "examples": shown, **more}
        )


def demand_columns(columns: Mapping[str, str], raw: Raw) -> None:
    """Raise InputError unless case, activity and a time were found among the headers."""
    wanted = [c for c in ("case_id", "activity") if c not in columns]
    if "end" not in columns and "start" not in columns:
        wanted.append("end")
    if not wanted:
        return
    column = wanted[0]
    meaning = {"case_id": _("case"), "activity": _("activity"), "end": _("time")}[column]
    headers = [str(h) for h in raw.frame.columns]
    free = {fold(h): h for h in headers if h not in columns.values()}
    words = [form for tier in _TIERS[column] for form in tier] + (
        [f for t in _TIERS["start"] for f in t] if column == "end" else []
    )
    # The header most like any form of the wanted column; difflib has no score, so both are asked.
    near = [h for word in words for h in nearest(word, free, n=1)]
    best = max(near, key=near.count) if near else None
    named = "..." if best is None else free[best]
    # Both for whoever types commands and for whoever types Python; quoted as TOML and Python quote it.
    lines = _(
        "in a file given with --mapping write\n  [columns]\n  {column} = {header}\nin Python: read_log(path, {column}={keyword})",
        column=column,
        header=json.dumps(named, ensure_ascii=False),
        keyword=repr(named),
    )
    raise InputError(
        _(
            "'{file}' has no {meaning} column; found {columns}.",
            file=raw.file, meaning=meaning, columns=quoted(headers),
        ),
        hint=lines
        if best is None
        else _("did you mean '{near}'? Then {lines}", near=named, lines=lines),
    )  # fmt: skip


def to_log(
    raw: Raw,
    columns: Mapping[str, str],
    reading: Reading,
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> EventLog:
    """Build the log of a table of events.

    Parameters
    ----------
    raw : Raw
    columns : mapping of str to str
        Canonical column to header.
    reading : Reading
        Collects offsets, notes and problems.
    tables : mapping of str to pd.DataFrame, optional
        Side tables, already typed and protected. What the events say of their case (application time, channel,
        ``case:`` attributes) is moved to the table ``cases``.
    """
    opts = reading.options
    mapping = opts.mapping
    demand_columns(columns, raw)
    for column, header in columns.items():
        # A role that is also the department is told as the department; its role is recognised again by itself.
        if column == "department" or header not in reading.mapping:
            reading.mapping[header] = column
    frame = _renamed(raw.frame, columns)
    file, lines = raw.file, raw.lines
    for column in ("case_id", "activity"):
        frame[column] = _text(frame[column])
        empty = np.flatnonzero(frame[column].isna())
        if len(empty):
            raise InputError(
                _(
                    "'{file}', column '{column}': {n} rows are empty, first on line {line}.",
                    file=file, column=columns[column], n=len(empty), line=lines([int(empty[0])])[0],
                ),
                hint=_("every event needs a case and an activity; remove totals and notes below the table."),
            )  # fmt: skip
    _typed(frame, raw, reading, only=(*EVENT_TIMES, "level", "is_auto", "node_seq"), names=columns)
    if "end" not in frame:
        frame = frame.rename(columns={"start": "end"})
        reading.notes.append(
            both("only one time is recorded, '{column}': it is taken as the time of the event", column=columns["start"])
        )
        reading.problem("single_time", len(frame), len(frame))
    # Before attributes of the case are taken out of the events: the department may be one of them.
    frame = _with_departments(frame, raw.frame, columns, reading)
    side = dict(tables or {})
    frame, cases = _split_cases(frame, raw, reading)
    if "lifecycle" in frame:
        if "start" in frame:
            frame = frame.drop(columns="lifecycle")
        else:
            frame, found = pair_transitions(frame, mapping.lifecycle)
            reading.problems.extend(found)
    nowhen = frame["end"].isna() & (frame["start"].isna() if "start" in frame else True)
    if nowhen.any():
        reading.problem("no_time", int(nowhen.sum()), len(frame), frame.loc[nowhen, "case_id"])
        reading.notes.append(both("{n} rows without any time left out", n=int(nowhen.sum())))
        frame = frame[~nowhen].reset_index(drop=True)
    if frame.empty:
        raise InputError(_("'{file}' holds no event with a time.", file=file), hint=_("look at its time column."))
    if mapping.automatic_resources and "resource" in frame:
        automatic = frame["resource"].isin(mapping.automatic_resources)
        frame["is_auto"] = automatic | frame["is_auto"].fillna(False).astype(bool) if "is_auto" in frame else automatic
    officers = frame.get("resource")
    frame = _guard(frame, reading, officers)
    if cases is not None:
        cases = _guard(cases, reading, officers)
        if "cases" in side:
            told = cases.columns.difference(side["cases"].columns)
            cases = side["cases"].merge(cases[["case_id", *told]], on="case_id", how="left")
        side["cases"] = cases
    frame = _with_stages(frame, reading)
    return from_frame(frame, tables=side, provenance=reading.provenance())


def side_table(
    raw: Raw, reading: Reading, columns: Mapping[str, str], officers: pd.Series | None = None
) -> pd.DataFrame:
    """Return a side table with canonical names and types, people's names replaced."""
    frame = _renamed(raw.frame, columns).rename(columns=STORED_AS)
    _typed(frame, raw, reading, only=(*_TIMES, *_NUMBERS, *_BOOLEANS), names=columns)
    return _guard(_plain(frame), reading, officers)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return whole numbers as int64, or float64 where some are unknown: what every NumPy function takes."""
    for column in frame.columns:
        if frame[column].dtype == pd.Int64Dtype():
            frame[column] = frame[column].astype("float64" if frame[column].isna().any() else "int64")
    return frame


def _renamed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the frame under canonical names; a header may serve two columns, and a namesake steps aside."""
    found = {column: frame[header] for column, header in columns.items()}
    used = set(columns.values())
    for header in frame.columns:
        if header not in used:
            found[f"{header}_raw" if header in found else str(header)] = frame[header]
    return pd.DataFrame(found)


def _text(values: pd.Series) -> pd.Series:
    """Return trimmed text, missing where empty; numbers as a person would write them."""
    if pd.api.types.is_float_dtype(values.dtype):
        whole = values.dropna()
        if (whole == whole.round()).all():
            values = values.astype("Int64")
    trimmed = (
        values.astype("str").str.strip() if values.notna().all() else values.astype("string").str.strip().astype("str")
    )
    return trimmed.where(trimmed != "", None)


def _typed(frame: pd.DataFrame, raw: Raw, reading: Reading, *, only: Iterable[str], names: Mapping[str, str]) -> None:
    """Give times, numbers and booleans their type, in place; a cell that cannot be read stops with its line."""
    for column in frame.columns.intersection(list(only)):
        header = names.get(column, column)
        if column in _TIMES:
            frame[column] = _stamps(frame[column], header, raw, reading)
        elif column in _BOOLEANS:
            frame[column] = _booleans(frame[column], header, raw)
        else:
            frame[column], unit = _numbers(frame[column], header, raw)
            unit_column = column.replace("_days", "_unit")
            if unit is not None and column.endswith("_days") and unit_column not in frame:
                frame[unit_column] = unit


def _stamps(values: pd.Series, header: str, raw: Raw, reading: Reading) -> pd.Series:
    mapping = reading.options.mapping
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        seconds = values.dropna().map(lambda t: t.utcoffset().total_seconds()).unique()
        reading.offsets |= {
            f"{'-' if s < 0 else '+'}{int(abs(s)) // 3600:02d}:{int(abs(s)) % 3600 // 60:02d}" for s in seconds
        }
        if mapping.timezone is not None:
            values = values.dt.tz_convert(mapping.timezone)
        local: pd.Series = values.dt.tz_localize(None).astype("datetime64[us]")
        return local
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return values.astype("datetime64[us]")
    text = values.astype("string") if not pd.api.types.is_string_dtype(values.dtype) else values
    stamps = parse_stamps(text, timezone=mapping.timezone, date_format=mapping.date_format)
    demand_good(stamps, text, file=raw.file, column=header, lines=raw.lines)
    reading.offsets |= set(stamps.offsets)
    return pd.Series(stamps.values, index=values.index)


def _booleans(values: pd.Series, header: str, raw: Raw) -> pd.Series:
    if pd.api.types.is_bool_dtype(values.dtype):
        return values
    folded = values.astype("string").str.strip().str.casefold()
    out = pd.Series(pd.NA, index=values.index, dtype="boolean")
    out[folded.isin(_TRUE)] = True
    out[folded.isin(_FALSE)] = False
    _refuse(values, out.isna() & folded.notna() & (folded != ""), header, raw, _("true or false"))
    return out.astype(bool) if out.notna().all() else out


def _numbers(values: pd.Series, header: str, raw: Raw) -> tuple[pd.Series, pd.Series | None]:
    """Return numbers, and the unit where cells write one (``20个工作日``)."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("Float64").astype("float64"), None
    parts = values.astype("string").str.normalize("NFKC").str.strip().str.extract(_LIMIT)
    numbers = pd.to_numeric(parts[0], errors="coerce").astype("Float64")
    known = values.astype("string").str.strip().fillna("") != ""
    _refuse(values, numbers.isna() & known, header, raw, _("a number"))
    unit = parts[1].astype("object") if parts[1].notna().any() else None
    whole = numbers.dropna()
    if (whole == whole.round()).all():
        return numbers.astype("Int64"), unit
    return numbers.astype("float64"), unit


def _refuse(values: pd.Series, bad: pd.Series, header: str, raw: Raw, wanted: str) -> None:
    rows = [int(r) for r in np.flatnonzero(bad.to_numpy(bool))[:5]]
    if rows:
        cells = values.iloc[rows]
        shown = "; ".join(
            _("line {line}: '{cell}'", line=n, cell=c) for n, c in zip(raw.lines(rows), cells, strict=True)
        )
        raise InputError(
            _(
                "'{file}', column '{column}': {n} cells are not {wanted} ({shown}).",
                file=raw.file, column=header, n=int(bad.sum()), wanted=wanted, shown=shown,
            ),
            hint=_("correct these cells, or leave them empty where the value is unknown."),
        )  # fmt: skip


def _split_cases(frame: pd.DataFrame, raw: Raw, reading: Reading) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Move columns that describe the case to a table of cases; where rows of a case differ the first value counts."""
    prefixed = {c: c.removeprefix("case:") for c in frame.columns if c.startswith("case:")}
    known = [c for c in CASE_COLUMNS if c in frame]
    if not prefixed and not known:
        return frame, None
    about = frame[["case_id", *known, *prefixed]].rename(columns={**prefixed, **STORED_AS})
    about = about.loc[:, ~about.columns.duplicated()]
    grouped = about.groupby("case_id", sort=False)
    for column in about.columns.drop("case_id"):
        # An event's item may differ inside a case of several items; that is no contradiction.
        if column not in ("item_code", "item_name"):
            varies = grouped[column].nunique()
            varies = varies[varies > 1]
            if len(varies):
                reading.problem("case_attribute_varies", len(varies), len(grouped), varies.index, column=column)
    cases = grouped.first().reset_index()
    # `raw.lines` counts event rows, so types are checked on the first row of each case.
    first = np.flatnonzero(~frame["case_id"].duplicated().to_numpy())
    at_case = Raw(cases, raw.file, lambda rows: raw.lines([int(first[r]) for r in rows]))
    _typed(cases, at_case, reading, only=(*_TIMES, *_NUMBERS, *_BOOLEANS), names={})
    stay = ("item_code", "item_name")
    return frame.drop(columns=[c for c in (*known, *prefixed) if c not in stay]), _plain(cases)


def _with_departments(
    frame: pd.DataFrame, source: pd.DataFrame, columns: Mapping[str, str], reading: Reading
) -> pd.DataFrame:
    """Set the department's lane from the columns and names that the mapping says."""
    mapping = reading.options.mapping
    for header in mapping.department_from:
        # By now columns carry canonical names; what the mapping names is the file's header.
        here = header if header in frame else next((c for c, h in columns.items() if h == header and c in frame), None)
        if here is not None and frame[here].notna().any():
            frame["department"] = frame[here]
            reading.mapping.setdefault(header, "department")
            break
    else:
        if mapping.department_from:
            names = [str(c) for c in source.columns]
            near = nearest(mapping.department_from[0], names, n=1)
            raise InputError(
                _(
                    "none of the columns {wanted} of department_from holds a value; found {columns}.",
                    wanted=quoted(mapping.department_from),
                    columns=quoted(names),
                ),
                hint=_("did you mean '{near}'?", near=near[0]) if near else None,
            )
    if "department" not in frame:
        return frame
    before = _text(frame["department"])
    # A department renamed to nothing is one that the file does not know ("EMPTY").
    after = (
        _text(before.map(lambda d: mapping.departments.get(d, d), na_action="ignore"))
        if mapping.departments
        else before
    )
    if mapping.applicant_departments:
        lanes = frozenset(mapping.applicant_departments)
        after = after.where(~(before.isin(lanes) | after.isin(lanes)), APPLICANT)
    frame["department"] = after
    return frame


def _guard(frame: pd.DataFrame, reading: Reading, officers: pd.Series | None) -> pd.DataFrame:
    """Replace people's names in a table, and remember what was done."""
    opts = reading.options
    safe, pseudonymised, dropped, masked = protect(
        frame, opts.hidden, officers=officers, keep_text=opts.keep_text, untouched=UNTOUCHED
    )
    reading.pseudonymised.extend(pseudonymised)
    reading.dropped.extend(dropped)
    for column, n in masked.items():
        reading.problem("personal_numbers_masked", n, len(frame), (), column=column)
    return safe


def _with_stages(frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Add stage and level where the file has none and names or the mapping tell them."""
    mapping = reading.options.mapping
    activity = frame["activity"].astype("object")
    if "stage" in frame and frame["stage"].notna().any() and not mapping.stages:
        return _checked_stages(frame, reading)
    labels = [str(a) for a in activity.unique()]
    if "stage" in frame and frame["stage"].notna().any():
        frame = _checked_stages(frame, reading)
        said = activity.map(lambda a: mapping.stages.get(a))
        frame["stage"] = said.where(said.notna(), frame["stage"])
        found: dict[str, tuple[str, int | None]] = {}
    else:
        found = resolve_stages(labels, mapping.stages)
        if found:
            frame["stage"] = activity.map(lambda a: found[a][0] if a in found else None)
            unknown = activity[~activity.isin(list(found))]
            if len(unknown):
                reading.problem("unknown_stages", len(unknown), len(frame), unknown.value_counts().index)
    if "level" not in frame or not frame["level"].notna().any():
        levels = {a: level for a, (_stage, level) in found.items() if level is not None}
        if levels:
            level = activity.map(levels).astype("Int64")
            if "department" in frame:
                level = level.mask(frame["department"] == APPLICANT)
            frame["level"] = level
    if mapping.levels:
        said = activity.map(lambda a: mapping.levels.get(a))
        if "role" in frame:
            said = said.where(said.notna(), frame["role"].astype("object").map(lambda r: mapping.levels.get(r)))
        level = said.astype("Int64")
        frame["level"] = level.where(level.notna(), frame["level"].astype("Int64")) if "level" in frame else level
        unused = [
            name
            for name in mapping.levels
            if name not in labels and not ("role" in frame and (frame["role"] == name).any())
        ]
        if unused:
            near = nearest(unused[0], labels, n=1)
            raise InputError(
                _(
                    "the mapping's [levels] names '{name}', which is neither an activity nor a role of this log.",
                    name=unused[0],
                ),
                hint=_("did you mean '{near}'?", near=near[0]) if near else None,
            )
    return frame


def _checked_stages(frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Accept canonical stages, translate Chinese ones, and list the rest."""
    stage = _text(frame["stage"])
    known = {s: s for s in STAGES}
    for value in stage.dropna().unique():
        if value.casefold() in known:
            known[value] = value.casefold()
        elif value not in known and (found := stage_of(value)) is not None:
            known[value] = found[0]
    strange = stage.notna() & ~stage.isin(list(known))
    if strange.any():
        reading.problem("unknown_stages", int(strange.sum()), len(frame), stage[strange].value_counts().index)
    frame["stage"] = stage.map(lambda s: known.get(s), na_action="ignore")
    return frame
