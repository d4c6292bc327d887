"""Numbers: 34 digits, half even, IEEE 754 decimal128 range (DMN 1.5, section 10.3.2.3.1). Never the thread's context."""

import decimal
from decimal import Decimal
from typing import Final

CONTEXT: Final = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emax=6144,
    Emin=-6143,
    traps=[decimal.DivisionByZero, decimal.InvalidOperation, decimal.Overflow],
)
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
#: A larger scale changes nothing: no number has more digits than this after the point.
LARGEST_SCALE: Final = 6176
SMALLEST_SCALE: Final = -6111

#: What arithmetic on FEEL values raises when there is no result; it becomes null with a diagnostic.
NO_RESULT: Final = (decimal.DecimalException, OverflowError, ValueError, TypeError)


def rounded(number: Decimal, scale: Decimal, mode: str) -> Decimal | None:
    """`number` with `scale` digits after the point (before it, where negative); None when the scale is out of range.

    A fraction of a digit does not count: FEEL's scale is a whole number, and 2.5 is read as 2.
    """
    digits = int(scale)
    if not SMALLEST_SCALE <= digits <= LARGEST_SCALE:
        return None
    try:
        return number.quantize(ONE.scaleb(-digits), rounding=mode, context=CONTEXT)
    except decimal.InvalidOperation:
        return CONTEXT.plus(number)  # more digits than 34 would be needed, so nothing is there to round away


def total(numbers: list[Decimal]) -> Decimal:
    """The sum, rounded to 34 digits at each step as FEEL's `+` is."""
    result = ZERO
    for number in numbers:
        result = CONTEXT.add(result, number)
    return result


def mean(numbers: list[Decimal]) -> Decimal:
    """The arithmetic mean of a non-empty list."""
    return CONTEXT.divide(total(numbers), Decimal(len(numbers)))
