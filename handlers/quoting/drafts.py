"""Creates quotes. The same source and reference never make two; nothing is written when anything is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from handlers.catalog.model import Item
from handlers.documents.numbers import next_number
from handlers.identifiers import Currency, Day, Number, Percentage, Prose, Quantity, Reference, canonical
from handlers.orders.drafts import currency_is_allowed
from handlers.parties.master_data import ADDRESS_PARTS, default_address, find_customer
from handlers.quotes.model import Quote, QuoteLine
from handlers.rowsets import insert_rows

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLineDraft:
    """A line to quote, in the item's unit. `discount_pct` is the seller's own discount on it."""

    sku: Number
    qty: Quantity
    line_no: int | None = None
    description: Prose = ""
    discount_pct: Percentage = ZERO
    discount_reason: str = ""
    requested_date: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDraft:
    """A quote to create; `requester` may never approve it. What is left empty comes from the customer."""

    customer_no: Number
    lines: Sequence[QuoteLineDraft]
    requester: str
    currency: Currency = ""
    channel: str = ""
    ship_to: Mapping[str, str] | None = None
    requested_date: Day | None = None
    discount_pct: Percentage = ZERO
    note: Prose = ""
    source: Number = "API"
    source_ref: Reference = None


def create_quote(tx: Session, draft: QuoteDraft) -> str:
    """Create a quote and answer its number; the same source and reference answer the first one's.

    An error names a field by its position in what was sent (`lines.0.discount_pct`). Raises Invalid (numbers, currency), NotFound
    (customer, item).
    """
    draft = _read(draft)
    known = _known(tx, draft)
    if known is not None:
        return known
    customer = find_customer(tx, draft.customer_no)
    currency = draft.currency or customer.currency
    if not currency_is_allowed(tx, customer, currency):
        raise Invalid(
            f"Customer {customer.customer_no} does not buy in {currency}.",
            code="currency_not_allowed",
            next_step=f"Quote in {customer.currency}, or add a price list of the customer in {currency}.",
            errors={"currency": ["is not the customer's"]},
        )
    items = _items(tx, draft)
    ship_to = draft.ship_to or default_address(tx, customer.customer_no, "SHIP")
    quote_no = next_number(tx, "Q")
    tx.execute(
        insert(Quote).values(
            quote_no=quote_no,
            source=draft.source,
            source_ref=draft.source_ref,
            customer_no=customer.customer_no,
            requester=draft.requester,
            currency=currency,
            channel=draft.channel or customer.channel,
            ship_to={part: ship_to.get(part) or "" for part in ADDRESS_PARTS},
            requested_date=draft.requested_date,
            note=draft.note,
            header_discount_pct=draft.discount_pct,
        )
    )
    insert_rows(tx, QuoteLine, [_line(quote_no, position, line, items, draft) for position, line in enumerate(draft.lines, 1)])
    return quote_no


def _read(draft: QuoteDraft) -> QuoteDraft:
    if not draft.lines:
        raise Invalid(
            "The quote has no lines.", code="quote_empty", next_step="Add at least one line.", errors={"lines": ["may not be empty"]}
        )
    draft = canonical(draft)
    if not draft.requester:
        raise Invalid("The quote has no requester.", code="requester_missing", next_step="Say who asks for it.")
    numbers = [line.line_no or position for position, line in enumerate(draft.lines, 1)]
    if len(set(numbers)) < len(numbers):
        raise Invalid("Two lines have the same number.", code="line_no_repeated", next_step="Number the lines 1, 2, 3 …")
    return draft


def _known(tx: Session, draft: QuoteDraft) -> str | None:
    if draft.source_ref is None:
        return None
    return tx.scalar(select(Quote.quote_no).where(Quote.source == draft.source, Quote.source_ref == draft.source_ref))


def _items(tx: Session, draft: QuoteDraft) -> dict[str, Item]:
    wanted = {line.sku for line in draft.lines}
    items = {item.sku: item for item in tx.scalars(select(Item).where(Item.sku.in_(wanted)))}
    unknown = sorted(wanted - set(items))
    if unknown:
        raise NotFound(
            f"There is no item {', '.join(unknown[:10])}.",
            code="item_unknown",
            next_step="Correct the item number, or add the item first.",
            errors={f"lines.{position}.sku": ["is unknown"] for position, line in enumerate(draft.lines) if line.sku in unknown},
        )
    retired = sorted(sku for sku, item in items.items() if not item.sellable)
    if retired:
        offers = [f"{items[sku].substitute_sku} instead of {sku}" for sku in retired if items[sku].substitute_sku]
        raise Invalid(
            f"{', '.join(retired[:10])} is not sold any more.",
            code="item_not_sellable",
            next_step=f"Offer {', '.join(offers)}." if offers else "Offer another item.",
            errors={f"lines.{position}.sku": ["is not sold any more"] for position, line in enumerate(draft.lines) if line.sku in retired},
        )
    return items


def _line(quote_no: str, position: int, line: QuoteLineDraft, items: Mapping[str, Item], draft: QuoteDraft) -> dict[str, Any]:
    item = items[line.sku]
    return {
        "quote_no": quote_no,
        "line_no": line.line_no or position,
        "sku": line.sku,
        "description": line.description or item.name,
        "item_class": item.item_class,
        "uom": item.uom,
        "qty": line.qty,
        "manual_discount_pct": line.discount_pct,
        "discount_reason": line.discount_reason,
        "requested_arrival": line.requested_date or draft.requested_date,
    }
