"""Money that a customer has with us is used for a new invoice, where the table says so; what is left of it stays on account."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.ledger.open_items import lock_open_items
from handlers.receivables.manual_application import HandApplication, apply_manually, take_off_account


@dataclass(frozen=True, slots=True)
class OnAccount:
    """What of a customer's money is kept on account in the currency of its invoice, and whether its money pays what is due first."""

    amount: Decimal
    currency: str
    oldest_first: bool
    customer_class: str


def read_on_account(tx: Session, invoice_no: str) -> OnAccount:
    """What could be used for an invoice. Raises NotFound."""
    row = tx.execute(_HELD, {"invoice_no": invoice_no}).one_or_none()
    if row is None:
        raise NotFound(
            f"Invoice {invoice_no} is not among the receivables.",
            code="receivable_unknown",
            next_step="Post the invoice before it is collected.",
        )
    return OnAccount(row.amount, row.currency, row.oldest_first, row.customer_class)


def use_on_account(tx: Session, invoice_no: str) -> Decimal:
    """Pay an invoice from its customer's money on account, the oldest first; answers how much. Again: what is there then, or nothing.

    Receipts of which a part is free are left to the person who looks at them. Read anew under their locks.
    """
    numbers = tx.execute(_RECEIPTS, {"invoice_no": invoice_no}).scalars().all()
    locks.take(tx, Lock.RECEIPT, numbers)
    open_ = Decimal(lock_open_items(tx, "AR", [invoice_no])[invoice_no]["open_amount"])
    used = Decimal(0)
    for receipt_no in tx.execute(_RECEIPTS, {"invoice_no": invoice_no}).scalars().all():
        if open_ <= 0 or receipt_no not in numbers:
            continue
        held = take_off_account(tx, receipt_no)
        action = "ON_ACCOUNT" if held > open_ else "PARTIAL"
        apply_manually(tx, HandApplication(receipt_no=receipt_no, invoice_no=invoice_no, action=action))
        used += min(held, open_)
        open_ -= min(held, open_)
    return used


_HELD = text("""
SELECT item.currency, customer.oldest_first, customer.customer_class, coalesce((
  SELECT sum(receipt.on_account) FROM receipt
  WHERE receipt.customer_no = item.party_no AND receipt.currency = item.currency AND receipt.reversed_at IS NULL), 0) AS amount
FROM open_item AS item JOIN customer ON customer.customer_no = item.party_no
WHERE item.kind = 'AR' AND item.document_no = :invoice_no
""")
#: With money on account and nothing else left of them.
_RECEIPTS = text("""
SELECT receipt.receipt_no FROM open_item AS item
JOIN receipt ON receipt.customer_no = item.party_no AND receipt.currency = item.currency
WHERE item.kind = 'AR' AND item.document_no = :invoice_no AND receipt.on_account > 0 AND receipt.reversed_at IS NULL
  AND receipt.amount = receipt.on_account + receipt.written_off + coalesce((
    SELECT sum(used.cash) FROM application AS used WHERE used.receipt_no = receipt.receipt_no AND used.unapplied_at IS NULL), 0)
ORDER BY receipt.received_on, receipt.receipt_no
""")
