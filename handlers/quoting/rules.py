"""What an approval covers, and when an acceptance counts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from engine.store import json_text
from handlers.values import round_currency, total, truncate_currency

ZERO = Decimal(0)


def fingerprint(header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """The fingerprint of everything an approver decides on: any change of it makes approvals void."""
    return sha256(json_text.encode({"header": _plain(header), "lines": [_plain(line) for line in lines]})).hexdigest()


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as text, so that 5 and 5.0000 are the same."""
    return {name: f"{value.normalize():f}" if hasattr(value, "normalize") else str(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A quote as its acceptance finds it."""

    state: str
    now: datetime
    valid_until: datetime | None
    approved_at: datetime | None
    approval_days: int
    hash_is_approved: bool
    customer_active: bool = True
    requires_po: bool = False
    po_is_well_formed: bool = True
    customer_po: str = ""
    po_used_for: str | None = None


@dataclass(frozen=True, slots=True)
class Answerable:
    """A quote as something is said of it: `under_way` is what was said before and is still worked on, `order_no` what it became."""

    state: str
    now: datetime
    valid_until: datetime | None
    accepts: bool
    order_no: str = ""
    under_way: str = ""
    #: The order that this quote became under the same purchase order, while a part of it is still open.
    ordered_as: str = ""


@dataclass(frozen=True, slots=True)
class TooLate:
    """Why a quote cannot be answered any more, or not yet, and what to do instead."""

    code: str
    because: str
    next_step: str


def too_late(quote: Answerable) -> TooLate | None:
    """Why a quote takes no answer; None when it does. One whose time is over can still be declined, withdrawn or extended."""
    if quote.state in _ENDS:
        code, said, next_step = _ENDS[quote.state]
        return TooLate(code, said.format(order_no=quote.order_no, day=_day(quote.valid_until)), next_step)
    if quote.state != "SENT":
        return TooLate("quote_not_sent", "was not sent yet", "Look at its page for what it waits for; answer it when it was sent.")
    if quote.under_way:
        said = f"was {quote.under_way} already, and that is being worked on"
        return TooLate("quote_answered", said, "Look at its page in a moment for what became of it.")
    if quote.accepts and quote.ordered_as:
        said = f"was accepted under this purchase order before, as order {quote.ordered_as}"
        return TooLate("quote_answered", said, "Give the number of a further purchase order, or change that order on its page.")
    if quote.accepts and quote.valid_until is not None and quote.now > quote.valid_until:
        said = f"was valid until {_day(quote.valid_until)}"
        return TooLate("quote_expired", said, "Give the customer more time and record the acceptance then, or write a new quote.")
    return None


_ORDERED = ("quote_answered", "was accepted and is order {order_no}", "Change or cancel the order on its page.")
#: How a quote ended: the code of the refusal, what is said, and what to do.
_ENDS = {
    "ORDERED": _ORDERED,
    "PARTIALLY_ORDERED": _ORDERED,
    "LOST": ("quote_answered", "is lost", "Write a new quote if the customer has come back to it."),
    "WITHDRAWN": ("quote_withdrawn", "was withdrawn", "Write a new quote if the offer is to stand again."),
    "EXPIRED": ("quote_expired", "was valid until {day}", "Write a new quote at today's prices; the customer can accept that one."),
}

#: A quote is extended by at most a year: later than that it is another quote.
LONGEST_EXTENSION = timedelta(days=365)


def extension_problem(until: datetime, *, valid_until: datetime | None, now: datetime) -> str:
    """Why a quote cannot be valid until a moment; empty when it can."""
    if until <= now:
        return "must lie in the future"
    if valid_until is not None and until <= valid_until:
        return f"must be later than {_day(valid_until)}, until when it is valid now"
    return "must lie within a year" if until > now + LONGEST_EXTENSION else ""


def objection(offer: Offer) -> str:
    """Why an acceptance does not count; empty when it does."""
    approval_ended = offer.approved_at is None or offer.now > offer.approved_at + timedelta(days=offer.approval_days)
    objections = (
        (offer.state != "SENT", f"The quote is {offer.state.lower().replace('_', ' ')}, not open for acceptance."),
        (offer.valid_until is not None and offer.now > offer.valid_until, f"The quote was valid until {_day(offer.valid_until)}."),
        (not offer.hash_is_approved, "The quote was changed after its approval."),
        (approval_ended, f"The approval is older than {offer.approval_days} days."),
        (not offer.customer_active, "The customer is not active any more."),
        (offer.requires_po and not offer.customer_po, "The customer requires a purchase order number; the acceptance has none."),
        (not offer.po_is_well_formed, f"{offer.customer_po!r} does not look like a purchase order number of the customer."),
        (offer.po_used_for is not None, f"The purchase order was used for {offer.po_used_for} already."),
    )
    return " ".join(sentence for holds, sentence in objections if holds)


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A line as it was quoted, in the item's unit: what it comes to as a whole, and how much of it is ordered and accepted."""

    line_no: int
    qty: Decimal
    ordered: Decimal
    accepted: Decimal
    unit_net: Decimal
    line_net: Decimal
    header_discount: Decimal

    @property
    def left(self) -> Decimal:
        """What can still be ordered of it."""
        return self.qty - self.ordered


@dataclass(frozen=True, slots=True)
class Part:
    """What is ordered of a quote: quantities by line, its share of the discount on the whole and of the freight, its net after both."""

    quantities: Mapping[int, Decimal]
    header_discount: Decimal
    freight: Decimal
    net: Decimal


def acceptance_problems(lines: Sequence[Quoted], wanted: Sequence[tuple[int, Decimal]]) -> dict[str, list[str]]:
    """What cannot be ordered of (line number, quantity) pairs, by their place (`lines.0.qty`)."""
    left = {line.line_no: line.left for line in lines}
    numbers = [number for number, _ in wanted]
    problems: dict[str, list[str]] = {}
    for place, (number, qty) in enumerate(wanted):
        if number not in left:
            problems[f"lines.{place}.line_no"] = ["is no line of the quote"]
        elif number in numbers[:place]:
            problems[f"lines.{place}.line_no"] = ["is named twice"]
        elif not left[number]:
            problems[f"lines.{place}.line_no"] = ["is ordered already"]
        elif qty > left[number]:
            problems[f"lines.{place}.qty"] = [f"must be at most {left[number].normalize():f}, which is left of the line"]
    return problems


def part_of(lines: Sequence[Quoted], freight: Decimal, currency: str) -> Part:
    """The accepted part of a quote. Parts of a quote have together exactly its discount on the whole and its freight.

    A unit costs in each part what it was quoted at; the discount follows the quantities of its line, the freight the value of the goods
    (their quantities, where they are given away).
    """
    net = total(round_currency(line.unit_net * line.accepted, currency) for line in lines)
    discount = total(_share(line.header_discount, (line.ordered, line.accepted, line.qty), currency) for line in lines)
    given_away = not any(line.line_net for line in lines)
    worth = [(line, line.qty if given_away else line.line_net) for line in lines]
    before = total(weight * line.ordered / line.qty for line, weight in worth)
    whole = total(weight for _, weight in worth)
    last = all(line.left == line.accepted for line in lines)
    now = whole - before if last else total(weight * line.accepted / line.qty for line, weight in worth)
    discount = min(discount, net)  # what is given away entirely is not discounted by a rounded cent more
    quantities = {line.line_no: line.accepted for line in lines if line.accepted}
    return Part(quantities, discount, _share(freight, (before, now, whole), currency), net - discount)


def _share(amount: Decimal, parts: tuple[Decimal, Decimal, Decimal], currency: str) -> Decimal:
    """What a part takes of an amount: (before it, it, the whole). Cut off cumulatively, so that the last part takes what is left."""
    before, now, whole = parts
    until = amount if before + now == whole else truncate_currency(amount * (before + now) / whole, currency)
    return until - truncate_currency(amount * before / whole, currency)
