"""One value of one kind of field: is it of the right kind, and does it keep the rules? The words of the errors are those of form-js."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any, Final

from engine.forms.patterns import matches
from engine.forms.schema import Component
from engine.iso8601 import read_clock, read_day, read_moment
from engine.lexical import read_decimal

REQUIRED: Final = "Field is required."
_WESTERNMOST: Final = timezone(timedelta(hours=-12))
#: Characters of one text, whatever a form allows.
MAX_TEXT: Final = 20_000
_EMAIL: Final = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
_PHONE: Final = re.compile(r"(?:\+|00)[1-9]\d{5,28}\Z", re.ASCII)
#: What form-js sends, read as FEEL reads it, so that an expression can compute with whatever a form has taken.
_MOMENTS: Final[Mapping[str, tuple[Callable[[str], object], str]]] = {
    "date": (read_day, "Field must be a date."),
    "time": (partial(read_clock, feel=True), "Field must be a time."),
    "datetime": (lambda text: read_moment(text, feel=True) if "T" in text else None, "Field must be a date and time."),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A value as it is taken over, and what is wrong with it."""

    value: Any
    errors: tuple[str, ...] = ()


def is_empty(component: Component, value: Any) -> bool:
    """Whether a required field is missing: an unticked box counts, and zero does not."""
    return value is None or value in ("", []) or (component.type == "checkbox" and value is False)


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be chosen: the options, and the first day that is not past."""

    options: Sequence[Any]
    first_day: date


def first_day(now: datetime) -> date:
    """The day it is where it is earliest on Earth: nobody's today is past, wherever the browser is."""
    return now.astimezone(_WESTERNMOST).date()


def judge(component: Component, value: Any, rules: Mapping[str, Any], offered: Offered) -> Judged:
    """Judge a value that is not empty; `rules` are computed."""
    if component.type == "number":
        return _judge_number(component, value, rules)
    if component.type in {"textfield", "textarea"}:
        return _judge_text(value, rules)
    if component.type == "datetime":
        return _judge_moment(component, value, offered.first_day)
    if component.type == "checkbox":
        return Judged(value) if isinstance(value, bool) else Judged(None, ("Field must be yes or no.",))
    return _judge_choice(component, value, offered.options)


def as_number(value: Any) -> Decimal | None:
    """A finite number of a sane size, or None. Text counts, since exact numbers travel as text; True is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    text = value if isinstance(value, str) else repr(value) if isinstance(value, float) else _digits(value)
    return read_decimal(text, exponent=True) if text == text.strip() else None


def is_storable(text: str) -> bool:
    """Text that UTF-8 and the database can hold."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _digits(value: int | Decimal) -> str:
    """The digits of a number; an integer of thousands of digits is not written out."""
    if isinstance(value, int) and value.bit_length() > 128:  # noqa: PLR2004 - more than any amount has
        return ""
    return str(value)


def _judge_number(component: Component, value: Any, rules: Mapping[str, Any]) -> Judged:
    number = as_number(value)
    if number is None:
        return Judged(None, ("Value is not a number.",))
    return Judged(number, (*_grid_errors(component, number), *_range_errors(number, rules)))


def _grid_errors(component: Component, number: Decimal) -> Iterator[str]:
    digits = component.details.get("decimalDigits")
    decimals = max(0, -int(number.normalize().as_tuple().exponent))
    if isinstance(digits, int) and 0 <= digits < decimals:
        wanted = "be an integer" if digits == 0 else f"have at most {digits} decimal digit{'s' if digits > 1 else ''}"
        yield f"Value is expected to {wanted}."
    increment = as_number(component.details.get("increment"))
    if increment is not None and increment > 0 and abs(number) < increment * 10**20:
        offset = number % increment
        if offset:
            below = number - offset
            yield f"Please select a valid value, the two nearest valid values are {_plain(below)} and {_plain(below + increment)}."


def _range_errors(number: Decimal, rules: Mapping[str, Any]) -> Iterator[str]:
    low, high = as_number(rules.get("min")), as_number(rules.get("max"))
    if low is not None and number < low:
        yield f"Field must have minimum value of {_plain(low)}."
    if high is not None and number > high:
        yield f"Field must have maximum value of {_plain(high)}."


def _judge_text(value: Any, rules: Mapping[str, Any]) -> Judged:
    if not isinstance(value, str) or not is_storable(value):
        return Judged(None, ("Field must be text.",))
    return Judged(value, tuple(_text_errors(value, rules)))


def _text_errors(value: str, rules: Mapping[str, Any]) -> Iterator[str]:
    pattern = rules.get("pattern")
    if pattern and not matches(str(pattern), value):
        yield str(rules.get("patternErrorMessage") or f"Field must match pattern {pattern}.")
    length = len(value.strip().encode("utf-16-le")) // 2  # as JavaScript counts
    shortest, longest = as_number(rules.get("minLength")), as_number(rules.get("maxLength"))
    if shortest is not None and length < shortest:
        yield f"Field must have minimum length of {_plain(shortest)}."
    if length > (MAX_TEXT if longest is None else longest):
        yield f"Field must have maximum length of {_plain(Decimal(MAX_TEXT) if longest is None else longest)}."
    if rules.get("validationType") == "phone" and not _PHONE.search(value):
        yield "Field must be a valid  international phone number. (e.g. +4930664040900)"
    if rules.get("validationType") == "email" and not _EMAIL.fullmatch(value):
        yield "Field must be a valid email."


def _judge_moment(component: Component, value: Any, first: date) -> Judged:
    read, message = _MOMENTS[str(component.details.get("subtype", "date"))]
    found = read(value) if isinstance(value, str) else None
    return Judged(None, (message,)) if found is None else Judged(value, tuple(_moment_errors(component, found, first)))


def _moment_errors(component: Component, found: object, first: date) -> Iterator[str]:
    day = found.date() if isinstance(found, datetime) else found
    if component.details.get("disallowPassedDates") is True and isinstance(day, date) and day < first:
        yield "Date must not be in the past."
    interval = component.details.get("timeInterval")
    if isinstance(interval, int) and isinstance(found, datetime | time) and (found.minute % interval or found.second or found.microsecond):
        yield f"Time must be a multiple of {interval} minutes."


def _judge_choice(component: Component, value: Any, options: Sequence[Any]) -> Judged:
    many = component.type in {"checklist", "taglist"}
    if many != isinstance(value, list):
        return Judged(None, ("Not one of the options.",))
    chosen: list[Any] = []
    for item in value if many else [value]:
        known = next((option for option in options if _same(option, item)), None)
        if known is None or any(_same(known, other) for other in chosen):
            return Judged(None, ("Not one of the options." if known is None else "An option is chosen twice.",))
        chosen.append(known)
    return Judged(chosen if many else chosen[0])


def _same(option: Any, value: Any) -> bool:
    """Equal and of the same kind: 1 is not True, and 10.0 is 10."""
    if isinstance(option, bool) or isinstance(value, bool):
        return option is value
    if isinstance(option, int | float | Decimal) and isinstance(value, int | float | Decimal):
        return as_number(option) == as_number(value) is not None
    return type(option) is type(value) and bool(option == value)


def _plain(number: Decimal) -> str:
    """Without exponent and without needless zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
