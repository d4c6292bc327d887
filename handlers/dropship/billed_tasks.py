"""The service task that looks at what the supplier has billed of a despatch, before the customer is."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.service_tasks import ServiceTasks

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfDespatch:
    """A despatch advice of a purchase order."""

    po_no: str
    asn_no: str


@dataclass(frozen=True, slots=True)
class TheirBill:
    """Whose goods, and to whom; `billed` once the supplier billed all that was received of the lines, or nobody expects its bill."""

    supplier_no: str
    customer_class: str
    order_type: str
    billed: bool


@tasks.register("dropship.read_billed")
def read_billed(given: OfDespatch, tx: Session) -> TheirBill:
    """See whether the supplier has billed what it despatched."""
    row = tx.execute(_BILLED, {"po_no": given.po_no, "asn_no": given.asn_no}).one_or_none()
    if row is None:
        raise NotFound(
            f"{given.po_no} has no despatch advice {given.asn_no}.", code="asn_unknown", next_step="Check the number the supplier quotes."
        )
    return TheirBill(row.supplier_no, row.customer_class, row.order_type, row.billed)


_BILLED = text("""
SELECT ordered.supplier_no, customer.customer_class, sold.order_type,
  coalesce(bool_and(line.qty_billed + line.qty_given_up >= line.qty_received), true) AS billed
FROM asn JOIN purchase_order AS ordered USING (po_no) JOIN sales_order AS sold USING (order_no)
JOIN customer ON customer.customer_no = sold.customer_no
LEFT JOIN asn_line AS sent ON sent.asn_no = asn.asn_no LEFT JOIN po_line AS line ON line.id = sent.po_line_id
WHERE asn.asn_no = :asn_no AND asn.po_no = :po_no GROUP BY ordered.supplier_no, customer.customer_class, sold.order_type
""")
