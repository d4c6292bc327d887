"""Rewrites a copy of a diagram into the part of BPMN that the engine runs, without changing what it means.

The stored file stays as the analyst wrote it, and every drawn element keeps its id; ids made here are the id of the element they belong
to with `_split`, `_start`, `_end` or the like behind it.
"""

import copy
from collections.abc import Callable
from typing import Final

from lxml import etree

from engine.models.diagram import Diagram, Flow, Node, Scope, build_diagram
from engine.models.formulas import LOOP_TEXTS
from engine.models.trees import tag_of, text_of
from engine.models.vocabulary import BPMN, BPMNDI, EVENT_DEFINITIONS, INCLUSIVE, SPIFF

#: Drawn for people; nothing of it runs. Variables are not data objects, and their associations move no data.
_DRAWN: Final = frozenset(
    {
        "collaboration", "dataObject", "dataObjectReference", "dataStoreReference", "dataStore", "dataInputAssociation",
        "dataOutputAssociation", "ioSpecification", "textAnnotation", "association", "group", "category", "incoming", "outgoing",
    },
)  # fmt: skip
_REFERENCES: Final = ("messageRef", "signalRef", "errorRef", "escalationRef", "calledElement", "activityRef")


def normalise(diagram: Diagram) -> etree._Element:
    """A rewritten copy of the whole file."""
    root = copy.deepcopy(diagram.root)
    for rewrite in _REWRITES:
        rewrite(build_diagram(diagram.path, root))
    return root


def _inline_event_definitions(diagram: Diagram) -> None:
    """`eventDefinitionRef` becomes a copy of what it refers to."""
    for node in diagram.nodes:
        for reference in [item for item in node.element if tag_of(item) == "eventDefinitionRef"]:
            referred = diagram.by_id.get(text_of(reference).rsplit(":", 1)[-1])
            if referred is not None and tag_of(referred) in EVENT_DEFINITIONS:
                definition = copy.deepcopy(referred)
                definition.set("id", f"{node.id}_definition")
                node.element.replace(reference, definition)


def _leave_out_what_is_drawn(diagram: Diagram) -> None:
    """Without shapes the order of the file decides which condition is looked at first, and not the height on the canvas.

    Of the associations those stay that tie a compensation event to what undoes its step.
    """
    tied = {node.id: node.handler.id for node in diagram.nodes if node.handler is not None}
    for element in list(diagram.root.iter(etree.Element)):
        if tag_of(element) in _DRAWN or element.tag == f"{{{BPMNDI}}}BPMNDiagram":
            _remove(element)
    for event, handler in tied.items():
        scope = diagram.by_id[event].getparent()
        if scope is not None:
            etree.SubElement(scope, f"{{{BPMN}}}association", id=f"{event}_tie", sourceRef=event, targetRef=handler)


def _leave_out_foreign_ids(diagram: Diagram) -> None:
    """Steps are looked up by id among all elements; extensions keep theirs only where it names a service task or a parameter."""
    kept = {f"{{{SPIFF}}}serviceTaskOperator", f"{{{SPIFF}}}parameter"}
    for element in diagram.root.iter(etree.Element):
        if not tag_of(element) and element.tag not in kept and element.get("id") is not None:
            del element.attrib["id"]


def _leave_out_pictures(diagram: Diagram) -> None:
    """A process that is not executable is a picture."""
    for process in diagram.processes:
        if process.element.get("isExecutable") != "true":
            _remove(process.element)


def _plain_references(diagram: Diagram) -> None:
    """References lose their namespace prefix, and loops name the variable that the property stands for."""
    for element in diagram.root.iter(f"{{{BPMN}}}*"):
        for name in _REFERENCES:
            value = element.get(name)
            if value is not None and ":" in value:
                element.set(name, value.rsplit(":", 1)[-1])
        if tag_of(element) in {"loopDataInputRef", "loopDataOutputRef"}:
            referred = diagram.referred(text_of(element), "property")
            element.text = text_of(element) if referred is None else referred.get("name") or referred.get("id")


def _plain_formulas(diagram: Diagram) -> None:
    """Expressions lose their leading `=`; timers keep it, for it tells FEEL from ISO 8601 and cron."""
    for element in diagram.root.iter(etree.Element):
        tag, text = tag_of(element), text_of(element)
        if tag in LOOP_TEXTS | {"conditionExpression", "condition", "script"} and text:
            element.text = _without_sign(text)
        elif element.tag == f"{{{SPIFF}}}parameter":
            element.set("value", _without_sign(element.get("value", "").strip()))


def _unread_conditions(diagram: Diagram) -> None:
    """The condition of a default flow is never looked at."""
    for node in diagram.nodes:
        for flow in node.outgoing:
            if flow.condition is not None and flow.id == node.element.get("default"):
                _remove(flow.condition)


def _links(diagram: Diagram) -> None:
    """A link is a flow between two events that do nothing."""
    for scope in diagram.scopes:
        for node in [item for item in scope.nodes.values() if "link" in item.kinds]:
            for target in scope.successors(node) if node.tag == "intermediateThrowEvent" else ():
                _add_flow(diagram, scope, node.id, target.id)
    for node in diagram.nodes:
        if "link" in node.kinds:
            _remove(node.definitions[0])
            node.element.tag = f"{{{BPMN}}}intermediateThrowEvent"


