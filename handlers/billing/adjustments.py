"""Credit memos and debit notes without goods: another price, a claim that is right, carriage, or a part in advance that nothing will use.

Somebody asks for amounts on lines of a posted invoice; the table of limits says who agrees; only then the paper takes its number. A line is
never credited beyond what it charged, by whatever: other credits, returned goods, what of an advance is used, and what is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.service_tasks import Refused
from engine.store import locks
from engine.store.clock import business_today
from engine.store.locks import Lock
from handlers.billing.charging import numbered
from handlers.billing.memos import Memo, memo_taxes, write_memo
from handlers.billing.model import BillingAdjustment
from handlers.billing.posting import lock_sources
from handlers.billing.rules import Creditable, TaxGroup, Terms, schedule, spread_credit
from handlers.documents.numbers import next_number
from handlers.identifiers import Prose, Quantity, canonical
from handlers.rowsets import insert_rows
from handlers.values import decimals_of, round_currency, total

ZERO = Decimal(0)
NOT_ADJUSTABLE: Final = "NOT_ADJUSTABLE"
MOST_LINES: Final = 500
#: What a debit note may come to, as a share of the line it corrects: beyond ten times its amount somebody mistyped.
_MOST_TIMES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedLine:
    """A line of the invoice by its number there, and the net amount to credit or charge, in the currency of the invoice."""

    line_no: int
    amount: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRequest:
    """What somebody wants credited (`kind` CM) or charged (DM) on lines of an invoice, and why; the reason is printed."""

    kind: str
    reason: Prose
    lines: Sequence[AdjustedLine]


@dataclass(frozen=True, slots=True)
class KeptAdjustment:
    """A request as it is kept, by its number."""

    adjustment_no: str
    invoice_no: str
    #: Empty for a consolidated invoice of several orders.
    order_no: str
    requested_by: str


@dataclass(frozen=True, slots=True)
class KeptCredit:
    """A request for a credit memo, and what it will come to with tax."""

    adjustment_no: str
    gross_total: Decimal


def keep_adjustment(tx: Session, invoice_no: str, given: AdjustmentRequest, requester: str) -> KeptAdjustment:
    """Keep a request. Raises NotFound, Conflict while the invoice is not posted, Invalid with the errors by field."""
    asked = canonical(given)
    invoice = _locked_invoice(tx, invoice_no)
    errors = _objections(asked, _lines_of(tx, invoice_no, ""), invoice.currency)
    if errors:
        raise Invalid(
            f"This cannot be {'credited' if asked.kind == 'CM' else 'charged'} of {invoice_no}.",
            code="adjustment_request",
            next_step="Correct the fields that are named, then ask again.",
            errors=errors,
        )
    number = next_number(tx, "ADJ")
    row = {"adjustment_no": number, "kind": asked.kind, "invoice_no": invoice_no, "reason": asked.reason, "requested_by": requester}
    lines = [{"line_no": line.line_no, "amount": line.amount} for line in asked.lines]
    insert_rows(tx, BillingAdjustment, [row | {"lines": lines}])
    return KeptAdjustment(number, invoice_no, invoice.order_no or "", requester)


def keep_credit_of(tx: Session, invoice_no: str, gross: Decimal, reason: str, requester: str) -> KeptCredit | None:
    """Keep a request to credit so much of an invoice with its tax, spread over its lines; None for what is no invoice of ours.

    Cents that no net amount comes to are left out. Refused NOT_ADJUSTABLE when less is left of the invoice.
    """
    if tx.execute(_IS_INVOICE, {"no": invoice_no}).scalar() is None:
        return None
    invoice = _locked_invoice(tx, invoice_no)
    lines = [line for line in _lines_of(tx, invoice_no, "").values() if line["left"] > 0]
    coin = Decimal(1).scaleb(-decimals_of(invoice.currency))

    def gross_of(nets: Sequence[Decimal]) -> Decimal:
        charged = [_line(line, net, "CM") for line, net in zip(lines, nets, strict=True) if net]
        return total(nets) + total(group.tax for group in memo_taxes(tx, "CM", "", charged, invoice.currency))

    nets = spread_credit([Creditable(line["left"], line["tax_rate_pct"]) for line in lines], gross, gross_of, coin)
    asked = [AdjustedLine(line_no=line["line_no"], amount=net) for line, net in zip(lines, nets, strict=False) if net]
    if not asked:
        raise Refused(NOT_ADJUSTABLE, f"Less than {gross} {invoice.currency} is left of {invoice_no} to credit.")
    request = keep_adjustment(tx, invoice_no, AdjustmentRequest(kind="CM", reason=reason, lines=asked), requester)
    return KeptCredit(request.adjustment_no, gross_of(nets))


def decided(tx: Session, adjustment_no: str) -> tuple[bool, bool, str]:
    """Whether a request is decided on, whether its paper is posted, and who refused it. Raises NotFound."""
    asked, _ = _locked(tx, adjustment_no)
    paper = tx.execute(_PAPER, {"adjustment_no": adjustment_no}).one_or_none()
    posted = paper is not None and paper.posted_at is not None
    return posted or asked.refused_at is not None, posted, f"Refused by {asked.refused_by}" if asked.refused_at is not None else ""


def kept(tx: Session, adjustment_no: str) -> KeptAdjustment:
    """A request that was kept before. Raises NotFound."""
    asked, invoice = _locked(tx, adjustment_no)
    return KeptAdjustment(adjustment_no, asked.invoice_no, invoice.order_no or "", asked.requested_by)


@dataclass(frozen=True, slots=True)
class AdjustableLine:
    """A line of an invoice: what it charges, and what of it no credit memo, return, advance or request has taken yet."""

    line_no: int
    charge_code: str
    sku: str
    description: str
    amount: Decimal
    left: Decimal
    currency: str


def list_adjustable(tx: Session, invoice_no: str) -> list[AdjustableLine]:
    """The lines of a posted invoice of which amounts may be credited or charged, in order. Raises NotFound, Conflict."""
    currency = _posted(tx, invoice_no).currency
    names = ("line_no", "charge_code", "sku", "description", "amount", "left")
    return [AdjustableLine(**{name: line[name] for name in names}, currency=currency) for line in _lines_of(tx, invoice_no, "").values()]


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a request comes to, before it has a number."""

    invoice_no: str
    order_no: str
    customer_no: str
    kind: str
    reason: str
    net_total: Decimal
    gross_total: Decimal
    currency: str
    fx_rate: Decimal


