"""What if: the parameters of a scenario as sliders, answered within a second by a small simulation."""

from __future__ import annotations

import html
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from flowaudit.errors import InputError, UsageError
from flowaudit.messages import Language, current_language, speaking
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, CountingRule, Figure, NotRecorded
from flowaudit.process import Process
from flowaudit.redesign import Diff, Entry, Measure, MeasureRefusedError, Scenario, diff
from flowaudit.targets import Measured, interval
from flowaudit.views._knobs import Knob, knobs_of, turned
from flowaudit.views._small_office import SmallOffice
from flowaudit.worktime import Calendar, load_calendar

Key = TypeVar("Key")
Value = TypeVar("Value")

WAYS, BATCHES, CASES = 480, 6, 250
"""On the sample log they tell the mean time saved to some 8 % of itself, and take about 0.7 s of one processor."""

KEPT = 64
"""Answers and stages that are remembered: a slider that is turned back answers at once."""


@dataclass(frozen=True)
class State:
    """Where the switches and sliders stand.

    Attributes
    ----------
    on : tuple of bool
        By measure of the scenario: whether it is in force.
    values : tuple of float or bool
        By knob.
    """

    on: tuple[bool, ...]
    values: tuple[float | bool, ...]


@dataclass(frozen=True)
class Row:
    """One metric before and after: means over cases, and what the batches tell of their difference.

    Attributes
    ----------
    rule : CountingRule
    before, after : float
        Mean over the batches of the mean over cases.
    difference, low, high : float
        ``after - before`` and its 95 % interval (Student, over the batches, which share cases and luck).
    median_before, median_after : float
        Mean over the batches of the median over cases.
    """

    metric: str
    rule: CountingRule
    before: float
    after: float
    difference: float
    low: float
    high: float
    median_before: float
    median_after: float


@dataclass(frozen=True)
class Answer:
    """What a state comes to. An estimate from a small part of the office, no official figure.

    Attributes
    ----------
    scenario : Scenario
        The measures in force, with their parameters as they stand.
    rows : tuple of Row
        The recorded metrics; empty where the scenario is refused.
    change : Diff or None
    refused : str
        Why it cannot be simulated, empty where it can.
    batches, cases : int
        Batches, and cases in each.
    ways, all_ways : int
        Ways simulated, of how many.
    seconds : float
        How long it took.
    """

    scenario: Scenario
    rows: tuple[Row, ...]
    change: Diff | None
    refused: str
    batches: int
    cases: int
    ways: int
    all_ways: int
    seconds: float

    def basis(self, lang: Language) -> str:
        """Return what the figures rest on, in a sentence."""
        return _(
            "Estimate, not an official figure: {batches} × {cases} simulated cases on {ways} of {all} ways; 95 % intervals of the difference.",
            lang=lang, batches=self.batches, cases=f"{self.cases:,}", ways=f"{self.ways:,}", all=f"{self.all_ways:,}",
        )  # fmt: skip

    def sentences(self, lang: Language) -> tuple[str, ...]:
        """Return what changes, in words."""
        return () if self.change is None else self.change.sentences(lang)

    def _repr_html_(self) -> str:
        from flowaudit.views._answer_html import answer_html

        return answer_html(self, current_language())


