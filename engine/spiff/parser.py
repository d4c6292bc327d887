"""SpiffWorkflow's parser with our nodes: it walks the flow, and the catalogue of elements says what each node is."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Final

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import SubprocessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag

from engine.dmn import Decision
from engine.problems import Invalid
from engine.spiff.elements import Element, is_compensation
from engine.spiff.nodes.base import PART, Step
from engine.spiff.nodes.boundary import JOIN, SPLIT, BoundaryEvent, BoundaryJoin, BoundarySplit
from engine.spiff.nodes.compensation import CancelEnd, CompensationEnd, CompensationThrow, make_undo_all, wire
from engine.spiff.nodes.events import EndEvent, EventGateway, IntermediateCatchEvent, ReceiveTask, SendTask, ThrowEvent, Together
from engine.spiff.nodes.gateways import Choosing, ComplexGateway, ExclusiveGateway, InclusiveGateway, ParallelGateway
from engine.spiff.nodes.listening import Listener
from engine.spiff.nodes.listening import seal as seal_listeners
from engine.spiff.nodes.repeats import ParallelMultiInstance, SequentialMultiInstance, StandardLoop, seal
from engine.spiff.nodes.scopes import CallActivity, EventSubprocess, Subprocess, Transaction
from engine.spiff.nodes.starts import StartEvent
from engine.spiff.nodes.tasks import BusinessRuleTask, PlainTask, ScriptTask, ServiceTask, UserTask
from engine.spiff.process_spec import DRAWN, ProcessSpec, is_reserved
from engine.spiff.refusals import refuse_element


@dataclass(frozen=True, slots=True)
class Model:
    """What nodes are made of."""

    #: By process and id: two processes of one deployment may use the same ids.
    elements: Mapping[str, Mapping[str, Element]]
    decisions: Mapping[str, Decision]
    zone: tzinfo


class ElementParser(TaskParser):
    """Makes the node of one element and walks on."""

    STANDARD_LOOP_CLASS = StandardLoop
    PARALLEL_MI_CLASS = ParallelMultiInstance
    SEQUENTIAL_MI_CLASS = SequentialMultiInstance

    @property
    def element(self) -> Element:
        """The element as the catalogue has it."""
        process = next(self.node.iterancestors(full_tag("process")))
        known: Mapping[str, Element] = self.process_parser.parser.model.elements[process.get("id")]
        identity = self.bpmn_id.removesuffix(DRAWN)
        return known.get(identity) or Element(identity, etree.QName(self.node).localname, "", process.get("id"))

    def create_task(self) -> Step:
        """The node. Raises Invalid when the element cannot run as drawn."""
        refuse_element(self.element)
        node: Step = self.spec_class(self.spec, self.bpmn_id, element=self.element, **self.options())
        if isinstance(node, EndEvent):
            node.connect(self.spec.end)
        return node

    def options(self) -> dict[str, Any]:
        """What else a node of this kind needs."""
        return {}

    @property
    def leading_on(self) -> list[Step]:
        """The nodes that the flows out of the element leave."""
        return [self.task]

    def handles_multiple_outgoing(self) -> bool:
        """Only gateways send several tokens on; the normaliser makes gateways of what splits without one."""
        return self.element.type.endswith("Gateway")

    def get_position(self, node: etree._Element | None = None) -> dict[str, float]:  # noqa: ARG002  # SpiffWorkflow's signature
        """Always the same: flows are tried in document order, wherever their targets are drawn."""
        return {"x": 0.0, "y": 0.0}

    def connect_outgoing(self, outgoing_task: Step, sequence_flow_node: etree._Element, is_default: bool) -> None:
        """Connect a flow, with its condition where a gateway chooses."""
        identity = str(sequence_flow_node.get("id"))
        text = (self.parse_condition(sequence_flow_node) or "").strip()
        if not isinstance(self.task, Choosing):
            if text:
                raise Invalid(
                    f"The flow {identity} has a condition, but {self.element.label} does not choose.",
                    code="condition_ignored",
                    next_step="Put an exclusive gateway between them, or remove the condition.",
                    element_id=identity,
                )
            for step in self.leading_on:
                step.connect(outgoing_task)
            return
        only = len(self.process_parser.get_outgoing_sequence_flows(self.bpmn_id)) == 1
        unconditional = is_default or (only and not text)
        self.task.add_flow(identity, outgoing_task, None if unconditional else text)

    def _add_loop_task(self, loop_characteristics: etree._Element) -> None:
        super()._add_loop_task(loop_characteristics)
        self._name_repeat()

    def _add_multiinstance_task(self, loop_characteristics: etree._Element) -> None:
        super()._add_multiinstance_task(loop_characteristics)
        self._name_repeat()

    def _name_repeat(self) -> None:
        self.task.drawn_as(self.element)

    def _add_boundary_event(self, children: list[etree._Element]) -> BoundarySplit:
        """As SpiffWorkflow's, but that only what interrupts leads to the join: each firing of another would leave a token there."""
        split = BoundarySplit(self.spec, f"{self.bpmn_id}{SPLIT}")
        join = BoundaryJoin(self.spec, f"{self.bpmn_id}{JOIN}", split_task=split.name, cancel=True)
        split.activity = self.task
        split.connect(self.task)
        self.task.connect(join)
        for child in children:
            first = self.process_parser.parse_node(child)
            for event in parts_of(self.spec, first):
                split.connect(event)
                if event.cancel_activity:
                    event.connect(join)
        return split


