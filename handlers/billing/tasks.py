"""The service tasks of billing, as the diagrams name them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import Kind, ServiceTasks, TaskContext
from engine.store.unit_of_work import Database
from handlers.billing import (
    adjustment_tasks,
    advance_tasks,
    consolidation,
    consolidation_tasks,
    creation,
    credit_tasks,
    posting,
    validity,
)
from handlers.billing.edi_invoice import invoice_by_edi
from handlers.billing.facts import read_facts
from handlers.billing.paper import print_invoice
from handlers.billing.validity import NOT_BILLABLE
from handlers.documents.store import save_document
from handlers.parties.master_data import find_customer

tasks = ServiceTasks()
tasks.include(credit_tasks.tasks)
tasks.include(advance_tasks.tasks)
tasks.include(adjustment_tasks.tasks)
tasks.include(consolidation_tasks.tasks)


@dataclass(frozen=True, slots=True)
class OfShipment:
    """A shipment by its number, and the policy that lets it be charged now (ON_SHIP, ON_DELIVERY)."""

    shipment_no: str
    billing_policy: str | None = None


@dataclass(frozen=True, slots=True)
class OfGroup:
    """A fulfilment group by its number."""

    group_no: str


@dataclass(frozen=True, slots=True)
class OfInvoice:
    """An invoice by its number."""

    invoice_no: str


@dataclass(frozen=True, slots=True)
class InvoiceCreated:
    """An invoice of a shipment, whether this run made it, and whether all the shipment carries is charged.

    None where the shipment was left to the billing run of its customer's week or month.
    """

    invoice_no: str | None
    created: bool
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Posted:
    """When the invoice is due, and what is owed."""

    due_date: date
    gross_total: Decimal


@dataclass(frozen=True, slots=True)
class Rendered:
    """The printed invoice and, where its currency allows one, the e-invoice."""

    pdf_document_id: int
    ubl_document_id: int | None


@tasks.register("billing.check_group", kind=Kind.EXTERNAL, errors=(NOT_BILLABLE,))
def check_group(given: OfGroup, database: Database, context: TaskContext) -> None:
    """Say before the goods leave whether what they will be invoiced with can be sent and posted.

    Refused NOT_BILLABLE when an invoice of the group cannot be sent or posted; the reason says what to complete.
    """
    with database.transaction() as tx:
        planned, lacking = validity.planned_of(tx, given.group_no, context.now)
    for facts in planned:
        validity.refuse(lacking, facts)
        validity.e_invoice_of(facts)


@tasks.register("billing.create_invoice")
def create_invoice(given: OfShipment, tx: Session, context: TaskContext) -> InvoiceCreated:
    """Charge what the shipment carries, once; a draft that waits for something is brought up to date.

    A shipment of a customer who is billed by the week or month waits for the billing run.
    """
    policy = given.billing_policy or "ON_SHIP"
    if consolidation.is_left_to_run(tx, given.shipment_no):
        consolidation.leave_to_run(tx, given.shipment_no, policy, context.now)
        return InvoiceCreated(None, created=False)
    made = creation.create_invoice(tx, given.shipment_no, context.now, policy)
    return InvoiceCreated(made.invoice_no, made.created, made.complete)


@tasks.register("billing.prepare_invoice", kind=Kind.EXTERNAL, errors=(NOT_BILLABLE,))
def prepare_invoice(given: OfInvoice, database: Database) -> Rendered:
    """Write the draft as UBL, let the rules judge it, see that the books can take it, and print it; nothing invalid is ever kept.

    Refused NOT_BILLABLE when the invoice breaks a rule of e-invoices or the books have no rate for it; the reason says what to complete.
    """
    with database.transaction() as tx:
        facts = read_facts(tx, given.invoice_no)
        lacking = validity.missing_rate(tx, facts)
    validity.refuse(lacking, facts)
    ubl = validity.e_invoice_of(facts)
    pdf = print_invoice(facts) if ubl else print_invoice(facts).noting(_PAPER_ONLY.format(currency=facts.currency))
    with database.transaction() as tx:
        pdf_id = save_document(tx, "INVOICE_PDF", given.invoice_no, "application/pdf", pdf)
        ubl_id = save_document(tx, "INVOICE_UBL", given.invoice_no, "application/xml", ubl) if ubl else None
        tx.execute(_RENDERED, {"pdf": pdf_id, "ubl": ubl_id, "no": given.invoice_no})
    return Rendered(pdf_id, ubl_id)


@tasks.register("billing.render_invoice", kind=Kind.EXTERNAL)
def render_invoice(given: OfInvoice, database: Database) -> Rendered:
    """As `prepare_invoice`, for diagrams that render what they posted; a refusal is an incident there."""
    return prepare_invoice(given, database)


@tasks.register("billing.post_invoice", moves_money=True)
def post_invoice(given: OfInvoice, tx: Session) -> Posted:
    """Post receivable, revenue, tax and the cost of sales. Raises Invalid when the books refuse it."""
    posted = posting.post_invoice(tx, given.invoice_no)
    return Posted(posted.due_date, posted.gross_total)


@tasks.register("billing.deliver_invoice")
def deliver_invoice(given: OfInvoice, tx: Session, effects: EffectLedger) -> None:
    """Send the invoice the way the customer wants it, by EDI too where its partner wants that."""
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
    told = invoice_by_edi(tx, given.invoice_no)
    target = told.pop("target", "") or customer.peppol_id or customer.email or f"customer {row.customer_no}"
    effects.record("invoice", target, payload | documents | told, once=given.invoice_no)
    tx.execute(_DELIVERED, {"no": given.invoice_no})


_PAPER_ONLY = "Amounts in {currency} have three decimals, which no e-invoice of EN 16931 can carry: this paper is the invoice."
_RENDERED = text("UPDATE invoice SET pdf_document_id = :pdf, ubl_document_id = :ubl WHERE invoice_no = :no")
_DELIVERED = text("UPDATE invoice SET delivered_at = coalesce(delivered_at, business_now()) WHERE invoice_no = :no")
