"""The mapping file: how one system's columns, departments and activities are called here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from flowaudit.errors import FlowAuditError, InputError, UsageError, nearest
from flowaudit.eventlog.headers import CANONICAL, recognise
from flowaudit.eventlog.log import STAGES
from flowaudit.messages import translate as _
from flowaudit.toml import read_toml

Lifecycle = Literal["pair", "complete", "ignore"]


class ColumnMapping(BaseModel):
    """How a file is to be read. Everything is optional: what is not said is recognised by its header.

    Attributes
    ----------
    columns : dict of str to str
        Canonical column to the header in the file. ``case:NAME`` names an attribute of an XES trace.
    stages : dict of str to str
        Activity to canonical stage, before the dictionary of Chinese names is asked.
    departments : dict of str to str
        Value of the department column to the name to show; ``""`` where the value means unknown.
    levels : dict of str to int
        Activity, or else role, to sign-off level (1 承办, 2 审核, 3 决定, 4 分管领导).
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
        ``strptime`` format of the time columns, for forms whose order of day and month must be said.
    lifecycle : {"pair", "complete", "ignore"}
        What ``start`` and ``complete`` transitions are: two ends of one activity instance; or only ``complete``
        counts; or every event is an instance.
    keep_text : bool
        Keep opinions and other free text, which may name people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str] = Field(default_factory=dict)
    stages: dict[str, str] = Field(default_factory=dict)
    departments: dict[str, str] = Field(default_factory=dict)
    levels: dict[str, int] = Field(default_factory=dict)
    department_from: tuple[str, ...] = ()
    applicant_departments: tuple[str, ...] = ()
    automatic_resources: tuple[str, ...] = ()
    timezone: str | None = None
    date_format: str | None = None
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

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(_("'{zone}' is not a time zone such as Asia/Shanghai", zone=value)) from error
        return value


_KEYS = tuple(ColumnMapping.model_fields)


def read_mapping(path: str | Path) -> ColumnMapping:
    """Read a mapping file (TOML).

    Raises
    ------
    InputError
        If the file is missing, is not TOML, or says something that no reader understands (the nearest key is named).
    """
    path = Path(path)
    _text, content = read_toml(path)
    for key in content:
        if key not in _KEYS:
            near = nearest(key, _KEYS, n=1)
            raise InputError(
                _("the mapping file '{file}' has the unknown key '{key}'.", file=path.name, key=key),
                hint=_("did you mean '{near}'?", near=near[0])
                if near
                else _("known: {names}.", names=", ".join(_KEYS)),
            )
    try:
        return ColumnMapping.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            _(
                "the mapping file '{file}', {where}: {reason}.",
                file=path.name, where=where, reason=first["msg"].removeprefix("Value error, "),
            )
        ) from error  # fmt: skip


def write_mapping(mapping: ColumnMapping, path: str | Path) -> None:
    """Write a mapping as TOML that a person can edit: every key stands there, explained, unused ones as comments."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(_("How the columns and values of this log are read. Lines may be changed by hand.")))
    content = mapping.model_dump(mode="json", exclude_none=True)
    tables = ("columns", "stages", "departments", "levels")
    explained = _explained()
    for key in (*(k for k in _KEYS if k not in tables), *tables):
        document.add(tomlkit.nl())
        document.add(tomlkit.comment(explained[key]))
        value = content.get(key)
        if key in tables:
            table = tomlkit.table()
            for name, entry in (value or {}).items():
                table.add(name, entry)
            document.add(key, table)
        elif value is None:
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


def _explained() -> dict[str, str]:
    """Return what each key means, for people who edit the file."""
    return {
        "timezone": _("zone of stamps without an offset; stamps with one are converted to it"),
        "date_format": _("strptime format of the time columns, such as %d/%m/%Y %H:%M"),
        "lifecycle": _("start and complete transitions: pair, complete (only these count) or ignore"),
        "keep_text": _("keep opinions and other free text, which may name people"),
        "department_from": _("columns tried in order for the department"),
        "applicant_departments": _("departments that mean the applicant"),
        "automatic_resources": _("accounts of systems: their events are automatic"),
        "columns": _("our column = header in the file"),
        "stages": _("activity = canonical stage"),
        "departments": _("value in the file = name to show"),
        "levels": _("activity or role = sign-off level (1 handles, 2 reviews, 3 decides, 4 above)"),
    }


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
                hint=_("did you mean '{near}'?", near=near[0]) if near else None,
            )  # fmt: skip
    rest = [column for column in wanted if column not in said]
    # Only a role may also be the department: any other header that has been given away is not given twice.
    taken = [h for c, h in said.items() if c not in ("department", "role")]
    twins = {"department": said.get("role"), "role": said.get("department")}
    lanes = {h for h in twins.values() if h is not None}
    try:
        found = recognise(headers, wanted=[c for c in rest if c not in twins], taken=[*taken, *lanes])
        return {**said, **found, **recognise(headers, wanted=[c for c in rest if c in twins], taken=taken)}
    except FlowAuditError as error:
        raise InputError(f"'{file}': {error.message}", hint=error.hint) from error


def quoted(names: Iterable[str], limit: int = 30) -> str:
    """Return names in quotes for a message, cut after ``limit``."""
    names = list(names)
    shown = ", ".join(f"'{n}'" for n in names[:limit])
    return shown + ", …" if len(names) > limit else shown


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = nearest(name, known, n=1)
    if near:
        return _("unknown {what} '{name}' (did you mean '{near}'?)", what=what, name=name, near=near[0])
    return _("unknown {what} '{name}'", what=what, name=name)
