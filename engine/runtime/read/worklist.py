"""The worklist of one person: what they hold and what their groups may claim. Who may see a task is decided in the query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    Subquery,
    Text,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.read.pending_changes import to_confirm
from engine.runtime.state.people import Person
from engine.runtime.verbs.visible_tasks import EXCLUDED, OVERSEER, Way, user_link, visible_to, ways_to
from engine.store.paging import MOST, AnyRow, Asked, Key, Merged, Page, Ranges, counted, counted_of, read_merged, read_page
from engine.store.tables import (
    deployment_file,
    held_decision,
    identity_link,
    incident,
    instance,
    pending_change,
    process_version,
    user_task,
)
from engine.store.text_search import contains_words, is_common

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
#: Every task that is found has to be looked at: so many are counted.
_MOST_FOUND = 200
#: What stands in a link for a time that there is none of.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
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
    #: Whether many tasks have what is searched for: worked out when it is read.
    common: bool = False


class _Times(NamedTuple):
    """Times by which tasks are chosen: of their links, or of the tasks themselves; _NEVER where there is none."""

    due_at: ColumnElement[Any]
    follow_up_at: ColumnElement[Any]
    haste: ColumnElement[int]


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


def list_tasks(tx: Session, person: Person, wanted: Filter, asked: Asked, *, count: bool = False) -> Page[TaskRow]:
    """One page of the tasks that a person may see. Open ones are read by their links, each name a range of an index."""
    if wanted.view == DONE or wanted.state != "open":
        keys = _DONE_LAST if wanted.view == DONE else _BY_DUE
        return read_page(tx, _TASKS.where(*_closed(person, wanted)), keys, asked, count=count).typed(TaskRow)
    if wanted.search:
        wanted = replace(wanted, common=is_common(tx, _SEARCHED, wanted.search))
    by = _SORTED.get(wanted.sort, _SORTED["due"])
    most = _MOST_FOUND if wanted.search else MOST
    return read_merged(tx, Merged(_ranges(person, wanted), _shown, most), by, asked, count=count).typed(TaskRow)


def count_tasks(tx: Session, person: Person) -> AnyRow:
    """How many open tasks each view holds, each counted up to MOST, and of which processes there are some. One statement."""
    counts = (_counted(person, view).label(view) for view in ("all", "mine", "claimable", "asked", "overdue"))
    return tx.execute(select(*counts, _processes(person).label("processes"))).one()


def count_urgent(tx: Session, person: Person, most: int = 100) -> tuple[int, int]:
    """For the navigation: tasks and changes that wait for the person, and open incidents; each counted up to `most`. One statement."""
    failed = select(incident.c.id).where(incident.c.state == "open")
    changes = select(pending_change.c.id).where(to_confirm(person))
    tasks = _counted(person, "all", most)
    row = tx.execute(select(tasks + counted(changes, most), counted(failed, most))).one()
    return row[0], row[1]


def list_chosen(tx: Session, person: Person, task_ids: Sequence[UUID]) -> list[TaskRow]:
    """Those of some open tasks that the person may see, the most urgent first."""
    chosen = _TASKS.where(visible_to(person), user_task.c.state == "open", user_task.c.id.in_(task_ids))
    return list(read_page(tx, chosen, _BY_DUE, Asked(len(task_ids) or 1)).typed(TaskRow).rows)


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
            *(user_task.c[name] for name in ("form_data", "draft", "outcome", "instructions", "question", "answer", *_DECIDED)),
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
    return list(read_page(tx, of_instance, (Key(user_task.c.created_at), _ID), Asked(50)).typed(TaskRow).rows)


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
        *(user_task.c[name] for name in TaskRow.__dataclass_fields__ if name in user_task.c and name != "process_key"),
        instance.c.business_key,
        instance.c.process_key,
        instance.c.variables["order_no"].astext.label("order_no"),
        process_version.c.name.label("process_name"),
        case((OVERDUE, True), else_=False).label("overdue"),
        case((SLA_BROKEN, True), else_=False).label("sla_broken"),
        select(held_decision.c.task_id).where(held_decision.c.task_id == user_task.c.id).correlate(user_task).exists().label("held"),
    ]


def _counted(person: Person, view: str, most: int = MOST) -> ScalarSelect[int]:
    """How many open tasks a view holds. The order is that of the index which knows all that is asked."""
    found = _ranges(person, Filter(view=view))
    return counted_of([Ranges(each.of, each.rows.with_only_columns(_LINK.task_id).order_by(_LINK.due_at)) for each in found], most)


def _ranges(person: Person, wanted: Filter) -> list[Ranges]:
    """For each name under which a person is linked to open tasks, its links, narrowed by the filter."""
    if wanted.view == EVERYBODY and person.oversees:
        ways: Sequence[Way] = (Way((OVERSEER,), ()),)
    elif wanted.view in {"mine", "asked"}:
        kind = "assignee" if wanted.view == "mine" else "owner"
        ways = (Way((user_link(person.name),), (_LINK.kind == kind,)),)
    else:
        ways = ways_to(person)
    narrowed = [*_of_link(wanted), *_of_times(_OF_LINK, wanted)]
    links, by_words, of_task = _LINKS.where(_LINK.open), wanted.sort in _BY_WORDS, tuple(_of_task(wanted))
    if of_task or by_words:
        links = links.join(user_task, user_task.c.id == _LINK.task_id).where(*of_task)
    if by_words:
        links = links.join(instance, instance.c.id == user_task.c.instance_id).add_columns(user_task.c.title, instance.c.business_key)
    return [_of_names(way, links.where(*way.conditions, *narrowed)) for way in ways]


def _of_names(way: Way, links: Select[Any]) -> Ranges:
    names = func.unnest(cast(list(way.names), ARRAY(Text))).table_valued("who").render_derived()
    return Ranges(names, links.where(_LINK.who == names.c.who))


def _of_link(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.process:
        yield _LINK.process_key == wanted.process
    if wanted.view == "claimable":
        yield _LINK.free


def _shown(page: Subquery) -> Select[Any]:
    return _TASKS.join(page, page.c.task_id == user_task.c.id)


def _processes(person: Person) -> ScalarSelect[Any]:
    """Of which processes there are open tasks that concern the person: name by key."""
    names = [name for way in ways_to(person) for name in way.names]
    latest = process_version.alias("latest")
    some = select(identity_link.c.task_id).where(
        identity_link.c.who.in_(names), identity_link.c.open, identity_link.c.process_key == latest.c.process_key
    )
    found = func.jsonb_object_agg(latest.c.process_key, latest.c.name)
    rows = select(func.coalesce(found, func.jsonb_build_object())).where(latest.c.latest, some.correlate(latest).exists())
    return rows.scalar_subquery()


def _of_times(columns: _Times, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """What of a filter is about times and priority."""
    if wanted.due and wanted.due not in _OF_AGREEMENT:
        yield _within(columns)[wanted.due]
    if wanted.least_priority is not None:
        yield columns.haste <= -wanted.least_priority
    if wanted.view == "overdue":
        yield columns.due_at < func.business_now()


def _within(columns: _Times) -> dict[str, ColumnElement[bool]]:
    now, today = func.business_now(), func.business_today()
    return {
        "today": columns.due_at < today + 1,
        "week": columns.due_at < today + 8,
        "none": columns.due_at == _NEVER,
        "rest": and_(columns.follow_up_at > now, columns.follow_up_at < _NEVER),
        "now": or_(columns.follow_up_at == _NEVER, columns.follow_up_at <= now),
    }


def _of_task(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """What of a filter only the task answers."""
    equal = {user_task.c.element_id: wanted.element_id, user_task.c.form_key: wanted.form_key}
    yield from (column == value for column, value in equal.items() if value)
    if wanted.due in _OF_AGREEMENT:
        yield _OF_AGREEMENT[wanted.due]
    if wanted.business_key:
        yield user_task.c.instance_id.in_(select(instance.c.id).where(instance.c.business_key == wanted.business_key))
    if wanted.group:
        yield user_task.c.candidate_groups.contains([wanted.group])
    if wanted.search:
        yield user_task.c.state == literal_column("'open'") if wanted.state == "open" else true()
        yield contains_words(user_task.c.found_by, wanted.search, common=wanted.common)


def _closed(person: Person, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """What of a filter a task answers that nobody is asked to do any more."""
    yield visible_to(person)
    if wanted.view == DONE:
        yield user_task.c.state == "completed"
        yield user_task.c.completed_by == person.name
    else:
        yield user_task.c.state == wanted.state
    if wanted.process:
        yield user_task.c.process_key == wanted.process
    yield from _of_times(_OF_TASK, wanted)
    yield from _of_task(wanted)


#: Few tasks have an agreement at all, so their links do not know of it.
_OF_AGREEMENT = {"broken": SLA_BROKEN, "escalated": user_task.c.escalated_at.isnot(None)}
_LINK = identity_link.c
_LINKS = select(_LINK.task_id, _LINK.due_at, _LINK.haste, _LINK.follow_up_at, _LINK.created_at).select_from(identity_link)
_SEARCHED = select(user_task.c.found_by).where(user_task.c.state == literal_column("'open'")).order_by(user_task.c.due_at)
_OF_LINK = _Times(_LINK.due_at, _LINK.follow_up_at, _LINK.haste)
_OF_TASK = _Times(func.coalesce(user_task.c.due_at, _NEVER), func.coalesce(user_task.c.follow_up_at, _NEVER), -user_task.c.priority)
_DECIDED = ("decision_kind", "decision_amount", "decision_currency")
_ID = Key(user_task.c.id)
_DONE_LAST = (Key(user_task.c.completed_at, descending=True, nullable=True), _ID)
_BY_DUE = (Key(user_task.c.due_at, nullable=True), Key(user_task.c.priority, descending=True), Key(user_task.c.created_at), _ID)
_SORTED = {
    "due": (Key(_LINK.due_at), Key(_LINK.haste), Key(_LINK.created_at), Key(_LINK.task_id)),
    "priority": (Key(_LINK.haste), Key(_LINK.due_at), Key(_LINK.created_at), Key(_LINK.task_id)),
    "follow_up": (Key(_LINK.follow_up_at), Key(_LINK.due_at), Key(_LINK.task_id)),
    "oldest": (Key(_LINK.created_at), Key(_LINK.task_id)),
    "newest": (Key(_LINK.created_at, descending=True), Key(_LINK.task_id, descending=True)),
    "title": (Key(user_task.c.title), Key(_LINK.due_at), Key(_LINK.task_id)),
    "about": (Key(instance.c.business_key, nullable=True), Key(_LINK.due_at), Key(_LINK.task_id)),
}
#: What links do not know: a range is sorted whole by it.
_BY_WORDS = frozenset({"title", "about"})
_TASKS = select(*_columns()).select_from(_joined())
