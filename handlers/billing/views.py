"""Invoices as people and programs are shown them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.known import refuse_unknown_in
from engine.store.paging import Asked, Key, Page, read_page
from handlers.billing.facts import TaxFacts
from handlers.billing.model import Invoice, InvoiceLine, InvoiceTax
from handlers.ledger.model import OpenItem
from handlers.parties.model import Customer


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices to show; what is empty matches all."""

    order_no: str = ""
    customer_no: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceSummary:
    """An invoice; amounts are in `currency`. `open_amount` is what is still owed, empty until it is posted."""

    invoice_no: str
    kind: str
    grouping: str
    #: None of a consolidated invoice of several orders: its lines name theirs.
    order_no: str | None
    billing_policy: str
    shipment_no: str | None
    customer_no: str
    customer_po: str
    bill_to: dict[str, Any]
    ship_to: dict[str, Any]
    currency: str
    fx_rate: Decimal | None
    invoice_date: date
    delivery_date: date
    #: Of a consolidated invoice: the first day of delivery.
    delivered_from: date | None
    net_days: int
    due_date: date
    discount_date: date | None
    discount_amount: Decimal
    discount_pct: Decimal
    net_total: Decimal
    freight_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    journal_id: int | None
    posted_at: datetime | None
    cancelled_at: datetime | None
    pdf_document_id: int | None
    ubl_document_id: int | None
    delivered_at: datetime | None
    created_at: datetime
    open_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class InvoiceLineRow:
    """One charge of an invoice: goods (ITEM) or carriage (FREIGHT)."""

    line_no: int
    charge_code: str
    order_no: str
    order_line_id: int | None
    fulfil_line_id: int | None
    shipment_line_id: int | None
    sku: str
    description: str
    qty: Decimal
    uom: str
    unit_price: Decimal
    amount: Decimal
    tax_category: str
    tax_rate_pct: Decimal
    cancelled: bool


@dataclass(frozen=True, slots=True)
class ShownInvoice(InvoiceSummary):
    """One invoice with its lines and taxes."""

    lines: Sequence[InvoiceLineRow]
    taxes: Sequence[TaxFacts]


def list_invoices(tx: Session, wanted: InvoiceFilter, asked: Asked) -> Page[InvoiceSummary]:
    """Invoices with what is still open of them, the latest first. Raises Invalid for a customer that there is not."""
    refuse_unknown_in(tx, Customer.customer_no, wanted.customer_no, "customer", "customer_no")
    statement = _SUMMARY
    if wanted.order_no:
        statement = statement.where(Invoice.invoice_no.in_(select(InvoiceLine.invoice_no).where(InvoiceLine.order_no == wanted.order_no)))
    if wanted.customer_no:
        statement = statement.where(Invoice.customer_no == wanted.customer_no)
    keys = (Key(Invoice.created_at, descending=True), Key(Invoice.invoice_no, descending=True))
    return read_page(tx, statement, keys, asked).typed(InvoiceSummary)


def show_invoice(tx: Session, invoice_no: str) -> ShownInvoice:
    """One invoice. Raises NotFound."""
    header = tx.execute(_SUMMARY.where(Invoice.invoice_no == invoice_no)).mappings().one_or_none()
    if header is None:
        raise NotFound(f"There is no invoice {invoice_no}.", code="invoice_unknown", next_step="Check the number in the list of invoices.")
    lines = tx.execute(_LINES.where(InvoiceLine.invoice_no == invoice_no)).mappings()
    taxes = tx.execute(_TAXES.where(InvoiceTax.invoice_no == invoice_no)).mappings()
    return ShownInvoice(
        **dict(header), lines=[InvoiceLineRow(**dict(row)) for row in lines], taxes=[TaxFacts(**dict(row)) for row in taxes]
    )


_OPEN = (
    select(OpenItem.open_amount)
    .where(OpenItem.kind == "AR", OpenItem.document_no == Invoice.invoice_no, OpenItem.party_no == Invoice.customer_no)
    .scalar_subquery()
)
_OWN = [name for name in InvoiceSummary.__dataclass_fields__ if name != "open_amount"]
_SUMMARY = select(*(getattr(Invoice, name) for name in _OWN), _OPEN.label("open_amount"))
_LINES = select(*(getattr(InvoiceLine, name) for name in InvoiceLineRow.__dataclass_fields__)).order_by(InvoiceLine.line_no)
#: By category and rate, whichever orders it is on.
_TAXES = (
    select(
        InvoiceTax.category,
        InvoiceTax.rate_pct,
        func.sum(InvoiceTax.taxable).label("taxable"),
        func.sum(InvoiceTax.tax).label("tax"),
        func.min(InvoiceTax.exemption_reason).label("exemption_reason"),
    )
    .group_by(InvoiceTax.category, InvoiceTax.rate_pct)
    .order_by(func.min(InvoiceTax.id))
)
