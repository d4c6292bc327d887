"""Cancels what has not been shipped: reservations go back, quantities are counted as cancelled, nothing that left is touched."""

from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from handlers.orders.events import find_order, note
from handlers.orders.fulfilment_groups import close_empty_groups
from handlers.orders.fulfilment_lines import cancel_open, lock_lines_of_order, release


def cancel_order(tx: Session, order_no: str, reason: str, *, actor: str = "system") -> Decimal:
    """Cancel everything that is not shipped and answer how much that was. Again: nothing happens.

    Raises NotFound, Conflict when everything has been shipped already (the point of no return).
    """
    lock_lines_of_order(tx, order_no)
    find_order(tx, order_no)
    release(tx, tx.execute(_RESERVED, {"order_no": order_no}).scalars().all())
    cancelled = cancel_open(tx, order_no)
    if cancelled:
        close_empty_groups(tx, order_no)
        note(tx, order_no, "order_cancelled", actor=actor, detail={"reason": reason, "qty": cancelled})
        return cancelled
    if tx.execute(_SHIPPED, {"order_no": order_no}).scalar_one():
        raise Conflict(
            f"Order {order_no} has been shipped; there is nothing left to cancel.",
            code="order_shipped",
            next_step="Ask the carrier to intercept it, or take the goods back as a return.",
        )
    return cancelled


_RESERVED = text("SELECT id FROM fulfil_line WHERE order_no = :order_no AND qty_reserved > 0")
_SHIPPED = text("SELECT EXISTS (SELECT 1 FROM fulfil_line WHERE order_no = :order_no AND qty_shipped > 0)")
