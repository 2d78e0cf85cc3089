"""A process as a BPMN 2.0 diagram with its simulation parameters beside it."""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt

from flowaudit.errors import InsufficientDataError, UsageError
from flowaudit.eventlog import APPLICANT
from flowaudit.messages import translate as _
from flowaudit.process import quantiles
from flowaudit.process.bpmn.graph import Graph, process_graph
from flowaudit.process.bpmn.layout import Arrow, Layout, lay_out
from flowaudit.process.bpmn.mixing import mixture
from flowaudit.process.bpmn.parameters import (
    FORMAT,
    ArrivalsOf,
    BatchOf,
    Duration,
    KnownOf,
    Parameters,
    PersonOf,
    PoolOf,
    ResourceOf,
    TaskOf,
    WorkingHours,
    stated_hours,
)
from flowaudit.process.clock import Profile, always
from flowaudit.process.model import BANDS, Node, Process, Step

Array = npt.NDArray[np.float64]

NAMESPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "flowaudit": "urn:flowaudit:parameters",
}
SIZES = {"start": (36, 36), "end": (36, 36), "task": (110, 80), "xor": (50, 50), "and": (50, 50)}
KINDS = {"start": "startEvent", "end": "endEvent", "xor": "exclusiveGateway", "and": "parallelGateway"}
_CONTROL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def write_bpmn(process: Process, path: str | os.PathLike[str], *, coverage: float = 1.0) -> Path:
    """Write a process as a BPMN 2.0 diagram, and its simulation parameters as JSON beside it.

    Parameters
    ----------
    process : Process
    path : path
        Of the diagram; the parameters get the same name with the ending ``.json``. Both files are replaced only when whole.
    coverage : float
        Share of the cases whose ways the diagram must show, above 0 up to 1. Below 1 the ways with the rarest transitions
        are left out, for people to read; the diagram says which share it shows.

    Returns
    -------
    Path
        Of the parameters.

    Raises
    ------
    UsageError
        If the coverage is out of its range, or the path of the diagram ends in ``.json``.
    InsufficientDataError
        If the process has no way for a case to go.

    Notes
    -----
    Departments are lanes, the applicant's first; automatic nodes are service tasks, others user tasks. What runs side by side
    stands between parallel gateways; all other ways are choices at exclusive gateways with the share of the cases that
    took each. A task may stand in the diagram twice: within a parallel block and outside it.

    ``read_bpmn`` of both files gives a process in which each activity comes as often per case, and takes as much work on
    average, as in the ways shown here. It is not the same process: gateways have no memory (a case that was sent back twice is
    sent back again as likely as any other), delays of one case no longer go together, and visits, materials,
    special procedures, priorities, attributes of cases and the work in progress are not in it.
    """
    target = Path(path)
    if not 0.0 < coverage <= 1.0:
        raise UsageError(_("coverage is a share above 0 up to 1; got {value}.", value=coverage))
    if target.suffix.casefold() == ".json":
        raise UsageError(
            _("the diagram cannot end in .json: its parameters do."), hint=_("write process.bpmn."),
        )  # fmt: skip
    if not any(b.steps for t in process.templates for b in t.branches):
        raise InsufficientDataError(_("there is no way for a case to go"))
    beside = target.with_suffix(".json")
    graph, steps = process_graph(process, coverage)
    figures = _figures(process, steps)
    names = [f"{_TAGS[v.kind]}_{k}" for k, v in enumerate(graph.vertices)]
    parameters = _parameters(process, graph, names, figures)
    # A name that two places have is no name: XML identifiers are made here, and lanes keep the order of the work.
    xml = _xml(process, graph, names, figures, target.stem)
    text = json.dumps(
        parameters.model_dump(mode="json", exclude_unset=True), ensure_ascii=False, allow_nan=False, indent=1
    )
    _replace(beside, text + "\n")
    _replace(target, xml + "\n")
    return beside


_TAGS = {"start": "Start", "end": "End", "task": "Task", "xor": "Choice", "and": "Parallel"}


def _replace(target: Path, text: str) -> None:
    temporary = target.with_name(target.name + ".part")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(target)


@dataclass(frozen=True)
class _Figures:
    """What the steps shown say of a node.

    Attributes
    ----------
    cases : float
        Times it is done, over all cases.
    work, delay : array or None
        Tables; None where there is nothing but zero.
    """

    cases: float
    work: Array | None
    delay: Array | None


