"""Refunds: what is left of a credit memo goes back to the customer.

The bank is told by an effect, with the number of the credit memo as end-to-end id. The books have the refund when a statement shows it:
until then it is owed. It goes to the account that the customer's payments come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.service_tasks import Refused
from engine.store import locks
from engine.store.locks import Lock
from handlers.ledger import posting
from handlers.ledger.accounts import FX_GAIN, FX_LOSS, REFUNDS_PAYABLE
from handlers.ledger.books import books_currency, rate_on
from handlers.receivables.model import Refund
from handlers.receivables.rules import names_it
from handlers.rowsets import insert_rows
from handlers.values import round_currency

ZERO = Decimal(0)
NO_ACCOUNT = "NO_ACCOUNT"


@dataclass(frozen=True, slots=True)
class Transfer:
    """What to tell the bank; `attempt` counts from one."""

    customer_no: str
    iban: str
    end_to_end_id: str
    attempt: int
    amount: Decimal
    currency: str


def order_refund(tx: Session, credit_memo_no: str, *, again: bool = False) -> Transfer | None:
    """Have the bank pay what is left of a posted credit memo; None where nothing is, or where it was ordered and not asked for `again`.

    Raises NotFound, Conflict when it is not posted or a statement has shown the refund, Refused NO_ACCOUNT when the customer has none.
    """
    memo = _locked(tx, credit_memo_no)
    amount = memo.gross_total - memo.settled_total
    refund = tx.execute(_REFUND, {"no": credit_memo_no}).one_or_none()
    if not amount or (refund is not None and not again):
        return None
    if refund is not None and _is_paid(tx, credit_memo_no):
        raise Conflict(
            f"A statement has shown the refund of {credit_memo_no}.", code="refund_shown", next_step="Look at it in the list of statements."
        )
    iban = tx.execute(_ACCOUNT, {"customer_no": memo.customer_no}).scalar()
    if iban is None:
        raise Refused(NO_ACCOUNT, f"No bank account of customer {memo.customer_no} is on file.")
    if refund is None:
        told = {"credit_memo_no": credit_memo_no, "customer_no": memo.customer_no, "amount": amount, "currency": memo.currency}
        insert_rows(tx, Refund, [told | {"iban": iban}])
        return Transfer(memo.customer_no, iban, credit_memo_no, 1, amount, memo.currency)
    attempt: int = tx.execute(_AGAIN, {"no": credit_memo_no, "iban": iban}).scalar_one()
    return Transfer(memo.customer_no, iban, credit_memo_no, attempt, amount, memo.currency)


def is_on_statement(tx: Session, credit_memo_no: str) -> bool:
    """Whether a bank statement has shown the refund; nothing to refund needs none. Raises NotFound."""
    memo = _locked(tx, credit_memo_no)
    refund = tx.execute(_REFUND, {"no": credit_memo_no}).one_or_none()
    return memo.gross_total == memo.settled_total or (refund is not None and refund.paid_at is not None)


def find_refunds(tx: Session, lines: Sequence[RowMapping]) -> list[tuple[RowMapping, str, posting.Entry]]:
    """The debits among the entries of a statement that are refunds we ordered: each with its credit memo, and what is to be posted.

    The number of the credit memo and the amount are two witnesses. What is found counts as paid.
    """
    amounts = sorted({-line["amount"] for line in lines})
    under_way = tx.execute(_UNDER_WAY, {"amounts": amounts}).mappings().all() if lines else []
    locks.take(tx, Lock.REFUND, [refund["credit_memo_no"] for refund in under_way])
    left = {row.credit_memo_no for row in tx.execute(_UNDER_WAY, {"amounts": amounts})} if under_way else set()
    found = []
    for line in lines:
        fits = [refund for refund in under_way if refund["credit_memo_no"] in left and _is_refund(line, refund)]
        if len(fits) == 1:
            left.discard(fits[0]["credit_memo_no"])
            found.append((line, fits[0]["credit_memo_no"], _paid(tx, line, fits[0])))
    return found


def _is_refund(line: RowMapping, refund: RowMapping) -> bool:
    same = refund["amount"] == -line["amount"] and refund["currency"] == line["currency"]
    return same and names_it(line, refund["credit_memo_no"])


def _paid(tx: Session, line: RowMapping, refund: RowMapping) -> posting.Entry:
    """What stood as owed leaves with the money; between the rates of the credit memo and of the day something was gained or lost."""
    number, amount, books = refund["credit_memo_no"], refund["amount"], books_currency(tx)
    tx.execute(_PAID, {"no": number})
    rate = rate_on(tx, refund["currency"], line["booked_on"])
    paid, owed = round_currency(amount * rate, books), tx.execute(_OWED, {"no": number}).scalar_one()
    lines = [
        posting.Line(REFUNDS_PAYABLE, debit=amount, reference=number, accounted=owed),
        posting.Line(line["ledger_account"], credit=amount, reference=number, accounted=-paid),
        *([posting.Line(FX_GAIN if owed > paid else FX_LOSS, accounted=paid - owed)] if owed != paid else []),
    ]
    return posting.Entry(
        event_type="refund.paid",
        source_id=number,
        currency=refund["currency"],
        lines=lines,
        gl_date=line["booked_on"],
        fx_rate=rate,
        narration=f"Refund of {number} to {refund['customer_no']}",
    )


def _is_paid(tx: Session, credit_memo_no: str) -> bool:
    """Whether a statement has shown it; held to the end of the transaction."""
    locks.take(tx, Lock.REFUND, [credit_memo_no])
    return tx.execute(_REFUND, {"no": credit_memo_no}).one().paid_at is not None


def _locked(tx: Session, credit_memo_no: str) -> Row[Any]:
    locks.take(tx, Lock.INVOICE, [credit_memo_no])
    memo = tx.execute(_MEMO, {"no": credit_memo_no}).one_or_none()
    if memo is None:
        raise NotFound(
            f"There is no credit memo {credit_memo_no}.", code="credit_memo_unknown", next_step="Look it up in the list of invoices."
        )
    if memo.posted_at is None:
        raise Conflict(f"{credit_memo_no} is not posted.", code="not_posted", next_step="Post the credit memo before it is refunded.")
    return memo


_MEMO = text("SELECT * FROM invoice WHERE invoice_no = :no AND kind = 'CM'")
_REFUND = text("SELECT * FROM refund WHERE credit_memo_no = :no")
#: The account that money of the customer came from last; one that never paid comes after all that did.
_ACCOUNT = text("""
SELECT account.iban FROM bank_account AS account LEFT JOIN LATERAL (
  SELECT max(receipt.received_on) AS on FROM receipt JOIN bank_line AS came ON came.id = receipt.bank_line_id
  WHERE receipt.customer_no = account.customer_no AND came.payer_iban = account.iban) AS paid ON true
WHERE account.customer_no = :customer_no ORDER BY paid.on DESC NULLS LAST, account.iban LIMIT 1
""")
_AGAIN = text("""
UPDATE refund SET attempt = attempt + 1, iban = :iban, ordered_at = business_now() WHERE credit_memo_no = :no RETURNING attempt
""")
_PAID = text("UPDATE refund SET paid_at = business_now() WHERE credit_memo_no = :no")
_UNDER_WAY = text("SELECT * FROM refund WHERE amount = ANY(:amounts) AND paid_at IS NULL ORDER BY credit_memo_no")
#: What stands as owed back for a credit memo, in the currency of the books.
_OWED = text("SELECT -sum(accounted) FROM journal_line WHERE account = '2350' AND reference = :no")
