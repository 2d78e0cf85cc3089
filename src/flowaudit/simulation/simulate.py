"""Run a process many times, reproducibly."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Literal

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.messages import translate as _
from flowaudit.process import Process, utilisation, validate
from flowaudit.simulation.moments import Moment
from flowaudit.simulation.plan import Plan
from flowaudit.simulation.prepared import Prepared
from flowaudit.simulation.runs import Run, Runs
from flowaudit.worktime import Calendar, load_calendar

MOST_BEYOND = 0.1
"""Share of the cases that may be left out because the working calendar does not reach their end."""


def simulate(
    process: Process,
    *,
    cases: int | None = None,
    start: Moment | None = None,
    until: Moment | None = None,
    arrivals: npt.NDArray[np.datetime64] | Literal["observed", "simulated"] | None = None,
    warm_up_days: float = 0.0,
    work_in_progress: bool = False,
    replications: int = 30,
    seed: int = 7,
    calendar: Calendar | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Runs:
    """Simulate a process; every replication is an event log.

    Parameters
    ----------
    process : Process
        As fitted, or as a scenario would have it.
    cases : int, optional
        How many cases arrive; default as many as were observed, or as arrive before ``until``.
    start : moment, optional
        When the first cases may arrive; arrivals are then simulated, not replayed. With work in progress default its end.
    until : moment, optional
        Last moment of the logs: cases not ended then are open. Default: every case runs to its end.
    arrivals : {"observed", "simulated"} or array of datetime64, optional
        Replay the observed arrivals (the default without ``start``), draw new ones for each replication from the fitted
        rhythm and trend (the default with ``start``), or take these.
    warm_up_days : float
        Cases that arrive in the first days fill the office but are left out of the logs.
    work_in_progress : bool
        Begin with the cases that were open when the log ended; nothing arrives before. See :func:`forecast`.
    replications : int
        How many times, each with its own luck.
    seed : int
        The same seed gives the same runs, bit for bit, whatever the number of threads.
    calendar : Calendar, optional
        Default: the one the process was fitted with.
    progress : callable(done, total), optional
        Called with cases arrived, over all replications; raising ``KeyboardInterrupt`` in it (or Ctrl+C) stops the run.

    Returns
    -------
    Runs

    Raises
    ------
    UsageError
        If an option is out of its range, or the process cannot be run; all its problems are named at once.
    InsufficientDataError
        If more than a tenth of the cases would end after the last day the working calendar knows.

    Notes
    -----
    Every draw is tied to a case, to a step's place in the observed trace, and to its purpose (which trace, which branch
    of it, delay, person, work). Two scenarios simulated with one seed therefore share their luck: common random numbers
    (Law, *Simulation Modeling and Analysis*, 5th ed., 11.2).

    A pool that is asked for more than it can do is simulated all the same; ``Runs.overloaded`` says by how much.
    """
    if not isinstance(process, Process):
        raise UsageError(
            _("simulate needs a process; got {kind}.", kind=type(process).__name__), hint="simulate(fit_process(log))"
        )
    if seed < 0:
        raise UsageError(_("seed must not be negative; got {n}.", n=seed), hint="seed=7")
    if replications < 1:
        raise UsageError(_("replications must be at least 1; got {n}.", n=replications), hint="replications=30")
    if cases is not None and cases < 1:
        raise UsageError(_("there is no case to simulate."), hint=_("cases is at least 1."))
    validate(process)
    calendar = calendar or load_calendar(process.calendar)
    plan = Plan.of(process, cases, start, until, arrivals, warm_up_days, work_in_progress)
    prepared = Prepared.of(process, plan, calendar)
    seeds = [int(s.generate_state(1, np.uint64)[0]) for s in np.random.SeedSequence(seed).spawn(replications)]
    controls = [np.zeros(3, np.int64) for _r in seeds]
    total = replications * prepared.expected_cases
    runs: list[Run] = []
    with ThreadPoolExecutor(max_workers=min(replications, os.cpu_count() or 1)) as executor:
        jobs = [executor.submit(prepared.run, i, s, controls[i]) for i, s in enumerate(seeds)]
        try:
            pending, said = set(jobs), time.monotonic()
            while pending:
                _done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                if progress and (not pending or time.monotonic() - said > 0.1):
                    said = time.monotonic()
                    progress(total if not pending else min(sum(int(c[1]) for c in controls), total), total)
        except BaseException:
            for job, control in zip(jobs, controls, strict=True):
                job.cancel()
                control[0] = 1
            raise
        runs = [job.result() for job in jobs]
    _enough(runs, prepared, calendar)
    over = utilisation(process, cases_per_day=prepared.arrivals_per_day(seeds[0]))
    return Runs(tuple(runs), process, seed, sum(r.beyond_calendar for r in runs), over[over["utilisation"] >= 1.0])


def _enough(runs: list[Run], prepared: Prepared, calendar: Calendar) -> None:
    """Refuse runs of which nothing is left, or too much is not: what the calendar cuts off is the slow cases."""
    left, beyond = sum(len(r.case_ptr) - 1 for r in runs), sum(r.beyond_calendar for r in runs)
    if beyond > MOST_BEYOND * (left + beyond):
        raise InsufficientDataError(
            _(
                "{share:.0%} of the cases would end after the last day the working calendar knows, {last}; what is left would be the quick ones.",
                share=beyond / (left + beyond), last=calendar.last,
            ),
            hint=_("let fewer cases arrive, or earlier, or give a calendar that reaches further."),
        )  # fmt: skip
    if not left and prepared.plan.warm_up_days > 0:
        raise UsageError(
            _("no case is left in the logs."),
            hint=_("a warm-up must be shorter than the period, and until later than the arrivals."),
        )
