"""From due to closed: what an invoice still owes, reminders by level, and the customer's standing with collections."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.documents.addressee import addressee
from handlers.documents.pdf import print_pdf
from handlers.documents.seller import seller
from handlers.documents.store import save_document
from handlers.ledger.open_items import highest_dunning_level, lock_open_items, overdue_amount, set_dunning_level
from handlers.parties.master_data import default_address
from handlers.parties.policy import chosen
from handlers.parties.standing import lower_dunning_level, raise_dunning_level
from handlers.receivables import promises
from handlers.receivables.disputes import DISPUTED
from handlers.receivables.late_charges import Charged, find_charge
from handlers.receivables.letters import OpenCharge, Overdue, Wording, reminder
from handlers.receivables.model import Reminder
from handlers.rowsets import insert_rows

_TEMPLATE = Path(__file__).parent / "reminder.typ"


@dataclass(frozen=True, slots=True)
class Standing:
    """What an invoice owes."""

    due_date: date
    open_amount: Decimal
    settled: bool


def standing(tx: Session, invoice_no: str) -> Standing:
    """What an invoice still owes. Raises NotFound."""
    item = _lock_item(tx, invoice_no)
    return Standing(item.due_date, item.open_amount, settled=item.open_amount == 0)


@dataclass(frozen=True, slots=True)
class DunningFacts:
    """What the decision on the next reminder looks at."""

    days_overdue: int
    open_amount: Decimal
    unapplied: Decimal
    disputed: bool
    level: int
    #: How a promise to pay stands: none, open or broken.
    promise: str = promises.NONE


def dunning_facts(tx: Session, invoice_no: str, now: datetime) -> DunningFacts:
    """How late an invoice is, how often it was reminded of, and what of the customer's money is not applied. Raises NotFound.

    What is in dispute is not reminded of: the amount is what is open beside it, of instalments what is overdue.
    """
    item = _lock_item(tx, invoice_no)
    undisputed = _undisputed(tx, item)
    unapplied = tx.execute(_UNAPPLIED, {"customer": item.party_no}).scalar_one()
    promised = promises.standing(tx, invoice_no, now.date()).promise
    overdue = max(0, (now.date() - item.due_date).days)
    due = min(undisputed, overdue_amount(tx, invoice_no, now.date())) if overdue else undisputed
    return DunningFacts(overdue, due, max(Decimal(0), unapplied), item.disputed and undisputed <= 0, item.dunning_level, promised)


@dataclass(frozen=True, slots=True)
class Step:
    """The reminder that was decided on."""

    level: int
    hold_orders: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A reminder and whether this run sent it."""

    level: int
    document_id: int | None
    target: str
    customer_no: str
    #: What the reminder charges.
    charge: Charged | None = None


def remind(tx: Session, invoice_no: str, step: Step, now: datetime) -> Sent:
    """Send the reminder of a level, once; nothing is sent of an invoice that was paid meanwhile. Raises NotFound."""
    item = _lock_item(tx, invoice_no)
    if _undisputed(tx, item) <= 0 or step.level <= item.dunning_level:
        return Sent(item.dunning_level, None, item.target, item.party_no)
    document_id = _print(tx, item, step, now)
    sent = {
        "invoice_no": invoice_no,
        "level": step.level,
        "hold_orders": step.hold_orders,
        "days_overdue": (now.date() - item.due_date).days,
        "open_amount": _asked(tx, item, now),
        "document_id": document_id,
    }
    insert_rows(tx, Reminder, [sent])
    set_dunning_level(tx, invoice_no, step.level)
    raise_dunning_level(tx, item.party_no, step.level, hold_orders=step.hold_orders)
    return Sent(step.level, document_id, item.target, item.party_no, find_charge(tx, invoice_no, step.level))


