"""Templates show nobody what they may not read: a field that `handlers.sight` hides is empty wherever a template names it."""

from typing import Any

from flask.templating import Environment

from api.requests import hidden_fields
from handlers.cases import Fact
from handlers.sight import SIGHTS, UNTOLD

_NAMED = frozenset(name for sight in SIGHTS for name in sight.fields)


class VeiledEnvironment(Environment):
    """Flask's environment of templates, with the table of what may be read between it and every value."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute` in a template."""
        hidden, told = _hidden(obj, attribute)
        return told if hidden else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]` in a template."""
        hidden, told = _hidden(obj, argument)
        return told if hidden else super().getitem(obj, argument)


def _hidden(obj: Any, name: Any) -> tuple[bool, Any]:
    if isinstance(obj, Fact):
        return name in UNTOLD and obj.name in _NAMED and obj.name in hidden_fields(), UNTOLD.get(name)
    return name in _NAMED and name in hidden_fields(), None
