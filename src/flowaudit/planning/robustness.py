"""Does the saving survive when more people apply: the verdict at several levels of demand, and what breaks first."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flowaudit.errors import UsageError
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Fidelity, metric_label
from flowaudit.planning.demand import arrivals_at
from flowaudit.process import Process, utilisation
from flowaudit.redesign import Scenario
from flowaudit.simulation import simulate
from flowaudit.targets import Comparison, Target, Verdict, evaluate, status_name
from flowaudit.worktime import Calendar, load_calendar

BUSY = 0.85
"""Share of its working hours from which on a pool counts as at its limit: waits grow steeply from there on."""


@dataclass(frozen=True)
class Load:
    """How busy a pool is at today's demand, and what it could take.

    Attributes
    ----------
    busy : float
        Share of its working hours it is asked for.
    breaks_at : float
        Factor of demand at which it is asked for all of them; infinite where nothing is asked of it.
    """

    pool: str
    busy: float
    breaks_at: float

    def at(self, demand: float) -> float:
        """Return how busy it is at another demand."""
        return self.busy * demand

    def to_dict(self) -> dict[str, Any]:
        return {
            "pool": self.pool, "busy": self.busy, "breaks_at": self.breaks_at if math.isfinite(self.breaks_at) else None
        }  # fmt: skip


@dataclass(frozen=True)
class DemandLevel:
    """The redesign at one level of demand.

    Attributes
    ----------
    demand : float
        1: as observed.
    cases : int
        Cases simulated in each replication.
    verdict : Verdict
        Paired with the office as it is at the same demand.
    """

    demand: float
    cases: int
    verdict: Verdict

    def saving(self, metric: str) -> Comparison | None:
        return self.verdict.comparison(metric)

    def survives(self, metric: str) -> bool | None:
        """Whether the metric is lower beyond chance; None where it is not recorded, or one replication does not tell."""
        found = self.saving(metric)
        return None if found is None or math.isnan(found.high) else found.high < 0


@dataclass(frozen=True)
class Robustness:
    """What :func:`robust` found.

    Attributes
    ----------
    levels : tuple of DemandLevel
        Ascending.
    before, after : tuple of Load
        Pools of the office as it is and of the redesigned one, the busiest first; empty where no queue can be told.
    replications, seed : int
    """

    levels: tuple[DemandLevel, ...]
    before: tuple[Load, ...]
    after: tuple[Load, ...]
    replications: int
    seed: int

    def __iter__(self) -> Iterator[DemandLevel]:
        return iter(self.levels)

    def __len__(self) -> int:
        return len(self.levels)

    def at(self, demand: float) -> DemandLevel:
        """Return the level at one demand.

        Raises
        ------
        UsageError
            If it was not simulated.
        """
        for level in self.levels:
            if math.isclose(level.demand, demand):
                return level
        raise UsageError(
            _("demand {value} was not simulated.", value=demand),
            hint=_("there are: {names}", names=", ".join(f"{level.demand:g}" for level in self.levels)),
        )

    @property
    def today(self) -> DemandLevel:
        """The level nearest to today's demand."""
        return min(self.levels, key=lambda level: abs(level.demand - 1.0))

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(c.metric for c in self.today.verdict.comparisons)

    def retained(self, metric: str, demand: float) -> float | None:
        """Return the saving at a demand as a share of today's; None where there is none today."""
        now, then = self.today.saving(metric), self.at(demand).saving(metric)
        if now is None or then is None or not now.difference < 0:
            return None
        return then.difference / now.difference

    @property
    def breaks_first(self) -> tuple[Load | None, Load | None]:
        """The pool that breaks first as demand grows, as is and redesigned."""
        return (self.before[0] if self.before else None, self.after[0] if self.after else None)

    def table(self) -> pd.DataFrame:
        """Return one line for each metric and level.

        Returns
        -------
        pd.DataFrame
            Columns ``metric, demand, before, after, difference, low, high`` (of the difference), ``survives`` and
            ``retained``.
        """
        rows = [
            {
                "metric": c.metric, "demand": level.demand, "before": c.before.value, "after": c.after.value,
                "difference": c.difference, "low": c.low, "high": c.high, "survives": level.survives(c.metric),
                "retained": self.retained(c.metric, level.demand),
            }
            for metric in self.metrics
            for level in self.levels
            if (c := level.saving(metric)) is not None
        ]  # fmt: skip
        return pd.DataFrame(rows).astype({"survives": "boolean", "retained": "float64"})

    def loads(self) -> pd.DataFrame:
        """Return how busy every pool would be at every level: ``pool, office`` (``before``, ``after``), ``breaks_at``, one column per level."""
        rows = [
            {"pool": p.pool, "office": name, "breaks_at": p.breaks_at} | {f"{v.demand:g}": p.at(v.demand) for v in self.levels}
            for name, pools in (("before", self.before), ("after", self.after))
            for p in pools
        ]  # fmt: skip
        columns = ["pool", "office", "breaks_at", *(f"{v.demand:g}" for v in self.levels)]
        return pd.DataFrame(rows, columns=columns)

    def sentences(self, lang: Language | None = None) -> tuple[str, ...]:
        """Return what becomes of the saving, of the targets and of the people."""
        lang = lang or current_language()
        told = [s for metric in self.metrics if metric in ("time", "clock") for s in self._about(metric, lang)]
        told.extend(self._targets(lang))
        told.extend(self._people(lang))
        return tuple(told)

    def _about(self, metric: str, lang: Language) -> Iterator[str]:
        now = self.today.saving(metric)
        if now is None or self.today.survives(metric) is not True:
            if now is not None and now.low > 0:
                yield _("{metric}: at today's demand nothing is saved; it is {more:.1f} {unit} longer.", lang=lang, metric=metric_label(metric, lang), more=now.difference, unit=now.before.rule.unit(lang))  # fmt: skip
            else:
                yield _("{metric}: at today's demand nothing is saved beyond chance.", lang=lang, metric=metric_label(metric, lang))  # fmt: skip
            return
        for level in self.levels:
            found = level.saving(metric)
            if found is None or level is self.today:
                continue
            words = {
                "metric": metric_label(metric, lang), "demand": _percent(level.demand), "saved": -found.difference,
                "low": -found.high, "high": -found.low, "now": -now.difference, "unit": found.before.rule.unit(lang),
            }  # fmt: skip
            if level.survives(metric):
                yield _("{metric}: with {demand} demand {saved:.1f} {unit} are saved (95 % interval {low:.1f} to {high:.1f}), against {now:.1f} today: the saving survives.", lang=lang, **words)  # fmt: skip
            elif level.survives(metric) is False:
                yield _("{metric}: with {demand} demand {saved:.1f} {unit} are saved (95 % interval {low:.1f} to {high:.1f}), against {now:.1f} today: the saving does not survive beyond chance.", lang=lang, **words)  # fmt: skip

    def _targets(self, lang: Language) -> Iterator[str]:
        for k, target in enumerate(self.today.verdict.targets):
            states = [
                _("{demand}: {status}", lang=lang, demand=_percent(v.demand), status=status_name(v.verdict.targets[k].status, lang))
                for v in self.levels
            ]  # fmt: skip
            yield _("Target “{label}” by demand: {states}.", lang=lang, label=target.label(lang), states=_("; ", lang=lang).join(states))  # fmt: skip

    def _people(self, lang: Language) -> Iterator[str]:
        if not self.after:
            yield _("The log does not tell queueing from lying still, so that more demand changes nothing in the simulation: how robust the saving is cannot be said.", lang=lang)  # fmt: skip
            return
        for name, load in zip((_("as it is", lang=lang), _("redesigned", lang=lang)), self.breaks_first, strict=True):
            if load is not None and math.isfinite(load.breaks_at):
                yield _("The office {name}: the first to break is {pool}, asked for {busy:.0%} of its working hours today and for all of them at {factor:.0%} of today's demand.", lang=lang, name=name, pool=load.pool, busy=load.busy, factor=load.breaks_at)  # fmt: skip
        most, comma = self.levels[-1].demand, _(", ", lang=lang)
        for name, pools in ((_("as it is", lang=lang), self.before), (_("redesigned", lang=lang), self.after)):
            today = [p.pool for p in pools if p.busy >= 1.0]
            then = [p.pool for p in pools if p.busy < 1.0 <= p.at(most)]
            full = [f"{p.pool} ({p.at(most):.0%})" for p in pools if BUSY <= p.at(most) < 1.0]
            words = {"name": name, "demand": _percent(most)}
            if today:
                yield _("The office {name} cannot do today's work: asked for more than they can do, their queues grow without end: {pools}.", lang=lang, pools=comma.join(today), **words)  # fmt: skip
            if then:
                yield _("The office {name} with {demand} demand: asked for more than they can do, their queues grow without end: {pools}.", lang=lang, pools=comma.join(then), **words)  # fmt: skip
            if full:
                yield _("The office {name} with {demand} demand: nearly at their limit: {pools}.", lang=lang, pools=comma.join(full), **words)  # fmt: skip

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "levels": [{"demand": v.demand, "cases": v.cases, "verdict": v.verdict.to_dict(lang)} for v in self.levels],
            "retained": {m: {f"{v.demand:g}": self.retained(m, v.demand) for v in self.levels} for m in self.metrics},
            "before": [p.to_dict() for p in self.before], "after": [p.to_dict() for p in self.after],
            "replications": self.replications, "seed": self.seed, "sentences": list(self.sentences(lang)),
        }  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        head = (_("Metric"), *(_("Saved with {demand} demand", demand=_percent(v.demand)) for v in self.levels))
        rows = []
        for metric in self.metrics:
            cells = [metric_label(metric)]
            for level in self.levels:
                found = level.saving(metric)
                cells.append("—" if found is None else f"{0.0 - found.difference:.1f} ({-found.high:.1f} – {-found.low:.1f})")  # fmt: skip
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        said = "".join(f"<p>{html.escape(s)}</p>" for s in self.sentences())
        return f"<table><tr>{''.join(f'<th>{html.escape(h)}</th>' for h in head)}</tr>{''.join(rows)}</table>{said}"