class WhatIf:
    """A scenario to be turned; made by :func:`what_if`.

    Attributes
    ----------
    knobs : tuple of Knob
        Parameters that can be turned.
    start : State
        As the scenario has them, every measure in force.
    state : State
        Where the sliders stand now.
    scenario : Scenario
        The measures in force with their parameters of now: for ``simulate``, ``evaluate``, ``save``.
    """

    def __init__(
        self, office: SmallOffice, process: Process, scenario: Scenario, policy: str | None, lang: Language
    ) -> None:
        self._office, self._process, self._given, self._policy, self.lang = office, process, scenario, policy, lang
        self.knobs = knobs_of(scenario)
        self.start = State((True,) * len(scenario), tuple(knob.value for knob in self.knobs))
        self.state = self.start
        self._stages: OrderedDict[tuple[Measure, ...], Process] = OrderedDict()
        self._answers: OrderedDict[State, Answer] = OrderedDict()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The measures of the scenario given."""
        return self._given.entries

    @property
    def scenario(self) -> Scenario:
        return self.scenario_of(self.state)

    def turn(self, state: State, knob: Knob, value: float | bool) -> State:
        """Return a state with one knob turned."""
        k = self.knobs.index(knob)
        return replace(state, values=(*state.values[:k], value, *state.values[k + 1 :]))

    def switch(self, state: State, measure: int, on: bool) -> State:
        """Return a state with one measure switched on or off."""
        return replace(state, on=(*state.on[:measure], on, *state.on[measure + 1 :]))

    def scenario_of(self, state: State) -> Scenario:
        """Return the scenario a state stands for.

        Raises
        ------
        UsageError
            If the values of a measure do not go together.
        """
        chosen = []
        for k, entry in enumerate(self._given.entries):
            if state.on[k]:
                values = {n.name: v for n, v in zip(self.knobs, state.values, strict=True) if n.measure == k}
                chosen.append(replace(entry, measure=self._turned(entry.measure, values)))
        return replace(self._given, entries=tuple(chosen))

    @staticmethod
    def _turned(measure: Measure, values: dict[str, Any]) -> Measure:
        from flowaudit.toml import problems_of

        try:
            return turned(measure, values)
        except ValidationError as error:
            raise UsageError(f"{measure.label()}: {problems_of(error)}") from None

    def answer(self, state: State | None = None) -> Answer:
        """Return what a state comes to; None: the one of now.

        Within a second for a fitted process, at once where it was asked before.
        """
        begun = time.perf_counter()
        state = state or self.state
        with speaking(self.lang):
            found = _remembered(self._answers, state, lambda: self._answer(state))
        return replace(found, seconds=time.perf_counter() - begun)

    def _answer(self, state: State) -> Answer:
        scenario, change, refused = self._given, None, ""
        rows: tuple[Row, ...] = ()
        try:
            scenario = self.scenario_of(state)
            after = self._applied(scenario)
            change = diff(self._office.process, after)
            rows = self._rows(self._office.measured(after, self._before.policy))
        except (InputError, MeasureRefusedError, UsageError) as error:
            refused = str(error)
            if self._office.thinned and isinstance(error, MeasureRefusedError):
                refused += "\n" + _(
                    "Only a part of the ways is looked at here: what is rare may be missing.", lang=self.lang
                )
        office = self._office
        return Answer(
            scenario, rows, change, refused, office.batches, office.cases, len(office.process.templates),
            len(self._process.templates), 0.0,
        )  # fmt: skip

    @cached_property
    def _before(self) -> Measured:
        return self._office.measured(self._office.process, self._policy)

    def _applied(self, scenario: Scenario) -> Process:
        """The small office with the measures in force; measures that come before the one turned are not applied again."""
        process = self._office.process
        for k, measure in enumerate(scenario.measures, 1):
            try:
                process = _remembered(self._stages, scenario.measures[:k], partial(measure.apply, process))
            except (InputError, MeasureRefusedError):
                scenario.apply(self._office.process)  # says which earlier measure is in the way, if one is
                raise
        return process

    def _rows(self, after: Measured) -> tuple[Row, ...]:
        rows = []
        for metric in METRICS:
            figure = self._before.reductions.primary[metric]
            was, now = self._before.values(metric), after.values(metric)
            if not isinstance(figure, Figure) or isinstance(was, NotRecorded) or isinstance(now, NotRecorded):
                continue
            samples = self._before.samples(was), after.samples(now)
            if not all(len(part) for side in samples for part in side):
                continue
            means, medians = ([np.array([float(f(p)) for p in side]) for side in samples] for f in (np.mean, np.median))
            difference, low, high = interval(means[1] - means[0])
            rule = replace(figure.rule, statistic="mean", baseline="simulated", period="")
            rows.append(
                Row(
                    metric, rule, float(means[0].mean()), float(means[1].mean()), difference, low, high,
                    float(medians[0].mean()), float(medians[1].mean()),
                )
            )  # fmt: skip
        return tuple(rows)

    @cached_property
    def panel(self) -> Any:
        """The sliders and the answer, as one widget of ``ipywidgets``."""
        from flowaudit.views._panel import panel

        return panel(self, self.lang)

    def __str__(self) -> str:
        answer = self.answer()
        lines = [f"{row.rule.name(self.lang)}: {row.before:.1f} → {row.after:.1f}" for row in answer.rows]
        return "\n".join([*lines, *answer.refused.splitlines(), answer.basis(self.lang)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The answer of now and what could be turned: for pages without a kernel."""
        from flowaudit.views._answer_html import answer_html

        cells = []
        for knob, value in zip(self.knobs, self.state.values, strict=True):
            name = html.escape(f"{self.entries[knob.measure].label(self.lang)}: {knob.label(self.lang)}")
            span = "" if knob.kind == "switch" else f"{knob.told(knob.low)} – {knob.told(knob.high)}"
            cells.append(f"<tr><td>{name}</td><td>{knob.told(value)}</td><td>{span}</td></tr>")
        head = "".join(
            f"<th>{html.escape(w)}</th>"
            for w in (_("Parameter", lang=self.lang), _("Value", lang=self.lang), _("Range", lang=self.lang))
        )
        table = f"<table><tr>{head}</tr>{''.join(cells)}</table>" if cells else ""
        return table + answer_html(self.answer(), self.lang)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> Mapping[str, Any]:
        shown: dict[str, Any] = {"text/plain": str(self), "text/html": self._repr_html_()}
        return shown | _widget(self) if _in_a_kernel() else shown


