"""Finds subjects by whatever somebody types: a number or how it begins, a customer's, supplier's or item's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.cases import all_kinds

#: Of each kind; whoever wants more asks more closely, or goes to the list.
_MOST_OF_A_KIND = 5
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A subject; `known_as` is the number or name by which it was found, and `exactly` whether that is just what was typed."""

    kind: str
    number: str
    known_as: str
    exactly: bool


def find(tx: Session, typed: str) -> Sequence[Found]:
    """At most five of each kind, what is named exactly first. One statement; nothing for less than two characters."""
    if len(typed) < _SHORTEST:
        return ()
    plain = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    asked = {"typed": typed.upper(), "begins": f"{plain.upper()}%", "contains": f"%{plain}%", "most": _MOST_OF_A_KIND}
    found = {(row.kind, row.number): Found(*row) for row in tx.execute(text(_everywhere()), asked)}
    return sorted(found.values(), key=lambda each: not each.exactly)


@cache
def _everywhere() -> str:
    numbers = (
        f"(SELECT '{kind.kind}' AS kind, number, known_as, known_as = :typed AS exactly FROM ({kind.named}) AS named "
        "WHERE known_as LIKE :begins ORDER BY known_as LIMIT :most)"
        for kind in all_kinds().values()
    )
    names = (
        f"(SELECT '{table}', {key}, name, false FROM {table} WHERE name ILIKE :contains ORDER BY name LIMIT :most)"
        for table, key in (("customer", "customer_no"), ("supplier", "supplier_no"), ("item", "sku"))
    )
    return " UNION ALL ".join([*numbers, *names])
