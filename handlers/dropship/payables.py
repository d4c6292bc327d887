"""A supplier's bill: matched, then approved into the payables or refused. `payments.py` pays it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.service_tasks import Refused
from engine.store import locks
from engine.store.locks import Lock
from handlers.dropship import accruals
from handlers.dropship.accruals import ACCRUED
from handlers.dropship.progress import heard
from handlers.dropship.purchasing import lock_any_order
from handlers.dropship.rules import Billed, BillTotals, Due, MatchFacts, Settlement, Terms, due, match_facts, purchase_tax, settle
from handlers.ledger import posting
from handlers.ledger.accounts import (
    FREIGHT_OUT,
    FX_GAIN,
    FX_LOSS,
    GOODS_RECEIVED_NOT_INVOICED,
    INPUT_VAT,
    PAYABLES,
    PURCHASE_PRICE_VARIANCE,
)
from handlers.ledger.books import books_currency, rate_on
from handlers.ledger.open_items import NewOpenItem, add_open_item
from handlers.orders.pricing import vat_number_is_valid
from handlers.values import round_currency

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Owed:
    """A bill that is owed: when it is due, what may be taken off until when, the day we pay it, and whether the order's process waits."""

    due_date: date
    discount_date: date | None
    discount_amount: Decimal
    pay_on: date
    order_waits: bool


def read_match_facts(tx: Session, po_no: str, supplier_invoice_no: str) -> MatchFacts:
    """What the three-way match decides on. Raises NotFound."""
    order = lock_any_order(tx, po_no)
    bill = lock_bill(tx, supplier_invoice_no, po_no)
    duplicate = tx.execute(_TWIN, {"no": supplier_invoice_no}).first() is not None
    totals = BillTotals(bill.tax_total, bill.gross_total, bill.currency, bill.freight)
    cancelled = order.cancelled_at is not None
    return match_facts(_billed(tx, bill, order), totals, duplicate=duplicate, order_cancelled=cancelled)


def approve(tx: Session, po_no: str, supplier_invoice_no: str, today: date) -> Owed:
    """Post a bill and owe it by the supplier's terms; again: nothing more.

    Raises NotFound, Conflict once it was refused, Refused NOTHING_RECEIVED while nothing of it was received and not billed before.
    """
    order = lock_any_order(tx, po_no)
    bill = lock_bill(tx, supplier_invoice_no, po_no)
    if bill.rejected_at is not None:
        raise Conflict(f"{bill.document_no} was refused.", code="bill_refused", next_step="Ask the supplier for a new bill.")
    terms = Terms(order.net_days, order.discount_pct, order.discount_days)
    owed = due(terms, bill.invoice_date, bill.gross_total, bill.currency, today)
    if bill.approved_at is None:
        given_up = accruals.take_back(tx, po_no)
        lines = _billed(tx, bill, order)
        if not any(line.received > line.billed_before for line in lines):
            raise Refused("NOTHING_RECEIVED", f"Nothing of what {bill.document_no} bills was received and not billed before.")
        rate = rate_on(tx, bill.currency, bill.invoice_date)
        journal_id, cleared = _post_bill(tx, bill, lines, rate)
        tx.execute(_APPROVED, {"no": supplier_invoice_no, "journal_id": journal_id, "cleared": cleared})
        _owe(tx, bill, owed, rate)
        heard(tx, po_no)
        if given_up is not None:
            accruals.write_off_rest(tx, po_no, given_up)
    return Owed(owed.due_date, owed.discount_date, owed.discount_amount, owed.pay_on, order.closed_at is None)


