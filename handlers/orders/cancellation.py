"""Cancels what has not been shipped: reservations go back, quantities are counted as cancelled, nothing that left is touched.

What a supplier ships stays open here: only who talks to the supplier knows whether it can still be stopped. The process of cancelling
(`bpmn/cancel-order`) tells whoever is at work on the order, and lets each group undo what was prepared.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from handlers.orders.events import find_order, note
from handlers.orders.fulfilment_groups import close_empty_groups
from handlers.orders.fulfilment_lines import (
    awaited_items,
    cancel_open,
    cancel_open_of_group,
    lock_lines_of_group,
    lock_lines_of_order,
    release,
)
from handlers.orders.holds import release_all
from handlers.orders.status import status_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """How much was cancelled, in the units of the lines, and the groups of lines that were prepared for it.

    `stock_groups` were cancelled whole; `dropship_groups` are on order with a supplier and still open. `at_work` says whether an
    instance is at work on the order or a group of it, and is to be told.
    """

    qty: Decimal
    stock_groups: tuple[str, ...] = ()
    dropship_groups: tuple[str, ...] = ()
    at_work: bool = False
    #: Items whose stock is free again and for which other orders wait.
    awaited_skus: tuple[str, ...] = ()


def why_over(tx: Session, order_no: str) -> Conflict | None:
    """Why nothing of an order can be changed or cancelled any more: it was rejected or is cancelled. None otherwise. Raises NotFound."""
    status = status_of(tx, order_no)
    if status.status == "REJECTED":
        return Conflict(f"Order {order_no} was rejected.", code="order_rejected", next_step="Nothing of it is open.")
    if status.qty_ordered == status.qty_cancelled:
        return Conflict(f"Order {order_no} is cancelled already.", code="order_cancelled", next_step="Nothing of it is open.")
    return None


def cancel_order(tx: Session, order_no: str, reason: str, *, actor: str = "system") -> Cancellation:
    """Cancel everything that has not left and that no supplier ships. Again: nothing happens.

    Raises NotFound, Conflict when everything has been shipped already (the point of no return).
    """
    lock_lines_of_order(tx, order_no)
    find_order(tx, order_no)
    freed = tx.execute(_FROM_STOCK, {"order_no": order_no}).scalars().all()
    release(tx, tx.execute(_LINES, {"order_no": order_no}).scalars().all())
    cancelled = cancel_open(tx, order_no)
    dropship = tuple(tx.execute(_WITH_SUPPLIERS, {"order_no": order_no}).scalars())
    if not cancelled and not dropship and tx.execute(_SHIPPED, {"order_no": order_no}).scalar_one():
        raise all_shipped(order_no)
    closed = close_empty_groups(tx, order_no)
    if cancelled:
        note(tx, order_no, "order_cancelled", actor=actor, detail={"reason": reason, "qty": cancelled})
    if cancelled and not dropship:
        release_all(tx, order_no, "The order was cancelled.", actor=actor)
    at_work: bool = tx.execute(_AT_WORK, {"order_no": order_no}).scalar_one()
    return Cancellation(
        qty=cancelled, stock_groups=tuple(closed), dropship_groups=dropship, at_work=at_work, awaited_skus=awaited_items(tx, freed)
    )


def cancel_group(tx: Session, group_no: str, reason: str, *, actor: str = "system") -> Decimal:
    """Cancel what has not left of one group, with the lines it was sold in; answer how much. Again: nothing happens."""
    lock_lines_of_group(tx, group_no)
    order_no: str = tx.execute(_ORDER_OF, {"group_no": group_no}).scalar_one()
    release(tx, tx.execute(_LINES_OF_GROUP, {"group_no": group_no}).scalars().all())
    cancelled = cancel_open_of_group(tx, group_no)
    close_empty_groups(tx, order_no)
    if cancelled:
        note(tx, order_no, "group_cancelled", actor=actor, detail={"group_no": group_no, "reason": reason, "qty": cancelled})
    return cancelled


def confirmation(tx: Session, order_no: str, reason: str) -> dict[str, str]:
    """What the customer is told of a cancellation: by line, what of it is cancelled."""
    lines = tx.execute(_CANCELLED_LINES, {"order_no": order_no}).all()
    told = "; ".join(f"{line.qty_cancelled.normalize():f} {line.uom} of line {line.line_no} ({line.description})" for line in lines)
    return {"order_no": order_no, "customer_po": find_order(tx, order_no).customer_po, "cancelled": told, "reason": reason}


def all_shipped(order_no: str) -> Conflict:
    """The refusal of a cancellation that comes too late."""
    return Conflict(
        f"Order {order_no} has been shipped; there is nothing left to cancel.",
        code="order_shipped",
        next_step="Ask the carrier to intercept it, or take the goods back as a return.",
    )


#: What the order was to get from stock, reserved already or only planned: cancelled, it is free for others.
_FROM_STOCK = text("""
SELECT DISTINCT line.sku FROM fulfil_line AS line JOIN fulfil_group AS team USING (group_no)
WHERE line.order_no = :order_no AND team.kind = 'STOCK' AND line.qty > line.qty_cancelled + line.qty_shipped
""")
_LINES = text("SELECT id FROM fulfil_line WHERE order_no = :order_no ORDER BY id")
_LINES_OF_GROUP = text("SELECT id FROM fulfil_line WHERE group_no = :group_no ORDER BY id")
_ORDER_OF = text("SELECT order_no FROM fulfil_group WHERE group_no = :group_no")
_CANCELLED_LINES = text("""
SELECT line_no, description, uom, qty_cancelled FROM order_line WHERE order_no = :order_no AND qty_cancelled > 0 ORDER BY line_no
""")
#: What is still open once everything else is cancelled.
_WITH_SUPPLIERS = text("""
SELECT team.group_no FROM fulfil_group AS team
WHERE team.order_no = :order_no
  AND EXISTS (SELECT 1 FROM fulfil_line AS line WHERE line.group_no = team.group_no AND line.qty > line.qty_cancelled + line.qty_shipped)
ORDER BY team.group_no
""")
_SHIPPED = text("SELECT EXISTS (SELECT 1 FROM fulfil_line WHERE order_no = :order_no AND qty_shipped > 0)")
_AT_WORK = text("""
SELECT EXISTS (
  SELECT 1 FROM subscription WHERE kind = 'message' AND name = 'order.cancelled' AND correlation->>'order_no' = :order_no)
""")
