"""Sends what an instance has thrown, by the receivers' inboxes, and takes in what was kept for its new waits."""

from typing import Any

from sqlalchemy import text

from engine.runtime.post import message_starts
from engine.runtime.post.delivery import fact_of, note_message
from engine.runtime.post.mailbox import Message
from engine.runtime.post.message_starts import NewInstance
from engine.runtime.post.routing import signalled, starters
from engine.runtime.post.unheard import note_heard
from engine.runtime.state import inbox
from engine.runtime.state.stretch import Advance, Fact
from engine.spiff.records import Outgoing
from engine.store import json_text
from engine.store.locks import Lock, take


def send(record: Advance) -> None:
    """Route every message and signal of the stretch."""
    for outgoing in record.outgoing:
        if outgoing.kind == "signal":
            _signal(record, outgoing)
        else:
            _message(record, outgoing)


def match_kept(record: Advance) -> None:
    """Give each new wait for a message the oldest kept one that fits; each wait at all when a message has become free again."""
    known = {wait.task_id for wait in record.before.subscriptions}
    new = [
        {"id": wait.task_id, "name": wait.name, "correlation": wait.correlation}
        for wait in record.after.subscriptions
        if wait.kind == "message" and (record.message_returned or wait.task_id not in known)
    ]
    if not new:
        return
    hits = {row.message_id: row.task_id for row in record.tx.connection().execute(_KEPT, _asked(record, new)) if row.message_id is not None}
    if not hits:
        return
    free = take(record.tx, Lock.MESSAGE, hits, skip_locked=True)
    for row in record.tx.execute(_TAKE, {"ids": free, "instance_id": record.held.id}).all():
        inbox.note(record.runtime, record.tx, record.held.id, fact_of(row.id, hits[row.id], row.payload, row.sent_by))
        if row.unheard_at is not None:
            note_heard(record.runtime, record.tx, row.id)


def _asked(record: Advance, waits: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": record.held.id, "waits": json_text.encode(waits).decode()}


def _message(record: Advance, outgoing: Outgoing) -> None:
    message = Message(
        outgoing.name, outgoing.correlation, outgoing.payload, outgoing.message_id, business_key=outgoing.business_key, actor=record.actor
    )
    note_message(record.runtime, record.tx, message, sender=record.held.id, now=record.now)


def _signal(record: Advance, outgoing: Outgoing) -> None:
    body = {"name": outgoing.name, "payload": outgoing.payload}
    for instance_id in signalled(record.tx, outgoing.name):
        if instance_id != record.held.id:  # the engine has told the places of this one
            inbox.note(record.runtime, record.tx, instance_id, Fact("signal", body, record.actor, f"signal:{outgoing.task_id}"))
    for start in starters(record.tx, "signal", outgoing.name):
        new = NewInstance(
            process_version_id=start.process_version_id,
            process_key=start.process_key,
            element_id=start.element_id,
            variables=outgoing.payload,
            now=record.now,
            business_key=outgoing.business_key,
            started_by=record.actor,
            started_by_instance_id=record.held.id,
        )
        message_starts.begin(record.runtime, record.tx, new)


# `+ 0` keeps the planner from walking the primary key in search of the least id: the index on the correlation finds it.
# A message that was sent before this instance began belongs to the instance that had its business key then, if there was one.
_KEPT = text("""
SELECT wait.id AS task_id, (
  SELECT min(m.id + 0) FROM message AS m WHERE m.name = wait.name AND m.state = 'buffered' AND m.expires_at > business_now()
    AND m.correlation @> wait.correlation
    AND (m.sent_at >= me.started_at OR NOT EXISTS (
      SELECT FROM instance AS earlier WHERE earlier.business_key = me.business_key AND earlier.process_key = me.process_key
        AND earlier.started_at < me.started_at))) AS message_id
FROM jsonb_to_recordset(CAST(:waits AS jsonb)) AS wait(id uuid, name text, correlation jsonb)
JOIN instance AS me ON me.id = :id
""")
_TAKE = text("""
UPDATE message SET state = 'delivered', delivered_to = :instance_id WHERE id = ANY(:ids) AND state = 'buffered'
RETURNING id, payload, sent_by, unheard_at
""")
