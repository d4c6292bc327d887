"""What a person does with a receipt: apply it, leave it on account, say whose it is, or take it back when the bank did.

The API calls these; when an invoice is settled it publishes `receivable.settled`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.ledger import posting
from handlers.ledger.accounts import UNAPPLIED_CASH
from handlers.ledger.books import books_currency
from handlers.ledger.open_items import Taken, lock_open_items, reduce_open_items
from handlers.parties.master_data import find_customer
from handlers.receivables.application import FACTS, USED, held_rest, open_deductions, owed_rest, use_of, write_uses
from handlers.receivables.rules import ACTIONS

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandApplication:
    """A receipt for an invoice. `action` says what becomes of a difference, as the decision `residual` would."""

    receipt_no: str
    invoice_no: str
    action: str = "PARTIAL"
    #: Of a deduction: why the customer paid short.
    reason: str = "OTHER"
    description: str = ""


@dataclass(frozen=True, slots=True)
class HandApplied:
    """What is open on the invoice now, and what is left of the receipt."""

    settled: bool
    open_amount: Decimal
    rest: Decimal
    #: The dispute that a deduction became.
    dispute_no: str | None = None


def apply_manually(tx: Session, given: HandApplication, by: str = "") -> HandApplied:
    """Apply what is left of a receipt to an invoice. Raises NotFound, Invalid (action, currency), Conflict when nothing is left or open."""
    if given.action not in ACTIONS:
        raise Invalid(f"{given.action!r} is no action.", code="residual_decision", next_step=f"Use one of {', '.join(sorted(ACTIONS))}.")
    receipt = lock_receipt(tx, given.receipt_no)
    lock_open_items(tx, "AR", [given.invoice_no])
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
    use = use_of(row, given.action, receipt.rest, (owed_rest(row), held_rest(row)), books_currency(tx))
    write_uses(tx, [use], by)
    parts = use.parts
    open_amount = row["open_amount"] - parts.settles
    disputes = open_deductions(tx, [use], given.reason, given.description, by)
    rest = receipt.rest - parts.cash - parts.income - parts.on_account
    return HandApplied(open_amount == 0, open_amount, rest, disputes[0] if disputes else None)


def leave_on_account(tx: Session, receipt_no: str) -> Decimal:
    """Keep what is left of a receipt for its customer; answer how much is on account. Raises NotFound, Conflict without a payer."""
    receipt = lock_receipt(tx, receipt_no)
    if receipt.customer_no is None:
        raise Conflict(f"Nobody knows whose {receipt_no} is.", code="payer_unknown", next_step="Say which customer paid first.")
    tx.execute(text("UPDATE receipt SET on_account = on_account + :rest WHERE receipt_no = :no"), {"rest": receipt.rest, "no": receipt_no})
    return Decimal(receipt.on_account + receipt.rest)


def take_off_account(tx: Session, receipt_no: str) -> Decimal:
    """Free what of a receipt is kept on account, so that it can be applied; answer how much. Raises NotFound, Conflict without any."""
    receipt = lock_receipt(tx, receipt_no)
    if receipt.on_account <= 0 or receipt.reversed_at is not None:
        raise Conflict(f"Nothing of {receipt_no} is on account.", code="nothing_on_account", next_step="Choose a receipt of that list.")
    tx.execute(text("UPDATE receipt SET on_account = 0 WHERE receipt_no = :no"), {"no": receipt_no})
    return Decimal(receipt.on_account)


def identify(tx: Session, receipt_no: str, customer_no: str) -> None:
    """Say which customer a receipt came from; the payer's name is known from now on. Raises NotFound, Conflict when it is known already."""
    receipt = lock_receipt(tx, receipt_no)
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
    tx.execute(_LEARN, {"receipt_no": receipt_no, "customer_no": customer_no})


@dataclass(frozen=True, slots=True)
class Return:
    """A receipt that the bank took back, why, and on which day (today where nobody says)."""

    receipt_no: str
    reason: str
    booked_on: date | None = None


def reverse_receipt(tx: Session, receipt_no: str, reason: str) -> list[str]:
    """The bank took the money back: see `reverse_receipts`. Raises NotFound."""
    return reverse_receipts(tx, [Return(receipt_no, reason)])


