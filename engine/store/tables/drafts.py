"""What analysts work on and nobody runs: drafts of bundles, and what people said about elements of diagrams."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Sequence, Table, Text, UniqueConstraint, text

from engine.store.base import metadata
from engine.store.columns import moment, serial_id

#: Revisions of files of drafts. One sequence for all: a revision never comes back, whatever was thrown away and begun anew.
draft_revision = Sequence("draft_revision", metadata=metadata)

draft = Table(  # at most one per bundle, shared by all analysts
    "draft",
    metadata,
    serial_id(),
    Column("bundle", Text, nullable=False),
    Column("based_on", BigInteger, ForeignKey("deployment.id", ondelete="SET NULL"), index=True),  # null: begun empty
    Column("begun_by", Text, nullable=False),
    moment("begun_at", now=True, machine=True),
    UniqueConstraint("bundle"),
)

draft_file = Table(
    "draft_file",
    metadata,
    Column("draft_id", BigInteger, ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # as in deployment_file
    Column("content", LargeBinary, nullable=False),
    Column("revision", BigInteger, draft_revision, server_default=text("nextval('draft_revision')"), nullable=False),
    Column("changed_by", Text, nullable=False),
    moment("changed_at", now=True, machine=True),
)

element_comment = Table(  # of a bundle's diagrams, whether drafted or deployed: it outlives both
    "element_comment",
    metadata,
    serial_id(),
    Column("bundle", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("element_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Text, nullable=False),
    moment("written_at", now=True, machine=True),
    Column("resolved_by", Text),
    moment("resolved_at", nullable=True),
    Index(None, "bundle", "path", "id"),
)