def robust(
    process: Process,
    scenario: Scenario,
    *,
    targets: Iterable[Target] = (),
    demand: Sequence[float] = (0.8, 1.0, 1.2),
    redesigned: Process | None = None,
    policy: str | None = None,
    fidelity: Fidelity | None = None,
    cases: int | None = None,
    replications: int = 10,
    seed: int = 7,
    calendar: Calendar | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Robustness:
    """Simulate the office as it is and redesigned at several levels of demand.

    Parameters
    ----------
    process : Process
        As fitted.
    scenario : Scenario
    targets : iterable of Target
        Held against every level; a reduction is one against the office as it is *at the same demand*.
    demand : sequence of float
        Factors of the observed arrivals; 1 is added where it is missing.
    redesigned : Process, optional
        ``scenario.apply(process)``, where it is at hand.
    policy, fidelity, calendar
        As in :func:`flowaudit.evaluate`.
    cases : int, optional
        Only the first so many arrivals.
    replications, seed
        Of every simulation.
    progress : callable(done, total), optional
        Called with simulations done.

    Returns
    -------
    Robustness

    Raises
    ------
    UsageError
        If a level is not above 0.

    Notes
    -----
    The observed arrivals are drawn together or apart in the working rhythm of the arrivals, so that case number k stays
    case number k: at every level, before and after, it has the same way and the same draws. With less demand the last
    cases do not arrive any more in the observed period; with more demand the same cases arrive in a shorter one.
    Seasons move with them. People, their hours and what they do per case stay as they are.
    """
    calendar = calendar or load_calendar(process.calendar)
    factors = sorted({float(f) for f in demand} | {1.0})
    after = scenario.apply(process) if redesigned is None else redesigned
    asked = tuple(targets)
    levels = []
    for k, factor in enumerate(factors):
        arrivals = arrivals_at(process, factor, calendar)[:cases]
        runs = [
            simulate(which, arrivals=arrivals, replications=replications, seed=seed, calendar=calendar)
            for which in (process, after)
        ]
        verdict = evaluate(
            runs[1], asked, baseline=runs[0], catalogue=process.catalogue, policy=policy, calendar=calendar,
            fidelity=fidelity,
        )  # fmt: skip
        levels.append(DemandLevel(factor, len(arrivals), verdict))
        if progress:
            progress(k + 1, len(factors))
    known = process.identifiable.staffing
    loads = [_loads(which) if known else () for which in (process, after)]
    return Robustness(tuple(levels), loads[0], loads[1], replications, seed)


def _loads(process: Process) -> tuple[Load, ...]:
    table = utilisation(process)
    busy = table["utilisation"].to_numpy(float)
    with np.errstate(divide="ignore"):
        breaks = np.where(busy > 0, 1.0 / busy, np.inf)
    found = [Load(str(p), float(b), float(f)) for p, b, f in zip(table["pool"], busy, breaks, strict=True)]
    return tuple(sorted(found, key=lambda load: (-load.busy, load.pool)))


def _percent(demand: float) -> str:
    return f"{demand - 1.0:+.0%}" if abs(demand - 1.0) > 1e-9 else "±0%"
