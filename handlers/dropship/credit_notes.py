"""A supplier's credit note: recorded, measured by its bill, then posted or refused. `claims.py` sees to what the supplier owes us then."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.documents.numbers import next_number
from handlers.dropship.accruals import ACCRUED
from handlers.dropship.credit_rules import REASONS, Credited, CreditFacts, CreditFoot, credit_facts, restored
from handlers.dropship.model import SupplierCredit, SupplierCreditLine
from handlers.dropship.papers import check_foot, digest_of, not_ahead, order_lines, paper_known, read_paper, some
from handlers.dropship.payables import exchange_difference, lock_bill, own_rates
from handlers.dropship.purchasing import lock_any_order
from handlers.identifiers import Amount, Day, DocumentNumber, Prose, Quantity
from handlers.ledger import posting
from handlers.ledger.accounts import (
    COGS,
    FREIGHT_OUT,
    GOODS_RECEIVED_NOT_INVOICED,
    INPUT_VAT,
    OWED_BY_SUPPLIERS,
    PAYABLES,
    PURCHASE_PRICE_VARIANCE,
)
from handlers.ledger.books import books_currency
from handlers.ledger.open_items import Taken, lock_open_items, reduce_open_items
from handlers.rowsets import insert_rows
from handlers.values import round_currency, total

ZERO = Decimal(0)
_COPIED = ("po_no", "document_no", "reason", "note", "credit_date", "freight", "tax_total", "gross_total")
#: Where a credit goes that puts nothing back into the accrual.
_LEFTOVER = {"GOODS": PURCHASE_PRICE_VARIANCE, "RETURN": COGS, "PRICE": PURCHASE_PRICE_VARIANCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedDraft:
    """What is credited for a line of the purchase order."""

    line_no: int
    qty: Quantity
    unit_price: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierCreditDraft:
    """A supplier's credit note on one of its bills; `gross_total` is net of the lines, freight and tax together."""

    po_no: str
    #: The supplier's number of the bill, or ours.
    bill_no: DocumentNumber
    document_no: DocumentNumber
    reason: str
    credit_date: Day
    lines: Sequence[CreditedDraft]
    tax_total: Amount
    gross_total: Amount
    freight: Amount = ZERO
    note: Prose = ""


@dataclass(frozen=True, slots=True)
class Approved:
    """How much of a credit note the bill was still owed, how much the supplier owes us, and whether the order's process waits."""

    set_off: Decimal
    claimed: Decimal
    currency: str
    order_waits: bool


def record_credit_note(tx: Session, draft: SupplierCreditDraft) -> str:
    """Record a supplier's credit note and answer our number for it; sent again: the same number.

    Raises NotFound for an order or bill that we do not know, Invalid, Conflict when its number is known with other content.
    """
    draft = read_paper(draft)
    if draft.reason not in REASONS:
        raise Invalid(
            f"{draft.reason!r} is no reason for a credit note.",
            code="credit_reason",
            next_step="Say GOODS (they never came), RETURN (they went back) or PRICE (it was too high).",
            errors={"reason": ["must be GOODS, RETURN or PRICE"]},
        )
    lock_any_order(tx, draft.po_no)
    some(draft.lines, "credit note")
    not_ahead(tx, draft.credit_date, "credit_date")
    bill = _bill_named(tx, draft)
    lines = order_lines(tx, draft.po_no, draft.lines)
    amounts = {line.line_no: round_currency(line.qty * line.unit_price, bill.currency) for line in draft.lines}
    check_foot("credit note", total(amounts.values()), draft)
    known = paper_known(tx, "supplier_credit", bill.supplier_no, draft)
    if known is not None:
        return str(known.supplier_credit_no)
    number = next_number(tx, "SCN")
    copied = {name: getattr(draft, name) for name in _COPIED}
    head = {
        "supplier_credit_no": number,
        "supplier_invoice_no": bill.supplier_invoice_no,
        "supplier_no": bill.supplier_no,
        "currency": bill.currency,
        "net_total": total(amounts.values()),
        "sha256": digest_of(draft),
    }
    insert_rows(tx, SupplierCredit, [head | copied])
    rows = [
        {"supplier_credit_no": number, "po_line_id": lines[each.line_no].id, "qty": each.qty, "unit_price": each.unit_price}
        | {"amount": amounts[each.line_no]}
        for each in draft.lines
    ]
    insert_rows(tx, SupplierCreditLine, rows)
    return number


