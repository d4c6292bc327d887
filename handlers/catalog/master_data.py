"""Adds items and sets prices, taxes and rates. Every number is checked before anything is written."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from sqlalchemy import text
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
from handlers.identifiers import (
    NEVER,
    Amount,
    Country,
    Currency,
    Day,
    Gtin,
    LastDay,
    Name,
    Number,
    Percentage,
    Quantity,
    Reference,
    canonical,
)
from handlers.parties.model import Supplier
from handlers.rowsets import add_all_once, add_once, complete, insert_rows, put, put_all
from handlers.units import unit_code
from handlers.values import exact

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
#: How far below cost a class may be sold at all, in percent.
LOWEST_FLOOR = Decimal(1000)
#: Ten years: a longer lead time is a typing error.
MOST_LEAD_DAYS = 3653
EVER = date(1900, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """An item to add. `sourcing` STOCK comes from warehouses, DROP from suppliers, NONE is a service nobody ships."""

    sku: Number
    name: Name
    item_class: Number = "HARDWARE"
    uom: Number = "EA"
    cost: Amount = ZERO
    pack_size: Quantity = ONE
    moq: Amount = ZERO
    max_qty: Quantity | None = None
    tax_category: str = "S"
    weight_kg: Amount = ZERO
    volume_l: Amount = ZERO
    gtin: Gtin = ""
    tier_group: str = ""
    origin_country: Country = ""
    commodity_code: str = ""
    restricted: bool = False
    sellable: bool = True
    sourcing: str = "STOCK"
    substitute_sku: Reference = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListDraft:
    """A price list. `kind` BASE has no owner; CUSTOMER, GROUP and CHANNEL name whose it is."""

    code: Number
    currency: Currency
    kind: str = "BASE"
    owner: str = ""
    valid_from: Day = EVER
    valid_until: LastDay = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDraft:
    """The price of an item in a list from a quantity on."""

    price_list_code: Number
    sku: Number
    unit_price: Amount
    uom: Number = "EA"
    min_qty: Amount = ZERO
    valid_from: Day = EVER
    valid_until: LastDay = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementDraft:
    """A price agreed with a customer."""

    customer_no: Number
    sku: Number
    currency: Currency
    unit_price: Amount
    stackable: bool = False
    reference: str = ""
    valid_from: Day = EVER
    valid_until: LastDay = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class TierDraft:
    """A discount on a tier group from a joint quantity on."""

    tier_group: Number
    min_qty: Quantity
    discount_pct: Percentage


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionDraft:
    """A discount for a time; empty conditions match everything."""

    code: Number
    discount_pct: Percentage
    exclusive: bool = False
    sequence: int = 1
    sku: Reference = None
    item_class: str = ""
    customer_class: str = ""
    channel: str = ""
    min_qty: Amount = ZERO
    valid_from: Day = EVER
    valid_until: LastDay = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRateDraft:
    """The rate of a tax category in a country."""

    country: Country
    category: Number
    rate_pct: Percentage
    exemption_reason: str = ""
    valid_from: Day = EVER
    valid_until: LastDay = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class FreightRateDraft:
    """What carriage to a zone costs up to a weight; an empty zone is everywhere else."""

    currency: Currency
    up_to_kg: Quantity
    amount: Amount
    zone: str = ""
    free_from_net: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierItemDraft:
    """What a supplier asks for an item."""

    supplier_no: Number
    sku: Number
    price: Amount
    currency: Currency
    supplier_sku: str = ""
    lead_days: int = 0
    moq: Amount = ZERO
    rank: int = 1
    inbound_freight: Amount = ZERO
    valid_from: Day = EVER
    valid_until: LastDay = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerItemDraft:
    """A customer's own number for an item."""

    customer_no: Number
    customer_sku: Number
    sku: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDraft:
    """How many base units one `uom` holds."""

    sku: Number
    uom: Number
    factor: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemClassDraft:
    """A class of items, its margin floor, and the days after which supply is held to be unlimited."""

    code: Number
    margin_floor_pct: Decimal
    time_fence_days: int | None = None


