"""Pareto local search: which portfolios to try next when there are too many to try all."""

from __future__ import annotations

from collections.abc import Iterator

from flowaudit.redesign import Candidates, Portfolio


def beginnings(candidates: Candidates, budget_yuan: float | None) -> list[Portfolio]:
    """Return where a search begins: nothing, everything that fits, and each candidate with what it requires."""
    found: dict[Portfolio, None] = {(): None}
    everything: Portfolio = ()
    for k in range(len(candidates)):
        alone = _with_needs((k,), candidates)
        if candidates.fits(alone, budget_yuan):
            found[alone] = None
        more = _with_needs((*everything, k), candidates)
        if candidates.fits(more, budget_yuan):
            everything = more
    found[everything] = None
    return list(found)


def neighbours(portfolio: Portfolio, candidates: Candidates, budget_yuan: float | None) -> Iterator[Portfolio]:
    """Yield the portfolios with one candidate more, one less, or one for another; what is required comes and goes along."""
    taken = set(portfolio)
    others = [k for k in range(len(candidates)) if k not in taken]
    smaller = [_without(portfolio, k, candidates) for k in portfolio]
    larger = [_with_needs((*base, k), candidates) for base in (portfolio, *smaller) for k in others]
    for found in dict.fromkeys([*smaller, *larger]):
        if found != portfolio and candidates.fits(found, budget_yuan):
            yield found


def _with_needs(portfolio: Portfolio, candidates: Candidates) -> Portfolio:
    taken = set(portfolio)
    while more := set().union(*(candidates.needed[k] for k in taken)) - taken:
        taken |= more
    return tuple(sorted(taken))


def _without(portfolio: Portfolio, number: int, candidates: Candidates) -> Portfolio:
    taken = set(portfolio) - {number}
    while lost := {k for k in taken if not candidates.needed[k] <= taken}:
        taken -= lost
    return tuple(sorted(taken))
