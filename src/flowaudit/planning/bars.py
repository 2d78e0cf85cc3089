"""From what the combinations of measures come to, to one bar for each measure, with its interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import mean_interval, metric_label
from flowaudit.planning.attribution import Bar, Note, Savings, Statistic
from flowaudit.planning.coalitions import Coalitions
from flowaudit.planning.outcome import Outcome, combined

Array = npt.NDArray[np.float64]
Weights = Mapping[int, int]
"""Combination to how often it counts: positive where the measure is not yet in force, negative where it is."""

LANGUAGES: tuple[Language, ...] = ("zh", "en")


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
    known = {m: all(coalitions.outcome(c, m, statistic).mean is not None for c in counted) for m in coalitions.rules}
    found = []
    for metric in (m for m, whole in known.items() if whole):
        bars = tuple(_bar(coalitions, k, part, metric, statistic) for k, part in enumerate(parts))
        before, after = (float(coalitions.outcome(c, metric, statistic).mean or 0) for c in (0, coalitions.whole))
        found.append(
            Savings(metric, replace(coalitions.rules[metric], statistic=statistic), before, after, bars)
        )  # fmt: skip
    missing = [m for m, whole in known.items() if not whole]
    return tuple(found), (*map(_unknown, missing), *_presupposing(coalitions, counted))


def _bar(coalitions: Coalitions, k: int, part: Part, metric: str, statistic: Statistic) -> Bar:
    share, chance = _share(coalitions, k, part, metric, statistic)
    saved = float(share)
    few = {c: coalitions.outcome(c, metric, statistic, few=True) for c in part.weights}
    drawn = np.array([combined(w, part.of_draw, few).values.mean() for w in part.draws])
    order = _distances(drawn) if len(drawn) else (0.0, 0.0)
    # Distances that have nothing to do with each other add up like the sides of a right angle.
    below, above = (math.hypot(*sides) for sides in zip(chance, order, strict=True))
    entry = coalitions.scenario.entries[k]
    return Bar(
        entry.measure.id, entry.label("zh"), entry.label("en"), saved, saved - below, saved + above, sum(chance) / 2, sum(order) / 2
    )  # fmt: skip


def _share(
    coalitions: Coalitions, k: int, part: Part, metric: str, statistic: Statistic
) -> tuple[Fraction, tuple[float, float]]:
    """A measure's share, and how far chance may have moved it from its expected value, down and up."""

    def outcomes(combinations: Iterable[int], few: bool) -> dict[int, Outcome]:
        return {c: coalitions.outcome(c, metric, statistic, few=few) for c in combinations}

    stated = {(1 << k) - 1: 1, (1 << k + 1) - 1: -1}
    n, few = coalitions.replications, coalitions.few
    if few == n or set(part.weights) == set(stated):
        share = combined(part.weights, part.of, outcomes(part.weights, few=False))
        return share.mean or Fraction(), _distances(share.values, share.reshuffled)
    # The share in the stated order from all replications, and what the share asked for differs from it from the few.
    apart = Counter(part.weights)
    apart.subtract({c: part.of * w for c, w in stated.items()})
    whole = combined(stated, 1, outcomes(stated, few=False))
    base, moved = combined(stated, 1, outcomes(stated, few=True)), combined(apart, part.of, outcomes(apart, few=True))
    anew = None
    if base.reshuffled is not None and moved.reshuffled is not None:
        anew = base.reshuffled + n / few * moved.reshuffled
    sides = (
        (few / n, _distances(base.values + n / few * moved.values, anew)),
        ((n - few) / n, _distances(whole.values[few:])),
    )
    below, above = (math.hypot(*(weight * far[i] for weight, far in sides)) for i in (0, 1))
    return (whole.mean or Fraction()) + (moved.mean or Fraction()), (below, above)


def _distances(values: Array, reshuffled: Array | None = None) -> tuple[float, float]:
    """How far the ends of the interval of a mean lie from it."""
    mean, low, high = mean_interval(values, reshuffled=reshuffled)
    return mean - low, high - mean


def _unknown(metric: str) -> Note:
    zh, en = (
        _(
            "{metric} is not shared out: in some combinations of measures nothing of it is left to count, or it is counted otherwise.",
            lang=lang, metric=metric_label(metric, lang),
        )
        for lang in LANGUAGES
    )  # fmt: skip
    return zh, en


def _presupposing(coalitions: Coalitions, counted: set[int]) -> list[Note]:
    notes = []
    for k, entry in enumerate(coalitions.scenario.entries):
        with_it = [c for c in counted if c >> k & 1]
        n = sum(k in coalitions.refused(c) for c in with_it)
        if n:
            zh, en = (
                _(
                    "“{measure}” cannot be applied without others: in {n} of {all} combinations with it, it changes nothing and is credited with nothing.",
                    lang=lang, measure=entry.label(lang), n=n, all=len(with_it),
                )
                for lang in LANGUAGES
            )  # fmt: skip
            notes.append((zh, en))
    return notes
