"""The service tasks of collecting, as the diagrams name them: from the open receivable to the closed one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.receivables import collections, disputes, late_charges, on_account, promises
from handlers.receivables.late_interest import RateFrom
from handlers.values import round_currency

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


@dataclass(frozen=True, slots=True)
class BaseRate:
    """A base rate in percent a year, from a day on."""

    day: date
    rate_pct: Decimal


@dataclass(frozen=True, slots=True)
class ChargeLatePayment:
    """What the reminder of a level charges: a fee in the invoice's currency, and interest of the base rate of each day plus points.

    Interest of less than `minimum` is left for a later reminder; `basis` names the law or agreement, and is printed.
    """

    invoice_no: str
    level: int
    fee: Decimal
    points: Decimal
    base_rates: Sequence[BaseRate]
    minimum: Decimal = Decimal(0)
    basis: str = ""


@dataclass(frozen=True, slots=True)
class NewCharge:
    """A late charge, and its amounts."""

    charge_no: str
    fee: Decimal
    interest: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class ChargedLate:
    """What was charged: one charge or none."""

    charges: list[NewCharge]


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
        effects.record("reminder", sent.target, payload | _charge_told(sent.charge))
    return Reminder(sent.level)


def _charge_told(charge: late_charges.Charged | None) -> dict[str, Any]:
    """What the mail of a reminder says of what it charges, and the paper of that."""
    if charge is None:
        return {}
    amount = round_currency(charge.fee + charge.interest, charge.currency)
    words = f"For late payment we charge {amount:,f} {charge.currency} ({charge.charge_no})."
    return {"late_charge": words, "late_charge_document_id": charge.document_id}


@tasks.register("receivables.late_charge_facts")
def late_charge_facts(given: OfInvoice, tx: Session) -> late_charges.LateFacts:
    """What the decision on the price of late payment looks at."""
    return late_charges.late_facts(tx, given.invoice_no)


@tasks.register("receivables.charge_late_payment", moves_money=True)
def charge_late_payment(given: ChargeLatePayment, tx: Session, context: TaskContext) -> ChargedLate:
    """Charge a fee and interest with the reminder of a level, once, as a receivable of its own; each day once."""
    rates = [RateFrom(each.day, each.rate_pct + given.points) for each in given.base_rates]
    terms = late_charges.LateTerms(level=given.level, fee=given.fee, minimum=given.minimum, rates=rates, basis=given.basis)
    charged = late_charges.charge(tx, given.invoice_no, terms, context.now)
    return ChargedLate([NewCharge(charged.charge_no, charged.fee, charged.interest, charged.currency)] if charged is not None else [])


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
