"""From a table as its file writes it to an event log: the one door through which every reader goes."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.errors import InputError, nearest
from flowaudit.eventlog.build import from_table
from flowaudit.eventlog.checks_events import office_accounts
from flowaudit.eventlog.coded import (
    Booleans,
    Coded,
    coded,
    codes_of,
    frame_of,
    is_text,
    looked_up,
    one_chunk,
    with_distinct_labels,
)
from flowaudit.eventlog.codes import apply_codes
from flowaudit.eventlog.dates import demand_good, harmless, micros, parse_stamps, stamp_problems
from flowaudit.eventlog.headers import _TIERS, CASE_COLUMNS, STORED_AS, fold
from flowaudit.eventlog.lifecycle import pair_transitions
from flowaudit.eventlog.log import APPLICANT, STAGES, EventLog, Note, Provenance
from flowaudit.eventlog.mapping import quoted
from flowaudit.eventlog.options import Options
from flowaudit.eventlog.privacy import protect
from flowaudit.eventlog.rows import Lines, note_rows
from flowaudit.eventlog.stages import resolve_stages, stage_of
from flowaudit.messages import both
from flowaudit.messages import translate as _

Problem = Mapping[str, Any]
Columns = dict[str, pa.Array]
"""A table that is being worked on: every column in one piece."""

EVENT_TIMES = ("arrive", "claim", "start", "end")
_BOOLEANS = ("is_auto", "is_commitment", "is_tolerant", "accepted", "counts_in_clock", "rectified")
_NUMBERS = ("level", "copies", "score", "promised_days", "statutory_days", "extension_days", "node_seq")
_TIMES = (
    *EVENT_TIMES, "apply_time", "accept_time", "decide_time", "finish_time", "deliver_time", "promise_due", "first_time",
    "last_time", "submit_time", "ticket_time", "called_time", "left_time", "time", "date",
)  # fmt: skip
# Years 1900 to 2199 in microseconds since 1970: what no one needs to look at twice.
_PLAIN = tuple(int(np.datetime64(day, "us").astype(np.int64)) for day in ("1900-01-01", "2200-01-01"))
_EXACT = 2.0**53
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
    table : pa.Table
        The file's own headers; text (``string`` or ``dictionary<int32, string>``), or typed where the format has
        types.
    file : str
    lines : callable
        Row numbers to line numbers of the file, for messages.
    distinct : bool
        Whether it is known that no text stands twice in a dictionary, and none is missing there.
    """

    table: pa.Table
    file: str
    lines: Lines
    distinct: bool = False

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The table as pandas, dictionaries as plain text; meant for small side tables."""
        return frame_of(dict(zip(self.table.column_names, self.table.columns, strict=True)))


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
    headers = raw.table.column_names
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
    narrow: bool = False,
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
    narrow : bool
        See :func:`flowaudit.eventlog.build.from_table`.
    """
    mapping = reading.options.mapping
    if not len(raw.table):
        raise InputError(_("'{file}' has a header but no rows.", file=raw.file), hint=_("export it again."))
    demand_columns(columns, raw)
    for column, header in columns.items():
        # A role that is also the department is told as the department; its role is recognised again by itself.
        if column == "department" or header not in reading.mapping:
            reading.mapping[header] = column
    work = _renamed(raw, columns)
    headers, file, lines = raw.table.column_names, raw.file, raw.lines
    # The file's own table is not needed any more; readers that keep no name for it free its memory here.
    del raw
    for column in ("case_id", "bundle_id", "event_id"):
        if column in work:
            _refuse_rounded(work[column], file, columns.get(column, column), lines)
    for column in ("case_id", "activity"):
        work[column] = _filled(work[column], file, columns[column], lines)
    note_rows("events", file, work["case_id"], lines)
    _typed(work, file, lines, reading, only=(*EVENT_TIMES, "level", "is_auto", "node_seq"), names=columns)
    if "end" not in work:
        work = _start_as_end(work, columns["start"], reading)
    # Before attributes of the case are taken out of the events: the department may be one of them.
    _set_departments(work, headers, columns, reading)
    side = dict(tables or {})
    cases = _split_cases(work, file, lines, reading)
    if "lifecycle" in work:
        if "start" in work:
            del work["lifecycle"]
        else:
            work, found = pair_transitions(work, mapping.lifecycle)
            reading.problems.extend(found)
    _drop_timeless(work, reading)
    if not _length(work):
        raise InputError(_("'{file}' holds no event with a time.", file=file), hint=_("look at its time column."))
    if mapping.automatic_resources and "resource" in work:
        _mark_automatic(work, mapping.automatic_resources)
    officers = coded(work["resource"]).distinct() if "resource" in work else None
    if officers:
        _report_accounts(work, officers, reading)
    _guard(work, reading, officers)
    if cases is not None:
        _guard(cases, reading, officers)
        side["cases"] = _with_columns(side.get("cases"), _plain(cases))
    _set_stages(work, reading)
    log = from_table(work, tables=side, provenance=reading.provenance(), narrow=narrow)
    return apply_codes(log, mapping.codes)


