"""The three writings of OCEL 2.0 (JSON, XML, SQLite) as one document, parsed strictly and without trusting it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError
from flowaudit.eventlog.dates import harmless
from flowaudit.eventlog.ocel_people import people_of
from flowaudit.eventlog.source import unpacked
from flowaudit.messages import translate as _

Kind = Literal["string", "integer", "float", "boolean", "time"]
Value = str | int | float | bool | None

_CHUNK = 1 << 20


@dataclass
class Document:
    """An object-centric log as its file writes it; relations are positions of events and objects.

    Attributes
    ----------
    event_values : dict of str to dict of int to value
        Attribute, event, value.
    object_values : dict of str to dict of int to list of (value, time)
        Attribute, object, its values in order of time; the time is None where none is written.
    event_kinds, object_kinds : dict of str to set of str
        Declared types of attributes.
    event_lines, object_lines : list of int
        Line of the file (XML), or number of the event or object in it (JSON, SQLite).
    """

    file: str
    event_ids: list[str] = field(default_factory=list)
    event_types: list[str] = field(default_factory=list)
    event_times: list[str] = field(default_factory=list)
    event_lines: list[int] = field(default_factory=list)
    event_values: dict[str, dict[int, Value]] = field(default_factory=dict)
    event_kinds: dict[str, set[Kind]] = field(default_factory=dict)
    object_ids: list[str] = field(default_factory=list)
    object_types: list[str] = field(default_factory=list)
    object_lines: list[int] = field(default_factory=list)
    object_values: dict[str, dict[int, list[tuple[Value, str | None]]]] = field(default_factory=dict)
    object_kinds: dict[str, set[Kind]] = field(default_factory=dict)
    relation_event: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    relation_object: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    relation_qualifier: list[str] = field(default_factory=list)
    link_source: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    link_target: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    link_qualifier: list[str] = field(default_factory=list)


def parse(path: Path) -> Document:
    """Parse a log; its kind is told by the ending.

    Raises
    ------
    InputError
        See :func:`flowaudit.eventlog.read_ocel`.
    """
    kinds = [s.casefold() for s in path.suffixes if s.casefold() != ".gz"]
    kind = kinds[-1] if kinds else ""
    if kind in (".sqlite", ".sqlite3", ".db"):
        return _Sqlite(path).document()
    if kind in (".xmlocel", ".xml"):
        return _Xml(path).document()
    return _Json(path).document()


class _Builder:
    """Collects events, objects and relations; the same rules for the three writings."""

    # Words that stand for no value in a writing that has no sign of its own for it.
    nothing: frozenset[str] = frozenset()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.name
        self.found = Document(path.name)
        self._event_of: dict[str, int] = {}
        self._object_of: dict[str, int] = {}
        self._relations: list[tuple[int, str, str]] = []
        self._links: list[tuple[int, str, str]] = []

    def refuse(self, reason: str, line: int | None = None) -> NoReturn:
        if line is None:
            message = _("'{file}' is not an OCEL 2.0 log: {reason}.", file=self.file, reason=reason)
        else:
            message = _("'{file}', line {line}: {reason}.", file=self.file, line=line, reason=reason)
        raise InputError(message, hint=_("export it again as OCEL 2.0."))

    def declare(self, kinds: dict[str, set[Kind]], name: str, written: str) -> None:
        kinds.setdefault(name, set()).add(_kind(written))

    def event(self, told: str, kind: str, time: str, line: int) -> int:
        number = self._add(told, kind, line, self._event_of, _("event"))
        if not time.strip():
            self.refuse(_("the event '{id}' has no time", id=harmless(told)), line)
        self.found.event_ids.append(told.strip())
        self.found.event_types.append(kind)
        self.found.event_times.append(time)
        self.found.event_lines.append(line)
        return number

    def object(self, told: str, kind: str, line: int) -> int:
        number = self._add(told, kind, line, self._object_of, _("object"))
        self.found.object_ids.append(told.strip())
        self.found.object_types.append(kind)
        self.found.object_lines.append(line)
        return number

    def _add(self, told: str, kind: str, line: int, known: dict[str, int], what: str) -> int:
        name = told.strip()
        if not name:
            self.refuse(_("{what} without an id", what=what), line)
        if not kind.strip():
            self.refuse(_("the {what} '{id}' has no type", what=what, id=harmless(name)), line)
        if name in known:
            # Objects may be people, and their ids names.
            shown = harmless(name) if people_of(kind) else name
            self.refuse(_("the id '{id}' is used by two of kind {what}", what=what, id=shown), line)
        known[name] = len(known)
        return known[name]

    def event_value(self, event: int, name: str, value: Value) -> None:
        if self._missing(value):
            return
        self.found.event_values.setdefault(name, {})[event] = value

    def object_value(self, number: int, name: str, value: Value, time: str | None) -> None:
        if self._missing(value):
            return
        self.found.object_values.setdefault(name, {}).setdefault(number, []).append((value, time))

    def _missing(self, value: Value) -> bool:
        return value is None or (isinstance(value, str) and value.strip().casefold() in self.nothing)

    def relate(self, event: int, target: str, qualifier: str) -> None:
        self._relations.append((event, target.strip(), qualifier))

    def link(self, source: int, target: str, qualifier: str) -> None:
        self._links.append((source, target.strip(), qualifier))

    def event_number(self, told: str) -> int | None:
        return self._event_of.get(told.strip())

    def object_number(self, told: str) -> int | None:
        return self._object_of.get(told.strip())

    def finish(self) -> Document:
        found = self.found
        found.relation_event, found.relation_object, found.relation_qualifier = self._resolved(
            self._relations, found.event_lines
        )
        found.link_source, found.link_target, found.link_qualifier = self._resolved(self._links, found.object_lines)
        for listed in found.object_values.values():
            for entries in listed.values():
                if len(entries) > 1:
                    entries.sort(key=lambda entry: entry[1] or "")
        return found

    def _resolved(
        self, written: list[tuple[int, str, str]], lines: list[int]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], list[str]]:
        targets = [self._object_of.get(target, -1) for _from, target, _q in written]
        if -1 in targets:
            source, target, _qualifier = written[targets.index(-1)]
            n = targets.count(-1)
            self.refuse(
                _("it refers to the object '{id}', which is not there ({n} such relations)", id=harmless(target), n=n),
                lines[source],
            )
        return (
            np.array([source for source, _t, _q in written], np.int64),
            np.array(targets, np.int64),
            [qualifier for _s, _t, qualifier in written],
        )


def _kind(written: str) -> Kind:
    """Return what a declared type means; unknown ones are text."""
    folded = written.casefold()
    for kind, words in _KINDS.items():
        if any(word in folded for word in words):
            return kind
    return "string"


_KINDS: Mapping[Kind, tuple[str, ...]] = {
    "time": ("time", "date"),
    "integer": ("int",),
    "float": ("float", "double", "real", "numeric"),
    "boolean": ("bool",),
}


class _Json(_Builder):
    def document(self) -> Document:
        content = self._load()
        if not isinstance(content, dict) or not {"events", "objects"} <= content.keys():
            if isinstance(content, dict) and any(str(k).startswith("ocel:") for k in content):
                raise InputError(
                    _("'{file}' is OCEL 1.0, which is not read.", file=self.file),
                    hint=_("convert it to OCEL 2.0, for example with pm4py."),
                )
            self.refuse(_("it has no 'events' and 'objects'"))
        for key, kinds in (("eventTypes", self.found.event_kinds), ("objectTypes", self.found.object_kinds)):
            for number, told in enumerate(self._list(content, key), 1):
                for attribute in self._list(told, "attributes"):
                    self.declare(kinds, self._text(attribute, "name", number), self._text(attribute, "type", number))
        for line, told in enumerate(self._list(content, "objects"), 1):
            number = self.object(self._text(told, "id", line), self._text(told, "type", line), line)
            for attribute in self._list(told, "attributes"):
                when = attribute.get("time")
                self.object_value(
                    number, self._text(attribute, "name", line), self._value(attribute, line),
                    None if when is None else str(when),
                )  # fmt: skip
            for relation in self._list(told, "relationships"):
                self.link(number, self._text(relation, "objectId", line), str(relation.get("qualifier") or ""))
        for line, told in enumerate(self._list(content, "events"), 1):
            time = self._text(told, "time", line)
            number = self.event(self._text(told, "id", line), self._text(told, "type", line), time, line)
            for attribute in self._list(told, "attributes"):
                self.event_value(number, self._text(attribute, "name", line), self._value(attribute, line))
            for relation in self._list(told, "relationships"):
                self.relate(number, self._text(relation, "objectId", line), str(relation.get("qualifier") or ""))
        return self.finish()

    def _load(self) -> Any:
        def refuse(constant: str) -> NoReturn:
            self.refuse(_("{value} is not a JSON value", value=constant))

        with unpacked(self.path) as stream:
            raw = stream.read()
        try:
            return json.loads(raw.decode("utf-8-sig"), parse_constant=refuse)
        except UnicodeDecodeError as error:
            raise InputError(
                _("'{file}' is not UTF-8 text.", file=self.file), hint=_("JSON is always UTF-8; export it again.")
            ) from error
        except json.JSONDecodeError as error:
            raise InputError(
                _("'{file}', line {line}: not JSON: {reason}.", file=self.file, line=error.lineno, reason=error.msg),
                hint=_("check that the export is complete."),
            ) from error
        except (RecursionError, ValueError) as error:
            raise InputError(
                _("'{file}' is nested too deeply or has numbers too long to be a log.", file=self.file),
                hint=_("export it again as OCEL 2.0."),
            ) from error

    def _list(self, told: Any, key: str) -> list[dict[str, Any]]:
        found = told.get(key) if isinstance(told, dict) else None
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            self.refuse(_("'{key}' is not a list of objects", key=key))
        return found

    def _text(self, told: dict[str, Any], key: str, line: int) -> str:
        found = told.get(key)
        if isinstance(found, str):
            return found
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        self.refuse(_("'{key}' is missing or no text", key=key), line)

    def _value(self, attribute: dict[str, Any], line: int) -> Value:
        value = attribute.get("value")
        if isinstance(value, list | dict):
            self.refuse(_("the value of '{name}' is not a single one", name=attribute.get("name")), line)
        found: Value = value
        return found


class _Xml(_Builder):
    """Events of the parser; where one is tells the path of open elements."""

    nothing = frozenset({"", "null"})

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._open: list[str] = []
        self._current = -1
        self._declared: dict[str, set[Kind]] | None = None
        self._attribute: tuple[str, str | None] | None = None
        self._text: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def document(self) -> Document:
        with unpacked(self.path) as stream:
            try:
                while chunk := stream.read(_CHUNK):
                    self._parser.Parse(chunk, False)
                self._parser.Parse(b"", True)
            except expat.ExpatError as error:
                raise InputError(
                    _("'{file}', line {line}: not XML: {reason}.", file=self.file, line=error.lineno, reason=expat.errors.messages[error.code]),
                    hint=_("check that the export is complete."),
                ) from error  # fmt: skip
            except (LookupError, ValueError) as error:
                self.refuse(str(error))
        return self.finish()

    def _doctype(self, *_told: object) -> None:
        raise InputError(
            _("'{file}' declares a document type, which no OCEL log does.", file=self.file),
            hint=_("export it again; do not open it otherwise."),
        )

    def _start(self, tag: str, told: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        line = self._parser.CurrentLineNumber
        above = self._open[-1] if self._open else ""
        if not self._open and tag != "log":
            self.refuse(_("it begins with <{tag}>", tag=tag[:40]))
        if len(self._open) > 20:
            self.refuse(_("its elements are nested too deeply"), line)
        section = self._open[1] if len(self._open) > 1 else ""
        if tag in ("object-type", "event-type"):
            self._declared = self.found.object_kinds if tag == "object-type" else self.found.event_kinds
        elif tag == "object" and above == "objects" and len(self._open) == 2:
            self._current = self.object(told.get("id", ""), told.get("type", ""), line)
        elif tag == "event" and above == "events":
            self._current = self.event(told.get("id", ""), told.get("type", ""), told.get("time", ""), line)
        elif tag == "attribute" and section.endswith("-types") and self._declared is not None:
            self.declare(self._declared, told.get("name", ""), told.get("type", "string"))
        elif tag == "attribute":
            self._attribute, self._text = (told.get("name", ""), told.get("time")), []
        elif tag in ("relationship", "object", "relobj") and above == "objects":
            target, qualifier = told.get("object-id", ""), told.get("qualifier", "")
            (self.relate if section == "events" else self.link)(self._current, target, qualifier)
        self._open.append(tag)

    def _end(self, tag: str) -> None:
        self._open.pop()
        if tag.rpartition(":")[2] == "attribute" and self._attribute is not None:
            (name, time), value = self._attribute, "".join(self._text)
            self._attribute = None
            if self._open[1] == "events":
                self.event_value(self._current, name, value)
            elif self._open[1] == "objects":
                self.object_value(self._current, name, value, time)

    def _characters(self, text: str) -> None:
        if self._attribute is not None:
            self._text.append(text)


class _Sqlite(_Builder):
    """Reads plain tables only: a view or a virtual table could compute for ever."""

    _TABLES = ("event", "object", "event_map_type", "object_map_type", "event_object", "object_object")

    def document(self) -> Document:
        with self.path.open("rb") as stream:
            head = stream.read(100)
        if not head.startswith(b"SQLite format 3\x00"):
            raise InputError(_("'{file}' is not a SQLite database.", file=self.file), hint=_("export it again."))
        self._demand_whole(head)
        try:
            # immutable: neither a journal nor a lock is written beside the file.
            source = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
            with closing(source):
                source.execute("PRAGMA trusted_schema = OFF")
                source.execute("PRAGMA query_only = ON")
                # SQLite takes what is missing at the end for zeros: cut text would be read as if it were whole.
                if source.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                    raise sqlite3.DatabaseError(_("it is damaged"))
                self._read(source)
        except UnicodeDecodeError as error:
            raise InputError(
                _("'{file}' holds text that is not UTF-8.", file=self.file), hint=_("export it again.")
            ) from error
        except (sqlite3.Error, OverflowError) as error:
            raise InputError(
                _("'{file}' cannot be read as OCEL 2.0: {reason}.", file=self.file, reason=error),
                hint=_("export it again."),
            ) from error
        return self.finish()

    def _demand_whole(self, head: bytes) -> None:
        """Raise InputError where the file is shorter or longer than it says (SQLite's file format, 1.3)."""
        page = int.from_bytes(head[16:18], "big")
        pages, changed, valid = (int.from_bytes(head[at : at + 4], "big") for at in (28, 24, 92))
        size = self.path.stat().st_size
        if len(head) < 100 or (pages and changed == valid and size != pages * (65536 if page == 1 else page)):
            raise InputError(
                _("'{file}' is cut off: its size is not what it says of itself.", file=self.file),
                hint=_("copy or export it again."),
            )

    def _read(self, source: sqlite3.Connection) -> None:
        schema = source.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        tables = {
            name.casefold(): name
            for name, sql in schema
            if isinstance(name, str) and not str(sql).lstrip().casefold().startswith("create virtual")
        }
        for name in self._TABLES:
            if name not in tables:
                self.refuse(_("the table '{table}' is missing", table=name))
        times = self._events(source, tables)
        for line, (told, kind) in enumerate(self._rows(source, tables["event"], "ocel_id", "ocel_type"), 1):
            name = _plain(told)
            self.event(name, _plain(kind), times.get(name.strip(), ""), line)
        for line, (told, kind) in enumerate(self._rows(source, tables["object"], "ocel_id", "ocel_type"), 1):
            self.object(_plain(told), _plain(kind), line)
        self._values(source, tables)
        for event, target, qualifier in self._rows(
            source, tables["event_object"], "ocel_event_id", "ocel_object_id", "ocel_qualifier"
        ):
            number = self.event_number(_plain(event))
            if number is None:
                self.refuse(_("a relation refers to the event '{id}', which is not there", id=harmless(_plain(event))))
            self.relate(number, _plain(target), _plain(qualifier))
        for origin, target, qualifier in self._rows(
            source, tables["object_object"], "ocel_source_id", "ocel_target_id", "ocel_qualifier"
        ):
            number = self.object_number(_plain(origin))
            if number is None:
                self.refuse(
                    _("a relation refers to the object '{id}', which is not there", id=harmless(_plain(origin)))
                )
            self.link(number, _plain(target), _plain(qualifier))

    def _rows(self, source: sqlite3.Connection, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        names = {name.casefold(): name for name, _kind in self._columns(source, table)}
        for column in columns:
            if column not in names:
                self.refuse(_("the table '{table}' has no column '{column}'", table=table, column=column))
        wanted = ", ".join(_quoted(names[c]) for c in columns)
        # Names stand in the statement as quoted identifiers of tables that exist: values never do.
        most = self.path.stat().st_size
        for number, row in enumerate(source.execute(f"SELECT {wanted} FROM {_quoted(table)}")):
            if number > most:
                # A damaged tree can name one page again and again; rows then outnumber the bytes of the file.
                self.refuse(_("the table '{table}' never ends", table=table))
            yield row

    def _columns(self, source: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
        return [(row[1], row[2] or "") for row in source.execute(f"PRAGMA table_info({_quoted(table)})")]

    def _typed_tables(self, source: sqlite3.Connection, tables: Mapping[str, str], what: str) -> Iterator[str]:
        for kind, suffix in self._rows(source, tables[f"{what}_map_type"], "ocel_type", "ocel_type_map"):
            name = tables.get(f"{what}_{_plain(suffix)}".casefold())
            if name is None:
                self.refuse(_("the table of the type '{type}' is missing", type=_plain(kind)))
            yield name

    def _events(self, source: sqlite3.Connection, tables: Mapping[str, str]) -> dict[str, str]:
        times: dict[str, str] = {}
        for table in self._typed_tables(source, tables, "event"):
            for told, time in self._rows(source, table, "ocel_id", "ocel_time"):
                times[_plain(told).strip()] = _plain(time)
        return times

    def _values(self, source: sqlite3.Connection, tables: Mapping[str, str]) -> None:
        for table in self._typed_tables(source, tables, "event"):
            names = self._declare(source, table, self.found.event_kinds)
            for told, *values in self._rows(source, table, "ocel_id", *(n.casefold() for n in names)):
                number = self.event_number(_plain(told))
                if number is None:
                    self.refuse(
                        _("the table '{table}' has the unknown event '{id}'", table=table, id=harmless(_plain(told)))
                    )
                for name, value in zip(names, values, strict=True):
                    self.event_value(number, name, _value(value))
        for table in self._typed_tables(source, tables, "object"):
            names = self._declare(source, table, self.found.object_kinds)
            held = {name.casefold() for name, _kind in self._columns(source, table)}
            extra = [c for c in ("ocel_time", "ocel_changed_field") if c in held]
            for told, *rest in self._rows(source, table, "ocel_id", *extra, *(n.casefold() for n in names)):
                number = self.object_number(_plain(told))
                if number is None:
                    self.refuse(
                        _("the table '{table}' has the unknown object '{id}'", table=table, id=harmless(_plain(told)))
                    )
                about = dict(zip(extra, rest, strict=False))
                when, changed = about.get("ocel_time"), about.get("ocel_changed_field")
                for name, value in zip(names, rest[len(extra) :], strict=True):
                    if changed is None or name == changed:
                        self.object_value(number, name, _value(value), None if when is None else _plain(when))

    def _declare(self, source: sqlite3.Connection, table: str, kinds: dict[str, set[Kind]]) -> list[str]:
        own = [(n, k) for n, k in self._columns(source, table) if not n.casefold().startswith("ocel_")]
        for name, kind in own:
            self.declare(kinds, name, kind)
        return [name for name, _kind in own]


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _value(value: Any) -> Value:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
