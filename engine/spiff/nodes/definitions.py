# SpiffWorkflow's own definitions keep what they know in the task
"""What an event waits for or throws: SpiffWorkflow's event definitions with our timers, correlation, payloads and routing."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, ClassVar, Final

from SpiffWorkflow.bpmn.specs.event_definitions import (
    CancelEventDefinition,
    ConditionalEventDefinition,
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    MultipleEventDefinition,
    NoneEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent

from engine.spiff.calls import NONE
from engine.spiff.elements import Element, Event
from engine.spiff.expressions import awaited
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import now_of
from engine.spiff.timers import compile_timer, due_to_data
from engine.spiff.token import Token


class Keeping(EventDefinition):
    """Keeps what came under one key. SpiffWorkflow uses the event's name, which may be that of something else it keeps."""

    def catch(self, my_task: Token, event: BpmnEvent = None) -> None:
        """It has come."""
        if event is not None and event.payload is not None:
            my_task.internal_data["payload"] = event.payload
        EventDefinition.catch(self, my_task, event)

    def update_task_data(self, my_task: Token) -> None:
        """Write what came into the variables, as the element says."""
        my_task.task_spec.keep(my_task, my_task.internal_data.get("payload"))

    def reset(self, my_task: Token) -> None:
        """What came is taken."""
        for key in ("payload", "event_fired"):
            my_task.internal_data.pop(key, None)


class Message(Keeping, MessageEventDefinition):
    """Correlates by the keys of the element, all of which must fit; SpiffWorkflow is content with any."""

    def has_fired(self, my_task: Token) -> bool:
        """Whether it has come; the keys are computed once, when the wait begins."""
        if not my_task.internal_data.keys() & {"wait", "event_fired"}:
            my_task.internal_data["wait"] = {"correlation": my_task.task_spec.correlate(my_task)}
        fired: bool = super().has_fired(my_task)
        return fired

    def catches(self, my_task: Token, event: BpmnEvent) -> bool:
        """Whether the message is for this wait."""
        wanted = my_task.internal_data.get("wait", {}).get("correlation", {})
        return bool(self == event.event_definition and wanted.items() <= event.correlations.items())

    def throw(self, my_task: Token) -> None:
        """Send it; the house routes it."""
        my_task.task_spec.send(my_task, "message", self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MessageEventDefinition) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]  # as SpiffWorkflow's


class Signal(Keeping, SignalEventDefinition):
    """Goes to every place that waits for it, and out to all other instances."""

    def throw(self, my_task: Token) -> None:
        """Send it, and give it to the places in here."""
        payload = my_task.task_spec.send(my_task, "signal", self.name)
        my_task.workflow.top_workflow.broadcast(self.name, payload)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SignalEventDefinition) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]  # as SpiffWorkflow's


class Thrown(BpmnEvent):
    """An error on its way out of the token that throws it, with the variables that go on with whoever catches it."""

    def __init__(self, thrower: Token, code: str, reason: str, variables: Mapping[str, Any]) -> None:
        super().__init__(Error(code, code), {"code": code, "message": reason}, target=thrower)
        self.variables = variables


class Error(Keeping, ErrorEventDefinition):
    """Goes to the nearest boundary event around for its code, or for all."""

    def catch(self, my_task: Token, event: BpmnEvent = None) -> None:
        """It has come; who was refused is told when the activity is interrupted."""
        super().catch(my_task, event)
        if isinstance(event, Thrown):
            said = event.payload
            my_task.write(event.variables)
            my_task.internal_data["refusal"] = {"code": said["code"], "reason": said["message"], "by": event.target.id}

    def throw(self, my_task: Token) -> None:
        """Raises StepFailed when nobody catches it."""
        my_task.task_spec.raise_error(my_task, self.code or self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ErrorEventDefinition) and self.code in {None, other.code}

    __hash__ = None  # type: ignore[assignment]  # as SpiffWorkflow's


class Escalation(Keeping, EscalationEventDefinition):
    """Goes to the nearest boundary event around for its code, or for all; it is no fault when nobody takes it."""

    def throw(self, my_task: Token) -> None:
        """Tell whoever is around."""
        my_task.workflow.top_workflow.escalate(my_task, self.code, my_task.task_spec.value("payload", my_task))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EscalationEventDefinition) and self.code in {None, other.code}

    __hash__ = None  # type: ignore[assignment]  # as SpiffWorkflow's


