"""SpiffWorkflow's parser with our nodes: it walks the flow, and the catalogue of elements says what each node is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from typing import Any, Final

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import SubprocessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from engine.dmn import Decision
from engine.problems import Invalid
from engine.spiff.elements import Element
from engine.spiff.expressions import condition
from engine.spiff.nodes.base import End, Node, Root
from engine.spiff.nodes.boundary import BoundaryEvent, BoundarySplit
from engine.spiff.nodes.events import CatchEvent, EndEvent, EventGateway, StartEvent, ThrowEvent
from engine.spiff.nodes.gateways import Choosing, ExclusiveGateway, Flow, InclusiveGateway, ParallelGateway
from engine.spiff.nodes.repeats import MultiInstance, SequentialMultiInstance, StandardLoop
from engine.spiff.nodes.scopes import ScopeTask
from engine.spiff.nodes.tasks import BusinessRuleTask, PlainTask, ScriptTask, ServiceTask, UserTask
from engine.spiff.refusals import refuse_element

#: Names that no element can have, because they are no XML names.
START: Final = "(start)"
END: Final = "(end)"


@dataclass(frozen=True, slots=True)
class Model:
    """What nodes are made of."""

    #: By process and id: two processes of one deployment may use the same ids.
    elements: Mapping[str, Mapping[str, Element]]
    decisions: Mapping[str, Decision]
    zone: tzinfo


class ProcessSpec(BpmnProcessSpec):  # type: ignore[misc]  # SpiffWorkflow has no types
    """The spec of one scope: a process or a subprocess."""

    def __init__(self, name: str, description: str, filename: str | None) -> None:
        WorkflowSpec.__init__(self, name=name, filename=filename)
        self.description = description
        self.svg, self.io_specification = None, None
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.bpmn_start_events: list[Any] = []
        self.start = Root(self, START)
        self.end = End(self, END)

    @cached_property
    def nodes_in_order(self) -> tuple[Node, ...]:
        """Every node by its place in the stored state: in the order of names."""
        return tuple(self.task_specs[name] for name in sorted(self.task_specs))

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each node by name."""
        return {node.name: place for place, node in enumerate(self.nodes_in_order)}

    @cached_property
    def has_looking(self) -> bool:
        """Whether some node has to be asked again after each completion."""
        return any(node.looks_again for node in self.task_specs.values())

    @property
    def start_events(self) -> list[StartEvent]:
        """Where it may begin, in document order."""
        return [spec for spec in self.task_specs.values() if isinstance(spec, StartEvent)]


class ElementParser(TaskParser):  # type: ignore[misc]  # SpiffWorkflow has no types
    """Makes the node of one element and walks on."""

    STANDARD_LOOP_CLASS = StandardLoop
    PARALLEL_MI_CLASS = MultiInstance
    SEQUENTIAL_MI_CLASS = SequentialMultiInstance

    @property
    def element(self) -> Element:
        """The element as the catalogue has it."""
        process = next(self.node.iterancestors(full_tag("process")))
        known: Mapping[str, Element] = self.process_parser.parser.model.elements[process.get("id")]
        return known.get(self.bpmn_id) or Element(self.bpmn_id, etree.QName(self.node).localname, "", process.get("id"))

    def create_task(self) -> Node:
        """The node. Raises Invalid when the element cannot run as drawn."""
        refuse_element(self.element)
        node: Node = self.spec_class(self.spec, self.bpmn_id, element=self.element, **self.options())
        if isinstance(node, EndEvent):
            node.connect(self.spec.end)
        return node

    def options(self) -> dict[str, Any]:
        """What else a node of this kind needs."""
        return {}

    def handles_multiple_outgoing(self) -> bool:
        """Only gateways send several tokens on; the normaliser makes gateways of what splits without one."""
        return self.element.type.endswith("Gateway")

    def get_position(self, node: etree._Element | None = None) -> dict[str, float]:  # noqa: ARG002  # SpiffWorkflow's signature
        """Always the same: flows are tried in document order, wherever their targets are drawn."""
        return {"x": 0.0, "y": 0.0}

    def connect_outgoing(self, outgoing_task: Node, sequence_flow_node: etree._Element, is_default: bool) -> None:
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
            self.task.connect(outgoing_task)
            return
        only = len(self.process_parser.get_outgoing_sequence_flows(self.bpmn_id)) == 1
        unconditional = is_default or (only and not text)
        holds = None if unconditional else condition(text, f"Condition of flow {identity}", identity)
        self.task.add_flow(Flow(identity, outgoing_task.name, holds, unconditional), outgoing_task)

    def _add_loop_task(self, loop_characteristics: etree._Element) -> None:
        super()._add_loop_task(loop_characteristics)
        self._name_repeat()

    def _add_multiinstance_task(self, loop_characteristics: etree._Element) -> None:
        super()._add_multiinstance_task(loop_characteristics)
        self._name_repeat()

    def _name_repeat(self) -> None:
        self.task.element, self.task.is_activity = self.element, True

    def _add_boundary_event(self, children: list[etree._Element]) -> BoundarySplit:
        # The name is one that SpiffWorkflow's parser looks for when a flow leads back to the activity.
        split = BoundarySplit(self.spec, f"{self.bpmn_id}.BoundaryEventSplit")
        split.activity = self.task
        for event in children:
            split.connect(self.process_parser.parse_node(event))
        split.connect(self.task)
        return split