def read_credit_facts(tx: Session, supplier_credit_no: str) -> CreditFacts:
    """What the credit note is decided by. Raises NotFound."""
    held = _hold(tx, supplier_credit_no)
    duplicate = tx.execute(_TWIN, {"no": supplier_credit_no}).first() is not None
    foot = CreditFoot(held.note.reason, held.note.tax_total, held.note.freight, held.note.currency)
    return credit_facts(held.lines(tx), foot, duplicate=duplicate, bill_open=held.bill.approved_at is None)


def approve(tx: Session, supplier_credit_no: str) -> Approved:
    """Post a credit note: what the bill is still owed is owed no more, the rest the supplier owes us; again: nothing more.

    Raises NotFound, Conflict once it was refused, while its bill is not approved, and for more than the bill has.
    """
    held = _hold(tx, supplier_credit_no)
    note, order = held.note, held.order
    if note.rejected_at is not None:
        raise Conflict(f"{note.document_no} was refused.", code="credit_refused", next_step="Ask the supplier for a new credit note.")
    if note.approved_at is not None:
        return Approved(note.set_off, note.claimed, note.currency, order.closed_at is None)
    if held.bill.approved_at is None:
        raise Conflict(
            f"{note.document_no} credits {held.bill.document_no}, which is not approved.",
            code="bill_not_approved",
            next_step="Decide on the bill first; a bill that was refused needs no credit note.",
        )
    lines = held.lines(tx)
    if any(line.qty > line.billed for line in lines):
        raise Conflict(
            f"{note.document_no} credits more than {held.bill.document_no} has left.",
            code="credit_quantity",
            next_step="Refuse it, and ask the supplier for a credit note on what was billed.",
        )
    owed = lock_open_items(tx, "AP", [held.bill.supplier_invoice_no])[held.bill.supplier_invoice_no]
    set_off = min(owed["open_amount"], note.gross_total)
    taken = reduce_open_items(tx, "AP", {held.bill.supplier_invoice_no: set_off}) if set_off else {}
    off_the_bill = taken.get(held.bill.supplier_invoice_no, Taken(ZERO, ZERO))
    back = _restored(tx, note, lines, owed["fx_rate"])
    journal_id = _post(tx, held, _Parts(off_the_bill, back, owed["fx_rate"]))
    claimed = note.gross_total - set_off
    posted = {"no": supplier_credit_no, "journal_id": journal_id, "set_off": set_off, "claimed": claimed, "restored": back.in_books}
    tx.execute(_APPROVED, posted)
    return Approved(set_off, claimed, note.currency, order.closed_at is None)


def reject(tx: Session, supplier_credit_no: str, reason: str) -> bool:
    """Refuse a credit note: it changes nothing of what is owed. Answer whether this run did.

    Raises NotFound, Conflict once it is posted.
    """
    note = _hold(tx, supplier_credit_no).note
    if note.approved_at is not None:
        raise Conflict(f"{note.document_no} is posted.", code="credit_posted", next_step="Ask the supplier for a bill of that amount.")
    if note.rejected_at is not None:
        return False
    tx.execute(_REJECT, {"no": supplier_credit_no, "reason": reason})
    return True


def lock_credit_note(tx: Session, supplier_credit_no: str) -> Row[Any]:
    """A credit note, held to the end of the transaction. Raises NotFound."""
    locks.take(tx, Lock.SUPPLIER_CREDIT, [supplier_credit_no])
    return _read(tx, supplier_credit_no)


