"""Disputes and deductions: what a customer does not pay and why, whose it is to find out, until when, and how it ends.

While a dispute is open its amount is not reminded of. It ends by a credit, by charging it back to the customer, by writing it off, or by
the customer's money. What gives something away is posted as an adjustment, capped at what is still open on the invoice.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store import locks
from engine.store.clock import business_today
from engine.store.locks import Lock
from handlers.documents.numbers import next_number
from handlers.ledger import posting
from handlers.ledger.accounts import BAD_DEBT, DUNNING_INCOME, OUTPUT_VAT, RECEIVABLES, RETURNS_AND_ALLOWANCES
from handlers.ledger.books import books_currency, rate_on
from handlers.ledger.open_items import lock_open_items, reduce_open_items, set_disputed
from handlers.receivables.dispute_model import Adjustment, Dispute
from handlers.rowsets import insert_rows
from handlers.values import round_currency

ZERO = Decimal(0)
#: Why customers do not pay, by the field's names.
REASONS = ("PRICE", "QTY_SHORT", "DAMAGE", "PROMO", "FREIGHT", "TAX", "RETURN", "OTHER")
#: How a dispute ends. PAID: the customer's money came after all.
CREDIT, CHARGE_BACK, WRITE_OFF, PAID = "CREDIT", "CHARGE_BACK", "WRITE_OFF", "PAID"
RESOLUTIONS = frozenset({CREDIT, CHARGE_BACK, WRITE_OFF, PAID})


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDraft:
    """What is not paid of an invoice, and why; without an amount all that is open and not disputed yet. `receipt_no` paid it short."""

    invoice_no: str
    reason: str
    amount: Decimal | None = None
    description: str = ""
    receipt_no: str | None = None


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """What decisions on a dispute look at; `open_amount` is what is still open of its amount."""

    dispute_no: str
    invoice_no: str
    customer_no: str
    customer_name: str
    amount: Decimal
    open_amount: Decimal
    amount_in_books: Decimal
    currency: str
    reason: str
    description: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """How a dispute ended, what was given away, and whether its invoice is settled by that."""

    invoice_no: str
    resolution: str
    amount: Decimal
    settled: bool


def open_dispute(tx: Session, draft: DisputeDraft, by: str) -> str:
    """Open a dispute of an invoice and answer its number. Raises NotFound, Invalid (reason, amount), Conflict when all is disputed."""
    if draft.reason not in REASONS:
        raise Invalid(
            f"{draft.reason or 'Nothing'} is no reason.",
            code="dispute_reason",
            next_step=f"Use one of {', '.join(REASONS)}.",
            errors={"reason": [f"must be one of {', '.join(REASONS)}"]},
        )
    item = lock_open_items(tx, "AR", [draft.invoice_no]).get(draft.invoice_no)
    if item is None:
        raise NotFound(
            f"There is no receivable {draft.invoice_no}.", code="receivable_unknown", next_step="Check the number of the invoice."
        )
    free = item["open_amount"] - _disputed(tx, draft.invoice_no)
    amount = free if draft.amount is None else draft.amount
    if free <= 0:
        raise Conflict(
            f"Nothing is open on {draft.invoice_no} that is not disputed already.",
            code="nothing_to_dispute",
            next_step="Look at its disputes.",
        )
    if not ZERO < amount <= free or amount != round_currency(amount, item["currency"]):
        raise Invalid(
            f"{amount} cannot be disputed: {free} {item['currency']} of {draft.invoice_no} are open and not disputed.",
            code="dispute_amount",
            next_step=f"Give an amount up to {free}.",
            errors={"amount": [f"must be above 0 and at most {free}"]},
        )
    number = next_number(tx, "DP")
    kept = {"dispute_no": number, "customer_no": item["party_no"], "amount": amount, "currency": item["currency"], "opened_by": by}
    named = {name: getattr(draft, name) for name in ("invoice_no", "reason", "description", "receipt_no")}
    insert_rows(tx, Dispute, [kept | named])
    set_disputed(tx, draft.invoice_no, disputed=True)
    return number


def read_dispute(tx: Session, dispute_no: str) -> DisputeFacts:
    """What a dispute is about, as it stands. Raises NotFound."""
    row = _find(tx, dispute_no)
    rate = rate_on(tx, row["currency"], business_today(tx))
    in_books = round_currency(row["open_amount"] * rate, books_currency(tx))
    copied = {name: row[name] for name in DisputeFacts.__slots__ if name != "amount_in_books"}
    amounts = {name: round_currency(row[name], row["currency"]) for name in ("amount", "open_amount")}
    return DisputeFacts(**{**copied, **amounts, "amount_in_books": in_books})


def assign_dispute(tx: Session, dispute_no: str, group: str, days: int) -> date:
    """Say whose a dispute is, and answer until when. Raises NotFound, Invalid without an owner."""
    _find(tx, dispute_no)
    if not group or days < 0:
        raise Invalid(
            f"The decision on {dispute_no} names no owner or no days.",
            code="dispute_owner",
            next_step="Complete the decision table, then retry.",
        )
    due_on = business_today(tx) + timedelta(days=days)
    tx.execute(_ASSIGN, {"no": dispute_no, "group": group, "due_on": due_on})
    return due_on


@dataclass(frozen=True, slots=True)
class ByCreditMemo:
    """The request by which a credit memo was posted for a dispute, and what that came to with its tax."""

    adjustment_no: str
    gross_total: Decimal


def resolve_dispute(tx: Session, dispute_no: str, resolution: str, note: str = "", credit: ByCreditMemo | None = None) -> Resolved:
    """End a dispute as was decided. Again: the same answer and nothing more. Raises NotFound, Invalid for no way to end one.

    With a credit memo, which is posted by itself, only the cents are written off that no net amount with its tax comes to.
    """
    found = _find(tx, dispute_no)
    if resolution not in RESOLUTIONS:
        raise Invalid(
            f"{resolution or 'Nothing'} ends no dispute.",
            code="dispute_resolution",
            next_step=f"Use one of {', '.join(sorted(RESOLUTIONS))}.",
        )
    item = lock_open_items(tx, "AR", [found["invoice_no"]])[found["invoice_no"]]
    row = _find(tx, dispute_no)
    given = ZERO
    if row["resolved_at"] is None:
        wanted = row["amount"] - (credit.gross_total if credit is not None else ZERO)
        given = max(ZERO, min(wanted, item["open_amount"])) if resolution in {CREDIT, WRITE_OFF} else ZERO
        if given:
            _adjust(tx, row, item, WRITE_OFF if credit is not None else resolution, given)
        request = credit.adjustment_no if credit is not None else ""
        tx.execute(_RESOLVE, {"no": dispute_no, "resolution": resolution, "note": note, "request": request})
        # Others may stand on an invoice of which nothing is open now: money that comes back opens it again.
        set_disputed(tx, row["invoice_no"], disputed=_disputed(tx, row["invoice_no"]) > 0)
    return Resolved(row["invoice_no"], resolution, given, settled=item["open_amount"] - given == 0)


def _adjust(tx: Session, row: RowMapping, item: RowMapping, kind: str, amount: Decimal) -> None:
    """Post what is given away: a credit gives its share of the tax back, or of a late charge its income; a write-off is an expense."""
    number = next_number(tx, "AD")
    taken = reduce_open_items(tx, "AR", {row["invoice_no"]: amount})[row["invoice_no"]]
    books, currency = books_currency(tx), row["currency"]
    tax = round_currency(amount * item["tax_amount"] / item["original"], currency) if kind == CREDIT and item["original"] else ZERO
    tax_in_books = tax if currency == books else round_currency(tax * item["fx_rate"], books)
    account = BAD_DEBT if kind != CREDIT else DUNNING_INCOME if row["of_late_charge"] else RETURNS_AND_ALLOWANCES
    lines = [
        posting.Line(account, debit=amount - tax, reference=row["invoice_no"], accounted=taken.in_books - tax_in_books),
        *([posting.Line(OUTPUT_VAT, debit=tax, reference=row["invoice_no"], accounted=tax_in_books)] if tax else []),
        posting.Line(RECEIVABLES, credit=amount, party_no=item["party_no"], reference=row["invoice_no"], accounted=-taken.in_books),
    ]
    entry = posting.Entry(
        event_type="receivable.adjusted",
        source_id=number,
        currency=currency,
        lines=lines,
        gl_date=business_today(tx),
        fx_rate=item["fx_rate"],
        narration=f"Dispute {row['dispute_no']} of {row['invoice_no']}: {kind.lower().replace('_', ' ')}",
    )
    (journal_id,) = posting.post_many(tx, [entry])
    kept: dict[str, Any] = {"adjustment_no": number, "invoice_no": row["invoice_no"], "dispute_no": row["dispute_no"], "kind": kind}
    insert_rows(tx, Adjustment, [kept | {"amount": amount, "tax_amount": tax, "currency": currency, "journal_id": journal_id}])


def _find(tx: Session, dispute_no: str) -> RowMapping:
    locks.take(tx, Lock.DISPUTE, [dispute_no])
    row = tx.execute(_ONE, {"no": dispute_no}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no dispute {dispute_no}.", code="dispute_unknown", next_step="Check the number in the list of disputes.")
    return row


def _disputed(tx: Session, invoice_no: str) -> Decimal:
    """What of an invoice is in open disputes."""
    return Decimal(tx.execute(DISPUTED, {"invoice_no": invoice_no}).scalar_one())


DISPUTED = text("SELECT coalesce(sum(amount), 0) FROM dispute WHERE invoice_no = :invoice_no AND resolved_at IS NULL")
_ONE = text("""
SELECT dispute.*, customer.name AS customer_name, least(dispute.amount, item.open_amount) AS open_amount,
  EXISTS (SELECT FROM late_charge WHERE charge_no = dispute.invoice_no) AS of_late_charge
FROM dispute JOIN customer ON customer.customer_no = dispute.customer_no
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = dispute.invoice_no
WHERE dispute.dispute_no = :no
""")
_ASSIGN = text("UPDATE dispute SET owner_group = :group, due_on = :due_on WHERE dispute_no = :no AND resolved_at IS NULL")
_RESOLVE = text("""
UPDATE dispute SET resolution = :resolution, note = :note, resolved_at = business_now(), credit_request = :request
WHERE dispute_no = :no AND resolved_at IS NULL
""")