class ZonedParser(ElementParser):
    """Timers and due dates are counted in the business time zone."""

    def options(self) -> dict[str, Any]:
        """The zone."""
        return {"zone": self.process_parser.parser.model.zone}


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

    def options(self) -> dict[str, Any]:
        """The scope's spec, by the subprocess's id."""
        return {"subworkflow_spec": SubprocessParser.get_subprocess_spec(self)}


class CallActivityNodeParser(ElementParser):
    """A call activity runs a process of the same deployment."""

    def options(self) -> dict[str, Any]:
        """The scope's spec, by the called process's id."""
        return {"subworkflow_spec": SubprocessParser.get_call_activity_spec(self)}


class ScopeParser(ProcessParser):  # type: ignore[misc]  # SpiffWorkflow has no types
    """Parses one process or subprocess."""

    def create_spec(self) -> ProcessSpec:
        """An empty spec."""
        return ProcessSpec(self.bpmn_id, self.get_name(), self.filename)

    def add_tasks(self) -> None:
        """Walk from every start event."""
        self.spec.data_objects = {}
        for node in self.xpath("./bpmn:startEvent"):
            self.parse_node(node)


_NODES: Final[dict[str, tuple[type[ElementParser], type[Node]]]] = {
    "startEvent": (ElementParser, StartEvent),
    "endEvent": (ElementParser, EndEvent),
    "intermediateCatchEvent": (ZonedParser, CatchEvent),
    "receiveTask": (ZonedParser, CatchEvent),
    "boundaryEvent": (ZonedParser, BoundaryEvent),
    "intermediateThrowEvent": (ElementParser, ThrowEvent),
    "sendTask": (ElementParser, ThrowEvent),
    "task": (ElementParser, PlainTask),
    "userTask": (ZonedParser, UserTask),
    "manualTask": (ZonedParser, UserTask),
    "serviceTask": (ElementParser, ServiceTask),
    "scriptTask": (ElementParser, ScriptTask),
    "businessRuleTask": (DecisionParser, BusinessRuleTask),
    "subProcess": (SubprocessNodeParser, ScopeTask),
    "callActivity": (CallActivityNodeParser, ScopeTask),
    "exclusiveGateway": (ElementParser, ExclusiveGateway),
    "parallelGateway": (ElementParser, ParallelGateway),
    "inclusiveGateway": (ElementParser, InclusiveGateway),
    "eventBasedGateway": (ElementParser, EventGateway),
}


class Parser(BpmnParser):  # type: ignore[misc]  # SpiffWorkflow has no types
    """SpiffWorkflow's parser, taught our nodes."""

    PROCESS_PARSER_CLASS = ScopeParser
    PARSER_CLASSES: Final = {full_tag(tag): classes for tag, classes in _NODES.items()}

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def _get_parser_class(self, tag: str) -> tuple[type[ElementParser], type[Node]]:
        """Whoever makes the node; of what does not run, the one that refuses it in our words."""
        return self.PARSER_CLASSES.get(tag, (ElementParser, PlainTask))

    def _add_data_stores(self, bpmn: etree._Element) -> None:
        """Data stores are for people; nothing reads them."""
