"""A text column by its distinct values: what is done to text is done once per value, and rows hold only its number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.signedinteger[Any]]
Booleans = npt.NDArray[np.bool_]
_SLICE = 1 << 20
_FEW = 10_000
_WIDTHS = (np.dtype(np.int32), np.dtype(np.int16), np.dtype(np.int8))
COMPILED = 3_000_000
"""Rows from which compiled passes are worth loading the compiler."""


@dataclass(frozen=True)
class Coded:
    """Text as numbers and what they stand for.

    Attributes
    ----------
    codes : array of int32
        One per row; -1 where missing. In very long logs int8 or int16 where the labels are few.
    labels : pa.Array
        Distinct text, none missing; some may stand in no row.
    """

    codes: Codes
    labels: pa.Array

    def __len__(self) -> int:
        return len(self.codes)

    def counts(self) -> npt.NDArray[np.int64]:
        """Return the rows of every label."""
        total = np.zeros(len(self.labels) + 1, np.int64)
        # Slice by slice: counting takes eight bytes a row.
        for begin in range(0, len(self.codes), _SLICE):
            part = self.codes[begin : begin + _SLICE].astype(np.int64)
            total += np.bincount(part + 1, minlength=len(total))
        return total[1:]

    def first_rows(self) -> npt.NDArray[np.int64]:
        """Return the first row of every label; the number of rows where it stands in none."""
        n = len(self.codes)
        first = np.full(len(self.labels) + 1, n, np.int64)
        if n >= COMPILED:
            from flowaudit.eventlog import _kernels_build as kernels

            kernels.first_rows(read_only(self.codes), first)
            return first[:-1]
        open_labels = len(self.labels)
        begin, size = 0, _SLICE >> 6
        # Few labels are soon seen; the rest of the rows then need no look.
        while begin < n and open_labels:
            part = self.codes[begin : begin + size]
            here = np.full(len(first), n, np.int64) if len(first) <= 4 * len(part) else None
            if here is None:
                fresh = part[first[part] == n]
                rows = np.flatnonzero(first[part] == n) + begin
                first[fresh[::-1]] = rows[::-1]
            else:
                # Of several values for one place NumPy keeps the last: rows are given from the last to the first.
                here[part[::-1]] = np.arange(begin + len(part) - 1, begin - 1, -1)
                np.minimum(first, here, out=first)
            open_labels = int((first[:-1] == n).sum())
            begin += len(part)
            size = min(2 * size, _SLICE)
        return first[:-1]

    def in_order(self) -> npt.NDArray[np.int64]:
        """Return the labels in use, by their first row."""
        first = self.first_rows()
        used = np.flatnonzero(first < len(self.codes))
        found: npt.NDArray[np.int64] = used[np.argsort(first[used], kind="stable")]
        return found

    def by_first_row(self, *, in_place: bool = False) -> Coded:
        """Return the column with its labels in the order of their first rows, none that stands in no row.

        With ``in_place`` the codes, which nobody else may hold, are overwritten.
        """
        order = self.in_order()
        if len(order) == len(self.labels) and (order == np.arange(len(order))).all():
            return self
        lut = np.full(len(self.labels) + 1, -1, self.codes.dtype)
        lut[order] = np.arange(len(order), dtype=np.int32)
        own = self.codes if in_place else None
        return Coded(looked_up(lut, self.codes, out=own), self.labels.take(pa.array(order)))

    def wide(self) -> Coded:
        """Return the column with codes of int32."""
        return self if self.codes.dtype == np.int32 else Coded(self.codes.astype(np.int32), self.labels)

    def distinct(self) -> list[str]:
        """Return the labels in use as Python text, by their first row."""
        found: list[str] = self.labels.take(pa.array(self.in_order())).to_pylist()
        return found

    def marked(self, labels: Booleans) -> Booleans:
        """Return the rows whose label is marked."""
        hit: Booleans = looked_up(np.append(labels, False), self.codes)
        return hit

    def isin(self, values: Iterable[str]) -> Booleans:
        """Return the rows whose text is one of some values."""
        return self.marked(among(self.labels, values))

    def relabelled(self, labels: pa.Array) -> Coded:
        """Return the column with other text for each label; labels that become equal become one, None is missing."""
        fresh = pc.dictionary_encode(labels)
        if not labels.null_count and len(fresh.dictionary) == len(labels):
            # Other words for the same values: rows keep their numbers.
            return Coded(self.codes, fresh.dictionary)
        # Labels never become more: the codes keep their width.
        lut = np.append(pc.fill_null(fresh.indices, -1).to_numpy(zero_copy_only=False), -1).astype(self.codes.dtype)
        return Coded(looked_up(lut, self.codes), fresh.dictionary)

    def mapped(self, change: Callable[[str], str | None]) -> Coded:
        """Return the column with every label changed."""
        return self.relabelled(pa.array([change(text) for text in self.labels.to_pylist()], pa.string()))

    def trimmed(self) -> Coded:
        """Return the column without blanks around its text; empty text is missing."""
        plain = pc.utf8_trim_whitespace(self.labels)
        empty = pc.equal(plain, "")
        if plain.equals(self.labels) and not pc.any(empty).as_py():
            return self
        return self.relabelled(pc.if_else(empty, pa.scalar(None, plain.type), plain))

    def where(self, keep: Booleans, other: Coded) -> Coded:
        """Return this column where ``keep``, the other one elsewhere."""
        both = pa.concat_arrays([self.labels, other.labels.cast(self.labels.type)])
        own, others = self.codes.astype(np.int32, copy=False), other.codes.astype(np.int32, copy=False)
        shifted = np.where(others >= 0, others + np.int32(len(self.labels)), np.int32(-1))
        return Coded(np.where(keep, own, shifted), both).relabelled(both)

    def array(self) -> pa.DictionaryArray:
        """Return the column as ``dictionary<int32, string>``."""
        return pa.DictionaryArray.from_arrays(indices(self.codes), self.labels, safe=False)

    def cells(self, rows: Iterable[int]) -> list[str | None]:
        """Return the text of some rows."""
        return [None if (code := int(self.codes[row])) < 0 else self.labels[code].as_py() for row in rows]


def looked_up(
    lut: npt.NDArray[Any], codes: npt.NDArray[Any], out: npt.NDArray[Any] | None = None, *, compiled: bool = False
) -> npt.NDArray[Any]:
    """Return ``lut[codes]``; its last value where a code is negative."""
    if out is None:
        out = np.empty(len(codes), lut.dtype)
    if (compiled or len(codes) >= COMPILED) and lut.dtype in _WIDTHS and codes.dtype in _WIDTHS:
        from flowaudit.eventlog import _kernels_build as kernels

        kernels.look_up(read_only(lut), read_only(codes), out)
        return out
    # Slice by slice: NumPy first makes eight bytes of every index.
    for begin in range(0, len(codes), _SLICE):
        out[begin : begin + _SLICE] = lut[codes[begin : begin + _SLICE]]
    return out


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a read-only view: compiled passes take one kind of array, or each would be compiled twice."""
    array = np.ascontiguousarray(array).view()
    array.flags.writeable = False
    return array


