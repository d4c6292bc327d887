"""A UBL OrderChange or OrderCancellation becomes what its order is asked for."""

from dataclasses import asdict

from sqlalchemy.orm import Session

from api.intake.ubl_masters import buyer_of, numbers_of
from api.intake.ubl_order import UblCancellation, UblChange, UblLine
from engine.runtime.state.runtime import Runtime
from handlers.orders.change_requests import ChangeDraft, LineChange, order_of, request_change
from handlers.orders.commands import request_cancellation
from handlers.orders.item_finding import find_items
from handlers.values import round4

_ADDED, _DELETED, _UNTOUCHED = "1", "2", "4"


def ask_change(runtime: Runtime, tx: Session, change: UblChange, message_id: int) -> str:
    """Ask for what a change names and answer the order. Raises NotFound, Invalid by field, Conflict when another change is decided."""
    customer_no = buyer_of(tx, change)
    order_no = order_of(tx, customer_no, change.order_no)
    touched = [line for line in change.lines if line.action != _UNTOUCHED]
    found = find_items(tx, customer_no, [numbers_of(line) for line in touched])
    lines = [_line(line, found[place]["sku"] if place in found else "") for place, line in enumerate(touched, start=1)]
    to = change.deliver_to
    draft = ChangeDraft(
        order_no=order_no,
        lines=lines,
        ship_to={part: value for part, value in asdict(to).items() if value} if to else None,
        requested=change.requested_date,
        reason=change.note,
        channel="UBL",
        source_ref=change.document_no,
        message_id=message_id,
        requested_by=change.buyer.endpoint,
    )
    request_change(runtime, tx, draft)
    return order_no


def _line(line: UblLine, sku: str) -> LineChange:
    is_new = line.action == _ADDED
    return LineChange(
        buyer_line_no=line.buyer_line_no,
        sku=sku or (line.seller_sku or line.gtin or line.buyer_sku or line.name if is_new else ""),
        qty=line.quantity,
        uom=line.uom,
        unit_price=None if line.unit_price is None else round4(line.unit_price),
        requested=line.requested_date,
        description=line.name if is_new else "",
        add=is_new,
        remove=line.action == _DELETED,
    )


def ask_cancellation(runtime: Runtime, tx: Session, cancellation: UblCancellation, _message_id: int) -> str:
    """Ask for an order to be cancelled and answer its number. Raises NotFound, Conflict when nothing of it is left to cancel."""
    order_no = order_of(tx, buyer_of(tx, cancellation), cancellation.order_no)
    reason = cancellation.note or f"Cancelled by the buyer's {cancellation.document_no}"
    request_cancellation(runtime, tx, order_no, reason, cancellation.buyer.endpoint)
    return order_no