def _refuse_rounded(values: pa.Array, file: str, column: str, lines: Lines) -> None:
    """Raise InputError for identifiers kept as floating point numbers that have lost their last digits."""
    if not pa.types.is_floating(values.type):
        return
    rounded = np.flatnonzero(pc.fill_null(pc.greater(pc.abs(values), 2.0**53), False).to_numpy(zero_copy_only=False))
    if len(rounded):
        raise InputError(
            _(
                "'{file}', column '{column}': {n} numbers have more digits than a floating point number keeps, first on line {line}.",
                file=file, column=column, n=len(rounded), line=lines([int(rounded[0])])[0],
            ),
            hint=_("the last digits are lost; export the column again as text or as whole numbers."),
        )  # fmt: skip


def _filled(values: pa.Array, file: str, column: str, lines: Lines) -> pa.Array:
    """Return text without blanks around it; raise InputError where a row has none."""
    text = coded(values).trimmed()
    empty = np.flatnonzero(text.codes < 0)
    if len(empty):
        raise InputError(
            _(
                "'{file}', column '{column}': {n} rows are empty, first on line {line}.",
                file=file, column=column, n=len(empty), line=lines([int(empty[0])])[0],
            ),
            hint=_("every event needs a case and an activity; remove totals and notes below the table."),
        )  # fmt: skip
    return text.array()


def _start_as_end(work: Columns, header: str, reading: Reading) -> Columns:
    """Take the only time of the events as their end, and say so."""
    reading.notes.append(
        both("only one time is recorded, '{column}': it is taken as the time of the event", column=header)
    )
    reading.problem("single_time", _length(work), _length(work))
    return {"end" if c == "start" else c: values for c, values in work.items()}


def _mark_automatic(work: Columns, resources: Iterable[str]) -> None:
    """Mark what the given resources did as automatic, besides what the file says is."""
    automatic = coded(work["resource"]).isin(resources)
    if "is_auto" in work:
        automatic |= pc.fill_null(work["is_auto"], False).to_numpy(zero_copy_only=False)
    work["is_auto"] = pa.array(automatic)


def _with_columns(cases: pd.DataFrame | None, told: pd.DataFrame) -> pd.DataFrame:
    """Return the table of cases with what the events told besides; just that where there is no table."""
    if cases is None:
        return told
    more = told.columns.difference(cases.columns)
    return cases.merge(told[["case_id", *more]], on="case_id", how="left")