def among(labels: pa.Array, values: Iterable[str]) -> Booleans:
    """Return which labels are one of some values."""
    wanted = pa.array(list(values), pa.string()).cast(labels.type)
    found: Booleans = pc.is_in(labels, value_set=wanted).to_numpy(zero_copy_only=False)
    return found


def indices(codes: Codes) -> pa.Array:
    """Return codes as Arrow indices, missing where negative."""
    missing = codes < 0
    return pa.array(codes, mask=missing) if missing.any() else pa.array(codes)


def one_chunk(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece; dictionaries have int32 indices, and numbers that are none (NaN) are missing."""
    if isinstance(values, pa.ChunkedArray):
        if values.num_chunks == 1:
            values = values.chunk(0)
        elif pa.types.is_dictionary(values.type):
            return _joined(values)
        else:
            values = values.combine_chunks()
            if isinstance(values, pa.ChunkedArray):
                values = values.cast(pa.large_string()).combine_chunks() if is_text(values.type) else values.chunk(0)
    kind = values.type
    if pa.types.is_dictionary(kind):
        if not is_text(kind.value_type):
            return one_chunk(values.dictionary.take(values.indices))
        if kind.index_type not in (pa.int32(), pa.int16(), pa.int8()):
            values = pa.DictionaryArray.from_arrays(values.indices.cast(pa.int32()), values.dictionary)
    elif pa.types.is_floating(kind) and pc.any(pc.is_nan(values)).as_py():
        return pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
    elif pa.types.is_null(kind):
        return values.cast(pa.string())
    return values


def _joined(values: pa.ChunkedArray) -> pa.Array:
    """Return chunks of a dictionary column as one, their dictionaries as one: faster than Arrow's own unification."""
    if not is_text(values.type.value_type):
        return one_chunk(pa.chunked_array([chunk.dictionary.take(chunk.indices) for chunk in values.chunks]))
    gathered = Gathered(len(values))
    for chunk in values.chunks:
        gathered.add(chunk)
    return gathered.array()


class Gathered:
    """Text that arrives piece by piece, each piece with a dictionary of its own, put together in place.

    Parameters
    ----------
    rows : int
        Rows that will come.
    narrow : bool
        Hold codes as int8 or int16 where the labels are few.
    """

    def __init__(self, rows: int, *, narrow: bool = False) -> None:
        self._codes: Codes = np.empty(rows, np.int8 if narrow else np.int32)
        self._row = 0
        self._number: dict[str, int] = {}
        # Pieces of many labels: their dictionaries, compared at the end.
        self._parts: list[pa.Array] = []
        self._base = 0

    def add(self, piece: pa.DictionaryArray) -> None:
        """Take the next piece."""
        labels, begin = piece.dictionary, self._row
        self._row += len(piece)
        if not self._parts and len(labels) + len(self._number) <= _FEW:
            texts = labels.to_pylist()
            own = [-1 if t is None else self._number.setdefault(t, len(self._number)) for t in texts]
            lut = np.array([*own, -1], np.int32)
        else:
            if not self._parts:
                self._parts.append(pa.array(list(self._number), labels.type))
                self._base = len(self._number)
            self._parts.append(labels)
            lut = np.append(np.arange(self._base, self._base + len(labels), dtype=np.int32), np.int32(-1))
            self._base += len(labels)
        top = max(len(self._number), self._base)
        if top > np.iinfo(self._codes.dtype).max:
            self._codes = self._codes.astype(np.int16 if top <= np.iinfo(np.int16).max else np.int32)
        looked_up(
            lut.astype(self._codes.dtype), _numbers(piece.indices), out=self._codes[begin : self._row],
            compiled=len(self._codes) >= COMPILED,
        )  # fmt: skip

    def array(self) -> pa.DictionaryArray:
        """Return the whole column; no text stands twice in its dictionary."""
        if not self._parts:
            return Coded(self._codes, pa.array(list(self._number), pa.string())).array()
        labels = pa.concat_arrays(self._parts)
        self._parts.clear()
        fresh = pc.dictionary_encode(labels)
        del labels
        lut = np.append(_numbers(fresh.indices), np.int32(-1)).astype(self._codes.dtype)
        looked_up(lut, self._codes, out=self._codes, compiled=len(self._codes) >= COMPILED)
        return Coded(self._codes, fresh.dictionary).array()


def with_distinct_labels(values: pa.Array) -> pa.Array:
    """Return a dictionary of a foreign file in which no text stands twice and none is missing."""
    labels = values.dictionary
    if not labels.null_count and len(pc.dictionary_encode(labels).dictionary) == len(labels):
        return values
    return Coded(_numbers(values.indices), labels).relabelled(labels).array()


def is_text(kind: pa.DataType) -> bool:
    """Say whether a type is text, plain or as a dictionary."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def coded(values: pa.Array | pa.ChunkedArray) -> Coded:
    """Return a column by its distinct text; numbers, times and truth values as a person would write them."""
    values = one_chunk(values)
    if not pa.types.is_dictionary(values.type):
        if pa.types.is_floating(values.type):
            whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 2.0**63))
            if pc.all(whole).as_py() is not False:
                values = values.cast(pa.int64(), safe=False)
        values = pc.dictionary_encode(values)
    labels = values.dictionary
    if not is_text(labels.type):
        written = pd.Series(labels.to_pandas()).astype("string")
        return Coded(_numbers(values.indices), pa.array(written, pa.string())).relabelled(
            pa.array(written, pa.string())
        )
    if not pa.types.is_string(labels.type):
        labels = labels.cast(pa.string())
    return Coded(_numbers(values.indices), labels)


def codes_of(values: pa.Array | pa.ChunkedArray) -> tuple[Codes, pa.Array]:
    """Return any column as codes (-1 missing) and its distinct values, whatever their type."""
    values = one_chunk(values)
    if not pa.types.is_dictionary(values.type):
        values = pc.dictionary_encode(values)
    return _numbers(values.indices), values.dictionary


def _numbers(found: pa.Array) -> Codes:
    if found.null_count:
        found = pc.fill_null(found, -1)
    codes: Codes = found.to_numpy(zero_copy_only=False)
    return codes if codes.dtype in _WIDTHS else codes.astype(np.int32)


def frame_of(columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> pd.DataFrame:
    """Return a table as pandas: dictionaries as plain text, truth values with gaps as ``boolean``.

    Whole numbers with gaps become ``float64``, or ``Int64`` where that would round them.
    """
    out: dict[str, pd.Series] = {}
    for name, values in columns.items():
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if pa.types.is_integer(values.type) and values.null_count and _too_long(values):
            out[name] = values.to_pandas(types_mapper={values.type: pd.Int64Dtype()}.get)
            continue
        series = values.to_pandas()
        out[name] = series.astype("boolean") if pa.types.is_boolean(values.type) and values.null_count else series
    return pd.DataFrame(out)


def _too_long(values: pa.Array | pa.ChunkedArray) -> bool:
    """Say whether there are whole numbers that ``float64`` rounds."""
    least, most = (pc.min_max(values)[end].as_py() for end in ("min", "max"))
    return least is not None and max(-least, most) > 2**53
