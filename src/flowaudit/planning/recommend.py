"""From a front to a few portfolios people can talk about: each simulated in full, judged, and explained in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from flowaudit.catalogue import Catalogue
from flowaudit.messages import Language, current_language
from flowaudit.messages import translate as _
from flowaudit.metrics import Fidelity, metric_label
from flowaudit.planning.search import Point, Search
from flowaudit.process import Process
from flowaudit.redesign import Portfolio, Scenario
from flowaudit.simulation import Runs, simulate
from flowaudit.targets import Target, Verdict, evaluate

Role = Literal["targets", "largest", "value", "safest", "steps", "time", "clock", "materials", "trips"]
Progress = Callable[[int, int], None]

_UNITS: dict[str, Callable[[Language], str]] = {
    "steps": lambda lang: _("steps per case", lang=lang),
    "time": lambda lang: _("working days", lang=lang),
    "clock": lambda lang: _("working days", lang=lang),
    "materials": lambda lang: _("materials per case", lang=lang),
    "trips": lambda lang: _("trips per case", lang=lang),
}

TRIES = 8
"""Portfolios simulated in full, at most, to find the cheapest one that meets the targets."""


def role_name(role: Role, lang: Language | None = None) -> str:
    """Return what a portfolio is recommended for."""
    names = {
        "targets": _("meets the targets at the lowest cost", lang=lang),
        "largest": _("largest saving over the metrics together", lang=lang),
        "value": _("most saved for the money", lang=lang),
        "safest": _("largest saving without risk points", lang=lang),
    }
    return names[role] if role in names else _("least: {metric}", lang=lang, metric=metric_label(role, lang))


@dataclass(frozen=True, eq=False)
class Recommendation:
    """A portfolio of the front, simulated in full.

    Attributes
    ----------
    roles : tuple of str
        What it is recommended for.
    point : Point
        As the search saw it.
    verdict : Verdict
        Of the full simulation: the whole process, its own number of cases.
    runs : Runs
    """

    roles: tuple[Role, ...]
    point: Point
    scenario: Scenario
    verdict: Verdict
    runs: Runs
    search: Search

    def sentences(self, lang: Language | None = None) -> list[str]:
        """Return in words what it holds, what it saves, what each measure is worth in it, and why nothing more is taken."""
        lang = lang or current_language()
        return [*_what(self, lang), *_worth(self.search, self.point, lang), *_left_out(self.search, self.point, lang)]

    def to_dict(self, lang: Language | None = None) -> dict[str, Any]:
        lang = lang or current_language()
        return {
            "roles": [{"role": r, "name": role_name(r, lang)} for r in self.roles],
            "portfolio": [self.search.candidates[k].key for k in self.point.portfolio],
            "measures": [entry.label(lang) for entry in self.scenario.entries],
            "cost_yuan": self.point.cost_yuan,
            "risk": self.point.risk,
            "verdict": self.verdict.to_dict(lang),
            "sentences": self.sentences(lang),
        }


def recommend(
    search: Search,
    process: Process,
    *,
    targets: Iterable[Target] = (),
    replications: int = 30,
    cases: int | None = None,
    catalogue: Catalogue | None = None,
    fidelity: Fidelity | None = None,
    progress: Progress | None = None,
) -> tuple[Recommendation, ...]:
    """Choose portfolios of a front by what people ask for, and simulate each in full.

    Parameters
    ----------
    search : Search
    process : Process
        The one that was searched.
    targets : iterable of Target
        With targets, the cheapest portfolio that meets them all comes first, if one is found.
    replications, cases
        Of the full simulations; default: as many cases as were observed.
    fidelity : Fidelity
        As in :func:`flowaudit.evaluate`.

    Returns
    -------
    tuple of Recommendation
        The largest saving; the most saved for the money, and the largest saving without risk points, where cost and risk are
        stated; the least of each metric. A portfolio that is several of these stands once. Empty when no portfolio is better
        than the office as it is.
    """
    asked = tuple(targets)
    roles = _roles(search)
    full = _Full(search, process, asked, replications, cases, catalogue, fidelity, progress)
    full.expect(len(roles) + (1 if asked else 0))
    found = {p: full.of(p) for p in roles}
    if asked:
        cheapest = _cheapest(search, full, asked)
        if cheapest is not None:
            roles = {
                cheapest: ("targets", *roles.get(cheapest, ())),
                **{p: r for p, r in roles.items() if p != cheapest},
            }
            found[cheapest] = full.of(cheapest)
    return tuple(
        Recommendation(roles[p], search.tried[p], search.scenario(p), found[p][0], found[p][1], search) for p in roles
    )


def _roles(search: Search) -> dict[Portfolio, tuple[Role, ...]]:
    points = [p for p in search.front if p.portfolio and p.improvement > 0]
    if not points:
        return {}
    chosen: list[tuple[Role, Point]] = [("largest", points[0])]
    paid = [p for p in points if p.cost_yuan]
    if paid:
        chosen.append(("value", max(paid, key=lambda p: (p.improvement / (p.cost_yuan or 1.0), p.improvement))))
    safe = [p for p in points if p.risk == 0]
    if safe:
        chosen.append(("safest", safe[0]))
    for metric in search.rules.metrics:
        best = min(points, key=lambda p: (p.means[metric] - search.zone[metric] * p.improvement, -p.improvement))
        chosen.append((metric, best))  # type: ignore[arg-type]
    out: dict[Portfolio, tuple[Role, ...]] = {}
    for role, point in chosen:
        out[point.portfolio] = (*out.get(point.portfolio, ()), role)
    return out


class _Full:
    """Full simulations, each once; the office as it is only once for all."""

    def __init__(
        self, search: Search, process: Process, targets: tuple[Target, ...], replications: int, cases: int | None,
        catalogue: Catalogue | None, fidelity: Fidelity | None, progress: Progress | None,
    ) -> None:  # fmt: skip
        self.search, self.process, self.targets = search, process, targets
        self.replications, self.cases = replications, cases
        self.catalogue, self.fidelity, self.progress = catalogue or process.catalogue, fidelity, progress
        self._done, self._total = 0, 1
        self._known: dict[Portfolio, tuple[Verdict, Runs]] = {}
        self._before: Runs | None = None

    def expect(self, n: int) -> None:
        self._total = n + 1

    def _run(self, portfolio: Portfolio) -> Runs:
        rules = self.search.rules
        runs = simulate(
            self.search.scenario(portfolio).apply(self.process), cases=self.cases, replications=self.replications,
            seed=rules.seed, calendar=rules.calendar,
        )  # fmt: skip
        self._done += 1
        if self.progress:
            self.progress(min(self._done, self._total), self._total)
        return runs

    def of(self, portfolio: Portfolio) -> tuple[Verdict, Runs]:
        if self._before is None:
            self._before = self._run(())
        if portfolio not in self._known:
            runs = self._run(portfolio)
            verdict = evaluate(
                runs, self.targets, baseline=self._before, catalogue=self.catalogue, policy=self.search.rules.policy,
                calendar=self.search.rules.calendar, fidelity=self.fidelity,
            )  # fmt: skip
            self._known[portfolio] = (verdict, runs)
        return self._known[portfolio]


def _cheapest(search: Search, full: _Full, targets: Sequence[Target]) -> Portfolio | None:
    """The cheapest portfolio of the front that meets all targets in full, of the ``TRIES`` the search lets expect it of most."""
    hopeful = [p for p in search.front if p.portfolio and all(_promising(search, p, t) for t in targets)]
    hopeful.sort(key=lambda p: (p.cost_yuan or 0.0, len(p.portfolio), -p.improvement))
    for point in hopeful[:TRIES]:
        if full.of(point.portfolio)[0].status == "met":
            return point.portfolio
    return None


def _promising(search: Search, point: Point, target: Target) -> bool:
    """Whether the means of the search come near a target; what they cannot tell is let through."""
    reduction = getattr(target, "reduction", None)
    if reduction is None or target.metric not in search.base.means or search.base.means[target.metric] <= 0:
        return True
    before = search.base.means[target.metric]
    return (before - point.means[target.metric]) / before >= 0.9 * float(reduction)


def _what(found: Recommendation, lang: Language) -> Iterator[str]:
    comma = ", " if lang == "en" else "、"
    listed = _("; ", lang=lang).join(entry.label(lang) for entry in found.scenario.entries)
    for_what = comma.join(role_name(role, lang) for role in found.roles)
    yield _("{roles}; {n} measures: {measures}.", lang=lang, roles=for_what, n=len(found.scenario), measures=listed)
    parts = []
    for metric in found.search.rules.metrics:
        compared = found.verdict.comparison(metric)
        if compared is None:
            continue
        rate = compared.reduction.rate
        parts.append(
            _(
                "{metric} {before:.1f} -> {after:.1f} ({rate})",
                lang=lang, metric=metric_label(metric, lang), before=compared.before.value, after=compared.after.value,
                rate="—" if rate is None else f"{-rate or 0.0:+.0%}",
            )
        )  # fmt: skip
    yield _(
        "Simulated in full, medians of the cases: {parts}. What follows are means per case, as the search saw them.",
        lang=lang,
        parts=comma.join(parts),
    )
    stated = []
    if found.point.cost_yuan is not None:
        stated.append(_("cost {cost:,.0f} yuan", lang=lang, cost=found.point.cost_yuan))
    if found.point.risk is not None:
        stated.append(_("risk points {risk:g}", lang=lang, risk=found.point.risk))
    if stated:
        yield _("As stated: {parts}.", lang=lang, parts=comma.join(stated))


def _worth(search: Search, point: Point, lang: Language) -> Iterator[str]:
    """What would be lost without each measure, where the search has simulated that portfolio."""
    for number in point.portfolio:
        without = search.tried.get(tuple(k for k in point.portfolio if k != number))
        if without is None:
            continue
        lost = _differences(search, without, point, lang)
        name = search.candidates[number].label(lang)
        yield (
            _("Without [{name}]: {parts}.", lang=lang, name=name, parts=lost)
            if lost
            else _("Without [{name}] nothing would change beyond the indifference zone.", lang=lang, name=name)
        )


def _left_out(search: Search, point: Point, lang: Language) -> Iterator[str]:
    """Why each other candidate is not taken."""
    for number in range(len(search.candidates)):
        if number in point.portfolio:
            continue
        name = search.candidates[number].label(lang)
        more = tuple(sorted((*point.portfolio, number)))
        if more in search.refused:
            yield _("[{name}] cannot be added: {reason}", lang=lang, name=name, reason=search.refused[more])
        elif not search.candidates.fits(more):
            yield _(
                "[{name}] cannot be added: it clashes with one taken, or lacks what it requires.", lang=lang, name=name
            )
        elif not search.candidates.fits(more, search.budget_yuan):
            yield _("[{name}] would be over the budget.", lang=lang, name=name)
        elif more in search.tried:
            gained = _differences(search, search.tried[more], point, lang)
            yield (
                _("[{name}] added: {parts}.", lang=lang, name=name, parts=gained)
                if gained
                else _("[{name}] would add nothing beyond the indifference zone.", lang=lang, name=name)
            )


def _differences(search: Search, other: Point, point: Point, lang: Language) -> str:
    """By how much another portfolio differs from a point, metric by metric, beyond the zone."""
    parts = []
    for metric in search.rules.metrics:
        n = min(other.replications, point.replications)
        difference = -other.saved[metric][0] + point.saved[metric][0]
        if n and np.isfinite(difference) and abs(difference) > search.zone[metric]:
            parts.append(f"{metric_label(metric, lang)} {difference:+.2g} {_UNITS[metric](lang)}")
    return (", " if lang == "en" else "、").join(parts)
