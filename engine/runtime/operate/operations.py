"""The operator's verbs on a whole instance: cancel, suspend, resume, retry. Each leaves a row in the audit log with its reason."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.operate import incidents
from engine.runtime.operate.incidents import IncidentFilter
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Held, lock
from engine.store.tables import InstanceState

# Taking the lease away makes a worker that is in the middle of an outside call drop its result.
_CANCEL = text(
    "UPDATE instance SET state = 'cancelled', end_reason = :reason, blob = NULL, lock_version = lock_version + 1, done = wake, "
    "lease_owner = NULL, lease_until = 'epoch', updated_at = now(), ended_at = now() WHERE id = :id"
)
_SUSPEND = text("UPDATE instance SET state = 'suspended', updated_at = now() WHERE id = :id")
_RESUME = text(
    "UPDATE instance SET updated_at = now(), state = CASE WHEN EXISTS (SELECT 1 FROM incident WHERE instance_id = :id AND state = 'open') "
    "THEN 'incident' WHEN wake > done THEN 'running' ELSE 'waiting' END WHERE id = :id RETURNING wake > done AS runnable, state"
)
_WITHDRAW = (
    text(
        "UPDATE user_task SET state = 'cancelled', completed_at = now(), version = version + 1 WHERE instance_id = :id AND state = 'open'"
    ),
    text("DELETE FROM timer WHERE instance_id = :id"),
    text("DELETE FROM subscription WHERE instance_id = :id"),
    text("DELETE FROM work WHERE instance_id = :id"),
    text("DELETE FROM inbox WHERE instance_id = :id"),
)
_CLOSE_INCIDENTS = text(
    "UPDATE incident SET state = 'resolved', resolved_at = now(), resolved_by = :actor, resolution = 'The instance was cancelled.' "
    "WHERE instance_id = :id AND state = 'open'"
)


@dataclass(frozen=True, slots=True)
class Operated:
    """What an operation came to."""

    instance_id: UUID
    state: InstanceState


def cancel(_runtime: Runtime, tx: Session, instance_id: UUID, actor: str, reason: str) -> Operated:
    """End an instance: every wait is withdrawn, and what a worker has in hand for it is dropped. Raises Conflict when it has ended."""
    held = running(tx, instance_id, reason, "cancelled")
    tx.execute(_CANCEL, {"id": held.id, "reason": reason})
    for statement in _WITHDRAW:
        tx.execute(statement, {"id": held.id})
    tx.execute(_CLOSE_INCIDENTS, {"id": held.id, "actor": actor})
    audit.record(tx, audit.Entry(actor, "cancel", f"instance:{instance_id}", reason, {"was": held.state}))
    return Operated(instance_id, InstanceState.CANCELLED)


def suspend(_runtime: Runtime, tx: Session, instance_id: UUID, actor: str, reason: str) -> Operated:
    """Stop an instance: facts are noted and applied when it is resumed. An outside call in flight is finished and its result kept."""
    held = running(tx, instance_id, reason, "suspended")
    if held.state == InstanceState.SUSPENDED:
        raise Conflict("The instance is suspended already.", code="instance_suspended", next_step="Resume it when it may go on.")
    tx.execute(_SUSPEND, {"id": held.id})
    audit.record(tx, audit.Entry(actor, "suspend", f"instance:{instance_id}", reason, {"was": held.state}))
    return Operated(instance_id, InstanceState.SUSPENDED)


def resume(runtime: Runtime, tx: Session, instance_id: UUID, actor: str, reason: str) -> Operated:
    """Let a suspended instance go on with what came in meanwhile. Raises Conflict when it is not suspended."""
    held = running(tx, instance_id, reason, "resumed")
    if held.state != InstanceState.SUSPENDED:
        raise Conflict(
            f"The instance is {held.state}, not suspended.", code="instance_not_suspended", next_step="Nothing needs to be resumed."
        )
    row = tx.execute(_RESUME, {"id": held.id}).one()
    if row.runnable:
        runtime.dispatcher.ring(tx, [held.id])
    audit.record(tx, audit.Entry(actor, "resume", f"instance:{instance_id}", reason))
    return Operated(instance_id, InstanceState(row.state))


def retry(runtime: Runtime, tx: Session, instance_id: UUID, actor: str, reason: str) -> Operated:
    """Try every failed step of an instance again. Raises Conflict when none has failed."""
    held = running(tx, instance_id, reason, "retried")
    failed = incidents.list_incidents(runtime, tx, IncidentFilter(instance_id=instance_id))
    if not failed:
        raise Conflict("No step of the instance has failed.", code="nothing_failed", next_step="Look at what it waits for.")
    state = InstanceState(held.state)
    for each in failed:
        if incidents.get(runtime, tx, each.id).state != "open":
            continue  # the step before it has taken it along
        state = incidents.retry(runtime, tx, each.id, actor).state
    audit.record(tx, audit.Entry(actor, "retry", f"instance:{instance_id}", reason, {"incidents": [each.id for each in failed]}))
    return Operated(instance_id, state)


def running(tx: Session, instance_id: UUID, reason: str, what: str) -> Held:
    """Lock an instance that has not ended, for a reason that is given. Raises Invalid, NotFound or Conflict."""
    if not reason.strip():
        raise Invalid(f"An instance is {what} for a reason.", code="reason_missing", next_step="Say why; it is kept in the audit log.")
    held = lock(tx, instance_id)
    if held is None:
        raise NotFound(f"There is no instance {instance_id}.", code="instance_unknown", next_step="Look for it in the list of instances.")
    if held.ended:
        raise Conflict(f"The instance is {held.state}; it cannot be {what}.", code="instance_ended", next_step="Look at its history.")
    return held
