"""The catalogue of a model: every flow node with what its XML says, as plain data, for the nodes, the linter and the pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

BPMN: Final = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF: Final = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"

ACTIVITIES: Final = frozenset(
    {
        "task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask",
        "subProcess", "transaction", "callActivity",
    }
)  # fmt: skip
GATEWAYS: Final = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway"})
EVENTS: Final = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
#: Every flow node that runs; anything else in a model is refused when it is compiled.
SUPPORTED: Final = ACTIVITIES | GATEWAYS | EVENTS
_CATCH: Final = frozenset({"none", "message", "timer", "signal"})
#: The event definitions that run, by the element that carries them.
SUPPORTED_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "startEvent": _CATCH,
    "intermediateCatchEvent": (_CATCH | {"conditional"}) - {"none"},
    "receiveTask": frozenset({"message"}),
    "boundaryEvent": frozenset({"message", "timer", "signal", "conditional", "error", "escalation", "cancel", "compensate"}),
    "intermediateThrowEvent": frozenset({"none", "message", "signal", "escalation", "compensate"}),
    "sendTask": frozenset({"message"}),
    "endEvent": frozenset({"none", "message", "signal", "error", "escalation", "terminate", "cancel", "compensate"}),
}
#: What may not stand beside others in one event: it says how a way goes on, or has a node of its own.
ALONE: Final = frozenset({"none", "link", "terminate", "cancel", "compensate"})
#: What may begin an event subprocess.
SUPPORTED_LISTENERS: Final = frozenset({"message", "timer", "signal", "conditional", "error", "escalation", "compensate"})


@dataclass(frozen=True, slots=True)
class Event:
    """What an event waits for or throws."""

    #: none, message, timer, signal, error, escalation, terminate, cancel or compensate; anything else is refused.
    kind: str
    #: The name of the message, signal, error or escalation.
    name: str = ""
    #: The code of an error or escalation; None catches every code.
    code: str | None = None
    #: date, duration or cycle, and the text of the timer.
    timer: str = ""
    expression: str = ""
    #: The activity that a compensation is to undo; None for all that was done.
    activity: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """One flow node as drawn. `scope` is the process or subprocess it lies in; `properties` are our own settings."""

    id: str
    type: str
    name: str
    scope: str
    lane: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    event: Event | None = None
    attached_to: str | None = None
    interrupting: bool = True
    #: The service task's name, its parameters as FEEL text, and its retry policy.
    handler: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    result_variable: str | None = None
    script: str | None = None
    decision_id: str | None = None
    called_element: str | None = None
    instructions: str = ""
    #: sequential, parallel or loop when it is done more than once.
    repeats: str | None = None
    #: Whether it runs only to undo another, and of what can be undone: the id of what undoes it.
    for_compensation: bool = False
    undone_by: str | None = None
    #: Of a subprocess: whether something in it can be undone.
    holds_handlers: bool = False
    #: A subprocess that an event begins, and no flow.
    triggered: bool = False
    #: A start event that waits as long as the scope around its event subprocess is under way.
    listens: bool = False
    #: Of a multiple event: what it waits for or throws, and whether all of that is to come.
    parts: tuple[Event, ...] = ()
    parallel: bool = False
    #: What another modeler keeps beside an element; nothing here reads it, workers outside may ask for it.
    foreign_properties: Mapping[str, str] = field(default_factory=dict)
    line: int | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """What it waits for or throws, each by itself."""
        return self.parts or (() if self.event is None else (self.event,))

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return f"{self.name!r} ({self.id})" if self.name else self.id


def read_elements(process: etree._Element) -> dict[str, Element]:
    """Every flow node below a process element, by id, in document order."""
    lanes, handlers = _lanes(process), handlers_of(process)
    return {element.id: element for node in process.iter(etree.Element) for element in _element(node, lanes, handlers)}


def handlers_of(process: etree._Element) -> dict[str, str]:
    """For each activity with a compensation event at its edge: what an association ties to that event; empty where there is none."""
    ties: dict[str, str] = {}
    for tie in process.iter(f"{BPMN}association"):
        ends = str(tie.get("sourceRef")), str(tie.get("targetRef"))
        ties |= {ends[0]: ends[1], **({ends[1]: ends[0]} if ends[1] not in ties else {})}
    events = [event for event in process.iter(f"{BPMN}boundaryEvent") if is_compensation(event)]
    return {str(event.get("attachedToRef")): ties.get(str(event.get("id")), "") for event in events}


def is_compensation(event: etree._Element) -> bool:
    """Whether an event is one of compensation."""
    return event.find(f"{BPMN}compensateEventDefinition") is not None


def _element(node: etree._Element, lanes: Mapping[str, str], handlers: Mapping[str, str]) -> Iterator[Element]:
    tag = str(node.tag)
    if not tag.startswith(BPMN) or not _is_flow_node(tag.removeprefix(BPMN)) or node.get("id") is None:
        return
    identity, parent = str(node.get("id")), node.getparent()
    scope = "" if parent is None else str(parent.get("id"))
    operator = node.find(f"{BPMN}extensionElements/{SPIFF}serviceTaskOperator")
    properties = properties_of(node)
    yield Element(
        id=identity,
        type=tag.removeprefix(BPMN),
        name=" ".join((node.get("name") or "").split()),
        scope=scope,
        lane=lanes.get(identity) or lanes.get(scope),
        properties=properties,
        event=_event(node),
        attached_to=node.get("attachedToRef"),
        interrupting=node.get("cancelActivity", node.get("isInterrupting", "true")) == "true",
        handler=None if operator is None else operator.get("id"),
        parameters={} if operator is None else _parameters(operator),
        result_variable=(None if operator is None else operator.get("resultVariable")) or properties.get("resultVariable"),
        script=_text(node, f"{BPMN}script") or None,
        decision_id=_text(node, f"{BPMN}extensionElements/{SPIFF}calledDecisionId") or None,
        called_element=node.get("calledElement"),
        instructions=_text(node, f"{BPMN}extensionElements/{SPIFF}instructionsForEndUser"),
        repeats=_repeats(node),
        for_compensation=node.get("isForCompensation") == "true",
        undone_by=handlers.get(identity),
        holds_handlers=any(is_compensation(event) for event in node.iter(f"{BPMN}boundaryEvent", f"{BPMN}startEvent")),
        parts=_parts(node),
        parallel=node.get("parallelMultiple") == "true",
        triggered=node.get("triggeredByEvent") == "true",
        listens=tag == f"{BPMN}startEvent" and parent is not None and parent.get("triggeredByEvent") == "true",
        foreign_properties=_foreign_properties(node),
        line=_line(node),
    )


def _is_flow_node(name: str) -> bool:
    return name in SUPPORTED or name.endswith(("Task", "Gateway")) or name in {"transaction", "adHocSubProcess"}


def _lanes(process: etree._Element) -> dict[str, str]:
    return {
        (reference.text or "").strip(): lane.get("name") or lane.get("id") or ""
        for lane in process.iter(f"{BPMN}lane")
        for reference in lane.findall(f"{BPMN}flowNodeRef")
    }


def properties_of(node: etree._Element) -> dict[str, str]:
    """Our own settings of a process or flow node."""
    found = node.iterfind(f"{BPMN}extensionElements/{SPIFF}properties/{SPIFF}property")
    return {str(item.get("name")): str(item.get("value") or "") for item in found}


def _foreign_properties(node: etree._Element) -> dict[str, str]:
    """Those in another namespace than ours, such as `camunda:property`."""
    found = node.iterfind(f"{BPMN}extensionElements/{{*}}properties/{{*}}property")
    return {str(item.get("name")): str(item.get("value") or "") for item in found if not str(item.tag).startswith(SPIFF)}


def _parameters(operator: etree._Element) -> dict[str, str]:
    return {str(item.get("id")): str(item.get("value") or "") for item in operator.iter(f"{SPIFF}parameter")}


def _repeats(node: etree._Element) -> str | None:
    if node.find(f"{BPMN}standardLoopCharacteristics") is not None:
        return "loop"
    many = node.find(f"{BPMN}multiInstanceLoopCharacteristics")
    if many is None:
        return None
    return "sequential" if many.get("isSequential") == "true" else "parallel"


def _event(node: etree._Element) -> Event | None:
    name = str(node.tag).removeprefix(BPMN)
    definitions = _definitions(node)
    if name in {"sendTask", "receiveTask"} and node.get("messageRef"):
        return _named(node, "message")
    if not definitions:
        return Event("none") if name in EVENTS else None
    return Event("multiple") if len(definitions) > 1 else _definition(definitions[0])


def _parts(node: etree._Element) -> tuple[Event, ...]:
    """The parts of a multiple event."""
    definitions = _definitions(node)
    return tuple(map(_definition, definitions)) if len(definitions) > 1 else ()


def _definitions(node: etree._Element) -> list[etree._Element]:
    return [child for child in node if isinstance(child.tag, str) and child.tag.endswith("EventDefinition")]


def _definition(definition: etree._Element) -> Event:
    kind = str(definition.tag).removeprefix(BPMN).removesuffix("EventDefinition")
    if kind == "timer":
        for timer, tag in (("date", "timeDate"), ("duration", "timeDuration"), ("cycle", "timeCycle")):
            text = _text(definition, f"{BPMN}{tag}")
            if text:
                return Event("timer", timer=timer, expression=text)
        return Event("timer")
    if kind == "conditional":
        return Event(kind, expression=_text(definition, f"{BPMN}condition").removeprefix("=").strip())
    if kind in {"message", "signal", "error", "escalation"}:
        return _named(definition, kind)
    return Event(kind, activity=definition.get("activityRef") if kind == "compensate" else None)


def _named(node: etree._Element, kind: str) -> Event:
    """An event that refers to a message, signal, error or escalation of the document; without one it goes by the element's name."""
    reference = node.get(f"{kind}Ref")
    if reference:
        for target in node.getroottree().getroot().iterfind(f"{BPMN}{kind}"):
            if target.get("id") == reference:
                code = target.get("errorCode") or target.get("escalationCode")
                return Event(kind, name=target.get("name") or reference, code=code)
    carrier = node if node.get("name") else node.getparent()
    return Event(kind, name="" if carrier is None else carrier.get("name") or "")


def _line(node: Any) -> int | None:
    line: int | None = node.sourceline
    return line


def _text(node: etree._Element, path: str) -> str:
    return (node.findtext(path) or "").strip()
