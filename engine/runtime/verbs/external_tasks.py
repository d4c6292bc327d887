"""What a worker outside says of a task that it has fetched: done, refused, failed, still at it, or given back.

Whoever speaks must hold the task: a lock that ran out is theirs until another has taken the task, and then whatever they say is refused.
Completion and all that follows from it are one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Forbidden, Invalid, NotFound
from engine.runtime.advance.advance import act
from engine.runtime.advance.apply import outcome_to_json
from engine.runtime.advance.offers import CHANNEL
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.spiff.calls import CallOutcome, Done, Failure, Refusal
from engine.store.locks import Lock, take
from engine.store.rows import insert_rows
from engine.store.tables import history


@dataclass(frozen=True, slots=True)
class Holder:
    """Who speaks: the account, and the name that the worker gives itself."""

    person: Person
    worker_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an attempt failed, how many are left as the worker counts them, and how long nobody is to try."""

    message: str
    details: str | None
    retries: int
    pause: timedelta


def complete(runtime: Runtime, tx: Session, holder: Holder, task_id: UUID, variables: Mapping[str, Any]) -> None:
    """The task is done: its variables go into its result variable, or each becomes one. Raises NotFound, or Invalid for who lost it."""
    _answer(runtime, tx, holder, task_id, Done(variables, merged=True))


def refuse(runtime: Runtime, tx: Session, holder: Holder, task_id: UUID, refusal: Refusal) -> None:
    """The business said no: the error boundary event for the code goes on, and where there is none it is an incident."""
    _answer(runtime, tx, holder, task_id, refusal)


def fail(runtime: Runtime, tx: Session, holder: Holder, task_id: UUID, failed: Failed) -> None:
    """An attempt failed. With retries left the task is free again after the pause; with none it is an incident that an operator sees."""
    if failed.retries <= 0:
        next_step = "See to the cause at the worker, then retry the step: it is offered again."
        _answer(runtime, tx, holder, task_id, Failure("external_task", failed.message, next_step=next_step, traceback=failed.details))
        return
    row = _held(tx, holder, task_id)
    told = {"id": task_id, "retries": failed.retries, "pause": failed.pause, "error": failed.message}
    tx.execute(_FAILED, told)
    tx.execute(_NOTED, told)
    detail = {"kind": "external_task", "message": failed.message, "worker": holder.worker_id, "retries": failed.retries}
    insert_rows(tx, history, [_attempt(row, task_id, holder, detail)])


def extend(tx: Session, holder: Holder, task_id: UUID, length: timedelta) -> None:
    """Hold it for that long from now on. Raises Invalid when the lock has run out already."""
    row = _held(tx, holder, task_id)
    if not row.locked:
        raise Invalid("The lock has run out.", code="lock_lost", next_step="Fetch the task anew; what was done may be done twice.")
    tx.execute(_EXTEND, {"id": task_id, "length": length})


def lock(tx: Session, holder: Holder, task_id: UUID, length: timedelta) -> None:
    """Take a given task, or hold it longer. Raises NotFound, or Invalid while another holds it."""
    row = _task(tx, holder.person, task_id)
    if row.locked and not _is_held_by(row, holder):
        raise _lost(row)
    tx.execute(_TAKE, {"id": task_id, "length": length, "account": holder.person.name, "worker_id": holder.worker_id})


def unlock(tx: Session, person: Person, task_id: UUID) -> None:
    """Give it back, whoever holds it: clients send no name with it. Raises NotFound."""
    row = _task(tx, person, task_id)
    tx.execute(_UNLOCK, {"id": task_id, "channel": CHANNEL, "topic": row.topic})


def _answer(runtime: Runtime, tx: Session, holder: Holder, task_id: UUID, outcome: CallOutcome) -> None:
    """Bring an outcome into the instance, now or when it is free; either way the task is answered."""
    take(tx, Lock.INSTANCE, tx.execute(_INSTANCE_OF, {"id": task_id}).scalars())
    row = _held(tx, holder, task_id)
    tx.execute(_GONE, {"id": task_id})
    body = {"task_id": task_id, **outcome_to_json(outcome)}
    fact = Fact("work_result", body, holder.person.name, f"external:{task_id}:{row.fetched}")
    acted = act(runtime, tx, row.instance_id, fact, drop_late=True)
    if not acted.applied and not acted.noted:
        raise _unknown(task_id)


def _held(tx: Session, holder: Holder, task_id: UUID) -> Any:
    row = _task(tx, holder.person, task_id)
    if not _is_held_by(row, holder):
        raise _lost(row)
    return row


def _task(tx: Session, person: Person, task_id: UUID) -> Any:
    """The task, locked. Raises NotFound when it is answered or gone, Forbidden for a topic that is not the person's."""
    take(tx, Lock.EXTERNAL_TASK, [task_id])
    row = tx.execute(_READ, {"id": task_id}).one_or_none()
    if row is None:
        raise _unknown(task_id)
    if not person.serves(row.topic):
        raise Forbidden(
            f"This token is not for the topic {row.topic}.",
            code="topic_missing",
            next_step="Make one with `ordercraft user token … --topic`.",
        )
    return row


def _is_held_by(row: Any, holder: Holder) -> bool:
    return bool(row.account == holder.person.name and row.worker_id == holder.worker_id)


def _lost(row: Any) -> Invalid:
    who = f"{row.worker_id} has it" if row.worker_id else "nobody has it any more"
    return Invalid(f"The task is not locked by this worker: {who}.", code="lock_lost", next_step="Drop what was done, and fetch anew.")


def _unknown(task_id: UUID) -> NotFound:
    return NotFound(
        f"There is no external task {task_id} to be done.",
        code="external_task_unknown",
        next_step="It was answered, cancelled or overtaken; fetch the next one.",
    )


def _attempt(row: Any, task_id: UUID, holder: Holder, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "instance_id": row.instance_id,
        "task_id": task_id,
        "element_id": row.element_id,
        "element_type": "serviceTask",
        "outcome": "failed",
        "actor": holder.person.name,
        "attempt": row.fetched,
        "started_at": row.now,
        "ended_at": row.now,
        "detail": detail,
    }


_INSTANCE_OF = text("SELECT instance_id FROM work WHERE id = :id")
_READ = text("""
SELECT e.topic, e.account, e.worker_id, e.fetched, coalesce(e.locked_until > now(), false) AS locked, w.instance_id, w.element_id,
  business_now() AS now
FROM external_task e JOIN work w ON w.id = e.id WHERE e.id = :id
""")
_GONE = text("DELETE FROM external_task WHERE id = :id")
_FAILED = text("""
UPDATE external_task SET retries = :retries, account = NULL, worker_id = NULL, locked_until = now() + CAST(:pause AS interval),
  last_error = :error WHERE id = :id
""")
_NOTED = text("UPDATE work SET attempt = attempt + 1, last_error = :error WHERE id = :id")
_EXTEND = text("UPDATE external_task SET locked_until = now() + CAST(:length AS interval) WHERE id = :id")
_TAKE = text("""
UPDATE external_task SET account = :account, worker_id = :worker_id, locked_until = now() + CAST(:length AS interval),
  fetched = fetched + 1 WHERE id = :id
""")
_UNLOCK = text("""
WITH free AS (UPDATE external_task SET account = NULL, worker_id = NULL, locked_until = NULL WHERE id = :id RETURNING id)
SELECT pg_notify(:channel, :topic) FROM free
""")