def reverse_receipts(tx: Session, returns: Sequence[Return]) -> list[str]:
    """Un-apply receipts, reverse them, and answer the invoices whose collection has to begin again.

    Those are the ones that had been settled; where something was open all along, its collection goes on by itself. Every journal is
    reversed by its mirror; nothing is erased. Again: nothing more. A constant number of statements. Raises NotFound.
    """
    asked = {each.receipt_no: each for each in returns}
    known = locks.take(tx, Lock.RECEIPT, asked)
    for number in sorted(asked.keys() - set(known)):
        raise _unknown(number)
    live = tx.execute(_NOT_REVERSED, {"numbers": known}).scalars().all()
    applied = tx.execute(_APPLICATIONS, {"numbers": live}).all()
    items = lock_open_items(tx, "AR", [row.invoice_no for row in applied])
    given_back: dict[str, Taken] = defaultdict(lambda: Taken(ZERO, ZERO))
    for row in applied:
        before = given_back[row.invoice_no]
        given_back[row.invoice_no] = Taken(before.amount - row.settled, before.in_books - row.in_books)
    recorded = tx.execute(_RECEIPT_JOURNALS, {"numbers": live}).all()
    posting.reverse_many(tx, [_reversal(row.journal_id, asked[row.receipt_no]) for row in [*applied, *recorded]])
    reduce_open_items(tx, "AR", given_back)
    tx.execute(_REVERSED, {"numbers": live})
    return [invoice_no for invoice_no in given_back if items[invoice_no]["open_amount"] == 0]


def _reversal(journal_id: int, returned: Return) -> posting.Reversal:
    return posting.Reversal(journal_id, returned.booked_on, f"{returned.receipt_no} reversed: {returned.reason}")


def lock_receipt(tx: Session, receipt_no: str) -> Row[Any]:
    """The receipt, locked and then read, with its `rest`: what is neither applied, kept on account nor written off. Raises NotFound."""
    locks.take(tx, Lock.RECEIPT, [receipt_no])
    row = tx.execute(_RECEIPT, {"receipt_no": receipt_no}).one_or_none()
    if row is None:
        raise _unknown(receipt_no)
    return row


def _unknown(receipt_no: str) -> NotFound:
    return NotFound(f"There is no receipt {receipt_no}.", code="receipt_unknown", next_step="Check the number on the statement's page.")


#: The latest word counts.
_LEARN = text("""
INSERT INTO payer_alias (name, customer_no)
SELECT lower(trim(came.payer_name)), :customer_no FROM receipt JOIN bank_line AS came ON came.id = receipt.bank_line_id
WHERE receipt.receipt_no = :receipt_no AND trim(came.payer_name) <> ''
ON CONFLICT (name) DO UPDATE SET customer_no = excluded.customer_no, learned_at = business_now()
""")
_RECEIPT = text(f"""
SELECT receipt.*, CASE WHEN receipt.reversed_at IS NULL THEN receipt.amount - receipt.on_account - receipt.written_off - used.cash
  ELSE 0 END AS rest
FROM receipt {USED} WHERE receipt.receipt_no = :receipt_no
""")
_ONE = text(f"""
SELECT receipt.receipt_no, item.document_no AS invoice_no, item.currency AS owed_in, {FACTS}
FROM receipt JOIN journal ON journal.id = receipt.journal_id
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = :invoice_no
{USED} WHERE receipt.receipt_no = :receipt_no
""")
_NOT_REVERSED = text("SELECT receipt_no FROM receipt WHERE receipt_no = ANY(:numbers) AND reversed_at IS NULL ORDER BY receipt_no")
_APPLICATIONS = text("""
SELECT receipt_no, invoice_no, journal_id, cash + discount + discount_tax + written_off AS settled, (
    SELECT coalesce(-sum(line.accounted), 0) FROM journal_line AS line
    WHERE line.journal_id = application.journal_id AND line.account = '1200') AS in_books
FROM application WHERE receipt_no = ANY(:numbers) AND unapplied_at IS NULL ORDER BY id
""")
_RECEIPT_JOURNALS = text("""
SELECT source_id AS receipt_no, id AS journal_id FROM journal
WHERE source_id = ANY(:numbers) AND event_type IN ('receipt.recorded', 'receipt.identified', 'receipt.booked') ORDER BY id DESC
""")
_REVERSED = text("""
WITH unapplied AS (
  UPDATE application SET unapplied_at = business_now() WHERE receipt_no = ANY(:numbers) AND unapplied_at IS NULL
)
UPDATE receipt SET reversed_at = business_now(), on_account = 0, written_off = 0 WHERE receipt_no = ANY(:numbers)
""")
