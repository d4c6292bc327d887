"""A quote, its lines as they stand in its latest version, every version's fingerprint, and who approved which."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Amount, Counter, JsonList, JsonObject, Key, Label, Moment, Percent, Quantity, Reference, SerialId, Written

_STATES = "'DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'SENT', 'ORDERED', 'PARTIALLY_ORDERED', 'LOST', 'EXPIRED', 'WITHDRAWN'"


class Quote(Base):
    """A quote in its latest version. `snapshot_hash` covers everything an approver decides on: when it changes, approvals are void."""

    __tablename__ = "quote"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("header_discount_pct >= 0 AND header_discount_pct <= 100", name="header_discount_pct"),
        Index("quote_customer_ix", "customer_no", "created_at"),
        Index("quote_state_ix", "state", "created_at"),
        Index("quote_document_ix", "document_id"),
        Index("quote_closed_ix", "closed_at"),
        UniqueConstraint("source", "source_ref"),
    )

    quote_no: Mapped[Key]
    source: Mapped[str] = mapped_column(server_default=text("'API'"))
    source_ref: Mapped[str | None]
    version_no: Mapped[int] = mapped_column(server_default=text("1"))
    state: Mapped[str] = mapped_column(server_default=text("'DRAFT'"))
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    requester: Mapped[Label]
    currency: Mapped[str]
    channel: Mapped[Label]
    ship_to: Mapped[JsonObject]
    requested_date: Mapped[date | None]
    note: Mapped[Label]
    header_discount_pct: Mapped[Percent]
    list_total: Mapped[Counter]
    header_discount: Mapped[Counter]
    freight: Mapped[Counter]
    net_total: Mapped[Counter]
    tax_total: Mapped[Counter]
    gross_total: Mapped[Counter]
    taxes: Mapped[JsonList]
    discount_pct: Mapped[Percent]
    margin_pct: Mapped[Percent]
    lowest_margin_gap: Mapped[Percent]
    priced_on: Mapped[date | None]
    snapshot_hash: Mapped[Label]
    approved_hash: Mapped[Label]
    approved_at: Mapped[Moment | None]
    document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"))
    sent_at: Mapped[Moment | None]
    valid_until: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    close_reason: Mapped[Label]
    created_at: Mapped[Written]


class QuoteLine(Base):
    """A line of a quote's latest version."""

    __tablename__ = "quote_line"
    __table_args__ = (
        UniqueConstraint("quote_no", "line_no"),
        CheckConstraint("qty > 0 AND qty_ordered >= 0 AND qty_accepted >= 0 AND qty_ordered + qty_accepted <= qty", name="qty"),
        CheckConstraint("unit_net >= 0 AND list_price >= 0 AND cost >= 0", name="prices"),
        Index("quote_line_sku_ix", "sku"),
    )

    id: Mapped[SerialId]
    quote_no: Mapped[str] = mapped_column(ForeignKey("quote.quote_no"))
    line_no: Mapped[int]
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    description: Mapped[Label]
    item_class: Mapped[Label]
    uom: Mapped[str]
    qty: Mapped[Quantity]
    qty_ordered: Mapped[Counter]
    #: What the customer has accepted and is not ordered yet.
    qty_accepted: Mapped[Counter]
    manual_discount_pct: Mapped[Percent]
    discount_reason: Mapped[Label]
    requested_arrival: Mapped[date | None]
    list_price: Mapped[Counter]
    unit_net: Mapped[Counter]
    line_net: Mapped[Counter]
    header_discount: Mapped[Counter]
    #: Every step of the price waterfall: step, source, pct or amount, unit price after it.
    discounts: Mapped[JsonList]
    cost: Mapped[Counter]
    tax_category: Mapped[Label]
    tax_rate_pct: Mapped[Percent]
    weight_kg: Mapped[Counter]


class QuoteVersion(Base):
    """What a version came to when it was closed by the next one; never updated."""

    __tablename__ = "quote_version"

    quote_no: Mapped[str] = mapped_column(ForeignKey("quote.quote_no"), primary_key=True)
    version_no: Mapped[int] = mapped_column(primary_key=True)
    snapshot_hash: Mapped[str]
    snapshot: Mapped[JsonObject]
    comment: Mapped[Label]
    superseded_at: Mapped[Written]


class QuoteApproval(Base):
    """Who decided on which fingerprint of a quote. `amount_limit` is what the approver may approve, where a limit holds."""

    __tablename__ = "quote_approval"
    __table_args__ = (Index("quote_approval_quote_ix", "quote_no", "id"),)

    id: Mapped[SerialId]
    quote_no: Mapped[str] = mapped_column(ForeignKey("quote.quote_no"))
    snapshot_hash: Mapped[str]
    approver: Mapped[str]
    approver_group: Mapped[Label]
    approved: Mapped[bool]
    comment: Mapped[Label]
    amount: Mapped[Amount]
    amount_limit: Mapped[Amount | None]
    decided_at: Mapped[Written]
