"""What late payment costs a customer: the charge, and the days its interest is for."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Amount, Counter, Key, Label, Moment, Reference, Written


class LateCharge(Base):
    """A fee and interest on an invoice that is late: a receivable of its own, outside VAT, for compensation is no supply."""

    __tablename__ = "late_charge"
    __table_args__ = (
        UniqueConstraint("invoice_no", "level"),
        CheckConstraint("fee >= 0 AND interest >= 0 AND fee + interest > 0", name="amount"),
        CheckConstraint("0 <= waived AND waived <= fee + interest AND (waived = 0) = (waived_at IS NULL)", name="waived"),
        Index("late_charge_customer_ix", "customer_no"),
        Index("late_charge_journal_ix", "journal_id"),
        Index("late_charge_waiver_journal_ix", "waiver_journal_id"),
        Index("late_charge_document_ix", "document_id"),
    )

    charge_no: Mapped[Key]
    #: The receivable that is late, and the reminder that charges it.
    invoice_no: Mapped[str]
    level: Mapped[int]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    currency: Mapped[str]
    fee: Mapped[Amount]
    interest: Mapped[Amount]
    #: By which law or agreement, in words.
    basis: Mapped[Label]
    journal_id: Mapped[Reference] = mapped_column(ForeignKey("journal.id"))
    document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"))
    charged_at: Mapped[Written]
    #: What a person let go of it, and why.
    waived: Mapped[Counter]
    waived_at: Mapped[Moment | None]
    waived_by: Mapped[Label]
    waived_because: Mapped[Label]
    waiver_journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))


class LateChargeDays(Base):
    """Days in a row that a charge has interest for, on one amount at one yearly rate; no day of an invoice is charged twice."""

    __tablename__ = "late_charge_days"
    __table_args__ = (
        UniqueConstraint("invoice_no", "first_day"),
        CheckConstraint("first_day <= last_day AND principal > 0 AND rate_pct > 0 AND interest >= 0", name="numbers"),
    )

    charge_no: Mapped[str] = mapped_column(ForeignKey("late_charge.charge_no"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    invoice_no: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    principal: Mapped[Amount]
    rate_pct: Mapped[Decimal] = mapped_column(Numeric(9, 4))
    interest: Mapped[Amount]
