"""The service tasks of collecting, as the diagrams name them: from the open receivable to the closed one."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.receivables import collections, disputes, on_account, promises

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
class UseOnAccount:
    """An invoice by its number, and whether its customer's money on account may pay it, as the decision says."""

    invoice_no: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class PaidFromAccount:
    """What was paid from account."""

    amount: Decimal


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


@tasks.register("receivables.read_on_account")
def read_on_account(given: OfInvoice, tx: Session) -> on_account.OnAccount:
    """What of its customer's money is on account, in the currency of the invoice."""
    return on_account.read_on_account(tx, given.invoice_no)


@tasks.register("receivables.use_on_account", moves_money=True)
def use_on_account(given: UseOnAccount, tx: Session) -> PaidFromAccount:
    """Pay the invoice from the customer's money on account, the oldest first, where that is agreed; the rest stays on account."""
    return PaidFromAccount(on_account.use_on_account(tx, given.invoice_no) if given.agreed else Decimal(0))


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


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What came of a call: `promised` with its day, `disputed` with a reason, or `unreached`."""

    invoice_no: str
    outcome: str
    promised_on: date | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedDispute:
    """A dispute that a call became."""

    dispute_no: str


@dataclass(frozen=True, slots=True)
class CallNoted:
    """The dispute that was opened, if any."""

    disputes: list[OpenedDispute]


@dataclass(frozen=True, slots=True)
class NextLook:
    """The day on which the invoice is looked at again."""

    on: date


@tasks.register("receivables.note_call")
def note_call(given: CallOutcome, tx: Session, context: TaskContext) -> CallNoted:
    """Keep what a customer promised, or open the dispute that they told of; an earlier promise counts no more."""
    promises.end_promise(tx, given.invoice_no)
    found = collections.standing(tx, given.invoice_no)
    if found.settled:
        return CallNoted([])
    if given.outcome == "promised" and given.promised_on is not None:
        promises.promise_payment(tx, given.invoice_no, given.promised_on, given.note or "", context.now.date())
    if given.outcome == "disputed" and collections.undisputed(tx, given.invoice_no) > 0:
        draft = disputes.DisputeDraft(invoice_no=given.invoice_no, reason="OTHER", description=given.reason or "")
        return CallNoted([OpenedDispute(disputes.open_dispute(tx, draft, ""))])
    return CallNoted([])


@tasks.register("receivables.plan_next_look")
def plan_next_look(given: OfInvoice, tx: Session, context: TaskContext) -> NextLook:
    """When the invoice is looked at again: after what was promised, or after the interval of reminders."""
    return NextLook(promises.next_look(tx, given.invoice_no, context.now))
