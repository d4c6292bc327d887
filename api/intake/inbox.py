"""Every inbound document is kept before anyone interprets it, and answered once."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.problems import Conflict, Problem
from engine.store.unit_of_work import savepoint
from handlers.orders import inbound
from handlers.orders.inbound import Arrival


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
    return receive_about(tx, arrival, lambda _message_id: interpret(), inbound.accepted)


def receive_about(tx: Session, arrival: Arrival, interpret: Callable[[int], str], note: Callable[[Session, int, str], None]) -> Receipt:
    """Store a document about an order, let `interpret` do what it asks and answer the order, and `note` what became of the document.

    Else as `receive`.
    """
    message_id = inbound.store(tx, arrival)
    if message_id is None:
        known = inbound.kept(tx, arrival)
        if known.raw != arrival.raw and arrival.content(known.raw) != arrival.content(arrival.raw):
            raise Conflict(
                f"{arrival.doc_type} {arrival.doc_no} of {arrival.sender} was received before with other content.",
                code="key_reused",
                next_step="Give another order a number of its own, or cancel the first one.",
            )
        if known.status != "REJECTED":
            return Receipt(known.id, "DUPLICATE", known.order_no)
        message_id = known.id  # refused before: what was missing may be there now
    return _interpret(tx, message_id, interpret, note)


def _interpret(tx: Session, message_id: int, interpret: Callable[[int], str], note: Callable[[Session, int, str], None]) -> Receipt:
    try:
        with savepoint(tx):
            order_no = interpret(message_id)
    except Problem as problem:
        inbound.rejected(tx, message_id, {"code": problem.code, "detail": problem.detail, "next_step": problem.next_step})
        return Receipt(message_id, "REJECTED", None, problem)
    note(tx, message_id, order_no)
    return Receipt(message_id, "ACCEPTED", order_no)