def side_table(
    raw: Raw, reading: Reading, columns: Mapping[str, str], officers: pd.Series | pa.ChunkedArray | None = None
) -> pd.DataFrame:
    """Return a side table with canonical names and types, people's names replaced."""
    work = {STORED_AS.get(c, c): values for c, values in _renamed(raw, columns).items()}
    _typed(work, raw.file, raw.lines, reading, only=(*_TIMES, *_NUMBERS, *_BOOLEANS), names=columns)
    if isinstance(officers, pd.Series):
        officers = pa.array(officers, from_pandas=True)
    _guard(work, reading, None if officers is None else coded(officers).distinct())
    return _plain(work)


def _length(work: Columns) -> int:
    return len(next(iter(work.values())))


def _plain(work: Columns) -> pd.DataFrame:
    """Return a side table as pandas; whole numbers as int64, or float64 where some are unknown."""
    return frame_of(work)


def _renamed(raw: Raw, columns: Mapping[str, str]) -> Columns:
    """Return the table under canonical names; a header may serve two columns, and a namesake steps aside."""
    names = dict(columns)
    used = set(columns.values())
    for header in raw.table.column_names:
        if header not in used:
            names[f"{header}_raw" if header in names else header] = header
    found = {header: one_chunk(raw.table[header]) for header in dict.fromkeys(names.values())}
    if not raw.distinct:
        found = {h: with_distinct_labels(v) if pa.types.is_dictionary(v.type) else v for h, v in found.items()}
    return {name: found[header] for name, header in names.items()}


def _typed(
    work: Columns,
    file: str,
    lines: Lines | Mapping[str, Lines],
    reading: Reading,
    *,
    only: Iterable[str],
    names: Mapping[str, str],
) -> None:
    """Give times, numbers and booleans their type, in place; a cell that cannot be read stops with its line."""
    wanted = frozenset(only)
    for column in [c for c in work if c in wanted]:
        where = _Where(file, names.get(column, column), lines[column] if isinstance(lines, Mapping) else lines)
        if column in _TIMES:
            work[column] = _stamps(work[column], where, reading)
        elif column in _BOOLEANS:
            work[column] = _booleans(work[column], where)
        else:
            work[column], unit = _numbers(work[column], where)
            unit_column = column.replace("_days", "_unit")
            if unit is not None and column.endswith("_days") and unit_column not in work:
                work[unit_column] = unit


@dataclass(frozen=True)
class _Where:
    """Where a column stands, for messages."""

    file: str
    header: str
    lines: Lines


def _stamps(values: pa.Array, where: _Where, reading: Reading) -> pa.Array:
    mapping = reading.options.mapping
    if pa.types.is_timestamp(values.type) and values.type.tz is None:
        stamps = micros(values)
        low, high = pc.min_max(stamps).values()
        if low.is_valid and low.value >= _PLAIN[0] and high.value < _PLAIN[1]:
            # Nothing to understand: the column is taken as it is.
            return stamps
    found = parse_stamps(
        values, timezone=mapping.timezone, date_format=mapping.date_format, missing=mapping.missing_times
    )
    demand_good(found, values, file=where.file, column=where.header, lines=where.lines)
    reading.offsets |= set(found.offsets)
    reading.problems.extend(stamp_problems(found, where.header, where.lines))
    return pa.array(found.values, pa.timestamp("us"), from_pandas=True)


def _booleans(values: pa.Array, where: _Where) -> pa.Array:
    if pa.types.is_boolean(values.type):
        return values
    text = coded(values)
    folded = [label.strip().casefold() for label in text.labels.to_pylist()]
    said = np.array([1 if f in _TRUE else 0 if f in _FALSE else -1 for f in [*folded, ""]], np.int8)
    _refuse(text, text.marked(np.array([s < 0 and f != "" for s, f in zip(said, folded, strict=False)], bool)),
            where, _("true or false"))  # fmt: skip
    out = said[text.codes]
    return pa.array(out == 1, mask=out < 0)


