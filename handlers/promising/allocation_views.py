"""What is kept of an item's supply for whom, and what became of it, as people and programs are shown it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.store.clock import business_today
from handlers.promising.allocation_rules import is_released
from handlers.promising.allocations import read_kept
from handlers.promising.availability import read_changes, supply_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRow:
    """An allocation and what became of it: `size` is what is kept of its days' supply, `used` what was promised of it.

    `state` is KEPT, COMING (its first day is ahead), RELEASED (what is left is free for all) or OVER.
    """

    sku: str
    warehouse_code: str
    customer_class: str
    channel: str
    valid_from: date
    valid_until: date
    qty: Decimal | None
    share_pct: Decimal | None
    release_days: int
    priority: int
    size: Decimal
    used: Decimal
    left: Decimal
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatedItem:
    """An item of which something is kept: in how many allocations, the last of which ends when."""

    sku: str
    name: str
    allocations: int
    until: date


def list_allocations(tx: Session, sku: str) -> list[AllocationRow]:
    """The allocations of an item, by place, the first day first, with what is left of each."""
    today = business_today(tx)
    found = [
        pair
        for places in read_kept(tx, [sku], supply_of(read_changes(tx, [sku], today), today)).values()
        for pairs in places.values()
        for pair in pairs
    ]
    shown = [AllocationRow(**_own(row), size=kept.size, used=kept.used, left=kept.left, state=_state(row, today)) for row, kept in found]
    return sorted(shown, key=lambda each: (each.warehouse_code, each.valid_from, each.priority, each.customer_class, each.channel))


def allocated_items(tx: Session) -> list[AllocatedItem]:
    """The items of which something is kept, now or later, by number."""
    return [AllocatedItem(**row) for row in tx.execute(_ITEMS).mappings()]


def _own(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in AllocationRow.__dataclass_fields__ if name in row}


def _state(row: RowMapping, today: date) -> str:
    if row["valid_until"] < today:
        return "OVER"
    if is_released(row["valid_until"], row["release_days"], today):
        return "RELEASED"
    return "COMING" if row["valid_from"] > today else "KEPT"


_ITEMS = text("""
SELECT kept.sku, item.name, count(*) AS allocations, max(kept.valid_until) AS until
FROM supply_allocation AS kept JOIN item ON item.sku = kept.sku
WHERE kept.valid_until >= business_today() GROUP BY kept.sku, item.name ORDER BY kept.sku LIMIT 500
""")
