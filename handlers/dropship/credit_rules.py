"""What a supplier's credit note is measured by, and how it is posted. Pure: what is held is in the decision table."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from handlers.values import round_currency, total

ZERO = Decimal(0)
#: Why a supplier credits: goods that never came, goods that went back to it, a price that was too high.
REASONS = ("GOODS", "RETURN", "PRICE")


@dataclass(frozen=True, slots=True)
class Credited:
    """A line of a credit note beside what the bill said of it, and what of the order was billed, received and agreed.

    `billed` and `price` are the bill's, less what earlier credit notes took of the quantity; `order_billed` is over all bills.
    """

    qty: Decimal
    unit_price: Decimal
    amount: Decimal
    own_tax_pct: Decimal
    billed: Decimal
    price: Decimal
    order_billed: Decimal
    received: Decimal
    ordered: Decimal
    ordered_price: Decimal


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """What is decided on. What speaks against the credit note is positive."""

    #: More than the bill has, or than is left of it.
    qty_over_billed: Decimal
    price_over_billed: Decimal
    #: Of goods that never came: how many did come.
    qty_received: Decimal
    tax_off: Decimal
    duplicate: bool
    #: The bill it is about was not approved: it is refused, or still matched.
    bill_open: bool


@dataclass(frozen=True, slots=True)
class CreditFoot:
    """Why a supplier credits, and the foot of its credit note. Freight is taxed as the goods are, at the highest of their rates."""

    reason: str
    tax: Decimal
    freight: Decimal
    currency: str


def credit_facts(lines: Sequence[Credited], foot: CreditFoot, *, duplicate: bool, bill_open: bool) -> CreditFacts:
    """A credit note against its bill. A price may be credited for every unit billed, a quantity only once."""
    own_tax = total(round_currency(line.amount * line.own_tax_pct / 100, foot.currency) for line in lines)
    own_tax += round_currency(foot.freight * max(line.own_tax_pct for line in lines) / 100, foot.currency)
    missing = foot.reason == "GOODS"
    return CreditFacts(
        qty_over_billed=total(max(ZERO, line.qty - line.billed) for line in lines),
        price_over_billed=max(ZERO, *(line.unit_price - line.price for line in lines)),
        qty_received=total(max(ZERO, line.qty - max(ZERO, line.order_billed - line.received)) for line in lines if missing),
        tax_off=abs(foot.tax - own_tax),
        duplicate=duplicate,
        bill_open=bill_open,
    )


def restored(lines: Sequence[Credited], currency: str) -> Decimal:
    """What goods that never came put back into the accrual: what the bill had taken from it for them, at the ordered price.

    A bill clears the accrual only for goods that were ordered; so does a credit note.
    """
    return total(round_currency((_of_order(line) - _of_order(line, less=line.qty)) * line.ordered_price, currency) for line in lines)


def _of_order(line: Credited, less: Decimal = ZERO) -> Decimal:
    return min(line.order_billed - less, line.ordered)
