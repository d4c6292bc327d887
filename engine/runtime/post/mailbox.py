"""Where messages are kept: delivered ones to know a duplicate, the others until a receiver waits or their time is over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.post.routing import Receiver, receivers, starters
from engine.spiff.plain import key_mapping
from engine.store import json_text
from engine.store.locks import Lock, take


@dataclass(frozen=True, slots=True)
class Message:
    """Something that happened elsewhere. `correlation` says whom it is about; `message_id` makes the same message twice one message."""

    name: str
    correlation: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)
    message_id: str | None = None
    #: How long it waits for a receiver; None takes the limit's default.
    time_to_live: timedelta | None = None
    #: The business key of the instance, if the message begins one.
    business_key: str | None = None
    actor: str | None = None

    def __post_init__(self) -> None:
        """Bring the keys into their canonical form, as those of the waits are. Raises Invalid for what is no key."""
        object.__setattr__(self, "correlation", key_mapping(self.correlation, f"the correlation of {self.name}"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message. `instance_id` is the first instance that got it."""

    state: Literal["delivered", "started", "buffered", "duplicate"]
    instance_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Carrier:
    """How a message reaches its receivers: at once, or by their inbox."""

    #: Takes the receiver and the message's row id; answers False when the receiver no longer waits.
    deliver: Callable[[Receiver, int], bool]
    #: Takes a start event's row and the id for the new instance; answers whether it began, which it does not where its key is taken.
    begin: Callable[[Any, UUID], bool]
    sender: UUID | None = None
    #: Whether receivers go on at once: then all of them are locked before the first does, for it may lock business rows.
    at_once: bool = False
    #: The places that it is for alone, whatever their correlation says; None: whoever it correlates with.
    only: Sequence[Receiver] | None = None


def dispatch(tx: Session, message: Message, time_to_live: timedelta, carrier: Carrier) -> Delivery:
    """Bring a message to every waiting instance it correlates with, else to the processes it starts, else keep it."""
    found = receivers(tx, message.name, message.correlation) if carrier.only is None else carrier.only
    begins = {} if found else {uuid4(): start for start in starters(tx, "message", message.name)}
    first = found[0].instance_id if found else next(iter(begins), None)
    number = _keep(tx, message, time_to_live, carrier.sender, delivered_to=first)
    if number is None:
        return _duplicate(tx, message)
    if found:
        return _deliver(tx, message, number, found, carrier)
    begun = [instance_id for instance_id, start in begins.items() if carrier.begin(start, instance_id)]
    if begins and first not in begun:
        settle_message(tx, number, begun[0] if begun else None)
    return Delivery("started", begun[0]) if begun else Delivery("buffered")


def _deliver(tx: Session, message: Message, number: int, found: Sequence[Receiver], carrier: Carrier) -> Delivery:
    if carrier.at_once and len(found) > 1:
        take(tx, Lock.INSTANCE, {receiver.instance_id for receiver in found})
    took = [receiver.instance_id for receiver in found if carrier.deliver(receiver, number)]
    if not took:  # all of them went on in this moment; one may wait at another place by now
        again = receivers(tx, message.name, message.correlation) if carrier.only is None else ()
        took = [receiver.instance_id for receiver in again if carrier.deliver(receiver, number)]
    first = took[0] if took else None
    if first != found[0].instance_id:
        settle_message(tx, number, first)
    return Delivery("delivered" if took else "buffered", first)


def settle_message(tx: Session, number: int, delivered_to: UUID | None) -> None:
    """Note who got a message, or that it waits."""
    tx.execute(_SETTLE, {"id": number, "state": "delivered" if delivered_to else "buffered", "delivered_to": delivered_to})


def payload_hash(message: Message) -> str:
    """The same for the same content."""
    content = [message.correlation, message.payload, message.business_key]
    return sha256(json_text.encode(content)).hexdigest()


def _keep(tx: Session, message: Message, time_to_live: timedelta, sender: UUID | None, *, delivered_to: UUID | None) -> int | None:
    row = {
        "name": message.name,
        "message_id": message.message_id,
        "correlation": json_text.encode(message.correlation).decode(),
        "payload": json_text.encode(message.payload).decode(),
        "payload_hash": payload_hash(message),
        "business_key": message.business_key,
        "state": "delivered" if delivered_to else "buffered",
        "delivered_to": delivered_to,
        "sender": sender,
        "sent_by": message.actor,
        "time_to_live": time_to_live if message.time_to_live is None else message.time_to_live,
    }
    number: int | None = tx.execute(_KEEP, row).scalar()
    return number


def _duplicate(tx: Session, message: Message) -> Delivery:
    known = tx.execute(_KNOWN, {"name": message.name, "message_id": message.message_id}).one()
    if known.payload_hash != payload_hash(message):
        raise Conflict(
            f"A message {message.name!r} with the id {message.message_id!r} was received before with another content.",
            code="message_id_reused",
            next_step="Send the changed message under an id of its own.",
        )
    return Delivery("duplicate", known.delivered_to)


_KEEP = text("""
INSERT INTO message (name, message_id, correlation, payload, payload_hash, business_key, state, delivered_to, sent_by_instance_id,
  sent_by, expires_at)
VALUES (:name, :message_id, CAST(:correlation AS jsonb), CAST(:payload AS jsonb), :payload_hash, :business_key, :state, :delivered_to,
  :sender, :sent_by, business_now() + CAST(:time_to_live AS interval))
ON CONFLICT (name, message_id) DO NOTHING RETURNING id
""")
_KNOWN = text("SELECT payload_hash, delivered_to FROM message WHERE name = :name AND message_id = :message_id")
_SETTLE = text("UPDATE message SET state = :state, delivered_to = :delivered_to WHERE id = :id")
