"""Messages from outside: brought to every waiting instance they correlate with, else they start a process, else they wait.

A message fits a wait when its correlation contains all of the wait's keys with the same values. It reaches every instance that fits, one
waiting place in each (the one that has waited longest); a kept message goes to the first that begins to wait. `publish` delivers at once
and is for a caller that has locked nothing yet; `note` locks no instance, and is for whoever writes business rows in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.advance.advance import act
from engine.runtime.post import message_starts, unheard
from engine.runtime.post.delivery import fact_of, note_message
from engine.runtime.post.mailbox import Carrier, Delivery, Message, dispatch, settle_message
from engine.runtime.post.message_starts import NewInstance
from engine.runtime.post.routing import Receiver
from engine.runtime.state import audit, inbox
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.start import Beginning, StartOptions, begin
from engine.spiff.plain import plain_mapping
from engine.store.locks import Lock, take

__all__ = ["Delivery", "Message", "expire", "match_again", "note", "publish"]


def publish(runtime: Runtime, tx: Session, message: Message, only: Sequence[Receiver] | None = None) -> Delivery:
    """Deliver a message at once, in the caller's transaction, which must have locked nothing yet; with `only` to these places alone.

    Raises Conflict when the same message id came before with another content, or when it would start a process whose business key is taken.
    """
    message = _plain(message)

    def deliver(receiver: Receiver, number: int) -> bool:
        fact = fact_of(number, receiver.task_id, message.payload, message.actor)
        acted = act(runtime, tx, receiver.instance_id, fact, drop_late=True)
        return acted.applied or acted.noted

    def start(row: Any, instance_id: UUID) -> bool:
        beginning = Beginning(row.process_version_id, row.process_key, row.now, row.element_id, id=instance_id)
        brought = runtime.models.process(tx, row.process_version_id).brought(row.element_id, message.payload)
        begin(runtime, tx, beginning, brought, StartOptions(message.business_key, message.actor))
        return True

    return dispatch(tx, message, runtime.limits.message_time_to_live, Carrier(deliver, start, at_once=True, only=only))


def publish_by_hand(runtime: Runtime, tx: Session, message: Message, actor: str, only: Sequence[Receiver] | None = None) -> Delivery:
    """As `publish`, for somebody who sent it by hand; told in the audit log with the names of what it carried, not the values."""
    made = publish(runtime, tx, message, only)
    told = {
        "message_id": message.message_id,
        "business_key": message.business_key,
        "correlation": sorted(message.correlation),
        "payload": sorted(message.payload),
        "state": made.state,
    }
    if made.state != "duplicate":  # it was told when it came first
        audit.record(tx, audit.Entry(actor, "send_message", f"message:{message.name}", detail=told))
    return made


def note(runtime: Runtime, tx: Session, message: Message) -> Delivery:
    """Note a message in the transaction that made it true: its receivers' workers apply it. Locks no instance.

    Raises Conflict when the same message id came before with another content.
    """
    return note_message(runtime, tx, _plain(message))


def match_again(runtime: Runtime, tx: Session, window: timedelta = timedelta(minutes=10)) -> int:
    """Bring kept messages to those who wait for them now; answers how many. By the clock.

    Found here: a wait that began in the moment its message came (within `window`), and a business key that has become free.
    """
    return _crossed(runtime, tx, window) + _freed(runtime, tx)


def expire(runtime: Runtime, tx: Session) -> int:
    """Give up messages whose time is over and forget old ones that somebody knows of; answers how many were given up. By the clock.

    What a message with an id said is forgotten, the id never: however late it comes again, it is the same message.
    """
    expired: int = tx.connection().execute(_EXPIRE, {"grace": runtime.limits.message_unheard}).rowcount
    for statement in _FORGET:
        tx.execute(statement, {"retention": runtime.limits.message_retention})
    return expired


def _plain(message: Message) -> Message:
    return replace(message, payload=plain_mapping(message.payload, f"The payload of {message.name}"))


def _crossed(runtime: Runtime, tx: Session, window: timedelta) -> int:
    hits = {row.message_id: row for row in tx.execute(_CROSSED, {"window": window, "most": runtime.limits.batch})}
    matched = 0
    for number in take(tx, Lock.MESSAGE, hits, skip_locked=True):
        hit = hits[number]
        row = tx.execute(_TAKE, {"id": number, "to": hit.instance_id}).first()
        if row is None:
            continue
        noted = inbox.note(runtime, tx, hit.instance_id, fact_of(number, hit.task_id, row.payload, row.sent_by))
        matched += noted
        if not noted:  # it ended in this moment
            settle_message(tx, number, None)
        elif row.unheard_at is not None:
            unheard.note_heard(runtime, tx, number)
    return matched


def _freed(runtime: Runtime, tx: Session) -> int:
    starts = {row.id: row for row in tx.execute(_FREED, {"most": runtime.limits.batch})}
    matched = 0
    for number in take(tx, Lock.MESSAGE, starts, skip_locked=True):
        freed = starts[number]
        if tx.execute(_STILL_KEPT, {"id": number}).first() is None:
            continue
        new = NewInstance(
            process_version_id=freed.process_version_id,
            process_key=freed.process_key,
            element_id=freed.element_id,
            variables=freed.payload,
            now=freed.now,
            business_key=freed.business_key,
            started_by=freed.sent_by,
            started_by_instance_id=freed.sent_by_instance_id,
        )
        begun = message_starts.try_to_begin(runtime, tx, new)
        settle_message(tx, number, begun)
        matched += begun is not None
        if begun is not None and freed.unheard_at is not None:
            unheard.note_heard(runtime, tx, number)
    return matched


# What was to live shorter than a person is left alone with was for who waited then: see `post/unheard`.
_EXPIRE = text("""
UPDATE message SET state = CASE WHEN expires_at - sent_at < CAST(:grace AS interval) THEN 'discarded' ELSE 'expired' END
WHERE state = 'buffered' AND expires_at <= business_now()
""")
_OLD = """
sent_at < business_now() - CAST(:retention AS interval)
  AND (state IN ('delivered', 'discarded') OR state = 'expired' AND name = 'message.unheard')
