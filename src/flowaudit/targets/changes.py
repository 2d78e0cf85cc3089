"""One metric before and after, in up to three ways: as it stands, looked at alike, and at one mix of cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.metrics import Mix, standardised_rule
from flowaudit.targets.counted import Counted
from flowaudit.targets.estimate import Estimate, Kind, Sample, Statistic, estimated
from flowaudit.targets.mix import mixed

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Changes:
    """One metric and statistic.

    Attributes
    ----------
    estimates : tuple of Estimate
        ``crude``, then ``followed`` and ``standardised`` where they can be had.
    strata : pd.DataFrame or None
    alone : (int, int)
        Cases of each side without a counterpart in the standardised figure.
    """

    estimates: tuple[Estimate, ...]
    strata: pd.DataFrame | None = None
    alone: tuple[int, int] = (0, 0)

    def of(self, *kinds: Kind) -> Estimate | None:
        """Return the first of the kinds that there is."""
        found = {e.kind: e for e in self.estimates}
        return next((found[kind] for kind in kinds if kind in found), None)


def changes(
    both: Counted,
    metric: str,
    statistic: Statistic,
    names: Sequence[str],
    mix: Mix,
    *,
    seed: int = 0,
    keep: tuple[Bools, Bools] | None = None,
) -> Changes:
    """Estimate one metric before and after.

    Parameters
    ----------
    both : Counted
    metric : str
        One of ``both.metrics``.
    statistic : {"median", "mean", "p90", "p95"}
    names : sequence of str
        What cases are told apart by; empty: nothing is standardised.
    mix : {"before", "after", "both"}
    seed : int
    keep : (array of bool, array of bool), optional
        Only these cases.
    """
    kinds: tuple[Kind, ...] = ("crude",) if both.follow.days is None else ("crude", "followed")
    found: list[Estimate | None] = []
    for kind in kinds:
        rules = both.rule(metric, kind, statistic)
        x = both.values(metric, kind, statistic)
        if keep is not None:
            x = (np.where(keep[0], x[0], np.nan), np.where(keep[1], x[1], np.nan))
        samples = [Sample.plain(one[~np.isnan(one)]) for one in x]
        found.append(estimated(metric, kind, statistic, rules, samples, seed))
    told = mixed(x, both.properties(names), names, mix, statistic) if names else None
    if told is None:
        return Changes(tuple(e for e in found if e is not None))
    level = [standardised_rule(rule, mix, names) for rule in rules]
    found.append(estimated(metric, "standardised", statistic, level, told.samples, seed))
    return Changes(tuple(e for e in found if e is not None), told.strata, told.left_out)
