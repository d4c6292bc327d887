"""What the steps of an advance hand on: one locked instance, what runs in memory, and what is to be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.effects import Effect
from engine.runtime.state.runtime import Runtime
from engine.spiff.calls import Failure
from engine.spiff.execution import Execution
from engine.spiff.records import Executed, Outgoing, Waits
from engine.store.clock import know_business_now
from engine.store.locks import Lock, take
from engine.store.tables import InstanceState
from engine.working_time import WorkingCalendar


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
    #: The operator who last led it past a step or back to one.
    led_by: str | None
    #: Facts were noted for it and not applied yet.
    has_facts: bool
    blob: bytes | None

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return InstanceState(self.state).ended


@dataclass(slots=True)
class Saved:
    """What an advance came to: the state it was saved in, and whether there is more to do at once, such as an external call."""

    state: InstanceState = InstanceState.RUNNING
    calls: bool = False
    more: bool = False
    #: It ran so long without a wait that it must be stopped.
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Objection:
    """A service task of this stretch found parameters wrong, field by field."""

    element_id: str
    failure: Failure


@dataclass(slots=True)
class Stretch:
    """One stretch of one instance, from a fact to the next waits, in one transaction."""

    runtime: Runtime
    tx: Session
    held: Held
    #: What runs; None until it is restored.
    live: Execution | None = None
    #: What is known only to this transaction's caller, applied after what was noted before it.
    fact: Fact | None = None
    #: The fact may come too late without anybody being told.
    drop_late: bool = False
    #: Whether `fact` was applied; False with `drop_late` when it came too late.
    applied: bool = False
    #: What it waited for when it was last saved, and what it waits for now.
    before: Waits = field(default_factory=Waits)
    after: Waits = field(default_factory=Waits)
    saved: Saved = field(default_factory=Saved)
    actor: str | None = None
    #: The worker's lease; None when a request advances it under the row's lock alone.
    token: UUID | None = None
    #: The instance begins in this transaction.
    fresh: bool = False
    #: Columns of a fresh row that only the starter knows.
    origin: Mapping[str, Any] = field(default_factory=dict)
    #: The variables it began with, when this is its first stretch: they go into the history.
    initial: Mapping[str, Any] | None = None
    #: The operator who leads it by hand in this stretch or has done so before.
    led_by: str | None = None
    #: What is said of incidents whose step is gone after this stretch.
    resolution: str = "The step went on."
    steps: int = 0
    spent: bool = False
    trace: list[Executed] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    #: User tasks completed in this stretch, with what was submitted.
    completed: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    #: Messages and user tasks that came in this stretch, the latest last, by the element that took them.
    given: list[tuple[str, Fact]] = field(default_factory=list)
    #: What service tasks of this stretch found wrong in what they were given.
    objections: list[Objection] = field(default_factory=list)
    #: Timers that fired in this stretch: written again if their task still waits.
    fired: set[UUID] = field(default_factory=set)
    #: Failed steps tried again in this stretch.
    retried: set[UUID] = field(default_factory=set)
    #: A message came too late for its place and is free again, perhaps for another place that has waited all along.
    message_returned: bool = False

    @property
    def now(self) -> datetime:
        """The transaction's business time."""
        return self.held.now

    def calendar(self, code: str) -> WorkingCalendar | None:
        """The working time that models name, as it is in this transaction. Raises NotFound."""
        return self.runtime.calendars.named(self.tx, code)

    @property
    def execution(self) -> Execution:
        """What runs, once it is restored."""
        if self.live is None:
            raise RuntimeError("The instance is not restored yet.")
        return self.live


def lock(tx: Session, instance_id: UUID, cached: int = -1) -> Held | None:
    """Lock an instance's row to the end of the transaction. `cached` is the version whose state is in memory already."""
    if not take(tx, Lock.INSTANCE, [instance_id]):
        return None
    row = tx.execute(_READ, {"id": instance_id, "cached": cached}).one()
    know_business_now(tx, row.now)
    return Held(*row)


# Read after the lock, in a statement of its own: only then does it see what was noted while the lock was waited for.
_READ = text("""
SELECT i.id, i.process_version_id, i.process_key, i.business_key, i.state, i.lock_version, i.wake, i.done, i.steps_since_wait,
       i.lease_owner, i.lease_until >= now() AS leased, business_now() AS now, i.started_by, i.led_by,
       EXISTS (SELECT FROM inbox WHERE inbox.instance_id = i.id) AS has_facts,
       CASE WHEN i.lock_version = :cached THEN NULL ELSE i.blob END AS blob
FROM instance i WHERE i.id = :id
""")
