"""The loan process in flowaudit, built from the plain data.

    python bench/loan/flowaudit_peer.py [--cases 100000] [--seed 1]

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from flowaudit.process import (
    Arrivals,
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
from loan.model import COLUMNS, DAY, HOUR, START, WEEK, Intervals, Model, Task, loan_model, log_figures

LEFT_OUT = 1e-6
"""Probability of the ways that are left out, those with the most rounds."""

MOST_WAYS = 20_000

Way = tuple[tuple[str, tuple[int, ...]], ...]
"""Tasks, each with the places of those that precede it."""


@dataclass(frozen=True)
class State:
    """How far one case has come: what it did, and where its tokens are."""

    way: Way
    tokens: tuple[tuple[str, tuple[int, ...]], ...]  # the node a token comes to, and the tasks just before it


def ways(model: Model, left_out: float = LEFT_OUT, most: int = MOST_WAYS) -> list[tuple[float, Way]]:
    """Return the most probable ways through the graph, loops unrolled, until so little probability is left."""
    incoming = {node: sum(flow.target == node for flow in model.flows) for node in model.nodes}
    start = next(node for node, kind in model.nodes.items() if kind == "start")
    number = count()
    open_states = [(-1.0, next(number), State((), ((start, ()),)))]
    found: list[tuple[float, Way]] = []
    rest = 1.0
    while open_states and rest > left_out and len(found) < most:
        negative, _number, state = heapq.heappop(open_states)
        way, tokens = list(state.way), list(state.tokens)
        while tokens:
            here = next((t for t in tokens if model.nodes[t[0]] != "and_join"), tokens[0])
            node, before = here
            kind, flows = model.nodes[node], model.outgoing(node)
            if kind == "and_join":
                arrived = [t for t in tokens if t[0] == node]
                if len(arrived) < incoming[node]:
                    raise ValueError(f"{node} waits for a branch that never comes")
                tokens = [t for t in tokens if t[0] != node]
                before = tuple(sorted({k for _node, own in arrived for k in own}))
            else:
                tokens.remove(here)
            if kind == "task":
                way.append((node, before))
                before = (len(way) - 1,)
            if kind == "xor_split":
                for flow in flows:
                    after = State(tuple(way), (*tokens, (flow.target, before)))
                    heapq.heappush(open_states, (negative * flow.probability, next(number), after))
                break
            tokens.extend((flow.target, before) for flow in flows)
        else:
            found.append((-negative, tuple(way)))
            rest += negative
    return found


def hours(intervals: Intervals) -> Profile:
    spans: dict[int, list[tuple[float, float]]] = {}
    for begin, end in intervals:
        day = begin // DAY
        spans.setdefault(int(day), []).append(((begin - day * DAY) / HOUR, (end - day * DAY) / HOUR))
    return weekly(spans)


def work_table(task: Task, mean: float) -> np.ndarray:
    """Return the quantile table of a work time; the mean is in seconds."""
    mean /= HOUR
    if task.family == "exponential":
        return family("exponential", mean=mean)
    if task.family == "lognormal":
        return family("lognormal", mean=mean, cv=task.cv)
    return family("constant", value=mean)


def loan_process(model: Model) -> Process:
    """Return the same model as flowaudit's own."""
    numbers = {person.name: i for i, person in enumerate(model.people)}
    calendars = tuple(model.calendars)
    opened = {name: hours(model.calendars[name]) for name in calendars}
    staff = {pool: [person for person in model.people if person.pool == pool] for pool in model.pools}
    keys = dict.fromkeys((t.family, t.cv, p.means[t.id]) for t in model.tasks.values() for p in staff[t.pool])
    tables = {key: i for i, key in enumerate(keys)}
    by_shape = {(task.family, task.cv): task for task in model.tasks.values()}
    nodes = {task: i for i, task in enumerate(model.tasks)}
    office = opened[model.arrival_calendar]
    # By its definition the clock of arrivals has mean 1 over the week.
    scale = WEEK / HOUR / office.hours_per_week()
    gaps = family("exponential", mean=scale * model.mean_gap / HOUR)
    first = np.datetime64(START.replace(tzinfo=None), "us")
    gap = WEEK / (office.hours_per_week() * HOUR / model.mean_gap)
    year = first + (np.arange(0.0, 52 * WEEK, gap) * 1e6).astype("timedelta64[us]")
    return Process(
        nodes=tuple(
            Node(
                task.name, pool=model.pools.index(task.pool),
                performers=tuple(
                    Performer(numbers[p.name], 1.0, tables[task.family, task.cv, p.means[task.id]])
                    for p in staff[task.pool]
                ),
            )
            for task in model.tasks.values()
        ),
        templates=tuple(
            Template(p, (Branch(1.0, tuple(Step(nodes[t], before, -1, -1, k) for k, (t, before) in enumerate(way))),))
            for p, way in ways(model)
        ),
        waits=np.zeros((0, len(gaps))),
        works=np.array([work_table(by_shape[shape, cv], mean) for shape, cv, mean in keys]),
        wait_names=(),
        profiles=(always(),),
        open_profile=office,
        pools=tuple(Pool(pool, None, len(staff[pool]), len(staff[pool]), 0.0) for pool in model.pools),
        arrivals=year,
        unit="case",
        calendar="weekdays",
        identifiable=Identifiable(work=True, staffing=True),
        resources=tuple(
            Resource(p.name, model.pools.index(p.pool), calendars.index(p.calendar)) for p in model.people
        ),
        calendars=tuple(opened.values()),
        arriving=Arrivals(Profile(office.rates * scale), gaps, 0.0, year[0], year[-1]),
    )  # fmt: skip


def as_frame(runs: Any, which: int = 0) -> pd.DataFrame:
    """Return one replication with its unrounded times (see `COLUMNS`)."""
    run = runs.runs[which]
    process = run.process
    shift = float((np.datetime64(START.replace(tzinfo=None), "us") - run.origin) / np.timedelta64(1, "s"))
    frame = pd.DataFrame({
        "case": np.repeat(np.arange(len(run.case_ptr) - 1), np.diff(run.case_ptr)),
        "activity": np.array([n.activity for n in process.nodes], object)[run.node],
        "resource": np.array([r.name for r in process.resources], object)[run.who],
        **{
            name: hours * HOUR - shift
            for name, hours in (("enabled", run.ready), ("start", run.start), ("end", run.end))
        },
    })  # fmt: skip
    return frame[list(COLUMNS)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    import flowaudit
    from flowaudit.simulation import simulate

    model = loan_model()
    process = loan_process(model)
    print(f"{len(process.templates)} ways, {len(process.works)} tables of work")
    start = str(START.date())
    print(f"{simulate(process, cases=100, start=start, replications=1)[0].n_cases} cases to compile")
    begin = time.process_time()
    runs = simulate(process, cases=options.cases, start=start, replications=1, seed=options.seed)
    log = runs[0]  # arrays until it is asked for
    seconds = time.process_time() - begin
    print(f"flowaudit {flowaudit.__version__}: {log.n_events:,} activity instances in {seconds:.2f} s of CPU")
    rate = {"cpu_s": round(seconds, 3), "per_cpu_s": round(log.n_events / seconds)}
    print(json.dumps({**log_figures(as_frame(runs), model), **rate}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
