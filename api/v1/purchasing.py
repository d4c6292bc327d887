"""Drop-ship purchase orders and what suppliers answer: acknowledgement, despatch advice, invoice."""

from datetime import date

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Exact, Listing, NumberPath, Page, Shape, listed
from engine.runtime.post.mailbox import Message
from engine.runtime.verbs import messages
from engine.store.clock import business_today
from handlers.dropship import credit_notes, inbound, returning, views

api = APIBlueprint("purchasing", __name__, url_prefix="/api/v1/purchase-orders", abp_tags=[Tag(name="purchase orders")])


class PurchaseQuery(Listing):
    """Which purchase orders to list."""

    group_no: str | None = Field(None, max_length=40)
    order_no: str | None = Field(None, max_length=40)
    supplier_no: str | None = Field(None, max_length=40)


class AcknowledgedLineIn(Shape):
    """What the supplier says of a line; without a date ours is kept."""

    line_no: int = Field(ge=1)
    qty: Exact
    unit_price: Exact
    ship_date: date | None = None


class AcknowledgementIn(Shape):
    """A supplier's answer: AP accepted, CA accepted with changes, RE rejected. Lines that are not named are as ordered."""

    code: str = Field(pattern="^(AP|CA|RE)$")
    document_no: str = Field("1", min_length=1, max_length=100)
    note: str = Field("", max_length=2000)
    lines: list[AcknowledgedLineIn] = Field(default_factory=list, max_length=10_000)


class ShippedLineIn(Shape):
    """How much of a line was shipped."""

    line_no: int = Field(ge=1)
    qty: Exact


class DespatchIn(Shape):
    """A supplier's despatch advice; without lines, all that was agreed and not despatched before."""

    asn_no: str = Field(min_length=1, max_length=100)
    shipped_on: date | None = None
    carrier: str = Field("", max_length=100)
    tracking_no: str = Field("", max_length=100)
    lines: list[ShippedLineIn] = Field(default_factory=list, max_length=10_000)


class BilledLineIn(Shape):
    """What is billed for a line."""

    line_no: int = Field(ge=1)
    qty: Exact
    unit_price: Exact
    tax_rate_pct: Exact


class BillIn(Shape):
    """A supplier's invoice; `gross_total` is lines, freight and tax together."""

    supplier_invoice_no: str = Field(min_length=1, max_length=100)
    invoice_date: date
    freight: Exact = Field("0", validate_default=True)
    tax_total: Exact
    gross_total: Exact
    lines: list[BilledLineIn] = Field(min_length=1, max_length=10_000)


class CreditedLineIn(Shape):
    """What is credited for a line."""

    line_no: int = Field(ge=1)
    qty: Exact
    unit_price: Exact


class CreditNoteIn(Shape):
    """A supplier's credit note on one of its bills, which is named by the supplier's number or ours.

    `reason` is GOODS (billed, and never came), RETURN (they went back) or PRICE (it was too high); `gross_total` is lines, freight and
    tax together.
    """

    credit_note_no: str = Field(min_length=1, max_length=100)
    supplier_invoice_no: str = Field(min_length=1, max_length=100)
    reason: str = Field(pattern="^(GOODS|RETURN|PRICE)$")
    credit_date: date
    note: str = Field("", max_length=2000)
    freight: Exact = Field("0", validate_default=True)
    tax_total: Exact
    gross_total: Exact
    lines: list[CreditedLineIn] = Field(min_length=1, max_length=10_000)


@api.get("", responses={200: Page[views.PurchaseRow]})
@operation(Role.SEE_COSTS)
def list_purchase_orders(query: PurchaseQuery) -> Page[views.PurchaseRow]:
    """List purchase orders with their lines, the latest first; `state` is derived from what has happened to them."""
    wanted = views.PurchaseFilter(query.group_no or "", query.order_no or "", query.supplier_no or "")
    return listed(views.list_purchase_orders(transaction(), wanted, query.asked))


@api.post("/<number>/acknowledgements", responses={202: Done})
@operation(Role.BUY)
def acknowledge(path: NumberPath, body: AcknowledgementIn) -> tuple[Done, int]:
    """Record what the supplier answers to the order."""
    lines = [inbound.AcknowledgedDraft(**line.model_dump()) for line in body.lines]
    draft = inbound.AcknowledgementDraft(po_no=path.number, document_no=body.document_no, code=body.code, note=body.note, lines=lines)
    recorded = inbound.record_acknowledgement(transaction(), draft)
    if recorded is None:
        return Done(id=path.number, state="duplicate"), 202
    return _tell(recorded, path.number)


