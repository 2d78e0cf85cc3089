"""What a combination of measures comes to, and weighted sums of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcome:
    """One figure in every replication of a simulation.

    Attributes
    ----------
    values : array of float
        One for each replication; NaN where there is none.
    mean : Fraction or None
        Of the values, without any rounding: shares of it can then sum to it exactly. None where there is none.
    reshuffled : array of float or None
        The figure in replications that might have been as well (:func:`flowaudit.targets.reshuffled`).
    """

    values: Array
    mean: Fraction | None
    reshuffled: Array | None = None

    @classmethod
    def of(cls, values: Array, reshuffled: Array | None = None) -> Outcome:
        known = np.isfinite(values).all()
        mean = sum(map(Fraction, values.tolist()), Fraction()) / len(values) if known else None
        return cls(values, mean, reshuffled)


def combined(weights: Mapping[int, int], of: int, outcomes: Mapping[int, Outcome]) -> Outcome:
    """Return the sum of ``weights[c] / of`` times outcome ``c``; all of them must be known."""
    values: Array = np.sum([w * outcomes[c].values for c, w in weights.items()], axis=0) / of
    mean = Fraction()
    for c, w in weights.items():
        mean += w * (outcomes[c].mean or Fraction())
    anew = [w * x for c, w in weights.items() if (x := outcomes[c].reshuffled) is not None]
    return Outcome(values, mean / of, np.sum(anew, axis=0) / of if len(anew) == len(weights) else None)
