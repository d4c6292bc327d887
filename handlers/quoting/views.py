"""Quotes as people and programs are shown them: the list, and one with its lines, versions, decisions and the order it became."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.store.paging import Asked, Key, Page, read_page
from handlers.parties.model import Customer
from handlers.quotes.model import Quote

STATES = ("DRAFT", "PENDING_APPROVAL", "APPROVED", "SENT", "ORDERED", "PARTIALLY_ORDERED", "LOST", "EXPIRED", "WITHDRAWN")


@dataclass(frozen=True, slots=True)
class QuoteFilter:
    """Which quotes to show."""

    search: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class QuoteSummary:
    """A quote as a list shows it, in its latest version; totals are in `currency`."""

    quote_no: str
    version_no: int
    state: str
    customer_no: str
    customer_name: str
    requester: str
    currency: str
    net_total: Decimal
    gross_total: Decimal
    discount_pct: Decimal
    margin_pct: Decimal
    sent_at: datetime | None
    valid_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class QuoteLineRow:
    """A line of a quote's latest version, in the quote's currency; `unit_net` is after every discount."""

    line_no: int
    sku: str
    description: str
    uom: str
    qty: Decimal
    qty_ordered: Decimal
    manual_discount_pct: Decimal
    discount_reason: str
    requested_arrival: date | None
    list_price: Decimal
    unit_net: Decimal
    line_net: Decimal
    tax_category: str
    tax_rate_pct: Decimal


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """Who decided on the quote and how."""

    approver: str
    approver_group: str
    approved: bool
    comment: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class QuoteOrder:
    """An order that a quote became, whole or in part; `net_total` is in the quote's currency."""

    order_no: str
    customer_po: str
    net_total: Decimal
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """One quote. `orders` are those it became, `order_no` the latest of them, `instance_id` its process, `document_id` its paper."""

    quote: QuoteSummary
    note: str
    header_discount_pct: Decimal
    freight: Decimal
    tax_total: Decimal
    requested_date: date | None
    ship_to: dict[str, Any]
    document_id: int | None
    close_reason: str
    order_no: str | None
    instance_id: str | None
    orders: Sequence[QuoteOrder]
    lines: Sequence[QuoteLineRow]
    decisions: Sequence[DecisionRow]


def list_quotes(tx: Session, wanted: QuoteFilter, asked: Asked, *, count: bool = False) -> Page[QuoteSummary]:
    """Quotes, the latest first. Raises Invalid for a state that there is none of."""
    if wanted.state and wanted.state not in STATES:
        raise Invalid(f"There is no quote state {wanted.state!r}.", code="state_unknown", next_step=f"Use one of {', '.join(STATES)}.")
    statement = _SUMMARY
    if wanted.state:
        statement = statement.where(Quote.state == wanted.state)
    if wanted.search:
        starts = (column.istartswith(wanted.search, autoescape=True) for column in (Quote.quote_no, Quote.customer_no))
        statement = statement.where(or_(Customer.name.icontains(wanted.search, autoescape=True), *starts))
    keys = (Key(Quote.created_at, descending=True), Key(Quote.quote_no, descending=True))
    return read_page(tx, statement, keys, asked, count=count).typed(QuoteSummary)


def show_quote(tx: Session, quote_no: str) -> ShownQuote:
    """One quote with all that belongs to it. Raises NotFound."""
    summary = tx.execute(_SUMMARY.where(Quote.quote_no == quote_no)).mappings().one_or_none()
    if summary is None:
        raise NotFound(f"There is no quote {quote_no}.", code="quote_unknown", next_step="Check the number in the list of quotes.")
    more = tx.execute(_MORE, {"quote_no": quote_no}).mappings().one()
    orders = [QuoteOrder(**dict(row)) for row in tx.execute(_ORDERS, {"quote_no": quote_no}).mappings()]
    lines = tx.execute(_LINES, {"quote_no": quote_no}).mappings()
    decisions = tx.execute(_DECISIONS, {"quote_no": quote_no}).mappings()
    return ShownQuote(
        quote=QuoteSummary(**dict(summary)),
        **dict(more),
        order_no=orders[-1].order_no if orders else None,
        orders=orders,
        lines=[QuoteLineRow(**dict(row)) for row in lines],
        decisions=[DecisionRow(**dict(row)) for row in decisions],
    )


_OWN = [name for name in QuoteSummary.__dataclass_fields__ if name != "customer_name"]
_SUMMARY = select(*(getattr(Quote, name) for name in _OWN), Customer.name.label("customer_name")).join(
    Customer, Customer.customer_no == Quote.customer_no
)
_MORE = text("""
SELECT note, header_discount_pct, freight, tax_total, requested_date, ship_to, document_id, close_reason,
       (SELECT CAST(id AS text) FROM instance WHERE process_key = 'quote-to-order' AND business_key = quote.quote_no
        ORDER BY started_at DESC LIMIT 1) AS instance_id
FROM quote WHERE quote_no = :quote_no
""")
_ORDERS = text("""
SELECT order_no, customer_po, net_total, created_at FROM sales_order
WHERE source = 'QUOTE' AND starts_with(source_ref, :quote_no || ':') ORDER BY created_at, order_no
""")
_LINES = text("""
SELECT line_no, sku, description, uom, qty, qty_ordered, manual_discount_pct, discount_reason, requested_arrival, list_price,
       unit_net, line_net, tax_category, tax_rate_pct
FROM quote_line WHERE quote_no = :quote_no ORDER BY line_no
""")
_DECISIONS = text("""
SELECT approver, approver_group, approved, comment, decided_at FROM quote_approval WHERE quote_no = :quote_no ORDER BY id DESC
""")
