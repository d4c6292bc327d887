"""The control total of the bank: each bank account's ledger account stands at its last closing balance.

Between the two lie only entries that wait for a person, and what we booked before the bank did: payments to suppliers on their way, and
receipts that somebody reversed before the statement said so. The invariant and the carrying of an opening balance read one query.
"""

from decimal import Decimal

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from handlers.ledger import posting
from handlers.ledger.accounts import OPENING_BALANCE_EQUITY


def carry_opening_balance(tx: Session, statement: RowMapping) -> Decimal:
    """Bring what a bank account had before its first statement into the books, once; answer how much.

    An account whose statements follow one another has nothing to carry: then a difference is a fault that the invariant shows.
    """
    given = {"statement_no": statement["statement_no"], "account": statement["ledger_account"]}
    if tx.execute(_FOLLOWS_ANOTHER, given).first():
        return Decimal(0)
    stands = tx.execute(_POSITION_OF, given).one()
    missing = Decimal(stands.expected - stands.ledger)
    if missing:
        line = posting.debit if missing > 0 else posting.credit
        other = posting.credit if missing > 0 else posting.debit
        entry = posting.Entry(
            event_type="bank.opening",
            source_id=statement["statement_no"],
            currency=statement["currency"],
            lines=[line(statement["ledger_account"], abs(missing)), other(OPENING_BALANCE_EQUITY, abs(missing))],
            gl_date=statement["opened_on"],
            narration=f"What {statement['account']} stood at before statement {statement['statement_no']}",
        )
        posting.post(tx, entry)
    return missing


#: Each ledger account of a bank account: where it stands, and where it has to stand. An account in the currency of the books is compared
#: in that, another one in its own.
BANK_POSITION = """
WITH house AS (
  SELECT iban, currency, ledger_account FROM house_bank_account
  UNION ALL SELECT '', currency, '1000' FROM ledger_book WHERE NOT EXISTS (SELECT FROM house_bank_account WHERE ledger_account = '1000')
)
SELECT house.ledger_account, house.iban, house.currency,
  coalesce(closed.closing, 0) - coalesce(waiting.amount, 0) - coalesce(under_way.amount, 0) - coalesce(returned.amount, 0) AS expected,
  coalesce(booked.amount, 0) AS ledger
FROM house CROSS JOIN ledger_book AS book
LEFT JOIN LATERAL (
  SELECT statement.closing FROM bank_statement AS statement
  WHERE statement.account = house.iban AND statement.currency = house.currency AND statement.read_at IS NOT NULL
  ORDER BY statement.closed_on DESC, statement.statement_no DESC LIMIT 1) AS closed ON true
LEFT JOIN LATERAL (
  SELECT sum(line.amount) AS amount FROM bank_line AS line JOIN bank_statement AS statement USING (statement_no)
  WHERE line.outcome = '' AND line.account = house.iban AND statement.currency = house.currency AND statement.read_at IS NOT NULL
  ) AS waiting ON true
LEFT JOIN LATERAL (
  SELECT sum(CASE WHEN house.currency = book.currency THEN round(bill.paid_amount * journal.fx_rate, 2) ELSE bill.paid_amount END) AS amount
  FROM supplier_invoice AS bill
  JOIN LATERAL (SELECT fx_rate FROM journal WHERE event_type = 'supplier.paid' AND source_id = bill.supplier_invoice_no
                ORDER BY sequence DESC LIMIT 1) AS journal ON true
  WHERE house.ledger_account = '1000' AND bill.paid_at IS NOT NULL AND house.currency IN (book.currency, bill.currency)
    AND NOT EXISTS (SELECT FROM bank_line AS line WHERE line.outcome = 'PAYMENT' AND line.document_no = bill.supplier_invoice_no)
  ) AS under_way ON true
LEFT JOIN LATERAL (
  SELECT sum(receipt.amount) AS amount FROM receipt JOIN bank_line AS came ON came.id = receipt.bank_line_id
  WHERE receipt.reversed_at IS NOT NULL AND came.account = house.iban AND receipt.currency = house.currency
    AND NOT EXISTS (SELECT FROM bank_line AS line WHERE line.outcome = 'RETURN' AND line.document_no = receipt.receipt_no)
  ) AS returned ON true
LEFT JOIN LATERAL (
  SELECT sum(CASE WHEN house.currency = book.currency THEN line.accounted ELSE line.debit - line.credit END) AS amount
  FROM journal_line AS line WHERE line.account = house.ledger_account) AS booked ON true
"""
_POSITION_OF = text(f"SELECT * FROM ({BANK_POSITION}) AS position WHERE ledger_account = :account")
_FOLLOWS_ANOTHER = text("""
SELECT 1 FROM bank_statement AS one JOIN bank_statement AS before ON before.account = one.account AND before.currency = one.currency
WHERE one.statement_no = :statement_no AND before.read_at IS NOT NULL
  AND (before.closed_on, before.statement_no) < (one.closed_on, one.statement_no)
""")
