"""The status of an order, worked out from its quantities and holds; never stored. The view `order_status` is the one place that says how.

REJECTED, CANCELLED, DRAFT, SUBMITTED (nothing planned yet), PROCESSING, PARTIALLY_SHIPPED, SHIPPED, PARTIALLY_BILLED, CLOSED
(everything shipped and billed). `on_hold` is a flag beside it: an order on hold keeps its state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.memo import read_once
from handlers.orders.model import FulfilLine, Hold, OrderLine, SalesOrder

_VIEW = """
CREATE OR REPLACE VIEW order_status AS
SELECT sales_order.order_no,
       CASE
         WHEN sales_order.state = 'REJECTED' THEN 'REJECTED'
         WHEN line.ordered = line.cancelled THEN 'CANCELLED'
         WHEN sales_order.state = 'DRAFT' THEN 'DRAFT'
         WHEN part.invoiced >= line.ordered - line.cancelled THEN 'CLOSED'
         WHEN part.invoiced > 0 AND part.shipped >= line.ordered - line.cancelled THEN 'PARTIALLY_BILLED'
         WHEN part.shipped >= line.ordered - line.cancelled THEN 'SHIPPED'
         WHEN part.shipped > 0 THEN 'PARTIALLY_SHIPPED'
         WHEN part.planned > 0 THEN 'PROCESSING'
         ELSE 'SUBMITTED'
       END AS status,
       coalesce(active.holds, '{}') AS holds,
       active.holds IS NOT NULL AS on_hold,
       line.ordered AS qty_ordered, line.cancelled AS qty_cancelled,
       part.planned AS qty_planned, part.shipped AS qty_shipped, part.invoiced AS qty_invoiced, part.backordered AS qty_backordered
FROM sales_order
CROSS JOIN LATERAL (
  SELECT coalesce(sum(order_line.qty_ordered), 0) AS ordered, coalesce(sum(order_line.qty_cancelled), 0) AS cancelled
  FROM order_line WHERE order_line.order_no = sales_order.order_no
) AS line
CROSS JOIN LATERAL (
  SELECT coalesce(sum(fulfil_line.qty - fulfil_line.qty_cancelled), 0) AS planned,
         coalesce(sum(fulfil_line.qty_shipped), 0) AS shipped,
         coalesce(sum(fulfil_line.qty_invoiced), 0) AS invoiced,
         coalesce(sum(fulfil_line.qty - fulfil_line.qty_cancelled) FILTER (WHERE fulfil_line.group_no IS NULL), 0) AS backordered
  FROM fulfil_line WHERE fulfil_line.order_no = sales_order.order_no
) AS part
CROSS JOIN LATERAL (
  SELECT array_agg(DISTINCT hold.hold_code ORDER BY hold.hold_code) AS holds
  FROM hold WHERE hold.order_no = sales_order.order_no AND hold.released_at IS NULL AND (hold.until IS NULL OR hold.until > business_now())
) AS active
"""

#: Where an order has nothing left to check, promise or ship; what is shipped of it may still have to be billed.
OVER = frozenset({"REJECTED", "CANCELLED", "SHIPPED", "PARTIALLY_BILLED", "CLOSED"})
_TABLES = (SalesOrder, OrderLine, FulfilLine, Hold)
_ALL_THERE = text("SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest(CAST(:names AS text[])) AS name")


def _create_view(_table: object, connection: Connection, **_options: object) -> None:
    """Create the view with the last of the tables it reads, whoever creates them: Alembic or `create_all`."""
    if connection.execute(_ALL_THERE, {"names": [table.__tablename__ for table in _TABLES]}).scalar_one():
        connection.execute(text(_VIEW))


for _each in _TABLES:
    event.listen(_each.__table__, "after_create", _create_view)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatus:
    """Where an order stands."""

    order_no: str
    status: str
    on_hold: bool
    holds: tuple[str, ...]
    qty_ordered: Decimal
    qty_cancelled: Decimal
    qty_shipped: Decimal
    qty_invoiced: Decimal
    qty_backordered: Decimal


def statuses(tx: Session, order_nos: Sequence[str]) -> dict[str, OrderStatus]:
    """Where each of the orders stands, in one statement."""
    rows = tx.execute(_STATUSES, {"order_nos": list(order_nos)}).mappings()
    return {row["order_no"]: OrderStatus(**{**row, "holds": tuple(row["holds"])}) for row in rows}


def status_of(tx: Session, order_no: str) -> OrderStatus:
    """Where the order stands. Raises NotFound."""
    found = read_once(tx, (OrderStatus, order_no), lambda: statuses(tx, [order_no]).get(order_no))
    if found is None:
        raise NotFound(f"There is no order {order_no}.", code="order_unknown", next_step="Check the number in the list of orders.")
    return found


_STATUSES = text("""
SELECT order_no, status, on_hold, holds, qty_ordered, qty_cancelled, qty_shipped, qty_invoiced, qty_backordered
FROM order_status WHERE order_no = ANY(:order_nos)
""")
