"""Variables as Camunda's clients send and take them, `{value, type, valueInfo}` by name; what we cannot keep is refused.

A decimal goes out as Double while fifteen digits hold all of it, for so many come back exactly as they were; a longer one as String. A text
that is a moment to the millisecond goes out as Date. Both come back as what they were.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from engine.problems import Invalid
from engine.store import json_text

_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%f%z"
#: RFC 3339 with at most milliseconds: what a Date of theirs can say without loss.
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)")
_DIGITS_OF_A_DOUBLE: Final = 15
_OTHERWISE: Final = "send a text, number, date or Json"
_DOCUMENT: Final = "keep the document where documents are kept, and send its address as a text"
_INSTEAD: Final[Mapping[str, str]] = {"file": _DOCUMENT, "bytes": _DOCUMENT}
_BITS: Final = {"short": 16, "integer": 32, "long": 64}


class _WrongError(Exception):
    """Why a value is none of its type."""


def read_variables(given: Any) -> dict[str, Any]:
    """The values by name. Raises Invalid with the errors by variable.

    A type is told in any capitals; without one the value is taken as the JSON it is. Dates become RFC 3339 text in UTC, Json and Object (as
    JSON) what they hold. Bytes, files, XML, serialised Java objects and transient variables are refused.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Invalid("The variables are no JSON object.", code="variables", next_step='Send {"name": {"value": …, "type": "String"}}.')
    found: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, variable in given.items():
        try:
            found[name] = _value(variable)
        except _WrongError as wrong:
            errors[name] = [str(wrong)]
    if errors:
        told = "; ".join(f"{name} {messages[0]}" for name, messages in errors.items())
        raise Invalid(f"Variables cannot be taken: {told}.", code="variables", next_step="Correct them and start again.", errors=errors)
    return found


def write_variables(variables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The variables as clients take them. Lists and contexts go as the text of their JSON."""
    return {name: {"value": value, "type": kind, "valueInfo": {}} for name, (kind, value) in _written(variables)}


def _written(variables: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, Any]]]:
    for name, value in variables.items():
        writer = _WRITERS.get(type(value), _as_json)
        yield name, writer(value)


def _write_whole(value: int) -> tuple[str, Any]:
    kind = next((kind for kind in ("integer", "long") if -(1 << _BITS[kind] - 1) <= value < 1 << _BITS[kind] - 1), None)
    return (kind.capitalize(), value) if kind else ("String", str(value))


def _write_number(value: Decimal) -> tuple[str, Any]:
    exact = len(value.normalize().as_tuple().digits) <= _DIGITS_OF_A_DOUBLE
    return ("Double", float(value)) if exact else ("String", format(value, "f"))


def _write_text(value: str) -> tuple[str, Any]:
    if not _INSTANT.fullmatch(value):
        return "String", value
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return "String", value
    return "Date", f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}{at:%z}"


def _as_json(value: Any) -> tuple[str, Any]:
    return "Json", json_text.encode(value).decode()


def _value(variable: Any) -> Any:
    if not isinstance(variable, Mapping):
        raise _WrongError('is no object such as {"value": 1, "type": "Integer"}')
    info = variable.get("valueInfo") or {}
    if info.get("transient"):
        raise _WrongError("is transient, and every variable here is kept")
    kind, value = str(variable.get("type") or "").lower(), variable.get("value")
    if value is None or not kind:
        return value
    reader = _READERS.get(kind)
    if reader is None:
        raise _WrongError(f"has the type {variable.get('type')!r}, which is not taken; {_INSTEAD.get(kind, _OTHERWISE)}")
    return reader(value, kind, info)


def _boolean(value: Any, _kind: str, _info: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError("is neither true nor false")
    return value


def _string(value: Any, _kind: str, _info: Any) -> str:
    if not isinstance(value, str):
        raise _WrongError("is no text")
    return value


def _whole(value: Any, kind: str, _info: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _WrongError("is no whole number")
    limit = 1 << (_BITS[kind] - 1)
    if not -limit <= value < limit:
        raise _WrongError(f"is too large for its type {kind.capitalize()}")
    return value


def _number(value: Any, _kind: str, _info: Any) -> Decimal | int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _WrongError("is no number")
    return value


def _date(value: Any, _kind: str, _info: Any) -> str:
    try:
        at = datetime.strptime(value, _MOMENT)  # noqa: DTZ007  # the zone is in the pattern, by another name
    except (TypeError, ValueError):
        raise _WrongError("is no date such as 2026-11-30T10:00:00.000+0000") from None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: Any, _kind: str, _info: Any) -> Any:
    if not isinstance(value, str):
        return value  # some clients send the list or object itself
    try:
        return json_text.decode(value)
    except ValueError:
        raise _WrongError("is no JSON") from None


def _object(value: Any, kind: str, info: Mapping[str, Any]) -> Any:
    if info.get("serializationDataFormat") != "application/json":
        raise _WrongError("is a serialised object; only the format application/json is taken")
    return _json(value, kind, info)


def _null(_value: Any, _kind: str, _info: Any) -> None:
    raise _WrongError("has the type Null and a value")


_READERS: Final[Mapping[str, Callable[[Any, str, Any], Any]]] = {
    "boolean": _boolean,
    "string": _string,
    "short": _whole,
    "integer": _whole,
    "long": _whole,
    "double": _number,
    "date": _date,
    "json": _json,
    "object": _object,
    "null": _null,
}
_WRITERS: Final[Mapping[type, Callable[[Any], tuple[str, Any]]]] = {
    type(None): lambda value: ("Null", value),
    bool: lambda value: ("Boolean", value),
    int: _write_whole,
    Decimal: _write_number,
    str: _write_text,
}
