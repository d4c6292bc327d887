"""Begins an instance that a worker is to take up: the row with its state at the start event, and the bell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.runtime import Runtime
from engine.spiff.execution import Execution
from engine.store import json_text
from engine.store.unit_of_work import savepoint

_log = structlog.get_logger(__name__)

_INSERT = text(
    "INSERT INTO instance (id, process_version_id, process_key, business_key, dedupe_key, state, blob, variables, wake, done, rung_at, "
    "started_by, started_by_instance_id) VALUES (:id, :process_version_id, :process_key, :business_key, :dedupe_key, 'running', :blob, "
    "CAST(:variables AS jsonb), 1, 0, now(), :started_by, :started_by_instance_id) ON CONFLICT DO NOTHING RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Birth:
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


def begin(runtime: Runtime, tx: Session, birth: Birth) -> UUID | None:
    """Write a runnable instance and ring; None when the business key is taken by a running one, or the start was asked for before."""
    process = runtime.models.process(tx, birth.process_version_id)
    execution = Execution.start(process, birth.variables, element_id=birth.element_id, now=birth.now)
    row = {
        "id": uuid4(),
        "process_version_id": birth.process_version_id,
        "process_key": birth.process_key,
        "business_key": birth.business_key,
        "dedupe_key": birth.dedupe_key,
        "blob": execution.dump(),
        "variables": json_text.encode(birth.variables).decode(),
        "started_by": birth.started_by,
        "started_by_instance_id": birth.started_by_instance_id,
    }
    instance_id: UUID | None = tx.connection().execute(_INSERT, row).scalar()
    if instance_id is not None:
        runtime.dispatcher.ring(tx, [instance_id])
    return instance_id


def try_to_begin(runtime: Runtime, tx: Session, birth: Birth) -> UUID | None:
    """As `begin`, for the clock: an instance that cannot be begun is logged and holds up no other."""
    try:
        with savepoint(tx):
            return begin(runtime, tx, birth)
    except Exception:  # noqa: BLE001  # whatever is wrong with one process must not stop the timers and messages of all others
        _log.exception("begin_failed", process=birth.process_key, element=birth.element_id)
        return None
