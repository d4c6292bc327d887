"""Applies what the match engine suggested and a person accepted: of one receipt, or the best of each receipt of a statement."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.ledger.books import books_currency
from handlers.ledger.open_items import lock_open_items
from handlers.receivables.application import FACTS, USED, Use, held_rest, owed_rest, use_of, write_uses


def accept_suggestion(tx: Session, receipt_no: str, rank: int, by: str = "") -> list[str]:
    """Apply one suggestion of a receipt, what differs staying open or free; answer the invoices it settled.

    Raises NotFound for a suggestion that is not there, Conflict when nothing of it can be applied any more.
    """
    locks.take(tx, Lock.RECEIPT, [receipt_no])
    numbers = tx.scalars(_INVOICES, {"receipts": [receipt_no], "rank": rank}).all()
    if not numbers:
        raise NotFound(
            f"{receipt_no} has no suggestion {rank}.",
            code="suggestion_unknown",
            next_step="Load the list of receipts again and choose one.",
        )
    settled = _apply(tx, [receipt_no], rank, numbers, by)
    if settled is None:
        raise Conflict(
            f"Nothing of that suggestion for {receipt_no} is open any more.",
            code="nothing_to_apply",
            next_step="Choose another invoice, or keep the receipt on account.",
        )
    return settled


def apply_suggestions(tx: Session, statement_no: str) -> list[str]:
    """Apply the best suggestion of each receipt of a statement that nothing was applied of; answer the invoices that are settled."""
    receipts = tx.scalars(_RECEIPTS, {"statement_no": statement_no}).all()
    numbers = tx.scalars(_INVOICES, {"receipts": list(receipts), "rank": 1}).all() if receipts else []
    return (_apply(tx, receipts, 1, numbers) if numbers else None) or []


def _apply(tx: Session, receipts: Sequence[str], rank: int, numbers: Sequence[str], by: str = "") -> list[str] | None:
    """The settled invoices; None where nothing could be applied. What one takes is gone for the next."""
    lock_open_items(tx, "AR", numbers)
    books = books_currency(tx)
    rows = tx.execute(_SUGGESTED, {"receipts": list(receipts), "rank": rank}).mappings().all()
    invoices = {row["invoice_no"]: owed_rest(row) for row in rows}
    held = {row["receipt_no"]: held_rest(row) for row in rows}
    free = {row["receipt_no"]: row["rest"] for row in rows}
    uses: list[Use] = []
    for row in rows:
        invoice = invoices[row["invoice_no"]]
        amount = min(row["amount"], free[row["receipt_no"]], invoice.amount)
        if amount > 0:
            action = _action(row, amount, invoice.amount)
            uses.append(use_of(row, action, amount, (invoice, held[row["receipt_no"]]), books))
            free[row["receipt_no"]] -= amount
    if not uses:
        return None
    write_uses(tx, uses, by)
    return sorted(number for number, invoice in invoices.items() if invoice.amount == 0)


def _action(row: RowMapping, amount: Decimal, open_amount: Decimal) -> str:
    return "APPLY" if amount == open_amount or not row["difference"] else "PARTIAL"


_INVOICES = text("SELECT DISTINCT invoice_no FROM receipt_proposal WHERE receipt_no = ANY(:receipts) AND rank = :rank ORDER BY invoice_no")
_RECEIPTS = text("""
SELECT receipt_no FROM receipt WHERE statement_no = :statement_no AND reversed_at IS NULL
  AND NOT EXISTS (SELECT FROM application WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL)
ORDER BY receipt_no
""")
_SUGGESTED = text(f"""
SELECT proposal.receipt_no, proposal.invoice_no, proposal.amount, proposal.difference, {FACTS}
FROM receipt_proposal AS proposal JOIN receipt ON receipt.receipt_no = proposal.receipt_no
JOIN journal ON journal.id = receipt.journal_id
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = proposal.invoice_no AND item.currency = receipt.currency
{USED}
WHERE proposal.receipt_no = ANY(:receipts) AND proposal.rank = :rank AND receipt.reversed_at IS NULL
ORDER BY proposal.receipt_no, item.due_date, proposal.invoice_no
""")
