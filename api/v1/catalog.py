"""Items and prices: list, look at one, change it; agreements, tiers, promotions, units. Each change is audited by field."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import ChangedOut, Changing, Done, DraftBody, Listing, NumberPath, Page, Search, listed, partial
from handlers.catalog import changes, master_data, views
from handlers.changes import Author

api = APIBlueprint("catalog", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="master data")])

ItemChange = partial(master_data.ItemDraft, "ItemChange", without={"sku"})


class ItemPatch(Changing):
    """Fields of an item to change."""

    changes: ItemChange  # type: ignore[valid-type]


class ItemOut(BaseModel):
    """An item with its prices, agreements, suppliers and units. `version` is sent back with a change."""

    record: dict[str, Any]
    version: str
    prices: list[views.PriceRow]
    agreements: list[dict[str, Any]]
    suppliers: list[dict[str, Any]]
    units: list[dict[str, Any]]


class PriceQuery(Listing):
    """Which prices to list: of one list, of items by SKU or name."""

    price_list: str = Field("", max_length=100)
    search: str = Field("", max_length=200)


class PriceIn(DraftBody[master_data.PriceDraft]):
    """A price from a quantity on."""


class AgreementIn(DraftBody[master_data.AgreementDraft]):
    """A price agreed with a customer."""


class TierIn(DraftBody[master_data.TierDraft]):
    """A discount on a tier group from a joint quantity on."""


class PromotionIn(DraftBody[master_data.PromotionDraft]):
    """A discount for a time."""


class TaxRateIn(DraftBody[master_data.TaxRateDraft]):
    """The rate of a tax category in a country."""


class SupplierItemIn(DraftBody[master_data.SupplierItemDraft]):
    """What a supplier asks for an item."""


class SupplierItemQuery(Search):
    """Which of the suppliers' prices to list; `current` leaves out what is over or was overtaken."""

    supplier_no: str = Field("", max_length=100)
    current: bool = False


class CustomerItemIn(DraftBody[master_data.CustomerItemDraft]):
    """A customer's own number for an item."""


class UnitIn(DraftBody[master_data.UnitDraft]):
    """How many base units another unit holds."""


@api.get("/items", responses={200: Page[views.ItemSummary]})
@operation(Role.READ)
def list_items(query: Search) -> Page[views.ItemSummary]:
    """List items by SKU."""
    return listed(views.list_items(transaction(), query.search, query.asked))


@api.get("/items/<number>", responses={200: ItemOut})
@operation(Role.READ)
def get_item(path: NumberPath) -> ItemOut:
    """One item with all that is known of it."""
    shown = views.show_item(transaction(), path.number)
    rows = {name: [dict(row._mapping) for row in getattr(shown, name)] for name in ("agreements", "suppliers", "units")}  # noqa: SLF001
    return ItemOut(record=shown.row, version=shown.version, prices=list(shown.prices), **rows)


@api.patch("/items/<number>", responses={200: ChangedOut})
@operation(Role.ORDER)
def change_item(path: NumberPath, body: ItemPatch) -> ChangedOut:
    """Change an item."""
    return ChangedOut(id=path.number, changed=changes.change_item(transaction(), path.number, body.given, body.author(person())))


@api.get("/price-lists", responses={200: Page[views.PriceListRow]})
@operation(Role.READ)
def list_price_lists(query: Listing) -> Page[views.PriceListRow]:
    """List price lists by code."""
    return listed(views.list_price_lists(transaction(), query.asked))


@api.get("/prices", responses={200: Page[views.PriceRow]})
@operation(Role.READ)
def list_prices(query: PriceQuery) -> Page[views.PriceRow]:
    """List prices by item and list."""
    return listed(views.list_prices(transaction(), views.PriceFilter(query.price_list, query.search), query.asked))


@api.post("/prices", responses={201: Done})
@operation(Role.PRICE)
def set_price(body: PriceIn) -> tuple[Done, int]:
    """Set a price from a quantity on."""
    return _set(body.root)


@api.post("/agreements", responses={201: Done})
@operation(Role.PRICE)
def add_agreement(body: AgreementIn) -> tuple[Done, int]:
    """Agree a price with a customer; it replaces the list price."""
    return _set(body.root)


@api.get("/volume-tiers", responses={200: Page[views.TierRow]})
@operation(Role.READ)
def list_volume_tiers(query: Listing) -> Page[views.TierRow]:
    """List volume discounts by tier group and quantity."""
    return listed(views.list_tiers(transaction(), query.asked))


@api.post("/volume-tiers", responses={201: Done})
@operation(Role.PRICE)
def set_volume_tier(body: TierIn) -> tuple[Done, int]:
    """Set the discount of a tier group from a quantity on."""
    return _set(body.root)


@api.get("/promotions", responses={200: Page[views.PromotionRow]})
@operation(Role.READ)
def list_promotions(query: Listing) -> Page[views.PromotionRow]:
    """List promotions by code."""
    return listed(views.list_promotions(transaction(), query.asked))


@api.post("/promotions", responses={201: Done})
@operation(Role.PRICE)
def add_promotion(body: PromotionIn) -> tuple[Done, int]:
    """Add a promotion."""
    return _set(body.root)


@api.get("/tax-rates", responses={200: Page[views.TaxRateRow]})
@operation(Role.READ)
def list_tax_rates(query: Listing) -> Page[views.TaxRateRow]:
    """List tax rates by country, category and first day."""
    return listed(views.list_tax_rates(transaction(), query.asked))


@api.post("/tax-rates", responses={201: Done})
@operation(Role.BOOK)
def set_tax_rate(body: TaxRateIn) -> tuple[Done, int]:
    """Set the rate of a tax category in a country."""
    return _set(body.root)


@api.get("/suppliers/items", responses={200: Page[views.SupplierPriceRow]})
@operation(Role.SEE_COSTS)
def list_supplier_items(query: SupplierItemQuery) -> Page[views.SupplierPriceRow]:
    """List what suppliers ask for items, by supplier, item and first day."""
    wanted = views.SupplierPriceFilter(query.supplier_no, query.search, query.current)
    return listed(views.list_supplier_prices(transaction(), wanted, query.asked))


@api.post("/suppliers/items", responses={201: Done})
@operation(Role.BUY)
def set_supplier_item(body: SupplierItemIn) -> tuple[Done, int]:
    """Say what a supplier asks for an item from a day on and how long it takes; the same first day is brought up to date."""
    return _set(body.root)


@api.post("/customers/items", responses={201: Done})
@operation(Role.ORDER)
def set_customer_item(body: CustomerItemIn) -> tuple[Done, int]:
    """Note a customer's own number for an item."""
    return _set(body.root)


@api.post("/items/units", responses={201: Done})
@operation(Role.ORDER)
def set_unit(body: UnitIn) -> tuple[Done, int]:
    """Say how many base units another unit of an item holds."""
    return _set(body.root)


def _set(draft: Any) -> tuple[Done, int]:
    return Done(id=changes.set_by(transaction(), draft, Author(person().name)), state="stored"), 201
