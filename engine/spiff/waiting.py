"""What an instance waits for, read from its living tokens."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from engine.problems import Problem
from engine.spiff.instance import Instance
from engine.spiff.nodes.events import OVER, CatchEvent
from engine.spiff.nodes.listening import is_idle
from engine.spiff.nodes.tasks import ServiceTask, UserTask
from engine.spiff.plain import key_mapping
from engine.spiff.records import FailedStep, Subscription, TimerWait, Waits, Work
from engine.spiff.token import ERROR, STARTED, WAITING, Token

#: Characters that are shown of a condition; an index holds them.
_SHOWN: Final = 500


def waits_of(instance: Instance, *, listening: bool = True) -> Waits:
    """Every wait of every scope, in the order they began; the lists stand in the order of `Waits`.

    Without `listening` what only listens for as long as its scope is under way is left out.
    """
    found: dict[str, list[Any]] = {"user_tasks": [], "timers": [], "subscriptions": [], "work": [], "failed": []}
    for token in instance.tokens:
        spec, state = token.task_spec, token.state
        if state == ERROR:
            found["failed"].append(_failed(token))
        elif state == STARTED and isinstance(spec, UserTask) and "wait" in token.internal_data:
            found["user_tasks"].append(spec.waiting(token))
        elif state == STARTED and isinstance(spec, ServiceTask):
            work = _work(token)
            found["work"].append(work)
            if work.retry_at is not None:
                found["timers"].append(TimerWait(_id(token), spec.bpmn_id, work.retry_at, "retry"))
        elif state == WAITING and isinstance(spec, CatchEvent) and (listening or not is_idle(token)):
            _event(token, found)
    return Waits(*map(tuple, found.values()))


def _event(token: Token, found: dict[str, list[Any]]) -> None:
    spec, wait = token.task_spec, token.internal_data.get("wait", {})
    event = spec.event
    if not token.internal_data.keys().isdisjoint(OVER):
        return
    if event.kind == "timer":
        found["timers"].append(TimerWait(_id(token), spec.bpmn_id, datetime.fromisoformat(wait["due"]), "event"))
    elif event.kind == "conditional":
        found["subscriptions"].append(Subscription(_id(token), spec.bpmn_id, "condition", event.expression[:_SHOWN], {}))
    elif event.kind in {"message", "signal"}:
        correlation = _keys(wait.get("correlation", {}))
        found["subscriptions"].append(Subscription(_id(token), spec.bpmn_id, event.kind, event.name, correlation))


def _keys(kept: dict[str, Any]) -> dict[str, Any]:
    """A state of an earlier release holds the keys as the model gave them."""
    try:
        return key_mapping(kept, "the correlation")
    except Problem:
        return kept


def _id(token: Token) -> UUID:
    return UUID(hex=token.id)


def _work(token: Token) -> Work:
    internal, spec = token.internal_data, token.task_spec
    retry_at = internal.get("retry_at")
    return Work(
        task_id=_id(token),
        element_id=spec.bpmn_id,
        handler=spec.handler,
        parameters=internal.get("parameters", {}),
        retry=spec.retry,
        attempt=internal.get("next_attempt") or internal.get("attempt", 1),
        retry_at=None if retry_at is None else datetime.fromisoformat(retry_at),
    )


def _failed(token: Token) -> FailedStep:
    internal, element = token.internal_data, token.task_spec.element
    failure = internal["failure"]
    return FailedStep(
        task_id=_id(token),
        element_id=element.id,
        element_type=element.type,
        handler=element.handler,
        kind=failure["kind"],
        message=failure["message"],
        next_step=failure["next_step"],
        traceback=failure["traceback"],
        attempt=internal.get("attempt", 1),
    )
