"""A process from a BPMN 2.0 diagram and a file of simulation parameters."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.errors import InputError, UsageError, nearest
from flowaudit.eventlog import APPLICANT
from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.bpmn.diagram import Diagram, Element, Problem, read_diagram
from flowaudit.process.bpmn.mixing import mixture
from flowaudit.process.bpmn.parameters import Duration, Parameters, PersonOf, TaskOf, WorkingHours, read_parameters
from flowaudit.process.bpmn.ways import MASS, Way, Ways, find_ways, structure
from flowaudit.process.clock import Profile, Timeline, always
from flowaudit.process.model import (
    WHOLE,
    Arrivals,
    Batch,
    Branch,
    Identifiable,
    Node,
    Performer,
    Pool,
    Process,
    Resource,
    Step,
    Template,
)
from flowaudit.process.problems import problems, utilisation
from flowaudit.worktime import Calendar, load_calendar

Array = npt.NDArray[np.float64]
Source = str | os.PathLike[str]
Kept = TypeVar("Kept")

ROUNDING = 1e-4
"""By how much the probabilities of a gateway may miss 1 through rounding; they are scaled to 1."""


MOST_DAYS = 36_525
"""Planned arrivals are laid out over a hundred years at most."""


def read_bpmn(bpmn: Source, parameters: Source) -> Process:
    """Read a process from a BPMN 2.0 file and its simulation parameters.

    Parameters
    ----------
    bpmn : path
        A diagram as bpmn.io or Camunda Modeler save it. Run are one start event, end events, tasks of all kinds, exclusive
        and parallel gateways, lanes (departments; lanes within lanes are offices) and timers with a duration.
    parameters : path
        JSON: our own format (:func:`flowaudit.process.bpmn.parameters.parameter_schema`) or that of Prosimos; its keys tell which.

    Returns
    -------
    Process
        Simulate it with a number of cases and a start, ``simulate(process, cases=1000, start="2025-03-03")``: arrivals are then drawn.
        ``Process.arrivals`` are planned ones, evenly spaced in arrival time; without ``start`` they are replayed.

    Raises
    ------
    InputError
        If anything keeps the process from being run; the message names all of it, see :func:`bpmn_problems`.

    Notes
    -----
    *Routing*: every way through the gateways becomes a template with its exact probability, the most probable first, until
    the others together are rarer than one in a million. Where there are more than 20 000 ways, a sample of 5 000 stands
    for the rest (:func:`flowaudit.process.bpmn.ways.find_ways`). Where ways are so long that they cannot be followed, the
    ways kept stand for them in proportion, and ``Process.changes`` says for how many cases.

    *Tasks*: service, script and business rule tasks are automatic unless somebody is named for them. The lane ``applicant``
    or ``申请人`` is the applicant's; its tasks need nobody. Every other task names its pool, or states that it waits for nobody.
    A timer is an automatic step of its own, since a branch that waits is not the delay of one task.

    *Delays* are drawn independently, each from its whole table: a diagram does not say which of them go together.
    """
    process, found = _read(Path(bpmn), Path(parameters))
    if found or process is None:
        lines = "".join(f"\n- {p.file}, {p.where}: {p.problem}" for p in found)
        raise InputError(
            _("the process cannot be run; {n} problems:", n=len(found)) + lines,
            hint="; ".join(dict.fromkeys(p.hint for p in found if p.hint)),
        )
    return process


def bpmn_problems(bpmn: Source, parameters: Source) -> pd.DataFrame:
    """Find everything that keeps a BPMN file with its parameters from being run.

    Returns
    -------
    pd.DataFrame
        Columns ``file, where, problem, hint``; empty when it can be run. Elements that are not run are named one by one. How
        cases go through the gateways is looked at when everything else is in order.
    """
    return pd.DataFrame(_read(Path(bpmn), Path(parameters))[1], columns=list(Problem._fields))


def _read(bpmn: Path, parameters: Path) -> tuple[Process | None, list[Problem]]:
    found: list[Problem] = []
    diagram = _kept(lambda: read_diagram(bpmn), bpmn.name, found)
    stated = _kept(lambda: read_parameters(parameters), parameters.name, found)
    if diagram is None:
        return None, found
    checks = _Checks(bpmn.name, parameters.name, diagram, stated, found)
    chance = checks.chance()
    found += [Problem(bpmn.name, *defect) for defect in structure(diagram, chance)]
    if stated is None:
        return None, found
    plan = checks.plan()
    if found or plan is None:
        return None, found
    ways, defects = find_ways(diagram, chance)
    found += [Problem(bpmn.name, *defect) for defect in defects]
    if found:
        return None, found
    process = _process(plan, ways)
    found += [Problem(parameters.name, *map(str, row)) for row in problems(process).itertuples(index=False)]
    return process, found


def _kept(read: Callable[[], tuple[Kept, list[Problem]]], file: str, found: list[Problem]) -> Kept | None:
    """What was read; None, with a problem, where the file is none of its kind."""
    try:
        made, own = read()
    except InputError as error:
        found.append(Problem(file, "-", error.message, error.hint or ""))
        return None
    found += own
    return made


@dataclass(frozen=True)
class _Task:
    """What a task or a timer becomes."""

    node: Node
    work: int
    wait: int


@dataclass(frozen=True)
class _Plan:
    """All but the ways."""

    parameters: Parameters
    calendar: Calendar
    tasks: dict[str, _Task]
    tables: tuple[list[Array], list[Array]]
    wait_names: list[str]
    profiles: list[Profile]
    calendars: list[Profile]
    gates: list[Profile]
    open_profile: Profile
    arriving: tuple[Profile, Array]
    pools: tuple[Pool, ...]
    resources: tuple[Resource, ...]


class _Checks:
    """Parameters laid beside the diagram; everything that does not fit is put down."""

    def __init__(
        self, bpmn: str, file: str, diagram: Diagram, parameters: Parameters | None, found: list[Problem]
    ) -> None:
        self.bpmn, self.file, self.diagram, self.given, self.found = bpmn, file, diagram, parameters, found
        self.works: list[Array] = []
        self.waits: list[Array] = []

    def _bad(self, where: str, problem: str, hint: str, *, file: str | None = None) -> None:
        self.found.append(Problem(file or self.file, where, problem, hint))

    def _elements(self, names: Iterable[str], kinds: tuple[str, ...]) -> dict[str, str]:
        """Identifier of the element each name in the parameters means."""
        by_name = Counter(e.name for e in self.diagram.elements.values() if e.kind in kinds)
        out: dict[str, str] = {}
        for name in names:
            if name in self.diagram.known:
                out[name] = name
            elif by_name[name] == 1:
                out[name] = next(e.id for e in self.diagram.elements.values() if e.kind in kinds and e.name == name)
            else:
                choices = [e.id for e in self.diagram.elements.values() if e.kind in kinds]
                self._bad(
                    name,
                    _("the diagram has no such element") if not by_name[name] else _("several elements of the diagram have this name"),
                    _("nearest names: {names}", names=", ".join(nearest(name, choices) or choices[:3])),
                )  # fmt: skip
        return out

    def chance(self) -> dict[str, float]:
        """Probability of every flow out of an exclusive gateway that splits; missing ones even, with a problem."""
        given = self.given
        stated: dict[str, dict[str, float]] = {}
        if given is not None:
            stated = {e: given.gateways[name] for name, e in self._elements(given.gateways, ("xor",)).items()}
        out: dict[str, float] = {}
        for gateway in self.diagram.elements.values():
            flows = self.diagram.outgoing(gateway.id)
            if gateway.kind != "xor" or len(flows) < 2:
                continue
            own = stated.get(gateway.id, {})
            named = Counter(f.name for f in flows if f.name)
            values = {f.id: own.get(f.id, own.get(f.name) if named[f.name] == 1 else None) for f in flows}
            even = {f.id: 1.0 / len(flows) for f in flows}
            out |= even
            if given is None:
                continue
            strange = [
                n
                for n in own
                if n not in values and not (named[n] == 1 and next(f.id for f in flows if f.name == n) in values)
            ]
            missing = [f for f, p in values.items() if p is None]
            known = {f: p for f, p in values.items() if p is not None}
            total = sum(known.values())
            if strange:
                self._bad(
                    gateway.label, _("'{flow}' does not leave this gateway", flow=", ".join(strange)),
                    _("its flows are: {flows}", flows=", ".join(values)),
                )  # fmt: skip
            elif missing:
                self._bad(
                    gateway.label, _("no probability for the flows {flows}", flows=", ".join(missing)),
                    _("give every flow out of an exclusive gateway its probability."),
                )  # fmt: skip
            elif any(not (math.isfinite(p) and 0.0 <= p <= 1.0) for p in known.values()):
                self._bad(gateway.label, _("a probability is not between 0 and 1"), _("let them sum to 1."))
            elif abs(total - 1.0) > ROUNDING:
                self._bad(
                    gateway.label, _("the probabilities of its flows sum to {total:.4g}, not 1", total=total),
                    _("let them sum to 1."),
                )  # fmt: skip
            else:
                out |= {f: p / total for f, p in known.items()}
        return out

    def _table(self, duration: Duration | None, where: str, tables: list[Array]) -> int:
        """Number of a duration's table; -1 where there is none, or with a problem."""
        if duration is None:
            return -1
        try:
            return _number(duration.table(), tables)
        except UsageError as error:
            self._bad(where, error.message, error.hint or "")
            return -1

    def _profile(self, hours: WorkingHours, where: str) -> Profile | None:
        try:
            return hours.profile()
        except UsageError as error:
            self._bad(where, error.message, error.hint or "")
            return None

    def _clock(self, name: str | None, where: str, clocks: Mapping[str, Profile | None]) -> Profile | None:
        """The calendar of a name; None where there is none, with a problem (or was none, with one already)."""
        if name is None:
            return always()
        if name not in clocks:
            self._bad(where, _("there is no calendar '{name}'", name=name), _("there are: {names}", names=", ".join(clocks) or "-"))  # fmt: skip
            return None
        profile = clocks[name]
        if profile is not None and not profile.hours_per_week() > 0:
            self._bad(where, _("its calendar '{name}' is empty", name=name), _("give at least one half hour a week."))
            return None
        return profile

    def plan(self) -> _Plan | None:
        """Return all but the ways, as far as it can be made; problems are put down."""
        p = self.given
        assert p is not None
        clocks = {name: self._profile(hours, _("calendar {name}", name=name)) for name, hours in p.calendars.items()}
        calendar = self._official(p)
        pools = {name: k for k, name in enumerate(p.pools)}
        calendars: list[Profile] = []
        resources: list[Resource] = []
        for name, r in p.resources.items():
            where = _("resource {name}", name=name)
            if r.pool is None or r.pool not in pools:
                self._bad(
                    where, _("belongs to no pool") if r.pool is None else _("there is no pool '{name}'", name=r.pool),
                    _("name its pool, and the pool in pools."),
                )  # fmt: skip
            if r.capacity < 1:
                self._bad(where, _("has {n} places", n=r.capacity), _("capacities are 1 or more."))
            profile = None
            if r.calendar is None:
                self._bad(where, _("has no working hours"), _("give a calendar for every resource."))
            else:
                profile = self._clock(r.calendar, where, clocks)
            if profile is not None and r.pool in pools:
                resources.append(Resource(name, pools[r.pool], _number(profile, calendars), r.capacity))
            else:
                resources.append(Resource(name, -1, -1, r.capacity))
        open_profile = self._clock(p.open_hours, "open_hours", clocks)
        if p.due_h is not None and not p.due_h > 0:
            self._bad("due_h", _("is not above 0"), _("durations are hours."))
        profiles, gates = [always()], list[Profile]()
        names = {e: p.tasks[n] for n, e in self._elements(p.tasks, ("task", "timer")).items()}
        tasks: dict[str, _Task] = {}
        wait_names: list[str] = []
        for element in self.diagram.elements.values():
            if element.kind in ("task", "timer"):
                stated = names.get(element.id)
                made = self._timer(element, stated) if element.kind == "timer" else self._task(element, stated, pools, resources)  # fmt: skip
                node = made.node
                if stated is not None:
                    clock = self._clock(stated.delay_clock, element.label, clocks)
                    node = replace(
                        node, clock=0 if clock is None else _number(clock, profiles),
                        batch=self._batch(element, stated, clocks, gates),
                    )  # fmt: skip
                wait_names += [f"→ {node.activity}"] * (len(self.waits) - len(wait_names))
                tasks[element.id] = replace(made, node=node)
        arriving = self._arriving(p, clocks)
        if calendar is None or arriving is None or open_profile is None:
            return None
        return _Plan(
            p, calendar, tasks, (self.waits, self.works), wait_names, profiles, calendars, gates, open_profile, arriving,
            tuple(
                Pool(name, pool.department, sum(r.capacity for r in resources if r.pool == k), sum(r.pool == k for r in resources), 0.0, pool.discipline)
                for k, (name, pool) in enumerate(p.pools.items())
            ),
            tuple(resources),
        )  # fmt: skip

    def _official(self, p: Parameters) -> Calendar | None:
        if pd.isna(pd.to_datetime(p.start, errors="coerce")):
            self._bad("start", _("'{value}' is no date", value=p.start), _("write 2025-03-01."))
        if p.cases < 1:
            self._bad("cases", _("there is no case to simulate."), _("give the number of cases to plan for."))
        try:
            return load_calendar(p.official_calendar)
        except (UsageError, InputError) as error:
            self._bad("official_calendar", error.message, error.hint or "")
            return None

    def _arriving(self, p: Parameters, clocks: Mapping[str, Profile | None]) -> tuple[Profile, Array] | None:
        clock = self._clock(p.arrivals.calendar, "arrivals", clocks)
        tables: list[Array] = []
        if self._table(p.arrivals.gap, "arrivals", tables) < 0:
            return None
        if not quantiles.mean(tables[0]) > 0:
            self._bad("arrivals", _("the time between arrivals is not above 0"), _("rates of arrival are above 0."))
            return None
        if not (math.isfinite(p.arrivals.trend) and p.arrivals.trend > -1.0):
            self._bad("arrivals", _("the rhythm or trend of arrivals leaves none"), _("rates of arrival are above 0."))
            return None
        return None if clock is None else (clock, tables[0])

    def _timer(self, element: Element, stated: TaskOf | None) -> _Task:
        work = self._table(None if stated is None else stated.work, element.label, self.works)
        if stated is None or stated.work is None:
            if element.hours is None:
                self._bad(
                    element.label, _("a timer without a duration"),
                    _("give it a duration such as P2D or PT4H in the diagram, or work in the parameters."),
                )  # fmt: skip
            else:
                work = _number(np.full(len(quantiles.GRID), element.hours), self.works)
        return _Task(Node(element.name, element.department, element.office, automatic=True), work, -1)

    def _task(
        self, element: Element, stated: TaskOf | None, pools: Mapping[str, int], resources: list[Resource]
    ) -> _Task:
        t = stated or TaskOf()
        node = Node(
            t.activity or element.name, t.department or element.department, t.office or element.office, t.stage, t.item,
            t.level,
        )  # fmt: skip
        if stated is None:
            self._bad(element.label, _("has no work time"), _("give every task its pool or people, and its work."))
            return _Task(node, -1, -1)
        own = self._table(t.work, element.label, self.works)
        wait = self._table(t.delay, element.label, self.waits)
        people = self._people(element, t, pools, resources)
        if people is None:
            return _Task(node, own, wait)
        performers = []
        for k, person in people:
            if not (math.isfinite(person.weight) and person.weight > 0):
                self._bad(
                    f"{element.label}, {resources[k].name}", _("the weight of an officer is not above 0"), _("weights are above 0."),
                )  # fmt: skip
            number = self._table(person.work, f"{element.label}, {resources[k].name}", self.works)
            if person.work is None and t.work is None:
                self._bad(
                    f"{element.label}, {resources[k].name}", _("has no work time"), _("give the task, or each of its people, work."),
                )  # fmt: skip
            performers.append(Performer(k, person.weight, number if number != own else -1))
        if not people and t.work is None:
            self._bad(element.label, _("has no work time"), _("give every task its pool or people, and its work."))
        if own < 0 and performers and all(q.work >= 0 and q.weight > 0 for q in performers):
            own = self._shared(performers)
        pool = -1
        if performers:
            homes = Counter(resources[q.resource].pool for q in performers)
            pool = homes.most_common(1)[0][0] if t.pool is None else pools[t.pool]
        return _Task(
            replace(node, automatic=element.automatic and not performers, pool=pool, performers=tuple(performers)), own, wait
        )  # fmt: skip

    def _shared(self, performers: list[Performer]) -> int:
        """Table of a task's work, whoever does it."""
        weight = Counter[int]()
        for q in performers:
            weight[q.work] += q.weight  # type: ignore[assignment]
        if len(weight) == 1:
            return performers[0].work
        return _number(mixture([self.works[k] for k in weight], list(weight.values())), self.works)

    def _people(
        self, element: Element, t: TaskOf, pools: Mapping[str, int], resources: list[Resource]
    ) -> list[tuple[int, PersonOf]] | None:
        """Who does a task, with numbers of resources; None with a problem."""
        number = {r.name: k for k, r in enumerate(resources)}
        if t.pool is not None and t.pool not in pools:
            self._bad(
                element.label, _("there is no pool '{name}'", name=t.pool), _("there are: {names}", names=", ".join(pools) or "-"),
            )  # fmt: skip
            return None
        if t.people is not None:
            people = dict.fromkeys(t.people, PersonOf()) if isinstance(t.people, list) else t.people
            unknown = [name for name in people if name not in number]
            for name in unknown:
                self._bad(
                    element.label, _("there is no resource '{name}'", name=name),
                    _("nearest names: {names}", names=", ".join(nearest(name, number) or list(number)[:3])),
                )  # fmt: skip
            if not people:
                self._bad(element.label, _("nobody does it"), _("name its pool, or the people who do it."))
            return None if unknown or not people else [(number[name], person) for name, person in people.items()]
        if t.pool is not None:
            own = [(k, PersonOf()) for k, name in enumerate(number) if self._pool_of(name) == t.pool]
            if not own:
                self._bad(element.label, _("its pool has nobody who does it"), _("name its pool in resources."))
            return own or None
        if "pool" in t.model_fields_set or element.automatic or (t.department or element.department) == APPLICANT:
            return []
        self._bad(
            element.label, _("belongs to no pool"),
            _('name its pool, or the people who do it; "pool": null if it waits for nobody.'),
        )  # fmt: skip
        return None

    def _pool_of(self, name: str) -> str | None:
        assert self.given is not None
        return self.given.resources[name].pool

    def _batch(
        self, element: Element, t: TaskOf, clocks: Mapping[str, Profile | None], gates: list[Profile]
    ) -> Batch | None:
        b = t.batch
        if b is None:
            return None
        if (b.calendar is None) == (b.size is None):
            self._bad(
                element.label, _("its batches have neither a calendar nor a size, or both"), _("give one of them.")
            )
            return None
        if b.calendar is not None:
            gate = self._clock(b.calendar, element.label, clocks)
            if gate is not None and not (gate.rates[:5] > 0).any():
                self._bad(
                    element.label, _("its batches are never let go"), _("give at least one half hour from Monday to Friday.")
                )  # fmt: skip
            return None if gate is None else Batch("slots", _number(gate, gates))
        assert b.size is not None
        patience = math.inf if b.patience_h is None else b.patience_h
        if b.size < 1 or not patience > 0:
            self._bad(
                element.label, _("its batch size or patience is not above 0"), _("batches hold at least one case.")
            )
            return None
        return Batch("size", size=b.size, patience_h=patience)


