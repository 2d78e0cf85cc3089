"""What an XES document holds, whichever way it was read: two typed tables, one row per event and one per trace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from flowaudit.eventlog.coded import Coded

Bad = Callable[[int, str], NoReturn]
"""Told the first row whose cell has not the type it was declared with, and the type in words."""

NUMBERS = frozenset({"int", "float"})
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$|^[+-]?(?i:inf|infinity)$"
_WHOLE = r"^[+-]?[0-9]+$"
_EXACT = 2.0**53


@dataclass(frozen=True)
class Content:
    """The attributes of events and traces in the order of the document.

    Attributes
    ----------
    events, traces : pa.Table
        One column per key in the order of its first appearance, missing where a row has no such key. Text is
        ``dictionary<int32, string>``; keys that are always declared as date, int, float or boolean have that type.
    trace_of : array of int32, one per event
        The trace it stands in.
    offsets : frozenset of str
        UTC offsets met in dates.
    local : mapping of str to (int, int)
        By ``event KEY`` or ``trace KEY``: dates without an offset in a column where others carry one, and all dates.
    nested : int
        Attributes inside attributes, and lists, that were passed over in traces and events.
    loose : int
        Events outside traces.
    pseudonymous : tuple of str
        Canonical columns and keys of traces that our own writer filled with pseudonyms.
    """

    events: pa.Table
    traces: pa.Table
    trace_of: npt.NDArray[np.int32]
    offsets: frozenset[str]
    local: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    nested: int = 0
    loose: int = 0
    pseudonymous: tuple[str, ...] = ()


def typed(text: Coded, kinds: Collection[str], bad: Bad) -> pa.Array:
    """Return a column with the type its values were declared with; text where they disagree.

    Numbers that are empty or ``NaN`` are missing; whole numbers beyond 64 bits stay text, since no digit may be lost.
    """
    if kinds and NUMBERS.issuperset(kinds):
        return _numbers(text, bad, whole="float" not in kinds)
    if set(kinds) == {"boolean"}:
        return _booleans(text, bad)
    return text.array()


def _numbers(text: Coded, bad: Bad, *, whole: bool) -> pa.Array:
    labels = pc.utf8_trim_whitespace(text.labels)
    known = pc.invert(pc.is_in(pc.utf8_lower(labels), value_set=pa.array(["", "nan", "+nan", "-nan"])))
    _demand(text, pc.and_(known, pc.invert(pc.match_substring_regex(labels, _NUMBER))), bad, "number")
    labels = pc.if_else(known, pc.replace_substring_regex(labels, r"^\+", ""), pa.scalar(None, pa.string()))
    if whole and pc.all(pc.match_substring_regex(labels, _WHOLE)).as_py() is not False:
        try:
            return labels.cast(pa.int64()).take(_rows(text))
        except pa.ArrowInvalid:
            return text.array()
    numbers = labels.cast(pa.float64())
    if whole:
        # A whole number may be written 3.0.
        found = pc.drop_null(numbers).to_numpy(zero_copy_only=False)
        if (np.abs(found) <= _EXACT).all() and (found == np.rint(found)).all():
            numbers = numbers.cast(pa.int64())
    return numbers.take(_rows(text))


def _booleans(text: Coded, bad: Bad) -> pa.Array:
    labels = pc.utf8_lower(pc.utf8_trim_whitespace(text.labels))
    true, false, empty = (pc.is_in(labels, value_set=pa.array(w)) for w in (["true", "1"], ["false", "0"], [""]))
    _demand(text, pc.invert(pc.or_(pc.or_(true, false), empty)), bad, "boolean")
    return pc.if_else(empty, pa.scalar(None, pa.bool_()), true).take(_rows(text))


def _rows(text: Coded) -> pa.Array:
    return pa.array(text.codes, mask=text.codes < 0)


def _demand(text: Coded, wrong: pa.Array, bad: Bad, kind: str) -> None:
    marked = wrong.to_numpy(zero_copy_only=False)
    if marked.any():
        rows = np.flatnonzero(text.marked(marked))
        if len(rows):
            bad(int(rows[0]), kind)
