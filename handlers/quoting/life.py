"""What happens to a quote: priced, revised, approved, sent, accepted, ordered, closed; each step asks the state before it acts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.store import locks
from engine.store.clock import business_today
from engine.store.locks import Lock
from handlers.catalog.rules import Priced
from handlers.identifiers import percentage
from handlers.ledger.books import rate_on
from handlers.orders.pricing import LineToPrice, PricingRequest, as_columns, as_totals, price
from handlers.parties.master_data import company
from handlers.parties.policy import chosen
from handlers.quotes.model import Quote, QuoteApproval, QuoteLine, QuoteVersion
from handlers.quoting.rules import extension_problem, fingerprint
from handlers.rowsets import insert_rows, update_rows
from handlers.values import round_currency

_CLOSED = frozenset({"ORDERED", "PARTIALLY_ORDERED", "LOST", "EXPIRED", "WITHDRAWN"})
_HEADER = ("quote_no", "version_no", "customer_no", "currency", "header_discount", "freight", "net_total", "gross_total")
_LINE = ("line_no", "sku", "qty", "unit_net", "line_net", "header_discount", "cost", "tax_category", "tax_rate_pct")


class QuoteClosed(Conflict):
    """The quote was answered, withdrawn or expired."""

    default_code = "quote_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One approver's decision."""

    approver: str
    approver_group: str = ""
    approved: bool = True
    comment: str = ""
    amount_limit: Decimal | None = None


def find_quote(tx: Session, quote_no: str, *, lock: bool = False) -> Quote:
    """The quote as it is now, locked until the transaction ends when asked. Raises NotFound."""
    if lock:
        locks.take(tx, Lock.QUOTE, [quote_no])
    found = tx.get(Quote, quote_no, populate_existing=True)
    if found is None:
        raise NotFound(f"There is no quote {quote_no}.", code="quote_unknown", next_step="Check the number in the list of quotes.")
    return found


def lines_of(tx: Session, quote_no: str) -> list[QuoteLine]:
    """The quote's lines as they are now."""
    lines = select(QuoteLine).where(QuoteLine.quote_no == quote_no).order_by(QuoteLine.line_no)
    return list(tx.scalars(lines.execution_options(populate_existing=True)))


def price_quote(tx: Session, quote_no: str) -> Priced:
    """Price a quote and take its fingerprint; approvals of another one are void. Raises PriceMissing, Invalid, NotFound, Conflict."""
    quote = find_quote(tx, quote_no, lock=True)
    _refuse_closed(quote)
    lines = lines_of(tx, quote_no)
    today = business_today(tx)
    priced = price(
        tx,
        PricingRequest(
            customer_no=quote.customer_no,
            currency=quote.currency,
            day=today,
            channel=quote.channel,
            ship_to=quote.ship_to,
            header_discount_pct=quote.header_discount_pct,
            lines=[
                LineToPrice(line_no=line.line_no, sku=line.sku, qty=line.qty, manual_discount_pct=line.manual_discount_pct)
                for line in lines
            ],
        ),
    )
    ids = {line.line_no: line.id for line in lines}
    update_rows(tx, QuoteLine, [{"id": ids[line.facts.line_no], **as_columns(line)} for line in priced.lines])
    _set(
        tx,
        quote_no,
        **as_totals(priced),
        discount_pct=priced.discount_pct,
        margin_pct=priced.margin_pct,
        lowest_margin_gap=priced.lowest_margin_gap,
        priced_on=today,
    )
    quote = find_quote(tx, quote_no)
    taken = fingerprint(_facts(quote, _HEADER), [_facts(line, _LINE) for line in lines_of(tx, quote_no)])
    still_approved = quote.state in {"APPROVED", "SENT"} and taken == quote.approved_hash
    _set(tx, quote_no, snapshot_hash=taken, state=quote.state if still_approved else "PENDING_APPROVAL")
    return priced


def deal_size(tx: Session, priced: Priced) -> Decimal:
    """The net of a deal in the company's currency."""
    books = company(tx).currency
    if priced.currency == books:
        return priced.net_total
    today = business_today(tx)
    return round_currency(priced.net_total * rate_on(tx, priced.currency, today), books)


@dataclass(frozen=True, slots=True)
class LineDiscount:
    """Another discount on a line, in percent, and the field it was said in, for who corrects it."""

    line_no: int
    discount_pct: Decimal
    field: str


