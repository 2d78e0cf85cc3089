"""Simulation parameters in the format of Prosimos, turned into our own."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flowaudit.errors import UsageError
from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.bpmn.diagram import Problem
from flowaudit.process.bpmn.parameters import (
    ArrivalsOf,
    Duration,
    Parameters,
    PersonOf,
    PoolOf,
    ResourceOf,
    TaskOf,
    WorkingHours,
    broken,
)

Array = npt.NDArray[np.float64]

KEYS = {"resource_profiles", "resource_calendars", "task_resource_distribution"}
NOT_RUN = (
    "batch_processing",
    "prioritisation_rules",
    "branch_rules",
    "multitask",
    "global_attributes",
    "event_attributes",
)
"""Sections with an effect in Prosimos that is not run here."""

HOUR = 3600.0
POINTS = 200_000
"""Equally likely values that stand for a family cut off at its ends."""


class _Lax(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Value(_Lax):
    value: float


class _Distribution(_Lax):
    distribution_name: str
    distribution_params: list[_Value]


class _ResourceWork(_Distribution):
    resource_id: str


class _EventWork(_Distribution):
    event_id: str


class _TaskWork(_Lax):
    task_id: str
    resources: list[_ResourceWork]


Day = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
WEEK: tuple[Day, ...] = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


class _Period(_Lax):
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    begin: str = Field(alias="beginTime")
    end: str = Field(alias="endTime")


class _Calendar(_Lax):
    id: str
    time_periods: list[_Period]


class _Resource(_Lax):
    id: str
    name: str
    amount: int = 1
    calendar: str | None = None


class _Profile(_Lax):
    id: str
    name: str
    resource_list: list[_Resource]


class _Path(_Lax):
    path_id: str
    value: float = 0.0
    condition_id: Any = None


class _Gateway(_Lax):
    gateway_id: str
    probabilities: list[_Path]


class _File(_Lax):
    """What of a Prosimos file is read."""

    resource_profiles: list[_Profile]
    resource_calendars: list[_Calendar]
    task_resource_distribution: list[_TaskWork]
    arrival_time_distribution: _Distribution
    arrival_time_calendar: list[_Period] = []
    gateway_branching_probabilities: list[_Gateway] = []
    event_distribution: list[_EventWork] = []


def is_prosimos(data: Any) -> bool:
    """Whether the keys are those of a Prosimos file."""
    return isinstance(data, dict) and "format" not in data and len(KEYS & set(data)) >= 2


def from_prosimos(data: dict[str, Any], file: str) -> tuple[Parameters | None, list[Problem]]:
    """Return our own parameters with the meaning of a Prosimos file.

    Notes
    -----
    As Prosimos 2.1 reads them, in seconds: ``fix`` (value), ``expon`` (mean, minimum, maximum; the minimum is added to an
    exponential of mean less minimum), ``norm`` (mean, standard deviation, minimum, maximum), ``uniform`` (minimum, maximum),
    ``lognorm`` and ``gamma`` (mean, variance, minimum, maximum). Values beyond the ends, or below 0, are drawn again. A resource
    with ``amount`` n becomes n of them. The gap between arrivals is counted in the hours of the arrival calendar; in
    Prosimos a gap that reaches beyond closing time ends when the calendar opens again. Costs are not read.
    """
    found: list[Problem] = []
    if data.get("model_type", "CRISP") not in ("CRISP", "CRSIP"):
        found.append(
            Problem(file, "model_type", _("'{kind}' is not run", kind=data["model_type"]), _("give calendars of model type CRISP."))
        )  # fmt: skip
    for key in NOT_RUN:
        if data.get(key):
            found.append(Problem(file, key, _("'{kind}' is not run", kind=key), _("delete this section.")))
    try:
        source = _File.model_validate(data)
    except ValidationError as error:
        return None, found + broken(error, file)
    calendars = {c.id: _hours(c.time_periods) for c in source.resource_calendars}
    arrival_calendar = None
    if source.arrival_time_calendar:
        arrival_calendar = _free("arrivals", calendars)
        calendars[arrival_calendar] = _hours(source.arrival_time_calendar)
    pools: dict[str, PoolOf] = {}
    resources: dict[str, ResourceOf] = {}
    copies: dict[str, list[str]] = {}
    for profile in source.resource_profiles:
        pools[profile.name] = PoolOf()
        for r in profile.resource_list:
            names = [r.name] if r.amount == 1 else [f"{r.name}_{k}" for k in range(max(r.amount, 0))]
            if any(name in resources for name in names):
                names = [f"{name} ({r.id})" for name in names]
            copies[r.id] = names
            for name in names:
                resources[name] = ResourceOf(pool=profile.name, calendar=r.calendar)
    tasks: dict[str, TaskOf] = {}
    for task in source.task_resource_distribution:
        people: dict[str, PersonOf] = {}
        for given in task.resources:
            where = f"{task.task_id}, {given.resource_id}"
            work = _duration(given, file, where, found)
            if given.resource_id not in copies:
                found.append(
                    Problem(file, where, _("there is no resource '{name}'", name=given.resource_id), _("name it in resource_profiles."))
                )  # fmt: skip
            people.update({name: PersonOf(work=work) for name in copies.get(given.resource_id, [])})
        homes = Counter(resources[name].pool for name in people)
        tasks[task.task_id] = TaskOf(pool=homes.most_common(1)[0][0], people=people) if people else TaskOf(people={})
    for event in source.event_distribution:
        tasks[event.event_id] = TaskOf(work=_duration(event, file, event.event_id, found), pool=None)
    gateways: dict[str, dict[str, float]] = {}
    for gateway in source.gateway_branching_probabilities:
        gateways[gateway.gateway_id] = {p.path_id: p.value for p in gateway.probabilities}
        if any(p.condition_id for p in gateway.probabilities):
            found.append(
                Problem(
                    file, gateway.gateway_id, _("'{kind}' is not run", kind="condition_id"), _("give probabilities.")
                )
            )
    gap = _duration(source.arrival_time_distribution, file, "arrival_time_distribution", found)
    return Parameters(
        format="flowaudit.parameters/1", arrivals=ArrivalsOf(gap=gap, calendar=arrival_calendar), calendars=calendars, pools=pools,
        resources=resources, tasks=tasks, gateways=gateways,
    ), found  # fmt: skip


def _free(name: str, taken: dict[str, WorkingHours]) -> str:
    while name in taken:
        name += "_"
    return name


def _hours(periods: list[_Period]) -> WorkingHours:
    """Working hours of periods, each of which means its hours on every day from its first to its last."""
    spans: dict[str, list[tuple[str, str]]] = {}
    for p in periods:
        first, last = WEEK.index(p.first), WEEK.index(p.last)
        end = "24:00" if p.end[:5] in ("23:59", "00:00", "24:00") else p.end
        days = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
        for day in days:
            spans.setdefault(WEEK[day].lower(), []).append((p.begin, end))
    return WorkingHours(**spans)  # type: ignore[arg-type]


WANTED = {
    "fix": ("mean",), "expon": ("mean", "low", "high"), "norm": ("mean", "std", "low", "high"), "uniform": ("low", "high"),
    "lognorm": ("mean", "var", "low", "high"), "gamma": ("mean", "var", "low", "high"),
}  # fmt: skip
"""Parameters of each distribution in their order; the ends may be left out."""


def _duration(given: _Distribution, file: str, where: str, found: list[Problem]) -> Duration:
    """Return a distribution as our own; with a problem, and a stand-in, where it is none."""
    try:
        return duration(given.distribution_name, [v.value for v in given.distribution_params])
    except UsageError as error:
        found.append(Problem(file, where, error.message, error.hint or ""))
        return Duration(family="constant", value=1.0)


def duration(name: str, values: list[float]) -> Duration:
    """Return one of Prosimos' distributions, in seconds, as a duration in hours.

    Raises
    ------
    UsageError
        If the distribution is unknown, or its parameters are too few or out of their range.
    """
    hint = _("there are: {names}", names="; ".join(f"{n} ({', '.join(p)})" for n, p in WANTED.items()))
    wanted = WANTED.get(name)
    if wanted is None:
        raise UsageError(_("there is no distribution '{name}'", name=name), hint=hint)
    least = len([w for w in wanted if name == "uniform" or w not in ("low", "high")])
    if not least <= len(values):
        raise UsageError(_("{name} takes the parameters {wanted}", name=name, wanted=", ".join(wanted)), hint=hint)
    p = dict(zip(wanted, values, strict=False))
    mean, low, high = p.get("mean", 0.0), max(p.get("low", 0.0), 0.0), p.get("high", np.inf)
    spread = p.get("std", p.get("var", 0.0))
    off = mean < 0 or spread < 0 or p.get("low", 0.0) < 0 or not high >= low
    if (
        off
        or not all(np.isfinite(v) for k, v in p.items() if k != "high")
        or (name in ("expon", "gamma", "lognorm") and mean == 0)
    ):
        raise UsageError(
            _("{name} with {values} is negative, zero, or out of its range", name=name, values=", ".join(f"{v:g}" for v in values)),
            hint=_("times are seconds and not negative; minimum <= maximum."),
        )  # fmt: skip
    if name == "fix" or (spread == 0 and name in ("norm", "lognorm", "gamma")):
        return Duration(family="constant", value=mean / HOUR)
    if name == "uniform":
        return Duration(family="uniform", low=low / HOUR, high=high / HOUR)
    if name != "norm" and low == 0.0:
        cv = np.sqrt(spread) / mean
        short = {
            "expon": lambda: Duration(family="exponential", mean=mean / HOUR),
            "lognorm": lambda: Duration(family="lognormal", mean=mean / HOUR, cv=cv),
            "gamma": lambda: Duration(family="gamma", mean=mean / HOUR, cv=cv),
        }[name]()
        if float(_scipy(name, mean, spread, low).sf(high)) < 1e-9:
            return short
    frozen = _scipy(name, mean, spread, low)
    below, above = float(frozen.cdf(low)), float(frozen.cdf(high))
    if not above > below:
        raise UsageError(
            _("{name} with {values} is negative, zero, or out of its range", name=name, values=", ".join(f"{v:g}" for v in values)),
            hint=_("times are seconds and not negative; minimum <= maximum."),
        )  # fmt: skip
    draws = frozen.ppf(below + (np.arange(POINTS) + 0.5) / POINTS * (above - below))
    return Duration(hours=[float(h) for h in _knots(np.clip(draws, low, high) / HOUR)])


def _knots(draws: Array) -> Array:
    """Table of equally likely values in order: its first knot gives the lowest piece the mean it has."""
    knots: Array = np.quantile(draws, quantiles.GRID, method="inverted_cdf").astype(float)
    lowest = float(draws[: round(len(draws) * float(quantiles.GRID[1]))].mean())
    knots[0] = max(2.0 * lowest - knots[1], 0.0)
    knots *= float(draws.mean()) / quantiles.mean(knots)
    return knots


def _scipy(name: str, mean: float, spread: float, low: float) -> Any:
    from scipy import stats

    if name == "expon":
        scale = mean - low
        return stats.expon(loc=low, scale=scale if scale > 0 else mean)
    if name == "norm":
        return stats.norm(mean, spread)
    if name == "lognorm":
        sigma = np.sqrt(np.log1p(spread / mean**2))
        return stats.lognorm(sigma, scale=mean * np.exp(-(sigma**2) / 2))
    return stats.gamma(mean**2 / spread, scale=spread / mean)
