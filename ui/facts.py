"""Turns the variables of a case into facts a person can read: labels, values, and small tables for lists."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ui.formats import NOTHING, money, percent, quantity, words

_ROWS_SHOWN = 50
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


def facts(data: Mapping[str, Any], *, without: Collection[str] = (), under: str = "") -> list[Fact]:
    """The facts of a case in the order given; nested records are flattened, empty values left out."""
    found: list[Fact] = []
    currency = data.get("currency")
    for name, value in data.items():
        label = f"{under} {words(name).lower()}".strip() if under else words(name)
        if name in without or value in (None, "", [], {}):
            continue
        if isinstance(value, Mapping):
            found += facts(value, under=label)
        elif isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(row, Mapping) for row in value):
            found.append(_table(label, value))
        else:
            found.append(Fact(label, _written(name, value, currency)))
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


def _written(name: str, value: Any, currency: Any) -> str:
    """A value by what its name says of it: a percentage, an amount in the currency beside it, else by itself."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if name.endswith("_pct"):
            return percent(value)
        if name.endswith(_AMOUNTS) and isinstance(currency, str) and currency:
            return money(Decimal(value), currency)
    return _text(value)


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
