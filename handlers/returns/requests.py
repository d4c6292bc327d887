"""Asking for a return, and deciding on it. Whoever decides on what has come back holds the shipment, then the return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.documents.numbers import next_number
from handlers.identifiers import Number, Prose, Quantity, canonical
from handlers.returns.model import ReturnAuthorization, ReturnLine
from handlers.returns.rules import REASONS, Returnable, objections
from handlers.rowsets import insert_rows
from handlers.shipments.records import lock_shipments

MOST_LINES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedLine:
    """A line of the invoice by its number there, and how much of it comes back, in the unit of the invoice."""

    line_no: int
    qty: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequest:
    """What a customer wants to send back of an invoice. `reason` is one of DAMAGED, DEFECTIVE, WRONG_ITEM, NOT_ORDERED, CHANGE_OF_MIND."""

    invoice_no: Number
    reason: str
    lines: Sequence[ReturnedLine]
    note: Prose = ""


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A request as it is kept: the number of the return (RMA), and the order it is about."""

    rma_no: str
    invoice_no: str
    order_no: str


def keep_request(tx: Session, given: ReturnRequest, requester: str) -> KeptRequest:
    """Keep what a customer wants to send back.

    Raises NotFound, Conflict while the invoice is not posted, Invalid with the errors by field.
    """
    request = canonical(given)
    invoice = _invoice(tx, request.invoice_no)
    places = {row.line_no: row for row in tx.execute(_PLACES, {"invoice_no": request.invoice_no})}
    wanted = [places[line.line_no] for line in request.lines if line.line_no in places] or list(places.values())
    lock_shipments(tx, {row.shipment_no for row in wanted})
    sold = {row.line_no: row for row in tx.execute(_RETURNABLE, {"invoice_no": request.invoice_no})}
    _check(request, {number: Returnable(number, row.qty, row.returned) for number, row in sold.items()}, places)
    head = wanted[0]
    if head.warehouse_code is None:
        raise Conflict(
            "There is no warehouse to send goods back to.", code="warehouse_missing", next_step="Ask an administrator to add a warehouse."
        )
    rma_no = next_number(tx, "RMA")
    copied = ("order_no", "warehouse_code")
    insert_rows(
        tx,
        ReturnAuthorization,
        [
            {
                "rma_no": rma_no,
                "invoice_no": request.invoice_no,
                "reason": request.reason,
                "note": request.note,
                "requested_by": requester,
                "customer_no": invoice.customer_no,
            }
            | {name: getattr(head, name) for name in copied}
        ],
    )
    insert_rows(tx, ReturnLine, [_line(rma_no, line, sold[line.line_no]) for line in request.lines])
    return KeptRequest(rma_no, request.invoice_no, head.order_no)


def lock_return(tx: Session, rma_no: str) -> Row[Any]:
    """A return, held to the end of the transaction with its shipment, invoice and credit memo: these are credited in the same breath.

    Raises NotFound.
    """
    shipments = tx.execute(_SHIPMENTS_OF, {"rma_no": rma_no}).scalars().all()
    if not shipments:
        raise NotFound(f"There is no return {rma_no}.", code="return_unknown", next_step="Look the number up in the list of returns.")
    lock_shipments(tx, shipments)
    locks.take(tx, Lock.INVOICE, tx.execute(_PAPERS_OF, {"rma_no": rma_no}).scalars())
    locks.take(tx, Lock.RETURN, [rma_no])
    return tx.execute(text("SELECT * FROM return_authorization WHERE rma_no = :rma_no"), {"rma_no": rma_no}).one()


def accept(tx: Session, rma_no: str, restocking_fee_pct: Decimal) -> Row[Any]:
    """The goods may come; `restocking_fee_pct` of what they were sold for is kept back. Again: nothing more. Raises Conflict."""
    found = lock_return(tx, rma_no)
    if found.refused_at is not None:
        raise _decided(found, "refused")
    if found.received_at is None:
        tx.execute(_ACCEPT, {"rma_no": rma_no, "fee": restocking_fee_pct})
    return found


def refuse(tx: Session, rma_no: str, reason: str) -> Row[Any]:
    """The goods shall not come. Again: nothing more. Raises NotFound, Conflict once it was accepted."""
    found = lock_return(tx, rma_no)
    if found.accepted_at is not None:
        raise _decided(found, "accepted")
    tx.execute(_REFUSE, {"rma_no": rma_no, "reason": reason})
    return found


def close(tx: Session, rma_no: str) -> None:
    """Nothing more is to come of a return. Again: nothing happens. Raises NotFound, Conflict while received goods are not inspected."""
    found = lock_return(tx, rma_no)
    if found.received_at is not None and found.inspected_at is None:
        raise Conflict(f"The goods of {rma_no} are not inspected.", code="return_open", next_step="Inspect what came back first.")
    tx.execute(_CLOSE, {"rma_no": rma_no})


