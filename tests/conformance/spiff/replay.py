"""What happened to an instance of ours, told to SpiffWorkflow as it is: it goes the same way by itself, or it does not.

SpiffWorkflow runs the flow: gateways, scripts, subprocesses, calls, repetitions, boundary events, gateways of events, ends. What comes from
outside of the flow is what ours was given: what people, service tasks and decisions answered, which message or moment came, and what of
it each element keeps. Those are the house's own (`rule` in `engine/spiff/seam.py`).
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.defaults import EventBasedGateway, UserTask
from SpiffWorkflow.bpmn.specs.event_definitions import ErrorEventDefinition, MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import CycleTimerEventDefinition, TimeDateEventDefinition, TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.util.task import TaskState

from engine.spiff.records import Executed
from tests.unit.spiff.stock import Environment, StockParser

_FAR, _AGAIN, _LATER = '"PT9000H"', '"R/PT9000H"', '"2999-01-01T00:00:00"'
#: Who is answered from outside; for SpiffWorkflow a person's task each.
_ANSWERED = ("serviceTask", "businessRuleTask")
_ASKED = frozenset({*_ANSWERED, "userTask", "manualTask"})
#: What comes to an element from outside, or from elsewhere in the instance.
_CAUGHT = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask"})


class NotThere(Exception):
    """SpiffWorkflow does not wait where ours did."""


class _Parser(StockParser):
    OVERRIDE_PARSER_CLASSES: ClassVar = {full_tag(tag): (TaskParser, UserTask) for tag in _ANSWERED}


class Replay:
    """A process in SpiffWorkflow itself, led by what ours executed. It begins where ours began."""

    def __init__(self, trees: Sequence[etree._Element], key: str, given: Mapping[str, Any], trace: Sequence[Executed]) -> None:
        parser = _Parser()
        for tree in trees:
            parser.add_bpmn_xml(begun_at(tree, key, trace[0].element_id))
        self._heard: dict[str, deque[Mapping[str, Any]]] = defaultdict(deque)
        for entry in trace:
            if entry.outcome == "completed" and entry.element_type in _CAUGHT:
                self._heard[entry.element_id].append(entry.changed)
        spec, specs = parser.get_spec(key), parser.get_subprocess_specs(key)
        for step in [step for steps in (spec, *specs.values()) for step in steps.task_specs.values() if hasattr(step, "event_definition")]:
            self._lead(step)
        self.workflow = BpmnWorkflow(spec, specs, script_engine=PythonScriptEngine(Environment()))
        self.workflow.task_tree.set_data(**deepcopy(dict(given)))
        self._told: Counter[str] = Counter()
        self.workflow.do_engine_steps()
        for entry in trace:
            self._follow(entry)

    def _lead(self, step: Any) -> None:
        """What an event takes over is what ours took; messages go where the house routes them; when a timer fires says the trace."""
        for definition in _definitions(step):
            if isinstance(definition, CycleTimerEventDefinition):
                definition.expression = _AGAIN
            elif isinstance(definition, TimerEventDefinition):
                definition.expression = _LATER if isinstance(definition, TimeDateEventDefinition) else _FAR
            elif isinstance(definition, MessageEventDefinition):
                definition.throw = lambda _task: None
        if not isinstance(step, EventBasedGateway):
            self._hand_over(step, step.event_definition)

    def _hand_over(self, step: Any, definition: Any) -> None:
        theirs = definition.update_task_data

        def update(task: Any) -> None:
            theirs(task)
            task.set_data(**self._next(step.bpmn_id))

        definition.update_task_data = update

    def _next(self, element_id: str) -> Mapping[str, Any]:
        waiting = self._heard[element_id]
        return deepcopy(dict(waiting.popleft())) if waiting else {}

    @property
    def tasks(self) -> list[Any]:
        return [task for scope in (self.workflow, *self.workflow.subprocesses.values()) for task in scope.tasks.values()]

    @property
    def done(self) -> Counter[str]:
        """How often each element was completed."""
        return Counter(task.task_spec.bpmn_id for task in self.tasks if task.state == TaskState.COMPLETED and task.task_spec.bpmn_id)

    @property
    def completed(self) -> bool:
        """Whether it has come to its end."""
        return bool(self.workflow.completed)

    @property
    def data(self) -> dict[str, Any]:
        """The variables at the end."""
        return {name: value for name, value in self.workflow.data.items() if name != "data_objects"}

    def _follow(self, entry: Executed) -> None:
        self._told[entry.element_id] += entry.outcome == "completed"
        if entry.outcome == "refused":
            self._refuse(entry)
        elif entry.outcome != "completed" or self.done[entry.element_id] >= self._told[entry.element_id]:
            return
        elif entry.element_type in _CAUGHT:
            self._catch(entry)
        elif entry.element_type in _ASKED:
            task = self._waiting(entry, TaskState.READY)
            task.set_data(**deepcopy(dict(entry.changed)))
            task.run()
        self.workflow.do_engine_steps()

    def _waiting(self, entry: Executed, states: int) -> Any:
        found = [
            task
            for task in self.tasks
            if task.task_spec.bpmn_id == entry.element_id and task.has_state(states) and not isinstance(task.task_spec, LoopTask)
        ]
        turn = entry.detail.get("index")
        mine = [task for task in found if turn is None or _turn(task) in {None, turn}]
        if not mine:
            raise NotThere(f"{entry.element_id} does not wait")
        return mine[0]

    def _refuse(self, entry: Executed) -> None:
        task, code = self._waiting(entry, TaskState.READY), str(entry.detail["code"])
        self.workflow.catch(BpmnEvent(ErrorEventDefinition(code, code), None, target=task.workflow))

    def _catch(self, entry: Executed) -> None:
        task, definition = self._listening(entry)
        if isinstance(definition, TimerEventDefinition):
            value, past = task.internal_data["event_value"], (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
            task.internal_data["event_value"] = {**value, "next": past} if isinstance(value, dict) else past
        else:
            task.task_spec.catch(task, BpmnEvent(definition, {}))
        task.task_spec._update(task)

    def _listening(self, entry: Executed) -> tuple[Any, Any]:
        """The task that waits for an event; behind a gateway of events that is the gateway's."""
        for task in self.tasks:
            spec = task.task_spec
            if isinstance(spec, EventBasedGateway) and task.state == TaskState.WAITING:
                behind = [step.bpmn_id for step in spec.outputs]
                if entry.element_id in behind:
                    return task, spec.event_definition.event_definitions[behind.index(entry.element_id)]
        task = self._waiting(entry, TaskState.WAITING)
        return task, task.task_spec.event_definition


def _definitions(step: Any) -> Iterator[Any]:
    yield step.event_definition
    yield from getattr(step.event_definition, "event_definitions", ())


def begun_at(tree: etree._Element, key: str, element_id: str) -> etree._Element:
    """The process with the start event that ours began at alone, and without what that waits for: the house has heard it."""
    tree = deepcopy(tree)
    process = next((node for node in tree.iter(full_tag("process")) if node.get("id") == key), None)
    for start in () if process is None else process.findall(full_tag("startEvent")):
        if start.get("id") == element_id:
            for definition in [part for part in start if part.tag.endswith("EventDefinition")]:
                start.remove(definition)
            continue
        for flow in process.findall(full_tag("sequenceFlow")):
            if flow.get("sourceRef") == start.get("id"):
                process.remove(flow)
        process.remove(start)
    return tree


def _turn(task: Any) -> int | None:
    """The turn of the repetition that a task is, or lies in."""
    while task is not None:
        if "key_or_index" in task.internal_data:
            return int(task.internal_data["key_or_index"])
        task = task.parent
    return None
