"""Functions of numbers (DMN 1.5, section 10.3.4.5)."""

import decimal
from datetime import timedelta
from decimal import Decimal
from typing import Final

from engine.feel.decimals import CONTEXT, ZERO, rounded
from engine.feel.library.registry import builtin
from engine.feel.values import YearsMonths

_ROUNDINGS: Final = {
    "decimal": decimal.ROUND_HALF_EVEN,
    "round up": decimal.ROUND_UP,
    "round down": decimal.ROUND_DOWN,
    "round half up": decimal.ROUND_HALF_UP,
    "round half down": decimal.ROUND_HALF_DOWN,
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
}


def _rounding(name: str, mode: str) -> None:
    scale = "scale:n?" if name in ("floor", "ceiling") else "scale:n"

    @builtin(name, f"n:n, {scale}")
    def _round(number: Decimal, digits: Decimal | None = ZERO) -> Decimal | None:
        return None if digits is None else rounded(number, digits, mode)


for _name, _mode in _ROUNDINGS.items():
    _rounding(_name, _mode)


@builtin("abs", "n:n", "n:dd|ym")
def _abs(value: Decimal | timedelta | YearsMonths) -> object:
    if isinstance(value, YearsMonths):
        return YearsMonths(abs(value.months))
    return CONTEXT.abs(value) if isinstance(value, Decimal) else abs(value)


@builtin("modulo", "dividend:n, divisor:n")
def _modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The remainder with the sign of the divisor."""
    remainder = CONTEXT.remainder(dividend, divisor)
    unlike = remainder and (remainder < 0) != (divisor < 0)
    return CONTEXT.add(remainder, divisor) if unlike else remainder


@builtin("sqrt", "number:n")
def _sqrt(number: Decimal) -> Decimal:
    return CONTEXT.sqrt(number)


@builtin("log", "number:n")
def _log(number: Decimal) -> Decimal | None:
    return CONTEXT.ln(number) if number > 0 else None


@builtin("exp", "number:n")
def _exp(number: Decimal) -> Decimal:
    return CONTEXT.exp(number)


@builtin("odd", "number:n")
def _odd(number: Decimal) -> bool:
    return abs(CONTEXT.remainder(number, Decimal(2))) == 1


@builtin("even", "number:n")
def _even(number: Decimal) -> bool:
    return CONTEXT.remainder(number, Decimal(2)) == 0