def _read(tx: Session, supplier_credit_no: str) -> Row[Any]:
    row = tx.execute(_NOTE, {"no": supplier_credit_no}).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no credit note {supplier_credit_no}.",
            code="supplier_credit_unknown",
            next_step="Record the supplier's credit note first.",
        )
    return row


@dataclass(frozen=True, slots=True)
class _Held:
    """A credit note with its bill and order, all held."""

    note: Row[Any]
    bill: Row[Any]
    order: Row[Any]

    def lines(self, tx: Session) -> list[Credited]:
        rows = tx.execute(_LINES, {"no": self.note.supplier_credit_no}).mappings().all()
        rates = own_rates(tx, {row["tax_category"] for row in rows}, self.order.supplier_country, self.bill.invoice_date)
        wanted = [name for name in rows[0] if name != "tax_category"]
        return [Credited(own_tax_pct=rates[row["tax_category"]], **{name: row[name] for name in wanted}) for row in rows]


def _hold(tx: Session, supplier_credit_no: str) -> _Held:
    named = _read(tx, supplier_credit_no)
    order = lock_any_order(tx, named.po_no)
    bill = lock_bill(tx, named.supplier_invoice_no)
    return _Held(lock_credit_note(tx, supplier_credit_no), bill, order)


def _bill_named(tx: Session, draft: SupplierCreditDraft) -> Row[Any]:
    bill = tx.execute(_BILL, {"po_no": draft.po_no, "number": draft.bill_no}).one_or_none()
    if bill is None:
        raise NotFound(
            f"There is no bill {draft.bill_no} for {draft.po_no}.",
            code="supplier_invoice_unknown",
            next_step="Name the bill by the supplier's number or ours; record it first if it is not there.",
        )
    return bill


@dataclass(frozen=True, slots=True)
class _Parts:
    """What of a credit note is taken off its bill, and what is put back into the accrual; the bill's rate of exchange."""

    off_the_bill: Taken
    back: Taken
    rate: Decimal


def _restored(tx: Session, note: Row[Any], lines: Sequence[Credited], rate: Decimal) -> Taken:
    """What goods that never came put back into the accrual, in the note's currency and in that of the books.

    When all that is still billed has come and all that has come is billed, nothing may be left of the accrual: the books' part is that.
    """
    if note.reason != "GOODS":
        return Taken(ZERO, ZERO)
    books = books_currency(tx)
    amount = restored(lines, note.currency)
    if not tx.execute(_CREDIT_COMPLETES, {"no": note.supplier_credit_no, "po_no": note.po_no}).scalar_one():
        return Taken(amount, round_currency(amount * rate, books))
    missing: Decimal = -tx.execute(ACCRUED, {"po_no": note.po_no}).scalar_one()
    return Taken(missing if note.currency == books else amount, missing)


def _post(tx: Session, held: _Held, parts: _Parts) -> int:
    note, books, off, back = held.note, books_currency(tx), parts.off_the_bill, parts.back
    party, reference = note.supplier_no, note.supplier_credit_no
    gain = off.in_books - back.in_books - round_currency(off.amount * parts.rate, books) + round_currency(back.amount * parts.rate, books)
    lines = [
        posting.Line(PAYABLES, debit=off.amount, party_no=party, reference=held.bill.supplier_invoice_no, accounted=off.in_books),
        posting.debit(OWED_BY_SUPPLIERS, note.gross_total - off.amount, reference=reference),
        posting.Line(GOODS_RECEIVED_NOT_INVOICED, credit=back.amount, reference=note.po_no, accounted=-back.in_books),
        posting.credit(_LEFTOVER[note.reason], note.net_total - back.amount, reference=reference),
        posting.credit(FREIGHT_OUT, note.freight, reference=reference),
        posting.credit(INPUT_VAT, note.tax_total, reference=reference),
        *exchange_difference(gain),
    ]
    entry = posting.Entry(
        event_type="supplier_credit.approved",
        source_id=reference,
        currency=note.currency,
        lines=[line for line in lines if line.debit or line.credit or line.accounted],
        gl_date=note.credit_date,
        fx_rate=parts.rate,
        narration=f"Credit note {note.document_no} of {party} on {held.bill.document_no}",
    )
    return posting.post(tx, entry)


