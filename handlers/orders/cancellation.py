"""Cancels what has not been shipped: reservations go back, quantities are counted as cancelled, nothing that left is touched."""

from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from handlers.inventory.stock import release
from handlers.orders.events import find_order, note
from handlers.orders.model import FulfilLine


def cancel_order(tx: Session, order_no: str, reason: str, *, actor: str = "system") -> Decimal:
    """Cancel everything that is not shipped and answer how much that was. Again: nothing happens.

    Raises NotFound, Conflict when everything has been shipped already (the point of no return).
    """
    find_order(tx, order_no, lock=True)
    lines = select(FulfilLine.id).where(FulfilLine.order_no == order_no, FulfilLine.qty_reserved > 0)
    release(tx, tx.scalars(lines).all())
    cancelled = tx.execute(_CANCEL, {"order_no": order_no}).scalar_one() or Decimal(0)
    if cancelled:
        tx.execute(_CLOSE_GROUPS, {"order_no": order_no})
        note(tx, order_no, "order_cancelled", actor=actor, detail={"reason": reason, "qty": cancelled})
        return cancelled
    if tx.execute(_SHIPPED, {"order_no": order_no}).scalar_one():
        raise Conflict(
            f"Order {order_no} has been shipped; there is nothing left to cancel.",
            code="order_shipped",
            next_step="Ask the carrier to intercept it, or take the goods back as a return.",
        )
    return cancelled


_CANCEL = text("""
WITH parts AS (
  UPDATE fulfil_line SET qty_cancelled = qty - qty_shipped, qty_picked = qty_shipped
  WHERE order_no = :order_no AND qty_cancelled < qty - qty_shipped
), shipped AS (
  SELECT order_line_id, sum(qty_shipped) AS qty FROM fulfil_line WHERE order_no = :order_no GROUP BY order_line_id
), lines AS (
  SELECT line.id, line.qty_ordered - coalesce(shipped.qty, 0) AS unshipped, line.qty_cancelled AS before
  FROM order_line AS line LEFT JOIN shipped ON shipped.order_line_id = line.id WHERE line.order_no = :order_no
), cancelled AS (
  UPDATE order_line AS line SET qty_cancelled = lines.unshipped FROM lines
  WHERE line.id = lines.id AND lines.unshipped > lines.before RETURNING lines.unshipped - lines.before AS qty
)
SELECT sum(qty) FROM cancelled
""")
_CLOSE_GROUPS = text("""
UPDATE fulfil_group AS team SET cancelled_at = now()
WHERE team.order_no = :order_no AND team.cancelled_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM fulfil_line AS line WHERE line.group_no = team.group_no AND line.qty > line.qty_cancelled)
""")
_SHIPPED = text("SELECT EXISTS (SELECT 1 FROM fulfil_line WHERE order_no = :order_no AND qty_shipped > 0)")
