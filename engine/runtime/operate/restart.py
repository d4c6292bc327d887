"""Lets a process begin again that has ended: an operator's answer to an instance that was cancelled too early, or ended too soon."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.operate.operations import Operated, held_for
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.start import Beginning, StartOptions, begin
from engine.spiff.plain import plain_mapping
from engine.store.tables import InstanceState


@dataclass(frozen=True, slots=True)
class Restart:
    """Which ended instance, by whom and why; `variables` change those it began with."""

    instance_id: UUID
    actor: str
    reason: str
    variables: Mapping[str, Any] = field(default_factory=dict)


def start_anew(runtime: Runtime, tx: Session, restart: Restart) -> Operated:
    """Begin the latest version of an ended instance's process, where and with what it began; answers the new instance.

    Raises Conflict when it has not ended, when its process is retired, or when another instance runs under its business key.
    """
    held = held_for(tx, "start_anew", restart.instance_id, restart.reason)
    first = tx.execute(_FIRST, {"id": held.id}).first()
    latest = tx.execute(_LATEST, {"key": held.process_key}).first()
    if first is None or latest is None:
        missing = "its history is gone" if first is None else f"{held.process_key} is retired"
        raise Conflict(f"It cannot begin again: {missing}.", code="cannot_start_anew", next_step="Start the process by name instead.")
    changes = plain_mapping(restart.variables, "The changed variables")
    starts = {element.id for element in runtime.models.process(tx, latest.id).start_events}
    element_id = first.element_id if first.element_id in starts else None
    beginning = Beginning(latest.id, held.process_key, held.now, element_id, held.id)
    begun = begin(runtime, tx, beginning, {**(first.changed or {}), **changes}, StartOptions(held.business_key, restart.actor))
    detail = {"anew": str(begun), "variables": changes}
    audit.record(tx, audit.Entry(restart.actor, "start_anew", f"instance:{held.id}", restart.reason, detail))
    return Operated(begun, InstanceState(tx.execute(_STATE, {"id": begun}).scalar_one()))


_FIRST = text("SELECT element_id, changed FROM history WHERE instance_id = :id ORDER BY id LIMIT 1")
_LATEST = text("SELECT id FROM process_version WHERE process_key = :key AND latest AND NOT retired")
_STATE = text("SELECT state FROM instance WHERE id = :id")