class ThrowParser(ElementParser):
    """What is thrown decides on the node."""

    def create_task(self) -> Step:
        """The node. Raises Invalid when the element cannot run as drawn."""
        kind = self.element.event.kind if self.element.event else ""
        drawn: type[Step] = self.spec_class
        self.spec_class: type[Step] = _THROWING.get((drawn, kind), drawn)
        return super().create_task()


class ZonedParser(ElementParser):
    """Timers and due dates are counted in the business time zone."""

    def options(self) -> dict[str, Any]:
        """The zone."""
        return {"zone": self.process_parser.parser.model.zone}


class BoundaryParser(ZonedParser):
    """Each part of a multiple event waits by itself."""

    def create_task(self) -> Step:
        """The first of its nodes."""
        return make_parts(self)[0]

    @property
    def leading_on(self) -> list[Step]:
        """All of them."""
        return parts_of(self.spec, self.task)


class CatchParser(ZonedParser):
    """The parts of a multiple event wait behind a node that is not drawn."""

    def create_task(self) -> Step:
        """The node, or the one before its parts."""
        if not self.element.parts:
            return super().create_task()
        refuse_element(self.element)
        together = Together(self.spec, self.bpmn_id, element=self.element)
        for part in make_parts(self, begins=1):
            together.connect(part)
        return together

    @property
    def leading_on(self) -> list[Step]:
        """What waits."""
        return list(self.task.outputs) if isinstance(self.task, Together) else [self.task]


def make_parts(parser: ElementParser, *, begins: int = 0) -> list[Step]:
    """A node for each part of what a multiple event waits for, the first by the element's own name unless they are numbered from 1.

    Raises Invalid when the element cannot run as drawn.
    """
    element = parser.element
    refuse_element(element)
    numbered = enumerate(element.events, start=begins)
    drawn = [(f"{parser.bpmn_id}{part_name(number)}", replace(element, event=event, parts=())) for number, event in numbered]
    made: list[Step] = [parser.spec_class(parser.spec, name, element=part, **parser.options()) for name, part in drawn]
    for node in made:
        node.whole = element
        if element.parallel and len(made) > 1:
            node.group = tuple(name for name, _ in drawn)
    return made


def part_name(number: int) -> str:
    """What the name of a part has behind that of its element."""
    return f"{PART}{number}]" if number else ""


def parts_of(spec: ProcessSpec, first: Step) -> list[Step]:
    """The nodes of a multiple event, of which this is the first; itself for any other."""
    return [first, *(step for name, step in spec.task_specs.items() if str(name).startswith(f"{first.name}{PART}"))]


class DecisionParser(ElementParser):
    """A business rule task needs its decision."""

    def options(self) -> dict[str, Any]:
        """The decision. Raises Invalid when the deployment has none of this id."""
        decisions = self.process_parser.parser.model.decisions
        wanted = self.element.decision_id
        if wanted not in decisions:
            known = ", ".join(sorted(decisions)) or "none"
            raise Invalid(
                f"{self.element.label} asks the decision {wanted!r}, which the deployment does not have.",
                code="decision_unknown",
                next_step=f"Name one of its decisions: {known}.",
                element_id=self.bpmn_id,
            )
        return {"decision": decisions[wanted]}


class SubprocessNodeParser(ElementParser):
    """An embedded subprocess is a scope of its own."""

    def create_task(self) -> Step:
        """The node; one that an event begins leads to the end of its scope."""
        if not self.element.triggered:
            return super().create_task()
        self.spec_class = EventSubprocess
        node = super().create_task()
        node.connect(self.spec.end)
        return node

    def options(self) -> dict[str, Any]:
        """The scope's spec, by the subprocess's id."""
        return {"subworkflow_spec": SubprocessParser.get_subprocess_spec(self)}


class CallActivityNodeParser(ElementParser):
    """A call activity runs a process of the same deployment."""

    def options(self) -> dict[str, Any]:
        """The scope's spec, by the called process's id."""
        return {"subworkflow_spec": SubprocessParser.get_call_activity_spec(self)}


