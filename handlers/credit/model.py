"""Every credit check with the figures it was decided on."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Amount, Flag, Label, Moment, SerialId, Written


class CreditCheck(Base):
    """One check of one order, in the customer's currency; the latest of an order counts."""

    __tablename__ = "credit_check"
    __table_args__ = (
        CheckConstraint("decision IN ('', 'APPROVED', 'HOLD', 'PREPAY', 'REFER')", name="decision"),
        Index("credit_check_order_ix", "order_no", "id"),
        Index("credit_check_customer_ix", "customer_no", "checked_at"),
    )

    id: Mapped[SerialId]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    order_version: Mapped[int]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    currency: Mapped[str]
    credit_limit: Mapped[Amount]
    order_limit: Mapped[Amount]
    open_ar: Mapped[Amount]
    unapplied: Mapped[Amount]
    shipped_not_invoiced: Mapped[Amount]
    booked_not_shipped: Mapped[Amount]
    secured: Mapped[Amount]
    exposure: Mapped[Amount]
    available: Mapped[Amount]
    order_total: Mapped[Amount]
    oldest_overdue_days: Mapped[int]
    overdue_share_pct: Mapped[Amount]
    dunning_level: Mapped[int]
    account_hold: Mapped[Flag]
    decision: Mapped[Label]
    reason: Mapped[Label]
    decided_by: Mapped[Label]
    checked_at: Mapped[Written]
    decided_at: Mapped[Moment | None]
