"""What each person wants to be told, links that open one task, how far the log was read, and whom alerts go to."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Text, text
from sqlalchemy.dialects.postgresql import UUID as UuidType  # noqa: N811  # the model's own type has the name
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base


class PersonChoice(Base):
    """How a person wants to be told. Who has no row wants what the defaults say; who has neither mail address nor chat is told nothing."""

    __tablename__ = "person_choice"
    __table_args__ = (
        CheckConstraint("digest_hour BETWEEN 0 AND 23", name="digest_hour"),
        CheckConstraint("remind_hours BETWEEN 0 AND 72", name="remind_hours"),
        CheckConstraint("language IN ('', 'en', 'de')", name="language"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(Text, server_default=text("''"))  # empty: what the browser asks for
    at_once: Mapped[bool] = mapped_column(server_default=text("true"))  # of tasks that come to them and comments that call them
    reminds: Mapped[bool] = mapped_column(server_default=text("true"))
    remind_hours: Mapped[int] = mapped_column(server_default=text("2"))  # before a task of theirs is due
    digest: Mapped[bool] = mapped_column(server_default=text("false"))
    digest_hour: Mapped[int] = mapped_column(server_default=text("7"))  # in the company's zone
    chat_url: Mapped[str] = mapped_column(Text, server_default=text("''"))  # of an incoming webhook; empty: by mail


class DigestSent(Base):
    """Of which day somebody has had their digest last."""

    __tablename__ = "digest_sent"

    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date]


class LogRead(Base):
    """How far the audit log was read for notices. One row."""

    __tablename__ = "notice_log_read"
    __table_args__ = (CheckConstraint("one = 1", name="one"),)

    one: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"), autoincrement=False)
    audit_id: Mapped[int] = mapped_column(BigInteger)


class TaskLink(Base):
    """A link in a mail that opens one task for one person, once. We hold the hash of its secret."""

    __tablename__ = "task_link"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    task_id: Mapped[UUID] = mapped_column(UuidType, index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class AlertTarget(Base):
    """Whom it is told that a cause of incidents has appeared or grown: a mail address, or the address of a webhook."""

    __tablename__ = "alert_target"
    __table_args__ = (CheckConstraint("kind IN ('mail', 'webhook')", name="kind"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text, unique=True)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("business_now()"))


class AlertedCause(Base):
    """Of which cause of incidents was told, since when it is open and up to how many incidents; the row goes when the last is resolved."""

    __tablename__ = "alerted_cause"

    fingerprint: Mapped[str] = mapped_column(Text, primary_key=True)
    level: Mapped[int]
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("business_now()"))
