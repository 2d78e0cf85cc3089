"""How much of a result's variance goes with each input: Sobol' indices, by SALib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.messages import Language
from flowaudit.planning.inputs import Input

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Index:
    """How much of the result's variance comes from one input.

    Attributes
    ----------
    first, first_error : float
        Share it explains alone (first-order Sobol' index), and half-width of its 95 % bootstrap interval.
    total, total_error : float
        Share that would go with it, all it does together with the others included (total index).
    """

    input: Input
    first: float
    first_error: float
    total: float
    total_error: float

    @property
    def bounds(self) -> tuple[float, float]:
        """95 % interval of the total index, within 0 and 1."""
        return max(self.total - self.total_error, 0.0), min(self.total + self.total_error, 1.0)

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {
            "input": self.input.key, "label": self.input.label(lang), "first": self.first, "first_error": self.first_error,
            "total": self.total, "total_error": self.total_error,
        }  # fmt: skip


def sobol(
    inputs: tuple[Input, ...], result: Callable[[Mapping[str, float]], float], samples: int, seed: int
) -> tuple[tuple[Index, ...], Array]:
    """Vary inputs together; return their indices, the largest total first, and the results of the independent draws."""
    from SALib.analyze import sobol as analysis
    from SALib.sample import sobol as design

    k = len(inputs)
    problem = {"num_vars": k, "names": [i.key for i in inputs], "bounds": [[i.low, i.high] for i in inputs]}
    points = design.sample(problem, samples, calc_second_order=False, seed=seed)
    known: dict[tuple[float, ...], float] = {}
    results = np.empty(len(points))
    for row, point in enumerate(points):
        values = tuple(i.value(float(x)) for i, x in zip(inputs, point, strict=True))
        if values not in known:
            known[values] = result({i.key: v for i, v in zip(inputs, values, strict=True)})
        results[row] = known[values]
    # The first and the last row of every block are independent draws, those between differ in one input.
    blocks = results.reshape(samples, k + 2)
    spread = np.r_[blocks[:, 0], blocks[:, -1]]
    if not np.ptp(results) > 0:
        return (), spread
    with np.errstate(invalid="ignore", divide="ignore"):
        # A seed of 0 would be none to SALib.
        found = analysis.analyze(
            problem, results, calc_second_order=False, num_resamples=500, conf_level=0.95, seed=seed + 1
        )
    indices = [
        Index(i, *(float(np.nan_to_num(found[name][j])) for name in ("S1", "S1_conf", "ST", "ST_conf")))
        for j, i in enumerate(inputs)
    ]
    return tuple(sorted(indices, key=lambda i: -i.total)), spread
