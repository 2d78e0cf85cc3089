"""What stands guard over a target: figures that must not get worse while it is met, so that nothing is only moved elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.messages import Language, both, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import NotRecorded, Workload, metric_label, open_hours, statistic_name, workload
from flowaudit.targets.measured import Measured
from flowaudit.targets.statistics import Interval, change_of_cases, interval, statistic_of
from flowaudit.worktime import OfficeHours

Floats = npt.NDArray[np.float64]
Texts = tuple[str, str]

NOTICEABLE = 0.01
"""Share by which a guard must get worse to be spoken of: office hours alone move by less when work falls on other days."""
KNOWN_SHARE = 0.8
"""Share of a department's activity instances of which it must be known how long they took, for hours to be compared."""
ALL = ""
"""Department of the workload of all departments together."""


@dataclass(frozen=True)
class Guard:
    """One figure before and after that nobody set a target for.

    Attributes
    ----------
    metric : str
        ``time`` (its 90th percentile), ``typed_fields, visits, visits_in_vain, correction_rate`` or ``workload``.
    statistic : {"mean", "p90"}
    department : str
        Of a workload; empty: all departments together.
    units : (Chinese, English)
    before, after, difference, low, high : float or None
        ``difference`` is after - before, with its 95 % interval. None where it is not recorded.
    reasons : (Chinese, English)
        Why it is not recorded, or what to know beside it; empty where there is nothing to say.
    """

    metric: str
    statistic: str = "mean"
    department: str = ALL
    units: Texts = ("", "")
    before: float | None = None
    after: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    reasons: Texts = ("", "")

    @property
    def recorded(self) -> bool:
        return self.difference is not None

    @property
    def rate(self) -> float | None:
        """(after - before) / before; None where it is not recorded or 0 before."""
        if self.before is None or self.difference is None or self.before == 0:
            return None
        return self.difference / self.before

    @property
    def worse(self) -> bool:
        """Whether it gets worse beyond chance, and by more than can be neglected."""
        if self.low is None or self.before is None or self.difference is None or not self.low > 0:
            return False
        return self.difference > NOTICEABLE * self.before

    def label(self, lang: Language | None = None) -> str:
        """Return what people call it."""
        lang = lang or current_language()
        if self.metric == "workload":
            if self.department == ALL:
                return _("workload of all departments", lang=lang)
            return _("workload: {department}", lang=lang, department=self.department)
        if self.metric == "visits_in_vain":
            return _("visits in vain", lang=lang)
        name = metric_label(self.metric, lang)
        return f"{name} ({statistic_name('p90', lang)})" if self.statistic == "p90" else name

    def unit(self, lang: Language | None = None) -> str:
        return self.units[0 if (lang or current_language()) == "zh" else 1]

    def reason(self, lang: Language | None = None) -> str:
        return self.reasons[0 if (lang or current_language()) == "zh" else 1]

    def shown(self, value: float | None) -> str:
        """Return a value of it as people read it."""
        if value is None or math.isnan(value):
            return "—"
        return f"{value:.1%}" if self.metric == "correction_rate" else f"{value:.2f}"

    def note(self, lang: Language | None = None) -> str:
        """Say how it gets worse."""
        lang = lang or current_language()
        before, after = self.shown(self.before), self.shown(self.after)
        if self.metric == "workload":
            if self.before == 0:
                return _("{department} gets new work: {amount} {unit} per case.",
                         lang=lang, department=self.department, amount=after, unit=self.unit(lang))  # fmt: skip
            share = f"{self.rate or 0.0:.0%}"
            if self.department == ALL:
                return _("The workload of all departments together rises by {share} per case.", lang=lang, share=share)
            return _("The workload of {department} rises by {share} per case.",
                     lang=lang, department=self.department, share=share)  # fmt: skip
        message = {
            "time": _("The slowest cases take longer: the 90th percentile of the end-to-end time rises from {before} to {after} working days.",
                      lang=lang, before=before, after=after),
            "typed_fields": _("Form fields filled in by hand rise from {before} to {after} per case.",
                              lang=lang, before=before, after=after),
            "visits": _("Visits, those in vain included, rise from {before} to {after} per case.", lang=lang, before=before, after=after),
            "visits_in_vain": _("Visits in vain rise from {before} to {after} per case.", lang=lang, before=before, after=after),
            "correction_rate": _("The correction rate rises from {before} to {after}.", lang=lang, before=before, after=after),
        }  # fmt: skip
        return message[self.metric]

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "metric": self.metric, "statistic": self.statistic, "department": self.department, "label": self.label(lang),
            "unit": self.unit(lang), "recorded": self.recorded, "before": self.before, "after": self.after,
            "difference": self.difference, "low": self.low, "high": self.high, "worse": self.worse, "reason": self.reason(lang),
        }  # fmt: skip