class ScopeParser(ProcessParser):
    """Parses one process or subprocess."""

    def create_spec(self) -> ProcessSpec:
        """An empty spec."""
        return ProcessSpec(self.bpmn_id, self.get_name(), self.filename)

    def add_tasks(self) -> None:
        """Walk from every start event."""
        self.spec.data_objects = {}
        for node in self.xpath("./bpmn:startEvent"):
            start = self.parse_node(node)
            self.spec.start.connect(start)
            if self.node.get("triggeredByEvent") == "true":
                start.heard()
        for node in self.xpath("./*[@isForCompensation='true']"):
            self.parse_node(node)
        for node in self.xpath("./bpmn:subProcess[@triggeredByEvent='true']"):
            self._begin_by_event(self.parse_node(node), node)
        if not self.is_process and not self.spec.undone_from and any(map(is_compensation, self.xpath(".//bpmn:boundaryEvent"))):
            make_undo_all(self.spec)

    def _begin_by_event(self, subprocess: EventSubprocess, node: etree._Element) -> None:
        """Let the start event of an event subprocess wait in the scope around it; one of compensation begins when that is undone."""
        start = node.find(full_tag("startEvent"))
        if start is not None and is_compensation(start):
            self.spec.start.connect(subprocess)
            self.spec.undone_from = self.spec.undone_by_event = subprocess.name
            return
        for listener in make_parts(ZonedParser(self, Listener, start, self.nsmap, lane=self.lane)):
            self.spec.start.connect(listener)
            listener.connect(subprocess)
            subprocess.interrupts |= listener.cancel_activity

    @property
    def is_process(self) -> bool:
        """Whether it is a process, and not a subprocess of one."""
        return bool(self.node.tag == full_tag("process"))

    def get_boundary_events(self, attached_to_ref: str) -> list[etree._Element]:
        """Those that wait beside their activity. What undoes it is waited for by nobody."""
        return [event for event in super().get_boundary_events(attached_to_ref) if not is_compensation(event)]

    def get_spec(self) -> ProcessSpec:
        """The spec, whose repetitions hear of their turns."""
        known = self.spec is not None
        spec: ProcessSpec = super().get_spec()
        if not known:
            wire(spec)
            seal(spec)
            seal_listeners(spec)
            for step in spec.task_specs.values():  # inputs and outputs of a single step are not carried out; the linter says so
                step.io_specification = None
        return spec


_THROWING: Final[dict[tuple[type[Step], str], type[Step]]] = {
    (ThrowEvent, "compensate"): CompensationThrow,
    (EndEvent, "compensate"): CompensationEnd,
    (EndEvent, "cancel"): CancelEnd,
}
_NODES: Final[dict[str, tuple[type[ElementParser], type[Step]]]] = {
    "startEvent": (ElementParser, StartEvent),
    "endEvent": (ThrowParser, EndEvent),
    "intermediateCatchEvent": (CatchParser, IntermediateCatchEvent),
    "receiveTask": (ZonedParser, ReceiveTask),
    "boundaryEvent": (BoundaryParser, BoundaryEvent),
    "intermediateThrowEvent": (ThrowParser, ThrowEvent),
    "sendTask": (ElementParser, SendTask),
    "task": (ElementParser, PlainTask),
    "userTask": (ZonedParser, UserTask),
    "manualTask": (ZonedParser, UserTask),
    "serviceTask": (ElementParser, ServiceTask),
    "scriptTask": (ElementParser, ScriptTask),
    "businessRuleTask": (DecisionParser, BusinessRuleTask),
    "subProcess": (SubprocessNodeParser, Subprocess),
    "transaction": (SubprocessNodeParser, Transaction),
    "callActivity": (CallActivityNodeParser, CallActivity),
    "exclusiveGateway": (ElementParser, ExclusiveGateway),
    "parallelGateway": (ElementParser, ParallelGateway),
    "inclusiveGateway": (ElementParser, InclusiveGateway),
    "complexGateway": (ElementParser, ComplexGateway),
    "eventBasedGateway": (ElementParser, EventGateway),
}


def without_reserved_ids(tree: etree._Element) -> etree._Element:
    """The document, in which no element has the name of a step of SpiffWorkflow's own; itself when none had."""
    taken = {str(node.get("id")) for node in tree.iter(*(full_tag(tag) for tag in _NODES)) if is_reserved(str(node.get("id")))}
    if not taken:
        return tree
    tree = deepcopy(tree)
    for node in tree.iter(etree.Element):
        for attribute in ("id", "sourceRef", "targetRef", "attachedToRef"):
            if node.get(attribute) in taken:
                node.set(attribute, f"{node.get(attribute)}{DRAWN}")
    return tree


class Parser(BpmnParser):
    """SpiffWorkflow's parser, taught our nodes."""

    PROCESS_PARSER_CLASS = ScopeParser
    PARSER_CLASSES: Final = {full_tag(tag): classes for tag, classes in _NODES.items()}

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def _get_parser_class(self, tag: str) -> tuple[type[ElementParser], type[Step]]:
        """Whoever makes the node; of what does not run, the one that refuses it in our words."""
        return self.PARSER_CLASSES.get(tag, (ElementParser, PlainTask))

    def _add_data_stores(self, bpmn: etree._Element) -> None:
        """Data stores are for people; nothing reads them."""
