"""Values as FEEL text (what `string()` gives) and as JSON (what is stored and sent)."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from engine.feel.errors import FeelLimitExceeded, FeelValueError
from engine.feel.limits import MAX_NESTING, Run
from engine.feel.temporal import microseconds_of
from engine.feel.values import Function, Open, Range, YearsMonths, kind_of, to_feel

_PLAIN_KEY: Final = re.compile(r"[\w ?]+")


def text_of(value: object, run: Run) -> str | None:
    """The value as `string()` writes it; None for null and for functions. Pays for the text before joining it."""
    if isinstance(value, str):
        return value
    return None if value is None or isinstance(value, Function) else _literal(value, run)


def _literal(value: object, run: Run) -> str:
    run.charge(1)
    if isinstance(value, list):
        parts = [_literal(item, run) for item in value]
        return _joined("[", parts, "]", run)
    if isinstance(value, dict):
        parts = [f"{_key(key)}: {_literal(item, run)}" for key, item in value.items()]
        return _joined("{", parts, "}", run)
    if isinstance(value, Range):
        low, high = (_literal(None if end is Open.END else end, run) for end in (value.low, value.high))
        return f"{'[' if value.low_in else '('}{low} .. {high}{']' if value.high_in else ')'}"
    return scalar_text(value)


def _joined(opening: str, parts: list[str], closing: str, run: Run) -> str:
    run.grow_text(sum(map(len, parts)) + 2 * len(parts))
    return opening + ", ".join(parts) + closing


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def scalar_text(value: object) -> str:
    """A value that holds no others, as a FEEL literal would be read back."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, YearsMonths | timedelta):
        return duration_iso(value)
    if isinstance(value, datetime | time):
        return _zoned_text(value)
    return value.isoformat() if isinstance(value, date) else kind_of(value)


def number_text(number: Decimal) -> str:
    """Plain digits without an exponent."""
    return format(number, "f") if number else "0"


def _zoned_text(value: datetime | time) -> str:
    text = value.replace(tzinfo=None).isoformat()
    if "." in text:
        text = text.rstrip("0")
    key = getattr(value.tzinfo, "key", None)
    return f"{text}@{key}" if key else text + _offset_text(value.utcoffset())


def _offset_text(offset: timedelta | None) -> str:
    if offset is None:
        return ""
    seconds = int(abs(offset).total_seconds())
    if not seconds:
        return "Z"
    sign = "-" if offset < timedelta() else "+"
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}"


def duration_iso(value: timedelta | YearsMonths) -> str:
    """A duration as ISO 8601 text: `PT36H` is written `P1DT12H`, no time at all `PT0S`, no months `P0M`."""
    if isinstance(value, YearsMonths):
        years, months = divmod(abs(value.months), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return f"{'-' if value.months < 0 else ''}P{body or '0M'}"
    seconds, micros = divmod(abs(microseconds_of(value)), 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    fraction = f".{micros:06d}".rstrip("0") if micros else ""
    parts = ((seconds // 3600, "H"), (seconds // 60 % 60, "M"))
    clock = "".join(f"{number}{unit}" for number, unit in parts if number)
    if seconds % 60 or micros:
        clock += f"{seconds % 60}{fraction}S"
    body = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return f"{'-' if value < timedelta() else ''}P{body or 'T0S'}"


def to_json(value: object) -> object:
    """The value as data: decimals stay Decimal, dates, times and durations become ISO 8601 text.

    A zoned date and time is written with its offset (`2024-03-31T03:00:00+02:00`), which names the instant exactly and
    which every reader knows; the zone's name is lost. Raises FeelValueError for ranges and functions, which are no data,
    and FeelLimitExceeded for data that nest too deeply.
    """
    return _json(to_feel(value), MAX_NESTING)


def _json(value: object, depth: int) -> object:
    if value is None or isinstance(value, str | Decimal | bool):
        return value
    if not depth:
        raise FeelLimitExceeded(f"the result nests deeper than {MAX_NESTING} levels")
    if isinstance(value, Mapping):
        return {key: _json(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item, depth - 1) for item in value]
    if isinstance(value, YearsMonths | timedelta):
        return duration_iso(value)
    if isinstance(value, datetime | time):
        return _with_offset(value)
    if isinstance(value, date):
        return value.isoformat()
    raise FeelValueError(f"A {kind_of(value)} is not data and cannot be kept or sent.")


def _with_offset(value: datetime | time) -> str:
    offset = value.utcoffset()
    if value.tzinfo is not None and offset is None:
        return _zoned_text(value)  # a time of day in a named zone has no offset of its own
    return value.replace(tzinfo=None).isoformat() + _offset_text(offset)
