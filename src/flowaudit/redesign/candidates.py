"""Candidate measures: what may be combined, what it costs and risks, and what goes together or not."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flowaudit.errors import UsageError, nearest
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.redesign.measure import Measure
from flowaudit.redesign.scenario import Entry, Scenario, contradiction

Portfolio = tuple[int, ...]
"""Numbers of the candidates taken, ascending."""


@dataclass(frozen=True)
class Candidate:
    """A measure that may be taken.

    Attributes
    ----------
    key : str
        Its short name.
    entry : Entry
        The measure with its owner, cost and start date.
    risk : float or None
        Risk points as people rate them, 0 or more; None: nobody has.
    requires, excludes : tuple of str
        Keys of candidates it must come with, and cannot come with.
    """

    key: str
    entry: Entry
    risk: float | None = None
    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def measure(self) -> Measure:
        return self.entry.measure

    @property
    def cost_yuan(self) -> float | None:
        return self.entry.cost_yuan

    def label(self, lang: Language | None = None) -> str:
        return self.entry.label(lang)


@dataclass(frozen=True)
class Candidates:
    """Candidates in the order in which they would come into force.

    Parameters
    ----------
    name : str
    candidates : sequence of Candidate

    Raises
    ------
    UsageError
        If a key stands twice, is unknown where it is named, or a candidate requires what it excludes.
    """

    name: str
    candidates: tuple[Candidate, ...]

    def __post_init__(self) -> None:
        keys = [c.key for c in self.candidates]
        for candidate in self.candidates:
            _check(candidate, keys)

    @classmethod
    def of(cls, name: str, entries: Iterable[Entry | Measure]) -> Candidates:
        """Return candidates from measures, or from the entries of a scenario; their keys are numbers from 1 on."""
        given = [e if isinstance(e, Entry) else Entry(e) for e in entries]
        return cls(name, tuple(Candidate(str(k), entry) for k, entry in enumerate(given, 1)))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Candidates:
        """Read a candidates file.

        Raises
        ------
        InputError
            Naming the file, the line and the nearest valid word.
        """
        from flowaudit.redesign.candidates_file import load

        return load(Path(path))

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    def __getitem__(self, k: int) -> Candidate:
        return self.candidates[k]

    def scenario(self, portfolio: Sequence[int]) -> Scenario:
        """Return the scenario of a portfolio."""
        keys = "+".join(self.candidates[k].key for k in portfolio)
        return Scenario(keys or self.name, tuple(self.candidates[k].entry for k in portfolio))

    def cost_yuan(self, portfolio: Sequence[int]) -> float:
        """Return what a portfolio costs; NaN where nobody has said what one of it costs."""
        costs = (self.candidates[k].cost_yuan for k in portfolio)
        return math.fsum(math.nan if c is None else c for c in costs)

    def risk(self, portfolio: Sequence[int]) -> float:
        """Return the risk points of a portfolio, added up; NaN where one of it is not rated."""
        risks = (self.candidates[k].risk for k in portfolio)
        return math.fsum(math.nan if r is None else r for r in risks)

    @cached_property
    def clashes(self) -> frozenset[tuple[int, int]]:
        """Pairs (i < j) that cannot come together: excluded by people, or because both change the same thing."""
        number = {c.key: k for k, c in enumerate(self.candidates)}
        found: set[tuple[int, int]] = set()
        for j, b in enumerate(self.candidates):
            for key in b.excludes:
                found.add((min(j, number[key]), max(j, number[key])))
            for i, a in enumerate(self.candidates[:j]):
                if contradiction(a.measure, b.measure):
                    found.add((i, j))
        return frozenset(found)

    @cached_property
    def needed(self) -> tuple[frozenset[int], ...]:
        """What each candidate requires."""
        number = {c.key: k for k, c in enumerate(self.candidates)}
        return tuple(frozenset(number[key] for key in c.requires) for c in self.candidates)

    def fits(self, portfolio: Sequence[int], budget_yuan: float | None = None) -> bool:
        """Say whether a portfolio keeps the rules and the budget."""
        taken = set(portfolio)
        if any(i in taken and j in taken for i, j in self.clashes):
            return False
        if any(not self.needed[k] <= taken for k in taken):
            return False
        return budget_yuan is None or self.cost_yuan(portfolio) <= budget_yuan

    def portfolios(self, budget_yuan: float | None = None) -> Iterator[Portfolio]:
        """Yield every portfolio that fits, the empty one first, in the order of a tree that grows by one candidate.

        A branch is left as soon as two of it clash or it is over the budget: costs are not negative.
        """
        yield from self._grow((), 0, 0.0, budget_yuan)

    def _grow(self, taken: Portfolio, first: int, cost: float, budget: float | None) -> Iterator[Portfolio]:
        if all(self.needed[k] <= set(taken) for k in taken):
            yield taken
        for k in range(first, len(self.candidates)):
            if any((i, k) in self.clashes for i in taken):
                continue
            more = cost if budget is None else cost + float(self.candidates[k].cost_yuan or 0.0)
            if budget is None or more <= budget:
                yield from self._grow((*taken, k), k + 1, more, budget)


def _check(candidate: Candidate, keys: list[str]) -> None:
    if keys.count(candidate.key) > 1:
        raise UsageError(
            _("two candidates have the key '{key}'.", key=candidate.key),
            hint=_("give each candidate a key of its own."),
        )
    if candidate.risk is not None and not (math.isfinite(candidate.risk) and candidate.risk >= 0):
        raise UsageError(
            _("candidate '{key}': the risk is {value}.", key=candidate.key, value=candidate.risk),
            hint=_("risk is a number of points, 0 or more."),
        )
    for named in (*candidate.requires, *candidate.excludes):
        if named not in keys or named == candidate.key:
            near = nearest(named, [k for k in keys if k != candidate.key], n=1) or keys[:1]
            raise UsageError(
                _("candidate '{key}' names '{named}', which is no other candidate.", key=candidate.key, named=named),
                hint=_("did you mean '{near}'?", near=near[0]),
            )
    both = set(candidate.requires) & set(candidate.excludes)
    if both:
        raise UsageError(
            _("candidate '{key}' requires '{named}' and excludes it.", key=candidate.key, named=min(both)),
            hint=_("keep one of the two."),
        )
