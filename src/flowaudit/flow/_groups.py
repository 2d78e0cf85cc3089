"""Group arithmetic on sorted arrays: medians and quantiles of many small groups without a Python loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def bounds(sorted_keys: npt.NDArray[Any]) -> Ints:
    """Return where each run of equal keys begins, and the length last."""
    if not len(sorted_keys):
        return np.zeros(1, np.int64)
    return np.r_[0, np.flatnonzero(sorted_keys[1:] != sorted_keys[:-1]) + 1, len(sorted_keys)].astype(np.int64)


def quantiles_by(keys: Ints, values: Floats, *qs: float) -> tuple[Ints, Ints, list[Floats]]:
    """Return the distinct keys, their counts, and for each ``q`` the quantile of every group (linear, as NumPy's).

    Examples
    --------
    >>> keys, n, (median,) = quantiles_by(np.array([2, 1, 2]), np.array([3.0, 5.0, 4.0]), 0.5)
    >>> keys.tolist(), n.tolist(), median.tolist()
    ([1, 2], [1, 2], [5.0, 3.5])
    """
    order = np.lexsort((values, keys))
    keys, values = keys[order], values[order]
    ptr = bounds(keys)
    counts = np.diff(ptr)
    found = []
    for q in qs:
        if not len(keys):
            found.append(np.zeros(0))
            continue
        position = ptr[:-1] + q * (counts - 1)
        low = np.floor(position).astype(np.int64)
        high = np.minimum(low + 1, ptr[1:] - 1)
        found.append(values[low] + (position - low) * (values[high] - values[low]))
    return keys[ptr[:-1]], counts, found
