"""Adds items and sets prices, taxes and rates. Every number is checked before anything is written."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from handlers.catalog.model import (
    Agreement,
    CustomerItem,
    FreightRate,
    Item,
    ItemClass,
    Price,
    PriceList,
    Promotion,
    SupplierItem,
    TaxRate,
    UnitConversion,
    VolumeTier,
)
from handlers.rowsets import add_once, insert_rows, put
from handlers.units import unit_code
from handlers.values import currency_code, not_negative, positive

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
EVER = date(1900, 1, 1)
NEVER = date(9999, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """An item to add. `sourcing` STOCK comes from warehouses, DROP from suppliers, NONE is a service nobody ships."""

    sku: str
    name: str
    item_class: str = "HARDWARE"
    uom: str = "EA"
    cost: Decimal = ZERO
    pack_size: Decimal = ONE
    moq: Decimal = ZERO
    max_qty: Decimal | None = None
    tax_category: str = "S"
    weight_kg: Decimal = ZERO
    gtin: str = ""
    tier_group: str = ""
    origin_country: str = ""
    commodity_code: str = ""
    restricted: bool = False
    sellable: bool = True
    sourcing: str = "STOCK"
    substitute_sku: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListDraft:
    """A price list. `kind` BASE has no owner; CUSTOMER, GROUP and CHANNEL name whose it is."""

    code: str
    currency: str
    kind: str = "BASE"
    owner: str = ""
    valid_from: date = EVER
    valid_until: date = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDraft:
    """The price of an item in a list from a quantity on."""

    price_list_code: str
    sku: str
    unit_price: Decimal
    uom: str = "EA"
    min_qty: Decimal = ZERO
    valid_from: date = EVER
    valid_until: date = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementDraft:
    """A price agreed with a customer."""

    customer_no: str
    sku: str
    currency: str
    unit_price: Decimal
    stackable: bool = False
    reference: str = ""
    valid_from: date = EVER
    valid_until: date = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class TierDraft:
    """A discount on a tier group from a joint quantity on."""

    tier_group: str
    min_qty: Decimal
    discount_pct: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionDraft:
    """A discount for a time; empty conditions match everything."""

    code: str
    discount_pct: Decimal
    exclusive: bool = False
    sequence: int = 1
    sku: str | None = None
    item_class: str = ""
    customer_class: str = ""
    channel: str = ""
    min_qty: Decimal = ZERO
    valid_from: date = EVER
    valid_until: date = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRateDraft:
    """The rate of a tax category in a country."""

    country: str
    category: str
    rate_pct: Decimal
    exemption_reason: str = ""
    valid_from: date = EVER
    valid_until: date = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class FreightRateDraft:
    """What carriage to a zone costs up to a weight; an empty zone is everywhere else."""

    currency: str
    up_to_kg: Decimal
    amount: Decimal
    zone: str = ""
    free_from_net: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierItemDraft:
    """What a supplier asks for an item."""

    supplier_no: str
    sku: str
    price: Decimal
    currency: str
    supplier_sku: str = ""
    lead_days: int = 0
    moq: Decimal = ZERO
    rank: int = 1
    inbound_freight: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerItemDraft:
    """A customer's own number for an item."""

    customer_no: str
    customer_sku: str
    sku: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDraft:
    """How many base units one `uom` holds."""

    sku: str
    uom: str
    factor: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemClassDraft:
    """A class of items, its margin floor, and the days after which supply is held to be unlimited."""

    code: str
    margin_floor_pct: Decimal
    time_fence_days: int | None = None


def add_item(tx: Session, draft: ItemDraft) -> None:
    """Add an item; its class comes into being with it, without a margin floor until one is set. Raises Invalid, Conflict."""
    unit_code(draft.uom)
    positive(draft.pack_size, "pack_size")
    for name in ("cost", "moq", "weight_kg"):
        not_negative(getattr(draft, name), name)
    if draft.sourcing not in {"STOCK", "DROP", "NONE"}:
        raise Invalid(f"{draft.sourcing!r} is no way of sourcing.", code="sourcing", next_step="Use STOCK, DROP or NONE.")
    if draft.substitute_sku is not None:
        find_item(tx, draft.substitute_sku)
    tx.execute(insert(ItemClass).values(code=draft.item_class).on_conflict_do_nothing())
    add_once(tx, Item, draft, f"Item {draft.sku}")


