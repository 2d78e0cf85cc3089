"""Where the statements of a TOML file stand: its parsers tell what a file says, not in which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)\s*[.=]""")
_HEAD = re.compile(r"""\[\[?\s*([^\]]+?)\s*\]""")
_TEXT = re.compile(r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)


@dataclass
class Section:
    """A table of a file, or what stands before the first one.

    Attributes
    ----------
    name : str
        Empty for what stands before the first table.
    array : bool
        Written as ``[[name]]``.
    line : int
        Of its head, counted from 1.
    last : int
        Of the end of its last statement (of its head where it has none).
    keys : dict of str to int
        Line of each key.
    """

    name: str
    array: bool
    line: int
    last: int
    keys: dict[str, int] = field(default_factory=dict)


def sections(text: str) -> list[Section]:
    """Return the tables of a file in their order, what stands before the first one as the first.

    Parameters
    ----------
    text : str
        Of a file that is TOML.

    Examples
    --------
    >>> found = sections('name = "x"\\n\\n[[measure]]\\nverb = "staff" # who\\nadd = 1')
    >>> [(s.name, s.line, s.last, s.keys) for s in found]
    [('', 1, 1, {'name': 1}), ('measure', 3, 5, {'verb': 4, 'add': 5})]
    """
    found = [Section("", False, 1, 0)]
    for first, last, statement in _statements(text):
        head = _HEAD.match(statement)
        if head:
            name = head[1].strip("\"' ")
            found.append(Section(name, statement.startswith("[["), first, last))
            continue
        key = _KEY.match(statement)
        if key:
            found[-1].keys.setdefault(key[1].strip("\"'"), first)
        found[-1].last = last
    return found


def _statements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield first line, last line and text of everything that is neither blank nor a comment."""
    at, line = 0, 1
    while at < len(text):
        if text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text[at] == "\n":
            at, line = at + 1, line + 1
        elif text[at].isspace():
            at += 1
        else:
            end = _end(text, at)
            lines = text.count("\n", at, end)
            yield line, line + lines, text[at:end]
            at, line = end, line + lines


def _end(text: str, at: int) -> int:
    """Where the statement that begins at ``at`` ends: at the end of a line outside texts and brackets, or at a comment."""
    depth = 0
    while at < len(text):
        quoted = _TEXT.match(text, at) if text[at] in "\"'" else None
        if quoted:
            at = quoted.end()
            continue
        if text[at] == "#":
            if depth == 0:
                return at
            at = text.find("\n", at)
            if at < 0:
                return len(text)
        if text[at] == "\n" and depth <= 0:
            return at
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(text[at], 0)
        at += 1
    return at
