"""Which user tasks a person may see, decided in the query: candidates, assignees and overseers; the excluded see nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array, psycopg
from sqlalchemy.orm import Session

from engine.runtime.state.people import Person, StandIn
from engine.store.locks import take_instance_of
from engine.store.tables import duty_hand, instance, user_task


def _hands() -> ColumnElement[bool]:
    """Who worked on what a task decides on, or decided on it in the same round; nobody has a hand in what has no name."""
    nothing: ColumnElement[str] = literal_column("''")
    return and_(duty_hand.c.subject == user_task.c.decides_on, duty_hand.c.round.in_([nothing, user_task.c.decision_round]))


#: Who may not decide a task: who is named, and who had a hand in what it decides on, in whatever instance.
EXCLUDED: ColumnElement[Any] = user_task.c.excluded_users.op("||")(func.array(select(duty_hand.c.person).where(_hands()).scalar_subquery()))
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
    EXCLUDED.label("excluded_users"),
    user_task.c.decides_on,
    user_task.c.works_on,
    user_task.c.decision_round,
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
    decides_on: str
    works_on: str
    decision_round: str
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
    """The tasks a person may see: theirs, their groups', those of whom they stand in for, or anybody's; overseers see all."""
    own = _visible(literal(person.name, Text), literal(sorted(person.groups), ARRAY(Text)), true() if person.oversees else false())
    return or_(own, *_of_others(person))


def may_do(person: Person) -> ColumnElement[bool]:
    """The tasks that a person holds or may claim, also as a deputy: each way is answered by an index, however many others have."""
    name = literal(person.name, Text)
    own = and_(~_excluded(name), _offered(name, literal(sorted(person.groups), ARRAY(Text))))
    return or_(*_hold(name), own, *_of_others(person))


def behalf_of(task: Any, person: Person) -> str | None:
    """For whom a person does a task: None where it is theirs or offered to them, else the one who is away and could do it."""
    if task.assignee == person.name:
        found: str | None = task.on_behalf_of
        return found
    if task.assignee is None and _is_offered(task, person.name, person.groups):
        return None
    return next((away.name for away in person.stands_in_for if _could_do(task, away)), None)


def _could_do(task: Any, away: StandIn) -> bool:
    in_scope = not away.process_keys or task.process_key in away.process_keys
    named = bool(task.candidate_groups or task.candidate_users)
    return in_scope and (task.assignee == away.name or (task.assignee is None and named and _is_offered(task, away.name, away.groups)))


def _is_offered(task: Any, name: str, groups: frozenset[str]) -> bool:
    nobody = not task.candidate_groups and not task.candidate_users
    return nobody or name in task.candidate_users or not groups.isdisjoint(task.candidate_groups)


def _of_others(person: Person) -> Iterator[ColumnElement[bool]]:
    """What those could do who are away: neither they nor the deputy may be excluded from it."""
    task, me = user_task.c, literal(person.name, Text)
    for away in person.stands_in_for:
        name = literal(away.name, Text)
        offered = or_(task.candidate_groups.overlap(literal(sorted(away.groups), ARRAY(Text))), task.candidate_users.contains(_alone(name)))
        theirs = or_(task.assignee == name, and_(task.assignee.is_(None), offered))
        yield and_(task.state == "open", theirs, ~_excluded(me), ~_excluded(name), *_in_scope(away))


def _in_scope(away: StandIn) -> Iterator[ColumnElement[bool]]:
    if away.process_keys:
        of = select(instance.c.id).where(instance.c.id == user_task.c.instance_id, instance.c.process_key.in_(sorted(away.process_keys)))
        yield of.correlate(user_task).exists()


def _hold(name: ColumnElement[str]) -> tuple[ColumnElement[bool], ...]:
    """Whose desk it is on, and whose it is while another has it."""
    return user_task.c.assignee == name, user_task.c.owner == name


def _alone(name: ColumnElement[str]) -> ColumnElement[Any]:
    return cast(array([name]), ARRAY(Text))


def _excluded(name: ColumnElement[str]) -> ColumnElement[bool]:
    had_a_hand = exists().where(_hands(), duty_hand.c.person == name)
    return or_(user_task.c.excluded_users.contains(_alone(name)), had_a_hand)


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


def may_take(task: Any, person: Person) -> bool:
    """Whether a person is one of a task's candidates, or has it because it was handed to them; an operator is no candidate."""
    return _is_offered(task, person.name, person.groups) or bool(task.assignee == person.name)


def one(tx: Session, person: Person, task_id: UUID, *, lock: bool = False) -> OpenedTask | None:
    """One task with its content, if the person may see it; `lock` locks its instance, under which every task is changed."""
    if lock:
        take_instance_of(tx, task_id)
    if person.stands_in_for:
        found = tx.execute(_statement(visible_to(person)), {"task_id": task_id}).one_or_none()
        return None if found is None else _opened(found)
    asked = {"task_id": task_id, "name": person.name, "groups": sorted(person.groups), "oversees": person.oversees}
    row = tx.connection().exec_driver_sql(_ONE, asked).one_or_none()
    return None if row is None else _opened(row)


def open_state(tx: Session, task_id: UUID) -> str | None:
    """In which state a task is, whoever asks; None where there is none."""
    return tx.scalar(select(user_task.c.state).where(user_task.c.id == task_id))


def _opened(row: Any) -> OpenedTask:
    return OpenedTask(UserTask(*row[: len(_TASK) + len(_CASE)]), dict(row.form_data), row.draft, row.outcome)


def _statement(visible: ColumnElement[bool]) -> Select[Any]:
    of_instance = select(*_TASK, *_CASE, *_CONTENT).join(instance, instance.c.id == user_task.c.instance_id)
    return of_instance.where(user_task.c.id == bindparam("task_id"), visible)


def _one() -> str:
    """The statement of one task as the driver takes it, made once: building it anew for each completion costs more than running it."""
    visible = _visible(bindparam("name", type_=Text), bindparam("groups", type_=ARRAY(Text)), bindparam("oversees", type_=Boolean))
    return str(_statement(visible).compile(dialect=psycopg.dialect()))  # type: ignore[no-untyped-call]


_ONE = _one()
