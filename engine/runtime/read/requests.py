"""What a person has begun: how far it is, and who has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from engine.runtime.state.chosen import ENDED
from engine.runtime.state.people import Person
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import incident, instance, process_version, timer, user_task


@dataclass(frozen=True, slots=True)
class Desk:
    """An open task of a request: who has it, or whose it is to take."""

    title: str
    assignee: str | None
    groups: Sequence[str]
    due_at: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """An instance that a person has begun. `desks` are its open tasks, `failed` its open incidents, `next_at` its next timer."""

    id: UUID
    business_key: str | None
    process_key: str
    process_name: str
    state: str
    started_at: datetime
    updated_at: datetime
    desks: Sequence[Desk]
    failed: int
    next_at: datetime | None


def list_requests(tx: Session, person: Person, asked: Asked, *, open_only: bool = True, count: bool = False) -> Page[Request]:
    """What the person has begun, the latest first; `open_only` leaves out what has ended. One statement, two with `count`."""
    statement = _REQUESTS.where(instance.c.started_by == person.name)
    if open_only:
        statement = statement.where(instance.c.state.notin_(ENDED))
    keys = (Key(instance.c.started_at, descending=True), Key(instance.c.id, descending=True))
    return read_page(tx, statement, keys, asked, count=count).typed(_request)


def _request(desks: Sequence[dict[str, Any]] | None, **given: Any) -> Request:
    return Request(**given, desks=[Desk(**each) for each in desks or ()])


def _of_instance(table: Any, value: Any, *conditions: Any) -> Any:
    return select(value).where(table.c.instance_id == instance.c.id, *conditions).correlate(instance).scalar_subquery()


_DESK = func.jsonb_build_object(
    literal("title"), user_task.c.title, literal("assignee"), user_task.c.assignee,
    literal("groups"), user_task.c.candidate_groups, literal("due_at"), user_task.c.due_at,
)  # fmt: skip
_REQUESTS = select(
    *(instance.c[name] for name in ("id", "business_key", "process_key", "state", "started_at", "updated_at")),
    process_version.c.name.label("process_name"),
    _of_instance(user_task, func.jsonb_agg(_DESK, type_=JSONB), user_task.c.state == "open").label("desks"),
    _of_instance(incident, func.count(), incident.c.state == "open").label("failed"),
    _of_instance(timer, func.min(timer.c.due_at), timer.c.fired.is_(False)).label("next_at"),
).join(process_version, process_version.c.id == instance.c.process_version_id)
