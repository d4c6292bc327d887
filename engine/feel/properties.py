"""What `value.name` gives: entries of contexts, parts of dates and durations, ends of ranges (DMN 1.5, section 10.3.2.6)."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from engine.feel.decimals import CONTEXT
from engine.feel.values import Open, Range, YearsMonths

Getter = Callable[[Any], object]


def _number(attribute: str) -> Getter:
    return lambda value: Decimal(getattr(value, attribute))


def _signed(value: timedelta, number: int | Decimal) -> Decimal:
    return CONTEXT.minus(Decimal(number)) if value < timedelta() and number else Decimal(number)


def _seconds(value: timedelta) -> Decimal:
    size = abs(value)
    fraction = Decimal(size.microseconds).scaleb(-6) if size.microseconds else Decimal(0)
    return _signed(value, CONTEXT.add(Decimal(size.seconds % 60), fraction))


def _months(value: YearsMonths, part: int) -> Decimal:
    size = divmod(abs(value.months), 12)[part]
    return Decimal(-size if value.months < 0 else size)


_DATE: Final[dict[str, Getter]] = {
    "year": _number("year"),
    "month": _number("month"),
    "day": _number("day"),
    "weekday": lambda value: Decimal(value.isoweekday()),
}
_TIME: Final[dict[str, Getter]] = {
    "hour": _number("hour"),
    "minute": _number("minute"),
    "second": _number("second"),
    "time offset": lambda value: value.utcoffset(),
    "timezone": lambda value: getattr(value.tzinfo, "key", None),
}
PROPERTIES: Final[dict[type, Mapping[str, Getter]]] = {
    date: _DATE,
    time: _TIME,
    datetime: {**_DATE, **_TIME},
    YearsMonths: {"years": lambda value: _months(value, 0), "months": lambda value: _months(value, 1)},
    timedelta: {
        "days": lambda value: _signed(value, abs(value).days),
        "hours": lambda value: _signed(value, abs(value).seconds // 3600),
        "minutes": lambda value: _signed(value, abs(value).seconds // 60 % 60),
        "seconds": _seconds,
    },
    Range: {
        "start": lambda value: None if value.low is Open.END else value.low,
        "end": lambda value: None if value.high is Open.END else value.high,
        "start included": lambda value: value.low_in,
        "end included": lambda value: value.high_in,
    },
}


def property_of(value: object, name: str) -> object:
    """The named part of a value; of a list, the list of its items' parts; None when there is no such part."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list):
        return [property_of(item, name) for item in value]
    getter = PROPERTIES.get(type(value), {}).get(name)
    return None if getter is None else getter(value)
