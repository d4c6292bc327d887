"""What people say to one another beside the work: comments on a case or task, whom they mention, and what is attached."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from engine.store.base import metadata
from engine.store.columns import moment, serial_id

comment = Table(  # append-only: what was said stays
    "comment",
    metadata,
    serial_id(),
    Column("about", Text, nullable=False),  # kind and number of a subject, such as order:SO-000017; of a task without one, task:<id>
    Column("task_id", UUID),  # the task beside which it was written
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    moment("written_at", now=True),
    Index("comment_about_ix", "about", "id"),
)

comment_mention = Table(
    "comment_mention",
    metadata,
    Column("person", Text, primary_key=True),
    Column("comment_id", BigInteger, ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True, index=True),
    moment("seen_at"),
    Index("comment_mention_unseen_ix", "person", postgresql_where=text("seen_at IS NULL")),
)

comment_attachment = Table(
    "comment_attachment",
    metadata,
    serial_id(),
    Column("comment_id", BigInteger, ForeignKey("comment.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),  # one that we know, found by the content
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
