"""How many replications are enough: as many as it takes for the interval of a measure's mean to be narrow, and to stay so."""

from __future__ import annotations

import html
import itertools
import math
import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import InsufficientDataError, UsageError, nearest
from flowaudit.eventlog import EventLog
from flowaudit.messages import translate as _
from flowaudit.metrics import case_measures, metric_label
from flowaudit.process import Process
from flowaudit.simulation.moments import Moment
from flowaudit.simulation.plan import Plan
from flowaudit.simulation.prepared import Prepared
from flowaudit.simulation.runs import Run, Runs
from flowaudit.simulation.simulate import simulate
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Measure = Callable[[EventLog], float]

COLUMN = {"steps": "steps", "time": "e2e_days", "clock": "clock_days", "materials": "materials", "trips": "trips"}
"""What a measure is called, and its column of ``case_measures``."""

LEAST = 3
"""Replications before the first look: fewer say nothing about their spread (Hoad et al. 2010)."""


@dataclass(frozen=True, eq=False)
class Precision:
    """How the interval of a mean became narrower, and how many replications were enough.

    Attributes
    ----------
    measure : str
        Its name.
    precision : float
        Wished half-width, as a share of the mean.
    confidence : float
    look_ahead : int
    enough : int or None
        The first number of replications at which the interval was narrow enough and stayed so; None: it never was.
    table : pd.DataFrame
        One row for each number of replications from 3 on: ``replications, value`` (of the last one), ``mean, low, high``
        (interval of the mean), ``half_width`` and ``relative`` (half-width as a share of the mean).
    """

    measure: str
    precision: float
    confidence: float
    look_ahead: int
    enough: int | None
    table: pd.DataFrame = field(repr=False)

    @property
    def reached(self) -> bool:
        return self.enough is not None

    def __str__(self) -> str:
        last = self.table.iloc[-1]
        run = int(last["replications"])
        if self.enough is not None:
            return _(
                "{measure}: {n} replications are enough for ± {wished:.1%} of the mean at {confidence:.0%} confidence ({run} were run: ± {got:.2%})",
                measure=self.measure, n=self.enough, wished=self.precision, confidence=self.confidence, run=run, got=last["relative"],
            )  # fmt: skip
        return _(
            "{measure}: {run} replications are not enough for ± {wished:.1%} of the mean at {confidence:.0%} confidence; they give ± {got:.2%}",
            measure=self.measure, wished=self.precision, confidence=self.confidence, run=run, got=last["relative"],
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>" + self.table.to_html(index=False, float_format="{:.4g}".format)


def simulate_until_precise(
    process: Process,
    measure: Literal["steps", "time", "clock", "materials", "trips"] | Measure = "time",
    *,
    precision: float = 0.05,
    confidence: float = 0.95,
    most: int = 200,
    look_ahead: int = 5,
    cases: int | None = None,
    start: Moment | None = None,
    until: Moment | None = None,
    arrivals: npt.NDArray[np.datetime64] | Literal["observed", "simulated"] | None = None,
    warm_up_days: float = 0.0,
    work_in_progress: bool = False,
    seed: int = 7,
    calendar: Calendar | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Runs, Precision]:
    """Simulate until the mean of a measure over replications is known precisely enough.

    Parameters
    ----------
    process : Process
    measure : str or callable
        ``steps, time, clock, materials`` or ``trips``: the mean over the ended cases of a replication (working days for
        ``time`` and ``clock``); or a function of one replication.
    precision : float
        Wished half-width of the interval of the mean, as a share of the mean.
    confidence : float
        Of the interval (Student's t over replications).
    most : int
        Replications after which it stops in any case.
    look_ahead : int
        For how many more replications the interval has to stay narrow: chance makes a few values agree now and then.
        From 100 replications on it grows in proportion.
    progress : callable(done, most), optional
        Called with replications done.

    Other parameters as in :func:`simulate`.

    Returns
    -------
    Runs
        All that were run, those of the look-ahead too. The first n are those of ``simulate(replications=n)``, bit for bit.
    Precision
        How the interval became narrower, and how many replications were enough.

    Raises
    ------
    UsageError
        If an option is out of its range.
    InsufficientDataError
        If the simulated logs do not record the measure.

    Notes
    -----
    The interval belongs to chance in the simulation, for a process taken as it is. It says nothing about how well the
    process was fitted: see :func:`fidelity`.

    References
    ----------
    Hoad, Robinson, Davies. Automated selection of the number of replications for a discrete-event simulation. *Journal of
    the Operational Research Society* 61 (2010) 1632-1644, doi 10.1057/jors.2009.121.
    """
    if not 0.0 < precision < 1.0:
        raise UsageError(
            _("precision is a share of the mean between 0 and 1; got {value}.", value=precision),
            hint=_("0.05 asks for ± 5 %."),
        )
    if not 0.0 < confidence < 1.0:
        raise UsageError(_("confidence is between 0 and 1; got {value}.", value=confidence), hint=_("0.95 is usual."))
    if most < LEAST or look_ahead < 0:
        raise UsageError(_("at least {n} replications are needed, and look_ahead must not be negative.", n=LEAST))
    calendar = calendar or load_calendar(process.calendar)
    name, of = _named(measure, calendar)
    values: list[float] = []

    def look(run: Run) -> int | None:
        # A copy is measured: a run keeps its log once made, and two hundred logs may not fit into memory.
        value = float(of(replace(run).log))
        if not math.isfinite(value):
            raise InsufficientDataError(
                _("the simulated logs do not record this measure: {name}.", name=name),
                hint=_("choose another measure; steps and time are always recorded."),
            )
        values.append(value)
        if progress:
            progress(len(values), most)
        return _enough(values, precision, confidence, look_ahead)

    runs = simulate(
        process, cases=cases, start=start, until=until, arrivals=arrivals, warm_up_days=warm_up_days,
        work_in_progress=work_in_progress, replications=LEAST, seed=seed, calendar=calendar,
    )  # fmt: skip
    made, enough = list(runs.runs), None
    for run in made:
        enough = look(run)
    if enough is None and len(made) < most:
        plan = Plan.of(process, cases, start, until, arrivals, warm_up_days, work_in_progress)
        with closing(replicate(Prepared.of(process, plan, calendar), range(LEAST, most), seed)) as more:
            for run in more:
                made.append(run)
                enough = look(run)
                if enough is not None:
                    break
    found = replace(runs, runs=tuple(made), beyond_calendar=sum(r.beyond_calendar for r in made))
    table = _table(np.array(values), confidence)
    return found, Precision(name, precision, confidence, look_ahead, enough, table)


def replicate(prepared: Prepared, numbers: Sequence[int], seed: int) -> Generator[Run]:
    """Give some replications of a simulation one after the other; number k is the k-th of :func:`simulate`.

    Only as many as there are processors are in memory beside the one given; closing the generator stops them.
    """
    children = np.random.SeedSequence(seed).spawn(max(numbers, default=-1) + 1)
    workers = max(min(len(numbers), os.cpu_count() or 1), 1)
    ahead = iter(numbers)
    waiting: deque[tuple[Future[Run], npt.NDArray[np.int64]]] = deque()
    with ThreadPoolExecutor(max_workers=workers) as executor:
        try:
            while True:
                for k in itertools.islice(ahead, workers - len(waiting)):
                    control = np.zeros(3, np.int64)
                    own = int(children[k].generate_state(1, np.uint64)[0])
                    waiting.append((executor.submit(prepared.run, k, own, control), control))
                if not waiting:
                    return
                # It stays in the queue until it is done: an interruption stops it too.
                run = waiting[0][0].result()
                waiting.popleft()
                yield run
        finally:
            for job, control in waiting:
                job.cancel()
                control[0] = 1


def interval(values: Array, confidence: float = 0.95) -> tuple[float, float, float]:
    """Return the mean of replications and its Student interval; one replication has an infinite one.

    Examples
    --------
    >>> interval(np.array([1.0, 2.0, 3.0]))[0]
    2.0
    """
    mean = float(np.mean(values))
    half = half_width(values, confidence)
    return mean, mean - half, mean + half


def half_width(values: Array, confidence: float = 0.95) -> float:
    """Return half the width of the Student interval of a mean over replications; infinite for a single one."""
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return math.inf
    spread = float(np.std(values, ddof=1))
    return float(stdtrit(n - 1, 0.5 + confidence / 2.0)) * spread / math.sqrt(n) if spread > 0 else 0.0


def _named(measure: str | Measure, calendar: Calendar) -> tuple[str, Measure]:
    if not isinstance(measure, str):
        return str(getattr(measure, "__name__", "measure")), measure
    if measure not in COLUMN:
        near = nearest(measure, COLUMN, n=1)
        raise UsageError(
            _("there is no measure '{name}'.", name=measure),
            hint=_("did you mean '{near}'?", near=near[0])
            if near
            else _("choose one of: {names}", names=", ".join(COLUMN)),
        )
    column = COLUMN[measure]

    def mean(log: EventLog) -> float:
        if not log.n_cases:
            return math.nan
        per_case = case_measures(log, calendar=calendar)
        return float(per_case.loc[per_case["complete"], column].mean())

    return metric_label(measure), mean


def _enough(values: list[float], precision: float, confidence: float, look_ahead: int) -> int | None:
    """The number of replications that was enough, if that is certain by now."""
    n = len(values)
    for first in range(n, max(n - _stay(n, look_ahead), LEAST) - 1, -1):
        if first + _stay(first, look_ahead) == n:
            narrow = (_narrow(np.array(values[:k]), precision, confidence) for k in range(n, first - 1, -1))
            return first if all(narrow) else None
    return None


def _stay(n: int, look_ahead: int) -> int:
    """For how many replications after the n-th the interval has to stay narrow."""
    return look_ahead * max(n, 100) // 100


def _narrow(values: Array, precision: float, confidence: float) -> bool:
    return half_width(values, confidence) <= precision * abs(float(np.mean(values)))


def _table(values: Array, confidence: float) -> pd.DataFrame:
    rows = []
    for n in range(min(LEAST, len(values)), len(values) + 1):
        mean, low, high = interval(values[:n], confidence)
        half = half_width(values[:n], confidence)
        relative = half / abs(mean) if mean else (0.0 if half == 0 else math.inf)
        rows.append((n, values[n - 1], mean, low, high, half, relative))
    return pd.DataFrame(rows, columns=["replications", "value", "mean", "low", "high", "half_width", "relative"])
