"""What the operator does about incidents: acknowledge, retry. Resolved is said only once the step has really passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.runtime.advance.advance import Acted, act
from engine.runtime.state import audit, inbox
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact, lock
from engine.runtime.verbs.user_tasks import refuse_nobody
from engine.spiff.plain import plain_mapping
from engine.store.tables import InstanceState, incident, instance

# The state stays `incident` until a stretch has been saved: only that shows that it can go on.
_RESET = text("UPDATE instance SET strikes = 0, steps_since_wait = 0, last_error = NULL, updated_at = business_now() WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident with the case it belongs to."""

    id: int
    instance_id: UUID
    task_id: UUID | None
    element_id: str | None
    handler: str | None
    kind: str
    message: str
    traceback: str | None
    fingerprint: str
    attempt: int
    next_step: str
    state: str
    owner: str | None
    note: str | None
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    process_key: str
    business_key: str | None


_OWN = [incident.c[name] for name in Incident.__dataclass_fields__ if name in incident.c]
_SELECT = select(*_OWN, instance.c.process_key, instance.c.business_key).join(instance, instance.c.id == incident.c.instance_id)


def open_of(tx: Session, instance_id: UUID) -> list[int]:
    """The open incidents of an instance by their ids, the latest first."""
    of_instance = select(incident.c.id).where(incident.c.instance_id == instance_id, incident.c.state == "open")
    return list(tx.scalars(of_instance.order_by(incident.c.id.desc())))


def get(_runtime: Runtime, tx: Session, incident_id: int) -> Incident:
    """One incident. Raises NotFound."""
    row = tx.execute(_SELECT.where(incident.c.id == incident_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no incident {incident_id}.", code="incident_unknown", next_step="Look at the list of incidents.")
    return _read(row)


def acknowledge(runtime: Runtime, tx: Session, incident_id: int, actor: str, note: str | None = None) -> Incident:
    """Say that one is at it. Raises Conflict when it is resolved."""
    found = _open(runtime, tx, incident_id)
    values: dict[str, Any] = {"acknowledged_by": actor, "acknowledged_at": func.business_now(), "owner": actor}
    tx.execute(update(incident).where(incident.c.id == found.id).values(**values, **({"note": note} if note else {})))
    audit.record(tx, audit.Entry(actor, "acknowledge", f"incident:{incident_id}", note))
    return get(runtime, tx, incident_id)


@dataclass(frozen=True, slots=True)
class Care:
    """Who says that a cause is looked after, what they say, and who does it; themselves where nobody is named."""

    actor: str
    note: str | None = None
    owner: str | None = None


def acknowledge_cause(runtime: Runtime, tx: Session, fingerprint: str, care: Care) -> int:
    """Say who is at every open incident of a cause; answers how many there are. Raises Invalid for nobody."""
    actor, note, owner = care.actor, care.note, care.owner
    if owner:
        refuse_nobody(runtime, tx, owner)
    values: dict[str, Any] = {"acknowledged_by": actor, "acknowledged_at": func.business_now(), "owner": owner or actor}
    of_cause = update(incident).where(incident.c.fingerprint == fingerprint, incident.c.state == "open")
    found = len(tx.execute(of_cause.values(**values, **({"note": note} if note else {})).returning(incident.c.id)).all())
    detail = {"incidents": found, **({"owner": owner} if owner else {})}
    audit.record(tx, audit.Entry(actor, "acknowledge", f"cause:{fingerprint}", note, detail))
    return found


def retry(runtime: Runtime, tx: Session, incident_id: int, actor: str, variables: Mapping[str, Any] | None = None) -> Acted:
    """Try the failed step again, with changed variables if given. Raises Conflict when the incident is resolved or the instance suspended.

    The incident stays open until the step has passed; when it fails again, the incident shows the new failure.
    """
    found = _open(runtime, tx, incident_id)
    changes = plain_mapping(variables, "The changed variables") if variables else None
    if found.task_id is None:
        acted = _retry_instance(runtime, tx, found.instance_id)
    else:
        body = {"task_id": found.task_id, "variables": changes}
        acted = act(runtime, tx, found.instance_id, Fact("retry", body, actor))
    audit.record(tx, audit.Entry(actor, "retry", f"incident:{incident_id}", detail={"variables": changes or {}}))
    return acted


def _retry_instance(runtime: Runtime, tx: Session, instance_id: UUID) -> Acted:
    held = lock(tx, instance_id)
    if held is None or held.ended or held.state == InstanceState.SUSPENDED:
        state = "gone" if held is None else held.state
        raise Conflict(f"The instance is {state}.", code="instance_not_running", next_step="Resume it first, if it is suspended.")
    tx.execute(_RESET, {"id": instance_id})
    inbox.wake(runtime, tx, instance_id)
    return Acted(applied=False, state=InstanceState(held.state))


def _read(row: Any) -> Incident:
    return Incident(*row)


def _open(runtime: Runtime, tx: Session, incident_id: int) -> Incident:
    found = get(runtime, tx, incident_id)
    if found.state != "open":
        raise Conflict(
            f"Incident {incident_id} was resolved by {found.resolved_by} ({found.resolution})",
            code="incident_resolved",
            next_step="Nothing is left to do; look at the instance.",
        )
    return found
