"""The tick: due timers become facts of their instances. Any number of workers may tick at once; none fires twice.

Instances are locked before their timers, as an advance does; a busy instance is left for the next tick.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.runtime.post import schedules
from engine.runtime.state.runtime import Runtime

_DUE = text("SELECT instance_id FROM timer WHERE NOT fired AND due_at <= now() ORDER BY due_at LIMIT :most")
_LOCK = text("SELECT id FROM instance WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED")
_FIRE = text(
    "WITH due AS (UPDATE timer SET fired = true WHERE instance_id = ANY(:ids) AND NOT fired AND due_at <= now() "
    "RETURNING id, instance_id, due_at), "
    "noted AS (INSERT INTO inbox (instance_id, kind, dedupe_key, body) SELECT instance_id, 'timer', 'timer:' || id || ':' || due_at, "
    "jsonb_build_object('task_id', id) FROM due ORDER BY due_at ON CONFLICT DO NOTHING RETURNING instance_id) "
    "UPDATE instance i SET wake = wake + 1, rung_at = CASE WHEN wake = done THEN now() ELSE rung_at END, "
    "state = CASE WHEN state = 'waiting' THEN 'running' ELSE state END FROM (SELECT DISTINCT instance_id FROM noted) AS n "
    "WHERE i.id = n.instance_id RETURNING i.id, i.wake - i.done = 1 AND i.lease_until < now() AND i.state <> 'suspended' AS idle"
)
_MOVE = text(
    "UPDATE timer SET due_at = :due_at FROM instance i WHERE i.id = timer.instance_id AND timer.id = :id AND NOT fired "
    "RETURNING timer.instance_id, timer.element_id"
)


def tick(runtime: Runtime, tx: Session) -> int:
    """Fire what is due, timers and schedules; answers how many instances were woken or begun."""
    begun = schedules.fire(runtime, tx)
    waiting = tx.connection().execute(_DUE, {"most": runtime.limits.batch}).scalars().all()
    if not waiting:
        return begun
    locked = tx.connection().execute(_LOCK, {"ids": sorted(set(waiting))}).scalars().all()
    if not locked:
        return begun
    woken = tx.connection().execute(_FIRE, {"ids": list(locked)}).all()
    if idle := [row.id for row in woken if row.idle]:
        runtime.dispatcher.ring(tx, idle)
    return begun + len(woken)


def move(_runtime: Runtime, tx: Session, timer_id: UUID, due_at: datetime) -> None:
    """Let a timer be due at another time. Raises NotFound or Conflict."""
    if tx.execute(_MOVE, {"id": timer_id, "due_at": due_at}).first() is None:
        known = tx.execute(text("SELECT 1 FROM timer WHERE id = :id"), {"id": timer_id}).first()
        if known is None:
            raise NotFound(f"There is no timer {timer_id}.", code="timer_unknown", next_step="Look at what the instance waits for now.")
        raise Conflict("The timer has fired already.", code="timer_fired", next_step="Look at what the instance waits for now.")
