"""A journal of a month's last day that is taken back on the next one.

A month that is closed anew posts only what differs from what it posted before, so that its last day says what the latest close found.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.closing.rules import Month
from handlers.ledger import posting
from handlers.ledger.books import books_currency

#: What is to stand on an account under a reference, in the currency of the books, debit positive.
Wanted = MutableMapping[tuple[str, str], Decimal]


@dataclass(frozen=True, slots=True)
class LastDay:
    """Which journal of which month, in which round of closing it."""

    event: str
    month: Month
    round: int
    narration: str


def post_last_day(tx: Session, given: LastDay, wanted: Wanted) -> None:
    """Post what is wanted less what stands there from earlier rounds, and its mirror on the next day that is open."""
    month = given.month
    lines = []
    standing = {(row.account, row.reference): row.amount for row in tx.execute(_STANDING, {"event": given.event, "period": month.name})}
    for account, reference in sorted(wanted.keys() | standing.keys()):
        difference = wanted.get((account, reference), Decimal(0)) - standing.get((account, reference), Decimal(0))
        if difference:
            lines.append(posting.debit(account, difference, reference=reference or None))
    if not lines:
        return
    entry = posting.Entry(
        given.event,
        month.name,
        books_currency(tx),
        lines,
        sequence=given.round,
        gl_date=month.ends_on,
        narration=given.narration,
    )
    journal = posting.post(tx, entry)
    posting.reverse(tx, journal, gl_date=month.ends_on + timedelta(days=1), narration=f"Taken back: {given.narration}")


_STANDING = text("""
SELECT line.account, coalesce(line.reference, '') AS reference, sum(line.accounted) AS amount
FROM journal JOIN journal_line AS line ON line.journal_id = journal.id
WHERE journal.event_type = :event AND journal.source_id = :period GROUP BY 1, 2
""")
