"""What operators set for a process, whatever its version."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, text

from engine.store.base import metadata
from engine.store.columns import moment

#: How urgent the work of a process without a row is; its ended instances are kept for ever.
USUAL_PRIORITY = 50

process_setting = Table(
    "process_setting",
    metadata,
    Column("process_key", Text, primary_key=True),
    Column("work_priority", Integer, nullable=False, server_default=text(str(USUAL_PRIORITY))),
    Column("keep_days", Integer),  # of an instance that has ended; null keeps it for ever
    Column("set_by", Text, nullable=False),
    moment("set_at", now=True),
    CheckConstraint("work_priority BETWEEN 0 AND 100", name="work_priority"),
    CheckConstraint("keep_days BETWEEN 30 AND 36500", name="keep_days"),
)
