"""What customers promise to pay: until its day, and some days of grace, nobody reminds them; what is broken is a call to make."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from handlers.ledger.open_items import lock_open_items
from handlers.parties.policy import chosen
from handlers.receivables.dispute_model import PaymentPromise
from handlers.rowsets import insert_rows

#: What stands of a promise: there is none, its day is to come, or it was not kept.
NONE, OPEN, BROKEN = "none", "open", "broken"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a promise stands, and until when it is believed (with the days of grace); none without one."""

    promise: str
    believed_until: date | None


def promise_payment(tx: Session, invoice_no: str, promised_on: date, note: str, today: date) -> None:
    """Keep what a customer promised of all that is open; it takes the place of an earlier promise.

    Raises Invalid for a day that is past, Conflict where nothing is open.
    """
    item = lock_open_items(tx, "AR", [invoice_no]).get(invoice_no)
    if item is None or item["open_amount"] <= 0:
        raise Conflict(f"Nothing is open on {invoice_no}.", code="nothing_to_promise", next_step="Look at what was paid.")
    if promised_on < today:
        raise Invalid(
            f"{promised_on} is past: today is {today}.",
            code="promise_date",
            next_step="Give the day on which the customer will pay.",
            errors={"promised_on": [f"must not be before {today}"]},
        )
    end_promise(tx, invoice_no)
    kept = {"invoice_no": invoice_no, "amount": item["open_amount"], "currency": item["currency"], "promised_on": promised_on, "note": note}
    insert_rows(tx, PaymentPromise, [kept])


def end_promise(tx: Session, invoice_no: str) -> None:
    """Somebody has spoken with the customer again, or the invoice is paid: what was promised counts no more."""
    tx.execute(_END, {"invoice_no": invoice_no})


def standing(tx: Session, invoice_no: str, today: date) -> Standing:
    """How the promise of an invoice stands."""
    promised_on = tx.execute(_OPEN, {"invoice_no": invoice_no}).scalar()
    if promised_on is None:
        return Standing(NONE, None)
    until = promised_on + timedelta(days=int(chosen(tx, "promise_to_pay.grace_days")["promise_to_pay.grace_days"]))
    return Standing(OPEN if today <= until else BROKEN, until)


def next_look(tx: Session, invoice_no: str, now: datetime) -> date:
    """When an overdue invoice is looked at again: the day after its promise is believed no more, else after the interval of reminders."""
    found = standing(tx, invoice_no, now.date())
    if found.promise == OPEN and found.believed_until is not None:
        return found.believed_until + timedelta(days=1)
    return now.date() + timedelta(days=max(1, int(chosen(tx, "reminder.interval_days")["reminder.interval_days"])))


_END = text("UPDATE payment_promise SET ended_at = business_now() WHERE invoice_no = :invoice_no AND ended_at IS NULL")
_OPEN = text("SELECT promised_on FROM payment_promise WHERE invoice_no = :invoice_no AND ended_at IS NULL")
