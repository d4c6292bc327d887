"""The order acknowledgement as people read it: what is delivered for how much, and when it arrives. As UBL it is the OrderResponse."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.documents.pdf import print_pdf
from handlers.documents.seller import quantity, seller
from handlers.documents.store import save_document

_TEMPLATE = Path(__file__).parent / "acknowledgement.typ"


def save_acknowledgement(tx: Session, order_no: str, at: datetime) -> int | None:
    """Print it as the order stands, and keep it; answers the document. None where the order is gone."""
    head = tx.execute(_HEAD, {"order_no": order_no}).mappings().one_or_none()
    if head is None:
        return None
    rows = tx.execute(_LINES, {"order_no": order_no}).all()
    data = {
        "seller": seller(tx),
        "order_no": order_no,
        "customer_po": head["customer_po"],
        "ordered_on": str(head["ordered_on"]),
        "to": head["bill_to"],
        "terms": f"{head['net_days']} days net, {head['incoterm']}",
        "total": f"{head['gross_total']:,.2f} {head['currency']}",
        "lines": [
            {
                "line_no": str(row.line_no),
                "sku": row.sku,
                "description": row.description,
                "uom": row.uom,
                "qty": quantity(row.qty),
                "price": f"{row.unit_net:,.2f}",
                "arrives": row.arrives or "date to follow",
            }
            for row in rows
        ],
    }
    return save_document(tx, "ORDER_ACKNOWLEDGEMENT", order_no, "application/pdf", print_pdf(_TEMPLATE, data, at))


_HEAD = text("""
SELECT customer_po, ordered_on, bill_to, net_days, incoterm, gross_total, currency FROM sales_order WHERE order_no = :order_no
""")
_LINES = text("""
SELECT line.line_no, line.sku, coalesce(nullif(line.description, ''), item.name) AS description, line.uom,
  line.qty_ordered - line.qty_cancelled AS qty, line.unit_net,
  (SELECT string_agg(DISTINCT CAST(part.sched_arrive AS text), ', ') FROM fulfil_line AS part
    WHERE part.order_line_id = line.id AND part.qty > part.qty_cancelled AND part.group_no IS NOT NULL) AS arrives
FROM order_line AS line JOIN item ON item.sku = line.sku
WHERE line.order_no = :order_no AND line.qty_ordered > line.qty_cancelled ORDER BY line.line_no
""")
