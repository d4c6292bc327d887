"""One row a month that is, or was, being closed."""

from datetime import date

from sqlalchemy import CheckConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Amount, JsonList, Moment, Written


class PeriodClose(Base):
    """The close of a month, `2026-02`: OPEN while somebody is at it, then CLOSED, or GIVEN_UP until it is begun anew.

    `round` counts how often it was closed: the journals of each round are its own. `findings` are what the last check found.
    """

    __tablename__ = "period_close"
    __table_args__ = (
        CheckConstraint("state IN ('OPEN', 'CLOSED', 'GIVEN_UP')", name="state"),
        CheckConstraint("(state = 'CLOSED') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("starts_on <= ends_on", name="order"),
    )

    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=text("'OPEN'"))
    round: Mapped[int] = mapped_column(server_default=text("1"))
    begun_by: Mapped[str]
    begun_at: Mapped[Written]
    findings: Mapped[JsonList]
    #: What revaluing came to, income positive, in the currency of the books.
    exchange_difference: Mapped[Amount | None]
    #: Revenue of what was delivered and not billed.
    accrued_revenue: Mapped[Amount | None]
    closed_by: Mapped[str | None]
    closed_at: Mapped[Moment | None]
