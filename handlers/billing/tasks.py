"""The service tasks of billing, as the diagrams name them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import Broken, Kind, ServiceTasks, TaskContext
from engine.store.unit_of_work import Database
from handlers.billing import creation, posting
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.paper import print_invoice
from handlers.billing.ubl import write_ubl
from handlers.documents.store import save_document
from handlers.parties.register import find_customer

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfShipment:
    """A shipment by its number."""

    shipment_no: str


@dataclass(frozen=True, slots=True)
class OfInvoice:
    """An invoice by its number."""

    invoice_no: str


@dataclass(frozen=True, slots=True)
class InvoiceCreated:
    """The invoice of a shipment, and whether this run made it."""

    invoice_no: str
    created: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """When the invoice is due, and what is owed."""

    due_date: date
    gross_total: Decimal


@dataclass(frozen=True, slots=True)
class Rendered:
    """The printed invoice and the e-invoice."""

    pdf_document_id: int
    ubl_document_id: int


@tasks.register("billing.create_invoice")
def create_invoice(given: OfShipment, tx: Session, context: TaskContext) -> InvoiceCreated:
    """Charge what the shipment carries, once."""
    made = creation.create_invoice(tx, given.shipment_no, context.now.date())
    return InvoiceCreated(made.invoice_no, made.created)


@tasks.register("billing.post_invoice")
def post_invoice(given: OfInvoice, tx: Session) -> Posted:
    """Post receivable, revenue, tax and the cost of sales."""
    posted = posting.post_invoice(tx, given.invoice_no)
    return Posted(posted.due_date, posted.gross_total)


@tasks.register("billing.render_invoice", kind=Kind.EXTERNAL)
def render_invoice(given: OfInvoice, database: Database) -> Rendered:
    """Print the invoice as PDF and write it as UBL; an invalid e-invoice is never kept."""
    with database.transaction() as tx:
        facts = read_facts(tx, given.invoice_no)
    ubl = write_ubl(facts)
    fatal = [finding for finding in validate_invoice(ubl) if finding.fatal]
    if fatal:
        rules = "; ".join(f"{finding.rule}: {finding.message}" for finding in fatal[:5])
        raise Broken(
            f"Invoice {given.invoice_no} is no valid e-invoice. {rules}",
            next_step="Complete our company's or the customer's master data (address, VAT number, account), then retry.",
        )
    pdf = print_invoice(facts)
    with database.transaction() as tx:
        pdf_id = save_document(tx, "INVOICE_PDF", given.invoice_no, "application/pdf", pdf)
        ubl_id = save_document(tx, "INVOICE_UBL", given.invoice_no, "application/xml", ubl)
        tx.execute(_RENDERED, {"pdf": pdf_id, "ubl": ubl_id, "no": given.invoice_no})
    return Rendered(pdf_id, ubl_id)


@tasks.register("billing.deliver_invoice")
def deliver_invoice(given: OfInvoice, tx: Session, effects: EffectLedger) -> None:
    """Send the invoice the way the customer wants it."""
    row = posting.locked(tx, given.invoice_no)
    if row.pdf_document_id is None:
        raise Conflict(f"Invoice {given.invoice_no} was not printed.", code="not_rendered", next_step="Run the step that renders it first.")
    customer = find_customer(tx, row.customer_no)
    payload = {
        "invoice_no": given.invoice_no,
        "channel": customer.invoice_channel,
        "gross_total": row.gross_total,
        "currency": row.currency,
    }
    documents = {"pdf_document_id": row.pdf_document_id, "ubl_document_id": row.ubl_document_id}
    effects.record("invoice", customer.peppol_id or customer.email or f"customer {row.customer_no}", payload | documents)
    tx.execute(_DELIVERED, {"no": given.invoice_no})


_RENDERED = text("UPDATE invoice SET pdf_document_id = :pdf, ubl_document_id = :ubl WHERE invoice_no = :no")
_DELIVERED = text("UPDATE invoice SET delivered_at = coalesce(delivered_at, now()) WHERE invoice_no = :no")
