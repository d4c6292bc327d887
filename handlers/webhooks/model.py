"""Who wants to be told of what, and every message to them; who may tell us what, and everything that came: with what became of each."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import JsonObject, Key, Label, Moment, SerialId, Written


class WebhookSubscription(Base):
    """An address that is told of some events.

    `active` is sent to; `paused` by a person and `stopped` because it failed too long, both go on collecting; `removed` is kept for what
    was sent to it. Secrets are sealed by a key that is not in the database.
    """

    __tablename__ = "webhook_subscription"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'paused', 'stopped', 'removed')", name="state"),
        Index("webhook_subscription_state_ix", "state"),
    )

    id: Mapped[SerialId]
    label: Mapped[str]
    address: Mapped[str]
    #: Types of the catalogue, and where their rows come from: what triggers look at.
    events: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    sources: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    secret: Mapped[str]
    secret_made_at: Mapped[Written]
    #: What was the secret before; it signs too until then.
    previous_secret: Mapped[Label]
    previous_until: Mapped[Moment | None]
    state: Mapped[str] = mapped_column(server_default=text("'active'"))
    state_reason: Mapped[Label]
    #: Who is told when it fails.
    owner: Mapped[str]
    #: Since when nothing came through; empty while it does.
    failing_since: Mapped[Moment | None]
    #: The day whose head of the audit log was told last.
    audit_head_on: Mapped[date | None]
    made_by: Mapped[str]
    made_at: Mapped[Written]


class WebhookSource(Base):
    """Who may tell us things by webhook, of which kinds, and about whose orders.

    Without a secret, which is made once it is agreed to and kept sealed, nothing of it is believed.
    """

    __tablename__ = "webhook_source"
    __table_args__ = (CheckConstraint("state IN ('active', 'paused', 'removed')", name="state"),)

    name: Mapped[Key]
    label: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    #: The customer whose orders it may make and change; empty for everybody's.
    customer_no: Mapped[str | None] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    #: The messages to processes that it may send.
    messages: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    secret: Mapped[Label]
    previous_secret: Mapped[Label]
    previous_until: Mapped[Moment | None]
    state: Mapped[str] = mapped_column(server_default=text("'active'"))
    owner: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[Written]


class WebhookReceived(Base):
    """A webhook as it came, kept before anybody interprets it; the sender's id names it.

    `done` was taken in as `reference`; `rejected` was not, by `problem`; `unknown` is of a kind that nobody here understands or that its
    source may not send. The last two wait for a person, who tries them again or lets them go (`dropped`).
    """

    __tablename__ = "webhook_received"
    __table_args__ = (
        CheckConstraint("state IN ('done', 'rejected', 'unknown', 'dropped')", name="state"),
        UniqueConstraint("source_name", "message_id"),
        Index("webhook_received_open_ix", "id", postgresql_where=text("state IN ('rejected', 'unknown')")),
    )

    id: Mapped[SerialId]
    source_name: Mapped[str] = mapped_column(ForeignKey("webhook_source.name"))
    message_id: Mapped[str]
    sha256: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    type: Mapped[Label]
    state: Mapped[str]
    #: What it made or is about, and where that is.
    reference: Mapped[Label]
    location: Mapped[Label]
    problem: Mapped[JsonObject]
    received_at: Mapped[Written]


class WebhookDelivery(Base):
    """One message to one address, written with what it tells of. Its id is the message's id, the same however often it is sent.

    `pending` is sent when due, `failed` was tried often enough and waits for a person, `dropped` was let go by one.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'delivered', 'failed', 'dropped')", name="state"),
        Index("webhook_delivery_due_ix", "subscription_id", "due_at", postgresql_where=text("state = 'pending'")),
        Index("webhook_delivery_turn_ix", "subscription_id", "subject", "id", postgresql_where=text("state = 'pending'")),
        Index("webhook_delivery_failed_ix", "subscription_id", "id", postgresql_where=text("state = 'failed'")),
        Index("webhook_delivery_list_ix", "subscription_id", "id"),
        Index("webhook_delivery_old_ix", "last_sent_at", postgresql_where=text("state IN ('delivered', 'dropped')")),
    )

    id: Mapped[SerialId]
    subscription_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("webhook_subscription.id"))
    #: Where it comes from, such as order_event:order_received; the catalogue has the type of it.
    source: Mapped[str]
    #: The number of what it is about; messages about one thing go in the order in which they were written.
    subject: Mapped[str]
    detail: Mapped[JsonObject]
    occurred_at: Mapped[Written]
    #: What is sent, once it was: byte for byte the same on every attempt.
    body: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    #: The answer's status, and the beginning of its text or why there is none.
    status: Mapped[int | None]
    answer: Mapped[Label]
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    first_sent_at: Mapped[Moment | None]
    last_sent_at: Mapped[Moment | None]
