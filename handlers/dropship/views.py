"""Purchase orders as people and programs are shown them; their state follows from what has happened to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, select, true
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.known import refuse_unknown_in
from engine.store.paging import Asked, Key, Page, read_page
from handlers.dropship.model import PurchaseOrder, PurchaseOrderLine, SupplierInvoice
from handlers.parties.model import Supplier


@dataclass(frozen=True, slots=True)
class PurchaseFilter:
    """Which purchase orders to show; what is empty matches all."""

    group_no: str = ""
    order_no: str = ""
    supplier_no: str = ""


@dataclass(frozen=True, slots=True)
class PurchaseLineRow:
    """A line, in the currency of its order: what we ordered, what the supplier confirmed, what came and what was billed."""

    line_no: int
    fulfil_line_id: int
    sku: str
    supplier_sku: str
    description: str
    uom: str
    qty: Decimal
    unit_price: Decimal
    confirmed_qty: Decimal | None
    confirmed_price: Decimal | None
    confirmed_ship: date | None
    qty_received: Decimal
    qty_billed: Decimal


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    """A purchase order. `state` is DRAFT, SENT, CONFIRMED, PARTIALLY_RECEIVED, RECEIVED, BILLED, CLOSED or CANCELLED."""

    po_no: str
    group_no: str
    order_no: str
    supplier_no: str
    currency: str
    ship_to: dict[str, Any]
    customer_po: str
    neutral_packing: bool
    requested_ship: date
    net_total: Decimal
    document_id: int | None
    reminders: int
    created_at: datetime
    sent_at: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str
    billed: bool
    paid: bool
    state: str
    lines: Sequence[PurchaseLineRow] = ()


def list_purchase_orders(tx: Session, wanted: PurchaseFilter, asked: Asked) -> Page[PurchaseRow]:
    """Purchase orders with their lines, the latest first. Raises Invalid for a supplier that there is not."""
    refuse_unknown_in(tx, Supplier.supplier_no, wanted.supplier_no, "supplier", "supplier_no")
    statement = _ORDERS
    for name in ("group_no", "order_no", "supplier_no"):
        value = getattr(wanted, name)
        if value:
            statement = statement.where(getattr(PurchaseOrder, name) == value)
    keys = (Key(PurchaseOrder.created_at, descending=True), Key(PurchaseOrder.po_no, descending=True))
    shown = read_page(tx, statement, keys, asked).typed(PurchaseRow)
    lines: dict[str, list[PurchaseLineRow]] = {order.po_no: [] for order in shown.rows}
    for row in tx.execute(_LINES.where(PurchaseOrderLine.po_no.in_(lines))).mappings():
        lines[row["po_no"]].append(PurchaseLineRow(**{name: row[name] for name in PurchaseLineRow.__dataclass_fields__}))
    return replace(shown, rows=[replace(order, lines=lines[order.po_no]) for order in shown.rows])


def currency_of(tx: Session, po_no: str) -> str:
    """The currency of a purchase order. Raises NotFound."""
    currency: str | None = tx.scalar(select(PurchaseOrder.currency).where(PurchaseOrder.po_no == po_no))
    if currency is None:
        raise NotFound(f"There is no purchase order {po_no}.", code="po_unknown", next_step="Check the number with the supplier.")
    return currency


_LINE, _BILL = PurchaseOrderLine, SupplierInvoice
_PROGRESS = (
    select(
        func.bool_and(_LINE.qty_received >= func.coalesce(_LINE.confirmed_qty, _LINE.qty)).label("received"),
        func.bool_or(_LINE.qty_received > 0).label("begun"),
        func.bool_and(_LINE.qty_billed + _LINE.qty_given_up >= _LINE.qty_received).label("billed"),
    )
    .where(_LINE.po_no == PurchaseOrder.po_no)
    .lateral("progress")
)
_PAYMENT = (
    select(
        (func.count() > 0).label("billed"),
        func.coalesce(func.bool_and(_BILL.paid_at.isnot(None)), False).label("paid"),
    )
    .where(_BILL.po_no == PurchaseOrder.po_no, _BILL.rejected_at.is_(None))
    .lateral("payment")
)
_STATE = case(
    (PurchaseOrder.cancelled_at.isnot(None), "CANCELLED"),
    (PurchaseOrder.closed_at.isnot(None), "CLOSED"),
    (and_(_PROGRESS.c.received, _PROGRESS.c.billed), "BILLED"),
    (_PROGRESS.c.received, "RECEIVED"),
    (_PROGRESS.c.begun, "PARTIALLY_RECEIVED"),
    (PurchaseOrder.confirmed_at.isnot(None), "CONFIRMED"),
    (PurchaseOrder.sent_at.isnot(None), "SENT"),
    else_="DRAFT",
)
_DERIVED = {"billed", "paid", "state", "lines"}
_ORDERS = (
    select(
        *(getattr(PurchaseOrder, name) for name in PurchaseRow.__dataclass_fields__ if name not in _DERIVED),
        _PAYMENT.c.billed,
        _PAYMENT.c.paid,
        _STATE.label("state"),
    )
    .select_from(PurchaseOrder)
    .join(_PROGRESS, true())
    .join(_PAYMENT, true())
)
_LINES = select(_LINE.po_no, *(getattr(_LINE, name) for name in PurchaseLineRow.__dataclass_fields__)).order_by(_LINE.po_no, _LINE.line_no)
