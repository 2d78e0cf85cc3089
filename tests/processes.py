"""Hand-made processes: queueing models small enough to know the answer of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from flowaudit.process import (
    GRID,
    Batch,
    Branch,
    Identifiable,
    Node,
    Performer,
    Pool,
    Process,
    Profile,
    Resource,
    Step,
    Template,
    always,
    family,
    weekly,
)
from flowaudit.worktime import load_calendar

MONDAY = np.datetime64("2024-03-04T00:00", "us")
CALENDAR = load_calendar("weekdays")
"""Monday to Friday, no holidays."""

ALWAYS = always()
OFFICE = weekly({day: [(9, 12), (13, 17)] for day in range(5)})
HOUR = np.timedelta64(3_600_000_000, "us")


def at(*hours: float, start: np.datetime64 = MONDAY) -> np.ndarray:
    """Moments, in hours after ``start``."""
    return start + np.rint(np.array(hours, float) * 3.6e9).astype("timedelta64[us]")


def poisson(rate_per_h: float, n: int, seed: int, start: np.datetime64 = MONDAY) -> np.ndarray:
    """``n`` arrivals of a Poisson process."""
    hours = np.cumsum(np.random.default_rng(seed).exponential(1.0 / rate_per_h, n))
    return start + np.rint(hours * 3.6e9).astype("timedelta64[us]")


def exponential(mean_h: float) -> np.ndarray:
    return family("exponential", mean=mean_h)


def constant(hours: float) -> np.ndarray:
    return family("constant", value=hours)


def second_moment(table: np.ndarray) -> float:
    """E[S^2] of the distribution a table stands for (its quantile function is linear between the knots)."""
    a, b = table[:-1], table[1:]
    return float(np.sum(np.diff(GRID) * (a * a + a * b + b * b) / 3.0))


@dataclass(frozen=True, eq=False)
class Station:
    """A place where work is done, by people of its own.

    ``servers=0``: nobody is needed. ``delay`` passes in ``clock`` before the work. ``work`` may name a table for each
    class of cases, by the ``kind`` of the path.
    """

    name: str
    work: np.ndarray | Mapping[str, np.ndarray] | None
    servers: int = 1
    calendar: Profile = ALWAYS
    discipline: str = "fifo"
    delay: np.ndarray | None = None
    clock: Profile = ALWAYS
    batch: Batch | None = None
    gate: Profile | None = None

    def table(self, kind: str) -> np.ndarray | None:
        return self.work[kind] if isinstance(self.work, Mapping) else self.work


@dataclass(frozen=True)
class Path:
    """One way a case may run.

    ``steps`` are names of stations, one after the other; or ``(name, (numbers of the steps it follows))``.
    """

    steps: tuple[str | tuple[str, tuple[int, ...]], ...]
    weight: float = 1.0
    kind: str = ""
    priority: float = 0.0
    due_h: float = float("inf")

    def ordered(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        for k, step in enumerate(self.steps):
            yield (step, (k - 1,) if k else ()) if isinstance(step, str) else step


def network(stations: Iterable[Station], paths: Iterable[Path], **changes: object) -> Process:
    """Stations, and the ways cases take through them."""
    stations = list(stations)
    place = {s.name: k for k, s in enumerate(stations)}
    tables: dict[str, list[np.ndarray]] = {"wait": [], "work": []}
    profiles: dict[str, list[Profile]] = {"delay": [ALWAYS], "work": [ALWAYS], "gate": []}

    def number(kind: str, value: np.ndarray | None) -> int:
        if value is None:
            return -1
        known = tables[kind]
        for k, old in enumerate(known):
            if np.array_equal(old, value):
                return k
        known.append(value)
        return len(known) - 1

    def clock(kind: str, profile: Profile) -> int:
        if profile not in profiles[kind]:
            profiles[kind].append(profile)
        return profiles[kind].index(profile)

    nodes, pools, resources = [], [], []
    for s in stations:
        performers, pool = [], -1
        if s.servers:
            pool = len(pools)
            pools.append(Pool(s.name, None, s.servers, s.servers, 0.0, s.discipline))
            for k in range(s.servers):
                performers.append(Performer(len(resources), 1.0))
                resources.append(Resource(f"{s.name} {k + 1}", pool, clock("work", s.calendar)))
        batch = s.batch
        if s.gate is not None:
            batch = Batch("slots", gate=clock("gate", s.gate))
        nodes.append(
            Node(s.name, pool=pool, clock=clock("delay", s.clock), performers=tuple(performers), batch=batch)
        )  # fmt: skip
    templates = []
    for path in paths:
        steps = []
        for k, (name, after) in enumerate(path.ordered()):
            s = stations[place[name]]
            steps.append(
                Step(place[name], after, number("wait", s.delay), number("work", s.table(path.kind)), origin=k, band=-1)
            )
        templates.append(Template(path.weight, (Branch(1.0, tuple(steps)),), (), path.priority, path.due_h))
    return hand_made(
        nodes=tuple(nodes), templates=tuple(templates), waits=tables["wait"], works=tables["work"], profiles=tuple(profiles["delay"]),
        pools=tuple(pools), resources=tuple(resources), calendars=tuple(profiles["work"]), gates=tuple(profiles["gate"]), **changes,
    )  # fmt: skip


def line(*stations: Station, **changes: object) -> Process:
    """Stations one after the other."""
    return network(stations, [Path(tuple(s.name for s in stations))], **changes)


def fork_join(*stations: Station, join: Station | None = None, **changes: object) -> Process:
    """All stations at once, then ``join``: by default a moment that needs nobody."""
    join = join or Station("join", None, servers=0)
    steps = [*((s.name, ()) for s in stations), (join.name, tuple(range(len(stations))))]
    return network([*stations, join], [Path(tuple(steps))], **changes)


def hand_made(
    *,
    nodes: tuple[Node, ...],
    templates: tuple[Template, ...],
    waits: Sequence[np.ndarray] = (),
    works: Sequence[np.ndarray] = (),
    profiles: tuple[Profile, ...] = (ALWAYS,),
    pools: tuple[Pool, ...] = (),
    resources: tuple[Resource, ...] = (),
    calendars: tuple[Profile, ...] = (ALWAYS,),
    **changes: object,
) -> Process:
    """A process with what matters here; the rest is empty."""
    given: dict[str, object] = {
        "wait_names": tuple("" for _table in waits),
        "open_profile": ALWAYS,
        "arrivals": at(0.0),
        "unit": "case",
        "calendar": "weekdays",
        "identifiable": Identifiable(work=True, staffing=True),
    }
    return Process(
        nodes=nodes,
        templates=templates,
        waits=_stacked(waits),
        works=_stacked(works),
        profiles=profiles,
        pools=pools,
        resources=resources,
        calendars=calendars,
        **(given | changes),
    )


def _stacked(tables: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(tables) if len(tables) else np.zeros((0, len(GRID)))
