"""A process tree as BPMN 2.0 with a layout, readable by bpmn.io and Camunda Modeler; no system tool needed."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from flowaudit.flow.model import Tree

NAMESPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
}
TASK, GATE, EVENT, GAP = (120, 60), (40, 40), (36, 36), 40
_CONTROL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


@dataclass
class _Box:
    """A laid-out part: where it enters and leaves, and how large it is."""

    width: float
    height: float
    entry: str
    exit: str


@dataclass
class _Diagram:
    elements: list[tuple[str, str, str]] = field(default_factory=list)
    flows: list[tuple[str, str]] = field(default_factory=list)
    bounds: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)

    def put(self, kind: str, label: str, x: float, y: float, size: tuple[int, int]) -> str:
        name = f"n{len(self.elements)}"
        self.elements.append((name, kind, label))
        self.bounds[name] = (x, y - size[1] / 2, *size)
        return name

    def link(self, a: str, b: str) -> None:
        self.flows.append((a, b))


def _size(tree: Tree) -> tuple[float, float]:
    if tree.operator == "task":
        return TASK[0], TASK[1] + GAP
    if tree.operator == "silent":
        return EVENT[0], EVENT[1] + GAP
    sizes = [_size(child) for child in tree.children]
    if tree.operator == "sequence":
        return sum(w for w, _h in sizes) + GAP * (len(sizes) - 1), max(h for _w, h in sizes)
    return max(w for w, _h in sizes) + 2 * (GATE[0] + GAP), sum(h for _w, h in sizes)


def _place(diagram: _Diagram, tree: Tree, x: float, y: float) -> _Box:
    """Lay ``tree`` out from ``x`` to the right, centred on ``y``."""
    width, height = _size(tree)
    if tree.operator == "task":
        name = diagram.put("task", _CONTROL.sub(" ", tree.label), x, y, TASK)
        return _Box(width, height, name, name)
    if tree.operator == "silent":
        name = diagram.put("intermediateThrowEvent", "", x, y, EVENT)
        return _Box(width, height, name, name)
    if tree.operator == "sequence":
        boxes = []
        for child in tree.children:
            boxes.append(_place(diagram, child, x, y))
            x += boxes[-1].width + GAP
        for earlier, later in itertools.pairwise(boxes):
            diagram.link(earlier.exit, later.entry)
        return _Box(width, height, boxes[0].entry, boxes[-1].exit)
    kind = "parallelGateway" if tree.operator == "parallel" else "exclusiveGateway"
    split = diagram.put(kind, "", x, y, GATE)
    join = diagram.put(kind, "", x + width - GATE[0], y, GATE)
    top = y - height / 2
    for number, child in enumerate(tree.children):
        child_height = _size(child)[1]
        inner = _place(diagram, child, x + GATE[0] + GAP, top + child_height / 2)
        top += child_height
        # In a loop the first child runs forth from split to join, every other one back.
        a, b = (join, split) if tree.operator == "loop" and number else (split, join)
        diagram.link(a, inner.entry)
        diagram.link(inner.exit, b)
    return _Box(width, height, split, join)


def to_bpmn(tree: Tree, name: str) -> str:
    """Return a process tree as the text of a BPMN 2.0 file.

    Examples
    --------
    >>> "parallelGateway" in to_bpmn(Tree("parallel", "", (Tree("task", "a"), Tree("task", "b"))), "demo")
    True
    """
    diagram = _Diagram()
    width, height = _size(tree)
    middle = height / 2 + GAP
    start = diagram.put("startEvent", "", GAP, middle, EVENT)
    box = _place(diagram, tree, GAP + EVENT[0] + GAP, middle)
    end = diagram.put("endEvent", "", GAP + EVENT[0] + GAP + width + GAP, middle, EVENT)
    diagram.link(start, box.entry)
    diagram.link(box.exit, end)

    def tag(prefix: str, local: str) -> str:
        return f"{{{NAMESPACES[prefix]}}}{local}"

    for prefix, uri in NAMESPACES.items():
        ET.register_namespace(prefix, uri)
    root = ET.Element(tag("bpmn", "definitions"), {"id": "definitions", "targetNamespace": "urn:flowaudit"})
    process = ET.SubElement(
        root, tag("bpmn", "process"), {"id": "process", "name": _CONTROL.sub(" ", name), "isExecutable": "false"}
    )
    for element, kind, label in diagram.elements:
        ET.SubElement(process, tag("bpmn", kind), {"id": element, **({"name": label} if label else {})})
    for number, (a, b) in enumerate(diagram.flows):
        ET.SubElement(process, tag("bpmn", "sequenceFlow"), {"id": f"f{number}", "sourceRef": a, "targetRef": b})
    picture = ET.SubElement(root, tag("bpmndi", "BPMNDiagram"), {"id": "diagram"})
    plane = ET.SubElement(picture, tag("bpmndi", "BPMNPlane"), {"id": "plane", "bpmnElement": "process"})
    for element, (x, y, w, h) in diagram.bounds.items():
        shape = ET.SubElement(plane, tag("bpmndi", "BPMNShape"), {"id": f"{element}_di", "bpmnElement": element})
        ET.SubElement(shape, tag("dc", "Bounds"), {"x": f"{x:g}", "y": f"{y:g}", "width": f"{w:g}", "height": f"{h:g}"})
    for number, (a, b) in enumerate(diagram.flows):
        edge = ET.SubElement(plane, tag("bpmndi", "BPMNEdge"), {"id": f"f{number}_di", "bpmnElement": f"f{number}"})
        (ax, ay, aw, ah), (bx, by, bw, bh) = diagram.bounds[a], diagram.bounds[b]
        forth = ax <= bx
        points = [(ax + aw if forth else ax, ay + ah / 2), (bx if forth else bx + bw, by + bh / 2)]
        bend = points[0][0] + (GAP / 2 if forth else -GAP / 2)
        for x, y in (points[0], (bend, points[0][1]), (bend, points[1][1]), points[1]):
            ET.SubElement(edge, tag("di", "waypoint"), {"x": f"{x:g}", "y": f"{y:g}"})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")
