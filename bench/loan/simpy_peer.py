"""The loan process in SimPy, as one would write it by hand.

    python bench/loan/simpy_peer.py [--cases 10000] [--seed 1]

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import count
from math import log, sqrt
from pathlib import Path
from typing import Any

import pandas as pd
import simpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from loan.model import COLUMNS, WEEK, Intervals, Model, Task, loan_model, log_figures

Row = tuple[int, str, str, float, float, float]
Steps = Generator[simpy.Event, Any, Any]


class Calendar:
    """Weekly working hours."""

    def __init__(self, hours: Intervals) -> None:
        self.hours = hours
        self.ends = [end for _begin, end in hours]
        self.open_until = 0.0

    def after(self, time: float, work: float) -> float:
        """Return when so much work is done that is begun at a time and stops outside the hours."""
        if time + work <= self.open_until:
            return time + work
        week, within = divmod(time, WEEK)
        place = bisect_right(self.ends, within)
        while True:
            for begin, end in self.hours[place:]:
                begin = max(begin, within)
                if begin + work <= end:
                    return week * WEEK + begin + work
                work -= end - begin
            week, within, place = week + 1, 0.0, 0


@dataclass
class Person:
    name: str
    calendar: Calendar
    means: dict[str, float]


@dataclass
class Pool:
    """People who share a queue."""

    env: simpy.Environment
    rng: random.Random
    free: list[Person] = field(default_factory=list)
    waiting: deque[simpy.Event] = field(default_factory=deque)

    def request(self) -> simpy.Event:
        """Return an event that happens with the person who takes the task."""
        request = self.env.event()
        self.waiting.append(request)
        self.dispatch()
        return request

    def release(self, person: Person) -> None:
        self.free.append(person)
        self.dispatch()

    def dispatch(self) -> None:
        """Let those who are free and on duty take what has waited longest."""
        now = self.env.now
        while self.waiting:
            ready = [person for person in self.free if person.calendar.open_until > now]
            if not ready:
                return
            person = self.rng.choice(ready)
            self.free.remove(person)
            self.waiting.popleft().succeed(person)


class LoanOffice:
    def __init__(self, model: Model, cases: int, seed: int) -> None:
        self.env = simpy.Environment()
        self.rng = random.Random(seed)
        self.model = model
        self.calendars = {name: Calendar(hours) for name, hours in model.calendars.items()}
        self.pools = {name: Pool(self.env, self.rng) for name in model.pools}
        for person in model.people:
            self.pools[person.pool].free.append(
                Person(person.name, self.calendars[person.calendar], person.means)
            )  # fmt: skip
        self.chance = {(flow.source, flow.target): flow.probability for flow in model.flows}
        self.rows: list[Row] = []
        self.left = cases
        self.finished = self.env.event()
        self.env.process(self.opening_hours())
        self.env.process(self.arrivals(cases))

    def run(self) -> list[Row]:
        self.env.run(until=self.finished)
        return self.rows

    def opening_hours(self) -> Steps:
        """Open the calendars; all that open together do so before anybody takes a task."""
        openings: dict[float, list[tuple[Calendar, float]]] = {}
        for calendar in self.calendars.values():
            for begin, end in calendar.hours:
                openings.setdefault(begin, []).append((calendar, end))
        for week in count():
            for begin, opened in sorted(openings.items(), key=lambda pair: pair[0]):
                yield self.env.timeout(week * WEEK + begin - self.env.now)
                for calendar, end in opened:
                    calendar.open_until = week * WEEK + end
                for pool in self.pools.values():
                    pool.dispatch()

    def arrivals(self, cases: int) -> Steps:
        calendar = self.calendars[self.model.arrival_calendar]
        for case in range(cases):
            at = calendar.after(self.env.now, self.rng.expovariate(1 / self.model.mean_gap))
            yield self.env.timeout(at - self.env.now)
            self.env.process(self.loan(case))

    def loan(self, case: int) -> Steps:
        while True:
            yield from self.work(case, "check")
            if not self.goes("complete_or_not", "complete"):
                break
            yield from self.work(case, "complete")
        yield self.env.all_of(
            [self.env.process(self.work(case, task)) for task in ("credit", "income", "appraise")]
        )  # fmt: skip
        yield from self.work(case, "assess")
        if self.goes("eligible_or_not", "reject"):
            yield from self.work(case, "reject")
        else:
            while True:
                yield from self.work(case, "design")
                yield from self.work(case, "approve")
                if not self.goes("approved_or_not", "redesign"):
                    break
            yield from self.work(case, "contract")
        self.left -= 1
        if not self.left:
            self.finished.succeed()

    def goes(self, gateway: str, way: str) -> bool:
        return self.rng.random() < self.chance[gateway, way]

    def work(self, case: int, name: str) -> Steps:
        task = self.model.tasks[name]
        pool = self.pools[task.pool]
        enabled = self.env.now
        person = yield pool.request()
        start = self.env.now
        end = person.calendar.after(start, self.work_time(task, person.means[name]))
        yield self.env.timeout(end - start)
        self.rows.append((case, task.name, person.name, enabled, start, end))
        pool.release(person)

    def work_time(self, task: Task, mean: float) -> float:
        if task.family == "exponential":
            return self.rng.expovariate(1 / mean)
        if task.family == "lognormal":
            variance = log(1 + task.cv**2)
            return self.rng.lognormvariate(log(mean) - variance / 2, sqrt(variance))
        return mean


def simulate(model: Model, cases: int, seed: int = 1) -> tuple[list[Row], float]:
    """Return the rows of the log (see `COLUMNS`) and the CPU seconds it took."""
    begin = time.process_time()
    rows = LoanOffice(model, cases, seed).run()
    return rows, time.process_time() - begin


def as_frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    model = loan_model()
    simulate(model, 100)
    rows, seconds = simulate(model, options.cases, options.seed)
    print(f"SimPy {simpy.__version__}: {len(rows):,} activity instances in {seconds:.2f} s of CPU")
    rate = {"cpu_s": round(seconds, 3), "per_cpu_s": round(len(rows) / seconds)}
    print(json.dumps({**log_figures(as_frame(rows), model), **rate}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
