"""Posts an invoice: receivable, revenue, carriage and tax in one journal, the cost of what it charges in another, and the open item."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.ledger import posting
from handlers.ledger.accounts import COGS, DEFERRED_COGS, FREIGHT_REVENUE, OUTPUT_VAT, RECEIVABLES, REVENUE
from handlers.ledger.books import books_currency, rate_on
from handlers.ledger.open_items import NewOpenItem, add_open_item
from handlers.shipments.records import lock_shipment, recognise_costs


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
    for shipment_no in tx.scalars(text("SELECT shipment_no FROM invoice WHERE invoice_no = :no"), {"no": invoice_no}).all():
        lock_shipment(tx, shipment_no)
    locks.take(tx, Lock.INVOICE, [invoice_no])
    row = tx.execute(text("SELECT * FROM invoice WHERE invoice_no = :no"), {"no": invoice_no}).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no invoice {invoice_no}.", code="invoice_unknown", next_step="Look the invoice up on the page of its order."
        )
    return row


def _post_revenue(tx: Session, row: Row[Any], rate: Decimal) -> int | None:
    lines = posting.merged(
        [
            posting.debit(RECEIVABLES, row.gross_total, party_no=row.customer_no, reference=row.invoice_no),
            posting.credit(REVENUE, row.net_total, reference=row.invoice_no),
            posting.credit(FREIGHT_REVENUE, row.freight_total, reference=row.invoice_no),
            posting.credit(OUTPUT_VAT, row.tax_total, reference=row.invoice_no),
        ]
    )
    if not lines:  # goods given away are shipped and invoiced at nothing
        return None
    entry = posting.Entry(
        event_type="invoice.posted",
        source_id=row.invoice_no,
        currency=row.currency,
        lines=lines,
        gl_date=row.invoice_date,
        fx_rate=rate,
        narration=f"Invoice {row.invoice_no} of order {row.order_no}",
    )
    return posting.post(tx, entry)


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
    )
    add_open_item(tx, item)


_CHARGED = text("SELECT shipment_line_id FROM invoice_line WHERE invoice_no = :invoice_no AND shipment_line_id IS NOT NULL")
_MARK = text("UPDATE invoice SET posted_at = business_now(), fx_rate = :rate, journal_id = :journal_id WHERE invoice_no = :invoice_no")
