"""Months as they are or were closed."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.store.paging import Asked, Key, Page, read_page
from handlers.closing.model import PeriodClose


@dataclass(frozen=True, slots=True)
class CloseRow:
    """A month: OPEN, CLOSED or GIVEN_UP; `findings` as the last check found them, amounts in the currency of the books."""

    period: str
    starts_on: date
    ends_on: date
    state: str
    round: int
    begun_by: str
    begun_at: datetime
    findings: list[Any]
    exchange_difference: Decimal | None
    accrued_revenue: Decimal | None
    closed_by: str | None
    closed_at: datetime | None


def list_closes(tx: Session, asked: Asked, *, count: bool = False) -> Page[CloseRow]:
    """Months, the latest first."""
    statement = select(*(getattr(PeriodClose, name) for name in CloseRow.__dataclass_fields__))
    return read_page(tx, statement, (Key(PeriodClose.period, descending=True),), asked, count=count).typed(CloseRow)
