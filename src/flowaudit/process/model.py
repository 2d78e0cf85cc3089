"""The model a simulator runs: nodes, trace templates, delays, work, pools, arrivals. Immutable; one JSON file."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flowaudit.catalogue import Catalogue
from flowaudit.errors import InputError
from flowaudit.eventlog import APPLICANT, Unit
from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.clock import Profile

SCHEMA = "flowaudit.process/1"
BANDS = 4
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Node:
    """One kind of work: an activity as one department (and office, at one sign-off level) does it for one item."""

    activity: str
    department: str | None = None
    office: str | None = None
    stage: str | None = None
    item: str | None = None
    level: int | None = None
    automatic: bool = False
    pool: int = -1
    clock: int = 0

    @property
    def applicant(self) -> bool:
        return self.department == APPLICANT


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
class Branch:
    """One way a template may run, with its probability."""

    probability: float
    steps: tuple[Step, ...]
    materials: tuple[MaterialUse, ...] = ()
    episodes: tuple[Episode, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """An observed trace as a partial order, and how many cases followed it."""

    cases: int
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Pool:
    """People who stand in for each other: activities that share officers share a pool."""

    name: str
    department: str | None
    capacity: int
    resources: int
    utilisation: float


@dataclass(frozen=True)
class Identifiable:
    """What this log can tell apart, and why not where it cannot.

    Attributes
    ----------
    work : bool
        Work can be told from waiting (start times are recorded).
    staffing : bool
        A change of staff can be simulated (work and officers are recorded).
    queue_share : float or None
        Share of the waiting that queueing can explain at most: the pool was busy, without a gap, until the start.
    """

    work: bool
    staffing: bool
    reason_zh: str = ""
    reason_en: str = ""
    queue_share: float | None = None


@dataclass(frozen=True)
class Process:
    """The office as it is, fitted to its log, or as a scenario would have it.

    Attributes
    ----------
    nodes : tuple of Node
    templates : tuple of Template
        Routing: cases follow observed traces, drawn by weight. Measures change the traces.
    waits, works : array, shape (k, len(quantiles.GRID))
        Quantile tables, in operational hours and in open hours.
    wait_names : tuple of str
        What each delay table is about, "source → activity".
    profiles : tuple of Profile
        Delay clocks; ``Node.clock`` points into it.
    open_profile : Profile
        Hours in which work is done.
    pools : tuple of Pool
    arrivals : array of datetime64
        First events of the observed cases, in order; replayed by the simulation.
    unit, calendar, policy_hint, span
        How the log was counted and when.
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
    open_cases: int = 0
    has_materials: bool = False
    has_visits: bool = False
    has_special: bool = False
    item_names: Mapping[str, str] = field(default_factory=dict)
    material_names: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[tuple[str, int], ...] = ()
    catalogue: Catalogue | None = field(default=None, compare=False)

    @property
    def cases(self) -> int:
        return sum(t.cases for t in self.templates)

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

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = [
            _("Process fitted to {n} cases, {a} activities, {t} trace templates", n=self.cases, a=len(self.activities), t=len(self.templates)),
            _("arrivals: {n}, {first} to {last}, replayed", n=len(self.arrivals), first=str(self.arrivals[0])[:10], last=str(self.arrivals[-1])[:10]),
            _("delays: {n} quantile tables in operational time, {k} clocks", n=len(self.waits), k=len(self.profiles)),
        ]  # fmt: skip
        for pool in self.pools:
            lines.append(
                _(
                    "pool {name}: capacity {capacity} ({resources} officers), busy {busy:.0%} of open hours",
                    name=pool.name, capacity=pool.capacity, resources=pool.resources, busy=pool.utilisation,
                )
            )  # fmt: skip
        if not self.identifiable.work:
            lines.append(_("not identifiable: work against waiting; staffing measures are refused"))
        elif self.identifiable.queue_share is not None:
            lines.append(
                _(
                    "queueing explains at most {share:.0%} of the waiting (pool level)",
                    share=self.identifiable.queue_share,
                )
            )
        lines.extend(f"- {label}: {n}" for label, n in self.changes)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<pre>" + html.escape(str(self)) + "</pre>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the process as one JSON file (schema ``flowaudit.process/1``)."""
        target = Path(path)
        temporary = target.with_name(target.name + ".part")
        temporary.write_text(json.dumps(to_dict(self), ensure_ascii=False), encoding="utf-8")
        temporary.replace(target)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Process:
        """Read a process written by :meth:`save`.

        Raises
        ------
        InputError
            If the file is not one of ours.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(_("{file}: not a process file ({error}).", file=str(path), error=error)) from None
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise InputError(
                _("{file}: not a process file of schema {schema}.", file=str(path), schema=SCHEMA),
                hint=_("give the process.json that flowaudit run wrote."),
            )
        return from_dict(data)


