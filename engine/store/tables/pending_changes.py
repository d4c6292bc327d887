"""Acts that one person asked for and another has to confirm before they are done."""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from engine.store.base import metadata
from engine.store.columns import moment, serial_id

pending_change = Table(
    "pending_change",
    metadata,
    serial_id(),
    Column("act", Text, nullable=False),  # the verb that is called again when it is confirmed
    Column("input", JSONB, nullable=False),  # what it is called with
    Column("subject", Text, nullable=False),  # what it is about, as the audit log names things
    Column("about", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # on whose pages it is shown, the subject among them
    Column("does", Text, nullable=False),  # what it does, in one sentence
    Column("effect", JSONB, nullable=False, server_default=text("'{}'")),  # by field: what it is, what it would be
    Column("seen", JSONB, nullable=False),  # what it would change, as it was when it was asked for
    Column("rule", Text, nullable=False),  # why it takes a second person
    Column("reason", Text, nullable=False, server_default=text("''")),  # why it is wanted
    Column("confirmers", ARRAY(Text), nullable=False),  # groups whose members may confirm it
    Column("excluded_users", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # who had a hand in it beside the asker
    Column("asked_by", Text, nullable=False),
    moment("asked_at", now=True),
    moment("expires_at", nullable=False),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("decided_by", Text),
    moment("decided_at"),
    Column("decided_because", Text),
    Column("result", JSONB),  # what the verb answered
    CheckConstraint("state IN ('pending', 'confirmed', 'refused', 'withdrawn', 'expired')", name="state"),
    CheckConstraint("(state IN ('pending', 'expired')) = (decided_by IS NULL)", name="decided"),
    CheckConstraint("state NOT IN ('confirmed', 'refused') OR decided_by <> asked_by", name="four_eyes"),
    Index("pending_change_subject_ix", "act", "subject", unique=True, postgresql_where=text("state = 'pending'")),
    Index("pending_change_about_ix", "about", postgresql_using="gin"),
    Index("pending_change_asked_by_ix", "asked_by", "id"),
    Index("pending_change_confirmers_ix", "confirmers", postgresql_using="gin", postgresql_where=text("state = 'pending'")),
    Index("pending_change_state_ix", "state", "id"),
)
