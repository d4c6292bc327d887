"""What happened to an order, told in sentences: each kind of event has one, and of one moment the cause stands before what follows."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date

from handlers.orders.hold_rules import HOLDS
from handlers.orders.views import Story
from ui.facts import entered, facts, said
from ui.formats import decider, money, quantity, words
from ui.languages import N_, SOURCE, language, locale, say, say_many
from ui.subjects import subject_address

_BAD = ("hold_applied", "reject", "cancel", "returned", "short", "fail")
_ANSWERS = {
    "AP": N_("Customer told that we accept it"),
    "CA": N_("Customer told that we accept it with changes"),
    "RE": N_("Customer told that we reject it"),
}
#: What an instance is begun with, rather than what it does.
_BEFORE = frozenset({"order_received", "cancellation_requested"})
#: Told by the shipment itself, with its carrier.
_BY_SHIPMENT = frozenset({"shipped", "delivered"})


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an order's timeline; `machine` where a process took it up or ended, and people need not know."""

    at: datetime
    what: str
    detail: str = ""
    who: str = ""
    tone: str = ""
    href: str = ""
    machine: bool = False


def latest_first(events: Iterable[Event]) -> list[tuple[Event, bool]]:
    """The events, each with whether its seconds are needed to tell it from another one. Of one moment, what comes later is first."""
    found = sorted(events, key=lambda event: event.at)[::-1]
    minutes = Counter(second.replace(second=0) for second in {event.at.replace(microsecond=0) for event in found})
    return [(event, minutes[event.at.replace(second=0, microsecond=0)] > 1) for event in found]


def timeline(story: Story) -> Iterator[Event]:
    """All that happened. Of one moment, the cause comes before what follows from it."""
    own = [instance for instance in story.instances if instance.business_key == story.order.order_no]
    others = [instance for instance in story.instances if instance.business_key != story.order.order_no]
    events = [event for event in story.events if event.kind.lower() not in _BY_SHIPMENT]
    yield from (_decision(task) for task in story.decisions if task.completed_at)
    yield from (_told(story, event) for event in events if event.kind.lower() in _BEFORE)
    yield from map(_began, own)
    yield from (_told(story, event) for event in events if event.kind.lower() not in _BEFORE)
    yield from map(_began, others)
    yield from _of_goods_and_money(story)
    for instance in story.instances:
        if instance.ended_at:
            yield _ended(instance)


def left(shipment: Any) -> Event:
    """A shipment went on its way."""
    what = say("Shipment %(number)s left", number=shipment.shipment_no)
    if shipment.kind != "DROP":
        return Event(shipment.shipped_at, what, " ".join(filter(None, (shipment.carrier, shipment.tracking_no))), "", "good")
    # A supplier names a day and no time: what counts is when we heard of it.
    return Event(
        shipment.created_at, what, f"{say('on %(day)s', day=_day(shipment.shipped_at))} {shipment.tracking_no}".strip(), "", "good"
    )


def _decision(task: Any) -> Event:
    return Event(
        task.completed_at, task.title, said(entered(task)), task.completed_by or "", "", f"/operations/instances/{task.instance_id}"
    )


def _began(instance: Any) -> Event:
    return Event(
        instance.started_at,
        say("%(process)s began", process=instance.process_name),
        instance.business_key or "",
        href=_address(instance),
        machine=True,
    )


def _ended(instance: Any) -> Event:
    cancelled = instance.state == "cancelled"
    what = say(_CANCELLED if cancelled else _COMPLETED, process=instance.process_name)
    return Event(
        instance.ended_at, what, instance.end_reason or "", "", "bad" if cancelled else "", _address(instance), machine=not cancelled
    )


def _address(instance: Any) -> str:
    return f"/operations/instances/{instance.id}"


