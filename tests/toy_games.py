"""Games whose shares are known: abstract ones, and processes whose times stand on paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
from processes import MONDAY, Path, Station, constant, line, network

from flowaudit.metrics import CountingRule
from flowaudit.planning.outcome import Outcome
from flowaudit.process import Process
from flowaudit.redesign import names
from flowaudit.redesign.measure import Direction, Measure

RULE = CountingRule("t", "time", "全程时间", "end-to-end time", "工作日", "working days", baseline="simulated")


class Game:
    """Combinations of ``n`` measures whose values are given: array (2^n, replications)."""

    def __init__(self, values, few=None):
        self.table = np.asarray(values, float)
        self.n = len(self.table).bit_length() - 1
        assert len(self.table) == 1 << self.n
        entries = tuple(
            SimpleNamespace(measure=SimpleNamespace(id=f"T{k}"), label=lambda lang=None, k=k: f"m{k}") for k in range(self.n)
        )  # fmt: skip

        class Entries(SimpleNamespace):
            def __len__(self):
                return len(self.entries)

        self.scenario = Entries(entries=entries)
        self.rules = {"time": RULE}
        self.replications, self.whole = self.table.shape[1], (1 << self.n) - 1
        self.few = few or self.replications
        self.asked = set()

    def simulate(self, combinations, progress=None):
        self.asked |= set(combinations)

    def outcome(self, combination, metric, statistic, *, few=False):
        assert combination in self.asked
        values = self.table[combination]
        return Outcome.of(values[: self.few] if few or combination & (combination + 1) else values)

    def refused(self, combination):
        return frozenset()

    def different(self, combinations):
        return len(set(combinations))


class Shorten(Measure):
    """A measure of these tests: the delay before an activity is shorter."""

    id: ClassVar[str] = "M99"
    verb: ClassVar[str] = "shorten"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    subject: ClassVar[tuple[str, ...]] = ("activity", "part")
    seed: ClassVar[str] = "S24"

    activity: str
    hours: float
    part: str = ""

    @classmethod
    def name(cls, lang=None):
        return "shorten"

    @classmethod
    def description(cls, lang=None):
        return "shorten"

    @classmethod
    def risk(cls, lang=None):
        return "none"

    def label(self, lang=None):
        return f"{self.activity} {self.hours:g} h shorter {self.part}".strip()

    def subjects(self):
        return frozenset({self.label()})

    def transform(self, process: Process) -> tuple[Process, float]:
        nodes = process.nodes_of(names.activity(process, self.activity))
        tables = {s.wait for t in process.templates for b in t.branches for s in b.steps if s.node in nodes} - {-1}
        waits = process.waits.copy()
        for k in tables:
            waits[k] = np.maximum(waits[k] - self.hours, 0.0)
        return replace(process, waits=waits), float(process.cases)


def station(name, days=0.0, table=None):
    """Where nobody is waited for: a delay, of ``days`` days or drawn from a table of hours, and nothing else."""
    return Station(name, None, servers=0, delay=constant(24.0 * days) if table is None else table)


def mondays(n):
    """Ten in the morning, on Mondays: four days later is four working days later."""
    return MONDAY + np.timedelta64(10, "h") + np.arange(n) * np.timedelta64(7, "D")


def in_line(*days, n=6):
    """An application, then a, b, c ... one after the other, with these delays in days."""
    stations = _apart(days)
    return line(station("apply"), *stations, arrivals=mondays(n))


def side_by_side(*days, n=6):
    """An application, then a, b, c ... at the same time; a case ends with the last of them."""
    stations = [station("apply"), *_apart(days), station("end")]
    steps = [("apply", ()), *((s.name, (0,)) for s in stations[1:-1]), ("end", tuple(range(1, len(stations) - 1)))]
    return network(stations, [Path(tuple(steps))], arrivals=mondays(n))


def _apart(days):
    """Delays a few seconds apart, since equal ones would share their table."""
    return [station(name, d + 1e-4 * k) for k, (name, d) in enumerate(zip("abcdefghij", days, strict=False))]
