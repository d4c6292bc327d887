"""Which user tasks a person may see, decided in the query: candidates, assignees and overseers; the excluded see nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
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

from engine.runtime.state.authority import beyond
from engine.runtime.state.people import Person, StandIn
from engine.store.locks import take_instance_of
from engine.store.tables import duty_hand, identity_link, instance, user_task


def _hands(task: Any) -> ColumnElement[bool]:
    """Who worked on what a task decides on, or decided on it in the same round; nobody has a hand in what has no name."""
    nothing: ColumnElement[str] = literal_column("''")
    return and_(duty_hand.c.subject == task.decides_on, duty_hand.c.round.in_([nothing, task.decision_round]))


#: Who may not decide a task: who is named, and who had a hand in what it decides on, in whatever instance.
EXCLUDED: ColumnElement[Any] = user_task.c.excluded_users.op("||")(
    func.array(select(duty_hand.c.person).where(_hands(user_task.c)).scalar_subquery())
)
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
    user_task.c.decision_kind,
    user_task.c.decision_amount,
    user_task.c.decision_currency,
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


#: The names under which somebody is linked, or the parameter that holds them.
Names = ColumnElement[Any] | Iterable[str]
#: Under which name those who oversee everything are linked to every task.
OVERSEER = "overseer"


def user_link(name: str) -> str:
    """Under which name a person is linked to tasks."""
    return f"user:{name}"


def group_link(name: str) -> str:
    """Under which name a group is linked to tasks."""
    return f"group:{name}"


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
    decision_kind: str
    decision_amount: Decimal | None
    decision_currency: str
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


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways in which tasks concern a person: linked under one of these names, and as `conditions` on link and task say."""

    names: tuple[str, ...]
    conditions: tuple[ColumnElement[bool], ...]


@lru_cache(maxsize=512)  # asked several times for each page; the conditions are never changed
def ways_to(person: Person) -> Sequence[Way]:
    """All ways to the tasks a person holds or may claim: their own, and as a deputy. Each name is a range of an index."""
    me = literal(person.name, Text)
    names = _names(person.name, person.groups, "anybody")
    own = Way(names, (_not_excluded(me, names),))
    return own, *(_as_deputy(away, me) for away in person.stands_in_for)


def visible_to(person: Person) -> ColumnElement[bool]:
    """The tasks a person may see: theirs, their groups', those of whom they stand in for, or anybody's; overseers see all."""
    if person.oversees:
        return true()
    return or_(user_task.c.completed_by == literal(person.name, Text), *(_is_linked(way) for way in ways_to(person)))


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


def _names(name: str, groups: Iterable[str], *others: str) -> tuple[str, ...]:
    return (user_link(name), *(group_link(group) for group in sorted(groups)), *others)


def _as_deputy(away: StandIn, me: ColumnElement[str]) -> Way:
    """What somebody could do who is away, up to their amounts: neither they nor the deputy may be excluded from it."""
    link, name, names = identity_link.c, literal(away.name, Text), _names(away.name, away.groups)
    theirs = or_(link.kind == "assignee", and_(link.kind == "candidate", link.free))
    in_scope = (link.process_key.in_(sorted(away.process_keys)),) if away.process_keys else ()
    unguarded = or_(~link.guarded, and_(~_is_excluded(me), ~_is_excluded(name), ~_is_beyond(names)))
    return Way(names, (link.open, theirs, unguarded, *in_scope))


def _is_linked(way: Way) -> ColumnElement[bool]:
    names = cast(literal(list(way.names), ARRAY(Text)), ARRAY(Text))
    return _linked_under(names, *way.conditions)


def _linked_under(names: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    of_task = select(identity_link.c.task_id).where(identity_link.c.task_id == user_task.c.id, identity_link.c.who == any_(names))
    return of_task.where(*conditions).correlate(user_task).exists()


def _not_excluded(name: ColumnElement[str], names: Names) -> ColumnElement[bool]:
    """A candidate may be excluded, or decide on less; whoever has a task or owns it sees it all the same. Few are looked at for it."""
    no_candidate: ColumnElement[bool] = identity_link.c.kind != literal_column("'candidate'")
    return or_(no_candidate, ~identity_link.c.guarded, and_(~_is_excluded(name), ~_is_beyond(names)))


def _is_excluded(name: ColumnElement[str]) -> ColumnElement[bool]:
    task = user_task.alias("guarded_task")
    had_a_hand = exists().where(_hands(task.c), duty_hand.c.person == name).correlate(task)
    excluded = or_(task.c.excluded_users.contains(cast(array([name]), ARRAY(Text))), had_a_hand)
    return _of_its_task(task, excluded)


def _is_beyond(names: Names) -> ColumnElement[bool]:
    task = user_task.alias("limited_task")
    return _of_its_task(task, beyond(task, names))


def _of_its_task(task: Any, holds: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether something holds of the task of a link.

    A value and no EXISTS: of that the planner makes a list of all tasks of which it holds, where it expects many links.
    """
    said = select(holds).where(task.c.id == identity_link.c.task_id).correlate(identity_link).scalar_subquery()
    return func.coalesce(said, false(), type_=Boolean)


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
    names = list(_names(person.name, person.groups, "anybody"))
    asked = {"task_id": task_id, "name": person.name, "names": names, "oversees": person.oversees}
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
    name: ColumnElement[str] = bindparam("name", type_=Text)
    names: ColumnElement[Any] = bindparam("names", type_=ARRAY(Text))
    linked = _linked_under(names, _not_excluded(name, names))
    visible = or_(bindparam("oversees", type_=Boolean), user_task.c.completed_by == name, linked)
    return str(_statement(visible).compile(dialect=psycopg.dialect()))  # type: ignore[no-untyped-call]


_ONE = _one()