def _numbers(values: pa.Array, where: _Where) -> tuple[pa.Array, pa.Array | None]:
    """Return numbers, and the unit where cells write one (``20个工作日``)."""
    kind = values.type
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return values.cast(pa.int64()), None
    if pa.types.is_boolean(kind):
        return values.cast(pa.float64()), None
    if pa.types.is_floating(kind) and pc.all(pc.is_finite(values)).as_py() is not False:
        return values.cast(pa.float64()), None
    text = coded(values)
    labels = [unicodedata.normalize("NFKC", label).strip() for label in text.labels.to_pylist()]
    found = [_LIMIT.match(label) for label in labels]
    # What a floating point number does not hold to the last digit is no level and no number of days.
    bad = np.array(
        [label != "" and (m is None or float(m[1]) > _EXACT) for label, m in zip(labels, found, strict=True)], bool
    )
    _refuse(text, text.marked(bad), where, _("a number"))
    used = text.counts() > 0
    numbers = np.array([float(m[1]) if m and u else np.nan for m, u in zip(found, used, strict=True)] + [np.nan])
    units = Coded(text.codes, text.labels).relabelled(
        pa.array([m[2] if m and u else None for m, u in zip(found, used, strict=True)], pa.string())
    )
    known = numbers[~np.isnan(numbers)]
    out = pa.array(numbers[text.codes], from_pandas=True)
    if (known == np.rint(known)).all():
        out = out.cast(pa.int64())
    return out, units.array() if len(units.labels) else None


def _refuse(text: Coded, bad: Booleans, where: _Where, wanted: str) -> None:
    rows = [int(r) for r in np.flatnonzero(bad)[:5]]
    if rows:
        shown = "; ".join(
            _("line {line}: '{cell}'", line=n, cell=harmless(str(c)))
            for n, c in zip(where.lines(rows), text.cells(rows), strict=True)
        )
        raise InputError(
            _(
                "'{file}', column '{column}': {n} cells are not {wanted} ({shown}).",
                file=where.file, column=where.header, n=int(bad.sum()), wanted=wanted, shown=shown,
            ),
            hint=_("correct these cells, or leave them empty where the value is unknown."),
        )  # fmt: skip


def _split_cases(work: Columns, file: str, lines: Lines, reading: Reading) -> Columns | None:
    """Move columns that describe the case to a table of cases; where rows of a case differ the first value counts."""
    prefixed = {c: c.removeprefix("case:") for c in work if c.startswith("case:")}
    known = [c for c in CASE_COLUMNS if c in work]
    if not prefixed and not known:
        return None
    case = coded(work["case_id"])
    order = case.in_order()
    ids = case.labels.take(pa.array(order))
    cases: Columns = {"case_id": ids}
    rows: dict[str, np.ndarray[Any, np.dtype[np.int64]]] = {}
    for source in (*known, *prefixed):
        column = STORED_AS.get(source, prefixed.get(source, source))
        if column in cases:
            continue
        values = work[source]
        codes, distinct = codes_of(values)
        held = None if (codes >= 0).all() else np.flatnonzero(codes >= 0)
        at, of = (codes, case.codes) if held is None else (codes[held], case.codes[held])
        # Where the first value of every case stands among the rows that hold one; their number where it has none.
        place = Coded(of, case.labels).first_rows()
        # An event's item may differ inside a case of several items; that is no contradiction.
        if column not in ("item_code", "item_name"):
            # A label's first value, then the rows that say something else.
            usual = at[np.minimum(place, len(at) - 1)] if len(at) else at
            differ = at != looked_up(usual, of)
            if differ.any():
                several = np.zeros(len(case.labels), bool)
                several[of[differ]] = True
                varies = ids.filter(pa.array(several[order]))
                reading.problem(
                    "case_attribute_varies", len(varies), len(order), varies.slice(0, 5).to_pylist(), column=column
                )
        there = place[order]
        missing = there >= len(at)
        there = np.where(missing, 0, there)
        first = np.where(missing, -1, at[there] if len(at) else -1)
        found = pa.array(first, pa.int32(), mask=missing)
        cases[column] = (
            pa.DictionaryArray.from_arrays(found, distinct) if is_text(distinct.type) else distinct.take(found)
        )
        rows[column] = there if held is None else (held[there] if len(held) else there)
    at_line: dict[str, Lines] = {
        column: lambda wanted, at=at: lines([int(at[row]) for row in wanted])  # type: ignore[misc]
        for column, at in rows.items()
    }
    _typed(cases, file, at_line, reading, only=(*_TIMES, *_NUMBERS, *_BOOLEANS), names={})
    for column in (*known, *prefixed):
        if column not in ("item_code", "item_name"):
            del work[column]
    return cases


