"""The variables of an instance: each with its value now, and who changed it when and at which step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

#: The latest runs whose changes are looked at.
_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One value a variable had: written when, at which step, and by whom, null for the engine."""

    value: Any
    at: datetime
    actor: str | None
    element_id: str
    element_name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable with its value now; `changes` has the latest first, and is empty where nothing is known of how it came."""

    name: str
    value: Any
    changes: Sequence[Change]


def list_variables(tx: Session, instance_id: UUID, now: Mapping[str, Any]) -> list[Variable]:
    """Every variable by name. `now` are the values of this moment. One statement."""
    changes: dict[str, list[Change]] = {}
    for row in tx.execute(_CHANGES, {"id": instance_id, "most": _MOST}):
        for name, value in row.changed.items():
            changes.setdefault(name, []).append(Change(value, row.ended_at, row.actor, row.element_id, row.name))
    return [Variable(name, now[name], changes.get(name, ())) for name in sorted(now)]


_CHANGES = text("""
SELECT changed, ended_at, actor, element_id, coalesce(nullif(element_name, ''), element_id) AS name FROM history
WHERE instance_id = :id AND changed IS NOT NULL ORDER BY id DESC LIMIT :most
""")
