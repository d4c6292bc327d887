"""Returns as facts. The state of one follows from its times: requested, accepted, received, inspected, closed."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Counter, Key, Label, Moment, Percent, Quantity, Reference, SerialId, Written


class ReturnAuthorization(Base):
    """What a customer may send back of one invoice (RMA)."""

    __tablename__ = "return_authorization"
    __table_args__ = (
        CheckConstraint("refused_at IS NULL OR accepted_at IS NULL", name="decided"),
        CheckConstraint("received_at IS NULL OR accepted_at IS NOT NULL", name="received"),
        CheckConstraint("inspected_at IS NULL OR received_at IS NOT NULL", name="inspected"),
        CheckConstraint("restocking_fee_pct >= 0 AND restocking_fee_pct <= 100", name="restocking_fee"),
        Index("return_authorization_invoice_ix", "invoice_no"),
        Index("return_authorization_order_ix", "order_no"),
        Index("return_authorization_customer_ix", "customer_no", "requested_at"),
        Index("return_authorization_open_ix", "requested_at", postgresql_where=text("closed_at IS NULL")),
        Index("return_authorization_warehouse_ix", "warehouse_code"),
    )

    rma_no: Mapped[Key]
    invoice_no: Mapped[str] = mapped_column(ForeignKey("invoice.invoice_no"))
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    #: Where the goods are to come back to: where they left from, else the first warehouse.
    warehouse_code: Mapped[str] = mapped_column(ForeignKey("warehouse.code"))
    reason: Mapped[str]
    note: Mapped[Label]
    requested_by: Mapped[str]
    requested_at: Mapped[Written]
    restocking_fee_pct: Mapped[Percent]
    accepted_at: Mapped[Moment | None]
    refused_at: Mapped[Moment | None]
    refused_because: Mapped[Label]
    received_at: Mapped[Moment | None]
    inspected_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]


class ReturnLine(Base):
    """Goods of one line of the invoice. `qty` may come back, `qty_received` did; each of that is put on stock again or scrapped.

    `value` is what the received goods cost when they were sold, in the currency of the books; `value_restocked` of it is stock again.
    """

    __tablename__ = "return_line"
    __table_args__ = (
        UniqueConstraint("rma_no", "line_no"),
        CheckConstraint("qty > 0 AND 0 <= qty_received AND qty_received <= qty", name="qty"),
        CheckConstraint("0 <= qty_restocked AND 0 <= qty_scrapped AND qty_restocked + qty_scrapped <= qty_received", name="inspected"),
        CheckConstraint("0 <= value_restocked AND value_restocked <= value", name="numbers"),
        Index("return_line_invoice_line_ix", "invoice_line_id"),
        Index("return_line_fulfil_line_ix", "fulfil_line_id"),
    )

    id: Mapped[SerialId]
    rma_no: Mapped[str] = mapped_column(ForeignKey("return_authorization.rma_no"))
    #: The number of the line on the invoice.
    line_no: Mapped[int]
    invoice_line_id: Mapped[Reference] = mapped_column(ForeignKey("invoice_line.id"))
    fulfil_line_id: Mapped[Reference] = mapped_column(ForeignKey("fulfil_line.id"))
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    qty: Mapped[Quantity]
    qty_received: Mapped[Counter]
    qty_restocked: Mapped[Counter]
    qty_scrapped: Mapped[Counter]
    value: Mapped[Counter]
    value_restocked: Mapped[Counter]