"""
_FORGET = (
    text(f"DELETE FROM message WHERE {_OLD} AND message_id IS NULL"),
    text(f"UPDATE message SET payload = '{{}}' WHERE {_OLD} AND message_id IS NOT NULL AND payload <> '{{}}'"),
)
# Messages and waits that crossed: each was written before it could see the other. `+ 0` and generations as in `advance/outgoing`.
_CROSSED = text("""
SELECT hit.message_id, hit.id AS task_id, hit.instance_id FROM (
  SELECT wait.id, wait.instance_id, wait.created_at, (
    SELECT min(m.id + 0) FROM message AS m WHERE m.name = wait.name AND m.state = 'buffered' AND m.expires_at > business_now()
      AND m.correlation @> wait.correlation
      AND (m.sent_at >= me.started_at OR NOT EXISTS (
        SELECT FROM instance AS earlier WHERE earlier.business_key = me.business_key AND earlier.process_key = me.process_key
          AND earlier.started_at < me.started_at))) AS message_id
  FROM subscription AS wait JOIN instance AS me ON me.id = wait.instance_id
  WHERE wait.kind = 'message' AND wait.created_at > business_now() - CAST(:window AS interval)) AS hit
WHERE hit.message_id IS NOT NULL ORDER BY hit.instance_id, hit.created_at LIMIT :most
""")
_TAKE = text("""
UPDATE message SET state = 'delivered', delivered_to = :to WHERE id = :id AND state = 'buffered' RETURNING payload, sent_by, unheard_at
""")
_STILL_KEPT = text("SELECT 1 FROM message WHERE id = :id AND state = 'buffered'")
_FREED = text("""
SELECT b.id, b.payload, b.business_key, b.sent_by, b.sent_by_instance_id, b.unheard_at, e.process_version_id, v.process_key, e.element_id,
       business_now() AS now
FROM start_event AS e JOIN process_version AS v ON v.id = e.process_version_id AND v.latest AND NOT v.retired
JOIN message AS b ON b.name = e.name AND b.state = 'buffered' AND b.expires_at > business_now()
WHERE e.kind = 'message' AND NOT EXISTS (
  SELECT FROM instance AS i WHERE i.process_key = v.process_key AND i.business_key = b.business_key
    AND i.state NOT IN ('completed', 'cancelled'))
ORDER BY b.id LIMIT :most
""")