def add_item(tx: Session, draft: ItemDraft) -> None:
    """Add an item; its class comes into being with it, without a margin floor until one is set. Raises Invalid, NotFound, Conflict."""
    add_items(tx, [draft])


def add_items(tx: Session, drafts: Sequence[ItemDraft]) -> None:
    """Add items, each other than the rest, in a constant number of statements. Raises Invalid, NotFound, Conflict."""
    given = [canonical(draft) for draft in drafts]
    for draft in given:
        check_item(draft)
    find_all_items(tx, {draft.substitute_sku for draft in given if draft.substitute_sku is not None})
    open_classes(tx, [draft.item_class for draft in given])
    add_all_once(tx, Item, given, "sku", "Item")


def check_item(draft: ItemDraft) -> None:
    """Whether the fields of an item agree. Raises Invalid."""
    unit_code(draft.uom)
    _one_of("sourcing", draft.sourcing, ("STOCK", "DROP", "NONE"))
    if draft.max_qty is not None and draft.max_qty < draft.moq:
        raise _wrong("max_qty", f"is {draft.max_qty}, below the minimum of {draft.moq}", "must be at least moq")


def open_classes(tx: Session, codes: Iterable[str]) -> None:
    """Classes of items come into being with their first item, without a margin floor until one is set."""
    rows = [{"code": code} for code in sorted(set(codes))]
    tx.execute(insert(ItemClass).values(rows).on_conflict_do_nothing())


def set_item_class(tx: Session, draft: ItemClassDraft) -> None:
    """Set the margin floor (below 100 %; negative where we sell below cost) and time fence of a class of items. Raises Invalid."""
    floor = exact(draft.margin_floor_pct, "margin_floor_pct")
    if not -LOWEST_FLOOR <= floor < HUNDRED:
        raise _wrong("margin_floor_pct", f"is {floor}", f"must be between -{LOWEST_FLOOR} and less than 100")
    put(tx, ItemClass, draft, ["code"])


def add_price_list(tx: Session, draft: PriceListDraft) -> None:
    """Add a price list. Raises Invalid, Conflict."""
    draft = canonical(draft)
    _one_of("kind", draft.kind, ("CUSTOMER", "GROUP", "CHANNEL", "BASE"))
    check_price_list(draft)
    add_once(tx, PriceList, draft, f"Price list {draft.code}")


def check_price_list(draft: PriceListDraft) -> None:
    """Whether a price list says whose it is, and holds for some days. Raises Invalid."""
    check_validity(draft)
    if (draft.kind == "BASE") != (draft.owner == ""):
        raise Invalid(
            f"Price list {draft.code} is of kind {draft.kind} and owner {draft.owner!r}.",
            code="price_list_owner",
            next_step="Give a BASE list no owner, and every other list one.",
            errors={"owner": ["must be blank for BASE, and name somebody for every other kind"]},
        )


def set_price(tx: Session, draft: PriceDraft) -> None:
    """Set a price; the same list, item, unit, quantity and first day is brought up to date. Raises Invalid, NotFound."""
    set_prices(tx, [draft])


def set_prices(tx: Session, drafts: Sequence[PriceDraft]) -> None:
    """Set prices, each other than the rest, in a constant number of statements. Raises Invalid, NotFound."""
    given = [canonical(draft) for draft in drafts]
    for draft in given:
        check_validity(draft)
    for code in sorted({draft.price_list_code for draft in given}):
        if tx.get(PriceList, code) is None:
            raise NotFound(f"There is no price list {code}.", code="price_list_unknown", next_step="Add the price list first.")
    find_all_items(tx, {draft.sku for draft in given})
    put_all(tx, Price, given, ["price_list_code", "sku", "uom", "min_qty", "valid_from"])


def add_agreement(tx: Session, draft: AgreementDraft) -> None:
    """Agree a price with a customer. Raises Invalid, NotFound."""
    draft = canonical(draft)
    check_validity(draft)
    find_item(tx, draft.sku)
    insert_rows(tx, Agreement, [complete(draft)])


def set_volume_tier(tx: Session, draft: TierDraft) -> None:
    """Set the discount of a tier group from a quantity on. Raises Invalid."""
    put(tx, VolumeTier, draft, ["tier_group", "min_qty"])


