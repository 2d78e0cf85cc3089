"""The mapping file: how one system's columns, departments and activities are called here."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from flowaudit.errors import FlowAuditError, InputError, UsageError, nearest
from flowaudit.eventlog.codes import code_lists
from flowaudit.eventlog.dates import EXCEL, UNIX, UNIX_MS
from flowaudit.eventlog.headers import CANONICAL, demand_names, recognise
from flowaudit.eventlog.log import STAGES, EventLog
from flowaudit.messages import both
from flowaudit.messages import translate as _
from flowaudit.toml import read_toml, reason_of

Lifecycle = Literal["pair", "complete", "ignore"]


class FileLayout(BaseModel):
    """How the file itself is laid out, where that is not found by itself.

    Attributes
    ----------
    sheet : str or int, optional
        Name of the sheet of a workbook, or its number (1 is the first).
    encoding : str, optional
        Such as ``"gb18030"``.
    delimiter : str, optional
        One character; ``"\\t"`` is a tab.
    header_row : int, optional
        Line (or row of the sheet) that holds the headers; 1 is the first.
    object_type : str, optional
        Which objects of an object-centric log are the cases.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sheet: str | Annotated[int, Field(ge=1)] | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    header_row: int | None = Field(default=None, ge=1)
    object_type: str | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                codecs.lookup(value)
            except LookupError as error:
                raise ValueError(_("'{name}' is not an encoding such as utf-8 or gb18030", name=value)) from error
        return value


