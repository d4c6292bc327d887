"""Credit memos: what of an invoice is given back for goods that came back, and how any is posted, with what is left for the customer.

A draft is written anew until it is posted, under the same number: one return, one credit memo. It credits at the invoice's exchange rate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store import locks
from engine.store.clock import business_today
from engine.store.locks import Lock
from handlers.billing.memos import Memo, memo_taxes, write_memo
from handlers.billing.posting import account_of_advance, lock_sources
from handlers.billing.rules import Billable, amount_of
from handlers.documents.numbers import next_number
from handlers.ledger import posting
from handlers.ledger.accounts import OUTPUT_VAT, RECEIVABLES, REFUNDS_PAYABLE, RESTOCKING_FEES, RETURNS_AND_ALLOWANCES
from handlers.ledger.open_items import lock_open_items, lower_discount, reduce_open_items
from handlers.orders.fulfilment_lines import Change, count
from handlers.values import round_currency, total

ZERO = Decimal(0)
_OF_LINE = ("order_no", "order_line_id", "fulfil_line_id", "shipment_line_id", "sku", "description", "uom", "unit_price", "tax_category",
            "tax_rate_pct")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CreditedLine:
    """A line of the invoice by its number there, and how much of it is credited."""

    line_no: int
    qty: Decimal


@dataclass(frozen=True, slots=True)
class Credit:
    """What is credited of an invoice for a return; `restocking_fee_pct` of it is kept back."""

    rma_no: str
    invoice_no: str
    lines: Sequence[CreditedLine]
    restocking_fee_pct: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Credited:
    """A posted credit memo: what of it the invoice still owed and no longer does, and what is left to refund."""

    gross_total: Decimal
    settled_total: Decimal
    refund: Decimal
    currency: str
    #: The invoice, where nothing is owed on it any more by that.
    settles: str = ""
    fx_rate: Decimal = Decimal(1)


def draft(tx: Session, credit: Credit) -> Row[Any]:
    """Write the credit memo of a return, or write its draft anew; a posted one stays as it is. Answers its row.

    Raises NotFound, Conflict for an invoice that is not posted, Invalid for lines that cannot be credited.
    """
    known = tx.execute(_OF_RETURN, {"rma_no": credit.rma_no}).scalar_one_or_none()
    invoice = _locked(tx, [credit.invoice_no, *([known] if known else [])])[credit.invoice_no]
    memo = _memo(tx, known) if known else None
    if memo is not None and memo.posted_at is not None:
        return memo
    if invoice.kind != "INV" or invoice.posted_at is None:
        raise Conflict(f"{credit.invoice_no} is no posted invoice.", code="invoice_not_posted", next_step="Choose a posted invoice.")
    number = known or next_number(tx, "CM")
    lines = _lines(tx, credit, invoice, number)
    groups = memo_taxes(tx, "CM", number, lines, invoice.currency)
    today = business_today(tx)
    about = {"kind": "CM", "grouping": credit.rma_no, "rma_no": credit.rma_no, "credits_invoice_no": credit.invoice_no,
             "credit_reason": credit.reason, "invoice_date": today, "due_date": today, "net_days": 0}  # fmt: skip
    write_memo(tx, Memo(number, about, invoice, lines, groups), anew=known is not None)
    return _memo(tx, number)


def post(tx: Session, credit_memo_no: str) -> Credited:
    """Post a credit memo against its invoice; again: the same answer and nothing more. Raises NotFound, and Invalid of the books."""
    found = _memo(tx, credit_memo_no)
    memo = _locked(tx, [credit_memo_no, found.credits_invoice_no])[credit_memo_no]
    # Whoever comes next in the same breath closes the return: it is taken before what the customer owes.
    locks.take(tx, Lock.RETURN, [memo.rma_no] if memo.rma_no else [])
    if memo.posted_at is None:
        owed = lock_open_items(tx, "AR", [memo.credits_invoice_no])
        open_amount = owed[memo.credits_invoice_no]["open_amount"] if owed else ZERO
        settled = min(open_amount, memo.gross_total)
        taken = reduce_open_items(tx, "AR", {memo.credits_invoice_no: settled}) if settled else {}
        in_books = taken[memo.credits_invoice_no].in_books if taken else ZERO
        lines = tx.execute(_POSTED_LINES, {"no": credit_memo_no}).all()
        journal_id = _post(tx, memo, lines, (settled, in_books))
        count(tx, [Change(line_id=line.fulfil_line_id, credited=line.qty) for line in lines if line.fulfil_line_id])
        lower_discount(tx, memo.credits_invoice_no, _discount_left(tx, memo))
        tx.execute(_MARK, {"no": credit_memo_no, "settled": settled, "journal_id": journal_id})
        memo = _memo(tx, credit_memo_no)
    left = tx.execute(_STILL_OWED, {"no": memo.credits_invoice_no}).scalar()
    settles = memo.credits_invoice_no if memo.settled_total and left == 0 else ""
    return Credited(
        memo.gross_total, memo.settled_total, memo.gross_total - memo.settled_total, memo.currency, settles, memo.fx_rate or Decimal(1)
    )


def locked_memo(tx: Session, credit_memo_no: str) -> Row[Any]:
    """A credit memo, held to the end of the transaction with its shipment and order. Raises NotFound."""
    return _locked(tx, [_memo(tx, credit_memo_no).invoice_no])[credit_memo_no]


def _locked(tx: Session, numbers: Sequence[str]) -> Mapping[str, Row[Any]]:
    """Invoices and credit memos, held to the end of the transaction with what they are about. Raises NotFound."""
    lock_sources(tx, numbers)
    locks.take(tx, Lock.INVOICE, numbers)
    found = {row.invoice_no: row for row in tx.execute(_INVOICES, {"numbers": list(numbers)})}
    missing = next((number for number in numbers if number not in found), None)
    if missing is not None:
        raise NotFound(f"There is no invoice {missing}.", code="invoice_unknown", next_step="Look it up on the page of its order.")
    return found


def _memo(tx: Session, number: str) -> Row[Any]:
    row = tx.execute(text("SELECT * FROM invoice WHERE invoice_no = :no AND kind = 'CM'"), {"no": number}).one_or_none()
    if row is None:
        raise NotFound(f"There is no credit memo {number}.", code="credit_memo_unknown", next_step="Look it up in the list of invoices.")
    return row


def _lines(tx: Session, credit: Credit, invoice: Row[Any], number: str) -> list[dict[str, Any]]:
    """The lines to credit; the last piece of a line takes what rounding left, so that all its credits come to what it charged."""
    sold = {row["line_no"]: row for row in tx.execute(_SOLD, {"invoice_no": credit.invoice_no, "no": number}).mappings()}
    wanted = [(place, each, sold.get(each.line_no)) for place, each in enumerate(credit.lines)]
    wrong = {
        f"lines.{place}.qty": ["is no quantity of the invoice that is not credited yet"]
        for place, each, line in wanted
        if line is None or not ZERO < each.qty <= line["qty"] - line["qty_before"]
    }
    if wrong or not wanted or len({each.line_no for each in credit.lines}) < len(credit.lines):
        raise Invalid(
            f"This cannot be credited of {credit.invoice_no}.",
            code="credit_lines",
            next_step="Name each line of the invoice once, with at most what is not credited yet.",
            errors=wrong,
        )
    return [_line(place, each.qty, dict(line), credit, invoice.currency) for place, each, line in wanted if line is not None]


def _line(place: int, qty: Decimal, sold: Mapping[str, Any], credit: Credit, currency: str) -> dict[str, Any]:
    worth = _worth(qty, sold, currency)
    fee = round_currency(worth * credit.restocking_fee_pct / 100, currency)
    own = {"line_no": place + 1, "qty": qty, "amount": worth - fee, "restocking_fee": fee}
    return {"kind": "CM", "charge_code": "ITEM", "corrects_line_id": sold["id"], **{name: sold[name] for name in _OF_LINE}, **own}


def _worth(qty: Decimal, sold: Mapping[str, Any], currency: str) -> Decimal:
    """What so much of a line was charged at. Where its price was credited in part, what is left of it is spread over what is left."""
    if not sold["price_credited"]:
        return amount_of(Billable(qty, sold["qty"], sold["amount"], sold["qty_before"], sold["amount_before"]), currency)
    left = sold["amount"] - sold["price_credited"] - sold["amount_before"]
    return round_currency(left * qty / (sold["qty"] - sold["qty_before"]), currency)


def _discount_left(tx: Session, memo: Row[Any]) -> Decimal:
    """The discount for paying early that is left of the invoice: its share of what is not credited."""
    row = tx.execute(_INVOICE_LEFT, {"invoice_no": memo.credits_invoice_no, "no": memo.invoice_no}).one()
    left = row.gross_total - row.credited
    return round_currency(row.discount_amount * left / row.gross_total, memo.currency) if row.gross_total else ZERO


def _post(tx: Session, memo: Row[Any], charged: Sequence[Row[Any]], settled: tuple[Decimal, Decimal]) -> int | None:
    """What the invoice still owed is taken off at what it stands at in the books; the rest is owed to the customer.

    What was billed in advance is taken off what stands as owed for it, at the rate at which it was billed.
    """
    amount, in_books = settled
    number = memo.invoice_no
    fee = total(line.restocking_fee for line in charged)
    in_advance = total(line.amount for line in charged if line.charge_code == "ADVANCE")
    lines = [
        posting.debit(RETURNS_AND_ALLOWANCES, memo.net_total + fee - in_advance, reference=number),
        posting.debit(account_of_advance(memo.billing_policy), in_advance, reference=memo.credits_invoice_no),
        posting.debit(OUTPUT_VAT, memo.tax_total, reference=number),
        posting.credit(RESTOCKING_FEES, fee, reference=number),
        posting.Line(RECEIVABLES, credit=amount, party_no=memo.customer_no, reference=memo.credits_invoice_no, accounted=-in_books),
        posting.credit(REFUNDS_PAYABLE, memo.gross_total - amount, reference=number),
    ]
    posted = [line for line in lines if line.debit or line.credit]
    if not posted:  # goods given away came back: nothing was owed for them
        return None
    entry = posting.Entry(
        event_type="credit_memo.posted",
        source_id=number,
        currency=memo.currency,
        lines=posted,
        gl_date=memo.invoice_date,
        fx_rate=memo.fx_rate,
        narration=f"Credit memo {number} for {memo.credits_invoice_no}",
    )
    return posting.post(tx, entry)


_STILL_OWED = text("SELECT open_amount FROM open_item WHERE kind = 'AR' AND document_no = :no")
_OF_RETURN = text("SELECT invoice_no FROM invoice WHERE rma_no = :rma_no AND kind = 'CM'")
_INVOICES = text("SELECT * FROM invoice WHERE invoice_no = ANY(:numbers)")
_SOLD = text("""
SELECT sold.*, coalesce(before.qty, 0) AS qty_before, coalesce(before.amount, 0) AS amount_before,
  coalesce(priced.amount, 0) AS price_credited
