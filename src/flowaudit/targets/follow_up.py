"""How long every case is looked at: a young log has only its quick cases finished, and looks better than it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog
from flowaudit.messages import Language, both, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import TimeSummary, shown, time_summary, wilson
from flowaudit.targets.sides import Side, side_name
from flowaudit.worktime import Calendar

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
LONG_ENOUGH = 0.95
"""Share of the cases that should have ended by the end of the follow-up."""
LEAST, HALF, BEYOND_MEDIAN = 30, 0.5, 1.5
"""Cases a side must keep, share of its cases it should, and the shortest follow-up in medians."""
HIDDEN = 0.01
"""Share of cases that a log without open ones may hide and still count as followed to its end."""


@dataclass(frozen=True, eq=False)
class Lapse:
    """How long each case of a side has taken by the log's end.

    Attributes
    ----------
    days : array of float
        Working days from its beginning to its end, or to the log's end while it is open; NaN where unknown.
    open : array of bool
    room : array of float
        Working days from its arrival to the log's end: how long it could be looked at.
    told : bool
        Whether the log says which cases have ended; where it does not, all count as ended, the last ones too early.
    """

    days: Floats
    open: Bools
    room: Floats
    told: bool = True

    @property
    def known(self) -> Bools:
        return ~np.isnan(self.days) & ~np.isnan(self.room)

    def early(self, days: int | None) -> Bools:
        """Mark the cases that arrived early enough to be looked at for so many days (None: all)."""
        return np.ones(len(self.open), np.bool_) if days is None else self.known & (self.room >= days)

    def in_time(self, days: int | None) -> Bools:
        """Mark those of them that ended within that time."""
        found: Bools = self.early(days) & self.known & ~self.open
        return found if days is None else found & (self.days <= days)


@dataclass(frozen=True)
class FollowUp:
    """How long every case is looked at, on both sides alike.

    Attributes
    ----------
    days : int or None
        Working days after its arrival; None where it is not needed or cannot be had (``reason``).
    needed : bool
        False where both logs were followed until every case had ended.
    reasons : (str, str)
        Why so, in Chinese and in English.
    cases, open, early, in_time : (int, int)
        Of each side: all cases, those open at the log's end, those that arrived early enough to be looked at for
        ``days``, those of the latter that ended within ``days``.
    hidden : (float, float)
        Share of the cases that each log seems to leave out because they had not ended; 0 where it shows open ones.
    told : (bool, bool)
        Whether each log says which cases have ended.
    survival : (TimeSummary, TimeSummary)
        Median and 90th percentile of end-to-end working days of all cases, open ones as lower bounds (Kaplan-Meier).
    """

    days: int | None
    needed: bool
    reasons: tuple[str, str]
    cases: tuple[int, int]
    open: tuple[int, int]
    early: tuple[int, int]
    in_time: tuple[int, int]
    hidden: tuple[float, float]
    told: tuple[bool, bool]
    survival: tuple[TimeSummary, TimeSummary]

    @property
    def usable(self) -> bool:
        """Whether the figures do not depend on how old a log was when it was exported."""
        return self.days is not None or not self.needed

    def reason(self, lang: Language | None = None) -> str:
        return self.reasons[0] if (lang or current_language()) == "zh" else self.reasons[1]

    def text(self, lang: Language | None = None) -> str:
        """Return how long cases are looked at, and what all cases together say."""
        lang = lang or current_language()
        lines = [self.reason(lang)]
        for k, words in enumerate((side_name("before", lang), side_name("after", lang))):
            found = self.survival[k]
            lines.append(
                _("{side}: {open:,} of {n:,} cases are open at the log's end; median of all cases, open ones counted as long as they have been (Kaplan-Meier): {median} working days ({low} to {high}).",
                  lang=lang, side=words, open=self.open[k], n=self.cases[k], median=_number(found.median), low=_number(found.low), high=_number(found.high))
            )  # fmt: skip
        return "\n".join(lines)

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        sides = {}
        for k, which in enumerate(("before", "after")):
            low, high = wilson(self.in_time[k], self.early[k])
            sides[which] = {
                "cases": self.cases[k], "open": self.open[k], "early": self.early[k], "in_time": self.in_time[k], "hidden_share": self.hidden[k], "ends_recorded": self.told[k],
                "in_time_share": self.in_time[k] / self.early[k] if self.early[k] else None,
                "in_time_low": low, "in_time_high": high, "kaplan_meier_median": self.survival[k].median,
                "kaplan_meier_low": self.survival[k].low, "kaplan_meier_high": self.survival[k].high,
            }  # fmt: skip
        return {"days": self.days, "needed": self.needed, "reason": self.reason(lang), **sides}


def _number(value: float) -> str:
    return "—" if math.isnan(value) else shown(value)


def lapse_of(side: Side, end_to_end: npt.ArrayLike, complete: npt.ArrayLike, calendar: Calendar) -> Lapse:
    """Measure how long the cases of a side have taken.

    Parameters
    ----------
    side : Side
    end_to_end : array_like of float
        Working days of the finished cases.
    complete : array_like of bool
    calendar : Calendar
    """
    still = ~np.asarray(complete, np.bool_)
    room = _working_days(calendar, side.arrival, side.cut_off)
    return Lapse(np.where(still, room, np.asarray(end_to_end, float)), still, room, _tells_ends(side.log))


def _tells_ends(log: EventLog) -> bool:
    """Say whether a log records decisions, deliveries or closing times."""
    if log.has("stage") and {"decide", "deliver"} & set(log.labels("stage")):
        return True
    columns = (("cases", "finish_time"), ("bundles", "last_time"))
    tables = ((log.table(name), column) for name, column in columns)
    return any(table is not None and column in table and bool(table[column].notna().any()) for table, column in tables)


def _working_days(calendar: Calendar, arrival: npt.NDArray[np.datetime64], cut: np.datetime64) -> Floats:
    """Working days to the log's end; NaN for days the calendar does not know."""
    low = np.datetime64(calendar.first or "1678-01-01", "D")
    high = np.datetime64(calendar.last or "2261-12-31", "D")
    day = arrival.astype("datetime64[D]")
    known = (day >= low) & (day <= high)
    if not known.any() or not low <= cut.astype("datetime64[D]") <= high:
        return np.full(len(arrival), np.nan)
    days = calendar.working_days(np.where(known, arrival, np.datetime64("NaT", "us")), np.full(len(arrival), cut))
    return np.asarray(days, np.float64)


