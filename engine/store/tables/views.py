"""Lists as somebody wants to see them again: a filter and an order under a name, for oneself or for everybody."""

from sqlalchemy import Boolean, Column, Index, Table, Text, UniqueConstraint, text

from engine.store.base import metadata
from engine.store.columns import moment, serial_id

saved_view = Table(
    "saved_view",
    metadata,
    serial_id(),
    Column("list", Text, nullable=False),  # worklist, orders, instances or incidents
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),  # as it stands behind the ? of the list's address
    Column("owner", Text, nullable=False),
    Column("shared", Boolean, nullable=False, server_default=text("false")),  # everybody sees it
    moment("saved_at", now=True),
    UniqueConstraint("list", "owner", "name"),
    Index("saved_view_shared_ix", "list", "name", postgresql_where=text("shared")),
)

group_routing = Table(  # groups whose tasks go to one of their people by themselves
    "group_routing",
    metadata,
    Column("group_name", Text, primary_key=True),
    Column("set_by", Text, nullable=False),
    moment("set_at", now=True),
)
