"""What people do: open, claim, release, draft and complete user tasks. Whoever is second is told who was first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from engine.forms import validate
from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.runtime.advance.advance import act
from engine.runtime.state import audit
from engine.runtime.state.authority import acting, refuse_beyond
from engine.runtime.state.directory import Directory
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.runtime.verbs import visible_tasks
from engine.runtime.verbs.act_rules import Act, ruled
from engine.runtime.verbs.duties import four_eyes, override, take_part
from engine.runtime.verbs.visible_tasks import OpenedTask, UserTask, behalf_of
from engine.spiff.plain import plain_mapping
from engine.store.clock import business_now
from engine.store.tables import InstanceState, user_task

__all__ = [
    "Completed",
    "Completion",
    "OpenedTask",
    "UserTask",
    "acts_for",
    "assign",
    "assigned",
    "checked",
    "claim",
    "complete",
    "four_eyes",
    "get",
    "may_act",
    "not_asked_only",
    "not_held_by_another",
    "not_suspended",
    "note_behalf",
    "open_task",
    "refuse_nobody",
    "release",
    "said_of",
    "save_draft",
]


@dataclass(frozen=True, slots=True)
class Completion:
    """Who completes, and the version of the task they looked at (None: whatever it is now).

    An operator who is no candidate says the `reason` of the override.
    """

    actor: Person
    version: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Completed:
    """`applied` is False when the instance is busy: the decision is noted and will be applied in a moment."""

    instance_id: UUID
    applied: bool
    instance_state: InstanceState


def get(_runtime: Runtime, tx: Session, task_id: UUID, person: Person) -> OpenedTask:
    """One task with its form data and draft. Raises NotFound when there is none that the person may see."""
    opened = visible_tasks.one(tx, person, task_id)
    if opened is None:
        raise _unknown(task_id)
    return opened


def claim(runtime: Runtime, tx: Session, task_id: UUID, person: Person, reason: str = "") -> UserTask:
    """Take a task for oneself; an operator who is no candidate says why. Raises Conflict when somebody else has it, Forbidden."""
    task = open_task(tx, task_id, person, None).task
    not_held_by_another(task, person, overseer=False)
    override(tx, task, person, reason)
    behalf = acts_for(tx, task, person)
    rule = ruled(runtime, tx, task, Act("claim", person))
    audit.record(tx, audit.Entry(person.name, "claim", f"user_task:{task_id}", detail=said_of(behalf)))
    owner = task.assignee if task.assignee not in {None, person.name} else task.owner
    return assigned(tx, task, person.name, owner=owner, on_behalf_of=behalf, **rule.changes)


def acts_for(tx: Session, task: UserTask, person: Person) -> str | None:
    """On whose behalf a person acts on a task; None on their own. Raises Forbidden where either of them may not decide it.

    A deputy decides up to the amounts of whom they stand in for. Whoever stood behind an earlier decision of somebody who is excluded is
    excluded like them: a deputy is no second pair of eyes.
    """
    may_act(task, person)
    behalf = behalf_of(task, person)
    if behalf is None:
        names = [person.name]
    elif behalf in task.excluded_users:
        raise four_eyes(task, f"{person.name} on behalf of {behalf}")
    else:
        names = [person.name, behalf]
    refuse_beyond(tx, task, *acting(person, behalf))
    if task.excluded_users and tx.scalar(_STOOD_BEHIND, {"id": task.instance_id, "names": names, "excluded": list(task.excluded_users)}):
        raise four_eyes(task, person.name)
    return behalf


def note_behalf(tx: Session, task_id: UUID, behalf: str | None) -> None:
    """Keep on whose behalf a task is decided."""
    if behalf:
        tx.execute(update(user_task).where(user_task.c.id == task_id).values(on_behalf_of=behalf))


def said_of(behalf: str | None) -> dict[str, str]:
    """How the audit log and the history say it."""
    return {"on_behalf_of": behalf} if behalf else {}


def release(runtime: Runtime, tx: Session, task_id: UUID, person: Person, version: int | None = None) -> UserTask:
    """Give a task back to its candidates, or to whose it is. Raises Conflict when it is claimed by another."""
    task = open_task(tx, task_id, person, version).task
    if task.assignee not in {None, person.name} and not person.oversees:
        raise Conflict(
            f"{task.assignee} has claimed {task.title!r}.", code="claimed", next_step=f"Only {task.assignee} or an operator can release it."
        )
    rule = ruled(runtime, tx, task, Act("release", person))
    back_to = task.owner if task.owner != task.assignee else None
    audit.record(tx, audit.Entry(person.name, "release", f"user_task:{task_id}", detail={"to": back_to} if back_to else {}))
    return assigned(tx, task, back_to, owner=None, delegation=None, on_behalf_of=None, **rule.changes)


def assign(runtime: Runtime, tx: Session, task_id: UUID, to: str, person: Person) -> UserTask:
    """Hand a task to somebody: its holder or an operator may. Raises Forbidden (also when the other is excluded), Invalid (nobody)."""
    task = open_task(tx, task_id, person, None).task
    if task.assignee not in {None, person.name} and not person.oversees:
        raise Forbidden(f"{task.assignee} has claimed {task.title!r}.", next_step="Only its holder or an operator can hand it on.")
    rule = ruled(runtime, tx, task, Act("assign", person, to))
    to = rule.to or to
    if to in task.excluded_users:
        raise four_eyes(task, to)
    refuse_nobody(runtime, tx, to)
    directory: Any = runtime.ports.get(Directory)
    if directory is not None:
        refuse_beyond(tx, task, to, directory.groups_of(tx, to))
    audit.record(tx, audit.Entry(person.name, "assign", f"user_task:{task_id}", detail={"to": to}))
    return assigned(tx, task, to, owner=None, delegation=None, on_behalf_of=None, **rule.changes)


def refuse_nobody(runtime: Runtime, tx: Session, name: str) -> None:
    """A task that nobody can open would wait for ever."""
    directory: Any = runtime.ports.get(Directory)
    if directory is not None and name not in directory.known(tx, (), [name]):
        raise Invalid(
            f"{name} is nobody who works here.",
            code="person_unknown",
            next_step="Choose somebody who has an account.",
            errors={"to": ["is nobody who works here"]},
        )


def save_draft(_runtime: Runtime, tx: Session, task_id: UUID, data: Mapping[str, Any], completion: Completion) -> int:
    """Keep what was typed so far; answers the task's new version. Nothing is validated yet."""
    task = open_task(tx, task_id, completion.actor, completion.version).task
    acts_for(tx, task, completion.actor)
    not_held_by_another(task, completion.actor)
    draft = plain_mapping(data, "The draft")
    statement = update(user_task).where(user_task.c.id == task_id).values(draft=draft, version=user_task.c.version + 1)
    version: int = tx.execute(statement.returning(user_task.c.version)).scalar_one()
    return version


