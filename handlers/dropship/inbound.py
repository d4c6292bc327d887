"""What suppliers tell us, recorded before anything is done with it.

A message sent again is the same message; one changed under the same number is refused. The API records here, then publishes the message
the diagram waits for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.store import json_text
from handlers.documents.numbers import next_number
from handlers.dropship.model import AcknowledgedLine, Acknowledgement, Asn, AsnLine, SupplierInvoice, SupplierInvoiceLine
from handlers.dropship.purchasing import lock_order
from handlers.rowsets import insert_rows
from handlers.values import not_negative, positive, round_currency, total

ZERO = Decimal(0)
MOST_LINES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedDraft:
    """What a supplier says of a line; `ship_date` None keeps ours."""

    line_no: int
    qty: Decimal
    unit_price: Decimal
    ship_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementDraft:
    """A supplier's answer. `code` is AP, CA or RE; lines that are not named are as ordered."""

    po_no: str
    document_no: str
    code: str
    lines: Sequence[AcknowledgedDraft] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedDraft:
    """How much of a line was shipped."""

    line_no: int
    qty: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AsnDraft:
    """A supplier's despatch advice."""

    po_no: str
    document_no: str
    shipped_on: date
    lines: Sequence[ShippedDraft]
    carrier: str = ""
    tracking_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledDraft:
    """What is billed for a line."""

    line_no: int
    qty: Decimal
    unit_price: Decimal
    tax_rate_pct: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoiceDraft:
    """A supplier's bill; `gross_total` is net of the lines, freight and tax together."""

    po_no: str
    document_no: str
    invoice_date: date
    currency: str
    lines: Sequence[BilledDraft]
    tax_total: Decimal
    gross_total: Decimal
    freight: Decimal = ZERO


def record_acknowledgement(tx: Session, draft: AcknowledgementDraft) -> None:
    """Record a supplier's answer, once. Raises NotFound, Invalid, Conflict (cancelled, changed, already confirmed)."""
    order = lock_order(tx, draft.po_no)
    if draft.code not in {"AP", "CA", "RE"}:
        raise Invalid(
            f"{draft.code!r} is no answer to an order.", code="ack_code", next_step="Use AP (accepted), CA (with changes) or RE (rejected)."
        )
    lines = _lines(tx, draft.po_no, draft.lines)
    for line in draft.lines:
        not_negative(line.unit_price, "unit_price")
        if not_negative(line.qty, "qty") > lines[line.line_no].qty:
            raise _too_much(draft.po_no, line.line_no, line.qty, lines[line.line_no].qty)
    digest = _digest(draft)
    if _known(tx, "po_acknowledgement", {"po_no": draft.po_no, "document_no": draft.document_no}, digest):
        return
    if order.confirmed_at is not None:
        raise Conflict(
            f"{draft.po_no} was confirmed at {order.confirmed_at}.",
            code="po_confirmed",
            next_step="Settle the late change with the supplier; cancel the order if it cannot be kept.",
        )
    head = {"po_no": draft.po_no, "document_no": draft.document_no, "code": draft.code, "note": draft.note, "sha256": digest}
    (added,) = insert_rows(tx, Acknowledgement, [head], returning=["id"])
    rows = [
        {
            "acknowledgement_id": added["id"],
            "line_no": line.line_no,
            "qty": line.qty,
            "unit_price": line.unit_price,
            "ship_date": line.ship_date,
        }
        for line in draft.lines
    ]
    insert_rows(tx, AcknowledgedLine, rows)


def record_asn(tx: Session, draft: AsnDraft) -> str:
    """Record a despatch advice and answer our number for it; sent again: the same number. Raises NotFound, Invalid, Conflict."""
    order = lock_order(tx, draft.po_no)
    if order.sent_at is None:
        raise Conflict(f"{draft.po_no} was never sent.", code="po_not_sent", next_step="Check the order number with the supplier.")
    _some(draft.lines, "despatch advice")
    lines = _lines(tx, draft.po_no, draft.lines)
    digest = _digest(draft)
    known = _known(tx, "asn", {"supplier_no": order.supplier_no, "document_no": draft.document_no}, digest)
    if known is not None:
        return str(known.asn_no)
    for line in draft.lines:
        most = lines[line.line_no].confirmed_qty or lines[line.line_no].qty
        if positive(line.qty, "qty") + lines[line.line_no].advised > most:
            raise _too_much(draft.po_no, line.line_no, line.qty + lines[line.line_no].advised, most)
    asn_no = next_number(tx, "ASN")
    copied = {name: getattr(draft, name) for name in ("po_no", "document_no", "carrier", "tracking_no", "shipped_on")}
    insert_rows(tx, Asn, [{"asn_no": asn_no, "supplier_no": order.supplier_no, "sha256": digest, **copied}])
    insert_rows(tx, AsnLine, [{"asn_no": asn_no, "po_line_id": lines[line.line_no].id, "qty": line.qty} for line in draft.lines])
    return asn_no