def _set_departments(work: Columns, headers: list[str], columns: Mapping[str, str], reading: Reading) -> None:
    """Set the department's lane from the columns and names that the mapping says."""
    mapping = reading.options.mapping
    for header in mapping.department_from:
        # By now columns carry canonical names; what the mapping names is the file's header.
        here = header if header in work else next((c for c, h in columns.items() if h == header and c in work), None)
        if here is not None and work[here].null_count < len(work[here]):
            work["department"] = work[here]
            reading.mapping.setdefault(header, "department")
            break
    else:
        if mapping.department_from:
            near = nearest(mapping.department_from[0], headers, n=1)
            raise InputError(
                _(
                    "'{file}': none of the columns {wanted} of department_from holds a value; found {columns}.",
                    file=reading.source,
                    wanted=quoted(mapping.department_from),
                    columns=quoted(headers),
                ),
                hint=_("did you mean '{near}'?", near=near[0])
                if near
                else _("name a column of the file, or leave department_from out."),
            )
    if "department" not in work:
        return
    before = coded(work["department"]).trimmed()
    lanes = frozenset(mapping.applicant_departments)

    def lane(name: str) -> str | None:
        # A department renamed to nothing is one that the file does not know ("EMPTY").
        shown = mapping.departments.get(name, name).strip() or None
        return APPLICANT if name in lanes or shown in lanes else shown

    work["department"] = (before.mapped(lane) if mapping.departments or lanes else before).array()


def _drop_timeless(work: Columns, reading: Reading) -> None:
    """Leave out rows without any time, and count them."""
    if not work["end"].null_count:
        return
    timed = pc.is_valid(work["end"])
    if "start" in work:
        timed = pc.or_(timed, pc.is_valid(work["start"]))
    rows = np.flatnonzero(~timed.to_numpy(zero_copy_only=False))
    if not len(rows):
        return
    cases = coded(work["case_id"].take(pa.array(rows))).distinct()
    reading.problem("no_time", len(rows), len(timed), cases)
    reading.notes.append(both("{n} rows without any time left out", n=len(rows)))
    for column in work:
        work[column] = work[column].filter(timed)


def _report_accounts(work: Columns, officers: list[str], reading: Reading) -> None:
    """Report accounts of offices in place of officers while their names can still be read."""
    offices = [o for lane in ("department", "office") if lane in work for o in coded(work[lane]).distinct()]
    known = reading.options.mapping.automatic_resources
    accounts = [o for o, a in zip(officers, office_accounts(officers, offices), strict=True) if a and o not in known]
    if accounts:
        rows = np.flatnonzero(coded(work["resource"]).isin(accounts))
        # The cases, not the names: a guess may be wrong, and then a person would be named.
        cases = work["case_id"].take(pa.array(rows[:1_000])).to_pylist()
        reading.problem("office_accounts", len(rows), _length(work), cases)


def _guard(work: Columns, reading: Reading, officers: Iterable[str] | None) -> None:
    """Replace people's names in a table, in place, and remember what was done."""
    opts = reading.options
    rows = _length(work)
    pseudonymised, dropped, masked = protect(
        work, opts.hidden, officers=officers, keep_text=opts.keep_text, untouched=UNTOUCHED
    )
    reading.pseudonymised.extend(pseudonymised)
    reading.dropped.extend(dropped)
    for column, n in masked.items():
        reading.problem("personal_numbers_masked", n, rows, (), column=column)


