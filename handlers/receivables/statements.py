"""Bank statements as they were taken in by `bank_files.py`: whether each may be booked, and what of it was booked before.

A statement is known by its file and its place in it, a line by its statement and its place in that; no reference of the bank is trusted
to name anything. What was booked before is found out by the balances: see `_repeated`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.service_tasks import Refused
from engine.store import locks
from engine.store.locks import Advisory, Lock
from engine.store.memo import read_once
from handlers.receivables.bank_ledger import carry_opening_balance
from handlers.receivables.notices import meet_notices
from handlers.rowsets import as_json


@dataclass(frozen=True, slots=True)
class EntryKind:
    """What a decision on an entry looks at: `direction` is credit or debit, `code` the bank's code of the transaction (its sub-family)."""

    direction: str
    reversal: bool
    code: str


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What a statement holds. `duplicates` of its entries were on an earlier statement and are not booked again."""

    balanced: bool
    entries: int
    currency: str
    duplicates: int
    kinds: tuple[EntryKind, ...]


def seal_statements(tx: Session, numbers: Sequence[str], lines: Sequence[Mapping[str, Any]]) -> None:
    """Add the lines of statements that were just numbered, and hash them, so that a changed or missing one is noticed."""
    tx.execute(_ADD_LINES, {"rows": as_json(lines)})
    tx.execute(_SEAL, {"numbers": list(numbers)})


def read_statement(tx: Session, statement_no: str) -> StatementFacts:
    """Whether a statement may be booked; entries that an earlier one had are marked. Again: the same answer.

    Raises NotFound, Refused STATEMENT_UNBALANCED with every fault in words.
    """
    row = lock_statement(tx, statement_no)
    if row["refused_at"] is not None:
        raise Refused("STATEMENT_UNBALANCED", f"Statement {statement_no} was refused: {row['refused_because']}")
    faults = [*row["faults"]]
    if row["read_at"] is None:
        faults += _chain_faults(tx, row)
    if faults:
        raise Refused("STATEMENT_UNBALANCED", f"Statement {statement_no} cannot be booked. {' '.join(faults)}")
    if tx.execute(_READ, {"statement_no": statement_no}).first():
        carry_opening_balance(tx, row)
        meet_notices(tx, row["account"])
    counted = tx.execute(_COUNT, {"statement_no": statement_no}).one()
    kinds = tuple(EntryKind(*kind) for kind in tx.execute(_KINDS, {"statement_no": statement_no}))
    return StatementFacts(balanced=True, entries=counted.entries, currency=row["currency"], duplicates=counted.duplicates, kinds=kinds)


def refuse_statement(tx: Session, statement_no: str, reason: str) -> None:
    """Treasury takes a statement for wrong: nothing of it is booked, and a corrected one may follow.

    Raises NotFound, Conflict when it is being booked.
    """
    row = lock_statement(tx, statement_no)
    if row["read_at"] is not None:
        raise Conflict(
            f"{statement_no} was read and is being booked.", code="statement_booked", next_step="Reverse the receipts that are wrong."
        )
    tx.execute(_REFUSE, {"statement_no": statement_no, "reason": reason})


def lock_statement(tx: Session, statement_no: str) -> RowMapping:
    """The statement, locked and then read, with the ledger account of its bank account. Raises NotFound. Two statements."""
    locks.take(tx, Lock.BANK_STATEMENT, [statement_no])
    row = read_once(
        tx,
        ("bank_statement", statement_no),
        lambda: tx.execute(_FIND, {"statement_no": statement_no}).mappings().one_or_none(),
        of=["bank_statement", "house_bank_account"],
    )
    if row is None:
        raise NotFound(f"There is no statement {statement_no}.", code="statement_unknown", next_step="Send the bank's file first.")
    return row


def _chain_faults(tx: Session, row: RowMapping) -> list[str]:
    """Whether the statement follows the one before, and the one after follows it. One statement of an account is read at a time."""
    locks.advisory(tx, Advisory.BANK_ACCOUNT, f"{row['account']}/{row['currency']}")
    given = {"statement_no": row["statement_no"]}
    faults = []
    twin = tx.execute(_TWIN, given).scalar()
    if twin is not None:
        faults.append(f"It is the statement {row['bank_ref']} that was booked as {twin}.")
    after = tx.execute(_AFTER, given).one_or_none()
    if after is not None and after.opening != row["closing"]:
        faults.append(f"It closes with {row['closing']}, but {after.statement_no} after it opens with {after.opening} {row['currency']}.")
    before = tx.execute(_BEFORE, given).one_or_none()
    if before is not None and before.closing != row["opening"] and (faults or not _repeated(tx, row, before.closing)):
        faults.append(
            f"It opens with {row['opening']}, but {before.statement_no} before it closed with {before.closing} {row['currency']}."
        )
    return faults


def _repeated(tx: Session, row: RowMapping, closed_with: Decimal) -> bool:
    """Whether the statement begins before the last one ended and has its entries again: they are marked as duplicates, and the rest is new.

    Two witnesses are asked: each repeated entry looks like one that was booked, and all of them together are exactly the movement from
    this statement's opening balance to the other's closing balance. A reference alone proves nothing.
    """
    found = tx.execute(_LOOK_ALIKE, {"statement_no": row["statement_no"]}).mappings().all()
    if not found or row["opening"] + sum((each["amount"] for each in found), Decimal(0)) != closed_with:
        return False
    tx.execute(_MARK_DUPLICATES, {"rows": as_json([{"id": each["id"], "duplicate_of": each["earlier_id"]} for each in found])})
    return True


_LINE_COLUMNS = """
  statement_no, position, account, bank_ref, amount, currency, booked_on, value_on, payer_name, payer_iban, structured_refs, remittance,
  reversal, transaction_code
