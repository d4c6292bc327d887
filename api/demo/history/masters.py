"""Whom the demo company deals with over the ninety days, and in what, beside the few of the first look (`api/demo/company.py`)."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from engine.store.unit_of_work import Database
from handlers.catalog import master_data as catalog
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import WarehouseDraft, add_warehouse
from handlers.orders.receiving import receive_stock
from handlers.parties import master_data as parties

_EURO: Final = "EUR"
_GRAZ: Final = WarehouseDraft(
    code="GRZ",
    name="Graz Ost",
    street="Liebenauer Hauptstraße 55",
    city="Graz",
    postal_code="8041",
    country="AT",
    time_zone="Europe/Vienna",
)


def _rows(name: str) -> Sequence[Mapping[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


#: A customer and its ways: `weight` is how often it orders beside the others, `pays_late` how many days after the due day it pays.
BUYERS: Final = _rows("buyers.csv")
#: What is sold from stock. Those without a name are known from the first look; of them more lies in the warehouse.
_ITEMS: Final = _rows("items.csv")


@dataclass(frozen=True, slots=True)
class Stocked:
    """An item from stock: more is bought when fewer than this are on hand, at so many euros a piece."""

    bought_below: int
    cost: Decimal


STOCKED: Final[Mapping[str, Stocked]] = {row["sku"]: Stocked(int(row["bought_below"]), Decimal(row["cost"])) for row in _ITEMS}
DROPPED: Final = ("TANK-500", "TANK-800")


def load_masters(database: Database) -> None:
    """Add them to the demo company, with what lies in the warehouse at the beginning. One transaction."""
    with database.transaction() as tx:
        add_warehouse(tx, _GRAZ)
        for item in _ITEMS:
            if item["name"]:
                _add_item(tx, item)
        for buyer in BUYERS:
            _add_customer(tx, buyer)
        receive_stock(tx, [_opening(item) for item in _ITEMS])


def _opening(item: Mapping[str, str]) -> Receipt:
    return Receipt(
        sku=item["sku"],
        warehouse_code="VIE",
        qty=Decimal(item["on_hand"]),
        unit_cost=Decimal(item["cost"]),
        reference="OPENING-2",
        kind="OPENING",
    )


def _add_item(tx: Session, item: Mapping[str, str]) -> None:
    draft = catalog.ItemDraft(
        sku=item["sku"],
        name=item["name"],
        item_class=item["item_class"],
        cost=Decimal(item["cost"]),
        weight_kg=Decimal(item["weight_kg"]),
        tax_category="S",
    )
    catalog.add_item(tx, draft)
    catalog.set_price(tx, catalog.PriceDraft(price_list_code="BASE-EUR", sku=item["sku"], unit_price=Decimal(item["price"])))


def _add_customer(tx: Session, buyer: Mapping[str, str]) -> None:
    limit = Decimal(buyer["credit_limit"])
    draft = parties.CustomerDraft(
        customer_no=buyer["customer_no"],
        name=buyer["name"],
        country=buyer["country"],
        currency=_EURO,
        customer_class=buyer["customer_class"],
        region=buyer["region"],
        vat_no=buyer["vat_no"],
        email=f"einkauf@{buyer['customer_no'].lower()}.example",
        credit_limit=limit,
        order_limit=limit / 2,
        credit_tolerance_pct=Decimal(5),
        net_days=int(buyer["net_days"]),
        discount_pct=Decimal(buyer["discount_pct"]),
        discount_days=int(buyer["discount_days"]),
        incoterm=buyer["incoterm"],
        ship_complete=bool(buyer["ship_complete"]),
        invoice_cycle=buyer["invoice_cycle"] or "SHIPMENT",
        payment_term=buyer["payment_term"],
    )
    address = parties.AddressDraft(
        name=buyer["name"],
        street=buyer["street"],
        city=buyer["city"],
        postal_code=buyer["postal_code"],
        region=buyer["region"],
        country=buyer["country"],
    )
    parties.add_customer(tx, draft, [address])