def reject(tx: Session, supplier_invoice_no: str, reason: str) -> bool:
    """Refuse a bill: it is neither owed nor counted as billed. Answer whether this run did. Raises NotFound, Conflict once it is owed."""
    po_no = tx.execute(_PO_OF, {"no": supplier_invoice_no}).scalar_one_or_none()
    if po_no is not None:
        lock_any_order(tx, po_no)
    bill = lock_bill(tx, supplier_invoice_no)
    if bill.approved_at is not None:
        raise Conflict(f"{bill.document_no} is approved.", code="bill_approved", next_step="Ask the supplier for a credit note.")
    if bill.rejected_at is not None:
        return False
    tx.execute(_REJECT, {"no": supplier_invoice_no, "reason": reason})
    return True


def lock_bill(tx: Session, supplier_invoice_no: str, po_no: str | None = None) -> Row[Any]:
    """A bill, held to the end of the transaction, of this purchase order when one is named. Raises NotFound."""
    locks.take(tx, Lock.SUPPLIER_INVOICE, [supplier_invoice_no])
    row = tx.execute(_BILL, {"no": supplier_invoice_no}).one_or_none()
    if row is None or (po_no is not None and row.po_no != po_no):
        raise NotFound(
            f"There is no bill {supplier_invoice_no} for {po_no or 'any purchase order'}.",
            code="supplier_invoice_unknown",
            next_step="Record the supplier's bill first.",
        )
    return row


def exchange_difference(gain: Decimal) -> list[posting.Line]:
    """A line in the currency of the books alone; nothing without a difference."""
    if not gain:
        return []
    return [posting.Line(FX_GAIN if gain > 0 else FX_LOSS, accounted=-gain)]


def _owe(tx: Session, bill: Row[Any], owed: Due, rate: Decimal) -> None:
    item = NewOpenItem(
        kind="AP",
        party_no=bill.supplier_no,
        document_no=bill.supplier_invoice_no,
        document_date=bill.invoice_date,
        due_date=owed.due_date,
        amount=bill.gross_total,
        currency=bill.currency,
        discount_date=owed.discount_date,
        discount_amount=owed.discount_amount,
        tax_amount=bill.tax_total,
        fx_rate=rate,
    )
    add_open_item(tx, item)


