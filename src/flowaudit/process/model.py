"""The model a simulator runs: nodes, routing, delays, work, people, calendars, arrivals. Immutable; one JSON file."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowaudit.catalogue import Catalogue
from flowaudit.errors import UsageError, nearest
from flowaudit.eventlog import APPLICANT, Unit
from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.clock import Profile

BANDS = 4
WHOLE = -1
"""A step's band that is its whole table."""

Array = npt.NDArray[np.float64]

IN_CLOCK = ("review", "check", "inspect", "consult_dept", "decide", "special")
"""Stages between acceptance and decision."""

Discipline = Literal["fifo", "priority", "deadline"]
Contention = Literal["pool", "resource"]
Routing = Literal["memory", "traces"]


@dataclass(frozen=True, slots=True)
class Performer:
    """Somebody who does the work of a node.

    Attributes
    ----------
    resource : int
        Index into ``Process.resources``.
    weight : float
        How often, relative to the others, this one takes it when all are free.
    work : int
        Table of this one's work at the node (index into ``Process.works``); -1: the step's own table.
    """

    resource: int
    weight: float
    work: int = -1


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases of a node are collected and let go together.

    Attributes
    ----------
    kind : {"slots", "size"}
        ``slots``: at set half hours of the week (a weekly meeting, a daily release); ``size``: when ``size`` are there.
    gate : int
        ``slots``: index into ``Process.gates``, whose rate is above 0 in the half hours at whose beginning cases are let go.
    size : int
        ``size``: how many make a batch.
    patience_h : float
        ``size``: wall-clock hours after which an incomplete batch goes too.
    """

    kind: Literal["slots", "size"]
    gate: int = -1
    size: int = 0
    patience_h: float = float("inf")


@dataclass(frozen=True)
class Node:
    """One kind of work: an activity as one department (and office, at one sign-off level) does it for one item.

    Attributes
    ----------
    pool, clock : int
        Index into ``Process.pools`` (-1: none) and ``Process.profiles`` (its delay clock).
    performers : tuple of Performer
        Who does it; empty: nobody in particular, and nothing queues.
    overtime : int
        Index into ``Process.gates``: half hours in which somebody takes it up although nobody is on duty; -1: never.
    runs_on : float
        Probability that work which is not done when its officer's hours end is finished all the same, not the next day.
    """

    activity: str
    department: str | None = None
    office: str | None = None
    stage: str | None = None
    item: str | None = None
    level: int | None = None
    automatic: bool = False
    pool: int = -1
    clock: int = 0
    performers: tuple[Performer, ...] = ()
    batch: Batch | None = None
    overtime: int = -1
    runs_on: float = 0.0

    @property
    def applicant(self) -> bool:
        return self.department == APPLICANT

    @property
    def counts_in_clock(self) -> bool | None:
        """Whether its time counts in the official clock, from acceptance to decision; None where its stage is not known.

        Special procedures are taken off case by case (``Branch.episodes``), not by activity.
        """
        if self.stage is None:
            return None
        return self.stage in IN_CLOCK and not self.applicant

    def with_step_work(self) -> tuple[Performer, ...]:
        """Return who does it, each with the step's table of work instead of his own: for work that is no longer the same."""
        return tuple(replace(p, work=-1) for p in self.performers)


@dataclass(frozen=True, slots=True)
class Step:
    """One activity instance of a template.

    Attributes
    ----------
    node : int
        Index into ``Process.nodes``.
    after : tuple of int
        Steps of the same branch that must have ended; empty: the case's arrival.
    wait, work : int
        Tables of the delay before it and of the work in it; -1: none.
    origin : int
        Its place in the observed trace. Draws are tied to it, so that a redesigned case keeps its luck.
    site : str or None
        Where the applicant went for it.
    cause : tuple of str
        Materials a correction was about.
    band : int
        Which of the ``BANDS`` equal parts of its delay table the observed delay lay in; the simulation draws within
        it. Delays of one case go together (one officer does five steps in ten minutes, or none for a week); drawn
        independently they would average out, and no simulated case would be as quick or as slow as observed ones.
        ``WHOLE`` (-1): from the whole table.
    """

    node: int
    after: tuple[int, ...]
    wait: int
    work: int
    origin: int
    site: str | None = None
    cause: tuple[str, ...] = ()
    band: int = 0


