"""Turns the variables of a case into facts a person can read: labels, values, and small tables for lists."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ui.formats import NOTHING, money, percent, quantity, words
from ui.task_form import Label

_ROWS_SHOWN = 50
_NO_LABELS: Mapping[str, Label] = {}
_CURRENCY = re.compile("[A-Z]{3}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: How a name ends that is an amount, where the data name a currency beside it.
_AMOUNTS = ("total", "amount", "price", "limit", "exposure", "available", "variance")


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value; `columns` and `rows` are set when the value is a list of records."""

    label: str
    value: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def facts(
    data: Mapping[str, Any], *, without: Collection[str] = (), under: str = "", labels: Mapping[str, Label] = _NO_LABELS
) -> list[Fact]:
    """The facts of a case in the order given; nested records are flattened, empty values left out. `labels` are what a form calls them."""
    found: list[Fact] = []
    for name, value in data.items():
        called = words(name.removesuffix("_pct"))
        label = labels[name].text if name in labels else f"{under} {called.lower()}" if under else called
        if name in without or value in (None, "", [], {}):
            continue
        if isinstance(value, Mapping):
            found += facts(value, under=label)
        elif isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(row, Mapping) for row in value):
            found.append(_table(label, value))
        else:
            found.append(Fact(label, _written(value, _unit_of(name, data, labels))))
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


def _unit_of(name: str, data: Mapping[str, Any], labels: Mapping[str, Label]) -> str:
    """The unit of a value: the one its form gives it, else what its name says: a percentage, or an amount in the currency beside it."""
    given = labels[name].unit if name in labels else ""
    if given:
        return str(data.get(given[1:].strip(), "")) if given.startswith("=") else given
    return "%" if name.endswith("_pct") else str(data.get("currency") or "") if name.endswith(_AMOUNTS) else ""


def _written(value: Any, unit: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not unit:
        return _text(value)
    if unit == "%":
        return percent(value)
    return money(Decimal(value), unit) if _CURRENCY.fullmatch(unit) else f"{quantity(value)} {unit}"


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return NOTHING if value is None else "Yes" if value else "No"
    if isinstance(value, int | Decimal):
        return quantity(value)
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{words(name)}: {_text(item)}" for name, item in value.items())
    return _day(str(value))


def _day(text: str) -> str:
    """A day as people write it; any other text as it is."""
    try:
        at = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        at = None
    return f"{at.day} {at:%b %Y}" if at else text


FILTERS: Mapping[str, Any] = {"said_shortly": lambda data: said(facts(data))}
