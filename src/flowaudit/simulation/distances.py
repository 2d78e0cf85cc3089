"""How far a simulated log is from an observed one: seven distances, of the flow, the time and the workforce."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

from flowaudit.errors import UsageError
from flowaudit.eventlog import EventLog
from flowaudit.messages import translate as _

Whole = npt.NDArray[np.int64]
Stamps = npt.NDArray[np.datetime64]
Spans = npt.NDArray[np.timedelta64]

NAN = float("nan")
HOUR = np.timedelta64(1, "h")
EPOCH = np.datetime64(0, "us")
HOURS_OF_DAY, DAYS_OF_WEEK = 24, 7
FARTHEST_H = 23.0
"""From the first hour of a day to its last: what a weekday costs that only one of the logs knows."""


@dataclass(frozen=True)
class Distances:
    """Seven distances between two logs; 0 where they agree, lower is better. NaN: not asked for, or not computable.

    Attributes
    ----------
    ngd : float
        *N-gram distance*, n = 3, without unit, in [0, 1]: the share of the triples of consecutive activities that
        have no counterpart in the other log. Cases are led in and out by two blanks.
    aed : float
        *Absolute event distribution*, hours: how far the starts and ends lie apart on the calendar.
    car : float
        *Case arrival*, hours: the same of the first start of each case.
    ced : float
        *Circadian event distribution*, hours: how far the hours of day of starts and ends lie apart, weekday by
        weekday; the mean of seven. A weekday that only one log knows costs 23, one that neither knows 0.
    cwd : float
        *Circadian workforce distribution*, hours: the same of the number of resources seen at work in an hour.
    red : float
        *Relative event distribution*, hours: how far starts and ends lie apart, counted from the first start of their
        own case.
    ctd : float
        *Cycle time distribution*, hours: how far the times from first start to last end lie apart.
    """

    ngd: float = NAN
    aed: float = NAN
    car: float = NAN
    ced: float = NAN
    cwd: float = NAN
    red: float = NAN
    ctd: float = NAN


def distances(simulated: EventLog, observed: EventLog, *, only: Iterable[str] | None = None) -> Distances:
    """Measure how far two logs lie apart.

    Every distance in hours is the 1-Wasserstein distance of two distributions over whole hours: the mean number of hours
    by which what one log holds would have to be moved to become the other. Which log is called the simulated one makes no
    difference.

    Parameters
    ----------
    simulated, observed : EventLog
        Compared as they are: by rows, each of which has a start and an end.
    only : iterable of str, optional
        Fields of :class:`Distances` to compute; all by default.

    Returns
    -------
    Distances
        What was not asked for is NaN. So is ``cwd`` unless both logs know resources, and everything if a log is empty.

    Raises
    ------
    UsageError
        If ``only`` names something else.

    Notes
    -----
    Where a start is not recorded, the end serves as start as well; where no end is, there is one stamp less. Rows without
    activity, or without resource, count as those of one more activity, or resource.

    Hours are clock hours, rounded down (09:59 is 9), but for two: RED counts from the first start of a case, and CTD
    from the shortest cycle time of both logs. NGD takes each case in the order of the log: by start, then end. CWD divides
    the distinct resources of all hours, such as Mondays from 9 to 10, by the number of such days with any stamp, and
    rounds down to hundredths.

    These are the figures of the package *log-distance-measures* 2.2 with start and end times, hourly bins, the Wasserstein
    metric, no normalisation but that of NGD.

    References
    ----------
    Chapela-Campa, Benchekroun, Baron, Dumas, Krass, Senderovich. *Can I Trust My Simulation Model? Measuring the Quality
    of Business Process Simulation Models*. BPM 2023. doi:10.1007/978-3-031-41620-0_2

    Examples
    --------
    Everything two hours late, and the decision another hour later:

    >>> import pandas as pd
    >>> from flowaudit.eventlog import from_frame
    >>> frame = pd.DataFrame({"case_id": ["1", "1"], "activity": ["受理", "决定"],
    ...                       "end": pd.to_datetime(["2024-03-04 09:00", "2024-03-04 10:00"])})
    >>> late = frame.assign(end=frame["end"] + pd.to_timedelta([2, 3], unit="h"))
    >>> found = distances(from_frame(late), from_frame(frame))
    >>> found.ngd, found.aed, found.car, found.red, found.ctd
    (0.0, 2.5, 2.0, 0.5, 1.0)
    """
    wanted = _wanted(only)
    if not len(simulated.events) or not len(observed.events):
        return Distances()
    pair = _Stamped(simulated), _Stamped(observed)
    return Distances(**{name: measure(*pair) for name, measure in _MEASURES.items() if name in wanted})


def _wanted(only: Iterable[str] | None) -> set[str]:
    known = [field.name for field in fields(Distances)]
    wanted = set(known if only is None else only)
    for name in sorted(wanted - set(known)):
        raise UsageError(
            _("'{value}' is none of {words}", value=name, words=", ".join(known)),
            hint="distances(simulated, observed, only=['ngd', 'ctd'])",
        )
    return wanted


class _Stamped:
    """What the distances ask of one log, each worked out once."""

    def __init__(self, log: EventLog) -> None:
        self.log = log

    @cached_property
    def end(self) -> Stamps:
        return self.log.stamps("end")

    @cached_property
    def start(self) -> Stamps:
        if not self.log.has("start"):
            return self.end
        start = self.log.stamps("start")
        missing = np.isnat(start)
        return np.where(missing, self.end, start) if missing.any() else start

    @cached_property
    def first(self) -> Stamps:
        """First start of every case."""
        found: Stamps = np.fmin.reduceat(self.start, self.log.case_ptr[:-1])
        return found

    @cached_property
    def last(self) -> Stamps:
        """Last end of every case."""
        found: Stamps = np.fmax.reduceat(self.end, self.log.case_ptr[:-1])
        return found

    @cached_property
    def stamps(self) -> Stamps:
        """All starts, then all ends, row by row."""
        return np.concatenate([self.start, self.end])

    @cached_property
    def hours(self) -> Whole:
        """Hours of all stamps since 1970."""
        return _hours(self.stamps - EPOCH)

    @property
    def since_first(self) -> Spans:
        """From the first start of the case to every stamp."""
        first: Stamps = np.tile(self.first[self.log.case_index], 2)
        return self.stamps - first

    @property
    def triples(self) -> tuple[Whole, Whole, Whole]:
        """Codes of the activities of every triple, from the first to the last; 0 is a blank, 1 an unknown activity."""
        codes, case = self.log.codes("activity")[0], self.log.case_index
        line = np.zeros(len(case) + 2 * self.log.n_cases + 2, np.int64)
        # Two blanks before the first case and after each: they lead out of one case and into the next.
        line[2 + np.arange(len(case)) + 2 * case] = codes + np.int64(2)
        return line[:-2], line[1:-1], line[2:]


def _hours(spans: Spans) -> Whole:
    """Return whole hours, rounded down, of the spans that are known."""
    known = ~np.isnat(spans)
    found: Whole = np.floor_divide(spans if known.all() else spans[known], HOUR)
    return found


def _cumulated(a: Whole, b: Whole) -> tuple[Whole, Whole, Whole]:
    """Return the values that occur, and for each how many of either sample do not exceed it."""
    values = np.unique(np.concatenate([a, b]))
    up_to_a, up_to_b = (np.searchsorted(np.sort(sample), values, side="right") for sample in (a, b))
    return values, up_to_a, up_to_b


def _moved(a: Whole, b: Whole) -> float:
    """Return the 1-Wasserstein distance of two samples: the area between their distribution functions."""
    if not len(a) or not len(b):
        return NAN
    values, up_to_a, up_to_b = _cumulated(a, b)
    apart = np.abs(up_to_a / len(a) - up_to_b / len(b))
    return float(apart[:-1] @ np.diff(values))


def _moved_within_days(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Return the mean over the weekdays of the 1-Wasserstein distance of two weights of the 24 hours."""
    of_a, of_b = a.sum(axis=1), b.sum(axis=1)
    if not of_a.any() or not of_b.any():
        return NAN
    in_both = (of_a > 0) & (of_b > 0)
    in_one = (of_a > 0) != (of_b > 0)
    shares = [weights[in_both].cumsum(axis=1) / sums[in_both, None] for weights, sums in ((a, of_a), (b, of_b))]
    return float((np.abs(shares[0] - shares[1]).sum() + FARTHEST_H * in_one.sum()) / DAYS_OF_WEEK)


