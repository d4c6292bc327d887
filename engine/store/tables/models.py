"""What was deployed: bundles of files taken as one version, their bytes unchanged."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from engine.store.base import metadata
from engine.store.columns import moment, serial_id

deployment = Table(
    "deployment",
    metadata,
    serial_id(),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    moment("deployed_at", now=True, machine=True),
    Column("deployed_by", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),  # what has changed and why, in the words of who deployed it
    UniqueConstraint("name", "version"),
)

deployment_file = Table(
    "deployment_file",
    metadata,
    Column("deployment_id", BigInteger, ForeignKey("deployment.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # process, decision, form, scenario, text
    Column("content", LargeBinary, nullable=False),
)

process_version = Table(
    "process_version",
    metadata,
    serial_id(),
    Column("deployment_id", BigInteger, ForeignKey("deployment.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("process_key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),  # the file of the deployment that holds the process
    Column("latest", Boolean, nullable=False, server_default=text("true")),
    Column("retired", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("process_key", "version"),
)

start_event = Table(  # how an instance may begin without being asked for by name
    "start_event",
    metadata,
    Column("process_version_id", BigInteger, ForeignKey("process_version.id", ondelete="CASCADE"), primary_key=True),
    Column("element_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # none, message, signal, timer; several of a multiple event
    Column("name", Text, primary_key=True, index=True),  # the message's or signal's name; for a timer its expression
)

schedule = Table(  # timer start events of the latest versions; one fire time starts one instance
    "schedule",
    metadata,
    serial_id(),
    Column("process_version_id", BigInteger, ForeignKey("process_version.id", ondelete="CASCADE"), nullable=False),
    Column("element_id", Text, nullable=False),
    Column("expression", Text, nullable=False),
    moment("next_due_at", nullable=True),
    Column("rhythm", JSONB),  # of a cycle: how often it still fires, and in which steps counted from when
    UniqueConstraint("process_version_id", "element_id"),
)