def _invoice(tx: Session, invoice_no: str) -> Row[Any]:
    head = tx.execute(_INVOICE, {"invoice_no": invoice_no}).one_or_none()
    if head is None:
        raise NotFound(
            f"There is no invoice {invoice_no}.", code="invoice_unknown", next_step="Look the number up in the list of invoices."
        )
    if head.kind != "INV" or head.posted_at is None or head.cancelled_at is not None:
        raise Conflict(
            f"{invoice_no} is no posted invoice: nothing of it can be credited.",
            code="invoice_not_posted",
            next_step="Choose a posted invoice; what is not invoiced yet is corrected on its order.",
        )
    return head


def _check(request: ReturnRequest, lines: dict[int, Returnable], places: Mapping[int, Row[Any]]) -> None:
    errors = objections([(line.line_no, line.qty) for line in request.lines], lines)
    orders = [places[line.line_no].order_no if line.line_no in places else None for line in request.lines]
    others = [place for place, order_no in enumerate(orders) if order_no not in {None, orders[0]}]
    errors |= {f"lines.{place}.line_no": ["is of another order: ask for a return of each order of the invoice"] for place in others}
    if request.reason not in REASONS:
        errors["reason"] = [f"must be one of {', '.join(REASONS)}"]
    if not 1 <= len(request.lines) <= MOST_LINES:
        errors["lines"] = [f"must be between 1 and {MOST_LINES}"]
    if errors:
        raise Invalid(
            "This cannot come back as it is asked for.",
            code="return_request",
            next_step="Correct the fields that are named, then ask again.",
            errors=errors,
        )


def _line(rma_no: str, line: ReturnedLine, sold: Row[Any]) -> dict[str, Any]:
    return {
        "rma_no": rma_no,
        "line_no": line.line_no,
        "invoice_line_id": sold.id,
        "fulfil_line_id": sold.fulfil_line_id,
        "sku": sold.sku,
        "qty": line.qty,
    }


def _decided(found: Row[Any], how: str) -> Conflict:
    return Conflict(f"Return {found.rma_no} was {how}.", code="return_decided", next_step="Ask for another return of what is to come.")


_INVOICE = text("SELECT kind, posted_at, cancelled_at, customer_no FROM invoice WHERE invoice_no = :invoice_no")
#: Where the goods of an invoice left from, by line: a consolidated invoice is of several shipments and orders.
_PLACES = text("""
SELECT charged.line_no, sent.shipment_no, sent.order_no,
  coalesce("group".warehouse_code, (SELECT code FROM warehouse WHERE active ORDER BY code LIMIT 1)) AS warehouse_code
FROM invoice_line AS charged JOIN shipment_line AS packed ON packed.id = charged.shipment_line_id
JOIN shipment AS sent ON sent.shipment_no = packed.shipment_no JOIN fulfil_group AS "group" ON "group".group_no = sent.group_no
WHERE charged.invoice_no = :invoice_no AND charged.charge_code = 'ITEM' ORDER BY charged.line_no
""")
#: What came back, or may: of a return that is over only what was received.
RETURNABLE: Final = """
SELECT charged.id, charged.line_no, charged.fulfil_line_id, charged.sku, charged.description, charged.uom, charged.unit_price, charged.qty,
  coalesce((
    SELECT sum(CASE WHEN back.received_at IS NULL AND back.closed_at IS NULL THEN line.qty ELSE line.qty_received END)
    FROM return_line AS line JOIN return_authorization AS back USING (rma_no)
    WHERE line.invoice_line_id = charged.id AND back.refused_at IS NULL), 0) AS returned
FROM invoice_line AS charged WHERE charged.invoice_no = :invoice_no AND charged.charge_code = 'ITEM'
"""
_RETURNABLE = text(RETURNABLE)
_SHIPMENTS_OF = text("""
SELECT DISTINCT packed.shipment_no FROM return_line AS line JOIN invoice_line AS charged ON charged.id = line.invoice_line_id
JOIN shipment_line AS packed ON packed.id = charged.shipment_line_id WHERE line.rma_no = :rma_no
""")
_PAPERS_OF = text("""
SELECT invoice_no FROM return_authorization WHERE rma_no = :rma_no UNION SELECT invoice_no FROM invoice WHERE rma_no = :rma_no
""")
_ACCEPT = text("""
UPDATE return_authorization SET accepted_at = coalesce(accepted_at, business_now()), restocking_fee_pct = :fee WHERE rma_no = :rma_no
""")
_REFUSE = text("""
UPDATE return_authorization SET refused_at = coalesce(refused_at, business_now()), refused_because = :reason,
  closed_at = coalesce(closed_at, business_now())
WHERE rma_no = :rma_no
""")
_CLOSE = text("UPDATE return_authorization SET closed_at = coalesce(closed_at, business_now()) WHERE rma_no = :rma_no")
