"""Purchase orders and what suppliers say about them. The state of one follows from its times."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Amount, Counter, JsonObject, Key, Label, Moment, Percent, Quantity, Reference, SerialId, Written


class PurchaseOrder(Base):
    """What we order from a supplier for one fulfilment group; shipped to the customer's address."""

    __tablename__ = "purchase_order"
    __table_args__ = (
        Index("purchase_order_open_ix", "group_no", unique=True, postgresql_where=text("cancelled_at IS NULL")),
        Index("purchase_order_latest_ix", "created_at", "po_no"),
        Index("purchase_order_supplier_ix", "supplier_no", "created_at"),
        Index("purchase_order_order_ix", "order_no"),
        Index("purchase_order_document_ix", "document_id"),
    )

    po_no: Mapped[Key]
    group_no: Mapped[str] = mapped_column(ForeignKey("fulfil_group.group_no"))
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    supplier_no: Mapped[str] = mapped_column(ForeignKey("supplier.supplier_no"))
    currency: Mapped[str]
    ship_to: Mapped[JsonObject]
    customer_po: Mapped[Label]
    neutral_packing: Mapped[bool]
    requested_ship: Mapped[date]
    net_total: Mapped[Amount]
    document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"))
    #: How often we have reminded the supplier since it last sent something.
    reminders: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[Written]
    sent_at: Mapped[Moment | None]
    confirmed_at: Mapped[Moment | None]
    #: When all that was agreed had been delivered and all that was delivered had been billed.
    closed_at: Mapped[Moment | None]
    cancelled_at: Mapped[Moment | None]
    cancel_reason: Mapped[Label]


class PurchaseOrderLine(Base):
    """One line for one fulfilment line, so that what was delivered is known for each."""

    __tablename__ = "po_line"
    __table_args__ = (
        UniqueConstraint("po_no", "line_no"),
        UniqueConstraint("po_no", "fulfil_line_id"),
        CheckConstraint("qty > 0 AND unit_price >= 0", name="numbers"),
        CheckConstraint("qty_received >= 0 AND qty_billed >= 0", name="received"),
        CheckConstraint("qty_given_up >= 0 AND qty_given_up <= qty_received", name="given_up"),
        Index("po_line_fulfil_line_ix", "fulfil_line_id"),
    )

    id: Mapped[SerialId]
    po_no: Mapped[str] = mapped_column(ForeignKey("purchase_order.po_no"))
    line_no: Mapped[int]
    fulfil_line_id: Mapped[Reference] = mapped_column(ForeignKey("fulfil_line.id"))
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    supplier_sku: Mapped[Label]
    description: Mapped[Label]
    uom: Mapped[str]
    qty: Mapped[Quantity]
    unit_price: Mapped[Amount]
    #: What the supplier says, once it has said something.
    confirmed_qty: Mapped[Quantity | None]
    confirmed_price: Mapped[Amount | None]
    confirmed_ship: Mapped[date | None]
    qty_received: Mapped[Counter]
    qty_billed: Mapped[Counter]
    #: Of what was received, how much no bill will come for: its accrual is written off.
    qty_given_up: Mapped[Counter]


class AccrualWriteOff(Base):
    """What of an order's accrual was written off, in the currency of the books, why, and by whom; taken back when a bill came after all."""

    __tablename__ = "accrual_write_off"
    __table_args__ = (Index("accrual_write_off_order_ix", "po_no"), Index("accrual_write_off_journal_ix", "journal_id"))

    id: Mapped[SerialId]
    po_no: Mapped[str] = mapped_column(ForeignKey("purchase_order.po_no"))
    amount: Mapped[Amount]
    reason: Mapped[Label]
    asked_by: Mapped[str]
    approved_by: Mapped[str]
    written_off_at: Mapped[Written]
    journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))
    taken_back_at: Mapped[Moment | None]


class Acknowledgement(Base):
    """A supplier's answer to a purchase order: AP accepted, CA accepted with changes, RE rejected. The latest one counts."""

    __tablename__ = "po_acknowledgement"
    __table_args__ = (
        CheckConstraint("code IN ('AP', 'CA', 'RE')", name="code"),
        Index("po_acknowledgement_document_ix", "po_no", text("folded(document_no)"), unique=True),
    )

    id: Mapped[SerialId]
    po_no: Mapped[str] = mapped_column(ForeignKey("purchase_order.po_no"))
    document_no: Mapped[str]
    code: Mapped[str]
    note: Mapped[Label]
    sha256: Mapped[str]
    received_at: Mapped[Written]


