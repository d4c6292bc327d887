# ruff: noqa: SLF001  # SpiffWorkflow's hooks
"""Events in the flow and the tasks that are events: end, catch, throw, send and receive."""

from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from uuid import UUID

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.event_definitions import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.specs.base import TaskSpec

from engine.problems import Problem
from engine.spiff.elements import Element, Event
from engine.spiff.expressions import Formula, formula, setting
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import OwnStep, Step, now_of, overtaken, store
from engine.spiff.nodes.definitions import definition_of
from engine.spiff.nodes.tasks import uncaught
from engine.spiff.plain import key_mapping, within_limit
from engine.spiff.records import Outgoing
from engine.spiff.token import WAITING, Token

#: What says of a waiting token that nothing more is to come for it: it has come beside others, or for the last time.
OVER: Final = ("arrived", "spent")


class CatchEvent(OwnStep, CatchingEvent):
    """Waits for a message, a signal, a moment or a condition."""

    element: Element
    #: Of a part of an event that waits for several things, all of which are to come: the names of all parts.
    group: tuple[str, ...] = ()

    def __init__(self, wf_spec: Any, name: str, *, element: Element, zone: tzinfo = UTC, **options: Any) -> None:
        self.event: Event = element.event or Event("none")
        super().__init__(wf_spec, name, event_definition=definition_of(element, zone), element=element, **options)
        given = element.properties.get("correlation")
        self._correlation = None if given is None else formula(given, f"Correlation of {element.label}", element.id)

    def _run_hook(self, my_task: Token) -> bool | None:
        """Begin to wait, or take what came. A moment that is past already has come."""
        internal = my_task.internal_data
        if not internal.get("event_fired") and not self.begin(my_task):
            if my_task.state == WAITING:
                self.begun(my_task)
            return None
        self.take(my_task)
        internal.pop("wait", None)
        return bool(super()._run_hook(my_task))

    def begun(self, token: Token) -> None:
        """It waits; what is there already comes at once."""
        if self.event.kind == "timer" and datetime.fromisoformat(token.internal_data["wait"]["due"]) <= now_of(token):
            self.came(token, None)
        elif self.event.kind == "conditional":
            token.workflow.top_workflow.event_manager.ask(token)

    def catches(self, my_task: Token, event: BpmnEvent) -> bool:
        """Whether it is for this wait, and nothing has decided against that already."""
        if my_task.state != WAITING or not my_task.internal_data.keys().isdisjoint(OVER):
            return False
        return super().catches(my_task, event) and not overtaken(my_task)

    def catch(self, my_task: Token, event: BpmnEvent) -> None:
        """It has come. A part of an event that waits for several things waits on for the others; the last has what all brought."""
        if not self.group or self._gathered(my_task, event):
            self.go_on(my_task, event)

    def go_on(self, my_task: Token, event: BpmnEvent) -> None:
        """All that was waited for has come."""
        super().catch(my_task, event)

    def others(self, token: Token) -> list[Token]:
        """The other parts of which all are to come."""
        return [each for each in token.above.children if each is not token and each.live and each.task_spec.name in self.group]

    def _gathered(self, token: Token, event: BpmnEvent) -> bool:
        token.internal_data["arrived"] = event.payload
        parts = {each.task_spec.name: each.internal_data for each in (token, *self.others(token))}
        if not all("arrived" in internal for internal in parts.values()):
            return False
        brought = [parts[name].pop("arrived") for name in self.group if name in parts]
        event.payload = {key: value for each in brought if isinstance(each, dict) for key, value in each.items()} or None
        return True

    def came(self, token: Token, payload: Any) -> None:
        """A fact has come for a waiting token: it runs next."""
        self.catch(token, BpmnEvent(self.event_definition, payload))
        self._update(token)

    def take(self, token: Token) -> None:
        """What was waited for is there."""
        above = token.above
        if isinstance(above.task_spec, EventGateway):
            above.task_spec.decided(above, token)

    def keep(self, token: Token, payload: Any) -> None:
        """Write a payload into the variables."""
        if payload is not None:
            store(token, payload, self.element.result_variable, self.label)

    def correlate(self, token: Token) -> dict[str, Any]:
        """The keys of the message it waits for. Raises StepFailed when one has no value."""
        keys = {} if self._correlation is None else self._correlation(token.data, now_of(token))
        if isinstance(keys, dict) and None not in keys.values():
            known = keys_of(keys, self.label)
            if "" not in known.values():
                return known
        raise StepFailed(
            "correlation", f"The correlation of {self.label} {_wrong_keys(keys)}.", "Correct the variables it reads and retry."
        )


def _wrong_keys(keys: Any) -> str:
    if not isinstance(keys, dict):
        return "is no context of keys, such as {order_no: order_no}"
    without = sorted(name for name, value in keys.items() if value is None or (isinstance(value, str) and not value.strip()))
    return f"gives no value for {', '.join(without)}"


