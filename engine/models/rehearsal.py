"""Runs each step that reads no variable once, alone, with the engine itself: what it does now it would do in every instance.

A condition, script, setting or mapping that reads variables is left out of the step. What is left is normalised, compiled and run by the
functions that run an instance, so that deployment reads a text as the run does.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from lxml import etree

from engine.dmn import Decision
from engine.feel import FeelSyntaxError, compile_assignments, compile_expression
from engine.models.diagram import Diagram, Flow, Node, build_diagram
from engine.models.formulas import LOOP_TEXTS
from engine.models.normaliser import normalise
from engine.models.trees import child, tag_of, text_of
from engine.models.vocabulary import BPMN, SPIFF
from engine.problems import Problem
from engine.spiff.calls import CallOutcome, Deferred, ServiceCall
from engine.spiff.execution import Execution
from engine.spiff.process import NormalisedFile, compile_process
from engine.spiff.records import Budget, FailedStep

#: The one step of a rehearsal; its neighbours and process are named after it so that they meet no other id.
_PROCESS: Final = "rehearsal"
_STEPS: Final = frozenset({"userTask", "manualTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask"})
_DECLARED: Final = frozenset({"message", "signal", "escalation"})
#: Enough to see whether a loop can be decided; how long it goes on does not matter.
_A_FEW_STEPS: Final = Budget(steps=20, seconds=1)
#: Settings that the step alone does not need, or that lead to files beside it.
_NOT_REHEARSED: Final = frozenset({"formKey", "inputs", "outputs", "resultVariable", "retry"})


@dataclass(frozen=True, slots=True)
class Stage:
    """What a rehearsal needs of the bundle."""

    decisions: Mapping[str, Decision]
    zone: tzinfo


class _NoCalls:
    def call(self, _request: ServiceCall) -> CallOutcome:
        return Deferred()


def rehearse_node(stage: Stage, diagram: Diagram, node: Node) -> FailedStep | None:
    """Why a step fails in every instance; None where it does not, or where that cannot be told now."""
    step = _alone(node)
    return None if step is None else _run(stage, diagram, step, _flows(node.id))


def rehearse_flow(stage: Stage, diagram: Diagram, flow: Flow) -> FailedStep | None:
    """Why the condition of a flow is undecided in every instance; None where it is decided, or reads variables."""
    text = text_of(flow.condition)
    if not text or _reads_variables(text):
        return None
    gateway = etree.Element(f"{{{BPMN}}}exclusiveGateway", id=flow.source, default=f"{_PROCESS}_other")
    conditional = _flow(flow.id, flow.source, f"{_PROCESS}_end")
    etree.SubElement(conditional, f"{{{BPMN}}}conditionExpression").text = text
    other = _flow(f"{_PROCESS}_other", flow.source, f"{_PROCESS}_end")
    return _run(stage, diagram, gateway, [_flow(f"{_PROCESS}_in", f"{_PROCESS}_start", flow.source), conditional, other])


def _run(stage: Stage, diagram: Diagram, step: etree._Element, flows: list[etree._Element]) -> FailedStep | None:
    root = etree.Element(f"{{{BPMN}}}definitions", nsmap={"bpmn": BPMN})
    root.extend(copy.deepcopy(each) for each in diagram.root if tag_of(each) in _DECLARED)
    process = etree.SubElement(root, f"{{{BPMN}}}process", id=_PROCESS, isExecutable="true")
    process.append(etree.Element(f"{{{BPMN}}}startEvent", id=f"{_PROCESS}_start"))
    process.append(step)
    process.append(etree.Element(f"{{{BPMN}}}endEvent", id=f"{_PROCESS}_end"))
    process.extend(flows)
    now = datetime.now(UTC)
    try:
        file = NormalisedFile(diagram.path, normalise(build_diagram(diagram.path, root)))
        execution = Execution.start(compile_process([file], _PROCESS, stage.decisions, time_zone=stage.zone), {}, now=now)
    except Problem:  # the rules that look at what it says, or the compiler of the whole, speak of it
        return None
    execution.run(_NoCalls(), now=now, budget=_A_FEW_STEPS)
    return next((failed for failed in execution.waits.failed if failed.element_id == step.get("id")), None)


def _flows(identity: str) -> list[etree._Element]:
    return [
        _flow(f"{_PROCESS}_in", f"{_PROCESS}_start", identity),
        _flow(f"{_PROCESS}_out", identity, f"{_PROCESS}_end"),
    ]


def _flow(identity: str, source: str, target: str) -> etree._Element:
    return etree.Element(f"{{{BPMN}}}sequenceFlow", id=identity, sourceRef=source, targetRef=target)


def _alone(node: Node) -> etree._Element | None:
    """The step with nothing but what can be computed now; None where that is nothing."""
    tag = _rehearsed_as(node)
    if tag is None:
        return None
    step = etree.Element(f"{{{BPMN}}}{tag}", id=node.id, name=node.name)
    if node.element.get("messageRef"):
        step.set("messageRef", node.element.get("messageRef", ""))
    settings, loop, script = _settings(node), _loop(node), _script(node)
    if settings is None and loop is None and script is None and not _waits_for_what_is_known(node):
        return None
    parts = [settings, *(copy.deepcopy(each) for each in node.definitions), loop, script]
    step.extend([part for part in parts if part is not None])
    return step


def _rehearsed_as(node: Node) -> str | None:
    """As what it is run: what calls others or holds steps is a script that does nothing, and only its repetition is left."""
    if node.tag in _STEPS:
        return node.tag
    if node.is_activity:
        return "scriptTask"
    if (
        {"message", "signal", "conditional"}.isdisjoint(node.kinds)
        or len(node.kinds) > 1
        or (node.tag == "startEvent" and not node.listens)
    ):
        return None
    return {"boundaryEvent": "intermediateCatchEvent", "startEvent": "intermediateCatchEvent", "endEvent": "intermediateThrowEvent"}.get(
        node.tag, node.tag
    )


def _settings(node: Node) -> etree._Element | None:
    """The settings that are literal, or read no variable; with the decision that a step asks, if what it is given is among them."""
    if node.is_activity and node.tag not in _STEPS:
        return None
    constant = {
        name: value
        for name, value in node.properties.items()
        if name not in _NOT_REHEARSED and not (value.strip().startswith("=") and _reads_variables(value))
    }
    if not constant:
        return None
    extensions = etree.Element(f"{{{BPMN}}}extensionElements")
    kept = etree.SubElement(extensions, f"{{{SPIFF}}}properties")
    for name, value in constant.items():
        etree.SubElement(kept, f"{{{SPIFF}}}property", name=name, value=value)
    decision = node.extension("calledDecisionId")
    extensions.extend([] if decision is None else [copy.deepcopy(decision)])
    return extensions


def _waits_for_what_is_known(node: Node) -> bool:
    """A condition that reads no variable."""
    texts = [text_of(child(each, "condition")) for each in node.definitions if tag_of(each) == "conditionalEventDefinition"]
    return any(text and not _reads_variables(text) for text in texts)


def _script(node: Node) -> etree._Element | None:
    script = child(node.element, "script") if node.tag == "scriptTask" else None
    computed = script is not None and text_of(script) and not _reads_variables(text_of(script), assigns=True)
    return copy.deepcopy(script) if computed else None


def _loop(node: Node) -> etree._Element | None:
    """A repetition that asks for no variable and runs over no list."""
    if node.loop is None or child(node.loop, "loopDataInputRef") is not None:
        return None
    texts = [item for item in node.loop if tag_of(item) in LOOP_TEXTS and text_of(item)]
    if not texts or any(_reads_variables(text_of(item)) for item in texts):
        return None
    loop = copy.deepcopy(node.loop)
    for item in [each for each in loop if tag_of(each) not in LOOP_TEXTS]:
        loop.remove(item)
    return loop


def _reads_variables(text: str, *, assigns: bool = False) -> bool:
    """Also what is no FEEL is not computed: the rule of expressions speaks of it."""
    try:
        if assigns:
            return bool(compile_assignments(text).variables)
        expression = compile_expression(text)
    except FeelSyntaxError:
        return True
    return bool(expression.variables or expression.possible_variables)


def rehearsed(stage: Stage, diagram: Diagram) -> Iterator[tuple[Node | Flow, FailedStep]]:
    """Every step and flow of the executable processes of a file that fails whatever the variables are."""
    for scope in diagram.scopes:
        if not scope.is_executable:
            continue
        for node in scope.nodes.values():
            failed = rehearse_node(stage, diagram, node)
            if failed is not None:
                yield node, failed
            for flow in node.outgoing if node.tag.endswith("Gateway") or node.is_activity else ():
                undecided = rehearse_flow(stage, diagram, flow) if flow.id != node.element.get("default") else None
                if undecided is not None:
                    yield flow, undecided
