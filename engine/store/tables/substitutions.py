"""Who stands in for whom while they are away."""

from sqlalchemy import Column, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from engine.store.base import metadata
from engine.store.columns import moment, serial_id

substitution = Table(
    "substitution",
    metadata,
    serial_id(),
    Column("person", Text, nullable=False),
    Column("deputy", Text, nullable=False),
    moment("begins_at", nullable=False),
    moment("ends_at", nullable=False),  # ended earlier, it is when that was
    Column("process_keys", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # empty: tasks of every process
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("set_by", Text, nullable=False),
    moment("set_at", now=True),
    Column("ended_by", Text),
    Index("substitution_deputy_ix", "deputy", "ends_at"),
    Index("substitution_person_ix", "person", "ends_at"),
)
