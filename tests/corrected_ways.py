"""Processes written down step by step, with corrections, offices and materials, so small that the answer is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from processes import ALWAYS, at, constant, hand_made

from flowaudit.eventlog import APPLICANT
from flowaudit.metrics import case_measures
from flowaudit.process import (
    Branch,
    Episode,
    MaterialUse,
    Node,
    Performer,
    Pool,
    Resource,
    Step,
    Template,
    Trip,
    problems,
)
from flowaudit.simulation import simulate
from flowaudit.worktime import load_calendar

CALENDAR = load_calendar("weekdays")
HOUR_APART = 24.0 * 7


@dataclass(frozen=True)
class Do:
    """A step: it follows the one before it, unless ``after`` says otherwise; ``wait`` and ``work`` are hours."""

    activity: str
    stage: str | None = None
    item: str | None = "A"
    department: str | None = "甲局"
    office: str | None = None
    level: int | None = None
    wait: float | np.ndarray = 0.0
    work: float = 0.0
    after: tuple[int, ...] | None = None
    cause: tuple[str, ...] = ()
    site: str | None = None
    band: int = -1


def apply(item="A", **more):
    return Do(f"{item}申请", "apply", item, APPLICANT, **more)


def accept(item="A", **more):
    return Do(f"{item}受理", "accept", item, **more)


def review(item="A", **more):
    return Do(f"{item}审查", "review", item, **more)


def decide(item="A", **more):
    return Do(f"{item}决定", "decide", item, **more)


def notice(item="A", **more):
    return Do(f"{item}补正通知", "correction", item, **more)


def reply(item="A", **more):
    return Do(f"{item}补正提交", "correction", item, APPLICANT, **more)


@dataclass(frozen=True)
class Way:
    """Steps, what is handed in at which (step, item, material, accepted), visits in vain and suspensions; cases it stands for."""

    steps: Sequence[Do]
    handed: Sequence[tuple[int, str | None, str, bool]] = ()
    trips: Sequence[tuple[int, str]] = ()
    episodes: Sequence[tuple[int, int, str]] = ()
    cases: float = 1.0


def process_of(*ways: Way, officers: Mapping[str, int] | None = None, **changes: object):
    """A process of some ways; cases arrive a week apart. ``officers`` of an office, one pool each, do what it does."""
    nodes: list[Node] = []
    tables: dict[str, list[np.ndarray]] = {"wait": [], "work": []}
    pools, resources = [], []
    people: dict[str, tuple[int, tuple[Performer, ...]]] = {}
    for office, n in (officers or {}).items():
        first = len(resources)
        resources += [Resource(f"{office}{k}", len(pools), 0) for k in range(n)]
        people[office] = (len(pools), tuple(Performer(first + k, 1.0) for k in range(n)))
        pools.append(Pool(office, "甲局", n, n, 0.0))

    def number(kind: str, value: float | np.ndarray) -> int:
        table = value if isinstance(value, np.ndarray) else constant(value)
        if not table.any():
            return -1
        known = tables[kind]
        for k, old in enumerate(known):
            if np.array_equal(old, table):
                return k
        known.append(table)
        return len(known) - 1

    def node(s: Do) -> int:
        pool, performers = people.get(s.office or "", (-1, ()))
        made = Node(s.activity, s.department, s.office, s.stage, s.item, s.level, pool=pool, performers=performers)
        if made not in nodes:
            nodes.append(made)
        return nodes.index(made)

    templates = []
    for way in ways:
        steps = tuple(
            Step(node(s), s.after if s.after is not None else ((k - 1,) if k else ()), number("wait", s.wait), number("work", s.work), k, s.site, s.cause, s.band)
            for k, s in enumerate(way.steps)
        )  # fmt: skip
        handed = tuple(MaterialUse(k, item, m, "applicant", ok) for k, item, m, ok in way.handed)
        trips = tuple(Trip(k, site, 0, "correct", "wasted") for k, site in way.trips)
        special = tuple(Episode(a, b, way.steps[a].item, kind, False) for a, b, kind in way.episodes)
        templates.append(Template(way.cases, (Branch(1.0, steps, handed, special, trips),)))
    items = list(dict.fromkeys(n.item for n in nodes if n.item))
    kinds = list(dict.fromkeys(m for way in ways for _k, _i, m, _ok in way.handed))
    given: dict[str, object] = {
        "arrivals": at(*(HOUR_APART * k for k in range(40))),
        "item_names": {i: i for i in items},
        "material_names": {m: m for m in kinds},
        "has_materials": bool(kinds),
        "has_visits": any(s.site for way in ways for s in way.steps) or any(way.trips for way in ways),
        "has_special": any(way.episodes for way in ways),
        "pools": tuple(pools),
        "resources": tuple(resources),
        "calendars": (ALWAYS,),
    }
    return hand_made(
        nodes=tuple(nodes), templates=tuple(templates), waits=tables["wait"], works=tables["work"], **(given | changes)
    )


def run(process, **options):
    """One simulated log of a process that can be run."""
    found = problems(process)
    assert found.empty, found
    return simulate(process, replications=1, seed=3, calendar=CALENDAR, **options)[0]


def hours(process) -> np.ndarray:
    """Hours from the first start to the last end of every case."""
    frame = run(process).to_pandas().groupby("case_id", observed=True).agg(first=("start", "min"), last=("end", "max"))
    return ((frame["last"] - frame["first"]) / np.timedelta64(1, "h")).to_numpy().astype(float)


def counted(process, column, policy="D_exec"):
    return case_measures(run(process), calendar=CALENDAR, policy=policy)[column].to_numpy(float)


def names_in_order(process, k=0, b=0):
    """Activities of one branch, in their order."""
    return [process.nodes[s.node].activity for s in process.templates[k].branches[b].steps]


def same_runs(a, b):
    """Whether two processes give the same logs, bit for bit."""
    one, two = run(a), run(b)
    tables = all(
        one.table(t).equals(two.table(t)) for t in ("material_instances", "visits") if one.table(t) is not None
    )
    return one.events.equals(two.events) and tables
