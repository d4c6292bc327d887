"""Up to which amount whom decides what: by kind of decision, person or group, and currency."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Numeric, Table, Text, UniqueConstraint

from engine.store.base import metadata
from engine.store.columns import moment

decision_limit = Table(
    "decision_limit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),  # what diagrams call decisionKind
    Column("who", Text, nullable=False),  # user:NAME or group:NAME, as links of tasks are called
    Column("currency", Text, nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("set_by", Text, nullable=False),
    moment("set_at", now=True),
    UniqueConstraint("kind", "currency", "who", name="decision_limit_kind_ux"),
    CheckConstraint("amount >= 0", name="amount"),
    CheckConstraint("who LIKE 'user:_%' OR who LIKE 'group:_%'", name="who"),
)
