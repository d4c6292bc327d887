"""What we make or assemble to order: what can be made by when, and what is asked of production when an order is promised so."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.store.locks import Lock, take
from handlers.catalog.master_data import find_item
from handlers.changes import Author, note
from handlers.documents.numbers import next_numbers
from handlers.identifiers import Number, Quantity, canonical
from handlers.inventory.model import Warehouse
from handlers.inventory.supply import MadeSupply, expect_made
from handlers.promising.calendars import WarehouseCalendar
from handlers.promising.model import MadeItem, ProductionRequest
from handlers.promising.projection import Capability
from handlers.promising.rules import Part
from handlers.rowsets import insert_rows, put
from handlers.values import not_negative

KEY = ("sku", "warehouse_code")
#: Working days beyond which nobody means what they type.
MOST_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeItemDraft:
    """An item that we make in a warehouse: what is begun now is done after `lead_days` of its working days, `per_day` of it on each."""

    sku: Number
    warehouse_code: Number
    lead_days: int
    per_day: Quantity | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of production when an order was promised."""

    request_no: str
    order_no: str


def check_made_item(draft: MadeItemDraft) -> None:
    """Refuse a lead time that is none. Raises Invalid."""
    not_negative(draft.lead_days, "lead_days")
    if draft.lead_days > MOST_DAYS:
        wrong = {"lead_days": [f"must be at most {MOST_DAYS}"]}
        raise Invalid("The lead time is longer than a year.", code="lead_days", next_step="Correct the working days.", errors=wrong)


def set_made_item(tx: Session, draft: MadeItemDraft, by: Author) -> None:
    """Say how an item is made, or bring it up to date; told in the audit log. What was asked for stays. Raises Invalid, NotFound."""
    draft = canonical(draft)
    check_made_item(draft)
    find_item(tx, draft.sku)
    if tx.get(Warehouse, draft.warehouse_code) is None:
        raise NotFound(
            f"There is no warehouse {draft.warehouse_code}.", code="warehouse_unknown", next_step="Look at the list of warehouses."
        )
    take(tx, Lock.ITEM, [draft.sku])
    before = _row(tx, draft)
    put(tx, MadeItem, draft, KEY)
    after = _row(tx, draft)
    different = {name: {"from": before.get(name), "to": value} for name, value in after.items() if before.get(name) != value}
    if different:
        note(tx, by, "change" if before else "add", f"made_item:{draft.sku}", different)


def capabilities(
    tx: Session, skus: Sequence[str], calendar: WarehouseCalendar, today: date, last: date
) -> dict[str, dict[str, Capability]]:
    """What can be made of the items, by item and warehouse, beside what is asked for already."""
    found: dict[str, dict[str, Capability]] = defaultdict(dict)
    for row in tx.execute(_MADE, {"skus": list(skus)}).mappings():
        days = calendar.working_days(row["place"], today, last)
        begun = [day for day in days if day > today] if row["lead_days"] else days
        asked = [(date.fromisoformat(each["day"]), Decimal(each["qty"])) for each in row["asked"]]
        capability = Capability.of(begun[max(0, row["lead_days"] - 1) :], row["per_day"], asked)
        if capability is not None:
            found[row["sku"]][row["place"]] = capability
    return found


def ask_production(tx: Session, parts: Sequence[tuple[str, Part]]) -> list[Asked]:
    """Ask production for what is to be made of the parts of orders, and expect it on the day it is done."""
    wanted: dict[tuple[str, str, str, date], Decimal] = defaultdict(Decimal)
    for order_no, part in parts:
        if part.made and part.source is not None and part.ready is not None:
            wanted[order_no, part.sku, part.source.source, part.ready] += part.made
    asked = sorted(wanted.items())
    numbers = dict(zip((key for key, _ in asked), next_numbers(tx, "MO", len(asked)), strict=True))
    insert_rows(
        tx,
        ProductionRequest,
        [
            {"request_no": numbers[key], "order_no": key[0], "sku": key[1], "warehouse_code": key[2], "qty": qty, "ready_on": key[3]}
            for key, qty in asked
        ],
    )
    expect_made(tx, [MadeSupply(reference=numbers[key], sku=key[1], warehouse_code=key[2], due_date=key[3], qty=qty) for key, qty in asked])
    return [Asked(request_no=numbers[key], order_no=key[0]) for key, _ in asked]


def _row(tx: Session, draft: MadeItemDraft) -> Mapping[str, Any]:
    columns = MadeItem.__table__.c
    found = select(*columns).where(columns.sku == draft.sku, columns.warehouse_code == draft.warehouse_code)
    return dict(tx.execute(found).mappings().first() or {})


_MADE = text("""
SELECT made.sku, made.warehouse_code AS place, made.lead_days, made.per_day, coalesce((
    SELECT jsonb_agg(jsonb_build_object('day', supply.due_date, 'qty', CAST(supply.qty_open AS text))) FROM supply
    WHERE supply.kind = 'WIP' AND supply.sku = made.sku AND supply.warehouse_code = made.warehouse_code AND supply.qty_open > 0
  ), '[]') AS asked
FROM made_item AS made JOIN warehouse ON warehouse.code = made.warehouse_code AND warehouse.active
WHERE made.sku = ANY(:skus) AND made.active ORDER BY made.sku, made.warehouse_code
""")


def list_made(tx: Session, sku: str) -> list[MadeItemDraft]:
    """How an item is made, by warehouse; nothing when we do not make it."""
    columns = [getattr(MadeItem, name) for name in MadeItemDraft.__dataclass_fields__]
    rows = tx.execute(select(*columns).where(MadeItem.sku == sku).order_by(MadeItem.warehouse_code)).mappings()
    return [MadeItemDraft(**row) for row in rows]