def _told(story: Story, event: Any) -> Event:
    """An event of the order in a sentence; one that has none yet by its name and facts."""
    kind, detail = event.kind.lower(), event.detail or {}
    tell = _SENTENCES.get(kind)
    try:
        what, more = tell({**detail, "currency": story.order.currency}) if tell else (words(event.kind), said(facts(detail)))
    except KeyError:  # an event of an earlier version, that says less
        what, more = words(event.kind), said(facts(detail))
    line = say(", line %(line_no)s", line_no=event.line_no) if event.line_no else ""
    who = "" if event.actor == "system" else decider(event.actor) if event.actor else ""
    quote = subject_address(detail["quote_no"], "quote") if kind == "order_received" and detail.get("quote_no") else ""
    return Event(event.at, what + line, more, who, "bad" if any(word in kind for word in _BAD) else "", quote)


def _of_goods_and_money(story: Story) -> Iterator[Event]:
    for shipment in story.shipments:
        if shipment.shipped_at:
            yield left(shipment)
        if shipment.delivered_at:
            yield Event(shipment.delivered_at, say("Shipment %(number)s arrived", number=shipment.shipment_no), "", "", "good")
    for invoice in story.invoices:
        if invoice.posted_at:
            what = _posted(invoice)
            amount = money(invoice.gross_total, invoice.currency)
            yield Event(invoice.posted_at, what, amount, "", "good", subject_address(invoice.invoice_no, "invoice"))
    for receipt in story.receipts:
        paid = money(receipt.cash, receipt.currency)
        what = say(
            "Receipt %(receipt)s paid %(amount)s of %(invoice)s", receipt=receipt.receipt_no, amount=paid, invoice=receipt.invoice_no
        )
        more = words(receipt.action)
        yield Event(receipt.applied_at, what, more, receipt.applied_by, "good", subject_address(receipt.receipt_no, "receipt"))


def _amount(detail: Mapping[str, Any], name: str) -> str:
    return money(Decimal(detail[name]), detail.get("currency") or "EUR")


def _day(value: Any) -> str:
    at = date.fromisoformat(value) if isinstance(value, str) else value
    return format_date(at, "d MMM y" if language() == SOURCE else "d. MMM y", locale=locale())


def _quantity(detail: Mapping[str, Any]) -> str:
    return quantity(Decimal(detail["qty"]))


def _posted(invoice: Any) -> str:
    if invoice.kind == "CM":
        return say("Credit memo %(number)s posted", number=invoice.invoice_no)
    return say("Invoice %(number)s posted", number=invoice.invoice_no)


def _received(detail: Mapping[str, Any]) -> tuple[str, str]:
    quote_no = detail.get("quote_no")
    by = say("from quote %(number)s", number=quote_no) if quote_no else say("by %(channel)s", channel=words(detail["source"]))
    return say("Order received"), by


def _priced(detail: Mapping[str, Any]) -> tuple[str, str]:
    differs = Decimal(detail.get("variance") or 0)
    return (
        say("Priced at %(amount)s net", amount=_amount(detail, "net_total")),
        say("the customer's price differs by %(amount)s", amount=_amount(detail, "variance")) if differs else "",
    )


def _credit(detail: Mapping[str, Any]) -> tuple[str, str]:
    of = f" ({detail['group_no']})" if detail.get("group_no") else ""
    ruling = say(_RULINGS[detail["decision"]]) if detail["decision"] in _RULINGS else words(detail["decision"])
    return ruling + of, detail.get("reason", "")


def _promised(detail: Mapping[str, Any]) -> tuple[str, str]:
    waits, groups = int(detail.get("backordered_lines") or 0), int(detail.get("groups") or 0)
    told = say("Promised for %(day)s", day=_day(detail["arrival"])) if detail.get("arrival") else say("Promised")
    more = say_many("in %(num)s delivery", "in %(num)s deliveries", groups)
    rest = say_many("%(num)s line waits for supply", "%(num)s lines wait for supply", waits) if waits else ""
    return told, ", ".join(filter(None, (more, rest)))


