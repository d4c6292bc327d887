"""Warehouses and expected supply."""

from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from zoneinfo import available_timezones

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.inventory.model import Supply, Warehouse
from handlers.inventory.stock import Receipt, hold_balances
from handlers.rowsets import add_once
from handlers.values import not_negative, positive

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseDraft:
    """A warehouse to add."""

    code: str
    name: str
    country: str
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    #: The company's when empty.
    time_zone: str = ""
    cut_off: time = time(16)
    handling_days: int = 0
    gln: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyDraft:
    """Goods we expect. `kind` is PO, TRANSFER, WIP or RETURN; kind, reference, item and warehouse name it."""

    reference: str
    sku: str
    warehouse_code: str
    due_date: date
    qty_open: Decimal
    unit_cost: Decimal = ZERO
    kind: str = "PO"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyArrival:
    """Expected goods that came in, whole or in part, under a delivery note that makes the receipt once."""

    reference: str
    sku: str
    warehouse_code: str
    qty: Decimal
    delivery_note: str
    kind: str = "PO"


def add_warehouse(tx: Session, draft: WarehouseDraft) -> None:
    """Add a warehouse. Raises Invalid, Conflict."""
    if not draft.time_zone:
        draft = replace(draft, time_zone=tx.scalars(text("SELECT current_setting('TimeZone')")).one())
    if draft.time_zone not in available_timezones():
        raise Invalid(f"{draft.time_zone!r} is no time zone.", code="time_zone", next_step="Use a name such as Europe/Vienna.")
    add_once(tx, Warehouse, draft, f"Warehouse {draft.code}")


def expect_supply(tx: Session, draft: SupplyDraft) -> None:
    """Note goods that are to arrive. Raises Invalid, NotFound, Conflict."""
    positive(draft.qty_open, "qty_open")
    not_negative(draft.unit_cost, "unit_cost")
    if tx.get(Warehouse, draft.warehouse_code) is None:
        raise NotFound(f"There is no warehouse {draft.warehouse_code}.", code="warehouse_unknown", next_step="Add the warehouse first.")
    add_once(tx, Supply, draft, f"Supply {draft.kind} {draft.reference} of {draft.sku} for {draft.warehouse_code}")


def take_from_supply(tx: Session, arrival: SupplyArrival) -> Receipt:
    """Count expected goods as arrived and answer the receipt to book. The stock is held before what is expected.

    Raises NotFound, Conflict when more arrives than is open.
    """
    positive(arrival.qty, "qty")
    hold_balances(tx, [{"sku": arrival.sku, "warehouse_code": arrival.warehouse_code, "lot": ""}])
    named = select(Supply).where(
        Supply.kind == arrival.kind,
        Supply.reference == arrival.reference,
        Supply.sku == arrival.sku,
        Supply.warehouse_code == arrival.warehouse_code,
    )
    locks.take(tx, Lock.SUPPLY, tx.scalars(named.with_only_columns(Supply.id)).all())
    found = tx.scalars(named.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound(
            f"No {arrival.sku} is expected in {arrival.warehouse_code} under {arrival.kind} {arrival.reference}.",
            code="supply_unknown",
            next_step="Check the reference of the delivery.",
        )
    if arrival.qty > found.qty_open:
        raise Conflict(
            f"{arrival.qty} of {found.sku} arrived, but only {found.qty_open} are expected under {found.reference}.",
            code="supply_exceeded",
            next_step="Book the surplus as a receipt of its own, after asking the supplier.",
        )
    changes = {"qty_open": Supply.qty_open - arrival.qty, "qty_received": Supply.qty_received + arrival.qty}
    tx.execute(update(Supply).where(Supply.id == found.id).values(changes).execution_options(synchronize_session=False))
    return Receipt(
        sku=found.sku,
        warehouse_code=found.warehouse_code,
        qty=arrival.qty,
        unit_cost=found.unit_cost,
        reference=arrival.delivery_note,
    )
