"""What operators do to many instances: a row an act, and a row for each instance with what became of it."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from engine.store.base import metadata
from engine.store.columns import moment, of_instance, serial_id

batch = Table(
    "batch",
    metadata,
    serial_id(),
    Column("key", Text),  # the asker's: the same act asked for twice is one
    Column("verb", Text, nullable=False),  # retry, suspend, resume, cancel, migrate
    Column("reason", Text, nullable=False),
    Column("chosen_by", JSONB, nullable=False),  # the filter, as it was written
    Column("arguments", JSONB, nullable=False, server_default=text("'{}'")),  # changed variables; version and plan
    Column("excluded", JSONB, nullable=False, server_default=text("'[]'")),  # how many were left out, and why
    Column("state", Text, nullable=False),  # running, paused, ended, abandoned
    Column("state_reason", Text),  # why it is paused or abandoned
    Column("stop_after", Integer),  # failures; null never stops
    Column("forgiven", Integer, nullable=False, server_default=text("0")),  # failures that were known when it was told to go on
    Column("started_by", Text, nullable=False),
    moment("started_at", now=True),
    moment("ended_at"),
    UniqueConstraint("key"),
    Index("batch_running_ix", "id", postgresql_where=text("state = 'running'")),
)

batch_item = Table(
    "batch_item",
    metadata,
    Column("batch_id", BigInteger, ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    of_instance(index=True),
    Column("state", Text, nullable=False, server_default=text("'pending'")),  # pending, running, passed, failed, left
    Column("incidents", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),  # those that are tried again
    Column("detail", Text),
    Column("next_step", Text),
    moment("begun_at"),
    moment("ended_at"),
    Index("batch_item_state_ix", "batch_id", "state", "number"),
    Index("batch_item_running_ix", "batch_id", postgresql_where=text("state = 'running'")),
)
