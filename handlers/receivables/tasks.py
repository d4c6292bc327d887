"""The service tasks of receivables, as the diagrams name them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.receivables import application, collections, receipts, statements

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfInvoice:
    """An invoice by its number."""

    invoice_no: str


@dataclass(frozen=True, slots=True)
class OfStatement:
    """A bank statement by its number."""

    statement_no: str


@dataclass(frozen=True, slots=True)
class Receivable:
    """What an invoice owes, and until when."""

    due_date: date
    open_amount: Decimal
    settled: bool


@dataclass(frozen=True, slots=True)
class SendReminder:
    """The reminder that was decided on, and whether new orders wait until it is paid."""

    invoice_no: str
    level: int
    hold_orders: bool = False


@dataclass(frozen=True, slots=True)
class Reminder:
    """How often the customer was reminded."""

    level: int


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What a statement holds. `duplicates` of its entries were on an earlier statement and are not booked again."""

    balanced: bool
    entries: int
    currency: str
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Receipts:
    """How many receipts the statement brought."""

    receipts: int


@dataclass(frozen=True, slots=True)
class ResidualCase:
    """A receipt that does not pay an invoice exactly. `difference` is positive when it is short."""

    receipt_no: str
    invoice_no: str
    difference: Decimal
    open_amount: Decimal
    days_after_discount_date: int
    discount_available: Decimal
    customer_class: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the receipts seem to pay."""

    residual_cases: list[ResidualCase]
    exact: int
    unmatched: list[str]


@dataclass(frozen=True, slots=True)
class Apply:
    """What was decided about each case, in the order of the cases."""

    statement_no: str
    residual_cases: list[ResidualCase]
    decisions: list[Any]


@dataclass(frozen=True, slots=True)
class Settled:
    """An invoice that is paid."""

    invoice_no: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What was settled, and which receipts still need a person."""

    settled: list[Settled]
    unmatched: list[str]


@tasks.register("receivables.open_receivable")
def open_receivable(given: OfInvoice, tx: Session) -> Receivable:
    """What the invoice owes, and until when."""
    found = collections.standing(tx, given.invoice_no)
    return Receivable(found.due_date, found.open_amount, found.settled)


@tasks.register("receivables.dunning_facts")
def dunning_facts(given: OfInvoice, tx: Session, context: TaskContext) -> collections.DunningFacts:
    """What the decision on the next reminder looks at."""
    return collections.dunning_facts(tx, given.invoice_no, context.now)


@tasks.register("receivables.send_reminder")
def send_reminder(given: SendReminder, tx: Session, context: TaskContext, effects: EffectLedger) -> Reminder:
    """Remind the customer at the level that was decided, once, unless the invoice was paid meanwhile."""
    sent = collections.remind(tx, given.invoice_no, collections.Step(given.level, given.hold_orders), context.now)
    if sent.document_id is not None:
        payload = {"invoice_no": given.invoice_no, "level": sent.level, "customer_no": sent.customer_no, "document_id": sent.document_id}
        effects.record("reminder", sent.target, payload)
    return Reminder(sent.level)


@tasks.register("receivables.close_receivable")
def close_receivable(given: OfInvoice, tx: Session) -> None:
    """The invoice is paid; the customer's standing follows."""
    collections.close(tx, given.invoice_no)


@tasks.register("receivables.read_statement", errors=("STATEMENT_UNBALANCED",))
def read_statement(given: OfStatement, tx: Session) -> StatementFacts:
    """Check that the statement adds up and follows the one before."""
    facts = statements.read_statement(tx, given.statement_no)
    return StatementFacts(facts.balanced, facts.entries, facts.currency, facts.duplicates)


@tasks.register("receivables.record_receipts")
def record_receipts(given: OfStatement, tx: Session) -> Receipts:
    """Book every credit as unapplied cash of the customer it came from."""
    return Receipts(receipts.record_receipts(tx, given.statement_no))


@tasks.register("receivables.propose_applications")
def propose_applications(given: OfStatement, tx: Session) -> Proposals:
    """Match receipts with the invoices they name."""
    found = receipts.propose(tx, given.statement_no)
    shown = tuple(ResidualCase.__slots__)
    cases = [ResidualCase(**{name: getattr(each, name) for name in shown}) for each in found.with_difference]
    return Proposals(cases, found.exact, list(found.unmatched))


@tasks.register("receivables.apply_receipts")
def apply_receipts(given: Apply, tx: Session) -> Applied:
    """Apply what matched exactly, and the rest as decided."""
    if len(given.decisions) != len(given.residual_cases):
        raise Invalid(
            f"{len(given.residual_cases)} cases were to be decided, but there are {len(given.decisions)} decisions.",
            code="residual_decision",
            next_step="Let the decision run once for every case.",
        )
    decided = {
        (case.receipt_no, case.invoice_no): _action(decision) for case, decision in zip(given.residual_cases, given.decisions, strict=True)
    }
    done = application.apply_receipts(tx, given.statement_no, decided)
    return Applied([Settled(number) for number in done.settled], list(done.unmatched))


def _action(decision: Any) -> str:
    """A decision is the action itself, or a context that holds it."""
    return str(decision.get("action") if isinstance(decision, Mapping) else decision)
