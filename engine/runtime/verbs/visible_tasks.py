"""Which user tasks a person may see, decided in the query: candidates, assignees and overseers; the excluded see nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Text,
    and_,
    bindparam,
    cast,
    false,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array, psycopg
from sqlalchemy.orm import Session

from engine.runtime.state.people import Person
from engine.store.locks import take_instance_of
from engine.store.tables import instance, user_task

_TASK = (
    user_task.c.id,
    user_task.c.instance_id,
    user_task.c.element_id,
    user_task.c.name,
    user_task.c.title,
    user_task.c.form_key,
    user_task.c.instructions,
    user_task.c.state,
    user_task.c.assignee,
    user_task.c.candidate_groups,
    user_task.c.candidate_users,
    user_task.c.excluded_users,
    user_task.c.priority,
    user_task.c.due_at,
    user_task.c.version,
    user_task.c.created_at,
    user_task.c.claimed_at,
    user_task.c.completed_at,
    user_task.c.completed_by,
    user_task.c.owner,
    user_task.c.delegation,
    user_task.c.on_behalf_of,
    user_task.c.question,
    user_task.c.answer,
    user_task.c.follow_up_at,
)
_CASE = (instance.c.process_key, instance.c.business_key, instance.c.process_version_id, instance.c.state.label("instance_state"))
_CONTENT = (user_task.c.form_data, user_task.c.draft, user_task.c.outcome)


@dataclass(frozen=True, slots=True)
class UserTask:
    """A user task as a verb finds it, with its case and the state of its instance."""

    id: UUID
    instance_id: UUID
    element_id: str
    name: str
    title: str
    form_key: str | None
    instructions: str
    state: str
    assignee: str | None
    candidate_groups: Sequence[str]
    candidate_users: Sequence[str]
    excluded_users: Sequence[str]
    priority: int
    due_at: datetime | None
    version: int
    created_at: datetime
    claimed_at: datetime | None
    completed_at: datetime | None
    completed_by: str | None
    owner: str | None
    delegation: str | None
    on_behalf_of: str | None
    question: str | None
    answer: str | None
    follow_up_at: datetime | None
    process_key: str
    business_key: str | None
    process_version_id: int
    instance_state: str


@dataclass(frozen=True, slots=True)
class OpenedTask:
    """A user task with what its form shows, what was drafted, and what was submitted."""

    task: UserTask
    form_data: dict[str, Any]
    draft: dict[str, Any] | None
    outcome: dict[str, Any] | None


def visible_to(person: Person) -> ColumnElement[bool]:
    """The tasks a person may see: theirs, their groups', or anybody's when no candidate is named; overseers see all."""
    return _visible(literal(person.name, Text), literal(sorted(person.groups), ARRAY(Text)), true() if person.oversees else false())


def may_do(person: Person) -> ColumnElement[bool]:
    """The tasks that a person holds or may claim: each way is answered by an index, also where there are a million for others."""
    name = literal(person.name, Text)
    return or_(*_hold(name), and_(~_excluded(name), _offered(name, literal(sorted(person.groups), ARRAY(Text)))))


def _hold(name: ColumnElement[str]) -> tuple[ColumnElement[bool], ...]:
    """Whose desk it is on, and whose it is while another has it."""
    return user_task.c.assignee == name, user_task.c.owner == name


def _alone(name: ColumnElement[str]) -> ColumnElement[Any]:
    return cast(array([name]), ARRAY(Text))


def _excluded(name: ColumnElement[str]) -> ColumnElement[bool]:
    return user_task.c.excluded_users.contains(_alone(name))


def _offered(name: ColumnElement[str], groups: ColumnElement[Any]) -> ColumnElement[bool]:
    """A task without candidates is offered to anybody."""
    task = user_task.c
    nobody: ColumnElement[Any] = literal_column("'{}'")
    return or_(
        task.candidate_groups.overlap(groups),
        task.candidate_users.contains(_alone(name)),
        and_(task.candidate_groups == nobody, task.candidate_users == nobody),
    )


def _visible(name: ColumnElement[str], groups: ColumnElement[Any], oversees: ColumnElement[bool]) -> ColumnElement[bool]:
    task = user_task.c
    return or_(oversees, *_hold(name), task.completed_by == name, and_(~_excluded(name), _offered(name, groups)))


def one(tx: Session, person: Person, task_id: UUID, *, lock: bool = False) -> OpenedTask | None:
    """One task with its content, if the person may see it; `lock` locks its instance, under which every task is changed."""
    if lock:
        take_instance_of(tx, task_id)
    asked = {"task_id": task_id, "name": person.name, "groups": sorted(person.groups), "oversees": person.oversees}
    row = tx.connection().exec_driver_sql(_ONE, asked).one_or_none()
    return None if row is None else OpenedTask(UserTask(*row[: len(_TASK) + len(_CASE)]), dict(row.form_data), row.draft, row.outcome)


def _one() -> str:
    """The statement of one task as the driver takes it, made once: building it anew for each completion costs more than running it."""
    visible = _visible(bindparam("name", type_=Text), bindparam("groups", type_=ARRAY(Text)), bindparam("oversees", type_=Boolean))
    statement = (
        select(*_TASK, *_CASE, *_CONTENT)
        .join(instance, instance.c.id == user_task.c.instance_id)
        .where(user_task.c.id == bindparam("task_id"), visible)
    )
    return str(statement.compile(dialect=psycopg.dialect()))  # type: ignore[no-untyped-call]


_ONE = _one()
