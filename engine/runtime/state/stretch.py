"""The record that the steps of an advance hand on: one locked instance, what runs in memory, and what is to be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.effects import Effect
from engine.runtime.state.runtime import Runtime
from engine.spiff.execution import Execution
from engine.spiff.records import Executed, Outgoing, Waits
from engine.store.tables import InstanceState

# The row lock is the mutual exclusion inside a transaction; the lease is the one between transactions. `cached` spares the blob.
_LOCK = text(
    "SELECT i.id, i.process_version_id, i.process_key, i.business_key, i.state, i.lock_version, i.wake, i.done, i.steps_since_wait, "
    "i.lease_owner, i.lease_until >= now() AS leased, now() AS now, i.started_by, "
    "CASE WHEN i.lock_version = :cached THEN NULL ELSE i.blob END AS blob FROM instance i WHERE i.id = :id FOR NO KEY UPDATE"
)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened: a task was completed, a timer came due, a message arrived, work was done, an operator spoke."""

    kind: str
    body: Mapping[str, Any]
    actor: str | None = None
    #: The same fact noted twice is one fact.
    dedupe_key: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The row of an instance as it was locked."""

    id: UUID
    process_version_id: int
    process_key: str
    business_key: str | None
    state: str
    lock_version: int
    wake: int
    done: int
    steps_since_wait: int
    lease_owner: UUID | None
    leased: bool
    now: datetime
    started_by: str | None
    blob: bytes | None

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return InstanceState(self.state).ended


@dataclass(slots=True)
class Advance:
    """One stretch of one instance, from a fact to the next waits, in one transaction."""

    runtime: Runtime
    tx: Session
    held: Held
    execution: Execution
    #: What it waited for when it was last saved.
    before: Waits = field(default_factory=Waits)
    actor: str | None = None
    #: The worker's lease; None when a request advances it under the row's lock alone.
    token: UUID | None = None
    #: The instance begins in this transaction.
    fresh: bool = False
    #: Columns of a fresh row that only the starter knows.
    origin: Mapping[str, Any] = field(default_factory=dict)
    #: The variables it began with, when this is its first stretch: they go into the history.
    initial: Mapping[str, Any] | None = None
    #: What is said of incidents whose step is gone after this stretch.
    resolution: str = "The step went on."
    steps: int = 0
    spent: bool = False
    trace: list[Executed] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    #: User tasks completed in this stretch, with what was submitted.
    completed: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    #: Timers that fired in this stretch: written again if their task still waits.
    fired: set[UUID] = field(default_factory=set)
    #: Failed steps tried again in this stretch.
    retried: set[UUID] = field(default_factory=set)
    #: A message came too late for its place and is free again, perhaps for another place that has waited all along.
    message_returned: bool = False
    bytes_written: int = 0

    @property
    def now(self) -> datetime:
        """The transaction's time, from the database's clock."""
        return self.held.now


def lock(tx: Session, instance_id: UUID, cached: int = -1) -> Held | None:
    """Lock an instance's row to the end of the transaction. `cached` is the version whose state is in memory already."""
    row = tx.connection().execute(_LOCK, {"id": instance_id, "cached": cached}).one_or_none()
    return None if row is None else Held(*row)
