"""What a customer takes of a quote: recorded by line, checked, and made an order; what remains stays open on the quote."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.patterns import fits
from engine.problems import Conflict, Invalid
from engine.store import locks
from engine.store.clock import business_today
from engine.store.locks import Lock
from engine.store.unit_of_work import savepoint
from handlers.catalog.rules import PriceMissing
from handlers.identifiers import Quantity, canonical, folded
from handlers.orders.drafts import LineDraft, OrderDraft
from handlers.orders.drafts import create_order as enter_order
from handlers.orders.pricing import LineToPrice, PricingRequest, price
from handlers.parties.master_data import find_customer
from handlers.parties.policy import chosen
from handlers.quotes.model import Quote, QuoteLine
from handlers.quoting.life import find_quote, lines_of
from handlers.quoting.rules import Offer, Part, Quoted, acceptance_problems, objection, part_of
from handlers.rowsets import update_rows
from handlers.values import percent, round_currency

ZERO = Decimal(0)
#: So many lines of a part are told to whoever resolves an acceptance; a person reads no more.
_TOLD = 20
#: The margin, in percent, of what costs something and is given away.
_GIVEN_AWAY = -Decimal(100)


@dataclass(frozen=True, slots=True)
class AcceptedLine:
    """So much of a line is accepted, in the item's unit."""

    line_no: int
    qty: Quantity


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the customer accepts under a purchase order of its own; without lines everything that is left of the quote."""

    customer_po: str
    lines: Sequence[AcceptedLine] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whether an acceptance counts, and what is accepted.

    `reason` says why it does not; empty when it does. Of a part, `price_gap_pct` is how much more it would cost if it were priced alone
    today, `margin_gap` how far its worst line lies over its margin floor at today's cost, `quoted_margin_gap` how far the quote's did.
    """

    reason: str
    part: str = ""
    net_total: Decimal = ZERO
    price_gap_pct: Decimal = ZERO
    margin_gap: Decimal = ZERO
    quoted_margin_gap: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Ordered:
    """The order that was made, and whether anything of the quote is left to order."""

    order_no: str
    left: bool


def read_accepted(tx: Session, quote_no: str, accepted: Accepted) -> Accepted:
    """What is accepted in the form in which it is kept; all that is left is said without lines. Raises Invalid by field."""
    accepted = canonical(accepted)
    quoted = [_quoted(line) for line in lines_of(tx, quote_no)]
    wanted = [(line.line_no, line.qty) for line in accepted.lines]
    problems = acceptance_problems(quoted, wanted)
    if problems:
        raise Invalid(
            f"Quote {quote_no} cannot be ordered so: " + " ".join(f"{at} {says[0]}." for at, says in list(problems.items())[:5]),
            code="part_invalid",
            next_step="Look at the quote's page for what is left of each line, and correct the lines.",
            errors=problems,
        )
    whole = dict(wanted) == {line.line_no: line.left for line in quoted if line.left}
    return replace(accepted, lines=()) if whole else accepted


def record_accepted(tx: Session, quote_no: str, accepted: Accepted) -> None:
    """Keep what is accepted by line until it is ordered. The quote is locked by whoever calls."""
    wanted = {line.line_no: line.qty for line in accepted.lines}
    rows = lines_of(tx, quote_no)
    taken = [(line, wanted.get(line.line_no, ZERO) if wanted else line.qty - line.qty_ordered) for line in rows]
    update_rows(tx, QuoteLine, [{"id": line.id, "qty_accepted": qty} for line, qty in taken])


def check_acceptance(tx: Session, quote_no: str, customer_po: str, now: datetime) -> Check:
    """Whether the acceptance counts, and what is accepted: everything that is left, unless lines were recorded.

    The customer is locked, so that one purchase order is not accepted for two quotes at once. Raises NotFound.
    """
    quote = find_quote(tx, quote_no, lock=True)
    customer = find_customer(tx, quote.customer_no)
    locks.take(tx, Lock.CUSTOMER, [customer.customer_no])
    po = customer_po.strip()
    lines = lines_of(tx, quote_no)
    own = _own_order(tx, quote, po)
    if own is None and not any(line.qty_accepted for line in lines):
        record_accepted(tx, quote_no, Accepted(po))
        lines = lines_of(tx, quote_no)
    comes_again = own is not None and not any(line.qty_accepted for line in lines)
    given = {"customer": quote.customer_no, "po": po, "reference": _reference(quote, po) if comes_again else None}
    reason = objection(
        Offer(
            state=quote.state,
            now=now,
            valid_until=quote.valid_until,
            approved_at=quote.approved_at,
            approval_days=int(chosen(tx, "quote.approval_days")["quote.approval_days"]),
            hash_is_approved=quote.approved_hash == quote.snapshot_hash,
            customer_active=customer.active,
            requires_po=customer.requires_po,
            po_is_well_formed=not (po and customer.po_pattern) or fits(customer.po_pattern, po),
            customer_po=po,
            po_used_for=tx.execute(_PO_USED, given).scalar_one_or_none() if po else None,
        )
    )
    part = _part(quote, lines)
    if part.quantities == {line.line_no: line.qty for line in lines} or not part.quantities:
        return Check(reason=reason, net_total=part.net, margin_gap=quote.lowest_margin_gap, quoted_margin_gap=quote.lowest_margin_gap)
    return _compared(tx, quote, lines, part, reason)


