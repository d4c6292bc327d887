"""What an instance has done: one row for each executed element, never changed."""

from datetime import datetime
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.store.tables import history


class HistoryEntry(TypedDict):
    """One executed element, or one attempt at it."""

    id: int
    task_id: UUID
    element_id: str
    element_name: str | None
    element_type: str
    #: completed, cancelled, failed, refused or skipped
    outcome: str
    actor: str | None
    attempt: int
    started_at: datetime
    ended_at: datetime
    #: The top-level variables it wrote.
    changed: dict[str, Any] | None
    #: Matched rules, error code, message.
    detail: dict[str, Any] | None


_COLUMNS = [history.c[name] for name in HistoryEntry.__annotations__]


def of(tx: Session, instance_id: UUID, *, after: int = 0, limit: int = 1_000) -> list[HistoryEntry]:
    """The history of an instance in order, from the entry after `after`."""
    statement = select(*_COLUMNS).where(history.c.instance_id == instance_id, history.c.id > after).order_by(history.c.id).limit(limit)
    return [cast("HistoryEntry", dict(row)) for row in tx.execute(statement).mappings()]
