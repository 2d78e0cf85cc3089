"""When will the cases that are open today be done? The simulation goes on from where the log ends."""

from __future__ import annotations

import html
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.messages import translate as _
from flowaudit.process import Process, validate
from flowaudit.simulation.moments import Moment, evening
from flowaudit.simulation.plan import Plan
from flowaudit.simulation.precision import replicate
from flowaudit.simulation.prepared import Prepared
from flowaudit.worktime import Calendar, load_calendar

Stamps = npt.NDArray[np.datetime64]

LOW, HIGH = 0.1, 0.9
"""Probabilities between which an 80 % interval lies."""

FIRST_DAYS, LONGEST_DAYS = 56, 3 * 366
"""How long cases arrive beside the open ones, at first and at most."""

CLOSING = ("decide", "deliver")

NEVER = np.iinfo(np.int64).max


class DoneBy(NamedTuple):
    """How many of the open cases are done by a moment.

    Attributes
    ----------
    moment : Timestamp
    cases : int
        Cases open at the beginning.
    number : float
        Expected number done.
    low, high : int
        80 % interval of the number.
    """

    moment: pd.Timestamp
    cases: int
    number: float
    low: int
    high: int

    @property
    def share(self) -> float:
        """Expected share done."""
        return self.number / self.cases

    @property
    def share_low(self) -> float:
        return self.low / self.cases

    @property
    def share_high(self) -> float:
        return self.high / self.cases


class DateWhen(NamedTuple):
    """When a share of the open cases is done; NaT: not within the working calendar.

    Attributes
    ----------
    share : float
    date : Timestamp
        Median over replications.
    low, high : Timestamp
        80 % interval.
    """

    share: float
    date: pd.Timestamp
    low: pd.Timestamp
    high: pd.Timestamp


@dataclass(frozen=True, eq=False)
class Forecast:
    """When the cases that are open now will be done.

    Attributes
    ----------
    now : Timestamp
        The end of the log.
    cases : pd.DataFrame
        One row for each open case, the one with the earliest median first: ``case_id, open_days`` (calendar days since its
        first stamp), ``p50, p80, p95`` (it ends by then with this probability; NaT: not within the working calendar),
        and ``probability`` of being done by ``until`` where this was asked for.
    open_over_time : pd.DataFrame
        One row for each day: ``date, open`` (expected number still open at the end of this day), ``p10, p90``.
    until : Timestamp or None
    replications : int
    seed : int
    ends : array of datetime64[us] (replications, cases)
        When each case ends, in the order of ``cases``; NaT: after the last day of the working calendar.
    """

    now: pd.Timestamp
    cases: pd.DataFrame
    open_over_time: pd.DataFrame
    until: pd.Timestamp | None
    replications: int
    seed: int
    ends: Stamps = field(repr=False)

    def done_by(self, date: Moment) -> DoneBy:
        """Return how many of the cases are done by a date (its evening, where no hour is given), with an 80 % interval."""
        moment = evening(date, "date")
        if moment < self.now:
            raise UsageError(
                _("{date} lies before the end of the log, {now}.", date=_day(moment), now=_day(self.now)),
                hint=_("ask for a later date."),
            )
        done = (_ticks(self.ends) <= _ticks(np.array(moment.to_datetime64()))).sum(axis=1)
        low, high = np.quantile(done, (LOW, HIGH), method="inverted_cdf")
        return DoneBy(moment, self.ends.shape[1], float(done.mean()), int(low), int(high))

    def date_when(self, share: float) -> DateWhen:
        """Return when so large a share of the cases is done: the median over replications, with an 80 % interval.

        Raises
        ------
        UsageError
            If ``share`` is not above 0 and at most 1.
        """
        if not 0.0 < share <= 1.0:
            raise UsageError(
                _("share is above 0 and at most 1; got {value}.", value=share), hint=_("0.9 asks for 90 %.")
            )
        n = self.ends.shape[1]
        number = min(max(int(np.ceil(share * n - 1e-9)), 1), n)
        reached = np.sort(_ticks(self.ends), axis=1)[:, number - 1]
        low, date, high = (_stamp(v) for v in np.quantile(reached, (LOW, 0.5, HIGH), method="inverted_cdf"))
        return DateWhen(share, date, low, high)

    def probability(self, date: Moment) -> pd.Series[float]:
        """Return for each case how probably it is done by a date (its evening, where no hour is given)."""
        by = _ticks(np.array(evening(date, "date").to_datetime64()))
        share = (_ticks(self.ends) <= by).mean(axis=0)
        return pd.Series(share, index=pd.Index(self.cases["case_id"], name="case_id"), name="probability")

    def __str__(self) -> str:
        lines = [
            _("{n} cases are open on {date} ({runs} replications)", n=len(self.cases), date=_day(self.now), runs=self.replications)
        ]  # fmt: skip
        for share in (0.5, 0.9, 1.0):
            when = self.date_when(share)
            lines.append(
                _("{share:.0%} of them are done by {date} (80 % interval: {low} to {high})", share=share, date=_day(when.date), low=_day(when.low), high=_day(when.high))
            )  # fmt: skip
        if self.until is not None:
            done = self.done_by(self.until)
            lines.append(
                _("by {date}: {n:.0f} of {all} are done (80 % interval: {low} to {high})", date=_day(self.until), n=done.number, all=done.cases, low=done.low, high=done.high)
            )  # fmt: skip
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Forecast({len(self.cases)} open cases, {_day(self.now)}, {self.replications} replications, seed={self.seed})"

    def _repr_html_(self) -> str:
        table = self.cases.head(20).to_html(index=False, border=0, float_format="{:.2f}".format)
        return "<pre>" + html.escape(str(self)) + "</pre>" + table


