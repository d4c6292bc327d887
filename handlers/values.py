"""Values with a unit: exact money that refuses to mix currencies. Pure; the whole house may import it.

Floats are refused at the door, because 0.1 + 0.2 is not 0.3 and a cent lost here is a cent searched for in the ledger.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from engine.problems import Invalid

#: ISO 4217 currencies whose smallest unit is not a hundredth.
_DECIMALS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0,
    "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
_FOUR = Decimal("0.0001")
_LARGEST = Decimal(99999999999999)
#: The most of a quantity and of a single amount that anybody may ask for, so that their products and sums still fit NUMERIC(18,4).
_MOST_QUANTITY = Decimal(999999999)
_MOST_AMOUNT = Decimal(999999999999)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        exact(self.amount, "amount")
        currency_code(self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        return Money(self.amount * exact(factor, "factor"), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def rounded(self) -> "Money":
        """The same in whole smallest units of its currency."""
        return Money(round_currency(self.amount, self.currency), self.currency)

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise Invalid(
                f"{self} and {other} are of different currencies.",
                code="currency_mixed",
                next_step="Convert one of them at a stated rate first.",
            )
        return other.amount


def exact(value: Any, name: str) -> Decimal:
    """The value as a finite Decimal within what a column holds. Raises Invalid for floats, NaN and infinities."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise Invalid(
            f"{name} is {value!r}, which is not an exact number.",
            code="number_inexact",
            next_step='Send it as decimal text, such as "12.50".',
            errors={name: ["must be an exact decimal"]},
        )
    number = Decimal(value)
    if not number.is_finite() or abs(number) > _LARGEST:
        raise Invalid(
            f"{name} is {number}, which is no usable number.",
            code="number_invalid",
            next_step="Send a finite number below 100 trillion.",
            errors={name: ["must be a finite number"]},
        )
    return number


def positive(value: Any, name: str) -> Decimal:
    """A quantity: above zero, at most 999,999,999, with at most four decimals. Raises Invalid."""
    number = exact(value, name)
    if not 0 < number <= _MOST_QUANTITY or number != number.quantize(_FOUR):
        raise Invalid(
            f"{name} is {number}; it must be above zero, at most {_MOST_QUANTITY:,} and have at most four decimals.",
            code="quantity_invalid",
            next_step=f"Correct {name}.",
            errors={name: [f"must be above zero and at most {_MOST_QUANTITY:,}, with at most four decimals"]},
        )
    return number


def not_negative(value: Any, name: str) -> Decimal:
    """An amount: at least zero, at most 999,999,999,999. Raises Invalid."""
    number = exact(value, name)
    if number < 0:
        raise Invalid(
            f"{name} is {number}; it may not be negative.",
            code="number_negative",
            next_step=f"Correct {name}.",
            errors={name: ["may not be negative"]},
        )
    if number > _MOST_AMOUNT:
        raise Invalid(
            f"{name} is {number}; it must be at most {_MOST_AMOUNT:,}.",
            code="number_too_large",
            next_step=f"Correct {name}.",
            errors={name: [f"must be at most {_MOST_AMOUNT:,}"]},
        )
    return number


def currency_code(code: str) -> str:
    """A three-letter currency code. Raises Invalid."""
    if len(code) != 3 or not (code.isascii() and code.isalpha() and code.isupper()):  # noqa: PLR2004  # ISO 4217
        raise Invalid(
            f"{code!r} is no currency code.",
            code="currency_invalid",
            next_step='Use the three letters of ISO 4217, such as "EUR".',
            errors={"currency": ["must be a code of ISO 4217"]},
        )
    return code


def decimals_of(currency: str) -> int:
    """How many decimals the currency has."""
    return _DECIMALS.get(currency, 2)


def decimals_sql(column: str) -> str:
    """SQL for how many decimals the currency in a column has."""
    odd = sorted(set(_DECIMALS.values()))
    cases = (
        f"WHEN {column} IN ({', '.join(repr(code) for code, places in _DECIMALS.items() if places == decimals)}) THEN {decimals}"
        for decimals in odd
    )
    return f"CASE {' '.join(cases)} ELSE 2 END"


def round_currency(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole smallest units, half up (away from zero)."""
    return amount.quantize(_unit(currency), ROUND_HALF_UP)


def truncate_currency(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole smallest units, cut off towards zero."""
    return amount.quantize(_unit(currency), ROUND_DOWN)


def round4(amount: Decimal) -> Decimal:
    """A unit price: four decimals, half up."""
    return amount.quantize(_FOUR, ROUND_HALF_UP)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """`part` of `whole` in percent with two decimals; zero when there is no whole."""
    return (part / whole * 100).quantize(Decimal("0.01"), ROUND_HALF_UP) if whole else Decimal("0.00")


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return sum(amounts, Decimal(0))


def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-decimals_of(currency))
