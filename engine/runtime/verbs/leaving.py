"""Somebody leaves the house: what they had taken for themselves is everybody's again."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Lock
from engine.store.tables import user_task


def release_all(tx: Session, names: Collection[str]) -> list[UUID]:
    """Give every open task that one of these people holds back to its candidates, with what was typed so far; answers which tasks."""
    held = (user_task.c.state == "open") & user_task.c.assignee.in_(names)
    instances = tx.scalars(select(user_task.c.instance_id).where(held).distinct()).all() if names else ()
    if not instances:
        return []
    locks.take(tx, Lock.INSTANCE, instances)
    given_back = update(user_task).where(held).values(assignee=None, claimed_at=None, version=user_task.c.version + 1)
    return list(tx.scalars(given_back.returning(user_task.c.id)))
