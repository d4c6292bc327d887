"""Sales orders: take in, list, tell the whole story, hold and release, cancel."""

from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, Field
from sqlalchemy import text

from api.auth.roles import Role
from api.intake.ordering import take_in
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Exact, Listing, NumberPath, Page, Shape, as_sent, listed
from handlers.changes import Author
from handlers.open_things import of_order
from handlers.orders import commands
from handlers.orders.commands import request_cancellation
from handlers.orders.drafts import LineDraft, OrderDraft
from handlers.orders.story import order_story
from handlers.orders.views import STATUSES, Filter, OrderSummary, list_orders, tell

api = APIBlueprint("orders", __name__, url_prefix="/api/v1/orders", abp_tags=[Tag(name="orders")])


class AddressIn(Shape):
    """Where to deliver to."""

    name: str = ""
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    country: str = Field(min_length=2, max_length=2)


class LineIn(Shape):
    """A line: our SKU, the customer's own number or a GTIN. `unit_price` is what the customer expects to pay.

    `buyer_line_no` is your own number of the line: our order response, despatch advice and invoice refer to it.
    """

    sku: str = Field(min_length=1, max_length=100)
    quantity: Exact
    buyer_line_no: str = Field("", max_length=100)
    unit_price: Exact | None = None
    uom: str = Field("", max_length=20)
    requested_date: date | None = None


class OrderIn(Shape):
    """An order. `reference` is your own key for it: sent again with the same content it is the same order; a blank one is none."""

    customer_no: str = Field(min_length=1, max_length=40)
    customer_po: str = Field("", max_length=100)
    reference: str | None = Field(None, max_length=200)
    currency: str = Field("", max_length=3)
    requested_date: date | None = None
    ship_to: AddressIn | None = None
    ship_complete: bool | None = None
    stated_total: Exact | None = None
    lines: list[LineIn] = Field(min_length=1, max_length=10_000)


class OrderCreated(Shape):
    """The order's number; its process has begun."""

    order_no: str


class OrderQuery(Listing):
    """Which orders to list. `search` finds the order's and the customer's number, the customer's name and purchase order."""

    search: str = Field("", max_length=200)
    status: Literal["", "ON_HOLD", *STATUSES] = ""  # type: ignore[valid-type]
    sort: Literal["newest", "oldest", "number", "customer", "total", "promise"] = "newest"


class ShipToIn(Shape):
    """Parts of an order's delivery address to correct; what is not named stays."""

    name: str | None = Field(None, max_length=200)
    street: str | None = Field(None, max_length=200)
    city: str | None = Field(None, max_length=200)
    postal_code: str | None = Field(None, max_length=40)
    region: str | None = Field(None, max_length=100)
    country: str | None = Field(None, max_length=2)
    gln: str | None = Field(None, max_length=20)
    reason: str = Field("", max_length=2000)


class ShipToOut(Shape):
    """Where an order is delivered to now."""

    order_no: str
    ship_to: dict[str, str]


class HoldIn(Shape):
    """A hold to put on an order or to take off."""

    hold_code: str = Field(max_length=40)
    reason: str = Field(min_length=3, max_length=2000)


class HeldIn(HoldIn):
    """A hold to put on an order; with `until` it ends by itself."""

    until: AwareDatetime | None = None


class CancelIn(Shape):
    """Why an order is cancelled; the customer and the order's page are told."""

    reason: str = Field(min_length=3, max_length=2000)


@api.post("", responses={201: OrderCreated})
@operation(Role.ORDER)
def create_order(body: OrderIn) -> tuple[OrderCreated, int]:
    """Take in an order and start its way to the promise."""
    with named_as_sent():
        return OrderCreated(order_no=take_in(product().runtime, transaction(), drafted(body, "API", person().name))), 201


def named_as_sent() -> Any:
    """Refusals of an order name its fields as the body does."""
    return as_sent((r"^(lines\.\d+)\.qty$", r"\1.quantity"), (r"^source_ref$", "reference"))


