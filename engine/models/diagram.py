"""A diagram as a graph: what the rules of the linter look at, with the place of everything in the file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from engine.models.trees import child, line_of, tag_of, text_of
from engine.models.vocabulary import ACTIVITIES, BPMN, EVENT_DEFINITIONS, EVENTS, FLOW_NODES, SPIFF, SUBPROCESSES


@dataclass(eq=False, slots=True)
class Flow:
    """A sequence flow."""

    id: str
    name: str
    source: str
    target: str
    condition: etree._Element | None
    element: etree._Element
    path: str
    #: The name of the step it leads to; empty where that has none.
    leads_to: str = ""

    @property
    def called(self) -> str:
        """What people call it: by its answer, else by where it leads, else by its id."""
        return repr(self.name) if self.name else f"the flow to {self.leads_to!r}" if self.leads_to else repr(self.id)

    @property
    def label(self) -> str:
        """How messages speak of it."""
        return f"{self.name!r} ({self.id})" if self.name else f"to {self.leads_to!r} ({self.id})" if self.leads_to else self.id


@dataclass(eq=False)
class Node:
    """A step, gateway or event."""

    id: str
    tag: str
    name: str
    element: etree._Element
    scope: "Scope"
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    #: Event definitions inside, and those it refers to.
    definitions: tuple[etree._Element, ...] = ()
    #: The events that sit on it.
    boundary_events: list["Node"] = field(default_factory=list)
    #: Of a compensation event at the edge of a step: what an association ties it to.
    handler: "Node | None" = None

    @property
    def label(self) -> str:
        """How messages speak of it."""
        return f"{self.name!r} ({self.id})" if self.name else self.id

    @property
    def path(self) -> str:
        """The file it is drawn in."""
        return self.scope.path

    @property
    def is_activity(self) -> bool:
        """Something that does work, and that a boundary event may sit on."""
        return self.tag in ACTIVITIES

    @property
    def is_implicit_start(self) -> bool:
        """Nothing leads here, and nothing else could start it."""
        link = self.tag == "intermediateCatchEvent" and "link" in self.kinds
        handler = self.element.get("isForCompensation") == "true" or self.element.get("triggeredByEvent") == "true"
        return not self.incoming and self.tag not in {"boundaryEvent", "startEvent"} and not link and not handler

    @property
    def begins_by_itself(self) -> bool:
        """A receive task, or gateway of events, that begins an instance of its process."""
        begins = self.tag in {"receiveTask", "eventBasedGateway"} and self.element.get("instantiate") == "true"
        return begins and not self.incoming and self.scope.parent is None

    @property
    def listens(self) -> bool:
        """It begins an event subprocess, and waits as long as the scope around that is under way."""
        return self.tag == "startEvent" and self.scope.is_event_subprocess

    @property
    def interrupts(self) -> bool:
        """Of an event that waits beside something: whether it ends that."""
        return self.element.get("cancelActivity", self.element.get("isInterrupting", "true")) == "true"

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The short names of its event definitions: `("timer",)`."""
        return tuple(EVENT_DEFINITIONS.get(tag_of(item), "") for item in self.definitions)

    @cached_property
    def properties(self) -> Mapping[str, str]:
        """The settings in `spiffworkflow:properties`."""
        return properties_of(self.element)

    def extension(self, name: str) -> etree._Element | None:
        """The first extension element of ours with this name."""
        extensions = child(self.element, "extensionElements")
        return None if extensions is None else extensions.find(f"{{{SPIFF}}}{name}")

    @property
    def operator(self) -> etree._Element | None:
        """The element that names the service task it calls."""
        return self.extension("serviceTaskOperator")

    @property
    def parameters(self) -> list[tuple[str, str, etree._Element]]:
        """Name, FEEL text and element of each parameter it gives to the service task."""
        found = [] if self.operator is None else self.operator.iterfind(f"{{{SPIFF}}}parameters/{{{SPIFF}}}parameter")
        return [(item.get("id", ""), item.get("value", ""), item) for item in found]

    @property
    def loop(self) -> etree._Element | None:
        """Its loop or multi-instance marker."""
        for item in self.element:
            if tag_of(item) in {"standardLoopCharacteristics", "multiInstanceLoopCharacteristics"}:
                return item
        return None