@dataclass(frozen=True, slots=True)
class Revision:
    """The discount on the whole (in percent), other discounts on lines, and why."""

    discount_pct: Decimal
    lines: Sequence[LineDiscount] = ()
    comment: str = ""


def revise_quote(tx: Session, quote_no: str, revision: Revision) -> int:
    """Begin the next version with other discounts; answer its number. Raises Invalid (also for a line there is not), NotFound, Conflict.

    It offers what is left of the quote: what was ordered already stays in the version that it was ordered from.
    """
    percentage(revision.discount_pct, "discount_pct")
    for each in revision.lines:
        percentage(each.discount_pct, f"{each.field}.discount_pct")
    quote = find_quote(tx, quote_no, lock=True)
    _refuse_closed(quote)
    lines = {line.line_no: line for line in lines_of(tx, quote_no)}
    _check_lines(quote_no, revision.lines, lines)
    snapshot = {"header": _facts(quote, _HEADER), "lines": [_facts(line, (*_LINE, "qty_ordered")) for line in lines.values()]}
    kept = insert(QuoteVersion).values(
        quote_no=quote_no, version_no=quote.version_no, snapshot_hash=quote.snapshot_hash, snapshot=snapshot, comment=revision.comment
    )
    tx.execute(kept.on_conflict_do_nothing())
    changes = [{"id": lines[each.line_no].id, "manual_discount_pct": each.discount_pct} for each in revision.lines]
    update_rows(tx, QuoteLine, changes)
    tx.execute(
        delete(QuoteLine).where(QuoteLine.quote_no == quote_no, QuoteLine.qty_ordered == QuoteLine.qty).execution_options(**_NO_SYNC)
    )
    left = {"qty": QuoteLine.qty - QuoteLine.qty_ordered, "qty_ordered": 0, "qty_accepted": 0}
    tx.execute(update(QuoteLine).where(QuoteLine.quote_no == quote_no).values(left).execution_options(**_NO_SYNC))
    version_no = quote.version_no + 1
    _set(tx, quote_no, version_no=version_no, header_discount_pct=revision.discount_pct, state="DRAFT", snapshot_hash="", document_id=None)
    return version_no


def _check_lines(quote_no: str, discounts: Sequence[LineDiscount], lines: Mapping[int, QuoteLine]) -> None:
    numbers = [each.line_no for each in discounts]
    wrong = {
        f"{each.field}.line_no": ["is named twice" if each.line_no in lines else "is no line of the quote"]
        for place, each in enumerate(discounts)
        if each.line_no not in lines or each.line_no in numbers[:place]
    }
    if wrong:
        raise Invalid(
            f"{len(wrong)} line(s) are not those of quote {quote_no}.",
            code="line_unknown",
            next_step="Check the numbers of the lines on the quote.",
            errors=wrong,
        )


def record_approval(tx: Session, quote_no: str, decisions: Sequence[Decision], now: datetime) -> None:
    """Keep who approved what the quote is now; without decisions none was needed. Raises Forbidden (four eyes), Conflict, Invalid."""
    quote = find_quote(tx, quote_no, lock=True)
    _refuse_closed(quote)
    if not quote.snapshot_hash:
        raise Conflict(f"Quote {quote_no} is not priced yet.", code="quote_unpriced", next_step="Price it first.")
    for decision in decisions:
        _check_decision(quote, decision)
    insert_rows(
        tx,
        QuoteApproval,
        [
            {
                "quote_no": quote_no,
                "snapshot_hash": quote.snapshot_hash,
                "approver": decision.approver,
                "approver_group": decision.approver_group,
                "approved": True,
                "comment": decision.comment,
                "amount": quote.net_total,
                "amount_limit": decision.amount_limit,
                "decided_at": now,
            }
            for decision in decisions
        ],
    )
    _set(tx, quote_no, approved_hash=quote.snapshot_hash, approved_at=now, state="APPROVED")


