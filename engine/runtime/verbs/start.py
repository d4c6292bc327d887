"""Starts an instance by name and runs it to its first wait in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.forms import fillable, validate
from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.advance.advance import GOING_ON, take_steps
from engine.runtime.state import audit
from engine.runtime.state.initiator import initiated
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Held, Stretch
from engine.spiff.elements import Element
from engine.spiff.execution import Execution
from engine.spiff.plain import plain_mapping
from engine.spiff.process import CompiledProcess
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
    id: UUID = field(default_factory=uuid4)


def start(runtime: Runtime, tx: Session, process_key: str, variables: Mapping[str, Any], options: StartOptions | None = None) -> UUID:
    """Start the latest version of a process. Raises NotFound, Invalid, or Conflict when the business key is taken.

    Where its start event names a form, the variables are a submission of that form: Invalid names what is wrong by field.
    """
    options = options or StartOptions()
    if options.dedupe_key is not None:
        # Of two who ask the same at once, the second waits here and then finds what the first has started.
        advisory(tx, Advisory.START, f"{process_key}:{options.dedupe_key}")
        if known := _asked_before(tx, process_key, options.dedupe_key):
            return known
    found = tx.execute(_LATEST, {"key": process_key}).one_or_none()
    if found is None or found.retired:
        keys = tx.execute(_KEYS).scalar() or "none yet"
        raise NotFound(f"No process {process_key!r} is deployed.", code="process_unknown", next_step=f"Deploy it, or start one of: {keys}.")
    given = _submitted(runtime, tx, found, variables)
    return begin(runtime, tx, Beginning(found.id, process_key, found.now), given, options)


def start_by_hand(runtime: Runtime, tx: Session, process_key: str, variables: Mapping[str, Any], options: StartOptions) -> UUID:
    """As `start`, for somebody who began it by hand; told in the audit log with the names of what it was given, not the values."""
    made = start(runtime, tx, process_key, variables, options)
    told = {"process_key": process_key, "business_key": options.business_key, "variables": sorted(variables)}
    audit.record(tx, audit.Entry(options.actor or "", "start", f"instance:{made}", detail=told))
    return made


def begin(runtime: Runtime, tx: Session, beginning: Beginning, variables: Mapping[str, Any], options: StartOptions) -> UUID:
    """Start a given version at a given start event and run to the first wait."""
    process = runtime.models.process(tx, beginning.process_version_id)
    stopped = runtime.suspensions.of_process(tx, process.key, beginning.process_version_id)
    if stopped is not None:
        raise Conflict(
            f"{process.name or process.key} is suspended by {stopped.suspended_by}: {stopped.reason}",
            code="process_suspended",
            next_step="Wait until an operator resumes it, then start it again.",
        )
    if beginning.element_id is None and plain_start(process) is None:
        raise Invalid(
            f"{process.key} has no start event without a trigger, so it cannot be started by name.",
            code="noplain_start",
            next_step="Send the message or signal it begins with.",
        )
    variables = initiated(process, beginning.element_id, variables, options.actor)
    execution = Execution.start(process, variables, element_id=beginning.element_id, now=beginning.now)
    held = Held(
        id=beginning.id,
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


def _submitted(runtime: Runtime, tx: Session, version: Any, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables as the form of the plain start event takes them, and those that the event declares besides."""
    process = runtime.models.process(tx, version.id)
    at = plain_start(process)
    key = at.properties.get("formKey") if at is not None else None
    if at is None or not key:
        return variables
    given = plain_mapping(variables, "The variables")
    form = runtime.models.form(tx, version.id, key)
    submission = validate(form, given, {}, version.now)
    declared = {name.strip() for name in at.properties.get("inputs", "").split(",")}
    besides = {name: value for name, value in given.items() if name not in fillable(form, given)}
    unknown = {name: [f"is no field of the form {key}"] for name in besides.keys() - declared}
    if errors := {**submission.errors, **unknown}:
        raise Invalid(
            f"{len(errors)} field(s) of the form {key} are not right.",
            code="form_invalid",
            next_step="Correct the fields named and start it again.",
            errors=errors,
        )
    return {**besides, **submission.data}


def plain_start(process: CompiledProcess) -> Element | None:
    """The start event without a trigger; None where each of them waits for one."""
    return next((element for element in process.start_events if element.event is None or element.event.kind == "none"), None)


def _asked_before(tx: Session, process_key: str, dedupe_key: str) -> UUID | None:
    same = (instance.c.process_key == process_key, instance.c.dedupe_key == dedupe_key)
    known: UUID | None = tx.execute(select(instance.c.id).where(*same)).scalar()
    return known


_LATEST = text("SELECT id, retired, business_now() AS now FROM process_version WHERE process_key = :key AND latest")
_KEYS = text("SELECT string_agg(process_key, ', ' ORDER BY process_key) FROM process_version WHERE latest AND NOT retired")
