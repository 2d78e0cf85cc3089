"""When cases arrive in a simulation, and how long it lasts: read from what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.process import Process, mean
from flowaudit.simulation.moments import Moment, moment

Stamps = npt.NDArray[np.datetime64]
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Plan:
    """When cases arrive, and how long the clocks have to reach.

    Attributes
    ----------
    arrivals : array of datetime64 or None
        None: they are drawn anew for each replication.
    cases : int
        How many arrive; where they are drawn until a date, how many probably do at most.
    start, last : datetime64
        First moment of the simulation, and last one at which cases arrive.
    until : datetime64 or None
        Last moment of the logs.
    by_date : bool
        Arrivals are drawn until ``until``, however many they are.
    """

    arrivals: Stamps | None
    cases: int
    start: np.datetime64
    last: np.datetime64
    until: np.datetime64 | None
    warm_up_days: float
    work_in_progress: bool
    by_date: bool = False

    @classmethod
    def of(
        cls, process: Process, cases: int | None, start: Moment | None, until: Moment | None, arrivals: Any, warm_up_days: float,
        work_in_progress: bool,
    ) -> Plan:  # fmt: skip
        """Make a plan of the options of :func:`~flowaudit.simulation.simulate`."""
        if warm_up_days < 0:
            raise UsageError(_("warm_up_days must not be negative; got {n}.", n=warm_up_days))
        if work_in_progress and not process.open_cases:
            raise UsageError(
                _("no case was open when the log ended: there is no work in progress to begin with."),
                hint=_("leave work_in_progress out, or use warm_up_days."),
            )
        first = None if start is None else np.datetime64(moment(start, "start"), "us")
        end = None if until is None else np.datetime64(moment(until, "until"), "us")
        # What arrived before the log ended is among the open cases already.
        opened = process.arriving.last if work_in_progress and process.arriving is not None else None
        stamps = _given(process, arrivals, drawn=start is not None or work_in_progress)
        rest = end, warm_up_days, work_in_progress
        if stamps is None:
            return cls._drawn(process, cases, first if first is not None else opened, *rest)
        for limit in (first, opened):
            stamps = stamps if limit is None else stamps[stamps >= limit]
        return cls._replayed(process, stamps if end is None else stamps[stamps <= end], cases, opened, *rest)

    @classmethod
    def _drawn(
        cls, process: Process, cases: int | None, first: np.datetime64 | None, end: np.datetime64 | None, warm_up_days: float,
        work_in_progress: bool,
    ) -> Plan:  # fmt: skip
        """Arrivals of the fitted model, as many as wanted or until a date."""
        if process.arriving is None:
            raise UsageError(
                _("this process has no model of arrivals."), hint=_("give the arrivals as dates, or the observed ones.")
            )
        begin = process.arriving.first if first is None else first
        if end is not None and end <= begin:
            raise UsageError(_("until must be later than start."))
        if cases is None and end is None:
            cases = len(process.arrivals)
        per_day = arrivals_per_day(process)
        by_date = cases is None
        count = int(2 * per_day * float((end - begin) / DAY)) + 100 if cases is None and end is not None else cases or 0
        horizon = begin + np.timedelta64(int(1.5 * count / per_day) + 30, "D")
        last = horizon if end is None else end if by_date else min(end, horizon)
        return cls(None, count, begin, last, end, warm_up_days, work_in_progress, by_date)

    @classmethod
    def _replayed(
        cls, process: Process, stamps: Stamps, cases: int | None, opened: np.datetime64 | None, end: np.datetime64 | None,
        warm_up_days: float, work_in_progress: bool,
    ) -> Plan:  # fmt: skip
        """Arrivals that are given, the first ``cases`` of them."""
        if cases is not None and cases > len(stamps) > 0:
            raise UsageError(
                _("{n} cases are asked for, but only {seen} arrivals are there to be replayed.", n=cases, seen=len(stamps)),
                hint=_('draw them: arrivals="simulated" (--arrivals simulated), or give a start.'),
            )  # fmt: skip
        stamps = stamps if cases is None else stamps[:cases]
        if not len(stamps) and not work_in_progress:
            seen = [str(t)[:10] for t in process.arrivals[[0, -1]]] if len(process.arrivals) else None
            raise UsageError(
                _("there is no case to simulate."),
                hint=_("the arrivals lie between {first} and {last}.", first=seen[0], last=seen[1]) if seen else None,
            )
        latest = process.arrivals[-1] if opened is None else opened
        first, last = (stamps[0], stamps[-1]) if len(stamps) else (latest, latest)
        return cls(stamps, len(stamps), first, last, end, warm_up_days, work_in_progress)


def _given(process: Process, arrivals: Any, *, drawn: bool) -> Stamps | None:
    """The arrivals to be replayed, in order; None where they are to be drawn (the default where ``drawn``)."""
    if isinstance(arrivals, str) and arrivals not in ("observed", "simulated"):
        raise UsageError(_("arrivals: '{value}' is neither observed nor simulated.", value=arrivals))
    if arrivals is None:
        arrivals = "simulated" if drawn else "observed"
    if isinstance(arrivals, str):
        return None if arrivals == "simulated" else np.sort(process.arrivals)
    stamps = pd.to_datetime(pd.Series(np.asarray(arrivals).ravel()), errors="coerce").to_numpy("datetime64[us]")
    if np.isnat(stamps).any():
        raise UsageError(
            _("{n} of the arrivals are no dates.", n=int(np.isnat(stamps).sum())),
            hint=_("give an array of datetime64."),
        )
    return np.sort(stamps)


def arrivals_per_day(process: Process) -> float:
    """Calendar days; of the observed arrivals, else of their model."""
    model = process.arriving
    if len(process.arrivals) > 1 and model is not None:
        return len(process.arrivals) / max(float((model.last - model.first) / np.timedelta64(1, "D")), 1.0)
    return 1.0 if model is None else 24.0 * model.clock.hours_per_week() / 168.0 / mean(model.gaps)