def _implicit_ends(diagram: Diagram) -> None:
    """Where a way ends without an end event, one is drawn."""
    for scope in diagram.scopes:
        for node in list(scope.nodes.values()):
            aside = "true" in {node.element.get("isForCompensation"), node.element.get("triggeredByEvent")}
            aside = aside or (node.tag == "boundaryEvent" and "compensate" in node.kinds)
            if not node.outgoing and node.tag != "endEvent" and not aside:
                end = _add_node(diagram, scope, "endEvent", f"{node.id}_end")
                _add_flow(diagram, scope, node.id, end)


def _instantiating(diagram: Diagram) -> None:
    """A receive task that begins the process is a message start event, and so is each event behind a gateway that does."""
    for process in diagram.processes:
        for node in [each for each in process.nodes.values() if each.begins_by_itself]:
            if node.tag == "receiveTask":
                _as_start(node.element)
                continue
            for flow in node.outgoing:
                _as_start(process.nodes[flow.target].element)
                _remove(flow.element)
            _remove(node.element)


def _as_start(element: etree._Element) -> None:
    element.tag = f"{{{BPMN}}}startEvent"
    message = element.attrib.pop("messageRef", "")
    if message:
        etree.SubElement(element, f"{{{BPMN}}}messageEventDefinition", messageRef=message)
    for name in ("instantiate", "implementation"):
        element.attrib.pop(name, "")


def _implicit_starts(diagram: Diagram) -> None:
    """Where no start event is drawn, every step that nothing leads to begins at once."""
    for scope in diagram.scopes:
        if any(node.tag == "startEvent" for node in scope.nodes.values()):
            continue
        starts = [node.id for node in scope.nodes.values() if node.is_implicit_start]
        source = _add_node(diagram, scope, "startEvent", f"{scope.id}_start")
        for target in starts:
            _add_flow(diagram, scope, source, target)


def _implicit_splits(diagram: Diagram) -> None:
    """Several flows out of a step go through a gateway: parallel, or inclusive where there are conditions."""
    for scope in diagram.scopes:
        for node in list(scope.nodes.values()):
            if len(node.outgoing) > 1 and not node.tag.endswith("Gateway"):
                _split(diagram, scope, node)


def _split(diagram: Diagram, scope: Scope, node: Node) -> None:
    conditional = any(flow.condition is not None for flow in node.outgoing)
    gateway = _add_node(diagram, scope, "inclusiveGateway" if conditional else "parallelGateway", f"{node.id}_split")
    default = node.element.attrib.pop("default", "")
    if default and conditional:
        diagram.by_id[gateway].set("default", default)
    for flow in node.outgoing:
        flow.element.set("sourceRef", gateway)
    _add_flow(diagram, scope, node.id, gateway)


def _always_taken(diagram: Diagram) -> None:
    """A flow without a condition out of an inclusive gateway is always taken, and the default when no condition holds.

    BPMN 2.0.2 says of `default`, of an activity and of an inclusive gateway, that it gets the token "when none of the conditionExpressions
    on other outgoing Sequence Flows evaluate to true"; a flow without one has none that could. Where there are all three, the conditional
    flows and the default have a gateway of their own.
    """
    for scope in diagram.scopes:
        for gateway in [node for node in scope.nodes.values() if node.tag in INCLUSIVE and len(node.outgoing) > 1]:
            default = gateway.element.get("default")
            always = [flow for flow in gateway.outgoing if flow.condition is None and flow.id != default]
            chosen = [flow for flow in gateway.outgoing if flow not in always]
            if always and default is not None and len(chosen) > 1:
                _choose_apart(diagram, scope, gateway, chosen)
            for flow in always:
                _set_condition(flow.element, "true")


def _choose_apart(diagram: Diagram, scope: Scope, gateway: Node, chosen: list[Flow]) -> None:
    choice = _add_node(diagram, scope, "inclusiveGateway", f"{gateway.id}_choice")
    diagram.by_id[choice].set("default", gateway.element.attrib.pop("default"))
    for flow in chosen:
        flow.element.set("sourceRef", choice)
    _set_condition(diagram.by_id[_add_flow(diagram, scope, gateway.id, choice)], "true")


def _set_condition(flow: etree._Element, text: str) -> None:
    etree.SubElement(flow, f"{{{BPMN}}}conditionExpression").text = text


_REWRITES: Final[tuple[Callable[[Diagram], None], ...]] = (
    _leave_out_what_is_drawn,
    _leave_out_foreign_ids,
    _leave_out_pictures,
    _inline_event_definitions,
    _plain_references,
    _plain_formulas,
    _unread_conditions,
    _links,
    _instantiating,
    _implicit_ends,
    _implicit_starts,
    _implicit_splits,
    _always_taken,
)


def _add_node(diagram: Diagram, scope: Scope, tag: str, wanted: str) -> str:
    """A new node at the end of its process or subprocess."""
    identity = _free_id(diagram, wanted)
    diagram.by_id[identity] = etree.SubElement(scope.element, f"{{{BPMN}}}{tag}", id=identity)
    return identity


def _add_flow(diagram: Diagram, scope: Scope, source: str, target: str) -> str:
    identity = _free_id(diagram, f"{source}_to_{target}")
    flow = etree.SubElement(scope.element, f"{{{BPMN}}}sequenceFlow", id=identity, sourceRef=source, targetRef=target)
    diagram.by_id[identity] = flow
    return identity


def _free_id(diagram: Diagram, wanted: str) -> str:
    identity, number = wanted, 2
    while identity in diagram.by_id:
        identity, number = f"{wanted}_{number}", number + 1
    return identity


def _without_sign(text: str) -> str:
    return text[1:].strip() if text.startswith("=") and not text.startswith("==") else text


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
