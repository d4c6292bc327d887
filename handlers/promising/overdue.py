"""Expected supply whose day has passed: found every morning, chased by a buyer, given another day or expected no more."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.inventory import supply
from handlers.inventory.supply import SupplyArrival
from handlers.orders.fulfilment_lines import awaited_items


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueSupply:
    """A supply to be chased: `business_key` names its instance, `message_id` makes a day be asked about once."""

    supply_id: int
    due_date: date
    business_key: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingSupply:
    """What is missing of a supply, whether its day has passed, and how much of the item customers wait for."""

    overdue: bool
    kind: str
    reference: str
    sku: str
    warehouse_code: str
    due_date: date
    qty_open: Decimal
    qty_waiting: Decimal


def list_overdue(tx: Session) -> list[OverdueSupply]:
    """Every supply of which something is missing after its day, the longest overdue first."""
    return [
        OverdueSupply(
            supply_id=row.id,
            due_date=row.due_date,
            business_key=f"supply-{row.id}",
            message_id=f"supply.overdue:{row.id}:{row.due_date}",
        )
        for row in supply.overdue(tx)
    ]


def read_missing(tx: Session, supply_id: int) -> MissingSupply:
    """What is missing of a supply now. Raises NotFound."""
    row = supply.find(tx, supply_id)
    waiting: Decimal = tx.execute(_WAITING, {"sku": row.sku}).scalar_one()
    copied = ("kind", "reference", "sku", "warehouse_code", "due_date", "qty_open")
    return MissingSupply(overdue=row.is_overdue, qty_waiting=waiting, **{name: getattr(row, name) for name in copied})


def redate(tx: Session, supply_id: int, due_date: date) -> tuple[str, ...]:
    """Expect a supply on another day; answer its item when somebody waits for it. Raises NotFound."""
    return awaited_items(tx, [supply.redate(tx, supply_id, due_date)])


def close(tx: Session, supply_id: int) -> tuple[str, ...]:
    """Expect no more of a supply; answer its item when somebody waits for it. Raises NotFound."""
    return awaited_items(tx, [supply.close(tx, supply_id)])


def chased(tx: Session, arrival: SupplyArrival) -> int | None:
    """The id of the supply that an arrival belongs to, when a buyer is just chasing it."""
    named = {name: getattr(arrival, name) for name in ("kind", "reference", "sku", "warehouse_code")}
    return tx.execute(_CHASED, named).scalar()


_CHASED = text("""
SELECT supply.id FROM supply
WHERE supply.kind = :kind AND supply.reference = :reference AND supply.sku = :sku AND supply.warehouse_code = :warehouse_code
  AND EXISTS (
    SELECT 1 FROM subscription WHERE subscription.kind = 'message' AND subscription.name = 'supply.arrived'
      AND subscription.correlation->>'supply_id' = CAST(supply.id AS text))
""")
_WAITING = text("""
SELECT coalesce(sum(qty - qty_cancelled), 0) FROM fulfil_line WHERE sku = :sku AND group_no IS NULL
""")