class AcknowledgedLine(Base):
    """What the supplier says of one line."""

    __tablename__ = "po_acknowledged_line"
    __table_args__ = (CheckConstraint("qty >= 0 AND unit_price >= 0", name="numbers"),)

    acknowledgement_id: Mapped[int] = mapped_column(ForeignKey("po_acknowledgement.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    qty: Mapped[Quantity]
    unit_price: Mapped[Amount]
    ship_date: Mapped[date | None]


class Asn(Base):
    """A supplier's despatch advice. A supplier's number is taken once, however it is spelt and however often the message is sent."""

    __tablename__ = "asn"
    __table_args__ = (
        Index("asn_document_ix", "supplier_no", text("folded(document_no)"), unique=True),
        CheckConstraint("rejected_at IS NULL OR shipment_no IS NULL", name="rejected"),
        Index("asn_po_ix", "po_no"),
        Index("asn_shipment_ix", "shipment_no"),
    )

    asn_no: Mapped[Key]
    po_no: Mapped[str] = mapped_column(ForeignKey("purchase_order.po_no"))
    supplier_no: Mapped[str] = mapped_column(ForeignKey("supplier.supplier_no"))
    document_no: Mapped[str]
    carrier: Mapped[Label]
    tracking_no: Mapped[Label]
    shipped_on: Mapped[date]
    sha256: Mapped[str]
    received_at: Mapped[Written]
    #: Set when the logical receipt is booked.
    shipment_no: Mapped[str | None] = mapped_column(ForeignKey("shipment.shipment_no"))
    #: What it settled of goods received, not invoiced beside its cost, when all of the order had been billed before.
    accrual_cleared: Mapped[Counter]
    #: Set when we send the goods back to where they came from.
    rejected_at: Mapped[Moment | None]
    reject_reason: Mapped[Label]


class AsnLine(Base):
    """How much of a purchase order line was shipped."""

    __tablename__ = "asn_line"
    __table_args__ = (CheckConstraint("qty > 0", name="qty"), Index("asn_line_po_line_ix", "po_line_id"))

    asn_no: Mapped[str] = mapped_column(ForeignKey("asn.asn_no"), primary_key=True)
    po_line_id: Mapped[int] = mapped_column(ForeignKey("po_line.id"), primary_key=True)
    qty: Mapped[Quantity]


class SupplierInvoice(Base):
    """A supplier's bill. `supplier_invoice_no` is our number for it, `document_no` the supplier's, taken once, however it is spelt."""

    __tablename__ = "supplier_invoice"
    __table_args__ = (
        Index("supplier_invoice_document_ix", "supplier_no", text("folded(document_no)"), unique=True),
        CheckConstraint("rejected_at IS NULL OR approved_at IS NULL", name="rejected"),
        CheckConstraint("gross_total = net_total + tax_total + freight", name="totals"),
        Index("supplier_invoice_po_ix", "po_no"),
        Index("supplier_invoice_journal_ix", "journal_id"),
    )

    supplier_invoice_no: Mapped[Key]
    po_no: Mapped[str] = mapped_column(ForeignKey("purchase_order.po_no"))
    supplier_no: Mapped[str] = mapped_column(ForeignKey("supplier.supplier_no"))
    document_no: Mapped[str]
    invoice_date: Mapped[date]
    currency: Mapped[str]
    net_total: Mapped[Amount]
    freight: Mapped[Counter]
    tax_total: Mapped[Amount]
    gross_total: Mapped[Amount]
    sha256: Mapped[str]
    received_at: Mapped[Written]
    approved_at: Mapped[Moment | None]
    #: Set when accounts payable refuses the bill; it is neither owed nor counted as billed.
    rejected_at: Mapped[Moment | None]
    reject_reason: Mapped[Label]
    #: How much of goods received, not invoiced, it cleared, in the currency of the books.
    accrual_cleared: Mapped[Counter]
    journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))
    paid_at: Mapped[Moment | None]
    #: What was told to the bank: what was open less the discount taken.
    paid_amount: Mapped[Counter]
    #: How much of it credit notes of the supplier have settled.
    credited: Mapped[Counter]


class SupplierInvoiceLine(Base):
    """What a supplier bills for one purchase order line."""

    __tablename__ = "supplier_invoice_line"
    __table_args__ = (
        CheckConstraint("qty > 0 AND unit_price >= 0", name="numbers"),
        Index("supplier_invoice_line_po_line_ix", "po_line_id"),
    )

    supplier_invoice_no: Mapped[str] = mapped_column(ForeignKey("supplier_invoice.supplier_invoice_no"), primary_key=True)
    po_line_id: Mapped[int] = mapped_column(ForeignKey("po_line.id"), primary_key=True)
    qty: Mapped[Quantity]
    unit_price: Mapped[Amount]
    amount: Mapped[Amount]
    tax_rate_pct: Mapped[Percent]