def drafted(body: OrderIn, source: str, requester: str) -> OrderDraft:
    """The order that a body asks for, from wherever it came."""
    return OrderDraft(
        customer_no=body.customer_no,
        customer_po=body.customer_po,
        source=source,
        source_ref=body.reference,
        currency=body.currency,
        channel="API",
        requested_date=body.requested_date,
        ship_to=body.ship_to.model_dump() if body.ship_to else None,
        ship_complete=body.ship_complete,
        stated_total=body.stated_total,
        requester=requester,
        lines=[
            LineDraft(
                sku=line.sku,
                qty=line.quantity,
                buyer_line_no=line.buyer_line_no,
                unit_price=line.unit_price,
                uom=line.uom,
                requested_date=line.requested_date,
            )
            for line in body.lines
        ],
    )


@api.get("", responses={200: Page[OrderSummary]})
@operation(Role.READ)
def get_orders(query: OrderQuery) -> Page[OrderSummary]:
    """List orders with their derived status."""
    return listed(list_orders(transaction(), Filter(query.search, query.status, query.sort), query.asked))


@api.get("/<number>")
@operation(Role.READ)
def get_order(path: NumberPath) -> dict[str, Any]:
    """One order with its derived status, lines, promises, groups with their parts, holds, replies and changes."""
    story = order_story(transaction(), path.number)
    parts = ("lines", "parts", "groups", "promises", "holds", "replies", "changes")
    return {**story.order, **asdict(story.status), **{name: getattr(story, name) for name in parts}}


@api.get("/<number>/story")
@operation(Role.READ)
def get_story(path: NumberPath) -> dict[str, Any]:
    """Everything that belongs to an order: instances with their paths, what is open and what moves it, papers, goods, money."""
    story = tell(transaction(), path.number)
    parts = ("instances", "decisions", "events", "shipments", "purchases", "invoices", "receipts", "documents", "journals")
    told: dict[str, Any] = {name: [dict(row._mapping) for row in getattr(story, name)] for name in parts}  # noqa: SLF001
    paths = _paths([row["id"] for row in told["instances"]])
    told["open_things"] = [asdict(thing) for thing in of_order(transaction(), path.number)]
    told["instances"] = [{**row, "path": paths.get(row["id"], [])} for row in told["instances"]]
    return told


@api.post("/<number>/cancel", responses={202: Done})
@operation(Role.ORDER)
def cancel_order(path: NumberPath, body: CancelIn) -> tuple[Done, int]:
    """Cancel what has not left of an order: its process releases the stock, undoes what was prepared and tells the customer.

    What suppliers ship is asked of them. Once everything has left it is refused: the goods can be returned.
    """
    request_cancellation(product().runtime, transaction(), path.number, body.reason, person().name)
    return Done(id=path.number, state="cancelling"), 202


def _paths(instance_ids: list[Any]) -> dict[Any, list[str]]:
    statement = text(
        "SELECT instance_id, array_agg(element_id ORDER BY id) AS path FROM history WHERE instance_id = ANY(:ids) GROUP BY instance_id"
    )
    return {row.instance_id: row.path for row in transaction().execute(statement, {"ids": instance_ids})}


@api.patch("/<number>/ship-to", responses={200: ShipToOut})
@operation(Role.ORDER)
def correct_ship_to(path: NumberPath, body: ShipToIn) -> ShipToOut:
    """Correct where an order is delivered to; what has left keeps its address."""
    parts = {part: value for part, value in body.model_dump(exclude_unset=True, exclude={"reason"}).items() if value is not None}
    after = commands.correct_ship_to(product().runtime, transaction(), path.number, parts, Author(person().name, body.reason))
    return ShipToOut(order_no=path.number, ship_to=after)


@api.post("/<number>/holds", responses={200: Done})
@operation(Role.WORK)
def post_hold(path: NumberPath, body: HeldIn) -> Done:
    """Put a hold on an order; with `until` it ends by itself. Its kind says whose groups may put it on."""
    commands.put_on_hold(product().runtime, transaction(), commands.Held(path.number, body.hold_code, body.reason, body.until), person())
    return Done(id=path.number, state="held")


@api.post("/<number>/holds/release", responses={200: Done})
@operation(Role.WORK)
def post_release(path: NumberPath, body: HoldIn) -> Done:
    """Take a hold off an order; what waits for it goes on."""
    commands.release(product().runtime, transaction(), commands.Released(path.number, body.hold_code, body.reason), person())
    return Done(id=path.number, state="released")
