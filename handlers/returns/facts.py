"""What people and decisions need to know of a return."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.returns.rules import REASONS


@dataclass(frozen=True, slots=True)
class ReturnLineFacts:
    """Goods of a line of the invoice: how much may come back, how much did, and what one was sold for."""

    line_no: int
    sku: str
    description: str
    uom: str
    qty: Decimal
    qty_received: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """A return. `worth` is what its goods were sold for without tax; `days` have passed since they were delivered, else shipped."""

    rma_no: str
    invoice_no: str
    order_no: str
    customer_no: str
    reason: str
    #: The reason as people call it.
    wording: str
    note: str
    requested_by: str
    warehouse_code: str
    days: int
    worth: Decimal
    currency: str
    lines: list[ReturnLineFacts]


def read_facts(tx: Session, rma_no: str) -> ReturnFacts:
    """A return as it is now. Raises NotFound."""
    head = tx.execute(_HEAD, {"rma_no": rma_no}).mappings().one_or_none()
    if head is None:
        raise NotFound(f"There is no return {rma_no}.", code="return_unknown", next_step="Look the number up in the list of returns.")
    lines = [ReturnLineFacts(**row) for row in tx.execute(_LINES, {"rma_no": rma_no}).mappings()]
    return ReturnFacts(**head, wording=REASONS[head["reason"]], lines=lines)


_HEAD = text("""
SELECT back.rma_no, back.invoice_no, back.order_no, back.customer_no, back.reason, back.note, back.requested_by, back.warehouse_code,
  greatest(business_today() - (
    SELECT max(coalesce(sent.delivered_at, sent.shipped_at))::date FROM return_line AS line
    JOIN invoice_line AS charged ON charged.id = line.invoice_line_id JOIN shipment_line AS packed ON packed.id = charged.shipment_line_id
    JOIN shipment AS sent ON sent.shipment_no = packed.shipment_no WHERE line.rma_no = back.rma_no), 0) AS days, invoice.currency,
  (SELECT round(sum(charged.amount * line.qty / charged.qty), 2) FROM return_line AS line
   JOIN invoice_line AS charged ON charged.id = line.invoice_line_id WHERE line.rma_no = back.rma_no) AS worth
FROM return_authorization AS back JOIN invoice USING (invoice_no)
WHERE back.rma_no = :rma_no
""")
_LINES = text("""
SELECT line.line_no, line.sku, charged.description, charged.uom, line.qty, line.qty_received, charged.unit_price
FROM return_line AS line JOIN invoice_line AS charged ON charged.id = line.invoice_line_id
WHERE line.rma_no = :rma_no ORDER BY line.line_no
""")
