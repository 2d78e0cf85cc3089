"""Group arithmetic: medians and quantiles of many small groups, without sorting a million keys."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_RADIX = 2**16
"""NumPy's stable sort of 16-bit integers is a radix sort: linear in the number of rows."""


@dataclass(frozen=True)
class Groups:
    """Rows with equal keys, side by side.

    Attributes
    ----------
    keys : array of int
        The distinct keys, ascending.
    order : array of int
        The rows, group by group, in their own order within a group.
    ptr : array of int
        Group i is ``order[ptr[i]:ptr[i + 1]]``.
    """

    keys: Ints
    order: Ints
    ptr: Ints

    @property
    def counts(self) -> Ints:
        return np.diff(self.ptr)

    def distinct(self, values: npt.NDArray[Any]) -> Ints:
        """Count the distinct values of every group; equal ones must lie side by side in the rows' own order."""
        if not len(self.keys):
            return np.zeros(0, np.int64)
        own = values[self.order]
        new = np.ones(len(own), np.int64)
        new[1:] = own[1:] != own[:-1]
        new[self.ptr[:-1]] = 1
        found: Ints = np.add.reduceat(new, self.ptr[:-1])
        return found

    def totals(self, values: Floats) -> Floats:
        """Sum the values of every group."""
        if not len(self.keys):
            return np.zeros(0)
        found: Floats = np.add.reduceat(values[self.order], self.ptr[:-1])
        return found

    def quantiles(self, values: npt.NDArray[Any], *qs: float) -> list[Floats]:
        """Return for each ``q`` the quantile of every group (linear, as NumPy's).

        Examples
        --------
        >>> group_by(np.array([2, 1, 2])).quantiles(np.array([3.0, 5.0, 4.0]), 0.5)[0].tolist()
        [5.0, 3.5]
        """
        if not len(self.keys):
            return [np.zeros(0) for _q in qs]
        own = values[self.order]
        for a, b in pairwise(self.ptr.tolist()):
            if b - a > 1:
                own[a:b].sort()
        found = []
        for q in qs:
            position = self.ptr[:-1] + q * (self.counts - 1)
            low = np.floor(position).astype(np.int64)
            high = np.minimum(low + 1, self.ptr[1:] - 1)
            found.append(own[low] + (position - low) * (own[high] - own[low]))
        return found


def group_by(keys: Ints, most: int | None = None) -> Groups:
    """Group rows by an integer key.

    Parameters
    ----------
    keys : array of int
        Not negative.
    most : int, optional
        All keys lie below it, where that is known: small ranges are counted instead of sorted.

    Examples
    --------
    >>> groups = group_by(np.array([7, 3, 7]))
    >>> groups.keys.tolist(), groups.order.tolist(), groups.ptr.tolist()
    ([3, 7], [1, 0, 2], [0, 1, 3])
    """
    if most is not None and most <= max(len(keys), _RADIX):
        counts = np.bincount(keys, minlength=most)
        distinct = np.flatnonzero(counts)
        number = np.zeros(most, np.uint16 if len(distinct) <= _RADIX else np.int64)
        number[distinct] = np.arange(len(distinct))
        group, sizes = number[keys], counts[distinct]
    else:
        distinct, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        group = group.astype(np.uint16) if len(distinct) <= _RADIX else group
    order = np.argsort(group, kind="stable").astype(np.int64, copy=False)
    return Groups(distinct.astype(np.int64), order, np.r_[0, np.cumsum(sizes)].astype(np.int64))
