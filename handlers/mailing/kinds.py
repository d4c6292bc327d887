"""Every kind of mail to a customer or supplier: which effect it comes of, which desk of theirs it goes to, and its words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class MailKind:
    """A kind of mail. `desk` is the role of the contact who gets it, where there is one; `fields` may stand in its words, in braces."""

    name: str
    title: str
    effect: str
    desk: str
    fields: tuple[str, ...]
    subject: str
    body: str
    #: Of effects of one kind that say several things: which of them.
    of: str = ""


_GREETING = "Dear customer,\n\n"
KINDS: Final[tuple[MailKind, ...]] = (
    MailKind(
        "quote", "Quote", "mail", "quotes", ("quote_no", "valid_until"), "Our quote {quote_no}",
        _GREETING + "please find our quote {quote_no} attached. You may accept it until {valid_until}.", "quote",
    ),
    MailKind(
        "order_acknowledgement", "Order acknowledgement", "mail", "orders", ("order_no", "customer_po"),
        "Your order {customer_po}, our number {order_no}",
        _GREETING + "thank you for your order {customer_po}. Attached is what we deliver, and when.", "order_response",
    ),
    MailKind(
        "order_cancelled", "Cancelled order", "mail", "orders", ("order_no", "customer_po", "cancelled", "reason"),
        "Your order {customer_po}, our number {order_no}: cancelled", _GREETING + "cancelled is: {cancelled}. {reason}", "order_cancelled",
    ),
    MailKind(
        "dates_announced", "Dates of what had to wait", "mail", "orders", ("order_no", "customer_po", "lines"),
        "Your order {customer_po}, our number {order_no}: delivery dates", _GREETING + "what had to wait now has a date:\n\n{lines}",
        "dates_announced",
    ),
    MailKind(
        "order_note", "Note about an order", "order_note", "orders", ("order_no", "text"), "Your order, our number {order_no}", "{text}",
    ),
    MailKind(
        "despatch_advice", "Despatch advice", "despatch_advice", "orders", ("order_no", "shipment_no", "carrier", "tracking_no"),
        "On its way: {shipment_no} of order {order_no}",
        _GREETING + "your goods have left by {carrier}, tracking number {tracking_no}. The delivery note is attached.",
    ),
    MailKind(
        "invoice", "Invoice", "invoice", "invoices", ("invoice_no", "gross_total", "currency"), "Our invoice {invoice_no}",
        _GREETING + "please find our invoice {invoice_no} of {gross_total} {currency} attached.",
    ),
    MailKind(
        "credit_memo", "Credit memo", "credit_memo", "invoices", ("credit_memo_no", "invoice_no", "gross_total", "currency"),
        "Our credit memo {credit_memo_no}",
        _GREETING + "please find our credit memo {credit_memo_no} of {gross_total} {currency} for invoice {invoice_no} attached.",
    ),
    MailKind(
        "reminder", "Reminder", "reminder", "accounts", ("invoice_no", "level", "late_charge"), "Reminder: our invoice {invoice_no}",
        _GREETING
        + "our invoice {invoice_no} is still open. What is owed, and where to pay it, stands in the letter attached. {late_charge}",
    ),
    MailKind(
        "account_statement", "Statement of account", "account_statement", "accounts", ("customer_no", "day"),
        "Your statement of account of {day}", _GREETING + "please find attached what is open between us as of {day}.",
    ),
    MailKind(
        "return_accepted", "Accepted return", "return_accepted", "orders", ("rma_no", "invoice_no", "warehouse_code"),
        "Your return {rma_no}", _GREETING + "you may send the goods of invoice {invoice_no} back. Please write {rma_no} on the parcel.",
    ),
    MailKind(
        "return_refused", "Refused return", "return_refused", "orders", ("rma_no", "invoice_no", "reason"), "Your return {rma_no}",
        _GREETING + "we cannot take the goods of invoice {invoice_no} back. {reason}",
    ),
)  # fmt: skip
BY_NAME: Final[Mapping[str, MailKind]] = {kind.name: kind for kind in KINDS}


def kind_of(effect: str, payload: Mapping[str, Any]) -> MailKind | None:
    """The kind of mail that an effect is; None where it is none."""
    return next((kind for kind in KINDS if kind.effect == effect and kind.of in {"", payload.get("kind")}), None)


def filled(words: str, payload: Mapping[str, Any], fields: tuple[str, ...]) -> str:
    """Words with the fields in their places; one that the payload does not have is left out."""
    return words.format_map({name: _said(payload.get(name)) for name in fields})


def wrong_fields(words: str, fields: tuple[str, ...]) -> list[str]:
    """What stands in braces and is no field; an open brace is one too."""
    try:
        parsed = list(Formatter().parse(words))
    except ValueError as error:
        return [str(error)]
    return sorted({_written(*each[1:]) for each in parsed if each[1] is not None} - set(fields))


def _written(name: str | None, form: str | None, how: str | None) -> str:
    """What stands between the braces: a field alone is one, with a form or a conversion it is none."""
    return f"{name}{f'!{how}' if how else ''}{f':{form}' if form else ''}" or "{}"


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(_line(each) if isinstance(each, Mapping) else str(each) for each in value)
    return str(value)


def _line(line: Mapping[str, Any]) -> str:
    return f"Line {line.get('line_no')}: {line.get('qty')} of {line.get('sku')}, {line.get('arrival') or 'date to follow'}"
