"""Equality, order and arithmetic on FEEL values, with null wherever the standard gives no result (DMN 1.5, section 10.3.2)."""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from engine.feel.decimals import CONTEXT, ONE
from engine.feel.limits import Run
from engine.feel.temporal import instant, microseconds_of, negate, seconds_of, shift
from engine.feel.values import Function, Open, Range, YearsMonths, as_index
from engine.iso8601 import on_clock

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


def _equal_moments(left: datetime, right: datetime, _run: Run) -> bool:
    if (left.tzinfo is None) != (right.tzinfo is None):
        return False
    return instant(left) == instant(right)


def _equal_times(left: time, right: time, _run: Run) -> bool:
    if (left.tzinfo is None) != (right.tzinfo is None):
        return False
    if left.utcoffset() is None:
        return left.replace(tzinfo=None) == right.replace(tzinfo=None) and str(left.tzinfo) == str(right.tzinfo)
    return left == right


def _equal_ranges(left: Range, right: Range, run: Run) -> bool:
    if (left.low_in, left.high_in) != (right.low_in, right.high_in):
        return False
    return equal(left.low, right.low, run) is True and equal(left.high, right.high, run) is True


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
    if isinstance(left, datetime | time) and isinstance(right, datetime | time):
        if (left.tzinfo is None) != (right.tzinfo is None):
            return None
        if isinstance(left, datetime) and isinstance(right, datetime):
            return test(instant(left), instant(right))
    try:
        return test(left, right)
    except TypeError:  # two times of day, one in a named zone, the other with an offset
        return None


def contains(interval: Range, value: object) -> bool | None:
    """Whether the value lies within the range; None where an end is null and the other one does not exclude it."""
    low = interval.low is Open.END or order(operator.ge if interval.low_in else operator.gt, value, interval.low)
    high = interval.high is Open.END or order(operator.le if interval.high_in else operator.lt, value, interval.high)
    return both(low, high)


def matches_test(value: object, expected: object, run: Run) -> bool | None:
    """Whether `value` passes a unary test that evaluated to `expected`: a value, a range or a list of them.

    None when either is null: what is not known passes nothing, and nothing is known to be unlike it.
    """
    if value is None or expected is None:
        return None
    if isinstance(expected, Range):
        return equal(value, expected, run) if isinstance(value, Range) else contains(expected, value)
    if isinstance(expected, list):
        run.charge(len(expected))
        if isinstance(value, list) and equal(value, expected, run) is True:
            return True
        return any(matches_test(value, item, run) is True for item in expected)
    return equal(value, expected, run)


def meets_condition(value: object, holds: object, run: Run) -> bool | None:
    """Whether `value` passes a test that is a condition without `?`: one that holds passes any value but null, or else its equal."""
    return holds if value is not None and isinstance(holds, bool) and not isinstance(value, bool) else matches_test(value, holds, run)


def _months_times(months: YearsMonths, number: Decimal) -> YearsMonths:
    return YearsMonths(int(CONTEXT.multiply(Decimal(months.months), number)))


def _months_by(months: YearsMonths, number: Decimal) -> YearsMonths:
    return YearsMonths(int(CONTEXT.divide(Decimal(months.months), number)))


def _duration_times(duration: timedelta, number: Decimal) -> timedelta:
    return timedelta(microseconds=int(CONTEXT.multiply(Decimal(microseconds_of(duration)), number)))


def _duration_by(duration: timedelta, number: Decimal) -> timedelta:
    return timedelta(microseconds=int(CONTEXT.divide(Decimal(microseconds_of(duration)), number)))


def _power(base: Decimal, exponent: Decimal) -> Decimal | None:
    if not base and not exponent:
        return ONE  # IEEE 754-2008, section 9.2.1; the decimal module calls it undefined
    result = CONTEXT.power(base, exponent)
    return result if result.is_finite() else None  # 0 ** -1 is infinite without any signal


