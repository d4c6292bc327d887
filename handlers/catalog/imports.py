"""What can be brought in of items and prices by file."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.store.locks import Lock
from handlers.bulk import Column, Refers, Row, TableKind, Verdict, locking
from handlers.catalog.master_data import (
    AgreementDraft,
    CustomerItemDraft,
    ItemDraft,
    PriceDraft,
    PriceListDraft,
    PromotionDraft,
    SupplierItemDraft,
    TaxRateDraft,
    TierDraft,
    check_item,
    check_price_list,
    check_supplier_item,
    check_validity,
    open_classes,
)
from handlers.catalog.model import (
    Agreement,
    CustomerItem,
    Item,
    Price,
    PriceList,
    Promotion,
    SupplierItem,
    TaxRate,
    VolumeTier,
)
from handlers.parties.model import Customer, Supplier
from handlers.units import unit_code

_OF_ITEM = Refers("sku", Item, "sku", "item")
_VALIDITY = (
    Column("valid_from", "First day it holds; empty: always", "2027-01-01"),
    Column("valid_until", "Last day it holds; empty: until it is changed", "2027-12-31"),
)
_CURRENCY = Column("currency", "Currency by ISO 4217", "EUR")


def _open_classes(tx: Session, rows: Sequence[Row]) -> None:
    open_classes(tx, [row.after["item_class"] for row in rows if row.verdict in {Verdict.ADD, Verdict.CHANGE}])


def _check_price(draft: Any) -> None:
    check_validity(draft)
    unit_code(draft.uom)


ITEMS = TableKind(
    code="items",
    title="Items",
    about="What is sold. An item's class comes into being with it.",
    role="order",
    place=40,
    draft=ItemDraft,
    table=Item,
    key=("sku",),
    columns=(
        Column("sku", "Its number with us; it is never changed", "PUMP-40"),
        Column("name", "Name as on papers", "Circulation pump 40 W"),
        Column("item_class", "Class: decides its margin floor", "HARDWARE"),
        Column("uom", "Unit it is kept and sold in", "EA"),
        Column("cost", "Standard cost of one unit, in our currency", "142.00"),
        Column("pack_size", "Only multiples of this are sold", "1"),
        Column("moq", "Smallest quantity that is sold", "1"),
        Column("max_qty", "Largest quantity of one order", "500"),
        Column("tax_category", "Tax category by UNCL5305: S, Z, E, AE, K, G or O", "S"),
        Column("weight_kg", "Weight of one unit in kilograms", "4.8"),
        Column("volume_l", "Room that one unit takes in a carton, in litres", "12.5"),
        Column("gtin", "Global Trade Item Number", "9123450000046"),
        Column("tier_group", "Items with the same one share volume discounts", "PUMPS"),
        Column("origin_country", "Country of origin by ISO 3166", "AT"),
        Column("commodity_code", "Number in the customs tariff", "84137030"),
        Column("restricted", "Whether it may not be exported", "no"),
        Column("sellable", "Whether it is sold", "yes"),
        Column("sourcing", "STOCK from our warehouses, DROP from a supplier, NONE for a service", "STOCK"),
        Column("substitute_sku", "The item that replaces it", "PUMP-90"),
    ),
    choices={"sourcing": ("STOCK", "DROP", "NONE"), "tax_category": ("S", "Z", "E", "AE", "K", "G", "O")},
    check=check_item,
    prepare=_open_classes,
    refers=(Refers("substitute_sku", Item, "sku", "item"),),
    hold=locking(Lock.ITEM, "sku"),
)
PRICE_LISTS = TableKind(
    code="price-lists",
    title="Price lists",
    about="Lists that prices are in: a customer's beats a group's, a channel's and the base list.",
    role="price",
    place=42,
    draft=PriceListDraft,
    table=PriceList,
    key=("code",),
    columns=(
        Column("code", "Its name", "BASE-EUR"),
        _CURRENCY,
        Column("kind", "BASE for everybody, CUSTOMER, GROUP or CHANNEL", "BASE"),
        Column("owner", "Whose it is: the customer's number, the group or the channel; empty for BASE", ""),
        *_VALIDITY,
    ),
    choices={"kind": ("CUSTOMER", "GROUP", "CHANNEL", "BASE")},
    check=check_price_list,
)
PRICES = TableKind(
    code="prices",
    title="Prices",
    about="The price of an item in a list from a quantity on. List, item, unit, quantity and first day are one price.",
    role="price",
    place=43,
    draft=PriceDraft,
    table=Price,
    key=("price_list_code", "sku", "uom", "min_qty", "valid_from"),
    columns=(
        Column("price_list_code", "The list it is in", "BASE-EUR"),
        Column("sku", "Of which item", "PUMP-40"),
        Column("unit_price", "Price of one unit, net, in the list's currency", "249.00"),
        Column("uom", "Of which unit", "EA"),
        Column("min_qty", "From which quantity on", "0"),
        *_VALIDITY,
    ),
    check=_check_price,
    refers=(Refers("price_list_code", PriceList, "code", "price list"), _OF_ITEM),
)
CUSTOMER_ITEMS = TableKind(
    code="customer-items",
    title="Customers' item numbers",
    about="What a customer calls our items, so that its orders are understood.",
    role="order",
    place=45,
    draft=CustomerItemDraft,
    table=CustomerItem,
    key=("customer_no", "customer_sku"),
    columns=(
        Column("customer_no", "Who calls it so", "C-1001"),
        Column("customer_sku", "The customer's number", "BH-77120"),
        Column("sku", "Ours", "PUMP-40"),
    ),
    refers=(Refers("customer_no", Customer, "customer_no", "customer"), _OF_ITEM),
)
SUPPLIER_PRICES = TableKind(
    code="supplier-prices",
    title="Suppliers' prices",
    about="What a supplier asks for an item, and how long it takes.",
    role="buy",
    place=51,
    draft=SupplierItemDraft,
    table=SupplierItem,
    key=("supplier_no", "sku", "valid_from"),
    columns=(
        Column("supplier_no", "Who sells it to us", "S-501"),
        Column("sku", "Our number of the item", "TANK-500"),
        Column("price", "Price of one unit, net", "560.00"),
        _CURRENCY,
        Column("supplier_sku", "The supplier's own number", "KH-500-B"),
        Column("lead_days", "Working days until it leaves the supplier", "5"),
        Column("moq", "Smallest quantity they ship", "1"),
        Column("rank", "1 is asked first", "1"),
        Column("inbound_freight", "Carriage of one unit", "0.00"),
        *_VALIDITY,
    ),
    check=check_supplier_item,
    refers=(Refers("supplier_no", Supplier, "supplier_no", "supplier"), _OF_ITEM),
)
TAX_RATES = TableKind(
    code="tax-rates",
    title="Tax rates",
    about="The rate of a tax category in a country from a day on.",
    role="book",
    place=10,
    draft=TaxRateDraft,
    table=TaxRate,
    key=("country", "category", "valid_from"),
    columns=(
        Column("country", "Where it is taxed, by ISO 3166", "AT"),
        Column("category", "Tax category by UNCL5305: S, Z, E, AE, K, G or O", "S"),
        Column("rate_pct", "Rate in percent", "20"),
        Column("exemption_reason", "Why nothing is taxed, as on invoices", ""),
        *_VALIDITY,
    ),
    choices={"category": ("S", "Z", "E", "AE", "K", "G", "O")},
    check=check_validity,
)
AGREEMENTS = TableKind(
    code="agreements",
    title="Agreed prices",
    about="A price agreed with a customer replaces the list price, and stops volume discounts and promotions unless it is stackable.",
    role="price",
    place=46,
    draft=AgreementDraft,
    table=Agreement,
    key=("customer_no", "sku", "currency", "valid_from"),
    columns=(
        Column("customer_no", "With whom", "C-1001"),
        Column("sku", "For which item", "PUMP-40"),
        _CURRENCY,
        Column("unit_price", "Price of one unit, net", "229.00"),
        Column("stackable", "Whether volume discounts and promotions come on top", "no"),
        Column("reference", "Where it was agreed", "Frame contract 2027"),
        *_VALIDITY,
    ),
    check=check_validity,
    refers=(Refers("customer_no", Customer, "customer_no", "customer"), _OF_ITEM),
)
TIERS = TableKind(
    code="tiers",
    title="Volume discounts",
    about="A discount on every item of a tier group, from a joint quantity of an order on.",
    role="price",
    place=47,
    draft=TierDraft,
    table=VolumeTier,
    key=("tier_group", "min_qty"),
    columns=(
        Column("tier_group", "The group that items name", "PUMPS"),
        Column("min_qty", "From how many pieces on, all items of the group together", "50"),
        Column("discount_pct", "Discount in percent", "5"),
    ),
)
PROMOTIONS = TableKind(
    code="promotions",
    title="Promotions",
    about="A discount for a time. Empty conditions match everything; of exclusive ones the best counts, others come in their sequence.",
    role="price",
    place=48,
    draft=PromotionDraft,
    table=Promotion,
    key=("code",),
    columns=(
        Column("code", "Its name", "SPRING-27"),
        Column("discount_pct", "Discount in percent", "10"),
        Column("exclusive", "Whether no other promotion counts beside it", "no"),
        Column("sequence", "In which order it counts among others", "1"),
        Column("sku", "For which item; empty: every item", ""),
        Column("item_class", "For which class of items; empty: every class", "HARDWARE"),
        Column("customer_class", "For which class of customers; empty: every class", ""),
        Column("channel", "For which channel; empty: every channel", ""),
        Column("min_qty", "From which quantity of a line on", "0"),
        *_VALIDITY,
    ),
    check=check_validity,
    refers=(_OF_ITEM,),
)
KINDS = (ITEMS, PRICE_LISTS, PRICES, CUSTOMER_ITEMS, AGREEMENTS, TIERS, PROMOTIONS, SUPPLIER_PRICES, TAX_RATES)
