"""The distinct sequences of activities of a log's cases, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError
from flowaudit.eventlog.log import EventLog
from flowaudit.messages import translate as _

Ints = npt.NDArray[np.int64]

_MULTIPLIER = 0x9E3779B97F4A7C15
_ROOM = 2**12
"""Variants and a sixteenth of their activities there is room for at first."""


@dataclass(frozen=True)
class VariantTable:
    """A log's variants as arrays: whatever depends on the order of activities alone is computed on them, with weights.

    Attributes
    ----------
    of_case : array of int32
        Variant of every case; 0 is the most frequent one, equally frequent ones come in the order of their first case.
    cases : array of int64
        Cases of every variant.
    first : array of int64
        The first case of every variant.
    ptr : array of int64
        Variant v is ``activity[ptr[v]:ptr[v + 1]]``.
    activity : array of int32
        Codes of ``log.codes("activity")``.
    """

    of_case: npt.NDArray[np.int32]
    cases: Ints
    first: Ints
    ptr: Ints
    activity: npt.NDArray[np.int32]

    @property
    def variant(self) -> Ints:
        """Variant of every entry of ``activity``."""
        return np.repeat(np.arange(len(self.cases)), np.diff(self.ptr))

    @property
    def weight(self) -> Ints:
        """Cases of the variant of every entry of ``activity``: how many events of the log it stands for."""
        return np.repeat(self.cases, np.diff(self.ptr))


def variant_table(log: EventLog) -> VariantTable:
    """Find the variants of a log in one pass; kept with the log.

    Cases are looked up by a 64-bit hash of their activities and compared event by event with the variant found, so
    the result is exact.

    Raises
    ------
    InputError
        If an event has no activity.

    Examples
    --------
    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> log = from_frame(pd.DataFrame({"case_id": list("112233"), "activity": list("BAABAB"),
    ...                                "end": pd.date_range("2024-01-02", periods=6)}))
    >>> found = variant_table(log)
    >>> found.of_case.tolist(), found.cases.tolist(), found.first.tolist()
    ([1, 0, 0], [2, 1], [1, 0])
    """
    return log.remember("variant_table", lambda: _variant_table(log))


def _variant_table(log: EventLog) -> VariantTable:
    from flowaudit.eventlog import _kernels as kernels

    table = np.full(2 * _ROOM, -1, np.int32)
    hashes, cases, first = np.zeros(_ROOM, np.uint64), np.zeros(_ROOM, np.int64), np.zeros(_ROOM, np.int64)
    starts, sequences = np.zeros(_ROOM + 1, np.int64), np.zeros(16 * _ROOM, np.int32)
    of_case = np.empty(log.n_cases, np.int32)
    state = np.array([0, 0, 0, 2**64 - 1, _MULTIPLIER], np.uint64).view(np.int64)
    for tile in log.tiles("activity"):
        activity = tile.columns["activity"]
        own = of_case[tile.first_case : tile.first_case + len(tile.ptr) - 1]
        state[1] = tile.first_case
        done = 0
        while True:
            done = kernels.number_variants(
                tile.ptr, activity, done, table, hashes, starts, cases, first, sequences, state, own
            )
            if done == len(own):
                break
            found, length = int(state[0]), int(tile.ptr[done + 1] - tile.ptr[done])
            if found == len(hashes):
                hashes, cases, first, starts = (_grown(array) for array in (hashes, cases, first, starts))
                table = np.full(2 * len(hashes), -1, np.int32)
                kernels.place_hashes(table, hashes, found)
            while starts[found] + length > len(sequences):
                sequences = _grown(sequences)
    if state[2] < 0 or state[3] >= len(log.labels("activity")):
        raise InputError(
            _("the log '{source}' has an event without an activity.", source=log.provenance.source),
            hint=_("name the column that holds the activity, or leave such rows out."),
        )
    return _ranked(of_case, cases, first, starts, sequences, int(state[0]))


def _grown(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([array, np.zeros(len(array), array.dtype)])


def _ranked(
    of_case: npt.NDArray[np.int32],
    cases: Ints,
    first: Ints,
    starts: Ints,
    sequences: npt.NDArray[np.int32],
    n: int,
) -> VariantTable:
    """Put the variants in order: most frequent first, then by their first case."""
    from flowaudit.eventlog import _kernels as kernels

    order = np.lexsort((first[:n], -cases[:n]))
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    kernels.renumber(of_case, rank, of_case)
    lengths = np.diff(starts[: n + 1])[order]
    ptr = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    places = np.arange(ptr[-1]) + np.repeat(starts[:n][order] - ptr[:-1], lengths)
    return VariantTable(of_case, cases[:n][order], first[:n][order], ptr, sequences[places])
