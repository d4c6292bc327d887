"""Facts noted for an instance, to be applied by whoever advances it next.

Noting locks no instance: whoever notes may hold locks that come later in the order of locks. So a note may come in the very moment in which
its instance ends; the bell it rings then finds an ended instance, and the message goes back to wait for somebody else (`give_back`).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.store import json_text


def note(runtime: Runtime, tx: Session, instance_id: UUID, fact: Fact) -> bool:
    """Put a fact into the inbox and ring. Answers False when the same fact was noted before, or the instance has ended."""
    if not keep(tx, instance_id, fact):
        return False
    runtime.dispatcher.ring(tx, [instance_id])
    return True


def keep(tx: Session, instance_id: UUID, fact: Fact) -> bool:
    """Put a fact into the inbox without ringing: for the worker that holds the instance and looks there next."""
    asked = {
        "instance_id": instance_id,
        "kind": fact.kind,
        "dedupe_key": fact.dedupe_key,
        "body": json_text.encode(fact.body).decode(),
        "actor": fact.actor,
    }
    return tx.execute(_NOTE, asked).scalar() is not None


def wake(runtime: Runtime, tx: Session, instance_id: UUID) -> None:
    """Let a worker try again with everything that lies there; the caller holds the instance's lock."""
    tx.execute(_TRY_AGAIN, {"id": instance_id})
    tx.execute(_WAKE, {"id": instance_id})
    runtime.dispatcher.ring(tx, [instance_id])


def take(tx: Session, instance_id: UUID) -> list[Fact]:
    """Every fact of an instance in the order they were noted, taken out."""
    rows = tx.execute(_TAKE, {"id": instance_id}).all()
    return [Fact(row.kind, _body(row.body), row.actor, row.dedupe_key) for row in sorted(rows, key=lambda row: row.id)]


def drop(tx: Session, instance_id: UUID, fact: Fact) -> None:
    """Take one fact out: it says what cannot be taken."""
    tx.execute(_DROP, {"id": instance_id, "dedupe_key": fact.dedupe_key})


def set_aside(tx: Session, instance_id: UUID) -> None:
    """No worker tries these facts again by itself: the instance was stopped with them."""
    tx.execute(_SET_ASIDE, {"id": instance_id})


def give_back(tx: Session, instance_id: UUID) -> Sequence[Fact]:
    """Take out what was noted for an instance that has ended; its messages wait for another receiver. Answers what is left over."""
    rows = tx.execute(_LEFT_OVER, {"id": instance_id}).all()
    if rows:
        buffer_again(tx, [row.body["message"] for row in rows if row.body.get("message") is not None], instance_id)
    return [Fact(row.kind, row.body, row.actor) for row in rows if row.kind != "message"]


def buffer_again(tx: Session, messages: Sequence[int], instance_id: UUID) -> None:
    """Let messages that came too late for an instance wait for another receiver, or for another place of this one."""
    tx.execute(_BUFFER_AGAIN, {"ids": list(messages), "of": instance_id})


def _body(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else json_text.decode(value)


_NOTE = text("""
INSERT INTO inbox (instance_id, kind, dedupe_key, body, actor)
SELECT id, :kind, :dedupe_key, CAST(:body AS jsonb), :actor FROM instance
WHERE id = :instance_id AND state NOT IN ('completed', 'cancelled')
ON CONFLICT (instance_id, dedupe_key) DO NOTHING RETURNING id
""")
_WAKE = text("UPDATE instance SET wake = wake + 1, rung_at = now() WHERE id = :id")
_TRY_AGAIN = text("UPDATE inbox SET tried = false WHERE instance_id = :id")
_TAKE = text("DELETE FROM inbox WHERE instance_id = :id RETURNING id, kind, body, actor, dedupe_key")
_DROP = text("DELETE FROM inbox WHERE instance_id = :id AND dedupe_key = :dedupe_key")
_SET_ASIDE = text("UPDATE inbox SET tried = true WHERE instance_id = :id")
_LEFT_OVER = text("""
DELETE FROM inbox USING instance
WHERE inbox.instance_id = :id AND instance.id = inbox.instance_id AND instance.state IN ('completed', 'cancelled')
RETURNING inbox.kind, inbox.body, inbox.actor
""")
# One that has reached somebody else as well is not sent round again. Its time begins anew, for it may have lain here for weeks.
_BUFFER_AGAIN = text("""
UPDATE message SET state = 'buffered', delivered_to = NULL, unheard_at = NULL,
  expires_at = greatest(expires_at, business_now() + (expires_at - sent_at))
WHERE id = ANY(:ids) AND delivered_to = :of
""")
