"""A customer's standing with collections: how often it was reminded, and whether its new orders wait until it has paid."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Lock


def raise_dunning_level(tx: Session, customer_no: str, level: int, *, hold_orders: bool) -> None:
    """The customer was reminded at a level; its new orders wait if the reminder says so. Neither falls by this."""
    locks.take(tx, Lock.CUSTOMER, [customer_no])
    tx.execute(_RAISE, {"customer_no": customer_no, "level": level, "hold_orders": hold_orders})


def lower_dunning_level(tx: Session, customer_no: str, level: int, *, end_hold: bool) -> None:
    """The customer has paid something: its level is that of what is still open, and a hold that reminders put on it may end."""
    locks.take(tx, Lock.CUSTOMER, [customer_no])
    tx.execute(_LOWER, {"customer_no": customer_no, "level": level, "end_hold": end_hold})


_RAISE = text("""
UPDATE customer SET dunning_level = greatest(dunning_level, :level), account_hold = account_hold OR :hold_orders
WHERE customer_no = :customer_no
""")
_LOWER = text("""
UPDATE customer SET dunning_level = :level, account_hold = account_hold AND NOT :end_hold WHERE customer_no = :customer_no
""")
