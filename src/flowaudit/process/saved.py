"""A process as one JSON file with a schema, and back."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from flowaudit.errors import InputError, UsageError
from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.clock import SLOTS, Profile
from flowaudit.process.model import (
    Arrivals,
    Batch,
    Branch,
    Episode,
    Identifiable,
    MaterialUse,
    Node,
    OpenCase,
    Performer,
    Pool,
    Process,
    Resource,
    Step,
    Template,
    Trip,
)
from flowaudit.worktime import CLASSES

SCHEMA = "flowaudit.process/2"
Row = TypeVar("Row", bound=NamedTuple)
Pairs = tuple[tuple[str, str], ...]


class StepRow(NamedTuple):
    """As :class:`~flowaudit.process.Step`."""

    node: int
    after: tuple[int, ...]
    wait: int
    work: int
    origin: int
    site: str | None
    cause: tuple[str, ...]
    band: int


class MaterialRow(NamedTuple):
    """As :class:`~flowaudit.process.MaterialUse`."""

    step: int
    item: str | None
    canonical_id: str
    source: str
    accepted: bool


class EpisodeRow(NamedTuple):
    """As :class:`~flowaudit.process.Episode`."""

    first: int
    last: int
    item: str | None
    kind: str
    counts_in_clock: bool


class TripRow(NamedTuple):
    """As :class:`~flowaudit.process.Trip`."""

    step: int
    site: str
    days_before: int
    purpose: str | None
    outcome: str | None


class BranchRow(NamedTuple):
    """As :class:`~flowaudit.process.Branch`."""

    probability: float
    steps: list[StepRow]
    materials: list[MaterialRow]
    episodes: list[EpisodeRow]
    trips: list[TripRow]
    merged: tuple[tuple[int, int], ...] = ()


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SavedTemplate(_Part):
    cases: float
    branches: list[BranchRow]
    attributes: Pairs = ()
    priority: float = 0.0
    due_h: float | None = None


class SavedBatch(_Part):
    kind: Literal["slots", "size"]
    gate: int = -1
    size: int = 0
    patience_h: float | None = None


class SavedNode(_Part):
    activity: str
    department: str | None = None
    office: str | None = None
    stage: str | None = None
    item: str | None = None
    level: int | None = None
    automatic: bool = False
    pool: int = -1
    clock: int = 0
    performers: list[tuple[int, float, int]] = []
    batch: SavedBatch | None = None
    overtime: int = -1
    runs_on: float = 0.0


class SavedPool(_Part):
    name: str
    department: str | None
    capacity: int
    resources: int
    utilisation: float
    discipline: Literal["fifo", "priority", "deadline"] = "fifo"


class SavedResource(_Part):
    name: str
    pool: int
    calendar: int
    capacity: int = 1


class SavedArrivals(_Part):
    clock: list[list[float]]
    gaps: list[float]
    trend: float
    first: str
    last: str


class SavedOpenCase(_Part):
    arrival: str
    last: str
    done: list[tuple[int, str, str]]
    ways: list[tuple[int, int]]
    case_id: str = ""
    attributes: Pairs = ()


class SavedIdentifiable(_Part):
    work: bool
    staffing: bool
    reason_zh: str = ""
    reason_en: str = ""
    queue_share: tuple[float, float] | None = None


class SavedProcess(_Part):
    """What ``process.json`` holds. Times are local wall time, durations hours, profiles 9 day classes by 48 half hours."""

    schema_: Literal["flowaudit.process/2"]
    unit: Literal["case", "bundle"]
    calendar: str
    contention: Literal["pool", "resource"]
    habit: float
    routing: Literal["memory", "traces"]
    source: Literal["log", "diagram"]
    date_only: bool
    identifiable: SavedIdentifiable
    grid: list[float]
    nodes: list[SavedNode]
    templates: list[SavedTemplate]
    waits: list[list[float]]
    wait_names: list[str]
    works: list[list[float]]
    profiles: list[list[list[float]]]
    open_hours: list[list[float]]
    pools: list[SavedPool]
    resources: list[SavedResource]
    calendars: list[list[list[float]]]
    gates: list[list[list[float]]]
    arrivals: list[str]
    arriving: SavedArrivals | None
    open_cases: list[SavedOpenCase]
    has_materials: bool
    has_visits: bool
    has_special: bool
    item_names: dict[str, str]
    material_names: dict[str, str]
    changes: list[tuple[str, int]]

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.rstrip("_"), populate_by_name=True
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a process file."""
    return SavedProcess.model_json_schema(by_alias=True)


