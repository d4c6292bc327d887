"""What operators have stopped for a while, and the workers that live."""

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Table, Text, text

from engine.store.base import metadata
from engine.store.columns import moment

suspension = Table(  # of more than one instance: all calls of a service task, or all instances of a process or of one version of it
    "suspension",
    metadata,
    Column("level", Text, nullable=False),  # service_task, process
    Column("name", Text, nullable=False),  # of the service task, or the key of the process
    Column("version_id", BigInteger, nullable=False, server_default=text("0")),  # of the process; 0 is every version
    Column("reason", Text, nullable=False),
    Column("suspended_by", Text, nullable=False),
    moment("suspended_at", now=True),
    PrimaryKeyConstraint("level", "name", "version_id"),
)

worker = Table(  # a row for each process that works; one that died leaves it, and the next worker takes it away
    "worker",
    metadata,
    Column("process", BigInteger, primary_key=True, autoincrement=False),  # as its leases name it
    Column("name", Text, nullable=False),  # host and process id
    Column("version", Text, nullable=False),
    Column("threads", Integer, nullable=False),
    moment("since", now=True, machine=True),
    moment("seen_at", now=True, machine=True),
)
