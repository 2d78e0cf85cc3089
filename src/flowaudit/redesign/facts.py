"""What is said of an activity, or of a pool of officers, when two processes are compared."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from flowaudit.process import Node, Process, Profile
from flowaudit.redesign.expected import Doing, Expected
from flowaudit.redesign.successors import STEPWISE

FACTS = (
    "times", "cases", "department", "office", "stage", "level", "officers", "batch", "automatic", "visits", "materials", "work_h",
    "delay_h", "hours",
)  # fmt: skip
"""In the order of a table. ``officers``: how many may do it; ``batch``: ``("slots", times a week)`` or ``("size", cases)``;
``automatic``: share of the times; ``hours``: hours a week of one of these officers; compared are all hours in which work or
waiting for it goes on."""

LEAST = 1e-6
"""Differences below, in times per case or hours, come from rounding."""

_QUANTITIES = frozenset({"times", "cases", "automatic", "visits", "materials", "work_h", "delay_h"})
_SETS = frozenset({"department", "office", "stage", "level", "batch"})


@dataclass(frozen=True)
class Facts:
    """What is known of one activity of a process; ``values`` are compared, :meth:`shown` is printed."""

    values: Mapping[str, Any]

    @property
    def times(self) -> float:
        return float(self.values["times"])

    def differs(self, other: Facts, altered: Collection[str] | None) -> tuple[str, ...]:
        """Return the names of the facts that differ, in the order of :data:`FACTS`.

        ``altered`` names those of ``STEPWISE`` in which single steps have changed; None: that is not known, their means are
        compared.
        """
        return tuple(
            name
            for name in FACTS
            if (
                name in altered
                if altered is not None and name in STEPWISE
                else not _same(name, self.values[name], other.values[name])
            )
        )

    def shown(self, name: str) -> Any:
        """Return a fact as a table shows it: quantities, tuples of names, numbers."""
        value = self.values[name]
        if name == "officers":
            return len(value)
        return value[0] if name == "hours" else value

    @staticmethod
    def absent(name: str) -> Any:
        """Return what a table shows of an activity that is not there."""
        if name in ("times", "cases"):
            return 0.0
        return () if name in _SETS else math.nan


def _same(name: str, a: Any, b: Any) -> bool:
    if name in _QUANTITIES:
        return abs(a - b) <= LEAST or (math.isnan(a) and math.isnan(b))
    if name == "hours":
        return bool(a[1] == b[1])
    return bool(set(a) == set(b))


def facts_of(process: Process, expected: Expected) -> dict[str, Facts]:
    """Return the facts of every activity that cases pass."""
    return {activity: _facts(process, doing) for activity, doing in expected.activities.items() if doing.times > LEAST}


def _facts(process: Process, doing: Doing) -> Facts:
    nodes = [(process.nodes[i], times) for i, times in doing.nodes.items()]
    return Facts({
        "times": doing.times,
        "cases": doing.cases,
        "department": _mostly(nodes, lambda n: n.department),
        "office": _mostly(nodes, lambda n: n.office),
        "stage": _mostly(nodes, lambda n: n.stage),
        "level": _mostly(nodes, lambda n: n.level),
        "officers": frozenset(process.resources[p.resource].name for n, _t in nodes for p in n.performers),
        "batch": _mostly(nodes, lambda n: _batch(process, n)),
        "automatic": sum(t for n, t in nodes if n.automatic) / doing.times,
        "visits": doing.visits if process.has_visits else math.nan,
        "materials": doing.materials if process.has_materials else math.nan,
        "work_h": doing.work_h if process.identifiable.work else math.nan,
        "delay_h": doing.delay_h,
        "hours": _hours(process, [n for n, _t in nodes]),
    })  # fmt: skip


def _mostly(nodes: list[tuple[Node, float]], of: Any) -> tuple[Hashable, ...]:
    """Distinct values of the nodes, the most frequent first, without None."""
    times: dict[Hashable, float] = defaultdict(float)
    for node, t in nodes:
        times[of(node)] += t
    return tuple(v for v, _t in sorted(times.items(), key=lambda x: -round(x[1], 9)) if v is not None)


def _hours(process: Process, nodes: list[Node]) -> tuple[float, frozenset[tuple[str, Profile]]]:
    """Hours a week of an officer, mean over the officers, and all hours that matter."""
    own = {p.resource: process.calendars[process.resources[p.resource].calendar] for n in nodes for p in n.performers}
    weekly = sum(c.hours_per_week() for c in own.values()) / len(own) if own else math.nan
    clocks = {("officers", c) for c in own.values()} | {("delay", process.profiles[n.clock]) for n in nodes}
    clocks |= {("overtime", process.gates[n.overtime]) for n in nodes if n.overtime >= 0}
    return weekly, frozenset(clocks)


def _batch(process: Process, node: Node) -> tuple[str, int] | None:
    batch = node.batch
    if batch is None:
        return None
    if batch.kind == "size":
        return "size", batch.size
    return "slots", int((process.gates[batch.gate].rates[:7] > 0).sum())


@dataclass(frozen=True)
class PoolFacts:
    """What is known of a pool; ``calendars`` with the places that have them."""

    capacity: int
    officers: int
    discipline: str
    calendars: Mapping[Profile, int]

    def shown(self, name: str) -> Any:
        if name == "hours":
            return round(sum(c.hours_per_week() * places for c, places in self.calendars.items()), 1)
        return getattr(self, name)


def pools_of(process: Process) -> dict[str, PoolFacts]:
    """Return the facts of every pool, by its name."""
    found = {}
    for i, pool in enumerate(process.pools):
        calendars: dict[Profile, int] = defaultdict(int)
        for r in process.resources:
            if r.pool == i and r.capacity > 0:
                calendars[process.calendars[r.calendar]] += r.capacity
        found[pool.name] = PoolFacts(pool.capacity, pool.resources, pool.discipline, dict(calendars))
    return found
