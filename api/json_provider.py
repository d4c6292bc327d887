"""JSON in and out of Flask with exact decimals: no request number ever passes through a binary float."""

from typing import Any

from flask.json.provider import JSONProvider

from engine.store import json_text


class ExactJSON(JSONProvider):
    """Flask's JSON on `engine.store.json_text`."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Write JSON text."""
        return json_text.encode(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read JSON; numbers with a point become `Decimal`. Raises ValueError when it is none (NaN and Infinity are none)."""
        return json_text.decode(s)
