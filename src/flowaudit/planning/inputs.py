"""What a simulated result rests on without being sure of it: assumptions of measures, demand, and what was fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flowaudit.errors import UsageError, nearest
from flowaudit.messages import Language, both, current_language
from flowaudit.messages import translate as _
from flowaudit.process import BANDS, GRID, Process
from flowaudit.redesign import Measure, MeasureRefusedError, Scenario

Array = npt.NDArray[np.float64]

DEMAND = (0.8, 1.2)
"""Arrivals may be a fifth fewer or more than they were."""

SURE = 1.959963984540054
"""Standard errors to either side of a fitted mean: a 95 % interval."""


@dataclass(frozen=True)
class Input:
    """Something the result rests on.

    Attributes
    ----------
    key : str
        ``demand``, ``delay``, ``work`` (factors), or number of the measure in the scenario and parameter
        (``2.success``).
    low, base, high : float
        Its range, and the value the plan is made with.
    whole : bool
        Only whole numbers make sense.
    label_zh, label_en : str
    """

    key: str
    low: float
    base: float
    high: float
    label_zh: str
    label_en: str
    whole: bool = False

    @property
    def kind(self) -> str:
        """``demand``, ``delay``, ``work`` or ``measure``."""
        return self.key if self.key in ("demand", "delay", "work") else "measure"

    def label(self, lang: Language | None = None) -> str:
        return self.label_zh if (lang or current_language()) == "zh" else self.label_en

    def value(self, wanted: float) -> float:
        """Return the value the input can have."""
        return float(round(wanted)) if self.whole else wanted

    def shown(self, value: float) -> str:
        """Return a value in print: factors as per cent."""
        return f"{value:g}" if self.kind == "measure" else f"{value - 1.0:+.1%}"

    def source(self, lang: Language | None = None) -> str:
        """Return where the range comes from."""
        texts = {
            "demand": _("assumed: arrivals may be a fifth fewer or more", lang=lang),
            "delay": _("95 % interval of the mean delay per case", lang=lang),
            "work": _("95 % interval of the mean work per case", lang=lang),
            "measure": _("the measure's own assumption and what it could be instead", lang=lang),
        }
        return texts[self.kind]

    def advice(self, lang: Language | None = None) -> str:
        """Return how to become surer of it."""
        texts = {
            "demand": _("forecast the number of applications from several years of records", lang=lang),
            "delay": _("extend the log to more cases, and record when a file is waited for", lang=lang),
            "work": _("record when work on a file begins and ends, of more cases", lang=lang),
            "measure": _("try the measure on some cases first and count", lang=lang),
        }
        return texts[self.kind]


def inputs_of(
    process: Process, scenario: Scenario, ranges: Mapping[str, tuple[float, float]] | None = None
) -> tuple[Input, ...]:
    """Return what a redesign of a process rests on.

    Parameters
    ----------
    ranges : mapping of str to (float, float), optional
        Other ranges than the usual ones, by key.

    Raises
    ------
    UsageError
        If a range names no input, or its ends do not hold the value in between.
    """
    delay, work = relative_errors(process)
    found = []
    if len(process.arrivals) > 1:
        found.append(Input("demand", *_around(DEMAND), *both("demand (arrivals)")))
    for key, error, names in (
        ("delay", delay, both("delays (fitted mean)")),
        ("work", work, both("work (fitted mean)")),
    ):
        spread = (max(1.0 - SURE * error, 0.0), 1.0 + SURE * error)
        if error > 0 or key in (ranges or {}):
            found.append(Input(key, *_around(spread), *names))
    kinds = [m.id for m in scenario]
    for k, measure in enumerate(scenario):
        found.extend(_of_measure(k, measure, alone=kinds.count(measure.id) == 1))
    return tuple(_ranged(found, ranges or {}))


def relative_errors(process: Process) -> tuple[float, float]:
    """Return the standard errors of the fitted mean delay and mean work of a case, as shares of the means.

    0 of a diagram, where nothing was fitted, and where there is no delay or work.

    Notes
    -----
    Between the ways of the cases and within the tables of their steps, over the number of cases the process was fitted
    to; cases count as independent. Whatever stays the same for all cases of the log, such as a year that was unlike
    others, is not in it.
    """
    if process.source == "diagram" or process.cases < 2:
        return 0.0, 0.0
    waits, works = _moments(process.waits, BANDS), _moments(process.works, 1)
    totals = np.zeros((2, 3))
    weight = 0.0
    for template in process.templates:
        for branch in template.branches:
            share = template.cases * branch.probability
            weight += share
            for row, moments, steps in (
                (0, waits, [(s.wait, s.band) for s in branch.steps if s.wait >= 0]),
                (1, works, [(s.work, -1) for s in branch.steps if s.work >= 0]),
            ):
                mean, variance = moments[:, [t for t, _b in steps], [b for _t, b in steps]].sum(axis=1) if steps else (0.0, 0.0)  # fmt: skip
                totals[row] += share * np.array([mean, mean * mean, variance])
    found = []
    for mean, square, within in totals / max(weight, 1e-12):
        variance = max(square - mean * mean, 0.0) + within
        found.append(math.sqrt(float(variance) / process.cases) / float(mean) if mean > 0 else 0.0)
    return found[0], found[1]


def changed(
    process: Process, scenario: Scenario, inputs: tuple[Input, ...], values: Mapping[str, float]
) -> tuple[Process, Process]:
    """Return the office as it is and the redesigned one with other values of the inputs (demand apart).

    A measure that would change nothing at such a value is left out.
    """
    delay, work = values.get("delay", 1.0), values.get("work", 1.0)
    before = process
    if delay != 1.0 or work != 1.0:
        before = replace(process, waits=process.waits * delay, works=process.works * work)
    after = before
    for k, measure in enumerate(scenario):
        given = {
            i.key.split(".", 1)[1]: int(values[i.key]) if i.whole else values[i.key]
            for i in inputs
            if i.kind == "measure" and i.key.startswith(f"{k + 1}.") and values.get(i.key, i.base) != i.base
        }
        try:
            after = (measure.model_copy(update=given) if given else measure).apply(after)
        except MeasureRefusedError:
            if not given:
                raise
    return before, after


def _of_measure(k: int, measure: Measure, *, alone: bool) -> list[Input]:
    """The measure's assumptions; its name tells it from the others, or, of two of a kind, its label does."""
    found = []
    for name, values in measure.varied.items():
        base = getattr(measure, name)
        if base is None or not values:
            continue
        low, high = min(*values, base), max(*values, base)
        if low == high:
            continue
        zh, _slash, en = (type(measure).model_fields[name].description or name).partition(" / ")
        said = measure.name if alone else measure.label
        labels = (f"{said('zh')}·{zh}", f"{said('en')}: {en or zh}")
        found.append(Input(f"{k + 1}.{name}", low, float(base), high, *labels, whole=isinstance(base, int)))
    return found


