"""Column types that recur in the tables."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, text
from sqlalchemy.dialects.postgresql import UUID


def serial_id() -> Column[int]:
    """A number the database gives."""
    return Column("id", BigInteger, Identity(), primary_key=True)


def moment(name: str, *, now: bool = False, machine: bool = False, nullable: bool | None = None) -> Column[Any]:
    """A point in time; `now` fills it from the business clock, with `machine` from the machine's (leases, queues, logs)."""
    return Column(
        name,
        DateTime(timezone=True),
        server_default=text("now()" if machine else "business_now()") if now else None,
        nullable=not now if nullable is None else nullable,
    )


def of_instance(*, index: bool = False) -> Column[Any]:
    """The instance a row belongs to; the row goes with it. Checked at commit, so that an advance may write the instance's row last."""
    to_instance = ForeignKey("instance.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    return Column("instance_id", UUID, to_instance, nullable=False, index=index)