def _set_stages(work: Columns, reading: Reading) -> None:
    """Add stage and level where the file has none and names or the mapping tell them."""
    mapping = reading.options.mapping
    activity = coded(work["activity"])
    labels = activity.distinct()
    rows = len(activity)
    found: dict[str, tuple[str, int | None]] = {}
    if "stage" in work and work["stage"].null_count < rows:
        stage = _checked_stages(coded(work["stage"]).trimmed(), reading)
        if mapping.stages:
            said = activity.mapped(mapping.stages.get)
            stage = said.where(said.codes >= 0, stage)
        work["stage"] = stage.array()
        if not mapping.stages:
            return
    else:
        found = resolve_stages(labels, mapping.stages)
        if found:
            work["stage"] = activity.mapped(lambda a: found[a][0] if a in found else None).array()
            _tell_unknown(activity, [a for a in labels if a not in found], reading)
    levels = {a: level for a, (_stage, level) in found.items() if level is not None}
    if levels and ("level" not in work or work["level"].null_count == rows):
        level = _by_label(activity, levels)
        if "department" in work:
            level[coded(work["department"]).isin([APPLICANT])] = np.nan
        work["level"] = _whole(level)
    if mapping.levels:
        level = _by_label(activity, mapping.levels)
        role = coded(work["role"]) if "role" in work else None
        if role is not None:
            level = np.where(np.isnan(level), _by_label(role, mapping.levels), level)
        if "level" in work:
            level = np.where(np.isnan(level), work["level"].cast(pa.float64()).to_numpy(zero_copy_only=False), level)
        work["level"] = _whole(level)
        there = {*labels, *(role.distinct() if role is not None else ())}
        unused = [name for name in mapping.levels if name not in there]
        if unused:
            near = nearest(unused[0], labels, n=1)
            raise InputError(
                _(
                    "'{file}': the mapping's [levels] names '{name}', which is neither an activity nor a role of this log.",
                    file=reading.source,
                    name=unused[0],
                ),
                hint=_("did you mean '{near}'?", near=near[0])
                if near
                else _("write an activity or a role as the log writes it, or remove the line."),
            )


def _by_label(text: Coded, numbers: Mapping[str, int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the number of every row's text, NaN where it has none."""
    lut = np.array([*(numbers.get(label, np.nan) for label in text.labels.to_pylist()), np.nan], np.float64)
    return looked_up(lut, text.codes)


def _whole(numbers: np.ndarray[Any, np.dtype[np.float64]]) -> pa.Array:
    """Return numbers as int64 where all are whole."""
    out = pa.array(numbers, from_pandas=True)
    known = numbers[~np.isnan(numbers)]
    return out.cast(pa.int64()) if (known == np.rint(known)).all() else out


def _checked_stages(stage: Coded, reading: Reading) -> Coded:
    """Accept canonical stages, translate Chinese ones, and list the rest."""
    known = {s: s for s in STAGES}
    for value in stage.distinct():
        if value.casefold() in known:
            known[value] = value.casefold()
        elif value not in known and (found := stage_of(value)) is not None:
            known[value] = found[0]
    _tell_unknown(stage, [value for value in stage.distinct() if value not in known], reading)
    return stage.mapped(known.get)


def _tell_unknown(text: Coded, values: list[str], reading: Reading) -> None:
    """Count the rows of names without a stage, most frequent first."""
    if not values:
        return
    count = dict(zip(text.labels.to_pylist(), text.counts().tolist(), strict=True))
    values = sorted(values, key=lambda value: -count[value])
    reading.problem("unknown_stages", sum(count[value] for value in values), len(text), values)
