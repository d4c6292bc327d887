"""Documents as they came: stored raw, hashed and keyed before anyone interprets them, with what became of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Lock
from handlers.orders.model import InboundMessage


@dataclass(frozen=True, slots=True)
class Arrival:
    """A document as it came. `sender` and `key` name it: the same pair again is the same document or an error.

    `content` answers what a document says, without its layout: two are the same when they say the same.
    """

    channel: str
    sender: str
    key: str
    doc_type: str
    doc_no: str
    media_type: str
    raw: bytes
    content: Callable[[bytes], bytes]


def store(tx: Session, arrival: Arrival) -> int | None:
    """Keep a document and answer its id; None when one of this sender and key is kept already."""
    row = {
        "channel": arrival.channel,
        "sender": arrival.sender,
        "idempotency_key": arrival.key,
        "doc_type": arrival.doc_type,
        "doc_no": arrival.doc_no,
        "media_type": arrival.media_type,
        "sha256": sha256(arrival.raw).hexdigest(),
        "raw": arrival.raw,
    }
    return tx.scalar(insert(InboundMessage).values(row).on_conflict_do_nothing().returning(InboundMessage.id))


def kept(tx: Session, arrival: Arrival) -> InboundMessage:
    """The document that is kept under this sender and key, locked: of two that try again at once the second sees what the first made."""
    message_id = find(tx, arrival).id
    locks.take(tx, Lock.INBOUND_MESSAGE, [message_id])
    return tx.scalars(select(InboundMessage).where(InboundMessage.id == message_id).execution_options(populate_existing=True)).one()


def find(tx: Session, arrival: Arrival) -> InboundMessage:
    """The document that is kept under this sender and key, as it is; for whoever does not try it again."""
    same = (
        InboundMessage.channel == arrival.channel,
        InboundMessage.sender == arrival.sender,
        InboundMessage.idempotency_key == arrival.key,
    )
    return tx.scalars(select(InboundMessage).where(*same)).one()


def accepted(tx: Session, message_id: int, order_no: str, version_no: int | None = 1) -> None:
    """Say which order, and which version of it, came of a document; one that asks something of an order makes none by itself."""
    _note(tx, message_id, {"status": "ACCEPTED", "order_no": order_no, "order_version": version_no, "errors": []})


def rejected(tx: Session, message_id: int, refusal: Mapping[str, Any]) -> None:
    """Say why nothing came of a document."""
    _note(tx, message_id, {"status": "REJECTED", "errors": [refusal]})


def _note(tx: Session, message_id: int, values: Mapping[str, Any]) -> None:
    tx.execute(update(InboundMessage).where(InboundMessage.id == message_id).values(values))
