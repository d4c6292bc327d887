"""Changes of items and prices, each told in the audit log field by field."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.store.base import Base
from engine.store.locks import Lock, take
from handlers.catalog import master_data
from handlers.catalog.master_data import (
    AgreementDraft,
    CustomerItemDraft,
    ItemDraft,
    PriceDraft,
    PromotionDraft,
    SupplierItemDraft,
    TaxRateDraft,
    TierDraft,
    UnitDraft,
    add_agreement,
    add_promotion,
    find_item,
    set_customer_item,
    set_price,
    set_supplier_item,
    set_tax_rate,
    set_unit,
    set_volume_tier,
)
from handlers.catalog.model import Agreement, CustomerItem, Item, Price, Promotion, SupplierItem, TaxRate, UnitConversion, VolumeTier
from handlers.changes import Author, Differences, Record, change, note, note_added
from handlers.identifiers import canonical

ITEM = Record("item", Item, "sku", ItemDraft, Lock.ITEM)
_Setting = tuple[type[Base], Sequence[str], Callable[[Session, Any], object]]
#: How each kind is set: its table, the columns that name a row of it, and the verb that writes it.
_SETTINGS: Mapping[type[Any], _Setting] = {
    PriceDraft: (Price, ("price_list_code", "sku", "uom", "min_qty", "valid_from"), set_price),
    SupplierItemDraft: (SupplierItem, ("supplier_no", "sku", "valid_from"), set_supplier_item),
    CustomerItemDraft: (CustomerItem, ("customer_no", "customer_sku"), set_customer_item),
    UnitDraft: (UnitConversion, ("sku", "uom"), set_unit),
    TierDraft: (VolumeTier, ("tier_group", "min_qty"), set_volume_tier),
    TaxRateDraft: (TaxRate, ("country", "category", "valid_from"), set_tax_rate),
    AgreementDraft: (Agreement, ("customer_no", "sku", "currency", "valid_from"), add_agreement),
    PromotionDraft: (Promotion, ("code",), add_promotion),
}


def add_item(tx: Session, draft: ItemDraft, by: Author) -> str:
    """Add an item; answers its SKU. Raises Invalid, Conflict."""
    master_data.add_item(tx, draft)
    return str(note_added(tx, ITEM, draft, by))


def change_item(tx: Session, sku: str, changes: Mapping[str, Any], by: Author) -> Differences:
    """Change an item's fields. Raises NotFound, Invalid, Conflict."""
    return change(tx, ITEM, sku, changes, by)


def set_by(tx: Session, draft: Any, by: Author) -> str:
    """Set a price, a supplier's or customer's item, a unit, tier or tax rate, or add an agreement or promotion; told in the audit log.

    Answers its name, such as `BASE-EUR/PUMP-40`. Raises what the verb of its kind raises.
    """
    table, key, write = _SETTINGS[type(draft)]
    draft = canonical(draft)
    sku = getattr(draft, "sku", None)
    if sku is not None:
        find_item(tx, sku)
        take(tx, Lock.ITEM, [sku])
    before = _row(tx, table, key, draft)
    write(tx, draft)
    after = _row(tx, table, key, draft)
    name = "/".join(str(getattr(draft, each)) for each in key[:2])
    different = {
        each: {"from": before.get(each), "to": value} for each, value in after.items() if before.get(each) != value and each != "id"
    }
    if different:
        note(tx, by, "change" if before else "add", f"{table.__tablename__}:{name}", different)
    return name


def _row(tx: Session, table: type[Base], key: Sequence[str], draft: Any) -> Mapping[str, Any]:
    columns = table.__table__.c
    same = [columns[name] == getattr(draft, name) for name in key]
    found = tx.execute(select(*columns).where(*same).order_by(*table.__table__.primary_key)).mappings().first()
    return dict(found or {})