def assess(tx: Session, adjustment_no: str) -> Assessed:
    """What a request comes to. Raises NotFound, Refused NOT_ADJUSTABLE when less is left of a line than is asked for."""
    asked, invoice = _locked(tx, adjustment_no)
    lines, groups = _charged(tx, asked, invoice, "")
    net = total(line["amount"] for line in lines)
    gross = net + total(group.tax for group in groups)
    about = (asked.invoice_no, invoice.order_no or "", invoice.customer_no, asked.kind, asked.reason)
    return Assessed(*about, net, gross, invoice.currency, invoice.fx_rate or Decimal(1))


def draft(tx: Session, adjustment_no: str) -> str:
    """Write the paper of a request, or its draft anew under the same number; a posted one stays. Answers the number.

    Raises NotFound, Refused NOT_ADJUSTABLE when less is left of a line than is asked for, Conflict once the request was refused.
    """
    asked, invoice = _locked(tx, adjustment_no)
    if asked.refused_at is not None:
        raise Conflict(f"{adjustment_no} was refused.", code="adjustment_refused", next_step="Ask anew if it is right after all.")
    known = tx.execute(_PAPER, {"adjustment_no": adjustment_no}).one_or_none()
    if known is not None and known.posted_at is not None:
        return str(known.invoice_no)
    number = known.invoice_no if known else next_number(tx, asked.kind)
    lines, groups = _charged(tx, asked, invoice, number)
    today = business_today(tx)
    gross = total(line["amount"] for line in lines) + total(group.tax for group in groups)
    days = invoice.net_days if asked.kind == "DM" else 0
    due = schedule(Terms(days), today, gross, invoice.currency).due_date if days else today
    about = {"kind": asked.kind, "grouping": adjustment_no, "adjustment_no": adjustment_no, "credits_invoice_no": asked.invoice_no,
             "credit_reason": asked.reason, "invoice_date": today, "due_date": due, "net_days": days}  # fmt: skip
    write_memo(tx, Memo(number, about, invoice, lines, groups), anew=known is not None)
    return str(number)


