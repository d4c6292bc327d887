"""Lets a timer be due at another time: an operator's answer to a wait that is too long, or too short."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.operate.operations import Operated, held_for
from engine.runtime.post import timers
from engine.runtime.state import audit
from engine.store.tables import InstanceState


@dataclass(frozen=True, slots=True)
class TimerMove:
    """Which timer, when it is to be due, by whom and why."""

    timer_id: UUID
    due_at: datetime
    actor: str
    reason: str


def move_timer(tx: Session, asked: TimerMove) -> Operated:
    """Move a timer; one that is due now fires with the next tick. Raises NotFound, Conflict when it has fired, Invalid without a reason."""
    row = tx.execute(_TIMER, {"id": asked.timer_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no timer {asked.timer_id}.", code="timer_unknown", next_step="Look at what the instance waits for now.")
    held = held_for(tx, "move_timer", row.instance_id, asked.reason)
    timers.move(tx, asked.timer_id, asked.due_at)
    moved = {"element_id": row.element_id, "from": row.due_at.isoformat(), "to": asked.due_at.isoformat()}
    audit.record(tx, audit.Entry(asked.actor, "move_timer", f"instance:{held.id}", asked.reason, moved))
    return Operated(held.id, InstanceState(held.state))


_TIMER = text("SELECT instance_id, element_id, due_at FROM timer WHERE id = :id")
