"""Simulation parameters of a BPMN file: our own JSON format, documented by its schema.

A parameter file says what a diagram cannot: who does each task and how long it takes, which way cases go at a gateway,
when people work, how cases arrive. Durations are hours. Elements are named by their identifier in the diagram, or by
their name where only one has it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from flowaudit.errors import InputError, UsageError
from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.bpmn.diagram import Problem
from flowaudit.process.clock import SLOTS, Profile
from flowaudit.worktime import CLASSES, MAKE_UP

Array = npt.NDArray[np.float64]

FORMAT = "flowaudit.parameters/1"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "make_up", "holiday")
"""Day classes, in the order of a profile: a make-up day is a weekend day worked for a holiday."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Duration(_Part):
    """A duration in hours: a named family with its parameters, or ``hours`` at the probabilities ``at`` (linear between).

    Families: constant (value); exponential (mean); uniform (low, high); triangular (low, mode, high); lognormal and gamma
    (mean, cv: standard deviation / mean); weibull (mean, shape). Without ``at``, ``hours`` stand on the grid of our own
    process files.
    """

    family: str | None = None
    value: float | None = None
    mean: float | None = None
    low: float | None = None
    mode: float | None = None
    high: float | None = None
    cv: float | None = None
    shape: float | None = None
    at: list[float] | None = None
    hours: list[float] | None = None

    def table(self) -> Array:
        """Return the quantile table.

        Raises
        ------
        UsageError
            If the family or a parameter is unknown, missing, or out of its range.
        """
        stated: dict[str, float] = self.model_dump(exclude={"family", "at", "hours"}, exclude_none=True)
        if self.family is not None and self.hours is None and self.at is None:
            return quantiles.family(self.family, **stated)
        hint = _("give a family with its parameters, or hours at probabilities from 0 to 1.")
        if self.hours is None or self.family is not None or stated:
            raise UsageError(_("neither a family nor a table of hours"), hint=hint)
        at = quantiles.GRID if self.at is None else np.array(self.at, float)
        hours: Array = np.array(self.hours, float)
        if len(at) != len(hours) or len(at) < 2 or at[0] != 0.0 or at[-1] != 1.0 or not (np.diff(at) > 0).all():
            raise UsageError(_("the table has not one duration for each probability from 0 to 1"), hint=hint)
        if not np.isfinite(hours).all() or (hours < 0).any() or (np.diff(hours) < -1e-9).any():
            raise UsageError(_("the table is negative, infinite, or falls"), hint=hint)
        if self.at is None:
            return hours
        knots: Array = np.interp(quantiles.GRID, at, hours)
        got = quantiles.mean(knots)
        if got > 0:
            knots *= float(np.trapezoid(hours, at)) / got
        return knots


Span = tuple[str, str]


class WorkingHours(_Part):
    """Hours of the week by weekday, as spans ``["09:00", "12:00"]``; or a ``rates`` table of 9 day classes by 48 half hours.

    ``make_up`` are the hours of make-up working days (default: Monday's), ``holiday`` those of public holidays (default:
    none). ``rates`` follow the order monday ... sunday, make_up, holiday: 1 is open, 0 closed; a delay clock may have others.
    """

    monday: list[Span] = []
    tuesday: list[Span] = []
    wednesday: list[Span] = []
    thursday: list[Span] = []
    friday: list[Span] = []
    saturday: list[Span] = []
    sunday: list[Span] = []
    make_up: list[Span] | None = None
    holiday: list[Span] = []
    rates: list[list[float]] | None = None

    def profile(self) -> Profile:
        """Return the profile.

        Raises
        ------
        UsageError
            If a time is none, a span ends before it begins, or the table has another shape or negative rates.
        """
        if self.rates is not None:
            rates = np.array(self.rates if all(len(row) == len(self.rates[0]) for row in self.rates) else [[]], float)
            if rates.shape != (CLASSES, SLOTS) or not np.isfinite(rates).all() or (rates < 0).any():
                raise UsageError(
                    _("its rates are not 9 rows of 48 numbers of 0 or more"), hint=_("rates are 0 or more, and some above 0.")
                )  # fmt: skip
            return Profile(rates)
        rates = np.zeros((CLASSES, SLOTS))
        edges = np.arange(SLOTS + 1) * (24.0 / SLOTS)
        for k, day in enumerate(DAYS):
            spans = getattr(self, day)
            for begin, end in self.monday if spans is None else spans:
                low, high = _hour(begin), _hour(end)
                if high <= low:
                    raise UsageError(
                        _("the span {begin} to {end} ends before it begins", begin=begin, end=end),
                        hint=_('write spans of one day, such as ["09:00", "12:00"].'),
                    )
                rates[k] += np.maximum(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0.0) * (SLOTS / 24.0)
        return Profile(np.minimum(rates, 1.0))


def _hour(text: str) -> float:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?", text.strip())
    hour = -1.0 if found is None else int(found[1]) + int(found[2]) / 60 + int(found[3] or 0) / 3600
    if found is None or not 0 <= hour <= 24 or int(found[2]) > 59:
        raise UsageError(
            _("'{text}' is no time of day", text=text), hint=_('write spans of one day, such as ["09:00", "12:00"].')
        )
    return hour


class PoolOf(_Part):
    """People who stand in for each other, and which waiting case they take first: the longest waiting, or the first due."""

    department: str | None = None
    discipline: Literal["fifo", "deadline"] = "fifo"


