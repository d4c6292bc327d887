"""Sends what an instance has thrown, by the receivers' inboxes, and takes in what was kept for its new waits."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from engine.runtime.post import message_starts
from engine.runtime.post.mailbox import Carrier, Message, dispatch
from engine.runtime.post.routing import Receiver, signalled, starters
from engine.runtime.state import inbox
from engine.runtime.state.stretch import Advance, Fact
from engine.spiff.records import Outgoing, Waits
from engine.store import json_text

# `+ 0` keeps the planner from walking the primary key in search of the least id: the index on the correlation finds it.
_MATCH = text(
    "UPDATE message m SET state = 'delivered', delivered_to = :instance_id FROM ("
    "SELECT s.id AS task_id, (SELECT min(b.id + 0) FROM message b WHERE b.name = s.name AND b.state = 'buffered' AND b.expires_at > now() "
    "AND b.correlation @> s.correlation) AS message_id FROM jsonb_to_recordset(CAST(:waits AS jsonb)) "
    "AS s(id uuid, name text, correlation jsonb)) AS hit "
    "WHERE m.id = hit.message_id AND m.state = 'buffered' RETURNING m.id, hit.task_id, m.payload, m.sent_by"
)


def send(record: Advance) -> None:
    """Route every message and signal of the stretch."""
    for outgoing in record.outgoing:
        if outgoing.kind == "signal":
            _signal(record, outgoing)
        else:
            _message(record, outgoing)


def match_buffered(record: Advance, after: Waits) -> None:
    """Give each new wait for a message the oldest kept one that fits; each wait at all when a message has become free again."""
    known = {wait.task_id for wait in record.before.subscriptions}
    new = [
        {"id": wait.task_id, "name": wait.name, "correlation": wait.correlation}
        for wait in after.subscriptions
        if wait.kind == "message" and (record.message_returned or wait.task_id not in known)
    ]
    if not new:
        return
    asked = {"instance_id": record.held.id, "waits": json_text.encode(new).decode()}
    for row in record.tx.connection().execute(_MATCH, asked).all():
        body = {"task_id": row.task_id, "payload": row.payload, "message": row.id}
        inbox.note(record.runtime, record.tx, record.held.id, Fact("message", body, row.sent_by, f"message:{row.id}"))


def _message(record: Advance, outgoing: Outgoing) -> None:
    runtime, tx = record.runtime, record.tx
    message = Message(
        outgoing.name, outgoing.correlation, outgoing.payload, outgoing.message_id, business_key=outgoing.business_key, actor=record.actor
    )

    def deliver(receiver: Receiver, number: int) -> bool:
        body = {"task_id": receiver.task_id, "payload": outgoing.payload, "message": number}
        return inbox.note(runtime, tx, receiver.instance_id, Fact("message", body, record.actor, f"message:{number}"))

    def begin(start: Any) -> UUID | None:
        return message_starts.begin(runtime, tx, _birth(record, start, outgoing))

    dispatch(tx, message, runtime.limits.message_time_to_live, Carrier(deliver, begin, record.held.id))


def _signal(record: Advance, outgoing: Outgoing) -> None:
    body = {"name": outgoing.name, "payload": outgoing.payload}
    for instance_id in signalled(record.tx, outgoing.name):
        if instance_id != record.held.id:  # the engine has told the places of this one
            inbox.note(record.runtime, record.tx, instance_id, Fact("signal", body, record.actor, f"signal:{outgoing.task_id}"))
    for start in starters(record.tx, "signal", outgoing.name):
        message_starts.begin(record.runtime, record.tx, _birth(record, start, outgoing))


def _birth(record: Advance, start: Any, outgoing: Outgoing) -> message_starts.Birth:
    return message_starts.Birth(
        process_version_id=start.process_version_id,
        process_key=start.process_key,
        element_id=start.element_id,
        variables=outgoing.payload,
        now=record.now,
        business_key=outgoing.business_key,
        started_by=record.actor,
        started_by_instance_id=record.held.id,
    )