def _compared(tx: Session, quote: Quote, lines: Sequence[QuoteLine], part: Part, reason: str) -> Check:
    """The check of a part: what it would cost alone, and what it earns at today's cost."""
    taken = {line.line_no: line for line in lines if line.qty_accepted}
    told = [f"line {line.line_no}: {line.qty_accepted.normalize():f} of {line.qty.normalize():f} {line.sku}" for line in taken.values()]
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    check = Check(
        reason=reason,
        part="; ".join(told[:_TOLD]) + more,
        net_total=part.net,
        margin_gap=quote.lowest_margin_gap,
        quoted_margin_gap=quote.lowest_margin_gap,
    )
    try:
        with savepoint(tx):
            alone = price(tx, _priced_alone(tx, quote, list(taken.values())))
    except (PriceMissing, Invalid) as missing:
        return replace(check, reason=f"{reason} The part cannot be compared with today's prices: {missing.detail}".strip())
    gaps = [_margin(taken[each.facts.line_no], each.facts.cost, quote.currency) - each.facts.margin_floor_pct for each in alone.lines]
    dearer = percent(alone.net_total - part.net, part.net) if part.net else ZERO
    return replace(check, price_gap_pct=dearer, margin_gap=min(gaps))


def _priced_alone(tx: Session, quote: Quote, lines: Sequence[QuoteLine]) -> PricingRequest:
    return PricingRequest(
        customer_no=quote.customer_no,
        currency=quote.currency,
        day=business_today(tx),
        channel=quote.channel,
        ship_to=quote.ship_to,
        header_discount_pct=quote.header_discount_pct,
        freight=ZERO,
        lines=[
            LineToPrice(line_no=line.line_no, sku=line.sku, qty=line.qty_accepted, manual_discount_pct=line.manual_discount_pct)
            for line in lines
        ],
    )


def _margin(line: QuoteLine, cost: Decimal, currency: str) -> Decimal:
    """The margin of a line at its quoted price and a cost per unit, in percent."""
    share = line.header_discount * line.qty_accepted / line.qty
    net = round_currency(line.unit_net * line.qty_accepted - share, currency)
    return percent(net - cost * line.qty_accepted, net) if net else (_GIVEN_AWAY if cost else ZERO)


def create_order(tx: Session, quote_no: str, customer_po: str) -> Ordered:
    """Make the order of what is accepted of a quote, at the quoted prices; again: the same order. Raises NotFound, Conflict."""
    quote = find_quote(tx, quote_no, lock=True)
    if quote.state not in {"SENT", "ORDERED"} or quote.approved_hash != quote.snapshot_hash:
        raise Conflict(
            f"Quote {quote_no} is {quote.state.lower()} and cannot be ordered.",
            code="quote_not_open",
            next_step="Have it approved and sent first.",
        )
    po = customer_po.strip()
    lines, own = lines_of(tx, quote_no), _own_order(tx, quote, po)
    if not any(line.qty_accepted for line in lines):
        if own is not None:
            return Ordered(own, _is_left(lines))
        record_accepted(tx, quote_no, Accepted(po))
        lines = lines_of(tx, quote_no)
    order_no = enter_order(tx, _draft(tx, quote, po, lines))
    taken = [
        {"id": line.id, "qty_ordered": line.qty_ordered + line.qty_accepted, "qty_accepted": ZERO} for line in lines if line.qty_accepted
    ]
    update_rows(tx, QuoteLine, taken)
    return Ordered(order_no, _is_left(lines_of(tx, quote_no)))


def _draft(tx: Session, quote: Quote, po: str, lines: Sequence[QuoteLine]) -> OrderDraft:
    part = _part(quote, lines)
    reference = _reference(quote, po)
    under_it = tx.execute(_UNDER, {"reference": reference}).scalar_one()
    return OrderDraft(
        customer_no=quote.customer_no,
        source="QUOTE",
        source_ref=f"{reference}:{under_it + 1}" if under_it else reference,
        customer_po=po,
        currency=quote.currency,
        channel=quote.channel,
        ship_to=quote.ship_to,
        requested_date=quote.requested_date,
        header_discount=part.header_discount,
        freight=part.freight,
        requester=quote.requester,
        event={"quote_no": quote.quote_no, "version_no": quote.version_no},
        lines=[
            LineDraft(
                line_no=line.line_no,
                sku=line.sku,
                qty=line.qty_accepted,
                description=line.description,
                fixed_unit_net=line.unit_net,
                requested_date=line.requested_arrival,
            )
            for line in lines
            if line.qty_accepted
        ],
    )


def _part(quote: Quote, lines: Sequence[QuoteLine]) -> Part:
    return part_of([_quoted(line) for line in lines], quote.freight, quote.currency)


def _quoted(line: QuoteLine) -> Quoted:
    return Quoted(
        line_no=line.line_no,
        qty=line.qty,
        ordered=line.qty_ordered,
        accepted=line.qty_accepted,
        unit_net=line.unit_net,
        line_net=line.line_net,
        header_discount=line.header_discount,
    )


def _is_left(lines: Sequence[QuoteLine]) -> bool:
    return any(line.qty_ordered < line.qty for line in lines)


def _reference(quote: Quote, customer_po: str) -> str:
    return f"{quote.quote_no}:{quote.version_no}:{folded(customer_po)}"


def _own_order(tx: Session, quote: Quote, po: str) -> str | None:
    """The order that this version of the quote became under a purchase order first."""
    return tx.execute(_OWN, {"reference": _reference(quote, po)}).scalar_one_or_none()


_OWN = text("SELECT order_no FROM sales_order WHERE source = 'QUOTE' AND source_ref = :reference")
_UNDER = text("""
SELECT count(*) FROM sales_order WHERE source = 'QUOTE' AND (source_ref = :reference OR starts_with(source_ref, :reference || ':'))
""")
_PO_USED = text("""
SELECT order_no FROM sales_order
WHERE customer_no = :customer AND folded(customer_po) = folded(:po) AND state <> 'REJECTED'
  AND source_ref IS DISTINCT FROM CAST(:reference AS text)
ORDER BY order_no LIMIT 1
""")
