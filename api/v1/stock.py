"""Warehouses and stock."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody, Listing, Page, Shape, listed
from engine.store.known import refuse_unknown_in
from handlers.catalog.model import Item
from handlers.changes import Author
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import SupplyArrival, SupplyDraft, WarehouseDraft, add_warehouse, ship_by
from handlers.inventory.views import Balance, list_balances
from handlers.promising import commands
from handlers.promising.allocation_views import AllocationRow, list_allocations
from handlers.promising.allocations import AllocationDraft, AllocationKey

api = APIBlueprint("stock", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="stock")])


class WarehouseIn(DraftBody[WarehouseDraft]):
    """A place we ship from."""


class ReceiptsIn(Shape):
    """Goods that came in together, under one reference."""

    receipts: list[Receipt] = Field(min_length=1, max_length=10_000)


class SupplyIn(DraftBody[SupplyDraft]):
    """Goods we expect."""


class ArrivalIn(DraftBody[SupplyArrival]):
    """Expected goods that came in."""


class AllocationIn(DraftBody[AllocationDraft]):
    """What is kept of an item for a class of customers or a channel."""


class AllocationKeyIn(DraftBody[AllocationKey]):
    """Which allocation."""


class OfItem(Shape):
    """Of which item."""

    sku: str = Field(min_length=1, max_length=100)


class Allocations(BaseModel):
    """What is kept of an item, and what became of it."""

    allocations: list[AllocationRow]


@api.post("/warehouses", responses={201: Done})
@operation(Role.SHIP)
def post_warehouse(body: WarehouseIn) -> tuple[Done, int]:
    """Add a warehouse."""
    add_warehouse(transaction(), body.root)
    return Done(id=body.root.code, state="added"), 201


class WarehousePath(BaseModel):
    """A warehouse in the address."""

    code: str = Field(max_length=100)


class ShipByIn(Shape):
    """The business calendar on whose days a warehouse ships; null for the working days of its country."""

    calendar_code: str | None = Field(max_length=40)


@api.put("/warehouses/<code>/calendar", responses={200: Done})
@operation(Role.SHIP)
def put_warehouse_calendar(path: WarehousePath, body: ShipByIn) -> Done:
    """Say on whose days a warehouse ships; promises made from now on count with them."""
    ship_by(transaction(), path.code, body.calendar_code, Author(person().name))
    return Done(id=path.code, state="changed")


@api.get("/stock", responses={200: Page[Balance]})
@operation(Role.READ)
def list_stock(query: Listing) -> Page[Balance]:
    """List stock balances."""
    return listed(list_balances(transaction(), query.asked))


@api.post("/stock/receipts", responses={201: Done})
@operation(Role.SHIP)
def post_receipts(body: ReceiptsIn) -> tuple[Done, int]:
    """Book goods that came in; the orders that wait for them are promised. The same reference again is refused."""
    commands.receive_stock(product().runtime, transaction(), body.receipts, person().name)
    return Done(id=body.receipts[0].reference, state="received"), 201


@api.post("/stock/supply", responses={201: Done})
@operation(Role.EXPECT)
def post_supply(body: SupplyIn) -> tuple[Done, int]:
    """Note goods that are to arrive; promises count on them from their day on, those of orders that wait for them first."""
    commands.expect_supply(product().runtime, transaction(), body.root, person().name)
    return Done(id=body.root.reference, state="expected"), 201


@api.post("/stock/supply/arrivals", responses={201: Done})
@operation(Role.SHIP)
def post_arrival(body: ArrivalIn) -> tuple[Done, int]:
    """Book expected goods that came in; the orders that wait for them are promised."""
    commands.receive_supply(product().runtime, transaction(), body.root, person().name)
    return Done(id=body.root.delivery_note, state="received"), 201


@api.get("/allocations", responses={200: Allocations})
@operation(Role.READ)
def get_allocations(query: OfItem) -> Allocations:
    """What is kept of an item for whom, how much of it is promised, and how much is left."""
    refuse_unknown_in(transaction(), Item.sku, query.sku, "item", "sku")
    return Allocations(allocations=list_allocations(transaction(), query.sku))


@api.put("/allocations", responses={200: Done})
@operation(Role.ORDER)
def put_allocation(body: AllocationIn) -> Done:
    """Keep supply for a class of customers or a channel, or bring it up to date; what is promised stays as it is."""
    commands.set_allocation(product().runtime, transaction(), body.root, Author(person().name))
    return Done(id=body.root.sku, state="kept")


@api.post("/allocations/drop", responses={200: Done})
@operation(Role.ORDER)
def drop_allocation(body: AllocationKeyIn) -> Done:
    """Keep it no longer: what is left of it is free for all at once."""
    commands.drop_allocation(product().runtime, transaction(), body.root, Author(person().name))
    return Done(id=body.root.sku, state="dropped")