def _moment(value: date) -> datetime:
    """A date meets a date and time as its midnight in UTC."""
    return instant(value) if isinstance(value, datetime) else on_clock(value, time(), UTC)


def _between_times(left: time, right: time) -> timedelta:
    return datetime.combine(date.min, left) - datetime.combine(date.min, right)


Operation = Callable[[Any, Any], object]
Table = Mapping[tuple[type, type], Operation]

_PLUS: Final[Table] = {
    (Decimal, Decimal): CONTEXT.add,
    (str, str): operator.add,
    (timedelta, timedelta): operator.add,
    (YearsMonths, YearsMonths): lambda left, right: YearsMonths(left.months + right.months),
    **{(moment, duration): shift for moment in TEMPORAL for duration in DURATIONS},
    **{(duration, moment): lambda left, right: shift(right, left) for moment in TEMPORAL for duration in DURATIONS},
}
_MINUS: Final[Table] = {
    (Decimal, Decimal): CONTEXT.subtract,
    (timedelta, timedelta): operator.sub,
    (date, date): operator.sub,
    (time, time): _between_times,
    (datetime, datetime): lambda left, right: instant(left) - instant(right),
    (datetime, date): lambda left, right: _moment(left) - _moment(right),
    (date, datetime): lambda left, right: _moment(left) - _moment(right),
    (YearsMonths, YearsMonths): lambda left, right: YearsMonths(left.months - right.months),
    **{(moment, duration): lambda left, right: shift(left, negate(right)) for moment in TEMPORAL for duration in DURATIONS},
}
_TIMES: Final[Table] = {
    (Decimal, Decimal): CONTEXT.multiply,
    (YearsMonths, Decimal): _months_times,
    (Decimal, YearsMonths): lambda left, right: _months_times(right, left),
    (timedelta, Decimal): _duration_times,
    (Decimal, timedelta): lambda left, right: _duration_times(right, left),
}
_DIVIDED: Final[Table] = {
    (Decimal, Decimal): CONTEXT.divide,
    (YearsMonths, Decimal): _months_by,
    (timedelta, Decimal): _duration_by,
    (YearsMonths, YearsMonths): lambda left, right: CONTEXT.divide(Decimal(left.months), Decimal(right.months)),
    (timedelta, timedelta): lambda left, right: CONTEXT.divide(seconds_of(left), seconds_of(right)),
}
_POWER: Final[Table] = {(Decimal, Decimal): _power}

#: What each operator means for which types; nothing here means null. The operations may raise what NO_RESULT names.
ARITHMETIC: Final[dict[str, Table]] = {"+": _PLUS, "-": _MINUS, "*": _TIMES, "/": _DIVIDED, "**": _POWER}


def plus(left: object, right: object) -> object:
    """`left + right`; None when these types do not add. May raise what NO_RESULT names."""
    operate = _PLUS.get((type(left), type(right)))
    return None if operate is None else operate(left, right)


def minus_sign(value: object) -> object:
    """`-value` of a number or duration; None otherwise."""
    if isinstance(value, Decimal):
        return CONTEXT.minus(value)
    return negate(value) if isinstance(value, timedelta | YearsMonths) else None


def make_range(low: object, high: object, *, low_in: bool, high_in: bool) -> Range | None:
    """The range between two ends of one ordered type in order (one may be null or open, not both); None otherwise."""
    ends = [end for end in (low, high) if end is not None and end is not Open.END]
    if not ends or any(type(end) not in ORDERED for end in ends):
        return None
    if len(ends) == 2 and order(operator.le, *ends) is not True:  # noqa: PLR2004  # both ends are known
        return None
    return Range(low, high, low_in and low in ends, high_in and high in ends)


def item_at(items: list[object], position: Decimal) -> object:
    """The item at a position counted from 1, from the end where negative; None outside the list."""
    index = as_index(position)
    if index is None or index == 0 or abs(index) > len(items):
        return None
    return items[index - 1 if index > 0 else index]
