"""JSON in and out of Flask with exact decimals: no request number ever passes through a binary float."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask.json.provider import JSONProvider
from pydantic import BaseModel

from engine.store import json_text

_answers = msgspec.json.Encoder(decimal_format="string", order="deterministic")


def write_answer(value: Any) -> bytes:
    """The JSON of an answer: decimals are text, so that no client rounds money through a binary float."""
    return _answers.encode(value)


def in_utc(value: Any) -> Any:
    """An answer with its moments in UTC, as RFC 3339 writes them with a Z: the database gives them in the company's zone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if isinstance(value, BaseModel):
        return value.model_copy(update=_changed({name: getattr(value, name) for name in type(value).model_fields}))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **_changed({field.name: getattr(value, field.name) for field in fields(value) if field.init}))
    if isinstance(value, Mapping):
        return {key: in_utc(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        moved = [in_utc(item) for item in value]
        return tuple(moved) if isinstance(value, tuple) else moved  # a model's tuple stays one: its serializer looks
    return value


def _changed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: moved for name, item in values.items() if (moved := in_utc(item)) is not item}


def as_it_is(value: Any) -> msgspec.Raw:
    """Process data inside an answer: JSON exactly as the instance holds it, numbers as numbers."""
    return msgspec.Raw(json_text.encode(value))


class ExactJSON(JSONProvider):
    """Flask's JSON on `engine.store.json_text`."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Write JSON text."""
        return json_text.encode(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read JSON; numbers with a point become `Decimal`. Raises ValueError when it is none (NaN and Infinity are none)."""
        return json_text.decode(s)
