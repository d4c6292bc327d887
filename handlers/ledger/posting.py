"""Posting journals: once per event, balanced, in an open period; and reading what they add up to."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.store import json_text
from handlers.ledger.books import rate_on
from handlers.ledger.model import Journal, JournalLine, Period
from handlers.ledger.rules import Entry, Line, check_entry, credit, debit, digest, in_books_currency, merged, mirror, next_open_day

__all__ = ["Entry", "Line", "balances", "credit", "debit", "lines_of", "merged", "post", "reverse"]

#: The smallest unit in which the books are kept.
CENT = Decimal("0.01")

_ADD_LINES = text("""
INSERT INTO journal_line (journal_id, line_no, account, debit, credit, accounted, party_no, reference)
SELECT :journal_id, line_no, account, debit, credit, accounted, party_no, reference
FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS line(
  line_no int, account text, debit numeric, credit numeric, accounted numeric, party_no text, reference text)
""")


def post(tx: Session, entry: Entry) -> int:
    """Post an entry and answer the journal's id; the same event again answers the same journal.

    A date in a closed period moves to the next open day. Raises Invalid when the entry breaks a rule, Conflict when the event was
    posted before with other content.
    """
    check_entry(entry)
    return _post(tx, entry, reverses_id=None)


def reverse(tx: Session, journal_id: int, *, gl_date: date | None = None, narration: str = "") -> int:
    """Post the mirror of a journal, once. Raises NotFound when there is no such journal."""
    original = tx.get(Journal, journal_id)
    if original is None:
        raise NotFound(f"There is no journal {journal_id}.", code="journal_unknown", next_step="Look the number up in the ledger.")
    entry = Entry(
        event_type=f"{original.event_type}.reversed",
        source_id=original.source_id,
        sequence=original.sequence,
        currency=original.currency,
        lines=mirror(lines_of(tx, journal_id)),
        gl_date=gl_date,
        fx_rate=original.fx_rate,
        narration=narration or f"Reversal of journal {journal_id}",
    )
    return _post(tx, entry, reverses_id=journal_id)


def lines_of(tx: Session, journal_id: int) -> list[Line]:
    """The lines of a journal, in order."""
    rows = tx.execute(select(JournalLine).where(JournalLine.journal_id == journal_id).order_by(JournalLine.line_no)).scalars()
    return [Line(row.account, row.debit, row.credit, row.party_no, row.reference, row.accounted) for row in rows]


def balances(tx: Session) -> dict[str, Decimal]:
    """The balance of every account that was ever posted to, debit positive, in the currency of the books."""
    rows = tx.execute(text("SELECT account, sum(accounted) AS balance FROM journal_line GROUP BY account ORDER BY account"))
    return {row.account: row.balance for row in rows}


def _post(tx: Session, entry: Entry, *, reverses_id: int | None) -> int:
    known = _find(tx, entry)
    if known is not None:
        return known
    gl_date = _open_day(tx, entry.gl_date)
    rate = entry.fx_rate if entry.fx_rate is not None else rate_on(tx, entry.currency, gl_date)
    amounts = in_books_currency(entry.lines, rate, CENT)
    row = {
        "event_type": entry.event_type,
        "source_id": entry.source_id,
        "sequence": entry.sequence,
        "gl_date": gl_date,
        "currency": entry.currency,
        "fx_rate": rate,
        "narration": entry.narration,
        "digest": digest(entry),
        "reverses_id": reverses_id,
    }
    journal_id = tx.execute(insert(Journal).values(row).on_conflict_do_nothing().returning(Journal.id)).scalar_one_or_none()
    if journal_id is None:  # another transaction posted the event while this one prepared it
        return _must_find(tx, entry)
    tx.execute(_ADD_LINES, {"journal_id": journal_id, "lines": _as_json(entry.lines, amounts)})
    return journal_id


def _as_json(lines: Sequence[Line], amounts: Sequence[Decimal]) -> str:
    rows = [
        {
            "line_no": number,
            "account": line.account,
            "debit": line.debit,
            "credit": line.credit,
            "accounted": amount,
            "party_no": line.party_no,
            "reference": line.reference,
        }
        for number, (line, amount) in enumerate(zip(lines, amounts, strict=True), start=1)
    ]
    return json_text.encode(rows).decode()


def _find(tx: Session, entry: Entry) -> int | None:
    row = tx.execute(
        select(Journal.id, Journal.digest).where(
            Journal.event_type == entry.event_type, Journal.source_id == entry.source_id, Journal.sequence == entry.sequence
        )
    ).one_or_none()
    if row is None:
        return None
    if row.digest != digest(entry):
        raise Conflict(
            f"Journal {entry.event_type} of {entry.source_id} was posted before with other amounts.",
            code="journal_differs",
            next_step="Reverse the first journal if it was wrong; post the correction under a new sequence.",
        )
    return int(row.id)


def _must_find(tx: Session, entry: Entry) -> int:
    found = _find(tx, entry)
    if found is None:
        raise Conflict(
            f"Journal {entry.event_type} of {entry.source_id} collided with another posting.",
            code="journal_collision",
            next_step="Repeat the step.",
        )
    return found


def _open_day(tx: Session, wanted: date | None) -> date:
    """The posting day. The share lock on closed periods makes closing and posting wait for one another."""
    tx.execute(text("LOCK TABLE ledger_period IN ROW SHARE MODE"))
    day: date = wanted or tx.execute(text("SELECT current_date")).scalar_one()
    closed = tx.execute(select(Period.starts_on, Period.ends_on).where(Period.ends_on >= day)).all()
    return next_open_day(day, [(row.starts_on, row.ends_on) for row in closed])