"""
_ADD_LINES = text(f"""
INSERT INTO bank_line ({_LINE_COLUMNS}, outcome)
SELECT {_LINE_COLUMNS}, CASE WHEN amount = 0 THEN 'NOTHING' ELSE '' END
FROM jsonb_populate_recordset(NULL::bank_line, CAST(:rows AS jsonb)) WITH ORDINALITY AS given
ORDER BY given.ordinality
""")
#: What is hashed of a statement's lines; the invariant reads it anew.
LINES_SHA256 = """
coalesce((SELECT encode(sha256(convert_to(string_agg(concat_ws('|', line.position, line.amount, line.currency, line.booked_on,
  line.value_on, line.bank_ref, line.payer_iban, line.remittance), E'\\n' ORDER BY line.position), 'UTF8')), 'hex')
FROM bank_line AS line WHERE line.statement_no = bank_statement.statement_no), '')
"""
_SEAL = text(f"UPDATE bank_statement SET lines_sha256 = {LINES_SHA256} WHERE statement_no = ANY(:numbers)")
_FIND = text("""
SELECT statement.*, coalesce(house.ledger_account, '1000') AS ledger_account FROM bank_statement AS statement
LEFT JOIN house_bank_account AS house ON house.iban = statement.account AND house.currency = statement.currency
WHERE statement.statement_no = :statement_no
""")
_READ = text("UPDATE bank_statement SET read_at = business_now() WHERE statement_no = :statement_no AND read_at IS NULL RETURNING 1")
_COUNT = text("""
SELECT count(*) AS entries, count(duplicate_of) AS duplicates FROM bank_line WHERE statement_no = :statement_no
""")
#: The sub-family of an ISO code, or the whole of a code that is the bank's own.
CODE = """
CASE WHEN line.transaction_code ~ '^[^/]*/[^/]*/[^/]*$' THEN split_part(line.transaction_code, '/', 3) ELSE line.transaction_code END
"""
_KINDS = text(f"""
SELECT DISTINCT CASE WHEN line.amount > 0 THEN 'credit' ELSE 'debit' END, line.reversal, {CODE} AS code FROM bank_line AS line
WHERE line.statement_no = :statement_no AND line.outcome = '' AND line.asked_group = '' ORDER BY 1, 2, 3
""")
_REFUSE = text("""
UPDATE bank_statement SET refused_at = business_now(), refused_because = :reason WHERE statement_no = :statement_no AND refused_at IS NULL
""")
#: A statement that is not read yet, and those of its account that are.
_ONE_AND_OTHER = """
FROM bank_statement AS one JOIN bank_statement AS other ON other.account = one.account AND other.currency = one.currency
WHERE one.statement_no = :statement_no AND other.read_at IS NOT NULL
"""
_TWIN = text(f"""
SELECT other.statement_no {_ONE_AND_OTHER}
  AND one.bank_ref <> '' AND other.bank_ref = one.bank_ref AND other.closed_on = one.closed_on AND other.opening = one.opening
  AND other.lines_sha256 = one.lines_sha256 AND one.lines_sha256 <> ''
LIMIT 1
""")
_BEFORE = text(f"""
SELECT other.statement_no, other.closing {_ONE_AND_OTHER} AND (other.closed_on, other.statement_no) < (one.closed_on, one.statement_no)
ORDER BY other.closed_on DESC, other.statement_no DESC LIMIT 1
""")
_AFTER = text(f"""
SELECT other.statement_no, other.opening {_ONE_AND_OTHER} AND (other.closed_on, other.statement_no) > (one.closed_on, one.statement_no)
ORDER BY other.closed_on, other.statement_no LIMIT 1
""")
#: Entries of this statement, which is not read yet, and of accepted ones of its account that are alike in everything the bank says of
#: them: the first with the first, the second with the second.
_LOOK_ALIKE = text("""
WITH own AS (
  SELECT line.*, row_number() OVER (PARTITION BY amount, booked_on, value_on, bank_ref, payer_iban, payer_name, remittance, structured_refs
    ORDER BY position) AS place
  FROM bank_line AS line WHERE line.statement_no = :statement_no
), earlier AS (
  SELECT line.*, row_number() OVER (PARTITION BY line.amount, line.booked_on, line.value_on, line.bank_ref, line.payer_iban,
    line.payer_name, line.remittance, line.structured_refs ORDER BY line.id) AS place
  FROM bank_line AS line JOIN bank_statement AS statement USING (statement_no)
  WHERE statement.read_at IS NOT NULL AND line.duplicate_of IS NULL
    AND line.account = (SELECT account FROM bank_statement WHERE statement_no = :statement_no)
    AND line.booked_on BETWEEN (SELECT min(booked_on) FROM own) AND (SELECT max(booked_on) FROM own)
)
SELECT own.id, own.amount, earlier.id AS earlier_id FROM own JOIN earlier
  USING (amount, currency, booked_on, value_on, bank_ref, payer_iban, payer_name, remittance, structured_refs, place) ORDER BY own.id
""")
_MARK_DUPLICATES = text("""
UPDATE bank_line SET duplicate_of = given.duplicate_of, outcome = 'DUPLICATE'
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, duplicate_of bigint) WHERE bank_line.id = given.id
""")
