"""What was asked of production: one with what of it is still expected, and the list."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """What is to be made for an order. `due_date` is the day on which it is expected now, `qty_open` what is missing of it."""

    request_no: str
    order_no: str
    customer_name: str
    sku: str
    warehouse_code: str
    qty: Decimal
    ready_on: date
    supply_id: int
    due_date: date
    qty_open: Decimal
    qty_received: Decimal
    requested_at: datetime


def read_request(tx: Session, request_no: str) -> Requested:
    """One production request as it stands. Raises NotFound."""
    row = tx.execute(_ONE, {"request_no": request_no}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no production request {request_no}.", code="production_unknown", next_step="Check its number.")
    return Requested(**row)


def requests_of(tx: Session, sku: str) -> list[Requested]:
    """What is to be made of an item, what is missing first, then the latest; at most a hundred."""
    return [Requested(**row) for row in tx.execute(_OF_ITEM, {"sku": sku}).mappings()]


_REQUESTED = """
SELECT request.request_no, request.order_no, customer.name AS customer_name, request.sku, request.warehouse_code, request.qty,
       request.ready_on, supply.id AS supply_id, supply.due_date, supply.qty_open, supply.qty_received, request.requested_at
FROM production_request AS request
JOIN supply ON supply.kind = 'WIP' AND supply.reference = request.request_no AND supply.sku = request.sku
  AND supply.warehouse_code = request.warehouse_code
JOIN sales_order AS orders ON orders.order_no = request.order_no JOIN customer USING (customer_no)
"""
_ONE = text(f"{_REQUESTED} WHERE request.request_no = :request_no")
_OF_ITEM = text(f"{_REQUESTED} WHERE request.sku = :sku ORDER BY supply.qty_open > 0 DESC, request.request_no DESC LIMIT 100")
