"""Small processes with an answer on paper, and the measures that change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from flowaudit.messages import Language
from flowaudit.process import (
    GRID,
    Arrivals,
    Branch,
    Identifiable,
    Node,
    Performer,
    Pool,
    Process,
    Resource,
    Step,
    Template,
    always,
    family,
)
from flowaudit.redesign import Direction, Measure
from flowaudit.worktime import load_calendar

Array = npt.NDArray[np.float64]
CALENDAR = load_calendar("weekdays")
"""Monday to Friday, no holidays."""
MONDAY = np.datetime64("2024-01-01T00:00", "us")
HOUR = np.timedelta64(3_600_000_000, "us")


@dataclass(frozen=True)
class Task:
    """An activity: a delay nobody shortens by working faster, or work that one person does, case after case.

    ``after`` are places of earlier tasks of the same way.
    """

    name: str
    delay: Array | None = None
    work: Array | None = None
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Way:
    """A way through the office, and how often it is taken."""

    tasks: tuple[Task, ...]
    weight: float = 1.0


def office(*ways: Way, arrivals: npt.NDArray[np.datetime64], gap: Array | None = None) -> Process:
    """Return a process; ``gap`` is the table of the hours between two arrivals, where they are to be drawn."""
    waits: list[Array] = []
    works: list[Array] = []
    names = list(dict.fromkeys(t.name for w in ways for t in w.tasks))
    served = [n for n in names if any(t.work is not None for w in ways for t in w.tasks if t.name == n)]

    def number(tables: list[Array], table: Array | None) -> int:
        if table is None:
            return -1
        tables.append(table)
        return len(tables) - 1

    # One table for each activity, whichever way it is part of: a measure changes them all.
    tables = {
        t.name: (number(waits, t.delay), number(works, t.work))
        for t in {t.name: t for w in ways for t in w.tasks}.values()
    }
    nodes = tuple(
        Node(n, pool=served.index(n), performers=(Performer(served.index(n), 1.0),)) if n in served else Node(n) for n in names
    )  # fmt: skip
    templates = tuple(
        Template(w.weight, (Branch(1.0, tuple(Step(names.index(t.name), t.after, *tables[t.name], k, band=-1) for k, t in enumerate(w.tasks))),))
        for w in ways
    )  # fmt: skip
    drawn = None if gap is None else Arrivals(always(), gap, 0.0, MONDAY, MONDAY)
    return Process(
        nodes=nodes, templates=templates, waits=_stacked(waits), works=_stacked(works), wait_names=tuple(names[: len(waits)]),
        profiles=(always(),), open_profile=always(), pools=tuple(Pool(n, None, 1, 1, 0.0) for n in served), arrivals=arrivals,
        unit="case", calendar="weekdays", identifiable=Identifiable(True, True),
        resources=tuple(Resource(n, k, 0) for k, n in enumerate(served)), calendars=(always(),), arriving=drawn,
    )  # fmt: skip


def _stacked(tables: list[Array]) -> Array:
    return np.stack(tables) if tables else np.zeros((0, len(GRID)))


def lognormal(mean_days: float, cv: float) -> Array:
    return family("lognormal", mean=24.0 * mean_days, cv=cv)


class Quicker(Measure):
    """Delays and work of an activity take a share of what they took: exact, and with the same luck."""

    id: ClassVar[str] = "M99"
    verb: ClassVar[str] = "quicker"
    category: ClassVar[str] = "U"
    expected: ClassVar[Mapping[str, Direction]] = {"time": "-"}
    subject: ClassVar[tuple[str, ...]] = ("activity",)
    seed: ClassVar[str] = "S34"

    activity: str
    factor: float

    @classmethod
    def name(cls, lang: Language | None = None) -> str:
        return "quicker"

    @classmethod
    def description(cls, lang: Language | None = None) -> str:
        return "quicker"

    @classmethod
    def risk(cls, lang: Language | None = None) -> str:
        return "none"

    def label(self, lang: Language | None = None) -> str:
        return f"{self.activity} × {self.factor:g}"

    def transform(self, process: Process) -> tuple[Process, float]:
        nodes = process.nodes_of(self.activity)
        steps = [s for t in process.templates for b in t.branches for s in b.steps if s.node in nodes]
        waits, works = process.waits.copy(), process.works.copy()
        for k in {s.wait for s in steps} - {-1}:
            waits[k] *= self.factor
        for k in {s.work for s in steps} - {-1}:
            works[k] *= self.factor
        return replace(process, waits=waits, works=works), float(process.cases)
