"""Invoices, credit memos and debit notes. None is changed once it is posted: an invoice is credited and written again."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import (
    Amount,
    Counter,
    Flag,
    JsonList,
    JsonObject,
    Key,
    Label,
    Moment,
    Percent,
    Quantity,
    Reference,
    SerialId,
    Written,
)


class Invoice(Base):
    """One invoice (INV), credit memo (CM) or debit note (DM).

    Its number is legal: from a gap-free series, taken in the transaction that writes it. An invoice in advance is of no shipment: it
    charges a part of the order (ADVANCE) that the invoices of the goods take off again (ADVANCE_USED). A consolidated one is of several
    shipments and orders: its lines say of which.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("kind IN ('INV', 'CM', 'DM')", name="kind"),
        CheckConstraint(
            "billing_policy IN ('ON_SHIP', 'ON_DELIVERY', 'CONSOLIDATED', 'DEPOSIT', 'ON_ORDER', 'MILESTONE')", name="billing_policy"
        ),
        CheckConstraint(
            "(shipment_no IS NULL) = (billing_policy IN ('CONSOLIDATED', 'DEPOSIT', 'ON_ORDER', 'MILESTONE'))", name="shipment"
        ),
        CheckConstraint("order_no IS NOT NULL OR billing_policy = 'CONSOLIDATED'", name="order"),
        CheckConstraint("(billing_run = '') = (kind <> 'INV' OR billing_policy <> 'CONSOLIDATED')", name="billing_run"),
        CheckConstraint("gross_total = net_total + freight_total + tax_total", name="totals"),
        CheckConstraint("(kind = 'INV') = (credits_invoice_no IS NULL)", name="credits"),
        CheckConstraint("0 <= settled_total AND settled_total <= gross_total", name="settled"),
        Index("invoice_credits_ix", "credits_invoice_no"),
        # One return, one credit memo.
        Index("invoice_return_once", "rma_no", unique=True),
        Index("invoice_adjustment_once", "adjustment_no", unique=True),
        Index("invoice_latest_ix", "created_at", "invoice_no"),
        Index("invoice_order_ix", "order_no"),
        Index("invoice_customer_ix", "customer_no", "invoice_date"),
        Index("invoice_shipment_ix", "shipment_no"),
        Index("invoice_billing_run_ix", "billing_run", postgresql_where=text("billing_run <> ''")),
        Index("invoice_pdf_ix", "pdf_document_id"),
        Index("invoice_ubl_ix", "ubl_document_id"),
        Index("invoice_journal_ix", "journal_id"),
    )

    invoice_no: Mapped[Key]
    kind: Mapped[str]
    #: What must be the same for lines to share an invoice.
    grouping: Mapped[str]
    #: None where it is about several; its lines and taxes name theirs.
    order_no: Mapped[str | None] = mapped_column(ForeignKey("sales_order.order_no"))
    #: Why it may be written now: its goods left or arrived, alone or with others of a period, or the plan of the order says so before.
    billing_policy: Mapped[str] = mapped_column(server_default=text("'ON_SHIP'"))
    #: Of a consolidated invoice: the business key of who writes it.
    billing_run: Mapped[Label]
    #: None of an invoice in advance, of a consolidated one, and of what corrects one.
    shipment_no: Mapped[str | None] = mapped_column(ForeignKey("shipment.shipment_no"))
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    customer_po: Mapped[Label]
    bill_to: Mapped[JsonObject]
    ship_to: Mapped[JsonObject]
    currency: Mapped[str]
    fx_rate: Mapped[Decimal | None] = mapped_column(Numeric(18, 8))
    invoice_date: Mapped[date]
    #: The day of delivery, or the last one; `delivered_from` is the first one where there are several.
    delivery_date: Mapped[date]
    delivered_from: Mapped[date | None]
    net_days: Mapped[int]
    due_date: Mapped[date]
    discount_date: Mapped[date | None]
    discount_amount: Mapped[Counter]
    discount_pct: Mapped[Percent]
    #: Where it is paid in parts: each due_date and amount, in order; `due_date` is the first, and nothing is given for paying early.
    instalments: Mapped[JsonList]
    net_total: Mapped[Amount]
    freight_total: Mapped[Counter]
    tax_total: Mapped[Amount]
    gross_total: Mapped[Amount]
    journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))
    posted_at: Mapped[Moment | None]
    cancelled_at: Mapped[Moment | None]
    pdf_document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"))
    ubl_document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"))
    delivered_at: Mapped[Moment | None]
    created_at: Mapped[Written]
    #: Of a credit memo or debit note: the invoice it is about, the return or request it is for, why, and how much of it that invoice
    #: still owed.
    credits_invoice_no: Mapped[str | None] = mapped_column(ForeignKey("invoice.invoice_no"))
    rma_no: Mapped[str | None] = mapped_column(ForeignKey("return_authorization.rma_no", use_alter=True))
    adjustment_no: Mapped[str | None] = mapped_column(ForeignKey("billing_adjustment.adjustment_no", use_alter=True))
    credit_reason: Mapped[Label]
    settled_total: Mapped[Counter]


