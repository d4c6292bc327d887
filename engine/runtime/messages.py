"""Messages from outside: brought to every waiting instance they correlate with, else they start a process, else they wait.

A message fits a wait when its correlation contains all of the wait's keys with the same values. It reaches every instance that fits, one
waiting place in each (the one that has waited longest); a kept message goes to the first that begins to wait.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime import births, inbox
from engine.runtime.advance import act
from engine.runtime.mailbox import Carrier, Delivery, Message, dispatch, settle_message
from engine.runtime.record import Fact
from engine.runtime.routing import Receiver, receivers, starters
from engine.runtime.runtime import Runtime
from engine.runtime.start import Beginning, StartOptions, begin
from engine.spiff.plain import plain_mapping

__all__ = ["Delivery", "Message", "expire", "match_again", "publish"]

_EXPIRE = text("UPDATE message SET state = 'expired' WHERE state = 'buffered' AND expires_at <= now()")
_FORGET = text("DELETE FROM message WHERE state <> 'buffered' AND sent_at < now() - :retention")
_KEPT = text(
    "SELECT b.id, b.name, b.correlation, b.payload, b.business_key, b.sent_by, b.sent_by_instance_id FROM message b "
    "WHERE b.state = 'buffered' AND b.expires_at > now() AND (EXISTS (SELECT 1 FROM subscription s WHERE s.kind = 'message' "
    "AND s.name = b.name AND s.correlation <@ b.correlation) OR EXISTS (SELECT 1 FROM start_event e JOIN process_version v "
    "ON v.id = e.process_version_id WHERE e.kind = 'message' AND e.name = b.name AND v.latest AND NOT v.retired AND NOT EXISTS "
    "(SELECT 1 FROM instance i WHERE i.process_key = v.process_key AND i.business_key = b.business_key "
    "AND i.state NOT IN ('completed', 'cancelled')))) ORDER BY b.id LIMIT :most FOR UPDATE OF b SKIP LOCKED"
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


def match_again(runtime: Runtime, tx: Session) -> int:
    """Bring kept messages to those who wait for them now; answers how many.

    A receiver that began to wait in the moment the message came, or a business key that has become free, is found here. By the clock.
    """
    matched = 0
    for kept in tx.execute(_KEPT, {"most": runtime.limits.batch}).all():
        found = receivers(tx, kept.name, kept.correlation)
        to = found[0].instance_id if found else _begin_kept(runtime, tx, kept)
        for receiver in found:
            body = {"task_id": receiver.task_id, "payload": kept.payload, "message": kept.id}
            inbox.note(runtime, tx, receiver.instance_id, Fact("message", body, kept.sent_by, f"message:{kept.id}"))
        settle_message(tx, kept.id, to)
        matched += to is not None
    return matched


def expire(runtime: Runtime, tx: Session) -> int:
    """Give up messages whose time is over and forget old ones; answers how many were given up. By the clock."""
    expired: int = tx.connection().execute(_EXPIRE).rowcount
    tx.execute(_FORGET, {"retention": runtime.limits.message_retention})
    return expired


def _begin_kept(runtime: Runtime, tx: Session, kept: Any) -> UUID | None:
    begun = None
    for start in starters(tx, "message", kept.name):
        birth = births.Birth(
            process_version_id=start.process_version_id,
            process_key=start.process_key,
            element_id=start.element_id,
            variables=kept.payload,
            now=start.now,
            business_key=kept.business_key,
            started_by=kept.sent_by,
            started_by_instance_id=kept.sent_by_instance_id,
        )
        begun = births.begin(runtime, tx, birth) or begun
    return begun
