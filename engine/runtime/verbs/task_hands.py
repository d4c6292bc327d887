"""Through whose hands a user task goes: ask a colleague and get it back, send it back along the diagram, let it rest or hurry it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, Invalid
from engine.runtime.advance.advance import act
from engine.runtime.state import audit
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.runtime.verbs.act_rules import Act, ruled
from engine.runtime.verbs.comments import checked_text
from engine.runtime.verbs.duties import four_eyes, override, take_part
from engine.runtime.verbs.user_tasks import (
    Completed,
    acts_for,
    assigned,
    not_asked_only,
    not_held_by_another,
    not_suspended,
    note_behalf,
    open_task,
    refuse_nobody,
    said_of,
)
from engine.runtime.verbs.visible_tasks import UserTask

LOWEST_PRIORITY: Final = 0
HIGHEST_PRIORITY: Final = 100
#: What an error boundary event without a code is told.
ANY_CODE: Final = "SENT_BACK"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of whom."""

    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """By which way back a task goes, and why."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """An error boundary event of a user task: the diagram says where it leads, its name what it is called."""

    code: str
    name: str


def delegate(runtime: Runtime, tx: Session, task_id: UUID, question: Question, person: Person) -> UserTask:
    """Ask a colleague: they have it until they answer, then it is back with its owner, who decides.

    Raises Forbidden (also for who may not see it), Conflict where another has it, Invalid for nobody.
    """
    task = _mine(tx, task_id, person)
    owner = task.assignee or person.name
    rule = ruled(runtime, tx, task, Act("delegate", person, question.to))
    to = rule.to or question.to
    if to in task.excluded_users:
        raise four_eyes(task, to)
    if to == owner:
        raise Invalid(
            f"{to} has it already.", code="person_same", next_step="Choose somebody else.", errors={"to": ["is whose it is already"]}
        )
    refuse_nobody(runtime, tx, to)
    asked = checked_text(question.text)
    audit.record(tx, audit.Entry(person.name, "delegate", f"user_task:{task_id}", detail={"to": to, "question": asked}))
    return assigned(tx, task, to, owner=owner, delegation="pending", question=asked, answer=None, **rule.changes)


def answer(tx: Session, task_id: UUID, said: str, person: Person) -> UserTask:
    """Give a task that one was asked about back to its owner, with what one thinks. Raises Conflict where nobody was asked."""
    task = open_task(tx, task_id, person, None).task
    if task.delegation != "pending" or task.assignee != person.name:
        raise Conflict(
            f"Nobody has asked you about {task.title!r}.",
            code="not_delegated",
            next_step="Decide one way or the other, or leave a comment.",
        )
    told = checked_text(said)
    audit.record(tx, audit.Entry(person.name, "answer", f"user_task:{task_id}", detail={"to": task.owner, "answer": told}))
    return assigned(tx, task, task.owner, owner=None, delegation="resolved", answer=told)


def take_back(tx: Session, task_id: UUID, person: Person) -> UserTask:
    """Have a task again that a colleague was asked about and has not answered. Raises Conflict where nobody was asked."""
    task = open_task(tx, task_id, person, None).task
    if task.delegation != "pending":
        raise Conflict(f"Nobody is asked about {task.title!r}.", code="not_delegated", next_step="Look at who has it.")
    if task.owner != person.name and not person.oversees:
        raise Forbidden(f"{task.owner} has asked {task.assignee}.", next_step="Only who asked or an operator can take it back.")
    audit.record(tx, audit.Entry(person.name, "take_back", f"user_task:{task_id}", detail={"from": task.assignee}))
    return assigned(tx, task, task.owner, owner=None, delegation=None)


def plan(runtime: Runtime, tx: Session, task_id: UUID, changes: Mapping[str, Any], person: Person) -> UserTask:
    """Change `priority` (0 to 100, 50 is usual), `follow_up_at` or `due_at` of a task; what is not named stays.

    Raises Invalid for another priority, Conflict where another has it.
    """
    task = _mine(tx, task_id, person)
    changes = ruled(runtime, tx, task, Act("plan", person, changes=changes)).changes
    priority = changes.get("priority", task.priority)
    if not LOWEST_PRIORITY <= priority <= HIGHEST_PRIORITY:
        said = f"must be between {LOWEST_PRIORITY} and {HIGHEST_PRIORITY}"
        raise Invalid(f"{priority} is no priority.", code="priority", next_step="Give a number from 0 to 100.", errors={"priority": [said]})
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in changes.items()}
    audit.record(tx, audit.Entry(person.name, "plan", f"user_task:{task_id}", detail=told))
    return assigned(tx, task, task.assignee, **changes)


def ways_back(runtime: Runtime, tx: Session, process_version_id: int, element_id: str) -> Sequence[WayBack]:
    """The ways back that the diagram has at a user task: its error boundary events."""
    elements = runtime.models.process(tx, process_version_id).elements.values()
    events = [each for each in elements if each.attached_to == element_id and each.event is not None and each.event.kind == "error"]
    return [WayBack(each.event.code or ANY_CODE, each.name or each.id) for each in events if each.event is not None]


def send_back(runtime: Runtime, tx: Session, task_id: UUID, refusal: Refusal, person: Person) -> Completed:
    """Not decide a task but send it back, with a reason, by the way that the diagram has for it.

    Raises Conflict where it has none of that code, Invalid without a reason, and what completing raises.
    """
    task = open_task(tx, task_id, person, None).task
    not_held_by_another(task, person)
    behalf = acts_for(tx, task, person)
    not_asked_only(task)
    not_suspended(task)
    ways = {way.code: way for way in ways_back(runtime, tx, task.process_version_id, task.element_id)}
    if refusal.code not in ways:
        raise _no_way_back(task, ways)
    code, why = refusal.code, checked_text(refusal.reason)
    override(tx, task, person, why)
    ruled(runtime, tx, task, Act("send_back", person))
    take_part(tx, task, person, behalf)
    audit.record(
        tx, audit.Entry(person.name, "send_back", f"user_task:{task_id}", why, {"way": ways[code].name, "code": code, **said_of(behalf)})
    )
    note_behalf(tx, task_id, behalf)
    body = {"task_id": task_id, "code": code, "reason": why}
    acted = act(runtime, tx, task.instance_id, Fact("send_back", body, person.name, f"user_task:{task_id}"))
    return Completed(task.instance_id, acted.applied, acted.state)


def _mine(tx: Session, task_id: UUID, person: Person) -> UserTask:
    """A task that one has or may take, and is not only asked about."""
    task = open_task(tx, task_id, person, None).task
    not_held_by_another(task, person)
    acts_for(tx, task, person)
    not_asked_only(task)
    return task


def _no_way_back(task: UserTask, ways: Collection[str]) -> Conflict:
    return Conflict(
        f"{task.title!r} has no way back of that kind.",
        code="no_way_back",
        next_step=f"Choose one of {', '.join(ways)}." if ways else "Decide one way or the other; no way back is drawn at this step.",
    )
