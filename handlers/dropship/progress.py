"""How far an agreed purchase order is, what it still waits for, and asking the supplier for it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from handlers.dropship.agreement import agreed_lines
from handlers.dropship.purchasing import lock_any_order, lock_order
from handlers.dropship.rules import BillPatience, patience, waits_for
from handlers.orders.fulfilment_lines import open_lines
from handlers.parties.policy import chosen
from handlers.values import total


@dataclass(frozen=True, slots=True)
class Progress:
    """What an order waits for (GOODS, BILL, NOTHING), how long to wait before asking, how often was asked, and the quantities open."""

    waits_for: str
    patience_days: int
    reminders: int
    qty_to_deliver: Decimal
    qty_to_bill: Decimal


@dataclass(frozen=True, slots=True)
class GroupState:
    """Whether a group's purchase order is agreed already, and its number; how much of the group has neither left nor been cancelled."""

    agreed: bool
    po_no: str
    returned_qty: Decimal
    goods_on_the_way: bool
    open_qty: Decimal


def read_group(tx: Session, group_no: str) -> GroupState:
    """Where to take a group up: at the beginning, where its order was agreed before, or not at all. Raises nothing."""
    po_no = tx.execute(_AGREED_ORDER, {"group_no": group_no}).scalar_one_or_none()
    open_qty = total(line.open_qty for line in open_lines(tx, group_no))
    return GroupState(po_no is not None, po_no or "", Decimal(0), goods_on_the_way=False, open_qty=open_qty)


def read_progress(tx: Session, po_no: str, today: date) -> Progress:
    """How far an order is. Raises NotFound, Conflict when it was cancelled."""
    order = lock_order(tx, po_no)
    lines = agreed_lines(tx, po_no)
    days = chosen(tx, "dropship.bill_days", "dropship.reminded_bill_days")
    bill = BillPatience(int(days["dropship.bill_days"]), int(days["dropship.reminded_bill_days"]))
    return Progress(
        waits_for=waits_for(lines),
        patience_days=patience(lines, today, order.reminders, bill),
        reminders=order.reminders,
        qty_to_deliver=total(line.agreed - line.received for line in lines if line.received < line.agreed),
        qty_to_bill=total(line.received - line.billed for line in lines if line.billed < line.received),
    )


def remind(tx: Session, po_no: str) -> int:
    """Count a reminder and answer how many there were since the supplier last sent something. Raises NotFound, Conflict."""
    lock_order(tx, po_no)
    count: int = tx.execute(_REMIND, {"po_no": po_no}).scalar_one()
    return count


def be_patient(tx: Session, po_no: str) -> None:
    """Begin to count reminders anew: somebody has spoken with the supplier. Raises NotFound, Conflict."""
    lock_order(tx, po_no)
    heard(tx, po_no)


def heard(tx: Session, po_no: str) -> None:
    """The supplier has sent something: reminders are counted anew. The order is locked."""
    tx.execute(_HEARD, {"po_no": po_no})


def close(tx: Session, po_no: str) -> None:
    """Close an order of which nothing is open; again: nothing more. Raises NotFound, Conflict while something is open."""
    order = lock_any_order(tx, po_no)
    left = waits_for(agreed_lines(tx, po_no))
    if order.cancelled_at is None and left != "NOTHING":
        raise Conflict(f"{po_no} waits for {left.lower()}.", code="po_open", next_step="Wait for what is open, or close the order short.")
    tx.execute(_CLOSE, {"po_no": po_no})


_AGREED_ORDER = text("""
SELECT po_no FROM purchase_order WHERE group_no = :group_no AND confirmed_at IS NOT NULL AND cancelled_at IS NULL AND closed_at IS NULL
""")
_REMIND = text("UPDATE purchase_order SET reminders = reminders + 1 WHERE po_no = :po_no RETURNING reminders")
_HEARD = text("UPDATE purchase_order SET reminders = 0 WHERE po_no = :po_no")
_CLOSE = text("UPDATE purchase_order SET closed_at = coalesce(closed_at, business_now()) WHERE po_no = :po_no")
