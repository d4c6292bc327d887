"""What runs: one row per process instance with its state as one blob, and the facts it has yet to take in."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from engine.store.base import metadata
from engine.store.columns import moment, of_instance, serial_id


class InstanceState(StrEnum):
    """The closed set of states of a process instance."""

    #: Work is at hand: a worker has it or will be rung for it.
    RUNNING = "running"
    #: It waits for a person, a message, a timer or an outside answer.
    WAITING = "waiting"
    #: At least one step failed and needs an operator.
    INCIDENT = "incident"
    #: An operator has stopped it for a while.
    SUSPENDED = "suspended"
    #: It reached its end.
    COMPLETED = "completed"
    #: An operator ended it.
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self in {InstanceState.COMPLETED, InstanceState.CANCELLED}


instance = Table(
    "instance",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("process_version_id", BigInteger, ForeignKey("process_version.id"), nullable=False),
    Column("process_key", Text, nullable=False),
    Column("business_key", Text),
    Column("dedupe_key", Text),  # the asker's key: the same start twice is one instance
    Column("state", Text, nullable=False),
    Column("blob", LargeBinary),  # engine.spiff.codec; null once ended
    Column("blob_format", SmallInteger, nullable=False, server_default=text("1")),
    Column("lock_version", BigInteger, nullable=False, server_default=text("0")),
    Column("variables", JSONB, nullable=False, server_default=text("'{}'")),  # the instance's variables, to search and show
    # The doorbell protocol: work is at hand while wake > done; whoever holds an unexpired lease is at it.
    Column("wake", BigInteger, nullable=False, server_default=text("0")),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    moment("rung_at", nullable=True),
    Column("lease_owner", UUID),
    Column("lease_until", moment("x").type, nullable=False, server_default=text("'epoch'")),
    Column("strikes", Integer, nullable=False, server_default=text("0")),  # claims without a save
    Column("last_error", Text),  # why the last claim saved nothing
    Column("steps_since_wait", Integer, nullable=False, server_default=text("0")),
    moment("started_at", now=True),
    Column("started_by", Text),
    Column("started_by_instance_id", UUID),  # the instance whose message began this one
    Column("led_by", Text),  # the operator who last led it past a step or back to one: what its diagram would have done may be left
    moment("updated_at", now=True),
    moment("ended_at"),
    Column("end_reason", Text),
    Index("instance_runnable_ix", "rung_at", postgresql_where=text("wake > done")),
    Index("instance_state_ix", "state", "updated_at"),
    Index("instance_process_ix", "process_key", "started_at"),
    Index("instance_version_started_ix", "process_version_id", "started_at"),
    Index("instance_started_ix", "started_at", "id"),
    Index("instance_updated_ix", "updated_at"),
    Index("instance_started_by_ix", "started_by_instance_id", postgresql_where=text("started_by_instance_id IS NOT NULL")),
    Index("instance_under_way_ix", "updated_at", "id", postgresql_where=text("state NOT IN ('completed', 'cancelled')")),
    Index("instance_requester_ix", "started_by", "started_at", postgresql_where=text("started_by IS NOT NULL")),
    Index("instance_business_key_ix", "business_key"),
    Index("instance_process_updated_ix", "process_key", "updated_at", "id"),
    Index("instance_ended_ix", "process_key", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    Index(
        "instance_running_business_key",
        "process_key",
        "business_key",
        unique=True,
        postgresql_where=text("business_key IS NOT NULL AND state NOT IN ('completed', 'cancelled')"),
    ),
    Index(
        "instance_dedupe_key",
        "process_key",
        "dedupe_key",
        unique=True,
        postgresql_where=text("dedupe_key IS NOT NULL"),
    ),
    Index("instance_variables_ix", "variables", postgresql_using="gin", postgresql_ops={"variables": "jsonb_path_ops"}),
)
Index("instance_key_begins_ix", func.lower(instance.c.business_key).label("begins"), postgresql_ops={"begins": "text_pattern_ops"})

inbox = Table(  # a fact noted for an instance and not yet applied; applied facts are deleted, their trace is the history
    "inbox",
    metadata,
    serial_id(),
    of_instance(),
    Column("kind", Text, nullable=False),  # user_task, timer, message, signal, work_result, retry
    Column("dedupe_key", Text),
    Column("body", JSONB, nullable=False),
    Column("actor", Text),
    moment("noted_at", now=True, machine=True),
    Column("tried", Boolean, nullable=False, server_default=text("false")),  # a worker was stopped by it: it waits for an operator
    UniqueConstraint("instance_id", "dedupe_key"),
    Index("inbox_instance_ix", "instance_id", "id"),
    Index("inbox_untried_ix", "noted_at", postgresql_where=text("NOT tried")),
)
