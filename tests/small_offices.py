"""Offices small enough to know the answer of, with what measures read: departments, stages, items, visits, officers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from processes import ALWAYS, CALENDAR, constant, hand_made

from flowaudit.catalogue import Catalogue
from flowaudit.eventlog import APPLICANT
from flowaudit.process import Branch, Node, Performer, Pool, Process, Profile, Resource, Step, Template
from flowaudit.simulation import simulate


@dataclass(frozen=True, eq=False)
class Do:
    """One step of a way, and the only one of its node.

    ``after=None``: after the step before it. ``work`` and ``delay`` are hours, or tables. ``people``: officers of its own
    pool; 0: nobody in particular. ``item`` and ``stage`` as a log has them; without a department the applicant does it.
    """

    activity: str
    stage: str | None = None
    item: str | None = None
    department: str | None = APPLICANT
    work: float | np.ndarray = 0.0
    delay: float | np.ndarray = 0.0
    after: tuple[str, ...] | None = None
    site: str | None = None
    people: int = 0
    office: str | None = None
    calendar: Profile = ALWAYS
    clock: Profile = ALWAYS
    cause: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str | None, str | None, str | None]:
        return self.activity, self.item, self.department, self.office


def office(*ways: Sequence[Do], cases: Sequence[float] = (), **changes: object) -> Process:
    """A process whose cases run these ways; steps with one key are the same node."""
    tables: dict[str, list[np.ndarray]] = {"wait": [], "work": []}
    profiles: list[Profile] = [ALWAYS]
    calendars: list[Profile] = [ALWAYS]
    nodes: dict[tuple[object, ...], int] = {}
    known: list[Node] = []
    pools: list[Pool] = []
    resources: list[Resource] = []

    def number(kind: str, value: float | np.ndarray) -> int:
        table = value if isinstance(value, np.ndarray) else constant(value)
        if not table.any():
            return -1
        for k, old in enumerate(tables[kind]):
            if np.array_equal(old, table):
                return k
        tables[kind].append(table)
        return len(tables[kind]) - 1

    def place(of: list[Profile], profile: Profile) -> int:
        if profile not in of:
            of.append(profile)
        return of.index(profile)

    def node(do: Do) -> int:
        if do.key not in nodes:
            people, pool = [], -1
            if do.people:
                pool = len(pools)
                name = f"{do.department}·{do.activity}"
                pools.append(Pool(name, do.department, do.people, do.people, 0.0))
                for k in range(do.people):
                    people.append(Performer(len(resources), 1.0))
                    resources.append(Resource(f"{name}#{k + 1}", pool, place(calendars, do.calendar)))
            nodes[do.key] = len(known)
            known.append(
                Node(
                    do.activity, do.department, do.office, do.stage, do.item, pool=pool, clock=place(profiles, do.clock),
                    performers=tuple(people),
                )
            )  # fmt: skip
        return nodes[do.key]

    templates = []
    for w, way in enumerate(ways):
        steps = []
        names = [do.activity for do in way]
        for k, do in enumerate(way):
            after = ((k - 1,) if k else ()) if do.after is None else tuple(sorted(names.index(a) for a in do.after))
            steps.append(
                Step(node(do), after, number("wait", do.delay), number("work", do.work), k, do.site, do.cause, band=-1)
            )
        templates.append(Template(cases[w] if cases else 1.0, (Branch(1.0, tuple(steps)),)))
    items = sorted({n.item for n in known if n.item})
    given: dict[str, object] = {
        "unit": "bundle" if items else "case", "item_names": {i: i for i in items}, "has_visits": True, "has_materials": True,
        "has_special": True,
    }  # fmt: skip
    return hand_made(
        nodes=tuple(known), templates=tuple(templates), waits=tables["wait"], works=tables["work"], profiles=tuple(profiles),
        pools=tuple(pools), resources=tuple(resources), calendars=tuple(calendars), **(given | changes),
    )  # fmt: skip


def log_of(process: Process, **options: object) -> pd.DataFrame:
    """The first replication of a simulation, in the order of time."""
    run = simulate(process, **({"replications": 1, "seed": 3, "calendar": CALENDAR} | options))[0]
    return run.to_pandas().sort_values(["case_id", "start", "end"], kind="stable")


def hours_of(process: Process, **options: object) -> dict[str, tuple[float, float]]:
    """When each activity of the first case starts and ends, in hours after its arrival; of one done twice, the last time."""
    log = log_of(process, **options)
    first = log[log["case_id"] == log["case_id"].iloc[0]]
    origin = pd.Timestamp(process.arrivals[0])
    return {
        str(r.activity): ((r.start - origin) / pd.Timedelta(hours=1), (r.end - origin) / pd.Timedelta(hours=1))
        for r in first.itertuples()
    }


def with_catalogue(process: Process, **tables: Sequence[Mapping[str, object]]) -> Process:
    """The process with a catalogue of these tables, a row for each mapping."""
    return replace(process, catalogue=Catalogue(**{name: pd.DataFrame(list(rows)) for name, rows in tables.items()}))


def same_runs(a: Process, b: Process, **options: object) -> bool:
    """Whether two processes give the same logs, bit for bit."""
    given = {"replications": 2, "seed": 5, "calendar": CALENDAR} | options
    return all(x.events.equals(y.events) for x, y in zip(simulate(a, **given), simulate(b, **given), strict=True))
