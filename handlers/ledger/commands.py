"""What accounting does by hand: file exchange rates, close periods. Each act is in the audit log."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from handlers.changes import Author, note
from handlers.identifiers import Currency, Day, canonical
from handlers.ledger.books import close_period, set_rate


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


def close(tx: Session, starts_on: date, ends_on: date, by: Author) -> None:
    """Close a stretch of days for posting; it is not opened again. Raises Invalid, Conflict."""
    close_period(tx, starts_on, ends_on, by.name)
    note(tx, by, "close", f"period:{starts_on}/{ends_on}", {})
