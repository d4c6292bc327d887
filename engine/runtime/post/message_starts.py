"""Begins an instance that a worker is to take up: the row with its state at the start event, and the bell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.initiator import initiated
from engine.runtime.state.runtime import Runtime
from engine.spiff.execution import Execution
from engine.store import json_text
from engine.store.unit_of_work import savepoint

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An instance to be begun by a message, a signal or the clock."""

    process_version_id: int
    process_key: str
    element_id: str
    variables: Mapping[str, Any]
    now: datetime
    business_key: str | None = None
    dedupe_key: str | None = None
    started_by: str | None = None
    started_by_instance_id: UUID | None = None
    #: Elements that ran without a wait up to here, in whoever began it and in those that began that one.
    steps_since_wait: int = 0
    id: UUID = field(default_factory=uuid4)


def begin(runtime: Runtime, tx: Session, new: NewInstance) -> UUID | None:
    """Write a runnable instance and ring; None when the business key is taken by a running one, or the start was asked for before."""
    process = runtime.models.process(tx, new.process_version_id)
    brought = initiated(process, new.element_id, process.brought(new.element_id, new.variables), new.started_by)
    execution = Execution.start(process, brought, element_id=new.element_id, now=new.now)
    row = {
        "id": new.id,
        "process_version_id": new.process_version_id,
        "process_key": new.process_key,
        "business_key": new.business_key,
        "dedupe_key": new.dedupe_key,
        "blob": execution.dump(),
        "variables": json_text.encode(brought).decode(),
        "started_by": new.started_by,
        "started_by_instance_id": new.started_by_instance_id,
        "steps_since_wait": new.steps_since_wait,
    }
    instance_id: UUID | None = tx.execute(_INSERT, row).scalar()
    if instance_id is not None:
        runtime.dispatcher.ring(tx, [instance_id])
    return instance_id


def try_to_begin(runtime: Runtime, tx: Session, new: NewInstance) -> UUID | None:
    """As `begin`, for the clock: an instance that cannot be begun is logged and holds up no other."""
    try:
        with savepoint(tx):
            return begin(runtime, tx, new)
    except Exception:  # noqa: BLE001  # whatever is wrong with one process must not stop the timers and messages of all others
        _log.exception("begin_failed", process=new.process_key, element=new.element_id)
        return None


_INSERT = text("""
INSERT INTO instance (id, process_version_id, process_key, business_key, dedupe_key, state, blob, variables, wake, done, rung_at,
  started_by, started_by_instance_id, steps_since_wait)
VALUES (:id, :process_version_id, :process_key, :business_key, :dedupe_key, 'running', :blob, CAST(:variables AS jsonb), 1, 0, now(),
  :started_by, :started_by_instance_id, :steps_since_wait)
ON CONFLICT DO NOTHING RETURNING id
""")
