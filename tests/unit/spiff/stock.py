"""SpiffWorkflow as it is, with FEEL as its language: the oracle of our engine, and what its faults are shown on."""

from decimal import Decimal
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition, SignalEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.util.task import TaskState

from engine.spiff.expressions import FeelEnvironment
from tests.unit.spiff.drawing import definitions

LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED | TaskState.ERROR


class DocumentOrder(ProcessParser):
    """Flows are tried in the order of the document, as ours are."""

    def get_position(self, _node_id: str) -> dict[str, float]:
        return {"x": 0.0, "y": 0.0}


class StockParser(BpmnParser):
    """SpiffWorkflow's parser and specs."""

    PROCESS_PARSER_CLASS = DocumentOrder


class Environment(FeelEnvironment):
    """FEEL, with ints to count with."""

    def evaluate(self, expression: str, context: Any, external_context: Any = None) -> Any:
        """What SpiffWorkflow counts with are ints."""
        value = super().evaluate(expression, context, external_context)
        return int(value) if isinstance(value, Decimal) and value == int(value) else value


class Stock:
    """A run of the process `order` in SpiffWorkflow itself."""

    def __init__(self, *parts: str, beside: str = "", **variables: Any) -> None:
        parser = StockParser()
        parser.add_bpmn_str(
            etree.tostring(definitions(f'<bpmn:process id="order" isExecutable="true">{"".join(parts)}</bpmn:process>{beside}'))
        )
        engine = PythonScriptEngine(Environment())
        self.workflow = BpmnWorkflow(parser.get_spec("order"), parser.get_subprocess_specs("order"), script_engine=engine)
        self.workflow.task_tree.set_data(**variables)
        self.go()

    def go(self) -> "Stock":
        self.workflow.do_engine_steps()
        return self

    @property
    def tasks(self) -> list[Any]:
        return [task for scope in (self.workflow, *self.workflow.subprocesses.values()) for task in scope.tasks.values()]

    def at(self, name: str, state: int = TaskState.READY, place: int = 0) -> Any:
        return [task for task in self.tasks if task.task_spec.name in {name, f"{name} [child]"} and task.has_state(state)][place]

    def do(self, name: str, place: int = 0, **result: Any) -> "Stock":
        """Complete a user task and go on."""
        task = self.at(name, place=place)
        task.set_data(**result)
        task.run()
        return self.go()

    def message(self, name: str, **correlation: Any) -> "Stock":
        self.workflow.send_event(BpmnEvent(MessageEventDefinition(name), {}, correlation))
        return self.go()

    def signal(self, name: str) -> "Stock":
        self.workflow.catch(BpmnEvent(SignalEventDefinition(name), {}))
        return self.go()

    @property
    def data(self) -> dict[str, Any]:
        return {name: value for name, value in self.workflow.data.items() if name != "data_objects"}

    @property
    def completed(self) -> bool:
        return bool(self.workflow.completed)

    def live(self) -> set[str]:
        """The names of what still is to be dealt with."""
        return {task.task_spec.name for task in self.tasks if task.has_state(LIVE)}