class ColumnMapping(BaseModel):
    """How a file is to be read. Everything is optional: what is not said is recognised by its header.

    Attributes
    ----------
    file : FileLayout
        Sheet, encoding, delimiter and header row.
    columns : dict of str to str
        Canonical column to the header in the file. ``case:NAME`` names an attribute of an XES trace.
    ignore_columns : tuple of str
        Headers that are not to be taken for a column, whatever they look like.
    stages : dict of str to str
        Activity to canonical stage, before the dictionary of Chinese names is asked.
    departments : dict of str to str
        Value of the department column to the name to show; ``""`` where the value means unknown.
    levels : dict of str to int
        Activity, or else role, to sign-off level (1 承办, 2 审核, 3 决定, 4 分管领导).
    codes : dict of str to str or dict of str to str
        Per column either what its codes mean, or the name of a shipped code list; ``""`` leaves its codes as they are.
    department_from : tuple of str
        Columns tried in order for the department; the first that holds a value is taken.
    applicant_departments : tuple of str
        Values of the department column that mean the applicant.
    automatic_resources : tuple of str
        Accounts of systems: their events are automatic, and their names are kept.
    timezone : str, optional
        Zone of naive stamps; stamps with an offset are converted to it. Without it the wall clock written in the
        file is kept.
    date_format : str, optional
        ``strptime`` format of the time columns, for forms whose order of day and month must be said; or ``"excel"``,
        ``"unix"``, ``"unix_ms"`` where bare numbers are times.
    missing_times : tuple of str
        Cells of the time columns that mean *not recorded*, such as ``9999-12-31``.
    lifecycle : {"pair", "complete", "ignore"}
        What ``start`` and ``complete`` transitions are: two ends of one activity instance; or only ``complete``
        counts; or every event is an instance.
    keep_text : bool
        Keep opinions and other free text, which may name people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: FileLayout = Field(default_factory=FileLayout)
    columns: dict[str, str] = Field(default_factory=dict)
    ignore_columns: tuple[str, ...] = ()
    stages: dict[str, str] = Field(default_factory=dict)
    departments: dict[str, str] = Field(default_factory=dict)
    levels: dict[str, Annotated[int, Field(ge=0, le=99)]] = Field(default_factory=dict)
    codes: dict[str, str | dict[str, str]] = Field(default_factory=dict)
    department_from: tuple[str, ...] = ()
    applicant_departments: tuple[str, ...] = ()
    automatic_resources: tuple[str, ...] = ()
    timezone: str | None = None
    date_format: str | None = None
    missing_times: tuple[str, ...] = ()
    lifecycle: Lifecycle = "pair"
    keep_text: bool = False

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, value: dict[str, str]) -> dict[str, str]:
        for column in value:
            if column not in CANONICAL:
                raise ValueError(_unknown(_("column"), column, CANONICAL))
        return value

    @field_validator("stages")
    @classmethod
    def _known_stages(cls, value: dict[str, str]) -> dict[str, str]:
        for stage in value.values():
            if stage not in STAGES:
                raise ValueError(_unknown(_("stage"), stage, STAGES))
        return value

    @field_validator("codes")
    @classmethod
    def _known_lists(cls, value: dict[str, str | dict[str, str]]) -> dict[str, str | dict[str, str]]:
        for column, said in value.items():
            if column not in CANONICAL:
                raise ValueError(_unknown(_("column"), column, CANONICAL))
            if isinstance(said, str) and said:
                lists = [found.name for found in code_lists()]
                if said not in lists:
                    raise ValueError(_("unknown code list '{name}'; known: {names}", name=said, names=", ".join(lists)))
        return value

    @field_validator("date_format")
    @classmethod
    def _dated_format(cls, value: str | None) -> str | None:
        if value is None or value in (EXCEL, UNIX, UNIX_MS):
            return value
        parts = ("%Y", "%y", "%G"), ("%m", "%b", "%B", "%j"), ("%d", "%j")
        if not all(any(code in value for code in part) for part in parts):
            raise ValueError(_("'{format}' does not say where year, month and day stand (%Y %m %d)", format=value))
        try:
            datetime.strptime("", value)
        except (ValueError, re.error) as error:
            if "bad directive" in str(error) or "stray" in str(error) or isinstance(error, re.error):
                raise ValueError(_("'{format}' is not a format such as %d/%m/%Y %H:%M", format=value)) from error
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(_("'{zone}' is not a time zone such as Asia/Shanghai", zone=value)) from error
        return value


_SHOWN = 60
_KEYS = tuple(ColumnMapping.model_fields)
_TABLES = ("file", "columns", "stages", "departments", "levels", "codes")


# What a line may look like, as comments where nothing is said.
_EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "file": ('sheet = "办件"', 'encoding = "gb18030"', 'delimiter = ","', "header_row = 1", 'object_type = "case"'),
    "codes": ('channel = "gb39046.channel"',),
}


def read_mapping(path: str | Path) -> ColumnMapping:
    """Read a mapping file (TOML).

    Raises
    ------
    InputError
        If the file is missing, is not TOML, or says something that no reader understands (line and nearest key are
        named).
    """
    path = Path(path)
    text, content = read_toml(path)
    layout = content.get("file")
    for inside, keys, known in (
        ((), list(content), _KEYS),
        (("file",), list(layout) if isinstance(layout, dict) else [], tuple(FileLayout.model_fields)),
    ):
        for key in keys:
            if key not in known:
                near = nearest(key, known, n=1)
                raise InputError(
                    _(
                        "the mapping file '{file}', line {line}, has the unknown key '{key}'.",
                        file=path.name, line=_line(text, (*inside, key)), key=key,
                    ),
                    hint=_("did you mean '{near}'?", near=near[0])
                    if near
                    else _("known: {names}.", names=", ".join(known)),
                )  # fmt: skip
    try:
        return ColumnMapping.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # A union's branches and the entry's own place follow the key that stands in the file.
        place = [str(part) for part in first["loc"]]
        where = place[: 1 + (len(place) > 1 and place[0] in _TABLES)]
        reason = reason_of(first)
        named = re.search(r"'([^']+)'", reason)
        at = _line(text, (*where, named[1]) if named and len(where) == 1 else tuple(where))
        raise InputError(
            _(
                "the mapping file '{file}', line {line}, {where}: {reason}.",
                file=path.name, line=at, where=".".join(where), reason=reason,
            ),
            hint=_("correct this line; a file that flowaudit check FILE --write-mapping wrote explains every key."),
        ) from error  # fmt: skip


def _line(text: str, place: tuple[str, ...]) -> int:
    """Return the line of a key, or of a value in the table of ``place[0]``, as a person would look for it."""
    table, found = "", 0
    head, last = place[0], place[-1]
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.strip()
        if plain.startswith("["):
            table = plain.strip("[] ").split(".")[0].strip("\"' ")
            if table == head:
                found = found or number
                if plain.strip("[] ").split(".")[-1].strip("\"' ") == last:
                    return number
            continue
        key, equals, value = plain.partition("=")
        if not equals or plain.startswith("#"):
            continue
        name = key.strip().strip("\"'")
        if table == "" and name.split(".")[0] == head:
            return number
        if table == head and (name == last or value.split("#")[0].strip().strip("\"'") == last):
            return number
    return found or 1


def write_mapping(
    mapping: ColumnMapping, path: str | Path, *, notes: Mapping[str, Iterable[str]] | None = None
) -> None:
    """Write a mapping as TOML that a person can edit: every key stands there, explained in both languages.

    Parameters
    ----------
    mapping : ColumnMapping
    path : str or Path
    notes : mapping of str to iterable of str, optional
        Lines to add as comments below a table, by its name: what could be written there.
    """
    import tomlkit
    from tomlkit.items import Table

    document = tomlkit.document()
    for words in both("How the columns and values of this log are read. Lines may be changed by hand."):
        document.add(tomlkit.comment(words))
    content = mapping.model_dump(mode="json", exclude_none=True)

    def filled(entries: Mapping[str, str]) -> Table:
        table = tomlkit.table()
        for name, entry in entries.items():
            table.add(name, entry)
        return table

    explained = _explained()
    for key in (*(k for k in _KEYS if k not in _TABLES), *_TABLES):
        document.add(tomlkit.nl())
        value = content.get(key)
        if key in _TABLES:
            # Lines stand before the tables inside a table, or they would belong to the last of these.
            entries = dict(sorted((value or {}).items(), key=lambda entry: isinstance(entry[1], dict)))
            plain = {name: entry for name, entry in entries.items() if not isinstance(entry, dict)}
            table = tomlkit.table()
            for line in explained[key]:
                table.add(tomlkit.comment(line))
            for name, entry in plain.items():
                table.add(name, entry)
            for line in (*_EXAMPLES.get(key, ()), *(notes or {}).get(key, ())):
                if line.partition(" =")[0] not in plain:
                    table.add(tomlkit.comment(line))
            for name, entry in entries.items():
                if isinstance(entry, dict):
                    table.add(name, filled(entry))
            document.add(key, table)
            continue
        for line in explained[key]:
            document.add(tomlkit.comment(line))
        if value is None:
            document.add(tomlkit.comment(f'{key} = ""'))
        else:
            document.add(key, value)
    text = tomlkit.dumps(document)
    try:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            _("'{file}' cannot be written: {reason}.", file=path, reason=error.strerror or error)
        ) from error


def _explained() -> dict[str, tuple[str, str]]:
    """Return what each key means, in both languages, for people who edit the file."""
    return {
        "timezone": both("zone of stamps without an offset; stamps with one are converted to it"),
        "date_format": both(
            "strptime format of the time columns, such as %d/%m/%Y %H:%M; or excel, unix, unix_ms where bare numbers are times"
        ),
        "missing_times": both('cells of the time columns that mean "not recorded", such as 9999-12-31'),
        "lifecycle": both("start and complete transitions: pair, complete (only these count) or ignore"),
        "keep_text": both("keep opinions and other free text, which may name people"),
        "ignore_columns": both("headers that are not to be taken for a column"),
        "department_from": both("columns tried in order for the department"),
        "applicant_departments": both("departments that mean the applicant"),
        "automatic_resources": both("accounts of systems: their events are automatic"),
        "file": both(
            "layout of the file, where it is not found by itself: sheet, encoding, delimiter, header_row, object_type"
        ),
        "columns": both("our column = header in the file"),
        "stages": both("activity = canonical stage"),
        "departments": both("value in the file = name to show"),
        "levels": both("activity or role = sign-off level (1 handles, 2 reviews, 3 decides, 4 above)"),
        "codes": both(
            'column = name of a code list ("" leaves the codes as they are), or a table of its own: [codes.result] with lines code = meaning'
        ),
    }


def mapping_of(log: EventLog, given: ColumnMapping | None = None) -> ColumnMapping:
    """Return the mapping by which a log was read: what was given, with every column and stage that was recognised.

    Reading the same file with it gives the same log.
    """
    used = given or ColumnMapping()
    columns = {column: header for header, column in log.provenance.mapping.items() if column in CANONICAL}
    stages: dict[str, str] = {}
    if log.has("stage") and "stage" not in columns:
        codes, activities = log.codes("activity")
        stage_codes, names = log.codes("stage")
        held = stage_codes >= 0
        pairs = np.unique(np.c_[codes[held], stage_codes[held]], axis=0)
        stages = {activities[a]: names[s] for a, s in pairs if names[s] in STAGES}
    return used.model_copy(update={"columns": {**columns, **used.columns}, "stages": {**stages, **used.stages}})


def suggest_mapping(headers: Iterable[str]) -> ColumnMapping:
    """Return the mapping that the headers themselves suggest; unrecognised headers stay out of it.

    Raises
    ------
    InputError
        If two headers suit one column equally well.

    Examples
    --------
    >>> suggest_mapping(["办件编号", "环节名称", "结束时间", "备注"]).columns
    {'case_id': '办件编号', 'activity': '环节名称', 'end': '结束时间'}
    """
    return ColumnMapping(columns=recognise(headers))


def as_mapping(mapping: ColumnMapping | str | Path | None, overrides: Mapping[str, str] | None = None) -> ColumnMapping:
    """Return a mapping from what a reader was given: a mapping, a file, or nothing; overrides win."""
    found = ColumnMapping() if mapping is None else mapping
    if isinstance(found, str | os.PathLike):
        found = read_mapping(found)
    if not overrides:
        return found
    for column in overrides:
        if column not in CANONICAL:
            near = nearest(column, CANONICAL, n=1)
            raise UsageError(
                _("'{column}' is not a column of an event log.", column=column),
                hint=_("did you mean '{near}'?", near=near[0]) if near else None,
            )
    return found.model_copy(update={"columns": {**found.columns, **overrides}})


def resolve_columns(
    headers: Iterable[str],
    mapping: ColumnMapping,
    *,
    file: str,
    wanted: Iterable[str] = CANONICAL,
    optional: bool = False,
) -> dict[str, str]:
    """Return canonical column to header: what the mapping says first, then what the headers suggest.

    With ``optional`` a header that the mapping names and the file lacks is passed over: side tables share one
    mapping with the events.
    """
    headers = list(headers)
    demand_names(headers, file)
    wanted = list(wanted)
    said: dict[str, str] = {}
    for column, header in mapping.columns.items():
        if header in headers:
            said[column] = header
        elif not optional:
            near = nearest(header, headers, n=1)
            raise InputError(
                _(
                    "'{file}' has no column '{header}' (wanted for '{column}'); found {columns}.",
                    file=file, header=header, column=column, columns=quoted(headers),
                ),
                hint=_("did you mean '{near}'?", near=near[0])
                if near
                else _("name one of the columns found, or leave '{column}' out of the mapping.", column=column),
            )  # fmt: skip
    rest = [column for column in wanted if column not in said]
    # Only a role may also be the department: any other header that has been given away is not given twice.
    taken = [*mapping.ignore_columns, *(h for c, h in said.items() if c not in ("department", "role"))]
    twins = {"department": said.get("role"), "role": said.get("department")}
    lanes = {h for h in twins.values() if h is not None}
    try:
        # A department is looked for among all others, since one header may mean it or something else.
        wanted_first = [c for c in rest if c not in twins or (c == "department" and not lanes)]
        found = recognise(headers, wanted=wanted_first, taken=[*taken, *lanes], told=said)
        last = [c for c in rest if c in twins and c not in found]
        return {
            **said,
            **found,
            **recognise(headers, wanted=last, taken=[*taken, *_apart(found)], told=[*said, *found]),
        }
    except FlowAuditError as error:
        raise InputError(f"'{file}': {error.message}", hint=error.hint) from error


def _apart(found: Mapping[str, str]) -> list[str]:
    """Return the headers given away, but for the department's: a role may be the department, too."""
    return [header for column, header in found.items() if column != "department"]


def quoted(names: Iterable[str], limit: int = 30) -> str:
    """Return names in quotes for a message, cut after ``limit``."""
    names = list(names)
    shown = ", ".join(f"'{n if len(n) <= _SHOWN else n[:_SHOWN] + '…'}'" for n in names[:limit])
    return shown + ", …" if len(names) > limit else shown


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = nearest(name, known, n=1)
    if near:
        return _("unknown {what} '{name}' (did you mean '{near}'?)", what=what, name=name, near=near[0])
    return _("unknown {what} '{name}'", what=what, name=name)