def forecast(
    process: Process,
    *,
    until: Moment | None = None,
    arrivals: Literal["simulated"] | None = "simulated",
    replications: int = 100,
    seed: int = 7,
    calendar: Calendar | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Forecast:
    """Forecast when the cases that were open at the end of the log will be done.

    Parameters
    ----------
    process : Process
        Fitted to a log that tells open cases from ended ones; or what a scenario makes of it.
    until : moment, optional
        A date for which to say how probably each case is done by then (by its evening, where no hour is given).
    arrivals : {"simulated"} or None
        Whether new cases arrive meanwhile, as the log's rhythm has them. They compete for the same people, but are not in
        the answer. ``None``: none arrive.
    replications : int
        How many times, each with its own luck.
    seed : int
    calendar : Calendar, optional
        Default: the one the process was fitted with.
    progress : callable(done, total), optional
        Called with replications done.

    Returns
    -------
    Forecast

    Raises
    ------
    InsufficientDataError
        If no case counts as open.
    UsageError
        If an option is out of its range.

    Notes
    -----
    An open case goes on as cases of the log with the same past did. The wait it is in has lasted until now, so what is
    drawn for it is longer than that. What was begun at the log's end and not finished is not in a log of ended events, and
    begins again. Intervals are those of the office as it was fitted; they do not know of a fitted model's own error, nor of
    an office that changes.

    In each replication new cases arrive until the last open one has ended, at most for three years.

    References
    ----------
    Rozinat, Wynn, van der Aalst, ter Hofstede, Fidge. Workflow simulation for operational decision support. *Data &
    Knowledge Engineering* 68 (2009) 834-850, doi 10.1016/j.datak.2009.02.014 (short-term simulation).
    """
    if replications < 1:
        raise UsageError(_("replications must be at least 1; got {n}.", n=replications))
    if arrivals not in ("simulated", None):
        raise UsageError(
            _("arrivals of a forecast are simulated, or there are none; got '{value}'.", value=arrivals),
            hint=_("what arrives after the log ends was not observed."),
        )
    require_open_cases(process)
    now = _end_of_log(process)
    asked = None if until is None else evening(until, "date")
    if asked is not None and asked <= now:
        raise UsageError(
            _("until must be later than the end of the log, {date}.", date=_day(now)),
            hint=_("a forecast begins where the log ends."),
        )
    calendar = calendar or load_calendar(process.calendar)
    ends = _simulated(process, now, arrivals is not None, replications, seed, calendar, progress)
    return _told(process, now, asked, ends, seed)


def require_open_cases(process: Process) -> None:
    """Refuse a process of which nothing can be forecast, saying why."""
    if process.open_cases:
        return
    if any(node.stage in CLOSING for node in process.nodes):
        raise InsufficientDataError(
            _("no case was open when the log ended: there is nothing to forecast."),
            hint=_("export the cases that are still open too, not only those that have ended."),
        )
    raise InsufficientDataError(
        _("no case counts as open: the log does not record which cases have come to their end."),
        hint=_("map a column to 'stage' (decide or deliver closes a case), or give finish_time in the table cases."),
    )


def _end_of_log(process: Process) -> pd.Timestamp:
    last = max(c.last for c in process.open_cases)
    return pd.Timestamp(last if process.arriving is None else process.arriving.last)


def _simulated(
    process: Process,
    now: pd.Timestamp,
    with_new: bool,
    replications: int,
    seed: int,
    calendar: Calendar,
    progress: Callable[[int, int], None] | None,
) -> Stamps:
    """When each open case ends in each replication; NaT: not within the calendar."""
    validate(process)
    if with_new and process.arriving is not None:
        plan = Plan.of(process, _number(process, LONGEST_DAYS), now, None, "simulated", 0.0, True)
    else:
        with_new = False
        plan = Plan.of(process, None, None, None, np.array([], "datetime64[us]"), 0.0, True)
    prepared = Prepared.of(process, plan, calendar)
    ends = np.full((replications, len(process.open_cases)), np.datetime64("NaT", "us"))
    left, days, done = list(range(replications)), FIRST_DAYS, 0
    while left:
        if with_new:
            prepared = replace(prepared, plan=replace(plan, cases=_number(process, days)))
        limit = _ticks(np.array((now + pd.Timedelta(days=days)).to_datetime64()))
        again = []
        with closing(replicate(prepared, left, seed)) as coming:
            for k, run in zip(left, coming, strict=True):
                mine = np.flatnonzero(run.open_case >= 0)
                if len(mine):
                    last = np.fmax.reduceat(run.end, run.case_ptr[:-1])[mine]
                    ends[k, run.open_case[mine]] = run.stamps(last)
                known = ends[k][~np.isnat(ends[k])]
                if with_new and days < LONGEST_DAYS and (_ticks(known) > limit).any():
                    # Its last cases are worked on after new ones ceased to come: once more, with new ones for longer.
                    again.append(k)
                else:
                    done += 1
                    if progress:
                        progress(done, replications)
        left, days = again, min(2 * days, LONGEST_DAYS)
    return ends


def _number(process: Process, days: int) -> int:
    """Cases that arrive in so many days, with some to spare: too many do no harm."""
    model = process.arriving
    assert model is not None
    observed = max(float((model.last - model.first) / np.timedelta64(1, "D")), 1.0)
    # The level of the log's end, of which the model takes the later arrivals.
    level = (1.0 + model.trend) ** (observed / 2.0 / 365.0)
    return int(1.3 * len(process.arrivals) / observed * level * days) + 20


def _told(process: Process, now: pd.Timestamp, asked: pd.Timestamp | None, ends: Stamps, seed: int) -> Forecast:
    ids = np.array([c.case_id for c in process.open_cases], object)
    arrived = np.array([c.arrival for c in process.open_cases], "datetime64[us]")
    ticks = _ticks(ends)
    p50, p80, p95 = np.quantile(ticks, (0.5, 0.8, 0.95), axis=0, method="inverted_cdf")
    order = np.lexsort((np.arange(len(ids)), p95, p80, p50))
    ends, ticks = ends[:, order], ticks[:, order]
    cases = pd.DataFrame(
        {
            "case_id": ids[order],
            "open_days": (_ticks(np.array(now.to_datetime64())) - _ticks(arrived[order])) / 86_400e6,
            "p50": _stamps(p50[order]),
            "p80": _stamps(p80[order]),
            "p95": _stamps(p95[order]),
        }
    )
    if asked is not None:
        cases["probability"] = (ticks <= _ticks(np.array(asked.to_datetime64()))).mean(axis=0)
    return Forecast(now, cases, _curve(now, asked, ticks), asked, len(ends), seed, ends)


def _curve(now: pd.Timestamp, asked: pd.Timestamp | None, ticks: npt.NDArray[np.int64]) -> pd.DataFrame:
    """How many are still open at the end of each day."""
    known = ticks[ticks < NEVER]
    last = max(_stamp(int(known.max())) if len(known) else now, now if asked is None else asked)
    last = min(last, now + pd.Timedelta(days=LONGEST_DAYS))
    dates = pd.date_range(now.normalize(), last.normalize(), freq="D", unit="us")
    evenings = _ticks((dates + pd.Timedelta(days=1)).to_numpy("datetime64[us]"))
    ordered = np.sort(ticks, axis=1)
    left = np.stack([ticks.shape[1] - np.searchsorted(row, evenings, side="left") for row in ordered])
    low, high = np.quantile(left, (LOW, HIGH), axis=0, method="inverted_cdf")
    return pd.DataFrame({"date": dates, "open": left.mean(axis=0), "p10": low.astype(int), "p90": high.astype(int)})


def _day(stamp: pd.Timestamp) -> str:
    return _("later than the working calendar") if pd.isna(stamp) else f"{stamp:%Y-%m-%d}"


def _ticks(stamps: Stamps) -> npt.NDArray[np.int64]:
    """Microseconds, in which what never comes is last."""
    ticks = stamps.astype("datetime64[us]").astype(np.int64)
    return np.where(np.isnat(stamps), NEVER, ticks)


def _stamps(ticks: npt.NDArray[np.int64]) -> Stamps:
    return np.where(ticks == NEVER, np.datetime64("NaT", "us"), ticks.astype("datetime64[us]"))


def _stamp(tick: int) -> pd.Timestamp:
    return pd.Timestamp(_stamps(np.array([tick], np.int64))[0])
