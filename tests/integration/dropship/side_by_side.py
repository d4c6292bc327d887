"""Two orders of one company with one supplier, the neighbour's and mine: what a query does not ask for by its number, it finds twice."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.dropship import agreement, inbound, payables, payments, purchasing, receiving
from handlers.dropship.inbound import (
    AcknowledgedDraft,
    AcknowledgementDraft,
    AsnDraft,
    BilledDraft,
    ShippedDraft,
    SupplierInvoiceDraft,
)
from tests.integration.golden.builders import SKU, SUPPLIER, company, customer, item, supplier
from tests.steps import as_a_step, commit_step

D = Decimal
CHAIR, LAMP = "PATIENT-CHAIR", "SLOW-LAMP"
DAY = date(2026, 3, 12)
LATER = datetime.fromisoformat("2026-03-12T09:00:00Z")
SECOND = "S-SECOND"
OTHER, MINE = "PO-000001", "PO-000002"

ack, advise = as_a_step(inbound.record_acknowledgement), as_a_step(inbound.record_asn)
bill = as_a_step(inbound.record_supplier_invoice)
confirm, book = as_a_step(agreement.confirm), as_a_step(receiving.receive_asn)
approve, pay = as_a_step(payables.approve), as_a_step(payments.pay)


def open_shop(tx: Session) -> None:
    """A company that sells tables, chairs and lamps, and two suppliers of all three; the first is asked first."""
    company(tx)
    customer(tx)
    for sku in (SKU, CHAIR, LAMP):
        item(tx, sku)
    supplier(tx, rank=2)
    supplier(tx, SECOND, rank=3)
    for sku, price in ((CHAIR, "30.00"), (LAMP, "10.00")):
        for number, rank in ((SUPPLIER, 2), (SECOND, 3)):
            offer(tx, number, sku, price, rank)
    commit_step(tx)


def offer(tx: Session, supplier_no: str, sku: str, price: str, rank: int) -> None:
    """A supplier offers an item in euros."""
    tx.execute(_OFFER, {"supplier": supplier_no, "sku": sku, "price": D(price), "rank": rank})


def on_order(tx: Session, *groups: str) -> None:
    """Each group is ordered from the first supplier, and sent."""
    for group in groups:
        po_no = as_a_step(purchasing.create_purchase_order)(tx, group, SUPPLIER)
        tx.execute(text("UPDATE purchase_order SET sent_at = now() WHERE po_no = :no"), {"no": po_no})
    commit_step(tx)


def answer(po_no, *lines, number="AB-1", code="CA"):
    """An answer of the supplier; a line is its number, quantity and price."""
    said = [AcknowledgedDraft(line_no=line_no, qty=D(qty), unit_price=D(price)) for line_no, qty, price in lines]
    return AcknowledgementDraft(po_no=po_no, document_no=number, code=code, lines=said)


def advice(po_no, number, *lines):
    """A despatch advice; a line is its number and quantity."""
    shipped = [ShippedDraft(line_no=line_no, qty=D(qty)) for line_no, qty in lines]
    return AsnDraft(po_no=po_no, document_no=number, shipped_on=DAY, lines=shipped)


def charge(po_no, number, *lines, day=DAY):
    """A bill with 20 % of tax; a line is its number, quantity and price."""
    net = sum(D(qty) * D(price) for _, qty, price in lines)
    billed = [BilledDraft(line_no=line_no, qty=D(qty), unit_price=D(price), tax_rate_pct=D(20)) for line_no, qty, price in lines]
    totals = {"tax_total": net / 5, "gross_total": net * 6 / 5}
    return SupplierInvoiceDraft(po_no=po_no, document_no=number, invoice_date=day, currency="EUR", lines=billed, **totals)


def delivered(tx: Session, po_no: str, number: str, *lines: tuple[int, int]) -> str:
    """Goods of a despatch advice are booked; answers its number."""
    asn_no = advise(tx, advice(po_no, number, *lines))
    book(tx, po_no, asn_no)
    return asn_no


_OFFER = text("""
INSERT INTO supplier_item (supplier_no, sku, price, currency, lead_days, rank) VALUES (:supplier, :sku, :price, 'EUR', 5, :rank)
""")
