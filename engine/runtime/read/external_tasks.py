"""External tasks that wait for workers outside: who has each, until when, and how often nobody was heard of again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.known import refuse_unknown_in
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import external_task, instance, process_version, work


@dataclass(frozen=True, slots=True)
class Filter:
    """Which external tasks: of a topic, held by a worker, of a process."""

    topic: str = ""
    worker: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class ExternalTaskRow:
    """An external task as a list shows it. `locked` says whether nobody can fetch it now; `expired` how often a lock ran out unheard."""

    id: UUID
    topic: str
    worker_id: str | None
    account: str | None
    locked_until: datetime | None
    locked: bool
    created_at: datetime
    retries: int | None
    priority: int
    fetched: int
    expired: int
    last_error: str | None
    element_id: str
    instance_id: UUID
    process_key: str
    process_name: str
    process_version: int
    deployment_id: int
    business_key: str | None
    suspended: bool


@dataclass(frozen=True, slots=True)
class TopicRow:
    """What waits of one topic: how many, how many of them a worker has, since when the oldest waits, and when one was fetched last."""

    topic: str
    waiting: int
    locked: int
    oldest_at: datetime
    latest_lock_until: datetime | None


def list_external_tasks(tx: Session, wanted: Filter, asked: Asked, *, count: bool = False) -> Page[ExternalTaskRow]:
    """One page, the oldest first. Raises Invalid for a process that nobody knows."""
    refuse_unknown_in(tx, process_version.c.process_key, wanted.process, "process", "process")
    statement = _rows()
    for column, value in (
        (external_task.c.topic, wanted.topic), (external_task.c.worker_id, wanted.worker), (instance.c.process_key, wanted.process),
    ):  # fmt: skip
        if value:
            statement = statement.where(column == value)
    keys = (Key(external_task.c.created_at), Key(external_task.c.id))
    return read_page(tx, statement, keys, asked, count=count).typed(ExternalTaskRow)


def get_external_task(tx: Session, task_id: UUID) -> ExternalTaskRow:
    """One external task. Raises NotFound."""
    row = tx.execute(_rows().where(external_task.c.id == task_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(
            f"There is no external task {task_id}.",
            code="external_task_unknown",
            next_step="It was answered or cancelled; list the external tasks that wait.",
        )
    return ExternalTaskRow(**{name: row[name] for name in ExternalTaskRow.__dataclass_fields__})


def list_topics(tx: Session) -> list[TopicRow]:
    """Every topic of which something waits."""
    held = external_task.c.worker_id.is_not(None) & (external_task.c.locked_until > func.now())
    rows = tx.execute(
        select(
            external_task.c.topic,
            func.count().label("waiting"),
            func.count().filter(held).label("locked"),
            func.min(external_task.c.created_at).label("oldest_at"),
            func.max(external_task.c.locked_until).label("latest_lock_until"),
        )
        .group_by(external_task.c.topic)
        .order_by(external_task.c.topic)
    ).all()
    return [TopicRow(*row) for row in rows]


def _rows() -> Select[Any]:
    own = ("id", "topic", "worker_id", "account", "locked_until", "created_at", "retries", "priority", "fetched", "expired", "last_error")
    return select(
        *(external_task.c[name] for name in own),
        func.coalesce(external_task.c.locked_until > func.now(), False).label("locked"),  # SQL's own argument
        work.c.element_id,
        work.c.instance_id,
        instance.c.process_key,
        process_version.c.name.label("process_name"),
        process_version.c.version.label("process_version"),
        process_version.c.deployment_id,
        instance.c.business_key,
        (instance.c.state == "suspended").label("suspended"),
    ).select_from(
        external_task.join(work, work.c.id == external_task.c.id)
        .join(instance, instance.c.id == work.c.instance_id)
        .join(process_version, process_version.c.id == instance.c.process_version_id)
    )
