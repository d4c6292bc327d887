"""Events and the tasks that are events: start, end, catch, throw, send and receive."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from engine.problems import Problem
from engine.spiff.elements import Element, Event
from engine.spiff.expressions import Formula, formula, setting
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import Drawn, End, now_of, store
from engine.spiff.nodes.outputs import Outputs
from engine.spiff.nodes.tasks import uncaught
from engine.spiff.plain import key_mapping, within_limit
from engine.spiff.records import Outgoing
from engine.spiff.timers import Timer, compile_timer, due_to_data
from engine.spiff.token import READY, WAITING, Token


class StartEvent(Drawn):
    """Where a process begins; what started it is in the variables already."""

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self._handed_on = Outputs(element)

    def act(self, token: Token) -> bool:
        """Assign what the event itself gives."""
        self._handed_on.store(token, None)
        return True


class CatchEvent(Drawn):
    """Waits for a message, a signal or a moment. Receive tasks are the same."""

    def __init__(self, wf_spec: Any, name: str, *, element: Element, zone: tzinfo = UTC, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.event: Event = element.event or Event("none")
        self._timer: Timer | None = compile_timer(self.event, element.id, zone) if self.event.kind == "timer" else None
        given = element.properties.get("correlation")
        self._correlation = None if given is None else formula(given, f"Correlation of {element.label}", element.id)

    def act(self, token: Token) -> bool | None:
        """Begin to wait, or take what came."""
        internal = token.internal_data
        if "fact" in internal:
            self.take(token, internal["fact"])
            del internal["fact"]
            return True
        if self.event.kind == "none":
            return True
        self.arm(token)
        return None

    def take(self, token: Token, fact: Any) -> None:
        """What was waited for is there."""
        above = token.above
        if isinstance(above.task_spec, EventGateway):
            above.task_spec.decided(above, token)
        token.internal_data.pop("wait", None)
        self.keep(token, fact)

    def keep(self, token: Token, fact: Any) -> None:
        """Write a payload into the variables."""
        if fact is not None:
            store(token, fact, self.element.result_variable, self.label)

    def arm(self, token: Token) -> None:
        """Begin to wait. A moment that is past already has come."""
        now = now_of(token)
        due = None if self._timer is None else self._timer.due(token.data, now)
        if due is not None:
            token.internal_data["wait"] = due_to_data(due)
        elif self.event.kind == "message":
            token.internal_data["wait"] = {"correlation": self._correlate(token, now)}
        token.become(WAITING)
        if due is not None and due.at <= now:
            self.came(token, None)

    def came(self, token: Token, payload: Any) -> None:
        """A fact has come for the waiting token: it runs next."""
        token.internal_data["fact"] = payload
        token.become(READY)

    def _correlate(self, token: Token, now: datetime) -> dict[str, Any]:
        keys = {} if self._correlation is None else self._correlation(token.data, now)
        if isinstance(keys, dict) and None not in keys.values():
            known = keys_of(keys, self.label)
            if "" not in known.values():
                return known
        raise StepFailed(
            "correlation",
            f"The correlation of {self.label} must give a value for each key, not {keys!r}.",
            "Correct the variables it reads and retry.",
        )


def keys_of(given: dict[str, Any], label: str) -> dict[str, Any]:
    """Correlation keys in their canonical form. Raises StepFailed for what is no key."""
    try:
        return key_mapping(given, f"the correlation of {label}")
    except Problem as problem:
        raise StepFailed("correlation", problem.detail, "Correct the variables it reads and retry.") from None


class EventGateway(Drawn):
    """Lets every event behind it wait; the first that comes decides, and the others are given up."""

    keeps_place = True

    def decided(self, token: Token, winner: Token) -> None:
        """Give up the other events and leave the tree."""
        for child in token.below:
            if child is not winner and child.task_spec in self.following and child.live:
                child.cancel()
        token.retire()


class ThrowEvent(Drawn):
    """Sends a message or signal, raises an error or escalation, or only marks a place."""

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.event: Event = element.event or Event("none")
        self._settings: dict[str, Formula] = {
            name: setting(element.properties[name], f"{name} of {element.label}", element.id)
            for name in ("payload", "correlation", "businessKey", "messageId")
            if name in element.properties
        }

    def act(self, token: Token) -> bool | None:
        """Throw."""
        kind = self.event.kind
        if kind in {"message", "signal"}:
            self._send(token, kind)
        elif kind == "error":
            self._raise_error(token)
            return None
        elif kind == "escalation":
            token.workflow.top_workflow.escalate(token, self.event.code, self._value("payload", token))
        return True

    def _send(self, token: Token, kind: str) -> None:
        top = token.workflow.top_workflow
        payload, correlation = self._context("payload", token), keys_of(self._context("correlation", token), self.label)
        top.outgoing.append(
            Outgoing(
                kind,
                self.event.name,
                payload,
                correlation,
                self._key("businessKey", token),
                self._key("messageId", token),
                self.bpmn_id,
                token.id,
            )
        )
        token.say(**{kind: self.event.name}, correlation=correlation)
        if kind == "signal":
            top.broadcast(self.event.name, payload)

    def _raise_error(self, token: Token) -> None:
        code = self.event.code or self.event.name
        token.say(error=code)
        if not token.workflow.top_workflow.throw_error(token, code, self.element.name):
            raise uncaught(self.label, code, self.element.name)
        token.workflow.top_workflow.note(token, "completed")

    def _value(self, name: str, token: Token) -> Any:
        given = self._settings.get(name)
        return None if given is None else given(token.data, now_of(token))

    def _key(self, name: str, token: Token) -> str | None:
        key: str | None = keys_of({name: self._value(name, token)}, self.label)[name]
        return key

    def _context(self, name: str, token: Token) -> dict[str, Any]:
        value = self._value(name, token)
        if value is None:
            return {}
        if isinstance(value, dict):
            try:
                within_limit(value)  # here, where it can be corrected, and not at whoever receives it
            except Problem as problem:
                raise StepFailed.of(problem, f"The {name} of {self.label}") from None
            return value
        raise StepFailed("message", f"The {name} of {self.label} is no context.", "Correct the variables it reads, then retry the step.")


class EndEvent(ThrowEvent):
    """Ends a path, and with terminate the whole scope."""

    def act(self, token: Token) -> bool | None:
        """Throw what it throws; terminate what is to be terminated."""
        result = super().act(token)
        if self.event.kind == "terminate":
            scope = token.workflow
            for other in list(scope.live.values()):
                if other is not token and other.live and other.id in scope.tasks and not isinstance(other.task_spec, End):
                    other.cancel()
        return result
