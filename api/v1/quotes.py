"""Quotes: write, look at, record what the customer answers."""

from datetime import date
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field
from sqlalchemy import text

from api.auth.roles import Role
from api.intake.ordering import begin_quote
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Exact, NumberPath, Shape, as_sent, found
from engine.problems import Conflict
from engine.runtime.post.mailbox import Message
from engine.runtime.verbs import messages
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


class AcceptIn(Shape):
    """The customer says yes, under a purchase order of its own."""

    customer_po: str = Field(min_length=1, max_length=100)


class DeclineIn(Shape):
    """The customer says no, and why."""

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
        return QuoteCreated(quote_no=begin_quote(product().runtime, transaction(), draft)), 201


_QUOTE = text("""
SELECT quote.*, (
  SELECT max(order_no) FROM sales_order WHERE source = 'QUOTE' AND starts_with(source_ref, quote.quote_no || ':')
) AS order_no
FROM quote WHERE quote_no = :no
""")


@api.get("/<number>")
@operation(Role.READ)
def get_quote(path: NumberPath) -> dict[str, Any]:
    """One quote with its lines, and the order it became."""
    tx = transaction()
    quote = found(tx.execute(_QUOTE, {"no": path.number}).mappings().first(), "quote", path.number)
    lines = tx.execute(text("SELECT * FROM quote_line WHERE quote_no = :no ORDER BY line_no"), {"no": path.number}).mappings().all()
    return {**quote, "lines": [dict(line) for line in lines]}


@api.post("/<number>/accept", responses={202: Done})
@operation(Role.SELL)
def accept(path: NumberPath, body: AcceptIn) -> tuple[Done, int]:
    """Record that the customer accepts; the quote is checked again and becomes an order."""
    return _answered(path.number, "quote.accepted", {"customer_po": body.customer_po})


@api.post("/<number>/decline", responses={202: Done})
@operation(Role.SELL)
def decline(path: NumberPath, body: DeclineIn) -> tuple[Done, int]:
    """Record that the customer declines."""
    return _answered(path.number, "quote.declined", {"reason": body.reason})


def _answered(quote_no: str, name: str, payload: dict[str, str]) -> tuple[Done, int]:
    tx = transaction()
    row = found(tx.execute(text("SELECT state FROM quote WHERE quote_no = :no FOR UPDATE"), {"no": quote_no}).first(), "quote", quote_no)
    if row.state != "SENT":
        raise Conflict(
            f"Quote {quote_no} is {row.state}; only one that was sent can be answered.",
            code="quote_not_sent",
            next_step="Look at its process for what it waits for, or write a new quote.",
        )
    message = Message(
        name=name,
        correlation={"quote_no": quote_no},
        payload={"quote_no": quote_no, **payload},
        message_id=f"{name}:{quote_no}",
        actor=person().name,
    )
    delivery = messages.publish(product().runtime, tx, message)
    return Done(id=quote_no, state=delivery.state), 202
