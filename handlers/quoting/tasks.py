"""The steps of a quote that a diagram may name."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import Refused, ServiceTasks, TaskContext
from handlers.catalog.rules import Priced, PriceMissing
from handlers.parties.master_data import find_customer
from handlers.quoting import acceptance, approvers, life, paper

tasks = ServiceTasks()

#: So many lines of a quote are revised in rows of the form; any other is named by its number.
LINES_OF_A_FORM = 40


@dataclass(frozen=True, slots=True)
class QuoteNumber:
    """Which quote."""

    quote_no: str


@dataclass(frozen=True, slots=True)
class LineDiscount:
    """Another discount of the seller's own on a line, in percent."""

    line_no: int
    discount_pct: Decimal


@dataclass(frozen=True, slots=True)
class ReviseQuote:
    """The discounts of the next version (on the whole, and on lines that change), and why."""

    quote_no: str
    discount_pct: Decimal
    comment: str | None = None
    lines: list[LineDiscount] | None = None
    #: Lines that the form does not list and somebody names.
    other_lines: list[LineDiscount] | None = None


@dataclass(frozen=True, slots=True)
class ExtendQuote:
    """Until when the customer may accept from now on."""

    quote_no: str
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class RecordApproval:
    """The approvers' forms: approved, comment, approver, approver_group, amount_limit."""

    quote_no: str
    approvals: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The customer's purchase order for a quote."""

    quote_no: str
    customer_po: str | None = None


@dataclass(frozen=True, slots=True)
class CloseQuote:
    """How a quote ended: ORDERED, LOST, EXPIRED or WITHDRAWN."""

    quote_no: str
    outcome: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line as whoever revises the quote sees it; `discount_pct` is its own discount, `net_total` what it comes to."""

    line_no: int
    sku: str
    qty: Decimal
    net_total: Decimal
    discount_pct: Decimal


@dataclass(frozen=True, slots=True)
class Pricing:
    """What the quote comes to.

    `lowest_margin_gap` is how far the worst line lies above its margin floor, `deal_size` the net in our currency. `lines` are those
    with the highest discounts of their own: all of them unless the quote is longer than a form.
    """

    currency: str
    list_total: Decimal
    net_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    discount_pct: Decimal
    margin_pct: Decimal
    lowest_margin_gap: Decimal
    deal_size: Decimal
    line_count: int
    lines: list[PricedLine]


@dataclass(frozen=True, slots=True)
class Revised:
    """The version that was begun."""

    version_no: int


@dataclass(frozen=True, slots=True)
class Document:
    """The printed quote."""

    document_id: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Until when the customer may accept."""

    valid_until: datetime


@dataclass(frozen=True, slots=True)
class AcceptanceCheck:
    """Whether the acceptance counts, and why not.

    `part` names what is accepted when it is not the whole quote; of a part, `price_gap_pct` is how much more it would cost if it were
    priced alone today, `margin_gap` how far its worst line lies over its margin floor at today's cost, `quoted_margin_gap` how far the
    quote's did. `net_total` is what is accepted comes to, without freight and tax.
    """

    accepted: bool
    reason: str
    part: str
    net_total: Decimal
    price_gap_pct: Decimal
    margin_gap: Decimal
    quoted_margin_gap: Decimal


@dataclass(frozen=True, slots=True)
class OrderCreated:
    """The order that was made, and whether anything of the quote is left to order."""

    order_no: str
    left: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """The state the quote ended in."""

    state: str


@tasks.register("quoting.price_quote", errors=("PRICE_MISSING", "QUOTE_CLOSED"))
def price_quote(given: QuoteNumber, tx: Session) -> Pricing:
    """Price a quote by the waterfall and work out its margins.

    Refused PRICE_MISSING when an item has no price that holds for the quote.
    Refused QUOTE_CLOSED when the quote is answered, withdrawn or expired.
    """
    try:
        priced = life.price_quote(tx, given.quote_no)
    except life.QuoteClosed as closed:
        raise Refused("QUOTE_CLOSED", closed.detail) from closed
    except PriceMissing as missing:
        raise Refused("PRICE_MISSING", missing.detail) from missing
    return Pricing(
        currency=priced.currency,
        list_total=priced.list_total,
        net_total=priced.net_total,
        tax_total=priced.tax_total,
        gross_total=priced.gross_total,
        discount_pct=priced.discount_pct,
        margin_pct=priced.margin_pct,
        lowest_margin_gap=priced.lowest_margin_gap,
        deal_size=life.deal_size(tx, priced),
        line_count=len(priced.lines),
        lines=_to_revise(priced),
    )