def refuse(tx: Session, adjustment_no: str, actor: str) -> None:
    """Nothing is credited or charged. Again: nothing happens. Raises NotFound, Conflict once it has its paper."""
    _locked(tx, adjustment_no)
    if tx.execute(_PAPER, {"adjustment_no": adjustment_no}).one_or_none() is not None:
        raise Conflict(f"{adjustment_no} has its paper.", code="adjustment_done", next_step="Correct it by another request.")
    tx.execute(_REFUSE, {"no": adjustment_no, "actor": actor})


def open_request(tx: Session, invoice_no: str) -> str | None:
    """The number of a request about an invoice that nobody has refused and that is not posted."""
    number: str | None = tx.execute(_OPEN_REQUEST, {"invoice_no": invoice_no}).scalar()
    return number


def _locked_invoice(tx: Session, invoice_no: str) -> Row[Any]:
    lock_sources(tx, [invoice_no])
    locks.take(tx, Lock.INVOICE, [invoice_no])
    return _posted(tx, invoice_no)


def _posted(tx: Session, invoice_no: str) -> Row[Any]:
    invoice = tx.execute(text("SELECT * FROM invoice WHERE invoice_no = :no"), {"no": invoice_no}).one_or_none()
    if invoice is None:
        raise NotFound(f"There is no invoice {invoice_no}.", code="invoice_unknown", next_step="Look it up in the list of invoices.")
    if invoice.kind != "INV" or invoice.posted_at is None or invoice.cancelled_at is not None:
        raise Conflict(f"{invoice_no} is no posted invoice.", code="invoice_not_posted", next_step="Choose a posted invoice.")
    return invoice


def _locked(tx: Session, adjustment_no: str) -> tuple[Row[Any], Row[Any]]:
    """A request and its invoice, held to the end of the transaction."""
    invoice_no = tx.execute(text("SELECT invoice_no FROM billing_adjustment WHERE adjustment_no = :no"), {"no": adjustment_no}).scalar()
    if invoice_no is None:
        raise NotFound(f"There is no request {adjustment_no}.", code="adjustment_unknown", next_step="Look it up on its invoice.")
    invoice = _locked_invoice(tx, invoice_no)
    return tx.execute(text("SELECT * FROM billing_adjustment WHERE adjustment_no = :no"), {"no": adjustment_no}).one(), invoice


def _lines_of(tx: Session, invoice_no: str, number: str) -> dict[int, Mapping[str, Any]]:
    """The lines of an invoice with what is `left` to credit of each, beside the paper of that number."""
    rows = tx.execute(_LINES, {"invoice_no": invoice_no, "no": number}).mappings()
    return {row["line_no"]: dict(row) for row in rows if row["charge_code"] != "ADVANCE_USED"}


def _objections(asked: AdjustmentRequest, sold: Mapping[int, Mapping[str, Any]], currency: str) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if asked.kind not in {"CM", "DM"}:
        errors["kind"] = ["must be one of CM, DM"]
    if not asked.reason.strip():
        errors["reason"] = ["must say why; it is printed on the paper"]
    if not 1 <= len(asked.lines) <= MOST_LINES or len({line.line_no for line in asked.lines}) < len(asked.lines):
        errors["lines"] = [f"must name from 1 to {MOST_LINES} lines, each once"]
    for place, line in enumerate(asked.lines):
        errors |= {f"lines.{place}.{field}": [what] for field, what in _objection(asked.kind, line, sold.get(line.line_no), currency)}
    return errors


def _objection(kind: str, line: AdjustedLine, sold: Mapping[str, Any] | None, currency: str) -> list[tuple[str, str]]:
    if sold is None:
        return [("line_no", "is no line of the invoice")]
    if line.amount <= 0 or line.amount != round_currency(line.amount, currency):
        return [("amount", f"must be above zero, in whole units of {currency}")]
    if kind == "CM" and line.amount > sold["left"]:
        return [("amount", f"must be at most {round_currency(sold['left'], currency)}, which is left of the line")]
    if kind == "DM" and (sold["charge_code"] == "ADVANCE" or line.amount > sold["amount"] * _MOST_TIMES):
        return [("amount", f"must be at most {_MOST_TIMES} times what the line charged, and of no advance")]
    return []


