"""The service tasks of credit memos and debit notes without goods, as the diagrams name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks, TaskContext
from handlers.billing import adjustments
from handlers.billing.adjustments import NOT_ADJUSTABLE, AdjustedLine, AdjustmentRequest, KeptAdjustment
from handlers.ledger.books import books_currency
from handlers.values import round_currency

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfAdjustment:
    """A request for a credit memo (CM) or debit note (DM) by its number."""

    adjustment_no: str


@dataclass(frozen=True, slots=True)
class LineToAdjust:
    """A line of the invoice by its number there, and the net amount to credit or charge."""

    line_no: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class AskForAdjustment:
    """A request that is kept already, by its number; or what to credit (`kind` CM) or charge (DM) of an invoice, why, and who asks."""

    adjustment_no: str | None = None
    invoice_no: str | None = None
    kind: str | None = None
    reason: str | None = None
    lines: Sequence[LineToAdjust] | None = None
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class AssessedAdjustment:
    """What a request comes to; `gross_in_books` is its gross in the currency of the books."""

    invoice_no: str
    order_no: str
    customer_no: str
    kind: str
    reason: str
    net_total: Decimal
    gross_total: Decimal
    currency: str
    gross_in_books: Decimal


@dataclass(frozen=True, slots=True)
class DraftedPaper:
    """The paper of a request, by its number."""

    invoice_no: str


@tasks.register("billing.request_adjustment")
def request_adjustment(given: AskForAdjustment, tx: Session) -> KeptAdjustment:
    """Keep a request that came as a message, such as of a dispute that the customer won; one that a page kept before is answered."""
    if given.adjustment_no is not None:
        return adjustments.kept(tx, given.adjustment_no)
    lines = [AdjustedLine(line_no=line.line_no, amount=line.amount) for line in given.lines or ()]
    asked = AdjustmentRequest(kind=given.kind or "", reason=given.reason or "", lines=lines)
    return adjustments.keep_adjustment(tx, given.invoice_no or "", asked, given.requested_by or "system")


@dataclass(frozen=True, slots=True)
class CreditOfAmount:
    """How much of an invoice is to be credited, with its tax; why, as its paper says; and who asks where nobody acts."""

    invoice_no: str
    amount: Decimal
    reason: str
    requested_by: str = ""


@dataclass(frozen=True, slots=True)
class AskedCredit:
    """The request, and what its credit memo will come to: nothing where there is no invoice of ours to credit."""

    adjustment_no: str | None
    gross_total: Decimal


@tasks.register("billing.request_credit", errors=(NOT_ADJUSTABLE,))
def request_credit(given: CreditOfAmount, tx: Session, context: TaskContext) -> AskedCredit:
    """Ask for a credit memo of an amount with its tax, spread over the lines of the invoice: a dispute that the customer won.

    Refused NOT_ADJUSTABLE when less is left of the invoice than that.
    """
    kept = adjustments.keep_credit_of(tx, given.invoice_no, given.amount, given.reason, context.actor or given.requested_by or "system")
    return AskedCredit(kept.adjustment_no, kept.gross_total) if kept is not None else AskedCredit(None, Decimal(0))


@dataclass(frozen=True, slots=True)
class CreditDecided:
    """Whether a request for a credit memo is decided on, whether it is credited, and why not."""

    decided: bool
    credited: bool
    reason: str


@tasks.register("billing.look_at_request")
def look_at_request(given: OfAdjustment, tx: Session) -> CreditDecided:
    """What became of a request, for whoever heard nothing of it."""
    return CreditDecided(*adjustments.decided(tx, given.adjustment_no))


@tasks.register("billing.assess_adjustment", errors=(NOT_ADJUSTABLE,))
def assess_adjustment(given: OfAdjustment, tx: Session) -> AssessedAdjustment:
    """Work out what a request comes to, before its paper takes a number.

    Refused NOT_ADJUSTABLE when less is left of a line than is asked to be credited.
    """
    found = adjustments.assess(tx, given.adjustment_no)
    in_books = round_currency(found.gross_total * found.fx_rate, books_currency(tx))
    about = (found.invoice_no, found.order_no, found.customer_no, found.kind, found.reason)
    return AssessedAdjustment(*about, found.net_total, found.gross_total, found.currency, in_books)


@tasks.register("billing.draft_adjustment", errors=(NOT_ADJUSTABLE,))
def draft_adjustment(given: OfAdjustment, tx: Session) -> DraftedPaper:
    """Write the credit memo or debit note of a request, or its draft anew.

    Refused NOT_ADJUSTABLE when less is left of a line than is asked to be credited.
    """
    return DraftedPaper(adjustments.draft(tx, given.adjustment_no))


@tasks.register("billing.refuse_adjustment")
def refuse_adjustment(given: OfAdjustment, tx: Session, context: TaskContext) -> None:
    """Note that nothing is credited or charged."""
    adjustments.refuse(tx, given.adjustment_no, context.actor or "system")
