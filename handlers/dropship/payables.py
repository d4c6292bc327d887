"""A supplier's bill: matched, approved into the payables, paid."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from handlers.dropship.purchasing import lock_order
from handlers.dropship.rules import Billed, BillTotals, MatchFacts, match_facts, settle
from handlers.ledger import posting
from handlers.ledger.accounts import (
    BANK,
    FREIGHT_OUT,
    FX_GAIN,
    FX_LOSS,
    GOODS_RECEIVED_NOT_INVOICED,
    INPUT_VAT,
    PAYABLES,
    PURCHASE_PRICE_VARIANCE,
)
from handlers.ledger.books import books_currency, rate_on
from handlers.ledger.open_items import NewOpenItem, add_open_item, reduce_open_items
from handlers.values import round_currency

ZERO = Decimal(0)


def read_match_facts(tx: Session, po_no: str, supplier_invoice_no: str) -> MatchFacts:
    """What the three-way match decides on. Raises NotFound, Conflict when the order was cancelled."""
    lock_order(tx, po_no)
    bill = _lock_bill(tx, supplier_invoice_no, po_no)
    duplicate = tx.execute(_TWIN, {"no": supplier_invoice_no}).first() is not None
    return match_facts(_billed(tx, supplier_invoice_no), BillTotals(bill.tax_total, bill.gross_total, bill.currency), duplicate=duplicate)


def approve(tx: Session, po_no: str, supplier_invoice_no: str) -> None:
    """Post a bill and owe it; again: nothing more. Raises NotFound, Conflict while nothing of it was received."""
    order = lock_order(tx, po_no)
    bill = _lock_bill(tx, supplier_invoice_no, po_no)
    if bill.approved_at is not None:
        return
    lines = _billed(tx, supplier_invoice_no)
    if not any(line.received > line.billed_before for line in lines):
        raise Conflict(
            f"Nothing of what {bill.document_no} bills was received and not billed before.",
            code="nothing_received",
            next_step="Wait for the supplier's despatch advice, or refuse the bill.",
        )
    rate = rate_on(tx, bill.currency, bill.invoice_date)
    journal_id = _post_bill(tx, bill, lines, rate)
    tx.execute(_APPROVED, {"no": supplier_invoice_no, "journal_id": journal_id})
    item = NewOpenItem(
        kind="AP",
        party_no=bill.supplier_no,
        document_no=supplier_invoice_no,
        document_date=bill.invoice_date,
        due_date=bill.invoice_date + timedelta(days=order.net_days),
        amount=bill.gross_total,
        currency=bill.currency,
        tax_amount=bill.tax_total,
        fx_rate=rate,
    )
    add_open_item(tx, item)


def pay(tx: Session, supplier_invoice_no: str, today: date) -> dict[str, Any] | None:
    """Pay an approved bill; answer what to tell the bank, or None when it is paid already. Raises NotFound, Conflict when not approved."""
    bill = _lock_bill(tx, supplier_invoice_no)
    if bill.approved_at is None:
        raise Conflict(f"{supplier_invoice_no} is not approved.", code="not_approved", next_step="Approve the bill before it is paid.")
    if bill.paid_at is not None:
        return None
    owed_at = tx.execute(_RATE_OF_ITEM, {"no": supplier_invoice_no}).scalar_one()
    paid_at = rate_on(tx, bill.currency, today)
    books = books_currency(tx)
    owed = round_currency(bill.gross_total * owed_at, books)
    paid = round_currency(bill.gross_total * paid_at, books)
    lines = [
        posting.Line(PAYABLES, debit=bill.gross_total, party_no=bill.supplier_no, reference=supplier_invoice_no, accounted=owed),
        posting.Line(BANK, credit=bill.gross_total, reference=supplier_invoice_no, accounted=-paid),
        *_exchange_difference(owed - paid),
    ]
    entry = posting.Entry(
        event_type="supplier.paid",
        source_id=supplier_invoice_no,
        currency=bill.currency,
        lines=lines,
        gl_date=today,
        fx_rate=paid_at,
        narration=f"Payment of {bill.document_no} to {bill.supplier_no}",
    )
    if bill.gross_total:
        posting.post(tx, entry)
        reduce_open_items(tx, "AP", {supplier_invoice_no: bill.gross_total})
    tx.execute(text("UPDATE supplier_invoice SET paid_at = now() WHERE supplier_invoice_no = :no"), {"no": supplier_invoice_no})
    return {"supplier_no": bill.supplier_no, "reference": bill.document_no, "amount": bill.gross_total, "currency": bill.currency}


def _post_bill(tx: Session, bill: Row[Any], lines: list[Billed], rate: Decimal) -> int:
    books = books_currency(tx)
    parts = settle(lines, bill.net_total, bill.currency)
    accrued_in_books = (
        round_currency(parts.accrued * rate, books) if bill.currency == books else _accrual_in_books(tx, bill, parts.accrued, rate)
    )
    difference = accrued_in_books - round_currency(parts.accrued * rate, books)
    reference = bill.supplier_invoice_no
    posted = [
        posting.Line(GOODS_RECEIVED_NOT_INVOICED, debit=parts.accrued, reference=bill.po_no, accounted=accrued_in_books),
        posting.debit(PURCHASE_PRICE_VARIANCE, parts.variance, reference=reference),
        posting.debit(FREIGHT_OUT, bill.freight, reference=reference),
        posting.debit(INPUT_VAT, bill.tax_total, reference=reference),
        posting.credit(PAYABLES, bill.gross_total, party_no=bill.supplier_no, reference=reference),
        *_exchange_difference(difference),
    ]
    entry = posting.Entry(
        event_type="supplier_invoice.approved",
        source_id=bill.supplier_invoice_no,
        currency=bill.currency,
        lines=[line for line in posted if line.debit or line.credit or line.accounted],
        gl_date=bill.invoice_date,
        fx_rate=rate,
        narration=f"Bill {bill.document_no} of {bill.supplier_no} on {bill.po_no}",
    )
    return posting.post(tx, entry)


def _accrual_in_books(tx: Session, bill: Row[Any], accrued: Decimal, rate: Decimal) -> Decimal:
    """What the goods were accrued at when they were received; the rest of the order's accrual when this bill completes it."""
    left = -(tx.execute(_ACCRUED, {"po_no": bill.po_no}).scalar_one() or ZERO)
    converted = round_currency(accrued * rate, books_currency(tx))
    complete = tx.execute(_BILL_COMPLETES, {"no": bill.supplier_invoice_no, "po_no": bill.po_no}).scalar_one()
    return left if complete else min(converted, left)


