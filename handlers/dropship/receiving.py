"""A despatch advice becomes a shipment of ours: logical receipt, delivery and issue in one transaction, without any stock of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.documents.numbers import next_number
from handlers.dropship.accruals import ACCRUED
from handlers.dropship.model import Acknowledgement
from handlers.dropship.progress import heard
from handlers.dropship.purchasing import lock_any_order, lock_order
from handlers.ledger import posting
from handlers.ledger.accounts import (
    DEFERRED_COGS,
    DROPSHIP_INVENTORY,
    GOODS_RECEIVED_NOT_INVOICED,
    PURCHASE_PRICE_VARIANCE,
    RECEIVING_INSPECTION,
)
from handlers.ledger.books import books_currency, rate_on
from handlers.orders.events import note
from handlers.orders.fulfilment_lines import Change, count
from handlers.rowsets import as_json, insert_rows
from handlers.shipments.records import add_shipment
from handlers.values import round_currency


@dataclass(frozen=True, slots=True)
class Costed:
    """A line of the advice with its cost in the currency of the books."""

    fulfil_line_id: int
    po_line_id: int
    qty: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Received:
    """The shipment a despatch advice became, and whether its purchase order's process still waits for something."""

    shipment_no: str
    order_waits: bool


def read_despatch(tx: Session, po_no: str, asn_no: str) -> tuple[str, str]:
    """What to do with a despatch advice, and the number of the sales order it serves.

    AGREED: book it. UNANSWERED: the supplier ships without having answered. UNDECIDED: its answer is still to be decided on. CANCELLED:
    the purchase order, or what these goods were for, was cancelled. Raises NotFound.
    """
    order = lock_any_order(tx, po_no)
    _lock_asn(tx, po_no, asn_no)
    if order.cancelled_at is not None or tx.execute(_NOT_WANTED, {"asn_no": asn_no}).first() is not None:
        return "CANCELLED", order.order_no
    if order.confirmed_at is not None:
        return "AGREED", order.order_no
    answered = tx.execute(_ANSWERED, {"po_no": po_no}).first() is not None
    return "UNDECIDED" if answered else "UNANSWERED", order.order_no


def answer_by_despatch(tx: Session, po_no: str, asn_no: str) -> None:
    """Who ships accepts: take a despatch advice as the supplier's answer, unless it has answered meanwhile. Raises NotFound, Conflict."""
    lock_order(tx, po_no)
    asn = _lock_asn(tx, po_no, asn_no)
    if tx.execute(_ANSWERED, {"po_no": po_no}).first() is None:
        note_text = f"Shipped without an answer: {asn.document_no}"
        head = {"po_no": po_no, "document_no": asn.document_no, "code": "AP", "note": note_text, "sha256": asn.sha256}
        insert_rows(tx, Acknowledgement, [head])


def reject_despatch(tx: Session, po_no: str, asn_no: str, reason: str) -> None:
    """Send the goods of a despatch advice back; again: nothing more. Raises NotFound, Conflict once it is booked."""
    lock_any_order(tx, po_no)
    asn = _lock_asn(tx, po_no, asn_no)
    if asn.shipment_no is not None:
        raise Conflict(
            f"{asn_no} is booked as {asn.shipment_no}.", code="asn_booked", next_step="Take the goods back from the customer as a return."
        )
    tx.execute(_REJECT, {"asn_no": asn_no, "reason": reason})


def receive_asn(tx: Session, po_no: str, asn_no: str) -> Received:
    """Book a despatch advice as our shipment; again: the same one. Raises NotFound, Conflict (cancelled, not agreed, refused)."""
    order = lock_order(tx, po_no)
    asn = _lock_asn(tx, po_no, asn_no)
    waits = order.closed_at is None
    if asn.shipment_no is not None:
        return Received(asn.shipment_no, waits)
    if order.confirmed_at is None or asn.rejected_at is not None:
        what = "was refused" if asn.rejected_at is not None else f"came before {po_no} was agreed"
        raise Conflict(
            f"{asn_no} {what}.", code="asn_not_bookable", next_step="Decide on the supplier's answer first, or refuse the goods."
        )
    currency = books_currency(tx)
    rate = rate_on(tx, order.currency, asn.shipped_on)
    lines = [
        Costed(row.fulfil_line_id, row.po_line_id, row.qty, round_currency(row.qty * row.price * rate, currency))
        for row in tx.execute(_ADVISED, {"asn_no": asn_no})
    ]
    shipment_no = _write_shipment(tx, order, asn, lines)
    _post(tx, asn, lines, currency)
    _clear_accrual(tx, asn, currency)
    heard(tx, po_no)
    note(tx, order.order_no, "shipped", detail={"shipment_no": shipment_no, "supplier_no": order.supplier_no})
    return Received(shipment_no, waits)


def _lock_asn(tx: Session, po_no: str, asn_no: str) -> Row[Any]:
    locks.take(tx, Lock.DESPATCH_ADVICE, [asn_no])
    asn = tx.execute(_ASN, {"asn_no": asn_no, "po_no": po_no}).one_or_none()
    if asn is None:
        raise NotFound(f"{po_no} has no despatch advice {asn_no}.", code="asn_unknown", next_step="Record the despatch advice first.")
    return asn


