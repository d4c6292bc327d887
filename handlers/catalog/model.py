"""Items and everything a price is made of. What a rule book would state as a number is a row here, never a constant in code."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Active, Amount, Counter, Flag, Key, Label, Percent, Quantity, SerialId, ValidFrom, ValidUntil, Written

_ONE = text("1")


class ItemClass(Base):
    """A class of items (HARDWARE, CONSUMABLE, SERVICE …) and the margin below which a sale needs approval."""

    __tablename__ = "item_class"
    __table_args__ = (CheckConstraint("margin_floor_pct < 100", name="margin_floor_pct"),)

    code: Mapped[Key]
    margin_floor_pct: Mapped[Percent]
    #: Days after which supply is held to be unlimited: the item's lead time. Null: never promise beyond known supply.
    time_fence_days: Mapped[int | None]


class Item(Base):
    """What can be sold. `cost` is the standard cost in the company's currency."""

    __tablename__ = "item"
    __table_args__ = (
        CheckConstraint("pack_size > 0 AND moq >= 0 AND cost >= 0 AND weight_kg >= 0", name="numbers"),
        CheckConstraint("volume_l >= 0", name="volume_l"),
        CheckConstraint("max_qty IS NULL OR max_qty >= moq", name="max_qty"),
        CheckConstraint("sourcing IN ('STOCK', 'DROP', 'NONE')", name="sourcing"),
        Index("item_gtin_ix", "gtin"),
        Index("item_name_ix", text("lower(name)")),
    )

    sku: Mapped[Key]
    name: Mapped[str]
    item_class: Mapped[str] = mapped_column(ForeignKey("item_class.code"), index=True)
    uom: Mapped[str] = mapped_column(server_default=text("'EA'"))
    pack_size: Mapped[Quantity] = mapped_column(server_default=_ONE)
    moq: Mapped[Counter]
    max_qty: Mapped[Quantity | None]
    cost: Mapped[Counter]
    tax_category: Mapped[str] = mapped_column(server_default=text("'S'"))
    weight_kg: Mapped[Counter]
    volume_l: Mapped[Counter]
    gtin: Mapped[Label]
    tier_group: Mapped[Label]
    origin_country: Mapped[Label]
    commodity_code: Mapped[Label]
    restricted: Mapped[Flag]
    sellable: Mapped[Active]
    sourcing: Mapped[str] = mapped_column(server_default=text("'STOCK'"))
    substitute_sku: Mapped[str | None] = mapped_column(ForeignKey("item.sku"), index=True)
    created_at: Mapped[Written]


class CustomerItem(Base):
    """A customer's own number for an item."""

    __tablename__ = "customer_item"

    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), primary_key=True)
    customer_sku: Mapped[Key]
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"), index=True)


class UnitConversion(Base):
    """How many base units one unit of another measure holds."""

    __tablename__ = "unit_conversion"
    __table_args__ = (CheckConstraint("factor > 0", name="factor"),)

    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"), primary_key=True)
    uom: Mapped[Key]
    factor: Mapped[Quantity]


class PriceList(Base):
    """Prices for somebody: a CUSTOMER beats a GROUP beats a CHANNEL beats BASE. `owner` is empty for BASE."""

    __tablename__ = "price_list"
    __table_args__ = (
        CheckConstraint("kind IN ('CUSTOMER', 'GROUP', 'CHANNEL', 'BASE')", name="kind"),
        CheckConstraint("(kind = 'BASE') = (owner = '')", name="owner"),
        CheckConstraint("valid_from <= valid_until", name="validity"),
        Index("price_list_owner_ix", "kind", "owner", "currency"),
    )

    code: Mapped[Key]
    kind: Mapped[str]
    owner: Mapped[Label]
    currency: Mapped[str]
    valid_from: Mapped[ValidFrom]
    valid_until: Mapped[ValidUntil]


class Price(Base):
    """The price of an item in a list from a quantity on."""

    __tablename__ = "price"
    __table_args__ = (
        UniqueConstraint("price_list_code", "sku", "uom", "min_qty", "valid_from"),
        CheckConstraint("unit_price >= 0 AND min_qty >= 0", name="numbers"),
        CheckConstraint("valid_from <= valid_until", name="validity"),
        Index("price_sku_ix", "sku"),
    )

    id: Mapped[SerialId]
    price_list_code: Mapped[str] = mapped_column(ForeignKey("price_list.code"))
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    uom: Mapped[str]
    min_qty: Mapped[Counter]
    unit_price: Mapped[Amount]
    valid_from: Mapped[ValidFrom]
    valid_until: Mapped[ValidUntil]


