"""Starts an instance by name and runs it to its first wait in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.runtime.advance.advance import GOING_ON, take_steps
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Held, Stretch
from engine.spiff.execution import Execution
from engine.store.locks import Advisory, advisory
from engine.store.tables import InstanceState, instance


@dataclass(frozen=True, slots=True)
class StartOptions:
    """Who asks, for which business object, and the key that makes the same request twice one instance."""

    business_key: str | None = None
    actor: str | None = None
    dedupe_key: str | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where an instance begins, and by whose doing."""

    process_version_id: int
    process_key: str
    now: Any
    element_id: str | None = None
    started_by_instance_id: UUID | None = None


def start(runtime: Runtime, tx: Session, process_key: str, variables: Mapping[str, Any], options: StartOptions | None = None) -> UUID:
    """Start the latest version of a process. Raises NotFound, Invalid, or Conflict when the business key is taken."""
    options = options or StartOptions()
    if options.dedupe_key is not None:
        # Of two who ask the same at once, the second waits here and then finds what the first has started.
        advisory(tx, Advisory.START, f"{process_key}:{options.dedupe_key}")
        if known := _asked_before(tx, process_key, options.dedupe_key):
            return known
    found = tx.connection().execute(_LATEST, {"key": process_key}).one_or_none()
    if found is None or found.retired:
        keys = tx.execute(_KEYS).scalar() or "none yet"
        raise NotFound(f"No process {process_key!r} is deployed.", code="process_unknown", next_step=f"Deploy it, or start one of: {keys}.")
    return begin(runtime, tx, Beginning(found.id, process_key, found.now), variables, options)


def begin(runtime: Runtime, tx: Session, beginning: Beginning, variables: Mapping[str, Any], options: StartOptions) -> UUID:
    """Start a given version at a given start event and run to the first wait."""
    process = runtime.models.process(tx, beginning.process_version_id)
    if beginning.element_id is None and not any(element.event is None or element.event.kind == "none" for element in process.start_events):
        raise Invalid(
            f"{process.key} has no start event without a trigger, so it cannot be started by name.",
            code="no_plain_start",
            next_step="Send the message or signal it begins with.",
        )
    execution = Execution.start(process, variables, element_id=beginning.element_id, now=beginning.now)
    held = Held(
        id=uuid4(),
        process_version_id=beginning.process_version_id,
        process_key=process.key,
        business_key=options.business_key,
        state=InstanceState.RUNNING,
        lock_version=0,
        wake=0,
        done=0,
        steps_since_wait=0,
        lease_owner=None,
        leased=False,
        now=beginning.now,
        started_by=options.actor,
        led_by=None,
        has_facts=False,
        blob=None,
    )
    origin = {"dedupe_key": options.dedupe_key, "started_by_instance_id": beginning.started_by_instance_id}
    stretch = Stretch(runtime, tx, held, execution, actor=options.actor, fresh=True, origin=origin, initial=execution.variables)
    take_steps(stretch, GOING_ON)
    return held.id


def _asked_before(tx: Session, process_key: str, dedupe_key: str) -> UUID | None:
    same = (instance.c.process_key == process_key, instance.c.dedupe_key == dedupe_key)
    known: UUID | None = tx.execute(select(instance.c.id).where(*same)).scalar()
    return known


_LATEST = text("SELECT id, retired, business_now() AS now FROM process_version WHERE process_key = :key AND latest")
_KEYS = text("SELECT string_agg(process_key, ', ' ORDER BY process_key) FROM process_version WHERE latest AND NOT retired")