def follow_up(before: Lapse, after: Lapse, asked: int | None = None, *, seed: int = 0) -> FollowUp:
    """Choose how long to look at every case, so that old and young logs are looked at alike.

    Parameters
    ----------
    before, after : Lapse
    asked : int, optional
        Working days; 0: take the finished cases as they are. Default: the days by which 95 % of the cases have ended
        (Kaplan-Meier) on the slower side; fewer where the younger log would keep less than half of its cases, but never
        fewer than one and a half medians.

    Returns
    -------
    FollowUp

    Notes
    -----
    Cases that arrived less than so many days before their log's end are left out on both sides; of the others, those
    that took longer count as not ended within that time, whether the log shows their end or not. Both sides are then
    seen through the same window, however long ago they were exported. Logs without any open case need no window, unless
    they still go on to the last day: then cases were left out for not having ended. Where a log does not say which cases have ended,
    there is always one.
    """
    sides = (before, after)
    if asked is not None and asked < 0:
        raise UsageError(_("follow_up is a number of working days, 0 or more; got {value}.", value=asked))
    survival = tuple(time_summary(s.days, s.open, seed=seed) for s in sides)
    days, needed, reasons = _chosen(sides, asked, survival)
    return FollowUp(
        days, needed, reasons, _pair(len(s.open) for s in sides), _pair(int(s.open.sum()) for s in sides),
        _pair(int(s.early(days).sum()) for s in sides), _pair(int(s.in_time(days).sum()) for s in sides),
        (_hidden(before), _hidden(after)), (before.told, after.told), (survival[0], survival[1]),
    )  # fmt: skip


def _pair(numbers: Any) -> tuple[int, int]:
    first, second = numbers
    return first, second


def _chosen(
    sides: tuple[Lapse, Lapse], asked: int | None, survival: tuple[TimeSummary, ...]
) -> tuple[int | None, bool, tuple[str, str]]:
    if asked == 0:
        return None, True, both("asked for: finished cases are taken as they are, however young the logs.")
    if asked is not None:
        return asked, True, both("asked for: every case is looked at for {days} working days.", days=asked)
    wanted = max(_quantile(s, LONG_ENOUGH) for s in sides)
    if not any(s.open.any() or not s.told or _hidden(s) > HIDDEN for s in sides):
        return None, False, both("all cases have ended, and the last ones arrived long enough before the end of their log: nothing is cut off.")  # fmt: skip
    room = min(_room(s) for s in sides)
    least = BEYOND_MEDIAN * max(t.median for t in survival)
    days = wanted if math.isfinite(wanted) and wanted <= room else max(room, least)
    if not math.isfinite(days) or math.isnan(least):
        return None, True, both("too few cases have ended to say how long one has to wait for them; finished cases are taken as they are, and a young log has only its quick ones finished.")  # fmt: skip
    days = math.ceil(days)
    if min(int((s.known & (s.room >= days)).sum()) for s in sides) < LEAST:
        return None, True, both("one of the logs is too young: fewer than {n} of its cases can be looked at for {days} working days; finished cases are taken as they are, and a young log has only its quick ones finished.", n=LEAST, days=days)  # fmt: skip
    return days, True, both("every case is looked at for {days} working days after its arrival, on both sides; younger ones are left out.", days=days)  # fmt: skip


def _hidden(side: Lapse) -> float:
    """Estimate the share of cases that a log without open ones does not show, as where only finished cases were exported.

    Of cases that could be looked at for r days only those that took at most r are there: one for each F(r) that arrived.
    """
    days, room = side.days[side.known], side.room[side.known]
    if not len(days) or side.open.any() or not side.told:
        return 0.0
    ended = np.searchsorted(np.sort(days), room, side="right") / len(days)
    arrived = 1 / np.maximum(ended, 1 / len(days))
    return float(1 - len(days) / arrived.sum())


def _room(side: Lapse) -> float:
    """Return the longest follow-up that keeps half of the cases of a side."""
    room = side.room[side.known]
    return float(np.quantile(room, 1 - HALF, method="lower")) if len(room) else math.nan


def _quantile(side: Lapse, share: float) -> float:
    """Return the days by which a share of the cases has ended; infinite where the log is too young to say."""
    from scipy.stats import CensoredData, ecdf

    days, still = side.days[side.known], side.open[side.known]
    if not len(days) or still.all():
        return math.inf
    left = ecdf(CensoredData(uncensored=days[~still], right=days[still])).sf
    below = np.flatnonzero(left.probabilities <= 1 - share + 1e-12)
    return float(left.quantiles[below[0]]) if len(below) else math.inf
