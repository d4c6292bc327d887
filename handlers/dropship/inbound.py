"""What suppliers tell us, recorded before anything is done with it.

A message sent again is the same message; one changed under the same number is refused. The API records here, then publishes the message
the diagram waits for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from handlers.documents.numbers import next_number
from handlers.dropship.model import AcknowledgedLine, Acknowledgement, Asn, AsnLine, SupplierInvoice, SupplierInvoiceLine
from handlers.dropship.papers import check_foot, digest_of, not_ahead, order_lines, paper_known, read_paper, some
from handlers.dropship.progress import heard
from handlers.dropship.purchasing import lock_order
from handlers.identifiers import Amount, Day, DocumentNumber, Percentage, Prose, Quantity
from handlers.rowsets import insert_rows
from handlers.values import round_currency, total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedDraft:
    """What a supplier says of a line; `ship_date` None keeps ours."""

    line_no: int
    #: None of a line may be confirmed, so this is no quantity to deliver.
    qty: Amount
    unit_price: Amount
    ship_date: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementDraft:
    """A supplier's answer. `code` is AP, CA or RE; lines that are not named are as ordered."""

    po_no: str
    document_no: DocumentNumber
    code: str
    lines: Sequence[AcknowledgedDraft] = ()
    note: Prose = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedDraft:
    """How much of a line was shipped."""

    line_no: int
    qty: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class AsnDraft:
    """A supplier's despatch advice; without lines, all that was agreed and not despatched before."""

    po_no: str
    document_no: DocumentNumber
    shipped_on: Day
    lines: Sequence[ShippedDraft]
    carrier: str = ""
    tracking_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledDraft:
    """What is billed for a line."""

    line_no: int
    qty: Quantity
    unit_price: Amount
    tax_rate_pct: Percentage = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoiceDraft:
    """A supplier's bill; `gross_total` is net of the lines, freight and tax together."""

    po_no: str
    document_no: DocumentNumber
    invoice_date: Day
    currency: str
    lines: Sequence[BilledDraft]
    tax_total: Amount
    gross_total: Amount
    freight: Amount = ZERO


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a paper is told on: the message the diagrams wait for, and what it says."""

    message: str
    #: Our number for the paper.
    identity: str
    payload: dict[str, Any]

    @property
    def business_key(self) -> str | None:
        """The key of the process the message starts; an answer that is waited for starts none."""
        return None if self.message == "supplier.acknowledged" else self.identity


def record_acknowledgement(tx: Session, draft: AcknowledgementDraft) -> Recorded | None:
    """Record a supplier's answer, once; None when the same answer was recorded before.

    An answer to an order that is agreed is a change of it, which somebody decides on. Raises NotFound, Invalid, Conflict (cancelled,
    closed, its number used for something else).
    """
    draft = read_paper(draft)
    order = lock_order(tx, draft.po_no)
    _open(order)
    if draft.code not in {"AP", "CA", "RE"}:
        raise Invalid(
            f"{draft.code!r} is no answer to an order.", code="ack_code", next_step="Use AP (accepted), CA (with changes) or RE (rejected)."
        )
    lines = order_lines(tx, draft.po_no, draft.lines)
    for position, line in enumerate(draft.lines):
        row = lines[line.line_no]
        _between(position, line, ZERO if draft.code == "RE" else row.despatched, row.qty)
    if paper_known(tx, Acknowledgement.__tablename__, draft.po_no, draft) is not None:
        return None
    head = {"po_no": draft.po_no, "document_no": draft.document_no, "code": draft.code, "note": draft.note, "sha256": digest_of(draft)}
    (added,) = insert_rows(tx, Acknowledgement, [head], returning=["id"])
    said = [{"line_no": line.line_no, "qty": line.qty, "unit_price": line.unit_price, "ship_date": line.ship_date} for line in draft.lines]
    insert_rows(tx, AcknowledgedLine, [{"acknowledgement_id": added["id"], **line} for line in said])
    heard(tx, draft.po_no)
    number = added["id"]
    if order.confirmed_at is None:
        return Recorded("supplier.acknowledged", str(number), {"po_no": draft.po_no, "acknowledgement_id": number})
    payload = {"po_no": draft.po_no, "order_no": order.order_no, "acknowledgement_id": number}
    return Recorded("supplier.answer_changed", f"{draft.po_no}-{number}", payload)


def record_asn(tx: Session, draft: AsnDraft) -> str:
    """Record a despatch advice and answer our number for it; sent again: the same number. Raises NotFound, Invalid, Conflict."""
    draft = read_paper(draft)
    order = lock_order(tx, draft.po_no)
    if order.sent_at is None:
        raise Conflict(f"{draft.po_no} was never sent.", code="po_not_sent", next_step="Check the order number with the supplier.")
    not_ahead(tx, draft.shipped_on, "shipped_on")
    lines = order_lines(tx, draft.po_no, draft.lines)
    known = paper_known(tx, Asn.__tablename__, order.supplier_no, draft)
    if known is not None:
        return str(known.asn_no)
    digest = digest_of(draft)
    if not draft.lines:
        rest = [ShippedDraft(line_no=row.line_no, qty=row.agreed - row.despatched) for row in lines.values() if row.agreed > row.despatched]
        draft = replace(draft, lines=rest)
    some(draft.lines, "despatch advice")
    for position, line in enumerate(draft.lines):
        row = lines[line.line_no]
        _between(position, line, ZERO, row.agreed - row.despatched)
    asn_no = next_number(tx, "ASN")
    copied = {name: getattr(draft, name) for name in ("po_no", "document_no", "carrier", "tracking_no", "shipped_on")}
    insert_rows(tx, Asn, [{"asn_no": asn_no, "supplier_no": order.supplier_no, "sha256": digest, **copied}])
    insert_rows(tx, AsnLine, [{"asn_no": asn_no, "po_line_id": lines[line.line_no].id, "qty": line.qty} for line in draft.lines])
    heard(tx, draft.po_no)
    return asn_no


def record_supplier_invoice(tx: Session, draft: SupplierInvoiceDraft) -> str:
    """Record a supplier's bill and answer our number for it; sent again: the same number.

    Raises NotFound, Invalid, Conflict (cancelled, the number is known in another spelling or with other content).
    """
    draft = read_paper(draft)
    order = lock_order(tx, draft.po_no)
    some(draft.lines, "bill")
    not_ahead(tx, draft.invoice_date, "invoice_date")
    lines = order_lines(tx, draft.po_no, draft.lines)
    if draft.currency != order.currency:
        raise Invalid(
            f"The bill is in {draft.currency}, {draft.po_no} in {order.currency}.",
            code="currency_differs",
            next_step=f"Ask the supplier for a bill in {order.currency}.",
        )
    amounts = {line.line_no: round_currency(line.qty * line.unit_price, draft.currency) for line in draft.lines}
    net = total(amounts.values())
    check_foot("bill", net, draft)
    known = paper_known(tx, SupplierInvoice.__tablename__, order.supplier_no, draft)
    if known is not None:
        return str(known.supplier_invoice_no)
    number = next_number(tx, "SI")
    copied = {
        name: getattr(draft, name) for name in ("po_no", "document_no", "invoice_date", "currency", "freight", "tax_total", "gross_total")
    }
    head = {"supplier_invoice_no": number, "supplier_no": order.supplier_no, "net_total": net, "sha256": digest_of(draft), **copied}
    insert_rows(tx, SupplierInvoice, [head])
    rows = [
        {
            "supplier_invoice_no": number,
            "po_line_id": lines[line.line_no].id,
            "qty": line.qty,
            "unit_price": line.unit_price,
            "amount": amounts[line.line_no],
            "tax_rate_pct": line.tax_rate_pct,
        }
        for line in draft.lines
    ]
    insert_rows(tx, SupplierInvoiceLine, rows)
    heard(tx, draft.po_no)
    return number


def _open(order: Row[Any]) -> None:
    if order.closed_at is not None:
        raise Conflict(
            f"{order.po_no} was delivered and billed; it is closed since {order.closed_at}.",
            code="po_closed",
            next_step="Ask the supplier what it means: nothing of this order can change any more.",
        )


def _between(position: int, line: ShippedDraft | AcknowledgedDraft, least: Decimal, most: Decimal) -> None:
    if not least <= line.qty <= most:
        wanted = (
            f"at most {most.normalize():f}" if line.qty > most else f"at least {least.normalize():f}, which the supplier has despatched"
        )
        raise Invalid(
            f"The message names {line.qty.normalize():f} of line {line.line_no}; it can be {wanted}.",
            code="po_quantity",
            next_step="Ask the supplier to correct the quantity.",
            errors={f"lines.{position}.qty": [f"must be {wanted}"]},
        )
