"""A race: every portfolio is simulated a little, those that are clearly worse drop out, the others are simulated more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from flowaudit.planning.dominance import beaten
from flowaudit.planning.journal import Journal
from flowaudit.planning.trial import Rules, Trials
from flowaudit.process import Process
from flowaudit.redesign import Candidates, Portfolio

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Told = tuple[Portfolio, "Array | str"]
Progress = Callable[[int, int], None]

BATCHES = (4, 4, 8, 16)
"""Replications that the rounds of a race add: 4, 8, 16, 32 in all."""

CHUNK = 32
"""Portfolios handed to a worker at once."""

_worker: Trials | None = None


def _enter(process: Process, candidates: Candidates, rules: Rules) -> None:
    global _worker
    _worker = Trials(process, candidates, rules)


def _try_all(portfolios: Sequence[Portfolio], batch: int) -> list[Told]:
    assert _worker is not None
    return [(p, _worker.values(p, batch, BATCHES[batch])) for p in portfolios]


@dataclass(eq=False)
class Race:
    """Portfolios, what was simulated of them, and who is still in.

    Attributes
    ----------
    values : dict
        Batches of every portfolio that was tried, each of shape (metrics, replications).
    refused : dict
        Portfolios of which a measure does not apply, with the reason.
    """

    process: Process
    candidates: Candidates
    rules: Rules
    zone: Array
    confidence: float
    workers: int
    journal: Journal
    progress: Progress | None = None
    values: dict[Portfolio, list[Array]] = field(default_factory=dict)
    refused: dict[Portfolio, str] = field(default_factory=dict)
    _pool: ProcessPoolExecutor | None = None
    _own: Trials | None = None

    def __enter__(self) -> Race:
        if self.workers > 1:
            self._pool = ProcessPoolExecutor(
                self.workers, get_context("spawn"), _enter, (self.process, self.candidates, self.rules)
            )
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, portfolios: Iterable[Portfolio], batch: int) -> None:
        """Simulate a batch of replications of portfolios; what the journal already holds is taken from there."""
        wanted = sorted(p for p in portfolios if not self._known(p, batch))
        fresh = [p for p in wanted if not self._recall(p, batch)]
        total, done = len(wanted), len(wanted) - len(fresh)
        for portfolio, found in self._tried(fresh, batch):
            self.journal.write(portfolio, batch, found)
            self._take(portfolio, batch, found)
            done += 1
            if self.progress:
                self.progress(done, total)

    def _known(self, portfolio: Portfolio, batch: int) -> bool:
        return portfolio in self.refused or len(self.values.get(portfolio, ())) > batch

    def _recall(self, portfolio: Portfolio, batch: int) -> bool:
        found = self.journal.read(portfolio, batch)
        if found is None:
            return False
        self._take(portfolio, batch, found)
        return True

    def _take(self, portfolio: Portfolio, batch: int, found: Array | str) -> None:
        if isinstance(found, str):
            self.refused[portfolio] = found
        else:
            batches = self.values.setdefault(portfolio, [])
            assert len(batches) == batch
            batches.append(found)

    def _tried(self, portfolios: Sequence[Portfolio], batch: int) -> Iterator[Told]:
        if self._pool is None or len(portfolios) <= 2:
            self._own = self._own or Trials(self.process, self.candidates, self.rules)
            for portfolio in portfolios:
                yield portfolio, self._own.values(portfolio, batch, BATCHES[batch])
            return
        size = max(1, min(CHUNK, len(portfolios) // (4 * self.workers) or 1))
        chunks = [portfolios[i : i + size] for i in range(0, len(portfolios), size)]
        jobs: list[Future[list[Told]]] = [self._pool.submit(_try_all, chunk, batch) for chunk in chunks]
        for job in as_completed(jobs):
            yield from job.result()

    def tried(self) -> list[Portfolio]:
        """Portfolios that were simulated, the smallest first."""
        return sorted(self.values, key=lambda p: (len(p), p))

    def replications(self, portfolio: Portfolio) -> int:
        return sum(b.shape[1] for b in self.values[portfolio])

    def of(self, portfolio: Portfolio) -> Array:
        """Objectives of all replications of a portfolio, shape (metrics, replications)."""
        return np.concatenate(self.values[portfolio], axis=1)

    def saved(self, portfolio: Portfolio) -> Array:
        """What a portfolio saves against the office as it is, by metric and replication (paired)."""
        own = self.of(portfolio)
        difference: Array = self.of(())[:, : own.shape[1]] - own
        return difference

    def fixed(self, portfolio: Portfolio) -> list[float]:
        """What people have stated of a portfolio: its cost and its risk points, where they are known of every candidate."""
        stated = [self.candidates.cost_yuan(portfolio), self.candidates.risk(portfolio)]
        return [value for value, known in zip(stated, stated_of(self.candidates), strict=True) if known]

    def still_in(self) -> list[Portfolio]:
        """Portfolios that no other one beats, by the replications each two of them have in common."""
        tried = self.tried()
        rounds = np.array([len(self.values[p]) for p in tried])
        alive = np.ones(len(tried), np.bool_)
        # First by what all have, then, among those with more, by what these have.
        for n in sorted(set(rounds.tolist())):
            rows = np.flatnonzero(alive & (rounds >= n))
            if len(rows) < 2:
                continue
            values = np.stack([np.concatenate(self.values[tried[i]][:n], axis=1) for i in rows])
            fixed = np.array([self.fixed(tried[i]) for i in rows]).reshape(len(rows), -1)
            alive[rows[beaten(values, fixed, self.zone, confidence=self.confidence)]] = False
        return [p for p, stays in zip(tried, alive, strict=True) if stays]

    def settled(self, portfolio: Portfolio) -> bool:
        """Whether its savings are known to within half the indifference zone."""
        from scipy.special import stdtrit

        saved = self.saved(portfolio)
        n = saved.shape[1]
        half = float(stdtrit(n - 1, 0.975)) * saved.std(axis=1, ddof=1) / np.sqrt(n)
        return bool((half <= self.zone / 2).all())


def stated_of(candidates: Candidates) -> tuple[bool, bool]:
    """Say whether the cost, and whether the risk, is stated of every candidate."""
    return (
        all(c.cost_yuan is not None for c in candidates) and len(candidates) > 0,
        all(c.risk is not None for c in candidates) and len(candidates) > 0,
    )


def improvements(values: Mapping[Portfolio, Array], base: Array) -> dict[Portfolio, float]:
    """Return the mean relative saving over the metrics, each as important as the other; a metric that is 0 before is left out."""
    counted = base > 0
    return {p: float(((base - v)[counted] / base[counted]).mean()) if counted.any() else 0.0 for p, v in values.items()}
