"""Which measures: the portfolios no other one beats, in steps, time, materials, trips, cost and risk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.metrics import METRICS, Figure, four_reductions, metric_label
from flowaudit.planning.dominance import representatives
from flowaudit.planning.journal import Journal
from flowaudit.planning.neighbours import beginnings, neighbours
from flowaudit.planning.race import BATCHES, Race, improvements, stated_of
from flowaudit.planning.trial import SIMULATED, Rules, Trials
from flowaudit.process import Process, digest
from flowaudit.redesign import Candidates, Portfolio, Scenario
from flowaudit.simulation import simulate
from flowaudit.targets import interval
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

ZONE = 0.01
"""Indifference zone where none is given: this share of the metric's mean as it is."""

CONFIDENCE = 0.95
MOST = 5000
"""Up to so many portfolios all are tried; beyond, a local search tries no more than that."""

WAYS, CASES = 300, 300
"""Ways and cases of a replication while portfolios are sorted out."""


@dataclass(frozen=True)
class Point:
    """A portfolio, and what it comes to.

    Attributes
    ----------
    portfolio : tuple of int
        Numbers of the candidates.
    means : mapping of str to float
        Mean over complete cases, over the replications it was simulated with, by metric.
    saved : mapping of str to (float, float, float)
        Saving against the office as it is, with its 95 % interval (Student over replications, paired), by metric.
    improvement : float
        Mean relative saving over the metrics, each as important as the other.
    cost_yuan, risk : float or None
        None where it is not stated of every candidate.
    """

    portfolio: Portfolio
    means: Mapping[str, float]
    saved: Mapping[str, tuple[float, float, float]]
    improvement: float
    cost_yuan: float | None
    risk: float | None
    replications: int


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found.

    Attributes
    ----------
    base : Point
        The office as it is: the empty portfolio.
    front : tuple of Point
        Portfolios no other one beats, the largest improvement first; of those that differ by less than the zone only the one
        with the fewest measures.
    tried : mapping
        Every portfolio simulated.
    refused : mapping of portfolio to str
        Those of which a measure does not apply, and why.
    fitting : int
        Portfolios that keep the rules and the budget; all were tried where ``exhaustive``.
    settled : bool
        Every portfolio of the front is known to within half the zone; else the most replications were reached.
    """

    candidates: Candidates
    budget_yuan: float | None
    rules: Rules
    zone: Mapping[str, float]
    base: Point
    front: tuple[Point, ...]
    tried: Mapping[Portfolio, Point] = field(repr=False)
    refused: Mapping[Portfolio, str] = field(repr=False)
    fitting: int
    exhaustive: bool
    settled: bool
    recalled: int = 0

    @property
    def winner(self) -> Point:
        """The portfolio of the front with the largest improvement."""
        return self.front[0]

    def scenario(self, point: Point | Portfolio) -> Scenario:
        """Return a portfolio as a scenario."""
        return self.candidates.scenario(point.portfolio if isinstance(point, Point) else point)

    def table(self) -> pd.DataFrame:
        """Return one row for each portfolio of the front.

        Returns
        -------
        pd.DataFrame
            ``portfolio`` (keys joined by +), ``measures`` (number), ``cost_yuan, risk`` (NaN where not stated), for every metric
            its mean, ``<metric>_saved, _low, _high``; ``improvement`` and ``replications``.
        """
        rows: list[dict[str, Any]] = []
        for point in self.front:
            row: dict[str, Any] = {
                "portfolio": "+".join(self.candidates[k].key for k in point.portfolio) or "-",
                "measures": len(point.portfolio),
                "cost_yuan": np.nan if point.cost_yuan is None else point.cost_yuan,
                "risk": np.nan if point.risk is None else point.risk,
            }
            for metric, mean in point.means.items():
                saved, low, high = point.saved[metric]
                row |= {metric: mean, f"{metric}_saved": saved, f"{metric}_low": low, f"{metric}_high": high}
            rows.append(row | {"improvement": point.improvement, "replications": point.replications})
        return pd.DataFrame(rows)

    def rule(self, lang: Language | None = None) -> str:
        """Return how it was searched, and when it stopped."""
        how = (
            _("All {n:,} portfolios that keep the rules and the budget were simulated", lang=lang, n=self.fitting)
            if self.exhaustive
            else _(
                "Of more than {most:,} portfolios that keep the rules and the budget, {n:,} were simulated, chosen by a Pareto local search "
                "(one measure more, less, or another); it is not certain that nothing better was left out",
                lang=lang, most=MOST, n=len(self.tried) + len(self.refused),
            )
        )  # fmt: skip
        return _(
            "{how}, first with {first} replications of {cases} cases, on {ways} ways drawn from the process. A portfolio drops out when another is, "
            "with {confidence:.0%} confidence by paired replications, nowhere worse by more than the indifference zone and somewhere better "
            "by more than it. The others get more replications until their savings are known to within half the zone, or {most} "
            "replications are done. Zone: {zone}.",
            lang=lang, how=how, first=BATCHES[0], cases=self.rules.cases, ways=self.rules.ways, confidence=CONFIDENCE,
            most=sum(BATCHES),
            zone=(", " if lang == "en" else "、").join(f"{metric_label(m, lang)} {z:.2g}" for m, z in self.zone.items()),
        )  # fmt: skip


def search(
    process: Process,
    candidates: Candidates,
    *,
    budget_yuan: float | None = None,
    metrics: Sequence[str] | None = None,
    zone: Mapping[str, float] | None = None,
    cases: int = CASES,
    ways: int = WAYS,
    most: int = MOST,
    seed: int = 7,
    policy: str | None = None,
    calendar: Calendar | None = None,
    workers: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Search:
    """Find the portfolios of candidate measures that no other one beats.

    Parameters
    ----------
    process : Process
        As fitted.
    candidates : Candidates
        In the order in which they would come into force.
    budget_yuan : float, optional
        What a portfolio may cost at most; then the cost of every candidate must be stated.
    metrics : sequence of str, optional
        Simulated objectives; default: steps, time, materials and trips, as far as they are recorded. Means over complete cases.
        Cost and risk are objectives too where they are stated of every candidate.
    zone : mapping of str to float, optional
        Indifference zone by metric, in its unit. Default: 1 % of its mean as it is.
    cases, ways : int
        Of a replication while portfolios are sorted out.
    most : int
        Up to so many portfolios all are tried; beyond, a local search.
    seed : int
        The same seed finds the same, whatever the number of workers, and whether or not it was interrupted.
    workers : int, optional
        Processes; default: one for each core.
    journal : path, optional
        File in which the simulations are kept; a search that is interrupted and called again goes on where it stopped.
    progress : callable(stage, done, total), optional
        Stages "tried", "round 2", ...

    Returns
    -------
    Search

    Raises
    ------
    UsageError
        If there is no candidate, an option is out of its range, or a cost is missing where there is a budget.
    InsufficientDataError
        If the budget admits no candidate, every portfolio is refused, or no metric is recorded.

    Notes
    -----
    Ranking and selection with common random numbers and an indifference zone: Kim, Nelson, *Selecting the best system*, in
    Handbooks in OR & MS 13 (2006); racing: Maron, Moore, *Hoeffding races* (NIPS 1993). Local search beyond ``most``:
    Paquete, Chiarandini, Stützle, *Pareto local optimum sets* (2004). Confidence is that of one comparison.
    """
    calendar = calendar or load_calendar(process.calendar)
    _check(candidates, budget_yuan, cases, ways, most)
    chosen = _recorded(process, metrics, policy, calendar, seed)
    rules = Rules(chosen, ways, cases, seed, policy, calendar)
    first = Trials(process, candidates, rules).values((), 0, BATCHES[0])
    assert not isinstance(first, str)
    mean = first.mean(axis=1)
    zones = {m: float((zone or {}).get(m, ZONE * mean[k])) for k, m in enumerate(chosen)}
    kept = Journal(None if journal is None else Path(journal), _depends_on(process, candidates, rules))
    cores = workers or os.cpu_count() or 1
    with Race(process, candidates, rules, np.array(list(zones.values())), CONFIDENCE, cores, kept) as race:
        count, exhaustive = _first_round(race, candidates, budget_yuan, most, progress)
        if len(race.values) < 2:
            reason = next(iter(race.refused.values()), "")
            raise InsufficientDataError(
                _("no candidate can be simulated: {reason}", reason=reason), hint=_("flowaudit list measures says what each needs.")
            )  # fmt: skip
        settled = _more_rounds(race, progress)
        return _result(race, candidates, budget_yuan, rules, zones, count, exhaustive, settled, kept.recalled)


def _check(candidates: Candidates, budget_yuan: float | None, cases: int, ways: int, most: int) -> None:
    if not len(candidates):
        raise UsageError(_("there is no candidate."), hint=_("write [[candidate]] tables, or take the suggestions."))
    for name, value, least in (("cases", cases, 10), ("ways", ways, 10), ("most", most, 2)):
        if value < least:
            raise UsageError(_("{name} must be at least {least}; got {n}.", name=name, least=least, n=value))
    if budget_yuan is None:
        return
    unknown = [c.key for c in candidates if c.cost_yuan is None]
    if unknown:
        raise UsageError(
            _("a budget needs the cost of every candidate; not stated: {keys}.", keys=", ".join(unknown)),
            hint=_("write cost_yuan, 0 where it costs nothing."),
        )
    if next(islice(candidates.portfolios(budget_yuan), 1, 2), None) is None:
        cheapest = min((c.cost_yuan or 0.0, c.key) for c in candidates)
        raise InsufficientDataError(
            _("a budget of {budget:,.0f} yuan admits no candidate.", budget=budget_yuan),
            hint=_("the cheapest, '{key}', costs {cost:,.0f}.", key=cheapest[1], cost=cheapest[0]),
        )


def _recorded(
    process: Process, metrics: Sequence[str] | None, policy: str | None, calendar: Calendar, seed: int
) -> tuple[str, ...]:
    """The metrics asked for, or those of the four that a simulated log records."""
    unknown = [m for m in metrics or () if m not in METRICS]
    if unknown:
        raise UsageError(
            _("there is no metric '{name}'.", name=unknown[0]),
            hint=_("choose one of: {names}", names=", ".join(METRICS)),
        )
    run = simulate(process, cases=min(50, len(process.arrivals)) or 50, replications=1, seed=seed, calendar=calendar)[0]
    found = four_reductions(run, process.catalogue, policy=policy, calendar=calendar, interval=False).primary
    missing = [m for m in metrics or () if not isinstance(found[m], Figure)]
    recorded = tuple(m for m in (metrics or SIMULATED) if isinstance(found[m], Figure))
    if missing or not recorded:
        raise InsufficientDataError(
            _("the log does not record {names}.", names=", ".join(missing) or ", ".join(SIMULATED)),
            hint=_("recorded: {names}", names=", ".join(m for m, f in found.items() if isinstance(f, Figure)) or "-"),
        )
    return recorded


def _depends_on(process: Process, candidates: Candidates, rules: Rules) -> str:
    measures = [(c.key, c.measure.id, c.measure.model_dump_json()) for c in candidates]
    used = (rules.metrics, rules.ways, rules.cases, rules.seed, rules.policy, rules.calendar.name)
    return repr((digest(process), measures, used, BATCHES))


def _first_round(
    race: Race, candidates: Candidates, budget: float | None, most: int, progress: Progress | None
) -> tuple[int, bool]:
    """Try every portfolio once, or those a local search comes to; return how many fit (or were tried), and which it was."""
    race.progress = None if progress is None else lambda done, total: progress("tried", done, total)
    portfolios = list(islice(candidates.portfolios(budget), most + 1))
    if len(portfolios) <= most:
        race.run(portfolios, 0)
        return len(portfolios), True
    seen: set[Portfolio] = set()
    expanded: set[Portfolio] = set()
    new = beginnings(candidates, budget)[:most]
    while new:
        race.run(new, 0)
        seen |= set(new)
        new = []
        while not new and (best := _best_open(race, expanded)) is not None:
            expanded.add(best)
            new = [p for p in neighbours(best, candidates, budget) if p not in seen][: most - len(seen)]
    return len(seen), False


def _best_open(race: Race, expanded: set[Portfolio]) -> Portfolio | None:
    """The portfolio with the largest improvement, of those still in whose neighbours have not been looked at."""
    base = race.of(()).mean(axis=1)
    better = improvements({p: base - race.saved(p).mean(axis=1) for p in race.still_in() if p not in expanded}, base)
    return min(better, key=lambda p: (-better[p], p), default=None)


def _more_rounds(race: Race, progress: Progress | None) -> bool:
    """Give those still in more replications until all are settled; say whether they are."""
    for batch in range(1, len(BATCHES)):
        open_ = [p for p in race.still_in() if p and not race.settled(p)]
        if not open_:
            return True
        stage = f"round {batch + 1}"
        race.progress = None if progress is None else lambda done, total, name=stage: progress(name, done, total)
        race.run([(), *open_], batch)
    return all(race.settled(p) for p in race.still_in() if p)


def _result(
    race: Race, candidates: Candidates, budget: float | None, rules: Rules, zones: Mapping[str, float], count: int,
    exhaustive: bool, settled: bool, recalled: int,
) -> Search:  # fmt: skip
    means = {p: race.of(p).mean(axis=1) for p in race.values}
    better = improvements({p: means[()] - race.saved(p).mean(axis=1) for p in means}, means[()])
    points = {p: _point(race, candidates, rules, p, better[p]) for p in means}
    alive = race.still_in()
    values = np.array([means[()] - race.saved(p).mean(axis=1) for p in alive])
    fixed = np.array([race.fixed(p) for p in alive]).reshape(len(alive), -1)
    size = np.array([len(p) for p in alive])
    kept = representatives(values, fixed, np.array(list(zones.values())), size)
    front = sorted((points[p] for p, keep in zip(alive, kept, strict=True) if keep), key=_best_first)
    return Search(
        candidates, budget, rules, zones, points[()], tuple(front), points, dict(race.refused), count, exhaustive, settled,
        recalled,
    )  # fmt: skip


def _best_first(point: Point) -> tuple[float, float, int, Portfolio]:
    return (-point.improvement, point.cost_yuan or 0.0, len(point.portfolio), point.portfolio)


def _point(race: Race, candidates: Candidates, rules: Rules, portfolio: Portfolio, improvement: float) -> Point:
    own, saved = race.of(portfolio), race.saved(portfolio)
    with_cost, with_risk = stated_of(candidates)
    return Point(
        portfolio,
        {m: float(own[k].mean()) for k, m in enumerate(rules.metrics)},
        {m: interval(saved[k]) for k, m in enumerate(rules.metrics)},
        improvement,
        candidates.cost_yuan(portfolio) if with_cost else None,
        candidates.risk(portfolio) if with_risk else None,
        own.shape[1],
    )
