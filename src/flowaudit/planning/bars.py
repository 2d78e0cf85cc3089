"""From what the combinations of measures come to, to one bar for each measure, with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flowaudit.messages import translate as _
from flowaudit.metrics import mean_interval, metric_label
from flowaudit.planning.attribution import Bar, Note, Savings, Statistic
from flowaudit.planning.coalitions import Coalitions

Array = npt.NDArray[np.float64]
Weights = Mapping[int, int]
"""Combination to how often it counts: positive where the measure is not yet in force, negative where it is."""


@dataclass(frozen=True)
class Part:
    """What a measure saves, as a weighted mean over combinations of measures.

    Attributes
    ----------
    weights : mapping of int to int
        Divided by ``of``. They are whole numbers so that nothing is rounded before the end, and the bars of all measures
        sum to the total.
    of : int
    draws : sequence of mapping
        The same, divided by ``of_draw``, for each independent draw of orders; empty where all orders are taken.
    of_draw : int
    """

    weights: Weights
    of: int = 1
    draws: Sequence[Weights] = ()
    of_draw: int = 1


def savings_of(
    coalitions: Coalitions, statistic: Statistic, parts: Sequence[Part]
) -> tuple[tuple[Savings, ...], tuple[Note, ...]]:
    """Share out every metric that has a value in all combinations that count.

    Returns
    -------
    tuple of Savings, tuple of (Chinese, English)
        And what is to be said: of metrics that have none, and of measures that presuppose others.
    """
    counted = {0, coalitions.whole}.union(*(part.weights for part in parts))
    known = {m: all(coalitions.known(c, m, statistic) for c in counted) for m in coalitions.rules}
    found = []
    for metric in (m for m, whole in known.items() if whole):
        bars = tuple(_bar(coalitions, k, part, metric, statistic) for k, part in enumerate(parts))
        before, after = (float(coalitions.mean(c, metric, statistic)) for c in (0, coalitions.whole))
        found.append(
            Savings(metric, replace(coalitions.rules[metric], statistic=statistic), before, after, bars)
        )  # fmt: skip
    missing = [m for m, whole in known.items() if not whole]
    return tuple(found), (*map(_unknown, missing), *_presupposing(coalitions, counted))


def _bar(coalitions: Coalitions, k: int, part: Part, metric: str, statistic: Statistic) -> Bar:
    values = {c: coalitions.values(c, metric, statistic) for c in part.weights}
    anew = {c: x for c in part.weights if (x := coalitions.reshuffled(c, metric, statistic)) is not None}
    saved = float(sum(w * coalitions.mean(c, metric, statistic) for c, w in part.weights.items()) / part.of)
    chance = mean_interval(
        _summed(part.weights, part.of, values),
        reshuffled=_summed(part.weights, part.of, anew) if len(anew) == len(values) else None,
    )
    drawn = np.array([_summed(w, part.of_draw, values).mean() for w in part.draws])
    order = mean_interval(drawn) if len(drawn) else (saved, saved, saved)
    # Distances from the bar that have nothing to do with each other add up like the sides of a right angle.
    below, above = (math.hypot(chance[i] - chance[0], order[i] - order[0]) for i in (1, 2))
    entry = coalitions.scenario.entries[k]
    return Bar(
        entry.measure.id, entry.label("zh"), entry.label("en"), saved, saved - below, saved + above,
        (chance[2] - chance[1]) / 2, (order[2] - order[1]) / 2,
    )  # fmt: skip


def _summed(weights: Weights, of: int, values: Mapping[int, Array]) -> Array:
    total: Array = np.sum([w * values[c] for c, w in weights.items()], axis=0)
    return total / of


def _unknown(metric: str) -> Note:
    zh, en = (metric_label(metric, lang) for lang in ("zh", "en"))
    text = "{metric} is not shared out: in some combinations of measures nothing of it is left to count, or it is counted otherwise."
    return _(text, lang="zh", metric=zh), _(text, lang="en", metric=en)


def _presupposing(coalitions: Coalitions, counted: set[int]) -> list[Note]:
    notes = []
    for k, entry in enumerate(coalitions.scenario.entries):
        with_it = [c for c in counted if c >> k & 1]
        n = sum(k in coalitions.refused(c) for c in with_it)
        if n:
            text = "“{measure}” cannot be applied without others: in {n} of {all} combinations with it, it changes nothing and is credited with nothing."  # fmt: skip
            zh, en = entry.label("zh"), entry.label("en")
            notes.append(
                (_(text, lang="zh", measure=zh, n=n, all=len(with_it)), _(text, lang="en", measure=en, n=n, all=len(with_it)))
            )  # fmt: skip
    return notes
