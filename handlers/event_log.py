"""The business in event logs: which variables name which things, how things are related, and what belongs to a customer.

A capability says in `event_objects.py` what of this is its own; they are found by being there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

import handlers
from engine.mining.ocel import Relation, Thing, write
from engine.runtime.read.event_log import read_log
from engine.runtime.read.mining import Wanted


@dataclass(frozen=True, slots=True)
class Tie:
    """How things of two types are related: a query of `source` and `target` numbers for the sources in `:numbers`."""

    source: str
    target: str
    qualifier: str
    sql: str


@dataclass(frozen=True, slots=True)
class EventObjects:
    """What a capability knows: the type that a variable's name stands for, ties, and a query of the numbers of a `:customer_no`."""

    types: Mapping[str, str]
    ties: Sequence[Tie] = ()
    of_customer: Sequence[str] = field(default_factory=tuple)


def event_objects() -> list[EventObjects]:
    """What every capability says."""
    modules = (f"handlers.{room.name}.event_objects" for room in iter_modules(handlers.__path__) if room.ispkg)
    return [import_module(module).EVENT_OBJECTS for module in modules if find_spec(module)]


def event_log(tx: Session, wanted: Wanted) -> dict[str, Any]:
    """The events of some instances as OCEL 2.0. Raises Invalid, NotFound, TooLarge."""
    known = event_objects()
    log = read_log(tx, wanted, {name: kind for each in known for name, kind in each.types.items()})
    return write(log, _relations(tx, [tie for each in known for tie in each.ties], log.things))


def keys_of_customer(tx: Session, customer_no: str) -> list[str]:
    """The business keys under which instances may run for a customer: numbers of quotes, orders, groups, invoices and the like."""
    queries = [sql for each in event_objects() for sql in each.of_customer]
    return sorted({number for sql in queries for number in tx.scalars(text(sql), {"customer_no": customer_no})})


def _relations(tx: Session, ties: Sequence[Tie], things: set[Thing]) -> list[Relation]:
    """What is related to what is named, and what that is related to in turn: at most one round for each tie."""
    found: dict[Relation, None] = {}
    seen: set[Thing] = set()
    fresh = set(things)
    while fresh:
        seen |= fresh
        made = [relation for tie in ties for relation in _tied(tx, tie, fresh)]
        found.update(dict.fromkeys(made))
        fresh = {relation.target for relation in made} - seen
    return list(found)


def _tied(tx: Session, tie: Tie, things: set[Thing]) -> list[Relation]:
    numbers = sorted(thing.number for thing in things if thing.type == tie.source)
    rows = tx.execute(text(tie.sql), {"numbers": numbers}).all() if numbers else ()
    return [Relation(Thing(tie.source, row.source), Thing(tie.target, row.target), tie.qualifier) for row in rows]