def _write_shipment(tx: Session, order: Row[Any], asn: Row[Any], lines: Sequence[Costed]) -> str:
    shipment_no = next_number(tx, "SH")
    at = f"{asn.shipped_on.isoformat()}T12:00:00Z"
    head = {
        "shipment_no": shipment_no,
        "group_no": order.group_no,
        "order_no": order.order_no,
        "kind": "DROP",
        "shipped_at": at,
        "packed_at": at,
    }
    rows = [{"fulfil_line_id": line.fulfil_line_id, "qty": line.qty, "cost": line.cost} for line in lines]
    add_shipment(tx, head | {"carrier": asn.carrier, "tracking_no": asn.tracking_no}, rows)
    given = [{"po_line_id": line.po_line_id, "qty": line.qty} for line in lines]
    tx.execute(_COUNT, {"rows": as_json(given), "asn_no": asn.asn_no, "shipment_no": shipment_no})
    count(tx, [Change(line_id=line.fulfil_line_id, shipped=line.qty) for line in lines])
    return shipment_no


def _post(tx: Session, asn: Row[Any], lines: Sequence[Costed], currency: str) -> None:
    total = sum((line.cost for line in lines), Decimal(0))
    if not total:
        return
    deferred = [posting.debit(DEFERRED_COGS, line.cost, reference=f"FL-{line.fulfil_line_id}") for line in lines if line.cost]
    steps = (
        (
            "dropship.received",
            [posting.debit(RECEIVING_INSPECTION, total)],
            posting.credit(GOODS_RECEIVED_NOT_INVOICED, total, reference=asn.po_no),
        ),
        ("dropship.delivered", [posting.debit(DROPSHIP_INVENTORY, total)], posting.credit(RECEIVING_INSPECTION, total)),
        ("dropship.issued", deferred, posting.credit(DROPSHIP_INVENTORY, total)),
    )
    for event_type, debits, credit in steps:
        entry = posting.Entry(
            event_type=event_type,
            source_id=asn.asn_no,
            currency=currency,
            lines=[*debits, credit],
            gl_date=asn.shipped_on,
            narration=f"Despatch advice {asn.document_no} of {asn.supplier_no} on {asn.po_no}",
        )
        posting.post(tx, entry)


def _clear_accrual(tx: Session, asn: Row[Any], currency: str) -> None:
    """Goods that were billed before they came leave a difference of rates and cents when the last of them is there: it is variance."""
    left: Decimal = tx.execute(ACCRUED, {"po_no": asn.po_no}).scalar_one()
    if not left or not tx.execute(_ALL_BILLED, {"po_no": asn.po_no}).scalar_one():
        return
    entry = posting.Entry(
        event_type="dropship.accrual_cleared",
        source_id=asn.asn_no,
        currency=currency,
        lines=[
            posting.debit(GOODS_RECEIVED_NOT_INVOICED, left, reference=asn.po_no),
            posting.credit(PURCHASE_PRICE_VARIANCE, left, reference=asn.po_no),
        ],
        gl_date=asn.shipped_on,
        narration=f"Billed before it was delivered: {asn.po_no}",
    )
    posting.post(tx, entry)
    tx.execute(_CLEARED, {"asn_no": asn.asn_no, "amount": left})


_ALL_BILLED = text("SELECT bool_and(qty_received = qty_billed + qty_given_up) FROM po_line WHERE po_no = :po_no")
_CLEARED = text("UPDATE asn SET accrual_cleared = :amount WHERE asn_no = :asn_no")
_ASN = text("SELECT * FROM asn WHERE asn_no = :asn_no AND po_no = :po_no")
_ANSWERED = text("SELECT 1 FROM po_acknowledgement WHERE po_no = :po_no LIMIT 1")
_REJECT = text("""
UPDATE asn SET rejected_at = business_now(), reject_reason = :reason WHERE asn_no = :asn_no AND rejected_at IS NULL
""")
#: More is on its way than the customer's order still wants.
_NOT_WANTED = text("""
SELECT 1 FROM asn_line AS shipped JOIN asn USING (asn_no) JOIN po_line AS ordered ON ordered.id = shipped.po_line_id
JOIN fulfil_line AS line ON line.id = ordered.fulfil_line_id
WHERE shipped.asn_no = :asn_no AND asn.shipment_no IS NULL AND shipped.qty > line.qty - line.qty_cancelled - line.qty_shipped LIMIT 1
""")
_ADVISED = text("""
SELECT ordered.fulfil_line_id, shipped.po_line_id, shipped.qty, coalesce(ordered.confirmed_price, ordered.unit_price) AS price
FROM asn_line AS shipped JOIN po_line AS ordered ON ordered.id = shipped.po_line_id WHERE shipped.asn_no = :asn_no ORDER BY ordered.line_no
""")
_COUNT = text("""
WITH given AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(po_line_id bigint, qty numeric)
), received AS (
  UPDATE po_line SET qty_received = po_line.qty_received + given.qty FROM given WHERE po_line.id = given.po_line_id
)
UPDATE asn SET shipment_no = :shipment_no WHERE asn_no = :asn_no
""")
