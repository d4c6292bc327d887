"""Posting journals: once per event, balanced, in an open period; and reading what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.store.clock import business_today
from engine.store.locks import Advisory, advisory
from engine.store.memo import read_once
from handlers.ledger.books import rate_on
from handlers.ledger.model import Journal, JournalLine, Period
from handlers.ledger.rules import Entry, Line, check_entry, credit, debit, digest, in_books_currency, merged, mirror, next_open_day
from handlers.rowsets import as_json

__all__ = [
    "Entry",
    "Line",
    "Reversal",
    "balances",
    "credit",
    "debit",
    "is_closed",
    "lines_of",
    "merged",
    "post",
    "post_many",
    "reverse",
    "reverse_many",
    "reverse_posted",
]

#: The smallest unit in which the books are kept.
CENT = Decimal("0.01")

_ADD_JOURNALS = text("""
INSERT INTO journal (event_type, source_id, sequence, gl_date, currency, fx_rate, narration, digest, reverses_id)
SELECT event_type, source_id, sequence, gl_date, currency, fx_rate, narration, digest, reverses_id
FROM jsonb_populate_recordset(NULL::journal, CAST(:rows AS jsonb)) WITH ORDINALITY AS given ORDER BY given.ordinality
ON CONFLICT DO NOTHING RETURNING id, event_type, source_id, sequence
""")
_ADD_LINES = text("""
INSERT INTO journal_line (journal_id, line_no, account, debit, credit, accounted, party_no, reference)
SELECT journal_id, line_no, account, debit, credit, accounted, party_no, reference
FROM jsonb_populate_recordset(NULL::journal_line, CAST(:lines AS jsonb))
""")
_FIND = text("""
SELECT journal.id, journal.event_type, journal.source_id, journal.sequence, journal.digest FROM journal
JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(event_type text, source_id text, sequence int)
  USING (event_type, source_id, sequence)
