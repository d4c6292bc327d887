"""Undo for a moment: a decision is held back, and nothing comes of it until it leaves.

What has been done to an instance cannot be taken back in one piece: handlers have posted, mails have left. So nothing is done at first.
The decision is checked and kept; the clock carries it out when its time has come, in one transaction like any other; until then undoing it
is forgetting it. It can be undone or carried out, never both and never half: both lock the instance first.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound, Problem
from engine.runtime.state import audit
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import user_tasks
from engine.runtime.verbs.user_tasks import Completion
from engine.runtime.verbs.visible_tasks import open_state, visible_to
from engine.store.locks import take_instance_of
from engine.store.tables import held_decision, instance, user_task

#: When what cannot be carried out now, because an operator holds the instance, is tried again.
_AGAIN = timedelta(minutes=1)


def hold(runtime: Runtime, tx: Session, task_id: UUID, data: Mapping[str, Any], completion: Completion) -> int:
    """Check a decision as completing does, and hold it back; answers for how many seconds. Told again, the latest one counts.

    The task is laid on the person's desk, so that nobody else decides it meanwhile.
    """
    seconds = runtime.limits.undo_seconds
    submitted = user_tasks.checked(runtime, tx, task_id, data, completion)
    leaves_at = func.now() + timedelta(seconds=seconds)
    row = {"person": completion.actor.name, "data": submitted, "leaves_at": leaves_at, "refusal": None}
    kept = insert(held_decision).values(task_id=task_id, **row).on_conflict_do_update(index_elements=["task_id"], set_=row)
    tx.execute(kept)
    return seconds


def undo(tx: Session, task_id: UUID, person: Person) -> None:
    """Forget a decision that has not left yet; what was filled in is the draft again.

    Raises Conflict when it has left, NotFound for a task that the person may not see.
    """
    take_instance_of(tx, task_id)
    mine = held_decision.c.task_id == task_id, held_decision.c.person == person.name
    row = tx.execute(delete(held_decision).where(*mine).returning(held_decision.c.data)).one_or_none()
    if row is None:
        _refuse_strangers(tx, task_id, person)
        raise Conflict(
            "The decision has left already, and the process has moved on.",
            code="decision_left",
            next_step="Look at what came of it; an operator can lead the process back.",
        )
    of_task = update(user_task).where(user_task.c.id == task_id, user_task.c.state == "open")
    tx.execute(of_task.values(draft=row.data, version=user_task.c.version + 1))
    audit.record(tx, audit.Entry(person.name, "undo", f"user_task:{task_id}"))


def _refuse_strangers(tx: Session, task_id: UUID, person: Person) -> None:
    theirs = or_(user_task.c.completed_by == person.name, visible_to(person))
    if tx.scalar(select(user_task.c.id).join(instance).where(user_task.c.id == task_id, theirs)) is None:
        raise NotFound("There is no such task, or it is not yours to see.", code="task_unknown", next_step="Look at your worklist.")


def carry_out(runtime: Runtime) -> int:
    """Let every decision leave whose time has come, each in a transaction of its own; answers how many left."""
    with runtime.database.transaction() as tx:
        due = tx.scalars(_DUE, {"most": runtime.limits.batch}).all()
    return sum(_leave(runtime, task_id) for task_id in due)


def _leave(runtime: Runtime, task_id: UUID) -> int:
    try:
        return runtime.database.run(lambda tx: _complete(runtime, tx, task_id))
    except Problem as problem:
        said, code = f"{problem.detail} {problem.next_step}", problem.code
        runtime.database.run(lambda tx: _refused(tx, task_id, said, code))
        return 0


def _complete(runtime: Runtime, tx: Session, task_id: UUID) -> int:
    take_instance_of(tx, task_id)
    due = delete(held_decision).where(held_decision.c.task_id == task_id, held_decision.c.leaves_at <= func.now())
    row = tx.execute(due.returning(held_decision.c.person, held_decision.c.data)).one_or_none()
    if row is None or open_state(tx, task_id) != "open":  # undone, carried out elsewhere, or the process went another way
        return 0
    user_tasks.complete(runtime, tx, task_id, row.data, Completion(Person(row.person)))
    return 1


def _refused(tx: Session, task_id: UUID, said: str, code: str) -> None:
    """Keep what was decided and why it could not be done, for who decided it; what an operator holds is tried again."""
    again = code == "instance_suspended"
    told: dict[str, Any] = {"leaves_at": func.now() + _AGAIN} if again else {"leaves_at": None, "refusal": said}
    person = tx.scalar(select(held_decision.c.person).where(held_decision.c.task_id == task_id))
    tx.execute(update(held_decision).where(held_decision.c.task_id == task_id).values(**told))
    if person is not None and not again:
        audit.record(tx, audit.Entry(person, "decision_refused", f"user_task:{task_id}", detail={"why": said}))


_DUE = text("SELECT task_id FROM held_decision WHERE leaves_at <= now() ORDER BY leaves_at LIMIT :most")