def _post_bill(tx: Session, bill: Row[Any], lines: list[Billed], rate: Decimal) -> tuple[int, Decimal]:
    """Post a bill; answer its journal and how much of the accrual it cleared, in the currency of the books."""
    books = books_currency(tx)
    parts = settle(lines, bill.net_total, bill.currency)
    cleared = _cleared(tx, bill, round_currency(parts.accrued * rate, books))
    if bill.currency == books:
        parts = Settlement(cleared, bill.net_total - cleared)
    difference = cleared - round_currency(parts.accrued * rate, books)
    reference = bill.supplier_invoice_no
    posted = [
        posting.Line(GOODS_RECEIVED_NOT_INVOICED, debit=parts.accrued, reference=bill.po_no, accounted=cleared),
        posting.debit(PURCHASE_PRICE_VARIANCE, parts.variance, reference=reference),
        posting.debit(FREIGHT_OUT, bill.freight, reference=reference),
        posting.debit(INPUT_VAT, bill.tax_total, reference=reference),
        posting.credit(PAYABLES, bill.gross_total, party_no=bill.supplier_no, reference=reference),
        *exchange_difference(difference),
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
    return posting.post(tx, entry), cleared


def _cleared(tx: Session, bill: Row[Any], converted: Decimal) -> Decimal:
    """What of the accrual a bill clears, in the currency of the books; all that is left when all that was received is billed by it."""
    if not tx.execute(_BILL_COMPLETES, {"no": bill.supplier_invoice_no, "po_no": bill.po_no}).scalar_one():
        return converted
    left: Decimal = tx.execute(ACCRUED, {"po_no": bill.po_no}).scalar_one()
    return left


def _billed(tx: Session, bill: Row[Any], order: Row[Any]) -> list[Billed]:
    rows = tx.execute(_BILLED, {"no": bill.supplier_invoice_no}).mappings().all()
    rates = own_rates(tx, {row["tax_category"] for row in rows}, order.supplier_country, bill.invoice_date)
    wanted = [name for name in rows[0] if name != "tax_category"]
    return [Billed(own_tax_pct=rates[row["tax_category"]], **{name: row[name] for name in wanted}) for row in rows]


def own_rates(tx: Session, categories: set[str], supplier_country: str, day: date) -> dict[str, Decimal]:
    """The rate that our tax rates ask for on a purchase, by the item's category. None on file: none is expected, and the bill is held."""
    us = tx.execute(_US).one()
    applied = {
        category: purchase_tax(category, supplier_country, us.country, vat_no_valid=vat_number_is_valid(us.vat_no))
        for category in categories
    }
    rates = {
        (row.category, row.country): row.rate_pct for row in tx.execute(_RATES, {"countries": [us.country, supplier_country], "day": day})
    }
    return {category: rates.get(where, ZERO) if where is not None else ZERO for category, where in applied.items()}


_BILL = text("SELECT * FROM supplier_invoice WHERE supplier_invoice_no = :no")
_PO_OF = text("SELECT po_no FROM supplier_invoice WHERE supplier_invoice_no = :no")
_REJECT = text("UPDATE supplier_invoice SET rejected_at = business_now(), reject_reason = :reason WHERE supplier_invoice_no = :no")
_US = text("SELECT country, vat_no FROM company")
_RATES = text("""
SELECT country, category, rate_pct FROM tax_rate WHERE country = ANY(:countries) AND valid_from <= :day AND :day <= valid_until
ORDER BY valid_from
""")
_BILLED = text("""
SELECT billed.qty, billed.unit_price, billed.amount, item.tax_category, coalesce(ordered.confirmed_qty, ordered.qty) AS ordered_qty,
  coalesce(ordered.confirmed_price, ordered.unit_price) AS ordered_price, ordered.qty_received AS received,
  coalesce((SELECT sum(before.qty) FROM supplier_invoice_line AS before JOIN supplier_invoice AS approved USING (supplier_invoice_no)
            WHERE before.po_line_id = ordered.id AND approved.approved_at IS NOT NULL AND approved.supplier_invoice_no <> :no), 0)
  - coalesce((SELECT sum(back.qty) FROM supplier_credit_line AS back JOIN supplier_credit AS note USING (supplier_credit_no)
            WHERE back.po_line_id = ordered.id AND note.approved_at IS NOT NULL AND note.reason = 'GOODS'), 0) AS billed_before
FROM supplier_invoice_line AS billed JOIN po_line AS ordered ON ordered.id = billed.po_line_id JOIN item ON item.sku = ordered.sku
WHERE billed.supplier_invoice_no = :no ORDER BY ordered.line_no
""")
_TWIN = text("""
SELECT 1 FROM supplier_invoice AS one JOIN supplier_invoice AS twin ON twin.po_no = one.po_no
  AND twin.gross_total = one.gross_total AND twin.invoice_date = one.invoice_date AND twin.rejected_at IS NULL
  AND (length(twin.supplier_invoice_no), twin.supplier_invoice_no) < (length(one.supplier_invoice_no), one.supplier_invoice_no)
WHERE one.supplier_invoice_no = :no
""")
_APPROVED = text("""
WITH approved AS (
  UPDATE supplier_invoice SET approved_at = business_now(), journal_id = :journal_id, accrual_cleared = :cleared
  WHERE supplier_invoice_no = :no
)
UPDATE po_line SET qty_billed = po_line.qty_billed + billed.qty
FROM supplier_invoice_line AS billed WHERE billed.supplier_invoice_no = :no AND billed.po_line_id = po_line.id
""")
_BILL_COMPLETES = text("""
SELECT bool_and(line.qty_received = line.qty_billed + coalesce(billed.qty, 0)) FROM po_line AS line
LEFT JOIN supplier_invoice_line AS billed ON billed.po_line_id = line.id AND billed.supplier_invoice_no = :no WHERE line.po_no = :po_no
""")
