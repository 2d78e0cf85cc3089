"""One figure before and after, with intervals of both and of what lies between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import CountingRule, Figure, Reduction, metric_label, shown, statistic_name

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Statistic = Literal["median", "mean", "p90", "p95"]
Kind = Literal["crude", "followed", "standardised"]
QUANTILE = {"median": 0.5, "p90": 0.9, "p95": 0.95}
RESAMPLES = 1000
LEAST = 10
"""Cases on each side below which a resample says nothing about other cases: no interval is given."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The cases of one side.

    Attributes
    ----------
    values : array of float
        Infinite for a case that takes longer than it was looked at.
    stratum : array of int
        Which kind of case each is, from 0.
    weight : array of float
        What each kind weighs; adds up to 1.
    """

    values: Floats
    stratum: Ints
    weight: Floats

    @classmethod
    def plain(cls, values: Floats) -> Sample:
        """All cases of one kind."""
        return cls(values, np.zeros(len(values), np.int64), np.ones(1))


@dataclass(frozen=True)
class Estimate:
    """A metric before and after.

    Attributes
    ----------
    metric : str
    kind : {"crude", "followed", "standardised"}
        ``crude``: every finished case as it stands. ``followed``: every case looked at for the same time.
        ``standardised``: that, as if the same cases had come before and after.
    before, after : Figure
        Each with its counting rule and its 95 % interval.
    low, high : float or None
        95 % interval of after - before; None with fewer than 10 cases on a side.
    rate_low, rate_high : float or None
        95 % interval of the reduction rate; None where it is undefined (0 before).
    """

    metric: str
    kind: Kind
    before: Figure
    after: Figure
    low: float | None
    high: float | None
    rate_low: float | None
    rate_high: float | None

    @property
    def statistic(self) -> str:
        return self.before.rule.statistic

    @property
    def reduction(self) -> Reduction:
        return Reduction(self.before, self.after)

    @property
    def difference(self) -> float:
        """After minus before: negative where something was saved."""
        return self.reduction.difference

    @property
    def rate(self) -> float | None:
        """(before - after) / before."""
        return self.reduction.rate

    @property
    def direction(self) -> Literal["falls", "rises", "unsure"]:
        """Whether the interval of the difference leaves 0 out, and on which side."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return "unsure"
        return "falls" if self.high < 0 else "rises"

    def text(self, lang: Language | None = None) -> str:
        """Return the change as a sentence with its interval."""
        lang = lang or current_language()
        told = {
            "metric": metric_label(self.metric, lang), "statistic": statistic_name(self.statistic, lang),
            "kind": kind_name(self.kind, lang), "before": shown(self.before.value), "after": shown(self.after.value),
            "unit": self.after.rule.unit(lang), "words": self._change(lang),
        }  # fmt: skip
        if self.low is None and self.high is None:
            return _("{metric} ({statistic}; {kind}): {before} → {after} {unit}, {words}; too few cases for an interval", lang=lang, **told)  # fmt: skip
        return _("{metric} ({statistic}; {kind}): {before} → {after} {unit}, {words}; 95 % interval of the change {low} to {high}",
                 lang=lang, low=signed(self.low), high=signed(self.high), **told)  # fmt: skip

    def _change(self, lang: Language) -> str:
        # That one is of the log before and the other of the log after goes without saying here.
        rule = replace(self.after.rule, baseline=self.before.rule.baseline)
        return Reduction(self.before, replace(self.after, rule=rule)).text(lang)

    def __str__(self) -> str:
        return f"{self.text()}\n{self.before.rule.text()}"

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {
            "metric": self.metric, "kind": self.kind, "statistic": self.statistic, "before": self.before.to_dict(lang),
            "after": self.after.to_dict(lang), "difference": self.difference, "difference_low": self.low,
            "difference_high": self.high, "reduction_rate": self.rate, "reduction_rate_low": self.rate_low,
            "reduction_rate_high": self.rate_high, "direction": self.direction,
        }  # fmt: skip


def kind_name(kind: Kind, lang: Language | None = None) -> str:
    """Return what people call a way to compare."""
    names = {
        "crude": _("finished cases as they stand", lang=lang),
        "followed": _("every case looked at for the same time", lang=lang),
        "standardised": _("at one mix of cases", lang=lang),
    }
    return names[kind]


