"""Takes bank statements in: the raw file is kept, hashed and taken once, before anyone interprets it."""

from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.service_tasks import Refused
from handlers.documents.numbers import next_number
from handlers.receivables.camt import BankEntry, read_camt053
from handlers.receivables.model import BankStatement
from handlers.rowsets import as_json


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What a statement holds."""

    balanced: bool
    entries: int
    currency: str


def store_statement(tx: Session, content: bytes) -> str:
    """Keep a bank file and answer its number. The API calls this, then publishes `statement.received`.

    Raises Conflict for a file taken before; Invalid or TooLarge, and keeps nothing, for one that cannot be read. A statement that does not
    balance is kept: treasury looks at it.
    """
    digest = sha256(content).hexdigest()
    known = tx.execute(text("SELECT statement_no FROM bank_statement WHERE sha256 = :digest"), {"digest": digest}).scalar_one_or_none()
    if known is not None:
        raise Conflict(
            f"This file was taken before as {known}.", code="statement_duplicate", next_step=f"Nothing is to be done; look at {known}."
        )
    statement = read_camt053(content)
    statement_no = next_number(tx, "BS")
    copied = {
        name: getattr(statement, name)
        for name in ("account", "bank_ref", "currency", "opening", "closing", "opened_on", "closed_on", "faults")
    }
    tx.add(BankStatement(statement_no=statement_no, sha256=digest, content=content, **copied | {"faults": list(statement.faults)}))
    tx.flush()
    rows = [_line(statement_no, statement.account, entry) for entry in statement.entries]
    tx.execute(_ADD_LINES, {"rows": as_json(rows)})
    return statement_no


def read_statement(tx: Session, statement_no: str) -> StatementFacts:
    """Whether a statement may be booked. Raises NotFound, Refused STATEMENT_UNBALANCED with every fault in words."""
    row = find_statement(tx, statement_no)
    faults = list(row.faults)
    before = tx.execute(_BEFORE, {"statement_no": statement_no}).one_or_none()
    if before is not None and before.closing != row.opening:
        faults.append(f"It opens with {row.opening}, but {before.statement_no} before it closed with {before.closing} {row.currency}.")
    if faults:
        raise Refused("STATEMENT_UNBALANCED", f"Statement {statement_no} cannot be booked. {' '.join(faults)}")
    tx.execute(text("UPDATE bank_statement SET read_at = coalesce(read_at, now()) WHERE statement_no = :no"), {"no": statement_no})
    entries = tx.execute(text("SELECT count(*) FROM bank_line WHERE statement_no = :no"), {"no": statement_no}).scalar_one()
    return StatementFacts(balanced=True, entries=entries, currency=row.currency)


def find_statement(tx: Session, statement_no: str) -> Row[Any]:
    """The statement, locked, without its file. Raises NotFound."""
    row = tx.execute(_FIND, {"statement_no": statement_no}).one_or_none()
    if row is None:
        raise NotFound(f"There is no statement {statement_no}.", code="statement_unknown", next_step="Send the bank's file first.")
    return row


def _line(statement_no: str, account: str, entry: BankEntry) -> dict[str, Any]:
    return {**asdict(entry), "statement_no": statement_no, "account": account}


_ADD_LINES = text("""
INSERT INTO bank_line (statement_no, account, bank_ref, amount, currency, booked_on, value_on, payer_name, payer_iban, structured_refs,
  remittance, reversal)
SELECT statement_no, account, bank_ref, amount, currency, booked_on, value_on, payer_name, payer_iban, structured_refs, remittance, reversal
FROM jsonb_populate_recordset(NULL::bank_line, CAST(:rows AS jsonb)) WITH ORDINALITY AS given ORDER BY given.ordinality
ON CONFLICT (account, bank_ref) DO NOTHING
""")
_FIND = text("""
SELECT statement_no, account, currency, opening, closing, opened_on, closed_on, faults, read_at, applied_at
FROM bank_statement WHERE statement_no = :statement_no FOR UPDATE
""")
_BEFORE = text("""
SELECT earlier.statement_no, earlier.closing FROM bank_statement AS one JOIN bank_statement AS earlier USING (account)
WHERE one.statement_no = :statement_no AND earlier.statement_no <> one.statement_no AND earlier.read_at IS NOT NULL
  AND (earlier.closed_on, earlier.statement_no) < (one.closed_on, one.statement_no)
ORDER BY earlier.closed_on DESC, earlier.statement_no DESC LIMIT 1
""")
