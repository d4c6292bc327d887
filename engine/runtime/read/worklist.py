"""The worklist of one person: what they hold and what their groups may claim. Who may see a task is decided in the query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, case, func, literal, or_, select, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.read.pending_changes import to_confirm
from engine.runtime.state.directory import Directory
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.visible_tasks import EXCLUDED, may_do, visible_to
from engine.store.paging import MOST, AnyRow, Asked, Key, Page, read_page
from engine.store.tables import deployment_file, held_decision, incident, instance, pending_change, process_version, user_task

VIEWS = {"all": "All", "mine": "Mine", "claimable": "To claim", "asked": "With others", "overdue": "Overdue", "done": "Done"}
#: What was completed by the person, the latest first.
DONE = "done"
DUE = {
    "": "Any time",
    "broken": "Agreement broken",
    "escalated": "Escalated",
    "today": "Today or before",
    "week": "Within a week",
    "none": "No due date",
    "rest": "Put off",
    "now": "Not put off",
}
#: Beyond what concerns the person: all they may see. An overseer may see every task.
EVERYBODY = "everybody"
SORTS = {
    "due": "Due first",
    "priority": "Priority first",
    "follow_up": "Follow-up first",
    "oldest": "Oldest first",
    "newest": "Newest first",
    "title": "By task",
    "about": "By number",
}
OVERDUE = and_(user_task.c.due_at.isnot(None), user_task.c.due_at < func.business_now())

#: The agreement on when it is decided at the very latest was not kept.
SLA_BROKEN = user_task.c.sla_at < func.coalesce(user_task.c.completed_at, func.business_now())


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tasks to show, and in which order; what is empty matches all. `view` is one of VIEWS or EVERYBODY."""

    view: str = "all"
    process: str = ""
    search: str = ""
    sort: str = "due"
    state: str = "open"
    business_key: str = ""
    element_id: str = ""
    group: str = ""
    form_key: str = ""
    #: One of DUE, by the company's days.
    due: str = ""
    least_priority: int | None = None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A user task as a list shows it, with the case it belongs to."""

    id: UUID
    instance_id: UUID
    element_id: str
    name: str
    title: str
    form_key: str | None
    state: str
    assignee: str | None
    candidate_groups: Sequence[str]
    candidate_users: Sequence[str]
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
    follow_up_at: datetime | None
    #: Until when it had to be decided at the very latest, and since when it is offered to others too.
    sla_at: datetime | None
    escalated_at: datetime | None
    #: Decided, and held back for a moment; or it was refused when it left.
    held: bool
    business_key: str | None
    process_key: str
    order_no: str | None
    process_name: str
    overdue: bool
    #: It was decided too late for its agreement, or is late already.
    sla_broken: bool
    form_data: dict[str, Any]


def concerns(person: Person) -> ColumnElement[bool]:
    """Tasks the person holds or may claim. An overseer may open every task, but is not asked to do them all."""
    return may_do(person)


def list_tasks(tx: Session, person: Person, wanted: Filter, asked: Asked, *, count: bool = False) -> Page[TaskRow]:
    """One page of the tasks that a person may see."""
    seen = visible_to(person) if wanted.view in {EVERYBODY, DONE} else concerns(person)
    statement = _TASKS.where(seen, *_conditions(person, wanted))
    keys = _DONE_LAST if wanted.view == DONE else _SORTED.get(wanted.sort, _SORTED["due"])
    return read_page(tx, statement, keys, asked, count=count).typed(TaskRow)


def count_tasks(tx: Session, person: Person) -> AnyRow:
    """How many open tasks each view holds, of at most MOST counted, and of which processes. One statement."""
    first = (
        select(
            user_task.c.assignee,
            user_task.c.owner,
            OVERDUE.label("overdue"),
            instance.c.process_key,
            process_version.c.name.label("process_name"),
        )
        .select_from(_joined())
        .where(user_task.c.state == "open", concerns(person))
        .limit(MOST)
        .subquery()
    )
    return tx.execute(
        select(
            func.count().label("all"),
            func.count().filter(first.c.assignee == person.name).label("mine"),
            func.count().filter(first.c.assignee.is_(None)).label("claimable"),
            func.count().filter(first.c.owner == person.name).label("asked"),
            func.count().filter(first.c.overdue).label("overdue"),
            func.coalesce(func.jsonb_object_agg(first.c.process_key, first.c.process_name), func.jsonb_build_object()).label("processes"),
        )
    ).one()


def count_urgent(tx: Session, person: Person, most: int = 100) -> tuple[int, int]:
    """For the navigation: tasks and changes that wait for the person, and open incidents; each counted up to `most`. One statement."""

    def counted(rows: Any) -> Any:
        return select(func.count()).select_from(rows.limit(most).subquery()).scalar_subquery()

    tasks = select(user_task.c.id).where(user_task.c.state == "open", concerns(person))
    failed = select(incident.c.id).where(incident.c.state == "open")
    changes = select(pending_change.c.id).where(to_confirm(person))
    row = tx.execute(select(counted(tasks) + counted(changes), counted(failed))).one()
    return row[0], row[1]


def list_chosen(tx: Session, person: Person, task_ids: Sequence[UUID]) -> list[TaskRow]:
    """Those of some open tasks that the person may see, the most urgent first."""
    chosen = _TASKS.where(visible_to(person), user_task.c.state == "open", user_task.c.id.in_(task_ids))
    return list(read_page(tx, chosen, _SORTED["due"], Asked(len(task_ids) or 1)).typed(TaskRow).rows)


def titles_of(tx: Session, task_ids: Sequence[UUID]) -> dict[UUID, AnyRow]:
    """Title and business key of tasks by their ids, whatever their state."""
    rows = tx.execute(
        select(user_task.c.id, user_task.c.title, instance.c.business_key)
        .join(instance, instance.c.id == user_task.c.instance_id)
        .where(user_task.c.id.in_(task_ids))
    )
    return {row.id: row for row in rows}


def get_task(tx: Session, person: Person, task_id: UUID) -> AnyRow:
    """One task with its instance and its form's schema. Raises NotFound when there is none the person may see."""
    form = deployment_file.alias("form")
    found = tx.execute(
        select(
            *_columns(),
            *(user_task.c[name] for name in ("form_data", "draft", "outcome", "instructions", "question", "answer")),
            EXCLUDED.label("excluded_users"),
            (literal(person.name) == any_(EXCLUDED)).label("excluded"),
            form.c.content.label("form"),
            instance.c.state.label("instance_state"),
            instance.c.process_version_id,
            instance.c.variables,
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


def held_decision_on(tx: Session, person: Person, task_id: UUID) -> AnyRow | None:
    """A decision of the person that is held back or was refused: `left` seconds until it leaves, `refusal`, `data`."""
    left = func.greatest(0, func.ceil(func.extract("epoch", held_decision.c.leaves_at - func.now()))).label("left")
    mine = held_decision.c.task_id == task_id, held_decision.c.person == person.name
    return tx.execute(select(left, held_decision.c.refusal, held_decision.c.data).where(*mine)).one_or_none()


def open_tasks_of(tx: Session, person: Person, instance_id: UUID) -> list[TaskRow]:
    """The open tasks of one instance that the person may see, the oldest first; at most 50."""
    of_instance = _TASKS.where(visible_to(person), user_task.c.state == "open", user_task.c.instance_id == instance_id)
    return list(read_page(tx, of_instance, (_OLDEST, _ID), Asked(50)).typed(TaskRow).rows)


def who_could(runtime: Runtime, tx: Session, task: AnyRow) -> list[str]:
    """Whom a task can be handed to: its candidates without those who may not decide it and who holds it. Empty where nobody is known."""
    directory: Any = runtime.ports.get(Directory)
    people = directory.people(tx, task.candidate_groups, task.candidate_users) if directory else ()
    return [name for name in people if name not in {*task.excluded_users, task.assignee}]


def who_works(runtime: Runtime, tx: Session) -> Sequence[str]:
    """Everybody who works here; nobody where that is not known."""
    directory: Any = runtime.ports.get(Directory)
    people: Sequence[str] = directory.people(tx, (), ()) if directory else ()
    return people


def whom_to_ask(runtime: Runtime, tx: Session, task: AnyRow, person: Person) -> list[str]:
    """Colleagues who can be asked about a task: everybody but those who may not decide it, and who asks. Empty where nobody is known."""
    return [name for name in who_works(runtime, tx) if name not in {*task.excluded_users, task.assignee, person.name}]


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
    return [
        *(user_task.c[name] for name in TaskRow.__dataclass_fields__ if name in user_task.c),
        instance.c.business_key,
        instance.c.process_key,
        instance.c.variables["order_no"].astext.label("order_no"),
        process_version.c.name.label("process_name"),
        case((OVERDUE, True), else_=False).label("overdue"),
        case((SLA_BROKEN, True), else_=False).label("sla_broken"),
        select(held_decision.c.task_id).where(held_decision.c.task_id == user_task.c.id).correlate(user_task).exists().label("held"),
    ]


def _conditions(person: Person, wanted: Filter) -> list[ColumnElement[bool]]:
    conditions = [*_of_view(person, wanted)]
    equal = {
        instance.c.process_key: wanted.process,
        instance.c.business_key: wanted.business_key,
        user_task.c.element_id: wanted.element_id,
        user_task.c.form_key: wanted.form_key,
    }
    conditions += [column == value for column, value in equal.items() if value]
    if wanted.due:
        conditions.append(_DUE_WITHIN[wanted.due])
    if wanted.least_priority is not None:
        conditions.append(user_task.c.priority >= wanted.least_priority)
    if wanted.group:
        conditions.append(user_task.c.candidate_groups.contains([wanted.group]))
    if wanted.search:
        conditions.append(
            or_(
                user_task.c.title.icontains(wanted.search, autoescape=True),
                instance.c.business_key.icontains(wanted.search, autoescape=True),
            )
        )
    return conditions


def _of_view(person: Person, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.view == DONE:
        yield user_task.c.state == "completed"
        yield user_task.c.completed_by == person.name
        return
    yield user_task.c.state == wanted.state
    if wanted.view == "mine":
        yield user_task.c.assignee == person.name
    if wanted.view == "claimable":
        yield user_task.c.assignee.is_(None)
    if wanted.view == "asked":
        yield user_task.c.owner == person.name
    if wanted.view == "overdue":
        yield OVERDUE


_DUE = Key(user_task.c.due_at, nullable=True)
_URGENT, _OLDEST, _ID = Key(user_task.c.priority, descending=True), Key(user_task.c.created_at), Key(user_task.c.id)
_DONE_LAST = (Key(user_task.c.completed_at, descending=True, nullable=True), _ID)
_DUE_WITHIN: dict[str, ColumnElement[bool]] = {
    "broken": SLA_BROKEN,
    "escalated": user_task.c.escalated_at.isnot(None),
    "today": user_task.c.due_at < func.business_today() + 1,
    "week": user_task.c.due_at < func.business_today() + 8,
    "none": user_task.c.due_at.is_(None),
    "rest": user_task.c.follow_up_at > func.business_now(),
    "now": or_(user_task.c.follow_up_at.is_(None), user_task.c.follow_up_at <= func.business_now()),
}
_SORTED = {
    "due": (_DUE, _URGENT, _OLDEST, _ID),
    "priority": (_URGENT, _DUE, _OLDEST, _ID),
    "follow_up": (Key(user_task.c.follow_up_at, nullable=True), _DUE, _ID),
    "oldest": (_OLDEST, _ID),
    "title": (Key(user_task.c.title), _DUE, _ID),
    "about": (Key(instance.c.business_key, nullable=True), _DUE, _ID),
    "newest": (Key(user_task.c.created_at, descending=True), _ID),
}
_TASKS = select(*_columns()).select_from(_joined())
_BY_GROUP = text("""
SELECT coalesce(grp, 'nobody') AS grp, count(*) AS open, count(*) FILTER (WHERE due_at < business_now()) AS late
FROM user_task LEFT JOIN LATERAL unnest(candidate_groups) AS grp ON true
WHERE state = 'open' GROUP BY grp ORDER BY count(*) DESC, grp LIMIT 12
""")