_OF_CASES: tuple[tuple[str, str, Texts], ...] = (
    ("time", "p90", ("工作日", "working days")),
    ("typed_fields", "mean", ("个", "fields")),
    ("visits", "mean", ("次", "visits")),
    ("visits_in_vain", "mean", ("次", "visits")),
    ("correction_rate", "mean", ("占办件比例", "share of cases")),
)


def guards_of(before: Measured, after: Measured, *, seed: int = 0) -> tuple[Guard, ...]:
    """Compare what stands guard, before and after; the workload of every department stands last."""
    single = tuple(_of_cases(metric, statistic, units, before, after, seed) for metric, statistic, units in _OF_CASES)
    return (*single, *_workloads(before, after))


def _of_cases(metric: str, statistic: str, units: Texts, before: Measured, after: Measured, seed: int) -> Guard:
    sides = [side.values(metric) for side in (before, after)]
    if metric == "correction_rate" and not isinstance(sides[0], NotRecorded) and after.source == "simulated":
        # The office as it is has corrections, so that its redesign has none where it shows none.
        sides[1] = np.zeros(len(after.per_case)) if isinstance(sides[1], NotRecorded) else sides[1]
    for values in sides:
        if isinstance(values, NotRecorded):
            return Guard(metric, statistic, units=units, reasons=(values.reason_zh, values.reason_en))
    samples = [
        side.samples(x) for side, x in zip((before, after), sides, strict=True) if not isinstance(x, NotRecorded)
    ]
    figures = [np.array([statistic_of(x, statistic) for x in some]) for some in samples]
    if any(np.isnan(x).any() for x in figures):
        return Guard(metric, statistic, units=units, reasons=both("no case has come to its end; nothing to sum up."))
    change = (
        change_of_cases(samples[0][0], samples[1][0], statistic, relative=False, seed=seed)
        if before.one_log
        else interval(figures[1] - figures[0])
    )
    beside = ("", "")
    if metric == "typed_fields" and _forms(before) is _forms(after):
        beside = both(
            "the forms are those of one catalogue before and after: what measures change in them is not counted."
        )
    first, second = (float(np.mean(x)) for x in figures)
    return Guard(metric, statistic, ALL, units, first, second, *change, reasons=beside)


def _forms(side: Measured) -> pd.DataFrame | None:
    return None if side.catalogue is None else side.catalogue.form_fields


@dataclass(frozen=True)
class _Load:
    """Work of departments in the complete cases: one row for each replication; ``squares`` of the sums of single cases.

    The last column is that of all departments together.
    """

    departments: tuple[str, ...]
    cases: Floats
    instances: Floats
    lasting: Floats
    hours: Floats
    squares: dict[str, Floats]

    def of(self, department: str, unit: str) -> tuple[Floats, float]:
        """Return the mean per case of each replication, and of a single log its squared standard error."""
        if department != ALL and department not in self.departments:
            return np.zeros(len(self.cases)), 0.0
        k = self.departments.index(department) if department != ALL else -1
        n, total = self.cases, getattr(self, unit)[:, k]
        mean = total / n
        spread = (self.squares[unit][k] - n[0] * mean[0] ** 2) / max(n[0] - 1, 1)
        return mean, max(float(spread), 0.0) / float(n[0])

    def timed(self, department: str) -> bool:
        """Whether it is known how long the work of a department took (there may be none)."""
        if department not in self.departments:
            return True
        k = self.departments.index(department)
        return bool(self.lasting[:, k].sum() >= KNOWN_SHARE * self.instances[:, k].sum())


