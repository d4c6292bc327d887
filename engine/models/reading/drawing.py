"""A diagram as a table: every step in reading order, with its lane, what it says, what it names, and where it leads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from engine.kept import KEPT_BYTES, bytes_of, kept
from engine.models.diagram import Diagram, Flow, Node, build_diagram
from engine.models.reader import read_diagram
from engine.models.settings import settings_of
from engine.models.trees import child, tag_of, text_of
from engine.models.vocabulary import BPMN, BPMNDI, GATEWAYS

DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
#: How each element is called in a table, by its tag.
STEP_KINDS: Final[Mapping[str, str]] = {
    "task": "Task", "userTask": "User task", "serviceTask": "Service task", "scriptTask": "Script", "businessRuleTask": "Decision",
    "sendTask": "Send", "receiveTask": "Receive", "manualTask": "Manual task", "callActivity": "Called process",
    "subProcess": "Sub-process", "transaction": "Transaction", "startEvent": "Start", "endEvent": "End",
    "intermediateCatchEvent": "Wait", "intermediateThrowEvent": "Throw", "boundaryEvent": "Boundary event",
    "exclusiveGateway": "Either-or", "parallelGateway": "Parallel", "inclusiveGateway": "Any of", "complexGateway": "Any of",
    "eventBasedGateway": "First of",
}  # fmt: skip
_SENDERS: Final = frozenset({"sendTask", "intermediateThrowEvent", "endEvent"})
_TIMES: Final = {"timeDuration": "After", "timeDate": "At", "timeCycle": "Every"}


@dataclass(frozen=True, slots=True)
class Reference:
    """What a step names outside of itself.

    `kind` is process, decision, form, service_task, message, signal or error; `role` is what the step does with it: calls, decides, shows,
    runs, sends, hears, raises or catches.
    """

    role: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Way:
    """Where a step leads: the flow's label, its condition, and the step at its end."""

    label: str
    condition: str
    default: bool
    target_id: str
    target: str


