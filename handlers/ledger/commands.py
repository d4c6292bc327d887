"""What accounting does by hand: file exchange rates, write journals. Each act is in the audit log."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.start import StartOptions, start
from handlers.changes import Author, note
from handlers.identifiers import Currency, Day, canonical, number
from handlers.ledger import manual
from handlers.ledger.books import set_rate
from handlers.ledger.manual import ManualJournal


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDraft:
    """What one unit of a currency is worth in the currency of the books, from a day on."""

    currency: Currency
    valid_from: Day
    rate: Decimal


def file_rate(tx: Session, draft: RateDraft, by: Author) -> RateDraft:
    """File an exchange rate; the same currency and day is brought up to date. Raises Invalid."""
    draft = canonical(draft)
    set_rate(tx, draft.currency, draft.valid_from, draft.rate)
    note(tx, by, "file", f"fx_rate:{draft.currency}/{draft.valid_from}", {"rate": draft.rate})
    return draft


def begin_manual_journal(runtime: Runtime, tx: Session, given: ManualJournal, author: str) -> str:
    """Write a journal by hand and ask a second person to agree; answers its reference. Raises what `manual.write` raises."""
    reference = number(given.reference, "reference")
    if manual.write(tx, given, author):
        variables = {"reference": reference, "requester": author}
        start(runtime, tx, "manual-journal", variables, StartOptions(business_key=reference, actor=author))
        note(tx, Author(author), "write", f"manual_entry:{reference}", {"narration": given.narration})
    return reference