def write(process: Process, path: str | os.PathLike[str]) -> None:
    """Write a process; the file is replaced only when it is whole."""
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(
            _("'{path}' cannot be written: it is a folder, or its folder does not exist.", path=target),
            hint='process.save("process.json")',
        )
    temporary = target.with_name(target.name + ".part")
    temporary.write_text(
        json.dumps(to_dict(process), ensure_ascii=False, allow_nan=False), encoding="utf-8", newline="\n"
    )
    temporary.replace(target)


def read(path: str | os.PathLike[str]) -> Process:
    """Read a process file.

    Raises
    ------
    InputError
        If it is no JSON file, has another schema, or breaks it; naming the first place that does and how many there are.
    """
    source = Path(path)
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(_("{file}: not a process file ({error}).", file=source.name, error=error)) from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(
            _("{file}: not a process file of schema {schema}.", file=source.name, schema=SCHEMA),
            hint=_("give a process.json written by this version of flowaudit."),
        )
    try:
        saved = SavedProcess.model_validate(data)
        return _process(saved)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        raise InputError(
            _("{file}: {n} places break the schema; the first, {place}: {problem}.", file=source.name, n=error.error_count(), place=place, problem=first["msg"]),
            hint=_("the schema is printed by flowaudit.process.schema()."),
        ) from None  # fmt: skip
    except (ValueError, TypeError) as error:
        raise InputError(_("{file}: not a process file ({error}).", file=source.name, error=error)) from None


def to_dict(process: Process) -> dict[str, Any]:
    """Return a process as plain data of :func:`schema`."""
    arriving = process.arriving
    return {
        "schema": SCHEMA,
        "unit": process.unit,
        "calendar": process.calendar,
        "contention": process.contention,
        "habit": process.habit,
        "routing": process.routing,
        "source": process.source,
        "date_only": process.date_only,
        "identifiable": asdict(process.identifiable),
        "grid": quantiles.GRID.tolist(),
        "nodes": [_node(n) for n in process.nodes],
        "templates": [_template(t) for t in process.templates],
        "waits": process.waits.tolist(),
        "wait_names": list(process.wait_names),
        "works": process.works.tolist(),
        "profiles": [p.rates.tolist() for p in process.profiles],
        "open_hours": process.open_profile.rates.tolist(),
        "pools": [asdict(p) for p in process.pools],
        "resources": [asdict(r) for r in process.resources],
        "calendars": [c.rates.tolist() for c in process.calendars],
        "gates": [g.rates.tolist() for g in process.gates],
        "arrivals": [_stamp(t) for t in process.arrivals],
        "arriving": None if arriving is None else {
            "clock": arriving.clock.rates.tolist(), "gaps": arriving.gaps.tolist(), "trend": arriving.trend,
            "first": _stamp(arriving.first), "last": _stamp(arriving.last),
        },
        "open_cases": [
            {"arrival": _stamp(c.arrival), "last": _stamp(c.last), "done": [[n, _stamp(a), _stamp(b)] for n, a, b in c.done],
             "ways": [list(w) for w in c.ways], "case_id": c.case_id, "attributes": [list(a) for a in c.attributes]}
            for c in process.open_cases
        ],
        "has_materials": process.has_materials,
        "has_visits": process.has_visits,
        "has_special": process.has_special,
        "item_names": dict(process.item_names),
        "material_names": dict(process.material_names),
        "changes": [list(c) for c in process.changes],
    }  # fmt: skip


def digest(process: Process) -> str:
    """Return the SHA-256 of what :func:`write` would write: equal for equal processes."""
    return hashlib.sha256(json.dumps(to_dict(process), ensure_ascii=False).encode()).hexdigest()


