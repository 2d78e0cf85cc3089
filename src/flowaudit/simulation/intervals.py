"""What the replications of a simulation say together: means with their intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.metrics import case_measures, mean_interval
from flowaudit.process import Timeline
from flowaudit.simulation.precision import COLUMN
from flowaudit.simulation.runs import Run, Runs
from flowaudit.worktime import Calendar, load_calendar

Key = tuple[str, str, str]

UNITS = {"steps": "steps", "time": "working_days", "clock": "working_days", "materials": "materials", "trips": "trips"}
STATISTICS = ("mean", "median", "p90")
TOGETHER = 2_000_000
"""Events up to which all replications are measured at once: some 300 MB."""


def summarise(
    runs: Runs, catalogue: Catalogue | None = None, *, confidence: float = 0.95, calendar: Calendar | None = None
) -> pd.DataFrame:
    """Sum up a simulation: for each metric the mean over replications and its interval.

    Parameters
    ----------
    runs : Runs
    catalogue : Catalogue, optional
    confidence : float
        Of the intervals (over replications; :func:`~flowaudit.metrics.mean_interval`).
    calendar : Calendar, optional
        Default: the one the process was fitted with.

    Returns
    -------
    pd.DataFrame
        One row for each ``metric``, ``statistic`` and ``unit``, with ``mean, low, high`` (interval of the mean), ``sd``
        over replications (0 for a single one, whose interval is infinite) and ``replications``. No cell is NaN: what is not
        recorded is absent.

        - ``time, clock, steps, materials, trips``: ``mean, median, p90`` over the ended cases of a replication;
        - ``queue``: ``per_case``, hours (wall clock) in which a case's steps were ready and nobody took them up, all steps
          of a case added, those at the same time too; over the ended cases. Absent where nobody's time is known;
        - ``cases``: ``ended``, and ``open`` where some replication ends before its cases do;
        - ``utilisation``: a row for each pool (its name is the ``statistic``), share of the working hours of its places
          that went into the work on the cases in the log, from the first arrival to the last.

    Raises
    ------
    UsageError
        If ``confidence`` is out of its range.

    Notes
    -----
    Intervals are those of the mean over replications: chance in the simulation, nothing else. Work on cases that a warm-up
    left out is not in the logs, so utilisation is too low just after it; work outside working hours is not counted. With
    simulated arrivals the last one comes at another time in each replication.
    """
    if not 0.0 < confidence < 1.0:
        raise UsageError(_("confidence is between 0 and 1; got {value}.", value=confidence), hint=_("0.95 is usual."))
    calendar = calendar or load_calendar(runs.process.calendar)
    measured = _measured(runs, catalogue, calendar)
    found = [dict(_of(run, per_case, calendar)) for run, per_case in zip(runs.runs, measured, strict=True)]
    count = ("cases", "open", "cases")
    # Where every case of every replication ends, there is nothing to tell about open ones.
    keys = [k for k in found[0] if k != count or any(f[count] for f in found)]
    rows = []
    for key in keys:
        if not all(key in f and np.isfinite(f[key]) for f in found):
            continue
        values = np.array([f[key] for f in found])
        mean, low, high = mean_interval(values, confidence)
        sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        rows.append((*key, mean, low, high, sd, len(values)))
    return pd.DataFrame(
        rows, columns=["metric", "statistic", "unit", "mean", "low", "high", "sd", "replications"]
    ).astype({"mean": float, "low": float, "high": float, "sd": float, "replications": int})


def _measured(runs: Runs, catalogue: Catalogue | None, calendar: Calendar) -> Iterator[pd.DataFrame | None]:
    """The measures of every case, replication by replication; None where it has no case. Together where they are few."""
    sizes = [len(run.case_ptr) - 1 for run in runs.runs]
    # Copies are measured: a run keeps its log once made, and so do all of them together.
    pooled = replace(runs).pooled if sum(sizes) and sum(len(run.node) for run in runs.runs) <= TOGETHER else None
    if pooled is None:
        for run, n in zip(runs.runs, sizes, strict=True):
            yield case_measures(replace(run).log, catalogue, calendar=calendar) if n else None
        return
    frame, first = case_measures(pooled, catalogue, calendar=calendar), 0
    for n in sizes:
        yield frame.iloc[first : first + n] if n else None
        first += n


def _of(run: Run, per_case: pd.DataFrame | None, calendar: Calendar) -> Iterator[tuple[Key, float]]:
    """The figures of one replication."""
    n = len(run.case_ptr) - 1
    complete = np.zeros(n, bool)
    if per_case is not None:
        complete = per_case["complete"].to_numpy(bool)
        for metric, column in COLUMN.items():
            values = per_case.loc[complete, column].dropna().to_numpy(float)
            if len(values):
                yield (metric, "mean", UNITS[metric]), float(values.mean())
                yield (metric, "median", UNITS[metric]), float(np.median(values))
                yield (metric, "p90", UNITS[metric]), float(np.quantile(values, 0.9))
    if run.process.resources and complete.any():
        waited = np.nan_to_num(run.start - run.ready)
        # Cases of a run have at least one row each.
        yield ("queue", "per_case", "h"), float(np.add.reduceat(waited, run.case_ptr[:-1])[complete].mean())
    yield ("cases", "ended", "cases"), float(complete.sum())
    yield ("cases", "open", "cases"), float(n - complete.sum())
    for pool, share in _utilisation(run, calendar).items():
        yield ("utilisation", pool, "share"), share


def _utilisation(run: Run, calendar: Calendar) -> dict[str, float]:
    process = run.process
    if not process.resources or not len(run.start):
        return {}
    arrived = np.fmin.reduceat(np.fmin(run.ready, run.start), run.case_ptr[:-1])
    low, high = float(np.min(arrived)), float(np.max(arrived))
    if not high > low:
        return {}
    edges = run.stamps(np.array([low, high]))
    timeline = Timeline.spanning(edges[0], edges[1], calendar)
    # Hours of the run begin at its own origin.
    shift = float(
        (run.origin.astype("datetime64[us]") - timeline.origin.astype("datetime64[us]")) / np.timedelta64(1, "h")
    )
    begin, end = (np.clip(x, low, high) + shift for x in (run.start, run.end))
    used = np.zeros(len(process.pools))
    opened = np.zeros(len(process.pools))
    calendar_of = np.array([r.calendar for r in process.resources] + [-1])[run.who]
    pool_of = np.array([r.pool for r in process.resources] + [-1])[run.who]
    for k, profile in enumerate(process.calendars):
        span = timeline.operational(profile, np.array([low, high]) + shift)
        for resource in process.resources:
            if resource.calendar == k and resource.pool >= 0:
                opened[resource.pool] += resource.capacity * float(span[1] - span[0])
        rows = np.flatnonzero((calendar_of == k) & (pool_of >= 0) & ~np.isnan(begin) & ~np.isnan(end))
        if len(rows):
            worked = timeline.operational(profile, end[rows]) - timeline.operational(profile, begin[rows])
            used += np.bincount(pool_of[rows], weights=worked, minlength=len(used))
    return {pool.name: float(used[i] / opened[i]) for i, pool in enumerate(process.pools) if opened[i] > 0}
