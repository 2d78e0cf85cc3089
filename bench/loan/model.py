"""A loan process as plain data; the peers and the kernel all simulate this one model.

    python bench/loan/model.py        # writes loan.bpmn and loan.json anew, prints the planned load

What every simulator must do:

- Cases arrive as a Poisson process that runs only in the hours of `arrival_calendar`: the gap between two arrivals is
  exponential with mean `mean_gap`, counted in those hours.
- A task is enabled when what precedes it ends; behind an AND join that is the latest branch.
- An enabled task takes one of the people of its pool who are free and on duty, chosen uniformly at random. Everyone in a
  pool can do every task of the pool. If there is nobody, the task waits in the queue of the pool, first come, first served.
- When a person becomes free or comes on duty, the task of the pool that has waited longest starts. People who come on
  duty in the same instant do so together.
- The work time is drawn from the family of the task with the mean of the person for that task. It passes only in the
  working hours of that person: work stops when the calendar closes and goes on when it opens again, by the same person,
  who is not free in between.
- A calendar is open from the begin of each interval, included, to its end, excluded. It repeats every week.
- An XOR split draws one outgoing flow, anew each time. An AND split takes all of them; its branches begin in different
  pools, so that their order does not matter.

Times are seconds; the week begins on Monday at 0:00. Simulations start at second 0, `START`, in an empty office.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd

FOLDER = Path(__file__).resolve().parent
BPMN, PARAMETERS = FOLDER / "loan.bpmn", FOLDER / "loan.json"
START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY, WEEK = 60.0, 3600.0, 86400.0, 604800.0
COLUMNS = ("case", "activity", "resource", "enabled", "start", "end")
Intervals = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Task:
    """A task: who does it and the shape of its work time."""

    id: str
    name: str
    pool: str
    family: str  # "exponential", "lognormal" or "constant"
    cv: float  # standard deviation / mean: 1 for exponential, 0 for constant


@dataclass(frozen=True)
class Person:
    name: str
    pool: str
    calendar: str
    means: dict[str, float]  # id of each task of the pool: mean work time in seconds


@dataclass(frozen=True)
class Flow:
    id: str
    source: str
    target: str
    probability: float = 1.0  # below 1 only behind an XOR split


@dataclass(frozen=True)
class Model:
    nodes: dict[str, str]  # id: "start", "task", "xor_split", "xor_join", "and_split", "and_join" or "end"
    flows: tuple[Flow, ...]
    tasks: dict[str, Task]  # by id, in the order of the process
    pools: tuple[str, ...]
    people: tuple[Person, ...]  # by pool
    calendars: dict[str, Intervals]  # (begin, end) in seconds of the week, in order, apart
    arrival_calendar: str
    mean_gap: float  # seconds of the arrival calendar

    def outgoing(self, node: str) -> list[Flow]:
        return [flow for flow in self.flows if flow.source == node]


def weekly(days: range, *hours: tuple[float, float]) -> Intervals:
    return tuple((day * DAY + begin * HOUR, day * DAY + end * HOUR) for day in days for begin, end in hours)


CALENDARS = {
    "early": weekly(range(5), (8, 12), (13, 16)),
    "day": weekly(range(5), (9, 12), (13, 17)),
    "long": weekly(range(4), (8, 12), (13, 18)),
    "office": weekly(range(5), (9, 17)),
}
NODES = {
    "start": "start", "again": "xor_join", "check": "task", "complete_or_not": "xor_split", "complete": "task",
    "split": "and_split", "credit": "task", "income": "task", "appraise": "task", "join": "and_join", "assess": "task",
    "eligible_or_not": "xor_split", "redesign": "xor_join", "design": "task", "approve": "task",
    "approved_or_not": "xor_split", "contract": "task", "reject": "task", "done": "xor_join", "end": "end",
}  # fmt: skip
FLOWS = (
    ("start", "again"), ("again", "check"), ("check", "complete_or_not"), ("complete_or_not", "split", 0.9),
    ("complete_or_not", "complete", 0.1), ("complete", "again"), ("split", "credit"), ("split", "income"),
    ("split", "appraise"), ("credit", "join"), ("income", "join"), ("appraise", "join"), ("join", "assess"),
    ("assess", "eligible_or_not"), ("eligible_or_not", "redesign", 0.75), ("eligible_or_not", "reject", 0.25),
    ("redesign", "design"), ("design", "approve"), ("approve", "approved_or_not"), ("approved_or_not", "contract", 0.85),
    ("approved_or_not", "redesign", 0.15), ("contract", "done"), ("reject", "done"), ("done", "end"),
)  # fmt: skip
TASKS = (
    Task("check", "Check application", "clerks", "exponential", 1.0),
    Task("complete", "Complete application", "clerks", "exponential", 1.0),
    Task("credit", "Check credit history", "credit_desk", "lognormal", 0.8),
    Task("income", "Check income sources", "clerks", "lognormal", 0.5),
    Task("appraise", "Appraise property", "appraisers", "lognormal", 0.6),
    Task("assess", "Assess risk", "officers", "exponential", 1.0),
    Task("design", "Design offer", "officers", "lognormal", 0.7),
    Task("approve", "Approve offer", "managers", "constant", 0.0),
    Task("contract", "Prepare contract", "credit_desk", "lognormal", 0.4),
    Task("reject", "Reject application", "clerks", "constant", 0.0),
)
# Each line: name, calendar, minutes on average for each task of the pool, in the order of TASKS.
PEOPLE = {
    "clerks": (
        ("Ana", "early", 6.5, 8.0, 8.5, 6.5),
        ("Ben", "early", 7.5, 10.0, 9.5, 7.5),
        ("Chen", "day", 6.0, 9.0, 7.5, 5.5),
        ("Dora", "day", 8.0, 11.0, 10.0, 8.5),
        ("Emil", "long", 7.0, 9.5, 9.0, 8.0),
        ("Fang", "long", 8.5, 12.0, 8.5, 7.0),
    ),
    "credit_desk": (
        ("Gao", "early", 8.5, 9.5),
        ("Hana", "early", 10.0, 11.5),
        ("Ivan", "day", 7.5, 9.0),
        ("Jing", "day", 9.0, 12.0),
        ("Kai", "long", 9.0, 10.5),
    ),
    "appraisers": (
        ("Lena", "early", 13.5),
        ("Mei", "day", 16.0),
        ("Nils", "day", 12.0),
        ("Olga", "long", 14.5),
    ),
    "officers": (
        ("Pan", "early", 8.0, 9.0),
        ("Qiu", "day", 9.0, 10.5),
        ("Rosa", "day", 7.0, 8.5),
        ("Sven", "long", 10.0, 9.5),
        ("Tao", "long", 8.5, 11.0),
    ),
    "managers": (
        ("Uwe", "early", 11.0),
        ("Vera", "day", 12.5),
        ("Wei", "long", 10.5),
    ),
}  # fmt: skip
MEAN_GAP = 5.0 * MINUTE
SHARED = {"clerks": "day", "credit_desk": "day", "appraisers": "early", "officers": "day", "managers": "long"}


def loan_model(*, shared_hours: bool = False) -> Model:
    """Return the model; with `shared_hours` all people of a pool keep the same hours.

    Prosimos now and then books somebody off duty for a task (0.3 to 0.6 % of them here) although a colleague with other
    hours is free, which adds some waiting. With shared hours that cannot happen, and what is left must agree.
    """
    tasks = {task.id: task for task in TASKS}
    people = tuple(
        Person(name, pool, SHARED[pool] if shared_hours else calendar, {
            task.id: minutes * MINUTE
            for task, minutes in zip((t for t in TASKS if t.pool == pool), means, strict=True)
        })
        for pool, rows in PEOPLE.items()
        for name, calendar, *means in rows
    )  # fmt: skip
    flows = tuple(Flow(f"{source}_to_{target}", source, target, *rest) for source, target, *rest in FLOWS)
    return Model(NODES, flows, tasks, tuple(PEOPLE), people, CALENDARS, "office", MEAN_GAP)


def visits(model: Model) -> dict[str, float]:
    """Return how often a case passes each node on average."""
    incoming = {node: [flow for flow in model.flows if flow.target == node] for node in model.nodes}
    found = dict.fromkeys(model.nodes, 1.0)
    for _round in range(1000):
        for node, kind in model.nodes.items():
            if kind != "start":
                arrived = sum(found[flow.source] * flow.probability for flow in incoming[node])
                found[node] = arrived / len(incoming[node]) if kind == "and_join" else arrived
    return found


def planned_load(model: Model) -> dict[str, float]:
    """Return the utilisation of each pool if its people share the cases evenly."""
    often = visits(model)
    open_h = {name: sum(end - begin for begin, end in hours) for name, hours in model.calendars.items()}
    cases = open_h[model.arrival_calendar] / model.mean_gap
    load = {}
    for pool in model.pools:
        staff = [person for person in model.people if person.pool == pool]
        work = sum(
            often[task] * sum(person.means[task] for person in staff) / len(staff) for task in staff[0].means
        )  # fmt: skip
        load[pool] = cases * work / sum(open_h[person.calendar] for person in staff)
    return load


def worked(hours: Intervals, times: np.ndarray) -> np.ndarray:
    """Return the seconds a weekly calendar has been open from second 0 to each time."""
    knots = np.array([0.0, *(t for interval in hours for t in interval), WEEK])
    opened = np.concatenate([[0.0], np.cumsum([e - b for b, e in hours])])
    values = np.concatenate([[0.0], np.repeat(opened, 2)[1:-1], [opened[-1]]])
    weeks, within = np.divmod(times, WEEK)
    return weeks * opened[-1] + np.interp(within, knots, values)


def log_figures(log: pd.DataFrame, model: Model) -> dict[str, Any]:
    """Return what two simulations of the model are compared by.

    Cycle and waiting times are hours on the clock. The utilisation is the share of the working hours that are worked,
    from the beginning of the second week to the last arrival, since the office is empty before and after.
    """
    arrivals = log.groupby("case")["enabled"].min()
    cycle = log.groupby("case")["end"].max() - arrivals
    waiting = (log["start"] - log["enabled"]).groupby(log["activity"]).mean() / HOUR
    window = np.array([WEEK, max(2 * WEEK, arrivals.max())])
    busy, there = dict.fromkeys(model.pools, 0.0), dict.fromkeys(model.pools, 0.0)
    rows = dict(list(log.groupby("resource")))
    for person in model.people:
        hours = model.calendars[person.calendar]
        there[person.pool] += float(np.diff(worked(hours, window))[0])
        if person.name in rows:
            own = rows[person.name]
            begin, end = (worked(hours, np.clip(own[c].to_numpy(), *window)) for c in ("start", "end"))
            busy[person.pool] += float((end - begin).sum())
    return {
        "cases": int(log["case"].nunique()),
        "instances": len(log),
        "instances_per_case": len(log) / log["case"].nunique(),
        "arrivals_per_hour": len(arrivals)
        / float(np.ptp(worked(model.calendars[model.arrival_calendar], arrivals)))
        * HOUR,
        "cycle_h": float(cycle.mean()) / HOUR,
        "cycle_median_h": float(cycle.median()) / HOUR,
        "waiting_h": {task.name: float(waiting.get(task.name, 0.0)) for task in model.tasks.values()},
        "utilisation": {pool: busy[pool] / there[pool] for pool in model.pools},
    }


def bpmn(model: Model) -> str:
    """Return the model in BPMN 2.0, without a drawing."""
    tags = {
        "start": "startEvent", "end": "endEvent", "task": "task", "xor_split": "exclusiveGateway",
        "xor_join": "exclusiveGateway", "and_split": "parallelGateway", "and_join": "parallelGateway",
    }  # fmt: skip
    space = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    ElementTree.register_namespace("", space)
    root = ElementTree.Element(f"{{{space}}}definitions", id="loan_definitions", targetNamespace="urn:flowaudit:bench")
    process = ElementTree.SubElement(root, f"{{{space}}}process", id="loan", isExecutable="false")
    for node, kind in model.nodes.items():
        name = model.tasks[node].name if kind == "task" else node
        element = ElementTree.SubElement(process, f"{{{space}}}{tags[kind]}", id=node, name=name)
        if kind.endswith(("split", "join")):
            element.set("gatewayDirection", "Diverging" if kind.endswith("split") else "Converging")
        for side, flows in (
            ("incoming", [flow for flow in model.flows if flow.target == node]),
            ("outgoing", model.outgoing(node)),
        ):
            for flow in flows:
                ElementTree.SubElement(element, f"{{{space}}}{side}").text = flow.id
    for flow in model.flows:
        ElementTree.SubElement(
            process, f"{{{space}}}sequenceFlow", id=flow.id, sourceRef=flow.source, targetRef=flow.target
        )
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def prosimos_parameters(model: Model) -> dict[str, Any]:
    """Return the model's times, people and probabilities in the format of Prosimos.

    Found by trying: the parameters are expon mean, minimum, maximum; lognorm mean, variance, minimum, maximum; fix value.
    A gap that reaches beyond the closing time ends when the calendar opens again, so that one case always comes at that
    very moment; the mean gap is made so much longer that the same number comes in a week.
    """
    days = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
    never = 1000 * WEEK  # a maximum that is never reached

    def clock(seconds: float) -> str:
        return f"{int(seconds // HOUR):02}:{int(seconds % HOUR // MINUTE):02}:00"

    def periods(hours: Intervals) -> list[dict[str, str]]:
        return [
            {
                "from": days[int(begin // DAY)], "to": days[int(begin // DAY)],
                "beginTime": clock(begin % DAY), "endTime": clock(begin % DAY + end - begin),
            }
            for begin, end in hours
        ]  # fmt: skip

    def distribution(family: str, mean: float, cv: float) -> dict[str, Any]:
        name, values = {
            "exponential": ("expon", (mean, 0.0, never)),
            "lognormal": ("lognorm", (mean, (cv * mean) ** 2, 0.0, never)),
            "constant": ("fix", (mean,)),
        }[family]
        return {"distribution_name": name, "distribution_params": [{"value": value} for value in values]}

    used = sorted({person.calendar for person in model.people})
    arrivals = model.calendars[model.arrival_calendar]
    open_s = sum(end - begin for begin, end in arrivals)
    gap = open_s / (open_s / model.mean_gap - len(arrivals))
    return {
        "resource_profiles": [
            {
                "id": pool, "name": pool, "resource_list": [
                    {
                        "id": person.name, "name": person.name, "cost_per_hour": 1, "amount": 1,
                        "calendar": person.calendar, "assignedTasks": list(person.means),
                    }
                    for person in model.people if person.pool == pool
                ],
            }
            for pool in model.pools
        ],
        "resource_calendars": [
            {"id": name, "name": name, "time_periods": periods(model.calendars[name])} for name in used
        ],
        "task_resource_distribution": [
            {
                "task_id": task.id, "resources": [
                    {"resource_id": person.name, **distribution(task.family, person.means[task.id], task.cv)}
                    for person in model.people if person.pool == task.pool
                ],
            }
            for task in model.tasks.values()
        ],
        "arrival_time_distribution": distribution("exponential", gap, 1.0),
        "arrival_time_calendar": periods(arrivals),
        "gateway_branching_probabilities": [
            {
                "gateway_id": node,
                "probabilities": [{"path_id": flow.id, "value": flow.probability} for flow in model.outgoing(node)],
            }
            for node, kind in model.nodes.items() if kind == "xor_split"
        ],
    }  # fmt: skip


def write_peer_files(model: Model, bpmn_path: Path = BPMN, parameters_path: Path = PARAMETERS) -> None:
    """Write what Prosimos reads."""
    bpmn_path.write_text(bpmn(model), encoding="utf-8", newline="\n")
    parameters = json.dumps(prosimos_parameters(model), indent=1, ensure_ascii=False)
    parameters_path.write_text(parameters + "\n", encoding="utf-8", newline="\n")


def main() -> int:
    model = loan_model()
    write_peer_files(model)
    print(f"{sum(visits(model)[task] for task in model.tasks):.2f} activity instances per case")
    for pool, load in planned_load(model).items():
        print(f"{pool:12}{load:6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