def _ranged(found: list[Input], ranges: Mapping[str, tuple[float, float]]) -> list[Input]:
    keys = [i.key for i in found]
    for key in ranges:
        if key not in keys:
            raise UsageError(
                _("there is no uncertain input '{name}'.", name=key),
                hint=_("there are: {names}", names=", ".join(nearest(key, keys) or keys)),
            )
    out = []
    for i in found:
        low, high = ranges.get(i.key, (i.low, i.high))
        if not (math.isfinite(low) and math.isfinite(high) and 0 <= low <= i.base <= high and low < high):
            raise UsageError(
                _("the range of {name} is {low} to {high}.", name=i.key, low=low, high=high),
                hint=_("it goes from low to high, is not negative, and holds {base:g}.", base=i.base),
            )
        out.append(replace(i, low=low, high=high))
    return out


def _around(spread: tuple[float, float]) -> tuple[float, float, float]:
    return spread[0], 1.0, spread[1]


def _moments(tables: Array, bands: int) -> Array:
    """Mean and variance of every table, in each of its equal parts and as a whole (last); shape (2, tables, bands + 1)."""
    edges = np.linspace(0.0, 1.0, bands + 1)
    knots = np.unique(np.r_[GRID, edges])
    out = np.zeros((2, max(len(tables), 1), bands + 1))
    for k, table in enumerate(tables):
        value = np.interp(knots, GRID, table)
        a, b, width = value[:-1], value[1:], np.diff(knots)
        part = np.clip(np.searchsorted(edges, knots[:-1], side="right") - 1, 0, bands - 1)
        first = np.bincount(part, weights=width * (a + b) / 2.0, minlength=bands) * bands
        second = np.bincount(part, weights=width * (a * a + a * b + b * b) / 3.0, minlength=bands) * bands
        means, squares = np.r_[first, first.mean()], np.r_[second, second.mean()]
        out[:, k] = means, np.maximum(squares - means * means, 0.0)
    return out
