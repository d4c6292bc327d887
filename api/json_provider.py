"""JSON in and out of Flask with exact decimals: no request number ever passes through a binary float."""

from typing import Any

import msgspec
from flask.json.provider import JSONProvider

from engine.store import json_text

_answers = msgspec.json.Encoder(decimal_format="string", order="deterministic")


def write_answer(value: Any) -> bytes:
    """The JSON of an answer: decimals are text, so that no client rounds money through a binary float."""
    return _answers.encode(value)


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
