"""A change of an order as EDIFACT ORDCHG and X12 860 say it, before anything of it is looked up. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from handlers.orders.edi_order import EdiParty, ItemNumber

ADD, DELETE, CHANGE = "add", "delete", "change"
_MOST_WORDS: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class EdiChangeLine:
    """A line as it is wanted; what is None or empty stays. `qty` is all that is wanted of it, in `unit` as written.

    `numbers` are empty where the item cannot become another. `wrong` says why nobody can act on the line.
    """

    buyer_line_no: str
    action: str = CHANGE
    qty: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None
    numbers: tuple[ItemNumber, ...] = ()
    description: str = ""
    requested_date: date | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdiChange:
    """What is asked of the order that the buyer knows by `number`.

    `document_no` is the buyer's number of the change, empty where it gave none. `note` is what it says in words.
    """

    number: str
    document_no: str
    is_cancellation: bool
    lines: tuple[EdiChangeLine, ...] = ()
    requested_date: date | None = None
    ship_to: EdiParty | None = None
    note: str = ""


def in_words(change: EdiChange) -> str:
    """What is asked, as a person at the order desk reads it."""
    told = ["Cancel the whole order."] if change.is_cancellation else []
    told += [_line(line) for line in change.lines]
    if change.requested_date:
        told.append(f"Wanted on {change.requested_date.isoformat()}.")
    if change.ship_to:
        place = change.ship_to
        told.append("Deliver to " + ", ".join(each for each in (place.name, place.code, place.street, place.city) if each) + ".")
    told += [change.note] if change.note else []
    return "\n".join(told)[:_MOST_WORDS] or "The message names no line; look at it in the EDI inbox."


def _line(line: EdiChangeLine) -> str:
    item = line.numbers[0].value if line.numbers else line.description
    amounts = [
        f"quantity {line.qty.normalize():f} {line.unit}".strip() if line.qty is not None else "",
        f"price {line.unit_price.normalize():f}" if line.unit_price is not None else "",
        f"wanted on {line.requested_date.isoformat()}" if line.requested_date else "",
    ]
    told = ", ".join(each for each in amounts if each)
    said = " ".join(each for each in (f"Line {line.buyer_line_no or '?'}: {line.action}", item, f"({told})" if told else "") if each)
    return f"{said}. Cannot be done: {line.wrong}" if line.wrong else said