def _workloads(before: Measured, after: Measured) -> tuple[Guard, ...]:
    loads = []
    # Both by the hours of the office as it is: a pause that work runs over is no work, in either.
    office = before.remember("open_hours", lambda: open_hours(*before.logs))
    for side in (before, after):
        load = side.remember(("workload", office), partial(_load, side, office))
        if isinstance(load, NotRecorded):
            return (Guard("workload", reasons=(load.reason_zh, load.reason_en)),)
        loads.append(load)
    names = tuple(dict.fromkeys(name for load in loads for name in load.departments))
    timed = {name: all(load.timed(name) for load in loads) for name in names}
    guards = []
    for name in (ALL, *names):
        hours = all(timed.values()) if name == ALL else timed[name]
        units = ("小时", "hours") if hours else ("次办理", "activity instances")
        (first, error), (second, other) = (load.of(name, "hours" if hours else "instances") for load in loads)
        change = interval(second - first)
        if before.one_log:
            change = _welch(second[0] - first[0], (error, other), [load.cases[0] for load in loads])
        guards.append(Guard("workload", "mean", name, units, float(first.mean()), float(second.mean()), *change))
    return tuple(guards)


def _load(measured: Measured, office: OfficeHours | None) -> _Load | NotRecorded:
    complete, runs = measured.complete, measured.replications
    found: list[tuple[Workload, int]] = []
    offset = 0
    for log in measured.logs:
        load = workload(log, calendar=measured.calendar, office=office)
        if isinstance(load, NotRecorded):
            return load
        found.append((load, offset))
        offset += log.n_cases
    names = {name: k for k, name in enumerate(dict.fromkeys(n for load, _o in found for n in load.departments))}
    case = np.concatenate([load.case + before for load, before in found])
    who = np.concatenate(
        [np.array([names[n] for n in load.departments], np.int64)[load.department] for load, _o in found]
    )
    parts = {
        name: np.concatenate([getattr(load, name) for load, _o in found]) for name in ("instances", "lasting", "hours")
    }
    keep = complete[case]
    case, who = case[keep], who[keep]
    key = measured.replication[case] * len(names) + who
    sums, squares = {}, {}
    for name, values in parts.items():
        by_department = np.bincount(key, weights=values[keep], minlength=runs * len(names)).reshape(runs, len(names))
        sums[name] = np.c_[by_department, by_department.sum(axis=1)]
        by_case = np.bincount(case, weights=values[keep], minlength=len(complete))
        squares[name] = np.r_[np.bincount(who, weights=values[keep] ** 2, minlength=len(names)), (by_case**2).sum()]
    there = sums["instances"][:, :-1].sum(axis=0) > 0
    columns = np.r_[np.flatnonzero(there), -1]
    cases = np.bincount(measured.replication[complete], minlength=runs).astype(float)
    return _Load(
        tuple(name for name, k in names.items() if there[k]),
        np.maximum(cases, 1.0),
        sums["instances"][:, columns],
        sums["lasting"][:, columns],
        sums["hours"][:, columns],
        {name: values[columns] for name, values in squares.items()},
    )


def _welch(difference: float, errors: tuple[float, float], n: list[float]) -> Interval:
    """Return a difference of two means with its 95 % interval (Welch)."""
    from scipy.special import stdtrit

    total = sum(errors)
    if total == 0:
        return difference, difference, difference
    df = total**2 / sum(e**2 / max(size - 1, 1) for e, size in zip(errors, n, strict=True))
    half = float(stdtrit(df, 0.975)) * math.sqrt(total)
    return difference, difference - half, difference + half
