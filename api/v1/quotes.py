"""Quotes: write, look at, record what the customer answers."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Exact, Listing, NumberPath, Page, Shape, as_sent, listed
from handlers.quoting import commands, views
from handlers.quoting.acceptance import Accepted, AcceptedLine
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft

api = APIBlueprint("quotes", __name__, url_prefix="/api/v1/quotes", abp_tags=[Tag(name="quotes")])


class QuoteLineIn(Shape):
    """A line to quote, with the discount on top of every agreed one."""

    sku: str = Field(min_length=1, max_length=100)
    quantity: Exact
    discount_pct: Exact = Field("0", validate_default=True)
    discount_reason: str = Field("", max_length=500)
    requested_date: date | None = None


class QuoteIn(Shape):
    """A quote to write. `discount_pct` is a discount on the whole of it."""

    customer_no: str = Field(min_length=1, max_length=40)
    discount_pct: Exact = Field("0", validate_default=True)
    requested_date: date | None = None
    note: str = Field("", max_length=2000)
    lines: list[QuoteLineIn] = Field(min_length=1, max_length=1_000)


class QuoteCreated(Shape):
    """The quote's number; its process has begun."""

    quote_no: str


class QuoteQuery(Listing):
    """Which quotes to list. `search` finds the quote's and the customer's number and the customer's name."""

    search: str = Field("", max_length=200)
    state: str = Field("", max_length=40)


class QuoteOut(BaseModel):
    """One quote in its latest version; totals are in `currency`. `orders` are those it became, `order_no` the latest."""

    quote_no: str
    version_no: int
    state: str
    customer_no: str
    customer_name: str
    requester: str
    currency: str
    net_total: Exact
    gross_total: Exact
    discount_pct: Exact
    margin_pct: Exact
    sent_at: datetime | None
    valid_until: datetime | None
    created_at: datetime
    note: str
    header_discount_pct: Exact
    freight: Exact
    tax_total: Exact
    requested_date: date | None
    ship_to: dict[str, Any]
    document_id: int | None
    close_reason: str
    order_no: str | None
    instance_id: UUID | None
    orders: list[views.QuoteOrder]
    lines: list[views.QuoteLineRow]
    decisions: list[views.DecisionRow]


class AcceptedLineIn(Shape):
    """So much of a line is accepted, in the item's unit: at most what is left of it."""

    line_no: int = Field(ge=1, le=1_000_000)
    quantity: Exact


class AcceptIn(Shape):
    """The customer says yes, under a purchase order of its own: to the lines that are named, or without them to all that is left."""

    customer_po: str = Field(min_length=1, max_length=100)
    lines: list[AcceptedLineIn] = Field(default_factory=list, max_length=1_000)


class DeclineIn(Shape):
    """The customer says no, and why."""

    reason: str = Field(min_length=3, max_length=2000)


class WithdrawIn(Shape):
    """We take the quote back, and why."""

    reason: str = Field(min_length=3, max_length=2000)


class ExtendIn(Shape):
    """The customer gets more time: through the end of a day."""

    valid_until: date
    reason: str = Field(min_length=3, max_length=2000)


@api.post("", responses={201: QuoteCreated})
@operation(Role.SELL)
def post_quote(body: QuoteIn) -> tuple[QuoteCreated, int]:
    """Write a quote; it is priced, approved where the decision asks for it, and sent."""
    draft = QuoteDraft(
        customer_no=body.customer_no,
        requester=person().name,
        requested_date=body.requested_date,
        discount_pct=body.discount_pct,
        note=body.note,
        lines=[
            QuoteLineDraft(
                sku=line.sku,
                qty=line.quantity,
                discount_pct=line.discount_pct,
                discount_reason=line.discount_reason,
                requested_date=line.requested_date,
            )
            for line in body.lines
        ],
    )
    with as_sent((r"^(lines\.\d+)\.qty$", r"\1.quantity")):
        return QuoteCreated(quote_no=commands.begin_quote(product().runtime, transaction(), draft)), 201


@api.get("", responses={200: Page[views.QuoteSummary]})
@operation(Role.READ)
def list_quotes(query: QuoteQuery) -> Page[views.QuoteSummary]:
    """List quotes, the latest first."""
    return listed(views.list_quotes(transaction(), views.QuoteFilter(query.search, query.state), query.asked))


@api.get("/<number>", responses={200: QuoteOut})
@operation(Role.READ)
def get_quote(path: NumberPath) -> QuoteOut:
    """One quote with its lines and decisions, and the order it became."""
    shown = views.show_quote(transaction(), path.number)
    more = {name: getattr(shown, name) for name in views.ShownQuote.__dataclass_fields__ if name != "quote"}
    return QuoteOut(**asdict(shown.quote), **more)


@api.post("/<number>/accept", responses={202: Done})
@operation(Role.SELL)
def accept(path: NumberPath, body: AcceptIn) -> tuple[Done, int]:
    """Record what the customer accepts; it is checked again and becomes an order. What remains stays open until the quote expires."""
    accepted = Accepted(body.customer_po, [AcceptedLine(line.line_no, line.quantity) for line in body.lines])
    with as_sent((r"^(lines\.\d+)\.qty$", r"\1.quantity")):
        delivery = commands.accept(product().runtime, transaction(), path.number, accepted, person().name)
    return Done(id=path.number, state=delivery.state), 202


@api.post("/<number>/decline", responses={202: Done})
@operation(Role.SELL)
def decline(path: NumberPath, body: DeclineIn) -> tuple[Done, int]:
    """Record that the customer declines."""
    delivery = commands.decline(product().runtime, transaction(), path.number, body.reason, person().name)
    return Done(id=path.number, state=delivery.state), 202


@api.post("/<number>/withdraw", responses={202: Done})
@operation(Role.SELL)
def withdraw(path: NumberPath, body: WithdrawIn) -> tuple[Done, int]:
    """Take back a quote that the customer has not answered."""
    delivery = commands.withdraw(product().runtime, transaction(), path.number, body.reason, person().name)
    return Done(id=path.number, state=delivery.state), 202


@api.post("/<number>/extend", responses={202: Done})
@operation(Role.SELL)
def extend(path: NumberPath, body: ExtendIn) -> tuple[Done, int]:
    """Give the customer more time to accept."""
    delivery = commands.extend(
        product().runtime, transaction(), path.number, commands.Extension(body.valid_until, body.reason), person().name
    )
    return Done(id=path.number, state=delivery.state), 202
