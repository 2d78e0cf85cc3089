"""The strict way to read XES: the whole document through expat, in one pass and without trusting it."""

from __future__ import annotations

import codecs
import itertools
import json
import re
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

import numpy as np
import pyarrow as pa

from flowaudit.errors import InputError
from flowaudit.eventlog.coded import coded
from flowaudit.eventlog.dates import demand_good, harmless, parse_stamps
from flowaudit.eventlog.source import unpacked
from flowaudit.eventlog.xes_content import Content, typed
from flowaudit.messages import translate as _

PSEUDONYMOUS = "flowaudit:pseudonymised"
"""Key of the document's own attribute by which our writer names the columns that hold pseudonyms."""
XES_KEYS: Mapping[str, str] = {
    "activity": "concept:name",
    "resource": "org:resource",
    "department": "org:group",
    "role": "org:role",
    "start": "start_timestamp",
    "end": "time:timestamp",
}
"""Keys of the standard's extensions by canonical column; the start is written as pm4py reads it."""
_CHUNK = 1 << 20
_LONGEST = 1 << 26
_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})
_DECLARED = re.compile(rb"""<\?xml[^>]{1,80}encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_CHINESE = frozenset({"gb2312", "gbk", "gb18030", "cp936"})
_NESTED = frozenset({"list", "container", "values"})


def read_document(path: Path, *, timezone: str | None = None) -> Content:
    """Read any XES document.

    Parameters
    ----------
    path : Path
    timezone : str, optional
        Convert dates that carry an offset to this zone; without it their wall clock is kept.

    Raises
    ------
    InputError
        If the document is cut off, not XES, declares a document type or an entity, or holds a value that has not the
        type it was declared with.
    """
    document = Document(path.name)
    document.read(path)
    offsets: set[str] = set()
    local: dict[str, tuple[int, int]] = {}
    tables = []
    for name, attributes in (("event", document.events), ("trace", document.traces)):
        tables.append(attributes.table(path.name, name, timezone, offsets, local))
    return Content(
        tables[0], tables[1], np.frombuffer(document.trace_of, np.int32), frozenset(offsets),
        local=local, nested=document.nested, loose=document.loose, pseudonymous=document.pseudonymous,
    )  # fmt: skip


def lines_of(path: Path, level: str, rows: list[int]) -> list[int]:
    """Return the lines on which the elements of some events (or traces) begin; the document is read for it."""
    document = Document(path.name)
    document.read(path)
    line = (document.events if level == "event" else document.traces).line
    return [line[row] for row in rows]


def offset_of(minutes: int) -> str:
    """Return a UTC offset as it is written."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


class _Attributes:
    """Attributes of events or traces, column by column: most rows have most keys."""

    def __init__(self) -> None:
        self.rows: dict[str, array[int]] = {}
        self.values: dict[str, list[str]] = {}
        self.kinds: dict[str, set[str]] = {}
        self.line: array[int] = array("q")

    def add(self, kind: str, key: str, value: str) -> None:
        row = len(self.line) - 1
        try:
            self.rows[key].append(row)
        except KeyError:
            self.rows[key], self.values[key], self.kinds[key] = array("q", [row]), [value], {kind}
        else:
            self.values[key].append(value)
            self.kinds[key].add(kind)

    def table(
        self, file: str, level: str, timezone: str | None, offsets: set[str], local: dict[str, tuple[int, int]]
    ) -> pa.Table:
        """Return the attributes, missing where a row has no such key (the last one wins where it has two)."""
        done: dict[str, pa.Array] = {}
        for key in list(self.values):
            cells = np.full(len(self.line), None, dtype=object)
            cells[np.frombuffer(self.rows[key], np.int64)] = self.values.pop(key)
            text = pa.array(cells, pa.string())
            kinds = self.kinds[key]
            if kinds == {"date"}:
                stamps = parse_stamps(text, timezone=timezone)
                demand_good(stamps, text, file=file, column=key, lines=lambda rows: [self.line[r] for r in rows])
                offsets |= set(stamps.offsets)
                if stamps.local:
                    local[f"{level} {key}"] = stamps.local, int((~np.isnat(stamps.values)).sum())
                done[key] = pa.array(stamps.values, pa.timestamp("us"), from_pandas=True)
                continue

            def bad(row: int, kind: str, text: pa.Array = text) -> NoReturn:
                where: dict[str, Any] = {"file": file, "line": self.line[row], "cell": harmless(text[row].as_py())}
                if kind == "number":
                    raise InputError(
                        _("'{file}', line {line}: '{cell}' is not a number.", **where),
                        hint=_("correct this value, or declare it as a string."),
                    )
                raise InputError(
                    _("'{file}', line {line}: '{cell}' is neither true nor false.", **where),
                    hint=_("correct this value, or declare it as a string."),
                )

            done[key] = typed(coded(text), kinds, bad)
        return pa.table(done) if done else pa.table({"": pa.nulls(len(self.line))}).select([])


class Document:
    """One pass over the document; depth says where an attribute belongs."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.events, self.traces = _Attributes(), _Attributes()
        self.trace_of: array[int] = array("i")
        self.nested = 0
        self.loose = 0
        self.encoding: str | None = None
        self.pseudonymous: tuple[str, ...] = ()
        self._depth = 0
        self._level = 0  # 1 log, 2 trace, 3 event: where attributes one step deeper belong
        self._skip = 0  # depth of the element being passed over; 0 when none is
        self._counting = False  # whether attributes inside it are counted
        self._parser = self._made(None)

    def _made(self, encoding: str | None) -> Any:
        """Return a parser; an encoding given here counts more than what the document says."""
        parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declared
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        # No document type is needed by XES, and every known attack on parsers needs one.
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        parser.ExternalEntityRefHandler = self._refuse_doctype
        return parser

    def read(self, path: Path) -> None:
        """Read a whole file."""
        try:
            with unpacked(path) as stream:
                fed = 0
                for chunk in self._recoded(iter(lambda: stream.read(_CHUNK), b"")):
                    self.feed(chunk)
                    fed += len(chunk)
                    # The parser keeps a tag that has not ended, however long it becomes.
                    if fed - self._parser.CurrentByteIndex > _LONGEST:
                        raise InputError(
                            _(
                                "'{file}', line {line}: a tag or a text is longer than {size} MB.",
                                file=self.file, line=self._parser.CurrentLineNumber, size=_LONGEST >> 20,
                            ),
                            hint=_("the file is cut off or damaged: export or copy it again."),
                        )  # fmt: skip
                self.feed(b"", last=True)
        except expat.ExpatError as error:
            raise InputError(
                _(
                    "'{file}', line {line}: not well-formed XML ({reason}).",
                    file=self.file, line=error.lineno, reason=expat.ErrorString(error.code),
                ),
                hint=_("the file is cut off or damaged: export or copy it again.")
                if self._level
                else _("give an XES file; it begins with <log>."),
            ) from error  # fmt: skip
        except (LookupError, ValueError) as error:
            # What the parser says of an encoding that it does not know.
            raise InputError(
                _("'{file}' says that it is written in an encoding that cannot be read.", file=self.file),
                hint=_("save it in UTF-8."),
            ) from error

    def _recoded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield a document in UTF-8 if it says that it is written in the Chinese national encoding; else as it is."""
        first = next(chunks, b"")
        declared = _DECLARED.match(first)
        if declared is None or declared[1].decode().casefold() not in _CHINESE:
            yield first
            yield from chunks
            return
        # The parser knows encodings of one byte a character only; it is told not to mind the declaration.
        self._parser = self._made("UTF-8")
        decoder = codecs.getincrementaldecoder("gb18030")("strict")
        line = 1
        for chunk in itertools.chain([first], chunks, [b""]):
            try:
                text = decoder.decode(chunk, not chunk)
            except UnicodeDecodeError as error:
                line += bytes(error.object[: error.start]).count(b"\n")
                raise InputError(
                    _("'{file}', line {line}: bytes that are not {encoding}.", file=self.file, line=line,
                      encoding=declared[1].decode()),
                    hint=_("save it in UTF-8."),
                ) from error  # fmt: skip
            line += text.count("\n")
            yield text.encode("utf-8")

    def feed(self, part: bytes, *, last: bool = False) -> None:
        """Read some more bytes."""
        self._parser.Parse(part, last)

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = encoding

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth = depth = self._depth + 1
        if self._skip:
            if self._counting and tag in _VALUES:
                self.nested += 1
            return
        level = self._level
        if ":" in tag:
            tag = tag.rpartition(":")[2]
        if depth == level + 1 and tag in _VALUES and level > 1:
            key = attributes.get("key")
            if key is not None:
                (self.events if level == 3 else self.traces).add(tag, key, attributes.get("value", ""))
            self._pass_over(counting=True)
        elif tag == "event" and level == 2:
            self._level = 3
            self.events.line.append(self._parser.CurrentLineNumber)
            self.trace_of.append(len(self.traces.line) - 1)
        elif tag == "trace" and level == 1:
            self._level = 2
            self.traces.line.append(self._parser.CurrentLineNumber)
        elif depth == 1:
            if tag != "log":
                raise InputError(
                    _("'{file}' is not XES: its root is <{tag}>, not <log>.", file=self.file, tag=tag),
                    hint=_("give an XES file; it begins with <log>."),
                )
            self._level = 1
        else:
            if tag == "event":
                self.loose += 1
            elif level == 1 and attributes.get("key") == PSEUDONYMOUS:
                self.pseudonymous = _names(attributes.get("value", ""))
            if level > 1 and tag in _NESTED:
                self.nested += 1
            self._pass_over(counting=level > 1)

    def _pass_over(self, *, counting: bool) -> None:
        """Skip what is inside this element; inside events and traces the attributes there are counted."""
        self._skip = self._depth
        self._counting = counting

    def _end(self, _tag: str) -> None:
        depth = self._depth
        if self._skip:
            if self._skip == depth:
                self._skip = 0
        elif depth == self._level:
            self._level -= 1
        self._depth = depth - 1

    def _refuse_doctype(self, *_declaration: Any) -> NoReturn:
        raise InputError(
            _(
                "'{file}', line {line}: a document type or an (external) entity is declared; this is not allowed.",
                file=self.file, line=self._parser.CurrentLineNumber,
            ),
            hint=_("XES needs none: export the log again, or remove the <!DOCTYPE ...> part if you trust the file."),
        )  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    """Return names written as a list; none where they are not."""
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()