def set_item_class(tx: Session, draft: ItemClassDraft) -> None:
    """Set the margin floor and time fence of a class of items."""
    put(tx, ItemClass, draft, ["code"])


def add_price_list(tx: Session, draft: PriceListDraft) -> None:
    """Add a price list. Raises Invalid, Conflict."""
    currency_code(draft.currency)
    if (draft.kind == "BASE") != (draft.owner == ""):
        raise Invalid(
            f"Price list {draft.code} is of kind {draft.kind} and owner {draft.owner!r}.",
            code="price_list_owner",
            next_step="Give a BASE list no owner, and every other list one.",
        )
    add_once(tx, PriceList, draft, f"Price list {draft.code}")


def set_price(tx: Session, draft: PriceDraft) -> None:
    """Set a price; the same list, item, unit, quantity and first day is brought up to date. Raises Invalid, NotFound."""
    not_negative(draft.unit_price, "unit_price")
    not_negative(draft.min_qty, "min_qty")
    if tx.get(PriceList, draft.price_list_code) is None:
        raise NotFound(f"There is no price list {draft.price_list_code}.", code="price_list_unknown", next_step="Add the price list first.")
    find_item(tx, draft.sku)
    put(tx, Price, draft, ["price_list_code", "sku", "uom", "min_qty", "valid_from"])


def add_agreement(tx: Session, draft: AgreementDraft) -> None:
    """Agree a price with a customer. Raises Invalid, NotFound."""
    currency_code(draft.currency)
    not_negative(draft.unit_price, "unit_price")
    find_item(tx, draft.sku)
    insert_rows(tx, Agreement, [{name: getattr(draft, name) for name in draft.__dataclass_fields__}])


def set_volume_tier(tx: Session, draft: TierDraft) -> None:
    """Set the discount of a tier group from a quantity on. Raises Invalid."""
    positive(draft.min_qty, "min_qty")
    _percentage(draft.discount_pct)
    put(tx, VolumeTier, draft, ["tier_group", "min_qty"])


def add_promotion(tx: Session, draft: PromotionDraft) -> None:
    """Add a promotion. Raises Invalid, Conflict."""
    _percentage(draft.discount_pct)
    add_once(tx, Promotion, draft, f"Promotion {draft.code}")


def set_tax_rate(tx: Session, draft: TaxRateDraft) -> None:
    """Set the rate of a tax category in a country from a day on. Raises Invalid."""
    _percentage(draft.rate_pct)
    put(tx, TaxRate, draft, ["country", "category", "valid_from"])


def set_freight_rate(tx: Session, draft: FreightRateDraft) -> None:
    """Set what carriage to a zone costs up to a weight. Raises Invalid."""
    positive(draft.up_to_kg, "up_to_kg")
    not_negative(draft.amount, "amount")
    put(tx, FreightRate, draft, ["zone", "currency", "up_to_kg"])


def set_supplier_item(tx: Session, draft: SupplierItemDraft) -> None:
    """Set what a supplier asks for an item. Raises Invalid, NotFound."""
    currency_code(draft.currency)
    for name in ("price", "moq", "inbound_freight"):
        not_negative(getattr(draft, name), name)
    find_item(tx, draft.sku)
    put(tx, SupplierItem, draft, ["supplier_no", "sku"])


def set_customer_item(tx: Session, draft: CustomerItemDraft) -> None:
    """Set a customer's own number for an item. Raises NotFound."""
    find_item(tx, draft.sku)
    put(tx, CustomerItem, draft, ["customer_no", "customer_sku"])


def set_unit(tx: Session, draft: UnitDraft) -> None:
    """Set how many base units another unit of an item holds. Raises Invalid, NotFound."""
    unit_code(draft.uom)
    positive(draft.factor, "factor")
    find_item(tx, draft.sku)
    put(tx, UnitConversion, draft, ["sku", "uom"])


def find_item(tx: Session, sku: str) -> Item:
    """The item. Raises NotFound."""
    found = tx.get(Item, sku)
    if found is None:
        raise NotFound(f"There is no item {sku}.", code="item_unknown", next_step="Check the number, or add the item first.")
    return found


def _percentage(value: Decimal) -> None:
    if not_negative(value, "discount_pct") > HUNDRED:
        raise Invalid(f"{value} % is more than all of it.", code="percentage", next_step="Give a percentage between 0 and 100.")
