"""What a person does with a receipt: apply it, leave it on account, say whose it is, or take it back when the bank did.

The API calls these; when an invoice is settled it publishes `receivable.settled`.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from handlers.ledger import posting
from handlers.ledger.accounts import UNAPPLIED_CASH
from handlers.ledger.open_items import reduce_open_items
from handlers.parties.register import find_customer
from handlers.receivables.application import FACTS, Use, write_uses
from handlers.receivables.rules import ACTIONS, Owed, split


@dataclass(frozen=True, slots=True, kw_only=True)
class HandApplication:
    """A receipt for an invoice. `action` says what becomes of a difference, as the decision `residual` would."""

    receipt_no: str
    invoice_no: str
    action: str = "PARTIAL"


@dataclass(frozen=True, slots=True)
class HandApplied:
    """What is open on the invoice now, and what is left of the receipt."""

    settled: bool
    open_amount: Decimal
    rest: Decimal


def apply_by_hand(tx: Session, given: HandApplication) -> HandApplied:
    """Apply what is left of a receipt to an invoice. Raises NotFound, Invalid (action, currency), Conflict when nothing is left or open."""
    if given.action not in ACTIONS:
        raise Invalid(f"{given.action!r} is no action.", code="residual_decision", next_step=f"Use one of {', '.join(sorted(ACTIONS))}.")
    tx.execute(text("SELECT 1 FROM open_item WHERE kind = 'AR' AND document_no = :no FOR UPDATE"), {"no": given.invoice_no})
    receipt = _lock_receipt(tx, given.receipt_no)
    row = tx.execute(_ONE, {"receipt_no": given.receipt_no, "invoice_no": given.invoice_no}).mappings().one_or_none()
    if row is None:
        raise NotFound(
            f"There is no receivable {given.invoice_no}.", code="receivable_unknown", next_step="Check the number of the invoice."
        )
    if row["currency"] != row["owed_in"]:
        raise Invalid(
            f"{given.receipt_no} is in {row['currency']}, {given.invoice_no} in {row['owed_in']}.",
            code="currency_differs",
            next_step="Apply it to an invoice in its own currency.",
        )
    if receipt.rest <= 0 or row["open_amount"] <= 0:
        raise Conflict(
            f"{receipt.rest} are left of {given.receipt_no}, and {row['open_amount']} are open on {given.invoice_no}.",
            code="nothing_to_apply",
            next_step="Choose a receipt with money left and an invoice that is open.",
        )
    owed = Owed(row["open_amount"], row["original"], row["tax_amount"], row["discount_amount"], row["currency"])
    parts = split(given.action, receipt.rest, owed)
    write_uses(tx, [Use(row, given.action, parts, row["sequence"])])
    open_amount = row["open_amount"] - parts.settles
    return HandApplied(open_amount == 0, open_amount, receipt.rest - parts.cash - parts.income - parts.on_account)


def leave_on_account(tx: Session, receipt_no: str) -> Decimal:
    """Keep what is left of a receipt for its customer; answer how much is on account. Raises NotFound, Conflict without a payer."""
    receipt = _lock_receipt(tx, receipt_no)
    if receipt.customer_no is None:
        raise Conflict(f"Nobody knows whose {receipt_no} is.", code="payer_unknown", next_step="Say which customer paid first.")
    tx.execute(text("UPDATE receipt SET on_account = on_account + :rest WHERE receipt_no = :no"), {"rest": receipt.rest, "no": receipt_no})
    return Decimal(receipt.on_account + receipt.rest)


def identify(tx: Session, receipt_no: str, customer_no: str) -> None:
    """Say which customer a receipt came from. Raises NotFound, Conflict when it is known already."""
    receipt = _lock_receipt(tx, receipt_no)
    find_customer(tx, customer_no)
    if receipt.customer_no == customer_no:
        return
    if receipt.customer_no is not None:
        raise Conflict(
            f"{receipt_no} came from {receipt.customer_no}.", code="payer_known", next_step="Reverse the receipt if that is wrong."
        )
    entry = posting.Entry(
        event_type="receipt.identified",
        source_id=receipt_no,
        currency=receipt.currency,
        lines=[
            posting.debit(UNAPPLIED_CASH, receipt.amount, reference=receipt_no),
            posting.credit(UNAPPLIED_CASH, receipt.amount, party_no=customer_no, reference=receipt_no),
        ],
        gl_date=receipt.received_on,
        narration=f"Receipt {receipt_no} came from {customer_no}",
    )
    posting.post(tx, entry)
    changed = "UPDATE receipt SET customer_no = :customer, identified_by = 'person' WHERE receipt_no = :no"
    tx.execute(text(changed), {"customer": customer_no, "no": receipt_no})


def reverse_receipt(tx: Session, receipt_no: str, reason: str) -> list[str]:
    """The bank took the money back: un-apply the receipt, reverse it, and answer the invoices whose collection has to begin again.

    Those are the ones that had been settled; where something was open all along, its collection goes on by itself. Every journal is
    reversed by its mirror; nothing is erased. Again: nothing more. Raises NotFound.
    """
    items = {row.document_no: row.open_amount for row in tx.execute(_LOCK_ITEMS, {"receipt_no": receipt_no})}
    receipt = _lock_receipt(tx, receipt_no)
    if receipt.reversed_at is not None:
        return []
    applied = tx.execute(_APPLICATIONS, {"receipt_no": receipt_no}).all()
    for row in applied:
        posting.reverse(tx, row.journal_id, narration=f"{receipt_no} reversed: {reason}")
    settled: dict[str, Decimal] = defaultdict(Decimal)
    for row in applied:
        settled[row.invoice_no] += row.settled
    reduce_open_items(tx, "AR", {invoice_no: -amount for invoice_no, amount in settled.items()})
    for journal_id in tx.execute(_RECEIPT_JOURNALS, {"receipt_no": receipt_no}).scalars().all():
        posting.reverse(tx, journal_id, narration=f"{receipt_no} reversed: {reason}")
    tx.execute(_REVERSED, {"receipt_no": receipt_no})
    return [invoice_no for invoice_no in settled if items[invoice_no] == 0]


def _lock_receipt(tx: Session, receipt_no: str) -> Row[Any]:
    row = tx.execute(_RECEIPT, {"receipt_no": receipt_no}).one_or_none()
    if row is None:
        raise NotFound(f"There is no receipt {receipt_no}.", code="receipt_unknown", next_step="Check the number on the statement's page.")
    return row


_RECEIPT = text("""
SELECT receipt.*, CASE WHEN receipt.reversed_at IS NULL THEN receipt.amount - receipt.on_account - receipt.written_off - coalesce(
  (SELECT sum(cash) FROM application WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL), 0) ELSE 0 END AS rest
