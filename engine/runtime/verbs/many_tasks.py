"""What one person does to several user tasks: each for itself in a transaction of its own, each with its own result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from engine.problems import Invalid, Problem
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import user_tasks

#: Tasks that one act is about: as many as a page shows, and as can be done while a person waits.
MOST_TASKS: Final = 50

Result = TypeVar("Result")
#: Does something in a transaction of its own.
Run = Callable[[Callable[[Session], Result]], Result]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of one task: `state` is completed, accepted (a worker is at its instance), claimed, released, assigned or refused.

    Where it is refused, `code`, `detail`, `next_step` and `errors` say why, and nothing of it has changed.
    """

    id: UUID
    state: str
    code: str = ""
    detail: str = ""
    next_step: str = ""
    errors: Mapping[str, Sequence[str]] | None = None


def complete_many(
    runtime: Runtime, run: Run[TaskResult], task_ids: Sequence[UUID], data: Mapping[str, Any], person: Person
) -> list[TaskResult]:
    """Give several tasks the same answer. Told again, what is completed already is refused. Raises Invalid for too many."""
    return complete_each(runtime, run, dict.fromkeys(task_ids, data), person)


def complete_each(runtime: Runtime, run: Run[TaskResult], answers: Mapping[UUID, Mapping[str, Any]], person: Person) -> list[TaskResult]:
    """Give each of several tasks its own answer. Told again, what is completed already is refused. Raises Invalid for too many."""

    def complete(tx: Session, task_id: UUID) -> TaskResult:
        made = user_tasks.complete(runtime, tx, task_id, answers[task_id], user_tasks.Completion(person))
        return TaskResult(task_id, "completed" if made.applied else "accepted")

    return [_each(run, complete, task_id) for task_id in _checked(list(answers))]


def claim_many(runtime: Runtime, run: Run[TaskResult], task_ids: Sequence[UUID], person: Person) -> list[TaskResult]:
    """Take several tasks for oneself. Raises Invalid for too many."""

    def claim(tx: Session, task_id: UUID) -> TaskResult:
        user_tasks.claim(runtime, tx, task_id, person)
        return TaskResult(task_id, "claimed")

    return [_each(run, claim, task_id) for task_id in _checked(task_ids)]


def release_many(runtime: Runtime, run: Run[TaskResult], task_ids: Sequence[UUID], person: Person) -> list[TaskResult]:
    """Give several tasks back to their groups. Raises Invalid for too many."""

    def release(tx: Session, task_id: UUID) -> TaskResult:
        user_tasks.release(runtime, tx, task_id, person)
        return TaskResult(task_id, "released")

    return [_each(run, release, task_id) for task_id in _checked(task_ids)]


def assign_many(runtime: Runtime, run: Run[TaskResult], task_ids: Sequence[UUID], to: str, person: Person) -> list[TaskResult]:
    """Hand several tasks to somebody. Raises Invalid for too many."""

    def assign(tx: Session, task_id: UUID) -> TaskResult:
        user_tasks.assign(runtime, tx, task_id, to, person)
        return TaskResult(task_id, "assigned")

    return [_each(run, assign, task_id) for task_id in _checked(task_ids)]


def _each(run: Run[TaskResult], act: Callable[[Session, UUID], TaskResult], task_id: UUID) -> TaskResult:
    try:
        return run(lambda tx: act(tx, task_id))
    except Problem as problem:
        return TaskResult(task_id, "refused", problem.code, problem.detail, problem.next_step, problem.errors or None)


def _checked(task_ids: Sequence[UUID]) -> list[UUID]:
    found = list(dict.fromkeys(task_ids))
    if not found:
        raise Invalid("No task is chosen.", code="tasks_missing", next_step="Choose some in the list.", errors={"ids": ["is missing"]})
    if len(found) > MOST_TASKS:
        raise Invalid(
            f"{len(found)} tasks are chosen; at most {MOST_TASKS} are done at once.",
            code="too_many_tasks",
            next_step="Choose fewer, and the rest after them.",
            errors={"ids": [f"are more than {MOST_TASKS}"]},
        )
    return found
