"""Who a piece of work is about and what it comes to, in one line: found for many numbers at once, for lists."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Brief:
    """The customer or supplier of a subject and its total, in `currency`; `kind` is quote, order, invoice or purchase_order."""

    number: str
    kind: str
    name: str
    amount: Decimal | None
    currency: str


def briefs_of(tx: Session, numbers: Collection[str]) -> Mapping[str, Brief]:
    """The briefs of those numbers that are a subject's. One statement."""
    if not numbers:
        return {}
    return {row.number: Brief(*row) for row in tx.execute(_BRIEFS, {"numbers": sorted(set(numbers))})}


_BRIEFS = text("""
SELECT q.quote_no AS number, 'quote' AS kind, customer.name, q.gross_total AS amount, q.currency
FROM quote AS q JOIN customer ON customer.customer_no = q.customer_no WHERE q.quote_no = ANY(:numbers)
UNION ALL
SELECT o.order_no, 'order', customer.name, o.gross_total, o.currency
FROM sales_order AS o JOIN customer ON customer.customer_no = o.customer_no WHERE o.order_no = ANY(:numbers)
UNION ALL
SELECT i.invoice_no, 'invoice', customer.name, i.gross_total, i.currency
FROM invoice AS i JOIN customer ON customer.customer_no = i.customer_no WHERE i.invoice_no = ANY(:numbers)
UNION ALL
SELECT p.po_no, 'purchase_order', supplier.name, p.net_total, p.currency
FROM purchase_order AS p JOIN supplier ON supplier.supplier_no = p.supplier_no WHERE p.po_no = ANY(:numbers)
""")
