"""What of a request is read, is read strictly: its body and parameters by their models, its address, and whatever was typed."""

from collections.abc import Callable, Iterator
from inspect import unwrap
from typing import Any, get_type_hints

from pydantic import BaseModel
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter

from engine.lexical import stray_character
from engine.problems import Invalid
from engine.strict_schema import read_strictly


class Number(IntegerConverter):
    """A number in an address: at most 18 ASCII digits, so that one thing has one address and a bigint holds it."""

    regex = r"[0-9]{1,18}"


def asked_with(view: Callable[..., Any]) -> Iterator[type[BaseModel]]:
    """The models that the body, the address and the query of an operation are read with."""
    hints = get_type_hints(unwrap(view))
    for part in ("body", "path", "query", "form"):
        if isinstance(hints.get(part), type) and issubclass(hints[part], BaseModel):
            yield hints[part]


def read_view_strictly(view: Callable[..., Any]) -> None:
    """Let every model that an operation is asked with take only what is written strictly."""
    for model in asked_with(view):
        read_strictly(model)


def refuse_stray_characters(given: MultiDict[str, str]) -> None:
    """What was typed or stands in the address holds no control characters; a body of JSON is looked at field by field."""
    errors = {
        name.encode("ascii", "replace").decode()[:100]: [f"must not contain the character U+{ord(stray):04X}"]
        for name, value in given.items(multi=True)
        if (stray := stray_character(name) or stray_character(value)) is not None
    }
    if errors:
        raise Invalid(
            f"{next(iter(errors))} contains a character that cannot be kept.",
            code="text_invalid",
            next_step="Correct the named fields.",
            errors=errors,
        )