class IntermediateCatchEvent(CatchEvent, defaults.IntermediateCatchEvent):
    """In the flow."""


class ReceiveTask(CatchEvent, defaults.ReceiveTask):
    """The same, drawn as a task."""


def keys_of(given: dict[str, Any], label: str) -> dict[str, Any]:
    """Correlation keys in their canonical form. Raises StepFailed for what is no key."""
    try:
        return key_mapping(given, f"the correlation of {label}")
    except Problem as problem:
        raise StepFailed("correlation", problem.detail, "Correct the variables it reads and retry.") from None


class EventGateway(Step, defaults.EventBasedGateway):
    """Lets every event behind it wait; the first that comes decides, and the others are given up.

    SpiffWorkflow waits in the gateway for all of them at once, with one due moment for all.
    """

    keeps_place = True

    def __init__(self, wf_spec: Any, name: str, **options: Any) -> None:
        super().__init__(wf_spec, name, event_definition=MultipleEventDefinition(), **options)

    def connect(self, child: Any) -> None:
        """The events behind it stay theirs; of a multiple one each part is an event of its own here."""
        for event in child.outputs if isinstance(child, Together) else (child,):
            TaskSpec.connect(self, event)

    def _predict_hook(self, my_task: Token) -> None:
        TaskSpec._predict_hook(self, my_task)

    def _update_hook(self, my_task: Token) -> bool:
        ready: bool = TaskSpec._update_hook(self, my_task)
        return ready

    def _run_hook(self, my_task: Token) -> bool:
        done: bool = TaskSpec._run_hook(self, my_task)
        return done

    def decided(self, token: Token, winner: Token) -> None:
        """Give up the other events and leave the tree."""
        for child in self.events_of(token):
            if child is not winner:
                child.cancel()
        token.retire()

    def events_of(self, token: Token) -> list[Token]:
        """The events that wait behind it."""
        return [child for child in token.children if child.task_spec.name in self._outputs and child.live]

    def overtakes(self, token: Token, event: Token) -> bool:
        """Whether another event has come already."""
        return any(sibling.internal_data.get("event_fired") for sibling in token.children if sibling is not event)


class Together(EventGateway):
    """Stands before the parts of one event that waits for several things: for any of them, or for all."""

    def __init__(self, wf_spec: Any, name: str, **options: Any) -> None:
        super().__init__(wf_spec, name, **options)
        self.told = None


class ThrowEvent(Step, defaults.IntermediateThrowEvent):
    """Sends a message or signal, raises an error or escalation, or only marks a place."""

    element: Element

    def __init__(self, wf_spec: Any, name: str, *, element: Element, zone: tzinfo = UTC, **options: Any) -> None:
        self.event: Event = element.event or Event("none")
        super().__init__(wf_spec, name, event_definition=definition_of(element, zone), element=element, **options)
        self._settings: dict[str, Formula] = {
            name: setting(element.properties[name], f"{name} of {element.label}", element.id)
            for name in ("payload", "correlation", "businessKey", "messageId")
            if name in element.properties
        }

    def send(self, token: Token, kind: str, name: str) -> dict[str, Any]:
        """Hand a message or signal over to be sent; answers its payload. Raises StepFailed."""
        payload, correlation = self._context("payload", token), keys_of(self._context("correlation", token), self.label)
        keys = self._key("businessKey", token), self._key("messageId", token)
        top = token.workflow.top_workflow
        top.outgoing.append(Outgoing(kind, name, payload, correlation, *keys, self.bpmn_id, _uuid(token)))
        token.say(**{kind: name}, correlation=correlation)
        return payload

    def raise_error(self, token: Token, code: str) -> None:
        """Give an error to whoever catches it. Raises StepFailed when nobody does."""
        token.say(error=code)
        if not token.workflow.top_workflow.throw_error(token, code, self.element.name):
            raise uncaught(self.label, code, self.element.name)

    def value(self, name: str, token: Token) -> Any:
        """One of its settings."""
        given = self._settings.get(name)
        return None if given is None else given(token.data, now_of(token))

    def _key(self, name: str, token: Token) -> str | None:
        key: str | None = keys_of({name: self.value(name, token)}, self.label)[name]
        return key

    def _context(self, name: str, token: Token) -> dict[str, Any]:
        value = self.value(name, token)
        if value is None:
            return {}
        if isinstance(value, dict):
            try:
                within_limit(value)  # here, where it can be corrected, and not at whoever receives it
            except Problem as problem:
                raise StepFailed.of(problem, f"The {name} of {self.label}") from None
            return value
        raise StepFailed("message", f"The {name} of {self.label} is no context.", "Correct the variables it reads, then retry the step.")


class SendTask(ThrowEvent, defaults.SendTask):
    """The same, drawn as a task."""


class EndEvent(ThrowEvent, defaults.EndEvent):
    """Ends a path, and with terminate the whole scope."""


def _uuid(token: Token) -> UUID:
    return UUID(hex=token.id)