class InvoiceLine(Base):
    """One charge: goods of a shipment line (charge_code ITEM) or carriage of the order (FREIGHT).

    Or a part of the order in advance (ADVANCE), such a part taken off again (ADVANCE_USED, below zero), another price of a line that was
    charged (PRICE).
    """

    __tablename__ = "invoice_line"
    __table_args__ = (
        UniqueConstraint("invoice_no", "line_no"),
        CheckConstraint("(charge_code = 'ITEM') = (shipment_line_id IS NOT NULL)", name="source"),
        CheckConstraint("charge_code IN ('ITEM', 'FREIGHT', 'ADVANCE', 'ADVANCE_USED', 'PRICE')", name="charge_code"),
        CheckConstraint("(charge_code = 'ADVANCE_USED') = (advance_no IS NOT NULL)", name="advance"),
        CheckConstraint("qty <> 0 AND (qty < 0) = (charge_code = 'ADVANCE_USED')", name="qty"),
        # INV-08: goods of one shipment line, and the carriage of one order, are charged once.
        Index(
            "invoice_line_once",
            "shipment_line_id",
            "charge_code",
            "kind",
            unique=True,
            postgresql_where=text("shipment_line_id IS NOT NULL AND kind = 'INV' AND NOT cancelled"),
        ),
        Index(
            "invoice_line_freight_once",
            "order_no",
            "charge_code",
            "kind",
            unique=True,
            postgresql_where=text("charge_code = 'FREIGHT' AND kind = 'INV' AND NOT cancelled"),
        ),
        Index("invoice_line_advance_ix", "advance_no"),
        Index("invoice_line_corrects_line_ix", "corrects_line_id"),
        Index("invoice_line_order_ix", "order_no"),
        Index("invoice_line_order_line_ix", "order_line_id"),
        Index("invoice_line_fulfil_line_ix", "fulfil_line_id"),
    )

    id: Mapped[SerialId]
    invoice_no: Mapped[str] = mapped_column(ForeignKey("invoice.invoice_no"))
    kind: Mapped[str]
    line_no: Mapped[int]
    charge_code: Mapped[str]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    order_line_id: Mapped[Reference | None] = mapped_column(ForeignKey("order_line.id"))
    fulfil_line_id: Mapped[Reference | None] = mapped_column(ForeignKey("fulfil_line.id"))
    shipment_line_id: Mapped[Reference | None] = mapped_column(ForeignKey("shipment_line.id"))
    #: Of ADVANCE_USED: the invoice in advance; of a credit memo or debit note: the line of the invoice that it corrects.
    advance_no: Mapped[str | None] = mapped_column(ForeignKey("invoice.invoice_no"))
    corrects_line_id: Mapped[Reference | None] = mapped_column(ForeignKey("invoice_line.id"))
    sku: Mapped[Label]
    description: Mapped[str]
    qty: Mapped[Quantity]
    uom: Mapped[str]
    unit_price: Mapped[Amount]
    amount: Mapped[Amount]
    tax_category: Mapped[str]
    tax_rate_pct: Mapped[Percent]
    cancelled: Mapped[bool] = mapped_column(server_default=text("false"))
    #: Of a credit memo: what was kept back of the line; `amount` is what is given back.
    restocking_fee: Mapped[Counter]


