"""What suppliers tell us, recorded before anything is done with it.

A message sent again is the same message; one changed under the same number is refused. The API records here, then publishes the message
the diagram waits for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.store import json_text
from engine.store.clock import business_today
from handlers.documents.numbers import next_number
from handlers.dropship.model import AcknowledgedLine, Acknowledgement, Asn, AsnLine, SupplierInvoice, SupplierInvoiceLine
from handlers.dropship.progress import heard
from handlers.dropship.purchasing import lock_order
from handlers.identifiers import Amount, Day, DocumentNumber, Percentage, Prose, Quantity, canonical
from handlers.rowsets import insert_rows
from handlers.values import round_currency, total

ZERO = Decimal(0)
MOST_LINES = 10_000
#: A despatch advice may name tomorrow's collection; a paper from next month is a slip.
_MOST_DAYS_AHEAD = 7


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


Paper = TypeVar("Paper", AcknowledgementDraft, AsnDraft, SupplierInvoiceDraft)


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
    draft = _read(draft)
    order = lock_order(tx, draft.po_no)
    _open(order)
    if draft.code not in {"AP", "CA", "RE"}:
        raise Invalid(
            f"{draft.code!r} is no answer to an order.", code="ack_code", next_step="Use AP (accepted), CA (with changes) or RE (rejected)."
        )
    lines = _lines(tx, draft.po_no, draft.lines)
    for position, line in enumerate(draft.lines):
        row = lines[line.line_no]
        _between(position, line, ZERO if draft.code == "RE" else row.despatched, row.qty)
    if _known(tx, Acknowledgement, draft.po_no, draft) is not None:
        return None
    head = {"po_no": draft.po_no, "document_no": draft.document_no, "code": draft.code, "note": draft.note, "sha256": _digest(draft)}
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
    draft = _read(draft)
    order = lock_order(tx, draft.po_no)
    if order.sent_at is None:
        raise Conflict(f"{draft.po_no} was never sent.", code="po_not_sent", next_step="Check the order number with the supplier.")
    _not_ahead(tx, draft.shipped_on, "shipped_on")
    lines = _lines(tx, draft.po_no, draft.lines)
    known = _known(tx, Asn, order.supplier_no, draft)
    if known is not None:
        return str(known.asn_no)
    digest = _digest(draft)
    if not draft.lines:
        rest = [ShippedDraft(line_no=row.line_no, qty=row.agreed - row.despatched) for row in lines.values() if row.agreed > row.despatched]
        draft = replace(draft, lines=rest)
    _some(draft.lines, "despatch advice")
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
    draft = _read(draft)
    order = lock_order(tx, draft.po_no)
    _some(draft.lines, "bill")
    _not_ahead(tx, draft.invoice_date, "invoice_date")
    lines = _lines(tx, draft.po_no, draft.lines)
    if draft.currency != order.currency:
        raise Invalid(
            f"The bill is in {draft.currency}, {draft.po_no} in {order.currency}.",
            code="currency_differs",
            next_step=f"Ask the supplier for a bill in {order.currency}.",
        )
    amounts = {line.line_no: round_currency(line.qty * line.unit_price, draft.currency) for line in draft.lines}
    net = total(amounts.values())
    _check_foot(draft, net)
    known = _known(tx, SupplierInvoice, order.supplier_no, draft)
    if known is not None:
        return str(known.supplier_invoice_no)
    number = next_number(tx, "SI")
    copied = {
        name: getattr(draft, name) for name in ("po_no", "document_no", "invoice_date", "currency", "freight", "tax_total", "gross_total")
    }
    head = {"supplier_invoice_no": number, "supplier_no": order.supplier_no, "net_total": net, "sha256": _digest(draft), **copied}
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


def _read(draft: Paper) -> Paper:
    """The paper in its canonical form. Raises Invalid."""
    draft = canonical(draft)
    if not draft.document_no:
        raise Invalid(
            "The paper has no number.",
            code="incomplete",
            next_step="Name the supplier's number of it.",
            errors={"document_no": ["must not be blank"]},
        )
    return draft


def _open(order: Row[Any]) -> None:
    if order.closed_at is not None:
        raise Conflict(
            f"{order.po_no} was delivered and billed; it is closed since {order.closed_at}.",
            code="po_closed",
            next_step="Ask the supplier what it means: nothing of this order can change any more.",
        )


def _not_ahead(tx: Session, day: date, field: str) -> None:
    last = business_today(tx) + timedelta(days=_MOST_DAYS_AHEAD)
    if day > last:
        raise Invalid(
            f"{field} is {day}, which is still to come.",
            code="date_ahead",
            next_step="Ask the supplier for the right date.",
            errors={field: [f"must not lie after {last}"]},
        )


def _check_foot(draft: SupplierInvoiceDraft, net: Decimal) -> None:
    foot = net + draft.freight + draft.tax_total
    if foot != draft.gross_total:
        raise Invalid(
            f"The bill says {draft.gross_total}, but its lines ({net}), freight ({draft.freight}) and tax ({draft.tax_total}) make {foot}.",
            code="bill_does_not_add_up",
            next_step="Ask the supplier for a corrected bill.",
            errors={"gross_total": [f"must be {foot}"]},
        )


def _lines(tx: Session, po_no: str, given: Sequence[Any]) -> dict[int, Row[Any]]:
    """The lines of the order by number. Raises Invalid for an unknown line, one named twice, or too many."""
    known = {row.line_no: row for row in tx.execute(_LINES, {"po_no": po_no})}
    numbers = [line.line_no for line in given]
    strange = sorted(set(numbers) - set(known))
    if strange or len(set(numbers)) < len(numbers) or len(numbers) > MOST_LINES:
        what = f"line {strange[0]}, which the order does not have" if strange else "a line twice, or too many lines"
        raise Invalid(f"The message for {po_no} names {what}.", code="po_line", next_step="Name each line of the order at most once.")
    return known


def _some(lines: Sequence[Any], what: str) -> None:
    if not lines:
        raise Invalid(f"The {what} has no lines.", code="no_lines", next_step="Name at least one line of the order.")


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


def _known(tx: Session, table: type[Acknowledgement | Asn | SupplierInvoice], sender: str, draft: Paper) -> Row[Any] | None:
    """The same paper, recorded before. Raises Conflict when its number was used for something else, or spelt otherwise."""
    row = tx.execute(_KNOWN[table.__tablename__], {"sender": sender, "number": draft.document_no}).one_or_none()
    if row is not None and (row.document_no != draft.document_no or row.sha256 != _digest(draft)):
        otherwise = "with other content" if row.document_no == draft.document_no else f"as {row.document_no}"
        raise Conflict(
            f"The supplier has sent {draft.document_no} before {otherwise}.",
            code="key_reused",
            next_step="If it is the same paper there is nothing to do; ask the supplier to send another one under a number of its own.",
        )
    return row


def _digest(draft: Any) -> str:
    return sha256(json_text.encode(draft)).hexdigest()


#: A supplier numbers its answers by order, what it sends and bills throughout.
_KNOWN = {
    name: text(f"SELECT * FROM {name} WHERE {sender} = :sender AND folded(document_no) = folded(:number)")
    for name, sender in (("po_acknowledgement", "po_no"), ("asn", "supplier_no"), ("supplier_invoice", "supplier_no"))
}
#: How much of a line is agreed: what was confirmed (none is none), else what the latest answer says, else what was ordered.
_LINES = text("""
SELECT line.*, coalesce(line.confirmed_qty, said.qty, line.qty) AS agreed,
  coalesce((SELECT sum(shipped.qty) FROM asn_line AS shipped JOIN asn USING (asn_no)
            WHERE shipped.po_line_id = line.id AND asn.rejected_at IS NULL), 0) AS despatched
FROM po_line AS line
LEFT JOIN LATERAL (
  SELECT CASE WHEN given.code = 'RE' THEN 0 ELSE one.qty END AS qty FROM po_acknowledgement AS given
  LEFT JOIN po_acknowledged_line AS one ON one.acknowledgement_id = given.id AND one.line_no = line.line_no
  WHERE given.po_no = line.po_no ORDER BY given.id DESC LIMIT 1
) AS said ON true
WHERE line.po_no = :po_no ORDER BY line.line_no
""")
