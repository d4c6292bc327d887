"""Equality, order and arithmetic on FEEL values, with null wherever the standard gives no result (DMN 1.5, section 10.3.2)."""

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from engine.feel.decimals import CONTEXT
from engine.feel.limits import Run
from engine.feel.temporal import combine, instant, microseconds_of, negate, seconds_of, shift
from engine.feel.values import Function, Range, YearsMonths, as_index

ORDERED: Final = frozenset({Decimal, str, date, datetime, time, timedelta, YearsMonths})
TEMPORAL: Final = frozenset({date, datetime, time})
DURATIONS: Final = frozenset({timedelta, YearsMonths})
Order = Callable[[Any, Any], bool]


def both(left: object, right: object) -> bool | None:
    """Three-valued `and`."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def inverse(value: object) -> bool | None:
    """Three-valued `not`."""
    return not value if isinstance(value, bool) else None


def equal(left: object, right: object, run: Run) -> bool | None:
    """Whether two values are the same; None when their types differ (comparing with null itself is allowed)."""
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is not type(right):
        return None
    if kind in _EQUALITIES:
        return _EQUALITIES[kind](left, right, run)
    return bool(left == right)


def _all_equal(pairs: list[tuple[object, object]], run: Run) -> bool | None:
    run.charge(len(pairs))
    result: bool | None = True
    for left, right in pairs:
        result = both(result, equal(left, right, run))
        if result is False:
            return False
    return result


def _equal_lists(left: list[object], right: list[object], run: Run) -> bool | None:
    return _all_equal(list(zip(left, right, strict=True)), run) if len(left) == len(right) else False


def _equal_contexts(left: dict[str, object], right: dict[str, object], run: Run) -> bool | None:
    return _all_equal([(left[key], right[key]) for key in left], run) if left.keys() == right.keys() else False


def _equal_moments(left: datetime, right: datetime, _run: Run) -> bool | None:
    if (left.tzinfo is None) != (right.tzinfo is None):
        return None
    return instant(left) == instant(right)


def _equal_times(left: time, right: time, _run: Run) -> bool | None:
    if (left.tzinfo is None) != (right.tzinfo is None):
        return None
    if left.utcoffset() is None:
        return left.replace(tzinfo=None) == right.replace(tzinfo=None) and str(left.tzinfo) == str(right.tzinfo)
    return left == right


def _equal_ranges(left: Range, right: Range, run: Run) -> bool | None:
    same_ends = (left.low_in, left.high_in) == (right.low_in, right.high_in)
    return both(same_ends, both(equal(left.low, right.low, run), equal(left.high, right.high, run)))


def _equal_functions(_left: Function, _right: Function, _run: Run) -> None:
    return None


_EQUALITIES: Final[dict[type, Callable[[Any, Any, Run], bool | None]]] = {
    list: _equal_lists,
    dict: _equal_contexts,
    datetime: _equal_moments,
    time: _equal_times,
    Range: _equal_ranges,
    Function: _equal_functions,
}


def order(test: Order, left: object, right: object) -> bool | None:
    """Apply `<`, `<=`, `>` or `>=` (as in module operator) to two values of one ordered type; None otherwise."""
    kind = type(left)
    if kind is not type(right) or kind not in ORDERED:
        return None
    if isinstance(left, datetime) and isinstance(right, datetime):
        if (left.tzinfo is None) != (right.tzinfo is None):
            return None
        return test(instant(left), instant(right))
    try:
        return test(left, right)
    except TypeError:  # a local and a zoned time of day
        return None


def contains(interval: Range, value: object) -> bool | None:
    """Whether the value lies within the range."""
    low = interval.low is None or order(operator.ge if interval.low_in else operator.gt, value, interval.low)
    high = interval.high is None or order(operator.le if interval.high_in else operator.lt, value, interval.high)
    return both(low, high)


def matches_test(value: object, expected: object, run: Run) -> bool | None:
    """Whether `value` passes a unary test that evaluated to `expected`: a value, a range, a list of them, or a boolean."""
    if isinstance(expected, Range):
        return equal(value, expected, run) if isinstance(value, Range) else contains(expected, value)
    if isinstance(expected, list):
        run.charge(len(expected))
        if isinstance(value, list) and equal(value, expected, run) is True:
            return True
        return any(matches_test(value, item, run) is True for item in expected)
    if expected is True and not isinstance(value, bool):
        return True  # the test is a condition of its own, which holds
    return equal(value, expected, run)


def plus(left: object, right: object) -> object:
    """`left + right`; None when these types do not add. May raise what NO_RESULT names."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return CONTEXT.add(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, date | time) and isinstance(right, timedelta | YearsMonths):
        return shift(left, right)
    if isinstance(left, timedelta | YearsMonths) and isinstance(right, date | time):
        return shift(right, left)
    if isinstance(left, YearsMonths) and isinstance(right, YearsMonths):
        return YearsMonths(left.months + right.months)
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return left + right
    return None


