"""Paying a supplier's bill, on the day its terms say; a line of the bank's statement then shows the payment.

Nothing is sent from here: the payment is an effect, and the adapter of a bank carries it, with our number for the bill as end-to-end id.
Until the statement shows it the payment is under way: our books have it, the bank has not.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.store import locks
from engine.store.locks import Lock
from handlers.dropship.payables import exchange_difference, lock_bill
from handlers.dropship.rules import Payment, payment
from handlers.ledger import posting
from handlers.ledger.accounts import BANK, INPUT_VAT, PAYABLES, PURCHASE_DISCOUNT
from handlers.ledger.books import books_currency, rate_on
from handlers.ledger.open_items import Taken, reduce_open_items
from handlers.values import round_currency

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Transfer:
    """What to tell the bank."""

    supplier_no: str
    end_to_end_id: str
    remittance: str
    #: How often this bill was paid, counting this time: a payment that failed is sent anew.
    attempt: int
    amount: Decimal
    currency: str


def pay(tx: Session, supplier_invoice_no: str, today: date) -> Transfer | None:
    """Pay an approved bill; answer what to tell the bank, None when it is paid already or nothing is owed.

    What was credited of it is not paid. Up to the day of the discount the discount is taken off.

    Raises NotFound, Conflict when the bill is not approved.
    """
    bill = lock_bill(tx, supplier_invoice_no)
    if bill.approved_at is None:
        raise Conflict(f"{supplier_invoice_no} is not approved.", code="not_approved", next_step="Approve the bill before it is paid.")
    if bill.paid_at is not None:
        return None
    locks.take(tx, Lock.OPEN_ITEM, [supplier_invoice_no], by="document_no")
    item = tx.execute(_ITEM, {"no": supplier_invoice_no}).one()
    if not item.open_amount:  # nothing was billed, or all of it credited
        tx.execute(_PAID, {"no": supplier_invoice_no, "amount": ZERO})
        return None
    discount = item.discount_amount if item.discount_date is not None and today <= item.discount_date else ZERO
    left = item.open_amount / bill.gross_total
    parts = payment(item.open_amount, bill.tax_total * left, round_currency(discount * left, bill.currency), bill.currency)
    tx.execute(_PAID, {"no": supplier_invoice_no, "amount": parts.paid})
    entry = _entry(tx, bill, item, parts, today)
    posting.post(tx, entry)
    reduce_open_items(tx, "AP", {supplier_invoice_no: Taken(item.open_amount, item.open_in_books)})
    return Transfer(bill.supplier_no, supplier_invoice_no, bill.document_no, entry.sequence, parts.paid, bill.currency)


def is_on_statement(tx: Session, supplier_invoice_no: str) -> bool:
    """Whether a bank statement has shown the payment of a bill; nothing to pay needs none. Raises NotFound."""
    bill = lock_bill(tx, supplier_invoice_no)
    return bill.paid_at is not None and (not bill.paid_amount or _shown(tx, supplier_invoice_no))


def take_back(tx: Session, supplier_invoice_no: str) -> None:
    """A payment did not go through: owe the bill again; again: nothing more. Raises NotFound, Conflict when a statement has shown it."""
    bill = lock_bill(tx, supplier_invoice_no)
    if bill.paid_at is None:
        return
    if _shown(tx, supplier_invoice_no):
        raise Conflict(
            f"A statement has shown the payment of {supplier_invoice_no}.",
            code="payment_on_statement",
            next_step="Ask the supplier to send the money back.",
        )
    if bill.paid_amount:
        journal_id = tx.execute(_LAST_PAYMENT, {"no": supplier_invoice_no}).scalar_one()
        posting.reverse(tx, journal_id, narration=f"Payment of {bill.document_no} to {bill.supplier_no} did not go through")
        cleared = tx.execute(_CLEARED, {"journal_id": journal_id, "account": PAYABLES}).one()
        reduce_open_items(tx, "AP", {supplier_invoice_no: Taken(-cleared.amount, -cleared.in_books)})
    tx.execute(_UNPAID, {"no": supplier_invoice_no})


def _shown(tx: Session, supplier_invoice_no: str) -> bool:
    return tx.execute(_SHOWN, {"no": supplier_invoice_no}).first() is not None


def _entry(tx: Session, bill: Row[Any], item: Row[Any], parts: Payment, today: date) -> posting.Entry:
    paid_at, books, reference = rate_on(tx, bill.currency, today), books_currency(tx), bill.supplier_invoice_no
    owed = item.open_in_books
    paid = round_currency(parts.paid * paid_at, books)
    discount, tax = (round_currency(amount * item.fx_rate, books) for amount in (parts.discount, parts.discount_tax))
    lines = [
        posting.Line(PAYABLES, debit=item.open_amount, party_no=bill.supplier_no, reference=reference, accounted=owed),
        posting.Line(BANK, credit=parts.paid, reference=reference, accounted=-paid),
        posting.Line(PURCHASE_DISCOUNT, credit=parts.discount, reference=reference, accounted=-discount),
        posting.Line(INPUT_VAT, credit=parts.discount_tax, reference=reference, accounted=-tax),
        *exchange_difference(owed - paid - discount - tax),
    ]
    return posting.Entry(
        event_type="supplier.paid",
        source_id=reference,
        sequence=tx.execute(_PAYMENTS, {"no": reference}).scalar_one() + 1,
        currency=bill.currency,
        lines=[line for line in lines if line.debit or line.credit or line.accounted],
        gl_date=today,
        fx_rate=paid_at,
        narration=f"Payment of {bill.document_no} to {bill.supplier_no}",
    )


_PAID = text("UPDATE supplier_invoice SET paid_at = business_now(), paid_amount = :amount WHERE supplier_invoice_no = :no")
_UNPAID = text("UPDATE supplier_invoice SET paid_at = NULL, paid_amount = 0 WHERE supplier_invoice_no = :no")
_SHOWN = text("SELECT 1 FROM bank_line WHERE outcome = 'PAYMENT' AND document_no = :no")
_ITEM = text("""
SELECT fx_rate, discount_date, discount_amount, open_amount, open_in_books FROM open_item WHERE kind = 'AP' AND document_no = :no
""")
#: What a payment took off the payables, in its currency and in that of the books.
_CLEARED = text("""
SELECT sum(debit - credit) AS amount, sum(accounted) AS in_books FROM journal_line WHERE journal_id = :journal_id AND account = :account
""")
_PAYMENTS = text("SELECT count(*) FROM journal WHERE event_type = 'supplier.paid' AND source_id = :no")
_LAST_PAYMENT = text("SELECT max(id) FROM journal WHERE event_type = 'supplier.paid' AND source_id = :no")
