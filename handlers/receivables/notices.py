"""What banks announced (camt.052, camt.054) beside what their statements booked: each entry is met once, and nothing of it is posted."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import NotFound


@dataclass(frozen=True, slots=True)
class Awaited:
    """What of a notice no statement has booked yet: how many entries, what they come to, and the first of them in words."""

    entries: int
    text: str


def meet_notices(tx: Session, account: str) -> None:
    """Tie what was announced on an account to the lines of its accepted statements that booked it: each line and each entry once.

    The bank's reference and the amount are two witnesses, of an entry or of all entries with that reference; without a reference
    everything the bank says has to be alike.
    """
    if tx.execute(_ANY, {"account": account}).first() is None:
        return
    for message in ("camt.052", "camt.054"):
        tx.execute(_MEET_ONE, {"account": account, "message": message})
    tx.execute(_MEET_LUMP, {"account": account})


def read_notice(tx: Session, notice_no: str) -> Awaited:
    """What of a notice is not on a statement yet. Raises NotFound."""
    notice = _find(tx, notice_no)
    meet_notices(tx, notice["account"])
    rows = tx.execute(_AWAITED, {"notice_no": notice_no}).mappings().all()
    return Awaited(len(rows), "\n".join(_sentence(row["booked_on"], row["amount"], row["currency"], row["who"]) for row in rows[:10]))


def give_up_notice(tx: Session, notice_no: str, reason: str) -> None:
    """Treasury knows why a statement will not book the rest. Raises NotFound."""
    _find(tx, notice_no)
    tx.execute(_GIVE_UP, {"notice_no": notice_no, "reason": reason})


def _find(tx: Session, notice_no: str) -> RowMapping:
    row = tx.execute(text("SELECT * FROM bank_notice WHERE notice_no = :no"), {"no": notice_no}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no notice {notice_no}.", code="notice_unknown", next_step="Check the number in the list of bank files.")
    return row


def _sentence(booked_on: date, amount: Decimal, currency: str, who: str) -> str:
    return f"{booked_on}: {amount:,.2f} {currency} {who}".rstrip()


def _numbered(table: str) -> str:
    """The entries of a table that are alike, one after the other: in reference and amount, or without one in all that is said of them."""
    said = f"concat_ws('|', {table}.booked_on, {table}.payer_iban, {table}.payer_name, {table}.remittance)"
    alike = f"CASE WHEN {table}.bank_ref = '' THEN {said} ELSE {table}.bank_ref END"
    return f"{alike} AS alike, row_number() OVER (PARTITION BY {table}.amount, {table}.currency, {alike} ORDER BY {table}.id) AS place"


_ANY = text("""
SELECT 1 FROM bank_notice AS notice JOIN bank_notice_line AS told USING (notice_no)
WHERE notice.account = :account AND told.bank_line_id IS NULL AND notice.given_up_at IS NULL LIMIT 1
""")
#: A report of the day and a notification may both announce one entry: each kind of message meets the lines by itself.
_MEET_ONE = text(f"""
WITH told AS (
  SELECT told.id, told.amount, told.currency, told.booked_on, {_numbered("told")}
  FROM bank_notice_line AS told JOIN bank_notice AS notice USING (notice_no)
  WHERE notice.account = :account AND notice.message = :message AND told.bank_line_id IS NULL AND notice.given_up_at IS NULL
), booked AS (
  SELECT line.id, line.amount, line.currency, {_numbered("line")}
  FROM bank_line AS line JOIN bank_statement AS statement USING (statement_no)
  WHERE line.account = :account AND statement.read_at IS NOT NULL AND line.duplicate_of IS NULL
    AND line.booked_on >= (SELECT min(booked_on) FROM told) - 10
    AND NOT EXISTS (SELECT FROM bank_notice_line AS met JOIN bank_notice AS notice USING (notice_no)
                    WHERE met.bank_line_id = line.id AND notice.message = :message)
)
UPDATE bank_notice_line SET bank_line_id = booked.id FROM told JOIN booked USING (amount, currency, alike, place)
WHERE bank_notice_line.id = told.id
""")
_MEET_LUMP = text("""
WITH lump AS (
  SELECT told.notice_no, told.bank_ref, told.currency, sum(told.amount) AS amount, min(told.booked_on) AS booked_on
  FROM bank_notice_line AS told JOIN bank_notice AS notice USING (notice_no)
  WHERE notice.account = :account AND told.bank_line_id IS NULL AND told.bank_ref <> '' AND notice.given_up_at IS NULL
  GROUP BY told.notice_no, told.bank_ref, told.currency
), pair AS (
  SELECT lump.notice_no, lump.bank_ref, min(line.id) AS bank_line_id FROM lump
  JOIN bank_line AS line ON line.account = :account AND line.bank_ref = lump.bank_ref AND line.amount = lump.amount
    AND line.currency = lump.currency AND line.booked_on >= lump.booked_on - 10 AND line.duplicate_of IS NULL
  JOIN bank_statement AS statement ON statement.statement_no = line.statement_no AND statement.read_at IS NOT NULL
  GROUP BY lump.notice_no, lump.bank_ref
)
UPDATE bank_notice_line AS told SET bank_line_id = pair.bank_line_id FROM pair
WHERE told.notice_no = pair.notice_no AND told.bank_ref = pair.bank_ref AND told.bank_line_id IS NULL
""")
_AWAITED = text("""
SELECT told.booked_on, told.amount, told.currency, concat_ws(' ', nullif(told.payer_name, ''), nullif(told.remittance, '')) AS who
FROM bank_notice_line AS told JOIN bank_notice AS notice USING (notice_no)
WHERE told.notice_no = :notice_no AND told.bank_line_id IS NULL AND notice.given_up_at IS NULL ORDER BY told.position
""")
_GIVE_UP = text("""
UPDATE bank_notice SET given_up_at = business_now(), given_up_because = :reason WHERE notice_no = :notice_no AND given_up_at IS NULL
""")
