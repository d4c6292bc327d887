"""The service tasks of disputes, as the diagrams name them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks
from handlers.receivables import disputes

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfDispute:
    """A dispute by its number."""

    dispute_no: str


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """What a dispute is about, as it stands; `open_amount` is what is still open of it, `amount_in_books` that in the books' currency."""

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
class AssignDispute:
    """Whose a dispute is, and how many days they have."""

    dispute_no: str
    group: str
    days: int


@dataclass(frozen=True, slots=True)
class AssignedDispute:
    """The day until which it is to be decided."""

    due_on: date


@dataclass(frozen=True, slots=True)
class ResolveDispute:
    """How a dispute ends (CREDIT, CHARGE_BACK, WRITE_OFF, PAID), and why; the request of its credit memo, and what that came to."""

    dispute_no: str
    resolution: str
    note: str = ""
    credit_request: str | None = None
    credited: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SettledInvoice:
    """An invoice that is settled by that."""

    invoice_no: str


@dataclass(frozen=True, slots=True)
class ResolvedDispute:
    """How it ended, how much was given away, and the invoice where it is settled by that."""

    invoice_no: str
    resolution: str
    amount: Decimal
    settled: list[SettledInvoice]


@tasks.register("receivables.read_dispute")
def read_dispute(given: OfDispute, tx: Session) -> DisputeFacts:
    """What a dispute is about, and what is still open of it."""
    found = disputes.read_dispute(tx, given.dispute_no)
    return DisputeFacts(*(getattr(found, name) for name in DisputeFacts.__slots__))


@tasks.register("receivables.assign_dispute")
def assign_dispute(given: AssignDispute, tx: Session) -> AssignedDispute:
    """Say whose a dispute is, and until when it is to be decided."""
    return AssignedDispute(disputes.assign_dispute(tx, given.dispute_no, given.group, given.days))


@tasks.register("receivables.resolve_dispute", moves_money=True)
def resolve_dispute(given: ResolveDispute, tx: Session) -> ResolvedDispute:
    """End a dispute: what is written off is posted, what is charged back is owed and reminded of again.

    What is credited of an invoice has its credit memo; of a receivable that is no invoice of ours the credit is posted here.
    """
    credit = disputes.ByCreditMemo(given.credit_request, given.credited or Decimal(0)) if given.credit_request else None
    done = disputes.resolve_dispute(tx, given.dispute_no, given.resolution, given.note, credit)
    settled = [SettledInvoice(done.invoice_no)] if done.settled else []
    return ResolvedDispute(done.invoice_no, done.resolution, done.amount, settled)
