"""What of an invoice may still come back, as the page and the API show it."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.returns.requests import RETURNABLE


@dataclass(frozen=True, slots=True)
class ReturnableLine:
    """A line for goods of an invoice: what it charged, what came back or may under other returns, and what may still come."""

    line_no: int
    sku: str
    description: str
    uom: str
    qty: Decimal
    returned: Decimal
    left: Decimal
    unit_price: Decimal
    currency: str


def list_returnable(tx: Session, invoice_no: str) -> list[ReturnableLine]:
    """The lines of an invoice whose goods may come back, in order. Raises NotFound."""
    if tx.execute(text("SELECT 1 FROM invoice WHERE invoice_no = :no AND kind = 'INV'"), {"no": invoice_no}).first() is None:
        raise NotFound(
            f"There is no invoice {invoice_no}.", code="invoice_unknown", next_step="Look the number up in the list of invoices."
        )
    return [ReturnableLine(**row) for row in tx.execute(_LINES, {"invoice_no": invoice_no}).mappings()]


_LINES = text(f"""
SELECT line.line_no, line.sku, line.description, line.uom, line.qty, line.returned, line.qty - line.returned AS left, line.unit_price,
  invoice.currency
FROM ({RETURNABLE}) AS line JOIN invoice ON invoice.invoice_no = :invoice_no ORDER BY line.line_no
""")
