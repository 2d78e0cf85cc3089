"""The search for the smallest staffing of one process: more where late cases queue, then fewer by bisection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import EventLog
from flowaudit.messages import Language
from flowaudit.messages import translate as _
from flowaudit.planning.case_days import item_frame, require_recorded, whole_cases
from flowaudit.planning.kept import SLACK, shown_share
from flowaudit.process import Process, utilisation
from flowaudit.simulation import Run, Runs, simulate
from flowaudit.targets import interval
from flowaudit.worktime import Calendar

Array = npt.NDArray[np.float64]
Answer = Literal["kept", "added", "never"]

LOOK = 3
"""So many pools are tried before one of them gets an officer more."""


@dataclass(frozen=True)
class Tried:
    """A staffing that was simulated.

    Attributes
    ----------
    changes : tuple of (str, int)
        Pools, and how many officers they have more or fewer; empty: present staff.
    kept : float
        Share of the cases that keep the promise, mean over replications.
    low, high : float or None
        Its 95 % interval; None with one replication.
    meets : bool
        The share is at least the wished one, and no pool's queue would grow for ever because of it.
    overloaded : tuple of str
        Pools asked for more than they can do.
    """

    changes: tuple[tuple[str, int], ...]
    kept: float
    low: float | None
    high: float | None
    meets: bool
    overloaded: tuple[str, ...] = ()

    @property
    def officers(self) -> int:
        """Officers more (or fewer) in all."""
        return sum(n for _pool, n in self.changes)

    def text(self, lang: Language | None = None) -> str:
        """Return the share with its interval, in words."""
        kept = shown_share(self.kept)
        if self.low is None or self.high is None:
            return _("{kept:.1%} of the cases", lang=lang, kept=kept)
        return _("{kept:.1%} of the cases (95 % interval {low:.1%} to {high:.1%})", lang=lang, kept=kept, low=self.low, high=self.high)  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        return {
            "changes": dict(self.changes), "kept": self.kept, "low": self.low, "high": self.high, "meets": self.meets,
            "overloaded": list(self.overloaded),
        }  # fmt: skip


@dataclass(frozen=True)
class Post:
    """A pool whose staff changes.

    Attributes
    ----------
    now, needed : int
        Officers (cases it can work on at once).
    busy_now, busy_then : float
        Share of its working hours it is asked for.
    """

    pool: str
    now: int
    needed: int
    busy_now: float
    busy_then: float

    @property
    def change(self) -> int:
        return self.needed - self.now

    def text(self, lang: Language | None = None) -> str:
        return _("{pool}: {now} → {needed} (asked for {busy:.0%} of its hours then)", lang=lang, pool=self.pool, now=self.now, needed=self.needed, busy=self.busy_then)  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        return {
            "pool": self.pool, "now": self.now, "needed": self.needed, "change": self.change, "busy_now": self.busy_now,
            "busy_then": self.busy_then,
        }  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """What a staffing is held against.

    Attributes
    ----------
    item : str or None
        Code; None: whole cases.
    """

    promise_days: int
    level: float
    metric: str
    item: str | None
    catalogue: Catalogue | None
    calendar: Calendar

    def late(self, log: EventLog) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Say which cases of a simulated log break the promise, and of which it is known."""
        if self.item is None:
            days, running = whole_cases(log, self.metric, self.calendar)
            return (days > self.promise_days) | running, ~np.isnan(days)
        frame = item_frame(log, self.metric, self.catalogue, self.calendar)
        own = frame[((frame["item_code"] == self.item) & frame["days"].notna()).to_numpy()]
        row = np.asarray(log.case_axis.get_indexer(pd.Index(own["case_id"])))
        late, known = np.zeros(log.n_cases, np.bool_), np.zeros(log.n_cases, np.bool_)
        known[row] = True
        late[row[(own["days"] > self.promise_days).to_numpy() | own["running"].to_numpy()]] = True
        return late, known


