"""Gives a message to one waiting place of an instance: an operator's answer to one that was lost, or that nobody can send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.advance.advance import act
from engine.runtime.operate.operations import Operated, held_for
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.spiff.plain import plain_mapping


@dataclass(frozen=True, slots=True)
class Correlation:
    """Which waiting place of which instance, what the message says, by whom and why."""

    instance_id: UUID
    task_id: UUID
    actor: str
    reason: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def correlate(runtime: Runtime, tx: Session, asked: Correlation) -> Operated:
    """Let the message that a place waits for come to this place only. Raises Conflict when it does not wait, Invalid without a reason."""
    payload = plain_mapping(asked.payload, "The message")
    held = held_for(tx, "message", asked.instance_id, asked.reason)
    wait = tx.execute(_WAIT, {"id": asked.task_id, "instance_id": held.id}).one_or_none()
    if wait is None:
        raise Conflict("It waits for no message there any more.", code="not_waiting", next_step="Look at the instance again.")
    acted = act(runtime, tx, held.id, Fact("message", {"task_id": asked.task_id, "payload": payload}, asked.actor))
    detail = {"name": wait.name, "element_id": wait.element_id, "correlation": wait.correlation, "payload": payload}
    audit.record(tx, audit.Entry(asked.actor, "correlate", f"instance:{held.id}", asked.reason, detail))
    return Operated(held.id, acted.state)


_WAIT = text("SELECT name, element_id, correlation FROM subscription WHERE id = :id AND instance_id = :instance_id AND kind = 'message'")
