"""Small offices whose steps have stages, departments, levels and constant times: every answer can be worked out on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from processes import ALWAYS, CALENDAR, Path, Station, at, constant, network

from flowaudit.metrics import case_measures
from flowaudit.process import Process, Profile
from flowaudit.simulation import simulate


@dataclass(frozen=True, eq=False)
class Desk:
    """One kind of work: hours of work, after hours of delay, by people of its own.

    ``work`` and ``delay`` are hours, or a table of a distribution.
    """

    name: str
    stage: str | None
    work: float | np.ndarray | None
    delay: float | np.ndarray | None = None
    department: str = "甲局"
    level: int | None = None
    item: str | None = "A"
    servers: int = 50
    clock: Profile = ALWAYS
    discipline: str = "fifo"


def office(*desks: Desk, paths: Sequence[Path] = (), n: int = 400, every_h: float = 1.0, **changes: object) -> Process:
    """Desks one after the other (or ``paths`` through them), ``n`` cases that arrive every so many hours."""
    stations = [
        Station(d.name, _table(d.work), d.servers, delay=_table(d.delay), clock=d.clock, discipline=d.discipline)
        for d in desks
    ]
    ways = list(paths) or [Path(tuple(d.name for d in desks), weight=1000.0)]
    given: dict[str, object] = {"arrivals": at(*(every_h * k for k in range(n))), "item_names": {"A": "甲事项"}}
    process = network(stations, ways, **(given | changes))
    nodes = tuple(
        replace(node, stage=d.stage, department=d.department, level=d.level, item=d.item)
        for node, d in zip(process.nodes, desks, strict=True)
    )
    pools = tuple(
        replace(pool, department=next(d.department for d in desks if d.name == pool.name)) for pool in process.pools
    )
    return replace(process, nodes=nodes, pools=pools)


def _table(value: float | np.ndarray | None) -> np.ndarray | None:
    return constant(float(value)) if isinstance(value, int | float) else value


def events(process: Process, seed: int = 3, **options: object):
    """Events of one replication, with the hours each took."""
    run = simulate(process, replications=1, seed=seed, calendar=CALENDAR, **options)[0].to_pandas()
    run["hours"] = (run["end"] - run["start"]).dt.total_seconds() / 3600.0
    return run


def span_h(frame) -> np.ndarray:
    """Hours from the first start of each case to its last end."""
    cases = frame.groupby("case_id", observed=True)
    return ((cases["end"].max() - cases["start"].min()).dt.total_seconds() / 3600.0).to_numpy()


def steps(process: Process, policy: str = "C_node", seed: int = 3) -> np.ndarray:
    run = simulate(process, replications=1, seed=seed, calendar=CALENDAR)[0]
    return case_measures(run, calendar=CALENDAR, policy=policy)["steps"].to_numpy(float)


def same_runs(a: Process, b: Process) -> bool:
    """Whether two processes give the same logs, bit for bit."""
    first, second = (simulate(p, replications=2, seed=11, calendar=CALENDAR) for p in (a, b))
    return all(x.events.equals(y.events) for x, y in zip(first, second, strict=True))
