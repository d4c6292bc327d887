"""Stock as people and programs are shown it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.store.paging import Asked, Key, Page, read_page
from handlers.inventory.model import StockBalance, Warehouse


@dataclass(frozen=True, slots=True)
class Balance:
    """How much of an item lies in a warehouse, in its unit; `value` is what it is worth in the company's currency."""

    id: int
    sku: str
    warehouse_code: str
    lot: str
    on_hand: Decimal
    reserved: Decimal
    in_transit: Decimal
    safety_stock: Decimal
    value: Decimal
    expires_on: date | None
    version: int


def list_balances(tx: Session, asked: Asked) -> Page[Balance]:
    """Every balance, in the order they began."""
    statement = select(*(getattr(StockBalance, name) for name in Balance.__dataclass_fields__))
    return read_page(tx, statement, (Key(StockBalance.id),), asked).typed(Balance)


@dataclass(frozen=True, slots=True)
class WarehouseRow:
    """A place we ship from, and the business calendar on whose days it ships; without one, the working days of its country."""

    code: str
    name: str
    country: str
    calendar_code: str | None


def list_warehouses(tx: Session) -> list[WarehouseRow]:
    """Every warehouse, by code; of a company with more than anybody looks through, the first 200."""
    statement = select(*(getattr(Warehouse, name) for name in WarehouseRow.__dataclass_fields__)).order_by(Warehouse.code)
    return [WarehouseRow(*row) for row in tx.execute(statement.limit(200))]
