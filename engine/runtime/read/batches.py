"""Batches as people and programs read them: how far each is, and what became of every instance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from engine.store.tables import batch, batch_item, instance, process_version, timer, work

#: What an item can be, in the order in which an operator wants to read them.
ITEM_STATES = ("failed", "running", "pending", "passed", "left")


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch with how many of its instances are in which state. `state` is running, paused, ended or abandoned."""

    id: int
    verb: str
    reason: str
    chosen_by: dict[str, Any]
    arguments: dict[str, Any]
    excluded: list[dict[str, Any]]
    state: str
    state_reason: str | None
    stop_after: int | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    pending: int
    running: int
    passed: int
    failed: int
    left: int

    @property
    def total(self) -> int:
        """All its instances."""
        return self.pending + self.running + self.passed + self.failed + self.left

    @property
    def under_way(self) -> bool:
        """Whether anything of it may still change by itself."""
        return self.state == "running" or self.running > 0


@dataclass(frozen=True, slots=True)
class BatchItemRow:
    """An instance of a batch. Of one that is tried again, `attempt` counts, and `due_at` says when it is tried next."""

    number: int
    instance_id: UUID
    state: str
    detail: str | None
    next_step: str | None
    begun_at: datetime | None
    ended_at: datetime | None
    business_key: str | None
    process_name: str
    instance_state: str
    attempt: int | None
    due_at: datetime | None


def list_batches(tx: Session, asked: Asked, *, count: bool = False) -> Page[BatchRow]:
    """One page, the latest first."""
    return read_page(tx, _batches(), (Key(batch.c.id, descending=True),), asked, count=count).typed(BatchRow)


def get_batch(tx: Session, batch_id: int) -> BatchRow:
    """One batch. Raises NotFound."""
    row = tx.execute(_batches().where(batch.c.id == batch_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no batch {batch_id}.", code="batch_unknown", next_step="Look at the list of batches.")
    return BatchRow(**row)


def list_items(tx: Session, batch_id: int, asked: Asked, *, state: str = "", count: bool = False) -> Page[BatchItemRow]:
    """One page of what became of each instance, in the order in which they are acted on."""
    trying = work.join(timer, timer.c.id == work.c.id, isouter=True)
    latest = (
        select(work.c.attempt, timer.c.due_at)
        .select_from(trying)
        .where(work.c.instance_id == batch_item.c.instance_id, batch_item.c.state == "running")
        .order_by(work.c.id)
        .limit(1)
        .lateral("trying")
    )
    statement = (
        select(
            *(batch_item.c[name] for name in ("number", "instance_id", "state", "detail", "next_step", "begun_at", "ended_at")),
            instance.c.business_key,
            process_version.c.name.label("process_name"),
            instance.c.state.label("instance_state"),
            latest.c.attempt,
            latest.c.due_at,
        )
        .select_from(
            batch_item.join(instance, instance.c.id == batch_item.c.instance_id)
            .join(process_version, process_version.c.id == instance.c.process_version_id)
            .join(latest, true(), isouter=True)
        )
        .where(batch_item.c.batch_id == batch_id)
    )
    if state:
        statement = statement.where(batch_item.c.state == state)
    return read_page(tx, statement, (Key(batch_item.c.number),), asked, count=count).typed(BatchItemRow)


def item_of(tx: Session, batch_id: int | None, instance_id: UUID) -> AnyRow | None:
    """What became of an instance in a batch; without one, in the latest retry that is under way. None where there is none."""
    statement = (
        select(batch.c.id, batch.c.verb, *(batch_item.c[name] for name in ("state", "detail", "next_step", "begun_at", "ended_at")))
        .select_from(batch_item.join(batch, batch.c.id == batch_item.c.batch_id))
        .where(batch_item.c.instance_id == instance_id)
        .order_by(batch.c.id.desc())
        .limit(1)
    )
    if batch_id is not None:
        return tx.execute(statement.where(batch.c.id == batch_id)).one_or_none()
    under_way = or_(batch_item.c.state == "running", and_(batch_item.c.state == "pending", batch.c.state == "running"))
    return tx.execute(statement.where(batch.c.verb == "retry", under_way)).one_or_none()


def _batches() -> Select[Any]:
    counts = (
        select(*(func.count().filter(batch_item.c.state == state).label(state) for state in ITEM_STATES))
        .where(batch_item.c.batch_id == batch.c.id)
        .lateral("counts")
    )
    own = (batch.c[name] for name in BatchRow.__dataclass_fields__ if name in batch.c)
    return select(*own, *counts.c).select_from(batch.join(counts, true()))
