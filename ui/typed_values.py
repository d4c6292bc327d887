"""Variables and results as fields to type in, each by its type: text, number, yes or no, a choice; JSON only for lists and contexts."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec
from flask import request

from engine.problems import Invalid
from engine.store import json_text
from engine.task_catalogue import FieldOfTask

_YES: Final = "yes"
_NO: Final = "no"
_MANY_LETTERS: Final = 80
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,29})(\.\d{1,30})?")


@dataclass(frozen=True, slots=True)
class TypedField:
    """A field: `kind` is text, long, number, flag, choice, day, moment or json; `text` is what it holds when nobody has typed."""

    name: str
    kind: str
    text: str = ""
    hint: str = ""
    choices: Sequence[str] = ()
    required: bool = False


def of_variables(variables: Mapping[str, Any]) -> list[TypedField]:
    """A field for each variable, by the type of its value."""
    return [TypedField(name, _kind(value), _text(value)) for name, value in sorted(variables.items())]


def of_result(fields: Iterable[FieldOfTask]) -> list[TypedField]:
    """A field for each part of a service task's result, as the catalogue describes it."""
    return [
        TypedField(each.name, _kind_of_part(each), "", f"{each.said}. {each.meaning}".strip(), each.choices, each.required)
        for each in fields
    ]


def read_changed(fields: Iterable[TypedField], prefix: str) -> dict[str, Any]:
    """The values of the fields that hold something else than before. Raises Invalid with the errors by field."""
    return _read(fields, prefix, lambda each, text: text is not None and text != each.text)


def read_given(fields: Iterable[TypedField], prefix: str) -> dict[str, Any]:
    """The values of the fields that hold anything. Raises Invalid with the errors by field, also where a required one is empty."""
    listed = list(fields)
    missing = {f"{prefix}{each.name}": ["is missing"] for each in listed if each.required and not _typed(each, prefix)}
    if missing:
        raise _wrong(missing)
    return _read(listed, prefix, lambda _each, text: bool(text))


def _read(fields: Iterable[TypedField], prefix: str, counts: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for each in fields:
        text = _typed(each, prefix)
        if not counts(each, text):
            continue
        try:
            found[each.name] = _value(each.kind, text or "")
        except ValueError as wrong:
            errors[f"{prefix}{each.name}"] = [str(wrong)]
    if errors:
        raise _wrong(errors)
    return found


def _typed(each: TypedField, prefix: str) -> str | None:
    text = request.form.get(f"{prefix}{each.name}")
    return None if text is None else text.replace("\r\n", "\n")


def _value(kind: str, text: str) -> Any:
    if kind == "flag":
        return text == _YES
    if kind == "number":
        if not _NUMBER.fullmatch(text.strip()):
            raise ValueError("must be a number, such as 12.50")
        return _json(text.strip())
    return _json(text) if kind == "json" else text


def _json(text: str) -> Any:
    try:
        return json_text.decode(text)
    except msgspec.DecodeError:
        raise ValueError("must be JSON: a text in quotes, a number, true, a list or an object") from None


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, str):
        return "long" if len(value) > _MANY_LETTERS or "\n" in value else "text"
    return "json"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, str) else json_text.encode(value).decode()


def _kind_of_part(part: FieldOfTask) -> str:
    if part.choices:
        return "choice"
    return _PARTS.get(part.type, "json")


_PARTS: Final = {"boolean": "flag", "number": "number", "string": "text", "date": "day", "date and time": "text", "time": "text"}


def _wrong(errors: dict[str, list[str]]) -> Invalid:
    return Invalid("Some values cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