@dataclass(eq=False)
class _Outcome:
    """A staffing as simulated: what is told of it, and where its cases queued."""

    tried: Tried
    queued: list[Array]
    late: list[npt.NDArray[np.bool_]]


@dataclass(eq=False)
class StaffSearch:
    """Searches one process for the smallest staffing.

    Parameters
    ----------
    pools : tuple of int
        That may change.
    tolerated : frozenset of str
        Pools that may be asked for more than they can do: those that were in the log, and did it all the same.
    tell : callable(Tried), optional
        Called with every staffing tried.
    """

    MOST: ClassVar[int] = 50
    """Officers more in one pool, as measure M19 allows."""

    process: Process
    judge: Judge
    pools: tuple[int, ...]
    replications: int
    seed: int
    tolerated: frozenset[str] = frozenset()
    tell: Callable[[Tried], None] | None = None
    tried: list[Tried] = field(default_factory=list)
    _known: dict[tuple[tuple[int, int], ...], _Outcome] = field(default_factory=dict)

    def run(self, *, spare: bool) -> tuple[Answer, tuple[Post, ...]]:
        """Find the staffing; its posts are the pools that change."""
        present = self._outcome({})
        self.now = present.tried
        self._free = self._simulated(self._unlimited(), ())
        self.unlimited = self._free.tried
        self.queue_h = float(np.mean([q.sum(axis=1).mean() for q in present.queued])) - float(
            np.mean([q.sum(axis=1).mean() for q in self._free.queued])
        )
        if not self.unlimited.meets:
            return "never", ()
        enough = self._enough()
        if enough is None:
            return "never", ()
        more = enough
        for pool in sorted(more, key=lambda p: -more[p]):
            more = self._fewest(more, pool, 0)
        answer: Answer = "added" if any(more.values()) else "kept"
        if spare:
            busy = utilisation(self.process)["utilisation"].to_numpy(float)
            for pool in sorted(self.pools, key=lambda p: busy[p]):
                size = self.process.pools[pool].capacity
                if size > 1 and not more.get(pool):
                    more = self._fewest(more, pool, 1 - size)
        return answer, self._posts(more)

    def _enough(self) -> dict[int, int] | None:
        """Add officers where the late cases queue, until the promise is kept; None where no more may be added."""
        more: dict[int, int] = {}
        last, step = -1, 1
        while not (now := self._outcome(more)).tried.meets:
            options = []
            for pool in self._pressed(now, more)[:LOOK]:
                # One pool again and again is far from enough: the steps grow, and what is too much is taken back later.
                size = min(2 * step if pool == last else 1, self.MOST - more.get(pool, 0))
                tried = self._outcome(more | {pool: more.get(pool, 0) + size}).tried
                options.append((-len(self._growing(tried.overloaded)), tried.kept, pool, size))
            if not options:
                return None
            *_worth, pool, size = max(options, key=lambda o: o[:2])
            more = more | {pool: more.get(pool, 0) + size}
            last, step = pool, size
        return more

    def _pressed(self, outcome: _Outcome, more: Mapping[int, int]) -> list[int]:
        """Pools asked for too much, then by the hours the late cases queue there beyond what they wait when nobody is busy."""
        hours = np.zeros(len(self.process.pools))
        for queued, free, late in zip(outcome.queued, self._free.queued, outcome.late, strict=True):
            hours += (queued - free if queued.shape == free.shape else queued)[late].sum(axis=0)
        growing = set(self._growing(outcome.tried.overloaded))
        first = {p for p in self.pools if self.process.pools[p].name in growing}
        open_to = [p for p in self.pools if more.get(p, 0) < self.MOST]
        pressed = [p for p in open_to if hours[p] > SLACK or p in first]
        return sorted(pressed, key=lambda p: (p not in first, -hours[p])) or open_to

    def _fewest(self, more: dict[int, int], pool: int, least: int) -> dict[int, int]:
        """Bisect the fewest officers of one pool with which the promise is kept, the others as they are."""
        low, high = least, more.get(pool, 0)
        while low < high:
            middle = (low + high) // 2
            if self._outcome(more | {pool: middle}).tried.meets:
                high = middle
            else:
                low = middle + 1
        return more | {pool: high}

    def _outcome(self, more: Mapping[int, int]) -> _Outcome:
        changes = tuple(sorted((p, n) for p, n in more.items() if n))
        if changes not in self._known:
            process = self.process
            for pool, n in changes:
                process = process.with_staff(pool, n)
            self._known[changes] = found = self._simulated(process, changes)
            self.tried.append(found.tried)
            if self.tell:
                self.tell(found.tried)
        return self._known[changes]

    def _simulated(self, process: Process, changes: tuple[tuple[int, int], ...]) -> _Outcome:
        runs = simulate(process, replications=self.replications, seed=self.seed, calendar=self.judge.calendar)
        if not self._known:
            require_recorded(replace(runs.runs[0]).log, self.judge.metric, self.judge.calendar)
        kept, queued, lates = [], [], []
        for run in runs.runs:
            # A copy is measured: a run keeps its log once made.
            late, known = self.judge.late(replace(run).log)
            kept.append(float(1.0 - late[known].mean()) if known.any() else 0.0)
            queued.append(self._queued(run))
            lates.append(late & known)
        mean, least, most = interval(np.array(kept))
        low, high = (None, None) if np.isnan(least) else (max(least, 0.0), min(most, 1.0))
        over = _overloaded(runs)
        meets = mean >= self.judge.level - SLACK and not self._growing(over)
        named = tuple((self.process.pools[p].name, n) for p, n in changes)
        return _Outcome(Tried(named, mean, low, high, meets, over), queued, lates)

    def _growing(self, overloaded: Iterable[str]) -> list[str]:
        """Pools that a staffing must not ask for more than they can do."""
        return [p for p in overloaded if p not in self.tolerated]

    def _queued(self, run: Run) -> Array:
        """Hours between being ready and being begun, by case and pool; only of steps the promise is about."""
        nodes, n = self.process.nodes, len(self.process.pools)
        counts = [
            (k.item in (None, self.judge.item) or self.judge.item is None)
            and (self.judge.metric == "time" or k.counts_in_clock is not False)
            for k in nodes
        ]  # fmt: skip
        pool = np.array([k.pool if c else -1 for k, c in zip(nodes, counts, strict=True)], np.int64)[run.node]
        cases = len(run.case_ptr) - 1
        case = np.repeat(np.arange(cases), np.diff(run.case_ptr))
        waited = np.nan_to_num(run.start - run.ready)
        rows = pool >= 0
        hours = np.bincount(case[rows] * n + pool[rows], weights=waited[rows], minlength=cases * n)
        return np.asarray(hours, float).reshape(cases, n)

    def _unlimited(self) -> Process:
        """An office in which nobody is ever busy, in the hours that its people work."""
        places = max(len(self.process.arrivals), 1)
        people = tuple(
            replace(r, capacity=places) if r.pool in self.pools and r.capacity > 0 else r
            for r in self.process.resources
        )
        pools = tuple(
            replace(p, capacity=places * max(p.resources, 1)) if k in self.pools else p
            for k, p in enumerate(self.process.pools)
        )
        return replace(self.process, resources=people, pools=pools)

    def _posts(self, more: Mapping[int, int]) -> tuple[Post, ...]:
        then = self.process
        for pool, n in more.items():
            then = then.with_staff(pool, n)
        now, later = (utilisation(p)["utilisation"].to_numpy(float) for p in (self.process, then))
        return tuple(
            Post(
                self.process.pools[p].name,
                self.process.pools[p].capacity,
                then.pools[p].capacity,
                float(now[p]),
                float(later[p]),
            )
            for p in sorted(more)
            if more[p]
        )


def _overloaded(runs: Runs) -> tuple[str, ...]:
    return tuple(str(name) for name in runs.overloaded["pool"]) if len(runs.overloaded) else ()
