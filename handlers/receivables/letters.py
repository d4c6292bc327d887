"""The words of a reminder: what is open, by when and to which account it is to be paid. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from handlers.documents.payment import how_to_pay, money, payment_code
from handlers.receivables.late_interest import Days

_HELD = " New orders are on hold until the open amount has arrived."
_CHARGED = " Late payment has its price: what we charge for it stands below, and on a paper of its own."
_TONES = {
    1: ("Payment reminder", "Perhaps this invoice escaped your notice. Please transfer the open amount by {pay_by}."),
    2: ("Second reminder", "We have not received your payment yet. Please transfer the open amount by {pay_by}."),
    3: ("Formal notice", "Your account is overdue. Please transfer the open amount by {pay_by}."),
    4: ("Final notice", "This is our last notice: if the open amount has not arrived by {pay_by}, we hand the claim to our lawyers."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What an invoice owes and since when; amounts in `currency`."""

    invoice_no: str
    customer_no: str
    document_date: date
    due_date: date
    original: Decimal
    open_amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCharge:
    """What late payment of an invoice cost until now, and is not paid; amounts in the invoice's currency."""

    charge_no: str
    charged_on: date
    due_date: date
    amount: Decimal
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LateNote:
    """A late charge as its paper shows it: a fee, and interest of days on what was overdue on them."""

    charge_no: str
    invoice_no: str
    customer_no: str
    level: int
    currency: str
    fee: Decimal
    interest: Decimal
    basis: str
    written_on: date
    pay_by: date
    days: Sequence[Days]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a reminder speaks: its level, its date, the day to pay by, and whether new orders wait."""

    level: int
    written_on: date
    pay_by: date
    hold_orders: bool


def reminder(item: Overdue, wording: Wording, seller: Mapping[str, str], to: Mapping[str, str],
             charges: Sequence[OpenCharge] = ()) -> dict[str, Any]:  # fmt: skip
    """The reminder as text, ready to print: the invoice, and what its late payment cost."""
    title, sentence = _TONES[min(wording.level, max(_TONES))]
    pay_by, currency = str(wording.pay_by), item.currency
    open_amount = item.open_amount + sum(each.open_amount for each in charges)
    reference = " ".join([item.invoice_no, *(each.charge_no for each in charges)])
    late = str((wording.written_on - item.due_date).days)
    first = _row(item.invoice_no, (item.document_date, item.due_date), late, (item.original, item.open_amount), currency)
    return {
        "seller": seller,
        "title": title,
        "invoice_no": item.invoice_no,
        "to": to,
        "sentence": sentence.format(pay_by=pay_by) + (_HELD if wording.hold_orders else "") + (_CHARGED if charges else ""),
        "facts": [("Date", str(wording.written_on)), ("Customer", item.customer_no), ("Pay by", pay_by)],
        "rows": [
            first,
            *(_row(each.charge_no, (each.charged_on, each.due_date), "", (each.amount, each.open_amount), currency) for each in charges),
        ],
        "total": f"{money(open_amount, currency)} {currency}",
        "terms": f"Payable by {pay_by} without deduction.",
        "payment": how_to_pay(seller, open_amount, currency, reference),
        "qr": payment_code(seller, open_amount, currency, reference),
    }


def _row(number: str, days: tuple[date, date], late: str, amounts: tuple[Decimal, Decimal], currency: str) -> list[str]:
    return [number, *(str(day) for day in days), late, *(money(amount, currency) for amount in amounts)]


def late_note(note: LateNote, seller: Mapping[str, str], to: Mapping[str, str]) -> dict[str, Any]:
    """The paper of a late charge as text, ready to print: each stretch of days with its amount and rate, the fee, and the law."""
    currency, amount = note.currency, note.fee + note.interest
    pay_by = str(note.pay_by)
    sums = [("Interest", note.interest), ("Reminder fee", note.fee)]
    return {
        "seller": seller,
        "number": note.charge_no,
        "to": to,
        "facts": [("Date", str(note.written_on)), ("Customer", note.customer_no), ("Invoice", note.invoice_no), ("Pay by", pay_by)],
        "sentence": f"Invoice {note.invoice_no} was not paid when it was due. For that we charge:",
        "rows": [
            [str(each.first_day), str(each.last_day), str(each.count), money(each.principal, currency), _percent(each.rate_pct),
             money(each.interest, currency)]
            for each in note.days
        ],
        "sums": [(label, f"{money(value, currency)} {currency}") for label, value in sums if value],
        "total": f"{money(amount, currency)} {currency}",
        "basis": f"{note.basis}. " * bool(note.basis),
        "terms": f"Payable by {pay_by} without deduction.",
        "payment": how_to_pay(seller, amount, currency, note.charge_no),
        "qr": payment_code(seller, amount, currency, note.charge_no),
    }  # fmt: skip


def _percent(rate: Decimal) -> str:
    return f"{rate.normalize():f} %"
