"""Items, prices and what a price is made of, as people and programs are shown them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Select, func, literal_column, or_, select
from sqlalchemy.orm import Session

from engine.store.known import refuse_unknown_in
from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from handlers.catalog.changes import ITEM
from handlers.catalog.model import Agreement, Item, Price, PriceList, Promotion, SupplierItem, TaxRate, UnitConversion, VolumeTier
from handlers.catalog.offers import offer_in_force
from handlers.changes import row_of, version_of
from handlers.parties.model import Supplier


@dataclass(frozen=True, slots=True)
class ItemSummary:
    """An item as a list shows it; `cost` is the standard cost in the company's currency."""

    sku: str
    name: str
    item_class: str
    uom: str
    cost: Decimal
    tax_category: str
    gtin: str
    sourcing: str
    sellable: bool


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price in a list from a quantity on, in the list's currency."""

    price_list_code: str
    sku: str
    item_name: str
    uom: str
    min_qty: Decimal
    unit_price: Decimal
    currency: str
    kind: str
    owner: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class SupplierPriceRow:
    """What a supplier asks for an item in its currency; `in_force` says whether we would buy by it today."""

    supplier_no: str
    supplier_name: str
    sku: str
    item_name: str
    supplier_sku: str
    price: Decimal
    currency: str
    inbound_freight: Decimal
    lead_days: int
    moq: Decimal
    rank: int
    valid_from: date
    valid_until: date
    in_force: bool


@dataclass(frozen=True, slots=True)
class SupplierPriceFilter:
    """Which of the suppliers' prices to show; `current` leaves out what is over or was overtaken."""

    supplier_no: str = ""
    search: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class PriceListRow:
    """A list of prices: for everybody (BASE), or for its owner."""

    code: str
    kind: str
    owner: str
    currency: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class TaxRateRow:
    """The rate of a tax category (UNCL5305) in a country, from a day on."""

    country: str
    category: str
    rate_pct: Decimal
    exemption_reason: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class TierRow:
    """A discount on every item of a tier group from a joint quantity on."""

    tier_group: str
    min_qty: Decimal
    discount_pct: Decimal


