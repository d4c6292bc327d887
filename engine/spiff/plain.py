"""Brings whatever a handler, a form or a message gave into JSON-like values with exact decimals, in new containers."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

import msgspec

from engine.feel import to_json
from engine.problems import Invalid, TooLarge

MAX_DEPTH: Final = 60
#: Bytes that one step may write.
MAX_BYTES: Final = 65_536
#: Digits before the point of a number that is a key.
_LONGEST_NUMBER: Final = 60
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_NUL_TEXT: Final = b'"\\u0000"'
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ATOMS: Final = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:
    """The value as JSON-like data. Raises Invalid for what is not data, or nests too deeply."""
    return _plain(value, MAX_DEPTH)


def plain_mapping(value: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The named values as JSON-like data. Raises Invalid when they are no mapping or not data."""
    if not isinstance(value, Mapping):
        raise Invalid(f"{what} must be named values, not {type(value).__name__}.", next_step="Give a context such as { approved: true }.")
    found = {str(key): _plain(item, MAX_DEPTH) for key, item in value.items()}
    within_limit(found)
    return found


def key_mapping(value: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Correlation keys in their canonical form. Raises Invalid for what is no key."""
    return {name: None if item is None else key_text(item, f"{name} in {what}") for name, item in plain_mapping(value, what).items()}


def key_text(value: Any, what: str) -> str:
    """A key as the text it is known by: 4711, 4711.0 and "4711" name the same thing. Raises Invalid for what is no key."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | Decimal) and Decimal(value).adjusted() <= _LONGEST_NUMBER:
        return _number_text(Decimal(value))
    raise Invalid(f"{what} is no key.", code="correlation", next_step="Give a text, a number or true/false.")


def _number_text(number: Decimal) -> str:
    whole, point, fraction = format(number, "f").partition(".")
    text = (whole + point + fraction.rstrip("0")).removesuffix(".")
    return "0" if text == "-0" else text


def within_limit(value: Any) -> None:
    """Raises TooLarge when a value is more than process variables are for, Invalid when it holds text that no database keeps."""
    if not isinstance(value, str | list | dict) or not value:
        return
    try:
        written = _encoder.encode(value)
    except UnicodeEncodeError:
        written = _NUL_TEXT
    if len(written) > MAX_BYTES or b"\\u0000" in written:
        _refuse(written)


def _refuse(written: bytes) -> None:
    if _NUL.search(written):
        raise Invalid("A text holds a character that cannot be kept (NUL or half a surrogate pair).", next_step="Remove the character.")
    if len(written) > MAX_BYTES:
        raise TooLarge(
            f"A value of {len(written)} bytes is too large for process variables, which take {MAX_BYTES}.",
            code="variables_too_large",
            next_step="Keep the document outside and its id in the variables.",
        )


def keepable(text: str) -> str:
    """What the outside said, such as an error's text, with the characters replaced that no database keeps."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if depth == 0:
        raise Invalid(f"The value nests deeper than {MAX_DEPTH} levels.", next_step="Keep documents outside and refer to them by id.")
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth - 1) for item in value]
    if isinstance(value, Enum):
        return _plain(value.value, depth - 1)
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise Invalid(f"{value} is not a number that can be kept.", next_step="Give a finite number or null.")
        return value
    if isinstance(value, str | int):
        return value
    if isinstance(value, datetime | date | time | timedelta):
        return to_json(value)
    if isinstance(value, UUID):
        return str(value)
    raise Invalid(f"A variable cannot hold a {type(value).__name__}.", next_step="Give text, numbers, true/false, lists or named values.")
