"""Places what of a statement's receipts nothing took: on account of its customer, or on another account when it is no customer's money."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.store import locks
from engine.store.locks import Lock
from handlers.ledger import posting
from handlers.ledger.accounts import NUMBERS, PARTY_ACCOUNTS, UNAPPLIED_CASH
from handlers.ledger.books import books_currency
from handlers.ledger.clearing import untakeable
from handlers.ledger.open_items import share_in_books
from handlers.receivables.application import USED
from handlers.receivables.statements import lock_statement
from handlers.receivables.suggestions import apply_suggestions
from handlers.rowsets import as_json
from handlers.values import round_currency

ON_ACCOUNT, ACCOUNT, SUGGESTED = "on_account", "account", "suggested"
#: How many receipts are shown to a person at once, with what each could pay.
MOST_SHOWN = 25


@dataclass(frozen=True, slots=True)
class _Placed:
    """What becomes of the rest of a receipt."""

    receipt_no: str
    on_account: Decimal
    written_off: Decimal


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a receipt could pay, in words, with the best suggestion first."""

    receipt_no: str
    rest: Decimal
    currency: str
    payer: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The receipts of which something is still free, what they could pay, and the invoices that were settled."""

    unmatched: list[str]
    suggestions: list[Suggested]
    settled: list[str]


def place_receipts(tx: Session, statement_no: str, outcome: str, account: str = "") -> Placed:
    """Place the rests as a person said, and answer what is still free.

    `on_account` keeps what has a customer; `account` books the rest to an account of the ledger; `suggested` applies the best suggestion of
    each receipt that has one, what differs staying open; anything else changes nothing. Raises NotFound, Invalid for an account that
    cannot be booked here.
    """
    lock_statement(tx, statement_no)
    given = {"statement_no": statement_no}
    locks.take(tx, Lock.RECEIPT, tx.execute(_OF_STATEMENT, given).scalars().all())
    settled = apply_suggestions(tx, statement_no) if outcome == SUGGESTED else []
    unmatched = _place_free(tx, given, outcome, account)
    shown = tx.execute(_SUGGESTIONS, given | {"numbers": unmatched[:MOST_SHOWN]}).all() if unmatched else []
    return Placed(unmatched, [Suggested(*row) for row in shown], settled)


def _place_free(tx: Session, given: dict[str, str], outcome: str, account: str) -> list[str]:
    free = tx.execute(_FREE, given).mappings().all()
    zero = Decimal(0)
    if outcome == ON_ACCOUNT:
        placed = [_Placed(row["receipt_no"], row["rest"], zero) for row in free if row["customer_no"] is not None]
    elif outcome == ACCOUNT:
        _check_account(account, untakeable(tx, account, [(row["rest"], row["currency"]) for row in free]))
        posting.post_many(tx, [_entry(row, account, books_currency(tx)) for row in free])
        placed = [_Placed(row["receipt_no"], zero, row["rest"]) for row in free]
    else:
        placed = []
    rows = [{"receipt_no": each.receipt_no, "on_account": each.on_account, "written_off": each.written_off} for each in placed]
    tx.execute(_PLACE, {"rows": as_json(rows)})
    done = {each.receipt_no for each in placed}
    return [row["receipt_no"] for row in free if row["receipt_no"] not in done]


def _check_account(account: str, lacking: str) -> None:
    if lacking:
        raise Invalid(
            lacking,
            code="account_not_owed",
            next_step="Choose another account, or take in the supplier's credit note first.",
            errors={"account": ["nothing of this amount stands on this account"]},
        )
    if account not in NUMBERS - PARTY_ACCOUNTS - {UNAPPLIED_CASH}:
        raise Invalid(
            f"{account or 'No account'} cannot be booked here.",
            code="account_unknown",
            next_step="Choose an account of the list.",
            errors={"account": ["must be an account of the list"]},
        )


def _entry(row: RowMapping, account: str, books: str) -> posting.Entry:
    worth = share_in_books(row["rest"], row["held"], row["held_in_books"], row["fx_rate"], books)
    worth = worth if row["currency"] != books else round_currency(row["rest"], books)
    cash = posting.Line(UNAPPLIED_CASH, row["rest"], Decimal(0), row["customer_no"], row["receipt_no"], worth)
    return posting.Entry(
        event_type="receipt.booked",
        source_id=row["receipt_no"],
        currency=row["currency"],
        lines=[cash, posting.Line(account, Decimal(0), row["rest"], None, row["receipt_no"], -worth)],
        gl_date=row["received_on"],
        fx_rate=row["fx_rate"],
        narration=f"Receipt {row['receipt_no']} is no customer's payment: booked to {account}",
    )


_SUGGESTIONS = text("""
SELECT receipt.receipt_no, receipt.amount - receipt.on_account - receipt.written_off - coalesce((SELECT sum(cash) FROM application
    WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL), 0) AS rest, receipt.currency,
  concat_ws(': ', coalesce(customer.name, nullif(came.payer_name, ''), 'unknown payer'), nullif(came.remittance, '')) AS payer,
  coalesce(best.text, 'Nothing fits.') AS suggestion
FROM receipt JOIN bank_line AS came ON came.id = receipt.bank_line_id
LEFT JOIN customer ON customer.customer_no = receipt.customer_no
LEFT JOIN LATERAL (
  SELECT string_agg(proposal.invoice_no, ', ' ORDER BY proposal.invoice_no) || ' (' || round(max(proposal.score)) || '): '
    || min(proposal.why) AS text
  FROM receipt_proposal AS proposal WHERE proposal.receipt_no = receipt.receipt_no AND proposal.rank = 1) AS best ON true
WHERE receipt.receipt_no = ANY(:numbers) AND receipt.statement_no = :statement_no ORDER BY receipt.receipt_no
""")
_OF_STATEMENT = text("SELECT receipt_no FROM receipt WHERE statement_no = :statement_no")
_FREE = text(f"""
SELECT * FROM (
  SELECT receipt.receipt_no, receipt.customer_no, receipt.currency, receipt.received_on, journal.fx_rate,
    receipt.amount - receipt.written_off - used.cash AS held,
    receipt.amount - receipt.written_off - receipt.on_account - used.cash AS rest,
    coalesce((SELECT -sum(line.accounted) FROM journal_line AS line
              WHERE line.reference = receipt.receipt_no AND line.account = '1290'), 0) AS held_in_books
  FROM receipt JOIN journal ON journal.id = receipt.journal_id {USED}
  WHERE receipt.statement_no = :statement_no AND receipt.reversed_at IS NULL
) AS receipts WHERE rest > 0 ORDER BY receipt_no
""")
_PLACE = text("""
UPDATE receipt SET on_account = receipt.on_account + given.on_account, written_off = receipt.written_off + given.written_off
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(receipt_no text, on_account numeric, written_off numeric)
WHERE receipt.receipt_no = given.receipt_no
""")
