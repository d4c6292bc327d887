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
from engine.store.locks import Lock, take

#: The timers that are due, in SQL.
DUE = "SELECT instance_id FROM timer WHERE NOT fired AND due_at <= business_now()"


def tick(runtime: Runtime, tx: Session) -> int:
    """Fire what is due, timers and schedules; answers how many instances were woken or begun."""
    begun = schedules.fire(runtime, tx)
    waiting = tx.execute(_DUE, {"most": runtime.limits.batch}).scalars().all()
    if not waiting:
        return begun
    locked = take(tx, Lock.INSTANCE, waiting, skip_locked=True)
    if not locked:
        return begun
    woken = tx.execute(_FIRE, {"ids": locked}).scalars().all()
    if woken:
        runtime.dispatcher.ring(tx, woken)
    return begun + len(woken)


def move(tx: Session, timer_id: UUID, due_at: datetime) -> None:
    """Let a timer be due at another time. Raises NotFound or Conflict."""
    if tx.execute(_MOVE, {"id": timer_id, "due_at": due_at}).first() is None:
        known = tx.execute(text("SELECT 1 FROM timer WHERE id = :id"), {"id": timer_id}).first()
        if known is None:
            raise NotFound(f"There is no timer {timer_id}.", code="timer_unknown", next_step="Look at what the instance waits for now.")
        raise Conflict("The timer has fired already.", code="timer_fired", next_step="Look at what the instance waits for now.")


_DUE = text(f"{DUE} ORDER BY due_at, instance_id LIMIT :most")
_FIRE = text("""
WITH due AS (
  UPDATE timer SET fired = true WHERE instance_id = ANY(:ids) AND NOT fired AND due_at <= business_now() RETURNING id, instance_id, due_at
), noted AS (
  INSERT INTO inbox (instance_id, kind, dedupe_key, body)
  SELECT instance_id, 'timer', 'timer:' || id || ':' || due_at, jsonb_build_object('task_id', id) FROM due ORDER BY due_at, id
  ON CONFLICT DO NOTHING RETURNING instance_id
)
SELECT DISTINCT instance_id FROM noted
""")
_MOVE = text("""
UPDATE timer SET due_at = :due_at WHERE id = :id AND NOT fired RETURNING instance_id, element_id
""")
