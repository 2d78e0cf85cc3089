"""What the result would be if several assumptions were wrong at once, and which of them to measure better."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError, nearest
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import (
    METRICS,
    metric_label,
    statistic_name,
)
from flowaudit.planning.indices import Index, sobol
from flowaudit.planning.inputs import Input, inputs_of
from flowaudit.planning.varied import QUANTILES, Varied
from flowaudit.process import Process
from flowaudit.redesign import Scenario
from flowaudit.targets import Target, interval
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
SavedStatistic = Literal["mean", "median", "p90", "p95"]

LEAST = 16
"""With fewer samples the indices say nothing."""

CHOSEN = 3
"""So many inputs, those with the largest swing, are varied together."""


@dataclass(frozen=True)
class Swing:
    """The result with one input at both ends of its range, the others as the plan has them.

    Attributes
    ----------
    at_low, at_high : float
    error : float
        Half-width of the 95 % interval of their difference (chance in the simulation); NaN where it is not known.
    """

    input: Input
    at_low: float
    at_high: float
    error: float
    base: float

    @property
    def size(self) -> float:
        """How far the result moves at most, to either side or over the whole range."""
        values = (self.at_low, self.base, self.at_high)
        return max(values) - min(values)

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        return {
            "input": self.input.key, "label": self.input.label(lang), "low": self.input.low, "base": self.input.base,
            "high": self.input.high, "at_low": self.at_low, "at_high": self.at_high, "swing": self.size,
            "error": None if math.isnan(self.error) else self.error, "source": self.input.source(lang),
        }  # fmt: skip


@dataclass(frozen=True)
class Uncertainty:
    """What :func:`uncertainty` found.

    Attributes
    ----------
    metric : str
    statistic : str
    target : Target or None
        Where one was asked about, the result is what it bounds: the figure after the redesign, or its reduction.
        Otherwise it is the saving.
    base : float
        The result as the plan has it.
    swings : tuple of Swing
        All inputs, the largest first.
    indices : tuple of Index
        Of those varied together, the largest total first; empty where nothing moves the result.
    low, high : float
        The result lies between them in 90 % of the combinations tried; NaN where none was.
    met : float or None
        Share of the combinations in which the target is met.
    samples, evaluations, replications, cases, ways, seed : int
        How it was simulated.
    """

    metric: str
    statistic: str
    target: Target | None
    base: float
    swings: tuple[Swing, ...]
    indices: tuple[Index, ...]
    low: float
    high: float
    met: float | None
    samples: int
    evaluations: int
    replications: int
    cases: int
    ways: int
    seed: int
    unit_zh: str = field(default="", repr=False)
    unit_en: str = field(default="", repr=False)

    def __iter__(self) -> Iterator[Swing]:
        return iter(self.swings)

    def __len__(self) -> int:
        return len(self.swings)

    def unit(self, lang: Language | None = None) -> str:
        return self.unit_zh if (lang or current_language()) == "zh" else self.unit_en

    def what(self, lang: Language | None = None) -> str:
        """Return what the result is, in words."""
        if self.target is not None:
            return self.target.label or self.target.asked(lang)
        return _("saved: {metric} ({statistic})", lang=lang, metric=metric_label(self.metric, lang), statistic=statistic_label(self.statistic, lang))  # fmt: skip

    def shown(self, value: float, lang: Language | None = None) -> str:
        """Return a value of the result in print."""
        if self.target is not None and (self.target.reduction is not None or self.target.share is not None):
            return f"{value:.1%}"
        return f"{value:.1f} {self.unit(lang)}".rstrip()

    @property
    def measure_first(self) -> Input | None:
        """The input to measure better first; None where none stands out beyond chance."""
        if not self.indices:
            return None
        first, rest = self.indices[0], self.indices[1:]
        return first.input if all(first.bounds[0] > other.bounds[1] for other in rest) else None

    def table(self) -> pd.DataFrame:
        """Return one line for each input.

        Returns
        -------
        pd.DataFrame
            Columns ``input, label, low, base, high, at_low, at_high, swing, error`` and, of those varied together,
            ``first, first_error, total, total_error``.
        """
        own = {i.input.key: i for i in self.indices}
        rows = []
        for swing in self.swings:
            row = {k: v for k, v in swing.to_dict().items() if k != "source"}
            index = own.get(swing.input.key)
            for name in ("first", "first_error", "total", "total_error"):
                row[name] = math.nan if index is None else getattr(index, name)
            rows.append(row)
        columns = [
            "input", "label", "low", "base", "high", "at_low", "at_high", "swing", "error", "first", "first_error",
            "total", "total_error",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns).astype({"error": float})

    def sentences(self, lang: Language | None = None) -> tuple[str, ...]:
        """Return how far the result may move, and what moves it."""
        lang = lang or current_language()
        if not self.swings:
            return (_("{what}: nothing it rests on is known to be uncertain.", lang=lang, what=self.what(lang)),)
        told = []
        top = self.swings[0]
        if not self.indices:
            told.append(_("{what}: {base}; none of the {n} uncertain inputs moves it.", lang=lang, what=self.what(lang), base=self.shown(self.base, lang), n=len(self.swings)))  # fmt: skip
            return tuple(told)
        told.append(_("{what}: {base} as planned; with the inputs anywhere in their ranges, {low} to {high} in 90 % of the combinations.", lang=lang, what=self.what(lang), base=self.shown(self.base, lang), low=self.shown(self.low, lang), high=self.shown(self.high, lang)))  # fmt: skip
        if self.met is not None:
            told.append(_("The target is met in {share:.0%} of the combinations.", lang=lang, share=self.met))
        told.append(_("Alone, {input} moves it most: from {a} to {b} ({low} to {high} of the input).", lang=lang, input=top.input.label(lang), a=self.shown(top.at_low, lang), b=self.shown(top.at_high, lang), low=top.input.shown(top.input.low), high=top.input.shown(top.input.high)))  # fmt: skip
        for index in self.indices:
            low, high = index.bounds
            told.append(_("{input}: {total:.0%} of the variance goes with it (95 % interval {low:.0%} to {high:.0%}), {first:.0%} with it alone.", lang=lang, input=index.input.label(lang), total=min(index.total, 1.0), low=low, high=high, first=min(max(index.first, 0.0), index.total, 1.0)))  # fmt: skip
        first = self.measure_first
        if first is not None:
            told.append(_("To be surer of the result, first get surer of this: {input} ({advice}).", lang=lang, input=first.label(lang), advice=first.advice(lang)))  # fmt: skip
        else:
            told.append(_("Which input matters most is not clear beyond chance; more samples would tell.", lang=lang))
        told.append(_("Simulated with {ways} ways and {cases} cases, the same luck everywhere; the {k} inputs with the largest swings were varied together in {n} combinations. What the model misses is not in this.", lang=lang, ways=self.ways, cases=self.cases, k=len(self.indices), n=self.evaluations))  # fmt: skip
        return tuple(told)

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        first = self.measure_first
        return {
            "result": self.what(lang), "metric": self.metric, "statistic": self.statistic, "unit": self.unit(lang),
            "base": self.base, "low": _finite(self.low), "high": _finite(self.high), "met": self.met,
            "swings": [s.to_dict(lang) for s in self.swings], "indices": [i.to_dict(lang) for i in self.indices],
            "measure_first": None if first is None else first.key, "samples": self.samples,
            "evaluations": self.evaluations, "replications": self.replications, "cases": self.cases, "ways": self.ways,
            "seed": self.seed, "sentences": list(self.sentences(lang)),
        }  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        lang = current_language()
        head = (
            _("Input"),
            _("Range"),
            _("Result at its ends"),
            _("Share of the variance (total index)"),
            _("Range from"),
        )
        own = {i.input.key: i for i in self.indices}
        rows = []
        for s in self.swings:
            index = own.get(s.input.key)
            share = (
                "—" if index is None else f"{min(index.total, 1.0):.0%} ({index.bounds[0]:.0%} – {index.bounds[1]:.0%})"
            )
            cells = (
                s.input.label(lang), f"{s.input.shown(s.input.low)} … {s.input.shown(s.input.high)}",
                f"{self.shown(s.at_low)} … {self.shown(s.at_high)}", share, s.input.source(lang),
            )  # fmt: skip
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        said = "".join(f"<p>{html.escape(s)}</p>" for s in self.sentences())
        return f"<table><tr>{''.join(f'<th>{html.escape(h)}</th>' for h in head)}</tr>{''.join(rows)}</table>{said}"


def statistic_label(statistic: str, lang: Language | None = None) -> str:
    """Return what people call a statistic of the cases."""
    return _("95th percentile", lang=lang) if statistic == "p95" else statistic_name(statistic, lang)


def uncertainty(
    process: Process,
    scenario: Scenario,
    *,
    metric: str = "time",
    statistic: SavedStatistic = "mean",
    target: Target | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    samples: int = 64,
    replications: int = 5,
    cases: int = 500,
    ways: int = 200,
    policy: str | None = None,
    seed: int = 7,
    calendar: Calendar | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Uncertainty:
    """Say how far the result of a redesign rests on what nobody knows for certain.

    Parameters
    ----------
    process : Process
        As fitted.
    scenario : Scenario
    metric : {"steps", "time", "clock", "materials", "trips"}
        Whose saving is looked at.
    statistic : {"mean", "median", "p90", "p95"}
        Of the cases.
    target : Target, optional
        Look at what it bounds instead, and at how often it is met.
    ranges : mapping of str to (float, float), optional
        Other ranges of the inputs than the usual ones, by key: ``demand, delay, work`` (factors), ``2.success``.
    samples : int
        Size of the Sobol' sequence, a power of 2; with three inputs ``5 * samples`` combinations are simulated.
    replications : int
        Of the simulations with one input changed; of every combination half as many, since there are so many of them.
    cases, ways : int
        How many arrivals are simulated, and how many ways the process is thinned to: two simulations are needed for
        every combination.
    policy : str, optional
        Step policy.
    seed : int
        The same everywhere: what differs between two combinations is the inputs.
    calendar : Calendar, optional
        Default: the one the process was fitted with.
    progress : callable(done, total), optional
        Called with combinations simulated.

    Returns
    -------
    Uncertainty

    Raises
    ------
    UsageError
        If an option is out of its range, or a range names no input.
    InsufficientDataError
        If the log does not record the metric.

    Notes
    -----
    Inputs are the assumptions of the measures (:attr:`Measure.varied`), the demand (a fifth fewer or more arrivals), and
    the means of delays and of work that were fitted, within their 95 % intervals; all are taken for equally likely
    anywhere in their ranges and for independent. Demand, delays and work change the office before and after the
    redesign alike.

    First every input goes to both ends of its range alone (a tornado). The three with the largest swings are then
    varied together; Sobol' indices say which share of the result's variance goes with each. They are SALib's, on
    Saltelli's design, with bootstrap intervals.

    References
    ----------
    Saltelli et al. Variance based sensitivity analysis of model output. *Computer Physics Communications* 181 (2010)
    259-270, doi 10.1016/j.cpc.2009.09.018. Iwanaga, Usher, Herman. Toward SALib 2.0. *Socio-Environmental Systems
    Modelling* 4 (2022) 18155, doi 10.18174/sesmo.18155.
    """
    _require_options(samples, metric, statistic)
    if target is not None:
        metric, statistic = target.metric, "mean"
    calendar = calendar or load_calendar(process.calendar)
    inputs = inputs_of(process, scenario, ranges)
    trial = Varied.of(process, scenario, inputs, metric, statistic, target, ways, cases, policy, seed, calendar)
    total = 1 + 2 * len(inputs) + samples * (2 + min(CHOSEN, len(inputs)))
    done = 0

    def result(values: Mapping[str, float], times: int) -> Array:
        nonlocal done
        found = trial.result(values, times)
        done += 1
        if progress:
            progress(done, total)
        return found

    base = result({}, replications)
    swings = []
    for one in inputs:
        low, high = (result({one.key: end}, replications) for end in (one.low, one.high))
        error = math.nan
        if target is None and replications > 1:
            middle, _low, upper = interval(high - low)
            error = upper - middle
        swings.append(Swing(one, float(low.mean()), float(high.mean()), error, float(base.mean())))
    swings.sort(key=lambda s: -s.size)
    moving = tuple(s.input for s in swings if s.size > 0)[:CHOSEN]
    indices: tuple[Index, ...] = ()
    spread = np.zeros(0)
    if moving:
        indices, spread = sobol(moving, lambda v: float(result(v, max(replications // 2, 1)).mean()), samples, seed)
    if progress and done < total:
        progress(total, total)
    low_, high_ = np.quantile(spread, [0.05, 0.95]) if len(spread) else (math.nan, math.nan)
    met = None if target is None or not len(spread) else float(np.mean([_meets(target, v) for v in spread]))
    zh, en = trial.unit
    return Uncertainty(
        metric, statistic, target, float(base.mean()), tuple(swings), indices, float(low_), float(high_), met, samples,
        samples * (2 + len(moving)) if moving else 0, replications, trial.cases, len(trial.process.templates), seed, zh, en,
    )  # fmt: skip


def _require_options(samples: int, metric: str, statistic: str) -> None:
    if samples < LEAST or samples & (samples - 1):
        raise UsageError(
            _("samples is a power of 2, at least {least}; got {n}.", least=LEAST, n=samples), hint="samples=64"
        )
    if metric not in METRICS:
        near = nearest(metric, METRICS, n=1)
        raise UsageError(
            _("there is no measure '{name}'.", name=metric),
            hint=_("did you mean '{near}'?", near=near[0])
            if near
            else _("choose one of: {names}", names=", ".join(METRICS)),
        )
    if statistic != "mean" and statistic not in QUANTILES:
        raise UsageError(
            _("there is no statistic '{name}'.", name=statistic),
            hint=_("choose one of: {names}", names=", ".join(("mean", *QUANTILES))),
        )


def _meets(target: Target, value: float) -> bool:
    """Whether a value is what a target asks for."""
    if target.share is not None:
        return value >= target.share - 1e-12
    if target.at_most is not None:
        return value <= target.at_most + 1e-12
    return value >= (target.reduction or 0.0) - 1e-12


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