@dataclass(frozen=True, slots=True)
class MaterialUse:
    """One material handed in (or fetched) at one step."""

    step: int
    item: str | None
    canonical_id: str
    source: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Episode:
    """A special procedure between the ends of two steps."""

    first: int
    last: int
    item: str | None
    kind: str
    counts_in_clock: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """A visit at which nothing was done: the applicant came in vain, or the log ties no event to it.

    Attributes
    ----------
    step : int
        The step it was meant for.
    days_before : int
        Calendar days before the end of that step.
    """

    step: int
    site: str
    days_before: int
    purpose: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One way a template may run, with its probability.

    Attributes
    ----------
    merged : tuple of (int, int)
        Origins of steps that measures have merged away, each with the origin of the step that took them over.
    """

    probability: float
    steps: tuple[Step, ...]
    materials: tuple[MaterialUse, ...] = ()
    episodes: tuple[Episode, ...] = ()
    trips: tuple[Trip, ...] = ()
    merged: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """One way a case runs, as a partial order, and how often cases run it.

    Attributes
    ----------
    cases : float
        Weight: the observed cases it stands for.
    branches : tuple of Branch
        Usually one; measures make several.
    attributes : tuple of (str, str)
        Attributes such cases have, such as ``("channel", "online")``.
    priority : float
        Where a pool serves by priority: smaller first.
    due_h : float
        Where a pool serves by deadline: wall-clock hours after its arrival at which the case is due.
    """

    cases: float
    branches: tuple[Branch, ...]
    attributes: tuple[tuple[str, str], ...] = ()
    priority: float = 0.0
    due_h: float = float("inf")


@dataclass(frozen=True)
class Pool:
    """People who stand in for each other: activities that share officers share a pool.

    Attributes
    ----------
    capacity : int
        Activity instances the pool can have in work at once.
    resources : int
        Officers.
    utilisation : float
        Share of their working hours in which they were busy in the log.
    discipline : {"fifo", "priority", "deadline"}
        Which waiting case is served first. Nobody is interrupted.
    """

    name: str
    department: str | None
    capacity: int
    resources: int
    utilisation: float
    discipline: Discipline = "fifo"


@dataclass(frozen=True, slots=True)
class Resource:
    """An officer, a shared account, or a system.

    Attributes
    ----------
    calendar : int
        Index into ``Process.calendars``: when this one works.
    capacity : int
        Instances in hand at once: more than one for shared accounts and for people who keep several files open.
    """

    name: str
    pool: int
    calendar: int
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that had not ended when the log did.

    Attributes
    ----------
    arrival, last : datetime64[us]
        Its first and its latest stamp.
    done : tuple of (int, datetime64, datetime64)
        Node, start and end of what has been done.
    ways : tuple of (int, int)
        Ways it may go on: template, and the origin of the last step that counts as done there.
    case_id : str
        Its name in the log.
    attributes : tuple of (str, str)
    """

    arrival: np.datetime64
    last: np.datetime64
    done: tuple[tuple[int, np.datetime64, np.datetime64], ...]
    ways: tuple[tuple[int, int], ...]
    case_id: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Arrivals:
    """How cases arrive, for periods other than the observed one.

    Attributes
    ----------
    clock : Profile
        Arrivals by hour of the week, mean 1.
    gaps : array, shape (len(quantiles.GRID),)
        Table of the time between arrivals, in hours of ``clock``, at the trend's level 1.
    trend : float
        Growth of the arrival rate per 365 days (0.1: 10 % more a year later); 0 unless the log shows one beyond chance.
        It is not carried on beyond the log: later arrivals have the level of the log's end.
    first, last : datetime64[us]
        Observed period; the level is 1 in its middle.
    """

    clock: Profile
    gaps: Array
    trend: float
    first: np.datetime64
    last: np.datetime64