def _figures(process: Process, steps: list[tuple[float, Step]]) -> dict[int, _Figures]:
    work: dict[int, Counter[int]] = defaultdict(Counter)
    delay: dict[int, Counter[tuple[int, int]]] = defaultdict(Counter)
    times: dict[int, float] = defaultdict(float)
    for w, s in steps:
        times[s.node] += w
        work[s.node][s.work] += w  # type: ignore[assignment]
        delay[s.node][s.wait, s.band] += w  # type: ignore[assignment]
    zero = np.zeros(len(quantiles.GRID))

    def mixed(tables: Array, weight: Counter[tuple[int, int]], bands: int) -> Array | None:
        rows = [tables[k] if k >= 0 else zero for k, _band in weight]
        parts = [(band / bands, (band + 1) / bands) if band >= 0 else (0.0, 1.0) for _k, band in weight]
        made = mixture(rows, list(weight.values()), parts)
        return made if made.any() else None

    return {
        n: _Figures(
            times[n],
            mixed(process.works, Counter({(k, 0): w for k, w in work[n].items()}), 1),
            mixed(process.waits, delay[n], BANDS),
        )
        for n in times
    }


def _table(knots: Array | None) -> Duration:
    if knots is None or not np.ptp(knots):
        return Duration(family="constant", value=0.0 if knots is None else float(knots[0]))
    return Duration(hours=[float(f"{h:.9g}") for h in np.maximum.accumulate(knots)])