def _charged(tx: Session, asked: Row[Any], invoice: Row[Any], number: str) -> tuple[list[dict[str, Any]], list[TaxGroup]]:
    sold = _lines_of(tx, asked.invoice_no, number)
    wanted = [(sold[line["line_no"]], Decimal(str(line["amount"]))) for line in asked.lines]
    # What is asked for counts among what is taken of its line: it is there once already.
    if asked.kind == "CM" and any(amount > line["left"] + amount for line, amount in wanted):
        raise Refused(NOT_ADJUSTABLE, f"Less is left of a line of {asked.invoice_no} than {asked.adjustment_no} asks to credit.")
    lines = [_line(line, amount, asked.kind) for line, amount in wanted]
    return [dict(line) for line in numbered(lines, 1)], memo_taxes(tx, asked.kind, number, lines, invoice.currency)


def _line(sold: Mapping[str, Any], amount: Decimal, kind: str) -> dict[str, Any]:
    in_advance = sold["charge_code"] == "ADVANCE"
    copied = {name: sold[name] for name in ("order_no", "sku", "tax_category", "tax_rate_pct")}
    return {
        "kind": kind,
        "charge_code": "ADVANCE" if in_advance else "PRICE",
        **copied,
        "order_line_id": None,
        "fulfil_line_id": None,
        "shipment_line_id": None,
        "corrects_line_id": sold["id"],
        "description": sold["description"] if in_advance else f"Price of line {sold['line_no']}: {sold['description']}",
        "qty": 1,
        "uom": "EA",
        "unit_price": amount,
        "amount": amount,
        "restocking_fee": ZERO,
    }


#: What is asked for and not refused counts as taken from the moment it is asked for, so that two requests never share an amount.
_LINES = text("""
SELECT sold.*, sold.amount - coalesce(credited.amount, 0) - coalesce(asked.amount, 0) - coalesce(used.amount, 0) AS left
FROM invoice_line AS sold
LEFT JOIN LATERAL (
  SELECT sum(line.amount + line.restocking_fee) AS amount FROM invoice_line AS line JOIN invoice AS memo USING (invoice_no)
  WHERE memo.credits_invoice_no = sold.invoice_no AND memo.kind = 'CM' AND NOT line.cancelled AND memo.adjustment_no IS NULL
    AND memo.invoice_no <> :no AND (line.corrects_line_id = sold.id OR line.shipment_line_id = sold.shipment_line_id)) AS credited ON true
LEFT JOIN LATERAL (
  SELECT sum(CAST(part->>'amount' AS numeric)) AS amount FROM billing_adjustment AS request, jsonb_array_elements(request.lines) AS part
  WHERE request.invoice_no = sold.invoice_no AND request.kind = 'CM' AND request.refused_at IS NULL
    AND CAST(part->>'line_no' AS integer) = sold.line_no) AS asked ON true
LEFT JOIN LATERAL (
  SELECT -sum(line.amount) AS amount FROM invoice_line AS line
  WHERE sold.charge_code = 'ADVANCE' AND line.advance_no = sold.invoice_no AND NOT line.cancelled
    AND line.tax_category = sold.tax_category AND line.tax_rate_pct = sold.tax_rate_pct) AS used ON true
WHERE sold.invoice_no = :invoice_no ORDER BY sold.line_no
""")
_IS_INVOICE = text("SELECT 1 FROM invoice WHERE invoice_no = :no AND kind = 'INV' AND posted_at IS NOT NULL AND cancelled_at IS NULL")
_PAPER = text("SELECT invoice_no, posted_at FROM invoice WHERE adjustment_no = :adjustment_no")
_REFUSE = text("""
UPDATE billing_adjustment SET refused_at = business_now(), refused_by = :actor WHERE adjustment_no = :no AND refused_at IS NULL
""")
_OPEN_REQUEST = text("""
SELECT asked.adjustment_no FROM billing_adjustment AS asked
LEFT JOIN invoice AS paper ON paper.adjustment_no = asked.adjustment_no
WHERE asked.invoice_no = :invoice_no AND asked.refused_at IS NULL AND paper.posted_at IS NULL ORDER BY asked.adjustment_no LIMIT 1
""")
