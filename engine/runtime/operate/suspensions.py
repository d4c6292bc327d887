"""Stops a service task, a process or a version of it for a while, and lets it go on: what waits is kept and spends no attempt."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.suspensions import EVERY_VERSION, PROCESS, SERVICE_TASK
from engine.service_tasks import topic_of
from engine.store.locks import Lock, take
from engine.store.tables import suspension
from engine.store.unit_of_work import after_commit


@dataclass(frozen=True, slots=True)
class Stop:
    """What is to be stopped or to go on, by whom and why. `level` is service_task or process; `version_id` 0 is every version."""

    level: str
    name: str
    actor: str
    reason: str
    version_id: int = EVERY_VERSION


def suspend(runtime: Runtime, tx: Session, stop: Stop) -> None:
    """Let no call of the service task, or no instance of the process, go on. What is being called now is finished.

    Raises Invalid without a reason or for no such level, NotFound for what is unknown, Conflict when it is suspended already.
    """
    _check(runtime, tx, stop)
    row = {"level": stop.level, "name": stop.name, "version_id": stop.version_id, "reason": stop.reason, "suspended_by": stop.actor}
    if tx.execute(insert(suspension).values(**row).on_conflict_do_nothing().returning(suspension.c.name)).first() is None:
        raise Conflict(f"{stop.name} is suspended already.", code="suspended_already", next_step="Nothing is to be done.")
    _note(runtime, tx, stop, "suspend")


def resume(runtime: Runtime, tx: Session, stop: Stop) -> int:
    """Let it go on: what was held back is tried at once. Answers how many instances that is.

    Raises Invalid without a reason, Conflict when it is not suspended.
    """
    _check(runtime, tx, stop)
    given = {"level": stop.level, "name": stop.name, "version_id": stop.version_id}
    if tx.execute(_LIFT, given).first() is None:
        raise Conflict(f"{stop.name} is not suspended.", code="not_suspended", next_step="Nothing is to be done.")
    many = _try_now(tx, stop.name) if stop.level == SERVICE_TASK else _ring(runtime, tx, stop)
    _note(runtime, tx, stop, "resume")
    return many


def close_breaker(runtime: Runtime, tx: Session, stop: Stop) -> int:
    """Call a service task again that nobody calls after too many failures; what waits for its next attempt is tried at once.

    Raises Conflict where its circuit is closed.
    """
    _check(runtime, tx, stop)
    if tx.execute(_CLOSE, {"name": stop.name}).first() is None:
        raise Conflict(f"{stop.name} is called as ever.", code="circuit_closed", next_step="Nothing is to be done.")
    many = _try_now(tx, stop.name)
    _note(runtime, tx, stop, "close_breaker")
    return many


def _check(runtime: Runtime, tx: Session, stop: Stop) -> None:
    if not stop.reason.strip():
        errors = {"reason": ["is missing"]}
        raise Invalid("It takes a reason.", code="reason_missing", next_step="Say why; it is kept.", errors=errors)
    if stop.level not in {SERVICE_TASK, PROCESS}:
        errors = {"level": [f"must be {SERVICE_TASK} or {PROCESS}"]}
        raise Invalid(f"{stop.level!r} can not be suspended.", code="level_unknown", next_step="Choose one of the two.", errors=errors)
    known = (stop.name in runtime.service_tasks or topic_of(stop.name)) if stop.level == SERVICE_TASK else _is_process(tx, stop)
    if not known:
        what = stop.level.replace("_", " ")
        raise NotFound(f"There is no {what} {stop.name[:100]!r}.", code=f"{stop.level}_unknown", next_step="Choose one of the list.")


def _is_process(tx: Session, stop: Stop) -> bool:
    return tx.execute(_PROCESS, {"name": stop.name, "version_id": stop.version_id}).first() is not None


def _note(runtime: Runtime, tx: Session, stop: Stop, action: str) -> None:
    after_commit(tx, runtime.suspensions.forget)
    detail = {"version_id": stop.version_id} if stop.version_id else {}
    audit.record(tx, audit.Entry(stop.actor, action, f"{stop.level}:{stop.name}", stop.reason, detail))


def _try_now(tx: Session, handler: str) -> int:
    """What waits for its next attempt is due now; an instance that somebody holds comes by itself a little later."""
    waiting = tx.execute(_WAITING, {"handler": handler}).scalars()
    free = take(tx, Lock.INSTANCE, waiting, skip_locked=True)
    tx.execute(_DUE_NOW, {"handler": handler, "ids": free})
    return len(free)


def _ring(runtime: Runtime, tx: Session, stop: Stop) -> int:
    found = list(tx.execute(_RUNNABLE, {"name": stop.name, "version_id": stop.version_id}).scalars())
    runtime.dispatcher.ring(tx, found)
    return len(found)


_LIFT = text("DELETE FROM suspension WHERE level = :level AND name = :name AND version_id = :version_id RETURNING name")
_CLOSE = text("""
UPDATE service_task_load SET failures = 0, stopped_until = NULL WHERE handler = :name AND stopped_until IS NOT NULL RETURNING handler
""")
_PROCESS = text("SELECT FROM process_version WHERE process_key = :name AND (:version_id = 0 OR id = :version_id) LIMIT 1")
_WAITING = text("SELECT DISTINCT instance_id FROM work WHERE handler = :handler AND state = 'waiting'")
_DUE_NOW = text("""
UPDATE timer SET due_at = business_now() FROM work
WHERE work.id = timer.id AND work.handler = :handler AND work.state = 'waiting' AND work.instance_id = ANY(:ids) AND NOT timer.fired
  AND timer.due_at > business_now()
""")
_RUNNABLE = text("""
SELECT id FROM instance WHERE process_key = :name AND (:version_id = 0 OR process_version_id = :version_id)
  AND state NOT IN ('suspended', 'completed', 'cancelled')
  AND (wake > done OR EXISTS (SELECT FROM inbox WHERE inbox.instance_id = instance.id AND NOT inbox.tried)) ORDER BY id
""")
