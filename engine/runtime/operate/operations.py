"""The operator's verbs on a whole instance: cancel, suspend, resume, retry. Each leaves a row in the audit log with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.runtime.operate import incidents
from engine.runtime.post.delivery import Sender, note_message
from engine.runtime.post.ended_early import Ending, hand_over
from engine.runtime.post.mailbox import Message
from engine.runtime.state import audit, inbox
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Held, lock
from engine.runtime.state.verbs_by_state import answer_to
from engine.runtime.verbs import messages
from engine.store.tables import InstanceState
from engine.store.unit_of_work import savepoint

#: The setting of a process that names the message by which what a cancelled instance held is given back.
CANCEL_MESSAGE = "cancelMessage"


@dataclass(frozen=True, slots=True)
class Operated:
    """What an operation came to."""

    instance_id: UUID
    state: InstanceState


def cancel(runtime: Runtime, tx: Session, instance_id: UUID, actor: str, reason: str) -> Operated:
    """End an instance: every wait is withdrawn, and what a worker has in hand for it is dropped. Raises Conflict when it has ended.

    What it held in the business is given back by the process that begins with the message its diagram names as `cancelMessage`; where it
    names none, the owner of the process takes over what it was about.
    """
    held = held_for(tx, "cancel", instance_id, reason)
    variables: Mapping[str, Any] = tx.execute(_CANCEL, {"id": held.id, "reason": reason}).scalar_one()
    for statement in _WITHDRAW:
        tx.execute(statement, {"id": held.id})
    inbox.give_back(tx, held.id)
    tx.execute(_CLOSE_INCIDENTS, {"id": held.id, "actor": actor})
    name = runtime.models.process(tx, held.process_version_id).properties.get(CANCEL_MESSAGE)
    if name:
        said = {"business_key": held.business_key, "cancelled_by": actor, "reason": reason, "cancelled_instance": str(held.id)}
        message: Message | None = Message(name, payload={**variables, **said}, business_key=held.business_key, actor=actor)
    else:
        message = hand_over(runtime, tx, held, Ending(actor, reason, variables))
    if message:
        _give_back(runtime, tx, message, held)
    detail = {"was": held.state, "told": message.name if message else None}
    audit.record(tx, audit.Entry(actor, "cancel", f"instance:{instance_id}", reason, detail))
    return Operated(instance_id, InstanceState.CANCELLED)


def undoes(runtime: Runtime, tx: Session, instance_id: UUID) -> bool:
    """Whether cancelling an instance begins a process that gives back what it holds. Raises NotFound."""
    version = tx.execute(_VERSION_OF, {"id": instance_id}).scalar_one_or_none()
    if version is None:
        raise NotFound(f"There is no instance {instance_id}.", code="instance_unknown", next_step="Look for it in the list of instances.")
    return CANCEL_MESSAGE in runtime.models.process(tx, version).properties


def _give_back(runtime: Runtime, tx: Session, message: Message, held: Held) -> None:
    """Begin what gives back what a cancelled instance held: at once, or by a worker where it cannot be done at once."""
    try:
        with savepoint(tx):
            messages.publish(runtime, tx, message)
    except Problem:
        note_message(runtime, tx, message, sender=Sender(held.id, 0))


def suspend(_runtime: Runtime, tx: Session, instance_id: UUID, actor: str, reason: str) -> Operated:
    """Stop an instance: facts are noted and applied when it is resumed. An outside call in flight is finished and its result kept."""
    held = held_for(tx, "suspend", instance_id, reason)
    tx.execute(_SUSPEND, {"id": held.id})
    audit.record(tx, audit.Entry(actor, "suspend", f"instance:{instance_id}", reason, {"was": held.state}))
    return Operated(instance_id, InstanceState.SUSPENDED)


def resume(runtime: Runtime, tx: Session, instance_id: UUID, actor: str, reason: str) -> Operated:
    """Let a suspended instance go on with what came in meanwhile. Raises Conflict when it is not suspended."""
    held = held_for(tx, "resume", instance_id, reason)
    row = tx.execute(_RESUME, {"id": held.id}).one()
    if row.runnable:
        runtime.dispatcher.ring(tx, [held.id])
    audit.record(tx, audit.Entry(actor, "resume", f"instance:{instance_id}", reason))
    return Operated(instance_id, InstanceState(row.state))


def retry(runtime: Runtime, tx: Session, instance_id: UUID, actor: str, reason: str) -> Operated:
    """Try every failed step of an instance again. Raises Conflict when none has failed."""
    held = held_for(tx, "retry", instance_id, reason)
    failed = incidents.open_of(tx, instance_id)
    if not failed:
        raise Conflict("No step of the instance has failed.", code="nothing_failed", next_step="Look at what it waits for.")
    state = InstanceState(held.state)
    for each in failed:
        if incidents.get(runtime, tx, each).state != "open":
            continue  # the step before it has taken it along
        state = incidents.retry(runtime, tx, each, actor).state
    audit.record(tx, audit.Entry(actor, "retry", f"instance:{instance_id}", reason, {"incidents": failed}))
    return Operated(instance_id, state)


def held_for(tx: Session, verb: str, instance_id: UUID, reason: str) -> Held:
    """Lock an instance that a verb may be done to, for a reason that is given. Raises Invalid, NotFound or Conflict."""
    if not reason.strip():
        raise Invalid(f"To {verb.replace('_', ' ')} an instance takes a reason.", code="reason_missing", next_step="Say why; it is kept.")
    held = lock(tx, instance_id)
    if held is None:
        raise NotFound(f"There is no instance {instance_id}.", code="instance_unknown", next_step="Look for it in the list of instances.")
    answer = answer_to(verb, held)
    if isinstance(answer, Problem):
        raise answer
    return held


_VERSION_OF = text("SELECT process_version_id FROM instance WHERE id = :id")
# Taking the lease away makes a worker that is in the middle of an outside call note its result for an instance that has ended.
_CANCEL = text("""
UPDATE instance SET state = 'cancelled', end_reason = :reason, blob = NULL, lock_version = lock_version + 1, done = wake,
  lease_owner = NULL, lease_until = 'epoch', updated_at = business_now(), ended_at = business_now() WHERE id = :id RETURNING variables
""")
_SUSPEND = text("UPDATE instance SET state = 'suspended', updated_at = business_now() WHERE id = :id")
_RESUME = text("""
UPDATE instance SET updated_at = business_now(), state = CASE
  WHEN EXISTS (SELECT FROM incident WHERE instance_id = :id AND state = 'open') THEN 'incident'
  WHEN wake > done OR EXISTS (SELECT FROM inbox WHERE instance_id = :id) THEN 'running' ELSE 'waiting' END
WHERE id = :id RETURNING wake > done OR EXISTS (SELECT FROM inbox WHERE instance_id = :id) AS runnable, state
""")
_WITHDRAW = (
    text("""
    UPDATE user_task SET state = 'cancelled', completed_at = business_now(), version = version + 1
    WHERE instance_id = :id AND state = 'open'
    """),
    text("DELETE FROM timer WHERE instance_id = :id"),
    text("DELETE FROM subscription WHERE instance_id = :id"),
    text("DELETE FROM work WHERE instance_id = :id"),
)
_CLOSE_INCIDENTS = text("""
UPDATE incident SET state = 'resolved', resolved_at = business_now(), resolved_by = :actor, resolution = 'The instance was cancelled.'
WHERE instance_id = :id AND state = 'open'
""")
