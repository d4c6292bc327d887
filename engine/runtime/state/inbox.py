"""Facts noted for an instance that somebody else is at work on, or that a worker is to take up."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.store import json_text

# Waits for whoever is saving the instance, and notes nothing if that was its end: what it would have got is then kept for another.
_NOTE = text(
    "INSERT INTO inbox (instance_id, kind, dedupe_key, body, actor) SELECT i.id, :kind, :dedupe_key, CAST(:body AS jsonb), :actor FROM "
    "(SELECT id FROM instance WHERE id = :instance_id AND state NOT IN ('completed', 'cancelled') FOR NO KEY UPDATE) AS i "
    "ON CONFLICT (instance_id, dedupe_key) DO NOTHING RETURNING id"
)
# Only an idle instance is rung for: otherwise its holder or the bell already rung will see the new count.
_WAKE = text(
    "UPDATE instance SET wake = wake + 1, rung_at = CASE WHEN wake = done THEN now() ELSE rung_at END, "
    "state = CASE WHEN state = 'waiting' THEN 'running' ELSE state END WHERE id = :id RETURNING wake - done"
)
_TAKE = text("DELETE FROM inbox WHERE instance_id = :id RETURNING id, kind, body, actor, dedupe_key")


def note(runtime: Runtime, tx: Session, instance_id: UUID, fact: Fact) -> bool:
    """Put a fact into the inbox and ring. Answers False when the same fact was noted before, or the instance has ended."""
    noted = tx.connection().execute(
        _NOTE,
        {
            "instance_id": instance_id,
            "kind": fact.kind,
            "dedupe_key": fact.dedupe_key,
            "body": json_text.encode(fact.body).decode(),
            "actor": fact.actor,
        },
    )
    if noted.scalar() is None:
        return False
    wake(runtime, tx, instance_id)
    return True


def wake(runtime: Runtime, tx: Session, instance_id: UUID) -> None:
    """Make an instance runnable and ring when it was idle."""
    if tx.connection().execute(_WAKE, {"id": instance_id}).scalar() == 1:
        runtime.dispatcher.ring(tx, [instance_id])


def take(tx: Session, instance_id: UUID) -> list[Fact]:
    """Every fact of an instance in the order they were noted, taken out."""
    rows = tx.connection().execute(_TAKE, {"id": instance_id}).all()
    return [Fact(row.kind, _body(row.body), row.actor, row.dedupe_key) for row in sorted(rows, key=lambda row: row.id)]


def _body(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else json_text.decode(value)