def minus(left: object, right: object) -> object:
    """`left - right`; None when these types do not subtract. May raise what NO_RESULT names."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return CONTEXT.subtract(left, right)
    if isinstance(left, date | time) and isinstance(right, timedelta | YearsMonths):
        return shift(left, negate(right))
    if isinstance(left, YearsMonths) and isinstance(right, YearsMonths):
        return YearsMonths(left.months - right.months)
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return left - right
    if isinstance(left, date) and isinstance(right, date):
        return _moment(left) - _moment(right) if type(left) is not type(right) else _between(left, right)
    if isinstance(left, time) and isinstance(right, time):
        return datetime.combine(date.min, left) - datetime.combine(date.min, right)
    return None


def _between(left: date, right: date) -> timedelta:
    if isinstance(left, datetime) and isinstance(right, datetime):
        return instant(left) - instant(right)
    return left - right


def _moment(value: date) -> datetime:
    """A date meets a date and time as its midnight in UTC."""
    return instant(value) if isinstance(value, datetime) else combine(value, time(), UTC)


def times(left: object, right: object) -> object:
    """`left * right`; None when these types do not multiply. May raise what NO_RESULT names."""
    if isinstance(left, Decimal):
        if isinstance(right, Decimal):
            return CONTEXT.multiply(left, right)
        left, right = right, left
    if isinstance(left, YearsMonths) and isinstance(right, Decimal):
        return YearsMonths(int(CONTEXT.multiply(Decimal(left.months), right)))
    if isinstance(left, timedelta) and isinstance(right, Decimal):
        return timedelta(microseconds=int(CONTEXT.multiply(Decimal(microseconds_of(left)), right)))
    return None


def divide(left: object, right: object) -> object:
    """`left / right`; None when these types do not divide. May raise what NO_RESULT names."""
    if isinstance(right, Decimal):
        if isinstance(left, Decimal):
            return CONTEXT.divide(left, right)
        if isinstance(left, YearsMonths):
            return YearsMonths(int(CONTEXT.divide(Decimal(left.months), right)))
        if isinstance(left, timedelta):
            return timedelta(microseconds=int(CONTEXT.divide(Decimal(microseconds_of(left)), right)))
    if isinstance(left, YearsMonths) and isinstance(right, YearsMonths):
        return CONTEXT.divide(Decimal(left.months), Decimal(right.months))
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return CONTEXT.divide(seconds_of(left), seconds_of(right))
    return None


def power(left: object, right: object) -> object:
    """`left ** right` of two numbers; None otherwise. May raise what NO_RESULT names."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return CONTEXT.power(left, right)
    return None


def minus_sign(value: object) -> object:
    """`-value` of a number or duration; None otherwise."""
    if isinstance(value, Decimal):
        return CONTEXT.minus(value)
    return negate(value) if isinstance(value, timedelta | YearsMonths) else None


ARITHMETIC: Final[dict[str, Callable[[object, object], object]]] = {
    "+": plus,
    "-": minus,
    "*": times,
    "/": divide,
    "**": power,
}


def make_range(low: object, high: object, *, low_in: bool, high_in: bool) -> Range | None:
    """The range between two ends of one ordered type in order (either may be open, not both); None otherwise."""
    if low is None and high is None:
        return None
    if low is not None and high is not None and order(operator.le, low, high) is not True:
        return None
    if any(end is not None and type(end) not in ORDERED for end in (low, high)):
        return None
    return Range(low, high, low_in and low is not None, high_in and high is not None)


def item_at(items: list[object], position: Decimal) -> object:
    """The item at a position counted from 1, from the end where negative; None outside the list."""
    index = as_index(position)
    if index is None or index == 0 or abs(index) > len(items):
        return None
    return items[index - 1 if index > 0 else index]
