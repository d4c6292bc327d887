"""What customers owe, by how late it is; and the exchange rates on file."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from engine.store.paging import Asked, Key, Page, read_page
from handlers.ledger.model import FxRate, Period

BUCKETS = ("Not due", "1-30 days", "31-60 days", "61-90 days", "Over 90 days")


@dataclass(frozen=True, slots=True)
class Ageing:
    """What customers owe, by how late it is, in the currency of the books."""

    currency: str
    buckets: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        """All of it."""
        return sum(self.buckets, Decimal(0))


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in the currency of the books from a day on."""

    currency: str
    valid_from: date
    rate: Decimal


def list_rates(tx: Session, asked: Asked, *, count: bool = False) -> Page[Rate]:
    """Exchange rates by currency, the latest first."""
    statement: Select[Any] = select(*FxRate.__table__.c)
    return read_page(tx, statement, (Key(FxRate.currency), Key(FxRate.valid_from, descending=True)), asked, count=count).typed(Rate)


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """A stretch of days that is closed for posting."""

    starts_on: date
    ends_on: date
    closed_by: str
    closed_at: datetime


def list_periods(tx: Session, asked: Asked) -> Page[ClosedPeriod]:
    """Closed periods, the latest first."""
    statement: Select[Any] = select(*(getattr(Period, name) for name in ClosedPeriod.__dataclass_fields__))
    return read_page(tx, statement, (Key(Period.starts_on, descending=True),), asked).typed(ClosedPeriod)


def receivables_by_age(tx: Session) -> Ageing | None:
    """Open receivables by days past due, each at the rate of its document. None before the books are opened."""
    row = tx.execute(_BY_AGE).one()
    return Ageing(row[0], tuple(row[1:])) if row[0] else None


_BY_AGE = text("""
SELECT (SELECT currency FROM ledger_book) AS currency,
       coalesce(sum(worth) FILTER (WHERE late <= 0), 0), coalesce(sum(worth) FILTER (WHERE late BETWEEN 1 AND 30), 0),
       coalesce(sum(worth) FILTER (WHERE late BETWEEN 31 AND 60), 0),
       coalesce(sum(worth) FILTER (WHERE late BETWEEN 61 AND 90), 0), coalesce(sum(worth) FILTER (WHERE late > 90), 0)
FROM (
  SELECT open_amount * fx_rate AS worth, business_today() - due_date AS late
  FROM open_item WHERE kind = 'AR' AND open_amount > 0
) items
""")