def _remembered(kept: OrderedDict[Key, Value], key: Key, make: Callable[[], Value]) -> Value:
    """Return what ``make`` returns, made once as long as it is among the latest asked for."""
    if key not in kept:
        kept[key] = make()
        while len(kept) > KEPT:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]


def _in_a_kernel() -> bool:
    """Whether somebody may turn sliders: there is a kernel, not only Python."""
    import sys

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def _widget(model: WhatIf) -> dict[str, Any]:
    bundle = model.panel._repr_mimebundle_()
    view: dict[str, Any] = bundle[0] if isinstance(bundle, tuple) else bundle
    return {kind: data for kind, data in view.items() if kind != "text/plain"}


def what_if(
    process: Process,
    scenario: Scenario,
    *,
    batches: int = BATCHES,
    cases: int = CASES,
    ways: int = WAYS,
    seed: int = 7,
    policy: str | None = None,
    calendar: Calendar | None = None,
    lang: Language | None = None,
) -> WhatIf:
    """Turn the measures of a scenario and see at once what they come to.

    Parameters
    ----------
    process : Process
        As fitted.
    scenario : Scenario
    batches, cases, ways : int
        Batches simulated, cases in each, and how many ways of the process are looked at in all: more of them narrow the
        intervals and take longer.
    seed : int
        The same seed looks at the same ways, with the same luck.
    policy, calendar
        As in :func:`flowaudit.four_reductions`.
    lang : {"zh", "en"}, optional
        Default: the current language.

    Returns
    -------
    WhatIf
        Shows itself in JupyterLab with a switch for every measure and a slider for every number, without a kernel as a
        table. ``.scenario`` is what the sliders stand for, ``.answer(state)`` the figures without widgets.

    Raises
    ------
    UsageError
        If the scenario has no measure, or an option is out of its range.

    Notes
    -----
    For trying out, not for quoting: a part of the ways is simulated in a few short stretches of time that each begin with an
    empty office. :func:`flowaudit.simulate` and :func:`flowaudit.evaluate` give the figures for a plan.
    """
    if not len(scenario):
        raise UsageError(
            _("the scenario has no measure yet."), hint='what_if(process, Scenario("…").limit_levels("…", 3))'
        )
    if batches < 2 or cases < 1 or ways < batches:
        raise UsageError(
            _("what_if needs at least 2 batches, a case in each, and as many ways as batches."),
            hint=f"what_if(process, scenario, batches={BATCHES}, cases={CASES}, ways={WAYS})",
        )
    calendar = calendar or load_calendar(process.calendar)
    office = SmallOffice.of(process, ways=ways, batches=batches, cases=cases, seed=seed, calendar=calendar)
    return WhatIf(office, process, scenario, policy, lang or current_language())