def send_quote(tx: Session, quote_no: str, now: datetime) -> datetime:
    """Open the quote for acceptance and answer until when. Raises NotFound, Conflict when what is sent is not what was approved."""
    quote = find_quote(tx, quote_no, lock=True)
    _refuse_closed(quote)
    if quote.state == "SENT" and quote.valid_until is not None:
        return quote.valid_until
    if quote.state != "APPROVED" or quote.approved_hash != quote.snapshot_hash:
        raise Conflict(
            f"Quote {quote_no} is not approved as it stands.",
            code="quote_not_approved",
            next_step="Price it and have it approved, then send it.",
        )
    until = now + timedelta(days=int(chosen(tx, "quote.valid_days")["quote.valid_days"]))
    _set(tx, quote_no, state="SENT", sent_at=now, valid_until=until)
    return until


def extend_quote(tx: Session, quote_no: str, until: datetime, now: datetime) -> datetime:
    """Give the customer until another moment to accept, and answer it. Raises NotFound, Invalid, Conflict (not open for acceptance)."""
    quote = find_quote(tx, quote_no, lock=True)
    check_extension(quote, until, now)
    _set(tx, quote_no, valid_until=until)
    return until


def check_extension(quote: Quote, until: datetime, now: datetime) -> None:
    """Refuse what no quote can be extended to. Raises Invalid, Conflict."""
    if quote.state != "SENT":
        raise Conflict(
            f"Quote {quote.quote_no} is {quote.state.lower()}, not open for acceptance.",
            code="quote_not_sent",
            next_step="Write a new quote.",
        )
    problem = extension_problem(until, valid_until=quote.valid_until, now=now)
    if problem:
        raise Invalid(
            f"Quote {quote.quote_no} cannot be valid until {until.date()}: that day {problem}.",
            code="validity",
            next_step="Give a later day.",
            errors={"valid_until": [problem]},
        )


def close_quote(tx: Session, quote_no: str, outcome: str, reason: str) -> str:
    """Close a quote as ORDERED, LOST, EXPIRED or WITHDRAWN; answer its state. Again: the first outcome stays. Raises Invalid, NotFound.

    One that was ordered in part is PARTIALLY_ORDERED, whatever became of its rest: what it says why is kept.
    """
    if outcome not in _CLOSED:
        raise Invalid(f"{outcome!r} is no outcome.", code="quote_outcome", next_step=f"Use one of {', '.join(sorted(_CLOSED))}.")
    quote = find_quote(tx, quote_no, lock=True)
    if quote.state in _CLOSED:
        return quote.state
    if outcome == "LOST" and not reason:
        raise Invalid("A lost quote needs a reason.", code="reason_missing", next_step="Say why it was lost.")
    if tx.execute(_ORDERED_IN_PART, {"quote_no": quote_no, "outcome": outcome}).scalar_one():
        outcome = "PARTIALLY_ORDERED"
    _set(tx, quote_no, state=outcome, close_reason=reason, closed_at=func.business_now())
    return outcome


def _check_decision(quote: Quote, decision: Decision) -> None:
    if decision.approver == quote.requester:
        raise Forbidden(
            f"{decision.approver} asked for quote {quote.quote_no} and may not approve it.",
            code="four_eyes",
            next_step="Have somebody else approve it.",
        )
    if not decision.approved:
        raise Invalid(f"{decision.approver} did not approve quote {quote.quote_no}.", code="quote_refused", next_step="Revise the quote.")
    if decision.amount_limit is not None and quote.net_total > decision.amount_limit:
        raise Forbidden(
            f"{quote.net_total} {quote.currency} is above what {decision.approver} may approve ({decision.amount_limit}).",
            code="above_limit",
            next_step="Have somebody with a higher limit approve it.",
        )


def _refuse_closed(quote: Quote) -> None:
    if quote.state in _CLOSED:
        raise QuoteClosed(f"Quote {quote.quote_no} is closed ({quote.state.lower()}).", next_step="Make a new quote.")


def _facts(row: Quote | QuoteLine, names: Sequence[str]) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in names}


def _set(tx: Session, quote_no: str, **values: Any) -> None:
    tx.execute(update(Quote).where(Quote.quote_no == quote_no).values(values).execution_options(**_NO_SYNC))


_NO_SYNC = {"synchronize_session": False}
_ORDERED_IN_PART = text("""
SELECT CASE WHEN :outcome = 'ORDERED' THEN EXISTS (SELECT FROM quote_line WHERE quote_no = :quote_no AND qty_ordered < qty)
  ELSE EXISTS (SELECT FROM sales_order WHERE source = 'QUOTE' AND starts_with(source_ref, :quote_no || ':')) END
""")