Row = TypeVar("Row", Profile, Array)


def _number(row: Row, rows: list[Row]) -> int:
    """Place of a table or profile in a list, to which it is added if it is new."""
    for k, other in enumerate(rows):
        if other is row or (other == row if isinstance(other, Profile) else np.array_equal(other, np.asarray(row))):
            return k
    rows.append(row)
    return len(rows) - 1


def _process(plan: _Plan, ways: Ways) -> Process:
    p = plan.parameters
    nodes: dict[Node, int] = {}
    number = {e: nodes.setdefault(task.node, len(nodes)) for e, task in plan.tasks.items()}
    due = math.inf if p.due_h is None else p.due_h
    waits, works = (np.array(t, float).reshape(len(t), len(quantiles.GRID)) for t in plan.tables)
    templates = tuple(
        Template(way.probability * p.cases, (_branch(way, plan.tasks, number),), due_h=due) for way in ways.ways
    )
    clock, gap = plan.arriving
    scale = 168.0 / clock.hours_per_week()
    arriving = _arrivals(p, Profile(clock.rates * scale), gap * scale, plan.calendar)
    changes: tuple[tuple[str, int], ...] = ()
    if ways.lost > MASS:
        changes = ((_("ways too long to follow; the others stand for them"), round(ways.lost * p.cases)),)
    process = Process(
        nodes=tuple(nodes), templates=templates, waits=waits, works=works, wait_names=tuple(plan.wait_names),
        profiles=tuple(plan.profiles), open_profile=plan.open_profile, pools=plan.pools, arrivals=arriving[1], unit="case",
        calendar=plan.calendar.name, identifiable=Identifiable(**p.known.model_dump()), resources=plan.resources,
        calendars=tuple(plan.calendars), gates=tuple(plan.gates), arriving=arriving[0], contention=p.contention, habit=p.habit, changes=changes, source="diagram",
    )  # fmt: skip
    asked = utilisation(process, cases_per_day=24.0 / quantiles.mean(arriving[0].gaps))["utilisation"]
    return replace(
        process, pools=tuple(replace(pool, utilisation=min(float(u), 1.0)) for pool, u in zip(plan.pools, asked, strict=True)),
    )  # fmt: skip


