"""Warehouses and expected supply."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Row, TextClause, select, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.state.calendars import read_calendars
from engine.store import locks
from engine.store.locks import Lock
from handlers.changes import Author, note
from handlers.inventory.model import Supply, Warehouse
from handlers.inventory.stock import Receipt, hold_balances
from handlers.rowsets import add_once, as_json
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
    #: A business calendar on whose days it ships; without one, the working days of its country.
    calendar_code: str | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSupply:
    """What our own production was asked for, under its number, and the day on which it is done."""

    reference: str
    sku: str
    warehouse_code: str
    due_date: date
    qty: Decimal


def add_warehouse(tx: Session, draft: WarehouseDraft) -> None:
    """Add a warehouse. Raises Invalid, Conflict."""
    if not draft.time_zone:
        draft = replace(draft, time_zone=tx.scalars(text("SELECT current_setting('TimeZone')")).one())
    if draft.time_zone not in available_timezones():
        raise Invalid(f"{draft.time_zone!r} is no time zone.", code="time_zone", next_step="Use a name such as Europe/Vienna.")
    _refuse_unknown_calendar(tx, draft.calendar_code)
    add_once(tx, Warehouse, draft, f"Warehouse {draft.code}")


def ship_by(tx: Session, code: str, calendar_code: str | None, by: Author) -> None:
    """Let a warehouse ship on the days of a business calendar; without one, on the working days of its country. Raises NotFound."""
    _refuse_unknown_calendar(tx, calendar_code)
    changed = update(Warehouse).where(Warehouse.code == code).values(calendar_code=calendar_code).returning(Warehouse.code)
    if tx.scalars(changed).first() is None:
        raise NotFound(f"There is no warehouse {code[:60]!r}.", code="warehouse_unknown", next_step="Look at the list of warehouses.")
    note(tx, by, "ship_by", f"warehouse:{code}", {"calendar": calendar_code})


def _refuse_unknown_calendar(tx: Session, code: str | None) -> None:
    if code is not None and code not in read_calendars(tx):
        raise NotFound(f"There is no calendar {code[:60]!r}.", code="calendar_unknown", next_step="Add it under Master data first.")


def expect_supply(tx: Session, draft: SupplyDraft) -> None:
    """Note goods that are to arrive. Raises Invalid, NotFound, Conflict."""
    positive(draft.qty_open, "qty_open")
    not_negative(draft.unit_cost, "unit_cost")
    if tx.get(Warehouse, draft.warehouse_code) is None:
        raise NotFound(f"There is no warehouse {draft.warehouse_code}.", code="warehouse_unknown", next_step="Add the warehouse first.")
    add_once(tx, Supply, draft, f"Supply {draft.kind} {draft.reference} of {draft.sku} for {draft.warehouse_code}")


def expect_made(tx: Session, made: Sequence[MadeSupply]) -> None:
    """Expect what production was asked for, at the item's standard cost."""
    if made:
        tx.execute(_EXPECT_MADE, {"rows": as_json(made)})


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


def overdue(tx: Session) -> Sequence[Row[Any]]:
    """Id and day of every supply of which something is missing after its day, the longest overdue first."""
    return tx.execute(_OVERDUE).all()


def find(tx: Session, supply_id: int) -> Row[Any]:
    """A supply by its id, with `is_overdue`: something of it is missing after its day. Raises NotFound."""
    row = tx.execute(_FIND, {"id": supply_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no supply {supply_id}.", code="supply_unknown", next_step="Check the reference of the delivery.")
    return row


def redate(tx: Session, supply_id: int, due_date: date) -> str:
    """Expect what is missing of a supply on another day; answer its item. Raises NotFound."""
    return _change(tx, _REDATE, supply_id, due_date=due_date)


def close(tx: Session, supply_id: int) -> str:
    """Expect no more of a supply; answer its item. What came in stays counted. Raises NotFound."""
    return _change(tx, _CLOSE, supply_id)


def _change(tx: Session, statement: TextClause, supply_id: int, **given: date) -> str:
    locks.take(tx, Lock.SUPPLY, [supply_id])
    sku: str = find(tx, supply_id).sku
    tx.execute(statement, {"id": supply_id, **given})
    return sku


_EXPECT_MADE = text("""
INSERT INTO supply (kind, reference, sku, warehouse_code, due_date, qty_open, unit_cost)
SELECT 'WIP', made.reference, made.sku, made.warehouse_code, made.due_date, made.qty, item.cost
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS made(reference text, sku text, warehouse_code text, due_date date, qty numeric)
JOIN item ON item.sku = made.sku
""")
_OVERDUE = text("SELECT id, due_date FROM supply WHERE qty_open > 0 AND due_date < business_today() ORDER BY due_date, id")
_FIND = text("SELECT *, qty_open > 0 AND due_date < business_today() AS is_overdue FROM supply WHERE id = :id")
_REDATE = text("UPDATE supply SET due_date = CAST(:due_date AS date) WHERE id = :id")
_CLOSE = text("UPDATE supply SET qty_open = 0 WHERE id = :id")