def _exchange_difference(gain: Decimal) -> list[posting.Line]:
    """A line in the currency of the books alone; nothing without a difference."""
    if not gain:
        return []
    return [posting.Line(FX_GAIN if gain > 0 else FX_LOSS, accounted=-gain)]


def _billed(tx: Session, supplier_invoice_no: str) -> list[Billed]:
    return [Billed(**row) for row in tx.execute(_BILLED, {"no": supplier_invoice_no}).mappings()]


def _lock_bill(tx: Session, supplier_invoice_no: str, po_no: str | None = None) -> Row[Any]:
    row = tx.execute(
        text("SELECT * FROM supplier_invoice WHERE supplier_invoice_no = :no FOR UPDATE"), {"no": supplier_invoice_no}
    ).one_or_none()
    if row is None or (po_no is not None and row.po_no != po_no):
        raise NotFound(
            f"There is no bill {supplier_invoice_no} for {po_no or 'any purchase order'}.",
            code="supplier_invoice_unknown",
            next_step="Record the supplier's bill first.",
        )
    return row


_BILLED = text("""
SELECT billed.qty, billed.unit_price, billed.tax_rate_pct, billed.amount, coalesce(ordered.confirmed_qty, ordered.qty) AS ordered_qty,
  coalesce(ordered.confirmed_price, ordered.unit_price) AS ordered_price, ordered.qty_received AS received,
  coalesce((SELECT sum(before.qty) FROM supplier_invoice_line AS before JOIN supplier_invoice AS approved USING (supplier_invoice_no)
            WHERE before.po_line_id = ordered.id AND approved.approved_at IS NOT NULL AND approved.supplier_invoice_no <> :no), 0)
    AS billed_before
FROM supplier_invoice_line AS billed JOIN po_line AS ordered ON ordered.id = billed.po_line_id
WHERE billed.supplier_invoice_no = :no ORDER BY ordered.line_no
""")
_TWIN = text("""
SELECT 1 FROM supplier_invoice AS one JOIN supplier_invoice AS twin ON twin.supplier_no = one.supplier_no AND twin.po_no = one.po_no
  AND twin.gross_total = one.gross_total AND twin.invoice_date = one.invoice_date AND twin.supplier_invoice_no < one.supplier_invoice_no
WHERE one.supplier_invoice_no = :no
""")
_APPROVED = text("""
WITH approved AS (
  UPDATE supplier_invoice SET approved_at = now(), journal_id = :journal_id WHERE supplier_invoice_no = :no
)
UPDATE po_line SET qty_billed = po_line.qty_billed + billed.qty
FROM supplier_invoice_line AS billed WHERE billed.supplier_invoice_no = :no AND billed.po_line_id = po_line.id
""")
_RATE_OF_ITEM = text("SELECT fx_rate FROM open_item WHERE kind = 'AP' AND document_no = :no")
_ACCRUED = text("SELECT sum(accounted) FROM journal_line WHERE account = '2100' AND reference = :po_no")
_BILL_COMPLETES = text("""
SELECT coalesce(bool_and(line.qty_received <= line.qty_billed + coalesce(billed.qty, 0)), true) FROM po_line AS line
LEFT JOIN supplier_invoice_line AS billed ON billed.po_line_id = line.id AND billed.supplier_invoice_no = :no WHERE line.po_no = :po_no
""")
