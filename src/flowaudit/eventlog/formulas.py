"""Text that a spreadsheet program would run as a formula: marked when a table is written, and back when it is read."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.eventlog.coded import is_text

APOSTROPHE = "_apostrophe"
"""Ending of the header of a column in whose cells an apostrophe stands before what looks like a formula."""
# What begins a formula (OWASP, CSV injection); the wide forms do so where Chinese or Japanese is written.
_SIGNS = "=+\\-@＝＋－＠\t\r\n"
_RISKY = f"^'*[{_SIGNS}]"
_MARKED = f"^'('*[{_SIGNS}])"


def guarded(name: str, values: pa.Array | pa.ChunkedArray) -> tuple[str, pa.Array | pa.ChunkedArray]:
    """Return a column of text so that no cell begins a formula; its header says where that changed a cell.

    Where a text begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end, an apostrophe is put before it, and one
    more where apostrophes stand there already: :func:`bared` takes off exactly what was put. Numbers are no text and
    stay as they are.

    Examples
    --------
    >>> name, values = guarded("备注", pa.array(["=1+1", "'=1", "it's", None]))
    >>> name, values.to_pylist()
    ('备注_apostrophe', ["'=1+1", "''=1", "it's", None])
    >>> bared(name, values)[1].to_pylist()
    ['=1+1', "'=1", "it's", None]
    """
    changed = False
    if is_text(values.type):
        risky = pc.match_substring_regex(values, _RISKY)
        changed = bool(pc.any(risky).as_py())
        if changed:
            sign, empty = (pa.scalar(text, values.type) for text in ("'", ""))
            values = pc.if_else(risky, pc.binary_join_element_wise(sign, values, empty), values)
    if re.match(_RISKY, name):
        name, changed = f"'{name}", True
    # A name that happens to end so must not be taken for marked.
    return (name + APOSTROPHE if changed or name.endswith(APOSTROPHE) else name), values


def bare_name(name: str) -> str:
    """Return a column's header as it was before :func:`guarded`."""
    return re.sub(_MARKED, r"\1", name.removesuffix(APOSTROPHE)) if name.endswith(APOSTROPHE) else name


def bared(name: str, values: pa.ChunkedArray) -> tuple[str, pa.ChunkedArray]:
    """Return a column as it was before :func:`guarded`; columns whose header does not say so are left alone."""
    if not name.endswith(APOSTROPHE):
        return name, values
    name = bare_name(name)
    if pa.types.is_dictionary(values.type):
        chunks = [
            pa.DictionaryArray.from_arrays(c.indices, pc.replace_substring_regex(c.dictionary, _MARKED, r"\1"))
            for c in values.chunks
        ]
        return name, pa.chunked_array(chunks, values.type)
    return name, pc.replace_substring_regex(values, _MARKED, r"\1") if is_text(values.type) else values