def signed(value: float | None) -> str:
    """Return a change with its sign.

    Examples
    --------
    >>> signed(2.04), signed(-3.0), signed(None)
    ('+2', '−3', '—')
    """
    return "—" if value is None else ("+" if value > 0 else "") + shown(value).replace("-", "−")


def redrawn(sample: Sample, statistic: Statistic, seed: np.random.Generator) -> tuple[float, Floats]:
    """Return a weighted statistic, and what it would have been had other cases of the same kinds come.

    Parameters
    ----------
    sample : Sample
        Not empty; the mean needs finite values.
    statistic : {"median", "mean", "p90"}
    seed : Generator

    Returns
    -------
    float, array of float
        The statistic, and it again for each of 1000 resamples (bootstrap; cases drawn anew within their kind).

    Notes
    -----
    Working days and counts take few different values: a resample is how often each is drawn (a multinomial number), which
    is the bootstrap itself at a cost that does not depend on the number of cases. A quantile is the smallest value with
    so much weight up to it, the middle of two where the weight is reached exactly: with one kind, the plain median.

    Examples
    --------
    >>> value, draws = redrawn(Sample.plain(np.array([1.0, 2.0, 3.0, 10.0])), "median", np.random.default_rng(0))
    >>> value, len(draws)
    (2.5, 1000)
    """
    values, place = np.unique(sample.values, return_inverse=True)
    kinds = len(sample.weight)
    counts = np.bincount(sample.stratum * len(values) + place, minlength=kinds * len(values)).reshape(kinds, -1)
    exact, drawn = np.zeros((1, len(values))), np.zeros((RESAMPLES, len(values)))
    for row, weight in zip(counts, sample.weight.tolist(), strict=True):
        n = int(row.sum())
        if not n or not weight:
            continue
        exact += row * (weight / n)
        met = np.flatnonzero(row)
        drawn[:, met] += seed.multinomial(n, row[met] / n, size=RESAMPLES) * (weight / n)
    return float(_summed(exact, values, statistic)[0]), _summed(drawn, values, statistic)


def _summed(mass: Floats, values: Floats, statistic: Statistic) -> Floats:
    if statistic == "mean":
        found: Floats = mass @ values
        return found
    reached, q, slack = np.cumsum(mass, axis=1), QUANTILE[statistic], 1e-9
    last = len(values) - 1
    low, high = (np.minimum((reached < q + s).sum(axis=1), last) for s in (-slack, slack))
    middle: Floats = (values[low] + values[high]) / 2
    return middle


def estimated(
    metric: str, kind: Kind, statistic: Statistic, rules: Sequence[CountingRule], samples: Sequence[Sample], seed: int
) -> Estimate | None:  # fmt: skip
    """Return a metric before and after; None where a side is empty or its quantile lies beyond what was looked at."""
    if not all(len(s.values) for s in samples):
        return None
    streams = np.random.default_rng(seed).spawn(2)
    found = [redrawn(sample, statistic, stream) for sample, stream in zip(samples, streams, strict=True)]
    if not all(np.isfinite(value) for value, _draws in found):
        return None
    enough = min(len(sample.values) for sample in samples) >= LEAST
    figures = [
        Figure(value, replace(rule, statistic=statistic), len(sample.values), *_interval(draws, enough))
        for (value, draws), rule, sample in zip(found, rules, samples, strict=True)
    ]
    before, after = (draws for _value, draws in found)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference, rate = after - before, (before - after) / before
    rates = _interval(rate, enough and bool((before > 0).all()))
    return Estimate(metric, kind, figures[0], figures[1], *_interval(difference, enough), *rates)


def _interval(draws: Floats, given: bool) -> tuple[float | None, float | None]:
    """The middle 95 % of the draws; None where they reach beyond what was looked at."""
    if not given:
        return None, None
    if not np.isfinite(draws).all():
        draws = np.sort(draws)
        ends = [float(draws[int(q * (len(draws) - 1))]) for q in (0.025, 0.975)]
        low, high = (end if np.isfinite(end) else None for end in ends)
        return low, high
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