def _by_weekday(hours: Whole) -> npt.NDArray[np.float64]:
    """Count hours since 1970 by weekday (rows, Thursday first) and hour of day (columns)."""
    slots = DAYS_OF_WEEK * HOURS_OF_DAY
    counts = np.bincount(hours % slots, minlength=slots)
    return counts.reshape(DAYS_OF_WEEK, HOURS_OF_DAY).astype(np.float64)


def _workforce(side: _Stamped) -> npt.NDArray[np.float64]:
    """Return the mean number of resources at work by weekday and hour, in whole hundredths."""
    codes, labels = side.log.codes("resource")
    who = np.concatenate([codes, codes])[~np.isnat(side.stamps)] + np.int64(1)
    at_work = np.unique(side.hours * (len(labels) + 1) + who) // (len(labels) + 1)
    days = np.bincount(np.unique(side.hours // HOURS_OF_DAY) % DAYS_OF_WEEK, minlength=DAYS_OF_WEEK)
    mean = _by_weekday(at_work) / np.maximum(days, 1)[:, None]
    return np.floor(mean * 100)


def _ngd(a: _Stamped, b: _Stamped) -> float:
    # What both logs call by one name has one code.
    labels = [side.log.codes("activity")[1] for side in (a, b)]
    common = {label: code for code, label in enumerate(dict.fromkeys(labels[0] + labels[1]), start=2)}
    base = len(common) + 2
    keys = []
    for side, names in zip((a, b), labels, strict=True):
        code = np.array([0, 1, *(common[name] for name in names)], np.int64)
        one, two, three = (code[part] for part in side.triples)
        keys.append((one * base + two) * base + three)
    _values, up_to_a, up_to_b = _cumulated(*keys)
    apart = np.abs(np.diff(up_to_a, prepend=0) - np.diff(up_to_b, prepend=0))
    return float(apart.sum() / (len(keys[0]) + len(keys[1])))


def _aed(a: _Stamped, b: _Stamped) -> float:
    return _moved(a.hours, b.hours)


def _car(a: _Stamped, b: _Stamped) -> float:
    return _moved(*(_hours(side.first - EPOCH) for side in (a, b)))


def _ced(a: _Stamped, b: _Stamped) -> float:
    return _moved_within_days(_by_weekday(a.hours), _by_weekday(b.hours))


def _cwd(a: _Stamped, b: _Stamped) -> float:
    if not a.log.has("resource") or not b.log.has("resource"):
        return NAN
    return _moved_within_days(_workforce(a), _workforce(b))


def _red(a: _Stamped, b: _Stamped) -> float:
    return _moved(*(_hours(side.since_first) for side in (a, b)))


def _ctd(a: _Stamped, b: _Stamped) -> float:
    times: list[Spans] = [side.last - side.first for side in (a, b)]
    shortest: np.timedelta64 = np.fmin.reduce(np.concatenate(times))
    return _moved(*(_hours(time - shortest) for time in times))


_MEASURES: dict[str, Callable[[_Stamped, _Stamped], float]] = {
    "ngd": _ngd, "aed": _aed, "car": _car, "ced": _ced, "cwd": _cwd, "red": _red, "ctd": _ctd,
}  # fmt: skip
