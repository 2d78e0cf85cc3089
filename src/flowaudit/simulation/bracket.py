"""What more or fewer people would change: never one figure, since no log tells queueing from lying still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InsufficientDataError
from flowaudit.eventlog import EventLog, Unit, as_unit
from flowaudit.messages import current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import complete_cases, metric_label
from flowaudit.process import Contention, Process, fit_process
from flowaudit.simulation.fidelity import measured
from flowaudit.simulation.precision import half_width
from flowaudit.simulation.simulate import simulate
from flowaudit.worktime import Calendar, load_calendar

COLUMNS = {"time": "e2e_days", "clock": "clock_days", "cycle_h": "cycle_h"}
HABITS = (0.0, 0.25, 0.5, 0.75, 1.0)
LEVELS: tuple[Contention, ...] = ("pool", "resource")


@dataclass(frozen=True)
class Bracket:
    """The effect of a change of staff between two readings of one log.

    Attributes
    ----------
    queue_share : (float, float)
        Share of the waiting that counts as queueing in the two readings.
    table : pd.DataFrame
        One row per metric (``time``, ``clock``: mean working days per case; ``cycle_h``: mean hours from first to last stamp): ``before_least, after_least, saved_least`` where
        only the time in which nobody was free is queueing, ``before_most, after_most, saved_most`` where it is all the time
        in which the officer who did the work was not, and ``error_least, error_most``, half-widths of the 95 % intervals
        (Student) of the savings. Usually, but not always, the second reading has the larger effect.
    """

    queue_share: tuple[float, float]
    table: pd.DataFrame

    def __str__(self) -> str:
        lines = [
            _(
                "queueing is {low:.0%} (pool level) to {high:.0%} (resource level) of the waiting",
                low=self.queue_share[0], high=self.queue_share[1],
            )
        ]  # fmt: skip
        units = {"time": _("working days"), "clock": _("working days"), "cycle_h": _("hours")}
        names = {"time": metric_label("time"), "clock": metric_label("clock"), "cycle_h": metric_label("cycle_h")}
        for row in self.table.to_dict("records"):
            low, high = sorted((row["saved_least"], row["saved_most"]))
            error = max(row["error_least"], row["error_most"])
            if max(abs(low), abs(high)) <= error:
                lines.append(
                    _(
                        "{metric}: nothing that can be told from chance (± {error:.2g} {unit})",
                        metric=names[row["metric"]],
                        error=error,
                        unit=units[row["metric"]],
                    )
                )
            else:
                lines.append(
                    _(
                        "{metric}: {low:.2g} to {high:.2g} {unit} a case less, each ± {error:.2g}",
                        metric=names[row["metric"]], low=low, high=high, unit=units[row["metric"]], error=error,
                    )
                )  # fmt: skip
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return str(self.table.to_html(index=False, border=0, float_format="{:.2f}".format))


def bracket(
    log: EventLog,
    change: Callable[[Process], Process],
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    replications: int = 10,
    seed: int = 7,
    min_cases: int = 30,
) -> Bracket:
    """Simulate a change of staff on both readings of what queueing is.

    Parameters
    ----------
    log : EventLog
    change : callable
        Process -> Process, such as ``Scenario("s").staff("窗口", 1).apply`` or ``lambda p: p.with_staff(0, 1)``.
    replications, seed
        Of every simulation; before and after share their luck.

    Returns
    -------
    Bracket

    Raises
    ------
    InsufficientDataError
        If the log does not identify work and officers.

    Notes
    -----
    Waiting is queueing, being off duty, and delay from outside; a log shows the sum. Both readings reproduce it, so that no
    check of the simulation against the log can tell which is right. In the second one, cases are dealt out to officers: a
    share of them by who usually does such work, the rest to who has least in hand; the share is the one with which the
    mean time of the cases comes nearest to the log's. On real logs the share of queueing lay anywhere
    between 0 and 0.97 in the two readings.
    """
    calendar = calendar or load_calendar()
    shares: list[tuple[float, float]] = []
    found: dict[str, dict[str, tuple[float, float, float, float]]] = {}
    for process in readings(
        log, catalogue, unit=unit, calendar=calendar, replications=replications, seed=seed, min_cases=min_cases
    ):
        level = process.contention
        shares.append(process.identifiable.queue_share or (0.0, 0.0))
        runs = [
            simulate(which, replications=replications, seed=seed, calendar=calendar)
            for which in (process, change(process))
        ]
        means = [[_complete(run, catalogue, calendar) for run in own] for own in runs]
        for metric, column in COLUMNS.items():
            before, after = (np.array([frame[column].mean() for frame in own]) for own in means)
            if np.isnan(before).any():
                continue
            saved = before - after
            error = half_width(saved)
            found.setdefault(metric, {})[level] = (before.mean(), after.mean(), saved.mean(), error)
    rows = []
    for metric, levels in found.items():
        row: dict[str, object] = {"metric": metric}
        for level, end in zip(LEVELS, ("least", "most"), strict=True):
            for name, value in zip(("before", "after", "saved", "error"), levels[level], strict=True):
                row[f"{name}_{end}"] = float(value)
        rows.append(row)
    return Bracket((shares[0][0], shares[0][1]), pd.DataFrame(rows))


def readings(
    log: EventLog,
    catalogue: Catalogue | None = None,
    *,
    unit: Unit | None = None,
    calendar: Calendar | None = None,
    replications: int = 10,
    seed: int = 7,
    min_cases: int = 30,
) -> tuple[Process, ...]:
    """Fit a log on both readings of what queueing is, as :func:`bracket` simulates them.

    Returns
    -------
    tuple of Process
        Pool level (nobody was free), then resource level (the officer who did it was not).

    Raises
    ------
    InsufficientDataError
        If the log does not identify work and officers.
    """
    calendar = calendar or load_calendar()
    found = []
    for level in LEVELS:
        process = fit_process(log, catalogue, unit=unit, calendar=calendar, contention=level, min_cases=min_cases)
        known = process.identifiable
        if not known.staffing:
            raise InsufficientDataError(
                _(
                    "no staffing answer: {reason}.",
                    reason=known.reason_zh if current_language() == "zh" else known.reason_en,
                ),
                hint=_("staffing needs start and end times and officers in the log."),
            )
        if level == "resource":
            process = _dealing(process, log, catalogue, calendar, replications, seed)
        found.append(process)
    return tuple(found)


def _complete(run: EventLog, catalogue: Catalogue | None, calendar: Calendar) -> pd.DataFrame:
    complete: pd.DataFrame = measured(run, catalogue, calendar)[complete_cases(run)]
    return complete


def _dealing(
    process: Process, log: EventLog, catalogue: Catalogue | None, calendar: Calendar, replications: int, seed: int
) -> Process:
    """Choose the share that is dealt out by habit, so that the simulated cases last as long as the observed ones."""
    frame = _complete(as_unit(log, process.unit), catalogue, calendar)
    wanted = float(frame["cycle_h"].mean())
    best, nearest = process, np.inf
    for habit in HABITS:
        tried = replace(process, habit=habit, catalogue=process.catalogue)
        runs = simulate(tried, replications=min(replications, 5), seed=seed, calendar=calendar)
        made = float(np.mean([_complete(run, catalogue, calendar)["cycle_h"].mean() for run in runs]))
        if abs(made - wanted) < nearest:
            best, nearest = tried, abs(made - wanted)
    return best
