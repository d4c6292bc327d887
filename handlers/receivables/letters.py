"""The words of a reminder: what is open, by when and to which account it is to be paid. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from handlers.documents.payment import how_to_pay, money, payment_code

_HELD = " New orders are on hold until the open amount has arrived."
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
class Wording:
    """How a reminder speaks: its level, its date, the day to pay by, and whether new orders wait."""

    level: int
    written_on: date
    pay_by: date
    hold_orders: bool


def reminder(item: Overdue, wording: Wording, seller: Mapping[str, str], to: Mapping[str, str]) -> dict[str, Any]:
    """The reminder as text, ready to print."""
    title, sentence = _TONES[min(wording.level, max(_TONES))]
    amounts = [money(amount, item.currency) for amount in (item.original, item.open_amount)]
    pay_by = str(wording.pay_by)
    return {
        "seller": seller,
        "title": title,
        "invoice_no": item.invoice_no,
        "to": to,
        "sentence": sentence.format(pay_by=pay_by) + (_HELD if wording.hold_orders else ""),
        "facts": [("Date", str(wording.written_on)), ("Customer", item.customer_no), ("Pay by", pay_by)],
        "row": [
            item.invoice_no,
            str(item.document_date),
            str(item.due_date),
            str((wording.written_on - item.due_date).days),
            *amounts,
        ],
        "total": f"{amounts[-1]} {item.currency}",
        "terms": f"Payable by {pay_by} without deduction.",
        "payment": how_to_pay(seller, item.open_amount, item.currency, item.invoice_no),
        "qr": payment_code(seller, item.open_amount, item.currency, item.invoice_no),
    }
