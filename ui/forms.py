"""Reads what a person typed into a form by the types of a draft, and says beside which field what is wrong."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from flask import request
from pydantic import TypeAdapter, ValidationError

from engine.iso8601 import read_day
from engine.problems import Invalid
from engine.store import json_text
from engine.strict_schema import strict_adapter

_SHORTEST_REASON = 3
#: What is said beside a day that is none.
NO_DAY = "is no day such as 2026-11-30"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form: how it is labelled, what is said of it, and what may be chosen."""

    name: str
    label: str
    hint: str = ""
    choices: tuple[str, ...] = ()
    wide: bool = False


def read_form(draft: type[Any], given: Mapping[str, str], names: Iterable[str]) -> dict[str, Any]:
    """The values of the named fields, typed as the draft has them. Raises Invalid with the errors by field."""
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name in names:
        kind, empty, adapter = _reader(cast(Hashable, draft), name)
        text = given.get(name, "").strip()
        if kind is bool:
            values[name] = text == "on"
        elif not text and (empty or kind is str):
            values[name] = None if empty else ""
        else:
            try:
                values[name] = adapter.validate_python(text)
            except ValidationError:
                errors[name] = [_WANTED.get(kind, "cannot be read")]
    if errors:
        raise Invalid("Some fields cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    return values


def reason() -> str:
    """Why it is done, as the form says. Raises Invalid when it does not say."""
    given = request.form.get("reason", "").strip()[:2000]
    if len(given) < _SHORTEST_REASON:
        raise Invalid(
            "A reason is missing.",
            code="reason_missing",
            next_step="Write why, in a few words: it goes to the audit log.",
            errors={"reason": ["is missing"]},
        )
    return given


def day_of(written: str, name: str) -> date:
    """The day that a field or a parameter of the address holds. Raises Invalid naming it."""
    found = read_day(written.strip())
    if found is None:
        raise Invalid(f"{written[:40]!r} is no day.", code="day_invalid", next_step="Write it such as 2026-11-30.", errors={name: [NO_DAY]})
    return found


def json_object(name: str) -> dict[str, Any]:
    """The object that was typed as JSON; nothing typed is an empty one. Raises Invalid."""
    text = request.form.get(name, "").strip()
    if not text:
        return {}
    try:
        found = json_text.decode(text)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, dict):
        raise Invalid(
            f"The {name} are no JSON object." if name.endswith("s") else f"The {name} is no JSON object.",
            code=name,
            next_step='Write an object such as {"quantity": 3}.',
            errors={name: ["must be a JSON object"]},
        )
    return found


def kind_of(draft: type[Any], name: str) -> str:
    """How a field is entered: flag, number, day or text."""
    return _KINDS.get(_reader(cast(Hashable, draft), name)[0], "text")


def defaults_of(draft: type[Any]) -> dict[str, Any]:
    """What a new form shows: the defaults of the draft."""
    return {each.name: each.default for each in fields(draft) if isinstance(each.default, str | int | Decimal | bool | date)}


_WANTED = {Decimal: "must be a number, such as 12.50", int: "must be a whole number", date: "must be a day"}
_KINDS = {bool: "flag", Decimal: "number", int: "number", date: "day"}


@lru_cache(maxsize=512)
def _reader(draft: Hashable, name: str) -> tuple[type[Any], bool, TypeAdapter[Any]]:
    """The plain type of a field, whether it may be empty, and what reads it."""
    hint = get_type_hints(cast("type[Any]", draft))[name]
    parts = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    kinds = [part for part in parts if part is not type(None)]
    return kinds[0], len(kinds) < len(parts), strict_adapter(hint)