def _acknowledged(detail: Mapping[str, Any]) -> tuple[str, str]:
    by = detail.get("sent_by", "")
    return (
        say(_ANSWERS[detail["response_code"]]),
        say("nobody to send it to") if by == "nobody" else say("by %(channel)s", channel=words(by).lower()),
    )


def _held(detail: Mapping[str, Any]) -> tuple[str, str]:
    hold = HOLDS.get(detail["hold_code"])  # as delivered; a kind of the company's own is told by its code
    why = hold.sentence.rstrip(".") if hold else words(detail["hold_code"])
    return say("Put on hold: %(why)s", why=why), detail.get("reason", "")


def _quantity_back(detail: Mapping[str, Any]) -> tuple[str, str]:
    told = say("%(quantity)s of %(number)s to be promised anew", quantity=_quantity(detail), number=detail["group_no"])
    return told, detail.get("reason", "")


def _repaired(detail: Mapping[str, Any]) -> tuple[str, str]:
    parts = [words(field).lower() for field in detail["fields"]]
    lines = detail.get("lines") or ()
    told = [say("lines %(numbers)s", numbers=", ".join(map(str, lines)))] if lines else []
    return say("Order repaired"), ", ".join([*parts, *told])


_COMPLETED, _CANCELLED = N_("%(process)s completed"), N_("%(process)s cancelled")
_RULINGS = {
    "APPROVED": N_("Credit approved"),
    "HOLD": N_("Credit not given: on hold"),
    "PREPAY": N_("Credit only against prepayment"),
    "REFER": N_("Credit to be decided by a person"),
}
_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "order_received": _received,
    "order_priced": _priced,
    "credit_decided": _credit,
    "order_submitted": lambda detail: (say("Order accepted as complete"), say("%(amount)s gross", amount=_amount(detail, "gross_total"))),
    "supply_redistributed": lambda detail: (
        say("Supply of %(sku)s was redistributed: the order %(verdict)s", sku=detail["sku"], verdict=detail["verdict"]),
        words(detail["strategy"]),
    ),
    "order_promised": _promised,
    "order_acknowledged": _acknowledged,
    "order_rolled_up": lambda detail: (say("The order is now %(status)s", status=words(detail["status"]).lower()), ""),
    "order_repaired": _repaired,
    "shipped_over": lambda detail: (
        say("%(quantity)s more than ordered were picked, within the tolerance", quantity=_quantity(detail)),
        "",
    ),
    "closed_short": lambda detail: (
        say("%(quantity)s less than ordered were picked: within the tolerance, closed", quantity=_quantity(detail)),
        "",
    ),
    "order_rejected": lambda detail: (say("Order rejected"), detail.get("reason", "")),
    "order_cancelled": lambda detail: (
        say("Order cancelled: %(quantity)s not delivered", quantity=_quantity(detail)),
        detail.get("reason", ""),
    ),
    "group_cancelled": lambda detail: (say("Delivery %(number)s cancelled", number=detail["group_no"]), detail.get("reason", "")),
    "change_requested": lambda detail: (say("Change %(number)s asked for", number=detail["change_no"]), detail.get("reason", "")),
    "order_changed": lambda detail: (
        say("Order changed: version %(number)s", number=detail["version_no"]),
        "; ".join(detail.get("changes") or ()),
    ),
    "change_refused": lambda detail: (say("Change %(number)s refused", number=detail["change_no"]), detail.get("reason", "")),
    "change_answered": lambda _detail: (say("Customer told that the change is refused"), ""),
    "cancellation_requested": lambda detail: (say("Cancellation asked for"), detail.get("reason", "")),
    "hold_applied": _held,
    "hold_released": lambda detail: (say("Hold released: %(hold)s", hold=words(detail["hold_code"])), detail.get("reason", "")),
    "lines_returned": _quantity_back,
    "returned_to_promising": _quantity_back,
}