""")


def post(tx: Session, entry: Entry) -> int:
    """Post an entry and answer the journal's id; the same event again answers the same journal.

    A date in a closed period moves to the next open day. Raises Invalid when the entry breaks a rule, Conflict when the event was
    posted before with other content.
    """
    return post_many(tx, [entry])[0]


def post_many(tx: Session, entries: Sequence[Entry]) -> list[int]:
    """Post entries like `post`, each as its own journal, in a constant number of statements."""
    for entry in entries:
        check_entry(entry)
    return _post(tx, [(entry, None) for entry in entries])


@dataclass(frozen=True, slots=True)
class Reversal:
    """A journal to take back by its mirror, dated today where no day is given."""

    journal_id: int
    gl_date: date | None = None
    narration: str = ""


def reverse(tx: Session, journal_id: int, *, gl_date: date | None = None, narration: str = "") -> int:
    """Post the mirror of a journal, once. Raises NotFound when there is no such journal."""
    return reverse_many(tx, [Reversal(journal_id, gl_date, narration)])[0]


def reverse_many(tx: Session, reversals: Sequence[Reversal]) -> list[int]:
    """Post the mirrors of journals, each once, in a constant number of statements. Raises NotFound when there is no such journal."""
    wanted = [each.journal_id for each in reversals]
    originals = {row.id: row for row in tx.scalars(select(Journal).where(Journal.id.in_(wanted)))}
    missing = next((number for number in wanted if number not in originals), None)
    if missing is not None:
        raise NotFound(f"There is no journal {missing}.", code="journal_unknown", next_step="Look the number up in the ledger.")
    lines: dict[int, list[Line]] = {number: [] for number in wanted}
    statement = select(JournalLine).where(JournalLine.journal_id.in_(wanted)).order_by(JournalLine.journal_id, JournalLine.line_no)
    for row in tx.scalars(statement):
        lines[row.journal_id].append(_line(row))
    return _post(tx, [(_mirror(originals[each.journal_id], lines[each.journal_id], each), each.journal_id) for each in reversals])


def reverse_posted(tx: Session, event_type: str, source_id: str) -> None:
    """Post the mirror of whatever an event posted, each journal once; nothing where it posted nothing."""
    found = tx.scalars(select(Journal.id).where(Journal.event_type == event_type, Journal.source_id == source_id)).all()
    if found:
        reverse_many(tx, [Reversal(number) for number in found])


def _mirror(original: Journal, lines: Sequence[Line], reversal: Reversal) -> Entry:
    return Entry(
        event_type=f"{original.event_type}.reversed",
        source_id=original.source_id,
        sequence=original.sequence,
        currency=original.currency,
        lines=mirror(lines),
        gl_date=reversal.gl_date,
        fx_rate=original.fx_rate,
        narration=reversal.narration or f"Reversal of journal {original.id}",
    )


def lines_of(tx: Session, journal_id: int) -> list[Line]:
    """The lines of a journal, in order."""
    rows = tx.execute(select(JournalLine).where(JournalLine.journal_id == journal_id).order_by(JournalLine.line_no)).scalars()
    return [_line(row) for row in rows]


def _line(row: JournalLine) -> Line:
    return Line(row.account, row.debit, row.credit, row.party_no, row.reference, row.accounted)


def balances(tx: Session) -> dict[str, Decimal]:
    """The balance of every account that was ever posted to, debit positive, in the currency of the books."""
    rows = tx.execute(text("SELECT account, sum(accounted) AS balance FROM journal_line GROUP BY account ORDER BY account"))
    return {row.account: row.balance for row in rows}


#: What makes an event one event.
_Key = tuple[str, str, int]


def _post(tx: Session, given: Sequence[tuple[Entry, int | None]]) -> list[int]:
    known = _find(tx, [entry for entry, _ in given])
    fresh = {_key(entry): (entry, reverses_id) for entry, reverses_id in given if _key(entry) not in known}
    if fresh:
        entries = [entry for entry, _ in fresh.values()]
        days, rates = _open_days(tx, entries), {}
        for entry in entries:
            day = days[_key(entry)]
            if entry.fx_rate is None and (entry.currency, day) not in rates:
                rates[entry.currency, day] = rate_on(tx, entry.currency, day)
        dated = [_Dated(entry, days[_key(entry)], _rate(entry, days, rates), reverses_id) for entry, reverses_id in fresh.values()]
        known |= _write(tx, dated)
    if any(_key(entry) not in known for entry, _ in given):  # another transaction posted the event while this one prepared it
        known |= _find(tx, [entry for entry, _ in given])
    return [known[_key(entry)] for entry, _ in given]


@dataclass(frozen=True, slots=True)
class _Dated:
    entry: Entry
    gl_date: date
    rate: Decimal
    reverses_id: int | None


def _key(entry: Entry) -> _Key:
    return entry.event_type, entry.source_id, entry.sequence


def _rate(entry: Entry, days: dict[_Key, date], rates: dict[tuple[str, date], Decimal]) -> Decimal:
    return entry.fx_rate if entry.fx_rate is not None else rates[entry.currency, days[_key(entry)]]


def _write(tx: Session, dated: Sequence[_Dated]) -> dict[_Key, int]:
    rows = [
        {
            "event_type": one.entry.event_type,
            "source_id": one.entry.source_id,
            "sequence": one.entry.sequence,
            "gl_date": one.gl_date,
            "currency": one.entry.currency,
            "fx_rate": one.rate,
            "narration": one.entry.narration,
            "digest": digest(one.entry),
            "reverses_id": one.reverses_id,
        }
        for one in dated
    ]
    added = {(row.event_type, row.source_id, row.sequence): int(row.id) for row in tx.execute(_ADD_JOURNALS, {"rows": as_json(rows)})}
    lines = [line for one in dated if _key(one.entry) in added for line in _line_rows(added[_key(one.entry)], one)]
    tx.execute(_ADD_LINES, {"lines": as_json(lines)})
    return added


def _line_rows(journal_id: int, one: _Dated) -> list[dict[str, Any]]:
    amounts = in_books_currency(one.entry.lines, one.rate, CENT)
    return [
        {
            "journal_id": journal_id,
            "line_no": number,
            "account": line.account,
            "debit": line.debit,
            "credit": line.credit,
            "accounted": amount,
            "party_no": line.party_no,
            "reference": line.reference,
        }
        for number, (line, amount) in enumerate(zip(one.entry.lines, amounts, strict=True), start=1)
    ]


def _find(tx: Session, entries: Sequence[Entry]) -> dict[_Key, int]:
    """The journals of events posted before. Raises Conflict when one was posted with other content."""
    rows = [{"event_type": entry.event_type, "source_id": entry.source_id, "sequence": entry.sequence} for entry in entries]
    found = {(row.event_type, row.source_id, row.sequence): row for row in tx.execute(_FIND, {"rows": as_json(rows)})}
    for entry in entries:
        row = found.get(_key(entry))
        if row is not None and row.digest != digest(entry):
            raise Conflict(
                f"Journal {entry.event_type} of {entry.source_id} was posted before with other amounts.",
                code="journal_differs",
                next_step="Look at the first journal; what it booked wrongly is corrected by a document of its own.",
            )
    return {key: int(row.id) for key, row in found.items()}


def is_closed(tx: Session, day: date) -> bool:
    """Whether a day lies in a closed period. The lock lets none be closed until the transaction ends."""
    advisory(tx, Advisory.LEDGER_PERIODS, shared=True)
    return tx.scalar(select(Period.starts_on).where(Period.starts_on <= day, Period.ends_on >= day)) is not None


def _open_days(tx: Session, entries: Sequence[Entry]) -> dict[_Key, date]:
    """The posting days. The lock lets a period be closed only when no posting is under way."""
    today = business_today(tx)
    first = min(entry.gl_date or today for entry in entries)
    closed = read_once(tx, (Period, first), lambda: _closed_since(tx, first), of=[Period.__tablename__])
    return {_key(entry): next_open_day(entry.gl_date or today, closed) for entry in entries}


def _closed_since(tx: Session, first: date) -> list[tuple[date, date]]:
    advisory(tx, Advisory.LEDGER_PERIODS, shared=True)
    return [(row.starts_on, row.ends_on) for row in tx.execute(select(Period).where(Period.ends_on >= first)).scalars()]
