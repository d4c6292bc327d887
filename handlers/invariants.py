"""What is always true of the books, the stock and the orders: each invariant is one SQL query that returns one row per violation.

A capability lists its own in `invariants.py`; they are found by being there. Run by `ordercraft check`, by a nightly job and by every
crash test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from pkgutil import iter_modules
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

import handlers
from handlers.open_things import ownerless_sql


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence that is always true, and the query that finds where it is not."""

    id: str
    sentence: str
    sql: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found of one invariant, whose sentence says all its parts; `examples` are the first violations."""

    id: str
    sentence: str
    violations: int
    examples: tuple[Mapping[str, Any], ...]

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.violations == 0


MOST_EXAMPLES = 20


def all_invariants() -> list[Invariant]:
    """Every capability's invariants, by id; several hold parts of one."""
    modules = (f"handlers.{room.name}.invariants" for room in iter_modules(handlers.__path__) if room.ispkg)
    found = [invariant for module in modules if find_spec(module) for invariant in import_module(module).INVARIANTS]
    found.append(Invariant("INV-40", "Whatever is open is with an instance, a task, a timer or a hold that will move it.", ownerless_sql()))
    return sorted(found, key=lambda invariant: (invariant.id, invariant.sentence))


def check_all(tx: Session) -> list[Checked]:
    """Check everything in one transaction's view of the data: one answer an id, its parts' violations added up."""
    return [check(tx, tuple(parts)) for _, parts in groupby(all_invariants(), key=lambda invariant: invariant.id)]


def check(tx: Session, parts: Sequence[Invariant]) -> Checked:
    """Check the parts of one invariant."""
    rows = [row for part in parts for row in tx.execute(text(part.sql)).mappings()]
    examples = tuple(dict(row) for row in rows[:MOST_EXAMPLES])
    sentence = " ".join(part.sentence for part in parts)
    return Checked(id=parts[0].id, sentence=sentence, violations=len(rows), examples=examples)
