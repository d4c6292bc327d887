"""What suppliers owe us of credit notes: open until the bank shows the money, or another bill of the supplier is set off against it.

Whoever explains a bank entry books the money to the account of these claims; each entry that takes the amount of a claim off it, in its
currency, clears one, also money that comes before the credit note does.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.service_tasks import Refused
from handlers.dropship.credit_notes import lock_credit_note
from handlers.dropship.payables import exchange_difference, lock_bill
from handlers.ledger import posting
from handlers.ledger.accounts import OWED_BY_SUPPLIERS, PAYABLES
from handlers.ledger.open_items import lock_open_items, reduce_open_items
from handlers.values import round_currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whether a supplier still owes us what it credited, and how much."""

    owed: bool
    amount: Decimal
    currency: str
    document_no: str
    supplier_no: str


def read_claim(tx: Session, supplier_credit_no: str) -> Claim:
    """What a supplier owes of a credit note. Raises NotFound."""
    note = lock_credit_note(tx, supplier_credit_no)
    owed = tx.execute(_OWED, {"no": supplier_credit_no}).first() is not None
    amount = round_currency(note.claimed, note.currency)
    return Claim(owed=owed, amount=amount, currency=note.currency, document_no=note.document_no, supplier_no=note.supplier_no)


def set_off(tx: Session, supplier_credit_no: str, supplier_invoice_no: str) -> None:
    """Pay so much less of another bill of the supplier; again, or when nothing is owed any more: nothing.

    Raises NotFound, Refused NOT_THAT_BILL for a bill of another supplier or currency, or one of which less is open than is claimed.
    """
    bill = lock_bill(tx, supplier_invoice_no)
    claim = read_claim(tx, supplier_credit_no)
    if not claim.owed:
        return
    item = lock_open_items(tx, "AP", [supplier_invoice_no]).get(supplier_invoice_no)
    left = item["open_amount"] if item is not None else Decimal(0)
    if (bill.supplier_no, bill.currency) != (claim.supplier_no, claim.currency) or item is None or left < claim.amount:
        raise Refused(
            "NOT_THAT_BILL",
            f"{round_currency(left, bill.currency)} {bill.currency} is open of {supplier_invoice_no} of {bill.supplier_no}; "
            f"{claim.supplier_no} owes us {claim.amount} {claim.currency}.",
        )
    taken = reduce_open_items(tx, "AP", {supplier_invoice_no: claim.amount})[supplier_invoice_no]
    claimed_at = tx.execute(_IN_BOOKS, {"no": supplier_credit_no, "account": OWED_BY_SUPPLIERS}).scalar_one()
    lines = [
        posting.Line(PAYABLES, debit=claim.amount, party_no=bill.supplier_no, reference=supplier_invoice_no, accounted=taken.in_books),
        posting.Line(OWED_BY_SUPPLIERS, credit=claim.amount, reference=supplier_credit_no, accounted=-claimed_at),
        *exchange_difference(taken.in_books - claimed_at),
    ]
    entry = posting.Entry(
        event_type="supplier_credit.set_off",
        source_id=supplier_credit_no,
        currency=claim.currency,
        lines=lines,
        fx_rate=item["fx_rate"],
        narration=f"Credit note {claim.document_no} set off against {bill.document_no} of {bill.supplier_no}",
    )
    posting.post(tx, entry)
    tx.execute(_SET_OFF, {"no": supplier_invoice_no, "amount": claim.amount})


#: The nth claim of an amount is cleared by the nth time the same amount is taken off the account.
OWED = """
SELECT claim.supplier_credit_no, claim.claimed, claim.currency, claim.po_no, claim.approved_at, claim.supplier_no FROM (
  SELECT note.*, row_number() OVER (PARTITION BY currency, claimed ORDER BY journal_id) AS nth
  FROM supplier_credit AS note WHERE claimed > 0
) AS claim LEFT JOIN (
  SELECT journal.currency, line.credit AS amount, count(*) AS times
  FROM journal_line AS line JOIN journal ON journal.id = line.journal_id WHERE line.account = '1296' GROUP BY 1, 2
) AS cleared ON cleared.currency = claim.currency AND cleared.amount = claim.claimed
WHERE claim.nth > coalesce(cleared.times, 0)
"""
_OWED = text(f"SELECT 1 FROM ({OWED}) AS owed WHERE supplier_credit_no = :no")
_IN_BOOKS = text("SELECT sum(accounted) FROM journal_line WHERE account = :account AND reference = :no")
_SET_OFF = text("UPDATE supplier_invoice SET credited = credited + :amount WHERE supplier_invoice_no = :no")
