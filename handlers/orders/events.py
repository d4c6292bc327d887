"""Finds an order and notes what happened to it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.post.mailbox import Message
from engine.store import locks
from engine.store.locks import Lock
from engine.store.memo import read_once
from handlers.orders.model import OrderEvent, OrderLine, SalesOrder
from handlers.rowsets import insert_rows


def note(tx: Session, order_no: str, kind: str, *, actor: str = "", detail: Mapping[str, Any] | None = None) -> None:
    """Add an event to the order's story."""
    tx.execute(insert(OrderEvent).values(order_no=order_no, kind=kind, actor=actor or "system", detail=dict(detail or {})))


def note_all(tx: Session, kind: str, details: Mapping[str, Mapping[str, Any]], *, actor: str = "system") -> None:
    """Add an event of one kind to the story of each order, with its detail, in one statement."""
    insert_rows(
        tx, OrderEvent, [{"order_no": key, "kind": kind, "actor": actor, "detail": dict(detail)} for key, detail in details.items()]
    )


def find_order(tx: Session, order_no: str, *, lock: bool = False) -> SalesOrder:
    """The order as it is now, locked until the transaction ends when asked. Raises NotFound."""
    if lock:
        locks.take(tx, Lock.ORDER, [order_no])
    found = read_once(
        tx, (SalesOrder, order_no), lambda: tx.get(SalesOrder, order_no, populate_existing=True), of=[SalesOrder.__tablename__]
    )
    if found is None:
        raise NotFound(f"There is no order {order_no}.", code="order_unknown", next_step="Check the number in the list of orders.")
    return found


def lines_of(tx: Session, order_no: str) -> list[OrderLine]:
    """The order's lines as they are now, whatever set-based statements have changed before."""
    lines = select(OrderLine).where(OrderLine.order_no == order_no).order_by(OrderLine.line_no)
    found = read_once(
        tx,
        (OrderLine, order_no),
        lambda: tx.scalars(lines.execution_options(populate_existing=True)).all(),
        of=[OrderLine.__tablename__, SalesOrder.__tablename__],
    )
    return list(found)


def received(order_no: str, source: str, actor: str) -> Message:
    """The message that begins an order's process, once."""
    return Message(
        name="order.received",
        correlation={"order_no": order_no},
        payload={"order_no": order_no, "source": source},
        message_id=f"order.received:{order_no}",
        business_key=order_no,
        actor=actor or None,
    )
