"""A despatch advice becomes a shipment of ours: logical receipt, delivery and issue in one transaction, without any stock of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.documents.numbers import next_number
from handlers.dropship.purchasing import lock_order
from handlers.ledger import posting
from handlers.ledger.accounts import DEFERRED_COGS, DROPSHIP_INVENTORY, GOODS_RECEIVED_NOT_INVOICED, RECEIVING_INSPECTION
from handlers.ledger.books import books_currency, rate_on
from handlers.orders.events import note
from handlers.orders.fulfilment_lines import Change, count
from handlers.rowsets import as_json
from handlers.shipments.records import add_shipment
from handlers.values import round_currency


@dataclass(frozen=True, slots=True)
class Costed:
    """A line of the advice with its cost in the currency of the books."""

    fulfil_line_id: int
    po_line_id: int
    qty: Decimal
    cost: Decimal


def receive_asn(tx: Session, po_no: str, asn_no: str) -> str:
    """Book a despatch advice and answer our shipment's number; again: the same one. Raises NotFound, Conflict when cancelled."""
    order = lock_order(tx, po_no)
    asn = tx.execute(
        text("SELECT * FROM asn WHERE asn_no = :asn_no AND po_no = :po_no FOR UPDATE"), {"asn_no": asn_no, "po_no": po_no}
    ).one_or_none()
    if asn is None:
        raise NotFound(f"{po_no} has no despatch advice {asn_no}.", code="asn_unknown", next_step="Record the despatch advice first.")
    if asn.shipment_no is not None:
        return str(asn.shipment_no)
    currency = books_currency(tx)
    rate = rate_on(tx, order.currency, asn.shipped_on)
    lines = [
        Costed(row.fulfil_line_id, row.po_line_id, row.qty, round_currency(row.qty * row.price * rate, currency))
        for row in tx.execute(_ADVISED, {"asn_no": asn_no})
    ]
    shipment_no = _write_shipment(tx, order, asn, lines)
    _post(tx, asn, lines, currency)
    note(tx, order.order_no, "shipped", detail={"shipment_no": shipment_no, "supplier_no": order.supplier_no})
    return shipment_no


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