class _Names:
    """Names for things that may have the same one."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def new(self, wish: str) -> str:
        name, k = wish, 1
        while name in self.taken:
            k += 1
            name = f"{wish} {k}"
        self.taken.add(name)
        return name


class _Calendars:
    """Calendars with names, each profile once."""

    def __init__(self) -> None:
        self.hours: dict[str, WorkingHours] = {}
        self._name: dict[Profile, str] = {}

    def name(self, profile: Profile, wish: str) -> str:
        """Return the name of a profile, which is put down if it is new."""
        if profile not in self._name:
            k = sum(name.startswith(wish) for name in self.hours) + 1
            self._name[profile] = f"{wish} {k}"
            self.hours[self._name[profile]] = stated_hours(profile)
        return self._name[profile]

    def unless_always(self, profile: Profile, wish: str) -> str | None:
        return None if profile == always() else self.name(profile, wish)


def _parameters(process: Process, graph: Graph, names: list[str], figures: dict[int, _Figures]) -> Parameters:
    calendars, made = _Calendars(), _Names()
    pool_names = [made.new(p.name) for p in process.pools]
    made = _Names()
    there = [k for k, r in enumerate(process.resources) if r.capacity > 0]
    resource_names = {k: made.new(process.resources[k].name) for k in there}
    resources = {
        resource_names[k]: ResourceOf(
            pool=pool_names[process.resources[k].pool],
            calendar=calendars.name(process.calendars[process.resources[k].calendar], "hours"),
            capacity=process.resources[k].capacity,
        )
        for k in there
    }
    tasks = {
        names[v]: _task(process, vertex.node, figures[vertex.node], pool_names, resource_names, calendars)
        for v, vertex in enumerate(graph.vertices)
        if vertex.kind == "task"
    }
    gateways: dict[str, dict[str, float]] = defaultdict(dict)
    for k, e in enumerate(graph.edges):
        if e.probability is not None:
            gateways[names[e.source]][f"Flow_{k}"] = e.probability
    given = {
        "format": FORMAT,
        "cases": max(process.cases, 1),
        "official_calendar": process.calendar,
        "contention": process.contention,
        "habit": process.habit,
        "pools": {
            name: PoolOf(department=p.department, discipline="deadline" if p.discipline == "deadline" else "fifo")
            for name, p in zip(pool_names, process.pools, strict=True)
        },
        "resources": resources,
        "tasks": tasks,
        "gateways": dict(gateways),
        "open_hours": calendars.unless_always(process.open_profile, "open"),
        **_arriving(process, calendars),
    }
    known = process.identifiable
    if not (known.work and known.staffing):
        given["known"] = KnownOf(
            work=known.work, staffing=known.staffing, reason_zh=known.reason_zh, reason_en=known.reason_en
        )
    due = [t.due_h for t in process.templates]
    if all(map(math.isfinite, due)):
        given["due_h"] = float(np.average(due, weights=[t.cases for t in process.templates]))
    return Parameters.model_validate(given | {"calendars": calendars.hours})


def _arriving(process: Process, calendars: _Calendars) -> dict[str, object]:
    model, stamps = process.arriving, process.arrivals
    if model is not None:
        first = str(model.first.astype("datetime64[s]"))
        arrivals = ArrivalsOf(
            gap=_table(model.gaps), calendar=calendars.unless_always(model.clock, "arrivals"), trend=model.trend
        )
        return {"start": first, "arrivals": arrivals}  # fmt: skip
    span = float((stamps[-1] - stamps[0]) / np.timedelta64(1, "h")) if len(stamps) > 1 else 0.0
    gap = Duration(family="exponential", mean=span / (len(stamps) - 1) if span > 0 else 24.0)
    start = {"start": str(stamps[0].astype("datetime64[s]"))} if len(stamps) else {}
    return {**start, "arrivals": ArrivalsOf(gap=gap)}


def _task(
    process: Process, n: int, figures: _Figures, pool_names: list[str], resource_names: dict[int, str], calendars: _Calendars
) -> TaskOf:  # fmt: skip
    node = process.nodes[n]
    given: dict[str, object] = {"work": _table(figures.work)}
    people = {
        resource_names[p.resource]: PersonOf(
            weight=p.weight, **({} if p.work < 0 else {"work": _table(process.works[p.work])})
        )
        for p in node.performers
        if p.resource in resource_names
    }
    if node.automatic or not people:
        given["pool"] = None
    else:
        given["people"] = people
        if node.pool >= 0:
            given["pool"] = pool_names[node.pool]
    if figures.delay is not None:
        given["delay"] = _table(figures.delay)
        clock = calendars.unless_always(process.profiles[node.clock], "delay clock")
        if clock is not None:
            given["delay_clock"] = clock
    if node.batch is not None and node.batch.kind == "slots":
        given["batch"] = BatchOf(calendar=calendars.name(process.gates[node.batch.gate], "batch"))
    elif node.batch is not None:
        patience = node.batch.patience_h
        given["batch"] = BatchOf(size=node.batch.size, patience_h=patience if math.isfinite(patience) else None)
    for name in ("activity", "office", "stage", "item", "level"):
        if getattr(node, name) is not None:
            given[name] = getattr(node, name)
    return TaskOf.model_validate(given)


def _lanes(process: Process, graph: Graph) -> tuple[list[str | None], list[int]]:
    """Departments in the order of the work, the applicant first, and the lane of each vertex."""
    departments = list(dict.fromkeys(process.nodes[v.node].department for v in graph.vertices if v.kind == "task"))
    departments.sort(key=lambda d: d != APPLICANT)
    number = {d: k for k, d in enumerate(departments)}
    return departments, [number[process.nodes[v.node].department] for v in graph.vertices]


def _share(p: float) -> str:
    return f"{p:.0%}" if 0.095 <= p <= 0.905 else f"{p:.1%}" if 0.0095 <= p <= 0.9905 else f"{p:.2%}"


def _xml(process: Process, graph: Graph, names: list[str], figures: dict[int, _Figures], title: str) -> str:
    for prefix, uri in NAMESPACES.items():
        ET.register_namespace(prefix, uri)
    lanes, lane = _lanes(process, graph)
    shown = lanes != [None]
    layout = lay_out(
        [SIZES[v.kind] for v in graph.vertices], lane, len(lanes),
        [Arrow(e.source, e.target, e.weight, e.probability is not None) for e in graph.edges],
    )  # fmt: skip
    root = ET.Element(
        _tag("bpmn", "definitions"),
        {"id": "Definitions_1", "targetNamespace": "urn:flowaudit", "exporter": "flowaudit"},
    )
    collaboration = ET.SubElement(root, _tag("bpmn", "collaboration"), {"id": "Collaboration_1"})
    ET.SubElement(
        collaboration, _tag("bpmn", "participant"), {"id": "Participant_1", "name": _clean(title), "processRef": "Process_1"}
    )  # fmt: skip
    xml = ET.SubElement(
        root, _tag("bpmn", "process"), {"id": "Process_1", "name": _clean(title), "isExecutable": "false"}
    )
    ET.SubElement(xml, _tag("bpmn", "documentation")).text = _told(graph)
    if shown:
        lane_set = ET.SubElement(xml, _tag("bpmn", "laneSet"), {"id": "Lanes_1"})
        for k, department in enumerate(lanes):
            one = ET.SubElement(
                lane_set, _tag("bpmn", "lane"), {"id": f"Lane_{k}", **({"name": _clean(department)} if department else {})}
            )  # fmt: skip
            for name, own in zip(names, lane, strict=True):
                if own == k:
                    ET.SubElement(one, _tag("bpmn", "flowNodeRef")).text = name
    for k, vertex in enumerate(graph.vertices):
        _element(xml, process, vertex.kind, process.nodes[vertex.node], names[k], figures.get(vertex.node), [
            (side, f"Flow_{f}")
            for side, end in (("incoming", "target"), ("outgoing", "source"))
            for f, e in enumerate(graph.edges)
            if getattr(e, end) == k
        ])  # fmt: skip
    for k, e in enumerate(graph.edges):
        label = {} if e.probability is None else {"name": _share(e.probability)}
        ET.SubElement(
            xml, _tag("bpmn", "sequenceFlow"), {"id": f"Flow_{k}", **label, "sourceRef": names[e.source], "targetRef": names[e.target]}
        )  # fmt: skip
    _picture(root, layout, graph, names, shown)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _told(graph: Graph) -> str:
    return _clean(
        _("Shows the ways of {share:.1%} of the cases.", share=graph.kept)
        + " "
        + _(
            "Shares at gateways are those of the cases that came there; a simulation of this diagram draws them anew each time, without memory of what the case has been through."
        )
    )


def _tag(prefix: str, local: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _element(
    xml: ET.Element, process: Process, kind: str, node: Node, name: str, figures: _Figures | None, flows: list[tuple[str, str]]
) -> None:  # fmt: skip
    task = kind == "task"
    local = ("serviceTask" if node.automatic else "userTask") if task else KINDS[kind]
    made = ET.SubElement(xml, _tag("bpmn", local), {"id": name, **({"name": _clean(node.activity)} if task else {})})
    if task and figures is not None:
        extension = ET.SubElement(made, _tag("bpmn", "extensionElements"))
        work = figures.work if not node.performers or node.automatic else _work_of_people(process, node, figures.work)
        stated = {
            "times": f"{figures.cases:.6g}",
            "workMeanHours": f"{0.0 if work is None else quantiles.mean(work):.6g}",
            "delayMeanHours": f"{0.0 if figures.delay is None else quantiles.mean(figures.delay):.6g}",
        }
        if not process.identifiable.work:
            del stated["workMeanHours"]
        if node.pool >= 0:
            stated["pool"] = _clean(process.pools[node.pool].name)
        ET.SubElement(extension, _tag("flowaudit", "task"), stated)
    for side, flow in flows:
        ET.SubElement(made, _tag("bpmn", side)).text = flow


def _work_of_people(process: Process, node: Node, step: Array | None) -> Array:
    zero = np.zeros(len(quantiles.GRID)) if step is None else step
    return mixture(
        [process.works[p.work] if p.work >= 0 else zero for p in node.performers], [p.weight for p in node.performers]
    )


def _picture(root: ET.Element, layout: Layout, graph: Graph, names: list[str], shown: bool) -> None:
    picture = ET.SubElement(root, _tag("bpmndi", "BPMNDiagram"), {"id": "Diagram_1"})
    plane = ET.SubElement(picture, _tag("bpmndi", "BPMNPlane"), {"id": "Plane_1", "bpmnElement": "Collaboration_1"})

    def bounds(parent: ET.Element, box: tuple[float, float, float, float]) -> None:
        ET.SubElement(
            parent, _tag("dc", "Bounds"), dict(zip(("x", "y", "width", "height"), (f"{v:g}" for v in box), strict=True))
        )

    def shape(element: str, box: tuple[float, float, float, float], **more: str) -> None:
        bounds(
            ET.SubElement(
                plane, _tag("bpmndi", "BPMNShape"), {"id": f"{element}_di", "bpmnElement": element, **more}
            ), box,
        )  # fmt: skip

    shape("Participant_1", layout.whole, isHorizontal="true")
    for k, box in enumerate(layout.lanes if shown else []):
        shape(f"Lane_{k}", box, isHorizontal="true")
    for name, vertex, box in zip(names, graph.vertices, layout.shapes, strict=True):
        shape(name, box, **({"isMarkerVisible": "true"} if vertex.kind == "xor" else {}))
    for k, points in enumerate(layout.arrows):
        edge = ET.SubElement(plane, _tag("bpmndi", "BPMNEdge"), {"id": f"Flow_{k}_di", "bpmnElement": f"Flow_{k}"})
        for x, y in points:
            ET.SubElement(edge, _tag("di", "waypoint"), {"x": f"{x:g}", "y": f"{y:g}"})
        box_of = layout.labels[k]
        if box_of is not None:
            bounds(ET.SubElement(edge, _tag("bpmndi", "BPMNLabel")), box_of)
