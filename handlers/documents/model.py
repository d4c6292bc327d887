"""Number series and the bytes of every document we made or were sent."""

from sqlalchemy import DDL, CheckConstraint, Index, event
from sqlalchemy.orm import Mapped

from engine.store.base import Base
from handlers.columns import JsonList, Key, Reference, SerialId, Written


class NumberSeries(Base):
    """The last number given in a series; its row lock makes the series gap-free."""

    __tablename__ = "number_series"
    __table_args__ = (CheckConstraint("last_value >= 0", name="last_value"),)

    series: Mapped[Key]
    last_value: Mapped[Reference]


class Document(Base):
    """A document as bytes. `kind` is QUOTE, ORDER_RESPONSE, PICK_LIST, INVOICE_PDF …, `number` the human number it is about."""

    __tablename__ = "document"
    __table_args__ = (Index("document_kind_number_ix", "kind", "number"), Index("document_number_ix", "number"))

    id: Mapped[SerialId]
    kind: Mapped[str]
    number: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes]
    sha256: Mapped[str]
    #: What whoever looks at it should know: letters that no font has, by their numbers.
    findings: Mapped[JsonList]
    created_at: Mapped[Written]


#: Series in which a gap harms nobody: each has a sequence of its own.
WITH_GAPS = frozenset({"Q", "SO", "FG", "PO", "SH", "SSCC", "EDI", "RMA", "ADJ", "MO"})


def sequence_of(series: str) -> str:
    """The name of a series' sequence."""
    return f"number_{series.lower()}"


for _series in sorted(WITH_GAPS):
    event.listen(
        NumberSeries.__table__,
        "after_create",
        DDL(f"CREATE SEQUENCE IF NOT EXISTS {sequence_of(_series)}"),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves DDL untyped
    )
