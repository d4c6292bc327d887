"""The service tasks of collecting, as the diagrams name them: from the open receivable to the closed one."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.receivables import collections

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfInvoice:
    """An invoice by its number."""

    invoice_no: str


@dataclass(frozen=True, slots=True)
class Receivable:
    """What an invoice owes, and until when."""

    due_date: date
    open_amount: Decimal
    settled: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """Whether an invoice is paid in full."""

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
def close_receivable(given: OfInvoice, tx: Session) -> Closed:
    """If the invoice is paid, the customer's standing follows; the books know, whatever was heard."""
    return Closed(collections.close(tx, given.invoice_no))