def add_promotion(tx: Session, draft: PromotionDraft) -> None:
    """Add a promotion. Raises Invalid, NotFound, Conflict."""
    draft = canonical(draft)
    check_validity(draft)
    if draft.sku is not None:
        find_item(tx, draft.sku)
    add_once(tx, Promotion, draft, f"Promotion {draft.code}")


def set_tax_rate(tx: Session, draft: TaxRateDraft) -> None:
    """Set the rate of a tax category in a country from a day on. Raises Invalid."""
    check_validity(draft)
    put(tx, TaxRate, draft, ["country", "category", "valid_from"])


def set_freight_rate(tx: Session, draft: FreightRateDraft) -> None:
    """Set what carriage to a zone costs up to a weight. Raises Invalid."""
    put(tx, FreightRate, draft, ["zone", "currency", "up_to_kg"])


def set_supplier_item(tx: Session, draft: SupplierItemDraft) -> None:
    """Set what a supplier asks for an item; the same first day is brought up to date. Raises Invalid, NotFound."""
    draft = canonical(draft)
    check_supplier_item(draft)
    if tx.get(Supplier, draft.supplier_no) is None:
        raise NotFound(
            f"There is no supplier {draft.supplier_no}.",
            code="supplier_unknown",
            next_step="Check the number, or add the supplier first.",
            errors={"supplier_no": ["is not on file"]},
        )
    find_item(tx, draft.sku)
    put(tx, SupplierItem, draft, ["supplier_no", "sku", "valid_from"])


def check_supplier_item(draft: SupplierItemDraft) -> None:
    """Whether rank, days and validity of a supplier's price can be meant. Raises Invalid."""
    check_validity(draft)
    if draft.rank < 1:
        raise _wrong("rank", f"is {draft.rank}", "must be at least 1")
    if not 0 <= draft.lead_days <= MOST_LEAD_DAYS:
        raise _wrong("lead_days", f"is {draft.lead_days}", f"must be between 0 and {MOST_LEAD_DAYS}")


def set_customer_item(tx: Session, draft: CustomerItemDraft) -> None:
    """Set a customer's own number for an item. Raises Invalid, NotFound."""
    draft = canonical(draft)
    find_item(tx, draft.sku)
    put(tx, CustomerItem, draft, ["customer_no", "customer_sku"])


def set_unit(tx: Session, draft: UnitDraft) -> None:
    """Set how many base units another unit of an item holds. Raises Invalid, NotFound."""
    draft = canonical(draft)
    unit_code(draft.uom)
    find_item(tx, draft.sku)
    put(tx, UnitConversion, draft, ["sku", "uom"])


def find_item(tx: Session, sku: str) -> Item:
    """The item. Raises NotFound."""
    found = tx.get(Item, sku)
    if found is None:
        raise NotFound(f"There is no item {sku}.", code="item_unknown", next_step="Check the number, or add the item first.")
    return found


def find_all_items(tx: Session, skus: Collection[str]) -> None:
    """Nothing, where there are all of these items. Raises NotFound naming the first that is missing."""
    if skus:
        known = set(tx.scalars(_KNOWN_ITEMS, {"skus": sorted(skus)}))
        for sku in sorted(set(skus) - known):
            find_item(tx, sku)


_KNOWN_ITEMS = text("SELECT sku FROM item WHERE sku = ANY(:skus)")


class _Valid(Protocol):
    @property
    def valid_from(self) -> date: ...

    @property
    def valid_until(self) -> date: ...


def check_validity(draft: _Valid) -> None:
    """Whether the last day is not before the first. Raises Invalid."""
    if draft.valid_from > draft.valid_until:
        raise _wrong("valid_until", f"is {draft.valid_until}, before {draft.valid_from}", "must not lie before valid_from")


def _one_of(field: str, value: str, values: Sequence[str]) -> None:
    if value not in values:
        raise _wrong(field, f"is {value!r}", f"must be one of {', '.join(values)}")


def _wrong(field: str, what: str, wanted: str) -> Invalid:
    return Invalid(f"{field} {what}; it {wanted}.", code=field, next_step=f"Correct {field}.", errors={field: [wanted]})