class Moment(Keeping, TimerEventDefinition):
    """A date, duration or cycle by our grammar, zone and clock; SpiffWorkflow asks the machine's clock whenever it is looked at."""

    #: What it is for SpiffWorkflow's serializer.
    stands_for: ClassVar[str]

    def __init__(self, event: Event, element: Element, zone: tzinfo) -> None:
        self.timer = compile_timer(event, element.id, zone, element.properties.get("calendar", NONE))
        super().__init__(element.id, f'"{self.timer.text}"' if self.timer.value is None else self.timer.text)

    def has_fired(self, my_task: Token) -> bool:
        """Whether its moment has come; when that is, is computed once, when the wait begins."""
        if not my_task.internal_data.keys() & {"wait", "event_fired"}:
            due = self.timer.due(my_task.data, now_of(my_task), my_task.workflow.top_workflow.calendars)
            my_task.internal_data["wait"] = due_to_data(due)
        fired: bool = super().has_fired(my_task)
        return fired

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None  # type: ignore[assignment]  # as SpiffWorkflow's


class Date(Moment):
    """At a moment."""

    stands_for = "TimeDateEventDefinition"


class Duration(Moment):
    """After some time."""

    stands_for = "DurationTimerEventDefinition"


class Cycle(Moment):
    """Again and again."""

    stands_for = "CycleTimerEventDefinition"


class Condition(Keeping, ConditionalEventDefinition):
    """Becomes true while it is waited for. SpiffWorkflow asks whenever it looks, and with the variables of the event's own branch only."""

    def __init__(self, event: Event, element: Element) -> None:
        self.holds = awaited(event.expression, f"Condition of {element.label}", element.id)
        super().__init__(event.expression, name=element.id)

    def has_fired(self, my_task: Token) -> bool:
        """Whether it has become true; before it is waited for it counts as not true."""
        my_task.internal_data.setdefault("wait", {"held": False})
        return bool(my_task.internal_data.get("event_fired"))

    def judge(self, my_task: Token, seen: Mapping[str, Any]) -> bool:
        """Whether it is true now and was not when it was last asked. Raises StepFailed when it is neither true nor false."""
        held = my_task.internal_data["wait"]["held"]
        my_task.internal_data["wait"] = {"held": self.holds(seen, now_of(my_task))}
        return bool(my_task.internal_data["wait"]["held"] and not held)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None  # type: ignore[assignment]  # as SpiffWorkflow's


_MOMENTS: Final = {"date": Date, "duration": Duration, "cycle": Cycle}


class Terminate(TerminateEventDefinition):
    """Gives up everything else in its scope, failed steps with it; SpiffWorkflow's end event then ends the scope."""

    def throw(self, my_task: Token) -> None:
        """Cancel the others."""
        give_up_others(my_task)


class Cancel(CancelEventDefinition):
    """Leaves a transaction by its cancel event, when everything in it is undone."""

    def throw(self, my_task: Token) -> None:
        """Raises StepFailed when the transaction has no such event."""
        if not my_task.workflow.top_workflow.event_manager.catch(BpmnEvent(self, target=my_task)):
            raise StepFailed(
                "transaction_without_cancel",
                f"{my_task.task_spec.label} cancels a transaction that has no cancel boundary event.",
                "Draw one on the transaction and deploy a new version, or skip the step to let the transaction end.",
            )


def give_up_others(token: Token) -> None:
    """Cancel all that is under way in the scope of a token but itself."""
    scope = token.workflow
    for other in list(scope.live.values()):
        if other is not token and other.live and other.id in scope.tasks:
            other.cancel()


def definition_of(element: Element, zone: tzinfo) -> EventDefinition:
    """What an element waits for or throws. Raises Invalid when a timer is none."""
    if element.parts:
        return MultipleEventDefinition([_definition(element, event, zone) for event in element.parts], element.parallel)
    return _definition(element, element.event or Event("none"), zone)


def _definition(element: Element, event: Event, zone: tzinfo) -> EventDefinition:
    if event.kind == "timer":
        return _MOMENTS.get(event.timer, Date)(event, element, zone)
    if event.kind == "conditional":
        return Condition(event, element)
    if event.kind in {"message", "signal"}:
        return (Message if event.kind == "message" else Signal)(event.name)
    if event.kind in {"error", "escalation"}:
        return (Error if event.kind == "error" else Escalation)(event.name, event.code)
    return {"terminate": Terminate, "cancel": Cancel}.get(event.kind, NoneEventDefinition)()