def complete(runtime: Runtime, tx: Session, task_id: UUID, data: Mapping[str, Any], completion: Completion) -> Completed:
    """Submit a task's form and let the instance go on, all in this transaction.

    Raises Invalid with the errors by field, Forbidden for the excluded, Conflict when another was first or the task is gone.
    """
    person = completion.actor
    opened, behalf = _decidable(tx, task_id, completion)
    submitted = _validated(runtime, tx, opened, data)
    ruled(runtime, tx, opened.task, Act("complete", person, data=submitted))
    take_part(tx, opened.task, person, behalf)
    if behalf:
        note_behalf(tx, task_id, behalf)
        audit.record(tx, audit.Entry(person.name, "complete", f"user_task:{task_id}", detail=said_of(behalf)))
    body = {"task_id": task_id, "data": submitted, **said_of(behalf)}
    acted = act(runtime, tx, opened.task.instance_id, Fact("user_task", body, person.name, f"user_task:{task_id}"))
    return Completed(opened.task.instance_id, acted.applied, acted.state)


def checked(runtime: Runtime, tx: Session, task_id: UUID, data: Mapping[str, Any], completion: Completion) -> dict[str, Any]:
    """What would be submitted, after all that completing asks for; the task is laid on the person's desk. Raises what `complete` does."""
    opened, behalf = _decidable(tx, task_id, completion)
    submitted = _validated(runtime, tx, opened, data)
    ruled(runtime, tx, opened.task, Act("complete", completion.actor, data=submitted))
    if opened.task.assignee != completion.actor.name:
        assigned(tx, opened.task, completion.actor.name, on_behalf_of=behalf)
    return submitted


