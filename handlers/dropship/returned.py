"""Payments to suppliers that the bank gave back: they stand on an account of their own until the supplier has its money after all.

Whoever explains a bank entry books it there. It is cleared by the next entry that takes the same amount, in the same currency, off the
account: the supplier paid again, or a manual entry that settles it otherwise.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.service_tasks import Refused
from handlers.dropship.payables import lock_bill
from handlers.dropship.payments import Transfer
from handlers.values import round_currency


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedPayment:
    """Money of a supplier that is with us: the bank entry by its place, what it says, and how to ask about it once."""

    reference: str
    amount: Decimal
    currency: str
    narration: str
    business_key: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a payment that came back is still with us."""

    with_us: bool
    amount: Decimal
    currency: str
    narration: str


def list_returned(tx: Session) -> list[ReturnedPayment]:
    """Every payment that came back and is still with us, the oldest first."""
    return [
        ReturnedPayment(
            reference=row.reference,
            amount=round_currency(row.amount, row.currency),
            currency=row.currency,
            narration=row.narration,
            business_key=f"returned-{row.reference}",
            message_id=f"payment.returned:{row.reference}",
        )
        for row in tx.execute(_WITH_US)
    ]


def read_returned(tx: Session, reference: str) -> Standing:
    """A payment that came back, by the place of its bank entry."""
    found = next((each for each in list_returned(tx) if each.reference == reference), None)
    if found is None:
        return Standing(with_us=False, amount=Decimal(0), currency="", narration="")
    return Standing(with_us=True, amount=found.amount, currency=found.currency, narration=found.narration)


def pay_again(tx: Session, reference: str, supplier_invoice_no: str) -> Transfer:
    """What to tell the bank to pay a bill again whose payment came back; nothing is posted: the statement that shows it clears the account.

    Raises NotFound, Refused NOT_THAT_BILL when the bill was not paid with this amount.
    """
    bill = lock_bill(tx, supplier_invoice_no)
    standing = read_returned(tx, reference)
    if bill.paid_at is None or (bill.paid_amount, bill.currency) != (standing.amount, standing.currency):
        paid = f"paid with {bill.paid_amount} {bill.currency}" if bill.paid_at is not None else "not paid"
        raise Refused("NOT_THAT_BILL", f"{supplier_invoice_no} is {paid}; what came back is {standing.amount} {standing.currency}.")
    attempt = tx.execute(_SENT, {"no": supplier_invoice_no}).scalar_one() + 1
    return Transfer(bill.supplier_no, supplier_invoice_no, bill.document_no, attempt, bill.paid_amount, bill.currency)


#: The nth amount that came back is cleared by the nth time the same amount is taken off.
WITH_US = """
SELECT back.reference, back.amount, back.currency, back.narration, back.gl_date FROM (
  SELECT line.reference, line.credit AS amount, journal.currency, journal.narration, journal.gl_date, journal.id,
    row_number() OVER (PARTITION BY journal.currency, line.credit ORDER BY journal.id) AS nth
  FROM journal_line AS line JOIN journal ON journal.id = line.journal_id WHERE line.account = '2360' AND line.credit > 0
) AS back LEFT JOIN (
  SELECT journal.currency, line.debit AS amount, count(*) AS times
  FROM journal_line AS line JOIN journal ON journal.id = line.journal_id WHERE line.account = '2360' GROUP BY 1, 2
) AS cleared ON cleared.currency = back.currency AND cleared.amount = back.amount
WHERE back.nth > coalesce(cleared.times, 0)
"""
_WITH_US = text(f"{WITH_US} ORDER BY back.id")
_SENT = text("SELECT count(*) FROM effect WHERE kind = 'payment' AND payload->>'supplier_invoice_no' = :no")
