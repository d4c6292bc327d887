"""Opening the books, exchange rates, and closing periods."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store.locks import Advisory, advisory
from handlers.ledger.accounts import CHART
from handlers.ledger.model import Account, Book, FxRate, Period

#: Where a transaction keeps what it has read of the books.
_CURRENCY = "books_currency"


class RateMissing(Invalid):
    """No exchange rate of a currency is on file for a day; nothing was changed."""

    default_code = "fx_rate_missing"

    def __init__(self, currency: str, day: date) -> None:
        super().__init__(
            f"No exchange rate for {currency} is on file for {day}.",
            next_step=f"File the rate of {currency} for {day} or earlier with POST /api/v1/exchange-rates, then repeat.",
        )


def open_books(tx: Session, currency: str) -> None:
    """Seed the chart of accounts and fix the currency of the books. Safe to repeat. Raises Conflict for another currency."""
    tx.execute(insert(Book).values(id=1, currency=currency).on_conflict_do_nothing())
    kept_in = tx.execute(select(Book.currency)).scalar_one()
    if kept_in != currency:
        raise Conflict(
            f"The books are kept in {kept_in}; they cannot be opened in {currency}.",
            code="books_currency",
            next_step=f"Keep {kept_in}, or start another database.",
        )
    rows = [{"number": entry.number, "name": entry.name, "kind": entry.kind.value, "needs_party": entry.party} for entry in CHART]
    tx.execute(insert(Account).values(rows).on_conflict_do_nothing())


def books_currency(tx: Session) -> str:
    """The currency the books are kept in, which never changes: read once a transaction. Raises Invalid while they are not open."""
    known: str | None = tx.info.get(_CURRENCY)
    if known is not None:
        return known
    currency = tx.execute(select(Book.currency)).scalar_one_or_none()
    if currency is None:
        raise Invalid("The books are not open yet.", code="books_closed", next_step="Open them with `open_books` before posting.")
    tx.info[_CURRENCY] = currency
    return currency


def kept_in(tx: Session) -> str:
    """The currency the books are kept in; empty while they are not open."""
    return tx.execute(select(Book.currency)).scalar_one_or_none() or ""


def set_rate(tx: Session, currency: str, valid_from: date, rate: Decimal) -> None:
    """File what one unit of `currency` is worth in the currency of the books from a day on."""
    if not rate.is_finite() or rate <= 0:
        raise Invalid(f"{rate} is no exchange rate.", code="fx_rate", next_step="Give a rate above zero.")
    statement = insert(FxRate).values(currency=currency, valid_from=valid_from, rate=rate)
    tx.execute(statement.on_conflict_do_update(index_elements=["currency", "valid_from"], set_={"rate": rate}))


def rate_on(tx: Session, currency: str, day: date) -> Decimal:
    """The rate on file for a day; 1 for the currency of the books. Raises RateMissing."""
    if currency == books_currency(tx):
        return Decimal(1)
    rate = tx.execute(
        select(FxRate.rate).where(FxRate.currency == currency, FxRate.valid_from <= day).order_by(FxRate.valid_from.desc()).limit(1)
    ).scalar_one_or_none()
    if rate is None:
        raise RateMissing(currency, day)
    return rate


def rates_on(tx: Session, currencies: Collection[str], day: date) -> dict[str, Decimal]:
    """The rates on file for a day, of those currencies that have one, the currency of the books among them. Two statements."""
    found = tx.execute(_RATES, {"currencies": sorted(currencies), "day": day})
    return {row.currency: row.rate for row in found} | {books_currency(tx): Decimal(1)}


def close_period(tx: Session, starts_on: date, ends_on: date, actor: str) -> None:
    """Close a stretch of days for posting. Raises Invalid when it is turned round, Conflict when it overlaps a closed one."""
    if ends_on < starts_on:
        raise Invalid(f"The period ends {ends_on}, before it starts {starts_on}.", code="period", next_step="Give the first day first.")
    advisory(tx, Advisory.LEDGER_PERIODS)  # waits for every posting under way, so that none lands behind the door
    overlapping = tx.execute(select(Period).where(Period.starts_on <= ends_on, Period.ends_on >= starts_on)).scalars().first()
    if overlapping is not None:
        raise Conflict(
            f"{overlapping.starts_on} to {overlapping.ends_on} is closed already.",
            code="period_closed",
            next_step="Close a stretch of days that does not overlap it.",
        )
    # The clock, not the transaction's start: it may have waited above for a posting that came after that start.
    tx.add(Period(starts_on=starts_on, ends_on=ends_on, closed_by=actor, closed_at=func.clock_timestamp()))
    tx.flush()
    tx.execute(_ADD_UP, {"starts_on": starts_on, "ends_on": ends_on})


def reopen_period(tx: Session, starts_on: date) -> Period:
    """Open the closed period that begins on a day for posting again, and answer what it was. Raises NotFound."""
    advisory(tx, Advisory.LEDGER_PERIODS)
    closed = tx.get(Period, starts_on)
    if closed is None:
        raise NotFound(
            f"No closed period begins on {starts_on}.", code="period_unknown", next_step="Look at GET /api/v1/periods for the closed ones."
        )
    tx.delete(closed)
    tx.flush()
    return closed


_ADD_UP = text("""
INSERT INTO period_balance (starts_on, account, currency, party_no, debits, credits, entered)
SELECT :starts_on, line.account, journal.currency, coalesce(line.party_no, ''),
  sum(greatest(line.accounted, 0)), sum(greatest(-line.accounted, 0)), sum(line.debit - line.credit)
FROM journal JOIN journal_line AS line ON line.journal_id = journal.id
WHERE journal.gl_date BETWEEN :starts_on AND :ends_on GROUP BY line.account, journal.currency, coalesce(line.party_no, '')
""")


_RATES = text("""
SELECT DISTINCT ON (currency) currency, rate FROM fx_rate
WHERE currency = ANY(:currencies) AND valid_from <= :day ORDER BY currency, valid_from DESC
""")