FROM receipt WHERE receipt.receipt_no = :receipt_no FOR UPDATE
""")
_ONE = text(f"""
SELECT receipt.receipt_no, item.document_no AS invoice_no, item.currency AS owed_in, {FACTS}
FROM receipt JOIN journal ON journal.id = receipt.journal_id
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = :invoice_no WHERE receipt.receipt_no = :receipt_no
""")
#: Items before receipts, as when a receipt is applied, so that neither waits for the other in a circle.
_LOCK_ITEMS = text("""
SELECT item.document_no, item.open_amount FROM open_item AS item WHERE item.kind = 'AR' AND item.document_no IN (
  SELECT invoice_no FROM application WHERE receipt_no = :receipt_no AND unapplied_at IS NULL) ORDER BY item.id FOR UPDATE
""")
_APPLICATIONS = text("""
SELECT invoice_no, journal_id, cash + discount + discount_tax + written_off AS settled FROM application
WHERE receipt_no = :receipt_no AND unapplied_at IS NULL ORDER BY id
""")
_RECEIPT_JOURNALS = text("""
SELECT id FROM journal WHERE source_id = :receipt_no AND event_type IN ('receipt.recorded', 'receipt.identified') ORDER BY id DESC
""")
_REVERSED = text("""
WITH unapplied AS (
  UPDATE application SET unapplied_at = now() WHERE receipt_no = :receipt_no AND unapplied_at IS NULL
)
UPDATE receipt SET reversed_at = now(), on_account = 0, written_off = 0 WHERE receipt_no = :receipt_no
""")
