"""Disputes, what was given away when they ended, and promises to pay."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Amount, Counter, Key, Label, Moment, Reference, SerialId, Written


class PaymentPromise(Base):
    """What a customer promised to pay of an invoice and when; the latest one counts until somebody has spoken with them again."""

    __tablename__ = "payment_promise"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("payment_promise_open_ix", "invoice_no", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("payment_promise_invoice_ix", "invoice_no"),
    )

    id: Mapped[SerialId]
    invoice_no: Mapped[str]
    amount: Mapped[Amount]
    currency: Mapped[str]
    promised_on: Mapped[date]
    note: Mapped[Label]
    made_at: Mapped[Written]
    ended_at: Mapped[Moment | None]


class Dispute(Base):
    """What a customer does not pay of an invoice, and why; open until it is resolved. Its amount is not reminded of."""

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(resolved_at IS NULL) = (resolution = '')", name="resolved"),
        Index("dispute_invoice_ix", "invoice_no"),
        Index("dispute_customer_ix", "customer_no"),
        Index("dispute_receipt_ix", "receipt_no"),
        Index("dispute_open_ix", "due_on", "dispute_no", postgresql_where=text("resolved_at IS NULL")),
    )

    dispute_no: Mapped[Key]
    invoice_no: Mapped[str]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    #: The receipt that paid it short, where one did.
    receipt_no: Mapped[str | None] = mapped_column(ForeignKey("receipt.receipt_no"))
    amount: Mapped[Amount]
    currency: Mapped[str]
    reason: Mapped[str]
    description: Mapped[Label]
    owner_group: Mapped[Label]
    due_on: Mapped[date | None]
    opened_by: Mapped[str]
    opened_at: Mapped[Written]
    #: CREDIT, CHARGE_BACK, WRITE_OFF or PAID; empty while it is open.
    resolution: Mapped[Label]
    note: Mapped[Label]
    resolved_at: Mapped[Moment | None]
    #: The request for a credit memo by which it ended, where the customer was right about an invoice of ours.
    credit_request: Mapped[Label]


class Adjustment(Base):
    """What was given away of an invoice when a dispute ended: a credit with its share of the tax, or a write-off."""

    __tablename__ = "adjustment"
    __table_args__ = (
        CheckConstraint("kind IN ('CREDIT', 'WRITE_OFF')", name="kind"),
        CheckConstraint("amount > 0 AND tax_amount >= 0", name="numbers"),
        Index("adjustment_invoice_ix", "invoice_no"),
        Index("adjustment_journal_ix", "journal_id"),
    )

    adjustment_no: Mapped[Key]
    dispute_no: Mapped[str] = mapped_column(ForeignKey("dispute.dispute_no"), unique=True)
    invoice_no: Mapped[str]
    kind: Mapped[str]
    amount: Mapped[Amount]
    tax_amount: Mapped[Counter]
    currency: Mapped[str]
    journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))
    made_at: Mapped[Written]