def _to_revise(priced: Priced) -> list[PricedLine]:
    highest = sorted(priced.lines, key=lambda line: (-line.facts.manual_discount_pct, line.facts.line_no))[:LINES_OF_A_FORM]
    return [
        PricedLine(line.facts.line_no, line.facts.sku, line.facts.qty, line.net, line.facts.manual_discount_pct)
        for line in sorted(highest, key=lambda line: line.facts.line_no)
    ]


@tasks.register("quoting.remind_approver")
def remind_approver(given: QuoteNumber, tx: Session, effects: EffectLedger) -> None:
    """Remind the approvers of a quote that waits for them."""
    quote = life.find_quote(tx, given.quote_no)
    effects.record(
        "mail",
        "approvers",
        {
            "kind": "approval_overdue",
            "quote_no": given.quote_no,
            "net_total": quote.net_total,
            "currency": quote.currency,
            "discount_pct": quote.discount_pct,
            "requester": quote.requester,
        },
    )


@tasks.register("quoting.revise_quote")
def revise_quote(given: ReviseQuote, tx: Session) -> Revised:
    """Begin the next version of a quote with other discounts, on the whole and on single lines."""
    named = {"lines": given.lines or (), "other_lines": given.other_lines or ()}
    lines = [
        life.LineDiscount(line.line_no, line.discount_pct, f"{field}.{place}")
        for field, each in named.items()
        for place, line in enumerate(each)
    ]
    return Revised(life.revise_quote(tx, given.quote_no, life.Revision(given.discount_pct, lines, given.comment or "")))


@tasks.register("quoting.record_approval")
def record_approval(given: RecordApproval, tx: Session, context: TaskContext) -> None:
    """Keep who approved the quote as it stands."""
    life.record_approval(tx, given.quote_no, approvers.decisions(tx, given.approvals or (), context), context.now)


@tasks.register("quoting.produce_document")
def produce_document(given: QuoteNumber, tx: Session, context: TaskContext) -> Document:
    """Print the quote as PDF."""
    return Document(paper.produce_document(tx, given.quote_no, context.now))


@tasks.register("quoting.send_quote")
def send_quote(given: QuoteNumber, tx: Session, context: TaskContext, effects: EffectLedger) -> Sent:
    """Send the approved quote and open it for acceptance."""
    valid_until = life.send_quote(tx, given.quote_no, context.now)
    quote = life.find_quote(tx, given.quote_no)
    payload = {"kind": "quote", "quote_no": given.quote_no, "document_id": quote.document_id, "valid_until": valid_until}
    email = find_customer(tx, quote.customer_no).email
    if email:  # without one, sales hands the paper over
        effects.record("mail", email, payload)
    return Sent(valid_until)


@tasks.register("quoting.extend_quote")
def extend_quote(given: ExtendQuote, tx: Session, context: TaskContext) -> Sent:
    """Give the customer more time to accept."""
    return Sent(life.extend_quote(tx, given.quote_no, given.valid_until, context.now))


@tasks.register("quoting.check_acceptance")
def check_acceptance(given: Acceptance, tx: Session, context: TaskContext) -> AcceptanceCheck:
    """Check whether an acceptance is in time and for what was offered, and what a part would cost and earn alone."""
    check = acceptance.check_acceptance(tx, given.quote_no, given.customer_po or "", context.now)
    return AcceptanceCheck(accepted=not check.reason, **asdict(check))


@tasks.register("quoting.create_order")
def create_order(given: Acceptance, tx: Session) -> OrderCreated:
    """Make the order of what was accepted of a quote, at the quoted prices, once."""
    made = acceptance.create_order(tx, given.quote_no, given.customer_po or "")
    return OrderCreated(made.order_no, made.left)


@tasks.register("quoting.close_quote")
def close_quote(given: CloseQuote, tx: Session) -> Closed:
    """Close a quote with its outcome."""
    return Closed(life.close_quote(tx, given.quote_no, given.outcome, given.reason or ""))
