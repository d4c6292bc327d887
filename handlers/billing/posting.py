"""Posts an invoice: receivable, revenue, carriage and tax in one journal, the cost of what it charges in another, and the open item."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store import locks
from engine.store.locks import Lock
from engine.store.memo import read_once
from handlers.billing.model import Invoice
from handlers.billing.payment_terms import as_read
from handlers.ledger import posting
from handlers.ledger.accounts import (
    COGS,
    CUSTOMER_DEPOSITS,
    DEFERRED_COGS,
    DEFERRED_REVENUE,
    FREIGHT_REVENUE,
    OUTPUT_VAT,
    RECEIVABLES,
    REVENUE,
)
from handlers.ledger.books import books_currency, rate_on
from handlers.ledger.open_items import Instalment, NewOpenItem, add_open_item, share_in_books
from handlers.ledger.rules import in_books_currency
from handlers.shipments.records import lock_shipments, recognise_costs

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Posted:
    """When it is due and what is owed."""

    due_date: date
    gross_total: Decimal


def post_invoice(tx: Session, invoice_no: str) -> Posted:
    """Post an invoice; again: the same answer and nothing more. Raises NotFound, Invalid when the books refuse it."""
    row = locked(tx, invoice_no)
    if row.posted_at is None:
        rate = rate_on(tx, row.currency, row.invoice_date)
        journal_id = _post_revenue(tx, row, rate)
        _post_cost(tx, row)
        _open(tx, row, rate)
        tx.execute(_MARK, {"invoice_no": invoice_no, "rate": rate, "journal_id": journal_id})
    return Posted(row.due_date, row.gross_total)


def locked(tx: Session, invoice_no: str) -> Row[Any]:
    """The invoice, held to the end of the transaction with its shipment and order: the rest of the shipment may be charged after it.

    Raises NotFound.
    """
    if not locks.holds(tx, Lock.INVOICE, invoice_no):
        lock_sources(tx, [invoice_no])
        locks.take(tx, Lock.INVOICE, [invoice_no])
    row = read_once(tx, (Invoice, invoice_no), lambda: tx.execute(_INVOICE, {"no": invoice_no}).one_or_none())
    if row is None:
        raise NotFound(
            f"There is no invoice {invoice_no}.", code="invoice_unknown", next_step="Look the invoice up on the page of its order."
        )
    return row


def lock_sources(tx: Session, numbers: Sequence[str]) -> None:
    """Hold what papers are about to the end of the transaction: their shipments with the orders, or the orders alone."""
    sources = tx.execute(_SOURCES, {"numbers": list(numbers)}).all()
    lock_shipments(
        tx,
        {row.shipment_no for row in sources if row.shipment_no is not None},
        {row.order_no for row in sources if row.order_no is not None},
    )


def of_orders(order_no: str | None) -> str:
    """What an invoice is about, in words: one that names no order is about several."""
    return f"order {order_no}" if order_no else "several orders"


def account_of_advance(billing_policy: str) -> str:
    """Where stands what was billed in advance until its goods leave."""
    return CUSTOMER_DEPOSITS if billing_policy == "DEPOSIT" else DEFERRED_REVENUE


def _post_revenue(tx: Session, row: Row[Any], rate: Decimal) -> int | None:
    charged = {charge_code: Decimal(amount) for charge_code, amount in row.charged.items()}
    used = _advances_used(tx, row, rate) if "ADVANCE_USED" in charged else []
    lines = posting.merged(
        [
            posting.debit(RECEIVABLES, row.gross_total, party_no=row.customer_no, reference=row.invoice_no),
            posting.credit(REVENUE, charged.get("ITEM", ZERO) + charged.get("PRICE", ZERO), reference=row.invoice_no),
            posting.credit(account_of_advance(row.billing_policy), charged.get("ADVANCE", ZERO), reference=row.invoice_no),
            posting.credit(FREIGHT_REVENUE, row.freight_total, reference=row.invoice_no),
            posting.credit(OUTPUT_VAT, row.tax_total, reference=row.invoice_no),
        ]
    )
    lines = _with_advances(lines, used, rate)
    if not lines:  # goods given away are shipped and invoiced at nothing
        return None
    entry = posting.Entry(
        event_type="invoice.posted",
        source_id=row.invoice_no,
        currency=row.currency,
        lines=lines,
        gl_date=row.invoice_date,
        fx_rate=rate,
        narration=f"{'Debit note' if row.kind == 'DM' else 'Invoice'} {row.invoice_no} of {of_orders(row.order_no)}",
    )
    return posting.post(tx, entry)


def _advances_used(tx: Session, row: Row[Any], rate: Decimal) -> list[posting.Line]:
    """What is taken off invoices in advance, at what they stand at in the books: the last of one takes whatever is left."""
    books = books_currency(tx)
    found = []
    for used in tx.execute(_USED, {"invoice_no": row.invoice_no}):
        account = account_of_advance(used.billing_policy)
        left = tx.execute(_LEFT, {"account": account, "advance_no": used.advance_no}).one()
        in_books = share_in_books(used.amount, left.amount, left.in_books, used.fx_rate or rate, books)
        found.append(posting.Line(account, debit=used.amount, reference=used.advance_no, accounted=in_books))
    return found


def _with_advances(lines: list[posting.Line], used: list[posting.Line], rate: Decimal) -> list[posting.Line]:
    """Goods that were paid for in advance are revenue at the rate of that day (IFRIC 22): the revenue takes the difference."""
    if not used:
        return lines
    amounts = in_books_currency(lines, rate, posting.CENT)
    dated = [replace(line, accounted=amount) for line, amount in zip(lines, amounts, strict=True)]
    place = next(number for number, line in enumerate(dated) if line.account in {REVENUE, FREIGHT_REVENUE})
    residue = sum((line.accounted or ZERO for line in [*dated, *used]), ZERO)
    dated[place] = replace(dated[place], accounted=(dated[place].accounted or ZERO) - residue)
    return [*dated, *used]


def _post_cost(tx: Session, row: Row[Any]) -> None:
    costs = recognise_costs(tx, tx.execute(_CHARGED, {"invoice_no": row.invoice_no}).scalars().all())
    total = sum((cost.cost for cost in costs), Decimal(0))
    if not total:
        return
    lines = [posting.credit(DEFERRED_COGS, cost.cost, reference=f"FL-{cost.fulfil_line_id}") for cost in costs]
    entry = posting.Entry(
        event_type="cogs.recognised",
        source_id=row.invoice_no,
        currency=books_currency(tx),
        lines=[posting.debit(COGS, total, reference=row.invoice_no), *posting.merged(lines)],
        gl_date=row.invoice_date,
        narration=f"Cost of what invoice {row.invoice_no} charges",
    )
    posting.post(tx, entry)


def _open(tx: Session, row: Row[Any], rate: Decimal) -> None:
    item = NewOpenItem(
        kind="AR",
        party_no=row.customer_no,
        document_no=row.invoice_no,
        document_date=row.invoice_date,
        due_date=row.due_date,
        amount=row.gross_total,
        currency=row.currency,
        discount_date=row.discount_date,
        discount_amount=row.discount_amount,
        tax_amount=row.tax_total,
        fx_rate=rate,
        instalments=[Instalment(part.due_date, part.amount) for part in as_read(row.instalments)],
    )
    add_open_item(tx, item)


#: A paper of several shipments names them by its lines.
_SOURCES = text("""
SELECT DISTINCT coalesce(paper.order_no, line.order_no) AS order_no, coalesce(paper.shipment_no, packed.shipment_no) AS shipment_no
FROM invoice AS paper
LEFT JOIN invoice_line AS line ON line.invoice_no = paper.invoice_no AND paper.billing_policy = 'CONSOLIDATED'
LEFT JOIN shipment_line AS packed ON packed.id = line.shipment_line_id
WHERE paper.invoice_no = ANY(:numbers)
""")
_INVOICE = text("""
SELECT invoice.*, (SELECT jsonb_object_agg(charge_code, CAST(amount AS text)) FROM (
  SELECT charge_code, sum(amount) AS amount FROM invoice_line WHERE invoice_line.invoice_no = invoice.invoice_no GROUP BY charge_code
) AS each) AS charged
FROM invoice WHERE invoice_no = :no
""")
_USED = text("""
SELECT line.advance_no, advance.billing_policy, advance.fx_rate, -sum(line.amount) AS amount
FROM invoice_line AS line JOIN invoice AS advance ON advance.invoice_no = line.advance_no
WHERE line.invoice_no = :invoice_no GROUP BY line.advance_no, advance.billing_policy, advance.fx_rate ORDER BY line.advance_no
""")
_LEFT = text("""
SELECT coalesce(sum(credit - debit), 0) AS amount, -coalesce(sum(accounted), 0) AS in_books FROM journal_line
WHERE account = :account AND reference = :advance_no
""")
_CHARGED = text("SELECT shipment_line_id FROM invoice_line WHERE invoice_no = :invoice_no AND shipment_line_id IS NOT NULL")
_MARK = text("UPDATE invoice SET posted_at = business_now(), fx_rate = :rate, journal_id = :journal_id WHERE invoice_no = :invoice_no")
