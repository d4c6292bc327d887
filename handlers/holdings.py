"""What a process instance holds in the business, by its business key: what an operator is shown before cancelling it.

A capability lists in `holdings.py` what it may hold; they are found by being there. Each is one query of the business key.
"""

from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from sqlalchemy import text
from sqlalchemy.orm import Session

import handlers


@dataclass(frozen=True, slots=True)
class Holding:
    """A kind of thing that can be held, and the query that finds it: `number`, `sentence`, `amount` and `unit` for a `:business_key`."""

    kind: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One thing that is held: its number, a sentence for people, and how much, in a currency or a unit of quantity."""

    kind: str
    number: str
    sentence: str
    amount: Decimal | None
    unit: str


def all_holdings() -> list[Holding]:
    """What every capability may hold."""
    modules = (f"handlers.{room.name}.holdings" for room in iter_modules(handlers.__path__) if room.ispkg)
    return [holding for module in modules if find_spec(module) for holding in import_module(module).HOLDINGS]


def holdings_of(tx: Session, business_key: str | None) -> list[Held]:
    """What is held under a business key, kind by kind; nothing under none."""
    if business_key is None:
        return []
    return [
        Held(kind=holding.kind, number=str(row.number), sentence=row.sentence, amount=row.amount, unit=row.unit)
        for holding in all_holdings()
        for row in tx.execute(text(holding.sql), {"business_key": business_key})
    ]
