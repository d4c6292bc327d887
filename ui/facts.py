"""Turns the variables of a case into facts a person can read: labels, values, and small tables for lists."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ui.formats import NOTHING, quantity, words

_ROWS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value; `columns` and `rows` are set when the value is a list of records."""

    label: str
    value: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def facts(data: Mapping[str, Any], *, without: Collection[str] = (), under: str = "") -> list[Fact]:
    """The facts of a case in the order given; nested records are flattened, empty values left out."""
    found: list[Fact] = []
    for name, value in data.items():
        label = f"{under} {words(name).lower()}".strip() if under else words(name)
        if name in without or value in (None, "", [], {}):
            continue
        if isinstance(value, Mapping):
            found += facts(value, under=label)
        elif isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(row, Mapping) for row in value):
            found.append(_table(label, value))
        else:
            found.append(Fact(label, _text(value)))
    return found


def entered(task: Any) -> list[Fact]:
    """What a person put into a form, without what the form only showed."""
    shown = task.form_data or {}
    return facts({name: value for name, value in (task.outcome or {}).items() if name not in shown or shown[name] != value})


def said(found: Sequence[Fact]) -> str:
    """Facts as one line of text."""
    return "; ".join(f"{fact.label.lower()}: {fact.value}" for fact in found if fact.value)


def _table(label: str, records: Sequence[Mapping[str, Any]]) -> Fact:
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = tuple(tuple(_text(record.get(name)) for name in names) for record in records[:_ROWS_SHOWN])
    return Fact(label, columns=tuple(words(name) for name in names), rows=rows)


def _text(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | Decimal):
        return quantity(value)
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{words(name)}: {_text(item)}" for name, item in value.items())
    return str(value)
