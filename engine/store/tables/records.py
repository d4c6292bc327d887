"""What happened: messages, history, incidents, effects and the audit log."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from engine.store.base import metadata
from engine.store.columns import moment, of_instance, serial_id

message = Table(
    "message",
    metadata,
    serial_id(),
    Column("name", Text, nullable=False),
    Column("message_id", Text),  # the sender's id: the same message twice is one message
    Column("correlation", JSONB, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("payload_hash", Text, nullable=False),
    Column("business_key", Text),  # of the instance it begins, if it begins one
    Column("state", Text, nullable=False),  # buffered, delivered, expired, discarded
    Column("delivered_to", UUID),
    Column("sent_by_instance_id", UUID),
    Column("sent_by", Text),
    moment("sent_at", now=True),
    moment("expires_at", nullable=False),
    moment("unheard_at"),  # since when a person knows that nobody has heard it
    UniqueConstraint("name", "message_id"),
    Index("message_unheard_ix", "sent_at", postgresql_where=text("state IN ('buffered', 'expired') AND unheard_at IS NULL")),
    Index("message_told_ix", "id", postgresql_where=text("state IN ('buffered', 'expired') AND unheard_at IS NOT NULL")),
    Index("message_waits_ix", "id", postgresql_where=text("state IN ('buffered', 'expired')")),
    Index("message_buffered_ix", "name", postgresql_where=text("state = 'buffered'")),
    Index(
        "message_buffered_correlation_ix",
        "correlation",
        postgresql_using="gin",
        postgresql_ops={"correlation": "jsonb_path_ops"},
        postgresql_with={"fastupdate": "off"},  # a pending list would be read through by every look-up
        postgresql_where=text("state = 'buffered'"),
    ),
    Index("message_delivered_to_ix", "delivered_to"),
)

history = Table(  # append-only: one row per executed element
    "history",
    metadata,
    serial_id(),
    of_instance(),
    Column("task_id", UUID, nullable=False),
    Column("element_id", Text, nullable=False),
    Column("element_name", Text),
    Column("element_type", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # completed, cancelled, failed, refused, skipped
    Column("actor", Text),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    moment("started_at", nullable=False),
    moment("ended_at", nullable=False),
    Column("changed", JSONB),  # the top-level variables it wrote
    Column("detail", JSONB),  # matched rules, error code, message id
    Index("history_instance_ix", "instance_id", "id"),
    Index("history_ended_ix", "ended_at", postgresql_using="brin"),
)

incident = Table(
    "incident",
    metadata,
    serial_id(),
    of_instance(index=True),
    Column("task_id", UUID),
    Column("element_id", Text),
    Column("handler", Text),
    Column("kind", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("traceback", Text),
    Column("fingerprint", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    Column("next_step", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),  # open, resolved
    Column("owner", Text),
    Column("note", Text),
    moment("opened_at", now=True),
    moment("acknowledged_at"),
    Column("acknowledged_by", Text),
    moment("resolved_at"),
    Column("resolved_by", Text),
    Column("resolution", Text),
    Index("incident_cause_ix", "fingerprint", "opened_at"),
    Index("incident_open_ix", "fingerprint", "opened_at", postgresql_where=text("state = 'open'")),
)

effect = Table(  # what is to leave the house: mails, webhooks, EDI, labels, payments
    "effect",
    metadata,
    Column("key", Text, primary_key=True),  # the same on every attempt
    Column("instance_id", UUID, ForeignKey("instance.id", ondelete="SET NULL", deferrable=True, initially="DEFERRED"), index=True),
    Column("element_id", Text),
    Column("business_key", Text, index=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("payload_hash", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'pending'")),  # pending, sent, kept, failed
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("answer", JSONB),
    moment("created_at", now=True, machine=True),
    moment("first_sent_at"),
    moment("last_sent_at"),
    moment("due_at", now=True, machine=True),
    Index("effect_failed_ix", "key", postgresql_where=text("state = 'failed'")),
    Index("effect_created_ix", "created_at", "key"),
    Index("effect_pending_ix", "due_at", postgresql_where=text("state = 'pending'")),
)

audit = Table(  # append-only and hash-chained: each row's hash covers the row before
    "audit",
    metadata,
    serial_id(),
    moment("at", now=True, machine=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("audit_target_ix", "target", "id"),
)