@api.post("/<number>/despatch-advices", responses={202: Done})
@operation(Role.BUY)
def advise_despatch(path: NumberPath, body: DespatchIn) -> tuple[Done, int]:
    """Record that the supplier has shipped."""
    lines = [inbound.ShippedDraft(**line.model_dump()) for line in body.lines]
    draft = inbound.AsnDraft(
        po_no=path.number,
        document_no=body.asn_no,
        shipped_on=body.shipped_on or business_today(transaction()),
        carrier=body.carrier,
        tracking_no=body.tracking_no,
        lines=lines,
    )
    asn_no = inbound.record_asn(transaction(), draft)
    return _tell(inbound.Recorded("supplier.shipped", asn_no, {"po_no": path.number, "asn_no": asn_no}), path.number)


@api.post("/<number>/invoices", responses={202: Done})
@operation(Role.BUY)
def take_bill(path: NumberPath, body: BillIn) -> tuple[Done, int]:
    """Record what the supplier bills; it is matched with the order and what was received."""
    draft = inbound.SupplierInvoiceDraft(
        po_no=path.number,
        document_no=body.supplier_invoice_no,
        invoice_date=body.invoice_date,
        currency=views.currency_of(transaction(), path.number),
        lines=[inbound.BilledDraft(**line.model_dump()) for line in body.lines],
        freight=body.freight,
        tax_total=body.tax_total,
        gross_total=body.gross_total,
    )
    number = inbound.record_supplier_invoice(transaction(), draft)
    return _tell(inbound.Recorded("supplier.invoiced", number, {"po_no": path.number, "supplier_invoice_no": number}), path.number)


class GoingBackIn(Shape):
    """How much of a line goes back to the supplier."""

    line_no: int = Field(ge=1)
    qty: Exact


class SupplierReturnIn(Shape):
    """What goes straight back to the supplier, and why."""

    reason: str = Field(min_length=1, max_length=500)
    lines: list[GoingBackIn] = Field(min_length=1, max_length=1000)


@api.post("/<number>/returns", responses={202: Done})
@operation(Role.BUY)
def send_back(path: NumberPath, body: SupplierReturnIn) -> tuple[Done, int]:
    """Have goods go straight back to the supplier, with a paper of ours; its credit note is expected, matched and asked for."""
    lines = [returning.GoingBack(**line.model_dump()) for line in body.lines]
    draft = returning.ReturnToSupplier(po_no=path.number, lines=lines, reason=body.reason)
    return Done(id=returning.request_return(product().runtime, transaction(), draft, person().name), state="requested"), 202


@api.post("/<number>/credit-notes", responses={202: Done})
@operation(Role.BUY)
def take_credit_note(path: NumberPath, body: CreditNoteIn) -> tuple[Done, int]:
    """Record what the supplier takes back of a bill; it is compared with the bill, and what is owed to us then is collected."""
    draft = credit_notes.SupplierCreditDraft(
        po_no=path.number,
        bill_no=body.supplier_invoice_no,
        document_no=body.credit_note_no,
        reason=body.reason,
        credit_date=body.credit_date,
        lines=[credit_notes.CreditedDraft(**line.model_dump()) for line in body.lines],
        freight=body.freight,
        tax_total=body.tax_total,
        gross_total=body.gross_total,
        note=body.note,
    )
    number = credit_notes.record_credit_note(transaction(), draft)
    return _tell(inbound.Recorded("supplier.credited", number, {"po_no": path.number, "supplier_credit_no": number}), path.number)


def _tell(recorded: inbound.Recorded, po_no: str) -> tuple[Done, int]:
    message = Message(
        name=recorded.message,
        correlation={"po_no": po_no},
        payload=recorded.payload,
        message_id=f"{recorded.message}:{po_no}:{recorded.identity}",
        business_key=recorded.business_key,
        actor=person().name,
    )
    delivery = messages.note(product().runtime, transaction(), message)
    return Done(id=po_no, state=delivery.state), 202
