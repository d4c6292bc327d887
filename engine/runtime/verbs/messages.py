"""Messages from outside: brought to every waiting instance they correlate with, else they start a process, else they wait.

A message fits a wait when its correlation contains all of the wait's keys with the same values. It reaches every instance that fits, one
waiting place in each (the one that has waited longest); a kept message goes to the first that begins to wait.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.advance.advance import act
from engine.runtime.post import message_starts
from engine.runtime.post.mailbox import Carrier, Delivery, Message, dispatch, settle_message
from engine.runtime.post.routing import Receiver
from engine.runtime.state import inbox
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.runtime.verbs.start import Beginning, StartOptions, begin
from engine.spiff.plain import plain_mapping

__all__ = ["Delivery", "Message", "expire", "match_again", "publish"]

_EXPIRE = text("UPDATE message SET state = 'expired' WHERE state = 'buffered' AND expires_at <= now()")
_FORGET = text("DELETE FROM message WHERE state <> 'buffered' AND sent_at < now() - CAST(:retention AS interval)")
# Messages and waits that crossed: each was written before it could see the other. `+ 0` as in `outgoing`.
_CROSSED = text(
    "SELECT hit.message_id, s.id AS task_id, s.instance_id, m.payload, m.sent_by FROM "
    "(SELECT id, instance_id, (SELECT min(b.id + 0) FROM message b WHERE b.name = w.name AND b.state = 'buffered' AND b.expires_at > now() "
    "AND b.correlation @> w.correlation) AS message_id FROM subscription w WHERE w.kind = 'message' AND "
    "w.created_at > now() - CAST(:window AS interval)) AS hit "
    "JOIN subscription s ON s.id = hit.id JOIN message m ON m.id = hit.message_id ORDER BY s.instance_id, s.created_at LIMIT :most"
)
_TAKE = text("UPDATE message SET state = 'delivered', delivered_to = :to WHERE id = :id AND state = 'buffered' RETURNING id")
_FREED = text(
    "SELECT b.id, b.payload, b.business_key, b.sent_by, b.sent_by_instance_id, e.process_version_id, "
    "v.process_key, e.element_id, now() AS now "
    "FROM start_event e JOIN process_version v ON v.id = e.process_version_id AND v.latest AND NOT v.retired "
    "JOIN message b ON b.name = e.name AND b.state = 'buffered' AND b.expires_at > now() WHERE e.kind = 'message' AND NOT EXISTS "
    "(SELECT 1 FROM instance i WHERE i.process_key = v.process_key AND i.business_key = b.business_key "
    "AND i.state NOT IN ('completed', 'cancelled')) ORDER BY b.id LIMIT :most FOR UPDATE OF b SKIP LOCKED"
)


def publish(runtime: Runtime, tx: Session, message: Message) -> Delivery:
    """Deliver a message at once, in the caller's transaction.

    Raises Conflict when the same message id came before with another content, or when it would start a process whose business key is taken.
    """
    payload = plain_mapping(message.payload, f"The payload of {message.name}")
    message = replace(message, payload=payload, correlation=plain_mapping(message.correlation, f"The correlation of {message.name}"))

    def deliver(receiver: Receiver, number: int) -> bool:
        body = {"task_id": receiver.task_id, "payload": payload, "message": number}
        fact = Fact("message", body, message.actor, f"message:{number}")
        try:
            acted = act(runtime, tx, receiver.instance_id, fact, drop_late=True)
        except Conflict:  # it ended in this moment
            return False
        return acted.applied or acted.noted

    def start(row: Any) -> UUID:
        beginning = Beginning(row.process_version_id, row.process_key, row.now, row.element_id)
        return begin(runtime, tx, beginning, payload, StartOptions(message.business_key, message.actor))

    return dispatch(tx, message, runtime.limits.message_time_to_live, Carrier(deliver, start))


def match_again(runtime: Runtime, tx: Session, window: timedelta = timedelta(minutes=10)) -> int:
    """Bring kept messages to those who wait for them now; answers how many. By the clock.

    Found here: a wait that began in the moment its message came (within `window`), and a business key that has become free.
    """
    matched = 0
    for crossed in tx.execute(_CROSSED, {"window": window, "most": runtime.limits.batch}).all():
        if tx.execute(_TAKE, {"id": crossed.message_id, "to": crossed.instance_id}).first():
            body = {"task_id": crossed.task_id, "payload": crossed.payload, "message": crossed.message_id}
            fact = Fact("message", body, crossed.sent_by, f"message:{crossed.message_id}")
            noted = inbox.note(runtime, tx, crossed.instance_id, fact)
            matched += noted
            if not noted:  # it ended in this moment
                settle_message(tx, crossed.message_id, None)
    for freed in tx.execute(_FREED, {"most": runtime.limits.batch}).all():
        begun = _begin_kept(runtime, tx, freed)
        settle_message(tx, freed.id, begun)
        matched += begun is not None
    return matched


def expire(runtime: Runtime, tx: Session) -> int:
    """Give up messages whose time is over and forget old ones; answers how many were given up. By the clock."""
    expired: int = tx.connection().execute(_EXPIRE).rowcount
    tx.execute(_FORGET, {"retention": runtime.limits.message_retention})
    return expired


def _begin_kept(runtime: Runtime, tx: Session, freed: Any) -> UUID | None:
    birth = message_starts.Birth(
        process_version_id=freed.process_version_id,
        process_key=freed.process_key,
        element_id=freed.element_id,
        variables=freed.payload,
        now=freed.now,
        business_key=freed.business_key,
        started_by=freed.sent_by,
        started_by_instance_id=freed.sent_by_instance_id,
    )
    return message_starts.try_to_begin(runtime, tx, birth)
