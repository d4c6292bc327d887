"""Sends what an instance has thrown, by the receivers' inboxes, and takes in what was kept for its new waits."""

from typing import Any, Final

from sqlalchemy import text

from engine.runtime.post import message_starts
from engine.runtime.post.delivery import Sender, fact_of, note_message, steps_of_birth
from engine.runtime.post.ended_early import Ending, hand_over
from engine.runtime.post.mailbox import Message
from engine.runtime.post.message_starts import NewInstance
from engine.runtime.post.routing import signalled, starters
from engine.runtime.post.unheard import note_heard
from engine.runtime.state import inbox
from engine.runtime.state.stretch import Fact, Stretch
from engine.spiff.records import Outgoing
from engine.store import json_text
from engine.store.locks import Lock, take

_LED: Final = "It ended after it was led by hand; steps of its diagram may have been passed over."


def send(stretch: Stretch) -> None:
    """Route every message and signal of the stretch."""
    for outgoing in stretch.outgoing:
        if outgoing.kind == "signal":
            _signal(stretch, outgoing)
        else:
            _message(stretch, outgoing)


def hand_over_what_is_left(stretch: Stretch) -> None:
    """An instance that an operator once led by hand has ended: who owns its process takes over what it leaves with nobody."""
    led_by = stretch.led_by or stretch.held.led_by
    if stretch.saved.state.ended and led_by:
        ending = Ending(led_by, _LED, stretch.execution.variables)
        message = hand_over(stretch.runtime, stretch.tx, stretch.held, ending)
        if message:
            note_message(stretch.runtime, stretch.tx, message, sender=_sender(stretch), now=stretch.now)


def match_kept(stretch: Stretch) -> None:
    """Give each new wait for a message the oldest kept one that fits; each wait at all when a message has become free again."""
    known = {wait.task_id for wait in stretch.before.subscriptions}
    new = [
        {"id": wait.task_id, "name": wait.name, "correlation": wait.correlation}
        for wait in stretch.after.subscriptions
        if wait.kind == "message" and (stretch.message_returned or wait.task_id not in known)
    ]
    if not new:
        return
    kept = stretch.tx.execute(_KEPT, _asked(stretch, new))
    hits = {row.message_id: row.task_id for row in kept if row.message_id is not None}
    if not hits:
        return
    free = take(stretch.tx, Lock.MESSAGE, hits, skip_locked=True)
    for row in stretch.tx.execute(_TAKE, {"ids": free, "instance_id": stretch.held.id}).all():
        inbox.note(stretch.runtime, stretch.tx, stretch.held.id, fact_of(row.id, hits[row.id], row.payload, row.sent_by))
        if row.unheard_at is not None:
            note_heard(stretch.runtime, stretch.tx, row.id)


def _asked(stretch: Stretch, waits: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": stretch.held.id, "waits": json_text.encode(waits).decode()}


def _message(stretch: Stretch, outgoing: Outgoing) -> None:
    message = Message(
        outgoing.name, outgoing.correlation, outgoing.payload, outgoing.message_id, business_key=outgoing.business_key, actor=stretch.actor
    )
    note_message(stretch.runtime, stretch.tx, message, sender=_sender(stretch), now=stretch.now)


def _sender(stretch: Stretch) -> Sender:
    return Sender(stretch.held.id, stretch.held.steps_since_wait + stretch.steps)


def _signal(stretch: Stretch, outgoing: Outgoing) -> None:
    body = {"name": outgoing.name, "payload": outgoing.payload}
    for instance_id in signalled(stretch.tx, outgoing.name):
        if instance_id != stretch.held.id:  # the engine has told the places of this one
            inbox.note(stretch.runtime, stretch.tx, instance_id, Fact("signal", body, stretch.actor, f"signal:{outgoing.task_id}"))
    for start in starters(stretch.tx, "signal", outgoing.name):
        new = NewInstance(
            process_version_id=start.process_version_id,
            process_key=start.process_key,
            element_id=start.element_id,
            variables=outgoing.payload,
            now=stretch.now,
            business_key=outgoing.business_key,
            started_by=stretch.actor,
            started_by_instance_id=stretch.held.id,
            steps_since_wait=steps_of_birth(stretch.runtime, _sender(stretch), start.process_key),
        )
        message_starts.begin(stretch.runtime, stretch.tx, new)


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
