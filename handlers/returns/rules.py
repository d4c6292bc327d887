"""What may come back, and what it is worth. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from handlers.values import round_currency

ZERO = Decimal(0)
#: Why goods come back, as people call it. Who pays for what is decided on the reason by the table `return-policy`.
REASONS: Final[Mapping[str, str]] = {
    "DAMAGED": "Damaged on the way",
    "DEFECTIVE": "Does not work",
    "WRONG_ITEM": "Something else was sent",
    "NOT_ORDERED": "More was sent than ordered",
    "CHANGE_OF_MIND": "Not wanted after all",
}


@dataclass(frozen=True, slots=True)
class Returnable:
    """A line of an invoice: how much it charged, and how much of that came back or may still come back under other returns."""

    line_no: int
    invoiced: Decimal
    returned: Decimal

    @property
    def left(self) -> Decimal:
        """What may still be sent back."""
        return self.invoiced - self.returned


def objections(wanted: Sequence[tuple[int, Decimal]], lines: Mapping[int, Returnable]) -> dict[str, list[str]]:
    """What is wrong with the lines of a request, by field; each is the number of a line of the invoice and a quantity above zero."""
    found: dict[str, list[str]] = {}
    numbers = [number for number, _ in wanted]
    for place, (number, qty) in enumerate(wanted):
        line = lines.get(number)
        if line is None:
            found[f"lines.{place}.line_no"] = ["is no line for goods of this invoice"]
        elif numbers.index(number) != place:
            found[f"lines.{place}.line_no"] = ["is named twice"]
        elif qty > line.left:
            found[f"lines.{place}.qty"] = [f"is more than the {line.left.normalize():f} that may still come back"]
    return found


def worth(cost: Decimal, of_qty: Decimal, before: tuple[Decimal, Decimal], qty: Decimal, currency: str) -> Decimal:
    """What goods that come back cost when they were sold: their share of the cost of all that was sent.

    `before` is quantity and worth of what came back earlier: the last piece takes the cents that rounding left.
    """
    earlier_qty, earlier_worth = before
    return round_currency(cost * (earlier_qty + qty) / of_qty, currency) - earlier_worth