def _stamp(t: np.datetime64) -> str:
    return str(t.astype("datetime64[us]"))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _node(node: Node) -> dict[str, Any]:
    plain = {f.name: getattr(node, f.name) for f in fields(node)}
    batch = node.batch
    return plain | {
        "performers": [[p.resource, p.weight, p.work] for p in node.performers],
        "batch": None if batch is None else {"kind": batch.kind, "gate": batch.gate, "size": batch.size, "patience_h": _finite(batch.patience_h)},
    }  # fmt: skip


def _template(template: Template) -> dict[str, Any]:
    return {
        "cases": template.cases,
        "branches": [
            [b.probability, *map(_lists, (b.steps, b.materials, b.episodes, b.trips)), [list(m) for m in b.merged]]
            for b in template.branches
        ],
        "attributes": [list(a) for a in template.attributes],
        "priority": template.priority,
        "due_h": _finite(template.due_h),
    }


def _lists(things: Iterable[Any]) -> list[list[Any]]:
    return [[getattr(thing, name) for name in thing.__slots__] for thing in things]


def _profile(rates: list[list[float]]) -> Profile:
    array = np.array(rates, float)
    if array.shape != (CLASSES, SLOTS):
        raise ValueError(_("a profile has {shape} rates, not 9 by 48", shape=array.shape))
    return Profile(array)


def _tables(rows: list[list[float]]) -> npt.NDArray[np.float64]:
    return np.array(rows, float).reshape(len(rows), len(quantiles.GRID))


def _process(saved: SavedProcess) -> Process:
    if len(saved.grid) != len(quantiles.GRID) or not np.allclose(saved.grid, quantiles.GRID):
        raise ValueError(_("its tables stand on another grid of probabilities"))
    model = saved.arriving
    return Process(
        nodes=tuple(
            Node(
                **n.model_dump(exclude={"performers", "batch"}),
                performers=tuple(Performer(*p) for p in n.performers),
                batch=None if n.batch is None else Batch(n.batch.kind, n.batch.gate, n.batch.size, _or_inf(n.batch.patience_h)),
            )
            for n in saved.nodes
        ),
        templates=tuple(
            Template(
                t.cases,
                tuple(
                    Branch(b.probability, tuple(Step(*s) for s in b.steps), tuple(MaterialUse(*m) for m in b.materials), tuple(Episode(*e) for e in b.episodes),
                           tuple(Trip(*v) for v in b.trips), tuple(b.merged))
                    for b in t.branches
                ),
                t.attributes,
                t.priority,
                _or_inf(t.due_h),
            )
            for t in saved.templates
        ),
        waits=_tables(saved.waits),
        works=_tables(saved.works),
        wait_names=tuple(saved.wait_names),
        profiles=tuple(_profile(p) for p in saved.profiles),
        open_profile=_profile(saved.open_hours),
        pools=tuple(Pool(**p.model_dump()) for p in saved.pools),
        arrivals=np.array(saved.arrivals, "datetime64[us]"),
        unit=saved.unit,
        calendar=saved.calendar,
        identifiable=Identifiable(**saved.identifiable.model_dump()),
        resources=tuple(Resource(**r.model_dump()) for r in saved.resources),
        calendars=tuple(_profile(c) for c in saved.calendars),
        gates=tuple(_profile(g) for g in saved.gates),
        arriving=None if model is None else Arrivals(
            _profile(model.clock), np.array(model.gaps, float), model.trend, _moment(model.first), _moment(model.last)
        ),
        open_cases=tuple(
            OpenCase(_moment(c.arrival), _moment(c.last), tuple((n, _moment(a), _moment(b)) for n, a, b in c.done), tuple(c.ways), c.case_id, c.attributes)
            for c in saved.open_cases
        ),
        contention=saved.contention,
        habit=saved.habit,
        routing=saved.routing,
        source=saved.source,
        date_only=saved.date_only,
        has_materials=saved.has_materials,
        has_visits=saved.has_visits,
        has_special=saved.has_special,
        item_names=saved.item_names,
        material_names=saved.material_names,
        changes=tuple(saved.changes),
    )  # fmt: skip


def _moment(text: str) -> np.datetime64:
    return np.datetime64(text, "us")


def _or_inf(value: float | None) -> float:
    return math.inf if value is None else value