_NOTE = text("SELECT * FROM supplier_credit WHERE supplier_credit_no = :no")
_BILL = text("""
SELECT * FROM supplier_invoice AS bill
WHERE bill.po_no = :po_no AND (bill.supplier_invoice_no = :number OR folded(bill.document_no) = folded(:number))
ORDER BY bill.supplier_invoice_no = :number DESC LIMIT 1
""")
_REJECT = text("UPDATE supplier_credit SET rejected_at = business_now(), reject_reason = :reason WHERE supplier_credit_no = :no")
_TWIN = text("""
SELECT 1 FROM supplier_credit AS one JOIN supplier_credit AS twin ON twin.supplier_invoice_no = one.supplier_invoice_no
  AND twin.reason = one.reason AND twin.gross_total = one.gross_total AND twin.credit_date = one.credit_date AND twin.rejected_at IS NULL
  AND (length(twin.supplier_credit_no), twin.supplier_credit_no) < (length(one.supplier_credit_no), one.supplier_credit_no)
WHERE one.supplier_credit_no = :no
""")
#: A price may be credited of every unit; units that were credited once, because they never came or went back, are not credited again.
_LINES = text("""
SELECT credited.qty, credited.unit_price, credited.amount, item.tax_category,
  coalesce(billed.qty, 0) - coalesce(before.qty, 0) AS billed, coalesce(billed.unit_price, 0) AS price, ordered.qty_billed AS order_billed,
  ordered.qty_received AS received, coalesce(ordered.confirmed_qty, ordered.qty) AS ordered,
  coalesce(ordered.confirmed_price, ordered.unit_price) AS ordered_price
FROM supplier_credit AS note JOIN supplier_credit_line AS credited USING (supplier_credit_no)
JOIN po_line AS ordered ON ordered.id = credited.po_line_id JOIN item ON item.sku = ordered.sku
LEFT JOIN supplier_invoice_line AS billed ON billed.supplier_invoice_no = note.supplier_invoice_no AND billed.po_line_id = ordered.id
LEFT JOIN LATERAL (
  SELECT sum(earlier.qty) AS qty FROM supplier_credit_line AS earlier JOIN supplier_credit AS posted USING (supplier_credit_no)
  WHERE posted.supplier_invoice_no = note.supplier_invoice_no AND posted.approved_at IS NOT NULL AND posted.reason IN ('GOODS', 'RETURN')
    AND posted.supplier_credit_no <> note.supplier_credit_no AND earlier.po_line_id = ordered.id
) AS before ON note.reason IN ('GOODS', 'RETURN')
WHERE note.supplier_credit_no = :no ORDER BY ordered.line_no
""")
_APPROVED = text("""
WITH approved AS (
  UPDATE supplier_credit SET approved_at = business_now(), journal_id = :journal_id, set_off = :set_off, claimed = :claimed,
    accrual_restored = :restored WHERE supplier_credit_no = :no RETURNING supplier_credit_no, supplier_invoice_no, reason
), settled AS (
  UPDATE supplier_invoice AS bill SET credited = bill.credited + :set_off FROM approved
  WHERE bill.supplier_invoice_no = approved.supplier_invoice_no
)
UPDATE po_line SET qty_billed = po_line.qty_billed - credited.qty
FROM supplier_credit_line AS credited JOIN approved USING (supplier_credit_no)
WHERE approved.reason = 'GOODS' AND credited.po_line_id = po_line.id
""")
_CREDIT_COMPLETES = text("""
SELECT bool_and(line.qty_received = line.qty_billed - coalesce(credited.qty, 0) + line.qty_given_up) FROM po_line AS line
LEFT JOIN supplier_credit_line AS credited ON credited.po_line_id = line.id AND credited.supplier_credit_no = :no WHERE line.po_no = :po_no
""")