class ResourceOf(_Part):
    """A person, a shared account, or a system: its pool, its working hours, how many instances it has in hand at once."""

    pool: str | None = None
    calendar: str | None = None
    capacity: int = 1


class PersonOf(_Part):
    """Who does a task: how often relative to the others, and own work times where they differ from the task's."""

    weight: float = 1.0
    work: Duration | None = None


class BatchOf(_Part):
    """Cases let go together: at the half hours in which ``calendar`` is open, or ``size`` at once (after ``patience_h`` fewer)."""

    calendar: str | None = None
    size: int | None = None
    patience_h: float | None = None


class TaskOf(_Part):
    """A task, or a timer (its ``work`` is the time that passes).

    ``pool`` null: nobody is waited for. ``people``: those of the pool who do it, by name (default: all). ``delay``: what
    passes before it is taken up, besides queueing, in hours of the calendar ``delay_clock`` (default: of the wall clock).
    """

    pool: str | None = None
    people: dict[str, PersonOf] | list[str] | None = None
    work: Duration | None = None
    delay: Duration | None = None
    delay_clock: str | None = None
    batch: BatchOf | None = None
    activity: str | None = None
    department: str | None = None
    office: str | None = None
    stage: str | None = None
    item: str | None = None
    level: int | None = None


class ArrivalsOf(_Part):
    """Time between arrivals, in open hours of ``calendar`` (default: of the wall clock), and growth a year (0.1: 10 %)."""

    gap: Duration
    calendar: str | None = None
    trend: float = 0.0


class KnownOf(_Part):
    """What the times rest on: whether work was told from waiting, and who did it; scenarios that need it are else refused."""

    work: bool = True
    staffing: bool = True
    reason_zh: str = ""
    reason_en: str = ""


class Parameters(_Part):
    """What a parameter file holds.

    ``start`` and ``cases``: when the first case may arrive, and how many are planned. ``official_calendar``: working days
    (``weekdays``, ``china``). ``contention``: cases wait until anybody of their people is free (``pool``), or are dealt out to one
    (``resource``), a share ``habit`` of them by the weights, the others to who has least in hand. ``open_hours``: calendar of tasks that wait for nobody. ``due_h``: wall-clock hours after its
    arrival at which a case is due, for pools that serve by deadline. ``gateways``: for each exclusive gateway that splits,
    the probability of every flow out of it.
    """

    format: Literal["flowaudit.parameters/1"]
    start: str = "2025-01-06"
    cases: int = 1_000
    official_calendar: str = "weekdays"
    contention: Literal["pool", "resource"] = "pool"
    habit: float = 1.0
    arrivals: ArrivalsOf
    calendars: dict[str, WorkingHours] = {}
    open_hours: str | None = None
    due_h: float | None = None
    known: KnownOf = KnownOf()
    pools: dict[str, PoolOf] = {}
    resources: dict[str, ResourceOf] = {}
    tasks: dict[str, TaskOf]
    gateways: dict[str, dict[str, float]] = {}


def parameter_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a parameter file."""
    return Parameters.model_json_schema()


def read_parameters(path: Path) -> tuple[Parameters | None, list[Problem]]:
    """Read a parameter file, our own or one of Prosimos; its keys tell which.

    Returns
    -------
    Parameters or None
        None where the file breaks its format.
    list of Problem

    Raises
    ------
    InputError
        If the file cannot be read or is no JSON file of either format.
    """
    from flowaudit.process.bpmn.prosimos import from_prosimos, is_prosimos

    file = path.name
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            _("{file}: no JSON file ({error}).", file=file, error=error),
            hint=_("begin the file with {example}", example=f'{{"format": "{FORMAT}", ...'),
        ) from None
    if is_prosimos(data):
        return from_prosimos(data, file)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(
            _("{file}: neither simulation parameters of format {format} nor of Prosimos.", file=file, format=FORMAT),
            hint=_("begin the file with {example}", example=f'{{"format": "{FORMAT}", ...'),
        )
    return checked(Parameters, data, file)


def checked(model: type[Parameters], data: Any, file: str) -> tuple[Parameters | None, list[Problem]]:
    """Return data as parameters, or every place in it that breaks the format."""
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, broken(error, file)


def broken(error: ValidationError, file: str) -> list[Problem]:
    """Return the places that break a format."""
    hint = _("the format is printed by flowaudit.process.parameter_schema().")
    return [Problem(file, place(e["loc"]), e["msg"], hint) for e in error.errors()]


def place(loc: Sequence[int | str]) -> str:
    """Return a place in a JSON file as people write it."""
    return ".".join(str(p) for p in loc) or "-"


def stated_hours(profile: Profile) -> WorkingHours:
    """Return a profile as the shortest statement of it: spans where it only opens and closes, else rates."""
    rates = profile.rates
    if not np.isin(rates, (0.0, 1.0)).all():
        return WorkingHours(rates=[[float(f"{r:.6g}") for r in row] for row in rates])
    spans: dict[str, list[Span]] = {}
    for k, day in enumerate(DAYS):
        edges = np.flatnonzero(np.diff(np.r_[0.0, rates[k], 0.0]))
        spans[day] = [(_clock(a), _clock(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if (rates[MAKE_UP] == rates[0]).all():
        del spans["make_up"]
    return WorkingHours(**{day: s for day, s in spans.items() if s or day == "make_up"})  # type: ignore[arg-type]


def _clock(slot: int) -> str:
    return f"{slot // 2:02}:{slot % 2 * 30:02}"