def _arrivals(
    p: Parameters, clock: Profile, gaps: Array, calendar: Calendar
) -> tuple[Arrivals, npt.NDArray[np.datetime64]]:
    """The model of arrivals, and planned ones: evenly spaced in hours of the clock."""
    start = np.datetime64(pd.Timestamp(p.start).tz_localize(None), "us")
    passed = quantiles.mean(gaps) * np.arange(1, p.cases + 1)
    days = min(int(passed[-1] / 24.0 * 1.2) + 60, MOST_DAYS)
    timeline = Timeline.spanning(start, start + np.timedelta64(days, "D"), calendar)
    hours: Array = 0.5 * np.arange(48.0 * len(timeline.classes) + 1)
    knots = timeline.operational(clock, hours)
    begun = float(timeline.operational(clock, timeline.hours(np.array([start])))[0])
    at = np.interp(begun + passed, knots, hours)
    stamps = timeline.origin.astype("datetime64[us]") + np.round(at * 3.6e9).astype("timedelta64[us]")
    last = max(stamps[-1], start + np.timedelta64(1, "D"))
    return Arrivals(clock, gaps, p.arrivals.trend, start, last), stamps


def _branch(way: Way, tasks: Mapping[str, _Task], number: Mapping[str, int]) -> Branch:
    """A way whose delays are drawn independently: a diagram does not say that they go together."""
    return Branch(
        1.0,
        tuple(
            Step(number[e], after, tasks[e].wait, tasks[e].work, i, band=WHOLE)
            for i, (e, after) in enumerate(way.steps)
        ),
    )