def _decidable(tx: Session, task_id: UUID, completion: Completion) -> tuple[OpenedTask, str | None]:
    """A task that the person may decide now, and on whose behalf."""
    opened = open_task(tx, task_id, completion.actor, completion.version)
    not_held_by_another(opened.task, completion.actor)
    behalf = acts_for(tx, opened.task, completion.actor)
    not_asked_only(opened.task)
    not_suspended(opened.task)
    override(tx, opened.task, completion.actor, completion.reason)
    return opened, behalf


def _validated(runtime: Runtime, tx: Session, opened: OpenedTask, data: Mapping[str, Any]) -> dict[str, Any]:
    given = plain_mapping(data, "What was submitted")
    if opened.task.form_key is None:
        return given
    form = runtime.models.form(tx, opened.task.process_version_id, opened.task.form_key)
    submission = validate(form, given, opened.form_data, business_now(tx))
    if submission.errors:
        raise Invalid(
            f"{len(submission.errors)} field(s) of {opened.task.title!r} are not right.",
            code="form_invalid",
            next_step="Correct the fields named and submit again.",
            errors=submission.errors,
        )
    return dict(submission.data)


def open_task(tx: Session, task_id: UUID, person: Person, version: int | None) -> OpenedTask:
    """Lock a task that is still open. A second person waits here and then learns who was first."""
    opened = visible_tasks.one(tx, person, task_id, lock=True)
    if opened is None:
        raise _unknown(task_id)
    task = opened.task
    if task.state != "open":
        raise _closed(task)
    if version is not None and version != task.version:
        raise Conflict(
            f"{task.title!r} has changed since you opened it (version {task.version}, yours is {version}).",
            code="version_changed",
            next_step="Open it again and repeat what you wanted to do.",
        )
    return opened


def assigned(tx: Session, task: UserTask, to: str | None, **also: Any) -> UserTask:
    """Lay a task on somebody's desk, or back on that of its candidates; `also` are other columns that change with it."""
    values = {"assignee": to, "claimed_at": func.business_now() if to else None, "version": user_task.c.version + 1, **also}
    statement = update(user_task).where(user_task.c.id == task.id).values(**values).returning(user_task.c.claimed_at, user_task.c.version)
    row = tx.execute(statement).one()
    return replace(task, assignee=to, claimed_at=row.claimed_at, version=row.version, **also)


def may_act(task: UserTask, person: Person) -> None:
    """Raises Forbidden for who may not decide it."""
    if person.name in task.excluded_users:
        raise four_eyes(task, person.name)


def not_held_by_another(task: UserTask, person: Person, *, overseer: bool = True) -> None:
    """Raises Conflict when somebody else has it for whom one does not stand in; an overseer may act all the same, but not claim."""
    mine = task.assignee in {None, person.name} or behalf_of(task, person) == task.assignee
    if not mine and not (overseer and person.oversees):
        raise Conflict(
            f"{task.assignee} has claimed {task.title!r}.",
            code="claimed",
            next_step=f"Ask {task.assignee} to release it.",
        )


def not_suspended(task: UserTask) -> None:
    """Raises Conflict where an operator holds its instance."""
    if task.instance_state == InstanceState.SUSPENDED:
        raise Conflict(
            "The instance is suspended by an operator.",
            code="instance_suspended",
            next_step="Save a draft, and complete it after it is resumed.",
        )


def not_asked_only(task: UserTask) -> None:
    """Raises Conflict where whoever has it was only asked: its owner decides."""
    if task.delegation == "pending":
        raise Conflict(
            f"{task.owner} has asked {task.assignee} about {task.title!r}, and decides it.",
            code="task_delegated",
            next_step="Send your answer: the task goes back to its owner with it.",
        )


def _closed(task: UserTask) -> Conflict:
    at = f"{task.completed_at:%Y-%m-%d %H:%M:%S %Z}" if task.completed_at else ""
    if task.state == "completed":
        return Conflict(
            f"{task.completed_by} completed {task.title!r} at {at}.",
            code="task_completed",
            next_step="Nothing is left to do; look at the instance.",
        )
    return Conflict(
        f"{task.title!r} was withdrawn at {at}.", code="task_cancelled", next_step="The process went another way; look at the instance."
    )


def _unknown(task_id: UUID) -> NotFound:
    return NotFound(f"There is no task {task_id} for you.", code="task_unknown", next_step="Look in your worklist.")


_STOOD_BEHIND = text("""
SELECT EXISTS (
  SELECT FROM user_task
  WHERE instance_id = :id AND state = 'completed' AND on_behalf_of = ANY(:names) AND completed_by = ANY(:excluded)
)
""")
