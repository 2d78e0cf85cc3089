"""A BPMN 2.0 file as the graph that is run, and every element in it that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn
from xml.etree import ElementTree as ET
from xml.parsers import expat

from flowaudit.errors import InputError
from flowaudit.eventlog import APPLICANT
from flowaudit.messages import translate as _

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"

MOST_BYTES = 50 << 20
"""A larger file is no diagram that people drew."""

Kind = Literal["start", "end", "task", "timer", "xor", "and", "pass"]

TASKS = {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask"}
AUTOMATIC = {"serviceTask", "scriptTask", "businessRuleTask"}
DRAWN = {
    "documentation", "extensionElements", "incoming", "outgoing", "laneSet", "sequenceFlow", "dataObject", "dataObjectReference",
    "dataStoreReference", "textAnnotation", "association", "group", "ioSpecification", "property", "dataInputAssociation",
    "dataOutputAssociation", "categoryValueRef", "monitoring", "auditing",
}  # fmt: skip
"""Elements without any effect on what is run."""

ENDING = {"messageEventDefinition", "signalEventDefinition"}
STARTING = {
    "messageEventDefinition",
    "signalEventDefinition",
    "timerEventDefinition",
    "conditionalEventDefinition",
}
"""What an end, or a start, may say without another effect here: arrivals come from the parameters."""


class Problem(NamedTuple):
    """One reason why a BPMN file cannot be run."""

    file: str
    where: str
    problem: str
    hint: str


@dataclass(frozen=True, slots=True)
class Element:
    """A flow node that is run.

    Attributes
    ----------
    hours : float or None
        Of a timer: its duration, where the file states it.
    department, office : str or None
        Names of the outermost and of the innermost lane it lies in.
    """

    id: str
    kind: Kind
    name: str
    automatic: bool = False
    department: str | None = None
    office: str | None = None
    hours: float | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.id} ({self.name})" if self.name and self.name != self.id else self.id


@dataclass(frozen=True, slots=True)
class Flow:
    id: str
    source: str
    target: str
    name: str = ""


@dataclass(frozen=True)
class Diagram:
    """The graph of a BPMN process.

    Attributes
    ----------
    elements : dict of str to Element
    flows : dict of str to Flow
    known : frozenset of str
        Identifiers of all flow nodes, those not run among them: what the parameters may speak of.
    """

    name: str
    elements: dict[str, Element]
    flows: dict[str, Flow]
    known: frozenset[str]

    def outgoing(self, element: str) -> list[Flow]:
        return [f for f in self.flows.values() if f.source == element]

    def incoming(self, element: str) -> list[Flow]:
        return [f for f in self.flows.values() if f.target == element]


def read_xml(path: Path) -> ET.Element:
    """Parse a BPMN file without document types or entities.

    Raises
    ------
    InputError
        If it is missing, not well-formed, too large, or declares a document type or an entity.
    """
    file = path.name
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise InputError(
            _("{file}: cannot be read ({error}).", file=file, error=error.strerror or error),
            hint=_("give a BPMN 2.0 file as bpmn.io or Camunda Modeler save it."),
        ) from None
    if size > MOST_BYTES:
        raise InputError(
            _("{file}: larger than {size} MB.", file=file, size=MOST_BYTES >> 20),
            hint=_("give a BPMN 2.0 file as bpmn.io or Camunda Modeler save it."),
        )
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")

    def refuse(*_declaration: Any) -> NoReturn:
        raise InputError(
            _("{file}, line {line}: a document type or an entity is declared; this is not allowed.", file=file, line=parser.CurrentLineNumber),
            hint=_("BPMN needs none: export the diagram again, or remove the <!DOCTYPE ...> part if you trust the file."),
        )  # fmt: skip

    def named(name: str) -> str:
        return "{" + name if "}" in name else name

    # Every known attack on parsers needs a document type.
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: builder.start(
        named(tag), {named(k): v for k, v in attributes.items()}
    )
    parser.EndElementHandler = lambda tag: builder.end(named(tag))
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, LookupError, ValueError, AssertionError) as error:
        raise InputError(
            _("{file}: not well-formed XML ({reason}).", file=file, reason=error),
            hint=_("give a BPMN 2.0 file as bpmn.io or Camunda Modeler save it."),
        ) from None


def read_diagram(path: Path) -> tuple[Diagram, list[Problem]]:
    """Read the process of a BPMN 2.0 file.

    Returns
    -------
    Diagram
    list of Problem
        Everything that is not run, one by one, and what does not hang together.

    Raises
    ------
    InputError
        If the file is no BPMN file.
    """
    root = read_xml(path)
    if _kind(root) != "definitions":
        raise InputError(
            _("{file}: no BPMN 2.0 file.", file=path.name),
            hint=_("give a BPMN 2.0 file as bpmn.io or Camunda Modeler save it."),
        )
    found: list[Problem] = []
    processes = [p for p in root if _kind(p) == "process" and any(_kind(child) == "startEvent" for child in p)]
    processes = processes or [p for p in root if _kind(p) == "process"]
    if not processes:
        raise InputError(
            _("{file}: holds no process.", file=path.name),
            hint=_("give a BPMN 2.0 file as bpmn.io or Camunda Modeler save it."),
        )
    for other in processes[1:]:
        found.append(
            Problem(path.name, _named(other), _("a second process is not run"), _("keep one process in the file; show other parties as lanes."))
        )  # fmt: skip
    return _diagram(processes[0], path.name, found), found


def _kind(element: ET.Element) -> str:
    """Local name of a BPMN element; empty for what another namespace added."""
    tag = str(element.tag)
    return tag[len(MODEL) + 2 :] if tag.startswith(f"{{{MODEL}}}") else ""


def _named(element: ET.Element) -> str:
    identifier, name = element.get("id", ""), " ".join(element.get("name", "").split())
    return (f"{identifier} ({name})" if name and name != identifier else identifier) or str(element.tag)


def _diagram(process: ET.Element, file: str, found: list[Problem]) -> Diagram:
    lanes = dict(_lanes(process))
    elements: dict[str, Element] = {}
    flows: dict[str, Flow] = {}
    known: set[str] = set()
    for child in process:
        kind = _kind(child)
        identifier = child.get("id", "")
        if kind in DRAWN or not kind:
            continue
        known.add(identifier)
        made = _element(child, kind, lanes.get(identifier, (None, None)), file, found)
        if made is not None and identifier in elements:
            found.append(
                Problem(
                    file,
                    identifier,
                    _("two elements have this identifier"),
                    _("give every element an identifier of its own."),
                )
            )
        elif made is not None:
            elements[identifier] = made
    for child in process:
        if _kind(child) == "sequenceFlow":
            flow = Flow(
                child.get("id", ""), child.get("sourceRef", ""), child.get("targetRef", ""), child.get("name", "")
            )
            loose = [end for end in (flow.source, flow.target) if end not in known]
            if loose or flow.id in flows:
                found.append(
                    Problem(file, _named(child), _("a flow that begins or ends nowhere, or exists twice"), _("connect both its ends."))
                )  # fmt: skip
                continue
            flows[flow.id] = flow
            source = elements.get(flow.source)
            if (
                source is not None
                and source.kind not in ("xor", "and")
                and any(_kind(part) == "conditionExpression" for part in child)
            ):
                found.append(
                    Problem(file, _named(child), _("a conditional flow that leaves no gateway is not run"), _("put an exclusive gateway there, with probabilities."))
                )  # fmt: skip
    return Diagram(process.get("name", ""), elements, flows, frozenset(known))


def _element(
    xml: ET.Element, kind: str, lane: tuple[str | None, str | None], file: str, found: list[Problem]
) -> Element | None:
    """The element as it is run, or None with a problem."""
    identifier, name = xml.get("id", ""), " ".join(xml.get("name", "").split())
    definitions = [_kind(part) for part in xml if _kind(part).endswith("EventDefinition")]

    def refused(what: str, hint: str) -> None:
        found.append(Problem(file, _named(xml), what, hint))

    for part in xml:
        if _kind(part) in ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
            refused(
                _("'{kind}' is not run", kind=_kind(part)),
                _("draw the repetition as a loop with an exclusive gateway."),
            )
    if kind in TASKS:
        return Element(identifier, "task", name or identifier, kind in AUTOMATIC, *lane)
    if kind in ("exclusiveGateway", "parallelGateway"):
        return Element(identifier, "xor" if kind == "exclusiveGateway" else "and", name, False, *lane)
    allowed = {"startEvent": STARTING, "endEvent": ENDING, "intermediateThrowEvent": ENDING}.get(kind)
    if allowed is not None:
        strange = [d for d in definitions if d not in allowed]
        if strange:
            refused(_("'{kind}' in '{element}' is not run", kind=strange[0], element=kind), _("use a plain event."))
        to: Kind = "start" if kind == "startEvent" else "end" if kind == "endEvent" else "pass"
        return Element(identifier, to, name, False, *lane)
    if kind == "intermediateCatchEvent":
        if definitions and definitions != ["timerEventDefinition"]:
            refused(
                _("'{kind}' in '{element}' is not run", kind=definitions[0], element=kind),
                _("use a timer with a duration, or a task for the wait."),
            )
            return None
        hours = _duration(xml)
        return Element(identifier, "timer", name or identifier, True, *lane, hours)
    refused(
        _("'{kind}' is not run", kind=kind),
        _("run are: start and end events, tasks, exclusive and parallel gateways, timers, lanes."),
    )
    return None


_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def _duration(xml: ET.Element) -> float | None:
    """Hours of a timer's ISO 8601 duration without years and months; None where it has none."""
    for part in xml.iter(f"{{{MODEL}}}timeDuration"):
        text = (part.text or "").strip()
        found = _ISO.fullmatch(text)
        if found and any(found.groups()):
            parts = [float(value or 0.0) for value in found.groups()]
            return sum(value * unit for value, unit in zip(parts, (168.0, 24.0, 1.0, 1 / 60, 1 / 3600), strict=True))
    return None


def _lanes(xml: ET.Element, outer: Sequence[str | None] = ()) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    """Every element in a lane with its department and its office."""
    for group in xml:
        if _kind(group) not in ("laneSet", "childLaneSet"):
            continue
        for lane in group:
            if _kind(lane) != "lane":
                continue
            name: str | None = " ".join(lane.get("name", "").split()) or None
            if name is not None and name.casefold() == "applicant":
                name = APPLICANT
            path = (*outer, name)
            for reference in lane:
                if _kind(reference) == "flowNodeRef":
                    yield (reference.text or "").strip(), (path[0], path[-1] if len(path) > 1 else None)
            yield from _lanes(lane, path)
