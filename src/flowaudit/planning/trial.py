"""What a portfolio comes to in a simulation: the objectives of every replication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InputError
from flowaudit.eventlog import EventLog
from flowaudit.metrics import NotRecorded
from flowaudit.planning.thinning import thinned
from flowaudit.process import Process
from flowaudit.redesign import Candidates, MeasureRefusedError, Portfolio
from flowaudit.simulation import simulate
from flowaudit.targets import measure_runs
from flowaudit.worktime import Calendar

Array = npt.NDArray[np.float64]

SIMULATED = ("steps", "time", "materials", "trips")
"""Objectives that come out of a simulation; cost and risk are what people have stated."""


@dataclass(frozen=True)
class Rules:
    """How a search simulates.

    Attributes
    ----------
    metrics : tuple of str
        Objectives measured, those the log records.
    ways : int
        Ways the process is thinned to while portfolios are sorted out.
    cases : int
        Cases of a replication.
    seed : int
    policy : str or None
        Step policy.
    calendar : Calendar
    """

    metrics: tuple[str, ...]
    ways: int
    cases: int
    seed: int
    policy: str | None
    calendar: Calendar


def means(runs: Sequence[EventLog], metrics: Sequence[str], policy: str | None, calendar: Calendar) -> Array:
    """Return the mean over complete cases of every metric, shape (metrics, replications); NaN where it is not recorded."""
    measured = measure_runs(runs, policy=policy, calendar=calendar, clock="clock" in metrics)
    out = np.full((len(metrics), len(runs)), np.nan)
    for m, metric in enumerate(metrics):
        values = measured.values(metric)
        if not isinstance(values, NotRecorded):
            out[m] = [float(part.mean()) if len(part) else np.nan for part in measured.samples(values)]
    return out


@dataclass(eq=False)
class Trials:
    """Tries portfolios one after the other; neighbours share the measures they begin with.

    A measure is applied once for all portfolios that begin alike, as long as they come in the order of
    :meth:`Candidates.portfolios`.
    """

    process: Process
    candidates: Candidates
    rules: Rules
    _stack: list[tuple[int, Process]] = field(default_factory=list)
    _base: Process | None = None

    def redesigned(self, portfolio: Portfolio) -> Process:
        """Return the thinned process with a portfolio in force.

        Raises
        ------
        MeasureRefusedError, InputError
            If one of its measures does not apply after those before it.
        """
        if self._base is None:
            self._base = thinned(self.process, self.rules.ways, seed=self.rules.seed)
        shared = 0
        for (number, _process), wanted in zip(self._stack, portfolio, strict=False):
            if number != wanted:
                break
            shared += 1
        del self._stack[shared:]
        for number in portfolio[shared:]:
            last = self._stack[-1][1] if self._stack else self._base
            self._stack.append((number, self.candidates[number].measure.apply(last)))
        return self._stack[-1][1] if self._stack else self._base

    def values(self, portfolio: Portfolio, batch: int, replications: int) -> Array | str:
        """Return the objectives of a batch of replications, shape (metrics, replications); a text where it is refused.

        Batch ``k`` has the same luck in every portfolio.
        """
        try:
            process = self.redesigned(portfolio)
        except (MeasureRefusedError, InputError) as refused:
            return refused.message
        rules = self.rules
        seed = int(np.random.SeedSequence([rules.seed, batch]).generate_state(1)[0])
        runs = simulate(
            process, cases=min(rules.cases, len(process.arrivals)) or rules.cases, replications=replications, seed=seed,
            calendar=rules.calendar,
        )  # fmt: skip
        return means(runs, rules.metrics, rules.policy, rules.calendar)
