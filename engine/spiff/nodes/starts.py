# ruff: noqa: SLF001  # SpiffWorkflow's hooks
"""Where a scope begins: SpiffWorkflow's `Start`, and the start event that is drawn."""

from dataclasses import replace
from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask
from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition

from engine.spiff.elements import Element
from engine.spiff.nodes.base import Step, told
from engine.spiff.nodes.listening import Listener, idle_listeners
from engine.spiff.nodes.outputs import Outputs
from engine.spiff.token import FUTURE, Token


class Root(Step, BpmnStartTask):
    """Where every scope begins: at the start event that was chosen, or the plain one, or the first. What listens hangs here."""

    keeps_place = True

    def _predict_hook(self, my_task: Token) -> None:
        """SpiffWorkflow lets all start events wait beside one another; ours are chosen before an instance begins."""
        specs = self._wf_spec.task_specs
        chosen = my_task.internal_data.pop("start", None) or self._wf_spec.first_start
        my_task._sync_children([specs[chosen]], FUTURE)

    def listeners_of(self, token: Token, activity: Token) -> list[Token]:
        """The events of the whole scope, but those of the event subprocess that itself throws."""
        return [each for each in idle_listeners(token.workflow) if each.task_spec.begins != activity.task_spec.name]

    def overtakes(self, token: Token, child: Token) -> bool:
        """Whether an event that ends the scope has come."""
        if not self._wf_spec.listeners:
            return False
        others = [each for each in token.workflow.live.values() if each is not child and isinstance(each.task_spec, Listener)]
        return any(told(each) and each.task_spec.cancel_activity for each in others)


class StartEvent(Step, defaults.StartEvent):
    """Where a process begins; what started it is in the variables already."""

    element: Element

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, event_definition=NoneEventDefinition(), element=element, **options)
        self._handed_on = Outputs(element)

    def heard(self) -> None:
        """It begins an event subprocess: what came is written by the event that waits in the scope around, and so is the history."""
        self.told, self._handed_on = None, Outputs(replace(self.element, properties={}))

    def _run_hook(self, my_task: Token) -> bool:
        """Assign what the event itself gives."""
        self._handed_on.store(my_task, None)
        return bool(super()._run_hook(my_task))