@dataclass(frozen=True)
class Identifiable:
    """What this log can tell apart, and why not where it cannot.

    Attributes
    ----------
    work : bool
        Work can be told from waiting (start times are recorded).
    staffing : bool
        A change of staff can be simulated (work and officers are recorded).
    queue_share : (float, float) or None
        Share of the waiting that queueing explains, as a bracket. At least (pool level): nobody who does such work was on
        duty and idle, until the start. At most (resource level): the officer who did it was busy with something else.
    """

    work: bool
    staffing: bool
    reason_zh: str = ""
    reason_en: str = ""
    queue_share: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Process:
    """The office as it is, fitted to its log, or as a scenario would have it.

    Attributes
    ----------
    nodes : tuple of Node
    templates : tuple of Template
        Routing: every case follows one of them, drawn by weight. Measures change them.
    waits, works : array, shape (k, len(quantiles.GRID))
        Quantile tables, in operational hours and in working hours.
    wait_names : tuple of str
        What each delay table is about, "source → activity".
    profiles : tuple of Profile
        Delay clocks; ``Node.clock`` points into it.
    open_profile : Profile
        Hours in which work without a named officer is done.
    pools, resources : tuple of Pool, tuple of Resource
    calendars : tuple of Profile
        Working hours; ``Resource.calendar`` points into it.
    gates : tuple of Profile
        When batches are let go, and when work is done in overtime; ``Batch.gate`` and ``Node.overtime`` point into it.
    arrivals : array of datetime64
        First events of the observed cases, in order; replayed by the simulation.
    arriving : Arrivals or None
        The model of arrivals, for other periods and numbers.
    open_cases : tuple of OpenCase
        Work in progress when the log ended.
    contention : {"pool", "resource"}
        What queueing means, in the fit and in the simulation: a case waits until *anybody* who does such work is free, or
        for the one officer it is dealt out to.
    habit : float
        Where cases are dealt out to officers: share dealt by who usually does such work; the rest goes to who has least in hand.
    routing : {"memory", "traces"}
        Whether the templates were composed from the log's cases or are these themselves.
    source : {"log", "diagram"}
        Where it comes from.
    date_only : bool
        The log has dates without hours; so have the logs of the simulation.
    unit, calendar
        How the log was counted, and the official calendar.
    changes : tuple of (str, int)
        Measures applied so far, with the number of observed cases each one changes.
    """

    nodes: tuple[Node, ...]
    templates: tuple[Template, ...]
    waits: Array
    works: Array
    wait_names: tuple[str, ...]
    profiles: tuple[Profile, ...]
    open_profile: Profile
    pools: tuple[Pool, ...]
    arrivals: npt.NDArray[np.datetime64]
    unit: Unit
    calendar: str
    identifiable: Identifiable
    resources: tuple[Resource, ...] = ()
    calendars: tuple[Profile, ...] = ()
    gates: tuple[Profile, ...] = ()
    arriving: Arrivals | None = None
    open_cases: tuple[OpenCase, ...] = ()
    contention: Contention = "pool"
    habit: float = 1.0
    routing: Routing = "traces"
    source: Literal["log", "diagram"] = "log"
    date_only: bool = False
    has_materials: bool = False
    has_visits: bool = False
    has_special: bool = False
    item_names: Mapping[str, str] = field(default_factory=dict)
    material_names: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[tuple[str, int], ...] = ()
    catalogue: Catalogue | None = field(default=None, compare=False)

    @property
    def cases(self) -> int:
        """Observed cases the templates stand for."""
        return round(sum(t.cases for t in self.templates))

    @property
    def activities(self) -> list[str]:
        return list(dict.fromkeys(n.activity for n in self.nodes))

    def nodes_of(self, activity: str) -> set[int]:
        """Return the nodes that carry an activity label."""
        return {i for i, node in enumerate(self.nodes) if node.activity == activity}

    def node_cases(self) -> Array:
        """Return for every node the (weighted) number of observed cases that pass it."""
        counts = np.zeros(len(self.nodes))
        for template in self.templates:
            for branch in template.branches:
                used = list({step.node for step in branch.steps})
                counts[used] += template.cases * branch.probability
        return counts

    def with_node(self, node: Node) -> tuple[Process, int]:
        """Return a process that has ``node``, and its index."""
        if node in self.nodes:
            return self, self.nodes.index(node)
        return replace(self, nodes=(*self.nodes, node)), len(self.nodes)

    def __eq__(self, other: object) -> bool:
        from flowaudit.process.saved import to_dict

        return isinstance(other, Process) and to_dict(self) == to_dict(other)

    def __hash__(self) -> int:
        return hash((self.nodes, self.pools, len(self.templates)))

    def with_staff(self, pool: int | str, add: int) -> Process:
        """Return the process with ``add`` places more (or fewer) in a pool, given by number or name.

        New officers are copies of the pool's own, the busiest kind first: they do the same work in the same hours. Places are
        taken away from the last officer on.

        Raises
        ------
        UsageError
            If there is no such pool, or fewer than one place would be left.
        """
        pool = self._pool(pool)
        own = [i for i, r in enumerate(self.resources) if r.pool == pool]
        old = self.pools[pool]
        if old.capacity + add < 1:
            raise UsageError(
                _("{pool} has {n} places; one must stay.", pool=old.name, n=old.capacity), hint="with_staff(pool, 1)"
            )
        resources, nodes = list(self.resources), list(self.nodes)
        if not own:
            raise UsageError(_("pool {pool} has nobody to be copied.", pool=old.name), hint="print(process)")
        if add > 0:
            share = {i: sum(p.weight for n in nodes for p in n.performers if p.resource == i) for i in own}
            ranked = sorted(own, key=lambda i: (-share[i], i))
            for k in range(add):
                model = ranked[k % len(ranked)]
                new = len(resources)
                resources.append(replace(resources[model], name=f"{old.name}#+{len(own) + k + 1}", capacity=1))
                for n, node in enumerate(nodes):
                    same = [p for p in node.performers if p.resource == model]
                    if same:
                        nodes[n] = replace(node, performers=(*node.performers, replace(same[0], resource=new)))
        for _place in range(max(-add, 0)):
            last = next(i for i in reversed(own) if resources[i].capacity > 0)
            resources[last] = replace(resources[last], capacity=resources[last].capacity - 1)
        people = sum(r.capacity > 0 for r in resources if r.pool == pool)
        pools = list(self.pools)
        pools[pool] = replace(old, capacity=old.capacity + add, resources=people)
        return replace(
            self, resources=tuple(resources), nodes=tuple(nodes), pools=tuple(pools), catalogue=self.catalogue
        )

    def _pool(self, pool: int | str) -> int:
        names = [p.name for p in self.pools]
        if isinstance(pool, str) and pool in names:
            return names.index(pool)
        if isinstance(pool, int) and 0 <= pool < len(names):
            return pool
        raise UsageError(
            _("there is no pool called '{name}'.", name=pool),
            hint=_("there are: {names}", names=", ".join(nearest(str(pool), names) or names[:5]) or "-"),
        )

    def activity_table(self) -> pd.DataFrame:
        """Return what is done, one row for each node.

        Returns
        -------
        pd.DataFrame
            Columns ``activity, item, stage, department, office, level, automatic, counts_in_clock, per_case`` (mean number of times),
            ``needs_visit`` (share of its instances with a visit), ``materials`` (mean number handed in at it),
            ``work_h`` (mean, working hours; NaN where not identifiable), ``delay_h`` (mean, operational hours), ``pool,
            officers``.
        """
        n = len(self.nodes)
        times, visits, handed, work, delay = (np.zeros(n) for _column in range(5))
        mean_wait = np.array([quantiles.band_means(t, BANDS) for t in self.waits]).reshape(len(self.waits), BANDS + 1)
        mean_work = np.array([quantiles.mean(t) for t in self.works]) if len(self.works) else np.zeros(1)
        for template in self.templates:
            for branch in template.branches:
                weight = template.cases * branch.probability
                for step in branch.steps:
                    times[step.node] += weight
                    visits[step.node] += weight * (step.site is not None)
                    delay[step.node] += weight * (mean_wait[step.wait, step.band] if step.wait >= 0 else 0.0)
                    work[step.node] += weight * (mean_work[step.work] if step.work >= 0 else 0.0)
                for use in branch.materials:
                    handed[branch.steps[use.step].node] += weight
        used = np.flatnonzero(times)
        seen = times[used]
        rows = [self.nodes[i] for i in used]
        return pd.DataFrame(
            {
                "activity": [r.activity for r in rows],
                "item": [r.item for r in rows],
                "stage": [r.stage for r in rows],
                "department": [r.department for r in rows],
                "office": [r.office for r in rows],
                "level": pd.array([r.level for r in rows], dtype="Int64"),
                "automatic": [r.automatic for r in rows],
                "counts_in_clock": pd.array([r.counts_in_clock for r in rows], dtype="boolean"),
                "per_case": seen / max(sum(t.cases for t in self.templates), 1e-9),
                "needs_visit": visits[used] / seen if self.has_visits else np.full(len(used), np.nan),
                "materials": handed[used] / seen if self.has_materials else np.full(len(used), np.nan),
                "work_h": work[used] / seen if self.identifiable.work else np.full(len(used), np.nan),
                "delay_h": delay[used] / seen,
                "pool": [self.pools[r.pool].name if r.pool >= 0 else None for r in rows],
                "officers": [len(r.performers) for r in rows],
            }
        )

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = [
            _("Process read from a diagram: {a} activities, {t} ways to run", a=len(self.activities), t=len(self.templates))
            if self.source == "diagram"
            else _("Process fitted to {n} cases, {a} activities, {t} ways to run", n=self.cases, a=len(self.activities), t=len(self.templates)),
        ]  # fmt: skip
        if self.routing == "memory":
            lines.append(
                _(
                    "ways are composed from what followed the same past in the log; every activity is as frequent as there"
                )
            )
        if len(self.arrivals) and self.source == "diagram":
            lines.append(
                _(
                    "arrivals: {n} planned, evenly spaced from {first} on",
                    n=len(self.arrivals),
                    first=str(self.arrivals[0])[:10],
                )
            )
        elif len(self.arrivals):
            lines.append(
                _("arrivals: {n}, {first} to {last}, replayed", n=len(self.arrivals), first=str(self.arrivals[0])[:10], last=str(self.arrivals[-1])[:10])
            )  # fmt: skip
        if self.arriving is not None and self.arriving.trend:
            lines.append(_("arrivals change by {trend:+.0%} a year", trend=self.arriving.trend))
        lines.append(
            _("delays: {n} quantile tables in operational time, {k} clocks", n=len(self.waits), k=len(self.profiles))
        )
        for pool in self.pools:
            lines.append(
                _(
                    "pool {name}: {resources} officers, {capacity} instances at once, busy {busy:.0%} of their working hours",
                    name=pool.name, capacity=pool.capacity, resources=pool.resources, busy=pool.utilisation,
                )
            )  # fmt: skip
        batches = [n.activity for n in self.nodes if n.batch is not None]
        if batches:
            lines.append(_("handled in batches: {names}", names=", ".join(dict.fromkeys(batches))))
        if self.open_cases:
            lines.append(_("not yet ended when the log ends: {n} cases", n=len(self.open_cases)))
        if not self.identifiable.work:
            lines.append(_("not identifiable: work against waiting; staffing measures are refused"))
        elif self.identifiable.queue_share is not None:
            low, high = self.identifiable.queue_share
            lines.append(
                _("queueing explains {low:.0%} (pool level) to {high:.0%} (resource level) of the waiting", low=low, high=high)
            )  # fmt: skip
        lines.extend(f"- {label}: {n}" for label, n in self.changes)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<pre>" + html.escape(str(self)) + "</pre>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the process as one JSON file; its schema lies in ``process/schema.json``."""
        from flowaudit.process.saved import write

        write(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Process:
        """Read a process written by :meth:`save`.

        Raises
        ------
        InputError
            If the file is not one of ours, or breaks its schema; naming the place in it.
        """
        from flowaudit.process.saved import read

        return read(path)
