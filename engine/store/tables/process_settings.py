"""What operators set for a process, whatever its version."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, text

from engine.store.base import metadata
from engine.store.columns import moment

process_setting = Table(  # a process without a row: 50, and kept for ever
    "process_setting",
    metadata,
    Column("process_key", Text, primary_key=True),
    Column("work_priority", Integer, nullable=False, server_default=text("50")),
    Column("keep_days", Integer),  # of an instance that has ended; null keeps it for ever
    Column("set_by", Text, nullable=False),
    moment("set_at", now=True),
    CheckConstraint("work_priority BETWEEN 0 AND 100", name="work_priority"),
    CheckConstraint("keep_days BETWEEN 30 AND 36500", name="keep_days"),
)