@dataclass(frozen=True, slots=True)
class DrawnStep:
    """One step. `inside` is the subprocess it lies in, empty on the top level.

    `parameters` are what it gives to its service task, as name and FEEL; `says` are its other settings, as label and text.
    """

    id: str
    name: str
    kind: str
    lane: str
    process_key: str
    inside: str
    documentation: str
    parameters: tuple[tuple[str, str], ...]
    says: tuple[tuple[str, str], ...]
    references: tuple[Reference, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class DrawnProcess:
    """A process of a diagram."""

    key: str
    name: str
    executable: bool
    documentation: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A diagram as people read it; empty where the file cannot be read as one."""

    path: str
    processes: tuple[DrawnProcess, ...] = ()
    steps: tuple[DrawnStep, ...] = ()

    @property
    def name(self) -> str:
        """The business name: that of its first process."""
        return self.processes[0].name if self.processes else self.path


@kept(KEPT_BYTES, bytes_of)
def read_drawing(path: str, content: bytes) -> Drawing:
    """Every step of a file, left to right as drawn. A gateway that only joins is no step: ways lead through it."""
    root = read_diagram(path, content).root
    if root is None:
        return Drawing(path)
    diagram = build_diagram(path, root)
    places = places_of(root)
    nodes = sorted((node for node in diagram.nodes if not _joins(node)), key=lambda node: places.get(node.id, (0.0, 0.0)))
    processes = tuple(
        DrawnProcess(scope.id, scope.element.get("name") or scope.id, scope.element.get("isExecutable") == "true", _told(scope.element))
        for scope in diagram.processes
    )
    lanes = lanes_of(root)
    return Drawing(path, processes, tuple(_step(diagram, node, _lane(lanes, node)) for node in nodes))


def places_of(root: etree._Element) -> dict[str, tuple[float, float]]:
    """Where each shape of a diagram begins, by the id of its element."""
    places = {}
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
        bounds = shape.find(f"{{{DC}}}Bounds")
        if bounds is not None:
            places[shape.get("bpmnElement", "")] = (_number(bounds.get("x")), _number(bounds.get("y")))
    return places


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _joins(node: Node) -> bool:
    return node.tag in GATEWAYS and not node.name and len(node.outgoing) == 1


def lanes_of(root: etree._Element) -> dict[str, str]:
    """The name of the lane of each step that is drawn in one, by the id of the step."""
    references = [(item, lane) for lane in root.iter(f"{{{BPMN}}}lane") for item in lane if tag_of(item) == "flowNodeRef"]
    return {text_of(item): lane.get("name") or lane.get("id") or "" for item, lane in references}


def _lane(lanes: Mapping[str, str], node: Node) -> str:
    """The lane of a step: its own, or that of the subprocess around it."""
    scope, name = node.scope, lanes.get(node.id)
    while name is None and scope.parent is not None:
        name, scope = lanes.get(scope.id), scope.parent
    return name or ""


def _step(diagram: Diagram, node: Node, lane: str) -> DrawnStep:
    scope = node.scope
    return DrawnStep(
        id=node.id,
        name=node.name or node.id,
        kind=STEP_KINDS.get(node.tag, node.tag),
        lane=lane,
        process_key=scope.process.id,
        inside="" if scope.parent is None else " ".join(scope.element.get("name", "").split()) or scope.id,
        documentation=_told(node.element),
        parameters=tuple((name, text) for name, text, _ in node.parameters),
        says=tuple(_says(node)),
        references=tuple(_references(diagram, node)),
        ways=tuple(_ways(node)),
    )


def _told(element: etree._Element) -> str:
    return text_of(child(element, "documentation"))


def _ways(node: Node) -> Iterator[Way]:
    default = node.element.get("default")
    for flow in node.outgoing:
        target = _through(node, flow)
        if target is not None:
            yield Way(flow.name, text_of(flow.condition), flow.id == default, target.id, target.name or target.id)
    for event in node.boundary_events:
        yield Way(f"on {event.kinds[0] if event.kinds else 'event'}", "", default=False, target_id=event.id, target=event.name or event.id)


def _through(node: Node, flow: Flow) -> Node | None:
    """The step at the end of a flow, past gateways that only join."""
    nodes, seen = node.scope.nodes, set[str]()
    target = nodes.get(flow.target)
    while target is not None and _joins(target) and target.id not in seen:
        seen.add(target.id)
        target = nodes.get(target.outgoing[0].target)
    return target


def _references(diagram: Diagram, node: Node) -> Iterator[Reference]:
    yield from _called(node)
    sends = node.tag in _SENDERS
    if node.element.get("messageRef"):
        yield from _named(diagram, node.element, "message", "sends" if sends else "hears")
    for definition in node.definitions:
        kind = tag_of(definition).removesuffix("EventDefinition")
        if kind in {"message", "signal"}:
            yield from _named(diagram, definition, kind, "sends" if sends else "hears")
        elif kind in {"error", "escalation"}:
            yield from _named(diagram, definition, kind, "raises" if sends else "catches")


def _called(node: Node) -> Iterator[Reference]:
    """The service task, form, decision and process that a step names."""
    named = (
        ("runs", "service_task", "" if node.operator is None else node.operator.get("id", "")),
        ("shows", "form", node.properties.get("formKey", "")),
        ("decides", "decision", text_of(node.extension("calledDecisionId"))),
        ("calls", "process", node.element.get("calledElement", "").rsplit(":", 1)[-1] if node.tag == "callActivity" else ""),
    )
    for role, kind, name in named:
        if name:
            yield Reference(role, kind, name)


def _named(diagram: Diagram, element: etree._Element, kind: str, role: str) -> Iterator[Reference]:
    referred = diagram.referred(element.get(f"{kind}Ref"), kind)
    name = "" if referred is None else referred.get(f"{kind}Code") or referred.get("name") or ""
    if name:
        yield Reference(role, "error" if kind == "escalation" else kind, name)


def _says(node: Node) -> Iterator[tuple[str, str]]:
    """What is set at a step, beyond what it names."""
    host = node.scope.nodes.get(node.element.get("attachedToRef", ""))
    if host is not None:
        stops = node.element.get("cancelActivity") != "false"
        yield "On", f"{host.name or host.id}, {'which it ends' if stops else 'which goes on'}"
    for definition in node.definitions:
        yield from _times(definition)
    if node.operator is not None and node.operator.get("resultVariable"):
        yield "Result", node.operator.get("resultVariable", "")
    known = settings_of(node.tag, node.kinds)
    for name, value in node.properties.items():
        if name != "formKey":
            yield setting_words(name) if name in known else name, value
    script = text_of(child(node.element, "script"))
    if script:
        yield "Assigns", script
    yield from _loop(node)


def _times(definition: etree._Element) -> Iterator[tuple[str, str]]:
    for item in definition:
        label = _TIMES.get(tag_of(item))
        if label:
            yield label, text_of(item)


def _loop(node: Node) -> Iterator[tuple[str, str]]:
    loop = node.loop
    if loop is None:
        return
    texts = {tag_of(item): text_of(item) for item in loop}
    if tag_of(loop) == "standardLoopCharacteristics":
        yield "Repeats while", texts.get("loopCondition", "")
        return
    one_by_one = loop.get("isSequential") == "true"
    source = texts.get("loopDataInputRef") or texts.get("loopCardinality") or ""
    yield "For each of", f"{source}, {'one after the other' if one_by_one else 'all at once'}"
    if texts.get("completionCondition"):
        yield "Until", texts["completionCondition"]


def setting_words(name: str) -> str:
    """`candidateGroups` as `Candidate groups`."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced[:1].upper() + spaced[1:]