def to_dict(process: Process) -> dict[str, Any]:
    """Return a process as plain data; steps are rows ``[node, after, wait, work, origin, site, cause, band]``."""
    return {
        "schema": SCHEMA,
        "unit": process.unit,
        "calendar": process.calendar,
        "identifiable": vars(process.identifiable),
        "nodes": [vars(n) for n in process.nodes],
        "pools": [vars(p) for p in process.pools],
        "arrivals": [str(t) for t in process.arrivals.astype("datetime64[us]")],
        "grid": quantiles.GRID.tolist(),
        "waits": process.waits.tolist(),
        "wait_names": list(process.wait_names),
        "works": process.works.tolist(),
        "profiles": [p.rates.tolist() for p in process.profiles],
        "open_hours": process.open_profile.rates.tolist(),
        "templates": [
            [t.cases, [[b.probability, [_row(s) for s in b.steps], [_row(m) for m in b.materials], [_row(e) for e in b.episodes]] for b in t.branches]]
            for t in process.templates
        ],
        "open_cases": process.open_cases,
        "has": [process.has_materials, process.has_visits, process.has_special],
        "item_names": dict(process.item_names),
        "material_names": dict(process.material_names),
        "changes": [list(c) for c in process.changes],
    }  # fmt: skip


def _row(thing: Step | MaterialUse | Episode) -> list[Any]:
    return [getattr(thing, name) for name in thing.__slots__]


def from_dict(data: Mapping[str, Any]) -> Process:
    """Build a process from :func:`to_dict`'s data."""

    def table(rows: Sequence[Sequence[float]]) -> Array:
        return np.array(rows, float).reshape(len(rows), len(quantiles.GRID))

    def branches(rows: Sequence[Any]) -> Iterator[Branch]:
        for probability, steps, materials, episodes in rows:
            yield Branch(
                probability,
                tuple(Step(s[0], tuple(s[1]), s[2], s[3], s[4], s[5], tuple(s[6]), s[7]) for s in steps),
                tuple(MaterialUse(*m) for m in materials),
                tuple(Episode(*e) for e in episodes),
            )

    has_materials, has_visits, has_special = data["has"]
    return Process(
        nodes=tuple(Node(**n) for n in data["nodes"]),
        templates=tuple(Template(cases, tuple(branches(rows))) for cases, rows in data["templates"]),
        waits=table(data["waits"]),
        works=table(data["works"]),
        wait_names=tuple(data["wait_names"]),
        profiles=tuple(Profile(np.array(p, float)) for p in data["profiles"]),
        open_profile=Profile(np.array(data["open_hours"], float)),
        pools=tuple(Pool(**p) for p in data["pools"]),
        arrivals=np.array(data["arrivals"], "datetime64[us]"),
        unit=data["unit"],
        calendar=data["calendar"],
        identifiable=Identifiable(**data["identifiable"]),
        open_cases=data["open_cases"],
        has_materials=has_materials,
        has_visits=has_visits,
        has_special=has_special,
        item_names=data["item_names"],
        material_names=data["material_names"],
        changes=tuple((label, n) for label, n in data["changes"]),
    )