class InvoiceTax(Base):
    """The tax of one category and rate on what an invoice charges of one order, rounded once per group."""

    __tablename__ = "invoice_tax"
    __table_args__ = (UniqueConstraint("invoice_no", "order_no", "category", "rate_pct"), Index("invoice_tax_order_ix", "order_no"))

    id: Mapped[SerialId]
    invoice_no: Mapped[str] = mapped_column(ForeignKey("invoice.invoice_no"))
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    category: Mapped[str]
    rate_pct: Mapped[Percent]
    taxable: Mapped[Amount]
    tax: Mapped[Amount]
    exemption_reason: Mapped[Label]


class DeliveryToBill(Base):
    """A shipment that may be charged now and waits for the billing run of its customer, who is billed by the week or by the month.

    The run is due on the first day of the customer's cycle on or after `billable_on`; the decision `invoice-grouping` says which day.
    """

    __tablename__ = "delivery_to_bill"
    __table_args__ = (
        CheckConstraint("billing_policy IN ('ON_SHIP', 'ON_DELIVERY')", name="billing_policy"),
        Index("delivery_to_bill_open_ix", "customer_no", "billable_on", postgresql_where=text("billed_at IS NULL")),
    )

    shipment_no: Mapped[Key] = mapped_column(ForeignKey("shipment.shipment_no"))
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    #: What let it be charged: its goods left, or arrived.
    billing_policy: Mapped[str]
    billable_on: Mapped[date]
    #: When all that it carries was on an invoice.
    billed_at: Mapped[Moment | None]
    left_at: Mapped[Written]


class BillingStep(Base):
    """A part of an order that is billed before its goods: what the decision `billing-plan` said when the order was accepted.

    `due` says when: with the ORDER, so many DAYS after it, or when somebody has CONFIRMED the milestone.
    """

    __tablename__ = "billing_step"
    __table_args__ = (
        UniqueConstraint("order_no", "step_no"),
        CheckConstraint("policy IN ('DEPOSIT', 'ON_ORDER', 'MILESTONE')", name="policy"),
        CheckConstraint("due IN ('ORDER', 'DAYS', 'CONFIRMED') AND due_days >= 0", name="due"),
        CheckConstraint("0 < percent AND percent <= 100", name="percent"),
        CheckConstraint("dropped_at IS NULL OR invoice_no IS NULL", name="dropped"),
        Index("billing_step_invoice_once", "invoice_no", unique=True),
    )

    id: Mapped[SerialId]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    step_no: Mapped[int]
    name: Mapped[str]
    policy: Mapped[str]
    #: Of what the order comes to, goods and carriage.
    percent: Mapped[Decimal] = mapped_column(Numeric(9, 4))
    due: Mapped[str]
    due_days: Mapped[int] = mapped_column(server_default=text("0"))
    #: Whether the goods wait until it is paid.
    paid_first: Mapped[Flag]
    reached_at: Mapped[Moment | None]
    reached_by: Mapped[Label]
    #: Set when there was nothing left to charge in advance.
    dropped_at: Mapped[Moment | None]
    invoice_no: Mapped[str | None] = mapped_column(ForeignKey("invoice.invoice_no"))
    created_at: Mapped[Written]


class BillingAdjustment(Base):
    """Somebody asks to credit (CM) or to charge (DM) an amount on lines of an invoice, without goods: another price, a claim, carriage."""

    __tablename__ = "billing_adjustment"
    __table_args__ = (
        CheckConstraint("kind IN ('CM', 'DM')", name="kind"),
        Index("billing_adjustment_invoice_ix", "invoice_no"),
    )

    adjustment_no: Mapped[Key]
    kind: Mapped[str]
    invoice_no: Mapped[str] = mapped_column(ForeignKey("invoice.invoice_no"))
    reason: Mapped[str]
    #: Each with line_no of the invoice and amount, net and above zero.
    lines: Mapped[JsonList]
    requested_by: Mapped[str]
    refused_at: Mapped[Moment | None]
    refused_by: Mapped[Label]
    created_at: Mapped[Written]
