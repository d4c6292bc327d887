"""Every inbound document is stored raw, hashed and keyed before anyone interprets it, and answered once."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Problem
from engine.store.unit_of_work import savepoint
from handlers.orders.model import InboundMessage


@dataclass(frozen=True, slots=True)
class Arrival:
    """A document as it came. `sender` and `key` name it: the same pair again is the same document or an error."""

    channel: str
    sender: str
    key: str
    doc_type: str
    doc_no: str
    media_type: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a document: ACCEPTED with an order, DUPLICATE with the first one's order, or REJECTED with the reason."""

    message_id: int
    status: str
    order_no: str | None
    refusal: Problem | None = None


def receive(tx: Session, arrival: Arrival, interpret: Callable[[], str]) -> Receipt:
    """Store the document, then let `interpret` make an order of it.

    A refusal undoes what `interpret` wrote and is kept with the document; it is answered, not raised, so that the document stays stored.
    Raises Conflict when the key was used for another document.
    """
    digest = sha256(arrival.raw).hexdigest()
    row = {
        "channel": arrival.channel,
        "sender": arrival.sender,
        "idempotency_key": arrival.key,
        "doc_type": arrival.doc_type,
        "doc_no": arrival.doc_no,
        "media_type": arrival.media_type,
        "sha256": digest,
        "raw": arrival.raw,
    }
    message_id = tx.scalar(insert(InboundMessage).values(row).on_conflict_do_nothing().returning(InboundMessage.id))
    if message_id is None:
        known = _known(tx, arrival)
        if known.sha256 != digest:
            raise Conflict(
                f"{arrival.doc_type} {arrival.doc_no} of {arrival.sender} was received before with other content.",
                code="key_reused",
                next_step="Give another order a number of its own, or cancel the first one.",
            )
        if known.status != "REJECTED":
            return Receipt(known.id, "DUPLICATE", known.order_no)
        message_id = known.id  # refused before: what was missing may be there now
    return _interpret(tx, message_id, interpret)


def _known(tx: Session, arrival: Arrival) -> InboundMessage:
    same = (
        InboundMessage.channel == arrival.channel,
        InboundMessage.sender == arrival.sender,
        InboundMessage.idempotency_key == arrival.key,
    )
    return tx.scalars(select(InboundMessage).where(*same).with_for_update()).one()


def _interpret(tx: Session, message_id: int, interpret: Callable[[], str]) -> Receipt:
    try:
        with savepoint(tx):
            order_no = interpret()
    except Problem as problem:
        refusal = {"code": problem.code, "detail": problem.detail, "next_step": problem.next_step}
        _note(tx, message_id, status="REJECTED", errors=[refusal])
        return Receipt(message_id, "REJECTED", None, problem)
    _note(tx, message_id, status="ACCEPTED", order_no=order_no, order_version=1, errors=[])
    return Receipt(message_id, "ACCEPTED", order_no)


def _note(tx: Session, message_id: int, **values: object) -> None:
    tx.execute(update(InboundMessage).where(InboundMessage.id == message_id).values(**values))