@dataclass(eq=False)
class Scope:
    """A process or a subprocess: nodes and flows on one level."""

    element: etree._Element
    path: str
    parent: "Scope | None"
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    #: The subprocesses drawn in it, by id.
    children: dict[str, "Scope"] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of the process or subprocess."""
        return self.element.get("id", "")

    @property
    def process(self) -> "Scope":
        """The process this scope lies in."""
        return self if self.parent is None else self.parent.process

    @property
    def is_event_subprocess(self) -> bool:
        """Started by an event, not by a flow."""
        return self.element.get("triggeredByEvent") == "true"

    @property
    def is_executable(self) -> bool:
        """Whether its process is deployed; otherwise it is a picture."""
        return self.process.element.get("isExecutable") == "true"

    @property
    def listeners(self) -> Iterator[Node]:
        """The start events of its event subprocesses."""
        for inner in self.children.values():
            if inner.is_event_subprocess:
                yield from (node for node in inner.nodes.values() if node.listens)

    def successors(self, node: Node) -> Iterator[Node]:
        """Where a token may go from here: along flows, over boundary events, and from a link to its other end."""
        for flow in node.outgoing:
            if flow.target in self.nodes:
                yield self.nodes[flow.target]
        yield from node.boundary_events
        if node.handler is not None:
            yield node.handler
        if node.tag == "intermediateThrowEvent" and "link" in node.kinds:
            name = node.definitions[0].get("name")
            yield from (
                other
                for other in self.nodes.values()
                if other.tag == "intermediateCatchEvent" and "link" in other.kinds and other.definitions[0].get("name") == name
            )


@dataclass(eq=False)
class Diagram:
    """One file."""

    path: str
    root: etree._Element
    scopes: list[Scope]
    #: The processes that stand for global tasks, which are drawn nowhere.
    unfolded: frozenset[str] = frozenset()

    @property
    def processes(self) -> list[Scope]:
        """The processes drawn in the file."""
        return [scope for scope in self.scopes if scope.parent is None]

    @cached_property
    def nodes(self) -> list[Node]:
        """All steps, gateways and events of all levels."""
        return [node for scope in self.scopes for node in scope.nodes.values()]

    @cached_property
    def by_id(self) -> dict[str, etree._Element]:
        """Every element that has an id."""
        return {element.get("id", ""): element for element in self.root.iter(f"{{{BPMN}}}*") if element.get("id")}

    def referred(self, reference: str | None, tag: str) -> etree._Element | None:
        """The element of this kind that a reference (perhaps with a namespace prefix) means."""
        element = self.by_id.get((reference or "").rsplit(":", 1)[-1])
        return element if element is not None and tag_of(element) == tag else None


def build_diagram(path: str, root: etree._Element) -> Diagram:
    """Make the graph. Broken references stay broken: the rules speak of them."""
    diagram = Diagram(path, root, [])
    for element in root:
        if tag_of(element) == "process":
            _add_scope(diagram, element, None)
    _tie_handlers(diagram)
    return diagram


def _tie_handlers(diagram: Diagram) -> None:
    """Let compensation events know what an association ties them to, whichever of the two it is drawn from."""
    events = {node.id: node for node in diagram.nodes if node.tag == "boundaryEvent" and "compensate" in node.kinds}
    for tie in diagram.root.iter(f"{{{BPMN}}}association") if events else ():
        ends = [(tie.get(name) or "").rsplit(":", 1)[-1] for name in ("sourceRef", "targetRef")]
        for one, other in (ends, ends[::-1]):
            if one in events and other in events[one].scope.nodes:
                events[one].handler = events[one].scope.nodes[other]


def properties_of(element: etree._Element) -> dict[str, str]:
    """Our settings of any element, by name."""
    extensions = child(element, "extensionElements")
    if extensions is None:
        return {}
    found = extensions.iterfind(f"{{{SPIFF}}}properties/{{{SPIFF}}}property")
    return {item.get("name", ""): item.get("value", "") for item in found}


def _add_scope(diagram: Diagram, element: etree._Element, parent: Scope | None) -> None:
    scope = Scope(element, diagram.path, parent)
    diagram.scopes.append(scope)
    if parent is not None:
        parent.children[scope.id] = scope
    for item in element:
        tag = tag_of(item)
        if tag in FLOW_NODES:
            node = _node(diagram, scope, item, tag)
            scope.nodes[node.id] = node
        elif tag == "sequenceFlow":
            flow = _flow(item, diagram.path)
            scope.flows[flow.id] = flow
        if tag in SUBPROCESSES:
            _add_scope(diagram, item, scope)
    _tie(scope)


def _tie(scope: Scope) -> None:
    """Let nodes know their flows and the events that sit on them."""
    for node in scope.nodes.values():
        host = scope.nodes.get(node.element.get("attachedToRef", "")) if node.tag == "boundaryEvent" else None
        if host is not None:
            host.boundary_events.append(node)
    for flow in scope.flows.values():
        if flow.source in scope.nodes:
            scope.nodes[flow.source].outgoing.append(flow)
        if flow.target in scope.nodes:
            scope.nodes[flow.target].incoming.append(flow)
            flow.leads_to = scope.nodes[flow.target].name


def _node(diagram: Diagram, scope: Scope, item: etree._Element, tag: str) -> Node:
    identity = item.get("id") or f"{tag} in line {line_of(item)}"
    definitions: list[etree._Element] = []
    for part in item if tag in EVENTS else ():
        if tag_of(part) in EVENT_DEFINITIONS:
            definitions.append(part)
        elif tag_of(part) == "eventDefinitionRef":
            referred = diagram.by_id.get(text_of(part).rsplit(":", 1)[-1])
            definitions.append(part if referred is None else referred)
    return Node(identity, tag, " ".join(item.get("name", "").split()), item, scope, definitions=tuple(definitions))


def _flow(item: etree._Element, path: str) -> Flow:
    return Flow(
        id=item.get("id") or f"flow in line {line_of(item)}",
        name=" ".join(item.get("name", "").split()),
        source=item.get("sourceRef", ""),
        target=item.get("targetRef", ""),
        condition=child(item, "conditionExpression"),
        element=item,
        path=path,
    )