def close(tx: Session, invoice_no: str) -> bool:
    """When the invoice is paid, the customer's dunning level falls to that of what is still open; answer whether it is paid.

    The hold that its reminders put on the account ends too, unless an open invoice's reminders keep it. While something is open, because
    the bank took the payment back before this was heard of, nothing changes. Raises NotFound.
    """
    item = _lock_item(tx, invoice_no)
    if item.open_amount > 0:
        return False
    end_hold = tx.execute(_HOLD_ENDS, {"customer": item.party_no, "invoice_no": invoice_no}).scalar_one()
    lower_dunning_level(tx, item.party_no, highest_dunning_level(tx, item.party_no), end_hold=end_hold)
    return True


def _print(tx: Session, item: Row[Any], step: Step, now: datetime) -> int:
    days = int(chosen(tx, "reminder.pay_within_days")["reminder.pay_within_days"])
    wording = Wording(level=step.level, written_on=now.date(), pay_by=now.date() + timedelta(days=days), hold_orders=step.hold_orders)
    overdue = Overdue(
        invoice_no=item.document_no,
        customer_no=item.party_no,
        open_amount=_asked(tx, item, now),
        **{name: getattr(item, name) for name in ("document_date", "due_date", "original", "currency")},
    )
    customer = {"name": item.customer_name, "country": item.customer_country}
    to = addressee(customer, default_address(tx, item.party_no, "BILL") or {})
    charges = [OpenCharge(**row) for row in tx.execute(_CHARGES, {"invoice_no": item.document_no}).mappings()]
    paper = print_pdf(_TEMPLATE, reminder(overdue, wording, seller(tx), to, charges), now)
    return save_document(tx, "REMINDER", f"{item.document_no}/{step.level}", "application/pdf", paper)


def undisputed(tx: Session, invoice_no: str) -> Decimal:
    """What is open on an invoice and not in dispute. Raises NotFound."""
    return _undisputed(tx, _lock_item(tx, invoice_no))


def _undisputed(tx: Session, item: Row[Any]) -> Decimal:
    """What is open on an invoice and not in dispute."""
    return max(Decimal(0), Decimal(item.open_amount) - Decimal(tx.execute(DISPUTED, {"invoice_no": item.document_no}).scalar_one()))


def _asked(tx: Session, item: Row[Any], now: datetime) -> Decimal:
    """What a reminder asks for: what is open and not in dispute, of instalments what is overdue."""
    return min(_undisputed(tx, item), overdue_amount(tx, item.document_no, now.date()) or item.open_amount)


def _lock_item(tx: Session, invoice_no: str) -> Row[Any]:
    lock_open_items(tx, "AR", [invoice_no])
    row = tx.execute(_ITEM, {"invoice_no": invoice_no}).one_or_none()
    if row is None:
        raise NotFound(
            f"Invoice {invoice_no} is not among the receivables.",
            code="receivable_unknown",
            next_step="Post the invoice before it is collected.",
        )
    return row


_ITEM = text("""
SELECT item.*, coalesce(nullif(customer.email, ''), 'customer ' || customer.customer_no) AS target,
  customer.name AS customer_name, customer.country AS customer_country
FROM open_item AS item JOIN customer ON customer.customer_no = item.party_no
WHERE item.kind = 'AR' AND item.document_no = :invoice_no
""")
#: What late payment of an invoice cost until now, and is open and in no dispute.
_CHARGES = text("""
SELECT charge.charge_no, item.document_date AS charged_on, item.due_date, item.original AS amount, item.open_amount
FROM late_charge AS charge JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = charge.charge_no
WHERE charge.invoice_no = :invoice_no AND item.open_amount > 0 AND NOT item.disputed ORDER BY charge.charge_no
""")
_UNAPPLIED = text("SELECT coalesce(-sum(accounted), 0) FROM journal_line WHERE account = '1290' AND party_no = :customer")
#: A hold that this invoice's reminders put on its customer ends with it, unless an open invoice's reminders keep it.
_HOLD_ENDS = text("""
SELECT coalesce(bool_or(item.document_no = :invoice_no), false) AND NOT coalesce(bool_or(item.open_amount > 0), false)
FROM reminder JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = reminder.invoice_no
WHERE item.party_no = :customer AND reminder.hold_orders
""")
