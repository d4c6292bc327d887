"""The worklist of one person: what they hold and what their groups may claim. Who may see a task is decided in the query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, any_, case, func, literal, or_, select, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.state.people import Person
from engine.runtime.verbs.worklist import visible_to
from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from engine.store.tables import deployment_file, instance, process_version, user_task

VIEWS = {"all": "All", "mine": "Mine", "claimable": "To claim", "overdue": "Overdue"}
SORTS = {"due": "Due first", "priority": "Priority first", "newest": "Newest first"}
OVERDUE = and_(user_task.c.due_at.isnot(None), user_task.c.due_at < func.business_now())


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tasks to show, and in which order."""

    view: str = "all"
    process: str = ""
    search: str = ""
    sort: str = "due"


def concerns(person: Person) -> ColumnElement[bool]:
    """Tasks the person holds or may claim. An overseer may open every task, but is not asked to do them all."""
    return visible_to(Person(person.name, person.groups))


def list_tasks(tx: Session, person: Person, wanted: Filter, asked: Asked, *, count: bool = True) -> Page[AnyRow]:
    """One page of the person's open tasks."""
    statement = _open_tasks(person)
    for condition in _conditions(person, wanted):
        statement = statement.where(condition)
    return read_page(tx, statement, _SORTED.get(wanted.sort, _SORTED["due"]), asked, count=count)


def count_tasks(tx: Session, person: Person) -> AnyRow:
    """How many open tasks each view holds, and of which processes. One statement."""
    mine = user_task.c.assignee == person.name
    return tx.execute(
        select(
            func.count().label("all"),
            func.count().filter(mine).label("mine"),
            func.count().filter(user_task.c.assignee.is_(None)).label("claimable"),
            func.count().filter(OVERDUE).label("overdue"),
            func.coalesce(func.jsonb_object_agg(instance.c.process_key, process_version.c.name), func.jsonb_build_object()).label(
                "processes"
            ),
        )
        .select_from(_joined())
        .where(user_task.c.state == "open", concerns(person))
    ).one()


def get_task(tx: Session, person: Person, task_id: UUID) -> AnyRow:
    """One task with its instance and its form's schema. Raises NotFound when there is none the person may see."""
    form = deployment_file.alias("form")
    found = tx.execute(
        select(
            *_columns(),
            *(
                user_task.c[name]
                for name in ("form_data", "state", "version", "draft", "completed_at", "completed_by", "outcome", "name", "instructions")
            ),
            (literal(person.name) == any_(user_task.c.excluded_users)).label("excluded"),
            form.c.content.label("form"),
            instance.c.state.label("instance_state"),
        )
        .select_from(
            _joined().outerjoin(
                form,
                and_(form.c.deployment_id == process_version.c.deployment_id, form.c.path == user_task.c.form_key + ".form"),
            )
        )
        .where(user_task.c.id == task_id, visible_to(person))
    ).one_or_none()
    if found is None:
        raise NotFound(
            "There is no such task, or it is not yours to see.",
            code="user_task_unknown",
            next_step="Go back to the worklist; it may have been done by someone else.",
        )
    return found


def open_tasks_of(tx: Session, person: Person, instance_id: UUID) -> list[AnyRow]:
    """The open tasks of one instance that the person may see, the oldest first: id, title, who has it and when it is due."""
    of_instance = _open_tasks_of(person).where(user_task.c.instance_id == instance_id)
    return list(tx.execute(of_instance.order_by(user_task.c.created_at, user_task.c.id).limit(50)).all())


def count_by_group(tx: Session) -> Sequence[AnyRow]:
    """Open tasks (`open`) and overdue ones (`late`) by candidate group, the longest queue first. One statement."""
    return tx.execute(_BY_GROUP).all()


def decisions_before(tx: Session, task: AnyRow) -> list[AnyRow]:
    """What people decided earlier in the same instance, the latest first."""
    return list(
        tx.execute(
            select(*(user_task.c[name] for name in ("title", "completed_by", "completed_at", "outcome", "form_data")))
            .where(user_task.c.instance_id == task.instance_id, user_task.c.state == "completed", user_task.c.id != task.id)
            .order_by(user_task.c.completed_at.desc())
            .limit(20)
        ).all()
    )


def _joined() -> Any:
    return user_task.join(instance, instance.c.id == user_task.c.instance_id).join(
        process_version, process_version.c.id == instance.c.process_version_id
    )


def _columns() -> list[ColumnElement[Any]]:
    names = ("id", "instance_id", "title", "assignee", "candidate_groups", "priority", "due_at", "created_at", "claimed_at", "element_id")
    return [
        *(user_task.c[name] for name in names),
        instance.c.business_key,
        instance.c.process_key,
        instance.c.variables["order_no"].astext.label("order_no"),
        process_version.c.name.label("process_name"),
        case((OVERDUE, True), else_=False).label("overdue"),
    ]


def _open_tasks(person: Person) -> Select[Any]:
    return select(*_columns()).select_from(_joined()).where(user_task.c.state == "open", concerns(person))


def _open_tasks_of(person: Person) -> Select[Any]:
    return select(*_columns()).select_from(_joined()).where(user_task.c.state == "open", visible_to(person))


def _conditions(person: Person, wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.view == "mine":
        conditions.append(user_task.c.assignee == person.name)
    if wanted.view == "claimable":
        conditions.append(user_task.c.assignee.is_(None))
    if wanted.view == "overdue":
        conditions.append(OVERDUE)
    if wanted.process:
        conditions.append(instance.c.process_key == wanted.process)
    if wanted.search:
        conditions.append(
            or_(
                user_task.c.title.icontains(wanted.search, autoescape=True),
                instance.c.business_key.icontains(wanted.search, autoescape=True),
            )
        )
    return conditions


_DUE = Key(user_task.c.due_at, nullable=True)
_URGENT, _OLDEST, _ID = Key(user_task.c.priority, descending=True), Key(user_task.c.created_at), Key(user_task.c.id)
_SORTED = {
    "due": (_DUE, _URGENT, _OLDEST, _ID),
    "priority": (_URGENT, _DUE, _OLDEST, _ID),
    "newest": (Key(user_task.c.created_at, descending=True), _ID),
}
_BY_GROUP = text("""
SELECT coalesce(grp, 'nobody') AS grp, count(*) AS open, count(*) FILTER (WHERE due_at < business_now()) AS late
FROM user_task LEFT JOIN LATERAL unnest(candidate_groups) AS grp ON true
WHERE state = 'open' GROUP BY grp ORDER BY count(*) DESC, grp LIMIT 12
""")
