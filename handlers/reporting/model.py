"""Key figures as they were worked out for a day: a cache that can be thrown away, and is, after a week."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import DateTime, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base


class KeyFigure(Base):
    """One point of a key figure's chart; what `part`, `whole`, `middle` and `high` are is said by the figure."""

    __tablename__ = "key_figure"

    kpi: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[date] = mapped_column(primary_key=True)
    bucket: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    part: Mapped[Decimal] = mapped_column(Numeric)
    whole: Mapped[Decimal] = mapped_column(Numeric)
    middle: Mapped[Decimal | None] = mapped_column(Numeric)
    high: Mapped[Decimal | None] = mapped_column(Numeric)
    worked_out_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