FROM invoice_line AS sold LEFT JOIN LATERAL (
  SELECT sum(credited.amount) AS amount FROM invoice_line AS credited
  WHERE credited.corrects_line_id = sold.id AND credited.kind = 'CM' AND credited.charge_code = 'PRICE' AND NOT credited.cancelled
  ) AS priced ON true LEFT JOIN LATERAL (
  SELECT sum(credited.qty) AS qty, sum(credited.amount + credited.restocking_fee) AS amount FROM invoice_line AS credited
  WHERE credited.shipment_line_id = sold.shipment_line_id AND credited.kind = 'CM' AND NOT credited.cancelled
    AND credited.invoice_no <> :no) AS before ON true
WHERE sold.invoice_no = :invoice_no AND sold.charge_code = 'ITEM'
""")
_POSTED_LINES = text("""
SELECT charge_code, fulfil_line_id, qty, amount, restocking_fee FROM invoice_line WHERE invoice_no = :no ORDER BY line_no
""")
_INVOICE_LEFT = text("""
SELECT gross_total, discount_amount, (
  SELECT coalesce(sum(gross_total), 0) FROM invoice AS memo
  WHERE memo.credits_invoice_no = :invoice_no AND memo.kind = 'CM' AND (memo.posted_at IS NOT NULL OR memo.invoice_no = :no)) AS credited
FROM invoice WHERE invoice_no = :invoice_no
""")
_MARK = text("""
UPDATE invoice SET posted_at = business_now(), settled_total = :settled, journal_id = :journal_id WHERE invoice_no = :no
""")