@dataclass(frozen=True, slots=True)
class PromotionRow:
    """A discount for a time; empty conditions match everything."""

    code: str
    exclusive: bool
    sequence: int
    discount_pct: Decimal
    sku: str | None
    item_class: str
    customer_class: str
    channel: str
    min_qty: Decimal
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class PriceFilter:
    """Which prices to show."""

    price_list: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One item with its prices, agreements, suppliers and units; `version` tells whether somebody changes it meanwhile."""

    row: dict[str, Any]
    version: str
    prices: Sequence[PriceRow]
    agreements: Sequence[AnyRow]
    suppliers: Sequence[AnyRow]
    units: Sequence[AnyRow]


def list_items(tx: Session, search: str, asked: Asked, *, count: bool = False) -> Page[ItemSummary]:
    """Items by SKU; `search` finds SKU, name and GTIN."""
    statement = _all(Item, ItemSummary)
    if search:
        starts = (column.istartswith(search, autoescape=True) for column in (Item.sku, Item.gtin))
        statement = statement.where(or_(Item.name.icontains(search, autoescape=True), *starts))
    return read_page(tx, statement, (Key(Item.sku),), asked, count=count).typed(ItemSummary)


def list_prices(tx: Session, wanted: PriceFilter, asked: Asked, *, count: bool = False) -> Page[PriceRow]:
    """Prices by item and list."""
    statement = _prices()
    if wanted.price_list:
        refuse_unknown_in(tx, PriceList.code, wanted.price_list, "price list", "list")
        statement = statement.where(Price.price_list_code == wanted.price_list)
    if wanted.search:
        named = Item.name.icontains(wanted.search, autoescape=True)
        statement = statement.where(or_(Price.sku.istartswith(wanted.search, autoescape=True), named))
    keys = (Key(Price.sku), Key(Price.price_list_code), Key(Price.uom), Key(Price.min_qty), Key(Price.valid_from))
    return read_page(tx, statement, keys, asked, count=count).typed(PriceRow)


def list_supplier_prices(tx: Session, wanted: SupplierPriceFilter, asked: Asked, *, count: bool = False) -> Page[SupplierPriceRow]:
    """What suppliers ask, by supplier, item and first day; `search` finds either number, the item's name and the supplier's."""
    offer = SupplierItem.__table__.alias("offer")
    in_force = literal_column(f"({offer_in_force()})", Boolean)
    own = [offer.c[name] for name in SupplierPriceRow.__dataclass_fields__ if name in offer.c]
    statement = (
        select(*own, Item.name.label("item_name"), Supplier.name.label("supplier_name"), in_force.label("in_force"))
        .join(Item, Item.sku == offer.c.sku)
        .join(Supplier, Supplier.supplier_no == offer.c.supplier_no)
    )
    if wanted.supplier_no:
        refuse_unknown_in(tx, Supplier.supplier_no, wanted.supplier_no, "supplier", "of")
        statement = statement.where(offer.c.supplier_no == wanted.supplier_no)
    if wanted.search:
        starts = (offer.c[name].istartswith(wanted.search, autoescape=True) for name in ("sku", "supplier_sku", "supplier_no"))
        named = (each.icontains(wanted.search, autoescape=True) for each in (Item.name, Supplier.name))
        statement = statement.where(or_(*starts, *named))
    if wanted.current:
        statement = statement.where(or_(in_force, offer.c.valid_from > func.business_today()))
    keys = (Key(offer.c.supplier_no), Key(offer.c.sku), Key(offer.c.valid_from))
    return read_page(tx, statement, keys, asked, count=count).typed(SupplierPriceRow)


def list_price_lists(tx: Session, asked: Asked) -> Page[PriceListRow]:
    """Price lists by code."""
    return read_page(tx, _all(PriceList, PriceListRow), (Key(PriceList.code),), asked).typed(PriceListRow)


def list_tiers(tx: Session, asked: Asked) -> Page[TierRow]:
    """Volume discounts by tier group and quantity."""
    return read_page(tx, _all(VolumeTier, TierRow), (Key(VolumeTier.tier_group), Key(VolumeTier.min_qty)), asked).typed(TierRow)


def list_promotions(tx: Session, asked: Asked) -> Page[PromotionRow]:
    """Promotions by code."""
    return read_page(tx, _all(Promotion, PromotionRow), (Key(Promotion.code),), asked).typed(PromotionRow)


def list_tax_rates(tx: Session, asked: Asked) -> Page[TaxRateRow]:
    """Tax rates by country, category and first day."""
    keys = (Key(TaxRate.country), Key(TaxRate.category), Key(TaxRate.valid_from))
    return read_page(tx, _all(TaxRate, TaxRateRow), keys, asked).typed(TaxRateRow)


def show_item(tx: Session, sku: str) -> ShownItem:
    """One item with all that is known of it. Raises NotFound."""
    row = row_of(tx, ITEM, sku)
    prices = tx.execute(_prices().where(Price.sku == sku).order_by(Price.price_list_code, Price.uom, Price.min_qty, Price.valid_from))
    return ShownItem(
        row,
        version_of(row),
        [PriceRow(**dict(price)) for price in prices.mappings()],
        tx.execute(select(*Agreement.__table__.c).where(Agreement.sku == sku).order_by(Agreement.customer_no, Agreement.id)).all(),
        tx.execute(
            select(*SupplierItem.__table__.c)
            .where(SupplierItem.sku == sku)
            .order_by(SupplierItem.rank, SupplierItem.supplier_no, SupplierItem.valid_from)
        ).all(),
        tx.execute(select(*UnitConversion.__table__.c).where(UnitConversion.sku == sku).order_by(UnitConversion.uom)).all(),
    )


def _all(table: Any, kind: Any) -> Select[Any]:
    return select(*(getattr(table, name) for name in kind.__dataclass_fields__))


def _prices() -> Select[Any]:
    of_price = ("price_list_code", "sku", "uom", "min_qty", "unit_price", "valid_from", "valid_until")
    return (
        select(
            *(getattr(Price, name) for name in of_price),
            Item.name.label("item_name"),
            *(getattr(PriceList, name) for name in ("currency", "kind", "owner")),
        )
        .join(Item, Item.sku == Price.sku)
        .join(PriceList, PriceList.code == Price.price_list_code)
    )