class Agreement(Base):
    """A price agreed with a customer: it replaces the list price and stops volume and promotions unless `stackable`."""

    __tablename__ = "agreement"
    __table_args__ = (
        CheckConstraint("unit_price >= 0 AND valid_from <= valid_until", name="numbers"),
        Index("agreement_customer_sku_ix", "customer_no", "sku"),
        Index("agreement_sku_ix", "sku"),
    )

    id: Mapped[SerialId]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    currency: Mapped[str]
    unit_price: Mapped[Amount]
    stackable: Mapped[Flag]
    reference: Mapped[Label]
    valid_from: Mapped[ValidFrom]
    valid_until: Mapped[ValidUntil]


class VolumeTier(Base):
    """A discount on every item of a tier group from a joint quantity on."""

    __tablename__ = "volume_tier"
    __table_args__ = (CheckConstraint("min_qty > 0 AND discount_pct >= 0 AND discount_pct <= 100", name="numbers"),)

    tier_group: Mapped[Key]
    min_qty: Mapped[Quantity] = mapped_column(primary_key=True)
    discount_pct: Mapped[Percent]


class Promotion(Base):
    """A discount for a time. Empty conditions match everything. Only the best exclusive one counts; stackable ones all do, in sequence."""

    __tablename__ = "promotion"
    __table_args__ = (CheckConstraint("discount_pct >= 0 AND discount_pct <= 100 AND valid_from <= valid_until", name="numbers"),)

    code: Mapped[Key]
    exclusive: Mapped[Flag]
    sequence: Mapped[int] = mapped_column(server_default=_ONE)
    discount_pct: Mapped[Percent]
    sku: Mapped[str | None] = mapped_column(ForeignKey("item.sku"), index=True)
    item_class: Mapped[Label]
    customer_class: Mapped[Label]
    channel: Mapped[Label]
    min_qty: Mapped[Counter]
    valid_from: Mapped[ValidFrom]
    valid_until: Mapped[ValidUntil]


class TaxRate(Base):
    """The rate of a tax category (UNCL5305: S, Z, E, AE, K, G, O) in a country."""

    __tablename__ = "tax_rate"
    __table_args__ = (
        UniqueConstraint("country", "category", "valid_from"),
        CheckConstraint("rate_pct >= 0 AND rate_pct <= 100 AND valid_from <= valid_until", name="numbers"),
    )

    id: Mapped[SerialId]
    country: Mapped[str]
    category: Mapped[str]
    rate_pct: Mapped[Percent]
    exemption_reason: Mapped[Label]
    valid_from: Mapped[ValidFrom]
    valid_until: Mapped[ValidUntil]


class FreightRate(Base):
    """What we charge for carriage to a zone (a region or a country; empty: everywhere) up to a weight; free from a net value on."""

    __tablename__ = "freight_rate"
    __table_args__ = (CheckConstraint("amount >= 0 AND up_to_kg > 0", name="numbers"),)

    zone: Mapped[Key]
    currency: Mapped[Key]
    up_to_kg: Mapped[Quantity] = mapped_column(primary_key=True)
    amount: Mapped[Amount]
    free_from_net: Mapped[Amount | None]


class SupplierItem(Base):
    """What a supplier asks for an item from a day on, how long it takes, and where it stands among the suppliers.

    Of several that hold on a day, the one that began last is in force (`offers.py`).
    """

    __tablename__ = "supplier_item"
    __table_args__ = (
        CheckConstraint("price >= 0 AND lead_days >= 0 AND moq >= 0 AND rank >= 1", name="numbers"),
        CheckConstraint("valid_from <= valid_until", name="validity"),
        Index("supplier_item_sku_ix", "sku", "rank"),
    )

    supplier_no: Mapped[str] = mapped_column(ForeignKey("supplier.supplier_no"), primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"), primary_key=True)
    valid_from: Mapped[ValidFrom] = mapped_column(primary_key=True)
    valid_until: Mapped[ValidUntil]
    supplier_sku: Mapped[Label]
    price: Mapped[Amount]
    currency: Mapped[str]
    lead_days: Mapped[int] = mapped_column(server_default=text("0"))
    moq: Mapped[Counter]
    rank: Mapped[int] = mapped_column(server_default=_ONE)
    inbound_freight: Mapped[Counter]
    active: Mapped[Active]