def record_supplier_invoice(tx: Session, draft: SupplierInvoiceDraft) -> str:
    """Record a supplier's bill and answer our number for it; sent again: the same number. Raises NotFound, Invalid, Conflict."""
    order = lock_order(tx, draft.po_no)
    _some(draft.lines, "bill")
    lines = _lines(tx, draft.po_no, draft.lines)
    if draft.currency != order.currency:
        raise Invalid(
            f"The bill is in {draft.currency}, {draft.po_no} in {order.currency}.",
            code="currency_differs",
            next_step=f"Ask the supplier for a bill in {order.currency}.",
        )
    amounts = {
        line.line_no: round_currency(positive(line.qty, "qty") * not_negative(line.unit_price, "unit_price"), draft.currency)
        for line in draft.lines
    }
    net = total(amounts.values())
    _check_foot(draft, net)
    digest = _digest(draft)
    known = _known(tx, "supplier_invoice", {"supplier_no": order.supplier_no, "document_no": draft.document_no}, digest)
    if known is not None:
        return str(known.supplier_invoice_no)
    number = next_number(tx, "SI")
    copied = {
        name: getattr(draft, name) for name in ("po_no", "document_no", "invoice_date", "currency", "freight", "tax_total", "gross_total")
    }
    insert_rows(
        tx,
        SupplierInvoice,
        [{"supplier_invoice_no": number, "supplier_no": order.supplier_no, "net_total": net, "sha256": digest, **copied}],
    )
    rows = [
        {
            "supplier_invoice_no": number,
            "po_line_id": lines[line.line_no].id,
            "qty": line.qty,
            "unit_price": line.unit_price,
            "amount": amounts[line.line_no],
            "tax_rate_pct": not_negative(line.tax_rate_pct, "tax_rate_pct"),
        }
        for line in draft.lines
    ]
    insert_rows(tx, SupplierInvoiceLine, rows)
    return number


def _check_foot(draft: SupplierInvoiceDraft, net: Decimal) -> None:
    foot = net + not_negative(draft.freight, "freight") + not_negative(draft.tax_total, "tax_total")
    if foot != not_negative(draft.gross_total, "gross_total"):
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


def _too_much(po_no: str, line_no: int, qty: Decimal, most: Decimal) -> Invalid:
    return Invalid(
        f"The message names {qty} of line {line_no} of {po_no}; at most {most.normalize():f} were ordered or confirmed.",
        code="po_quantity",
        next_step="Ask the supplier to correct the quantity.",
        errors={f"lines.{line_no}.qty": [f"must be at most {most.normalize():f}"]},
    )


def _known(tx: Session, table: str, key: dict[str, str], digest: str) -> Row[Any] | None:
    """The same message, recorded before. Raises Conflict when its number was used for something else."""
    where = " AND ".join(f"{name} = :{name}" for name in key)
    row = tx.execute(text(f"SELECT * FROM {table} WHERE {where}"), key).one_or_none()
    if row is not None and row.sha256 != digest:
        raise Conflict(
            f"The supplier has sent {key['document_no']} before with other content.",
            code="key_reused",
            next_step="Ask the supplier to send the change under a number of its own.",
        )
    return row


def _digest(draft: Any) -> str:
    return sha256(json_text.encode(draft)).hexdigest()


_LINES = text("""
SELECT line.*, coalesce((SELECT sum(shipped.qty) FROM asn_line AS shipped WHERE shipped.po_line_id = line.id), 0) AS advised
FROM po_line AS line WHERE line.po_no = :po_no
""")