class SupplierCredit(Base):
    """A supplier's credit note on a bill of its. `supplier_credit_no` is our number for it, `document_no` the supplier's, taken once."""

    __tablename__ = "supplier_credit"
    __table_args__ = (
        Index("supplier_credit_document_ix", "supplier_no", text("folded(document_no)"), unique=True),
        CheckConstraint("reason IN ('GOODS', 'RETURN', 'PRICE')", name="reason"),
        CheckConstraint("rejected_at IS NULL OR approved_at IS NULL", name="rejected"),
        CheckConstraint("gross_total = net_total + tax_total + freight", name="totals"),
        CheckConstraint("set_off >= 0 AND claimed >= 0 AND (approved_at IS NULL OR set_off + claimed = gross_total)", name="split"),
        Index("supplier_credit_invoice_ix", "supplier_invoice_no"),
        Index("supplier_credit_po_ix", "po_no"),
        Index("supplier_credit_journal_ix", "journal_id"),
    )

    supplier_credit_no: Mapped[Key]
    supplier_invoice_no: Mapped[str] = mapped_column(ForeignKey("supplier_invoice.supplier_invoice_no"))
    po_no: Mapped[str] = mapped_column(ForeignKey("purchase_order.po_no"))
    supplier_no: Mapped[str] = mapped_column(ForeignKey("supplier.supplier_no"))
    document_no: Mapped[str]
    #: GOODS that never came, goods that went back (RETURN), or a PRICE that was too high.
    reason: Mapped[str]
    note: Mapped[Label]
    credit_date: Mapped[date]
    currency: Mapped[str]
    net_total: Mapped[Amount]
    freight: Mapped[Counter]
    tax_total: Mapped[Amount]
    gross_total: Mapped[Amount]
    sha256: Mapped[str]
    received_at: Mapped[Written]
    approved_at: Mapped[Moment | None]
    rejected_at: Mapped[Moment | None]
    reject_reason: Mapped[Label]
    journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))
    #: How much of it the bill was still owed, and is owed no more.
    set_off: Mapped[Counter]
    #: The rest: what the supplier owes us.
    claimed: Mapped[Counter]
    #: What came back into goods received, not invoiced, in the currency of the books.
    accrual_restored: Mapped[Counter]


class SupplierCreditLine(Base):
    """What a supplier credits of one purchase order line."""

    __tablename__ = "supplier_credit_line"
    __table_args__ = (
        CheckConstraint("qty > 0 AND unit_price >= 0", name="numbers"),
        Index("supplier_credit_line_po_line_ix", "po_line_id"),
    )

    supplier_credit_no: Mapped[str] = mapped_column(ForeignKey("supplier_credit.supplier_credit_no"), primary_key=True)
    po_line_id: Mapped[int] = mapped_column(ForeignKey("po_line.id"), primary_key=True)
    qty: Mapped[Quantity]
    unit_price: Mapped[Amount]
    amount: Mapped[Amount]


class SupplierReturn(Base):
    """Goods of one purchase order that go back to its supplier, and the net amount of the credit note that is expected for them."""

    __tablename__ = "supplier_return"
    __table_args__ = (
        CheckConstraint("expected >= 0", name="expected"),
        Index("supplier_return_po_ix", "po_no"),
        Index("supplier_return_open_ix", "created_at", postgresql_where=text("closed_at IS NULL")),
    )

    return_no: Mapped[Key]
    po_no: Mapped[str] = mapped_column(ForeignKey("purchase_order.po_no"))
    reason: Mapped[str]
    currency: Mapped[str]
    expected: Mapped[Amount]
    created_by: Mapped[Label]
    created_at: Mapped[Written]
    sent_at: Mapped[Moment | None]
    #: Set when its credit is there, or nobody expects it any more.
    closed_at: Mapped[Moment | None]
    close_reason: Mapped[Label]


class SupplierReturnLine(Base):
    """How much of a line of the purchase order goes back, at the price it was ordered for."""

    __tablename__ = "supplier_return_line"
    __table_args__ = (
        CheckConstraint("qty > 0 AND unit_price >= 0", name="numbers"),
        Index("supplier_return_line_po_line_ix", "po_line_id"),
    )

    return_no: Mapped[str] = mapped_column(ForeignKey("supplier_return.return_no"), primary_key=True)
    po_line_id: Mapped[int] = mapped_column(ForeignKey("po_line.id"), primary_key=True)
    qty: Mapped[Quantity]
    unit_price: Mapped[Amount]
    amount: Mapped[Amount]
